package export

import (
	"math"
	"slices"
	"sort"
	"strconv"
	"time"
)

// Summary is what the answers to one question come to.
type Summary struct {
	Field    *Field
	Table    *Table
	Kind     string // choice, number, date, or text for everything else
	Answered int    // rows with an answer
	Rows     int    // rows in which the question could be answered
	Bars     []Bar
	// Of numbers: the smallest, the middle (half of the answers are at most so large) and
	// the largest. NaN when there are none.
	Least, Median, Most float64
	Other               int // answers that fit no bar: not of the question's type
}

// Bar is how often one answer was given: a choice (Code), a span of numbers (From up to,
// not with, To; the last with it) or a week that begins on the Monday Day.
type Bar struct {
	Code     string
	From, To float64
	Day      time.Time
	Count    int
}

// numbersMost bounds the numbers kept for one question; beyond it every second is dropped,
// again and again, so that spans and median come from an even sample.
const numbersMost = 200_000

// barsMost is how many spans or weeks are told apart.
const (
	spans     = 12
	weeksMost = 60
)

type counter struct {
	Summary
	codes   map[string]int
	days    map[int64]int
	numbers []float64
	every   int // one of so many numbers is kept
	seen    int
}

// Summarise counts the answers to each question, one at a time, in the order of the form.
// Texts and files are counted as answered, never looked at.
func (l *Layout) Summarise(o Options, src Source) ([]Summary, error) {
	var all []*counter
	for _, t := range l.Tables {
		for _, f := range t.Fields {
			if o.shows(f) {
				all = append(all, newCounter(t, f))
			}
		}
	}
	reader := l.Reader()
	err := src(func(m Meta, body []byte) error {
		rec, err := reader.Read(m, body)
		if err != nil || body == nil {
			return nil // what cannot be read answers nothing
		}
		for _, c := range all {
			for i := range rec.Tables[c.Table.N] {
				c.add(rec.Tables[c.Table.N][i].Cells[c.Field.N])
			}
		}
		return nil
	})
	out := make([]Summary, len(all))
	for i, c := range all {
		out[i] = c.done()
	}
	return out, err
}

func newCounter(t *Table, f *Field) *counter {
	c := &counter{Summary: Summary{Field: f, Table: t, Kind: "text", Least: math.NaN(), Median: math.NaN(), Most: math.NaN()}, every: 1}
	switch f.Type {
	case "int", "integer", "long", "decimal", "double", "float":
		c.Kind = "number"
	case "date", "dateTime":
		c.Kind, c.days = "date", map[int64]int{}
	}
	if len(f.Options) > 0 {
		c.Kind, c.codes = "choice", map[string]int{}
	}
	return c
}

func (c *counter) add(v []byte) {
	c.Rows++
	if len(v) == 0 {
		return
	}
	c.Answered++
	switch c.Kind {
	case "choice":
		if !c.Field.Many {
			c.codes[string(v)]++
			return
		}
		for from := 0; from < len(v); {
			to := from
			for to < len(v) && v[to] > ' ' {
				to++
			}
			if to > from {
				c.codes[string(v[from:to])]++
			}
			from = to + 1
		}
	case "number":
		n, err := strconv.ParseFloat(string(v), 64)
		if err != nil || !isNumber(v) || math.IsInf(n, 0) {
			c.Other++
			return
		}
		if c.seen%c.every == 0 {
			c.numbers = append(c.numbers, n)
		}
		c.seen++
		if len(c.numbers) == numbersMost {
			for i := range numbersMost / 2 {
				c.numbers[i] = c.numbers[2*i]
			}
			c.numbers, c.every = c.numbers[:numbersMost/2], 2*c.every
		}
	case "date":
		t, err := time.Parse(time.DateOnly, string(v[:min(len(v), 10)]))
		if err != nil {
			c.Other++
			return
		}
		c.days[t.Unix()/86400]++
	}
}

func (c *counter) done() Summary {
	switch c.Kind {
	case "choice":
		known := map[string]bool{}
		for _, o := range c.Field.Options {
			if known[o.Value] {
				continue
			}
			known[o.Value] = true
			c.Bars = append(c.Bars, Bar{Code: o.Value, Count: c.codes[o.Value]})
		}
		for code, n := range c.codes {
			if !known[code] {
				c.Other += n
			}
		}
	case "number":
		c.spans()
	case "date":
		c.weeks()
	}
	return c.Summary
}

// spans makes bars of numbers, with round ends.
func (c *counter) spans() {
	if len(c.numbers) == 0 {
		return
	}
	slices.Sort(c.numbers)
	n := len(c.numbers)
	c.Least, c.Median, c.Most = c.numbers[0], c.numbers[(n-1)/2], c.numbers[n-1]
	step := roundStep((c.Most - c.Least) / spans)
	if whole[c.Field.Type] {
		step = max(step, 1)
	}
	if step == 0 {
		step = 1
	}
	from := math.Floor(c.Least/step) * step
	for at := 0; at < n; {
		to := from + step
		end := at + sort.Search(n-at, func(i int) bool { return c.numbers[at+i] >= to })
		c.Bars = append(c.Bars, Bar{From: from, To: to, Count: (end - at) * c.every})
		at = end
		if to <= from { // numbers so large that a step is lost in them
			break
		}
		from = to
	}
}

var whole = map[string]bool{"int": true, "integer": true, "long": true}

// roundStep is the next of 1, 2, 5, 10, 20 … that is at least x.
func roundStep(x float64) float64 {
	if x <= 0 || math.IsInf(x, 0) {
		return 0
	}
	ten := math.Pow(10, math.Floor(math.Log10(x)))
	for _, m := range []float64{1, 2, 5, 10} {
		if m*ten >= x {
			return m * ten
		}
	}
	return 10 * ten
}

// weeks makes bars of days, by weeks that begin on Monday; the newest 60 that have any.
func (c *counter) weeks() {
	byWeek := map[int64]int{}
	for day, n := range c.days {
		byWeek[(day+3)-mod(day+3, 7)-3] += n // 1970-01-01 was a Thursday
	}
	var weeks []int64
	for w := range byWeek {
		weeks = append(weeks, w)
	}
	slices.Sort(weeks)
	if len(weeks) == 0 {
		return
	}
	last := weeks[len(weeks)-1]
	first := max(weeks[0], last-7*(weeksMost-1))
	for _, w := range weeks {
		if w < first {
			c.Other += byWeek[w]
		}
	}
	for w := first; w <= last; w += 7 {
		c.Bars = append(c.Bars, Bar{Day: time.Unix(w*86400, 0).UTC(), Count: byWeek[w]})
	}
}

func mod(a, b int64) int64 { return ((a % b) + b) % b }
