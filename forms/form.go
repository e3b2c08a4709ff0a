package forms

import (
	"context"
	"database/sql"
	"errors"
	"slices"
	"strings"
	"time"

	"aman/platform/access"
	"aman/platform/store"
)

// Form is a form with all its versions.
type Form struct {
	ID      string
	Project int64
	Org     string // its project's
	Kind    string // Intake or Survey
	State   string // Open, Closing or Closed
	Title   string
	// Version, Hash and Published are those of the newest published version; empty when
	// there is none yet.
	Version, Hash             string
	Published                 time.Time
	Created, Updated, Deleted time.Time
	By                        string // the user who made it
	HasDraft, Encrypted       bool
	// Offices are those that may fill it; empty: all.
	Offices []string
	// Submissions counts the answers that the subject may read, and Last is when the newest
	// of them came. Of an intake form both are empty.
	Submissions int
	Last        time.Time
}

// States of a form.
const (
	Open    = "open"
	Closing = "closing" // takes submissions, is not listed
	Closed  = "closed"  // takes none
)

// Faults of a form's settings.
var (
	ErrState    = errors.New("a form is open, closing or closed")
	ErrNoOffice = errors.New("there is no such office that could fill this form")
)

// formColumns reads forms r with the newest published version p and the draft d.
const formColumns = `SELECT r.id, r.project, r.org, r.kind, r.state, r.title, r.offices, r.created_at, r.updated_at, r.created_by, r.deleted_at,
	coalesce(p.version, ''), coalesce(p.hash, ''), coalesce(p.published_at, 0), coalesce(p.encrypted, d.encrypted, FALSE), (d.form IS NOT NULL), coalesce(d.title, '')
	FROM forms r
	LEFT JOIN published_forms p ON p.form = r.id AND p.published_at = (SELECT max(q.published_at) FROM published_forms q WHERE q.form = r.id)
	LEFT JOIN form_drafts d ON d.form = r.id`

func scanForm(r *sql.Rows) (f Form, err error) {
	var offices, draft string
	var created, updated, deleted, published int64
	err = r.Scan(&f.ID, &f.Project, &f.Org, &f.Kind, &f.State, &f.Title, &offices, &created, &updated, &f.By, &deleted, &f.Version, &f.Hash, &published, &f.Encrypted, &f.HasDraft, &draft)
	f.Offices, f.Created, f.Updated, f.Deleted, f.Published = strings.Fields(offices), store.Time(created), store.Time(updated), store.Time(deleted), store.Time(published)
	if published == 0 && draft != "" {
		f.Title = draft
	}
	return f, err
}

func formObject(id, org string) access.Object {
	return access.Object{Register: "forms", ID: id, Org: org}
}

// List gives the forms of a project (0: of all) that the subject may see, by id.
func (s *Service) List(tx *store.Tx, sub access.Subject, project int64) ([]Form, error) {
	return s.list(tx, sub, access.Read, project, "r.deleted_at = 0")
}

// DeletedForms lists the forms that were deleted and that the subject can restore.
func (s *Service) DeletedForms(tx *store.Tx, sub access.Subject, project int64) ([]Form, error) {
	return s.list(tx, sub, access.ManageForms, project, "r.deleted_at <> 0")
}

func (s *Service) list(tx *store.Tx, sub access.Subject, action access.Action, project int64, which string) ([]Form, error) {
	sub = s.at(sub)
	where, args := s.policy.Filter(sub, action, "forms")
	where = which + " AND " + where
	if project != 0 {
		where, args = where+" AND r.project = ?", append(args, project)
	}
	list, err := store.All(tx, scanForm, formColumns+" WHERE "+where+" ORDER BY r.id", args...)
	if err != nil {
		return nil, err
	}
	return list, s.count(tx, sub, list)
}

// count fills in how many answers there are.
func (s *Service) count(tx *store.Tx, sub access.Subject, list []Form) error {
	where, args := s.policy.Filter(sub, access.Read, "answers")
	for i := range list {
		if list[i].Kind != Survey {
			continue
		}
		var n int
		var last int64
		err := tx.Row("SELECT count(*), coalesce(max(r.first_at), 0) FROM submissions r WHERE r.kind = 'survey' AND r.draft = FALSE AND r.replaced_by = '' AND r.deleted_at = 0 AND r.form = ? AND "+where,
			append([]any{list[i].ID}, args...)...).Scan(&n, &last)
		if err != nil {
			return err
		}
		list[i].Submissions, list[i].Last = n, store.Time(last)
	}
	return nil
}

// Form gives one form; a *access.Refusal when there is none that the subject may see.
// project 0 takes it from any.
func (s *Service) Form(tx *store.Tx, sub access.Subject, project int64, id string) (Form, error) {
	f, err := s.form(tx, sub, access.Read, project, id, false)
	if err != nil {
		return f, err
	}
	list := []Form{f}
	err = s.count(tx, s.at(sub), list)
	return list[0], err
}

