package main

import (
	"context"
	"crypto/ed25519"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"aman/node"
	"aman/platform/access"
	"aman/platform/ids"
	"aman/platform/jobs"
	"aman/platform/store"
	"aman/release"
	"aman/release/product"
)

type releaseCommand struct {
	Plan   releasePlan   `cmd:"" help:"What a release would be like: predicted error, risk, budget. Spends nothing."`
	Run    releaseRun    `cmd:"" help:"Make a release of a bare CSV; or submit one to a node, or make one that was approved."`
	Check  releaseCheck  `cmd:"" help:"Verify a released folder: signature, files, thresholds, and its line in the ledger."`
	Ledger releaseLedger `cmd:"" help:"What was spent, and what is left."`
}

type releasePlan struct {
	place
	Spec string `arg:"" placeholder:"SPEC.yaml" help:"What to release; with input: a bare CSV, else a register of a node."`
	As   string `name:"as" placeholder:"LOGIN" help:"The user whose right to release is used, on a node."`
}

func (c *releasePlan) Run(a *app) error {
	s, err := release.ReadSheet(c.Spec)
	if err != nil {
		return sheetFault(err)
	}
	if s.Input != "" {
		p, err := s.Plan(a)
		if err != nil {
			return sheetFault(err)
		}
		return a.answer(p, func(w io.Writer) { writePlan(w, p) })
	}
	return with(a, &c.place, func(n *node.Node) error {
		sub, err := subject(a, n, c.As)
		if err != nil {
			return err
		}
		p, err := n.Release.Preview(a, sub, s.Ask)
		if err != nil {
			return sheetFault(err)
		}
		return a.answer(p, func(w io.Writer) { writePlan(w, p) })
	})
}

func writePlan(w io.Writer, p release.Plan) {
	fmt.Fprintf(w, "Columns: %s\n", strings.Join(p.Columns, ", "))
	if len(p.Empty) > 0 {
		fmt.Fprintf(w, "Stay empty: %s\n", strings.Join(p.Empty, ", "))
	}
	if p.Rho > 0 {
		fmt.Fprintf(w, "Would spend: rho %.6f (epsilon %g at delta %g)\n", p.Rho.Float(), p.Epsilon, p.Delta)
		writeBudget(w, p.Budget)
		from := "invented rows; name a public file as stand_in for a better guess"
		if p.PredictedFrom == "earlier" {
			from = "public rows of an earlier release"
		}
		fmt.Fprintf(w, "Predicted error of a count of ten or more (from %s):\n", from)
		for i, e := range p.Predicted {
			fmt.Fprintf(w, "  %d value(s) combined: about ±%.1f\n", i+1, e)
		}
	}
	in := p.Inside
	if in == nil {
		return
	}
	fmt.Fprintf(w, "\nINTERNAL, from the true rows; never publish:\n  rows: %d", in.Rows)
	if in.Dropped > 0 {
		fmt.Fprintf(w, " (%d more left out: a person counts once)", in.Dropped)
	}
	fmt.Fprintln(w)
	if b := in.Before; b != nil {
		fmt.Fprintf(w, "  before: smallest group %d, alone %d, %.1f %% can be expected to be found; %d rows in a rare combination\n", b.Least, b.Uniques, 100*b.Global, in.Rare)
	}
	if m := in.After; m != nil {
		fmt.Fprintf(w, "  after:  smallest group %d, alone %d, %.2f %% can be expected to be found\n", m.Least, m.Uniques, 100*m.Global)
		for _, l := range in.Lost {
			if l.Withheld+l.Coarser > 0 {
				fmt.Fprintf(w, "  %s loses %d values (%.0f %%)\n", l.Name, l.Withheld+l.Coarser, 100*float64(l.Withheld+l.Coarser)/float64(max(1, in.Rows)))
			}
		}
	}
	for _, reason := range in.Verdict.Reasons {
		fmt.Fprintf(w, "  %s\n", reason)
	}
	if in.Refused != "" {
		fmt.Fprintf(w, "  It would be refused: %s.\n", release.Mend(in.Refused))
	}
}

func writeBudget(w io.Writer, b release.Budget) {
	if !b.Set {
		fmt.Fprintln(w, "Budget: none is set; nobody adds up what is spent on these people.")
		return
	}
	fmt.Fprintf(w, "Budget: rho %.6f of %.6f spent, %.6f left (all of it: epsilon %.3g at delta %.0e)\n", b.Spent.Float(), b.Total.Float(), b.Left.Float(), b.Epsilon, b.Delta)
}

