package web

import (
	"context"
	"net/http"

	"aman/platform/access"
	"aman/platform/i18n"
)

type contextKey int

const subjectKey contextKey = 0

const (
	sessionCookie  = "aman_session"
	languageCookie = "aman_lang"
)

// subjectOf gives who is signed in.
func subjectOf(r *http.Request) (access.Subject, bool) {
	sub, ok := r.Context().Value(subjectKey).(access.Subject)
	return sub, ok
}

// languageOf is the language chosen on this device, else the user's, else the browser's.
func languageOf(r *http.Request, sub access.Subject) string {
	if c, err := r.Cookie(languageCookie); err == nil && i18n.Known(c.Value) {
		return c.Value
	}
	if i18n.Known(sub.Language) {
		return sub.Language
	}
	return i18n.Match(r.Header.Get("Accept-Language"))
}

func withSubject(r *http.Request, sub access.Subject) *http.Request {
	return r.WithContext(context.WithValue(r.Context(), subjectKey, sub))
}

// name of the session cookie; the __Host- prefix binds it to this host where it is secure.
func (s *Server) cookieName() string {
	if s.Secure {
		return "__Host-" + sessionCookie
	}
	return sessionCookie
}

func (s *Server) setCookie(w http.ResponseWriter, name, value string, maxAge int, readable bool) {
	http.SetCookie(w, &http.Cookie{Name: name, Value: value, Path: "/", MaxAge: maxAge, HttpOnly: !readable, Secure: s.Secure, SameSite: http.SameSiteLaxMode})
}

// token is the session token of a request.
func (s *Server) token(r *http.Request) string {
	c, err := r.Cookie(s.cookieName())
	if err != nil {
		return ""
	}
	return c.Value
}
