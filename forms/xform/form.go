package xform

import (
	"errors"
	"strings"

	"aman/forms/xpath"
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
	Path   string // without positions: /data/leg/from
	Name   string
	Type   string // of its bind: string, date, int …; empty when not said
	Kind   string // of its control: input, select1, select, rank, range, upload, trigger …
	Label  Words
	Hint   Words
	Media  map[string]Words // by form of itext: image, audio, video, big-image, guidance …
	Groups []string         // the labels of the groups around it, outermost first
	// Options are the answers of a choice that stand in the form: its own, or all of the
	// list it draws from, whatever filter is laid on that list.
	Options    []Option
	Many       bool
	Appearance string
}

// Option is an answer of a choice.
type Option struct {
	Value string
	Label Words
}

// Words are a text by language; "" is the key of one without a language.
type Words = map[string]string

// Text gives a text in a language: "ur" finds "ur", "Urdu (ur)" and "urdu (UR)"; else the
// one without a language, else any, the alphabetically first.
func Text(text Words, lang string) string {
	for key, v := range text {
		if strings.EqualFold(key, lang) || strings.Contains(strings.ToLower(key), "("+strings.ToLower(lang)+")") {
			return v
		}
	}
	if v := text[""]; v != "" {
		return v
	}
	first, found := "", false
	for key := range text {
		if text[key] != "" && (!found || key < first) {
			first, found = key, true
		}
	}
	return text[first]
}

// ParseForm reads a form definition: what it asks, in which words. Compile reads its
// logic too.
func ParseForm(body []byte) (*Form, error) {
	x, err := parseForm(body)
	if err != nil {
		return nil, err
	}
	return x.form, nil
}

func parseForm(body []byte) (*reader, error) {
	root, err := read(body)
	if err != nil {
		return nil, err
	}
	if root.Name != "html" {
		return nil, errors.New("the document is not an XForm: its root is not html")
	}
	x := &reader{form: &Form{}, model: find(root, "head", "model"), types: map[string]string{}, binds: map[string]string{}, texts: map[string]map[string]Words{}, lists: map[string]*list{}}
	if x.model == nil {
		return nil, errors.New("the form has no model")
	}
	primary := elements(child(x.model, "instance"))
	if len(primary) == 0 {
		return nil, errors.New("the form's first instance is empty")
	}
	x.data = primary[0]
	x.form.ID, x.form.Version = attr(x.data, "id"), attr(x.data, "version")
	if x.form.ID == "" {
		return nil, errors.New("the form's instance has no id attribute")
	}
	if t := find(root, "head", "title"); t != nil {
		x.form.Title = strings.TrimSpace(t.Text())
	}
	x.itext(child(x.model, "itext"))
	for _, c := range elements(x.model) {
		switch c.Name {
		case "bind":
			ref := x.absolute(attr(c, "nodeset"), "/"+x.data.QName())
			x.types[ref] = strings.TrimPrefix(attr(c, "type"), "xsd:")
			if id := attr(c, "id"); id != "" {
				x.binds[id] = ref
			}
		case "instance":
			x.lists[attr(c, "id")] = &list{instance: c}
		}
	}
	if b := child(root, "body"); b != nil {
		x.body(b, "/"+x.data.QName(), nil)
	}
	return x, nil
}

// reader gathers a form while its document is walked.
type reader struct {
	form        *Form
	model, data *xpath.Node
	types       map[string]string           // path -> type
	binds       map[string]string           // id of a bind -> path
	texts       map[string]map[string]Words // itext id -> form ("" is the text itself) -> text
	lists       map[string]*list            // secondary instances
	controls    []found
	repeats     []found
	groups      map[string]Words
}

// found is an element of the body and the path it is bound to.
type found struct {
	element  *xpath.Node
	path     string
	question int
}

func (x *reader) itext(n *xpath.Node) {
	for _, t := range elements(n) {
		if t.Name != "translation" {
			continue
		}
		lang := attr(t, "lang")
		if attr(t, "default") != "" {
			x.form.Languages = append([]string{lang}, x.form.Languages...)
		} else {
			x.form.Languages = append(x.form.Languages, lang)
		}
		for _, text := range elements(t) {
			id := attr(text, "id")
			for _, v := range elements(text) {
				if v.Name != "value" {
					continue
				}
				if x.texts[id] == nil {
					x.texts[id] = map[string]Words{}
				}
				form := attr(v, "form")
				if x.texts[id][form] == nil {
					x.texts[id][form] = Words{}
				}
				x.texts[id][form][lang] = plain(v)
			}
		}
	}
}

