package entities

import (
	"database/sql"
	"fmt"
	"slices"
	"strings"
	"time"

	"aman/platform/access"
	"aman/platform/store"
)

// Source says what made a version.
type Source struct {
	Kind     string // submission: a filled form; api: a write through the API or a page
	Form     string
	Instance string
}

// Version is one version of an entity: all that it then was.
type Version struct {
	Version int64
	Label   string
	Values  map[string]string
	Hidden  []string // properties with a value that the asker may not read
	At      time.Time
	By      string // a user
	Device  string
	Source  Source
	// Base is the version that it was made on; Trunk, Branch and BranchBase are the phone's
	// own count of an offline branch.
	Base, Trunk, BranchBase int64
	Branch                  string
	Conflict                string   // soft, hard or empty: how it met what had changed since Base
	Conflicting             []string // properties that both sides set, differently
	Settled                 time.Time
	SettledBy               string
	// Received is what this write itself brought.
	Received map[string]string
	Current  bool
}

// Difference is one property that two versions do not have in common.
type Difference struct{ Name, From, To string }

// Diff says what each version changed against the one before; the first against nothing.
func Diff(versions []Version) [][]Difference {
	out := make([][]Difference, len(versions))
	before := body{}
	for i, v := range versions {
		now := body{v.Label, v.Values}
		for _, name := range before.differs(now) {
			out[i] = append(out[i], Difference{name, before.get(name), now.get(name)})
		}
		before = now
	}
	return out
}

// notes reads where the versions of an entity came from, by number.
func (s *Service) notes(tx *store.Tx, l *list, id string) (map[int64]Version, error) {
	list, err := s.noted(tx, l, id)
	out := map[int64]Version{}
	for _, v := range list {
		out[v.Version.Version] = v.Version
	}
	return out, err
}

type notedVersion struct {
	Version
	brought []string
	body    []byte
}

func (s *Service) noted(tx *store.Tx, l *list, id string) ([]notedVersion, error) {
	return store.All(tx, func(r *sql.Rows) (v notedVersion, err error) {
		var at, settled int64
		var conflicting, brought string
		err = r.Scan(&v.Version.Version, &at, &v.By, &v.Device, &v.Source.Form, &v.Source.Instance, &v.Base, &v.Trunk, &v.Branch, &v.BranchBase, &v.Conflict, &conflicting, &settled, &v.SettledBy, &brought, &v.body)
		v.At, v.Settled, v.Conflicting, v.brought = store.Time(at), store.Time(settled), strings.Fields(conflicting), strings.Fields(brought)
		v.Source.Kind = "submission"
		if v.Source.Form == form {
			v.Source.Kind = "api"
		}
		return v, err
	}, "SELECT version, at, actor, device, form, submission, base, trunk, branch, branch_base, conflict, conflicting, settled_at, settled_by, brought, body FROM entity_versions WHERE id = ? AND list = ? ORDER BY version", id, l.ID)
}

// Versions tells the history of an entity, oldest first.
func (s *Service) Versions(tx *store.Tx, sub access.Subject, project int64, name, id string) ([]Version, error) {
	sub = s.at(sub)
	l, err := s.list(tx, sub, project, name)
	if err != nil {
		return nil, err
	}
	if l.schema != nil {
		return s.rowVersions(tx, sub, l, id)
	}
	now, err := s.seen(tx, sub, l, id)
	if err != nil {
		return nil, err
	}
	list, err := s.noted(tx, l, id)
	if err != nil {
		return nil, err
	}
	bodies := make([]*row, len(list))
	for i, v := range list {
		bodies[i] = &row{Entity: Entity{ID: id, Version: v.Version.Version}, body: v.body}
		if v.Version.Version == now.Version {
			bodies[i].body = now.body
		}
	}
	if err := s.open(tx, bodies); err != nil {
		return nil, err
	}
	sight := s.sight(sub, l)
	m := sight.may(now)
	out := make([]Version, len(list))
	for i, v := range list {
		v.Label, v.Values, v.Hidden = sight.cut(bodies[i].opened, m)
		v.Current = v.Version.Version == now.Version
		v.Received = map[string]string{}
		for _, p := range v.brought {
			if m.read.Readable(l.class(p)) {
				v.Received[p] = bodies[i].opened.get(p)
			}
		}
		out[i] = v.Version
	}
	return out, nil
}

// Link is an entity that a submission made or changed.
type Link struct {
	Project int64
	Dataset string
	ID      string
	Version int64
}

// EntitiesOf lists what a submission, or one that it is an edit of, made or changed.
func (s *Service) EntitiesOf(tx *store.Tx, root string) ([]Link, error) {
	return store.All(tx, func(r *sql.Rows) (l Link, err error) { return l, r.Scan(&l.Project, &l.Dataset, &l.ID, &l.Version) },
		"SELECT l.project, l.name, v.id, v.version FROM entity_versions v JOIN entity_lists l ON l.id = v.list WHERE v.root = ? ORDER BY l.name, v.id, v.version", root)
}

// Clash is one conflict that waits for a person: what stood when the change came, and what
// the change made of it.
type Clash struct {
	Version                    // the change
	Before     Version         // what stood
	Properties []string        // where the two differ, sorted
	Both       map[string]bool // those that both sides had set since Base
}

// Clashes gives the open conflicts among versions, oldest first.
func Clashes(versions []Version) (out []Clash) {
	for i, v := range versions {
		if v.Conflict == "" || !v.Settled.IsZero() || i == 0 {
			continue
		}
		c := Clash{Version: v, Before: versions[i-1], Both: map[string]bool{}}
		c.Properties = body{c.Before.Label, c.Before.Values}.differs(body{v.Label, v.Values})
		for _, name := range v.Conflicting {
			c.Both[name] = true
			if !slices.Contains(c.Properties, name) {
				c.Properties = append(c.Properties, name)
			}
		}
		out = append(out, c)
	}
	return out
}

func (v Version) String() string { return fmt.Sprint("version ", v.Version) }
