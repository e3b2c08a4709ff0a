package xpath

import (
	"bufio"
	"io"
	"strings"
)

// WriteXML writes the node as XML without adding white space. Hidden nodes are left out.
func (n *Node) WriteXML(w io.Writer) error {
	b := bufio.NewWriter(w)
	n.writeXML(b)
	return b.Flush()
}

// XML returns the node as XML text; see [Node.WriteXML].
func (n *Node) XML() string {
	var s strings.Builder
	_ = n.WriteXML(&s) // a strings.Builder takes every write
	return s.String()
}

var (
	textEscapes = strings.NewReplacer("&", "&amp;", "<", "&lt;", ">", "&gt;", "\r", "&#xD;")
	attrEscapes = strings.NewReplacer("&", "&amp;", "<", "&lt;", `"`, "&quot;", "\n", "&#xA;", "\r", "&#xD;", "\t", "&#x9;")
)

func (n *Node) writeXML(b *bufio.Writer) {
	if n.Hidden {
		return
	}
	switch n.Kind {
	case TextNode:
		textEscapes.WriteString(b, n.Value)
	case CommentNode:
		b.WriteString("<!--" + n.Value + "-->")
	case InstructionNode:
		b.WriteString("<?" + n.Name + " " + n.Value + "?>")
	case AttributeNode:
		b.WriteString(n.QName() + `="`)
		attrEscapes.WriteString(b, n.Value)
		b.WriteByte('"')
	case NamespaceNode:
		b.WriteString("xmlns")
		if n.Name != "" {
			b.WriteString(":" + n.Name)
		}
		b.WriteString(`="`)
		attrEscapes.WriteString(b, n.Value)
		b.WriteByte('"')
	case DocumentNode:
		for _, c := range n.children {
			c.writeXML(b)
		}
	case ElementNode:
		n.writeElement(b)
	}
}

func (n *Node) writeElement(b *bufio.Writer) {
	b.WriteString("<" + n.QName())
	for _, list := range [][]*Node{n.spaces, n.attrs} {
		for _, a := range list {
			b.WriteByte(' ')
			a.writeXML(b)
		}
	}
	if len(n.children) == 0 {
		b.WriteString("/>")
		return
	}
	b.WriteByte('>')
	for _, c := range n.children {
		c.writeXML(b)
	}
	b.WriteString("</" + n.QName() + ">")
}
