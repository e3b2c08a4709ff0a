package block

import (
	"bytes"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"unicode"

	"aman/forms/xpath"
)

// Declaration is one entity element of a form: the list it writes to and what it saves.
type Declaration struct {
	Dataset string
	// Path is of the group, repeat or form that the entity belongs to: /data/tree where the
	// element is /data/tree/meta/entity.
	Path string
	// Creates and Updates say what it can do.
	Creates, Updates bool
	Properties       []Save
	// LabelClass is the strictest privacy class among the questions that the label is made of,
	// as far as the form's author gave them one; empty when none.
	LabelClass string
}

// Save says which answer becomes which property.
type Save struct {
	Property string
	Path     string // without positions: /data/tree/species
	Type     string // of the bind: string, int, geopoint …; empty when not said
	// Class is the privacy class that the form's author gave the question (open, sensitive,
	// identity, health), in the attribute class of its bind; empty when none.
	Class string
}

// Newest is the newest version of the specification that is understood.
const Newest = "2025.1"

// Faults of a form that declares entities.
var (
	ErrTooNew    = errors.New("the form uses a version of the entities specification that is newer than " + Newest)
	ErrNoVersion = errors.New("the form declares entities and does not say by which version of the specification (entities-version)")
)

// NameError says that a list or a property cannot be called so.
type NameError struct {
	What   string // dataset or property
	Name   string
	Reason string // in words
}

func (e *NameError) Error() string {
	return fmt.Sprintf("%q cannot be the name of an entity %s: %s", e.Name, e.What, e.Reason)
}

var xmlName = regexp.MustCompile(`^[\p{L}_][\p{L}\p{M}\p{N}_.-]*$`)

// longest is how many bytes a name may have.
const longest = 200

// CheckDataset says whether a list may be called so.
func CheckDataset(name string) error {
	switch {
	case strings.HasPrefix(name, "__"):
		return &NameError{"dataset", name, "it begins with two underscores"}
	case strings.Contains(name, "."):
		return &NameError{"dataset", name, "it has a dot"}
	}
	return checkName("dataset", name)
}

// CheckProperty says whether a property may be called so.
func CheckProperty(name string) error {
	switch lower := strings.ToLower(name); {
	case lower == "name" || lower == "label":
		return &NameError{"property", name, "every entity has a name and a label of its own"}
	case strings.HasPrefix(name, "__"):
		return &NameError{"property", name, "it begins with two underscores"}
	}
	return checkName("property", name)
}

func checkName(what, name string) error {
	if len(name) > longest || !xmlName.MatchString(name) {
		return &NameError{what, name, "it must begin with a letter or an underscore and have letters, digits, hyphens, dots and underscores only"}
	}
	return nil
}

// Declared reads what a form declares; nothing when it declares no entities. Faults are
// ErrTooNew, ErrNoVersion, *NameError, or those of a document that is no form.
func Declared(form []byte) ([]Declaration, error) {
	doc, err := xpath.ParseXML(bytes.NewReader(form), xpath.XMLLimits{})
	if err != nil {
		return nil, err
	}
	model := find(doc.DocumentElement(), "head", "model")
	root := first(find(model, "instance"))
	if root == nil {
		return nil, errors.New("the document is not a form: it has no model with an instance")
	}
	var out []Declaration
	if err := declarations(root, "/"+root.QName(), &out); err != nil || len(out) == 0 {
		return nil, err
	}
	if err := checkVersion(attr(model, "entities-version")); err != nil {
		return nil, err
	}
	classes := map[string]string{} // of questions, by path
	labels := map[int]string{}     // how the label of a declaration is calculated
	for _, c := range model.Children() {
		if c.Name == "bind" {
			path := strings.TrimSpace(attr(c, "nodeset"))
			if class := attr(c, "class"); class != "" {
				classes[path] = class
			}
			for i, d := range out {
				if path == d.Path+"/meta/entity/label" {
					labels[i] = attr(c, "calculate")
				}
			}
		}
		if c.Kind != xpath.ElementNode || c.Name != "bind" {
			continue
		}
		property := strings.TrimSpace(attr(c, "saveto"))
		if property == "" {
			continue
		}
		if err := CheckProperty(property); err != nil {
			return nil, err
		}
		save := Save{Property: property, Path: strings.TrimSpace(attr(c, "nodeset")), Type: strings.TrimPrefix(attr(c, "type"), "xsd:"), Class: attr(c, "class")}
		d := nearest(out, save.Path)
		if d == nil {
			return nil, &NameError{"property", property, "there is no entity for it around " + save.Path}
		}
		for _, s := range d.Properties {
			if s.Property == property {
				return nil, &NameError{"property", property, "two questions are saved to it"}
			}
		}
		d.Properties = append(d.Properties, save)
	}
	for i := range out {
		out[i].LabelClass = strictest(labels[i], classes)
	}
	return out, nil
}

