// Command scale shows how Aman's time and memory grow with rows and columns, on simulated records in the shape of CTDC's public file:
// a year, gender, age, two country columns, a duration, and yes-or-empty columns.
//
//	go run ./bench/pacsynth/scale                   200,000 x 27 and 1,000,000 x 27, length 3
//	go run ./bench/pacsynth/scale -count            all three-way counts of 10,000,000 x 60
package main

import (
	"context"
	"flag"
	"fmt"
	"log"
	"math/rand/v2"
	"os"
	"runtime"
	"strconv"
	"strings"
	"sync/atomic"
	"syscall"
	"time"

	"aman/release/dp"
	"aman/release/evaluate"
	"aman/release/synth"
)

func main() {
	rows := flag.String("rows", "200000,1000000", "numbers of rows")
	columns := flag.Int("columns", 27, "columns")
	length := flag.Int("length", 3, "reporting length")
	epsilon := flag.Float64("epsilon", 4, "epsilon")
	count := flag.Bool("count", false, "only count all three-way tables of 10,000,000 x 60 yes-or-empty columns")
	file := flag.String("file", "", "for -cover: release this CSV instead of simulated records; its own values stand for the public code list")
	runs := flag.Int("cover", 0, "instead, release the first number of rows so many times and count how often the 95 % intervals hold the truth")
	score := flag.Bool("score", false, "also compare with the records, up to length 3")
	verbose := flag.Bool("v", false, "print the stages")
	flag.Parse()
	if *count {
		countAll(10_000_000, 60)
		return
	}
	if *runs > 0 {
		n, err := strconv.Atoi(strings.Split(*rows, ",")[0])
		must(err)
		d, t := simulate(n, *columns)
		if *file != "" {
			d, t = read(*file)
		}
		cover(d, t, *length, *epsilon, *runs)
		return
	}
	fmt.Printf("%10s %8s %10s %10s %10s %10s\n", "rows", "columns", "seconds", "cpu", "peak MB", "aggregates")
	for _, text := range strings.Split(*rows, ",") {
		n, err := strconv.Atoi(text)
		must(err)
		d, t := simulate(n, *columns)
		runtime.GC()
		peak := watch()
		start, cpu := time.Now(), cpuSeconds()
		ctx := context.Background()
		g := grant(ctx, *epsilon)
		opt := synth.Options{Length: *length}
		last := ""
		if *verbose {
			opt.Progress = func(s string, _ float64) {
				if s != last {
					fmt.Printf("%8.1fs %s\n", time.Since(start).Seconds(), s)
					last = s
				}
			}
		}
		r, err := synth.Run(ctx, d, t, g, opt)
		must(err)
		fmt.Printf("%10d %8d %10.1f %10.1f %10d %10d\n", n, *columns, time.Since(start).Seconds(), cpuSeconds()-cpu, peak(), len(r.Aggregates))
		if *score {
			e, err := evaluate.Tables(ctx, t, r.Rows, 3)
			must(err)
			fmt.Printf("           MAE (10 or more) %.1f, missing %.2f %%, invented %.2f %%, TVD %.4f %.4f %.4f\n", e.All.MAEBig,
				100*e.All.MissingShare(), 100*e.All.InventedShare(), e.TVD[0], e.TVD[1], e.TVD[2])
		}
	}
}

// cover counts how often intervals hold the truth, over all published combinations and over those of ten or more.
func cover(d *synth.Domain, t *synth.Table, length int, epsilon float64, runs int) {
	ctx := context.Background()
	truth := map[string][]int64{}
	var in, all, bigIn, big float64
	var byLength [synth.MaxLength + 1][2]float64 // of ten or more: held, all
	for range runs {
		r, err := synth.Run(ctx, d, t, grant(ctx, epsilon), synth.Options{Length: length})
		must(err)
		for _, a := range r.Aggregates {
			var set []int
			cell := 0
			for i := range int(a.Length) {
				set = append(set, int(a.Attr[i]))
				cell = cell*t.Attrs[a.Attr[i]].Size() + int(a.Code[i])
			}
			key := fmt.Sprint(set)
			if truth[key] == nil {
				c, err := synth.Count(ctx, t, [][]int{set})
				must(err)
				truth[key] = c[0]
			}
			x, hit := truth[key][cell], 0.0
			if x >= int64(a.Low) && x <= int64(a.High) {
				hit = 1
			}
			in, all = in+hit, all+1
			if a.Count >= evaluate.Threshold {
				bigIn, big = bigIn+hit, big+1
				byLength[a.Length][0] += hit
				byLength[a.Length][1]++
			}
		}
	}
	fmt.Printf("%d runs of %d x %d, length %d, epsilon %g: %.2f %% of %.0f intervals hold the truth; count 10 or more: %.2f %%\n",
		runs, t.Rows, len(t.Attrs), length, epsilon, 100*in/all, all, 100*bigIn/max(1, big))
	for k, x := range byLength {
		if x[1] > 0 {
			fmt.Printf("    length %d: %.2f %% of %.0f\n", k, 100*x[0]/x[1], x[1])
		}
	}
}

