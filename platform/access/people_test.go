package access_test

import (
	"errors"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"aman/platform/access"
	"aman/platform/store"
	"aman/platform/store/storetest"
)

// refused runs a write that must fail with want, and leaves nothing.
func refused(t *testing.T, db *store.DB, words string, want error, f func(*store.Tx) error) {
	t.Helper()
	if err := db.Write(ctx, f); !errors.Is(err, want) {
		t.Errorf("%s: %v, want %v", words, err, want)
	}
}

func TestPeople(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		p := policyOf(t, packRoles(t), small)
		office(t, db, p)
		for _, c := range []struct {
			words string
			want  error
			make  func(*store.Tx) error
		}{
			{"a code twice", access.ErrTaken, func(tx *store.Tx) error {
				_, err := access.CreateOrg(tx, access.NewOrg{Code: ours, Name: "x"}, clock)
				return err
			}},
			{"a code with blanks", access.ErrCode, func(tx *store.Tx) error {
				_, err := access.CreateOrg(tx, access.NewOrg{Code: "two words", Name: "x"}, clock)
				return err
			}},
			{"no name", access.ErrName, func(tx *store.Tx) error {
				_, err := access.CreateOrg(tx, access.NewOrg{Code: "new"}, clock)
				return err
			}},
			{"an office of nobody", access.ErrOrg, func(tx *store.Tx) error {
				_, err := access.CreateOffice(tx, access.NewOffice{Code: "new", Name: "x", Org: "none"}, clock)
				return err
			}},
			{"a login twice", access.ErrTaken, func(tx *store.Tx) error {
				_, err := p.CreateUser(tx, access.NewUser{Login: peer, Name: "x", Org: ours}, clock)
				return err
			}},
			{"a login in capitals", access.ErrLogin, func(tx *store.Tx) error {
				_, err := p.CreateUser(tx, access.NewUser{Login: "Peer", Name: "x", Org: ours}, clock)
				return err
			}},
			{"another language", access.ErrLanguage, func(tx *store.Tx) error {
				_, err := p.CreateUser(tx, access.NewUser{Login: "new", Name: "x", Org: ours, Language: "xx"}, clock)
				return err
			}},
			{"an office of another organisation", access.ErrOffice, func(tx *store.Tx) error { return access.SetOffices(tx, me, []string{away}) }},
			{"offices of nobody", access.ErrUser, func(tx *store.Tx) error { return access.SetOffices(tx, "none", nil) }},
			{"a role nobody wrote", access.ErrRole, func(tx *store.Tx) error { return p.SetRoles(tx, access.Subject{User: peer}, me, []string{"king"}) }},
			{"administrator and caseworker", access.ErrAlone, func(tx *store.Tx) error {
				return p.SetRoles(tx, access.Subject{User: peer}, me, []string{"caseworker", "administrator"})
			}},
			{"one's own roles", access.ErrSelf, func(tx *store.Tx) error { return p.SetRoles(tx, access.Subject{User: me}, me, []string{"caseworker"}) }},
			{"disabling nobody", access.ErrUser, func(tx *store.Tx) error { return access.DisableUser(tx, "none", true) }},
		} {
			refused(t, db, c.words, c.want, c.make)
		}
		subject := func() (s access.Subject, err error) {
			err = db.Read(ctx, func(tx *store.Tx) error { s, err = access.SubjectOf(tx, peer, clock); return err })
			return s, err
		}
		write(t, db, func(tx *store.Tx) error {
			return p.SetRoles(tx, access.Subject{User: me}, peer, []string{"supervisor", "caseworker", "caseworker"})
		})
		s, err := subject()
		if err != nil || s.Org != ours || !slices.Equal(s.Offices, []string{quetta, taftan}) || !slices.Equal(s.Roles, []string{"caseworker", "supervisor"}) || s.Language != "en" || !s.At.Equal(clock) {
			t.Errorf("%+v %v", s, err)
		}
		write(t, db, func(tx *store.Tx) error { return access.DisableOffice(tx, quetta, true) })
		if s, _ = subject(); !slices.Equal(s.Offices, []string{taftan}) {
			t.Errorf("a closed office counts: %v", s.Offices)
		}
		for words, disable := range map[string]func(*store.Tx, bool) error{
			"user": func(tx *store.Tx, d bool) error { return access.DisableUser(tx, peer, d) },
			"org":  func(tx *store.Tx, d bool) error { return access.DisableOrg(tx, ours, d) },
		} {
			write(t, db, func(tx *store.Tx) error { return disable(tx, true) })
			if _, err := subject(); !errors.Is(err, access.ErrUser) {
				t.Errorf("disabled by %s, and still a subject: %v", words, err)
			}
			write(t, db, func(tx *store.Tx) error { return disable(tx, false) })
			if _, err := subject(); err != nil {
				t.Error(err)
			}
		}
	})
}

