package main

import (
	"encoding/csv"
	"math/rand/v2"
	"strings"

	"aman/forms/xlsform"
)

// corpus is what mutations are made from: forms that work, and all values that
// their columns hold.
type corpus struct {
	forms  []*xlsform.Workbook
	names  []string // form names
	good   []int    // forms without errors
	values map[string][]string
	rng    *rand.Rand
	most   int // changes to a form
}

func newCorpus(forms []*xlsform.Workbook, names []string, seed uint64, most int) *corpus {
	c := &corpus{forms: forms, names: names, values: map[string][]string{}, rng: rand.New(rand.NewPCG(seed, 1)), most: most}
	for i, wb := range forms {
		if form, _ := xlsform.Compile(wb, xlsform.Options{FormName: names[i]}); form != nil {
			c.good = append(c.good, i)
		}
		for _, s := range wb.Sheets {
			for _, r := range s.Rows {
				for i, v := range r.Cells {
					if v != "" && i < len(s.Header) && s.Header[i] != "" {
						key := columnKey(s.Header[i])
						c.values[key] = append(c.values[key], v)
					}
				}
			}
		}
	}
	return c
}

func columnKey(header string) string {
	first, _, _ := strings.Cut(strings.ToLower(header), ":")
	return first
}

func pick[T any](c *corpus, from []T) T { return from[c.rng.IntN(len(from))] }

// mutant gives a form name and a form with at least one change.
func (c *corpus) mutant() (string, *xlsform.Workbook) {
	i := pick(c, c.good)
	if c.rng.IntN(8) == 0 {
		i = c.rng.IntN(len(c.forms))
	}
	wb := copyBook(c.forms[i])
	for range 1 + c.rng.IntN(c.most) {
		pick(c, mutations)(c, wb)
	}
	return c.names[i], wb
}

func copyBook(wb *xlsform.Workbook) *xlsform.Workbook {
	out := &xlsform.Workbook{Format: wb.Format}
	for _, s := range wb.Sheets {
		t := &xlsform.Sheet{Name: s.Name, Header: append([]string(nil), s.Header...)}
		for _, r := range s.Rows {
			cells := make([]string, len(s.Header))
			copy(cells, r.Cells)
			t.Rows = append(t.Rows, xlsform.Row{Cells: cells})
		}
		out.Sheets = append(out.Sheets, t)
	}
	return out
}

var mutations = []func(*corpus, *xlsform.Workbook){
	changeCell, changeCell, changeCell, clearCell, changeType, changeType, insertReference, insertReference,
	deleteRow, copyRow, swapRows, renameHeader, addColumn, addColumn, spliceRows, wrapRows, changeSetting, renameQuestion, addEntity, decorate,
}

func (c *corpus) sheet(wb *xlsform.Workbook) *xlsform.Sheet {
	s := pick(c, wb.Sheets)
	if c.rng.IntN(2) == 0 {
		if survey := wb.Sheet("survey"); survey != nil {
			s = survey
		}
	}
	return s
}

func (c *corpus) cell(wb *xlsform.Workbook) (cell *string, header string) {
	s := c.sheet(wb)
	if len(s.Rows) == 0 || len(s.Header) == 0 {
		return nil, ""
	}
	i := c.rng.IntN(len(s.Header))
	return &pick(c, s.Rows).Cells[i], s.Header[i]
}

func changeCell(c *corpus, wb *xlsform.Workbook) {
	if cell, header := c.cell(wb); cell != nil && header != "" {
		if values := c.values[columnKey(header)]; len(values) > 0 {
			*cell = pick(c, values)
		}
	}
}

func clearCell(c *corpus, wb *xlsform.Workbook) {
	if cell, _ := c.cell(wb); cell != nil {
		*cell = ""
	}
}

var types = strings.Split(`text|integer|decimal|note|calculate|hidden|date|time|dateTime|datetime|geopoint|geotrace|geoshape|image|photo|audio|
video|file|barcode|acknowledge|range|audit|start|end|today|deviceid|username|email|phonenumber|simserial|imei|start-geopoint|
background-geopoint|background-audio|csv-external|xml-external|osm|trigger|percentage|phone number|q string|add note prompt|
begin group|end group|begin_repeat|end_repeat|begin loop over c1|end loop|select one|select_one c1|select_multiple c1|rank c1|select_one yes_no or_other|
select_one_from_file a.csv|select_multiple_from_file b.xml|select_one_from_file c.geojson|select_one_from_file d|select_one ${q1}|foo|select_one|
form_title|form_id`, "|")

