package casework

import (
	"context"
	"database/sql"
	"strings"

	"aman/platform/access"
	"aman/platform/store"
)

// forSubject is the condition on notices that are for the subject: to the user, or to
// an organisation or office of hers.
func forSubject(sub access.Subject) (string, []any) {
	args := []any{sub.User, sub.Org}
	offices := "office = ''"
	if len(sub.Offices) > 0 {
		offices += " OR office IN (?" + strings.Repeat(", ?", len(sub.Offices)-1) + ")"
		for _, o := range sub.Offices {
			args = append(args, o)
		}
	}
	return "(user_id = ? OR (user_id = '' AND org = ? AND (" + offices + ")))", args
}

// Notices lists what the subject should see, newest first.
func (s *Service) Notices(tx *store.Tx, sub access.Subject, limit int) ([]Notice, error) {
	where, args := forSubject(sub)
	return store.All(tx, func(r *sql.Rows) (n Notice, err error) {
		var at, seen int64
		err = r.Scan(&n.ID, &n.User, &n.Org, &n.Office, &n.Kind, &n.Case, &n.Object, &at, &seen)
		n.At, n.Seen = store.Time(at), store.Time(seen)
		return n, err
	}, "SELECT id, user_id, org, office, kind, case_id, object, at, seen_at FROM notices WHERE "+where+" ORDER BY at DESC, id DESC LIMIT ?", append(args, limit)...)
}

// Unseen counts the notices that nobody has looked at.
func (s *Service) Unseen(tx *store.Tx, sub access.Subject) (n int, err error) {
	where, args := forSubject(sub)
	return n, tx.Row("SELECT count(*) FROM notices WHERE seen_at = 0 AND "+where, args...).Scan(&n)
}

// MarkSeen marks the subject's notices as looked at.
func (s *Service) MarkSeen(ctx context.Context, sub access.Subject) error {
	where, args := forSubject(sub)
	return s.db.Write(ctx, func(tx *store.Tx) error {
		_, err := tx.Exec("UPDATE notices SET seen_at = ? WHERE seen_at = 0 AND "+where, append([]any{store.Micros(s.now())}, args...)...)
		return err
	})
}
