package release

import (
	"context"

	"aman/platform/store"
	"aman/release/dp"
)

// OnCrash is called at the moments at which a node must not die: "read", before the budget is spent, "spent", before noise
// is drawn, and "made", before the folder is kept.
func OnCrash(f func(at string)) (restore func()) {
	old := crash
	crash = f
	return func() { crash = old }
}

// Books gives the ledger of a population in a store.
func Books(db *store.DB, population string) dp.Store { return books{db: db, population: population} }

// Entries reads it.
func Entries(ctx context.Context, db *store.DB, population string) (list []dp.Entry, err error) {
	err = db.Read(ctx, func(tx *store.Tx) error { list, err = entries(tx, population); return err })
	return list, err
}