// Classes are the privacy classes, the mildest first.
var Classes = []string{"open", "sensitive", "identity", "health"}

// Stricter is the stricter of two classes; no class is the mildest of all.
func Stricter(a, b string) string {
	if slices.Index(Classes, b) > slices.Index(Classes, a) {
		return b
	}
	return a
}

// strictest goes by the names of questions: a word too many makes a label stricter than it
// must be, which does no harm.
func strictest(calculate string, classes map[string]string) (class string) {
	words := strings.FieldsFunc(calculate, func(r rune) bool {
		return !unicode.IsLetter(r) && !unicode.IsDigit(r) && !unicode.IsMark(r) && !strings.ContainsRune("_-.", r)
	})
	for path, c := range classes {
		if slices.Contains(words, path[strings.LastIndexByte(path, '/')+1:]) {
			class = Stricter(class, c)
		}
	}
	return class
}

// declarations walks the empty instance. A repeat may stand there twice, once as its
// template; that is one declaration.
func declarations(n *xpath.Node, path string, out *[]Declaration) error {
	if e := find(n, "meta", "entity"); e != nil {
		d := Declaration{Dataset: strings.TrimSpace(attr(e, "dataset")), Path: path, Creates: has(e, "create"), Updates: has(e, "update")}
		if err := CheckDataset(d.Dataset); err != nil {
			return err
		}
		known := false
		for _, o := range *out {
			known = known || o.Path == path
		}
		if !known {
			*out = append(*out, d)
		}
	}
	for _, c := range n.Children() {
		if c.Kind != xpath.ElementNode || c.Name == "meta" {
			continue
		}
		if err := declarations(c, path+"/"+c.QName(), out); err != nil {
			return err
		}
	}
	return nil
}

// nearest is the declaration of the innermost group or repeat around a path.
func nearest(list []Declaration, path string) (d *Declaration) {
	for i := range list {
		if strings.HasPrefix(path, list[i].Path+"/") && (d == nil || len(list[i].Path) > len(d.Path)) {
			d = &list[i]
		}
	}
	return d
}

// checkVersion takes years and minor versions up to Newest; a patch number changes nothing.
func checkVersion(v string) error {
	if strings.TrimSpace(v) == "" {
		return ErrNoVersion
	}
	parts := strings.SplitN(v, ".", 3)
	if len(parts) < 2 {
		return fmt.Errorf("%w (it says %q)", ErrTooNew, v)
	}
	year, err := strconv.Atoi(parts[0])
	minor, err2 := strconv.Atoi(parts[1])
	if err != nil || err2 != nil || year < 2022 || year > 2025 || (year == 2025 && minor > 1) {
		return fmt.Errorf("%w (it says %q)", ErrTooNew, v)
	}
	return nil
}

// attr is an attribute by its local name, whatever its prefix: programs bind prefixes as they like.
func attr(n *xpath.Node, local string) string {
	if n == nil {
		return ""
	}
	for _, a := range n.Attrs() {
		if a.Name == local {
			return a.Value
		}
	}
	return ""
}

func has(n *xpath.Node, local string) bool {
	for _, a := range n.Attrs() {
		if a.Name == local {
			return true
		}
	}
	return false
}

// find goes down by local names, taking the first of each.
func find(n *xpath.Node, names ...string) *xpath.Node {
	for _, name := range names {
		var next *xpath.Node
		if n != nil {
			for _, c := range n.Children() {
				if c.Kind == xpath.ElementNode && c.Name == name {
					next = c
					break
				}
			}
		}
		n = next
	}
	return n
}

// first is the first element in n.
func first(n *xpath.Node) *xpath.Node {
	if n == nil {
		return nil
	}
	for _, c := range n.Children() {
		if c.Kind == xpath.ElementNode {
			return c
		}
	}
	return nil
}
