package demo

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"time"

	"aman/node"
	"aman/platform/access"
	"aman/platform/store"
)

// SignIn is somebody who works in the demonstration; whoever opens it sets the password.
type SignIn struct {
	Role         string // role of the pack: caseworker, enumerator …
	Login        string
	User         string // id
	Name         string // invented
	Organisation string // its name
	Language     string // en, ur or id
	// Main sign-ins are worth showing first, in this order.
	Main bool
}

// office is everybody who works in the demonstration, and where.
type office struct {
	orgs     map[string]string // code -> id
	offices  map[string]string
	home     map[string]string         // office code -> organisation id
	people   map[string]access.Subject // login -> subject
	by       map[string][]string       // role and office code -> logins
	gives    map[string][]string       // service -> organisation ids that take referrals for it
	police   string                    // the organisation of the investigators
	signIns  []SignIn
	language map[string]string
}

// open makes the organisations, offices and users.
func openOffices(ctx context.Context, n *node.Node, c *content, at time.Time) (*office, error) {
	var o *office
	err := n.Store.Write(ctx, func(tx *store.Tx) error {
		o = &office{orgs: map[string]string{}, offices: map[string]string{}, home: map[string]string{}, people: map[string]access.Subject{}, by: map[string][]string{}, gives: map[string][]string{}}
		if err := o.organisations(tx, c.orgs, at); err != nil {
			return err
		}
		return o.staff(tx, n.Policy, c, at)
	})
	return o, err
}

func (o *office) organisations(tx *store.Tx, list []organisation, at time.Time) error {
	for _, org := range list {
		id, err := access.CreateOrg(tx, access.NewOrg{Code: org.Code, Name: org.Name, Kind: org.Kind}, at)
		if err != nil {
			return fmt.Errorf("organisation %s: %w", org.Code, err)
		}
		o.orgs[org.Code] = id
		if org.Kind == "government" {
			o.police = id
		}
		for _, service := range org.Gives {
			o.gives[service] = append(o.gives[service], id)
		}
		for _, f := range org.Offices {
			if o.offices[f.Code], err = access.CreateOffice(tx, access.NewOffice{Org: id, Code: f.Code, Name: f.Name, Place: f.Place}, at); err != nil {
				return fmt.Errorf("office %s: %w", f.Code, err)
			}
			o.home[f.Code] = id
		}
	}
	return nil
}

func (o *office) staff(tx *store.Tx, policy *access.Policy, c *content, at time.Time) error {
	names := map[string]string{}
	for _, org := range c.orgs {
		names[org.Code] = org.Name
	}
	list := slices.Clone(c.staff)
	slices.SortStableFunc(list, func(a, b staff) int { return cmp.Compare(rank(a), rank(b)) })
	for _, s := range list {
		var offices []string
		for _, code := range s.Offices {
			offices = append(offices, o.offices[code])
			o.by[s.Role+" "+code] = append(o.by[s.Role+" "+code], s.Login)
		}
		id, err := policy.CreateUser(tx, access.NewUser{Login: s.Login, Name: s.Name, Org: o.orgs[s.Org], Language: s.Language, Offices: offices, Roles: []string{s.Role}}, at)
		if err != nil {
			return fmt.Errorf("user %s: %w", s.Login, err)
		}
		if o.people[s.Login], err = access.SubjectOf(tx, id, at); err != nil {
			return fmt.Errorf("user %s: %w", s.Login, err)
		}
		o.signIns = append(o.signIns, SignIn{Role: s.Role, Login: s.Login, User: id, Name: s.Name, Organisation: names[s.Org], Language: s.Language, Main: s.Rank > 0})
	}
	return nil
}

func rank(s staff) int {
	if s.Rank == 0 {
		return 1 << 30
	}
	return s.Rank
}

// who gives somebody of a role in an office.
func (o *office) who(role, office string) (access.Subject, bool) {
	logins := o.by[role+" "+office]
	if len(logins) == 0 {
		return access.Subject{}, false
	}
	return o.people[logins[0]], true
}

// share gives the n-th case of an office to somebody of a role there, in turn.
func (o *office) share(role, office string, n int) access.Subject {
	logins := o.by[role+" "+office]
	return o.people[logins[n%len(logins)]]
}

// at is the subject at a moment: what signing in gives on each request.
func at(s access.Subject, t time.Time) access.Subject {
	s.At = t
	return s
}
