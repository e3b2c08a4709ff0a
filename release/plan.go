package release

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"math/rand/v2"
	"slices"
	"time"

	"aman/platform/access"
	"aman/platform/store"
	"aman/release/dp"
	"aman/release/kanon"
	"aman/release/risk"
	"aman/release/synth"
)

// Plan says what a release would be like before anything is spent.
type Plan struct {
	At time.Time
	// Columns are filled, Empty stand in the file and stay empty.
	Columns, Empty []string

	// Of a release with noise. All of it is made without looking at a record.
	Rho            dp.Rho
	Epsilon, Delta float64
	Predicted      []float64 // mean |error| of a count of ten or more, by length 1, 2 …
	PredictedFrom  string    // earlier: the synthetic rows of the last release of this file; prior: invented rows
	Budget         Budget    // before this release

	// Inside is from the true rows. It is for those who may release or approve, and is never published.
	Inside *Inside
}

// Inside tells of the true rows.
type Inside struct {
	Rows    int // people, or lines
	Dropped int // rows left out because their person has a later one in the period
	Before  *risk.Measures
	After   *risk.Measures  // on the k path
	Rare    int             // rows that a combination of up to three keys singles out among fewer than 11
	Verdict risk.Verdict    // HDX's 3 % rule, on what would be published (k) or on the true rows (dp)
	Lost    []kanon.KeyLoss // on the k path: what each column loses
	Refused string          // a code: why the release would be refused if it were made now

	safe *alike
}

// digest tells one ask from another.
func digest(a Ask) string {
	body, _ := json.Marshal(a) // plain values always marshal
	sum := sha256.Sum256(body)
	return hex.EncodeToString(sum[:])
}

// plan opens the plan of a request, for those who may see it.
func (s *Service) plan(tx *store.Tx, sub access.Subject, r *Request) (*Plan, error) {
	if r.planned == "" {
		return nil, nil
	}
	p := &Plan{}
	if err := s.getJSON(tx, r.ID, partPlan, p); err != nil {
		return nil, err
	}
	if !s.mayLookInside(sub, r) {
		p.Inside = nil
	}
	return p, nil
}

func (s *Service) mayLookInside(sub access.Subject, r *Request) bool {
	return s.policy.Can(sub, access.Release, r.object(), access.Facts{}).Allow || s.policy.Can(sub, access.ApproveRelease, r.object(), access.Facts{}).Allow
}

// Plan works out what the release would be like, and keeps it with the request. Nothing is spent. That the risk of the
// true rows was looked at is in the audit log.
func (s *Service) Plan(ctx context.Context, sub access.Subject, id string) (Plan, error) {
	m := move("plan")
	var r *Request
	err := s.db.Read(ctx, func(tx *store.Tx) (err error) {
		if r, err = s.load(tx, id); err != nil {
			return err
		}
		if err := s.allowed(sub, m, r); err != nil {
			return err
		}
		if !slices.Contains(m.From, r.State) {
			return ErrState
		}
		return nil
	})
	if err != nil {
		return Plan{}, err
	}
	p, err := s.foresee(ctx, sub, r)
	if err != nil {
		return p, err
	}
	return p, s.db.Write(ctx, func(tx *store.Tx) error {
		now, err := s.load(tx, id)
		if err != nil {
			return err
		}
		if err := s.allowed(sub, m, now); err != nil {
			return err
		}
		if digest(now.Ask) != digest(r.Ask) || !slices.Contains(m.From, now.State) {
			return ErrState
		}
		if err := s.putJSON(tx, id, partPlan, p); err != nil {
			return err
		}
		if _, err := tx.Exec("UPDATE release_requests SET planned = ? WHERE id = ?", digest(r.Ask), id); err != nil {
			return err
		}
		return s.note(tx, sub.User, sub.Org, "plan", r, nil)
	})
}

// Preview is Plan without a request. It is in the audit log all the same.
func (s *Service) Preview(ctx context.Context, sub access.Subject, ask Ask) (Plan, error) {
	register, _, err := s.checked(ask)
	if err != nil {
		return Plan{}, err
	}
	r := &Request{Org: sub.Org, Owner: sub.User, State: Draft, Population: register + "/" + sub.Org, Ask: ask}
	if err := s.allowed(sub, move("plan"), r); err != nil {
		return Plan{}, err
	}
	p, err := s.foresee(ctx, sub, r)
	if err != nil {
		return p, err
	}
	return p, s.db.Write(ctx, func(tx *store.Tx) error { return s.note(tx, sub.User, sub.Org, "plan", r, nil) })
}

// foresee makes a plan.
func (s *Service) foresee(ctx context.Context, sub access.Subject, r *Request) (Plan, error) {
	sub.At = s.now().UTC()
	p := Plan{At: sub.At}
	var rows *records
	var standIn *synth.Table
	err := s.db.Read(ctx, func(tx *store.Tx) error {
		l, err := s.lay(tx, sub, r.Ask)
		if err != nil {
			return err
		}
		for _, c := range l.columns {
			p.Columns = append(p.Columns, c.Name)
		}
		p.Empty = l.empty
		if r.Ask.Path == PathDP {
			list, err := entries(tx, r.Population)
			if err != nil {
				return err
			}
			p.Budget = budgetOf(list)
			if standIn, p.PredictedFrom, err = s.standIn(tx, r, l); err != nil {
				return err
			}
		}
		rows, err = s.read(tx, sub, l, r.Ask)
		return err
	})
	if err != nil {
		return p, err
	}
	if r.Ask.Path == PathDP {
		if err := predict(ctx, &p, r.Ask, rows.domain(), standIn); err != nil {
			return p, err
		}
	}
	p.Inside, err = s.inside(ctx, r, rows)
	return p, err
}

