package main

import (
	"fmt"
	"io"
	"strings"
	"time"

	"aman/node"
	"aman/node/ops"
	"aman/platform/audit"
	"aman/platform/store"
	"aman/platform/vault"
)

type backupCommand struct {
	place
	File string `arg:"" type:"path" help:"File to write; it must not exist."`
}

func (c *backupCommand) Run(a *app) error {
	return with(a, &c.place, func(n *node.Node) error {
		p := newProgress(a, "Writing the backup and reading it back")
		m, err := ops.Backup(a, n, c.File)
		p.stop()
		if err != nil {
			return err
		}
		return a.answer(m, func(w io.Writer) {
			every, keep := n.Ring.Retention()
			fmt.Fprintf(w, "%s: %d rows in %d tables, %.1f MB, read back and whole.\nIt opens with this key ring for at least %d days and never after %d. The key ring is not in it.\n",
				c.File, m.Rows, len(m.Tables), float64(m.Size)/1e6, int(keep.Hours()/24), int((every+keep).Hours()/24)+2)
		})
	})
}

type restoreCommand struct {
	place
	File        string `arg:"" type:"path" help:"The backup."`
	BrokenAudit bool   `name:"accept-broken-audit" help:"Take it although its audit log does not verify: it was changed before the backup."`
}

func (c *restoreCommand) Run(a *app) error {
	config, err := c.config()
	if err != nil {
		return err
	}
	p := newProgress(a, "Restoring and proving it")
	r, err := ops.Restore(a, c.File, config, ops.Options{BrokenAudit: c.BrokenAudit})
	p.stop()
	if err != nil {
		return err
	}
	return a.answer(r, func(w io.Writer) {
		fmt.Fprintf(w, "Restored and proved: %d rows in %d tables as of %s; audit log of %d entries.\n", r.Rows, len(r.Tables), stamp(r.At), r.Audit.Entries)
		if r.Audit.Fault != nil {
			fmt.Fprintln(w, "The audit log does not verify:", r.Audit.Fault.Text)
		}
		fmt.Fprintf(w, "Erased again: %d people who had been erased after that day.\n", r.Again)
	})
}

type doctorCommand struct{ place }

func (c *doctorCommand) Run(a *app) error {
	config, err := c.config()
	if err != nil {
		return err
	}
	h := ops.Examine(a, config, time.Now())
	err = a.answer(h, func(w io.Writer) {
		for _, k := range h.Checks {
			fmt.Fprintf(w, "%-5s %-10s  %s\n", k.State, k.Name, k.Text)
		}
	})
	if err == nil && h.State == ops.Bad {
		return &coded{code: exitSystem}
	}
	return err
}

type auditCommand struct {
	Verify auditVerify `cmd:"" help:"Prove the whole log, or name the first bad entry."`
	Export auditExport `cmd:"" help:"Write the log as JSON lines."`
}

type auditVerify struct{ place }

func (c *auditVerify) Run(a *app) error {
	return with(a, &c.place, func(n *node.Node) error {
		rep, err := n.VerifyAudit(a, nil)
		if err != nil {
			return err
		}
		type fault struct {
			Entry int64  `json:"entry"`
			Kind  string `json:"kind"`
			Text  string `json:"text"`
		}
		out := struct {
			Whole       bool             `json:"whole"`
			Entries     int64            `json:"entries"` // up to the fault, if any
			Checkpoints int              `json:"checkpoints"`
			Head        audit.Checkpoint `json:"head"`
			Fault       *fault           `json:"fault"`
		}{rep.Fault == nil, rep.Entries, rep.Checkpoints, rep.Head, nil}
		if f := rep.Fault; f != nil {
			out.Fault = &fault{f.Seq, f.Kind, f.Text}
		}
		err = a.answer(out, func(w io.Writer) {
			if rep.Fault == nil {
				fmt.Fprintf(w, "The audit log is whole: %d entries, %d checkpoints kept, signed at entry %d on %s.\n", rep.Entries, rep.Checkpoints, rep.Head.Seq, stamp(rep.Head.At))
				return
			}
			fmt.Fprintln(w, rep.Fault.Text)
		})
		if err == nil && rep.Fault != nil {
			return &coded{code: exitInput}
		}
		return err
	})
}