func changeType(c *corpus, wb *xlsform.Workbook) {
	c.setColumn(wb, "type", strings.TrimSpace(pick(c, types)))
}

// setColumn sets a value in a random row of the survey sheet.
func (c *corpus) setColumn(wb *xlsform.Workbook, header, value string) {
	s := wb.Sheet("survey")
	if s == nil || len(s.Rows) == 0 {
		return
	}
	i := column(s, header)
	pick(c, s.Rows).Cells[i] = value
}

// column finds or adds a column.
func column(s *xlsform.Sheet, header string) int {
	for i, h := range s.Header {
		if h == header {
			return i
		}
	}
	s.Header = append(s.Header, header)
	for i := range s.Rows {
		s.Rows[i].Cells = append(s.Rows[i].Cells, "")
	}
	return len(s.Header) - 1
}

var referencing = strings.Split(`label|hint|calculation|relevant|constraint|required|default|choice_filter|constraint_message|required_message|
repeat_count|trigger|guidance_hint|appearance|read_only|bind::odk:x|body::y|instance::z|label::French (fr)`, "|")

var expressions = strings.Split(`${?}|${?} + 1|a ${?} b|${last-saved#?}|instance('c1')/root/item[name = ${?}]/label|pulldata('f', 'a', 'b', ${?})|
indexed-repeat(${?}, ${?}, 1)|sum(${?}) + count(${?})|if(${?} = 'a', "x", 'y')|${? }|$ {?}|${|${}|name = ${?} and x[${?} > 1]|yes|no|true()|. > ${?}|
concat(${?}, instance('c1')/root/item[position() = ${?}]/name)|randomize(${?})|${?},${?}|jr:choice-name(${?}, '${?}')|2020-01-01|1 - 2|now()|-`, "|")

func insertReference(c *corpus, wb *xlsform.Workbook) {
	name := c.name(wb)
	text := strings.TrimSpace(pick(c, expressions))
	for strings.Contains(text, "?") {
		text = strings.Replace(text, "?", name, 1)
		if c.rng.IntN(2) == 0 {
			name = c.name(wb)
		}
	}
	c.setColumn(wb, strings.TrimSpace(pick(c, referencing)), text)
}

// name gives the name of a question, sometimes one that does not exist.
func (c *corpus) name(wb *xlsform.Workbook) string {
	s := wb.Sheet("survey")
	if s == nil || len(s.Rows) == 0 || c.rng.IntN(20) == 0 {
		return "nowhere"
	}
	i := column(s, "name")
	if v := pick(c, s.Rows).Cells[i]; v != "" {
		return v
	}
	return "q1"
}

func deleteRow(c *corpus, wb *xlsform.Workbook) {
	if s := c.sheet(wb); len(s.Rows) > 1 {
		i := c.rng.IntN(len(s.Rows))
		s.Rows = append(s.Rows[:i:i], s.Rows[i+1:]...)
	}
}

func copyRow(c *corpus, wb *xlsform.Workbook) {
	if s := c.sheet(wb); len(s.Rows) > 0 {
		i := column(s, "name")
		cells := append([]string(nil), pick(c, s.Rows).Cells...)
		if c.rng.IntN(3) > 0 {
			cells[i] += "2"
		}
		insertRow(c, s, cells)
	}
}

func insertRow(c *corpus, s *xlsform.Sheet, cells []string) {
	for len(cells) < len(s.Header) {
		cells = append(cells, "")
	}
	i := c.rng.IntN(len(s.Rows) + 1)
	s.Rows = append(s.Rows[:i:i], append([]xlsform.Row{{Cells: cells}}, s.Rows[i:]...)...)
}

