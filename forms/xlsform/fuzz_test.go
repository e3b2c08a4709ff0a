package xlsform

import (
	"os"
	"strings"
	"testing"

	"aman/forms/xlsform/canonxml"
)

// fuzzRead gives any bytes to Read and, if it takes them, to Compile. Whatever
// is accepted must be well-formed XML.
func fuzzRead(t *testing.T, data []byte, name string) {
	wb, err := Read(data, name)
	if err != nil {
		return
	}
	form, found := Compile(wb, Options{})
	if form == nil {
		if !HasErrors(found) {
			t.Fatal("refused without an error")
		}
		return
	}
	var b strings.Builder
	if err := form.WriteXForm(&b); err != nil {
		t.Fatal(err)
	}
	if _, err := canonxml.Canonical(b.String()); err != nil {
		t.Fatalf("%v\n%s", err, b.String())
	}
}

func FuzzMarkdown(f *testing.F) {
	for i, p := range readPack(f) {
		if p.Kind == "md" && i%20 == 0 {
			f.Add(string(p.Input))
		}
	}
	f.Fuzz(func(t *testing.T, text string) { fuzzRead(t, []byte(text), "f.md") })
}

func FuzzCSV(f *testing.F) {
	f.Add("survey\n,type,name,label\n,text,a,A\n,\"select_one x\",b,\"B \"\"c\"\"\"\nchoices\n,list_name,name,label\n,x,1,One\n")
	f.Add("type,name,label,relevant\ntext,a,A,\nnote,b,B ${a},${a} = 1\n")
	f.Fuzz(func(t *testing.T, text string) { fuzzRead(t, []byte(text), "f.csv") })
}

// FuzzSheetXML fuzzes the parts of an .xlsx file, which a fuzzer cannot reach
// through compression.
func FuzzSheetXML(f *testing.F) {
	f.Add(header+`<row r="2"><c r="A2" t="inlineStr"><is><r><t>te</t></r><r><t>xt</t></r></is></c><c r="B2" t="s"><v>0</v></c><c><v>1.50</v></c></row>`,
		`<sst><si><t>a &amp; &#233;</t></si></sst>`, `<styleSheet><numFmts><numFmt numFmtId="170" formatCode="dd/mm/yy"/></numFmts><cellXfs><xf numFmtId="170"/></cellXfs></styleSheet>`)
	f.Fuzz(func(t *testing.T, rows, strings, styles string) {
		fuzzRead(t, xlsxOf(t, rows, "xl/sharedStrings.xml", strings, "xl/styles.xml", styles), "f.xlsx")
	})
}

func FuzzXLSX(f *testing.F) {
	addFile(f, "testdata/cells.xlsx")
	f.Fuzz(func(t *testing.T, data []byte) { fuzzRead(t, data, "f.xlsx") })
}

func FuzzXLS(f *testing.F) {
	addFile(f, "testdata/cells.xls")
	f.Fuzz(func(t *testing.T, data []byte) { fuzzRead(t, data, "f.xls") })
}

func addFile(f *testing.F, name string) {
	data, err := os.ReadFile(name)
	if err != nil {
		f.Fatal(err)
	}
	f.Add(data)
}

// FuzzCompile fuzzes the cells of a form whose shape is given.
func FuzzCompile(f *testing.F) {
	f.Add("text", "a", "A ${b}", "${b} = 1", "select_one x", "b", "search('f')", "randomize=true", "name = ${a}")
	f.Add("begin_repeat", "r", "R", "", "range", "b", "", "start=1 end=5 step=0.5", "")
	f.Add("geopoint", "g", "instance('x')/root/item[name = ${b}]/label", "yes", "audit", "", "", "track-changes=true", "1")
	f.Fuzz(func(t *testing.T, t1, n1, l1, r1, t2, n2, a2, p2, c2 string) {
		wb := &Workbook{Format: "xlsx", Sheets: []*Sheet{
			{Name: "survey", Header: []string{"type", "name", "label::en (en)", "relevant", "appearance", "parameters", "choice_filter", "default", "calculation", "trigger", "save_to"}, Rows: []Row{
				{2, []string{t1, n1, l1, r1, "", "", "", c2, "", "", n2}},
				{3, []string{t2, n2, l1, "", a2, p2, c2, l1, r1}},
				{4, []string{"integer", "z", "Z", "", "", "", "", r1, "", "${" + n1 + "}"}},
			}},
			{Name: "choices", Header: []string{"list_name", "name", "label", "image", n1}, Rows: []Row{{2, []string{"x", n2, l1, a2, r1}}, {3, []string{"x", "other", "O"}}}},
			{Name: "entities", Header: []string{"list_name", "label", "entity_id", "update_if"}, Rows: []Row{{2, []string{n1, l1, r1, c2}}}},
			{Name: "settings", Header: []string{"form_id", "instance_name", "namespaces", "flat"}, Rows: []Row{{2, []string{n1, l1, p2, a2}}}},
		}}
		form, found := Compile(wb, Options{})
		if form == nil {
			if !HasErrors(found) {
				t.Fatal("refused without an error")
			}
			return
		}
		var b strings.Builder
		if err := form.WriteXForm(&b); err != nil {
			t.Fatal(err)
		}
		if _, err := canonxml.Canonical(b.String()); err != nil {
			t.Fatalf("%v\n%s", err, b.String())
		}
	})
}
