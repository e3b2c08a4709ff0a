package xlsform

import (
	"bytes"
	"errors"
	"strconv"
	"strings"
	"unicode/utf16"
	"unicode/utf8"
)

// xmlScanner reads the XML inside an .xlsx file. It knows just enough XML for
// that: elements, attributes, text, CDATA, the five named entities and numbers.
// A document type, and with it every entity that could be defined in one, is
// refused. Namespace prefixes are ignored.
type xmlScanner struct {
	data []byte
	pos  int

	name    []byte // of the element that start or end found, without prefix
	attrs   []byte // the raw attributes of a start tag
	pendEnd bool
	failure error
}

type xmlEvent uint8

const (
	xmlDone xmlEvent = iota
	xmlStart
	xmlEnd
)

var errXML = errors.New("the file is damaged: its XML cannot be read")
var errDoctype = errors.New("the file holds a document type definition, which a spreadsheet never has; it is refused")

func newXMLScanner(data []byte) (*xmlScanner, error) {
	if len(data) >= 2 && (data[0] == 0xff && data[1] == 0xfe || data[0] == 0xfe && data[1] == 0xff) {
		data = fromUTF16(data)
	}
	data = bytes.TrimPrefix(data, []byte("\ufeff"))
	if !utf8.Valid(data) {
		return nil, errXML
	}
	return &xmlScanner{data: data}, nil
}

func fromUTF16(data []byte) []byte {
	big := data[0] == 0xfe
	units := make([]uint16, 0, len(data)/2)
	for i := 2; i+1 < len(data); i += 2 {
		lo, hi := data[i], data[i+1]
		if big {
			lo, hi = hi, lo
		}
		units = append(units, uint16(hi)<<8|uint16(lo))
	}
	return []byte(string(utf16.Decode(units)))
}

func (s *xmlScanner) fail(err error) xmlEvent {
	s.failure = err
	s.pos = len(s.data)
	return xmlDone
}

// next goes to the next start or end of an element, skipping text.
func (s *xmlScanner) next() xmlEvent {
	if s.pendEnd {
		s.pendEnd = false
		return xmlEnd
	}
	for {
		i := bytes.IndexByte(s.data[s.pos:], '<')
		if i < 0 {
			s.pos = len(s.data)
			return xmlDone
		}
		s.pos += i + 1
		rest := s.data[s.pos:]
		switch {
		case len(rest) == 0:
			return s.fail(errXML)
		case rest[0] == '?':
			if !s.skipTo("?>") {
				return xmlDone
			}
		case rest[0] == '!':
			switch {
			case bytes.HasPrefix(rest, []byte("!--")):
				if !s.skipTo("-->") {
					return xmlDone
				}
			case bytes.HasPrefix(rest, []byte("![CDATA[")):
				if !s.skipTo("]]>") {
					return xmlDone
				}
			default:
				return s.fail(errDoctype)
			}
		case rest[0] == '/':
			end := bytes.IndexByte(rest, '>')
			if end < 0 {
				return s.fail(errXML)
			}
			s.name = localName(bytes.TrimRight(rest[1:end], " \t\r\n"))
			s.pos += end + 1
			return xmlEnd
		default:
			return s.startTag(rest)
		}
	}
}

func (s *xmlScanner) skipTo(end string) bool {
	i := bytes.Index(s.data[s.pos:], []byte(end))
	if i < 0 {
		s.fail(errXML)
		return false
	}
	s.pos += i + len(end)
	return true
}

// startTag reads a start tag; a > inside a quoted value does not end it.
func (s *xmlScanner) startTag(rest []byte) xmlEvent {
	end := -1
	var quote byte
	for i, c := range rest {
		switch {
		case quote != 0:
			if c == quote {
				quote = 0
			}
		case c == '"' || c == '\'':
			quote = c
		case c == '>':
			end = i
		}
		if end >= 0 {
			break
		}
	}
	if end < 0 {
		return s.fail(errXML)
	}
	s.pos += end + 1
	tag := rest[:end]
	if n := len(tag); n > 0 && tag[n-1] == '/' {
		tag, s.pendEnd = tag[:n-1], true
	}
	n := bytes.IndexAny(tag, " \t\r\n")
	if n < 0 {
		n = len(tag)
	}
	s.name, s.attrs = localName(tag[:n]), tag[n:]
	return xmlStart
}

