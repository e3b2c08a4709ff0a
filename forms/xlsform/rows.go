package xlsform

import (
	"strconv"
	"strings"
)

// The survey sheet, one row at a time: questions become items, begin and end
// rows become groups, and the open groups are a stack of levels.

// level is a group that has begun and not ended.
type level struct {
	item  *Item
	names map[string]bool
	lower map[string]bool
	path  containerPath
	begin *record
}

// rowReader is the state of reading the survey sheet.
type rowReader struct {
	*compiler
	t     *table
	stack []*level

	// A table-list is a group of select questions shown as a table. From its
	// begin row until any end row, the first select gives the list.
	inTable   bool
	tableList string

	params      map[string]string // of the present row
	r           *record
	rowTriggers []string // of the present row
	skipped     int      // groups that were too deep and are still open
	saveList    string   // entity list that the present row saves to
}

func (c *compiler) readRows() {
	c.root = c.rootItem()
	c.form.Survey = c.root
	c.names, c.questions = map[string]int{}, map[string]bool{}
	c.repeats, c.instances = map[string]bool{}, map[string]bool{}
	c.noneLists = map[string]bool{}
	rr := &rowReader{compiler: c, t: c.survey}
	rr.stack = []*level{{item: c.root, names: map[string]bool{"meta": true}, lower: map[string]bool{}, path: rootPath}}
	for i := range c.survey.rows {
		rr.row(&c.survey.rows[i])
	}
	for len(rr.stack) > 1 {
		l := rr.stack[len(rr.stack)-1]
		c.report("begin-unmatched", rr.t.place(l.begin.number, "type"), "type", l.item.Type, "name", l.item.Name)
		rr.close()
	}
	rr.afterRows()
}

// rootItem makes the root of the tree. The settings sheet may say of it what the
// survey sheet says of groups.
func (c *compiler) rootItem() *Item {
	s := &c.settings
	return &Item{
		Kind: KindSurvey, Type: "survey", Name: c.form.Name,
		Label: s.get("label").asText(), Hint: s.get("hint").asText(), Media: s.get("media").asAttrs(),
		Bind: s.get("bind").asAttrs(), Instance: s.get("instance").asAttrs(),
	}
}

// at is the place of a value of the present row.
func (rr *rowReader) at(parts ...string) place { return rr.t.place(rr.r.number, parts...) }

func (rr *rowReader) top() *level { return rr.stack[len(rr.stack)-1] }

func (rr *rowReader) append(it *Item) { rr.top().item.add(it) }

func (rr *rowReader) row(r *record) {
	rr.r, rr.saveList = r, ""
	if off := r.remove("disabled"); off != nil {
		rr.report("row-disabled", rr.at("disabled"))
		if yesNo[off.flat()] {
			return
		}
	}
	if len(r.keys) == 0 {
		return
	}
	typ := r.str("type")
	if to, ok := typeAliases[typ]; ok {
		typ = to
	}
	if !externalTypes[typ] && settingRows[typ] == "" {
		rr.checkGroups()
	}
	if typ == "" {
		rr.noType()
		return
	}
	rr.rowTriggers = rr.readTrigger()
	var ok bool
	if rr.params, ok = parseParameters(r.str("parameters")); !ok {
		rr.report("parameter-syntax", rr.at("parameters"), "text", r.str("parameters"))
	}
	if typ == "audit" {
		rr.audit()
		return
	}
	if typ == "calculate" && r.get("bind").get("calculate") == nil && !isDynamic(r.str("default"), typ) {
		rr.report("calculate-none", rr.at("bind", "calculate"), "name", r.str("name"))
	}
	if metadataTypes[typ] {
		rr.report("type-deprecated", rr.at("type"), "type", typ)
	}
	if key, ok := settingRows[typ]; ok {
		rr.setting(key, r.str("name"))
		return
	}
	begin, end, control, list := parseControl(typ)
	name := ""
	if !end {
		if name, ok = rr.name(typ); !ok && name == "" && !begin {
			return
		}
	}
	rr.entityUse(rr.top().path, name, begin || end)
	switch {
	case end:
		rr.end(control)
	case begin:
		rr.begin(control, list, name)
	default:
		rr.question(typ, name)
	}
}

// noType deals with a row that has no type: it is an error if it looks like a question.
func (rr *rowReader) noType() {
	switch {
	case rr.r.get("type") != nil: // a type with parts is reported already
	case rr.r.get("name") == nil && rr.r.get("label") == nil:
		rr.report("row-skipped", rr.at())
	default:
		rr.report("type-missing", rr.at("type"))
	}
}

