package demo

import (
	"context"
	"fmt"
	"time"

	"aman/casework"
	"aman/node"
	"aman/platform/access"
	"aman/registry"
)

// lastDay is what happened in the office of the first caseworker since yesterday, done
// through package casework as people do it: so there are notices to see, and an audit
// log in which more than imports happened.
func (t *teller) lastDay(ctx context.Context, n *node.Node, clock *Clock, now time.Time) error {
	worker, _ := t.o.who("caseworker", "taftan")
	cw := n.Casework
	for i, story := range []struct {
		person  int
		service string
		need    []string
		answer  string // of the receiver: accept, decline, or nothing yet
	}{
		{1 << 21, "shelter", []string{"none"}, ""},
		{1<<21 + 1, "shelter", []string{"medical"}, "accept"},
		{1<<21 + 2, "health", []string{"medical"}, ""},
		{1<<21 + 3, "shelter", []string{"interpreter"}, "decline"},
		{1<<21 + 4, "legal_aid", []string{"none"}, "accept"},
	} {
		c := t.character(story.person)
		r := t.chance("last day", i)
		c.seen = now.Add(-time.Duration(26-4*i) * time.Hour)
		s := t.journey(&c, r)
		moment := c.seen
		clock.Set(moment)
		later := func(d time.Duration) { moment = moment.Add(d); clock.Set(moment) }
		values := t.caseValues(&c, r, s)
		for _, set := range []string{"opened_on", "next_review_on", "risk_level"} {
			delete(values, set) // package casework sets them
		}
		id, err := cw.Open(ctx, at(worker, moment), casework.Opening{PersonValues: c.values(r), CaseValues: values, Office: t.o.offices["taftan"], Risk: "high"})
		if err != nil {
			return fmt.Errorf("opening: %w", err)
		}
		org := t.o.gives[story.service][0]
		later(8 * time.Minute)
		consents, err := cw.RecordConsent(ctx, at(worker, moment), id,
			casework.Consent{Purpose: "assist", Given: true, Checks: explained, Form: "oral", Language: speech[c.citizenship][0]},
			casework.Consent{Purpose: "statistics", Given: i != 3, Checks: explained, Form: "oral", Language: speech[c.citizenship][0]},
			casework.Consent{Purpose: "partner", Receiver: org, Groups: []string{"identity", "needs"}, Given: true, Checks: explained, Form: "oral", Language: speech[c.citizenship][0]})
		if err != nil {
			return fmt.Errorf("consent: %w", err)
		}
		f := &file{person: "p", id: id, worker: worker}
		t.episodes(f, &c, s, r)
		episode := ""
		for _, e := range f.steps {
			later(4 * time.Minute)
			if episode, err = cw.AddEpisode(ctx, at(worker, moment), id, e.write.Values); err != nil {
				return fmt.Errorf("episode: %w", err)
			}
		}
		later(15 * time.Minute)
		if err := t.decideNow(ctx, n, worker, id, episode, i, moment); err != nil {
			return fmt.Errorf("decision: %w", err)
		}
		later(10 * time.Minute)
		row, err := cw.PlanService(ctx, at(worker, moment), id, registry.Values{"service": story.service, "due_on": now.AddDate(0, 0, 2).Format(time.DateOnly), "goal": t.say(r, "goal", nil)})
		if err != nil {
			return fmt.Errorf("plan: %w", err)
		}
		beds := int64(0)
		if story.service == "shelter" {
			beds = 1
		}
		later(3 * time.Minute)
		referral, err := cw.Refer(ctx, at(worker, moment), id, casework.Referral{ServiceRow: row, Service: story.service, Receiver: org, Urgency: []string{"today", "days"}[i%2],
			Beds: beds, Needs: story.need, Consent: consents[2], Groups: []string{"identity", "needs"}})
		if err != nil {
			return fmt.Errorf("referral: %w", err)
		}
		later(40 * time.Minute)
		receiver := t.receiver(org)
		switch story.answer {
		case "accept":
			err = cw.Accept(ctx, at(receiver, moment), referral)
		case "decline":
			err = cw.Decline(ctx, at(receiver, moment), referral, "no_bed")
		}
		if err != nil {
			return fmt.Errorf("answer: %w", err)
		}
	}
	return nil
}

// decideNow decides about an episode as the standard proposes, with reasons.
func (t *teller) decideNow(ctx context.Context, n *node.Node, worker access.Subject, id, episode string, i int, moment time.Time) error {
	d := casework.Decision{Episode: episode, Standard: "palermo-trafficking", Outcome: "trafficking", Status: "PossibleVictimOfTrafficking", Reasons: t.c.stories["reasons"]["en"][0]}
	if i == 2 {
		d.Outcome, d.Status, d.Reasons = "neither", "", t.c.stories["reasons"]["en"][2]
	}
	_, err := n.Casework.Decide(ctx, at(worker, moment), id, d)
	return err
}

// receiver is somebody of an organisation who answers referrals.
func (t *teller) receiver(org string) access.Subject {
	for _, s := range t.o.signIns {
		if sub := t.o.people[s.Login]; sub.Org == org {
			return sub
		}
	}
	return access.Subject{}
}
