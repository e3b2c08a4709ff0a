package access_test

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"aman/platform/access"
	"aman/platform/store"
	"aman/platform/store/storetest"
)

var ctx = context.Background()

const columns = `id TEXT PRIMARY KEY, org TEXT NOT NULL, office TEXT NOT NULL, owner TEXT NOT NULL, case_id TEXT NOT NULL, person_id TEXT NOT NULL,
	party TEXT NOT NULL, state TEXT NOT NULL, restricted BOOLEAN NOT NULL, deleted BOOLEAN NOT NULL`

// table makes a table as package registry does, as far as access is concerned.
func table(t testing.TB, db *store.DB, registers ...access.Register) {
	t.Helper()
	write(t, db, func(tx *store.Tx) error {
		for _, r := range registers {
			if err := tx.DDL("CREATE TABLE r_" + r.Name + " (" + columns + ")"); err != nil {
				return err
			}
		}
		return nil
	})
}

func write(t testing.TB, db *store.DB, f func(*store.Tx) error) {
	t.Helper()
	if err := db.Write(ctx, f); err != nil {
		t.Fatal(err)
	}
}

func put(tx *store.Tx, o access.Object) error {
	_, err := tx.Exec("INSERT INTO r_"+o.Register+" (id, org, office, owner, case_id, person_id, party, state, restricted, deleted) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
		o.ID, o.Org, o.Office, o.Owner, o.Case, o.Person, o.Party, o.State, o.Restricted, o.Deleted)
	return err
}

// world is everything a decision can depend on.
type world struct {
	roles    []access.Role
	subjects []access.Subject
	rows     []access.Object
	team     [][]any
	shares   [][]any
	actions  []access.Action // to ask for
}

var sample = []access.Register{
	{Name: "of_case", Scope: access.OfCase, Classes: map[string]access.Class{"a": "open", "b": "sensitive", "c": "identity", "d": "health"},
		PartyAlways: []string{"a", "state"}, PartyByState: map[string][]string{"accepted": {"b"}},
		Shares: map[string][]string{"g1": {"a"}, "g2": {"c", "d"}}},
	{Name: "of_person", Scope: access.OfPerson, Classes: map[string]access.Class{"a": "open", "c": "identity"},
		Shares: map[string][]string{"g2": {"c"}}},
	{Name: "of_office", Scope: access.OfOffice, Classes: map[string]access.Class{"a": "open", "b": "sensitive"},
		Shares: map[string][]string{"g1": {"a"}}},
	{Name: "of_public", Scope: access.OfPublic, Classes: map[string]access.Class{"a": "open"}},
}

func oneOf[T any](t *rapid.T, label string, vs ...T) T { return rapid.SampledFrom(vs).Draw(t, label) }

func drawSome[T comparable](t *rapid.T, label string, least, most int, vs ...T) []T {
	return rapid.SliceOfNDistinct(rapid.SampledFrom(vs), least, most, rapid.ID[T]).Draw(t, label)
}

