package xform

import (
	"fmt"
	"sort"
	"strings"

	"aman/forms/xpath"
)

// Model is a form with its logic, compiled once and used often, from many goroutines.
type Model struct {
	Form
	// Texts are the form's words: id -> form of itext ("" is the text itself, else image,
	// audio, video, guidance …) -> by language.
	Texts map[string]map[string]Words
	// Binds are what the form says of its nodes, by path without positions.
	Binds map[string]Bind
	// Repeats are the paths of what can be there several times.
	Repeats []string
	// Actions are what the form does at an event, in document order.
	Actions []Action
	// Externals are the lists that come as files beside the form.
	Externals []External
	// Faults are the parts of the form that cannot be used; what they rule stays unchecked.
	Faults []Fault
	// Cycles names the calculations that wait for one another, and is nil when none do.
	Cycles *xpath.CycleError

	template  *xpath.Node // the empty instance, a document
	primaryID string
	lastSaved string // id of the instance that is the one filled before, "" when none is
	root      *place
	places    []*place // outer ones first
	byPath    map[string]*place
	steps     []step
	clocks    []clockPlace
	lists     map[string]*xpath.Node
}

// Bind is what a form says of one node. Expressions are as written, "" where there is none.
type Bind struct {
	Type                                                string
	Required, Relevant, Constraint, Calculate, Readonly string
	RequiredMessage, ConstraintMessage                  Words
	Preload, PreloadParams                              string
}

// Action is something a form does by itself: it sets a value (Kind setvalue), takes the
// place (setgeopoint) or records (recordaudio).
type Action struct {
	Kind   string
	Ref    string   // the node that is set
	Events []string // odk-instance-first-load, odk-new-repeat, xforms-value-changed …
	On     string   // for xforms-value-changed: the node whose change is meant
	Value  string   // an expression, or "" with Text
	Text   string

	rule *rule
}

// External is a secondary instance that is a file: jr://file-csv/villages.csv.
type External struct {
	ID, Source string
	// Found says that Options.External knew it.
	Found bool
}

// lastSaved is the source of the instance that was filled before on the same device.
const lastSaved = "jr://instance/last-saved"

// Fault is a part of a form that cannot be used.
type Fault struct {
	Path, Part string // the node; relevant, constraint, nodeset …
	Err        error
}

func (f Fault) Error() string { return fmt.Sprintf("%s of %s: %v", f.Part, f.Path, f.Err) }

// Options are what Compile may be given.
type Options struct {
	// External gives the list for a source such as jr://file-csv/villages.csv, as a document
	// (see CSVList); nil, nil where there is none. Without it what depends on a list that is
	// a file is not checked. The document must not be changed afterwards.
	External func(source string) (*xpath.Node, error)
}

// place is a node of the form: what the nodes of an instance are measured against.
type place struct {
	n           int // in Model.places
	at          int // among the children of parent
	path        string
	name, local string
	parent      *place
	children    []*place
	byName      map[string]*place
	attribute   bool
	repeat      bool
	count       *rule       // how many rounds of a repeat there are to be
	template    *xpath.Node // an empty round or node
	bind        bind
	controls    []*control
	label       Words
}

// bind is a Bind with its expressions compiled.
type bind struct {
	*Bind
	fits                                                func(string) bool
	typ                                                 xpath.Type
	relevant, calculate, constraint, required, readonly *rule
}

// step is one relevant or calculate, in the order in which they can be settled.
type step struct {
	place    *place
	rule     *rule
	relevant bool
}

// clockPlace is a node that tells when the form was filled; the best come first.
type clockPlace struct {
	place *place
	rank  int
}

// Compile reads a form with its logic. It fails only when there is no form to be had; an
// expression that cannot be used is among Faults, and circles are in Cycles.
func Compile(body []byte, o Options) (*Model, error) {
	x, err := parseForm(body)
	if err != nil {
		return nil, err
	}
	m := &Model{Form: *x.form, Texts: x.texts, Binds: map[string]Bind{}, byPath: map[string]*place{}, lists: map[string]*xpath.Node{}}
	c := &compiler{reader: x, m: m, exprs: map[string]*rule{}}
	c.secondary(o)
	c.primary()
	c.bindings()
	c.repeated()
	c.controlled()
	c.actions()
	c.order()
	return m, nil
}

type compiler struct {
	*reader
	m     *Model
	exprs map[string]*rule
}

func (c *compiler) fault(path, part string, err error) {
	c.m.Faults = append(c.m.Faults, Fault{path, part, err})
}

// secondary makes the lists of the form ready.
func (c *compiler) secondary(o Options) {
	first := true
	for _, n := range elements(c.model) {
		if n.Name != "instance" {
			continue
		}
		id, source := attr(n, "id"), attr(n, "src")
		if first {
			c.m.primaryID, first = id, false
			continue
		}
		content := elements(n)
		if source == "" {
			if len(content) > 0 {
				c.m.lists[id] = xpath.NewDocument().Append(content[0].Clone())
			}
		} else {
			c.m.Externals = append(c.m.Externals, External{ID: id, Source: source})
			ext := &c.m.Externals[len(c.m.Externals)-1]
			if source == lastSaved {
				c.m.lastSaved = id
			} else if o.External != nil {
				doc, err := o.External(source)
				if err != nil {
					c.fault(id, "instance", err)
				} else if doc != nil {
					ext.Found, c.m.lists[id] = true, doc
				}
			}
		}
		if c.m.lists[id] != nil {
			c.m.lists[id].Freeze()
		}
	}
}

