package xlsform

import "strings"

// readChoices reads the choices sheet into lists, in the order in which they
// first appear.
func (c *compiler) readChoices() {
	c.lists = map[string]*List{}
	t := c.readTable("choices", &choicesDialect, tableOptions{defaultLang: c.form.DefaultLanguage, required: "name"})
	if t == nil {
		return
	}
	c.choices = t
	left := c.checkChoiceHeaders(t)
	for i := range t.rows {
		r := &t.rows[i]
		name := r.remove(listNameKey)
		if name == nil {
			continue
		}
		list := c.lists[name.flat()]
		if list == nil {
			list = &List{Name: name.flat()}
			c.lists[list.Name] = list
			c.form.Lists = append(c.form.Lists, list)
		}
		list.Choices = append(list.Choices, c.choice(t, r, list.Name, left))
	}
	c.checkDuplicates(t)
	for _, list := range c.form.Lists {
		for _, ch := range list.Choices {
			if len(ch.Media) > 0 || ch.Label.multi() || hasRef(ch.Label.Plain) {
				list.itext = true
				break
			}
		}
	}
}

// checkChoiceHeaders reports columns that cannot become elements of an item, and
// names those to leave out.
func (c *compiler) checkChoiceHeaders(t *table) map[string]bool {
	left := map[string]bool{}
	for _, col := range t.columns {
		if col.path == nil || col.path[0] == listNameKey || col.index < 0 {
			continue
		}
		name := col.path[0]
		if name == "" || strings.Contains(name, " ") {
			c.report("header-choices-space", t.at(1, col), "header", col.header)
			left[name] = true
		} else if !validName(name) {
			c.report("header-choices-name", t.at(1, col), "header", col.header)
			left[name] = true
		}
	}
	return left
}

func (c *compiler) choice(t *table, r *record, list string, left map[string]bool) *Choice {
	ch := &Choice{Row: r.number}
	for i, key := range r.keys {
		v := r.kids[i]
		switch {
		case key == "name" && v.isMap():
			c.report("header-survey-part", t.place(r.number, key), "header", t.place(r.number, key).column)
		case key == "name":
			ch.Name = v.text
		case key == "label":
			ch.setLabel(v)
		case key == "media" && v.isMap():
			for j, kind := range v.keys {
				ch.Media.setText(kind, v.kids[j].asText())
			}
		case key == "sms_option":
			ch.sms = v.flat()
		case left[key]:
		case v.isMap():
			c.report("header-choices-part", t.place(r.number, key), "header", key)
		default:
			ch.Extra = append(ch.Extra, Setting{key, v.text})
		}
	}
	for _, m := range ch.Media {
		if !mediaKinds[m.Name] {
			c.report("media-choice", t.place(r.number, "media", m.Name), "media", m.Name)
		}
	}
	if ch.Name == "" && !r.get("name").isMap() {
		c.report("choice-name", t.place(r.number, "name"), "list", list)
	} else if r.get("label") == nil {
		c.report("choice-label", t.place(r.number, "label"), "list", list)
	}
	return ch
}

// setLabel reads a label, or labels by language. In label::x::French the x is
// taken for a kind of media.
func (ch *Choice) setLabel(v *tree) {
	if !v.isMap() {
		ch.Label.Plain = v.text
		return
	}
	for i, key := range v.keys {
		if kid := v.kids[i]; kid.isMap() {
			ch.Media.setText(key, kid.asText())
		} else {
			ch.Label.Langs = append(ch.Label.Langs, LangText{key, kid.text})
		}
	}
}

func (c *compiler) checkDuplicates(t *table) {
	if yesNo[c.settings.str("allow_choice_duplicates")] {
		return
	}
	for _, list := range c.form.Lists {
		seen := make(map[string]bool, len(list.Choices))
		for _, ch := range list.Choices {
			if ch.Name != "" && seen[ch.Name] {
				c.report("choice-duplicate", t.place(ch.Row, "name"), "name", ch.Name, "list", list.Name)
			}
			seen[ch.Name] = true
		}
	}
}

// readExternal reads the names of the lists on the external_choices sheet; their
// choices go into itemsets.csv as they are.
func (c *compiler) readExternal() {
	c.external = map[string]bool{}
	t := c.readTable("external_choices", &choicesDialect, tableOptions{defaultLang: c.form.DefaultLanguage})
	if t == nil {
		return
	}
	for i := range t.rows {
		if name := t.rows[i].get(listNameKey); name != nil {
			c.external[name.flat()] = true
		}
	}
}

// itemsetsCSV writes the external_choices sheet as itemsets.csv, every field in
// quotation marks.
func (c *compiler) itemsetsCSV() []byte {
	sheet := c.sheets["external_choices"]
	if sheet == nil || len(sheet.Rows) == 0 {
		return nil
	}
	var b []byte
	var keep []int
	for i, h := range sheet.Header {
		if h != "" {
			keep = append(keep, i)
		}
	}
	line := func(cells []string) {
		for n, i := range keep {
			if n > 0 {
				b = append(b, ',')
			}
			v := ""
			if i < len(cells) {
				v = cells[i]
			}
			b = append(b, '"')
			b = append(b, strings.ReplaceAll(v, `"`, `""`)...)
			b = append(b, '"')
		}
		b = append(b, '\r', '\n')
	}
	line(sheet.Header)
	for _, r := range sheet.Rows {
		line(r.Cells)
	}
	return b
}

// readOSM reads the osm sheet: the tags that an osm question asks for.
func (c *compiler) readOSM() {
	c.osm = map[string][]*Choice{}
	t := c.readTable("osm", &choicesDialect, tableOptions{defaultLang: "default"})
	if t == nil {
		return
	}
	for i := range t.rows {
		r := &t.rows[i]
		if name := r.get(listNameKey); name != nil {
			if r.str("name") == "" {
				c.report("choice-name", t.place(r.number, "name"), "list", name.flat())
			}
			c.osm[name.flat()] = append(c.osm[name.flat()], &Choice{Name: r.str("name"), Label: r.get("label").asText(), Row: r.number})
		}
	}
}
