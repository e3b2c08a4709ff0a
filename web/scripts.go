package web

import (
	"errors"
	"net/http"
	"strconv"

	"aman/platform/signin"
	"aman/platform/store"
)

// scriptsPage shows a user's program passwords, and a new one once.
type scriptsPage struct {
	Passwords []signin.ProgramPassword
	Fields    []Field
	// Server, Login and Secret are for the script's settings; Secret is shown only now.
	Server, Login, Secret string
}

func (s *Server) scriptRoutes(in func(string, http.HandlerFunc)) {
	in("GET /account/scripts", s.scripts)
	in("POST /account/scripts", s.newScript)
	in("POST /account/scripts/{id}/remove", s.removeScript)
}

// scriptMonths are how long a program password may last.
var scriptMonths = []int{1, 3, 6, 12}

func (s *Server) scripts(w http.ResponseWriter, r *http.Request) {
	s.showScripts(w, r, &scriptsPage{}, http.StatusOK)
}

func (s *Server) scriptFields(p *Page, r *http.Request) []Field {
	months := Field{Name: "months", Label: p.T("scripts.months"), Kind: "choice", Required: true, Value: r.PostFormValue("months")}
	for _, n := range scriptMonths {
		months.Options = append(months.Options, Option{Value: strconv.Itoa(n), Label: p.T("scripts.months.n", "n", n)})
	}
	names := Field{Name: "names", Label: p.T("scripts.names"), Hint: p.T("scripts.names.hint"), Kind: "choices", Options: []Option{{Value: "yes", Label: p.T("scripts.names.yes")}}, Values: r.PostForm["names"]}
	return []Field{
		{Name: "label", Label: p.T("scripts.label"), Hint: p.T("scripts.label.hint"), Kind: "text", Required: true, Value: r.PostFormValue("label")},
		months, names,
		{Name: "password", Label: p.T("signin.password"), Hint: p.T("scripts.password.hint"), Kind: "password", Value: "current-password", Required: true},
	}
}

func (s *Server) showScripts(w http.ResponseWriter, r *http.Request, body *scriptsPage, status int) {
	p := s.page(r, "scripts.title")
	body.Server = s.origin(r)
	if body.Fields == nil {
		r.PostForm = nil // what was sent is done with: the form is empty again
		body.Fields = s.scriptFields(p, r)
	}
	err := s.Node.Store.Read(r.Context(), func(tx *store.Tx) (err error) {
		if err := tx.Row("SELECT login FROM users WHERE id = ?", p.Sub.User).Scan(&body.Login); err != nil {
			return err
		}
		body.Passwords, err = s.Node.SignIn.ProgramPasswords(tx, p.Sub.User)
		return err
	})
	if err != nil {
		s.problem(w, r, err)
		return
	}
	p.Body = body
	s.render(w, r, status, "scripts", p)
}

// newScript makes a program password for whoever proves again who she is.
func (s *Server) newScript(w http.ResponseWriter, r *http.Request) {
	p := s.page(r, "scripts.title")
	fields := s.scriptFields(p, r)
	months, _ := strconv.Atoi(r.PostFormValue("months"))
	var slow *signin.Slow
	var secret string
	err := s.Node.SignIn.Reauthenticate(r.Context(), p.Sub.User, r.PostFormValue("password"), s.from(r))
	if err == nil {
		err = s.Node.Store.Write(r.Context(), func(tx *store.Tx) (err error) {
			_, secret, err = s.Node.SignIn.NewProgramPassword(tx, p.Sub.User, r.PostFormValue("label"), r.PostFormValue("names") == "yes", s.Node.Now().AddDate(0, months, 0))
			return err
		})
	}
	switch {
	case err == nil:
		s.showScripts(w, r, &scriptsPage{Secret: secret}, http.StatusOK)
		return
	case errors.Is(err, signin.ErrRefused):
		fields[3].Error = p.T("password.wrong")
	case errors.As(err, &slow):
		fields[3].Error = p.T("signin.slow", "n", int(slow.After.Seconds())+1)
	case errors.Is(err, signin.ErrProgramLabel):
		fields[0].Error = p.T("scripts.fault.label")
	case errors.Is(err, signin.ErrProgramTime):
		fields[1].Error = p.T("scripts.fault.months")
	case errors.Is(err, signin.ErrProgramMany):
		fields[0].Error = p.T("scripts.fault.many")
	default:
		s.problem(w, r, err)
		return
	}
	s.showScripts(w, r, &scriptsPage{Fields: fields}, http.StatusUnprocessableEntity)
}

func (s *Server) removeScript(w http.ResponseWriter, r *http.Request) {
	sub, _ := subjectOf(r)
	err := s.Node.Store.Write(r.Context(), func(tx *store.Tx) error {
		return s.Node.SignIn.RemoveProgramPassword(tx, sub.User, r.PathValue("id"))
	})
	if err != nil && !errors.Is(err, signin.ErrNotThere) {
		s.problem(w, r, err)
		return
	}
	http.Redirect(w, r, "/account/scripts?done=script_removed", http.StatusSeeOther)
}
