package xlsform

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"encoding/json"
	"os"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"aman/forms/xlsform/canonxml"
)

// packCase is one form of the pack: its input, and what pyxform 4.5.0 makes of it.
type packCase struct {
	Test     string
	Name     string
	Kind     string
	Input    json.RawMessage
	XML      string
	Error    string
	Warnings []string
	Itemsets string
	Expect   expectations
}

type expectations struct {
	XPathMatch    []string            `json:"xml__xpath_match"`
	XPathExact    [][]json.RawMessage `json:"xml__xpath_exact"`
	XPathCount    [][]json.RawMessage `json:"xml__xpath_count"`
	Contains      []string            `json:"xml__contains"`
	Excludes      []string            `json:"xml__excludes"`
	ModelContains []string            `json:"model__contains"`
	ItextContains []string            `json:"itext__contains"`
}

// readPack reads testdata/pyxform.jsonl.gz; see testdata/README.md.
func readPack(tb testing.TB) []packCase {
	f, err := os.Open("testdata/pyxform.jsonl.gz")
	if err != nil {
		tb.Fatal(err)
	}
	defer f.Close()
	z, err := gzip.NewReader(f)
	if err != nil {
		tb.Fatal(err)
	}
	var out []packCase
	s := bufio.NewScanner(z)
	s.Buffer(nil, 4<<20)
	for s.Scan() {
		var c packCase
		if err := json.Unmarshal(s.Bytes(), &c); err != nil {
			tb.Fatal(err)
		}
		out = append(out, c)
	}
	if err := s.Err(); err != nil {
		tb.Fatal(err)
	}
	return out
}

// workbook gives the case's input as a workbook.
func (p packCase) workbook(tb testing.TB) (*Workbook, error) {
	if p.Kind == "md" {
		var text string
		if err := json.Unmarshal(p.Input, &text); err != nil {
			tb.Fatal(err)
		}
		return Read([]byte(text), "")
	}
	return structWorkbook(tb, p.Input), nil
}

// structWorkbook reads {"sheet": [{"column": "value", ...}, ...]}, keeping the order of columns.
func structWorkbook(tb testing.TB, input []byte) *Workbook {
	wb := &Workbook{Format: "md"}
	d := json.NewDecoder(bytes.NewReader(input))
	token := func() json.Token {
		t, err := d.Token()
		if err != nil {
			tb.Fatal(err)
		}
		return t
	}
	token()
	for d.More() {
		sheet := &Sheet{Name: token().(string)}
		column := map[string]int{}
		token()
		for d.More() {
			row := Row{Number: len(sheet.Rows) + 2}
			token()
			for d.More() {
				key := token().(string)
				value, _ := token().(string)
				i, ok := column[key]
				if !ok {
					i = len(sheet.Header)
					column[key] = i
					sheet.Header = append(sheet.Header, key)
				}
				for len(row.Cells) <= i {
					row.Cells = append(row.Cells, "")
				}
				row.Cells[i] = value
			}
			token()
			sheet.Rows = append(sheet.Rows, row)
		}
		token()
		wb.Sheets = append(wb.Sheets, sheet)
	}
	return wb
}

// convert compiles a case; xml is empty if the form was refused.
func (p packCase) convert(tb testing.TB) (xml string, found []Diagnostic) {
	wb, err := p.workbook(tb)
	if err != nil {
		return "", []Diagnostic{{Severity: Error, Message: err.Error()}}
	}
	form, found := Compile(wb, Options{FormName: p.Name})
	if form == nil {
		return "", found
	}
	var b strings.Builder
	if err := form.WriteXForm(&b); err != nil {
		tb.Fatal(err)
	}
	return b.String(), found
}

func TestConformance(t *testing.T) {
	var verdicts, documents, equal, wrong int
	for _, p := range readPack(t) {
		got, found := p.convert(t)
		if p.XML == "" && p.Error == "" {
			continue
		}
		verdicts++
		if (got != "") != (p.XML != "") {
			wrong++
			t.Errorf("%s: accepted %v, pyxform %v (%s)\n%v\n%s", p.Test, got != "", p.XML != "", p.Error, found, p.Input)
			if p.XML != "" {
				documents++
			}
			continue
		}
		if p.XML == "" {
			continue
		}
		documents++
		a, err := canonxml.Canonical(got)
		if err != nil {
			t.Errorf("%s: %v\n%s", p.Test, err, got)
			continue
		}
		b, err := canonxml.Canonical(p.XML)
		if err != nil {
			t.Fatal(err)
		}
		if a != b {
			t.Errorf("%s: %s\n%s", p.Test, canonxml.Difference(a, b), p.Input)
			continue
		}
		equal++
	}
	t.Logf("verdicts %d/%d, documents %d/%d", verdicts-wrong, verdicts, equal, documents)
}

var rowRule = regexp.MustCompile(`\[row : (\d+)\]`)

// TestPlaces checks that where pyxform names a row, an error of ours names it too.
func TestPlaces(t *testing.T) {
	var rows, same, warned, warnedToo int
	for _, p := range readPack(t) {
		_, found := p.convert(t)
		if m := rowRule.FindStringSubmatch(p.Error); m != nil {
			rows++
			if hasRow(found, Error, m[1]) {
				same++
			}
		}
		if p.XML == "" {
			continue
		}
		ours := 0
		for _, d := range found {
			if d.Severity == Warning && d.Code != "expression-syntax" { // pyxform leaves those to another program
				ours++
			}
		}
		warned++
		if (ours > 0) == (len(p.Warnings) > 0) {
			warnedToo++
		}
	}
	t.Logf("rows named: %d of %d; forms warned of as pyxform does: %d of %d", same, rows, warnedToo, warned)
	// The others: entities whose questions lie in different repeats, where we name
	// the question rather than the entity; a form name, which stands in row 2.
	if same < 292 || warnedToo < warned-1 {
		t.Error("fewer places agree than before")
	}
}

func hasRow(found []Diagnostic, s Severity, row string) bool {
	for _, d := range found {
		if d.Severity == s && strconv.Itoa(d.Row) == row {
			return true
		}
	}
	return false
}
