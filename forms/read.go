package forms

import (
	"context"
	"database/sql"
	"errors"
	"strings"
	"time"

	"aman/platform/access"
	"aman/platform/audit"
	"aman/platform/store"
)

// Head is a submission without its content.
type Head struct {
	Instance, Form, Version   string
	Project                   int64
	Kind                      string // of its form; empty for the program's own forms
	Org, Office, User, Device string
	At                        time.Time // when this version came
	First                     time.Time // when the first version came
	Updated                   time.Time // the last edit or review; zero when there was none
	State                     string
	Case, Person              string
	ClaimedBy                 string
	ClaimedAt                 time.Time
	Replaces, ReplacedBy      string
	Root                      string // the first instance of a chain of edits; its own without
	Edits                     int    // how many edits came before this version
	Review                    string // "", Edited, HasIssues, Approved or Rejected
	Reasons                   []string
	Size                      int64
	Agent, DeviceName         string
	// InstanceName is what the form calls it; it can name a person, so only what gives the
	// content gives it too.
	InstanceName     string
	Draft, Encrypted bool
	Deleted          bool
	FilesPresent     int // of FilesExpected
	FilesExpected    int

	stored string // the id it is kept under
}

// Cursor is the place of a submission in a list; see Filter.After.
func (h *Head) Cursor() Cursor { return Cursor{h.First, h.stored} }

const headColumns = `SELECT r.id, r.form, r.form_version, r.org, r.office, r.actor, r.device, r.received_at, r.state, r.case_id, r.person_id,
	r.claimed_by, r.claimed_at, r.replaces, r.replaced_by, r.reasons, r.size, r.kind, r.project, r.draft, r.encrypted, r.root, r.edits, r.review, r.first_at, r.updated_at, r.deleted_at,
	r.agent, r.device_name, r.files_present, r.files_expected`

func (h *Head) fields(at, claimed, first, updated, deleted *int64, reasons *string) []any {
	return []any{&h.stored, &h.Form, &h.Version, &h.Org, &h.Office, &h.User, &h.Device, at, &h.State, &h.Case, &h.Person,
		&h.ClaimedBy, claimed, &h.Replaces, &h.ReplacedBy, reasons, &h.Size, &h.Kind, &h.Project, &h.Draft, &h.Encrypted, &h.Root, &h.Edits, &h.Review, first, updated, deleted,
		&h.Agent, &h.DeviceName, &h.FilesPresent, &h.FilesExpected}
}

func scanHead(rows *sql.Rows) (h Head, err error) { return scanHeadAnd(rows) }

// scanHeadAnd reads a head and what was asked for beside it.
func scanHeadAnd(rows *sql.Rows, more ...any) (h Head, err error) {
	var at, claimed, first, updated, deleted int64
	var reasons string
	if err := rows.Scan(append(h.fields(&at, &claimed, &first, &updated, &deleted, &reasons), more...)...); err != nil {
		return h, err
	}
	h.At, h.ClaimedAt, h.First, h.Updated, h.Deleted, h.Reasons = store.Time(at), store.Time(claimed), store.Time(first), store.Time(updated), deleted != 0, strings.Fields(reasons)
	h.Instance = h.stored
	if h.Root == "" {
		h.Root = h.stored
	}
	if h.Draft {
		for _, id := range []*string{&h.Instance, &h.Root, &h.Replaces, &h.ReplacedBy} {
			*id = strings.TrimPrefix(*id, draftPrefix)
		}
	}
	if h.Review == "" && h.Edits > 0 {
		h.Review = Edited
	}
	return h, nil
}

func (h *Head) object() access.Object {
	if h.Kind == Survey {
		return access.Object{Register: "answers", ID: h.stored, Org: h.Org, Office: h.Office, Owner: h.User}
	}
	return access.Object{Register: "submissions", ID: h.stored, Org: h.Org, Office: h.Office, Owner: h.User, Case: h.Case, Person: h.Person, State: h.State}
}

// Queue lists what waits in the intake of the subject's offices, oldest first.
// states: Received, Quarantined or both.
func (s *Service) Queue(tx *store.Tx, sub access.Subject, limit, offset int, states ...string) ([]Head, error) {
	where, args := s.policy.Filter(sub, access.Intake, "submissions")
	marks := make([]string, len(states))
	for i, st := range states {
		marks[i] = "?"
		args = append(args, st)
	}
	args = append(args, limit, offset)
	return store.All(tx, scanHead, headColumns+" FROM submissions r WHERE r.kind <> 'survey' AND ("+where+") AND r.replaced_by = '' AND r.state IN ("+strings.Join(marks, ", ")+") ORDER BY r.received_at, r.id LIMIT ? OFFSET ?", args...)
}

