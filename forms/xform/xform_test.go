package xform

import (
	"os"
	"strings"
	"testing"
)

func TestHTCDSForm(t *testing.T) {
	body, err := os.ReadFile("../../packs/core/forms/htcds_xlsform.xml")
	if err != nil {
		t.Fatal(err)
	}
	f, err := ParseForm(body)
	if err != nil {
		t.Fatal(err)
	}
	if f.ID != "htcds_xlsform" || f.Version != "vSmt4GQA3C9uBMLPEVfgND" || len(f.Questions) != 31 {
		t.Errorf("id %s version %s with %d questions, want 31", f.ID, f.Version, len(f.Questions))
	}
	for _, q := range f.Questions {
		if q.Name == "prs_Gender" && (len(q.Options) != 6 || Text(q.Options[0].Label, "en") != "Feminine") {
			t.Errorf("gender has %v", q.Options)
		}
	}
}

func TestParseInstance(t *testing.T) {
	in, err := ParseInstance([]byte(`<data id="f" version="2"><a>1</a><leg><from>x</from></leg><leg><from>y</from></leg><meta><instanceID>uuid:1</instanceID><deprecatedID>uuid:0</deprecatedID></meta></data>`))
	if err != nil {
		t.Fatal(err)
	}
	if in.Form != "f" || in.Version != "2" || in.ID != "uuid:1" || in.Deprecated != "uuid:0" || in.Get("a") != "1" {
		t.Errorf("%+v", in)
	}
	var paths []string
	for _, a := range in.Answers {
		paths = append(paths, a.Path)
	}
	if got := strings.Join(paths, " "); !strings.Contains(got, "/data/leg[2]/from") {
		t.Errorf("paths %s", got)
	}
}

func TestHostileDocuments(t *testing.T) {
	deep := strings.Repeat("<a>", 200) + strings.Repeat("</a>", 200)
	for name, doc := range map[string]string{
		"entity bomb":    `<!DOCTYPE d [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;">]><data id="x">&b;</data>`,
		"external":       `<!DOCTYPE d [<!ENTITY a SYSTEM "file:///etc/passwd">]><data id="x">&a;</data>`,
		"deep":           deep,
		"not closed":     `<data id="x"><a>`,
		"no id":          `<data><meta><instanceID>uuid:1</instanceID></meta></data>`,
		"no instance id": `<data id="x"/>`,
		"empty":          ``,
	} {
		if _, err := ParseInstance([]byte(doc)); err == nil {
			t.Errorf("%s was accepted", name)
		}
	}
}

func FuzzParseInstance(f *testing.F) {
	f.Add([]byte(`<data id="f" version="2"><a>1</a><meta><instanceID>uuid:1</instanceID></meta></data>`))
	f.Fuzz(func(t *testing.T, body []byte) {
		in, err := ParseInstance(body)
		if err == nil && (in.Form == "" || in.ID == "") {
			t.Error("accepted without form or instance id")
		}
	})
}

func FuzzParseForm(f *testing.F) {
	f.Add([]byte(`<h:html xmlns:h="http://www.w3.org/1999/xhtml"><h:head><model><instance><d id="x"/></instance></model></h:head><h:body><input ref="/d/a"><label>A</label></input></h:body></h:html>`))
	f.Fuzz(func(t *testing.T, body []byte) { ParseForm(body) })
}
