package casework_test

import (
	"database/sql"
	"encoding/json"
	"errors"
	"slices"
	"strings"
	"time"

	"aman/casework"
	"aman/forms"
	"aman/platform/access"
	"aman/platform/store"
	"aman/platform/vault"
	"aman/registry"
	"aman/screening"
)

const standard = "palermo-trafficking"

// episode is one that the standard finds to be trafficking, or one it cannot tell about.
func (b *bench) episode(caseID string, clear bool) string {
	b.t.Helper()
	v := registry.Values{"kind": "Exploitation", "started_on": "2026-03-10", "facts_yes": []string{"act.recruitment"}}
	if clear {
		v["facts_yes"] = []string{"act.recruitment", "means.deception", "purpose.forced_labour"}
	}
	return must[string](b.t)(b.cw.AddEpisode(ctx, b.Caseworker, caseID, v))
}

const why = "She described it in two interviews."

func decisions(b *bench) {
	t := b.t
	caseID := b.open(b.Caseworker, casework.Opening{})
	found, open := b.episode(caseID, true), b.episode(caseID, false)
	decide := func(sub access.Subject, d casework.Decision) (string, error) {
		d.Standard = standard
		return b.cw.Decide(ctx, sub, caseID, d)
	}
	for _, x := range []struct {
		episode, outcome, reasons string
		override                  bool
	}{
		{found, "trafficking", "", false}, {open, "undetermined", "", false}, // as the standard gives it: no reasons needed
		{found, "undetermined", why, true}, {open, "trafficking", why, true}, {open, "smuggling", why, true},
	} {
		if x.override {
			for _, short := range []string{"", "   ", "because.", strings.Repeat(" ", 30) + "x"} {
				_, err := decide(b.Caseworker, casework.Decision{Episode: x.episode, Outcome: x.outcome, Reasons: short})
				fault(t, "reasons", err)
			}
		}
		id, err := decide(b.Caseworker, casework.Decision{Episode: x.episode, Outcome: x.outcome, Reasons: x.reasons})
		ok(t, err)
		row := b.row(b.Caseworker, "decisions", id)
		if row.State != "decided" || row.Values.Bool("override") != x.override || row.Owner != b.Caseworker.User {
			t.Errorf("%s: %s %v", x.outcome, row.State, row.Values)
		}
		var kept screening.Finding
		if err := json.Unmarshal([]byte(row.Values.String("proposed")), &kept); err != nil || kept.Standard.ID != standard || kept.Outcome.Key == "" {
			t.Errorf("the finding kept with it is %+v, %v", kept.Standard, err)
		}
	}
	before := b.row(b.Caseworker, "decisions", b.file(b.Caseworker, caseID).Decisions[0].ID).Values.String("proposed")
	ok(t, second(b.cw.ChangeEpisode(ctx, b.Caseworker, caseID, open, 1, registry.Values{"facts_no": []string{"means.deception"}})))
	if after := b.row(b.Caseworker, "decisions", b.file(b.Caseworker, caseID).Decisions[0].ID).Values.String("proposed"); after != before {
		t.Error("the finding kept with a decision changed with the episode")
	}
	_, err := b.cw.Decide(ctx, b.Caseworker, caseID, casework.Decision{Episode: found, Standard: "no-such", Outcome: "trafficking"})
	fault(t, "standard_not_in_force", err)
	for who, sub := range map[string]access.Subject{"colleague": b.Colleague, "supervisor": b.Supervisor, "shelter": b.Shelter} {
		if _, err := decide(sub, casework.Decision{Episode: found, Outcome: "trafficking", Reasons: why}); err == nil {
			t.Errorf("%s decided", who)
		}
	}
	_, err = decide(b.Caseworker, casework.Decision{Episode: found, Outcome: "trafficking", Status: "PossibleVictimOfTrafficking"})
	ok(t, err)
	if c := b.row(b.Caseworker, "cases", caseID); c.Values.String("trafficking_status") != "PossibleVictimOfTrafficking" || c.Values.String("trafficking_status_by") != "Other" {
		t.Errorf("the case says %v", c.Values)
	}
}

func (b *bench) negative(caseID, episode string) string {
	b.t.Helper()
	return must[string](b.t)(b.cw.Decide(ctx, b.Caseworker, caseID, casework.Decision{Episode: episode, Standard: standard, Outcome: "neither", Reasons: why, Status: "NotAVictimOfTrafficking"}))
}

