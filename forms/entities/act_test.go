package entities_test

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"aman/forms"
	"aman/forms/entities"
	"aman/node/nodetest"
	"aman/platform/access"
	"aman/platform/store"
)

func TestWrites(t *testing.T) {
	nodetest.Each(t, func(t *testing.T, w *nodetest.World) {
		keeper := w.Now(w.Admin)
		_, err := w.Node.Entities.CreateDataset(bg, keeper, 1, "shelters", entities.Settings{})
		good(t, err)
		good(t, w.Node.Entities.AddProperty(bg, keeper, 1, "shelters", "beds", ""))
		for _, x := range []struct {
			name string
			f    func(*testing.T, *nodetest.World)
		}{
			{"lists", listWrites}, {"create", createMany}, {"update", updateOne}, {"delete, restore, purge", deleteRestorePurge},
			{"own only", ownOnly}, {"approval", approval}, {"refused", refused}, {"pages", pages}, {"exports", exports}, {"hashes", hashes},
		} {
			t.Run(x.name, func(t *testing.T) { x.f(t, w) })
		}
	})
}

func listWrites(t *testing.T, w *nodetest.World) {
	keeper := w.Now(w.Admin)
	e := w.Node.Entities
	_, err := e.CreateDataset(bg, keeper, 1, "shelters", entities.Settings{})
	_, err2 := e.CreateDataset(bg, keeper, 1, "a.b", entities.Settings{})
	_, err3 := e.CreateDataset(bg, field(w), 1, "others", entities.Settings{})
	var name *entities.NameError
	if !errors.Is(err, entities.ErrDatasetTaken) || !errors.As(err2, &name) || access.AsRefusal(err3) == nil {
		t.Errorf("%v; %v; %v", err, err2, err3)
	}
	if err := e.AddProperty(bg, keeper, 1, "shelters", "BEDS", ""); !errors.Is(err, entities.ErrPropertyTaken) {
		t.Error(err)
	}
	if err := e.AddProperty(bg, keeper, 1, "shelters", "x", "secret"); !errors.Is(err, entities.ErrClass) {
		t.Error(err)
	}
	if d, err := e.CreateDataset(bg, keeper, 1, "points", entities.Settings{Approval: true}); err != nil || d.Register != "points" || d.Approval || len(d.Properties) == 0 {
		t.Errorf("a bound list: %+v, %v", d, err)
	}
	if err := e.AddProperty(bg, keeper, 1, "points", "x", ""); !errors.Is(err, entities.ErrBound) {
		t.Error(err)
	}
	if d, err := e.CreateDataset(bg, keeper, 1, "people", entities.Settings{}); err != nil || d.Register != "" {
		t.Errorf("a list called like the register of persons is bound to %q, %v", d.Register, err)
	}
	good(t, e.DeleteDataset(bg, keeper, 1, "people"))
	if !slices.Equal(e.Bindable(), []string{"flow_counts", "points"}) {
		t.Errorf("bindable: %v", e.Bindable())
	}
	// An organisation's own project: its field manager keeps its lists, others do not see them.
	p, err := w.Node.Forms.SaveProject(bg, keeper, forms.Project{Name: "Home survey", Org: w.FieldManager.Org})
	good(t, err)
	_, err = e.CreateDataset(bg, field(w), p.ID, "shelters", entities.Settings{OwnOnly: true})
	good(t, err)
	read(t, w, func(tx *store.Tx) error {
		all, err := e.Datasets(tx, field(w), p.ID)
		if err != nil || len(all) != 1 || !all[0].OwnOnly {
			t.Errorf("%+v, %v", all, err)
		}
		if _, err := e.Datasets(tx, w.Now(w.Shelter), p.ID); access.AsRefusal(err) == nil {
			t.Errorf("another organisation sees the lists: %v", err)
		}
		all, err = e.Datasets(tx, field(w), 1)
		if len(all) != 2 {
			t.Errorf("%+v", all)
		}
		return err
	})
}

