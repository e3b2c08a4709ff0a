package kanon

import (
	"fmt"
	"slices"
	"strings"
)

// world is the finest classification that several tables have in common. Its atoms are the groups of people that no
// table tells further apart: one code on every axis, one stretch of time, one reading of the register.
type world struct {
	names  []string   // of the axes
	codes  [][]string // of each axis
	spans  []map[string]Span
	edges  []string // days at which a period begins or ends; stretch i runs from edges[i] to edges[i+1]
	reads  []string // days of reading
	length []int    // of each axis, then of the stretches, then of the readings
	stride []int
	size   int
}

const (
	maxAtoms = 1 << 21
	late     = "9999-99-99" // an open end
)

func end(day string) string {
	if day == "" {
		return late
	}
	return day
}

func newWorld(tables []Published) (*world, error) {
	w := &world{}
	axis := func(name string) int {
		i := slices.Index(w.names, name)
		if i < 0 {
			i = len(w.names)
			w.names, w.codes, w.spans = append(w.names, name), append(w.codes, nil), append(w.spans, map[string]Span{})
		}
		return i
	}
	add := func(list *[]string, item string) {
		if !slices.Contains(*list, item) {
			*list = append(*list, item)
		}
	}
	for _, t := range tables {
		for _, d := range t.Dims {
			a := axis(d.Name)
			for j, code := range d.Codes {
				for _, c := range d.base(code) {
					add(&w.codes[a], c)
				}
				if d.Spans != nil && d.Parts[code] == nil {
					w.spans[a][code] = d.Spans[j]
				}
			}
		}
		add(&w.edges, t.Of.Period.From)
		add(&w.edges, end(t.Of.Period.To))
		add(&w.reads, t.Of.AsOf)
	}
	shown := len(w.names)
	for _, t := range tables {
		for name, codes := range t.Of.Filter {
			a := axis(name)
			for _, c := range codes {
				add(&w.codes[a], c)
			}
		}
	}
	for a := shown; a < len(w.names); a++ {
		w.codes[a] = append(w.codes[a], All) // people outside every filter; no table lists this axis in full
	}
	slices.Sort(w.edges)
	slices.Sort(w.reads)
	for _, c := range w.codes {
		w.length = append(w.length, len(c))
	}
	w.length = append(w.length, max(1, len(w.edges)-1), len(w.reads))
	w.size = 1
	for _, n := range w.length {
		w.stride = append(w.stride, w.size)
		if w.size *= n; w.size > maxAtoms {
			return nil, ErrTooLarge
		}
	}
	return w, nil
}

// base gives the finer codes that a code stands for.
func (d Dimension) base(code string) []string {
	if parts := d.Parts[code]; parts != nil {
		return parts
	}
	return []string{code}
}

// place gives the coordinate of an atom on axis i of stride order.
func (w *world) place(atom, i int) int { return atom / w.stride[i] % w.length[i] }

// atoms gives, for each leaf of a table in the order of leafCells, the atoms that it counts.
func (w *world) atoms(t Published) [][]int {
	axes := len(w.names)
	allowed := make([][]int, axes+2) // on each axis, whatever the leaf
	for i, n := range w.length {
		for x := range n {
			if w.counts(t, i, x) {
				allowed[i] = append(allowed[i], x)
			}
		}
	}
	l := newLattice(t.Dims)
	var out [][]int
	for _, leaf := range l.leafCells() {
		pick := slices.Clone(allowed)
		for i, d := range t.Dims {
			a := slices.Index(w.names, d.Name)
			base := d.base(d.Codes[l.coord(leaf, i)])
			pick[a] = slices.DeleteFunc(slices.Clone(allowed[a]), func(x int) bool { return !slices.Contains(base, w.codes[a][x]) })
		}
		atoms := []int{0}
		for i, xs := range pick {
			next := make([]int, 0, len(atoms)*len(xs))
			for _, at := range atoms {
				for _, x := range xs {
					next = append(next, at+x*w.stride[i])
				}
			}
			atoms = next
		}
		out = append(out, slices.DeleteFunc(atoms, w.empty))
	}
	return out
}

// counts tells whether a table counts people at place x of axis i, as far as that axis says.
func (w *world) counts(t Published, i, x int) bool {
	axes := len(w.names)
	switch {
	case i == axes:
		return len(w.edges) < 2 || t.Of.Period.From <= w.edges[x] && w.edges[x+1] <= end(t.Of.Period.To)
	case i == axes+1:
		return w.reads[x] <= t.Of.AsOf
	}
	keep, filtered := t.Of.Filter[w.names[i]]
	return !filtered || slices.Contains(keep, w.codes[i][x])
}

// empty tells whether an atom holds nobody because its code and its stretch of time do not meet.
func (w *world) empty(atom int) bool {
	axes := len(w.names)
	if len(w.edges) < 2 {
		return false
	}
	x := w.place(atom, axes)
	for a, spans := range w.spans {
		if s, ok := spans[w.codes[a][w.place(atom, a)]]; ok && (end(s.To) <= w.edges[x] || w.edges[x+1] <= s.From) {
			return true
		}
	}
	return false
}

// describe names an atom for a person.
func (w *world) describe(atom int) string {
	var out []string
	for a, name := range w.names {
		code := w.codes[a][w.place(atom, a)]
		if code == All {
			code = "other"
		}
		out = append(out, fmt.Sprintf("%s=%s", name, code))
	}
	if len(w.edges) > 2 {
		x := w.place(atom, len(w.names))
		from, to := w.edges[x], w.edges[x+1]
		if from == "" {
			from = "the start"
		}
		if to == late {
			to = "the end"
		}
		out = append(out, fmt.Sprintf("from %s to before %s", from, to))
	}
	if x := w.place(atom, len(w.names)+1); x > 0 {
		out = append(out, fmt.Sprintf("registered after %s, by %s", w.reads[x-1], w.reads[x]))
	}
	return strings.Join(out, ", ")
}
