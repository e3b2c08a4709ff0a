package xlsform

import (
	"bytes"
	"errors"
	"fmt"
	"path/filepath"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Limits on what is taken for a form. The largest real forms known have some
// 5,000 questions and 100,000 choices; beyond these limits a file is refused
// with a sentence rather than read.
const (
	MaxFileBytes  = 64 << 20  // the file itself
	MaxInflated   = 128 << 20 // the parts of the file that are read, decompressed
	MaxCells      = 4_000_000 // cells, all sheets
	MaxColumns    = 16_384    // of a sheet (Excel's own limit)
	MaxTextBytes  = 128 << 10 // of one cell (Excel allows 32,767 characters)
	maxGapRows    = 60        // a longer run of empty rows ends a sheet
	maxGapColumns = 20        // a longer run of empty header cells ends the header
)

// Workbook is a spreadsheet file, read.
type Workbook struct {
	Name   string // file name without folder and extension
	Format string // "xlsx", "xls", "csv" or "md"
	Sheets []*Sheet
}

// Sheet is one sheet. Cells hold what a person sees: numbers without a needless
// ".0", dates as 2024-05-31 00:00:00, TRUE and FALSE, no white space around.
type Sheet struct {
	Name   string
	Header []string // one per column; "" for a column without a header
	Rows   []Row    // rows without a value are left out
}

// Row is a row below the header. Number counts as the spreadsheet does: the
// header is row 1. In a Markdown table empty rows and comments do not count.
type Row struct {
	Number int
	Cells  []string // may be shorter or longer than the header
}

// Sheet gives the sheet of that name in any mix of capitals; the last one when
// there are several; nil when there is none.
func (w *Workbook) Sheet(name string) *Sheet {
	for i := len(w.Sheets) - 1; i >= 0; i-- {
		if strings.ToLower(w.Sheets[i].Name) == name {
			return w.Sheets[i]
		}
	}
	return nil
}

var errNotForm = errors.New("this file is not an XLSForm: it must be an .xlsx, .xlsm, .xls or .csv file, or Markdown tables")

// Read reads a spreadsheet. The kind of file is found from its first bytes, so
// name matters only for Workbook.Name and to tell CSV from Markdown. The error
// is a sentence for the person who chose the file.
func Read(data []byte, name string) (*Workbook, error) {
	if len(data) > MaxFileBytes {
		return nil, fmt.Errorf("the file is larger than %d MB, which no form is", MaxFileBytes>>20)
	}
	base := filepath.Base(strings.ReplaceAll(name, "\\", "/"))
	ext := strings.ToLower(filepath.Ext(base))
	wb, err := readAny(data, ext)
	if err != nil {
		return nil, err
	}
	if name != "" {
		wb.Name = strings.TrimSuffix(base, filepath.Ext(base))
	}
	return wb, nil
}

func readAny(data []byte, ext string) (*Workbook, error) {
	switch {
	case bytes.HasPrefix(data, []byte("PK\x03\x04")):
		return readXLSX(data)
	case bytes.HasPrefix(data, []byte("\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1")):
		return readXLS(data)
	case !utf8.Valid(data) || bytes.IndexByte(data, 0) >= 0:
		return nil, errNotForm
	}
	text := strings.TrimPrefix(string(data), "\ufeff")
	head := text[:min(len(text), 5000)]
	markdown := strings.Count(head, "|") >= 5
	if markdown && ext != ".csv" {
		return readMarkdown(text)
	}
	if strings.Count(head, ",") >= 4 {
		return readCSV(text)
	}
	return nil, errNotForm
}

// budget counts down the cells and bytes that a file may still use.
type budget struct{ cells, bytes int }

func newBudget() *budget { return &budget{MaxCells, MaxInflated} }

var (
	errTooMany = fmt.Errorf("the file has more than %d cells, which no form has", MaxCells)
	errTooLong = fmt.Errorf("a cell holds more than %d bytes of text, which no form needs", MaxTextBytes)
)

// take uses up cells, empty or not.
func (b *budget) take(cells int) error {
	if b.cells -= cells; b.cells < 0 {
		return errTooMany
	}
	return nil
}

// inflate uses up decompressed bytes.
func (b *budget) inflate(n int) error {
	if b.bytes -= n; b.bytes < 0 {
		return errInflated
	}
	return nil
}

var errInflated = fmt.Errorf("the file unpacks to more than %d MB, which no form does", MaxInflated>>20)

// strip cuts white space from both ends, as a spreadsheet user would not see it.
func strip(s string) string { return strings.TrimFunc(s, isSpace) }

func isSpace(r rune) bool {
	return unicode.IsSpace(r) || r >= 0x1c && r <= 0x1f
}

// cleanHeader strips a header and makes runs of spaces one space.
func cleanHeader(s string) string { return oneSpace(strip(s)) }

func oneSpace(s string) string {
	if !strings.Contains(s, "  ") {
		return s
	}
	var b strings.Builder
	b.Grow(len(s))
	for i := 0; i < len(s); i++ {
		if s[i] == ' ' && i > 0 && s[i-1] == ' ' {
			continue
		}
		b.WriteByte(s[i])
	}
	return b.String()
}

// grid makes a sheet from the rows of a spreadsheet program: the first row is
// the header, and long runs of emptiness end header and rows.
type grid struct {
	sheet  *Sheet
	last   int // row that had a value last
	done   bool
	budget *budget
}

func newGrid(name string, b *budget) *grid {
	return &grid{sheet: &Sheet{Name: name}, budget: b}
}

// row takes the cells of a row; numbers must go up. The slice may be used again.
func (g *grid) row(number int, cells []string) error {
	switch {
	case g.done || number <= g.last:
		return nil
	case number == 1:
		g.sheet.Header = gridHeader(cells)
		g.last = 1
		return nil
	case g.last == 0: // no header in row 1: nothing below it can be understood
		g.done = true
		return nil
	}
	cells = cells[:min(len(cells), len(g.sheet.Header))]
	if !filledUnder(cells, g.sheet.Header) {
		return nil
	}
	if number-g.last-1 > maxGapRows {
		g.done = true
		return nil
	}
	if err := g.budget.take(len(cells)); err != nil {
		return err
	}
	g.last = number
	g.sheet.Rows = append(g.sheet.Rows, Row{number, append(make([]string, 0, len(cells)), cells...)})
	return nil
}

func gridHeader(cells []string) []string {
	gap, end := 0, 0
	header := make([]string, 0, len(cells))
	for _, c := range cells {
		c = cleanHeader(c)
		header = append(header, c)
		if c != "" {
			gap, end = 0, len(header)
			continue
		}
		if gap == maxGapColumns {
			break
		}
		gap++
	}
	return header[:end]
}

func filledUnder(cells, header []string) bool {
	for i, c := range cells {
		if c != "" && header[i] != "" {
			return true
		}
	}
	return false
}
