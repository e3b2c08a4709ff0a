package entities_test

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"aman/forms/entities"
	"aman/node/nodetest"
	"aman/platform/access"
	"aman/platform/store"
)

func TestSubmissions(t *testing.T) {
	nodetest.Each(t, func(t *testing.T, w *nodetest.World) {
		trees(t, w)
		for _, x := range []struct {
			name string
			f    func(*testing.T, *nodetest.World)
		}{
			{"a list is made by its form", listMade}, {"created", created}, {"not created", notCreated}, {"updated", updated}, {"conflicts", conflicts},
			{"an upsert", upsert}, {"offline", offline}, {"forced", forced}, {"an edit makes nothing again", editMakesNothing}, {"several and in repeats", repeats},
			{"a bound list", bound}, {"classes", classes}, {"an interview", interview}, {"sealed", sealedAtRest},
		} {
			t.Run(x.name, func(t *testing.T) { x.f(t, w) })
		}
	})
}

func listMade(t *testing.T, w *nodetest.World) {
	read(t, w, func(tx *store.Tx) error {
		d, err := w.Node.Entities.Dataset(tx, field(w), 1, "trees")
		if err != nil {
			return err
		}
		var names []string
		for _, p := range d.Properties {
			names = append(names, p.Name+" "+p.Class+" "+strings.Join(p.Forms, ","))
		}
		want := []string{"species sensitive tree-new,tree-visit", "girth sensitive tree-new,tree-visit", "health_of_tree sensitive tree-visit"}
		if !slices.Equal(names, want) || !slices.Equal(d.Forms, []string{"tree-new", "tree-visit"}) {
			t.Errorf("properties %q of forms %q", names, d.Forms)
		}
		if _, err := w.Node.Entities.Dataset(tx, field(w), 1, "shrubs"); !errors.Is(err, entities.ErrNoDataset) {
			t.Errorf("a list that is not there: %v", err)
		}
		return nil
	})
	for what, xml := range map[string]string{
		"a newer version":                 formOf("f1", "trees", "2026.1.0", creates, "species"),
		"no version":                      formOf("f2", "trees", "", creates, "species"),
		"a dot in the name of a list":     formOf("f3", "a.b", "2022.1.0", creates, "species"),
		"underscores":                     formOf("f4", "__trees", "2022.1.0", creates, "species"),
		"a property called Label":         formOf("f5", "trees", "2022.1.0", creates, "Label"),
		"a property of the program's own": formOf("f6", "trees", "2022.1.0", creates, "__id"),
		"another spelling of a property":  formOf("f7", "trees", "2022.1.0", creates, "Species"),
		"a property a register lacks":     formOf("f8", "points", "2022.1.0", creates, "colour"),
	} {
		if _, err := w.Node.Forms.Publish(bg, w.Now(w.Admin), "survey", []byte(xml)); err == nil {
			t.Errorf("a form with %s was published", what)
		}
	}
}

func created(t *testing.T, w *nodetest.World) {
	receive(t, w, w.Enumerator, sent("tree-new", "trees", "uuid:c1", `create="1" id="uuid:`+strings.ToUpper(id(1))+`"`, "An old oak", "species", "oak", "girth", ""))
	e := get(t, w, "trees", id(1))
	if e.Label != "An old oak" || e.Values["species"] != "oak" || e.Version != 1 || e.Owner != w.Enumerator.User || e.Office != w.Office {
		t.Errorf("%+v", e)
	}
	v := versions(t, w, "trees", id(1))
	if len(v) != 1 || v[0].Source != (entities.Source{Kind: "submission", Form: "tree-new", Instance: "uuid:c1"}) || v[0].Received["label"] != "An old oak" {
		t.Errorf("%+v", v)
	}
	read(t, w, func(tx *store.Tx) error {
		links, err := w.Node.Entities.EntitiesOf(tx, "uuid:c1")
		if len(links) != 1 || links[0].ID != id(1) || links[0].Dataset != "trees" {
			t.Errorf("%+v", links)
		}
		return err
	})
}

