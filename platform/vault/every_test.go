package vault

import (
	"fmt"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"aman/platform/store"
	"aman/platform/store/storetest"
)

// TestLookupEvery: what it finds is what a look at every row finds.
func TestLookupEvery(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		w := newWorld(t, db)
		words := []string{"amber", "birch", "cedar", "dune", "ember"}
		n := 0
		rapid.Check(t, func(t *rapid.T) {
			n++
			register := fmt.Sprint("r", n)
			rows := map[string][]string{}
			w.must(w.write(func(tx *store.Tx) error {
				for i := range rapid.IntRange(0, 12).Draw(t, "rows") {
					id := fmt.Sprint("row", i)
					rows[id] = rapid.SliceOfDistinct(rapid.SampledFrom(words), rapid.ID[string]).Draw(t, "words")
					if err := w.v.Index(tx, register, id, "label", id, map[string][]string{"word": rows[id], "other": words}); err != nil {
						return err
					}
				}
				return w.v.Index(tx, register+"x", "row", "label", "row", map[string][]string{"word": words})
			}))
			asked := rapid.SliceOfN(rapid.SampledFrom(words), 1, 4).Draw(t, "asked")
			var want, got []string
			for id, has := range rows {
				all := true
				for _, word := range asked {
					all = all && slices.Contains(has, word)
				}
				if all {
					want = append(want, id)
				}
			}
			w.must(db.Read(ctx, func(tx *store.Tx) (err error) {
				got, err = w.v.LookupEvery(tx, register, "label", "word", asked, 100)
				return err
			}))
			slices.Sort(want)
			slices.Sort(got)
			if !slices.Equal(got, want) {
				t.Fatalf("asked for %v: %v, want %v of %v", asked, got, want, rows)
			}
		})
		w.must(db.Read(ctx, func(tx *store.Tx) error {
			got, err := w.v.LookupEvery(tx, "r1", "label", "word", []string{"", ""}, 10)
			if len(got) != 0 {
				t.Errorf("nothing asked for gives %v", got)
			}
			return err
		}))
	})
}
