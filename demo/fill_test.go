package demo

import (
	"context"
	"database/sql"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"aman/casework"
	"aman/linkage/names"
	"aman/node"
	"aman/packs"
	"aman/platform/access"
	"aman/platform/store"
	"aman/platform/store/storetest"
	"aman/registry"
	"aman/screening"
)

var ctx = context.Background()

func filled(t testing.TB, url string, o Options) (*node.Node, Programme) {
	t.Helper()
	clock := NewClock()
	n, err := node.Open(ctx, node.Config{Data: t.TempDir(), Database: url, Create: true, Now: clock.Now})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { n.Close() })
	if o.Today.IsZero() {
		o.Today = time.Date(2026, 3, 31, 0, 0, 0, 0, n.Zone())
	}
	p, err := Fill(ctx, n, clock, o)
	if err != nil {
		t.Fatal(err)
	}
	if gap := time.Since(clock.Now()); gap < -time.Second || gap > time.Second {
		t.Error("the clock was not set free")
	}
	return n, p
}

func reading(t testing.TB, n *node.Node, f func(tx *store.Tx) error) {
	t.Helper()
	if err := n.Store.Read(ctx, f); err != nil {
		t.Fatal(err)
	}
}

// subject signs somebody of the programme in.
func subject(t testing.TB, n *node.Node, p Programme, login string) (s access.Subject) {
	t.Helper()
	for _, in := range p.SignIns {
		if in.Login == login {
			reading(t, n, func(tx *store.Tx) (err error) {
				s, err = access.SubjectOf(tx, in.User, time.Date(2026, 3, 31, 16, 0, 0, 0, n.Zone()))
				return err
			})
			return s
		}
	}
	t.Fatalf("nobody has the login %s", login)
	return s
}

// Small programmes on both engines hold every state that a page can show.
func TestEveryState(t *testing.T) {
	for _, engine := range []string{"sqlite", "postgres"} {
		t.Run(engine, func(t *testing.T) {
			url := ""
			if engine == "postgres" {
				url = storetest.PostgresURL(t)
			}
			n, p := filled(t, url, Options{People: 150, Days: 8, Seed: 3})
			everyState(t, n)
			everyRole(t, n, p)
			auditStands(t, n)
			sameFindings(t, n)
			candidates(t, n, p)
		})
	}
}

func everyState(t *testing.T, n *node.Node) {
	reading(t, n, func(tx *store.Tx) error {
		for register, may := range map[string][]string{"decisions": {}, "cases": {}, "referrals": {}, "consents": {}, "tasks": {"cancelled"}, "services": {}} {
			have, err := tx.Strings("SELECT DISTINCT state FROM r_" + register)
			if err != nil {
				return err
			}
			for _, c := range n.Catalog.Lists[n.Catalog.Registers[register].States].Codes {
				if !slices.Contains(have, c.Code) && !slices.Contains(may, c.Code) {
					t.Errorf("no row of %s is %s", register, c.Code)
				}
			}
		}
		for what, query := range map[string]string{
			"restricted case":                      "SELECT count(*) FROM r_cases WHERE restricted",
			"task that is late":                    "SELECT count(*) FROM r_tasks WHERE state = 'open' AND due_on < '2026-03-31'",
			"case that may not be counted":         "SELECT count(*) FROM r_cases WHERE NOT statistics",
			"notice":                               "SELECT count(*) FROM notices",
			"share":                                "SELECT count(*) FROM shares",
			"interview that waits":                 "SELECT count(*) FROM submissions WHERE state = 'received'",
			"decision against the standard":        "SELECT count(*) FROM r_decisions WHERE override",
			"decision with its derivation":         "SELECT count(*) FROM r_decisions WHERE proposed IS NOT NULL",
			"facilitated return in the flow lines": "SELECT count(*) FROM r_flow_counts WHERE facilitated",
		} {
			var count int
			if err := tx.Row(query).Scan(&count); err != nil {
				return fmt.Errorf("%s: %w", what, err)
			}
			if count == 0 {
				t.Errorf("there is no %s", what)
			}
		}
		var fits, misfits int
		if err := tx.Row("SELECT sum(CASE WHEN state <> 'quarantined' THEN 1 ELSE 0 END), sum(CASE WHEN state = 'quarantined' THEN 1 ELSE 0 END) FROM submissions WHERE form = ?", surveyForm).Scan(&fits, &misfits); err != nil {
			return err
		}
		if fits < surveyed/2 || misfits == 0 || misfits > surveyed/misfit {
			t.Errorf("%d answers to the survey fit, %d do not", fits, misfits)
		}
		var late, open int
		if err := tx.Row("SELECT sum(CASE WHEN due_on < '2026-03-31' THEN 1 ELSE 0 END), count(*) FROM r_tasks WHERE state = 'open'").Scan(&late, &open); err != nil {
			return err
		}
		if late*3 > open {
			t.Errorf("%d of %d open tasks are late: a working office is not that far behind", late, open)
		}
		var future int
		end := time.Date(2026, 3, 31, 16, 0, 0, 0, n.Zone())
		if err := tx.Row("SELECT count(*) FROM history WHERE at > ?", store.Micros(end)).Scan(&future); err != nil {
			return err
		}
		if future > 0 {
			t.Errorf("%d changes lie in the future", future)
		}
		return nil
	})
}

