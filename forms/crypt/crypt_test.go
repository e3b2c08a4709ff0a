package crypt

import (
	"bytes"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"

	"pgregory.net/rapid"
)

type vector struct {
	Case, Form, Instance, Private, Public, Envelope string
	Version                                         *string
	Secret                                          []byte
	Files                                           []struct {
		Name          string
		Plain, Sealed []byte
	}
}

func vectors(t testing.TB) (out []vector) {
	t.Helper()
	body, err := os.ReadFile("testdata/vectors.json")
	if err == nil {
		err = json.Unmarshal(body, &out)
	}
	if err != nil || len(out) == 0 {
		t.Fatal(len(out), err)
	}
	return out
}

func (v *vector) file(name string) ([]byte, error) {
	for _, f := range v.Files {
		if f.Name+".enc" == name {
			return f.Sealed, nil
		}
	}
	return nil, nil
}

var must = func(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// What another implementation encrypted (testdata/make.py) is opened; what we encrypt under
// the same key is the same, byte for byte.
func TestAgainstOpenSSL(t *testing.T) {
	for _, v := range vectors(t) {
		t.Run(v.Case, func(t *testing.T) {
			private, err := ParsePrivate([]byte(v.Private))
			must(t, err)
			o, err := Open(private, []byte(v.Envelope), v.file)
			must(t, err)
			last := len(v.Files) - 1
			if !bytes.Equal(o.XML, v.Files[last].Plain) || len(o.Media) != last || o.Signature != Valid || o.Missing != nil || o.Damaged != nil {
				t.Errorf("opened as %q, %d files, %s", o.XML, len(o.Media), o.Signature)
			}
			for i, m := range o.Media {
				if m.Name != v.Files[i].Name || !bytes.Equal(m.Body, v.Files[i].Plain) {
					t.Errorf("file %d is %s %x", i, m.Name, m.Body)
				}
			}
			public, err := ParsePublic(v.Public)
			must(t, err)
			if !public.Equal(&private.PublicKey) {
				t.Error("the public key is another")
			}
			var media []File
			for _, f := range v.Files[:last] {
				media = append(media, File{f.Name, f.Plain})
			}
			envelope, files, err := seal(rand.Reader, v.Secret, public, v.Form, v.Version, v.Instance, v.Files[last].Plain, media)
			must(t, err)
			for i, f := range files {
				if f.Name != v.Files[i].Name+".enc" || !bytes.Equal(f.Body, v.Files[i].Sealed) {
					t.Errorf("%s is sealed otherwise than by OpenSSL", f.Name)
				}
			}
			ours, err := ParseEnvelope(envelope)
			must(t, err)
			theirs, err := ParseEnvelope([]byte(v.Envelope))
			must(t, err)
			ours.Key, ours.Signature = theirs.Key, theirs.Signature // these are new each time
			if fmt.Sprint(*ours) != fmt.Sprint(*theirs) {
				t.Errorf("our envelope\n%+v\ntheirs\n%+v", ours, theirs)
			}
		})
	}
}

var testKey = sync.OnceValue(func() *rsa.PrivateKey {
	k, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		panic(err)
	}
	return k
})

func lookup(files []File) func(string) ([]byte, error) {
	return func(name string) ([]byte, error) {
		for _, f := range files {
			if f.Name == name {
				return f.Body, nil
			}
		}
		return nil, nil
	}
}

func TestWhatIsSealedOpens(t *testing.T) {
	rapid.Check(t, func(r *rapid.T) {
		answers := rapid.SliceOf(rapid.Byte()).Draw(r, "answers")
		var media []File
		for i := range rapid.IntRange(0, 40).Draw(r, "files") {
			media = append(media, File{fmt.Sprintf("ü%d.jpg", i), rapid.SliceOfN(rapid.Byte(), 0, 50).Draw(r, "file")})
		}
		version := rapid.Ptr(rapid.StringMatching(`[a-z0-9&<" ]*`), true).Draw(r, "version")
		envelope, files, err := Seal(&testKey().PublicKey, "form", version, "uuid:1", answers, media)
		if err != nil {
			r.Fatal(err)
		}
		for _, f := range files {
			if len(f.Body)%16 != 0 || len(f.Body) == 0 {
				r.Fatalf("%s has %d bytes", f.Name, len(f.Body))
			}
		}
		o, err := Open(testKey(), envelope, lookup(files))
		if err != nil || !bytes.Equal(o.XML, answers) || len(o.Media) != len(media) || o.Signature != Valid {
			r.Fatalf("%v %+v", err, o)
		}
		for i := range media {
			if !bytes.Equal(o.Media[i].Body, media[i].Body) || o.Media[i].Name != media[i].Name {
				r.Fatalf("file %d", i)
			}
		}
	})
}

