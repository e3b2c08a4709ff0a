package xlsform

import (
	"regexp"
	"strings"
)

// A reference ${name} becomes an XPath. Inside a repeat it is relative to the
// item that it stands in, so that it means the value of the same pass:
// ../age, or current()/../age in a predicate. Elsewhere it is absolute.

// usage of references in one text.
type refContext struct {
	item      *Item // that the text belongs to; nil for a choice
	current   bool  // relative paths start with current()
	wholeList bool  // refer to a repeat from outside, as choices need it
}

// buildNames notes which item each name means.
func (c *compiler) buildNames() {
	c.byName = map[string]*Item{}
	for it := range c.root.All() {
		switch it.Kind {
		case KindSurvey, KindGroup, KindRepeat, KindQuestion, KindEntity:
			if _, twice := c.byName[it.Name]; twice {
				c.byName[it.Name] = nil
			} else {
				c.byName[it.Name] = it
			}
		}
	}
}

// insertPaths replaces the references of an expression.
func (c *compiler) insertPaths(text string, ctx refContext) string {
	if !strings.Contains(text, "${") {
		return text
	}
	var b strings.Builder
	end := 0
	around := newSurroundings(text)
	for _, r := range findRefs(text) {
		b.WriteString(text[end:r.start])
		b.WriteString(c.refPath(around, r, ctx))
		end = r.end
	}
	b.WriteString(text[end:])
	return b.String()
}

// refPath gives the XPath for one reference, with a space on both sides.
func (c *compiler) refPath(around *surroundings, r ref, ctx refContext) string {
	target := c.target(r.name, ctx)
	if target == nil {
		return around.text[r.start:r.end]
	}
	if r.lastSaved {
		return " instance('__last-saved')" + target.Path() + " "
	}
	if ctx.item != nil && around.relativeWanted(r) {
		current := ctx.current || around.inPredicate(r)
		if path := c.relativePath(r.name, target, ctx, current); path != "" {
			return path
		}
	}
	return " " + target.Path() + " "
}

func (c *compiler) target(name string, ctx refContext) *Item {
	it, known := c.byName[name]
	if it != nil {
		return it
	}
	at := place{sheet: c.survey.sheet.Name}
	if ctx.item != nil && ctx.item.Row > 0 {
		at = c.survey.place(ctx.item.Row)
	}
	code := "reference-many"
	switch {
	case known:
	case c.names[name] > 0:
		code = "reference-no-value"
	default:
		if c.reported("reference-unknown", name) { // where it stands is known already
			return nil
		}
		c.report("reference-unknown", at, "name", name, "similar", "")
		return nil
	}
	if !c.reported(code, name) {
		c.report(code, at, "name", name)
	}
	return nil
}

// reported tells whether a name has been reported already, at its cell.
func (c *compiler) reported(code, name string) bool {
	for _, d := range c.found {
		if d.Code == code && d.Args["name"] == name {
			return true
		}
	}
	return false
}

var (
	instanceCall  = regexp.MustCompile(`instance\([^)]+.+`)
	bracketed     = regexp.MustCompile(`\[[^\]]+\]`)
	indexedRepeat = regexp.MustCompile(`indexed-repeat\([^)]+\)`)
)

// surroundings tells what is around the references of a text. References must
// be asked about in the order in which they stand.
type surroundings struct {
	text       string
	predicates [][]int // [...] in a text that uses instance()
	predicate  int     // the first that may still matter
	indexed    bool    // the text uses indexed-repeat()
	calls      [][]int
	call       int
}

func newSurroundings(text string) *surroundings {
	s := &surroundings{text: text}
	if strings.Contains(text, "instance(") && instanceCall.MatchString(text) {
		s.predicates = bracketed.FindAllStringIndex(text, -1)
	}
	if s.indexed = strings.Contains(text, "indexed-repeat("); s.indexed {
		s.calls = indexedRepeat.FindAllStringIndex(text, -1)
	}
	return s
}

// inPredicate reports whether the reference stands in [...] of a text that uses
// instance(): there "../x" would start from the item of the instance.
func (s *surroundings) inPredicate(r ref) bool {
	for s.predicate < len(s.predicates) && s.predicates[s.predicate][1] < r.end {
		s.predicate++
	}
	return s.predicate < len(s.predicates) && r.start >= s.predicates[s.predicate][0]
}

// relativeWanted is false for the arguments of indexed-repeat() that name the
// repeated item and the repeats (the 1st, 2nd, 4th and 6th), which are absolute.
// As in pyxform, of several calls in one text every other is looked at.
func (s *surroundings) relativeWanted(r ref) bool {
	if !s.indexed {
		return true
	}
	for s.call < len(s.calls) && r.end > s.calls[s.call][1] {
		if s.call+1 == len(s.calls) {
			return true
		}
		s.call += 2
	}
	if s.call >= len(s.calls) {
		return false
	}
	call := s.calls[s.call]
	if r.end < call[0] || r.start > call[1] {
		return true
	}
	args := s.text[call[0]+len("indexed-repeat(") : call[1]-1]
	index := -1
	for n, arg := range strings.Split(args, ",") {
		if strings.Contains(arg, "${"+r.name+"}") {
			index = n
		}
	}
	return index >= 0 && index != 0 && index != 1 && index != 3 && index != 5
}

// relativePath gives the path from the context to the target by the repeat that
// contains both, or "" if none does.
func (c *compiler) relativePath(name string, target *Item, ctx refContext, current bool) string {
	repeat, up := commonAncestor(ctx.item, target, KindRepeat, KindRepeat)
	if repeat == nil {
		return ""
	}
	var path string
	if ctx.wholeList && listFromOutside(ctx.item, target, repeat) {
		up++
		path = target.pathBelow(repeat.Parent)
	} else {
		var common *Item
		common, up = commonAncestor(ctx.item, target, KindRepeat, KindGroup)
		path = target.pathBelow(common)
	}
	if !strings.HasSuffix(path, name) {
		path = "/" + name
	}
	prefix := " "
	if current {
		prefix = " current()/"
	}
	return prefix + strings.Repeat("../", up-1) + ".." + path + " "
}

// listFromOutside reports whether a reference to a list in a repeat must start
// above that repeat, so that a predicate can be added to it.
func listFromOutside(source, target, repeat *Item) bool {
	if nearestRepeat(target) != repeat {
		return false
	}
	return nearestRepeat(repeat) == nil || nearestRepeat(source) != repeat
}

func nearestRepeat(it *Item) *Item {
	for p := it.Parent; p != nil; p = p.Parent {
		if p.Kind == KindRepeat {
			return p
		}
	}
	return nil
}

// commonAncestor gives the nearest ancestor of one of two kinds that both items
// have, and how many steps it is above the first.
func commonAncestor(a, b *Item, kind, orKind Kind) (*Item, int) {
	above := map[*Item]bool{}
	for p := b.Parent; p != nil; p = p.Parent {
		above[p] = true
	}
	steps := 1
	for p := a.Parent; p != nil; p = p.Parent {
		if above[p] && (p.Kind == kind || p.Kind == orKind) && !p.isLoop {
			return p, steps
		}
		steps++
	}
	return nil, 0
}
