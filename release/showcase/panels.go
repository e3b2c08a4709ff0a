package showcase

import (
	"slices"

	"aman/release/product"
)

// panel is one chart: which values it shows, and how.
type panel struct {
	Kind  string `json:"kind"` // time, map, bars (one column), group (marks or options beside each other), flow
	Title any    `json:"title"`
	// Attr is the attribute of the values; -1 for a group. A map has two: Attr and To. So has a flow.
	Attr   int   `json:"attr"`
	To     int   `json:"to"`
	Values []int `json:"values"`
	// Ordered keeps the values in the order of their list; otherwise the largest stands first.
	Ordered bool `json:"ordered"`

	name string // for ids and addresses
	text product.Text
}

// fewCodes is the number of codes up to which a list is taken to have an order of its own, such as ages.
const fewCodes = 12

// plan lays out the charts: time, where from and where to, then the other columns in their order, with the marks of a group together.
func (s *site) plan() {
	at := map[product.Role]int{product.RoleTime: -1, product.RoleFrom: -1, product.RoleTo: -1}
	for i, a := range s.attrs {
		if j, ok := at[a.column.Role]; ok && j < 0 {
			at[a.column.Role] = i
		}
	}
	from, to := at[product.RoleFrom], at[product.RoleTo]
	if i := at[product.RoleTime]; i >= 0 {
		s.add(panel{Kind: "time", Attr: i, To: -1, Ordered: true})
	}
	if m := (panel{Kind: "map", Attr: from, To: to, text: texts["map"]}); s.onTheMap(from) && s.onTheMap(to) {
		s.add(m)
	}
	if from >= 0 && to >= 0 {
		s.add(panel{Kind: "flow", Attr: from, To: to, text: texts["flow"]})
	}
	for _, i := range []int{from, to} {
		if i >= 0 {
			s.add(panel{Kind: "bars", Attr: i, To: -1})
		}
	}
	groups := map[string]int{}
	for i, a := range s.attrs {
		switch title := a.group(); {
		case title != nil:
			key := title.In("en")
			g, ok := groups[key]
			if !ok {
				g = len(s.panels)
				groups[key] = g
				s.add(panel{Kind: "group", Attr: -1, To: -1, text: title})
			}
			s.panels[g].Values = append(s.panels[g].Values, a.first+slices.Index(a.codes, a.shown())-1)
		case a.column.Role == product.RoleNone:
			s.add(panel{Kind: "bars", Attr: i, To: -1, Ordered: len(a.codes) <= fewCodes})
		}
	}
}

// group is what the attribute is shown under together with others; nil where it has a chart of its own.
func (a attribute) group() product.Text {
	switch {
	case a.column.Separator != "":
		t := product.Text{}
		for _, lang := range product.Languages {
			t[lang] = a.column.Called(lang)
		}
		return t
	case !a.mark():
		return nil
	case a.column.Group != nil:
		return a.column.Group
	}
	return texts["marks"]
}

// shown is the code of a mark or an option that stands for its being there.
func (a attribute) shown() string {
	if a.mark() {
		return "1"
	}
	return a.codes[1]
}

func (s *site) add(p panel) {
	if p.text == nil {
		a := s.attrs[p.Attr]
		p.text = product.Text{}
		for _, lang := range product.Languages {
			p.text[lang] = a.column.Called(lang)
		}
	}
	p.Title = brief(p.text.In)
	if p.Kind == "time" || p.Kind == "bars" {
		a := s.attrs[p.Attr]
		for c := 1; c < len(a.codes); c++ {
			p.Values = append(p.Values, a.first+c-1)
		}
	}
	s.panels = append(s.panels, p)
}

// onTheMap says whether most codes of an attribute are countries that the map draws.
func (s *site) onTheMap(i int) bool {
	if i < 0 {
		return false
	}
	known := 0
	for _, c := range s.attrs[i].codes[1:] {
		if drawn[c] {
			known++
		}
	}
	return 2*known > len(s.attrs[i].codes)-1
}
