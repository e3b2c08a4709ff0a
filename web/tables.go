package web

import (
	"encoding/csv"
	"errors"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"aman/platform/access"
	"aman/platform/store"
	"aman/release"
	"aman/release/kanon"
)

func (s *Server) tableRoutes(in func(string, http.HandlerFunc)) {
	in("GET /tables", s.tables)
	in("POST /tables", s.tables)
	in("GET /releases", s.releases)
	in("GET /releases/{id}", s.releasePage)
	in("GET /releases/{id}/table.csv", s.releaseCSV)
}

// tablesPage is where a data officer asks for a safe table.
type tablesPage struct {
	Fields []Field
	Fault  string
	Recent []release.Entry
}

// dimensions are the properties of cases a table may be made of.
var dimensions = []string{"exploitation_main", "sex", "age_band", "opened_on:year", "citizenship", "trafficking_status", "closure_reason", "source"}

// Dimension is what a dimension of a table is called.
func (p *Page) Dimension(name string) string { return p.dimension(name) }

func (p *Page) dimension(name string) string {
	base, part, _ := strings.Cut(name, ":")
	if part == "year" {
		return p.T("tables.year")
	}
	return p.Prop("cases", base)
}

func (s *Server) tables(w http.ResponseWriter, r *http.Request) {
	p := s.page(r, "tables.title")
	if !p.May("aggregate", "cases") || !p.May("release", "releases") {
		s.problem(w, r, &access.Refusal{Action: access.Aggregate, Object: access.Object{Register: "cases"}, Reason: access.NoGrant})
		return
	}
	year := s.Node.Now().In(s.Node.Zone()).Year()
	by := Field{Name: "by", Label: p.T("tables.by"), Hint: p.T("tables.by.hint"), Kind: "choices", Values: []string{"exploitation_main", "sex", "age_band", "opened_on:year"}}
	for _, d := range dimensions {
		by.Options = append(by.Options, Option{Value: d, Label: p.dimension(d)})
	}
	fields := []Field{by,
		{Name: "from", Label: p.T("tables.from"), Kind: "number", Value: strconv.Itoa(year - 2), Required: true},
		{Name: "to", Label: p.T("tables.to"), Kind: "number", Value: strconv.Itoa(year), Required: true}}
	body := &tablesPage{}
	status := http.StatusOK
	if r.Method == http.MethodPost {
		if err := r.ParseForm(); err != nil {
			s.fail(w, r, http.StatusBadRequest, "error.form")
			return
		}
		fill(fields, r)
		from, err1 := strconv.Atoi(fields[1].Value)
		to, err2 := strconv.Atoi(fields[2].Value)
		if err := errors.Join(err1, err2); err != nil {
			body.Fault = p.T("tables.fault.spec")
		} else {
			e, err := s.Node.Release.Table(r.Context(), p.Sub, release.Spec{Register: "cases", By: ordered(fields[0].Values), From: from, To: to})
			switch {
			case err == nil:
				http.Redirect(w, r, "/releases/"+e.ID+"?done=table", http.StatusSeeOther)
				return
			case errors.Is(err, release.ErrSpec):
				body.Fault = p.T("tables.fault.spec")
			case errors.Is(err, release.ErrEarlier):
				body.Fault = p.T("tables.fault.earlier")
			default:
				s.problem(w, r, err)
				return
			}
		}
		status = http.StatusUnprocessableEntity
	}
	body.Fields = fields
	if err := s.Node.Store.Read(r.Context(), func(tx *store.Tx) (err error) { body.Recent, err = s.Node.Release.Ledger(tx, p.Sub, 5); return err }); err != nil {
		s.problem(w, r, err)
		return
	}
	p.Body = body
	s.render(w, r, status, "tables", p)
}

// ordered keeps the dimensions in the order of the page, whatever a browser sends.
func ordered(names []string) []string {
	var out []string
	for _, d := range dimensions {
		if slices.Contains(names, d) {
			out = append(out, d)
		}
	}
	return out
}

func (s *Server) releases(w http.ResponseWriter, r *http.Request) {
	p := s.page(r, "releases.title")
	if !p.May("read", "releases") {
		s.problem(w, r, &access.Refusal{Action: access.Read, Object: access.Object{Register: "releases"}, Reason: access.NoGrant})
		return
	}
	var list []release.Entry
	if err := s.Node.Store.Read(r.Context(), func(tx *store.Tx) (err error) { list, err = s.Node.Release.Ledger(tx, p.Sub, 100); return err }); err != nil {
		s.problem(w, r, err)
		return
	}
	p.Body = list
	s.render(w, r, http.StatusOK, "releases", p)
}

// releaseView is a published table as a page shows it: the first dimension goes down,
// the last goes across, those between make one block each.
type releaseView struct {
	Entry    release.Entry
	By       []string
	Across   []string
	Blocks   []block
	Withheld int
	Shown    int
	// Dark counts the blocks in which nothing but zeros could be shown.
	Dark int
}

type block struct {
	Title string
	Rows  []tableRow
}

type tableRow struct {
	Label string
	Total bool
	Cells []string
}

// mark stands for every withheld cell, whatever the reason.
const mark = "–"

