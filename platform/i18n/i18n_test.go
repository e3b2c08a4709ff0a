package i18n

import (
	"fmt"
	"strings"
	"testing"
	"testing/fstest"
	"time"
)

func folder(body string) fstest.MapFS { return fstest.MapFS{"t.yaml": {Data: []byte(body)}} }

func Example() {
	c, err := Load(fstest.MapFS{"case.yaml": {Data: []byte(`
case.count:
  en: {one: "{n} case", other: "{n} cases"}
  ur: {one: "{n} کیس", other: "{n} کیس"}
  id: {other: "{n} kasus"}
`)}})
	fmt.Println(err)
	fmt.Println(c.T("en", "case.count", "n", 1), "|", c.T("en", "case.count", "n", 3), "|", c.T("id", "case.count", "n", 1))
	// Output:
	// <nil>
	// 1 case | 3 cases | 1 kasus
}

func TestLoadNamesWhatIsMissing(t *testing.T) {
	for body, want := range map[string]string{
		"a: {en: x, ur: y}":                        "a is missing in id",
		"a: {en: x, ur: y, id: ' '}":               "a is missing in id",
		"a: {en: '{n} x', ur: '{m} y', id: '{n}'}": "placeholders in ur",
		"a: {en: x, ur: y, id: z, fr: w}":          "unknown language fr",
		"a: {en: x, ur: y, id: z}\na: {en: x}":     "a",
	} {
		if _, err := Load(folder(body)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q gave %v, want %q", body, err, want)
		}
	}
}

func TestAnUnknownKeyIsSeen(t *testing.T) {
	c, _ := Load()
	if got := c.T("en", "nothing.here"); got != "⟦nothing.here⟧" {
		t.Errorf("got %q", got)
	}
}

func TestMatch(t *testing.T) {
	for header, want := range map[string]string{"": "en", "ur-PK,en;q=0.5": "ur", "id": "id", "in": "id", "fr": "en", "garbage;;;": "en"} {
		if got := Match(header); got != want {
			t.Errorf("Match(%q) = %s, want %s", header, got, want)
		}
	}
}

func TestDatesAndNumbers(t *testing.T) {
	d := time.Date(2026, 5, 3, 0, 0, 0, 0, time.UTC)
	for lang, want := range map[string]string{"en": "3 May 2026", "ur": "3 مئی 2026", "id": "3 Mei 2026"} {
		if got := Date(lang, d); got != want {
			t.Errorf("Date(%s) = %s, want %s", lang, got, want)
		}
	}
	if Number("en", 1234567) != "1,234,567" || Number("id", -1000) != "-1.000" || Number("en", 12) != "12" {
		t.Error("numbers are not grouped by thousands")
	}
}
