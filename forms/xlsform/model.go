package xlsform

import "strings"

// Form is a compiled form.
type Form struct {
	Name            string // the root element of the instance
	ID              string
	Title           string
	Version         string
	DefaultLanguage string   // "default" when the form names none
	Languages       []string // languages that the form has texts in, in order of appearance; none when all texts are in one
	Settings        []Setting
	Survey          *Item // the root of the tree
	Lists           []*List
	Entities        []*Entity
	EntitiesVersion string // "2024.1.0" or "2025.1.0"; empty without entities
	Itemsets        []byte // itemsets.csv, for questions of type select_one_external; nil without them

	root *elem // the XForm, ready to be written
}

// Setting is one column of the settings sheet.
type Setting struct{ Name, Value string }

// Setting gives the value of the named setting (in its normal spelling:
// "id_string", "title", "version", "style", ...), or "".
func (f *Form) Setting(name string) string {
	for _, s := range f.Settings {
		if s.Name == name {
			return s.Value
		}
	}
	return ""
}

// List gives the choice list of that name, or nil.
func (f *Form) List(name string) *List {
	for _, l := range f.Lists {
		if l.Name == name {
			return l
		}
	}
	return nil
}

// Questions gives every question in the order of the form, those that a person
// does not see (calculations, metadata) included.
func (f *Form) Questions() []*Item {
	var out []*Item
	for it := range f.Survey.All() {
		if it.Kind == KindQuestion {
			out = append(out, it)
		}
	}
	return out
}

// Kind says what an [Item] is.
type Kind uint8

const (
	KindSurvey    Kind = iota // the root
	KindGroup                 // begin_group, and each pass of a loop
	KindRepeat                // begin_repeat
	KindQuestion              // anything with a value
	KindExternal              // csv-external and xml-external: a file, no value
	KindEntity                // meta/entity, made from the entities sheet
	KindAttribute             // an attribute of meta/entity
	KindLabel                 // meta/entity/label
)

// Item is a node of the survey tree.
type Item struct {
	Kind Kind
	Type string // "text", "select one", "group", ... after aliases are resolved
	Name string
	Row  int // of the survey sheet; 0 when the compiler made the item

	Label, Hint, Guidance Text
	Media                 Attrs // image, big-image, audio, video
	Bind                  Attrs // attributes of the bind: relevant, required, constraint, calculate, type, ...
	Control               Attrs // attributes of the body element: appearance, rows, ...
	Instance              Attrs // attributes of the instance element
	Parameters            Attrs

	Default      string
	Trigger      []string // names of the questions whose change sets this one
	ChoiceFilter string
	ListName     string // the choice list, the file (cities.csv) or the ${reference} that choices come from
	Tags         []*Choice
	SaveTo       string // entity property
	SaveToList   string // entity list that SaveTo belongs to

	Parent   *Item
	Children []*Item

	tag      string // body element; "" when there is none
	query    bool   // choices come from itemsets.csv
	dynamic  bool   // the default is an expression
	value    string // of an attribute
	actions  []action
	bodyless bool
	flat     bool
	isLoop   bool
	inline   *List // choices written into the body (search() appearance)
	path     string
}

// action is an XForms action: an element that sets a value at an event.
type action struct {
	name, event, value, quality string
}

// Text is a text in one or several languages. The zero value is no text.
type Text struct {
	Plain string     // when the column has no language
	Langs []LangText // when it has; Plain is then ""
}

// LangText is a text in one language.
type LangText struct{ Lang, Text string }

// Empty reports whether there is no text.
func (t Text) Empty() bool { return t.Plain == "" && len(t.Langs) == 0 }

// In gives the text in that language, or the plain text, or "".
func (t Text) In(lang string) string {
	for _, l := range t.Langs {
		if l.Lang == lang {
			return l.Text
		}
	}
	return t.Plain
}

func (t Text) multi() bool { return len(t.Langs) > 0 }

// Attr is a named value; messages and media may differ by language.
type Attr struct {
	Name  string
	Value Text
}

// Attrs is an ordered set of named values.
type Attrs []Attr

// Get gives the value of that name, or "".
func (a Attrs) Get(name string) string { return a.Text(name).Plain }

// Text gives the value of that name in all its languages.
func (a Attrs) Text(name string) Text {
	for i := range a {
		if a[i].Name == name {
			return a[i].Value
		}
	}
	return Text{}
}

// Has reports whether there is a value of that name.
func (a Attrs) Has(name string) bool {
	for i := range a {
		if a[i].Name == name {
			return true
		}
	}
	return false
}

func (a *Attrs) set(name, value string) { a.setText(name, Text{Plain: value}) }

func (a *Attrs) setText(name string, value Text) {
	for i := range *a {
		if (*a)[i].Name == name {
			(*a)[i].Value = value
			return
		}
	}
	*a = append(*a, Attr{name, value})
}

func (a *Attrs) remove(name string) {
	for i := range *a {
		if (*a)[i].Name == name {
			*a = append((*a)[:i:i], (*a)[i+1:]...)
			return
		}
	}
}

// List is a choice list.
type List struct {
	Name     string
	Choices  []*Choice
	itext    bool // labels are kept in itext
	bySearch bool // used by questions with search()
}

// Choice is one choice of a list.
type Choice struct {
	Name  string
	Label Text
	Media Attrs
	Extra []Setting // the other columns, for choice filters
	Row   int
	sms   string
}

// Entity is an entity list that the form writes to (a row of the entities sheet).
type Entity struct {
	List     string // dataset
	ID       string // entity_id: which entity to update
	CreateIf string
	UpdateIf string
	Label    string
	Row      int
	Path     string       // of meta/entity in the instance
	Saves    []EntitySave // property <- question
}

// EntitySave says which question is saved to which property.
type EntitySave struct{ Property, Path string }

// All walks the item and all items below it, parents first.
func (it *Item) All() func(yield func(*Item) bool) {
	return func(yield func(*Item) bool) { it.walk(yield) }
}

func (it *Item) walk(yield func(*Item) bool) bool {
	if !yield(it) {
		return false
	}
	for _, c := range it.Children {
		if !c.walk(yield) {
			return false
		}
	}
	return true
}

// Path gives the item's place in the instance, such as /data/household/age.
func (it *Item) Path() string {
	if it.path == "" {
		it.path = it.pathBelow(nil)
	}
	return it.path
}

// pathBelow is the path counted from top, which is left out; nil is above the root.
func (it *Item) pathBelow(top *Item) string {
	var names []string
	for p := it; p != nil && p != top; p = p.Parent {
		if p.Kind == KindSurvey || !p.flat {
			names = append(names, p.pathName())
		}
	}
	var b strings.Builder
	for i := len(names) - 1; i >= 0; i-- {
		b.WriteByte('/')
		b.WriteString(names[i])
	}
	return b.String()
}

func (it *Item) pathName() string {
	if it.Kind == KindAttribute {
		return "@" + it.Name
	}
	return it.Name
}

func (it *Item) add(children ...*Item) {
	for _, c := range children {
		c.Parent = it
	}
	it.Children = append(it.Children, children...)
}

func (it *Item) isSection() bool {
	switch it.Kind {
	case KindSurvey, KindGroup, KindRepeat, KindEntity:
		return true
	}
	return false
}
