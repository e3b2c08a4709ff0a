package screening

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

func TestReadRequestRefuses(t *testing.T) {
	lib := library(t)
	cases := []struct{ name, data, message string }{
		{"a fact that does not exist", "facts: {act.recruitmnt: yes}", "act.recruitmnt"},
		{"a standard that does not exist", "standards: [palermo]\nfacts: {}", "no such standard: palermo"},
		{"an HTCDS field nothing is read from", "htcds: {vic_Mood: [Sad]}", "vic_Mood"},
		{"an answer that is none of the four", "facts: {act.receipt: maybe}", `"maybe" is not an answer`},
		{"a date that is none", "conduct: spring\nfacts: {}", `"spring" is not a date`},
		{"a period that runs backwards", "conduct: 2025-03/2025-01\nfacts: {}", "ends before it begins"},
		{"a field that does not exist", "fact: {act.receipt: yes}", `unknown field "fact"`},
		{"facts at the top and in episodes", "facts: {act.receipt: yes}\nepisodes: [{facts: {}}]", "not both"},
		{"broken YAML", "facts: {act.receipt: yes", "[1:8]"},
		{"a time that is none", "recorded: {at: noon}\nfacts: {}", `"noon" is not a time`},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			_, err := lib.ReadRequest([]byte(c.data))
			if err == nil {
				t.Fatal("accepted")
			}
			if !strings.Contains(err.Error(), c.message) {
				t.Errorf("the error does not say %q: %v", c.message, err)
			}
		})
	}
}

// TestRequestAsYAMLAndJSON: the two forms of one file give the same request.
func TestRequestAsYAMLAndJSON(t *testing.T) {
	lib := library(t)
	asYAML := `
conduct: 2025-05
recorded: {by: cw-01, at: 2025-06-01, source: row 1}
person: {person.child: no}
facts:
  act.receipt: yes
  means.force: [{value: yes}, {value: no, source: row 2}]
htcds: {vic_AgeWhenTrafficked: 15}
`
	asJSON := `{"conduct": {"from": "2025-05-01", "to": "2025-05-31"},
		"recorded": {"by": "cw-01", "at": "2025-06-01T00:00:00Z", "source": "row 1"},
		"person": {"person.child": false},
		"facts": {"act.receipt": true, "means.force": [{"value": "yes"}, {"value": "no", "source": "row 2"}]},
		"htcds": {"vic_AgeWhenTrafficked": {"codes": ["15"]}}}`
	y, err := lib.ReadRequest([]byte(asYAML))
	if err != nil {
		t.Fatal(err)
	}
	j, err := lib.ReadRequest([]byte(asJSON))
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(y, j); diff != "" {
		t.Errorf("(-yaml +json):\n%s", diff)
	}
	if n := len(y.Episodes[0].Facts); n != 4 {
		t.Errorf("%d facts, want three records and one derived", n)
	}
}

func TestParsePeriod(t *testing.T) {
	cases := map[string]Period{
		"":                   {},
		"2024-02":            {"2024-02-01", "2024-02-29"},
		"2025":               {"2025-01-01", "2025-12-31"},
		"2025-03-14":         {"2025-03-14", "2025-03-14"},
		"2024-11/2025-03-02": {"2024-11-01", "2025-03-02"},
	}
	for text, want := range cases {
		if got, err := ParsePeriod(text); err != nil || got != want {
			t.Errorf("%q: %v, %v; want %v", text, got, err, want)
		}
	}
}

// TestInForceByDay holds the decision against each day of the period and each
// possible day of commencement.
func TestInForceByDay(t *testing.T) {
	day := func(n int) Date { return Date("2025-01-" + string(rune('0'+n/10)) + string(rune('0'+n%10))) }
	rapid.Check(t, func(t *rapid.T) {
		bound := func(name string) *Commencement {
			if !rapid.Bool().Draw(t, name+" given") {
				return nil
			}
			a, b := rapid.IntRange(1, 20).Draw(t, name), rapid.IntRange(0, 6).Draw(t, name+" doubt")
			return &Commencement{Earliest: day(a), Latest: day(a + b)}
		}
		e := Effect{from: bound("from"), to: bound("to")}
		a, b := rapid.IntRange(1, 20).Draw(t, "conduct"), rapid.IntRange(0, 6).Draw(t, "length")
		days := func(c *Commencement) []Date {
			var out []Date
			for n := 1; n <= 31; n++ {
				if c == nil && len(out) == 0 || c != nil && day(n) >= c.Earliest && day(n) <= c.Latest {
					out = append(out, day(n))
				}
			}
			return out
		}
		all, some := true, false
		for _, from := range days(e.from) {
			for _, to := range days(e.to) {
				for n := a; n <= a+b; n++ {
					in := (e.from == nil || day(n) >= from) && (e.to == nil || day(n) < to)
					all, some = all && in, some || in
				}
			}
		}
		want := Unknown
		switch {
		case all:
			want = Yes
		case !some:
			want = No
		}
		got := e.InForce(Period{day(a), day(a + b)})
		// Where both ends are in doubt the bounds may overlap, and the decision is
		// allowed to be the more careful Unknown.
		if got != want && got != Unknown {
			t.Fatalf("%v, want %v", got, want)
		}
		if (e.from == nil || e.to == nil) && got != want {
			t.Fatalf("one end: %v, want %v", got, want)
		}
	})
}

// FuzzReadRequest: any bytes give a request or an error, and a request that is
// accepted can be screened, written and stored.
func FuzzReadRequest(f *testing.F) {
	lib := library(f)
	names, err := filepath.Glob("testdata/scenarios/*.yaml")
	if err != nil {
		f.Fatal(err)
	}
	for _, name := range names {
		data, err := os.ReadFile(name)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(data)
	}
	f.Add([]byte(`{"facts": {"act.receipt": null}, "standards": ["ilo-eleven"]}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		req, err := lib.ReadRequest(data)
		if err != nil {
			return
		}
		if len(req.Episodes) > 3 {
			req.Episodes = req.Episodes[:3]
		}
		report := lib.Screen(req)
		if _, err := json.Marshal(report); err != nil {
			t.Fatal(err)
		}
		var text strings.Builder
		if err := lib.WriteText(&text, report, "ur"); err != nil {
			t.Fatal(err)
		}
	})
}
