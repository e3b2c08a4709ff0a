package xpath

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

type tokenKind uint8

const (
	tokEnd    tokenKind = iota
	tokNumber           // 1, 1.5, .5
	tokString           // 'a', "a"
	tokName             // a, p:a, *, p:*
	tokAxis             // a name followed by ::
	tokVar              // $a, $p:a
	tokOp               // a binary operator
	tokSign             // any other sign: ( ) [ ] . .. @ , / //
)

// token is one word of an expression.
type token struct {
	kind tokenKind
	off  int
	text string // the sign; the name; the contents of a string; the digits of a number
	op   Op
}

var (
	signs     = []string{"//", "..", "(", ")", "[", "]", ".", "@", ",", "/"}
	signOps   = map[string]Op{"=": OpEqual, "!=": OpNotEqual, "<": OpLess, "<=": OpLessEqual, ">": OpGreater, ">=": OpGreaterEqual, "+": OpAdd, "-": OpSubtract, "|": OpUnion}
	namedOps  = []Op{OpOr, OpAnd, OpModulo, OpDivide}
	signOpTry = []string{"!=", "<=", ">=", "=", "<", ">", "+", "-", "|"}
)

// slips are things people write that XPath does not have, with what to write.
var slips = []struct{ text, hint string }{
	{"==", `write "=" to compare`},
	{"<>", `write "!=" for "is not"`},
	{"&&", `write "and"`},
	{"&lt;", `write "<": the expression was escaped for XML twice`},
	{"&gt;", `write ">": the expression was escaped for XML twice`},
	{"&amp;", "the expression was escaped for XML twice"},
	{"$(", "a reference is written ${name} in a spreadsheet form"},
	{"||", `write "or"`},
	{"&", `write "and", or concat(…) to join text`},
	{"${", "a ${name} reference must be replaced by a path before the expression is used in a form"},
	{"#{", "a reference is written ${name} in a spreadsheet form"},
	{"!", "write not(…)"},
	{"{", "braces have no meaning here"},
	{"}", "braces have no meaning here"},
	{";", "one expression only: separate arguments with commas"},
	{"%", `write "mod" for the remainder of a division`},
	{"^", "write pow(x, y)"},
	{"\\", "a backslash is only meaningful inside quotes"},
	{"“", `use straight quotes: ' or "`}, {"”", `use straight quotes: ' or "`},
	{"‘", `use straight quotes: ' or "`}, {"’", `use straight quotes: ' or "`}, {"„", `use straight quotes: ' or "`},
	{"`", `use straight quotes: ' or "`},
	{"≤", `write "<="`}, {"≥", `write ">="`}, {"≠", `write "!="`}, {"×", `write "*"`}, {"÷", `write "div"`},
	{"−", `write "-"`}, {"–", `write "-"`}, {"—", `write "-"`},
}

// lex splits an expression into tokens (XPath 1.0 section 3.7, with its two rules for telling * and names from
// operators).
func lex(src string) ([]token, *SyntaxError) {
	var out []token
	for i := 0; ; {
		i += len(src[i:]) - len(strings.TrimLeft(src[i:], " \t\r\n"))
		if i >= len(src) {
			return append(out, token{kind: tokEnd, off: i}), nil
		}
		t, n, err := next(src, i, afterOperand(out))
		if err != nil {
			return nil, err
		}
		out = append(out, t)
		i += n
	}
}

// afterOperand says whether an operator must follow: the last token ends a value.
func afterOperand(out []token) bool {
	if len(out) == 0 {
		return false
	}
	last := out[len(out)-1]
	switch last.kind {
	case tokOp, tokAxis:
		return false
	case tokSign:
		return last.text == ")" || last.text == "]" || last.text == "." || last.text == ".."
	}
	return true
}

