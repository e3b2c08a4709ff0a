package registry

import (
	"database/sql"
	"strings"
	"time"

	"aman/platform/access"
	"aman/platform/store"
)

// Row is one row of a register as somebody may see it.
type Row struct {
	Register string
	ID       string
	Version  int64
	Org      string // the organisation that keeps the row
	Office   string
	Owner    string // the user who answers for it
	Case     string
	Person   string
	Party    string // the organisation that receives it (a referral), else empty
	State    string
	// Restricted rows are for the case team alone, not for the office.
	Restricted           bool
	CreatedAt, UpdatedAt time.Time
	CreatedBy, UpdatedBy string
	// Submission is the one that made this version.
	Submission string
	Deleted    bool

	// Values holds what the asker may read and is not sealed.
	Values Values
	// Sealed names the properties with a sealed value that the asker may ask to unseal.
	Sealed []string

	blobs map[string][]byte
}

// Object is the row as the access policy sees it.
func (r *Row) Object() access.Object {
	return access.Object{
		Register: r.Register, ID: r.ID, Org: r.Org, Office: r.Office, Owner: r.Owner, Case: r.Case,
		Person: r.Person, Party: r.Party, State: r.State, Restricted: r.Restricted, Deleted: r.Deleted,
	}
}

// columns lists every column of a register in the order scan reads them.
func (s *Schema) columns() string {
	var b strings.Builder
	for i, c := range system {
		if i > 0 {
			b.WriteString(", ")
		}
		b.WriteString("r." + c.name)
	}
	for _, p := range s.Properties {
		b.WriteString(", r." + p.Name)
	}
	return b.String()
}

// scan reads a row with everything in it; strip takes out what may not be seen.
func (s *Schema) scan(rows *sql.Rows) (*Row, error) {
	r := &Row{Register: s.Name, Values: Values{}, blobs: map[string][]byte{}}
	var created, updated int64
	dest := []any{
		&r.ID, &r.Version, &r.Org, &r.Office, &r.Owner, &r.Case, &r.Person, &r.Party, &r.State, &r.Restricted,
		&created, &r.CreatedBy, &updated, &r.UpdatedBy, &r.Submission, &r.Deleted,
	}
	props := make([]any, len(s.Properties))
	for i := range props {
		dest = append(dest, &props[i])
	}
	if err := rows.Scan(dest...); err != nil {
		return nil, err
	}
	r.CreatedAt, r.UpdatedAt = store.Time(created), store.Time(updated)
	for i, p := range s.Properties {
		switch v := props[i].(type) {
		case nil:
		case []byte:
			if p.Class.Sealed() {
				r.blobs[p.Name] = append([]byte(nil), v...)
			} else {
				r.Values[p.Name] = fromColumn(p.Type, v)
			}
		default:
			r.Values[p.Name] = fromColumn(p.Type, v)
		}
	}
	return r, nil
}

// load reads one row, unfiltered, for the writer and for checks.
func (s *Schema) load(tx *store.Tx, id string) (*Row, error) {
	rows, err := store.All(tx, s.scan, "SELECT "+s.columns()+" FROM "+s.Table()+" r WHERE r.id = ?", id)
	if err != nil {
		return nil, err
	}
	if len(rows) == 0 {
		return nil, store.ErrNone
	}
	return rows[0], nil
}

// strip leaves in the row what may be read, and names the sealed values that may be
// unsealed.
func (s *Schema) strip(r *Row, readable, unsealable func(string) bool) {
	for _, p := range s.Properties {
		if !readable(p.Name) {
			delete(r.Values, p.Name)
		}
		if _, there := r.blobs[p.Name]; there && unsealable(p.Name) {
			r.Sealed = append(r.Sealed, p.Name)
		}
	}
	r.blobs = nil
}
