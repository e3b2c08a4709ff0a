package screening

import (
	"bufio"
	"encoding/json"
	"io"
	"slices"
	"strings"
	"time"
)

// WriteText writes the report for a person to read, in one language. Words
// come from the vocabulary that made the report.
func (l *Library) WriteText(w io.Writer, r Report, lang string) error {
	out := &writer{Writer: bufio.NewWriter(w), v: l.Vocabulary, lang: lang}
	for _, ep := range r.Episodes {
		out.episode(ep)
	}
	out.line(0, out.word("disclaimer"))
	return out.Flush()
}

// WriteJSON writes the report for a machine to read, indented.
func WriteJSON(w io.Writer, r Report) error {
	e := json.NewEncoder(w)
	e.SetEscapeHTML(false)
	e.SetIndent("", "  ")
	return e.Encode(r)
}

type writer struct {
	*bufio.Writer
	v    *Vocabulary
	lang string
	f    *Finding
}

// line writes one line. An error stays in the bufio.Writer until Flush.
func (w *writer) line(depth int, parts ...string) {
	w.WriteString(strings.Repeat("  ", depth))
	for _, p := range parts {
		w.WriteString(p)
	}
	w.WriteByte('\n')
}

func (w *writer) word(key string) string   { return w.v.Words[key].In(w.lang) }
func (w *writer) text(label string) string { return w.f.Text(label, w.lang) }
func (w *writer) value(v Value) string     { return w.word(v.String()) }
func (w *writer) fill(key, name, by string) string {
	return strings.ReplaceAll(w.word(key), "{"+name+"}", by)
}

func (w *writer) heading(key string) { w.line(1, w.word(key), ":") }

func (w *writer) period(p Period) string {
	switch {
	case p.From == "":
		return w.word("no_date")
	case p.From == p.To:
		return string(p.From)
	}
	return string(p.From) + " – " + string(p.To)
}

func (w *writer) episode(ep EpisodeReport) {
	if ep.Title != "" {
		w.line(0, "# ", ep.Title)
	}
	w.line(0, w.word("conduct"), ": ", w.period(ep.Conduct))
	w.line(0)
	for i := range ep.Findings {
		w.f = &ep.Findings[i]
		w.finding()
		w.line(0)
	}
	for i, ref := range ep.NotInForce {
		if i == 0 {
			w.line(0, w.word("not_shown"), ":")
		}
		w.line(1, ref.ID, " (", ref.Citation, ")")
		if i == len(ep.NotInForce)-1 {
			w.line(0)
		}
	}
	w.compare(ep.Compare)
	w.turningPoints(ep.TurningPoints)
}

func (w *writer) finding() {
	f := w.f
	w.line(0, "== ", w.text(f.Standard.Title))
	w.line(0, "   ", w.result(f.Outcome))
	w.results("not_ruled_out", f.Open)
	w.results("also_met", f.Also)
	w.results("may_be", f.Possible)
	if lines := f.Explain(w.v, w.lang); len(lines) > 0 {
		w.heading("why")
		for _, l := range lines {
			w.reason(l)
		}
	}
	w.changes()
	if len(f.Missing) > 0 {
		w.heading("to_ask")
		for _, q := range f.Missing {
			w.line(2, "- ", w.text(q.Question))
			if q.Note != "" {
				w.line(3, w.text(q.Note))
			}
		}
	}
	if len(f.Advice) > 0 {
		w.heading("advice")
		for _, a := range f.Advice {
			w.line(2, "- ", w.text(a.Text), " [", w.word("mark_"+string(a.Mark)), "]")
		}
	}
	w.heading("notes")
	for _, n := range append([]string{f.Standard.Consent}, f.Notes...) {
		w.line(2, "- ", w.text(n))
	}
	w.line(1, w.word("source"), ": ", f.Standard.Citation, " [", w.word("mark_"+string(f.Standard.Mark)), "]")
}

