package jobs

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"aman/platform/store"
	"aman/platform/store/storetest"
)

var ctx = context.Background()

func TestMain(m *testing.M) {
	firstPause = time.Millisecond
	os.Exit(m.Run())
}

// queue is a node with a quick pace; its lease is long, so that a slow machine does not lose it.
func queue(db *store.DB, node string) *Queue {
	q := New(db, node)
	q.Poll, q.Lease = 10*time.Millisecond, 30*time.Second
	return q
}

// start runs a node and gives the function that ends it.
func start(t *testing.T, q *Queue) (stop func()) {
	t.Helper()
	run, cancel := context.WithCancel(ctx)
	done := make(chan error, 1)
	go func() { done <- q.Run(run) }()
	stop = sync.OnceFunc(func() {
		cancel()
		if err := <-done; err != nil {
			t.Errorf("Run ended with %v", err)
		}
	})
	t.Cleanup(stop)
	return stop
}

func enqueue(t *testing.T, q *Queue, kind string, args any, o Options) (id string) {
	t.Helper()
	if err := q.db.Write(ctx, func(tx *store.Tx) (err error) { id, err = q.Enqueue(tx, kind, args, o); return err }); err != nil {
		t.Fatal(err)
	}
	return id
}

func get(t *testing.T, q *Queue, id string) (s Status) {
	t.Helper()
	if err := q.db.Read(ctx, func(tx *store.Tx) (err error) { s, err = q.Get(tx, id); return err }); err != nil {
		t.Fatal(err)
	}
	return s
}

// await waits until a job is in a state, and gives it.
func await(t *testing.T, q *Queue, id, state string) Status {
	t.Helper()
	var s Status
	until(t, func() bool { s = get(t, q, id); return s.State == state }, func() string { return fmt.Sprintf("%+v never was %s", s, state) })
	return s
}

func until(t *testing.T, ok func() bool, what func() string) {
	t.Helper()
	for end := time.Now().Add(30 * time.Second); !ok(); time.Sleep(5 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatal(what())
		}
	}
}

func write(t *testing.T, q *Queue, f func(tx *store.Tx) error) {
	t.Helper()
	if err := q.db.Write(ctx, f); err != nil {
		t.Fatal(err)
	}
}

type args struct{ N int }

func TestAJobRunsIfItsWriteWasKept(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		q := queue(db, "a")
		var ran atomic.Int32
		q.Handle("add", Rule{}, func(ctx context.Context, j *Job) error {
			var a args
			if err := j.Decode(&a); err != nil {
				return err
			}
			ran.Add(int32(a.N))
			j.Progress(0.5, "half")
			return j.SetResult(map[string]int{"sum": a.N + 1})
		})
		err := db.Write(ctx, func(tx *store.Tx) error {
			if _, err := q.Enqueue(tx, "add", args{1000}, Options{}); err != nil {
				return err
			}
			return errors.New("undone")
		})
		if err == nil {
			t.Fatal("the write was kept")
		}
		id := enqueue(t, q, "add", args{7}, Options{By: "u1"})
		later := enqueue(t, q, "add", args{500}, Options{RunAt: time.Now().Add(time.Hour)})
		unknown := enqueue(t, q, "another node's kind", nil, Options{})
		start(t, q)
		s := await(t, q, id, Done)
		if string(s.Result) != `{"sum":8}` || s.Progress != 1 || s.By != "u1" || s.Attempts != 1 || s.FinishedAt.IsZero() || s.Error != "" || string(s.Args) != `{"N":7}` {
			t.Errorf("done as %+v", s)
		}
		time.Sleep(50 * time.Millisecond)
		if ran.Load() != 7 || get(t, q, later).State != Waiting || get(t, q, unknown).State != Waiting {
			t.Errorf("%d was added, want 7", ran.Load())
		}
	})
}

