package demo

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"

	"aman/casework"
	"aman/forms"
	"aman/node"
	"aman/platform/access"
	"aman/platform/ids"
	"aman/platform/store"
	"aman/registry"
)

// Form is the name of the submissions that carry the history of a case.
const Form = "demo.import"

// write enters the history of one case as one submission of its caseworker.
func (t *teller) write(ctx context.Context, n *node.Node, clock *Clock, f *file) error {
	body, err := json.Marshal(map[string]any{"invented": true, "changes": len(f.steps)})
	if err != nil {
		return err
	}
	for i := range f.steps {
		if d := f.steps[i].decide; d != nil {
			d.finding = t.finding(f, d, f.steps[i].at)
			if f.settled {
				continue
			}
			kept, err := json.Marshal(d.finding)
			if err != nil {
				return err
			}
			d.kept = string(kept)
		}
	}
	clock.next(f.last)
	_, err = n.Forms.Submit(ctx, f.worker, forms.Filled{Form: Form, Version: "1", Org: f.worker.Org, Office: f.office, Body: body, Case: f.id, Person: f.person, Verb: "import"}, func(a *forms.Act) error {
		for _, s := range f.steps {
			if err := f.apply(a, s); err != nil {
				return fmt.Errorf("%s on %s: %w", s.write.Register, s.at.Format("2006-01-02"), err)
			}
		}
		return nil
	})
	return err
}

// apply makes one change, on the day on which it would have happened.
func (f *file) apply(a *forms.Act, s step) error {
	a.Meta.At = s.at
	a.Meta.Subject = at(f.worker, s.at)
	w := s.write
	if w.Register == "cases" && w.Create {
		code, err := caseCode(a.Tx)
		if err != nil {
			return err
		}
		w.Values = maps.Clone(w.Values)
		w.Values["code"] = code
	}
	if s.decide != nil {
		return f.decide(a, s)
	}
	if _, err := a.Apply(w); err != nil {
		return err
	}
	if w.Register == "cases" && w.Create {
		return access.JoinTeam(a.Tx, access.Member{Case: f.id, Person: f.person, User: f.worker.User, Why: access.WhyOwner, Since: s.at})
	}
	for _, g := range s.shares {
		share := *s.share
		share.Group = g
		if _, err := access.GrantShare(a.Tx, share); err != nil {
			return err
		}
	}
	return nil
}

func caseCode(tx *store.Tx) (string, error) {
	code, err := ids.NewCodeUnless(func(c ids.Code) (bool, error) {
		var n int
		err := tx.Row("SELECT count(*) FROM r_cases WHERE code = ?", string(c)).Scan(&n)
		return n > 0, err
	})
	return string(code), err
}

// decide decides as the standard proposes, or otherwise with reasons. What the standard
// gave is kept, as package casework does.
func (f *file) decide(a *forms.Act, s step) error {
	d, w := s.decide, s.write
	if d.finding == nil {
		return fmt.Errorf("the standard %s is not in force", d.standard)
	}
	w.Values = maps.Clone(w.Values)
	outcome := casework.Proposed(d.finding)
	w.Values["override"] = d.override != "" && d.override != outcome
	if d.override != "" {
		outcome = d.override
	}
	w.Values["outcome"] = outcome
	if d.kept != "" {
		w.Values["proposed"] = d.kept
	}
	return f.decided(a, w, d, outcome)
}

// statuses is what a standing decision makes of the case.
var statuses = map[string]string{"trafficking": "PossibleVictimOfTrafficking", "neither": "NotAVictimOfTrafficking"}

func (f *file) decided(a *forms.Act, w registry.Write, d *decision, outcome string) error {
	status := statuses[outcome]
	if outcome == "neither" {
		w.Place.State = d.review
		if d.review != "needs_review" {
			w.Values["reviewer"], w.Values["reviewed_at"], w.Values["review_reasons"] = f.supervisor.User, a.Meta.At.AddDate(0, 0, 1), d.reasons[1]
		}
		if d.review != "confirmed" {
			status = ""
		}
	}
	if _, err := a.Apply(w); err != nil {
		return err
	}
	if status == "" {
		return nil
	}
	_, err := a.Apply(registry.Write{Register: "cases", ID: f.id, Action: access.Decide, Values: registry.Values{"trafficking_status": status, "trafficking_status_by": "Other"}})
	return err
}