// itextID is the id in a reference jr:itext('id'); ok is false for anything else.
func itextID(ref string) (string, bool) {
	ref = strings.TrimSpace(ref)
	if !strings.HasPrefix(ref, "jr:itext(") || !strings.HasSuffix(ref, ")") {
		return "", false
	}
	id := strings.TrimSpace(ref[len("jr:itext(") : len(ref)-1])
	if len(id) < 2 || id[0] != id[len(id)-1] || id[0] != '\'' && id[0] != '"' {
		return "", false
	}
	return id[1 : len(id)-1], true
}

// said is the text of a label, a hint or a message: of an element, or of a reference to
// itext.
func (x *reader) said(n *xpath.Node) Words {
	if n == nil {
		return nil
	}
	if id, ok := itextID(attr(n, "ref")); ok {
		return x.texts[id][""]
	}
	return Words{"": plain(n)}
}

// message is the text of an attribute such as jr:constraintMsg.
func (x *reader) message(value string) Words {
	if id, ok := itextID(value); ok {
		return x.texts[id][""]
	}
	if value == "" {
		return nil
	}
	return Words{"": value}
}

var controls = map[string]bool{"input": true, "select1": true, "select": true, "upload": true, "trigger": true, "range": true, "rank": true, "secret": true}

// absolute resolves a reference of the body against the group around it.
func (x *reader) absolute(ref, base string) string {
	ref = strings.TrimSpace(ref)
	if ref == "" || ref[0] == '/' {
		return ref
	}
	for {
		switch {
		case ref == "." || ref == "":
			return base
		case strings.HasPrefix(ref, "./"):
			ref = ref[2:]
		case strings.HasPrefix(ref, "../") && strings.LastIndex(base, "/") > 0:
			ref, base = ref[3:], base[:strings.LastIndex(base, "/")]
		default:
			return base + "/" + ref
		}
	}
}

func (x *reader) body(n *xpath.Node, base string, groups []string) {
	for _, c := range elements(n) {
		name := c.Name
		ref := attr(c, "ref")
		if ref == "" {
			ref = attr(c, "nodeset")
		}
		ref = x.absolute(ref, base)
		if id := attr(c, "bind"); ref == "" && id != "" {
			ref = x.binds[id]
		}
		switch {
		case name == "group" || name == "repeat":
			inner := groups
			label := x.said(child(c, "label"))
			if text := Text(label, ""); text != "" {
				inner = append(append([]string{}, groups...), text)
			}
			if ref == "" {
				ref = base
			} else if label != nil {
				if x.groups == nil {
					x.groups = map[string]Words{}
				}
				x.groups[ref] = label
			}
			if name == "repeat" {
				x.repeats = append(x.repeats, found{c, ref, -1})
			}
			x.body(c, ref, inner)
		case controls[name] && ref != "":
			x.controls = append(x.controls, found{c, ref, len(x.form.Questions)})
			x.form.Questions = append(x.form.Questions, x.question(c, ref, groups))
		}
	}
}

func (x *reader) question(c *xpath.Node, ref string, groups []string) Question {
	q := Question{
		Path: ref, Name: ref[strings.LastIndex(ref, "/")+1:], Type: x.types[ref], Kind: c.Name, Groups: groups, Many: c.Name == "select" || c.Name == "rank",
		Label: x.said(child(c, "label")), Hint: x.said(child(c, "hint")), Appearance: attr(c, "appearance"), Options: x.options(c),
	}
	for _, part := range []string{"label", "hint"} {
		n := child(c, part)
		if n == nil {
			continue
		}
		if id, ok := itextID(attr(n, "ref")); ok {
			for form, text := range x.texts[id] {
				if form != "" {
					if q.Media == nil {
						q.Media = map[string]Words{}
					}
					q.Media[form] = text
				}
			}
		}
	}
	return q
}
