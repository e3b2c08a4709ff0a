package audit

import (
	"context"
	"database/sql"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"time"

	"aman/platform/store"
)

// Page cuts a list: entries before Before (0: from the newest), at most Most (0: 100).
type Page struct {
	Before int64
	Most   int
}

const columns = "seq, at, actor, org, action, outcome, register, object, case_id, detail"

// ForCase lists what happened in a case, newest first.
func (l *Log) ForCase(tx *store.Tx, caseID string, p Page) ([]Entry, error) {
	return list(tx, "case_id", caseID, p)
}

// ForObject lists what happened to a row, a submission, a user …, newest first.
func (l *Log) ForObject(tx *store.Tx, object string, p Page) ([]Entry, error) {
	return list(tx, "object", object, p)
}

// ForActor lists what somebody did, newest first.
func (l *Log) ForActor(tx *store.Tx, actor string, p Page) ([]Entry, error) {
	return list(tx, "actor", actor, p)
}

func list(tx *store.Tx, column, value string, p Page) ([]Entry, error) {
	if p.Before <= 0 {
		p.Before = 1 << 62
	}
	if p.Most <= 0 {
		p.Most = 100
	}
	return store.All(tx, func(r *sql.Rows) (Entry, error) { e, _, err := scan(r, false); return e, err },
		"SELECT "+columns+" FROM audit WHERE "+column+" = ? AND seq < ? ORDER BY seq DESC LIMIT ?", value, p.Before, p.Most)
}

func scan(r *sql.Rows, withHash bool) (e Entry, hash []byte, err error) {
	var at int64
	var detail string
	dest := []any{&e.Seq, &at, &e.Actor, &e.Org, &e.Action, &e.Outcome, &e.Register, &e.Object, &e.Case, &detail}
	if withHash {
		dest = append(dest, &hash)
	}
	if err := r.Scan(dest...); err != nil {
		return e, nil, err
	}
	e.At = store.Time(at)
	if detail != "" {
		if err := json.Unmarshal([]byte(detail), &e.Detail); err != nil {
			return e, hash, fmt.Errorf("the detail of audit entry %d cannot be read; run `aman audit verify`", e.Seq)
		}
	}
	return e, hash, nil
}

// line is one entry in an export.
type line struct {
	Seq      int64             `json:"seq"`
	At       string            `json:"at"`
	Actor    string            `json:"actor"`
	Org      string            `json:"org"`
	Action   string            `json:"action"`
	Outcome  string            `json:"outcome"`
	Register string            `json:"register,omitempty"`
	Object   string            `json:"object,omitempty"`
	Case     string            `json:"case,omitempty"`
	Detail   map[string]string `json:"detail,omitempty"`
	Hash     string            `json:"hash"`
}

// Export writes the entries from..to (both counted in; to 0: the newest) as JSON
// lines, oldest first, with their hashes, and says how many.
func Export(ctx context.Context, db *store.DB, w io.Writer, from, to int64) (n int64, err error) {
	if to <= 0 {
		to = 1 << 62
	}
	enc := json.NewEncoder(w)
	enc.SetEscapeHTML(false)
	err = db.Read(ctx, func(tx *store.Tx) error {
		return tx.Each(func(r *sql.Rows) error {
			e, hash, err := scan(r, true)
			if err != nil {
				return err
			}
			n++
			return enc.Encode(line{e.Seq, e.At.Format(time.RFC3339Nano), e.Actor, e.Org, e.Action, e.Outcome, e.Register, e.Object, e.Case, e.Detail, hex.EncodeToString(hash)})
		}, "SELECT "+columns+", hash FROM audit WHERE seq >= ? AND seq <= ? ORDER BY seq", from, to)
	})
	return n, err
}

// Where lists the newest entries that fit a condition over the table audit under the
// name r, as the filter of an access policy writes it. The condition is SQL: it must
// come from the program, with every value in args.
func Where(tx *store.Tx, where string, args []any, limit int) ([]Entry, error) {
	return store.All(tx, func(r *sql.Rows) (Entry, error) {
		e, _, err := scan(r, false)
		return e, err
	}, "SELECT r.seq, r.at, r.actor, r.org, r.action, r.outcome, r.register, r.object, r.case_id, r.detail FROM audit r WHERE ("+where+") ORDER BY r.seq DESC LIMIT ?", append(slices.Clone(args), limit)...)
}
