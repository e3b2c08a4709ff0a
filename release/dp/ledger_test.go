package dp

import (
	"bytes"
	"context"
	"errors"
	"os"
	"path/filepath"
	"sync"
	"testing"

	"pgregory.net/rapid"
)

func TestSpendAndRefuse(t *testing.T) {
	ctx := context.Background()
	m := NewMemory()
	l, err := OpenLedger(ctx, m, 1000)
	if err != nil {
		t.Fatal(err)
	}
	g, err := l.Spend(ctx, "first table", 600)
	if err != nil {
		t.Fatal(err)
	}
	var over *OverspendError
	if _, err := l.Spend(ctx, "second table", 401); !errors.As(err, &over) || over.Left != 400 {
		t.Fatalf("overspending: %v", err)
	}
	if _, _, err := g.AddGaussian(ctx, []int64{1, 2}, 1, 601); !errors.As(err, &over) {
		t.Fatalf("a grant gave more than it holds: %v", err)
	}
	if _, _, err := new(Grant).AddGaussian(ctx, []int64{1}, 1, 1); err == nil {
		t.Fatal("a grant that no ledger gave drew noise")
	}
	if spent, budget, _ := l.Balance(ctx); spent != 600 || budget != 1000 {
		t.Fatalf("balance %v of %v", spent, budget)
	}
	if _, err := OpenLedger(ctx, m, 2000); err == nil {
		t.Fatal("the budget was changed by opening again")
	}
	if err := Verify(m.Entries()); err != nil {
		t.Fatal(err)
	}
}

// faulty fails as a store does in real life: before the write, after it, or while the caller gives up.
type faulty struct {
	Store
	next func() string
}

var errCrash = errors.New("the machine stopped")

func (f *faulty) Append(ctx context.Context, e Entry) error {
	switch f.next() {
	case "before":
		return errCrash
	case "after":
		return errors.Join(f.Store.Append(ctx, e), errCrash)
	case "conflict":
		return ErrConflict
	}
	return f.Store.Append(ctx, e)
}

// TestNeverOverspent: whatever order of spends, crashes, cancellations, partly used grants and reopenings,
// the noise that was drawn never costs more than what is written, nor that more than the budget.
func TestNeverOverspent(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		budget := Rho(rapid.Int64Range(1, 1000).Draw(t, "budget")) * RhoUnit / 100
		mem := NewMemory()
		if _, err := OpenLedger(context.Background(), mem, budget); err != nil {
			t.Fatal(err)
		}
		store := &faulty{mem, func() string {
			return rapid.SampledFrom([]string{"", "", "", "before", "after", "conflict"}).Draw(t, "store")
		}}
		var drawn Rho
		for range rapid.IntRange(1, 20).Draw(t, "jobs") {
			l, err := OpenLedger(context.Background(), store, 0)
			if err != nil {
				t.Fatal(err)
			}
			ctx, cancel := context.WithCancel(context.Background())
			if rapid.IntRange(0, 5).Draw(t, "cancelled early") == 0 {
				cancel()
			}
			rho := Rho(rapid.Int64Range(1, 400).Draw(t, "rho")) * RhoUnit / 100
			g, err := l.Spend(ctx, "job", rho)
			if err != nil && g != nil {
				t.Fatal("an error came with a grant")
			}
			if g != nil {
				for range rapid.IntRange(0, 3).Draw(t, "draws") {
					part := Rho(rapid.Int64Range(1, int64(rho)).Draw(t, "part"))
					_, v, err := g.AddGaussian(context.Background(), []int64{5}, 1, part)
					if err == nil {
						drawn += v.Cost(1)
					}
				}
			}
			cancel()
		}
		entries := mem.Entries()
		if err := Verify(entries); err != nil {
			t.Fatal(err)
		}
		if written := entries[len(entries)-1].Running; drawn > written || written > budget {
			t.Fatalf("drew noise for %v, wrote %v, budget %v", drawn, written, budget)
		}
	})
}

