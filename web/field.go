package web

import (
	"net/http"
	"slices"
	"strings"

	"aman/platform/i18n"
	"aman/registry"
)

// Field is one question on a page.
type Field struct {
	Name  string
	Label string
	Hint  string
	// Kind is text, long, number, date, choice, radio, choices, facts or hidden. A radio is
	// a choice whose answers are all shown, each with its hint.
	Kind     string
	Options  []Option
	Value    string
	Values   []string // of choices
	Required bool
	// Error is what does not fit, as a sentence; it is shown at the field.
	Error string
	// Groups are options in groups, for long lists.
	Groups []OptionGroup
	// Fold shows a long multiple choice closed until it is opened or has an answer.
	Fold bool
	// Half lets two short fields stand beside each other where there is room.
	Half bool
}

// firstTicks is how many answers of a very long list are shown before the rest unfolds.
const firstTicks = 3

// Few are the first answers of a very long list, and those that are chosen.
func (f Field) Few() (out []Option) {
	for i, o := range f.Options {
		if i < firstTicks || f.Chosen(o.Value) {
			out = append(out, o)
		}
	}
	return out
}

// Rest are the answers that Few leaves.
func (f Field) Rest() (out []Option) {
	for i, o := range f.Options {
		if i >= firstTicks && !f.Chosen(o.Value) {
			out = append(out, o)
		}
	}
	return out
}

// foldFrom is the number of answers from which a multiple choice is shown closed.
const foldFrom = 8

// Option is one possible answer.
type Option struct{ Value, Label, Hint string }

// OptionGroup is a named part of a long list.
type OptionGroup struct {
	Key     string
	Label   string
	Options []Option
}

// Chosen says whether an option of a multiple choice is ticked.
func (f Field) Chosen(v string) bool { return slices.Contains(f.Values, v) }

// propertyField makes the field for a property of a register, with its label, its list
// and the value it has.
func (p *Page) propertyField(register, name string, v any) Field {
	schema := p.srv.Node.Catalog.Registers[register]
	prop, ok := schema.Property(name)
	if !ok {
		panic("register " + register + " has no property " + name)
	}
	f := Field{Name: name, Label: prop.Label.In(p.Lang), Hint: prop.Hint.In(p.Lang), Required: prop.Required}
	switch prop.Type {
	case registry.TypeCode, registry.TypeCodes:
		f.Kind = "choice"
		if prop.Type == registry.TypeCodes {
			f.Kind = "choices"
		}
		f.Options = p.options(prop.List)
		f.Fold = len(f.Options) > foldFrom
	case registry.TypeOrg:
		f.Kind = "choice"
		f.Options = p.receivers()
	case registry.TypeDate:
		f.Kind = "date"
	case registry.TypeInteger, registry.TypeDecimal:
		f.Kind = "number"
	case registry.TypeBoolean:
		f.Kind = "choice"
		f.Options = []Option{{Value: "true", Label: p.Label("yes_no", "yes")}, {Value: "false", Label: p.Label("yes_no", "no")}}
	case registry.TypeLongText:
		f.Kind = "long"
	default:
		f.Kind = "text"
	}
	switch x := v.(type) {
	case string:
		f.Value = x
	case []string:
		f.Values = x
	case int64:
		f.Value = i18n.Number("en", x)
		f.Value = strings.ReplaceAll(f.Value, ",", "")
	case bool:
		f.Value = "false"
		if x {
			f.Value = "true"
		}
	}
	return f
}

// options are the codes a list offers; countries in the order of their names.
func (p *Page) options(list string) []Option {
	l := p.srv.Node.Catalog.Lists[list]
	var out []Option
	for _, c := range l.Offered() {
		out = append(out, Option{Value: c.Code, Label: c.Label.In(p.Lang)})
	}
	if list == "country" {
		slices.SortFunc(out, func(a, b Option) int { return strings.Compare(a.Label, b.Label) })
		// The countries that nearly every file names stand first.
		var first []Option
		near := []string{"PAK", "AFG", "IRN"}
		for _, code := range near {
			first = append(first, Option{Value: code, Label: l.Label(code, p.Lang)})
		}
		out = slices.DeleteFunc(out, func(o Option) bool { return slices.Contains(near, o.Value) })
		out = append(first, out...)
	}
	return out
}

// receivers are the organisations other than one's own.
func (p *Page) receivers() []Option {
	var out []Option
	for _, o := range p.dir.list {
		if o.ID != p.Sub.Org {
			out = append(out, Option{Value: o.ID, Label: o.Name})
		}
	}
	return out
}

// fill puts what was typed back into the fields.
func fill(fields []Field, r *http.Request) {
	for i := range fields {
		f := &fields[i]
		switch f.Kind {
		case "choices":
			f.Values = r.PostForm[f.Name]
		case "facts":
			f.Values = nil
			for key, v := range r.PostForm {
				if fact, ok := strings.CutPrefix(key, f.Name+":"); ok && len(v) > 0 && v[0] != "" {
					f.Values = append(f.Values, fact+"="+v[0])
				}
			}
			slices.Sort(f.Values)
		default:
			f.Value = r.PostForm.Get(f.Name)
		}
	}
}

// values reads the fields that are properties of a register. All that does not fit is
// marked at its field; ok is false then.
func (p *Page) values(register string, fields []Field, r *http.Request) (v registry.Values, ok bool) {
	schema := p.srv.Node.Catalog.Registers[register]
	v, ok = registry.Values{}, true
	for i := range fields {
		f := &fields[i]
		prop, is := schema.Property(f.Name)
		if !is {
			continue
		}
		var got any
		var err error
		if prop.Type == registry.TypeCodes {
			got = r.PostForm[f.Name]
		} else {
			got, err = schema.ParseValue(prop, r.PostForm.Get(f.Name))
		}
		if err == nil {
			got, err = p.srv.Node.Catalog.Check(schema, prop, got)
		}
		if err != nil {
			f.Error, ok = p.T(faultKey(err)), false
			continue
		}
		if got == nil && f.Required {
			f.Error, ok = p.T("value.required"), false
			continue
		}
		v[f.Name] = got
	}
	return v, ok
}
