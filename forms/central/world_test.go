package central

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"aman/node/nodetest"
	"aman/platform/access"
	"aman/platform/store"
)

var bg = context.Background()

// script is a program that talks to a node, signed in as somebody.
type script struct {
	*nodetest.World
	t       testing.TB
	h       *Handler
	base    string // https://host/v1/
	login   string
	secret  string
	token   string
	project int64
}

// each runs f on both engines with a script of the field manager that may see names, and a
// project of her organisation.
func each(t *testing.T, f func(s *script)) {
	t.Helper()
	nodetest.Each(t, func(t *testing.T, w *nodetest.World) { f(newScript(t, w)) })
}

// embedded is each on one engine, for what asks the store nothing that package forms or
// entities does not ask in tests of its own.
func embedded(t *testing.T, f func(s *script)) { t.Helper(); f(one(t)) }

func one(t *testing.T) *script { return newScript(t, nodetest.New(t, "")) }

func newScript(t testing.TB, w *nodetest.World) *script {
	t.Helper()
	h := &Handler{Store: w.Node.Store, Forms: w.Node.Forms, Entities: w.Node.Entities, SignIn: w.Node.SignIn, Policy: w.Node.Policy, Audit: w.Node.Audit,
		Secure: func(*http.Request) bool { return true }, AppUserRole: "enumerator", Now: w.Node.Now, Log: slog.New(slog.DiscardHandler)}
	mux := http.NewServeMux()
	h.Register(mux)
	srv := httptest.NewServer(mux)
	t.Cleanup(srv.Close)
	s := &script{World: w, t: t, h: h, base: srv.URL + "/v1/"}
	s = s.as(w.FieldManager, "field", true)
	s.project = int64(s.ok("POST", "projects", `{"name": "Border survey"}`).obj()["id"].(float64))
	return s
}

// as is a script of somebody else, with a session of its own.
func (s *script) as(who access.Subject, login string, names bool) *script {
	s.t.Helper()
	out := *s
	out.login = login
	if err := s.Node.Store.Write(bg, func(tx *store.Tx) (err error) {
		_, out.secret, err = s.Node.SignIn.NewProgramPassword(tx, who.User, "tests", names, s.Clock.Now().AddDate(0, 1, 0))
		return err
	}); err != nil {
		s.t.Fatal(err)
	}
	out.token = ""
	body, _ := json.Marshal(map[string]string{"email": login, "password": out.secret})
	out.token = out.ok("POST", "sessions", string(body)).obj()["token"].(string)
	return &out
}

// answer is what came back.
type reply struct {
	t      testing.TB
	what   string
	status int
	header http.Header
	body   []byte
}

// do sends a request below /v1/. {p} in the path is the script's project. header is pairs.
func (s *script) do(method, path string, body any, header ...string) *reply {
	s.t.Helper()
	var r io.Reader
	switch b := body.(type) {
	case string:
		r = strings.NewReader(b)
	case []byte:
		r = bytes.NewReader(b)
	}
	path = strings.ReplaceAll(path, "{p}", "projects/"+itoa(s.project))
	req, err := http.NewRequest(method, s.base+path, r)
	if err != nil {
		s.t.Fatal(err)
	}
	if s.token != "" {
		req.Header.Set("Authorization", "Bearer "+s.token)
	}
	if b, ok := body.(string); ok && strings.HasPrefix(b, "{") {
		req.Header.Set("Content-Type", "application/json")
	}
	for i := 0; i+1 < len(header); i += 2 {
		req.Header.Set(header[i], header[i+1])
		if header[i+1] == "" {
			req.Header.Del(header[i])
		}
	}
	res, err := (&http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}).Do(req)
	if err != nil {
		s.t.Fatal(err)
	}
	defer res.Body.Close()
	a := &reply{t: s.t, what: method + " " + path, status: res.StatusCode, header: res.Header}
	if a.body, err = io.ReadAll(res.Body); err != nil {
		s.t.Fatalf("%s: %v", a.what, err)
	}
	return a
}

// ok is do for what must succeed.
func (s *script) ok(method, path string, body any, header ...string) *reply {
	s.t.Helper()
	a := s.do(method, path, body, header...)
	if a.status != http.StatusOK {
		s.t.Fatalf("%s: %d %s", a.what, a.status, a.body)
	}
	return a
}

