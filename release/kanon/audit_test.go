package kanon

import (
	"context"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"
)

// The linear programmes agree with the list of all tables that agree: never narrower, and in two dimensions (where the
// programme has whole vertices) exactly as wide.
func TestAuditAgainstAllTables(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		c, r := smallCube(t), smallRules(t)
		p := primaryOnly(t, c, r)
		found, err := Audit(context.Background(), p)
		if err != nil {
			t.Fatal(err)
		}
		l := newLattice(p.Dims)
		v := l.totals(c.Counts)
		low, high := l.totals(c.Counts), l.totals(c.Counts)
		for _, table := range tables(p, 5+p.Rules.Width) {
			for i, x := range l.totals(table) {
				low[i], high[i] = min(low[i], x), max(high[i], x)
			}
		}
		named := map[string]Derivable{}
		for _, d := range found {
			named[fmt.Sprint(d.Codes)] = d
		}
		narrow := 0
		for i, s := range p.States {
			if !s.small() {
				continue
			}
			d, ok := named[fmt.Sprint(p.cell(l, i).Codes)]
			if high[i]-low[i] < p.Rules.Width {
				narrow++
				if len(p.Dims) <= 2 && (!ok || d.Low != low[i] || d.High != high[i]) {
					t.Fatalf("cell %d (%d) lies in %d..%d, the audit says %v %v", i, v[i], low[i], high[i], ok, d)
				}
			} else if ok {
				t.Fatalf("cell %d takes %d..%d, the audit says %v", i, low[i], high[i], d)
			}
			if ok && (d.Low > v[i] || d.High < v[i]) {
				t.Fatalf("cell %d holds %d, the audit says %v", i, v[i], d)
			}
		}
	})
}

// Tables of many sizes of people pass once protected, with a proof that holds; with only their small cells withheld they
// fail.
func TestAuditManyPeople(t *testing.T) {
	for _, zeros := range []Zeros{ZerosFree, ZerosShown, ZerosWithheld} {
		for _, people := range []int{50, 500, 5000, 50000} {
			c, r := crowd(people, 5, 2, 4, 5), Rules{MinCell: 11, Zeros: zeros}
			p, proof, err := Prove(context.Background(), c, r)
			if err != nil {
				t.Fatal(err)
			}
			checkWitnesses(t, c, p, proof)
			found, err := Audit(context.Background(), p)
			if err != nil || len(found) > 0 {
				t.Errorf("%d people, zeros %d: protected, and yet %v %v", people, zeros, found, err)
			}
			bare := primaryOnly(t, c, r)
			small := slices.ContainsFunc(bare.States, State.small)
			if found, err = Audit(context.Background(), bare); err != nil || small && len(found) == 0 {
				t.Errorf("%d people, zeros %d: small cells alone withheld pass the audit (%v)", people, zeros, err)
			}
			t.Logf("%d people, zeros %d: %+v", people, zeros, p.Lost(c))
		}
	}
}

// crowd counts invented people over dimensions of these lengths, the first codes being the most frequent.
func crowd(people int, lengths ...int) Cube {
	var dims []Dimension
	for i, n := range lengths {
		d := Dimension{Name: fmt.Sprint("d", i)}
		for j := range n {
			d.Codes = append(d.Codes, fmt.Sprint("c", j))
		}
		dims = append(dims, d)
	}
	c, err := NewCube(dims...)
	if err != nil {
		panic(err)
	}
	rng := rand.New(rand.NewPCG(1, 2))
	for range people {
		at := 0
		for _, n := range lengths {
			u := rng.Float64()
			at = at*n + int(u*u*float64(n))
		}
		c.Counts[at]++
	}
	return c
}

// Tables come back from a ledger as JSON; whatever they hold, the attack answers.
func FuzzAudit(f *testing.F) {
	p, err := Protect(context.Background(), crowd(30, 2, 3), Rules{MinCell: 3})
	if err != nil {
		f.Fatal(err)
	}
	text, err := json.Marshal(p)
	if err != nil {
		f.Fatal(err)
	}
	f.Add(text, text)
	f.Add([]byte(`{"dims":[{"name":"a","codes":["x"]}],"rules":{"min_cell":2},"states":"AAA=","values":[3,4]}`), text)
	f.Fuzz(func(t *testing.T, a, b []byte) {
		var x, y Published
		if json.Unmarshal(a, &x) != nil || json.Unmarshal(b, &y) != nil || len(x.States)+len(y.States) > 64 {
			return
		}
		ctx, cancel := context.WithTimeout(context.Background(), time.Second)
		defer cancel()
		Audit(ctx, x)
		Difference(ctx, x, y)
	})
}
