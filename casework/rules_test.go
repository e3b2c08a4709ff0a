package casework_test

import (
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"aman/casework"
	"aman/forms"
	"aman/node/nodetest"
	"aman/platform/access"
	"aman/platform/store"
	"aman/registry"
)

// bench is a world with short words for what its people do.
type bench struct {
	*nodetest.World
	t  *testing.T
	cw *casework.Service
}

func (b *bench) open(sub access.Subject, o casework.Opening) string {
	b.t.Helper()
	return must[string](b.t)(b.cw.Open(ctx, sub, o))
}

func (b *bench) row(sub access.Subject, register, id string) *registry.Row {
	b.t.Helper()
	return get(b.t, b.Node, b.Now(sub), register, id)
}

func (b *bench) consent(caseID string, c casework.Consent) string {
	b.t.Helper()
	if c.Checks == nil {
		c.Checks = []string{"refusal_free"}
	}
	return must[[]string](b.t)(b.cw.RecordConsent(ctx, b.Caseworker, caseID, c))[0]
}

// shelter is a consent to share these groups with the shelter.
func (b *bench) shelterConsent(caseID string, groups ...string) string {
	b.t.Helper()
	return b.consent(caseID, casework.Consent{Purpose: "partner", Receiver: b.Shelter.Org, Given: true, Groups: groups})
}

func (b *bench) refer(caseID, consent, service string, groups ...string) string {
	b.t.Helper()
	return must[string](b.t)(b.cw.Refer(ctx, b.Caseworker, caseID, casework.Referral{ServiceRow: service, Service: "shelter", Receiver: b.Shelter.Org, Urgency: "days", Beds: 1, Consent: consent, Groups: groups}))
}

func (b *bench) plan(caseID, service string) string {
	b.t.Helper()
	return must[string](b.t)(b.cw.PlanService(ctx, b.Caseworker, caseID, registry.Values{"service": service, "due_on": "2026-04-09"}))
}

func (b *bench) file(sub access.Subject, caseID string) *casework.File {
	b.t.Helper()
	f, err := b.cw.Peek(ctx, sub, caseID)
	ok(b.t, err)
	return f
}

// told lists what the subject was told about an object, newest first.
func (b *bench) told(sub access.Subject, object string) (kinds []string) {
	b.t.Helper()
	ok(b.t, b.Node.Store.Read(ctx, func(tx *store.Tx) error {
		list, err := b.cw.Notices(tx, sub, 1000)
		for _, n := range list {
			if n.Object == object || n.Case == object {
				kinds = append(kinds, n.Kind)
			}
		}
		return err
	}))
	return kinds
}

func (b *bench) state(register, id string) string { return b.row(b.Caseworker, register, id).State }

// TestRules holds each rule of the package comment, on both engines. Every part opens
// cases of its own, so that they share one world.
func TestRules(t *testing.T) {
	nodetest.Each(t, func(t *testing.T, w *nodetest.World) {
		for _, r := range []struct {
			name string
			test func(*bench)
		}{
			{"an interview becomes a case once", interviewOnce}, {"an act sent twice acts once", sentTwice}, {"opening", opening},
			{"a consent has a purpose and a receiver", consentFaults}, {"nothing is shared beyond a consent", beyondConsent},
			{"withdrawal", withdrawal}, {"counting follows the consent", counting}, {"what a receiver sees", receiverSees},
			{"every act in every state of a referral", referralStates}, {"referral and planned service", referralService},
			{"decisions", decisions}, {"a negative", negative}, {"a negative ends no help", negativeEndsNoHelp}, {"values that belong to acts", valuesOfActs},
			{"return and fear", fearOfReturn}, {"states of a service", serviceStates}, {"closing", closing}, {"contacts", contacts},
			{"assigning", assigning}, {"restricted", restricted}, {"broken glass", brokenGlass}, {"parts of another case", partsOfAnother},
			{"who is told", whoIsTold}, {"erasure from outside", erasureFromOutside}, {"hold", hold}, {"erasure", erasure},
			{"the end of a consent", consentEnds}, // moves the clock by days
		} {
			t.Run(r.name, func(t *testing.T) { r.test(&bench{w, t, w.Node.Casework}) })
		}
	})
}