func everyRole(t *testing.T, n *node.Node, p Programme) {
	have := map[string]int{}
	for _, s := range p.SignIns {
		have[s.Role]++
	}
	for _, role := range []string{"caseworker", "supervisor", "enumerator", "shelter_manager", "investigator", "data_officer", "release_approver", "programme_officer", "administrator"} {
		if have[role] == 0 {
			t.Errorf("nobody is %s", role)
		}
	}
	first := []string{"caseworker", "enumerator", "shelter_manager", "data_officer", "administrator"}
	for i, role := range first {
		if p.SignIns[i].Role != role || !p.SignIns[i].Main {
			t.Errorf("sign-in %d is %s, want %s", i, p.SignIns[i].Role, role)
		}
	}
}

func auditStands(t *testing.T, n *node.Node) {
	rep, err := n.VerifyAudit(ctx, nil)
	if err != nil || rep.Fault != nil {
		t.Errorf("audit %+v, %v", rep, err)
	}
}

// What the demonstration decided on is what package casework finds in the same rows.
func sameFindings(t *testing.T, n *node.Node) {
	reading(t, n, func(tx *store.Tx) error {
		type decided struct{ id, episode, standard, outcome, owner string }
		list, err := store.All(tx, func(r *sql.Rows) (d decided, err error) {
			return d, r.Scan(&d.id, &d.episode, &d.standard, &d.outcome, &d.owner)
		}, "SELECT id, episode, standard, outcome, owner FROM r_decisions WHERE NOT override")
		if err != nil {
			return err
		}
		seen := map[string]int{}
		for _, d := range list {
			sub, err := access.SubjectOf(tx, d.owner, time.Date(2026, 3, 31, 16, 0, 0, 0, n.Zone()))
			if err != nil {
				return err
			}
			episode, err := n.Registry.Get(tx, sub, "episodes", d.episode)
			if err != nil {
				return err
			}
			report, err := n.Casework.Findings(tx, sub, episode)
			if err != nil {
				return err
			}
			i := slices.IndexFunc(report.Findings, func(f screening.Finding) bool { return f.Standard.ID == d.standard })
			if i < 0 || casework.Proposed(&report.Findings[i]) != d.outcome {
				t.Errorf("decided %s under %s, which is not what the standard gives", d.outcome, d.standard)
			}
			seen[d.outcome]++
		}
		for _, outcome := range []string{"trafficking", "smuggling", "aggravated_smuggling", "neither", "undetermined"} {
			if seen[outcome] == 0 {
				t.Errorf("nothing was decided as %s", outcome)
			}
		}
		return nil
	})
}

// The interviews about somebody who came before find that person: one as written, two by sound.
func candidates(t *testing.T, n *node.Node, p Programme) {
	worker := subject(t, n, p, "caseworker")
	kinds := map[string]int{}
	for i, w := range waitingAt {
		if w.known < 0 {
			continue
		}
		teller := &teller{seed: 3, today: time.Date(2026, 3, 31, 0, 0, 0, 0, n.Zone())}
		var err error
		if teller.c, err = load(n.Catalog, n.Packs); err != nil {
			t.Fatal(err)
		}
		teller.weigh()
		c := teller.character(w.known)
		name := c.id.written((c.way + w.way) % 3)
		reading(t, n, func(tx *store.Tx) error {
			m, err := n.Registry.Similar(tx, worker, "people", map[string]string{"first_name": name.first, "second_name": name.second}, 10)
			if err != nil {
				return err
			}
			kind := ""
			for _, match := range m {
				agrees := map[string]bool{}
				for _, a := range match.Why {
					agrees[a.Property+" "+a.Kind] = true
				}
				switch {
				case agrees["first_name exact"] && agrees["second_name exact"]:
					kind = "exact"
				case kind == "" && agrees["first_name phonetic"] && agrees["second_name phonetic"]:
					kind = "phonetic"
				}
			}
			if kind == "" {
				t.Errorf("interview %d finds nobody who came before", i)
			}
			kinds[kind]++
			return nil
		})
	}
	if kinds["exact"] != 1 || kinds["phonetic"] != 2 {
		t.Errorf("found %v, want one exactly and two by sound", kinds)
	}
}

