package xlsform

// readSettings reads the settings sheet: one row, a setting a column.
func (c *compiler) readSettings() {
	c.form.DefaultLanguage = orElse(c.opt.DefaultLanguage, "default")
	c.form.Name = orElse(c.opt.FormName, "data")
	if !validName(c.form.Name) {
		c.report("form-name-invalid", place{}, "name", c.form.Name)
	}
	c.cleanup = true
	sheet := c.sheets["settings"]
	if sheet == nil || len(sheet.Rows) == 0 {
		c.warnSimilar("settings")
		c.setIdentity()
		return
	}
	if len(sheet.Rows) > 1 {
		c.report("settings-rows", place{sheet: sheet.Name, row: sheet.Rows[1].Number})
	}
	sheet = c.dropSecondID(sheet)
	c.sheets["settings"] = sheet
	t := c.readTable("settings", &settingsDialect, tableOptions{defaultLang: "default"})
	c.settingsTable = t
	c.settings = t.rows[0].tree
	s := &c.settings
	for _, k := range append([]string(nil), s.keys...) {
		if s.get(k).isMap() && !groupSettings[k] {
			c.report("setting-part", t.place(t.rows[0].number, k), "header", t.place(t.rows[0].number, k).column)
			s.remove(k)
		}
	}
	if name := s.str("name"); s.get("name") != nil && !validName(name) {
		c.report("form-name-invalid", t.place(t.rows[0].number, "name"), "name", name)
	} else if name != "" {
		c.form.Name = name
	}
	if v, known := yesNo[s.str("clean_text_values")]; known {
		c.cleanup = v
	}
	c.noneOption = yesNo[s.str("add_none_option")]
	if lang := s.str("default_language"); lang != "" {
		c.form.DefaultLanguage = lang
	}
	c.setIdentity()
}

// groupSettings are settings that have parts, such as attribute::esri:id.
var groupSettings = map[string]bool{"attribute": true, "bind": true, "control": true, "instance": true, "media": true, "label": true, "hint": true}

// dropSecondID leaves out id_string where form_id is there too.
func (c *compiler) dropSecondID(sheet *Sheet) *Sheet {
	id, form := -1, -1
	for i, h := range sheet.Header {
		switch h {
		case "id_string":
			id = i
		case "form_id":
			form = i
		}
	}
	if id < 0 || form < 0 {
		return sheet
	}
	c.report("settings-both-ids", place{sheet: sheet.Name, row: 1, column: "id_string"})
	cut := *sheet
	cut.Header = append([]string{}, sheet.Header...)
	cut.Header[id] = ""
	cut.Rows = nil
	for _, r := range sheet.Rows {
		cells := append([]string{}, r.Cells...)
		if id < len(cells) {
			cells[id] = ""
		}
		cut.Rows = append(cut.Rows, Row{r.Number, cells})
	}
	return &cut
}

// setIdentity settles id and title, and copies the settings into the form.
func (c *compiler) setIdentity() {
	f, s := c.form, &c.settings
	f.ID = orElse(s.str("id_string"), orElse(c.wb.Name, "data"))
	f.Title = orElse(s.str("title"), f.ID)
	f.Version = s.str("version")
	for i, k := range s.keys {
		f.Settings = append(f.Settings, Setting{k, s.kids[i].flat()})
	}
}

func orElse(s, other string) string {
	if s == "" {
		return other
	}
	return s
}
