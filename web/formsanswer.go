package web

import (
	"errors"
	"net/http"
	"path"
	"strings"

	"aman/forms"
	"aman/forms/xform"
	"aman/platform/access"
	"aman/platform/store"
)

// formAnswerPage is one answer: what was said, what is thought of it, how it came to be.
type formAnswerPage struct {
	formHead
	Head     forms.Head
	Name     string
	Names    bool
	MayNames bool
	Curates  bool
	Erased   bool
	Answers  []givenAnswer
	Hidden   int
	Reasons  []misfitView
	Files    []forms.Attachment
	Comments []forms.Comment
	Edits    []forms.Head
	Before   string // the version that the answers are compared with
	Reviews  []Option
}

// givenAnswer is one answer in words.
type givenAnswer struct {
	Group, Question, Answer, Was string
	Hidden, Changed              bool
	Reasons                      []string
}

func (s *Server) formAnswer(w http.ResponseWriter, r *http.Request) {
	if r.Method == http.MethodPost {
		s.curateAnswer(w, r)
		return
	}
	p := s.page(r, "answers.one")
	form, id := r.PathValue("form"), r.PathValue("id")
	body := &formAnswerPage{MayNames: p.May("unseal", "answers"), Curates: p.May("curate", "answers"), Reviews: p.ReviewOptions()}
	body.Names = r.URL.Query().Get("names") == "1" && body.MayNames
	body.Before = r.URL.Query().Get("before")
	given, err := s.readAnswers(r, p, form, id, body)
	if err != nil {
		s.formFault(w, r, err)
		return
	}
	var model *xform.Model
	err = s.Node.Store.Read(r.Context(), func(tx *store.Tx) (err error) {
		if body.formHead, err = s.formHead(tx, p, r, "answers"); err != nil {
			return err
		}
		if model, err = s.Node.Forms.Model(tx, form, body.Head.Version); err != nil {
			return err
		}
		if body.Edits, err = s.Node.Forms.Edits(tx, p.Sub, 0, form, id); err != nil {
			return err
		}
		if !body.Names {
			return nil
		}
		if body.Files, err = s.Node.Forms.Attachments(tx, p.Sub, 0, form, id); err != nil {
			return err
		}
		body.Comments, err = s.Node.Forms.Comments(tx, p.Sub, 0, form, id)
		return err
	})
	if err != nil {
		s.formFault(w, r, err)
		return
	}
	body.tell(p, model, given)
	if body.Before != "" {
		if err := s.compare(r, p, form, body, given); err != nil {
			s.formFault(w, r, err)
			return
		}
	}
	p.Body = body
	s.render(w, r, http.StatusOK, "formanswer", p)
}

// readAnswers reads what was said: with names, or without.
func (s *Server) readAnswers(r *http.Request, p *Page, form, id string, body *formAnswerPage) ([]forms.Answer, error) {
	if !body.Names {
		h, given, err := s.Node.Forms.Answers(r.Context(), p.Sub, 0, form, id)
		body.Head = h
		return given, err
	}
	h, xml, err := s.Node.Forms.ReadSubmission(r.Context(), p.Sub, 0, form, id)
	if err != nil {
		return nil, err
	}
	body.Head, body.Name, body.Erased = h, h.InstanceName, xml == nil
	if xml == nil || h.Encrypted {
		return nil, nil
	}
	in, err := xform.ParseInstance(xml)
	if err != nil {
		return nil, err
	}
	out := make([]forms.Answer, len(in.Answers))
	for i, a := range in.Answers {
		out[i].Answer = a
	}
	return out, nil
}

// tell puts the answers into the words of the form.
func (b *formAnswerPage) tell(p *Page, m *xform.Model, given []forms.Answer) {
	questions := map[string]*xform.Question{}
	for i := range m.Questions {
		questions[shownPath(m.Questions[i].Path)] = &m.Questions[i]
	}
	name := func(path string) string {
		label := path[strings.LastIndexByte(path, '/')+1:]
		if q := questions[plainPath(path)]; q != nil {
			label = orElse(xform.Text(q.Label, p.Lang), q.Name)
		}
		if r := rounds(path); r != "" {
			label += " (" + r + ")"
		}
		return label
	}
	against := map[string][]string{}
	for _, code := range b.Head.Reasons {
		rule, path, _ := strings.Cut(code, ":")
		if rule == "entity" {
			b.Reasons = append(b.Reasons, p.entityMisfit(path))
			continue
		}
		text := code
		if key := "fit." + rule; p.srv.texts.Has(key) {
			text = p.T(key)
		}
		text = orElse(said(m, rule, plainPath(path), p.Lang), text)
		path = shownPath(path)
		against[path] = append(against[path], text)
		b.Reasons = append(b.Reasons, misfitView{Question: name(path), Text: text})
	}
	for _, a := range given {
		q := questions[plainPath(a.Path)]
		if q == nil && strings.Contains(a.Path, "/meta/") {
			continue
		}
		g := givenAnswer{Question: name(a.Path), Answer: a.Value, Hidden: a.Hidden, Reasons: against[a.Path]}
		if q != nil {
			g.Answer = chosen(*q, a.Value, p.Lang)
			if typ := m.Binds[q.Path].Type; typ == "date" {
				g.Answer = p.Date(a.Value)
			}
			if groups := groupsOf(q.Path); len(groups) > 0 {
				g.Group = groupTitle(m, q, groups, len(groups)-1, p.Lang)
			}
		}
		if a.Hidden {
			b.Hidden++
		}
		b.Answers = append(b.Answers, g)
	}
}