func (b *bench) status(caseID string) string {
	b.t.Helper()
	return b.row(b.Supervisor, "cases", caseID).Values.String("trafficking_status")
}

func negative(b *bench) {
	t := b.t
	caseID := b.open(b.Caseworker, casework.Opening{})
	e := b.episode(caseID, false)
	_, err := b.cw.Decide(ctx, b.Caseworker, caseID, casework.Decision{Episode: e, Standard: standard, Outcome: "neither"})
	fault(t, "reasons", err)
	d := b.negative(caseID, e)
	if b.state("decisions", d) != "needs_review" || b.status(caseID) != "" {
		t.Errorf("before the second look it is %s and the case says %q", b.state("decisions", d), b.status(caseID))
	}
	if told := b.told(b.Supervisor, d); !slices.Equal(told, []string{"review_needed"}) {
		t.Errorf("the office was told %v", told)
	}
	for who, sub := range map[string]access.Subject{"the decider": b.Caseworker, "a colleague": b.Colleague, "the shelter": b.Shelter, "the data officer": b.DataOfficer} {
		refused(t, who+" reviewing", b.cw.Review(ctx, sub, caseID, d, true, ""))
	}
	fault(t, "reasons", b.cw.Review(ctx, b.Supervisor, caseID, d, false, "no"))
	ok(t, b.cw.Review(ctx, b.Supervisor, caseID, d, false, "The second interview is missing."))
	if b.state("decisions", d) != "returned" || b.status(caseID) != "" {
		t.Errorf("returned it is %s and the case says %q", b.state("decisions", d), b.status(caseID))
	}
	fault(t, "not_waiting_for_review", b.cw.Review(ctx, b.Supervisor, caseID, d, true, ""))
	d = b.negative(caseID, e)
	ok(t, b.cw.Review(ctx, b.Supervisor, caseID, d, true, ""))
	row := b.row(b.Supervisor, "decisions", d)
	if row.State != "confirmed" || row.Values.String("reviewer") != b.Supervisor.User || row.Values.Time("reviewed_at").IsZero() || b.status(caseID) != "NotAVictimOfTrafficking" {
		t.Errorf("confirmed it is %s %v and the case says %q", row.State, row.Values, b.status(caseID))
	}
	if told := b.told(b.Caseworker, d); !slices.Contains(told, "review_done") {
		t.Errorf("the decider was told %v", told)
	}
	fault(t, "not_waiting_for_review", b.cw.Review(ctx, b.Supervisor, caseID, d, true, ""))

	// A supervisor who carries a case does not review herself either.
	own := b.open(b.Supervisor, casework.Opening{})
	e = must[string](t)(b.cw.AddEpisode(ctx, b.Supervisor, own, registry.Values{"kind": "Transit"}))
	if d, err := b.cw.Decide(ctx, b.Supervisor, own, casework.Decision{Episode: e, Standard: standard, Outcome: "neither", Reasons: why}); err == nil {
		refused(t, "a supervisor reviewing herself", b.cw.Review(ctx, b.Supervisor, own, d, true, ""))
	} else {
		refused(t, "a supervisor deciding", err) // her role does not decide at all
	}
	// One negative does not speak for the others.
	caseID = b.open(b.Caseworker, casework.Opening{})
	_, err = b.cw.Decide(ctx, b.Caseworker, caseID, casework.Decision{Episode: b.episode(caseID, true), Standard: standard, Outcome: "trafficking", Status: "PossibleVictimOfTrafficking"})
	ok(t, err)
	ok(t, b.cw.Review(ctx, b.Supervisor, caseID, b.negative(caseID, b.episode(caseID, false)), true, ""))
	if got := b.status(caseID); got != "PossibleVictimOfTrafficking" {
		t.Errorf("the case says %q", got)
	}
}

func negativeEndsNoHelp(b *bench) {
	caseID := b.open(b.Caseworker, casework.Opening{})
	service := b.plan(caseID, "health")
	referral := b.refer(caseID, b.shelterConsent(caseID, "needs"), b.plan(caseID, "shelter"), "needs")
	ok(b.t, b.cw.Accept(ctx, b.Shelter, referral))
	ok(b.t, b.cw.Review(ctx, b.Supervisor, caseID, b.negative(caseID, b.episode(caseID, false)), true, ""))
	if s, r, c := b.state("services", service), b.state("referrals", referral), b.state("cases", caseID); s != "planned" || r != "accepted" || c != "Active" {
		b.t.Errorf("after a confirmed negative the service is %s, the referral %s, the case %s", s, r, c)
	}
	b.plan(caseID, "cash")
	ok(b.t, viewErr(b.cw, b.Shelter, caseID))
}