type releaseRun struct {
	place
	Spec     string `arg:"" placeholder:"SPEC.yaml|ID" help:"What to release; or the id of a request that was approved."`
	As       string `name:"as" placeholder:"LOGIN" help:"The user whose right to release is used, on a node."`
	Out      string `name:"out" type:"path" placeholder:"DIR" help:"Folder to write (default: the one in the spec)."`
	Internal string `name:"internal" type:"path" placeholder:"FILE" help:"Where to write the comparison with the true rows. Never publish it."`
}

func (c *releaseRun) Run(a *app) error {
	if _, err := ids.Parse(c.Spec); err == nil {
		return with(a, &c.place, func(n *node.Node) error { return c.approved(a, n) })
	}
	s, err := release.ReadSheet(c.Spec)
	if err != nil {
		return sheetFault(err)
	}
	if s.Input != "" {
		return c.bare(a, s)
	}
	return with(a, &c.place, func(n *node.Node) error {
		sub, err := subject(a, n, c.As)
		if err != nil {
			return err
		}
		id, err := n.Release.Draft(a, sub, s.Ask)
		if err != nil {
			return sheetFault(err)
		}
		p, err := n.Release.Plan(a, sub, id)
		if err == nil {
			err = n.Release.Submit(a, sub, id)
		}
		if err != nil {
			return sheetFault(err)
		}
		return a.answer(struct {
			ID    string       `json:"id"`
			State string       `json:"state"`
			Plan  release.Plan `json:"plan"`
		}{id, release.Submitted, p}, func(w io.Writer) {
			writePlan(w, p)
			fmt.Fprintf(w, "\nSubmitted as %s. Somebody else must approve it; the serving node then makes it, or `aman release run %s`.\n", id, id)
		})
	})
}

// bare makes a release of a file.
func (c *releaseRun) bare(a *app, s *release.Sheet) error {
	if c.Out != "" {
		s.Out = c.Out
	}
	progress := func(string, float64) {}
	if terminal(a.err) {
		progress = func(stage string, done float64) { fmt.Fprintf(a.err, "\r\x1b[K%s %.0f %%", stage, 100*done) }
		defer fmt.Fprint(a.err, "\r\x1b[K")
	}
	m, e, err := s.Run(a, "aman "+Version, progress)
	if err != nil {
		return sheetFault(err)
	}
	return errors.Join(c.keep(e), a.answer(m, func(w io.Writer) {
		writeManifest(w, m)
		if m.K != nil {
			fmt.Fprintln(w, "Earlier files about the same people were not looked at: two of them can be subtracted. Publish one, or use the path dp.")
		}
	}))
}

// keep writes the comparison where only its owner reads it.
func (c *releaseRun) keep(e release.Evaluation) error {
	if c.Internal == "" {
		return nil
	}
	body, err := json.MarshalIndent(e, "", "  ")
	if err != nil {
		return err
	}
	return os.WriteFile(c.Internal, append(body, '\n'), 0o600)
}

// approved makes a release that a second person approved, here and now, and writes its folder.
func (c *releaseRun) approved(a *app, n *node.Node) error {
	sub, err := subject(a, n, c.As)
	if err != nil {
		return err
	}
	read := func() (r *release.Request, j jobs.Status, err error) {
		err = n.Store.Read(a, func(tx *store.Tx) error {
			if r, err = n.Release.Request(tx, sub, c.Spec); err != nil {
				return err
			}
			if r.Job != "" {
				j, err = n.Jobs.Get(tx, r.Job)
			}
			return err
		})
		return r, j, err
	}
	r, _, err := read()
	if err != nil {
		return sheetFault(err)
	}
	if r.State == release.Approved {
		if r, err = c.make(a, n, read); err != nil {
			return err
		}
	}
	if r.State != release.Released {
		why := ""
		if r.Fault != "" {
			why = ": " + release.Mend(r.Fault)
		}
		return input("the release is %s%s", r.State, why)
	}
	folder, err := n.Release.Folder(a, sub, r.ID)
	if err != nil {
		return err
	}
	if c.Internal != "" {
		e, err := n.Release.Evaluation(a, sub, r.ID)
		if err == nil {
			err = c.keep(e)
		}
		if err != nil {
			return err
		}
	}
	if c.Out != "" {
		if err := folder.Write(c.Out); err != nil {
			return input("%v", err)
		}
	}
	m, err := product.Verify(folder.FS(), n.Release.PublicKey())
	if err != nil {
		return err
	}
	return a.answer(m, func(w io.Writer) { writeManifest(w, m) })
}

