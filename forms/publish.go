package forms

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"aman/platform/access"
	"aman/platform/audit"
	"aman/platform/store"
)

// Published is a version of a form that may be filled.
type Published struct {
	Form, Version, Title string
	Project              int64
	Org                  string // the project's
	Kind, State          string
	Hash                 string // MD5 of the exact bytes, in hex
	At                   time.Time
	By                   string
	// Encrypted: its submissions come encrypted with a key of its own.
	Encrypted bool
	// Offices are those that may fill it; empty: all.
	Offices []string
	// Draft: it is the draft of the form, for trying it out.
	Draft bool

	media string // names of the files it expects, as mediaText writes them
	lists string // names what the files beside it hold that submissions are judged by
	gone  bool   // the form was deleted
}

// forOffice says whether one of these offices may fill it.
func (p *Published) forOffice(offices []string) bool {
	return len(p.Offices) == 0 || slices.ContainsFunc(offices, func(o string) bool { return slices.Contains(p.Offices, o) })
}

// DraftVersion stands for the draft where a version is asked for. No form has such a
// version: XML cannot hold it.
const DraftVersion = "\x01draft"

// Faults of publishing.
var (
	// ErrVersionKnown: a form and version, once published, never change.
	ErrVersionKnown = errors.New("this version of the form is published already; give the new one another version")
	// ErrFormTaken: a form id is one form's alone, on the whole node.
	ErrFormTaken = errors.New("there is a form with this id already, in this project or another, or it was deleted and can be restored")
)

const (
	publishedColumns = `SELECT r.id, p.version, p.title, r.project, r.org, r.kind, r.state, p.hash, p.published_at, p.published_by, p.encrypted, r.offices, p.lists, p.media, r.deleted_at
	FROM forms r JOIN published_forms p ON p.form = r.id`
	newest = "p.published_at = (SELECT max(q.published_at) FROM published_forms q WHERE q.form = r.id)"
)

func scanPublished(r *sql.Rows) (p Published, err error) {
	var at, deleted int64
	var offices string
	err = r.Scan(&p.Form, &p.Version, &p.Title, &p.Project, &p.Org, &p.Kind, &p.State, &p.Hash, &at, &p.By, &p.Encrypted, &offices, &p.lists, &p.media, &deleted)
	p.At, p.Offices, p.gone = store.Time(at), strings.Fields(offices), deleted != 0
	return p, err
}

// Publish makes a form version available at once, in project 1, without a draft: as the
// forms of packs are. The newest published version of a form is the one that is listed;
// older ones still accept submissions. kind is that of a new form, Survey when empty.
func (s *Service) Publish(ctx context.Context, sub access.Subject, kind string, body []byte) (Published, error) {
	c, err := Check(Upload{Body: body, IgnoreWarnings: true})
	if err != nil {
		return Published{}, err
	}
	var p Published
	err = s.db.Write(ctx, func(tx *store.Tx) error {
		sub := sub
		sub.At = s.now().UTC()
		have, err := s.form(tx, sub, access.ManageForms, 0, c.ID, false)
		switch {
		case err == nil:
			p = have.as(&c)
		case access.AsRefusal(err) == nil || access.AsRefusal(err).Reason != access.NoSuchRow:
			return err
		default:
			p = Form{Project: DefaultProject, Kind: kindOr(kind), State: Open}.as(&c)
			if _, err := s.policy.Require(tx, sub, access.ManageForms, formObject(c.ID, "")); err != nil {
				return err
			}
			if err := s.insertForm(tx, sub, &p); err != nil {
				return err
			}
		}
		return s.publish(tx, sub, &p, &c)
	})
	return p, err
}

func kindOr(kind string) string {
	if kind == "" {
		return Survey
	}
	return kind
}

// as is what publishing c makes of the form.
func (f Form) as(c *Checked) Published {
	return Published{Form: c.ID, Version: c.Version, Title: c.Title, Project: f.Project, Org: f.Org, Kind: f.Kind, State: f.State, Hash: c.Hash, Encrypted: c.Encrypted, Offices: f.Offices}
}

// PublishShipped publishes the forms of the packs; what is there already stays.
func (s *Service) PublishShipped(ctx context.Context, shipped *Shipped) error {
	for id, m := range shipped.Mappings {
		body := shipped.Definitions[id]
		if body == nil {
			continue
		}
		c, err := Check(Upload{Body: body, IgnoreWarnings: true})
		if err != nil {
			return fmt.Errorf("the shipped form %s: %w", id, err)
		}
		c.Title = m.Title.In("en")
		err = s.db.Write(ctx, func(tx *store.Tx) error {
			sub := access.Subject{User: "system", At: s.now().UTC()}
			p := Form{Project: DefaultProject, Kind: m.Kind, State: Open}.as(&c)
			if err := s.insertForm(tx, sub, &p); err != nil && !errors.Is(err, ErrFormTaken) {
				return err
			}
			return s.publish(tx, sub, &p, &c)
		})
		if err != nil {
			return fmt.Errorf("the shipped form %s: %w", id, err)
		}
	}
	return nil
}

