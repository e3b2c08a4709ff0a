package xlsform

import (
	"bytes"
	"encoding/csv"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

func Example() {
	wb, err := Read([]byte(`
| survey |
|        | type          | name | label::English (en) | label::Urdu (ur) | relevant       |
|        | select_one yn | ask  | May I ask?          | کیا میں پوچھوں؟  |                |
|        | integer       | age  | Your age?           | آپ کی عمر؟       | ${ask} = 'yes' |
| choices |
|         | list_name | name | label::English (en) | label::Urdu (ur) |
|         | yn        | yes  | Yes                 | ہاں              |
|         | yn        | no   | No                  | نہیں             |
`), "consent.md")
	if err != nil {
		fmt.Println(err)
		return
	}
	form, found := Compile(wb, Options{})
	if form == nil {
		fmt.Println(found)
		return
	}
	fmt.Println(form.ID, form.Languages)
	for _, q := range form.Questions() {
		if q.Row > 0 {
			fmt.Printf("%s (%s) %s if %q\n", q.Path(), q.Type, q.Label.In("English (en)"), q.Bind.Get("relevant"))
		}
	}
	// Output:
	// consent [English (en) Urdu (ur)]
	// /data/ask (select one) May I ask? if ""
	// /data/age (integer) Your age? if "${ask} = 'yes'"
}

func ExampleCompile_faults() {
	wb, _ := Read([]byte(`
| survey |
|        | type    | name | label     | relevant        |
|        | integre | age  | Your age? |                 |
|        | text    | 1st  | First     | ${agee} > 17    |
`), "form.md")
	_, found := Compile(wb, Options{})
	for _, d := range found {
		fmt.Println(d)
	}
	// Output:
	// error: sheet survey, row 2, column type: “integre” is not a question type. Did you mean “integer”? See the list of types at https://xlsform.org.
	// error: sheet survey, row 3, column name: “1st” is not a valid name. A name starts with a letter or an underscore and goes on with letters, digits, underscores, hyphens and full stops.
	// error: sheet survey, row 3, column relevant: ${agee} refers to a question that does not exist. Did you mean “age”? Mend the name, or add the question.
}

// TestModel checks what a server reads from a form: questions, groups, saves.
func TestModel(t *testing.T) {
	form, found := Compile(formOf("survey|type,name,label,save_to|begin repeat,person,Person,|text,given,Name,people#given_name|geopoint,where,Where,people#home|end repeat,,,"+
		"|photo,face,Face,|entities|list_name,label|people,${given}|settings|form_id,form_title,version|reg,Registration,7"), Options{FormName: "reg"})
	if form == nil {
		t.Fatal(found)
	}
	if form.ID != "reg" || form.Title != "Registration" || form.Version != "7" || form.Name != "reg" || form.Setting("version") != "7" || form.EntitiesVersion != "2025.1.0" {
		t.Errorf("%+v", form)
	}
	e := form.Entities[0]
	if e.List != "people" || e.Path != "/reg/person/meta/entity" || fmt.Sprint(e.Saves) != "[{given_name /reg/person/given} {home /reg/person/where}]" {
		t.Errorf("%+v", e)
	}
	visible := 0
	for _, q := range form.Questions() {
		if q.Visible() {
			visible++
		}
	}
	if visible != 3 {
		t.Errorf("%d questions are visible, not 3", visible)
	}
	person := form.Survey.Children[0]
	if person.Kind != KindRepeat || person.Children[0].Parent != person || person.Children[0].SaveTo != "given_name" {
		t.Errorf("%+v", person)
	}
}

// TestItemsets checks the file of choices that select_one_external reads.
func TestItemsets(t *testing.T) {
	form, found := Compile(formOf("survey|type,name,label,choice_filter|text,p,P,|select_one_external d,a,A,prov=${p}|external_choices|list_name,name,label,prov|d,1,\"One\",x|d,2,Two"), Options{})
	if form == nil {
		t.Fatal(found)
	}
	rows, err := csv.NewReader(bytes.NewReader(form.Itemsets)).ReadAll()
	if err != nil || fmt.Sprint(rows) != `[[list_name name label prov] [d 1 "One" x] [d 2 Two ]]` {
		t.Error(rows, err)
	}
}

// TestReferencesResolve: in any tree of groups and repeats, the path that a
// reference becomes leads to the question that it names.
func TestReferencesResolve(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		rows := []string{"type,name,label,calculation"}
		var open, names []string
		for i := range rapid.IntRange(2, 25).Draw(t, "rows") {
			name := fmt.Sprintf("n%d", i)
			switch kind := rapid.SampledFrom([]string{"text", "text", "group", "repeat", "end"}).Draw(t, "kind"); {
			case kind == "text":
				rows = append(rows, "text,"+name+",T,")
				names = append(names, name)
			case kind != "end":
				rows = append(rows, "begin "+kind+","+name+",G,")
				open = append(open, kind)
			case len(open) > 0:
				rows = append(rows, "end "+open[len(open)-1]+",,,")
				open = open[:len(open)-1]
			}
			if len(names) > 0 {
				rows = append(rows, fmt.Sprintf("calculate,c%d,,${%s}", i, rapid.SampledFrom(names).Draw(t, "to")))
			}
		}
		for i := len(open) - 1; i >= 0; i-- {
			rows = append(rows, "end "+open[i]+",,,")
		}
		form, found := Compile(formOf("survey|"+strings.Join(rows, "|")), Options{})
		if form == nil {
			t.Fatal(found)
		}
		byName := map[string]*Item{}
		for _, q := range form.Questions() {
			byName[q.Name] = q
		}
		for _, bind := range binds(form) {
			q := byName[bind.name]
			target := byName[strings.Trim(q.Bind.Get("calculate"), "${}")]
			if got := resolve(bind.path, bind.calculate); got != target.Path() {
				t.Fatalf("%s: %q leads to %s, not %s", bind.path, bind.calculate, got, target.Path())
			}
		}
	})
}

