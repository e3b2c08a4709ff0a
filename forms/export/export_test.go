package export

import (
	"archive/zip"
	"bytes"
	"encoding/csv"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"reflect"
	"strings"
	"testing"
	"time"

	"aman/forms/xform"
	"aman/forms/xlsform"

	"pgregory.net/rapid"
)

const survey = `
| survey |               |           |                 |         |
|        | type          | name      | label::English (en) | label::Urdu (ur) |
|        | start         | start     |                 |         |
|        | text          | name      | Name            | نام     |
|        | integer       | age       | Age             | عمر     |
|        | select_multiple need | needs | Needs        | ضرورت   |
|        | begin group   | trip      | Trip            | سفر     |
|        | geopoint      | place     | Place           | جگہ     |
|        | date          | left      | Left            | روانگی  |
|        | begin repeat  | leg       | Leg             | مرحلہ   |
|        | text          | from      | From            | کہاں سے |
|        | begin repeat  | stop      | Stop            | قیام    |
|        | select_one need | why     | Why             | کیوں    |
|        | end repeat    |           |                 |         |
|        | end repeat    |           |                 |         |
|        | end group     |           |                 |         |
|        | decimal       | cost      | Cost            | خرچ     |
| choices |              |           |                 |         |
|        | list_name     | name      | label::English (en) | label::Urdu (ur) |
|        | need          | food      | Food            | خوراک   |
|        | need          | water     | Water, clean    | پانی    |
| settings |             |           |                 |         |
|        | form_id       | form_title | version        |         |
|        | journeys      | Journeys  | 2               |         |
`

const answers = `<?xml version='1.0' ?><data id="journeys" version="2" xmlns:orx="http://openrosa.org/xforms">
<start>2026-01-02T03:04:05.000+05:00</start><name>Ali &amp; "Zed"</name><age>34</age><needs>food water</needs>
<trip><place>31.5 74.3 200.1 5</place><left>2026-01-01</left>
<leg><from>=A1</from><stop><why>food</why></stop><stop><why/></stop></leg><leg><from><![CDATA[<b>]]></from></leg></trip>
<cost>12.50</cost><unknown><deep>x</deep></unknown><orx:meta><orx:instanceID>uuid:1</orx:instanceID></orx:meta></data>`

