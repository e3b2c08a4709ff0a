// Command pacsynth runs Microsoft's Synthetic Data Showcase (pac-synth on PyPI) and Aman in turn on the
// CTDC Victim-Perpetrator file, with the same epsilon, delta, columns and length, and prints how they compare.
//
//	python3.11 -m venv VENV && VENV/bin/pip install pac-synth==0.0.8 pandas
//	go run ./bench/pacsynth -python VENV/bin/python
//
// The file is not part of the project: it is found in a folder named shared above, or in AMAN_SHARED, or by -data.
package main

import (
	"encoding/csv"
	"encoding/json"
	"flag"
	"fmt"
	"log"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"aman/bench/pacsynth/side"
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

func main() {
	log.SetFlags(0)
	flag.Parse()
	if *data == "" {
		*data = side.Find("data/ctdc/victim-perpetrator-synthetic.csv")
	}
	truth, domain := side.Load(*data)
	for _, text := range strings.Split(*eps, ",") {
		e, err := strconv.ParseFloat(text, 64)
		side.Must(err)
		var peer, aman []side.Figures
		for seed := 1; seed <= *seeds; seed++ {
			if *only == "" {
				peer = append(peer, runPeer(truth, domain, text, seed))
			}
			aman = append(aman, side.Run{Data: *data, Epsilon: e, Delta: *delta, Length: *length, Method: *method}.Aman(truth, domain))
			fmt.Fprintf(os.Stderr, "epsilon %s, run %d of %d done\n", text, seed, *seeds)
		}
		side.Report(rows, text, "pac-synth", peer, aman)
	}
}

// rows to print; the targets are those of the project.
var rows = []side.Row{
	{Name: "synthetic MAE, count>=10", Targets: map[string]float64{"1": 0.25, "4": 0.40, "12": 0.65}},
	{Name: "aggregates MAE, count>=10", Targets: map[string]float64{"1": 0.5, "4": 0.8, "12": 0.8}},
	{Name: "TVD, 3-way", Targets: map[string]float64{"1": 0.20, "4": 0.20, "12": 0.35}},
	{Name: "synthetic missing, %", Targets: map[string]float64{"1": -0.5, "4": -0.5, "12": -0.5}},
	{Name: "aggregates missing, %", Targets: map[string]float64{"1": -0.5, "4": -0.5, "12": -0.5}},
	{Name: "synthetic invented, %", Targets: map[string]float64{"1": -2, "4": -2, "12": -2}},
	{Name: "aggregates invented, %", Targets: map[string]float64{"1": -2, "4": -2, "12": -2}},
	{Name: "supported only: missing, %"},
	{Name: "supported only: invented, %"},
	{Name: "synthetic MAE, union"},
	{Name: "aggregates MAE, union"},
	{Name: "TVD, 1-way"},
	{Name: "TVD, 2-way"},
	{Name: "95 % intervals cover, %"},
	{Name: "the same, count>=10, %"},
	{Name: "row count off, %", Targets: map[string]float64{"1": -0.5, "4": -0.5, "12": -0.5}},
	{Name: "seconds"},
	{Name: "processor seconds"},
	{Name: "peak memory, MB"},
}

func runPeer(truth *synth.Table, d *synth.Domain, epsilon string, seed int) side.Figures {
	dir := filepath.Join(*out, epsilon, strconv.Itoa(seed))
	if _, err := os.Stat(filepath.Join(dir, "run.json")); err != nil || !*reuse {
		side.Must(side.Command(*python, filepath.Join("bench", "pacsynth", "peer.py"), *data, epsilon,
			strconv.FormatFloat(*delta, 'g', -1, 64), strconv.Itoa(*length), dir))
	}
	b, err := os.ReadFile(filepath.Join(dir, "run.json"))
	side.Must(err)
	var run struct {
		Seconds float64 `json:"seconds"`
		Peak    float64 `json:"peak_mb"`
		Rows    float64 `json:"rows"`
	}
	side.Must(json.Unmarshal(b, &run))
	f := side.Figures{"seconds": run.Seconds, "peak memory, MB": run.Peak, "row count off, %": side.Off(run.Rows, truth)}
	file, err := os.Open(filepath.Join(dir, "synthetic.csv"))
	side.Must(err)
	defer file.Close()
	t, err := d.ReadCSV("synthetic", file)
	side.Must(err)
	side.ScoreTable(f, truth, t, *length)
	side.ScoreAggregates(f, "aggregates", truth, peerAggregates(filepath.Join(dir, "aggregates.csv"), truth), *length)
	return f
}

// peerAggregates reads "column:value" pairs joined by a unit separator.
func peerAggregates(path string, truth *synth.Table) map[string]float64 {
	f, err := os.Open(path)
	side.Must(err)
	defer f.Close()
	rows, err := csv.NewReader(f).ReadAll()
	side.Must(err)
	counts := map[string]float64{}
	for _, row := range rows[1:] {
		n, err := strconv.ParseFloat(row[1], 64)
		side.Must(err)
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
