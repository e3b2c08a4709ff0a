package xform_test

import (
	"bytes"
	"fmt"
	"os"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"aman/forms/xform"
	"aman/forms/xpath"
)

func load(t testing.TB, file string) *xform.Model {
	t.Helper()
	body, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	m, err := xform.Compile(body, xform.Options{})
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range m.Faults {
		t.Errorf("%s: %v", file, f)
	}
	if m.Cycles != nil {
		t.Errorf("%s: %v", file, m.Cycles)
	}
	return m
}

const (
	htcds = "../xlsform/testdata/htcds.pyxform.xml"
	msna  = "../xlsform/testdata/msna2024.pyxform.xml"
	q250  = "testdata/250q-form.xml"
)

func Test250Questions(t *testing.T) {
	m := load(t, q250)
	body, err := os.ReadFile("testdata/sub250.xml")
	if err != nil {
		t.Fatal(err)
	}
	r := m.Validate(body)
	if !r.Fits() || len(r.Notes) > 0 || r.Relevant != 251 {
		t.Errorf("%d answers, failures %s, notes %s", r.Relevant, codes(r.Failures), codes(r.Notes))
	}
	body = bytes.Replace(body, []byte("<q7>4821</q7>"), []byte("<q7>4821</q7><q7>1</q7><nothing/>"), 1)
	if r = m.Validate(body); codes(r.Failures) != "repeated:/data/q7[2]" || codes(r.Notes) != "unknown:/data/nothing" {
		t.Errorf("failures %s, notes %s", codes(r.Failures), codes(r.Notes))
	}
}

func TestHTCDS(t *testing.T) {
	m := load(t, htcds)
	version := "<__version__>" + strings.Trim(m.Binds["/data/__version__"].Calculate, "'") + "</__version__>"
	table{
		{"answers", "<prs_Gender>Feminine</prs_Gender><prs_Birthdate>1990-05-01</prs_Birthdate><prs_Citizenship>PK</prs_Citizenship>" + version, "", ""},
		{"a country by its name", "<prs_Citizenship>Pakistan</prs_Citizenship>" + version, "choice:/data/prs_Citizenship", ""},
		{"a date as it is spoken", "<prs_Birthdate>1 May 1990</prs_Birthdate>" + version, "type:/data/prs_Birthdate", ""},
	}.run(t, m)
}

// The MSNA of 2024 is the largest humanitarian form that may be copied: 321 rows, four
// counted repeats, cascades of four levels, 46 calculations.
func TestMSNA(t *testing.T) {
	m := load(t, msna)
	if len(m.Repeats) != 4 || len(m.Languages) != 2 {
		t.Fatalf("repeats %v, languages %v", m.Repeats, m.Languages)
	}
	f := m.Start(xform.Conditions{Now: time.Date(2026, 3, 31, 9, 0, 0, 0, time.UTC)})
	set := func(path, value string) {
		t.Helper()
		if err := f.Set(path, value); err != nil {
			t.Fatal(err)
		}
	}
	if f.Relevant("/data/consented") {
		t.Error("questions are asked before consent")
	}
	set("/data/introduction/consent", "yes")
	set("/data/consented/demographics/hh_size", "3")
	if got := strings.Count(string(f.XML()), "<roster>"); got != 3 {
		t.Fatalf("%d rounds of the roster for 3 people", got)
	}
	set("/data/consented/demographics/resp_gender", "female")
	set("/data/consented/demographics/roster[1]/ind_gender", "male")
	if !f.Relevant("/data/consented/demographics/roster[1]/note_resp_gender_mismatch") || f.Relevant("/data/consented/demographics/roster[2]/note_resp_gender_mismatch") {
		t.Error("the mismatch is shown in the first round only")
	}
	admin1, err := f.Choices("/data/introduction/admin1")
	if err != nil || len(admin1) == 0 {
		t.Fatal(admin1, err)
	}
	if all, _ := f.Choices("/data/introduction/admin2"); len(all) != 0 {
		t.Errorf("%d districts before a region is chosen", len(all))
	}
	set("/data/introduction/admin1", admin1[0])
	if some, _ := f.Choices("/data/introduction/admin2"); len(some) == 0 {
		t.Error("no district in the first region")
	}
	set("/data/consented/demographics/roster[2]/ind_age", "130")
	set("/data/introduction/admin2", "no-such-district")
	found := map[string]bool{}
	for _, x := range f.Check().Failures {
		found[x.Code()] = true
		if x.Rule != xform.Required && x.Label == nil {
			t.Errorf("%s has no label", x.Code())
		}
		if x.Rule == xform.Constraint && (len(x.Message) != 2) {
			t.Errorf("%s has messages %v", x.Code(), x.Message)
		}
	}
	for _, want := range []string{
		"constraint:/data/consented/demographics/roster[2]/ind_age", "choice:/data/introduction/admin2",
		"required:/data/consented/demographics/roster[1]/note_resp_gender_mismatch", "required:/data/consented/demographics/roster[3]/ind_gender",
	} {
		if !found[want] {
			t.Errorf("%s was not found", want)
		}
	}
	if f.Err != nil {
		t.Error(f.Err)
	}
}

