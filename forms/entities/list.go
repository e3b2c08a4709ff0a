package entities

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"aman/platform/access"
	"aman/platform/audit"
	"aman/platform/store"
	"aman/registry"
)

// Cursor is where a page ended. It is opaque, and holds no value.
type Cursor string

// Query asks for entities of one list. Empty fields ask for nothing.
type Query struct {
	Project int64
	Dataset string
	// Deleted asks for the deleted ones instead, of those whom the asker may delete.
	Deleted  bool
	Conflict *bool
	// Search is words of the label, in any script and order; small and capital letters and
	// the usual variants of letters are one. At most 200 entities of an office are found, and 1,000 in all.
	Search  string
	IDs     []string // nil: any
	Creator string   // a user
	// Times from (included) and to (not included).
	CreatedFrom, CreatedTo, UpdatedFrom, UpdatedTo time.Time
	Oldest                                         bool // oldest first; else the newest made first

	// Limit is how many in a page (default 50, at most 1,000), or in all for Each (0: no end).
	Limit, Offset int
	After         Cursor
	// AfterID begins behind the entity of this id instead; ErrCursor when there is none.
	AfterID string

	export bool // the rows and properties that the subject may export
}

// Page is one page of a list.
type Page struct {
	Entities []Entity
	More     bool
	Next     Cursor // for Query.After; empty when there is no more
}

const (
	limitDefault = 50
	limitMost    = 1000
)

// List gives a page of the entities that the subject may read.
func (s *Service) List(tx *store.Tx, sub access.Subject, q Query) (Page, error) {
	sub = s.at(sub)
	l, err := s.list(tx, sub, q.Project, q.Dataset)
	if err != nil {
		return Page{}, err
	}
	if q.Limit <= 0 {
		q.Limit = limitDefault
	}
	q.Limit = min(q.Limit, limitMost)
	if l.schema != nil {
		return s.boundPage(tx, sub, l, q)
	}
	rows, more, err := s.page(tx, sub, l, q, q.Limit)
	if err != nil {
		return Page{}, err
	}
	out := Page{Entities: make([]Entity, len(rows)), More: more}
	sight := s.sight(sub, l)
	if q.export {
		sight.action = access.Export
	}
	for i, r := range rows {
		out.Entities[i] = sight.show(r)
	}
	if more {
		out.Next = cursorOf(rows[len(rows)-1])
	}
	return out, nil
}

func (s *Service) boundPage(tx *store.Tx, sub access.Subject, l *list, q Query) (Page, error) {
	bound := boundQuery(l, q)
	switch {
	case q.AfterID != "" && q.Oldest:
		bound.Where = append(bound.Where, registry.On("id", ">", q.AfterID))
	case q.AfterID != "":
		return Page{}, ErrCursor // newest first, a register's rows are counted off
	case q.After != "" && q.Oldest:
		bound.Where = append(bound.Where, registry.On("id", ">", string(q.After)))
	case q.After != "":
		n, err := strconv.Atoi(string(q.After))
		if err != nil || n < 0 {
			return Page{}, ErrCursor
		}
		q.Offset, bound.Offset = n, n
	}
	if q.Deleted || q.Search != "" || (q.Conflict != nil && *q.Conflict) {
		return Page{}, nil // a register shows no deleted rows, and its rows have no label to search by
	}
	page, err := s.registry.List(tx, sub, bound)
	if err != nil {
		return Page{}, err
	}
	out := Page{More: page.More}
	for _, r := range page.Rows {
		out.Entities = append(out.Entities, l.fromRow(r))
	}
	switch {
	case page.More && q.Oldest:
		out.Next = Cursor(page.Rows[len(page.Rows)-1].ID)
	case page.More:
		out.Next = Cursor(strconv.Itoa(q.Offset + len(page.Rows)))
	}
	return out, nil
}

func cursorOf(r *row) Cursor {
	return Cursor(base64.RawURLEncoding.EncodeToString(fmt.Appendf(nil, "%d %s", store.Micros(r.Created), r.ID)))
}

func (c Cursor) read() (at int64, id string, err error) {
	b, err := base64.RawURLEncoding.DecodeString(string(c))
	if err != nil {
		return 0, "", ErrCursor
	}
	first, id, ok := strings.Cut(string(b), " ")
	if at, err = strconv.ParseInt(first, 10, 64); err != nil || !ok {
		return 0, "", ErrCursor
	}
	return at, id, nil
}