// form reads a form the subject may do action to.
func (s *Service) form(tx *store.Tx, sub access.Subject, action access.Action, project int64, id string, deleted bool) (Form, error) {
	if !plainText(id, 200) {
		return Form{}, noRow(action, "forms", "")
	}
	list, err := store.All(tx, scanForm, formColumns+" WHERE r.id = ?", id)
	if err != nil {
		return Form{}, err
	}
	if len(list) == 0 || project != 0 && list[0].Project != project || list[0].Deleted.IsZero() == deleted {
		return Form{}, noRow(action, "forms", id)
	}
	_, err = s.policy.Require(tx, s.at(sub), action, formObject(id, list[0].Org))
	return list[0], err
}

// Fillable lists what this subject's phone may fill in: the newest version of each form
// that is open, in a project (0: all) that is not archived, and given to an office of hers.
func (s *Service) Fillable(tx *store.Tx, sub access.Subject, project int64) ([]Published, error) {
	sub = s.at(sub)
	read, args := s.policy.Filter(sub, access.Read, "forms")
	submit, more := s.policy.Filter(sub, access.Submit, "forms")
	where, args := read+" AND "+submit, append(args, more...)
	if project != 0 {
		where, args = where+" AND r.project = ?", append(args, project)
	}
	list, err := store.All(tx, scanPublished, publishedColumns+" WHERE r.deleted_at = 0 AND r.state = 'open' AND "+newest+
		" AND (SELECT j.archived FROM projects j WHERE j.id = r.project) = FALSE AND "+where+" ORDER BY r.id", args...)
	return slices.DeleteFunc(list, func(p Published) bool { return !p.forOffice(sub.Offices) }), err
}

// SetState opens or closes a form.
func (s *Service) SetState(ctx context.Context, sub access.Subject, project int64, form, state string) error {
	if state != Open && state != Closing && state != Closed {
		return ErrState
	}
	return s.edit(ctx, sub, "form.state", project, form, func(tx *store.Tx, f Form, at int64) error {
		_, err := tx.Exec("UPDATE forms SET state = ?, updated_at = ? WHERE id = ?", state, at, f.ID)
		return err
	})
}

// SetOffices says which offices may fill a form; none: all.
func (s *Service) SetOffices(ctx context.Context, sub access.Subject, project int64, form string, offices []string) error {
	return s.edit(ctx, sub, "form.offices", project, form, func(tx *store.Tx, f Form, at int64) error {
		for _, o := range offices {
			var org string
			err := tx.Row("SELECT org FROM offices WHERE id = ?", o).Scan(&org)
			if errors.Is(err, store.ErrNone) || err == nil && f.Org != "" && org != f.Org {
				return ErrNoOffice
			}
			if err != nil {
				return err
			}
		}
		_, err := tx.Exec("UPDATE forms SET offices = ?, updated_at = ? WHERE id = ?", strings.Join(offices, " "), at, f.ID)
		return err
	})
}

// DeleteForm hides a form: it is not listed, takes no submissions, and its answers are in
// no list. All of it is kept; RestoreForm brings it back.
func (s *Service) DeleteForm(ctx context.Context, sub access.Subject, project int64, form string) error {
	return s.edit(ctx, sub, "form.delete", project, form, func(tx *store.Tx, f Form, at int64) error {
		_, err := tx.Exec("UPDATE forms SET deleted_at = ?, updated_at = ? WHERE id = ?", at, at, f.ID)
		return err
	})
}

// RestoreForm undoes DeleteForm.
func (s *Service) RestoreForm(ctx context.Context, sub access.Subject, project int64, form string) error {
	return s.change(ctx, sub, "form.restore", func(tx *store.Tx, sub access.Subject) (string, error) {
		f, err := s.form(tx, sub, access.ManageForms, project, form, true)
		if err != nil {
			return "", err
		}
		_, err = tx.Exec("UPDATE forms SET deleted_at = 0, updated_at = ? WHERE id = ?", store.Micros(sub.At), f.ID)
		return formForAudit(form), err
	})
}

// edit changes a form that the subject keeps.
func (s *Service) edit(ctx context.Context, sub access.Subject, verb string, project int64, form string, f func(tx *store.Tx, have Form, at int64) error) error {
	return s.change(ctx, sub, verb, func(tx *store.Tx, sub access.Subject) (string, error) {
		have, err := s.form(tx, sub, access.ManageForms, project, form, false)
		if err != nil {
			return "", err
		}
		return formForAudit(form), f(tx, have, store.Micros(sub.At))
	})
}
