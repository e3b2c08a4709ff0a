package xlsform

import (
	"fmt"
	"strings"
	"testing"
)

// faults are forms with one fault each: the code that must be reported, its
// place, and the form.
var faults = []struct {
	code, place string
	form        string
}{
	{"attribute-language", "sheet survey, row 2, column relevant::French", "survey|type,name,label,relevant::French|text,a,A,1=1"},
	{"bind-type", "sheet survey, row 2, column bind::type", "survey|type,name,label,bind::type|select_one c,a,A,int|choices|list_name,name,label|c,x,X"},
	{"choice-none-option", "sheet survey, row 2, column type", "survey|type,name,label|select_multiple_from_file f.csv,a,A|settings|add_none_option|yes"},
	{"choice-space", "sheet choices, row 2, column name", "survey|type,name,label|select_multiple c,a,A|choices|list_name,name,label|c,x y,X"},
	{"form-id-missing", "sheet survey, row 2, column name", "survey|type,name,label|form_id,,|text,a,A"},
	{"form-too-deep", "sheet survey, row 102, column type", "survey|type,name,label" + strings.Repeat("|begin group,g,G", 101) + strings.Repeat("|end group,,", 101)},
	{"form-too-large", "", "survey|type,name,label" + strings.Repeat("|begin loop over c,l,L", 11) + "|text,q,Q" + strings.Repeat("|end loop,,", 11) + "|choices|list_name,name,label|c,a,A|c,b,B|c,d,D|c,e,E"},
	{"header-attribute", "sheet survey, row 2, column bind::a b", "survey|type,name,label,bind::a b|text,a,A,x"},
	{"header-choices-name", "sheet choices, row 1, column 2nd", "survey|type,name,label|select_one c,a,A|choices|list_name,name,label,2nd|c,x,X,y"},
	{"header-choices-part", "sheet choices, row 2, column area::fr", "survey|type,name,label|select_one c,a,A|choices|list_name,name,label,area::fr|c,x,X,y"},
	{"header-deep", "sheet survey, row 2, column label::en::fr", "survey|type,name,label::en::fr|text,a,A"},
	{"header-language-lost", "sheet survey, row 2, column label", "survey|type,name,label::en,label|text,a,A,B"},
	{"header-part-missing", "sheet survey, row 2, column bind", "survey|type,name,label,bind|text,a,A,x"},
	{"header-survey-part", "sheet survey, row 2, column default::en", "survey|type,name,label,default::en|text,a,A,x"},
	{"id-omitted", "sheet settings, column omit_instanceID", "survey|type,name,label|text,a,A|settings|omit_instanceID,public_key|yes,abc"},
	{"list-missing", "sheet survey, row 2, column type", "survey|type,name,label|select_one colour,a,A|choices|list_name,name,label|color,x,X"},
	{"list-osm", "sheet survey, row 2, column type", "survey|type,name,label|osm there,a,A|osm|list_name,name,label|here,x,X"},
	{"loop-label", "sheet choices, row 2, column label", "survey|type,name,label|begin loop over c,l,L|text,a,A|end loop,,|choices|list_name,name,label|c,x,"},
	{"loop-list", "sheet survey, row 2, column type", "survey|type,name,label|begin loop,l,L|text,a,A|end loop,,"},
	{"loop-list-none", "sheet survey, row 2, column type", "survey|type,name,label|begin loop over c,l,L|text,a,A|end loop,,"},
	{"loop-percent", "sheet survey, row 3", "survey|type,name,label|begin loop over c,l,L|text,a,10 % off|end loop,,|choices|list_name,name,label|c,x,X"},
	{"loop-word", "sheet survey, row 3", "survey|type,name,label|begin loop over c,l,L|text,a,%(nam)s|end loop,,|choices|list_name,name,label|c,x,X"},
	{"media-choice", "sheet choices, row 2, column media::sound", "survey|type,name,label|select_one c,a,A|choices|list_name,name,label,media::sound|c,x,X,y"},
	{"media-unknown", "sheet survey, row 2, column media::sound", "survey|type,name,label,media::sound|text,a,A,x.mp3"},
	{"namespace-none", "sheet survey, row 2", "survey|type,name,label,bind::foo:x|text,a,A,1"},
	{"settings-rows", "sheet settings, row 3", "survey|type,name,label|text,a,A|settings|form_id|one|two"},
	{"expression-syntax", "sheet survey, row 3, column relevant", "survey|type,name,label,relevant|integer,age,Age,|note,n,N,selectd(${age}; 'x'"},
	{"other-list", "sheet survey, row 2, column type", "survey|type,name,label|select_one_from_file f.csv or_other,a,A"},
	{"reference-no-value", "sheet survey, row 3", "survey|type,name,label|csv-external,f,|note,n,Is ${f}"},
	{"row-disabled", "sheet survey, row 2, column disabled", "survey|type,name,label,disabled|text,a,A,no"},
	{"select-reference", "sheet survey, row 5, column type", "survey|type,name,label|begin repeat,r,R|text,a,A|end repeat,,|select_multiple ${a},b,B"},
	{"setting-empty", "sheet survey, row 2, column name", "survey|type,name,label|form_title,,|text,a,A"},
	{"setting-part", "sheet settings, row 2, column style::en", "survey|type,name,label|text,a,A|settings|style::en|pages"},
	{"table-list-file", "sheet survey, row 3, column type", "survey|type,name,label,appearance|begin group,g,G,table-list|select_one_from_file f.csv,a,A,|end group,,,"},
	{"table-list-filter", "sheet survey, row 3, column choice_filter", "survey|type,name,label,appearance,choice_filter|begin group,g,G,table-list,|select_one c,a,A,,name='x'|end group,,,,|choices|list_name,name,label|c,x,X"},
	{"table-list-other", "sheet survey, row 4, column type", "survey|type,name,label,appearance|begin group,g,G,table-list|select_one c,a,A,|select_one d,b,B,|end group,,,|choices|list_name,name,label|c,x,X|d,y,Y"},
	{"text-characters", "sheet survey, row 2, column label", "survey|type,name,label|text,a,A\x02"},
	{"type-include", "sheet survey, row 2, column type", "survey|type,name,label|include,a,A"},
	{"type-list", "sheet survey, row 2, column type", "survey|type,name,label|select one,a,A"},
	{"type-missing", "sheet survey, row 2, column type", "survey|type,name,label|,a,A"},
	{"type-unknown", "sheet survey, row 2, column type", "survey|type,name,label|integre,a,A"},
	{"reference-unknown", "sheet survey, row 3, column relevant", "survey|type,name,label,relevant|text,age,A,|note,n,N,${aeg} > 3"},
}

