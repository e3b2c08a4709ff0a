package central

import (
	"encoding/base64"
	"net/http"
	"testing"
	"time"

	"aman/platform/access"
	"aman/platform/store"
)

func TestAScriptSignsIn(t *testing.T) {
	each(t, func(s *script) {
		me := s.ok("GET", "users/current", nil).obj()
		same(t, "login", me["email"], "field")
		if me["id"].(float64) < 1 || me["displayName"] == "" || me["verbs"] != nil {
			t.Errorf("%v", me)
		}
		if v := s.ok("GET", "users/current", nil, "X-Extended-Metadata", "true").obj()["verbs"]; len(v.([]any)) == 0 {
			t.Error("no verbs")
		}
		session := s.ok("GET", "sessions/restore", nil).obj()
		same(t, "who", session["actorId"], me["id"])
		s.ok("DELETE", "sessions/"+s.token, nil)
		s.no("401.2", "GET", "users/current", nil)
		s.no("403.1", "DELETE", "sessions/"+s.token, nil, "Authorization", "")
	})
}

func TestComingIn(t *testing.T) {
	s := one(t)
	basic := func(login, secret string) string {
		return "Basic " + base64.StdEncoding.EncodeToString([]byte(login+":"+secret))
	}
	s.ok("GET", "projects", nil, "Authorization", basic("field", s.secret))
	for _, x := range []struct{ what, code, header string }{
		{"nobody", "401.2", ""},
		{"another token", "401.2", "Bearer " + s.token + "x"},
		{"a cookie of a page", "401.2", "Bearer"},
		{"another login", "401.2", basic("admin", s.secret)},
		{"no program password", "401.2", basic("field", "seven lanterns over the river")},
		{"another kind", "401.2", "Digest x"},
		{"no base64", "401.2", "Basic ###"},
	} {
		t.Run(x.what, func(t *testing.T) {
			s.t = t
			s.no(x.code, "GET", "projects", nil, "Authorization", x.header)
			s.no(x.code, "GET", "nothing/of/that/name", nil, "Authorization", x.header)
		})
	}
	s.t = t
	s.h.Secure = nil
	s.no("401.3", "GET", "projects", nil, "Authorization", basic("field", s.secret))
	s.h.Secure = func(*http.Request) bool { return true }
	s.no("404.1", "GET", "nothing/of/that/name", nil)
	s.no("404.1", "DELETE", "projects", nil)
	a := s.no("401.2", "GET", "{p}/forms/trip.svc", nil, "Authorization", "")
	if a.header.Get("WWW-Authenticate") == "" {
		t.Error("Excel is not asked for a password")
	}
	s.no("400.3", "POST", "sessions", `{"email": "field"}`, "Authorization", "")
	s.no("400.1", "POST", "sessions", `{"email": `, "Authorization", "")
	s.no("401.2", "POST", "sessions", `{"email": "field", "password": "aman_no"}`, "Authorization", "")
	if err := s.Node.Store.Write(bg, func(tx *store.Tx) error { return access.DisableUser(tx, s.FieldManager.User, true) }); err != nil {
		t.Fatal(err)
	}
	s.no("401.2", "GET", "projects", nil)
}

func TestTooManyTries(t *testing.T) {
	s := one(t)
	for range 10 {
		s.no("401.2", "POST", "sessions", `{"email": "field", "password": "aman_no"}`, "Authorization", "")
	}
	a := s.no("429.1", "POST", "sessions", `{"email": "field", "password": "aman_no"}`, "Authorization", "")
	if a.header.Get("Retry-After") == "" {
		t.Error("it does not say when to come again")
	}
}

func TestUsersRolesAndTheLog(t *testing.T) {
	s := one(t)
	s.no("403.1", "GET", "users", nil)
	s.no("403.1", "GET", "audits", nil)
	admin := s.as(s.Admin, "admin", false)
	all := admin.ok("GET", "users", nil).list()
	if len(all) < 8 {
		t.Errorf("%d users", len(all))
	}
	some := admin.ok("GET", "users?q=ADMIN", nil).list()
	if len(some) != 1 || get(some, 0, "email") != "admin" || get(some, 0, "type") != "user" {
		t.Errorf("%v", some)
	}
	number := itoa(int64(get(some, 0, "id").(float64)))
	same(t, "one user", admin.ok("GET", "users/"+number, nil).obj()["email"], "admin")
	s.no("404.1", "GET", "users/"+number, nil)
	s.no("404.1", "GET", "users/999999", nil)
	s.no("404.1", "GET", "users/x", nil)
	roles := s.ok("GET", "roles", nil).list()
	same(t, "the role of app users", get(roles, 0, "id"), 2)
	same(t, "a role by name", s.ok("GET", "roles/field_manager", nil).obj()["name"], "Field manager")
	s.no("404.1", "GET", "roles/nobody", nil)

	if err := s.Node.Store.Write(bg, func(tx *store.Tx) error {
		return s.Node.Policy.SetRoles(tx, s.Admin, s.Approver.User, []string{"auditor"})
	}); err != nil {
		t.Fatal(err)
	}
	auditor := s.as(s.Approver, "approver", false)
	log := auditor.ok("GET", "audits?action=door.sign_in", nil).list()
	if len(log) < 3 || get(log, 0, "actorId") == nil || get(log, 0, "details", "session") == nil {
		t.Errorf("%v", log)
	}
	if n := len(auditor.ok("GET", "audits?limit=2&offset=1", nil).list()); n != 2 {
		t.Errorf("%d entries", n)
	}
	if n := len(auditor.ok("GET", "audits?start="+s.Clock.Now().Add(time.Hour).Format(time.RFC3339), nil).list()); n != 0 {
		t.Errorf("%d entries of the future", n)
	}
	auditor.no("400.8", "GET", "audits?start=soon", nil)
	auditor.no("400.8", "GET", "audits?limit=-1", nil)
}