// insertForm makes a form; ErrFormTaken when the id is taken.
func (s *Service) insertForm(tx *store.Tx, sub access.Subject, p *Published) error {
	if p.Kind != Intake && p.Kind != Survey {
		return fmt.Errorf("a form is of the kind %s or %s", Intake, Survey)
	}
	n, err := tx.Exec("INSERT INTO forms (id, project, org, kind, state, title, created_at, updated_at, created_by) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (id) DO NOTHING",
		p.Form, p.Project, p.Org, p.Kind, p.State, p.Title, store.Micros(sub.At), store.Micros(sub.At), sub.User)
	if err == nil && n == 0 {
		return ErrFormTaken
	}
	return err
}

// publish adds a version, unless the very same is there. It runs the hooks.
func (s *Service) publish(tx *store.Tx, sub access.Subject, p *Published, c *Checked) error {
	var hash string
	switch err := tx.Row("SELECT hash FROM published_forms WHERE form = ? AND version = ?", p.Form, p.Version).Scan(&hash); {
	case err == nil && hash == p.Hash:
		return nil
	case err == nil:
		return ErrVersionKnown
	case !errors.Is(err, store.ErrNone):
		return err
	}
	p.At, p.By = sub.At, sub.User
	if _, err := tx.Exec("INSERT INTO published_forms (form, version, title, hash, body, published_at, published_by, encrypted, lists, media, source_name, source) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
		p.Form, p.Version, p.Title, p.Hash, c.XML, store.Micros(p.At), p.By, p.Encrypted, p.lists, mediaText(c.Media), c.SourceName, orNull(c.Source)); err != nil {
		return err
	}
	if _, err := tx.Exec("UPDATE forms SET title = ?, updated_at = ? WHERE id = ?", p.Title, store.Micros(p.At), p.Form); err != nil {
		return err
	}
	if err := changed(tx); err != nil {
		return err
	}
	for _, hook := range s.onPublish {
		if err := hook(tx, sub, c, *p); err != nil {
			return err
		}
	}
	return s.audit.Append(tx, audit.Entry{At: p.At, Actor: actor(sub), Org: sub.Org, Action: "form.publish", Outcome: audit.OK, Register: "forms", Object: formForAudit(p.Form)})
}

// OnPublish adds what is done whenever a form version is published, in the same
// transaction. It is called while a program starts.
func (s *Service) OnPublish(f func(tx *store.Tx, sub access.Subject, c *Checked, p Published) error) {
	s.onPublish = append(s.onPublish, f)
}

// Forms lists what is open, whoever may fill it: the newest version of each form.
func (s *Service) Forms(tx *store.Tx) ([]Published, error) {
	return store.All(tx, scanPublished, publishedColumns+" WHERE r.deleted_at = 0 AND r.state = 'open' AND "+newest+" ORDER BY r.id")
}

// Versions lists the published versions of a form, newest first.
func (s *Service) Versions(tx *store.Tx, sub access.Subject, project int64, form string) ([]Published, error) {
	if _, err := s.form(tx, sub, access.Read, project, form, false); err != nil {
		return nil, err
	}
	return store.All(tx, scanPublished, publishedColumns+" WHERE r.id = ? ORDER BY p.published_at DESC", form)
}

// Source gives the spreadsheet that a version was made of; store.ErrNone when it came as XML.
func (s *Service) Source(tx *store.Tx, sub access.Subject, project int64, form, version string) (name string, body []byte, err error) {
	if _, err := s.form(tx, sub, reading(version), project, form, false); err != nil {
		return "", nil, err
	}
	p, err := s.published(tx, form, version)
	if err != nil {
		return "", nil, err
	}
	if p.Draft {
		err = tx.Row("SELECT source_name, source FROM form_drafts WHERE form = ?", form).Scan(&name, &body)
	} else {
		err = tx.Row("SELECT source_name, source FROM published_forms WHERE form = ? AND version = ?", form, p.Version).Scan(&name, &body)
	}
	if err == nil && body == nil {
		err = store.ErrNone
	}
	return name, body, err
}

// Definition gives a version of a form; version "" is the newest published one, unless one
// has the empty version; DraftVersion is the draft. store.ErrNone when there is none. It
// asks nobody's leave: the callers do.
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
	k, err := s.knownForm(tx, form)
	if err != nil {
		return Published{}, err
	}
	return k.version(version)
}

func (s *Service) definition(tx *store.Tx, p Published) (body []byte, err error) {
	if p.Draft {
		err = tx.Row("SELECT body FROM form_drafts WHERE form = ?", p.Form).Scan(&body)
		return body, err
	}
	err = tx.Row("SELECT body FROM published_forms WHERE form = ? AND version = ?", p.Form, p.Version).Scan(&body)
	return body, err
}
