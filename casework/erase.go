package casework

import (
	"context"
	"errors"
	"strings"
	"time"

	"aman/forms"
	"aman/platform/access"
	"aman/platform/store"
	"aman/platform/vault"
	"aman/registry"
)

func fields(s string) []string { return strings.Fields(s) }

// Receipt is what the person is given after asking for erasure: no name, no logo.
type Receipt struct {
	Code string // the case code by which the person can ask again
	Done time.Time
	// BackupsGone is when no backup can bring the person back.
	BackupsGone time.Time
	// Hold says that a court's order stops the erasure; the file is locked instead.
	Hold bool
}

// Erase makes a person unreadable, everywhere. The one who carries it out is not in the
// team of any of the person's cases (the request is verified from outside). All cases of
// the person are closed, all shares end, the receivers are told.
func (s *Service) Erase(ctx context.Context, sub access.Subject, caseID string) (Receipt, error) {
	var out Receipt
	// The act itself is sealed under a key of its own: it has to outlive the person's.
	_, err := s.act(ctx, sub, "person.erase", caseID, "", map[string]string{"case": caseID}, func(a *forms.Act) error {
		c, err := s.registry.Get(a.Tx, a.Meta.Subject, "cases", caseID)
		if err != nil {
			return err
		}
		if _, err := s.policy.Require(a.Tx, a.Meta.Subject, access.Erase, c.Object()); err != nil {
			return err
		}
		if err := outside(a, c.Person); err != nil {
			return err
		}
		out = Receipt{Code: c.Values.String("code"), Done: a.Meta.At}
		if err := s.vault.AskErasure(a.Tx, c.Person, sub.User, a.Meta.At); err != nil {
			return err
		}
		e, err := s.vault.Erase(a.Tx, c.Person, sub.User, a.Meta.At)
		if errors.Is(err, vault.ErrHeld) {
			out.Hold, out.Done = true, time.Time{}
			a.Detail("state", "held")
			return nil
		}
		if err != nil {
			return err
		}
		out.BackupsGone = e.BackupsGoneAt
		a.Detail("person", c.Person)
		return s.closeErased(a, c.Person)
	})
	return out, err
}

// EraseAgain carries out the erasure of people whom a restored backup has brought back, and counts
// them. They were erased once, by whoever may; nobody is asked again.
func (s *Service) EraseAgain(ctx context.Context, people []string) (again int, err error) {
	for _, person := range people {
		var known int
		err := s.db.Read(ctx, func(tx *store.Tx) error {
			return tx.Row("SELECT count(*) FROM r_people WHERE id = ? AND id NOT IN (SELECT person_id FROM erasures WHERE done_at > 0)", person).Scan(&known)
		})
		if err != nil {
			return again, err
		}
		if known == 0 {
			continue
		}
		_, err = s.act(ctx, access.Subject{User: "system"}, "person.erase", "", "", map[string]string{}, func(a *forms.Act) error {
			// An order that was lifted before the erasure can stand in the backup.
			if err := s.vault.Hold(a.Tx, person, ""); err != nil {
				return err
			}
			if _, err := s.vault.Erase(a.Tx, person, "system", a.Meta.At); err != nil {
				return err
			}
			a.Detail("person", person)
			return s.closeErased(a, person)
		})
		if err != nil {
			return again, err
		}
		again++
	}
	return again, nil
}

// outside refuses an erasure by somebody who works on one of the person's cases.
func outside(a *forms.Act, person string) error {
	var n int
	at := store.Micros(a.Meta.At)
	if err := a.Tx.Row("SELECT count(*) FROM case_team WHERE person_id = ? AND user_id = ? AND since <= ? AND until > ?", person, a.Meta.Subject.User, at, at).Scan(&n); err != nil {
		return err
	}
	if n > 0 {
		return &Fault{Code: "erase_from_outside"}
	}
	return nil
}

func (s *Service) closeErased(a *forms.Act, person string) error {
	told, err := access.EndSharesOfPerson(a.Tx, person, a.Meta.At)
	if err != nil {
		return err
	}
	for _, org := range told {
		if err := notify(a, Notice{Org: org, Kind: "person_erased"}); err != nil {
			return err
		}
	}
	type file struct{ id, state string }
	cases, err := store.All(a.Tx, scan3(func(id, state, _ string) file { return file{id, state} }), "SELECT id, state, office FROM r_cases WHERE person_id = ? AND deleted = FALSE", person)
	if err != nil {
		return err
	}
	for _, c := range cases {
		// A case that was closed before is counted no longer either.
		w := registry.Write{Register: "cases", ID: c.id, Values: registry.Values{"statistics": false}}
		if c.state == "Active" || c.state == "FollowUp" {
			w.Place.State = "Closed"
			w.Values["closure_reason"], w.Values["closed_on"] = "withdrew", s.today(a.Meta.At)
		}
		if _, err := a.Apply(w.Follows()); err != nil {
			return err
		}
	}
	// What is under way ends too: nobody can be reminded of somebody without a name.
	if err := s.cancel(a, "person_id", person, "services", map[string]string{"in_progress": "cancelled"}); err != nil {
		return err
	}
	return s.cancelOpen(a, "person_id", person, "referrals", "tasks", "services")
}

// endings says how what is open in a register ends when its case does.
var endings = map[string]map[string]string{
	"referrals": {"sent": "ended", "accepted": "ended"},
	"tasks":     {"open": "cancelled"},
	"services":  {"planned": "cancelled", "referred": "cancelled"},
}

// cancelOpen ends what is open in the registers, for a case (case_id) or a person (person_id).
func (s *Service) cancelOpen(a *forms.Act, column, id string, registers ...string) error {
	for _, register := range registers {
		if err := s.cancel(a, column, id, register, endings[register]); err != nil {
			return err
		}
	}
	return nil
}

// cancel brings rows of a register from one state into another.
func (s *Service) cancel(a *forms.Act, column, id, register string, states map[string]string) error {
	for state, to := range states {
		rows, err := a.Tx.Strings("SELECT id FROM r_"+register+" WHERE "+column+" = ? AND state = ? AND deleted = FALSE ORDER BY id", id, state)
		if err != nil {
			return err
		}
		for _, row := range rows {
			if _, err := a.Apply(registry.Write{Register: register, ID: row, Place: registry.Place{State: to}}.Follows()); err != nil {
				return err
			}
		}
	}
	return nil
}

// Hold locks a file against erasure under a court's order, or lifts the lock when
// reference is empty.
func (s *Service) Hold(ctx context.Context, sub access.Subject, caseID, reference string) error {
	_, err := s.inCase(ctx, sub, "person.hold", caseID, map[string]string{"reference": reference}, func(a *forms.Act, c *registry.Row) error {
		if _, err := s.policy.Require(a.Tx, a.Meta.Subject, access.Hold, c.Object()); err != nil {
			return err
		}
		return s.vault.Hold(a.Tx, c.Person, reference)
	})
	return err
}
