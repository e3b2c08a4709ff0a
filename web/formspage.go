package web

import (
	"errors"
	"fmt"
	"mime"
	"net/http"
	"net/url"
	"path"
	"slices"
	"strings"

	"aman/forms"
	"aman/forms/export"
	"aman/platform/access"
	"aman/platform/store"
)

// formHead is what stands above every page of a form.
type formHead struct {
	Form forms.Form
	// Keeps: she keeps the form. Reads: she reads its answers, for which many at once
	// need export too.
	Keeps, Reads bool
	At           string // which page this is
}

// formHead reads the form that a page is about.
func (s *Server) formHead(tx *store.Tx, p *Page, r *http.Request, at string) (h formHead, err error) {
	h.At = at
	if h.Form, err = s.Node.Forms.Form(tx, p.Sub, 0, r.PathValue("form")); err != nil {
		return h, err
	}
	_, err = s.Node.Policy.Require(tx, p.Sub, access.ManageForms, access.Object{Register: "forms", ID: h.Form.ID, Org: h.Form.Org})
	if h.Keeps = err == nil; err != nil && access.AsRefusal(err) == nil {
		return h, err
	}
	h.Reads = h.Form.Kind == forms.Survey && !h.Form.Published.IsZero() && p.May("read", "answers") && p.May("export", "answers")
	return h, nil
}

// keeper is the refusal of a page that only who keeps the form sees.
func (h *formHead) keeper() error {
	if h.Keeps {
		return nil
	}
	return &access.Refusal{Action: access.ManageForms, Object: access.Object{Register: "forms", ID: h.Form.ID, Org: h.Form.Org}, Reason: access.NoGrant}
}

// formPageBody is one form.
type formPageBody struct {
	formHead
	Draft    *forms.Draft
	Problems []problemView
	Errors   int
	Raw      string
	Tests    int
	Versions []forms.Published
	Media    []forms.Medium
	Missing  int
	Lists    []string // the entity lists that may stand for a file
	Offices  []Option
	Given    []string
	Fill     string // where she fills it in the browser; empty when she may not
}

func (s *Server) formPage(w http.ResponseWriter, r *http.Request) {
	p := s.page(r, "forms.form")
	body := &formPageBody{}
	err := s.Node.Store.Read(r.Context(), func(tx *store.Tx) (err error) {
		if body.formHead, err = s.formHead(tx, p, r, "form"); err != nil {
			return err
		}
		f := &body.Form
		fillable, err := s.Node.Forms.Fillable(tx, p.Sub, f.Project)
		if err != nil {
			return err
		}
		if slices.ContainsFunc(fillable, func(x forms.Published) bool { return x.Form == f.ID }) {
			body.Fill = fmt.Sprintf("/fill/%d/%s", f.Project, url.PathEscape(f.ID))
		}
		if body.Versions, err = s.Node.Forms.Versions(tx, p.Sub, 0, f.ID); err != nil || !body.Keeps {
			return err
		}
		version := ""
		if f.HasDraft {
			version = forms.DraftVersion
			d, err := s.Node.Forms.DraftOf(tx, p.Sub, 0, f.ID)
			if err != nil {
				return err
			}
			body.Draft = &d
			body.Problems, body.Errors = p.problems(d.Problems)
			body.Raw = rawProblems(d.Problems)
			if body.Tests, err = s.Node.Forms.CountSubmissions(tx, p.Sub, forms.Filter{Form: f.ID, Draft: true}); err != nil && access.AsRefusal(err) == nil {
				return err
			}
		}
		if body.Media, err = s.Node.Forms.Media(tx, p.Sub, 0, f.ID, version); err != nil {
			return err
		}
		for _, m := range body.Media {
			if !m.Exists {
				body.Missing++
			}
		}
		if len(body.Media) > 0 {
			lists, err := s.Node.Entities.Datasets(tx, p.Sub, f.Project)
			if err != nil && access.AsRefusal(err) == nil {
				return err
			}
			for _, d := range lists {
				body.Lists = append(body.Lists, d.Name)
			}
		}
		list, err := offices(tx)
		for _, o := range list {
			if f.Org == "" || o.Org == f.Org {
				body.Offices = append(body.Offices, Option{Value: o.ID, Label: o.Name})
			}
		}
		body.Given = f.Offices
		return err
	})
	if err != nil {
		s.problem(w, r, err)
		return
	}
	p.TitleArgs = []any{"title", body.Form.Title}
	p.Body = body
	s.render(w, r, http.StatusOK, "formpage", p)
}

// Gives says whether an office may fill the form.
func (b *formPageBody) Gives(office string) bool { return slices.Contains(b.Given, office) }

