package chart

import (
	"fmt"
	"html"
	"html/template"
	"math"
	"strconv"
	"strings"
)

// Box is a part of the earth, in degrees.
type Box struct{ South, West, North, East float64 }

// Spot is one place on a map.
type Spot struct {
	Lat, Lon float64
	Count    int    // how many answers were given here; 0 for a known place
	Label    string // of a known place
	Link     string // where a dot leads
}

// Map draws dots over a grid of degrees and the names of known places. It has no borders:
// where a border runs is for others to say.
type Map struct {
	Title  string
	Box    Box
	Dots   []Spot
	Places []Spot
	Tip    func(s Spot) string // what a dot says
}

// Around is the box that holds all spots, with some room, and never smaller than some 2 km.
func Around(spots []Spot) Box {
	if len(spots) == 0 {
		return Box{-60, -180, 80, 180}
	}
	b := Box{90, 180, -90, -180}
	for _, s := range spots {
		b.South, b.North = min(b.South, s.Lat), max(b.North, s.Lat)
		b.West, b.East = min(b.West, s.Lon), max(b.East, s.Lon)
	}
	const least = 0.02
	grow := func(low, high float64) (float64, float64) {
		pad := max((high-low)*0.12, least/2)
		return low - pad, high + pad
	}
	b.South, b.North = grow(b.South, b.North)
	b.West, b.East = grow(b.West, b.East)
	return b.clamp()
}

func (b Box) clamp() Box {
	return Box{max(b.South, -90), max(b.West, -180), min(b.North, 90), min(b.East, 180)}
}

// Scale is the box made larger (factor over 1) or smaller around its middle.
func (b Box) Scale(factor float64) Box {
	lat, lon, h, w := (b.South+b.North)/2, (b.West+b.East)/2, (b.North-b.South)/2*factor, (b.East-b.West)/2*factor
	return Box{lat - h, lon - w, lat + h, lon + w}.clamp()
}

// Has says whether a spot lies in the box.
func (b Box) Has(lat, lon float64) bool {
	return lat >= b.South && lat <= b.North && lon >= b.West && lon <= b.East
}

// String writes a box for an address: south,west,north,east.
func (b Box) String() string {
	f := func(x float64) string { return strconv.FormatFloat(x, 'f', 4, 64) }
	return f(b.South) + "," + f(b.West) + "," + f(b.North) + "," + f(b.East)
}

// ParseBox reads what String wrote.
func ParseBox(s string) (b Box, ok bool) {
	parts := strings.Split(s, ",")
	if len(parts) != 4 {
		return b, false
	}
	var n [4]float64
	for i, p := range parts {
		x, err := strconv.ParseFloat(p, 64)
		if err != nil || math.IsNaN(x) || math.Abs(x) > 180 {
			return b, false
		}
		n[i] = x
	}
	b = Box{n[0], n[1], n[2], n[3]}.clamp()
	return b, b.South < b.North && b.West < b.East
}

// Gather puts spots that lie close together into one dot, in so many cells across the box.
// Each dot lies in the middle of its spots.
func Gather(spots []Spot, b Box, cells int) []Spot {
	type key struct{ x, y int }
	size := max(b.East-b.West, b.North-b.South) / float64(cells)
	at := map[key]int{}
	var out []Spot
	for _, s := range spots {
		if !b.Has(s.Lat, s.Lon) {
			continue
		}
		k := key{int((s.Lon - b.West) / size), int((s.Lat - b.South) / size)}
		i, ok := at[k]
		if !ok {
			i = len(out)
			at[k] = i
			out = append(out, Spot{})
		}
		o := &out[i]
		o.Count += s.Count
		share := float64(s.Count) / float64(o.Count)
		o.Lat += (s.Lat - o.Lat) * share
		o.Lon += (s.Lon - o.Lon) * share
	}
	return out
}

const mapWidth = 640.0

// shaped widens a box so that it is not much flatter or taller than a page has room for.
func (b Box) shaped() Box {
	squeeze := max(math.Cos((b.South+b.North)/2*math.Pi/180), 0.1)
	wide, high := (b.East-b.West)*squeeze, b.North-b.South
	const flat, tall = 0.5, 0.8 // height to width
	if lack := wide*flat - high; lack > 0 {
		b.South, b.North = b.South-lack/2, b.North+lack/2
	}
	if lack := (high/tall - wide) / squeeze; lack > 0 {
		b.West, b.East = b.West-lack/2, b.East+lack/2
	}
	return b.clamp()
}

