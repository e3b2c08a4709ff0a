package main

import (
	"context"
	"time"

	"aman/node"
	"aman/platform/store"
)

// look notes what the clients will ask for, and lets the caseworker sign in whom it chose:
// one of the large office with the most active cases.
func look(ctx context.Context, n *node.Node, t *targets) error {
	hash, err := n.SignIn.HashPassword(ctx, password)
	if err != nil {
		return err
	}
	return n.Store.Write(ctx, func(tx *store.Tx) error {
		var worker, shelter string
		var err error
		one := func(into any, query string, args ...any) {
			if err == nil {
				err = tx.Row(query, args...).Scan(into)
			}
		}
		list := func(into *[]string, query string, args ...any) {
			if err == nil {
				*into, err = tx.Strings(query, args...)
			}
		}
		now := time.Now().UTC()
		one(&t.Office, "SELECT id FROM offices WHERE code = 'office-0'")
		one(&shelter, "SELECT id FROM orgs WHERE code = 'org-1'")
		one(&worker, "SELECT owner FROM r_cases WHERE office = ? AND state = 'Active' GROUP BY owner ORDER BY count(*) DESC, owner LIMIT 1", t.Office)
		one(&t.Worker, "SELECT login FROM users WHERE id = ?", worker)
		list(&t.Cases, "SELECT id FROM r_cases WHERE owner = ? AND state = 'Active' ORDER BY id LIMIT 25", worker)
		list(&t.Codes, "SELECT code FROM r_cases WHERE office = ? ORDER BY code LIMIT 50", t.Office)
		list(&t.Shared, "SELECT DISTINCT case_id FROM shares WHERE org = ? AND until > ? ORDER BY case_id LIMIT 25", shelter, store.Micros(now))
		one(&t.People, "SELECT count(*) FROM r_people")
		one(&t.WorkerCases, "SELECT count(*) FROM r_cases WHERE owner = ?", worker)
		one(&t.OfficeCases, "SELECT count(*) FROM r_cases WHERE office = ?", t.Office)
		one(&t.OfficeActive, "SELECT count(*) FROM r_cases WHERE office = ? AND state = 'Active'", t.Office)
		one(&t.ShelterOpen, "SELECT count(*) FROM r_referrals WHERE party = ? AND state = 'sent'", shelter)
		one(&t.OverdueOffice, "SELECT count(*) FROM r_tasks WHERE office = ? AND state = 'open' AND due_on < ?", t.Office, now.Format(time.DateOnly))
		t.Names = nil
		for k := range 20 {
			t.Names = append(t.Names, named(k*7))
		}
		if err != nil {
			return err
		}
		return n.SignIn.SetPassword(tx, worker, hash, false)
	})
}
