package xlsform

import (
	"archive/zip"
	"bytes"
	"fmt"
	"runtime"
	"strings"
	"testing"
)

// zipOf makes a zip file of parts.
func zipOf(t testing.TB, parts map[string]string) []byte {
	var b bytes.Buffer
	z := zip.NewWriter(&b)
	for name, text := range parts {
		w, err := z.Create(name)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := w.Write([]byte(text)); err != nil {
			t.Fatal(err)
		}
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// xlsxOf makes an .xlsx file with one sheet, of the rows' XML.
func xlsxOf(t testing.TB, rows string, more ...string) []byte {
	parts := map[string]string{
		"xl/workbook.xml":            `<workbook><sheets><sheet name="survey" r:id="r1"/></sheets></workbook>`,
		"xl/_rels/workbook.xml.rels": `<Relationships><Relationship Id="r1" Type="x/worksheet" Target="worksheets/sheet1.xml"/></Relationships>`,
		"xl/worksheets/sheet1.xml":   `<worksheet><sheetData>` + rows + `</sheetData></worksheet>`,
	}
	for i := 0; i+1 < len(more); i += 2 {
		parts[more[i]] = more[i+1]
	}
	return zipOf(t, parts)
}

const header = `<row r="1"><c r="A1" t="str"><v>type</v></c><c r="B1" t="str"><v>name</v></c><c r="C1" t="str"><v>label</v></c></row>`

// peak gives the most memory that f takes from the heap, roughly.
func peak(f func()) uint64 {
	runtime.GC()
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	f()
	runtime.ReadMemStats(&after)
	return after.TotalAlloc - before.TotalAlloc
}

// TestHostileFiles gives the readers files made to do harm. Each must be refused
// with a sentence, or read harmlessly, within bounds of memory.
func TestHostileFiles(t *testing.T) {
	bomb := header + "<row r=\"2\"><c r=\"A2\" t=\"str\"><v>" + strings.Repeat("a", MaxInflated+1) + "</v></c></row>"
	laughs := `<?xml version="1.0"?><!DOCTYPE x [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;&a;">]><worksheet><sheetData><row r="1"><c t="str"><v>&b;</v></c></row></sheetData></worksheet>`
	external := `<?xml version="1.0"?><!DOCTYPE x [<!ENTITY a SYSTEM "file:///etc/passwd">]><worksheet/>`
	var wide strings.Builder
	wide.WriteString(`<row r="1">`)
	for i := range MaxColumns {
		fmt.Fprintf(&wide, `<c r="%s1" t="str"><v>h%d</v></c>`, columnLetters(i), i)
	}
	wide.WriteString(`</row>`)
	for i := 2; i < 1000; i++ {
		fmt.Fprintf(&wide, `<row r="%d"><c r="XFD%d" t="str"><v>x</v></c></row>`, i, i)
	}
	deep := strings.Repeat("<a>", 1_000_000)
	for _, c := range []struct {
		name    string
		data    []byte
		refusal string // part of the sentence; empty: is read
		memory  uint64
	}{
		{"zip bomb", xlsxOf(t, bomb), "unpacks to more than", 4 << 20},
		{"billion laughs", xlsxOf(t, "", "xl/worksheets/sheet1.xml", laughs), "document type definition", 4 << 20},
		{"external entity", xlsxOf(t, "", "xl/worksheets/sheet1.xml", external), "document type definition", 4 << 20},
		{"wide sheet", xlsxOf(t, wide.String()), "more than 4000000 cells", 160 << 20},
		{"deep elements", xlsxOf(t, deep), "", 32 << 20},
		{"row at the end", xlsxOf(t, header+`<row r="1048576"><c r="A1048576" t="str"><v>text</v></c></row>`), "", 4 << 20},
		{"row number too large", xlsxOf(t, header+`<row r="99999999999999999999"><c t="str"><v>text</v></c></row>`), "", 4 << 20},
		{"string that is not there", xlsxOf(t, header+`<row r="2"><c r="A2" t="s"><v>99</v></c></row>`), "", 4 << 20},
		{"no sheet", zipOf(t, map[string]string{"xl/workbook.xml": `<workbook/>`}), "damaged", 4 << 20},
		{"no workbook", zipOf(t, map[string]string{"hello.txt": "hi"}), "not an XLSForm", 4 << 20},
		{"path out of the folder", xlsxOf(t, header, "../../../etc/passwd", "x"), "", 4 << 20},
		{"cut short", xlsxOf(t, header)[:200], "damaged", 4 << 20},
		{"not a spreadsheet", []byte("hello"), "not an XLSForm", 4 << 20},
		{"binary", []byte("a,b,c,d,e,f\x00"), "not an XLSForm", 4 << 20},
		{"too large", make([]byte, MaxFileBytes+1), "larger than 64 MB", 4 << 20},
		{"old file with no sectors", append([]byte("\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"), make([]byte, 600)...), "damaged", 4 << 20},
		{"long cell", []byte("| survey |\n| | type | name |\n| | " + strings.Repeat("x", MaxTextBytes+1) + " | a |\n"), "more than 131072 bytes", 16 << 20},
	} {
		t.Run(c.name, func(t *testing.T) {
			var wb *Workbook
			var err error
			used := peak(func() { wb, err = Read(c.data, "form.xlsx") })
			if used > c.memory {
				t.Errorf("took %d MB", used>>20)
			}
			switch {
			case c.refusal == "" && err != nil:
				t.Errorf("refused: %v", err)
			case c.refusal != "" && (err == nil || !strings.Contains(err.Error(), c.refusal)):
				t.Errorf("not refused with %q: %v", c.refusal, err)
			case err == nil:
				Compile(wb, Options{})
			}
		})
	}
}

// TestHostileForms compiles forms that could take very long or very much.
func TestHostileForms(t *testing.T) {
	md := func(rows ...string) string {
		return "| survey |\n| | type | name | label | calculation | repeat_count |\n" + strings.Join(rows, "\n")
	}
	deep := strings.Repeat("| | begin_group | g | G | | |\n", 3000) + strings.Repeat("| | end_group | | | | |\n", 3000)
	nested := ""
	for i := range 60 {
		nested += fmt.Sprintf("| | begin_repeat | r%d | R | | |\n", i)
	}
	nested += "| | text | q | Q | | |\n" + strings.Repeat("| | end_repeat | | | | |\n", 60)
	doubling := ""
	for i := range 40 {
		doubling += fmt.Sprintf("| | begin_repeat | r%d | R | | |\n| | begin_group | g%d | G | | |\n", i, i)
	}
	doubling += "| | text | q | Q | | |\n" + strings.Repeat("| | end_group | | | | |\n| | end_repeat | | | | |\n", 40)
	loops := strings.Repeat("| | begin loop over c | l | L | | |\n", 12) + "| | text | q | Q | | |\n" + strings.Repeat("| | end loop | | | | |\n", 12) +
		"| choices |\n| | list_name | name | label |\n| | c | a | A |\n| | c | b | B |\n| | c | d | D |\n| | c | e | E |\n"
	for name, text := range map[string]string{
		"doubling repeats": md(doubling),
		"loops in loops":   md(loops),
		"deep groups":      md(deep),
		"nested repeats":   md(nested),
		"many references":  md("| | text | a | A | | |", "| | calculate | b | | "+strings.Repeat("${a} + ", 15000)+"1 | |"),
		"open references":  md("| | text | a | " + strings.Repeat("${", 50000) + " | | |"),
		"many brackets":    md("| | text | a | A | | |", "| | calculate | b | | instance("+strings.Repeat("[${a}", 3000)+" | |"),
		"many quotes":      md("| | text | a | instance('" + strings.Repeat("'\"", 20000) + " | | |"),
		"endless errors":   md(strings.Repeat("| | foo | 1 | ${x} | ${y} | |\n", 5000)),
		"formula for csv":  md("| | text | a | =HYPERLINK(\"http://x\") | | |"),
		"exponent":         "| survey |\n| | type | name | label | parameters |\n| | range | r | R | start=1e9999 end=1e-9999 step=1e-9999 |",
		"controls in text": md("| | text | a | A\x01\x02\uffff | | |"),
	} {
		t.Run(name, func(t *testing.T) {
			wb, err := Read([]byte(text), "f.md")
			if err != nil {
				t.Fatal(err)
			}
			form, _ := Compile(wb, Options{})
			if form == nil {
				return
			}
			var b strings.Builder
			if err := form.WriteXForm(&b); err != nil {
				t.Fatal(err)
			}
			if _, err := parseXNode(b.String()); err != nil {
				t.Error(err)
			}
		})
	}
}