func createMany(t *testing.T, w *nodetest.World) {
	e := w.Node.Entities
	made, err := e.Create(bg, field(w), 1, "shelters", []entities.New{{ID: id(100), Label: "North house", Values: map[string]string{"beds": "4"}}, {Label: "South house"}}, "houses.csv")
	if err != nil || len(made) != 2 || made[0].Values["beds"] != "4" || made[1].ID == "" || made[1].Version != 1 {
		t.Fatalf("%+v, %v", made, err)
	}
	v := versions(t, w, "shelters", id(100))
	if v[0].Source.Kind != "api" || v[0].By != w.FieldManager.User {
		t.Errorf("%+v", v)
	}
	var taken *entities.TakenError
	_, err = e.Create(bg, field(w), 1, "shelters", []entities.New{{ID: id(101), Label: "x"}, {ID: id(100), Label: "y"}}, "")
	if !errors.As(err, &taken) || !slices.Equal(taken.IDs, []string{id(100)}) || !errors.Is(err, entities.ErrTaken) {
		t.Errorf("%v", err)
	}
	for what, x := range map[string]struct {
		list []entities.New
		want error
	}{
		"no label": {[]entities.New{{Label: " "}}, entities.ErrNoLabel}, "no UUID": {[]entities.New{{ID: "x", Label: "x"}}, entities.ErrNotUUID},
		"twice": {[]entities.New{{ID: id(102), Label: "x"}, {ID: id(102), Label: "x"}}, entities.ErrTaken}, "too many": {make([]entities.New, 10001), entities.ErrTooMany},
	} {
		if _, err := e.Create(bg, field(w), 1, "shelters", x.list, ""); !errors.Is(err, x.want) {
			t.Errorf("%s: %v", what, err)
		}
	}
	var unknown *entities.UnknownPropertyError
	if _, err := e.Create(bg, field(w), 1, "shelters", []entities.New{{Label: "x", Values: map[string]string{"rooms": "1"}}}, ""); !errors.As(err, &unknown) || unknown.Name != "rooms" {
		t.Errorf("%v", err)
	}
	read(t, w, func(tx *store.Tx) error { // all or nothing
		n, err := e.Count(tx, field(w), entities.Query{Project: 1, Dataset: "shelters"})
		d, err2 := e.Dataset(tx, field(w), 1, "shelters")
		if n != 2 || d.Entities != 2 {
			t.Errorf("%d, %d entities", n, d.Entities)
		}
		return errors.Join(err, err2)
	})
}

func updateOne(t *testing.T, w *nodetest.World) {
	e := w.Node.Entities
	beds := func(n string) map[string]string { return map[string]string{"beds": n} }
	_, err := e.Update(bg, field(w), 1, "shelters", id(100), entities.Change{Values: beds("5")})
	if !errors.Is(err, entities.ErrNoBase) {
		t.Error(err)
	}
	label := "North House"
	got, err := e.Update(bg, field(w), 1, "shelters", id(100), entities.Change{Label: &label, Values: beds("5"), Base: 1})
	if err != nil || got.Version != 2 || got.Label != label || got.Values["beds"] != "5" {
		t.Errorf("%+v, %v", got, err)
	}
	var stale *entities.StaleError
	if _, err = e.Update(bg, field(w), 1, "shelters", id(100), entities.Change{Values: beds("6"), Base: 1}); !errors.As(err, &stale) || stale.Current != 2 {
		t.Error(err)
	}
	if got, err = e.Update(bg, field(w), 1, "shelters", id(100), entities.Change{Values: beds("6"), Base: 1, Force: true}); err != nil || got.Version != 3 || got.Conflict != "" {
		t.Errorf("%+v, %v", got, err)
	}
	empty := ""
	if _, err = e.Update(bg, field(w), 1, "shelters", id(100), entities.Change{Label: &empty, Force: true}); !errors.Is(err, entities.ErrNoLabel) {
		t.Error(err)
	}
	if _, err = e.Update(bg, field(w), 1, "shelters", id(99), entities.Change{Values: beds("6"), Force: true}); !errors.Is(err, entities.ErrNoEntity) {
		t.Error(err)
	}
	// Found by its new words, not by its old ones alone.
	read(t, w, func(tx *store.Tx) error {
		p, err := e.List(tx, field(w), entities.Query{Project: 1, Dataset: "shelters", Search: "HOUSE north"})
		if len(p.Entities) != 1 || p.Entities[0].ID != id(100) {
			t.Errorf("%+v", p)
		}
		if p, _ = e.List(tx, field(w), entities.Query{Project: 1, Dataset: "shelters", Search: "west"}); len(p.Entities) != 0 {
			t.Errorf("%+v", p)
		}
		return err
	})
}