func TestFailuresAreTriedAgainThenToldToAPerson(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		q := queue(db, "a")
		var tries sync.Map
		count := func(j *Job) int {
			n, _ := tries.LoadOrStore(j.ID, new(atomic.Int32))
			return int(n.(*atomic.Int32).Add(1))
		}
		q.Handle("third time", Rule{Attempts: 3}, func(ctx context.Context, j *Job) error {
			if n := count(j); n != j.Attempt {
				return fmt.Errorf("try %d calls itself %d", n, j.Attempt)
			} else if n < 3 {
				return fmt.Errorf(`reading: strconv.ParseInt: parsing "Zarmina": invalid syntax`)
			}
			return nil
		})
		q.Handle("never", Rule{Attempts: 2}, func(ctx context.Context, j *Job) error {
			count(j)
			return fmt.Errorf("row 3 of the file: the number 0300-0000000 of <zarmina@example.org> is taken")
		})
		q.Handle("hopeless", Rule{}, func(ctx context.Context, j *Job) error {
			count(j)
			return fmt.Errorf("import: %w", Permanent(errors.New("the file is empty")))
		})
		q.Handle("panics", Rule{Attempts: 1}, func(ctx context.Context, j *Job) error { panic("Zarmina at 03000000000") })
		q.Handle("index", Rule{Attempts: 1}, func(ctx context.Context, j *Job) error { return fmt.Errorf("%d", make([]int, 3)[len(j.Kind)]) })
		q.Handle("slow", Rule{Attempts: 1, Timeout: 10 * time.Millisecond}, func(ctx context.Context, j *Job) error { <-ctx.Done(); return ctx.Err() })
		q.Handle("bad args", Rule{}, func(ctx context.Context, j *Job) error { var a args; return j.Decode(&a) })
		third, never, hopeless := enqueue(t, q, "third time", nil, Options{}), enqueue(t, q, "never", nil, Options{}), enqueue(t, q, "hopeless", nil, Options{})
		panics, index, slow := enqueue(t, q, "panics", nil, Options{}), enqueue(t, q, "index", nil, Options{}), enqueue(t, q, "slow", nil, Options{})
		bad := enqueue(t, q, "bad args", "Zarmina", Options{})
		start(t, q)
		if s := await(t, q, third, Done); s.Attempts != 3 || s.Error != "" {
			t.Errorf("third time: %+v", s)
		}
		for _, c := range []struct {
			id       string
			attempts int
			text     string
		}{
			{never, 2, "row 3 of the file: the number … of … is taken"},
			{hopeless, 1, "import: the file is empty"},
			{panics, 1, "internal fault (string); the log has the place"},
			{index, 1, "internal fault (runtime error: index out of range [5] with length 3); the log has the place"},
			{slow, 1, "the job took longer than it may (10ms)"},
			{bad, 1, "the arguments of the job cannot be read"},
		} {
			if s := await(t, q, c.id, Failed); s.Error != c.text || s.Attempts != c.attempts || s.FinishedAt.IsZero() {
				t.Errorf("got %+v, want %d tries and %q", s, c.attempts, c.text)
			}
		}
		write(t, q, func(tx *store.Tx) error { return q.Retry(tx, never) })
		until(t, func() bool { n, _ := tries.Load(never); return n.(*atomic.Int32).Load() == 4 }, func() string { return "Retry did not begin again with all tries" })
		await(t, q, never, Failed)
		if err := db.Write(ctx, func(tx *store.Tx) error { return q.Retry(tx, third) }); !errors.Is(err, ErrState) {
			t.Errorf("a job that is done was retried: %v", err)
		}
	})
}

func TestPauseGrows(t *testing.T) {
	defer func(d time.Duration) { firstPause = d }(firstPause)
	firstPause = 5 * time.Second
	for i, want := range []time.Duration{5 * time.Second, 20 * time.Second, 80 * time.Second, 320 * time.Second, 1280 * time.Second, time.Hour, time.Hour} {
		if d := backoff(i + 1); d < want*8/10 || d > want*12/10 {
			t.Errorf("after try %d the pause is %v, want about %v", i+1, d, want)
		}
	}
}

