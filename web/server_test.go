package web

import (
	"context"
	"io"
	"log/slog"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/url"
	"regexp"
	"strings"
	"testing"

	"aman/casework"
	"aman/node/nodetest"
	"aman/platform/access"
	"aman/platform/store"
	"aman/registry"
)

const password = "violet-harbour-kettle-42"

// newSite serves a world on loopback and lets its people sign in.
func newSite(t *testing.T, secure bool) (*nodetest.World, *Server, *httptest.Server) {
	t.Helper()
	w := nodetest.New(t, "")
	srv, err := New(w.Node, slog.New(slog.NewTextHandler(io.Discard, nil)))
	if err != nil {
		t.Fatal(err)
	}
	srv.Secure = secure
	hash, err := w.Node.SignIn.HashPassword(context.Background(), password)
	if err != nil {
		t.Fatal(err)
	}
	err = w.Node.Store.Write(context.Background(), func(tx *store.Tx) error {
		for _, s := range []access.Subject{w.Caseworker, w.Supervisor, w.Third} {
			if err := w.Node.SignIn.SetPassword(tx, s.User, hash, false); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	h := httptest.NewServer(srv.Handler())
	t.Cleanup(h.Close)
	return w, srv, h
}

func client(t *testing.T) *http.Client {
	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	return &http.Client{Jar: jar}
}

func body(t *testing.T, r *http.Response, err error) string {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
	defer r.Body.Close()
	b, err := io.ReadAll(r.Body)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

func signIn(t *testing.T, c *http.Client, at, login string) *http.Response {
	t.Helper()
	r, err := c.PostForm(at+"/signin", url.Values{"login": {login}, "password": {password}})
	body(t, r, err)
	return r
}

// A first visit on a slow line: the page with all that it needs.
func TestFirstPageIsSmall(t *testing.T) {
	_, _, h := newSite(t, false)
	page := body(t, must(http.Get(h.URL+"/signin")), nil)
	total := len(page)
	for _, m := range regexp.MustCompile(`(?:href|src)="(/assets/[^"]+)"`).FindAllStringSubmatch(page, -1) {
		total += len(body(t, must(http.Get(h.URL+m[1])), nil))
	}
	t.Logf("the sign-in page with its stylesheet, script and icon: %d bytes uncompressed", total)
	if total > 100_000 {
		t.Errorf("the first page takes %d bytes, more than 100 KB", total)
	}
}

// A case page on a bad line, and a page with unsealed values.
func TestPagesGoCompressedButNotWhatIsUnsealed(t *testing.T) {
	w, _, h := newSite(t, false)
	c := client(t)
	signIn(t, c, h.URL, "caseworker")
	id, err := w.Node.Casework.Open(context.Background(), w.Caseworker, casework.Opening{PersonValues: registry.Values{"first_name": "Namuna", "sex": "female"}})
	if err != nil {
		t.Fatal(err)
	}
	var person string
	if err := w.Node.Store.Read(context.Background(), func(tx *store.Tx) error {
		return tx.Row("SELECT person_id FROM r_cases WHERE id = ?", id).Scan(&person)
	}); err != nil {
		t.Fatal(err)
	}
	for path, want := range map[string]string{"/cases/" + id: "gzip", "/cases/" + id + "/do/episode": "gzip", "/cases/" + id + "/unseal/people/" + person: ""} {
		req, _ := http.NewRequest(http.MethodGet, h.URL+path, nil)
		req.Header.Set("Accept-Encoding", "gzip") // set by hand, the client leaves the body as it came
		r, err := c.Do(req)
		page := body(t, r, err)
		if r.StatusCode != http.StatusOK || r.Header.Get("Content-Encoding") != want {
			t.Errorf("a page came with status %d as %q, want %q", r.StatusCode, r.Header.Get("Content-Encoding"), want)
		}
		t.Logf("%d bytes over the wire", len(page))
		if len(page) > 100_000 {
			t.Errorf("a page takes %d bytes over the wire, more than 100 KB", len(page))
		}
	}
}

func must(r *http.Response, err error) *http.Response {
	if err != nil {
		panic(err)
	}
	return r
}

func TestEveryAnswerIsGuarded(t *testing.T) {
	_, _, h := newSite(t, false)
	for _, path := range []string{"/signin", "/cases", "/nothing", "/assets/x/aman.css", "/v1/key/x/projects/1/formList"} {
		r := must(http.Get(h.URL + path))
		r.Body.Close()
		csp := r.Header.Get("Content-Security-Policy")
		if !strings.Contains(csp, "default-src 'none'") || !strings.Contains(csp, "frame-ancestors 'none'") || strings.Contains(csp, "unsafe") {
			t.Errorf("%s has the policy %q", path, csp)
		}
		if r.Header.Get("X-Content-Type-Options") != "nosniff" || r.Header.Get("Referrer-Policy") != "no-referrer" {
			t.Errorf("%s lacks a guarding header", path)
		}
		if !strings.HasPrefix(path, "/assets") && r.Header.Get("Cache-Control") != "no-store" {
			t.Errorf("%s may be stored: %q", path, r.Header.Get("Cache-Control"))
		}
	}
}

func TestPagesHaveNoInlineScriptOrStyle(t *testing.T) {
	w, _, h := newSite(t, false)
	c := client(t)
	signIn(t, c, h.URL, "caseworker")
	id, err := w.Node.Casework.Open(context.Background(), w.Caseworker, casework.Opening{PersonValues: registry.Values{"sex": "female"}})
	if err != nil {
		t.Fatal(err)
	}
	inline := regexp.MustCompile(`(?i)<script(?:[^>]*)>[^<]|\son[a-z]+="|\sstyle="|<style`)
	for _, path := range []string{"/", "/intake", "/cases", "/cases/" + id, "/cases/" + id + "/do/episode", "/account", "/referrals", "/flows"} {
		r, err := c.Get(h.URL + path)
		page := body(t, r, err)
		if r.StatusCode != http.StatusOK || !strings.Contains(page, `data-exit`) {
			t.Errorf("%s: status %d, or no quick exit", path, r.StatusCode)
		}
		if m := inline.FindString(page); m != "" {
			t.Errorf("%s has something inline: %q", path, m)
		}
	}
}

func TestCookiesAreForThisHostAlone(t *testing.T) {
	_, _, h := newSite(t, true)
	c := client(t)
	c.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	r := signIn(t, c, h.URL, "caseworker")
	found := false
	for _, k := range r.Cookies() {
		if strings.Contains(k.Name, "session") {
			found = true
			if !strings.HasPrefix(k.Name, "__Host-") || !k.Secure || !k.HttpOnly || k.SameSite != http.SameSiteLaxMode || k.Domain != "" || k.Path != "/" {
				t.Errorf("the session cookie is %+v", k)
			}
		}
	}
	if !found {
		t.Error("signing in set no session cookie")
	}
}

func TestAnotherWebsiteCannotAct(t *testing.T) {
	_, _, h := newSite(t, false)
	for name, header := range map[string][2]string{"origin": {"Origin", "https://elsewhere.example"}, "fetch metadata": {"Sec-Fetch-Site", "cross-site"}} {
		req, _ := http.NewRequest(http.MethodPost, h.URL+"/signout", nil)
		req.Header.Set(header[0], header[1])
		if r := must(http.DefaultClient.Do(req)); r.StatusCode != http.StatusForbidden {
			t.Errorf("%s: a request from elsewhere was answered %d, want 403", name, r.StatusCode)
		}
	}
	if r := must(http.Post(h.URL+"/signout", "", nil)); r.StatusCode >= 400 {
		t.Errorf("a client without a browser's headers was answered %d", r.StatusCode)
	}
}

func TestNextStaysHere(t *testing.T) {
	for next, want := range map[string]string{
		"/cases": "/cases", "": "/", "https://elsewhere.example/": "/", "//elsewhere.example": "/", `/\elsewhere.example`: "/", "javascript:alert(1)": "/", "/cases?x=1": "/cases",
	} {
		if got := local(next); got != want {
			t.Errorf("local(%q) = %q, want %q", next, got, want)
		}
	}
}

func TestWhoIsNotSignedInSeesNothing(t *testing.T) {
	w, _, h := newSite(t, false)
	id, err := w.Node.Casework.Open(context.Background(), w.Caseworker, casework.Opening{PersonValues: registry.Values{"sex": "female"}})
	if err != nil {
		t.Fatal(err)
	}
	c := &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	for _, path := range []string{"/", "/cases", "/cases/" + id, "/intake", "/admin", "/audit", "/tables", "/releases", "/account"} {
		r := must(c.Get(h.URL + path))
		r.Body.Close()
		if r.StatusCode != http.StatusSeeOther || !strings.HasPrefix(r.Header.Get("Location"), "/signin") {
			t.Errorf("%s was answered %d", path, r.StatusCode)
		}
	}
	if r := must(c.Post(h.URL+"/cases/"+id+"/erase", "application/x-www-form-urlencoded", nil)); r.StatusCode != http.StatusUnauthorized {
		t.Errorf("a post without a session was answered %d, want 401", r.StatusCode)
	}
}

// A page sent twice, as on a bad line, acts once.
func TestAFormSentTwiceActsOnce(t *testing.T) {
	w, _, h := newSite(t, false)
	c := client(t)
	signIn(t, c, h.URL, "caseworker")
	id, err := w.Node.Casework.Open(context.Background(), w.Caseworker, casework.Opening{PersonValues: registry.Values{"sex": "female"}})
	if err != nil {
		t.Fatal(err)
	}
	r, err := c.Get(h.URL + "/cases/" + id + "/do/plan")
	page := body(t, r, err)
	instance := regexp.MustCompile(`name="instance" value="([^"]+)"`).FindStringSubmatch(page)[1]
	form := url.Values{"instance": {instance}, "service": {"shelter"}, "due_on": {"2026-04-10"}}
	for range 2 {
		r, err := c.PostForm(h.URL+"/cases/"+id+"/do/plan", form)
		if body(t, r, err); r.StatusCode != http.StatusOK {
			t.Errorf("answered %d", r.StatusCode)
		}
	}
	var n int
	if err := w.Node.Store.Read(context.Background(), func(tx *store.Tx) error {
		return tx.Row("SELECT count(*) FROM r_services WHERE case_id = ?", id).Scan(&n)
	}); err != nil {
		t.Fatal(err)
	}
	if n != 1 {
		t.Errorf("%d services are planned, want 1", n)
	}
}

// What does not fit is named at its field, and what was typed is still there.
func TestBadInputLosesNothing(t *testing.T) {
	w, _, h := newSite(t, false)
	c := client(t)
	signIn(t, c, h.URL, "caseworker")
	id, err := w.Node.Casework.Open(context.Background(), w.Caseworker, casework.Opening{PersonValues: registry.Values{"sex": "female"}})
	if err != nil {
		t.Fatal(err)
	}
	r, err := c.PostForm(h.URL+"/cases/"+id+"/do/plan", url.Values{"service": {"shelter"}, "due_on": {"tomorrow"}, "goal": {"A bed near the school."}})
	page := body(t, r, err)
	if r.StatusCode != http.StatusUnprocessableEntity {
		t.Errorf("answered %d, want 422", r.StatusCode)
	}
	for _, want := range []string{"A bed near the school.", `value="tomorrow"`, `aria-invalid="true"`, `<option value="shelter" selected>`} {
		if !strings.Contains(page, want) {
			t.Errorf("the page lost %q", want)
		}
	}
}

func TestTheQuickExitEndsTheSession(t *testing.T) {
	_, srv, h := newSite(t, false)
	srv.ExitTo = h.URL + "/healthz"
	c := client(t)
	signIn(t, c, h.URL, "caseworker")
	r, err := c.Get(h.URL + "/leave")
	body(t, r, err)
	if r.Request.URL.Path != "/healthz" {
		t.Errorf("the quick exit led to %s", r.Request.URL.Path)
	}
	r, err = c.Get(h.URL + "/cases")
	if page := body(t, r, err); !strings.Contains(page, `name="password"`) {
		t.Error("after the quick exit the session goes on")
	}
}
