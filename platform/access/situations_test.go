package access_test

import (
	"flag"
	"fmt"
	"maps"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"aman/platform/access"
	"aman/platform/store"
	"aman/platform/store/storetest"
)

var update = flag.Bool("update", false, "write testdata/who-may-what.md anew")

// The registers of the table: as small as they can be and still show every rule.
var small = []access.Register{
	{Name: "cases", Scope: access.OfCase,
		Classes: map[string]access.Class{"code": "open", "exploitation": "sensitive", "story": "health"},
		Shares:  map[string][]string{"needs": {"code"}, "story": {"code", "story"}}},
	{Name: "episodes", Scope: access.OfCase,
		Classes: map[string]access.Class{"country": "open", "employer": "identity"}},
	{Name: "people", Scope: access.OfPerson,
		Classes: map[string]access.Class{"sex": "open", "language": "sensitive", "name": "identity", "illness": "health"},
		Shares:  map[string][]string{"needs": {"sex", "language"}, "identity": {"name"}, "medical": {"illness"}}},
	{Name: "services", Scope: access.OfCase,
		Classes: map[string]access.Class{"service": "open", "due": "sensitive", "note": "health"},
		Shares:  map[string][]string{"needs": {"service"}}},
	{Name: "referrals", Scope: access.OfCase,
		Classes:     map[string]access.Class{"bed_need": "sensitive", "age_band": "open", "arrived_on": "sensitive", "sender_note": "sensitive"},
		PartyAlways: []string{"bed_need", "age_band"}, PartyByState: map[string][]string{"accepted": {"arrived_on"}}},
	{Name: "tasks", Scope: access.OfCase, Classes: map[string]access.Class{"kind": "open"}},
	{Name: "flow_counts", Scope: access.OfOffice, Classes: map[string]access.Class{"families": "open", "remark": "sensitive"}},
	{Name: "points", Scope: access.OfPublic, Classes: map[string]access.Class{"name": "open"}},
}

// Everybody below is "me", in office taftan of organisation ours.
const (
	me, peer, stranger   = "me", "peer", "stranger"
	ours, theirs, third  = "ours", "theirs", "third"
	taftan, quetta, away = "taftan", "quetta", "away"
)

var clock = time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC)

// situation is one row, told in words, with what surrounds it.
type situation struct {
	words string
	row   access.Object
	team  []access.Member
	share []access.SharedGroup
}

func inCase(register, id, caseID string, o access.Object) access.Object {
	o.Register, o.ID, o.Case, o.Person = register, id, caseID, "p-"+caseID
	return o
}

func hours(n int) time.Time { return clock.Add(time.Duration(n) * time.Hour) }

// joined is a membership of mine that began two days ago; until is in hours from now, 0: no end.
func joined(why string, until int) []access.Member {
	m := access.Member{User: me, Why: why, Since: hours(-48)}
	if until != 0 {
		m.Until = hours(until)
	}
	return []access.Member{m}
}

func shared(org, office, group string, since, until int) []access.SharedGroup {
	return []access.SharedGroup{{Org: org, Office: office, Group: group, Consent: "consent", Since: hours(since), Until: hours(until)}}
}

