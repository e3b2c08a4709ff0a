// Command atlas makes assets/world.js, the outlines of countries for the showcase's map, from the TopoJSON file
// countries-50m.json of the npm package world-atlas 2.0.2 (ISC licence; the data are Natural Earth's, in the public domain):
//
//	go run ./release/showcase/atlas countries-50m.json > release/showcase/assets/world.js
//
// It projects (Equal Earth: Šavrič, Patterson, Jenny 2018), simplifies every border once, so that neighbours still fit
// together (Douglas, Peucker 1973), and leaves out small islands of large countries. What the borders say and do
// not say stands in docs/decisions.
package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"log"
	"math"
	"os"
	"slices"
	"strconv"

	"golang.org/x/text/language"
)

type topology struct {
	Transform struct{ Scale, Translate [2]float64 }
	Arcs      [][][2]float64
	Objects   struct {
		Countries struct{ Geometries []geometry }
	}
}

type geometry struct {
	Type       string
	ID         string
	Properties struct{ Name string }
	Arcs       json.RawMessage
}

// parts joins what has no country code of its own to the code under which people are registered there; the rest of
// what has no code is drawn without one.
var parts = map[string]string{"Somaliland": "SOM", "N. Cyprus": "CYP"}

// left are drawn nowhere.
var left = map[string]bool{"Antarctica": true, "Fr. S. Antarctic Lands": true, "Heard I. and McDonald Is.": true, "S. Geo. and the Is.": true}

const (
	width     = 2000.0 // of the drawing
	tolerance = 0.7    // how far a simplified border may lie from the real one
	leastArea = 8.0    // of an island beside its mainland
	tiny      = 14.0   // a country smaller than this in both directions also gets a dot
)

func main() {
	log.SetFlags(0)
	if len(os.Args) != 2 {
		log.Fatal("usage: atlas countries-50m.json")
	}
	body, err := os.ReadFile(os.Args[1])
	if err != nil {
		log.Fatal(err)
	}
	var t topology
	if err := json.Unmarshal(body, &t); err != nil {
		log.Fatal(err)
	}
	arcs := make([][][2]float64, len(t.Arcs))
	for i, a := range t.Arcs {
		arcs[i] = simplify(t.decode(a), tolerance)
	}
	byCode := map[string][][][2]float64{}
	for _, g := range t.Objects.Countries.Geometries {
		if left[g.Properties.Name] {
			continue
		}
		code := parts[g.Properties.Name]
		if code == "" {
			code = iso3(g.ID)
		}
		rings, err := g.rings(arcs)
		if err != nil {
			log.Fatalf("%s: %v", g.Properties.Name, err)
		}
		byCode[code] = append(byCode[code], rings...)
	}
	if err := write(byCode); err != nil {
		log.Fatal(err)
	}
}

func iso3(id string) string {
	n, err := strconv.Atoi(id)
	if err != nil {
		return ""
	}
	r, err := language.EncodeM49(n)
	if err != nil || r.ISO3() == "ZZZ" {
		return ""
	}
	return r.ISO3()
}

// decode gives the points of an arc as longitude and latitude in degrees, without a jump where it crosses the date line.
func (t *topology) decode(arc [][2]float64) [][2]float64 {
	out := make([][2]float64, len(arc))
	x, y := 0.0, 0.0
	for i, p := range arc {
		x, y = x+p[0], y+p[1]
		out[i] = [2]float64{x*t.Transform.Scale[0] + t.Transform.Translate[0], y*t.Transform.Scale[1] + t.Transform.Translate[1]}
		if i > 0 {
			out[i] = near(out[i], out[i-1])
		}
	}
	return out
}

// near turns p around the globe until it lies within half a turn of q.
func near(p, q [2]float64) [2]float64 {
	p[0] -= 360 * math.Round((p[0]-q[0])/360)
	return p
}

// cut gives the parts of a ring that lie on the map from -180 to 180 degrees, each moved there (Sutherland, Hodgman 1974).
func cut(ring [][2]float64) (parts [][][2]float64) {
	for _, turn := range []float64{-360, 0, 360} {
		part := slices.Clone(ring)
		for i := range part {
			part[i][0] += turn
		}
		part = half(half(part, -180, 1), 180, -1)
		if len(part) > 2 {
			parts = append(parts, part)
		}
	}
	return parts
}

// half keeps what lies on one side of a meridian: east for side 1, west for -1.
func half(ring [][2]float64, at, side float64) (out [][2]float64) {
	for i, p := range ring {
		q := ring[(i+1)%len(ring)]
		dp, dq := side*(p[0]-at), side*(q[0]-at)
		if dp >= 0 {
			out = append(out, p)
		}
		if dp*dq < 0 {
			f := dp / (dp - dq)
			out = append(out, [2]float64{at, p[1] + f*(q[1]-p[1])})
		}
	}
	return out
}

func project(p [2]float64) [2]float64 { return equalEarth(p[0]*math.Pi/180, p[1]*math.Pi/180) }

func equalEarth(lon, lat float64) [2]float64 {
	const a1, a2, a3, a4 = 1.340264, -0.081106, 0.000893, 0.003796
	m := math.Sqrt(3) / 2
	theta := math.Asin(m * math.Sin(lat))
	t2 := theta * theta
	t6 := t2 * t2 * t2
	x := lon * math.Cos(theta) / (m * (a1 + 3*a2*t2 + t6*(7*a3+9*a4*t2)))
	y := theta * (a1 + a2*t2 + t6*(a3+a4*t2))
	const halfWidth = 2.7066299836
	scale := width / (2 * halfWidth)
	return [2]float64{width/2 + x*scale, 1.3173627591*scale - y*scale}
}