func valuesOfActs(b *bench) {
	t := b.t
	caseID := b.open(b.Caseworker, casework.Opening{})
	change := func(v registry.Values) error { return second(b.cw.ChangeCase(ctx, b.Caseworker, caseID, 0, v)) }
	for name, v := range map[string]any{"statistics": true, "code": "AAAA", "opened_on": "2020-01-01", "closed_on": "2026-03-31", "closure_reason": "died", "closure_details": "x"} {
		refused(t, "writing "+name+" by hand", change(registry.Values{name: v}))
	}
	fault(t, "negative_by_decision", change(registry.Values{"trafficking_status": "NotAVictimOfTrafficking"}))
	fault(t, "negative_by_decision", change(registry.Values{"trafficking_status": "NotAVictimOfTrafficking", "trafficking_status_by": "Other"}))
	ok(t, change(registry.Values{"trafficking_status": "NotAVictimOfTrafficking", "trafficking_status_by": "CourtOrProsecution"}))
	ok(t, change(registry.Values{"trafficking_status": "NotAVictimOfTrafficking", "risk_level": "low", "opened_on": "2026-03-31"})) // what stays may be repeated
	refused(t, "a colleague changing", second(b.cw.ChangeCase(ctx, b.Colleague, caseID, 0, registry.Values{"risk_level": "low"})))
	refused(t, "a colleague changing the person", second(b.cw.ChangePerson(ctx, b.Colleague, caseID, 0, registry.Values{"first_name": "x"})))
	fault(t, "risk", second(b.cw.SetRisk(ctx, b.Caseworker, caseID, "enormous", 0)))
	r, err := b.cw.SetRisk(ctx, b.Caseworker, caseID, "high", 1)
	ok(t, err)
	if len(r.Conflicts) != 1 || r.State != forms.InConflict {
		t.Errorf("an old version: %+v", r)
	}
}

func closing(b *bench) {
	t := b.t
	for _, x := range []struct {
		reason, state, followUp string
	}{{"goals_met", "Closed", "2026-06-30"}, {"lost_contact", "Closed", "2026-06-30"}, {"transferred", "ClosedReferred", "2026-06-30"}, {"died", "Closed", ""}} {
		caseID := b.open(b.Caseworker, casework.Opening{})
		service := b.plan(caseID, "cash")
		refused(t, "a colleague closing", b.cw.Close(ctx, b.Colleague, caseID, x.reason, ""))
		ok(t, b.cw.Close(ctx, b.Caseworker, caseID, x.reason, "All that could be done was done."))
		f := b.file(b.Caseworker, caseID)
		if f.Case.State != x.state || f.Case.Values.String("closed_on") != "2026-03-31" || f.Case.Values.String("closure_reason") != x.reason || !slices.Contains(f.Case.Sealed, "closure_details") {
			t.Errorf("%s: %s %v", x.reason, f.Case.State, f.Case.Values)
		}
		followUp, open := "", 0
		for _, task := range f.Tasks {
			if task.State == "open" {
				open++
				if task.Values.String("kind") == "follow_up" {
					// Three months after 31 March is the last of June or, as Go counts, the first of July.
					followUp = task.Values.String("due_on")
				}
			}
		}
		if (x.followUp == "") != (followUp == "") || (followUp != "" && followUp != "2026-06-30" && followUp != "2026-07-01") || open > 1 {
			t.Errorf("%s: follow-up %q and %d open tasks", x.reason, followUp, open)
		}
		if got := b.state("services", service); got != "cancelled" {
			t.Errorf("what was planned is %s", got)
		}
		fault(t, "closed_already", b.cw.Close(ctx, b.Caseworker, caseID, x.reason, ""))
		refused(t, "a colleague reopening", b.cw.Reopen(ctx, b.Colleague, caseID))
		ok(t, b.cw.Reopen(ctx, b.Caseworker, caseID))
		if c := b.row(b.Caseworker, "cases", caseID); c.State != "Active" || c.Values["closed_on"] != nil {
			t.Errorf("reopened it is %s %v", c.State, c.Values)
		}
	}
}

