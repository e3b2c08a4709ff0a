package forms

import (
	"context"
	"database/sql"
	"errors"
	"runtime"
	"slices"
	"strings"
	"time"

	"aman/forms/xform"
	"aman/platform/access"
	"aman/platform/audit"
	"aman/platform/store"
	"aman/platform/vault"
)

// Filter says which answers to surveys are meant. The zero value is: the newest version of
// each, of every form, no test submission, none that was deleted.
type Filter struct {
	Project int64
	Form    string
	// Draft means the test submissions of the draft instead, Deleted those that were deleted.
	Draft, Deleted bool
	// Replaced takes the earlier versions in as well.
	Replaced bool
	// Instances are ids of any version of a submission.
	Instances []string
	// From and To bound when the first version came, UpdatedFrom and UpdatedTo when it was
	// last edited or reviewed (never: when it came). From is in, To is not.
	From, To, UpdatedFrom, UpdatedTo time.Time
	Reviews                          []string // see Head.Review
	States                           []string // see the package comment
	Submitter                        string   // a user's id
	Office                           string   // whose it is: an office's id
	// Newest lists the newest first; else the oldest.
	Newest bool
	// Limit bounds the list (0: everything); Offset passes over its first.
	Limit, Offset int
	// After begins behind this place in the same order.
	After Cursor
	// Names is for EachSubmission: the reader will show answers of the classes identity and
	// health too. That needs unseal, and the audit entry says so.
	Names bool
}

// Cursor is a place in a list; the zero value is its beginning.
type Cursor struct {
	At time.Time
	ID string
}

// where gives the condition on submissions r, and the order.
func (f *Filter) where() (where, order string, args []any) {
	var parts []string
	add := func(sql string, more ...any) { parts, args = append(parts, sql), append(args, more...) }
	// These four in these words: the index submissions_survey is for them.
	add("r.kind = 'survey' AND r.draft = " + map[bool]string{false: "FALSE", true: "TRUE"}[f.Draft])
	if !f.Replaced {
		add("r.replaced_by = ''")
	}
	add("r.deleted_at " + map[bool]string{false: "= 0", true: "<> 0"}[f.Deleted])
	switch {
	case f.Form == "":
		add("r.form IN (SELECT id FROM forms WHERE deleted_at = 0)")
	case f.Instances != nil:
		add("r.form || '' = ?", f.Form) // so that no engine walks through the form to find a few ids
	default:
		add("r.form = ?", f.Form)
	}
	if f.Project != 0 {
		add("r.project = ?", f.Project)
	}
	if f.Instances != nil {
		var in []any
		for _, id := range f.Instances {
			if f.Draft {
				id = DraftInstance(id)
			}
			in = append(in, id)
		}
		m := marks(len(in))
		add("r.id IN (SELECT a.id FROM submissions a WHERE a.id IN ("+m+") UNION SELECT b.id FROM submissions b WHERE b.root <> '' AND b.root IN ("+m+")"+
			" UNION SELECT c.id FROM submissions x JOIN submissions c ON c.root <> '' AND c.root = x.root WHERE x.id IN ("+m+"))", slices.Concat(in, in, in)...)
	}
	times := func(column string, from, to time.Time) {
		if !from.IsZero() {
			add(column+" >= ?", store.Micros(from))
		}
		if !to.IsZero() {
			add(column+" < ?", store.Micros(to))
		}
	}
	times("r.first_at", f.From, f.To)
	times("CASE WHEN r.updated_at = 0 THEN r.first_at ELSE r.updated_at END", f.UpdatedFrom, f.UpdatedTo)
	if f.Reviews != nil {
		var either []string
		for _, state := range f.Reviews {
			switch state {
			case "":
				either = append(either, "(r.review = '' AND r.edits = 0)")
			case Edited:
				either = append(either, "(r.review = '' AND r.edits > 0)")
			default:
				either, args = append(either, "r.review = ?"), append(args, state)
			}
		}
		add("(" + strings.Join(append(either, "1 = 0"), " OR ") + ")")
	}
	if f.States != nil {
		var in []any
		for _, state := range f.States {
			in = append(in, state)
		}
		add("r.state IN ("+marks(len(in))+")", in...)
	}
	if f.Submitter != "" {
		add("r.actor = ?", f.Submitter)
	}
	if f.Office != "" {
		add("r.office = ?", f.Office)
	}
	order = " ORDER BY r.first_at, r.id"
	if f.Newest {
		order = " ORDER BY r.first_at DESC, r.id DESC"
	}
	if f.After != (Cursor{}) {
		add("(r.first_at, r.id) "+map[bool]string{false: ">", true: "<"}[f.Newest]+" (?, ?)", store.Micros(f.After.At), f.After.ID)
	}
	return strings.Join(parts, " AND "), order, args
}

