package xpath

import (
	"fmt"
	"sort"
	"strings"
)

// Calculation is an expression that belongs to a place in the main instance: a calculate, a relevant, a constraint.
type Calculation struct {
	Path string // of the node it is about, absolute, without predicates
	Expr *Expr

	// After are further places that must be settled first, such as the groups whose relevance it depends on.
	After []string
	// SelfOK allows the expression to read its own node, as constraints and once() do.
	SelfOK bool
}

// CycleError says that calculations wait for one another.
type CycleError struct {
	// Cycles holds one circle each: every path is calculated from the next, and the last from the first.
	Cycles [][]string
}

// Error names the paths: "these calculations wait for one another: /data/a needs /data/b, which needs /data/a".
func (e *CycleError) Error() string {
	var lines []string
	for _, c := range e.Cycles {
		if len(c) == 1 {
			lines = append(lines, c[0]+" is calculated from itself")
			continue
		}
		lines = append(lines, "these calculations wait for one another: "+c[0]+" needs "+strings.Join(append(c[1:len(c):len(c)], c[0]), ", which needs "))
	}
	return strings.Join(lines, "; ")
}

// Order sorts calculations so that each comes after those it reads, and returns their indexes; those that do not depend
// on each other keep their order. Calculations that wait for one another, and those that wait for them, come last in the
// order given, and the error is a *CycleError.
func Order(list []Calculation) ([]int, error) {
	g := dependencies(list)
	order := make([]int, 0, len(list))
	waiting := make([]int, len(list))
	ready := &queue{}
	for i := range list {
		waiting[i] = len(g.needs[i])
		if waiting[i] == 0 {
			ready.push(i)
		}
	}
	done := make([]bool, len(list))
	for ready.len() > 0 {
		i := ready.pop()
		done[i] = true
		order = append(order, i)
		for _, j := range g.feeds[i] {
			if waiting[j]--; waiting[j] == 0 {
				ready.push(j)
			}
		}
	}
	if len(order) == len(list) {
		return order, nil
	}
	for i := range list {
		if !done[i] {
			order = append(order, i)
		}
	}
	return order, &CycleError{Cycles: g.cycles(list, done)}
}

// graph says which calculation needs which.
type graph struct {
	needs, feeds [][]int
}

func dependencies(list []Calculation) graph {
	g := graph{needs: make([][]int, len(list)), feeds: make([][]int, len(list))}
	at := map[string][]int{}
	for i, c := range list {
		at[c.Path] = append(at[c.Path], i)
	}
	paths := make([]string, 0, len(at))
	for p := range at {
		paths = append(paths, p)
	}
	sort.Strings(paths)
	for i, c := range list {
		seen := map[int]bool{}
		need := func(path string) {
			for _, j := range at[path] {
				self := path == c.Path
				if seen[j] || self && (c.SelfOK || j != i) {
					continue
				}
				seen[j] = true
				g.needs[i] = append(g.needs[i], j)
				g.feeds[j] = append(g.feeds[j], i)
			}
		}
		for _, ref := range c.Expr.References(c.Path) {
			switch {
			case ref.Instance != "":
			case strings.Contains(ref.Path, "*") || strings.Contains(ref.Path, "//"):
				for _, p := range paths {
					if ref.Matches(p) && p != c.Path {
						need(p)
					}
				}
			default:
				need(ref.Path)
			}
		}
		for _, p := range c.After {
			need(p)
		}
	}
	return g
}

// cycles finds one circle in each knot of calculations that wait for one another.
func (g graph) cycles(list []Calculation, done []bool) [][]string {
	var out [][]string
	state := make([]int, len(list)) // 0 new, then the position on the trail + 1, -1 finished
	for start := range list {
		if done[start] || state[start] != 0 {
			continue
		}
		// Follow needs, one at a time, until the trail meets itself. Every unfinished calculation needs one.
		trail := []int{}
		for i := start; ; {
			if state[i] > 0 {
				var circle []string
				for _, j := range trail[state[i]-1:] {
					circle = append(circle, list[j].Path)
				}
				out = append(out, circle)
				break
			}
			if state[i] < 0 { // runs into a knot that was reported
				break
			}
			trail = append(trail, i)
			state[i] = len(trail)
			next := -1
			for _, j := range g.needs[i] {
				if !done[j] {
					next = j
					break
				}
			}
			if next < 0 {
				break
			}
			i = next
		}
		for _, j := range trail {
			state[j] = -1
		}
	}
	return out
}

// queue gives out the smallest index first.
type queue struct{ heap []int }

func (q *queue) len() int { return len(q.heap) }

func (q *queue) push(v int) {
	q.heap = append(q.heap, v)
	for i := len(q.heap) - 1; i > 0; {
		up := (i - 1) / 2
		if q.heap[up] <= q.heap[i] {
			return
		}
		q.heap[up], q.heap[i] = q.heap[i], q.heap[up]
		i = up
	}
}

func (q *queue) pop() int {
	v := q.heap[0]
	last := len(q.heap) - 1
	q.heap[0] = q.heap[last]
	q.heap = q.heap[:last]
	for i := 0; ; {
		down := 2*i + 1
		if down >= last {
			return v
		}
		if down+1 < last && q.heap[down+1] < q.heap[down] {
			down++
		}
		if q.heap[i] <= q.heap[down] {
			return v
		}
		q.heap[i], q.heap[down] = q.heap[down], q.heap[i]
		i = down
	}
}

// String tells the calculation for messages: /data/a = 1 + 2.
func (c Calculation) String() string { return fmt.Sprintf("%s = %s", c.Path, c.Expr.Source()) }
