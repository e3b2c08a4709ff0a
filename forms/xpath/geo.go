package xpath

import (
	"math"
	"strconv"
	"strings"
)

var geoFunctions = []Function{
	{Name: "area", Args: "shape", Min: 1, Max: 1, Eval: fnArea, Doc: "The area of a shape, or of the points of a path, in square metres."},
	{Name: "enclosed-area", Args: "shape", Min: 1, Max: 1, Eval: fnArea, Doc: "An older name of area."},
	{Name: "distance", Args: "trace, …", Min: 1, Max: -1, Eval: fnDistance,
		Doc: "The length of a trace or shape, or of the way from point to point, in metres."},
	{Name: "geofence", Args: "point, shape", Min: 2, Max: 2, Eval: fnGeofence, Doc: "Whether the point lies inside the shape."},
	{Name: "intersects", Args: "trace", Min: 1, Max: 1, Eval: fnIntersects, Doc: "Whether a trace or the outline of a shape crosses itself."},
}

// earthRadius is the equatorial radius in metres that both engines use.
const earthRadius = 6_378_100

// point is a place in degrees.
type point struct{ lat, lng float64 }

// points reads the arguments from number i on: one trace or shape ("lat lng alt acc; lat lng …"), or several points.
// It reports false, after a failure where the rules want one, when they are not places on Earth.
func (a *Arguments) points(i, n int) ([]point, bool) {
	var texts []string
	call := &Call{base: a.call.base, Name: a.call.Name, Args: a.call.Args[i:n]}
	for _, v := range (&Arguments{e: a.e, f: a.f, call: call}).Each(0) {
		texts = append(texts, a.e.text(v))
	}
	if a.e.err != nil {
		return nil, false
	}
	if len(texts) == 1 {
		texts = strings.Split(strings.TrimRight(texts[0], "; \t\r\n"), ";")
		if len(texts) == 1 && trimSpace(texts[0]) == "" {
			return nil, a.e.StrictGeo
		}
	}
	out := make([]point, 0, len(texts))
	for _, t := range texts {
		p, ok := a.point(t)
		if !ok {
			return nil, false
		}
		out = append(out, p)
	}
	return out, a.e.hold(64 * len(out))
}

func (a *Arguments) point(s string) (point, bool) {
	p, ok := parsePoint(s)
	if !a.e.StrictGeo {
		return p, ok && math.Abs(p.lat) <= 90 && math.Abs(p.lng) <= 180
	}
	if !ok {
		a.Fail("%s needs places such as “33.6 73.1 500 5”, and one part is none", a.call.Name)
	}
	return p, ok
}

// parsePoint reads "latitude longitude altitude? accuracy?".
func parsePoint(s string) (point, bool) {
	fields := strings.Fields(s)
	if len(fields) < 2 || len(fields) > 4 {
		return point{}, false
	}
	var nums [4]float64
	for i, f := range fields {
		x, err := strconv.ParseFloat(f, 64)
		if err != nil || math.IsNaN(x) || math.IsInf(x, 0) {
			return point{}, false
		}
		nums[i] = x
	}
	return point{nums[0], nums[1]}, true
}

func radians(deg float64) float64 { return deg * math.Pi / 180 }

func fnArea(a *Arguments) Value {
	pts, ok := a.points(0, 1)
	switch {
	case !ok:
		return NumberValue(math.NaN())
	case len(pts) < 3:
		return NumberValue(0)
	case a.e.FlatArea:
		return NumberValue(math.Abs(flatArea(pts)))
	}
	return NumberValue(centimetres(sphereArea(pts)))
}

// flatArea is the polygon area formula (MathWorld, "Polygon Area") with each point's place in metres east and north of
// the first, longitudes shrunk by the cosine of the point's own latitude.
func flatArea(pts []point) float64 {
	const metresPerDegree = 2 * math.Pi * earthRadius / 360
	place := func(p point) (x, y float64) {
		return (p.lng - pts[0].lng) * metresPerDegree * math.Cos(radians(p.lat)), (p.lat - pts[0].lat) * metresPerDegree
	}
	sum := 0.0
	for i := 2; i < len(pts); i++ {
		x1, y1 := place(pts[i-1])
		x2, y2 := place(pts[i])
		sum += (y1*x2 - x1*y2) / 2
	}
	return sum
}

