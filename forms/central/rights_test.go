package central

import (
	"bytes"
	"net/http"
	"slices"
	"strings"
	"testing"

	"aman/platform/access"
	"aman/platform/store"
)

// Everything that can be asked, asked by those whom it is none of their business: nobody gets
// it, nothing changes, and no answer holds a name.
func TestNobodyElse(t *testing.T) {
	s := one(t)
	s.publishTrip()
	s.send(tripOf("uuid:1", "1", "Invented Name", "31", someWay+"<photo>a.jpg</photo>"))
	s.ok("POST", "{p}/forms/trip/submissions/uuid:1/attachments/a.jpg", "Invented Name", "Content-Type", "image/jpeg")
	s.ok("POST", "{p}/forms/trip/submissions/uuid:1/comments", `{"body": "Invented Name was here"}`)
	s.ok("POST", "{p}/forms/trip/draft", nil)
	s.ok("POST", "{p}/datasets", `{"name": "families"}`)
	s.ok("POST", "{p}/datasets/families/properties", `{"name": "head"}`)
	s.ok("POST", "{p}/datasets/families/entities", `{"uuid": "`+anID+`", "label": "Invented Name", "data": {"head": "Invented Name"}}`)
	phone := itoa(int64(s.ok("POST", "{p}/app-users", `{"displayName": "Tablet"}`).obj()["id"].(float64)))
	state := func() (n [8]int) {
		t.Helper()
		if err := s.Node.Store.Read(bg, func(tx *store.Tx) error {
			for i, q := range []string{
				"SELECT count(*) FROM forms WHERE deleted_at = 0", "SELECT count(*) FROM form_drafts", "SELECT count(*) FROM published_forms", "SELECT count(*) FROM submissions WHERE deleted_at = 0",
				"SELECT count(*) FROM submission_comments", "SELECT count(*) FROM device_tokens WHERE revoked_at = 0", "SELECT count(*) FROM projects WHERE deleted_at = 0", "SELECT count(*) FROM entity_properties",
			} {
				if err := tx.Row(q).Scan(&n[i]); err != nil {
					return err
				}
			}
			return nil
		}); err != nil {
			t.Fatal(err)
		}
		return n
	}
	fill := strings.NewReplacer("{project}", itoa(s.project), "{form}", "trip", "{version}", "1", "{instance}", "uuid:1", "{edit}", "uuid:1", "{name}", "a.jpg", "{dataset}", "families",
		"{entity}", anID, "{table...}", "Submissions", "{what...}", "x", "{what}", "x", "{user}", "1", "{role}", "2", "{actor}", phone, "{token}", "x")
	before := state()
	defer func() {
		// Who keeps the forms, with a password that was not made to show names.
		plain := s.as(s.FieldManager, "field", false)
		for _, r := range s.h.table() {
			if r.method != http.MethodGet || strings.Contains(r.pattern, "{dataset}") {
				continue // of entities the class of each property decides: TestNamesOfEntitiesAreKeptBack
			}
			path := fill.Replace(r.pattern)
			a := plain.do(http.MethodGet, path, nil)
			if bytes.Contains(unzipped(t, a.body), []byte("Invented Name")) {
				t.Errorf("%s shows a name: %.200s", path, a.body)
			}
			if a.status >= 500 && a.status != http.StatusNotImplemented {
				t.Errorf("%s: %d", path, a.status)
			}
		}
	}()
	for _, who := range []struct {
		login string
		sub   access.Subject
		// may are beginnings of addresses that are open to her: what is everybody's, the form that
		// she fills, the lists that she carries.
		may []string
	}{
		{"shelter", s.Shelter, []string{"sessions", "sessions/", "roles", "roles/", "users/", "projects"}},
		{"third", s.Third, []string{"sessions", "sessions/", "roles", "roles/", "users/", "projects"}},
		{"enumerator", s.Enumerator, []string{"sessions", "sessions/", "roles", "roles/", "users/", "projects", fill.Replace("projects/{project}/"), fill.Replace("projects/{project}")}},
		{"approver", s.Approver, []string{"sessions", "sessions/", "roles", "roles/", "users/", "projects", fill.Replace("projects/{project}/"), fill.Replace("projects/{project}")}},
	} {
		other := s.as(who.sub, who.login, true)
		for _, r := range s.h.table() {
			path := fill.Replace(r.pattern)
			a := other.do(r.method, path, map[bool]any{true: nil, false: `{}`}[r.method == http.MethodGet])
			open := r.method == http.MethodGet && slices.ContainsFunc(who.may, func(p string) bool { return path == p || strings.HasSuffix(p, "/") && strings.HasPrefix(path, p) })
			if a.status < 400 && !open {
				t.Errorf("%s %s as %s: %d %.200s", r.method, path, who.login, a.status, a.body)
			}
			if a.status >= 500 && a.status != http.StatusNotImplemented {
				t.Errorf("%s %s as %s: %d", r.method, path, who.login, a.status)
			}
			// The enumerator carries the list: a label is what she chooses from.
			if bytes.Contains(a.body, []byte("Invented Name")) && !(who.login == "enumerator" && strings.Contains(path, "datasets/families/entities")) {
				t.Errorf("%s %s shows %s a name: %.200s", r.method, path, who.login, a.body)
			}
		}
	}
	if after := state(); after != before {
		t.Errorf("something changed: %v, was %v", after, before)
	}
}
