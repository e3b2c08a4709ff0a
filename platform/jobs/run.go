package jobs

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"runtime"
	"strings"
	"sync"
	"time"

	"aman/platform/ids"
	"aman/platform/store"
)

// Job is one try of a job, as its handler sees it.
type Job struct {
	ID, Kind string
	Args     json.RawMessage
	By       string
	Attempt  int // 1 at the first try

	q      *Queue
	lease  string
	runAt  int64
	cancel context.CancelCauseFunc

	mu       sync.Mutex
	progress float64
	note     string
	dirty    bool
	until    time.Time // the lease, by this node's clock
	result   string
}

// Decode reads the arguments into v.
func (j *Job) Decode(v any) error {
	if err := json.Unmarshal(j.Args, v); err != nil {
		// The cause would quote the argument.
		return Permanent(errors.New("the arguments of the job cannot be read"))
	}
	return nil
}

// Progress says how far the job is, 0 to 1, with a short note for a person that holds
// no identity value. It is cheap: what is told is saved about once a heartbeat.
func (j *Job) Progress(fraction float64, note string) {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.progress, j.note, j.dirty = min(max(fraction, 0), 1), plain(note), true
}

// SetResult keeps what the job gives, as JSON, if it succeeds.
func (j *Job) SetResult(v any) error {
	b, err := json.Marshal(v)
	if err != nil {
		return err
	}
	j.mu.Lock()
	defer j.mu.Unlock()
	j.result = string(b)
	return nil
}

// Write is store.DB.Write that happens only while this try still holds its job. A node
// that was frozen and lost its lease can so do no harm when it wakes.
func (j *Job) Write(ctx context.Context, fn func(*store.Tx) error) error {
	return j.q.db.Write(ctx, func(tx *store.Tx) error {
		var one int
		err := tx.Row("SELECT 1 FROM jobs WHERE id = ? AND lease = ?", j.ID, j.lease).Scan(&one)
		if errors.Is(err, store.ErrNone) {
			return errLost
		}
		if err != nil {
			return err
		}
		return fn(tx)
	})
}

var (
	errLost     = errors.New("the node lost its hold on the job")
	errStopped  = errors.New("the job was cancelled")
	errShutdown = errors.New("the node is shutting down")
	errTimeout  = errors.New("the job took longer than it may")
)

type permanent struct{ error }

func (p permanent) Unwrap() error { return p.error }

// Permanent marks an error that trying again cannot mend.
func Permanent(err error) error { return permanent{err} }

// keepFinished is how long finished jobs are kept for people to look at.
const keepFinished = 30 * 24 * time.Hour

// Run works until ctx ends, then tells the jobs under way to stop, waits for them, and
// gives them back to the queue. It returns nil then; an error only if it cannot begin.
func (q *Queue) Run(ctx context.Context) error {
	if err := q.db.Write(ctx, q.plan); err != nil {
		return fmt.Errorf("planning the periodic jobs: %w", err)
	}
	slots := make(chan struct{}, max(q.Workers, 1))
	var running, beating sync.WaitGroup
	// Heartbeats go on while the last jobs wind down.
	hearts, stopHearts := context.WithCancel(context.WithoutCancel(ctx))
	beating.Go(func() { q.heartbeats(hearts) })
	defer func() {
		running.Wait()
		stopHearts()
		beating.Wait()
	}()

	tick := time.NewTicker(q.Poll)
	defer tick.Stop()
	for {
		select {
		case slots <- struct{}{}:
		case <-ctx.Done():
			return nil
		}
		j, err := q.claim(ctx)
		if err != nil && ctx.Err() == nil {
			slog.Error("taking a job", "error", err)
		}
		if j == nil {
			<-slots
			select {
			case <-ctx.Done():
				return nil
			case <-q.wake:
			case <-tick.C:
			}
			continue
		}
		running.Go(func() {
			defer func() { <-slots; q.ring() }()
			q.work(ctx, j)
		})
	}
}

