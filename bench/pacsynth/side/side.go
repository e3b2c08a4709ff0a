// Package side holds what the comparisons share: finding and reading the data, running Aman, scoring, and printing medians and
// ranges next to one another.
package side

import (
	"context"
	"fmt"
	"io"
	"log"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"runtime/debug"
	"slices"
	"syscall"
	"time"

	"aman/release/dp"
	"aman/release/evaluate"
	"aman/release/synth"
)

// Run is what one run of Aman is asked for.
type Run struct {
	Data           string // CSV file
	Epsilon, Delta float64
	Length         int
	Method         string
}

// Aman reads the file, releases and scores.
func (c Run) Aman(truth *synth.Table, d *synth.Domain) Figures {
	debug.FreeOSMemory()
	start, cpu := time.Now(), cpuSeconds()
	ctx := context.Background()
	file, err := os.Open(c.Data)
	Must(err)
	defer file.Close()
	t, err := d.ReadCSV("data", file)
	Must(err)
	rho, err := dp.RhoFor(c.Epsilon, c.Delta)
	Must(err)
	ledger, err := dp.OpenLedger(ctx, dp.NewMemory(), rho)
	Must(err)
	grant, err := ledger.Spend(ctx, "bench", rho)
	Must(err)
	r, err := synth.Run(ctx, d, t, grant, synth.Options{Length: c.Length, Method: c.Method})
	Must(err)
	f := Figures{"seconds": time.Since(start).Seconds(), "processor seconds": cpuSeconds() - cpu, "row count off, %": Off(float64(r.Rows.Rows), truth)}
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	f["peak memory, MB"] = float64(m.Sys) / (1 << 20)
	ScoreTable(f, truth, r.Rows, c.Length)
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
			Must(err)
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
	ScoreAggregates(f, "aggregates", truth, all, c.Length)
	ScoreAggregates(f, "supported only", truth, supported, c.Length)
	return f
}

// Command runs a program and shows what it complains of.
func Command(name string, args ...string) error {
	c := exec.Command(name, args...)
	c.Stderr = os.Stderr
	return c.Run()
}

// Find looks for a data file in AMAN_SHARED or in a folder named shared above the working directory.
func Find(name string) string {
	if dir := os.Getenv("AMAN_SHARED"); dir != "" {
		return filepath.Join(dir, name)
	}
	dir, err := os.Getwd()
	Must(err)
	for {
		if p := filepath.Join(dir, "shared", name); exists(p) {
			return p
		}
		if up := filepath.Dir(dir); up != dir {
			dir = up
			continue
		}
		Must(fmt.Errorf("no shared/%s above the working directory; give -data or AMAN_SHARED", name))
	}
}

func exists(path string) bool { _, err := os.Stat(path); return err == nil }

// Figures of one run, by name.
type Figures map[string]float64

// Row is a figure to print, and the target of the ratio Aman / peer by epsilon (negative: an absolute bound on Aman's figure).
type Row struct {
	Name    string
	Targets map[string]float64
}

// Report prints the rows side by side.
func Report(rows []Row, epsilon, peerName string, peer, aman []Figures) {
	fmt.Printf("\nepsilon %s: median (range) over %d runs\n", epsilon, len(aman))
	fmt.Printf("%-28s %26s %26s %7s %8s\n", "", peerName, "Aman", "ratio", "target")
	for _, r := range rows {
		p, pm := spread(peer, r.Name)
		a, am := spread(aman, r.Name)
		ratio, target := "", ""
		if pm > 0 && am > 0 {
			ratio = fmt.Sprintf("%.3f", am/pm)
		}
		if t := r.Targets[epsilon]; t > 0 {
			target = fmt.Sprintf("%.2fx %s", t, yes(am/pm <= t))
		} else if t < 0 {
			target = fmt.Sprintf("%.1f %s", -t, yes(am <= -t))
		}
		fmt.Printf("%-28s %26s %26s %7s %8s\n", r.Name, p, a, ratio, target)
	}
}

func yes(b bool) string {
	if b {
		return "yes"
	}
	return "NO"
}

func spread(runs []Figures, name string) (string, float64) {
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

// Load reads the CSV file; its values stand in for a public code list, for every engine alike.
func Load(path string) (*synth.Table, *synth.Domain) {
	f, err := os.Open(path)
	Must(err)
	defer f.Close()
	d, err := synth.SuggestDomain("data", f, nil) // the public file stands in for a public code list
	Must(err)
	_, err = f.Seek(0, io.SeekStart)
	Must(err)
	t, err := d.ReadCSV("data", f)
	Must(err)
	return t, d
}

// Off gives by how many percent a row count is off.
func Off(rows float64, truth *synth.Table) float64 {
	return 100 * max(rows-float64(truth.Rows), float64(truth.Rows)-rows) / float64(truth.Rows)
}

// ScoreTable scores microdata.
func ScoreTable(f Figures, truth, t *synth.Table, length int) {
	r, err := evaluate.Tables(context.Background(), truth, t, length)
	Must(err)
	f["synthetic MAE, count>=10"] = r.All.MAEBig
	f["synthetic MAE, union"] = r.All.MAEUnion
	f["synthetic missing, %"] = 100 * r.All.MissingShare()
	f["synthetic invented, %"] = 100 * r.All.InventedShare()
	for k, v := range r.TVD {
		f[fmt.Sprintf("TVD, %d-way", k+1)] = v
	}
}

// ScoreAggregates scores counts by evaluate.Key.
func ScoreAggregates(f Figures, what string, truth *synth.Table, counts map[string]float64, length int) {
	r, err := evaluate.Aggregates(context.Background(), truth, evaluate.Lookup(truth, counts), length)
	Must(err)
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

// Must ends the program on an error.
func Must(err error) {
	if err != nil {
		log.Fatal(err)
	}
}

func cpuSeconds() float64 {
	var u syscall.Rusage
	Must(syscall.Getrusage(syscall.RUSAGE_SELF, &u))
	return float64(u.Utime.Sec+u.Stime.Sec) + float64(u.Utime.Usec+u.Stime.Usec)/1e6
}
