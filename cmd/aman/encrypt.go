package main

import (
	"crypto/rsa"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"aman/forms"
	"aman/forms/crypt"
)

// Forms whose submissions are encrypted on the phone. The key is a file that whoever may read
// the answers keeps; the node never has it, and neither has a backup of the node.

// formKey makes such a file.
type formKey struct {
	File       string `arg:"" type:"path" help:"Where to write the key. It is worth nothing without its passphrase."`
	Passphrase string `name:"key-passphrase-file" env:"AMAN_KEY_PASSPHRASE_FILE" type:"path" placeholder:"FILE" help:"File with the passphrase in its first line, at least 10 characters (or AMAN_KEY_PASSPHRASE)."`
	Hint       string `name:"hint" help:"What reminds you of the passphrase; it is not secret."`
}

func (c *formKey) Run(a *app) error {
	phrase, err := secret(c.Passphrase, "AMAN_KEY_PASSPHRASE")
	if err != nil {
		return err
	}
	key, err := crypt.NewManaged(phrase, c.Hint)
	if errors.Is(err, crypt.ErrShort) {
		return input("%v: --key-passphrase-file FILE, or AMAN_KEY_PASSPHRASE", err)
	}
	if err != nil {
		return err
	}
	body, err := json.MarshalIndent(key, "", "\t")
	if err != nil {
		return err
	}
	f, err := os.OpenFile(c.File, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return input("%s cannot be written, or is there already; a key is never written over", c.File)
	}
	_, err = f.Write(append(body, '\n'))
	if err = errors.Join(err, f.Sync(), f.Close()); err != nil {
		return err
	}
	return a.answer(map[string]string{"file": c.File, "public": key.Public}, func(w io.Writer) {
		fmt.Fprintf(w, "The key is in %s. Keep two copies, and the passphrase elsewhere: without both, nobody can ever read the answers.\n", c.File)
	})
}

// formEncrypt puts the public half into a form.
type formEncrypt struct {
	File   string `arg:"" help:"The form: an XLSForm or an XForm."`
	Key    string `name:"key" required:"" type:"path" placeholder:"FILE" help:"A key of 'aman form key', or a public key in PEM."`
	Suffix string `name:"suffix" default:" encrypted" help:"What is put behind the form's version, so that phones notice."`
}

func (c *formEncrypt) Run(a *app) error {
	body, err := os.ReadFile(c.File)
	if err != nil {
		return input("%s cannot be read", c.File)
	}
	checked, err := forms.Check(forms.Upload{FileName: filepath.Base(c.File), Body: body})
	if err != nil {
		return input("%s: %v", c.File, err)
	}
	text, err := os.ReadFile(c.Key)
	if err != nil {
		return input("%s cannot be read", c.Key)
	}
	public := string(text)
	var key crypt.Managed
	if json.Unmarshal(text, &key) == nil {
		public = key.Public
	}
	parsed, err := crypt.ParsePublic(public)
	if err != nil {
		return input("%s: %v", c.Key, err)
	}
	if public, err = crypt.Public(parsed); err != nil {
		return err
	}
	out, err := crypt.Inject(checked.XML, public, c.Suffix)
	if err != nil {
		return input("%s: %v", c.File, err)
	}
	_, err = a.out.Write(out)
	return err
}

// privateKey reads a key of 'aman form key', or a private key in PEM.
func privateKey(file, passphraseFile string) (*rsa.PrivateKey, error) {
	text, err := os.ReadFile(file)
	if err != nil {
		return nil, input("%s cannot be read", file)
	}
	var key crypt.Managed
	if json.Unmarshal(text, &key) != nil {
		private, err := crypt.ParsePrivate(text)
		if err != nil {
			return nil, input("%s: %v", file, err)
		}
		return private, nil
	}
	phrase, err := secret(passphraseFile, "AMAN_KEY_PASSPHRASE")
	if err != nil {
		return nil, err
	}
	private, err := key.Unlock(phrase)
	if err != nil {
		hint := ""
		if key.Hint != "" {
			hint = "; its hint: " + strings.TrimSpace(key.Hint)
		}
		return nil, input("%s: %v%s", file, err, hint)
	}
	return private, nil
}
