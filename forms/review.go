package forms

import (
	"context"
	"database/sql"
	"errors"
	"slices"
	"strings"
	"time"

	"aman/forms/xform"
	"aman/platform/access"
	"aman/platform/audit"
	"aman/platform/ids"
	"aman/platform/store"
	"aman/platform/vault"
	"aman/registry"
)

// What a person thinks of an answer. Edited is what an edited one is until somebody looks
// at it again; nobody sets it.
const (
	Unreviewed = ""
	Edited     = "edited"
	HasIssues  = "hasIssues"
	Approved   = "approved"
	Refused    = "rejected"
)

// reviews are the states that can be set, with their codes for the audit log.
var reviews = map[string]string{Unreviewed: "received", HasIssues: "has-issues", Approved: "approved", Refused: "rejected"}

// Faults of curating.
var (
	ErrReview  = errors.New("a review is received, hasIssues, approved or rejected")
	ErrComment = errors.New("a comment has between 1 and 10,000 characters")
)

// curate runs one act on the newest version of a submission, with its audit entry.
func (s *Service) curate(ctx context.Context, sub access.Subject, verb string, project int64, form, instance string, f func(tx *store.Tx, sub access.Subject, h *Head) error) error {
	return s.db.Write(ctx, func(tx *store.Tx) error {
		sub := sub
		sub.At = s.now().UTC().Truncate(time.Microsecond)
		h, err := s.current(tx, sub, access.Curate, project, form, instance, verb == restoring)
		if err != nil {
			return err
		}
		if err := f(tx, sub, &h); err != nil {
			return err
		}
		return s.audit.Append(tx, audit.Entry{At: sub.At, Actor: actor(sub), Org: sub.Org, Action: verb, Outcome: audit.OK, Register: "answers", Object: ForAudit(h.stored)})
	})
}

// SetReview says what the newest version of a submission is worth. The hooks of OnReview
// run in the same transaction.
func (s *Service) SetReview(ctx context.Context, sub access.Subject, project int64, form, instance, state string) error {
	code, ok := reviews[state]
	if !ok {
		return ErrReview
	}
	return s.curate(ctx, sub, "submission.review-"+code, project, form, instance, func(tx *store.Tx, sub access.Subject, h *Head) error {
		before := h.Review
		h.Review, h.Updated = state, sub.At
		a := &Act{Tx: tx, service: s, filled: &Filled{Reasons: h.Reasons}, result: &Result{}, Meta: registry.Meta{Subject: sub, Submission: h.stored, At: sub.At}}
		if before != state && len(s.onReview) > 0 && !h.Draft && !h.Encrypted {
			if err := s.reviewed(a, *h); err != nil {
				return err
			}
		}
		_, err := tx.Exec("UPDATE submissions SET review = ?, updated_at = ?, reasons = ? WHERE id = ?", state, store.Micros(sub.At), strings.Join(a.filled.Reasons, " "), h.stored)
		return err
	})
}

func (s *Service) reviewed(a *Act, h Head) error {
	p, err := s.published(a.Tx, h.Form, h.Version)
	if err != nil {
		return err
	}
	body, err := s.body(a.Tx, h.stored)
	if errors.Is(err, vault.ErrErased) {
		return nil
	}
	if err != nil {
		return err
	}
	in, err := xform.ParseInstance(body)
	if err != nil {
		return err
	}
	a.filled.Body = body
	for _, hook := range s.onReview {
		if err := hook(a, p, in, h); err != nil {
			return err
		}
	}
	return nil
}

// OnReview adds what is done when the review of an answer changes, in the same transaction:
// h.Review is the new one. Not with those of drafts, nor with encrypted
// ones. It is called while a program starts.
func (s *Service) OnReview(f func(a *Act, form Published, in *xform.Instance, h Head) error) {
	s.onReview = append(s.onReview, f)
}

// Comment is what a person wrote beside a submission. It can name somebody, so it is sealed
// with the submission's key.
type Comment struct {
	ID, By string
	At     time.Time
	Text   string
}

// Comments lists the comments on a submission, whichever version they were written to,
// newest first. They need unseal.
func (s *Service) Comments(tx *store.Tx, sub access.Subject, project int64, form, instance string) ([]Comment, error) {
	h, err := s.answer(tx, sub, access.Unseal, project, form, instance)
	if err != nil {
		return nil, err
	}
	var items []vault.Item
	list, err := store.All(tx, func(r *sql.Rows) (c Comment, err error) {
		var at int64
		var sealed []byte
		err = r.Scan(&c.ID, &at, &c.By, &sealed)
		c.At = store.Time(at)
		items = append(items, vault.Item{Context: commentContext(h.storedRoot(), c.ID), Sealed: sealed})
		return c, err
	}, "SELECT id, at, actor, body FROM submission_comments WHERE root = ? ORDER BY at DESC, id DESC", h.storedRoot())
	if err != nil {
		return nil, err
	}
	texts, err := s.vault.OpenAll(tx, items)
	if err != nil {
		return nil, err
	}
	for i := range list {
		list[i].Text = string(texts[i])
	}
	return slices.DeleteFunc(list, func(c Comment) bool { return c.Text == "" }), nil
}

func commentContext(root, id string) string { return "submissions/" + root + "/comments/" + id }

// AddComment writes a comment beside a submission.
func (s *Service) AddComment(ctx context.Context, sub access.Subject, project int64, form, instance, text string) (c Comment, err error) {
	text = strings.TrimSpace(text)
	if text == "" || len([]rune(text)) > 10_000 {
		return c, ErrComment
	}
	err = s.curate(ctx, sub, "submission.comment", project, form, instance, func(tx *store.Tx, sub access.Subject, h *Head) error {
		var key string
		if err := tx.Row("SELECT key_id FROM submissions WHERE id = ?", h.stored).Scan(&key); err != nil {
			return err
		}
		c = Comment{ID: ids.New(), By: sub.User, At: sub.At, Text: text}
		sealed, err := s.vault.Seal(tx, key, commentContext(h.storedRoot(), c.ID), []byte(text))
		if err != nil {
			return err
		}
		_, err = tx.Exec("INSERT INTO submission_comments (id, root, at, actor, body) VALUES (?, ?, ?, ?, ?)", c.ID, h.storedRoot(), store.Micros(c.At), c.By, sealed)
		return err
	})
	return c, err
}

const restoring = "submission.restore"

// DeleteSubmission sets an answer aside, all its versions: it is in no list but that of the
// deleted ones, and is not taken again. It stays kept.
func (s *Service) DeleteSubmission(ctx context.Context, sub access.Subject, project int64, form, instance string) error {
	return s.curate(ctx, sub, "submission.delete", project, form, instance, func(tx *store.Tx, sub access.Subject, h *Head) error {
		return setDeleted(tx, h, store.Micros(sub.At))
	})
}

// RestoreSubmission undoes DeleteSubmission.
func (s *Service) RestoreSubmission(ctx context.Context, sub access.Subject, project int64, form, instance string) error {
	return s.curate(ctx, sub, restoring, project, form, instance, func(tx *store.Tx, _ access.Subject, h *Head) error {
		return setDeleted(tx, h, 0)
	})
}

func setDeleted(tx *store.Tx, h *Head, at int64) error {
	_, err := tx.Exec("UPDATE submissions SET deleted_at = ? WHERE id = ? OR (root = ? AND root <> '')", at, h.storedRoot(), h.storedRoot())
	return err
}
