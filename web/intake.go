package web

import (
	"errors"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"aman/casework"
	"aman/forms"
	"aman/forms/xform"
	"aman/platform/access"
	"aman/platform/store"
	"aman/registry"
)

// intakePage is the queue of interviews that wait for a caseworker.
type intakePage struct {
	Rows        []forms.Head
	Waiting     int
	Quarantined int
	Next        int
}

func (s *Server) intake(w http.ResponseWriter, r *http.Request) {
	p := s.page(r, "intake.title")
	body := &intakePage{}
	from, _ := strconv.Atoi(r.URL.Query().Get("from"))
	err := s.Node.Store.Read(r.Context(), func(tx *store.Tx) (err error) {
		if !s.Node.Policy.May(p.Sub, access.Intake, "submissions") {
			return &access.Refusal{Action: access.Intake, Object: access.Object{Register: "submissions"}, Reason: access.NoGrant}
		}
		if body.Rows, err = s.Node.Forms.Queue(tx, p.Sub, pageSize+1, max(from, 0), forms.Received, forms.Quarantined); err != nil {
			return err
		}
		counts, err := s.Node.Forms.Waiting(tx, p.Sub)
		body.Waiting, body.Quarantined = counts[forms.Received], counts[forms.Quarantined]
		return err
	})
	if err != nil {
		s.problem(w, r, err)
		return
	}
	if len(body.Rows) > pageSize {
		body.Rows, body.Next = body.Rows[:pageSize], from+pageSize
	}
	p.Body = body
	s.render(w, r, http.StatusOK, "intake", p)
}

// interviewPage is one interview in the queue: what it says, who it may be about, and
// the form that makes a case of it.
type interviewPage struct {
	Head    forms.Head
	Title   string
	Answers []answerView
	Unfit   []forms.Unfit
	// Reasons are why it does not fit its form; Notes are what else was noticed.
	Reasons, Notes []misfitView
	// Matches are earlier people that this one may be.
	Matches []registry.Match
	Cases   map[string][]*registry.Row
	Fields  []Field
	Fault   string
	Done    bool
}

type answerView struct {
	Question, Answer string
	Group            string
	Unfit            bool
	// Reasons are what the form has against this answer.
	Reasons []string
}

// misfitView is one thing that the check of an interview against its form found.
type misfitView struct{ Question, Text string }

// interview is what was read of one submission.
type interview struct {
	head   forms.Head
	form   *xform.Form
	in     *xform.Instance
	values map[string]registry.Values
	unfit  []forms.Unfit
	report xform.Report
}

// read opens a submission of the queue, with its form and what its answers map to.
func (s *Server) read(r *http.Request, sub access.Subject, id string) (*interview, error) {
	head, body, err := s.Node.Forms.Open(r.Context(), sub, id)
	if err != nil {
		return nil, err
	}
	v := &interview{head: head}
	if v.in, err = xform.ParseInstance(body); err != nil {
		return nil, err
	}
	var model *xform.Model
	err = s.Node.Store.Read(r.Context(), func(tx *store.Tx) error {
		model, err = s.Node.Forms.Model(tx, head.Form, head.Version)
		return err
	})
	if err != nil {
		return nil, err
	}
	v.form, v.report = &model.Form, forms.Judge(model, v.in, head.At)
	if m := s.Node.Shipped.Mappings[head.Form]; m != nil {
		v.values, v.unfit = m.Map(s.Node.Catalog, v.in, head.At)
	}
	return v, nil
}

func (s *Server) interview(w http.ResponseWriter, r *http.Request) {
	sub, _ := subjectOf(r)
	v, err := s.read(r, sub, r.PathValue("id"))
	if err != nil {
		s.problem(w, r, err)
		return
	}
	p := s.page(r, "interview.title")
	s.showInterview(w, r, p, v, http.StatusOK, "")
}

func (s *Server) showInterview(w http.ResponseWriter, r *http.Request, p *Page, v *interview, status int, fault string) {
	body := &interviewPage{Head: v.head, Title: v.form.Title, Answers: p.answers(v), Unfit: v.unfit, Fault: fault, Fields: p.openingFields(r)}
	body.Reasons, body.Notes = p.misfits(v.report.Failures), p.misfits(v.report.Notes)
	body.Done = v.head.State != forms.Received && v.head.State != forms.Quarantined
	err := s.Node.Store.Read(r.Context(), func(tx *store.Tx) (err error) {
		terms := map[string]string{}
		for _, name := range []string{"first_name", "second_name", "father_name", "birthdate", "identity_number", "phone"} {
			terms[name] = v.values["people"].String(name)
		}
		if body.Matches, err = s.Node.Registry.Similar(tx, p.Sub, "people", terms, 12); err != nil {
			return err
		}
		body.Matches = likely(body.Matches)
		body.Cases, err = s.casesOf(tx, p.Sub, body.Matches)
		return err
	})
	if err != nil {
		s.problem(w, r, err)
		return
	}
	p.Body = body
	s.render(w, r, status, "interview", p)
}

