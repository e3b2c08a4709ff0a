package web

import (
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"aman/casework"
	"aman/node/nodetest"
	"aman/platform/access"
	"aman/platform/ids"
	"aman/platform/signin"
	"aman/platform/store"
	"aman/registry"
)

// What somebody with a session, or with none, tries against the face.

func openCase(t *testing.T, w *nodetest.World, sub access.Subject, v registry.Values) string {
	t.Helper()
	id, err := w.Node.Casework.Open(context.Background(), sub, casework.Opening{PersonValues: v})
	if err != nil {
		t.Fatal(err)
	}
	return id
}

func number(t *testing.T, w *nodetest.World, query string, args ...any) (n int) {
	t.Helper()
	if err := w.Node.Store.Read(context.Background(), func(tx *store.Tx) error { return tx.Row(query, args...).Scan(&n) }); err != nil {
		t.Fatal(err)
	}
	return n
}

// A browser drops a tab and takes a backslash for a slash, so an address that hides one
// leads to another website after signing in.
func TestNoHiddenWayOut(t *testing.T) {
	for _, next := range []string{"/%09/elsewhere.example", "/%5Celsewhere.example", "/%0A/elsewhere.example", "/%2F/elsewhere.example", "/%2felsewhere.example"} {
		got := local(next)
		if strings.ContainsAny(got, "\t\n\r\\") || strings.HasPrefix(got, "//") {
			t.Errorf("local(%q) = %q, which a browser takes for another website", next, got)
		}
	}
}

// endless is a body that never ends, and counts what was read of it.
type endless struct {
	head io.Reader
	read int64
}

func (e *endless) Read(p []byte) (n int, err error) {
	if n, _ = e.head.Read(p); n == 0 {
		for n = range p {
			p[n] = 'a'
		}
		n = len(p)
	}
	e.read += int64(n)
	if e.read > 64<<20 {
		return n, io.EOF
	}
	return n, nil
}

// Nobody fills the memory or the disk with a form, signed in or not. A part that is
// called a file would go to the disk in clear.
func TestNoPageReadsWithoutEnd(t *testing.T) {
	_, srv, _ := newSite(t, false)
	multipart := "--x\r\nContent-Disposition: form-data; name=\"f\"; filename=\"f\"\r\n\r\n"
	for _, path := range []string{"/language", "/signin", "/signin/passkey/finish"} {
		for kind, head := range map[string]string{"multipart/form-data; boundary=x": multipart, "application/x-www-form-urlencoded": "lang=", "application/json": `{"ticket":"`} {
			body := &endless{head: strings.NewReader(head)}
			r := httptest.NewRequest(http.MethodPost, path, body)
			r.Header.Set("Content-Type", kind)
			srv.Handler().ServeHTTP(httptest.NewRecorder(), r)
			if body.read > 2<<20 {
				t.Errorf("%s read %d MB of a form as %s", path, body.read>>20, kind)
			}
		}
	}
}

// A name that somebody types into an address must not come to rest in the audit log,
// which is kept for ever.
func TestANameInAnAddressIsNotAudited(t *testing.T) {
	w, _, h := newSite(t, false)
	c := client(t)
	signIn(t, c, h.URL, "caseworker")
	id := openCase(t, w, w.Caseworker, registry.Values{"sex": "female"})
	for _, path := range []string{"/cases/Zarghuna", "/referrals/Zarghuna", "/intake/Zarghuna", "/cases/" + id + "/do/withdraw?of=Zarghuna", "/cases/" + id + "/unseal/people/Zarghuna", "/cases/" + id + "/unseal/zarghuna/x", "/releases/Zarghuna"} {
		r, err := c.Get(h.URL + path)
		if body(t, r, err); r.StatusCode != http.StatusNotFound {
			t.Errorf("%s was answered %d, want 404", path, r.StatusCode)
		}
	}
	r, err := c.PostForm(h.URL+"/cases/"+id+"/conflicts/Zarghuna", url.Values{"state": {"kept"}})
	if body(t, r, err); r.StatusCode != http.StatusNotFound {
		t.Errorf("a conflict that is not there was answered %d, want 404", r.StatusCode)
	}
	if n := number(t, w, "SELECT count(*) FROM audit WHERE lower(object || case_id || detail || register) LIKE '%zarghuna%'"); n > 0 {
		t.Errorf("%d audit entries hold what was typed", n)
	}
	if n := number(t, w, "SELECT count(*) FROM audit WHERE outcome = 'refused'"); n == 0 {
		t.Error("no refusal is in the audit log")
	}
}