// SVG draws the map. Latitude and longitude are drawn at the scale of the middle
// (equirectangular), which is true enough for a country.
func (m *Map) SVG() template.HTML {
	b := m.Box.shaped()
	squeeze := max(math.Cos((b.South+b.North)/2*math.Pi/180), 0.1)
	scale := mapWidth / ((b.East - b.West) * squeeze)
	height := (b.North - b.South) * scale
	scaleY := scale
	x := func(lon float64) float64 { return (lon - b.West) / (b.East - b.West) * mapWidth }
	y := func(lat float64) float64 { return (b.North - lat) * scaleY }
	var w strings.Builder
	fmt.Fprintf(&w, `<svg class="map" viewBox="0 0 %.0f %.0f" role="group" aria-label="%s" focusable="false"><rect class="sea" width="%.0f" height="%.0f"></rect>`, mapWidth, height, html.EscapeString(m.Title), mapWidth, height)
	step := gridStep(max(b.East-b.West, b.North-b.South))
	digits := max(0, -int(math.Floor(math.Log10(step))))
	for lon := math.Ceil(b.West/step) * step; lon <= b.East; lon += step {
		fmt.Fprintf(&w, `<line class="grid" x1="%.1f" x2="%.1f" y1="0" y2="%.0f"></line><text class="degree" x="%.1f" y="%.0f">%s</text>`, x(lon), x(lon), height, x(lon)+3, height-4, degrees(lon, digits, "E", "W"))
	}
	for lat := math.Ceil(b.South/step) * step; lat <= b.North; lat += step {
		fmt.Fprintf(&w, `<line class="grid" y1="%.1f" y2="%.1f" x1="0" x2="%.0f"></line><text class="degree" x="3" y="%.1f">%s</text>`, y(lat), y(lat), mapWidth, y(lat)-3, degrees(lat, digits, "N", "S"))
	}
	for _, p := range m.Places {
		if b.Has(p.Lat, p.Lon) {
			fmt.Fprintf(&w, `<circle class="known" cx="%.1f" cy="%.1f" r="2.5"><title>%s</title></circle>`, x(p.Lon), y(p.Lat), html.EscapeString(p.Label))
		}
	}
	taken := labels{}
	most := 1
	for _, d := range m.Dots {
		most = max(most, d.Count)
	}
	for _, d := range m.Dots {
		r := 4 + 14*math.Sqrt(float64(d.Count)/float64(most))
		if most == 1 {
			r = 5
		}
		tip := strconv.Itoa(d.Count)
		if m.Tip != nil {
			tip = m.Tip(d)
		}
		dot := fmt.Sprintf(`<circle class="dot" cx="%.1f" cy="%.1f" r="%.1f"><title>%s</title></circle>`, x(d.Lon), y(d.Lat), r, html.EscapeString(tip))
		if d.Link != "" {
			dot = fmt.Sprintf(`<a href="%s" aria-label="%s">%s</a>`, html.EscapeString(d.Link), html.EscapeString(tip), dot)
		}
		w.WriteString(dot)
		taken.add(x(d.Lon)-r, y(d.Lat)-r, 2*r, 2*r)
		if d.Count > 1 && r >= 9 {
			fmt.Fprintf(&w, `<text class="dotcount" x="%.1f" y="%.1f">%d</text>`, x(d.Lon), y(d.Lat)+4, d.Count)
		}
	}
	for _, p := range m.Places {
		if b.Has(p.Lat, p.Lon) {
			taken.place(&w, x(p.Lon), y(p.Lat), p.Label)
		}
	}
	w.WriteString(`</svg>`)
	return template.HTML(w.String())
}

// labels are the parts of a map that something is written on.
type labels [][4]float64

func (l *labels) add(x, y, w, h float64) { *l = append(*l, [4]float64{x, y, w, h}) }

func (l labels) free(x, y, w, h float64) bool {
	for _, t := range l {
		if x < t[0]+t[2] && t[0] < x+w && y < t[1]+t[3] && t[1] < y+h {
			return false
		}
	}
	return x >= 0 && x+w <= mapWidth
}

// place writes the name of a known place to its right, its left, above or below, where
// nothing is written yet, if need be beyond a dot that lies on it; one without room is a
// point alone.
func (l *labels) place(w *strings.Builder, x, y float64, label string) {
	const high, away = 13, 20 // as large as a dot that lies on it
	wide := 6.4 * float64(len([]rune(label)))
	for _, at := range [...][2]float64{{5, -6}, {-5 - wide, -6}, {-wide / 2, -high - 5}, {-wide / 2, 5}, {away, -6}, {-away - wide, -6}, {-wide / 2, -high - away}, {-wide / 2, away}} {
		left, top := x+at[0], y+at[1]
		if l.free(left, top, wide, high) {
			l.add(left, top, wide, high)
			fmt.Fprintf(w, `<text class="place" x="%.1f" y="%.1f">%s</text>`, left+wide/2, top+high-3, html.EscapeString(label))
			return
		}
	}
}

// gridStep is the distance of grid lines, so that there are four to eight.
func gridStep(span float64) float64 {
	ten := math.Pow(10, math.Floor(math.Log10(span/4)))
	for _, m := range []float64{1, 2, 5} {
		if span/(m*ten) <= 8 {
			return m * ten
		}
	}
	return 10 * ten
}

func degrees(x float64, digits int, plus, minus string) string {
	side := plus
	if x < 0 {
		side = minus
	}
	return strconv.FormatFloat(math.Abs(x), 'f', digits, 64) + "°" + side
}