func contacts(b *bench) {
	t := b.t
	for risk, next := range map[string]string{"high": "2026-04-07", "medium": "2026-04-14", "low": "2026-04-30"} {
		caseID := b.open(b.Caseworker, casework.Opening{Risk: risk})
		first := b.file(b.Caseworker, caseID).Tasks[0].ID
		refused(t, "a colleague finishing it", b.cw.FinishTask(ctx, b.Colleague, caseID, first, ""))
		ok(t, b.cw.FinishTask(ctx, b.Caseworker, caseID, first, "Spoke on the telephone."))
		fault(t, "task_done_already", b.cw.FinishTask(ctx, b.Caseworker, caseID, first, ""))
		var due []string
		for _, task := range b.file(b.Caseworker, caseID).Tasks {
			if task.State == "open" {
				due = append(due, task.Values.String("kind")+" "+task.Values.String("due_on"))
			}
		}
		if !slices.Equal(due, []string{"contact " + next}) {
			t.Errorf("risk %s: after a contact %v is due, want one by %s", risk, due, next)
		}
		other := must[string](t)(b.cw.AddTask(ctx, b.Caseworker, caseID, "other", "2026-04-02", ""))
		before := len(b.file(b.Caseworker, caseID).Tasks)
		ok(t, b.cw.FinishTask(ctx, b.Caseworker, caseID, other, ""))
		if after := len(b.file(b.Caseworker, caseID).Tasks); after != before {
			t.Error("a task that is no contact made another")
		}
	}
}

func assigning(b *bench) {
	t := b.t
	caseID := b.open(b.Caseworker, casework.Opening{PersonValues: registry.Values{"first_name": "Shinkai"}})
	person := b.row(b.Caseworker, "cases", caseID).Person
	consent := b.shelterConsent(caseID, "needs")
	rows := [][2]string{{"tasks", b.file(b.Caseworker, caseID).Tasks[0].ID}, {"services", b.plan(caseID, "cash")}}
	underWay := b.plan(caseID, "health")
	ok(t, b.cw.MoveService(ctx, b.Caseworker, caseID, underWay, "in_progress", "", ""))
	referred := b.plan(caseID, "shelter")
	rows = append(rows, [2]string{"services", underWay}, [2]string{"services", referred}, [2]string{"referrals", b.refer(caseID, consent, referred, "needs")})
	finished := b.plan(caseID, "food_nfi")
	ok(t, b.cw.MoveService(ctx, b.Caseworker, caseID, finished, "done", "met", ""))

	refused(t, "a colleague taking it", b.cw.Assign(ctx, b.Colleague, caseID, b.Colleague.User))
	fault(t, "other_office", b.cw.Assign(ctx, b.Supervisor, caseID, b.Shelter.User))
	fault(t, "other_office", b.cw.Assign(ctx, b.Supervisor, caseID, b.Enumerator.User)) // of the office, but with no right to a case
	ok(t, b.cw.Assign(ctx, b.Supervisor, caseID, b.Colleague.User))
	if row := b.row(b.Colleague, "cases", caseID); row.Owner != b.Colleague.User {
		t.Error("the case did not move")
	}
	for _, r := range rows {
		if row := b.row(b.Colleague, r[0], r[1]); row.Owner != b.Colleague.User {
			t.Errorf("the unfinished %s, %s, stays with the one before", r[0], row.State)
		}
	}
	if row := b.row(b.Colleague, "services", finished); row.Owner != b.Caseworker.User {
		t.Error("what was finished names another worker than did it")
	}
	if told := b.told(b.Colleague, caseID); !slices.Contains(told, "case_assigned") {
		t.Errorf("the new worker was told %v", told)
	}
	_, err := b.Node.Registry.Unseal(ctx, b.Now(b.Colleague), "people", person, []string{"first_name"}, "contact")
	ok(t, err)
	_, err = b.Node.Registry.Unseal(ctx, b.Now(b.Caseworker), "people", person, []string{"first_name"}, "contact")
	refused(t, "the worker before, unsealing", err)
	refused(t, "the worker before, writing", second(b.cw.AddTask(ctx, b.Caseworker, caseID, "contact", "2026-04-09", "")))
	due, err := b.cw.Mine(ctx, b.Colleague, 30)
	ok(t, err)
	if !slices.ContainsFunc(due.Services, func(r *registry.Row) bool { return r.ID == underWay }) {
		t.Error("what is under way is not in the new worker's list")
	}
}

