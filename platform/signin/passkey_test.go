package signin

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"encoding/json"
	"testing"

	"github.com/go-webauthn/webauthn/protocol/webauthncbor"

	"aman/platform/store"
)

// authenticator is a passkey in software: one P-256 key for one relying party.
type authenticator struct {
	t       *testing.T
	key     *ecdsa.PrivateKey
	id      []byte
	user    []byte
	counter uint32
	origin  string
	rp      string
	flags   byte
}

const (
	present, verified, attested = 0x01, 0x04, 0x40
)

func newAuthenticator(t *testing.T) *authenticator {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return &authenticator{t: t, key: key, id: random(32), origin: "https://aman.test", rp: "aman.test", flags: present | verified}
}

func b64(b []byte) string { return base64.RawURLEncoding.EncodeToString(b) }

func (a *authenticator) data(flags byte) []byte {
	rp := sha256.Sum256([]byte(a.rp))
	out := append(rp[:], flags)
	return binary.BigEndian.AppendUint32(out, a.counter)
}

func (a *authenticator) client(kind, challenge string) []byte {
	b, _ := json.Marshal(map[string]any{"type": kind, "challenge": challenge, "origin": a.origin, "crossOrigin": false})
	return b
}

// create answers navigator.credentials.create.
func (a *authenticator) create(options []byte) []byte {
	var o struct {
		PublicKey struct {
			Challenge string
			User      struct{ ID string }
		}
	}
	if err := json.Unmarshal(options, &o); err != nil {
		a.t.Fatal(err)
	}
	a.user, _ = base64.RawURLEncoding.DecodeString(o.PublicKey.User.ID)
	point, err := a.key.PublicKey.Bytes()
	if err != nil {
		a.t.Fatal(err)
	}
	cose, err := webauthncbor.Marshal(map[int]any{1: 2, 3: -7, -1: 1, -2: point[1:33], -3: point[33:]})
	if err != nil {
		a.t.Fatal(err)
	}
	data := append(a.data(a.flags|attested), make([]byte, 16)...)
	data = binary.BigEndian.AppendUint16(data, uint16(len(a.id)))
	data = append(append(data, a.id...), cose...)
	object, err := webauthncbor.Marshal(map[string]any{"fmt": "none", "attStmt": map[string]any{}, "authData": data})
	if err != nil {
		a.t.Fatal(err)
	}
	return a.answer(map[string]any{"clientDataJSON": b64(a.client("webauthn.create", o.PublicKey.Challenge)), "attestationObject": b64(object)})
}

// get answers navigator.credentials.get.
func (a *authenticator) get(options []byte) []byte {
	var o struct{ PublicKey struct{ Challenge string } }
	if err := json.Unmarshal(options, &o); err != nil {
		a.t.Fatal(err)
	}
	a.counter++
	data, client := a.data(a.flags), a.client("webauthn.get", o.PublicKey.Challenge)
	hash := sha256.Sum256(client)
	sum := sha256.Sum256(append(append([]byte{}, data...), hash[:]...))
	sig, err := ecdsa.SignASN1(rand.Reader, a.key, sum[:])
	if err != nil {
		a.t.Fatal(err)
	}
	return a.answer(map[string]any{"clientDataJSON": b64(client), "authenticatorData": b64(data), "signature": b64(sig), "userHandle": b64(a.user)})
}

func (a *authenticator) answer(response map[string]any) []byte {
	b, err := json.Marshal(map[string]any{"id": b64(a.id), "rawId": b64(a.id), "type": "public-key", "response": response, "clientExtensionResults": map[string]any{}})
	if err != nil {
		a.t.Fatal(err)
	}
	return b
}

// register gives the user a passkey.
func (b *bench) register(a *authenticator) Passkey {
	b.t.Helper()
	ticket, options, err := b.EnrolPasskey(ctx, b.user)
	b.want(err, nil)
	p, err := b.ConfirmPasskey(ctx, b.user, ticket, "My telephone", a.create(options))
	b.want(err, nil)
	return p
}

// pass signs in with a passkey.
func (b *bench) pass(a *authenticator) (Session, error) {
	b.t.Helper()
	ticket, options, err := b.BeginPasskey(ctx, home)
	b.want(err, nil)
	return b.SignInPasskey(ctx, ticket, a.get(options), home)
}