// behind is where a page begins.
func (s *Service) behind(tx *store.Tx, l *list, q Query) (at int64, id string, err error) {
	if q.AfterID == "" {
		return q.After.read()
	}
	err = tx.Row("SELECT created_at FROM entities WHERE id = ? AND list = ?", q.AfterID, l.ID).Scan(&at)
	if errors.Is(err, store.ErrNone) {
		err = ErrCursor
	}
	return at, q.AfterID, err
}

// action is what one must be allowed to do to see the rows of a query.
func (q Query) action() access.Action {
	switch {
	case q.Deleted:
		return access.Delete
	case q.export:
		return access.Export
	}
	return access.Read
}

// ways are the ways in which the subject reaches rows, each of them one index: an office of
// several is a way of its own, so that the rows of each come in the order of the page.
func (s *Service) ways(sub access.Subject, a access.Action) (out []access.Way) {
	one := sub
	seen := map[string]bool{}
	for i := range max(1, len(sub.Offices)) {
		if len(sub.Offices) > 0 {
			one.Offices = sub.Offices[i : i+1]
		}
		for _, w := range s.policy.Ways(one, a, register) {
			if key := fmt.Sprint(w.Where, w.Args); !seen[key] {
				seen[key] = true
				out = append(out, w)
			}
		}
	}
	return out
}

// table is the entities of a list with the columns that the access policy asks about.
func (l *list) table() string {
	return "(SELECT e.*, " + literal(l.OwnOnly) + " AS restricted FROM entities e) r"
}

// conditions are those of the query apart from who sees what. none says that nothing can match.
func (s *Service) conditions(tx *store.Tx, sub access.Subject, l *list, q Query) (where string, args []any, none bool, err error) {
	var b strings.Builder
	add := func(cond string, more ...any) {
		b.WriteString(" AND " + cond)
		args = append(args, more...)
	}
	column := "r.list"
	if q.IDs != nil || q.Search != "" {
		// An engine must look at these ids, not walk the list in the order of the page to meet them.
		column = "r.list + 0"
	}
	b.WriteString(column + " = ? AND r.deleted = " + literal(q.Deleted))
	args = append(args, l.ID)
	if q.Deleted {
		add("r.body IS NOT NULL")
	}
	if q.Conflict != nil {
		add("r.conflict " + map[bool]string{true: "<>", false: "="}[*q.Conflict] + " ''")
	}
	if q.Creator != "" {
		add("r.created_by = ?", q.Creator)
	}
	for _, c := range []struct {
		cond string
		at   time.Time
	}{{"r.created_at >= ?", q.CreatedFrom}, {"r.created_at < ?", q.CreatedTo}, {"r.updated_at >= ?", q.UpdatedFrom}, {"r.updated_at < ?", q.UpdatedTo}} {
		if !c.at.IsZero() {
			add(c.cond, store.Micros(c.at))
		}
	}
	found := q.IDs
	if strings.TrimSpace(q.Search) != "" {
		hits, err := s.search(tx, sub, l, q)
		if err != nil {
			return "", nil, false, err
		}
		if q.IDs != nil {
			hits = slices.DeleteFunc(hits, func(id string) bool { return !slices.Contains(q.IDs, id) })
		}
		found = hits
		none = len(found) == 0
	}
	if found != nil {
		if len(found) == 0 {
			return "", nil, true, nil
		}
		add("r.id IN (?"+strings.Repeat(", ?", len(found)-1)+")", anys(found)...)
	}
	return b.String(), args, none, nil
}

func anys(list []string) []any {
	out := make([]any, len(list))
	for i, x := range list {
		out[i] = x
	}
	return out
}

// search finds the entities whose label has all the words, in the offices where the subject
// sees some.
func (s *Service) search(tx *store.Tx, sub access.Subject, l *list, q Query) ([]string, error) {
	reach, args := s.reach(sub, q)
	offices, err := tx.Strings("SELECT DISTINCT r.office FROM "+l.counts()+" WHERE r.list = ? AND r.n > 0 AND "+reach+" ORDER BY r.office", append([]any{l.ID}, args...)...)
	if err != nil {
		return nil, err
	}
	words := s.words(q.Search)
	var out []string
	for _, office := range offices {
		found, err := s.vault.LookupEvery(tx, l.lookup(office), "label", "word", words, officeMost)
		if err != nil {
			return nil, err
		}
		if out = append(out, found...); len(out) >= foundMost {
			return out[:foundMost], nil
		}
	}
	return out, nil
}

