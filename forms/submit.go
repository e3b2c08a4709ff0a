package forms

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"regexp"
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

// Service receives submissions for one store.
type Service struct {
	db       *store.DB
	vault    *vault.Vault
	audit    *audit.Log
	policy   *access.Policy
	registry *registry.Registry
	now      func() time.Time

	remembered remembered
	models     models

	onPublish []func(*store.Tx, access.Subject, *Checked, Published) error
	onReceive []func(*Act, Published, *xform.Instance, Head) error
	onReview  []func(*Act, Published, *xform.Instance, Head) error
}

// New makes the service; now is the clock, time.Now but in tests and demonstrations.
func New(db *store.DB, v *vault.Vault, log *audit.Log, p *access.Policy, r *registry.Registry, now func() time.Time) *Service {
	return &Service{db: db, vault: v, audit: log, policy: p, registry: r, now: now}
}

// States of a submission; the package comment says what each means.
const (
	Received    = "received"
	Applied     = "applied"
	InConflict  = "conflict"
	Quarantined = "quarantined"
	Joined      = "joined"
	Dismissed   = "dismissed"
)

// Filled is one filled form as it arrives.
type Filled struct {
	// Instance is the id given by who filled it in (a phone's uuid:…); made here when empty.
	Instance string
	Form     string
	Version  string
	// Org and Office are whose it is; the subject's own when empty.
	Org, Office string
	// Body is the form as filled: XML of an XForm, JSON of a form of the program.
	Body  []byte
	Files []File
	// Case and Person are set when it is known whom it is about; the body is then
	// sealed under the person's key.
	Case, Person string
	// State it is kept in when nothing else comes up; Applied when empty.
	State string
	// Reasons are codes of why it is quarantined.
	Reasons []string
	// Replaces is the instance that this one edits.
	Replaces string
	// Verb and Detail go into the audit entry; "submit" when empty.
	Verb   string
	Detail map[string]string

	// What Receive knows of a published form's submission.
	kind              string
	project           int64
	draft, encrypted  bool
	agent, deviceName string
	expected          []string // names of files that its answers name
	changes           int64    // the count of form_changes it was judged at; 0: of no matter
	before            *earlier // what it edits, once that is found
}

// File is an attachment.
type File struct {
	Name, MediaType string
	Body            []byte
}

// Result says what became of a submission.
type Result struct {
	Instance string
	// Duplicate: the very same submission was here already; nothing was changed.
	Duplicate bool
	State     string
	// Case is the case it is about, when that is known; of a duplicate, the first one's.
	Case      string
	Conflicts []string
}

// Faults of a submission that its sender can do something about.
var (
	// ErrDifferent: the instance id is known, with other content.
	ErrDifferent = errors.New("a submission with this instance id and other content is here already")
	// ErrNoEdit: the instance it says it edits was edited since.
	ErrNoEdit = errors.New("the submission that this one edits was edited by somebody since")
	// ErrNothingToEdit: the instance it says it edits is not here. It is an ErrNoEdit too.
	ErrNothingToEdit = fmt.Errorf("the submission that this one edits is not here: %w", ErrNoEdit)
	// ErrDeleted: the instance was set aside by a person, and is not taken again.
	ErrDeleted = errors.New("this submission was deleted")

	// errStale: a form changed since the submission was judged by it.
	errStale = errors.New("the forms changed meanwhile")
)

// Act is the work of one submission inside its transaction.
type Act struct {
	Tx   *store.Tx
	Meta registry.Meta

	service *Service
	filled  *Filled
	result  *Result
}

// Apply makes one change to a register.
func (a *Act) Apply(w registry.Write) (registry.Outcome, error) {
	out, err := a.service.registry.Apply(a.Tx, a.Meta, w)
	if out.Conflict != "" {
		a.result.Conflicts = append(a.result.Conflicts, out.Conflict)
	}
	return out, err
}

// About says whose case the submission turns out to be about, before it is kept.
func (a *Act) About(caseID, person string) { a.filled.Case, a.filled.Person = caseID, person }

// Note records beside the submission, as a code, what of it did not work. It stays in the
// state it is in.
func (a *Act) Note(code string) { a.filled.Reasons = noted(a.filled.Reasons, "", code) }

// Body is what the submission holds, as it was sent.
func (a *Act) Body() []byte { return a.filled.Body }

// Note does for a submission that is kept already what Act.Note does for a new one; codes
// take the place of the code instead, where that is not empty. It runs inside a write.
func (s *Service) Note(tx *store.Tx, instance, instead string, codes ...string) error {
	var reasons string
	if err := tx.Row("SELECT reasons FROM submissions WHERE id = ?", instance).Scan(&reasons); err != nil {
		return err
	}
	_, err := tx.Exec("UPDATE submissions SET reasons = ? WHERE id = ?", strings.Join(noted(strings.Fields(reasons), instead, codes...), " "), instance)
	return err
}