func interviewOnce(b *bench) {
	intake := func() string {
		r, err := b.Node.Forms.Submit(ctx, b.Enumerator, forms.Filled{Form: "interview", Body: []byte("<data/>"), State: forms.Received}, nil)
		ok(b.t, err)
		return r.Instance
	}
	first := intake()
	b.open(b.Caseworker, casework.Opening{Intake: first, PersonValues: registry.Values{"first_name": "Gulalai"}})
	cases := func() (n int) {
		ok(b.t, b.Node.Store.Read(ctx, func(tx *store.Tx) error { return tx.Row("SELECT count(*) FROM r_cases").Scan(&n) }))
		return n
	}
	before := cases()
	if _, err := b.cw.Open(ctx, b.Colleague, casework.Opening{Intake: first}); !errors.Is(err, forms.ErrTaken) {
		b.t.Errorf("the second caseworker was told %v", err)
	}
	if cases() != before {
		b.t.Error("the second opening left a case behind")
	}
	second := intake()
	ok(b.t, b.Node.Forms.Dismiss(ctx, b.Caseworker, second, "test"))
	if _, err := b.cw.Open(ctx, b.Colleague, casework.Opening{Intake: second}); !errors.Is(err, forms.ErrTaken) {
		b.t.Errorf("an interview that was set aside became a case: %v", err)
	}
	_, err := b.cw.Open(ctx, b.Shelter, casework.Opening{Intake: intake()})
	refused(b.t, "another organisation's interview", err)
}

func sentTwice(b *bench) {
	t := b.t
	once := func(id string, f func() (string, error)) {
		t.Helper()
		a, err := f()
		ok(t, err)
		again, err := f()
		ok(t, err)
		if a != again || a == "" {
			t.Errorf("%s sent twice gave %q and %q", id, a, again)
		}
	}
	var caseID string
	once("open", func() (id string, err error) {
		caseID, err = b.cw.Open(casework.WithInstance(ctx, "i-open"), b.Caseworker, casework.Opening{PersonValues: registry.Values{"sex": "female"}})
		return caseID, err
	})
	b.row(b.Caseworker, "cases", caseID)
	once("episode", func() (string, error) {
		return b.cw.AddEpisode(casework.WithInstance(ctx, "i-ep"), b.Caseworker, caseID, registry.Values{"kind": "Transit"})
	})
	once("service", func() (string, error) {
		return b.cw.PlanService(casework.WithInstance(ctx, "i-plan"), b.Caseworker, caseID, registry.Values{"service": "cash"})
	})
	once("task", func() (string, error) {
		return b.cw.AddTask(casework.WithInstance(ctx, "i-task"), b.Caseworker, caseID, "contact", "2026-04-09", "")
	})
	once("consent", func() (string, error) {
		made, err := b.cw.RecordConsent(casework.WithInstance(ctx, "i-con"), b.Caseworker, caseID, casework.Consent{Purpose: "assist", Given: true, Checks: []string{"refusal_free"}})
		return strings.Join(made, " "), err
	})
	f := b.file(b.Caseworker, caseID)
	if len(f.Episodes) != 1 || len(f.Services) != 1 || len(f.Tasks) != 2 || len(f.Consents) != 1 {
		t.Errorf("%d episodes, %d services, %d tasks, %d consents", len(f.Episodes), len(f.Services), len(f.Tasks), len(f.Consents))
	}
	if _, err := b.cw.AddTask(casework.WithInstance(ctx, "i-task"), b.Caseworker, caseID, "contact", "2026-04-10", ""); !errors.Is(err, forms.ErrDifferent) {
		t.Errorf("another act under the same instance: %v", err)
	}
	if err := b.cw.Reopen(casework.WithInstance(ctx, "i-same"), b.Caseworker, caseID); err != nil {
		t.Fatal(err)
	}
	if _, err := b.cw.PlanService(casework.WithInstance(ctx, "i-same"), b.Caseworker, caseID, registry.Values{}); !errors.Is(err, forms.ErrDifferent) {
		t.Errorf("an act of another form under the same instance: %v", err)
	}
}

