package demo

import (
	"time"

	"aman/platform/access"
	"aman/platform/ids"
	"aman/registry"
	"aman/screening"
)

// file is the whole history of one case, worked out before anything is written.
type file struct {
	person, id string
	office     string // code
	worker     access.Subject
	supervisor access.Subject
	steps      []step
	last       time.Time // when the newest step was made
	// settled: the case is closed; the older register it is brought in from has the outcome
	// of a decision and no derivation.
	settled bool
	// closed is what the case becomes in the end; nil while it is active.
	closed *registry.Write
}

// step is one change in the history.
type step struct {
	at    time.Time
	write registry.Write
	// decide asks the standard first and fills in what it gives.
	decide *decision
	// share is opened with this step.
	share *access.SharedGroup
	// shares are the groups that it opens.
	shares []string
}

// decision is one to be made about an episode, under a standard.
type decision struct {
	episode, standard string
	// override is the outcome decided against the standard's; empty follows it.
	override string
	// review is the state of a negative: needs_review, confirmed or returned.
	review  string
	reasons [2]string // the decider's, the reviewer's
	// finding is what the standard gives, and kept the same as it is stored.
	finding *screening.Finding
	kept    string
}

// add puts a change into the history and gives the id of its row.
func (f *file) add(t time.Time, register, state string, v registry.Values) string {
	w := registry.Write{Register: register, ID: ids.New(), Create: true, Values: v, Place: registry.Place{
		Org: f.worker.Org, Office: f.office, Owner: f.worker.User, Case: f.id, Person: f.person, State: state}}
	f.steps = append(f.steps, step{at: t, write: w})
	if t.After(f.last) {
		f.last = t
	}
	return w.ID
}

// newest is the step that was added last.
func (f *file) newest() *step { return &f.steps[len(f.steps)-1] }