// formActs are the buttons of a form's page.
var formActs = map[string]func(s *Server, r *http.Request, sub access.Subject, form string) (done string, err error){
	"state": func(s *Server, r *http.Request, sub access.Subject, form string) (string, error) {
		return "form_state", s.Node.Forms.SetState(r.Context(), sub, 0, form, r.PostForm.Get("state"))
	},
	"offices": func(s *Server, r *http.Request, sub access.Subject, form string) (string, error) {
		return "form_offices", s.Node.Forms.SetOffices(r.Context(), sub, 0, form, r.PostForm["offices"])
	},
	"delete": func(s *Server, r *http.Request, sub access.Subject, form string) (string, error) {
		return "form_deleted", s.Node.Forms.DeleteForm(r.Context(), sub, 0, form)
	},
	"restore": func(s *Server, r *http.Request, sub access.Subject, form string) (string, error) {
		return "form_restored", s.Node.Forms.RestoreForm(r.Context(), sub, 0, form)
	},
	"start": func(s *Server, r *http.Request, sub access.Subject, form string) (string, error) {
		_, err := s.Node.Forms.StartDraft(r.Context(), sub, 0, form)
		return "form_draft", err
	},
	"drop": func(s *Server, r *http.Request, sub access.Subject, form string) (string, error) {
		return "form_dropped", s.Node.Forms.DropDraft(r.Context(), sub, 0, form)
	},
	"token": func(s *Server, r *http.Request, sub access.Subject, form string) (string, error) {
		_, err := s.Node.Forms.NewToken(r.Context(), sub, 0, form)
		return "form_token", err
	},
	"unlist": func(s *Server, r *http.Request, sub access.Subject, form string) (string, error) {
		return "form_medium", s.Node.Forms.DeleteMedium(r.Context(), sub, 0, form, r.PostForm.Get("name"))
	},
	"link": func(s *Server, r *http.Request, sub access.Subject, form string) (string, error) {
		return "form_medium", s.Node.Forms.LinkDataset(r.Context(), sub, 0, form, r.PostForm.Get("name"), r.PostForm.Get("dataset"))
	},
}

// formAct does what a button of a form's page says.
func (s *Server) formAct(w http.ResponseWriter, r *http.Request) {
	sub, _ := subjectOf(r)
	if err := r.ParseForm(); err != nil {
		s.fail(w, r, http.StatusBadRequest, "error.form")
		return
	}
	form, do := r.PathValue("form"), r.PostForm.Get("do")
	act := formActs[do]
	if act == nil {
		s.fail(w, r, http.StatusUnprocessableEntity, "error.form")
		return
	}
	done, err := act(s, r, sub, form)
	if err != nil {
		s.formFault(w, r, err)
		return
	}
	to := (*Page)(nil).FormAt(form)
	switch do {
	case "delete":
		to = "/forms"
	case "token":
		to = (*Page)(nil).FormAt(form, "test")
	}
	formDone(w, r, to, done)
}

// formMedium takes a file that the draft of a form expects.
func (s *Server) formMedium(w http.ResponseWriter, r *http.Request) {
	sub, _ := subjectOf(r)
	form := r.PathValue("form")
	values, file, err := readUpload(r, mediaMost)
	if err != nil || len(file.body) == 0 {
		s.fail(w, r, http.StatusUnprocessableEntity, "forms.fault.file")
		return
	}
	name := values.Get("name")
	if name == "" {
		name = path.Base(strings.ReplaceAll(file.name, `\`, "/"))
	}
	kind := mime.TypeByExtension(path.Ext(name))
	if kind == "" {
		kind = "application/octet-stream"
	}
	if err := s.Node.Forms.PutMedium(r.Context(), sub, 0, form, name, kind, file.body); err != nil {
		s.formFault(w, r, err)
		return
	}
	formDone(w, r, (*Page)(nil).FormAt(form), "form_medium")
}

// versionOf is the version that a page asks for: a published one, the newest ("") or the draft.
func versionOf(r *http.Request) string {
	if r.URL.Query().Has("draft") {
		return forms.DraftVersion
	}
	return r.URL.Query().Get("version")
}

// formFile gives a version of a form as a file: the spreadsheet it was made of, or the XForm;
// or a file beside it.
func (s *Server) formFile(w http.ResponseWriter, r *http.Request) {
	p := s.page(r, "forms.form")
	version := versionOf(r)
	var name, kind string
	var body []byte
	err := s.Node.Store.Read(r.Context(), func(tx *store.Tx) error {
		h, err := s.formHead(tx, p, r, "form")
		if err == nil && version == forms.DraftVersion {
			err = h.keeper()
		}
		if err != nil {
			return err
		}
		switch q := r.URL.Query(); {
		case q.Get("media") != "":
			var m forms.Medium
			m, body, err = s.Node.Forms.Medium(tx, p.Sub, 0, h.Form.ID, version, q.Get("media"))
			name, kind = m.Name, m.Type
		case q.Get("as") == "xml":
			_, body, err = s.Node.Forms.Definition(tx, h.Form.ID, version)
			name, kind = h.Form.ID+".xml", "application/xml"
		default:
			name, body, err = s.Node.Forms.Source(tx, p.Sub, 0, h.Form.ID, version)
			kind = "application/octet-stream"
		}
		return err
	})
	if errors.Is(err, store.ErrNone) {
		s.fail(w, r, http.StatusNotFound, "forms.fault.no_source")
		return
	}
	if err != nil {
		s.problem(w, r, err)
		return
	}
	attach(w, name, kind)
	w.Write(body)
}

// attach says that what follows is a file to keep, and never a page.
func attach(w http.ResponseWriter, name, kind string) {
	if kind == "" {
		kind = "application/octet-stream"
	}
	w.Header().Set("Content-Type", kind)
	w.Header().Set("Content-Disposition", mime.FormatMediaType("attachment", map[string]string{"filename": export.SafeName(map[string]bool{}, name)}))
}
