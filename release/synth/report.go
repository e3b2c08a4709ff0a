package synth

import (
	"html/template"
	"io"
	"math"
	"slices"

	"aman/release/dp"
)

// Report tells a reader how far the release can be trusted. It is made from noise scales, intervals and the
// ledger alone, never from the records, so it may be published with the release.
type Report struct {
	Epsilon   float64       `json:"epsilon"`
	Delta     float64       `json:"delta"`
	Guarantee string        `json:"guarantee"`
	People    int           `json:"people"`
	PeopleLow int           `json:"people_low"` // 95 % interval
	PeopleTop int           `json:"people_high"`
	Rows      int           `json:"rows"`
	Tables    int           `json:"tables_measured"`
	Spent     []ReportSpend `json:"budget"`
	Widths    []ReportWidth `json:"typical_error"`
}

// ReportSpend is one line of what the budget went to.
type ReportSpend struct {
	What    string  `json:"what"`
	Percent float64 `json:"percent"`
	Sigma   float64 `json:"sigma"` // of the noise on one count; the median where there are several
	Count   int     `json:"queries"`
}

// ReportWidth says how wide the 95 % intervals of aggregates of a size are.
type ReportWidth struct {
	Length      int     `json:"length"`
	From        int     `json:"from"`
	To          int     `json:"to"` // 0: no upper end
	N           int     `json:"combinations"`
	Half        float64 `json:"median_half_width"`
	Unsupported int     `json:"not_supported"`
}

var reportRanges = [][2]int{{1, 9}, {10, 49}, {50, 199}, {200, 999}, {1000, 0}}

// NewReport gathers the public report.
func NewReport(m *Manifest, r *Release) *Report {
	half := int(math.Ceil(1.96 * r.PeopleSD))
	out := &Report{Epsilon: m.Epsilon, Delta: m.Delta, Guarantee: Guarantee, People: int(r.People), Rows: r.Rows.Rows,
		PeopleLow: max(0, int(r.People)-half), PeopleTop: int(r.People) + half, Tables: len(r.Tables)}
	out.Spent = spending(r.Spent)
	for length := 1; length <= r.Options.Length; length++ {
		for _, g := range reportRanges {
			w := ReportWidth{Length: length, From: g[0], To: g[1]}
			var halves []float64
			for i := range r.Aggregates {
				a := &r.Aggregates[i]
				if int(a.Length) != length || int(a.Count) < g[0] || g[1] > 0 && int(a.Count) > g[1] {
					continue
				}
				halves = append(halves, float64(a.High-a.Low)/2)
				if !a.Supported {
					w.Unsupported++
				}
			}
			if w.N = len(halves); w.N > 0 {
				slices.Sort(halves)
				w.Half = halves[len(halves)/2]
				out.Widths = append(out.Widths, w)
			}
		}
	}
	return out
}

// spending adds up the single tables, which would be hundreds of lines.
func spending(all []Spent) []ReportSpend {
	total := dp.Rho(0)
	for _, s := range all {
		total += s.Rho
	}
	var out []ReportSpend
	var tables []Spent
	line := func(what string, parts ...Spent) {
		var rho dp.Rho
		var sigmas []float64
		for _, p := range parts {
			rho += p.Rho
			sigmas = append(sigmas, p.Sigma)
		}
		if len(parts) > 0 {
			slices.Sort(sigmas)
			out = append(out, ReportSpend{what, 100 * float64(rho) / float64(total), sigmas[len(sigmas)/2], len(parts)})
		}
	}
	for _, s := range all {
		if s.Kind == kindTable || s.Kind == kindPick {
			tables = append(tables, s)
		} else {
			line(s.What, s)
		}
	}
	line("chosen tables", tables...)
	return out
}

// WriteHTML writes the report as a page that needs nothing else.
func (r *Report) WriteHTML(w io.Writer) error { return reportPage.Execute(w, r) }

var reportPage = template.Must(template.New("report").Parse(`<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<title>How far this release can be trusted</title>
<style>body{font:1rem/1.5 system-ui,sans-serif;max-width:46rem;margin:2rem auto;padding:0 1rem}table{border-collapse:collapse;margin:1rem 0}
caption{text-align:left;font-weight:bold}th,td{padding:.25rem .75rem;border-bottom:1px solid #999;text-align:right}th:first-child,td:first-child{text-align:left}</style></head>
<body><main><h1>How far this release can be trusted</h1>
<p>{{.Guarantee}} Here epsilon is {{printf "%.3g" .Epsilon}} and delta {{printf "%.2g" .Delta}}.</p>
<p>The records are of about {{.People}} people (95&nbsp;% interval {{.PeopleLow}} to {{.PeopleTop}}). The synthetic file has {{.Rows}} rows; no row is a person.</p>
<p>This page is made from the size of the noise alone. It says nothing that the release does not say.</p>
<table><caption>Typical error of a published count</caption>
<thead><tr><th scope="col">Values combined</th><th scope="col">Published count</th><th scope="col">Combinations</th><th scope="col">Half the 95&nbsp;% interval</th><th scope="col">May not exist</th></tr></thead>
<tbody>{{range .Widths}}<tr><td>{{.Length}}</td><td>{{.From}}{{if .To}} to {{.To}}{{else}} or more{{end}}</td><td>{{.N}}</td><td>{{printf "%.0f" .Half}}</td><td>{{.Unsupported}}</td></tr>
{{end}}</tbody></table>
<table><caption>Where the privacy budget went</caption>
<thead><tr><th scope="col">Question</th><th scope="col">Share</th><th scope="col">Noise on a count (standard deviation)</th><th scope="col">Number</th></tr></thead>
<tbody>{{range .Spent}}<tr><td>{{.What}}</td><td>{{printf "%.1f" .Percent}}&nbsp;%</td><td>{{printf "%.1f" .Sigma}}</td><td>{{.Count}}</td></tr>
{{end}}</tbody></table>
</main></body></html>
`))