func restricted(b *bench) {
	t := b.t
	caseID := b.open(b.Caseworker, casework.Opening{Restricted: true, PersonValues: registry.Values{"first_name": "Breshna"}})
	e := b.episode(caseID, true)
	rows := [][2]string{{"cases", caseID}, {"people", b.row(b.Caseworker, "cases", caseID).Person}, {"episodes", e}, {"services", b.plan(caseID, "cash")},
		{"tasks", b.file(b.Caseworker, caseID).Tasks[0].ID}, {"consents", b.shelterConsent(caseID, "needs")}, {"decisions", b.negative(caseID, e)}}
	for _, r := range rows {
		if !b.row(b.Caseworker, r[0], r[1]).Restricted {
			t.Errorf("%s of a restricted case are not restricted", r[0])
		}
		err := b.Node.Store.Read(ctx, func(tx *store.Tx) error {
			_, err := b.Node.Registry.Get(tx, b.Now(b.Colleague), r[0], r[1])
			if err == nil {
				t.Errorf("a colleague sees %s of a restricted case", r[0])
			}
			page, err2 := b.Node.Registry.List(tx, b.Now(b.Colleague), registry.Query{Register: r[0], Where: []registry.Cond{registry.On("id", "=", r[1])}})
			if len(page.Rows) != 0 || err2 != nil {
				t.Errorf("a colleague lists %s of a restricted case (%v)", r[0], err2)
			}
			return err
		})
		refused(t, "a colleague reading "+r[0], err)
		b.row(b.Supervisor, r[0], r[1])
	}
}

func brokenGlass(b *bench) {
	t := b.t
	const reason = "The person Zeenat called in danger."
	caseID := b.open(b.Caseworker, casework.Opening{PersonValues: registry.Values{"first_name": "Zeenat"}})
	code := b.row(b.Caseworker, "cases", caseID).Values.String("code")
	if id, err := b.cw.ByCode(ctx, strings.ToLower(code)); err != nil || id != caseID {
		t.Errorf("by its code: %v", err)
	}
	_, err := b.cw.ByCode(ctx, "AAAA-AAAA")
	refused(t, "a code that is none", err)
	for who, sub := range map[string]access.Subject{"shelter": b.Shelter, "third": b.Third, "data officer": b.DataOfficer, "administrator": b.Admin} {
		refused(t, who+" breaking the glass", b.cw.BreakGlass(ctx, sub, caseID, reason, time.Hour))
	}
	refused(t, "no case", b.cw.BreakGlass(ctx, b.Colleague, "nothing", reason, time.Hour))
	for _, x := range []struct {
		limit time.Duration
		text  string
		want  error
	}{{25 * time.Hour, reason, access.ErrLimit}, {0, reason, access.ErrLimit}, {time.Hour, "hurry", access.ErrReason}} {
		if err := b.cw.BreakGlass(ctx, b.Colleague, caseID, x.text, x.limit); !errors.Is(err, x.want) {
			t.Errorf("%v %q: %v", x.limit, x.text, err)
		}
	}
	ok(t, b.cw.BreakGlass(ctx, b.Colleague, caseID, reason, time.Hour))
	person := b.row(b.Colleague, "cases", caseID).Person
	_, err = b.Node.Registry.Unseal(ctx, b.Now(b.Colleague), "people", person, []string{"first_name"}, "contact")
	ok(t, err)
	e := b.episode(caseID, true)
	refused(t, "deciding through broken glass", second(b.cw.Decide(ctx, b.Colleague, caseID, casework.Decision{Episode: e, Standard: standard, Outcome: "trafficking"})))
	refused(t, "closing through broken glass", b.cw.Close(ctx, b.Colleague, caseID, "died", ""))
	for who, sub := range map[string]access.Subject{"owner": b.Caseworker, "supervisor": b.Supervisor} {
		if told := b.told(sub, caseID); !slices.Contains(told, "glass_broken") {
			t.Errorf("the %s was told %v", who, told)
		}
	}
	// What was typed as the reason goes with the person.
	ok(t, b.Node.Store.Read(ctx, func(tx *store.Tx) error {
		keys, err := tx.Strings("SELECT key_id FROM submissions WHERE form = 'case.break_glass' AND case_id = ?", caseID)
		if err != nil || len(keys) != 1 {
			t.Fatalf("%d acts, %v", len(keys), err)
		}
		owner, err := b.Node.Vault.Owner(tx, keys[0])
		if owner != person {
			t.Error("the reason is sealed under another key than the person's")
		}
		return err
	}))
}