func opening(b *bench) {
	t := b.t
	_, err := b.cw.Open(ctx, b.Caseworker, casework.Opening{Risk: "enormous"})
	fault(t, "risk", err)
	_, err = b.cw.Open(ctx, b.Caseworker, casework.Opening{Office: b.Shelter.Offices[0]})
	fault(t, "other_office", err)
	for who, sub := range map[string]access.Subject{"shelter": b.Shelter, "data officer": b.DataOfficer, "enumerator": b.Enumerator, "administrator": b.Admin} {
		if _, err := b.cw.Open(ctx, sub, casework.Opening{}); err == nil {
			t.Errorf("%s opened a case", who)
		}
	}
	for name, v := range map[string]any{"statistics": true, "closed_on": "2026-01-01", "closure_reason": "died"} {
		_, err := b.cw.Open(ctx, b.Caseworker, casework.Opening{CaseValues: registry.Values{name: v}})
		refused(t, "opening with "+name, err)
	}
	for risk, due := range map[string]string{"high": "2026-04-01", "medium": "2026-04-03", "low": "2026-04-07", "": "2026-04-03"} {
		f := b.file(b.Caseworker, b.open(b.Caseworker, casework.Opening{Risk: risk}))
		if len(f.Tasks) != 1 || f.Tasks[0].Values.String("due_on") != due || f.Tasks[0].Values.String("kind") != "contact" {
			t.Errorf("risk %q: %v, want a first contact by %s", risk, f.Tasks[0].Values, due)
		}
		if c := f.Case.Values; c.String("sex") != "unknown" || c.String("age_band") != "unknown" || c["statistics"] != nil || c.String("opened_on") != "2026-03-31" {
			t.Errorf("a case with nothing known has %v", c)
		}
	}
	// A second case of one person: what the record lacks is added, what it has stays.
	first := b.open(b.Caseworker, casework.Opening{PersonValues: registry.Values{"first_name": "Palwasha", "sex": "female"}})
	person := b.row(b.Caseworker, "cases", first).Person
	second := b.open(b.Caseworker, casework.Opening{Person: person, PersonValues: registry.Values{"first_name": "Nobody", "sex": "male", "phone": "0300 0000002", "age_band": "30--38"}})
	v, err := b.Node.Registry.Unseal(ctx, b.Now(b.Caseworker), "people", person, []string{"first_name", "phone"}, "contact")
	ok(t, err)
	row := b.row(b.Caseworker, "people", person)
	if v.String("first_name") != "Palwasha" || v.String("phone") != "0300 0000002" || row.Values.String("sex") != "female" || row.Values.String("age_band") != "30--38" {
		t.Errorf("joined to %v %v", v, row.Values)
	}
	if c := b.row(b.Caseworker, "cases", second); c.Person != person || c.Values.String("sex") != "female" || c.Values.String("age_band") != "30--38" {
		t.Errorf("the second case has %v", c.Values)
	}
	_, err = b.cw.Open(ctx, b.Colleague, casework.Opening{Person: b.row(b.Caseworker, "cases", b.open(b.Caseworker, casework.Opening{Restricted: true})).Person})
	refused(t, "joining a restricted person", err)
}

func consentFaults(b *bench) {
	t := b.t
	caseID := b.open(b.Caseworker, casework.Opening{})
	checks := []string{"refusal_free"}
	for _, x := range []struct {
		c    casework.Consent
		want string
	}{
		{casework.Consent{Purpose: "partner", Given: true, Groups: []string{"needs"}, Checks: checks}, "consent_receiver"},
		{casework.Consent{Purpose: "law_enforcement", Given: false}, "consent_receiver"},
		{casework.Consent{Purpose: "partner", Receiver: b.Shelter.Org, Given: true, Checks: checks}, "consent_groups"},
		{casework.Consent{Purpose: "assist", Given: true}, "consent_checks"},
		{casework.Consent{Purpose: "statistics", Given: true}, "consent_checks"},
	} {
		_, err := b.cw.RecordConsent(ctx, b.Caseworker, caseID, x.c)
		fault(t, x.want, err)
	}
	var value *registry.ValueError
	if _, err := b.cw.RecordConsent(ctx, b.Caseworker, caseID, casework.Consent{Purpose: "gossip", Given: true, Checks: checks}); !errors.As(err, &value) {
		t.Errorf("a purpose that is none: %v", err)
	}
	if n := len(b.file(b.Caseworker, caseID).Consents); n != 0 {
		t.Errorf("%d consents were kept of what was refused", n)
	}
	no := b.consent(caseID, casework.Consent{Purpose: "partner", Receiver: b.Shelter.Org, Given: false})
	row := b.row(b.Caseworker, "consents", no)
	if row.State != "refused" || row.Values.String("reader") != b.Caseworker.User || row.Values.Int("text_version") != casework.ConsentText || row.Values.String("given_on") == "" {
		t.Errorf("a refusal is kept as %s %v", row.State, row.Values)
	}
	b.plan(caseID, "shelter") // a refusal costs no help
	for who, sub := range map[string]access.Subject{"colleague": b.Colleague, "shelter": b.Shelter} {
		_, err := b.cw.RecordConsent(ctx, sub, caseID, casework.Consent{Purpose: "assist", Given: true, Checks: checks})
		refused(t, who+" recording consent", err)
	}
}

