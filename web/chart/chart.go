// Package chart draws small charts as SVG on the server: no script, no inline style
// (a page's Content-Security-Policy forbids it), readable by a screen reader, and always
// with a table of the same figures beside it.
//
//	b := chart.Bars{Title: "Cases by worker"}
//	b.Add("Amna", chart.Part{Value: 12, Class: "rest"})
//	b.SVG()   // html/template.HTML
//
// Colours come from the page's stylesheet, by the classes of the parts.
package chart

import (
	"fmt"
	"html"
	"html/template"
	"strconv"
	"strings"
)

// Bars is a bar chart; each bar may have several parts. Lying bars have their labels
// above them; upright ones below.
type Bars struct {
	Title      string
	Upright    bool
	RTL        bool // lying bars grow from the right
	Limit      int  // a line at this value; none when 0
	LimitLabel string
	Rows       []Row
}

// Row is one bar.
type Row struct {
	Label string
	Parts []Part
}

// Part is one piece of a bar.
type Part struct {
	Value int
	Class string
	Label string
}

// Add appends a bar.
func (b *Bars) Add(label string, parts ...Part) { b.Rows = append(b.Rows, Row{label, parts}) }

// Sum is the length of a bar.
func (r Row) Sum() (n int) {
	for _, p := range r.Parts {
		n += p.Value
	}
	return n
}

// Empty says that there is nothing to draw.
func (b *Bars) Empty() bool { return b.max() == 0 }

func (b *Bars) max() int {
	m := b.Limit
	for _, r := range b.Rows {
		m = max(m, r.Sum())
	}
	return m
}

// Legend names the parts, once each.
func (b *Bars) Legend() []Part {
	var out []Part
	seen := map[string]bool{}
	for _, r := range b.Rows {
		for _, p := range r.Parts {
			if p.Label != "" && !seen[p.Class] {
				seen[p.Class] = true
				out = append(out, p)
			}
		}
	}
	return out
}

// SVG draws the chart.
func (b *Bars) SVG() template.HTML {
	if b.Upright {
		return b.upright()
	}
	return b.lying()
}

func (b *Bars) open(w *strings.Builder, width, height int) {
	fmt.Fprintf(w, `<svg class="chart" viewBox="0 0 %d %d" role="img" aria-label="%s" focusable="false">`, width, height, html.EscapeString(b.Title))
}

// lying draws bars in a field 320 units wide, each under its label.
func (b *Bars) lying() template.HTML {
	const width, room, line, bar = 320, 286, 36, 13
	var w strings.Builder
	most := max(b.max(), 1)
	height := len(b.Rows)*line + 4
	b.open(&w, width, height)
	scale := func(v int) float64 { return float64(v) * room / float64(most) }
	// at places a piece that begins so far from the start and is so long.
	at := func(from, long float64) float64 {
		if b.RTL {
			return width - from - long
		}
		return from
	}
	// In right-to-left text the start of a line is its right end.
	for i, r := range b.Rows {
		y := i * line
		fmt.Fprintf(&w, `<text class="label" direction="%s" x="%.1f" y="%d">%s</text>`, b.direction(), at(0, 0), y+13, html.EscapeString(r.Label))
		x := 0.0
		for _, p := range r.Parts {
			if p.Value == 0 {
				continue
			}
			long := scale(p.Value)
			fmt.Fprintf(&w, `<rect class="part %s" x="%.1f" y="%d" width="%.1f" height="%d"><title>%s</title></rect>`, p.Class, at(x, long), y+18, long, bar, html.EscapeString(tip(r, p)))
			x += long
		}
		fmt.Fprintf(&w, `<text class="figure" direction="%s" x="%.1f" y="%d">%d</text>`, b.direction(), at(x+4, 0), y+29, r.Sum())
	}
	if b.Limit > 0 {
		x := at(scale(b.Limit), 0)
		fmt.Fprintf(&w, `<line class="limit" x1="%.1f" x2="%.1f" y1="0" y2="%d"><title>%s</title></line>`, x, x, height, html.EscapeString(b.LimitLabel))
	}
	w.WriteString("</svg>")
	return template.HTML(w.String())
}

func (b *Bars) direction() string {
	if b.RTL {
		return "rtl"
	}
	return "ltr"
}

// upright draws bars from below, with every label under its bar.
func (b *Bars) upright() template.HTML {
	const height, base = 140, 118
	n := max(len(b.Rows), 1)
	step := 320.0 / float64(n)
	figures, labels := 1, 1
	for _, r := range b.Rows {
		figures = max(figures, len(strconv.Itoa(r.Sum())))
		labels = max(labels, len([]rune(short(r.Label, n))))
	}
	// Texts must fit under and over their bars; where they cannot, only some labels stand.
	size := func(letters int) float64 { return min(10, step/(0.62*float64(letters))) }
	every := 1
	for labelSize := size(labels); labelSize < 6.5; labelSize = min(10, step*float64(every)/(0.62*float64(labels))) {
		every++
	}
	labelSize := min(9, step*float64(every)/(0.62*float64(labels)))
	var w strings.Builder
	most := max(b.max(), 1)
	b.open(&w, 320, height)
	for i, r := range b.Rows {
		x := float64(i)*step + step*0.12
		y := float64(base)
		for _, p := range r.Parts {
			h := float64(p.Value) * 98 / float64(most)
			y -= h
			fmt.Fprintf(&w, `<rect class="part %s" x="%.1f" y="%.1f" width="%.1f" height="%.1f"><title>%s</title></rect>`, p.Class, x, y, step*0.76, h, html.EscapeString(tip(r, p)))
		}
		if f := size(figures); f >= 5 {
			fmt.Fprintf(&w, `<text class="middle" font-size="%.1f" x="%.1f" y="%.1f">%d</text>`, f, x+step*0.38, y-3, r.Sum())
		}
		if (n-1-i)%every == 0 {
			fmt.Fprintf(&w, `<text class="middle" font-size="%.1f" x="%.1f" y="%d">%s</text>`, labelSize, x+step*0.38, base+14, html.EscapeString(short(r.Label, n)))
		}
	}
	fmt.Fprintf(&w, `<line class="axis" x1="0" x2="320" y1="%d" y2="%d"></line></svg>`, base, base)
	return template.HTML(w.String())
}

func tip(r Row, p Part) string {
	if p.Label == "" {
		return fmt.Sprintf("%s: %d", r.Label, p.Value)
	}
	return fmt.Sprintf("%s, %s: %d", r.Label, p.Label, p.Value)
}

// short keeps the first word of a label where many bars stand side by side.
func short(label string, n int) string {
	if n <= 6 {
		return label
	}
	word, _, _ := strings.Cut(label, " ")
	return word
}
