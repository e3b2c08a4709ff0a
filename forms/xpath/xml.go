package xpath

import (
	"bufio"
	"bytes"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"strings"
)

// XMLLimits bounds what ParseXML accepts. A zero field means the default.
type XMLLimits struct {
	Bytes int64 // size of the document; default 32 MiB
	Depth int   // elements inside elements; default 200
	Nodes int   // nodes of all kinds; default 2,000,000

	// KeepBlank keeps text that is only white space beside elements. By default such text is layout and is dropped, as
	// form programs do; an element that holds nothing but white space keeps it either way.
	KeepBlank bool
}

const (
	defaultXMLBytes = 32 << 20
	defaultXMLDepth = 200
	defaultXMLNodes = 2_000_000

	xmlSpace   = "http://www.w3.org/XML/1998/namespace"
	xmlnsSpace = "http://www.w3.org/2000/xmlns/"
)

// ParseXML reads a document into a tree. It reads no other file, expands no entity but the five of XML, and refuses a
// document type with declarations, so entity bombs and external entities cannot happen. Errors name the line.
func ParseXML(r io.Reader, lim XMLLimits) (*Node, error) {
	lim.Bytes = orDefault(lim.Bytes, defaultXMLBytes)
	lim.Depth = orDefault(lim.Depth, defaultXMLDepth)
	lim.Nodes = orDefault(lim.Nodes, defaultXMLNodes)

	if in, ok := r.(*bytes.Reader); ok {
		if doc := quick(in, lim); doc != nil {
			return doc, nil
		}
	}
	src := &cappedReader{r: r, left: lim.Bytes + 1}
	dec := xml.NewDecoder(bufio.NewReader(src))
	dec.CharsetReader = func(label string, _ io.Reader) (io.Reader, error) {
		return nil, fmt.Errorf("the document says it is in %q: save it as UTF-8", label)
	}
	b := builder{lim: lim, dec: dec, at: NewDocument()}
	b.doc = b.at
	for {
		tok, err := dec.RawToken()
		if src.left <= 0 {
			return nil, fmt.Errorf("reading XML: the document is larger than %d bytes", lim.Bytes)
		}
		if err == io.EOF {
			break
		}
		if err == nil {
			err = b.token(tok)
		}
		if err != nil {
			line, _ := dec.InputPos()
			return nil, fmt.Errorf("reading XML: line %d: %w", line, plainXMLError(err))
		}
	}
	if b.at != b.doc {
		return nil, fmt.Errorf("reading XML: the document ends before </%s>", b.at.QName())
	}
	if b.doc.DocumentElement() == nil {
		return nil, errors.New("reading XML: the document has no element")
	}
	return b.doc, nil
}

func orDefault[T int | int64](v, def T) T {
	if v <= 0 {
		return def
	}
	return v
}

// plainXMLError takes away the decoder's own "XML syntax error on line n".
func plainXMLError(err error) error {
	var syn *xml.SyntaxError
	if errors.As(err, &syn) {
		return errors.New(syn.Msg)
	}
	return err
}

// cappedReader stops after a number of bytes, so that left tells whether the source had more.
type cappedReader struct {
	r    io.Reader
	left int64
}

func (c *cappedReader) Read(p []byte) (int, error) {
	if c.left <= 0 {
		return 0, io.EOF
	}
	if int64(len(p)) > c.left {
		p = p[:c.left]
	}
	n, err := c.r.Read(p)
	c.left -= int64(n)
	return n, err
}

// builder turns tokens into nodes.
type builder struct {
	lim     XMLLimits
	dec     *xml.Decoder
	doc, at *Node
	depth   int
	nodes   int

	// Nodes and the places of their first children are taken from the heap many at a time.
	fresh []Node
	first []*Node
}

func (b *builder) node(n Node) *Node {
	if len(b.fresh) == 0 {
		b.fresh = make([]Node, min(max(8, b.nodes), 128))
	}
	out := &b.fresh[0]
	b.fresh = b.fresh[1:]
	*out = n
	return out
}

func (b *builder) token(tok xml.Token) error {
	switch t := tok.(type) {
	case xml.StartElement:
		return b.start(t)
	case xml.EndElement:
		return b.end(t)
	case xml.CharData:
		return b.text(string(t))
	case xml.Comment:
		return b.add(b.node(Node{Kind: CommentNode, Value: string(t)}))
	case xml.ProcInst:
		if t.Target == "xml" {
			return nil
		}
		return b.add(b.node(Node{Kind: InstructionNode, Name: t.Target, Value: string(t.Inst)}))
	case xml.Directive:
		if strings.ContainsRune(string(t), '[') {
			return errors.New("a document type with declarations is not accepted: remove the <!DOCTYPE …> part")
		}
	}
	return nil
}

func (b *builder) add(n *Node) error {
	if b.nodes++; b.nodes > b.lim.Nodes {
		return fmt.Errorf("the document has more than %d nodes", b.lim.Nodes)
	}
	n.parent, n.at = b.at, len(b.at.children)
	if n.at == 0 {
		if len(b.first) == 0 {
			b.first = make([]*Node, min(max(8, b.nodes), 128))
		}
		b.at.children, b.first = b.first[:0:1], b.first[1:]
	}
	b.at.children = append(b.at.children, n)
	return nil
}