// situations is the whole list. A case of colleagues is owned by peer.
func situations() []situation {
	ourCase := access.Object{Org: ours, Office: taftan, Owner: peer}
	quettaCase := access.Object{Org: ours, Office: quetta, Owner: peer}
	theirCase := access.Object{Org: theirs, Office: away, Owner: stranger}
	mine := access.Object{Org: ours, Office: taftan, Owner: me}
	with := func(o access.Object, f func(*access.Object)) access.Object { f(&o); return o }
	restricted := func(o access.Object) access.Object { return with(o, func(o *access.Object) { o.Restricted = true }) }
	to := func(org, state string) access.Object {
		return with(theirCase, func(o *access.Object) { o.Party, o.State = org, state })
	}
	var list []situation
	add := func(words string, row access.Object, team []access.Member, share []access.SharedGroup) {
		list = append(list, situation{words, row, team, share})
	}
	as := func(register string, around access.Object) access.Object {
		id := fmt.Sprint("s", len(list))
		switch register {
		case "cases":
			return inCase(register, id, id, around)
		case "people":
			o := inCase(register, "p-"+id, id, around)
			o.Case = ""
			return o
		case "episodes", "services", "referrals":
			return inCase(register, "row-"+id, id, around)
		}
		around.Register, around.ID = register, id
		return around
	}
	team := joined(access.WhyTeam, 0)

	add("a case of mine", as("cases", mine), joined(access.WhyOwner, 0), nil)
	add("a restricted case of mine", as("cases", restricted(mine)), joined(access.WhyOwner, 0), nil)
	add("a deleted case of mine", as("cases", with(mine, func(o *access.Object) { o.Deleted = true })), joined(access.WhyOwner, 0), nil)
	add("a colleague's case, I am in its team", as("cases", ourCase), team, nil)
	add("a colleague's case in my office", as("cases", ourCase), nil, nil)
	add("a colleague's restricted case in my office", as("cases", restricted(ourCase)), nil, nil)
	add("a case of another office of ours", as("cases", quettaCase), nil, nil)
	add("a restricted case of another office of ours", as("cases", restricted(quettaCase)), nil, nil)
	add("a case whose team I left yesterday, another office", as("cases", quettaCase), joined(access.WhyTeam, -24), nil)
	add("a case I broke the glass of, time not yet over, another office", as("cases", quettaCase), joined(access.WhyBreakGlass, 1), nil)
	add("a case I broke the glass of, time over, another office", as("cases", quettaCase), joined(access.WhyBreakGlass, -1), nil)
	add("a case of another organisation", as("cases", theirCase), nil, nil)
	add("an episode written by a colleague in a case of mine", as("episodes", ourCase), team, nil)
	add("an episode I wrote in a case I have left, another office", as("episodes", with(quettaCase, func(o *access.Object) { o.Owner = me })), joined(access.WhyTeam, -24), nil)
	add("an episode in a colleague's case in my office", as("episodes", ourCase), nil, nil)
	add("the person of a case of mine", as("people", ourCase), team, nil)
	add("the person of a colleague's case in my office", as("people", ourCase), nil, nil)
	add("the person of a restricted case in my office", as("people", restricted(ourCase)), nil, nil)
	add("a person of another organisation", as("people", theirCase), nil, nil)

	add("a referral sent to us, not yet answered", as("referrals", to(ours, "sent")), nil, nil)
	add("a referral we accepted", as("referrals", to(ours, "accepted")), nil, nil)
	add("a referral we declined", as("referrals", to(ours, "declined")), nil, nil)
	add("a referral sent to a third organisation", as("referrals", to(third, "accepted")), nil, nil)
	add("the case of a referral not yet accepted (no share)", as("cases", theirCase), nil, nil)
	add("the person of a referral not yet accepted (no share)", as("people", theirCase), nil, nil)
	add("a case of theirs, share “needs” with us", as("cases", theirCase), nil, shared(ours, "", "needs", -1, 24))
	add("a case of theirs, share “story” with us", as("cases", theirCase), nil, shared(ours, "", "story", -1, 24))
	add("a case of theirs, share “story” with us, withdrawn", as("cases", theirCase), nil, append(shared(ours, "", "story", -1, 24), access.SharedGroup{Consent: "withdrawn"}))
	add("a case of theirs, share “story” with us, run out", as("cases", theirCase), nil, shared(ours, "", "story", -24, -1))
	add("a case of theirs, share “story” with us, not begun", as("cases", theirCase), nil, shared(ours, "", "story", 1, 24))
	add("a case of theirs, share “story” with our other office", as("cases", theirCase), nil, shared(ours, quetta, "story", -1, 24))
	add("a case of theirs, share “story” with a third organisation", as("cases", theirCase), nil, shared(third, "", "story", -1, 24))
	add("an episode of a case of theirs, share “story” with us", as("episodes", theirCase), nil, shared(ours, "", "story", -1, 24))
	add("the person, share “needs” with us", as("people", theirCase), nil, shared(ours, "", "needs", -1, 24))
	add("the person, shares “identity” and “medical” with us", as("people", theirCase), nil, append(shared(ours, "", "identity", -1, 24), shared(ours, "", "medical", -1, 24)...))
	add("the person, share “identity” with us, case restricted there", as("people", restricted(theirCase)), nil, shared(ours, "", "identity", -1, 24))
	add("a service of theirs in a case shared with us (“needs”)", as("services", theirCase), nil, shared(ours, "", "needs", -1, 24))
	add("a service we gave in a case no longer shared with us", as("services", mine), nil, nil)

	add("a flow count I made", as("flow_counts", mine), nil, nil)
	add("a flow count of my office", as("flow_counts", ourCase), nil, nil)
	add("a flow count of another office of ours", as("flow_counts", quettaCase), nil, nil)
	add("a flow count of another organisation", as("flow_counts", theirCase), nil, nil)
	add("a place, a code list: reference data", as("points", theirCase), nil, nil)

	add("a submission waiting in my office", as("submissions", ourCase), nil, nil)
	add("a submission waiting in another office of ours", as("submissions", quettaCase), nil, nil)
	add("an answer to a survey, sent from my office", as("answers", ourCase), nil, nil)
	add("an answer to a survey, sent from another office of ours", as("answers", quettaCase), nil, nil)
	add("an answer to a survey of another organisation", as("answers", theirCase), nil, nil)
	add("an entity of my office", as("entities", ourCase), nil, nil)
	add("an entity of another office of ours", as("entities", quettaCase), nil, nil)
	add("an entity of another organisation", as("entities", theirCase), nil, nil)
	add("an entity of my office, on a list for oneself alone", with(ourCase, func(o *access.Object) { o.Register, o.Restricted, o.Case, o.Person = "entities", true, "", "" }), nil, nil)
	add("an entity I made, on a list for oneself alone", with(mine, func(o *access.Object) { o.Register, o.Restricted, o.Case, o.Person = "entities", true, "", "" }), nil, nil)
	add("a form for everybody", as("forms", access.Object{}), nil, nil)
	add("a form of our own project", as("forms", access.Object{Org: ours}), nil, nil)
	add("a form of another organisation's project", as("forms", access.Object{Org: theirs}), nil, nil)
	add("my own account", with(mine, func(o *access.Object) { o.Register, o.ID = "users", me }), nil, nil)
	add("a colleague's account", with(ourCase, func(o *access.Object) { o.Register, o.ID = "users", peer }), nil, nil)
	add("an account of another organisation", with(theirCase, func(o *access.Object) { o.Register, o.ID = "users", stranger }), nil, nil)
	add("an organisation", access.Object{Register: "orgs", ID: theirs, Org: theirs}, nil, nil)
	add("a phone of my office", as("devices", ourCase), nil, nil)
	add("the audit log of a case of mine", inCase("audit", "a1", "s0", access.Object{Org: ours, Owner: peer}), nil, nil)
	add("the audit log of a colleague's case", inCase("audit", "a2", "s4", access.Object{Org: ours, Owner: peer}), nil, nil)
	add("a release I prepared", as("releases", mine), nil, nil)
	add("a release a colleague prepared", as("releases", ourCase), nil, nil)
	add("a release of another organisation", as("releases", theirCase), nil, nil)
	return list
}

