package signin

import (
	"fmt"
	"testing"
	"time"

	"aman/platform/store"
	"aman/platform/store/storetest"
)

func newBenchSQLite(t *testing.T) *bench { t.Helper(); return newBench(t, storetest.SQLite(t)) }

var attacker = From{Address: "198.51.100.9"}

// guess tries wrong passwords until slowed down, and says how many it could try.
func (b *bench) guess(login string, from func(i int) From) (tries int, err error) {
	for ; tries < 1000; tries++ {
		if _, err = b.SignIn(ctx, login, wrong, "", from(tries)); err != ErrRefused {
			return tries, err
		}
	}
	return tries, err
}

func always(f From) func(int) From { return func(int) From { return f } }

// elsewhere gives each try a network of its own.
func elsewhere(i int) From { return From{Address: fmt.Sprintf("203.%d.%d.1", i/250, i%250)} }

func TestGuessingOneAccountFromOneNetwork(t *testing.T) {
	b := newBenchSQLite(t)
	for _, name := range []string{login, "zulaikha"} { // the same for a login that does not exist
		n, err := b.guess(name, always(attacker))
		if wait := b.slow(err); n != 10 || wait > time.Minute {
			t.Errorf("%s: %d tries, then %v", name, n, wait)
		}
	}
	// The owner, elsewhere, is not slowed down, though her account is under attack.
	b.in(home)
	// Where the attacker sits, even the right password waits.
	_, err := b.SignIn(ctx, login, password, "", attacker)
	b.slow(err)
	b.at = b.at.Add(time.Minute)
	_, err = b.SignIn(ctx, login, password, "", attacker)
	b.want(err, nil)
}

func TestSprayingManyAccountsFromOneNetwork(t *testing.T) {
	b := newBenchSQLite(t)
	tries := 0
	var err error
	for ; tries < 1000; tries++ {
		if _, err = b.SignIn(ctx, fmt.Sprint("user", tries), wrong, "", attacker); err != ErrRefused {
			break
		}
	}
	b.slow(err)
	if tries != 100 {
		t.Errorf("%d tries", tries)
	}
}

func TestGuessingOneAccountFromEverywhere(t *testing.T) {
	each(t, func(b *bench) {
		laptop := b.in(home)
		n, err := b.guess(login, elsewhere)
		b.slow(err)
		if n != int(perLogin.size) {
			t.Errorf("%d tries", n)
		}
		// A browser she never used has to wait, the one she used has not.
		_, err = b.SignIn(ctx, login, password, "", home)
		b.slow(err)
		known := home
		known.Browser = laptop.Browser
		again := b.in(known)
		if again.Browser != laptop.Browser {
			t.Error("the browser has another cookie than before")
		}
		// The cookie is hers alone, and does not guess without end either.
		_, err = b.guess("peer", elsewhere)
		b.slow(err)
		_, err = b.SignIn(ctx, "peer", password, "", known)
		b.slow(err)
		n, err = b.guess(login, always(known))
		b.slow(err)
		if n != int(perBrowser.size) {
			t.Errorf("%d tries with the cookie", n)
		}
	})
}

func TestSuccessGivesBack(t *testing.T) {
	b := newBenchSQLite(t)
	for range 50 {
		b.in(home)
	}
	if n, _ := b.guess(login, always(home)); n != 10 {
		t.Errorf("%d tries after 50 right ones, want 10", n)
	}
}

func TestNetwork(t *testing.T) {
	for in, want := range map[string]string{
		"192.0.2.7": "192.0.2.0/24", "192.0.2.7:80": "192.0.2.0/24", "::ffff:192.0.2.9": "192.0.2.0/24",
		"2001:db8:1:2:3::4": "2001:db8:1::/48", "[2001:db8:1::4]:443": "2001:db8:1::/48", "fe80::1%eth0": "fe80::/48", "": "unknown", "@": "unknown",
	} {
		if got := network(in); got != want {
			t.Errorf("%s is of %s, want %s", in, got, want)
		}
	}
}

func FuzzNetwork(f *testing.F) {
	f.Add("192.0.2.7:80")
	f.Add("[fe80::1%25x]:1")
	f.Fuzz(func(t *testing.T, s string) {
		if n := network(s); n == "" || (n != "unknown" && network(n[:len(n)-3]) != n) {
			t.Errorf("%q is of %q", s, n)
		}
	})
}

func TestBucketsAndSessionsEnd(t *testing.T) {
	each(t, func(b *bench) {
		b.guess(login, always(attacker))
		b.in(home)
		b.at = b.at.Add(25 * time.Hour)
		b.want(b.Purge(ctx), nil)
		for table, want := range map[string]int{"throttles": 0, "sessions": 0, "ceremonies": 0, "known_browsers": 1} {
			var n int
			b.read(func(tx *store.Tx) error { return tx.Row("SELECT count(*) FROM " + table).Scan(&n) })
			if n != want {
				t.Errorf("%d rows of %s, want %d", n, table, want)
			}
		}
	})
}

// TestBucketNamesTellNothing: what the table of buckets holds can be matched with nobody.
func TestBucketNamesTellNothing(t *testing.T) {
	b := newBenchSQLite(t)
	b.guess(login, always(attacker))
	var keys []string
	b.read(func(tx *store.Tx) (err error) { keys, err = tx.Strings("SELECT key FROM throttles"); return err })
	if len(keys) != 3 {
		t.Errorf("%d buckets, want 3", len(keys))
	}
	for _, k := range keys {
		if len(k) != 32 || k == hashToken(login)[:32] {
			t.Errorf("bucket %s", k)
		}
	}
}