func deleteRestorePurge(t *testing.T, w *nodetest.World) {
	e, q := w.Node.Entities, entities.Query{Project: 1, Dataset: "shelters"}
	there := func(deleted bool) (n int) {
		read(t, w, func(tx *store.Tx) error {
			q.Deleted = deleted
			p, err := e.List(tx, field(w), q)
			c, err2 := e.Count(tx, field(w), q)
			if n = len(p.Entities); n != c {
				t.Errorf("%d listed, %d counted, deleted %v", n, c, deleted)
			}
			return errors.Join(err, err2)
		})
		return n
	}
	all := there(false)
	if err := e.Delete(bg, w.Now(w.DataOfficer), 1, "shelters", id(100)); access.AsRefusal(err) == nil {
		t.Errorf("the data officer deleted: %v", err)
	}
	if err := e.Purge(bg, field(w), 1, "shelters", id(100)); !errors.Is(err, entities.ErrNoEntity) {
		t.Errorf("purged before it was deleted: %v", err)
	}
	good(t, e.Delete(bg, field(w), 1, "shelters", id(100)))
	if there(false) != all-1 || there(true) != 1 {
		t.Errorf("%d and %d deleted", there(false), there(true))
	}
	read(t, w, func(tx *store.Tx) error {
		states, err := e.Integrity(tx, field(w), 1, "shelters", []string{id(100), id(77)})
		if !slices.Equal(states, []entities.State{{ID: id(100), Deleted: true}, {ID: id(77), Deleted: true}}) {
			t.Errorf("%+v", states)
		}
		return err
	})
	if _, err := e.Update(bg, field(w), 1, "shelters", id(100), entities.Change{Values: map[string]string{"beds": "1"}, Force: true}); !errors.Is(err, entities.ErrNoEntity) {
		t.Errorf("a deleted one was changed: %v", err)
	}
	got, err := e.Restore(bg, field(w), 1, "shelters", id(100))
	if err != nil || got.Values["beds"] != "6" || there(false) != all || there(true) != 0 {
		t.Errorf("%+v, %v", got, err)
	}
	good(t, e.Delete(bg, field(w), 1, "shelters", id(100)))
	good(t, e.Purge(bg, field(w), 1, "shelters", id(100)))
	if there(false) != all-1 || there(true) != 0 {
		t.Errorf("%d and %d deleted after the purge", there(false), there(true))
	}
	if _, err := e.Restore(bg, field(w), 1, "shelters", id(100)); !errors.Is(err, entities.ErrNoEntity) {
		t.Errorf("restored after the purge: %v", err)
	}
	if _, err := e.Create(bg, field(w), 1, "shelters", []entities.New{{ID: id(100), Label: "again"}}, ""); !errors.Is(err, entities.ErrTaken) {
		t.Errorf("its id was used again: %v", err)
	}
	read(t, w, func(tx *store.Tx) error {
		var keys, tokens, bodies int
		err := errors.Join(tx.Row("SELECT count(*) FROM vault_keys WHERE owner = ?", "entity/"+id(100)).Scan(&keys), tx.Row("SELECT count(*) FROM blind WHERE row_id = ?", id(100)).Scan(&tokens),
			tx.Row("SELECT count(*) FROM entity_versions WHERE id = ? AND body IS NOT NULL", id(100)).Scan(&bodies))
		if keys+tokens+bodies != 0 {
			t.Errorf("%d keys, %d tokens, %d bodies are left", keys, tokens, bodies)
		}
		return err
	})
}

