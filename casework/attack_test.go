package casework_test

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"testing"
	"time"

	"aman/casework"
	"aman/forms"
	"aman/node/nodetest"
	"aman/platform/access"
	"aman/platform/store"
	"aman/registry"
)

// What somebody tries who may do one thing and wants another.
func TestAttacks(t *testing.T) {
	nodetest.Each(t, func(t *testing.T, w *nodetest.World) {
		for name, f := range map[string]func(*bench){
			"the reason for breaking the glass stands nowhere in clear": reasonIsSealed, "nothing in the database lets a name be tried": noHashOfAName,
			"an instance is one person's in one case": instanceOfAnother, "a refusal ends what was agreed before": refusalEnds,
			"a service is referred once at a time": referredOnce, "a receiver cannot try names": receiverTriesNames, "who breaks the glass cannot hide it": glassCannotBeHidden,
		} {
			t.Run(name, func(t *testing.T) { f(&bench{w, t, w.Node.Casework}) })
		}
	})
}

func reasonIsSealed(b *bench) {
	caseID := b.open(b.Caseworker, casework.Opening{})
	ok(b.t, b.cw.BreakGlass(ctx, b.Colleague, caseID, "Shabnam is in danger at the bus stand.", time.Hour))
	if at := b.clear("shabnam"); len(at) > 0 {
		b.t.Errorf("a name that was typed as a reason stands in clear in %v", at)
	}
}

func noHashOfAName(b *bench) {
	caseID := b.open(b.Caseworker, casework.Opening{})
	person := b.row(b.Caseworker, "cases", caseID).Person
	_, err := b.cw.ChangePerson(ctx, b.Caseworker, caseID, b.row(b.Caseworker, "people", person).Version, registry.Values{"first_name": "Gulalai"})
	ok(b.t, err)
	// What a thief of the database would try for each name of a list.
	sum := sha256.Sum256([]byte(`{"first_name":"Gulalai"}`))
	if at := b.clear(hex.EncodeToString(sum[:])); len(at) > 0 {
		b.t.Errorf("a hash of the name stands in %v", at)
	}
}

func instanceOfAnother(b *bench) {
	one, two := b.open(b.Caseworker, casework.Opening{}), b.open(b.Caseworker, casework.Opening{})
	theirs := b.open(b.Colleague, casework.Opening{})
	different := func(what string, err error) {
		b.t.Helper()
		if !errors.Is(err, forms.ErrDifferent) {
			b.t.Errorf("%s: %v, want %v", what, err, forms.ErrDifferent)
		}
	}
	ok(b.t, b.cw.Reopen(casework.WithInstance(ctx, "attack-1"), b.Caseworker, one))
	ok(b.t, b.cw.Reopen(casework.WithInstance(ctx, "attack-1"), b.Caseworker, one))
	different("the same act in another case", b.cw.Reopen(casework.WithInstance(ctx, "attack-1"), b.Caseworker, two))
	different("the same act by another user", b.cw.Reopen(casework.WithInstance(ctx, "attack-1"), b.Colleague, theirs))
	o := casework.Opening{PersonValues: registry.Values{"first_name": "Parwana"}}
	_, err := b.cw.Open(casework.WithInstance(ctx, "attack-2"), b.Caseworker, o)
	ok(b.t, err)
	// Whoever guesses id and content must not be led to the case.
	for who, sub := range map[string]access.Subject{"a colleague": b.Colleague} {
		id, err := b.cw.Open(casework.WithInstance(ctx, "attack-2"), sub, o)
		different(who, err)
		if id != "" {
			b.t.Errorf("%s learns the id of another's case", who)
		}
	}
}

