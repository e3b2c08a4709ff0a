package xlsform

import "strings"

// controls writes what a person sees of the items in a section.
func (c *compiler) controls(section *Item) []*elem {
	var out []*elem
	for _, it := range section.Children {
		var e *elem
		switch it.Kind {
		case KindGroup:
			e = c.groupElem(it)
		case KindRepeat:
			e = c.repeatElem(it)
		case KindQuestion:
			e = c.questionElem(it)
		}
		if e != nil {
			out = append(out, e)
		}
	}
	return out
}

func (c *compiler) controlAttrs(out *elem, it *Item) {
	for _, a := range it.Control {
		if c.attributeName(it, "control", a.Name) {
			out.set(a.Name, c.insertPaths(a.Value.flat(), refContext{item: it}))
		}
	}
}

func (c *compiler) groupElem(it *Item) *elem {
	if it.bodyless {
		return nil
	}
	out := el("group")
	c.controlAttrs(out, it)
	if a := it.Control.Text("appearance"); !a.Empty() {
		out.set("appearance", a.flat())
	}
	if !it.flat {
		out.set("ref", it.Path())
	}
	if !it.Label.Empty() {
		out.with(c.labelElem(it))
	}
	return out.with(c.controls(it)...)
}

func (c *compiler) repeatElem(it *Item) *elem {
	repeat := el("repeat", "nodeset", it.Path())
	c.controlAttrs(repeat, it)
	repeat.with(c.controls(it)...)
	for below := range it.All() {
		if (below.Kind == KindAttribute || below.Kind == KindQuestion) && nearestRepeat(below) == it {
			repeat.with(c.actionElems(below, true)...)
		}
	}
	return el("group", "ref", it.Path()).with(c.labelElem(it), repeat)
}

func (c *compiler) labelElem(it *Item) *elem {
	if it.needsItext() {
		return el("label", "ref", "jr:itext('"+it.Path()+":label')")
	}
	out := el("label")
	if !it.Label.Empty() {
		out.text = c.outputs(it.Label.Plain, it)
	}
	return out
}

func (c *compiler) hintElem(it *Item) *elem {
	if it.Hint.multi() || !it.Guidance.Empty() {
		return el("hint", "ref", "jr:itext('"+it.Path()+":hint')")
	}
	out := el("hint")
	if !it.Hint.Empty() {
		out.text = c.outputs(it.Hint.Plain, it)
	}
	return out
}

// Visible reports whether a person who fills in the form sees the question (if
// it is relevant): calculations and metadata are not seen.
func (it *Item) Visible() bool {
	return it.Kind == KindQuestion && it.tag != "" && it.tag != "action" && !it.hidden()
}

// hidden reports whether a question that could be shown is computed instead.
func (it *Item) hidden() bool {
	computed := it.Bind.Has("calculate") || len(it.Trigger) > 0
	return it.Type == "calculate" || computed && it.Label.Empty() && it.Hint.Empty()
}

func (c *compiler) questionElem(it *Item) *elem {
	if it.hidden() {
		for _, s := range c.setValues[it.Name] {
			c.report("trigger-hidden", c.itemPlace(it), "name", it.Name, "target", s.target)
		}
		return nil
	}
	if it.tag == "" || it.tag == "action" {
		return nil
	}
	out := el(it.tag).with(c.labelAndHint(it)...)
	out.set("ref", it.Path())
	c.controlAttrs(out, it)
	switch it.tag {
	case "select", "select1", rankTag:
		c.selectElem(out, it)
	case "range":
		if it.ListName != "" {
			out.with(c.listItemset(it).elem())
		}
	case "input":
		if it.query {
			c.setQuery(out, it)
		} else if it.ListName != "" {
			out.with(c.itemset(it).elem())
		}
	}
	for _, tag := range it.Tags {
		label := &Item{Name: tag.Name, Label: tag.Label, Kind: KindQuestion}
		out.with(el("tag", "key", tag.Name).with(c.labelElem(label)))
	}
	c.valueChanged(out, it)
	return out
}

// valueChanged adds the actions that happen when this question is answered.
func (c *compiler) valueChanged(out *elem, it *Item) {
	ctx := refContext{item: it}
	for _, s := range c.setValues[it.Name] {
		target := c.target(s.target, ctx)
		if target == nil {
			continue
		}
		e := el("setvalue", "ref", target.Path(), "event", eventValueChanged)
		if s.value != "" {
			e.set("value", c.insertPaths(s.value, ctx))
		}
		out.with(e)
	}
	for _, s := range c.setGeopoint[it.Name] {
		if target := c.target(s.target, ctx); target != nil {
			out.with(el("odk:setgeopoint", "ref", target.Path(), "event", eventValueChanged))
		}
	}
}

