package crypt

import (
	"bytes"
	"encoding/base64"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"strings"
)

// Namespace is that of the envelope; what is in meta has OpenRosa's own.
const Namespace = "http://opendatakit.org/submissions"

const openRosa = "http://openrosa.org/xforms"

// Faults of an envelope. Each is safe to show: none holds what is inside.
var (
	ErrNoEnvelope = errors.New("this is no envelope of an encrypted submission")
	ErrTooLarge   = errors.New("the envelope is too large")
)

const (
	maxEnvelope = 1 << 20
	maxFiles    = 10_000
	suffix      = ".enc"
)

// Envelope is what stands in place of the answers.
type Envelope struct {
	Form, Version, Instance string
	// HasVersion: an empty version and none are signed differently.
	HasVersion bool
	// Key is the submission's AES key, wrapped for the form's public key; base64 as sent.
	Key string
	// Media are the encrypted attachments in the order they were encrypted, each NAME.enc.
	Media []string
	// Body is the encrypted answers, submission.xml.enc.
	Body string
	// Signature is the wrapped MD5; base64 as sent, empty when there is none.
	Signature string
}

// Files are the names of all encrypted files in their order: the index of a name is the n of
// its IV.
func (e *Envelope) Files() []string { return append(append([]string{}, e.Media...), e.Body) }

// Plain is the name that a file has inside: without .enc.
func Plain(name string) string { return strings.TrimSuffix(name, suffix) }

type wireEnvelope struct {
	XMLName   xml.Name
	Encrypted string     `xml:"encrypted,attr"`
	Attrs     []xml.Attr `xml:",any,attr"`
	Key       string     `xml:"base64EncryptedKey"`
	Metas     []struct {
		Instance string `xml:"instanceID"`
	} `xml:"meta"`
	Media []struct {
		Files []string `xml:"file"`
	} `xml:"media"`
	Body      string `xml:"encryptedXmlFile"`
	Signature string `xml:"base64EncryptedElementSignature"`
}

// ParseEnvelope reads the XML that a phone posts for an encrypted submission. The root may
// have any name; what makes it an envelope is encrypted="yes" and the elements of the scheme.
// ErrNoEnvelope says that it is something else, ErrTooLarge that it has more than 1 MiB or
// 10,000 files. File names that lead elsewhere are refused.
func ParseEnvelope(body []byte) (*Envelope, error) {
	if len(body) > maxEnvelope {
		return nil, ErrTooLarge
	}
	var w wireEnvelope
	d := xml.NewDecoder(bytes.NewReader(body))
	if err := d.Decode(&w); err != nil {
		return nil, fmt.Errorf("%w: %v", ErrNoEnvelope, err)
	}
	if w.Encrypted != "yes" || w.Body == "" || w.Key == "" {
		return nil, ErrNoEnvelope
	}
	if err := onlyRoot(d); err != nil {
		return nil, err
	}
	e := &Envelope{Key: strings.TrimSpace(w.Key), Body: strings.TrimSpace(w.Body), Signature: strings.TrimSpace(w.Signature)}
	for _, a := range w.Attrs {
		switch a.Name {
		case xml.Name{Local: "id"}:
			e.Form = a.Value
		case xml.Name{Local: "version"}:
			e.Version, e.HasVersion = a.Value, true
		}
	}
	for _, m := range w.Metas {
		if e.Instance == "" {
			e.Instance = strings.TrimSpace(m.Instance)
		}
	}
	for _, m := range w.Media {
		for _, f := range m.Files {
			if f = strings.TrimSpace(f); f != "" {
				e.Media = append(e.Media, f)
			}
		}
	}
	if len(e.Media) > maxFiles {
		return nil, ErrTooLarge
	}
	for _, name := range e.Files() {
		if strings.ContainsAny(name, "/\\\x00") || Plain(name) == "" || Plain(name) == "." || Plain(name) == ".." {
			return nil, fmt.Errorf("%w: a file in it has a name that leads elsewhere", ErrNoEnvelope)
		}
	}
	if e.Instance == "" {
		return nil, fmt.Errorf("%w: it has no instance id", ErrNoEnvelope)
	}
	return e, nil
}

func onlyRoot(d *xml.Decoder) error {
	for {
		t, err := d.Token()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return fmt.Errorf("%w: %v", ErrNoEnvelope, err)
		}
		if _, ok := t.(xml.StartElement); ok {
			return fmt.Errorf("%w: it has two roots", ErrNoEnvelope)
		}
	}
}

// XML writes the envelope as Collect does.
func (e *Envelope) XML() []byte {
	var b bytes.Buffer
	text := func(s string) string {
		var t bytes.Buffer
		_ = xml.EscapeText(&t, []byte(s)) // a bytes.Buffer does not fail
		return t.String()
	}
	fmt.Fprintf(&b, `<data xmlns="%s" encrypted="yes" id="%s"`, Namespace, text(e.Form))
	if e.HasVersion {
		fmt.Fprintf(&b, ` version="%s"`, text(e.Version))
	}
	fmt.Fprintf(&b, `><base64EncryptedKey>%s</base64EncryptedKey><meta xmlns="%s"><instanceID>%s</instanceID></meta>`, text(e.Key), openRosa, text(e.Instance))
	for _, f := range e.Media {
		fmt.Fprintf(&b, `<media><file>%s</file></media>`, text(f))
	}
	fmt.Fprintf(&b, `<encryptedXmlFile>%s</encryptedXmlFile>`, text(e.Body))
	if e.Signature != "" {
		fmt.Fprintf(&b, `<base64EncryptedElementSignature>%s</base64EncryptedElementSignature>`, text(e.Signature))
	}
	b.WriteString("</data>")
	return b.Bytes()
}

// decode reads base64 as phones write it, with or without line ends.
func decode(s string) ([]byte, error) {
	return base64.StdEncoding.DecodeString(strings.Join(strings.Fields(s), ""))
}
