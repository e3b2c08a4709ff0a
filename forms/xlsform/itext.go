package xlsform

import (
	"regexp"
	"sort"
	"strings"
)

// itext is the table of texts that differ by language or have media: for each
// language, the same text ids with the same forms.
type itext struct {
	langs  []string
	byLang map[string]*langTexts
}

type langTexts struct {
	ids  []string
	byID map[string]*textForms
}

// textForms are the forms of one text: "long" (what is read), "guidance", and
// the kinds of media. They are few, so a list is enough.
type textForms []formText

type formText struct {
	form string
	text string
	item *Item // whose text it is, for references; nil for choices and media
}

func (x *itext) add(lang, id, form, text string, item *Item) {
	l := x.byLang[lang]
	if l == nil {
		l = &langTexts{byID: map[string]*textForms{}}
		x.byLang[lang] = l
		x.langs = append(x.langs, lang)
	}
	l.forms(id).put(formText{form, text, item})
}

func (l *langTexts) forms(id string) *textForms {
	t := l.byID[id]
	if t == nil {
		t = &textForms{}
		l.byID[id] = t
		l.ids = append(l.ids, id)
	}
	return t
}

func (t *textForms) put(v formText) {
	for i := range *t {
		if (*t)[i].form == v.form {
			(*t)[i] = v
			return
		}
	}
	*t = append(*t, v)
}

func (t textForms) has(form string) bool {
	for i := range t {
		if t[i].form == form {
			return true
		}
	}
	return false
}

// addText adds a text in all its languages; a plain one is in the default language.
func (x *itext) addText(id, form string, t Text, defaultLang string, item *Item) {
	if !t.multi() {
		if t.Plain != "" {
			x.add(defaultLang, id, form, t.Plain, item)
		}
		return
	}
	for _, l := range t.Langs {
		x.add(l.Lang, id, form, l.Text, item)
	}
}

// fillGaps gives every language every text that any language has; "-" stands
// for a translation that is missing.
func (x *itext) fillGaps() {
	var ids []string
	all := map[string]*textForms{} // by id, the forms that some language has
	for _, lang := range x.langs {
		for _, id := range x.byLang[lang].ids {
			forms := all[id]
			if forms == nil {
				forms = &textForms{}
				all[id] = forms
				ids = append(ids, id)
			}
			for _, f := range *x.byLang[lang].byID[id] {
				forms.put(formText{form: f.form, text: "-"})
			}
		}
	}
	for _, forms := range all { // "guidance" comes before "long"
		sort.Slice(*forms, func(i, j int) bool { return (*forms)[i].form < (*forms)[j].form })
	}
	for _, lang := range x.langs {
		for _, id := range ids {
			t := x.byLang[lang].forms(id)
			for _, f := range *all[id] {
				if !t.has(f.form) {
					t.put(f)
				}
			}
		}
	}
}

// collectTexts gathers all texts of the form: choices first, then questions,
// then media of questions.
func (c *compiler) collectTexts() {
	c.texts = &itext{byLang: map[string]*langTexts{}}
	lang := c.form.DefaultLanguage
	for _, list := range c.form.Lists {
		if !list.itext {
			continue
		}
		for i, ch := range list.Choices {
			id := itextID(list, i)
			c.texts.addText(id, "long", ch.Label, lang, nil)
			for _, m := range ch.Media {
				c.texts.addText(id, m.Name, m.Value, lang, nil)
			}
		}
	}
	c.redirectSearches()
	for it := range c.root.All() {
		switch it.Kind {
		case KindSurvey, KindGroup, KindRepeat, KindQuestion:
			c.itemTexts(it, lang)
		}
	}
	for it := range c.root.All() {
		if len(it.Media) > 0 && it.Kind != KindExternal {
			c.itemMedia(it, lang)
		}
	}
	c.texts.fillGaps()
	c.form.Languages = c.texts.langs
	c.checkLanguageCodes()
}

func (c *compiler) itemTexts(it *Item, lang string) {
	path := it.Path()
	for _, name := range [...]string{"jr:constraintMsg", "jr:requiredMsg", "jr:noAppErrorString"} {
		if t := it.Bind.Text(name); inItext(name, t) {
			c.texts.addText(path+":"+name, "long", t, lang, it)
		}
	}
	if it.needsItext() {
		c.texts.addText(path+":label", "long", it.Label, lang, it)
	}
	guided := it.Kind == KindQuestion && !it.Guidance.Empty()
	if it.Hint.multi() || guided {
		c.texts.addText(path+":hint", "long", it.Hint, lang, it)
	}
	if guided {
		c.texts.addText(path+":hint", "guidance", it.Guidance, lang, it)
	}
}

// inItext reports whether a message is kept in itext rather than in the bind.
func inItext(name string, t Text) bool {
	return t.multi() || name != "jr:noAppErrorString" && hasRef(t.Plain)
}

// needsItext reports whether the label is kept in itext.
func (it *Item) needsItext() bool { return it.Label.multi() || len(it.Media) > 0 }

