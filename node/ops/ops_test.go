package ops_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"aman/casework"
	"aman/node"
	"aman/node/nodetest"
	"aman/node/ops"
	"aman/platform/audit"
	"aman/platform/store"
	"aman/platform/store/storetest"
	"aman/platform/vault"
	"aman/registry"
)

var ctx = context.Background()

// counts gives the rows of each table but those that belong to a place, and the log,
// which a restore goes on with.
func counts(t *testing.T, n *node.Node) map[string]int64 {
	t.Helper()
	out := map[string]int64{}
	err := n.Store.Read(ctx, func(tx *store.Tx) error {
		tables, err := tx.Tables()
		if err != nil {
			return err
		}
		for _, table := range tables {
			var c int64
			if err := tx.Row("SELECT count(*) FROM " + table.Name).Scan(&c); err != nil {
				return err
			}
			if table.Name != "audit" {
				out[table.Name] = c
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// restored opens what a backup was restored to.
func restored(t *testing.T, c node.Config) *node.Node {
	t.Helper()
	n, err := node.Open(ctx, c)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { n.Close() })
	return n
}

// A backup taken while a writer storms is one snapshot; it restores on either engine, and
// from each to the other, with every row.
func TestBackupAndRestoreAcrossEngines(t *testing.T) {
	nodetest.Each(t, func(t *testing.T, w *nodetest.World) {
		file := filepath.Join(t.TempDir(), "one.backup")
		stop, wg := make(chan struct{}), sync.WaitGroup{}
		for g := range 3 {
			wg.Go(func() {
				for i := 0; ; i++ {
					select {
					case <-stop:
						return
					default:
					}
					// Two rows in one write: a snapshot has both or neither.
					err := w.Node.Store.Write(ctx, func(tx *store.Tx) error {
						for _, half := range []string{"a", "b"} {
							if _, err := tx.Exec("INSERT INTO settings (key, value) VALUES (?, ?)", fmt.Sprintf("%s-%d-%d", half, g, i), "نمونہ"); err != nil {
								return err
							}
						}
						return w.Node.Audit.Append(tx, audit.Entry{Actor: "system", Action: "test.storm", Outcome: audit.OK})
					})
					if err != nil {
						t.Error(err)
						return
					}
				}
			})
		}
		m, err := ops.Backup(ctx, w.Node, file)
		close(stop)
		wg.Wait()
		if err != nil {
			t.Fatal(err)
		}
		// Now one that stands still, to compare row by row.
		still := filepath.Join(t.TempDir(), "two.backup")
		before := counts(t, w.Node)
		if _, err := ops.Backup(ctx, w.Node, still); err != nil {
			t.Fatal(err)
		}
		for _, target := range []string{"sqlite", "postgres"} {
			t.Run("to "+target, func(t *testing.T) {
				place := func() node.Config {
					c := node.Config{Data: filepath.Join(t.TempDir(), "data"), Keys: w.Node.Config.Keys, Now: w.Clock.Now}
					if target == "postgres" {
						c.Database = storetest.PostgresURL(t)
					}
					return c
				}
				c := place()
				r, err := ops.Restore(ctx, file, c, ops.Options{})
				if err != nil {
					t.Fatal(err)
				}
				if r.Rows != m.Rows || len(r.Tables) != len(m.Tables) || r.SHA256 != m.SHA256 {
					t.Errorf("restored %d rows of %d", r.Rows, m.Rows)
				}
				n := restored(t, c)
				var a, b int64
				if err := n.Store.Read(ctx, func(tx *store.Tx) error {
					return errors.Join(tx.Row("SELECT count(*) FROM settings WHERE key LIKE 'a-%'").Scan(&a), tx.Row("SELECT count(*) FROM settings WHERE key LIKE 'b-%'").Scan(&b))
				}); err != nil {
					t.Fatal(err)
				}
				if a != b {
					t.Errorf("the snapshot is torn: %d halves and %d", a, b)
				}
				c = place()
				if _, err := ops.Restore(ctx, still, c, ops.Options{}); err != nil {
					t.Fatal(err)
				}
				if got := counts(t, restored(t, c)); fmt.Sprint(got) != fmt.Sprint(before) {
					t.Errorf("rows after the restore\n%v\nwant\n%v", got, before)
				}
				if _, err := ops.Restore(ctx, still, c, ops.Options{}); err == nil {
					t.Error("a place that is not empty was restored into")
				}
			})
		}
	})
}

// Whatever is changed in the file, nothing of it is taken, and the place stays empty.
func TestAlteredBackupsAreRefused(t *testing.T) {
	w := nodetest.New(t, "")
	file := filepath.Join(t.TempDir(), "b")
	if _, err := ops.Backup(ctx, w.Node, file); err != nil {
		t.Fatal(err)
	}
	whole, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	for name, change := range map[string]func([]byte) []byte{
		"cut short":             func(b []byte) []byte { return b[:len(b)-1] },
		"cut to the first line": func(b []byte) []byte { return b[:bytes.IndexByte(b, '\n')+1] },
		"longer":                func(b []byte) []byte { return append(b, 'x') },
		"first line":            func(b []byte) []byte { b[bytes.IndexByte(b, '\n')-1] ^= 1; return b },
		"early byte":            func(b []byte) []byte { b[bytes.IndexByte(b, '\n')+40] ^= 1; return b },
		"last byte":             func(b []byte) []byte { b[len(b)-1] ^= 1; return b },
		"empty":                 func(b []byte) []byte { return nil },
	} {
		bad := filepath.Join(t.TempDir(), "bad")
		if err := os.WriteFile(bad, change(bytes.Clone(whole)), 0o600); err != nil {
			t.Fatal(err)
		}
		dir := filepath.Join(t.TempDir(), "data")
		_, err := ops.Restore(ctx, bad, node.Config{Data: dir, Keys: w.Node.Config.Keys}, ops.Options{})
		var refused *ops.Refused
		if !errors.As(err, &refused) {
			t.Errorf("%s: %v", name, err)
		}
		if ops.HasDatabase(dir) {
			t.Errorf("%s: a database was left behind", name)
		}
	}
}

// A backup whose audit log was changed before it was made is refused, and taken only when asked.
func TestBrokenAuditIsRefused(t *testing.T) {
	w := nodetest.New(t, "")
	if err := w.Node.Audit.Record(ctx, audit.Entry{Actor: "system", Action: "test.one", Outcome: audit.OK}); err != nil {
		t.Fatal(err)
	}
	if err := w.Node.Store.Write(ctx, func(tx *store.Tx) error {
		_, err := tx.Exec("UPDATE audit SET actor = 'other' WHERE seq = 1")
		return err
	}); err != nil {
		t.Fatal(err)
	}
	file, dir := filepath.Join(t.TempDir(), "b"), filepath.Join(t.TempDir(), "data")
	if _, err := ops.Backup(ctx, w.Node, file); err != nil {
		t.Fatal(err)
	}
	c := node.Config{Data: dir, Keys: w.Node.Config.Keys}
	if _, err := ops.Restore(ctx, file, c, ops.Options{}); err == nil || ops.HasDatabase(dir) {
		t.Fatalf("restored a changed audit log: %v", err)
	}
	r, err := ops.Restore(ctx, file, c, ops.Options{BrokenAudit: true})
	if err != nil || r.Audit.Fault == nil {
		t.Errorf("%v %+v", err, r.Audit.Fault)
	}
}

// After erasure the name is nowhere in the living store nor in a backup made since; and a
// backup made before opens no more once its epoch is over.
func TestErasedNameIsGone(t *testing.T) {
	nodetest.Each(t, func(t *testing.T, w *nodetest.World) {
		const name = "Zarqandeh-Misali"
		id, err := w.Node.Casework.Open(ctx, w.Now(w.Caseworker), casework.Opening{PersonValues: registry.Values{"first_name": name, "sex": "female"}})
		if err != nil {
			t.Fatal(err)
		}
		old := filepath.Join(t.TempDir(), "old")
		if _, err := ops.Backup(ctx, w.Node, old); err != nil {
			t.Fatal(err)
		}
		if r, err := w.Node.Casework.Erase(ctx, w.Now(w.Supervisor), id); err != nil || r.Done.IsZero() {
			t.Fatalf("%+v %v", r, err)
		}
		fresh := filepath.Join(t.TempDir(), "new")
		if _, err := ops.Backup(ctx, w.Node, fresh); err != nil {
			t.Fatal(err)
		}
		c := node.Config{Data: filepath.Join(t.TempDir(), "data"), Keys: w.Node.Config.Keys, Now: w.Clock.Now}
		if _, err := ops.Restore(ctx, fresh, c, ops.Options{}); err != nil {
			t.Fatal(err)
		}
		n := restored(t, c)
		for _, store := range []*node.Node{w.Node, n} {
			if found := ops.Search(ctx, t, store, name); len(found) > 0 {
				t.Errorf("the name stands in %v", found)
			}
		}
		for _, dir := range []string{w.Node.Config.Data, c.Data, filepath.Dir(old), filepath.Dir(fresh)} {
			filepath.Walk(dir, func(path string, info os.FileInfo, err error) error {
				if err == nil && info.Mode().IsRegular() {
					if b, _ := os.ReadFile(path); bytes.Contains(b, []byte(name)) {
						t.Errorf("the name stands in the file %s", info.Name())
					}
				}
				return nil
			})
		}
		// The older backup still opens. The key ring knows who was erased since, and she does not come back.
		back := node.Config{Data: filepath.Join(t.TempDir(), "data"), Keys: w.Node.Config.Keys, Now: w.Clock.Now}
		r, err := ops.Restore(ctx, old, back, ops.Options{})
		if err != nil || r.Again != 1 {
			t.Fatalf("erased again: %d, %v", r.Again, err)
		}
		if found := ops.Search(ctx, t, restored(t, back), name); len(found) > 0 {
			t.Errorf("the restored backup has the name in %v", found)
		}
		// The epoch ends, and its key is destroyed in due time.
		now := time.Now()
		if err := w.Node.Ring.Rotate(now); err != nil {
			t.Fatal(err)
		}
		if _, err := w.Node.Vault.Rewrap(ctx); err != nil {
			t.Fatal(err)
		}
		if _, err := w.Node.Ring.Expire(now.AddDate(0, 0, 36)); err != nil {
			t.Fatal(err)
		}
		_, err = ops.Restore(ctx, old, node.Config{Data: filepath.Join(t.TempDir(), "x"), Keys: w.Node.Config.Keys}, ops.Options{})
		if vault.KindOf(err) != vault.Expired {
			t.Errorf("a backup from an ended epoch: %v", err)
		}
	})
}
