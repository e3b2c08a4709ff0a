package web

import (
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"
)

func TestAPasswordForAScript(t *testing.T) {
	w, _, h := newSite(t, false)
	c := client(t)
	signIn(t, c, h.URL, "caseworker")
	send := func(given, label, months, names string) (int, string) {
		t.Helper()
		r, err := c.PostForm(h.URL+"/account/scripts", url.Values{"password": {given}, "label": {label}, "months": {months}, "names": {names}})
		return r.StatusCode, body(t, r, err)
	}
	for _, x := range []struct{ what, password, label, months string }{
		{"another password", "another-harbour-kettle-42", "weekly table", "3"}, {"no label", password, " ", "3"}, {"no time", password, "weekly table", ""}, {"ten years", password, "weekly table", "120"},
	} {
		if status, page := send(x.password, x.label, x.months, ""); status != http.StatusUnprocessableEntity || strings.Contains(page, "aman_") || !strings.Contains(page, `class="error"`) {
			t.Errorf("%s: %d", x.what, status)
		}
	}
	if n := number(t, w, "SELECT count(*) FROM program_passwords"); n != 0 {
		t.Errorf("%d passwords were made", n)
	}
	status, page := send(password, "weekly table", "3", "")
	secret := regexp.MustCompile(`aman_[\w-]{43}`).FindString(page)
	if status != http.StatusOK || secret == "" {
		t.Fatalf("%d without a password to copy", status)
	}
	ask := func() int {
		req, err := http.NewRequest("GET", h.URL+"/v1/users/current", nil)
		if err != nil {
			t.Fatal(err)
		}
		req.SetBasicAuth("caseworker", secret)
		r, err := http.DefaultClient.Do(req)
		body(t, r, err)
		return r.StatusCode
	}
	if n := ask(); n != http.StatusOK {
		t.Errorf("the script was answered %d", n)
	}
	r, err := c.Get(h.URL + "/account/scripts")
	page = body(t, r, err)
	if strings.Contains(page, secret) || !strings.Contains(page, "weekly table") {
		t.Error("it is shown again, or not listed")
	}
	// The page of somebody else ends nothing of hers.
	id := regexp.MustCompile(`/account/scripts/([^/]+)/remove`).FindStringSubmatch(page)[1]
	other := client(t)
	signIn(t, other, h.URL, "third")
	r, err = other.PostForm(h.URL+"/account/scripts/"+id+"/remove", nil)
	body(t, r, err)
	if n := ask(); n != http.StatusOK {
		t.Errorf("somebody else ended it: %d", n)
	}
	r, err = c.PostForm(h.URL+"/account/scripts/"+id+"/remove", nil)
	body(t, r, err)
	if n := ask(); n != http.StatusUnauthorized {
		t.Errorf("it goes on: %d", n)
	}
	if n := number(t, w, "SELECT count(*) FROM audit WHERE action = 'door.program'"); n != 2 {
		t.Errorf("%d entries in the audit log, want 2", n)
	}
}