func swapRows(c *corpus, wb *xlsform.Workbook) {
	if s := c.sheet(wb); len(s.Rows) > 1 {
		i, j := c.rng.IntN(len(s.Rows)), c.rng.IntN(len(s.Rows))
		s.Rows[i], s.Rows[j] = s.Rows[j], s.Rows[i]
	}
}

var headerChanges = []func(string) string{
	strings.ToUpper,
	func(h string) string { return strings.ReplaceAll(h, "_", " ") },
	func(h string) string { return h + "::English (en)" },
	func(h string) string { return h + "::default" },
	func(h string) string { return h + ":fr" },
	func(h string) string { return "media::" + h },
	func(h string) string { return "bind::" + h },
	func(h string) string { return "body::" + h },
	func(h string) string { return h + "x" },
	func(h string) string {
		return map[string]string{"label": "caption", "name": "value", "type": "command", "relevant": "relevance"}[h]
	},
}

func renameHeader(c *corpus, wb *xlsform.Workbook) {
	if s := c.sheet(wb); len(s.Header) > 0 {
		i := c.rng.IntN(len(s.Header))
		if h := pick(c, headerChanges)(s.Header[i]); h != "" {
			s.Header[i] = h
		}
	}
}

var columns = strings.Split(`label::English (en)|label::French (fr)|label|hint|hint::French (fr)|image|audio|video|big-image|media::image::French (fr)|
required|required_message|constraint_message::French (fr)|appearance|parameters|default|read_only|choice_filter|autoplay|save_to|
guidance_hint|guidance_hint::French (fr)|instance::abc|bind::orx:max|body::accuracyThreshold|intent|compact_tag|disabled|bind::type`, "|")

func addColumn(c *corpus, wb *xlsform.Workbook) {
	s := c.sheet(wb)
	header := strings.TrimSpace(pick(c, columns))
	i := column(s, header)
	values := c.values[columnKey(header)]
	if len(values) == 0 {
		values = []string{"x"}
	}
	for r := range s.Rows {
		if c.rng.IntN(2) == 0 {
			s.Rows[r].Cells[i] = pick(c, values)
		}
	}
}

// spliceRows puts rows of another form into this one.
func spliceRows(c *corpus, wb *xlsform.Workbook) {
	other := pick(c, c.forms)
	for _, s := range other.Sheets {
		to := wb.Sheet(strings.ToLower(s.Name))
		if to == nil {
			if c.rng.IntN(2) == 0 {
				wb.Sheets = append(wb.Sheets, copyBook(&xlsform.Workbook{Sheets: []*xlsform.Sheet{s}}).Sheets[0])
			}
			continue
		}
		for _, r := range s.Rows {
			cells := make([]string, len(to.Header))
			for i, v := range r.Cells {
				if i < len(s.Header) && s.Header[i] != "" && v != "" {
					k := column(to, s.Header[i])
					for len(cells) <= k {
						cells = append(cells, "")
					}
					cells[k] = v
				}
			}
			for len(cells) < len(to.Header) {
				cells = append(cells, "")
			}
			to.Rows = append(to.Rows, xlsform.Row{Cells: cells})
		}
	}
}

// wrapRows puts a group or repeat around some rows.
func wrapRows(c *corpus, wb *xlsform.Workbook) {
	s := wb.Sheet("survey")
	if s == nil || len(s.Rows) == 0 {
		return
	}
	kind := pick(c, []string{"group", "repeat", "repeat", "group"})
	row := func(typ, name string) xlsform.Row {
		t, n, l := column(s, "type"), column(s, "name"), column(s, "label")
		cells := make([]string, len(s.Header))
		cells[t], cells[n] = typ, name
		if name != "" {
			cells[l] = "W"
		}
		return xlsform.Row{Cells: cells}
	}
	i := c.rng.IntN(len(s.Rows))
	j := i + 1 + c.rng.IntN(len(s.Rows)-i)
	begin, end := row("begin_"+kind, pick(c, []string{"w1", "w2", "w3"})), row("end_"+kind, "")
	rows := append([]xlsform.Row(nil), s.Rows[:i]...)
	rows = append(append(rows, begin), s.Rows[i:j]...)
	rows = append(append(rows, end), s.Rows[j:]...)
	s.Rows = rows
}

