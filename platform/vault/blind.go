package vault

import (
	"bytes"
	"crypto/hmac"
	"crypto/sha256"
	"database/sql"
	"encoding/binary"
	"maps"
	"slices"
	"strings"

	"aman/platform/store"
)

// tokenLen is how much of the HMAC is kept: with 16 bytes two values meet by chance
// once in 2^64 pairs, and an index entry stays small.
const tokenLen = 16

// matchesMost bounds a look-up: a phonetic key of a common name fits thousands, and
// nobody reads past the best.
const matchesMost = 500

// Match is a row that shares Hits of the values that were looked for.
type Match struct {
	Row  string
	Hits int
}

// Index replaces the look-up tokens of one property of one row. Values come by kind
// ("exact", "sound" …), already normalised by the caller; empty ones are skipped.
// They belong to owner, the person, whose erasure removes them; owner may be empty
// and given later with OwnTokens. No values at all removes the tokens. ErrErased when
// the owner was erased.
func (v *Vault) Index(tx *store.Tx, register, rowID, property, owner string, values map[string][]string) error {
	if _, err := tx.Exec("DELETE FROM blind WHERE register = ? AND row_id = ? AND property = ?", register, rowID, property); err != nil {
		return err
	}
	var args []any
	for _, kind := range slices.Sorted(maps.Keys(values)) {
		for _, t := range v.tokens(property, kind, values[kind]) {
			args = append(args, register, rowID, property, kind, t, owner)
		}
	}
	if len(args) == 0 {
		return nil
	}
	if err := notErased(tx, owner); err != nil {
		return err
	}
	// One statement: on PostgreSQL each would be a round trip.
	_, err := tx.Exec("INSERT INTO blind (register, row_id, property, kind, token, owner) VALUES "+
		strings.TrimSuffix(strings.Repeat("(?, ?, ?, ?, ?, ?), ", len(args)/6), ", "), args...)
	return err
}

// OwnTokens gives the tokens of a row to a person.
func (v *Vault) OwnTokens(tx *store.Tx, register, rowID, personID string) error {
	if err := notErased(tx, personID); err != nil {
		return err
	}
	_, err := tx.Exec("UPDATE blind SET owner = ? WHERE register = ? AND row_id = ?", personID, register, rowID)
	return err
}

// Lookup finds the rows of a register that share a value of this property and kind,
// those with most in common first, at most 500.
func (v *Vault) Lookup(tx *store.Tx, register, property, kind string, values []string) ([]Match, error) {
	tokens := v.tokens(property, kind, values)
	if len(tokens) == 0 {
		return nil, nil
	}
	args := []any{register, property, kind}
	for _, t := range tokens {
		args = append(args, t)
	}
	return store.All(tx, func(r *sql.Rows) (m Match, err error) { return m, r.Scan(&m.Row, &m.Hits) },
		"SELECT row_id, count(*) AS hits FROM blind WHERE register = ? AND property = ? AND kind = ? AND token IN ("+marks(len(tokens))+
			") GROUP BY row_id ORDER BY hits DESC, row_id LIMIT "+itoa(matchesMost), args...)
}

// tokens makes each different value a token: HMAC-SHA-256 under a key of the ring,
// over property, kind and value with their lengths, cut to 16 bytes.
func (v *Vault) tokens(property, kind string, values []string) [][]byte {
	mac := hmac.New(sha256.New, v.ring.Derive("blind index"))
	var out [][]byte
	for _, s := range values {
		if s == "" {
			continue
		}
		mac.Reset()
		for _, part := range []string{property, kind, s} {
			var n [8]byte
			binary.BigEndian.PutUint64(n[:], uint64(len(part)))
			mac.Write(n[:])
			mac.Write([]byte(part))
		}
		out = append(out, mac.Sum(nil)[:tokenLen])
	}
	slices.SortFunc(out, bytes.Compare)
	return slices.CompactFunc(out, bytes.Equal)
}
