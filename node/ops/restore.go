package ops

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"aman/node"
	"aman/platform/audit"
	"aman/platform/store"
	"aman/platform/vault"
)

// Options of Restore.
type Options struct {
	// BrokenAudit takes a backup whose audit log does not verify: it was changed before
	// the backup was made. Without it such a backup is refused.
	BrokenAudit bool
}

// Restored is the outcome of Restore.
type Restored struct {
	Manifest
	Audit audit.Report `json:"audit"`
	// Again counts the people who were erased after the backup and, being back, were erased again.
	Again int `json:"erased_again"`
}

// Restore puts a backup into the empty place that c names, in one transaction, and proves
// that what stands there is what was kept: every count, every hash, the audit chain. On
// any doubt, or when ctx ends, the place is left without a database. The key ring must be
// in its folder already: it is never part of a backup, and it knows who was erased since.
func Restore(ctx context.Context, file string, c node.Config, o Options) (out Restored, err error) {
	if c.Database == "" && HasDatabase(c.Data) {
		return out, refuse("There is a database in %s already. Nothing was changed. Name an empty folder", c.Data)
	}
	ring, err := ringOf(&c)
	if err != nil {
		return out, err
	}
	// The whole file is read once before anything is made: no half-way surprise.
	if out.Manifest, err = Inspect(ctx, ring, file); err != nil {
		return out, err
	}
	c.Create = true
	n, err := node.Open(ctx, c)
	if err != nil {
		return out, err
	}
	made := false
	defer func() {
		if err != nil && made {
			err = errors.Join(err, Wipe(context.WithoutCancel(ctx), n.Store))
		}
		n.Close()
		if err != nil && c.Database == "" {
			err = errors.Join(err, RemoveDatabase(c.Data))
		}
	}()
	if err := Unused(ctx, n.Store); err != nil {
		return out, err
	}
	if err := n.Store.Write(ctx, func(tx *store.Tx) error { return load(ctx, tx, ring, file, out.Manifest) }); err != nil {
		return out, err
	}
	made = true
	if out.Audit, err = n.VerifyAudit(ctx, nil); err != nil {
		return out, err
	}
	if f := out.Audit.Fault; f != nil && !o.BrokenAudit {
		return out, refuse("The audit log in this backup does not verify: %s It was changed before the backup was made. Take an older backup, or see `aman restore --help`", f.Text)
	}
	if out.Again, err = n.Casework.EraseAgain(ctx, n.Ring.Erased()); err != nil {
		return out, fmt.Errorf("erasing again who was erased after the backup: %w", err)
	}
	answers, err := n.Forms.EraseAgain(ctx, n.Ring.Erased())
	if err != nil {
		return out, fmt.Errorf("erasing again the answers that were erased after the backup: %w", err)
	}
	out.Again += answers
	return out, n.Audit.Record(ctx, audit.Entry{At: n.Now(), Actor: "system", Action: "node.restore", Outcome: audit.OK, Detail: map[string]string{"hash": out.SHA256}})
}

func ringOf(c *node.Config) (*vault.Ring, error) {
	if c.Keys == "" && c.Data != "" {
		c.Keys = strings.TrimSuffix(c.Data, "/") + "/keys"
	}
	return vault.OpenRing(c.Keys, c.Passphrase)
}

// load fills the tables of a place that was just made, and reads them back.
func load(ctx context.Context, tx *store.Tx, ring *vault.Ring, file string, want Manifest) error {
	l := &loader{tx: tx, here: map[string]store.Table{}}
	schema, err := tx.Schema()
	if err != nil {
		return err
	}
	if schema != want.Schema {
		return refuse("The backup was made with schema %d and this program has schema %d. Restore it with the Aman that made it, then start the newer one, which brings it up to date", want.Schema, schema)
	}
	tables, err := tx.Tables()
	if err != nil {
		return err
	}
	for _, t := range tables {
		l.here[t.Name] = t
	}
	if l.fresh, err = registers(tx); err != nil {
		return err
	}
	for name := range firstRows {
		if !skipped[name] {
			if _, err := tx.Exec("DELETE FROM " + name); err != nil {
				return err
			}
		}
	}
	if _, err := read(ctx, ring, file, l.table); err != nil {
		return err
	}
	if err := l.flush(); err != nil {
		return err
	}
	for i, t := range l.loaded {
		c := newCounter()
		if err := rows(tx, t, func(row []byte) error { c.add(row); return nil }); err != nil {
			return fmt.Errorf("reading back table %s: %w", t.Name, err)
		}
		if got := c.count(t.Name); got != want.Tables[i] {
			return refuse("Table %s was read back and is not what the backup holds (%d rows, %d expected). Nothing was kept", t.Name, got.Rows, want.Tables[i].Rows)
		}
	}
	return l.merge()
}

