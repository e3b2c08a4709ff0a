package web

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"aman/forms"
	"aman/forms/entities"
	"aman/platform/store"
	"aman/registry"
)

const countForm = `<h:html xmlns="http://www.w3.org/2002/xforms" xmlns:h="http://www.w3.org/1999/xhtml" xmlns:entities="http://www.opendatakit.org/xforms/entities">
<h:head><h:title>Counts</h:title><model entities:entities-version="2024.1.0"><instance><data id="counts" version="1"><point/><date/><direction/><persons/>
<meta><instanceID/><entity dataset="flow_counts" id="" create="" update="" baseVersion=""><label/></entity></meta></data></instance>
<bind nodeset="/data/point" entities:saveto="point"/><bind nodeset="/data/date" entities:saveto="date"/><bind nodeset="/data/direction" entities:saveto="direction"/><bind nodeset="/data/persons" entities:saveto="persons"/></model></h:head><h:body/></h:html>`

// TestARegistersConflictIsDecidedOnItsPage: a phone wrote to a register on an older version;
// the register kept what came first, and whoever may write decides on the page of the row.
func TestARegistersConflictIsDecidedOnItsPage(t *testing.T) {
	w, _, site := newSite(t, false)
	ctx := context.Background()
	good := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	const point, row = "0b0b0b0b-0000-4000-8000-000000000001", "0b0b0b0b-0000-4000-8000-000000000002"
	_, err := w.Node.Forms.Submit(ctx, w.Now(w.Enumerator), forms.Filled{Form: "test"}, func(a *forms.Act) error {
		_, err := a.Apply(registry.Write{Register: "points", ID: point, Create: true, Values: registry.Values{"code": "bridge-7", "kind": "border_crossing"}}.Follows())
		return err
	})
	good(err)
	_, err = w.Node.Forms.Publish(ctx, w.Now(w.Admin), "survey", []byte(countForm))
	good(err)
	for i, x := range []string{`create="1"|<point>` + point + `</point><date>2026-03-30</date><direction>in</direction><persons>10</persons>`, `update="1" baseVersion="1"|<persons>11</persons>`, `update="1" baseVersion="1"|<persons>12</persons>`} {
		attrs, values, _ := strings.Cut(x, "|")
		_, err := w.Node.Forms.Receive(ctx, w.Now(w.Supervisor), []byte(fmt.Sprintf(`<data id="counts" version="1">%s<meta><instanceID>uuid:count-%d</instanceID><entity dataset="flow_counts" id="%s" %s/></meta></data>`, values, i, row, attrs)), nil)
		good(err)
	}
	c := client(t)
	signIn(t, c, site.URL, "supervisor")
	at := site.URL + "/lists/1/flow_counts/" + row
	r, err := c.Get(at)
	page := body(t, r, err)
	if !strings.Contains(page, "bridge-7") || !strings.Contains(page, `name="conflict"`) {
		t.Fatalf("the page shows no conflict, or not the point by its code:\n%s", page)
	}
	_, rest, _ := strings.Cut(page, `name="conflict" value="`)
	conflict, _, _ := strings.Cut(rest, `"`)
	r, err = c.PostForm(site.URL+"/lists/1/flow_counts/"+point, url.Values{"do": {"row"}, "conflict": {conflict}, "state": {"taken"}})
	if body(t, r, err); r.StatusCode < 400 {
		t.Errorf("decided on the page of another row: %d", r.StatusCode)
	}
	r, err = c.PostForm(at, url.Values{"do": {"row"}, "conflict": {conflict}, "state": {"taken"}})
	page = body(t, r, err)
	if r.StatusCode != http.StatusOK || strings.Contains(page, `name="conflict"`) {
		t.Errorf("after deciding: %d\n%s", r.StatusCode, page)
	}
	var e entities.Entity
	good(w.Node.Store.Read(ctx, func(tx *store.Tx) (err error) {
		e, err = w.Node.Entities.Get(tx, w.Now(w.Supervisor), 1, "flow_counts", row)
		return err
	}))
	if e.Values["persons"] != "12" {
		t.Errorf("%+v", e)
	}
}