func TestPasskey(t *testing.T) {
	each(t, func(b *bench) {
		a := newAuthenticator(t)
		p := b.register(a)
		for range 2 {
			s, err := b.pass(a)
			b.want(err, nil)
			if s.User != b.user || s.Method != "passkey" {
				t.Errorf("session %+v", s)
			}
			_, err = b.Session(ctx, s.Token)
			b.want(err, nil)
		}
		b.read(func(tx *store.Tx) error {
			list, err := Passkeys(tx, b.user)
			if err != nil || len(list) != 1 || list[0].ID != p.ID || list[0].Name != "My telephone" || !list[0].Used.Equal(b.at) {
				t.Errorf("%+v %v", list, err)
			}
			return nil
		})
		b.write(func(tx *store.Tx) error { return b.RemovePasskey(tx, b.user, p.ID) })
		_, err := b.pass(a)
		b.want(err, ErrRefused)
	})
}

// TestPasskeyIsNotSlowedDown: strangers who guess at the password do not keep her out.
func TestPasskeyIsNotSlowedDown(t *testing.T) {
	b := newBenchSQLite(t)
	a := newAuthenticator(t)
	b.register(a)
	_, err := b.guess(login, elsewhere)
	b.slow(err)
	_, err = b.pass(a)
	b.want(err, nil)
}

func TestPasskeysThatDoNotFit(t *testing.T) {
	b := newBenchSQLite(t)
	good := newAuthenticator(t)
	b.register(good)
	for name, spoil := range map[string]func(*authenticator){
		"another key":         func(a *authenticator) { a.key = newAuthenticator(t).key },
		"another site":        func(a *authenticator) { a.origin = "https://aman.test.example" },
		"another relying":     func(a *authenticator) { a.rp = "example" },
		"nobody verified":     func(a *authenticator) { a.flags = present },
		"nobody present":      func(a *authenticator) { a.flags = verified },
		"an unknown passkey":  func(a *authenticator) { a.id = random(32) },
		"an unknown user":     func(a *authenticator) { a.user = []byte("zulaikha") },
		"a copy, used before": func(a *authenticator) { a.counter = 0 },
	} {
		_, err := b.pass(good)
		b.want(err, nil)
		bad := *good
		spoil(&bad)
		if _, err := b.pass(&bad); err != ErrRefused {
			t.Errorf("%s: %v", name, err)
		}
		good.counter = max(good.counter, bad.counter)
	}
	// A ceremony is for once, for five minutes, and for whoever began it.
	ticket, options, err := b.BeginPasskey(ctx, home)
	b.want(err, nil)
	answer := good.get(options)
	_, err = b.SignInPasskey(ctx, ticket, answer, home)
	b.want(err, nil)
	_, err = b.SignInPasskey(ctx, ticket, answer, home)
	b.want(err, ErrTicket)
	ticket, options, err = b.BeginPasskey(ctx, home)
	b.want(err, nil)
	b.at = b.at.Add(ceremonyFor)
	_, err = b.SignInPasskey(ctx, ticket, good.get(options), home)
	b.want(err, ErrTicket)
	ticket, options, err = b.EnrolPasskey(ctx, b.user)
	b.want(err, nil)
	_, err = b.ConfirmPasskey(ctx, b.user, ticket, "again", good.create(options))
	b.want(err, ErrRefused) // registered already
	for _, junk := range []string{"", "{}", "null", `{"id":1}`} {
		ticket, _, err := b.BeginPasskey(ctx, home)
		b.want(err, nil)
		if _, err := b.SignInPasskey(ctx, ticket, []byte(junk), home); err != ErrRefused {
			t.Errorf("%q: %v", junk, err)
		}
	}
}

func TestNoPasskeysForANumber(t *testing.T) {
	b := newBenchSQLite(t)
	for origin, want := range map[string]error{"http://127.0.0.1:8080": ErrNoPasskeys, "": ErrNoPasskeys, "http://localhost:8080": nil} {
		s, err := New(b.db, Config{Key: b.c.Key, Origin: origin})
		b.want(err, nil)
		_, _, err = s.BeginPasskey(ctx, home)
		b.want(err, want)
	}
	if _, err := New(b.db, Config{Key: b.c.Key, Origin: "aman.test"}); err == nil {
		t.Error("an origin without scheme is taken")
	}
	if _, err := New(b.db, Config{Key: []byte("short")}); err == nil {
		t.Error("a short key is taken")
	}
}
