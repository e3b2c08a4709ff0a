package ops

import (
	"context"
	"strings"

	"aman/platform/store"
)

// housekeeping are the tables that an empty store has rows in.
var housekeeping = map[string]bool{"schema_version": true, "writer_lock": true}

// content are the tables that opening a node fills from the packs and the clock.
var content = map[string]bool{"registers": true, "published_forms": true, "jobs": true}

// Unused refuses a store in which somebody has worked already.
func Unused(ctx context.Context, db *store.DB) error {
	return db.Read(ctx, func(tx *store.Tx) error {
		tables, err := tx.Tables()
		if err != nil {
			return err
		}
		for _, t := range tables {
			if housekeeping[t.Name] || content[t.Name] {
				continue
			}
			var n int64
			if err := tx.Row("SELECT count(*) FROM " + t.Name).Scan(&n); err != nil {
				return err
			}
			if n > 0 {
				return refuse("This database is not empty (there are rows in %s). Nothing was changed. Name an empty one", t.Name)
			}
		}
		return nil
	})
}

// Wipe removes every table of the store. Only for a place that was filled in the same breath.
func Wipe(ctx context.Context, db *store.DB) error {
	return db.Write(ctx, func(tx *store.Tx) error {
		tables, err := tx.Tables()
		if err != nil {
			return err
		}
		for _, t := range order(tables, false) {
			if err := tx.DDL("DROP TABLE " + t.Name); err != nil {
				return err
			}
		}
		return nil
	})
}

func isRegister(name string) bool { return strings.HasPrefix(name, "r_") }
