package release

import (
	"database/sql"
	"encoding/json"
	"fmt"

	"aman/platform/store"
)

// Parts of a request, each sealed under the request's own key. The same tables hold them on either database.
const (
	partPlan       = "plan"       // the internal half of the plan, and the public one
	partFolder     = "folder"     // the released folder, as an archive
	partEvaluation = "evaluation" // never published
	partRows       = "rows"       // the synthetic rows, for the prediction of the next release
)

// chunk is how much of a part stands in one row.
const chunk = 256 << 10

// put seals a part in place of an earlier one.
func (s *Service) put(tx *store.Tx, request, name string, body []byte) error {
	if _, err := tx.Exec("DELETE FROM release_parts WHERE request = ? AND name = ?", request, name); err != nil {
		return err
	}
	key, err := s.partKey(tx, request)
	if err != nil {
		return err
	}
	for n := 0; n == 0 || n*chunk < len(body); n++ {
		sealed, err := s.vault.Seal(tx, key, partContext(request, name, n), body[n*chunk:min(len(body), (n+1)*chunk)])
		if err != nil {
			return err
		}
		if _, err := tx.Exec("INSERT INTO release_parts (request, name, part, body) VALUES (?, ?, ?, ?)", request, name, n, sealed); err != nil {
			return err
		}
	}
	return nil
}

func partContext(request, name string, n int) string {
	return fmt.Sprintf("releases/%s/%s/%d", request, name, n)
}

// partKey gives the key of a request, made at first use.
func (s *Service) partKey(tx *store.Tx, request string) (id string, err error) {
	if err := tx.Row("SELECT sealed_by FROM release_requests WHERE id = ?", request).Scan(&id); err != nil || id != "" {
		return id, err
	}
	if id, err = s.vault.NewKey(tx, request); err != nil {
		return "", err
	}
	_, err = tx.Exec("UPDATE release_requests SET sealed_by = ? WHERE id = ?", id, request)
	return id, err
}

// get opens a part; store.ErrNone when it is not there.
func (s *Service) get(tx *store.Tx, request, name string) ([]byte, error) {
	list, err := store.All(tx, func(r *sql.Rows) (b []byte, err error) { return b, r.Scan(&b) },
		"SELECT body FROM release_parts WHERE request = ? AND name = ? ORDER BY part", request, name)
	if err != nil {
		return nil, err
	}
	if len(list) == 0 {
		return nil, store.ErrNone
	}
	var out []byte
	for n, sealed := range list {
		b, err := s.vault.Open(tx, partContext(request, name, n), sealed)
		if err != nil {
			return nil, err
		}
		out = append(out, b...)
	}
	return out, nil
}

func (s *Service) putJSON(tx *store.Tx, request, name string, v any) error {
	body, err := json.Marshal(v)
	if err != nil {
		return err
	}
	return s.put(tx, request, name, body)
}

func (s *Service) getJSON(tx *store.Tx, request, name string, v any) error {
	body, err := s.get(tx, request, name)
	if err != nil {
		return err
	}
	return json.Unmarshal(body, v)
}
