package release_test

import (
	"context"
	"crypto/ed25519"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"aman/casework"
	"aman/node/nodetest"
	"aman/platform/access"
	"aman/platform/store"
	"aman/registry"
	"aman/release"
	"aman/release/product"
)

// noisy and plain are asks over the cases of the test world.
var (
	noisy = release.Ask{Title: map[string]string{"en": "Test cases"}, Profile: "ctdc", From: "2026", To: "2026", Path: release.PathDP, Epsilon: 4, Length: 2, Expect: 200,
		Columns: []string{"yearOfRegistration", "gender", "ageBroad", "isForcedLabour", "isSexualExploit"}}
	plain = release.Ask{Title: map[string]string{"en": "Test cases"}, Profile: "htcds", From: "2026", To: "2026", Path: release.PathK, K: 11,
		Columns: []string{"cas_OpenedYear", "prs_Sex", "vic_TypeOfExploitationForcedLabour", "vic_TypeOfExploitationServitude"}}
)

// planned drafts and plans a request.
func planned(t testing.TB, w *nodetest.World, ask release.Ask) (string, release.Plan) {
	t.Helper()
	id, err := w.Node.Release.Draft(bg, w.DataOfficer, ask)
	ok(t, err)
	p, err := w.Node.Release.Plan(bg, w.DataOfficer, id)
	ok(t, err)
	return id, p
}

// made brings a request to its end through two people and the job queue.
func made(t testing.TB, w *nodetest.World, ask release.Ask) *release.Request {
	t.Helper()
	id, _ := planned(t, w, ask)
	ok(t, w.Node.Release.Submit(bg, w.DataOfficer, id))
	ok(t, w.Node.Release.Approve(bg, w.Approver, id))
	return worked(t, w, id)
}

// worked runs the queue until the request has left the state approved.
func worked(t testing.TB, w *nodetest.World, id string) *release.Request {
	t.Helper()
	ctx, stop := context.WithCancel(bg)
	done := make(chan error, 1)
	go func() { done <- w.Node.Jobs.Run(ctx) }()
	defer func() { stop(); <-done }()
	for end := time.Now().Add(time.Minute); time.Now().Before(end); time.Sleep(10 * time.Millisecond) {
		if r := look(t, w, w.DataOfficer, id); r.State != release.Approved {
			return r
		}
	}
	t.Fatal("the job did not end in a minute")
	return nil
}

func look(t testing.TB, w *nodetest.World, sub access.Subject, id string) (r *release.Request) {
	t.Helper()
	ok(t, w.Node.Store.Read(bg, func(tx *store.Tx) (err error) { r, err = w.Node.Release.Request(tx, sub, id); return err }))
	return r
}

func budget(t testing.TB, w *nodetest.World) release.Budget {
	t.Helper()
	b, err := w.Node.Release.Budget(bg, w.DataOfficer, "cases")
	ok(t, err)
	return b
}

func fault(err error) string {
	if f := release.AsFault(err); f != nil {
		return f.Code
	}
	return ""
}