func beyondConsent(b *bench) {
	t := b.t
	caseID, other := b.open(b.Caseworker, casework.Opening{}), b.open(b.Caseworker, casework.Opening{})
	// A refusal ends what was agreed before, so it comes first.
	no := b.consent(caseID, casework.Consent{Purpose: "partner", Receiver: b.Shelter.Org})
	good := b.shelterConsent(caseID, "identity", "needs")
	past := b.consent(caseID, casework.Consent{Purpose: "partner", Receiver: b.Shelter.Org, Given: true, Groups: []string{"needs"}, Until: "2026-03-30"})
	withdrawn := b.shelterConsent(caseID, "needs")
	ok(t, b.cw.Withdraw(ctx, b.Caseworker, caseID, withdrawn))
	for _, x := range []struct {
		name, consent, receiver string
		groups                  []string
		want                    string
	}{
		{"none", "", b.Shelter.Org, nil, "consent_needed"},
		{"refused", no, b.Shelter.Org, nil, "consent_not_given"},
		{"withdrawn", withdrawn, b.Shelter.Org, []string{"needs"}, "consent_not_given"},
		{"past", past, b.Shelter.Org, []string{"needs"}, "consent_not_given"},
		{"another receiver", good, b.Third.Org, []string{"needs"}, "consent_other_receiver"},
		{"another purpose", b.consent(caseID, casework.Consent{Purpose: "assist", Receiver: b.Shelter.Org, Given: true, Groups: []string{"needs"}}), b.Shelter.Org, []string{"needs"}, "consent_other_receiver"},
		{"another group", good, b.Shelter.Org, []string{"needs", "journey"}, "consent_not_for_group"},
		{"oneself", good, b.Caseworker.Org, nil, "receiver"}, {"nobody", good, "", nil, "receiver"},
	} {
		_, err := b.cw.Refer(ctx, b.Caseworker, caseID, casework.Referral{Service: "shelter", Receiver: x.receiver, Urgency: "days", Consent: x.consent, Groups: x.groups})
		if f := casework.AsFault(err); f == nil || f.Code != x.want {
			t.Errorf("%s: %v, want %s", x.name, err, x.want)
		}
	}
	_, err := b.cw.Refer(ctx, b.Caseworker, caseID, casework.Referral{Service: "shelter", Receiver: b.Shelter.Org, Urgency: "soon", Consent: good})
	fault(t, "urgency", err)
	_, err = b.cw.Refer(ctx, b.Caseworker, caseID, casework.Referral{Service: "shelter", Receiver: b.Shelter.Org, Urgency: "days", Consent: b.shelterConsent(other, "needs")})
	refused(t, "the consent of another case", err)
	if n := len(b.file(b.Caseworker, caseID).Referrals); n != 0 {
		t.Errorf("%d referrals were sent", n)
	}
	if _, err = b.cw.Refer(ctx, b.Colleague, caseID, casework.Referral{Service: "shelter", Receiver: b.Shelter.Org, Urgency: "days", Consent: good}); err == nil {
		t.Error("a colleague referred the case")
	}
	// Between sending and accepting the consent may go.
	r := b.refer(caseID, good, "", "needs")
	if at := b.row(b.Caseworker, "referrals", r).Values.Time("respond_by"); at.Sub(b.Clock.Now()).Round(time.Hour) != 72*time.Hour {
		t.Errorf("an answer is due at %v", at)
	}
}