// formOf reads the short notation of faults: sheets and rows end at |, cells at
// a comma. A sheet name stands alone.
func formOf(notation string) *Workbook {
	wb := &Workbook{Format: "xlsx"}
	for _, line := range strings.Split(notation, "|") {
		cells := strings.Split(line, ",")
		switch {
		case isFormSheet(line):
			wb.Sheets = append(wb.Sheets, &Sheet{Name: line})
			continue
		case len(wb.Sheets[len(wb.Sheets)-1].Header) == 0:
			wb.Sheets[len(wb.Sheets)-1].Header = cells
			continue
		}
		s := wb.Sheets[len(wb.Sheets)-1]
		s.Rows = append(s.Rows, Row{len(s.Rows) + 2, cells})
	}
	return wb
}

func TestFaults(t *testing.T) {
	for _, f := range faults {
		t.Run(f.code, func(t *testing.T) {
			form, found := Compile(formOf(f.form), Options{})
			if (form == nil) != HasErrors(found) {
				t.Error("a form without errors must be accepted, and one with errors refused")
			}
			for _, d := range found {
				if d.Code == f.code {
					if d.Place() != f.place {
						t.Errorf("at %q, not %q", d.Place(), f.place)
					}
					return
				}
			}
			t.Errorf("not reported: %v", found)
		})
	}
}

// TestCatalogue checks that every text is used, and that none has a word left to fill in.
func TestCatalogue(t *testing.T) {
	used := map[string]bool{"header-duplicate": true, "header-none": true} // tested below
	see := func(found []Diagnostic) {
		for _, d := range found {
			used[d.Code] = true
			if strings.Contains(strings.ReplaceAll(d.Message+d.Fix, "${", ""), "{") && !strings.ContainsAny(fmt.Sprint(d.Args), "{}") && !strings.Contains(d.Fix, "${") && d.Code != "header-part-missing" {
				t.Errorf("%s: a word is left: %s %s", d.Code, d.Message, d.Fix)
			}
		}
	}
	for _, p := range readPack(t) {
		_, found := p.convert(t)
		see(found)
	}
	for _, f := range faults {
		_, found := Compile(formOf(f.form), Options{})
		see(found)
	}
	for _, code := range keys(catalogue) {
		if !used[code] {
			t.Errorf("nothing reports %s", code)
		}
	}
	if len(Codes()) != len(catalogue) {
		t.Error("Codes must list all codes")
	}
}

func TestDuplicateHeader(t *testing.T) {
	_, found := Compile(formOf("survey|type,name,label,label|text,a,A,B"), Options{})
	if len(found) == 0 || found[0].Code != "header-duplicate" || found[0].Cell != "D1" {
		t.Error(found)
	}
	wb, err := Read([]byte("| survey |\n| | type | name | label |\n| | text | a | A |\n| settings |\n"), "f.md")
	if err != nil {
		t.Fatal(err)
	}
	if _, found = Compile(wb, Options{}); len(found) == 0 || found[0].Code != "header-none" {
		t.Error(found)
	}
}

// TestAllAtOnce: every fault of a form is reported in one go, in the order of the sheets.
func TestAllAtOnce(t *testing.T) {
	_, found := Compile(formOf("survey|type,name,label,relevant|integre,1a,A,|text,b,,${nope}|integre,e,E,|note,n,${e},|select_one x,c,C,|range,d,D,|begin group,g,G,"+
		"|choices|list_name,name,label|y,,Y|entities|list_name,label|,L"), Options{})
	var got []string
	for _, d := range found {
		if d.Severity == Error {
			got = append(got, fmt.Sprintf("%s %d %s", d.Sheet, d.Row, d.Code))
		}
	}
	want := "survey 2 name-invalid; survey 2 type-unknown; survey 3 reference-unknown; survey 3 label-missing; survey 4 type-unknown; survey 6 list-missing; survey 8 begin-unmatched; choices 2 choice-name; entities 2 entity-list-missing"
	if strings.Join(got, "; ") != want {
		t.Errorf("got  %s\nwant %s", strings.Join(got, "; "), want)
	}
}
