package store_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"testing"

	"aman/platform/store"
	"aman/platform/store/storetest"
)

var ctx = context.Background()

func put(tx *store.Tx, key, value string) error {
	_, err := tx.Exec("INSERT INTO settings (key, value) VALUES (?, ?)", key, value)
	return err
}

func count(t *testing.T, db *store.DB) (n int) {
	t.Helper()
	if err := db.Read(ctx, func(tx *store.Tx) error { return tx.Row("SELECT count(*) FROM settings").Scan(&n) }); err != nil {
		t.Fatal(err)
	}
	return n
}

func TestAFailedWriteLeavesNothingAndItsNeighboursAlone(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		var wg sync.WaitGroup
		bad := errors.New("bad")
		for i := range 100 {
			wg.Go(func() {
				err := db.Write(ctx, func(tx *store.Tx) error {
					if err := put(tx, fmt.Sprint(i), "v"); err != nil {
						return err
					}
					switch i % 4 {
					case 1:
						return bad
					case 2:
						return put(tx, fmt.Sprint(i), "twice") // breaks the primary key
					case 3:
						panic("boom")
					}
					return nil
				})
				if (err == nil) != (i%4 == 0) {
					t.Errorf("write %d: %v", i, err)
				}
			})
		}
		wg.Wait()
		if n := count(t, db); n != 25 {
			t.Errorf("%d rows are there, want the 25 of the writes that succeeded", n)
		}
	})
}

func TestAfterCommitRunsOnlyWhenDurable(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		ran := 0
		_ = db.Write(ctx, func(tx *store.Tx) error { tx.AfterCommit(func() { ran++ }); return errors.New("no") })
		_ = db.Write(ctx, func(tx *store.Tx) error { tx.AfterCommit(func() { ran += 10 }); return put(tx, "a", "b") })
		if ran != 10 {
			t.Errorf("after-commit hooks gave %d, want 10", ran)
		}
	})
}

func TestAReadIsOneSnapshotAndCannotWrite(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		err := db.Read(ctx, func(tx *store.Tx) error {
			var before, after int
			if err := tx.Row("SELECT count(*) FROM settings").Scan(&before); err != nil {
				return err
			}
			if err := db.Write(ctx, func(w *store.Tx) error { return put(w, "x", "y") }); err != nil {
				return err
			}
			if err := tx.Row("SELECT count(*) FROM settings").Scan(&after); err != nil {
				return err
			}
			if before != after {
				t.Errorf("the snapshot changed from %d to %d rows", before, after)
			}
			if _, err := tx.Exec("DELETE FROM settings"); err == nil {
				t.Error("a read transaction deleted rows")
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
	})
}

func TestTextSortsByCodePointOnBothEngines(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		keys := []string{"b", "A", "a", "B", "ä", "ا", "_"}
		if err := db.Write(ctx, func(tx *store.Tx) error {
			for _, k := range keys {
				if err := put(tx, k, "?"); err != nil {
					return err
				}
			}
			return nil
		}); err != nil {
			t.Fatal(err)
		}
		_ = db.Read(ctx, func(tx *store.Tx) error {
			got, err := tx.Strings("SELECT key FROM settings WHERE value = '?' ORDER BY key")
			if want := "[A B _ a b ä ا]"; err != nil || fmt.Sprint(got) != want {
				t.Errorf("order %v (%v), want %s", got, err, want)
			}
			return nil
		})
	})
}

func TestAtRestTheFileTellsNothing(t *testing.T) {
	dir := t.TempDir()
	db := openDir(t, dir, storetest.Key)
	if err := db.Write(ctx, func(tx *store.Tx) error { return put(tx, "needle-in-the-file", "haystack") }); err != nil {
		t.Fatal(err)
	}
	db.Close()
	files, _ := filepath.Glob(filepath.Join(dir, "*"))
	for _, f := range files {
		body, _ := os.ReadFile(f)
		for _, word := range []string{"needle-in-the-file", "SQLite format 3", "CREATE TABLE"} {
			if contains(body, word) {
				t.Errorf("%s holds %q in clear", filepath.Base(f), word)
			}
		}
	}
}

func contains(body []byte, word string) bool {
	for i := 0; i+len(word) <= len(body); i++ {
		if string(body[i:i+len(word)]) == word {
			return true
		}
	}
	return false
}

func openDir(t *testing.T, dir string, key []byte) *store.DB {
	t.Helper()
	db, err := store.Open(ctx, store.Config{Dir: dir, Key: key, Create: true})
	if err != nil {
		t.Fatal(err)
	}
	return db
}

func TestFaultsAreSentencesAndDamageNothing(t *testing.T) {
	dir := t.TempDir()
	db := openDir(t, dir, storetest.Key)
	if err := db.Write(ctx, func(tx *store.Tx) error { return put(tx, "kept", "yes") }); err != nil {
		t.Fatal(err)
	}
	db.Close()
	want := func(kind store.Kind, c store.Config) {
		t.Helper()
		db, err := store.Open(ctx, c)
		if err == nil {
			db.Close()
			t.Fatalf("the store opened, want fault kind %d", kind)
		}
		if store.KindOf(err) != kind {
			t.Errorf("fault kind %d (%v), want %d", store.KindOf(err), err, kind)
		}
	}
	other := make([]byte, 32)
	want(store.WrongKey, store.Config{Dir: dir, Key: other})
	want(store.WrongKey, store.Config{Dir: dir, Key: other, Create: true})
	want(store.WrongKey, store.Config{Dir: dir, Key: []byte("short")})
	want(store.Missing, store.Config{Dir: t.TempDir(), Key: storetest.Key})
	want(store.Unreachable, store.Config{URL: "postgres://nobody@127.0.0.1:1/none?connect_timeout=1"})

	// A schema from the future is left alone.
	db = openDir(t, dir, storetest.Key)
	if n := count(t, db); n != 1 {
		t.Fatalf("after the failed openings %d rows are left, want 1", n)
	}
	if err := db.Write(ctx, func(tx *store.Tx) error {
		_, err := tx.Exec("INSERT INTO schema_version (version, name) VALUES (9999, 'future')")
		return err
	}); err != nil {
		t.Fatal(err)
	}
	db.Close()
	want(store.NewerSchema, store.Config{Dir: dir, Key: storetest.Key})
}

func TestAFullDiskKeepsWhatWasAcknowledged(t *testing.T) {
	dir := t.TempDir()
	db := openDir(t, dir, storetest.Key)
	defer db.Close()
	if err := db.Write(ctx, func(tx *store.Tx) error {
		// SQLite's own limit on pages answers as a full disk does.
		var pages int
		if err := tx.Row("PRAGMA page_count").Scan(&pages); err != nil {
			return err
		}
		_, err := tx.Exec(fmt.Sprintf("PRAGMA max_page_count = %d", pages+50))
		return err
	}); err != nil {
		t.Fatal(err)
	}
	big := string(make([]byte, 20_000))
	acknowledged, full := 0, false
	for i := range 100 {
		err := db.Write(ctx, func(tx *store.Tx) error { return put(tx, fmt.Sprint(i), big) })
		switch {
		case err == nil:
			acknowledged++
		case store.KindOf(err) == store.DiskFull:
			full = true
		default:
			t.Fatalf("write %d: %v", i, err)
		}
	}
	if !full || acknowledged == 0 {
		t.Fatalf("full=%v acknowledged=%d: the disk never filled", full, acknowledged)
	}
	if n := count(t, db); n != acknowledged {
		t.Errorf("%d rows are there, %d were acknowledged", n, acknowledged)
	}
}
