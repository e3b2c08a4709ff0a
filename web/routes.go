package web

import (
	"net/http"

	"aman/forms/central"
	"aman/forms/openrosa"
)

// routes is the table of addresses.
func (s *Server) routes() {
	open := func(pattern string, h http.HandlerFunc) { s.mux.HandleFunc(pattern, bounded(h)) }
	in := func(pattern string, h http.HandlerFunc) { open(pattern, s.signedIn(h)) }

	open("GET /assets/{hash}/{name...}", s.asset)
	open("GET /signin", s.showSignIn)
	open("POST /signin", s.doSignIn)
	open("POST /signout", s.signOut)
	open("GET /leave", s.leave)
	open("POST /language", s.language)
	open("GET /healthz", s.health)

	in("GET /{$}", s.home)
	in("POST /notices/seen", s.noticesSeen)
	in("GET /intake", s.intake)
	in("GET /intake/{id}", s.interview)
	in("POST /intake/{id}/open", s.openCase)
	in("POST /intake/{id}/dismiss", s.dismiss)
	in("GET /cases", s.cases)
	in("POST /cases", s.cases) // a search: a name must not stand in an address
	in("GET /cases/new", s.newCase)
	in("POST /cases/new", s.newCase)
	in("GET /cases/emergency", s.breakGlass)
	in("POST /cases/emergency", s.breakGlass)
	in("GET /cases/{id}", s.theCase)
	in("GET /cases/{id}/do/{act}", s.actForm)
	in("POST /cases/{id}/do/{act}", s.actForm)
	in("GET /cases/{id}/unseal/{register}/{row}", s.unseal)
	in("POST /cases/{id}/unseal/{register}/{row}", s.unseal)
	in("GET /cases/{id}/erase", s.erase)
	in("POST /cases/{id}/erase", s.erase)
	in("POST /cases/{id}/conflicts/{conflict}", s.settle)
	in("GET /referrals", s.referrals)
	in("GET /referrals/{id}", s.referral)
	in("POST /referrals/{id}", s.referral)
	in("GET /overview", s.overview)
	in("GET /audit", s.audits)
	s.accountRoutes(in)
	s.adminRoutes(in)
	s.tableRoutes(in)
	s.entityRoutes(in)
	s.publishRoutes(in)
	s.flowRoutes(in)
	s.formRoutes(in)
	s.fillRoutes(in)

	rosa := &openrosa.Handler{Forms: s.Node.Forms, Store: s.Node.Store, SignIn: s.Node.SignIn, Base: s.Node.Config.Origin,
		Lists: s.Node.Entities, Secure: s.overHTTPS, Texts: s.texts, Now: s.Node.Now, Log: s.Log}
	rosa.Register(s.mux)
	api := &central.Handler{Store: s.Node.Store, Forms: s.Node.Forms, Entities: s.Node.Entities, SignIn: s.Node.SignIn, Policy: s.Node.Policy, Audit: s.Node.Audit,
		Base: s.Node.Config.Origin, Secure: func(r *http.Request) bool { return s.overHTTPS(r) || !s.Secure }, Address: func(r *http.Request) string { return s.from(r).Address },
		AppUserRole: "enumerator", Now: s.Node.Now, Log: s.Log}
	api.Register(s.mux)
	s.mux.Handle("/", rosa.Else(bounded(func(w http.ResponseWriter, r *http.Request) { s.fail(w, r, http.StatusNotFound, "error.not_found") })))
}

// overHTTPS says whether a request came over https, to us or to our proxy.
func (s *Server) overHTTPS(r *http.Request) bool {
	return r.TLS != nil || s.Proxy && r.Header.Get("X-Forwarded-Proto") == "https"
}

// formMost bounds what a page may send, in bytes: a long story in Urdu takes a tenth of it.
const formMost = 1 << 20

// bounded lets no page send more than formMost; without it the parts of a form that
// nobody reads would go to files on disk, in clear and without end.
func bounded(next http.HandlerFunc) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		r.Body = http.MaxBytesReader(w, r.Body, formMost)
		next(w, r)
	}
}

// health answers a monitor; it says nothing but that the store reads.
func (s *Server) health(w http.ResponseWriter, r *http.Request) {
	if err := s.Node.Ready(r.Context()); err != nil {
		http.Error(w, "not ready", http.StatusServiceUnavailable)
		return
	}
	w.Write([]byte("ok\n"))
}
