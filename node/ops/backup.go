package ops

import (
	"bufio"
	"compress/gzip"
	"context"
	"crypto/sha256"
	"database/sql"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"

	"aman/node"
	"aman/platform/audit"
	"aman/platform/store"
	"aman/platform/vault"
)

// format is the version of what is inside a backup.
const format = 1

// Begin is what a backup says first.
type Begin struct {
	Format int       `json:"format"`
	At     time.Time `json:"at"`
	Engine string    `json:"engine"` // that it was made from
	Schema int64     `json:"schema"` // version of the foundation's tables
}

// Count says how many rows a table has, and the SHA-256 over all of them in the order of
// the primary key.
type Count struct {
	Table string `json:"table"`
	Rows  int64  `json:"rows"`
	Hash  string `json:"hash"`
}

// Manifest is what a backup holds.
type Manifest struct {
	Begin
	Epoch  int64   `json:"epoch"` // of the key ring; with its key the backup ends
	Tables []Count `json:"tables"`
	Rows   int64   `json:"rows"`
	File   string  `json:"file,omitempty"`
	Size   int64   `json:"size,omitempty"`   // bytes
	SHA256 string  `json:"sha256,omitempty"` // of the file
}

// head is a table as its record says.
type head struct {
	Name    string         `json:"name"`
	Columns []store.Column `json:"columns"`
	Key     []string       `json:"key"`
}

// Backup writes the whole database into one sealed file, which must not exist, reads it
// back to prove that it is whole, and only then gives it its name. Others may go on
// writing: what is kept is one snapshot.
func Backup(ctx context.Context, n *node.Node, file string) (m Manifest, err error) {
	if _, err := os.Stat(file); !errors.Is(err, fs.ErrNotExist) {
		return m, refuse("There is a file %s already. Nothing was changed. Choose another name", file)
	}
	part, err := os.CreateTemp(filepath.Dir(file), filepath.Base(file)+".*.part") // mode 0600
	if err != nil {
		return m, fmt.Errorf("the backup cannot be written there: %w", err)
	}
	defer func() {
		part.Close()
		if err != nil {
			os.Remove(part.Name())
		}
	}()
	if m, err = seal(ctx, n.Store, n.Ring, part, n.Now()); err != nil {
		return m, onWrite(err)
	}
	if err := errors.Join(part.Sync(), part.Close()); err != nil {
		return m, onWrite(err)
	}
	found, err := Inspect(ctx, n.Ring, part.Name())
	if err != nil {
		return m, fmt.Errorf("the backup was read back and is not whole: %w", err)
	}
	if err := same(m.Tables, found.Tables); err != nil {
		return m, fmt.Errorf("the backup was read back and is not what was written: %w", err)
	}
	if err := os.Rename(part.Name(), file); err != nil {
		return m, onWrite(err)
	}
	if d, err := os.Open(filepath.Dir(file)); err == nil {
		_ = d.Sync()
		d.Close()
	}
	found.File = file
	return found, n.Audit.Record(ctx, audit.Entry{At: n.Now(), Actor: "system", Action: "node.backup", Outcome: audit.OK, Detail: map[string]string{"hash": found.SHA256}})
}

func onWrite(err error) error {
	if strings.Contains(err.Error(), "no space left") {
		return &store.Error{Kind: store.DiskFull, Text: "There is no room for the backup. The node is unharmed and the unfinished file was removed. Choose another place.", Err: err}
	}
	return err
}

// seal writes a snapshot of the store, compressed and sealed, to w.
func seal(ctx context.Context, db *store.DB, ring *vault.Ring, w io.Writer, at time.Time) (m Manifest, err error) {
	out := bufio.NewWriterSize(w, 256<<10)
	sealed, err := ring.SealBackup(out)
	if err != nil {
		return m, err
	}
	zip, err := gzip.NewWriterLevel(sealed, gzip.BestSpeed)
	if err != nil {
		return m, err
	}
	err = db.Read(ctx, func(tx *store.Tx) error {
		m = Manifest{Begin: Begin{Format: format, At: at.UTC().Truncate(time.Second), Engine: db.Engine()}}
		if m.Schema, err = tx.Schema(); err != nil {
			return err
		}
		if err := writeJSON(zip, recBegin, m.Begin); err != nil {
			return err
		}
		tables, err := tx.Tables()
		if err != nil {
			return err
		}
		for _, t := range order(tables, true) {
			if skipped[t.Name] {
				continue
			}
			c, err := dump(tx, t, zip)
			if err != nil {
				return fmt.Errorf("table %s: %w", t.Name, err)
			}
			m.Tables, m.Rows = append(m.Tables, c), m.Rows+c.Rows
		}
		return writeJSON(zip, recLast, m.Tables)
	})
	return m, errors.Join(err, zip.Close(), sealed.Close(), out.Flush())
}

// skipped are the tables that belong to a place and not to what is in it.
var skipped = map[string]bool{"schema_version": true, "writer_lock": true}

func writeJSON(w io.Writer, kind byte, v any) error {
	b, err := json.Marshal(v)
	if err != nil {
		return err
	}
	return writeRecord(w, kind, b)
}

// dump writes a table in the order of its primary key.
func dump(tx *store.Tx, t store.Table, w io.Writer) (Count, error) {
	if err := writeJSON(w, recTable, head{t.Name, t.Columns, t.Key}); err != nil {
		return Count{}, err
	}
	c := newCounter()
	err := rows(tx, t, func(row []byte) error {
		c.add(row)
		return writeRecord(w, recRow, row)
	})
	if err != nil {
		return Count{}, err
	}
	return c.count(t.Name), writeJSON(w, recEnd, c.count(t.Name))
}