// What is missing, damaged, exchanged or another's is told apart, and nothing is given that
// is not what was encrypted.
func TestFaults(t *testing.T) {
	version := "1"
	answers := []byte("<data><a>" + strings.Repeat("x", 100) + "</a></data>")
	media := []File{{"a.jpg", bytes.Repeat([]byte("a"), 40)}, {"b.jpg", bytes.Repeat([]byte("b"), 40)}}
	envelope, files, err := Seal(&testKey().PublicKey, "f", &version, "uuid:1", answers, media)
	must(t, err)
	with := func(change func([]File) []File) []File {
		var out []File
		for _, f := range files {
			out = append(out, File{f.Name, bytes.Clone(f.Body)})
		}
		return change(out)
	}
	other, err := rsa.GenerateKey(rand.Reader, 2048)
	must(t, err)
	for name, x := range map[string]struct {
		key       *rsa.PrivateKey
		envelope  []byte
		files     []File
		err       error
		signature Signature
		missing   []string
	}{
		"whole":              {testKey(), envelope, files, nil, Valid, nil},
		"another key":        {other, envelope, files, ErrKey, "", nil},
		"a file missing":     {testKey(), envelope, files[1:], nil, Unchecked, []string{"a.jpg"}},
		"no answers":         {testKey(), envelope, files[:2], ErrNoBody, "", nil},
		"a bit turned":       {testKey(), envelope, with(func(f []File) []File { f[0].Body[3] ^= 1; return f }), nil, Wrong, nil},
		"a file cut":         {testKey(), envelope, with(func(f []File) []File { f[0].Body = f[0].Body[:17]; return f }), nil, Wrong, nil},
		"files exchanged":    {testKey(), envelope, with(func(f []File) []File { f[0].Body, f[1].Body = f[1].Body, f[0].Body; return f }), nil, Wrong, nil},
		"empty answers":      {testKey(), envelope, with(func(f []File) []File { f[2].Body = []byte{}; return f }), ErrDamaged, "", nil},
		"no signature":       {testKey(), cut(envelope, "base64EncryptedElementSignature"), files, nil, Absent, nil},
		"another's answers":  {testKey(), bytes.Replace(envelope, []byte("uuid:1"), []byte("uuid:2"), 1), files, nil, Wrong, nil},
		"another version":    {testKey(), bytes.Replace(envelope, []byte(`version="1"`), []byte(`version="2"`), 1), files, nil, Wrong, nil},
		"no envelope":        {testKey(), answers, files, ErrNoEnvelope, "", nil},
		"a key of nonsense":  {testKey(), bytes.Replace(envelope, []byte("<base64EncryptedKey>"), []byte("<base64EncryptedKey>!"), 1), files, ErrNoEnvelope, "", nil},
		"a name with a path": {testKey(), bytes.Replace(envelope, []byte("a.jpg.enc"), []byte("../a.jpg.enc"), 1), files, ErrNoEnvelope, "", nil},
	} {
		o, err := Open(x.key, x.envelope, lookup(x.files))
		if !errors.Is(err, x.err) || (err == nil) != (x.err == nil) || o.Signature != x.signature || !slices.Equal(o.Missing, x.missing) {
			t.Errorf("%s: %v %s missing %v", name, err, o.Signature, o.Missing)
		}
		if err == nil && name != "another's answers" && !bytes.Equal(o.XML, answers) {
			t.Errorf("%s: answers %q", name, o.XML)
		}
	}
	if _, err := Open(testKey(), envelope, func(string) ([]byte, error) { return nil, io.ErrUnexpectedEOF }); !errors.Is(err, io.ErrUnexpectedEOF) {
		t.Errorf("a fault of the store: %v", err)
	}
}

