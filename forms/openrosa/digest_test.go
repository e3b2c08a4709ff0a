package openrosa

import (
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"
)

// The example of RFC 2617, section 3.5.
func TestDigestOfTheRFC(t *testing.T) {
	d, ok := parseDigest(`username="Mufasa",
		realm="testrealm@host.com", nonce="dcd98b7102dd2f0e8b11d0f600bfb0c093", uri="/dir/index.html",
		qop=auth, nc=00000001, cnonce="0a4f113b", response="6629fae49393a05397450978507c4ef1", opaque="5ccc069c403ebaf9f0171e9517f40e41"`)
	if !ok || !d.answers("GET", "Circle Of Life") {
		t.Errorf("%v %+v", ok, d)
	}
	if d.answers("POST", "Circle Of Life") || d.answers("GET", "circle of life") {
		t.Error("another method or password answers too")
	}
}

func TestParseDigest(t *testing.T) {
	const rest = `, nonce="n", uri="/", response="00000000000000000000000000000000", cnonce="c"`
	for in, want := range map[string]string{
		`username="a \"b\" \\c"` + rest:          `a "b" \c`,
		`username=plain` + rest:                  "plain",
		`USERNAME = "ü"` + rest:                  "ü",
		`username="a,b=c"` + rest:                "a,b=c",
		`username="a"` + rest + `, username="b"`: "",
		`username="a` + rest:                     "",
		`username`:                               "",
		``:                                       "",
		`username="a", nonce="n"`:                "",
		`username="a"` + strings.Replace(rest, "0", "", 1): "",
	} {
		d, ok := parseDigest(in)
		if ok != (want != "") || ok && d.user != want {
			t.Errorf("%s: %q %v", in, d.user, ok)
		}
	}
}

func FuzzParseDigest(f *testing.F) {
	f.Add(`username="Mufasa", realm="r", nonce="n", uri="/", qop=auth, nc=00000001, cnonce="0a4f113b", response="6629fae49393a05397450978507c4ef1"`)
	f.Add(`username="\`)
	f.Fuzz(func(t *testing.T, header string) {
		if d, ok := parseDigest(header); ok {
			d.fits("/formList")
			if d.answers("GET", "a password of nobody") {
				t.Error("somebody guessed MD5")
			}
		}
	})
}

// A window over counts says the same as a set, as long as they are no more than 63 apart.
func TestCountsAreUsedOnce(t *testing.T) {
	rapid.Check(t, func(r *rapid.T) {
		var c counts
		seen := map[uint64]bool{}
		for range rapid.IntRange(1, 200).Draw(r, "n") {
			n := rapid.Uint64Range(1, 150).Draw(r, "count")
			far := c.top > n && c.top-n > 63
			if got, want := c.use(n), !seen[n] && !far; got != want {
				r.Fatalf("count %d after %v: %v", n, seen, got)
			}
			seen[n] = true
		}
	})
}

func TestNonces(t *testing.T) {
	at := time.Date(2026, 3, 31, 8, 0, 0, 0, time.UTC)
	n := nonces{tag: func(parts ...string) string { return hash(strings.Join(parts, "|")) }, now: func() time.Time { return at }}
	first := n.make()
	if first == n.make() {
		t.Fatal("two are the same")
	}
	made, ok := n.fresh(first)
	if !ok || !n.spend(first, made, 1) || n.spend(first, made, 1) {
		t.Error("a nonce and its first count")
	}
	// However many are in use, none can be used again, and the memory is bounded.
	for range 3 * nonceMost {
		x := n.make()
		if m, ok := n.fresh(x); !ok || !n.spend(x, m, 1) {
			t.Fatal("a new one is refused")
		}
		at = at.Add(time.Millisecond)
	}
	if len(n.used)+len(n.older) > 2*nonceMost {
		t.Errorf("%d are remembered", len(n.used)+len(n.older))
	}
	if n.spend(first, made, 1) {
		t.Error("one that was forgotten can be used again")
	}
	at = at.Add(nonceLife)
	if _, ok := n.fresh(first); ok {
		t.Error("an old one is fresh")
	}
	other := nonces{tag: func(parts ...string) string { return "another key" }, now: n.now}
	if _, ok := other.fresh(n.make()); ok {
		t.Error("another server's is fresh")
	}
}