func form(t testing.TB, md string) []byte {
	t.Helper()
	wb, err := xlsform.Read([]byte(md), "f.md")
	if err != nil {
		t.Fatal(err)
	}
	f, found := xlsform.Compile(wb, xlsform.Options{})
	if f == nil {
		t.Fatal(found)
	}
	var b bytes.Buffer
	if err := f.WriteXForm(&b); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func layout(t testing.TB) *Layout {
	t.Helper()
	l, err := New(Version{Name: "2", XML: form(t, survey), Classes: classes(t, form(t, survey), "/data/name")})
	if err != nil {
		t.Fatal(err)
	}
	return l
}

// classes makes everything open but the names.
func classes(t testing.TB, xml []byte, names ...string) map[string]string {
	t.Helper()
	l, err := New(Version{XML: xml})
	if err != nil {
		t.Fatal(err)
	}
	out := map[string]string{}
	for _, table := range l.Tables {
		for _, f := range table.Fields {
			out[f.Path] = Open
		}
	}
	for _, n := range names {
		out[n] = Identity
	}
	return out
}

func TestWhatHasNoClassIsAName(t *testing.T) {
	l, err := New(Version{XML: form(t, survey), Classes: map[string]string{"/data/age": Health, "/data/cost": Open}})
	if err != nil {
		t.Fatal(err)
	}
	var shown []string
	for _, c := range l.Columns(l.Tables[0], Options{}) {
		if c.Field != nil {
			shown = append(shown, c.Header)
		}
	}
	if fmt.Sprint(shown) != "[cost]" {
		t.Error(shown)
	}
}

var meta = Meta{Instance: "uuid:1", At: time.Date(2026, 1, 2, 3, 4, 5, 6e6, time.UTC), SubmitterID: "5", SubmitterName: "Alice", FormVersion: "2"}

func one(m Meta, bodies ...string) Source {
	return func(each func(Meta, []byte) error) error {
		for _, b := range bodies {
			if err := each(m, []byte(b)); err != nil {
				return err
			}
		}
		return nil
	}
}

func csvOf(t *testing.T, l *Layout, table int, o Options, src Source) string {
	t.Helper()
	var b bytes.Buffer
	if _, err := l.CSV(&b, l.Tables[table], o, src); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

func TestCSVIsCentrals(t *testing.T) {
	l := layout(t)
	all := Options{Identity: true}
	for _, c := range []struct {
		table int
		o     Options
		want  string
	}{
		{0, all, "SubmissionDate,start,name,age,needs,trip-place-Latitude,trip-place-Longitude,trip-place-Altitude,trip-place-Accuracy,trip-left,cost,meta-instanceID,KEY,SubmitterID,SubmitterName,AttachmentsPresent,AttachmentsExpected,Status,ReviewState,DeviceID,Edits,FormVersion\n" +
			"2026-01-02T03:04:05.006Z,2026-01-02T03:04:05.000+05:00,\"Ali & \"\"Zed\"\"\",34,food water,31.5,74.3,200.1,5,2026-01-01,12.50,uuid:1,uuid:1,5,Alice,0,0,,,,0,2\n"},
		{1, all, "from,PARENT_KEY,KEY\n'=A1,uuid:1,uuid:1/trip/leg[1]\n<b>,uuid:1,uuid:1/trip/leg[2]\n"},
		{1, Options{Raw: true, Identity: true}, "from,PARENT_KEY,KEY\n=A1,uuid:1,uuid:1/trip/leg[1]\n<b>,uuid:1,uuid:1/trip/leg[2]\n"},
		{2, all, "why,PARENT_KEY,KEY\nfood,uuid:1/trip/leg[1],uuid:1/trip/leg[1]/stop[1]\n,uuid:1/trip/leg[1],uuid:1/trip/leg[1]/stop[2]\n"},
		{0, Options{Split: true, Labels: true, Questions: true, Language: "en", Columns: []string{"/data/needs", "/data/name"}}, "SubmissionDate,Needs,Needs/Food,\"Needs/Water, clean\",KEY,SubmitterID,SubmitterName,AttachmentsPresent,AttachmentsExpected,Status,ReviewState,DeviceID,Edits,FormVersion\n" +
			"2026-01-02T03:04:05.006Z,\"Food; Water, clean\",1,1,uuid:1,5,Alice,0,0,,,,0,2\n"},
		{2, Options{Labels: true, Questions: true, Language: "ur"}, "کیوں,PARENT_KEY,KEY\nخوراک,uuid:1/trip/leg[1],uuid:1/trip/leg[1]/stop[1]\n,uuid:1/trip/leg[1],uuid:1/trip/leg[1]/stop[2]\n"},
	} {
		if got := csvOf(t, l, c.table, c.o, one(meta, answers)); got != c.want {
			t.Errorf("table %d %+v:\n%s\nwant\n%s", c.table, c.o, got, c.want)
		}
	}
}

func TestNamesStayOutUnlessAskedFor(t *testing.T) {
	l := layout(t)
	for _, o := range []Options{{}, {Labels: true, Split: true}, {Columns: []string{"/data/name"}}} {
		var j, x, g bytes.Buffer
		if err := errors.Join(l.JSON(&j, o, one(meta, answers)), l.XLSX(&x, o, one(meta, answers)), l.GeoJSON(&g, "", o, one(meta, answers))); err != nil {
			t.Fatal(err)
		}
		sheets, err := xlsform.Read(x.Bytes(), "x.xlsx")
		if err != nil {
			t.Fatal(err)
		}
		for what, text := range map[string]string{"csv": csvOf(t, l, 0, o, one(meta, answers)), "json": j.String(), "xlsx": fmt.Sprint(sheets.Sheets), "geojson": g.String()} {
			if strings.Contains(text, "Zed") {
				t.Errorf("%s with %+v shows a name", what, o)
			}
		}
	}
	if !strings.Contains(csvOf(t, l, 0, Options{Identity: true}, one(meta, answers)), "Zed") {
		t.Error("the name is not there when it is asked for")
	}
}

func TestOlderVersionsAddWhatIsGone(t *testing.T) {
	old := strings.NewReplacer("| integer       | age ", "| text          | tribe ", "| journeys  | Journeys  | 2 ", "| journeys  | Journeys  | 1 ").Replace(survey)
	l, err := New(Version{Name: "2", XML: form(t, survey)}, Version{Name: "1", XML: form(t, old), Classes: classes(t, form(t, old))})
	if err != nil {
		t.Fatal(err)
	}
	sent := strings.Replace(answers, "<age>34</age>", "<tribe>x</tribe>", 1)
	head := func(o Options) string {
		line, _, _ := strings.Cut(csvOf(t, l, 0, o, one(meta, sent)), "\n")
		return line
	}
	if strings.Contains(head(Options{}), "tribe") || !strings.Contains(head(Options{Gone: true}), "meta-instanceID,tribe,KEY") {
		t.Error(head(Options{}), head(Options{Gone: true}))
	}
}

// Source of the ids: Central's own tests of a form with repeats.
func TestODataRows(t *testing.T) {
	l, err := New(Version{XML: form(t, "| survey | | | |\n| | type | name | label |\n| | text | name | N |\n| | begin group | children | C |\n| | begin repeat | child | c |\n| | text | name | N |\n| | integer | age | A |\n| | end repeat | | |\n| | end group | | |\n")})
	if err != nil {
		t.Fatal(err)
	}
	rec, err := l.Reader().Read(Meta{Instance: "two"}, []byte(`<data id="withrepeat"><name>Bob</name><children><child><name>Billy</name><age>4</age></child><child><name>Blaine</name><age>x</age></child></children></data>`))
	if err != nil {
		t.Fatal(err)
	}
	row := l.JSONRow(l.Tables[1], JSONOptions{Strict: true})
	want := []string{
		`{"__id":"cf9a1b5cc83c6d6270c1eb98860d294eac5d526d","__Submissions-id":"two","name":"Billy","age":4}`,
		`{"__id":"c76d0ccc6d5da236be7b93b985a80413d2e3e172","__Submissions-id":"two","name":"Blaine","age":null}`,
	}
	for i, w := range want {
		if got := string(row(nil, rec, i)); got != w {
			t.Errorf("row %d: %s, want %s", i, got, w)
		}
	}
	top := l.JSONRow(l.Tables[0], JSONOptions{Navigation: true, System: []string{}})
	if got, want := string(top(nil, rec, 0)), `{"__id":"two","name":"Bob","children":{"child@odata.navigationLink":"Submissions('two')/children/child"},"meta":{"instanceID":null}}`; got != want {
		t.Errorf("%s, want %s", got, want)
	}
}

func TestJSONNests(t *testing.T) {
	l := layout(t)
	var b bytes.Buffer
	if err := l.JSON(&b, Options{Identity: true}, one(meta, answers, answers)); err != nil {
		t.Fatal(err)
	}
	var got []map[string]any
	if err := json.Unmarshal(b.Bytes(), &got); err != nil {
		t.Fatalf("%v in %s", err, b.String())
	}
	trip := got[1]["trip"].(map[string]any)
	legs := trip["leg"].([]any)
	if len(got) != 2 || got[0]["age"] != 34.0 || got[0]["cost"] != 12.5 || len(legs) != 2 || len(legs[0].(map[string]any)["stop"].([]any)) != 2 || len(legs[1].(map[string]any)["stop"].([]any)) != 0 {
		t.Error(b.String())
	}
	if want := map[string]any{"type": "Point", "coordinates": []any{74.3, 31.5, 200.1}, "properties": map[string]any{"accuracy": 5.0}}; !reflect.DeepEqual(trip["place"], want) {
		t.Error(trip["place"])
	}
	var none, lines bytes.Buffer
	if err := errors.Join(l.JSON(&none, Options{}, one(meta)), l.JSONLines(&lines, Options{}, one(meta, answers, answers))); err != nil || strings.Join(strings.Fields(none.String()), "") != "[]" || strings.Count(lines.String(), "\n") != 2 {
		t.Error(err, none.String(), lines.String())
	}
}

func TestGeoJSON(t *testing.T) {
	l := layout(t)
	var b bytes.Buffer
	if err := l.GeoJSON(&b, "", Options{}, one(meta, answers, strings.Replace(answers, "31.5 74.3 200.1 5", "", 1), answers)); err != nil {
		t.Fatal(err)
	}
	var got struct {
		Features []struct {
			Geometry   map[string]any
			Properties map[string]any
		}
	}
	if err := json.Unmarshal(b.Bytes(), &got); err != nil {
		t.Fatalf("%v in %s", err, b.String())
	}
	if len(got.Features) != 2 || got.Features[0].Properties["fieldpath"] != "/trip/place" || got.Features[0].Properties["age"] != "34" {
		t.Error(b.String())
	}
}

func TestXLSX(t *testing.T) {
	l := layout(t)
	var b bytes.Buffer
	weird := strings.Replace(answers, "=A1", "=1+1 _x0041_ &lt;\u200f", 1)
	bodies := []string{weird, strings.Replace(answers, "34", "1234567890123456", 1), answers, answers, answers}
	if err := l.xlsx(&b, Options{Identity: true}, one(meta, bodies...), 4); err != nil {
		t.Fatal(err)
	}
	wb, err := xlsform.Read(b.Bytes(), "x.xlsx")
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, s := range wb.Sheets {
		names = append(names, s.Name)
	}
	if got := strings.Join(names, "|"); got != "journeys|journeys (2)|leg|leg (2)|leg (3)|leg (4)|stop|stop (2)|stop (3)|stop (4)" {
		t.Error(got)
	}
	z, _ := zip.NewReader(bytes.NewReader(b.Bytes()), int64(b.Len()))
	f, err := z.Open("xl/worksheets/sheet1.xml")
	if err != nil {
		t.Fatal(err)
	}
	first, _ := io.ReadAll(f)
	for _, want := range []string{`<c><v>34</v></c>`, `preserve">1234567890123456</t>`, `<c s="1"><v>46023</v></c>`} {
		if !bytes.Contains(first, []byte(want)) {
			t.Errorf("no %s in %s", want, first)
		}
	}
	f, _ = z.Open("xl/worksheets/sheet3.xml")
	legs, _ := io.ReadAll(f)
	if !bytes.Contains(legs, []byte("=1+1 _x005F_x0041_ &lt;\u200f</t>")) || bytes.Contains(legs, []byte("<f>")) {
		t.Errorf("%s", legs)
	}
}

func TestCSVZip(t *testing.T) {
	l := layout(t)
	var b bytes.Buffer
	files := func(each func(Media) error) error {
		for _, name := range []string{"../../etc/passwd", "a.jpg", "A.jpg", "con.png", ""} {
			if err := each(Media{Name: name, Open: func(w io.Writer) error { _, err := io.WriteString(w, name); return err }}); err != nil {
				return err
			}
		}
		return nil
	}
	if err := l.CSVZip(&b, Options{}, one(meta, answers), files); err != nil {
		t.Fatal(err)
	}
	z, err := zip.NewReader(bytes.NewReader(b.Bytes()), int64(b.Len()))
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, f := range z.File {
		names = append(names, f.Name)
	}
	if got := strings.Join(names, " "); got != "journeys.csv journeys-leg.csv journeys-stop.csv media/....etcpasswd media/a.jpg media/A~2.jpg media/file-con.png media/file-" && got != "journeys.csv journeys-leg.csv journeys-stop.csv media/etcpasswd media/a.jpg media/A~2.jpg media/file-con.png media/file-" {
		t.Error(got)
	}
}

func TestNeutralIsTakenBack(t *testing.T) {
	for in, want := range map[string]string{"=1": "'=1", "-5": "-5", "-5a": "'-5a", "+92 300": "'+92 300", "@x": "'@x", "'=x": "''=x", "'tis": "'tis", "": "", "-": "'-", "-1e-7": "-1e-7", "\t=1": "'\t=1"} {
		if got := Neutral(in); got != want {
			t.Errorf("Neutral(%q) = %q, want %q", in, got, want)
		}
	}
	rapid.Check(t, func(t *rapid.T) {
		s := rapid.StringMatching(`[=+\-@'a1.e \t]{0,8}`).Draw(t, "s")
		n := Neutral(s)
		if Plain(n) != s {
			t.Fatalf("%q became %q and then %q", s, n, Plain(n))
		}
		if n != "" && triggers[n[0]] && !isNumber(n) {
			t.Fatalf("%q is still a formula", n)
		}
	})
}

// Whatever is written into a cell is read out of it by a reader of RFC 4180.
func TestCellsComeBack(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		cells := rapid.SliceOfN(rapid.StringMatching(`[=+\-@'"a, \n;|0-9é]{0,10}`), 1, 6).Draw(t, "cells")
		raw := rapid.Bool().Draw(t, "raw")
		line := []byte("x")
		for _, c := range cells {
			line = appendCell(append(line, ','), []byte(c), raw)
		}
		got, err := csv.NewReader(bytes.NewReader(append(line, '\n'))).Read()
		if err != nil || len(got) != len(cells)+1 {
			t.Fatalf("%v in %q", err, line)
		}
		for i, c := range cells {
			back := got[i+1]
			if !raw {
				back = Plain(back)
			}
			if back != c {
				t.Fatalf("%q came back as %q", c, back)
			}
		}
	})
}

