package release_test

import (
	"context"
	"errors"
	"os"
	"os/exec"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"pgregory.net/rapid"

	"aman/node"
	"aman/node/nodetest"
	"aman/platform/access"
	"aman/platform/store"
	"aman/platform/store/storetest"
	"aman/release"
	"aman/release/dp"
)

// stores gives two ways into one database, as two nodes have them where the engine allows it.
func stores(t *testing.T, f func(t *testing.T, a, b *store.DB)) {
	t.Run("sqlite", func(t *testing.T) { db := storetest.SQLite(t); f(t, db, db) })
	t.Run("postgres", func(t *testing.T) {
		url := storetest.PostgresURL(t)
		var dbs [2]*store.DB
		for i := range dbs {
			db, err := store.Open(bg, store.Config{URL: url, Create: true})
			ok(t, err)
			t.Cleanup(func() { db.Close() })
			dbs[i] = db
		}
		f(t, dbs[0], dbs[1])
	})
}

// Many spend at once, from two nodes: the ledger verifies, and not one unit more is spent than there is.
func TestLedgerOfTwoNodes(t *testing.T) {
	stores(t, func(t *testing.T, a, b *store.DB) {
		const population, budget, spend = "cases/o", dp.RhoUnit, dp.RhoUnit / 7
		var wg sync.WaitGroup
		var mu sync.Mutex
		granted := 0
		for i := range 12 {
			db := []*store.DB{a, b}[i%2]
			wg.Go(func() {
				l, err := dp.OpenLedger(bg, release.Books(db, population), budget)
				if err != nil {
					t.Error(err)
					return
				}
				g, err := l.Spend(bg, "release x", spend)
				var over *dp.OverspendError
				if err != nil && !errors.As(err, &over) {
					t.Error(err)
				}
				if g != nil {
					mu.Lock()
					granted++
					mu.Unlock()
				}
			})
		}
		wg.Wait()
		list, err := release.Entries(bg, a, population)
		ok(t, err)
		if granted != 7 || len(list) != 8 || list[7].Running > budget {
			t.Errorf("%d grants and %d entries; seven fit", granted, len(list))
		}
		// What was written twice, skips a number, or was changed afterwards is refused.
		last := list[7]
		if err := release.Books(b, population).Append(bg, list[3]); err != nil {
			t.Errorf("the same entry again, as after a broken connection: %v", err)
		}
		other := last
		other.Purpose = "release y"
		other.Hash = other.Digest()
		if err := release.Books(b, population).Append(bg, other); !errors.Is(err, dp.ErrConflict) {
			t.Errorf("another entry in a place that is taken: %v", err)
		}
		last.Seq += 2
		if err := release.Books(b, population).Append(bg, last); !errors.Is(err, dp.ErrConflict) {
			t.Errorf("an entry that skips one: %v", err)
		}
		ok(t, a.Write(bg, func(tx *store.Tx) error {
			_, err := tx.Exec("UPDATE privacy_ledger SET body = replace(body, 'release x', 'release z') WHERE seq = 2")
			return err
		}))
		if _, _, err := release.Books(a, population).Last(bg); err == nil {
			t.Error("a ledger that was changed still gives an entry")
		}
	})
}

// The ledger of a store and the ledger in memory answer alike, whatever is asked of them.
func TestLedgerLikeMemory(t *testing.T) {
	db := storetest.SQLite(t)
	n := 0
	rapid.Check(t, func(t *rapid.T) {
		n++
		population := "p/" + string(rune('a'+n%26)) + time.Now().Format(".150405.000000000")
		memory, base := dp.NewMemory(), release.Books(db, population)
		budget := dp.Rho(rapid.Int64Range(1, 100).Draw(t, "budget"))
		for range 2 { // a crash between them: opened again
			lm, err1 := dp.OpenLedger(bg, memory, budget)
			ld, err2 := dp.OpenLedger(bg, base, budget)
			if err1 != nil || err2 != nil {
				t.Fatal(err1, err2)
			}
			for _, rho := range rapid.SliceOfN(rapid.Int64Range(-1, 40), 0, 6).Draw(t, "spends") {
				_, err1 := lm.Spend(bg, "x", dp.Rho(rho))
				_, err2 := ld.Spend(bg, "x", dp.Rho(rho))
				if (err1 == nil) != (err2 == nil) {
					t.Fatalf("spending %d: %v, in the store %v", rho, err1, err2)
				}
			}
			s1, b1, _ := lm.Balance(bg)
			s2, b2, err := ld.Balance(bg)
			if err != nil || s1 != s2 || b1 != b2 || s2 > b2 {
				t.Fatalf("%v of %v, in the store %v of %v (%v)", s1, b1, s2, b2, err)
			}
		}
	})
}

