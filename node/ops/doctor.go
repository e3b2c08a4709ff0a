package ops

import (
	"cmp"
	"context"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"time"

	"aman/node"
	"aman/platform/store"
	"aman/platform/vault"
)

// States of a check.
const (
	OK   = "ok"
	Warn = "warn" // needs care soon
	Bad  = "bad"  // needs care now
)

// Check is one thing that was looked at.
type Check struct {
	Name  string `json:"name"`
	State string `json:"state"`
	Text  string `json:"text"` // a sentence
}

// Health is the outcome of an examination.
type Health struct {
	State  string  `json:"state"` // the worst of the checks
	Checks []Check `json:"checks"`
}

func (h *Health) say(name, state, format string, args ...any) {
	h.Checks = append(h.Checks, Check{name, state, fmt.Sprintf(format, args...)})
	rank := []string{OK, Warn, Bad}
	if h.State == "" || slices.Index(rank, state) > slices.Index(rank, h.State) {
		h.State = state
	}
}

// Examine looks at a node from outside in, and goes on where one thing is ill as long as
// the next can be looked at.
func Examine(ctx context.Context, c node.Config, now time.Time) Health {
	var h Health
	h.disk(c)
	ring, err := ringOf(&c)
	if err != nil {
		h.say("keys", Bad, "%v", err)
		return h
	}
	h.keys(ring, c, now)
	n, err := node.Open(ctx, c)
	if err != nil {
		h.say("store", Bad, "%v", err)
		return h
	}
	defer n.Close()
	for _, f := range []func(context.Context, *node.Node, time.Time) error{h.store, h.audit, h.clock, h.jobs, h.people, h.backups, h.orphans} {
		if err := f(ctx, n, now); err != nil {
			h.say("store", Bad, "%v", err)
		}
	}
	return h
}

// Space below which the doctor warns: a day of photos, and room to write a backup.
const spaceLeast = 1 << 30

func (h *Health) disk(c node.Config) {
	if c.Data == "" {
		return
	}
	if free, ok := free(c.Data); ok {
		state := OK
		if free < spaceLeast {
			state = Warn
		}
		h.say("disk", state, "%.1f GB are free where the data are.", float64(free)/(1<<30))
	}
	if info, err := os.Stat(c.Data); err == nil && runtime.GOOS != "windows" && info.Mode().Perm()&0o077 != 0 {
		h.say("rights", Warn, "Others on this machine may look into the data folder (its rights are %04o). Set it to 0700.", info.Mode().Perm())
	}
}

func (h *Health) keys(ring *vault.Ring, c node.Config, now time.Time) {
	epochs := ring.Epochs()
	last := epochs[len(epochs)-1]
	every, keep := ring.Retention()
	h.say("keys", OK, "The key ring opens. Epoch %d began on %s.", last.N, last.Made.Format(time.DateOnly))
	if age := now.Sub(last.Made); age > every+48*time.Hour {
		h.say("rotation", Bad, "The epoch should have been replaced after %d days and is %d days old, so erased people linger in backups. Keep `aman serve` running, or run `aman keys rotate`.", days(every), days(age))
	}
	for _, e := range epochs {
		if e.Gone.IsZero() && !e.Replaced.IsZero() && now.Sub(e.Replaced) > keep+48*time.Hour {
			h.say("expiry", Bad, "The key of epoch %d should have been destroyed on %s and is still there. Run `aman keys expire`.", e.N, e.Replaced.Add(keep).Format(time.DateOnly))
		}
	}
	if locked, err := vault.Locked(c.Keys); err == nil && !locked && inside(c.Data, c.Keys) {
		h.say("key folder", Warn, "The key ring lies in the data folder and has no passphrase: whoever takes the disk can read everything. Move it to another medium (--keys), or lock it (`aman keys passphrase`).")
	}
}

func inside(dir, sub string) bool {
	rel, err := filepath.Rel(dir, sub)
	return dir != "" && err == nil && rel != ".." && !strings.HasPrefix(rel, ".."+string(filepath.Separator))
}

func days(d time.Duration) int { return int(d / (24 * time.Hour)) }

func (h *Health) store(ctx context.Context, n *node.Node, _ time.Time) error {
	faults, err := n.Store.Check(ctx)
	if err != nil {
		return err
	}
	if len(faults) > 0 {
		h.say("store", Bad, "The database is damaged: %s. Stop the node, keep a copy of the data folder, and restore the last backup.", strings.Join(faults, "; "))
		return nil
	}
	return n.Store.Read(ctx, func(tx *store.Tx) error {
		schema, err := tx.Schema()
		if err == nil {
			h.say("store", OK, "The database opens and is sound (%s, schema %d).", n.Store.Engine(), schema)
		}
		return err
	})
}

func (h *Health) audit(ctx context.Context, n *node.Node, _ time.Time) error {
	rep, err := n.VerifyAudit(ctx, nil)
	switch {
	case err != nil:
		return err
	case rep.Fault != nil:
		h.say("audit", Bad, "%s Somebody changed the audit log outside Aman.", rep.Fault.Text)
	default:
		h.say("audit", OK, "The audit log is whole: %d entries.", rep.Entries)
	}
	return nil
}

