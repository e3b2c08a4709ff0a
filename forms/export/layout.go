package export

import (
	"bytes"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"aman/forms/xform"
	"aman/forms/xpath"
)

// Classes of a question: how private its answers are.
const (
	Open      = "open"
	Sensitive = "sensitive"
	Identity  = "identity"
	Health    = "health"
)

// Version is one published version of a form.
type Version struct {
	Name string
	XML  []byte // an XForm
	// Classes are the classes of questions by path; what is not there is identity. Without
	// any (nil) everything is sensitive.
	Classes map[string]string
}

// Layout is what the answers to a form look like as tables. It does not change, and may be
// used from several goroutines.
type Layout struct {
	Form, Title string
	Languages   []string // of the newest version, its default first
	// Tables: the first is the form's own, then one for each repeat, as they come in the form.
	Tables []*Table

	root *node
}

// Table is the form, or a repeat of it.
type Table struct {
	N      int    // in Layout.Tables
	Name   string // as OData has it: Submissions, Submissions.household.member
	Node   string // the name of the repeat: member
	Path   string // /data/household/member
	Parent *Table // nil for the form's own table
	Label  xform.Words
	Fields []*Field
	Gone   bool // not in the newest version

	steps []string // from the parent table's node to this one, both groups and the repeat
	node  *node
}

// Field is a question, or anything else that has a value: a calculation, the start time.
type Field struct {
	N          int    // place in Row.Cells
	Path, Name string // /data/household/member/age, age; without prefixes of names
	// Groups are the names of the groups between the table and the field.
	Groups []string
	Type   string // of its bind: string, int, decimal, date, time, dateTime, geopoint …; "" when not said
	Kind   string // of its control: input, select1, select, rank, upload …; "" when nobody is asked
	Label  xform.Words
	// Options are the choices of every version, the newest's first.
	Options []xform.Option
	Many    bool // several choices, with blanks between them
	Class   string
	Gone    bool // not in the newest version
}

// Hidden says that the field is left out where names are not asked for.
func (f *Field) Hidden() bool { return f.Class == Identity || f.Class == Health }

// node is a place in a submission.
type node struct {
	name   string
	field  *Field // it has a value
	table  *Table // a repeat: each is a row of this table
	kids   []*node
	byName map[string]*node
}

func (n *node) kid(name string) *node {
	if k := n.byName[name]; k != nil {
		return k
	}
	k := &node{name: name, byName: map[string]*node{}}
	n.kids = append(n.kids, k)
	n.byName[name] = k
	return k
}

// New makes the layout of a form from its versions, the newest first. What is a repeat in
// any of them is one.
func New(versions ...Version) (*Layout, error) {
	if len(versions) == 0 {
		return nil, errors.New("a form without a version has no answers")
	}
	l := &Layout{root: &node{byName: map[string]*node{}}}
	read := make([]*version, len(versions))
	for i, v := range versions {
		x, err := readVersion(v)
		if err != nil {
			return nil, fmt.Errorf("version %s of the form: %w", v.Name, err)
		}
		read[i] = x
	}
	first := read[0].form
	l.Form, l.Title, l.Languages = first.ID, first.Title, first.Languages
	l.root.name = read[0].root.Name
	l.root.table = &Table{Name: "Submissions", Path: "/" + l.root.name, node: l.root}
	l.Tables = []*Table{l.root.table}
	b := builder{l: l, read: read}
	for i, x := range read {
		b.version, b.old = x, i > 0
		b.walk(l.root, x.root, "/"+x.root.Name, "/"+l.root.name, l.root.table, nil)
	}
	for i, t := range l.Tables {
		t.N = i
		for k, f := range t.Fields {
			f.N = k
		}
	}
	return l, nil
}

// version is what is read of one version.
type version struct {
	form    *xform.Form
	root    *xpath.Node
	types   map[string]string // by path
	repeats map[string]bool
	asked   map[string]*xform.Question
	classes map[string]string
	without bool // nothing is said of classes
}

func readVersion(v Version) (*version, error) {
	form, err := xform.ParseForm(v.XML)
	if err != nil {
		return nil, err
	}
	doc, err := xpath.ParseXML(bytes.NewReader(v.XML), xpath.XMLLimits{Bytes: xform.MaxSize})
	if err != nil {
		return nil, err
	}
	html := doc.DocumentElement()
	model := child(child(html, "head"), "model")
	roots := elements(child(model, "instance"))
	if len(roots) == 0 {
		return nil, errors.New("its instance is empty")
	}
	x := &version{form: form, root: roots[0], types: map[string]string{}, repeats: map[string]bool{}, asked: map[string]*xform.Question{}, classes: map[string]string{}, without: v.Classes == nil}
	for _, b := range elements(model) {
		if b.Name == "bind" {
			x.types[x.path(attr(b, "nodeset"))] = strings.TrimPrefix(attr(b, "type"), "xsd:")
		}
	}
	x.findRepeats(child(html, "body"))
	for i := range form.Questions {
		q := &form.Questions[i]
		if p := x.path(q.Path); x.asked[p] == nil {
			x.asked[p] = q
		}
	}
	for p, class := range v.Classes {
		x.classes[x.path(p)] = class
	}
	return x, nil
}

