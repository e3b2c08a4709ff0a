package odata

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"time"
)

// SyntaxError says where an expression cannot be read.
type SyntaxError struct {
	At     int // byte offset
	Reason string
}

func (e *SyntaxError) Error() string { return fmt.Sprintf("at %d: %s", e.At, e.Reason) }

// Unsupported is an expression that OData has and this server does not.
type Unsupported struct {
	At    int
	Field bool // a field that cannot be filtered by; else a function
	Text  string
}

func (e *Unsupported) Error() string { return fmt.Sprintf("at %d: %s is not supported", e.At, e.Text) }

// Kinds of token.
const (
	end = iota
	mark
	word    // a name, a keyword or a path
	literal // value holds it
)

type token struct {
	kind  int
	at    int
	text  string
	value any
}

var (
	timeForm   = regexp.MustCompile(`^\d{4}-\d\d-\d\d(T\d\d:\d\d(:\d\d(\.\d{1,9})?)?(Z|[+-]\d\d:?\d\d)?)?`)
	numberForm = regexp.MustCompile(`^-?\d{1,18}(\.\d{1,18})?`)
	wordForm   = regexp.MustCompile(`^[$_\pL][$_\pL\pN]*(/[$_\pL][$_\pL\pN.-]*)*`)
)

// timeLayouts are the ways a time may be written; in UTC when it has no zone.
var timeLayouts = []string{time.RFC3339Nano, "2006-01-02T15:04:05.999999999Z0700", "2006-01-02T15:04Z07:00", "2006-01-02T15:04Z0700", "2006-01-02T15:04:05.999999999", "2006-01-02T15:04", "2006-01-02"}

// ParseTime reads a date or a time as filters may have them.
func ParseTime(s string) (time.Time, bool) {
	for _, layout := range timeLayouts {
		if t, err := time.Parse(layout, s); err == nil {
			return t.UTC(), true
		}
	}
	return time.Time{}, false
}

// scan cuts an expression into tokens.
func scan(s string) ([]token, error) {
	var out []token
	for at := 0; at < len(s); {
		rest := s[at:]
		t := token{at: at}
		n := 0
		switch c := rest[0]; {
		case c == ' ' || c == '\t' || c == '\n' || c == '\r':
			at++
			continue
		case c == '(' || c == ')' || c == ',':
			t.kind, t.text, n = mark, rest[:1], 1
		case c == '\'':
			text, length, ok := quoted(rest)
			if !ok {
				return nil, &SyntaxError{at, "a text has no end"}
			}
			t.kind, t.text, t.value, n = literal, rest[:length], text, length
		default:
			if m := timeForm.FindString(rest); m != "" {
				v, ok := ParseTime(m)
				if !ok {
					return nil, &SyntaxError{at, m + " is no time"}
				}
				t.kind, t.text, t.value, n = literal, m, v, len(m)
			} else if m := numberForm.FindString(rest); m != "" {
				v, err := strconv.ParseFloat(m, 64)
				if err != nil {
					return nil, &SyntaxError{at, m + " is no number"}
				}
				t.kind, t.text, t.value, n = literal, m, v, len(m)
			} else if m := wordForm.FindString(rest); m != "" {
				t.kind, t.text, n = word, m, len(m)
			} else {
				return nil, &SyntaxError{at, fmt.Sprintf("%q cannot stand here", []rune(rest)[0])}
			}
		}
		out = append(out, t)
		at += n
	}
	return append(out, token{kind: end, at: len(s)}), nil
}

// quoted reads a text in single quotes, two of which stand for one.
func quoted(s string) (text string, length int, ok bool) {
	var b strings.Builder
	for i := 1; i < len(s); i++ {
		if s[i] != '\'' {
			b.WriteByte(s[i])
			continue
		}
		if i+1 < len(s) && s[i+1] == '\'' {
			b.WriteByte('\'')
			i++
			continue
		}
		return b.String(), i + 1, true
	}
	return "", 0, false
}
