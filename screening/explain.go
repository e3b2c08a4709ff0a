package screening

import (
	"slices"
	"strconv"
	"strings"
)

// requiredWords are the fixed words of findings, which a vocabulary must give.
// Braces are replaced by values.
var requiredWords = []string{
	"yes", "no", "unknown", "not_asked",
	Undetermined, BlockedResult, NotApplicable,
	"applies_unsure", "second_reviewer", "in_force_unsure", "conduct_not_dated", "not_in_force",
	"all_of", "any_of", "at_least_of", // at_least_of has {n}
	"strong", "medium", "weak",
	"recorded_by",                 // {by}
	"recorded_at", "recorded_via", // {at}, {via}
	"conflict", "not_recorded",
	"why", "may_be", "also_met", "not_ruled_out", "would_change", "rests_on", "if_answer", "rules_out",
	"to_ask", "no_single_answer", "advice", "notes", "source", "conduct", "no_date",
	"compare", "standards_agree", "standards_differ", "turning_points", "not_shown",
	"mark_V", "mark_S", "mark_K", "mark_C",
	"answer_yes", "answer_no", "answer_related", "answer_flag", "answer_no_flag", "answer_unclassified",
	"disclaimer",
}

// Line is one line of a readable derivation.
type Line struct {
	Depth    int
	Op       Op
	Label    string // label key; empty for all, any and at_least
	Text     string
	Value    Value
	Note     string // why a fact is presumed, in the language asked for
	Records  []Fact // of a fact
	Conflict bool
}

// Explain gives the reasons for the outcome in a language: what made a
// condition hold or fail, and where it is open, what is open. The full tree
// stays in Rules and Elements. Words come from the vocabulary.
func (f *Finding) Explain(v *Vocabulary, lang string) []Line {
	x := explainer{f: f, v: v, lang: lang, shown: map[string]bool{}}
	if f.Outcome.Key == NotApplicable {
		x.add(*f.Applies, 0, false)
		return x.lines
	}
	last := len(f.Rules) - 1
	for i, rule := range f.Rules {
		held := i == last && f.Outcome.Key == rule.Key && len(rule.Of) > 0
		failed := f.Outcome.Key != Undetermined && last >= 0 && len(f.Rules[last].Of) == 0 && rule.Value == No
		open := rule.Value == Unknown || rule.Value == NotAsked
		if held || failed || open {
			x.add(rule, 0, false)
		}
	}
	return x.lines
}

type explainer struct {
	f     *Finding
	v     *Vocabulary
	lang  string
	shown map[string]bool // elements already laid out
	lines []Line
}

func (x *explainer) add(n Node, depth int, nested bool) {
	line := Line{Depth: depth, Op: n.Op, Label: n.Label, Text: x.f.Text(n.Label, x.lang), Value: n.Value,
		Note: x.f.Texts[n.Note].In(x.lang), Records: n.Records, Conflict: n.Conflict}
	switch n.Op {
	case OpFact:
		if n.Weight != "" {
			line.Text += " (" + x.v.Words[string(n.Weight)].In(x.lang) + ")"
		}
		x.lines = append(x.lines, line)
	case OpOutcome:
		x.lines = append(x.lines, line)
		x.addReasons(n, depth+1, false)
	case OpElement:
		x.lines = append(x.lines, line)
		if x.shown[n.Key] {
			return
		}
		x.shown[n.Key] = true
		for _, el := range x.f.Elements {
			if el.Key == n.Key {
				x.addReasons(el, depth+1, false)
			}
		}
	case OpNot: // the part under it shows its own answer
		x.add(n.Of[0], depth, nested)
	default:
		if nested && len(reasons(n)) > 1 {
			line.Text = x.groupText(n)
			x.lines = append(x.lines, line)
			depth++
		}
		x.addReasons(n, depth, true)
	}
}

func (x *explainer) addReasons(n Node, depth int, nested bool) {
	for _, child := range reasons(n) {
		x.add(child, depth, nested)
	}
}

func (x *explainer) groupText(n Node) string {
	key := map[Op]string{OpAll: "all_of", OpAny: "any_of"}[n.Op]
	if key == "" {
		key = "at_least_of"
	}
	return strings.ReplaceAll(x.v.Words[key].In(x.lang), "{n}", strconv.Itoa(n.N))
}

// reasons picks the parts of a node that made its value.
func reasons(n Node) []Node {
	keep := func(want ...Value) (out []Node) {
		for _, c := range n.Of {
			if slices.Contains(want, c.Value) {
				out = append(out, c)
			}
		}
		return out
	}
	switch {
	case n.Op == OpAll && n.Value == No:
		return keep(No)
	case n.Op == OpWeigh && n.Value != Yes:
		return keep(Yes, Unknown, NotAsked)
	case n.Op == OpAny && n.Value == Yes, n.Op == OpAtLeast && n.Value == Yes, n.Op == OpWeigh:
		return keep(Yes)
	case n.Op == OpAny && !n.Value.Known():
		return keep(Unknown, NotAsked)
	case n.Op == OpAtLeast && !n.Value.Known():
		return keep(Yes, Unknown, NotAsked)
	}
	return n.Of
}
