package xlsform

import (
	"bufio"
	"io"
	"strings"
	"unicode/utf8"
)

// elem is an element of the XForm. It has either children, or text that may be
// mixed with output elements.
type elem struct {
	name  string
	attrs []xmlAttr
	kids  []*elem
	text  []segment
}

type xmlAttr struct{ name, value string }

// segment is a piece of text, or an <output value="..."/>.
type segment struct {
	text   string
	output bool
}

// el makes an element; attrs are pairs of name and value.
func el(name string, attrs ...string) *elem {
	e := &elem{name: name}
	if len(attrs) > 0 {
		e.attrs = make([]xmlAttr, 0, len(attrs)/2)
		for i := 0; i+1 < len(attrs); i += 2 {
			e.attrs = append(e.attrs, xmlAttr{attrs[i], attrs[i+1]})
		}
	}
	return e
}

func (e *elem) with(kids ...*elem) *elem {
	e.kids = append(e.kids, kids...)
	return e
}

func (e *elem) plain(text string) *elem {
	e.text = []segment{{text: text}}
	return e
}

func (e *elem) set(name, value string) {
	for i := range e.attrs {
		if e.attrs[i].name == name {
			e.attrs[i].value = value
			return
		}
	}
	e.attrs = append(e.attrs, xmlAttr{name, value})
}

// xmlWriter writes elements with two spaces of indentation a level. Elements
// that hold text are written on one line, since white space counts there.
type xmlWriter struct{ *bufio.Writer }

func writeXML(w io.Writer, root *elem) error {
	x := xmlWriter{bufio.NewWriterSize(w, 32<<10)}
	x.WriteString("<?xml version=\"1.0\"?>\n")
	x.element(root, 0)
	return x.Flush()
}

func (x xmlWriter) indent(depth int) {
	for range depth {
		x.WriteString("  ")
	}
}

func (x xmlWriter) element(e *elem, depth int) {
	x.indent(depth)
	x.WriteByte('<')
	x.WriteString(e.name)
	for _, a := range e.attrs {
		x.WriteByte(' ')
		x.WriteString(a.name)
		x.WriteString(`="`)
		x.escape(a.value, true)
		x.WriteByte('"')
	}
	switch {
	case len(e.text) > 0:
		x.WriteByte('>')
		x.mixed(e.text)
	case len(e.kids) > 0:
		x.WriteString(">\n")
		for _, k := range e.kids {
			x.element(k, depth+1)
		}
		x.indent(depth)
	default:
		x.WriteString("/>\n")
		return
	}
	x.WriteString("</")
	x.WriteString(e.name)
	x.WriteString(">\n")
}

// mixed writes text with outputs; it gets a space on either side, which keeps
// words apart in clients that trim.
func (x xmlWriter) mixed(text []segment) {
	if len(text) > 1 && !text[0].output {
		x.WriteByte(' ')
	}
	for _, s := range text {
		if !s.output {
			x.escape(s.text, false)
			continue
		}
		x.WriteString(`<output value="`)
		x.escape(s.text, true)
		x.WriteString(`"/>`)
	}
	if len(text) > 1 {
		x.WriteByte(' ')
	}
}

// escape writes a text, without the characters that XML does not allow.
func (x xmlWriter) escape(s string, attribute bool) {
	start := 0
	for i := 0; i < len(s); {
		var to string
		size := 1
		switch c := s[i]; {
		case c == '&':
			to = "&amp;"
		case c == '<':
			to = "&lt;"
		case c == '>':
			to = "&gt;"
		case c == '"' && attribute:
			to = "&quot;"
		case c == '\r': // a parser would read any end of line as a line feed
			if i+1 >= len(s) || s[i+1] != '\n' {
				to = "\n"
			}
		case c < 0x20 && c != '\t' && c != '\n':
		case c < utf8.RuneSelf:
			i++
			continue
		default:
			var r rune
			r, size = utf8.DecodeRuneInString(s[i:])
			if (r != utf8.RuneError || size > 1) && r != 0xfffe && r != 0xffff {
				i += size
				continue
			}
		}
		x.WriteString(s[start:i])
		x.WriteString(to)
		i += size
		start = i
	}
	x.WriteString(s[start:])
}

// allowedInXML reports whether XML can hold the text as it is.
func allowedInXML(s string) bool {
	if !utf8.ValidString(s) || strings.Contains(s, "\ufffe") || strings.Contains(s, "\uffff") {
		return false
	}
	for i := 0; i < len(s); i++ {
		if c := s[i]; c < 0x20 && c != '\t' && c != '\n' && c != '\r' {
			return false
		}
	}
	return true
}

// WriteXForm writes the form as XForm XML, in UTF-8.
func (f *Form) WriteXForm(w io.Writer) error { return writeXML(w, f.root) }
