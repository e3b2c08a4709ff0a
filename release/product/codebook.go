package product

import (
	"bytes"
	"embed"
	"html/template"
	"slices"
	"strconv"
)

//go:embed pages
var pageFiles embed.FS

var pages = template.Must(template.New("").ParseFS(pageFiles, "pages/*.html"))

// page is what a template sees.
type page struct {
	Lang, Dir string
	Title     string
	Info      Info
	Languages []link
	Body      any
}

type link struct{ Lang, Dir, Name, To string }

// T gives a text of the catalogue.
func (p page) T(key string, pairs ...string) string { return say(p.Lang, key, pairs...) }

// Num writes a number in texts that take strings.
func (p page) Num(n int) string { return strconv.Itoa(n) }

// Direction says how a language is written.
func Direction(lang string) string {
	if lang == "ur" {
		return "rtl"
	}
	return "ltr"
}

var ownNames = map[string]string{"en": "English", "ur": "اردو", "id": "Bahasa Indonesia"}

// OwnName is what a language calls itself.
func OwnName(lang string) string { return ownNames[lang] }

// inEach makes one page a language, folder/en.html and so on.
func inEach(folder, name, title string, info Info, body func(lang string) any) ([]File, error) {
	var files []File
	for _, lang := range Languages {
		p := page{Lang: lang, Dir: Direction(lang), Title: say(lang, title), Info: info, Body: body(lang)}
		for _, other := range Languages {
			p.Languages = append(p.Languages, link{other, Direction(other), OwnName(other), other + ".html"})
		}
		var b bytes.Buffer
		if err := pages.ExecuteTemplate(&b, name, p); err != nil {
			return nil, err
		}
		files = append(files, File{folder + "/" + lang + ".html", b.Bytes()})
	}
	return files, nil
}

// codebook writes every column and code, as CSV and as a page in each language.
func (p Profile) codebook(info Info, filled Profile) ([]File, error) {
	header := []string{"column", "value"}
	for _, lang := range Languages {
		header = append(header, "column_"+lang, "value_"+lang, "note_"+lang)
	}
	var rows [][]string
	p.Columns = slices.Clone(p.Columns)
	for i := range p.Columns {
		c := &p.Columns[i]
		if _, ok := filled.Column(c.Name); !ok {
			c.Note, c.Separator, c.JoinOf = texts["codebook.notcollected"], "", nil
		}
		for _, code := range append(c.codes(), Code{Value: p.Missing}) {
			row := []string{c.Name, code.Value}
			for _, lang := range Languages {
				means := c.Says(lang, code.Value)
				if code.Value == p.Missing {
					means = say(lang, "not_recorded")
				}
				row = append(row, c.Called(lang), means, c.note(lang))
			}
			rows = append(rows, row)
		}
	}
	csv, err := table(header, nil, each(rows))
	if err != nil {
		return nil, err
	}
	files, err := inEach("codebook", "codebook.html", "codebook.title", info, func(string) any { return p })
	return append(files, File{"codebook/codebook.csv", csv}), err
}

// codes gives the values of the column; a joined column's are any, and are described by its note.
func (c Column) codes() []Code { return append([]Code(nil), c.Codes...) }

func (c Column) note(lang string) string {
	switch {
	case len(c.JoinOf) > 0:
		return say(lang, "codebook.joined")
	case c.Separator != "":
		return say(lang, "codebook.multi", "separator", c.Separator)
	}
	return c.Note.In(lang)
}

// About is the column's note in a language.
func (c Column) About(lang string) string { return c.note(lang) }
