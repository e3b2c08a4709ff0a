package forms

import (
	"context"
	"crypto/md5" // #nosec: the OpenRosa form list asks for MD5 to notice a changed form, not for safety
	"database/sql"
	"encoding/hex"
	"errors"
	"fmt"
	"time"

	"aman/forms/xform"
	"aman/platform/access"
	"aman/platform/audit"
	"aman/platform/store"
)

// Published is a form that may be filled.
type Published struct {
	Form, Version, Title string
	Kind, State          string // open, closing (still accepts, is not listed) or closed
	Hash                 string // MD5 of the exact bytes, in hex
	At                   time.Time
}

// ErrVersionKnown: a form and version, once published, never change.
var ErrVersionKnown = errors.New("this version of the form is published already, with other content")

// Publish makes a form version available. The newest published version of a form is the
// one that is listed; older ones still accept submissions.
func (s *Service) Publish(ctx context.Context, sub access.Subject, kind string, body []byte) (Published, error) {
	f, err := xform.ParseForm(body)
	if err != nil {
		return Published{}, err
	}
	sum := md5.Sum(body)
	p := Published{Form: f.ID, Version: f.Version, Title: f.Title, Kind: kind, State: "open", Hash: hex.EncodeToString(sum[:]), At: s.now().UTC()}
	if p.Title == "" {
		p.Title = f.ID
	}
	err = s.db.Write(ctx, func(tx *store.Tx) error {
		if _, err := s.policy.Require(tx, sub, access.ManageForms, access.Object{Register: "forms", ID: f.ID, Org: sub.Org}); err != nil {
			return err
		}
		return s.publish(tx, sub, p, body)
	})
	return p, err
}

// PublishShipped publishes the forms of the packs; what is there already stays.
func (s *Service) PublishShipped(ctx context.Context, shipped *Shipped) error {
	for id, m := range shipped.Mappings {
		body := shipped.Definitions[id]
		if body == nil {
			continue
		}
		f, err := xform.ParseForm(body)
		if err != nil {
			return fmt.Errorf("the shipped form %s: %w", id, err)
		}
		sum := md5.Sum(body)
		p := Published{Form: f.ID, Version: f.Version, Title: m.Title.In("en"), Kind: m.Kind, State: "open", Hash: hex.EncodeToString(sum[:]), At: s.now().UTC()}
		if err := s.db.Write(ctx, func(tx *store.Tx) error { return s.publish(tx, access.Subject{User: "system"}, p, body) }); err != nil {
			return err
		}
	}
	return nil
}

func (s *Service) publish(tx *store.Tx, sub access.Subject, p Published, body []byte) error {
	n, err := tx.Exec("INSERT INTO published_forms (form, version, title, kind, state, hash, body, published_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (form, version) DO NOTHING",
		p.Form, p.Version, p.Title, p.Kind, p.State, p.Hash, body, store.Micros(p.At))
	if err != nil {
		return err
	}
	if n == 0 {
		var hash string
		if err := tx.Row("SELECT hash FROM published_forms WHERE form = ? AND version = ?", p.Form, p.Version).Scan(&hash); err != nil {
			return err
		}
		if hash != p.Hash {
			return ErrVersionKnown
		}
		return nil
	}
	return s.audit.Append(tx, audit.Entry{At: p.At, Actor: actor(sub), Org: sub.Org, Action: "form.publish", Outcome: audit.OK, Register: "forms", Detail: map[string]string{"form": formForAudit(p.Form)}})
}

// Forms lists what may be filled: the newest version of each open form.
func (s *Service) Forms(tx *store.Tx) ([]Published, error) {
	return store.All(tx, scanPublished, `SELECT f.form, f.version, f.title, f.kind, f.state, f.hash, f.published_at FROM published_forms f
		WHERE f.state = 'open' AND f.published_at = (SELECT max(g.published_at) FROM published_forms g WHERE g.form = f.form) ORDER BY f.form`)
}

func scanPublished(r *sql.Rows) (p Published, err error) {
	var at int64
	err = r.Scan(&p.Form, &p.Version, &p.Title, &p.Kind, &p.State, &p.Hash, &at)
	p.At = store.Time(at)
	return p, err
}

// Definition gives a published form; version "" is the newest. store.ErrNone when there is none.
func (s *Service) Definition(tx *store.Tx, form, version string) (Published, []byte, error) {
	p, err := s.published(tx, form, version)
	if err != nil {
		return Published{}, nil, err
	}
	body, err := s.definition(tx, p)
	return p, body, err
}

// published is Definition without the definition itself, which can be large.
func (s *Service) published(tx *store.Tx, form, version string) (Published, error) {
	where, args := "form = ?", []any{form}
	if version != "" {
		where, args = where+" AND version = ?", append(args, version)
	}
	list, err := store.All(tx, scanPublished, "SELECT form, version, title, kind, state, hash, published_at FROM published_forms WHERE "+where+" ORDER BY published_at DESC LIMIT 1", args...)
	if err != nil {
		return Published{}, err
	}
	if len(list) == 0 {
		return Published{}, store.ErrNone
	}
	return list[0], nil
}

func (s *Service) definition(tx *store.Tx, p Published) (body []byte, err error) {
	err = tx.Row("SELECT body FROM published_forms WHERE form = ? AND version = ?", p.Form, p.Version).Scan(&body)
	return body, err
}

// Faults of a form submission that its sender is told.
var (
	ErrUnknownForm    = errors.New("there is no such form")
	ErrUnknownVersion = errors.New("there is no such version of the form")
	ErrFormClosed     = errors.New("the form takes no more submissions")
	ErrEncrypted      = errors.New("encrypted submissions are not taken yet; send the form without encryption over https")
)

// Receive takes a submission of a published form, as a phone posts it. What does not fit
// the form or a property is no reason to refuse: the submission is kept, quarantined with
// the reasons when it does not fit its form, and a person looks at it.
func (s *Service) Receive(ctx context.Context, sub access.Subject, body []byte, files []File) (Result, error) {
	in, err := xform.ParseInstance(body)
	if err != nil {
		return Result{}, err
	}
	if in.Encrypted {
		return Result{}, ErrEncrypted
	}
	var form Published
	var model *xform.Model
	err = s.db.Read(ctx, func(tx *store.Tx) (err error) {
		if form, err = s.published(tx, in.Form, in.Version); err == nil {
			model, err = s.model(tx, form)
			return err
		}
		if !errors.Is(err, store.ErrNone) {
			return err
		}
		if _, err := s.published(tx, in.Form, ""); errors.Is(err, store.ErrNone) {
			return ErrUnknownForm
		}
		return ErrUnknownVersion
	})
	if err != nil {
		return Result{}, err
	}
	state, reasons := verdict(Judge(model, in, s.now()))
	return s.Submit(ctx, sub, Filled{
		Instance: in.ID, Form: in.Form, Version: form.Version, Body: body, Files: files, State: state, Reasons: reasons, Replaces: in.Deprecated,
		Verb: "submission.receive", Detail: map[string]string{"form": formForAudit(in.Form)},
	}, func(a *Act) error {
		// Asked here, past the look for a known instance: a phone whose answer was lost
		// sends again after the form closed, and must learn that all is well.
		if form.State == "closed" {
			return ErrFormClosed
		}
		_, err := s.policy.Require(a.Tx, a.Meta.Subject, access.Submit, access.Object{Register: "submissions", ID: in.ID, Org: a.filled.Org, Office: a.filled.Office, Owner: sub.User})
		return err
	})
}
