package xlsform

import (
	"regexp"
	"strings"
	"unicode/utf8"
)

// A reference is ${name}, or ${last-saved#name} for the value in the record that
// was saved last.

// ref is a reference found in a text, from start up to end.
type ref struct {
	name       string
	lastSaved  bool
	start, end int
}

// isNameStart and isNameChar follow NCName of XML Names 1.0.
func isNameStart(r rune) bool {
	switch {
	case r < 0x80:
		return r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r == '_'
	case r >= 0xc0 && r <= 0x2ff:
		return r != 0xd7 && r != 0xf7
	case r >= 0x370 && r <= 0x1fff:
		return r != 0x37e
	}
	return r == 0x200c || r == 0x200d || r >= 0x2070 && r <= 0x218f || r >= 0x2c00 && r <= 0x2fef ||
		r >= 0x3001 && r <= 0xd7ff || r >= 0xf900 && r <= 0xfdcf || r >= 0xfdf0 && r <= 0xfffd && r != utf8.RuneError ||
		r >= 0x10000 && r <= 0xeffff
}

func isNameChar(r rune) bool {
	return isNameStart(r) || r >= '0' && r <= '9' || r == '-' || r == '.' || r == 0xb7 ||
		r >= 0x300 && r <= 0x36f || r == 0x203f || r == 0x2040
}

// scanName gives the length of the NCName at the start of s, or 0.
func scanName(s string) int {
	n := 0
	for n < len(s) {
		r, size := utf8.DecodeRuneInString(s[n:])
		if n == 0 && !isNameStart(r) || n > 0 && !isNameChar(r) {
			break
		}
		n += size
	}
	return n
}

// scanQName is scanName for a name with an optional prefix, as in orx:meta.
func scanQName(s string) int {
	n := scanName(s)
	if n > 0 && n < len(s) && s[n] == ':' {
		if m := scanName(s[n+1:]); m > 0 {
			return n + 1 + m
		}
	}
	return n
}

// validName reports whether s can be the name of an XML element.
func validName(s string) bool { return s != "" && scanQName(s) == len(s) }

// readRef reads the reference at the start of s. n is its length, 0 if there is none.
func readRef(s string) (r ref, n int) {
	body, ok := strings.CutPrefix(s, "${")
	if !ok {
		return ref{}, 0
	}
	body, r.lastSaved = strings.CutPrefix(body, "last-saved#")
	m := scanName(body)
	if m == 0 || m >= len(body) || body[m] != '}' {
		return ref{}, 0
	}
	r.name = body[:m]
	return r, len(s) - len(body) + m + 1
}

// findRefs gives all references of a text that are well formed.
func findRefs(s string) []ref {
	var out []ref
	for i := 0; ; {
		j := strings.Index(s[i:], "${")
		if j < 0 {
			return out
		}
		i += j
		r, n := readRef(s[i:])
		if n == 0 {
			i += 2
			continue
		}
		r.start, r.end = i, i+n
		out = append(out, r)
		i += n
	}
}

// parseRefs is findRefs that also reports, with ok false, what looks like a
// reference but is none.
func parseRefs(s string) (out []ref, ok bool) {
	if len(s) < len("${x") { // too short for one, so taken for text
		return nil, true
	}
	for i := 0; ; {
		j := strings.Index(s[i:], "${")
		if j < 0 {
			return out, true
		}
		i += j
		end := strings.IndexByte(s[i:], '}')
		if end == 2 { // "${}" is taken for text
			i += 2
			continue
		}
		if end < 0 {
			return out, false
		}
		r, n := readRef(s[i:])
		if n != end+1 {
			return out, false
		}
		r.start, r.end = i, i+n
		out = append(out, r)
		i += n
	}
}

// hasRef reports whether the first reference of s is well formed.
func hasRef(s string) bool {
	out, _ := parseRefs(s)
	return len(out) > 0
}

// isRef reports whether s is one reference and nothing else.
func isRef(s string) bool {
	_, n := readRef(s)
	return n > 0 && n == len(s)
}

func hasLastSaved(s string) bool {
	if !strings.Contains(s, "${") {
		return false
	}
	out, _ := parseRefs(s)
	for _, r := range out {
		if r.lastSaved {
			return true
		}
	}
	return false
}

// Tokens of an expression, as far as the rules below need them. Longer tokens
// win only by their place in lexRules.
type tokenKind uint8

const (
	tokOther  tokenKind = iota
	tokNumber           // also dates and times
	tokMath             // * + - mod div
	tokUnion
	tokOpen
	tokClose
	tokPathSep
	tokLiteral
	tokSpace
	tokRef
	tokCall      // name(
	tokPredStart // name[
	tokPredEnd   // ]
	tokName
)

type token struct {
	kind       tokenKind
	start, end int
}