type calculation struct{ name, path, calculate string }

// binds reads the calculations back from the XForm.
func binds(form *Form) []calculation {
	var b strings.Builder
	form.WriteXForm(&b)
	root, _ := parseXNode(b.String())
	var out []calculation
	for _, n := range root.descendants(nil) {
		if n.local != "bind" {
			continue
		}
		var c calculation
		for _, a := range n.attrs {
			switch a.local {
			case "nodeset":
				c.path = a.text
				c.name = a.text[strings.LastIndexByte(a.text, '/')+1:]
			case "calculate":
				c.calculate = a.text
			}
		}
		if c.calculate != "" {
			out = append(out, c)
		}
	}
	return out
}

// resolve walks a relative or absolute path from a node.
func resolve(from, path string) string {
	path = strings.TrimSpace(path)
	if strings.HasPrefix(path, "/") {
		return path
	}
	steps := strings.Split(from, "/")
	for _, s := range strings.Split(path, "/") {
		if s == ".." {
			steps = steps[:len(steps)-1]
		} else {
			steps = append(steps, s)
		}
	}
	return strings.Join(steps, "/")
}

// TestCSVRecords: what a CSV writer writes is read as it was.
func TestCSVRecords(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		want := rapid.SliceOfN(rapid.SliceOfN(rapid.StringMatching(`[a-z ,"'\n\x{e9}]*`), 2, 4), 1, 5).Draw(t, "records")
		var b bytes.Buffer
		w := csv.NewWriter(&b)
		w.WriteAll(want)
		var got [][]string
		for r := range csvRecords(b.String()) {
			got = append(got, r)
		}
		if fmt.Sprintf("%q", got) != fmt.Sprintf("%q", want) {
			t.Fatalf("%q, not %q", got, want)
		}
	})
}

func TestColumnLetters(t *testing.T) {
	for i := range MaxColumns {
		if got := columnIndex(columnLetters(i) + "7"); got != i {
			t.Fatalf("%d -> %s -> %d", i, columnLetters(i), got)
		}
	}
}

// TestReferenceText: finding references in a text and putting the text together
// again loses nothing.
func TestReferenceText(t *testing.T) {
	piece := rapid.SampledFrom([]string{"${a}", "${last-saved#b-1.c}", "${", "}", "$", "{", "a", " ", "é", "${É}", "${}", "${1}"})
	rapid.Check(t, func(t *rapid.T) {
		text := strings.Join(rapid.SliceOf(piece).Draw(t, "pieces"), "")
		end := 0
		for _, r := range findRefs(text) {
			if r.start < end || text[r.start:r.start+2] != "${" || text[r.end-1] != '}' || !strings.Contains(text[r.start:r.end], r.name) {
				t.Fatalf("%q: %+v", text, r)
			}
			end = r.end
		}
		if all, ok := parseRefs(text); ok && len(text) > 2 && len(all) != len(findRefs(text)) {
			t.Fatalf("%q: %v and %v", text, all, findRefs(text))
		}
		if lexed := lex(text); len(lexed) > 0 && lexed[len(lexed)-1].end != len(text) {
			t.Fatalf("%q: tokens end at %d", text, lexed[len(lexed)-1].end)
		}
	})
}

