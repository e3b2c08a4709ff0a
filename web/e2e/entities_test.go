package e2e

import (
	"context"
	"fmt"
	"strings"
	"testing"

	"aman/forms/entities"
	"aman/platform/access"
	"aman/platform/store"
)

const treeForm = `<h:html xmlns="http://www.w3.org/2002/xforms" xmlns:h="http://www.w3.org/1999/xhtml" xmlns:entities="http://www.opendatakit.org/xforms/entities" xmlns:aman="http://aman.example/xforms">
<h:head><h:title>Household visit</h:title><model entities:entities-version="2024.1.0"><instance><data id="household-visit" version="1"><village/><members/><water/><head/>
<meta><instanceID/><entity dataset="households" id="" create="" update="" baseVersion="" trunkVersion="" branchId=""><label/></entity></meta></data></instance>
<bind nodeset="/data/village" entities:saveto="village"/><bind nodeset="/data/members" entities:saveto="members"/><bind nodeset="/data/water" entities:saveto="water"/><bind nodeset="/data/head" entities:saveto="head_of_household" aman:class="identity"/></model></h:head><h:body/></h:html>`

// TestEntityLists: lists, one list, one entry; two phones that changed the same entry, side
// by side, and a person who decides.
func TestEntityLists(t *testing.T) {
	s := newSite(t)
	ctx := context.Background()
	good := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	_, err := s.Node.Forms.Publish(ctx, s.Now(s.Admin), "survey", []byte(treeForm))
	good(err)
	n := 0
	send := func(sub access.Subject, id, attrs, label string, values ...string) {
		t.Helper()
		n++
		var b strings.Builder
		for i := 0; i+1 < len(values); i += 2 {
			fmt.Fprintf(&b, "<%s>%s</%[1]s>", values[i], values[i+1])
		}
		_, err := s.Node.Forms.Receive(ctx, s.Now(sub), []byte(fmt.Sprintf(`<data id="household-visit" version="1">%s<meta><instanceID>uuid:visit-%d</instanceID><entity dataset="households" id="%s" %s><label>%s</label></entity></meta></data>`, b.String(), n, id, attrs, label)), nil)
		good(err)
	}
	house := func(i int) string { return fmt.Sprintf("0a0a0a0a-0000-4000-8000-%012d", i) }
	for i, name := range []string{"House by the spring", "Blue gate, upper lane", "Behind the old mill", "The last house", "چشمے کے پاس والا گھر"} {
		send(s.Enumerator, house(i), `create="1"`, name, "village", "Sample village", "members", fmt.Sprint(3+i), "water", "well", "head", "Invented Person")
	}
	send(s.Enumerator, house(0), `update="1" baseVersion="1"`, "", "members", "4", "water", "none")
	send(s.Caseworker, house(0), `update="1" baseVersion="1"`, "", "members", "5", "village", "Lower village")
	send(s.Caseworker, house(1), `update="1" baseVersion="2" branchId="`+house(99)+`" trunkVersion=""`, "", "members", "9")
	s.allow(t, s.FieldManager, s.Admin)
	for _, lang := range []string{"en", "ur"} {
		b := s.open(t, lang, "keeper")
		b.signIn(s.FieldManager)
		b.goTo("/lists")
		b.look("lists")
		b.sees("households")
		b.goTo("/lists/1/households")
		b.look("list")
		b.sees("Blue gate, upper lane")
		b.goTo("/lists/1/households?conflict=1")
		b.sees("House by the spring")
		b.seesNot("Blue gate")
		b.goTo("/lists/1/households/" + house(0))
		b.look("conflict")
		b.seesNot("Invented Person")
		b.goTo("/lists/1/flow_counts")
		if lang == "en" {
			b.goTo("/lists/1/households")
			b.run()
			b.set("q", "LANE blue")
			b.press(`form[role=search] button`)
			b.sees("Blue gate, upper lane")
			b.seesNot("House by the spring")
			if strings.Contains(b.address(), "blue") {
				t.Error("what was looked for stands in the address")
			}
			// She keeps the five members and goes back to the village of before.
			b.goTo("/lists/1/households/" + house(0))
			b.set("p:village", "1")
			b.press(`button[value=mix]`)
			b.sees("Sample village")
			b.look("settled")
			var e entities.Entity
			e = entityOf(t, s, house(0))
			if e.Conflict != "" || e.Values["village"] != "Sample village" || e.Values["members"] != "5" || e.Values["water"] != "none" {
				t.Errorf("%+v", e)
			}
			// What is sealed is shown once.
			eval[string](b, `document.querySelectorAll("details").forEach(d => d.open = true); ""`)
			b.set("reason", "identify")
			b.press(`form.form button.quiet`)
			b.sees("Invented Person")
			// Something to decide for the next reader.
			send(s.Enumerator, house(0), `update="1" baseVersion="1"`, "", "members", "6")
		}
	}
	b := s.open(t, "id", "admin")
	b.signIn(s.Admin)
	b.goTo("/lists/1/households")
	eval[string](b, `document.querySelectorAll("details").forEach(d => d.open = true); ""`)
	b.look("settings")
	b.sees("Daftar")
	b.goTo("/lists")
	eval[string](b, `document.querySelectorAll("details").forEach(d => d.open = true); ""`)
	b.look("lists-admin")
	b.set("name", "wells")
	b.press(`form[action="/lists"] button.button`)
	b.sees("Tersimpan")
}

func entityOf(t *testing.T, s *site, id string) (e entities.Entity) {
	t.Helper()
	err := s.Node.Store.Read(context.Background(), func(tx *store.Tx) (err error) {
		e, err = s.Node.Entities.Get(tx, s.Now(s.FieldManager), 1, "households", id)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return e
}
