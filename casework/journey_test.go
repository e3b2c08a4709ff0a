package casework_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"aman/casework"
	"aman/node"
	"aman/node/nodetest"
	"aman/platform/access"
	"aman/platform/store"
	"aman/registry"
)

var ctx = context.Background()

func must[T any](t *testing.T) func(T, error) T {
	return func(v T, err error) T {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
}

func ok(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func refused(t *testing.T, what string, err error) {
	t.Helper()
	if access.AsRefusal(err) == nil {
		t.Errorf("%s: %v, want a refusal", what, err)
	}
}

func fault(t *testing.T, want string, err error) {
	t.Helper()
	if f := casework.AsFault(err); f == nil || f.Code != want {
		t.Errorf("%v, want the fault %s", err, want)
	}
}

func get(t *testing.T, n *node.Node, sub access.Subject, register, id string) *registry.Row {
	t.Helper()
	var row *registry.Row
	ok(t, n.Store.Read(ctx, func(tx *store.Tx) (err error) { row, err = n.Registry.Get(tx, sub, register, id); return err }))
	return row
}

func TestTheJourneyOfOneCase(t *testing.T) {
	nodetest.Each(t, func(t *testing.T, w *nodetest.World) {
		n, cw := w.Node, w.Node.Casework
		str := must[string](t)

		caseID := str(cw.Open(ctx, w.Caseworker, casework.Opening{
			PersonValues: registry.Values{"first_name": "Zarmina", "second_name": "Testperson", "sex": "female", "age_band": "18--20", "citizenship": []string{"AFG"}},
			CaseValues:   registry.Values{"exploitation_types": []string{"ForcedLabour"}, "methods_of_control": []string{"WithholdsDocuments"}},
		}))
		file, err := cw.View(ctx, w.Caseworker, caseID)
		ok(t, err)
		if file.Person == nil || file.Person.Values.String("first_name") != "" {
			t.Error("the person's name is not sealed, or the person is missing")
		}
		if file.Case.Values.String("code") == "" || len(file.Tasks) != 1 {
			t.Errorf("code %q and %d tasks, want a code and the first contact", file.Case.Values.String("code"), len(file.Tasks))
		}
		names, err := n.Registry.Unseal(ctx, w.Now(w.Caseworker), "people", file.Person.ID, []string{"first_name"}, "contact")
		ok(t, err)
		if names.String("first_name") != "Zarmina" {
			t.Errorf("unsealed %q", names.String("first_name"))
		}

		// Nobody else may look.
		for who, sub := range map[string]access.Subject{"third organisation": w.Third, "administrator": w.Admin, "enumerator": w.Enumerator, "shelter before any referral": w.Shelter} {
			_, err := cw.View(ctx, sub, caseID)
			refused(t, who, err)
		}

		// Consent.
		_, err = cw.RecordConsent(ctx, w.Caseworker, caseID, casework.Consent{Purpose: "partner", Given: true, Checks: []string{"refusal_free"}})
		fault(t, "consent_receiver", err)
		made := must[[]string](t)(cw.RecordConsent(ctx, w.Caseworker, caseID,
			casework.Consent{Purpose: "assist", Given: true, Checks: []string{"refusal_free"}},
			casework.Consent{Purpose: "partner", Receiver: w.Shelter.Org, Given: true, Groups: []string{"identity", "needs"}, Checks: []string{"refusal_free", "sharing_explained"}},
			casework.Consent{Purpose: "law_enforcement", Receiver: w.Third.Org, Given: false}))
		consent := made[1]

		// The journey and a decision.
		episode := str(cw.AddEpisode(ctx, w.Caseworker, caseID, registry.Values{"kind": "Transit", "from_country": "PAK", "to_country": "IRN", "started_on": "2026-03-01",
			"facts_yes": []string{"act.recruitment", "means.deception"}}))
		work := str(cw.AddEpisode(ctx, w.Caseworker, caseID, registry.Values{"kind": "Exploitation", "to_country": "IRN", "started_on": "2026-03-10",
			"exploitation_types": []string{"ForcedLabour"}, "methods_of_control": []string{"WithholdsDocuments"},
			"facts_yes": []string{"act.recruitment", "means.deception", "purpose.forced_labour"}}))
		_, err = cw.Decide(ctx, w.Caseworker, caseID, casework.Decision{Episode: work, Standard: "palermo-trafficking", Outcome: "neither"})
		fault(t, "reasons", err)
		str(cw.Decide(ctx, w.Caseworker, caseID, casework.Decision{Episode: work, Standard: "palermo-trafficking", Outcome: "trafficking", Status: "PossibleVictimOfTrafficking"}))
		negative := str(cw.Decide(ctx, w.Caseworker, caseID, casework.Decision{Episode: episode, Standard: "palermo-trafficking", Outcome: "neither", Reasons: "The leg alone shows no purpose of exploitation."}))
		refused(t, "reviewing one's own decision", cw.Review(ctx, w.Caseworker, caseID, negative, true, ""))
		ok(t, cw.Review(ctx, w.Supervisor, caseID, negative, true, ""))
		if got := get(t, n, w.Supervisor, "cases", caseID).Values.String("trafficking_status"); got != "PossibleVictimOfTrafficking" {
			t.Errorf("trafficking status %q: a negative about one leg spoke for the whole case", got)
		}

		// A referral: need first, story never, what was agreed afterwards.
		service := str(cw.PlanService(ctx, w.Caseworker, caseID, registry.Values{"service": "shelter", "due_on": "2026-04-01"}))
		_, err = cw.Refer(ctx, w.Caseworker, caseID, casework.Referral{ServiceRow: service, Service: "shelter", Receiver: w.Shelter.Org, Urgency: "days", Consent: consent, Groups: []string{"journey"}})
		fault(t, "consent_not_for_group", err)
		_, err = cw.Refer(ctx, w.Caseworker, caseID, casework.Referral{Service: "shelter", Receiver: w.Third.Org, Urgency: "days", Consent: consent, Groups: []string{"needs"}})
		fault(t, "consent_other_receiver", err)
		referral := str(cw.Refer(ctx, w.Caseworker, caseID, casework.Referral{ServiceRow: service, Service: "shelter", Receiver: w.Shelter.Org, Urgency: "days", Beds: 1, Consent: consent, Groups: []string{"identity", "needs"}}))
		seen := get(t, n, w.Shelter, "referrals", referral)
		if seen.Values.Int("bed_need") != 1 || seen.Values.String("sex") != "female" || seen.Values["consent"] != nil {
			t.Errorf("before accepting the shelter sees %v", seen.Values)
		}
		refused(t, "the shelter opening the case before accepting", viewErr(cw, w.Shelter, caseID))
		refused(t, "the sender accepting for the receiver", cw.Accept(ctx, w.Caseworker, referral))
		refused(t, "a third organisation accepting", cw.Accept(ctx, w.Third, referral))
		ok(t, cw.Accept(ctx, w.Shelter, referral))
		fault(t, "referral_state", cw.Accept(ctx, w.Shelter, referral))
		shared, err := cw.View(ctx, w.Shelter, caseID)
		ok(t, err)
		if shared.Person == nil || len(shared.Episodes) != 0 || len(shared.Consents) != 0 || shared.Case.Values["trafficking_status"] != nil {
			t.Error("the shelter sees more or less than the consent names")
		}
		got, err := n.Registry.Unseal(ctx, w.Now(w.Shelter), "people", shared.Person.ID, []string{"first_name"}, "contact")
		if err != nil || got.String("first_name") != "Zarmina" {
			t.Errorf("the shelter unsealed %v, %v", got, err)
		}
		_, err = n.Registry.Unseal(ctx, w.Now(w.Shelter), "people", shared.Person.ID, []string{"phone"}, "contact")
		refused(t, "the shelter unsealing what was not agreed", err)
		ok(t, cw.Complete(ctx, w.Shelter, referral, "met", "Settled in well."))
		if s := get(t, n, w.Caseworker, "services", service); s.State != "done" || s.Values.String("outcome") != "met" {
			t.Errorf("the planned service is %s %v", s.State, s.Values["outcome"])
		}

		// Overview of the supervisor.
		o, err := cw.Overview(ctx, w.Supervisor)
		ok(t, err)
		if len(o.Loads) != 1 || o.Loads[0].Active != 1 || len(o.ReferralsByState) != 1 {
			t.Errorf("overview %+v", o)
		}

		// Withdrawal closes the shelter's view and tells it.
		ok(t, cw.Withdraw(ctx, w.Caseworker, caseID, consent))
		refused(t, "the shelter after withdrawal", viewErr(cw, w.Shelter, caseID))
		var told []casework.Notice
		ok(t, n.Store.Read(ctx, func(tx *store.Tx) (err error) { told, err = cw.Notices(tx, w.Shelter, 10); return err }))
		if len(told) == 0 || told[0].Kind != "consent_withdrawn" {
			t.Errorf("the shelter was told %v", told)
		}

		// Erasure, from outside the team.
		_, err = cw.Erase(ctx, w.Caseworker, caseID)
		refused(t, "erasure by the case's own worker", err)
		person := file.Person.ID
		receipt, err := cw.Erase(ctx, w.Supervisor, caseID)
		ok(t, err)
		if receipt.BackupsGone.Before(receipt.Done) || receipt.Code == "" {
			t.Errorf("receipt %+v", receipt)
		}
		if _, err = n.Registry.Unseal(ctx, w.Now(w.Supervisor), "people", person, []string{"first_name"}, "contact"); err == nil {
			t.Error("the name can still be read after the erasure")
		}
		var matches []registry.Match
		ok(t, n.Store.Read(ctx, func(tx *store.Tx) (err error) {
			matches, err = n.Registry.Similar(tx, w.Supervisor, "people", map[string]string{"first_name": "Zarmina"}, 10)
			return err
		}))
		if len(matches) != 0 {
			t.Error("the erased person is still found by name")
		}
		rep, err := n.VerifyAudit(ctx, nil)
		if err != nil || rep.Fault != nil {
			t.Errorf("audit %+v %v", rep, err)
		}
	})
}

func viewErr(cw *casework.Service, sub access.Subject, id string) error {
	_, err := cw.View(ctx, sub, id)
	return err
}

func TestBreakGlassIsTimedAndTold(t *testing.T) {
	nodetest.Each(t, func(t *testing.T, w *nodetest.World) {
		cw := w.Node.Casework
		caseID := must[string](t)(cw.Open(ctx, w.Caseworker, casework.Opening{PersonValues: registry.Values{"sex": "male"}, Restricted: true}))
		refused(t, "a colleague looking at a restricted case", viewErr(cw, w.Colleague, caseID))
		if err := cw.BreakGlass(ctx, w.Colleague, caseID, "short", time.Hour); !errors.Is(err, access.ErrReason) {
			t.Errorf("break-glass without a reason: %v", err)
		}
		ok(t, cw.BreakGlass(ctx, w.Colleague, caseID, "The person called the office in danger.", time.Hour))
		ok(t, viewErr(cw, w.Colleague, caseID))
		w.Clock.Add(61 * time.Minute)
		refused(t, "a colleague after the hour", viewErr(cw, w.Colleague, caseID))
		var told []casework.Notice
		ok(t, w.Node.Store.Read(ctx, func(tx *store.Tx) (err error) { told, err = cw.Notices(tx, w.Supervisor, 10); return err }))
		if len(told) != 1 || told[0].Kind != "glass_broken" {
			t.Errorf("the supervisor was told %v", told)
		}
	})
}
