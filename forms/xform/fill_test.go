package xform_test

import (
	"errors"
	"strings"
	"sync"
	"testing"
	"time"

	"aman/forms/xform"
)

var noon = xform.Conditions{Now: time.Date(2026, 3, 31, 12, 0, 0, 0, time.UTC)}

func TestStartOfAnInstance(t *testing.T) {
	m := compiled(t, `
| survey |              |        |        |                |             |                |
|        | type         | name   | label  | default        | calculation | trigger        |
|        | start        | start  |        |                |             |                |
|        | today        | day    |        |                |             |                |
|        | integer      | n      | N      | 3              |             |                |
|        | date         | when   | When   | today()        |             |                |
|        | calculate    | twice  |        |                | ${n} * 2    |                |
|        | dateTime     | at     | At     |                | now()       | ${n}           |
|        | begin repeat | leg    | Leg    |                |             |                |
|        | integer      | k      | K      | position(..) + 10 |          |                |
|        | text         | from   | From   | here           |             |                |
|        | end repeat   |        |        |                |             |                |
`)
	f := m.Start(noon)
	for path, want := range map[string]string{
		"/data/start": "2026-03-31T12:00:00.000Z", "/data/day": "2026-03-31", "/data/n": "3", "/data/when": "2026-03-31", "/data/twice": "6", "/data/at": "",
		"/data/leg[1]/k": "11", "/data/leg[1]/from": "here",
	} {
		if got := f.Value(path); got != want {
			t.Errorf("%s is %q, want %q", path, got, want)
		}
	}
	if id := f.Value("/data/meta/instanceID"); !strings.HasPrefix(id, "uuid:") || len(id) != 41 {
		t.Errorf("instance id %q", id)
	}
	if err := f.Set("/data/n", "5"); err != nil {
		t.Fatal(err)
	}
	if f.Value("/data/twice") != "10" || f.Value("/data/at") == "" {
		t.Errorf("twice %q, at %q", f.Value("/data/twice"), f.Value("/data/at"))
	}
	path, err := f.Add("/data/leg")
	if err != nil || path != "/data/leg[2]" || f.Value("/data/leg[2]/k") != "12" || f.Value("/data/leg[2]/from") != "here" || f.Value("/data/leg[1]/k") != "11" {
		t.Errorf("%s %v: %s", path, err, f.XML())
	}
	if err := f.Set("/data/nothing", "x"); !errors.Is(err, xform.ErrNoNode) {
		t.Errorf("setting nothing: %v", err)
	}
	if _, err := f.Add("/data/n"); !errors.Is(err, xform.ErrNoNode) {
		t.Errorf("a round of a question: %v", err)
	}
	if r := f.Check(); !r.Fits() {
		t.Error(codes(r.Failures))
	}
}

func TestRoundsFollowTheirCount(t *testing.T) {
	m := compiled(t, `
| survey |              |       |       |              |             |
|        | type         | name  | label | repeat_count | calculation |
|        | integer      | n     | N     |              |             |
|        | begin repeat | outer | Outer | ${n}         |             |
|        | begin repeat | inner | Inner | 2            |             |
|        | text         | x     | X     |              |             |
|        | end repeat   |       |       |              |             |
|        | end repeat   |       |       |              |             |
|        | calculate    | all   |       |              | count(${x}) |
`)
	f := m.Start(noon)
	for _, step := range []struct{ n, all string }{{"2", "4"}, {"3", "6"}, {"1", "2"}, {"0", "0"}, {"", "0"}} {
		if err := f.Set("/data/n", step.n); err != nil {
			t.Fatal(err)
		}
		if got := f.Value("/data/all"); got != step.all {
			t.Errorf("%s rounds: %s inside, want %s", step.n, got, step.all)
		}
		if r := f.Check(); !r.Fits() {
			t.Errorf("%s rounds: %s", step.n, codes(r.Failures))
		}
	}
	if err := f.Set("/data/n", "1000000000"); err != nil {
		t.Fatal(err)
	}
	if n := strings.Count(string(f.XML()), "<outer>"); n == 0 || n > 5000 {
		t.Errorf("%d rounds of a thousand million", n)
	}
}

// Entities live in attributes of meta/entity, which binds calculate.
func TestEntities(t *testing.T) {
	m := compiled(t, `
| survey   |           |      |       |         |
|          | type      | name | label | save_to |
|          | text      | who  | Who   | name_of |
| entities |           |      |       |         |
|          | list_name | label | create_if |     |
|          | people    | ${who} | ${who} != '' | |
`)
	f := m.Start(noon)
	if err := f.Set("/data/who", "Gul"); err != nil {
		t.Fatal(err)
	}
	sent := string(f.XML())
	if !strings.Contains(sent, `dataset="people"`) || !strings.Contains(sent, "<label>Gul</label>") {
		t.Fatal(sent)
	}
	r := m.Validate([]byte(sent))
	if !r.Fits() || len(r.Notes) > 0 {
		t.Errorf("failures %s, notes %s", codes(r.Failures), codes(r.Notes))
	}
	r = m.Validate([]byte(strings.Replace(sent, "<label>Gul</label>", "<label>Somebody</label>", 1)))
	if got := codes(r.Notes); got != "calculated:/data/meta/entity/label" {
		t.Errorf("notes %q", got)
	}
}

func TestModelSaysWhatTheFormHolds(t *testing.T) {
	m := compiled(t, `
| survey  |                      |      |                     |                  |                     |             |
|         | type                 | name | label::English (en) | label::Urdu (ur) | hint::English (en)  | image::English (en) |
|         | text                 | a    | Name                | نام              | As in the passport  | face.png    |
|         | select_one_from_file towns.csv | b | Town       | شہر              |                     |             |
|         | begin repeat         | r    | Round               | دور              |                     |             |
|         | text                 | c    | C                   | ج                |                     |             |
|         | end repeat           |      |                     |                  |                     |             |
`)
	q := m.Questions[0]
	if xform.Text(q.Label, "ur") != "نام" || xform.Text(q.Hint, "en") != "As in the passport" || q.Media["image"]["English (en)"] != "jr://images/face.png" {
		t.Errorf("%+v", q)
	}
	if len(m.Externals) != 1 || m.Externals[0].Source != "jr://file-csv/towns.csv" || m.Externals[0].Found {
		t.Errorf("%+v", m.Externals)
	}
	if len(m.Repeats) != 1 || m.Repeats[0] != "/data/r" || m.Binds["/data/a"].Type != "string" {
		t.Errorf("%v %v", m.Repeats, m.Binds)
	}
}

// One model serves many at once.
func TestModelIsShared(t *testing.T) {
	m := load(t, msna)
	f := m.Start(noon)
	if err := f.Set("/data/introduction/consent", "yes"); err != nil {
		t.Fatal(err)
	}
	body := f.XML()
	first := m.Validate(body)
	want := codes(first.Failures)
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			for range 5 {
				if r := m.Validate(body); codes(r.Failures) != want {
					t.Error("another report")
				}
			}
		})
	}
	wg.Wait()
}

func TestTextByLanguage(t *testing.T) {
	words := xform.Words{"English (en)": "Name", "Urdu (ur)": "نام"}
	for lang, want := range map[string]string{"en": "Name", "UR": "نام", "Urdu (ur)": "نام", "id": "Name", "": "Name"} {
		if got := xform.Text(words, lang); got != want {
			t.Errorf("%q: %q, want %q", lang, got, want)
		}
	}
	if xform.Text(nil, "en") != "" || xform.Text(xform.Words{"": "plain"}, "en") != "plain" {
		t.Error("no language")
	}
}
