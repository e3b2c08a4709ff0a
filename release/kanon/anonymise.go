package kanon

import (
	"context"
	"fmt"
	"slices"

	"aman/release/risk"
)

// Key is a column that an attacker may know of somebody.
type Key struct {
	Column int
	// Weight says how much a value of this column is worth to the reader; 0 means 1.
	Weight float64
	// Coarser lists ways to say less, from fine to coarse: each maps the values of the one before it (the first: of the
	// column) to wider ones. A value that is not in the map becomes missing.
	Coarser []map[string]string
}

// Need is what each class of records must hold to. K is at least 2.
type Need struct {
	K         int
	Sensitive []Sensitive
}

// KeyLoss says what a key column lost.
type KeyLoss struct {
	Name     string
	Withheld int // values made missing
	Coarser  int // values replaced by wider ones
}

// Anonymise gives a copy of the file in which every combination of values on the keys, missing being a value, is
// shared by at least K records that also hold to the needs of the sensitive columns. No record is left out and no value
// is invented: a value is kept, made coarser, or made missing. So every combination of some of the shown values
// is shared by at least K records too.
//
// It works from the top: first no key is shown and all records are one class. A class is split by the key that shows most
// of what its records hold; values too few to stand alone stay hidden together, and when these are too few as well, some
// or all of another value joins them. (Top-down partitioning as Mondrian, LeFevre and others 2006, with local suppression
// in place of ranges. All the needs hold for a union of classes that hold to them, so no step undoes another.)
//
// It fails when the whole file as one class does not hold to the needs.
func Anonymise(ctx context.Context, t risk.Table, keys []Key, need Need) (risk.Table, []KeyLoss, error) {
	if need.K < 2 {
		return risk.Table{}, nil, fmt.Errorf("kanon: records must be alike by 2 or more, not %d", need.K)
	}
	a := &anonymiser{k: need.K}
	used := map[int]bool{}
	for _, key := range keys {
		if err := checkColumns(t, []int{key.Column}); err != nil {
			return risk.Table{}, nil, err
		}
		if used[key.Column] || key.Weight < 0 {
			return risk.Table{}, nil, fmt.Errorf("kanon: column %q is a key twice, or weighs less than nothing", t.Columns[key.Column].Name)
		}
		used[key.Column] = true
		a.scales = append(a.scales, newScale(t.Columns[key.Column], key))
	}
	for _, s := range need.Sensitive {
		if err := checkColumns(t, []int{s.Column}); err != nil {
			return risk.Table{}, nil, err
		}
		if used[s.Column] {
			return risk.Table{}, nil, fmt.Errorf("kanon: column %q cannot be both a key and sensitive", t.Columns[s.Column].Name)
		}
		a.needs = append(a.needs, newDiversity(t, s))
	}
	all := make([]uint32, t.Records)
	for r := range all {
		all[r] = uint32(r)
	}
	if t.Records > 0 && !a.ok(all) {
		return risk.Table{}, nil, fmt.Errorf("kanon: the file of %d records does not hold to what is asked even with all keys withheld", t.Records)
	}
	out := risk.Table{Records: t.Records, Columns: slices.Clone(t.Columns)}
	for i, key := range keys {
		a.shown = append(a.shown, make([]uint32, t.Records))
		out.Columns[key.Column] = risk.Column{Name: t.Columns[key.Column].Name, Values: a.scales[i].values, Codes: a.shown[i]}
	}
	work := []class{{records: all, depth: make([]uint8, len(keys)), closed: make([]bool, len(keys))}}
	for n := 0; len(work) > 0; n++ {
		if n%256 == 0 {
			if err := ctx.Err(); err != nil {
				return risk.Table{}, nil, fmt.Errorf("kanon: anonymise: %w", err)
			}
		}
		c := work[len(work)-1]
		work = append(work[:len(work)-1], a.split(c)...)
	}
	var losses []KeyLoss
	for i, key := range keys {
		before, loss := t.Columns[key.Column], KeyLoss{Name: t.Columns[key.Column].Name}
		for r, code := range a.shown[i] {
			switch {
			case before.Codes[r] == 0:
			case code == 0:
				loss.Withheld++
			case a.scales[i].values[code] != before.Values[before.Codes[r]]:
				loss.Coarser++
			}
		}
		losses = append(losses, loss)
	}
	return out, losses, nil
}

// scale shows a column at depths: 0 shows nothing, 1 the coarsest values, the last the values themselves.
type scale struct {
	values []string // of all depths, distinct; the first is missing
	codes  []uint32 // of the column
	at     [][]uint32
	weight float64
}

