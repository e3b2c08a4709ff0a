package xlsform

import (
	"encoding/json"
	"sort"
	"strings"
	"testing"
)

// TestAssertions checks what pyxform's tests say of each document: paths that
// match once, or a number of times, or give certain values. A few of those tests
// are about the test program itself and are meant to fail; so what is asked is
// that every assertion comes out here as it does on pyxform's document.
func TestAssertions(t *testing.T) {
	var paths, held, differ, refused int
	for _, p := range readPack(t) {
		if p.XML == "" {
			refused += len(p.assertions(t))
			continue
		}
		got, found := p.convert(t)
		if got == "" {
			t.Errorf("%s: refused: %v", p.Test, found)
			continue
		}
		ours, theirs := newAssertions(t, p, got), newAssertions(t, p, p.XML)
		for _, a := range p.assertions(t) {
			paths++
			x, y := ours.holds(a), theirs.holds(a)
			if x {
				held++
			}
			if x != y {
				differ++
				t.Errorf("%s: %v, on pyxform's document %v: %v", p.Test, x, y, a)
			}
		}
		if !p.textsHold(got) {
			t.Errorf("%s: a text that should be there is not, or the reverse\n%s", p.Test, got)
		}
	}
	t.Logf("XPath assertions: %d, as on pyxform's document %d, true %d, of forms that are refused %d", paths, paths-differ, held, refused)
	if paths+refused != 2023 || paths-held != 1 {
		t.Errorf("of 2,023 XPath assertions %d are of refused forms, and %d do not hold; only one is meant not to", refused, paths-held)
	}
}

// assertion says how often a path matches, or which values it gives.
type assertion struct {
	path   string
	count  int
	values []string // if not nil
}

func (p packCase) assertions(t *testing.T) []assertion {
	decode := func(from []json.RawMessage, to ...any) {
		for i := range to {
			if err := json.Unmarshal(from[i], to[i]); err != nil {
				t.Fatalf("%s: %v", p.Test, err)
			}
		}
	}
	var out []assertion
	for _, path := range p.Expect.XPathMatch {
		out = append(out, assertion{path: path, count: 1})
	}
	for _, e := range p.Expect.XPathCount {
		var a assertion
		decode(e, &a.path, &a.count)
		out = append(out, a)
	}
	for _, e := range p.Expect.XPathExact {
		a := assertion{values: []string{}}
		decode(e, &a.path, &a.values)
		out = append(out, a)
	}
	return out
}

// document evaluates XPath on one document.
type document struct {
	t          *testing.T
	root       *xnode
	namespaces map[string]string
}

func newAssertions(t *testing.T, p packCase, text string) *document {
	root, err := parseXNode(text)
	if err != nil {
		t.Fatalf("%s: %v", p.Test, err)
	}
	d := &document{t, root, map[string]string{"x": standardNamespaces[0].value}}
	for prefix, uri := range root.kids[0].scope {
		if prefix != "" {
			d.namespaces[prefix] = uri
		}
	}
	return d
}

func (d *document) holds(a assertion) bool {
	e, err := compileXPath(a.path)
	if err != nil {
		d.t.Fatal(err)
	}
	nodes := e(xcontext{d.root, 1, 1, d.namespaces}).([]*xnode)
	if a.values == nil {
		return len(nodes) == a.count
	}
	got := map[string]bool{}
	for _, n := range nodes {
		got[n.markup()] = true
	}
	want := map[string]bool{}
	for _, v := range a.values {
		want[v] = true
	}
	return strings.Join(sorted(got), "\x00") == strings.Join(sorted(want), "\x00")
}

func sorted(m map[string]bool) []string {
	var out []string
	for k := range m {
		out = append(out, k)
	}
	sort.Strings(out)
	return out
}

// textsHold compares the pieces of text that a test looks for, on pyxform's
// document and on ours, without white space between elements and regardless of
// the order of attributes.
func (p packCase) textsHold(got string) bool {
	ours, theirs := squeeze(got), squeeze(p.XML)
	for _, list := range [][]string{p.Expect.Contains, p.Expect.Excludes, p.Expect.ModelContains, p.Expect.ItextContains} {
		for _, piece := range list {
			piece = squeeze(piece)
			if strings.Contains(ours, piece) != strings.Contains(theirs, piece) {
				return false
			}
		}
	}
	return true
}

// squeeze leaves out white space between tags and sorts attributes.
func squeeze(s string) string {
	var b strings.Builder
	for s != "" {
		i := strings.IndexByte(s, '<')
		if i < 0 {
			b.WriteString(strings.TrimSpace(s))
			break
		}
		if text := s[:i]; strings.TrimSpace(text) != "" {
			b.WriteString(text)
		}
		s = s[i:]
		end := strings.IndexByte(s, '>')
		if end < 0 {
			b.WriteString(s)
			break
		}
		b.WriteString(squeezeTag(s[:end+1]))
		s = s[end+1:]
	}
	return b.String()
}

func squeezeTag(tag string) string {
	name, rest, ok := strings.Cut(tag, " ")
	if !ok {
		return tag
	}
	closing := ">"
	if strings.HasSuffix(rest, "/>") {
		closing = "/>"
	}
	rest = strings.TrimSuffix(rest, closing)
	var attrs []string
	for rest = strings.TrimSpace(rest); rest != ""; rest = strings.TrimSpace(rest) {
		eq := strings.IndexByte(rest, '=')
		if eq < 0 || eq+1 >= len(rest) {
			attrs = append(attrs, rest)
			break
		}
		end := strings.IndexByte(rest[eq+2:], rest[eq+1])
		if end < 0 {
			attrs = append(attrs, rest)
			break
		}
		attrs = append(attrs, rest[:eq+2+end+1])
		rest = rest[eq+2+end+1:]
	}
	sort.Strings(attrs)
	return name + " " + strings.Join(attrs, " ") + closing
}
