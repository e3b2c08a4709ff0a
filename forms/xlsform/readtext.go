package xlsform

import (
	"errors"
	"regexp"
	"strings"
)

// Two text forms of a workbook. Markdown: tables whose first column holds the
// sheet names. CSV: a line with the sheet name alone in the first column, then
// lines whose first column is empty; or one survey sheet, header first.

var (
	mdTrailer = regexp.MustCompile(`^(.*)#[^|]+$`)
	mdRule    = regexp.MustCompile(`^[|-]+$`)
)

func readMarkdown(text string) (*Workbook, error) {
	b := &textBook{wb: &Workbook{Format: "md"}, budget: newBudget()}
	for line := range strings.SplitSeq(text, "\n") {
		line = strings.TrimLeftFunc(line, isSpace)
		if strings.HasPrefix(line, "#") {
			continue
		}
		if m := mdTrailer.FindStringSubmatch(line); m != nil {
			line = m[1]
		}
		end := strings.LastIndexByte(line, '|')
		if end < 1 || line[0] != '|' || mdRule.MatchString(line[1:end]) {
			continue
		}
		cells := mdCells(line[1:end])
		if err := b.row(cells[0], cells[1:]); err != nil {
			return nil, err
		}
	}
	return b.done()
}

// mdCells splits a table line at the pipes that have no backslash before them.
func mdCells(line string) []string {
	var cells []string
	start := 0
	for i := 0; i <= len(line); i++ {
		if i == len(line) || line[i] == '|' && (i == 0 || line[i-1] != '\\') {
			cells = append(cells, strings.ReplaceAll(strip(line[start:i]), `\|`, `|`))
			start = i + 1
		}
	}
	return cells
}

func readCSV(text string) (*Workbook, error) {
	b := &textBook{wb: &Workbook{Format: "csv"}, budget: newBudget()}
	first := true
	for record := range csvRecords(text) {
		if len(record) == 0 {
			continue
		}
		for i := range record {
			record[i] = strip(record[i])
		}
		if first && isSurveyHeader(record) {
			b.sheet("survey")
			b.plain = true
		}
		first = false
		if b.plain {
			record = append([]string{""}, record...)
		}
		if err := b.row(record[0], record[1:]); err != nil {
			return nil, err
		}
	}
	return b.done()
}

func isSurveyHeader(record []string) bool {
	var typ, name bool
	for _, c := range record {
		c = strings.ToLower(c)
		typ, name = typ || c == "type", name || c == "name"
	}
	return typ && name && record[0] != ""
}

// csvRecords yields the records of a CSV text. It is as lenient as spreadsheet
// programs are: a quote is special only at the start of a field.
func csvRecords(text string) func(yield func([]string) bool) {
	return func(yield func([]string) bool) {
		var record []string
		var field strings.Builder
		quoted, any := false, false
		endField := func() { record = append(record, field.String()); field.Reset(); any = false }
		for i := 0; i < len(text); i++ {
			c := text[i]
			switch {
			case quoted && c == '"' && i+1 < len(text) && text[i+1] == '"':
				field.WriteByte('"')
				i++
			case quoted && c == '"':
				quoted = false
			case quoted:
				field.WriteByte(c)
			case c == '"' && field.Len() == 0 && !any:
				quoted, any = true, true
			case c == ',':
				endField()
			case c == '\n' || c == '\r':
				if c == '\r' && i+1 < len(text) && text[i+1] == '\n' {
					i++
				}
				if len(record) > 0 || field.Len() > 0 || any {
					endField()
				}
				if !yield(record) {
					return
				}
				record = nil
			default:
				field.WriteByte(c)
			}
		}
		if len(record) > 0 || field.Len() > 0 || any {
			endField()
			yield(record)
		}
	}
}

// textBook gathers rows into sheets.
type textBook struct {
	wb     *Workbook
	cur    *Sheet
	plain  bool // one sheet without sheet names
	budget *budget
	number int
}

func (b *textBook) sheet(name string) {
	b.cur, b.number = nil, 0
	for _, s := range b.wb.Sheets {
		if s.Name == name {
			b.cur = s
			s.Header, s.Rows = nil, nil
		}
	}
	if b.cur == nil {
		b.cur = &Sheet{Name: name}
		b.wb.Sheets = append(b.wb.Sheets, b.cur)
	}
}

func (b *textBook) row(name string, cells []string) error {
	if name != "" {
		b.sheet(name)
	}
	filled := false
	for _, c := range cells {
		filled = filled || c != ""
		if len(c) > MaxTextBytes {
			return errTooLong
		}
	}
	if b.cur == nil {
		return errors.New("the first row must name a sheet, such as survey, in its first column")
	}
	if !filled {
		return nil
	}
	if len(cells) > MaxColumns {
		return errors.New("a row has more columns than any spreadsheet program allows")
	}
	b.number++
	if b.number == 1 {
		b.cur.Header = make([]string, len(cells))
		for i, c := range cells {
			b.cur.Header[i] = cleanHeader(c)
		}
		return nil
	}
	b.cur.Rows = append(b.cur.Rows, Row{b.number, cells})
	return b.budget.take(len(cells))
}

func (b *textBook) done() (*Workbook, error) {
	if len(b.wb.Sheets) == 0 {
		return nil, errNotForm
	}
	return b.wb, nil
}
