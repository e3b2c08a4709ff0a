package casework

import (
	"context"
	"fmt"

	"aman/forms"
	"aman/platform/access"
	"aman/platform/store"
	"aman/registry"
)

// Settle decides a conflict: "kept" leaves the row as it is, "taken" writes the waiting
// values. Either way the deciding is a submission of its own.
func (s *Service) Settle(ctx context.Context, sub access.Subject, conflict, state string) error {
	if state != "kept" && state != "taken" {
		return fmt.Errorf("a conflict is settled as kept or as taken, not as %q", state)
	}
	var caseID, person string
	err := s.db.Read(ctx, func(tx *store.Tx) error {
		w, err := s.registry.Waiting(tx, conflict)
		if err != nil {
			return err
		}
		row, err := s.registry.Get(tx, s.at(sub), w.Register, w.ID)
		if err == nil {
			caseID, person = row.Case, row.Person
		}
		return err
	})
	if err != nil {
		return err
	}
	_, err = s.act(ctx, sub, "case.settle", caseID, person, map[string]string{"conflict": conflict, "state": state}, func(a *forms.Act) error {
		w, err := s.registry.Waiting(a.Tx, conflict)
		if err != nil {
			return err
		}
		a.Detail("state", state)
		if state != "taken" {
			// Nothing changes, but only somebody who could change it may decide that.
			w.Values = registry.Values{}
		}
		if _, err := a.Apply(w); err != nil {
			return err
		}
		return s.registry.Settle(a.Tx, a.Meta, conflict, state)
	})
	return err
}