func next(src string, i int, operator bool) (token, int, *SyntaxError) {
	rest := src[i:]
	t := token{off: i}
	c := rest[0]
	switch {
	case c >= '0' && c <= '9' || c == '.' && len(rest) > 1 && isDigit(rest[1]):
		return lexNumber(t, rest)
	case c == '\'' || c == '"':
		end := strings.IndexByte(rest[1:], c)
		if end < 0 {
			return t, 0, syntaxError(src, i, "this text has no closing "+string(c), "add the missing quote")
		}
		t.kind, t.text = tokString, rest[1:1+end]
		return t, end + 2, nil
	case c == '$' && len(rest) > 1 && rest[1] != '{' && rest[1] != '(':
		name := scanQName(rest[1:])
		if name == "" || strings.HasSuffix(name, "*") {
			return t, 0, syntaxError(src, i, "a variable needs a name after $", "")
		}
		t.kind, t.text = tokVar, name
		return t, 1 + len(name), nil
	case c == '*':
		if operator {
			t.kind, t.op = tokOp, OpMultiply
		} else {
			t.kind, t.text = tokName, "*"
		}
		return t, 1, nil
	}
	if isNameByte(c, true) {
		return lexName(src, t, operator)
	}
	if slip := findSlip(rest); slip != nil {
		return t, 0, syntaxError(src, i, "“"+slip.text+"” is not part of XPath", slip.hint)
	}
	for _, s := range signOpTry {
		if strings.HasPrefix(rest, s) {
			t.kind, t.op = tokOp, signOps[s]
			return t, len(s), nil
		}
	}
	for _, s := range signs {
		if strings.HasPrefix(rest, s) {
			t.kind, t.text = tokSign, s
			return t, len(s), nil
		}
	}
	return lexName(src, t, operator)
}

// findSlip finds a common mistake at the start of rest. "!=" is no mistake, "!" is.
func findSlip(rest string) *struct{ text, hint string } {
	if strings.HasPrefix(rest, "!=") || strings.IndexByte("()[],/@.+-", rest[0]) >= 0 {
		return nil
	}
	for i := range slips {
		if strings.HasPrefix(rest, slips[i].text) {
			return &slips[i]
		}
	}
	return nil
}

func lexNumber(t token, rest string) (token, int, *SyntaxError) {
	n := 0
	for n < len(rest) && isDigit(rest[n]) {
		n++
	}
	if n < len(rest) && rest[n] == '.' {
		n++
		for n < len(rest) && isDigit(rest[n]) {
			n++
		}
	}
	t.kind, t.text = tokNumber, rest[:n]
	return t, n, nil
}

func lexName(src string, t token, operator bool) (token, int, *SyntaxError) {
	rest := src[t.off:]
	if operator {
		// No name can stand here, so "3mod4" is read as JavaRosa reads it.
		for _, op := range namedOps {
			if name := op.String(); strings.HasPrefix(rest, name) {
				t.kind, t.op = tokOp, op
				return t, len(name), nil
			}
		}
	}
	name := scanQName(rest)
	if name == "" {
		r, _ := utf8.DecodeRuneInString(rest)
		return t, 0, syntaxError(src, t.off, "“"+string(r)+"” is not part of XPath", "")
	}
	t.kind, t.text = tokName, name
	n := len(name)
	after := strings.TrimLeft(rest[n:], " \t\r\n")
	if strings.HasPrefix(after, "::") {
		t.kind = tokAxis
		n = len(rest) - len(after) + 2
	}
	return t, n, nil
}

// scanQName returns the qualified name (or prefix:*) at the start of s.
func scanQName(s string) string {
	name := scanNCName(s)
	if name == "" || len(s) <= len(name)+1 || s[len(name)] != ':' {
		return name
	}
	rest := s[len(name)+1:]
	if rest[0] == '*' {
		return s[:len(name)+2]
	}
	if local := scanNCName(rest); local != "" {
		return s[:len(name)+1+len(local)]
	}
	return name
}

// scanNCName returns the name without a colon at the start of s (Namespaces in XML, NCName).
func scanNCName(s string) string {
	for i, r := range s {
		if r < utf8.RuneSelf {
			if isNameByte(byte(r), i == 0) {
				continue
			}
		} else if unicode.IsLetter(r) || i > 0 && (unicode.IsMark(r) || unicode.IsDigit(r) || r == '·') {
			continue
		}
		return s[:i]
	}
	return s
}

func isNameByte(c byte, first bool) bool {
	switch {
	case c >= 'a' && c <= 'z', c >= 'A' && c <= 'Z', c == '_':
		return true
	case isDigit(c), c == '-', c == '.':
		return !first
	}
	return false
}

func isDigit(c byte) bool { return c >= '0' && c <= '9' }
