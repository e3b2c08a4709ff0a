package web

import (
	"context"
	"crypto/rand"
	"database/sql"
	"errors"
	"net/http"
	"slices"
	"strings"

	"aman/forms"
	"aman/platform/access"
	"aman/platform/audit"
	"aman/platform/signin"
	"aman/platform/store"
)

func (s *Server) adminRoutes(in func(string, http.HandlerFunc)) {
	admin := func(pattern string, h http.HandlerFunc) {
		in(pattern, func(w http.ResponseWriter, r *http.Request) {
			sub, _ := subjectOf(r)
			if !s.Node.Policy.May(sub, access.ManageUsers, "users") {
				s.problem(w, r, &access.Refusal{Action: access.ManageUsers, Object: access.Object{Register: "users"}, Reason: access.NoGrant})
				return
			}
			h(w, r)
		})
	}
	admin("GET /admin", s.admin)
	admin("GET /admin/users/new", s.newUser)
	admin("POST /admin/users/new", s.newUser)
	admin("GET /admin/users/{user}", s.user)
	admin("POST /admin/users/{user}", s.user)
	admin("GET /admin/orgs/new", s.newOrg)
	admin("POST /admin/orgs/new", s.newOrg)
	admin("GET /admin/offices/new", s.newOffice)
	admin("POST /admin/offices/new", s.newOffice)
	admin("POST /admin/devices", s.newDevice)
	admin("POST /admin/devices/{device}/revoke", s.revokeDevice)
}

type adminPage struct {
	Users   []userRow
	Orgs    []Organisation
	Offices []officeRow
	Devices []signin.Device
	// Projects are those that a phone can be set for.
	Projects []forms.Project
}

type userRow struct {
	Staff
	Login    string
	Disabled bool
}

type officeRow struct{ ID, Code, Name, Org string }

func (s *Server) admin(w http.ResponseWriter, r *http.Request) {
	s.directory.forget()
	p := s.page(r, "admin.title")
	body := &adminPage{Orgs: p.dir.list}
	err := s.Node.Store.Read(r.Context(), func(tx *store.Tx) (err error) {
		body.Users, err = store.All(tx, func(rows *sql.Rows) (u userRow, err error) {
			err = rows.Scan(&u.ID, &u.Login, &u.Name, &u.Org, &u.Disabled)
			u.Roles, u.Offices = p.dir.users[u.ID].Roles, p.dir.users[u.ID].Offices
			return u, err
		}, "SELECT id, login, name, org, disabled FROM users ORDER BY org, name")
		if err != nil {
			return err
		}
		if body.Offices, err = offices(tx); err != nil {
			return err
		}
		for _, o := range body.Offices {
			list, err := signin.Devices(tx, o.ID)
			if err != nil {
				return err
			}
			body.Devices = append(body.Devices, list...)
		}
		body.Projects, err = s.Node.Forms.Projects(tx, p.Sub)
		body.Projects = slices.DeleteFunc(body.Projects, func(p forms.Project) bool { return p.Archived })
		return err
	})
	if err != nil {
		s.problem(w, r, err)
		return
	}
	p.Body = body
	s.render(w, r, http.StatusOK, "admin", p)
}

func offices(tx *store.Tx) ([]officeRow, error) {
	return store.All(tx, func(rows *sql.Rows) (o officeRow, err error) { return o, rows.Scan(&o.ID, &o.Code, &o.Name, &o.Org) },
		"SELECT id, code, name, org FROM offices WHERE disabled = FALSE ORDER BY name")
}

// forget makes the next page read the directory anew, after it was changed.
func (d *directory) forget() {
	d.mu.Lock()
	d.users = nil
	d.mu.Unlock()
}

// Role is what a role is called.
func (p *Page) Role(name string) string {
	if role := p.srv.Node.Policy.Role(name); role != nil {
		return role.Title[p.Lang]
	}
	return name
}

// formPage is a page with fields and one button.
type formPage struct {
	Fields []Field
	Fault  string
	Lead   string
	// Secret is shown once: a first password, a device address.
	Secret string
	Note   string
	User   *userRow
}

