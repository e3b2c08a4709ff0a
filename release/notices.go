package release

import (
	"database/sql"
	"slices"

	"aman/platform/access"
	"aman/platform/ids"
	"aman/platform/store"
)

// told says who is told that a request has come to a state: those who approve, or its owner. The kind of the notice is
// release_ and the state.
var told = map[string]who{Submitted: other, Rejected: owner, Released: owner, Failed: owner, Recalled: owner}

// tell leaves notices of a step; nobody is told of what she did herself.
func (s *Service) tell(tx *store.Tx, r *Request, to, actor string) error {
	whom, ok := told[to]
	if !ok {
		return nil
	}
	users := []string{r.Owner}
	if whom == other {
		var err error
		if users, err = s.approvers(tx, r); err != nil {
			return err
		}
	}
	for _, user := range users {
		if user == actor {
			continue
		}
		if _, err := tx.Exec("INSERT INTO notices (id, user_id, org, kind, object, at) VALUES (?, ?, ?, ?, ?, ?)",
			ids.New(), user, r.Org, "release_"+to, r.ID, store.Micros(s.now().UTC())); err != nil {
			return err
		}
	}
	return nil
}

// approvers lists who may approve the request.
func (s *Service) approvers(tx *store.Tx, r *Request) (out []string, err error) {
	type held struct{ user, role string }
	list, err := store.All(tx, func(rows *sql.Rows) (h held, err error) { return h, rows.Scan(&h.user, &h.role) },
		"SELECT u.id, ur.role FROM users u JOIN user_roles ur ON ur.user_id = u.id WHERE u.org = ? AND NOT u.disabled ORDER BY u.id", r.Org)
	for _, h := range list {
		sub := access.Subject{User: h.user, Org: r.Org, Roles: []string{h.role}, At: s.now()}
		if !slices.Contains(out, h.user) && s.policy.Can(sub, access.ApproveRelease, r.object(), access.Facts{}).Allow {
			out = append(out, h.user)
		}
	}
	return out, err
}