func notCreated(t *testing.T, w *nodetest.World) {
	for i, x := range []struct{ attrs, label, code string }{
		{`create="1" id="` + id(11) + `"`, " ", entities.NoLabel},
		{`create="1" id="tree-12"`, "x", entities.NoID},
		{`create="1" id=""`, "x", entities.NoID},
		{`create="true" id="` + id(1) + `"`, "x", entities.Taken},
		{`update="1" id="` + id(13) + `" baseVersion="1"`, "x", entities.Unknown},
		{`update="1" id="` + id(1) + `" baseVersion="9"`, "x", entities.NoVersion},
		{`update="1" id="` + id(1) + `" baseVersion=""`, "x", entities.NoVersion},
		{`update="1" id="` + id(1) + `" baseVersion="one"`, "x", entities.NoVersion},
		{`create="yes" id="` + id(14) + `"`, "x", ""},
		{`create="TRUE" id="` + id(14) + `"`, "x", ""},
		{`create="0" id="` + id(14) + `"`, "x", ""},
	} {
		instance := "uuid:n" + string(rune('a'+i))
		form := "tree-new"
		if strings.HasPrefix(x.attrs, "update") {
			form = "tree-visit"
		}
		receive(t, w, w.Enumerator, sent(form, "trees", instance, x.attrs, x.label, "species", "ash"))
		if got := codes(t, w, instance); got != x.code {
			t.Errorf("%s: noted %q, want %q", x.attrs, got, x.code)
		}
	}
	read(t, w, func(tx *store.Tx) error {
		n, err := w.Node.Entities.Count(tx, field(w), entities.Query{Project: 1, Dataset: "trees"})
		if n != 1 {
			t.Errorf("%d entities", n)
		}
		return err
	})
}

// codes are those of entities beside a submission.
func codes(t testing.TB, w *nodetest.World, instance string) string {
	var out []string
	for _, c := range strings.Fields(reasons(t, w, instance)) {
		if strings.HasPrefix(c, "entity:") {
			out = append(out, c)
		}
	}
	return strings.Join(out, " ")
}

func updated(t *testing.T, w *nodetest.World) {
	receive(t, w, w.Enumerator, sent("tree-new", "trees", "uuid:u1", `create="1" id="`+id(20)+`"`, "A fig", "species", "fig", "girth", "10"))
	receive(t, w, w.Caseworker, sent("tree-visit", "trees", "uuid:u2", `update="1" id="`+id(20)+`" baseVersion="1"`, "", "girth", "", "health_of_tree", "good"))
	e := get(t, w, "trees", id(20))
	if e.Version != 2 || e.Label != "A fig" || e.Values["species"] != "fig" || e.Values["girth"] != "" || e.Values["health_of_tree"] != "good" || e.Conflict != "" || e.UpdatedBy != w.Caseworker.User {
		t.Errorf("%+v", e)
	}
	v := versions(t, w, "trees", id(20))
	d := entities.Diff(v)
	if len(v) != 2 || v[0].Values["girth"] != "10" || v[1].Base != 1 || len(d[1]) != 2 || d[1][0] != (entities.Difference{Name: "girth", From: "10", To: ""}) {
		t.Errorf("%+v\n%+v", v, d)
	}
}

