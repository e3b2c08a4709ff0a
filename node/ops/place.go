package ops

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"

	"aman/platform/store"
)

// firstRows are the tables that opening an empty node puts rows into.
var firstRows = map[string]bool{"schema_version": true, "writer_lock": true, "registers": true, "projects": true, "forms": true, "form_changes": true, "published_forms": true, "audit": true, "audit_head": true, "jobs": true}

// Unused refuses a store in which somebody has worked already.
func Unused(ctx context.Context, db *store.DB) error {
	return db.Read(ctx, func(tx *store.Tx) error {
		tables, err := tx.Tables()
		if err != nil {
			return err
		}
		for _, t := range tables {
			if firstRows[t.Name] {
				continue
			}
			var n int64
			if err := tx.Row("SELECT count(*) FROM " + t.Name).Scan(&n); err != nil {
				return err
			}
			if n > 0 {
				return refuse("This database is not empty: there are rows in %s. Nothing was changed. Name an empty one", t.Name)
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

// HasDatabase says whether an embedded database is in the folder.
func HasDatabase(dir string) bool {
	_, err := os.Stat(filepath.Join(dir, store.File))
	return dir != "" && !errors.Is(err, fs.ErrNotExist)
}

// RemoveDatabase removes the embedded database from its folder, and nothing else. Only
// for one that was made in the same breath.
func RemoveDatabase(dir string) error {
	var errs []error
	for _, end := range []string{"", "-wal", "-shm", "-journal"} {
		if err := os.Remove(filepath.Join(dir, store.File) + end); !errors.Is(err, fs.ErrNotExist) {
			errs = append(errs, err)
		}
	}
	return errors.Join(errs...)
}
