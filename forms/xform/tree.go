package xform

import (
	"bytes"
	"strings"

	"aman/forms/xpath"
)

// Limits of a document. Real forms of 3 MB exist (ward lists); nothing sensible is
// deeper than a few dozen levels.
const (
	MaxSize  = 16 << 20
	maxDepth = 100
	maxNodes = 1_000_000
)

// read parses a document within the limits and returns its outermost element.
func read(body []byte) (*xpath.Node, error) {
	doc, err := xpath.ParseXML(bytes.NewReader(body), xpath.XMLLimits{Bytes: MaxSize, Depth: maxDepth, Nodes: maxNodes})
	if err != nil {
		return nil, err
	}
	return doc.DocumentElement(), nil
}

// attr is the value of the attribute with that local name, whatever its prefix: programs
// bind the prefixes of OpenRosa as they like.
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

// child is the first child element of that local name, or nil.
func child(n *xpath.Node, local string) *xpath.Node {
	if n == nil {
		return nil
	}
	for _, c := range n.Children() {
		if c.Kind == xpath.ElementNode && c.Name == local {
			return c
		}
	}
	return nil
}

// find walks a path of local names; nil when it ends early.
func find(n *xpath.Node, path ...string) *xpath.Node {
	for _, p := range path {
		n = child(n, p)
	}
	return n
}

// elements are the child elements.
func elements(n *xpath.Node) []*xpath.Node {
	if n == nil {
		return nil
	}
	return n.Elements("*")
}

// leaf reports whether an element holds no elements.
func leaf(n *xpath.Node) bool {
	for _, c := range n.Children() {
		if c.Kind == xpath.ElementNode {
			return false
		}
	}
	return true
}

// plain is the text of a label. An answer that it would show is “…”: a label is shown to
// people who need not see that answer.
func plain(n *xpath.Node) string {
	var b strings.Builder
	var walk func(*xpath.Node)
	walk = func(n *xpath.Node) {
		for _, c := range n.Children() {
			switch {
			case c.Kind == xpath.TextNode:
				b.WriteString(c.Value)
			case c.Kind == xpath.ElementNode && c.Name == "output":
				b.WriteString("…")
			case c.Kind == xpath.ElementNode:
				walk(c)
			}
		}
	}
	if n != nil {
		walk(n)
	}
	return strings.Join(strings.Fields(b.String()), " ")
}
