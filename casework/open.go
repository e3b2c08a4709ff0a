package casework

import (
	"context"
	"maps"
	"time"

	"aman/forms"
	"aman/platform/access"
	"aman/platform/ids"
	"aman/platform/store"
	"aman/registry"
)

// Opening is what is needed to open a case.
type Opening struct {
	// Intake is the submission it comes from; empty for a person who is met without one.
	Intake string `json:"intake,omitempty"`
	// Person is the earlier record it is joined to; empty makes a new person.
	Person string `json:"person,omitempty"`
	// PersonValues and CaseValues are what the interview said, as typed properties.
	PersonValues registry.Values `json:"person_values,omitempty"`
	CaseValues   registry.Values `json:"case_values,omitempty"`
	// Office the case belongs to; the subject's first office when empty.
	Office string `json:"office,omitempty"`
	// Risk decides by when the person must be contacted; medium when empty.
	Risk string `json:"risk,omitempty"`
	// Restricted hides the case from the office; only its team sees it.
	Restricted bool `json:"restricted,omitempty"`
}

// Open opens a case, with its person, its code, its first task, and its caseworker as
// owner. It gives the id of the case.
func (s *Service) Open(ctx context.Context, sub access.Subject, o Opening) (string, error) {
	if o.Risk == "" {
		o.Risk = s.practice.DefaultRisk
	}
	if s.practice.Risks[o.Risk].EveryDays == 0 {
		return "", &Fault{Code: "risk", Field: "risk"}
	}
	if o.Office == "" && len(sub.Offices) > 0 {
		o.Office = sub.Offices[0]
	}
	if !contains(sub.Offices, o.Office) {
		return "", &Fault{Code: "other_office", Field: "office"}
	}
	if err := ofActs(o.CaseValues, nil); err != nil {
		return "", err
	}
	caseID, person := ids.New(), o.Person
	if person == "" {
		person = ids.New()
	}
	r, err := s.act(ctx, sub, "case.open", "", "", o, func(a *forms.Act) error {
		a.About(caseID, person)
		return s.open(a, o, caseID, person)
	})
	// The page that was sent twice opened one case: the first.
	return r.Case, err
}

func (s *Service) open(a *forms.Act, o Opening, caseID, person string) error {
	sub, at := a.Meta.Subject, a.Meta.At
	place := registry.Place{Org: sub.Org, Office: o.Office, Owner: sub.User, Case: caseID, Person: person, State: "Active", Restricted: &o.Restricted}
	if o.Person == "" {
		if _, err := a.Apply(registry.Write{Register: "people", ID: person, Create: true, Values: o.PersonValues,
			Place: registry.Place{Org: sub.Org, Office: o.Office, Owner: sub.User, Restricted: &o.Restricted}}); err != nil {
			return err
		}
	} else if err := s.join(a, o, caseID); err != nil {
		return err
	}
	values := maps.Clone(o.CaseValues)
	if values == nil {
		values = registry.Values{}
	}
	code, err := newCode(a.Tx)
	if err != nil {
		return err
	}
	values["code"], values["opened_on"], values["risk_level"] = code, s.today(at), o.Risk
	values["next_review_on"] = s.today(at.AddDate(0, 0, s.practice.ReviewDays))
	if o.Intake != "" {
		values["source"] = "intake_form"
	}
	if err := s.asAtOpening(a, o, person, values); err != nil {
		return err
	}
	if _, err := a.Apply(registry.Write{Register: "cases", ID: caseID, Create: true, Values: values, Place: place}); err != nil {
		return err
	}
	if err := access.JoinTeam(a.Tx, access.Member{Case: caseID, Person: person, User: sub.User, Why: access.WhyOwner, Since: at}); err != nil {
		return err
	}
	if o.Intake != "" {
		if err := a.Join(o.Intake, caseID, person); err != nil {
			return err
		}
		a.Detail("submission", forms.ForAudit(o.Intake))
	}
	due := s.today(at.AddDate(0, 0, s.practice.Risks[o.Risk].FirstDays))
	_, err = a.Apply(registry.Write{Register: "tasks", Create: true, Values: registry.Values{"kind": "contact", "due_on": due},
		Place: registry.Place{Org: sub.Org, Office: o.Office, Owner: sub.User, Case: caseID, Person: person, State: "open", Restricted: &o.Restricted}})
	return err
}

