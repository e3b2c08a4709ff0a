package xform

import (
	"bytes"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"strings"
)

// Limits of a document. Real forms of 3 MB exist (ward lists); nothing sensible is
// deeper than a few dozen levels.
const (
	MaxSize  = 16 << 20
	maxDepth = 100
	maxNodes = 500_000
)

// node is an element of a document.
type node struct {
	name     xml.Name
	attrs    []xml.Attr
	children []*node
	text     string // character data directly in it
}

func (n *node) attr(local string) string {
	for _, a := range n.attrs {
		if a.Name.Local == local && a.Name.Space != "xmlns" {
			return a.Value
		}
	}
	return ""
}

// child is the first child of that local name.
func (n *node) child(local string) *node {
	for _, c := range n.children {
		if c.name.Local == local {
			return c
		}
	}
	return nil
}

// find walks a path of local names.
func (n *node) find(path ...string) *node {
	for _, p := range path {
		if n == nil {
			return nil
		}
		n = n.child(p)
	}
	return n
}

// parse reads a whole document into a tree.
func parse(body []byte) (*node, error) {
	if len(body) > MaxSize {
		return nil, fmt.Errorf("the document is larger than %d MB", MaxSize>>20)
	}
	d := xml.NewDecoder(bytes.NewReader(body))
	d.Entity = map[string]string{} // none but the five of XML itself
	var root *node
	var stack []*node
	count := 0
	for {
		tok, err := d.Token()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return nil, fmt.Errorf("the document is not well-formed XML: %w", err)
		}
		switch t := tok.(type) {
		case xml.Directive:
			return nil, errors.New("the document has a DOCTYPE or another directive, which is not accepted")
		case xml.StartElement:
			if count++; count > maxNodes {
				return nil, fmt.Errorf("the document has more than %d elements", maxNodes)
			}
			if len(stack) >= maxDepth {
				return nil, fmt.Errorf("the document is nested more than %d levels deep", maxDepth)
			}
			n := &node{name: t.Name, attrs: t.Attr}
			if len(stack) == 0 {
				if root != nil {
					return nil, errors.New("the document has two root elements")
				}
				root = n
			} else {
				top := stack[len(stack)-1]
				top.children = append(top.children, n)
			}
			stack = append(stack, n)
		case xml.EndElement:
			stack = stack[:len(stack)-1]
		case xml.CharData:
			if len(stack) > 0 {
				stack[len(stack)-1].text += string(t)
			}
		}
	}
	if root == nil {
		return nil, errors.New("the document is empty")
	}
	return root, nil
}

// plain is the text of a label, with what output elements show left out.
func (n *node) plain() string {
	if n == nil {
		return ""
	}
	return strings.Join(strings.Fields(n.text), " ")
}
