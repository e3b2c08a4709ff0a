package product

import (
	"errors"
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"time"
)

// Info is what a release says of itself, in every file. All of it is public.
type Info struct {
	ID      string // of the release
	Version string // edition, such as 2026-1
	Title   Text
	Summary Text // whom the records are of, in a sentence or two
	Unit    Text // what one record is, such as a person's latest case in the period; may be nil
	Note    Text // a word of warning that stands on every page; may be nil
	// Publisher is the organisation; Contact is where to write to it; URL is where the release stands. The last two may be empty.
	Publisher, Contact, URL string
	Terms                   Text   // nil: the terms in texts.yaml
	From, To                string // first and last day, 2006-01-02
	MadeAt                  time.Time
	Program                 string // name and version of the program
	Threshold               int    // smallest published count, at least 2
	HXL                     bool   // write the hxl folder too
	Ledger                  LedgerRef
}

var day = regexp.MustCompile(`^\d{4}-\d{2}-\d{2}$`)

func (i Info) check() error {
	var faults []error
	need := func(ok bool, what string) {
		if !ok {
			faults = append(faults, errors.New("product: "+what))
		}
	}
	need(i.ID != "" && i.Version != "", "a release has an id and an edition")
	need(i.Title["en"] != "" && i.Publisher != "", "a release has a title in English and a publisher")
	need(day.MatchString(i.From) && day.MatchString(i.To) && i.From <= i.To, "the period needs a first and a last day")
	need(!i.MadeAt.IsZero(), "a release has a date")
	need(i.Threshold >= 2, "the smallest published count must be at least 2")
	return errors.Join(faults...)
}

func (i Info) made() string { return i.MadeAt.UTC().Format(time.RFC3339) }

func (i Info) terms(lang string) string {
	if i.Terms != nil {
		return i.Terms.In(lang)
	}
	return say(lang, "terms")
}

// Citation is how to cite the release, in a language.
func (i Info) Citation(lang string) string {
	s := say(lang, "cite", "publisher", i.Publisher, "year", strconv.Itoa(i.MadeAt.UTC().Year()), "title", i.Title.In(lang),
		"edition", i.Version, "from", i.From, "to", i.To, "id", i.ID)
	if i.URL != "" {
		s += " " + i.URL
	}
	return s
}

// TermsOfUse gives the terms, in a language.
func (i Info) TermsOfUse(lang string) string { return i.terms(lang) }

// inAll writes one text after the other, for files that people open without choosing a language.
func inAll(f func(lang string) string) []byte {
	var parts []string
	for _, lang := range Languages {
		parts = append(parts, strings.TrimSpace(f(lang)))
	}
	return []byte(strings.Join(parts, "\n\n----\n\n") + "\n")
}

// words gives the files in plain text.
func (i Info) words(key string, method func(lang string) []string) []File {
	readme := func(lang string) string {
		lines := []string{i.Title.In(lang), i.Summary.In(lang),
			fmt.Sprintf("%s: %s\n%s: %s – %s\n%s: %s\n%s: %s", say(lang, "publisher"), i.Publisher, say(lang, "period"), i.From, i.To,
				say(lang, "edition"), i.Version, say(lang, "made"), i.made()[:10])}
		if u := i.Unit.In(lang); u != "" {
			lines = append(lines, say(lang, "unit")+": "+u)
		}
		if n := i.Note.In(lang); n != "" {
			lines = append(lines, n)
		}
		lines = append(lines, method(lang)...)
		lines = append(lines, say(lang, "threshold", "k", strconv.Itoa(i.Threshold)), say(lang, "readme.files"), say(lang, "readme.check", "key", key),
			i.terms(lang), i.Citation(lang))
		if i.Contact != "" {
			lines = append(lines, i.Contact)
		}
		return strings.Join(lines, "\n\n")
	}
	return []File{
		{"README.txt", inAll(readme)},
		{"TERMS.txt", inAll(i.terms)},
		{"CITATION.txt", inAll(i.Citation)},
		{"CITATION.cff", []byte(i.cff())},
	}
}

// cff is the citation for machines (Citation File Format 1.2.0, citation-file-format.github.io).
func (i Info) cff() string {
	var b strings.Builder
	line := func(key, value string) { fmt.Fprintf(&b, "%s: %s\n", key, strconv.Quote(value)) }
	b.WriteString("cff-version: 1.2.0\ntype: dataset\n")
	line("message", "Please cite these data as below.")
	line("title", i.Title.In("en"))
	line("version", i.Version)
	fmt.Fprintf(&b, "date-released: %s\nauthors:\n  - name: %s\n", i.made()[:10], strconv.Quote(i.Publisher))
	fmt.Fprintf(&b, "identifiers:\n  - type: other\n    value: %s\n    description: \"id of the release\"\n", strconv.Quote(i.ID))
	if s := i.Summary.In("en"); s != "" {
		line("abstract", s)
	}
	if i.URL != "" {
		line("url", i.URL)
	}
	return b.String()
}
