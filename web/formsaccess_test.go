package web

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"aman/forms"
	"aman/node/nodetest"
	"aman/platform/access"
	"aman/platform/store"
)

// The id of the form is as awkward as ids may be.
const awkward = "new نمونہ a/b <i>&?"

const awkwardForm = `
| survey | | | | |
| | type | name | label | bind::aman:class |
| | text | who | Name | |
| | select_one yes_no | ok | Well? | |
| | geopoint | home | Home | |
| choices | | | | |
| | list_name | name | label | |
| | yes_no | yes | Yes | |
| settings | | | | |
| | form_id | form_title | version | namespaces |
| | ` + awkward + ` | Visits | 1 | aman="http://aman.example/xforms" |
`

func visits(t *testing.T, w *nodetest.World) (instance string) {
	t.Helper()
	ctx := context.Background()
	project, err := w.Node.Forms.SaveProject(ctx, w.Now(w.FieldManager), forms.Project{Name: "Visits"})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := w.Node.Forms.SaveDraft(ctx, w.Now(w.FieldManager), forms.Upload{Project: project.ID, FileName: "visits.md", Body: []byte(awkwardForm), IgnoreWarnings: true}); err != nil {
		t.Fatal(err)
	}
	if _, err := w.Node.Forms.PublishDraft(ctx, w.Now(w.FieldManager), 0, awkward, ""); err != nil {
		t.Fatal(err)
	}
	instance = "uuid:5f0c0000-0000-4000-8000-000000000001"
	id := strings.NewReplacer("&", "&amp;", "<", "&lt;", ">", "&gt;").Replace(awkward)
	body := fmt.Sprintf(`<data id="%s" version="1"><who>Zarmina Farzinam</who><ok>yes</ok><home>31.5 74.3 0 5</home><meta><instanceID>%s</instanceID></meta></data>`, id, instance)
	if _, err := w.Node.Forms.Receive(ctx, w.Now(w.Enumerator), []byte(body), nil); err != nil {
		t.Fatal(err)
	}
	return instance
}

func TestWhoSeesAnswers(t *testing.T) {
	w, srv, h := newSite(t, false)
	instance := visits(t, w)
	ctx := context.Background()
	hash, err := srv.Node.SignIn.HashPassword(ctx, password)
	if err != nil {
		t.Fatal(err)
	}
	err = w.Node.Store.Write(ctx, func(tx *store.Tx) error {
		for _, s := range []access.Subject{w.FieldManager, w.DataOfficer, w.Enumerator} {
			if err := w.Node.SignIn.SetPassword(tx, s.User, hash, false); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	at := h.URL + (*Page)(nil).FormAt(awkward)
	pages := []string{"", "/preview", "/answers", "/answers?names=1", "/answers/" + instance, "/answers/" + instance + "?names=1", "/charts?names=1", "/map?names=1", "/export"}
	type sees struct {
		ok    map[string]bool // pages that are shown; nil is all
		names bool
	}
	none := sees{ok: map[string]bool{}}
	for login, want := range map[string]sees{
		"field":      {names: true},
		"data":       {}, // reads and exports, never with names
		"caseworker": {ok: map[string]bool{"": true, "/preview": true}},
		"enumerator": {ok: map[string]bool{"": true, "/preview": true}},
		"third":      none,
	} {
		c := client(t)
		signIn(t, c, h.URL, login)
		for _, page := range pages {
			r, err := c.Get(at + page)
			text := body(t, r, err)
			shown := want.ok == nil || want.ok[page]
			if shown != (r.StatusCode == http.StatusOK) {
				t.Errorf("%s gets %d at %q", login, r.StatusCode, page)
			}
			named := strings.Contains(text, "Zarmina") || strings.Contains(text, "74.3")
			if named && !(want.names && strings.Contains(page, "names=1")) {
				t.Errorf("%s sees a name at %q", login, page)
			}
			if strings.Contains(text, "<i>&") {
				t.Errorf("the id of the form is not escaped at %q", page)
			}
		}
		for _, ask := range []url.Values{{"format": {"csv"}}, {"format": {"csv"}, "names": {"1"}, "purpose": {"quality"}}, {"format": {"zip"}, "names": {"1"}, "purpose": {"quality"}, "media": {"1"}}} {
			r, err := c.PostForm(at+"/export", ask)
			text := body(t, r, err)
			if named := strings.Contains(text, "Zarmina"); named != (want.names && ask.Get("names") == "1" && ask.Get("format") == "csv") {
				t.Errorf("%s with %v: names %v, status %d", login, ask, named, r.StatusCode)
			}
			if want.ok != nil && r.StatusCode != http.StatusNotFound {
				t.Errorf("%s exports: %d", login, r.StatusCode)
			}
		}
		for _, do := range []url.Values{{"do": {"state"}, "state": {"closed"}}, {"do": {"delete"}}, {"do": {"start"}}} {
			if login == "field" {
				continue
			}
			r, err := c.PostForm(at, do)
			body(t, r, err)
			if r.StatusCode != http.StatusNotFound {
				t.Errorf("%s does %v: %d", login, do, r.StatusCode)
			}
		}
	}
	// Each look with names is in the audit log, as such.
	var n int
	err = w.Node.Store.Read(ctx, func(tx *store.Tx) error {
		return tx.Row("SELECT count(*) FROM audit WHERE action IN ('submission.export-names', 'submission.unseal') AND actor = ?", w.FieldManager.User).Scan(&n)
	})
	if err != nil || n < 6 {
		t.Errorf("%d looks with names are in the audit log (%v)", n, err)
	}
}

// Half a file must not look like a whole one.
func TestAnExportThatFailsIsCut(t *testing.T) {
	_, srv, _ := newSite(t, false)
	h := httptest.NewServer(srv.recover(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		io.WriteString(w, strings.Repeat("a,b\n", 5000))
		srv.cut(w, r, io.ErrUnexpectedEOF)
	})))
	defer h.Close()
	r, err := http.Get(h.URL)
	if err == nil {
		_, err = io.ReadAll(r.Body)
		r.Body.Close()
	}
	if err == nil {
		t.Error("the client took it for a whole file")
	}
}