func erasureFromOutside(b *bench) {
	t := b.t
	first := b.open(b.Caseworker, casework.Opening{PersonValues: registry.Values{"first_name": "Kashmala"}})
	person := b.row(b.Caseworker, "cases", first).Person
	for who, sub := range map[string]access.Subject{"the worker": b.Caseworker, "a colleague": b.Colleague, "the shelter": b.Shelter, "the administrator": b.Admin, "the data officer": b.DataOfficer} {
		_, err := b.cw.Erase(ctx, sub, first)
		refused(t, who+" erasing", err)
	}
	// A supervisor who works on one case of the person is not outside of the other either.
	second := b.open(b.Supervisor, casework.Opening{Person: person})
	_, err := b.cw.Erase(ctx, b.Supervisor, first)
	fault(t, "erase_from_outside", err)
	ok(t, b.cw.Assign(ctx, b.Supervisor, second, b.Colleague.User))
	_, err = b.cw.Erase(ctx, b.Supervisor, first)
	ok(t, err)
	if got := b.row(b.Supervisor, "cases", second).State; got != "Closed" {
		t.Errorf("the person's other case is %s", got)
	}
}

func hold(b *bench) {
	t := b.t
	caseID := b.open(b.Caseworker, casework.Opening{PersonValues: registry.Values{"first_name": "Rukhsana"}})
	person := b.row(b.Caseworker, "cases", caseID).Person
	for who, sub := range map[string]access.Subject{"the worker": b.Caseworker, "the shelter": b.Shelter} {
		refused(t, who+" holding", b.cw.Hold(ctx, sub, caseID, "order 17"))
	}
	ok(t, b.cw.Hold(ctx, b.Supervisor, caseID, "order 17"))
	receipt, err := b.cw.Erase(ctx, b.Supervisor, caseID)
	ok(t, err)
	if !receipt.Hold || !receipt.Done.IsZero() || !receipt.BackupsGone.IsZero() || receipt.Code == "" {
		t.Errorf("the receipt of a held file is %+v", receipt)
	}
	v, err := b.Node.Registry.Unseal(ctx, b.Now(b.Caseworker), "people", person, []string{"first_name"}, "contact")
	if err != nil || v.String("first_name") != "Rukhsana" || b.state("cases", caseID) != "Active" {
		t.Errorf("a held file lost its name: %v", err)
	}
	ok(t, b.cw.Hold(ctx, b.Supervisor, caseID, ""))
	receipt, err = b.cw.Erase(ctx, b.Supervisor, caseID)
	if err != nil || receipt.Hold || receipt.Done.IsZero() {
		t.Errorf("after the hold: %+v %v", receipt, err)
	}
}

