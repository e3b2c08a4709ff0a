package xlsform

import (
	"regexp"
	"strconv"
	"strings"
)

// Secondary instances: choice lists, files, and the record saved last.

// source is a secondary instance: choices, or a file.
type source struct {
	name, src string
	external  bool
	item      *Item
	list      *List
}

// secondary gives the secondary instances, each once.
func (c *compiler) secondary() []*elem {
	sources := c.sources()
	seen := map[string]source{}
	var out []*elem
	for _, s := range sources {
		prior, twice := seen[s.name]
		switch {
		case !twice:
			seen[s.name] = s
			out = append(out, c.sourceElem(s))
		case prior.src != s.src:
			c.report("instance-clash", c.sourcePlace(s, prior), "name", s.name, "first", prior.String(), "second", s.String())
		case prior.external && s.external:
			c.report("file-twice", c.itemPlace(s.item, "name"), "name", s.name)
		}
	}
	return out
}

func (s source) String() string {
	if s.src == "" {
		return "the choice list"
	}
	return s.src
}

func (c *compiler) sourcePlace(s, prior source) place {
	if s.item != nil {
		return c.itemPlace(s.item, "type")
	}
	if prior.item != nil {
		return c.itemPlace(prior.item, "type")
	}
	return place{}
}

var pulldataCall = regexp.MustCompile(`pulldata\s*\(\s*(.*?),`)

func (c *compiler) sources() []source {
	var out []source
	lastSaved := false
	for it := range c.root.All() {
		switch {
		case it.Kind == KindExternal:
			kind, _, _ := strings.Cut(it.Type, "-")
			folder := "file"
			if kind == "csv" {
				folder = "file-csv"
			}
			out = append(out, source{name: it.Name, src: "jr://" + folder + "/" + it.Name + "." + kind, external: true, item: it})
		case it.Kind == KindQuestion || it.isSection():
			for _, text := range it.formulas() {
				out = append(out, pulldataSources(text, it)...)
				lastSaved = lastSaved || it.Kind == KindQuestion && hasLastSaved(text)
			}
			if s, ok := fileSource(it); ok {
				out = append(out, s)
			}
		}
	}
	if lastSaved {
		out = append(out, source{name: "__last-saved", src: "jr://instance/last-saved"})
	}
	for _, l := range c.form.Lists {
		if !l.bySearch {
			out = append(out, source{name: l.Name, list: l})
		}
	}
	return out
}

// formulas gives the expressions in which pulldata() is looked for.
func (it *Item) formulas() []string {
	var out []string
	for _, name := range [...]string{"calculate", "constraint", "readonly", "required", "relevant"} {
		if v := it.Bind.Get(name); v != "" {
			out = append(out, v)
		}
	}
	if it.Kind == KindQuestion {
		out = append(out, it.ChoiceFilter, it.Default)
	}
	return out
}

func pulldataSources(text string, it *Item) []source {
	if !strings.Contains(text, "pulldata(") {
		return nil
	}
	var out []source
	for _, m := range pulldataCall.FindAllStringSubmatch(text, -1) {
		name := strip(strings.NewReplacer("'", "", `"`, "").Replace(m[1]))
		out = append(out, source{name: name, src: "jr://file-csv/" + name + ".csv", item: it})
	}
	return out
}

func fileSource(it *Item) (source, bool) {
	if it.tag != "select" && it.tag != "select1" && it.tag != rankTag || it.inline != nil {
		return source{}, false
	}
	base, ext := splitExt(it.ListName)
	if !fileExtensions[ext] {
		return source{}, false
	}
	folder := "file"
	if ext == ".csv" {
		folder = "file-csv"
	}
	return source{name: base, src: "jr://" + folder + "/" + it.ListName, item: it}, true
}

func (c *compiler) sourceElem(s source) *elem {
	out := el("instance", "id", s.name)
	if s.list == nil {
		out.set("src", s.src)
		return out
	}
	root := el("root")
	for i, ch := range s.list.Choices {
		root.with(choiceElem(s.list, i, ch))
	}
	return out.with(root)
}

func choiceElem(list *List, index int, ch *Choice) *elem {
	item := el("item")
	if list.itext {
		item.with(el("itextId").plain(itextID(list, index)))
	}
	item.with(el("name").plain(ch.Name))
	if !list.itext && ch.Label.Plain != "" {
		item.with(el("label").plain(ch.Label.Plain))
	}
	for _, e := range ch.Extra {
		item.with(el(e.Name).plain(e.Value))
	}
	if ch.sms != "" {
		item.with(el("sms_option").plain(ch.sms))
	}
	return item
}

func itextID(list *List, index int) string { return list.Name + "-" + strconv.Itoa(index) }
