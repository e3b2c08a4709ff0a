package web

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"

	"aman/forms"
	"aman/platform/access"
	"aman/platform/store"
)

// Forms of projects, for those who keep them (field managers, administrators) and those
// who read the answers. forms.go lists them and takes uploads, formsreport.go tells what is
// wrong with one, formspage.go is one form, formsdraft.go takes its draft to being
// published, formspreview.go shows it on paper and formswords.go its logic in words.
// formsanswers.go, formsanswer.go, formscharts.go and formsmap.go show what came in,
// formsexport.go takes it out.

// formMostUpload bounds an uploaded form, mediaMost a file beside one, in bytes.
const (
	formMostUpload = 20 << 20
	mediaMost      = forms.MaxMedium
)

func (s *Server) formRoutes(in func(string, http.HandlerFunc)) {
	// A file is larger than a page may send, and its parts never go to a disk.
	large := func(pattern string, most int64, h http.HandlerFunc) {
		s.mux.HandleFunc(pattern, func(w http.ResponseWriter, r *http.Request) {
			r.Body = http.MaxBytesReader(w, r.Body, most+formMost)
			s.signedIn(h)(w, r)
		})
	}
	in("GET /forms", s.formList)
	in("GET /forms/new", s.formNew)
	large("POST /forms/new", formMostUpload, s.formUpload)
	in("POST /forms/report.csv", s.formReportCSV)
	in("GET /forms/sample.xlsx", s.formSample)
	in("POST /forms/projects", s.formProject)
	in("GET /form/{form}", s.formPage)
	in("POST /form/{form}", s.formAct)
	large("POST /form/{form}/draft", formMostUpload, s.formUpload)
	in("GET /form/{form}/preview", s.formPreview)
	in("GET /form/{form}/test", s.formTest)
	in("GET /form/{form}/publish", s.formPublish)
	in("POST /form/{form}/publish", s.formPublish)
	in("GET /form/{form}/changes", s.formChanges)
	in("GET /form/{form}/file", s.formFile)
	large("POST /form/{form}/media", mediaMost, s.formMedium)
	in("GET /form/{form}/answers", s.formAnswers)
	in("GET /form/{form}/answers/{id}", s.formAnswer)
	in("POST /form/{form}/answers/{id}", s.formAnswer)
	in("GET /form/{form}/answers/{id}/file", s.formAttachment)
	in("GET /form/{form}/charts", s.formCharts)
	in("GET /form/{form}/map", s.formMap)
	in("GET /form/{form}/export", s.formExport)
	in("POST /form/{form}/export", s.formExport)
}

// FormAt is the address of a page of a form. It begins with /form, not /forms, because a form may
// have any id, "new" too.
func (p *Page) FormAt(form string, parts ...string) string {
	at := "/form/" + url.PathEscape(form)
	for _, part := range parts {
		at += "/" + url.PathEscape(part)
	}
	return at
}

// FormsShown says whether the pages of forms are for her; the menu has them then.
func (p *Page) FormsShown() bool { return p.May("manage_forms", "forms") || p.May("read", "answers") }

// formListPage lists the forms of every project.
type formListPage struct {
	Projects []projectView
	Keeps    bool
	Any      bool
}

type projectView struct {
	forms.Project
	Keeps          bool
	Forms, Deleted []forms.Form
}

func (s *Server) formList(w http.ResponseWriter, r *http.Request) {
	p := s.page(r, "forms.title")
	if !p.FormsShown() {
		s.problem(w, r, &access.Refusal{Action: access.ManageForms, Object: access.Object{Register: "forms"}, Reason: access.NoGrant})
		return
	}
	body := &formListPage{Keeps: p.May("manage_forms", "forms")}
	err := s.Node.Store.Read(r.Context(), func(tx *store.Tx) error {
		projects, err := s.Node.Forms.Projects(tx, p.Sub)
		if err != nil {
			return err
		}
		for _, project := range projects {
			v := projectView{Project: project}
			if v.Keeps, err = s.keepsProject(tx, p.Sub, project); err != nil {
				return err
			}
			if v.Forms, err = s.Node.Forms.List(tx, p.Sub, project.ID); err != nil {
				return err
			}
			if v.Keeps {
				if v.Deleted, err = s.Node.Forms.DeletedForms(tx, p.Sub, project.ID); err != nil {
					return err
				}
			}
			for _, f := range v.Forms {
				body.Any = body.Any || f.Kind == forms.Survey
			}
			body.Projects = append(body.Projects, v)
		}
		return nil
	})
	if err != nil {
		s.problem(w, r, err)
		return
	}
	p.Body = body
	s.render(w, r, http.StatusOK, "formlist", p)
}

// formProject makes a project.
func (s *Server) formProject(w http.ResponseWriter, r *http.Request) {
	sub, _ := subjectOf(r)
	project, err := s.Node.Forms.SaveProject(r.Context(), sub, forms.Project{Name: r.PostFormValue("name"), Description: r.PostFormValue("description")})
	if err != nil {
		s.formFault(w, r, err)
		return
	}
	formDone(w, r, fmt.Sprintf("/forms/new?project=%d", project.ID), "project")
}

// formNewPage is where a form is chosen and sent.
type formNewPage struct {
	Form     string // the form that this is to be a new version of
	Project  string
	Projects []forms.Project
	Fault    string
	// Checked and Problems say what became of the file that was sent.
	FileName string
	Problems []problemView
	Errors   int
	Raw      string // the problems for the file to download
}

