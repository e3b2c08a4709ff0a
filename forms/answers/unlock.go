package answers

import (
	"bytes"
	"context"
	"crypto/rsa"
	"errors"
	"io"

	"aman/forms"
	"aman/forms/crypt"
	"aman/forms/export"
	"aman/forms/xform"
	"aman/platform/access"
	"aman/platform/store"
)

// Unlock opens submissions that were encrypted on the phone (package crypt). The private key is
// in memory for as long as it works, and is stored nowhere. Whoever reads needs, beside the
// rights to export, that to see attachments, because the answers came as one.
type Unlock struct {
	Forms   *forms.Service
	Store   *store.DB
	Private *rsa.PrivateKey
	Subject access.Subject
}

// What the status of a submission is that could not be opened; "" when it was.
const (
	notDecrypted = "not decrypted" // as Central says it: another key, or the answers have not come
	damaged      = "damaged"       // what came is not what was encrypted
)

// Source is src with the encrypted answers opened.
func (u Unlock) Source(ctx context.Context, f forms.Filter, purpose string, names Names) export.Source {
	return func(each func(export.Meta, []byte) error) error {
		return u.Forms.EachSubmission(ctx, u.Subject, f, purpose, func(h forms.Head, body []byte) error {
			m := Meta(&h, names)
			switch {
			case body == nil:
				m.Status = "erased"
			case h.Encrypted:
				var err error
				if body, m.Status, err = u.answers(ctx, &h, body); err != nil {
					return err
				}
			}
			return each(m, body)
		})
	}
}

// answers opens the answers of one submission. Its files are not read for that, so the
// signature, which covers them too, is not looked at; the form and the instance inside are.
func (u Unlock) answers(ctx context.Context, h *forms.Head, envelope []byte) (xml []byte, status string, err error) {
	e, key, err := u.key(envelope)
	if err != nil {
		return nil, notDecrypted, nil
	}
	sealed, err := u.file(ctx, h, e.Body)
	if err != nil || sealed == nil {
		return nil, notDecrypted, err
	}
	if xml, err = key.Open(len(e.Media), sealed); err != nil {
		return nil, damaged, nil
	}
	in, err := xform.ParseInstance(xml)
	if err != nil || in.Form != h.Form || in.ID != e.Instance {
		return nil, damaged, nil
	}
	return xml, "", nil
}

func (u Unlock) key(envelope []byte) (*crypt.Envelope, *crypt.Key, error) {
	e, err := crypt.ParseEnvelope(envelope)
	if err != nil {
		return nil, nil, err
	}
	key, err := e.Unlock(u.Private)
	return e, key, err
}

// file gives what came under a name; nil when it has not come.
func (u Unlock) file(ctx context.Context, h *forms.Head, name string) ([]byte, error) {
	var b bytes.Buffer
	_, err := u.Forms.Attachment(ctx, u.Subject, 0, h.Form, h.Instance, name, &b)
	if errors.Is(err, store.ErrNone) {
		return nil, nil
	}
	return b.Bytes(), err
}

// Files gives the files that came with the answers, the encrypted ones opened and under the
// names they have inside. One that cannot be opened is left out, as one that has not come.
func (u Unlock) Files(ctx context.Context, f forms.Filter, purpose string) export.Files {
	return func(each func(export.Media) error) error {
		return u.Forms.EachSubmission(ctx, u.Subject, f, purpose, func(h forms.Head, envelope []byte) error {
			if h.Encrypted && envelope != nil {
				return u.files(ctx, &h, envelope, each)
			}
			return filesOf(ctx, u.Store, u.Forms, u.Subject, &h, each)
		})
	}
}

func (u Unlock) files(ctx context.Context, h *forms.Head, envelope []byte, each func(export.Media) error) error {
	e, key, err := u.key(envelope)
	if err != nil {
		return nil // its row says so
	}
	for n, name := range e.Media {
		sealed, err := u.file(ctx, h, name)
		if err != nil {
			return err
		}
		body, err := key.Open(n, sealed)
		if err != nil {
			continue
		}
		if err := each(export.Media{Name: crypt.Plain(name), Open: func(w io.Writer) error { _, err := w.Write(body); return err }}); err != nil {
			return err
		}
	}
	return nil
}
