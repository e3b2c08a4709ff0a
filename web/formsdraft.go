package web

import (
	"errors"
	"fmt"
	"html/template"
	"net/http"
	"net/url"
	"strings"

	"aman/forms"
	"aman/forms/export"
	"aman/forms/openrosa"
	"aman/forms/xlsform"
	"aman/platform/store"
)

// formTestPage shows how to try a draft on a phone.
type formTestPage struct {
	formHead
	Draft  forms.Draft
	Server string // the address that a phone asks
	QR     template.HTML
	Tests  []forms.Head
}

func (s *Server) formTest(w http.ResponseWriter, r *http.Request) {
	p := s.page(r, "forms.test")
	body := &formTestPage{}
	err := s.Node.Store.Read(r.Context(), func(tx *store.Tx) (err error) {
		if body.formHead, err = s.formHead(tx, p, r, "test"); err != nil {
			return err
		}
		if body.Draft, err = s.Node.Forms.DraftOf(tx, p.Sub, 0, body.Form.ID); err != nil {
			return err
		}
		body.Tests, err = s.Node.Forms.Submissions(tx, p.Sub, forms.Filter{Form: body.Form.ID, Draft: true, Newest: true, Limit: 20})
		return err
	})
	if err == nil {
		body.Server = fmt.Sprintf("%s/v1/test/%s/projects/%d/forms/%s/draft", strings.TrimSuffix(s.origin(r), "/"), body.Draft.Token, body.Form.Project, url.PathEscape(body.Form.ID))
		body.QR, err = settingsQR(body.Server, "[Draft] "+body.Draft.Title)
	}
	if err != nil {
		s.formFault(w, r, err)
		return
	}
	p.Body = body
	s.render(w, r, http.StatusOK, "formtest", p)
}

// collectSettings are the settings of ODK Collect as its QR codes hold them: JSON, deflated,
// in base 64. Source: ODK Collect, “Configuring with QR codes”.
func collectSettings(server, name string) (string, error) {
	return openrosa.Settings{Server: server, Name: name, Icon: "📝", Color: "#7a4a00"}.Code()
}

// settingsQR draws the code that sets up ODK Collect.
func settingsQR(server, name string) (template.HTML, error) {
	settings, err := collectSettings(server, name)
	if err != nil {
		return "", err
	}
	return drawQR(settings)
}

// changesView is what differs between two versions of a form.
type changesView struct {
	Breaks, Rest []changeView
	// None: nothing differs. Bare: one of them came as XML, so only questions are compared.
	None, Bare bool
}

type changeView struct {
	What, Where, Old, New string
}

// changeKinds are the texts of kinds of change.
var changeKinds = map[xlsform.ChangeKind]string{
	xlsform.Added: "forms.change.added", xlsform.Removed: "forms.change.removed", xlsform.Moved: "forms.change.moved",
	xlsform.TypeChanged: "forms.change.type", xlsform.TextChanged: "forms.change.text", xlsform.LogicChanged: "forms.change.logic",
	xlsform.ChoiceAdded: "forms.change.choice_added", xlsform.ChoiceGone: "forms.change.choice_gone", xlsform.ChoiceText: "forms.change.choice_text",
	xlsform.SaveChanged: "forms.change.save", xlsform.SettingSet: "forms.change.setting",
	xlsform.LanguageNew: "forms.change.language_new", xlsform.LanguageGone: "forms.change.language_gone",
}

// changes compares two versions of a form.
func (s *Server) changes(tx *store.Tx, p *Page, form, from, to string) (v changesView, err error) {
	old, err := s.sourceForm(tx, p, form, from)
	if err != nil {
		return v, err
	}
	now, err := s.sourceForm(tx, p, form, to)
	if err != nil {
		return v, err
	}
	var list []xlsform.Change
	if old != nil && now != nil {
		list = xlsform.Changes(old, now)
	} else if list, err = s.bareChanges(tx, form, from, to); err != nil {
		return v, err
	} else {
		v.Bare = true
	}
	for _, c := range list {
		if c.Kind == xlsform.SettingSet && c.Where == "version" {
			continue // that is what a version is
		}
		x := changeView{What: p.T(changeKinds[c.Kind]), Where: strings.Trim(c.Path+" · "+c.Where, " ·"), Old: c.Old, New: c.New}
		if c.Breaks {
			v.Breaks = append(v.Breaks, x)
		} else {
			v.Rest = append(v.Rest, x)
		}
	}
	v.None = len(v.Breaks)+len(v.Rest) == 0
	return v, nil
}

// sourceForm reads the spreadsheet that a version was made of; nil when there is none.
func (s *Server) sourceForm(tx *store.Tx, p *Page, form, version string) (*xlsform.Form, error) {
	name, body, err := s.Node.Forms.Source(tx, p.Sub, 0, form, version)
	if errors.Is(err, store.ErrNone) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	book, err := xlsform.Read(body, name)
	if err != nil {
		return nil, nil // it was read once; what can be said of the XForm is said
	}
	f, _ := xlsform.Compile(book, xlsform.Options{})
	return f, nil
}

