package xpath

import (
	"strings"
	"testing"

	"pgregory.net/rapid"
)

func TestParseXMLRefuses(t *testing.T) {
	bomb := `<!DOCTYPE l [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;">]><l>&b;</l>`
	outside := `<!DOCTYPE l [<!ENTITY x SYSTEM "file:///etc/passwd">]><l>&x;</l>`
	for _, c := range []struct {
		text string
		lim  XMLLimits
		want string
	}{
		{bomb, XMLLimits{}, "a document type with declarations is not accepted"},
		{outside, XMLLimits{}, "a document type with declarations is not accepted"},
		{"<l>&x;</l>", XMLLimits{}, "invalid character entity &x;"},
		{"<a>" + strings.Repeat("x", 100) + "</a>", XMLLimits{Bytes: 50}, "larger than 50 bytes"},
		{strings.Repeat("<a>", 300), XMLLimits{}, "nested more than 200 deep"},
		{"<a>" + strings.Repeat("<b/>", 100) + "</a>", XMLLimits{Nodes: 50}, "more than 50 nodes"},
		{`<a b="1" c="2" d="3"/>`, XMLLimits{Nodes: 3}, "more than 3 nodes"},
		{"<a><b></a>", XMLLimits{}, "line 1: </a> does not close the element that is open"},
		{"<a>\n<b>", XMLLimits{}, "the document ends before </b>"},
		{"", XMLLimits{}, "the document has no element"},
		{"<a/><b/>", XMLLimits{}, "more than one outermost element"},
		{"<a/>text", XMLLimits{}, "text outside the outermost element"},
		{`<?xml version="1.0" encoding="latin1"?><a/>`, XMLLimits{}, `the document says it is in "latin1": save it as UTF-8`},
	} {
		_, err := ParseXML(strings.NewReader(c.text), c.lim)
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%.40q: %v, want %q", c.text, err, c.want)
		}
	}
}

func TestXMLRoundTrip(t *testing.T) {
	const text = `<h:html xmlns="u" xmlns:h="v" h:x="1"><a b="&lt;&amp;&quot;&#xA;">&lt;&amp;&gt;"<c/> tail</a><!--c--><?p i?></h:html>`
	doc := parse(t, text)
	if got := doc.XML(); got != text {
		t.Errorf("\n got %s\nwant %s", got, text)
	}
	html := doc.DocumentElement()
	if html.Space != "v" || html.Prefix != "h" || html.Child("a").Space != "u" || html.Attrs()[0].Space != "v" {
		t.Errorf("namespaces: %q %q %q", html.Space, html.Child("a").Space, html.Attrs()[0].Space)
	}
	html.Child("a").Hidden = true
	if got := doc.XML(); strings.Contains(got, "<a") {
		t.Errorf("hidden nodes are written: %s", got)
	}
}

func TestBlankText(t *testing.T) {
	const text = "<a>\n  <b> </b>\n  <c>x</c>\n</a>"
	if got := parse(t, text).XML(); got != "<a><b> </b><c>x</c></a>" {
		t.Errorf("layout is kept: %q", got)
	}
	doc, err := ParseXML(strings.NewReader(text), XMLLimits{KeepBlank: true})
	if err != nil || doc.XML() != text {
		t.Errorf("layout is lost: %q, %v", doc.XML(), err)
	}
}