// marks is "?, ?, ?" for n values; what is in no list for none.
func marks(n int) string {
	if n == 0 {
		return "NULL"
	}
	return strings.TrimSuffix(strings.Repeat("?, ", n), ", ")
}

// allowed is where with what the subject may do action to. The form must be one she sees.
func (s *Service) allowed(tx *store.Tx, sub access.Subject, action access.Action, f *Filter) (where, order string, args []any, err error) {
	if f.Form != "" {
		if _, err := s.form(tx, sub, access.Read, f.Project, f.Form, false); err != nil {
			return "", "", nil, err
		}
	}
	may, more := s.policy.Filter(s.at(sub), action, "answers")
	where, order, args = f.where()
	return where + " AND " + may, order, append(args, more...), nil
}

// Submissions lists answers to surveys. Answers of intake forms are in no list but Queue.
func (s *Service) Submissions(tx *store.Tx, sub access.Subject, f Filter) ([]Head, error) {
	where, order, args, err := s.allowed(tx, sub, access.Read, &f)
	if err != nil {
		return nil, err
	}
	if f.Limit > 0 || f.Offset > 0 {
		limit := int64(f.Limit)
		if limit == 0 {
			limit = 1 << 60
		}
		order, args = order+" LIMIT ? OFFSET ?", append(args, limit, f.Offset)
	}
	return store.All(tx, scanHead, headColumns+" FROM submissions r WHERE "+where+order, args...)
}

// CountSubmissions counts what Submissions lists without Limit, Offset and After.
func (s *Service) CountSubmissions(tx *store.Tx, sub access.Subject, f Filter) (n int, err error) {
	f.After = Cursor{}
	where, _, args, err := s.allowed(tx, sub, access.Read, &f)
	if err != nil {
		return 0, err
	}
	err = tx.Row("SELECT count(*) FROM submissions r WHERE "+where, args...).Scan(&n)
	return n, err
}

// answer reads one version of an answer that the subject may do action to; not of the
// deleted ones.
func (s *Service) answer(tx *store.Tx, sub access.Subject, action access.Action, project int64, form, instance string) (Head, error) {
	return s.answerAny(tx, sub, action, project, form, instance, false)
}

func (s *Service) answerAny(tx *store.Tx, sub access.Subject, action access.Action, project int64, form, instance string, deleted bool) (Head, error) {
	if _, err := s.form(tx, sub, access.Read, project, form, false); err != nil {
		return Head{}, err
	}
	none := noRow(action, "answers", "")
	if !plainText(instance, 300) {
		return Head{}, none
	}
	list, err := store.All(tx, scanHead, headColumns+" FROM submissions r WHERE r.id = ? AND r.kind = 'survey'", instance)
	if err != nil {
		return Head{}, err
	}
	if len(list) == 0 || list[0].Form != form || list[0].Deleted != deleted {
		return Head{}, none
	}
	_, err = s.policy.Require(tx, s.at(sub), action, list[0].object())
	return list[0], err
}

// Submission gives the head of one version.
func (s *Service) Submission(tx *store.Tx, sub access.Subject, project int64, form, instance string) (Head, error) {
	return s.answer(tx, sub, access.Read, project, form, instance)
}

// Current gives the newest version of the submission that an instance is any version of.
func (s *Service) Current(tx *store.Tx, sub access.Subject, project int64, form, instance string) (Head, error) {
	return s.current(tx, sub, access.Read, project, form, instance, false)
}

func (s *Service) current(tx *store.Tx, sub access.Subject, action access.Action, project int64, form, instance string, deleted bool) (Head, error) {
	h, err := s.answerAny(tx, sub, action, project, form, instance, deleted)
	if err != nil || h.ReplacedBy == "" {
		return h, err
	}
	id := ""
	if err := tx.Row("SELECT id FROM submissions WHERE root = ? AND root <> '' AND replaced_by = ''", h.storedRoot()).Scan(&id); err != nil {
		return Head{}, err
	}
	return s.answerAny(tx, sub, action, project, form, id, deleted)
}