func (c *compiler) labelAndHint(it *Item) []*elem {
	labelled := !it.Label.Empty() || it.Media != nil
	hinted := !it.Hint.Empty() || !it.Guidance.Empty()
	if !labelled && it.Hint.Empty() {
		c.report("label-missing", c.itemPlace(it, "label"), "name", it.Name)
	}
	if it.Media.Has("big-image") && !it.Media.Has("image") {
		c.report("image-missing", c.itemPlace(it, "media", "big-image"), "name", it.Name)
	}
	out := []*elem{c.labelElem(it)}
	if hinted {
		out = append(out, c.hintElem(it))
	}
	return out
}

// itemset is where the choices of a question come from.
type itemset struct{ nodeset, value, label, filter string }

func (s itemset) elem() *elem {
	return el("itemset", "nodeset", s.nodeset).with(el("value", "ref", s.value), el("label", "ref", s.label))
}

func (c *compiler) selectElem(out *elem, it *Item) {
	if t := it.Bind.Get("type"); t != "string" && t != "odk:rank" {
		c.report("bind-type", c.itemPlace(it, "bind", "type"), "type", t)
	}
	if it.inline == nil {
		out.with(c.itemset(it).elem())
		return
	}
	for i, ch := range it.inline.Choices {
		label := el("label")
		switch {
		case it.inline.itext:
			label.set("ref", "jr:itext('"+itextID(it.inline, i)+"')")
		case !it.Label.Empty() && ch.Label.Plain != "":
			label.text = c.outputs(ch.Label.Plain, nil)
		}
		out.with(el("item").with(label, el("value").plain(ch.Name)))
	}
}

func (c *compiler) setQuery(out *elem, it *Item) {
	query := "instance('" + it.ListName + "')/root/item"
	if it.ChoiceFilter != "" {
		query += "[" + c.insertPaths(it.ChoiceFilter, refContext{item: it, current: true}) + "]"
	}
	out.set("query", query)
}

// itemset finds the choices of a question: a file, a repeat, or a list; then
// applies filter and random order.
func (c *compiler) itemset(it *Item) itemset {
	base, ext := splitExt(it.ListName)
	reference := hasRef(it.ListName)
	var s itemset
	switch {
	case fileExtensions[ext]:
		s = itemset{nodeset: "instance('" + base + "')/root/item", value: "name", label: "label"}
		if ext == ".geojson" {
			s.value, s.label = "id", "title"
		}
		s.value = orElse(it.Parameters.Get("value"), s.value)
		s.label = orElse(it.Parameters.Get("label"), s.label)
	case reference:
		s = c.referenceItemset(it)
	default:
		s = c.listItemset(it)
	}
	if it.ChoiceFilter != "" {
		s.filter = c.insertPaths(it.ChoiceFilter, refContext{item: it, current: true, wholeList: reference})
		if reference {
			s.filter = strings.ReplaceAll(s.filter, "current()/"+s.nodeset, ".")
			s.filter = strings.ReplaceAll(s.filter, s.nodeset, ".")
		}
	}
	if s.filter != "" {
		s.nodeset += "[" + s.filter + "]"
	}
	if it.Parameters.Get("randomize") == "true" {
		seed := ""
		if v := it.Parameters.Get("seed"); v != "" {
			seed = ", " + strip(c.insertPaths(v, refContext{item: it}))
		}
		s.nodeset = "randomize(" + s.nodeset + seed + ")"
	}
	return s
}

func (c *compiler) listItemset(it *Item) itemset {
	s := itemset{nodeset: "instance('" + it.ListName + "')/root/item", value: "name", label: "label"}
	if l := c.lists[it.ListName]; l != nil && l.itext {
		s.label = "jr:itext(itextId)"
	}
	return s
}

// referenceItemset takes the answers of a question in a repeat as choices; for
// geographic questions, the geometry of each pass of a repeat.
func (c *compiler) referenceItemset(it *Item) itemset {
	path := strip(c.insertPaths(it.ListName, refContext{item: it, wholeList: true}))
	if geoTypes[it.Type] {
		return itemset{nodeset: path, value: "geometry", label: "geometry", filter: "./geometry != ''"}
	}
	i := strings.LastIndexByte(path, '/')
	last := path[i+1:]
	return itemset{nodeset: path[:max(i, 0)], value: last, label: last, filter: "./" + last + " != ''"}
}

var geoTypes = map[string]bool{"geopoint": true, "geotrace": true, "geoshape": true}