// TestNamespaces: a prefix that the compiler knows means its namespace, one that it does not know means itself.
func TestNamespaces(t *testing.T) {
	doc := parse(t, `<data xmlns="u" xmlns:orx="http://openrosa.org/xforms"><orx:meta><orx:instanceID>i</orx:instanceID></orx:meta><meta><instanceID>j</instanceID></meta></data>`)
	for _, c := range []struct {
		expr   string
		spaces map[string]string
		want   string
	}{
		{"/data/orx:meta/orx:instanceID", nil, "i"},
		{"/data/meta/instanceID", nil, "j"},
		{"/data/o:meta/o:instanceID", nil, ""},
		{"/data/o:meta/o:instanceID", map[string]string{"o": "http://openrosa.org/xforms"}, "i"},
		{"count(/data/o:*)", map[string]string{"o": "http://openrosa.org/xforms"}, "1"},
		{"count(/data/*)", nil, "2"},
		{"count(/data)", map[string]string{"": "other"}, "0"},
		{"count(/data)", map[string]string{"": "u"}, "1"},
		{"namespace-uri(/data)", nil, "u"},
		{"name(/data/*[1])", nil, "orx:meta"},
		{"local-name(/data/*[1])", nil, "meta"},
		{"count(/data/namespace::*)", nil, "3"},
		{"count(/data/namespace::* | /data/namespace::*)", nil, "3"},
		{"count(/data/namespace::* | /data/meta/namespace::*)", nil, "6"},
	} {
		x, err := (&Compiler{Namespaces: c.spaces}).Compile(c.expr)
		if err != nil {
			t.Fatal(err)
		}
		if got, err := x.Text(&Env{Node: doc}); got != c.want || err != nil {
			t.Errorf("%s with %v: %q, %v, want %q", c.expr, c.spaces, got, err, c.want)
		}
	}
}

// TestTreeProperty: however a tree is changed, parents, positions and document order agree.
func TestTreeProperty(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		nodes := []*Node{NewDocument()}
		for range rapid.IntRange(1, 30).Draw(t, "changes") {
			n := rapid.SampledFrom(nodes).Draw(t, "node")
			switch rapid.IntRange(0, 3).Draw(t, "change") {
			case 0, 1:
				c := NewElement("e", "")
				n.Insert(rapid.IntRange(0, 4).Draw(t, "at"), c)
				nodes = append(nodes, c)
			case 2:
				rapid.SampledFrom(nodes).Draw(t, "to").Insert(rapid.IntRange(0, 4).Draw(t, "at"), n)
			case 3:
				n.Remove()
			}
		}
		for _, n := range nodes {
			for i, c := range n.Children() {
				if c.Parent() != n || c.Index() != i {
					t.Fatalf("child %d of %s: parent %p, index %d", i, n.Path(), c.Parent(), c.Index())
				}
				if !before(n, c) || before(c, n) || i > 0 && (!before(n.Children()[i-1], c) || before(c, n.Children()[i-1])) {
					t.Fatalf("%s is out of order", c.Path())
				}
			}
			if copied := n.Clone(); copied.XML() != n.XML() || copied.Parent() != nil {
				t.Fatalf("a copy of %s differs", n.XML())
			}
		}
	})
}

// TestResultsAreCopies: a program may take nodes out of the tree while it goes through an answer.
func TestResultsAreCopies(t *testing.T) {
	doc := parse(t, "<a><b>1</b><b>2</b><b>3</b></a>")
	for _, expr := range []string{"/a/b[2]", "/a/b"} {
		nodes, err := MustCompile(expr).Nodes(&Env{Node: doc})
		if err != nil {
			t.Fatal(err)
		}
		want := make([]string, len(nodes))
		for i, n := range nodes {
			want[i] = n.Text()
		}
		for i, n := range nodes {
			n.Remove()
			if nodes[i].Text() != want[i] {
				t.Errorf("%s: the answer changed with the tree", expr)
			}
		}
	}
}

func TestSetText(t *testing.T) {
	n := NewElement("a", "")
	for _, s := range []string{"x", "y", "", "z"} {
		n.SetText(s)
		if n.Text() != s {
			t.Errorf("text is %q, want %q", n.Text(), s)
		}
	}
	n.SetAttr("k", "1").SetAttr("k", "2")
	if v, ok := n.Attr("k"); v != "2" || !ok || len(n.Attrs()) != 1 {
		t.Errorf("attribute %q, %v", v, ok)
	}
}
