package forms

import (
	"fmt"
	"sync"
	"time"

	"aman/forms/xform"
	"aman/forms/xpath"
	"aman/platform/store"
)

// A submission is judged by its form when it arrives. One that does not fit is kept like
// any other, as Quarantined, with the codes of what is wrong (rule and path, no answer),
// and a caseworker sees them beside the answers: it is the person who decides.

// maxReasons bounds what is stored of why a submission does not fit.
const maxReasons = 40

// compiled remembers forms: a version that was published never changes, and reading a
// large form takes longer than judging a hundred submissions of it.
var compiled = models{of: map[string]func() (*xform.Model, error){}}

type models struct {
	mu sync.Mutex
	of map[string]func() (*xform.Model, error)
}

// maxModels bounds how many forms are remembered.
const maxModels = 100

// get gives the model of a published form; body is asked for it the first time.
func (m *models) get(p Published, body func() ([]byte, error)) (*xform.Model, error) {
	key := p.Form + "\x00" + p.Version + "\x00" + p.Hash
	m.mu.Lock()
	load := m.of[key]
	m.mu.Unlock()
	if load == nil {
		b, err := body()
		if err != nil {
			return nil, err
		}
		m.mu.Lock()
		if load = m.of[key]; load == nil {
			for old := range m.of {
				if len(m.of) < maxModels {
					break
				}
				delete(m.of, old)
			}
			load = sync.OnceValues(func() (*xform.Model, error) { return xform.Compile(b, xform.Options{}) })
			m.of[key] = load
		}
		m.mu.Unlock()
	}
	return load()
}

// Model gives a published form with its logic, ready to judge by; version "" is the
// newest. store.ErrNone when there is no such form.
func (s *Service) Model(tx *store.Tx, form, version string) (*xform.Model, error) {
	p, err := s.published(tx, form, version)
	if err != nil {
		return nil, err
	}
	return s.model(tx, p)
}

func (s *Service) model(tx *store.Tx, p Published) (*xform.Model, error) {
	m, err := compiled.get(p, func() ([]byte, error) { return s.definition(tx, p) })
	if err != nil {
		return nil, fmt.Errorf("the form %s: %w", p.Form, err)
	}
	return m, nil
}

// Judge checks a submission against its form: by the rules of Collect and, where it does
// not fit those, by those of browser forms, because it does not say which of them filled it
// in. at is when it arrived. A fault of the check itself is no fault of the submission; it
// is reported as one all the same, so that a person looks at what nobody has checked.
func Judge(m *xform.Model, in *xform.Instance, at time.Time) (r xform.Report) {
	defer func() {
		if x := recover(); x != nil {
			r = xform.Report{Failures: []xform.Finding{{Rule: xform.Unfinished, Path: "/"}}}
		}
	}()
	r = m.Check(in, xform.Conditions{Now: at, Rules: xpath.Collect})
	if !r.Fits() {
		if other := m.Check(in, xform.Conditions{Now: at, Rules: xpath.WebForms}); len(other.Failures) < len(r.Failures) {
			r = other
		}
	}
	return r
}

// verdict is the state of a submission that was judged, and why.
func verdict(r xform.Report) (state string, reasons []string) {
	reasons = r.Codes()
	for _, n := range r.Notes {
		if n.Rule == xform.Unfinished {
			reasons = append(reasons, n.Code())
		}
	}
	if len(reasons) == 0 {
		return Received, nil
	}
	return Quarantined, reasons[:min(len(reasons), maxReasons)]
}