func cut(body []byte, element string) []byte {
	from, to := bytes.Index(body, []byte("<"+element)), bytes.Index(body, []byte("</"+element+">"))
	return append(bytes.Clone(body[:from]), body[to+len(element)+3:]...)
}

func TestManagedKeys(t *testing.T) {
	const passphrase = "four wörter in a row"
	m, err := NewManaged(passphrase, "what we said in spring")
	must(t, err)
	stored, err := json.Marshal(m)
	must(t, err)
	if bytes.Contains(stored, []byte("wörter")) {
		t.Error("the passphrase is stored")
	}
	var back Managed
	must(t, json.Unmarshal(stored, &back))
	private, err := back.Unlock(passphrase)
	must(t, err)
	if public, err := Public(&private.PublicKey); err != nil || public != m.Public {
		t.Errorf("the pair does not fit: %v", err)
	}
	der, err := x509.MarshalPKCS8PrivateKey(private)
	must(t, err)
	if bytes.Contains(m.Private, der[100:200]) {
		t.Error("the private key is stored in clear")
	}
	for name, change := range map[string]func(*Managed){
		"another public key": func(m *Managed) { m.Public = vectors(t)[0].Public },
		"a bit turned":       func(m *Managed) { m.Private = bytes.Clone(m.Private); m.Private[40] ^= 1 },
		"other salt":         func(m *Managed) { m.Salt = make([]byte, 16) },
		"other rounds":       func(m *Managed) { m.Rounds = 128_000 },
		"nothing of the key": func(m *Managed) { m.Private = nil },
	} {
		x := m
		change(&x)
		if _, err := x.Unlock(passphrase); !errors.Is(err, ErrPassphrase) {
			t.Errorf("%s: %v", name, err)
		}
	}
	for _, p := range []string{"", "four worter in a row", passphrase + " "} {
		if _, err := m.Unlock(p); !errors.Is(err, ErrPassphrase) {
			t.Errorf("%q: %v", p, err)
		}
	}
	for name, change := range map[string]func(*Managed){"few rounds": func(m *Managed) { m.Rounds = 1 }, "endless rounds": func(m *Managed) { m.Rounds = 1 << 40 }, "no salt": func(m *Managed) { m.Salt = nil }} {
		x := m
		change(&x)
		if _, err := x.Unlock(passphrase); !errors.Is(err, ErrNoManaged) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := NewManaged("too short", ""); !errors.Is(err, ErrShort) {
		t.Errorf("a short passphrase: %v", err)
	}
}

func TestKeysThatAreRead(t *testing.T) {
	v := vectors(t)[0]
	private, err := ParsePrivate([]byte("-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n" + v.Private))
	must(t, err)
	must(t, private.Validate())
	framed := string(pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: func() []byte { b, _ := decode(v.Public); return b }()}))
	wrapped := v.Public[:60] + "\n " + v.Public[60:]
	for _, p := range []string{v.Public, framed, wrapped} {
		if _, err := ParsePublic(p); err != nil {
			t.Errorf("%.40q: %v", p, err)
		}
	}
	short, err := rsa.GenerateKey(rand.Reader, 1024)
	must(t, err)
	small, err := Public(&short.PublicKey)
	must(t, err)
	for _, p := range []string{"", "AAAA", v.Public[:100], small} {
		if _, err := ParsePublic(p); !errors.Is(err, ErrNoKey) {
			t.Errorf("%.40q is read as a key: %v", p, err)
		}
		if _, err := ParsePrivate([]byte(p)); !errors.Is(err, ErrNoKey) {
			t.Errorf("%.40q is read as a private key: %v", p, err)
		}
	}
}

