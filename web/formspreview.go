package web

import (
	"net/http"
	"strconv"
	"strings"

	"aman/forms/xform"
	"aman/platform/i18n"
	"aman/platform/store"
)

// formPreviewPage is a form on paper: what is asked, in what words, and when.
type formPreviewPage struct {
	formHead
	Version   string
	Draft     bool
	Title     string
	Language  string
	Languages []string
	Dir       string
	Items     []paperItem
}

// paperItem is a heading or a question of a form on paper.
type paperItem struct {
	Heading string
	Level   int // of a heading: 1 …
	Repeat  bool
	Number  string

	Question, Hint, Guidance string
	Kind                     string // text, lines, choice, choices, number, date, time, place, file, note, tick
	Options                  []string
	More                     int // options that are not printed
	Required                 bool
	Only, Check, Message     string // its logic in words
}

// optionsMost is how many choices a form on paper shows: nobody ticks one of a thousand.
const optionsMost = 60

func (s *Server) formPreview(w http.ResponseWriter, r *http.Request) {
	p := s.page(r, "forms.preview")
	body := &formPreviewPage{Draft: r.URL.Query().Has("draft")}
	var model *xform.Model
	err := s.Node.Store.Read(r.Context(), func(tx *store.Tx) (err error) {
		if body.formHead, err = s.formHead(tx, p, r, "preview"); err != nil {
			return err
		}
		if body.Draft {
			if err := body.keeper(); err != nil {
				return err
			}
		}
		found, xml, err := s.Node.Forms.Definition(tx, body.Form.ID, versionOf(r))
		if err != nil {
			return err
		}
		body.Version = found.Version
		model, err = xform.Compile(xml, xform.Options{})
		return err
	})
	if err != nil {
		s.formFault(w, r, err)
		return
	}
	body.Title, body.Languages = model.Title, model.Languages
	body.Language = paperLanguage(model.Languages, r.URL.Query().Get("in"), p.Lang)
	body.Dir = directionOf(body.Language, p.Dir)
	body.Items = p.paper(model, body.Language)
	p.Body = body
	s.render(w, r, http.StatusOK, "formpreview", p)
}

// paperLanguage is the language of the form that was asked for, else the reader's, else its first.
func paperLanguage(have []string, asked, reader string) string {
	for _, l := range have {
		if l == asked {
			return l
		}
	}
	for _, l := range have {
		if languageCode(l) == reader {
			return l
		}
	}
	if len(have) > 0 {
		return have[0]
	}
	return ""
}

// languageCode is the code in a name such as “Urdu (ur)”, or the name.
func languageCode(name string) string {
	if i := strings.LastIndexByte(name, '('); i >= 0 && strings.HasSuffix(name, ")") {
		return strings.ToLower(name[i+1 : len(name)-1])
	}
	return strings.ToLower(name)
}

// rightToLeft are languages whose script runs that way.
var rightToLeft = map[string]bool{"ar": true, "arabic": true, "ur": true, "urdu": true, "fa": true, "dari": true, "prs": true, "ps": true, "pashto": true, "ckb": true, "ku": true, "he": true, "ug": true, "sd": true, "farsi": true}

func directionOf(language, otherwise string) string {
	code, _, _ := strings.Cut(languageCode(language), "-")
	switch {
	case rightToLeft[code]:
		return "rtl"
	case code == "" || code == "default":
		return otherwise
	}
	return i18n.Direction("en")
}

// paperKind tells the question on paper by the control and the type of the bind.
func paperKind(q *xform.Question, typ string) string {
	switch q.Kind {
	case "select1":
		return "choice"
	case "select", "rank":
		return "choices"
	case "upload":
		return "file"
	case "trigger":
		return "tick"
	case "range":
		return "number"
	}
	switch typ {
	case "int", "integer", "decimal", "long":
		return "number"
	case "date", "dateTime", "time":
		return "date"
	case "geopoint", "geotrace", "geoshape":
		return "place"
	}
	if strings.Contains(q.Appearance, "multiline") {
		return "lines"
	}
	return "text"
}

// paper lists what the form asks, in a language.
func (p *Page) paper(m *xform.Model, lang string) []paperItem {
	w := words{p: p, model: m, lang: lang}
	repeats := map[string]bool{}
	for _, r := range m.Repeats {
		repeats[r] = true
	}
	var out []paperItem
	var open []string // the groups that headings were written for
	n := 0
	for i := range m.Questions {
		q := &m.Questions[i]
		groups := groupsOf(q.Path)
		for k, g := range groups {
			if k < len(open) && open[k] == g {
				continue
			}
			open = append([]string{}, groups[:k]...)
			open = append(open, g)
			title := groupTitle(m, q, groups, k, languageCode(lang))
			only := w.sentence(m.Binds[g].Relevant, g)
			if title == "" && !repeats[g] && only == "" {
				continue
			}
			out = append(out, paperItem{Heading: orElse(title, g[strings.LastIndexByte(g, '/')+1:]), Level: k + 1, Repeat: repeats[g], Only: only})
		}
		open = groups
		b := m.Binds[q.Path]
		item := paperItem{
			Question: xform.Text(q.Label, languageCode(lang)), Hint: xform.Text(q.Hint, languageCode(lang)), Guidance: xform.Text(q.Media["guidance"], languageCode(lang)),
			Kind: paperKind(q, b.Type), Only: w.sentence(b.Relevant, q.Path), Check: w.sentence(b.Constraint, q.Path), Message: xform.Text(b.ConstraintMessage, languageCode(lang)),
		}
		item.Required = b.Required == "true()"
		if b.Readonly == "true()" && q.Kind == "input" {
			item.Kind = "note"
		} else {
			n++
			item.Number = strconv.Itoa(n)
		}
		if item.Question == "" {
			item.Question = q.Name
		}
		for k, o := range q.Options {
			if k == optionsMost {
				item.More = len(q.Options) - optionsMost
				break
			}
			item.Options = append(item.Options, orElse(xform.Text(o.Label, languageCode(lang)), o.Value))
		}
		out = append(out, item)
	}
	return out
}

// groupTitle is what a group around a question is called, in a language.
func groupTitle(m *xform.Model, q *xform.Question, groups []string, k int, lang string) string {
	if title := xform.Text(m.Texts[groups[k]+":label"][""], lang); title != "" {
		return title // where XLSForm has it
	}
	if len(q.Groups) == len(groups) {
		return q.Groups[k]
	}
	return ""
}

func orElse(a, b string) string {
	if a != "" {
		return a
	}
	return b
}

// groupsOf are the paths between the root and a question.
func groupsOf(path string) []string {
	steps := strings.Split(path, "/")
	var out []string
	for i := 3; i < len(steps); i++ {
		out = append(out, strings.Join(steps[:i], "/"))
	}
	return out
}

// PaperLines are the blank lines of a long answer.
func (i paperItem) PaperLines() []int { return make([]int, 4) }
