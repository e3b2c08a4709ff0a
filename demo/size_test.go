package demo

import (
	"os"
	"path/filepath"
	"testing"

	"aman/platform/store"
)

func TestSize(t *testing.T) {
	if os.Getenv("SIZE") == "" {
		t.Skip()
	}
	n, _ := filled(t, "", Options{People: 300, Days: 30, Seed: 1})
	fs, _ := filepath.Glob(n.Config.Data + "/*")
	for _, f := range fs {
		s, _ := os.Stat(f)
		t.Log(f, s.Size())
	}
	_ = n.Store.Read(ctx, func(tx *store.Tx) error {
		tabs, _ := tx.Strings("SELECT name FROM sqlite_schema WHERE type='table'")
		for _, tab := range tabs {
			var c int
			_ = tx.Row("SELECT count(*) FROM " + tab).Scan(&c)
			if c > 0 {
				t.Log(tab, c)
			}
		}
		var a, b, c any
		_ = tx.Row("SELECT avg(length(proposed)), sum(length(proposed)), count(*) FROM r_decisions").Scan(&a, &b, &c)
		t.Log("proposed", a, b, c)
		_ = tx.Row("SELECT avg(length(changes)), sum(length(changes)), sum(length(sealed)) FROM history").Scan(&a, &b, &c)
		t.Log("history", a, b, c)
		for _, q := range []string{"SELECT register||' '||state||' '||count(*) FROM (SELECT 'cases' register, state FROM r_cases UNION ALL SELECT 'referrals', state FROM r_referrals UNION ALL SELECT 'consents', state FROM r_consents UNION ALL SELECT 'decisions', state||' '||outcome||' '||standard FROM r_decisions UNION ALL SELECT 'tasks', state FROM r_tasks UNION ALL SELECT 'services', state FROM r_services) GROUP BY register, state"} {
			x, err := tx.Strings(q)
			t.Log(x, err)
		}
		return nil
	})
}