func TestTeamsAndShares(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		p := policyOf(t, packRoles(t), small)
		office(t, db, p)
		s := access.Subject{User: me, Org: ours, At: clock}
		member := access.Member{Case: "c", Person: "p", User: me, Why: access.WhyOwner, Since: clock}
		share := access.SharedGroup{Case: "c", Person: "p", Org: theirs, Group: "needs", Consent: "k", Since: clock}
		joins := func(change func(*access.Member)) func(*store.Tx) error {
			m := member
			change(&m)
			return func(tx *store.Tx) error { return access.JoinTeam(tx, m) }
		}
		grants := func(change func(*access.SharedGroup)) func(*store.Tx) error {
			g := share
			change(&g)
			return func(tx *store.Tx) error { _, err := access.GrantShare(tx, g); return err }
		}
		breaks := func(reason string, limit time.Duration) func(*store.Tx) error {
			return func(tx *store.Tx) error { return access.JoinByBreakGlass(tx, s, "c", "p", reason, limit) }
		}
		for words, c := range map[string]struct {
			want error
			f    func(*store.Tx) error
		}{
			"no case":                 {access.ErrCase, joins(func(m *access.Member) { m.Case = "" })},
			"no person":               {access.ErrCase, joins(func(m *access.Member) { m.Person = "" })},
			"nobody":                  {access.ErrUser, joins(func(m *access.Member) { m.User = "none" })},
			"ends before it begins":   {access.ErrPeriod, joins(func(m *access.Member) { m.Until = clock })},
			"glass without a reason":  {access.ErrReason, breaks("urgent", time.Hour)},
			"glass without an end":    {access.ErrLimit, breaks("the person is in danger", 0)},
			"glass for too long":      {access.ErrLimit, breaks("the person is in danger", 25*time.Hour)},
			"a share without consent": {access.ErrConsent, grants(func(g *access.SharedGroup) { g.Consent = "" })},
			"a share with nobody":     {access.ErrOrg, grants(func(g *access.SharedGroup) { g.Org = "none" })},
			"a share that never is":   {access.ErrPeriod, grants(func(g *access.SharedGroup) { g.Until = clock })},
			"a share with an office of another organisation": {access.ErrOffice, grants(func(g *access.SharedGroup) { g.Office = taftan })},
		} {
			refused(t, db, words, c.want, c.f)
		}

		write(t, db, joins(func(*access.Member) {}))
		write(t, db, breaks("the person is in danger", time.Hour))
		write(t, db, grants(func(*access.SharedGroup) {}))
		write(t, db, grants(func(g *access.SharedGroup) { g.Org, g.Group = third, "story" }))
		write(t, db, grants(func(g *access.SharedGroup) { g.Consent, g.Referral, g.Until = "other", "r", hours(24) }))
		team := func(at time.Time) (why []string) {
			if err := db.Read(ctx, func(tx *store.Tx) error {
				members, err := access.TeamOf(tx, "c", at)
				for _, m := range members {
					why = append(why, m.Why)
				}
				return err
			}); err != nil {
				t.Fatal(err)
			}
			return why
		}
		open := func(at time.Time) (out []string) {
			if err := db.Read(ctx, func(tx *store.Tx) error {
				list, err := access.SharesOf(tx, "c", at)
				for _, g := range list {
					out = append(out, g.Org+" "+g.Group+" "+g.Consent)
				}
				return err
			}); err != nil {
				t.Fatal(err)
			}
			return out
		}
		same := func(words string, got []string, want ...string) {
			t.Helper()
			slices.Sort(got)
			if !slices.Equal(got, want) {
				t.Errorf("%s: %q, want %q", words, got, want)
			}
		}
		same("the team", team(clock), access.WhyBreakGlass, access.WhyOwner)
		same("the team after the glass", team(hours(1)), access.WhyOwner)
		same("shares", open(clock), "theirs needs k", "theirs needs other", "third story k")
		same("shares after a day", open(hours(24)), "theirs needs k", "third story k")

		ends := func(words string, f func(*store.Tx) ([]string, error), told ...string) {
			t.Helper()
			write(t, db, func(tx *store.Tx) error {
				got, err := f(tx)
				same(words, got, told...)
				return err
			})
		}
		ends("told of the withdrawal", func(tx *store.Tx) ([]string, error) { return access.EndShares(tx, "k", hours(2)) }, theirs, third)
		ends("told again", func(tx *store.Tx) ([]string, error) { return access.EndShares(tx, "k", hours(2)) })
		same("shares after withdrawal", open(hours(2)), "theirs needs other")
		ends("told of the end of the referral", func(tx *store.Tx) ([]string, error) { return access.EndSharesOfReferral(tx, "r", hours(3)) }, theirs)
		same("shares after the referral", open(hours(3)))
		write(t, db, grants(func(*access.SharedGroup) {}))
		write(t, db, func(tx *store.Tx) error { return access.MovePerson(tx, "c", "p2") })
		ends("told of the erasure of somebody else", func(tx *store.Tx) ([]string, error) { return access.EndSharesOfPerson(tx, "p", hours(4)) })
		ends("told of the erasure", func(tx *store.Tx) ([]string, error) { return access.EndSharesOfPerson(tx, "p2", hours(4)) }, theirs)
		if err := db.Write(ctx, func(tx *store.Tx) error { _, err := access.EndShares(tx, "", clock); return err }); err == nil {
			t.Error("the shares of no consent at all were ended")
		}

		write(t, db, func(tx *store.Tx) error {
			n, err := access.LeaveTeam(tx, "c", me, clock)
			if n != 2 {
				t.Errorf("%d memberships ended, want 2", n)
			}
			return err
		})
		same("the team once she left", team(clock))
		write(t, db, joins(func(*access.Member) {}))
		same("the team once she is back", team(clock), access.WhyOwner)
	})
}

