package export

import (
	"archive/zip"
	"bytes"
	"compress/flate"
	"errors"
	"fmt"
	"io"
	"math"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"
)

// Limits of a sheet. Source: Microsoft, “Excel specifications and limits”.
const (
	sheetRows    = 1_048_576
	sheetColumns = 16_384
	cellMost     = 32_767 // UTF-16 units
)

// ErrColumns: a spreadsheet has no room for so many columns.
var ErrColumns = errors.New("the table has more than 16,384 columns, which is what a spreadsheet holds; export it as CSV")

// XLSX writes a workbook with a sheet for each table; a table with more rows than a sheet
// holds goes on in the next. Numbers and days are such, everything else is text and never
// a formula. A text longer than a cell holds is cut, and ends with “…”.
func (l *Layout) XLSX(w io.Writer, o Options, src Source) error { return l.xlsx(w, o, src, sheetRows) }

func (l *Layout) xlsx(w io.Writer, o Options, src Source, most int) error {
	book := newWorkbook(w)
	for _, t := range l.Tables {
		if t.Gone && !o.Gone {
			continue
		}
		s := l.sheet(t, o)
		if len(s.columns) > sheetColumns {
			return ErrColumns
		}
		name := t.Node
		if t.Parent == nil {
			name = l.Form
		}
		if err := book.table(l, s, name, src, most); err != nil {
			return err
		}
	}
	return book.close()
}

// Sheet is a sheet of texts.
type Sheet struct {
	Name string
	Rows [][]string // the first is the head
}

// Sheets writes a workbook of texts.
func Sheets(w io.Writer, sheets ...Sheet) error {
	book := newWorkbook(w)
	for _, s := range sheets {
		if err := book.begin(s.Name, nil); err != nil {
			return err
		}
		for i, row := range s.Rows {
			open := textCell
			if i == 0 {
				open = headCell
			}
			out := []byte("<row>")
			for _, cell := range row {
				out = appendTextCell(out, []byte(cell), open)
			}
			if _, err := book.part.Write(append(out, "</row>"...)); err != nil {
				return err
			}
		}
		if err := book.end(); err != nil {
			return err
		}
	}
	return book.close()
}

// Cells of text: plain, and of the head.
const (
	textCell = `<c t="inlineStr" s="3"><is><t xml:space="preserve">`
	headCell = `<c t="inlineStr" s="2"><is><t xml:space="preserve">`
)

func newWorkbook(w io.Writer) *workbook {
	b := &workbook{zip: zip.NewWriter(w), used: map[string]bool{}}
	b.zip.RegisterCompressor(zip.Deflate, func(w io.Writer) (io.WriteCloser, error) { return flate.NewWriter(w, flate.BestSpeed) })
	return b
}

// workbook is an .xlsx file being written. Source of its parts: ECMA-376, part 1.
type workbook struct {
	zip    *zip.Writer
	sheets []string
	used   map[string]bool
	part   io.Writer
	rows   int
}

func (b *workbook) table(l *Layout, s *sheet, name string, src Source, most int) error {
	head := s.xlsxHead()
	if err := b.begin(name, head); err != nil {
		return err
	}
	err := l.run(nil, s.options.Workers, src, s.xlsxRows, func(done *batch) error {
		from, start := 0, 0
		for _, end := range done.rows {
			if b.rows == most {
				if _, err := b.part.Write(done.out[from:start]); err != nil {
					return err
				}
				if err := b.end(); err != nil {
					return err
				}
				if err := b.begin(name, head); err != nil {
					return err
				}
				from = start
			}
			b.rows++
			start = end
		}
		_, err := b.part.Write(done.out[from:])
		return err
	})
	if err != nil {
		return err
	}
	return b.end()
}

func (b *workbook) begin(name string, head []byte) error {
	b.sheets = append(b.sheets, b.sheetName(name))
	var err error
	if b.part, err = b.zip.Create(fmt.Sprintf("xl/worksheets/sheet%d.xml", len(b.sheets))); err != nil {
		return err
	}
	b.rows = 1
	_, err = b.part.Write(append([]byte(xmlHead+`<worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><sheetViews><sheetView workbookViewId="0"><pane ySplit="1" topLeftCell="A2" activePane="bottomLeft" state="frozen"/></sheetView></sheetViews><sheetData>`), head...))
	return err
}

func (b *workbook) end() error {
	_, err := io.WriteString(b.part, "</sheetData></worksheet>")
	return err
}