// sphereArea is the area of a polygon on a sphere by line integrals (Chamberlain and Duquette, JPL Publication 07-03,
// 2007, equation for small polygons).
func sphereArea(pts []point) float64 {
	sum := 0.0
	for i, p := range pts {
		q := pts[(i+1)%len(pts)]
		sum += radians(q.lng-p.lng) * (2 + math.Sin(radians(p.lat)) + math.Sin(radians(q.lat)))
	}
	return sum * earthRadius * earthRadius / 2
}

// centimetres is what the browser engines round to.
func centimetres(x float64) float64 { return math.Abs(roundHalfUp(x*100)) / 100 }

func fnDistance(a *Arguments) Value {
	pts, ok := a.points(0, a.Len())
	if !ok {
		return NumberValue(math.NaN())
	}
	sum := 0.0
	for i := 1; i < len(pts); i++ {
		sum += greatCircle(pts[i-1], pts[i])
	}
	if !a.e.FlatArea {
		sum = centimetres(sum)
	}
	return NumberValue(sum)
}

// greatCircle is the spherical law of cosines.
func greatCircle(p, q point) float64 {
	φ1, φ2, Δλ := radians(p.lat), radians(q.lat), radians(p.lng-q.lng)
	cos := math.Sin(φ1)*math.Sin(φ2) + math.Cos(φ1)*math.Cos(φ2)*math.Cos(Δλ)
	return math.Acos(max(-1, min(1, cos))) * earthRadius // rounding may leave [-1, 1] by a hair
}

// fnGeofence asks by ray casting (W. R. Franklin, PNPOLY) whether a point is in a closed shape.
func fnGeofence(a *Arguments) Value {
	p, ok := a.points(0, 1)
	if a.e.err != nil || !ok || len(p) == 0 {
		return BooleanValue(false)
	}
	shape, ok := a.points(1, 2)
	if !ok || len(shape) < 2 || shape[0] != shape[len(shape)-1] && !a.e.StrictGeo {
		return BooleanValue(false)
	}
	x, y, in := p[0].lng, p[0].lat, false
	for i := 1; i < len(shape); i++ {
		u, v := shape[i-1], shape[i]
		if (v.lat > y) != (u.lat > y) && x < (u.lng-v.lng)*(y-v.lat)/(u.lat-v.lat)+v.lng {
			in = !in
		}
	}
	return BooleanValue(in)
}

// fnIntersects asks whether two segments of a trace touch or cross where they are not simply joined.
func fnIntersects(a *Arguments) Value {
	pts, ok := a.points(0, 1)
	if !ok || len(pts) < 3 {
		return BooleanValue(false)
	}
	var segs []segment
	for i := 1; i < len(pts); i++ {
		if pts[i-1] != pts[i] {
			segs = append(segs, segment{pts[i-1], pts[i]})
		}
	}
	closed := pts[0] == pts[len(pts)-1]
	for i := range segs {
		for j := i + 1; j < len(segs); j++ {
			if !a.e.spend(1) {
				return Value{}
			}
			ends := closed && i == 0 && j == len(segs)-1 && len(segs) > 2
			if !ends && segs[i].meets(segs[j], j == i+1) {
				return BooleanValue(true)
			}
		}
	}
	return BooleanValue(false)
}

type segment struct{ from, to point }

// turn is positive, negative or zero as a, b, c turn left, right or lie on a line.
func turn(a, b, c point) float64 {
	return (b.lng-a.lng)*(c.lat-a.lat) - (c.lng-a.lng)*(b.lat-a.lat)
}

// spans reports whether p lies in the rectangle of a segment; for a point on its line, whether it is on it.
func (s segment) spans(p point) bool {
	return p.lng >= min(s.from.lng, s.to.lng) && p.lng <= max(s.from.lng, s.to.lng) &&
		p.lat >= min(s.from.lat, s.to.lat) && p.lat <= max(s.from.lat, s.to.lat)
}

// meets reports whether two segments share a point. With joined, the end of s being the start of o does not count.
func (s segment) meets(o segment, joined bool) bool {
	fromS, toS := turn(s.from, o.from, o.to), turn(s.to, o.from, o.to)
	fromO, toO := turn(s.from, s.to, o.from), turn(s.from, s.to, o.to)
	switch {
	case fromS == 0 && o.spans(s.from), toO == 0 && s.spans(o.to):
		return true
	case joined && s.to == o.from:
		return false
	}
	return fromS*toS < 0 && fromO*toO < 0 || toS == 0 && o.spans(s.to) || fromO == 0 && s.spans(o.from)
}
