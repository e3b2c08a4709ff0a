package forms

import (
	"context"
	"crypto/rand"
	"crypto/subtle"
	"database/sql"
	"encoding/base64"
	"encoding/json"
	"errors"
	"time"

	"aman/platform/access"
	"aman/platform/store"
)

// Draft is the next version of a form, before it is published. Whoever has its token can
// fetch it and send it test submissions, which are kept apart and thrown away when it is
// published or dropped.
type Draft struct {
	Form, Version, Title, Hash, Token string
	XML                               []byte
	SourceName                        string // of the spreadsheet; empty for XML
	Problems                          []Problem
	At                                time.Time
	By                                string
}

// Faults of drafts.
var (
	// ErrOnlyDraft: a form that was never published has nothing but its draft.
	ErrOnlyDraft = errors.New("the form was never published; delete the form instead of its draft")
	// ErrMoved: somebody saved the draft anew meanwhile.
	ErrMoved = errors.New("somebody else changed the draft at the same time; try again")
)

// SaveDraft makes a new form with a draft, or the draft of a form anew. The form's files
// stay, as far as the new draft still names them; test submissions stay too. Errors:
// *Rejected, ErrFormTaken, ErrTooNew, a refusal.
func (s *Service) SaveDraft(ctx context.Context, sub access.Subject, u Upload) (Draft, error) {
	if u.Form != "" && u.FallbackID == "" {
		u.FallbackID = u.Form
	}
	if u.Project == 0 && u.Form == "" {
		u.Project = DefaultProject
	}
	c, err := Check(u)
	if err != nil {
		return Draft{}, err
	}
	if len(c.Problems) > 0 && !u.IgnoreWarnings {
		return Draft{}, &Rejected{Problems: c.Problems, WarningsOnly: true}
	}
	err = s.change(ctx, sub, "form.draft", func(tx *store.Tx, sub access.Subject) (string, error) {
		if u.Form != "" {
			if _, err := s.form(tx, sub, access.ManageForms, u.Project, c.ID, false); err != nil {
				return "", err
			}
			return formForAudit(c.ID), s.putDraft(tx, sub, &c)
		}
		p, err := s.project(tx, sub, access.ManageForms, u.Project)
		if err != nil {
			return "", err
		}
		made := Form{Project: p.ID, Org: p.Org, Kind: kindOr(u.Kind), State: Open}.as(&c)
		if err := s.insertForm(tx, sub, &made); err != nil {
			return "", err
		}
		return formForAudit(c.ID), s.putDraft(tx, sub, &c)
	})
	if err != nil {
		return Draft{}, err
	}
	return s.savedDraft(ctx, sub, c.ID)
}

func (s *Service) savedDraft(ctx context.Context, sub access.Subject, form string) (d Draft, err error) {
	err = s.db.Read(ctx, func(tx *store.Tx) error { d, err = s.DraftOf(tx, sub, 0, form); return err })
	return d, err
}

// putDraft writes the draft and sees to its files.
func (s *Service) putDraft(tx *store.Tx, sub access.Subject, c *Checked) error {
	var token string
	err := tx.Row("SELECT token FROM form_drafts WHERE form = ?", c.ID).Scan(&token)
	if err != nil && !errors.Is(err, store.ErrNone) {
		return err
	}
	if token == "" {
		token = newToken()
		if err := s.copyMedia(tx, c.ID); err != nil {
			return err
		}
	}
	problems, err := json.Marshal(c.Problems)
	if err != nil {
		return err
	}
	if _, err := tx.Exec(`INSERT INTO form_drafts (form, version, title, hash, token, body, encrypted, media, source_name, source, problems, org, made_at, made_by) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
		ON CONFLICT (form) DO UPDATE SET version = excluded.version, title = excluded.title, hash = excluded.hash, body = excluded.body, encrypted = excluded.encrypted, media = excluded.media,
		source_name = excluded.source_name, source = excluded.source, problems = excluded.problems, org = excluded.org, made_at = excluded.made_at, made_by = excluded.made_by`,
		c.ID, c.Version, c.Title, c.Hash, token, c.XML, c.Encrypted, mediaText(c.Media), c.SourceName, orNull(c.Source), string(problems), sub.Org, store.Micros(sub.At), sub.User); err != nil {
		return err
	}
	if _, err := tx.Exec("UPDATE forms SET updated_at = ? WHERE id = ?", store.Micros(sub.At), c.ID); err != nil {
		return err
	}
	if err := s.trimMedia(tx, c.ID, c.Media); err != nil {
		return err
	}
	if c.itemsets != nil {
		if err := s.putMedium(tx, c.ID, itemset, "text/csv", contentOf(c.itemsets), sub.At); err != nil {
			return err
		}
	}
	return s.relist(tx, c.ID)
}

