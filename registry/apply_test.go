package registry_test

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"aman/casework"
	"aman/forms"
	"aman/node/nodetest"
	"aman/platform/access"
	"aman/platform/store"
	"aman/registry"
)

var ctx = context.Background()

func ok(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// apply makes one change as a submission of its own.
func apply(w *nodetest.World, sub access.Subject, write registry.Write) (out registry.Outcome, instance string, err error) {
	r, err := w.Node.Forms.Submit(ctx, sub, forms.Filled{Form: "test", Version: "1", Body: []byte("{}")}, func(a *forms.Act) (err error) {
		out, err = a.Apply(write)
		return err
	})
	return out, r.Instance, err
}

func get(t testing.TB, w *nodetest.World, sub access.Subject, register, id string) (row *registry.Row) {
	t.Helper()
	ok(t, w.Node.Store.Read(ctx, func(tx *store.Tx) (err error) {
		row, err = w.Node.Registry.Get(tx, w.Now(sub), register, id)
		return err
	}))
	return row
}

// open makes a case of the subject's and gives the ids of it and its person.
func open(t testing.TB, w *nodetest.World, sub access.Subject, o casework.Opening) (caseID, person string) {
	t.Helper()
	caseID, err := w.Node.Casework.Open(ctx, sub, o)
	ok(t, err)
	return caseID, get(t, w, sub, "cases", caseID).Person
}

func TestApply(t *testing.T) {
	nodetest.Each(t, func(t *testing.T, w *nodetest.World) {
		caseID, person := open(t, w, w.Caseworker, casework.Opening{PersonValues: registry.Values{"first_name": "Zarmina", "sex": "female"}})
		otherCase, otherPerson := open(t, w, w.Caseworker, casework.Opening{})
		t.Run("a row stays in its case and with its person", func(t *testing.T) {
			task := tasksOf(t, w, caseID)[0]
			for who, sub := range map[string]access.Subject{"caseworker of both": w.Caseworker, "supervisor": w.Supervisor} {
				for what, place := range map[string]registry.Place{"case": {Case: otherCase}, "person": {Person: otherPerson}, "both": {Case: otherCase, Person: otherPerson}} {
					for verb, write := range map[string]registry.Write{"update": {}, "assign": {Action: access.Assign}, "plan": {Action: access.Plan}, "consequence": (registry.Write{}).Follows()} {
						write.Register, write.ID, write.Place = "tasks", task, place
						if _, _, err := apply(w, sub, write); access.AsRefusal(err) == nil {
							t.Errorf("%s moved a row to another %s by %s: %v", who, what, verb, err)
						}
					}
				}
			}
			if row := get(t, w, w.Caseworker, "tasks", task); row.Case != caseID || row.Person != person {
				t.Error("the row moved")
			}
			if _, _, err := apply(w, w.Caseworker, registry.Write{Register: "tasks", ID: task, Place: registry.Place{Case: caseID, Person: person}}); err != nil {
				t.Errorf("naming the place where it is: %v", err)
			}
		})
		t.Run("history", func(t *testing.T) { history(t, w, caseID) })
		t.Run("conflicts", func(t *testing.T) { conflicts(t, w, caseID, person) })
		t.Run("sealed history", func(t *testing.T) {
			_, instance, err := apply(w, w.Caseworker, registry.Write{Register: "people", ID: person, Values: registry.Values{"first_name": "Zarghuna"}})
			ok(t, err)
			top := versions(t, w, w.Caseworker, "people", person)[0]
			if c, there := top.Changes["first_name"]; !there || !c.Sealed || c.From != nil || c.To != nil || top.Submission != instance {
				t.Errorf("the worker sees %+v of a sealed change; she must see that it changed and not to what", top)
			}
			if c, there := versions(t, w, w.Colleague, "people", person)[0].Changes["first_name"]; there {
				t.Errorf("a colleague, who may not unseal, sees %+v", c)
			}
			for _, v := range versions(t, w, w.Colleague, "cases", caseID) {
				for name := range v.Changes {
					if p, is := w.Node.Catalog.Registers["cases"].Property(name); is && p.Class != registry.Open {
						t.Errorf("a colleague sees the history of %s", name)
					}
				}
			}
		})
		t.Run("unsealing takes a code as reason", func(t *testing.T) {
			_, err := w.Node.Registry.Unseal(ctx, w.Now(w.Caseworker), "people", person, []string{"first_name"}, "because Zarmina called")
			var fault *registry.ValueError
			if !errors.As(err, &fault) {
				t.Errorf("free words went into the audit log: %v", err)
			}
		})
	})
}

func tasksOf(t testing.TB, w *nodetest.World, caseID string) (out []string) {
	t.Helper()
	f, err := w.Node.Casework.Peek(ctx, w.Caseworker, caseID)
	ok(t, err)
	for _, row := range f.Tasks {
		out = append(out, row.ID)
	}
	return out
}

func versions(t testing.TB, w *nodetest.World, sub access.Subject, register, id string) (list []registry.Version) {
	t.Helper()
	ok(t, w.Node.Store.Read(ctx, func(tx *store.Tx) (err error) {
		list, err = w.Node.Registry.History(tx, w.Now(sub), register, id)
		return err
	}))
	return list
}

// few lets rapid draw fewer times where every draw is a commit to disk.
func few(t *testing.T, checks string) {
	f := flag.Lookup("rapid.checks")
	was := f.Value.String()
	f.Value.Set(checks)
	t.Cleanup(func() { f.Value.Set(was) })
}

// history: the version counts every write, names the submission and who, and played
// backwards gives back what every version was.
func history(t *testing.T, w *nodetest.World, caseID string) {
	draws := rapid.MapOf(rapid.SampledFrom([]string{"risk_level", "source", "exploitation_types", "age_when_trafficked", "statistics", "referred_in_on"}), rapid.IntRange(0, 3))
	choose := map[string][]any{
		"risk_level": {nil, "low", "medium", "high"}, "source": {nil, "hotline", "self", "partner"},
		"exploitation_types": {nil, []string{"ForcedLabour"}, []string{"ForcedLabour", "ForcedMarriage"}, []string{}}, "age_when_trafficked": {nil, int64(0), int64(17), int64(120)},
		"statistics": {nil, true, false, true}, "referred_in_on": {nil, "2026-01-01", "1999-12-31", "2026-03-31"},
	}
	few(t, "25")
	rapid.MakeCheck(func(rt *rapid.T) {
		start := get(t, w, w.Caseworker, "cases", caseID)
		states := []registry.Values{start.Values}
		var instances []string
		for range rapid.IntRange(1, 4).Draw(rt, "writes") {
			values := registry.Values{}
			for name, i := range draws.Draw(rt, "values") {
				values[name] = choose[name][i]
			}
			out, instance, err := apply(w, w.Caseworker, registry.Write{Register: "cases", ID: caseID, Values: values})
			ok(t, err)
			row := get(t, w, w.Caseworker, "cases", caseID)
			if row.Version != start.Version+int64(len(states)) || out.Version != row.Version || row.Submission != instance {
				rt.Fatalf("version %d after %d writes on %d", row.Version, len(states), start.Version)
			}
			states, instances = append(states, row.Values), append(instances, instance)
		}
		now := maps.Clone(states[len(states)-1])
		for i, v := range versions(t, w, w.Caseworker, "cases", caseID)[:len(instances)] {
			n := len(instances) - 1 - i
			if v.Submission != instances[n] || v.Actor != w.Caseworker.User || v.Op != "update" {
				rt.Fatalf("version %d names %s and %s", v.Version, v.Submission, v.Actor)
			}
			for name, c := range v.Changes {
				if !reflect.DeepEqual(now[name], c.To) {
					rt.Fatalf("%s became %v, the history says %v", name, now[name], c.To)
				}
				if c.From == nil {
					delete(now, name)
				} else {
					now[name] = c.From
				}
			}
			if !reflect.DeepEqual(now, states[n]) {
				rt.Fatalf("version %d played back is %v, was %v", v.Version-1, now, states[n])
			}
		}
	})(t)
}

func conflicts(t *testing.T, w *nodetest.World, caseID, person string) {
	update := func(register, id string, base int64, v registry.Values) registry.Outcome {
		t.Helper()
		out, _, err := apply(w, w.Caseworker, registry.Write{Register: register, ID: id, Base: base, Values: v})
		ok(t, err)
		return out
	}
	list := func(sub access.Subject, register, id string) (list []registry.Conflict) {
		t.Helper()
		ok(t, w.Node.Store.Read(ctx, func(tx *store.Tx) (err error) {
			list, err = w.Node.Registry.Conflicts(tx, w.Now(sub), register, id)
			return err
		}))
		return list
	}
	value := func(name string) any { t.Helper(); return get(t, w, w.Caseworker, "cases", caseID).Values[name] }
	cw := w.Node.Casework

	update("cases", caseID, 0, registry.Values{"risk_level": "medium", "source": "hotline", "age_when_trafficked": nil, "fear_of_return": nil})
	base := get(t, w, w.Caseworker, "cases", caseID).Version
	update("cases", caseID, base, registry.Values{"risk_level": "high", "source": "self"})
	if out := update("cases", caseID, base, registry.Values{"age_when_trafficked": int64(16), "source": "self"}); out.Conflict != "" || value("age_when_trafficked") != int64(16) || value("risk_level") != "high" {
		t.Errorf("changes of different properties, or to the same value, must merge: %+v", out)
	}
	out := update("cases", caseID, base, registry.Values{"risk_level": "low", "fear_of_return": "yes"})
	if out.Conflict == "" || value("risk_level") != "high" || value("fear_of_return") != "yes" {
		t.Fatalf("%+v: the first value must stand, the rest must be written", out)
	}
	waiting := list(w.Caseworker, "cases", caseID)
	if len(waiting) != 1 || !reflect.DeepEqual(waiting[0].Mine, registry.Values{"risk_level": "low"}) || waiting[0].Base != base {
		t.Errorf("waiting %+v", waiting)
	}
	if seen := list(w.Colleague, "cases", caseID); len(seen) != 1 || len(seen[0].Mine) != 0 {
		t.Errorf("a colleague sees the waiting value of what she may not read: %+v", seen)
	}
	if err := cw.Settle(ctx, w.Colleague, out.Conflict, "taken"); access.AsRefusal(err) == nil {
		t.Errorf("a colleague settled it: %v", err)
	}
	if err := cw.Settle(ctx, w.Colleague, out.Conflict, "kept"); access.AsRefusal(err) == nil {
		t.Errorf("a colleague settled it: %v", err)
	}
	if err := cw.Settle(ctx, w.Caseworker, out.Conflict, "forgotten"); err == nil || len(list(w.Caseworker, "cases", caseID)) != 1 {
		t.Errorf("settled as something that is neither kept nor taken: %v", err)
	}
	ok(t, cw.Settle(ctx, w.Caseworker, out.Conflict, "kept"))
	if value("risk_level") != "high" || len(list(w.Caseworker, "cases", caseID)) != 0 {
		t.Error("kept must leave the value and close the conflict")
	}
	if err := cw.Settle(ctx, w.Caseworker, out.Conflict, "taken"); access.AsRefusal(err) == nil {
		t.Errorf("settled twice: %v", err)
	}
	out = update("cases", caseID, base, registry.Values{"risk_level": "medium"})
	ok(t, cw.Settle(ctx, w.Caseworker, out.Conflict, "taken"))
	if value("risk_level") != "medium" {
		t.Error("taken must write the waiting value")
	}

	// Sealed values wait sealed.
	base = get(t, w, w.Caseworker, "people", person).Version
	update("people", person, base, registry.Values{"first_name": "Zarlasht"})
	out = update("people", person, base, registry.Values{"first_name": "Zarka", "phone": "0300 0000000"})
	seen := list(w.Caseworker, "people", person)
	if out.Conflict == "" || len(seen) != 1 || len(seen[0].Mine) != 0 || !slices.Equal(seen[0].Sealed, []string{"first_name"}) {
		t.Fatalf("%+v %+v", out, seen)
	}
	name := func() string {
		t.Helper()
		v, err := w.Node.Registry.Unseal(ctx, w.Now(w.Caseworker), "people", person, []string{"first_name", "phone"}, "contact")
		ok(t, err)
		return fmt.Sprint(v["first_name"], "/", v["phone"])
	}
	if got := name(); got != "Zarlasht/0300 0000000" {
		t.Errorf("before settling %q", got)
	}
	ok(t, cw.Settle(ctx, w.Caseworker, out.Conflict, "taken"))
	if got := name(); got != "Zarka/0300 0000000" {
		t.Errorf("after settling %q", got)
	}
	if _, _, err := apply(w, w.Caseworker, registry.Write{Register: "people", ID: person, Base: 9999, Values: registry.Values{"sex": "male"}}); err == nil {
		t.Error("a write on a version that never was is taken")
	}
}