// plan makes sure that each periodic kind has its job, and clears what is long finished.
func (q *Queue) plan(tx *store.Tx) error {
	q.mu.Lock()
	defer q.mu.Unlock()
	for name, k := range q.kinds {
		if k.Every <= 0 {
			continue
		}
		now := store.Micros(time.Now())
		var one int
		err := tx.Row("SELECT 1 FROM jobs WHERE kind = ? AND unique_key = ? LIMIT 1", name, periodic).Scan(&one)
		if err == nil {
			// The pace may have become faster since.
			_, err = tx.Exec("UPDATE jobs SET run_at = ? WHERE kind = ? AND unique_key = ? AND state = 'waiting' AND run_at > ?",
				store.Micros(time.Now().Add(k.Every)), name, periodic, store.Micros(time.Now().Add(k.Every)))
			if err != nil {
				return err
			}
			continue
		}
		if !errors.Is(err, store.ErrNone) {
			return err
		}
		if _, err := tx.Exec("INSERT INTO jobs (id, kind, args, state, unique_key, run_at, most, created_at) VALUES (?, ?, 'null', 'waiting', ?, ?, ?, ?)",
			ids.New(), name, periodic, now, k.Attempts, now); err != nil {
			return err
		}
	}
	return q.prune(tx)
}

// periodic is the unique key of the one job of a periodic kind. It runs again and
// again in one row, which keeps the last result and error.
const periodic = "~every"

func (q *Queue) prune(tx *store.Tx) error {
	_, err := tx.Exec("DELETE FROM jobs WHERE state IN ('done', 'failed', 'cancelled') AND finished_at < ?", store.Micros(time.Now().Add(-keepFinished)))
	return err
}

// claim takes the job that has waited longest, or gives nil. It looks in a snapshot
// first, so an idle node does not make the writer work.
func (q *Queue) claim(ctx context.Context) (*Job, error) {
	var found bool
	err := q.db.Read(ctx, func(tx *store.Tx) (err error) {
		found, err = false, nil
		_, err = q.next(tx)
		found = err == nil
		if errors.Is(err, store.ErrNone) {
			err = nil
		}
		return err
	})
	if err != nil || !found {
		return nil, err
	}
	var j *Job
	err = q.db.Write(ctx, func(tx *store.Tx) (err error) {
		j, err = nil, nil
		for {
			s, err := q.next(tx)
			if errors.Is(err, store.ErrNone) {
				return nil
			}
			if err != nil {
				return err
			}
			if j, err = q.take(tx, s); j != nil || err != nil {
				return err
			}
		}
	})
	if j != nil && err == nil {
		q.mu.Lock()
		q.live[j.lease] = j
		q.mu.Unlock()
	}
	return j, err
}

// candidate is a job that may be taken.
type candidate struct {
	id, kind, state, args, by string
	runAt                     int64
	attempts                  int
}

// next finds the first job that is due, or whose node fell silent, of a kind handled
// here and whose twin (same kind and unique key) is not running.
func (q *Queue) next(tx *store.Tx) (c candidate, err error) {
	args := []any{store.Micros(time.Now())}
	q.mu.Lock()
	marks := strings.TrimSuffix(strings.Repeat("?, ", len(q.kinds)), ", ")
	for name := range q.kinds {
		args = append(args, name)
	}
	q.mu.Unlock()
	if marks == "" {
		return c, store.ErrNone
	}
	// Two questions, for each of them an index gives the order.
	for _, due := range []string{"state IN ('running', 'stopping') AND lease_until < ?", "state = 'waiting' AND run_at <= ?"} {
		err = tx.Row(`SELECT id, kind, state, args, created_by, run_at, attempts FROM jobs AS j WHERE `+due+` AND kind IN (`+marks+`)
			AND (unique_key = '' OR NOT EXISTS (SELECT 1 FROM jobs AS twin WHERE twin.kind = j.kind AND twin.unique_key = j.unique_key
				AND twin.id <> j.id AND twin.state IN ('running', 'stopping')))
			ORDER BY run_at, id LIMIT 1`, args...).Scan(&c.id, &c.kind, &c.state, &c.args, &c.by, &c.runAt, &c.attempts)
		if !errors.Is(err, store.ErrNone) {
			break
		}
	}
	return c, err
}

// take leases the job to this node. A job that was left behind is settled instead when
// it was cancelled, or when nodes died under it as often as it may be tried.
func (q *Queue) take(tx *store.Tx, c candidate) (*Job, error) {
	q.mu.Lock()
	k := q.kinds[c.kind]
	q.mu.Unlock()
	now := time.Now()
	left := &Job{ID: c.id, Kind: c.kind, Attempt: c.attempts, runAt: c.runAt}
	if c.state == Stopping {
		return nil, q.stopped(tx, left, k, now)
	}
	if c.state == Running && c.attempts >= k.Attempts {
		return nil, q.end(tx, left, k, errors.New("the node that ran it stopped each time"), now)
	}
	j := &Job{
		ID: c.id, Kind: c.kind, Args: json.RawMessage(c.args), By: c.by, Attempt: c.attempts + 1,
		q: q, lease: q.node + "/" + ids.New(), runAt: c.runAt, until: now.Add(q.Lease),
	}
	_, err := tx.Exec("UPDATE jobs SET state = 'running', attempts = ?, most = ?, lease = ?, lease_until = ?, progress = 0, note = '' WHERE id = ?",
		j.Attempt, k.Attempts, j.lease, store.Micros(j.until), j.ID)
	return j, err
}