func withdrawal(b *bench) {
	t := b.t
	caseID := b.open(b.Caseworker, casework.Opening{PersonValues: registry.Values{"first_name": "Spogmai"}})
	keep, end := b.shelterConsent(caseID, "needs"), b.shelterConsent(caseID, "identity", "journey")
	rows := map[string]string{}
	for _, state := range []string{"sent", "accepted"} {
		rows[state+" service"] = b.plan(caseID, "shelter")
		rows[state] = b.refer(caseID, end, rows[state+" service"], "identity", "journey")
	}
	ok(t, b.cw.Accept(ctx, b.Shelter, rows["accepted"]))
	other := b.refer(caseID, keep, "", "needs")
	refused(t, "the shelter withdrawing", b.cw.Withdraw(ctx, b.Shelter, caseID, end))
	refused(t, "a colleague withdrawing", b.cw.Withdraw(ctx, b.Colleague, caseID, end))
	elsewhere := b.open(b.Caseworker, casework.Opening{})
	refused(t, "a consent of another case", b.cw.Withdraw(ctx, b.Caseworker, elsewhere, end))
	if b.file(b.Shelter, caseID).Person == nil {
		t.Fatal("the shelter does not see the person before the withdrawal")
	}
	ok(t, b.cw.Withdraw(ctx, b.Caseworker, caseID, end))
	refused(t, "the shelter after the withdrawal", viewErr(b.cw, b.Shelter, caseID))
	for _, state := range []string{"sent", "accepted"} {
		if got := b.state("referrals", rows[state]); got != "ended" {
			t.Errorf("the %s referral is %s", state, got)
		}
		if got := b.state("services", rows[state+" service"]); got != "planned" {
			t.Errorf("the service of the %s referral is %s, it must wait for another receiver", state, got)
		}
	}
	if got := b.state("referrals", other); got != "sent" {
		t.Errorf("a referral on another consent is %s", got)
	}
	if told := b.told(b.Shelter, end); !slices.Equal(told, []string{"consent_withdrawn"}) {
		t.Errorf("the shelter was told %v", told)
	}
	fault(t, "consent_not_given", b.cw.Withdraw(ctx, b.Caseworker, caseID, end))
	if row := b.row(b.Caseworker, "consents", end); row.State != "withdrawn" || row.Values.Time("withdrawn_at").IsZero() {
		t.Errorf("the consent is %s %v", row.State, row.Values)
	}
	ok(t, b.cw.Accept(ctx, b.Shelter, other)) // what rests on another consent goes on
	if f := b.file(b.Shelter, caseID); len(f.Person.Sealed) != 0 || f.Case.Values["risk_level"] == nil {
		t.Errorf("through the other consent the shelter sees %v %v", f.Person.Sealed, f.Case.Values)
	}
}

func counting(b *bench) {
	t := b.t
	caseID := b.open(b.Caseworker, casework.Opening{})
	counted := func() any { return b.row(b.Caseworker, "cases", caseID).Values["statistics"] }
	yes := b.consent(caseID, casework.Consent{Purpose: "statistics", Given: true})
	if counted() != true {
		t.Error("who agreed is not counted")
	}
	ok(t, b.cw.Withdraw(ctx, b.Caseworker, caseID, yes))
	if counted() != false {
		t.Error("who withdrew is counted")
	}
	b.consent(caseID, casework.Consent{Purpose: "assist", Given: true})
	if counted() != false {
		t.Error("another consent made the case count")
	}
	b.consent(caseID, casework.Consent{Purpose: "statistics", Given: true})
	b.consent(caseID, casework.Consent{Purpose: "statistics", Given: false})
	if counted() != false {
		t.Error("who refused is counted")
	}
}

func receiverSees(b *bench) {
	t := b.t
	caseID := b.open(b.Caseworker, casework.Opening{
		PersonValues: registry.Values{"first_name": "Malalai", "phone": "0300 0000003", "sex": "female", "age_band": "18--20", "language": nil},
		CaseValues:   registry.Values{"exploitation_types": []string{"ForcedLabour"}, "fear_of_return": "yes"}})
	must[string](t)(b.cw.AddEpisode(ctx, b.Caseworker, caseID, registry.Values{"kind": "Transit", "narrative": "The road was long."}))
	person := b.row(b.Caseworker, "cases", caseID).Person
	seen := func() string {
		f, err := b.cw.Peek(ctx, b.Shelter, caseID)
		if access.AsRefusal(err) != nil {
			return "nothing"
		}
		ok(t, err)
		out := []string{}
		for name, there := range map[string]bool{"person": f.Person != nil, "episodes": len(f.Episodes) > 0, "services": len(f.Services) > 0, "consents": len(f.Consents) > 0, "decisions": len(f.Decisions) > 0,
			"tasks": len(f.Tasks) > 0, "code": f.Case.Values["code"] != nil, "risk": f.Case.Values["risk_level"] != nil, "exploitation": f.Case.Values["exploitation_types"] != nil, "fear": f.Case.Values["fear_of_return"] != nil,
			"team": len(f.Team) > 0, "whole": f.Whole} {
			if there {
				out = append(out, name)
			}
		}
		for _, name := range []string{"first_name", "phone"} {
			if _, err := b.Node.Registry.Unseal(ctx, b.Now(b.Shelter), "people", person, []string{name}, "contact"); err == nil {
				out = append(out, name)
			} else {
				refused(t, "unsealing "+name, err)
			}
		}
		slices.Sort(out)
		return strings.Join(out, " ")
	}
	for _, x := range []struct{ groups, want string }{
		{"identity", "code first_name person"}, {"needs contact", "code person phone risk"}, {"needs", "code person risk"}, {"findings", "code exploitation"}, {"findings journey", "code episodes exploitation"},
		{"needs identity", "code first_name person risk"}, {"", "nothing"},
	} {
		consent := b.shelterConsent(caseID, "identity", "contact", "needs", "findings", "journey")
		r := b.refer(caseID, consent, "", strings.Fields(x.groups)...)
		need := b.row(b.Shelter, "referrals", r)
		for name := range need.Values {
			if !slices.Contains([]string{"service", "urgency", "bed_need", "sex", "age_band", "needs", "respond_by"}, name) {
				t.Errorf("before accepting the receiver sees %s", name)
			}
		}
		if need.Values.String("sex") != "female" || need.Values.String("age_band") != "18--20" || need.Values.Int("bed_need") != 1 {
			t.Errorf("the need is %v", need.Values)
		}
		if got := seen(); got != "nothing" {
			t.Errorf("before accepting %q the receiver sees %s", x.groups, got)
		}
		ok(t, b.cw.Accept(ctx, b.Shelter, r))
		got := seen()
		for _, extra := range []string{"services"} { // a share of needs shows what is planned too, when there is something
			got = strings.TrimSpace(strings.ReplaceAll(got, extra, ""))
		}
		if got != x.want {
			t.Errorf("groups %q show %q, want %q", x.groups, got, x.want)
		}
		refused(t, "a third organisation", viewErr(b.cw, b.Third, caseID))
		err := b.Node.Store.Read(ctx, func(tx *store.Tx) error {
			_, err := b.Node.Registry.Get(tx, b.Now(b.Third), "referrals", r)
			return err
		})
		refused(t, "a third organisation reading the referral", err)
		ok(t, b.cw.Revoke(ctx, b.Caseworker, caseID, r))
		if got := seen(); got != "nothing" {
			t.Errorf("after revoking %q the receiver sees %s", x.groups, got)
		}
	}
}

