// Command pacsynth runs Microsoft's Synthetic Data Showcase (pac-synth on PyPI) and Aman in turn on the
// CTDC Victim-Perpetrator file, with the same epsilon, delta, columns and length, and prints how they compare.
//
//	python3.11 -m venv VENV && VENV/bin/pip install pac-synth==0.0.8 pandas
//	go run ./bench/pacsynth -python VENV/bin/python
//
// The file is not part of the project: it is found in a folder named shared above, or in AMAN_SHARED, or by -data.
package main

import (
	"context"
	"encoding/csv"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"log"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"aman/release/evaluate"
	"aman/release/synth"
)

var (
	data   = flag.String("data", "", "the CSV file")
	python = flag.String("python", "python3", "a Python with pac-synth")
	out    = flag.String("out", filepath.Join(os.TempDir(), "bench-pacsynth"), "folder for what both release")
	reuse  = flag.Bool("reuse", false, "keep the peer's earlier output where there is one")
	eps    = flag.String("epsilon", "1,4,12", "values of epsilon")
	delta  = flag.Float64("delta", 4.7e-6, "delta; 1/(n ln n) for this file")
	length = flag.Int("length", 4, "reporting length")
	seeds  = flag.Int("seeds", 5, "runs of each")
	only   = flag.String("only", "", "aman: leave the peer out")
	method = flag.String("method", "", "Aman's method")
)

// figures of one run, by name.
type figures map[string]float64

func main() {
	log.SetFlags(0)
	flag.Parse()
	if *data == "" {
		*data = find("data/ctdc/victim-perpetrator-synthetic.csv")
	}
	truth, domain := load(*data)
	for _, text := range strings.Split(*eps, ",") {
		e, err := strconv.ParseFloat(text, 64)
		must(err)
		var peer, aman []figures
		for seed := 1; seed <= *seeds; seed++ {
			if *only == "" {
				peer = append(peer, runPeer(truth, domain, text, seed))
			}
			aman = append(aman, runAman(truth, domain, e))
			fmt.Fprintf(os.Stderr, "epsilon %s, run %d of %d done\n", text, seed, *seeds)
		}
		report(text, peer, aman)
	}
}

// names of figures, and the target of the ratio Aman / peer at epsilon 1, 4 and 12 (negative: an absolute bound).
var rows = []struct {
	name    string
	targets map[string]float64
}{
	{"synthetic MAE, count>=10", map[string]float64{"1": 0.25, "4": 0.40, "12": 0.65}},
	{"aggregates MAE, count>=10", map[string]float64{"1": 0.5, "4": 0.8, "12": 0.8}},
	{"TVD, 3-way", map[string]float64{"1": 0.20, "4": 0.20, "12": 0.35}},
	{"synthetic missing, %", map[string]float64{"1": -0.5, "4": -0.5, "12": -0.5}},
	{"aggregates missing, %", map[string]float64{"1": -0.5, "4": -0.5, "12": -0.5}},
	{"synthetic invented, %", map[string]float64{"1": -2, "4": -2, "12": -2}},
	{"aggregates invented, %", map[string]float64{"1": -2, "4": -2, "12": -2}},
	{"supported only: missing, %", nil},
	{"supported only: invented, %", nil},
	{"synthetic MAE, union", nil},
	{"aggregates MAE, union", nil},
	{"TVD, 1-way", nil},
	{"TVD, 2-way", nil},
	{"95 % intervals cover, %", nil},
	{"the same, count>=10, %", nil},
	{"row count off, %", map[string]float64{"1": -0.5, "4": -0.5, "12": -0.5}},
	{"seconds", nil},
	{"peak memory, MB", nil},
}

func report(epsilon string, peer, aman []figures) {
	fmt.Printf("\nepsilon %s: median (range) over %d runs\n", epsilon, len(aman))
	fmt.Printf("%-28s %26s %26s %7s %8s\n", "", "pac-synth", "Aman", "ratio", "target")
	for _, r := range rows {
		p, pm := spread(peer, r.name)
		a, am := spread(aman, r.name)
		ratio, target := "", ""
		if pm > 0 && am > 0 {
			ratio = fmt.Sprintf("%.3f", am/pm)
		}
		if t := r.targets[epsilon]; t > 0 {
			target = fmt.Sprintf("%.2fx %s", t, yes(am/pm <= t))
		} else if t < 0 {
			target = fmt.Sprintf("%.1f %s", -t, yes(am <= -t))
		}
		fmt.Printf("%-28s %26s %26s %7s %8s\n", r.name, p, a, ratio, target)
	}
}