// uuid and code are what differs from one run to the next.
var uuid = regexp.MustCompile(`[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}`)

// dump writes down everything that is not sealed, row by row, without ids; and what is
// sealed of the people, as their caseworkers read it.
func dump(t testing.TB, n *node.Node, p Programme) string {
	var lines []string
	reading(t, n, func(tx *store.Tx) error {
		for _, name := range n.Catalog.Names() {
			s := n.Catalog.Registers[name]
			cols := []string{"state", "restricted", "version", "created_at"}
			for _, prop := range s.Properties {
				if !prop.Class.Sealed() && prop.Name != "code" {
					cols = append(cols, prop.Name)
				}
			}
			rows, err := store.All(tx, func(r *sql.Rows) (string, error) {
				v := make([]any, len(cols))
				for i := range v {
					v[i] = new(any)
				}
				err := r.Scan(v...)
				var b strings.Builder
				b.WriteString(name)
				for i := range v {
					fmt.Fprintf(&b, "|%v", *v[i].(*any))
				}
				return uuid.ReplaceAllString(b.String(), "id"), err
			}, "SELECT "+strings.Join(cols, ", ")+" FROM "+s.Table())
			if err != nil {
				return err
			}
			lines = append(lines, rows...)
		}
		return nil
	})
	sub := subject(t, n, p, "caseworker")
	var people []string
	reading(t, n, func(tx *store.Tx) error {
		page, err := n.Registry.List(tx, sub, registry.Query{Register: "people", Limit: 500})
		for _, row := range page.Rows {
			people = append(people, row.ID)
		}
		return err
	})
	for _, id := range people {
		v, err := n.Registry.Unseal(ctx, sub, "people", id, []string{"first_name", "second_name", "birthdate"}, "identify")
		if err == nil {
			lines = append(lines, fmt.Sprint("name ", v["first_name"], v["second_name"], v["birthdate"]))
		}
	}
	slices.Sort(lines)
	return strings.Join(lines, "\n")
}

func TestTheSameSeedGivesTheSameProgramme(t *testing.T) {
	run := func(seed uint64) string {
		n, p := filled(t, "", Options{People: 60, Days: 4, Seed: seed})
		return dump(t, n, p)
	}
	a, b, c := run(7), run(7), run(8)
	if a != b {
		x, y := strings.Split(a, "\n"), strings.Split(b, "\n")
		for i := range min(len(x), len(y)) {
			if x[i] != y[i] {
				t.Fatalf("line %d of %d and %d:\n%s\n%s", i, len(x), len(y), x[i], y[i])
			}
		}
		t.Fatalf("%d and %d lines", len(x), len(y))
	}
	if a == c {
		t.Error("another seed gives the same programme")
	}
	if strings.Count(a, "name ") < 5 || !strings.Contains(a, "Namuna") {
		t.Error("the dump holds no names, so it compares too little")
	}
}

// Made up without a store, two thousand people give a table that is worth protecting:
// cells above and below the minimum of 11, in each year.
func TestTheTableIsInteresting(t *testing.T) {
	teller := plain(t)
	cells, forms, bySex, years := map[string]int{}, map[string]int{}, map[string]int{}, map[int]int{}
	for i := range 2000 {
		f := teller.tell(i)
		v := f.steps[1].write.Values
		form := v.String("exploitation_main")
		cells[fmt.Sprint(form, v["sex"], v["age_band"], v.String("opened_on")[:4])]++
		forms[form]++
		bySex[v.String("sex")]++
		years[int(f.steps[0].at.Year())]++
	}
	large, small := 0, 0
	for _, n := range cells {
		if n >= 11 {
			large++
		} else {
			small++
		}
	}
	if large < 25 || small < 60 {
		t.Errorf("%d cells of 11 or more and %d smaller ones: nothing to show, or nothing to protect", large, small)
	}
	if len(forms) < 7 || bySex["female"] < 400 || bySex["male"] < 800 || bySex["other"] == 0 || len(years) < 3 {
		t.Errorf("forms %v, sexes %v, years %v", forms, bySex, years)
	}
}

