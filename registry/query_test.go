package registry_test

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"aman/casework"
	"aman/node/nodetest"
	"aman/platform/access"
	"aman/platform/store"
	"aman/registry"
)

// office fills a world with cases in every position: one's own, a colleague's, restricted
// ones, shared ones and some with a referral that was answered or not.
func office(t testing.TB, w *nodetest.World) (cases []string) {
	t.Helper()
	cw := w.Node.Casework
	risks := []string{"low", "medium", "high"}
	for i := range 14 {
		sub := []access.Subject{w.Caseworker, w.Colleague}[i%2]
		id, _ := open(t, w, sub, casework.Opening{Risk: risks[i%3], Restricted: i%5 == 4,
			PersonValues: registry.Values{"first_name": []string{"Zarmina", "Zarmeena", "Gulalai"}[i%3], "sex": []string{"female", "male"}[i/7%2]},
			CaseValues: registry.Values{"source": []any{"self", "hotline", nil}[i%3], "age_when_trafficked": []any{int64(i), nil}[i%2],
				"exploitation_types": []any{[]string{"ForcedLabour"}, []string{"ForcedMarriage", "ForcedLabour"}, nil}[i/2%3], "fear_of_return": []any{nil, "yes", "no"}[i/3%3]}})
		cases = append(cases, id)
		if i%3 == 0 {
			consents, err := cw.RecordConsent(ctx, sub, id, casework.Consent{Purpose: "partner", Receiver: w.Shelter.Org, Given: true, Groups: []string{"needs", "journey"}, Checks: []string{"refusal_free"}})
			ok(t, err)
			groups := [][]string{{"needs"}, {"journey"}}[i/3%2]
			r, err := cw.Refer(ctx, sub, id, casework.Referral{Service: "shelter", Receiver: w.Shelter.Org, Urgency: []string{"days", "today"}[i%2], Beds: int64(i % 4), Consent: consents[0], Groups: groups})
			ok(t, err)
			switch i % 4 {
			case 0:
				ok(t, cw.Accept(ctx, w.Shelter, r))
			case 1:
				ok(t, cw.Decline(ctx, w.Shelter, r, "no_bed"))
			case 2:
				ok(t, cw.Accept(ctx, w.Shelter, r))
				ok(t, cw.Arrived(ctx, w.Shelter, r, "2026-04-02"))
			}
		}
		if i%4 == 0 {
			_, err := cw.PlanService(ctx, sub, id, registry.Values{"service": []string{"health", "legal_aid"}[i/4%2], "due_on": []any{nil, "2026-05-01"}[i/4%2]})
			ok(t, err)
		}
	}
	return cases
}

// seen reads every row of a register one by one, as the subject may see it.
func seen(t testing.TB, w *nodetest.World, tx *store.Tx, sub access.Subject, register string) (rows []*registry.Row) {
	t.Helper()
	ids, err := tx.Strings("SELECT id FROM r_" + register)
	ok(t, err)
	for _, id := range ids {
		row, err := w.Node.Registry.Get(tx, sub, register, id)
		if access.AsRefusal(err) != nil {
			continue
		}
		ok(t, err)
		rows = append(rows, row)
	}
	return rows
}

// column gives what a reader of the row sees under a name; nil when nothing.
func column(r *registry.Row, name string) any {
	switch name {
	case "id":
		return r.ID
	case "state":
		return r.State
	case "owner":
		return r.Owner
	case "updated_at":
		return r.UpdatedAt
	}
	return r.Values[name]
}

func less(a, b any) int {
	switch x := a.(type) {
	case string:
		return strings.Compare(x, b.(string))
	case int64:
		return cmp.Compare(x, b.(int64))
	case bool:
		return cmp.Compare(fmt.Sprint(x), fmt.Sprint(b))
	case time.Time:
		return x.Compare(b.(time.Time))
	}
	panic(fmt.Sprintf("%T", a))
}

func holds(r *registry.Row, c registry.Cond) bool {
	v := column(r, c.Property)
	if c.Op == "null" || v == nil {
		return c.Op == "null" && v == nil
	}
	switch c.Op {
	case "notnull":
		return true
	case "has":
		return slices.Contains(v.([]string), c.Value.(string))
	case "in":
		return slices.Contains(c.Value.([]string), v.(string))
	}
	d := less(v, c.Value)
	return map[string]bool{"=": d == 0, "!=": d != 0, "<": d < 0, "<=": d <= 0, ">": d > 0, ">=": d >= 0}[c.Op]
}