func drawWorld(t *rapid.T) world {
	w := world{actions: drawSome(t, "asked", 2, 2, access.Read, access.Create, access.Review, access.Receive)}
	id := func(label string, ids ...string) string { return oneOf(t, label, ids...) }
	moment := func(label string) int64 { return int64(rapid.IntRange(1, 6).Draw(t, label)) }
	for i := range rapid.IntRange(1, 3).Draw(t, "roles") {
		r := access.Role{Name: fmt.Sprint("r", i)}
		for range rapid.IntRange(1, 4).Draw(t, "grants") {
			r.Grants = append(r.Grants, access.Grant{
				Registers: drawSome(t, "registers", 1, 2, "*", "@case", "@person", "@office", "of_case", "of_person"),
				Actions:   drawSome(t, "actions", 2, 5, access.Read, access.Create, access.Review, access.Receive, access.SeeRestricted),
				Scope:     oneOf(t, "scope", access.Scopes...),
				Classes:   drawSome(t, "classes", 0, 3, access.Classes...),
			})
		}
		w.roles = append(w.roles, r)
	}
	for i := range 2 {
		w.subjects = append(w.subjects, access.Subject{
			User: fmt.Sprint("u", i), Org: id("org", "o1", "o2"), Offices: drawSome(t, "offices", 0, 2, "f1", "f2", "f3"),
			Roles: drawSome(t, "held", 1, 3, "r0", "r1", "r2"), At: store.Time(moment("now")), Device: id("device", "", "", "", "", "", "d"),
		})
	}
	for i := range rapid.IntRange(1, 8).Draw(t, "rows") {
		o := access.Object{
			Register: oneOf(t, "register", sample...).Name, ID: fmt.Sprint("x", i), Org: id("org", "o1", "o2", "o3"), Office: id("office", "", "f1", "f2", "f3"),
			Owner: id("owner", "", "u0", "u1", "u2"), Case: id("case", "", "x0", "x1", "x2"), Person: id("person", "", "x0", "x1", "x2"),
			Party: id("party", "", "", "o1", "o2"), State: id("state", "", "sent", "accepted"),
			Restricted: oneOf(t, "restricted", false, false, true), Deleted: oneOf(t, "deleted", false, false, false, false, false, true),
		}
		w.rows = append(w.rows, o)
	}
	for i := range rapid.IntRange(0, 5).Draw(t, "team") {
		w.team = append(w.team, []any{id("case", "x0", "x1", "x2", ""), id("person", "x0", "x1", "x2", ""), id("user", "u0", "u1", "u2"), id("why", access.WhyBreakGlass, fmt.Sprint("team", i)), moment("since") - 2, moment("until") + 1})
	}
	for i := range rapid.IntRange(0, 5).Draw(t, "shares") {
		w.shares = append(w.shares, []any{fmt.Sprint("s", i), id("case", "x0", "x1", "x2", ""), id("person", "x0", "x1", "x2", ""), id("org", "o1", "o2"), id("office", "", "", "f1"),
			id("group", "g1", "g2", "g3"), moment("since") - 2, moment("until") + 1, int64(oneOf(t, "ended", 0, 0, 0, 2))})
	}
	return w
}

func (w world) put(tx *store.Tx) error {
	for _, o := range w.rows {
		if err := put(tx, o); err != nil {
			return err
		}
	}
	for _, r := range w.team {
		if _, err := tx.Exec("INSERT INTO case_team (case_id, person_id, user_id, why, since, until) VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING", r...); err != nil {
			return err
		}
	}
	for _, r := range w.shares {
		if _, err := tx.Exec("INSERT INTO shares (id, case_id, person_id, org, office, grp, consent_id, since, until, ended_at) VALUES (?, ?, ?, ?, ?, ?, 'c', ?, ?, ?)", r...); err != nil {
			return err
		}
	}
	return nil
}

func policyOf(t rapid.TB, roles []access.Role, registers []access.Register) *access.Policy {
	t.Helper()
	p, err := access.New(roles)
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range registers {
		if err := p.Declare(r); err != nil {
			t.Fatal(err)
		}
	}
	return p
}

// TestFilterIsCan: in any world, the rows the filter gives are the rows Can allows.
func TestFilterIsCan(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		table(t, db, sample...)
		worlds := map[string]int{"sqlite": 40, "postgres": 3}[db.Engine()] // a hundred times
		var questions, allowed int
		undo := errors.New("undo")
		rapid.Check(t, func(t *rapid.T) {
			list := rapid.SliceOfN(rapid.Custom(drawWorld), worlds, worlds).Draw(t, "worlds")
			var fault string
			err := db.Write(ctx, func(tx *store.Tx) error {
				for _, w := range list {
					n, yes, f, err := w.agree(tx, policyOf(t, w.roles, sample))
					questions, allowed = questions+n, allowed+yes
					if fault = f; f != "" || err != nil {
						return err
					}
				}
				return undo // nothing of it is kept
			})
			if fault != "" {
				t.Fatal(fault)
			}
			if !errors.Is(err, undo) {
				t.Fatal(err)
			}
		})
		t.Logf("%d questions, %d allowed", questions, allowed)
		if allowed < questions/10 || allowed > questions*9/10 {
			t.Errorf("%d of %d allowed: these worlds show too little", allowed, questions)
		}
	})
}

