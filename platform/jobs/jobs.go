package jobs

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"sync"
	"time"

	"aman/platform/ids"
	"aman/platform/store"
)

// States of a job.
const (
	Waiting   = "waiting"   // for its time, or for a free worker
	Running   = "running"   // on the node that holds the lease
	Stopping  = "stopping"  // cancelled while running; the worker was told
	Done      = "done"      // with a result
	Failed    = "failed"    // for good, with an error
	Cancelled = "cancelled" // by a person
)

// Rule says how jobs of one kind are run.
type Rule struct {
	Attempts int           // tries before it counts as failed (default 5)
	Timeout  time.Duration // of one try (default 10 minutes)
	Every    time.Duration // periodic: one job of this kind runs at this pace; 0: only when enqueued
}

// Options of one job.
type Options struct {
	RunAt  time.Time // not before; zero: now
	Unique string    // with the same kind and Unique, one waits and one runs at most
	By     string    // user id of who asked for it
}

// Queue is the queue of a store, seen from one node. It is safe for concurrent use.
type Queue struct {
	// Workers is how many jobs run at once on this node (default 2). Set before Run.
	Workers int
	// Lease is how long a node that fell silent keeps its jobs (default 1 minute). The
	// clocks of nodes must agree to within half of it.
	Lease time.Duration
	// Poll is how often the table is asked for work that other nodes enqueued, or that
	// came due (default 1 second). Work enqueued on this node starts at once.
	Poll time.Duration

	db    *store.DB
	node  string
	wake  chan struct{}
	mu    sync.Mutex
	kinds map[string]kind
	live  map[string]*Job // running here, by lease
}

type kind struct {
	Rule
	run func(context.Context, *Job) error
}

// New gives the queue of db for a node; node is a name for people, such as a host name.
func New(db *store.DB, node string) *Queue {
	return &Queue{
		Workers: 2, Lease: time.Minute, Poll: time.Second,
		db: db, node: node, wake: make(chan struct{}, 1), kinds: map[string]kind{}, live: map[string]*Job{},
	}
}

// Handle says what runs jobs of a kind. Call it before Run. A node takes only jobs
// of kinds that it handles. run must end soon after its context does.
func (q *Queue) Handle(name string, rule Rule, run func(context.Context, *Job) error) {
	if rule.Attempts <= 0 {
		rule.Attempts = 5
	}
	if rule.Timeout <= 0 {
		rule.Timeout = 10 * time.Minute
	}
	q.mu.Lock()
	defer q.mu.Unlock()
	q.kinds[name] = kind{rule, run}
}

// argsMost bounds the arguments of a job: they are ids, not content.
const argsMost = 16 << 10

// Enqueue adds a job inside a write: it will run if and only if the write is kept.
// args become JSON and must hold ids and settings, never an identity value. With
// Unique, a job of this kind that still waits is taken instead, and its id returned.
func (q *Queue) Enqueue(tx *store.Tx, name string, args any, o Options) (id string, err error) {
	b, err := json.Marshal(args)
	if err != nil {
		return "", fmt.Errorf("the arguments of the job %s: %w", name, err)
	}
	if len(b) > argsMost {
		return "", fmt.Errorf("the arguments of the job %s are too big (%d bytes); pass ids", name, len(b))
	}
	now := time.Now()
	if o.RunAt.IsZero() {
		o.RunAt = now
	}
	if o.Unique != "" {
		err := tx.Row("SELECT id FROM jobs WHERE kind = ? AND unique_key = ? AND state = 'waiting' LIMIT 1", name, o.Unique).Scan(&id)
		if !errors.Is(err, store.ErrNone) {
			return id, err
		}
	}
	id = ids.New()
	_, err = tx.Exec("INSERT INTO jobs (id, kind, args, state, unique_key, run_at, most, created_by, created_at) VALUES (?, ?, ?, 'waiting', ?, ?, ?, ?, ?)",
		id, name, string(b), o.Unique, store.Micros(o.RunAt), q.attempts(name), o.By, store.Micros(now))
	tx.AfterCommit(q.ring)
	return id, err
}

