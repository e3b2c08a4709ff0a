package synth

import (
	"bytes"
	"context"
	"encoding/csv"
	"encoding/json"
	"errors"
	"math"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"aman/release/dp"
)

func TestEveryMethodMakesASoundRelease(t *testing.T) {
	d, tab := toyDomain(), toyTable(2000, 9)
	for _, m := range Methods {
		g := grantOf(t, 8)
		r, err := Run(context.Background(), d, tab, g, quick(m))
		if err != nil {
			t.Fatalf("%s: %v", m, err)
		}
		if g.Left() < 0 || g.Left() > dp.RhoUnit/1000 {
			t.Errorf("%s: %v of the grant is left", m, g.Left())
		}
		if math.Abs(float64(r.Rows.Rows)-2000) > 100 {
			t.Errorf("%s: %d rows for 2,000 people", m, r.Rows.Rows)
		}
		if err := r.Rows.check(); err != nil {
			t.Errorf("%s: %v", m, err)
		}
		for row := range r.Rows.Rows {
			if r.Rows.Cols[2][row] == 0 && r.Rows.Cols[3][row] != 0 {
				t.Fatalf("%s: an impossible record in row %d", m, row)
			}
		}
		for _, a := range r.Aggregates {
			if a.Low > a.High || a.Count < 1 || a.Supported && (a.Low > a.Count || a.High < a.Count) || !a.Supported && a.Count > 9 {
				t.Fatalf("%s: %+v", m, a)
			}
		}
		off := 0.0
		for k, x := range brute(tab, []int{1, 3}) {
			off += math.Abs(float64(x) - float64(brute(r.Rows, []int{1, 3})[k]))
		}
		if limit := map[string]float64{Independent: 2000}[m]; off > max(limit, 500) {
			t.Errorf("%s: the strongest pair is off by %g people in all", m, off)
		}
	}
}

// Aggregates of plain counts must hold the truth about as often as they say.
func TestIntervalsCover(t *testing.T) {
	tab := toyTable(3000, 11)
	in, all := 0, 0
	for range 8 {
		opt := quick(Tree)
		opt.Seed = [2]uint64{}
		r, err := Run(context.Background(), toyDomain(), tab, grantOf(t, 4), opt)
		if err != nil {
			t.Fatal(err)
		}
		for _, a := range r.Aggregates {
			var set []int
			for i := range int(a.Length) {
				set = append(set, int(a.Attr[i]))
			}
			cell := 0
			for i, at := range set {
				cell = cell*tab.Attrs[at].Size() + int(a.Code[i])
			}
			if x := brute(tab, set)[cell]; x >= int64(a.Low) && x <= int64(a.High) {
				in++
			}
			all++
		}
	}
	if share := float64(in) / float64(all); share < 0.88 || share > 0.999 {
		t.Errorf("%d of %d intervals hold the truth", in, all)
	}
}

func TestCancelled(t *testing.T) {
	for stage := range 4 {
		ctx, cancel := context.WithCancel(context.Background())
		opt := quick(Tree)
		n := 0
		opt.Progress = func(string, float64) {
			if n++; n > stage*10 {
				cancel()
			}
		}
		if _, err := Run(ctx, toyDomain(), toyTable(500, 3), grantOf(t, 4), opt); !errors.Is(err, context.Canceled) {
			t.Errorf("cancelled after %d reports: %v", stage*10, err)
		}
		cancel()
	}
}

func TestEmptyTable(t *testing.T) {
	for _, m := range Methods {
		if _, err := Run(context.Background(), toyDomain(), toyDomain().NewTable(0), grantOf(t, 1), quick(m)); err != nil {
			t.Errorf("%s: nobody in the table: %v", m, err)
		}
	}
}

func TestOptionsAreRefused(t *testing.T) {
	for _, o := range []Options{{Method: "gan"}, {Length: 5}, {OneWay: 0.5, Select: 0.5}, {MaxTable: 1 << 20}} {
		if _, err := Run(context.Background(), toyDomain(), toyTable(10, 1), grantOf(t, 1), o); err == nil {
			t.Errorf("%+v was accepted", o)
		}
	}
}

// TestCommand runs the whole of `aman synth` on a file.
func TestCommand(t *testing.T) {
	dir := t.TempDir()
	in := filepath.Join(dir, "people.csv")
	var b bytes.Buffer
	d, tab := toyDomain(), toyTable(800, 4)
	if err := d.WriteCSV(&b, tab); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(in, b.Bytes(), 0o600); err != nil {
		t.Fatal(err)
	}
	c := &Command{Input: in, Domain: filepath.Join(dir, "domain.yaml"), Multi: map[string]string{"means": ";"}, Epsilon: 2,
		Options: quick(Tree), Out: filepath.Join(dir, "out"), Ledger: filepath.Join(dir, "people.ledger"), BudgetEpsilon: 2.5}
	var draft bytes.Buffer
	if err := c.Suggest(&draft); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(c.Domain, draft.Bytes(), 0o600); err != nil {
		t.Fatal(err)
	}
	r, err := c.Run(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	var m Manifest
	raw, err := os.ReadFile(filepath.Join(c.Out, "manifest.json"))
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(raw, &m); err != nil {
		t.Fatal(err)
	}
	if m.Ledger.Hash == "" || m.Files["synthetic.csv"] == "" || m.Files["report/index.html"] == "" || !m.LedgerKept {
		t.Errorf("manifest: %+v", m)
	}
	f, err := os.Open(filepath.Join(c.Out, "synthetic.csv"))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	back, _ := ParseDomain(draft.Bytes())
	got, err := back.ReadCSV("synthetic.csv", f)
	if err != nil || !reflect.DeepEqual(got.Cols, r.Rows.Cols) {
		t.Errorf("the file does not read back as what was released: %v", err)
	}
	agg, _ := os.ReadFile(filepath.Join(c.Out, "aggregates.csv"))
	lines, err := csv.NewReader(bytes.NewReader(agg)).ReadAll()
	if err != nil || len(lines) != len(r.Aggregates)+1 {
		t.Errorf("aggregates: %d lines, %v", len(lines), err)
	}
	var bad *InputError
	if _, err := c.Run(context.Background()); !errors.As(err, &bad) || !strings.Contains(err.Error(), "already holds") {
		t.Errorf("a second run into the same folder: %v", err)
	}
	c.Out = filepath.Join(dir, "again")
	if _, err := c.Run(context.Background()); !errors.As(err, &bad) || !strings.Contains(err.Error(), "budget") {
		t.Errorf("a second run beyond the budget: %v", err)
	}
	if p, err := Predict(context.Background(), back, got, dp.RhoUnit, quick(Tree)); err != nil || len(p) != 3 || !(p[0] > 0) {
		t.Errorf("prediction %v, %v", p, err)
	}
}
