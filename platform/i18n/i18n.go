package i18n

import (
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/goccy/go-yaml"
	"golang.org/x/text/feature/plural"
	"golang.org/x/text/language"
)

// Languages are the languages that every text must have, the first being the fallback.
var Languages = []string{"en", "ur", "id"}

var tags = map[string]language.Tag{"en": language.English, "ur": language.Urdu, "id": language.Indonesian}

var matcher = language.NewMatcher([]language.Tag{language.English, language.Urdu, language.Indonesian})

// Direction is the direction of writing: rtl or ltr.
func Direction(lang string) string {
	if lang == "ur" {
		return "rtl"
	}
	return "ltr"
}

// OwnName is what a language calls itself.
func OwnName(lang string) string {
	return map[string]string{"en": "English", "ur": "اردو", "id": "Bahasa Indonesia"}[lang]
}

// Known says whether lang is one of Languages.
func Known(lang string) bool { return slices.Contains(Languages, lang) }

// Match picks the language that an Accept-Language header asks for.
func Match(header string) string {
	wanted, _, err := language.ParseAcceptLanguage(header)
	if err != nil || len(wanted) == 0 {
		return Languages[0]
	}
	_, i, _ := matcher.Match(wanted...)
	return Languages[i]
}

// forms are the plural forms of one text in one language; a text without plural has other only.
type forms map[string]string

// Catalogue holds texts by key.
type Catalogue struct {
	texts map[string]map[string]forms
}

// Load reads every .yaml of the folders; all faults come back at once.
func Load(folders ...fs.FS) (*Catalogue, error) {
	c := &Catalogue{texts: map[string]map[string]forms{}}
	var faults []error
	for _, folder := range folders {
		files, err := fs.Glob(folder, "*.yaml")
		if err != nil {
			return nil, err
		}
		for _, name := range files {
			body, err := fs.ReadFile(folder, name)
			if err != nil {
				return nil, err
			}
			if err := c.add(body); err != nil {
				faults = append(faults, fmt.Errorf("%s: %w", name, err))
			}
		}
	}
	return c, errors.Join(faults...)
}

func (c *Catalogue) add(body []byte) error {
	var file map[string]map[string]any
	if err := yaml.UnmarshalWithOptions(body, &file, yaml.Strict()); err != nil {
		return err
	}
	var faults []error
	for key, langs := range file {
		if c.texts[key] != nil {
			faults = append(faults, fmt.Errorf("%s is there twice", key))
		}
		entry := map[string]forms{}
		for lang, v := range langs {
			f := forms{}
			switch x := v.(type) {
			case string:
				f["other"] = x
			case map[string]any:
				for form, s := range x {
					f[form] = fmt.Sprint(s)
				}
			default:
				f["other"] = fmt.Sprint(x)
			}
			entry[lang] = f
		}
		c.texts[key] = entry
		faults = append(faults, check(key, entry))
	}
	return errors.Join(faults...)
}

var placeholder = regexp.MustCompile(`\{[a-z_]+\}`)

func check(key string, entry map[string]forms) error {
	var faults []error
	var want []string
	for i, lang := range Languages {
		text := entry[lang]["other"]
		if strings.TrimSpace(text) == "" {
			faults = append(faults, fmt.Errorf("%s is missing in %s", key, lang))
			continue
		}
		has := slices.Sorted(slices.Values(placeholder.FindAllString(text, -1)))
		if i == 0 {
			want = has
		} else if !slices.Equal(has, want) {
			faults = append(faults, fmt.Errorf("%s: the placeholders in %s are %v, in %s %v", key, lang, has, Languages[0], want))
		}
	}
	for lang := range entry {
		if !Known(lang) {
			faults = append(faults, fmt.Errorf("%s has a text in the unknown language %s", key, lang))
		}
	}
	return errors.Join(faults...)
}

// Has says whether there is such a text.
func (c *Catalogue) Has(key string) bool { return c.texts[key] != nil }

// Keys lists the keys in order.
func (c *Catalogue) Keys() []string { return slices.Sorted(maps.Keys(c.texts)) }

// T gives a text, with the named arguments filled in: T("ur", "case.count", "n", 3).
// An unknown key comes back in brackets, which the tests of every page look for.
func (c *Catalogue) T(lang, key string, args ...any) string {
	entry, ok := c.texts[key]
	if !ok {
		return "⟦" + key + "⟧"
	}
	f := entry[lang]
	if f == nil {
		lang = Languages[0]
		f = entry[lang]
	}
	text := f["other"]
	if len(args) == 0 {
		return text
	}
	for i := 0; i+1 < len(args); i += 2 {
		if n, isInt := toInt(args[i+1]); isInt && args[i] == "n" {
			if s, ok := f[pluralForm(lang, n)]; ok {
				text = s
			}
		}
	}
	for i := 0; i+1 < len(args); i += 2 {
		text = strings.ReplaceAll(text, "{"+fmt.Sprint(args[i])+"}", fmt.Sprint(args[i+1]))
	}
	return text
}

func toInt(v any) (int, bool) {
	switch n := v.(type) {
	case int:
		return n, true
	case int64:
		return int(n), true
	}
	return 0, false
}

func pluralForm(lang string, n int) string {
	switch plural.Cardinal.MatchPlural(tags[lang], n, 0, 0, 0, 0) {
	case plural.Zero:
		return "zero"
	case plural.One:
		return "one"
	case plural.Two:
		return "two"
	case plural.Few:
		return "few"
	case plural.Many:
		return "many"
	}
	return "other"
}

var months = map[string][]string{
	"en": {"Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"},
	"ur": {"جنوری", "فروری", "مارچ", "اپریل", "مئی", "جون", "جولائی", "اگست", "ستمبر", "اکتوبر", "نومبر", "دسمبر"},
	"id": {"Jan", "Feb", "Mar", "Apr", "Mei", "Jun", "Jul", "Agu", "Sep", "Okt", "Nov", "Des"},
}

// Date writes a day as people of the language do: 31 Mar 2026. Digits are Latin in all
// three, as on forms in Pakistan.
func Date(lang string, t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return fmt.Sprintf("%d %s %d", t.Day(), month(lang, t.Month()), t.Year())
}

// Month writes a month of a year: Mar 2026.
func Month(lang string, t time.Time) string {
	return fmt.Sprintf("%s %d", month(lang, t.Month()), t.Year())
}

func month(lang string, m time.Month) string {
	names, ok := months[lang]
	if !ok {
		names = months["en"]
	}
	return names[m-1]
}

// Number writes a whole number with separators of thousands.
func Number(lang string, n int64) string {
	digits := fmt.Sprint(n)
	sign := ""
	if n < 0 {
		sign, digits = "-", digits[1:]
	}
	sep := ","
	if lang == "id" {
		sep = "."
	}
	for i := len(digits) - 3; i > 0; i -= 3 {
		digits = digits[:i] + sep + digits[i:]
	}
	return sign + digits
}