func TestManyNodesRunEachJobOnce(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		const n = 60
		var runs, at [n]atomic.Int32
		var nodes []*Queue
		for _, name := range []string{"a", "b", "c"} {
			q := queue(db, name)
			q.Workers = 4
			q.Handle("count", Rule{}, func(ctx context.Context, j *Job) error {
				var a args
				if err := j.Decode(&a); err != nil {
					return err
				}
				if at[a.N].Add(1) != 1 {
					t.Errorf("job %d runs twice at once", a.N)
				}
				defer at[a.N].Add(-1)
				runs[a.N].Add(1)
				return j.Write(ctx, func(tx *store.Tx) error {
					_, err := tx.Exec("INSERT INTO settings (key, value) VALUES (?, '')", fmt.Sprint(a.N))
					return err
				})
			})
			nodes = append(nodes, q)
		}
		for i := range n {
			enqueue(t, nodes[i%3], "count", args{i}, Options{})
		}
		for _, q := range nodes {
			start(t, q)
		}
		until(t, func() bool {
			var list []Status
			if err := db.Read(ctx, func(tx *store.Tx) (err error) { list, err = nodes[0].List(tx, Filter{State: Done}); return err }); err != nil {
				t.Fatal(err)
			}
			return len(list) == n
		}, func() string { return "not every job got done" })
		for i := range n {
			if runs[i].Load() != 1 {
				t.Errorf("job %d ran %d times", i, runs[i].Load())
			}
		}
	})
}

func TestAJobOfADeadNodeIsTakenOver(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		dead, q := queue(db, "dead"), queue(db, "alive")
		dead.Lease = time.Millisecond
		nothing := func(context.Context, *Job) error { return nil }
		for _, n := range []*Queue{dead, q} {
			n.Handle("work", Rule{Attempts: 2}, nothing)
			n.Handle("poison", Rule{Attempts: 1}, nothing)
		}
		for _, kind := range []string{"work", "poison"} {
			id := enqueue(t, dead, kind, nil, Options{})
			left, err := dead.claim(ctx)
			if err != nil || left == nil || left.ID != id {
				t.Fatal(left, err)
			}
			// The node froze here. It holds the lease until another takes the job.
			if err := left.Write(ctx, func(*store.Tx) error { return nil }); err != nil {
				t.Fatal(err)
			}
			time.Sleep(2 * time.Millisecond)
			stop := start(t, q)
			if kind == "poison" {
				if s := await(t, q, id, Failed); s.Error != "the node that ran it stopped each time" {
					t.Errorf("a job under which nodes die: %+v", s)
				}
			} else if s := await(t, q, id, Done); s.Attempts != 2 {
				t.Errorf("taken over as %+v", s)
			}
			stop()
			// Now it wakes: it may change nothing any more.
			err = left.Write(ctx, func(tx *store.Tx) error { t.Error("a frozen node wrote"); return nil })
			if !errors.Is(err, errLost) {
				t.Errorf("the frozen node is told %v", err)
			}
			before := get(t, q, id)
			dead.work(ctx, left)
			if after := get(t, q, id); fmt.Sprint(after) != fmt.Sprint(before) {
				t.Errorf("the frozen node changed the outcome to %+v", after)
			}
		}
	})
}

func TestAJobIsToldWhenItsLeaseIsLost(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		q := queue(db, "a")
		q.Lease = 100 * time.Millisecond
		told := make(chan error, 1)
		q.Handle("long", Rule{Attempts: 1}, func(ctx context.Context, j *Job) error {
			<-ctx.Done()
			told <- context.Cause(ctx)
			return ctx.Err()
		})
		id := enqueue(t, q, "long", nil, Options{})
		start(t, q)
		await(t, q, id, Running)
		write(t, q, func(tx *store.Tx) error {
			_, err := tx.Exec("UPDATE jobs SET lease = 'other/1' WHERE id = ?", id)
			return err
		})
		if err := <-told; !errors.Is(err, errLost) {
			t.Errorf("the handler was told %v", err)
		}
	})
}