func (p *Page) userFields(r *http.Request, u *userRow, tx *store.Tx) ([]Field, error) {
	list, err := offices(tx)
	if err != nil {
		return nil, err
	}
	org := Field{Name: "org", Label: p.T("admin.org"), Kind: "choice", Required: true}
	for _, o := range p.dir.list {
		org.Options = append(org.Options, Option{Value: o.ID, Label: o.Name})
	}
	office := Field{Name: "offices", Label: p.T("admin.offices"), Kind: "choices"}
	for _, o := range list {
		office.Options = append(office.Options, Option{Value: o.ID, Label: o.Name + " (" + p.Org(o.Org) + ")"})
	}
	roles := Field{Name: "roles", Label: p.T("admin.roles"), Kind: "choices"}
	for _, role := range p.srv.Node.Policy.Roles() {
		roles.Options = append(roles.Options, Option{Value: role.Name, Label: role.Title[p.Lang]})
	}
	if u != nil {
		office.Values, roles.Values = u.Offices, u.Roles
		return []Field{office, roles}, nil
	}
	lang := Field{Name: "language", Label: p.T("admin.language"), Kind: "choice", Value: "en"}
	for _, l := range p.Languages() {
		lang.Options = append(lang.Options, Option{Value: l, Label: p.OwnName(l)})
	}
	return []Field{{Name: "name", Label: p.T("admin.name"), Kind: "text", Required: true}, {Name: "login", Label: p.T("signin.login"), Hint: p.T("admin.login.hint"), Kind: "text", Required: true}, org, office, roles, lang}, nil
}

// adminFaults are the sentences for what an administrator can mend, by the field to blame.
var adminFaults = []struct {
	err        error
	field, key string
}{
	{access.ErrTaken, "login", "admin.fault.taken"}, {access.ErrCode, "code", "admin.fault.code"}, {access.ErrLogin, "login", "admin.fault.login"},
	{access.ErrName, "name", "value.required"}, {access.ErrOrg, "org", "value.required"}, {access.ErrOffice, "offices", "admin.fault.office"},
	{access.ErrRole, "roles", "value.list"}, {access.ErrAlone, "roles", "admin.fault.alone"}, {access.ErrSelf, "roles", "admin.fault.self"},
}

func (p *Page) adminFault(body *formPage, err error) bool {
	for _, f := range adminFaults {
		if !errors.Is(err, f.err) {
			continue
		}
		for i := range body.Fields {
			if body.Fields[i].Name == f.field {
				body.Fields[i].Error = p.T(f.key)
				return true
			}
		}
		body.Fault = p.T(f.key)
		return true
	}
	return false
}

// firstPassword is four groups of letters and digits that are not mistaken for each other.
func firstPassword() string {
	const letters = "abcdefghjkmnpqrstuvwxyz23456789"
	b := make([]byte, 16)
	rand.Read(b)
	var out strings.Builder
	for i, x := range b {
		if i > 0 && i%4 == 0 {
			out.WriteByte('-')
		}
		out.WriteByte(letters[int(x)%len(letters)])
	}
	return out.String()
}

// note writes what an administrator did into the audit log.
func (s *Server) note(tx *store.Tx, sub access.Subject, action, object string) error {
	return s.Node.Audit.Append(tx, audit.Entry{At: sub.At, Actor: sub.User, Org: sub.Org, Action: action, Outcome: audit.OK, Register: "users", Object: object})
}

