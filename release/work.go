package release

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"

	"aman/platform/access"
	"aman/platform/audit"
	"aman/platform/jobs"
	"aman/platform/store"
	"aman/release/dp"
	"aman/release/evaluate"
	"aman/release/product"
	"aman/release/risk"
	"aman/release/synth"
)

// jobKind is the job that makes one release.
const jobKind = "release.make"

type jobArgs struct {
	Request string `json:"request"`
}

// Evaluation compares the release with the true rows. It is for the data officer alone and is never published.
type Evaluation struct {
	Result *evaluate.Result `json:",omitempty"`
	After  *risk.Measures   `json:",omitempty"`
	Inside *Inside          `json:",omitempty"`
}

// made is what a run gives: what is published, what the next prediction needs, and what stays inside.
type made struct {
	folder     product.Folder
	rows       []byte
	evaluation Evaluation
	check      func(*store.Tx) error // again, in the write that publishes
}

// work makes a release that was approved. A try that finds a spend which nobody approved again stops and says so, so a crash
// never spends twice in silence.
func (s *Service) work(ctx context.Context, j *jobs.Job) error {
	var args jobArgs
	if err := j.Decode(&args); err != nil {
		return err
	}
	r, m, err := s.attempt(ctx, j, args.Request)
	if err == nil {
		if err = s.publishFolder(ctx, j, r, m); err == nil {
			return nil
		}
	}
	fault := &Fault{}
	var over *dp.OverspendError
	switch {
	case errors.Is(err, errGone):
		return nil // cancelled, or another job's: there is nothing to do
	case ctx.Err() != nil:
		return err // the node stops, or the job was cancelled: not the release's fault
	case errors.As(err, &over):
		fault.Code = FaultBudget
	case errors.As(err, &fault):
	case access.AsRefusal(err) != nil, errors.Is(err, access.ErrUser):
		fault.Code = FaultRefused
	case !errors.Is(err, errInside):
		return err // the database, say: the queue tries again, and a spend is found then
	default:
		fault.Code = FaultOther
		slog.Error("a release could not be made", "release", args.Request)
	}
	return s.fail(ctx, j, args.Request, fault.Code)
}

var (
	errGone = errors.New("the request is no longer this job's")
	// errInside marks what went wrong in the making. It is told without its cause, which was near the records.
	errInside = errors.New("the release could not be made")
)

func (s *Service) fail(ctx context.Context, j *jobs.Job, id, code string) error {
	err := j.Write(ctx, func(tx *store.Tx) error {
		r, err := s.mine(tx, j, id)
		if err != nil {
			return err
		}
		r.Fault = code
		if _, err := tx.Exec("UPDATE release_requests SET fault = ? WHERE id = ?", code, id); err != nil {
			return err
		}
		return s.enterState(tx, r, Failed, "system", r.Org, "fail")
	})
	if err != nil && !errors.Is(err, errGone) {
		return err
	}
	return jobs.Permanent(fmt.Errorf("the release was not made: %s", code))
}

// mine reads the request, while it is approved and this job's.
func (s *Service) mine(tx *store.Tx, j *jobs.Job, id string) (*Request, error) {
	r, err := s.load(tx, id)
	if err == nil && (r.State != Approved || r.Job != j.ID) {
		err = errGone
	}
	return r, err
}

// attempt reads the rows under the right of who asked, and makes the folder.
func (s *Service) attempt(ctx context.Context, j *jobs.Job, id string) (r *Request, m *made, err error) {
	var rows *records
	var publisher string
	var only product.Text
	err = s.db.Read(ctx, func(tx *store.Tx) error {
		if r, err = s.mine(tx, j, id); err != nil {
			return err
		}
		if r.Attempts >= r.Approvals {
			return &Fault{FaultInterrupted, ""}
		}
		sub, err := access.SubjectOf(tx, r.Owner, s.now().UTC())
		if err != nil {
			return err
		}
		l, err := s.lay(tx, sub, r.Ask)
		if err != nil {
			return err
		}
		if rows, err = s.read(tx, sub, l, r.Ask); err != nil {
			return err
		}
		if only, err = s.only(tx, l.profile.Register, r.Ask); err != nil {
			return err
		}
		return tx.Row("SELECT name FROM orgs WHERE id = ?", r.Org).Scan(&publisher)
	})
	if err != nil {
		return r, nil, err
	}
	info := s.info(r, rows, publisher)
	info.Note = joined(info.Note, only)
	crash("read")
	make := s.makeNoisy
	if r.Ask.Path == PathK {
		make = s.makeAlike
	}
	m, err = make(ctx, j, r, rows, info)
	return r, m, err
}

