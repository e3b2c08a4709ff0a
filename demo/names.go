package demo

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"time"
)

// identity is an invented person's name and numbers. The parts are kept, so that the
// same person can be written another way.
type identity struct {
	parts  [6]spelling // beginning, ending, house, marker, and the father's beginning and ending
	phone  string
	number string
	born   time.Time
}

// newIdentity puts a name together. i makes the numbers differ; they have forms that are
// never given out (a telephone 03xx 0000, an identity number of district 00000).
func (n *nameParts) newIdentity(r *rand.Rand, i int, sex string, born time.Time) identity {
	one := func(list []spelling) spelling { return list[r.IntN(len(list))] }
	endings := n.Endings["male"]
	if sex == "female" || (sex == "other" && r.IntN(2) == 0) {
		endings = n.Endings["female"]
	}
	return identity{
		parts:  [6]spelling{one(n.Beginnings), one(endings), one(n.Houses), one(n.Markers), one(n.Beginnings), one(n.Endings["male"])},
		phone:  fmt.Sprintf("+92 3%02d 0000%03d", (i/1000)%50, i%1000),
		number: fmt.Sprintf("00000-%07d-%d", i, 1+i%9),
		born:   born,
	}
}

// written is how an office wrote a name.
type written struct{ first, second, father string }

// ways of writing: the usual Latin spelling, another Latin spelling, Urdu.
const (
	usual = iota
	otherwise
	urdu
)

func (id *identity) written(way int) written {
	w := func(i int) string {
		s := id.parts[i]
		switch {
		case way == urdu:
			return s.Urdu
		case way == otherwise && len(s.Also) > 0:
			return s.Also[0]
		}
		return s.Latin
	}
	join := func(a, b string) string {
		if way == urdu {
			return a + b
		}
		return strings.ToUpper(a[:1]) + a[1:] + b
	}
	return written{first: join(w(0), w(1)), second: w(2) + " " + w(3), father: join(w(4), w(5)) + " " + w(3)}
}