// join makes an earlier person the case's person. The caseworker must be able to see
// that record; what it lacks is filled from the interview, what it has is not changed.
func (s *Service) join(a *forms.Act, o Opening, caseID string) error {
	row, err := s.registry.Get(a.Tx, a.Meta.Subject, "people", o.Person)
	if err != nil {
		return err
	}
	if err := access.JoinTeam(a.Tx, access.Member{Case: caseID, Person: o.Person, User: a.Meta.Subject.User, Why: access.WhyOwner, Since: a.Meta.At}); err != nil {
		return err
	}
	if row, err = s.registry.Get(a.Tx, a.Meta.Subject, "people", o.Person); err != nil {
		return err
	}
	missing := registry.Values{}
	sealed := map[string]bool{}
	for _, name := range row.Sealed {
		sealed[name] = true
	}
	for name, v := range o.PersonValues {
		if row.Values[name] == nil && !sealed[name] {
			missing[name] = v
		}
	}
	if len(missing) == 0 {
		return nil
	}
	_, err = a.Apply(registry.Write{Register: "people", ID: o.Person, Base: row.Version, Values: missing})
	return err
}

// asAtOpening copies to the case what statistics count of its person, so that the
// figure of a year does not change when the person's record does.
func (s *Service) asAtOpening(a *forms.Act, o Opening, person string, values registry.Values) error {
	row, err := s.registry.Get(a.Tx, a.Meta.Subject, "people", person)
	if err != nil {
		return err
	}
	for _, name := range []string{"sex", "age_band"} {
		if values[name] == nil {
			values[name] = row.Values[name]
		}
		if values[name] == nil {
			values[name] = "unknown"
		}
	}
	if c := row.Values.Codes("citizenship"); len(c) > 0 && values["citizenship"] == nil {
		values["citizenship"] = c[0]
	}
	if types, _ := values["exploitation_types"].([]string); len(types) > 0 && values["exploitation_main"] == nil {
		values["exploitation_main"] = types[0]
	}
	return nil
}

func newCode(tx *store.Tx) (string, error) {
	code, err := ids.NewCodeUnless(func(c ids.Code) (bool, error) {
		var n int
		err := tx.Row("SELECT count(*) FROM r_cases WHERE code = ?", string(c)).Scan(&n)
		return n > 0, err
	})
	return string(code), err
}

// Close closes a case with its reason; details are sealed. What was still planned is
// cancelled, so that nobody is reminded of it, and a follow-up is planned.
func (s *Service) Close(ctx context.Context, sub access.Subject, caseID, reason, details string) error {
	_, err := s.inCase(ctx, sub, "case.close", caseID, map[string]string{"reason": reason, "details": details}, func(a *forms.Act, c *registry.Row) error {
		if c.State == "Closed" || c.State == "ClosedReferred" {
			return &Fault{Code: "closed_already"}
		}
		state := "Closed"
		if reason == "transferred" {
			state = "ClosedReferred"
		}
		a.Detail("reason", reason)
		if _, err := a.Apply(registry.Write{Register: "cases", ID: caseID, Base: c.Version, Action: access.Close, Place: registry.Place{State: state},
			Values: registry.Values{"closure_reason": reason, "closure_details": details, "closed_on": s.today(a.Meta.At)}}); err != nil {
			return err
		}
		if err := s.cancelOpen(a, "case_id", caseID, "tasks", "services"); err != nil {
			return err
		}
		if reason == "died" {
			return nil
		}
		_, err := a.Apply(part(c, "tasks", "open", registry.Values{"kind": "follow_up", "due_on": s.today(a.Meta.At.AddDate(0, s.practice.FollowUpMonths, 0))}).Follows())
		return err
	})
	return err
}

// Reopen makes a closed case active again.
func (s *Service) Reopen(ctx context.Context, sub access.Subject, caseID string) error {
	_, err := s.inCase(ctx, sub, "case.reopen", caseID, struct{}{}, func(a *forms.Act, c *registry.Row) error {
		if c.State == "Active" {
			return nil
		}
		_, err := a.Apply(registry.Write{Register: "cases", ID: caseID, Base: c.Version, Action: access.Close, Place: registry.Place{State: "Active"}, Values: registry.Values{"closed_on": nil}})
		return err
	})
	return err
}

