package openrosa

import (
	"context"
	"crypto/subtle"
	"errors"
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"aman/forms"
	"aman/platform/access"
	"aman/platform/signin"
	"aman/platform/store"
)

// caller is who asks, and at which address.
type caller struct {
	sub access.Subject
	// project is the one in the address; 0 is every project the subject works in.
	project int64
	// urls make the addresses in answers.
	urls urls
	// draft is the one that a test address leads to; nil elsewhere.
	draft *forms.Draft
}

// identify finds out who asks; a *refusal says why it is nobody.
type identify func(h *Handler, r *http.Request) (caller, error)

// refusal is an answer that ends a request: a status, a text, and whether a name and a
// password would help.
type refusal struct {
	status    int
	key       string
	challenge bool
	stale     bool
}

func (e *refusal) Error() string { return e.key }

// The refusals of whoever asks. A malformed token is 401 and an unknown one 403 without a
// challenge: a 401 with one would make a phone ask the enumerator for a password she has not.
var (
	malformed = &refusal{status: http.StatusUnauthorized, key: "openrosa.token_malformed"}
	unknown   = &refusal{status: http.StatusForbidden, key: "openrosa.token_unknown"}
	who       = &refusal{status: http.StatusUnauthorized, key: "openrosa.password", challenge: true}
	stale     = &refusal{status: http.StatusUnauthorized, key: "openrosa.password", challenge: true, stale: true}
	noBasic   = &refusal{status: http.StatusUnauthorized, key: "openrosa.not_https", challenge: true}
	notYours  = &refusal{status: http.StatusForbidden, key: "openrosa.another_user"}
	noProject = &refusal{status: http.StatusNotFound, key: "openrosa.no_project"}
	elsewhere = &refusal{status: http.StatusForbidden, key: "openrosa.no_project"}
	noDraft   = &refusal{status: http.StatusNotFound, key: "openrosa.no_draft"}
)

// device is the subject behind a token.
func (h *Handler) device(ctx context.Context, token string) (access.Subject, error) {
	return h.subject(h.SignIn.Device(ctx, token))
}

func (h *Handler) subject(sub access.Subject, err error) (access.Subject, error) {
	switch {
	case errors.Is(err, signin.ErrTokenMalformed):
		return sub, malformed
	case errors.Is(err, signin.ErrTokenUnknown), errors.Is(err, signin.ErrTokenRevoked):
		return sub, unknown
	}
	sub.At = h.Now().UTC()
	return sub, err
}

// byToken: /v1/key/{token}/projects/{project}
func byToken(h *Handler, r *http.Request) (c caller, err error) {
	if c.project, err = project(r); err != nil {
		return c, err
	}
	c.urls = urls{base: h.base(r) + "/v1/key/" + url.PathEscape(r.PathValue("token")) + "/projects/" + r.PathValue("project")}
	c.sub, err = h.device(r.Context(), r.PathValue("token"))
	return c, err
}

// byQuery: /v1/projects/{project}?st=token, or with a name and a password. Addresses in
// answers carry the token in their path.
func byQuery(h *Handler, r *http.Request) (c caller, err error) {
	if c.project, err = project(r); err != nil {
		return c, err
	}
	st := r.URL.Query().Get("st")
	if st == "" {
		return named(h, r, c.project)
	}
	c.urls = urls{base: h.base(r) + "/v1/key/" + url.PathEscape(st) + "/projects/" + r.PathValue("project")}
	c.sub, err = h.device(r.Context(), st)
	return c, err
}

// byCollector: /collector/{token}, as KoboCollect has it.
func byCollector(h *Handler, r *http.Request) (c caller, err error) {
	c.urls = urls{base: h.base(r) + "/collector/" + url.PathEscape(r.PathValue("token")), shape: ofKobo}
	c.sub, err = h.device(r.Context(), r.PathValue("token"))
	return c, err
}

// byName: /formList and /kobo/{username}/formList with a name and a password.
func byName(h *Handler, r *http.Request) (caller, error) { return named(h, r, 0) }

// named is a phone that signs in with the login of its user and its own password.
func named(h *Handler, r *http.Request, project int64) (c caller, err error) {
	scheme, rest, _ := strings.Cut(r.Header.Get("Authorization"), " ")
	var login string
	switch strings.ToLower(scheme) {
	case "digest":
		d, ok := parseDigest(rest)
		count, fits := d.fits(r.RequestURI)
		if !ok || !fits {
			return c, who
		}
		made, fresh := h.nonces.fresh(d.nonce)
		if !fresh {
			return c, stale
		}
		login = d.user
		c.sub, err = h.SignIn.NamedDevice(r.Context(), login, func(password string) bool { return d.answers(r.Method, password) })
		if err == nil && !h.nonces.spend(d.nonce, made, count) {
			return c, stale
		}
	case "basic":
		if !h.Secure(r) {
			return c, noBasic // whoever listens has the password by now; it shall not be sent again
		}
		user, password, ok := r.BasicAuth()
		if !ok {
			return c, who
		}
		login = user
		c.sub, err = h.SignIn.NamedDevice(r.Context(), login, func(p string) bool { return subtle.ConstantTimeCompare([]byte(p), []byte(password)) == 1 })
	default:
		return c, who
	}
	if errors.Is(err, signin.ErrTokenUnknown) {
		return c, who
	}
	if err != nil {
		return c, err
	}
	if of := r.PathValue("username"); of != "" && of != login {
		return c, notYours
	}
	c.project, c.sub.At = project, h.Now().UTC()
	c.urls = urls{base: h.base(r) + "/kobo/" + url.PathEscape(login), shape: ofKobo}
	return c, nil
}

// bound keeps a phone that a program let in (forms/central) to the one project it was let in for.
func (h *Handler) bound(ctx context.Context, c *caller) error {
	if c.sub.Device == "" {
		return nil
	}
	var own int64
	err := h.Store.Read(ctx, func(tx *store.Tx) error {
		return tx.Row("SELECT project FROM app_users WHERE device = ?", c.sub.Device).Scan(&own)
	})
	switch {
	case errors.Is(err, store.ErrNone):
		return nil
	case err != nil:
		return err
	case c.project == 0:
		c.project = own
	case c.project != own:
		return elsewhere
	}
	return nil
}

func project(r *http.Request) (int64, error) {
	id, err := strconv.ParseInt(r.PathValue("project"), 10, 64)
	if err != nil || id <= 0 {
		return 0, noProject
	}
	return id, nil
}

// challenge asks for a name and a password. Basic is offered over https alone.
func (h *Handler) challenge(w http.ResponseWriter, r *http.Request, stale bool) {
	text := `Digest realm="` + realm + `", qop="auth", algorithm=MD5, nonce="` + h.nonces.make() + `"`
	if stale {
		text += ", stale=true"
	}
	w.Header().Add("WWW-Authenticate", text)
	if h.Secure(r) {
		w.Header().Add("WWW-Authenticate", `Basic realm="`+realm+`", charset="UTF-8"`)
	}
}