// agree asks about every row of a world, by Can and by the filter; fault tells where they differ.
func (w world) agree(tx *store.Tx, p *access.Policy) (questions, allowed int, fault string, err error) {
	for _, name := range []string{"case_team", "shares", "r_of_case", "r_of_person", "r_of_office", "r_of_public"} {
		if _, err := tx.Exec("DELETE FROM " + name); err != nil {
			return 0, 0, "", err
		}
	}
	if err := w.put(tx); err != nil {
		return 0, 0, "", err
	}
	for _, s := range w.subjects {
		for _, a := range w.actions {
			n, yes, f, err := compare(tx, p, s, a, w.rows)
			questions, allowed = questions+n, allowed+yes
			if f != "" || err != nil {
				return questions, allowed, f, err
			}
		}
	}
	return questions, allowed, "", nil
}

// many runs a check several times for each of rapid's, which makes 100.
func many(n int, check func(*rapid.T)) func(*rapid.T) {
	return func(t *rapid.T) {
		for range n {
			check(t)
		}
	}
}

// compare asks the filter and Can the same question about every row.
func compare(tx *store.Tx, p *access.Policy, s access.Subject, a access.Action, rows []access.Object) (n, yes int, fault string, err error) {
	decisions, err := p.CanAll(tx, s, a, rows)
	if err != nil {
		return 0, 0, "", err
	}
	for _, reg := range sample {
		where, args := p.Filter(s, a, reg.Name)
		ids, err := tx.Strings("SELECT r.id FROM r_"+reg.Name+" r WHERE "+where, args...)
		if err != nil {
			return 0, 0, "", fmt.Errorf("%w in %s", err, where)
		}
		for i, o := range rows {
			if o.Register != reg.Name {
				continue
			}
			if p.May(s, a, o.Register) {
				n++
			}
			if decisions[i].Allow {
				yes++
			}
			if slices.Contains(ids, o.ID) != decisions[i].Allow {
				return n, yes, fmt.Sprintf("%s of %+v by %+v: Can says %+v, the filter gave %v by %s %v", a, o, s, decisions[i], ids, where, args), nil
			}
			if i > 0 {
				continue
			}
			if single, err := p.Require(tx, s, a, o); (err == nil) != decisions[i].Allow || !maps.Equal(single.Props, decisions[i].Props) {
				return n, yes, fmt.Sprintf("%s of %+v: alone %+v, in a page %+v", a, o, single, decisions[i]), nil
			}
		}
	}
	return n, yes, "", nil
}

// TestLaws: what must hold in every world, whatever the roles.
func TestLaws(t *testing.T) {
	rapid.Check(t, many(30, func(t *rapid.T) {
		w := drawWorld(t)
		p := policyOf(t, w.roles, sample)
		s := w.subjects[0]
		f := access.Facts{Team: rapid.Bool().Draw(t, "team"), Groups: drawSome(t, "groups", 0, 2, "g1", "g2", "g3")}
		for _, o := range w.rows {
			for _, a := range access.Actions {
				d := p.Can(s, a, o, f)
				none, gone := s, o
				none.Roles, gone.Deleted = nil, true
				if p.Can(none, a, o, f).Allow || p.Can(s, a, gone, f).Allow {
					t.Fatal("allowed without a role, or on a deleted row")
				}
				if !d.Allow && (len(d.Props) > 0 || d.Why == access.Allowed) {
					t.Fatalf("refused, yet gives %+v", d)
				}
				more := s
				more.Roles = []string{"r0", "r1", "r2"}
				dm := p.Can(more, a, o, f)
				if d.Allow && !dm.Allow {
					t.Fatalf("one more role took %s away", a)
				}
				for prop := range d.Props {
					if !dm.Props[prop] {
						t.Fatalf("one more role took the property %s away", prop)
					}
					if s.Device != "" && a == access.Read && (prop == "c" || prop == "d") {
						t.Fatal("a device reads a sealed value")
					}
				}
				if d.Allow && !p.May(s, a, o.Register) {
					t.Fatal("May says no where Can says yes")
				}
				open := o
				open.Restricted = false
				if d.Allow && !p.Can(s, a, open, f).Allow {
					t.Fatal("a row is seen only while it is restricted")
				}
			}
		}
	}))
}

