package odata

import (
	"strconv"
	"strings"
	"time"
)

// row is what an expression is asked about.
type row struct {
	get func(field string) any
	now time.Time
}

// expr gives a value: nil, bool, float64, string or time.Time.
type expr interface{ value(row) any }

type (
	constant struct{ v any }
	field    string
	now      struct{}
	negation struct{ e expr }
	part     struct {
		take func(time.Time) int
		e    expr
	}
	comparison struct {
		left, right expr
		wanted      orders
	}
	// logic is `and` (all) or `or`.
	logic struct {
		all         bool
		left, right expr
	}
)

// Match says whether the filter keeps a row. get gives the value of a field: nil, a string, a
// bool, a float64 or a time.Time.
func (f *Filter) Match(get func(field string) any, now time.Time) bool {
	return f == nil || f.root == nil || f.root.value(row{get, now.UTC()}) == true
}

func (c constant) value(row) any { return c.v }
func (f field) value(r row) any  { return r.get(string(f)) }
func (now) value(r row) any      { return r.now }

func (n *negation) value(r row) any {
	if b, ok := n.e.value(r).(bool); ok {
		return !b
	}
	return nil
}

func (p *part) value(r row) any {
	if t, ok := asTime(p.e.value(r)); ok {
		return float64(p.take(t.UTC()))
	}
	return nil
}

func (l *logic) value(r row) any {
	a, known := l.left.value(r).(bool)
	if known && a != l.all {
		return a // false decides an and, true an or
	}
	b, both := l.right.value(r).(bool)
	switch {
	case both && b != l.all:
		return b
	case known && both:
		return l.all
	}
	return nil
}

func (c *comparison) value(r row) any {
	a, b := c.left.value(r), c.right.value(r)
	order, ok := compare(a, b)
	switch same := ok && order == 0 || a == nil && b == nil; {
	case c.wanted == equal:
		return same
	case c.wanted == different:
		return !same
	case !ok:
		return nil
	case order < 0:
		return c.wanted.below
	case order > 0:
		return c.wanted.above
	}
	return c.wanted.same
}

// compare orders two values; false when they cannot be compared.
func compare(a, b any) (int, bool) {
	if a == nil || b == nil {
		return 0, false
	}
	_, aTime := a.(time.Time)
	_, bTime := b.(time.Time)
	if aTime || bTime {
		x, ok1 := asTime(a)
		y, ok2 := asTime(b)
		return x.Compare(y), ok1 && ok2
	}
	if a, ok := a.(string); ok {
		if b, ok := b.(string); ok {
			return strings.Compare(a, b), true
		}
	}
	x, ok1 := asNumber(a)
	y, ok2 := asNumber(b)
	switch {
	case !ok1 || !ok2:
		return 0, false
	case x < y:
		return -1, true
	case x > y:
		return 1, true
	}
	return 0, true
}

func asTime(v any) (time.Time, bool) {
	switch v := v.(type) {
	case time.Time:
		return v, true
	case string:
		return ParseTime(v)
	}
	return time.Time{}, false
}

func asNumber(v any) (float64, bool) {
	switch v := v.(type) {
	case float64:
		return v, true
	case bool:
		if v {
			return 1, true
		}
		return 0, true
	case string:
		x, err := strconv.ParseFloat(v, 64)
		return x, err == nil && x == x
	}
	return 0, false
}

// Range bounds a time field: no row outside [from, to] can match, so a store need not be asked
// for it. A zero time is no bound.
func (f *Filter) Range(name string, at time.Time) (from, to time.Time) {
	if f == nil || f.root == nil {
		return
	}
	return bounds(f.root, field(name), row{func(string) any { return nil }, at.UTC()})
}

// Equal gives the value that a field must have in every row that the filter keeps: nil where
// it must have none. ok is false where the filter says no such thing.
func (f *Filter) Equal(name string) (value any, ok bool) {
	if f == nil || f.root == nil {
		return nil, false
	}
	return equals(f.root, field(name))
}

func equals(e expr, name field) (any, bool) {
	switch e := e.(type) {
	case *logic:
		if !e.all {
			return nil, false
		}
		if v, ok := equals(e.left, name); ok {
			return v, true
		}
		return equals(e.right, name)
	case *comparison:
		if e.wanted != equal {
			return nil, false
		}
		for _, side := range [][2]expr{{e.left, e.right}, {e.right, e.left}} {
			if c, ok := side[1].(constant); ok && side[0] == expr(name) {
				return c.v, true
			}
		}
	}
	return nil, false
}

func bounds(e expr, name field, r row) (from, to time.Time) {
	switch e := e.(type) {
	case *logic:
		if !e.all {
			return
		}
		from, to = bounds(e.left, name, r)
		f2, t2 := bounds(e.right, name, r)
		if f2.After(from) {
			from = f2
		}
		if to.IsZero() || !t2.IsZero() && t2.Before(to) {
			to = t2
		}
	case *comparison:
		limit, flipped := e.right, false
		if e.left != expr(name) {
			limit, flipped = e.left, true
			if e.right != expr(name) {
				return
			}
		}
		t, ok := asTime(fixed(limit, r))
		if !ok || e.wanted == different {
			return // not a time that is the same for every row; or `ne`, which bounds nothing
		}
		below, above := e.wanted.below, e.wanted.above
		if flipped {
			below, above = above, below
		}
		if !below {
			from = t
		}
		if !above {
			to = t
		}
	}
	return from, to
}

// fixed is the value of what is the same for every row; nil for anything else.
func fixed(e expr, r row) any {
	switch e.(type) {
	case constant, now:
		return e.value(r)
	}
	return nil
}
