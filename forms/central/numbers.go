package central

import (
	"database/sql"
	"errors"
	"strings"
	"sync"

	"aman/platform/store"
)

// Kinds of number. Users and app users share one row of numbers, as in Central.
const (
	actorNumber = "actor"
	formNumber  = "form"
)

// numbers keeps the small numbers by which scripts know things. They never change, so what
// was read once need not be read again.
type numbers struct {
	mu    sync.Mutex
	known map[[2]string]int64 // kind, id
}

// numbersKept bounds the memory of it.
const numbersKept = 100_000

// number gives the number of each id, making those that are missing.
func (c *call) number(kind string, ids ...string) (map[string]int64, error) {
	out := map[string]int64{}
	var missing []string
	n := &c.h.numbers
	n.mu.Lock()
	for _, id := range ids {
		if v, ok := n.known[[2]string{kind, id}]; ok {
			out[id] = v
		} else if _, twice := out[id]; !twice && id != "" {
			out[id] = 0
			missing = append(missing, id)
		}
	}
	n.mu.Unlock()
	if len(missing) == 0 {
		return out, nil
	}
	if err := c.read(func(tx *store.Tx) error { return readNumbers(tx, kind, missing, out) }); err != nil {
		return nil, err
	}
	var none []string
	for _, id := range missing {
		if out[id] == 0 {
			none = append(none, id)
		}
	}
	if len(none) > 0 {
		if err := c.h.Store.Write(c.ctx(), func(tx *store.Tx) error { return makeNumbers(tx, kind, none, out) }); err != nil {
			return nil, err
		}
	}
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.known == nil || len(n.known) > numbersKept {
		n.known = map[[2]string]int64{}
	}
	for _, id := range missing {
		n.known[[2]string{kind, id}] = out[id]
	}
	return out, nil
}

func readNumbers(tx *store.Tx, kind string, ids []string, out map[string]int64) error {
	const page = 200
	for len(ids) > 0 {
		some := ids[:min(page, len(ids))]
		ids = ids[len(some):]
		args := []any{kind}
		for _, id := range some {
			args = append(args, id)
		}
		if err := tx.Each(func(r *sql.Rows) error {
			var id string
			var n int64
			err := r.Scan(&id, &n)
			out[id] = n
			return err
		}, "SELECT id, number FROM numbers WHERE kind = ? AND id IN (?"+strings.Repeat(", ?", len(some)-1)+")", args...); err != nil {
			return err
		}
	}
	return nil
}

// makeNumbers runs inside the one writer of a node, so that no number is given twice.
func makeNumbers(tx *store.Tx, kind string, ids []string, out map[string]int64) error {
	var last int64
	if err := tx.Row("SELECT coalesce(max(number), 0) FROM numbers WHERE kind = ?", kind).Scan(&last); err != nil {
		return err
	}
	for _, id := range ids {
		if _, err := tx.Exec("INSERT INTO numbers (kind, number, id) VALUES (?, ?, ?) ON CONFLICT DO NOTHING", kind, last+1, id); err != nil {
			return err
		}
		last++
	}
	return readNumbers(tx, kind, ids, out)
}

// idOf gives the id behind a number; errNotFound when there is none.
func (c *call) idOf(kind string, number int64) (id string, err error) {
	err = c.read(func(tx *store.Tx) error {
		return tx.Row("SELECT id FROM numbers WHERE kind = ? AND number = ?", kind, number).Scan(&id)
	})
	if errors.Is(err, store.ErrNone) {
		return "", errNotFound
	}
	return id, err
}