var settings = [][2]string{
	{"form_title", "T"}, {"form_id", "f1"}, {"version", "3"}, {"style", "pages"}, {"default_language", "French (fr)"},
	{"instance_name", "${?}"}, {"public_key", "abc"}, {"submission_url", "https://x.org"}, {"auto_send", "true"}, {"auto_delete", "false"},
	{"allow_choice_duplicates", "yes"}, {"omit_instanceID", "yes"}, {"name", "root"}, {"namespaces", `a="http://a.org"`}, {"attribute::a:b", "c"},
	{"client_editable", "yes"}, {"clean_text_values", "no"}, {"prefix", "p"}, {"delimiter", "d"}, {"instance_xmlns", "http://x"}, {"add_none_option", "yes"}, {"flat", "yes"},
}

func changeSetting(c *corpus, wb *xlsform.Workbook) {
	s := wb.Sheet("settings")
	if s == nil {
		s = &xlsform.Sheet{Name: "settings", Rows: []xlsform.Row{{}}}
		wb.Sheets = append(wb.Sheets, s)
	}
	if len(s.Rows) == 0 {
		return
	}
	v := pick(c, settings)
	i := column(s, v[0])
	s.Rows[0].Cells[i] = strings.ReplaceAll(v[1], "?", c.name(wb))
}

// renameQuestion gives a row the name of another one, or an odd name.
func renameQuestion(c *corpus, wb *xlsform.Workbook) {
	c.setColumn(wb, "name", pick(c, []string{c.name(wb), c.name(wb), "meta", "Q1", "q1", "a-b.c", "1a", "a b", "x:y", "data", "name", "instanceID"}))
}

func addEntity(c *corpus, wb *xlsform.Workbook) {
	s := wb.Sheet("entities")
	if s == nil {
		s = &xlsform.Sheet{Name: "entities"}
		wb.Sheets = append(wb.Sheets, s)
	}
	cells := make([]string, len(s.Header))
	s.Rows = append(s.Rows, xlsform.Row{Cells: cells})
	row := len(s.Rows) - 1
	list := pick(c, []string{"e1", "e2", "trees", "c1"})
	i := column(s, "list_name")
	s.Rows[row].Cells[i] = list
	for _, h := range []string{"label", "entity_id", "create_if", "update_if"} {
		if c.rng.IntN(3) == 0 || h == "label" && c.rng.IntN(4) > 0 {
			i := column(s, h)
			s.Rows[row].Cells[i] = pick(c, []string{"${" + c.name(wb) + "}", "concat(${" + c.name(wb) + "}, 'x')", "a"})
		}
	}
	if c.rng.IntN(2) == 0 {
		c.setColumn(wb, "save_to", pick(c, []string{list + "#p1", "p1", list + "#p2", "name", "a#b#c"}))
	}
}

var decorations = []string{" ", "  x", "“x”", "%", "é", "<&>", "\\|", "'", `"`, "#", "x  y", "اردو", "${", "-"}

func decorate(c *corpus, wb *xlsform.Workbook) {
	if cell, _ := c.cell(wb); cell != nil {
		*cell += pick(c, decorations)
	}
}

// commaSeparated writes a workbook as CSV, the sheet names in the first column.
func commaSeparated(wb *xlsform.Workbook) string {
	var b strings.Builder
	w := csv.NewWriter(&b)
	for _, s := range wb.Sheets {
		w.Write([]string{s.Name})
		w.Write(append([]string{""}, s.Header...))
		for _, r := range s.Rows {
			w.Write(append([]string{""}, r.Cells...))
		}
	}
	w.Flush()
	return b.String()
}

// markdown writes a workbook as Markdown tables.
func markdown(wb *xlsform.Workbook) string {
	var b strings.Builder
	escape := strings.NewReplacer("|", `\|`, "\n", " ", "\\|", `\|`)
	for _, s := range wb.Sheets {
		b.WriteString("| " + s.Name + " |\n")
		line := func(cells []string) {
			b.WriteString("| |")
			for _, v := range cells {
				b.WriteString(" " + escape.Replace(v) + " |")
			}
			b.WriteString("\n")
		}
		line(s.Header)
		for _, r := range s.Rows {
			line(r.Cells)
		}
	}
	return b.String()
}
