package web

import (
	"net/http"
	"strconv"

	"github.com/goccy/go-yaml"

	"aman/forms/export"
	"aman/forms/xform"
	"aman/web/chart"
)

// formMapPage shows where answers were given.
type formMapPage struct {
	formHead
	asked
	Map      *chart.Map
	Question string // the question of the places that are shown
	Path     string
	Choices  []answerColumn // all questions for a place
	Hidden   bool           // they are only shown with names
	Places   int            // answers with a place
	Shown    int            // of them on this part of the map
	Box      string
	In, Out  string
	Table    []chart.Spot
}

// Bounds of a map: how many dots stand beside each other, and how many the table has.
const (
	mapCells     = 48
	mapTableMost = 200
)

func (s *Server) formMap(w http.ResponseWriter, r *http.Request) {
	p := s.page(r, "answers.map")
	h, l, err := s.answersHead(r, p, "map")
	if err != nil {
		s.formFault(w, r, err)
		return
	}
	body := &formMapPage{formHead: h, asked: p.readAsked(r.URL.Query())}
	field, table := body.choose(l, r.URL.Query().Get("place"))
	if field == nil {
		p.Body = body
		s.render(w, r, http.StatusOK, "formmap", p)
		return
	}
	body.Question, body.Path = orElse(xform.Text(field.Label, body.Language), field.Name), field.Path
	var spots []chart.Spot
	reader := l.Reader()
	f := body.filter(s.Node.Zone(), h.Form.ID)
	f.Newest, f.Limit = true, summaryMost
	err = s.source(r.Context(), p, f, "map")(func(m export.Meta, xml []byte) error {
		rec, err := reader.Read(m, xml)
		if err != nil || xml == nil {
			return nil
		}
		for _, row := range rec.Tables[table.N] {
			if points := export.Points(row.Cells[field.N]); len(points) > 0 {
				spots = append(spots, chart.Spot{Lat: points[0].Lat, Lon: points[0].Lon, Count: 1})
			}
		}
		return nil
	})
	if err != nil {
		s.problem(w, r, err)
		return
	}
	body.Places = len(spots)
	body.draw(p, spots, r.URL.Query().Get("box"))
	p.Body = body
	s.render(w, r, http.StatusOK, "formmap", p)
}

// choose finds the question whose places are shown.
func (b *formMapPage) choose(l *export.Layout, path string) (field *export.Field, table *export.Table) {
	for _, t := range l.Tables {
		for _, f := range t.Fields {
			if f.Type != "geopoint" && f.Type != "geotrace" && f.Type != "geoshape" {
				continue
			}
			if f.Hidden() && !b.Names {
				b.Hidden = true
				continue
			}
			b.Choices = append(b.Choices, answerColumn{Path: f.Path, Label: orElse(xform.Text(f.Label, b.Language), f.Name), Shown: f.Path == path})
			if field == nil || f.Path == path {
				field, table = f, t
			}
		}
	}
	return field, table
}

func (b *formMapPage) draw(p *Page, spots []chart.Spot, box string) {
	m := &chart.Map{Title: b.Question, Places: p.srv.knownPlaces(p)}
	var ok bool
	if m.Box, ok = chart.ParseBox(box); !ok {
		m.Box = chart.Around(spots)
	}
	b.Box = m.Box.String()
	m.Dots = chart.Gather(spots, m.Box, mapCells)
	for i := range m.Dots {
		d := &m.Dots[i]
		b.Shown += d.Count
		near := chart.Around([]chart.Spot{*d})
		factor := max((m.Box.North-m.Box.South)/4/(near.North-near.South), 1)
		d.Link = b.Query("place", b.Path, "box", near.Scale(factor).String())
	}
	m.Tip = func(s chart.Spot) string {
		return p.T("answers.map.dot", "n", s.Count, "lat", strconv.FormatFloat(s.Lat, 'f', 3, 64), "lon", strconv.FormatFloat(s.Lon, 'f', 3, 64))
	}
	b.Map, b.Table = m, m.Dots[:min(len(m.Dots), mapTableMost)]
	b.In, b.Out = b.Query("place", b.Path, "box", m.Box.Scale(0.5).String()), b.Query("place", b.Path, "box", m.Box.Scale(2).String())
}

// knownPlaces are the places of the packs that may be on a map, in the reader's words.
func (s *Server) knownPlaces(p *Page) (out []chart.Spot) {
	for _, pack := range s.Node.Packs {
		file, err := pack.Open("places.yaml")
		if err != nil {
			continue
		}
		var places struct {
			Places []struct {
				Code        string   `yaml:"code"`
				Lat         *float64 `yaml:"lat"`
				Lon         *float64 `yaml:"lon"`
				Publishable bool     `yaml:"publishable"`
			} `yaml:"places"`
		}
		err = yaml.NewDecoder(file).Decode(&places)
		file.Close()
		if err != nil {
			s.Log.Error("reading the places of a pack", "err", err)
			continue
		}
		for _, x := range places.Places {
			if x.Publishable && x.Lat != nil && x.Lon != nil {
				out = append(out, chart.Spot{Lat: *x.Lat, Lon: *x.Lon, Label: p.Label("place", x.Code)})
			}
		}
	}
	return out
}

// Degrees writes a number of degrees.
func (b *formMapPage) Degrees(x float64) string { return strconv.FormatFloat(x, 'f', 4, 64) }
