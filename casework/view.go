package casework

import (
	"context"
	"slices"

	"aman/platform/access"
	"aman/platform/audit"
	"aman/platform/store"
	"aman/registry"
)

// File is all of a case that somebody may see, as one page shows it.
type File struct {
	Case   *registry.Row
	Person *registry.Row // nil when the person may not be seen
	// The parts, each in the order a reader wants: the journey from its start, what is
	// due first, the newest consent first.
	Episodes, Consents, Services, Referrals, Decisions, Tasks []*registry.Row
	Team                                                      []access.Member
	Shares                                                    []access.SharedGroup
	// Whole says that the reader works on the case; otherwise she sees what was shared.
	Whole bool
}

// View reads a case for its page. The audit entry that somebody saw it is on disk first.
func (s *Service) View(ctx context.Context, sub access.Subject, caseID string) (*File, error) {
	sub = s.at(sub)
	f := &File{}
	if err := s.db.Read(ctx, func(tx *store.Tx) error { return s.view(tx, sub, caseID, f) }); err != nil {
		return nil, err
	}
	err := s.audit.Record(ctx, audit.Entry{At: sub.At, Actor: sub.User, Org: sub.Org, Action: "case.view", Outcome: audit.OK, Register: "cases", Object: caseID, Case: caseID})
	return f, err
}

// Peek reads a case for an act on it; the act itself is what the audit log gets.
func (s *Service) Peek(ctx context.Context, sub access.Subject, caseID string) (*File, error) {
	sub = s.at(sub)
	f := &File{}
	return f, s.db.Read(ctx, func(tx *store.Tx) error { return s.view(tx, sub, caseID, f) })
}

// parts lists the registers of a case with the order of each.
var parts = []struct {
	register, sort string
	into           func(*File) *[]*registry.Row
}{
	{"episodes", "sequence", func(f *File) *[]*registry.Row { return &f.Episodes }},
	{"consents", "-created_at", func(f *File) *[]*registry.Row { return &f.Consents }},
	{"services", "due_on", func(f *File) *[]*registry.Row { return &f.Services }},
	{"referrals", "-created_at", func(f *File) *[]*registry.Row { return &f.Referrals }},
	{"decisions", "-created_at", func(f *File) *[]*registry.Row { return &f.Decisions }},
	{"tasks", "due_on", func(f *File) *[]*registry.Row { return &f.Tasks }},
}

func (s *Service) view(tx *store.Tx, sub access.Subject, caseID string, f *File) (err error) {
	if f.Case, err = s.registry.Get(tx, sub, "cases", caseID); err != nil {
		return err
	}
	f.Person, err = s.registry.Get(tx, sub, "people", f.Case.Person)
	if err != nil && access.AsRefusal(err) == nil {
		return err
	}
	for _, p := range parts {
		page, err := s.registry.List(tx, sub, registry.Query{Register: p.register, Sort: p.sort, Limit: 200,
			Where: []registry.Cond{{Property: "case_id", Op: "=", Value: caseID}}})
		if err != nil {
			return err
		}
		*p.into(f) = page.Rows
	}
	facts, err := s.policy.FactsFor(tx, sub, f.Case.Object())
	if err != nil {
		return err
	}
	f.Whole = facts.Team || (f.Case.Org == sub.Org && slices.Contains(sub.Offices, f.Case.Office))
	if !f.Whole {
		return nil
	}
	if f.Team, err = access.TeamOf(tx, caseID, sub.At); err != nil {
		return err
	}
	f.Shares, err = access.SharesOf(tx, caseID, sub.At)
	return err
}

// Load is how much one worker carries.
type Load struct {
	User                  string
	Active, High, Overdue int
}

// Overview is a supervisor's page: how the offices of the subject stand today.
type Overview struct {
	Loads []Load
	// Most is the caseload that one worker should have at most.
	Most int
	// Overdue work, the oldest first.
	Tasks, Services, Referrals []*registry.Row
	// More counts what is behind the rows shown, by register.
	More map[string]int
	// Reviews are negative decisions that wait for a second person.
	Reviews []*registry.Row
	// ReferralsByState and CasesByState count; Opened counts cases opened by month, twelve months.
	ReferralsByState, CasesByState, Opened []registry.Bucket
}

// Overview reads the supervisor's page.
func (s *Service) Overview(ctx context.Context, sub access.Subject) (*Overview, error) {
	sub = s.at(sub)
	o := &Overview{Most: s.practice.CaseloadMost, More: map[string]int{}}
	today := s.today(sub.At)
	err := s.db.Read(ctx, func(tx *store.Tx) (err error) {
		if o.Loads, err = s.loads(tx, sub, today); err != nil {
			return err
		}
		overdue := []struct {
			q    registry.Query
			into *[]*registry.Row
		}{
			{registry.Query{Register: "tasks", Sort: "due_on", Where: []registry.Cond{registry.On("state", "=", "open"), registry.On("due_on", "<", today)}}, &o.Tasks},
			{registry.Query{Register: "services", Sort: "due_on", Where: []registry.Cond{registry.On("state", "in", []string{"planned", "in_progress"}), registry.On("due_on", "<", today)}}, &o.Services},
			{registry.Query{Register: "referrals", Sort: "respond_by", Where: []registry.Cond{registry.On("state", "=", "sent"), registry.On("respond_by", "<", sub.At)}}, &o.Referrals},
			{registry.Query{Register: "decisions", Sort: "created_at", Where: []registry.Cond{registry.On("state", "=", "needs_review")}}, &o.Reviews},
		}
		for _, x := range overdue {
			x.q.Limit = overdueShown
			page, err := s.registry.List(tx, sub, x.q)
			if err != nil {
				return err
			}
			*x.into = page.Rows
			if o.More[x.q.Register], err = s.more(tx, sub, x.q, page); err != nil {
				return err
			}
		}
		counts := []struct {
			register, by string
			where        []registry.Cond
			into         *[]registry.Bucket
		}{
			{"referrals", "state", nil, &o.ReferralsByState},
			{"cases", "state", nil, &o.CasesByState},
			{"cases", "opened_on:month", []registry.Cond{registry.On("opened_on", ">=", s.today(sub.At.AddDate(0, -11, 1-sub.At.Day())))}, &o.Opened},
		}
		for _, x := range counts {
			if *x.into, err = s.registry.Group(tx, sub, access.Supervise, registry.Query{Register: x.register, Where: x.where}, x.by); err != nil {
				return err
			}
		}
		return nil
	})
	return o, err
}

