package web

import (
	"net/http"
	"slices"
	"strconv"

	"aman/forms"
	"aman/forms/export"
	"aman/forms/xform"
	"aman/platform/store"
)

// formAnswersPage is a page of the table of answers.
type formAnswersPage struct {
	formHead
	asked
	Columns    []answerColumn
	Rows       []answerRow
	Choose     []answerColumn // every column there could be
	Total      int
	Curates    bool
	Hidden     int // questions that are not shown without names
	Prev, Next string
}

// answerColumn is a question of the table.
type answerColumn struct {
	Path, Label string
	Shown       bool
}

type answerRow struct {
	Head  forms.Head
	Cells []string
}

const (
	answersPage = 50
	// columnsFirst is how many questions are shown until somebody chooses.
	columnsFirst = 6
)

func (s *Server) formAnswers(w http.ResponseWriter, r *http.Request) {
	p := s.page(r, "answers.title")
	body := &formAnswersPage{}
	h, l, err := s.answersHead(r, p, "answers")
	if err != nil {
		s.formFault(w, r, err)
		return
	}
	body.formHead, body.asked = h, p.readAsked(r.URL.Query())
	body.Offset, _ = strconv.Atoi(r.URL.Query().Get("at"))
	body.Offset = max(body.Offset, 0)
	body.Curates = p.May("curate", "answers")
	table := l.Tables[0]
	o := export.Options{Identity: body.Names, Gone: true, WholePoints: true, Labels: true, Language: body.Language}
	chosen := p.chooseColumns(body, table, o)
	o.Columns = chosen
	f := body.filter(s.Node.Zone(), h.Form.ID)
	f.Newest = true
	if err := s.Node.Store.Read(r.Context(), func(tx *store.Tx) (err error) {
		body.Total, err = s.Node.Forms.CountSubmissions(tx, p.Sub, f)
		return err
	}); err != nil {
		s.problem(w, r, err)
		return
	}
	f.Limit, f.Offset = answersPage, body.Offset
	var keep []int // columns of questions
	for i, c := range l.Columns(table, o) {
		if c.Field != nil {
			keep = append(keep, i)
			body.Columns = append(body.Columns, answerColumn{Path: c.Field.Path, Label: shortLabel(orElse(xform.Text(c.Field.Label, body.Language), c.Field.Name))})
		}
	}
	reader, values := l.Reader(), l.Values(table, o)
	err = s.Node.Forms.EachSubmission(r.Context(), p.Sub, f, "table", func(h forms.Head, xml []byte) error {
		row := answerRow{Head: h}
		if !h.Encrypted && xml != nil {
			rec, err := reader.Read(p.meta(&h), xml)
			if err == nil {
				all := values(rec, 0)
				for _, i := range keep {
					row.Cells = append(row.Cells, all[i])
				}
			}
		}
		body.Rows = append(body.Rows, row)
		return nil
	})
	if err != nil {
		s.problem(w, r, err)
		return
	}
	if body.Offset > 0 {
		body.Prev = body.Query("at", strconv.Itoa(max(body.Offset-answersPage, 0)))
	}
	if body.Offset+len(body.Rows) < body.Total {
		body.Next = body.Query("at", strconv.Itoa(body.Offset+answersPage))
	}
	p.Body = body
	s.render(w, r, http.StatusOK, "formanswers", p)
}

// chooseColumns lists the questions there are and says which are shown: those asked for,
// else the first that people answered.
func (p *Page) chooseColumns(body *formAnswersPage, t *export.Table, o export.Options) []string {
	shown := body.asked.Columns
	var first []string
	for _, f := range t.Fields {
		switch {
		case f.Hidden() && !o.Identity:
			if f.Kind != "" {
				body.Hidden++
			}
			continue
		case f.Name == "instanceID" || f.Name == "deprecatedID":
			continue
		}
		if f.Kind != "" && !f.Gone && len(first) < columnsFirst {
			first = append(first, f.Path)
		}
		body.Choose = append(body.Choose, answerColumn{Path: f.Path, Label: orElse(xform.Text(f.Label, body.Language), f.Name)})
	}
	if len(shown) == 0 {
		shown = first
	}
	for i := range body.Choose {
		body.Choose[i].Shown = slices.Contains(shown, body.Choose[i].Path)
	}
	if shown == nil {
		shown = []string{}
	}
	return shown
}
