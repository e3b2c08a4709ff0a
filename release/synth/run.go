package synth

import (
	"context"
	crand "crypto/rand"
	"encoding/binary"
	"fmt"
	"math/rand/v2"

	"aman/release/dp"
)

// Release is what a run gives. All of it may be published: it depends on the records through noisy
// values alone.
type Release struct {
	Rows       *Table      // synthetic records in random order; as many as the noisy count of people
	Aggregates []Aggregate // combinations with intervals, by length and then by column order
	People     float64     // noisy count of people
	PeopleSD   float64     // its standard deviation
	Spent      []Spent     // where the budget went
	Tables     []string    // the columns of each measured table
	Options    Options     // with the defaults filled in
}

// Run makes a release of t with the whole grant. t is read in three counts at most (AIM: one a round), and
// each answer passes through the grant's noise before anything else sees it. The caller must see to it that a
// person has one row.
func Run(ctx context.Context, d *Domain, t *Table, grant *dp.Grant, opt Options) (*Release, error) {
	return run(ctx, d, t, channel{grant.AddGaussian, grant.Choose}, grant.Left(), opt)
}

// channel is the only way from the records to everything else. It is a dp.Grant; tests put their
// own in its place to see each vector before its noise.
type channel struct {
	add    func(ctx context.Context, values []int64, sens2 uint64, rho dp.Rho) ([]int64, dp.Variance, error)
	choose func(ctx context.Context, scores []int64, sensitivity uint64, rho dp.Rho) (int, error)
}

func run(ctx context.Context, d *Domain, t *Table, ch channel, rho dp.Rho, opt Options) (*Release, error) {
	if err := opt.fill(); err != nil {
		return nil, fmt.Errorf("synthesise: %w", err)
	}
	if err := d.Check(); err != nil {
		return nil, fmt.Errorf("synthesise: domain: %w", err)
	}
	if err := t.check(); err != nil {
		return nil, fmt.Errorf("synthesise: %w", err)
	}
	rules, err := d.rules()
	if err != nil {
		return nil, fmt.Errorf("synthesise: domain: %w", err)
	}
	e := &engine{ctx: ctx, ch: ch, opt: opt, rng: newRand(opt.Seed), table: t, attrs: t.Attrs, size: sizes(t.Attrs), rules: rules}
	r, err := e.run(rho)
	if err != nil {
		return nil, fmt.Errorf("synthesise: %w", err)
	}
	return r, nil
}

func newRand(seed [2]uint64) *rand.Rand {
	if seed == [2]uint64{} {
		var b [16]byte
		_, _ = crand.Read(b[:]) // never fails: it ends the program instead
		seed = [2]uint64{binary.LittleEndian.Uint64(b[:8]), binary.LittleEndian.Uint64(b[8:])}
	}
	return rand.New(rand.NewPCG(seed[0], seed[1]))
}

func (e *engine) run(rho dp.Rho) (*Release, error) {
	o := e.opt
	if o.Method == Independent { // nothing to choose
		o.Select = 0
		o.OneWay = 1 - o.Direct
	}
	forDirect := rho.Share(o.Direct)
	m, err := e.measureModel(o, rho, rho-forDirect)
	if err != nil {
		return nil, err
	}
	var measured []direct
	if forDirect > 0 {
		if measured, err = e.measureDirect(m.crowd, forDirect); err != nil {
			return nil, err
		}
	}
	// From here on the records are not read again.
	e.table = nil
	errs, err := e.errorModel(m)
	if err != nil {
		return nil, err
	}
	aggregates, err := e.aggregates(m.crowd, measured, errs)
	if err != nil {
		return nil, err
	}
	if err := e.filter(m, errs); err != nil {
		return nil, err
	}
	rows := m.crowd.sample(int(e.n), e.rng)
	r := &Release{Aggregates: aggregates, People: e.n, PeopleSD: e.nSD, Spent: e.spent, Options: e.opt}
	r.Rows = &Table{Attrs: e.attrs, Cols: rows, Rows: int(e.n)}
	for _, m := range e.ms {
		r.Tables = append(r.Tables, e.names(m.set))
	}
	return r, nil
}

// measureModel measures what the method asks for, with all of rho, and fits it.
func (e *engine) measureModel(o Options, all, rho dp.Rho) (*model, error) {
	if o.Method == AIM {
		return e.adaptive(rho)
	}
	oneWay, sel := all.Share(o.OneWay), all.Share(o.Select)
	if o.Method == Independent {
		oneWay = rho
	}
	if err := e.measureOneWay(oneWay); err != nil {
		return nil, err
	}
	var cs []candidate
	if o.Method != Independent {
		var err error
		if cs, err = e.selectTables(sel, rho-oneWay-sel); err != nil {
			return nil, err
		}
		if err := e.measure(cs, rho-oneWay-sel); err != nil {
			return nil, err
		}
	}
	return e.fit(cs)
}
