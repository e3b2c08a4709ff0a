package web

import (
	"encoding/base64"
	"encoding/json"
	"errors"
	"html/template"
	"net/http"

	"aman/platform/signin"
	"aman/platform/store"
)

func (s *Server) accountRoutes(in func(string, http.HandlerFunc)) {
	in("GET /account", s.account)
	s.scriptRoutes(in)
	in("POST /account/sessions/{session}/revoke", s.revokeSession)
	in("POST /account/sessions/revoke", s.revokeOthers)
	in("GET /account/password", s.password)
	in("POST /account/password", s.password)
	in("POST /account/code", s.enrolCode)
	in("POST /account/code/confirm", s.confirmCode)
	in("POST /account/code/remove", s.removeCode)
	in("POST /account/passkeys/begin", s.beginPasskey)
	in("POST /account/passkeys/finish", s.finishPasskey)
	in("POST /account/passkeys/{key}/remove", s.removePasskey)
	s.mux.HandleFunc("POST /signin/passkey/begin", s.beginSignInPasskey)
	s.mux.HandleFunc("POST /signin/passkey/finish", s.finishSignInPasskey)
}

// accountPage shows a user's own ways in.
type accountPage struct {
	Sessions  []signin.Info
	Passkeys  []signin.Passkey
	HasCode   bool
	Recovery  int
	CanKey    bool
	Enrolment *signin.Enrolment
	QR        template.URL
	Codes     []string
	Fault     string
}

func (s *Server) account(w http.ResponseWriter, r *http.Request) {
	s.showAccount(w, r, &accountPage{}, http.StatusOK)
}

func (s *Server) showAccount(w http.ResponseWriter, r *http.Request, body *accountPage, status int) {
	p := s.page(r, "account.title")
	body.CanKey = s.Node.Config.Origin != ""
	err := s.Node.Store.Read(r.Context(), func(tx *store.Tx) (err error) {
		if body.Sessions, err = s.Node.SignIn.Sessions(tx, p.Sub.User); err != nil {
			return err
		}
		if body.Passkeys, err = signin.Passkeys(tx, p.Sub.User); err != nil {
			return err
		}
		if body.HasCode, err = signin.HasCode(tx, p.Sub.User); err != nil {
			return err
		}
		body.Recovery, err = signin.RecoveryCodesLeft(tx, p.Sub.User)
		return err
	})
	if err != nil {
		s.problem(w, r, err)
		return
	}
	p.Body = body
	s.render(w, r, status, "account", p)
}

func (s *Server) revokeSession(w http.ResponseWriter, r *http.Request) {
	sub, _ := subjectOf(r)
	err := s.Node.Store.Write(r.Context(), func(tx *store.Tx) error { return s.Node.SignIn.Revoke(tx, sub.User, r.PathValue("session")) })
	if err != nil && !errors.Is(err, signin.ErrNotThere) {
		s.problem(w, r, err)
		return
	}
	http.Redirect(w, r, "/account?done=revoke", http.StatusSeeOther)
}

func (s *Server) revokeOthers(w http.ResponseWriter, r *http.Request) {
	sub, _ := subjectOf(r)
	err := s.Node.Store.Write(r.Context(), func(tx *store.Tx) error { _, err := s.Node.SignIn.RevokeAll(tx, sub.User, sub.Session); return err })
	if err != nil {
		s.problem(w, r, err)
		return
	}
	http.Redirect(w, r, "/account?done=revoke", http.StatusSeeOther)
}

// password changes the password; the old one is asked again.
func (s *Server) password(w http.ResponseWriter, r *http.Request) {
	p := s.page(r, "password.title")
	fields := []Field{
		{Name: "old", Label: p.T("password.old"), Kind: "password", Value: "current-password", Required: true},
		{Name: "new", Label: p.T("password.new"), Hint: p.T("password.hint"), Kind: "password", Value: "new-password", Required: true},
		{Name: "again", Label: p.T("password.again"), Kind: "password", Value: "new-password", Required: true},
	}
	status := http.StatusOK
	if r.Method == http.MethodPost {
		status = http.StatusUnprocessableEntity
		if r.PostFormValue("new") != r.PostFormValue("again") {
			fields[2].Error = p.T("password.differ")
		} else {
			err := s.Node.SignIn.ChangePassword(r.Context(), p.Sub.User, r.PostFormValue("old"), r.PostFormValue("new"), p.Sub.Session, s.from(r))
			var weak *signin.Weak
			var slow *signin.Slow
			switch {
			case err == nil:
				http.Redirect(w, r, "/account?done=password", http.StatusSeeOther)
				return
			case errors.As(err, &weak):
				fields[1].Error = p.T("password.weak." + weak.Reason)
			case errors.As(err, &slow):
				fields[0].Error = p.T("signin.slow", "n", int(slow.After.Seconds())+1)
			case errors.Is(err, signin.ErrRefused):
				fields[0].Error = p.T("password.wrong")
			default:
				s.problem(w, r, err)
				return
			}
		}
	}
	p.Body = fields
	s.render(w, r, status, "password", p)
}

func (s *Server) enrolCode(w http.ResponseWriter, r *http.Request) {
	sub, _ := subjectOf(r)
	// Whoever finds an open session must not make a way in of her own.
	if err := s.Node.SignIn.Reauthenticate(r.Context(), sub.User, r.PostFormValue("password"), s.from(r)); err != nil {
		s.notHers(w, r, err)
		return
	}
	e, err := s.Node.SignIn.EnrolCode(r.Context(), sub.User, "Aman")
	if err != nil {
		s.problem(w, r, err)
		return
	}
	s.showAccount(w, r, &accountPage{Enrolment: &e, QR: qr(e.QR)}, http.StatusOK)
}

