package release

import (
	"database/sql"
	"encoding/json"
	"errors"
	"slices"
	"time"

	"aman/platform/access"
	"aman/platform/store"
	"aman/release/dp"
)

// Paths of a release.
const (
	PathDP = "dp" // differential privacy: synthetic records and counts with noise
	PathK  = "k"  // k-anonymity: true records, coarsened and withheld
)

// Ask is what somebody wants to release, and the SPEC.yaml of `aman release`. All of it but Reason is public.
type Ask struct {
	Title   map[string]string   `json:"title" yaml:"title"` // en, ur, id
	Summary map[string]string   `json:"summary,omitempty" yaml:"summary,omitempty"`
	Profile string              `json:"profile" yaml:"profile"`
	From    string              `json:"from" yaml:"from"` // 2024 or 2024-03; both ends are counted
	To      string              `json:"to" yaml:"to"`
	Where   map[string][]string `json:"where,omitempty" yaml:"where,omitempty"`     // office: ids; an open code property: the codes that are kept
	Columns []string            `json:"columns,omitempty" yaml:"columns,omitempty"` // of the profile; nil: all that can be filled
	Path    string              `json:"path" yaml:"path"`
	Epsilon float64             `json:"epsilon,omitempty" yaml:"epsilon,omitempty"`
	Delta   float64             `json:"delta,omitempty" yaml:"delta,omitempty"`   // 0: 1e-6
	Length  int                 `json:"length,omitempty" yaml:"length,omitempty"` // longest combination counted; 0: 3
	K       int                 `json:"k,omitempty" yaml:"k,omitempty"`           // 0: 11
	// Expect is a public guess of how many people there are, for the prediction of a first release; 0: 2,000.
	Expect    int    `json:"expect,omitempty" yaml:"expect,omitempty"`
	Edition   string `json:"edition,omitempty" yaml:"edition,omitempty"`
	Publisher string `json:"publisher,omitempty" yaml:"publisher,omitempty"`
	Contact   string `json:"contact,omitempty" yaml:"contact,omitempty"`
	URL       string `json:"url,omitempty" yaml:"url,omitempty"`
	Reason    string `json:"reason,omitempty" yaml:"reason,omitempty"` // for who approves; never published
}

// States of a request.
const (
	Draft     = "draft"     // its owner works on it; nobody else sees it
	Submitted = "submitted" // waits for a second person
	Approved  = "approved"  // waits for the job, or is being made
	Rejected  = "rejected"  // by the second person, with words
	Released  = "released"  // the folder can be fetched
	Failed    = "failed"    // Fault says why; what was spent stays spent
	Withdrawn = "withdrawn" // by its owner
	Recalled  = "recalled"  // the folder can no longer be fetched
)

// States lists them.
var States = []string{Draft, Submitted, Approved, Rejected, Released, Failed, Withdrawn, Recalled}

// who may take a step, beside having the right.
type who int

const (
	owner  who = iota // who made the request
	other             // anybody but its owner
	anyone            // whoever has the right
)

// Move is one row of the state machine.
type Move struct {
	Act   string
	From  []string
	To    string
	Right []access.Action // one of them
	By    who
	Words bool // must say why
}

// Moves is the state machine. The job alone leads from Approved to Released or Failed.
var Moves = []Move{
	{Act: "revise", From: []string{Draft}, To: Draft, Right: []access.Action{access.Release}, By: owner},
	{Act: "plan", From: []string{Draft, Failed}, Right: []access.Action{access.Release}, By: owner},
	{Act: "submit", From: []string{Draft}, To: Submitted, Right: []access.Action{access.Release}, By: owner},
	{Act: "withdraw", From: []string{Draft, Submitted, Failed}, To: Withdrawn, Right: []access.Action{access.Release}, By: owner},
	{Act: "approve", From: []string{Submitted}, To: Approved, Right: []access.Action{access.ApproveRelease}, By: other},
	{Act: "reject", From: []string{Submitted}, To: Rejected, Right: []access.Action{access.ApproveRelease}, By: other, Words: true},
	{Act: "cancel", From: []string{Approved}, To: Failed, Right: []access.Action{access.Release, access.ApproveRelease}, By: anyone},
	{Act: "again", From: []string{Failed}, To: Submitted, Right: []access.Action{access.Release}, By: owner},
	{Act: "recall", From: []string{Released}, To: Recalled, Right: []access.Action{access.Release, access.ApproveRelease}, By: anyone, Words: true},
}

func move(act string) Move {
	return Moves[slices.IndexFunc(Moves, func(m Move) bool { return m.Act == act })]
}

// Request is one release, from the draft on.
type Request struct {
	ID, Org, Owner, State string
	Population            string // register/organisation: whose ledger pays
	Ask                   Ask
	Plan                  *Plan // nil: not planned yet
	CreatedAt, ChangedAt  time.Time
	SubmittedAt           time.Time
	ApprovedAt            time.Time
	ReleasedAt            time.Time
	RecalledAt            time.Time
	Approver              string // who approved or rejected
	Words                 string // of the rejection or the recall
	Fault                 string // a code: why it failed
	Approvals             int    // each pays for one attempt at most
	Attempts              int    // spends recorded so far
	Job                   string
	Hash                  string // SHA-256 of the folder's manifest

	planned string // of which ask the plan is
}

// Why a request failed.
const (
	FaultCancelled   = "cancelled"   // by a person
	FaultInterrupted = "interrupted" // the node stopped after the budget was spent; a new attempt spends again
	FaultBudget      = "budget"      // the ledger has not enough left
	FaultRisk        = "risk"        // the rule of the profile (HDX: 3 %)
	FaultEarlier     = "earlier"     // overlaps an earlier release; together they could tell more than each
	FaultFew         = "too_few"     // fewer records than must be alike
	FaultRefused     = "refused"     // its owner may no longer release
	FaultOther       = "failed"      // the log has it
)

