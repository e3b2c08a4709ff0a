package demo

import "testing"

func TestZZ(t *testing.T) {
	te := plain(t)
	for _, h := range te.c.names.Houses {
		for _, m := range te.c.names.Markers {
			if !shareSound(h.Latin+" "+m.Latin, h.Urdu+" "+m.Urdu) {
				t.Log(h.Latin, m.Latin)
			}
		}
	}
	for _, k := range []int{3, 5, 6} {
		c := te.character(k)
		t.Log(k, c.way, c.id.written(0), c.id.written(1), c.id.written(2))
	}
	te.seed = 3
	for _, k := range []int{3, 5, 6} {
		c := te.character(k)
		t.Log(k, c.way, c.id.written(0), c.id.written(1), c.id.written(2), shareSound(c.id.written(0).first, c.id.written(2).first), shareSound(c.id.written(1).first, c.id.written(2).first))
	}
}