// make runs the queue until the request has left the state approved.
func (c *releaseRun) make(a *app, n *node.Node, read func() (*release.Request, jobs.Status, error)) (*release.Request, error) {
	ctx, stop := context.WithCancel(a)
	ended := make(chan error, 1)
	go func() { ended <- n.Jobs.Run(ctx) }()
	defer func() { stop(); <-ended }()
	for {
		r, j, err := read()
		if err != nil || r.State != release.Approved {
			return r, err
		}
		if terminal(a.err) {
			fmt.Fprintf(a.err, "\r\x1b[K%s %.0f %%", j.Note, 100*j.Progress)
			defer fmt.Fprint(a.err, "\r\x1b[K")
		}
		select {
		case <-a.Done():
			return r, a.Err()
		case <-time.After(200 * time.Millisecond):
		}
	}
}

func writeManifest(w io.Writer, m *product.Manifest) {
	fmt.Fprintf(w, "%s, edition %s\n", m.Title.In("en"), m.Version)
	fmt.Fprintf(w, "  id      %s\n  period  %s to %s\n  method  %s\n  rows    %d\n  counts  %d, none under %d\n", m.ID, m.From, m.To, m.Method, m.Rows, m.Counts, m.Threshold)
	fmt.Fprintf(w, "  promise %s\n  files   %d, signed with key %s\n", m.Guarantee.In("en"), len(m.Files), m.Key[:16])
	if m.Ledger.Hash != "" {
		fmt.Fprintf(w, "  ledger  line %d, rho %.6f; %.6f of %.6f spent\n", m.Ledger.Seq, m.Ledger.Spent.Float(), m.Ledger.Running.Float(), m.Ledger.Budget.Float())
	} else if m.DP != nil {
		fmt.Fprintln(w, "  ledger  none: nobody adds up what is spent on these people")
	}
}

type releaseCheck struct {
	place
	Folder string `arg:"" type:"path" placeholder:"FOLDER" help:"The folder of a release, or its zip."`
	Key    string `name:"key" type:"path" placeholder:"FILE" help:"Public key to trust, PEM. Without it the key in the folder is believed."`
}

func (c *releaseCheck) Run(a *app) error {
	fsys := os.DirFS(c.Folder)
	if info, err := os.Stat(c.Folder); err != nil {
		return input("%s cannot be read", c.Folder)
	} else if !info.IsDir() {
		body, err := os.ReadFile(c.Folder)
		if err != nil {
			return input("%s cannot be read", c.Folder)
		}
		folder, err := product.ReadZip(body)
		if err != nil {
			return input("%v", err)
		}
		fsys = folder.FS()
	}
	var trusted []ed25519.PublicKey
	if c.Key != "" {
		key, err := publicKey(c.Key)
		if err != nil {
			return err
		}
		trusted = append(trusted, key)
	}
	m, err := release.Check(fsys, trusted...)
	if err != nil {
		return input("%v", err)
	}
	out := struct {
		Manifest *product.Manifest `json:"manifest"`
		Trusted  bool              `json:"trusted"` // by a key that was named, or the node's own
		Trace    *release.Trace    `json:"trace,omitempty"`
	}{Manifest: m, Trusted: len(trusted) > 0}
	if c.Data != "" || c.Database != "" {
		f, err := fsys.Open("manifest.json")
		if err != nil {
			return input("%v", err)
		}
		defer f.Close()
		manifest, err := io.ReadAll(f)
		if err != nil {
			return err
		}
		if err := look(a, &c.place, func(n *node.Node, tx *store.Tx) error {
			t, err := n.Release.Trace(tx, m, manifest)
			out.Trace, out.Trusted = &t, out.Trusted || t.Trusted
			return err
		}); err != nil {
			return err
		}
	}
	if err := a.answer(out, func(w io.Writer) {
		writeManifest(w, m)
		fmt.Fprintln(w, "Every file is as it was signed, and no published count is under the threshold.")
		if !out.Trusted {
			fmt.Fprintln(w, "The key is the folder's own: compare its fingerprint with what the publisher told you, or give --key.")
		}
		if t := out.Trace; t != nil {
			writeTrace(w, *t)
		}
	}); err != nil {
		return err
	}
	if t := out.Trace; t != nil && (!t.Known || !t.Trusted || t.State != release.Released || m.DP != nil && !t.InLedger) {
		return &coded{code: exitInput}
	}
	return nil
}

func writeTrace(w io.Writer, t release.Trace) {
	switch {
	case !t.Known:
		fmt.Fprintln(w, "This node did not make it.")
	case t.State == release.Recalled:
		fmt.Fprintf(w, "It was RECALLED: %s\n", t.Words)
	default:
		fmt.Fprintf(w, "This node made it; it is %s.\n", t.State)
	}
	if t.InLedger {
		fmt.Fprintln(w, "Its line is in the privacy ledger, which verifies.")
	}
}

