package web

import (
	"maps"
	"net/http"
	"slices"
	"strconv"
	"time"

	"aman/forms/export"
	"aman/forms/xform"
	"aman/web/chart"
)

// formChartsPage shows what the answers to each question come to.
type formChartsPage struct {
	formHead
	asked
	Answers int
	Came    *chart.Bars // when, by weeks
	Charts  []questionChart
	// Small: a bar has so few answers that it may point at somebody.
	Small  bool
	Hidden int
	// Most: there are more answers than were read.
	Most bool
}

// questionChart is one question.
type questionChart struct {
	Chart           *chart.Bars // nil when there is nothing to draw
	Question        string
	Answered, Rows  int
	Other           int
	Least, Mid, Top string
}

// smallGroup is how few answers are too few to show to others. Source: the rule of thumb of
// statistics offices (fewer than 5), as in the release of tables.
const smallGroup = 5

// summaryMost is how many answers, the newest, a page of charts or a map reads: a page must
// not keep somebody waiting for minutes.
const summaryMost = 200_000

// chartBars is how many bars a chart of choices has; the longest of the rest are in no chart.
const chartBars = 30

func (s *Server) formCharts(w http.ResponseWriter, r *http.Request) {
	p := s.page(r, "answers.charts")
	h, l, err := s.answersHead(r, p, "charts")
	if err != nil {
		s.formFault(w, r, err)
		return
	}
	body := &formChartsPage{formHead: h, asked: p.readAsked(r.URL.Query())}
	f := body.filter(s.Node.Zone(), h.Form.ID)
	f.Newest, f.Limit = true, summaryMost
	days := map[string]int{}
	list, err := l.Summarise(export.Options{Identity: body.Names}, func(each func(export.Meta, []byte) error) error {
		return s.source(r.Context(), p, f, "charts")(func(m export.Meta, xml []byte) error {
			body.Answers++
			days[monday(m.At.In(s.Node.Zone()))]++
			return each(m, xml)
		})
	})
	if err != nil {
		s.problem(w, r, err)
		return
	}
	for _, t := range l.Tables {
		for _, field := range t.Fields {
			if field.Hidden() && !body.Names && field.Kind != "" {
				body.Hidden++
			}
		}
	}
	body.Came = p.byWeek(days)
	body.Most = body.Answers == summaryMost
	for i := range list {
		if q, ok := p.questionChart(&list[i], body); ok {
			body.Charts = append(body.Charts, q)
		}
	}
	p.Body = body
	s.render(w, r, http.StatusOK, "formcharts", p)
}

// monday is the day on which a week began.
func monday(t time.Time) string {
	return t.AddDate(0, 0, -(int(t.Weekday())+6)%7).Format(time.DateOnly)
}

// weeksShown is how many weeks, the newest, a chart of when answers came has.
const weeksShown = 26

// byWeek draws when answers came.
func (p *Page) byWeek(days map[string]int) *chart.Bars {
	bars := &chart.Bars{Title: p.T("answers.came"), Upright: true}
	weeks := slices.Sorted(maps.Keys(days))
	if len(weeks) == 0 {
		return bars
	}
	last, _ := time.Parse(time.DateOnly, weeks[len(weeks)-1]) // written by monday
	first, _ := time.Parse(time.DateOnly, weeks[0])
	if oldest := last.AddDate(0, 0, -7*(weeksShown-1)); first.Before(oldest) {
		first = oldest
	}
	for ; !first.After(last); first = first.AddDate(0, 0, 7) {
		bars.Add(first.Format("02/01"), chart.Part{Value: days[first.Format(time.DateOnly)], Class: "rest"})
	}
	return bars
}

// questionChart draws one question; ok is false for what nobody was asked.
func (p *Page) questionChart(x *export.Summary, body *formChartsPage) (q questionChart, ok bool) {
	f := x.Field
	if f.Kind == "" || f.Kind == "trigger" {
		return q, false
	}
	q = questionChart{Question: orElse(xform.Text(f.Label, body.Language), f.Name), Answered: x.Answered, Rows: x.Rows, Other: x.Other}
	if len(x.Bars) == 0 {
		return q, f.Kind != ""
	}
	q.Chart = &chart.Bars{Title: q.Question, RTL: p.Dir == "rtl", Upright: x.Kind != "choice"}
	labels := map[string]string{}
	for _, o := range f.Options {
		labels[o.Value] = xform.Text(o.Label, body.Language)
	}
	for i, b := range x.Bars {
		if x.Kind == "choice" && i == chartBars {
			break
		}
		body.Small = body.Small || b.Count > 0 && b.Count < smallGroup
		q.Chart.Add(barLabel(p, x, b, labels), chart.Part{Value: b.Count, Class: "rest"})
	}
	if x.Kind == "number" {
		q.Least, q.Mid, q.Top = short(x.Least), short(x.Median), short(x.Most)
	}
	return q, true
}

func barLabel(p *Page, x *export.Summary, b export.Bar, labels map[string]string) string {
	switch x.Kind {
	case "choice":
		return orElse(labels[b.Code], b.Code)
	case "date":
		return b.Day.Format("02/01")
	}
	if b.To-b.From == 1 && (x.Field.Type == "int" || x.Field.Type == "integer") {
		return short(b.From)
	}
	return short(b.From) + "–" + short(b.To)
}

func short(x float64) string { return strconv.FormatFloat(x, 'g', 6, 64) }
