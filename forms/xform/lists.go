package xform

import (
	"regexp"
	"strings"

	"aman/forms/xpath"
)

// list is a secondary instance of the form, read as a list of choices when first asked.
type list struct {
	instance *xpath.Node
	read     map[string][]Option // by the names of its value and label columns
}

// options are the choices that stand in a control, or in the list of the form that it
// draws from.
func (x *reader) options(c *xpath.Node) []Option {
	var out []Option
	for _, item := range elements(c) {
		switch item.Name {
		case "item":
			if v := child(item, "value"); v != nil {
				out = append(out, Option{Value: strings.TrimSpace(v.Text()), Label: x.said(child(item, "label"))})
			}
		case "itemset":
			out = append(out, x.listed(item)...)
		}
	}
	return out
}

var fromList = regexp.MustCompile(`instance\(\s*['"]([^'"]+)['"]\s*\)/([^/\[\])]+)/([^/\[\])]+)`)

// listed gives every choice of the list an itemset draws from.
func (x *reader) listed(itemset *xpath.Node) []Option {
	m := fromList.FindStringSubmatch(attr(itemset, "nodeset"))
	if m == nil || x.lists[m[1]] == nil {
		return nil
	}
	l, value, label := x.lists[m[1]], "name", "label"
	if v := child(itemset, "value"); v != nil {
		value = attr(v, "ref")
	}
	if v := child(itemset, "label"); v != nil {
		label = attr(v, "ref")
	}
	key := m[3] + " " + value + " " + label
	if out, ok := l.read[key]; ok {
		return out
	}
	var out []Option
	for _, item := range elements(child(l.instance, m[2])) {
		if item.Name != m[3] {
			continue
		}
		v := child(item, value)
		if v == nil {
			continue
		}
		out = append(out, Option{Value: strings.TrimSpace(v.Text()), Label: x.choiceLabel(item, label)})
	}
	if l.read == nil {
		l.read = map[string][]Option{}
	}
	l.read[key] = out
	return out
}

// choiceLabel is the label of an item of a list: ref is a column, or jr:itext(column).
func (x *reader) choiceLabel(item *xpath.Node, ref string) Words {
	ref = strings.TrimSpace(ref)
	if strings.HasPrefix(ref, "jr:itext(") {
		column := strings.TrimSpace(strings.TrimSuffix(ref[len("jr:itext("):], ")"))
		if n := child(item, column); n != nil {
			return x.texts[n.Text()][""]
		}
		return nil
	}
	if n := child(item, ref); n != nil {
		return Words{"": plain(n)}
	}
	return nil
}