// What the package fills in itself it must find nothing against, but for answers that are
// missing and answers that chance chose against a constraint.
func TestFilledFormsFit(t *testing.T) {
	for _, file := range []string{htcds, msna} {
		m := load(t, file)
		t.Run(m.ID, func(t *testing.T) {
			rapid.Check(t, func(t *rapid.T) { fillAndCheck(t, m) })
		})
	}
}

var samples = map[string]*rapid.Generator[string]{
	"int":      rapid.Map(rapid.IntRange(0, 12), func(i int) string { return fmt.Sprint(i) }),
	"decimal":  rapid.Map(rapid.Float64Range(-1e6, 1e6), func(f float64) string { return fmt.Sprintf("%.3f", f) }),
	"date":     rapid.Map(rapid.IntRange(0, 30000), func(d int) string { return time.Unix(int64(d)*86400, 0).UTC().Format(time.DateOnly) }),
	"dateTime": rapid.Just("2026-03-31T09:00:00.000+05:00"),
	"time":     rapid.Just("09:30:00.000+05:00"),
	"geopoint": rapid.Just("31.5 74.3 0 0"),
}

func fillAndCheck(t *rapid.T, m *xform.Model) {
	f := m.Start(xform.Conditions{})
	answered := map[string]bool{}
	for range rapid.IntRange(1, 8).Draw(t, "answers") {
		open := f.Questions()
		path := rapid.SampledFrom(open).Draw(t, "question")
		plain := withoutPositions(path)
		bind := m.Binds[plain]
		if bind.Readonly != "" || bind.Calculate != "" {
			continue
		}
		value := ""
		if codes, err := f.Choices(path); err != nil {
			t.Fatal(err)
		} else if codes != nil {
			if len(codes) == 0 {
				continue
			}
			value = rapid.SampledFrom(codes).Draw(t, "code")
		} else if g := samples[bind.Type]; g != nil {
			value = g.Draw(t, "value")
		} else {
			value = rapid.StringMatching(`[a-z]{0,6}`).Draw(t, "text")
		}
		if err := f.Set(path, value); err != nil {
			t.Fatal(err)
		}
		answered[plain] = true
	}
	r := f.Check()
	for _, x := range r.Failures {
		plain := withoutPositions(x.Path)
		switch {
		case x.Rule == xform.Required:
		case x.Rule == xform.Constraint && answered[plain]:
		case x.Rule == xform.Choice && answered[plain]: // of a cascade, changed above it
		default:
			t.Errorf("%s", x.Code())
		}
	}
	for _, x := range r.Notes {
		t.Errorf("note %s %s", x.Code(), x.Why)
	}
}

func withoutPositions(path string) string {
	var b strings.Builder
	inside := false
	for _, c := range path {
		switch {
		case c == '[':
			inside = true
		case c == ']':
			inside = false
		case !inside:
			b.WriteRune(c)
		}
	}
	return b.String()
}

// Whatever is sent, the report comes soon, and says the same the second time.
func FuzzValidate(f *testing.F) {
	var models []*xform.Model
	for _, file := range []string{htcds, msna, q250} {
		m := load(f, file)
		models = append(models, m)
		filling := m.Start(xform.Conditions{})
		f.Add(len(models)-1, filling.XML())
	}
	f.Add(1, []byte(`<data id="msna2024"><introduction><consent>yes</consent></introduction><consented><demographics><hh_size>2</hh_size><roster/><roster><ind_age>x</ind_age></roster></demographics></consented><meta><instanceID>uuid:1</instanceID></meta></data>`))
	f.Fuzz(func(t *testing.T, which int, body []byte) {
		m := models[uint(which)%uint(len(models))]
		start := time.Now()
		r := m.Validate(body)
		if took := time.Since(start); took > 20*time.Second {
			t.Errorf("took %v", took)
		}
		again := m.Validate(body)
		if a, b := codes(r.Failures)+codes(r.Notes), codes(again.Failures)+codes(again.Notes); a != b && !strings.Contains(a+b, "unfinished:") {
			t.Errorf("first %q, then %q", a, b)
		}
	})
}

// FuzzCompile takes any form and asks it about its own empty instance.
func FuzzCompile(f *testing.F) {
	f.Add([]byte(`<h:html xmlns:h="http://www.w3.org/1999/xhtml"><h:head><model><instance><d id="x"><a/><r><b/></r><meta><instanceID/></meta></d></instance><instance id="l"><root><item><name>1</name></item></root></instance>
<bind nodeset="/d/a" type="int" required="true()" constraint=". &gt; /d/r/b" relevant="/d/r/b = 1"/><bind nodeset="/d/r/b" calculate="/d/a + 1"/><setvalue ref="/d/a" event="odk-instance-first-load" value="1 + 1"/></model></h:head>
<h:body><select1 ref="/d/a"><label>A</label><itemset nodeset="instance('l')/root/item[name = /d/a]"><value ref="name"/><label ref="name"/></itemset></select1><group ref="/d/r"><repeat nodeset="/d/r" jr:count="/d/a" xmlns:jr="http://openrosa.org/javarosa"><input ref="/d/r/b"/></repeat></group></h:body></h:html>`))
	f.Fuzz(func(t *testing.T, body []byte) {
		m, err := xform.Compile(body, xform.Options{})
		if err != nil {
			return
		}
		start := time.Now()
		fill := m.Start(xform.Conditions{})
		m.Validate(fill.XML())
		if took := time.Since(start); took > 20*time.Second {
			t.Errorf("took %v", took)
		}
	})
}