func (c *compiler) itemMedia(it *Item, lang string) {
	media := it.Media
	if len(media) > 0 && media.Text("default").multi() { // media::default::image beside image columns
		nested := media.Text("default").Langs
		media = nil
		for _, l := range nested {
			media.set(l.Lang, l.Text)
		}
	}
	for _, m := range media {
		if !mediaKinds[m.Name] {
			c.report("media-unknown", c.itemPlace(it, "media", m.Name), "media", m.Name)
			continue
		}
		c.texts.addText(it.Path()+":label", m.Name, m.Value, lang, nil)
	}
}

var searchCall = regexp.MustCompile(`search\(.*?\)`)

// redirectSearches prepares selects whose appearance is search(...): their
// choices are written into the body, since search() works on those only.
func (c *compiler) redirectSearches() {
	plain := map[string][]string{} // questions without search(), by list
	var searching []*Item
	for it := range c.root.All() {
		if it.Kind != KindQuestion || it.tag != "select" && it.tag != "select1" && it.tag != rankTag {
			continue
		}
		if a := it.Control.Get("appearance"); len(a) <= len("search(") || !searchCall.MatchString(a) {
			if _, ext := splitExt(it.ListName); !fileExtensions[ext] && (it.ChoiceFilter != "" || it.Parameters.Get("randomize") != "true") {
				plain[it.ListName] = append(plain[it.ListName], it.Name)
			}
			continue
		}
		if _, ext := splitExt(it.ListName); fileExtensions[ext] {
			c.report("search-file", c.itemPlace(it, "control", "appearance"), "name", it.Name)
			continue
		}
		list := c.lists[it.ListName]
		if list == nil {
			list = &List{Name: it.ListName}
		}
		it.inline, list.bySearch = list, true
		searching = append(searching, it)
	}
	for _, it := range searching {
		if others := plain[it.ListName]; len(others) > 0 {
			c.report("search-shared", c.itemPlace(it, "control", "appearance"), "name", it.Name, "list", it.ListName, "others", strings.Join(others, ", "))
		}
	}
}

// itextElem writes the table.
func (c *compiler) itextElem() *elem {
	out := el("itext")
	for _, lang := range c.texts.langs {
		tr := el("translation", "lang", lang)
		if lang == c.form.DefaultLanguage {
			tr.set("default", "true()")
		}
		texts := c.texts.byLang[lang]
		for _, id := range texts.ids {
			tr.with(c.textElem(id, *texts.byID[id]))
		}
		out.with(tr)
	}
	return out
}

func (c *compiler) textElem(id string, t textForms) *elem {
	out := el("text", "id", id)
	hint := strings.HasSuffix(id, ":hint")
	for _, v := range t {
		form, prefix := v.form, ""
		switch {
		case form == "image" || form == "big-image":
			prefix = "jr://images/"
		case form != "long" && form != "guidance":
			prefix = "jr://" + form + "/"
		}
		value := el("value")
		if hint {
			if form == "guidance" {
				value.set("form", form)
			}
		} else if form != "long" {
			value.set("form", form)
		}
		if prefix != "" && v.text == "-" {
			continue
		}
		value.text = c.outputs(v.text, v.item)
		if prefix != "" {
			value.text = append([]segment{{text: prefix}}, value.text...)
			value.text = joinSegments(value.text)
		}
		out.with(value)
	}
	return out
}

func joinSegments(in []segment) []segment {
	var out []segment
	for _, s := range in {
		if n := len(out); n > 0 && !s.output && !out[n-1].output {
			out[n-1].text += s.text
			continue
		}
		out = append(out, s)
	}
	return out
}

// outputs splits a text that people read into plain text and the values that
// are shown in it: ${name} and instance(...) expressions.
func (c *compiler) outputs(text string, item *Item) []segment {
	if text == "-" || !strings.Contains(text, "${") && !strings.Contains(text, "instance(") {
		return []segment{{text: text}}
	}
	ctx := refContext{item: item}
	var out []segment
	add := func(s string, output bool) {
		if s != "" || output {
			out = append(out, segment{s, output})
		}
	}
	type span struct {
		start, end int
		value      string
	}
	var spans []span
	for _, b := range instancePaths(text) {
		expr := c.insertPaths(text[b[0]:b[1]], ctx)
		if escaped := escapeTwice.Replace(expr); escaped != expr {
			// pyxform writes such an expression escaped twice; so do we, so that
			// the two stay equal, and tell the author.
			expr = escaped
			name, at := "", place{sheet: "choices"}
			if item != nil {
				name, at = item.Name, c.itemPlace(item, "label")
			}
			c.report("label-escaped", at, "name", name)
		}
		spans = append(spans, span{b[0], b[1], expr})
	}
	around, expressions := newSurroundings(text), spans
	for _, r := range findRefs(text) {
		for len(expressions) > 0 && expressions[0].end <= r.start {
			expressions = expressions[1:]
		}
		if len(expressions) == 0 || r.start < expressions[0].start {
			spans = append(spans, span{r.start, r.end, c.refPath(around, r, ctx)})
		}
	}
	sort.Slice(spans, func(i, j int) bool { return spans[i].start < spans[j].start })
	end := 0
	for _, s := range spans {
		add(text[end:s.start], false)
		add(s.value, true)
		end = s.end
	}
	add(text[end:], false)
	return out
}

var escapeTwice = strings.NewReplacer("&", "&amp;", "<", "&lt;", ">", "&gt;")
