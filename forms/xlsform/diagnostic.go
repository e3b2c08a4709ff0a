package xlsform

import (
	"fmt"
	"sort"
	"strings"
)

// Severity says what a [Diagnostic] means for the form.
type Severity string

const (
	Error   Severity = "error"   // the form cannot be used
	Warning Severity = "warning" // the form works, but something is probably not meant
	Advice  Severity = "advice"  // the form works; it could be better
)

// Diagnostic is one thing that is wrong with a form, and where.
//
// Code is stable and names the kind of fault, so that a face can show the
// message in another language: the texts in the catalogue are templates, and
// Args holds the value of each {word} in them.
type Diagnostic struct {
	Severity Severity          `json:"severity"`
	Code     string            `json:"code"`
	Sheet    string            `json:"sheet,omitempty"`
	Row      int               `json:"row,omitempty"`    // as the spreadsheet counts; 0: the whole sheet
	Column   string            `json:"column,omitempty"` // the header as it stands in the file
	Cell     string            `json:"cell,omitempty"`   // such as F12, when the form is a spreadsheet
	Message  string            `json:"message"`
	Fix      string            `json:"fix,omitempty"`
	Args     map[string]string `json:"args,omitempty"`
}

// String gives the diagnostic as one line.
func (d Diagnostic) String() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s: ", d.Severity)
	if p := d.Place(); p != "" {
		fmt.Fprintf(&b, "%s: ", p)
	}
	b.WriteString(d.Message)
	if d.Fix != "" {
		b.WriteString(" " + d.Fix)
	}
	return b.String()
}

// Place gives sheet, row and column in words, or "".
func (d Diagnostic) Place() string {
	var parts []string
	if d.Sheet != "" {
		parts = append(parts, "sheet "+d.Sheet)
	}
	if d.Row > 0 {
		parts = append(parts, fmt.Sprintf("row %d", d.Row))
	}
	if d.Column != "" {
		parts = append(parts, "column "+d.Column)
	}
	return strings.Join(parts, ", ")
}

// HasErrors reports whether any of the diagnostics is an error.
func HasErrors(found []Diagnostic) bool {
	for _, d := range found {
		if d.Severity == Error {
			return true
		}
	}
	return false
}

// place is where something was found.
type place struct {
	sheet  string
	row    int
	column string
	cell   string
}

// report adds a diagnostic; args are pairs of a word of the template and its value.
func (c *compiler) report(code string, at place, args ...string) {
	text, ok := catalogue[code]
	if !ok {
		panic("xlsform: no text for diagnostic " + code)
	}
	if len(c.found) >= maxFound {
		return
	}
	d := Diagnostic{
		Severity: text.severity, Code: code,
		Sheet: at.sheet, Row: at.row, Column: at.column, Cell: at.cell,
		Message: fill(text.message, args), Fix: fill(text.fix, args),
	}
	if len(args) > 0 {
		d.Args = make(map[string]string, len(args)/2)
		for i := 0; i+1 < len(args); i += 2 {
			d.Args[args[i]] = clip(args[i+1])
		}
	}
	key := fmt.Sprintf("%s\x00%s\x00%d\x00%s\x00%s", code, d.Sheet, d.Row, d.Column, d.Message)
	if c.seen[key] {
		return
	}
	c.seen[key] = true
	c.found = append(c.found, d)
}

// maxFound bounds the report: nobody reads more, and a hostile file must not fill memory.
const maxFound = 2000

func fill(template string, args []string) string {
	for i := 0; i+1 < len(args); i += 2 {
		template = strings.ReplaceAll(template, "{"+args[i]+"}", clip(args[i+1]))
	}
	return template
}

// clip shortens a value that is quoted in a message.
func clip(s string) string {
	const most = 200
	if len(s) <= most {
		return s
	}
	cut := most
	for cut > 0 && s[cut]&0xc0 == 0x80 {
		cut--
	}
	return s[:cut] + "…"
}

// sortFound puts diagnostics in the order in which a person would mend them.
func sortFound(found []Diagnostic) {
	rank := map[string]int{"": 0, "survey": 1, "choices": 2, "settings": 3, "entities": 4}
	sort.SliceStable(found, func(i, j int) bool {
		a, b := found[i], found[j]
		if (a.Severity == Error) != (b.Severity == Error) {
			return a.Severity == Error
		}
		if ra, rb := rank[strings.ToLower(a.Sheet)], rank[strings.ToLower(b.Sheet)]; ra != rb {
			return ra < rb
		}
		return a.Row < b.Row
	})
}
