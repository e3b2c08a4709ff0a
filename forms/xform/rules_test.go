package xform_test

import (
	"bytes"
	"strings"
	"testing"
	"time"

	"aman/forms/xform"
	"aman/forms/xlsform"
)

// compiled makes a model of an XLSForm written as a Markdown table.
func compiled(t testing.TB, md string) *xform.Model {
	t.Helper()
	wb, err := xlsform.Read([]byte(md), "test.md")
	if err != nil {
		t.Fatal(err)
	}
	form, found := xlsform.Compile(wb, xlsform.Options{})
	if form == nil {
		t.Fatalf("%v", found)
	}
	var b bytes.Buffer
	if err := form.WriteXForm(&b); err != nil {
		t.Fatal(err)
	}
	m, err := xform.Compile(b.Bytes(), xform.Options{})
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range m.Faults {
		t.Error(f)
	}
	return m
}

// submission wraps answers as a submission of a form.
func submission(m *xform.Model, answers string) []byte {
	return []byte(`<data id="` + m.ID + `" version="` + m.Version + `">` + answers + `<meta><instanceID>uuid:1</instanceID></meta></data>`)
}

// codes joins what was found.
func codes(list []xform.Finding) string {
	var out []string
	for _, f := range list {
		out = append(out, f.Code())
	}
	return strings.Join(out, " ")
}

// table is a case of one form: what is sent, and what is found.
type table []struct{ name, answers, failures, notes string }

func (tt table) run(t *testing.T, m *xform.Model) {
	t.Helper()
	for _, c := range tt {
		in, err := xform.ParseInstance(submission(m, c.answers))
		if err != nil {
			t.Fatal(err)
		}
		r := m.Check(in, xform.Conditions{Now: time.Date(2026, 3, 31, 12, 0, 0, 0, time.UTC), Timeout: time.Minute})
		if got := codes(r.Failures); got != c.failures {
			t.Errorf("%s: failures %q, want %q", c.name, got, c.failures)
		}
		if got := codes(r.Notes); got != c.notes {
			t.Errorf("%s: notes %q, want %q", c.name, got, c.notes)
		}
	}
}

func TestTypes(t *testing.T) {
	m := compiled(t, `
| survey |          |      |       |
|        | type     | name | label |
|        | integer  | n    | N     |
|        | decimal  | d    | D     |
|        | date     | day  | Day   |
|        | time     | at   | At    |
|        | dateTime | when | When  |
|        | geopoint | p    | P     |
|        | geotrace | l    | L     |
|        | geoshape | s    | S     |
|        | image    | i    | I     |
|        | text     | x    | X     |
`)
	good := map[string][]string{
		"n":    {"0", "-12", "+7", "2147483647"},
		"d":    {"1", "-1.5", ".5", "3.", "1e3", "1.5E-7"},
		"day":  {"2024-02-29", "2024-01-01T00:00:00.000+05:00"},
		"at":   {"10:00", "23:59:59", "10:00:00.000+05:00", "10:00:00.000-03", "01:02:03Z"},
		"when": {"2024-02-29T10:00:00.000+05:00", "2024-02-29T10:00:00Z", "2024-02-29T10:00", "2024-02-29", "2024-02-29T10:00:00.123-03"},
		"p":    {"31.5 74.3", "31.5 74.3 210 5.5", "-90 180 0 0"},
		"l":    {"31 74 0 0;32 75 0 0", "31 74; 32 75;"},
		"s":    {"31 74 0 0;32 75 0 0;31 75 0 0;31 74 0 0"},
		"i":    {"1700000000000.jpg", "photo of the gate.png"},
		"x":    {"anything <at> all & more"},
	}
	bad := map[string][]string{
		"n":    {"1.5", "ten", "1 2", "1e3", "99999999999999999999999"},
		"d":    {"1,5", "abc", "1.2.3", "e5", "NaN", "."},
		"day":  {"2023-02-29", "29/02/2024", "2024-13-01", "24-01-01"},
		"at":   {"25:00", "noon", "10"},
		"when": {"2024-02-30T10:00:00Z", "2024-02-29T", "yesterday"},
		"p":    {"31.5", "91 0", "0 181", "a b", "1 2 3 4 5"},
		"l":    {"31 74", "31 74;x"},
		"s":    {"31 74;32 75;31 75", "31 74;32 75;31 74"},
		"i":    {"../../etc/passwd"},
	}
	escape := strings.NewReplacer("&", "&amp;", "<", "&lt;")
	for want, set := range map[string]map[string][]string{"": good, "type:/data/": bad} {
		for name, values := range set {
			for _, v := range values {
				r := m.Validate(submission(m, "<"+name+">"+escape.Replace(v)+"</"+name+">"))
				if want != "" {
					if got := codes(r.Failures); got != want+name {
						t.Errorf("%s %q: %q", name, v, got)
					}
				} else if !r.Fits() {
					t.Errorf("%s %q: %q", name, v, codes(r.Failures))
				}
			}
		}
	}
}

