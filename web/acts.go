package web

import (
	"context"
	"errors"
	"net/http"
	"slices"
	"strings"

	"aman/casework"
	"aman/platform/access"
	"aman/platform/store"
	"aman/registry"
)

// act is something one does to a case: its fields and what is done with them.
type act struct {
	name string // in the address; title is the text act.NAME, done is the text done.NAME
	verb string // action of the access policy for showing its link
	of   string // register the verb is about
	// fields makes the questions; row is the part the act is about, when it is.
	fields func(p *Page, f *casework.File, row *registry.Row) []Field
	// part is the register of the row named by ?of=; empty when the act is about the case.
	part string
	// do carries it out. It marks what does not fit at the fields and returns errMend.
	do func(a *acting) error
	// note is a text shown above the fields.
	note string
}

// acting is one act being carried out.
type acting struct {
	ctx    context.Context
	p      *Page
	r      *http.Request
	file   *casework.File
	row    *registry.Row
	fields []Field
	cw     *casework.Service
}

// errMend: something does not fit and is marked at its field.
var errMend = errors.New("something is to be mended")

func (a *acting) caseID() string         { return a.file.Case.ID }
func (a *acting) get(name string) string { return a.r.PostForm.Get(name) }

func (a *acting) values(register string) (registry.Values, error) {
	v, ok := a.p.values(register, a.fields, a.r)
	if !ok {
		return nil, errMend
	}
	return v, nil
}

// props makes fields of properties, with the values of row when there is one.
func props(register string, names ...string) func(*Page, *casework.File, *registry.Row) []Field {
	return func(p *Page, _ *casework.File, row *registry.Row) []Field {
		out := make([]Field, len(names))
		for i, n := range names {
			var v any
			if row != nil {
				v = row.Values[n]
			}
			out[i] = p.propertyField(register, n, v)
		}
		return out
	}
}

