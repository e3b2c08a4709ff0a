package xlsform

import (
	"encoding/xml"
	"fmt"
	"io"
	"sort"
	"strings"
)

// canonical writes an XML document so that two documents that mean the same are
// the same text: names with their namespaces, attributes sorted, white space
// between elements left out.
func canonical(doc string) (string, error) {
	d := xml.NewDecoder(strings.NewReader(doc))
	root := &xmlNode{}
	stack := []*xmlNode{root}
	for {
		t, err := d.Token()
		if err == io.EOF {
			break
		}
		if err != nil {
			return "", err
		}
		top := stack[len(stack)-1]
		switch t := t.(type) {
		case xml.StartElement:
			n := &xmlNode{name: t.Name.Space + "|" + t.Name.Local}
			for _, a := range t.Attr {
				if a.Name.Space == "xmlns" || a.Name.Space == "" && a.Name.Local == "xmlns" {
					continue // shows in the names of what it is declared for
				}
				value := strings.NewReplacer("\n", " ", "\t", " ", "\r", " ").Replace(a.Value)
				n.attrs = append(n.attrs, fmt.Sprintf("%s|%s=%q", a.Name.Space, a.Name.Local, value))
			}
			sort.Strings(n.attrs)
			top.kids = append(top.kids, n)
			stack = append(stack, n)
		case xml.EndElement:
			stack = stack[:len(stack)-1]
		case xml.CharData:
			if k := len(top.kids); k > 0 && top.kids[k-1].name == "" {
				top.kids[k-1].text += string(t)
			} else {
				top.kids = append(top.kids, &xmlNode{text: string(t)})
			}
		}
	}
	var b strings.Builder
	for _, k := range root.kids {
		k.write(&b, 0)
	}
	return b.String(), nil
}

type xmlNode struct {
	name, text string // a text node has no name
	attrs      []string
	kids       []*xmlNode
}

func (n *xmlNode) write(b *strings.Builder, depth int) {
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

// firstDifference shows where two canonical documents part.
func firstDifference(got, want string) string {
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