// info is what the folder says of itself.
func (s *Service) info(r *Request, rows *records, publisher string) product.Info {
	a := r.Ask
	if a.Publisher != "" {
		publisher = a.Publisher
	}
	if a.Edition == "" {
		a.Edition = rows.last[:4] + "-1"
	}
	if a.Summary == nil {
		a.Summary = s.summary(rows.layout)
	}
	return product.Info{ID: r.ID, Version: a.Edition, Title: product.Text(a.Title), Summary: product.Text(a.Summary), Unit: product.Text(rows.profile.Unit),
		Note: product.Text(rows.profile.Note), Publisher: publisher, Contact: a.Contact, URL: a.URL, From: rows.first, To: rows.last, MadeAt: s.now().UTC(),
		Program: s.program, Threshold: MinCell, HXL: true}
}

// summary says whom the records are of, where nobody did.
func (s *Service) summary(l *layout) map[string]string {
	out := map[string]string{}
	register := s.registry.Catalog.Registers[l.profile.Register].Title
	for lang, format := range map[string]string{
		"en": "%s from %s to %s. One record is %s.", "ur": "%s، %s سے %s تک۔ ایک ریکارڈ: %s۔", "id": "%s dari %s sampai %s. Satu catatan adalah %s.",
	} {
		out[lang] = fmt.Sprintf(format, register.In(lang), l.first, l.last, product.Text(l.profile.Unit).In(lang))
	}
	return out
}

// makeNoisy spends the budget and only then draws noise. The spend is one write, which happens only while this try holds
// its job and the request is approved.
func (s *Service) makeNoisy(ctx context.Context, j *jobs.Job, r *Request, rows *records, info product.Info) (*made, error) {
	rho, err := dp.RhoFor(r.Ask.Epsilon, r.Ask.delta())
	if err != nil {
		return nil, err
	}
	d := rows.domain()
	truth := rows.coded(d)
	ledger, err := dp.OpenLedger(ctx, books{db: s.db, population: r.Population, write: func(ctx context.Context, fn func(*store.Tx) error) error {
		return j.Write(ctx, func(tx *store.Tx) error {
			now, err := s.mine(tx, j, r.ID)
			switch {
			case err != nil:
				return err
			case now.Attempts >= now.Approvals:
				return &Fault{FaultInterrupted, ""}
			}
			return fn(tx)
		})
	}}, 0)
	if err != nil {
		return nil, err
	}
	grant, err := ledger.Spend(ctx, purpose(r.ID), rho)
	if err != nil {
		return nil, err
	}
	crash("spent")
	out, err := synth.Run(ctx, d, truth, grant, synth.Options{Length: r.Ask.length(), Progress: func(stage string, done float64) { j.Progress(0.9*done, stage) }})
	if err != nil {
		return nil, inside(ctx, err)
	}
	info.Ledger = ledgerRef(grant.Entry)
	m := &made{}
	if m.folder, err = noisyFolder(product.DP{Info: info, Profile: rows.public, Release: out, Epsilon: r.Ask.Epsilon, Delta: r.Ask.delta(), Rho: rho}, s.key); err != nil {
		return nil, inside(ctx, err)
	}
	var b bytes.Buffer
	if err := d.WriteCSV(&b, out.Rows); err != nil {
		return nil, inside(ctx, err)
	}
	m.rows = b.Bytes()
	j.Progress(0.95, "compare")
	if m.evaluation.Result, err = evaluate.Tables(ctx, truth, out.Rows, r.Ask.length()); err != nil {
		return nil, inside(ctx, err)
	}
	return m, nil
}

