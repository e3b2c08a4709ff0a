package xform

import (
	"math"
	"strconv"
	"strings"

	"aman/forms/xpath"
)

// calculation compares what was sent with what the form calculates.
func (k *checker) calculation(r *rule, v *visit) {
	if r.random || r.clock && !k.known {
		return
	}
	have := v.node.Text()
	languages := []string{k.language}
	if r.spoken && len(k.m.Languages) > 0 {
		languages = k.m.Languages
	}
	was := k.language
	defer func() { k.language = was }()
	for _, k.language = range languages {
		value, err := r.expr.Eval(k.at(v.node))
		if err != nil {
			k.note(Unchecked, v, err)
			return
		}
		want := k.calculated(value, &v.place.bind)
		if same(have, want) {
			return
		}
		if v.absent && !r.clock {
			// It was left out, perhaps because the program thought it was not relevant. The
			// rest of the form is judged as if it were there.
			v.node.SetText(want)
		}
	}
	k.note(Calculated, v, nil)
}

// calculated is the text that a calculation leaves in a node, as JavaRosa casts it to the
// type of the node: no number is no answer, and a whole number is cut, not rounded.
func (s *state) calculated(v xpath.Value, b *bind) string {
	if v.Type() == xpath.BooleanType || b.typ == xpath.BooleanType {
		return strconv.FormatBool(s.env.True(v))
	}
	whole := b.Bind != nil && whole[b.Type]
	if v.Type() == xpath.NumberType || whole && v.Type() != xpath.DateType {
		f := s.env.Number(v)
		switch {
		case math.IsNaN(f) && v.Type() == xpath.NumberType:
			return ""
		case whole && math.Abs(f) < 1e15:
			return strconv.FormatInt(int64(f), 10)
		}
	}
	return s.env.Text(v)
}

// same compares calculated values: as text, else as numbers up to rounding, else as the
// same day or moment.
func same(a, b string) bool {
	a, b = strings.TrimSpace(a), strings.TrimSpace(b)
	if a == b {
		return true
	}
	x, err1 := strconv.ParseFloat(a, 64)
	y, err2 := strconv.ParseFloat(b, 64)
	if err1 == nil && err2 == nil {
		return math.Abs(x-y) <= 1e-6*max(1, math.Abs(x), math.Abs(y))
	}
	if truth[a] != "" && truth[a] == truth[b] {
		return true
	}
	if len(a) < 10 || len(b) < 10 || a[:10] != b[:10] {
		t, _, ok1 := moment(a)
		u, _, ok2 := moment(b)
		return ok1 && ok2 && t.Equal(u)
	}
	return isDate(a) && isDate(b)
}

// truth are the ways in which programs write a boolean.
var truth = map[string]string{"true": "1", "1": "1", "1.0": "1", "false": "0", "0": "0", "0.0": "0"}