func localName(name []byte) []byte {
	if i := bytes.IndexByte(name, ':'); i >= 0 {
		return name[i+1:]
	}
	return name
}

// attr gives an attribute of the start tag by its local name, or "".
func (s *xmlScanner) attr(name string) string {
	rest := s.attrs
	for {
		eq := bytes.IndexByte(rest, '=')
		if eq < 0 {
			return ""
		}
		key := localName(bytes.TrimSpace(rest[:eq]))
		rest = bytes.TrimLeft(rest[eq+1:], " \t\r\n")
		if len(rest) == 0 {
			return ""
		}
		end := bytes.IndexByte(rest[1:], rest[0])
		if end < 0 {
			return ""
		}
		if string(key) == name {
			return unescapeXML(rest[1 : end+1])
		}
		rest = rest[end+2:]
	}
}

// text reads on to the end of the element that has just started and gives the
// text directly in it.
func (s *xmlScanner) text() string {
	if s.pendEnd {
		s.pendEnd = false
		return ""
	}
	var whole strings.Builder
	depth := 1
	for depth > 0 {
		i := bytes.IndexByte(s.data[s.pos:], '<')
		if i < 0 {
			s.fail(errXML)
			return ""
		}
		part := s.data[s.pos : s.pos+i]
		if depth == 1 && bytes.HasPrefix(s.data[s.pos+i:], []byte("</")) && whole.Len() == 0 {
			s.next()
			return unescapeXML(part) // the usual case: one piece
		}
		if depth == 1 {
			whole.WriteString(unescapeXML(part))
		}
		s.pos += i
		if cdata := []byte("<![CDATA["); bytes.HasPrefix(s.data[s.pos:], cdata) {
			s.pos += len(cdata)
			end := bytes.Index(s.data[s.pos:], []byte("]]>"))
			if end < 0 {
				s.fail(errXML)
				return ""
			}
			if depth == 1 {
				whole.Write(s.data[s.pos : s.pos+end])
			}
			s.pos += end + len("]]>")
			continue
		}
		if bytes.HasPrefix(s.data[s.pos:], []byte("<!--")) || bytes.HasPrefix(s.data[s.pos:], []byte("<?")) {
			end := "?>"
			if s.data[s.pos+1] == '!' {
				end = "-->"
			}
			if !s.skipTo(end) {
				return ""
			}
			continue
		}
		switch s.next() {
		case xmlStart:
			depth++
		case xmlEnd:
			depth--
		default:
			s.failure = errXML
			return ""
		}
	}
	return whole.String()
}

// skip reads on to the end of the element that has just started.
func (s *xmlScanner) skip() {
	for depth := 1; depth > 0; {
		switch s.next() {
		case xmlStart:
			depth++
		case xmlEnd:
			depth--
		default:
			return
		}
	}
}

var namedEntities = map[string]string{"amp": "&", "lt": "<", "gt": ">", "quot": `"`, "apos": "'"}

// unescapeXML replaces entities, and makes every end of line a line feed. An
// entity that is not known stays as it is.
func unescapeXML(b []byte) string {
	if bytes.IndexByte(b, '&') < 0 && bytes.IndexByte(b, '\r') < 0 {
		return string(b)
	}
	b = bytes.ReplaceAll(bytes.ReplaceAll(b, []byte("\r\n"), []byte("\n")), []byte("\r"), []byte("\n"))
	var out strings.Builder
	out.Grow(len(b))
	for {
		i := bytes.IndexByte(b, '&')
		if i < 0 {
			out.Write(b)
			return out.String()
		}
		out.Write(b[:i])
		b = b[i:]
		end := bytes.IndexByte(b[:min(len(b), 12)], ';')
		if end < 0 {
			out.WriteByte('&')
			b = b[1:]
			continue
		}
		out.WriteString(entity(string(b[1:end])))
		b = b[end+1:]
	}
}

func entity(name string) string {
	if v, ok := namedEntities[name]; ok {
		return v
	}
	if number, ok := strings.CutPrefix(name, "#"); ok {
		base := 10
		if hex, ok := strings.CutPrefix(number, "x"); ok {
			number, base = hex, 16
		}
		if n, err := strconv.ParseUint(number, base, 21); err == nil && utf8.ValidRune(rune(n)) {
			return string(rune(n))
		}
	}
	return "&" + name + ";"
}
