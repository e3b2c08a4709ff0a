// Package nodetest gives tests a whole node on each engine, with a small world in it:
// an office with its staff, a shelter of another organisation, and a third organisation
// that has no business with any of it.
package nodetest

import (
	"context"
	"fmt"
	"sync"
	"testing"
	"time"

	"aman/node"
	"aman/platform/access"
	"aman/platform/store"
	"aman/platform/store/storetest"
)

// World is a node and the people who work on it.
type World struct {
	Node  *node.Node
	Clock *Clock
	// Office is the office of the caseworker, the colleague, the supervisor and the enumerator.
	Office                                        string
	Caseworker, Colleague, Supervisor, Enumerator access.Subject
	DataOfficer, Approver, Admin, Shelter, Third  access.Subject
	// FieldManager keeps the surveys of the office's organisation.
	FieldManager access.Subject
}

// Clock is a clock that tests move.
type Clock struct {
	mu sync.Mutex
	at time.Time
}

// Now gives the time; each look moves it by a microsecond, so that no two acts are at once.
func (c *Clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.at = c.at.Add(time.Microsecond)
	return c.at
}

// Add moves the clock.
func (c *Clock) Add(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.at = c.at.Add(d)
}

// Each runs f in a new world on both engines.
func Each(t *testing.T, f func(t *testing.T, w *World)) {
	t.Helper()
	t.Run("sqlite", func(t *testing.T) { f(t, New(t, "")) })
	t.Run("postgres", func(t *testing.T) { f(t, New(t, storetest.PostgresURL(t))) })
}

// New makes a world in a new embedded node, or on the database at url.
func New(t testing.TB, url string) *World { return NewAt(t, url, "") }

// NewAt is New for a node that browsers reach at origin, as passkeys need.
func NewAt(t testing.TB, url, origin string) *World {
	t.Helper()
	w := &World{Clock: &Clock{at: time.Date(2026, 3, 31, 8, 0, 0, 0, time.UTC)}}
	var err error
	w.Node, err = node.Open(context.Background(), node.Config{Data: t.TempDir(), Database: url, Create: true, Origin: origin, Now: w.Clock.Now})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { w.Node.Close() })
	if err := w.people(); err != nil {
		t.Fatal(err)
	}
	return w
}

// Now is the subject at this moment: what signing in gives on each request.
func (w *World) Now(s access.Subject) access.Subject {
	s.At = w.Clock.Now()
	return s
}

func (w *World) people() error {
	type who struct {
		into             *access.Subject
		login, org, role string
	}
	staff := []who{
		{&w.Caseworker, "caseworker", "home", "caseworker"}, {&w.Colleague, "colleague", "home", "caseworker"},
		{&w.Supervisor, "supervisor", "home", "supervisor"}, {&w.Enumerator, "enumerator", "home", "enumerator"},
		{&w.DataOfficer, "data", "home", "data_officer"}, {&w.Approver, "approver", "home", "release_approver"},
		{&w.FieldManager, "field", "home", "field_manager"}, {&w.Admin, "admin", "home", "administrator"}, {&w.Shelter, "shelter", "shelter", "shelter_manager"}, {&w.Third, "third", "third", "shelter_manager"},
	}
	return w.Node.Store.Write(context.Background(), func(tx *store.Tx) error {
		at := w.Clock.Now()
		orgs, offices := map[string]string{}, map[string]string{}
		for _, code := range []string{"home", "shelter", "third"} {
			org, err := access.CreateOrg(tx, access.NewOrg{Code: code, Name: "The organisation " + code, Kind: "ngo"}, at)
			if err != nil {
				return err
			}
			orgs[code] = org
			if offices[code], err = access.CreateOffice(tx, access.NewOffice{Org: org, Code: code + "-1", Name: "Office of " + code}, at); err != nil {
				return err
			}
		}
		w.Office = offices["home"]
		for _, p := range staff {
			id, err := w.Node.Policy.CreateUser(tx, access.NewUser{Login: p.login, Name: p.login, Org: orgs[p.org], Offices: []string{offices[p.org]}, Roles: []string{p.role}}, at)
			if err != nil {
				return fmt.Errorf("%s: %w", p.login, err)
			}
			if *p.into, err = access.SubjectOf(tx, id, at); err != nil {
				return err
			}
		}
		return nil
	})
}