func TestRequired(t *testing.T) {
	m := compiled(t, `
| survey |             |         |       |          |                   |                       |
|        | type        | name    | label | required | relevant          | required_message      |
|        | text        | name    | Name  | yes      |                   | Ask for the name.     |
|        | integer     | age     | Age   |          |                   |                       |
|        | begin group | minor   | Minor |          | ${age} < 18       |                       |
|        | text        | guard   | Who   | yes      |                   |                       |
|        | text        | school  | Sch   |          |                   |                       |
|        | end group   |         |       |          |                   |                       |
|        | text        | why     | Why   | ${age} > 60 |                |                       |
|        | note        | stop    | Stop! | yes      | ${age} > 130      |                       |
`)
	table{
		{"all there", "<name>A</name><age>30</age>", "", ""},
		{"a name left out", "<age>30</age>", "required:/data/name", ""},
		{"an empty name", "<name> </name><age>30</age>", "required:/data/name", ""},
		{"what is not relevant is not needed", "<name>A</name><age>40</age><minor><guard/></minor>", "", ""},
		{"a group left out that should be there", "<name>A</name><age>12</age>", "required:/data/minor/guard", ""},
		{"in the group", "<name>A</name><age>12</age><minor><guard>B</guard></minor>", "", ""},
		{"needed by another answer", "<name>A</name><age>61</age>", "required:/data/why", ""},
		{"a note that stops the form", "<name>A</name><age>131</age><why>x</why>", "required:/data/stop", ""},
	}.run(t, m)
	r := m.Validate(submission(m, ""))
	if f := r.Failures[0]; f.Message[""] != "Ask for the name." || f.Label[""] != "Name" || f.Name != "name" {
		t.Errorf("%+v", f)
	}
}

func TestRequiredCalculateIsNobodysQuestion(t *testing.T) {
	m := compiled(t, `
| survey |           |      |       |          |             |
|        | type      | name | label | required | calculation |
|        | text      | a    | A     |          |             |
|        | calculate | b    |       | yes      | ${a}        |
`)
	table{{"an empty calculation", "<a/><b/>", "", ""}}.run(t, m)
}

func TestConstraint(t *testing.T) {
	m := compiled(t, `
| survey |         |       |         |                                                  |                                 |                                  |
|        | type    | name  | label   | constraint                                       | constraint_message::English (en) | constraint_message::Urdu (ur)   |
|        | integer | age   | Age     | . >= 0 and . <= 120                              | Between 0 and 120.              | صفر سے ایک سو بیس کے درمیان      |
|        | text    | phone | Phone   | regex(., '^03[0-9]{9}$')                         |                                 |                                  |
|        | date    | born  | Born    | . <= today()                                     |                                 |                                  |
|        | date    | next  | Next    | . > today()                                      |                                 |                                  |
|        | date    | left  | Left    | . >= ${born} and . > date('1947-08-14')          |                                 |                                  |
|        | text    | pin   | Pin     | . != ${phone}                                    |                                 |                                  |
|        | text    | odd   | Odd     | random() > 2                                     |                                 |                                  |
`)
	table{
		{"nothing answered", "", "", ""},
		{"edge", "<age>120</age><phone>03001234567</phone>", "", ""},
		{"too old", "<age>121</age>", "constraint:/data/age", ""},
		{"a foreign number", "<phone>+44 20 0000</phone>", "constraint:/data/phone", ""},
		{"whole match", "<phone>x03001234567x</phone>", "constraint:/data/phone", ""},
		{"born in the future", "<born>2099-01-01</born>", "constraint:/data/born", ""},
		{"born today", "<born>2026-03-31</born>", "", ""},
		{"an appointment that was ahead then", "<next>2026-02-01</next>", "", ""},
		{"an appointment that never was ahead", "<next>2020-02-01</next>", "constraint:/data/next", ""},
		{"left before birth", "<born>2000-01-01</born><left>1999-12-31</left>", "constraint:/data/left", ""},
		{"left in time", "<born>2000-01-01</born><left>2000-01-01</left>", "", ""},
		{"what nobody can ask twice", "<odd>1</odd>", "", ""},
	}.run(t, m)
	r := m.Validate(submission(m, "<age>300</age>"))
	if f := r.Failures[0]; xform.Text(f.Message, "ur") != "صفر سے ایک سو بیس کے درمیان" || xform.Text(f.Message, "en") != "Between 0 and 120." {
		t.Errorf("%+v", f)
	}
}