func ownOnly(t *testing.T, w *nodetest.World) {
	e := w.Node.Entities
	_, err := e.CreateDataset(bg, w.Now(w.Admin), 1, "visits", entities.Settings{OwnOnly: true})
	good(t, err)
	for i, sub := range []access.Subject{w.Enumerator, w.Caseworker} {
		_, err := e.Create(bg, w.Now(sub), 1, "visits", []entities.New{{ID: id(110 + i), Label: "Visit"}}, "")
		good(t, err)
	}
	sees := map[string]int{}
	hash := map[string]string{}
	for who, sub := range map[string]access.Subject{"enumerator": w.Enumerator, "caseworker": w.Caseworker, "colleague": w.Colleague, "supervisor": w.Supervisor, "field": w.FieldManager, "shelter": w.Shelter} {
		read(t, w, func(tx *store.Tx) (err error) {
			p, err := e.List(tx, w.Now(sub), entities.Query{Project: 1, Dataset: "visits"})
			n, err2 := e.Count(tx, w.Now(sub), entities.Query{Project: 1, Dataset: "visits"})
			d, err3 := e.Dataset(tx, w.Now(sub), 1, "visits")
			if sees[who] = len(p.Entities); n != sees[who] || d.Entities != n {
				t.Errorf("%s: %d listed, %d counted, %d kept", who, len(p.Entities), n, d.Entities)
			}
			hash[who], err = e.Hash(tx, w.Now(sub), 1, "visits")
			return errors.Join(err, err2, err3)
		})
		if n := strings.Count(carried(t, w, w.Now(sub), "visits"), "\n") - 1; n != sees[who] {
			t.Errorf("%s carries %d and sees %d", who, n, sees[who])
		}
	}
	want := map[string]int{"enumerator": 1, "caseworker": 1, "colleague": 0, "supervisor": 2, "field": 2, "shelter": 0}
	for who, n := range want {
		if sees[who] != n {
			t.Errorf("%s sees %d, want %d", who, sees[who], n)
		}
	}
	if hash["enumerator"] == hash["caseworker"] || hash["enumerator"] == hash["supervisor"] {
		t.Errorf("the same hash for different rows: %v", hash)
	}
	read(t, w, func(tx *store.Tx) error {
		if _, err := e.Get(tx, w.Now(w.Colleague), 1, "visits", id(110)); access.AsRefusal(err) == nil {
			t.Errorf("a colleague reads one: %v", err)
		}
		return nil
	})
}

func approval(t *testing.T, w *nodetest.World) {
	e := w.Node.Entities
	p, err := w.Node.Forms.SaveProject(bg, w.Now(w.Admin), forms.Project{Name: "Approval", Org: w.FieldManager.Org})
	good(t, err)
	_, err = e.CreateDataset(bg, field(w), p.ID, "wells", entities.Settings{Approval: true})
	good(t, err)
	d, err := w.Node.Forms.SaveDraft(bg, field(w), forms.Upload{Project: p.ID, FileName: "w.xml", Body: []byte(formOf("well", "wells", "2022.1.0", creates, "species")), Kind: "survey", IgnoreWarnings: true})
	good(t, err)
	_, err = w.Node.Forms.PublishDraft(bg, field(w), p.ID, d.Form, "")
	good(t, err)
	receive(t, w, w.Enumerator, sent("well", "wells", "uuid:well-1", `create="1" id="`+id(120)+`"`, "The old well", "species", "deep"))
	there := func() bool {
		found := false
		read(t, w, func(tx *store.Tx) error {
			_, err := e.Get(tx, field(w), p.ID, "wells", id(120))
			found = err == nil
			return nil
		})
		return found
	}
	if there() {
		t.Error("it was made before the approval")
	}
	for _, step := range []struct {
		state string
		there bool
	}{{"hasIssues", false}, {"approved", true}, {"rejected", true}, {"approved", true}} {
		good(t, w.Node.Forms.SetReview(bg, field(w), p.ID, "well", "uuid:well-1", step.state))
		if there() != step.there {
			t.Errorf("after %s: %v", step.state, there())
		}
	}
	read(t, w, func(tx *store.Tx) error {
		got, err := e.Get(tx, field(w), p.ID, "wells", id(120))
		if got.CreatedBy != w.Enumerator.User || got.Owner != w.Enumerator.User || got.Office != w.Office || got.Version != 1 {
			t.Errorf("%+v", got)
		}
		return err
	})
	if got := codes(t, w, "uuid:well-1"); got != "" {
		t.Errorf("noted %q", got)
	}
	// One that may be there or not is made on approval as well, and once.
	d, err = w.Node.Forms.SaveDraft(bg, field(w), forms.Upload{Project: p.ID, FileName: "u.xml", Body: []byte(formOf("well-any", "wells", "2023.1.0", upserts, "species")), Kind: "survey", IgnoreWarnings: true})
	good(t, err)
	_, err = w.Node.Forms.PublishDraft(bg, field(w), p.ID, d.Form, "")
	good(t, err)
	receive(t, w, w.Enumerator, sent("well-any", "wells", "uuid:well-2", `create="1" update="1" baseVersion="" id="`+id(121)+`"`, "The new well", "species", "deep"))
	version := func() (n int64) {
		read(t, w, func(tx *store.Tx) error {
			got, err := e.Get(tx, field(w), p.ID, "wells", id(121))
			n = got.Version
			if errors.Is(err, entities.ErrNoEntity) {
				err = nil
			}
			return err
		})
		return n
	}
	if version() != 0 {
		t.Error("one that is changed or made was made before the approval")
	}
	good(t, w.Node.Forms.SetReview(bg, field(w), p.ID, "well-any", "uuid:well-2", "approved"))
	good(t, w.Node.Forms.SetReview(bg, field(w), p.ID, "well-any", "uuid:well-2", "rejected"))
	good(t, w.Node.Forms.SetReview(bg, field(w), p.ID, "well-any", "uuid:well-2", "approved"))
	if version() != 1 {
		t.Errorf("after the approval: version %d", version())
	}
	// A change to one that is there needs no approval.
	receive(t, w, w.Enumerator, sent("well-any", "wells", "uuid:well-3", `create="" update="1" baseVersion="1" id="`+id(121)+`"`, "", "species", "dry"))
	if version() != 2 {
		t.Errorf("after the change: version %d", version())
	}
}