func conflicts(t *testing.T, w *nodetest.World) {
	receive(t, w, w.Enumerator, sent("tree-new", "trees", "uuid:k1", `create="1" id="`+id(30)+`"`, "A pine", "species", "pine", "girth", "10"))
	visit := func(instance, attrs string, values ...string) {
		receive(t, w, w.Enumerator, sent("tree-visit", "trees", instance, `update="1" id="`+id(30)+`" `+attrs, "", values...))
	}
	visit("uuid:k2", `baseVersion="1"`, "girth", "11")
	visit("uuid:k3", `baseVersion="1"`, "species", "stone pine")
	if e := get(t, w, "trees", id(30)); e.Conflict != entities.Soft || e.Values["girth"] != "11" || e.Values["species"] != "stone pine" {
		t.Errorf("other properties: %+v", e)
	}
	visit("uuid:k4", `baseVersion="1"`, "girth", "11")
	if e := get(t, w, "trees", id(30)); e.Conflict != entities.Soft {
		t.Errorf("the same value twice: %+v", e)
	}
	visit("uuid:k5", `baseVersion="2"`, "species", "maritime pine")
	e := get(t, w, "trees", id(30))
	if e.Conflict != entities.Hard || e.Values["species"] != "maritime pine" || e.Version != 5 {
		t.Errorf("the same property: %+v", e)
	}
	visit("uuid:k6", `baseVersion="4"`, "health_of_tree", "good")
	if e = get(t, w, "trees", id(30)); e.Conflict != entities.Hard {
		t.Errorf("a hard conflict became %s by another change", e.Conflict)
	}
	v := versions(t, w, "trees", id(30))
	if !slices.Equal(v[4].Conflicting, []string{"species"}) || v[3].Conflict != entities.Soft || v[1].Conflict != "" {
		t.Errorf("%+v", v)
	}
	if c := entities.Clashes(v); len(c) != 4 || !c[2].Both["species"] || c[2].Before.Values["species"] != "stone pine" {
		t.Errorf("%+v", c)
	}
	count := func() (n int) {
		yes := true
		read(t, w, func(tx *store.Tx) (err error) {
			n, err = w.Node.Entities.Count(tx, field(w), entities.Query{Project: 1, Dataset: "trees", Conflict: &yes})
			return err
		})
		return n
	}
	if n := count(); n != 1 {
		t.Errorf("%d in conflict", n)
	}
	// She settles it: the species of before, the girth as it is.
	e, err := w.Node.Entities.Update(bg, field(w), 1, "trees", id(30), entities.Change{Values: map[string]string{"species": "stone pine"}, Base: 6, Resolve: true})
	if err != nil || e.Conflict != "" || e.Values["species"] != "stone pine" || count() != 0 || len(entities.Clashes(versions(t, w, "trees", id(30)))) != 0 {
		t.Errorf("settled: %+v %v", e, err)
	}
	if _, err := w.Node.Entities.Update(bg, field(w), 1, "trees", id(30), entities.Change{Resolve: true}); !errors.Is(err, entities.ErrNoConflict) {
		t.Errorf("settled twice: %v", err)
	}
}

func upsert(t *testing.T, w *nodetest.World) {
	publish(t, w, formOf("tree-both", "trees", "2023.1.0", upserts, "species", "girth"))
	both := func(instance, attrs, label string, values ...string) {
		receive(t, w, w.Enumerator, sent("tree-both", "trees", instance, attrs+` id="`+id(40)+`"`, label, values...))
	}
	both("uuid:b1", `create="1" update="1" baseVersion=""`, "A palm", "species", "palm")
	both("uuid:b2", `create="1" update="1" baseVersion="1"`, "", "species", "date palm")
	if e := get(t, w, "trees", id(40)); e.Version != 2 || e.Label != "A palm" || e.Values["species"] != "date palm" {
		t.Errorf("%+v", e)
	}
}