func (s *Server) formNew(w http.ResponseWriter, r *http.Request) {
	p := s.page(r, "forms.new")
	s.showFormNew(w, r, p, &formNewPage{Project: r.URL.Query().Get("project")}, http.StatusOK)
}

func (s *Server) showFormNew(w http.ResponseWriter, r *http.Request, p *Page, body *formNewPage, status int) {
	if !p.May("manage_forms", "forms") {
		s.problem(w, r, &access.Refusal{Action: access.ManageForms, Object: access.Object{Register: "forms"}, Reason: access.NoGrant})
		return
	}
	err := s.Node.Store.Read(r.Context(), func(tx *store.Tx) error {
		list, err := s.Node.Forms.Projects(tx, p.Sub)
		for _, project := range list {
			if keeps, err := s.keepsProject(tx, p.Sub, project); err != nil {
				return err
			} else if keeps && !project.Archived {
				body.Projects = append(body.Projects, project)
			}
		}
		return err
	})
	if err != nil {
		s.problem(w, r, err)
		return
	}
	p.Body = body
	s.render(w, r, status, "formnew", p)
}

// keepsProject says whether she keeps the forms of a project.
func (s *Server) keepsProject(tx *store.Tx, sub access.Subject, p forms.Project) (bool, error) {
	_, err := s.Node.Policy.Require(tx, sub, access.ManageForms, access.Object{Register: "forms", Org: p.Org})
	if access.AsRefusal(err) != nil {
		return false, nil
	}
	return err == nil, err
}

// formUpload takes a form: a new one, or the next version of one.
func (s *Server) formUpload(w http.ResponseWriter, r *http.Request) {
	p := s.page(r, "forms.new")
	form := r.PathValue("form")
	values, file, err := readUpload(r, formMostUpload)
	if err != nil || len(file.body) == 0 {
		s.showFormNew(w, r, p, &formNewPage{Form: form, Fault: p.T("forms.fault.file")}, http.StatusUnprocessableEntity)
		return
	}
	u := forms.Upload{Form: form, FileName: file.name, Body: file.body, Kind: forms.Survey, IgnoreWarnings: true}
	if form == "" {
		if values.Get("kind") == forms.Intake {
			u.Kind = forms.Intake
		}
		if _, err := fmt.Sscan(values.Get("project"), &u.Project); err != nil {
			u.Project = forms.DefaultProject
		}
	}
	d, err := s.Node.Forms.SaveDraft(r.Context(), p.Sub, u)
	var rejected *forms.Rejected
	body := &formNewPage{Form: form, Project: values.Get("project"), FileName: file.name}
	switch {
	case err == nil:
		http.Redirect(w, r, p.FormAt(d.Form)+"?done=form_draft", http.StatusSeeOther)
		return
	case errors.As(err, &rejected):
		body.report(p, rejected.Problems)
	case errors.Is(err, forms.ErrFormTaken):
		body.Fault = p.T("forms.fault.taken")
	case errors.Is(err, forms.ErrTooNew):
		body.Fault = p.T("forms.fault.new")
	default:
		s.problem(w, r, err)
		return
	}
	s.showFormNew(w, r, p, body, http.StatusUnprocessableEntity)
}

// sentFile is a file of a form that was posted.
type sentFile struct {
	name, kind string
	body       []byte
}

// readUpload reads a multipart form with one file, in memory alone.
func readUpload(r *http.Request, most int64) (values url.Values, file sentFile, err error) {
	parts, err := r.MultipartReader()
	if err != nil {
		return nil, file, err
	}
	values = url.Values{}
	for {
		part, err := parts.NextPart()
		if err == io.EOF {
			return values, file, nil
		}
		if err != nil {
			return nil, file, err
		}
		limit := int64(formMost)
		if part.FileName() != "" {
			limit = most
		}
		body, err := io.ReadAll(io.LimitReader(part, limit+1))
		if err != nil {
			return nil, file, err
		}
		if int64(len(body)) > limit {
			return nil, file, errors.New("the file is too large")
		}
		if part.FileName() == "" {
			values.Add(part.FormName(), string(body))
			continue
		}
		file = sentFile{name: part.FileName(), kind: part.Header.Get("Content-Type"), body: body}
	}
}

// formFaults are the faults of forms that a person can mend, and the texts that say so.
var formFaults = []struct {
	err  error
	text string
}{
	{forms.ErrVersionKnown, "forms.fault.version"},
	{forms.ErrFormTaken, "forms.fault.taken"},
	{forms.ErrTooNew, "forms.fault.new"},
	{forms.ErrProjectName, "forms.fault.project"},
	{forms.ErrProjectUsed, "forms.fault.project_used"},
	{forms.ErrOnlyDraft, "forms.fault.only_draft"},
	{forms.ErrNoMedium, "forms.fault.medium"},
	{forms.ErrNoDraft, "forms.fault.no_draft"},
	{forms.ErrMediumLarge, "forms.fault.large"},
	{store.ErrNone, "error.not_found"},
}

// formFault answers an error of package forms.
func (s *Server) formFault(w http.ResponseWriter, r *http.Request, err error) {
	for _, f := range formFaults {
		if errors.Is(err, f.err) {
			s.fail(w, r, http.StatusUnprocessableEntity, f.text)
			return
		}
	}
	s.problem(w, r, err)
}

// done is where a page of a form leads after something was done.
func formDone(w http.ResponseWriter, r *http.Request, to, what string) {
	sep := "?"
	if strings.Contains(to, "?") {
		sep = "&"
	}
	http.Redirect(w, r, to+sep+"done="+what, http.StatusSeeOther)
}