// officeMost bounds what a search finds in an office, foundMost in all of them: nobody reads
// further, and an engine takes no more ids in a query than that with ease.
const (
	officeMost = 200
	foundMost  = 1000
)

// reach is the condition that the subject reaches a row in some way.
func (s *Service) reach(sub access.Subject, q Query) (string, []any) {
	var reached []string
	var args []any
	for _, w := range s.policy.Ways(sub, q.action(), register) {
		reached, args = append(reached, w.Where), append(args, w.Args...)
	}
	if len(reached) == 0 {
		return "1 = 0", nil
	}
	return "(" + strings.Join(reached, " OR ") + ")", args
}

// counts is the kept counts with the columns that the access policy asks about.
func (l *list) counts() string {
	return "(SELECT c.*, " + literal(l.OwnOnly) + " AS restricted FROM entity_counts c) r"
}

// literal writes a truth value into a query, where an engine can plan with it.
func literal(b bool) string {
	if b {
		return "TRUE"
	}
	return "FALSE"
}

// page reads rows with what is in them; limit may be more than a query's.
func (s *Service) page(tx *store.Tx, sub access.Subject, l *list, q Query, limit int) ([]*row, bool, error) {
	where, args, none, err := s.conditions(tx, sub, l, q)
	ways := s.ways(sub, q.action())
	if q.IDs != nil || q.Search != "" {
		// These name the rows: one look at each, whatever the way.
		reach, reachArgs := s.reach(sub, q)
		ways = []access.Way{{Where: reach, Args: reachArgs}}
	}
	if err != nil || none || len(ways) == 0 {
		return nil, false, err
	}
	order, cmp := " ORDER BY created_at DESC, id DESC", "<"
	if q.Oldest {
		order, cmp = " ORDER BY created_at, id", ">"
	}
	if q.After != "" || q.AfterID != "" {
		at, id, err := s.behind(tx, l, q)
		if err != nil {
			return nil, false, err
		}
		where, args = where+" AND (r.created_at, r.id) "+cmp+" (?, ?)", append(args, at, id)
	}
	// Each way gives the first rows of its own, in the order of an index, and these are sorted.
	// UNION, not UNION ALL: an entity that is reached in two ways is listed once. The limits are
	// written out: PostgreSQL plans for a tenth of the table where it cannot see them.
	var parts []string
	var all []any
	for _, w := range ways {
		parts = append(parts, "SELECT r.id AS id, r.created_at AS created_at FROM "+l.table()+" WHERE "+where+" AND "+w.Where)
		all = append(append(all, args...), w.Args...)
	}
	ids := parts[0] // one way needs no sorting
	if len(parts) > 1 {
		for i := range parts {
			parts[i] = fmt.Sprintf("SELECT id, created_at FROM (%s%s LIMIT %d) AS way", parts[i], order, q.Offset+limit+1)
		}
		ids = strings.Join(parts, " UNION ")
	}
	query := fmt.Sprintf("SELECT %s FROM entities r WHERE r.id IN (SELECT id FROM (%s%s LIMIT %d OFFSET %d) AS page)%s",
		rowColumns, ids, order, limit+1, q.Offset, strings.ReplaceAll(strings.ReplaceAll(order, "created_at", "r.created_at"), " id", " r.id"))
	rows, err := store.All(tx, scanRow, query, all...)
	if err != nil {
		return nil, false, fmt.Errorf("entities of the list %s: %w", l.Name, err)
	}
	more := len(rows) > limit
	if more {
		rows = rows[:limit]
	}
	return rows, more, s.open(tx, rows)
}