func (x *version) findRepeats(n *xpath.Node) {
	for _, c := range elements(n) {
		if c.Name == "repeat" {
			x.repeats[x.path(attr(c, "nodeset"))] = true
		}
		x.findRepeats(c)
	}
}

// path makes a reference absolute and takes prefixes of names away.
func (x *version) path(ref string) string {
	ref = strings.TrimSpace(ref)
	if !strings.HasPrefix(ref, "/") {
		ref = "/" + x.root.Name + "/" + ref
	}
	steps := strings.Split(ref, "/")
	for i, s := range steps {
		if k := strings.LastIndexByte(s, ':'); k >= 0 {
			steps[i] = s[k+1:]
		}
	}
	return strings.Join(steps, "/")
}

// class is how private the answers at a path are.
func (x *version) class(path string) string {
	switch class := x.classes[path]; {
	case class != "":
		return class
	case x.without:
		return Sensitive
	}
	return Identity
}

// builder adds one version after another to a layout.
type builder struct {
	l       *Layout
	read    []*version
	version *version
	old     bool
}

func (b *builder) repeat(path string) bool {
	for _, x := range b.read {
		if x.repeats[path] {
			return true
		}
	}
	return false
}

// walk adds what is below at: from is its path in the version at hand, path in the layout.
func (b *builder) walk(n *node, at *xpath.Node, from, path string, t *Table, groups []string) {
	for _, c := range elements(at) {
		k, from, path := n.kid(c.Name), from+"/"+c.Name, path+"/"+c.Name
		switch {
		case b.repeat(from):
			if k.table == nil {
				k.table = b.table(c.Name, path, t, groups, k)
			}
			b.walk(k, c, from, path, k.table, nil)
		case len(elements(c)) > 0:
			b.walk(k, c, from, path, t, append(append([]string{}, groups...), c.Name))
		default:
			b.field(k, c.Name, from, path, t, groups)
		}
	}
}

func (b *builder) table(name, path string, parent *Table, groups []string, n *node) *Table {
	full := parent.Name
	for _, s := range append(append([]string{}, groups...), name) {
		full += "." + Identifier(s)
	}
	t := &Table{
		Name: full, Node: name, Path: path,
		Parent: parent, Gone: b.old, steps: append(append([]string{}, groups...), name), node: n,
	}
	b.l.Tables = append(b.l.Tables, t)
	return t
}

func (b *builder) field(k *node, name, from, path string, t *Table, groups []string) {
	q := b.version.asked[from]
	f := k.field
	if f == nil {
		f = &Field{Path: path, Name: name, Groups: groups, Type: b.version.types[from], Class: b.version.class(from), Gone: b.old}
		k.field = f
		t.Fields = append(t.Fields, f)
	}
	// What was a name in any version is one, for the answers of that version are shown too.
	if class := b.version.class(from); class == Identity || class == Health && f.Class != Identity {
		f.Class = class
	}
	if q == nil {
		return
	}
	if f.Kind == "" {
		f.Kind, f.Many, f.Label = q.Kind, q.Many, q.Label
	}
	f.Many = f.Many || q.Many
	known := map[string]bool{}
	for _, o := range f.Options {
		known[o.Value] = true
	}
	for _, o := range q.Options {
		if !known[o.Value] {
			known[o.Value] = true
			f.Options = append(f.Options, o)
		}
	}
}

// Field finds a field by its path; nil when there is none.
func (l *Layout) Field(path string) *Field {
	for _, t := range l.Tables {
		for _, f := range t.Fields {
			if f.Path == path {
				return f
			}
		}
	}
	return nil
}

// Table finds a table by its name or its path; nil when there is none.
func (l *Layout) Table(name string) *Table {
	for _, t := range l.Tables {
		if t.Name == name || t.Path == name {
			return t
		}
	}
	return nil
}

// TableOf gives the table that a field is a column of.
func (l *Layout) TableOf(f *Field) *Table {
	for _, t := range l.Tables {
		if f.N < len(t.Fields) && t.Fields[f.N] == f {
			return t
		}
	}
	return nil
}

// FileName names the CSV file of a table as Central does: FORM.csv, FORM-member.csv, and
// FORM-member~2.csv for the second of two repeats with one name.
func (l *Layout) FileName(t *Table) string {
	if t.Parent == nil {
		return safe(l.Form) + ".csv"
	}
	total, at := 0, 0
	for _, o := range l.Tables[1:] {
		if o.Node == t.Node {
			total++
			if o.N <= t.N {
				at++
			}
		}
	}
	name := l.Form + "-" + t.Node
	if total > 1 {
		name += "~" + strconv.Itoa(at)
	}
	return safe(name) + ".csv"
}

func elements(n *xpath.Node) []*xpath.Node {
	if n == nil {
		return nil
	}
	return n.Elements("*")
}

func child(n *xpath.Node, name string) *xpath.Node {
	for _, c := range elements(n) {
		if c.Name == name {
			return c
		}
	}
	return nil
}

func attr(n *xpath.Node, name string) string {
	for _, a := range n.Attrs() {
		if a.Name == name {
			return a.Value
		}
	}
	return ""
}
