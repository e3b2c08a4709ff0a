package kanon

import (
	"context"
	"errors"
	"math"
	"slices"
)

// maxTableau bounds the entries of one tableau (8 bytes each).
const maxTableau = 48 << 20

// mostFound ends an attack that has found this many: the tables are not safe, and finding the rest takes long.
const mostFound = 200

// quickTableau is the size above which a cell that is plainly too narrow is not measured exactly.
const quickTableau = 1 << 18

// ErrTooLarge says that an attack is too large to be tried, so that the tables cannot be called safe.
var ErrTooLarge = errors.New("kanon: too many withheld cells hang together to be audited; publish fewer dimensions or wider bands")

// system is what an attacker knows: equations over variables that are at least their floor.
type system struct {
	floor []float64
	rows  []equation
}

// interval is where an attacker can place a sum. Wide means that it is at least as wide as was asked for, or was not
// looked into after mostFound others; its ends are then not known.
type interval struct {
	low, high float64
	wide      bool
}

// ranges gives the interval of each form (a sum of variables, all coefficients positive), as far as needed to tell
// whether it is at least width wide.
func (y system) ranges(ctx context.Context, forms [][]term, width float64) ([]interval, error) {
	n := len(y.floor)
	value := make([]float64, n) // floor, or the value once fixed
	copy(value, y.floor)
	rows, fixed, err := presolve(value, y.rows)
	if err != nil {
		return nil, err
	}
	parts := split(n, rows, fixed)
	byPart := make([][]int, len(parts.vars))
	out := make([]interval, len(forms))
	left := make([][]term, len(forms))
	for i, form := range forms {
		// A form over several parts is the sum of independent intervals; parts are asked one at a time, so such a
		// form is given to each of them.
		base, seen := 0.0, map[int]bool{}
		for _, t := range form {
			base += t.k * value[t.v]
			if fixed[t.v] {
				continue
			}
			left[i] = append(left[i], t)
			if p := parts.of[t.v]; p < 0 {
				out[i].wide = true // no equation bounds it
			} else if !seen[p] {
				seen[p] = true
				byPart[p] = append(byPart[p], i)
			}
		}
		out[i].low, out[i].high = base, base
	}
	narrow := 0
	for p, members := range byPart {
		n, err := parts.solve(ctx, p, members, left, out, width, mostFound-narrow)
		if err != nil {
			return nil, err
		}
		if narrow += n; narrow >= mostFound {
			break
		}
	}
	for i := range out {
		out[i].low, out[i].high = math.Ceil(out[i].low-tolerance), math.Floor(out[i].high+tolerance)
		out[i].wide = out[i].wide || out[i].high-out[i].low >= width
	}
	return out, nil
}

// presolve moves floors to the right-hand side and fixes, as long as it can, the variables that an equation settles:
// alone in it, or of one sign with nothing left to share.
func presolve(value []float64, rows []equation) ([]equation, []bool, error) {
	fixed := make([]bool, len(value))
	users := make([][]int, len(value))
	rhs := make([]float64, len(rows))
	open := make([]int, len(rows))
	var queue []int
	for i, r := range rows {
		rhs[i] = r.rhs
		for _, t := range r.terms {
			rhs[i] -= t.k * value[t.v]
			users[t.v] = append(users[t.v], i)
		}
		open[i] = len(r.terms)
		queue = append(queue, i)
	}
	fix := func(t term, by float64) {
		fixed[t.v] = true
		value[t.v] += by
		for _, i := range users[t.v] {
			for _, u := range rows[i].terms {
				if u.v == t.v {
					rhs[i] -= u.k * by
				}
			}
			open[i]--
			queue = append(queue, i)
		}
	}
	for len(queue) > 0 {
		i := queue[len(queue)-1]
		queue = queue[:len(queue)-1]
		if open[i] == 0 {
			if math.Abs(rhs[i]) > tolerance {
				return nil, nil, errInfeasible
			}
			continue
		}
		positive := true
		for _, t := range rows[i].terms {
			positive = positive && (fixed[t.v] || t.k > 0)
		}
		if positive && rhs[i] < -tolerance {
			return nil, nil, errInfeasible
		}
		if open[i] > 1 && !(positive && rhs[i] < tolerance) {
			continue
		}
		for _, t := range rows[i].terms {
			if fixed[t.v] {
				continue
			}
			by := rhs[i] / t.k
			if open[i] > 1 {
				by = 0
			}
			if by < -tolerance {
				return nil, nil, errInfeasible
			}
			fix(t, max(0, by))
		}
	}
	var out []equation
	for i, r := range rows {
		if open[i] == 0 {
			continue
		}
		var terms []term
		for _, t := range r.terms {
			if !fixed[t.v] {
				terms = append(terms, t)
			}
		}
		out = append(out, equation{terms, rhs[i]})
	}
	return out, fixed, nil
}