// TestFileSurvivesCrashAtAnyByte cuts the file everywhere: what opens is a prefix of the spends, and
// it can be appended to.
func TestFileSurvivesCrashAtAnyByte(t *testing.T) {
	ctx := context.Background()
	dir := t.TempDir()
	path := filepath.Join(dir, "a.ledger")
	whole := fileWith(t, path, 1000, 100, 200, 300)
	for cut := range len(whole) + 1 {
		p := filepath.Join(dir, "cut.ledger")
		if err := os.WriteFile(p, whole[:cut], 0o600); err != nil {
			t.Fatal(err)
		}
		f, err := OpenFile(p)
		if err != nil {
			t.Fatal(err)
		}
		lines := bytes.Count(whole[:cut], []byte("\n"))
		entries, err := f.Entries()
		if err != nil || len(entries) != lines {
			t.Fatalf("cut at %d: %d entries of %d lines, %v", cut, len(entries), lines, err)
		}
		if cut%7 != 0 {
			continue // syncing is slow; every seventh byte is appended to as well
		}
		l, err := OpenLedger(ctx, f, 1000)
		if err != nil {
			t.Fatalf("cut at %d: %v", cut, err)
		}
		before, _, _ := l.Balance(ctx)
		if _, err := l.Spend(ctx, "after the crash", 1); err != nil {
			t.Fatalf("cut at %d: %v", cut, err)
		}
		if after, _, err := l.Balance(ctx); err != nil || after != before+1 {
			t.Fatalf("cut at %d: balance %v then %v, %v", cut, before, after, err)
		}
	}
}

func fileWith(t *testing.T, path string, budget Rho, spends ...Rho) []byte {
	t.Helper()
	ctx := context.Background()
	f, err := OpenFile(path)
	if err != nil {
		t.Fatal(err)
	}
	l, err := OpenLedger(ctx, f, budget)
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range spends {
		if _, err := l.Spend(ctx, "table", s); err != nil {
			t.Fatal(err)
		}
	}
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// TestTamperingIsSeen changes each byte in turn; nothing but the torn tail may pass.
func TestTamperingIsSeen(t *testing.T) {
	dir := t.TempDir()
	whole := fileWith(t, filepath.Join(dir, "a.ledger"), 1000, 100, 200)
	for i := range whole {
		b := bytes.Clone(whole)
		b[i] ^= 1
		entries, _, err := parse(b)
		if err == nil && len(entries) == 3 {
			t.Fatalf("byte %d (%q to %q) was changed unseen", i, whole[i], b[i])
		}
		if err == nil && i != len(whole)-1 {
			t.Fatalf("byte %d was taken for a torn write", i)
		}
	}
}

// TestTwoWriters: two processes on one file never spend the same budget twice.
func TestTwoWriters(t *testing.T) {
	ctx := context.Background()
	path := filepath.Join(t.TempDir(), "a.ledger")
	var wg sync.WaitGroup
	var mu sync.Mutex
	granted := Rho(0)
	for range 4 {
		f, err := OpenFile(path)
		if err != nil {
			t.Fatal(err)
		}
		l, err := OpenLedger(ctx, f, 100)
		if err != nil {
			t.Fatal(err)
		}
		wg.Go(func() {
			for {
				if _, err := l.Spend(ctx, "race", 7); err != nil {
					var over *OverspendError
					if !errors.As(err, &over) {
						t.Error(err)
					}
					return
				}
				mu.Lock()
				granted += 7
				mu.Unlock()
			}
		})
	}
	wg.Wait()
	if granted != 98 {
		t.Fatalf("granted %d of 100 in steps of 7", granted)
	}
}

func TestCancelledDrawKeepsTheSpend(t *testing.T) {
	m := NewMemory()
	l, _ := OpenLedger(context.Background(), m, RhoUnit)
	g, err := l.Spend(context.Background(), "table", RhoUnit)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if _, _, err := g.AddGaussian(ctx, make([]int64, 10_000), 1, RhoUnit); !errors.Is(err, context.Canceled) {
		t.Fatalf("a cancelled draw: %v", err)
	}
	if g.Left() != 0 {
		t.Fatal("a cancelled draw gave budget back")
	}
}

func FuzzParse(f *testing.F) {
	dir := f.TempDir()
	file, _ := OpenFile(filepath.Join(dir, "a"))
	l, _ := OpenLedger(context.Background(), file, 1000)
	_, _ = l.Spend(context.Background(), "table", 10)
	b, _ := os.ReadFile(filepath.Join(dir, "a"))
	f.Add(b)
	f.Fuzz(func(t *testing.T, b []byte) {
		entries, good, err := parse(b)
		if err == nil && (good > len(b) || Verify(entries) != nil) {
			t.Fatal("parse accepted what does not verify")
		}
	})
}
