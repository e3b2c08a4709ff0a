package xform

import (
	"math"

	"aman/forms/xpath"
)

// counts compares how many rounds there are with what the form says.
func (k *checker) counts() {
	for _, p := range k.m.places {
		if !p.repeat || p.count == nil {
			continue
		}
		rounds := map[int]int{}
		first := map[int]int{}
		for _, i := range k.byPlace[p.n] {
			parent := k.visits[i].parent
			if rounds[parent]++; rounds[parent] == 1 {
				first[parent] = i
			}
		}
		for _, i := range k.byPlace[p.parent.n] {
			if k.ctx.Err() != nil {
				return
			}
			if v := k.visits[i]; !v.hidden {
				k.count(p, i, rounds[i], first)
			}
		}
	}
}

func (k *checker) count(p *place, parent, have int, first map[int]int) {
	around := k.visits[parent]
	v := visit{place: p, parent: parent, unsure: around.unsure}
	if have > 0 {
		v = k.visits[first[parent]]
		if v.hidden {
			return
		}
	} else { // no round to ask from: one is put there for as long as it is asked
		v.node = xpath.NewElement(p.local, "")
		v.node.Prefix = prefix(p.name)
		around.node.Append(v.node)
		defer v.node.Remove()
		if r := p.bind.relevant; r != nil {
			if ok, err := k.holds(r, v.node); !ok || err != nil {
				return
			}
		}
	}
	want, ok, err := k.wanted(p.count, v.node)
	switch {
	case err != nil:
		k.note(Unchecked, &v, err)
	case ok && want != have:
		f := k.finding(Count, &v)
		f.Path = around.node.Path() + "/" + p.name // of all the rounds
		to := &k.r.Failures
		if v.unsure {
			to = &k.r.Notes
		}
		k.r.add(to, f)
	}
}

// wanted is how many rounds of a repeat there are to be; ok is false when nobody can say.
func (s *state) wanted(r *rule, at *xpath.Node) (n int, ok bool, err error) {
	if r.random || r.clock && !s.known {
		return 0, false, nil
	}
	f, err := r.expr.Number(s.at(at))
	if err != nil {
		return 0, false, err
	}
	if math.IsNaN(f) || f < 0 {
		f = 0
	}
	return int(min(f, 1e9)), true, nil
}
