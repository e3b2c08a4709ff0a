package web

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"

	"aman/casework"
	"aman/forms"
	"aman/platform/access"
	"aman/platform/audit"
	"aman/platform/i18n"
	"aman/platform/ids"
	"aman/platform/store"
	"aman/platform/vault"
	"aman/registry"
)

// Page is what every template gets: who looks, in which language, and the page's own
// value in Body. Its methods are the words templates use.
type Page struct {
	Lang, Dir string
	Sub       access.Subject // zero when nobody is signed in
	SignedIn  bool
	TitleKey  string
	TitleArgs []any
	Path      string
	Flash     string
	Unseen    int
	Demo      bool
	Body      any
	// Instance names the submission that a form on this page will be, so that sending
	// it twice acts once.
	Instance string

	srv *Server
	dir *directory
	ctx context.Context
}

// page starts a page for a request.
func (s *Server) page(r *http.Request, title string, args ...any) *Page {
	sub, in := subjectOf(r)
	lang := languageOf(r, sub)
	p := &Page{
		Lang: lang, Dir: i18n.Direction(lang), Sub: sub, SignedIn: in, TitleKey: title, TitleArgs: args,
		Path: r.URL.Path, Demo: s.Demo, Instance: ids.New(), srv: s, ctx: r.Context(),
	}
	if code := r.URL.Query().Get("done"); code != "" && s.texts.Has("done."+code) {
		p.Flash = "done." + code
	}
	if in {
		p.dir = s.people(r.Context())
		_ = s.Node.Store.Read(r.Context(), func(tx *store.Tx) (err error) {
			p.Unseen, err = s.Node.Casework.Unseen(tx, sub)
			return err
		})
	}
	return p
}