// qr puts a picture into the page itself, so that no address holds it.
func qr(png []byte) template.URL {
	return template.URL("data:image/png;base64," + base64.StdEncoding.EncodeToString(png))
}

func (s *Server) confirmCode(w http.ResponseWriter, r *http.Request) {
	sub, _ := subjectOf(r)
	codes, err := s.Node.SignIn.ConfirmCode(r.Context(), sub.User, r.PostFormValue("ticket"), r.PostFormValue("code"))
	switch {
	case err == nil:
		s.showAccount(w, r, &accountPage{Codes: codes}, http.StatusOK)
	case errors.Is(err, signin.ErrRefused), errors.Is(err, signin.ErrTicket):
		p := s.page(r, "account.title")
		s.showAccount(w, r, &accountPage{Fault: p.T("account.code.wrong")}, http.StatusUnprocessableEntity)
	default:
		s.problem(w, r, err)
	}
}

func (s *Server) removeCode(w http.ResponseWriter, r *http.Request) {
	sub, _ := subjectOf(r)
	if err := s.Node.SignIn.Reauthenticate(r.Context(), sub.User, r.PostFormValue("password"), s.from(r)); err != nil {
		s.notHers(w, r, err)
		return
	}
	if err := s.Node.Store.Write(r.Context(), func(tx *store.Tx) error { return s.Node.SignIn.RemoveCode(tx, sub.User) }); err != nil {
		s.problem(w, r, err)
		return
	}
	http.Redirect(w, r, "/account?done=code_removed", http.StatusSeeOther)
}

// notHers answers a password that was asked again and is not right.
func (s *Server) notHers(w http.ResponseWriter, r *http.Request, err error) {
	p := s.page(r, "account.title")
	fault := p.T("password.wrong")
	var slow *signin.Slow
	if errors.As(err, &slow) {
		fault = p.T("signin.slow", "n", int(slow.After.Seconds())+1)
	} else if !errors.Is(err, signin.ErrRefused) {
		s.problem(w, r, err)
		return
	}
	s.showAccount(w, r, &accountPage{Fault: fault}, http.StatusUnprocessableEntity)
}

// The passkey ceremonies are the one thing that needs script: the browser's own dialog.

type ceremony struct {
	Ticket  string          `json:"ticket"`
	Options json.RawMessage `json:"options,omitempty"`
	Name    string          `json:"name,omitempty"`
	Answer  json.RawMessage `json:"answer,omitempty"`
	// Password is asked again before a passkey is added.
	Password string `json:"password,omitempty"`
}

func answerJSON(w http.ResponseWriter, status int, v any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	json.NewEncoder(w).Encode(v)
}

func (s *Server) beginPasskey(w http.ResponseWriter, r *http.Request) {
	sub, _ := subjectOf(r)
	c, err := readCeremony(r)
	if err == nil {
		err = s.Node.SignIn.Reauthenticate(r.Context(), sub.User, c.Password, s.from(r))
	}
	var ticket string
	var options []byte
	if err == nil {
		ticket, options, err = s.Node.SignIn.EnrolPasskey(r.Context(), sub.User)
	}
	if err != nil {
		answerJSON(w, http.StatusUnprocessableEntity, map[string]string{"error": "passkey"})
		return
	}
	answerJSON(w, http.StatusOK, ceremony{Ticket: ticket, Options: options})
}

func readCeremony(r *http.Request) (c ceremony, err error) {
	err = json.NewDecoder(http.MaxBytesReader(nil, r.Body, 64<<10)).Decode(&c)
	return c, err
}

func (s *Server) finishPasskey(w http.ResponseWriter, r *http.Request) {
	sub, _ := subjectOf(r)
	c, err := readCeremony(r)
	if err == nil {
		_, err = s.Node.SignIn.ConfirmPasskey(r.Context(), sub.User, c.Ticket, c.Name, c.Answer)
	}
	if err != nil {
		answerJSON(w, http.StatusUnprocessableEntity, map[string]string{"error": "passkey"})
		return
	}
	answerJSON(w, http.StatusOK, map[string]string{"next": "/account?done=passkey"})
}

func (s *Server) removePasskey(w http.ResponseWriter, r *http.Request) {
	sub, _ := subjectOf(r)
	err := s.Node.Store.Write(r.Context(), func(tx *store.Tx) error { return s.Node.SignIn.RemovePasskey(tx, sub.User, r.PathValue("key")) })
	if err != nil && !errors.Is(err, signin.ErrNotThere) {
		s.problem(w, r, err)
		return
	}
	http.Redirect(w, r, "/account?done=passkey_removed", http.StatusSeeOther)
}

func (s *Server) beginSignInPasskey(w http.ResponseWriter, r *http.Request) {
	ticket, options, err := s.Node.SignIn.BeginPasskey(r.Context(), s.from(r))
	if err != nil {
		answerJSON(w, http.StatusUnprocessableEntity, map[string]string{"error": "passkey"})
		return
	}
	answerJSON(w, http.StatusOK, ceremony{Ticket: ticket, Options: options})
}

func (s *Server) finishSignInPasskey(w http.ResponseWriter, r *http.Request) {
	c, err := readCeremony(r)
	var session signin.Session
	if err == nil {
		session, err = s.Node.SignIn.SignInPasskey(r.Context(), c.Ticket, c.Answer, s.from(r))
	}
	if err != nil {
		answerJSON(w, http.StatusUnauthorized, map[string]string{"error": "passkey"})
		return
	}
	s.setCookie(w, s.cookieName(), session.Token, 12*3600, false)
	s.setCookie(w, browserCookie, session.Browser, 365*24*3600, false)
	answerJSON(w, http.StatusOK, map[string]string{"next": "/"})
}