func TestReleaseWithNoise(t *testing.T) {
	nodetest.Each(t, func(t *testing.T, w *nodetest.World) {
		s := w.Node.Release
		open(t, w, 20, true, "female", "SexualExploitation")
		open(t, w, 15, true, "male", "ForcedLabour")
		open(t, w, 4, false, "male", "ForcedLabour")
		id, plan := planned(t, w, noisy)
		if plan.Inside == nil || plan.Inside.Rows != 35 || plan.Inside.Before == nil || plan.Inside.Before.Records != 35 {
			t.Fatalf("the plan tells of %+v, want the 35 who agreed", plan.Inside)
		}
		if len(plan.Predicted) != 2 || plan.PredictedFrom != "prior" || !(plan.Predicted[0] > 0) || plan.Rho <= 0 || plan.Budget.Set {
			t.Errorf("the public half of the plan: %+v", plan)
		}
		if !slices.Contains(plan.Empty, "traffickMonths") || !slices.Contains(plan.Empty, "typeOfSexProstitution") {
			t.Errorf("empty columns %v: what is not collected and what is not open must stay empty", plan.Empty)
		}
		if fault(s.Approve(bg, w.Approver, id)) != "" || !errors.Is(s.Approve(bg, w.Approver, id), release.ErrState) {
			t.Error("a draft was approved")
		}
		ok(t, s.Submit(bg, w.DataOfficer, id))
		if r := access.AsRefusal(s.Approve(bg, w.DataOfficer, id)); r == nil {
			t.Error("who asked approved")
		}
		if got := fault(s.Approve(bg, w.Approver, id)); got != "no_budget" {
			t.Errorf("approving without a budget gives %q", got)
		}
		if r := access.AsRefusal(s.SetBudget(bg, w.DataOfficer, "cases", 10, 0)); r == nil {
			t.Error("the data officer set the budget")
		}
		ok(t, s.SetBudget(bg, w.Approver, "cases", 5, 0))
		if err := s.SetBudget(bg, w.Approver, "cases", 40, 0); !errors.Is(err, release.ErrBudgetSet) {
			t.Errorf("a budget was set twice: %v", err)
		}
		if r := look(t, w, w.Approver, id); r.Plan == nil || r.Plan.Inside == nil {
			t.Error("the approver does not see the plan and the risk")
		}
		ok(t, s.Approve(bg, w.Approver, id))
		if b := budget(t, w); b.Spent != 0 {
			t.Errorf("%v was spent before the job ran", b.Spent)
		}
		r := worked(t, w, id)
		if r.State != release.Released || r.Attempts != 1 || r.Approver != w.Approver.User || r.Hash == "" {
			t.Fatalf("the release is %s (%s), %d attempts", r.State, r.Fault, r.Attempts)
		}
		if b := budget(t, w); b.Spent != plan.Rho || b.Left != b.Total-plan.Rho {
			t.Errorf("spent %v of %v, planned %v", b.Spent, b.Total, plan.Rho)
		}
		folder, err := s.Folder(bg, w.Approver, id)
		ok(t, err)
		m, err := product.Verify(folder.FS())
		ok(t, err)
		if m.ID != id {
			t.Errorf("the manifest is of %s", m.ID)
		}
		csv, _ := folder.File("data/microdata.csv")
		head, _, _ := strings.Cut(string(csv), "\n")
		if n := len(strings.Split(strings.TrimSpace(head), ",")); n != 27 {
			t.Errorf("the file has %d columns, CTDC's has 27: %s", n, head)
		}
		e, err := s.Evaluation(bg, w.DataOfficer, id)
		ok(t, err)
		if e.Result == nil || e.Result.TrueRows != 35 || e.Inside == nil {
			t.Errorf("the evaluation: %+v", e)
		}
		if _, err := s.Evaluation(bg, w.Approver, id); access.AsRefusal(err) == nil {
			t.Errorf("the approver looked at the evaluation: %v", err)
		}
		for who, sub := range map[string]access.Subject{"caseworker": w.Caseworker, "another organisation": w.Shelter} {
			if _, err := s.Folder(bg, sub, id); access.AsRefusal(err) == nil {
				t.Errorf("%s fetched the folder: %v", who, err)
			}
		}
		// A second release is predicted from the first, and does not fit into what is left.
		second, p2 := planned(t, w, noisy)
		if p2.PredictedFrom != "earlier" {
			t.Errorf("the second prediction is from %q", p2.PredictedFrom)
		}
		ok(t, s.Submit(bg, w.DataOfficer, second))
		if got := fault(s.Approve(bg, w.Approver, second)); got != "over_budget" {
			t.Errorf("approving more than is left gives %q", got)
		}
		if got := fault(s.Recall(bg, w.Approver, id, " ")); got != "words" {
			t.Errorf("a recall without words gives %q", got)
		}
		if _, err := s.Notice(bg, w.DataOfficer, id); !errors.Is(err, release.ErrState) {
			t.Errorf("a notice of a release that stands: %v", err)
		}
		ok(t, s.Recall(bg, w.Approver, id, "A column was wrong."))
		notice, err := s.Notice(bg, w.DataOfficer, id)
		ok(t, err)
		says, _ := notice.File("recalled.json")
		signature, _ := notice.File("recalled.sig")
		if !ed25519.Verify(s.PublicKey(), says, signature) || !strings.Contains(string(says), "A column was wrong.") || !strings.Contains(string(says), r.Hash) {
			t.Errorf("the notice: %s", says)
		}
		manifest, _ := folder.File("manifest.json")
		ok(t, w.Node.Store.Read(bg, func(tx *store.Tx) error {
			if tr, err := s.Trace(tx, m, manifest); err != nil || tr.State != release.Recalled || tr.Words == "" || !tr.InLedger {
				t.Errorf("of the recalled folder the node knows %+v (%v)", tr, err)
			}
			return nil
		}))
		if _, err := s.Folder(bg, w.DataOfficer, id); !errors.Is(err, release.ErrRecalled) {
			t.Errorf("a recalled release was fetched: %v", err)
		}
		if b := budget(t, w); b.Spent != plan.Rho {
			t.Error("the recall gave the budget back")
		}
		told := map[string]string{}
		for who, sub := range map[string]access.Subject{"owner": w.DataOfficer, "approver": w.Approver, "caseworker": w.Caseworker} {
			ok(t, w.Node.Store.Read(bg, func(tx *store.Tx) error {
				list, err := w.Node.Casework.Notices(tx, w.Now(sub), 100)
				for _, n := range list {
					if n.Object == id {
						told[who] += n.Kind + " "
					}
				}
				return err
			}))
		}
		if told["owner"] != "release_recalled release_released " || told["approver"] != "release_submitted " || told["caseworker"] != "" {
			t.Errorf("told: %v", told)
		}
		if list, err := s.Presets(bg, w.DataOfficer, noisy, []float64{1, 8}); err != nil || len(list) != 2 || !(list[0][0] > list[1][0]) {
			t.Errorf("presets: %v %v; less noise must be told as less error", list, err)
		}
		if _, err := s.Presets(bg, w.Approver, noisy, []float64{1}); access.AsRefusal(err) == nil {
			t.Errorf("the approver compared presets: %v", err)
		}
		rep, err := w.Node.VerifyAudit(bg, nil)
		if err != nil || rep.Fault != nil {
			t.Errorf("the audit log: %+v %v", rep.Fault, err)
		}
		var acts []string
		ok(t, w.Node.Store.Read(bg, func(tx *store.Tx) (err error) {
			acts, err = tx.Strings("SELECT action FROM audit WHERE object = ? ORDER BY seq", id)
			return err
		}))
		if want := "release.draft release.plan release.submit release.approve release.release release.evaluation release.recall"; strings.Join(acts, " ") != want {
			t.Errorf("audited: %v, want %s", acts, want)
		}
	})
}

