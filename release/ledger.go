package release

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"

	"aman/platform/store"
	"aman/release/dp"
)

// books is the ledger of one population in the database (dp.Store). A spend is on disk before Append returns, for that is
// what store.DB.Write promises; two nodes that spend at once get one entry and one dp.ErrConflict.
type books struct {
	db         *store.DB
	population string
	// holds, when given, is asked inside the write: a job that lost its lease must not spend.
	write func(context.Context, func(*store.Tx) error) error
}

// Last implements dp.Store. A ledger that does not verify never gives an entry, so nothing is spent on it.
func (b books) Last(ctx context.Context) (last dp.Entry, found bool, err error) {
	err = b.db.Read(ctx, func(tx *store.Tx) error {
		list, err := entries(tx, b.population)
		if found = len(list) > 0; found {
			last = list[len(list)-1]
		}
		return err
	})
	return last, found && err == nil, err
}

// Append implements dp.Store.
func (b books) Append(ctx context.Context, e dp.Entry) error {
	body, err := json.Marshal(e)
	if err != nil {
		return fmt.Errorf("append to the privacy ledger: %w", err)
	}
	write := b.write
	if write == nil {
		write = b.db.Write
	}
	return write(ctx, func(tx *store.Tx) error {
		list, err := entries(tx, b.population)
		if err != nil {
			return err
		}
		if e.Seq != len(list) {
			// The write may have been run again after its connection broke at the commit.
			if e.Seq < len(list) && list[e.Seq].Hash == e.Hash {
				return nil
			}
			return dp.ErrConflict
		}
		if err := dp.Verify(append(list, e)); err != nil {
			return fmt.Errorf("append to the privacy ledger: %w", err)
		}
		_, err = tx.Exec("INSERT INTO privacy_ledger (population, seq, body) VALUES (?, ?, ?)", b.population, e.Seq, string(body))
		return err
	})
}

// entries reads and verifies the whole ledger of a population: a few lines a year.
func entries(tx *store.Tx, population string) ([]dp.Entry, error) {
	list, err := store.All(tx, func(r *sql.Rows) (e dp.Entry, err error) {
		var body string
		if err := r.Scan(&body); err != nil {
			return e, err
		}
		d := json.NewDecoder(strings.NewReader(body))
		d.DisallowUnknownFields()
		return e, d.Decode(&e)
	}, "SELECT body FROM privacy_ledger WHERE population = ? ORDER BY seq", population)
	if err == nil {
		err = dp.Verify(list)
	}
	if err != nil {
		return nil, fmt.Errorf("the privacy ledger of %s: %w", population, err)
	}
	return list, nil
}

// purpose is what the ledger says of a spend: which request it was for.
func purpose(request string) string { return "release " + request }

// spends gives the entries of a ledger that a request made.
func spends(list []dp.Entry, request string) []dp.Entry {
	return slices.DeleteFunc(slices.Clone(list), func(e dp.Entry) bool { return e.Purpose != purpose(request) })
}

// Budget is what a population may ever spend, and what of it is left. The zero value: not set yet.
type Budget struct {
	Set                bool
	Spent, Total, Left dp.Rho
	Epsilon, Delta     float64 // of Total
	Entries            []dp.Entry
}

// budgetDelta is the delta at which budgets are told.
const budgetDelta = 1e-6

func budgetOf(list []dp.Entry) Budget {
	b := Budget{Entries: list}
	if len(list) == 0 {
		return b
	}
	last := list[len(list)-1]
	b.Set, b.Spent, b.Total, b.Left = true, last.Running, last.Budget, last.Budget-last.Running
	b.Epsilon, b.Delta = dp.Epsilon(b.Total, budgetDelta), budgetDelta
	return b
}

// ErrBudgetSet: a budget is set once. What was promised to the people in the records does not grow.
var ErrBudgetSet = errors.New("the privacy budget of this population is set already and is never changed")