func referralStates(b *bench) {
	t := b.t
	caseID := b.open(b.Caseworker, casework.Opening{})
	into := func(state string) string {
		consent := b.shelterConsent(caseID, "needs")
		r := b.refer(caseID, consent, "", "needs")
		switch state {
		case "accepted", "completed":
			ok(t, b.cw.Accept(ctx, b.Shelter, r))
			if state == "completed" {
				ok(t, b.cw.Complete(ctx, b.Shelter, r, "met", ""))
			}
		case "declined":
			ok(t, b.cw.Decline(ctx, b.Shelter, r, "no_bed"))
		case "revoked":
			ok(t, b.cw.Revoke(ctx, b.Caseworker, caseID, r))
		case "ended":
			ok(t, b.cw.Withdraw(ctx, b.Caseworker, caseID, consent))
		}
		return r
	}
	acts := []struct {
		name string
		do   func(r string) error
		from map[string]string // state -> state it comes to
	}{
		{"accept", func(r string) error { return b.cw.Accept(ctx, b.Shelter, r) }, map[string]string{"sent": "accepted"}},
		{"decline", func(r string) error { return b.cw.Decline(ctx, b.Shelter, r, "no_bed") }, map[string]string{"sent": "declined"}},
		{"arrived", func(r string) error { return b.cw.Arrived(ctx, b.Shelter, r, "") }, map[string]string{"accepted": "accepted"}},
		{"complete", func(r string) error { return b.cw.Complete(ctx, b.Shelter, r, "met", "") }, map[string]string{"accepted": "completed"}},
		{"revoke", func(r string) error { return b.cw.Revoke(ctx, b.Caseworker, caseID, r) }, map[string]string{"sent": "revoked", "accepted": "revoked"}},
	}
	for _, state := range []string{"sent", "accepted", "declined", "completed", "revoked", "ended"} {
		r := into(state)
		for _, a := range acts {
			to, allowed := a.from[state]
			if !allowed {
				if f := casework.AsFault(a.do(r)); f == nil || f.Code != "referral_state" {
					t.Errorf("%s of a referral that is %s: %v", a.name, state, f)
				}
				if got := b.state("referrals", r); got != state {
					t.Errorf("a refused %s brought it from %s to %s", a.name, state, got)
				}
				continue
			}
			fresh := into(state)
			for who, sub := range map[string]access.Subject{"sender": b.Caseworker, "third": b.Third} {
				if a.name != "revoke" {
					was := b.Shelter
					b.Shelter = sub
					refused(t, who+" does "+a.name, a.do(fresh))
					b.Shelter = was
				}
			}
			if err := a.do(fresh); err != nil {
				t.Errorf("%s of a referral that is %s: %v", a.name, state, err)
			}
			if got := b.state("referrals", fresh); got != to {
				t.Errorf("%s brought it from %s to %s, want %s", a.name, state, got, to)
			}
		}
	}
	r := into("sent")
	fault(t, "decline_reason", b.cw.Decline(ctx, b.Shelter, r, ""))
	ok(t, b.cw.Accept(ctx, b.Shelter, r))
	fault(t, "outcome", b.cw.Complete(ctx, b.Shelter, r, "", "good"))
	refused(t, "the receiver revoking", b.cw.Revoke(ctx, b.Shelter, caseID, r))
	refused(t, "a colleague revoking", b.cw.Revoke(ctx, b.Colleague, caseID, r))
}