func yes(b bool) string {
	if b {
		return "yes"
	}
	return "NO"
}

func spread(runs []figures, name string) (string, float64) {
	var x []float64
	for _, r := range runs {
		if v, ok := r[name]; ok {
			x = append(x, v)
		}
	}
	if len(x) == 0 {
		return "", 0
	}
	slices.Sort(x)
	m := x[len(x)/2]
	return fmt.Sprintf("%.4g (%.4g-%.4g)", m, x[0], x[len(x)-1]), m
}

func load(path string) (*synth.Table, *synth.Domain) {
	f, err := os.Open(path)
	must(err)
	defer f.Close()
	d, err := synth.SuggestDomain("data", f, nil) // the public file stands in for a public code list
	must(err)
	_, err = f.Seek(0, io.SeekStart)
	must(err)
	t, err := d.ReadCSV("data", f)
	must(err)
	return t, d
}

func runPeer(truth *synth.Table, d *synth.Domain, epsilon string, seed int) figures {
	dir := filepath.Join(*out, epsilon, strconv.Itoa(seed))
	if _, err := os.Stat(filepath.Join(dir, "run.json")); err != nil || !*reuse {
		must(command(*python, filepath.Join("bench", "pacsynth", "peer.py"), *data, epsilon,
			strconv.FormatFloat(*delta, 'g', -1, 64), strconv.Itoa(*length), dir))
	}
	b, err := os.ReadFile(filepath.Join(dir, "run.json"))
	must(err)
	var run struct {
		Seconds float64 `json:"seconds"`
		Peak    float64 `json:"peak_mb"`
		Rows    float64 `json:"rows"`
	}
	must(json.Unmarshal(b, &run))
	f := figures{"seconds": run.Seconds, "peak memory, MB": run.Peak, "row count off, %": off(run.Rows, truth)}
	file, err := os.Open(filepath.Join(dir, "synthetic.csv"))
	must(err)
	defer file.Close()
	t, err := d.ReadCSV("synthetic", file)
	must(err)
	scoreTable(f, truth, t)
	scoreAggregates(f, "aggregates", truth, peerAggregates(filepath.Join(dir, "aggregates.csv"), truth))
	return f
}

func off(rows float64, truth *synth.Table) float64 {
	return 100 * max(rows-float64(truth.Rows), float64(truth.Rows)-rows) / float64(truth.Rows)
}

func scoreTable(f figures, truth, t *synth.Table) {
	r, err := evaluate.Tables(context.Background(), truth, t, *length)
	must(err)
	f["synthetic MAE, count>=10"] = r.All.MAEBig
	f["synthetic MAE, union"] = r.All.MAEUnion
	f["synthetic missing, %"] = 100 * r.All.MissingShare()
	f["synthetic invented, %"] = 100 * r.All.InventedShare()
	for k, v := range r.TVD {
		f[fmt.Sprintf("TVD, %d-way", k+1)] = v
	}
}

func scoreAggregates(f figures, what string, truth *synth.Table, counts map[string]float64) {
	r, err := evaluate.Aggregates(context.Background(), truth, evaluate.Lookup(truth, counts), *length)
	must(err)
	if what == "aggregates" {
		f["aggregates MAE, count>=10"] = r.All.MAEBig
		f["aggregates MAE, union"] = r.All.MAEUnion
		f["aggregates missing, %"] = 100 * r.All.MissingShare()
		f["aggregates invented, %"] = 100 * r.All.InventedShare()
		return
	}
	f[what+": missing, %"] = 100 * r.All.MissingShare()
	f[what+": invented, %"] = 100 * r.All.InventedShare()
}

// peerAggregates reads "column:value" pairs joined by a unit separator.
func peerAggregates(path string, truth *synth.Table) map[string]float64 {
	f, err := os.Open(path)
	must(err)
	defer f.Close()
	rows, err := csv.NewReader(f).ReadAll()
	must(err)
	counts := map[string]float64{}
	for _, row := range rows[1:] {
		n, err := strconv.ParseFloat(row[1], 64)
		must(err)
		var attrs, codes []int
		for _, pair := range strings.Split(row[0], "\x1f") {
			column, value, _ := strings.Cut(strings.ReplaceAll(pair, "<semicolon>", ";"), ":")
			a := slices.IndexFunc(truth.Attrs, func(a synth.Attr) bool { return a.Column == column })
			attrs, codes = append(attrs, a), append(codes, slices.Index(truth.Attrs[a].Codes, value))
		}
		counts[evaluate.Key(attrs, codes)] = n
	}
	return counts
}

func must(err error) {
	if err != nil {
		log.Fatal(err)
	}
}