// bareChanges compares the questions of two XForms.
func (s *Server) bareChanges(tx *store.Tx, form, from, to string) ([]xlsform.Change, error) {
	read := func(version string) (map[string]*export.Field, []string, error) {
		_, body, err := s.Node.Forms.Definition(tx, form, version)
		if err != nil {
			return nil, nil, err
		}
		l, err := export.New(export.Version{Name: version, XML: body})
		if err != nil {
			return nil, nil, err
		}
		fields, order := map[string]*export.Field{}, []string{}
		for _, t := range l.Tables {
			for _, f := range t.Fields {
				fields[f.Path] = f
				order = append(order, f.Path)
			}
		}
		return fields, order, nil
	}
	old, before, err := read(from)
	if err != nil {
		return nil, err
	}
	now, after, err := read(to)
	if err != nil {
		return nil, err
	}
	var out []xlsform.Change
	for _, path := range before {
		switch f := now[path]; {
		case f == nil:
			out = append(out, xlsform.Change{Kind: xlsform.Removed, Path: path, Old: old[path].Type, Breaks: true})
		case f.Type != old[path].Type || f.Kind != old[path].Kind:
			out = append(out, xlsform.Change{Kind: xlsform.TypeChanged, Path: path, Old: old[path].Type + " " + old[path].Kind, New: f.Type + " " + f.Kind, Breaks: true})
		}
	}
	for _, path := range after {
		if old[path] == nil {
			out = append(out, xlsform.Change{Kind: xlsform.Added, Path: path, New: now[path].Type})
		}
	}
	return out, nil
}

// formPublishPage is the last look before a draft is published.
type formPublishPage struct {
	formHead
	Draft    forms.Draft
	Changes  *changesView
	Missing  []string
	Errors   int
	Version  string
	Fault    string
	Tests    int
	Answered bool
}

func (s *Server) formPublish(w http.ResponseWriter, r *http.Request) {
	p := s.page(r, "forms.publish")
	body := &formPublishPage{}
	err := s.Node.Store.Read(r.Context(), func(tx *store.Tx) (err error) {
		if body.formHead, err = s.formHead(tx, p, r, "publish"); err != nil {
			return err
		}
		if body.Draft, err = s.Node.Forms.DraftOf(tx, p.Sub, 0, body.Form.ID); err != nil {
			return err
		}
		_, body.Errors = p.problems(body.Draft.Problems)
		body.Version = body.Draft.Version
		media, err := s.Node.Forms.Media(tx, p.Sub, 0, body.Form.ID, forms.DraftVersion)
		if err != nil {
			return err
		}
		for _, m := range media {
			if !m.Exists {
				body.Missing = append(body.Missing, m.Name)
			}
		}
		if !body.Form.Published.IsZero() {
			v, err := s.changes(tx, p, body.Form.ID, body.Form.Version, forms.DraftVersion)
			if err != nil {
				return err
			}
			body.Changes = &v
		}
		return nil
	})
	if err != nil {
		s.formFault(w, r, err)
		return
	}
	status := http.StatusOK
	if r.Method == http.MethodPost {
		body.Version = strings.TrimSpace(r.PostFormValue("version"))
		_, err := s.Node.Forms.PublishDraft(r.Context(), p.Sub, 0, body.Form.ID, body.Version)
		switch {
		case err == nil:
			formDone(w, r, p.FormAt(body.Form.ID), "form_published")
			return
		case errors.Is(err, forms.ErrVersionKnown):
			body.Fault, status = p.T("forms.fault.version"), http.StatusUnprocessableEntity
		default:
			s.formFault(w, r, err)
			return
		}
	}
	p.Body = body
	s.render(w, r, status, "formpublish", p)
}

// formChangesPage says what differs between two versions.
type formChangesPage struct {
	formHead
	From, To string
	Changes  changesView
}

func (s *Server) formChanges(w http.ResponseWriter, r *http.Request) {
	p := s.page(r, "forms.changes")
	body := &formChangesPage{From: r.URL.Query().Get("from"), To: versionOf(r)}
	err := s.Node.Store.Read(r.Context(), func(tx *store.Tx) (err error) {
		if body.formHead, err = s.formHead(tx, p, r, "form"); err != nil {
			return err
		}
		if body.To == forms.DraftVersion {
			if err := body.keeper(); err != nil {
				return err
			}
		}
		body.Changes, err = s.changes(tx, p, body.Form.ID, body.From, body.To)
		return err
	})
	if err != nil {
		s.formFault(w, r, err)
		return
	}
	p.Body = body
	s.render(w, r, http.StatusOK, "formchanges", p)
}
