package forms

import (
	"bytes"
	"fmt"
	"slices"
	"strings"
	"testing"

	"aman/forms/xform"
	"aman/forms/xpath"
	"aman/platform/access"
)

const entityForm = `<h:html xmlns="http://www.w3.org/2002/xforms" xmlns:h="http://www.w3.org/1999/xhtml" xmlns:entities="http://www.opendatakit.org/xforms/entities" xmlns:jr="http://openrosa.org/javarosa" xmlns:aman="http://aman.example/xforms" xmlns:other="http://other.example/">
<h:head><h:title>E</h:title><model entities:entities-version="2025.1.0"><itext><translation lang="en"><text id="a"><value>A</value><value form="audio">jr://audio/a.mp3</value></text></translation></itext>
<instance><data id="e" version="1"><name/><district/><count/><lookup/><short/><long/><device/><mail/><began/><photo/><odd/><again/>
<child><given/><meta><entity dataset="children" id="" create="1"><label/></entity></meta></child>
<meta><instanceID/><instanceName/><entity dataset="households" id="" update="" baseVersion=""><label/></entity></meta></data></instance>
<instance id="x" src="jr://file/x.xml"/><instance id="last" src="jr://instance/last-saved"/>
<bind nodeset="/data/name" type="string" entities:saveto="full_name" aman:class="health"/>
<bind nodeset="/data/district" type="string" entities:saveto="district"/>
<bind nodeset="/data/count" type="int" other:class="identity"/>
<bind nodeset="/data/lookup" type="string" calculate="instance('x')/root/item[name = /data/district]/label"/>
<bind nodeset="/data/short" type="string" calculate="substr( /data/name , 0, 1)"/>
<bind nodeset="/data/long" type="string" calculate="concat(/data/short, 'x')"/>
<bind nodeset="/data/device" type="string" jr:preload="property" jr:preloadParams="deviceid"/>
<bind nodeset="/data/mail" type="string" jr:preload="property" jr:preloadParams="email"/>
<bind nodeset="/data/began" type="dateTime" jr:preload="timestamp" jr:preloadParams="start"/>
<bind nodeset="/data/photo" type="binary"/><bind nodeset="/data/odd" type="int" aman:class="secret"/><bind nodeset="/data/again" type="int" aman:class="open"/>
<bind nodeset="/data/child/given" type="string" entities:saveto="given_name"/>
<bind nodeset="/data/meta/instanceName" type="string" calculate="/data/began"/>
<submission base64RsaPublicKey="AAAA"/></model></h:head>
<h:body><input ref="/data/name"><label ref="jr:itext('a')"/></input><select1 ref="/data/district" appearance="minimal search('places', 'matches')"><label>D</label><item><label>Q</label><value>q</value></item></select1>
<input ref="/data/count"><label>N</label></input><upload ref="/data/photo" mediatype="image/*"><label>P</label></upload><input ref="/data/unbound"><label>U</label></input><group ref="/data/child"><repeat nodeset="/data/child"><input ref="/data/child/given"><label>G</label></input></repeat></group></h:body></h:html>`

func TestFacts(t *testing.T) {
	c, err := Check(Upload{Body: []byte(entityForm)})
	if err != nil {
		t.Fatal(err)
	}
	if got, want := fmt.Sprint(c.Media), "[a.mp3 places.csv x.xml]"; got != want {
		t.Errorf("media %s, want %s", got, want)
	}
	if got, want := fmt.Sprint(c.Entities), "[{children [{given_name /data/child/given}] true false} {households [{full_name /data/name} {district /data/district}] false true}]"; got != want {
		t.Errorf("entities %s\nwant     %s", got, want)
	}
	if !c.Encrypted || c.EntitiesVersion != "2025.1.0" {
		t.Errorf("%v %q", c.Encrypted, c.EntitiesVersion)
	}
	for path, want := range map[string]access.Class{
		"name": "health", "district": "sensitive", "count": "sensitive", "lookup": "sensitive", "short": "identity", "long": "identity", "device": "sensitive", "mail": "identity", "began": "sensitive",
		"photo": "identity", "odd": "identity", "again": "open", "child/given": "identity", "unbound": "identity", "meta/instanceName": "sensitive",
	} {
		if got := c.Classes["/data/"+path]; got != want {
			t.Errorf("%s is %q, want %s", path, got, want)
		}
	}
}

func TestEntitiesVersions(t *testing.T) {
	for version, want := range map[string]bool{"": false, "2022.1.0": false, "2024.1.0": false, "2025.1.0": false, "2025.1.9": false, "2025.2.0": true, "2025.10.0": true, "2026.1.0": true, "12000.1.0": true, "x": true, "2025": true} {
		if tooNew(version) != want {
			t.Errorf("%q too new: %v", version, !want)
		}
	}
}

func TestSetVersion(t *testing.T) {
	for _, form := range []string{
		`<h:html><h:head><model><instance><data id="a" version="1"><x version="9"/></data></instance></model></h:head></h:html>`,
		`<h:html><h:head><model><instance><data id="a" version='1' x="/>"/></instance></model></h:head></h:html>`,
		`<h:html><h:head><!-- <model><instance><data version="c"> --><model><instance>
			<q:data id="a"/></instance></model></h:head></h:html>`,
		`<h:html><h:head><model><instance><data id="a" orx:version="7"></data></instance></model></h:head></h:html>`,
	} {
		got, err := setVersion([]byte(form), `2 <"&>`)
		if err != nil {
			t.Errorf("%s: %v", form, err)
			continue
		}
		doc, err := xpath.ParseXML(bytes.NewReader(got), xpath.XMLLimits{})
		if err != nil {
			t.Errorf("%s: %v", got, err)
			continue
		}
		root := under(doc.DocumentElement(), "head", "model", "instance").Elements("*")[0]
		if v, _ := root.Attr("version"); v != `2 <"&>` {
			t.Errorf("%s has the version %q", got, v)
		}
		if strings.Contains(form, "<x version") && !strings.Contains(string(got), `<x version="9"/>`) {
			t.Errorf("%s: something else was changed", got)
		}
	}
	if _, err := setVersion([]byte("<a><instance><b/></instance></a>"), "2"); err == nil {
		t.Error("what has no model has a version")
	}
}

