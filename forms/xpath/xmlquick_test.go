package xpath

import (
	"bytes"
	"errors"
	"io"
	"strings"
	"testing"
)

// slowly hides what kind of reader it is, so that the reader of the standard library is taken.
type slowly struct{ io.Reader }

// dump writes a tree with all that a node says of itself.
func dump(n *Node) string {
	var b strings.Builder
	var walk func(n *Node, depth int)
	walk = func(n *Node, depth int) {
		b.WriteString(strings.Repeat(" ", depth))
		b.WriteString(strings.Join([]string{string('a' + rune(n.Kind)), n.Prefix, n.Name, n.Space, n.Value}, "|"))
		b.WriteByte(byte('0' + n.at%10))
		b.WriteByte('\n')
		for _, list := range [][]*Node{n.spaces, n.attrs, n.children} {
			for i, c := range list {
				if c.parent != n || c.at != i {
					b.WriteString("a child that does not know where it is\n")
				}
				walk(c, depth+1)
			}
		}
	}
	walk(n, 0)
	return b.String()
}

func agree(t *testing.T, body []byte, lim XMLLimits) (read bool) {
	t.Helper()
	slow, slowErr := ParseXML(slowly{bytes.NewReader(body)}, lim)
	fast, fastErr := ParseXML(bytes.NewReader(body), lim)
	if (slowErr == nil) != (fastErr == nil) || slowErr != nil && slowErr.Error() != fastErr.Error() {
		t.Fatalf("%q: %v, and quickly %v", body, slowErr, fastErr)
	}
	if slowErr == nil && dump(slow) != dump(fast) {
		t.Fatalf("%q:\n%s\nquickly\n%s", body, dump(slow), dump(fast))
	}
	lim.Bytes, lim.Depth, lim.Nodes = orDefault(lim.Bytes, defaultXMLBytes), orDefault(lim.Depth, defaultXMLDepth), orDefault(lim.Nodes, defaultXMLNodes)
	return quick(bytes.NewReader(body), lim) != nil
}

var plainDocuments = []string{
	`<a/>`, `<a></a >`, "<a>\n <b x='1' y=\"&lt;&amp;'\">t &gt; &quot;</b>\n <c/>  </a>\n", `<?xml version="1.0"?><a/>`, `<?xml version='1.0' encoding='UTF-8'?><a> </a>`,
	`<h:a xmlns:h="u" xmlns="v" h:b="1" c="2"><h:d/><e xmlns="w"><f/></e></h:a>`, `<a>سلام</a>`, `<a b = '1'c="2"/>`, `<a-b.c_1/>`,
}

var otherDocuments = []string{
	``, ` `, `<a>`, `</a>`, `<a></b>`, `<a/><b/>`, `<a><!-- x --></a>`, `<a><![CDATA[<]]></a>`, `<a>&#65;</a>`, `<a>&x;</a>`, `<a>&amp</a>`, `<a>]]></a>`, "<a>\r\n</a>", "<a>\x00</a>", "<a>\xff</a>",
	`<a b="<"/>`, `<a b=1/>`, `<a b/>`, `<a:b:c/>`, `<:a/>`, `<a:/>`, `<1a/>`, `<é/>`, `x<a/>`, `<a/>x`, `<?xml version="1.1"?><a/>`, `<?xml version="1.0" encoding="latin-1"?><a/>`, `<?pi x?><a/>`,
	`<!DOCTYPE a [<!ENTITY x "y">]><a/>`, `<a b="1" b="2"/>`, "\ufeff<a/>", `<a x:1="2"/>`, `<a><?xml version="1.0"?></a>`, `<a b="&bad;"/>`, `<a`, `<a b`, `<a b="`, `<a /`, `<a / >`,
}

func TestQuickReadsAsTheOther(t *testing.T) {
	for _, s := range plainDocuments {
		if !agree(t, []byte(s), XMLLimits{}) {
			t.Errorf("%q is not read quickly", s)
		}
		agree(t, []byte(s), XMLLimits{KeepBlank: true})
	}
	for _, s := range otherDocuments {
		agree(t, []byte(s), XMLLimits{})
	}
	deep := strings.Repeat("<a>", 300) + strings.Repeat("</a>", 300)
	agree(t, []byte(deep), XMLLimits{})
	agree(t, []byte("<a>"+strings.Repeat("<b/>", 50)+"</a>"), XMLLimits{Nodes: 20})
	agree(t, []byte("<a>"+strings.Repeat("x", 50)+"</a>"), XMLLimits{Bytes: 20})
	if !agree(t, []byte("<a>"+strings.Repeat("<b c='1'>d</b>", 1000)+"</a>"), XMLLimits{}) {
		t.Error("a long document is not read quickly")
	}
}

// What was read in part is read on from there.
func TestQuickBeginsWhereTheReaderIs(t *testing.T) {
	r := bytes.NewReader([]byte("junk<a/>"))
	if _, err := io.CopyN(io.Discard, r, 4); err != nil {
		t.Fatal(err)
	}
	if doc, err := ParseXML(r, XMLLimits{}); err != nil || doc.DocumentElement().Name != "a" {
		t.Error(err)
	}
	if _, err := r.ReadByte(); err == nil || !errors.Is(err, io.EOF) {
		t.Log("the reader is not at its end; nobody reads on")
	}
}

func FuzzQuick(f *testing.F) {
	for _, s := range append(plainDocuments, otherDocuments...) {
		f.Add([]byte(s), false)
	}
	f.Fuzz(func(t *testing.T, body []byte, keep bool) { agree(t, body, XMLLimits{KeepBlank: keep}) })
}

func BenchmarkParseXML(b *testing.B) {
	body := []byte("<data id='s'>" + strings.Repeat("<question1>4821</question1>", 250) + "</data>")
	for name, r := range map[string]func() io.Reader{"plain": func() io.Reader { return bytes.NewReader(body) }, "other": func() io.Reader { return slowly{bytes.NewReader(body)} }} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if _, err := ParseXML(r(), XMLLimits{}); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
