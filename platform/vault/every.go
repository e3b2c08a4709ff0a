package vault

import (
	"aman/platform/store"
)

// LookupEvery finds rows of a register that have every one of the values for this property
// and kind, at most most, in no order that means anything. Where a value is common and
// another rare it begins with the rare one, so it stays quick where Lookup, which ranks, has to
// go through all that share the common one.
func (v *Vault) LookupEvery(tx *store.Tx, register, property, kind string, values []string, most int) ([]string, error) {
	tokens := v.tokens(property, kind, values)
	if len(tokens) == 0 {
		return nil, nil
	}
	const same = "register = ? AND property = ? AND kind = ?"
	rarest, fewest := 0, commonFrom+1
	for i, t := range tokens {
		if len(tokens) == 1 {
			break
		}
		var n int
		if err := tx.Row("SELECT count(*) FROM (SELECT 1 FROM blind WHERE token = ? AND "+same+" LIMIT "+itoa(commonFrom)+") AS few", t, register, property, kind).Scan(&n); err != nil {
			return nil, err
		}
		if n < fewest {
			rarest, fewest = i, n
		}
	}
	query := "SELECT b.row_id FROM blind b WHERE b.token = ? AND b.register = ? AND b.property = ? AND b.kind = ?"
	args := []any{tokens[rarest], register, property, kind}
	for i, t := range tokens {
		if i != rarest {
			query += " AND EXISTS (SELECT 1 FROM blind o WHERE o.token = ? AND o.register = b.register AND o.row_id = b.row_id AND o.property = b.property AND o.kind = b.kind)"
			args = append(args, t)
		}
	}
	return tx.Strings(query+" LIMIT "+itoa(most), args...)
}

// commonFrom is from how many rows on a value counts as common, and is not counted further.
const commonFrom = 1000