// A restored backup has forgotten a spend: the folder that was released since is counted in again, once.
func TestCountAfterARestore(t *testing.T) {
	w := nodetest.New(t, "")
	s := w.Node.Release
	open(t, w, 12, true, "female", "ForcedLabour")
	ok(t, s.SetBudget(bg, w.Approver, "cases", 4, 0))
	r := made(t, w, tiny)
	folder, err := s.Folder(bg, w.DataOfficer, r.ID)
	ok(t, err)
	if _, err := s.Count(bg, w.Approver, "cases", folder.FS()); !errors.Is(err, release.ErrCounted) {
		t.Errorf("a release that is in the ledger was counted again: %v", err)
	}
	before := budget(t, w).Spent
	forget := func() {
		ok(t, w.Node.Store.Write(bg, func(tx *store.Tx) error {
			_, err := tx.Exec("DELETE FROM privacy_ledger WHERE seq > 0")
			return err
		}))
	}
	forget()
	if _, err := s.Count(bg, w.DataOfficer, "cases", folder.FS()); access.AsRefusal(err) == nil {
		t.Errorf("the data officer wrote into the ledger: %v", err)
	}
	if e, err := s.Count(bg, w.Approver, "cases", folder.FS()); err != nil || e.Rho != before || budget(t, w).Spent != before {
		t.Errorf("counted %v of %v: %v", e.Rho, before, err)
	}
	other := nodetest.New(t, "")
	ok(t, other.Node.Release.SetBudget(bg, other.Approver, "cases", 4, 0))
	if _, err := other.Node.Release.Count(bg, other.Approver, "cases", folder.FS()); err == nil {
		t.Error("a folder of another node was counted")
	}
	// More than is left: all of it is gone.
	forget()
	ok(t, w.Node.Store.Write(bg, func(tx *store.Tx) error { _, err := tx.Exec("DELETE FROM privacy_ledger"); return err }))
	ok(t, s.SetBudget(bg, w.Approver, "cases", 0.5, 0))
	if _, err := s.Count(bg, w.Approver, "cases", folder.FS()); err != nil || budget(t, w).Left != 0 {
		t.Errorf("left %v: %v", budget(t, w).Left, err)
	}
}

// tiny is a release that takes a moment.
var tiny = func() release.Ask {
	a := noisy
	a.Columns, a.Length, a.Epsilon = []string{"gender", "isForcedLabour"}, 1, 1
	return a
}()

