package xlsform

import (
	"strconv"
	"strings"
)

// tree is the value of a cell, or the values of several cells whose headers
// share a first part: label::en and label::fr are "en" and "fr" below "label".
// A tree without keys is a single text.
type tree struct {
	text string
	keys []string
	kids []*tree
}

func leaf(s string) *tree { return &tree{text: s} }

func (t *tree) isMap() bool { return t != nil && t.keys != nil }

// depth counts the levels of keys.
func (t *tree) depth() int {
	if !t.isMap() {
		return 0
	}
	most := 0
	for _, k := range t.kids {
		most = max(most, k.depth())
	}
	return most + 1
}

func (t *tree) get(key string) *tree {
	if t == nil {
		return nil
	}
	for i, k := range t.keys {
		if k == key {
			return t.kids[i]
		}
	}
	return nil
}

// str is the single text below key, or "".
func (t *tree) str(key string) string {
	if k := t.get(key); k != nil && !k.isMap() {
		return k.text
	}
	return ""
}

func (t *tree) set(key string, v *tree) {
	for i, k := range t.keys {
		if k == key {
			t.kids[i] = v
			return
		}
	}
	t.keys, t.kids = append(t.keys, key), append(t.kids, v)
}

func (t *tree) remove(key string) *tree {
	for i, k := range t.keys {
		if k == key {
			v := t.kids[i]
			t.keys = append(t.keys[:i:i], t.keys[i+1:]...)
			t.kids = append(t.kids[:i:i], t.kids[i+1:]...)
			return v
		}
	}
	return nil
}

// merge joins two values of one key. A text beside texts in languages belongs to
// the default language, unless that language has a text already.
func merge(a, b *tree, defaultLang string) *tree {
	switch {
	case a == nil:
		return b
	case b == nil:
		return a
	}
	if !a.isMap() {
		if b.get(defaultLang) != nil {
			return b
		}
		a = &tree{keys: []string{defaultLang}, kids: []*tree{a}}
	}
	if !b.isMap() {
		if a.get(defaultLang) != nil {
			return a
		}
		b = &tree{keys: []string{defaultLang}, kids: []*tree{b}}
	}
	for i, k := range b.keys {
		a.set(k, merge(a.get(k), b.kids[i], defaultLang))
	}
	return a
}

// text reads the tree as a text in languages.
func (t *tree) asText() Text {
	if t == nil {
		return Text{}
	}
	if !t.isMap() {
		return Text{Plain: t.text}
	}
	out := Text{Langs: make([]LangText, len(t.keys))}
	for i, k := range t.keys {
		out.Langs[i] = LangText{k, t.kids[i].flat()}
	}
	return out
}

// asAttrs reads the tree as named values.
func (t *tree) asAttrs() Attrs {
	if !t.isMap() {
		return nil
	}
	out := make(Attrs, len(t.keys))
	for i, k := range t.keys {
		out[i] = Attr{k, t.kids[i].asText()}
	}
	return out
}

// flat writes values nested too deep to mean anything as one text.
func (t *tree) flat() string {
	if !t.isMap() {
		return t.text
	}
	parts := make([]string, len(t.keys))
	for i, k := range t.keys {
		parts[i] = quotePy(k) + ": " + quotePy(t.kids[i].flat())
	}
	return "{" + strings.Join(parts, ", ") + "}"
}

func (t Text) flat() string {
	if !t.multi() {
		return t.Plain
	}
	parts := make([]string, len(t.Langs))
	for i, l := range t.Langs {
		parts[i] = quotePy(l.Lang) + ": " + quotePy(l.Text)
	}
	return "{" + strings.Join(parts, ", ") + "}"
}

func quotePy(s string) string {
	if strings.Contains(s, "'") && !strings.Contains(s, `"`) {
		return `"` + s + `"`
	}
	return "'" + strings.ReplaceAll(s, "'", `\'`) + "'"
}

// table is a sheet whose headers have been understood.
type table struct {
	sheet   *Sheet
	name    string // normal sheet name
	columns []column
	rows    []record
	grid    bool // cells have names such as F12
}

type column struct {
	header string
	path   []string // nil for an empty header
	index  int
}

// record is a row: its values by normal column name.
type record struct {
	tree
	number int
	cells  []string
}

// options of reading a table.
type tableOptions struct {
	defaultLang string
	spaces      bool // make runs of spaces in cells one space
	required    string
}