func refused(t *testing.T, w *nodetest.World) {
	e := w.Node.Entities
	if _, err := e.Create(bg, w.Now(w.Admin), 1, "shelters", []entities.New{{Label: "x"}}, ""); access.AsRefusal(err) == nil {
		t.Errorf("the administrator made one: %v", err)
	}
	made, err := e.Create(bg, w.Now(w.Shelter), 1, "shelters", []entities.New{{ID: id(130), Label: "Theirs"}}, "")
	if err != nil || made[0].Org != w.Shelter.Org {
		t.Fatalf("%+v, %v", made, err)
	}
	for who, sub := range map[string]access.Subject{"field": w.FieldManager, "third": w.Third, "admin": w.Admin} {
		read(t, w, func(tx *store.Tx) error {
			if _, err := e.Get(tx, w.Now(sub), 1, "shelters", id(130)); access.AsRefusal(err) == nil {
				t.Errorf("%s reads it: %v", who, err)
			}
			p, err := e.List(tx, w.Now(sub), entities.Query{Project: 1, Dataset: "shelters", Search: "theirs"})
			if len(p.Entities) != 0 {
				t.Errorf("%s finds it: %+v", who, p)
			}
			return err
		})
		if _, err := e.Update(bg, w.Now(sub), 1, "shelters", id(130), entities.Change{Force: true, Values: map[string]string{"beds": "1"}}); access.AsRefusal(err) == nil {
			t.Errorf("%s changed it: %v", who, err)
		}
		if err := e.Each(bg, w.Now(sub), entities.Query{Project: 1, Dataset: "shelters"}, func(x entities.Entity) error {
			if x.ID == id(130) {
				t.Errorf("%s exports it", who)
			}
			return nil
		}); (err != nil) != (who != "field") {
			t.Errorf("%s exports: %v", who, err)
		}
	}
}

