package xpath

import "strings"

var formFunctions = []Function{
	{Name: "jr:itext", Args: "id", Min: 1, Max: 1, Eval: fnItext,
		Doc: "The text with this id in the language in use."},
	{Name: "jr:choice-name", Args: "value, path", Min: 2, Max: 2, Eval: fnChoiceName,
		Doc: "The label of the choice with this value, of the question at the path (given as text)."},
	{Name: "pulldata", Args: "instance, want, key, value", Min: 4, Max: 4, Eval: fnPullData,
		Doc: "The column want of the row of the instance in which the column key has the value."},
	{Name: "property", Args: "name", Min: 1, Max: 1, Eval: fnProperty, Doc: "A property of the device or user, such as deviceid."},
	{Name: "version", Doc: "The version of the form.",
		Eval: func(a *Arguments) Value { return StringValue(a.e.env.Version) }},
	{Name: "depend", Args: "value, …", Min: 1, Max: -1, Doc: "The first value; the others only make the calculation depend on them.",
		Eval: func(a *Arguments) Value { return a.Value(0) }},
}

func fnItext(a *Arguments) Value {
	id := a.Text(0)
	if a.e.err != nil {
		return Value{}
	}
	if a.e.env.Itext != nil {
		if text, ok := a.e.env.Itext(id); ok {
			return a.made(text)
		}
	}
	a.Fail("there is no text%s for jr:itext", a.said(0))
	return Value{}
}

func fnChoiceName(a *Arguments) Value {
	value, path := a.Text(0), a.Text(1)
	if a.e.err != nil {
		return Value{}
	}
	if a.e.env.ChoiceName == nil {
		a.Fail("jr:choice-name needs the form that the answers belong to")
		return Value{}
	}
	label, _ := a.e.env.ChoiceName(a.f.node, path, value) // no such choice: no label
	return a.made(label)
}

func fnPullData(a *Arguments) Value {
	instance, want, key, value := a.Text(0), a.Text(1), a.Text(2), a.Text(3)
	if a.e.err != nil {
		return Value{}
	}
	if a.e.env.PullData != nil {
		text, err := a.e.env.PullData(instance, want, key, value)
		if err != nil {
			a.e.offset = a.call.off
			a.e.failWith(err, "pulldata cannot read the instance%s: %v", a.said(0), err)
		}
		return a.made(text)
	}
	doc := a.findInstance(strings.TrimSuffix(instance, ".csv"))
	if doc == nil {
		a.Fail("there is no instance%s for pulldata", a.said(0))
		return Value{}
	}
	root := doc.DocumentElement()
	if root == nil {
		return StringValue("")
	}
	if items := a.itemsWith(root, key, value); len(items) > 0 {
		if w := items[0].Child(want); w != nil {
			return a.made(w.Text())
		}
	}
	return StringValue("")
}

// itemsWith lists the children of root that have a child key with this text.
func (a *Arguments) itemsWith(root *Node, key, value string) []*Node {
	if ix := root.index(); ix != nil {
		if items, ok := ix.find(list{holder: root, name: "*", key: key}, value); ok {
			return items
		}
	}
	var out []*Node
	for _, item := range root.children {
		if !a.e.spend(1) {
			return nil
		}
		for _, k := range item.children {
			if k.Kind == ElementNode && k.QName() == key && k.Text() == value {
				out = append(out, item)
				break
			}
		}
	}
	return out
}

func fnProperty(a *Arguments) Value {
	name := a.Text(0)
	if a.e.err != nil || a.e.env.Property == nil {
		return StringValue("")
	}
	return a.made(a.e.env.Property(name))
}
