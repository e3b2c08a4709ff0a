package xlsform

import (
	"strings"
)

// emit builds the XForm from the tree, and the rest of the model with it.
// Faults that show only here are reported like the others.
func (c *compiler) emit() {
	c.buildNames()
	c.collectTriggers()
	c.collectTexts()
	c.fillSaves()
	if c.usesItemsets() {
		c.form.Itemsets = c.itemsetsCSV()
	}
	html := el("h:html")
	for _, ns := range c.namespaces() {
		html.set(ns.name, ns.value)
	}
	body := el("h:body")
	if style := c.settings.str("style"); style != "" {
		body.set("class", style)
	}
	model := c.modelElem()
	body.with(c.controls(c.root)...)
	html.with(el("h:head").with(el("h:title").plain(c.form.Title), model), body)
	if !HasErrors(c.found) {
		c.checkPrefixes(html)
	}
	c.form.root = html
}

func (c *compiler) usesItemsets() bool {
	for it := range c.root.All() {
		if it.query {
			return true
		}
	}
	return false
}

// itemPlace is where the sheet says something about an item.
func (c *compiler) itemPlace(it *Item, parts ...string) place {
	for p := it; p != nil; p = p.Parent {
		if p.Row > 0 {
			return c.survey.place(p.Row, parts...)
		}
	}
	return place{sheet: c.survey.sheet.Name}
}

var standardNamespaces = []xmlAttr{
	{"xmlns", "http://www.w3.org/2002/xforms"},
	{"xmlns:h", "http://www.w3.org/1999/xhtml"},
	{"xmlns:ev", "http://www.w3.org/2001/xml-events"},
	{"xmlns:xsd", "http://www.w3.org/2001/XMLSchema"},
	{"xmlns:jr", "http://openrosa.org/javarosa"},
	{"xmlns:orx", "http://openrosa.org/xforms"},
	{"xmlns:odk", "http://www.opendatakit.org/xforms"},
}

// namespaces gives the declarations: the usual ones, and those of the
// namespaces setting, which is written esri="http://esri.com/xforms".
func (c *compiler) namespaces() []xmlAttr {
	out := append([]xmlAttr(nil), standardNamespaces...)
	given := strings.FieldsFunc(c.settings.str("namespaces"), isSpace)
	if c.form.EntitiesVersion != "" {
		given = append(given, "entities=http://www.opendatakit.org/xforms/entities")
	}
	for _, g := range given {
		prefix, uri, ok := strings.Cut(g, "=")
		uri = strings.NewReplacer(`"`, "", "'", "").Replace(uri)
		if !ok || prefix == "" || strings.Contains(uri, "=") || scanName(prefix) != len(prefix) {
			continue
		}
		known := false
		for i := range standardNamespaces {
			known = known || out[i].name == "xmlns:"+prefix
		}
		if known {
			continue
		}
		kept := out[:0]
		for _, o := range out {
			if o.name != "xmlns:"+prefix {
				kept = append(kept, o)
			}
		}
		out = append(kept, xmlAttr{"xmlns:" + prefix, uri})
	}
	return out
}

// collectTriggers notes which questions are set when another one changes.
func (c *compiler) collectTriggers() {
	c.setValues, c.setGeopoint = map[string][]setOn{}, map[string][]setOn{}
	for it := range c.root.All() {
		if it.Kind != KindQuestion {
			continue
		}
		for _, t := range it.Trigger {
			to := c.setValues
			if it.Type == "background-geopoint" {
				to = c.setGeopoint
			}
			to[t] = append(to[t], setOn{it.Name, it.Bind.Get("calculate")})
		}
	}
}

func (c *compiler) modelElem() *elem {
	model := el("model", "odk:xforms-version", "1.0.0")
	if v := c.form.EntitiesVersion; v != "" {
		model.set("entities:entities-version", v)
	}
	if s := c.submissionElem(); s != nil {
		model.with(s)
	}
	if len(c.texts.langs) > 0 {
		model.with(c.itextElem())
	}
	model.with(el("instance").with(c.primary()))
	model.with(c.secondary()...)
	for it := range c.root.All() {
		if b := c.bindElem(it); b != nil {
			model.with(b)
		}
		if it.Kind == KindAttribute || it.Kind == KindQuestion {
			model.with(c.actionElems(it, false)...)
		}
	}
	return model
}

// submissionElem says where and how answers are sent, if the settings do.
func (c *compiler) submissionElem() *elem {
	s := el("submission")
	if url := c.settings.str("submission_url"); url != "" {
		s.set("action", url)
		s.set("method", "post")
	}
	for _, p := range [...]struct{ setting, attr string }{
		{"public_key", "base64RsaPublicKey"}, {"auto_send", "orx:auto-send"}, {"auto_delete", "orx:auto-delete"},
	} {
		if v := c.settings.str(p.setting); v != "" {
			s.set(p.attr, v)
		}
	}
	if yesNo[c.settings.str("client_editable")] {
		s.set("odk:client-editable", "true")
	}
	if len(s.attrs) == 0 {
		return nil
	}
	return s
}