func TestCellValues(t *testing.T) {
	for in, want := range map[string]string{"1": "1", "007": "7", "1.0": "1", "0.1": "0.1", "1E-5": "1e-05", "1e22": "10000000000000000000000", "-2.50": "-2.5", "abc": "abc"} {
		if got := numberText(in); got != want {
			t.Errorf("%s shows as %s, not %s", in, got, want)
		}
	}
	for _, c := range []struct {
		serial float64
		kind   dateKind
		want   string
	}{
		{45443, isDate, "2024-05-31 00:00:00"}, {45443.75, isDate, "2024-05-31 18:00:00"}, {0.5, isDate, "12:00:00"},
		{59, isDate, "1900-02-28 00:00:00"}, {61, isDate, "1900-03-01 00:00:00"}, {1.25, isDuration, "1 day, 6:00:00"}, {0.000005787, isDate, "00:00:00.500000"},
	} {
		if got, _ := dateText(c.serial, c.kind, false); got != c.want {
			t.Errorf("%v shows as %s, not %s", c.serial, got, c.want)
		}
	}
	for format, want := range map[string]dateKind{"General": notDate, "0.00": notDate, "dd/mm/yyyy": isDate, `"day" 0`: notDate, "[h]:mm": isDuration, "[Red]0": notDate, "h:mm AM/PM": isDate} {
		if got := formatKind(format); got != want {
			t.Errorf("format %s: %d, not %d", format, got, want)
		}
	}
}

// TestCommands runs the commands on a form that is right and one that is wrong.
func TestCommands(t *testing.T) {
	dir := t.TempDir()
	write := func(name, text string) string {
		file := filepath.Join(dir, name)
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		return file
	}
	good := write("good.csv", "type,name,label\ntext,a,A\ninteger,b,B\n")
	bad := write("bad.md", "| survey |\n| | type | name | label |\n| | text | a b | A |\n")
	none := write("none.xlsx", "this is no spreadsheet")
	for _, c := range []struct {
		name           string
		run            func(out, err *strings.Builder) int
		code           int
		stdout, stderr string
	}{
		{"convert", func(o, e *strings.Builder) int { return Convert(good, "root", "", o, e) }, ExitDone, `<root id="good">`, ""},
		{"convert a bad form", func(o, e *strings.Builder) int { return Convert(bad, "", "", o, e) }, ExitInput, "", "row 2"},
		{"convert no form", func(o, e *strings.Builder) int { return Convert(none, "", "", o, e) }, ExitInput, "", "not an XLSForm"},
		{"convert nothing", func(o, e *strings.Builder) int { return Convert(dir+"/x", "", "", o, e) }, ExitSystem, "", "could not be read"},
		{"check", func(o, e *strings.Builder) int { return Check(good, "", false, o, e) }, ExitDone, "can be used: 0 errors", ""},
		{"check a bad form", func(o, e *strings.Builder) int { return Check(bad, "", false, o, e) }, ExitInput, "is not a valid name", ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			var out, errs strings.Builder
			if code := c.run(&out, &errs); code != c.code {
				t.Errorf("exit code %d, not %d", code, c.code)
			}
			if !strings.Contains(out.String(), c.stdout) || c.stdout == "" && out.Len() > 0 {
				t.Errorf("stdout %q", out.String())
			}
			if !strings.Contains(errs.String(), c.stderr) {
				t.Errorf("stderr %q", errs.String())
			}
		})
	}
	var out, errs strings.Builder
	Check(bad, "", true, &out, &errs)
	var r report
	if err := json.Unmarshal([]byte(out.String()), &r); err != nil || r.Accepted || len(r.Diagnostics) != 1 || r.Diagnostics[0].Code != "name-invalid" {
		t.Error(err, out.String())
	}
}
