package release_test

import (
	"testing"

	"aman/node/nodetest"
	"aman/platform/access"
	"aman/platform/store"
)

// The presets say before anything is planned or spent that less epsilon is less exact, and leave no trace of a look at the records.
func TestPresets(t *testing.T) {
	w := nodetest.New(t, "")
	got, err := w.Node.Release.Presets(bg, w.DataOfficer, noisy, []float64{0.5, 4, 30})
	ok(t, err)
	if len(got) != 3 || len(got[0]) != noisy.Length {
		t.Fatalf("predicted %v", got)
	}
	if !(got[0][0] > got[1][0] && got[1][0] > got[2][0]) {
		t.Errorf("errors of %v for more and more epsilon", got)
	}
	if _, err := w.Node.Release.Presets(bg, w.Caseworker, noisy, []float64{4}); access.AsRefusal(err) == nil {
		t.Errorf("a caseworker asked for a prediction: %v", err)
	}
	n := 0
	ok(t, w.Node.Store.Read(bg, func(tx *store.Tx) error {
		return tx.Row("SELECT count(*) FROM audit WHERE action = 'release.plan'").Scan(&n)
	}))
	if n != 0 {
		t.Error("a prediction counts as a look at the records")
	}
}