// primary is the empty record that the form fills in.
func (c *compiler) primary() *elem {
	root := c.instanceElem(c.root, false)
	for _, a := range c.settings.get("attribute").asAttrs() {
		root.set(a.Name, a.Value.flat())
	}
	root.set("id", c.form.ID)
	for _, p := range [...]struct{ setting, attr string }{
		{"instance_xmlns", "xmlns"}, {"version", "version"}, {"prefix", "odk:prefix"}, {"delimiter", "odk:delimiter"},
	} {
		if v := c.settings.str(p.setting); v != "" {
			root.set(p.attr, v)
		}
	}
	return root
}

// instanceElem writes a section and what is in it. A repeat is written twice: as
// a template, and as its first pass; in a pass no templates are written again.
func (c *compiler) instanceElem(section *Item, inPass bool) *elem {
	out := el(section.Name)
	c.instanceAttrs(out, section)
	for _, child := range section.Children {
		c.instanceChild(out, child, inPass)
	}
	return out
}

func (c *compiler) instanceChild(out *elem, child *Item, inPass bool) {
	if !c.make() {
		return
	}
	switch {
	case child.Kind == KindExternal:
	case child.flat:
		for _, grandchild := range child.Children {
			c.instanceChild(out, grandchild, false)
		}
	case child.Kind == KindAttribute:
		out.set(child.Name, child.value)
	case child.Kind == KindRepeat:
		if !inPass {
			out.with(c.templateElem(child))
		}
		out.with(c.instanceElem(child, true))
	case child.isSection():
		out.with(c.instanceElem(child, inPass))
	case child.Kind == KindLabel:
		out.with(el(child.Name))
	default:
		out.with(c.valueElem(child))
	}
}

func (c *compiler) templateElem(repeat *Item) *elem {
	out := el(repeat.Name, "jr:template", "")
	for _, child := range repeat.Children {
		if child.Kind == KindRepeat && c.make() {
			out.with(c.templateElem(child))
		} else {
			c.instanceChild(out, child, false)
		}
	}
	return out
}

func (c *compiler) valueElem(it *Item) *elem {
	out := el(it.Name)
	if it.Default != "" && !isDynamic(it.Default, it.Type) {
		out.plain(it.Default)
	}
	c.instanceAttrs(out, it)
	return out
}

func (c *compiler) instanceAttrs(out *elem, it *Item) {
	for _, a := range it.Instance {
		if c.attributeName(it, "instance", a.Name) {
			out.set(a.Name, c.insertPaths(a.Value.flat(), refContext{item: it}))
		}
	}
}

// attributeName reports a column that would make an attribute XML cannot hold.
func (c *compiler) attributeName(it *Item, group, name string) bool {
	if validName(name) {
		return true
	}
	c.report("header-attribute", c.itemPlace(it, group, name), "header", group+"::"+name, "name", name)
	return false
}

func (c *compiler) bindElem(it *Item) *elem {
	if it.Bind == nil || it.Kind == KindExternal || it.isSection() && it.flat {
		return nil
	}
	out := el("bind", "nodeset", it.Path())
	for _, a := range it.Bind {
		if a.Name == "calculate" && len(it.Trigger) > 0 || !c.attributeName(it, "bind", a.Name) {
			continue
		}
		value := a.Value.flat()
		switch {
		case bindExpressions[a.Name] && !a.Value.multi() && bindConversions[value] != "":
			value = bindConversions[value]
		case strings.HasPrefix(a.Name, "jr:") && messageAttrs[a.Name] && inItext(a.Name, a.Value):
			value = "jr:itext('" + it.Path() + ":" + a.Name + "')"
		}
		out.set(a.Name, c.insertPaths(value, refContext{item: it}))
	}
	return out
}

var messageAttrs = map[string]bool{"jr:constraintMsg": true, "jr:requiredMsg": true, "jr:noAppErrorString": true}

// actionElems gives the actions of an item: those that belong to the model, or
// those of the event that a new entry of a repeat causes.
func (c *compiler) actionElems(it *Item, newRepeat bool) []*elem {
	var out []*elem
	for _, a := range it.actions {
		if (a.event == eventNewRepeat) != newRepeat {
			continue
		}
		value := a.value
		if it.Default != "" {
			value = it.Default
			if it.dynamic {
				value = c.insertPaths(value, refContext{item: it})
			}
		}
		e := el(a.name, "ref", it.Path(), "event", a.event)
		if a.name == "setvalue" && value != "" {
			e.set("value", value)
		}
		if a.quality != "" {
			e.set("odk:quality", a.quality)
		}
		out = append(out, e)
	}
	return out
}

// checkPrefixes warns of names whose prefix no namespace is declared for.
func (c *compiler) checkPrefixes(html *elem) {
	declared := map[string]bool{"xml": true, "xmlns": true}
	for _, a := range html.attrs {
		if p, ok := strings.CutPrefix(a.name, "xmlns:"); ok {
			declared[p] = true
		}
	}
	for it := range c.root.All() {
		for _, group := range [...]Attrs{it.Bind, it.Control, it.Instance, {{Name: it.Name}}} {
			for _, a := range group {
				if prefix, _, ok := strings.Cut(a.Name, ":"); ok && !declared[prefix] {
					declared[prefix] = true
					c.report("namespace-none", c.itemPlace(it), "name", a.Name)
				}
			}
		}
	}
}