// Every name says that it is invented, in either script, and its sounds are found.
func TestNamesAreMarked(t *testing.T) {
	teller := plain(t)
	markers := []string{}
	for _, m := range teller.c.names.Markers {
		markers = append(markers, m.Latin, m.Urdu)
	}
	ways := map[int]int{}
	for i := range 500 {
		c := teller.character(i)
		ways[c.way]++
		for way := range 3 {
			w := c.id.written(way)
			if !slices.ContainsFunc(markers, func(m string) bool { return strings.HasSuffix(w.second, " "+m) }) {
				t.Fatalf("person %d has no marked name", i)
			}
			if way != usual && !shareSound(c.id.written(usual).first, w.first) {
				t.Errorf("person %d: the spellings %q and %q do not sound alike", i, c.id.written(usual).first, w.first)
			}
		}
	}
	if len(ways) != 3 {
		t.Errorf("names are written in the ways %v", ways)
	}
}

func shareSound(a, b string) bool {
	return slices.ContainsFunc(names.Keys(a), func(k string) bool { return slices.Contains(names.Keys(b), k) })
}

// A place that may not be shown has no position: not in the pack, not in a register.
func TestNoInformalPointHasAPosition(t *testing.T) {
	n, _ := filled(t, "", Options{People: 30, Days: 2, Seed: 1})
	reading(t, n, func(tx *store.Tx) error {
		var hidden, shown, official int
		if err := tx.Row("SELECT count(*) FROM r_points WHERE NOT publishable AND location IS NOT NULL").Scan(&shown); err != nil {
			return err
		}
		if err := tx.Row("SELECT count(*) FROM r_points WHERE NOT publishable").Scan(&hidden); err != nil {
			return err
		}
		if err := tx.Row("SELECT count(*) FROM r_points WHERE publishable AND location IS NOT NULL").Scan(&official); err != nil {
			return err
		}
		if shown > 0 || hidden < 6 || official < 10 {
			t.Errorf("%d informal points have a position, of %d; %d official ones have", shown, hidden, official)
		}
		return nil
	})
}

func TestRoutesJoinPlacesThatAreThere(t *testing.T) {
	teller := plain(t)
	for _, r := range teller.c.routes {
		for i, leg := range r.Legs {
			for _, end := range []string{leg.From, leg.To} {
				p := teller.c.place[end]
				if end != "" && p == nil {
					t.Errorf("%s: there is no place %s", r.ID, end)
				}
				if p != nil && !p.Publishable && leg.Publishable {
					t.Errorf("%s: the leg %d would show %s", r.ID, i, end)
				}
			}
			if (leg.From == "") == (leg.FromCountry == "") || (leg.To == "") == (leg.ToCountry == "") {
				t.Errorf("%s: leg %d goes from a place or a country to a place or a country", r.ID, i)
			}
			if i > 0 && r.Legs[i-1].To != leg.From {
				t.Errorf("%s: leg %d does not begin where the one before ends", r.ID, i)
			}
			if !slices.Contains([]string{"S", "K"}, leg.Source) || !slices.Contains([]string{"high", "medium", "low"}, leg.Confidence) {
				t.Errorf("%s: leg %d has no source or confidence", r.ID, i)
			}
		}
	}
	for _, p := range teller.c.places {
		if !teller.c.list.Has(p.Code) {
			t.Errorf("%s is not in the list of places", p.Code)
		}
	}
	if got, want := len(teller.c.list.Codes), len(teller.c.places)+1; got != want {
		t.Errorf("the list has %d places, places.yaml %d", got, want)
	}
}

func TestFactsOfTheProfilesAreKnown(t *testing.T) {
	teller := plain(t)
	for _, p := range teller.c.profiles {
		for key := range p.Transit {
			known(t, teller, p.ID, key)
		}
		for key := range p.Abuse {
			known(t, teller, p.ID, key)
		}
	}
}

func known(t *testing.T, teller *teller, profile, key string) {
	if _, ok := vocabulary(t).Definition(key); !ok {
		t.Errorf("%s: there is no fact %s", profile, key)
	}
}

// vocabulary is that of the packs.
var loaded = sync.OnceValues(func() (*screening.Library, error) { return screening.Load(packs.Open("core"), packs.Open("pakistan")) })

func vocabulary(t *testing.T) *screening.Vocabulary {
	l, err := loaded()
	if err != nil {
		t.Fatal(err)
	}
	return l.Vocabulary
}

// plain is a teller with the content and no store behind it but a node's to read from.
func plain(t testing.TB) *teller {
	t.Helper()
	n, err := node.Open(ctx, node.Config{Data: t.TempDir(), Create: true})
	if err != nil {
		t.Fatal(err)
	}
	defer n.Close()
	o := Options{Seed: 1, Today: time.Date(2026, 3, 31, 0, 0, 0, 0, n.Zone())}
	clock := NewClock()
	out, err := prepare(ctx, n, clock, &o)
	if err != nil {
		t.Fatal(err)
	}
	return out
}
