// Command dpmm runs the AIM and MST pipelines of dpmm (PyPI; AIM with an 80 MB model and marginals of up to three columns) and
// Aman in turn on the CTDC Victim-Perpetrator file, with the same epsilon, delta and columns, and prints how they compare.
//
//	python3.11 -m venv VENV && VENV/bin/pip install dpmm
//	go run ./bench/dpmm -python VENV/bin/python
//
// AIM takes from half an hour to hours a run; -peer mst leaves it out, -reuse keeps earlier output.
package main

import (
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strconv"

	"aman/bench/pacsynth/side"
)

var (
	data    = flag.String("data", "", "the CSV file")
	python  = flag.String("python", "python3", "a Python with dpmm")
	out     = flag.String("out", filepath.Join(os.TempDir(), "bench-dpmm"), "folder for what the peer releases")
	reuse   = flag.Bool("reuse", false, "keep the peer's earlier output where there is one")
	epsilon = flag.Float64("epsilon", 4, "epsilon")
	delta   = flag.Float64("delta", 4.7e-6, "delta; 1/(n ln n) for this file")
	seeds   = flag.Int("seeds", 1, "runs of each")
	peer    = flag.String("peer", "aim", "aim or mst")
	method  = flag.String("method", "", "Aman's method")
)

var rows = []side.Row{
	{Name: "TVD, 1-way"}, {Name: "TVD, 2-way"},
	{Name: "TVD, 3-way", Targets: map[string]float64{"4": 1.1, "1": 1.1, "12": 1.1}},
	{Name: "synthetic MAE, count>=10"}, {Name: "synthetic missing, %"}, {Name: "synthetic invented, %"},
	{Name: "row count off, %"},
	{Name: "seconds", Targets: map[string]float64{"4": 0.05, "1": 0.05, "12": 0.05}},
	{Name: "processor seconds"}, {Name: "peak memory, MB"},
}

func main() {
	flag.Parse()
	if *data == "" {
		*data = side.Find("data/ctdc/victim-perpetrator-synthetic.csv")
	}
	truth, domain := side.Load(*data)
	e := strconv.FormatFloat(*epsilon, 'g', -1, 64)
	var theirs, ours []side.Figures
	for seed := 1; seed <= *seeds; seed++ {
		dir := filepath.Join(*out, *peer, e, strconv.Itoa(seed))
		result := filepath.Join(dir, "run.json")
		if _, err := os.Stat(result); err != nil || !*reuse {
			side.Must(side.Command(*python, filepath.Join("bench", "dpmm", "peer.py"), *data, e,
				strconv.FormatFloat(*delta, 'g', -1, 64), *peer, dir))
		}
		b, err := os.ReadFile(result)
		side.Must(err)
		var run struct {
			Seconds float64 `json:"seconds"`
			CPU     float64 `json:"cpu_seconds"`
			Peak    float64 `json:"peak_mb"`
			Rows    float64 `json:"rows"`
		}
		side.Must(json.Unmarshal(b, &run))
		f := side.Figures{"seconds": run.Seconds, "processor seconds": run.CPU, "peak memory, MB": run.Peak, "row count off, %": side.Off(run.Rows, truth)}
		file, err := os.Open(filepath.Join(dir, "synthetic.csv"))
		side.Must(err)
		t, err := domain.ReadCSV("synthetic", file)
		side.Must(err)
		side.Must(file.Close())
		side.ScoreTable(f, truth, t, 4)
		theirs = append(theirs, f)
		ours = append(ours, side.Run{Data: *data, Epsilon: *epsilon, Delta: *delta, Length: 4, Method: *method}.Aman(truth, domain))
		fmt.Fprintf(os.Stderr, "run %d of %d done\n", seed, *seeds)
	}
	side.Report(rows, e, "dpmm "+*peer, theirs, ours)
}