// work runs one try and writes down how it ended.
func (q *Queue) work(ctx context.Context, j *Job) {
	q.mu.Lock()
	k := q.kinds[j.Kind]
	q.mu.Unlock()
	run, cancel := context.WithCancelCause(ctx)
	j.mu.Lock()
	j.cancel = cancel
	j.mu.Unlock()
	timer := time.AfterFunc(k.Timeout, func() { cancel(errTimeout) })
	err := call(run, j, k)
	timer.Stop()
	cause := context.Cause(run)
	cancel(nil)
	switch {
	case err == nil:
	case errors.Is(cause, errTimeout):
		err = fmt.Errorf("%w (%s)", errTimeout, k.Timeout)
	case errors.Is(cause, errStopped), errors.Is(cause, errLost):
		err = cause
	case ctx.Err() != nil:
		err = errShutdown
	}
	// It must be written down even though the node is going away.
	wctx := context.WithoutCancel(ctx)
	werr := q.db.Write(wctx, func(tx *store.Tx) error {
		var state string
		e := tx.Row("SELECT state FROM jobs WHERE id = ? AND lease = ?", j.ID, j.lease).Scan(&state)
		if errors.Is(e, store.ErrNone) {
			return nil // taken over: its outcome is no longer ours to tell
		}
		if e != nil {
			return e
		}
		if state == Stopping && err != nil {
			return q.stopped(tx, j, k, time.Now())
		}
		return q.end(tx, j, k, err, time.Now())
	})
	q.mu.Lock()
	delete(q.live, j.lease)
	q.mu.Unlock()
	if werr != nil {
		slog.Error("writing down how a job ended", "job", j.ID, "kind", j.Kind, "error", werr)
	}
	if err != nil && !errors.Is(err, errShutdown) && !errors.Is(err, errStopped) {
		slog.Warn("a job did not succeed", "job", j.ID, "kind", j.Kind, "attempt", j.Attempt, "error", plain(err.Error()))
	}
}

// call runs the handler and turns a panic into an error. The panic's value may hold
// what the handler was working on, so only its type is told, and the stack is logged.
func call(ctx context.Context, j *Job, k kind) (err error) {
	defer func() {
		p := recover()
		if p == nil {
			return
		}
		what := fmt.Sprintf("%T", p)
		if e, ok := p.(runtime.Error); ok {
			what = e.Error()
		}
		stack := make([]byte, 8<<10)
		stack = stack[:runtime.Stack(stack, false)]
		slog.Error("a job panicked", "job", j.ID, "kind", j.Kind, "panic", plain(what), "stack", string(stack))
		err = fmt.Errorf("internal fault (%s); the log has the place", what)
	}()
	return k.run(ctx, j)
}

// end decides what becomes of a job after a try.
func (q *Queue) end(tx *store.Tx, j *Job, k kind, err error, now time.Time) error {
	switch {
	case err == nil:
		j.mu.Lock()
		result := j.result
		j.mu.Unlock()
		if k.Every > 0 {
			again, e := q.again(tx, j, k, "", now)
			if again || e != nil {
				return e
			}
		}
		_, e := tx.Exec("UPDATE jobs SET state = 'done', progress = 1, result = ?, error = '', lease = '', lease_until = 0, finished_at = ? WHERE id = ?",
			result, store.Micros(now), j.ID)
		return e
	case errors.Is(err, errShutdown):
		// Not the job's fault: this try does not count.
		_, e := tx.Exec("UPDATE jobs SET state = 'waiting', attempts = ?, lease = '', lease_until = 0, run_at = ? WHERE id = ?", j.Attempt-1, store.Micros(now), j.ID)
		return e
	}
	text := plain(err.Error())
	if j.Attempt < k.Attempts && !errors.As(err, new(permanent)) {
		_, e := tx.Exec("UPDATE jobs SET state = 'waiting', error = ?, lease = '', lease_until = 0, run_at = ? WHERE id = ?",
			text, store.Micros(now.Add(backoff(j.Attempt))), j.ID)
		return e
	}
	if k.Every > 0 {
		again, e := q.again(tx, j, k, text, now)
		if again || e != nil {
			return e
		}
	}
	return settle(tx, j.ID, Failed, text, now)
}

