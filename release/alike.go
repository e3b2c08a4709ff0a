package release

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"slices"

	"aman/platform/access"
	"aman/platform/store"
	"aman/release/kanon"
	"aman/release/profiles"
	"aman/release/risk"
)

// alike are rows of which each is shared by k people at least, on all columns together.
type alike struct {
	table risk.Table
	lost  []kanon.KeyLoss
	risk  risk.Measures // on the profile's keys
	hash  string        // of the rows, to know the same file again
}

// keyWeight is how much more a value of a key column is worth to the reader than another: keys are what files are compared by.
const keyWeight = 4

// anonymise makes the rows alike. Every column counts as a key: a kind of labour that only one person has would find that
// person as well as a name of a town does.
func anonymise(ctx context.Context, r *records, k int) (*alike, error) {
	if len(r.rows) < k {
		return nil, &Fault{FaultFew, ""}
	}
	t, keys, err := r.table()
	if err != nil {
		return nil, err
	}
	var all []kanon.Key
	for i, c := range r.columns {
		key := kanon.Key{Column: i, Weight: 1}
		if c.Key {
			key.Weight = keyWeight
		}
		all = append(all, key)
	}
	out := &alike{}
	if t, out.lost, err = kanon.Anonymise(ctx, t, all, kanon.Need{K: k}); err != nil {
		return nil, err
	}
	// What a withheld value would be told by goes as well. Rows that were alike stay alike.
	rows := t.Rows()
	for _, row := range rows {
		profiles.Settle(r.columns, row)
	}
	slices.SortFunc(rows, slices.Compare) // the order of the register tells who came when
	if out.table, err = risk.FromRows(r.names(), rows); err != nil {
		return nil, err
	}
	if out.risk, err = risk.Measure(out.table, keys, risk.Options{}); err != nil {
		return nil, err
	}
	body, err := json.Marshal(rows)
	if err != nil {
		return nil, err
	}
	sum := sha256.Sum256(body)
	out.hash = hex.EncodeToString(sum[:])
	return out, nil
}

// judge holds k-anonymous rows to the rule of a profile.
func judge(p *profiles.Profile, m risk.Measures) error {
	if p.MaxRisk > 0 && m.Global >= p.MaxRisk {
		return &Fault{FaultRisk, "k"}
	}
	return nil
}

// apart refuses k-anonymous rows where an earlier release of the same population counts people of the same time: two such
// files, or a file and a table, can be subtracted, and nothing proves that what remains is not one person. The same rows
// again tell nothing new. Offices are apart when no office is in both. Recalled releases count: what was read cannot be
// unread. For overlapping times there is the path with noise, whose promise holds for all releases together.
func (s *Service) apart(tx *store.Tx, r *Request, safe *alike) error {
	earlier, err := s.alikeBefore(tx, r.Population, r.ID)
	if err != nil {
		return err
	}
	for _, e := range earlier {
		if overlap(r.Ask, e.Ask) && e.rows != safe.hash {
			return &Fault{FaultEarlier, "from"}
		}
	}
	first, last, err := r.Ask.span()
	if err != nil {
		return err
	}
	tables, err := store.All(tx, scan, columns+" WHERE r.register = ? AND r.org = ? AND r.kind = 'table'", s.profiles[r.Ask.Profile].Register, r.Org)
	if err != nil {
		return err
	}
	for _, t := range tables {
		if p := t.Published.Of.Period; p.From <= last && first < p.To {
			return &Fault{FaultEarlier, "from"}
		}
	}
	return nil
}

// earlierFile is a file of true rows that is out.
type earlierFile struct {
	Ask
	rows string // hash
}

func (s *Service) alikeBefore(tx *store.Tx, population, but string) (out []earlierFile, err error) {
	list, err := store.All(tx, scanRequest, requestColumns+" WHERE r.population = ? AND r.released_at > 0 AND r.id <> ?", population, but)
	if err != nil {
		return nil, err
	}
	for _, r := range list {
		if r.Ask.Path != PathK {
			continue
		}
		hash, err := s.get(tx, r.ID, partRows)
		if err != nil {
			return nil, err
		}
		out = append(out, earlierFile{r.Ask, string(hash)})
	}
	return out, nil
}

// overlap tells whether two asks may count the same rows.
func overlap(a, b Ask) bool {
	af, al, err1 := a.span()
	bf, bl, err2 := b.span()
	if err1 == nil && err2 == nil && (al < bf || bl < af) {
		return false
	}
	x, y := a.Where["office"], b.Where["office"]
	return len(x) == 0 || len(y) == 0 || slices.ContainsFunc(x, func(o string) bool { return slices.Contains(y, o) })
}

// apartFromRows refuses a table where an earlier file of true rows counts people of the same years.
func (s *Service) apartFromRows(ctx context.Context, sub access.Subject, spec Spec) error {
	return s.db.Read(ctx, func(tx *store.Tx) error { return s.rowsBefore(tx, sub.Org, spec) })
}

func (s *Service) rowsBefore(tx *store.Tx, org string, spec Spec) error {
	earlier, err := s.alikeBefore(tx, spec.Register+"/"+org, "")
	if err != nil {
		return err
	}
	years := Ask{From: fmt.Sprintf("%04d", spec.From), To: fmt.Sprintf("%04d", spec.To)}
	for _, e := range earlier {
		if overlap(years, e.Ask) {
			return ErrEarlier
		}
	}
	return nil
}