// primary makes the places of the empty instance, and the instance itself.
func (c *compiler) primary() {
	m := c.m
	m.root = c.place(nil, c.data, "/"+c.data.QName())
	data := c.data.Clone()
	dropTemplates(data)
	m.template = xpath.NewDocument().Append(data)
}

func isTemplate(n *xpath.Node) bool {
	_, ok := n.Attr("jr:template")
	return ok
}

// dropTemplates takes the patterns of repeats out: a new instance starts with the rounds
// that are there beside them.
func dropTemplates(n *xpath.Node) {
	for _, c := range elements(n) {
		if isTemplate(c) {
			c.Remove()
			continue
		}
		dropTemplates(c)
	}
}

func (c *compiler) place(parent *place, n *xpath.Node, path string) *place {
	p := c.m.byPath[path]
	if p == nil {
		p = &place{n: len(c.m.places), path: path, name: n.QName(), local: n.Name, parent: parent, byName: map[string]*place{}, template: n}
		c.m.places = append(c.m.places, p)
		c.m.byPath[path] = p
		if parent != nil {
			p.at = len(parent.children)
			parent.children = append(parent.children, p)
			parent.byName[p.name] = p
			if parent.byName[p.local] == nil {
				parent.byName[p.local] = p
			}
		}
	}
	if isTemplate(n) {
		p.template = n
	}
	for _, k := range elements(n) {
		c.place(p, k, path+"/"+k.QName())
	}
	return p
}

// attribute makes a place of an attribute that a bind names: /data/meta/entity/@id.
func (c *compiler) attribute(path string) *place {
	owner, name, ok := strings.Cut(path, "/@")
	holder := c.m.byPath[owner]
	if !ok || holder == nil {
		return nil
	}
	p := &place{n: len(c.m.places), path: path, name: name, local: name, parent: holder, attribute: true}
	c.m.places = append(c.m.places, p)
	c.m.byPath[path] = p
	return p
}

func (c *compiler) bindings() {
	for _, n := range elements(c.model) {
		if n.Name != "bind" {
			continue
		}
		path := c.absolute(attr(n, "nodeset"), "/"+c.data.QName())
		p := c.m.byPath[path]
		if p == nil {
			p = c.attribute(path)
		}
		if p == nil {
			c.fault(path, "bind", fmt.Errorf("the form's instance has no such node"))
			continue
		}
		b := &Bind{
			Type: strings.TrimPrefix(attr(n, "type"), "xsd:"), Required: attr(n, "required"), Relevant: attr(n, "relevant"), Constraint: attr(n, "constraint"),
			Calculate: attr(n, "calculate"), Readonly: attr(n, "readonly"), Preload: attr(n, "preload"), PreloadParams: attr(n, "preloadParams"),
			RequiredMessage: c.message(attr(n, "requiredMsg")), ConstraintMessage: c.message(attr(n, "constraintMsg")),
		}
		c.m.Binds[path] = *b
		p.bind = bind{Bind: b, fits: fits[b.Type], typ: nodeTypes[b.Type]}
		for _, part := range []struct {
			name, source string
			to           **rule
		}{
			{"relevant", b.Relevant, &p.bind.relevant}, {"calculate", b.Calculate, &p.bind.calculate}, {"constraint", b.Constraint, &p.bind.constraint},
			{"required", b.Required, &p.bind.required}, {"readonly", b.Readonly, &p.bind.readonly},
		} {
			*part.to = c.rule(path, part.name, part.source)
		}
		if rank, ok := clockRanks[b.Preload+" "+b.PreloadParams]; ok {
			c.m.clocks = append(c.m.clocks, clockPlace{p, rank})
		}
	}
	sort.SliceStable(c.m.clocks, func(i, j int) bool { return c.m.clocks[i].rank < c.m.clocks[j].rank })
}

// clockRanks orders the nodes in which a phone writes when the form was filled.
var clockRanks = map[string]int{"timestamp end": 0, "timestamp start": 1, "date today": 2}

func (c *compiler) repeated() {
	for _, f := range c.repeats {
		p := c.m.byPath[f.path]
		if p == nil || p.parent == nil {
			c.fault(f.path, "repeat", fmt.Errorf("the form's instance has no such node below its root"))
			continue
		}
		if !p.repeat {
			p.repeat = true
			c.m.Repeats = append(c.m.Repeats, p.path)
		}
		p.count = c.rule(p.path, "count", attr(f.element, "count"))
	}
}

// actions reads what the form does at events.
func (c *compiler) actions() {
	kinds := map[string]bool{"setvalue": true, "setgeopoint": true, "recordaudio": true}
	add := func(n *xpath.Node, base, on string) {
		if !kinds[n.Name] {
			return
		}
		a := Action{Kind: n.Name, Ref: c.absolute(attr(n, "ref"), base), Events: strings.Fields(attr(n, "event")), On: on, Value: attr(n, "value"), Text: n.Text()}
		a.rule = c.rule(a.Ref, "setvalue", a.Value)
		c.m.Actions = append(c.m.Actions, a)
	}
	for _, n := range elements(c.model) {
		add(n, "/"+c.data.QName(), "")
	}
	for _, list := range [][]found{c.repeats, c.reader.controls} {
		for _, f := range list {
			for _, n := range elements(f.element) {
				add(n, f.path, f.path)
			}
		}
	}
}
