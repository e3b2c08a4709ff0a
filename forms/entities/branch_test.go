package entities_test

import (
	"fmt"
	"maps"
	"testing"
	"time"

	"pgregory.net/rapid"

	"aman/forms/entities"
	"aman/node/nodetest"
	"aman/platform/store"
)

// TestBranchesConverge: an entity that a phone made and changed without a connection ends
// the same in whatever order its submissions arrive, with the same versions; and several
// phones that work on different properties of one entity end in the same values.
func TestBranchesConverge(t *testing.T) {
	w := nodetest.New(t, "")
	trees(t, w)
	n := 0
	rapid.Check(t, func(t *rapid.T) {
		n++
		entity := id(100000 + n)
		var all [][]byte
		instance := func() string { return fmt.Sprintf("uuid:%d-%d", n, len(all)) }
		all = append(all, sent("tree-new", "trees", instance(), `create="1" id="`+entity+`"`, "A tree", "species", "s0", "girth", "g0"))
		steps := rapid.IntRange(1, 5).Draw(t, "steps")
		want := map[string]string{"species": "s0", "girth": "g0"}
		for i := 1; i <= steps; i++ {
			property := rapid.SampledFrom([]string{"species", "girth", "health_of_tree"}).Draw(t, "property")
			want[property] = fmt.Sprint(property[:1], i)
			all = append(all, sent("tree-visit", "trees", instance(), fmt.Sprintf(`update="1" id="%s" baseVersion="%d" trunkVersion="" branchId="%s"`, entity, i, id(500000+n)), "", property, want[property]))
		}
		for _, body := range rapid.Permutation(all).Draw(t, "order") {
			_, err := w.Node.Forms.Receive(bg, w.Now(w.Enumerator), body, nil)
			if err != nil {
				t.Fatal(err)
			}
		}
		e, held := stateOf(t, w, entity)
		if !maps.Equal(e.Values, want) || e.Version != int64(steps+1) || e.Conflict != "" || held != 0 {
			t.Fatalf("%+v, %d held; want %v", e, held, want)
		}
		// Two phones go on from here, each with properties of its own.
		trunk := e.Version
		all = all[:0]
		for phone, property := range []string{"species", "girth"} {
			for i := range rapid.IntRange(1, 3).Draw(t, "changes") {
				want[property] = fmt.Sprint(property, phone, i)
				all = append(all, sent("tree-visit", "trees", fmt.Sprintf("uuid:%d-%d-%d", n, phone, i),
					fmt.Sprintf(`update="1" id="%s" baseVersion="%d" trunkVersion="%d" branchId="%s"`, entity, trunk+int64(i), trunk, id(600000+2*n+phone)), "", property, want[property]))
			}
		}
		for _, body := range rapid.Permutation(all).Draw(t, "order of two phones") {
			if _, err := w.Node.Forms.Receive(bg, w.Now(w.Enumerator), body, nil); err != nil {
				t.Fatal(err)
			}
		}
		e, held = stateOf(t, w, entity)
		if !maps.Equal(e.Values, want) || e.Version != trunk+int64(len(all)) || e.Conflict != entities.Soft || held != 0 {
			t.Fatalf("two phones: %+v, %d held; want %v", e, held, want)
		}
	})
}

// TestForceNeverLoses: whatever of a branch arrives and in whatever order, forced at any
// moment: nothing stays held for ever, no version is lost, and what arrives in the end is
// as many versions as submissions that had an entity to write to.
func TestForceNeverLoses(t *testing.T) {
	w := nodetest.New(t, "")
	trees(t, w)
	n := 0
	rapid.Check(t, func(t *rapid.T) {
		n++
		entity := id(200000 + n)
		steps := rapid.IntRange(1, 5).Draw(t, "steps")
		var all [][]byte
		all = append(all, sent("tree-new", "trees", fmt.Sprintf("uuid:f%d-0", n), `create="1" id="`+entity+`"`, "A tree", "species", "s0"))
		for i := 1; i <= steps; i++ {
			all = append(all, sent("tree-visit", "trees", fmt.Sprintf("uuid:f%d-%d", n, i), fmt.Sprintf(`update="1" id="%s" baseVersion="%d" trunkVersion="" branchId="%s"`, entity, i, id(700000+n)), "A tree", "girth", fmt.Sprint("g", i)))
		}
		for _, body := range rapid.Permutation(all).Draw(t, "order") {
			if rapid.IntRange(0, 3).Draw(t, "lost") == 0 {
				continue
			}
			if _, err := w.Node.Forms.Receive(bg, w.Now(w.Enumerator), body, nil); err != nil {
				t.Fatal(err)
			}
			if rapid.IntRange(0, 3).Draw(t, "force") == 0 {
				w.Clock.Add(time.Hour)
				if _, err := w.Node.Entities.Force(bg, time.Minute); err != nil {
					t.Fatal(err)
				}
			}
		}
		w.Clock.Add(time.Hour)
		if _, err := w.Node.Entities.Force(bg, time.Minute); err != nil {
			t.Fatal(err)
		}
		var submissions, versions, held int
		err := w.Node.Store.Read(bg, func(tx *store.Tx) error {
			for _, q := range []struct {
				into *int
				sql  string
			}{{&submissions, fmt.Sprintf("SELECT count(*) FROM submissions WHERE id LIKE 'uuid:f%d-%%'", n)}, {&versions, "SELECT count(*) FROM entity_versions WHERE id = '" + entity + "'"}, {&held, "SELECT count(*) FROM entity_held WHERE id = '" + entity + "'"}} {
				if err := tx.Row(q.sql).Scan(q.into); err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil || versions != submissions || held != 0 {
			t.Fatalf("%d submissions, %d versions, %d held, %v", submissions, versions, held, err)
		}
	})
}

func stateOf(t *rapid.T, w *nodetest.World, entity string) (e entities.Entity, held int) {
	err := w.Node.Store.Read(bg, func(tx *store.Tx) (err error) {
		if e, err = w.Node.Entities.Get(tx, field(w), 1, "trees", entity); err != nil {
			return err
		}
		return tx.Row("SELECT count(*) FROM entity_held WHERE id = ?", entity).Scan(&held)
	})
	if err != nil {
		t.Fatal(err)
	}
	return e, held
}