type auditExport struct {
	place
	From int64 `name:"from" default:"1" help:"First entry."`
	To   int64 `name:"to" help:"Last entry (default: the newest)."`
}

func (c *auditExport) Run(a *app) error {
	return with(a, &c.place, func(n *node.Node) error {
		_, err := audit.Export(a, n.Store, a.out, c.From, c.To)
		return err
	})
}

type keysCommand struct {
	Status     keysStatus     `cmd:"" help:"The epochs of the key ring, and when backups of each end."`
	Rotate     keysRotate     `cmd:"" help:"Begin a new epoch now and move every living key to it."`
	Expire     keysExpire     `cmd:"" help:"Destroy the keys of epochs whose time is over. serve does it daily."`
	Passphrase keysPassphrase `cmd:"" help:"Lock the key ring with a passphrase, change it, or take it off."`
}

type epoch struct {
	N           int64  `json:"n"`
	Made        string `json:"made"`
	Replaced    string `json:"replaced,omitempty"`
	BackupsOpen string `json:"backups_open_until"`
	Destroyed   string `json:"destroyed,omitempty"`
}

func (a *app) epochs(r *vault.Ring) error {
	every, keep := r.Retention()
	var list []epoch
	for _, e := range r.Epochs() {
		end := e.Replaced
		if end.IsZero() {
			end = e.Made.Add(every)
		}
		until := end.Add(keep)
		if !e.Gone.IsZero() {
			until = e.Gone
		}
		list = append(list, epoch{e.N, stamp(e.Made), stamp(e.Replaced), stamp(until), stamp(e.Gone)})
	}
	return a.answer(list, func(w io.Writer) {
		var rows [][]string
		for _, e := range list {
			rows = append(rows, []string{fmt.Sprint(e.N), e.Made, e.Replaced, e.BackupsOpen, e.Destroyed})
		}
		table(w, "EPOCH MADE REPLACED BACKUPS-OPEN-UNTIL DESTROYED", rows)
	})
}

// ring opens the key ring alone.
func (p *place) ring() (*vault.Ring, error) {
	if p.Keys == "" && p.Data == "" {
		return nil, usage("say where the key ring is: --keys DIR, or --data DIR")
	}
	dir := p.Keys
	if dir == "" {
		dir = strings.TrimSuffix(p.Data, "/") + "/keys"
	}
	phrase, err := secret(p.Passphrase, "AMAN_PASSPHRASE")
	if err != nil {
		return nil, err
	}
	return vault.OpenRing(dir, phrase)
}

type keysStatus struct{ place }

func (c *keysStatus) Run(a *app) error {
	r, err := c.ring()
	if err != nil {
		return err
	}
	return a.epochs(r)
}

type keysRotate struct{ place }

func (c *keysRotate) Run(a *app) error {
	return with(a, &c.place, func(n *node.Node) error {
		if err := n.Ring.Rotate(n.Now()); err != nil {
			return err
		}
		if _, err := n.Vault.Rewrap(a); err != nil {
			return err
		}
		if err := n.Store.Write(a, func(tx *store.Tx) error { return note(n, tx, "keys.rotate", "") }); err != nil {
			return err
		}
		return a.epochs(n.Ring)
	})
}

type keysExpire struct{ place }

func (c *keysExpire) Run(a *app) error {
	return with(a, &c.place, func(n *node.Node) error {
		if _, err := n.Vault.Maintain(a, n.Now()); err != nil {
			return err
		}
		return a.epochs(n.Ring)
	})
}

type keysPassphrase struct {
	place
	New    string `name:"new-passphrase-file" type:"path" placeholder:"FILE" xor:"new" required:"" help:"File with the new passphrase in its first line."`
	Remove bool   `name:"remove" xor:"new" required:"" help:"Take the passphrase off."`
}

func (c *keysPassphrase) Run(a *app) error {
	r, err := c.ring()
	if err != nil {
		return err
	}
	phrase := ""
	if !c.Remove {
		if phrase, err = secret(c.New, ""); err != nil {
			return err
		}
		if len([]rune(phrase)) < 12 {
			return input("a passphrase needs at least 12 characters")
		}
	}
	if err := r.SetPassphrase(phrase); err != nil {
		return err
	}
	a.note("The key ring has its new lock. Start `aman serve` again with it, and renew the copy of the key ring.")
	return nil
}
