package web

import (
	"context"
	"io"
	"net/http"
	"slices"
	"time"

	"aman/forms/answers"
	"aman/forms/export"
	"aman/platform/access"
)

// formExportPage is where somebody takes answers out as a file.
type formExportPage struct {
	formHead
	asked
	Total     int
	Languages []string
	Hidden    int
	Repeats   int
	Places    bool
	Formats   []Option
	Purposes  []Option
	Fault     string
}

// exportFormat is one kind of file.
type exportFormat struct {
	code, text, hint, ending, media string
	write                           func(s *Server, ctx context.Context, w io.Writer, l *export.Layout, o export.Options, src export.Source, files export.Files) error
}

var exportFormats = []exportFormat{
	{"xlsx", "answers.export.xlsx", "answers.export.xlsx.hint", ".xlsx", mediaXLSX, func(_ *Server, _ context.Context, w io.Writer, l *export.Layout, o export.Options, src export.Source, _ export.Files) error {
		return l.XLSX(w, o, src)
	}},
	{"csv", "answers.export.csv", "answers.export.csv.hint", ".csv", "text/csv; charset=utf-8", func(_ *Server, _ context.Context, w io.Writer, l *export.Layout, o export.Options, src export.Source, _ export.Files) error {
		_, err := l.CSV(w, l.Tables[0], o, src)
		return err
	}},
	{"zip", "answers.export.zip", "answers.export.zip.hint", ".zip", "application/zip", func(_ *Server, _ context.Context, w io.Writer, l *export.Layout, o export.Options, src export.Source, files export.Files) error {
		return l.CSVZip(w, o, src, files)
	}},
	{"json", "answers.export.json", "answers.export.json.hint", ".json", "application/json", func(_ *Server, _ context.Context, w io.Writer, l *export.Layout, o export.Options, src export.Source, _ export.Files) error {
		return l.JSON(w, o, src)
	}},
	{"geojson", "answers.export.geojson", "answers.export.geojson.hint", ".geojson", "application/geo+json", func(_ *Server, _ context.Context, w io.Writer, l *export.Layout, o export.Options, src export.Source, _ export.Files) error {
		return l.GeoJSON(w, "", o, src)
	}},
}

// exportPurposes are why somebody takes names out, with their texts. Codes, because the
// audit log holds them.
var exportPurposes = [][2]string{
	{"analysis", "answers.purpose.analysis"}, {"quality", "answers.purpose.quality"}, {"follow-up", "answers.purpose.follow_up"}, {"handover", "answers.purpose.handover"},
}

func (s *Server) formExport(w http.ResponseWriter, r *http.Request) {
	p := s.page(r, "answers.export")
	h, l, err := s.answersHead(r, p, "export")
	if err == nil && !p.May("export", "answers") {
		err = &access.Refusal{Action: access.Export, Object: access.Object{Register: "answers", ID: h.Form.ID}, Reason: access.NoGrant}
	}
	if err != nil {
		s.formFault(w, r, err)
		return
	}
	if err := r.ParseForm(); err != nil {
		s.fail(w, r, http.StatusBadRequest, "error.form")
		return
	}
	body := &formExportPage{formHead: h, asked: p.readAsked(r.Form), Total: h.Form.Submissions, Languages: l.Languages, Repeats: len(l.Tables) - 1}
	for _, t := range l.Tables {
		for _, f := range t.Fields {
			if f.Hidden() && f.Kind != "" {
				body.Hidden++
			}
			body.Places = body.Places || f.Type == "geopoint" || f.Type == "geotrace" || f.Type == "geoshape"
		}
	}
	for _, f := range exportFormats {
		if f.code == "geojson" && !body.Places {
			continue
		}
		body.Formats = append(body.Formats, Option{Value: f.code, Label: p.T(f.text), Hint: p.T(f.hint)})
	}
	for _, x := range exportPurposes {
		body.Purposes = append(body.Purposes, Option{Value: x[0], Label: p.T(x[1])})
	}
	status := http.StatusOK
	if r.Method == http.MethodPost {
		if body.Fault = s.sendExport(w, r, p, body, l); body.Fault == "" {
			return
		}
		status = http.StatusUnprocessableEntity
	}
	p.Body = body
	s.render(w, r, status, "formexport", p)
}

// sendExport writes the file that was asked for; fault says what is missing instead.
func (s *Server) sendExport(w http.ResponseWriter, r *http.Request, p *Page, body *formExportPage, l *export.Layout) (fault string) {
	q := r.PostForm
	i := slices.IndexFunc(exportFormats, func(f exportFormat) bool { return f.code == q.Get("format") })
	if i < 0 {
		return p.T("answers.fault.format")
	}
	purpose := "export"
	if body.Names {
		purpose = q.Get("purpose")
		if !slices.ContainsFunc(exportPurposes, func(x [2]string) bool { return x[0] == purpose }) {
			return p.T("answers.fault.purpose")
		}
	}
	format := exportFormats[i]
	o := export.Options{
		PlainNames: q.Get("paths") == "", Split: q.Get("split") != "", Labels: q.Get("labels") != "", Questions: q.Get("labels") != "",
		Language: languageCode(q.Get("in")), Identity: body.Names, Gone: q.Get("gone") != "", BOM: true,
	}
	f := body.filter(s.Node.Zone(), body.Form.ID)
	if f.To.IsZero() {
		f.To = s.Node.Now() // each table of the file has the same answers
	}
	var files export.Files
	if format.code == "zip" && q.Get("media") != "" && body.Names {
		files = answers.Files(r.Context(), s.Node.Store, s.Node.Forms, p.Sub, f, purpose)
	}
	_ = http.NewResponseController(w).SetWriteDeadline(time.Time{}) // as long as it takes
	attach(w, body.Form.ID+"-"+s.Node.Now().In(s.Node.Zone()).Format(time.DateOnly)+format.ending, format.media)
	out := &begun{w: w}
	err := format.write(s, r.Context(), out, l, o, s.source(r.Context(), p, f, purpose), files)
	switch {
	case err == nil:
	case out.some:
		s.cut(w, r, err)
	default:
		w.Header().Del("Content-Disposition")
		s.problem(w, r, err)
	}
	return ""
}