func TestAJobStopsWhenTheLeaseCannotBeRenewed(t *testing.T) {
	db := storetest.SQLite(t)
	q := queue(db, "a")
	run, cancel := context.WithCancelCause(ctx)
	j := &Job{ID: "j", q: q, lease: "a/1", cancel: cancel, until: time.Now().Add(q.Lease)}
	db.Close() // the store does not answer
	q.beat(ctx, []*Job{j})
	if run.Err() != nil {
		t.Error("the job was stopped though its lease still holds")
	}
	j.until = time.Now().Add(q.Lease / 10)
	q.beat(ctx, []*Job{j})
	if !errors.Is(context.Cause(run), errLost) {
		t.Error("the job goes on though its lease ends")
	}
}

func TestCancel(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		q, other := queue(db, "a"), queue(db, "b")
		q.Lease = 600 * time.Millisecond
		q.Handle("long", Rule{}, func(ctx context.Context, j *Job) error { <-ctx.Done(); return ctx.Err() })
		q.Handle("deaf", Rule{}, func(ctx context.Context, j *Job) error { <-ctx.Done(); return nil })
		waiting := enqueue(t, q, "long", nil, Options{RunAt: time.Now().Add(time.Hour)})
		write(t, q, func(tx *store.Tx) error { return q.Cancel(tx, waiting) })
		if s := get(t, q, waiting); s.State != Cancelled || s.FinishedAt.IsZero() {
			t.Errorf("a waiting job: %+v", s)
		}
		start(t, q)
		for name, node := range map[string]*Queue{"on its node": q, "on another node": other} {
			id := enqueue(t, q, "long", nil, Options{})
			await(t, q, id, Running)
			write(t, q, func(tx *store.Tx) error { return node.Cancel(tx, id) })
			if s := await(t, q, id, Cancelled); s.Attempts != 1 || s.Error != "" {
				t.Errorf("%s: %+v", name, s)
			}
			if err := db.Write(ctx, func(tx *store.Tx) error { return node.Cancel(tx, id) }); !errors.Is(err, ErrState) {
				t.Errorf("cancelled twice: %v", err)
			}
		}
		deaf := enqueue(t, q, "deaf", nil, Options{})
		await(t, q, deaf, Running)
		write(t, q, func(tx *store.Tx) error { return q.Cancel(tx, deaf) })
		await(t, q, deaf, Done) // it got done before it could stop, and says so
		dead := queue(db, "dead")
		dead.Lease = time.Millisecond
		dead.Handle("elsewhere", Rule{}, nil)
		left := enqueue(t, dead, "elsewhere", nil, Options{})
		if j, err := dead.claim(ctx); err != nil || j == nil {
			t.Fatal(j, err)
		}
		write(t, q, func(tx *store.Tx) error { return q.Cancel(tx, left) })
		other.Handle("elsewhere", Rule{}, func(context.Context, *Job) error { t.Error("a cancelled job ran"); return nil })
		start(t, other)
		await(t, q, left, Cancelled)
	})
}

func TestOfUniqueJobsOneWaitsAndOneRuns(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		q := queue(db, "a")
		q.Workers = 4
		var now, runs atomic.Int32
		gate := make(chan struct{})
		q.Handle("index", Rule{}, func(ctx context.Context, j *Job) error {
			if now.Add(1) > 1 {
				t.Error("two of them run at once")
			}
			defer now.Add(-1)
			runs.Add(1)
			<-gate
			return nil
		})
		start(t, q)
		first := enqueue(t, q, "index", nil, Options{Unique: "people"})
		await(t, q, first, Running)
		second := enqueue(t, q, "index", nil, Options{Unique: "people"})
		if third := enqueue(t, q, "index", nil, Options{Unique: "people"}); third != second || second == first {
			t.Errorf("ids %s %s %s", first, second, third)
		}
		time.Sleep(50 * time.Millisecond)
		if s := get(t, q, second); s.State != Waiting {
			t.Errorf("the second is %s", s.State)
		}
		close(gate)
		await(t, q, second, Done)
		if runs.Load() != 2 {
			t.Errorf("%d runs", runs.Load())
		}
		if again := enqueue(t, q, "index", nil, Options{Unique: "people"}); again == second {
			t.Error("a finished job was taken for a new one")
		}
	})
}