var numberRule = regexp.MustCompile(`^(?:-?\d{4}-\d{2}-\d{2}(?:T\d{2}:\d{2}:\d{2}(?:\.\s+)?(?:[+-]\d{2}:\d{2}|Z)?)?|\d{2}:\d{2}:\d{2}(?:\.\s+)?(?:[+-]\d{2}:\d{2}|Z)?|-?\d+\.\d*|-?\.\d+|-?\d+)`)

// lex splits an expression into tokens.
func lex(s string) []token {
	out := make([]token, 0, len(s)/3+1)
	for i := 0; i < len(s); {
		kind, n := nextToken(s[i:])
		out = append(out, token{kind, i, i + n})
		i += n
	}
	return out
}

func nextToken(s string) (tokenKind, int) {
	switch c := s[0]; {
	case c >= '0' && c <= '9' || c == '-' || c == '.':
		if n := len(numberRule.FindString(s)); n > 0 {
			return tokNumber, n
		}
		if c == '-' {
			return tokMath, 1
		}
		return tokOther, 1
	case c == ' ':
		for _, op := range [...]string{" mod ", " div "} {
			if strings.HasPrefix(s, op) {
				return tokMath, len(op)
			}
		}
		for _, op := range [...]string{" and ", " or "} {
			if strings.HasPrefix(s, op) {
				return tokOther, len(op)
			}
		}
	case c == '"' || c == '\'':
		if end := strings.IndexByte(s[1:], c); end >= 0 {
			return tokLiteral, end + 2
		}
		return tokOther, 1
	case c == '$':
		if _, n := readRef(s); n > 0 {
			return tokRef, n
		}
		return tokOther, 1
	}
	if k, ok := singleTokens[s[0]]; ok {
		return k, 1
	}
	r, size := utf8.DecodeRuneInString(s)
	if isSpace(r) {
		n := size
		for n < len(s) {
			r, size := utf8.DecodeRuneInString(s[n:])
			if !isSpace(r) {
				break
			}
			n += size
		}
		return tokSpace, n
	}
	n := scanQName(s)
	switch {
	case n == 0:
		return tokOther, size
	case n < len(s) && s[n] == '(':
		return tokCall, n + 1
	case n < len(s) && s[n] == '[':
		return tokPredStart, n + 1
	}
	return tokName, n
}

var singleTokens = map[byte]tokenKind{
	'*': tokMath, '+': tokMath, '|': tokUnion, '(': tokOpen, ')': tokClose, '/': tokPathSep, ']': tokPredEnd,
	'=': tokOther, '<': tokOther, '>': tokOther, '[': tokOther, '{': tokOther, '}': tokOther, ',': tokOther,
}

// isDynamic reports whether a default is an expression rather than a value: it
// holds an operator, a call or a reference. A hyphen in a date or place is none.
func isDynamic(value, typ string) bool {
	if !strings.ContainsAny(value, "*+-|($") && !strings.Contains(value, " mod ") && !strings.Contains(value, " div ") {
		return false
	}
	hyphens := hyphenTypes[typ]
	for _, t := range lex(value) {
		switch t.kind {
		case tokMath:
			return !(hyphens && value[t.start:t.end] == "-")
		case tokUnion, tokRef, tokCall:
			return true
		}
	}
	return false
}

var hyphenTypes = map[string]bool{"date": true, "dateTime": true, "geopoint": true, "geotrace": true, "geoshape": true}

// instancePaths finds the instance(...) expressions in a label; each is a pair
// of positions. Such an expression goes on through predicates and ends at white
// space outside of one.
func instancePaths(s string) [][2]int {
	if len(s) <= len("instance(") || !strings.Contains(s, "instance(") {
		return nil
	}
	var bounds []int
	var last *token
	var inside, path, pred bool
	tokens := lex(s)
	for i := range tokens {
		t := &tokens[i]
		emit := false
		switch {
		case !inside:
			if t.kind == tokCall && s[t.start:t.end] == "instance(" {
				inside, emit = true, true
				bounds = append(bounds, t.start)
			}
		case t.kind == tokLiteral && last.kind == tokCall && s[last.start:last.end] == "instance(",
			t.kind == tokClose && last.kind == tokLiteral:
			emit = true
		case t.kind == tokPathSep && (last.kind == tokClose || last.kind == tokPredEnd):
			emit, path = true, true
		case path:
			switch t.kind {
			case tokSpace:
				path = false
			case tokPredStart:
				emit, path, pred = true, false, true
			default:
				emit = true
			}
		case pred:
			emit = true
			pred = t.kind != tokPredEnd
		}
		if emit {
			last = t
		} else if inside {
			inside = false
			bounds = append(bounds, last.end)
		}
	}
	if last != nil {
		bounds = append(bounds, last.end)
	}
	var out [][2]int
	for i := 0; i+1 < len(bounds); i += 2 {
		out = append(out, [2]int{bounds[i], bounds[i+1]})
	}
	return out
}
