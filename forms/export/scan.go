package export

import (
	"bytes"
	"errors"
	"strconv"
	"unicode/utf8"
)

// A submission was parsed when it was received; what is read here is XML without entities
// of its own. The scanner knows tags, text, CDATA, comments and the five named entities,
// and gives up on anything that ends early.

var errXML = errors.New("the submission is not whole XML")

// tag is one start or end tag.
type tag struct {
	name  []byte // without prefix
	end   bool   // </a>
	empty bool   // <a/>
}

// scanner reads the tags of a document.
type scanner struct {
	data []byte
	pos  int
}

// next gives the next tag and the bytes before it; ok is false at the end. Comments and
// instructions are passed over, text beside them is part of before only when nothing lies
// between; the slow way (text) is for those.
func (s *scanner) next(t *tag) (before []byte, ok bool, err error) {
	from := s.pos
	for {
		i := bytes.IndexByte(s.data[s.pos:], '<')
		if i < 0 {
			s.pos = len(s.data)
			return nil, false, nil
		}
		s.pos += i
		rest := s.data[s.pos:]
		if len(rest) < 3 {
			return nil, false, errXML
		}
		switch rest[1] {
		case '?':
			i := bytes.Index(rest, []byte("?>"))
			if i < 0 {
				return nil, false, errXML
			}
			s.pos += i + 2
			continue
		case '!':
			n := markup(rest)
			if n < 0 {
				return nil, false, errXML
			}
			s.pos += n
			continue
		}
		before = s.data[from:s.pos]
		return before, true, s.tag(rest, t)
	}
}

// markup is the length of a comment, a CDATA section or a declaration; -1 when it does not end.
func markup(rest []byte) int {
	end := ">"
	switch {
	case bytes.HasPrefix(rest, []byte("<!--")):
		if i := bytes.Index(rest[4:], []byte("-->")); i >= 0 {
			return i + 7
		}
		return -1
	case bytes.HasPrefix(rest, cdata):
		end = "]]>"
	}
	i := bytes.Index(rest, []byte(end))
	if i < 0 {
		return -1
	}
	return i + len(end)
}

var cdata = []byte("<![CDATA[")

// tag reads the tag at the start of rest and goes past it.
func (s *scanner) tag(rest []byte, t *tag) error {
	i := 1
	t.end, t.empty = rest[1] == '/', false
	if t.end {
		i = 2
	}
	from := i
	for i < len(rest) {
		switch rest[i] {
		case ':':
			from = i + 1
		case '>':
			t.name = rest[from:i]
			s.pos += i + 1
			return nil
		case '/', ' ', '\t', '\n', '\r':
			t.name = rest[from:i]
			return s.attributes(rest, i, t)
		}
		i++
	}
	return errXML
}

// attributes goes past the attributes of a tag.
func (s *scanner) attributes(rest []byte, i int, t *tag) error {
	for i < len(rest) {
		switch rest[i] {
		case '"', '\'':
			k := bytes.IndexByte(rest[i+1:], rest[i])
			if k < 0 {
				return errXML
			}
			i += k + 2
			continue
		case '>':
			t.empty = rest[i-1] == '/' && !t.end
			s.pos += i + 1
			return nil
		}
		i++
	}
	return errXML
}

// text decodes what stands between two tags: entities, CDATA, and comments away. The
// result is trimmed.
func text(raw []byte) []byte {
	if bytes.IndexByte(raw, '&') < 0 && bytes.IndexByte(raw, '<') < 0 && bytes.IndexByte(raw, '\r') < 0 {
		return trim(raw)
	}
	out := make([]byte, 0, len(raw))
	for i := 0; i < len(raw); {
		switch c := raw[i]; {
		case c == '<' && bytes.HasPrefix(raw[i:], cdata):
			n := markup(raw[i:])
			if n < 0 {
				return trim(out)
			}
			out = append(out, raw[i+len(cdata):i+n-3]...)
			i += n
		case c == '<' && i+1 < len(raw) && raw[i+1] == '?':
			n := bytes.Index(raw[i:], []byte("?>"))
			if n < 0 {
				return trim(out)
			}
			i += n + 2
		case c == '<':
			n := markup(raw[i:])
			if n < 0 {
				return trim(out)
			}
			i += n
		case c == '&':
			n := bytes.IndexByte(raw[i:], ';')
			if n < 0 {
				out = append(out, c)
				i++
				break
			}
			out = entity(out, raw[i+1:i+n])
			i += n + 1
		case c == '\r': // a line ends with \n, XML 1.0 section 2.11
			out = append(out, '\n')
			i++
			if i < len(raw) && raw[i] == '\n' {
				i++
			}
		default:
			out = append(out, c)
			i++
		}
	}
	return trim(out)
}

var named = map[string]byte{"amp": '&', "lt": '<', "gt": '>', "quot": '"', "apos": '\''}

func entity(out, name []byte) []byte {
	if c, ok := named[string(name)]; ok {
		return append(out, c)
	}
	if len(name) > 1 && name[0] == '#' {
		digits, base := string(name[1:]), 10
		if digits[0] == 'x' || digits[0] == 'X' {
			digits, base = digits[1:], 16
		}
		if n, err := strconv.ParseUint(digits, base, 32); err == nil {
			return utf8.AppendRune(out, rune(n))
		}
	}
	out = append(out, '&')
	out = append(out, name...)
	return append(out, ';')
}

// trim takes white space from both ends; what most answers are needs no look inside.
func trim(b []byte) []byte {
	if len(b) == 0 {
		return b
	}
	if b[0] > ' ' && b[0] < utf8.RuneSelf && b[len(b)-1] > ' ' && b[len(b)-1] < utf8.RuneSelf {
		return b
	}
	return bytes.TrimSpace(b)
}