func erasure(b *bench) {
	t := b.t
	const name = "Qandeelgulab"
	caseID := b.open(b.Caseworker, casework.Opening{PersonValues: registry.Values{"first_name": name, "phone": "0300 7777777"}, CaseValues: registry.Values{"recruitment_place": name + "pur"}})
	person := b.row(b.Caseworker, "cases", caseID).Person
	earlier := b.open(b.Caseworker, casework.Opening{Person: person})
	b.consent(earlier, casework.Consent{Purpose: "statistics", Given: true})
	ok(t, b.cw.Close(ctx, b.Caseworker, earlier, "goals_met", "about "+name))
	r, err := b.Node.Forms.Submit(ctx, b.Enumerator, forms.Filled{Form: "interview", Body: []byte("<data>" + name + "</data>"), State: forms.Received, Files: []forms.File{{Name: "voice.m4a", Body: []byte("voice of " + name)}}}, nil)
	ok(t, err)
	third := b.open(b.Caseworker, casework.Opening{Person: person, Intake: r.Instance})
	must[string](t)(b.cw.AddEpisode(ctx, b.Caseworker, caseID, registry.Values{"kind": "Transit", "narrative": name + " walked."}))
	base := b.row(b.Caseworker, "people", person).Version
	for _, phone := range []string{"0300 8888888", "0300 9999999"} { // the second waits as a conflict
		ok(t, second(b.cw.ChangePerson(ctx, b.Caseworker, caseID, base, registry.Values{"phone": phone})))
	}
	must[string](t)(b.cw.AddTask(ctx, b.Caseworker, caseID, "contact", "2026-04-09", "ask for "+name))
	ok(t, b.cw.BreakGlass(ctx, b.Colleague, caseID, "She rang and was afraid.", time.Hour))
	consent := b.shelterConsent(caseID, "identity", "needs")
	service := b.plan(caseID, "shelter")
	underWay := b.plan(caseID, "health")
	ok(t, b.cw.MoveService(ctx, b.Caseworker, caseID, underWay, "in_progress", "", name))
	referral, sent := b.refer(caseID, consent, service, "identity", "needs"), b.refer(caseID, consent, "", "needs")
	ok(t, b.cw.Accept(ctx, b.Shelter, referral))
	other := b.open(b.Caseworker, casework.Opening{PersonValues: registry.Values{"first_name": "Stays"}})

	before := b.sealedOf(person)
	for _, table := range []string{"r_people", "r_cases", "r_episodes", "r_tasks", "r_services", "submissions", "submission_chunks", "history", "conflicts"} {
		if before[table] == 0 {
			t.Errorf("before the erasure %s seals nothing of the person; the test would see nothing", table)
		}
	}
	receipt, err := b.cw.Erase(ctx, b.Supervisor, caseID)
	ok(t, err)
	if receipt.Hold || receipt.Code == "" || receipt.BackupsGone.Sub(receipt.Done) < 24*time.Hour {
		t.Errorf("receipt %+v", receipt)
	}
	for table, n := range b.sealedOf(person) {
		t.Errorf("%s still holds %d readable values of the person", table, n)
	}
	if where := b.clear(name); len(where) > 0 {
		t.Errorf("the name stands in clear in %v", where)
	}
	_, err = b.Node.Registry.Unseal(ctx, b.Now(b.Supervisor), "people", person, []string{"first_name"}, "contact")
	if !errors.Is(err, vault.ErrErased) {
		t.Errorf("unsealing the name: %v", err)
	}
	ok(t, b.Node.Store.Read(ctx, func(tx *store.Tx) error {
		var tokens, keys int
		if err := errors.Join(tx.Row("SELECT count(*) FROM blind WHERE row_id = ?", person).Scan(&tokens), tx.Row("SELECT count(*) FROM vault_keys WHERE owner = ?", person).Scan(&keys)); err != nil {
			return err
		}
		if tokens != 0 || keys != 0 {
			t.Errorf("%d look-up values and %d keys are left", tokens, keys)
		}
		return nil
	}))
	refused(t, "the shelter after the erasure", viewErr(b.cw, b.Shelter, caseID))
	told := 0
	ok(t, b.Node.Store.Read(ctx, func(tx *store.Tx) error {
		list, err := b.cw.Notices(tx, b.Shelter, 10)
		for _, n := range list {
			if n.Kind == "person_erased" {
				told++
				if n.Case != "" || n.Object != "" {
					t.Error("the notice of the erasure says whose")
				}
			}
		}
		return err
	}))
	if told != 1 {
		t.Errorf("the receiver was told %d times", told)
	}
	for _, x := range [][3]string{{"cases", caseID, "Closed"}, {"cases", third, "Closed"}, {"cases", earlier, "Closed"}, {"services", service, "cancelled"}, {"services", underWay, "cancelled"}, {"referrals", referral, "ended"}, {"referrals", sent, "ended"}} {
		if got := b.row(b.Supervisor, x[0], x[1]).State; got != x[2] {
			t.Errorf("%s: %s, want %s", x[0], got, x[2])
		}
	}
	for _, c := range []string{caseID, third, earlier} {
		if b.row(b.Supervisor, "cases", c).Values.Bool("statistics") {
			t.Error("a case of the erased person is still counted")
		}
	}
	if got := b.row(b.Supervisor, "cases", earlier).Values.String("closure_reason"); got != "goals_met" {
		t.Errorf("a case that was closed before now says %s", got)
	}
	if b.state("cases", other) != "Active" {
		t.Error("another person's case was closed")
	}
	// Nothing can be written about her any more, and nobody joins her again.
	for what, err := range map[string]error{
		"a task": second(b.cw.AddTask(ctx, b.Caseworker, caseID, "contact", "2026-04-09", "")), "her name": second(b.cw.ChangePerson(ctx, b.Caseworker, caseID, 0, registry.Values{"first_name": "again"})),
		"a new case": second(b.cw.Open(ctx, b.Caseworker, casework.Opening{Person: person})),
	} {
		if !errors.Is(err, vault.ErrErased) {
			t.Errorf("writing %s after the erasure: %v", what, err)
		}
	}
	rep, err := b.Node.VerifyAudit(ctx, nil)
	if err != nil || rep.Fault != nil {
		t.Errorf("audit %+v %v", rep, err)
	}
}