// Whatever comes in, what is written back is read as before, with the one thing changed.
func FuzzSetVersion(f *testing.F) {
	f.Add([]byte(entityForm), "2")
	f.Add([]byte(`<h:html xmlns:h="u"><h:head><model><instance><data id="a"/></instance></model></h:head></h:html>`), `"&<`)
	f.Fuzz(func(t *testing.T, form []byte, version string) {
		m, err := xform.Compile(form, xform.Options{})
		if err != nil || !plainText(version, 100) {
			return
		}
		out, err := setVersion(form, version)
		if err != nil {
			return
		}
		again, err := xform.Compile(out, xform.Options{})
		if err != nil || again.Version != version && strings.TrimSpace(version) == version || again.ID != m.ID || len(again.Questions) != len(m.Questions) {
			t.Errorf("version %q of %q became %q: %v", version, form, out, err)
		}
	})
}

func FuzzWithInstanceID(f *testing.F) {
	for _, s := range []string{`<data id="a"/>`, `<a:data xmlns:a="u" id="a"><a:meta/></a:data>`, `<?xml version="1.0"?><!-- x --><data id="a"><b><meta><instanceID>1</instanceID></meta></b><meta><instanceName>x</instanceName></meta></data>`} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		if _, err := xform.ParseInstance(body); err != xform.ErrNoInstanceID {
			return
		}
		out, err := withInstanceID(body, "uuid:new")
		if err != nil {
			return
		}
		in, err := xform.ParseInstance(out)
		if err != nil || in.ID != "uuid:new" {
			t.Errorf("%q became %q: %v", body, out, err)
		}
	})
}

func FuzzGeoJSON(f *testing.F) {
	f.Add([]byte(`{"type":"FeatureCollection","features":[{"type":"Feature","id":"f1","geometry":{"type":"Polygon","coordinates":[[[67,30],[68,30.5],[67,30]]]},"properties":{"name":"a","n":1.5,"yes":true,"no":null,"bad name":1}}]}`))
	f.Fuzz(func(t *testing.T, body []byte) {
		doc, err := geoJSON(body)
		if (doc == nil) == (err == nil) {
			t.Error("neither a list nor an error, or both")
		}
	})
}

func TestGeoJSON(t *testing.T) {
	doc, err := geoJSON([]byte(`{"type":"FeatureCollection","features":[{"type":"Feature","id":"f1","geometry":{"type":"Polygon","coordinates":[[[67,30],[68,30.5],[67,30]]]},"properties":{"name":"a","n":1.5,"yes":true,"no":null,"bad name":1}}]}`))
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, c := range doc.DocumentElement().Elements("item")[0].Elements("*") {
		got = append(got, c.Name+"="+c.Text())
	}
	if want := "geometry=30 67 0 0; 30.5 68 0 0; 30 67 0 0|n=1.5|name=a|no=|yes=true|id=f1"; strings.Join(got, "|") != want {
		t.Errorf("%v\nwant %s", got, want)
	}
	for _, bad := range []string{"", "[]", `{"type":"Feature"}`, `{"type":"FeatureCollection","features":[{"geometry":{"type":"Point","coordinates":[1]}}]}`, `{"type":"FeatureCollection","features":[{"geometry":{"type":"Point","coordinates":"x"}}]}`, `{"type":"FeatureCollection","features":[{}]}`} {
		if _, err := geoJSON([]byte(bad)); err == nil {
			t.Errorf("%s is a list", bad)
		}
	}
}

func TestMediaNames(t *testing.T) {
	for _, names := range [][]string{nil, {"a.csv"}, {"a b.csv", "ü.png"}} {
		got, known := mediaNames(mediaText(names))
		if !known || !slices.Equal(got, names) {
			t.Errorf("%q became %q %v", names, got, known)
		}
	}
	if _, known := mediaNames(""); known {
		t.Error("what was never kept is known")
	}
}

func TestPlainPath(t *testing.T) {
	for in, want := range map[string]string{"/a/b": "/a/b", "/a/b[2]/c[13]": "/a/b/c", "": ""} {
		if got := plainPath(in); got != want {
			t.Errorf("%s: %s", in, got)
		}
	}
}

func TestShort(t *testing.T) {
	for in, want := range map[string]string{"a\x00b\nc": "abc", "\xff": "", strings.Repeat("é", 150): strings.Repeat("é", 100), "x": "x", strings.Repeat("x", 199) + "é": strings.Repeat("x", 199)} {
		if got := short(in); got != want {
			t.Errorf("%q: %q", in, got)
		}
	}
}

// What a note takes the place of goes, and the list stays short.
func TestNoted(t *testing.T) {
	have := []string{"a", "b"}
	if got := noted(have, "a", "c", "b", ""); !slices.Equal(got, []string{"b", "c"}) || !slices.Equal(have, []string{"a", "b"}) {
		t.Errorf("%v %v", got, have)
	}
	for i := range 1000 {
		have = noted(have, "", fmt.Sprint("n", i))
	}
	if len(have) != 2*maxReasons {
		t.Errorf("%d codes", len(have))
	}
}