// acts is the table of all acts on a case, in the order of the page.
var acts = []act{
	{name: "consent", verb: "consent", of: "consents", note: "act.consent.note", fields: consentFields, do: doConsent},
	{name: "withdraw", verb: "consent", of: "consents", part: "consents", note: "act.withdraw.note", do: func(a *acting) error {
		return a.cw.Withdraw(a.ctx, a.p.Sub, a.caseID(), a.row.ID)
	}},
	{name: "episode", verb: "create", of: "episodes", fields: episodeFields, do: doEpisode},
	{name: "episode-change", verb: "update", of: "episodes", part: "episodes", fields: episodeFields, do: doEpisode},
	{name: "episode-remove", verb: "update", of: "episodes", part: "episodes", note: "act.episode-remove.note", do: func(a *acting) error {
		return a.cw.RemoveEpisode(a.ctx, a.p.Sub, a.caseID(), a.row.ID)
	}},
	{name: "decide", verb: "decide", of: "decisions", part: "episodes", note: "act.decide.note", fields: decideFields, do: doDecide},
	{name: "review", verb: "review", of: "decisions", part: "decisions", note: "act.review.note", fields: reviewFields, do: func(a *acting) error {
		return a.cw.Review(a.ctx, a.p.Sub, a.caseID(), a.row.ID, a.get("confirm") == "yes", a.get("reasons"))
	}},
	{name: "plan", verb: "plan", of: "services", fields: props("services", "service", "due_on", "goal"), do: func(a *acting) error {
		v, err := a.values("services")
		if err == nil {
			_, err = a.cw.PlanService(a.ctx, a.p.Sub, a.caseID(), v)
		}
		return err
	}},
	{name: "service", verb: "plan", of: "services", part: "services", fields: serviceFields, do: func(a *acting) error {
		return a.cw.MoveService(a.ctx, a.p.Sub, a.caseID(), a.row.ID, a.get("state"), a.get("outcome"), a.get("note"))
	}},
	{name: "refer", verb: "refer", of: "referrals", part: "services", note: "act.refer.note", fields: referFields, do: doRefer},
	{name: "revoke", verb: "refer", of: "referrals", part: "referrals", note: "act.revoke.note", do: func(a *acting) error {
		return a.cw.Revoke(a.ctx, a.p.Sub, a.caseID(), a.row.ID)
	}},
	{name: "task", verb: "plan", of: "tasks", fields: props("tasks", "kind", "due_on", "note"), do: func(a *acting) error {
		v, err := a.values("tasks")
		if err == nil {
			_, err = a.cw.AddTask(a.ctx, a.p.Sub, a.caseID(), v.String("kind"), v.String("due_on"), v.String("note"))
		}
		return err
	}},
	{name: "task-done", verb: "plan", of: "tasks", part: "tasks", fields: props("tasks", "note"), do: func(a *acting) error {
		return a.cw.FinishTask(a.ctx, a.p.Sub, a.caseID(), a.row.ID, a.get("note"))
	}},
	{name: "person", verb: "update", of: "people", note: "act.person.note", fields: personFields, do: func(a *acting) error {
		v, err := a.values("people")
		if err != nil {
			return err
		}
		for _, name := range a.file.Person.Sealed {
			if v[name] == nil {
				delete(v, name) // a sealed value left empty stays; it is not shown to be retyped
			}
		}
		_, err = a.cw.ChangePerson(a.ctx, a.p.Sub, a.caseID(), a.base(a.file.Person), v)
		return err
	}},
	{name: "record", verb: "update", of: "cases", fields: recordFields, do: func(a *acting) error {
		v, err := a.values("cases")
		if err == nil {
			_, err = a.cw.ChangeCase(a.ctx, a.p.Sub, a.caseID(), a.base(a.file.Case), v)
		}
		return err
	}},
	{name: "assign", verb: "assign", of: "cases", note: "act.assign.note", fields: assignFields, do: func(a *acting) error {
		return a.cw.Assign(a.ctx, a.p.Sub, a.caseID(), a.get("user"))
	}},
	{name: "close", verb: "close", of: "cases", note: "act.close.note", fields: closeFields, do: func(a *acting) error {
		v, err := a.values("cases")
		if err == nil {
			err = a.cw.Close(a.ctx, a.p.Sub, a.caseID(), v.String("closure_reason"), v.String("closure_details"))
		}
		return err
	}},
	{name: "reopen", verb: "close", of: "cases", do: func(a *acting) error {
		return a.cw.Reopen(a.ctx, a.p.Sub, a.caseID())
	}},
	{name: "hold", verb: "hold", of: "people", note: "act.hold.note", fields: func(p *Page, _ *casework.File, _ *registry.Row) []Field {
		return []Field{{Name: "reference", Label: p.T("field.hold_reference"), Hint: p.T("field.hold_reference.hint"), Kind: "text"}}
	}, do: func(a *acting) error {
		return a.cw.Hold(a.ctx, a.p.Sub, a.caseID(), strings.TrimSpace(a.get("reference")))
	}},
}

// base is the version the page showed, so that two people's changes are told apart.
func (a *acting) base(row *registry.Row) int64 {
	n, err := parseInt(a.get("base"))
	if err != nil || n <= 0 {
		return row.Version
	}
	return n
}

func findAct(name string) *act {
	i := slices.IndexFunc(acts, func(a act) bool { return a.name == name })
	if i < 0 {
		return nil
	}
	return &acts[i]
}

// actPage is what the page of an act shows.
type actPage struct {
	Act    string
	Note   string
	Case   *registry.Row
	Row    *registry.Row
	Fields []Field
	Base   int64
	// Fault is what the rules say against it, when no single field is to blame.
	Fault  string
	Danger bool
	// Finding and the like, for the acts that show something beside the fields.
	Extra *judged
}

