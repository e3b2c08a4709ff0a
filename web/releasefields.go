package web

import (
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"aman/platform/store"
	"aman/registry"
	"aman/release"
)

// ownOffices are the offices of the subject's organisation.
func (s *Server) ownOffices(r *http.Request, p *Page) (out []Option, err error) {
	err = s.Node.Store.Read(r.Context(), func(tx *store.Tx) error {
		list, err := offices(tx)
		for _, o := range list {
			if o.Org == p.Sub.Org {
				out = append(out, Option{Value: o.ID, Label: o.Name})
			}
		}
		return err
	})
	return out, err
}

func (p *Page) whatFields(a release.Ask, profiles []release.Profile, offices []Option) (fields, more []Field) {
	kind := Field{Name: "profile", Label: p.T("publish.profile"), Kind: "radio", Value: a.Profile, Required: true}
	for _, pr := range profiles {
		kind.Options = append(kind.Options, Option{Value: pr.Name, Label: pr.Title.In(p.Lang), Hint: p.T("publish.unit") + " " + pr.Unit.In(p.Lang)})
	}
	fields = []Field{kind,
		{Name: "from", Label: p.T("publish.from"), Hint: p.T("publish.from.hint"), Kind: "text", Value: a.From, Required: true, Half: true},
		{Name: "to", Label: p.T("publish.to"), Hint: p.T("publish.to.hint"), Kind: "text", Value: a.To, Required: true, Half: true},
		{Name: "title_en", Label: p.T("publish.title.en"), Kind: "text", Value: a.Title["en"], Required: true},
		{Name: "title_ur", Label: p.T("publish.title.ur"), Kind: "text", Value: a.Title["ur"], Half: true},
		{Name: "title_id", Label: p.T("publish.title.id"), Kind: "text", Value: a.Title["id"], Half: true},
		{Name: "reason", Label: p.T("publish.reason"), Hint: p.T("publish.reason.hint"), Kind: "long", Value: a.Reason}}
	if len(offices) > 1 {
		fields = append(fields, Field{Name: "office", Label: p.T("publish.offices"), Hint: p.T("publish.offices.hint"), Kind: "choices", Options: offices, Values: a.Where["office"]})
	}
	more = []Field{
		{Name: "summary_en", Label: p.T("publish.summary.en"), Hint: p.T("publish.summary.hint"), Kind: "long", Value: a.Summary["en"]},
		{Name: "summary_ur", Label: p.T("publish.summary.ur"), Kind: "long", Value: a.Summary["ur"]},
		{Name: "summary_id", Label: p.T("publish.summary.id"), Kind: "long", Value: a.Summary["id"]},
		{Name: "publisher", Label: p.T("publish.publisher"), Kind: "text", Value: a.Publisher},
		{Name: "edition", Label: p.T("publish.edition"), Kind: "text", Value: a.Edition, Half: true},
		{Name: "contact", Label: p.T("publish.contact"), Kind: "text", Value: a.Contact, Half: true},
		{Name: "url", Label: p.T("publish.url"), Kind: "text", Value: a.URL}}
	return fields, more
}

// onlyPrefix begins the names of the questions that cut the population down.
const onlyPrefix = "only_"

// onlyFields ask for the codes of open properties that the release is about; none chosen means everybody.
func (p *Page) onlyFields(register string, a release.Ask) (out []Field) {
	schema := p.srv.Node.Catalog.Registers[register]
	for i := range schema.Properties {
		prop := &schema.Properties[i]
		if prop.Class != registry.Open || prop.Type != registry.TypeCode {
			continue
		}
		f := Field{Name: onlyPrefix + prop.Name, Label: prop.Label.In(p.Lang), Kind: "choices", Options: p.options(prop.List), Values: a.Where[prop.Name], Fold: true}
		out = append(out, f)
	}
	return out
}

// whyEmpty says why a column of the public file stays empty.
var whyEmpty = map[string]string{"not_collected": "publish.why.not_collected", "not_open": "publish.why.not_open"}

