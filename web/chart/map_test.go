package chart

import (
	"strings"
	"testing"

	"pgregory.net/rapid"
)

func TestMap(t *testing.T) {
	spots := []Spot{{Lat: 31.5, Lon: 74.3, Count: 1}, {Lat: 31.5001, Lon: 74.3001, Count: 3}, {Lat: 24.9, Lon: 67, Count: 1}}
	b := Around(spots)
	dots := Gather(spots, b, 40)
	if len(dots) != 2 || dots[0].Count != 4 || !b.Has(dots[0].Lat, dots[0].Lon) {
		t.Fatalf("%+v", dots)
	}
	m := Map{Title: "A & B", Box: b, Dots: dots, Places: []Spot{{Lat: 30, Lon: 70, Label: "<x>"}, {Lat: 0, Lon: 0, Label: "far"}}}
	svg := string(m.SVG())
	for _, want := range []string{"A &amp; B", "&lt;x&gt;", `class="dotcount"`, "°E"} {
		if !strings.Contains(svg, want) {
			t.Errorf("no %s in %s", want, svg)
		}
	}
	if strings.Contains(svg, "far") || strings.Contains(svg, "style=") {
		t.Error(svg)
	}
	if again, ok := ParseBox(b.String()); !ok || again.String() != b.String() {
		t.Error(again, ok)
	}
	for _, bad := range []string{"", "1,2,3", "1,2,0,4", "NaN,1,2,3", "1,2,3,x"} {
		if _, ok := ParseBox(bad); ok {
			t.Errorf("%q is a box", bad)
		}
	}
}

// The names of places never cover each other or a dot, nor leave the map.
func TestNamesOfPlacesKeepApart(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var w strings.Builder
		taken := labels{}
		for range rapid.IntRange(1, 40).Draw(t, "n") {
			before := len(taken)
			taken.place(&w, rapid.Float64Range(0, mapWidth).Draw(t, "x"), rapid.Float64Range(0, 400).Draw(t, "y"), rapid.StringMatching(`[a-z ]{1,20}`).Draw(t, "name"))
			if len(taken) > before {
				last := taken[before]
				if !taken[:before].free(last[0], last[1], last[2], last[3]) {
					t.Fatal(taken)
				}
			}
		}
	})
}

// No answer is lost and none is counted twice when dots are gathered.
func TestGatherKeepsCounts(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		spots := rapid.SliceOfN(rapid.Custom(func(t *rapid.T) Spot {
			return Spot{Lat: rapid.Float64Range(-90, 90).Draw(t, "lat"), Lon: rapid.Float64Range(-180, 180).Draw(t, "lon"), Count: 1}
		}), 1, 50).Draw(t, "spots")
		n := 0
		for _, d := range Gather(spots, Around(spots), 30) {
			n += d.Count
		}
		if n != len(spots) {
			t.Fatalf("%d dots of %d spots", n, len(spots))
		}
		_ = (&Map{Box: Around(spots), Dots: spots}).SVG()
	})
}
