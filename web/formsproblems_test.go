package web

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
	"testing"

	"aman/forms"
	"aman/forms/xlsform"
	"aman/platform/i18n"
)

// Every diagnostic of a form has words in each language, with the same values in them.
func TestProblemsAreTranslated(t *testing.T) {
	texts, err := problemTexts()
	if err != nil {
		t.Fatal(err)
	}
	values := func(s string) []string {
		out := regexp.MustCompile(`\{[a-z]+\}`).FindAllString(s, -1)
		slices.Sort(out)
		return slices.Compact(out)
	}
	codes := xlsform.Codes()
	slices.Sort(codes)
	for _, code := range codes {
		message, fix, _ := xlsform.Texts(code)
		for _, lang := range i18n.Languages {
			if lang == "en" {
				continue
			}
			got, ok := texts[code][lang]
			if !ok || got[0] == "" || got[1] == "" {
				t.Errorf("%s has no words in %s", code, lang)
				continue
			}
			if fmt.Sprint(values(got[0]+got[1])) != fmt.Sprint(values(message+fix)) {
				t.Errorf("%s in %s has the values %v, not %v", code, lang, values(got[0]+got[1]), values(message+fix))
			}
			fill := strings.NewReplacer("{name}", "x y", "{list}", "l", "{similar}", " Did you mean “z”?", "{type}", "t")
			m, f, ok := translated(forms.Problem{Code: code, Message: fill.Replace(message), Fix: fill.Replace(fix)}, lang)
			if !ok || strings.Contains(m+f, "{name}") || strings.Contains(m+f, "Did you") {
				t.Errorf("%s in %s: %v %q %q", code, lang, ok, m, f)
			}
		}
	}
	for code := range texts {
		if _, _, ok := xlsform.Texts(code); !ok && !strings.HasPrefix(code, "_") {
			t.Errorf("there is no diagnostic %s", code)
		}
	}
}

func TestAProblemInUrdu(t *testing.T) {
	book, err := xlsform.Read([]byte("| survey | | | |\n| | type | name | label |\n| | intejer | age | Age |\n"), "f.md")
	if err != nil {
		t.Fatal(err)
	}
	_, found := xlsform.Compile(book, xlsform.Options{})
	message, fix, ok := translated(forms.Problem{Code: found[0].Code, Message: found[0].Message, Fix: found[0].Fix}, "ur")
	if want := "“intejer” سوال کی قسم نہیں۔ کیا آپ کا مطلب “integer” تھا؟"; !ok || message != want || fix == "" {
		t.Errorf("%q %q", message, fix)
	}
}