// again puts a periodic job back for its next turn, which stays on the beat of the
// first unless the node was away for whole periods. False: it is a single job of a
// periodic kind, asked for by hand.
func (q *Queue) again(tx *store.Tx, j *Job, k kind, failure string, now time.Time) (bool, error) {
	next := store.Time(j.runAt).Add(k.Every)
	if next.Before(now) {
		next = now.Add(k.Every)
	}
	j.mu.Lock()
	result := j.result
	j.mu.Unlock()
	n, err := tx.Exec(`UPDATE jobs SET state = 'waiting', attempts = 0, run_at = ?, finished_at = ?, progress = 0, note = '', lease = '', lease_until = 0,
		result = ?, error = ? WHERE id = ? AND unique_key = ?`, store.Micros(next), store.Micros(now), result, failure, j.ID, periodic)
	if err == nil && n == 1 {
		err = q.prune(tx)
	}
	return n == 1, err
}

// stopped ends a job that a person cancelled; a periodic one only this time.
func (q *Queue) stopped(tx *store.Tx, j *Job, k kind, now time.Time) error {
	if k.Every > 0 {
		if again, err := q.again(tx, j, k, errStopped.Error(), now); again || err != nil {
			return err
		}
	}
	return settle(tx, j.ID, Cancelled, "", now)
}

func settle(tx *store.Tx, id, state, text string, now time.Time) error {
	_, err := tx.Exec("UPDATE jobs SET state = ?, error = ?, lease = '', lease_until = 0, finished_at = ? WHERE id = ?", state, text, store.Micros(now), id)
	return err
}

// firstPause is a variable so that tests need not wait.
var firstPause = 5 * time.Second

// backoff is how long to wait after the n-th try: 5 s, 20 s, 80 s … up to an hour,
// spread by a fifth so that jobs which failed together do not return together.
func backoff(n int) time.Duration {
	d := firstPause
	for range n - 1 {
		d = min(4*d, time.Hour)
	}
	return time.Duration(float64(d) * (0.8 + 0.4*rand.Float64()))
}

// heartbeats renews the leases of this node and saves progress. A job whose lease
// could not be renewed in time is told to stop, because another node may begin it.
func (q *Queue) heartbeats(ctx context.Context) {
	tick := time.NewTicker(max(q.Lease/6, time.Millisecond))
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		q.mu.Lock()
		jobs := make([]*Job, 0, len(q.live))
		for _, j := range q.live {
			jobs = append(jobs, j)
		}
		q.mu.Unlock()
		if len(jobs) > 0 {
			q.beat(ctx, jobs)
		}
	}
}

func (q *Queue) beat(ctx context.Context, jobs []*Job) {
	until := time.Now().Add(q.Lease)
	states := map[string]string{}
	wait, done := context.WithTimeout(ctx, q.Lease/2)
	defer done()
	err := q.db.Write(wait, func(tx *store.Tx) error {
		clear(states)
		for _, j := range jobs {
			j.mu.Lock()
			progress, note := j.progress, j.note
			j.mu.Unlock()
			if _, err := tx.Exec("UPDATE jobs SET lease_until = ?, progress = ?, note = ? WHERE id = ? AND lease = ?",
				store.Micros(until), progress, note, j.ID, j.lease); err != nil {
				return err
			}
			var state string
			err := tx.Row("SELECT state FROM jobs WHERE id = ? AND lease = ?", j.ID, j.lease).Scan(&state)
			if err != nil && !errors.Is(err, store.ErrNone) {
				return err
			}
			states[j.lease] = state
		}
		return nil
	})
	for _, j := range jobs {
		j.mu.Lock()
		switch state := states[j.lease]; {
		case err != nil:
			if time.Now().After(j.until.Add(-q.Lease / 6)) {
				j.stop(errLost)
			}
		case state == "":
			j.stop(errLost)
		case state == Stopping:
			j.until = until
			j.stop(errStopped)
		default:
			j.until = until
		}
		j.mu.Unlock()
	}
}

// stop ends the handler's context. j.mu is held.
func (j *Job) stop(why error) {
	if j.cancel != nil {
		j.cancel(why)
	}
}

// stopHere spares a job that runs on this node the wait for the next heartbeat.
func (q *Queue) stopHere(id string) {
	q.mu.Lock()
	defer q.mu.Unlock()
	for _, j := range q.live {
		if j.ID == id {
			j.mu.Lock()
			j.stop(errStopped)
			j.mu.Unlock()
		}
	}
}
