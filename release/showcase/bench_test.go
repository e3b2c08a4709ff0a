package showcase

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"aman/release/product"
	"aman/release/synth"
)

// shared finds a file of the folder with data by others, which may not be copied into the project.
func shared(b *testing.B, name string) string {
	b.Helper()
	if dir := os.Getenv("AMAN_SHARED"); dir != "" {
		return filepath.Join(dir, name)
	}
	at, err := os.Getwd()
	if err != nil {
		b.Fatal(err)
	}
	for ; at != filepath.Dir(at); at = filepath.Dir(at) {
		if path := filepath.Join(at, "shared", name); exists(path) {
			return path
		}
	}
	b.Skipf("not run: no folder shared with %s above here, and AMAN_SHARED is not set", name)
	return ""
}

func exists(path string) bool { _, err := os.Stat(path); return err == nil }

// public makes a release of the public Victim-Perpetrator file, many times over: it is synthetic itself, so its own counts may
// stand where noisy ones would.
func public(b *testing.B, times int) product.DP {
	b.Helper()
	body, err := os.ReadFile(shared(b, "data/ctdc/victim-perpetrator-synthetic.csv"))
	if err != nil {
		b.Fatal(err)
	}
	multi := map[string]string{"IP_Gender": ";", "IP_ageBroad": ";", "IP_citizen_UNRegion": ";", "IP_Relation": ";", "IP_PayMoney": ";"}
	domain, err := synth.SuggestDomain("public.csv", bytes.NewReader(body), multi)
	if err != nil {
		b.Fatal(err)
	}
	table, err := domain.ReadCSV("public.csv", bytes.NewReader(body))
	if err != nil {
		b.Fatal(err)
	}
	p := product.FromDomain("vp", domain, func(column, code string) product.Text {
		if code == "" {
			return product.Same(column)
		}
		return product.Same(code)
	})
	roles := map[string]product.Role{"yearRegister": product.RoleTime, "UN_COO_Region": product.RoleFrom, "UN_COE_Region": product.RoleTo}
	for i := range p.Columns {
		p.Columns[i].Role = roles[p.Columns[i].Name]
	}
	r := &synth.Release{Rows: table, People: float64(table.Rows), PeopleSD: 10, Options: synth.Options{Length: 3}}
	r.Aggregates = exactCounts(b, table)
	one := table.Rows
	for range times - 1 {
		for a := range table.Cols {
			table.Cols[a] = append(table.Cols[a], table.Cols[a][:one]...)
		}
		table.Rows += one
	}
	return product.DP{Info: info(), Profile: p, Release: r, Epsilon: 4, Delta: 1e-6}
}

func exactCounts(b *testing.B, t *synth.Table) (out []synth.Aggregate) {
	b.Helper()
	var sets [][]int
	n := len(t.Attrs)
	for i := range n {
		sets = append(sets, []int{i})
		for j := i + 1; j < n; j++ {
			sets = append(sets, []int{i, j})
			for k := j + 1; k < n; k++ {
				sets = append(sets, []int{i, j, k})
			}
		}
	}
	tables, err := synth.Count(context.Background(), t, sets)
	if err != nil {
		b.Fatal(err)
	}
	for s, set := range sets {
		for cell, x := range tables[s] {
			a := synth.Aggregate{Length: uint8(len(set)), Count: int32(x), Low: int32(max(0, x-20)), High: int32(x + 20), Supported: x >= 11}
			rest, filled := cell, true
			for k := len(set) - 1; k >= 0; k-- {
				size := t.Attrs[set[k]].Size()
				a.Attr[k], a.Code[k] = uint16(set[k]), uint16(rest%size)
				rest /= size
				filled = filled && a.Code[k] != 0
			}
			if filled && a.Supported {
				out = append(out, a)
			}
		}
	}
	return out
}

// One choice, in a page with the public file's 21,195 records and with ten times as many: the counting and building of all charts
// ("ms/choice"), and the time until the browser has drawn them ("ms/shown").
//
//	go test -run - -bench Choice ./release/showcase
func BenchmarkChoice(b *testing.B) {
	for _, times := range []int{1, 10} {
		in := public(b, times)
		b.Run(fmt.Sprintf("rows=%d", in.Release.Rows.Rows), func(b *testing.B) {
			w := openFolder(b, in)
			w.open("index.html")
			load := ask[float64](w, `performance.getEntriesByType("navigation")[0].domContentLoadedEventEnd`)
			var counted, shown []float64
			for b.Loop() {
				got := ask[[]float64](w, `(async () => {
					const out = [0, 0];
					const n = Aman.data.values.length, tries = 20;
					for (let i = 0; i < tries; i++) {
						const start = performance.now();
						Aman.state.choose((i * 7919) % n);
						out[0] += Aman.milliseconds / tries;
						await new Promise(done => requestAnimationFrame(() => setTimeout(done, 0)));
						out[1] += (performance.now() - start) / tries;
						if (i % 4 === 3) { location.hash = ""; await new Promise(done => setTimeout(done, 50)); }
					}
					return out;
				})()`)
				counted, shown = append(counted, got[0]), append(shown, got[1])
			}
			b.ReportMetric(mean(counted), "ms/choice")
			b.ReportMetric(mean(shown), "ms/shown")
			b.ReportMetric(load, "ms/load")
			if dir := os.Getenv("AMAN_SHOTS"); dir != "" {
				w.open("index.html")
				w.fits("public", "desk")
			}
		})
	}
}

func mean(x []float64) (m float64) {
	for _, v := range x {
		m += v / float64(len(x))
	}
	return m
}
