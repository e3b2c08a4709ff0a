package xlsform

import (
	"archive/zip"
	"bytes"
	"errors"
	"fmt"
	"io"
	"path"
	"strconv"
	"strings"
)

// An .xlsx file is a zip of XML parts: workbook.xml names the sheets,
// sharedStrings.xml holds most texts, styles.xml tells which numbers are dates.

type xlsxFile struct {
	data    []byte
	parts   map[string]*zip.File
	budget  *budget
	strings []string
	kinds   []dateKind // by cell style
	is1904  bool
}

var errDamaged = errors.New("the file is damaged: it is not a complete .xlsx file")

func readXLSX(data []byte) (*Workbook, error) {
	z, err := zip.NewReader(bytes.NewReader(data), int64(len(data)))
	if err != nil {
		return nil, errDamaged
	}
	if len(z.File) > 10_000 {
		return nil, errors.New("the file has more than 10,000 parts, which no form has")
	}
	x := &xlsxFile{data: data, parts: map[string]*zip.File{}, budget: newBudget()}
	for _, f := range z.File {
		x.parts[strings.ToLower(strings.TrimPrefix(f.Name, "/"))] = f
	}
	return x.workbook()
}

// part opens one part, decompressed; nil if it is not there.
func (x *xlsxFile) part(name string) (*xmlScanner, error) {
	f := x.parts[strings.ToLower(name)]
	if f == nil {
		return nil, nil
	}
	if f.UncompressedSize64 > uint64(x.budget.bytes) {
		return nil, errInflated
	}
	size := int(f.UncompressedSize64)
	if err := x.budget.inflate(size); err != nil {
		return nil, err
	}
	r, err := f.Open()
	if err != nil {
		return nil, errDamaged
	}
	defer r.Close()
	var buf bytes.Buffer
	if size <= 64*len(x.data) { // a size that is not plainly a lie
		buf.Grow(size + bytes.MinRead)
	}
	n, err := io.Copy(&buf, io.LimitReader(r, int64(size)+1))
	if err != nil || int(n) != size {
		return nil, errDamaged
	}
	return newXMLScanner(buf.Bytes())
}

// relations reads a .rels part: targets by id, and by the last word of the type.
func (x *xlsxFile) relations(of string) (byID, byType map[string]string, err error) {
	byID, byType = map[string]string{}, map[string]string{}
	dir, file := path.Split(of)
	s, err := x.part(dir + "_rels/" + file + ".rels")
	if s == nil || err != nil {
		return byID, byType, err
	}
	for ev := s.next(); ev != xmlDone; ev = s.next() {
		if ev != xmlStart || string(s.name) != "Relationship" {
			continue
		}
		target := s.attr("Target")
		if strings.HasPrefix(target, "/") {
			target = target[1:]
		} else {
			target = path.Join(dir, target)
		}
		byID[s.attr("Id")] = target
		if kind := path.Base(s.attr("Type")); byType[kind] == "" {
			byType[kind] = target
		}
	}
	return byID, byType, s.failure
}

func (x *xlsxFile) workbook() (*Workbook, error) {
	_, top, err := x.relations("")
	if err != nil {
		return nil, err
	}
	main := orElse(top["officeDocument"], "xl/workbook.xml")
	s, err := x.part(main)
	if err != nil {
		return nil, err
	}
	if s == nil {
		return nil, errNotForm
	}
	type sheetPart struct{ name, id string }
	var sheets []sheetPart
	for ev := s.next(); ev != xmlDone; ev = s.next() {
		if ev != xmlStart {
			continue
		}
		switch string(s.name) {
		case "sheet":
			sheets = append(sheets, sheetPart{s.attr("name"), s.attr("id")})
		case "workbookPr":
			v := s.attr("date1904")
			x.is1904 = v == "1" || v == "true"
		}
	}
	if s.failure != nil {
		return nil, s.failure
	}
	if len(sheets) == 0 {
		return nil, errDamaged
	}
	byID, byType, err := x.relations(main)
	if err != nil {
		return nil, err
	}
	if err := x.readStyles(orElse(byType["styles"], "xl/styles.xml")); err != nil {
		return nil, err
	}
	if err := x.readStrings(orElse(byType["sharedStrings"], "xl/sharedStrings.xml")); err != nil {
		return nil, err
	}
	wb := &Workbook{Format: "xlsx"}
	for _, part := range sheets {
		if len(sheets) > 1 && !isFormSheet(part.name) {
			wb.Sheets = append(wb.Sheets, &Sheet{Name: part.name}) // its name may be a misspelling
			continue
		}
		sheet, err := x.sheet(part.name, byID[part.id])
		if err != nil {
			return nil, fmt.Errorf("sheet %s: %w", part.name, err)
		}
		wb.Sheets = append(wb.Sheets, sheet)
	}
	return wb, nil
}

func isFormSheet(name string) bool {
	name = strings.ToLower(name)
	for _, n := range sheetNames {
		if n == name {
			return true
		}
	}
	return false
}