// pool is what conditions and orders are drawn from.
var pool = map[string]map[string][]any{
	"cases": {
		"risk_level": {"low", "medium", "high"}, "source": {"self", "hotline", "partner"}, "age_when_trafficked": {int64(0), int64(4), int64(12)}, "fear_of_return": {"yes", "no"},
		"sex": {"female", "male"}, "opened_on": {"2026-03-31", "2026-04-01"}, "exploitation_types": {"ForcedLabour", "ForcedMarriage"}, "state": {"Active"}, "next_review_on": {"2026-04-30"},
	},
	"referrals": {
		"urgency": {"days", "today"}, "bed_need": {int64(0), int64(2)}, "sex": {"female"}, "decline_reason": {"no_bed"}, "arrived_on": {"2026-04-02"}, "groups": {"needs", "journey"},
		"state": {"sent", "accepted"}, "respond_by": {time.Date(2026, 4, 2, 0, 0, 0, 0, time.UTC)}, "outcome": {"met"},
	},
	"services": {"service": {"health", "legal_aid"}, "due_on": {"2026-05-01", "2026-04-01"}, "done_on": {"2026-05-01"}},
	"people":   {"sex": {"female", "male"}, "age_band": {"unknown"}, "gender": {"Feminine"}, "age_disputed": {"yes"}},
	"tasks":    {"due_on": {"2026-04-01", "2026-04-03", "2026-04-07"}, "kind": {"contact"}, "state": {"open"}},
}

// A list is what one gets by reading every row as the subject sees it and then looking:
// it holds back what she may not see, and tells nothing about it by choice or order either.
func TestListsTellNothingThatRowsDoNotShow(t *testing.T) {
	nodetest.Each(t, func(t *testing.T, w *nodetest.World) {
		office(t, w)
		subjects := map[string]access.Subject{"caseworker": w.Caseworker, "colleague": w.Colleague, "supervisor": w.Supervisor, "shelter": w.Shelter, "third": w.Third, "data": w.DataOfficer, "enumerator": w.Enumerator}
		names := []string{"caseworker", "colleague", "supervisor", "shelter", "third", "data", "enumerator"}
		ok(t, w.Node.Store.Read(ctx, func(tx *store.Tx) error {
			hits := 0
			rapid.Check(t, func(rt *rapid.T) {
				who := rapid.SampledFrom(names).Draw(rt, "who")
				sub := w.Now(subjects[who])
				register := rapid.SampledFrom([]string{"cases", "referrals", "services", "people", "tasks"}).Draw(rt, "register")
				properties := sortedKeys(pool[register])
				q := registry.Query{Register: register, Limit: 1000}
				for i := range rapid.IntRange(0, 2).Draw(rt, "conditions") {
					c := registry.Cond{Property: rapid.SampledFrom(properties).Draw(rt, fmt.Sprint("property", i))}
					c.Value = rapid.SampledFrom(pool[register][c.Property]).Draw(rt, fmt.Sprint("value", i))
					p, _ := w.Node.Catalog.Registers[register].Property(c.Property)
					switch text, isText := c.Value.(string); {
					case p != nil && p.Type == registry.TypeCodes:
						c.Op = rapid.SampledFrom([]string{"has", "notnull"}).Draw(rt, fmt.Sprint("op", i))
					case isText:
						c.Op = rapid.SampledFrom([]string{"=", "!=", "<", "<=", ">", ">=", "in", "notnull"}).Draw(rt, fmt.Sprint("op", i))
						if c.Op == "in" {
							c.Value = []string{text, "nothing"}
						}
					default:
						c.Op = rapid.SampledFrom([]string{"=", "!=", "<", "<=", ">", ">=", "notnull"}).Draw(rt, fmt.Sprint("op", i))
					}
					q.Where = append(q.Where, c)
				}
				by := rapid.SampledFrom(append(properties, "id", "updated_at")).Draw(rt, "sort")
				down := rapid.Bool().Draw(rt, "down")
				if p, is := w.Node.Catalog.Registers[register].Property(by); is && p.Type == registry.TypeCodes {
					by = "id" // the order of several codes is that of their column
				}
				q.Sort = by
				if down {
					q.Sort = "-" + by
				}
				var want []*registry.Row
				for _, row := range seen(t, w, tx, sub, register) {
					if !slices.ContainsFunc(q.Where, func(c registry.Cond) bool { return !holds(row, c) }) {
						want = append(want, row)
					}
				}
				slices.SortFunc(want, func(a, b *registry.Row) int {
					d := 0
					switch x, y := column(a, by), column(b, by); {
					case x == nil && y == nil:
					case x == nil:
						return 1
					case y == nil:
						return -1
					default:
						d = less(x, y)
					}
					if d == 0 {
						d = strings.Compare(a.ID, b.ID)
					}
					if down {
						d = -d
					}
					return d
				})
				page, err := w.Node.Registry.List(tx, sub, q)
				if r := access.AsRefusal(err); r != nil && r.Reason == access.NotReadable {
					// No role of hers shows the property; then no row may have shown it.
					for _, row := range seen(t, w, tx, sub, register) {
						shown := column(row, by) != nil && by != "id" && by != "updated_at"
						all := len(q.Where) > 0
						for _, c := range q.Where {
							all = all && column(row, c.Property) != nil
						}
						if all && shown {
							rt.Fatalf("%s is refused %v although she sees these properties", who, q)
						}
					}
					return
				}
				ok(t, err)
				if got, want := ids(page.Rows), ids(want); !slices.Equal(got, want) {
					rt.Fatalf("%s asks %+v and gets\n%v, by reading row by row\n%v", who, q, got, want)
				}
				n, err := w.Node.Registry.Count(tx, sub, q)
				ok(t, err)
				if n != len(want) {
					rt.Fatalf("%s counts %d for %+v, want %d", who, n, q, len(want))
				}
				hits += n
				// Pages neither repeat nor skip.
				q.Limit = rapid.IntRange(1, 4).Draw(rt, "page")
				var paged []string
				for {
					page, err := w.Node.Registry.List(tx, sub, q)
					ok(t, err)
					paged = append(paged, ids(page.Rows)...)
					if q.Offset += q.Limit; !page.More {
						break
					}
				}
				if !slices.Equal(paged, ids(want)) {
					rt.Fatalf("in pages of %d %+v gives %v, want %v", q.Limit, q, paged, ids(want))
				}
			})
			if hits < 100 {
				t.Errorf("only %d rows were found in all; the questions say little", hits)
			}
			return nil
		}))
	})
}