func TestReleaseOfTrueRows(t *testing.T) {
	nodetest.Each(t, func(t *testing.T, w *nodetest.World) {
		s := w.Node.Release
		w.Clock.Add(-400 * 24 * time.Hour)
		open(t, w, 7, true, "male", "ForcedLabour")
		w.Clock.Add(400 * 24 * time.Hour)
		few := plain
		few.From, few.To = "2025", "2025"
		if r := made(t, w, few); r.State != release.Failed || r.Fault != release.FaultFew {
			t.Fatalf("seven people made eleven alike: %s (%s)", r.State, r.Fault)
		}
		open(t, w, 14, true, "female", "SexualExploitation")
		open(t, w, 12, true, "male", "ForcedLabour")
		open(t, w, 3, true, "male", "Servitude")
		_, plan := planned(t, w, plain)
		if in := plan.Inside; in.Rows != 29 || in.Refused != "" || in.After == nil || in.After.Least < 11 || in.Before.Least != 3 || len(in.Lost) != 4 {
			t.Fatalf("the plan: %+v", plan.Inside)
		}
		r := made(t, w, plain)
		if r.State != release.Released || r.Attempts != 0 {
			t.Fatalf("%s (%s)", r.State, r.Fault)
		}
		folder, err := s.Folder(bg, w.DataOfficer, r.ID)
		ok(t, err)
		csv, _ := folder.File("data/microdata.csv")
		rows := strings.Split(strings.TrimSpace(string(csv)), "\n")
		for _, row := range rows[1:] {
			if strings.HasSuffix(strings.TrimSpace(row), ",1") {
				t.Error("three people can be seen in the file")
			}
		}
		// The same rows again tell nothing new; with eight more people they would.
		if r := made(t, w, plain); r.State != release.Released {
			t.Errorf("the same rows again: %s (%s)", r.State, r.Fault)
		}
		open(t, w, 8, true, "female", "ForcedLabour")
		if r := made(t, w, plain); r.State != release.Failed || r.Fault != release.FaultEarlier {
			t.Errorf("a file that can be subtracted: %s (%s)", r.State, r.Fault)
		}
		// A table of that time could be subtracted as well.
		if _, err := s.Table(bg, w.DataOfficer, spec); !errors.Is(err, release.ErrEarlier) {
			t.Errorf("a table over the same people: %v", err)
		}
		// With noise it can be told.
		ok(t, s.SetBudget(bg, w.Approver, "cases", 20, 0))
		if r := made(t, w, noisy); r.State != release.Released {
			t.Errorf("with noise: %s (%s)", r.State, r.Fault)
		}
	})
}

