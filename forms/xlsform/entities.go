package xlsform

import (
	"sort"
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

// entityRequest is where an entity would like to be.
type entityRequest struct {
	plan     *entityPlan
	scope    containerPath
	wanted   containerPath
	lineages []containerPath // of its save_to uses, distinct
}

// request finds the place for an entity: the deepest scope that any use needs,
// and in it the deepest group common to the questions that are saved.
func (c *compiler) request(p *entityPlan) (entityRequest, bool) {
	var scopeUse, deepest, save *entityUse
	var scope containerPath
	for i := range p.uses {
		u := &p.uses[i]
		s := u.path.scope()
		if scope == nil || s.repeats() > scope.repeats() {
			if scope == nil || s.key() != scope.key() {
				deepest = u
				if u.property != "" {
					save = u
				}
			}
			scope, scopeUse = s, u
		}
		same := s.key() == scope.key()
		if same && u.path.below() > deepest.path.below() {
			deepest = u
		}
		if u.property != "" && (save == nil || same && u.path.below() > save.path.below()) {
			save = u
		}
	}
	req := entityRequest{plan: p, scope: scope, wanted: deepest.path}
	seen := map[string]bool{}
	for _, u := range p.uses {
		if u.property != "" && !seen[u.path.key()] {
			seen[u.path.key()] = true
			req.lineages = append(req.lineages, u.path)
		}
	}
	if save != nil {
		req.wanted = commonPath(req.lineages)
		if s := save.path.scope(); len(req.lineages) > 1 && deeper(s, req.wanted) {
			req.wanted = s
		}
	}
	return req, c.checkScopes(p, req, scopeUse)
}

// deeper reports whether a is to be preferred to b: more repeats, then more groups.
// Of equal ones the first stands.
func deeper(a, b containerPath) bool {
	if a.repeats() != b.repeats() {
		return a.repeats() > b.repeats()
	}
	return a.below() >= b.below()
}

func commonPath(paths []containerPath) containerPath {
	common := paths[0]
	for _, p := range paths[1:] {
		n := 0
		for n < len(common) && n < len(p) && common[n] == p[n] {
			n++
		}
		common = common[:n]
	}
	return common
}

// checkScopes reports uses that lie in repeats which do not contain each other.
func (c *compiler) checkScopes(p *entityPlan, req entityRequest, scopeUse *entityUse) bool {
	for _, u := range p.uses {
		s := u.path.scope()
		if !req.scope.startsWith(s) {
			c.report("entity-scope", u.at, "list", p.List, "scope", u.path.String(), "other", scopeUse.path.String())
			return false
		}
		if u.property != "" && req.wanted.scope().key() != s.key() {
			c.report("entity-scope", u.at, "list", p.List, "scope", u.path.String(), "other", req.wanted.String())
			return false
		}
	}
	return true
}

// placeEntities puts a meta/entity element for each declaration into the tree,
// and gives the meta group of the form if that made one.
func (c *compiler) placeEntities() *Item {
	if len(c.form.Entities) == 0 {
		return nil
	}
	groups, ok := c.entityRequests()
	if !ok {
		return nil
	}
	places := map[string]*entityPlan{}
	nested := false
	if len(groups) == 1 && groups[0][0].scope.key() == rootPath.key() && len(groups[0]) == 1 {
		places[rootPath.key()] = groups[0][0].plan
	} else if places, nested, ok = c.allocate(groups); !ok {
		return nil
	}
	c.form.EntitiesVersion = "2024.1.0"
	if len(c.form.Entities) > 1 || nested {
		c.form.EntitiesVersion = "2025.1.0"
	}
	c.injectEntities(c.root, rootPath, places, false)
	for _, child := range c.root.Children {
		if child.bodyless {
			return child
		}
	}
	return nil
}

// entityRequests groups the requests by scope, in the order of first use;
// lists that nothing refers to belong to the form.
func (c *compiler) entityRequests() (groups [][]entityRequest, ok bool) {
	ok = true
	index := map[string]int{}
	put := func(r entityRequest) {
		k := r.scope.key()
		i, found := index[k]
		if !found {
			i = len(groups)
			index[k] = i
			groups = append(groups, nil)
		}
		groups[i] = append(groups[i], r)
	}
	for _, list := range c.entityOrder {
		r, fine := c.request(c.entityByList[list])
		ok = ok && fine
		put(r)
	}
	for _, e := range c.form.Entities {
		if p := c.entityByList[e.List]; len(p.uses) == 0 {
			put(entityRequest{plan: p, scope: rootPath, wanted: rootPath})
		}
	}
	return groups, ok
}

// allocate gives each entity a group of its own: the one that it wants, or the
// nearest free one above it in its scope.
func (c *compiler) allocate(groups [][]entityRequest) (places map[string]*entityPlan, nested, ok bool) {
	places, ok = map[string]*entityPlan{}, true
	reserved := map[string]*entityPlan{}
	for _, requests := range groups {
		sort.SliceStable(requests, func(i, j int) bool { return requests[i].plan.Row < requests[j].plan.Row })
		for _, req := range requests {
			path, conflict := findPlace(req, places, reserved)
			if conflict != nil {
				c.report("entity-place", req.plan.at, "list", req.plan.List, "scope", req.scope.String(), "other", strconv.Itoa(conflict.Row))
				ok = false
				continue
			}
			places[path.key()], reserved[path.key()] = req.plan, req.plan
			for _, l := range req.lineages {
				for i := len(l); i >= len(path); i-- {
					reserved[l[:i].key()] = req.plan
				}
			}
			nested = nested || path.repeats() > 0
		}
	}
	return places, nested, ok
}

func findPlace(req entityRequest, places, reserved map[string]*entityPlan) (containerPath, *entityPlan) {
	var conflict *entityPlan
	for depth := len(req.wanted); depth >= len(req.scope); depth-- {
		path := req.wanted[:depth]
		conflict = places[path.key()]
		if conflict == nil {
			conflict = reserved[path.key()]
		}
		if conflict == nil {
			return path, nil
		}
		if len(req.lineages) > 0 {
			if other := reserved[req.lineages[0].key()]; other != nil {
				return nil, other
			}
		}
	}
	return nil, conflict
}

// injectEntities adds the planned meta/entity elements below the item.
func (c *compiler) injectEntities(it *Item, path containerPath, places map[string]*entityPlan, inRepeat bool) {
	if p := places[path.key()]; p != nil {
		delete(places, path.key())
		meta := metaGroup()
		meta.add(entityItem(p, inRepeat))
		it.add(meta)
	}
	for _, child := range it.Children {
		if child.isLoop || child.Kind != KindGroup && child.Kind != KindRepeat {
			continue
		}
		c.injectEntities(child, path.with(child.Name, child.Type), places, inRepeat || child.Kind == KindRepeat)
	}
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