// office makes the organisations, offices and people of the table.
func office(t *testing.T, db *store.DB, p *access.Policy) {
	t.Helper()
	write(t, db, func(tx *store.Tx) error {
		for org, offices := range map[string][]string{ours: {taftan, quetta}, theirs: {away}, third: nil} {
			if _, err := access.CreateOrg(tx, access.NewOrg{ID: org, Code: org, Name: org, Kind: "ngo"}, clock); err != nil {
				return err
			}
			for _, o := range offices {
				if _, err := access.CreateOffice(tx, access.NewOffice{ID: o, Org: org, Code: o, Name: o}, clock); err != nil {
					return err
				}
			}
		}
		for _, u := range []access.NewUser{{ID: me, Org: ours, Offices: []string{taftan}}, {ID: peer, Org: ours, Offices: []string{taftan, quetta}}, {ID: stranger, Org: theirs, Offices: []string{away}}} {
			u.Login, u.Name = u.ID, u.ID
			if _, err := p.CreateUser(tx, u, clock); err != nil {
				return err
			}
		}
		return nil
	})
}

// enter puts the team and the shares of a situation into the store.
func (s situation) enter(tx *store.Tx) error {
	caseID := strings.TrimPrefix(s.row.Person, "p-")
	for _, m := range s.team {
		m.Case, m.Person = caseID, s.row.Person
		if err := access.JoinTeam(tx, m); err != nil {
			return err
		}
	}
	for i, sh := range s.share {
		if sh.Consent == "withdrawn" {
			told, err := access.EndShares(tx, "consent-"+caseID, hours(-1))
			if err != nil || len(told) != 1 {
				return fmt.Errorf("ending the share told %v: %w", told, err)
			}
			continue
		}
		sh.Case, sh.Person, sh.Consent, sh.ID = caseID, s.row.Person, "consent-"+caseID, fmt.Sprint(caseID, i)
		if _, err := access.GrantShare(tx, sh); err != nil {
			return err
		}
	}
	return nil
}

