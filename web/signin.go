package web

import (
	"errors"
	"net"
	"net/http"
	"net/url"
	"strings"
	"time"

	"aman/platform/i18n"
	"aman/platform/signin"
)

// signinPage is the page to sign in: first the login and password, then the code where
// one is set up.
type signinPage struct {
	Login, Next, Ticket, Fault string
	Demo                       []DemoSignIn
	Passkeys                   bool
}

const browserCookie = "aman_browser"

func (s *Server) showSignIn(w http.ResponseWriter, r *http.Request) {
	if _, err := s.Node.SignIn.Session(r.Context(), s.token(r)); err == nil {
		http.Redirect(w, r, "/", http.StatusSeeOther)
		return
	}
	p := s.page(r, "signin.title")
	p.Body = &signinPage{Next: local(r.URL.Query().Get("next")), Demo: s.SignIns, Passkeys: s.Node.Config.Origin != ""}
	s.render(w, r, http.StatusOK, "signin", p)
}

// local keeps a redirect on this server.
func local(next string) string {
	u, err := url.Parse(next)
	if err != nil || u.IsAbs() || u.Host != "" || !strings.HasPrefix(u.Path, "/") || strings.HasPrefix(u.Path, "//") || strings.Contains(next, `\`) {
		return "/"
	}
	// Escaped again: a browser drops a tab and turns a backslash, so that the plain form of
	// /%09/elsewhere or /%5Celsewhere leads away.
	return u.EscapedPath()
}

func (s *Server) from(r *http.Request) signin.From {
	f := signin.From{Address: r.RemoteAddr, Agent: r.UserAgent(), Replace: s.token(r)}
	if s.Proxy && r.Header.Get("X-Forwarded-For") != "" {
		// The last entry is the one our own proxy wrote.
		parts := strings.Split(r.Header.Get("X-Forwarded-For"), ",")
		f.Address = strings.TrimSpace(parts[len(parts)-1])
	}
	if host, _, err := net.SplitHostPort(f.Address); err == nil {
		f.Address = host
	}
	if c, err := r.Cookie(browserCookie); err == nil {
		f.Browser = c.Value
	}
	return f
}

func (s *Server) doSignIn(w http.ResponseWriter, r *http.Request) {
	if err := r.ParseForm(); err != nil {
		s.fail(w, r, http.StatusBadRequest, "error.form")
		return
	}
	body := &signinPage{Login: strings.TrimSpace(r.PostForm.Get("login")), Next: local(r.PostForm.Get("next")), Ticket: r.PostForm.Get("ticket"), Demo: s.SignIns, Passkeys: s.Node.Config.Origin != ""}
	var session signin.Session
	var err error
	if body.Ticket != "" {
		session, err = s.Node.SignIn.Continue(r.Context(), body.Ticket, r.PostForm.Get("code"), s.from(r))
	} else {
		session, err = s.Node.SignIn.SignIn(r.Context(), body.Login, r.PostForm.Get("password"), "", s.from(r))
	}
	if err == nil {
		s.opened(w, r, session, body.Next)
		return
	}
	p := s.page(r, "signin.title")
	var code *signin.CodeNeeded
	var slow *signin.Slow
	status := http.StatusUnauthorized
	switch {
	case errors.As(err, &code):
		body.Ticket, status = code.Ticket, http.StatusOK
	case errors.As(err, &slow):
		body.Fault, status = p.T("signin.slow", "n", int(slow.After.Seconds())+1), http.StatusTooManyRequests
	case errors.Is(err, signin.ErrTicket):
		body.Ticket, body.Fault = "", p.T("signin.ticket")
	case errors.Is(err, signin.ErrRefused):
		body.Fault = p.T("signin.refused")
	default:
		s.problem(w, r, err)
		return
	}
	p.Body = body
	s.render(w, r, status, "signin", p)
}

// opened sets the cookies of a new session and goes on.
func (s *Server) opened(w http.ResponseWriter, r *http.Request, session signin.Session, next string) {
	s.setCookie(w, s.cookieName(), session.Token, int(session.Expires.Sub(s.Node.Now()).Seconds()), false)
	s.setCookie(w, browserCookie, session.Browser, 365*24*3600, false)
	if session.MustChange {
		next = "/account/password"
	}
	http.Redirect(w, r, next, http.StatusSeeOther)
}

func (s *Server) signOut(w http.ResponseWriter, r *http.Request) {
	s.endSession(w, r)
	http.Redirect(w, r, "/signin", http.StatusSeeOther)
}

func (s *Server) endSession(w http.ResponseWriter, r *http.Request) {
	if t := s.token(r); t != "" {
		if err := s.Node.SignIn.SignOut(r.Context(), t); err != nil {
			s.Log.Error("signing out", "err", err)
		}
	}
	s.setCookie(w, s.cookieName(), "", -1, false)
}

// leave is the quick exit: the session ends and an everyday page opens. It works
// without script too; the browser keeps no page of ours, since none may be stored.
func (s *Server) leave(w http.ResponseWriter, r *http.Request) {
	s.endSession(w, r)
	w.Header().Set("Clear-Site-Data", `"cache"`)
	http.Redirect(w, r, s.ExitTo, http.StatusSeeOther)
}

// language sets the language of this device.
func (s *Server) language(w http.ResponseWriter, r *http.Request) {
	if lang := r.PostFormValue("lang"); i18n.Known(lang) {
		s.setCookie(w, languageCookie, lang, 365*24*3600, false)
	}
	http.Redirect(w, r, local(r.PostFormValue("back")), http.StatusSeeOther)
}

// signedIn lets only people who are signed in through; others are asked to sign in and
// come back to the page they wanted. Who must choose a new password can do only that.
func (s *Server) signedIn(next http.HandlerFunc) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		sub, err := s.Node.SignIn.Session(r.Context(), s.token(r))
		if errors.Is(err, signin.ErrMustChange) {
			if r.URL.Path != "/account/password" {
				http.Redirect(w, r, "/account/password", http.StatusSeeOther)
				return
			}
			err = nil
		}
		if errors.Is(err, signin.ErrNoSession) {
			if r.Method == http.MethodGet {
				http.Redirect(w, r, "/signin?next="+url.QueryEscape(r.URL.Path), http.StatusSeeOther)
				return
			}
			s.fail(w, r, http.StatusUnauthorized, "error.session_over")
			return
		}
		if err != nil {
			s.problem(w, r, err)
			return
		}
		sub.At = s.Node.Now().UTC()
		next(w, withSubject(r, sub))
	}
}

func hours(text string) time.Duration {
	n, err := parseInt(text)
	if err != nil {
		return 0
	}
	return time.Duration(n) * time.Hour
}