// A form that records when it was filled is judged by that time and its zone.
func TestFilledLongAgo(t *testing.T) {
	m := compiled(t, `
| survey |      |       |       |              |
|        | type | name  | label | constraint   |
|        | end  | end   |       |              |
|        | date | next  | Next  | . >= today() |
|        | date | born  | Born  | . <= today() |
`)
	table{
		{"ahead then", "<end>2020-05-01T10:00:00.000+05:00</end><next>2020-05-01</next>", "", ""},
		{"past then", "<end>2020-05-01T10:00:00.000+05:00</end><next>2020-04-30</next>", "constraint:/data/next", ""},
		{"born after the interview", "<end>2020-05-01T10:00:00.000+05:00</end><born>2021-01-01</born>", "constraint:/data/born", ""},
		{"its own day, not the server's", "<end>2020-05-01T00:30:00.000+05:00</end><born>2020-05-01</born>", "", ""},
	}.run(t, m)
}

// A form that records its start alone was filled between then and now.
func TestFilledOverDays(t *testing.T) {
	m := compiled(t, `
| survey |       |       |       |              |                        |
|        | type  | name  | label | constraint   | relevant               |
|        | start | start |       |              |                        |
|        | date  | seen  | Seen  | . <= today() |                        |
|        | date  | next  | Next  | . >= today() |                        |
|        | text  | late  | Late  |              | today() > date('2026-03-20') |
`)
	start := "<start>2026-03-10T10:00:00.000+05:00</start>"
	table{
		{"seen after the start", start + "<seen>2026-03-12</seen>", "", ""},
		{"seen tomorrow", start + "<seen>2026-04-02</seen>", "constraint:/data/seen", ""},
		{"ahead at the start", start + "<next>2026-03-11</next>", "", ""},
		{"never ahead", start + "<next>2026-03-09</next>", "constraint:/data/next", ""},
		{"relevant at some time", start + "<late>x</late>", "", ""},
	}.run(t, m)
}

func TestRelevanceChain(t *testing.T) {
	m := compiled(t, `
| survey  |                |      |       |                |
|         | type           | name | label | relevant       |
|         | select_one yn  | a    | A     |                |
|         | select_one yn  | b    | B     | ${a} = 'yes'   |
|         | select_one yn  | c    | C     | ${b} = 'yes'   |
|         | begin group    | g    | G     | ${c} = 'yes'   |
|         | text           | d    | D     |                |
|         | end group      |      |       |                |
|         | text           | e    | E     | ${d} != ''     |
| choices |                |      |       |                |
|         | list_name      | name | label |                |
|         | yn             | yes  | Yes   |                |
|         | yn             | no   | No    |                |
`)
	table{
		{"all the way", "<a>yes</a><b>yes</b><c>yes</c><g><d>x</d></g><e>y</e>", "", ""},
		{"cut at the start", "<a>no</a><b>yes</b><c>yes</c><g><d>x</d></g><e>y</e>",
			"irrelevant:/data/b irrelevant:/data/c irrelevant:/data/g/d irrelevant:/data/e", ""},
		{"cut in the middle", "<a>yes</a><b>no</b><c/><g><d/></g><e/>", "", ""},
		{"an answer behind the cut", "<a>yes</a><b>no</b><e>y</e>", "irrelevant:/data/e", ""},
		{"nothing", "", "", ""},
	}.run(t, m)
}