func newScale(c risk.Column, key Key) *scale {
	s := &scale{values: []string{""}, codes: c.Codes, weight: key.Weight}
	if s.weight == 0 {
		s.weight = 1
	}
	number := map[string]uint32{"": 0}
	depth := len(key.Coarser) + 1
	s.at = make([][]uint32, depth+1)
	for d := range s.at {
		s.at[d] = make([]uint32, len(c.Values))
	}
	for code, label := range c.Values {
		for d := depth; d > 0; d-- {
			if _, ok := number[label]; !ok {
				number[label] = uint32(len(s.values))
				s.values = append(s.values, label)
			}
			s.at[d][code] = number[label]
			if d > 1 {
				label = key.Coarser[depth-d][label]
			}
		}
	}
	return s
}

// class is a set of records that are alike as far as they are shown.
type class struct {
	records []uint32
	depth   []uint8 // how far each key is shown
	closed  []bool  // the key is shown no further
}

type anonymiser struct {
	k      int
	scales []*scale
	needs  []*diversity
	shown  [][]uint32 // of each key, the code shown for each record
	count  []int      // scratch, by value
}

func (a *anonymiser) ok(records []uint32) bool {
	if len(records) < a.k {
		return false
	}
	for _, d := range a.needs {
		if !d.ok(records) {
			return false
		}
	}
	return true
}

// split shows one key of a class one step further and gives the classes that come of it; none when the class is done.
func (a *anonymiser) split(c class) []class {
	for {
		key := a.choose(c)
		if key < 0 {
			for i, s := range a.scales {
				at := s.at[c.depth[i]]
				for _, r := range c.records {
					a.shown[i][r] = at[s.codes[r]]
				}
			}
			return nil
		}
		groups, hidden := a.groups(c, key)
		if len(groups) == 0 {
			c.closed = slices.Clone(c.closed)
			c.closed[key] = true
			continue
		}
		var out []class
		for _, g := range groups {
			depth, closed := slices.Clone(c.depth), slices.Clone(c.closed)
			depth[key]++
			closed[key] = int(depth[key]) == len(a.scales[key].at)-1
			out = append(out, class{g, depth, closed})
		}
		if len(hidden) > 0 {
			closed := slices.Clone(c.closed)
			closed[key] = true
			out = append(out, class{hidden, c.depth, closed})
		}
		return out
	}
}

// choose gives the open key that would show most, by weight; -1 when none shows anything.
func (a *anonymiser) choose(c class) int {
	best, most := -1, 0.0
	for i, s := range a.scales {
		if c.closed[i] {
			continue
		}
		a.tally(c, i)
		kept := 0
		for value, n := range a.count[:len(s.values)] {
			if value > 0 && n >= a.k {
				kept += n
			}
		}
		if worth := s.weight * float64(kept); worth > most {
			best, most = i, worth
		}
	}
	return best
}

// tally counts the values that a key would show one step further.
func (a *anonymiser) tally(c class, key int) {
	s := a.scales[key]
	if len(a.count) < len(s.values) {
		a.count = make([]int, len(s.values))
	}
	clear(a.count[:len(s.values)])
	at := s.at[c.depth[key]+1]
	for _, r := range c.records {
		a.count[at[s.codes[r]]]++
	}
}

// groups sorts the records by what the key would show, and gives those that may stay hidden apart: missing values,
// and values that too few records share.
func (a *anonymiser) groups(c class, key int) (shown [][]uint32, hidden []uint32) {
	s := a.scales[key]
	a.tally(c, key)
	at := s.at[c.depth[key]+1]
	byValue := make([][]uint32, len(s.values))
	for _, r := range c.records {
		v := at[s.codes[r]]
		if byValue[v] == nil {
			byValue[v] = make([]uint32, 0, a.count[v])
		}
		byValue[v] = append(byValue[v], r)
	}
	hidden = byValue[0]
	for _, g := range byValue[1:] {
		if a.ok(g) {
			shown = append(shown, g)
		} else {
			hidden = append(hidden, g...)
		}
	}
	slices.SortStableFunc(shown, func(x, y []uint32) int { return len(y) - len(x) })
	for len(hidden) > 0 && !a.ok(hidden) && len(shown) > 0 {
		short := a.k - len(hidden)
		if spare := len(shown[0]) - short; short > 0 && spare >= a.k {
			rest, joined := shown[0][:spare], append(slices.Clone(hidden), shown[0][spare:]...)
			if a.ok(rest) && a.ok(joined) {
				shown[0], hidden = rest, joined
				break
			}
		}
		last := len(shown) - 1
		hidden, shown = append(slices.Clone(hidden), shown[last]...), shown[:last]
	}
	return shown, hidden
}