// readTable understands the headers of a sheet and groups the values of each row.
func (c *compiler) readTable(name string, d *dialect, opt tableOptions) *table {
	sheet := c.sheets[name]
	if sheet == nil {
		return nil
	}
	t := &table{sheet: sheet, name: name, grid: c.wb.Format == "xlsx" || c.wb.Format == "xls"}
	c.readHeader(t, d)
	if opt.required != "" && (len(sheet.Rows) > 0 || name == "survey") && !t.has(opt.required) {
		c.report("header-missing", place{sheet: sheet.Name, row: 1}, "header", opt.required)
		t.columns = append(t.columns, column{path: []string{opt.required}, index: -1})
	}
	t.rows = make([]record, len(sheet.Rows))
	for i, row := range sheet.Rows {
		t.rows[i] = c.readRow(t, row, opt)
	}
	return t
}

func (c *compiler) readHeader(t *table, d *dialect) {
	double := false
	for _, h := range t.sheet.Header {
		double = double || strings.Contains(h, "::")
	}
	byHeader, byPath := map[string]bool{}, map[string]string{}
	for i, h := range t.sheet.Header {
		if h == "" {
			t.columns = append(t.columns, column{index: i})
			continue
		}
		at := place{sheet: t.sheet.Name, row: 1, column: h, cell: t.cell(1, i)}
		path, exact := d.path(h, double)
		t.columns = append(t.columns, column{header: h, path: path, index: i})
		if byHeader[h] {
			if t.grid {
				c.report("header-duplicate", at, "header", h)
			}
			continue
		}
		byHeader[h] = true
		key := strings.Join(path, "\x00")
		if other := byPath[key]; other != "" && !exact {
			c.report("header-alias", at, "header", h, "other", other)
		}
		byPath[key] = h
	}
}

func (c *compiler) readRow(t *table, row Row, opt tableOptions) record {
	r := record{number: row.Number, cells: row.Cells}
	for i, value := range row.Cells {
		if value == "" {
			continue
		}
		if i >= len(t.columns) || t.columns[i].path == nil {
			if !t.grid {
				c.report("header-empty", place{sheet: t.sheet.Name, row: row.Number})
			}
			continue
		}
		col := t.columns[i]
		if !allowedInXML(value) {
			c.report("text-characters", t.at(row.Number, col))
		}
		value = cleanValue(value, opt.spaces)
		if len(col.path) == 1 {
			if old := r.get(col.path[0]); old.isMap() {
				c.report("header-language-lost", t.at(row.Number, col), "header", col.header)
			}
			r.set(col.path[0], leaf(value))
			continue
		}
		v := leaf(value)
		for j := len(col.path) - 1; j > 0; j-- {
			v = &tree{keys: []string{col.path[j]}, kids: []*tree{v}}
		}
		r.set(col.path[0], merge(r.get(col.path[0]), v, opt.defaultLang))
	}
	return r
}

var smartQuotes = strings.NewReplacer("\u2018", "'", "\u2019", "'", "\u201c", `"`, "\u201d", `"`)

// cleanValue makes typographic quotes plain, since they break expressions.
func cleanValue(s string, spaces bool) string {
	if spaces {
		s = oneSpace(strip(s))
	}
	if strings.Contains(s, "\u2018") || strings.Contains(s, "\u2019") || strings.Contains(s, "\u201c") || strings.Contains(s, "\u201d") {
		s = smartQuotes.Replace(s)
	}
	return s
}

// has reports whether a column of that normal name exists.
func (t *table) has(name string) bool {
	for _, c := range t.columns {
		if c.path != nil && c.path[0] == name {
			return true
		}
	}
	return false
}

// find gives the first column whose path begins with these parts.
func (t *table) find(parts ...string) (column, bool) {
	for _, c := range t.columns {
		if len(c.path) < len(parts) {
			continue
		}
		same := true
		for i, p := range parts {
			same = same && c.path[i] == p
		}
		if same && c.index >= 0 {
			return c, true
		}
	}
	return column{}, false
}

// place is where a value stands: the row, and the column of that path. Without
// a path it is the whole row.
func (t *table) place(row int, parts ...string) place {
	if len(parts) == 0 {
		return place{sheet: t.sheet.Name, row: row}
	}
	if col, ok := t.find(parts...); ok {
		return t.at(row, col)
	}
	return place{sheet: t.sheet.Name, row: row, column: parts[len(parts)-1]}
}

func (t *table) at(row int, col column) place {
	return place{t.sheet.Name, row, col.header, t.cell(row, col.index)}
}

func (t *table) cell(row, index int) string {
	if !t.grid || index < 0 {
		return ""
	}
	return columnLetters(index) + strconv.Itoa(row)
}

// columnLetters gives the letters of a column counted from 0: 0 -> A, 27 -> AB.
func columnLetters(i int) string {
	s := ""
	for i++; i > 0; i = (i - 1) / 26 {
		s = string(rune('A'+(i-1)%26)) + s
	}
	return s
}
