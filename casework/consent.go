package casework

import (
	"context"
	"slices"

	"aman/forms"
	"aman/platform/access"
	"aman/platform/store"
	"aman/registry"
)

// ConsentText is the version of the text that is read out; the page of the act shows it.
const ConsentText = 1

// Consent is one answer to one question: may this be done, for this purpose, towards
// this receiver?
type Consent struct {
	Purpose  string   `json:"purpose"`
	Receiver string   `json:"receiver,omitempty"` // organisation, for partner and law_enforcement
	Groups   []string `json:"groups,omitempty"`   // what may be shared
	Given    bool     `json:"given"`              // false: refused
	Checks   []string `json:"checks,omitempty"`   // what was explained
	Form     string   `json:"form,omitempty"`
	Language string   `json:"language,omitempty"`
	Until    string   `json:"until,omitempty"` // last day; open when empty
}

// purposes that share something with somebody, so that receiver and groups are needed.
var sharing = []string{"partner", "law_enforcement"}

// RecordConsent keeps what the person answered. A refusal is kept as well, and costs
// the person nothing; it ends what she agreed to before for the same purpose and receiver.
func (s *Service) RecordConsent(ctx context.Context, sub access.Subject, caseID string, list ...Consent) ([]string, error) {
	var made []string
	r, err := s.inCase(ctx, sub, "case.consent", caseID, list, func(a *forms.Act, c *registry.Row) error {
		made = nil
		for _, x := range list {
			if f := x.check(); f != nil {
				return f
			}
			state := "given"
			if !x.Given {
				state = "refused"
			}
			w := part(c, "consents", state, registry.Values{
				"purpose": x.Purpose, "receiver": x.Receiver, "groups": x.Groups, "checks": x.Checks, "form": x.Form,
				"language": x.Language, "reader": sub.User, "given_on": s.today(a.Meta.At), "until": x.Until, "text_version": int64(ConsentText),
			})
			w.Action = access.Consent
			out, err := a.Apply(w)
			if err != nil {
				return err
			}
			made = append(made, out.ID)
			if !x.Given {
				if err := s.endEarlier(a, c, x.Purpose, x.Receiver); err != nil {
					return err
				}
			}
			if x.Purpose == "statistics" {
				if err := s.countIn(a, c, x.Given); err != nil {
					return err
				}
			}
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	return s.made(ctx, r, "consents", made)
}

func (x *Consent) check() *Fault {
	if slices.Contains(sharing, x.Purpose) {
		if x.Receiver == "" {
			return &Fault{Code: "consent_receiver", Field: "receiver"}
		}
		if x.Given && len(x.Groups) == 0 {
			return &Fault{Code: "consent_groups", Field: "groups"}
		}
	}
	if x.Given && len(x.Checks) == 0 {
		return &Fault{Code: "consent_checks", Field: "checks"}
	}
	return nil
}

// countIn marks the case as one that statistics may count, or not.
func (s *Service) countIn(a *forms.Act, c *registry.Row, yes bool) error {
	_, err := a.Apply(registry.Write{Register: "cases", ID: c.ID, Action: access.Consent, Values: registry.Values{"statistics": yes}})
	return err
}

// Withdraw ends a consent. Shares that rest on it end at once, open referrals end, and
// the receivers are told, without a word about why.
func (s *Service) Withdraw(ctx context.Context, sub access.Subject, caseID, consent string) error {
	_, err := s.inCase(ctx, sub, "case.withdraw", caseID, map[string]string{"consent": consent}, func(a *forms.Act, c *registry.Row) error {
		row, err := s.registry.Get(a.Tx, a.Meta.Subject, "consents", consent)
		if err != nil {
			return err
		}
		if row.Case != caseID {
			return &access.Refusal{Action: access.Consent, Object: row.Object(), Reason: access.NoSuchRow}
		}
		if row.State != "given" {
			return &Fault{Code: "consent_not_given"}
		}
		a.Detail("consent", consent)
		a.Detail("purpose", row.Values.String("purpose"))
		if row.Values.String("purpose") == "statistics" {
			if err := s.countIn(a, c, false); err != nil {
				return err
			}
		}
		return s.end(a, c, consent)
	})
	return err
}

// endEarlier ends what was agreed to before for a purpose and receiver.
func (s *Service) endEarlier(a *forms.Act, c *registry.Row, purpose, receiver string) error {
	list, err := a.Tx.Strings("SELECT id FROM r_consents WHERE case_id = ? AND purpose = ? AND coalesce(receiver, '') = ? AND state = 'given' AND deleted = FALSE ORDER BY id", c.ID, purpose, receiver)
	if err != nil {
		return err
	}
	for _, consent := range list {
		if err := s.end(a, c, consent); err != nil {
			return err
		}
	}
	return nil
}

// end ends one consent and all that rests on it.
func (s *Service) end(a *forms.Act, c *registry.Row, consent string) error {
	if _, err := a.Apply(registry.Write{Register: "consents", ID: consent, Action: access.Consent,
		Place: registry.Place{State: "withdrawn"}, Values: registry.Values{"withdrawn_at": a.Meta.At}}); err != nil {
		return err
	}
	return s.endSharing(a, c, consent)
}

func (s *Service) endSharing(a *forms.Act, c *registry.Row, consent string) error {
	told, err := access.EndShares(a.Tx, consent, a.Meta.At)
	if err != nil {
		return err
	}
	type open struct{ id, party, service string }
	list, err := store.All(a.Tx, scan3(func(x, y, z string) open { return open{x, y, z} }),
		"SELECT id, party, coalesce(service_row, '') FROM r_referrals WHERE consent = ? AND state IN ('sent', 'accepted') AND deleted = FALSE", consent)
	if err != nil {
		return err
	}
	for _, r := range list {
		if _, err := a.Apply(registry.Write{Register: "referrals", ID: r.id, Place: registry.Place{State: "ended"}, Values: registry.Values{"closed_at": a.Meta.At}}.Follows()); err != nil {
			return err
		}
		if r.service != "" {
			if _, err := a.Apply(registry.Write{Register: "services", ID: r.service, Place: registry.Place{State: "planned"}}.Follows()); err != nil {
				return err
			}
		}
		if !slices.Contains(told, r.party) {
			told = append(told, r.party)
		}
	}
	for _, org := range told {
		if err := notify(a, Notice{Org: org, Kind: "consent_withdrawn", Case: c.ID, Object: consent}); err != nil {
			return err
		}
	}
	return nil
}
