package xform

import (
	"errors"
	"strconv"
	"strings"

	"aman/forms/xpath"
)

// Instance is one filled form.
type Instance struct {
	Form, Version string
	ID            string // meta/instanceID
	Deprecated    string // meta/deprecatedID: the instance this one edits
	// Encrypted says that the answers are in an encrypted attachment.
	Encrypted bool
	Answers   []Answer

	root *xpath.Node
}

// Answer is the value of one node, in document order.
type Answer struct {
	Path  string // /data/prs_Gender, /data/leg[2]/from
	Name  string // the node's own name
	Value string
}

// Get is the first answer of a node of that name; "" when there is none.
func (in *Instance) Get(name string) string {
	for _, a := range in.Answers {
		if a.Name == name {
			return a.Value
		}
	}
	return ""
}

// ErrNoInstanceID: a submission without an instance id cannot be told from another.
var ErrNoInstanceID = errors.New("the submission has no meta/instanceID")

// ErrNoForm: the root of a submission must name its form.
var ErrNoForm = errors.New("the root element of the submission has no id attribute, which names its form")

// ParseInstance reads a submission.
func ParseInstance(body []byte) (*Instance, error) {
	root, err := read(body)
	if err != nil {
		return nil, err
	}
	in := &Instance{Form: attr(root, "id"), Version: attr(root, "version"), Encrypted: attr(root, "encrypted") == "yes", root: root}
	if in.Form == "" {
		return nil, ErrNoForm
	}
	if in.Version == "" {
		in.Version = attr(root, "uiVersion")
	}
	if meta := child(root, "meta"); meta != nil {
		if n := child(meta, "instanceID"); n != nil {
			in.ID = strings.TrimSpace(n.Text())
		}
		if n := child(meta, "deprecatedID"); n != nil {
			in.Deprecated = strings.TrimSpace(n.Text())
		}
	}
	if in.ID == "" {
		in.ID = attr(root, "instanceID")
	}
	if in.ID == "" {
		return nil, ErrNoInstanceID
	}
	if len(in.ID) > 200 || strings.ContainsAny(in.ID, "\x00\n\r") {
		return nil, errors.New("the instance id is longer than 200 characters or has a line break")
	}
	in.walk(root, "/"+root.Name)
	return in, nil
}

func (in *Instance) walk(n *xpath.Node, path string) {
	total := map[string]int{}
	for _, c := range n.Children() {
		if c.Kind == xpath.ElementNode {
			total[c.Name]++
		}
	}
	seen := map[string]int{}
	for _, c := range n.Children() {
		if c.Kind != xpath.ElementNode {
			continue
		}
		p := path + "/" + c.Name
		if total[c.Name] > 1 {
			seen[c.Name]++
			p += "[" + strconv.Itoa(seen[c.Name]) + "]"
		}
		if !leaf(c) {
			in.walk(c, p)
			continue
		}
		if v := strings.TrimSpace(c.Text()); v != "" {
			in.Answers = append(in.Answers, Answer{Path: p, Name: c.Name, Value: v})
		}
	}
}
