package web

import (
	"context"
	"embed"
	"fmt"
	"html/template"
	"io/fs"
	"log/slog"
	"net/http"
	"runtime"
	"strings"
	"sync"
	"time"

	"aman/node"
	"aman/platform/i18n"
)

//go:embed templates assets texts
var files embed.FS

// Server serves the pages of one node.
type Server struct {
	Node *node.Node
	// Log takes structured entries; none holds an identity value.
	Log *slog.Logger
	// ExitTo is where the quick exit leads: an everyday page that says nothing.
	ExitTo string
	// Secure sets the cookies for https only; false for a demonstration on loopback.
	Secure bool
	// Proxy says that a proxy of ours stands in front and names the client's address.
	Proxy bool
	// Demo is the banner of a demonstration node; empty on a real one.
	Demo bool
	// SignIns are shown on the sign-in page of a demonstration.
	SignIns []DemoSignIn

	texts     *i18n.Catalogue
	pages     map[string]*template.Template
	assets    map[string]asset
	mux       *http.ServeMux
	directory directory
}

// DemoSignIn is one of the sign-ins of a demonstration node.
type DemoSignIn struct{ Role, Login, Password string }

// Texts loads the catalogue of texts that the pages use.
func Texts() (*i18n.Catalogue, error) {
	sub, err := fs.Sub(files, "texts")
	if err != nil {
		return nil, err
	}
	return i18n.Load(sub)
}

// New prepares the pages.
func New(n *node.Node, log *slog.Logger) (*Server, error) {
	srv := &Server{Node: n, Log: log, ExitTo: "https://www.wikipedia.org/", Secure: true}
	var err error
	if srv.texts, err = Texts(); err != nil {
		return nil, fmt.Errorf("texts: %w", err)
	}
	if srv.assets, err = loadAssets(); err != nil {
		return nil, err
	}
	if srv.pages, err = srv.parse(); err != nil {
		return nil, err
	}
	srv.directory.ttl = 30 * time.Second
	srv.mux = http.NewServeMux()
	srv.routes()
	return srv, nil
}

// parse reads the layout and the parts once and joins each page with them.
func (s *Server) parse() (map[string]*template.Template, error) {
	base, err := template.New("").Funcs(functions(s.assets)).ParseFS(files, "templates/layout.html", "templates/parts/*.html")
	if err != nil {
		return nil, err
	}
	names, err := fs.Glob(files, "templates/*.html")
	if err != nil {
		return nil, err
	}
	out := map[string]*template.Template{}
	for _, name := range names {
		short := strings.TrimSuffix(strings.TrimPrefix(name, "templates/"), ".html")
		if short == "layout" {
			continue
		}
		t, err := base.Clone()
		if err != nil {
			return nil, err
		}
		if out[short], err = t.ParseFS(files, name); err != nil {
			return nil, err
		}
	}
	return out, nil
}

// Handler is the whole face: security headers, sessions, pages.
func (s *Server) Handler() http.Handler {
	protect := http.NewCrossOriginProtection()
	protect.SetDenyHandler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		s.fail(w, r, http.StatusForbidden, "error.cross_origin")
	}))
	return s.recover(headers(protect.Handler(s.mux)))
}

// headers are the same on every page: nothing from elsewhere, no inline script or style,
// no framing, nothing kept in shared caches.
func headers(next http.Handler) http.Handler {
	const csp = "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self' data:; connect-src 'self'; manifest-src 'self'; worker-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		h.Set("Content-Security-Policy", csp)
		h.Set("X-Content-Type-Options", "nosniff")
		h.Set("Referrer-Policy", "no-referrer")
		h.Set("Cross-Origin-Opener-Policy", "same-origin")
		h.Set("Cross-Origin-Resource-Policy", "same-origin")
		h.Set("Permissions-Policy", "camera=(), microphone=(), geolocation=(), interest-cohort=()")
		h.Set("Cache-Control", "no-store")
		if r.TLS != nil {
			h.Set("Strict-Transport-Security", "max-age=31536000")
		}
		next.ServeHTTP(w, r)
	})
}

func (s *Server) recover(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		start := time.Now()
		rec := &recorder{ResponseWriter: w, status: http.StatusOK}
		defer func() {
			p := recover()
			// An answer that was broken off on purpose must not look whole.
			aborted := p == http.ErrAbortHandler
			if p != nil && !aborted {
				s.Log.Error("a page failed", "route", r.Pattern, "fault", fmt.Sprintf("%T", p), "detail", faultText(p))
				if !rec.wrote {
					s.fail(rec, r, http.StatusInternalServerError, "error.internal")
				}
			}
			// The route's pattern is logged, not the address: an address can hold ids.
			s.Log.Info("request", "method", r.Method, "route", r.Pattern, "status", rec.status, "ms", time.Since(start).Milliseconds())
			if aborted {
				panic(http.ErrAbortHandler)
			}
		}()
		next.ServeHTTP(rec, r)
	})
}

// faultText is what the log may hold of a panic: the runtime's own words. Anything else
// that was thrown could carry a value of somebody's.
func faultText(p any) string {
	if e, ok := p.(runtime.Error); ok {
		return e.Error()
	}
	return ""
}

// recorder remembers the status for the log.
type recorder struct {
	http.ResponseWriter
	status int
	wrote  bool
}

func (r *recorder) WriteHeader(status int) {
	if !r.wrote {
		r.status, r.wrote = status, true
	}
	r.ResponseWriter.WriteHeader(status)
}

func (r *recorder) Write(b []byte) (int, error) {
	r.wrote = true
	return r.ResponseWriter.Write(b)
}

// Unwrap lets http.ResponseController reach the connection.
func (r *recorder) Unwrap() http.ResponseWriter { return r.ResponseWriter }

// directory keeps the names of staff and organisations, which nearly every page shows.
type directory struct {
	mu    sync.Mutex
	ttl   time.Duration
	at    time.Time
	users map[string]Staff
	orgs  map[string]Organisation
	list  []Organisation
	// offices are the names of offices by id
	offices map[string]string
}

// Staff is a user as others see one.
type Staff struct {
	ID, Name, Org string
	Offices       []string
	Roles         []string
}

// Organisation is an organisation as others see it.
type Organisation struct{ ID, Code, Name, Kind string }

func (s *Server) people(ctx context.Context) *directory {
	d := &s.directory
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.users != nil && time.Since(d.at) < d.ttl {
		return d
	}
	next := directory{at: time.Now()}
	if err := s.Node.Store.Read(ctx, next.read); err != nil {
		s.Log.Error("reading the directory of staff", "err", err)
		return d
	}
	d.users, d.orgs, d.list, d.offices, d.at = next.users, next.orgs, next.list, next.offices, next.at
	return d
}
