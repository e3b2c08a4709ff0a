package casework

import (
	"context"

	"aman/forms"
	"aman/platform/access"
	"aman/registry"
)

// PlanService adds a service to the plan.
func (s *Service) PlanService(ctx context.Context, sub access.Subject, caseID string, v registry.Values) (string, error) {
	var id string
	r, err := s.inCase(ctx, sub, "case.plan", caseID, v, func(a *forms.Act, c *registry.Row) error {
		if v.String("service") == "return" && c.Values.String("fear_of_return") == "yes" {
			return &Fault{Code: "fear_of_return", Field: "service"}
		}
		w := part(c, "services", "planned", v)
		w.Action = access.Plan
		out, err := a.Apply(w)
		id = out.ID
		return err
	})
	if err != nil {
		return "", err
	}
	return s.firstMade(ctx, r, "services", id)
}

// serviceMoves says which state a service may come to from which.
var serviceMoves = map[string][]string{
	"planned":     {"in_progress", "done", "cancelled"},
	"referred":    {"in_progress", "done", "cancelled"},
	"in_progress": {"done", "cancelled"},
	"cancelled":   {"planned"},
	"done":        {"in_progress"},
}

// ServiceMoves lists the states a service may come to from a state.
func ServiceMoves(from string) []string { return serviceMoves[from] }

// MoveService brings a service into another state; done needs an outcome.
func (s *Service) MoveService(ctx context.Context, sub access.Subject, caseID, service, state, outcome, note string) error {
	_, err := s.inCase(ctx, sub, "case.service", caseID, map[string]string{"service": service, "state": state, "outcome": outcome, "note": note}, func(a *forms.Act, c *registry.Row) error {
		row, err := s.partOf(a, c, "services", service)
		if err != nil {
			return err
		}
		if !contains(serviceMoves[row.State], state) {
			return &Fault{Code: "service_state", Field: "state"}
		}
		v := registry.Values{}
		if note != "" {
			v["note"] = note
		}
		if state == "done" {
			if outcome == "" {
				return &Fault{Code: "outcome", Field: "outcome"}
			}
			v["outcome"], v["done_on"] = outcome, s.today(a.Meta.At)
		}
		_, err = a.Apply(registry.Write{Register: "services", ID: service, Base: row.Version, Action: access.Plan, Place: registry.Place{State: state}, Values: v})
		return err
	})
	return err
}

// AddTask plans something to do by a day.
func (s *Service) AddTask(ctx context.Context, sub access.Subject, caseID, kind, due, note string) (string, error) {
	var id string
	r, err := s.inCase(ctx, sub, "case.task", caseID, map[string]string{"kind": kind, "due_on": due, "note": note}, func(a *forms.Act, c *registry.Row) error {
		w := part(c, "tasks", "open", registry.Values{"kind": kind, "due_on": due, "note": note})
		w.Action = access.Plan
		out, err := a.Apply(w)
		id = out.ID
		return err
	})
	if err != nil {
		return "", err
	}
	return s.firstMade(ctx, r, "tasks", id)
}

// FinishTask marks a task as done. The next contact is planned by the norm of the
// case's risk, so that nobody is forgotten.
func (s *Service) FinishTask(ctx context.Context, sub access.Subject, caseID, task, note string) error {
	_, err := s.inCase(ctx, sub, "case.task", caseID, map[string]string{"task": task, "note": note}, func(a *forms.Act, c *registry.Row) error {
		row, err := s.partOf(a, c, "tasks", task)
		if err != nil {
			return err
		}
		if row.State != "open" {
			return &Fault{Code: "task_done_already"}
		}
		v := registry.Values{"done_on": s.today(a.Meta.At)}
		if note != "" {
			v["note"] = note
		}
		if _, err := a.Apply(registry.Write{Register: "tasks", ID: task, Base: row.Version, Action: access.Plan, Place: registry.Place{State: "done"}, Values: v}); err != nil {
			return err
		}
		if row.Values.String("kind") != "contact" || c.State != "Active" {
			return nil
		}
		norm, ok := s.practice.Risks[c.Values.String("risk_level")]
		if !ok {
			norm = s.practice.Risks[s.practice.DefaultRisk]
		}
		_, err = a.Apply(part(c, "tasks", "open", registry.Values{"kind": "contact", "due_on": s.today(a.Meta.At.AddDate(0, 0, norm.EveryDays))}).Follows())
		return err
	})
	return err
}

// SetRisk changes the risk level of a case.
func (s *Service) SetRisk(ctx context.Context, sub access.Subject, caseID, risk string, base int64) (forms.Result, error) {
	return s.inCase(ctx, sub, "case.risk", caseID, map[string]string{"risk": risk}, func(a *forms.Act, c *registry.Row) error {
		if _, ok := s.practice.Risks[risk]; !ok {
			return &Fault{Code: "risk", Field: "risk"}
		}
		_, err := a.Apply(registry.Write{Register: "cases", ID: caseID, Base: base, Values: registry.Values{"risk_level": risk}})
		return err
	})
}

// ChangeCase corrects properties of the case record; base is the version looked at.
func (s *Service) ChangeCase(ctx context.Context, sub access.Subject, caseID string, base int64, v registry.Values) (forms.Result, error) {
	return s.inCase(ctx, sub, "case.change", caseID, v, func(a *forms.Act, c *registry.Row) error {
		if err := ofActs(v, c.Values); err != nil {
			return err
		}
		if f := saysNegative(v, c.Values); f != nil {
			return f
		}
		_, err := a.Apply(registry.Write{Register: "cases", ID: caseID, Base: base, Values: v})
		return err
	})
}

// ofActs refuses values that an act of their own writes, with rules of its own: whether
// the case may be counted follows from a consent, how it ended from closing it. was is
// the record before; what does not change may be repeated.
func ofActs(v, was registry.Values) error {
	for _, name := range []string{"statistics", "code", "opened_on", "closed_on", "closure_reason", "closure_details"} {
		if v[name] != nil && v[name] != was[name] {
			return &access.Refusal{Action: access.Update, Object: access.Object{Register: "cases"}, Reason: access.NotReadable}
		}
	}
	return nil
}

// saysNegative: that somebody is no victim follows from a decision that a second person
// confirmed. Only what another body than the office decided is written without one.
func saysNegative(v, was registry.Values) *Fault {
	const negative = "NotAVictimOfTrafficking"
	if v["trafficking_status"] == negative && was["trafficking_status"] != negative {
		by := v.String("trafficking_status_by")
		if by == "" {
			by = was.String("trafficking_status_by")
		}
		if by == "" || by == "Other" {
			return &Fault{Code: "negative_by_decision", Field: "trafficking_status"}
		}
	}
	return nil
}

// ChangePerson corrects properties of the case's person; base is the version looked at.
func (s *Service) ChangePerson(ctx context.Context, sub access.Subject, caseID string, base int64, v registry.Values) (forms.Result, error) {
	return s.inCase(ctx, sub, "case.person", caseID, v, func(a *forms.Act, c *registry.Row) error {
		_, err := a.Apply(registry.Write{Register: "people", ID: c.Person, Base: base, Values: v})
		return err
	})
}
