package release

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"

	"aman/platform/access"
	"aman/platform/audit"
	"aman/platform/ids"
	"aman/platform/jobs"
	"aman/platform/store"
	"aman/release/dp"
)

// Draft begins a request.
func (s *Service) Draft(ctx context.Context, sub access.Subject, ask Ask) (string, error) {
	register, body, err := s.checked(ask)
	if err != nil {
		return "", err
	}
	r := &Request{ID: ids.New(), Org: sub.Org, Owner: sub.User, State: Draft, Population: register + "/" + sub.Org}
	return r.ID, s.db.Write(ctx, func(tx *store.Tx) error {
		if err := s.allowed(sub, move("revise"), r); err != nil {
			return err
		}
		at := store.Micros(s.now().UTC())
		if _, err := tx.Exec("INSERT INTO release_requests (id, org, actor, population, state, ask, created_at, changed_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
			r.ID, r.Org, r.Owner, r.Population, r.State, body, at, at); err != nil {
			return err
		}
		return s.note(tx, sub.User, sub.Org, "draft", r, nil)
	})
}

// checked looks an ask through and gives its register and its JSON.
func (s *Service) checked(ask Ask) (register, body string, err error) {
	p, err := s.check(ask)
	if err != nil {
		return "", "", err
	}
	b, err := json.Marshal(ask)
	return p.Register, string(b), err
}

// Revise replaces the ask of a draft. Its plan is void then.
func (s *Service) Revise(ctx context.Context, sub access.Subject, id string, ask Ask) error {
	register, body, err := s.checked(ask)
	if err != nil {
		return err
	}
	return s.step(ctx, sub, id, "revise", "", func(tx *store.Tx, r *Request) error {
		_, err := tx.Exec("UPDATE release_requests SET ask = ?, population = ? WHERE id = ?", body, register+"/"+r.Org, r.ID)
		return err
	})
}

// Submit hands a planned request to a second person.
func (s *Service) Submit(ctx context.Context, sub access.Subject, id string) error {
	return s.step(ctx, sub, id, "submit", "", s.planned)
}

// planned refuses a request whose plan is missing, or of another ask.
func (s *Service) planned(tx *store.Tx, r *Request) error {
	if r.planned != digest(r.Ask) {
		return &Fault{"unplanned", ""}
	}
	return nil
}

// Withdraw ends a request before it is approved.
func (s *Service) Withdraw(ctx context.Context, sub access.Subject, id string) error {
	return s.step(ctx, sub, id, "withdraw", "", nil)
}

// Approve lets the release be made; its owner can never do it. An approval pays for one attempt.
func (s *Service) Approve(ctx context.Context, sub access.Subject, id string) error {
	return s.step(ctx, sub, id, "approve", "", func(tx *store.Tx, r *Request) error {
		if r.Ask.Path == PathDP {
			list, err := entries(tx, r.Population)
			if err != nil {
				return err
			}
			rho, err := dp.RhoFor(r.Ask.Epsilon, r.Ask.delta())
			if err != nil {
				return err
			}
			switch b := budgetOf(list); {
			case !b.Set:
				return &Fault{"no_budget", ""}
			case rho > b.Left:
				return &Fault{"over_budget", "epsilon"}
			}
		}
		job, err := s.jobs.Enqueue(tx, jobKind, jobArgs{r.ID}, jobs.Options{By: sub.User})
		if err != nil {
			return err
		}
		_, err = tx.Exec("UPDATE release_requests SET job = ?, approver = ?, approvals = approvals + 1, approved_at = ?, fault = '', words = '' WHERE id = ?",
			job, sub.User, store.Micros(s.now().UTC()), r.ID)
		return err
	})
}

// Reject ends a request with words for its owner.
func (s *Service) Reject(ctx context.Context, sub access.Subject, id, words string) error {
	return s.step(ctx, sub, id, "reject", words, func(tx *store.Tx, r *Request) error {
		_, err := tx.Exec("UPDATE release_requests SET approver = ? WHERE id = ?", sub.User, r.ID)
		return err
	})
}

// Cancel stops a release that is waiting for its job or being made. What was spent stays spent.
func (s *Service) Cancel(ctx context.Context, sub access.Subject, id string) error {
	return s.step(ctx, sub, id, "cancel", "", func(tx *store.Tx, r *Request) error {
		r.Fault = FaultCancelled
		if _, err := tx.Exec("UPDATE release_requests SET fault = ? WHERE id = ?", r.Fault, r.ID); err != nil {
			return err
		}
		if err := s.jobs.Cancel(tx, r.Job); err != nil && !errors.Is(err, jobs.ErrState) {
			return err
		}
		return nil
	})
}

// Again asks for another attempt at a release that failed. It needs a second approval, and spends again.
func (s *Service) Again(ctx context.Context, sub access.Subject, id string) error {
	return s.step(ctx, sub, id, "again", "", s.planned)
}

// Recall takes a release back: its folder can no longer be fetched, whoever asks is told why. The ledger keeps the spend,
// for what was read cannot be unread.
func (s *Service) Recall(ctx context.Context, sub access.Subject, id, words string) error {
	return s.step(ctx, sub, id, "recall", words, nil)
}