func TestChoices(t *testing.T) {
	m := compiled(t, `
| survey  |                       |      |       |                      |             |
|         | type                  | name | label | choice_filter        | appearance  |
|         | select_one prov       | p    | P     |                      |             |
|         | select_one dist       | d    | D     | prov = ${p}          |             |
|         | select_multiple town  | t    | T     | dist = ${d} and big = '1' |        |
|         | select_multiple prov  | all  | All   |                      |             |
|         | rank prov             | r    | R     |                      |             |
|         | select_one prov or_other | o | O     |                      |             |
| choices |                       |      |       |                      |             |
|         | list_name             | name | label | prov                 | dist | big  |
|         | prov                  | pb   | Punjab |                     |      |      |
|         | prov                  | sd   | Sindh |                      |      |      |
|         | dist                  | lhe  | Lahore | pb                  |      |      |
|         | dist                  | khi  | Karachi | sd                 |      |      |
|         | town                  | shah | Shahdara |                   | lhe  | 1    |
|         | town                  | rai  | Raiwind |                    | lhe  | 1    |
|         | town                  | smal | Small |                      | lhe  | 0    |
|         | town                  | lya  | Lyari |                      | khi  | 1    |
`)
	table{
		{"a cascade", "<p>pb</p><d>lhe</d><t>shah rai</t>", "", ""},
		{"a district of another province", "<p>sd</p><d>lhe</d>", "choice:/data/d", ""},
		{"one wrong among several", "<p>pb</p><d>lhe</d><t>shah lya</t>", "choice:/data/t", ""},
		{"a filter with two parts", "<p>pb</p><d>lhe</d><t>smal</t>", "choice:/data/t", ""},
		{"no such code", "<p>xx</p>", "choice:/data/p", ""},
		{"two where one is asked", "<p>pb sd</p>", "choice:/data/p", ""},
		{"several", "<all>pb  sd</all><r>sd pb</r>", "", ""},
		{"several with a stranger", "<all>pb zz</all><r>sd zz</r>", "choice:/data/all choice:/data/r", ""},
		{"other", "<o>other</o><o_other>x</o_other>", "", ""},
		{"a district without a province", "<d>lhe</d>", "choice:/data/d", ""},
	}.run(t, m)
}

func TestRange(t *testing.T) {
	m := compiled(t, `
| survey |       |      |       |                       |
|        | type  | name | label | parameters            |
|        | range | r    | R     | start=0 end=10 step=2 |
|        | range | f    | F     | start=0.5 end=2 step=0.5 |
`)
	table{
		{"on the scale", "<r>4</r><f>1.5</f>", "", ""},
		{"between steps", "<r>3</r>", "range:/data/r", ""},
		{"beyond", "<r>12</r><f>2.5</f>", "range:/data/r range:/data/f", ""},
	}.run(t, m)
}

func TestRepeats(t *testing.T) {
	m := compiled(t, `
| survey |              |        |        |                                             |            |           |            |
|        | type         | name   | label  | calculation                                 | constraint | relevant  | repeat_count |
|        | integer      | n      | How many |                                           |            |           |            |
|        | begin repeat | person | Person |                                             |            |           | ${n}       |
|        | text         | name   | Name   |                                             |            |           |            |
|        | integer      | age    | Age    |                                             | . < 120    |           |            |
|        | text         | school | School |                                             |            | ${age} < 18 |          |
|        | calculate    | before |        | indexed-repeat(${age}, ${person}, position(..) - 1) |    |           |            |
|        | end repeat   |        |        |                                             |            |           |            |
|        | calculate    | total  |        | sum(${age})                                 |            |           |            |
|        | calculate    | second |        | indexed-repeat(${name}, ${person}, 2)       |            |           |            |
|        | text         | old    | Old    |                                             |            | ${total} > 100 |       |
`)
	one, two := "<person><name>A</name><age>40</age><before>40</before></person>", "<person><name>B</name><age>10</age><school>S</school><before>40</before></person>"
	table{
		{"two rounds", "<n>2</n>" + one + two + "<total>50</total><second>B</second>", "", ""},
		{"one too few", "<n>2</n>" + one + "<total>40</total><second/>", "count:/data/person", ""},
		{"one too many", "<n>1</n>" + one + two + "<total>50</total><second>B</second>", "count:/data/person", ""},
		{"none, and none wanted", "<n>0</n><total>0</total><second/>", "", ""},
		{"none, and two wanted", "<n>2</n><total>0</total><second/>", "count:/data/person", ""},
		{"a wrong sum", "<n>2</n>" + one + two + "<total>51</total><second>B</second>", "", "calculated:/data/total"},
		{"an answer in one round that belongs in another", "<n>2</n><person><name>A</name><age>40</age><school>S</school><before>40</before></person>" + two + "<total>50</total><second>B</second>",
			"irrelevant:/data/person[1]/school", ""},
		{"a broken rule in one round", "<n>2</n>" + one + "<person><name>B</name><age>130</age><before>40</before></person><total>170</total><second>B</second><old>x</old>", "constraint:/data/person[2]/age", ""},
	}.run(t, m)
}

