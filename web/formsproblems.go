package web

import (
	"embed"
	"regexp"
	"strings"
	"sync"

	"github.com/goccy/go-yaml"

	"aman/forms"
	"aman/forms/xlsform"
)

//go:embed problems/problems.yaml
var problemFile embed.FS

// problemTexts are what the check of a form says, by code and language: what is wrong, what
// to do.
var problemTexts = sync.OnceValues(func() (map[string]map[string][2]string, error) {
	body, err := problemFile.ReadFile("problems/problems.yaml")
	if err != nil {
		return nil, err
	}
	out := map[string]map[string][2]string{}
	return out, yaml.Unmarshal(body, &out)
})

// templates remembers how the English messages are made.
var templates sync.Map // code -> *regexp.Regexp

var word = regexp.MustCompile(`\\\{([a-z]+)\\\}`)

// translated puts a problem into a language; ok is false when there are no words for it.
// The values are read out of the English message by its template, for they are not kept
// apart from it.
func translated(x forms.Problem, lang string) (message, fix string, ok bool) {
	texts, err := problemTexts()
	english, englishFix, known := xlsform.Texts(x.Code)
	if err != nil || !known {
		return "", "", false
	}
	text, ok := texts[x.Code][lang]
	if !ok {
		return "", "", false
	}
	values := map[string]string{}
	for _, pair := range [][2]string{{english, x.Message}, {englishFix, x.Fix}} {
		found := templateOf(pair[0]).FindStringSubmatch(pair[1])
		if found == nil {
			return "", "", false
		}
		for i, name := range templateOf(pair[0]).SubexpNames() {
			if name != "" {
				values[name] = found[i]
			}
		}
	}
	if guess, isGuess := values["similar"]; isGuess && strings.HasPrefix(guess, " ") {
		values["similar"] = guessed(guess, texts, lang)
	}
	fill := func(s string) string {
		for name, v := range values {
			s = strings.ReplaceAll(s, "{"+name+"}", v)
		}
		return s
	}
	return fill(text[0]), fill(text[1]), true
}

// templateOf makes an expression that reads the values out of a message.
func templateOf(template string) *regexp.Regexp {
	if have, ok := templates.Load(template); ok {
		return have.(*regexp.Regexp)
	}
	seen := map[string]bool{}
	expression := word.ReplaceAllStringFunc(regexp.QuoteMeta(template), func(m string) string {
		name := word.FindStringSubmatch(m)[1]
		if seen[name] {
			return `(?:.*?)`
		}
		seen[name] = true
		return `(?P<` + name + `>.*?)`
	})
	made := regexp.MustCompile(`(?s)^` + expression + `$`)
	templates.Store(template, made)
	return made
}

// guessed puts “Did you mean …?” into a language.
func guessed(guess string, texts map[string]map[string][2]string, lang string) string {
	key, from := "_did_you_mean", strings.Index(guess, "“")
	if i := strings.LastIndex(guess, ": "); i >= 0 {
		key, from = "_near", i+2
	}
	if from < 0 {
		return ""
	}
	return strings.ReplaceAll(texts[key][lang][0], "{name}", strings.TrimRight(guess[from:], "?."))
}
