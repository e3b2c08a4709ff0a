package xpath

import (
	"fmt"
	"strings"
	"unicode/utf8"
)

// SyntaxError says why an expression cannot be used: where, what is wrong, and what to do.
type SyntaxError struct {
	Source string // the whole expression
	Offset int    // where the trouble is, in bytes from 0
	Reason string // what is wrong, a lower-case clause
	Hint   string // what to do about it; may be empty
}

// Error gives one line such as
//
//	at character 9: there is no function “selectd” (did you mean “selected”?): …(selectd(/a, 'x'))
func (e *SyntaxError) Error() string {
	msg := fmt.Sprintf("at character %d: %s", e.Column(), e.Reason)
	if e.Hint != "" {
		msg += " (" + e.Hint + ")"
	}
	return msg + ": " + e.near()
}

// Column is the position of the trouble in characters, from 1.
func (e *SyntaxError) Column() int {
	return utf8.RuneCountInString(e.Source[:min(e.Offset, len(e.Source))]) + 1
}

// near quotes the expression around the trouble.
func (e *SyntaxError) near() string {
	const before, after = 20, 30
	from, to := max(0, e.Offset-before), min(len(e.Source), e.Offset+after)
	for from > 0 && !utf8.RuneStart(e.Source[from]) {
		from--
	}
	for to < len(e.Source) && !utf8.RuneStart(e.Source[to]) {
		to++
	}
	text := strings.ToValidUTF8(e.Source[from:to], "�")
	if from > 0 {
		text = "…" + text
	}
	if to < len(e.Source) {
		text += "…"
	}
	return text
}

func syntaxError(src string, off int, reason, hint string) *SyntaxError {
	return &SyntaxError{Source: src, Offset: off, Reason: reason, Hint: hint}
}

// EvalError says why an expression has no answer for this document.
type EvalError struct {
	Source string // the expression
	Offset int    // the term that failed, in bytes from 0
	Reason string
	Err    error // the cause where there is one, such as context.Canceled or ErrLimit
}

func (e *EvalError) Error() string {
	return fmt.Sprintf("%s: %s", e.Reason, (&SyntaxError{Source: e.Source, Offset: e.Offset}).near())
}

func (e *EvalError) Unwrap() error { return e.Err }

// suggest returns the candidate nearest to name, or "" when none is near (edit distance above a third of its length).
func suggest(name string, candidates []string) string {
	best, bestCost := "", len(name)/3+1
	for _, c := range candidates {
		if cost := editDistance(strings.ToLower(name), c, bestCost); cost < bestCost || cost == bestCost && best == "" {
			best, bestCost = c, cost
		}
	}
	return best
}

// editDistance is the optimal string alignment distance, or limit+1 when it is greater than limit.
func editDistance(a, b string, limit int) int {
	if d := len(a) - len(b); d > limit || -d > limit {
		return limit + 1
	}
	prev2, prev, row := make([]int, len(b)+1), make([]int, len(b)+1), make([]int, len(b)+1)
	for j := range prev {
		prev[j] = j
	}
	for i := 1; i <= len(a); i++ {
		row[0] = i
		for j := 1; j <= len(b); j++ {
			cost := 1
			if a[i-1] == b[j-1] {
				cost = 0
			}
			row[j] = min(prev[j]+1, row[j-1]+1, prev[j-1]+cost)
			if i > 1 && j > 1 && a[i-1] == b[j-2] && a[i-2] == b[j-1] {
				row[j] = min(row[j], prev2[j-2]+1)
			}
		}
		prev2, prev, row = prev, row, prev2
	}
	return prev[len(b)]
}