func offline(t *testing.T, w *nodetest.World) {
	branch := id(999)
	step := func(instance, attrs string, values ...string) {
		receive(t, w, w.Enumerator, sent("tree-visit", "trees", instance, `update="1" id="`+id(50)+`" branchId="`+branch+`" `+attrs, "", values...))
	}
	// Made and changed twice without a connection; it all comes in the wrong order.
	step("uuid:o3", `baseVersion="2" trunkVersion=""`, "girth", "3")
	step("uuid:o2", `baseVersion="1" trunkVersion=""`, "girth", "2", "species", "plane")
	if got := codes(t, w, "uuid:o2") + codes(t, w, "uuid:o3"); got != entities.Held+entities.Held {
		t.Errorf("noted %q", got)
	}
	read(t, w, func(tx *store.Tx) error {
		held, err := w.Node.Entities.Backlog(tx, field(w), 1, "trees")
		if len(held) != 2 {
			t.Errorf("%+v", held)
		}
		return err
	})
	receive(t, w, w.Enumerator, sent("tree-new", "trees", "uuid:o1", `create="1" id="`+id(50)+`"`, "A plane tree", "species", "?", "girth", "1"))
	e := get(t, w, "trees", id(50))
	if e.Version != 3 || e.Values["girth"] != "3" || e.Values["species"] != "plane" || e.Conflict != "" {
		t.Errorf("%+v", e)
	}
	if got := codes(t, w, "uuid:o2") + codes(t, w, "uuid:o3"); got != "" {
		t.Errorf("still noted: %q", got)
	}
	// A branch from the server's third version, while somebody else writes a fourth.
	branch = id(998)
	step("uuid:o4", `baseVersion="3" trunkVersion="3"`, "girth", "4")
	_, err := w.Node.Entities.Update(bg, field(w), 1, "trees", id(50), entities.Change{Values: map[string]string{"health_of_tree": "ill"}, Base: 4})
	good(t, err)
	step("uuid:o5", `baseVersion="4" trunkVersion="3"`, "girth", "5")
	e = get(t, w, "trees", id(50))
	if e.Values["girth"] != "5" || e.Values["health_of_tree"] != "ill" || e.Conflict != entities.Soft || e.Version != 6 {
		t.Errorf("%+v", e)
	}
	// What follows in the branch is made on the newest version here, but was not seen there.
	step("uuid:o6", `baseVersion="5" trunkVersion="3"`, "girth", "6")
	if v := versions(t, w, "trees", id(50)); len(v) != 7 || v[6].Base != 6 || v[6].Conflict != entities.Soft || v[6].BranchBase != 5 {
		t.Errorf("%+v", v)
	}
}

func forced(t *testing.T, w *nodetest.World) {
	branch := id(997)
	visit := func(instance, attrs, label string, values ...string) {
		receive(t, w, w.Enumerator, sent("tree-visit", "trees", instance, `update="1" id="`+id(60)+`" branchId="`+branch+`" trunkVersion="" `+attrs, label, values...))
	}
	visit("uuid:f3", `baseVersion="2"`, "A lime", "girth", "3")
	if n, err := w.Node.Entities.Force(bg, 5*24*3600e9); n != 0 || err != nil {
		t.Errorf("%d forced before their time, %v", n, err)
	}
	w.Clock.Add(6 * 24 * 3600e9)
	if n, err := w.Node.Entities.Force(bg, 5*24*3600e9); n != 1 || err != nil {
		t.Errorf("%d forced, %v", n, err)
	}
	e := get(t, w, "trees", id(60))
	if e.Version != 1 || e.Label != "A lime" || e.Values["girth"] != "3" {
		t.Errorf("%+v", e)
	}
	// The first one comes after all: it fills in what nobody has said since.
	receive(t, w, w.Enumerator, sent("tree-new", "trees", "uuid:f1", `create="1" id="`+id(60)+`"`, "A young lime", "species", "lime", "girth", "1"))
	e = get(t, w, "trees", id(60))
	if e.Version != 2 || e.Label != "A lime" || e.Values["girth"] != "3" || e.Values["species"] != "lime" || e.Conflict != entities.Soft {
		t.Errorf("%+v", e)
	}
}

func editMakesNothing(t *testing.T, w *nodetest.World) {
	receive(t, w, w.Enumerator, sent("tree-new", "trees", "uuid:e1", `create="1" id="`+id(70)+`"`, "An elm", "species", "elm"))
	body := strings.Replace(string(sent("tree-new", "trees", "uuid:e2", `create="1" id="`+id(71)+`"`, "Another elm", "species", "elm")), "</instanceID>", "</instanceID><deprecatedID>uuid:e1</deprecatedID>", 1)
	receive(t, w, w.Enumerator, []byte(body))
	read(t, w, func(tx *store.Tx) error {
		if _, err := w.Node.Entities.Get(tx, field(w), 1, "trees", id(71)); !errors.Is(err, entities.ErrNoEntity) {
			t.Errorf("an edit made an entity: %v", err)
		}
		return nil
	})
}

