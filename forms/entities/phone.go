package entities

import (
	"context"
	"crypto/md5" // #nosec: manifests of OpenRosa carry MD5 to notice a changed file, not for safety
	"database/sql"
	"encoding/csv"
	"encoding/hex"
	"fmt"
	"io"
	"strconv"
	"strings"

	"aman/platform/access"
	"aman/platform/audit"
	"aman/platform/store"
)

// ListType is how a manifest names a list: one whose entities are made on approval alone is
// told apart, so that phones do not make them for themselves.
func ListType(d Dataset) string {
	if d.Approval {
		return "approvalEntityList"
	}
	return "entityList"
}

// columns are the properties of a list that a phone may hold: never identity or health.
func (l *list) columns() (out []string) {
	for _, p := range l.Properties {
		if p.Class == access.Open || p.Class == access.Sensitive {
			out = append(out, p.Name)
		}
	}
	return out
}

// Hash is 32 hex digits that change when anything changes that CSV would give this subject,
// and differ between subjects to whom it gives different rows or values.
func (s *Service) Hash(tx *store.Tx, sub access.Subject, project int64, name string) (string, error) {
	sub = s.at(sub)
	l, err := s.list(tx, sub, project, name)
	if err != nil {
		return "", err
	}
	if l.schema != nil {
		return s.boundHash(tx, sub, l)
	}
	h := md5.New()
	fmt.Fprintln(h, l.ID, l.Approval, l.LabelClass, l.columns())
	for _, p := range l.Properties {
		fmt.Fprintln(h, p.Name, p.Class)
	}
	where, args := s.policy.Filter(sub, access.Read, register)
	err = tx.Each(func(r *sql.Rows) error {
		var o access.Object
		var n, stamp int64
		if err := r.Scan(&o.Org, &o.Office, &o.Owner, &n, &stamp); err != nil {
			return err
		}
		o.Register, o.Restricted = register, l.OwnOnly
		d := s.policy.Can(sub, access.Read, o, access.Facts{})
		fmt.Fprintln(h, o.Org, o.Office, o.Owner, n, stamp, d.Readable(access.Open), d.Readable(access.Sensitive))
		return nil
	}, "SELECT r.org, r.office, r.owner, r.n, r.stamp FROM "+l.counts()+" WHERE r.list = ? AND "+where+" ORDER BY r.org, r.office, r.owner", append([]any{l.ID}, args...)...)
	if err != nil {
		return "", err
	}
	return hex.EncodeToString(h.Sum(nil)), nil
}

// boundHash goes over the rows themselves: what of a register somebody sees can change with
// no write at all, when a share ends.
func (s *Service) boundHash(tx *store.Tx, sub access.Subject, l *list) (string, error) {
	h := md5.New()
	fmt.Fprintln(h, l.Register, l.columns())
	q := Query{Project: l.Project, Dataset: l.Name, Oldest: true, Limit: limitMost}
	for {
		page, err := s.boundPage(tx, sub, l, q)
		if err != nil {
			return "", err
		}
		for _, e := range page.Entities {
			fmt.Fprintln(h, e.ID, e.Version, len(e.Values))
		}
		if !page.More {
			return hex.EncodeToString(h.Sum(nil)), nil
		}
		q.After = page.Next
	}
}

// CSV writes the list as a phone carries it: name, label, __version and the properties that
// a phone may hold, of the entities that the subject may see. Memory does not grow with the
// list. It gives the hash that stood when it began.
func (s *Service) CSV(ctx context.Context, sub access.Subject, project int64, name string, w io.Writer) (hash string, err error) {
	sub = s.at(sub)
	var l *list
	err = s.db.Write(ctx, func(tx *store.Tx) (err error) {
		if l, err = s.list(tx, sub, project, name); err != nil {
			return err
		}
		if hash, err = s.Hash(tx, sub, project, name); err != nil {
			return err
		}
		who := sub.Device
		if who == "" {
			who = sub.User
		}
		return s.audit.Append(tx, audit.Entry{At: sub.At, Actor: who, Org: sub.Org, Action: "entity.carry", Outcome: audit.OK, Register: register, Detail: map[string]string{"list": strconv.FormatInt(l.ID, 10)}})
	})
	if err != nil {
		return "", err
	}
	columns := l.columns()
	out := csv.NewWriter(w)
	if err := out.Write(append([]string{"name", "label", "__version"}, columns...)); err != nil {
		return "", err
	}
	record := make([]string, 3+len(columns))
	// Whoever asks gets what a phone may hold, and no more: a file on a desk is carried about too.
	onPhone := sub
	if onPhone.Device == "" {
		onPhone.Device = "file"
	}
	err = s.stream(ctx, onPhone, Query{Project: project, Dataset: name, Oldest: true}, func(e Entity) error {
		record[0], record[1], record[2] = e.ID, e.Label, strconv.FormatInt(e.Version, 10)
		if record[1] == "" {
			record[1], _, _ = strings.Cut(e.ID, "-") // a label that may not be carried: something to tell them apart by
		}
		for i, c := range columns {
			record[3+i] = e.Values[c]
		}
		return out.Write(record)
	})
	if err != nil {
		return "", err
	}
	out.Flush()
	return hash, out.Error()
}

// State says whether an entity is deleted.
type State struct {
	ID      string
	Deleted bool
}

// Integrity tells a phone which of the entities that it holds are no more. One that never
// was, or that this subject does not see, is answered like a deleted one.
func (s *Service) Integrity(tx *store.Tx, sub access.Subject, project int64, name string, ids []string) ([]State, error) {
	sub = s.at(sub)
	l, err := s.list(tx, sub, project, name)
	if err != nil {
		return nil, err
	}
	out := make([]State, len(ids))
	for i, id := range ids {
		out[i] = State{id, true}
	}
	for from := 0; from < len(ids); from += limitMost {
		part := ids[from:min(from+limitMost, len(ids))]
		page, err := s.List(tx, sub, Query{Project: l.Project, Dataset: l.Name, IDs: part, Limit: limitMost})
		if err != nil {
			return nil, err
		}
		there := map[string]bool{}
		for _, e := range page.Entities {
			there[e.ID] = true
		}
		for i, id := range part {
			out[from+i].Deleted = !there[id]
		}
	}
	return out, nil
}