// actForm shows an act (GET) and carries it out (POST).
func (s *Server) actForm(w http.ResponseWriter, r *http.Request) {
	def := findAct(r.PathValue("act"))
	if def == nil {
		s.fail(w, r, http.StatusNotFound, "error.not_found")
		return
	}
	sub, _ := subjectOf(r)
	read := s.Node.Casework.Peek
	if r.Method == http.MethodGet {
		read = s.Node.Casework.View // who looks is in the audit log; who acts is there by the act
	}
	file, err := read(r.Context(), sub, r.PathValue("id"))
	if err != nil {
		s.problem(w, r, err)
		return
	}
	p := s.page(r, "act."+def.name)
	a := &acting{ctx: r.Context(), p: p, r: r, file: file, cw: s.Node.Casework}
	if def.part != "" {
		if a.row, err = s.part(r, sub, def.part, r.FormValue("of"), file.Case.ID); err != nil {
			s.problem(w, r, err)
			return
		}
	}
	if def.fields != nil {
		a.fields = def.fields(p, file, a.row)
	}
	body := &actPage{Act: def.name, Note: def.note, Case: file.Case, Row: a.row, Base: baseOf(def, file, a.row), Danger: slices.Contains([]string{"withdraw", "episode-remove", "revoke", "close"}, def.name)}
	status := http.StatusOK
	if r.Method == http.MethodPost {
		if err := r.ParseForm(); err != nil {
			s.fail(w, r, http.StatusBadRequest, "error.form")
			return
		}
		fill(a.fields, r)
		a.ctx = casework.WithInstance(r.Context(), instance(r))
		err := def.do(a)
		if err == nil {
			http.Redirect(w, r, "/cases/"+file.Case.ID+"?done="+doneKey(def.name)+"#"+anchor(def), http.StatusSeeOther)
			return
		}
		if !s.mend(a, body, err) {
			s.problem(w, r, err)
			return
		}
		status = http.StatusUnprocessableEntity
		if id := instance(r); id != "" {
			p.Instance = id
		}
	}
	body.Fields = a.fields
	body.Extra = s.extra(p, def, file, a.row)
	p.Body = body
	s.render(w, r, status, "act", p)
}

// mend puts an error that a person can mend on the page; false when it is another.
func (s *Server) mend(a *acting, body *actPage, err error) bool {
	if errors.Is(err, errMend) {
		return true
	}
	key := faultKey(err)
	if key == "" {
		return false
	}
	field := ""
	if f := casework.AsFault(err); f != nil {
		field = f.Field
	}
	var value *registry.ValueError
	if errors.As(err, &value) {
		field = value.Property
	}
	for i := range a.fields {
		if a.fields[i].Name == field {
			a.fields[i].Error = a.p.T(key)
			return true
		}
	}
	body.Fault = a.p.T(key)
	return true
}

func baseOf(def *act, f *casework.File, row *registry.Row) int64 {
	switch {
	case row != nil:
		return row.Version
	case def.name == "person" && f.Person != nil:
		return f.Person.Version
	}
	return f.Case.Version
}

// anchor is the part of the case page to come back to.
func anchor(def *act) string {
	if def.of == "cases" || def.of == "people" {
		return "top"
	}
	return def.of
}

// part reads the row an act is about; it must belong to the case.
func (s *Server) part(r *http.Request, sub access.Subject, register, id, caseID string) (row *registry.Row, err error) {
	err = s.Node.Store.Read(r.Context(), func(tx *store.Tx) error {
		row, err = s.Node.Registry.Get(tx, sub, register, id)
		return err
	})
	if err == nil && row.Case != caseID {
		return nil, &access.Refusal{Action: access.Read, Object: access.Object{Register: register, ID: id}, Reason: access.NoSuchRow}
	}
	return row, err
}

// instance is the submission id a form was given when it was shown.
func instance(r *http.Request) string {
	id := r.PostForm.Get("instance")
	if !validID(id) {
		return ""
	}
	return id
}

// doneKey is the text that says an act is done; two acts share a word with other pages.
func doneKey(name string) string {
	if name == "revoke" {
		return "revoke_referral"
	}
	return name
}
