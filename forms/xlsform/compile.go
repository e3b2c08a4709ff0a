package xlsform

import (
	"sort"
	"strings"
)

// Options of [Compile].
type Options struct {
	// FormName is the root element of the instance where the settings sheet has
	// no "name"; "data" when empty.
	FormName string
	// DefaultLanguage is the language of texts in columns without a language,
	// where the settings sheet has no default_language.
	DefaultLanguage string
}

// Compile makes a form of a workbook and reports all that is wrong with it, the
// errors first, in the order of the sheets. The form is nil if there are errors.
func Compile(wb *Workbook, opt Options) (*Form, []Diagnostic) {
	c := &compiler{wb: wb, opt: opt, form: &Form{}, seen: map[string]bool{}, sheets: map[string]*Sheet{}}
	c.run()
	sortFound(c.found)
	if HasErrors(c.found) {
		return nil, c.found
	}
	return c.form, c.found
}

// compiler holds what is known while a form is compiled.
type compiler struct {
	wb     *Workbook
	opt    Options
	form   *Form
	found  []Diagnostic
	seen   map[string]bool
	sheets map[string]*Sheet // by normal name

	settings      tree // the one row of settingsTable, changed by what the survey sheet sets
	settingsTable *table
	survey        *table
	choices       *table
	entities      *table
	external      map[string]bool // lists of the external_choices sheet
	osm           map[string][]*Choice
	lists         map[string]*List
	cleanup       bool // make runs of spaces in survey cells one space

	root         *Item
	names        map[string]int  // how often each name stands on the survey sheet
	questions    map[string]bool // names that a trigger may use
	repeats      map[string]bool
	instances    map[string]bool // names of secondary instances known from types
	triggers     []usage
	geometries   []usage
	orOther      bool
	noneOption   bool
	noneLists    map[string]bool // lists that already have the "none" option
	meta         []*Item
	entityByList map[string]*entityPlan
	entityOrder  []string // lists, in the order in which the survey first uses them

	byName      map[string]*Item   // nil where a name is used more than once
	setValues   map[string][]setOn // by triggering question
	setGeopoint map[string][]setOn
	texts       *itext
	made        int // items and elements that the compiler has made of its own
}

// maxMade bounds what loops and repeats inside each other can multiply to.
const maxMade = 300_000

// maxDepth bounds how deep groups may lie inside each other.
const maxDepth = 100

// make counts one more item or element; ok is false when there are too many.
func (c *compiler) make() (ok bool) {
	c.made++
	if c.made == maxMade {
		c.report("form-too-large", place{})
	}
	return c.made < maxMade
}

// usage is a name used somewhere, to be checked when all names are known.
type usage struct {
	name string
	at   place
}

// setOn is a question that is set when another one changes.
type setOn struct{ target, value string }

func (c *compiler) run() {
	c.pickSheets()
	if c.sheets["survey"] == nil {
		c.report("sheet-missing", place{}, "sheet", "survey", "similar", c.similarSheets("survey"))
		return
	}
	c.readSettings()
	c.readExternal()
	c.readChoices()
	c.readEntities()
	c.survey = c.readTable("survey", &surveyDialect, tableOptions{defaultLang: c.form.DefaultLanguage, spaces: c.cleanup, required: "type"})
	c.checkLanguages()
	c.readOSM()
	c.readRows()
	c.finishMeta()
	c.checkReferences()
	c.checkExpressions()
	c.checkTree(c.root, map[string]bool{})
	c.emit()
}

// pickSheets finds the sheets of a form. A workbook with a single sheet needs
// no sheet names.
func (c *compiler) pickSheets() {
	for _, name := range sheetNames {
		if s := c.wb.Sheet(name); s != nil && (len(s.Header) > 0 || len(s.Rows) > 0) {
			c.sheets[name] = s
		} else if s != nil && c.wb.Format == "md" {
			c.report("header-none", place{sheet: s.Name})
		}
	}
	if len(c.wb.Sheets) == 1 && len(c.sheets) == 0 && len(c.wb.Sheets[0].Header) > 0 {
		c.sheets["survey"] = c.wb.Sheets[0]
	}
	if s := c.sheets["choices"]; s != nil && len(s.Rows) == 0 {
		delete(c.sheets, "choices")
	}
}

// similarSheets names sheets that are spelled nearly like the one that is missing.
func (c *compiler) similarSheets(name string) string {
	names := c.nearSheets(name)
	if len(names) == 0 {
		return ""
	}
	return " These sheets are spelled nearly like “" + name + "”: " + strings.Join(names, ", ") + "."
}

func (c *compiler) nearSheets(name string) []string {
	var out []string
	for _, s := range c.wb.Sheets {
		known := false
		for _, n := range sheetNames {
			known = known || s.Name == n
		}
		if !known && !strings.HasPrefix(s.Name, "_") && distance(strings.ToLower(s.Name), name) <= 2 {
			out = append(out, s.Name)
		}
	}
	return out
}

// warnSimilar warns of a misspelled sheet that the form may do without.
func (c *compiler) warnSimilar(name string) {
	if near := c.nearSheets(name); len(near) > 0 {
		c.report("sheet-similar", place{sheet: near[0]}, "sheet", name, "similar", strings.Join(near, ", "))
	}
}

// suggest gives " Did you mean “x”?" for the known name nearest to a wrong one,
// the first of equally near ones.
func suggest(wrong string, known []string) string {
	best, bestDistance := "", 3
	for _, k := range known {
		if abs(len(k)-len(wrong)) >= bestDistance || len(wrong) > 64 {
			continue
		}
		if d := distance(strings.ToLower(wrong), strings.ToLower(k)); d < bestDistance && d < len(k) {
			best, bestDistance = k, d
		}
	}
	if best == "" {
		return ""
	}
	return " Did you mean “" + best + "”?"
}

func abs(n int) int { return max(n, -n) }

func keys[V any](m map[string]V) []string {
	out := make([]string, 0, len(m))
	for k := range m {
		out = append(out, k)
	}
	sort.Strings(out)
	return out
}

// distance is the Levenshtein distance of two short words.
func distance(a, b string) int {
	x, y := []rune(a), []rune(b)
	row := make([]int, len(y)+1)
	for j := range row {
		row[j] = j
	}
	for i := range x {
		diagonal := row[0]
		row[0] = i + 1
		for j := range y {
			next := diagonal
			if x[i] != y[j] {
				next = 1 + min(diagonal, row[j], row[j+1])
			}
			diagonal, row[j+1] = row[j+1], next
		}
	}
	return row[len(y)]
}
