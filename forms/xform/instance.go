package xform

import (
	"errors"
	"fmt"
	"strings"
)

// Instance is one filled form.
type Instance struct {
	Form, Version string
	ID            string // meta/instanceID
	Deprecated    string // meta/deprecatedID: the instance this one edits
	// Encrypted says that the answers are in an encrypted attachment.
	Encrypted bool
	Answers   []Answer
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
	root, err := parse(body)
	if err != nil {
		return nil, err
	}
	in := &Instance{Form: root.attr("id"), Version: root.attr("version"), Encrypted: root.attr("encrypted") == "yes"}
	if in.Form == "" {
		return nil, ErrNoForm
	}
	if in.Version == "" {
		in.Version = root.attr("uiVersion")
	}
	if meta := root.child("meta"); meta != nil {
		if n := meta.child("instanceID"); n != nil {
			in.ID = strings.TrimSpace(n.text)
		}
		if n := meta.child("deprecatedID"); n != nil {
			in.Deprecated = strings.TrimSpace(n.text)
		}
	}
	if in.ID == "" {
		in.ID = root.attr("instanceID")
	}
	if in.ID == "" {
		return nil, ErrNoInstanceID
	}
	if len(in.ID) > 200 || strings.ContainsAny(in.ID, "\x00\n\r") {
		return nil, errors.New("the instance id is longer than 200 characters or has a line break")
	}
	in.walk(root, "/"+root.name.Local)
	return in, nil
}

func (in *Instance) walk(n *node, path string) {
	total := map[string]int{}
	for _, c := range n.children {
		total[c.name.Local]++
	}
	seen := map[string]int{}
	for _, c := range n.children {
		name := c.name.Local
		seen[name]++
		p := path + "/" + name
		if total[name] > 1 {
			p += fmt.Sprintf("[%d]", seen[name])
		}
		if len(c.children) > 0 {
			in.walk(c, p)
			continue
		}
		if v := strings.TrimSpace(c.text); v != "" {
			in.Answers = append(in.Answers, Answer{Path: p, Name: name, Value: v})
		}
	}
}
