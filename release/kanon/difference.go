package kanon

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
)

// Difference attacks a new table together with the tables published earlier from the same register, and lists what can be
// placed too closely: small cells of any of them, and groups that only several tables tell apart (the people of one
// month, where two tables count up to its first and its last day). Publish only when the list is empty.
//
// The model: what counts is each table's [Population]. All tables are sums over atoms, the finest groups that they
// tell apart: a code on each dimension that a table shows or filters by, a stretch of time between two ends of periods,
// and the first reading of the register (AsOf) that holds the person. Codes of the same dimension mean the same in all
// tables and leave nobody out; a code of coarser bands names its parts. People are added to the register and do
// not leave it or change code. The attacker solves the linear programme over the atoms. Of atoms counted by no table
// alone the true count is not known here, so each must be certainly zero, certainly MinCell or more, or wide. A rounded
// table tells that each count lies less than its base from the figure; its own cells are protected by the rounding
// and not asked about.
//
// Where tables contradict that model, because people were removed or recoded between two readings, tables with the same
// dimensions are compared cell by cell and sum by sum: any difference of 1 to MinCell-1 is listed. Other shapes
// give ErrCorrected. Where all tables together are too large, the new one is attacked with each earlier one in turn.
//
// As in [Audit] the programmes are over real numbers. Time grows with what is withheld and with the number of tables: with
// 3 dimensions and 216 leaf cells, ten seconds beside 15 earlier tables and half a minute beside 20.
func Difference(ctx context.Context, next Published, earlier ...Published) ([]Derivable, error) {
	tables := []Published{next}
	for _, e := range earlier {
		if e.Of.Register == next.Of.Register {
			tables = append(tables, e)
		}
	}
	found, err := attack(ctx, tables)
	switch {
	case errors.Is(err, ErrTooLarge) && len(tables) > 2:
		return eachPair(tables, func(pair []Published) ([]Derivable, error) { return Difference(ctx, pair[0], pair[1]) })
	case errors.Is(err, errInfeasible) && len(tables) > 1:
		return eachPair(tables, func(pair []Published) ([]Derivable, error) { return compare(pair[0], pair[1]) })
	}
	return found, err
}

// ErrCorrected says that the register was corrected between two tables of different shape, which cannot be compared.
var ErrCorrected = errors.New("kanon: people were removed or recoded since an earlier table of another shape; what the two tell together cannot be checked")

func eachPair(tables []Published, ask func([]Published) ([]Derivable, error)) ([]Derivable, error) {
	var out []Derivable
	for i, e := range tables[1:] {
		found, err := ask([]Published{tables[0], e})
		if err != nil {
			return nil, fmt.Errorf("with earlier table %d: %w", i+1, err)
		}
		for _, d := range found {
			if d.Table == 1 {
				d.Table = i + 1
			}
			out = append(out, d)
		}
	}
	return out, nil
}

// compare lists the small differences between what two tables of the same dimensions tell.
func compare(a, b Published) ([]Derivable, error) {
	same := slices.EqualFunc(a.Dims, b.Dims, func(x, y Dimension) bool {
		return x.Name == y.Name && slices.Equal(x.Codes, y.Codes)
	})
	if !same {
		return nil, ErrCorrected
	}
	ka, err := learn(a)
	if err != nil {
		return nil, err
	}
	kb, err := learn(b)
	if err != nil {
		return nil, err
	}
	least := max(a.Rules.MinCell, b.Rules.MinCell)
	var out []Derivable
	for c := range a.States {
		if a.States[c].open() || b.States[c].open() {
			continue
		}
		codes := a.cell(ka.l, c).Codes
		list := func(what string, diff int64) {
			if diff = max(diff, -diff); diff > 0 && diff < least {
				within := []int{c}
				if _, leaf := ka.number[c]; !leaf && len(ka.rest[c]) > 0 {
					within = []int{ka.leaves[ka.rest[c][0]]}
				}
				out = append(out, Derivable{Group: what + group(a.Dims, codes), Low: diff, High: diff, Table: -1, within: within})
			}
		}
		list("change of ", a.Values[c]-b.Values[c])
		if len(ka.rest[c]) > 1 && slices.Equal(ka.rest[c], kb.rest[c]) {
			list("change of the withheld cells of ", a.Values[c]-ka.sum[c]-b.Values[c]+kb.sum[c])
		}
	}
	return out, nil
}

// ProtectNext protects a cube so that it is safe together with the tables published earlier: it withholds more until
// [Difference] finds nothing. When nothing is left to withhold, the earlier tables are at fault and the findings come
// back as a *DerivableError. With no earlier table of the register it is [Protect], whose proof needs no attack.
func ProtectNext(ctx context.Context, c Cube, r Rules, earlier ...Published) (Published, error) {
	if !slices.ContainsFunc(earlier, func(e Published) bool { return e.Of.Register == c.Of.Register }) {
		return Protect(ctx, c, r)
	}
	var also []int
	for {
		p, _, err := protect(ctx, c, r, also)
		if err != nil {
			return p, err
		}
		found, err := Difference(ctx, p, earlier...)
		if err != nil || len(found) == 0 {
			return p, err
		}
		before := len(also)
		for reach := 0; reach < 3 && len(also) == before; reach++ {
			for _, d := range found {
				if cell, ok := p.nextToWithhold(d.within, reach); ok {
					also = append(also, cell)
					p.States[cell] = Complementary
				}
			}
		}
		if len(also) == before {
			return Published{}, &DerivableError{found}
		}
	}
}

// DerivableError refuses a table and says why.
type DerivableError struct{ Found []Derivable }

func (e *DerivableError) Error() string {
	return fmt.Sprintf("kanon: %d small counts could be worked out, the first of them of %s", len(e.Found), e.Found[0].Group)
}

// nextToWithhold gives the shown cell to withhold for the sake of some leaves: with reach 0 one that counts a leaf, with 1
// one in a line with such a cell, with 2 any; of these the one with the fewest totals and then the fewest people.
func (p Published) nextToWithhold(leaves []int, reach int) (int, bool) {
	l := newLattice(p.Dims)
	best := -1
	consider := func(c int) {
		if p.States[c] != Shown || p.Values[c] == 0 && p.Rules.Zeros == ZerosShown {
			return
		}
		if best < 0 || cmp.Or(cmp.Compare(l.totalled(c), l.totalled(best)), cmp.Compare(p.Values[c], p.Values[best])) < 0 {
			best = c
		}
	}
	var over []int
	for _, leaf := range leaves {
		from := len(over)
		over = append(over, leaf)
		for i := range l.n {
			for _, c := range over[from:] {
				if up := c + (l.n[i]-l.coord(c, i))*l.stride[i]; up != c {
					over = append(over, up)
				}
			}
		}
	}
	for _, c := range over {
		consider(c)
		for i := 0; i < len(l.n) && reach == 1; i++ {
			for j := range l.n[i] + 1 {
				consider(c + (j-l.coord(c, i))*l.stride[i])
			}
		}
	}
	for c := 0; c < l.size && reach == 2; c++ {
		consider(c)
	}
	return best, best >= 0
}
