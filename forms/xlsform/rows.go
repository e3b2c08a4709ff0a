package xlsform

import (
	"sort"
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
	if !externalTypes[typ] {
		rr.checkGroups()
	}
	if typ == "" && !r.get("type").isMap() {
		if r.get("name") == nil && r.get("label") == nil {
			rr.report("row-skipped", rr.at())
		} else {
			rr.report("type-missing", rr.at("type"))
		}
		return
	}
	if typ == "" {
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
	for name, most := range map[string]int{"label": 1, "hint": 1, "guidance_hint": 1, "media": 2} {
		rr.checkDepth(most, rr.r.get(name), name)
	}
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

func (rr *rowReader) question(typ, name string) {
	rr.questions[name] = true
	if externalTypes[typ] {
		base, _ := splitExt(name)
		rr.instances[base] = true
		rr.append(rr.item(KindExternal, typ, name))
		return
	}
	if command, list, other, ok := parseSelect(typ); ok {
		rr.selectQuestion(command, list, other, name)
		return
	}
	it := rr.item(KindQuestion, typ, name)
	rr.fillDefault(it)
	if handle, ok := typeHandlers[typ]; ok {
		handle(rr, it)
	} else if i := strings.Index(typ, "osm "); i >= 0 {
		rr.osmTags(it, typ[i+len("osm "):])
	}
	if !rr.fillType(it) {
		return
	}
	rr.append(it)
}

// typeHandlers do what is special about a type, mostly its parameters.
var typeHandlers map[string]func(*rowReader, *Item)

func init() {
	typeHandlers = map[string]func(*rowReader, *Item){
		"range": (*rowReader).rangeQuestion, "text": (*rowReader).textQuestion, "photo": (*rowReader).photoQuestion,
		"audio": (*rowReader).audioQuestion, "background-audio": (*rowReader).backgroundAudio,
		"geopoint": (*rowReader).geoQuestion, "geotrace": (*rowReader).geoQuestion, "geoshape": (*rowReader).geoQuestion,
		"start-geopoint": (*rowReader).startGeopoint, "background-geopoint": (*rowReader).backgroundGeopoint,
	}
}

// fillType adds what the question type brings: body element, data type, hint.
// It reports a type that does not exist.
func (rr *rowReader) fillType(it *Item) bool {
	q, ok := questionTypes[it.Type]
	if !ok {
		if it.Type == "include" {
			rr.report("type-include", rr.at("type"))
		} else {
			rr.report("type-unknown", rr.at("type"), "type", it.Type, "similar", suggestType(it.Type))
		}
		return false
	}
	if (q.tag == "select" || q.tag == "select1" || q.tag == rankTag) && it.ListName == "" {
		rr.report("type-list", rr.at("type"), "type", it.Type)
		return false
	}
	it.tag = q.tag
	given := it.Bind
	it.Bind = append(Attrs(nil), q.bind...)
	for _, a := range given {
		it.Bind.setText(a.Name, a.Value)
	}
	if q.mediatype != "" && !it.Control.Has("mediatype") {
		it.Control.set("mediatype", q.mediatype)
	}
	if it.Hint.Empty() {
		it.Hint = Text{Plain: q.hint}
	}
	if it.Label.Empty() && it.Control.Get("appearance") == "label" {
		it.Label = Text{Plain: " "}
	}
	return true
}

const rankTag = "odk:rank"

var commonTypes = append(strings.Fields(`text integer decimal range note calculate hidden date time dateTime geopoint geotrace
	geoshape image audio video file barcode acknowledge rank audit start end today deviceid username email
	phonenumber start-geopoint background-geopoint background-audio csv-external xml-external select_one
	select_multiple select_one_from_file select_multiple_from_file begin_group end_group begin_repeat end_repeat osm`),
	"begin group", "end group", "begin repeat", "end repeat")

func init() { sort.Strings(commonTypes) }

func suggestType(typ string) string {
	if word, _, ok := strings.Cut(typ, " "); ok && !strings.HasPrefix(typ, "begin") && !strings.HasPrefix(typ, "end") {
		typ = word
	}
	return suggest(typ, commonTypes)
}

// fillDefault reads the default: a value, or an expression that is set when the
// form opens and, in a repeat, when an entry is added.
func (rr *rowReader) fillDefault(it *Item) {
	it.Default = rr.r.str("default")
	if !isDynamic(it.Default, it.Type) {
		return
	}
	it.dynamic = true
	it.actions = append(it.actions, action{name: "setvalue", event: eventFirstLoad})
	if rr.inRepeat() {
		it.actions = append(it.actions, action{name: "setvalue", event: eventNewRepeat})
	}
}

const (
	eventFirstLoad    = "odk-instance-first-load"
	eventLoad         = "odk-instance-load"
	eventNewRepeat    = "odk-new-repeat"
	eventValueChanged = "xforms-value-changed"
)

// readTrigger reads the names of the questions whose change sets this row's.
func (rr *rowReader) readTrigger() (names []string) {
	text := rr.r.str("trigger")
	if text == "" {
		return nil
	}
	at := rr.at("trigger")
	if len(text) < 3 || !strings.Contains(text, "${") {
		rr.report("reference-syntax", at, "text", text)
		return nil
	}
	for part := range strings.SplitSeq(text, ",") {
		refs, ok := parseRefs(part)
		if !ok {
			rr.report("reference-syntax", at, "text", text)
			return nil
		}
		if len(refs) > 1 {
			rr.report("trigger-comma", at)
			return nil
		}
		for _, r := range refs {
			names = append(names, r.name)
			rr.triggers = append(rr.triggers, usage{r.name, at})
		}
	}
	return names
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