// A search names a person. It goes in the body of a request, never in an address, which
// browsers and proxies keep.
func TestASearchStandsInNoAddress(t *testing.T) {
	w, _, h := newSite(t, false)
	c := client(t)
	signIn(t, c, h.URL, "caseworker")
	openCase(t, w, w.Caseworker, registry.Values{"first_name": "Zarghuna", "sex": "female"})
	r, err := c.Get(h.URL + "/cases")
	page := body(t, r, err)
	box := strings.Index(page, `name="q"`)
	if box < 0 {
		t.Fatal("there is no box to search in")
	}
	form := page[strings.LastIndex(page[:box], "<form"):box]
	if !strings.Contains(form, `method="post"`) {
		t.Errorf("the search is sent in the address: %s", form)
	}
	r, err = c.PostForm(h.URL+"/cases", url.Values{"q": {"Zarghuna"}})
	if page = body(t, r, err); !strings.Contains(page, `class="pill exact"`) {
		t.Error("the person is not found by her name")
	}
	if strings.Contains(page, "q=Zarghuna") {
		t.Error("an address on the page holds the name")
	}
	// Who goes through the names of a street is seen.
	if n := number(t, w, "SELECT count(*) FROM audit WHERE action = 'people.look_up' AND actor = ? AND detail LIKE '%\"1\"%'", w.Caseworker.User); n != 1 {
		t.Errorf("the look-up is in the audit log %d times, want once", n)
	}
	r, err = c.Get(h.URL + "/cases?q=Zarghuna")
	if page = body(t, r, err); strings.Contains(page, `class="pill exact"`) {
		t.Error("a name in the address is looked for")
	}
}

// Whoever sits down at an open session cannot make a way in that outlives it.
func TestANewWayInNeedsThePassword(t *testing.T) {
	w, _, h := newSite(t, false)
	c := client(t)
	signIn(t, c, h.URL, "caseworker")
	for given, want := range map[string]int{"": http.StatusUnprocessableEntity, "another-harbour-kettle-42": http.StatusUnprocessableEntity, password: http.StatusOK} {
		r, err := c.PostForm(h.URL+"/account/code", url.Values{"password": {given}})
		page := body(t, r, err)
		if r.StatusCode != want || strings.Contains(page, `action="/account/code/confirm"`) != (want == http.StatusOK) {
			t.Errorf("a one-time secret with %d letters of password was answered %d, want %d", len(given), r.StatusCode, want)
		}
	}
	// Passkeys need an address that is a name.
	sign, err := signin.New(w.Node.Store, signin.Config{Key: make([]byte, 32), Origin: "https://aman.example", Now: w.Clock.Now})
	if err != nil {
		t.Fatal(err)
	}
	w.Node.SignIn = sign
	for given, want := range map[string]int{`{}`: 0, `{"password":"another-harbour-kettle-42"}`: 0, `{"password":"` + password + `"}`: 1} {
		before := number(t, w, "SELECT count(*) FROM ceremonies")
		r, err := c.Post(h.URL+"/account/passkeys/begin", "application/json", strings.NewReader(given))
		body(t, r, err)
		if n := number(t, w, "SELECT count(*) FROM ceremonies") - before; n != want {
			t.Errorf("a passkey with %d letters: %d ceremonies began, want %d", len(given), n, want)
		}
	}
}

// Under one case's address nothing of another case is opened, whoever may see both.
func TestUnsealingStaysInItsCase(t *testing.T) {
	w, _, h := newSite(t, false)
	c := client(t)
	signIn(t, c, h.URL, "caseworker")
	one, two := openCase(t, w, w.Caseworker, registry.Values{"first_name": "Zarghuna"}), openCase(t, w, w.Caseworker, registry.Values{"first_name": "Palwasha"})
	person := func(id string) (p string) {
		if err := w.Node.Store.Read(context.Background(), func(tx *store.Tx) error {
			return tx.Row("SELECT person_id FROM r_cases WHERE id = ?", id).Scan(&p)
		}); err != nil {
			t.Fatal(err)
		}
		return p
	}
	for path, want := range map[string]int{"/cases/" + one + "/unseal/people/" + person(one): http.StatusOK, "/cases/" + one + "/unseal/people/" + person(two): http.StatusNotFound} {
		r, err := c.PostForm(h.URL+path, url.Values{"reason": {"identify"}, "property": {"first_name"}})
		if body(t, r, err); r.StatusCode != want {
			t.Errorf("answered %d, want %d", r.StatusCode, want)
		}
	}
}

// A page that was sent and then changed and sent again says so; it is not the system's fault.
func TestAPageSentAgainWithOtherContent(t *testing.T) {
	w, _, h := newSite(t, false)
	c := client(t)
	signIn(t, c, h.URL, "caseworker")
	id := openCase(t, w, w.Caseworker, registry.Values{"sex": "female"})
	form := url.Values{"instance": {ids.New()}, "service": {"shelter"}, "due_on": {"2026-04-10"}}
	for _, x := range []struct {
		day  string
		want int
	}{{"2026-04-10", http.StatusOK}, {"2026-04-11", http.StatusUnprocessableEntity}} {
		form.Set("due_on", x.day)
		r, err := c.PostForm(h.URL+"/cases/"+id+"/do/plan", form)
		if body(t, r, err); r.StatusCode != x.want {
			t.Errorf("due on %s: answered %d, want %d", x.day, r.StatusCode, x.want)
		}
	}
}
