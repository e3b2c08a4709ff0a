package xform

import (
	"errors"
	"strings"
)

// Form is the definition of a form: what it asks.
type Form struct {
	ID, Version, Title string
	Questions          []Question
	// Languages are the languages of its itext, the default first.
	Languages []string
}

// Question is one control of a form's body.
type Question struct {
	Path   string
	Name   string
	Type   string            // of its bind: string, date, select1 …; empty when not said
	Label  map[string]string // by language; "" is a label without itext
	Groups []string          // the labels of the groups around it, outermost first
	// Options are the answers of a choice that stands in the form itself.
	Options []Option
	Many    bool
}

// Option is an answer of a choice.
type Option struct {
	Value string
	Label map[string]string
}

// Text gives a label in a language, else in the form's default, else any.
func Text(label map[string]string, lang string) string {
	for key, v := range label {
		if strings.EqualFold(key, lang) || strings.Contains(strings.ToLower(key), "("+strings.ToLower(lang)+")") {
			return v
		}
	}
	if v := label[""]; v != "" {
		return v
	}
	for _, v := range label {
		return v
	}
	return ""
}

// ParseForm reads a form definition.
func ParseForm(body []byte) (*Form, error) {
	root, err := parse(body)
	if err != nil {
		return nil, err
	}
	if root.name.Local != "html" {
		return nil, errors.New("the document is not an XForm: its root is not html")
	}
	model := root.find("head", "model")
	if model == nil {
		return nil, errors.New("the form has no model")
	}
	primary := model.find("instance")
	if primary == nil || len(primary.children) == 0 {
		return nil, errors.New("the form's first instance is empty")
	}
	data := primary.children[0]
	f := &Form{ID: data.attr("id"), Version: data.attr("version")}
	if f.ID == "" {
		return nil, errors.New("the form's instance has no id attribute")
	}
	if t := root.find("head", "title"); t != nil {
		f.Title = strings.TrimSpace(t.text)
	}
	x := reader{form: f, types: map[string]string{}, texts: map[string]map[string]string{}}
	x.itext(model.child("itext"))
	for _, b := range model.children {
		if b.name.Local == "bind" {
			x.types[b.attr("nodeset")] = b.attr("type")
		}
	}
	if b := root.child("body"); b != nil {
		x.body(b, "", nil)
	}
	return f, nil
}

type reader struct {
	form  *Form
	types map[string]string
	texts map[string]map[string]string // itext id -> language -> text
}

func (x *reader) itext(n *node) {
	if n == nil {
		return
	}
	for _, t := range n.children {
		if t.name.Local != "translation" {
			continue
		}
		lang := t.attr("lang")
		if t.attr("default") != "" {
			x.form.Languages = append([]string{lang}, x.form.Languages...)
		} else {
			x.form.Languages = append(x.form.Languages, lang)
		}
		for _, text := range t.children {
			for _, v := range text.children {
				if v.name.Local == "value" && v.attr("form") == "" {
					id := text.attr("id")
					if x.texts[id] == nil {
						x.texts[id] = map[string]string{}
					}
					x.texts[id][lang] = v.plain()
				}
			}
		}
	}
}

func (x *reader) label(n *node) map[string]string {
	l := n.child("label")
	if l == nil {
		return nil
	}
	if ref := l.attr("ref"); strings.HasPrefix(ref, "jr:itext(") {
		if id := strings.Trim(strings.TrimSuffix(strings.TrimPrefix(ref, "jr:itext("), ")"), `'"`); x.texts[id] != nil {
			return x.texts[id]
		}
	}
	return map[string]string{"": l.plain()}
}

var controls = map[string]bool{"input": true, "select1": true, "select": true, "upload": true, "trigger": true, "range": true, "rank": true, "secret": true}

func (x *reader) body(n *node, base string, groups []string) {
	for _, c := range n.children {
		name := c.name.Local
		ref := c.attr("ref")
		if ref == "" {
			ref = c.attr("nodeset")
		}
		if ref != "" && !strings.HasPrefix(ref, "/") {
			ref = base + "/" + ref
		}
		switch {
		case name == "group" || name == "repeat":
			inner := groups
			if l := x.label(c); l != nil && Text(l, "") != "" {
				inner = append(append([]string{}, groups...), Text(l, ""))
			}
			if ref == "" {
				ref = base
			}
			x.body(c, ref, inner)
		case controls[name]:
			q := Question{Path: ref, Name: ref[strings.LastIndex(ref, "/")+1:], Type: x.types[ref], Label: x.label(c), Groups: groups, Many: name == "select" || name == "rank"}
			for _, item := range c.children {
				if item.name.Local == "item" {
					v := item.child("value")
					if v != nil {
						q.Options = append(q.Options, Option{Value: strings.TrimSpace(v.text), Label: x.label(item)})
					}
				}
			}
			x.form.Questions = append(x.form.Questions, q)
		}
	}
}