const orchard = `<h:html xmlns="http://www.w3.org/2002/xforms" xmlns:h="http://www.w3.org/1999/xhtml" xmlns:entities="http://www.opendatakit.org/xforms/entities">
<h:head><h:title>Orchard</h:title><model entities:entities-version="2025.1.0"><instance><data id="orchard" version="1"><village/>
<tree><species/><size><girth/></size><meta><entity dataset="trees" create="1" id=""><label/></entity></meta></tree>
<meta><instanceID/><entity dataset="orchards" create="1" id=""><label/></entity></meta></data></instance>
<bind nodeset="/data/village" entities:saveto="village"/><bind nodeset="/data/tree/species" entities:saveto="species"/><bind nodeset="/data/tree/size/girth" entities:saveto="girth"/></model></h:head><h:body/></h:html>`

func repeats(t *testing.T, w *nodetest.World) {
	publish(t, w, orchard)
	tree := func(n int, species, girth string) string {
		return `<tree><species>` + species + `</species><size><girth>` + girth + `</girth></size><meta><entity dataset="trees" create="1" id="` + id(n) + `"><label>` + species + `</label></entity></meta></tree>`
	}
	receive(t, w, w.Enumerator, []byte(`<data id="orchard" version="1"><village>Naran</village>`+tree(80, "walnut", "8")+tree(81, "apple", "9")+
		`<meta><instanceID>uuid:r1</instanceID><entity dataset="orchards" create="1" id="`+id(82)+`"><label>By the river</label></entity></meta></data>`))
	if a, b, c := get(t, w, "trees", id(80)), get(t, w, "trees", id(81)), get(t, w, "orchards", id(82)); a.Values["girth"] != "8" || b.Values["species"] != "apple" || c.Values["village"] != "Naran" || c.Label != "By the river" {
		t.Errorf("%+v\n%+v\n%+v", a, b, c)
	}
}

// A bound list writes to the register, under the sender's rights, with the register's types.
func bound(t *testing.T, w *nodetest.World) {
	point := id(90)
	good(t, pointAt(w, point))
	publish(t, w, formOf("count", "flow_counts", "2024.1.0", upserts, "point", "date", "direction", "persons", "hours"))
	count := func(instance, attrs string, values ...string) {
		receive(t, w, w.Enumerator, sent("count", "flow_counts", instance, attrs+` id="`+id(91)+`"`, "", values...))
	}
	count("uuid:w1", `create="1" update=""`, "point", point, "date", "2026-03-30", "direction", "in", "persons", "12", "hours", "many")
	if got := codes(t, w, "uuid:w1"); got != entities.Value+"hours" {
		t.Errorf("noted %q", got)
	}
	e := getAs(t, w, w.Enumerator, "flow_counts", id(91))
	if e.Values["persons"] != "12" || e.Values["hours"] != "" || e.Version != 1 {
		t.Errorf("%+v", e)
	}
	count("uuid:w2", `create="" update="1" baseVersion="1"`, "persons", "13")
	if e = getAs(t, w, w.Enumerator, "flow_counts", id(91)); e.Values["persons"] != "13" || e.Version != 2 {
		t.Errorf("%+v", e)
	}
	// On an older version: the register keeps what came first and puts the other beside it.
	count("uuid:w3", `create="" update="1" baseVersion="1"`, "persons", "14", "hours", "6")
	e = getAs(t, w, w.Enumerator, "flow_counts", id(91))
	v := versionsAs(t, w, w.Enumerator, "flow_counts", id(91))
	if e.Values["persons"] != "13" || e.Values["hours"] != "6" || len(v) != 3 || v[2].Conflict != entities.Hard || v[2].Source.Form != "count" {
		t.Errorf("%+v\n%+v", e, v)
	}
	count("uuid:w4", `create="" update="1" baseVersion="1"`, "persons", "minus one")
	if got := codes(t, w, "uuid:w4"); got != entities.Value+"persons" {
		t.Errorf("noted %q", got)
	}
	// Reference data is not the enumerator's to write.
	publish(t, w, formOf("new-point", "points", "2022.1.0", creates, "code", "kind"))
	receive(t, w, w.Enumerator, sent("new-point", "points", "uuid:w5", `create="1" id="`+id(92)+`"`, "", "code", "x-9", "kind", "border_crossing"))
	if got := codes(t, w, "uuid:w5"); got != entities.Refused {
		t.Errorf("noted %q", got)
	}
}