// A file that fails HDX's rule is refused: in eleven-anonymous records one in eleven can be found at worst.
func TestRiskRuleBlocks(t *testing.T) {
	w := nodetest.New(t, "")
	open(t, w, 12, true, "female", "SexualExploitation")
	open(t, w, 11, true, "male", "ForcedLabour")
	plain := plain
	plain.Profile, plain.Columns = "hdx", []string{"year", "sex", "exploitation"}
	_, plan := planned(t, w, plain)
	if plan.Inside.Refused != release.FaultRisk || plan.Inside.Verdict.Pass {
		t.Fatalf("two classes of eleven: %+v", plan.Inside)
	}
	if r := made(t, w, plain); r.State != release.Failed || r.Fault != release.FaultRisk {
		t.Errorf("%s (%s)", r.State, r.Fault)
	}
}

func TestConsentThatEnded(t *testing.T) {
	nodetest.Each(t, func(t *testing.T, w *nodetest.World) {
		open(t, w, 12, true, "female", "ForcedLabour")
		for i := range 2 {
			id := open(t, w, 1, false, "male", "ForcedLabour")[0]
			_, err := w.Node.Casework.RecordConsent(bg, w.Caseworker, id, casework.Consent{Purpose: "statistics", Given: true, Checks: []string{"refusal_free"}, Until: "2026-04-05"})
			ok(t, err)
			if i == 0 { // she agreed again, without an end
				_, err := w.Node.Casework.RecordConsent(bg, w.Caseworker, id, casework.Consent{Purpose: "statistics", Given: true, Checks: []string{"refusal_free"}})
				ok(t, err)
			}
		}
		_, plan := planned(t, w, noisy)
		if plan.Inside.Rows != 14 {
			t.Errorf("before the end %d are counted, want 14", plan.Inside.Rows)
		}
		w.Clock.Add(10 * 24 * time.Hour)
		_, plan = planned(t, w, noisy)
		if plan.Inside.Rows != 13 {
			t.Errorf("after the end %d are counted, want 13", plan.Inside.Rows)
		}
		e, err := w.Node.Release.Table(bg, w.DataOfficer, release.Spec{Register: "cases", By: []string{"exploitation_main"}, From: 2026, To: 2026})
		ok(t, err)
		if c, err := e.Published.At(""); err != nil || c.Count != 13 {
			t.Errorf("the table counts %d (%v), want 13", c.Count, err)
		}
	})
}