// TestAnEntrySentTwiceIsMadeOnce: whoever presses twice, or goes back and sends again, makes one entry.
func TestAnEntrySentTwiceIsMadeOnce(t *testing.T) {
	w, _, site := newSite(t, false)
	if _, err := w.Node.Entities.CreateDataset(context.Background(), w.Now(w.Admin), 1, "wells", entities.Settings{}); err != nil {
		t.Fatal(err)
	}
	c := client(t)
	signIn(t, c, site.URL, "supervisor")
	r, err := c.Get(site.URL + "/lists/1/wells/new")
	_, rest, _ := strings.Cut(body(t, r, err), `name="id" value="`)
	id, _, _ := strings.Cut(rest, `"`)
	for range 2 {
		r, err := c.PostForm(site.URL+"/lists/1/wells/new", url.Values{"id": {id}, "label": {"The old well"}})
		if page := body(t, r, err); r.StatusCode != 200 || !strings.Contains(page, "The old well") {
			t.Errorf("%d", r.StatusCode)
		}
	}
	r, err = c.PostForm(site.URL+"/lists/1/wells", url.Values{"q": {"OLD well"}})
	if page := body(t, r, err); strings.Count(page, "The old well") != 1 {
		t.Errorf("it is there %d times", strings.Count(page, "The old well"))
	}
	r, err = c.PostForm(site.URL+"/lists/1/wells/new", url.Values{"label": {" "}})
	if page := body(t, r, err); r.StatusCode != 422 || !strings.Contains(page, `class="error"`) {
		t.Errorf("an entry without a label: %d", r.StatusCode)
	}
}

// TestListsAreForThoseWhoMayAndNobodyElse: what is not hers is not found, whatever the address.
func TestListsAreForThoseWhoMayAndNobodyElse(t *testing.T) {
	w, _, site := newSite(t, false)
	ctx := context.Background()
	if _, err := w.Node.Entities.CreateDataset(ctx, w.Now(w.Admin), 1, "wells", entities.Settings{}); err != nil {
		t.Fatal(err)
	}
	made, err := w.Node.Entities.Create(ctx, w.Now(w.Shelter), 1, "wells", []entities.New{{Label: "Their well"}}, "")
	if err != nil {
		t.Fatal(err)
	}
	c := client(t)
	signIn(t, c, site.URL, "supervisor")
	one := "/lists/1/wells/" + made[0].ID
	for path, want := range map[string]int{
		"/lists": 200, "/lists/1/wells": 200, one: 404, "/lists/1/none": 404, "/lists/9/wells": 404, "/lists/x/wells": 404, "/lists/1/people": 404, "/lists/1/wells?after=x": 404,
		"/lists/1/wells/phone.csv": 404, "/lists/1/wells/new": 200,
	} {
		r, err := c.Get(site.URL + path)
		page := body(t, r, err)
		if r.StatusCode != want {
			t.Errorf("%s: %d, want %d", path, r.StatusCode, want)
		}
		if strings.Contains(page, "Their well") {
			t.Errorf("%s shows what is another's", path)
		}
	}
	for _, do := range []string{"save", "delete", "purge", "restore", "settle", "unseal", "nonsense"} {
		r, err := c.PostForm(site.URL+one, url.Values{"do": {do}, "version": {"1"}, "label": {"Mine"}, "take": {"now"}, "reason": {"identify"}})
		if body(t, r, err); r.StatusCode < 400 {
			t.Errorf("%s: %d", do, r.StatusCode)
		}
	}
	for _, do := range []string{"set", "add", "classes", "delete"} {
		r, err := c.PostForm(site.URL+"/lists/1/wells", url.Values{"do": {do}, "property": {"p"}, "class": {"open"}, "class:label": {"open"}})
		if body(t, r, err); r.StatusCode != 404 {
			t.Errorf("%s: %d", do, r.StatusCode)
		}
	}
}