// rows gives each row of a table as bytes.
func rows(tx *store.Tx, t store.Table, each func([]byte) error) error {
	if len(t.Key) == 0 {
		return errors.New("it has no primary key, so its rows have no order")
	}
	values, dest, err := cells(t)
	if err != nil {
		return err
	}
	var names []string
	for _, c := range t.Columns {
		names = append(names, c.Name)
	}
	var buf []byte
	return tx.Each(func(r *sql.Rows) error {
		if err := r.Scan(dest...); err != nil {
			return err
		}
		buf = buf[:0]
		for _, v := range values {
			buf = v.encode(buf)
		}
		return each(buf)
	}, "SELECT "+strings.Join(names, ", ")+" FROM "+t.Name+" ORDER BY "+strings.Join(t.Key, ", "))
}

func same(want, got []Count) error {
	if len(want) != len(got) {
		return fmt.Errorf("there are %d tables, not %d", len(got), len(want))
	}
	for i, w := range want {
		if got[i] != w {
			return fmt.Errorf("table %s has %d rows where %d are expected, or other ones", w.Table, got[i].Rows, w.Rows)
		}
	}
	return nil
}

// Inspect reads a backup from beginning to end, and gives its manifest when it is whole.
// Its errors: *Refused for a file that is none or was altered, *vault.Fault when the key
// ring cannot open it (any more).
func Inspect(ctx context.Context, ring *vault.Ring, file string) (Manifest, error) {
	return read(ctx, ring, file, func(store.Table) (func([]byte) error, error) { return func([]byte) error { return nil }, nil })
}

// read reads a whole backup. table is told of each table and gives what takes its rows.
func read(ctx context.Context, ring *vault.Ring, file string, table func(store.Table) (func([]byte) error, error)) (m Manifest, err error) {
	f, err := os.Open(file)
	if err != nil {
		return m, refuse("The backup %s cannot be read: %v", file, errors.Unwrap(err))
	}
	defer f.Close()
	sum := sha256.New()
	plain, h, err := ring.OpenBackup(io.TeeReader(f, sum))
	if err != nil {
		return m, altered(err)
	}
	// Nothing may be believed before the end of the seal; the caller undoes what it did if
	// this ends with an error.
	zip, err := gzip.NewReader(plain)
	if err != nil {
		return m, altered(err)
	}
	m, err = parse(ctx, bufio.NewReaderSize(zip, 256<<10), table)
	m.Epoch, m.File = h.Epoch, file
	if err != nil {
		return m, altered(err)
	}
	if err := drained(plain); err != nil {
		return m, altered(err)
	}
	if info, err := f.Stat(); err == nil {
		m.Size = info.Size()
	}
	m.SHA256 = hex.EncodeToString(sum.Sum(nil))
	return m, nil
}

// drained reads on to the authenticated end of the seal, after which nothing may come.
func drained(plain io.Reader) error {
	n, err := io.Copy(io.Discard, plain)
	if err == nil && n > 0 {
		err = errRecord
	}
	return err
}

// altered makes a fault of the file a refusal; faults of the keys, of the store and of
// the reader of rows stay what they are.
func altered(err error) error {
	damaged := vault.KindOf(err) == vault.Altered || errors.Is(err, errRecord) || errors.Is(err, io.EOF) ||
		errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, gzip.ErrChecksum) || errors.Is(err, gzip.ErrHeader)
	if damaged {
		return &Refused{Text: "This is no backup of Aman, or it was altered or cut short after it was written. Do not use it; take another", Err: err}
	}
	return err
}

// parse reads the records of a backup and checks counts and hashes on the way.
func parse(ctx context.Context, r *bufio.Reader, table func(store.Table) (func([]byte) error, error)) (m Manifest, err error) {
	var buf []byte
	var now *counter
	var name string
	var take func([]byte) error
	for n := 0; ; n++ {
		if n%1000 == 0 && ctx.Err() != nil {
			return m, ctx.Err()
		}
		kind, content, err := readRecord(r, buf)
		if err != nil {
			return m, err
		}
		buf = content
		if (kind == recBegin) != (n == 0) {
			return m, errRecord
		}
		switch kind {
		case recBegin:
			if err := json.Unmarshal(content, &m.Begin); err != nil {
				return m, errRecord
			}
			if m.Format > format {
				return m, refuse("The backup was made by a newer Aman. Use that one")
			}
		case recTable:
			var h head
			if now != nil || json.Unmarshal(content, &h) != nil {
				return m, errRecord
			}
			now, name = newCounter(), h.Name
			if take, err = table(store.Table{Name: h.Name, Columns: h.Columns, Key: h.Key}); err != nil {
				return m, err
			}
		case recRow:
			if now == nil {
				return m, errRecord
			}
			now.add(content)
			if err := take(content); err != nil {
				return m, err
			}
		case recEnd:
			var c Count
			if now == nil || json.Unmarshal(content, &c) != nil || c != now.count(name) {
				return m, errRecord
			}
			m.Tables, m.Rows, now = append(m.Tables, c), m.Rows+c.Rows, nil
		case recLast:
			var all []Count
			if now != nil || json.Unmarshal(content, &all) != nil || same(all, m.Tables) != nil {
				return m, errRecord
			}
			if _, err := r.ReadByte(); !errors.Is(err, io.EOF) {
				return m, errors.Join(errRecord, err)
			}
			return m, nil
		default:
			return m, errRecord
		}
	}
}
