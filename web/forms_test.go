package web

import (
	"bytes"
	"compress/zlib"
	"encoding/base64"
	"encoding/json"
	"io"
	"strings"
	"testing"

	"aman/forms/xform"
	"aman/forms/xlsform"
)

// What a phone reads out of the code is what the page says.
func TestSettingsOfCollect(t *testing.T) {
	text, err := collectSettings("https://aman.example/v1/test/abc/projects/1/forms/a%20b/draft", "[Draft] آزمائش")
	if err != nil {
		t.Fatal(err)
	}
	small, err := base64.StdEncoding.DecodeString(text)
	if err != nil {
		t.Fatal(err)
	}
	z, err := zlib.NewReader(bytes.NewReader(small))
	if err != nil {
		t.Fatal(err)
	}
	plain, err := io.ReadAll(z)
	if err != nil {
		t.Fatal(err)
	}
	var got struct {
		General map[string]any
		Admin   map[string]any
		Project struct{ Name string }
	}
	if err := json.Unmarshal(plain, &got); err != nil || got.General["server_url"] != "https://aman.example/v1/test/abc/projects/1/forms/a%20b/draft" || got.Project.Name != "[Draft] آزمائش" || got.Admin == nil {
		t.Errorf("%v %s", err, plain)
	}
	if svg, err := settingsQR(strings.Repeat("x", 500), "name"); err != nil || !strings.Contains(string(svg), "<path") {
		t.Error(err)
	}
}

// The sample is a form without a fault, in the three languages of the pages.
func TestTheSampleIsAForm(t *testing.T) {
	md, err := samples.ReadFile("samples/survey.md")
	if err != nil {
		t.Fatal(err)
	}
	book, err := xlsform.Read(md, "survey.md")
	if err != nil {
		t.Fatal(err)
	}
	form, found := xlsform.Compile(book, xlsform.Options{})
	if form == nil || len(found) > 0 || len(form.Languages) != 3 {
		t.Fatal(found)
	}
}

func TestLogicInWords(t *testing.T) {
	md := "| survey | | | | |\n| | type | name | label | calculation |\n| | integer | age | Age | |\n| | calculate | child | | ${age} < 18 |\n| | select_multiple need | needs | Needs |\n| | begin group | trip | Trip |\n| | text | to | To |\n| | end group | | |\n| choices | | | |\n| | list_name | name | label |\n| | need | food | Food |\n"
	book, err := xlsform.Read([]byte(md), "f.md")
	if err != nil {
		t.Fatal(err)
	}
	form, found := xlsform.Compile(book, xlsform.Options{})
	if form == nil {
		t.Fatal(found)
	}
	var xml bytes.Buffer
	if err := form.WriteXForm(&xml); err != nil {
		t.Fatal(err)
	}
	model, err := xform.Compile(xml.Bytes(), xform.Options{})
	if err != nil {
		t.Fatal(err)
	}
	texts, err := Texts()
	if err != nil {
		t.Fatal(err)
	}
	w := words{p: &Page{Lang: "en", srv: &Server{texts: texts}}, model: model}
	for expression, want := range map[string]string{
		"": "", "true()": "",
		" /data/age  >= 18 and selected( /data/needs , 'food')":              "this answer is at least 18 and «Needs» includes “Food”",
		"not(selected(../needs, 'food')) or ( ../age  < 5 and ../age != '')": "not: «Needs» includes “Food” or (this answer is less than 5 and this answer was answered)",
		". > 0 and . < count-selected(../needs)":                             "this answer is more than 0 and this answer is less than the number of choices in «Needs»",
		"regex(., '^[0-9]+$')":                                               "this answer has the form “^[0-9]+$”",
		"../age + 1 > 5":                                                     "../age + 1 > 5",
		"indexed-repeat(/data/age, /data, 1) = 2":                            "indexed-repeat(/data/age, /data, 1) = 2",
		"a b":                    "a b",
		"/data/trip/to = 'here'": "«To» is “here”",
		"/data/child = 'true'":   "«child» is “true”",
		"/data/gone = 1":         "/data/gone = 1",
	} {
		got := strings.NewReplacer(leftToRight, "", isolated, "").Replace(w.sentence(expression, "/data/age"))
		if got != want {
			t.Errorf("%q: %q, want %q", expression, got, want)
		}
	}
}