func (q *Queue) attempts(name string) int {
	q.mu.Lock()
	defer q.mu.Unlock()
	if k, ok := q.kinds[name]; ok {
		return k.Attempts
	}
	return 5
}

func (q *Queue) ring() {
	select {
	case q.wake <- struct{}{}:
	default:
	}
}

// Status is a job as it stands.
type Status struct {
	ID, Kind, State        string
	Args                   json.RawMessage
	By                     string
	CreatedAt              time.Time
	RunAt                  time.Time // of a job that waits
	FinishedAt             time.Time // zero: not finished; of a periodic job, its last run
	Attempts, AttemptsMost int
	Progress               float64 // 0 to 1
	Note                   string
	Result                 json.RawMessage // nil: none
	Error                  string          // of the last try; a sentence for a person
}

const columns = "id, kind, state, args, created_by, created_at, run_at, finished_at, attempts, most, progress, note, result, error"

func scan(r interface{ Scan(...any) error }) (s Status, err error) {
	var args, result string
	var created, run, finished int64
	err = r.Scan(&s.ID, &s.Kind, &s.State, &args, &s.By, &created, &run, &finished, &s.Attempts, &s.AttemptsMost, &s.Progress, &s.Note, &result, &s.Error)
	s.Args, s.CreatedAt, s.RunAt, s.FinishedAt = json.RawMessage(args), store.Time(created), store.Time(run), store.Time(finished)
	if result != "" {
		s.Result = json.RawMessage(result)
	}
	return s, err
}

// Get reads a job; store.ErrNone when there is none.
func (q *Queue) Get(tx *store.Tx, id string) (Status, error) {
	return scan(tx.Row("SELECT "+columns+" FROM jobs WHERE id = ?", id))
}

// Filter picks jobs; empty fields pick all.
type Filter struct {
	Kind, State, By string
	Before          string // an id: only jobs made before that one
	Most            int    // default 100
}

// List gives jobs, the newest first.
func (q *Queue) List(tx *store.Tx, f Filter) ([]Status, error) {
	if f.Most <= 0 {
		f.Most = 100
	}
	where, args := "1 = 1", []any{}
	for _, c := range []struct{ sql, value string }{
		{"kind = ?", f.Kind}, {"state = ?", f.State}, {"created_by = ?", f.By}, {"id < ?", f.Before},
	} {
		if c.value != "" {
			where += " AND " + c.sql
			args = append(args, c.value)
		}
	}
	return store.All(tx, func(r *sql.Rows) (Status, error) { return scan(r) },
		"SELECT "+columns+" FROM jobs WHERE "+where+" ORDER BY id DESC LIMIT ?", append(args, f.Most)...)
}

// ErrState refuses what does not fit the job's state: cancelling what has ended,
// retrying what has not failed.
var ErrState = errors.New("the job is not in a state that allows this")

// Cancel stops a job. One that runs is told, and counts as stopping until its worker
// has ended. A periodic job can only be stopped while it runs; it comes again in time.
func (q *Queue) Cancel(tx *store.Tx, id string) error {
	n, err := tx.Exec("UPDATE jobs SET state = 'cancelled', finished_at = ? WHERE id = ? AND state = 'waiting' AND unique_key <> ?", store.Micros(time.Now()), id, periodic)
	if err != nil || n == 1 {
		return err
	}
	n, err = tx.Exec("UPDATE jobs SET state = 'stopping' WHERE id = ? AND state IN ('running', 'stopping')", id)
	if err == nil && n == 0 {
		return ErrState
	}
	tx.AfterCommit(func() { q.stopHere(id) })
	return err
}

// Retry lets a failed or cancelled job begin again, with all its attempts.
func (q *Queue) Retry(tx *store.Tx, id string) error {
	n, err := tx.Exec(`UPDATE jobs SET state = 'waiting', attempts = 0, run_at = ?, finished_at = 0, progress = 0, note = '', error = ''
		WHERE id = ? AND state IN ('failed', 'cancelled')`, store.Micros(time.Now()), id)
	if err == nil && n == 0 {
		return ErrState
	}
	tx.AfterCommit(q.ring)
	return err
}