func TestInject(t *testing.T) {
	key := vectors(t)[0].Public
	const head, tail = `<h:html xmlns="http://www.w3.org/2002/xforms" xmlns:h="http://www.w3.org/1999/xhtml"><h:head><h:title>T</h:title>`, `</h:head><h:body/></h:html>`
	for name, x := range map[string]struct{ in, suffix, want string }{
		"a plain form": {`<model><!-- é --><instance><data id="f" version="1"><a/></data></instance><instance id="x"><root version="9"/></instance></model>`, " e&",
			`<model><submission base64RsaPublicKey="KEY"/><!-- é --><instance><data id="f" version="1 e&amp;"><a/></data></instance><instance id="x"><root version="9"/></instance></model>`},
		"a submission is there": {`<model odk:v="1"><instance><data version = '2' id="f"/></instance><submission method="post" action="https://x"/></model>`, "+",
			`<model odk:v="1"><instance><data version = '2+' id="f"/></instance><submission base64RsaPublicKey="KEY" method="post" action="https://x"/></model>`},
		"a key is there": {`<model><submission base64RsaPublicKey="old" method="post"/><instance><data id="f"/></instance></model>`, "e",
			`<model><submission base64RsaPublicKey="KEY" method="post"/><instance><data version="e" id="f"/></instance></model>`},
		"a prefix, no suffix": {`<x:model xmlns:x="http://www.w3.org/2002/xforms"><x:instance><data id="f" version="1"/></x:instance></x:model>`, "",
			`<x:model xmlns:x="http://www.w3.org/2002/xforms"><x:submission base64RsaPublicKey="KEY"/><x:instance><data id="f" version="1"/></x:instance></x:model>`},
	} {
		got, err := Inject([]byte(head+x.in+tail), key, x.suffix)
		if want := head + strings.ReplaceAll(x.want, "KEY", key) + tail; err != nil || string(got) != want {
			t.Errorf("%s: %v\n%s\nwant\n%s", name, err, got, want)
		}
		if again, err := Inject(got, key, ""); err != nil || !bytes.Equal(again, got) {
			t.Errorf("%s: a second time is not the same: %v", name, err)
		}
	}
	for name, in := range map[string]string{"no model": head + tail, "no instance": head + "<model/>" + tail, "no XML": "{}", "empty": ""} {
		if _, err := Inject([]byte(in), key, "x"); err == nil {
			t.Errorf("%s: a key was injected", name)
		}
	}
	if _, err := Inject([]byte(head+tail), `"/><evil`, ""); !errors.Is(err, ErrNoKey) {
		t.Errorf("a key that is none: %v", err)
	}
}

func FuzzParseEnvelope(f *testing.F) {
	for _, v := range vectors(f) {
		f.Add([]byte(v.Envelope))
	}
	f.Add([]byte(`<!DOCTYPE d [<!ENTITY a "b">]><data encrypted="yes" id="&a;"/>`))
	f.Fuzz(func(t *testing.T, body []byte) {
		e, err := ParseEnvelope(body)
		if err != nil {
			return
		}
		for _, name := range e.Files() {
			if strings.ContainsAny(Plain(name), `/\`) {
				t.Errorf("%q leads elsewhere", name)
			}
		}
		if again, err := ParseEnvelope(e.XML()); err != nil || fmt.Sprint(*again) != fmt.Sprint(*e) {
			t.Errorf("%v: written and read again\n%+v\nwas\n%+v", err, again, e)
		}
		if _, err := Open(testKey(), body, func(string) ([]byte, error) { return body, nil }); err == nil {
			t.Error("opened")
		}
	})
}

func FuzzInject(f *testing.F) {
	f.Add([]byte(`<h:html xmlns:h="x"><h:head><model><instance><data id="f" version="1"/></instance></model></h:head></h:html>`), "v")
	f.Add([]byte(`<html><head><model a='>' ><submission/><instance><d version=""/></instance></model></head></html>`), "")
	key := vectors(f)[0].Public
	f.Fuzz(func(t *testing.T, form []byte, suffix string) {
		out, err := Inject(form, key, suffix)
		if err != nil {
			return
		}
		if !bytes.Contains(out, []byte(key)) {
			t.Error("no key in it")
		}
		count := func(b []byte) (n int, err error) {
			d := xml.NewDecoder(bytes.NewReader(b))
			for {
				tok, err := d.RawToken()
				if errors.Is(err, io.EOF) {
					return n, nil
				}
				if err != nil {
					return n, err
				}
				if _, ok := tok.(xml.StartElement); ok {
					n++
				}
			}
		}
		before, err := count(form)
		after, err2 := count(out)
		if err != nil || err2 != nil || after-before > 1 || after < before {
			t.Errorf("%d elements became %d: %v %v\n%s", before, after, err, err2, out)
		}
	})
}