func simplify(p [][2]float64, tol float64) [][2]float64 {
	if len(p) <= 2 {
		return p
	}
	if p[0] == p[len(p)-1] { // a ring of one arc: from its first point to the farthest and back
		far := 0
		for i := range p {
			if dist(p[i], p[0]) > dist(p[far], p[0]) {
				far = i
			}
		}
		if far > 0 {
			return append(simplify(p[:far+1], tol), simplify(p[far:], tol)[1:]...)
		}
	}
	a, b := p[0], p[len(p)-1]
	worst, at := 0.0, 0
	for i := 1; i < len(p)-1; i++ {
		if d := off(p[i], a, b); d > worst {
			worst, at = d, i
		}
	}
	if worst <= tol {
		return [][2]float64{a, b}
	}
	return append(slices.Clone(simplify(p[:at+1], tol)), simplify(p[at:], tol)[1:]...)
}

// dist is the distance of two places on the drawing.
func dist(a, b [2]float64) float64 {
	a, b = project(a), project(b)
	return math.Hypot(a[0]-b[0], a[1]-b[1])
}

func off(p, a, b [2]float64) float64 {
	long := dist(a, b)
	if long == 0 {
		return dist(p, a)
	}
	p, a, b = project(p), project(a), project(b)
	return math.Abs((b[0]-a[0])*(a[1]-p[1])-(a[0]-p[0])*(b[1]-a[1])) / long
}

// rings joins the arcs of a polygon's rings. A negative number is an arc backwards.
func (g geometry) rings(arcs [][][2]float64) (out [][][2]float64, err error) {
	var polygons [][][]int
	if g.Type == "Polygon" {
		polygons = make([][][]int, 1)
		err = json.Unmarshal(g.Arcs, &polygons[0])
	} else {
		err = json.Unmarshal(g.Arcs, &polygons)
	}
	for _, polygon := range polygons {
		for _, ring := range polygon {
			var points [][2]float64
			for _, i := range ring {
				arc := arcs[max(i, ^i)]
				if i < 0 {
					arc = slices.Clone(arc)
					slices.Reverse(arc)
				}
				for _, p := range arc {
					if len(points) > 0 {
						p = near(p, points[len(points)-1])
					}
					points = append(points, p)
				}
			}
			for _, part := range cut(points) {
				for i := range part {
					part[i] = project(part[i])
				}
				out = append(out, part)
			}
		}
	}
	return out, err
}

func area(p [][2]float64) float64 {
	s := 0.0
	for i := range p {
		j := (i + 1) % len(p)
		s += p[i][0]*p[j][1] - p[j][0]*p[i][1]
	}
	return math.Abs(s) / 2
}

// write writes the paths, in relative whole numbers, and a dot for the countries that are too small to see.
func write(byCode map[string][][][2]float64) error {
	w := bufio.NewWriter(os.Stdout)
	height := 0.9 * 2 * 1.3173627591 * width / (2 * 2.7066299836) // nobody lives in the last tenth
	fmt.Fprintf(w, "/* Natural Earth 1:50m, public domain; from world-atlas 2.0.2 (ISC, Copyright 2013-2019 Michael Bostock), simplified. */\nvar AMAN_WORLD = {\"width\":%d,\"height\":%d,\"paths\":{", int(width), int(height))
	codes := make([]string, 0, len(byCode))
	for c := range byCode {
		codes = append(codes, c)
	}
	slices.Sort(codes)
	dots := ""
	for i, code := range codes {
		rings := byCode[code]
		slices.SortStableFunc(rings, func(a, b [][2]float64) int { return int(math.Copysign(1, area(b)-area(a))) })
		path := ""
		for k, ring := range rings {
			if k == 0 || area(ring) >= leastArea {
				path += trace(ring)
			}
		}
		if i > 0 {
			fmt.Fprint(w, ",")
		}
		fmt.Fprintf(w, "\n%q:%q", code, path)
		if lo, hi := box(rings[0]); code != "" && hi[0]-lo[0] < tiny && hi[1]-lo[1] < tiny {
			if dots != "" {
				dots += ","
			}
			dots += fmt.Sprintf("%q:[%d,%d]", code, int((lo[0]+hi[0])/2), int((lo[1]+hi[1])/2))
		}
	}
	fmt.Fprintf(w, "},\n\"dots\":{%s}};\n", dots)
	return w.Flush()
}

func box(p [][2]float64) (lo, hi [2]float64) {
	lo, hi = p[0], p[0]
	for _, q := range p {
		for k := range 2 {
			lo[k], hi[k] = min(lo[k], q[k]), max(hi[k], q[k])
		}
	}
	return lo, hi
}

func trace(ring [][2]float64) string {
	var out []byte
	x, y, moves := 0, 0, 0
	for i, p := range ring {
		px, py := int(math.Round(p[0])), int(math.Round(p[1]))
		switch {
		case i == 0:
			out = fmt.Appendf(out, "M%d %dl", px, py)
		case px == x && py == y:
			continue
		default:
			if dx := px - x; dx >= 0 && out[len(out)-1] != 'l' {
				out = append(out, ' ')
			}
			out = strconv.AppendInt(out, int64(px-x), 10)
			if dy := py - y; dy >= 0 {
				out = append(out, ' ')
			}
			out = strconv.AppendInt(out, int64(py-y), 10)
		}
		x, y = px, py
		moves++
	}
	if moves < 3 { // nothing left of it
		return ""
	}
	return string(append(out, 'z'))
}