// A person with several cases in the period is one row, the latest.
func TestOneRowAPerson(t *testing.T) {
	w := nodetest.New(t, "")
	person := ""
	for i, kind := range []string{"ForcedLabour", "SexualExploitation", "OrganRemoval"} {
		o := casework.Opening{Person: person, CaseValues: registry.Values{"exploitation_types": []string{kind}}}
		if i == 0 {
			o.PersonValues = registry.Values{"sex": "female", "age_band": "18--20"}
		}
		id, err := w.Node.Casework.Open(bg, w.Caseworker, o)
		ok(t, err)
		_, err = w.Node.Casework.RecordConsent(bg, w.Caseworker, id, casework.Consent{Purpose: "statistics", Given: true, Checks: []string{"refusal_free"}})
		ok(t, err)
		ok(t, w.Node.Store.Read(bg, func(tx *store.Tx) error {
			return tx.Row("SELECT person_id FROM r_cases WHERE id = ?", id).Scan(&person)
		}))
		w.Clock.Add(24 * time.Hour)
	}
	_, plan := planned(t, w, noisy)
	if plan.Inside.Rows != 1 || plan.Inside.Dropped != 2 {
		t.Errorf("%d rows, %d dropped; want the latest of three", plan.Inside.Rows, plan.Inside.Dropped)
	}
}

func TestAsksThatCannotBe(t *testing.T) {
	w := nodetest.New(t, "")
	change := func(f func(*release.Ask)) release.Ask { a := noisy; f(&a); return a }
	for want, ask := range map[string]release.Ask{
		"profile": change(func(a *release.Ask) { a.Profile = "none" }), "title": change(func(a *release.Ask) { a.Title = nil }),
		"period": change(func(a *release.Ask) { a.To = "2025" }), "path": change(func(a *release.Ask) { a.Path = release.PathK }),
		"columns": change(func(a *release.Ask) { a.Columns = []string{"name"} }), "epsilon": change(func(a *release.Ask) { a.Epsilon = 0 }),
		"delta": change(func(a *release.Ask) { a.Delta = 0.5 }), "length": change(func(a *release.Ask) { a.Length = 9 }),
		"where": change(func(a *release.Ask) { a.Where = map[string][]string{"risk_level": {"high"}} }),
	} {
		if _, err := w.Node.Release.Draft(bg, w.DataOfficer, ask); fault(err) != want {
			t.Errorf("%s: %v", want, err)
		}
	}
	// The population can be narrowed to an office, or to codes of an open property.
	open(t, w, 3, true, "female", "ForcedLabour")
	open(t, w, 2, true, "male", "ForcedLabour")
	for want, where := range map[int]map[string][]string{5: {"office": {w.Office}}, 2: {"sex": {"male"}, "office": {w.Office}}} {
		p, err := w.Node.Release.Preview(bg, w.DataOfficer, change(func(a *release.Ask) { a.Where = where }))
		ok(t, err)
		if p.Inside.Rows != want {
			t.Errorf("%v keeps %d rows, want %d", where, p.Inside.Rows, want)
		}
	}
	if _, err := w.Node.Release.Preview(bg, w.DataOfficer, change(func(a *release.Ask) { a.Where = map[string][]string{"office": {w.Shelter.Offices[0]}} })); fault(err) != "where" {
		t.Errorf("the office of another organisation: %v", err)
	}
	for who, sub := range map[string]access.Subject{"caseworker": w.Caseworker, "approver": w.Approver, "administrator": w.Admin} {
		if _, err := w.Node.Release.Preview(bg, sub, noisy); access.AsRefusal(err) == nil {
			t.Errorf("%s looked at the risk: %v", who, err)
		}
		if _, err := w.Node.Release.Draft(bg, sub, noisy); access.AsRefusal(err) == nil {
			t.Errorf("%s drafted a release: %v", who, err)
		}
	}
}