// noted is a list of codes with some more, and without one.
func noted(have []string, without string, more ...string) []string {
	out := slices.DeleteFunc(slices.Clone(have), func(c string) bool { return c == without })
	for _, c := range more {
		if c != "" && !slices.Contains(out, c) && len(out) < 2*maxReasons {
			out = append(out, c)
		}
	}
	return out
}

// Detail adds to the audit entry.
func (a *Act) Detail(key, value string) {
	if value == "" {
		return
	}
	if a.filled.Detail == nil {
		a.filled.Detail = map[string]string{}
	}
	a.filled.Detail[key] = value
}

// Submit keeps a submission and carries out its writes, all or nothing. It returns when
// that is on disk. apply may be nil.
func (s *Service) Submit(ctx context.Context, sub access.Subject, in Filled, apply func(*Act) error) (Result, error) {
	prepare(&in, sub)
	at := s.now().UTC().Truncate(time.Microsecond)
	sub.At = at
	var res Result
	err := s.db.Write(ctx, func(tx *store.Tx) error {
		filled := in // a write may run twice; each run starts from what arrived
		filled.Detail, filled.Reasons = copied(in.Detail), slices.Clone(in.Reasons)
		res = Result{Instance: filled.Instance, State: filled.State}
		known, err := s.known(tx, sub, &filled, &res)
		if err != nil || known {
			return err
		}
		act := &Act{Tx: tx, service: s, filled: &filled, result: &res,
			Meta: registry.Meta{Subject: sub, Submission: filled.Instance, At: at}}
		if apply != nil {
			if err := apply(act); err != nil {
				return err
			}
		}
		if len(res.Conflicts) > 0 {
			res.State = InConflict
		}
		if err := s.keep(tx, sub, &filled, &res, at); err != nil {
			return err
		}
		return s.audit.Append(tx, audit.Entry{
			At: at, Actor: actor(sub), Org: sub.Org, Action: filled.Verb, Outcome: audit.OK, Register: "submissions",
			Object: ForAudit(filled.Instance), Case: filled.Case, Detail: filled.Detail,
		})
	})
	return res, err
}