func (s *Server) theRelease(w http.ResponseWriter, r *http.Request) (*Page, *release.Entry) {
	p := s.page(r, "release.title")
	var e release.Entry
	err := s.Node.Store.Read(r.Context(), func(tx *store.Tx) (err error) { e, err = s.Node.Release.Get(tx, p.Sub, r.PathValue("id")); return err })
	if err != nil {
		s.problem(w, r, err)
		return nil, nil
	}
	e.Published = e.Published.Public()
	return p, &e
}

func (s *Server) releasePage(w http.ResponseWriter, r *http.Request) {
	p, e := s.theRelease(w, r)
	if e == nil {
		return
	}
	p.Body = p.releaseView(*e)
	s.render(w, r, http.StatusOK, "release", p)
}

// code is the label of a code of a dimension; All is the total.
func (p *Page) code(dimension, code string) string {
	switch code {
	case kanon.All:
		return p.T("tables.total")
	case "not_recorded":
		return p.T("tables.not_recorded")
	}
	schema := p.srv.Node.Catalog.Registers["cases"]
	if prop, ok := schema.Property(dimension); ok && prop.List != "" {
		return p.Label(prop.List, code)
	}
	return code
}

func (p *Page) releaseView(e release.Entry) *releaseView {
	v := &releaseView{Entry: e}
	pub := e.Published
	for _, d := range pub.Dims {
		v.By = append(v.By, p.dimension(d.Name))
	}
	n := len(pub.Dims)
	last := n - 1
	across := append(slices.Clone(pub.Dims[last].Codes), kanon.All)
	across = used(pub, last, across)
	for _, c := range across {
		v.Across = append(v.Across, p.code(pub.Dims[last].Name, c))
	}
	// Blocks: every combination of the dimensions between the first and the last, totals first.
	var combos [][]string
	if n > 2 {
		combos = combine(pub, 1, last)
	} else {
		combos = [][]string{nil}
	}
	down := []string{kanon.All}
	if n > 1 {
		down = used(pub, 0, append(slices.Clone(pub.Dims[0].Codes), kanon.All))
	}
	for _, combo := range combos {
		b := block{}
		var names []string
		for i, c := range combo {
			names = append(names, p.dimension(pub.Dims[i+1].Name)+": "+p.code(pub.Dims[i+1].Name, c))
		}
		b.Title = strings.Join(names, " · ")
		empty, lit := true, false
		for _, code := range down {
			codes := append([]string{code}, combo...)
			if n == 1 {
				codes = nil
			}
			row := tableRow{Label: p.code(pub.Dims[0].Name, code), Total: code == kanon.All}
			for _, a := range across {
				cell, err := pub.At(append(slices.Clone(codes), a)...)
				if err != nil {
					continue
				}
				text := mark
				if !cell.Withheld() {
					text = p.Num(int(cell.Count))
					v.Shown++
					empty = empty && cell.Count == 0
					lit = lit || cell.Count > 0
				} else {
					v.Withheld++
					empty = false
				}
				row.Cells = append(row.Cells, text)
			}
			b.Rows = append(b.Rows, row)
		}
		switch {
		case lit:
			v.Blocks = append(v.Blocks, b)
		case !empty:
			v.Dark++
		}
	}
	return v
}

// used leaves out the codes of a dimension whose total is shown as zero: a page of
// empty columns helps nobody, and the zero is public.
func used(pub kanon.Published, dim int, codes []string) []string {
	return slices.DeleteFunc(codes, func(c string) bool {
		at := make([]string, len(pub.Dims))
		for i := range at {
			at[i] = kanon.All
		}
		at[dim] = c
		cell, err := pub.At(at...)
		return err == nil && c != kanon.All && !cell.Withheld() && cell.Count == 0
	})
}

// combine lists the combinations of the dimensions from..to-1, totals first.
func combine(pub kanon.Published, from, to int) [][]string {
	out := [][]string{nil}
	for d := from; d < to; d++ {
		codes := used(pub, d, append([]string{kanon.All}, pub.Dims[d].Codes...))
		var next [][]string
		for _, head := range out {
			for _, c := range codes {
				next = append(next, append(slices.Clone(head), c))
			}
		}
		out = next
	}
	return out
}

// releaseCSV is the table as a file, with codes; withheld cells are empty.
func (s *Server) releaseCSV(w http.ResponseWriter, r *http.Request) {
	p, e := s.theRelease(w, r)
	if e == nil {
		return
	}
	w.Header().Set("Content-Type", "text/csv; charset=utf-8")
	w.Header().Set("Content-Disposition", `attachment; filename="aman-table-`+e.At.Format(time.DateOnly)+`.csv"`)
	out := csv.NewWriter(w)
	head := []string{}
	for _, d := range e.Published.Dims {
		head = append(head, d.Name)
	}
	out.Write(append(head, "cases", "withheld"))
	for cell := range e.Published.Cells() {
		line := slices.Clone(cell.Codes)
		for i := range line {
			if line[i] == kanon.All {
				line[i] = "total"
			}
		}
		withheld := ""
		if cell.Withheld() {
			withheld = "yes"
		}
		out.Write(append(line, cell.Text(""), withheld))
	}
	out.Flush()
	if err := out.Error(); err != nil {
		s.Log.Error("writing a table", "release", e.ID, "err", err)
	}
	_ = p
}