// What is read here is what the parser of submissions reads.
func TestReadsWhatTheParserReads(t *testing.T) {
	l := layout(t)
	rapid.Check(t, func(t *rapid.T) {
		text := rapid.OneOf(rapid.StringMatching(`[a-z ]{0,40}`), rapid.SampledFrom([]string{"", " ", "&amp;&#x41;", "<![CDATA[a<b]]>", "a<!-- c -->b", "نام", "x\r\ny", "<?p i?>q"}))
		var b strings.Builder
		b.WriteString(`<data id="journeys" version='2'>`)
		for range rapid.IntRange(0, 3).Draw(t, "pad") {
			b.WriteString("\n<!-- <name>no</name> -->")
		}
		for _, name := range []string{"name", "start", "age", "other", "needs", "cost"} {
			if rapid.Bool().Draw(t, "with "+name) {
				fmt.Fprintf(&b, "<%s a='>'>%s</%s >", name, text.Draw(t, name), name)
			}
		}
		b.WriteString("<trip>")
		for range rapid.IntRange(0, 4).Draw(t, "legs") {
			fmt.Fprintf(&b, "<leg><from>%s</from><stop/></leg>", text.Draw(t, "from"))
		}
		b.WriteString("</trip><meta><instanceID>uuid:1</instanceID></meta></data>")
		in, err := xform.ParseInstance([]byte(b.String()))
		if err != nil {
			t.Fatal(err)
		}
		rec, err := l.Reader().Read(meta, []byte(b.String()))
		if err != nil {
			t.Fatal(err, b.String())
		}
		got, want := map[string]string{}, map[string]string{}
		for _, table := range l.Tables {
			for i, row := range rec.Tables[table.N] {
				for _, f := range table.Fields {
					if v := string(row.Cells[f.N]); v != "" {
						got[fmt.Sprint(f.Path, i)] = v
					}
				}
			}
		}
		n := 0
		for _, a := range in.Answers {
			if l.Field(strings.NewReplacer("[1]", "", "[2]", "", "[3]", "", "[4]", "").Replace(a.Path)) == nil {
				continue
			}
			n++
			want[a.Path] = a.Value
		}
		if len(got) != n {
			t.Fatalf("%v, want %v", got, want)
		}
		for _, f := range []string{"name", "start", "age", "needs", "cost"} {
			if got["/data/"+f+"0"] != in.Get(f) {
				t.Fatalf("%s: %q, want %q", f, got["/data/"+f+"0"], in.Get(f))
			}
		}
	})
}

