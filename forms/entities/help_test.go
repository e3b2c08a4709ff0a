package entities_test

import (
	"context"
	"flag"
	"fmt"
	"os"
	"strings"
	"testing"

	"aman/forms"
	"aman/forms/entities"
	"aman/node/nodetest"
	"aman/platform/access"
	"aman/platform/store"
	"aman/registry"
)

var bg = context.Background()

// TestMain takes fewer rounds of the property tests than usual, unless told how many: each
// is several submissions that go to disk.
func TestMain(m *testing.M) {
	flag.Parse()
	told := false
	flag.Visit(func(f *flag.Flag) { told = told || f.Name == "rapid.checks" })
	if !told {
		_ = flag.Set("rapid.checks", "30")
	}
	os.Exit(m.Run())
}

func good(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// formOf is a form that writes trees: name a form, its entity attributes, and what it saves.
func formOf(id, list, version, attrs string, properties ...string) string {
	var fields, binds strings.Builder
	for _, p := range properties {
		name, class, _ := strings.Cut(p, ":")
		fmt.Fprintf(&fields, "<%s/>", name)
		if class != "" {
			class = fmt.Sprintf(` aman:class="%s"`, class)
		}
		fmt.Fprintf(&binds, `<bind nodeset="/data/%s" type="string" entities:saveto="%s"%s/>`, name, name, class)
	}
	return `<h:html xmlns="http://www.w3.org/2002/xforms" xmlns:h="http://www.w3.org/1999/xhtml" xmlns:entities="http://www.opendatakit.org/xforms/entities" xmlns:aman="http://aman.example/xforms">
<h:head><h:title>` + id + `</h:title><model entities:entities-version="` + version + `"><instance><data id="` + id + `" version="1">` + fields.String() +
		`<meta><instanceID/><entity dataset="` + list + `" id="" ` + attrs + `><label/></entity></meta></data></instance>` + binds.String() +
		`<bind nodeset="/data/meta/entity/label" calculate="concat(/data/species, '')"/></model></h:head><h:body/></h:html>`
}

const (
	creates = `create="1"`
	updates = `update="1" baseVersion="" trunkVersion="" branchId=""`
	upserts = `create="" update="" baseVersion="" trunkVersion="" branchId=""`
)

// sent is a submission of such a form. attrs holds all attributes of the entity but the list.
func sent(form, list, instance, attrs, label string, values ...string) []byte {
	var b strings.Builder
	for i := 0; i+1 < len(values); i += 2 {
		fmt.Fprintf(&b, "<%s>%s</%[1]s>", values[i], values[i+1])
	}
	if label != "" {
		label = "<label>" + label + "</label>"
	}
	return []byte(`<data id="` + form + `" version="1">` + b.String() + `<meta><instanceID>` + instance + `</instanceID><entity dataset="` + list + `" ` + attrs + `>` + label + `</entity></meta></data>`)
}

// id makes a UUID of a number, for readable tests.
func id(n int) string { return fmt.Sprintf("12345678-1234-4123-8abc-%012d", n) }

// field is who keeps lists and sees all of her organisation's.
func field(w *nodetest.World) access.Subject { return w.Now(w.FieldManager) }

func publish(t testing.TB, w *nodetest.World, xml string) {
	t.Helper()
	_, err := w.Node.Forms.Publish(bg, w.Now(w.Admin), "survey", []byte(xml))
	good(t, err)
}

func receive(t testing.TB, w *nodetest.World, sub access.Subject, body []byte) {
	t.Helper()
	_, err := w.Node.Forms.Receive(bg, w.Now(sub), body, nil)
	good(t, err)
}

// trees publishes the usual two forms.
func trees(t testing.TB, w *nodetest.World) {
	publish(t, w, formOf("tree-new", "trees", "2022.1.0", creates, "species", "girth"))
	publish(t, w, formOf("tree-visit", "trees", "2024.1.0", updates, "species", "girth", "health_of_tree"))
}

func read(t testing.TB, w *nodetest.World, f func(tx *store.Tx) error) {
	t.Helper()
	good(t, w.Node.Store.Read(bg, f))
}

func get(t testing.TB, w *nodetest.World, list, id string) entities.Entity {
	t.Helper()
	return getAs(t, w, field(w), list, id)
}

func getAs(t testing.TB, w *nodetest.World, sub access.Subject, list, id string) (e entities.Entity) {
	t.Helper()
	read(t, w, func(tx *store.Tx) (err error) {
		e, err = w.Node.Entities.Get(tx, sub, 1, list, id)
		return err
	})
	return e
}

func versions(t testing.TB, w *nodetest.World, list, id string) []entities.Version {
	t.Helper()
	return versionsAs(t, w, field(w), list, id)
}

func versionsAs(t testing.TB, w *nodetest.World, sub access.Subject, list, id string) (v []entities.Version) {
	t.Helper()
	read(t, w, func(tx *store.Tx) (err error) {
		v, err = w.Node.Entities.Versions(tx, sub, 1, list, id)
		return err
	})
	return v
}

// reasons are the codes beside a submission.
func reasons(t testing.TB, w *nodetest.World, instance string) (out string) {
	t.Helper()
	read(t, w, func(tx *store.Tx) error {
		return tx.Row("SELECT reasons FROM submissions WHERE id = ?", instance).Scan(&out)
	})
	return out
}

// pointAt makes a point of that id.
func pointAt(w *nodetest.World, id string) error {
	_, err := w.Node.Forms.Submit(bg, w.Now(w.Enumerator), forms.Filled{Form: "test"}, func(a *forms.Act) error {
		_, err := a.Apply(registry.Write{Register: "points", ID: id, Create: true, Values: registry.Values{"code": "bridge-1", "kind": "border_crossing"}}.Follows())
		return err
	})
	return err
}

// carried is the file that a phone gets.
func carried(t testing.TB, w *nodetest.World, sub access.Subject, list string) string {
	t.Helper()
	var b strings.Builder
	_, err := w.Node.Entities.CSV(bg, sub, 1, list, &b)
	good(t, err)
	return b.String()
}