// no is do for what must be refused with a problem of this code.
func (s *script) no(code, method, path string, body any, header ...string) *reply {
	s.t.Helper()
	a := s.do(method, path, body, header...)
	var p struct {
		Code    json.Number
		Message string
	}
	if err := json.Unmarshal(a.body, &p); err != nil || p.Code.String() != code || p.Message == "" || !strings.HasPrefix(code, itoa(int64(a.status))) {
		s.t.Errorf("%s: %d %s, want %s", a.what, a.status, a.body, code)
	}
	return a
}

func (a *reply) obj() map[string]any { return decode[map[string]any](a) }
func (a *reply) list() []any         { return decode[[]any](a) }

// rows are the values of an OData document.
func (a *reply) rows() []any {
	a.t.Helper()
	rows, ok := a.obj()["value"].([]any)
	if !ok {
		a.t.Fatalf("%s: no value in %s", a.what, a.body)
	}
	return rows
}

func decode[T any](a *reply) (v T) {
	a.t.Helper()
	if err := json.Unmarshal(a.body, &v); err != nil {
		a.t.Fatalf("%s: %v in %s", a.what, err, a.body)
	}
	return v
}

// at walks into a decoded document: at(v, "currentVersion", "label"), at(list, 0, "name").
func get(v any, steps ...any) any {
	for _, s := range steps {
		switch s := s.(type) {
		case string:
			m, _ := v.(map[string]any)
			v = m[s]
		case int:
			l, _ := v.([]any)
			if s >= len(l) {
				return nil
			}
			v = l[s]
		}
	}
	return v
}

func itoa(n int64) string { b, _ := json.Marshal(n); return string(b) }

// same compares JSON values.
func same(t testing.TB, what string, got, want any) {
	t.Helper()
	a, _ := json.Marshal(got)
	b, _ := json.Marshal(want)
	if !bytes.Equal(a, b) {
		t.Errorf("%s: %s, want %s", what, a, b)
	}
}

// query writes parameters as a script does.
func query(pairs ...string) string {
	v := url.Values{}
	for i := 0; i+1 < len(pairs); i += 2 {
		v.Set(pairs[i], pairs[i+1])
	}
	return "?" + v.Encode()
}

// trip is a form with what tables are difficult with: groups, a repeat in a repeat, several
// choices, a place, a picture, and names.
const trip = `
| survey |                       |            |                |                  |
|        | type                  | name       | label          | bind::aman:class |
|        | text                  | name       | Name           |                  |
|        | integer               | age        | Age            |                  |
|        | select_multiple means | means      | Means          |                  |
|        | begin group           | way        | Way            |                  |
|        | decimal               | km         | Kilometres     |                  |
|        | geopoint              | place      | Place          | open             |
|        | end group             |            |                |                  |
|        | begin repeat          | leg        | Leg            |                  |
|        | text                  | town       | Town           | open             |
|        | begin repeat          | stop       | Stop           |                  |
|        | date                  | day        | Day            |                  |
|        | end repeat            |            |                |                  |
|        | end repeat            |            |                |                  |
|        | image                 | photo      | Photo          |                  |
| choices |           |       |       |
|         | list_name | name  | label |
|         | means     | foot  | Foot  |
|         | means     | truck | Truck |
| settings |            |         |         |                                      |
|          | form_title | form_id | version | namespaces                           |
|          | A trip     | trip       | 1       | aman="http://aman.example/xforms"    |
`

const markdown = "text/markdown"

// tripOf is a filled trip. rest is more XML, before meta.
func tripOf(id, version, name, age, rest string) string {
	return `<data id="trip" version="` + version + `"><name>` + name + `</name><age>` + age + `</age>` + rest + `<meta><instanceID>` + id + `</instanceID></meta></data>`
}

const someWay = `<means>foot truck</means><way><km>12.5</km><place>25.1 66.9 10 4.5</place></way><leg><town>Invented A</town><stop><day>2026-03-01</day></stop><stop><day>2026-03-02</day></stop></leg><leg><town>Invented B</town></leg>`

// publishTrip publishes it.
func (s *script) publishTrip() {
	s.t.Helper()
	s.ok("POST", "{p}/forms?publish=true&ignoreWarnings=true", trip, "Content-Type", markdown)
}

// send sends a filled form.
func (s *script) send(xml string) map[string]any {
	s.t.Helper()
	return s.ok("POST", "{p}/forms/trip/submissions", xml, "Content-Type", "application/xml").obj()
}