func refusalEnds(b *bench) {
	caseID := b.open(b.Caseworker, casework.Opening{})
	consent := b.shelterConsent(caseID, "needs")
	r := b.refer(caseID, consent, "", "needs")
	ok(b.t, b.cw.Accept(ctx, b.Shelter, r))
	ok(b.t, viewErr(b.cw, b.Shelter, caseID))
	b.consent(caseID, casework.Consent{Purpose: "partner", Receiver: b.Shelter.Org, Given: false})
	refused(b.t, "the shelter after the person said no", viewErr(b.cw, b.Shelter, caseID))
	if s := b.state("consents", consent); s != "withdrawn" {
		b.t.Errorf("what was agreed before is %s", s)
	}
	if s := b.state("referrals", r); s != "ended" {
		b.t.Errorf("the referral is %s", s)
	}
	_, err := b.cw.Refer(ctx, b.Caseworker, caseID, casework.Referral{Service: "shelter", Receiver: b.Shelter.Org, Urgency: "days", Consent: consent, Groups: []string{"needs"}})
	fault(b.t, "consent_not_given", err)
}

func referredOnce(b *bench) {
	caseID := b.open(b.Caseworker, casework.Opening{})
	consent, service := b.shelterConsent(caseID, "needs"), b.plan(caseID, "shelter")
	b.refer(caseID, consent, service, "needs")
	_, err := b.cw.Refer(ctx, b.Caseworker, caseID, casework.Referral{ServiceRow: service, Service: "shelter", Receiver: b.Shelter.Org, Urgency: "days", Consent: consent, Groups: []string{"needs"}})
	fault(b.t, "service_state", err)
}

func receiverTriesNames(b *bench) {
	caseID := b.open(b.Caseworker, casework.Opening{PersonValues: registry.Values{"first_name": "Spogmai", "phone": "+92 300 0000001", "sex": "female"}})
	found := func(sub access.Subject, values map[string]string) (n int) {
		b.t.Helper()
		ok(b.t, b.Node.Store.Read(ctx, func(tx *store.Tx) error {
			list, err := b.Node.Registry.Similar(tx, b.Now(sub), "people", values, 10)
			n = len(list)
			return err
		}))
		return n
	}
	name, phone := map[string]string{"first_name": "Spogmai"}, map[string]string{"phone": "+92 300 0000001"}
	accept := func(groups ...string) {
		b.t.Helper()
		ok(b.t, b.cw.Accept(ctx, b.Shelter, b.refer(caseID, b.shelterConsent(caseID, groups...), "", groups...)))
	}
	accept("needs")
	if b.file(b.Shelter, caseID).Person == nil {
		b.t.Fatal("the shelter sees nothing of the person, so there is nothing to try")
	}
	if found(b.Shelter, name)+found(b.Shelter, phone) > 0 {
		b.t.Error("the shelter tells by a name that was not shared who she is")
	}
	if found(b.Colleague, name) != 1 || found(b.Third, name) != 0 {
		b.t.Error("a colleague must find her, a third organisation not")
	}
	accept("identity")
	if found(b.Shelter, name) != 1 {
		b.t.Error("the shelter does not find by the name that was shared")
	}
}

func glassCannotBeHidden(b *bench) {
	caseID := b.open(b.Caseworker, casework.Opening{})
	unseen := func(sub access.Subject) (n int) {
		b.t.Helper()
		ok(b.t, b.Node.Store.Read(ctx, func(tx *store.Tx) (err error) { n, err = b.cw.Unseen(tx, sub); return err }))
		return n
	}
	before := map[string]int{"supervisor": unseen(b.Supervisor), "enumerator": unseen(b.Enumerator)}
	ok(b.t, b.cw.BreakGlass(ctx, b.Colleague, caseID, "I was curious about her story.", time.Hour))
	ok(b.t, b.cw.MarkSeen(ctx, b.Colleague))
	if n := unseen(b.Supervisor); n != before["supervisor"]+1 {
		b.t.Errorf("the supervisor has %d new notices, want %d", n, before["supervisor"]+1)
	}
	if n := unseen(b.Enumerator); n != before["enumerator"] {
		b.t.Error("the enumerator is told about a case")
	}
}