func read(name string) (*synth.Domain, *synth.Table) {
	f, err := os.Open(name)
	must(err)
	defer f.Close()
	d, err := synth.SuggestDomain("data", f, nil)
	must(err)
	_, err = f.Seek(0, 0)
	must(err)
	t, err := d.ReadCSV("data", f)
	must(err)
	return d, t
}

func grant(ctx context.Context, epsilon float64) *dp.Grant {
	rho, err := dp.RhoFor(epsilon, 1e-7)
	must(err)
	l, err := dp.OpenLedger(ctx, dp.NewMemory(), rho)
	must(err)
	g, err := l.Spend(ctx, "bench", rho)
	must(err)
	return g
}

// simulate draws plainly invented records: a few hidden kinds of case make the columns depend on one another.
func simulate(n, columns int) (*synth.Domain, *synth.Table) {
	d := &synth.Domain{}
	for i, k := range []int{21, 3, 9, 190, 190, 3} {
		c := synth.Column{Name: fmt.Sprint("category", i+1)}
		for j := range k {
			c.Codes = append(c.Codes, fmt.Sprint("c", j+1))
		}
		d.Columns = append(d.Columns, c)
	}
	for len(d.Columns) < columns {
		d.Columns = append(d.Columns, synth.Column{Name: fmt.Sprint("option", len(d.Columns)-5), Codes: []string{"1"}})
	}
	d.Columns = d.Columns[:columns]
	t := d.NewTable(n)
	rng := rand.New(rand.NewPCG(1, 2))
	const kinds = 40
	for a := range t.Attrs {
		size := t.Attrs[a].Size()
		var mode [kinds]int
		var sure [kinds]float64
		for k := range kinds {
			mode[k], sure[k] = int(float64(size)*rng.Float64()*rng.Float64()), 0.6+0.35*rng.Float64()
			if size == 2 && rng.Float64() < 0.6 {
				mode[k] = 0
			}
		}
		kind := rand.New(rand.NewPCG(7, 7)) // the same kinds of case for every column
		for range n {
			k := int(kinds * kind.Float64() * kind.Float64())
			c := mode[k]
			if rng.Float64() > sure[k] {
				c = int(float64(size) * rng.Float64() * rng.Float64() * rng.Float64())
			}
			t.Cols[a] = append(t.Cols[a], uint16(c))
		}
	}
	t.Rows = n
	return d, t
}

func countAll(n, columns int) {
	t := &synth.Table{Rows: n}
	rng := rand.New(rand.NewPCG(1, 2))
	for a := range columns {
		t.Attrs = append(t.Attrs, synth.Attr{Column: fmt.Sprint(a), Codes: []string{"", "1"}})
		col := make([]uint16, n)
		for r := range col {
			col[r] = uint16(rng.Uint64() >> 63)
		}
		t.Cols = append(t.Cols, col)
	}
	var sets [][]int
	for a := range columns {
		for b := range a {
			for c := range b {
				sets = append(sets, []int{c, b, a})
			}
		}
	}
	peak := watch()
	start, cpu := time.Now(), cpuSeconds()
	_, err := synth.Count(context.Background(), t, sets)
	must(err)
	fmt.Printf("%d tables of %d x %d: %.1f s, %.1f cpu s, peak %d MB\n", len(sets), n, columns, time.Since(start).Seconds(), cpuSeconds()-cpu, peak())
}

// watch samples the heap; the result gives the peak in MB.
func watch() func() uint64 {
	var top atomic.Uint64
	stop := make(chan bool)
	go func() {
		var m runtime.MemStats
		for {
			select {
			case <-stop:
				return
			case <-time.After(50 * time.Millisecond):
				runtime.ReadMemStats(&m)
				top.Store(max(top.Load(), (m.Sys-m.HeapReleased)>>20))
			}
		}
	}()
	return func() uint64 { close(stop); return top.Load() }
}

func cpuSeconds() float64 {
	var u syscall.Rusage
	must(syscall.Getrusage(syscall.RUSAGE_SELF, &u))
	return float64(u.Utime.Sec+u.Stime.Sec) + float64(u.Utime.Usec+u.Stime.Usec)/1e6
}

func must(err error) {
	if err != nil {
		log.Fatal(err)
	}
}