func TestAPeriodicKindHasOneJobThatComesAgain(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		var ok, bad, at atomic.Int32
		nodes := []*Queue{queue(db, "a"), queue(db, "b")}
		for _, q := range nodes {
			q.Handle("tick", Rule{Every: 20 * time.Millisecond}, func(ctx context.Context, j *Job) error {
				if at.Add(1) > 1 {
					t.Error("it runs twice at once")
				}
				defer at.Add(-1)
				ok.Add(1)
				return j.SetResult(ok.Load())
			})
			q.Handle("fails", Rule{Every: 20 * time.Millisecond, Attempts: 1}, func(context.Context, *Job) error { bad.Add(1); return errors.New("the disk is full") })
			q.Handle("daily", Rule{Every: 24 * time.Hour}, func(context.Context, *Job) error { return nil })
			start(t, q)
		}
		until(t, func() bool { return ok.Load() >= 4 && bad.Load() >= 4 }, func() string { return fmt.Sprint(ok.Load(), " and ", bad.Load(), " runs") })
		var list []Status
		until(t, func() bool {
			err := db.Read(ctx, func(tx *store.Tx) (err error) { list, err = nodes[0].List(tx, Filter{State: Waiting}); return err })
			return err == nil && len(list) == 3
		}, func() string { return fmt.Sprintf("%+v", list) })
		for _, s := range list {
			switch s.Kind {
			case "tick":
				if len(s.Result) == 0 || s.Error != "" || s.FinishedAt.IsZero() {
					t.Errorf("%+v", s)
				}
			case "fails":
				if s.Error != "the disk is full" {
					t.Errorf("%+v", s)
				}
			case "daily":
				if d := time.Until(s.RunAt); d < 23*time.Hour || d > 24*time.Hour {
					t.Errorf("the daily job comes again in %v", d)
				}
				if err := db.Write(ctx, func(tx *store.Tx) error { return nodes[0].Cancel(tx, s.ID) }); !errors.Is(err, ErrState) {
					t.Errorf("a periodic job was cancelled for good: %v", err)
				}
			}
		}
	})
}

func TestAPeriodicJobThatIsStoppedComesAgain(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		q := queue(db, "a")
		var runs atomic.Int32
		q.Handle("tick", Rule{Every: time.Millisecond}, func(ctx context.Context, j *Job) error { runs.Add(1); <-ctx.Done(); return ctx.Err() })
		start(t, q)
		for n := int32(1); n <= 2; n++ {
			until(t, func() bool { return runs.Load() == n }, func() string { return "it did not come again" })
			write(t, q, func(tx *store.Tx) error {
				list, err := q.List(tx, Filter{Kind: "tick"})
				if err != nil || len(list) != 1 {
					return fmt.Errorf("%v %v", list, err)
				}
				return q.Cancel(tx, list[0].ID)
			})
		}
	})
}

func TestShutdownGivesJobsBackWithoutBlame(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		q := queue(db, "a")
		var ended atomic.Bool
		q.Handle("long", Rule{Attempts: 1}, func(ctx context.Context, j *Job) error {
			<-ctx.Done()
			time.Sleep(30 * time.Millisecond) // winding down
			ended.Store(true)
			return fmt.Errorf("stopped half-way: %w", ctx.Err())
		})
		id := enqueue(t, q, "long", nil, Options{})
		stop := start(t, q)
		await(t, q, id, Running)
		stop()
		if !ended.Load() {
			t.Error("Run returned before the job had ended")
		}
		if s := get(t, q, id); s.State != Waiting || s.Attempts != 0 || s.Error != "" {
			t.Errorf("after the shutdown: %+v", s)
		}
		next := queue(db, "b")
		next.Handle("long", Rule{Attempts: 1}, func(context.Context, *Job) error { return nil })
		start(t, next)
		await(t, next, id, Done)
	})
}

