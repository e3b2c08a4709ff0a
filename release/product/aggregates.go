package product

import (
	"fmt"
	"strconv"

	"aman/release/kanon"
	"aman/release/synth"
)

// Sources of a count.
const (
	fromModel = "model" // the fitted model alone
	fromBoth  = "both"  // the model and a direct count, by inverse variance
	fromCount = "count" // a count without noise, of a k-anonymous release
)

// ReportedCells is the largest table of which combinations are counted at all (synth, interval.go). A combination that is
// missing from a larger one is not small: nothing is said of it.
const ReportedCells = 1 << 16

// publishable gives the counts of a release that may be shown: supported, and not under the threshold.
func publishable(r *synth.Release, threshold int) []synth.Aggregate {
	var out []synth.Aggregate
	for _, a := range r.Aggregates {
		if a.Supported && int(a.Count) >= threshold {
			out = append(out, a)
		}
	}
	return out
}

// source says whether combinations of a set of attributes were also counted directly: those of a length that the
// budget shows, in tables of at most ReportedCells (synth, direct.go).
func source(r *synth.Release) func(a synth.Aggregate) string {
	counted := map[int]bool{}
	for _, s := range r.Spent {
		var length int
		if s.Kind == "combinations" {
			if n, _ := fmt.Sscanf(s.What, "combinations of %d", &length); n == 1 {
				counted[length] = true
			}
		}
	}
	return func(a synth.Aggregate) string {
		cells := 1
		for _, attr := range a.Attr[:a.Length] {
			cells *= r.Rows.Attrs[attr].Size()
		}
		if counted[int(a.Length)] && cells <= ReportedCells {
			return fromBoth
		}
		return fromModel
	}
}

// aggregateHeader names the columns of aggregates.csv for combinations of up to length values, and their HXL tags.
func aggregateHeader(length int) (header, tags []string) {
	header, tags = []string{"length"}, []string{"#meta+length"}
	for i := 1; i <= length; i++ {
		header = append(header, fmt.Sprintf("column_%d", i), fmt.Sprintf("value_%d", i))
		tags = append(tags, fmt.Sprintf("#meta+column+n%d", i), fmt.Sprintf("#indicator+value+n%d", i))
	}
	return append(header, "estimate", "low_95", "high_95", "source"), append(tags, "#affected+estimate", "#affected+min", "#affected+max", "#meta+source")
}

func noisyRows(list []synth.Aggregate, r *synth.Release) func() ([]string, bool) {
	of := source(r)
	i := -1
	return func() ([]string, bool) {
		if i++; i >= len(list) {
			return nil, false
		}
		a := list[i]
		row := []string{strconv.Itoa(int(a.Length))}
		for k := range r.Options.Length {
			if k < int(a.Length) {
				attr := r.Rows.Attrs[a.Attr[k]]
				row = append(row, attr.Column, attr.Codes[a.Code[k]])
			} else {
				row = append(row, "", "")
			}
		}
		return append(row, strconv.Itoa(int(a.Count)), strconv.Itoa(int(a.Low)), strconv.Itoa(int(a.High)), of(a)), true
	}
}

// exactRows gives the shown cells of k-anonymous tables: their counts are exact, so the interval is a point (or the base of the rounding). Zeros,
// withheld and small cells are left out.
func exactRows(tables []kanon.Published, threshold int) (rows [][]string, length int) {
	type cell struct{ columns, codes []string }
	seen := map[string]bool{}
	var cells []cell
	var counts [][3]int64
	for _, t := range tables {
		for c := range t.Public().Cells() {
			if c.Withheld() || c.State == kanon.Unpublished || c.Count < int64(threshold) {
				continue
			}
			var x cell
			for i, code := range c.Codes {
				if code != kanon.All {
					x.columns, x.codes = append(x.columns, t.Dims[i].Name), append(x.codes, code)
				}
			}
			if key := fmt.Sprint(x); len(x.codes) > 0 && !seen[key] {
				seen[key] = true
				near := max(0, t.Base-1) // a rounded count is less than its base away
				cells, counts, length = append(cells, x), append(counts, [3]int64{c.Count, max(0, c.Count-near), c.Count + near}), max(length, len(x.codes))
			}
		}
	}
	for i, c := range cells {
		row := []string{strconv.Itoa(len(c.codes))}
		for k := range length {
			if k < len(c.codes) {
				row = append(row, c.columns[k], c.codes[k])
			} else {
				row = append(row, "", "")
			}
		}
		for _, n := range counts[i] {
			row = append(row, strconv.FormatInt(n, 10))
		}
		rows = append(rows, append(row, fromCount))
	}
	return rows, length
}

func each(rows [][]string) func() ([]string, bool) {
	i := -1
	return func() ([]string, bool) {
		if i++; i >= len(rows) {
			return nil, false
		}
		return rows[i], true
	}
}
