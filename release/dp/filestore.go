package dp

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"sync"
)

// Memory is a Store that lasts as long as the process. For tests, and for budgets that a
// caller keeps elsewhere.
type Memory struct {
	mu      sync.Mutex
	entries []Entry
}

// NewMemory gives an empty one.
func NewMemory() *Memory { return &Memory{} }

// Last implements Store.
func (m *Memory) Last(context.Context) (Entry, bool, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if len(m.entries) == 0 {
		return Entry{}, false, nil
	}
	return m.entries[len(m.entries)-1], true, nil
}

// Append implements Store.
func (m *Memory) Append(_ context.Context, e Entry) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if e.Seq != len(m.entries) {
		return ErrConflict
	}
	m.entries = append(m.entries, e)
	return nil
}

// Entries gives a copy of all entries.
func (m *Memory) Entries() []Entry {
	m.mu.Lock()
	defer m.mu.Unlock()
	return slices.Clone(m.entries)
}

// File is a ledger on disk: one JSON line an entry, appended and synced.
//
// A crash may leave the last line half written. Its Append never returned, so no noise was drawn
// for it, and the next Append cuts it off. Anything else that is wrong, a changed entry,
// a missing one, a broken chain, makes every call fail: a damaged ledger never spends. The chain
// cannot show that whole entries were cut from the end; keep the newest hash elsewhere too (the
// release manifest has it).
type File struct{ path string }

// OpenFile names the ledger file and makes sure that it exists. The folder must.
func OpenFile(path string) (*File, error) {
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, fmt.Errorf("open ledger: %w", err)
	}
	if err := f.Close(); err != nil {
		return nil, fmt.Errorf("open ledger: %w", err)
	}
	if err := syncDir(filepath.Dir(path)); err != nil {
		return nil, fmt.Errorf("open ledger: %w", err)
	}
	return &File{path}, nil
}

// Entries reads and verifies the whole ledger.
func (f *File) Entries() ([]Entry, error) {
	b, err := os.ReadFile(f.path)
	if err != nil {
		return nil, fmt.Errorf("read ledger: %w", err)
	}
	entries, _, err := parse(b)
	if err != nil {
		return nil, fmt.Errorf("ledger %s: %w", filepath.Base(f.path), err)
	}
	return entries, nil
}

// Last implements Store.
func (f *File) Last(context.Context) (Entry, bool, error) {
	entries, err := f.Entries()
	if err != nil || len(entries) == 0 {
		return Entry{}, false, err
	}
	return entries[len(entries)-1], true, nil
}

// Append implements Store. It holds a lock on the file, which other processes honour and which ends with the process.
func (f *File) Append(ctx context.Context, e Entry) (err error) {
	file, err := lockFile(ctx, f.path)
	if err != nil {
		return fmt.Errorf("lock ledger: %w", err)
	}
	defer func() { err = errors.Join(err, file.Close()) }()
	b, err := io.ReadAll(file)
	if err != nil {
		return fmt.Errorf("read ledger: %w", err)
	}
	entries, good, err := parse(b)
	if err != nil {
		return fmt.Errorf("ledger %s: %w", filepath.Base(f.path), err)
	}
	if e.Seq != len(entries) {
		return ErrConflict
	}
	if err := Verify(append(entries, e)); err != nil {
		return fmt.Errorf("append to ledger: %w", err)
	}
	line, err := json.Marshal(e)
	if err != nil {
		return fmt.Errorf("append to ledger: %w", err)
	}
	if err := file.Truncate(int64(good)); err != nil {
		return fmt.Errorf("cut a half written entry: %w", err)
	}
	if _, err := file.WriteAt(append(line, '\n'), int64(good)); err != nil {
		return fmt.Errorf("append to ledger: %w", err)
	}
	if err := file.Sync(); err != nil {
		return fmt.Errorf("sync ledger: %w", err)
	}
	return nil
}

// parse reads whole lines and verifies them; good is the length of what they fill. A last line
// without its newline is a torn write and is left out.
func parse(b []byte) (entries []Entry, good int, err error) {
	for n := 1; ; n++ {
		end := bytes.IndexByte(b[good:], '\n')
		if end < 0 {
			return entries, good, Verify(entries)
		}
		var e Entry
		dec := json.NewDecoder(bytes.NewReader(b[good : good+end]))
		dec.DisallowUnknownFields()
		if err := dec.Decode(&e); err != nil {
			return nil, 0, fmt.Errorf("line %d is not an entry: %w", n, err)
		}
		if _, err := dec.Token(); err != io.EOF {
			return nil, 0, fmt.Errorf("line %d holds more than one entry", n)
		}
		entries = append(entries, e)
		good += end + 1
	}
}