// Walking page by page gives every entity once, whatever the size of the page and the way.
func pages(t *testing.T, w *nodetest.World) {
	e := w.Node.Entities
	_, err := e.CreateDataset(bg, w.Now(w.Admin), 1, "many", entities.Settings{})
	good(t, err)
	want := map[string]bool{}
	for i := range 4 {
		var list []entities.New
		for j := range 20 {
			n := id(1000 + 100*i + j)
			list, want[n] = append(list, entities.New{ID: n, Label: fmt.Sprint("Many ", j)}), true
		}
		_, err := e.Create(bg, w.Now([]access.Subject{w.FieldManager, w.Caseworker}[i%2]), 1, "many", list, "")
		good(t, err)
	}
	for _, q := range []entities.Query{{Limit: 7}, {Limit: 7, Oldest: true}, {Limit: 80}, {Limit: 33, Search: "many"}, {Limit: 1000, Oldest: true}} {
		q.Project, q.Dataset = 1, "many"
		seen := map[string]bool{}
		var order []entities.Entity
		read(t, w, func(tx *store.Tx) error {
			for {
				p, err := e.List(tx, field(w), q)
				if err != nil {
					return err
				}
				for _, x := range p.Entities {
					if seen[x.ID] {
						t.Fatalf("%s twice", x.ID)
					}
					seen[x.ID], order = true, append(order, x)
				}
				if q.After = p.Next; !p.More {
					break
				}
			}
			q.After = "nonsense"
			if _, err := e.List(tx, field(w), q); !errors.Is(err, entities.ErrCursor) {
				t.Errorf("a false cursor: %v", err)
			}
			return nil
		})
		if len(seen) != len(want) || !slices.IsSortedFunc(order, func(a, b entities.Entity) int {
			c := a.Created.Compare(b.Created)
			if c == 0 {
				c = strings.Compare(a.ID, b.ID)
			}
			if !q.Oldest {
				c = -c
			}
			return c
		}) {
			t.Errorf("%+v: %d of %d, or out of order", q, len(seen), len(want))
		}
	}
	read(t, w, func(tx *store.Tx) error {
		p, err := e.List(tx, field(w), entities.Query{Project: 1, Dataset: "many", Limit: 5, Offset: 78})
		if len(p.Entities) != 2 || p.More {
			t.Errorf("%+v", p)
		}
		n, err2 := e.Count(tx, field(w), entities.Query{Project: 1, Dataset: "many", Creator: w.Caseworker.User})
		if n != 40 {
			t.Errorf("%d made by one", n)
		}
		behind, err3 := e.List(tx, field(w), entities.Query{Project: 1, Dataset: "many", Limit: 2, AfterID: p.Entities[0].ID})
		if len(behind.Entities) != 1 || behind.Entities[0].ID != p.Entities[1].ID || err3 != nil {
			t.Errorf("behind %s: %+v, %v", p.Entities[0].ID, behind, err3)
		}
		if _, err := e.List(tx, field(w), entities.Query{Project: 1, Dataset: "many", AfterID: id(5)}); !errors.Is(err, entities.ErrCursor) {
			t.Errorf("behind what is not there: %v", err)
		}
		return errors.Join(err, err2)
	})
}

// An export ends where it is told to, or with the list.
func exports(t *testing.T, w *nodetest.World) {
	for _, x := range []struct{ limit, want int }{{0, 80}, {1, 1}, {79, 79}, {500, 80}} {
		n := 0
		err := w.Node.Entities.Each(bg, field(w), entities.Query{Project: 1, Dataset: "many", Limit: x.limit}, func(entities.Entity) error { n++; return nil })
		if err != nil || n != x.want {
			t.Errorf("%d asked for, %d given, %v", x.limit, n, err)
		}
	}
}

func hashes(t *testing.T, w *nodetest.World) {
	e := w.Node.Entities
	hash := func(sub access.Subject) (h string) {
		read(t, w, func(tx *store.Tx) (err error) { h, err = e.Hash(tx, w.Now(sub), 1, "many"); return err })
		return h
	}
	device := w.Enumerator
	device.Device = "phone-1"
	last := hash(device)
	if len(last) != 32 || hash(device) != last {
		t.Errorf("the hash %q does not stay", last)
	}
	other := hash(w.Shelter)
	for _, x := range []struct {
		what string
		f    func() error
	}{
		{"create", func() error {
			_, err := e.Create(bg, w.Now(w.Caseworker), 1, "many", []entities.New{{Label: "new"}}, "")
			return err
		}},
		{"update", func() error {
			_, err := e.Update(bg, w.Now(w.Caseworker), 1, "many", id(1100), entities.Change{Force: true, Label: &[]string{"other"}[0]})
			return err
		}},
		{"delete", func() error { return e.Delete(bg, field(w), 1, "many", id(1101)) }},
		{"restore", func() error { _, err := e.Restore(bg, field(w), 1, "many", id(1101)); return err }},
		{"property", func() error { return e.AddProperty(bg, w.Now(w.Admin), 1, "many", "p", "") }},
		{"class", func() error { return e.SetClass(bg, w.Now(w.Admin), 1, "many", "label", "health") }},
	} {
		good(t, x.f())
		if h := hash(device); h == last {
			t.Errorf("%s leaves the hash", x.what)
		} else {
			last = h
		}
	}
	good(t, e.SetClass(bg, w.Now(w.Admin), 1, "many", "label", "sensitive"))
	before := hash(w.Shelter)
	_, err := e.Create(bg, w.Now(w.Caseworker), 1, "many", []entities.New{{Label: "new"}}, "")
	good(t, err)
	if other == "" || hash(w.Shelter) != before {
		t.Error("a change that the shelter does not see changes what it is told to fetch")
	}
	csv := carried(t, w, device, "many")
	if !strings.HasPrefix(csv, "name,label,__version,p\n") {
		t.Errorf("%.60q", csv)
	}
}