// stamps are the columns that remember when a state was reached.
var stamps = map[string]string{Submitted: ", submitted_at = ?", Released: ", released_at = ?", Recalled: ", recalled_at = ?"}

// step takes one step of the state machine in one write: who, from where, what, and a line in the audit log.
func (s *Service) step(ctx context.Context, sub access.Subject, id, act, words string, do func(*store.Tx, *Request) error) error {
	m := move(act)
	words = strings.TrimSpace(words)
	return s.db.Write(ctx, func(tx *store.Tx) error {
		r, err := s.load(tx, id)
		if err != nil {
			return err
		}
		if err := s.allowed(sub, m, r); err != nil {
			return err
		}
		switch {
		case !slices.Contains(m.From, r.State):
			return ErrState
		case m.Words && words == "" || len(words) > 2000:
			return &Fault{"words", "words"}
		}
		if do != nil {
			if err := do(tx, r); err != nil {
				return err
			}
		}
		if m.Words {
			if _, err := tx.Exec("UPDATE release_requests SET words = ? WHERE id = ?", words, r.ID); err != nil {
				return err
			}
		}
		return s.enterState(tx, r, m.To, sub.User, sub.Org, act)
	})
}

// enterState moves a request and writes it down.
func (s *Service) enterState(tx *store.Tx, r *Request, to, actor, org, act string) error {
	at := store.Micros(s.now().UTC())
	args := []any{to, at}
	if stamps[to] != "" {
		args = append(args, at)
	}
	n, err := tx.Exec("UPDATE release_requests SET state = ?, changed_at = ?"+stamps[to]+" WHERE id = ? AND state = ?", append(args, r.ID, r.State)...)
	if err != nil {
		return err
	}
	if n != 1 {
		return ErrState
	}
	if err := s.tell(tx, r, to, actor); err != nil {
		return err
	}
	detail := map[string]string{"from": r.State, "to": to}
	if to == Failed {
		detail["why"] = r.Fault
	}
	return s.note(tx, actor, org, act, r, detail)
}

// note writes a step into the audit log. No count of people goes there.
func (s *Service) note(tx *store.Tx, actor, org, act string, r *Request, detail map[string]string) error {
	return s.audit.Append(tx, audit.Entry{At: s.now().UTC(), Actor: actor, Org: org, Action: "release." + act, Outcome: audit.OK,
		Register: "releases", Object: r.ID, Detail: detail})
}

// Progress tells how far the job of a request is; store.ErrNone when it has none.
func (s *Service) Progress(tx *store.Tx, sub access.Subject, id string) (jobs.Status, error) {
	r, err := s.Request(tx, sub, id)
	if err != nil {
		return jobs.Status{}, err
	}
	return s.jobs.Get(tx, r.Job)
}

// Budget tells what the subject's organisation may ever spend on a register, and what is left.
func (s *Service) Budget(ctx context.Context, sub access.Subject, register string) (b Budget, err error) {
	err = s.db.Read(ctx, func(tx *store.Tx) error {
		if _, err := s.policy.Require(tx, sub, access.Read, access.Object{Register: "releases", Org: sub.Org}); err != nil {
			return err
		}
		list, err := entries(tx, register+"/"+sub.Org)
		b = budgetOf(list)
		return err
	})
	return b, err
}

// SetBudget writes down, once, all that may ever be spent on a register of the subject's organisation. It is for those who
// approve, not for those who release.
func (s *Service) SetBudget(ctx context.Context, sub access.Subject, register string, epsilon, delta float64) error {
	if delta == 0 {
		delta = budgetDelta
	}
	rho, err := dp.RhoFor(epsilon, delta)
	if err != nil || epsilon > mostEpsilon || s.registry.Catalog.Registers[register] == nil {
		return &Fault{"budget", "epsilon"}
	}
	e := dp.Entry{Time: s.now().UTC(), Purpose: "budget", Budget: rho}
	e.Hash = e.Digest()
	body, err := json.Marshal(e)
	if err != nil {
		return fmt.Errorf("set the privacy budget: %w", err)
	}
	return s.db.Write(ctx, func(tx *store.Tx) error {
		if _, err := s.policy.Require(tx, sub, access.ApproveRelease, access.Object{Register: "releases", Org: sub.Org}); err != nil {
			return err
		}
		list, err := entries(tx, register+"/"+sub.Org)
		if err != nil {
			return err
		}
		if len(list) > 0 {
			return ErrBudgetSet
		}
		if _, err := tx.Exec("INSERT INTO privacy_ledger (population, seq, body) VALUES (?, 0, ?)", register+"/"+sub.Org, string(body)); err != nil {
			return err
		}
		return s.audit.Append(tx, audit.Entry{At: e.Time, Actor: sub.User, Org: sub.Org, Action: "release.budget", Outcome: audit.OK,
			Register: "releases", Detail: map[string]string{"hash": e.Hash, "kind": register}})
	})
}