func (r *Request) object() access.Object {
	return access.Object{Register: "releases", ID: r.ID, Org: r.Org, Owner: r.Owner}
}

// Fault is what is wrong with an Ask or a step, and can be mended. Code is a key of texts, Field the field at fault.
type Fault struct{ Code, Field string }

func (f *Fault) Error() string { return "release: " + f.Code + " (" + f.Field + ")" }

// AsFault gives the fault in err; nil when it is something else.
func AsFault(err error) *Fault {
	var f *Fault
	if errors.As(err, &f) {
		return f
	}
	return nil
}

// What can go wrong with a step.
var (
	// ErrState refuses a step from another state.
	ErrState = errors.New("the release is not in a state that allows this")
	// ErrRecalled refuses the folder of a recalled release.
	ErrRecalled = errors.New("this release was recalled")
)

const requestColumns = `SELECT r.id, r.org, r.actor, r.population, r.state, r.ask, r.planned, r.approver, r.words, r.fault, r.job, r.hash, r.approvals,
	r.created_at, r.changed_at, r.submitted_at, r.approved_at, r.released_at, r.recalled_at FROM release_requests r`

func scanRequest(rows *sql.Rows) (r *Request, err error) {
	r = &Request{}
	var ask string
	var at [6]int64
	if err := rows.Scan(&r.ID, &r.Org, &r.Owner, &r.Population, &r.State, &ask, &r.planned, &r.Approver, &r.Words, &r.Fault, &r.Job, &r.Hash, &r.Approvals,
		&at[0], &at[1], &at[2], &at[3], &at[4], &at[5]); err != nil {
		return nil, err
	}
	for i, t := range []*time.Time{&r.CreatedAt, &r.ChangedAt, &r.SubmittedAt, &r.ApprovedAt, &r.ReleasedAt, &r.RecalledAt} {
		*t = store.Time(at[i])
	}
	return r, json.Unmarshal([]byte(ask), &r.Ask)
}

// load reads a request without asking who looks.
func (s *Service) load(tx *store.Tx, id string) (*Request, error) {
	list, err := store.All(tx, scanRequest, requestColumns+" WHERE r.id = ?", id)
	if err != nil {
		return nil, err
	}
	if len(list) == 0 {
		return nil, &access.Refusal{Action: access.Read, Object: access.Object{Register: "releases", ID: id}, Reason: access.NoSuchRow}
	}
	return list[0], attempts(tx, list...)
}

// attempts counts what the ledgers say was spent for each request.
func attempts(tx *store.Tx, list ...*Request) (err error) {
	ledgers := map[string][]dp.Entry{}
	for _, r := range list {
		if r.Ask.Path != PathDP || r.State == Draft {
			continue
		}
		ledger, read := ledgers[r.Population]
		if !read {
			if ledger, err = entries(tx, r.Population); err != nil {
				return err
			}
			ledgers[r.Population] = ledger
		}
		r.Attempts = len(spends(ledger, r.ID))
	}
	return nil
}

// Request reads one request. A draft is shown to its owner alone, the plan to those who release or approve.
func (s *Service) Request(tx *store.Tx, sub access.Subject, id string) (*Request, error) {
	r, err := s.load(tx, id)
	if err != nil {
		return nil, err
	}
	if _, err := s.policy.Require(tx, sub, access.Read, r.object()); err != nil {
		return nil, err
	}
	if r.State == Draft && r.Owner != sub.User {
		return nil, &access.Refusal{Action: access.Read, Object: r.object(), Reason: access.OutOfScope}
	}
	r.Plan, err = s.plan(tx, sub, r)
	return r, err
}

// Requests lists what the subject may see, newest first, without plans. Drafts of others are left out.
func (s *Service) Requests(tx *store.Tx, sub access.Subject, limit int) ([]*Request, error) {
	where, args := s.policy.Filter(sub, access.Read, "releases")
	list, err := store.All(tx, scanRequest, requestColumns+" WHERE ("+where+") AND (r.state <> ? OR r.actor = ?) ORDER BY r.created_at DESC, r.id DESC LIMIT ?",
		append(args, Draft, sub.User, limit)...)
	if err != nil {
		return nil, err
	}
	return list, attempts(tx, list...)
}

// Acts names the steps that the subject may take now: the buttons of a page.
func (s *Service) Acts(sub access.Subject, r *Request) (out []string) {
	for _, m := range Moves {
		if slices.Contains(m.From, r.State) && s.allowed(sub, m, r) == nil {
			out = append(out, m.Act)
		}
	}
	return out
}

// allowed decides whether the subject may take a step, whatever the state. The policy itself forbids approving one's own.
func (s *Service) allowed(sub access.Subject, m Move, r *Request) error {
	refusal := &access.Refusal{Action: m.Right[0], Object: r.object(), Reason: access.NoGrant}
	for _, right := range m.Right {
		d := s.policy.Can(sub, right, r.object(), access.Facts{})
		switch {
		case !d.Allow:
			refusal = &access.Refusal{Action: right, Object: r.object(), Reason: d.Why}
		case m.By == owner && r.Owner != sub.User:
			refusal = &access.Refusal{Action: right, Object: r.object(), Reason: access.OutOfScope}
		case m.By == other && r.Owner == sub.User:
			refusal = &access.Refusal{Action: right, Object: r.object(), Reason: access.SecondPerson}
		default:
			return nil
		}
	}
	return refusal
}