// storedRoot is the id under which the first version is kept.
func (h *Head) storedRoot() string {
	if h.Draft {
		return DraftInstance(h.Root)
	}
	return h.Root
}

// Edits lists every version of a submission, newest first.
func (s *Service) Edits(tx *store.Tx, sub access.Subject, project int64, form, instance string) ([]Head, error) {
	h, err := s.answer(tx, sub, access.Read, project, form, instance)
	if err != nil {
		return nil, err
	}
	return store.All(tx, scanHead, headColumns+" FROM submissions r WHERE r.id = ? OR (r.root = ? AND r.root <> '') ORDER BY r.edits DESC", h.storedRoot(), h.storedRoot())
}

// ReadSubmission gives one version of an answer as it was sent, names and all: it needs
// unseal, and is in the audit log before it is given. Answers gives it without names. The
// content is nil when the person it is about was erased.
func (s *Service) ReadSubmission(ctx context.Context, sub access.Subject, project int64, form, instance string) (h Head, body []byte, err error) {
	return s.read(ctx, sub, access.Unseal, "submission.unseal", project, form, instance)
}

func (s *Service) read(ctx context.Context, sub access.Subject, action access.Action, verb string, project int64, form, instance string) (h Head, body []byte, err error) {
	err = s.db.Write(ctx, func(tx *store.Tx) error {
		sub := sub
		sub.At = s.now().UTC()
		if h, err = s.answer(tx, sub, action, project, form, instance); err != nil {
			return err
		}
		if body, err = s.body(tx, h.stored); err != nil && !errors.Is(err, vault.ErrErased) {
			return err
		}
		return s.audit.Append(tx, audit.Entry{At: sub.At, Actor: actor(sub), Org: sub.Org, Action: verb, Outcome: audit.OK, Register: "answers", Object: ForAudit(h.stored)})
	})
	if err != nil {
		return Head{}, nil, err
	}
	if in, err := xform.ParseInstance(body); err == nil && action == access.Unseal {
		h.InstanceName = instanceName(in)
	}
	return h, body, nil
}

func instanceName(in *xform.Instance) string {
	for _, a := range in.Answers {
		if strings.HasSuffix(a.Path, "/meta/instanceName") && strings.Count(a.Path, "/") == 3 {
			return a.Value
		}
	}
	return ""
}

// Answer is one answer of a submission with its privacy class.
type Answer struct {
	xform.Answer
	Class access.Class
	// Hidden: there is an answer, and it is not shown. Value is empty then.
	Hidden bool
}

// Answers gives one version of a submission for a page: every answer, those of the classes
// identity and health hidden. It needs read, and is in the audit log.
func (s *Service) Answers(ctx context.Context, sub access.Subject, project int64, form, instance string) (h Head, out []Answer, err error) {
	h, body, err := s.read(ctx, sub, access.Read, "submission.read", project, form, instance)
	if err != nil || body == nil || h.Encrypted {
		return h, nil, err
	}
	in, err := xform.ParseInstance(body)
	if err != nil {
		return h, nil, err
	}
	version := h.Version
	if h.Draft {
		version = DraftVersion
	}
	var classes map[string]access.Class
	if err := s.db.Read(ctx, func(tx *store.Tx) error { classes, err = s.Classes(tx, form, version); return err }); err != nil {
		return h, nil, err
	}
	for _, a := range in.Answers {
		class, ok := classes[plainPath(a.Path)]
		if !ok {
			class = access.Identity
		}
		x := Answer{a, class, Hidden(class)}
		if x.Hidden {
			x.Value = ""
		}
		out = append(out, x)
	}
	return h, out, nil
}

// Bounds of a page of EachSubmission.
const (
	pageRows  = 256
	pageBytes = 2 << 20
)

// opened is a page of submissions on its way to the reader.
type opened struct {
	heads  []Head
	bodies [][]byte
	err    error
}