// Waiting counts what Queue lists, by state.
func (s *Service) Waiting(tx *store.Tx, sub access.Subject) (map[string]int, error) {
	where, args := s.policy.Filter(sub, access.Intake, "submissions")
	out := map[string]int{}
	err := tx.Each(func(rows *sql.Rows) error {
		var state string
		var n int
		if err := rows.Scan(&state, &n); err != nil {
			return err
		}
		out[state] = n
		return nil
	}, "SELECT r.state, count(*) FROM submissions r WHERE r.kind <> 'survey' AND ("+where+") AND r.replaced_by = '' AND r.state IN ('received', 'quarantined') GROUP BY r.state", args...)
	return out, err
}

// head reads one submission the subject may do action to.
func (s *Service) head(tx *store.Tx, sub access.Subject, action access.Action, instance string) (Head, error) {
	list, err := store.All(tx, scanHead, headColumns+" FROM submissions r WHERE r.id = ?", instance)
	if err != nil {
		return Head{}, err
	}
	if len(list) == 0 {
		return Head{}, &access.Refusal{Action: action, Object: access.Object{Register: "submissions", ID: instance}, Reason: access.NoSuchRow}
	}
	h := list[0]
	_, err = s.policy.Require(tx, sub, action, h.object())
	return h, err
}

// Open gives a submission and its content to somebody who works the intake queue. The
// content can name a person, so the audit entry is on disk before it is given.
func (s *Service) Open(ctx context.Context, sub access.Subject, instance string) (h Head, body []byte, err error) {
	sub.At = s.now()
	err = s.db.Write(ctx, func(tx *store.Tx) error {
		if h, err = s.head(tx, sub, access.Intake, instance); err != nil {
			return err
		}
		if body, err = s.body(tx, instance); err != nil {
			return err
		}
		return s.audit.Append(tx, audit.Entry{At: sub.At, Actor: sub.User, Org: sub.Org, Action: "submission.open", Outcome: audit.OK, Register: "submissions", Object: ForAudit(instance), Case: h.Case})
	})
	if err != nil {
		return Head{}, nil, err
	}
	return h, body, nil
}

func (s *Service) body(tx *store.Tx, instance string) ([]byte, error) {
	var sealed []byte
	if err := tx.Row("SELECT body FROM submissions WHERE id = ?", instance).Scan(&sealed); err != nil {
		return nil, err
	}
	return s.vault.Open(tx, bodyContext(instance), sealed)
}

// ErrTaken: somebody else has already dealt with the submission.
var ErrTaken = errors.New("somebody else has dealt with this submission meanwhile")

// Join makes an intake part of a case: its key becomes the person's. It runs inside the
// submission that opens or extends the case. Body gives what it holds.
func (a *Act) Join(instance, caseID, person string) error {
	h, err := a.service.head(a.Tx, a.Meta.Subject, access.Intake, instance)
	if err != nil {
		return err
	}
	if (h.State != Received && h.State != Quarantined) || h.ReplacedBy != "" {
		return ErrTaken
	}
	keys, err := a.Tx.Strings("SELECT DISTINCT key_id FROM submissions WHERE id = ? UNION SELECT DISTINCT key_id FROM submission_files WHERE submission = ?", instance, instance)
	if err != nil {
		return err
	}
	for _, k := range keys {
		if err := a.service.vault.Own(a.Tx, k, person); err != nil {
			return err
		}
	}
	_, err = a.Tx.Exec("UPDATE submissions SET state = ?, case_id = ?, person_id = ?, claimed_by = ?, claimed_at = ? WHERE id = ?",
		Joined, caseID, person, a.Meta.Subject.User, store.Micros(a.Meta.At), instance)
	return err
}

// Content gives what a submission in the intake queue holds, to the act that joins it.
func (a *Act) Content(instance string) (Head, []byte, error) {
	h, err := a.service.head(a.Tx, a.Meta.Subject, access.Intake, instance)
	if err != nil {
		return Head{}, nil, err
	}
	body, err := a.service.body(a.Tx, instance)
	return h, body, err
}

// Dismiss sets an intake aside (a test, a duplicate); it stays kept. Reason is a code.
func (s *Service) Dismiss(ctx context.Context, sub access.Subject, instance, reason string) error {
	_, err := s.Submit(ctx, sub, Filled{Form: "intake.dismiss", Version: "1", Verb: "submission.dismiss", Detail: map[string]string{"submission": ForAudit(instance), "reason": reason}}, func(a *Act) error {
		h, err := s.head(a.Tx, a.Meta.Subject, access.Intake, instance)
		if err != nil {
			return err
		}
		if h.State != Received && h.State != Quarantined {
			return ErrTaken
		}
		_, err = a.Tx.Exec("UPDATE submissions SET state = ?, reasons = ?, claimed_by = ?, claimed_at = ? WHERE id = ?", Dismissed, reason, sub.User, store.Micros(a.Meta.At), instance)
		return err
	})
	return err
}
