package ops

import (
	"slices"

	"aman/platform/store"
)

// order sorts tables so that a row comes after the rows it refers to; for removing, the
// other way round.
func order(tables []store.Table, parentsFirst bool) []store.Table {
	byName := map[string]store.Table{}
	for _, t := range tables {
		byName[t.Name] = t
	}
	var out []store.Table
	seen := map[string]bool{}
	var visit func(store.Table)
	visit = func(t store.Table) {
		if seen[t.Name] {
			return
		}
		seen[t.Name] = true
		for _, p := range t.Parents {
			if parent, ok := byName[p]; ok {
				visit(parent)
			}
		}
		out = append(out, t)
	}
	for _, t := range tables {
		visit(t)
	}
	if !parentsFirst {
		slices.Reverse(out)
	}
	return out
}