// overdueShown is how many due things of a kind a page lists; the oldest come first.
const overdueShown = 12

func (s *Service) more(tx *store.Tx, sub access.Subject, q registry.Query, page registry.Page) (int, error) {
	if !page.More {
		return 0, nil
	}
	n, err := s.registry.Count(tx, sub, q)
	return n - len(page.Rows), err
}

func (s *Service) loads(tx *store.Tx, sub access.Subject, today string) ([]Load, error) {
	byUser := map[string]*Load{}
	load := func(user string) *Load {
		if byUser[user] == nil {
			byUser[user] = &Load{User: user}
		}
		return byUser[user]
	}
	count := func(q registry.Query, add func(*Load, int)) error {
		list, err := s.registry.Group(tx, sub, access.Supervise, q, "owner")
		for _, b := range list {
			add(load(b.Keys[0]), b.Count)
		}
		return err
	}
	active := registry.Cond{Property: "state", Op: "=", Value: "Active"}
	if err := count(registry.Query{Register: "cases", Where: []registry.Cond{active}}, func(l *Load, n int) { l.Active = n }); err != nil {
		return nil, err
	}
	if err := count(registry.Query{Register: "cases", Where: []registry.Cond{active, registry.On("risk_level", "=", "high")}}, func(l *Load, n int) { l.High = n }); err != nil {
		return nil, err
	}
	if err := count(registry.Query{Register: "tasks", Where: []registry.Cond{registry.On("state", "=", "open"), registry.On("due_on", "<", today)}}, func(l *Load, n int) { l.Overdue = n }); err != nil {
		return nil, err
	}
	out := make([]Load, 0, len(byUser))
	for _, l := range byUser {
		out = append(out, *l)
	}
	slices.SortFunc(out, func(a, b Load) int {
		if a.Active != b.Active {
			return b.Active - a.Active
		}
		if a.User < b.User {
			return -1
		}
		return 1
	})
	return out, nil
}

// Due is a caseworker's own work of the coming days.
type Due struct {
	Tasks, Services []*registry.Row
	Referrals       []*registry.Row // sent, unanswered past the deadline
	Codes           map[string]string
	// Count says how many there are of each register, shown or not.
	Count map[string]int
}

// Mine reads what the subject has to do until so many days from now, overdue first.
func (s *Service) Mine(ctx context.Context, sub access.Subject, days int) (*Due, error) {
	sub = s.at(sub)
	until := s.today(sub.At.AddDate(0, 0, days))
	d := &Due{Codes: map[string]string{}, Count: map[string]int{}}
	own := registry.Cond{Property: "owner", Op: "=", Value: sub.User}
	err := s.db.Read(ctx, func(tx *store.Tx) error {
		for _, x := range []struct {
			q    registry.Query
			into *[]*registry.Row
		}{
			{registry.Query{Register: "tasks", Sort: "due_on", Where: []registry.Cond{own, registry.On("state", "=", "open"), registry.On("due_on", "<=", until)}}, &d.Tasks},
			{registry.Query{Register: "services", Sort: "due_on", Where: []registry.Cond{own, registry.On("state", "in", []string{"planned", "in_progress"}), registry.On("due_on", "<=", until)}}, &d.Services},
			{registry.Query{Register: "referrals", Sort: "respond_by", Where: []registry.Cond{own, registry.On("state", "=", "sent"), registry.On("respond_by", "<", sub.At)}}, &d.Referrals},
		} {
			x.q.Limit = overdueShown
			page, err := s.registry.List(tx, sub, x.q)
			if err != nil {
				return err
			}
			*x.into = page.Rows
			more, err := s.more(tx, sub, x.q, page)
			if err != nil {
				return err
			}
			d.Count[x.q.Register] = len(page.Rows) + more
		}
		var err error
		d.Codes, err = s.Codes(tx, sub, d.Tasks, d.Services, d.Referrals)
		return err
	})
	return d, err
}

// Codes gives the case codes of rows that belong to cases, by case id.
func (s *Service) Codes(tx *store.Tx, sub access.Subject, lists ...[]*registry.Row) (map[string]string, error) {
	var all []string
	for _, rows := range lists {
		for _, r := range rows {
			if r.Case != "" && !slices.Contains(all, r.Case) {
				all = append(all, r.Case)
			}
		}
	}
	out := map[string]string{}
	if len(all) == 0 {
		return out, nil
	}
	page, err := s.registry.List(tx, s.at(sub), registry.Query{Register: "cases", Limit: len(all), Where: []registry.Cond{{Property: "id", Op: "in", Value: all}}})
	for _, c := range page.Rows {
		out[c.ID] = c.Values.String("code")
	}
	return out, err
}