// count asks for one number.
func count(ctx context.Context, n *node.Node, query string, args ...any) (out int64, err error) {
	err = n.Store.Read(ctx, func(tx *store.Tx) error { return tx.Row(query, args...).Scan(&out) })
	return out, err
}

func (h *Health) clock(ctx context.Context, n *node.Node, now time.Time) error {
	last, err := count(ctx, n, "SELECT coalesce(max(at), 0) FROM audit WHERE seq > (SELECT coalesce(max(seq), 0) - 100 FROM audit)")
	if err != nil {
		return err
	}
	if ahead := store.Time(last).Sub(now); last > 0 && ahead > 2*time.Minute {
		h.say("clock", Bad, "The clock of this machine is behind: the newest act in the log was %s later than now. Codes, sessions and deadlines will be wrong.", ahead.Round(time.Minute))
		return nil
	}
	h.say("clock", OK, "The clock agrees with the log: %s.", now.UTC().Format(time.RFC3339))
	return nil
}

func (h *Health) jobs(ctx context.Context, n *node.Node, now time.Time) error {
	for _, q := range []struct{ query, text string }{
		{"SELECT count(*) FROM jobs WHERE state = 'failed' AND finished_at > ?", "%d jobs failed in the last week; look at the administrator's page."},
		{"SELECT count(*) FROM jobs WHERE state = 'waiting' AND run_at < ?", "%d jobs should have run more than an hour ago. Is `aman serve` running?"},
		{"SELECT count(*) FROM jobs WHERE state IN ('running', 'stopping') AND lease_until < ?", "%d jobs were left by a node that is gone; they are taken up again when `aman serve` runs."},
	} {
		since := now.Add(-time.Hour)
		if strings.Contains(q.query, "failed") {
			since = now.AddDate(0, 0, -7)
		}
		c, err := count(ctx, n, q.query, store.Micros(since))
		if err != nil {
			return err
		}
		if c > 0 {
			h.say("jobs", Warn, q.text, c)
		}
	}
	return nil
}

func (h *Health) people(ctx context.Context, n *node.Node, _ time.Time) error {
	c, err := count(ctx, n, "SELECT count(*) FROM users u JOIN user_roles r ON r.user_id = u.id JOIN orgs o ON o.id = u.org WHERE r.role = 'administrator' AND NOT u.disabled AND NOT o.disabled")
	if err == nil && c == 0 {
		h.say("people", Bad, "No administrator can sign in. Run `aman user add` or `aman user enable`.")
	}
	return err
}

func (h *Health) backups(ctx context.Context, n *node.Node, now time.Time) error {
	last, err := count(ctx, n, "SELECT coalesce(max(at), 0) FROM audit WHERE action = 'node.backup'")
	switch age := now.Sub(store.Time(last)); {
	case err != nil:
		return err
	case last == 0:
		h.say("backup", Warn, "No backup was ever made. Run `aman backup FILE`, and keep the file elsewhere.")
	case age > 8*24*time.Hour:
		h.say("backup", Warn, "The last backup is %d days old.", days(age))
	default:
		h.say("backup", OK, "The last backup was made on %s.", store.Time(last).Format(time.DateOnly))
	}
	return nil
}

// orphans looks for rows whose counterpart is gone. None of it can come from Aman itself.
func (h *Health) orphans(ctx context.Context, n *node.Node, _ time.Time) error {
	list := []struct{ what, query string }{
		{"parts of attachments without an attachment", "SELECT count(*) FROM submission_chunks c WHERE NOT EXISTS (SELECT 1 FROM submission_files f WHERE f.submission = c.submission AND f.name = c.name)"},
		{"team members of cases that are not there", "SELECT count(*) FROM case_team t WHERE NOT EXISTS (SELECT 1 FROM r_cases c WHERE c.id = t.case_id)"},
		{"shares of cases that are not there", "SELECT count(*) FROM shares s WHERE NOT EXISTS (SELECT 1 FROM r_cases c WHERE c.id = s.case_id)"},
	}
	for _, name := range n.Catalog.Names() {
		table := n.Catalog.Registers[name].Table()
		list = append(list, struct{ what, query string }{"rows of " + name + " without a history", "SELECT count(*) FROM " + table + " r WHERE NOT EXISTS (SELECT 1 FROM history h WHERE h.register = '" + name + "' AND h.row_id = r.id)"})
	}
	var found []string
	for _, o := range list {
		c, err := count(ctx, n, o.query)
		if err != nil {
			return err
		}
		if c > 0 {
			found = append(found, fmt.Sprintf("%d %s", c, o.what))
		}
	}
	h.say("rows", cmp.Or(map[bool]string{true: Warn}[len(found) > 0], OK), "%s", cmp.Or(strings.Join(found, "; "), "Every row has its counterpart."))
	return nil
}