func referralService(b *bench) {
	t := b.t
	caseID := b.open(b.Caseworker, casework.Opening{})
	consent := b.shelterConsent(caseID, "needs")
	service := b.plan(caseID, "shelter")
	is := func(want string) {
		t.Helper()
		if got := b.state("services", service); got != want {
			t.Errorf("the service is %s, want %s", got, want)
		}
	}
	r := b.refer(caseID, consent, service, "needs")
	is("referred")
	ok(t, b.cw.Decline(ctx, b.Shelter, r, "no_bed"))
	is("planned")
	r = b.refer(caseID, consent, service, "needs")
	ok(t, b.cw.Revoke(ctx, b.Caseworker, caseID, r))
	is("planned")
	r = b.refer(caseID, consent, service, "needs")
	ok(t, b.cw.Accept(ctx, b.Shelter, r))
	is("in_progress")
	ok(t, b.cw.Arrived(ctx, b.Shelter, r, "2026-04-02"))
	ok(t, b.cw.Complete(ctx, b.Shelter, r, "partly_met", "She wants to stay longer."))
	is("done")
	if v := b.row(b.Caseworker, "services", service).Values; v.String("outcome") != "partly_met" || v.String("done_on") == "" {
		t.Errorf("the service ended with %v", v)
	}
	if v := b.row(b.Caseworker, "referrals", r).Values; v.String("arrived_on") != "2026-04-02" || v.Time("closed_at").IsZero() {
		t.Errorf("the referral ended with %v", v)
	}
	if told := b.told(b.Caseworker, r); !slices.Equal(told, []string{"referral_completed", "referral_arrived", "referral_accepted"}) {
		t.Errorf("the sender was told %v", told)
	}
	if told := b.told(b.Shelter, r); !slices.Equal(told, []string{"referral_new"}) {
		t.Errorf("the receiver was told %v", told)
	}
}

func fearOfReturn(b *bench) {
	t := b.t
	for fear, stopped := range map[any]bool{"yes": true, "no": false, nil: false} {
		caseID := b.open(b.Caseworker, casework.Opening{CaseValues: registry.Values{"fear_of_return": fear}})
		_, err := b.cw.PlanService(ctx, b.Caseworker, caseID, registry.Values{"service": "return"})
		if f := casework.AsFault(err); stopped != (f != nil && f.Code == "fear_of_return") || (err != nil) != stopped {
			t.Errorf("fear %v: %v", fear, err)
		}
		b.plan(caseID, "shelter")
	}
}

func serviceStates(b *bench) {
	t := b.t
	caseID := b.open(b.Caseworker, casework.Opening{})
	consent := b.shelterConsent(caseID, "needs")
	allowed := map[string]string{"planned": "in_progress done cancelled", "referred": "in_progress done cancelled", "in_progress": "done cancelled", "cancelled": "planned", "done": "in_progress"}
	for from, list := range allowed {
		for _, to := range []string{"planned", "referred", "in_progress", "done", "cancelled"} {
			service := b.plan(caseID, "cash")
			switch from {
			case "referred":
				b.refer(caseID, consent, service, "needs")
			case "planned":
			default:
				ok(t, b.cw.MoveService(ctx, b.Caseworker, caseID, service, from, "met", ""))
			}
			may := slices.Contains(strings.Fields(list), to)
			err := b.cw.MoveService(ctx, b.Caseworker, caseID, service, to, "met", "")
			if f := casework.AsFault(err); may != (err == nil) || (!may && (f == nil || f.Code != "service_state")) {
				t.Errorf("from %s to %s: %v", from, to, err)
			}
		}
	}
	service := b.plan(caseID, "cash")
	fault(t, "outcome", b.cw.MoveService(ctx, b.Caseworker, caseID, service, "done", "", ""))
	refused(t, "a colleague moving it", b.cw.MoveService(ctx, b.Colleague, caseID, service, "done", "met", ""))
	ok(t, b.cw.MoveService(ctx, b.Caseworker, caseID, service, "done", "met", "Paid out."))
	if v := b.row(b.Caseworker, "services", service); v.Values.String("outcome") != "met" || v.Values.String("done_on") == "" || !slices.Contains(v.Sealed, "note") {
		t.Errorf("done as %v, sealed %v", v.Values, v.Sealed)
	}
}