// parts are the connected components of the equations.
type parts struct {
	of   []int // of each variable; -1 for those in no equation
	at   []int // its number within the component
	vars [][]int
	rows [][]equation
}

func split(n int, rows []equation, fixed []bool) parts {
	root := make([]int, n)
	for i := range root {
		root[i] = i
	}
	find := func(v int) int {
		for root[v] != v {
			root[v] = root[root[v]]
			v = root[v]
		}
		return v
	}
	used := make([]bool, n)
	for _, r := range rows {
		for _, t := range r.terms {
			used[t.v] = true
			root[find(t.v)] = find(r.terms[0].v)
		}
	}
	p := parts{of: make([]int, n), at: make([]int, n)}
	number := map[int]int{}
	for v := range n {
		p.of[v] = -1
		if !used[v] || fixed[v] {
			continue
		}
		r := find(v)
		if _, ok := number[r]; !ok {
			number[r] = len(p.vars)
			p.vars = append(p.vars, nil)
			p.rows = append(p.rows, nil)
		}
		k := number[r]
		p.of[v], p.at[v] = k, len(p.vars[k])
		p.vars[k] = append(p.vars[k], v)
	}
	for _, r := range rows {
		k := p.of[r.terms[0].v]
		for i := range r.terms {
			r.terms[i].v = p.at[r.terms[i].v]
		}
		p.rows[k] = append(p.rows[k], r)
	}
	return p
}

// solve adds to the interval of each member form what the component allows it. It ends when it has found most narrow
// ones, and gives how many it found.
func (p parts) solve(ctx context.Context, part int, members []int, forms [][]term, out []interval, width float64, most int) (narrow int, err error) {
	n, rows := len(p.vars[part]), p.rows[part]
	var ask []int
	var local [][]term
	for _, i := range members {
		if out[i].wide {
			continue
		}
		var f []term
		for _, t := range forms[i] {
			if p.of[t.v] == part {
				f = append(f, term{p.at[t.v], t.k})
			}
		}
		ask, local = append(ask, i), append(local, f)
	}
	if len(ask) == 0 {
		return 0, nil
	}
	if n*len(rows) > maxTableau {
		return 0, ErrTooLarge
	}
	low, high := make([]float64, len(ask)), make([]float64, len(ask))
	done := make([]bool, len(ask))
	if n*len(rows) > quickTableau {
		all := len(ask)
		if ask, local = p.quick(part, ask, local, out, width); all-len(ask) >= most {
			for _, i := range ask {
				out[i].wide = true
			}
			return all - len(ask), nil
		}
	}
	s, err := newSimplex(ctx, n, rows)
	if err != nil {
		return 0, err
	}
	for a, f := range local {
		low[a] = s.at(f)
		high[a] = low[a]
	}
	// Every vertex met says something about every form.
	look := func() {
		for a, f := range local {
			if !done[a] {
				x := s.at(f)
				low[a], high[a] = min(low[a], x), max(high[a], x)
				done[a] = high[a]-low[a] >= width-tolerance
			}
		}
	}
	for a, f := range local {
		if narrow >= most && !done[a] {
			out[ask[a]].wide = true
			continue
		}
		if !done[a] {
			bounded, err := s.extreme(ctx, f, func() bool { look(); return done[a] })
			if err != nil {
				return 0, err
			}
			done[a] = done[a] || !bounded
		}
		if !done[a] {
			down := make([]term, len(f))
			for i, t := range f {
				down[i] = term{t.v, -t.k}
			}
			if _, err := s.extreme(ctx, down, func() bool { look(); return done[a] }); err != nil {
				return 0, err
			}
		}
		i := ask[a]
		out[i].low += low[a]
		out[i].high += high[a]
		out[i].wide = out[i].wide || done[a]
		if !out[i].wide {
			narrow++
		}
	}
	return narrow, nil
}

// quick settles the forms that equations of positive terms alone show to be too narrow, with that outer bound as their
// interval, and gives those that are left.
func (p parts) quick(part int, ask []int, local [][]term, out []interval, width float64) ([]int, [][]term) {
	most := make([]float64, len(p.vars[part]))
	for v := range most {
		most[v] = math.Inf(1)
	}
	for _, r := range p.rows[part] {
		if slices.ContainsFunc(r.terms, func(t term) bool { return t.k < 0 }) {
			continue
		}
		for _, t := range r.terms {
			most[t.v] = min(most[t.v], r.rhs/t.k)
		}
	}
	var askLeft []int
	var localLeft [][]term
	for a, f := range local {
		sum := 0.0
		for _, t := range f {
			sum += t.k * most[t.v]
		}
		if sum < width-1 {
			out[ask[a]].high += sum
			continue
		}
		askLeft, localLeft = append(askLeft, ask[a]), append(localLeft, f)
	}
	return askLeft, localLeft
}
