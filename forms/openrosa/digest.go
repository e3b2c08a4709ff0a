package openrosa

import (
	"crypto/md5" // #nosec: RFC 2617 has nothing else; the password it covers is of 100 random bits
	"crypto/rand"
	"crypto/subtle"
	"encoding/base64"
	"encoding/binary"
	"encoding/hex"
	"net/url"
	"strconv"
	"strings"
	"sync"
	"time"
)

// HTTP Digest, RFC 2617 with MD5 and qop=auth: what ODK Collect offers over http as well as
// https. A nonce is the time it was made and a keyed hash, so that any node of the same data
// knows it and none has to be remembered. Only the counts that were used with it are, for as
// long as it lives.
const (
	realm     = "Aman"
	nonceLife = 5 * time.Minute
	nonceMost = 20_000 // nonces in use at once whose counts are remembered, twice
	// countMost: a client that counted so far takes a new nonce.
	countMost = 1 << 20
)

// nonces makes and checks them.
type nonces struct {
	tag func(parts ...string) string
	now func() time.Time

	mu sync.Mutex
	// used are the counts seen with a nonce, in two generations of which the older is
	// forgotten; floor is the time before which nonces may have been forgotten.
	used, older map[string]*counts
	turned      time.Time
	floor       time.Time
}

// counts is a window over the counts of one nonce: phones send in parallel, so that they
// come out of order.
type counts struct {
	top  uint64
	seen uint64 // bit i: top-i was used
}

// use says whether a count was not used before.
func (c *counts) use(n uint64) bool {
	switch {
	case n > c.top:
		c.seen = c.seen<<(n-c.top) | 1 // shifted out altogether when it is far ahead
		c.top = n
		return true
	case c.top-n > 63 || c.seen&(1<<(c.top-n)) != 0:
		return false
	}
	c.seen |= 1 << (c.top - n)
	return true
}

func (n *nonces) make() string {
	b := make([]byte, 16)
	binary.BigEndian.PutUint64(b, uint64(n.now().UnixMicro()))
	rand.Read(b[8:])
	text := base64.RawURLEncoding.EncodeToString(b)
	return text + "." + n.tag("openrosa nonce", text)
}

// fresh says whether a nonce is one of ours and young enough, and when it was made.
func (n *nonces) fresh(nonce string) (time.Time, bool) {
	text, tag, _ := strings.Cut(nonce, ".")
	b, err := base64.RawURLEncoding.DecodeString(text)
	if err != nil || len(b) != 16 || subtle.ConstantTimeCompare([]byte(tag), []byte(n.tag("openrosa nonce", text))) != 1 {
		return time.Time{}, false
	}
	made := time.UnixMicro(int64(binary.BigEndian.Uint64(b)))
	age := n.now().Sub(made)
	return made, age >= -time.Minute && age <= nonceLife
}

// spend takes one count of a fresh nonce; false when it was used before or may have been.
// It is asked only after the answer to the challenge was right, so that strangers cannot
// fill the memory.
func (n *nonces) spend(nonce string, made time.Time, count uint64) bool {
	n.mu.Lock()
	defer n.mu.Unlock()
	now := n.now()
	if n.used == nil || len(n.used) >= nonceMost || now.Sub(n.turned) > nonceLife {
		// What is forgotten here was last used before the turn, and made before that.
		if n.used != nil {
			n.floor = n.turned
		}
		n.older, n.used, n.turned = n.used, map[string]*counts{}, now
	}
	if made.Before(n.floor) || count > countMost {
		return false
	}
	c := n.used[nonce]
	if c == nil {
		if c = n.older[nonce]; c == nil {
			c = &counts{}
		}
		n.used[nonce] = c
	}
	return c.use(count)
}

// digest is what stands in an Authorization header of that scheme.
type digest struct{ user, realm, nonce, uri, response, qop, nc, cnonce, algorithm string }

// parseDigest reads the header without its scheme; ok is false when it is malformed.
func parseDigest(header string) (d digest, ok bool) {
	into := map[string]*string{"username": &d.user, "realm": &d.realm, "nonce": &d.nonce, "uri": &d.uri, "response": &d.response, "qop": &d.qop, "nc": &d.nc, "cnonce": &d.cnonce, "algorithm": &d.algorithm}
	seen := map[string]bool{}
	for rest := strings.TrimSpace(header); rest != ""; {
		name, after, found := strings.Cut(rest, "=")
		if !found {
			return d, false
		}
		name, after = strings.ToLower(strings.TrimSpace(name)), strings.TrimSpace(after)
		var value string
		if strings.HasPrefix(after, `"`) {
			if value, after, found = quoted(after[1:]); !found {
				return d, false
			}
			_, after, _ = strings.Cut(after, ",")
		} else {
			value, after, _ = strings.Cut(after, ",")
			value = strings.TrimSpace(value)
		}
		if seen[name] {
			return d, false
		}
		seen[name] = true
		if p := into[name]; p != nil {
			*p = value
		}
		rest = strings.TrimSpace(after)
	}
	return d, d.user != "" && d.nonce != "" && d.uri != "" && len(d.response) == 32 && d.cnonce != ""
}

// quoted reads up to the closing quote.
func quoted(s string) (value, rest string, ok bool) {
	var out strings.Builder
	for i := 0; i < len(s); i++ {
		switch s[i] {
		case '"':
			return out.String(), s[i+1:], true
		case '\\':
			if i++; i >= len(s) {
				return "", "", false
			}
		}
		out.WriteByte(s[i])
	}
	return "", "", false
}

// fits says whether it is an answer to one of our challenges for this request, apart from
// the password. uri is the request's own.
func (d *digest) fits(uri string) (count uint64, ok bool) {
	count, err := strconv.ParseUint(d.nc, 16, 64)
	if err != nil || len(d.nc) != 8 || count == 0 || d.qop != "auth" || d.realm != realm || !(d.algorithm == "" || strings.EqualFold(d.algorithm, "MD5")) {
		return 0, false
	}
	asked := d.uri
	if u, err := url.Parse(asked); err == nil && u.IsAbs() {
		asked = u.RequestURI()
	}
	return count, asked == uri
}

// answers says whether it was made with this password. Only our own passwords come here.
func (d *digest) answers(method, password string) bool {
	ha1 := hash(d.user + ":" + d.realm + ":" + password)
	want := hash(strings.Join([]string{ha1, d.nonce, d.nc, d.cnonce, d.qop, hash(method + ":" + d.uri)}, ":"))
	return subtle.ConstantTimeCompare([]byte(want), []byte(strings.ToLower(d.response))) == 1
}

func hash(s string) string {
	sum := md5.Sum([]byte(s))
	return hex.EncodeToString(sum[:])
}