func TestOrderAndFaults(t *testing.T) {
	l := layout(t)
	src := func(each func(Meta, []byte) error) error {
		for i := range 3000 {
			body := []byte(strings.Replace(answers, "34", fmt.Sprint(i), 1))
			switch i {
			case 7:
				body = body[:len(body)/2] // cut off
			case 8:
				body = nil
			}
			if err := each(Meta{Instance: fmt.Sprint("uuid:", i)}, body); err != nil {
				return err
			}
		}
		return nil
	}
	rows, err := csv.NewReader(strings.NewReader(csvOf(t, l, 0, Options{}, src))).ReadAll()
	if err != nil || len(rows) != 3001 {
		t.Fatal(err, len(rows))
	}
	at := map[string]int{}
	for i, h := range rows[0] {
		at[h] = i
	}
	for i, r := range rows[1:] {
		want := fmt.Sprint(i)
		if i == 7 || i == 8 {
			want = ""
		}
		if r[at["age"]] != want || r[at["KEY"]] != fmt.Sprint("uuid:", i) {
			t.Fatal(i, r)
		}
	}
	if rows[8][at["Status"]] != "unreadable" {
		t.Error(rows[8])
	}
	// A writer that fails stops the source.
	asked := 0
	_, err = l.CSV(&failing{after: 1000}, l.Tables[0], Options{}, func(each func(Meta, []byte) error) error {
		for {
			asked++
			if err := each(meta, []byte(answers)); err != nil {
				return err
			}
		}
	})
	if !errors.Is(err, errFull) || asked > 1e5 {
		t.Error(err, asked)
	}
	gone := errors.New("gone")
	if _, err = l.CSV(io.Discard, l.Tables[0], Options{}, func(func(Meta, []byte) error) error { return gone }); !errors.Is(err, gone) {
		t.Error(err)
	}
}

var errFull = errors.New("full")

type failing struct{ after int }

func (f *failing) Write(b []byte) (int, error) {
	if f.after -= len(b); f.after < 0 {
		return 0, errFull
	}
	return len(b), nil
}

func FuzzRead(f *testing.F) {
	l := layout(f)
	f.Add([]byte(answers))
	f.Add([]byte(`<data><name>a</name></data>`))
	f.Fuzz(func(t *testing.T, body []byte) {
		rec, err := l.Reader().Read(meta, body)
		if err != nil {
			return
		}
		var out batch
		l.sheet(l.Tables[0], Options{Identity: true, Split: true, Labels: true}).csvRows()(rec, &out)
		if j := l.JSONRow(l.Tables[0], JSONOptions{Identity: true, Expand: true})(nil, rec, 0); !json.Valid(j) {
			t.Fatalf("%s", j)
		}
	})
}
