package xpath

import (
	"bytes"
	"strings"
	"unicode/utf8"
)

// quick reads the plain documents that programs write: elements, attributes, text, the five entities of XML, in UTF-8.
// It is some four times as fast as the reader of the standard library, which takes everything else: whatever is not
// plain, or is wrong, gives nil, and is read from the beginning by the other, so that there is one opinion on what is
// accepted and one wording of what is not. A fuzz target holds the two against each other.
func quick(in *bytes.Reader, lim XMLLimits) *Node {
	if int64(in.Len()) > lim.Bytes {
		return nil
	}
	at, _ := in.Seek(0, 1)
	body := make([]byte, in.Len())
	_, err := in.Read(body)
	if _, back := in.Seek(at, 0); err != nil || back != nil {
		return nil
	}
	q := &quickReader{s: string(body), builder: builder{lim: lim, at: NewDocument()}}
	q.doc = q.at
	if !plainDocument(q.s) || !q.declaration() || !q.document() || q.at != q.doc || q.doc.DocumentElement() == nil {
		return nil
	}
	return q.doc
}

// plainDocument says whether a text has only characters that are plain in XML.
func plainDocument(s string) bool {
	for i := 0; i < len(s); i++ {
		if c := s[i]; c < ' ' && c != '\n' && c != '\t' || c == 0x7f {
			return false
		}
	}
	return utf8.ValidString(s) && !strings.Contains(s, "\ufffe") && !strings.Contains(s, "\uffff") && !strings.Contains(s, "]]>")
}

// quickReader goes through a document.
type quickReader struct {
	builder
	s string
}

// declaration passes over <?xml …?> of version 1.0 in UTF-8.
func (q *quickReader) declaration() bool {
	rest, ok := strings.CutPrefix(q.s, "<?xml ")
	if !ok {
		return true
	}
	said, rest, ok := strings.Cut(rest, "?>")
	if !ok {
		return false
	}
	said = strings.ToLower(strings.ReplaceAll(strings.TrimSpace(said), "'", `"`))
	q.s = rest
	return said == `version="1.0"` || said == `version="1.0" encoding="utf-8"` || said == `version="1.0" encoding="utf-8" standalone="yes"`
}

func (q *quickReader) document() bool {
	for q.s != "" {
		text, tag, found := strings.Cut(q.s, "<")
		if text != "" {
			if strings.IndexByte(text, '&') >= 0 {
				var ok bool
				if text, ok = plainEntities(text); !ok {
					return false
				}
			}
			if q.text(text) != nil {
				return false
			}
		}
		if !found {
			return true
		}
		if q.s = tag; !q.tag() {
			return false
		}
	}
	return true
}

// tag reads what follows a “<”.
func (q *quickReader) tag() bool {
	closing := strings.HasPrefix(q.s, "/")
	if closing {
		q.s = q.s[1:]
	}
	prefix, local, ok := q.name()
	if !ok {
		return false
	}
	if closing {
		q.blanks()
		return q.char('>') && q.closed(prefix, local)
	}
	n, err := q.opened(prefix, local)
	if err != nil {
		return false
	}
	for {
		q.blanks()
		switch {
		case q.char('>'):
			q.scope(n)
			return true
		case q.char('/'):
			q.scope(n)
			return q.char('>') && q.closed(prefix, local)
		}
		if !q.attribute(n) {
			return false
		}
	}
}

func (q *quickReader) closed(prefix, local string) bool {
	if q.at.Kind != ElementNode || q.at.Prefix != prefix || q.at.Name != local {
		return false
	}
	q.leave()
	return true
}

func (q *quickReader) attribute(n *Node) bool {
	prefix, local, ok := q.name()
	if !ok {
		return false
	}
	q.blanks()
	if !q.char('=') {
		return false
	}
	q.blanks()
	if q.s == "" || q.s[0] != '"' && q.s[0] != '\'' {
		return false
	}
	value, rest, ok := strings.Cut(q.s[1:], q.s[:1])
	if !ok || strings.IndexByte(value, '<') >= 0 {
		return false
	}
	q.s = rest
	if strings.IndexByte(value, '&') >= 0 {
		if value, ok = plainEntities(value); !ok {
			return false
		}
	}
	return q.give(n, prefix, local, value) == nil
}

func (q *quickReader) blanks() { q.s = strings.TrimLeft(q.s, " \n\t") }

func (q *quickReader) char(c byte) bool {
	if q.s == "" || q.s[0] != c {
		return false
	}
	q.s = q.s[1:]
	return true
}

// name reads a name of ASCII letters with at most one prefix.
func (q *quickReader) name() (prefix, local string, ok bool) {
	i, colon := 0, -1
	for ; i < len(q.s); i++ {
		c := q.s[i]
		switch {
		case c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c == '_':
		case i > 0 && colon != i-1 && (c >= '0' && c <= '9' || c == '-' || c == '.'):
		case c == ':' && i > 0 && colon < 0:
			colon = i
		case c >= utf8.RuneSelf || c == ':':
			return "", "", false
		default:
			goto end
		}
	}
end:
	name := q.s[:i]
	q.s = q.s[i:]
	if colon >= 0 {
		return name[:colon], name[colon+1:], colon < i-1
	}
	return "", name, i > 0
}

var fiveEntities = strings.NewReplacer("&lt;", "<", "&gt;", ">", "&amp;", "&", "&apos;", "'", "&quot;", `"`)

// plainEntities writes out the five entities; not ok when there are others.
func plainEntities(s string) (string, bool) {
	for rest := s; ; {
		_, after, found := strings.Cut(rest, "&")
		if !found {
			return fiveEntities.Replace(s), true
		}
		name, _, ended := strings.Cut(after, ";")
		switch name {
		case "lt", "gt", "amp", "apos", "quot":
		default:
			return "", false
		}
		if !ended {
			return "", false
		}
		rest = after
	}
}