func whoIsTold(b *bench) {
	t := b.t
	caseID := b.open(b.Caseworker, casework.Opening{PersonValues: registry.Values{"first_name": "Torpekai"}})
	r := b.refer(caseID, b.shelterConsent(caseID, "needs"), "", "needs")
	for who, sub := range map[string]access.Subject{"third": b.Third, "colleague": b.Colleague, "supervisor": b.Supervisor, "enumerator": b.Enumerator} {
		if told := b.told(sub, r); len(told) != 0 {
			t.Errorf("%s was told %v", who, told)
		}
	}
	unseen := func(sub access.Subject) (n int) {
		ok(t, b.Node.Store.Read(ctx, func(tx *store.Tx) (err error) { n, err = b.cw.Unseen(tx, sub); return err }))
		return n
	}
	third := unseen(b.Third)
	if unseen(b.Shelter) == 0 {
		t.Error("the shelter has nothing new")
	}
	ok(t, b.cw.MarkSeen(ctx, b.Shelter))
	if unseen(b.Shelter) != 0 || unseen(b.Third) != third {
		t.Error("looking marks one's own notices and no others")
	}
}

func partsOfAnother(b *bench) {
	t := b.t
	a, c := b.open(b.Caseworker, casework.Opening{}), b.open(b.Caseworker, casework.Opening{})
	episode := must[string](t)(b.cw.AddEpisode(ctx, b.Caseworker, c, registry.Values{"kind": "Transit"}))
	service := b.plan(c, "cash")
	consent := b.shelterConsent(a, "needs")
	referral := b.refer(c, b.shelterConsent(c, "needs"), "", "needs")
	task := b.file(b.Caseworker, c).Tasks[0].ID
	for what, err := range map[string]error{
		"an episode": second(b.cw.ChangeEpisode(ctx, b.Caseworker, a, episode, 1, registry.Values{"kind": "Exploitation"})), "removing an episode": b.cw.RemoveEpisode(ctx, b.Caseworker, a, episode),
		"a service": b.cw.MoveService(ctx, b.Caseworker, a, service, "done", "met", ""), "a task": b.cw.FinishTask(ctx, b.Caseworker, a, task, ""), "a referral": b.cw.Revoke(ctx, b.Caseworker, a, referral),
		"a decision":           second(b.cw.Decide(ctx, b.Caseworker, a, casework.Decision{Episode: episode, Standard: "palermo-trafficking", Outcome: "undetermined", Reasons: "Not enough is known yet."})),
		"referring it onwards": second(b.cw.Refer(ctx, b.Caseworker, a, casework.Referral{ServiceRow: service, Service: "cash", Receiver: b.Shelter.Org, Urgency: "days", Consent: consent})),
	} {
		refused(t, what+" through another case", err)
	}
	fault(t, "episode_dates", second(b.cw.AddEpisode(ctx, b.Caseworker, a, registry.Values{"kind": "Transit", "started_on": "2026-03-02", "ended_on": "2026-03-01"})))
	fault(t, "fact_twice", second(b.cw.AddEpisode(ctx, b.Caseworker, a, registry.Values{"kind": "Transit", "facts_yes": []string{"means.deception"}, "facts_no": []string{"means.deception"}})))
	fault(t, "fact_twice", second(b.cw.AddEpisode(ctx, b.Caseworker, a, registry.Values{"kind": "Transit", "facts_unknown": []string{"means.deception"}, "facts_no": []string{"means.deception"}})))
	for i := range 3 {
		e := must[string](t)(b.cw.AddEpisode(ctx, b.Caseworker, a, registry.Values{"kind": "Transit"}))
		if n := b.row(b.Caseworker, "episodes", e).Values.Int("sequence"); n != int64(i+1) {
			t.Errorf("the episode %d has the place %d", i+1, n)
		}
	}
	ok(t, b.cw.RemoveEpisode(ctx, b.Caseworker, c, episode))
	if n := len(b.file(b.Caseworker, c).Episodes); n != 0 {
		t.Errorf("%d episodes are left", n)
	}
}

func second[T any](_ T, err error) error { return err }
