package block_test

import (
	"errors"
	"reflect"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"aman/forms/entities/block"
)

const form = `<h:html xmlns="http://www.w3.org/2002/xforms" xmlns:h="http://www.w3.org/1999/xhtml" xmlns:entities="http://www.opendatakit.org/xforms/entities" xmlns:aman="http://aman.example/xforms">
<h:head><model entities:entities-version="2025.1.0"><instance><data id="f"><name/>
<child jr:template="" xmlns:jr="http://openrosa.org/javarosa"><first/><body><height/></body><meta><entity dataset="children" create="1" id=""><label/></entity></meta></child>
<child><first/><body><height/></body><meta><entity dataset="children" create="1" id=""><label/></entity></meta></child>
<meta><entity dataset="households" update="1" baseVersion="" id=""><label/></entity></meta></data></instance>
<bind nodeset="/data/name" type="string" entities:saveto="head" aman:class="identity"/>
<bind nodeset="/data/child/first" entities:saveto="first"/>
<bind nodeset="/data/child/body/height" type="int" entities:saveto="height"/>
<bind nodeset="/data/meta/entity/label" calculate="concat(/data/name, ' household')"/>
<bind nodeset="/data/child/meta/entity/label" calculate="../../../first"/>
</model></h:head><h:body/></h:html>`

func TestDeclared(t *testing.T) {
	got, err := block.Declared([]byte(form))
	want := []block.Declaration{
		{Dataset: "households", Path: "/data", Updates: true, LabelClass: "identity", Properties: []block.Save{{Property: "head", Path: "/data/name", Type: "string", Class: "identity"}}},
		{Dataset: "children", Path: "/data/child", Creates: true, Properties: []block.Save{{Property: "first", Path: "/data/child/first"}, {Property: "height", Path: "/data/child/body/height", Type: "int"}}},
	}
	if err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("%+v, %v\nwant %+v", got, err, want)
	}
	if got, err := block.Declared([]byte(`<html><head><model><instance><data id="f"><a/></data></instance></model></head></html>`)); got != nil || err != nil {
		t.Errorf("a form without entities: %v, %v", got, err)
	}
	for version, want := range map[string]error{
		"2022.1.0": nil, "2023.1.5": nil, "2024.1.0": nil, "2025.1": nil, "2025.1.9": nil, "2025.2.0": block.ErrTooNew, "2026.1.0": block.ErrTooNew, "x": block.ErrTooNew, "2025": block.ErrTooNew, "": block.ErrNoVersion,
	} {
		if _, err := block.Declared([]byte(strings.Replace(form, "2025.1.0", version, 1))); !errors.Is(err, want) {
			t.Errorf("version %q: %v, want %v", version, err, want)
		}
	}
	for from, to := range map[string]string{
		`dataset="households"`: `dataset="house.holds"`, `saveto="head"`: `saveto="NAME"`, `saveto="height"`: `saveto="first"`, `saveto="first"`: `saveto="__first"`, `/data/name" type`: `/other/name" type`,
	} {
		var name *block.NameError
		if _, err := block.Declared([]byte(strings.Replace(form, from, to, 1))); !errors.As(err, &name) {
			t.Errorf("%s: %v", to, err)
		}
	}
}

func TestNames(t *testing.T) {
	for _, name := range []string{"trees", "_trees", "درخت", "t-1", "a_b"} {
		if err := block.CheckDataset(name); err != nil {
			t.Error(err)
		}
	}
	for _, name := range []string{"", "__t", "a.b", "1a", "a b", "a/b", "-a", strings.Repeat("a", 300)} {
		if block.CheckDataset(name) == nil {
			t.Errorf("a list may be called %q", name)
		}
	}
	for name, fine := range map[string]bool{"height": true, "a.b": true, "names": true, "labels": true, "name": false, "Label": false, "__x": false, "a b": false} {
		if got := block.CheckProperty(name) == nil; got != fine {
			t.Errorf("a property called %q: %v", name, got)
		}
	}
}