func (w *writer) result(r Result) string {
	s := w.text(r.Label)
	if r.Section != "" {
		s += ", " + r.Section
	}
	if r.Penalty != "" {
		s += " — " + w.text(r.Penalty)
	}
	return s
}

func (w *writer) results(heading string, list []Result) {
	if len(list) == 0 {
		return
	}
	w.heading(heading)
	for _, r := range list {
		w.line(2, "- ", w.result(r))
	}
}

func (w *writer) reason(l Line) {
	mark := map[Value]string{Yes: "+ ", No: "- ", Unknown: "? ", NotAsked: "? "}[l.Value]
	w.line(l.Depth+2, mark, l.Text, ": ", w.value(l.Value))
	if l.Note != "" {
		w.line(l.Depth+3, "  ", l.Note)
	}
	if l.Conflict {
		w.line(l.Depth+3, "  ", w.word("conflict"))
	}
	for _, f := range l.Records {
		of := ""
		if d, ok := w.v.Definition(f.Key); ok && l.Label != "fact/"+f.Key { // the record behind a presumption
			of = d.Label.In(w.lang) + ": "
		}
		w.line(l.Depth+3, "  ", of, w.record(f))
	}
}

// record tells who recorded a fact, when, and from where.
func (w *writer) record(f Fact) string {
	parts := []string{w.value(f.Value)}
	if f.By != "" {
		parts = append(parts, w.fill("recorded_by", "by", f.By))
	}
	if !f.At.IsZero() {
		parts = append(parts, w.fill("recorded_at", "at", f.At.UTC().Format(time.RFC3339)))
	}
	if f.Source != "" {
		parts = append(parts, f.Source)
	}
	if f.Via != "" {
		parts = append(parts, w.fill("recorded_via", "via", f.Via))
	}
	sep := ", "
	if w.lang == "ur" {
		sep = "، "
	}
	return strings.Join(parts, sep)
}

func (w *writer) changes() {
	if w.f.Outcome.Key == Undetermined && !slices.ContainsFunc(w.f.Changes, Change.Asked) {
		w.heading("would_change")
		w.line(2, "- ", w.word("no_single_answer"))
	}
	groups := []struct {
		heading string
		asked   bool
	}{{"would_change", true}, {"rests_on", false}}
	for _, g := range groups {
		first := true
		for _, c := range w.f.Changes {
			if c.Asked() != g.asked {
				continue
			}
			if first {
				w.heading(g.heading)
				first = false
			}
			then := w.text(c.Outcome.Label)
			if c.Grade {
				then = w.word("rules_out")
			}
			w.line(2, "- ", w.text(c.Label), " — ", w.fill("if_answer", "answer", w.value(c.To)), ": ", then)
		}
	}
}

func (w *writer) compare(list []Comparison) {
	if len(list) == 0 {
		return
	}
	w.line(0, w.word("compare"), ":")
	for _, c := range list {
		agree := "standards_differ"
		if c.Agree {
			agree = "standards_agree"
		}
		if len(c.Views) > 1 {
			w.line(1, c.Subject, " — ", w.word(agree))
		} else {
			w.line(1, c.Subject)
		}
		for _, v := range c.Views {
			w.line(2, v.Standard, ": ", w.answer(v.Answer))
		}
	}
	w.line(0)
}

func (w *writer) answer(a string) string {
	if s := w.word("answer_" + a); s != "" {
		return s
	}
	return w.word(a)
}

func (w *writer) turningPoints(list []TurningPoint) {
	first := true
	for _, t := range list {
		if t.Value != Yes {
			continue
		}
		if first {
			w.line(0, w.word("turning_points"), ":")
			first = false
		}
		w.line(1, "- ", t.Label.In(w.lang))
		if note := t.Note.In(w.lang); note != "" {
			w.line(2, note)
		}
		for _, q := range t.FollowUp {
			w.line(2, "? ", w.v.Question(q.Fact).In(w.lang))
		}
	}
	if !first {
		w.line(0)
	}
}