// What a form's author calls identity is seen by nobody in a list, and unsealed by few.
func classes(t *testing.T, w *nodetest.World) {
	publish(t, w, formOf("family", "families", "2024.1.0", creates, "species:identity", "village"))
	receive(t, w, w.Enumerator, sent("family", "families", "uuid:p1", `create="1" id="`+id(95)+`"`, "The Zarghunzais", "species", "Zarghunzai", "village", "Naran"))
	e := get(t, w, "families", id(95))
	if e.Label != "" || e.Values["village"] != "Naran" || !slices.Equal(e.Hidden, []string{"label", "species"}) || !slices.Equal(e.Sealed, e.Hidden) {
		t.Errorf("%+v", e)
	}
	values, err := w.Node.Entities.Unseal(bg, field(w), 1, "families", id(95), []string{"label", "species"}, "contact")
	if err != nil || values["species"] != "Zarghunzai" || values["label"] != "The Zarghunzais" {
		t.Errorf("unsealed %v, %v", values, err)
	}
	if _, err := w.Node.Entities.Unseal(bg, w.Now(w.Enumerator), 1, "families", id(95), []string{"species"}, "contact"); access.AsRefusal(err) == nil {
		t.Errorf("the enumerator unsealed: %v", err)
	}
	device := w.Enumerator
	device.Device = "phone-1"
	file := carried(t, w, device, "families")
	if strings.Contains(file, "Zarghun") || !strings.Contains(file, "name,label,__version,village\n"+id(95)+",12345678,1,Naran") {
		t.Errorf("a phone carries %q", file)
	}
}

func interview(t *testing.T, w *nodetest.World) {
	_, err := w.Node.Forms.Publish(bg, w.Now(w.Admin), "intake", []byte(formOf("interview-tree", "trees", "2022.1.0", creates, "species")))
	good(t, err)
	receive(t, w, w.Enumerator, sent("interview-tree", "trees", "uuid:i1", `create="1" id="`+id(97)+`"`, "x", "species", "oak"))
	if got := codes(t, w, "uuid:i1"); got != entities.Intake {
		t.Errorf("noted %q", got)
	}
	read(t, w, func(tx *store.Tx) error {
		if _, err := w.Node.Entities.Get(tx, field(w), 1, "trees", id(97)); !errors.Is(err, entities.ErrNoEntity) {
			t.Errorf("it made an entity: %v", err)
		}
		return nil
	})
}

func sealedAtRest(t *testing.T, w *nodetest.World) {
	read(t, w, func(tx *store.Tx) error {
		for table, column := range map[string]string{"entities": "body", "entity_versions": "body", "blind": "token", "entity_held": "block"} {
			list, err := tx.Strings("SELECT " + column + " FROM " + table + " WHERE " + column + " IS NOT NULL")
			if err != nil {
				return err
			}
			for _, x := range list {
				if strings.Contains(x, "oak") || strings.Contains(x, "species") {
					t.Errorf("%s.%s holds %q in clear", table, column, x)
				}
			}
		}
		return nil
	})
}
