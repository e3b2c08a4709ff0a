package showcase

import (
	"bytes"
	"embed"
	"encoding/json"
	"fmt"
	"html/template"
	"regexp"
	"strconv"
	"strings"

	"github.com/goccy/go-yaml"

	"aman/release/product"
)

//go:embed assets pages texts.yaml
var files embed.FS

var (
	pages = template.Must(template.New("").ParseFS(files, "pages/*.html"))
	texts = loadTexts()
	drawn = loadDrawn()
)

func loadTexts() map[string]product.Text {
	body, err := files.ReadFile("texts.yaml")
	m := map[string]product.Text{}
	if err == nil {
		err = yaml.Unmarshal(body, &m)
	}
	if err != nil {
		panic(fmt.Sprintf("texts.yaml: %v", err))
	}
	return m
}

// loadDrawn lists the countries that the map has.
func loadDrawn() map[string]bool {
	body, err := files.ReadFile("assets/world.js")
	if err != nil {
		panic(err)
	}
	out := map[string]bool{}
	for _, m := range regexp.MustCompile(`"([A-Z]{3})":"`).FindAllSubmatch(body, -1) {
		out[string(m[1])] = true
	}
	return out
}

// DP makes the website of a differentially private release.
func DP(in product.DP) ([]product.File, error) {
	if in.Release == nil || in.Release.Rows == nil {
		return nil, fmt.Errorf("showcase: there is no release to show")
	}
	if err := in.Profile.Fits(in.Release.Rows.Attrs); err != nil {
		return nil, err
	}
	s := &site{info: in.Info, kind: noisy, guarantee: in.Guarantee, report: in.Report(), rows: in.Release.Rows.Rows,
		attrs: fromSynthetic(in.Profile, in.Release.Rows), counts: in.Counts()}
	s.people = [3]int{s.report.People, s.report.PeopleLow, s.report.PeopleTop}
	s.reach = reachOf(s.counts, in.Release.Options.Length)
	return s.files()
}

// K makes the website of a k-anonymous release. Its numbers are counted in the file.
func K(in product.K) ([]product.File, error) {
	s := &site{info: in.Info, kind: exact, guarantee: in.Guarantee, rows: in.Table.Records, attrs: fromRecords(in.Profile, in.Table)}
	return s.files()
}

// Notice makes the file that puts a notice, such as a recall, on top of every page of a website that is already out:
// whoever publishes it lays the file over the one that is there.
func Notice(text product.Text) product.File {
	body, err := script("AMAN_NOTICE", text)
	if err != nil {
		panic(err) // a map of strings
	}
	return product.File{Name: "showcase/notice.js", Body: body}
}

func (s *site) files() ([]product.File, error) {
	if len(s.attrs) == 0 {
		return nil, fmt.Errorf("showcase: the release has no columns")
	}
	s.plan()
	body, err := script("AMAN_DATA", s.data())
	if err != nil {
		return nil, err
	}
	out := []product.File{{Name: "showcase/data.js", Body: body}, {Name: "showcase/notice.js", Body: []byte("var AMAN_NOTICE = null;\n")}}
	for _, name := range []string{"app.css", "count.js", "draw.js", "app.js", "world.js"} {
		if name == "world.js" && !s.hasMap() {
			continue
		}
		body, err := files.ReadFile("assets/" + name)
		if err != nil {
			return nil, err
		}
		out = append(out, product.File{Name: "showcase/" + name, Body: body})
	}
	for _, lang := range product.Languages {
		for _, name := range []string{"index", "methods"} {
			var b bytes.Buffer
			if err := pages.ExecuteTemplate(&b, name+".html", s.page(lang, name)); err != nil {
				return nil, err
			}
			out = append(out, product.File{Name: "showcase/" + address(name, lang), Body: b.Bytes()})
		}
	}
	return out, nil
}

func (s *site) hasMap() bool {
	for _, p := range s.panels {
		if p.Kind == "map" {
			return true
		}
	}
	return false
}

// address names the page in a language: index.html and ur.html, methods.html and methods-ur.html.
func address(name, lang string) string {
	switch {
	case lang == "en":
		return name + ".html"
	case name == "index":
		return lang + ".html"
	}
	return name + "-" + lang + ".html"
}

// page is what a template sees.
type page struct {
	*site
	Lang, Dir, Name string
}

func (s *site) page(lang, name string) page { return page{s, lang, product.Direction(lang), name} }

// T gives a text with its {words} filled in.
func (p page) T(key string, pairs ...string) (string, error) {
	t, ok := texts[key]
	if !ok {
		return "", fmt.Errorf("showcase: there is no text %s", key)
	}
	return product.Fill(p.Lang, t, pairs...), nil
}

// Script gives the texts that the scripts need, as JSON.
func (p page) Script() (template.JS, error) {
	m := map[string]string{}
	for key, t := range texts {
		if short, ok := strings.CutPrefix(key, "js."); ok {
			m[short] = t.In(p.Lang)
		}
	}
	body, err := json.Marshal(m)
	return template.JS(body), err
}

type link struct{ Lang, Dir, Name, To string }

// Languages leads to the same page in each language.
func (p page) Languages() (out []link) {
	for _, lang := range product.Languages {
		out = append(out, link{lang, product.Direction(lang), product.OwnName(lang), address(p.Name, lang)})
	}
	return out
}

// To is the address of another page in the same language.
func (p page) To(name string) string { return address(name, p.Lang) }

func (p page) Info() product.Info         { return p.info }
func (p page) Title() string              { return p.info.Title.In(p.Lang) }
func (p page) Guarantee() string          { return p.guarantee(p.Lang) }
func (p page) Noisy() bool                { return p.kind == noisy }
func (p page) HasMap() bool               { return p.hasMap() }
func (p page) K() string                  { return strconv.Itoa(p.info.Threshold) }
func (p page) Reach() string              { return strconv.Itoa(p.reach) }
func (p page) Rows() string               { return strconv.Itoa(p.rows) }
func (p page) Widths() (out []widthLine)  { return widths(p) }
func (p page) Text(t product.Text) string { return t.In(p.Lang) }
