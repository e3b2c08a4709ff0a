package demo

import (
	"time"

	"aman/registry"
	"aman/screening"
)

// finding asks one standard about an episode before anything is written, so that the
// store need not wait for it.
func (t *teller) finding(f *file, d *decision, at time.Time) *screening.Finding {
	rows := map[string]*registry.Row{}
	for _, s := range f.steps {
		if s.write.Create && (s.write.Register == "people" || s.write.Register == "cases" || s.write.ID == d.episode) {
			rows[s.write.Register] = &registry.Row{Register: s.write.Register, ID: s.write.ID, Values: s.write.Values, UpdatedBy: f.worker.User, UpdatedAt: at}
		}
	}
	for _, finding := range t.casework.FindingsOf(rows["cases"], rows["people"], rows["episodes"], d.standard).Findings {
		return &finding
	}
	return nil
}