// Count says how many entities a page after page of the query would give. Without other
// filters than Deleted and Conflict it reads the kept counts.
func (s *Service) Count(tx *store.Tx, sub access.Subject, q Query) (n int, err error) {
	sub = s.at(sub)
	l, err := s.list(tx, sub, q.Project, q.Dataset)
	if err != nil {
		return 0, err
	}
	if l.schema != nil {
		if q.Deleted || q.Search != "" || (q.Conflict != nil && *q.Conflict) {
			return 0, nil
		}
		return s.registry.Count(tx, sub, boundQuery(l, q))
	}
	where, args, none, err := s.conditions(tx, sub, l, q)
	if err != nil || none {
		return 0, err
	}
	reach, more := s.reach(sub, q)
	plain := q
	plain.Limit, plain.Offset, plain.After, plain.Conflict, plain.Deleted, plain.Oldest = 0, 0, "", nil, false, false
	plain.Project, plain.Dataset = 0, ""
	if !plain.filters() {
		what := "r.n"
		switch {
		case q.Conflict != nil && *q.Conflict:
			what = "r.conflicts"
		case q.Conflict != nil:
			what = "r.n - r.conflicts"
		}
		return n, tx.Row("SELECT CAST(coalesce(sum("+what+"), 0) AS BIGINT) FROM "+l.counts()+" WHERE r.list = ? AND r.deleted = "+literal(q.Deleted)+" AND "+reach,
			append([]any{l.ID}, more...)...).Scan(&n)
	}
	return n, tx.Row("SELECT count(*) FROM "+l.table()+" WHERE "+where+" AND "+reach, append(args, more...)...).Scan(&n)
}

// filters says whether the query has any condition of its own.
func (q Query) filters() bool {
	return q.Search != "" || q.IDs != nil || q.Creator != "" || !q.CreatedFrom.IsZero() || !q.CreatedTo.IsZero() || !q.UpdatedFrom.IsZero() || !q.UpdatedTo.IsZero()
}

// Get gives one entity; ErrNoEntity when there is none.
func (s *Service) Get(tx *store.Tx, sub access.Subject, project int64, name, id string) (Entity, error) {
	sub = s.at(sub)
	l, err := s.list(tx, sub, project, name)
	if err != nil {
		return Entity{}, err
	}
	if l.schema != nil {
		r, err := s.registry.Get(tx, sub, l.Register, id)
		if err != nil {
			return Entity{}, noEntity(err)
		}
		return l.fromRow(r), nil
	}
	r, err := s.seen(tx, sub, l, id)
	if err != nil {
		return Entity{}, err
	}
	return s.sight(sub, l).show(r), nil
}

// seen finds an entity that the subject may read, or a deleted one that she may delete.
func (s *Service) seen(tx *store.Tx, sub access.Subject, l *list, id string) (*row, error) {
	r, err := s.load(tx, l, id)
	if err != nil {
		return nil, err
	}
	if r == nil || len(r.body) == 0 {
		return nil, ErrNoEntity
	}
	action := access.Read
	if !r.Deleted.IsZero() {
		action = access.Delete
	}
	_, err = s.policy.Require(tx, sub, action, r.object(l))
	return r, err
}

// streamed is how many entities one short read transaction gives.
const streamed = 500

// Each calls f for every entity of the query, oldest first unless asked otherwise, with
// memory for one page. It is an export: the right to it is asked for, and the audit log has
// one entry.
func (s *Service) Each(ctx context.Context, sub access.Subject, q Query, f func(Entity) error) error {
	sub = s.at(sub)
	err := s.db.Write(ctx, func(tx *store.Tx) error {
		l, err := s.list(tx, sub, q.Project, q.Dataset)
		if err != nil {
			return err
		}
		of := register
		if l.schema != nil {
			of = l.Register
		}
		if !s.policy.May(sub, access.Export, of) {
			return &access.Refusal{Action: access.Export, Object: access.Object{Register: of}, Reason: access.NoGrant}
		}
		return s.audit.Append(tx, audit.Entry{At: sub.At, Actor: sub.User, Org: sub.Org, Action: "entity.export", Outcome: audit.OK, Register: register, Detail: map[string]string{"list": fmt.Sprint(l.ID)}})
	})
	if err != nil {
		return err
	}
	q.export = true
	return s.stream(ctx, sub, q, f)
}

// stream is Each without the right and the entry.
func (s *Service) stream(ctx context.Context, sub access.Subject, q Query, f func(Entity) error) error {
	left := q.Limit
	for {
		if q.Limit = streamed; left > 0 {
			q.Limit = min(left, streamed)
		}
		var page Page
		err := s.db.Read(ctx, func(tx *store.Tx) (err error) {
			page, err = s.List(tx, sub, q)
			return err
		})
		if err != nil {
			return err
		}
		for _, e := range page.Entities {
			if err := f(e); err != nil {
				return err
			}
		}
		if left -= len(page.Entities); !page.More || left == 0 {
			return nil
		}
		q.After, q.AfterID, q.Offset = page.Next, "", 0
	}
}