func TestRead(t *testing.T) {
	declared, _ := block.Declared([]byte(form))
	child := func(attrs, in string) string {
		return "<child>" + in + `<meta><entity dataset="children" ` + attrs + `><label>x</label></entity></meta></child>`
	}
	body := `<data id="f" version="1"><name> Amna </name>` +
		child(`create="1" id="uuid:AAAAAAAA-0000-4000-8000-000000000001"`, "<first>A</first><body><height/></body>") +
		child(`create="0" id="aaaaaaaa-0000-4000-8000-000000000002"`, "<first>B</first>") +
		child(`create="true" id="three"`, "<first>C</first>") +
		`<meta><instanceID>uuid:x</instanceID><entity dataset="other" update="1" id="aaaaaaaa-0000-4000-8000-000000000004" baseVersion="3" trunkVersion="2" branchId="aaaaaaaa-0000-4000-8000-000000000005"/></meta></data>`
	got, err := block.Read([]byte(body), declared)
	want := []block.Block{
		{Dataset: "households", ID: "aaaaaaaa-0000-4000-8000-000000000004", Update: true, Base: 3, Trunk: 2, Branch: "aaaaaaaa-0000-4000-8000-000000000005", Values: map[string]string{"head": " Amna "}},
		{Dataset: "children", ID: "aaaaaaaa-0000-4000-8000-000000000001", Create: true, Label: "x", HasLabel: true, Values: map[string]string{"first": "A", "height": ""}},
		{Dataset: "children", Create: true, Label: "x", HasLabel: true, Values: map[string]string{"first": "C"}, Fault: "id"},
	}
	if err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("%+v, %v\nwant %+v", got, err, want)
	}
	if got, err := block.Read([]byte(strings.Replace(body, `version="1"`, `encrypted="yes"`, 1)), declared); got != nil || err != nil {
		t.Errorf("encrypted: %+v, %v", got, err)
	}
	many := `<data id="f">` + strings.Repeat(child(`create="1" id="x"`, ""), block.Most+1) + "</data>"
	if got, err := block.Read([]byte(many), declared); len(got) != block.Most || !errors.Is(err, block.ErrMany) {
		t.Errorf("%d blocks, %v", len(got), err)
	}
}

// What a form lets be saved comes back as it was filled in, whatever it is.
func TestReadGivesWhatWasSent(t *testing.T) {
	declared, _ := block.Declared([]byte(form))
	escape := strings.NewReplacer("&", "&amp;", "<", "&lt;", "\r", "&#13;")
	rapid.Check(t, func(t *rapid.T) {
		value := rapid.StringOf(rapid.RuneFrom([]rune("aب <&\"'\t|é"))).Draw(t, "value")
		got, err := block.Read([]byte(`<data id="f"><name>`+escape.Replace(value)+`</name><meta><entity update="1" id="aaaaaaaa-0000-4000-8000-000000000004"/></meta></data>`), declared)
		if err != nil || len(got) != 1 || got[0].Values["head"] != value {
			t.Fatalf("%q came back as %+v, %v", value, got, err)
		}
	})
}

// No document makes the readers fail in an unforeseen way, and whatever they give keeps the promises.
func FuzzBlocks(f *testing.F) {
	f.Add([]byte(form), []byte(`<data id="f"><name>x</name><meta><entity update="1" id="aaaaaaaa-0000-4000-8000-000000000004" baseVersion="1"/></meta></data>`))
	f.Add([]byte(strings.Replace(form, "<name/>", "<a:name xmlns:a='u'/>", 1)), []byte(`<data/>`))
	f.Fuzz(func(t *testing.T, form, body []byte) {
		declared, err := block.Declared(form)
		if err != nil {
			return
		}
		for _, d := range declared {
			if block.CheckDataset(d.Dataset) != nil || d.Path == "" {
				t.Fatalf("declared %+v", d)
			}
		}
		blocks, err := block.Read(body, declared)
		if err != nil && !errors.Is(err, block.ErrMany) {
			return
		}
		for _, b := range blocks {
			if id, ok := block.UUID(b.ID); b.Fault == "" && (!ok || id != b.ID) || !b.Create && !b.Update || b.Base < 0 {
				t.Fatalf("read %+v", b)
			}
			for p := range b.Values {
				if block.CheckProperty(p) != nil {
					t.Fatalf("read a value of %q", p)
				}
			}
		}
	})
}