func packRoles(t *testing.T) []access.Role {
	t.Helper()
	data, err := os.ReadFile("../../packs/core/roles.yaml")
	if err != nil {
		t.Fatal(err)
	}
	roles, err := access.ReadRoles(data)
	if err != nil {
		t.Fatal(err)
	}
	return roles
}

// TestWhoMayWhat writes out, for each shipped role, what it may do in each situation. The
// file is for a person of the field to read; a change of roles.yaml shows as a change there.
//
//	go test ./platform/access -run WhoMayWhat -update
func TestWhoMayWhat(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		p := policyOf(t, packRoles(t), small)
		if u := p.Unknown(); len(u) > 0 {
			t.Errorf("grants on registers nobody declares: %v", u)
		}
		office(t, db, p)
		list := situations()
		write(t, db, func(tx *store.Tx) error {
			for _, s := range list {
				if err := s.enter(tx); err != nil {
					return fmt.Errorf("%s: %w", s.words, err)
				}
			}
			return nil
		})
		var b strings.Builder
		b.WriteString("# Who may do what\n\nMade from packs/core/roles.yaml by TestWhoMayWhat. \"I\" am somebody with this one role, in the office\n" +
			"Taftan of our organisation. What is not named is refused, and looks as if it were not there.\n")
		for _, role := range p.Roles() {
			fmt.Fprintf(&b, "\n## %s\n\n| Situation | May |\n|-|-|\n", role.Title["en"])
			subject := access.Subject{User: me, Org: ours, Offices: []string{taftan}, Roles: []string{role.Name}, At: clock}
			var nothing []string
			for i, may := range tell(t, db, p, subject, list) {
				if may == "" {
					nothing = append(nothing, list[i].words)
				} else {
					fmt.Fprintf(&b, "| %s | %s |\n", list[i].words, may)
				}
			}
			fmt.Fprintf(&b, "\nSees nothing of, and may do nothing with: %s.\n", strings.Join(nothing, "; "))
		}
		golden(t, "testdata/who-may-what.md", b.String())
	})
}

// tell says in words what a subject may do in each situation.
func tell(t *testing.T, db *store.DB, p *access.Policy, s access.Subject, list []situation) []string {
	t.Helper()
	rows := make([]access.Object, len(list))
	for i := range list {
		rows[i] = list[i].row
	}
	touches, verbs := make([][]string, len(list)), make([][]string, len(list))
	for _, a := range access.Actions {
		var ds []access.Decision
		if err := db.Read(ctx, func(tx *store.Tx) (err error) { ds, err = p.CanAll(tx, s, a, rows); return err }); err != nil {
			t.Fatal(err)
		}
		for i, d := range ds {
			switch {
			case !d.Allow || a == access.SeeRestricted:
			case len(d.Props) > 0:
				touches[i] = append(touches[i], fmt.Sprintf("%s (%s)", a, strings.Join(slices.Sorted(maps.Keys(d.Props)), ", ")))
			default:
				verbs[i] = append(verbs[i], string(a))
			}
		}
	}
	out := make([]string, len(list))
	for i := range out {
		out[i] = strings.Join(append(touches[i], verbs[i]...), ", ")
	}
	return out
}