// Assign hands a case to another user of the same office, with everything in it.
func (s *Service) Assign(ctx context.Context, sub access.Subject, caseID, user string) error {
	_, err := s.inCase(ctx, sub, "case.assign", caseID, map[string]string{"user": user}, func(a *forms.Act, c *registry.Row) error {
		next, err := access.SubjectOf(a.Tx, user, a.Meta.At)
		if err != nil {
			return err
		}
		if next.Org != c.Org || !contains(next.Offices, c.Office) || !s.policy.May(next, access.Plan, "cases") {
			return &Fault{Code: "other_office", Field: "user"}
		}
		a.Detail("user", user)
		if _, err := a.Apply(registry.Write{Register: "cases", ID: caseID, Action: access.Assign, Place: registry.Place{Owner: user}}); err != nil {
			return err
		}
		if _, err := access.LeaveTeam(a.Tx, caseID, c.Owner, a.Meta.At); err != nil {
			return err
		}
		// A moment later, so that the new membership does not begin before the old ends.
		if err := access.JoinTeam(a.Tx, access.Member{Case: caseID, Person: c.Person, User: user, Why: access.WhyOwner, Since: a.Meta.At}); err != nil {
			return err
		}
		for _, w := range work {
			rows, err := a.Tx.Strings("SELECT id FROM r_"+w.register+" WHERE "+w.column+" = ? AND deleted = FALSE AND owner = ? AND state IN ("+w.states+")", map[string]string{"case_id": caseID, "id": c.Person}[w.column], c.Owner)
			if err != nil {
				return err
			}
			for _, id := range rows {
				if _, err := a.Apply(registry.Write{Register: w.register, ID: id, Place: registry.Place{Owner: user}}.Follows()); err != nil {
					return err
				}
			}
		}
		return notify(a, Notice{User: user, Kind: "case_assigned", Case: caseID, Object: caseID})
	})
	return err
}

// work is what goes along when a case is handed over: its parts in the states in which
// they still want something of somebody, and the record of its person, whose owner may
// open the name.
var work = []struct{ register, column, states string }{
	{"tasks", "case_id", "'open'"}, {"services", "case_id", "'planned', 'referred', 'in_progress'"}, {"referrals", "case_id", "'sent', 'accepted'"}, {"people", "id", "''"},
}

func contains(list []string, x string) bool {
	for _, e := range list {
		if e == x {
			return true
		}
	}
	return false
}

// ByCode gives the id of the case with a code, for somebody who names it to break the
// glass. It tells nothing but that; a code cannot be guessed.
func (s *Service) ByCode(ctx context.Context, text string) (id string, err error) {
	code, err := ids.ParseCode(text)
	if err == nil {
		err = s.db.Read(ctx, func(tx *store.Tx) error {
			return tx.Row("SELECT id FROM r_cases WHERE code = ? AND deleted = FALSE", string(code)).Scan(&id)
		})
	}
	if err != nil {
		return "", &access.Refusal{Action: access.BreakGlass, Object: access.Object{Register: "cases"}, Reason: access.NoSuchRow}
	}
	return id, nil
}

// BreakGlass lets the subject into a case for a short time, for a reason that is kept,
// and tells the case's owner and the supervisors of its office.
func (s *Service) BreakGlass(ctx context.Context, sub access.Subject, caseID, reason string, limit time.Duration) error {
	_, err := s.act(ctx, sub, "case.break_glass", caseID, "", map[string]string{"reason": reason, "limit": limit.String()}, func(a *forms.Act) error {
		var org, office, owner, person string
		err := a.Tx.Row("SELECT org, office, owner, person_id FROM r_cases WHERE id = ? AND deleted = FALSE", caseID).Scan(&org, &office, &owner, &person)
		object := access.Object{Register: "cases", ID: caseID, Org: org, Office: office, Owner: owner, Case: caseID, Person: person}
		if err == store.ErrNone {
			return &access.Refusal{Action: access.BreakGlass, Object: object, Reason: access.NoSuchRow}
		}
		if err != nil {
			return err
		}
		if _, err := s.policy.Require(a.Tx, a.Meta.Subject, access.BreakGlass, object); err != nil {
			return err
		}
		if err := access.JoinByBreakGlass(a.Tx, a.Meta.Subject, caseID, person, reason, limit); err != nil {
			return err
		}
		a.About(caseID, person) // the reason may name her: it goes with her key
		a.Detail("until", a.Meta.At.Add(limit).Format(time.RFC3339))
		if err := notify(a, Notice{User: owner, Kind: "glass_broken", Case: caseID, Object: sub.User}); err != nil {
			return err
		}
		return s.tellWhoMay(a, access.Supervise, Notice{Org: org, Office: office, Kind: "glass_broken", Case: caseID, Object: sub.User})
	})
	return err
}
