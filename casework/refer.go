package casework

import (
	"context"
	"slices"
	"time"

	"aman/forms"
	"aman/platform/access"
	"aman/platform/store"
	"aman/registry"
)

// Referral asks another organisation for a service.
type Referral struct {
	ServiceRow string   `json:"service_row,omitempty"` // the planned service it carries out
	Service    string   `json:"service"`
	Receiver   string   `json:"receiver"` // organisation
	Urgency    string   `json:"urgency"`
	Beds       int64    `json:"beds,omitempty"`
	Needs      []string `json:"needs,omitempty"`
	Consent    string   `json:"consent"`
	// Groups is what the receiver sees after it accepts; not more than the consent names.
	Groups []string `json:"groups"`
}

// Refer sends a referral. The receiver sees the service, the urgency, beds, sex, age
// band and needs; nothing else until it accepts.
func (s *Service) Refer(ctx context.Context, sub access.Subject, caseID string, r Referral) (string, error) {
	var id string
	res, err := s.inCase(ctx, sub, "case.refer", caseID, r, func(a *forms.Act, c *registry.Row) error {
		if r.Receiver == c.Org || r.Receiver == "" {
			return &Fault{Code: "receiver", Field: "receiver"}
		}
		within, ok := s.practice.AnswerHours[r.Urgency]
		if !ok {
			return &Fault{Code: "urgency", Field: "urgency"}
		}
		if err := s.covers(a, c, r.Consent, r.Receiver, r.Groups); err != nil {
			return err
		}
		if r.ServiceRow != "" {
			row, err := s.partOf(a, c, "services", r.ServiceRow)
			if err != nil {
				return err
			}
			if row.State != "planned" && row.State != "in_progress" {
				return &Fault{Code: "service_state"} // with one receiver already, or over
			}
			if _, err := a.Apply(registry.Write{Register: "services", ID: r.ServiceRow, Action: access.Refer,
				Place: registry.Place{State: "referred"}, Values: registry.Values{"provider": r.Receiver}}); err != nil {
				return err
			}
		}
		w := part(c, "referrals", "sent", registry.Values{
			"service_row": r.ServiceRow, "service": r.Service, "urgency": r.Urgency, "bed_need": r.Beds, "needs": r.Needs,
			"sex": c.Values["sex"], "age_band": c.Values["age_band"], "respond_by": a.Meta.At.Add(time.Duration(within) * time.Hour), "consent": r.Consent, "groups": r.Groups,
		})
		w.Action, w.Place.Party = access.Refer, r.Receiver
		out, err := a.Apply(w)
		if err != nil {
			return err
		}
		id = out.ID
		a.Detail("receiver", r.Receiver)
		a.Detail("referral", id)
		return notify(a, Notice{Org: r.Receiver, Kind: "referral_new", Object: id})
	})
	if err != nil {
		return "", err
	}
	return s.firstMade(ctx, res, "referrals", id)
}

// covers checks that a consent allows sharing these groups with the receiver today.
func (s *Service) covers(a *forms.Act, c *registry.Row, consent, receiver string, groups []string) error {
	if consent == "" {
		return &Fault{Code: "consent_needed", Field: "consent"}
	}
	row, err := s.partOf(a, c, "consents", consent)
	if err != nil {
		return err
	}
	until := row.Values.String("until")
	switch {
	case row.State != "given" || (until != "" && until < s.today(a.Meta.At)):
		return &Fault{Code: "consent_not_given", Field: "consent"}
	case !slices.Contains(sharing, row.Values.String("purpose")) || row.Values.String("receiver") != receiver:
		return &Fault{Code: "consent_other_receiver", Field: "consent"}
	}
	for _, g := range groups {
		if !slices.Contains(row.Values.Codes("groups"), g) {
			return &Fault{Code: "consent_not_for_group", Field: "groups"}
		}
	}
	return nil
}

// received runs an act of the receiving side on one referral. The receiver does not see
// the case, so it is reached through the referral.
func (s *Service) received(ctx context.Context, sub access.Subject, form, referral string, payload any, from []string, do func(a *forms.Act, r *registry.Row) error) error {
	var head struct{ caseID, person string }
	err := s.db.Read(ctx, func(tx *store.Tx) error {
		r, err := s.registry.Get(tx, s.at(sub), "referrals", referral)
		if err == nil {
			head.caseID, head.person = r.Case, r.Person
		}
		return err
	})
	if err != nil {
		return err
	}
	_, err = s.act(ctx, sub, form, head.caseID, head.person, payload, func(a *forms.Act) error {
		r, err := s.registry.Get(a.Tx, a.Meta.Subject, "referrals", referral)
		if err != nil {
			return err
		}
		if !slices.Contains(from, r.State) {
			return &Fault{Code: "referral_state"}
		}
		a.Detail("referral", referral)
		return do(a, r)
	})
	return err
}

// Accept takes a referral on. From now the receiver sees what the consent names, as
// long as the consent stands.
func (s *Service) Accept(ctx context.Context, sub access.Subject, referral string) error {
	return s.received(ctx, sub, "referral.accept", referral, map[string]string{"referral": referral}, []string{"sent"}, func(a *forms.Act, r *registry.Row) error {
		if _, err := a.Apply(registry.Write{Register: "referrals", ID: referral, Base: r.Version, Action: access.Receive,
			Place: registry.Place{State: "accepted"}, Values: registry.Values{"accepted_at": a.Meta.At}}); err != nil {
			return err
		}
		if err := s.openShares(a, referral); err != nil {
			return err
		}
		return s.tellSender(a, referral, "referral_accepted", "in_progress", nil)
	})
}

