// Package canonxml writes XML documents in a normal form, so that two documents
// that mean the same become the same text. It is made for comparing XForms: names
// carry their namespace, attributes are sorted, and white space between elements
// is left out. Text that stands beside elements is kept as it is.
package canonxml

import (
	"encoding/xml"
	"fmt"
	"io"
	"sort"
	"strings"
)

// Canonical gives the normal form of a document: one line for each element and
// each text, indented by depth.
func Canonical(doc string) (string, error) {
	d := xml.NewDecoder(strings.NewReader(doc))
	root := &node{}
	stack := []*node{root}
	for {
		t, err := d.Token()
		if err == io.EOF {
			break
		}
		if err != nil {
			return "", fmt.Errorf("the document is not well-formed XML: %w", err)
		}
		top := stack[len(stack)-1]
		switch t := t.(type) {
		case xml.StartElement:
			n := element(t)
			top.kids = append(top.kids, n)
			stack = append(stack, n)
		case xml.EndElement:
			stack = stack[:len(stack)-1]
		case xml.CharData:
			if k := len(top.kids); k > 0 && top.kids[k-1].name == "" {
				top.kids[k-1].text += string(t)
			} else {
				top.kids = append(top.kids, &node{text: string(t)})
			}
		}
	}
	var b strings.Builder
	for _, k := range root.kids {
		k.write(&b, 0)
	}
	return b.String(), nil
}

// node is an element, or a text, which has no name.
type node struct {
	name, text string
	attrs      []string
	kids       []*node
}

var attributeSpace = strings.NewReplacer("\n", " ", "\t", " ", "\r", " ")

func element(t xml.StartElement) *node {
	n := &node{name: t.Name.Space + "|" + t.Name.Local}
	for _, a := range t.Attr {
		if a.Name.Space == "xmlns" || a.Name.Space == "" && a.Name.Local == "xmlns" {
			continue // shows in the names of what it is declared for
		}
		n.attrs = append(n.attrs, fmt.Sprintf("%s|%s=%q", a.Name.Space, a.Name.Local, attributeSpace.Replace(a.Value)))
	}
	sort.Strings(n.attrs)
	return n
}

func (n *node) write(b *strings.Builder, depth int) {
	indent := strings.Repeat(" ", depth)
	if n.name == "" {
		fmt.Fprintf(b, "%s%q\n", indent, n.text)
		return
	}
	fmt.Fprintf(b, "%s<%s %s>\n", indent, n.name, strings.Join(n.attrs, " "))
	elements := false
	for _, k := range n.kids {
		elements = elements || k.name != ""
	}
	for _, k := range n.kids {
		if k.name == "" && elements && strings.TrimSpace(k.text) == "" {
			continue
		}
		k.write(b, depth+1)
	}
}

// Difference shows the first line in which two normal forms part, or "".
func Difference(got, want string) string {
	g, w := strings.Split(got, "\n"), strings.Split(want, "\n")
	for i := range max(len(g), len(w)) {
		var a, b string
		if i < len(g) {
			a = g[i]
		}
		if i < len(w) {
			b = w[i]
		}
		if a != b {
			return fmt.Sprintf("line %d\n  got  %s\n  want %s", i+1, a, b)
		}
	}
	return ""
}
