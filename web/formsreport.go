package web

import (
	"bytes"
	"embed"
	"encoding/csv"
	"encoding/json"
	"net/http"
	"strconv"

	"aman/forms"
	"aman/forms/export"
	"aman/forms/xlsform"
)

// problemView is one thing that is wrong with a form, in the reader's language where there
// are words for it.
type problemView struct {
	forms.Problem
	Severity string
	Error    bool
	Lang     string // of Message and Fix
}

// severities are the texts of how bad a problem is.
var severities = map[string]string{"error": "forms.severity.error", "warning": "forms.severity.warning", "advice": "forms.severity.advice"}

func (p *Page) problems(list []forms.Problem) (out []problemView, errors int) {
	for _, x := range list {
		v := problemView{Problem: x, Error: x.Severity == "error", Lang: "en"}
		if message, fix, ok := translated(x, p.Lang); ok {
			v.Message, v.Fix, v.Lang = message, fix, p.Lang
		}
		if key := severities[x.Severity]; key != "" {
			v.Severity = p.T(key)
		}
		if v.Error {
			errors++
		}
		out = append(out, v)
	}
	return out, errors
}

// report puts what is wrong with the file on the page.
func (b *formNewPage) report(p *Page, list []forms.Problem) {
	b.Problems, b.Errors = p.problems(list)
	b.Raw = rawProblems(list)
}

// rawProblems are the problems as the page sends them back for the file to download.
func rawProblems(list []forms.Problem) string {
	raw, _ := json.Marshal(list) // strings and numbers
	return string(raw)
}

// formReportCSV gives the report as a file. The page sends what it shows: a file that was
// not taken is not kept.
func (s *Server) formReportCSV(w http.ResponseWriter, r *http.Request) {
	var list []forms.Problem
	if err := json.Unmarshal([]byte(r.PostFormValue("problems")), &list); err != nil {
		s.fail(w, r, http.StatusBadRequest, "error.form")
		return
	}
	w.Header().Set("Content-Type", "text/csv; charset=utf-8")
	w.Header().Set("Content-Disposition", `attachment; filename="form-report.csv"`)
	w.Write([]byte("\ufeff"))
	out := csv.NewWriter(w)
	out.Write([]string{"severity", "sheet", "row", "column", "message", "fix", "code"})
	for _, x := range list {
		row := ""
		if x.Row > 0 {
			row = strconv.Itoa(x.Row)
		}
		line := []string{x.Severity, x.Sheet, row, x.Column, x.Message, x.Fix, x.Code}
		for i := range line {
			line[i] = export.Neutral(line[i])
		}
		out.Write(line)
	}
	out.Flush()
}

//go:embed samples/survey.md
var samples embed.FS

// formSample gives a form to start from, as a spreadsheet.
func (s *Server) formSample(w http.ResponseWriter, r *http.Request) {
	md, err := samples.ReadFile("samples/survey.md")
	if err != nil {
		s.problem(w, r, err)
		return
	}
	book, err := xlsform.Read(md, "survey.md")
	if err != nil {
		s.problem(w, r, err)
		return
	}
	var sheets []export.Sheet
	for _, sheet := range book.Sheets {
		out := export.Sheet{Name: sheet.Name, Rows: [][]string{sheet.Header}}
		for _, row := range sheet.Rows {
			out.Rows = append(out.Rows, row.Cells)
		}
		sheets = append(sheets, out)
	}
	var b bytes.Buffer
	if err := export.Sheets(&b, sheets...); err != nil {
		s.problem(w, r, err)
		return
	}
	w.Header().Set("Content-Type", mediaXLSX)
	w.Header().Set("Content-Disposition", `attachment; filename="sample_survey.xlsx"`)
	w.Write(b.Bytes())
}

const mediaXLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