// orNull is a BLOB, or NULL for none.
func orNull(b []byte) any {
	if b == nil {
		return nil
	}
	return b
}

// newToken is 64 letters of 48 random bytes.
func newToken() string {
	b := make([]byte, 48)
	rand.Read(b)
	return base64.RawURLEncoding.EncodeToString(b)
}

func scanDraft(r *sql.Rows) (d Draft, err error) {
	var problems string
	var at int64
	if err := r.Scan(&d.Form, &d.Version, &d.Title, &d.Hash, &d.Token, &d.XML, &d.SourceName, &problems, &at, &d.By); err != nil {
		return d, err
	}
	d.At = store.Time(at)
	if problems != "" {
		err = json.Unmarshal([]byte(problems), &d.Problems)
	}
	return d, err
}

func (s *Service) draft(tx *store.Tx, form string) (Draft, error) {
	list, err := store.All(tx, scanDraft, "SELECT form, version, title, hash, token, body, source_name, problems, made_at, made_by FROM form_drafts WHERE form = ?", form)
	if err == nil && len(list) == 0 {
		err = store.ErrNone
	}
	if err != nil {
		return Draft{}, err
	}
	return list[0], nil
}

// DraftOf gives the draft of a form to who keeps the form; store.ErrNone when it has none.
func (s *Service) DraftOf(tx *store.Tx, sub access.Subject, project int64, form string) (Draft, error) {
	if _, err := s.form(tx, sub, access.ManageForms, project, form, false); err != nil {
		return Draft{}, err
	}
	return s.draft(tx, form)
}

// DraftByToken gives the draft that a token opens, and its project; store.ErrNone for any
// other token. The token is the right: nobody is asked about.
func (s *Service) DraftByToken(tx *store.Tx, form, token string) (Draft, int64, error) {
	k, err := s.knownForm(tx, form)
	if err != nil {
		return Draft{}, 0, err
	}
	if k.draft == nil || k.draft.gone {
		return Draft{}, 0, store.ErrNone
	}
	d, err := s.draft(tx, form)
	if err != nil {
		return Draft{}, 0, err
	}
	if subtle.ConstantTimeCompare([]byte(d.Token), []byte(token)) != 1 {
		return Draft{}, 0, store.ErrNone
	}
	return d, k.draft.Project, nil
}

// NewToken gives the draft another token; the old one opens nothing any more.
func (s *Service) NewToken(ctx context.Context, sub access.Subject, project int64, form string) (token string, err error) {
	token = newToken()
	return token, s.edit(ctx, sub, "form.draft-token", project, form, func(tx *store.Tx, f Form, _ int64) error {
		n, err := tx.Exec("UPDATE form_drafts SET token = ? WHERE form = ?", token, form)
		if err == nil && n == 0 {
			err = store.ErrNone
		}
		return err
	})
}