func (b *builder) start(t xml.StartElement) error {
	n, err := b.opened(t.Name.Space, t.Name.Local)
	if err != nil {
		return err
	}
	for _, a := range t.Attr {
		if err := b.give(n, a.Name.Space, a.Name.Local, a.Value); err != nil {
			return err
		}
	}
	b.scope(n)
	return nil
}

// opened begins an element.
func (b *builder) opened(prefix, local string) (*Node, error) {
	if b.depth++; b.depth > b.lim.Depth {
		return nil, fmt.Errorf("elements are nested more than %d deep", b.lim.Depth)
	}
	if b.at == b.doc && b.doc.DocumentElement() != nil {
		return nil, errors.New("the document has more than one outermost element")
	}
	n := b.node(Node{Kind: ElementNode, Prefix: prefix, Name: local})
	return n, b.add(n)
}

// give gives an element an attribute or a namespace.
func (b *builder) give(n *Node, prefix, local, value string) error {
	switch {
	case prefix == "xmlns":
		n.declare(local, value)
	case prefix == "" && local == "xmlns":
		n.declare("", value)
	default:
		n.addAttr(b.node(Node{Kind: AttributeNode, Prefix: prefix, Name: local, Value: value}))
	}
	if b.nodes++; b.nodes > b.lim.Nodes {
		return fmt.Errorf("the document has more than %d nodes", b.lim.Nodes)
	}
	return nil
}

// scope finds the namespaces of an element that has all its attributes, and enters it.
func (b *builder) scope(n *Node) {
	n.Space, _ = n.LookupSpace(n.Prefix)
	for _, a := range n.attrs {
		if a.Prefix != "" {
			a.Space, _ = n.LookupSpace(a.Prefix)
		}
	}
	b.at = n
}

func (b *builder) end(t xml.EndElement) error {
	if b.at.Kind != ElementNode || b.at.Prefix != t.Name.Space || b.at.Name != t.Name.Local {
		return fmt.Errorf("</%s> does not close the element that is open", qname(t.Name.Space, t.Name.Local))
	}
	b.leave()
	return nil
}

// leave ends the element that is open.
func (b *builder) leave() {
	if !b.lim.KeepBlank {
		dropBlank(b.at)
	}
	b.depth--
	b.at = b.at.parent
}

func (b *builder) text(s string) error {
	if b.at == b.doc {
		if strings.TrimSpace(s) != "" && strings.Trim(s, "\ufeff \t\r\n") != "" {
			return errors.New("text outside the outermost element")
		}
		return nil
	}
	if k := len(b.at.children); k > 0 && b.at.children[k-1].Kind == TextNode {
		b.at.children[k-1].Value += s
		return nil
	}
	return b.add(b.node(Node{Kind: TextNode, Value: s}))
}

// dropBlank takes white-space text out of an element that holds elements.
func dropBlank(n *Node) {
	hasElement := false
	for _, c := range n.children {
		hasElement = hasElement || c.Kind == ElementNode
	}
	if !hasElement {
		return
	}
	kept := n.children[:0]
	for _, c := range n.children {
		if c.Kind != TextNode || trimSpace(c.Value) != "" {
			kept = append(kept, c)
		}
	}
	n.children = kept
	renumber(kept, 0)
}

func qname(prefix, local string) string {
	if prefix == "" {
		return local
	}
	return prefix + ":" + local
}

func (n *Node) declare(prefix, uri string) {
	n.spaces = append(n.spaces, &Node{Kind: NamespaceNode, Name: prefix, Value: uri, parent: n, at: len(n.spaces)})
}

// LookupSpace returns the namespace that a prefix stands for at this element ("" for the default namespace), and
// whether it is declared.
func (n *Node) LookupSpace(prefix string) (string, bool) {
	switch prefix {
	case "xml":
		return xmlSpace, true
	case "xmlns":
		return xmlnsSpace, true
	}
	for e := n; e != nil; e = e.parent {
		for _, d := range e.spaces {
			if d.Name == prefix {
				return d.Value, true
			}
		}
	}
	return "", false
}

// DeclareSpace declares a namespace prefix on an element ("" for the default namespace).
func (n *Node) DeclareSpace(prefix, uri string) {
	for _, d := range n.spaces {
		if d.Name == prefix {
			d.Value = uri
			return
		}
	}
	n.declare(prefix, uri)
}

// inScope returns the namespaces in scope at an element, for the namespace axis.
func (n *Node) inScope() []*Node {
	seen := map[string]bool{}
	var out []*Node
	for e := n; e != nil; e = e.parent {
		for _, d := range e.spaces {
			if !seen[d.Name] && d.Value != "" {
				out = append(out, &Node{Kind: NamespaceNode, Name: d.Name, Value: d.Value, parent: n, at: len(out)})
			}
			seen[d.Name] = true
		}
	}
	return append(out, &Node{Kind: NamespaceNode, Name: "xml", Value: xmlSpace, parent: n, at: len(out)})
}
