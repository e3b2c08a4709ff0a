package dp

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"runtime"
	"sync"
	"time"
)

// Entry is one line of a ledger. The first entry sets the budget and spends nothing; each
// later one is a spend. Running never exceeds Budget.
type Entry struct {
	Seq     int       `json:"seq"`     // 0, 1, 2 … without gaps
	Time    time.Time `json:"time"`    // when it was written, UTC
	Purpose string    `json:"purpose"` // what the spend was for; never a value of the data
	Rho     Rho       `json:"rho"`     // spent here, in units of 10⁻¹²
	Running Rho       `json:"running"` // spent so far, this entry included
	Budget  Rho       `json:"budget"`  // the most that may ever be spent
	Prev    string    `json:"prev"`    // Hash of the entry before, "" for the first
	Hash    string    `json:"hash"`    // SHA-256 of this entry with Hash left empty
}

// Digest computes the entry's hash.
func (e Entry) Digest() string {
	e.Hash = ""
	b, err := json.Marshal(e)
	if err != nil {
		panic(err) // strings, integers and a time always marshal
	}
	sum := sha256.Sum256(b)
	return hex.EncodeToString(sum[:])
}

// follows tells what is wrong with e as the entry after prev (nil at the start).
func (e Entry) follows(prev *Entry) error {
	want := Entry{Seq: 0, Running: e.Rho, Budget: e.Budget}
	if prev != nil {
		want = Entry{Seq: prev.Seq + 1, Running: prev.Running + e.Rho, Budget: prev.Budget, Prev: prev.Hash}
	}
	switch {
	case e.Seq != want.Seq:
		return fmt.Errorf("entry %d where %d belongs", e.Seq, want.Seq)
	case e.Prev != want.Prev:
		return fmt.Errorf("entry %d does not chain to the one before it", e.Seq)
	case e.Hash != e.Digest():
		return fmt.Errorf("entry %d was changed after it was written", e.Seq)
	case e.Rho < 0 || e.Rho > maxRho || e.Running != want.Running || e.Budget != want.Budget || e.Running > e.Budget:
		return fmt.Errorf("entry %d: spends %v, running %v of %v, does not add up", e.Seq, e.Rho, e.Running, e.Budget)
	}
	return nil
}

// Verify checks a whole ledger: order, chain, sums, budget.
func Verify(entries []Entry) error {
	var prev *Entry
	for i := range entries {
		if err := entries[i].follows(prev); err != nil {
			return err
		}
		prev = &entries[i]
	}
	return nil
}

// Store keeps entries. A file (OpenFile) and memory (NewMemory, for tests) are here; a database
// needs one table with seq as primary key:
//
//	Last:   SELECT … ORDER BY seq DESC LIMIT 1
//	Append: INSERT … and COMMIT, durably; a duplicate seq becomes ErrConflict.
type Store interface {
	// Last gives the newest entry, or false for an empty ledger.
	Last(ctx context.Context) (Entry, bool, error)
	// Append makes e durable before it returns nil. It must store e only as the direct
	// successor of the newest entry, and answer ErrConflict when another writer was first. After
	// any other error the entry may be there or not: the ledger then counts it as spent.
	Append(ctx context.Context, e Entry) error
}

// ErrConflict tells that another writer appended first; the ledger reads again and retries.
var ErrConflict = errors.New("the ledger moved on")

// OverspendError tells that a spend was refused. Nothing was written and no noise was drawn.
type OverspendError struct{ Asked, Left Rho }

func (e *OverspendError) Error() string {
	return fmt.Sprintf("privacy budget: %v rho asked, %v left; nothing was spent", e.Asked, e.Left)
}

// Ledger guards the budget of one population. Several processes may share a Store.
type Ledger struct{ store Store }

// OpenLedger opens the ledger in store. An empty store gets the budget as its first entry; a
// ledger that exists must have the same budget, or budget must be 0, which takes the one written down.
func OpenLedger(ctx context.Context, store Store, budget Rho) (*Ledger, error) {
	for {
		last, found, err := store.Last(ctx)
		switch {
		case err != nil:
			return nil, fmt.Errorf("open ledger: %w", err)
		case found && budget != 0 && last.Budget != budget:
			return nil, fmt.Errorf("open ledger: its budget is %v, not %v; a budget is never changed after the first release", last.Budget, budget)
		case found:
			return &Ledger{store}, nil
		case budget <= 0 || budget > maxRho:
			return nil, fmt.Errorf("open ledger: a new ledger needs a budget above 0 and at most %v", maxRho)
		}
		e := Entry{Time: time.Now().UTC(), Purpose: "budget", Budget: budget}
		e.Hash = e.Digest()
		if err := store.Append(ctx, e); err != nil && !errors.Is(err, ErrConflict) {
			return nil, fmt.Errorf("open ledger: %w", err)
		}
	}
}