func publicKey(path string) (ed25519.PublicKey, error) {
	body, err := os.ReadFile(path)
	if err != nil {
		return nil, input("%s cannot be read", path)
	}
	if block, _ := pem.Decode(body); block != nil {
		if k, err := x509.ParsePKIXPublicKey(block.Bytes); err == nil {
			if key, ok := k.(ed25519.PublicKey); ok {
				return key, nil
			}
		}
	}
	return nil, input("%s holds no Ed25519 public key in PEM", filepath.Base(path))
}

type releaseLedger struct {
	place
	File     string  `arg:"" optional:"" type:"path" placeholder:"FILE" help:"A ledger file; without it the ledgers of a node."`
	Register string  `name:"register" placeholder:"R" help:"Only the ledger of this register."`
	Set      float64 `name:"set-budget" placeholder:"EPSILON" help:"Write down, once and for ever, what may be spent on --register (at delta 1e-6)."`
	As       string  `name:"as" placeholder:"LOGIN" help:"The user whose right to approve releases is used for --set-budget and --count."`
	Count    string  `name:"count" type:"path" placeholder:"FOLDER" help:"Write a release of this node into the ledger of --register, if a restored backup has forgotten it."`
}

// population is one ledger, for the answer.
type population struct {
	Population string         `json:"population"`
	Budget     release.Budget `json:"budget"`
}

func (c *releaseLedger) Run(a *app) error {
	var out []population
	if (c.Set != 0 || c.Count != "") && c.Register == "" {
		return usage("--set-budget and --count need --register, such as cases")
	}
	if c.Count != "" {
		if err := with(a, &c.place, func(n *node.Node) error {
			sub, err := subject(a, n, c.As)
			if err == nil {
				_, err = n.Release.Count(a, sub, c.Register, os.DirFS(c.Count))
			}
			return err
		}); err != nil {
			return sheetFault(err)
		}
	}
	if c.Set != 0 {
		if err := with(a, &c.place, func(n *node.Node) error {
			sub, err := subject(a, n, c.As)
			if err != nil {
				return err
			}
			return n.Release.SetBudget(a, sub, c.Register, c.Set, 0)
		}); err != nil {
			return sheetFault(err)
		}
	}
	if c.File != "" {
		if _, err := os.Stat(c.File); err != nil {
			return input("%s cannot be read", c.File)
		}
		b, err := release.FileBudget(c.File)
		if err != nil {
			return sheetFault(err)
		}
		out = append(out, population{filepath.Base(c.File), b})
	} else if err := look(a, &c.place, func(n *node.Node, tx *store.Tx) error {
		all, err := n.Release.Budgets(tx)
		for _, name := range slices.Sorted(maps.Keys(all)) {
			if register, _, _ := strings.Cut(name, "/"); c.Register == "" || register == c.Register {
				out = append(out, population{name, all[name]})
			}
		}
		return err
	}); err != nil {
		return err
	}
	return a.answer(out, func(w io.Writer) {
		if len(out) == 0 {
			fmt.Fprintln(w, "No privacy budget was ever set.")
		}
		for _, p := range out {
			fmt.Fprintln(w, p.Population)
			writeBudget(w, p.Budget)
			var rows [][]string
			for _, e := range p.Budget.Entries {
				rows = append(rows, []string{fmt.Sprint(e.Seq), e.Time.Format(time.DateTime), fmt.Sprintf("%.6f", e.Rho.Float()), fmt.Sprintf("%.6f", e.Running.Float()), e.Hash[:12], e.Purpose})
			}
			table(w, "line time rho spent hash purpose", rows)
		}
	})
}

// subject is the user under whose right something is done at the machine.
func subject(a *app, n *node.Node, login string) (sub access.Subject, err error) {
	if login == "" {
		return sub, usage("on a node this is done under somebody's right: give --as LOGIN")
	}
	err = n.Store.Read(a, func(tx *store.Tx) error {
		id, err := userID(tx, login)
		if err != nil {
			return err
		}
		sub, err = access.SubjectOf(tx, id, n.Now())
		return err
	})
	return sub, err
}

// sheetFault sorts the errors of a release.
func sheetFault(err error) error {
	var s *release.SheetError
	switch f := release.AsFault(err); {
	case errors.As(err, &s):
		return input("%v", err)
	case f != nil:
		return input("%s", release.Mend(f.Code))
	case access.AsRefusal(err) != nil:
		return input("this user may not do that, or there is no such release")
	case errors.Is(err, release.ErrState), errors.Is(err, release.ErrRecalled), errors.Is(err, release.ErrBudgetSet), errors.Is(err, release.ErrCounted),
		errors.Is(err, product.ErrKey), errors.Is(err, product.ErrSignature), errors.As(err, new(*product.Tampered)), errors.As(err, new(*release.Small)):
		return input("%v", err)
	}
	return err
}
