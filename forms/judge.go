package forms

import (
	"fmt"
	"sync"
	"time"

	"aman/forms/xform"
	"aman/forms/xpath"
	"aman/platform/access"
	"aman/platform/store"
)

// A submission is judged by its form when it arrives. One that does not fit is kept like
// any other, as Quarantined, with the codes of what is wrong (rule and path, no answer),
// and a caseworker sees them beside the answers: it is the person who decides.

// maxReasons bounds what is stored of why a submission does not fit.
const maxReasons = 40

// compiledForm is a form version made ready: to judge by, and to show answers by.
type compiledForm struct {
	model   *xform.Model
	classes map[string]access.Class
	media   []string        // files it expects beside it
	uploads map[string]bool // paths, without positions, of answers that name a file
}

// models remembers compiled forms: a version that was published never changes, and reading
// a large form takes longer than judging a hundred submissions of it.
type models struct {
	mu sync.Mutex
	of map[string]func() (*compiledForm, error)
}

// maxModels bounds how many forms are remembered.
const maxModels = 100

func (p *Published) key() string {
	return p.Form + "\x00" + p.stored() + "\x00" + p.Hash + "\x00" + p.lists
}

// get gives what is compiled already, or nil.
func (m *models) get(p Published) *compiledForm {
	m.mu.Lock()
	load := m.of[p.key()]
	m.mu.Unlock()
	if load == nil {
		return nil
	}
	c, _ := load()
	return c
}

// compiled gives a form version made ready. The files beside it that hold lists are part of
// it: with other lists it is another model.
func (s *Service) compiled(tx *store.Tx, p Published) (*compiledForm, error) {
	m, key := &s.models, p.key()
	m.mu.Lock()
	load := m.of[key]
	m.mu.Unlock()
	if load == nil {
		body, err := s.definition(tx, p)
		if err != nil {
			return nil, err
		}
		lists, err := s.lists(tx, p)
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
			if m.of == nil {
				m.of = map[string]func() (*compiledForm, error){}
			}
			load = sync.OnceValues(func() (*compiledForm, error) { return compile(body, lists) })
			m.of[key] = load
		}
		m.mu.Unlock()
	}
	c, err := load()
	if err != nil {
		return nil, fmt.Errorf("the form %s: %w", p.Form, err)
	}
	return c, nil
}

func compile(body []byte, lists map[string][]byte) (*compiledForm, error) {
	m, err := xform.Compile(body, xform.Options{External: external(lists)})
	if err != nil {
		return nil, err
	}
	f, err := readFacts(body)
	if err != nil {
		return nil, err
	}
	c := &compiledForm{model: m, classes: classesOf(m, f.classes), media: mediaOf(m, body), uploads: map[string]bool{}}
	for at, b := range m.Binds {
		if b.Type == "binary" {
			c.uploads[at] = true
		}
	}
	for _, q := range m.Questions {
		if q.Kind == "upload" {
			c.uploads[q.Path] = true
		}
	}
	return c, nil
}

// Model gives a form version with its logic, ready to judge by; version "" is the newest.
// store.ErrNone when there is no such form.
func (s *Service) Model(tx *store.Tx, form, version string) (*xform.Model, error) {
	p, err := s.published(tx, form, version)
	if err != nil {
		return nil, err
	}
	c, err := s.compiled(tx, p)
	if err != nil {
		return nil, err
	}
	return c.model, nil
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
