package casework

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"aman/forms"
	"aman/platform/access"
	"aman/platform/audit"
	"aman/platform/ids"
	"aman/platform/store"
	"aman/platform/vault"
	"aman/registry"
	"aman/screening"
)

// Service carries out the acts of casework on one store.
type Service struct {
	db       *store.DB
	vault    *vault.Vault
	audit    *audit.Log
	policy   *access.Policy
	registry *registry.Registry
	forms    *forms.Service
	library  *screening.Library
	practice Practice
	now      func() time.Time
}

// New makes the service; now is the clock.
func New(db *store.DB, v *vault.Vault, log *audit.Log, p *access.Policy, r *registry.Registry, f *forms.Service, l *screening.Library, practice Practice, now func() time.Time) *Service {
	return &Service{db: db, vault: v, audit: log, policy: p, registry: r, forms: f, library: l, practice: practice, now: now}
}

// Fault is an act that the rules do not allow as asked. Code is a key of the catalogue
// of texts ("casework.fault." + Code); Field names the field to mend, when it is one.
type Fault struct {
	Code, Field string
}

func (f *Fault) Error() string { return "casework: " + f.Code }

// AsFault gives the fault in err; nil when it is something else.
func AsFault(err error) *Fault {
	var f *Fault
	if errors.As(err, &f) {
		return f
	}
	return nil
}

// formVersion is the version of the forms that are acts of the program. It changes
// when what their bodies hold changes, so that an old submission is still understood.
const formVersion = "1"

// act submits one act of the program. payload is what was filled in; it is kept sealed.
// person is whose key seals it, "" when not known before the act itself.
func (s *Service) act(ctx context.Context, sub access.Subject, form, caseID, person string, payload any, do func(*forms.Act) error) (forms.Result, error) {
	body, err := json.Marshal(payload)
	if err != nil {
		return forms.Result{}, fmt.Errorf("%s: %w", form, err)
	}
	return s.forms.Submit(ctx, sub, forms.Filled{
		Instance: instanceOf(ctx), Form: form, Version: formVersion, Body: body, Case: caseID, Person: person, Verb: form,
	}, do)
}

type instanceKey struct{}

// WithInstance names the submission of the next act: a page that is sent twice because
// of a bad line then acts once.
func WithInstance(ctx context.Context, id string) context.Context {
	if id == "" {
		return ctx
	}
	return context.WithValue(ctx, instanceKey{}, id)
}

func instanceOf(ctx context.Context) string {
	id, _ := ctx.Value(instanceKey{}).(string)
	return id
}

// inCase reads the case of an act and runs do with it; the case's person seals the act.
func (s *Service) inCase(ctx context.Context, sub access.Subject, form, caseID string, payload any, do func(a *forms.Act, c *registry.Row) error) (forms.Result, error) {
	var person string
	err := s.db.Read(ctx, func(tx *store.Tx) error {
		c, err := s.registry.Get(tx, s.at(sub), "cases", caseID)
		if err == nil {
			person = c.Person
		}
		return err
	})
	if err != nil {
		return forms.Result{}, err
	}
	return s.act(ctx, sub, form, caseID, person, payload, func(a *forms.Act) error {
		c, err := s.registry.Get(a.Tx, a.Meta.Subject, "cases", caseID)
		if err != nil {
			return err
		}
		return do(a, c)
	})
}

// made gives the rows that an act made in a register: those of now, or when the act was
// sent twice those of the first time.
func (s *Service) made(ctx context.Context, r forms.Result, register string, now []string) (ids []string, err error) {
	if !r.Duplicate {
		return now, nil
	}
	err = s.db.Read(ctx, func(tx *store.Tx) error {
		ids, err = tx.Strings("SELECT row_id FROM history WHERE submission = ? AND register = ? AND op = 'create' ORDER BY row_id", r.Instance, register)
		return err
	})
	return ids, err
}

func (s *Service) firstMade(ctx context.Context, r forms.Result, register, now string) (string, error) {
	ids, err := s.made(ctx, r, register, []string{now})
	if err != nil || len(ids) == 0 {
		return "", err
	}
	return ids[0], nil
}

// at stamps the subject with the clock of the service, by which shares and teams are judged.
func (s *Service) at(sub access.Subject) access.Subject {
	sub.At = s.now().UTC()
	return sub
}

// part makes a row that belongs to a case.
func part(c *registry.Row, register string, state string, v registry.Values) registry.Write {
	return registry.Write{
		Register: register, Create: true, Values: v,
		Place: registry.Place{Org: c.Org, Office: c.Office, Owner: c.Owner, Case: c.ID, Person: c.Person, State: state, Restricted: &c.Restricted},
	}
}

// today is the date of an act where people work.
func (s *Service) today(at time.Time) string { return at.In(s.practice.Zone).Format(time.DateOnly) }

// Notice is something that somebody should see: a referral that came, a consent
// withdrawn. It holds ids and codes only.
type Notice struct {
	ID, User, Org, Office string
	Kind                  string
	Case, Object          string
	At, Seen              time.Time
}

// tellWhoMay tells those of an office who may do something with its cases, each for
// herself, so that nobody else marks it as seen, least of all the one whom it is about.
// Where there is nobody else the office is told.
func (s *Service) tellWhoMay(a *forms.Act, action access.Action, n Notice) error {
	users, err := a.Tx.Strings("SELECT user_id FROM user_offices WHERE office = ? ORDER BY user_id", n.Office)
	if err != nil {
		return err
	}
	told := false
	for _, user := range users {
		sub, err := access.SubjectOf(a.Tx, user, a.Meta.At)
		if errors.Is(err, access.ErrUser) || user == a.Meta.Subject.User {
			continue
		}
		if err != nil {
			return err
		}
		if s.policy.May(sub, action, "cases") {
			told = true
			if err := notify(a, Notice{User: user, Kind: n.Kind, Case: n.Case, Object: n.Object}); err != nil {
				return err
			}
		}
	}
	if told {
		return nil
	}
	return notify(a, n)
}

func notify(a *forms.Act, n Notice) error {
	_, err := a.Tx.Exec("INSERT INTO notices (id, user_id, org, office, kind, case_id, object, at) VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
		ids.New(), n.User, n.Org, n.Office, n.Kind, n.Case, n.Object, store.Micros(a.Meta.At))
	return err
}