// sheetName makes a name that Excel takes: 31 letters, none of []:*?/\, and not used yet.
func (b *workbook) sheetName(name string) string {
	name = strings.Trim(strings.Map(func(r rune) rune {
		if strings.ContainsRune(`[]:*?/\`, r) || r < ' ' {
			return '_'
		}
		return r
	}, name), "' ")
	if name == "" || strings.EqualFold(name, "history") { // Excel keeps that name for itself
		name = "data " + name
	}
	for i := 1; ; i++ {
		suffix := ""
		if i > 1 {
			suffix = fmt.Sprintf(" (%d)", i)
		}
		stem := []rune(name)
		if len(stem) > 31-len(suffix) {
			stem = stem[:31-len(suffix)]
		}
		if out := string(stem) + suffix; !b.used[strings.ToLower(out)] {
			b.used[strings.ToLower(out)] = true
			return out
		}
	}
}

const xmlHead = `<?xml version="1.0" encoding="UTF-8" standalone="yes"?>` + "\n"

func (b *workbook) close() error {
	var sheets, relations, types bytes.Buffer
	for i, name := range b.sheets {
		fmt.Fprintf(&sheets, `<sheet name="%s" sheetId="%d" r:id="rId%d"/>`, appendXML(nil, []byte(name)), i+1, i+1)
		fmt.Fprintf(&relations, `<Relationship Id="rId%d" Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/worksheet" Target="worksheets/sheet%d.xml"/>`, i+1, i+1)
		fmt.Fprintf(&types, `<Override PartName="/xl/worksheets/sheet%d.xml" ContentType="application/vnd.openxmlformats-officedocument.spreadsheetml.worksheet+xml"/>`, i+1)
	}
	n := len(b.sheets) + 1
	parts := [][2]string{
		{"[Content_Types].xml", `<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types"><Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/><Default Extension="xml" ContentType="application/xml"/><Override PartName="/xl/workbook.xml" ContentType="application/vnd.openxmlformats-officedocument.spreadsheetml.sheet.main+xml"/><Override PartName="/xl/styles.xml" ContentType="application/vnd.openxmlformats-officedocument.spreadsheetml.styles+xml"/>` + types.String() + `</Types>`},
		{"_rels/.rels", `<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships"><Relationship Id="rId1" Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/officeDocument" Target="xl/workbook.xml"/></Relationships>`},
		{"xl/workbook.xml", `<workbook xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main" xmlns:r="http://schemas.openxmlformats.org/officeDocument/2006/relationships"><sheets>` + sheets.String() + `</sheets></workbook>`},
		{"xl/_rels/workbook.xml.rels", fmt.Sprintf(`<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships">%s<Relationship Id="rId%d" Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/styles" Target="styles.xml"/></Relationships>`, relations.String(), n)},
		{"xl/styles.xml", `<styleSheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><numFmts count="1"><numFmt numFmtId="164" formatCode="yyyy\-mm\-dd"/></numFmts><fonts count="2"><font><sz val="11"/><name val="Calibri"/></font><font><b/><sz val="11"/><name val="Calibri"/></font></fonts><fills count="2"><fill><patternFill patternType="none"/></fill><fill><patternFill patternType="gray125"/></fill></fills><borders count="1"><border><left/><right/><top/><bottom/><diagonal/></border></borders><cellStyleXfs count="1"><xf numFmtId="0" fontId="0" fillId="0" borderId="0"/></cellStyleXfs><cellXfs count="4"><xf numFmtId="0" fontId="0" fillId="0" borderId="0" xfId="0"/><xf numFmtId="164" fontId="0" fillId="0" borderId="0" xfId="0" applyNumberFormat="1"/><xf numFmtId="0" fontId="1" fillId="0" borderId="0" xfId="0" applyFont="1"/><xf numFmtId="49" fontId="0" fillId="0" borderId="0" xfId="0" applyNumberFormat="1"/></cellXfs><cellStyles count="1"><cellStyle name="Normal" xfId="0" builtinId="0"/></cellStyles></styleSheet>`},
	}
	for _, p := range parts {
		w, err := b.zip.Create(p[0])
		if err != nil {
			return err
		}
		if _, err := io.WriteString(w, xmlHead+p[1]); err != nil {
			return err
		}
	}
	return b.zip.Close()
}

func (s *sheet) xlsxHead() []byte {
	out := []byte("<row>")
	for _, c := range s.columns {
		out = appendTextCell(out, []byte(c.Header), headCell)
	}
	return append(out, "</row>"...)
}

// numeric are the columns of what is known of a submission that are numbers.
var numeric = map[string]bool{"AttachmentsPresent": true, "AttachmentsExpected": true, "Edits": true}

func (s *sheet) xlsxRows() format {
	const (
		words = iota
		number
		day
	)
	kinds := make([]int, len(s.columns))
	for i, c := range s.columns {
		switch {
		case c.Field == nil && numeric[c.Meta], c.Part >= 0, c.Choice != "":
			kinds[i] = number
		case c.Field == nil || s.labels[i] != nil:
		case c.Field.Type == "int" || c.Field.Type == "integer" || c.Field.Type == "decimal" || c.Field.Type == "long" || c.Field.Type == "double" || c.Field.Type == "float":
			kinds[i] = number
		case c.Field.Type == "date":
			kinds[i] = day
		}
	}
	var scratch, v []byte
	return func(rec *Record, b *batch) {
		for row := range rec.Tables[s.table.N] {
			b.out = append(b.out, "<row>"...)
			blank := 0 // cells not written yet: they matter only when another follows
			for i := range s.columns {
				if v, scratch = s.value(i, rec, row, scratch); len(v) == 0 {
					blank++
					continue
				}
				for ; blank > 0; blank-- {
					b.out = append(b.out, "<c/>"...)
				}
				if kinds[i] == number && exact(v) {
					b.out = append(append(append(b.out, "<c><v>"...), bytes.TrimPrefix(v, []byte("+"))...), "</v></c>"...)
					continue
				}
				if kinds[i] == day {
					if n, ok := serial(v); ok {
						b.out = append(strconv.AppendInt(append(b.out, `<c s="1"><v>`...), n, 10), "</v></c>"...)
						continue
					}
				}
				b.out = appendTextCell(b.out, v, textCell)
			}
			b.out = append(b.out, "</row>"...)
			b.rows = append(b.rows, len(b.out))
		}
	}
}

// exact says that a spreadsheet keeps the number as it is: it has 15 digits.
func exact(v []byte) bool {
	if !isNumber(v) {
		return false
	}
	digits := 0
	for _, c := range v {
		if c >= '0' && c <= '9' {
			digits++
		}
	}
	n, err := strconv.ParseFloat(string(v), 64)
	return err == nil && digits <= 15 && !math.IsInf(n, 0)
}

// serial is a day as a spreadsheet counts it: days since 1899-12-30; from March 1900 on,
// since it knows a 29 February 1900.
func serial(v []byte) (int64, bool) {
	t, err := time.Parse(time.DateOnly, string(v))
	if err != nil || t.Year() < 1901 || t.Year() > 9999 {
		return 0, false
	}
	return (t.Unix() - time.Date(1899, 12, 30, 0, 0, 0, 0, time.UTC).Unix()) / 86400, true
}

func appendTextCell(dst, v []byte, open string) []byte {
	dst = append(dst, open...)
	dst = appendXML(dst, fitting(v))
	return append(dst, "</t></is></c>"...)
}

// fitting cuts what a cell has no room for.
func fitting(v []byte) []byte {
	if len(v) <= cellMost {
		return v
	}
	units := 0
	for i := 0; i < len(v); {
		r, n := utf8.DecodeRune(v[i:])
		units++
		if r > 0xffff {
			units++
		}
		if units > cellMost-1 {
			return append(v[:i:i], "…"...)
		}
		i += n
	}
	return v
}

// appendXML appends a text as XML. What no XML may hold becomes the replacement character,
// and what Excel would take for an escape (_x0041_) is escaped itself.
func appendXML(dst, v []byte) []byte {
	from := 0
	for i := 0; i < len(v); {
		n, as := 1, ""
		switch c := v[i]; {
		case c == '&':
			as = "&amp;"
		case c == '<':
			as = "&lt;"
		case c == '>':
			as = "&gt;"
		case c == '"':
			as = "&quot;"
		case c == '_' && escapeLike(v[i:]):
			as = "_x005F_"
		case c == '\r':
			as = "_x000D_"
		case c < ' ' && c != '\t' && c != '\n':
			as = "\ufffd"
		case c >= utf8.RuneSelf:
			var r rune
			r, n = utf8.DecodeRune(v[i:])
			if r == utf8.RuneError && n == 1 || r == 0xfffe || r == 0xffff {
				as = "\ufffd"
			}
		}
		if as != "" {
			dst = append(append(dst, v[from:i]...), as...)
			from = i + n
		}
		i += n
	}
	return append(dst, v[from:]...)
}

func escapeLike(v []byte) bool {
	if len(v) < 7 || v[1] != 'x' || v[6] != '_' {
		return false
	}
	for _, c := range v[2:6] {
		if c >= '0' && c <= '9' || c|0x20 >= 'a' && c|0x20 <= 'f' {
			continue
		}
		return false
	}
	return true
}