// readStrings reads the shared strings. A rich text is its runs put together;
// phonetic hints are left out.
func (x *xlsxFile) readStrings(name string) error {
	s, err := x.part(name)
	if s == nil || err != nil {
		return err
	}
	for ev := s.next(); ev != xmlDone; ev = s.next() {
		if ev != xmlStart || string(s.name) != "si" {
			continue
		}
		text := richText(s)
		if len(text) > MaxTextBytes {
			return errTooLong
		}
		if strings.Contains(text, "x005F_") {
			text = strings.ReplaceAll(text, "x005F_", "")
		}
		if err := x.budget.take(1); err != nil {
			return err
		}
		x.strings = append(x.strings, cellText(text))
	}
	return s.failure
}

// richText reads the t elements of the element that has just started.
func richText(s *xmlScanner) string {
	text := ""
	for depth := 1; depth > 0; {
		switch s.next() {
		case xmlStart:
			switch string(s.name) {
			case "t":
				part := s.text()
				if text == "" {
					text = part
				} else if len(text) <= MaxTextBytes {
					text += part
				}
			case "rPh", "rPr":
				s.skip()
			default:
				depth++
			}
		case xmlEnd:
			depth--
		default:
			return text
		}
	}
	return text
}

// readStyles finds which cell styles show dates.
func (x *xlsxFile) readStyles(name string) error {
	s, err := x.part(name)
	if s == nil || err != nil {
		return err
	}
	custom := map[int]dateKind{}
	inCells := false
	for ev := s.next(); ev != xmlDone; ev = s.next() {
		name := string(s.name)
		switch {
		case name == "cellXfs":
			inCells = ev == xmlStart
		case ev == xmlEnd:
		case name == "numFmt":
			if id, err := strconv.Atoi(s.attr("numFmtId")); err == nil {
				custom[id] = formatKind(s.attr("formatCode"))
			}
		case name == "xf" && inCells:
			id, _ := strconv.Atoi(s.attr("numFmtId"))
			kind, ok := custom[id]
			if !ok {
				kind = builtinDates[id]
			}
			if err := x.budget.take(1); err != nil {
				return err
			}
			x.kinds = append(x.kinds, kind)
		}
	}
	return s.failure
}

// sheet reads one sheet.
func (x *xlsxFile) sheet(name, part string) (*Sheet, error) {
	g := newGrid(name, x.budget)
	s, err := x.part(part)
	if s == nil || err != nil {
		return g.sheet, err
	}
	var cells []string
	number, col := 0, 0
	for ev := s.next(); ev != xmlDone && !g.done; ev = s.next() {
		switch string(s.name) {
		case "row":
			if ev == xmlEnd {
				if err := g.row(number, cells); err != nil {
					return nil, err
				}
				continue
			}
			number++
			if n, err := strconv.Atoi(s.attr("r")); err == nil && n > 0 {
				number = n
			}
			cells, col = cells[:0], 0
		case "c":
			if ev != xmlStart {
				continue
			}
			if c := columnIndex(s.attr("r")); c >= 0 {
				col = c
			}
			value, err := x.cell(s)
			if err != nil {
				return nil, err
			}
			if value != "" && col < MaxColumns && (number == 1 || col < len(g.sheet.Header)) {
				for len(cells) <= col {
					cells = append(cells, "")
				}
				cells[col] = value
			}
			col++
		}
	}
	return g.sheet, s.failure
}

// columnIndex reads the letters of a cell name: B5 -> 1. It is -1 without letters.
func columnIndex(ref string) int {
	n := 0
	for i := 0; i < len(ref) && i < 4; i++ {
		c := ref[i] &^ 0x20
		if c < 'A' || c > 'Z' {
			break
		}
		n = n*26 + int(c-'A') + 1
	}
	return n - 1
}

// cell reads the value of the cell that has just started.
func (x *xlsxFile) cell(s *xmlScanner) (string, error) {
	typ, style := s.attr("t"), s.attr("s")
	value, found := "", false
	for depth := 1; depth > 0; {
		switch s.next() {
		case xmlStart:
			switch string(s.name) {
			case "v":
				value, found = s.text(), true
			case "is":
				value, found = richText(s), typ == "inlineStr"
			default:
				s.skip()
			}
		case xmlEnd:
			depth--
		default:
			return "", s.failure
		}
	}
	if len(value) > MaxTextBytes {
		return "", errTooLong
	}
	if !found || value == "" {
		return "", nil
	}
	return x.value(typ, style, value), nil
}

func (x *xlsxFile) value(typ, style, value string) string {
	switch typ {
	case "s":
		if i, err := strconv.Atoi(strip(value)); err == nil && i >= 0 && i < len(x.strings) {
			return x.strings[i]
		}
		return ""
	case "b":
		if strip(value) == "0" {
			return "FALSE"
		}
		return "TRUE"
	case "inlineStr", "str", "e":
		return cellText(value)
	case "d":
		return cellText(strings.Replace(strings.TrimSuffix(value, "Z"), "T", " ", 1))
	}
	if i, err := strconv.Atoi(style); err == nil && i >= 0 && i < len(x.kinds) && x.kinds[i] != notDate {
		if f, err := strconv.ParseFloat(value, 64); err == nil {
			if text, ok := dateText(f, x.kinds[i], x.is1904); ok {
				return text
			}
			return "#VALUE!"
		}
	}
	return numberText(strip(value))
}
