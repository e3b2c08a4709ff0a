package web

import (
	"database/sql"
	"net/http"
	"time"

	"aman/platform/access"
	"aman/platform/store"
	"aman/registry"
	"aman/web/chart"
)

func (s *Server) flowRoutes(in func(string, http.HandlerFunc)) {
	in("GET /flows", s.flows)
}

// flowsPage shows what was counted at the points, week by week.
type flowsPage struct {
	Points []pointView
	Weeks  *chart.Bars
	From   string
	To     string
}

type pointView struct {
	Row         *registry.Row
	Out, In     int
	Facilitated int
}

// flowWeeks is how far back the page looks.
const flowWeeks = 17

func (s *Server) flows(w http.ResponseWriter, r *http.Request) {
	p := s.page(r, "flows.title")
	if !p.May("read", "flow_counts") {
		s.problem(w, r, &access.Refusal{Action: access.Read, Object: access.Object{Register: "flow_counts"}, Reason: access.NoGrant})
		return
	}
	now := s.Node.Now().In(s.Node.Zone())
	from := now.AddDate(0, 0, -7*flowWeeks)
	body := &flowsPage{From: from.Format(time.DateOnly), To: now.Format(time.DateOnly), Weeks: &chart.Bars{Title: p.T("flows.weeks"), Upright: true}}
	err := s.Node.Store.Read(r.Context(), func(tx *store.Tx) error { return s.readFlows(tx, p, body, from, now) })
	if err != nil {
		s.problem(w, r, err)
		return
	}
	p.Body = body
	s.render(w, r, http.StatusOK, "flows", p)
}

func (s *Server) readFlows(tx *store.Tx, p *Page, body *flowsPage, from, now time.Time) error {
	points, err := s.Node.Registry.List(tx, p.Sub, registry.Query{Register: "points", Sort: "code", Limit: 200})
	if err != nil {
		return err
	}
	where, args := s.Node.Policy.Filter(p.Sub, access.Read, "flow_counts")
	byPoint := map[string]*pointView{}
	weeks := map[int][2]int{}
	err = tx.Each(func(rows *sql.Rows) error {
		var point, date, direction string
		var facilitated bool
		var n int
		if err := rows.Scan(&point, &date, &direction, &facilitated, &n); err != nil {
			return err
		}
		v := byPoint[point]
		if v == nil {
			v = &pointView{}
			byPoint[point] = v
		}
		day, err := time.Parse(time.DateOnly, date)
		if err != nil {
			return err
		}
		week := int(now.Sub(day).Hours() / 24 / 7)
		w := weeks[week]
		if direction == "in" {
			v.In += n
			w[1] += n
		} else {
			v.Out += n
			w[0] += n
		}
		if facilitated {
			v.Facilitated += n
		}
		weeks[week] = w
		return nil
	}, "SELECT r.point, r.date, r.direction, coalesce(r.facilitated, FALSE), sum(r.persons) FROM r_flow_counts r WHERE ("+where+") AND r.deleted = FALSE AND r.date >= ? GROUP BY r.point, r.date, r.direction, coalesce(r.facilitated, FALSE)",
		append(args, from.Format(time.DateOnly))...)
	if err != nil {
		return err
	}
	for _, row := range points.Rows {
		if v := byPoint[row.ID]; v != nil {
			v.Row = row
			body.Points = append(body.Points, *v)
		}
	}
	for week := flowWeeks - 1; week >= 0; week-- {
		x := weeks[week]
		body.Weeks.Add(now.AddDate(0, 0, -7*week-6).Format("02/01"), chart.Part{Value: x[0], Class: "rest", Label: p.Label("direction", "out")}, chart.Part{Value: x[1], Class: "high", Label: p.Label("direction", "in")})
	}
	return nil
}