// EachSubmission calls f with every answer that the filter means, in its order, with the
// content as it was sent (nil when the person it is about was erased). It needs export, and
// unseal with Filter.Names; one audit entry stands for all of it. Without Names the caller
// must let nothing out that Classes calls identity or health.
//
// Any number goes through in constant memory: pages are read in short snapshots of their
// own, so what comes in meanwhile may be among them, and opened on all cores. f is called
// by one goroutine and must not change what it is given; its error ends the walk and comes
// back.
func (s *Service) EachSubmission(ctx context.Context, sub access.Subject, f Filter, purpose string, each func(Head, []byte) error) error {
	sub.At = s.now().UTC()
	detail := map[string]string{"purpose": purpose}
	if f.Form != "" {
		detail["form"] = formForAudit(f.Form)
	}
	verb := "submission.export"
	if f.Names {
		verb = "submission.export-names"
	}
	err := s.db.Write(ctx, func(tx *store.Tx) error {
		if !s.policy.May(sub, access.Export, "answers") || f.Names && !s.policy.May(sub, access.Unseal, "answers") {
			return &access.Refusal{Action: access.Export, Object: access.Object{Register: "answers"}, Reason: access.NoGrant}
		}
		if _, _, _, err := s.allowed(tx, sub, access.Export, &f); err != nil {
			return err
		}
		return s.audit.Append(tx, audit.Entry{At: sub.At, Actor: actor(sub), Org: sub.Org, Action: verb, Outcome: audit.OK, Register: "answers", Detail: detail})
	})
	if err != nil {
		return err
	}
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	pages := make(chan chan opened, runtime.GOMAXPROCS(0))
	go s.pages(ctx, sub, f, pages)
	for page := range pages {
		p := <-page
		if p.err != nil {
			return p.err
		}
		for i := range p.heads {
			if err := each(p.heads[i], p.bodies[i]); err != nil {
				return err
			}
		}
	}
	return ctx.Err()
}

// pages reads page after page and lets each be opened beside the next.
func (s *Service) pages(ctx context.Context, sub access.Subject, f Filter, out chan<- chan opened) {
	defer close(out)
	left := f.Limit
	for {
		page := make(chan opened, 1)
		select {
		case out <- page:
		case <-ctx.Done():
			return
		}
		most := pageRows
		if f.Limit > 0 {
			most = min(most, left)
		}
		heads, sealed, err := s.page(ctx, sub, f, most)
		if err != nil {
			page <- opened{err: err}
			return
		}
		if len(heads) == 0 {
			page <- opened{}
			return
		}
		f.After, f.Offset = heads[len(heads)-1].Cursor(), 0
		left -= len(heads)
		go func() { page <- s.open(ctx, heads, sealed) }()
		if f.Limit > 0 && left == 0 {
			return
		}
	}
}

// errFull ends a page that is large enough.
var errFull = errors.New("the page is full")

func (s *Service) page(ctx context.Context, sub access.Subject, f Filter, most int) (heads []Head, sealed [][]byte, err error) {
	size := 0
	err = s.db.Read(ctx, func(tx *store.Tx) error {
		where, order, args, err := s.allowed(tx, sub, access.Export, &f)
		if err != nil {
			return err
		}
		if f.Names {
			may, more := s.policy.Filter(sub, access.Unseal, "answers")
			where, args = where+" AND "+may, append(args, more...)
		}
		return tx.Each(func(rows *sql.Rows) error {
			var body []byte
			h, err := scanHeadAnd(rows, &body)
			if err != nil {
				return err
			}
			heads, sealed = append(heads, h), append(sealed, body)
			if size += len(body); size >= pageBytes {
				return errFull
			}
			return nil
		}, headColumns+", r.body FROM submissions r WHERE "+where+order+" LIMIT ? OFFSET ?", append(args, most, f.Offset)...)
	})
	if errors.Is(err, errFull) {
		err = nil
	}
	return heads, sealed, err
}

func (s *Service) open(ctx context.Context, heads []Head, sealed [][]byte) (p opened) {
	items := make([]vault.Item, len(heads))
	for i, h := range heads {
		items[i] = vault.Item{Context: bodyContext(h.stored), Sealed: sealed[i]}
	}
	p.heads = heads
	p.err = s.db.Read(ctx, func(tx *store.Tx) (err error) { p.bodies, err = s.vault.OpenAll(tx, items); return err })
	return p
}
