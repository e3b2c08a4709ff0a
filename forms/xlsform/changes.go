package xlsform

import "sort"

// ChangeKind says what differs between two versions of a form.
type ChangeKind string

const (
	Added        ChangeKind = "added"         // a question or repeat that was not there
	Removed      ChangeKind = "removed"       // one that is gone
	Moved        ChangeKind = "moved"         // one that now lies in another group
	TypeChanged  ChangeKind = "type"          // another type of question, or other choices
	TextChanged  ChangeKind = "text"          // label, hint or message, in the language of Where
	LogicChanged ChangeKind = "logic"         // the expression named by Where
	ChoiceAdded  ChangeKind = "choice-added"  // Old is empty, New the choice
	ChoiceGone   ChangeKind = "choice-gone"   // Old the choice
	ChoiceText   ChangeKind = "choice-text"   // another label, in the language of Where
	SaveChanged  ChangeKind = "save"          // saved to another entity property
	SettingSet   ChangeKind = "setting"       // the setting named by Where
	LanguageNew  ChangeKind = "language-new"  // New is the language
	LanguageGone ChangeKind = "language-gone" // Old is the language
)

// Change is one difference between two versions of a form.
type Change struct {
	Kind ChangeKind
	Path string // of the question in the new form (in the old one if it is gone); the list's name for choices
	// Where says which text, expression or setting: "label (French (fr))", "relevant", "title".
	Where    string
	Old, New string
	// Breaks is true if answers to the old version cannot be put under those of
	// the new one without a decision by a person.
	Breaks bool
}

// Changes lists what differs from one version of a form to the next: first what
// breaks, then the rest, each in the order of the form.
func Changes(old, new *Form) []Change {
	d := &differ{old: old, new: new}
	d.settings()
	d.items()
	d.lists()
	sort.SliceStable(d.out, func(i, j int) bool { return d.out[i].Breaks && !d.out[j].Breaks })
	return d.out
}

type differ struct {
	old, new *Form
	out      []Change
}

func (d *differ) add(c Change) { d.out = append(d.out, c) }

func (d *differ) settings() {
	pairs := [][3]string{
		{"id", d.old.ID, d.new.ID}, {"name", d.old.Name, d.new.Name}, {"title", d.old.Title, d.new.Title},
		{"version", d.old.Version, d.new.Version}, {"default_language", d.old.DefaultLanguage, d.new.DefaultLanguage},
	}
	for _, name := range [...]string{"style", "instance_name", "public_key", "submission_url", "auto_send", "auto_delete", "client_editable"} {
		pairs = append(pairs, [3]string{name, d.old.Setting(name), d.new.Setting(name)})
	}
	for _, p := range pairs {
		if p[1] != p[2] {
			d.add(Change{Kind: SettingSet, Where: p[0], Old: p[1], New: p[2], Breaks: p[0] == "id" || p[0] == "name"})
		}
	}
	before, after := set(d.old.Languages), set(d.new.Languages)
	for _, l := range d.old.Languages {
		if !after[l] {
			d.add(Change{Kind: LanguageGone, Old: l})
		}
	}
	for _, l := range d.new.Languages {
		if !before[l] {
			d.add(Change{Kind: LanguageNew, New: l})
		}
	}
}

func set(names []string) map[string]bool {
	m := map[string]bool{}
	for _, n := range names {
		m[n] = true
	}
	return m
}

// asked gives the questions and repeats that a form's author wrote, by path below
// the root, and by name where that is the only one.
func (f *Form) asked() (paths []string, byPath, byName map[string]*Item) {
	byPath, byName = map[string]*Item{}, map[string]*Item{}
	for it := range f.Survey.All() {
		if it.Row == 0 || it.Kind != KindQuestion && it.Kind != KindRepeat {
			continue
		}
		path := it.pathBelow(f.Survey)
		paths = append(paths, path)
		byPath[path] = it
		if _, twice := byName[it.Name]; twice {
			byName[it.Name] = nil
		} else {
			byName[it.Name] = it
		}
	}
	return paths, byPath, byName
}