// A form in which everything waits for everything is named, not followed.
func TestCycles(t *testing.T) {
	m := compiled(t, `
| survey |           |      |       |             |
|        | type      | name | label | calculation |
|        | integer   | n    | N     |             |
|        | calculate | a    |       | ${b} + 1    |
|        | calculate | b    |       | ${a} + 1    |
`)
	if m.Cycles == nil || !strings.Contains(m.Cycles.Error(), "/data/a needs /data/b") {
		t.Errorf("cycles: %v", m.Cycles)
	}
	if r := m.Validate(submission(m, "<n>1</n><a>3</a><b>2</b>")); !r.Fits() {
		t.Error(codes(r.Failures))
	}
}

// A submission made to take long is given up on, and says so.
func TestBoundedTime(t *testing.T) {
	m := compiled(t, `
| survey |              |        |       |                                            |
|        | type         | name   | label | calculation                                |
|        | begin repeat | r      | R     |                                            |
|        | integer      | x      | X     |                                            |
|        | calculate    | y      |       | sum(/data/r/x[. > 1]) + count(/data/r[x = 2]) |
|        | end repeat   |        |       |                                            |
`)
	var b strings.Builder
	for range 20_000 {
		b.WriteString("<r><x>2</x><y>1</y></r>")
	}
	in, err := xform.ParseInstance(submission(m, b.String()))
	if err != nil {
		t.Fatal(err)
	}
	start := time.Now()
	r := m.Check(in, xform.Conditions{Timeout: 100 * time.Millisecond})
	if took := time.Since(start); took > 5*time.Second {
		t.Errorf("took %v", took)
	}
	if !strings.Contains(codes(r.Notes), "unfinished:/data") && r.More == 0 {
		t.Errorf("notes %.200s, more %d", codes(r.Notes), r.More)
	}
	if len(r.Notes) > 200 || len(r.Failures) > 200 {
		t.Errorf("%d notes, %d failures", len(r.Notes), len(r.Failures))
	}
}

// Rounds that leave everything out do not make a small submission large.
func TestBoundedMemory(t *testing.T) {
	var rows strings.Builder
	for i := range 400 {
		fmt.Fprintf(&rows, "|        | text         | q%d     | Q     |\n", i)
	}
	m := compiled(t, "| survey |              |        |       |\n|        | type         | name   | label |\n|        | begin repeat | r      | R     |\n"+rows.String()+"|        | end repeat   |        |       |\n")
	in, err := xform.ParseInstance(submission(m, strings.Repeat("<r/>", 50_000)))
	if err != nil {
		t.Fatal(err)
	}
	r := m.Check(in, xform.Conditions{Timeout: 20 * time.Second})
	if !strings.Contains(codes(r.Notes), "unfinished:/data") {
		t.Errorf("notes %.200s", codes(r.Notes))
	}
}

func TestExternalList(t *testing.T) {
	form := []byte(`<h:html xmlns="http://www.w3.org/2002/xforms" xmlns:h="http://www.w3.org/1999/xhtml" xmlns:jr="http://openrosa.org/javarosa"><h:head><h:title>T</h:title><model>
<instance><data id="ext"><v/><n/><meta><instanceID/></meta></data></instance><instance id="villages" src="jr://file-csv/villages.csv"/>
<bind nodeset="/data/v" type="string"/><bind nodeset="/data/n" type="string" calculate="pulldata('villages', 'people', 'name', /data/v)"/></model></h:head>
<h:body><select1 ref="/data/v"><label>V</label><itemset nodeset="instance('villages')/root/item"><value ref="name"/><label ref="label"/></itemset></select1></h:body></h:html>`)
	m, err := xform.Compile(form, xform.Options{External: func(source string) (*xpath.Node, error) {
		if source != "jr://file-csv/villages.csv" {
			return nil, nil
		}
		return xform.CSVList(strings.NewReader("\ufeffname,label,people\nkot,Kot,120\n\"b h\",\"Bhai, Hata\",80\n"))
	}})
	if err != nil {
		t.Fatal(err)
	}
	table{
		{"there", "<v>kot</v><n>120</n>", "", ""},
		{"with a space", "<v>b h</v><n>80</n>", "", ""},
		{"not there", "<v>xyz</v><n/>", "choice:/data/v", ""},
		{"changed", "<v>kot</v><n>12</n>", "", "calculated:/data/n"},
	}.run(t, m)
	if m, err = xform.Compile(form, xform.Options{}); err != nil {
		t.Fatal(err)
	}
	table{{"without the file", "<v>xyz</v><n>9</n>", "", "unchecked:/data/n unchecked:/data/v"}}.run(t, m)
}