func (s *Server) newUser(w http.ResponseWriter, r *http.Request) {
	p := s.page(r, "admin.user.new")
	body := &formPage{Lead: "admin.user.lead"}
	if err := s.Node.Store.Read(r.Context(), func(tx *store.Tx) (err error) { body.Fields, err = p.userFields(r, nil, tx); return err }); err != nil {
		s.problem(w, r, err)
		return
	}
	status := http.StatusOK
	if r.Method == http.MethodPost && r.ParseForm() == nil {
		fill(body.Fields, r)
		secret, err := s.createUser(r.Context(), p.Sub, access.NewUser{
			Login: strings.ToLower(strings.TrimSpace(r.PostForm.Get("login"))), Name: strings.TrimSpace(r.PostForm.Get("name")), Org: r.PostForm.Get("org"),
			Language: r.PostForm.Get("language"), Offices: r.PostForm["offices"], Roles: r.PostForm["roles"]})
		switch {
		case err == nil:
			s.directory.forget()
			body.Secret, body.Note = secret, "admin.user.password_once"
		case !p.adminFault(body, err):
			s.problem(w, r, err)
			return
		default:
			status = http.StatusUnprocessableEntity
		}
	}
	p.Body = body
	s.render(w, r, status, "adminform", p)
}

func (s *Server) createUser(ctx context.Context, sub access.Subject, u access.NewUser) (password string, err error) {
	password = firstPassword()
	hash, err := s.Node.SignIn.HashPassword(ctx, password)
	if err != nil {
		return "", err
	}
	return password, s.Node.Store.Write(ctx, func(tx *store.Tx) error {
		id, err := s.Node.Policy.CreateUser(tx, u, sub.At)
		if err != nil {
			return err
		}
		if err := s.Node.SignIn.SetPassword(tx, id, hash, true); err != nil {
			return err
		}
		return s.note(tx, sub, "user.create", id)
	})
}

// user changes a user's offices and roles, disables or enables, or gives a new password.
func (s *Server) user(w http.ResponseWriter, r *http.Request) {
	p := s.page(r, "admin.user.change")
	id := r.PathValue("user")
	body := &formPage{}
	err := s.Node.Store.Read(r.Context(), func(tx *store.Tx) error {
		u := userRow{Staff: p.dir.users[id]}
		if err := tx.Row("SELECT login, disabled FROM users WHERE id = ?", id).Scan(&u.Login, &u.Disabled); err != nil {
			if errors.Is(err, store.ErrNone) {
				return &access.Refusal{Action: access.ManageUsers, Object: access.Object{Register: "users"}, Reason: access.NoSuchRow}
			}
			return err
		}
		body.User = &u
		var err error
		body.Fields, err = p.userFields(r, &u, tx)
		return err
	})
	if err != nil {
		s.problem(w, r, err)
		return
	}
	status := http.StatusOK
	if r.Method == http.MethodPost && r.ParseForm() == nil {
		secret := ""
		var hash string
		if r.PostForm.Get("do") == "password" {
			secret = firstPassword()
			hash, err = s.Node.SignIn.HashPassword(r.Context(), secret)
		} else {
			fill(body.Fields, r)
		}
		if err == nil {
			err = s.Node.Store.Write(r.Context(), func(tx *store.Tx) error { return s.changeUser(tx, p.Sub, id, hash, r) })
		}
		switch {
		case err == nil && secret != "":
			body.Secret, body.Note = secret, "admin.user.password_once"
		case err == nil:
			s.directory.forget()
			http.Redirect(w, r, "/admin?done=user", http.StatusSeeOther)
			return
		case !p.adminFault(body, err):
			s.problem(w, r, err)
			return
		default:
			status = http.StatusUnprocessableEntity
		}
	}
	p.Body = body
	s.render(w, r, status, "adminform", p)
}

func (s *Server) changeUser(tx *store.Tx, sub access.Subject, id, hash string, r *http.Request) error {
	switch r.PostForm.Get("do") {
	case "password":
		if err := s.Node.SignIn.SetPassword(tx, id, hash, true); err != nil {
			return err
		}
		return s.note(tx, sub, "user.password", id)
	case "disable", "enable":
		disable := r.PostForm.Get("do") == "disable"
		if id == sub.User {
			return access.ErrSelf
		}
		if err := access.DisableUser(tx, id, disable); err != nil {
			return err
		}
		if disable {
			if _, err := s.Node.SignIn.RevokeAll(tx, id, ""); err != nil {
				return err
			}
		}
		return s.note(tx, sub, "user."+r.PostForm.Get("do"), id)
	}
	if err := access.SetOffices(tx, id, r.PostForm["offices"]); err != nil {
		return err
	}
	if !slices.Equal(slices.Sorted(slices.Values(s.directory.users[id].Roles)), slices.Sorted(slices.Values(r.PostForm["roles"]))) {
		if err := s.Node.Policy.SetRoles(tx, sub, id, r.PostForm["roles"]); err != nil {
			return err
		}
	}
	return s.note(tx, sub, "user.change", id)
}

