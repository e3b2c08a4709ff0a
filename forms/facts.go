package forms

import (
	"bytes"
	"cmp"
	"errors"
	"maps"
	"path"
	"regexp"
	"slices"
	"strings"

	"aman/forms/xform"
	"aman/forms/xpath"
)

// Dataset is an entity list that a form writes to.
type Dataset struct {
	Name string
	// Properties are what its questions are saved to, with the path of the question in the
	// form, without positions.
	Properties []SaveTo
	// Creates and Updates say what the form can do to it.
	Creates, Updates bool
}

// SaveTo is a question that is saved to a property.
type SaveTo struct{ Property, Path string }

// facts are what a definition says beside its questions and its logic.
type facts struct {
	version   string // of the entities specification; empty without entities
	datasets  []Dataset
	encrypted bool
	classes   map[string]string // path -> class, where the form names one
}

// classSpace is the namespace of the attribute class of a bind; the package comment says
// how a form's author writes it.
const classSpace = "http://aman.example/xforms"

// entitySource is where, and in what scope, a form makes an entity.
type entitySource struct {
	scope   string // the node that the entity is of: the parent of its meta
	dataset *Dataset
}

// readFacts reads them. The document was compiled before, so it is an XForm.
func readFacts(definition []byte) (f facts, err error) {
	doc, err := xpath.ParseXML(bytes.NewReader(definition), xpath.XMLLimits{Bytes: xform.MaxSize, Depth: 100, Nodes: 1_000_000})
	if err != nil {
		return f, err
	}
	model := under(doc.DocumentElement(), "head", "model")
	if model == nil {
		return f, errors.New("the form has no model")
	}
	f.version, f.classes = attribute(model, "entities-version"), map[string]string{}
	if s := under(model, "submission"); s != nil {
		f.encrypted = strings.TrimSpace(attribute(s, "base64RsaPublicKey")) != ""
	}
	lists := map[string]*Dataset{}
	var sources []entitySource
	if data := under(model, "instance"); data != nil {
		for _, root := range data.Elements("*") {
			entities(root, "/"+root.QName(), lists, &sources)
			break
		}
	}
	// The nearest scope comes first.
	slices.SortStableFunc(sources, func(a, b entitySource) int { return cmp.Compare(len(b.scope), len(a.scope)) })
	for _, bind := range model.Elements("*") {
		if bind.Name != "bind" {
			continue
		}
		at := attribute(bind, "nodeset")
		if to := attribute(bind, "saveto"); to != "" {
			for _, s := range sources {
				if strings.HasPrefix(at, s.scope+"/") {
					s.dataset.Properties = append(s.dataset.Properties, SaveTo{to, at})
					break
				}
			}
		}
		for _, a := range bind.Attrs() {
			if a.Name == "class" && a.Space == classSpace {
				f.classes[at] = strings.TrimSpace(a.Value)
			}
		}
	}
	for _, name := range slices.Sorted(maps.Keys(lists)) {
		f.datasets = append(f.datasets, *lists[name])
	}
	return f, nil
}

// entities finds the entity elements in the instance: scope/meta/entity.
func entities(n *xpath.Node, at string, lists map[string]*Dataset, out *[]entitySource) {
	for _, c := range n.Elements("*") {
		if c.Name == "entity" && n.Name == "meta" && attribute(c, "dataset") != "" {
			name := attribute(c, "dataset")
			d := lists[name]
			if d == nil {
				d = &Dataset{Name: name}
				lists[name] = d
			}
			for _, a := range c.Attrs() {
				d.Creates, d.Updates = d.Creates || a.Name == "create", d.Updates || a.Name == "update"
			}
			*out = append(*out, entitySource{path.Dir(at), d})
			continue
		}
		entities(c, at+"/"+c.QName(), lists, out)
	}
}

// under walks a path of local names; nil when it ends early.
func under(n *xpath.Node, names ...string) *xpath.Node {
	for _, name := range names {
		if n == nil {
			return nil
		}
		var next *xpath.Node
		for _, c := range n.Elements("*") {
			if c.Name == name {
				next = c
				break
			}
		}
		n = next
	}
	return n
}

// attribute is the value of the attribute of that local name.
func attribute(n *xpath.Node, local string) string {
	for _, a := range n.Attrs() {
		if a.Name == local {
			return a.Value
		}
	}
	return ""
}

// newestEntities is the entities specification that is understood, year and number.
const newestEntities = "2025.1"

// tooNew says whether a form follows a later entities specification. Versions are
// YEAR.NUMBER.PATCH; a patch never asks for more.
func tooNew(version string) bool {
	year, rest, _ := strings.Cut(version, ".")
	number, _, _ := strings.Cut(rest, ".")
	haveYear, haveNumber, _ := strings.Cut(newestEntities, ".")
	return number == "" && version != "" || later(year, haveYear) || year == haveYear && later(number, haveNumber)
}

func later(a, b string) bool { return len(a) > len(b) || len(a) == len(b) && a > b }

// itemset is the file of the questions of type select_one_external.
const itemset = "itemsets.csv"

var searched = regexp.MustCompile(`(?:^|\s)search\(\s*['"]([^'"]+)['"]`)

// mediaOf lists the names of the files that a form expects beside it: what its texts show
// or play, the lists it draws from, the tables that its appearances search.
func mediaOf(m *xform.Model, definition []byte) []string {
	names := map[string]bool{}
	add := func(source string) {
		if strings.HasPrefix(source, "jr://") && !strings.HasPrefix(source, "jr://instance/") {
			names[path.Base(source)] = true
		}
	}
	for _, forms := range m.Texts {
		for kind, words := range forms {
			for _, text := range words {
				if kind != "" {
					add(strings.TrimSpace(text))
				}
			}
		}
	}
	for _, x := range m.Externals {
		add(x.Source)
	}
	for _, q := range m.Questions {
		for _, found := range searched.FindAllStringSubmatch(q.Appearance, -1) {
			names[strings.TrimSuffix(found[1], ".csv")+".csv"] = true
		}
	}
	// A select_one_external asks instance('…') in the query of an input.
	if bytes.Contains(definition, []byte(` query="instance(`)) {
		names[itemset] = true
	}
	maps.DeleteFunc(names, func(name string, _ bool) bool { return !plainText(name, 255) })
	return slices.Sorted(maps.Keys(names))
}

// mediaText is how the names are kept with a version: a line each, and never empty, so that
// none at all is told from what was kept before names were.
func mediaText(names []string) string { return "\n" + strings.Join(names, "\n") }

func mediaNames(text string) (names []string, known bool) {
	return strings.FieldsFunc(text, func(r rune) bool { return r == '\n' }), text != ""
}