// lastRows gives the synthetic rows of the last release of the same file of this population.
func (s *Service) lastRows(tx *store.Tx, r *Request, l *layout) (*synth.Table, error) {
	list, err := store.All(tx, scanRequest, requestColumns+" WHERE r.population = ? AND r.released_at > 0 ORDER BY r.released_at DESC", r.Population)
	if err != nil {
		return nil, err
	}
	for _, e := range list {
		if e.Ask.Path != PathDP || e.Ask.Profile != r.Ask.Profile {
			continue
		}
		body, err := s.get(tx, e.ID, partRows)
		if err != nil {
			return nil, err
		}
		t, err := l.domain().ReadCSV("the last release", bytes.NewReader(body))
		if err == nil && t.Rows > 0 {
			return t, nil
		}
	}
	return nil, store.ErrNone
}

// predict says how far off the counts will be, from rows that reveal nothing.
func predict(ctx context.Context, p *Plan, a Ask, d *synth.Domain, standIn *synth.Table) (err error) {
	p.Epsilon, p.Delta = a.Epsilon, a.delta()
	if p.Rho, err = dp.RhoFor(p.Epsilon, p.Delta); err != nil {
		return err
	}
	p.Predicted, err = synth.Predict(ctx, d, standIn, p.Rho, synth.Options{Length: a.length(), Steps: 40, Crowd: 20_000, Sweeps: 6, MaxClique: 2000})
	return err
}

// prior invents rows of a domain that nobody is in: each column by itself, the codes by the rank of their place in the
// list (Zipf), a fifth not recorded, a mark on three in ten.
func prior(d *synth.Domain, n int) *synth.Table {
	if n == 0 {
		n = 2000
	}
	rng := rand.New(rand.NewPCG(1, 2))
	t := d.NewTable(n)
	t.Rows = n
	for a, attr := range t.Attrs {
		total := 0.0
		for i := 1; i < attr.Size(); i++ {
			total += 1 / float64(i)
		}
		missing := 0.2
		if attr.Size() == 2 {
			missing = 0.7
		}
		for range n {
			code := uint16(0)
			if rng.Float64() >= missing {
				x := rng.Float64() * total
				for code = 1; int(code) < attr.Size()-1 && x > 1/float64(code); code++ {
					x -= 1 / float64(code)
				}
			}
			t.Cols[a] = append(t.Cols[a], code)
		}
	}
	return t
}

// inside measures the true rows, and asks whether earlier releases forbid this one.
func (s *Service) inside(ctx context.Context, r *Request, rows *records) (*Inside, error) {
	in, err := measure(ctx, r.Ask, rows)
	if err != nil || in.safe == nil || in.Refused != "" {
		return in, err
	}
	err = s.db.Read(ctx, func(tx *store.Tx) error { return s.apart(tx, r, in.safe) })
	if f := AsFault(err); f != nil {
		in.Refused, err = f.Code, nil
	}
	return in, err
}

// measure measures the true rows. On the k path it does what the release would do.
func measure(ctx context.Context, a Ask, rows *records) (*Inside, error) {
	in := &Inside{Rows: len(rows.rows), Dropped: rows.dropped}
	t, keys, err := rows.table()
	if err != nil || len(rows.rows) == 0 {
		if a.Path == PathK {
			in.Refused = FaultFew
		}
		return in, err
	}
	before, err := risk.Measure(t, keys, risk.Options{})
	if err != nil {
		return nil, err
	}
	in.Before, in.Verdict = &before, risk.HDX.Judge(before)
	if len(keys) > 0 {
		rare, err := risk.Rare(ctx, t, keys, min(3, len(keys)), MinCell)
		if err != nil {
			return nil, err
		}
		in.Rare = len(rare.Length) - rare.ByLength[0]
	}
	if a.Path != PathK {
		return in, nil
	}
	in.safe, err = anonymise(ctx, rows, a.k())
	if f := AsFault(err); f != nil {
		in.Refused = f.Code
		return in, nil
	}
	if err != nil {
		return nil, err
	}
	in.Lost, in.After, in.Verdict = in.safe.lost, &in.safe.risk, risk.HDX.Judge(in.safe.risk)
	if f := AsFault(judge(rows.profile, in.safe.risk)); f != nil {
		in.Refused = f.Code
	}
	return in, nil
}

// standIn gives rows that reveal nothing, to predict from, and where they are from.
func (s *Service) standIn(tx *store.Tx, r *Request, l *layout) (*synth.Table, string, error) {
	t, err := s.lastRows(tx, r, l)
	if errors.Is(err, store.ErrNone) {
		return prior(l.domain(), r.Ask.Expect), "prior", nil
	}
	return t, "earlier", err
}