// Balance gives what is spent and what was ever allowed.
func (l *Ledger) Balance(ctx context.Context) (spent, budget Rho, err error) {
	last, _, err := l.store.Last(ctx)
	return last.Running, last.Budget, err
}

// Spend writes rho down and then gives the right to draw noise for it. On any error there is
// no Grant and so no noise; the entry may nevertheless stand, for a crash must cost budget
// rather than privacy. A spend is never given back.
func (l *Ledger) Spend(ctx context.Context, purpose string, rho Rho) (*Grant, error) {
	if rho <= 0 {
		return nil, fmt.Errorf("spend: rho must be above 0, not %v", rho)
	}
	for {
		if err := ctx.Err(); err != nil {
			return nil, fmt.Errorf("spend: %w", err)
		}
		last, found, err := l.store.Last(ctx)
		if err != nil || !found {
			return nil, fmt.Errorf("spend: read the ledger (found an entry: %t): %w", found, err)
		}
		if left := last.Budget - last.Running; rho > left {
			return nil, &OverspendError{rho, left}
		}
		e := Entry{Seq: last.Seq + 1, Time: time.Now().UTC(), Purpose: purpose, Rho: rho,
			Running: last.Running + rho, Budget: last.Budget, Prev: last.Hash}
		e.Hash = e.Digest()
		switch err := l.store.Append(ctx, e); {
		case errors.Is(err, ErrConflict):
			continue
		case err != nil:
			return nil, fmt.Errorf("spend: %w", err)
		}
		return &Grant{Entry: e, left: rho}, nil
	}
}

// Grant is the right to noise that a recorded spend bought. Only Ledger.Spend makes one that works; the zero
// value refuses everything.
type Grant struct {
	Entry Entry // the ledger line behind it

	mu   sync.Mutex
	left Rho
}

// Left gives what of the grant is not used yet.
func (g *Grant) Left() Rho {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.left
}

// take lowers what is left, before any noise is drawn.
func (g *Grant) take(rho Rho) error {
	g.mu.Lock()
	defer g.mu.Unlock()
	if rho <= 0 || rho > g.left {
		return &OverspendError{rho, g.left}
	}
	g.left -= rho
	return nil
}

// AddGaussian returns values plus discrete Gaussian noise that costs at most rho, and the
// variance of that noise. sensitivity2 is the most that one person can move values, as a squared L2
// norm. It works on all cores and stops when ctx ends; the budget is used up either way.
func (g *Grant) AddGaussian(ctx context.Context, values []int64, sensitivity2 uint64, rho Rho) ([]int64, Variance, error) {
	v, err := VarianceFor(sensitivity2, rho)
	if err != nil {
		return nil, v, err
	}
	if err := g.take(rho); err != nil {
		return nil, v, err
	}
	noisy, err := addNoise(ctx, values, v)
	return noisy, v, err
}

func addNoise(ctx context.Context, values []int64, v Variance) ([]int64, error) {
	out := make([]int64, len(values))
	workers := max(1, min(runtime.GOMAXPROCS(0), len(values)/256))
	errs := make([]error, workers)
	var wg sync.WaitGroup
	for w := range workers {
		lo, hi := len(values)*w/workers, len(values)*(w+1)/workers
		wg.Go(func() { errs[w] = fill(ctx, NewSource(), out[lo:hi], values[lo:hi], v) })
	}
	wg.Wait()
	if err := errors.Join(errs...); err != nil {
		return nil, fmt.Errorf("draw noise: %w", err)
	}
	return out, nil
}

func fill(ctx context.Context, s *Source, out, values []int64, v Variance) error {
	for i, x := range values {
		if i%1024 == 0 && ctx.Err() != nil {
			return ctx.Err()
		}
		n, err := s.Gaussian(v)
		if err != nil {
			return err
		}
		out[i] = x + n
	}
	return nil
}