func decide(t *testing.T, db *store.DB, p *access.Policy, s access.Subject, a access.Action, o access.Object) (d access.Decision) {
	t.Helper()
	err := db.Read(ctx, func(tx *store.Tx) (err error) {
		d, err = p.Require(tx, s, a, o)
		return err
	})
	if refusal := access.AsRefusal(err); refusal != nil {
		if refusal.Reason != d.Why || d.Allow {
			t.Fatalf("the refusal says %s, the decision %s", refusal.Reason, d.Why)
		}
	} else if err != nil {
		t.Fatal(err)
	}
	return d
}

func golden(t *testing.T, file, got string) {
	t.Helper()
	if *update {
		if err := os.WriteFile(file, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if got == string(want) {
		return
	}
	g, w := strings.Split(got, "\n"), strings.Split(string(want), "\n")
	for i := range max(len(g), len(w)) {
		if i >= len(g) || i >= len(w) || g[i] != w[i] {
			t.Fatalf("%s differs from line %d; if the change is meant, run this test with -update and read the difference.\n got %s\nwant %s",
				file, i+1, strings.Join(g[min(i, len(g)):min(i+1, len(g))], ""), strings.Join(w[min(i, len(w)):min(i+1, len(w))], ""))
		}
	}
}

// TestPromises states the rules that lives hang on, apart from the table, so that they
// cannot be updated away with it.
func TestPromises(t *testing.T) {
	db := storetest.SQLite(t)
	p := policyOf(t, packRoles(t), small)
	office(t, db, p)
	rows := map[string]access.Object{}
	write(t, db, func(tx *store.Tx) error {
		for _, s := range situations() {
			rows[s.words] = s.row
			if err := s.enter(tx); err != nil {
				return err
			}
		}
		return nil
	})
	every := func(want func(string) bool) (words []string) {
		for w, o := range rows {
			if want(o.Register) {
				words = append(words, w)
			}
		}
		return words
	}
	ofCases := func(r string) bool {
		return known(r, "cases", "episodes", "people", "services", "referrals", "submissions")
	}
	roles := func(names ...string) access.Subject {
		return access.Subject{User: me, Org: ours, Offices: []string{taftan}, Roles: names, At: clock}
	}
	all := []string{}
	for _, r := range p.Roles() {
		all = append(all, r.Name)
	}
	rowActions := []access.Action{access.Read, access.Unseal, access.Update, access.Export, access.Receive, access.Assign, access.Share, access.Erase, access.Close}

	for _, promise := range []struct {
		words     string
		subject   access.Subject
		situation []string
		actions   []access.Action
	}{
		{"an administrator sees no case", roles("administrator"), every(ofCases), access.Actions},
		{"an auditor sees no case", roles("auditor"), every(ofCases), access.Actions},
		{"an enumerator sees no case", roles("enumerator"), every(func(r string) bool { return ofCases(r) && r != "submissions" }), access.Actions},
		{"a data officer sees no row of a case", roles("data_officer"), every(ofCases), []access.Action{access.Read, access.Unseal, access.Export, access.Update}},
		{"nobody exports cases row by row", roles(all...), every(ofCases), []access.Action{access.Export}},
		{"a third organisation sees nothing, whatever the role", roles(all...), []string{
			"a referral sent to a third organisation", "a case of theirs, share “story” with a third organisation", "a case of another organisation",
			"a person of another organisation", "the case of a referral not yet accepted (no share)", "the person of a referral not yet accepted (no share)",
		}, rowActions},
		{"what has ended is closed", roles("caseworker", "shelter_manager", "investigator"), []string{
			"a case of theirs, share “story” with us, withdrawn", "a case of theirs, share “story” with us, run out", "a case of theirs, share “story” with us, not begun",
			"a case of theirs, share “story” with our other office", "a case whose team I left yesterday, another office",
			"an episode I wrote in a case I have left, another office", "a case I broke the glass of, time over, another office",
		}, rowActions},
		{"broken glass hands nothing over, shares nothing and closes nothing", roles("caseworker", "supervisor"),
			[]string{"a case I broke the glass of, time not yet over, another office"}, []access.Action{access.Assign, access.Share, access.Close, access.Consent, access.Erase, access.Delete, access.Refer, access.Decide}},
		{"a case is never simply deleted", roles(all...), []string{"a case of mine", "the person of a case of mine"}, []access.Action{access.Delete}},
		{"a curious colleague of another office is refused", roles("caseworker", "supervisor"), []string{"a case of another office of ours", "a restricted case of another office of ours"}, rowActions},
		{"a restricted case is hidden from office peers", roles("caseworker", "programme_officer", "shelter_manager"), []string{"a colleague's restricted case in my office", "the person of a restricted case in my office"}, rowActions},
		{"a peer in the office reads no name and no story", roles("caseworker"), []string{"a colleague's case in my office", "the person of a colleague's case in my office"}, []access.Action{access.Unseal, access.Update, access.Share}},
		{"nobody writes into a case she is no part of", roles(all...), []string{"an episode in a colleague's case in my office"}, []access.Action{access.Create}},
		{"nobody gives the second look to her own work", roles(all...), []string{"a case of mine"}, []access.Action{access.Review, access.Erase}},
		{"nobody approves a release of his own", roles(all...), []string{"a release I prepared"}, []access.Action{access.ApproveRelease}},
		{"an investigator reads no illness", roles("investigator"), []string{"the person of a case of mine"}, rowActions},
	} {
		t.Run(promise.words, func(t *testing.T) {
			for _, words := range promise.situation {
				o, ok := rows[words]
				if !ok {
					t.Fatalf("there is no situation %q", words)
				}
				for _, a := range promise.actions {
					s := promise.subject
					if known(o.ID, "s0", "p-s0") && s.Roles[0] == "investigator" {
						s.User = "somebody else"
					}
					if d := decide(t, db, p, s, a, o); d.Allow {
						t.Errorf("%s of %s is allowed, as %s", a, words, d.Via)
					}
				}
			}
		})
	}

	for _, sight := range []struct {
		words, role, situation, reads, unseals string
	}{
		{"before it accepts, a shelter sees what a bed needs", "shelter_manager", "a referral sent to us, not yet answered", "age_band bed_need", ""},
		{"after it accepts, the stay too", "shelter_manager", "a referral we accepted", "age_band arrived_on bed_need", ""},
		{"of the case, just the shared group", "shelter_manager", "a case of theirs, share “needs” with us", "code", ""},
		{"a share opens no other register", "shelter_manager", "an episode of a case of theirs, share “story” with us", "", ""},
		{"a shelter unseals what was consented to", "shelter_manager", "the person, shares “identity” and “medical” with us", "", "illness name"},
		{"an investigator never unseals health", "investigator", "the person, shares “identity” and “medical” with us", "", "name"},
		{"broken glass opens the case for its time", "caseworker", "a case I broke the glass of, time not yet over, another office", "code exploitation", "story"},
		{"her own case, in full", "caseworker", "a case of mine", "code exploitation", "story"},
	} {
		t.Run(sight.words, func(t *testing.T) {
			o := rows[sight.situation]
			for a, want := range map[access.Action]string{access.Read: sight.reads, access.Unseal: sight.unseals} {
				d := decide(t, db, p, roles(sight.role), a, o)
				if got := strings.Join(slices.Sorted(maps.Keys(d.Props)), " "); got != want {
					t.Errorf("%s gives %q, want %q", a, got, want)
				}
			}
		})
	}

	t.Run("a device token submits, and neither unseals nor closes", func(t *testing.T) {
		s := roles(all...)
		s.Device = "phone"
		for _, a := range []access.Action{access.Unseal, access.Close, access.Export, access.Share, access.ManageUsers, access.BreakGlass} {
			for words, o := range rows {
				if decide(t, db, p, s, a, o).Allow {
					t.Errorf("%s of %s", a, words)
				}
			}
		}
		if !decide(t, db, p, s, access.Submit, rows["a form for everybody"]).Allow {
			t.Error("a device cannot submit")
		}
	})
}

func known(s string, all ...string) bool { return slices.Contains(all, s) }