func TestNestedRepeatsKeepToThemselves(t *testing.T) {
	m := compiled(t, `
| survey |              |      |       |             |              |           |
|        | type         | name | label | calculation | repeat_count | relevant  |
|        | begin repeat | leg  | Leg   |             |              |           |
|        | integer      | stops | Stops |            |              |           |
|        | begin repeat | stop | Stop  |             | ${stops}     |           |
|        | text         | at   | At    |             |              |           |
|        | end repeat   |      |       |             |              |           |
|        | calculate    | k    |       | count(${stop}) |           |           |
|        | text         | long | Long  |             |              | ${k} > 1  |
|        | end repeat   |      |       |             |              |           |
`)
	table{
		{"each its own", "<leg><stops>1</stops><stop><at>x</at></stop><k>1</k></leg><leg><stops>2</stops><stop><at>y</at></stop><stop><at>z</at></stop><k>2</k><long>l</long></leg>", "", ""},
		{"the second is short", "<leg><stops>1</stops><stop><at>x</at></stop><k>1</k></leg><leg><stops>2</stops><stop><at>y</at></stop><k>1</k></leg>", "count:/data/leg[2]/stop", ""},
		{"the first has too much", "<leg><stops>1</stops><stop><at>x</at></stop><k>1</k><long>l</long></leg><leg><stops>0</stops><k>0</k></leg>", "irrelevant:/data/leg[1]/long", ""},
	}.run(t, m)
}

func TestCalculatedValuesAreNotes(t *testing.T) {
	m := compiled(t, `
| survey  |               |       |        |                                 |          |
|         | type          | name  | label::English (en) | label::Urdu (ur)   | calculation |
|         | integer       | a     | A      | ا                               |          |
|         | select_one yn | q     | Q      | س                               |          |
|         | calculate     | twice |        |                                 | ${a} * 2 |
|         | calculate     | ratio |        |                                 | ${a} div 3 |
|         | calculate     | id    |        |                                 | once(uuid()) |
|         | calculate     | day   |        |                                 | today()  |
|         | calculate     | said  |        |                                 | jr:choice-name(${q}, '${q}') |
|         | calculate     | list  |        |                                 | pulldata('villages', 'name', 'code', ${a}) |
| choices |               |       |        |                                 |          |
|         | list_name     | name  | label::English (en) | label::Urdu (ur)   |          |
|         | yn            | yes   | Yes    | ہاں                             |          |
`)
	rest := "<q>yes</q><said>Yes</said><id>uuid-made-on-a-phone</id><day>2019-01-01</day>"
	missing := "unchecked:/data/list"
	table{
		{"as calculated", "<a>3</a><twice>6</twice><ratio>1</ratio>" + rest, "", missing},
		{"rounded otherwise", "<a>1</a><twice>2.0</twice><ratio>0.33333333</ratio>" + rest, "", missing},
		{"changed", "<a>3</a><twice>7</twice><ratio>1</ratio>" + rest, "", "calculated:/data/twice " + missing},
		{"in the other language", "<a>3</a><twice>6</twice><ratio>1</ratio><q>yes</q><said>ہاں</said>", "", missing},
		{"in no language", "<a>3</a><twice>6</twice><ratio>1</ratio><q>yes</q><said>Oui</said>", "", "calculated:/data/said " + missing},
	}.run(t, m)
}

func TestStrangeNodes(t *testing.T) {
	m := compiled(t, `
| survey |      |      |       |
|        | type | name | label |
|        | text | a    | A     |
`)
	table{
		{"kept and listed", "<a>1</a><b>2</b><c><d>3</d></c>", "", "unknown:/data/b unknown:/data/c"},
		{"two answers to one question", "<a>1</a><a>2</a>", "repeated:/data/a[2]", ""},
		{"inside an answer", "<a>1<x>2</x></a>", "", "unknown:/data/a/x"},
	}.run(t, m)
	if r := m.Validate([]byte(`<data id="other"><meta><instanceID>uuid:1</instanceID></meta></data>`)); codes(r.Failures) != "form:/data" {
		t.Errorf("another form: %q", codes(r.Failures))
	}
	if r := m.Validate([]byte(`<data`)); r.Fits() || r.Failures[0].Rule != xform.Unreadable {
		t.Errorf("no XML: %+v", r)
	}
	meta := `<data id="` + m.ID + `" xmlns:x="http://openrosa.org/xforms"><a>1</a><x:meta><x:instanceID>uuid:1</x:instanceID><x:timeStart>2026-01-01T00:00:00Z</x:timeStart></x:meta></data>`
	if r := m.Validate([]byte(meta)); !r.Fits() || len(r.Notes) > 0 {
		t.Errorf("meta under a prefix: %+v", r)
	}
}