// The node stops after the budget was spent, and before. Nothing is spent twice without a second approval.
func TestStopsAtTheWorstMoments(t *testing.T) {
	nodetest.Each(t, func(t *testing.T, w *nodetest.World) {
		s := w.Node.Release
		open(t, w, 12, true, "female", "ForcedLabour")
		ok(t, s.SetBudget(bg, w.Approver, "cases", 4, 0))
		for _, at := range []string{"spent", "made"} {
			id, plan := planned(t, w, tiny)
			ok(t, s.Submit(bg, w.DataOfficer, id))
			ok(t, s.Approve(bg, w.Approver, id))
			before := budget(t, w).Spent
			ctx, stop := context.WithCancel(bg)
			restore := release.OnCrash(func(where string) {
				if where == at {
					stop()
					time.Sleep(10 * time.Millisecond)
				}
			})
			ok(t, w.Node.Jobs.Run(ctx)) // ends by itself at that moment
			restore()
			if r := look(t, w, w.DataOfficer, id); r.State != release.Approved || r.Attempts != 1 {
				t.Fatalf("after the node stopped at %q the request is %s with %d attempts", at, r.State, r.Attempts)
			}
			r := worked(t, w, id)
			if r.State != release.Failed || r.Fault != release.FaultInterrupted {
				t.Fatalf("the next node made of it: %s (%s)", r.State, r.Fault)
			}
			if got := budget(t, w).Spent - before; got != plan.Rho {
				t.Errorf("spent %v, one attempt is %v", got, plan.Rho)
			}
			ok(t, s.Again(bg, w.DataOfficer, id))
			if r := look(t, w, w.Approver, id); r.State != release.Submitted || r.Attempts != 1 {
				t.Errorf("asked again: %s, %d attempts", r.State, r.Attempts)
			}
			ok(t, s.Approve(bg, w.Approver, id))
			if r := worked(t, w, id); r.State != release.Released || r.Attempts != 2 {
				t.Fatalf("the second attempt: %s (%s), %d attempts", r.State, r.Fault, r.Attempts)
			}
			if got := budget(t, w).Spent - before; got != 2*plan.Rho {
				t.Errorf("spent %v on two attempts of %v", got, plan.Rho)
			}
		}
		// Cancelled while it runs, after the spend.
		id, _ := planned(t, w, tiny)
		ok(t, s.Submit(bg, w.DataOfficer, id))
		ok(t, s.Approve(bg, w.Approver, id))
		defer release.OnCrash(func(at string) {
			if at == "spent" {
				if err := s.Cancel(bg, w.DataOfficer, id); err != nil {
					t.Error(err)
				}
			}
		})()
		if r := worked(t, w, id); r.State != release.Failed || r.Fault != release.FaultCancelled || r.Attempts != 1 {
			t.Errorf("cancelled: %s (%s), %d attempts", r.State, r.Fault, r.Attempts)
		}
		var why []string
		ok(t, w.Node.Store.Read(bg, func(tx *store.Tx) (err error) {
			why, err = tx.Strings("SELECT detail FROM audit WHERE object = ? AND action = 'release.cancel'", id)
			return err
		}))
		if len(why) != 1 || !strings.Contains(why[0], `"why":"cancelled"`) {
			t.Errorf("the audit log says of the cancelled release: %v", why)
		}
		time.Sleep(50 * time.Millisecond)
		if _, err := s.Folder(bg, w.DataOfficer, id); !errors.Is(err, release.ErrState) {
			t.Errorf("a cancelled release can be fetched: %v", err)
		}
	})
}

// Cancelled on another node, whose word has not reached this one: before the spend nothing is spent, after it nothing is released.
func TestCancelledElsewhere(t *testing.T) {
	w := nodetest.New(t, "")
	s := w.Node.Release
	open(t, w, 12, true, "female", "ForcedLabour")
	ok(t, s.SetBudget(bg, w.Approver, "cases", 4, 0))
	for at, attempts := range map[string]int{"read": 0, "made": 1} {
		id, _ := planned(t, w, tiny)
		ok(t, s.Submit(bg, w.DataOfficer, id))
		ok(t, s.Approve(bg, w.Approver, id))
		restore := release.OnCrash(func(where string) {
			if where == at {
				ok(t, w.Node.Store.Write(bg, func(tx *store.Tx) error {
					_, err := tx.Exec("UPDATE release_requests SET state = 'failed', fault = 'cancelled' WHERE id = ?", id)
					return err
				}))
			}
		})
		worked(t, w, id)
		time.Sleep(200 * time.Millisecond)
		for range 100 { // until the job has ended as well
			var st string
			ok(t, w.Node.Store.Read(bg, func(tx *store.Tx) error {
				return tx.Row("SELECT state FROM jobs ORDER BY id DESC LIMIT 1").Scan(&st)
			}))
			if st != "running" {
				break
			}
			time.Sleep(10 * time.Millisecond)
		}
		restore()
		if r := look(t, w, w.DataOfficer, id); r.State != release.Failed || r.Attempts != attempts || r.Hash != "" {
			t.Errorf("cancelled at %q: %s with %d attempts", at, r.State, r.Attempts)
		}
	}
}

// Two nodes on one database, both with their queue running: one of them makes the release, and one spend is written.
func TestTwoNodesMakeOneRelease(t *testing.T) {
	w := nodetest.New(t, storetest.PostgresURL(t))
	open(t, w, 12, true, "female", "ForcedLabour")
	ok(t, w.Node.Release.SetBudget(bg, w.Approver, "cases", 4, 0))
	c := w.Node.Config
	second, err := node.Open(bg, node.Config{Data: t.TempDir(), Keys: c.Keys, Database: c.Database, Now: w.Clock.Now})
	ok(t, err)
	defer second.Close()
	ctx, stop := context.WithCancel(bg)
	done := make(chan error, 1)
	go func() { done <- second.Jobs.Run(ctx) }()
	for range 3 {
		if r := made(t, w, tiny); r.State != release.Released || r.Attempts != 1 {
			t.Errorf("%s (%s), %d attempts", r.State, r.Fault, r.Attempts)
		}
	}
	stop()
	ok(t, <-done)
	if b := budget(t, w); len(b.Entries) != 4 {
		t.Errorf("the ledger has %d lines after three releases", len(b.Entries))
	}
}

