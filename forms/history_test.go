package forms_test

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"aman/forms"
	"aman/node/nodetest"
	"aman/platform/store"
)

// chainModel is what a submission with its edits ought to be.
type chainModel struct {
	versions []string
	review   string
	deleted  bool
}

func (c *chainModel) newest() string { return c.versions[len(c.versions)-1] }

func (c *chainModel) shown() string {
	if c.review == "" && len(c.versions) > 1 {
		return forms.Edited
	}
	return c.review
}

// TestAnyHistory does to a survey whatever comes to mind, in any order, and compares what is
// there with a model of a few lines.
func TestAnyHistory(t *testing.T) {
	nodetest.Each(t, func(t *testing.T, w *nodetest.World) {
		seed := rand.Uint64()
		t.Logf("seed %d", seed)
		r := rand.New(rand.NewPCG(1, seed))
		s, f := newSurvey(t, w, "history"), w.Node.Forms
		var chains []*chainModel
		next := 0
		any := func() *chainModel { return chains[r.IntN(len(chains))] }
		one := func(list []string) string { return list[r.IntN(len(list))] }
		expect := func(what string, err, want error) {
			t.Helper()
			if want == nil && err != nil || want != nil && !errors.Is(err, want) {
				t.Fatalf("%s: %v, want %v", what, err, want)
			}
		}
		acts := []func(){
			func() { // a new one
				id := fmt.Sprint("uuid:", next)
				next++
				_, err := s.send(id, "", "<age>1</age>")
				expect("new", err, nil)
				chains = append(chains, &chainModel{versions: []string{id}})
			},
			func() { // an edit of any version
				c, id := any(), fmt.Sprint("uuid:", next)
				next++
				of := one(c.versions)
				_, err := s.send(id, of, "<age>1</age>")
				switch {
				case c.deleted:
					expect("edit of a deleted one", err, forms.ErrNothingToEdit)
				case of != c.newest():
					expect("edit of an older one", err, forms.ErrNoEdit)
				default:
					expect("edit", err, nil)
					c.versions, c.review = append(c.versions, id), ""
				}
			},
			func() { // the first version sent again
				c := any()
				_, err := s.send(c.versions[0], "", "<age>1</age>")
				expect("again", err, map[bool]error{true: forms.ErrDeleted}[c.deleted])
			},
			func() {
				c, state := any(), one([]string{forms.Unreviewed, forms.HasIssues, forms.Approved, forms.Refused})
				err := f.SetReview(bg, w.FieldManager, s.project, s.form, one(c.versions), state)
				if c.deleted {
					refused(t, "review of a deleted one", err)
					return
				}
				expect("review", err, nil)
				c.review = state
			},
			func() {
				c := any()
				err := f.DeleteSubmission(bg, w.FieldManager, s.project, s.form, one(c.versions))
				if c.deleted {
					refused(t, "deleted again", err)
					return
				}
				expect("delete", err, nil)
				c.deleted = true
			},
			func() {
				c := any()
				err := f.RestoreSubmission(bg, w.FieldManager, s.project, s.form, one(c.versions))
				if !c.deleted {
					refused(t, "restored without need", err)
					return
				}
				expect("restore", err, nil)
				c.deleted = false
			},
		}
		acts[0]()
		for range 100 {
			acts[r.IntN(len(acts))]()
		}
		var here, gone, approved, every []string
		for _, c := range chains {
			if c.deleted {
				gone = append(gone, c.newest()[5:])
				continue
			}
			here = append(here, c.newest()[5:])
			for _, v := range c.versions {
				every = append(every, v[5:])
			}
			if c.review == forms.Approved {
				approved = append(approved, c.newest()[5:])
			}
			good(t, w.Node.Store.Read(bg, func(tx *store.Tx) error {
				h, err := f.Current(tx, w.FieldManager, s.project, s.form, one(c.versions))
				if err != nil || h.Instance != c.newest() || h.Root != c.versions[0] || h.Edits != len(c.versions)-1 || h.Review != c.shown() {
					t.Errorf("%+v of %+v, %v", h, c, err)
				}
				list, err := f.Edits(tx, w.FieldManager, s.project, s.form, one(c.versions))
				var ids []string
				for _, h := range list {
					ids = append(ids, h.Instance)
				}
				slices.Reverse(ids)
				if err != nil || !slices.Equal(ids, c.versions) {
					t.Errorf("versions %v, want %v (%v)", ids, c.versions, err)
				}
				return nil
			}))
		}
		same(t, "listed", s.list(forms.Filter{}), strings.Join(here, " "))
		same(t, "deleted", s.list(forms.Filter{Deleted: true}), strings.Join(gone, " "))
		same(t, "approved", s.list(forms.Filter{Reviews: []string{forms.Approved}}), strings.Join(approved, " "))
		got := s.list(forms.Filter{Replaced: true})
		slices.Sort(got)
		slices.Sort(every)
		same(t, "every version", got, strings.Join(every, " "))
	})
}