func ids(rows []*registry.Row) []string {
	out := make([]string, len(rows))
	for i, r := range rows {
		out[i] = r.ID
	}
	return out
}

func sortedKeys[V any](m map[string]V) (out []string) {
	for k := range m {
		out = append(out, k)
	}
	slices.Sort(out)
	return out
}

func TestQueryRefuses(t *testing.T) {
	w := nodetest.New(t, "")
	cases := office(t, w)
	r := w.Node.Registry
	ok(t, w.Node.Store.Read(ctx, func(tx *store.Tx) error {
		refused := func(what string, err error) {
			t.Helper()
			if err == nil {
				t.Errorf("%s is answered", what)
			}
		}
		list := func(sub access.Subject, q registry.Query) error { _, err := r.List(tx, w.Now(sub), q); return err }
		refused("a condition on a sealed value", list(w.Caseworker, registry.Query{Register: "people", Where: []registry.Cond{registry.On("first_name", "=", "Zarmina")}}))
		refused("an order by a sealed value", list(w.Caseworker, registry.Query{Register: "people", Sort: "birthdate"}))
		refused("a condition on no property", list(w.Caseworker, registry.Query{Register: "people", Where: []registry.Cond{registry.On("1=1 OR id", "=", "x")}}))
		refused("an order by no property", list(w.Caseworker, registry.Query{Register: "people", Sort: "id; DROP TABLE r_people"}))
		refused("no comparison", list(w.Caseworker, registry.Query{Register: "people", Where: []registry.Cond{registry.On("sex", "LIKE", "female")}}))
		refused("no register", list(w.Caseworker, registry.Query{Register: "secrets"}))
		refused("a code that is none", list(w.Caseworker, registry.Query{Register: "cases", Where: []registry.Cond{registry.On("exploitation_types", "has", "%")}}))
		for _, by := range []string{"risk_level", "fear_of_return", "closure_details", "nothing", "id) --"} {
			_, err := r.Group(tx, w.Now(w.Supervisor), access.Supervise, registry.Query{Register: "cases"}, by)
			refused("grouping by "+by, err)
		}
		// Whoever counts for statistics cannot count by what is not open.
		_, err := r.Group(tx, w.Now(w.DataOfficer), access.Aggregate, registry.Query{Register: "cases", Where: []registry.Cond{registry.On("risk_level", "=", "high")}}, "sex")
		refused("counting by a condition on what is not open", err)

		// Whether a sealed value is there at all is for those who may unseal it.
		people := func(sub access.Subject) int {
			n, err := r.Count(tx, w.Now(sub), registry.Query{Register: "people", Where: []registry.Cond{{Property: "first_name", Op: "notnull"}}})
			ok(t, err)
			return n
		}
		if n := people(w.Caseworker); n != 7 {
			t.Errorf("a caseworker counts %d people with a name; she may unseal 7", n)
		}
		if n, err := r.Count(tx, w.Now(w.Caseworker), registry.Query{Register: "cases", Where: []registry.Cond{{Property: "risk_level", Op: "null"}}}); err != nil || n != 0 {
			t.Errorf("%d cases without a risk, %v; a colleague's case must not pass for one", n, err)
		}
		// Groups add up to what the subject counts.
		for _, sub := range []access.Subject{w.Supervisor, w.DataOfficer} {
			action := access.Aggregate
			groups, err := r.Group(tx, w.Now(sub), action, registry.Query{Register: "cases"}, "sex", "opened_on:year", "statistics")
			ok(t, err)
			total := 0
			for _, g := range groups {
				total += g.Count
				if len(g.Keys) != 3 || g.Keys[1] != "2026" {
					t.Errorf("%+v", g)
				}
			}
			if total != len(cases) {
				t.Errorf("the groups have %d cases of %d", total, len(cases))
			}
		}
		return nil
	}))
}

