package xpath

import (
	"errors"
	"fmt"
	"regexp"
	"regexp/syntax"
	"strings"
	"sync"
	"time"

	"github.com/dlclark/regexp2"
)

// matcher tests a text. It reports false and an error where it had to give up.
type matcher func(text string) (bool, error)

const (
	maxPattern     = 2 << 10 // bytes
	maxProgram     = 10_000  // instructions it is compiled to
	backtrackLimit = 250 * time.Millisecond
	patternsKept   = 128
)

// patterns keeps compiled patterns, because an expression is evaluated over and over. It is emptied when full.
var patterns = struct {
	sync.Mutex
	m map[string]matcher
}{m: map[string]matcher{}}

// pattern compiles a regular expression, to fit the whole text or any part of it.
func pattern(source string, whole bool) (matcher, error) {
	key := source
	if whole {
		key = `\A(?:` + source + `)\z`
	}
	patterns.Lock()
	m := patterns.m[key]
	patterns.Unlock()
	if m != nil {
		return m, nil
	}
	if len(source) > maxPattern {
		return nil, fmt.Errorf("it is longer than %d bytes", maxPattern)
	}
	m, err := compilePattern(source, key)
	if err != nil {
		return nil, err
	}
	patterns.Lock()
	if len(patterns.m) >= patternsKept {
		clear(patterns.m)
	}
	patterns.m[key] = m
	patterns.Unlock()
	return m, nil
}

// compilePattern prefers the engine whose time is linear in the text. Patterns it does not have (look-ahead,
// back-references) go to a backtracking engine with a time limit.
func compilePattern(source, key string) (matcher, error) {
	if tree, err := syntax.Parse(source, syntax.Perl); err == nil { // on its own, so that "a)(b" is refused
		if prog, err := syntax.Compile(tree.Simplify()); err != nil || len(prog.Inst) > maxProgram {
			return nil, errors.New("it repeats too much")
		}
		if re, err := regexp.Compile(key); err == nil {
			return func(s string) (bool, error) { return re.MatchString(s), nil }, nil
		}
	}
	if _, err := regexp2.Compile(source, regexp2.ECMAScript); err != nil {
		return nil, err
	}
	if key != source {
		source = `^(?:` + source + `)(?![\s\S])`
	}
	re, err := regexp2.Compile(source, regexp2.ECMAScript)
	if err != nil {
		return nil, err
	}
	re.MatchTimeout = backtrackLimit
	return func(s string) (bool, error) { return re.MatchString(s) }, nil
}

func fnRegex(a *Arguments) Value {
	text, source := a.Text(0), a.Text(1)
	if !a.e.spend(1 + len(text)/16) {
		return Value{}
	}
	m, err := pattern(source, a.e.WholeMatch)
	if err != nil {
		if a.said(1) == "" {
			a.Fail("this is not a regular expression")
		} else {
			a.Fail("this is not a regular expression: %s", strings.TrimPrefix(err.Error(), "error parsing regexp: "))
		}
		return Value{}
	}
	ok, err := m(text)
	if err != nil {
		a.e.offset = a.call.off
		a.e.failWith(ErrLimit, "the regular expression%s takes too long", a.said(1))
	}
	return BooleanValue(ok)
}