// A process that is killed between the spend and the noise leaves the spend in the ledger and no release.
func TestKilledBetweenSpendAndNoise(t *testing.T) {
	if dir := os.Getenv("AMAN_KILL_DIR"); dir != "" {
		killed(t, dir)
		return
	}
	w := nodetest.New(t, "")
	s := w.Node.Release
	open(t, w, 12, true, "female", "ForcedLabour")
	ok(t, s.SetBudget(bg, w.Approver, "cases", 4, 0))
	id, plan := planned(t, w, tiny)
	ok(t, s.Submit(bg, w.DataOfficer, id))
	ok(t, s.Approve(bg, w.Approver, id))
	dir := w.Node.Config.Data
	ok(t, w.Node.Close())
	child := exec.Command(os.Args[0], "-test.run=^TestKilledBetweenSpendAndNoise$", "-test.timeout=60s")
	child.Env = append(os.Environ(), "AMAN_KILL_DIR="+dir)
	out, err := child.CombinedOutput()
	var exit *exec.ExitError
	if !errors.As(err, &exit) || exit.Sys().(syscall.WaitStatus).Signal() != syscall.SIGKILL {
		t.Fatalf("the child was not killed: %v\n%s", err, out)
	}
	n, err := node.Open(bg, node.Config{Data: dir, Now: w.Clock.Now})
	ok(t, err)
	defer n.Close()
	w.Node = n
	n.Jobs.Lease = 2 * time.Second
	r := worked(t, w, id)
	if r.State != release.Failed || r.Fault != release.FaultInterrupted || r.Attempts != 1 {
		t.Errorf("after the kill: %s (%s), %d attempts", r.State, r.Fault, r.Attempts)
	}
	if b := budget(t, w); b.Spent != plan.Rho {
		t.Errorf("spent %v, one attempt is %v", b.Spent, plan.Rho)
	}
}

func killed(t *testing.T, dir string) {
	n, err := node.Open(bg, node.Config{Data: dir})
	ok(t, err)
	n.Jobs.Lease = 2 * time.Second
	release.OnCrash(func(at string) {
		if at == "spent" {
			syscall.Kill(os.Getpid(), syscall.SIGKILL)
		}
	})
	ctx, stop := context.WithTimeout(bg, 30*time.Second)
	defer stop()
	ok(t, n.Jobs.Run(ctx))
	t.Fatal("the job never spent")
}