// StartDraft makes a draft that is a copy of the newest published version, its files
// included; a draft that is there already is thrown away first.
func (s *Service) StartDraft(ctx context.Context, sub access.Subject, project int64, form string) (Draft, error) {
	var c Checked
	read := func(tx *store.Tx) error {
		if _, err := s.form(tx, sub, access.ManageForms, project, form, false); err != nil {
			return err
		}
		p, body, err := s.Definition(tx, form, "")
		if err != nil {
			return err
		}
		if c, err = Check(Upload{Body: body}); err != nil {
			return err
		}
		c.Title = p.Title
		c.SourceName, c.Source, err = s.Source(tx, sub, project, form, "")
		if errors.Is(err, store.ErrNone) {
			err = nil
		}
		return err
	}
	if err := s.db.Read(ctx, read); err != nil {
		return Draft{}, err
	}
	err := s.edit(ctx, sub, "form.draft", project, form, func(tx *store.Tx, f Form, at int64) error {
		sub := sub
		sub.At = store.Time(at)
		if f.HasDraft {
			if err := s.dropDraft(tx, form); err != nil {
				return err
			}
		}
		return s.putDraft(tx, sub, &c)
	})
	if err != nil {
		return Draft{}, err
	}
	return s.savedDraft(ctx, sub, form)
}

// DropDraft throws the draft away, with its files and test submissions.
func (s *Service) DropDraft(ctx context.Context, sub access.Subject, project int64, form string) error {
	return s.edit(ctx, sub, "form.draft-drop", project, form, func(tx *store.Tx, f Form, _ int64) error {
		switch {
		case !f.HasDraft:
			return store.ErrNone
		case f.Published.IsZero():
			return ErrOnlyDraft
		}
		return s.dropDraft(tx, form)
	})
}

// dropDraft takes away the draft and all that hangs on it.
func (s *Service) dropDraft(tx *store.Tx, form string) error {
	if _, err := tx.Exec("DELETE FROM form_drafts WHERE form = ?", form); err != nil {
		return err
	}
	if err := s.trimMedia(tx, form, nil); err != nil {
		return err
	}
	return wipeTests(tx, form)
}

// wipeTests throws away the test submissions of a form's draft.
func wipeTests(tx *store.Tx, form string) error {
	const tests = "(SELECT id FROM submissions WHERE form = ? AND draft = TRUE)"
	for _, q := range []string{
		"DELETE FROM submission_chunks WHERE submission IN " + tests, "DELETE FROM submission_files WHERE submission IN " + tests,
		"DELETE FROM submission_comments WHERE root IN " + tests, "DELETE FROM submissions WHERE form = ? AND draft = TRUE",
	} {
		if _, err := tx.Exec(q, form); err != nil {
			return err
		}
	}
	return nil
}

// PublishDraft makes the draft the newest version of its form, under another version when
// one is given. Its test submissions are thrown away and its token opens nothing any more.
// ErrVersionKnown when the form had that version before; store.ErrNone without a draft.
func (s *Service) PublishDraft(ctx context.Context, sub access.Subject, project int64, form, version string) (p Published, err error) {
	var d Draft
	if err := s.db.Read(ctx, func(tx *store.Tx) error { d, err = s.DraftOf(tx, sub, project, form); return err }); err != nil {
		return p, err
	}
	if version != "" && version != d.Version {
		if d.XML, err = setVersion(d.XML, version); err != nil {
			return p, err
		}
	}
	c, err := Check(Upload{Form: form, Body: d.XML})
	if err != nil {
		return p, err
	}
	c.Title, c.SourceName = d.Title, d.SourceName
	err = s.edit(ctx, sub, "form.draft-publish", project, form, func(tx *store.Tx, f Form, at int64) error {
		sub := sub
		sub.At = store.Time(at)
		var hash string
		p = f.as(&c)
		if err := tx.Row("SELECT hash, lists, source FROM form_drafts WHERE form = ?", form).Scan(&hash, &p.lists, &c.Source); err != nil {
			return err
		}
		if hash != d.Hash {
			return ErrMoved
		}
		var known int
		if err := tx.Row("SELECT count(*) FROM published_forms WHERE form = ? AND version = ?", form, p.Version).Scan(&known); err != nil {
			return err
		}
		if known > 0 {
			return ErrVersionKnown
		}
		if _, err := tx.Exec("UPDATE form_media SET version = ? WHERE form = ? AND version = ?", p.Version, form, DraftVersion); err != nil {
			return err
		}
		if err := s.dropDraft(tx, form); err != nil {
			return err
		}
		return s.publish(tx, sub, &p, &c)
	})
	return p, err
}
