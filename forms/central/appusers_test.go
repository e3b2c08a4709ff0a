package central

import (
	"fmt"
	"sync"
	"testing"

	"aman/platform/store"
)

func TestAppUsers(t *testing.T) {
	each(t, func(s *script) {
		s.publishTrip()
		u := s.ok("POST", "{p}/app-users", `{"displayName": "Tablet seven"}`).obj()
		token := u["token"].(string)
		same(t, "made", []any{u["displayName"], u["projectId"], u["type"], u["deletedAt"], len(token)}, []any{"Tablet seven", 2, "field_key", nil, 64})
		s.no("400.2", "POST", "{p}/app-users", `{}`)
		s.no("400.8", "POST", "{p}/app-users", `{"displayName": "x", "office": "nowhere"}`)
		list := s.ok("GET", "{p}/app-users", nil).list()
		same(t, "the list", []any{len(list), get(list, 0, "id"), get(list, 0, "token")}, []any{1, u["id"], tokenHidden})

		// The phone can fill in, and nobody can sign in as it.
		sub, err := s.Node.SignIn.Device(bg, token)
		if err != nil {
			t.Fatal(err)
		}
		sub.At = s.Clock.Now()
		if _, err := s.Node.Forms.Receive(bg, sub, []byte(tripOf("uuid:phone", "1", "Invented Name", "31", "")), nil); err != nil {
			t.Fatal(err)
		}
		same(t, "who sent it", get(s.ok("GET", "{p}/forms/trip/submissions", nil, "X-Extended-Metadata", "true").list(), 0, "submitter", "displayName"), "Tablet seven")
		var password string
		if err := s.Node.Store.Read(bg, func(tx *store.Tx) error {
			return tx.Row("SELECT password FROM users WHERE id = ?", sub.User).Scan(&password)
		}); err != nil || password != "" {
			t.Errorf("the account behind it has a password: %v", err)
		}

		id := itoa(int64(u["id"].(float64)))
		const form = "{p}/forms/trip"
		s.ok("POST", form+"/assignments/2/"+id, nil)
		same(t, "assigned", get(s.ok("GET", form+"/assignments", nil).list(), 0, "actorId"), u["id"])
		same(t, "by role", get(s.ok("GET", form+"/assignments/app-user", nil).list(), 0, "id"), u["id"])
		s.no("409.21", "DELETE", form+"/assignments/2/"+id, nil)
		s.no("501.1", "POST", form+"/assignments/5/"+id, nil)
		s.no("404.1", "POST", form+"/assignments/2/99999", nil)

		s.ok("DELETE", "{p}/app-users/"+id, nil)
		s.no("404.1", "DELETE", "{p}/app-users/"+id, nil)
		if _, err := s.Node.SignIn.Device(bg, token); err == nil {
			t.Error("the phone goes on")
		}
		list = s.ok("GET", "{p}/app-users", nil).list()
		same(t, "ended", []any{get(list, 0, "token"), get(list, 0, "deletedAt") != nil}, []any{nil, true})

		s.as(s.Caseworker, "caseworker", false).no("403.1", "POST", "projects/1/app-users", `{"displayName": "Mine"}`)
		s.as(s.Caseworker, "caseworker", false).no("403.1", "GET", "projects/1/app-users", nil)
	})
}

// Numbers are given once, however many scripts ask at the same time.
func TestNumbersAreGivenOnce(t *testing.T) {
	each(t, func(s *script) {
		s.publishTrip()
		var wait sync.WaitGroup
		numbers := make(chan float64, 12)
		for n := range 12 {
			wait.Go(func() {
				one := *s // each script has its own
				u := one.do("POST", "{p}/app-users", fmt.Sprintf(`{"displayName": "Tablet %d"}`, n))
				if u.status != 200 {
					t.Errorf("%d %s", u.status, u.body)
					return
				}
				numbers <- u.obj()["id"].(float64)
				one.do("GET", "{p}/forms/trip.svc/Submissions?$count=true", nil)
				one.do("GET", "{p}/app-users", nil)
			})
		}
		wait.Wait()
		close(numbers)
		seen := map[float64]bool{}
		for n := range numbers {
			if seen[n] {
				t.Errorf("the number %v is given twice", n)
			}
			seen[n] = true
		}
		if len(seen) != 12 {
			t.Errorf("%d numbers", len(seen))
		}
	})
}