func TestSimilar(t *testing.T) {
	nodetest.Each(t, func(t *testing.T, w *nodetest.World) {
		_, mine := open(t, w, w.Caseworker, casework.Opening{PersonValues: registry.Values{"first_name": "Zarmina", "phone": "+92 300 0000001"}})
		_, hers := open(t, w, w.Colleague, casework.Opening{PersonValues: registry.Values{"first_name": "Zarmeena", "sex": "female"}})
		_, hidden := open(t, w, w.Colleague, casework.Opening{PersonValues: registry.Values{"first_name": "Zarmina"}, Restricted: true})
		before := auditCount(t, w)
		find := func(sub access.Subject, values map[string]string, limit int) (out []registry.Match) {
			t.Helper()
			ok(t, w.Node.Store.Read(ctx, func(tx *store.Tx) (err error) {
				out, err = w.Node.Registry.Similar(tx, w.Now(sub), "people", values, limit)
				return err
			}))
			return out
		}
		got := find(w.Caseworker, map[string]string{"first_name": "ZARMINA", "phone": "+92 300 0000001"}, 10)
		if len(got) != 2 || got[0].ID != mine || got[1].ID != hers {
			t.Fatalf("found %d, want her own first and then the colleague's that sounds alike", len(got))
		}
		for _, m := range got {
			if m.ID == hidden {
				t.Error("a restricted person is found")
			}
			if m.Row.Values.String("first_name") != "" {
				t.Error("a name was opened")
			}
		}
		if len(got[1].Row.Sealed) != 0 {
			t.Errorf("the colleague's person can be unsealed: %v", got[1].Row.Sealed)
		}
		if got := find(w.Caseworker, map[string]string{"first_name": "Zarmina"}, 1); len(got) != 1 {
			t.Errorf("%d matches, at most one was asked for", len(got))
		}
		for who, sub := range map[string]access.Subject{"shelter": w.Shelter, "third": w.Third, "data officer": w.DataOfficer, "enumerator": w.Enumerator, "administrator": w.Admin} {
			if got := find(sub, map[string]string{"first_name": "Zarmina"}, 10); len(got) != 0 {
				t.Errorf("%s finds %d", who, len(got))
			}
		}
		for _, values := range []map[string]string{{"first_name": " "}, {"sex": "female"}, {"nothing": "x"}, {"first_name": "Bakhtawar"}, nil} {
			if got := find(w.Caseworker, values, 10); len(got) != 0 {
				t.Errorf("%v finds %d", values, len(got))
			}
		}
		if after := auditCount(t, w); after != before {
			t.Error("looking for similar records unsealed something")
		}
	})
}

func auditCount(t testing.TB, w *nodetest.World) (n int) {
	t.Helper()
	ok(t, w.Node.Store.Read(ctx, func(tx *store.Tx) error {
		return tx.Row("SELECT count(*) FROM audit WHERE action = 'vault.unseal'").Scan(&n)
	}))
	return n
}