// render writes a page. The whole page is made first, so that a fault in a template
// never leaves half of one.
func (s *Server) render(w http.ResponseWriter, r *http.Request, status int, name string, p *Page) {
	t, ok := s.pages[name]
	if !ok {
		panic("there is no page " + name)
	}
	var b bytes.Buffer
	if err := t.ExecuteTemplate(&b, "layout", p); err != nil {
		s.Log.Error("rendering", "page", name, "err", err)
		http.Error(w, s.texts.T(p.Lang, "error.internal"), http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.Header().Set("Content-Language", p.Lang)
	send(w, r, status, b.Bytes(), never[name])
}

// fail shows an error page with one sentence.
func (s *Server) fail(w http.ResponseWriter, r *http.Request, status int, key string) {
	p := s.page(r, "error.title")
	p.Body = key
	s.render(w, r, status, "error", p)
}

// problem answers an error of an engine: a refusal becomes "not found" and an audit
// entry; a fault of the rules or of a value is a sentence; the rest is the system's.
func (s *Server) problem(w http.ResponseWriter, r *http.Request, err error) {
	if ref := access.AsRefusal(err); ref != nil {
		s.refused(r, ref)
		s.fail(w, r, http.StatusNotFound, "error.not_found")
		return
	}
	if key := faultKey(err); key != "" {
		s.fail(w, r, http.StatusUnprocessableEntity, key)
		return
	}
	if store.KindOf(err) != store.Other {
		s.Log.Error("the store failed", "route", r.Pattern, "kind", int(store.KindOf(err)), "err", err)
		s.fail(w, r, http.StatusServiceUnavailable, "error.store")
		return
	}
	s.Log.Error("a request failed", "route", r.Pattern, "err", err)
	s.fail(w, r, http.StatusInternalServerError, "error.internal")
}

// faultKey is the text for an error that a person can mend; "" when it is another.
func faultKey(err error) string {
	var value *registry.ValueError
	switch {
	case casework.AsFault(err) != nil:
		return "fault." + casework.AsFault(err).Code
	case errors.As(err, &value):
		return "value." + value.Reason
	case errors.Is(err, vault.ErrErased):
		return "fault.erased"
	case errors.Is(err, access.ErrReason):
		return "fault.reasons"
	case errors.Is(err, forms.ErrDifferent):
		return "fault.sent_before"
	}
	return ""
}

// refused writes the audit entry of a refusal.
func (s *Server) refused(r *http.Request, ref *access.Refusal) {
	sub, _ := subjectOf(r)
	object := ref.Object.ID
	if !validID(strings.TrimPrefix(object, "uuid:")) {
		object = "" // what was typed into an address may be anything, a name too
	}
	entry := audit.Entry{
		At: s.Node.Now().UTC(), Actor: sub.User, Org: sub.Org, Action: "access." + string(ref.Action), Outcome: audit.Refused,
		Register: ref.Object.Register, Object: object, Case: ref.Object.Case, Detail: map[string]string{"reason": string(ref.Reason)},
	}
	if err := s.Node.Audit.Record(r.Context(), entry); err != nil {
		entry.Object, entry.Case = "", ""
		if err := s.Node.Audit.Record(r.Context(), entry); err != nil {
			s.Log.Error("a refusal could not be audited", "err", err)
		}
	}
}

// T gives a text of the page's language.
func (p *Page) T(key string, args ...any) string { return p.srv.texts.T(p.Lang, key, args...) }

// Title is the page's title.
func (p *Page) Title() string { return p.T(p.TitleKey, p.TitleArgs...) }

// Label is the text of a code.
func (p *Page) Label(list string, code any) string {
	l := p.srv.Node.Catalog.Lists[list]
	switch c := code.(type) {
	case nil:
		return ""
	case string:
		if l == nil || c == "" {
			return c
		}
		return l.Label(c, p.Lang)
	case []string:
		out := make([]string, len(c))
		for i, x := range c {
			out[i] = p.Label(list, x)
		}
		return strings.Join(out, p.T("list.separator"))
	}
	return fmt.Sprint(code)
}

// Prop is the label of a property of a register.
func (p *Page) Prop(register, name string) string {
	if s := p.srv.Node.Catalog.Registers[register]; s != nil {
		if prop, ok := s.Property(name); ok {
			return prop.Label.In(p.Lang)
		}
	}
	return name
}

// Value writes the value of a property as people read it.
func (p *Page) Value(register, name string, v any) string {
	s := p.srv.Node.Catalog.Registers[register]
	if s == nil || v == nil {
		return ""
	}
	prop, ok := s.Property(name)
	if !ok {
		return fmt.Sprint(v)
	}
	switch prop.Type {
	case registry.TypeCode, registry.TypeCodes:
		return p.Label(prop.List, v)
	case registry.TypeDate, registry.TypeDateTime:
		return p.Date(v)
	case registry.TypeBoolean:
		if v == true {
			return p.Label("yes_no", "yes")
		}
		return p.Label("yes_no", "no")
	case registry.TypeUser:
		return p.Who(fmt.Sprint(v))
	case registry.TypeOrg:
		return p.Org(fmt.Sprint(v))
	case registry.TypeInteger:
		if n, ok := v.(int64); ok {
			return i18n.Number(p.Lang, n)
		}
	}
	return fmt.Sprint(v)
}

// Date writes a day; of a moment, the day where people work.
func (p *Page) Date(v any) string {
	switch d := v.(type) {
	case string:
		t, err := time.Parse(time.DateOnly, d)
		if err != nil {
			return d
		}
		return i18n.Date(p.Lang, t)
	case time.Time:
		if d.IsZero() {
			return ""
		}
		return i18n.Date(p.Lang, d.In(p.srv.Node.Zone()))
	}
	return ""
}

// Moment writes a day and a time.
func (p *Page) Moment(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	t = t.In(p.srv.Node.Zone())
	return i18n.Date(p.Lang, t) + " " + t.Format("15:04")
}

// Num writes a whole number.
func (p *Page) Num(n int) string { return i18n.Number(p.Lang, int64(n)) }

// Who is the name of a member of staff.
func (p *Page) Who(user string) string {
	if u, ok := p.dir.users[user]; ok {
		return u.Name
	}
	if user == "" {
		return ""
	}
	return p.T("who.unknown")
}

// Org is the name of an organisation.
func (p *Page) Org(id string) string { return p.dir.orgs[id].Name }

// Overdue says whether a day is past.
func (p *Page) Overdue(day any) bool {
	d, _ := day.(string)
	return d != "" && d < p.srv.Node.Now().In(p.srv.Node.Zone()).Format(time.DateOnly)
}

// Past says whether a moment is past.
func (p *Page) Past(t any) bool {
	at, ok := t.(time.Time)
	return ok && !at.IsZero() && at.Before(p.srv.Node.Now())
}

// May says whether the subject may do something at all to rows of a register, for
// showing a link; the act itself is checked row by row.
func (p *Page) May(action, register string) bool {
	return p.SignedIn && p.srv.Node.Policy.May(p.Sub, access.Action(action), register)
}

// Today is the day where people work.
func (p *Page) Today() string { return p.Date(p.srv.Node.Now()) }

// Languages are offered by the language switch.
func (p *Page) Languages() []string { return i18n.Languages }

// OwnName is what a language calls itself.
func (p *Page) OwnName(lang string) string { return i18n.OwnName(lang) }

// DirOf is the direction of a language.
func (p *Page) DirOf(lang string) string { return i18n.Direction(lang) }

// FormTitle is the title of a form in the page's language.
func (p *Page) FormTitle(form string) string {
	if m := p.srv.Node.Shipped.Mappings[form]; m != nil {
		return m.Title.In(p.Lang)
	}
	return form
}

// Action is what an action of the audit log is called.
func (p *Page) Action(code string) string {
	if key := "action." + code; p.srv.texts.Has(key) {
		return p.T(key)
	}
	return code
}

// Reason is why something was refused, in words; a reason without words is shown as it is.
func (p *Page) Reason(code any) string {
	s := fmt.Sprint(code)
	if key := "refusal." + s; p.srv.texts.Has(key) {
		return p.T(key)
	}
	return s
}

// Text gives a text of a pack in the page's language.
func (p *Page) Text(t map[string]string) string { return registry.Text(t).In(p.Lang) }

// Options are the codes a list offers.
func (p *Page) Options(list string) []Option { return p.options(list) }

// OfficeName is what an office is called.
func (p *Page) OfficeName(id string) string { return p.dir.offices[id] }

// Arrow points the way the page reads.
func (p *Page) Arrow() string {
	if p.Dir == "rtl" {
		return "←"
	}
	return "→"
}

// RegisterTitle is what a register is called.
func (p *Page) RegisterTitle(name string) string {
	if s := p.srv.Node.Catalog.Registers[name]; s != nil {
		return s.Title.In(p.Lang)
	}
	return name
}

// Less is a - b.
func (p *Page) Less(a, b int) int { return a - b }
