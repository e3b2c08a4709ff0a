package xlsform

import (
	"strconv"
	"strings"
)

// Entities. Each row of the entities sheet declares an entity list; the form
// then carries a meta/entity element for it, in the group or repeat that its
// properties (save_to) and expressions belong to. Specification:
// https://getodk.github.io/xforms-spec/entities

// containerPath is a group's or repeat's place: each step "type:name".
type containerPath []string

var rootPath = containerPath{"survey:survey"}

func (p containerPath) with(name, typ string) containerPath {
	return append(p[:len(p):len(p)], typ+":"+name)
}

func (p containerPath) key() string { return strings.Join(p, "/") }

// String gives the path as a person would write it.
func (p containerPath) String() string {
	var b strings.Builder
	for _, step := range p {
		_, name, _ := strings.Cut(step, ":")
		b.WriteString("/" + name)
	}
	return b.String()
}

// scope is the nearest repeat around (or at) the path, or the whole form. An
// entity lives once per pass of its scope.
func (p containerPath) scope() containerPath {
	for i := len(p) - 1; i > 0; i-- {
		if strings.HasPrefix(p[i], "repeat:") {
			return p[:i+1]
		}
	}
	return p[:1]
}

// repeats counts the repeats on the path.
func (p containerPath) repeats() int {
	n := 0
	for _, step := range p {
		if strings.HasPrefix(step, "repeat:") {
			n++
		}
	}
	return n
}

// below counts the groups between the path's scope and its end.
func (p containerPath) below() int { return len(p) - len(p.scope()) }

func (p containerPath) startsWith(q containerPath) bool {
	return len(p) >= len(q) && p[:len(q)].key() == q.key()
}

// entityPlan is an entity list, and where the survey sheet uses it.
type entityPlan struct {
	Entity
	names []string // questions that its expressions refer to
	uses  []entityUse
	at    place
}

// entityUse is a save_to (property is set) or a question in an expression.
type entityUse struct {
	path     containerPath
	at       place
	property string
	question string
}

func (c *compiler) readEntities() {
	c.entityByList = map[string]*entityPlan{}
	sheet := c.sheets["entities"]
	if sheet == nil || len(sheet.Rows) == 0 {
		c.warnSimilar("entities")
		return
	}
	t := c.readTable("entities", &entitiesDialect, tableOptions{defaultLang: "default"})
	c.entities = t
	var unknown []string
	for _, col := range t.columns {
		if col.path != nil && (!entitiesDialect.columns[col.path[0]] || len(col.path) > 1) && columnUsed(sheet, col.index) {
			unknown = append(unknown, col.header)
		}
	}
	if len(unknown) > 0 {
		c.report("header-entities", place{sheet: sheet.Name, row: 1}, "columns", strings.Join(unknown, ", "))
	}
	for i := range t.rows {
		c.entity(t, &t.rows[i])
	}
}

func columnUsed(sheet *Sheet, index int) bool {
	for _, r := range sheet.Rows {
		if index < len(r.Cells) && r.Cells[index] != "" {
			return true
		}
	}
	return false
}

// entity reads one declaration. What it does follows from which of the three
// columns entity_id, create_if and update_if are filled in.
func (c *compiler) entity(t *table, r *record) {
	p := &entityPlan{at: t.place(r.number, "dataset"), Entity: Entity{
		List: r.str("dataset"), ID: r.str("entity_id"), CreateIf: r.str("create_if"), UpdateIf: r.str("update_if"),
		Label: r.str("label"), Row: r.number,
	}}
	switch {
	case p.List == "":
		c.report("entity-list-missing", p.at)
	case strings.HasPrefix(p.List, "__") || strings.Contains(p.List, ".") || !validName(p.List):
		c.report("entity-list-name", p.at, "name", p.List)
	case c.entityByList[p.List] != nil:
		c.report("entity-list-twice", p.at, "name", p.List)
		return
	}
	if p.ID == "" && p.UpdateIf != "" {
		c.report("entity-id", t.place(r.number, "entity_id"), "list", p.List)
	}
	if p.ID != "" && p.CreateIf != "" && p.UpdateIf == "" {
		c.report("entity-update-if", t.place(r.number, "update_if"), "list", p.List)
	}
	if p.ID == "" && p.Label == "" {
		c.report("entity-label", t.place(r.number, "label"), "list", p.List)
	}
	for _, text := range [...]string{p.ID, p.CreateIf, p.UpdateIf, p.Label} {
		for _, ref := range findRefs(text) {
			p.names = append(p.names, ref.name)
		}
	}
	c.entityByList[p.List] = p
	c.form.Entities = append(c.form.Entities, &p.Entity)
}