func (p *Page) wizardColumns(pr release.Profile, a release.Ask) (can, cannot []wizardColumn) {
	for _, c := range pr.Columns {
		w := wizardColumn{Name: c.Name, Label: c.Label.In(p.Lang), Key: c.Key, Chosen: a.Columns == nil || slices.Contains(a.Columns, c.Name)}
		if w.Label == "" {
			w.Label = c.Name
		}
		if c.Why == "" {
			can = append(can, w)
			continue
		}
		w.Why = p.T("publish.why.not_collected")
		if key := whyEmpty[c.Why]; key != "" {
			w.Why = p.T(key)
		}
		cannot = append(cannot, w)
	}
	return can, cannot
}

// presets are the epsilons offered, with what each means.
var presets = []struct{ value, label, hint string }{
	{"1", "publish.eps.1", "publish.eps.1.hint"}, {"4", "publish.eps.4", "publish.eps.4.hint"}, {"12", "publish.eps.12", "publish.eps.12.hint"}, {"own", "publish.eps.own", "publish.eps.own.hint"},
}

func (p *Page) protectionFields(a release.Ask, pr release.Profile, predicted map[string][]float64) []Field {
	path := Field{Name: "path", Label: p.T("publish.path"), Kind: "radio", Value: a.Path, Required: true}
	for _, x := range pr.Paths {
		path.Options = append(path.Options, Option{Value: x, Label: p.T(pathTexts[x].label), Hint: p.T(pathTexts[x].hint)})
	}
	fields := []Field{path}
	if slices.Contains(pr.Paths, release.PathDP) {
		value, own := strconv.FormatFloat(a.Epsilon, 'g', -1, 64), ""
		eps := Field{Name: "epsilon", Label: p.T("publish.eps"), Hint: p.T("publish.eps.hint"), Kind: "radio", Value: value}
		for _, x := range presets {
			hint := p.T(x.hint)
			if list := predicted[x.value]; list != nil {
				hint += " " + p.T("publish.eps.predicted", "errors", errorList(list))
			}
			eps.Options = append(eps.Options, Option{Value: x.value, Label: p.T(x.label), Hint: hint})
		}
		if !slices.ContainsFunc(presets, func(x struct{ value, label, hint string }) bool { return x.value == value }) {
			eps.Value, own = "own", value
		}
		length := Field{Name: "length", Label: p.T("publish.length"), Hint: p.T("publish.length.hint"), Kind: "choice", Value: strconv.Itoa(max(a.Length, 1)), Required: true}
		if a.Length == 0 {
			length.Value = "3"
		}
		for n := 1; n <= 4; n++ {
			length.Options = append(length.Options, Option{Value: strconv.Itoa(n), Label: strconv.Itoa(n)})
		}
		expect := ""
		if a.Expect > 0 {
			expect = strconv.Itoa(a.Expect)
		}
		fields = append(fields, eps, Field{Name: "epsilon_own", Label: p.T("publish.eps.number"), Kind: "number", Value: own}, length,
			Field{Name: "expect", Label: p.T("publish.expect"), Hint: p.T("publish.expect.hint"), Kind: "number", Value: expect})
	}
	if slices.Contains(pr.Paths, release.PathK) {
		k := strconv.Itoa(a.K)
		if a.K == 0 {
			k = strconv.Itoa(release.MinCell)
		}
		fields = append(fields, Field{Name: "k", Label: p.T("publish.k"), Hint: p.T("publish.k.hint"), Kind: "number", Value: k})
	}
	return fields
}

// errorList writes the predicted errors of one, two … values together, kept in order in right-to-left text too.
func errorList(list []float64) string {
	var parts []string
	for _, e := range list {
		parts = append(parts, fmt.Sprintf("±%.1f", e))
	}
	return "\u2068" + strings.Join(parts, " / ") + "\u2069"
}

// Compares says whether the step can compare presets.
func (w *wizardPage) Compares() bool {
	return w.Step == "protection" && slices.Contains(w.Profile.Paths, release.PathDP)
}

// pathTexts are the two ways of protecting people.
var pathTexts = map[string]struct{ label, hint string }{
	release.PathDP: {"publish.path.dp", "publish.path.dp.hint"}, release.PathK: {"publish.path.k", "publish.path.k.hint"},
}