// openShares grants what the referral's consent allows. It is read as the system: the
// receiver cannot see the consent itself.
func (s *Service) openShares(a *forms.Act, referral string) error {
	var caseID, person, party, consent, groups, until string
	err := a.Tx.Row(`SELECT r.case_id, r.person_id, r.party, r.consent, coalesce(r.groups, ''), coalesce(c.until, '') FROM r_referrals r JOIN r_consents c ON c.id = r.consent
		WHERE r.id = ? AND c.state = 'given'`, referral).Scan(&caseID, &person, &party, &consent, &groups, &until)
	if err == store.ErrNone {
		return &Fault{Code: "consent_not_given"}
	}
	if err != nil {
		return err
	}
	var end time.Time
	if until != "" {
		day, err := time.ParseInLocation(time.DateOnly, until, s.practice.Zone)
		if err != nil {
			return err
		}
		end = day.AddDate(0, 0, 1)
		if !end.After(a.Meta.At) {
			return &Fault{Code: "consent_not_given"}
		}
	}
	for _, g := range fields(groups) {
		if _, err := access.GrantShare(a.Tx, access.SharedGroup{Case: caseID, Person: person, Org: party, Group: g, Consent: consent, Referral: referral, Since: a.Meta.At, Until: end}); err != nil {
			return err
		}
	}
	return nil
}

// tellSender lets the sending office know, and moves the planned service along.
func (s *Service) tellSender(a *forms.Act, referral, kind, serviceState string, v registry.Values) error {
	var caseID, owner, service string
	if err := a.Tx.Row("SELECT r.case_id, c.owner, coalesce(r.service_row, '') FROM r_referrals r JOIN r_cases c ON c.id = r.case_id WHERE r.id = ?", referral).Scan(&caseID, &owner, &service); err != nil {
		return err
	}
	if service != "" {
		if _, err := a.Apply(registry.Write{Register: "services", ID: service, Place: registry.Place{State: serviceState}, Values: v}.Follows()); err != nil {
			return err
		}
	}
	return notify(a, Notice{User: owner, Kind: kind, Case: caseID, Object: referral})
}

// Decline refuses a referral with a reason; the service waits for another receiver.
func (s *Service) Decline(ctx context.Context, sub access.Subject, referral, reason string) error {
	return s.received(ctx, sub, "referral.decline", referral, map[string]string{"referral": referral, "reason": reason}, []string{"sent"}, func(a *forms.Act, r *registry.Row) error {
		if reason == "" {
			return &Fault{Code: "decline_reason", Field: "reason"}
		}
		a.Detail("reason", reason)
		if _, err := a.Apply(registry.Write{Register: "referrals", ID: referral, Base: r.Version, Action: access.Receive,
			Place: registry.Place{State: "declined"}, Values: registry.Values{"decline_reason": reason, "closed_at": a.Meta.At}}); err != nil {
			return err
		}
		return s.tellSender(a, referral, "referral_declined", "planned", nil)
	})
}

// Arrived records that the person is there.
func (s *Service) Arrived(ctx context.Context, sub access.Subject, referral, date string) error {
	return s.received(ctx, sub, "referral.arrived", referral, map[string]string{"referral": referral, "date": date}, []string{"accepted"}, func(a *forms.Act, r *registry.Row) error {
		if date == "" {
			date = s.today(a.Meta.At)
		}
		if _, err := a.Apply(registry.Write{Register: "referrals", ID: referral, Base: r.Version, Action: access.Receive, Values: registry.Values{"arrived_on": date}}); err != nil {
			return err
		}
		return s.tellSender(a, referral, "referral_arrived", "in_progress", nil)
	})
}

// Complete records the outcome; the referral closes and the planned service is done.
func (s *Service) Complete(ctx context.Context, sub access.Subject, referral, outcome, note string) error {
	return s.received(ctx, sub, "referral.complete", referral, map[string]string{"referral": referral, "outcome": outcome, "note": note}, []string{"accepted"}, func(a *forms.Act, r *registry.Row) error {
		if outcome == "" {
			return &Fault{Code: "outcome", Field: "outcome"}
		}
		v := registry.Values{"outcome": outcome, "closed_at": a.Meta.At}
		if note != "" {
			v["outcome_note"] = note
		}
		if _, err := a.Apply(registry.Write{Register: "referrals", ID: referral, Base: r.Version, Action: access.Receive, Place: registry.Place{State: "completed"}, Values: v}); err != nil {
			return err
		}
		return s.tellSender(a, referral, "referral_completed", "done", registry.Values{"outcome": outcome, "done_on": s.today(a.Meta.At)})
	})
}

// Revoke calls a referral back; what was shared through it closes.
func (s *Service) Revoke(ctx context.Context, sub access.Subject, caseID, referral string) error {
	_, err := s.inCase(ctx, sub, "referral.revoke", caseID, map[string]string{"referral": referral}, func(a *forms.Act, c *registry.Row) error {
		r, err := s.partOf(a, c, "referrals", referral)
		if err != nil {
			return err
		}
		if r.State != "sent" && r.State != "accepted" {
			return &Fault{Code: "referral_state"}
		}
		if _, err := a.Apply(registry.Write{Register: "referrals", ID: referral, Base: r.Version, Action: access.Refer, Place: registry.Place{State: "revoked"},
			Values: registry.Values{"closed_at": a.Meta.At}}); err != nil {
			return err
		}
		if _, err := access.EndSharesOfReferral(a.Tx, referral, a.Meta.At); err != nil {
			return err
		}
		if row := r.Values.String("service_row"); row != "" {
			if _, err := a.Apply(registry.Write{Register: "services", ID: row, Place: registry.Place{State: "planned"}}.Follows()); err != nil {
				return err
			}
		}
		return notify(a, Notice{Org: r.Party, Kind: "referral_revoked", Object: referral})
	})
	return err
}