func (s *Server) newOrg(w http.ResponseWriter, r *http.Request) {
	p := s.page(r, "admin.org.new")
	kinds := Field{Name: "kind", Label: p.T("admin.org.kind"), Kind: "choice", Required: true}
	for _, k := range []string{"un", "government", "ngo", "shelter", "health", "legal", "law_enforcement"} {
		kinds.Options = append(kinds.Options, Option{Value: k, Label: p.T("org." + k)})
	}
	body := &formPage{Fields: []Field{{Name: "name", Label: p.T("admin.name"), Kind: "text", Required: true}, {Name: "code", Label: p.T("admin.code"), Hint: p.T("admin.code.hint"), Kind: "text", Required: true}, kinds}}
	s.adminForm(w, r, p, body, "org", func(tx *store.Tx) error {
		id, err := access.CreateOrg(tx, access.NewOrg{Code: r.PostForm.Get("code"), Name: strings.TrimSpace(r.PostForm.Get("name")), Kind: r.PostForm.Get("kind")}, p.Sub.At)
		if err != nil {
			return err
		}
		return s.note(tx, p.Sub, "org.create", id)
	})
}

func (s *Server) newOffice(w http.ResponseWriter, r *http.Request) {
	p := s.page(r, "admin.office.new")
	org := Field{Name: "org", Label: p.T("admin.org"), Kind: "choice", Required: true}
	for _, o := range p.dir.list {
		org.Options = append(org.Options, Option{Value: o.ID, Label: o.Name})
	}
	body := &formPage{Fields: []Field{org, {Name: "name", Label: p.T("admin.name"), Kind: "text", Required: true}, {Name: "code", Label: p.T("admin.code"), Hint: p.T("admin.code.hint"), Kind: "text", Required: true}}}
	s.adminForm(w, r, p, body, "office", func(tx *store.Tx) error {
		id, err := access.CreateOffice(tx, access.NewOffice{Org: r.PostForm.Get("org"), Code: r.PostForm.Get("code"), Name: strings.TrimSpace(r.PostForm.Get("name"))}, p.Sub.At)
		if err != nil {
			return err
		}
		return s.note(tx, p.Sub, "office.create", id)
	})
}

// adminForm shows a form and, when it is sent, does one thing.
func (s *Server) adminForm(w http.ResponseWriter, r *http.Request, p *Page, body *formPage, done string, do func(*store.Tx) error) {
	status := http.StatusOK
	if r.Method == http.MethodPost && r.ParseForm() == nil {
		fill(body.Fields, r)
		err := s.Node.Store.Write(r.Context(), do)
		switch {
		case err == nil:
			s.directory.forget()
			http.Redirect(w, r, "/admin?done="+done, http.StatusSeeOther)
			return
		case !p.adminFault(body, err):
			s.problem(w, r, err)
			return
		}
		status = http.StatusUnprocessableEntity
	}
	p.Body = body
	s.render(w, r, status, "adminform", p)
}

func (s *Server) revokeDevice(w http.ResponseWriter, r *http.Request) {
	sub, _ := subjectOf(r)
	err := s.Node.Store.Write(r.Context(), func(tx *store.Tx) error {
		if err := s.Node.SignIn.RevokeDevice(tx, r.PathValue("device")); err != nil {
			return err
		}
		return s.note(tx, sub, "device.revoke", r.PathValue("device"))
	})
	if err != nil && !errors.Is(err, signin.ErrNotThere) {
		s.problem(w, r, err)
		return
	}
	http.Redirect(w, r, "/admin?done=device_revoked", http.StatusSeeOther)
}
