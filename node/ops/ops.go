package ops

import (
	"context"
	"fmt"
	"log/slog"
	"time"

	"aman/node"
	"aman/platform/jobs"
	"aman/platform/store"
)

// Refused says why something was not done; nothing was changed. It is for the person
// who gave the command.
type Refused struct {
	Text string
	Err  error
}

func (r *Refused) Error() string { return r.Text }
func (r *Refused) Unwrap() error { return r.Err }

func refuse(format string, args ...any) error { return &Refused{Text: fmt.Sprintf(format, args...)} }

// Settled refuses a node that nobody could sign in to: init was not run, or not finished.
func Settled(ctx context.Context, db *store.DB) error {
	return db.Read(ctx, func(tx *store.Tx) error {
		var n int64
		if err := tx.Row("SELECT count(*) FROM users").Scan(&n); err != nil {
			return err
		}
		if n == 0 {
			return &store.Error{Kind: store.Missing, Text: "There is nobody on this node yet. Make its first administrator with `aman init`."}
		}
		return nil
	})
}

// Duty is periodic work of a node.
type Duty struct {
	Kind string
	Rule jobs.Rule
	Run  func(context.Context, *jobs.Job) error
}

// backlogMost is how long an offline change to an entity waits for the one before it: a phone
// that was out of reach for a working week.
const backlogMost = 5 * 24 * time.Hour

// Upkeep lists the periodic work of a node; serve gives it to the job queue.
func Upkeep(n *node.Node, log *slog.Logger) []Duty {
	return []Duty{
		{"vault.maintain", jobs.Rule{Every: 24 * time.Hour, Timeout: 2 * time.Hour}, func(ctx context.Context, j *jobs.Job) error {
			u, err := n.Vault.Maintain(ctx, n.Now())
			if u.Rotated || u.Rewrapped > 0 || len(u.Expired) > 0 {
				log.Info("keys", "rotated", u.Rotated, "rewrapped", u.Rewrapped, "expired", u.Expired)
			}
			return err
		}},
		{"audit.checkpoint", jobs.Rule{Every: time.Hour}, func(ctx context.Context, j *jobs.Job) error {
			c, err := n.Audit.Checkpoint(ctx)
			if err == nil {
				// A log that is shipped elsewhere keeps what proves later that nothing was cut.
				log.Info("audit checkpoint", "checkpoint", c)
			}
			return err
		}},
		{"entities.force", jobs.Rule{Every: time.Hour}, func(ctx context.Context, j *jobs.Job) error {
			n, err := n.Entities.Force(ctx, backlogMost)
			if n > 0 {
				log.Info("entities: offline changes carried out without the ones before them", "changes", n)
			}
			return err
		}},
		{"signin.purge", jobs.Rule{Every: time.Hour}, func(ctx context.Context, j *jobs.Job) error { return n.SignIn.Purge(ctx) }},
	}
}
