package showcase

import (
	"fmt"
	"strconv"
)

// panelView is a panel as the page without script shows it: a table of one column each.
type panelView struct {
	ID, Kind, Title string
	Lines           []line
}

// line is one value: its estimate with interval, and how many records have it. Small is said in words.
type line struct{ Label, Estimate, Interval, Records string }

// Panels gives the charts with their tables.
func (p page) Panels() ([]panelView, error) {
	single := map[int][3]int{}
	for _, a := range p.counts {
		if a.Length == 1 {
			single[p.attrs[a.Attr[0]].first+int(a.Code[0])-1] = [3]int{int(a.Count), int(a.Low), int(a.High)}
		}
	}
	fewer, err := p.T("js.fewer", "k", p.K())
	if err != nil {
		return nil, err
	}
	var of []int // the attribute of each value
	var records []int
	for i, a := range p.attrs {
		n := a.tally()
		for c := 1; c < len(a.codes); c++ {
			of, records = append(of, i), append(records, n[c])
		}
	}
	var out []panelView
	for i, pan := range p.panels {
		v := panelView{ID: fmt.Sprintf("p%d", i), Kind: pan.Kind, Title: pan.text.In(p.Lang)}
		for _, value := range pan.Values {
			a := p.attrs[of[value]]
			l := line{Label: a.says(p.Lang, a.codes[value-a.first+1]), Estimate: fewer, Interval: "–", Records: fewer}
			if e, ok := single[value]; ok {
				l.Estimate, l.Interval = strconv.Itoa(e[0]), fmt.Sprintf("%d–%d", e[1], e[2])
			}
			if n := records[value]; n >= p.info.Threshold {
				l.Records = strconv.Itoa(n)
			} else if n == 0 && p.Noisy() && l.Estimate == fewer {
				continue // nothing to say of a value that nobody was given
			} else if n == 0 {
				l.Records = fewer
			}
			v.Lines = append(v.Lines, l)
		}
		out = append(out, v)
	}
	return out, nil
}

// widthLine says how far counts of a size may be off.
type widthLine struct{ Length, Count, N, Half string }

func widths(p page) (out []widthLine) {
	if p.report == nil {
		return nil
	}
	for _, w := range p.report.Widths {
		count := fmt.Sprintf("%d+", max(w.From, p.info.Threshold))
		if w.To > 0 {
			count = fmt.Sprintf("%d–%d", max(w.From, p.info.Threshold), w.To)
		}
		out = append(out, widthLine{strconv.Itoa(w.Length), count, strconv.Itoa(w.N), fmt.Sprintf("± %.0f", w.Half)})
	}
	return out
}
