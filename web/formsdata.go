package web

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"aman/forms"
	"aman/forms/answers"
	"aman/forms/export"
	"aman/platform/access"
	"aman/platform/store"
)

// meta is what is known of a submission, for a table.
func (p *Page) meta(h *forms.Head) export.Meta { return answers.Meta(h, p.staffName) }

func (p *Page) staffName(user string) string { return p.dir.users[user].Name }

// source gives the answers that a filter means, for reading; purpose is why, for the audit log.
func (s *Server) source(ctx context.Context, p *Page, f forms.Filter, purpose string) export.Source {
	return answers.Source(ctx, s.Node.Forms, p.Sub, f, purpose, p.staffName)
}

// asked is what a page of answers was asked to show.
type asked struct {
	From, To string // days
	Review   string
	Fit      string // "no": only what does not fit its form
	Office   string // only that office's
	Deleted  bool   // those that were deleted, instead
	Names    bool
	Columns  []string
	Language string
	Offset   int
	MayNames bool
}

// reviewStates are the states a page offers, with their texts; "all" is none of them.
var reviewStates = []struct{ code, text string }{
	{"received", "answers.review.received"}, {forms.Edited, "answers.review.edited"}, {forms.HasIssues, "answers.review.issues"},
	{forms.Approved, "answers.review.approved"}, {forms.Refused, "answers.review.rejected"},
}

// ReviewText is what a review is called.
func (p *Page) ReviewText(code string) string {
	for _, r := range reviewStates {
		if r.code == code || r.code == "received" && code == "" {
			return p.T(r.text)
		}
	}
	return code
}

// ReviewOptions are the reviews a page offers.
func (p *Page) ReviewOptions() []Option {
	out := make([]Option, len(reviewStates))
	for i, r := range reviewStates {
		out[i] = Option{Value: r.code, Label: p.T(r.text)}
	}
	return out
}

// OfficeOptions are the offices that answers may have come from.
func (p *Page) OfficeOptions() []Option {
	var out []Option
	for id, name := range p.dir.offices {
		out = append(out, Option{Value: id, Label: name})
	}
	slices.SortFunc(out, func(a, b Option) int { return strings.Compare(a.Label, b.Label) })
	return out
}

// readAsked reads what was asked for, from an address or a form.
func (p *Page) readAsked(q url.Values) asked {
	a := asked{From: q.Get("from"), To: q.Get("to"), Review: q.Get("review"), Fit: q.Get("fit"), Office: q.Get("office"), Columns: q["col"], Language: q.Get("in"), MayNames: p.May("unseal", "answers")}
	a.Names = q.Get("names") == "1" && a.MayNames
	a.Deleted = q.Get("deleted") == "1"
	if a.Language == "" {
		a.Language = p.Lang
	}
	return a
}

// filter makes the condition on submissions. Days are days where people work.
func (a *asked) filter(zone *time.Location, form string) forms.Filter {
	f := forms.Filter{Form: form, Names: a.Names, Office: a.Office, Deleted: a.Deleted}
	if t, err := time.ParseInLocation(time.DateOnly, a.From, zone); err == nil {
		f.From = t
	}
	if t, err := time.ParseInLocation(time.DateOnly, a.To, zone); err == nil {
		f.To = t.AddDate(0, 0, 1)
	}
	switch {
	case a.Review == "received":
		f.Reviews = []string{""}
	case slices.ContainsFunc(reviewStates, func(r struct{ code, text string }) bool { return r.code == a.Review }):
		f.Reviews = []string{a.Review}
	}
	if a.Fit == "no" {
		f.States = []string{forms.Quarantined}
	}
	return f
}

// Query is what was asked for, as an address; more are pairs that replace its parts.
func (a *asked) Query(more ...string) string {
	q := url.Values{}
	set := func(name, value string) {
		if value != "" {
			q.Set(name, value)
		} else {
			q.Del(name)
		}
	}
	set("from", a.From)
	set("to", a.To)
	set("review", a.Review)
	set("fit", a.Fit)
	set("office", a.Office)
	if a.Names {
		set("names", "1")
	}
	if a.Deleted {
		set("deleted", "1")
	}
	q["col"] = a.Columns
	if len(a.Columns) == 0 {
		delete(q, "col")
	}
	for i := 0; i+1 < len(more); i += 2 {
		set(more[i], more[i+1])
	}
	if len(q) == 0 {
		return "?"
	}
	return "?" + q.Encode()
}

// answersHead reads the form and its layout for somebody who reads its answers.
func (s *Server) answersHead(r *http.Request, p *Page, at string) (h formHead, l *export.Layout, err error) {
	err = s.Node.Store.Read(r.Context(), func(tx *store.Tx) error {
		if h, err = s.formHead(tx, p, r, at); err != nil {
			return err
		}
		if !h.Reads {
			return &access.Refusal{Action: access.Read, Object: access.Object{Register: "answers", ID: h.Form.ID}, Reason: access.NoGrant}
		}
		l, err = answers.Layout(tx, s.Node.Forms, p.Sub, h.Form.ID)
		return err
	})
	return h, l, err
}

// cut ends an answer that cannot be finished, so that half a file is not taken for a whole
// one: the connection is closed before its end was said.
func (s *Server) cut(w http.ResponseWriter, r *http.Request, err error) {
	if !errors.Is(err, context.Canceled) {
		s.Log.Error("writing an export", "route", r.Pattern, "err", err)
	}
	if conn, _, err := http.NewResponseController(w).Hijack(); err == nil {
		conn.Close()
	}
}

// begun remembers whether anything was written: until then a fault can still be a page.
type begun struct {
	w    io.Writer
	some bool
}

func (b *begun) Write(p []byte) (int, error) {
	b.some = b.some || len(p) > 0
	return b.w.Write(p)
}

// shortLabel is a label for the head of a column.
func shortLabel(label string) string {
	label = strings.Join(strings.Fields(label), " ")
	if r := []rune(label); len(r) > 60 {
		return string(r[:57]) + "…"
	}
	return label
}
