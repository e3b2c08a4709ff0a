package showcase

import (
	"encoding/json"
	"slices"

	"aman/release/product"
	"aman/release/synth"
)

// Kinds of release.
const (
	noisy = "dp"
	exact = "k"
)

// site is all that the pages are made from.
type site struct {
	info      product.Info
	kind      string
	guarantee func(lang string) string
	report    *synth.Report // nil for k
	attrs     []attribute
	rows      int
	people    [3]int // estimate, low, high; nothing for k
	reach     int    // longest combination with published counts
	counts    []synth.Aggregate
	panels    []panel
}

// data is the content of data.js.
type data struct {
	ID     string      `json:"id"`
	Kind   string      `json:"kind"`
	K      int         `json:"k"`
	Reach  int         `json:"reach"`
	Cells  int         `json:"cells"` // the largest table of which combinations are counted
	Rows   int         `json:"rows"`
	People [3]int      `json:"people"`
	Attrs  []dataAttr  `json:"attrs"`
	Values []dataValue `json:"values"`
	Panels []panel     `json:"panels"`
	// Counts hold, for each length, its combinations one after the other: the numbers of the values, estimate, low, high.
	Counts [][]int `json:"counts"`
}

type dataAttr struct {
	Column string `json:"c"`
	Label  any    `json:"l"`
	First  int    `json:"first"`
	Size   int    `json:"size"`
	Width  int    `json:"w"`
	Cells  string `json:"d"`
}

type dataValue struct {
	Attr  int    `json:"a"`
	Code  string `json:"v"`
	Label any    `json:"l"`
}

// mostCounts bounds data.js: combinations beyond a length are left out whole when there are more.
const mostCounts = 150_000

// reachOf gives the longest length up to which all counts fit.
func reachOf(counts []synth.Aggregate, length int) int {
	by := make([]int, length+1)
	for _, a := range counts {
		by[a.Length]++
	}
	n := 0
	for l := 1; l <= length; l++ {
		if n += by[l]; n > mostCounts && l > 1 {
			return l - 1
		}
	}
	return length
}

// brief gives one string where a label is the same in all languages.
func brief(label func(lang string) string) any {
	all := map[string]string{}
	for _, lang := range product.Languages {
		all[lang] = label(lang)
	}
	if all["en"] == all["ur"] && all["en"] == all["id"] {
		return all["en"]
	}
	return all
}

func (s *site) data() data {
	d := data{ID: s.info.ID, Kind: s.kind, K: s.info.Threshold, Reach: s.reach, Cells: product.ReportedCells, Rows: s.rows, People: s.people, Panels: s.panels, Counts: make([][]int, s.reach)}
	for i := range d.Counts {
		d.Counts[i] = []int{} // null would stop the scripts
	}
	for i, a := range s.attrs {
		d.Attrs = append(d.Attrs, dataAttr{a.column.Name, brief(a.column.Called), a.first, len(a.codes), a.width(), a.packed()})
		for _, code := range a.codes[1:] {
			d.Values = append(d.Values, dataValue{i, code, brief(func(lang string) string { return a.says(lang, code) })})
		}
	}
	for _, a := range s.counts {
		if int(a.Length) > s.reach {
			continue
		}
		to := &d.Counts[a.Length-1]
		for k := range a.Length {
			*to = append(*to, s.attrs[a.Attr[k]].first+int(a.Code[k])-1)
		}
		*to = append(*to, int(a.Count), int(a.Low), int(a.High))
	}
	return d
}

// says is what a value is called where it stands alone: a mark is called by its column.
func (a attribute) says(lang, code string) string {
	if code == "1" && a.mark() {
		return a.column.Called(lang)
	}
	return a.column.Says(lang, code)
}

// mark says whether the attribute's column is a mark that is there or not (or 0, in k-anonymous files).
func (a attribute) mark() bool {
	if a.column.Separator != "" || len(a.codes) > 3 {
		return false
	}
	return slices.Contains(a.codes, "1") && !slices.ContainsFunc(a.codes, func(c string) bool { return c != "" && c != "1" && c != "0" })
}

func script(name string, v any) ([]byte, error) {
	body, err := json.Marshal(v)
	return append(append([]byte("var "+name+" = "), body...), ";\n"...), err
}
