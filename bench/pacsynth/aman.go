package main

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"runtime/debug"
	"time"

	"aman/release/dp"
	"aman/release/evaluate"
	"aman/release/synth"
)

// runAman reads the file, releases and scores.
func runAman(truth *synth.Table, d *synth.Domain, epsilon float64) figures {
	debug.FreeOSMemory()
	start := time.Now()
	ctx := context.Background()
	file, err := os.Open(*data)
	must(err)
	defer file.Close()
	t, err := d.ReadCSV("data", file)
	must(err)
	rho, err := dp.RhoFor(epsilon, *delta)
	must(err)
	ledger, err := dp.OpenLedger(ctx, dp.NewMemory(), rho)
	must(err)
	grant, err := ledger.Spend(ctx, "bench", rho)
	must(err)
	r, err := synth.Run(ctx, d, t, grant, synth.Options{Length: *length, Method: *method})
	must(err)
	f := figures{"seconds": time.Since(start).Seconds(), "row count off, %": off(float64(r.Rows.Rows), truth)}
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	f["peak memory, MB"] = float64(m.Sys) / (1 << 20)
	scoreTable(f, truth, r.Rows)
	all, supported := map[string]float64{}, map[string]float64{}
	covered, big, bigCovered := 0, 0, 0
	tables := map[string][]int64{}
	for _, a := range r.Aggregates {
		var attrs, codes []int
		for i := range int(a.Length) {
			attrs, codes = append(attrs, int(a.Attr[i])), append(codes, int(a.Code[i]))
		}
		all[evaluate.Key(attrs, codes)] = float64(a.Count)
		if a.Supported {
			supported[evaluate.Key(attrs, codes)] = float64(a.Count)
		}
		k := fmt.Sprint(attrs)
		if tables[k] == nil {
			got, err := synth.Count(ctx, truth, [][]int{attrs})
			must(err)
			tables[k] = got[0]
		}
		i := 0
		for j, at := range attrs {
			i = i*truth.Attrs[at].Size() + codes[j]
		}
		if x := tables[k][i]; x >= int64(a.Low) && x <= int64(a.High) {
			covered++
			if a.Count >= evaluate.Threshold {
				bigCovered++
			}
		}
		if a.Count >= evaluate.Threshold {
			big++
		}
	}
	f["95 % intervals cover, %"] = 100 * float64(covered) / float64(len(r.Aggregates))
	f["the same, count>=10, %"] = 100 * float64(bigCovered) / float64(big)
	scoreAggregates(f, "aggregates", truth, all)
	scoreAggregates(f, "supported only", truth, supported)
	return f
}

func command(name string, args ...string) error {
	c := exec.Command(name, args...)
	c.Stderr = os.Stderr
	return c.Run()
}

// find looks for a data file in AMAN_SHARED or in a folder named shared above the working directory.
func find(name string) string {
	if dir := os.Getenv("AMAN_SHARED"); dir != "" {
		return filepath.Join(dir, name)
	}
	dir, err := os.Getwd()
	must(err)
	for {
		if p := filepath.Join(dir, "shared", name); exists(p) {
			return p
		}
		if up := filepath.Dir(dir); up != dir {
			dir = up
			continue
		}
		must(fmt.Errorf("no shared/%s above the working directory; give -data or AMAN_SHARED", name))
	}
}

func exists(path string) bool { _, err := os.Stat(path); return err == nil }
