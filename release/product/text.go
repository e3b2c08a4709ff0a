package product

import (
	_ "embed"
	"fmt"
	"strings"

	"github.com/goccy/go-yaml"
)

// Languages are those of every page, the first being the fallback.
var Languages = []string{"en", "ur", "id"}

// Text is a text by language.
type Text map[string]string

// In gives the text in a language, in English where it is missing.
func (t Text) In(lang string) string {
	if s := t[lang]; s != "" {
		return s
	}
	return t["en"]
}

// Same is a text that is the same in all languages, such as a year.
func Same(s string) Text { return Text{"en": s} }

//go:embed texts.yaml
var textsYAML []byte

var texts = func() map[string]Text {
	m := map[string]Text{}
	if err := yaml.Unmarshal(textsYAML, &m); err != nil {
		panic(fmt.Sprintf("texts.yaml: %v", err))
	}
	return m
}()

// say gives a text of this package with its {names} filled in.
func say(lang, key string, pairs ...string) string {
	t, ok := texts[key]
	if !ok {
		panic("product: there is no text " + key)
	}
	return Fill(lang, t, pairs...)
}

// Fill puts values in place of the {names} of a text: name, value, name, value. In a right-to-left text each value is
// isolated (Unicode FSI and PDI), or a date would read backwards.
func Fill(lang string, t Text, pairs ...string) string {
	words := make([]string, len(pairs))
	for i, s := range pairs {
		switch {
		case i%2 == 0:
			words[i] = "{" + s + "}"
		case Direction(lang) == "rtl":
			words[i] = "\u2068" + s + "\u2069"
		default:
			words[i] = s
		}
	}
	return strings.NewReplacer(words...).Replace(t.In(lang))
}
