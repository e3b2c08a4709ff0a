package odata

import (
	"slices"
	"strings"
	"time"
)

// Filter is a $filter made ready. The zero Filter keeps every row.
type Filter struct{ root expr }

// deepest bounds brackets and negations, so that no expression can exhaust the stack.
const deepest = 100

// longest bounds an expression, in bytes.
const longest = 10_000

// ParseFilter reads an expression over the fields named (paths such as
// __system/submissionDate). Errors are *SyntaxError and *Unsupported.
func ParseFilter(s string, fields []string) (*Filter, error) {
	if len(s) > longest {
		return nil, &SyntaxError{longest, "the expression is too long"}
	}
	tokens, err := scan(s)
	if err != nil {
		return nil, err
	}
	p := &parser{tokens: tokens, fields: fields}
	e, err := p.or()
	if err != nil {
		return nil, err
	}
	if t := p.peek(); t.kind != end {
		return nil, &SyntaxError{t.at, "the expression should end here"}
	}
	return &Filter{e}, nil
}

type parser struct {
	tokens []token
	pos    int
	depth  int
	fields []string
}

func (p *parser) peek() token { return p.tokens[p.pos] }

func (p *parser) next() token {
	t := p.tokens[p.pos]
	if t.kind != end {
		p.pos++
	}
	return t
}

// keyword takes the next token when it is this word.
func (p *parser) keyword(k string) bool {
	if t := p.peek(); t.kind == word && strings.EqualFold(t.text, k) {
		p.pos++
		return true
	}
	return false
}

func (p *parser) or() (expr, error)  { return p.chain("or", p.and, false) }
func (p *parser) and() (expr, error) { return p.chain("and", p.not, true) }

func (p *parser) chain(k string, part func() (expr, error), all bool) (expr, error) {
	e, err := part()
	for err == nil && p.keyword(k) {
		var right expr
		right, err = part()
		e = &logic{all, e, right}
	}
	return e, err
}

func (p *parser) not() (expr, error) {
	if !p.keyword("not") {
		return p.comparison()
	}
	if p.depth++; p.depth > deepest {
		return nil, &SyntaxError{p.peek().at, "too many brackets and negations"}
	}
	defer func() { p.depth-- }()
	e, err := p.not()
	return &negation{e}, err
}

// orders are the outcomes of comparing two values that satisfy an operator.
type orders struct{ below, same, above bool }

var operators = map[string]orders{
	"lt": {below: true}, "le": {below: true, same: true}, "eq": equal, "ne": different, "neq": different,
	"ge": {same: true, above: true}, "gt": {above: true},
}

var equal, different = orders{same: true}, orders{below: true, above: true}

func (p *parser) comparison() (expr, error) {
	left, err := p.primary()
	if err != nil {
		return nil, err
	}
	t := p.peek()
	wanted, ok := operators[strings.ToLower(t.text)]
	if t.kind != word || !ok {
		return left, nil
	}
	p.pos++
	right, err := p.primary()
	return &comparison{left, right, wanted}, err
}

// parts are the functions that take one part of a time.
var parts = map[string]func(time.Time) int{
	"year": time.Time.Year, "month": func(t time.Time) int { return int(t.Month()) }, "day": time.Time.Day,
	"hour": time.Time.Hour, "minute": time.Time.Minute, "second": time.Time.Second,
}

func (p *parser) primary() (expr, error) {
	t := p.next()
	switch {
	case t.kind == literal:
		return constant{t.value}, nil
	case t.kind == mark && t.text == "(":
		return p.bracket(t)
	case t.kind != word:
		return nil, &SyntaxError{t.at, "a value is missing"}
	}
	if next := p.peek(); next.kind == mark && next.text == "(" {
		return p.call(t)
	}
	switch t.text {
	case "null":
		return constant{nil}, nil
	case "true", "false":
		return constant{t.text == "true"}, nil
	}
	if !slices.Contains(p.fields, t.text) {
		return nil, &Unsupported{At: t.at, Field: true, Text: t.text}
	}
	return field(t.text), nil
}

func (p *parser) bracket(open token) (expr, error) {
	if p.depth++; p.depth > deepest {
		return nil, &SyntaxError{open.at, "too many brackets and negations"}
	}
	defer func() { p.depth-- }()
	e, err := p.or()
	if err != nil {
		return nil, err
	}
	if t := p.next(); t.text != ")" || t.kind != mark {
		return nil, &SyntaxError{t.at, "a closing bracket is missing"}
	}
	return e, nil
}

func (p *parser) call(name token) (expr, error) {
	fn := strings.ToLower(name.text)
	if fn == "now" {
		p.next()
		if t := p.next(); t.kind != mark || t.text != ")" {
			return nil, &SyntaxError{t.at, "now() takes nothing"}
		}
		return now{}, nil
	}
	take, ok := parts[fn]
	if !ok {
		return nil, &Unsupported{At: name.at, Text: name.text}
	}
	arg, err := p.bracket(p.next())
	return &part{take, arg}, err
}