// likely leaves out what agrees by the sound of a first name alone: there are many
// Muhammads, and a list of strangers teaches people not to look.
func likely(list []registry.Match) []registry.Match {
	return slices.DeleteFunc(list, func(m registry.Match) bool {
		names := map[string]bool{}
		for _, a := range m.Why {
			if a.Kind == "exact" && a.Property != "first_name" {
				return false
			}
			names[a.Property] = true
		}
		return len(names) < 2
	})
}

// answers lists what the interview says, with the questions of the form in the reader's
// language where the form has it.
func (p *Page) answers(v *interview) []answerView {
	bad := map[string]bool{}
	for _, u := range v.unfit {
		bad[u.Node] = true
	}
	against := map[string][]string{}
	for _, f := range v.report.Failures {
		path := shownPath(f.Path)
		against[path] = append(against[path], p.misfit(f).Text)
	}
	questions := map[string]xform.Question{}
	for _, q := range v.form.Questions {
		questions[q.Path] = q
	}
	var out []answerView
	for _, a := range v.in.Answers {
		q, ok := questions[plainPath(a.Path)]
		if !ok {
			continue
		}
		view := answerView{Question: xform.Text(q.Label, p.Lang), Answer: a.Value, Unfit: bad[a.Name] || len(against[a.Path]) > 0, Reasons: against[a.Path]}
		if view.Question == "" {
			view.Question = q.Name
		}
		// The words of the program's own lists stand in three languages; the form's in one.
		if register, name, ok := p.mapped(v.head.Form, a.Name); ok {
			if got := v.values[register][name]; got != nil {
				view.Question, view.Answer = p.Prop(register, name), p.Value(register, name, got)
			}
		} else {
			view.Answer = chosen(q, a.Value, p.Lang)
		}
		if len(q.Groups) > 0 {
			view.Group = q.Groups[len(q.Groups)-1]
		}
		out = append(out, view)
	}
	return out
}

// chosen gives an answer in the words of its choices; a code that has none stays a code.
func chosen(q xform.Question, answer, lang string) string {
	codes := []string{answer}
	if q.Many {
		codes = strings.Fields(answer)
	}
	for i, code := range codes {
		for _, o := range q.Options {
			if label := xform.Text(o.Label, lang); o.Value == code && label != "" {
				codes[i] = label
				break
			}
		}
	}
	return strings.Join(codes, ", ")
}

// misfit says one finding to the reader: in the form's own words where it has them, else
// by the rule. An answer inside a repeat is named with its rounds.
func (p *Page) misfit(f xform.Finding) misfitView {
	v := misfitView{Question: xform.Text(f.Label, p.Lang), Text: xform.Text(f.Message, p.Lang)}
	if v.Question == "" {
		v.Question = f.Name
	}
	if r := rounds(f.Path); r != "" {
		v.Question += " (" + r + ")"
	}
	if v.Text == "" {
		v.Text = p.T("fit." + string(f.Rule))
	}
	return v
}

func (p *Page) misfits(list []xform.Finding) []misfitView {
	out := make([]misfitView, len(list))
	for i, f := range list {
		out[i] = p.misfit(f)
	}
	return out
}

// rounds are the positions in a path: /data/leg[2]/stop[1]/at is in round 2.1.
func rounds(path string) string {
	var out []string
	for _, step := range strings.Split(path, "/") {
		if _, k, ok := strings.Cut(step, "["); ok {
			out = append(out, strings.TrimSuffix(k, "]"))
		}
	}
	return strings.Join(out, ".")
}

// shownPath is a path without the prefixes of names, as answers have it.
func shownPath(path string) string {
	steps := strings.Split(path, "/")
	for i, s := range steps {
		if _, name, ok := strings.Cut(s, ":"); ok {
			steps[i] = name
		}
	}
	return strings.Join(steps, "/")
}

// mapped is the first property that a node fills.
func (p *Page) mapped(form, node string) (register, name string, ok bool) {
	m := p.srv.Node.Shipped.Mappings[form]
	if m == nil {
		return "", "", false
	}
	for _, f := range m.Fields {
		if f.From == node {
			register, name, _ := cut(f.To)
			return register, name, true
		}
	}
	return "", "", false
}

func cut(to string) (string, string, bool) {
	for i := range to {
		if to[i] == '.' {
			return to[:i], to[i+1:], true
		}
	}
	return to, "", false
}

// plainPath takes the rounds of repeats out of a path.
func plainPath(path string) string {
	out := make([]byte, 0, len(path))
	skip := false
	for i := range len(path) {
		switch {
		case path[i] == '[':
			skip = true
		case path[i] == ']':
			skip = false
		case !skip:
			out = append(out, path[i])
		}
	}
	return string(out)
}

// openingFields are what a caseworker adds when she opens a case.
func (p *Page) openingFields(r *http.Request) []Field {
	risk := p.propertyField("cases", "risk_level", "medium")
	risk.Hint = p.T("field.risk.hint")
	restricted := Field{Name: "restricted", Label: p.T("field.restricted"), Hint: p.T("field.restricted.hint"), Kind: "choice",
		Value: "no", Options: []Option{{Value: "no", Label: p.T("restricted.no")}, {Value: "yes", Label: p.T("restricted.yes")}}}
	out := []Field{risk, restricted}
	if r.Method == http.MethodPost {
		fill(out, r)
	}
	return out
}