// Random steps by random people: nothing is released that one person asked for and approved, or that nobody approved; the
// state is always where the table of moves leads; the ledger never holds more than the budget.
func TestRandomSteps(t *testing.T) {
	w := nodetest.New(t, "")
	s := w.Node.Release
	open(t, w, 12, true, "female", "ForcedLabour")
	ok(t, s.SetBudget(bg, w.Approver, "cases", 3, 0))
	actors := map[string]access.Subject{"officer": w.DataOfficer, "approver": w.Approver, "caseworker": w.Caseworker, "stranger": w.Shelter}
	ok(t, w.Node.Store.Write(bg, func(tx *store.Tx) error {
		for _, login := range []string{"both-1", "both-2"} {
			id, err := w.Node.Policy.CreateUser(tx, access.NewUser{Login: login, Name: login, Org: w.DataOfficer.Org, Offices: []string{w.Office}, Roles: []string{"data_officer", "release_approver"}}, w.Clock.Now())
			if err != nil {
				return err
			}
			if actors[login], err = access.SubjectOf(tx, id, w.Clock.Now()); err != nil {
				return err
			}
		}
		return nil
	}))
	releases := map[string]bool{"officer": true, "both-1": true, "both-2": true}
	approves := map[string]bool{"approver": true, "both-1": true, "both-2": true}
	ran := 0
	names := []string{"officer", "approver", "caseworker", "stranger", "both-1", "both-2"}
	rapid.Check(t, func(rt *rapid.T) {
		maker := rapid.SampledFrom([]string{"officer", "both-1"}).Draw(rt, "maker")
		id, err := s.Draft(bg, actors[maker], tiny)
		if err != nil {
			rt.Fatal(err)
		}
		state, plannedYet, approved := release.Draft, false, ""
		may := func(who, act string) bool {
			return map[string]bool{
				"plan": who == maker, "submit": who == maker, "withdraw": who == maker, "again": who == maker,
				"approve": approves[who] && who != maker, "reject": approves[who] && who != maker,
				"cancel": approves[who] || releases[who], "recall": approves[who] || releases[who], "run": true,
			}[act]
		}
		fits := func(act string) bool {
			if act == "run" {
				return state == release.Approved
			}
			i := slices.IndexFunc(release.Moves, func(m release.Move) bool { return m.Act == act })
			return slices.Contains(release.Moves[i].From, state) && (act != "submit" || plannedYet)
		}
		acts := []string{"run", "run", "run", "approve", "approve", "approve", "submit", "submit", "submit", "plan", "again", "again", "reject", "withdraw", "cancel", "recall"}
		for range rapid.IntRange(6, 18).Draw(rt, "steps") {
			// Mostly what can be done, so that sequences get somewhere; and what cannot.
			sense := rapid.IntRange(0, 9).Draw(rt, "sense") < 8
			choose := func(from []string, good func(string) bool, what string) (string, bool) {
				if sense {
					from = slices.DeleteFunc(slices.Clone(from), func(x string) bool { return !good(x) })
				}
				if len(from) == 0 {
					return "", false
				}
				return rapid.SampledFrom(from).Draw(rt, what), true
			}
			act, some := choose(acts, fits, "act")
			if !some {
				break
			}
			who, _ := choose(names, func(n string) bool { return may(n, act) }, "who")
			sub := actors[who]
			if act == "run" {
				if state == release.Approved {
					state = worked(t, w, id).State
					ran++
				}
				continue
			}
			err := map[string]func() error{
				"plan":   func() error { _, err := s.Plan(bg, sub, id); return err },
				"submit": func() error { return s.Submit(bg, sub, id) }, "withdraw": func() error { return s.Withdraw(bg, sub, id) },
				"approve": func() error { return s.Approve(bg, sub, id) }, "reject": func() error { return s.Reject(bg, sub, id, "no") },
				"cancel": func() error { return s.Cancel(bg, sub, id) }, "again": func() error { return s.Again(bg, sub, id) },
				"recall": func() error { return s.Recall(bg, sub, id, "wrong") },
			}[act]()
			switch {
			case !may(who, act) && access.AsRefusal(err) == nil:
				rt.Fatalf("%s did %s in %s: %v", who, act, state, err)
			case may(who, act) && fits(act) && err != nil && fault(err) != "over_budget":
				rt.Fatalf("%s could not %s in %s: %v", who, act, state, err)
			case may(who, act) && !fits(act) && err == nil:
				rt.Fatalf("%s did %s in %s", who, act, state)
			}
			if err == nil {
				i := slices.IndexFunc(release.Moves, func(m release.Move) bool { return m.Act == act })
				if plannedYet = plannedYet || act == "plan"; act != "plan" {
					state = release.Moves[i].To
				}
				if act == "approve" {
					approved = who
				}
			}
			if r := look(t, w, actors[maker], id); r.State != state {
				rt.Fatalf("%s after %s by %s, want %s", r.State, act, who, state)
			}
		}
		r := look(t, w, actors[maker], id)
		if r.State == release.Released && (approved == "" || approved == maker || r.Approver == r.Owner || r.Approver == "") {
			rt.Fatalf("released with %q as its approver, asked for by %s", approved, maker)
		}
		if b := budget(t, w); b.Spent > b.Total || b.Left < 0 || r.Attempts > r.Approvals {
			rt.Fatalf("spent %v of %v; %d attempts on %d approvals", b.Spent, b.Total, r.Attempts, r.Approvals)
		}
		if r.State == release.Approved { // leave nothing for the next
			if err := s.Cancel(bg, actors[maker], id); err != nil {
				rt.Fatal(err)
			}
		}
	})
	t.Logf("%d releases were made", ran)
	if b := budget(t, w); b.Spent == 0 || ran == 0 {
		t.Error("hardly a sequence ever spent: the test tests nothing")
	}
}