func TestReadRoles(t *testing.T) {
	role := func(grant string) string {
		return "roles:\n  - name: r\n    title: {en: R, ur: R, id: R}\n    grants:\n      - " + grant + "\n"
	}
	for grant, want := range map[string]string{
		"{registers: [cases], actions: [read], scope: own, classes: [open]}":     "",
		"{registers: ['*'], actions: [assign, close], scope: office}":            "",
		"{registers: [cases], actions: [read], scope: own}":                      "read needs classes",
		"{registers: [cases], actions: [assign], scope: own, classes: [open]}":   "takes no classes",
		"{registers: [cases], actions: [reed], scope: own, classes: [open]}":     `no action "reed"`,
		"{registers: [cases], actions: [read], scope: owm, classes: [open]}":     `no scope "owm"`,
		"{registers: [cases], actions: [read], scope: own, classes: [secret]}":   `no privacy class "secret"`,
		"{registers: ['@cases'], actions: [assign], scope: own}":                 `no selector "@cases"`,
		"{registers: [], actions: [assign], scope: own}":                         "names registers and actions",
		"{register: [cases], actions: [assign], scope: own}":                     "register",
		"{registers: [cases], actions: [], scope: own}":                          "names registers and actions",
		"{registers: [cases], actions: [read, assign], scope: own, classes: []}": "read needs classes",
	} {
		_, err := access.ReadRoles([]byte(role(grant)))
		if (err == nil) != (want == "") || (err != nil && !strings.Contains(err.Error(), want)) {
			t.Errorf("%s: %v, want %q", grant, err, want)
		}
	}
	if _, err := access.ReadRoles([]byte("roles:\n  - {name: r, title: {en: R, ur: R}}\n")); err == nil || !strings.Contains(err.Error(), "no title in id") {
		t.Errorf("a missing title: %v", err)
	}
	if _, err := access.New([]access.Role{{Name: "r"}, {Name: "r"}}); err == nil {
		t.Error("a role twice is taken")
	}
}

func TestDeclare(t *testing.T) {
	for words, r := range map[string]access.Register{
		"another kind":           {Name: "x", Scope: "secret"},
		"another class":          {Name: "x", Scope: access.OfCase, Classes: map[string]access.Class{"a": "secret"}},
		"a share of what is not": {Name: "x", Scope: access.OfCase, Shares: map[string][]string{"g": {"a"}}},
		"a party of what is not": {Name: "x", Scope: access.OfCase, PartyAlways: []string{"a"}},
		"the name of a table":    {Name: "users", Scope: access.OfCase},
	} {
		if err := policyOf(t, nil, nil).Declare(r); err == nil {
			t.Errorf("%s is taken", words)
		}
	}
	// A register declared again, as when a pack grows, is as it was declared last.
	role := access.Role{Name: "r", Grants: []access.Grant{{Registers: []string{"x", "y"}, Actions: []access.Action{access.Read}, Scope: access.All, Classes: []access.Class{access.Open}}}}
	p := policyOf(t, []access.Role{role}, []access.Register{
		{Name: "x", Scope: access.OfCase, Classes: map[string]access.Class{"a": "open", "b": "open"}},
		{Name: "x", Scope: access.OfCase, Classes: map[string]access.Class{"a": "open", "b": "identity"}},
	})
	d := p.Can(access.Subject{User: "u", Org: "o", Roles: []string{"r"}, At: clock}, access.Read, access.Object{Register: "x", ID: "1"}, access.Facts{})
	if !d.Readable("a") || d.Readable("b") {
		t.Errorf("%+v", d)
	}
	if got := p.Unknown(); !slices.Equal(got, []string{"r: y"}) {
		t.Errorf("unknown registers: %v", got)
	}
}

func FuzzReadRoles(f *testing.F) {
	data, err := os.ReadFile("../../packs/core/roles.yaml")
	if err != nil {
		f.Fatal(err)
	}
	f.Add(data)
	f.Add([]byte("roles: [{name: r, grants: [{}]}]"))
	f.Fuzz(func(t *testing.T, data []byte) {
		roles, err := access.ReadRoles(data)
		if err != nil {
			return
		}
		p, err := access.New(roles)
		if err != nil {
			return
		}
		for _, r := range p.Roles() {
			if d := p.Can(access.Subject{Roles: []string{r.Name}}, access.Read, access.Object{Register: "users"}, access.Facts{}); d.Allow {
				t.Error("nobody may read")
			}
		}
	})
}
