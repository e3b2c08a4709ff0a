package main

import (
	"archive/zip"
	"bytes"
	"context"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"aman/forms"
	"aman/forms/crypt"
	"aman/node"
	"aman/platform/access"
)

// A form is encrypted with a key of its own, answered on a phone, and its answers are taken out
// by who has the key and the passphrase, and by nobody else.
func TestEncryptedForms(t *testing.T) {
	home := t.TempDir()
	at := func(name string) string { return filepath.Join(home, name) }
	write := func(name, text string) string {
		if err := os.WriteFile(at(name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		return at(name)
	}
	dir := at("data")
	l := newNode(t, dir)
	l.ok("user", "add", "keeper", "--org", "country-office", "--office", "taftan", "--role", "field_manager", "--data", dir)
	phrase, other := write("phrase", "a lamp at the ferry\n"), write("other", "a lamp at the bridge\n")
	l.ok("form", "key", at("key"), "--key-passphrase-file", phrase, "--hint", "the river")
	l.ok("form", "key", at("key2"), "--key-passphrase-file", phrase)
	if info, err := os.Stat(at("key")); err != nil || info.Mode().Perm() != 0o600 {
		t.Error("the key can be read by others", err)
	}
	form := l.ok("form", "encrypt", write("needs.md", exportForm), "--key", at("key"))
	if !strings.Contains(form, "base64RsaPublicKey") || !strings.Contains(form, `version="1 encrypted"`) {
		t.Fatal(form)
	}
	answerEncrypted(t, dir, form)

	export := func(args ...string) (int, string, string) {
		return l.run(append([]string{"export", "needs", "--as", "keeper", "--names", "--purpose", "quality", "--data", dir}, args...)...)
	}
	if _, out, _ := export(); strings.Contains(out, "Zarmina") || !strings.Contains(out, "not decrypted") {
		t.Error("without the key:", out)
	}
	if _, out, text := export("--key", at("key"), "--key-passphrase-file", phrase); !strings.Contains(out, "Zarmina") || strings.Contains(out, "not decrypted") || !strings.Contains(out, "damaged") {
		t.Error("with the key:", out, text)
	}
	if _, out, _ := export("--key", at("key2"), "--key-passphrase-file", phrase); strings.Contains(out, "Zarmina") || !strings.Contains(out, "not decrypted") {
		t.Error("with another key:", out)
	}
	if code, _, text := export("--key", at("key"), "--key-passphrase-file", other); code != exitInput || !strings.Contains(text, "the river") {
		t.Error("with another passphrase:", code, text)
	}
	// The private key in PEM does the same, and opens the files too.
	var key crypt.Managed
	body, err := os.ReadFile(at("key"))
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(body, &key); err != nil {
		t.Fatal(err)
	}
	private, err := key.Unlock("a lamp at the ferry")
	if err != nil {
		t.Fatal(err)
	}
	der, err := x509.MarshalPKCS8PrivateKey(private)
	if err != nil {
		t.Fatal(err)
	}
	pemFile := write("private.pem", string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der})))
	_, out, text := export("--key", pemFile, "--format", "zip", "--media")
	z, err := zip.NewReader(bytes.NewReader([]byte(out)), int64(len(out)))
	if err != nil {
		t.Fatal(err, text)
	}
	found := map[string]string{}
	for _, f := range z.File {
		r, err := f.Open()
		if err != nil {
			t.Fatal(err)
		}
		b, err := io.ReadAll(r)
		if err != nil {
			t.Fatal(err)
		}
		found[f.Name] = string(b)
	}
	if found["media/a.jpg"] != "a photo" || !strings.Contains(found["needs.csv"], "Zarmina") || len(found) != 2 {
		t.Errorf("%q", found)
	}
	for want, args := range map[string][]string{
		"never written over": {"form", "key", at("key"), "--key-passphrase-file", phrase}, "at least 10 characters": {"form", "key", at("key3"), "--key-passphrase-file", write("short", "short\n")},
		"no RSA key": {"form", "encrypt", at("needs.md"), "--key", phrase}, "cannot be read": {"form", "encrypt", at("none.md"), "--key", at("key")},
	} {
		if code, _, text := l.run(args...); code != exitInput || !strings.Contains(text, want) {
			t.Errorf("%v: %d %s", args, code, text)
		}
	}
}

// answerEncrypted publishes the form and sends two submissions: one whole, one whose answers
// belong to the other.
func answerEncrypted(t *testing.T, dir, form string) {
	t.Helper()
	ctx := context.Background()
	n, err := node.Open(ctx, node.Config{Data: dir})
	if err != nil {
		t.Fatal(err)
	}
	defer n.Close()
	as := func(login string) access.Subject { return named(t, n, login) }
	project, err := n.Forms.SaveProject(ctx, as("keeper"), forms.Project{Name: "Border"})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := n.Forms.SaveDraft(ctx, as("keeper"), forms.Upload{Project: project.ID, Body: []byte(form), IgnoreWarnings: true}); err != nil {
		t.Fatal(err)
	}
	if _, err := n.Forms.PublishDraft(ctx, as("keeper"), 0, "needs", ""); err != nil {
		t.Fatal(err)
	}
	_, rest, _ := strings.Cut(form, `base64RsaPublicKey="`)
	text, _, _ := strings.Cut(rest, `"`)
	public, err := crypt.ParsePublic(text)
	if err != nil {
		t.Fatal(err)
	}
	version := "1 encrypted"
	for _, id := range []string{"uuid:one", "uuid:two"} {
		answers := `<data id="needs" version="1 encrypted"><who>Zarmina Farzinam</who><needs>food</needs><meta><instanceID>uuid:one</instanceID></meta></data>`
		var media []crypt.File
		if id == "uuid:one" {
			media = []crypt.File{{Name: "a.jpg", Body: []byte("a photo")}}
		}
		envelope, sealed, err := crypt.Seal(public, "needs", &version, id, []byte(answers), media)
		if err != nil {
			t.Fatal(err)
		}
		var files []forms.File
		for _, f := range sealed {
			files = append(files, forms.File{Name: f.Name, Body: f.Body})
		}
		if _, err := n.Forms.Receive(ctx, as("enumerator"), envelope, files); err != nil {
			t.Fatal(err)
		}
	}
}
