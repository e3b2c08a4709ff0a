package xlsform

import (
	"sort"
	"strings"

	"golang.org/x/text/language"
)

// checkReferences looks at every cell that may hold ${name}: whether it is well
// formed, and whether exactly one row of the survey sheet has that name.
func (c *compiler) checkReferences() {
	known := keys(c.names)
	check := func(t *table, skip func(column) bool) {
		if t == nil {
			return
		}
		for _, row := range t.sheet.Rows {
			for i, cell := range row.Cells {
				if i >= len(t.columns) || t.columns[i].path == nil || !strings.Contains(cell, "${") || skip(t.columns[i]) {
					continue
				}
				c.checkCell(cell, t.at(row.Number, t.columns[i]), known)
			}
		}
	}
	if s := c.sheets["settings"]; s != nil && len(s.Rows) > 0 {
		t := &table{sheet: s, name: "settings"}
		c.readHeader(t, &settingsDialect)
		check(t, func(column) bool { return false })
	}
	check(c.entities, func(col column) bool {
		return col.header == "list name" || col.header == "list_name" || col.header == "repeat"
	})
	check(c.survey, func(col column) bool {
		return col.path[0] == "type" || col.path[0] == "name" || col.path[0] == "trigger"
	})
	labelled := c.choices != nil && c.choices.has("label")
	check(c.choices, func(col column) bool {
		return labelled && col.path[0] != "label" && col.path[0] != "media"
	})
}

func (c *compiler) checkCell(cell string, at place, known []string) {
	if len(c.found) >= maxFound {
		return
	}
	refs, ok := parseRefs(cell)
	if !ok {
		c.report("reference-syntax", at, "text", cell)
	}
	for _, r := range refs {
		switch n := c.names[r.name]; {
		case n == 0:
			c.report("reference-unknown", at, "name", r.name, "similar", suggest(r.name, known))
		case n > 1:
			c.report("reference-many", at, "name", r.name)
		}
	}
}

// checkTree checks the names in the finished tree, where the compiler has added
// items of its own.
func (c *compiler) checkTree(it *Item, repeats map[string]bool) {
	at := place{sheet: c.survey.sheet.Name}
	seen := map[string]bool{}
	for _, child := range it.Children {
		at := at
		if child.Row > 0 {
			at = c.survey.place(child.Row, "name")
		}
		if !validName(child.Name) {
			c.report("name-invalid", at, "name", child.Name)
		}
		if seen[child.Name] && !child.bodyless {
			c.report("name-duplicate", at, "name", child.Name)
		}
		seen[child.Name] = true
		if child.Kind == KindRepeat {
			if repeats[child.Name] {
				c.report("name-repeat-duplicate", at, "name", child.Name)
			}
			if child.Name == c.form.Name {
				c.report("name-repeat-root", at, "name", child.Name)
			}
			repeats[child.Name] = true
		}
		c.checkTree(child, repeats)
	}
}

// translatable columns and the name by which a missing one is reported.
var translatable = map[string]map[string]string{
	"survey": {
		"label": "label", "hint": "hint", "guidance_hint": "guidance_hint",
		"image": "image", "big-image": "big-image", "audio": "audio", "video": "video",
		"jr:constraintMsg": "constraint_message", "jr:requiredMsg": "required_message",
	},
	"choices": {
		"label": "label", "image": "image", "big-image": "big-image", "audio": "audio", "video": "video",
	},
}

// languageColumns gives, by language, the translatable columns of a sheet that
// the language has; "default" are the columns without a language.
func languageColumns(t *table) map[string]map[string]bool {
	seen := map[string]map[string]bool{}
	if t == nil {
		return seen
	}
	for _, col := range t.columns {
		path := col.path
		if len(path) > 1 && (path[0] == "media" || path[0] == "bind") {
			path = path[1:]
		}
		if len(path) == 0 || len(path) > 2 {
			continue
		}
		name := translatable[t.name][path[0]]
		if name == "" {
			continue
		}
		lang := "default"
		if len(path) == 2 {
			lang = path[1]
		}
		if seen[lang] == nil {
			seen[lang] = map[string]bool{}
		}
		seen[lang][name] = true
	}
	return seen
}

func onlyDefault(seen map[string]map[string]bool) bool {
	return len(seen) == 0 || len(seen) == 1 && seen["default"] != nil
}

// checkLanguages warns of languages that lack a column which others have.
func (c *compiler) checkLanguages() {
	for _, t := range [...]*table{c.survey, c.choices} {
		seen := languageColumns(t)
		if onlyDefault(seen) {
			continue
		}
		all := map[string]bool{}
		for _, columns := range seen {
			for name := range columns {
				all[name] = true
			}
		}
		for _, lang := range keys(seen) {
			var missing []string
			for _, name := range keys(all) {
				if !seen[lang][name] {
					missing = append(missing, name)
				}
			}
			if len(missing) > 0 {
				c.report("language-column", place{sheet: t.sheet.Name, row: 1}, "language", lang, "columns", strings.Join(missing, ", "))
			}
		}
	}
}

func (c *compiler) usesLanguages() bool {
	return !onlyDefault(languageColumns(c.survey)) || !onlyDefault(languageColumns(c.choices))
}

// checkLanguageCodes warns of languages without a code that a device would know.
func (c *compiler) checkLanguageCodes() {
	var bad []string
	for _, lang := range c.form.Languages {
		if lang != "default" && len(lang) >= 3 && !hasLanguageCode(lang) {
			bad = append(bad, lang)
		}
	}
	sort.Strings(bad)
	for _, lang := range bad {
		c.report("language-code", place{sheet: c.survey.sheet.Name, row: 1}, "language", lang)
	}
}

// hasLanguageCode reports whether the language ends with an IANA code in
// brackets: "Urdu (ur)".
func hasLanguageCode(lang string) bool {
	open := strings.IndexByte(lang, '(')
	if open < 0 || !strings.HasSuffix(lang, ")") {
		return false
	}
	code := lang[open+1 : len(lang)-1]
	if len(code) < 2 || len(code) > 3 || code != strings.ToLower(code) {
		return false
	}
	_, err := language.ParseBase(code)
	return err == nil
}