// entityUse notes that the present row saves to an entity list, or is a question
// that an entity's expressions refer to.
func (rr *rowReader) entityUse(path containerPath, name string, container bool) {
	if v := rr.r.get("bind").get(saveToAttr); v != nil {
		rr.saveTo(path, v.flat(), container)
	}
	for _, e := range rr.form.Entities {
		p := rr.entityByList[e.List]
		for _, n := range p.names {
			if n == name && name != "" {
				rr.use(p, entityUse{path: path, at: rr.at("name"), question: name})
				break
			}
		}
	}
}

func (rr *rowReader) use(p *entityPlan, u entityUse) {
	if len(p.uses) == 0 {
		rr.entityOrder = append(rr.entityOrder, p.List)
	}
	p.uses = append(p.uses, u)
}

func (rr *rowReader) saveTo(path containerPath, value string, container bool) {
	at := rr.at("bind", saveToAttr)
	if len(rr.entityByList) == 0 {
		rr.report("entity-none", at)
		return
	}
	list, property, hash := strings.Cut(value, "#")
	switch {
	case strings.Contains(property, "#"):
		rr.report("save-to-hash", at)
		return
	case hash:
		rr.r.get("bind").set(saveToAttr, leaf(property))
	case len(rr.form.Entities) > 1:
		rr.report("save-to-which", at)
		return
	default:
		property, list = value, rr.form.Entities[0].List
	}
	p := rr.entityByList[list]
	if p == nil {
		rr.report("save-to-list", at, "list", list)
		return
	}
	lower := strings.ToLower(property)
	switch {
	case container:
		rr.report("save-to-group", at)
		return
	case lower == "name" || lower == "label" || strings.HasPrefix(property, "__") || !validName(property):
		rr.report("save-to-name", at, "name", property)
		return
	}
	for _, u := range p.uses {
		if u.property == property {
			rr.report("save-to-twice", at, "name", property, "other", strconv.Itoa(u.at.row))
			return
		}
	}
	rr.saveList = list
	rr.use(p, entityUse{path: path, at: at, property: property})
}

// entityItem builds the entity element of a declaration.
func entityItem(p *entityPlan, inRepeat bool) *Item {
	entity := &Item{Kind: KindEntity, Type: "entity", Name: "entity"}
	attribute := func(name, value, calculate string) *Item {
		it := &Item{Kind: KindAttribute, Type: "attribute", Name: name, value: value}
		if calculate != "" {
			it.Bind = attrs("calculate", calculate, "readonly", "true()", "type", "string")
		}
		entity.add(it)
		return it
	}
	attribute("dataset", p.List, "")
	if p.ID == "" || p.CreateIf != "" {
		attribute("create", "1", p.CreateIf)
	}
	if p.ID != "" {
		attribute("update", "1", p.UpdateIf)
		existing := "instance('" + p.List + "')/root/item[name=" + p.ID + "]/__"
		attribute("baseVersion", "", existing+"version")
		attribute("trunkVersion", "", existing+"trunkVersion")
		attribute("branchId", "", existing+"branchId")
	}
	id := attribute("id", "", p.ID)
	id.Bind = attrs("readonly", "true()", "type", "string")
	if p.ID != "" {
		id.Bind.set("calculate", p.ID)
	} else {
		id.actions = append(id.actions, action{name: "setvalue", event: eventFirstLoad, value: "uuid()"})
		if inRepeat {
			id.actions = append(id.actions, action{name: "setvalue", event: eventNewRepeat, value: "uuid()"})
		}
	}
	if p.Label != "" {
		entity.add(&Item{Kind: KindLabel, Type: "label", Name: "label",
			Bind: attrs("calculate", p.Label, "readonly", "true()", "type", "string")})
	}
	return entity
}

// fillSaves notes in the model which question is saved where.
func (c *compiler) fillSaves() {
	byList := map[string]*Entity{}
	for _, e := range c.form.Entities {
		byList[e.List] = e
	}
	for it := range c.root.All() {
		if it.Kind == KindEntity {
			if e := byList[it.Children[0].value]; e != nil {
				e.Path = it.Path()
			}
		}
		if it.SaveToList == "" {
			continue
		}
		if e := byList[it.SaveToList]; e != nil {
			e.Saves = append(e.Saves, EntitySave{it.SaveTo, it.Path()})
		}
	}
}