func (d *differ) items() {
	oldPaths, oldByPath, oldByName := d.old.asked()
	newPaths, newByPath, newByName := d.new.asked()
	for _, path := range oldPaths {
		it := oldByPath[path]
		if newByPath[path] != nil {
			continue
		}
		if to := newByName[it.Name]; to != nil && oldByName[it.Name] != nil && oldByPath[to.pathBelow(d.new.Survey)] == nil {
			d.add(Change{Kind: Moved, Path: to.Path(), Old: it.Path(), New: to.Path(), Breaks: true})
			d.item(it, to)
			continue
		}
		d.add(Change{Kind: Removed, Path: it.Path(), Old: it.Type, Breaks: true})
	}
	for _, path := range newPaths {
		it := newByPath[path]
		if old := oldByPath[path]; old != nil {
			d.item(old, it)
		} else if from := oldByName[it.Name]; from == nil || newByName[it.Name] == nil || newByPath[from.pathBelow(d.old.Survey)] != nil {
			d.add(Change{Kind: Added, Path: it.Path(), New: it.Type})
		}
	}
}

// logic are the expressions of an item that people ask about.
var logic = [...]string{"relevant", "required", "constraint", "calculate", "readonly"}

func (d *differ) item(old, new *Item) {
	path := new.Path()
	if old.Type != new.Type || old.ListName != new.ListName || old.Kind != new.Kind {
		breaks := old.Kind != new.Kind || old.Type != new.Type
		d.add(Change{Kind: TypeChanged, Path: path, Old: old.typeText(), New: new.typeText(), Breaks: breaks})
	}
	for _, t := range [...]struct {
		name     string
		old, new Text
	}{
		{"label", old.Label, new.Label}, {"hint", old.Hint, new.Hint}, {"guidance_hint", old.Guidance, new.Guidance},
		{"constraint_message", old.Bind.Text("jr:constraintMsg"), new.Bind.Text("jr:constraintMsg")},
		{"required_message", old.Bind.Text("jr:requiredMsg"), new.Bind.Text("jr:requiredMsg")},
	} {
		d.text(Change{Kind: TextChanged, Path: path, Where: t.name}, t.old, t.new)
	}
	pairs := [][3]string{
		{"choice_filter", old.ChoiceFilter, new.ChoiceFilter}, {"default", old.Default, new.Default},
		{"appearance", old.Control.Get("appearance"), new.Control.Get("appearance")},
	}
	for _, name := range logic {
		pairs = append(pairs, [3]string{name, old.Bind.Get(name), new.Bind.Get(name)})
	}
	for _, p := range pairs {
		if p[1] != p[2] {
			d.add(Change{Kind: LogicChanged, Path: path, Where: p[0], Old: p[1], New: p[2]})
		}
	}
	if a, b := old.saveText(), new.saveText(); a != b {
		d.add(Change{Kind: SaveChanged, Path: path, Old: a, New: b, Breaks: a != ""})
	}
}

func (it *Item) typeText() string {
	if it.ListName == "" {
		return it.Type
	}
	return it.Type + " " + it.ListName
}

func (it *Item) saveText() string {
	if it.SaveToList == "" {
		return ""
	}
	return it.SaveToList + "#" + it.SaveTo
}

// text adds a change for each language in which a text differs.
func (d *differ) text(c Change, old, new Text) {
	where := c.Where
	one := func(lang, a, b string) {
		if a == b {
			return
		}
		c.Where, c.Old, c.New = where, a, b
		if lang != "" {
			c.Where = where + " (" + lang + ")"
		}
		d.add(c)
	}
	if !old.multi() && !new.multi() {
		one("", old.Plain, new.Plain)
		return
	}
	seen := map[string]bool{}
	for _, t := range [...]Text{new, old} {
		for _, l := range t.Langs {
			if !seen[l.Lang] {
				seen[l.Lang] = true
				one(l.Lang, old.In(l.Lang), new.In(l.Lang))
			}
		}
	}
}

// lists compares the choices of lists that both versions have.
func (d *differ) lists() {
	for _, list := range d.new.Lists {
		old := d.old.List(list.Name)
		if old == nil {
			continue
		}
		before, after := map[string]*Choice{}, map[string]*Choice{}
		for _, ch := range list.Choices {
			after[ch.Name] = ch
		}
		for _, ch := range old.Choices {
			before[ch.Name] = ch
			if after[ch.Name] == nil {
				d.add(Change{Kind: ChoiceGone, Path: list.Name, Old: ch.Name, Breaks: true})
			}
		}
		for _, ch := range list.Choices {
			if was := before[ch.Name]; was == nil {
				d.add(Change{Kind: ChoiceAdded, Path: list.Name, New: ch.Name})
			} else {
				d.text(Change{Kind: ChoiceText, Path: list.Name, Where: ch.Name}, was.Label, ch.Label)
			}
		}
	}
}