func TestProgressAndNotesAreSavedWhileItRuns(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		q := queue(db, "a")
		q.Lease = 600 * time.Millisecond
		gate := make(chan struct{})
		q.Handle("long", Rule{}, func(ctx context.Context, j *Job) error {
			j.Progress(0.25, `row 10 of 40, "Zarmina"`)
			<-gate
			return nil
		})
		id := enqueue(t, q, "long", nil, Options{})
		start(t, q)
		until(t, func() bool { return get(t, q, id).Progress == 0.25 }, func() string { return "no progress was saved" })
		if s := get(t, q, id); s.Note != `row 10 of 40, "…"` {
			t.Errorf("the note reads %q", s.Note)
		}
		// The lease is renewed all the while: nobody takes the job away.
		time.Sleep(time.Second)
		if s := get(t, q, id); s.State != Running || s.Attempts != 1 {
			t.Errorf("after a lease and a half: %+v", s)
		}
		close(gate)
		await(t, q, id, Done)
	})
}

func TestFinishedJobsAreClearedAfterAMonth(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		q := queue(db, "a")
		old, young := enqueue(t, q, "k", nil, Options{}), enqueue(t, q, "k", nil, Options{})
		write(t, q, func(tx *store.Tx) error {
			now := time.Now()
			return errors.Join(settle(tx, old, Failed, "x", now.Add(-31*24*time.Hour)), settle(tx, young, Failed, "x", now.Add(-29*24*time.Hour)), q.prune(tx))
		})
		err := db.Read(ctx, func(tx *store.Tx) error {
			if _, err := q.Get(tx, old); !errors.Is(err, store.ErrNone) {
				t.Errorf("a job of last month is still there: %v", err)
			}
			_, err := q.Get(tx, young)
			return err
		})
		if err != nil {
			t.Error(err)
		}
	})
}

func TestListPicksAndPages(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		q := queue(db, "a")
		var made []string
		for i := range 5 {
			made = append(made, enqueue(t, q, fmt.Sprint("k", i%2), nil, Options{By: fmt.Sprint("u", i%3)}))
		}
		list := func(f Filter) string {
			var out []string
			if err := db.Read(ctx, func(tx *store.Tx) error {
				l, err := q.List(tx, f)
				for _, s := range l {
					for i, id := range made {
						if id == s.ID {
							out = append(out, fmt.Sprint(i))
						}
					}
				}
				return err
			}); err != nil {
				t.Fatal(err)
			}
			return strings.Join(out, " ")
		}
		for _, c := range []struct {
			f    Filter
			want string
		}{
			{Filter{}, "4 3 2 1 0"}, {Filter{Kind: "k0"}, "4 2 0"}, {Filter{By: "u1"}, "4 1"}, {Filter{State: Done}, ""},
			{Filter{Most: 2}, "4 3"}, {Filter{Before: made[3], Most: 2}, "2 1"}, {Filter{Kind: "k0", By: "u0"}, "0"},
		} {
			if got := list(c.f); got != c.want {
				t.Errorf("%+v gives %q, want %q", c.f, got, c.want)
			}
		}
		err := db.Write(ctx, func(tx *store.Tx) error {
			_, err := q.Enqueue(tx, "k", strings.Repeat("x", argsMost), Options{})
			return err
		})
		if err == nil {
			t.Error("a job took content for arguments")
		}
	})
}

func TestTextsLoseWhatMayBeAnIdentity(t *testing.T) {
	for in, want := range map[string]string{
		`parsing "Zarmina": invalid`:        `parsing "…": invalid`,
		"no such person `Zarmina`":          `no such person "…"`,
		"no 'Zarmina' there":                `no "…" there`,
		"it isn't the user's":               "it isn't the user's",
		"called +92 300 000-0000 twice":     "called +… twice",
		"card 35202-0000000-1":              "card …",
		"wrote to zarmina@example.org":      "wrote to …",
		"sheet 2, row 14, 12:30: 404 of 12": "sheet 2, row 14, 12:30: 404 of 12",
		strings.Repeat("a", 600):            strings.Repeat("a", 499) + "…",
	} {
		if got := plain(in); got != want {
			t.Errorf("plain(%q) is %q, want %q", in, got, want)
		}
	}
}