// TestBuiltinFilters: the tables that are not registers are filtered by the same rules.
func TestBuiltinFilters(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		at := time.Unix(1000, 0)
		verbs := []access.Action{access.Read, access.Update, access.Unseal, access.Intake, access.Assign, access.Consent, access.ManageUsers}
		var role access.Role
		role.Name = "r"
		tables := map[string]string{"users": "users", "orgs": "orgs", "audit": "audit", "forms": "forms", "submissions": "submissions", "answers": "submissions", "devices": "device_tokens", "releases": "releases"}
		names := slices.Sorted(maps.Keys(tables))
		for i, scope := range access.Scopes {
			role.Grants = append(role.Grants, access.Grant{Registers: names, Actions: []access.Action{verbs[i]}, Scope: scope})
		}
		p := policyOf(t, []access.Role{role}, nil)
		write(t, db, func(tx *store.Tx) error {
			for _, o := range []string{"o1", "o2"} {
				if _, err := access.CreateOrg(tx, access.NewOrg{ID: o, Code: o, Name: o}, at); err != nil {
					return err
				}
				if _, err := access.CreateOffice(tx, access.NewOffice{ID: "f" + o, Org: o, Code: "f" + o, Name: o}, at); err != nil {
					return err
				}
				if _, err := p.CreateUser(tx, access.NewUser{ID: "u" + o, Login: "u" + o, Name: o, Org: o, Offices: []string{"f" + o}}, at); err != nil {
					return err
				}
				if _, err := tx.Exec("INSERT INTO submissions (id, form, form_version, org, office, actor, received_at, state, case_id) VALUES (?, 'f', '1', ?, ?, ?, 1, 's', ?)", "s"+o, o, "f"+o, "u"+o, "c"+o); err != nil {
					return err
				}
				if _, err := tx.Exec("INSERT INTO submissions (id, form, form_version, org, office, actor, received_at, state, kind) VALUES (?, 'f', '1', ?, ?, ?, 1, 's', 'survey')", "a"+o, o, "f"+o, "u"+o); err != nil {
					return err
				}
			}
			for id, org := range map[string]string{"mo0": "", "mo1": "o1", "mo2": "o2"} {
				if _, err := tx.Exec("INSERT INTO forms (id, project, org, kind, state, title, created_at, updated_at) VALUES (?, 1, ?, 'survey', 'open', '', 1, 1)", id, org); err != nil {
					return err
				}
			}
			if err := access.JoinTeam(tx, access.Member{Case: "co2", Person: "p", User: "uo1", Why: access.WhyTeam, Since: at}); err != nil {
				return err
			}
			s := access.Subject{User: "uo1", Org: "o1", Offices: []string{"fo1"}, Roles: []string{"r"}, At: at.Add(time.Hour)}
			want := map[string]map[access.Scope]string{
				"users":       {access.Own: "uo1", access.Org: "uo1", access.All: "uo1 uo2"},
				"orgs":        {access.Org: "o1", access.All: "o1 o2"},
				"submissions": {access.Own: "so2", access.Office: "so1", access.Org: "so1", access.All: "so1 so2"},
				"answers":     {access.Own: "ao1", access.Office: "ao1", access.Org: "ao1", access.All: "ao1 ao2"},
				"forms":       {access.Org: "mo1", access.Public: "mo0 mo1", access.All: "mo0 mo1 mo2"},
			}
			for _, name := range names {
				for i, scope := range access.Scopes {
					where, args := p.Filter(s, verbs[i], name)
					n, err := tx.Strings("SELECT count(*) FROM "+tables[name]+" r WHERE "+where, args...)
					if err != nil {
						return fmt.Errorf("%s %s: %w in %s", name, scope, err, where)
					}
					if _, ok := want[name]; !ok {
						continue
					}
					ids, err := tx.Strings("SELECT r.id FROM "+tables[name]+" r WHERE "+where+" ORDER BY r.id", args...)
					if got := strings.Join(ids, " "); err != nil || got != want[name][scope] {
						t.Errorf("%s by %s: %s rows %q, want %q (%v)", name, scope, n, got, want[name][scope], err)
					}
				}
			}
			return nil
		})
	})
}