// inside hides the cause of a fault near the records, but for the end of the context.
func inside(ctx context.Context, err error) error {
	if ctx.Err() != nil {
		return ctx.Err()
	}
	return fmt.Errorf("%w (%T)", errInside, err)
}

// makeAlike makes true rows alike, and refuses what an earlier release could be subtracted from.
func (s *Service) makeAlike(ctx context.Context, j *jobs.Job, r *Request, rows *records, info product.Info) (*made, error) {
	safe, err := anonymise(ctx, rows, r.Ask.k())
	if err != nil {
		if AsFault(err) != nil {
			return nil, err
		}
		return nil, inside(ctx, err)
	}
	if err := judge(rows.profile, safe.risk); err != nil {
		return nil, err
	}
	j.Progress(0.6, "write")
	m := &made{rows: []byte(safe.hash), evaluation: Evaluation{After: &safe.risk}}
	m.check = func(tx *store.Tx) error { return s.apart(tx, r, safe) }
	if err := s.db.Read(ctx, m.check); err != nil {
		return nil, err
	}
	if m.folder, err = alikeFolder(product.K{Info: info, Profile: rows.public, Table: safe.table, Keys: rows.names(), K: r.Ask.k(), Lost: safe.lost}, s.key); err != nil {
		return nil, inside(ctx, err)
	}
	return m, nil
}

// publishFolder keeps the folder and makes the request released, in one write.
func (s *Service) publishFolder(ctx context.Context, j *jobs.Job, r *Request, m *made) error {
	manifest, ok := m.folder.File("manifest.json")
	if !ok {
		return inside(ctx, errors.New("the folder has no manifest"))
	}
	var archive bytes.Buffer
	if err := m.folder.Zip(&archive); err != nil {
		return inside(ctx, err)
	}
	crash("made")
	return j.Write(ctx, func(tx *store.Tx) error {
		now, err := s.mine(tx, j, r.ID)
		if err != nil {
			return err
		}
		if m.check != nil {
			if err := m.check(tx); err != nil {
				return err
			}
		}
		plan := &Plan{}
		if err := s.getJSON(tx, r.ID, partPlan, plan); err != nil {
			return err
		}
		m.evaluation.Inside = plan.Inside
		if err := errors.Join(s.put(tx, r.ID, partFolder, archive.Bytes()), s.put(tx, r.ID, partRows, m.rows), s.putJSON(tx, r.ID, partEvaluation, m.evaluation)); err != nil {
			return err
		}
		hash := sha(manifest)
		if _, err := tx.Exec("UPDATE release_requests SET hash = ? WHERE id = ?", hash, r.ID); err != nil {
			return err
		}
		return s.enterState(tx, now, Released, "system", r.Org, "release")
	})
}

// Folder gives the files of a release, to whoever may read releases.
func (s *Service) Folder(ctx context.Context, sub access.Subject, id string) (f product.Folder, err error) {
	err = s.db.Read(ctx, func(tx *store.Tx) error {
		r, err := s.Request(tx, sub, id)
		switch {
		case err != nil:
			return err
		case r.State == Recalled:
			return ErrRecalled
		case r.State != Released:
			return ErrState
		}
		body, err := s.get(tx, id, partFolder)
		if err != nil {
			return err
		}
		f, err = product.ReadZip(body)
		return err
	})
	return f, err
}

// Evaluation opens the comparison with the true rows, for those who may release. Each look is in the audit log.
func (s *Service) Evaluation(ctx context.Context, sub access.Subject, id string) (e Evaluation, err error) {
	err = s.db.Write(ctx, func(tx *store.Tx) error {
		r, err := s.load(tx, id)
		if err != nil {
			return err
		}
		if _, err := s.policy.Require(tx, sub, access.Release, r.object()); err != nil {
			return err
		}
		if err := s.getJSON(tx, id, partEvaluation, &e); errors.Is(err, store.ErrNone) {
			return ErrState
		} else if err != nil {
			return err
		}
		return s.audit.Append(tx, audit.Entry{At: s.now().UTC(), Actor: sub.User, Org: sub.Org, Action: "release.evaluation", Outcome: audit.OK,
			Register: "releases", Object: id})
	})
	return e, err
}
