package xlsform

import "strings"

// A loop is a group that is written once for each choice of a list, with
// %(name)s and %(label)s replaced. It is old, and kept because old forms use it.

func (rr *rowReader) expandLoop(loop *Item) {
	list := rr.lists[loop.ListName]
	template := loop.Children
	loop.Children, loop.ListName = nil, ""
	if list == nil {
		return
	}
	for _, ch := range list.Choices {
		if ch.Name == "none" {
			continue
		}
		if ch.Label.Empty() {
			rr.report("loop-label", rr.choices.place(ch.Row, "label"), "name", ch.Name)
			continue
		}
		pass := &Item{Kind: KindGroup, Type: "group", Name: ch.Name, Label: ch.Label, Media: ch.Media, Row: loop.Row}
		for _, child := range template {
			if !rr.make() {
				return
			}
			pass.add(rr.loopCopy(child, ch))
		}
		loop.add(pass)
	}
}

// loopCopy copies an item for one choice. Words are replaced in the item itself,
// not in what is below it.
func (rr *rowReader) loopCopy(it *Item, ch *Choice) *Item {
	out := rr.copyItem(it)
	sub := func(s, lang string) string { return rr.substitute(s, lang, ch, it.Row) }
	text := func(t Text) Text {
		t.Plain = sub(t.Plain, "")
		t.Langs = append([]LangText(nil), t.Langs...)
		for i := range t.Langs {
			t.Langs[i].Text = sub(t.Langs[i].Text, t.Langs[i].Lang)
		}
		return t
	}
	group := func(a Attrs) Attrs {
		a = append(Attrs(nil), a...)
		for i := range a {
			a[i].Value = text(a[i].Value)
		}
		return a
	}
	out.Name = sub(it.Name, "")
	out.Label, out.Hint, out.Guidance = text(it.Label), text(it.Hint), text(it.Guidance)
	out.Bind, out.Control, out.Media, out.Instance = group(it.Bind), group(it.Control), group(it.Media), group(it.Instance)
	out.Default, out.ChoiceFilter, out.ListName = sub(it.Default, ""), sub(it.ChoiceFilter, ""), sub(it.ListName, "")
	return out
}

func (c *compiler) copyItem(it *Item) *Item {
	out := *it
	out.path, out.Children = "", nil
	out.Bind, out.Control = append(Attrs(nil), it.Bind...), append(Attrs(nil), it.Control...)
	for _, child := range it.Children {
		if c.make() {
			out.add(c.copyItem(child))
		}
	}
	return &out
}

// substitute replaces %(word)s by a column of the choice. In a text of one
// language, %(label)s is the label in that language.
func (rr *rowReader) substitute(s, lang string, ch *Choice, row int) string {
	if !strings.Contains(s, "%") {
		return s
	}
	var b strings.Builder
	for {
		i := strings.IndexByte(s, '%')
		if i < 0 || i == len(s)-1 {
			break
		}
		b.WriteString(s[:i])
		s = s[i:]
		if s[1] == '%' {
			b.WriteByte('%')
			s = s[2:]
			continue
		}
		end := strings.Index(s, ")s")
		if s[1] != '(' || end < 0 {
			rr.report("loop-percent", rr.t.place(row), "text", s)
			break
		}
		value, ok := ch.column(s[2:end], lang)
		if !ok {
			rr.report("loop-word", rr.t.place(row), "word", s[2:end])
		}
		b.WriteString(value)
		s = s[end+2:]
	}
	b.WriteString(s)
	return b.String()
}

func (ch *Choice) column(name, lang string) (string, bool) {
	switch name {
	case "name":
		return ch.Name, true
	case "label":
		for _, l := range ch.Label.Langs {
			if l.Lang == lang {
				return l.Text, true
			}
		}
		return ch.Label.flat(), true
	}
	for _, e := range ch.Extra {
		if e.Name == name {
			return e.Value, true
		}
	}
	return "", false
}