// loader puts rows into tables.
type loader struct {
	tx     *store.Tx
	here   map[string]store.Table
	fresh  map[string]string // schemas of the registers as this program's packs have them
	loaded []store.Table     // in the order of the backup

	into store.Table
	args []any
	n    int
}

// atOnce is how many values go into one INSERT; every engine takes more parameters.
const atOnce = 800

var identifier = regexp.MustCompile(`^[a-z_][a-z0-9_]{0,62}$`)

// table makes ready for the rows of a table: one that is not here, or lacks a column, was
// of a pack that has changed since, and nothing of it may be lost.
func (l *loader) table(t store.Table) (func([]byte) error, error) {
	if err := l.flush(); err != nil {
		return nil, err
	}
	for _, name := range append(names(t), t.Name) {
		if !identifier.MatchString(name) {
			return nil, errRecord
		}
	}
	here, ok := l.here[t.Name]
	if !ok && !strings.HasPrefix(t.Name, "r_") {
		return nil, refuse("The backup has a table %s, which this program does not know", t.Name)
	}
	if !ok {
		var cols []string
		for _, c := range t.Columns {
			cols = append(cols, c.Name+" "+c.Type)
		}
		if err := l.tx.DDL("CREATE TABLE " + t.Name + " (" + strings.Join(cols, ", ") + ", PRIMARY KEY (" + strings.Join(t.Key, ", ") + "))"); err != nil {
			return nil, err
		}
		here = t
	}
	for _, c := range t.Columns {
		i := slices.IndexFunc(here.Columns, func(h store.Column) bool { return h.Name == c.Name })
		switch {
		case i >= 0 && here.Columns[i].Type != c.Type:
			return nil, refuse("The column %s of %s is %s in the backup and %s in this program", c.Name, t.Name, c.Type, here.Columns[i].Type)
		case i < 0:
			if err := l.tx.DDL("ALTER TABLE " + t.Name + " ADD COLUMN " + c.Name + " " + c.Type); err != nil {
				return nil, err
			}
		}
	}
	l.into, l.loaded = t, append(l.loaded, t)
	return l.row, nil
}

func names(t store.Table) (out []string) {
	for _, c := range t.Columns {
		out = append(out, c.Name)
	}
	return out
}

func (l *loader) row(b []byte) error {
	values, err := decodeRow(l.into, b)
	if err != nil {
		return err
	}
	l.args, l.n = append(l.args, values...), l.n+1
	if len(l.args)+len(values) > atOnce {
		return l.flush()
	}
	return nil
}

func (l *loader) flush() error {
	if l.n == 0 {
		return nil
	}
	one := "(?" + strings.Repeat(", ?", len(l.into.Columns)-1) + ")"
	_, err := l.tx.Exec("INSERT INTO "+l.into.Name+" ("+strings.Join(names(l.into), ", ")+") VALUES "+one+strings.Repeat(", "+one, l.n-1), l.args...)
	l.args, l.n = l.args[:0], 0
	if err != nil {
		return fmt.Errorf("filling table %s: %w", l.into.Name, err)
	}
	return nil
}

// registers reads what the database says of its registers.
func registers(tx *store.Tx) (map[string]string, error) {
	out := map[string]string{}
	list, err := tx.Strings("SELECT name FROM registers ORDER BY name")
	for _, name := range list {
		var schema string
		if err := tx.Row("SELECT schema FROM registers WHERE name = ?", name).Scan(&schema); err != nil {
			return nil, err
		}
		out[name] = schema
	}
	return out, err
}

// merge tells the restored registers of the properties that this program's packs have
// gained since the backup: their columns are here already.
func (l *loader) merge() error {
	kept, err := registers(l.tx)
	if err != nil {
		return err
	}
	for name, schema := range l.fresh {
		now, was := map[string]json.RawMessage{}, map[string]json.RawMessage{}
		if err := json.Unmarshal([]byte(schema), &now); err != nil {
			return err
		}
		old, there := kept[name]
		if there {
			if err := json.Unmarshal([]byte(old), &was); err != nil {
				return err
			}
		}
		changed := !there
		for property, rule := range now {
			if _, ok := was[property]; !ok {
				was[property], changed = rule, true
			}
		}
		if !changed {
			continue
		}
		body, err := json.Marshal(was)
		if err != nil {
			return err
		}
		if _, err := l.tx.Exec("INSERT INTO registers (name, schema, updated_at) VALUES (?, ?, 0) ON CONFLICT (name) DO UPDATE SET schema = excluded.schema", name, string(body)); err != nil {
			return err
		}
	}
	return nil
}
