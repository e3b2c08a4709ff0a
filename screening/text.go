package screening

import (
	"fmt"
	"strings"
)

// Languages are those in which every text of a pack must be given.
var Languages = []string{"en", "ur", "id"}

// Text is one text by language code.
type Text map[string]string

// In gives the text in a language, or in English when that is missing.
func (t Text) In(lang string) string {
	if s := t[lang]; s != "" {
		return s
	}
	return t["en"]
}

// check reports the languages that are missing from a text that must be there.
func (t Text) check(what string) error {
	var missing []string
	for _, lang := range Languages {
		if strings.TrimSpace(t[lang]) == "" {
			missing = append(missing, lang)
		}
	}
	if missing != nil {
		return fmt.Errorf("%s has no text in %s", what, strings.Join(missing, ", "))
	}
	return nil
}

// checkOptional is check for a text that may be left out altogether.
func (t Text) checkOptional(what string) error {
	if len(t) == 0 {
		return nil
	}
	return t.check(what)
}