// said is what the form itself says of an answer that breaks a rule.
func said(m *xform.Model, rule, path, lang string) string {
	switch b := m.Binds[path]; xform.Rule(rule) {
	case xform.Constraint:
		return xform.Text(b.ConstraintMessage, lang)
	case xform.Required:
		return xform.Text(b.RequiredMessage, lang)
	}
	return ""
}

// compare marks what differs from an earlier version of the same submission.
func (s *Server) compare(r *http.Request, p *Page, form string, body *formAnswerPage, given []forms.Answer) error {
	known := false
	for _, e := range body.Edits {
		known = known || e.Instance == body.Before
	}
	if !known {
		return &access.Refusal{Action: access.Read, Object: access.Object{Register: "answers"}, Reason: access.NoSuchRow}
	}
	before := &formAnswerPage{Names: body.Names}
	old, err := s.readAnswers(r, p, form, body.Before, before)
	if err != nil {
		return err
	}
	var model *xform.Model
	if err := s.Node.Store.Read(r.Context(), func(tx *store.Tx) error { model, err = s.Node.Forms.Model(tx, form, before.Head.Version); return err }); err != nil {
		return err
	}
	before.tell(p, model, old)
	was := map[string]string{}
	for _, a := range before.Answers {
		was[a.Question] = a.Answer
	}
	for i := range body.Answers {
		a := &body.Answers[i]
		if a.Hidden {
			continue
		}
		a.Was, a.Changed = was[a.Question], was[a.Question] != a.Answer
		delete(was, a.Question)
	}
	for _, a := range before.Answers {
		if text, gone := was[a.Question]; gone && !a.Hidden {
			body.Answers = append(body.Answers, givenAnswer{Group: a.Group, Question: a.Question, Was: text, Changed: true})
		}
	}
	return nil
}

// curateAnswer does what a button of an answer's page says.
func (s *Server) curateAnswer(w http.ResponseWriter, r *http.Request) {
	sub, _ := subjectOf(r)
	form, id := r.PathValue("form"), r.PathValue("id")
	var err error
	done, to := "answer_review", (*Page)(nil).FormAt(form, "answers", id)
	switch r.PostFormValue("do") {
	case "review":
		state := r.PostFormValue("review")
		if state == "received" {
			state = ""
		}
		err = s.Node.Forms.SetReview(r.Context(), sub, 0, form, id, state)
	case "comment":
		done, to = "answer_comment", to+"?names=1"
		_, err = s.Node.Forms.AddComment(r.Context(), sub, 0, form, id, r.PostFormValue("text"))
	case "delete":
		done, to = "answer_deleted", (*Page)(nil).FormAt(form, "answers")+"?deleted=1"
		err = s.Node.Forms.DeleteSubmission(r.Context(), sub, 0, form, id)
	case "restore":
		done = "answer_restored"
		err = s.Node.Forms.RestoreSubmission(r.Context(), sub, 0, form, id)
	default:
		s.fail(w, r, http.StatusUnprocessableEntity, "error.form")
		return
	}
	if errors.Is(err, forms.ErrComment) || errors.Is(err, forms.ErrReview) {
		s.fail(w, r, http.StatusUnprocessableEntity, "value.required")
		return
	}
	if err != nil {
		s.formFault(w, r, err)
		return
	}
	formDone(w, r, to, done)
}

// formAttachment gives a file that came with an answer.
func (s *Server) formAttachment(w http.ResponseWriter, r *http.Request) {
	sub, _ := subjectOf(r)
	name := r.URL.Query().Get("name")
	attach(w, path.Base(name), "application/octet-stream")
	out := &begun{w: w}
	if _, err := s.Node.Forms.Attachment(r.Context(), sub, 0, r.PathValue("form"), r.PathValue("id"), name, out); err != nil {
		if out.some {
			s.cut(w, r, err)
			return
		}
		w.Header().Del("Content-Disposition")
		s.formFault(w, r, err)
	}
}
