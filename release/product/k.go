package product

import (
	"crypto/ed25519"
	"fmt"
	"slices"
	"strconv"

	"aman/release/kanon"
	"aman/release/risk"
)

// K is a k-anonymous release: true records, made alike.
type K struct {
	Info
	Profile Profile
	// Table is as kanon.Anonymise gave it, under the profile's column names. Columns of the profile that it lacks
	// come out missing throughout; joined columns are made here.
	Table risk.Table
	// Keys are the columns on which records are alike by K. Folder measures that again.
	Keys   []string
	K      int
	Lost   []kanon.KeyLoss
	Tables []kanon.Published // of which the shown cells become aggregates.csv; may be empty
}

// Guarantee says in plain words what the release promises.
func (k K) Guarantee(lang string) string { return say(lang, "guarantee.k", "k", strconv.Itoa(k.K)) }

// check measures the table again: nothing is written that is not as it says it is.
func (k K) check() error {
	if err := k.Info.check(); err != nil {
		return err
	}
	if k.K < 2 {
		return fmt.Errorf("product: records must be alike by 2 or more, not %d", k.K)
	}
	var own []string
	for _, c := range k.Table.Columns {
		p, ok := k.Profile.Column(c.Name)
		if !ok || len(p.JoinOf) > 0 {
			return fmt.Errorf("product: the profile %s has no column %s that records could fill", k.Profile.Name, c.Name)
		}
		own = append(own, c.Name)
		used := make([]bool, len(c.Values))
		for _, code := range c.Codes {
			used[code] = true
		}
		for i, v := range c.Values {
			if used[i] && v != "" && p.Separator == "" && !slices.ContainsFunc(p.Codes, func(code Code) bool { return code.Value == v }) {
				return fmt.Errorf("product: column %s holds a value that the profile %s does not declare", c.Name, k.Profile.Name)
			}
		}
	}
	for _, name := range own {
		if !slices.Contains(k.Keys, name) {
			return fmt.Errorf("product: column %s is no key, so records are not alike on it", name)
		}
	}
	keys, err := k.Table.Keys(k.Keys...)
	if err != nil {
		return err
	}
	if size := k.Table.Classes(keys).Size; len(size) > 0 && int(slices.Min(size)) < k.K {
		return fmt.Errorf("product: records are alike by fewer than %d", k.K)
	}
	return nil
}

// Folder makes the files and signs them. site holds the files of a website, in showcase/.
func (k K) Folder(key ed25519.PrivateKey, site ...File) (Folder, error) {
	if err := k.check(); err != nil {
		return nil, err
	}
	var names []string
	for _, c := range k.Table.Columns {
		names = append(names, c.Name)
	}
	rows, length := exactRows(k.Tables, k.Threshold)
	header, tags := aggregateHeader(length)
	exact := &exactReport{k.K, k.Table.Records, lost(k.Lost, k.Table.Records)}
	b := builder{info: k.Info, profile: k.Profile, filled: k.Profile.only(names), length: length, guarantee: k.Guarantee, exact: exact,
		micro: func(tags []string) ([]byte, error) {
			names, _ := k.Profile.names()
			return table(names, tags, k.rows())
		},
		aggregates: func(tags []string) ([]byte, error) { return table(header, tags, each(rows)) }, aggregateTags: tags,
		words: func(lang string) []string { return []string{say(lang, "method.k"), k.Guarantee(lang)} }}
	return b.folder(key, site, Manifest{Method: "k-anonymity", Rows: k.Table.Records, Counts: len(rows), K: &KManifest{k.K, k.Keys}})
}

// rows gives the records in an order of their values: the order of the register would tell who was entered when.
func (k K) rows() func() ([]string, bool) {
	at := map[string]int{}
	for i, c := range k.Table.Columns {
		at[c.Name] = i
	}
	rows := make([][]string, k.Table.Records)
	for r := range rows {
		rows[r] = k.Profile.row(func(column string) string {
			i, ok := at[column]
			if !ok {
				return ""
			}
			c := k.Table.Columns[i]
			return c.Values[c.Codes[r]]
		})
	}
	slices.SortFunc(rows, slices.Compare[[]string])
	return each(rows)
}
