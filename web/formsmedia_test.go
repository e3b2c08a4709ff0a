package web

import (
	"bytes"
	"context"
	"mime/multipart"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"aman/forms"
	"aman/platform/store"
)

// A form with a picture and a list in a file goes the way of its files: missing, given,
// downloaded, kept by the next version.
func TestFilesBesideAForm(t *testing.T) {
	w, srv, h := newSite(t, false)
	ctx := context.Background()
	hash, err := srv.Node.SignIn.HashPassword(ctx, password)
	if err != nil {
		t.Fatal(err)
	}
	if err := w.Node.Store.Write(ctx, func(tx *store.Tx) error { return w.Node.SignIn.SetPassword(tx, w.FieldManager.User, hash, false) }); err != nil {
		t.Fatal(err)
	}
	project, err := w.Node.Forms.SaveProject(ctx, w.Now(w.FieldManager), forms.Project{Name: "Visits"})
	if err != nil {
		t.Fatal(err)
	}
	md := "| survey | | | | |\n| | type | name | label | image |\n| | select_one_from_file villages.csv | village | Village | map.png |\n| settings | | | | |\n| | form_id | form_title | version | |\n| | visits | Visits | 1 | |\n"
	if _, err := w.Node.Forms.SaveDraft(ctx, w.Now(w.FieldManager), forms.Upload{Project: project.ID, FileName: "visits.md", Body: []byte(md), IgnoreWarnings: true}); err != nil {
		t.Fatal(err)
	}
	c := client(t)
	signIn(t, c, h.URL, "field")
	page := func(path string) (int, string) {
		t.Helper()
		r, err := c.Get(h.URL + path)
		return r.StatusCode, body(t, r, err)
	}
	say := func(key string, args ...any) string { return srv.texts.T("en", key, args...) }
	if _, text := page("/form/visits"); !strings.Contains(text, say("forms.media.missing", "n", 2)) {
		t.Error("the missing files are not told")
	}
	if _, text := page("/form/visits/publish"); !strings.Contains(text, "villages.csv") {
		t.Error("publishing does not warn of missing files")
	}
	send := func(name, file, content string) int {
		t.Helper()
		var b bytes.Buffer
		m := multipart.NewWriter(&b)
		m.WriteField("name", name)
		part, _ := m.CreateFormFile("file", file)
		part.Write([]byte(content))
		m.Close()
		r, err := c.Post(h.URL+"/form/visits/media", m.FormDataContentType(), &b)
		text := body(t, r, err)
		if r.StatusCode != http.StatusOK && text == "" {
			t.Error("no word about what went wrong")
		}
		return r.StatusCode
	}
	if got := send("villages.csv", "other name.csv", "name,label\na,A\n"); got != http.StatusOK {
		t.Error(got)
	}
	if got := send("", "map.png", "not really a picture"); got != http.StatusOK {
		t.Error(got)
	}
	if got := send("strange.png", "strange.png", "x"); got != http.StatusUnprocessableEntity {
		t.Error(got)
	}
	if _, text := page("/form/visits"); strings.Contains(text, say("forms.media.wanted")) {
		t.Error("a file is still missing")
	}
	r, err := c.PostForm(h.URL+"/form/visits/publish", url.Values{"version": {"1"}})
	body(t, r, err)
	if status, text := page("/form/visits/file?media=villages.csv"); status != http.StatusOK || text != "name,label\na,A\n" {
		t.Error(status, text)
	}
	if status, text := page("/form/visits/file?version=1&as=xml"); status != http.StatusOK || !strings.Contains(text, "<h:html") {
		t.Error(status)
	}
	if status, text := page("/form/visits/file?version=1"); status != http.StatusOK || text != md {
		t.Error(status)
	}
	r, err = c.PostForm(h.URL+"/form/visits", url.Values{"do": {"start"}})
	body(t, r, err)
	if _, text := page("/form/visits"); strings.Contains(text, say("forms.media.wanted")) {
		t.Error("the draft lost the files of the published version")
	}
	r, err = c.PostForm(h.URL+"/form/visits/publish", url.Values{"version": {"1"}})
	if text := body(t, r, err); !strings.Contains(text, say("forms.fault.version")) {
		t.Error("a version is published twice")
	}
	for do, want := range map[string]string{"delete": "forms.deleted"} {
		r, err = c.PostForm(h.URL+"/form/visits", url.Values{"do": {do}})
		if text := body(t, r, err); !strings.Contains(text, say(want, "n", 1)) {
			t.Errorf("%s: %s is not said", do, want)
		}
	}
	if status, _ := page("/form/visits"); status != http.StatusNotFound {
		t.Error("a deleted form is shown", status)
	}
	r, err = c.PostForm(h.URL+"/form/visits", url.Values{"do": {"restore"}})
	body(t, r, err)
	if status, _ := page("/form/visits"); status != http.StatusOK {
		t.Error("the form did not come back", status)
	}
}