// eachBlob runs f for every sealed value and every text of every table.
func (b *bench) eachValue(f func(tx *store.Tx, table, column string, v any)) {
	b.t.Helper()
	ok(b.t, b.Node.Store.Read(ctx, func(tx *store.Tx) error {
		tables, err := tx.Tables()
		if err != nil {
			return err
		}
		for _, table := range tables {
			type cell struct {
				column string
				v      any
			}
			var cells []cell
			if err := tx.Each(func(rows *sql.Rows) error {
				values, dest := make([]any, len(table.Columns)), make([]any, len(table.Columns))
				for i := range values {
					dest[i] = &values[i]
				}
				err := rows.Scan(dest...)
				for i, v := range values {
					if bytes, is := v.([]byte); is {
						v = slices.Clone(bytes)
					}
					cells = append(cells, cell{table.Columns[i].Name, v})
				}
				return err
			}, "SELECT * FROM "+table.Name); err != nil {
				return err
			}
			for _, c := range cells {
				f(tx, table.Name, c.column, c.v)
			}
		}
		return nil
	}))
}

// sealedOf counts, by table, the sealed values whose key belongs to the person and can be used.
func (b *bench) sealedOf(person string) map[string]int {
	b.t.Helper()
	out := map[string]int{}
	owners := map[string]string{}
	b.eachValue(func(tx *store.Tx, table, column string, v any) {
		blob, is := v.([]byte)
		if !is {
			return
		}
		key, err := vault.KeyOf(blob)
		if err != nil {
			return
		}
		owner, known := owners[key]
		if !known {
			owner, _ = b.Node.Vault.Owner(tx, key)
			owners[key] = owner
		}
		if owner == person {
			out[table]++
		}
	})
	return out
}

// clear lists the columns in which a text stands in clear.
func (b *bench) clear(text string) (where []string) {
	b.t.Helper()
	b.eachValue(func(tx *store.Tx, table, column string, v any) {
		s, is := v.(string)
		if blob, isBlob := v.([]byte); isBlob {
			s, is = string(blob), true
		}
		if is && strings.Contains(strings.ToLower(s), strings.ToLower(text)) {
			where = append(where, table+"."+column)
		}
	})
	return where
}

func consentEnds(b *bench) {
	t := b.t
	caseID := b.open(b.Caseworker, casework.Opening{PersonValues: registry.Values{"first_name": "Lailuma"}})
	zone := b.Node.Zone()
	until := b.Clock.Now().In(zone).AddDate(0, 0, 2).Format(time.DateOnly)
	consent := b.consent(caseID, casework.Consent{Purpose: "partner", Receiver: b.Shelter.Org, Given: true, Groups: []string{"needs", "identity"}, Until: until})
	accepted, waiting := b.refer(caseID, consent, "", "needs", "identity"), b.refer(caseID, consent, "", "needs")
	ok(t, b.cw.Accept(ctx, b.Shelter, accepted))
	person := b.file(b.Shelter, caseID).Person.ID
	end, err := time.ParseInLocation(time.DateOnly, until, zone)
	ok(t, err)
	b.Clock.Add(end.AddDate(0, 0, 1).Add(-time.Minute).Sub(b.Clock.Now()))
	ok(t, viewErr(b.cw, b.Shelter, caseID)) // the last day is a day
	b.Clock.Add(2 * time.Minute)
	refused(t, "the shelter after the end of the consent", viewErr(b.cw, b.Shelter, caseID))
	_, err = b.Node.Registry.Unseal(ctx, b.Now(b.Shelter), "people", person, []string{"first_name"}, "contact")
	refused(t, "unsealing after the end of the consent", err)
	fault(t, "consent_not_given", b.cw.Accept(ctx, b.Shelter, waiting))
	if got := b.state("referrals", waiting); got != "sent" {
		t.Errorf("a referral that could not be accepted is %s", got)
	}
	_, err = b.cw.Refer(ctx, b.Caseworker, caseID, casework.Referral{Service: "shelter", Receiver: b.Shelter.Org, Urgency: "days", Consent: consent})
	fault(t, "consent_not_given", err)
}