// checkGroups reports columns such as "bind" that need a second part.
func (rr *rowReader) checkGroups() {
	for _, g := range [...]struct{ name, example string }{
		{"bind", "relevant"}, {"control", "appearance"}, {"instance", "attribute"},
	} {
		v := rr.r.get(g.name)
		if v != nil && !v.isMap() {
			rr.report("header-part-missing", rr.at(g.name), "header", g.name, "example", g.example)
			rr.r.remove(g.name)
		}
	}
	for _, name := range [...]string{"type", "name", "trigger", "parameters", "default", "choice_filter"} {
		if rr.r.get(name).isMap() {
			rr.report("header-survey-part", rr.at(name), "header", rr.at(name).column)
		}
	}
	for _, name := range [...]string{"label", "hint", "guidance_hint"} {
		rr.checkDepth(1, rr.r.get(name), name)
	}
	rr.checkDepth(2, rr.r.get("media"), "media")
	for _, group := range [...]string{"bind", "control", "instance"} {
		g := rr.r.get(group)
		if !g.isMap() {
			continue
		}
		for i, name := range g.keys {
			if group == "bind" && messageAttrs[name] {
				rr.checkDepth(1, g.kids[i], group, name)
			} else if g.kids[i].isMap() {
				code := "attribute-part"
				if bindExpressions[name] || name == "appearance" {
					code = "attribute-language"
				}
				rr.report(code, rr.at(group, name), "header", rr.at(group, name).column)
			}
		}
	}
	if v := rr.r.get("media"); v != nil && !v.isMap() {
		rr.report("media-part-missing", rr.at("media"))
	}
}

// checkDepth reports a text whose header has more parts than a text can have.
func (rr *rowReader) checkDepth(most int, t *tree, column ...string) {
	if t.depth() > most {
		rr.report("header-deep", rr.at(column...), "header", rr.at(column...).column)
	}
}

// setting takes a form title or id that stands on the survey sheet.
func (rr *rowReader) setting(key, value string) {
	switch key {
	case "id_string":
		rr.form.ID = value
		if value == "" || value == "None" {
			rr.report("form-id-missing", rr.at("name"))
		}
	case "title":
		if value != "" {
			rr.form.Title = value
		}
	}
	if value == "" {
		rr.report("setting-empty", rr.at("name"))
		return
	}
	rr.settings.set(key, leaf(value))
}

// name checks the row's name and counts it. Notes may do without.
func (rr *rowReader) name(typ string) (name string, ok bool) {
	if rr.r.get("name") == nil {
		if typ != "note" {
			rr.report("name-missing", rr.at("name"))
			return "", false
		}
		rr.r.set("name", leaf("generated_note_name_"+strconv.Itoa(rr.r.number)))
	}
	name = rr.r.get("name").flat()
	if !validName(name) {
		rr.report("name-invalid", rr.at("name"), "name", name)
		return name, false
	}
	rr.names[name]++
	l := rr.top()
	lower := strings.ToLower(name)
	switch {
	case name == "meta":
		rr.report("name-meta", rr.at("name"))
	case l.names[name]:
		rr.report("name-duplicate", rr.at("name"), "name", name)
	case l.lower[lower]:
		rr.report("name-case", rr.at("name"), "name", name)
	}
	l.names[name], l.lower[lower] = true, true
	return name, true
}

// item makes an item of the present row.
func (rr *rowReader) item(kind Kind, typ, name string) *Item {
	r := rr.r
	it := &Item{
		Kind: kind, Type: typ, Name: name, Row: r.number,
		Label: r.get("label").asText(), Hint: r.get("hint").asText(), Guidance: r.get("guidance_hint").asText(),
		Media: r.get("media").asAttrs(), Bind: r.get("bind").asAttrs(), Control: r.get("control").asAttrs(),
		Instance:     r.get("instance").asAttrs(),
		ChoiceFilter: r.str("choice_filter"),
		SaveTo:       r.get("bind").str(saveToAttr),
		SaveToList:   rr.saveList,
		Trigger:      rr.rowTriggers,
	}
	if it.Media == nil && r.get("media") != nil {
		it.Media = Attrs{} // a "media" column by itself means nothing, but the label then may be empty
	}
	return it
}

// afterRows checks what needs all names to be known.
func (rr *rowReader) afterRows() {
	for _, u := range rr.triggers {
		if !rr.questions[u.name] {
			rr.report("trigger-question", u.at, "name", u.name)
		}
	}
	for _, u := range rr.geometries {
		if rr.instances[u.name] || rr.lists[u.name] != nil || rr.entityByList[u.name] != nil {
			continue
		}
		if r, n := readRef(u.name); n > 0 && n == len(u.name) && rr.repeats[r.name] {
			continue
		}
		rr.report("geometry-unknown", u.at, "value", u.name)
	}
	if rr.orOther && rr.usesLanguages() {
		rr.report("other-languages", place{sheet: rr.t.sheet.Name})
	}
}