// openCase makes a case of an interview.
func (s *Server) openCase(w http.ResponseWriter, r *http.Request) {
	sub, _ := subjectOf(r)
	if err := r.ParseForm(); err != nil {
		s.fail(w, r, http.StatusBadRequest, "error.form")
		return
	}
	v, err := s.read(r, sub, r.PathValue("id"))
	if err != nil {
		s.problem(w, r, err)
		return
	}
	o := casework.Opening{
		Intake: v.head.Instance, Person: r.PostForm.Get("person"), PersonValues: v.values["people"], CaseValues: v.values["cases"],
		Office: v.head.Office, Risk: r.PostForm.Get("risk_level"), Restricted: r.PostForm.Get("restricted") == "yes",
	}
	id, err := s.Node.Casework.Open(r.Context(), sub, o)
	if err != nil {
		key := faultKey(err)
		if errors.Is(err, forms.ErrTaken) {
			key = "fault.intake_taken"
		}
		if key == "" {
			s.problem(w, r, err)
			return
		}
		p := s.page(r, "interview.title")
		s.showInterview(w, r, p, v, http.StatusUnprocessableEntity, p.T(key))
		return
	}
	http.Redirect(w, r, "/cases/"+id+"?done=open", http.StatusSeeOther)
}

// dismiss sets an interview aside.
func (s *Server) dismiss(w http.ResponseWriter, r *http.Request) {
	sub, _ := subjectOf(r)
	reason := r.PostFormValue("reason")
	if !slices.Contains([]string{"test", "duplicate", "no_case"}, reason) {
		s.fail(w, r, http.StatusUnprocessableEntity, "value.required")
		return
	}
	err := s.Node.Forms.Dismiss(r.Context(), sub, r.PathValue("id"), reason)
	if errors.Is(err, forms.ErrTaken) {
		s.fail(w, r, http.StatusConflict, "fault.intake_taken")
		return
	}
	if err != nil {
		s.problem(w, r, err)
		return
	}
	http.Redirect(w, r, "/intake?done=dismiss", http.StatusSeeOther)
}

// newCase opens a case for a person who is met without an interview before.
func (s *Server) newCase(w http.ResponseWriter, r *http.Request) {
	p := s.page(r, "newcase.title")
	if !p.May("open_case", "cases") {
		s.problem(w, r, &access.Refusal{Action: access.OpenCase, Object: access.Object{Register: "cases"}, Reason: access.NoGrant})
		return
	}
	people := props("people", "first_name", "second_name", "father_name", "birthdate", "sex", "age_band", "citizenship", "language", "phone")(p, nil, nil)
	record := props("cases", "source", "exploitation_types", "methods_of_control", "fear_of_return")(p, nil, nil)
	body := &struct {
		People, Record, Opening []Field
		Fault                   string
		Matches                 []registry.Match
		Cases                   map[string][]*registry.Row
	}{}
	status := http.StatusOK
	body.Opening = p.openingFields(r)
	if r.Method == http.MethodPost {
		if err := r.ParseForm(); err != nil {
			s.fail(w, r, http.StatusBadRequest, "error.form")
			return
		}
		fill(people, r)
		fill(record, r)
		fill(body.Opening, r)
		pv, okPeople := p.values("people", people, r)
		cv, okRecord := p.values("cases", record, r)
		if okPeople && okRecord {
			// Before a new person is made, the earlier records that may be the same are shown once.
			if r.PostForm.Get("checked") == "" && r.PostForm.Get("person") == "" {
				err := s.Node.Store.Read(r.Context(), func(tx *store.Tx) (err error) {
					terms := map[string]string{}
					for _, n := range []string{"first_name", "second_name", "father_name", "birthdate", "phone"} {
						terms[n] = pv.String(n)
					}
					if body.Matches, err = s.Node.Registry.Similar(tx, p.Sub, "people", terms, 8); err != nil {
						return err
					}
					body.Matches = likely(body.Matches)
					body.Cases, err = s.casesOf(tx, p.Sub, body.Matches)
					return err
				})
				if err == nil {
					err = s.lookedUp(r, p.Sub, body.Matches)
				}
				if err != nil {
					s.problem(w, r, err)
					return
				}
			}
			if len(body.Matches) == 0 {
				id, err := s.Node.Casework.Open(casework.WithInstance(r.Context(), instance(r)), p.Sub, casework.Opening{
					Person: r.PostForm.Get("person"), PersonValues: pv, CaseValues: cv, Risk: r.PostForm.Get("risk_level"), Restricted: r.PostForm.Get("restricted") == "yes"})
				if err == nil {
					http.Redirect(w, r, "/cases/"+id+"?done=open", http.StatusSeeOther)
					return
				}
				key := faultKey(err)
				if key == "" {
					s.problem(w, r, err)
					return
				}
				body.Fault = p.T(key)
			}
		}
		status = http.StatusUnprocessableEntity
	}
	body.People, body.Record = people, record
	p.Body = body
	s.render(w, r, status, "newcase", p)
}
