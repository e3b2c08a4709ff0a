package release_test

import (
	"context"
	"encoding/json"
	"errors"
	"slices"
	"sync"
	"testing"
	"time"

	"aman/casework"
	"aman/node/nodetest"
	"aman/platform/access"
	"aman/platform/store"
	"aman/registry"
	"aman/release"
)

var bg = context.Background()

func ok(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// open makes n cases with these values; agreed ones have a consent to be counted.
func open(t testing.TB, w *nodetest.World, n int, agreed bool, sex, kind string) (ids []string) {
	t.Helper()
	for range n {
		id, err := w.Node.Casework.Open(bg, w.Caseworker, casework.Opening{PersonValues: registry.Values{"sex": sex, "age_band": "18--20"}, CaseValues: registry.Values{"exploitation_types": []string{kind}}})
		ok(t, err)
		if agreed {
			_, err := w.Node.Casework.RecordConsent(bg, w.Caseworker, id, casework.Consent{Purpose: "statistics", Given: true, Checks: []string{"refusal_free"}})
			ok(t, err)
		}
		ids = append(ids, id)
	}
	return ids
}

var spec = release.Spec{Register: "cases", By: []string{"sex", "exploitation_main"}, From: 2026, To: 2026}

func text(t testing.TB, e release.Entry) string {
	t.Helper()
	body, err := json.Marshal(e.Published.Public())
	ok(t, err)
	return string(body)
}

func ledger(t testing.TB, w *nodetest.World, sub access.Subject) (list []release.Entry) {
	t.Helper()
	ok(t, w.Node.Store.Read(bg, func(tx *store.Tx) (err error) { list, err = w.Node.Release.Ledger(tx, w.Now(sub), 100); return err }))
	return list
}

func TestTable(t *testing.T) {
	nodetest.Each(t, func(t *testing.T, w *nodetest.World) {
		r := w.Node.Release
		empty, err := r.Table(bg, w.DataOfficer, release.Spec{Register: "cases", By: []string{"sex"}, From: 2026, To: 2026})
		ok(t, err)
		list := w.Node.Catalog.Lists["sex"]
		dims := empty.Published.Dims
		if len(dims) != 1 || len(dims[0].Codes) != len(list.Codes)+1 {
			t.Fatalf("with nothing in the store the table has %+v, want every code of the list and one for what is not recorded", dims)
		}
		for _, c := range list.Codes {
			if !slices.Contains(dims[0].Codes, c.Code) {
				t.Errorf("the code %s is missing from an empty table", c.Code)
			}
		}
		w.Clock.Add(40 * 24 * time.Hour)
		open(t, w, 14, true, "female", "ForcedLabour")
		open(t, w, 5, false, "female", "ForcedLabour") // never asked
		refusedBy := open(t, w, 2, true, "male", "ForcedLabour")
		for _, id := range refusedBy {
			_, err := w.Node.Casework.RecordConsent(bg, w.Caseworker, id, casework.Consent{Purpose: "statistics", Given: false})
			ok(t, err)
		}
		counted := func() (n int) {
			ok(t, w.Node.Store.Read(bg, func(tx *store.Tx) error {
				return tx.Row("SELECT count(*) FROM r_cases WHERE statistics AND deleted = FALSE").Scan(&n)
			}))
			return n
		}
		if n := counted(); n != 14 {
			t.Fatalf("%d cases agreed, want 14", n)
		}
		first, err := r.Table(bg, w.DataOfficer, spec)
		ok(t, err)
		total := int64(0)
		found := false
		for c := range first.Published.Public().Cells() {
			if slices.Equal(c.Codes, []string{"female", "ForcedLabour"}) && !c.Withheld() {
				found, total = true, c.Count
			}
		}
		if !found || total != 14 {
			t.Errorf("the table shows %d (%v) of the 14 who agreed", total, found)
		}
		// The ledger has it, word for word, and the audit log too.
		entries := ledger(t, w, w.DataOfficer)
		if len(entries) != 2 || entries[0].ID != first.ID || text(t, entries[0]) != text(t, first) || entries[0].Hash != first.Hash || first.Hash == "" {
			t.Errorf("the ledger has %d entries", len(entries))
		}
		again, err := r.Table(bg, w.DataOfficer, spec)
		ok(t, err)
		if text(t, again) != text(t, first) {
			t.Error("the same table over the same cases is another one")
		}
		for who, sub := range map[string]access.Subject{"caseworker": w.Caseworker, "supervisor": w.Supervisor, "approver": w.Approver, "shelter": w.Shelter, "administrator": w.Admin} {
			e, err := r.Table(bg, sub, spec)
			if access.AsRefusal(err) == nil || len(e.Published.Dims) != 0 {
				t.Errorf("%s made a table: %v", who, err)
			}
		}
		if n := len(ledger(t, w, w.Shelter)); n != 0 {
			t.Errorf("another organisation sees %d releases", n)
		}
		for what, s := range map[string]release.Spec{
			"no dimension": {Register: "cases", From: 2026, To: 2026}, "a sensitive one": {Register: "cases", By: []string{"risk_level"}, From: 2026, To: 2026}, "several codes": {Register: "cases", By: []string{"exploitation_types"}, From: 2026, To: 2026},
			"another register": {Register: "people", By: []string{"sex"}, From: 2026, To: 2026}, "no time": {Register: "cases", By: []string{"sex"}, From: 2027, To: 2026}, "a state": {Register: "cases", By: []string{"owner"}, From: 2026, To: 2026},
		} {
			if _, err := r.Table(bg, w.DataOfficer, s); !errors.Is(err, release.ErrSpec) {
				t.Errorf("%s: %v", what, err)
			}
		}
		// Several officers at once: each table is safe together with all others, so each was
		// made in sight of the ones before it.
		var wg sync.WaitGroup
		errs := make([]error, 4)
		for i := range errs {
			wg.Go(func() { _, errs[i] = r.Table(bg, w.DataOfficer, spec) })
		}
		wg.Wait()
		for _, err := range errs {
			if err != nil {
				t.Errorf("tables made at once: %v", err)
			}
		}
		// Month after month with a few more cases: never is a small difference told.
		for month := range 3 {
			w.Clock.Add(30 * 24 * time.Hour)
			open(t, w, 3, true, "female", "ForcedLabour")
			e, err := r.Table(bg, w.DataOfficer, spec)
			if errors.Is(err, release.ErrEarlier) {
				if len(e.Published.Dims) != 0 {
					t.Error("a table that is refused is given all the same")
				}
				continue
			}
			ok(t, err)
			for c := range e.Published.Public().Cells() {
				if slices.Equal(c.Codes, []string{"female", "ForcedLabour"}) && !c.Withheld() && c.Count > 14 && c.Count-14 < release.MinCell {
					t.Errorf("month %d: %d after 14 tells of %d new people", month, c.Count, c.Count-14)
				}
			}
		}
		// A recalled one still counts: what was read cannot be unread.
		ok(t, w.Node.Store.Write(bg, func(tx *store.Tx) error {
			_, err := tx.Exec("UPDATE releases SET state = 'recalled'")
			return err
		}))
		e, err := r.Table(bg, w.DataOfficer, spec)
		if err == nil {
			for c := range e.Published.Public().Cells() {
				if !c.Withheld() && slices.Equal(c.Codes, []string{"female", "ForcedLabour"}) && c.Count > 14 && c.Count-14 < release.MinCell {
					t.Errorf("after recalling, %d is told beside 14", c.Count)
				}
			}
		} else if !errors.Is(err, release.ErrEarlier) {
			t.Fatal(err)
		}
	})
}
