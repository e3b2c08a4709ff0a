package web

import (
	"context"
	"fmt"
	"html"
	"io"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"

	"aman/forms/openrosa"
	"aman/platform/store"
)

var bg = context.Background()

// An administrator sets up a phone: the page shows a QR code, the address in it lists forms and
// takes submissions through the whole server, and by name and password too.
func TestANewPhone(t *testing.T) {
	w, srv, h := newSite(t, false)
	hash, err := w.Node.SignIn.HashPassword(bg, password)
	if err == nil {
		err = w.Node.Store.Write(bg, func(tx *store.Tx) error { return w.Node.SignIn.SetPassword(tx, w.Admin.User, hash, false) })
	}
	if err != nil {
		t.Fatal(err)
	}
	c := client(t)
	signIn(t, c, h.URL, "admin")
	r, err := c.PostForm(h.URL+"/admin/devices", url.Values{"label": {"Phone <7>"}, "who": {w.Enumerator.User + "/" + w.Office}})
	page := body(t, r, err)
	if r.StatusCode != http.StatusOK || r.Header.Get("Cache-Control") != "no-store" || strings.Contains(page, "<7>") {
		t.Fatalf("%d %s", r.StatusCode, page)
	}
	picture := regexp.MustCompile(`<svg class="qrcode".*?<path d="([^"]+)"`).FindStringSubmatch(page)
	secrets := regexp.MustCompile(`<bdi class="code secret" dir="ltr">([^<]+)</bdi>`).FindAllStringSubmatch(page, -1)
	if picture == nil || len(secrets) != 2 {
		t.Fatalf("%d secrets on the page", len(secrets))
	}
	server := html.UnescapeString(secrets[0][1])
	code, err := openrosa.Settings{Server: server, Name: "Aman", Color: projectColor(1)}.Code()
	if err != nil {
		t.Fatal(err)
	}
	if want, err := drawQR(code); err != nil || !strings.Contains(string(want), picture[1]) {
		t.Errorf("the code is not that of the address beside it: %v", err)
	}
	get := func(address string) (*http.Response, string) {
		r, err := http.Get(address)
		return r, body(t, r, err)
	}
	if r, list := get(server + "/formList"); r.StatusCode != 200 || !strings.Contains(list, "<formID>") || r.Header.Get("X-OpenRosa-Version") != "1.0" {
		t.Errorf("the form list of the new phone: %d %s", r.StatusCode, list)
	}
	// Posted as a phone does, without Origin or Sec-Fetch-Site.
	send := "--b\r\nContent-Disposition: form-data; name=\"xml_submission_file\"; filename=\"s.xml\"\r\n\r\n<data id=\"htcds_xlsform\"><meta><instanceID>uuid:phone</instanceID></meta></data>\r\n--b--\r\n"
	r, err = http.Post(server+"/submission", "multipart/form-data; boundary=b", strings.NewReader(send))
	if answer := body(t, r, err); r.StatusCode != 201 {
		t.Errorf("a submission of the new phone: %d %s", r.StatusCode, answer)
	}
	// By name: the catch-all of pages leads there, and pages of that name come first.
	for path, want := range map[string]string{"/enumerator/formList": "401 text/xml; charset=utf-8", "/formList": "401 text/xml; charset=utf-8", "/nowhere/else": "404 text/html; charset=utf-8", "/cases/formList": "200 text/html; charset=utf-8"} {
		if r, _ := get(h.URL + path); fmt.Sprint(r.StatusCode, " ", r.Header.Get("Content-Type")) != want {
			t.Errorf("%s: %d %s, want %s", path, r.StatusCode, r.Header.Get("Content-Type"), want)
		}
	}
	basic := func(forwarded string) int {
		req, err := http.NewRequest("GET", h.URL+"/enumerator/formList", nil)
		if err != nil {
			t.Fatal(err)
		}
		req.SetBasicAuth("enumerator", html.UnescapeString(secrets[1][1]))
		req.Header.Set("X-Forwarded-Proto", forwarded)
		r, err := http.DefaultClient.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		io.Copy(io.Discard, r.Body)
		r.Body.Close()
		return r.StatusCode
	}
	if got := basic("https"); got != 401 {
		t.Errorf("a header that no proxy of ours wrote opens the door: %d", got)
	}
	srv.Proxy = true
	if got := basic("https"); got != 200 {
		t.Errorf("behind our proxy, over https: %d", got)
	}
	if got := basic("http"); got != 401 {
		t.Errorf("behind our proxy, over http: %d", got)
	}
	// The address is shown once; the list of phones has none.
	r, err = c.Get(h.URL + "/admin")
	if admin := body(t, r, err); strings.Contains(admin, strings.Split(server, "/")[5]) || !strings.Contains(admin, "Phone &lt;7&gt;") {
		t.Error("the list of phones has a token, or lacks the phone")
	}
	// A phone that was ended and tries again is named, and in the audit log.
	id := regexp.MustCompile(`/admin/devices/([^/]+)/revoke`).FindStringSubmatch(pageAt(t, c, h.URL+"/admin"))[1]
	r, err = c.PostForm(h.URL+"/admin/devices/"+id+"/revoke", nil)
	if admin := body(t, r, err); strings.Contains(admin, "after it was ended") {
		t.Error("it is said to have tried")
	}
	w.Clock.Add(2 * time.Hour)
	if r, _ := get(server + "/formList"); r.StatusCode != 403 {
		t.Errorf("an ended phone: %d", r.StatusCode)
	}
	signIn(t, c, h.URL, "admin") // the session has ended meanwhile
	if admin := pageAt(t, c, h.URL+"/admin"); !strings.Contains(admin, "after it was ended") {
		t.Error("nobody is told that an ended phone still tries")
	}
	for name, form := range map[string]url.Values{"no label": {"who": {w.Enumerator.User + "/" + w.Office}}, "nobody": {"label": {"x"}, "who": {""}}, "another office": {"label": {"x"}, "who": {w.Enumerator.User + "/" + w.Shelter.Offices[0]}}} {
		r, err := c.PostForm(h.URL+"/admin/devices", form)
		if body(t, r, err); r.StatusCode != http.StatusUnprocessableEntity {
			t.Errorf("%s: %d", name, r.StatusCode)
		}
	}
	r, err = c.PostForm(h.URL+"/admin/devices", url.Values{"label": {"x"}, "who": {w.Enumerator.User + "/" + w.Office}, "project": {"99"}})
	if body(t, r, err); r.StatusCode != http.StatusNotFound {
		t.Errorf("a project that is not here: %d", r.StatusCode)
	}
}

func pageAt(t *testing.T, c *http.Client, address string) string {
	t.Helper()
	r, err := c.Get(address)
	return body(t, r, err)
}
