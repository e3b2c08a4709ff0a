package export

import "strings"

// Spreadsheet programs take a cell for a formula that begins with one of these, and some
// look past a tab or a line end. Source: OWASP, “CSV Injection”.
var triggers = [256]bool{'=': true, '+': true, '-': true, '@': true, '\t': true, '\r': true, '\n': true}

// Neutral makes a text safe to open in a spreadsheet program: one that would be taken for a
// formula gets an apostrophe before it. A number stays as it is. So that Plain can take
// the apostrophe away again, a text that already has some before such a sign gets one more.
func Neutral(s string) string {
	if unsafe(s) {
		return "'" + s
	}
	return s
}

// Plain is the text that Neutral was given.
func Plain(s string) string {
	if rest := strings.TrimLeft(s, "'"); len(rest) < len(s) && rest != "" && triggers[rest[0]] {
		return s[1:]
	}
	return s
}

func unsafe[T string | []byte](s T) bool {
	if len(s) == 0 || !triggers[s[0]] && s[0] != '\'' {
		return false
	}
	i := 0
	for i < len(s) && s[i] == '\'' {
		i++
	}
	return i < len(s) && triggers[s[i]] && (i > 0 || !isNumber(s))
}

// isNumber takes what xsd:decimal and xsd:double take, with one sign: -3, +0.5, -1e-7.
func isNumber[T string | []byte](s T) bool {
	i, digits := 0, 0
	if i < len(s) && (s[i] == '-' || s[i] == '+') {
		i++
	}
	for ; i < len(s) && s[i] >= '0' && s[i] <= '9'; i++ {
		digits++
	}
	if i < len(s) && s[i] == '.' {
		for i++; i < len(s) && s[i] >= '0' && s[i] <= '9'; i++ {
			digits++
		}
	}
	if digits == 0 {
		return false
	}
	if i < len(s) && (s[i] == 'e' || s[i] == 'E') {
		i++
		if i < len(s) && (s[i] == '-' || s[i] == '+') {
			i++
		}
		from := i
		for ; i < len(s) && s[i] >= '0' && s[i] <= '9'; i++ {
		}
		if i == from {
			return false
		}
	}
	return i == len(s)
}
