package screening

import (
	"bytes"
	"encoding/json"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/goccy/go-yaml"
	"github.com/google/go-cmp/cmp"
)

var update = flag.Bool("update", false, "write the golden files anew")

// TestScenarios runs each testdata/scenarios/*.yaml. The file says what a
// domain person expects of each standard under "expect"; the .txt beside it
// holds the whole report as it is read.
func TestScenarios(t *testing.T) {
	lib := library(t)
	files, err := filepath.Glob("testdata/scenarios/*.yaml")
	if err != nil || len(files) == 0 {
		t.Fatalf("no scenarios: %v", err)
	}
	for _, name := range files {
		t.Run(strings.TrimSuffix(filepath.Base(name), ".yaml"), func(t *testing.T) {
			data, err := os.ReadFile(name)
			if err != nil {
				t.Fatal(err)
			}
			req, err := lib.ReadRequest(data)
			if err != nil {
				t.Fatal(err)
			}
			report := lib.Screen(req)
			checkExpected(t, data, report)
			for _, lang := range scenarioLanguages(data) {
				var text bytes.Buffer
				if err := lib.WriteText(&text, report, lang); err != nil {
					t.Fatal(err)
				}
				checkGolden(t, strings.TrimSuffix(name, ".yaml")+"."+lang+".txt", text.Bytes())
			}
			if strings.Contains(name, "two-sources-disagree") { // one is enough to keep the stored form stable
				var stored bytes.Buffer
				if err := WriteJSON(&stored, report); err != nil {
					t.Fatal(err)
				}
				checkGolden(t, strings.TrimSuffix(name, ".yaml")+".json", stored.Bytes())
			}
		})
	}
}

// scenarioLanguages: English always, others where the first line asks for them
// ("# ... [ur id]").
func scenarioLanguages(data []byte) []string {
	first, _, _ := strings.Cut(string(data), "\n")
	langs := []string{"en"}
	for _, lang := range []string{"ur", "id"} {
		if strings.HasPrefix(first, "# [") && strings.Contains(first, lang) {
			langs = append(langs, lang)
		}
	}
	return langs
}

func checkExpected(t *testing.T, data []byte, report Report) {
	t.Helper()
	type expected map[string]string
	var file struct {
		Expect   expected                    `yaml:"expect"`
		Episodes []struct{ Expect expected } `yaml:"episodes"`
	}
	if err := yaml.Unmarshal(data, &file); err != nil { // not strict: the rest is for ReadRequest
		t.Fatal(err)
	}
	var want []expected
	for _, e := range file.Episodes {
		want = append(want, e.Expect)
	}
	if want == nil {
		want = []expected{file.Expect}
	}
	if len(want) != len(report.Episodes) {
		t.Fatalf("%d expectations for %d episodes", len(want), len(report.Episodes))
	}
	for i, ep := range report.Episodes {
		if len(want[i]) == 0 {
			t.Errorf("episode %d expects nothing", i+1)
		}
		got := expected{}
		for _, f := range ep.Findings {
			if _, asked := want[i][f.Standard.ID]; asked {
				got[f.Standard.ID] = f.Outcome.Key
			}
		}
		for _, ref := range ep.NotInForce {
			if _, asked := want[i][ref.ID]; asked {
				got[ref.ID] = "not_in_force"
			}
		}
		if diff := cmp.Diff(want[i], got); diff != "" {
			t.Errorf("episode %d (-expected +found):\n%s", i+1, diff)
		}
	}
}

func checkGolden(t *testing.T, name string, got []byte) {
	t.Helper()
	if *update {
		if err := os.WriteFile(name, got, 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	want, err := os.ReadFile(name)
	if err != nil {
		t.Fatalf("%v (run the test with -update to write it, then read it)", err)
	}
	if diff := cmp.Diff(string(want), string(got)); diff != "" {
		t.Errorf("%s (-golden +now):\n%s", name, diff)
	}
}

// TestFindingIsStable stores a finding as JSON and reads it back: nothing is
// lost, and evaluating again gives the same bytes.
func TestFindingIsStable(t *testing.T) {
	lib := library(t)
	data, err := os.ReadFile("testdata/scenarios/child-moved-without-means.yaml")
	if err != nil {
		t.Fatal(err)
	}
	encode := func() []byte {
		req, err := lib.ReadRequest(data)
		if err != nil {
			t.Fatal(err)
		}
		b, err := json.Marshal(lib.Screen(req))
		if err != nil {
			t.Fatal(err)
		}
		return b
	}
	first := encode()
	if !bytes.Equal(first, encode()) {
		t.Error("two evaluations of the same facts differ")
	}
	var back Report
	if err := json.Unmarshal(first, &back); err != nil {
		t.Fatal(err)
	}
	again, err := json.Marshal(back)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(first, again) {
		t.Error("reading a stored report and writing it again changes it")
	}
}
