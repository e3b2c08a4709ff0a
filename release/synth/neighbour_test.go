package synth

import (
	"context"
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"testing"

	"aman/release/dp"
)

// record is one pass through the channel: what the data gave and what came out.
type record struct {
	values []int64
	sens2  uint64 // for a choice: sensitivity²
	rho    dp.Rho
	noisy  []int64
	v      dp.Variance
	choice int
	chosen bool
}

// recording runs the engine through a grant and keeps all that passed.
func recording(g *dp.Grant, tape *[]record) channel {
	return channel{
		add: func(ctx context.Context, values []int64, sens2 uint64, rho dp.Rho) ([]int64, dp.Variance, error) {
			noisy, v, err := g.AddGaussian(ctx, values, sens2, rho)
			*tape = append(*tape, record{values: slices.Clone(values), sens2: sens2, rho: rho, noisy: noisy, v: v})
			return noisy, v, err
		},
		choose: func(ctx context.Context, scores []int64, s uint64, rho dp.Rho) (int, error) {
			i, err := g.Choose(ctx, scores, s, rho)
			*tape = append(*tape, record{values: slices.Clone(scores), sens2: s * s, rho: rho, choice: i, chosen: true})
			return i, err
		},
	}
}

var errDifferent = errors.New("the neighbour asked a different question")

// replaying gives the neighbour exactly the noisy answers of the first run, and holds each of its own vectors
// before noise against the declared sensitivity.
func replaying(tape []record, faults *[]string) channel {
	at := 0
	next := func(values []int64, sens2 uint64, rho dp.Rho) (record, error) {
		if at >= len(tape) {
			*faults = append(*faults, "the neighbour asks more questions")
			return record{}, errDifferent
		}
		r := tape[at]
		at++
		if len(values) != len(r.values) || sens2 != r.sens2 || rho != r.rho {
			*faults = append(*faults, fmt.Sprintf("question %d differs: %d values, %d, %v against %d, %d, %v", at, len(values), sens2, rho, len(r.values), r.sens2, r.rho))
			return record{}, errDifferent
		}
		sum, most := int64(0), int64(0)
		for i := range values {
			d := values[i] - r.values[i]
			sum += d * d
			most = max(most, d, -d)
		}
		if r.chosen && uint64(most*most) > sens2 || !r.chosen && uint64(sum) > sens2 {
			*faults = append(*faults, fmt.Sprintf("question %d moved by √%d (largest %d), declared √%d", at, sum, most, sens2))
		}
		return r, nil
	}
	return channel{
		add: func(_ context.Context, values []int64, sens2 uint64, rho dp.Rho) ([]int64, dp.Variance, error) {
			r, err := next(values, sens2, rho)
			return slices.Clone(r.noisy), r.v, err
		},
		choose: func(_ context.Context, scores []int64, s uint64, rho dp.Rho) (int, error) {
			r, err := next(scores, s*s, rho)
			return r.choice, err
		},
	}
}

// without gives the table with one row left out.
func without(t *Table, row int) *Table {
	out := &Table{Attrs: t.Attrs, Rows: t.Rows - 1}
	for _, c := range t.Cols {
		out.Cols = append(out.Cols, slices.Delete(slices.Clone(c), row, row+1))
	}
	return out
}

// engineUnderTest is run, or something that a careless hand could have made of it.
type engineUnderTest func(ctx context.Context, d *Domain, t *Table, ch channel, rho dp.Rho, opt Options) (*Release, error)

// neighbourFaults runs an engine on a table and on each of some neighbours. Given the same noisy answers, everything that
// comes out must be the same: rows and their order and number, aggregates, report, log, errors.
func neighbourFaults(t *testing.T, run engineUnderTest, method string) []string {
	t.Helper()
	ctx, d := context.Background(), toyDomain()
	tab := toyTable(400, 5)
	for a := range tab.Cols { // the heaviest person possible
		tab.Cols[a][0] = 1
	}
	for a := range tab.Cols { // and one with nothing filled in
		tab.Cols[a][1] = 0
	}
	var faults []string
	for _, row := range []int{0, 1, 2, 17} {
		var tape []record
		opt, log := quick(method), new(strings.Builder)
		opt.Progress = func(s string, x float64) { fmt.Fprintln(log, s, x) }
		g := grantOf(t, 3)
		first, err := run(ctx, d, tab, recording(g, &tape), g.Left(), opt)
		if err != nil {
			t.Fatal(err)
		}
		firstLog := log.String()
		log.Reset()
		rho, _ := dp.RhoFor(3, 1e-5)
		second, err := run(ctx, d, without(tab, row), replaying(tape, &faults), rho, opt)
		if errors.Is(err, errDifferent) {
			continue
		}
		if err != nil {
			t.Fatal(err)
		}
		first.Options, second.Options = Options{}, Options{}
		if !reflect.DeepEqual(first, second) {
			faults = append(faults, fmt.Sprintf("without row %d the release differs though every noisy answer is the same", row))
		}
		if firstLog != log.String() {
			faults = append(faults, "the progress log differs")
		}
	}
	return faults
}

func TestNeighboursAreIndistinguishableButForNoise(t *testing.T) {
	for _, m := range Methods {
		t.Run(m, func(t *testing.T) {
			for _, f := range neighbourFaults(t, run, m) {
				t.Error(f)
			}
		})
	}
}

// TestLeakyEnginesAreCaught is the negative control of the test above.
func TestLeakyEnginesAreCaught(t *testing.T) {
	leaks := map[string]engineUnderTest{
		"as many rows as people": func(ctx context.Context, d *Domain, t *Table, ch channel, rho dp.Rho, o Options) (*Release, error) {
			r, err := run(ctx, d, t, ch, rho, o)
			if err == nil {
				r.Rows.Rows = t.Rows
			}
			return r, err
		},
		"delta from the true count": func(ctx context.Context, d *Domain, t *Table, ch channel, rho dp.Rho, o Options) (*Release, error) {
			return run(ctx, d, t, ch, rho-dp.Rho(t.Rows)*1000, o)
		},
		"half the sensitivity": func(ctx context.Context, d *Domain, t *Table, ch channel, rho dp.Rho, o Options) (*Release, error) {
			add := ch.add
			ch.add = func(ctx context.Context, v []int64, s uint64, rho dp.Rho) ([]int64, dp.Variance, error) {
				return add(ctx, v, (s+3)/4, rho)
			}
			return run(ctx, d, t, ch, rho, o)
		},
		"a log line about the data": func(ctx context.Context, d *Domain, t *Table, ch channel, rho dp.Rho, o Options) (*Release, error) {
			o.Progress("rows read", float64(t.Rows))
			return run(ctx, d, t, ch, rho, o)
		},
		"codes taken from the data": func(ctx context.Context, d *Domain, t *Table, ch channel, rho dp.Rho, o Options) (*Release, error) {
			o.MaxTable = 8 - t.Rows%2
			return run(ctx, d, t, ch, rho, o)
		},
	}
	for name, engine := range leaks {
		if len(neighbourFaults(t, engine, Tree)) == 0 {
			t.Errorf("%s: not caught", name)
		}
	}
}