var (
	plainID    = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9._:/-]*$`)
	plainForm  = regexp.MustCompile(`^[a-z][a-z0-9._/-]*$`)
	uuidID     = regexp.MustCompile(`^(uuid:)?[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$`)
	longNumber = regexp.MustCompile(`[0-9][0-9.-]{6,}[0-9]`)
)

// ForAudit is how the audit log names an instance that a phone named. A phone may put
// anything there, a telephone number too; the log takes nothing that could be one, so
// what is no plain id stands there as its hash.
func ForAudit(instance string) string {
	if uuidID.MatchString(instance) || (plainID.MatchString(instance) && len(instance) <= 60 && !longNumber.MatchString(instance)) {
		return instance
	}
	return hashOf(instance)
}

// formForAudit does the same for the id of a form, which may have spaces and letters of
// any script.
func formForAudit(form string) string {
	if plainForm.MatchString(form) && len(form) <= 60 && !longNumber.MatchString(form) {
		return form
	}
	return hashOf(form)
}

func hashOf(s string) string {
	sum := sha256.Sum256([]byte(s))
	return hex.EncodeToString(sum[:])
}

func prepare(in *Filled, sub access.Subject) {
	if in.Instance == "" {
		in.Instance = ids.New()
	}
	if in.Org == "" {
		in.Org = sub.Org
	}
	if in.Office == "" && len(sub.Offices) > 0 {
		in.Office = sub.Offices[0]
	}
	if in.State == "" {
		in.State = Applied
	}
	if in.Verb == "" {
		in.Verb = "submit"
	}
}

func copied(m map[string]string) map[string]string {
	out := map[string]string{}
	for k, v := range m {
		out[k] = v
	}
	return out
}

// actor is who the audit log names: the device when one sent it, else the user.
func actor(sub access.Subject) string {
	if sub.Device != "" {
		return sub.Device
	}
	return sub.User
}

// known looks whether the instance is here already. Attachments that come in a second
// part of the same instance are added. The content itself is compared, not a hash of it:
// a hash would let a thief of the database try names, and would outlive the person's key.
func (s *Service) known(tx *store.Tx, sub access.Subject, in *Filled, res *Result) (bool, error) {
	var id, org, user, form, state, key, caseID string
	var deleted, changes int64
	var sealed []byte
	err := tx.Row(`SELECT c.n, coalesce(s.id, ''), coalesce(s.org, ''), coalesce(s.actor, ''), coalesce(s.form, ''), coalesce(s.state, ''), coalesce(s.key_id, ''), coalesce(s.case_id, ''), coalesce(s.deleted_at, 0), s.body
		FROM form_changes c LEFT JOIN submissions s ON s.id = ? WHERE c.id = 1`, in.Instance).Scan(&changes, &id, &org, &user, &form, &state, &key, &caseID, &deleted, &sealed)
	if err != nil {
		return false, err
	}
	if id == "" {
		if in.changes != 0 && changes != in.changes {
			return false, errStale
		}
		return false, nil
	}
	// An id says nothing about what others sent: theirs is answered like other content. A
	// device may have changed hands meanwhile, so of one the organisation decides.
	if form != in.Form || org != in.Org || (sub.Device == "" && user != sub.User) || (in.Case != "" && caseID != in.Case) {
		return false, ErrDifferent
	}
	body, err := s.vault.Open(tx, bodyContext(in.Instance), sealed)
	if err != nil && !errors.Is(err, vault.ErrErased) {
		return false, err
	}
	if err == nil && !bytes.Equal(body, in.Body) {
		return false, ErrDifferent
	}
	if deleted != 0 {
		return false, ErrDeleted
	}
	res.Duplicate, res.State, res.Case = true, state, caseID
	if err != nil {
		return true, nil // the phone is told that all is well, and nothing of the person comes back
	}
	return true, s.addFiles(tx, in, key)
}

func (s *Service) keep(tx *store.Tx, sub access.Subject, in *Filled, res *Result, at time.Time) error {
	if err := s.replace(tx, in); err != nil {
		return err
	}
	res.Case = in.Case
	key, err := s.key(tx, in)
	if err != nil {
		return err
	}
	body := key.Seal(bodyContext(in.Instance), in.Body)
	root, edits, first, updated := "", 0, store.Micros(at), int64(0)
	if in.before != nil {
		root, edits, first, updated = in.before.root, in.before.edits+1, in.before.first, store.Micros(at)
	}
	if _, err := tx.Exec(`INSERT INTO submissions (id, form, form_version, org, office, actor, device, received_at, state, key_id, body, size, case_id, person_id, replaces, reasons,
		kind, project, draft, encrypted, root, edits, first_at, updated_at, agent, device_name, files_present, files_expected)
		VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
		in.Instance, in.Form, in.Version, in.Org, in.Office, sub.User, sub.Device, store.Micros(at), res.State, key.ID, body, len(in.Body),
		in.Case, in.Person, in.Replaces, strings.Join(in.Reasons, " "),
		in.kind, in.project, in.draft, in.encrypted, root, edits, first, updated, in.agent, in.deviceName, in.present(), len(in.expected)); err != nil {
		return fmt.Errorf("keeping the submission: %w", err)
	}
	return s.keepFiles(tx, in, key)
}

func (s *Service) key(tx *store.Tx, in *Filled) (*vault.Key, error) {
	if in.Person == "" {
		return s.vault.MakeKey(tx, in.Instance)
	}
	id, err := s.vault.PersonKey(tx, in.Person)
	if err != nil {
		return nil, err
	}
	return s.vault.Use(tx, id)
}

// earlier is the version of a submission that another one edits.
type earlier struct {
	org, office string
	root        string // the first of the chain
	edits       int
	first       int64 // when that came
}

// replace marks the edited submission. Only the newest version may be edited, so that
// two edits of one version do not both count. An edit stays in the office of what it edits.
func (s *Service) replace(tx *store.Tx, in *Filled) error {
	if in.Replaces == "" || in.before != nil {
		return nil
	}
	var form, next string
	var draft bool
	var deleted int64
	b := &earlier{}
	err := tx.Row("SELECT form, org, office, draft, replaced_by, deleted_at, root, edits, first_at FROM submissions WHERE id = ?", in.Replaces).
		Scan(&form, &b.org, &b.office, &draft, &next, &deleted, &b.root, &b.edits, &b.first)
	switch {
	case errors.Is(err, store.ErrNone):
		return ErrNothingToEdit
	case err != nil:
		return err
	case form != in.Form || b.org != in.Org || draft != in.draft || deleted != 0 || in.Replaces == in.Instance || in.kind != Survey && b.office != in.Office:
		return ErrNothingToEdit
	case next != "":
		return ErrNoEdit
	}
	if b.root == "" {
		b.root = in.Replaces
	}
	in.before, in.Office = b, b.office
	_, err = tx.Exec("UPDATE submissions SET replaced_by = ? WHERE id = ?", in.Instance, in.Replaces)
	return err
}
