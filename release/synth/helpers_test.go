package synth

import (
	"context"
	"math/rand/v2"
	"testing"

	"aman/release/dp"
)

// toyDomain has plain, multi-select and impossible parts.
func toyDomain() *Domain {
	return &Domain{
		Columns: []Column{
			{Name: "year", Codes: []string{"2021", "2022", "2023"}},
			{Name: "gender", Codes: []string{"f", "m"}, Other: "other"},
			{Name: "labour", Codes: []string{"1"}},
			{Name: "kind", Codes: []string{"farm", "sea"}},
			{Name: "means", Codes: []string{"debt", "threat", "force"}, Separator: ";"},
		},
		Impossible: []map[string][]string{{"labour": {""}, "kind": {"farm", "sea"}}},
	}
}

// toyTable draws n plainly invented people with some dependence between columns.
func toyTable(n int, seed uint64) *Table {
	rng := rand.New(rand.NewPCG(seed, 1))
	t := toyDomain().NewTable(n)
	for range n {
		year, labour, kind := rng.IntN(4), rng.IntN(2), 0
		if labour == 1 {
			kind = rng.IntN(3)
		}
		gender := rng.IntN(4)
		if kind == 2 {
			gender = 2
		}
		row := []int{year, gender, labour, kind, rng.IntN(2), labour * rng.IntN(2), rng.IntN(3) / 2}
		for a, c := range row {
			t.Cols[a] = append(t.Cols[a], uint16(c))
		}
		t.Rows++
	}
	return t
}

// grantOf opens a ledger in memory and spends all of it.
func grantOf(t testing.TB, epsilon float64) *dp.Grant {
	t.Helper()
	ctx := context.Background()
	rho, err := dp.RhoFor(epsilon, 1e-5)
	if err != nil {
		t.Fatal(err)
	}
	l, err := dp.OpenLedger(ctx, dp.NewMemory(), rho)
	if err != nil {
		t.Fatal(err)
	}
	g, err := l.Spend(ctx, "test", rho)
	if err != nil {
		t.Fatal(err)
	}
	return g
}

// quick keeps the runs of tests short.
func quick(method string) Options {
	return Options{Method: method, Length: 3, Steps: 40, Crowd: 4000, Sweeps: 5, MaxClique: 300, Seed: [2]uint64{7, 7}}
}
