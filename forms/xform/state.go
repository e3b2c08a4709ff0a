package xform

import (
	"context"
	"strings"
	"time"

	"aman/forms/xpath"
)

// Conditions are what a form was filled under, as far as the instance does not tell
// itself. The zero value is good.
type Conditions struct {
	// Now is when it is judged. When it was filled is read from its own start, end or
	// today where the form records them.
	Now time.Time
	// Rules are those of the program it was filled with; xpath.Collect when nil.
	Rules *xpath.Rules
	// Timeout bounds the work; 2 s when 0. What is left undone then is said in the report.
	Timeout time.Duration
	// Language is that of the texts a calculation may take from the form; its default when "".
	Language string
}

const (
	defaultTimeout = 2 * time.Second
	// maxAdded bounds the nodes that are added to an instance for what it left out.
	maxAdded = 200_000
	// maxVisits bounds the nodes of one instance.
	maxVisits = maxNodes + maxAdded
)

// evaluation bounds one expression: generous for a form, small for a server.
var evaluation = xpath.Limits{Steps: 2_000_000, Text: 1 << 20, Memory: 32 << 20}

// visit is a node of an instance with its place in the form.
type visit struct {
	node   *xpath.Node
	place  *place
	parent int // index of the visit of the node around it; -1 for the root
	// absent: the submission did not have it; it was added, empty.
	absent bool
	// hidden: it is not relevant, or something around it is not.
	hidden bool
	// unsure: whether it is relevant cannot be known here.
	unsure bool
}

// state is an instance of a form at work.
type state struct {
	m        *Model
	doc      *xpath.Node
	visits   []visit // outer ones first
	byPlace  [][]int
	env      xpath.Env
	ctx      context.Context
	language string
	// known: the time the form was filled is known, and env.Now gives it.
	known bool
	// earliest is the first moment at which it can have been filled, when that is not known.
	earliest time.Time
	unknown  []*xpath.Node // that the form does not have
	twice    []*xpath.Node // a second one where the form has one
	added    int
	full     bool // maxAdded was reached
	filling  bool // it is being filled in here, not judged
}

func (m *Model) newState(ctx context.Context, root *xpath.Node, c Conditions) *state {
	s := &state{m: m, doc: xpath.NewDocument().Append(root), ctx: ctx, language: c.Language, byPlace: make([][]int, len(m.places)), visits: make([]visit, 0, len(m.places)+16)}
	if s.language == "" && len(m.Languages) > 0 {
		s.language = m.Languages[0]
	}
	now := c.Now
	if now.IsZero() {
		now = time.Now()
	}
	s.env = xpath.Env{
		Root: s.doc, Version: m.Version, Rules: c.Rules, Limits: evaluation, Context: ctx,
		Now:      func() time.Time { return now },
		Zone:     now.Location(),
		Instance: s.instance, Itext: s.itext, ChoiceName: s.choiceName,
		Property: func(string) string { return "" },
	}
	return s
}

func (s *state) instance(id string) (*xpath.Node, error) {
	if list := s.m.lists[id]; list != nil {
		return list, nil
	}
	if id != "" && id == s.m.primaryID {
		return s.doc, nil
	}
	if s.filling && id != "" && id == s.m.lastSaved {
		return s.m.template, nil // none was filled before: an empty one
	}
	return nil, nil
}

func (s *state) itext(id string) (string, bool) {
	words, ok := s.m.Texts[id]
	return words[""][s.language], ok
}

// choiceName is the label of a choice of the question at a path.
func (s *state) choiceName(at *xpath.Node, path, value string) (string, bool) {
	here := ""
	for n := at; n != nil && n.Kind != xpath.DocumentNode; n = n.Parent() {
		here = "/" + n.QName() + here
	}
	p := s.m.byPath[(*reader)(nil).absolute(path, here)]
	if p == nil {
		return "", false
	}
	for _, q := range s.m.Questions {
		if q.Path != p.path {
			continue
		}
		for _, o := range q.Options {
			if o.Value == value {
				if words, ok := o.Label[s.language]; ok {
					return words, true
				}
				return Text(o.Label, s.language), true
			}
		}
	}
	return "", false
}

// walk matches a node with its place, and what is under it.
func (s *state) walk(n *xpath.Node, p *place, parent int, absent bool) {
	if len(s.visits) >= maxVisits {
		s.full = true
		return
	}
	me := len(s.visits)
	s.visits = append(s.visits, visit{node: n, place: p, parent: parent, absent: absent})
	s.byPlace[p.n] = append(s.byPlace[p.n], me)
	n.Type, n.Hidden = p.bind.typ, false
	if len(p.children) == 0 {
		if !leaf(n) {
			for _, c := range elements(n) {
				s.unknown = append(s.unknown, c)
			}
		}
		return
	}
	there := make([]bool, len(p.children))
	for _, c := range n.Children() {
		if c.Kind != xpath.ElementNode {
			continue
		}
		q := p.byName[c.QName()]
		if q == nil {
			q = p.byName[c.Name]
		}
		if q == nil {
			s.unknown = append(s.unknown, c)
			continue
		}
		i := q.at
		if there[i] && !q.repeat {
			s.twice = append(s.twice, c)
			continue
		}
		there[i] = true
		// Programs choose their own prefixes for meta; expressions go by the form's.
		c.Prefix = prefix(q.name)
		s.walk(c, q, me, absent)
	}
	for i, q := range p.children {
		if there[i] || q.repeat {
			continue
		}
		if s.added++; s.added > maxAdded {
			s.full = true
			return
		}
		c := xpath.NewElement(q.local, "")
		c.Prefix = prefix(q.name)
		n.Append(c)
		s.walk(c, q, me, true)
	}
}

func prefix(name string) string {
	if i := strings.IndexByte(name, ':'); i >= 0 {
		return name[:i]
	}
	return ""
}

// attributes adds the visits of attributes that binds speak of.
func (s *state) attributes() {
	for _, p := range s.m.places {
		if !p.attribute {
			continue
		}
		for _, i := range s.byPlace[p.parent.n] {
			for _, a := range s.visits[i].node.Attrs() {
				if a.QName() == p.name || a.Name == p.local {
					a.Hidden, a.Type = false, p.bind.typ
					s.byPlace[p.n] = append(s.byPlace[p.n], len(s.visits))
					s.visits = append(s.visits, visit{node: a, place: p, parent: i})
				}
			}
		}
	}
}

// draft is how long a form may have waited on a phone before it was sent, when the form
// does not record when it was begun.
const draft = 366 * 24 * time.Hour

// clock reads when and in which time zone the form was filled. Its end is that moment. A
// form that records its start or its day alone was filled between then and now, which is
// known well enough when that is not long.
func (s *state) clock() {
	now := s.env.Now()
	s.earliest = now.Add(-draft)
	found, zoned := false, false
	for _, c := range s.m.clocks {
		for _, i := range s.byPlace[c.place.n] {
			t, z, ok := moment(strings.TrimSpace(s.visits[i].node.Text()))
			if !ok {
				continue
			}
			if z && !zoned {
				s.env.Zone, zoned = t.Location(), true
			}
			if !found {
				found = true
				s.earliest = t
				s.known = c.rank == 0 || now.Sub(t).Abs() < 12*time.Hour
				if s.known {
					s.env.Now = func() time.Time { return t }
				}
			}
		}
	}
}

// concealed reports whether a node or one around it is not relevant, and whether that is
// uncertain. It looks upwards, because relevances are settled in the order of what they
// read, not of where they are.
func (s *state) concealed(i int) (hidden, unsure bool) {
	for ; i >= 0; i = s.visits[i].parent {
		v := &s.visits[i]
		hidden = hidden || v.node.Hidden
		unsure = unsure || v.unsure
	}
	return hidden, unsure
}

// at points the environment at a node.
func (s *state) at(n *xpath.Node) *xpath.Env {
	s.env.Node, s.env.Current = n, nil
	return &s.env
}

// holds asks a rule at a node.
func (s *state) holds(r *rule, n *xpath.Node) (bool, error) {
	if r.constant != nil {
		return *r.constant, nil
	}
	return r.expr.True(s.at(n))
}

// relevance settles whether a node is relevant. When that cannot be said it stays, unsure.
func (s *state) relevance(r *rule, i int) error {
	v := &s.visits[i]
	ok, err := s.holds(r, v.node)
	v.node.Hidden = !ok && err == nil
	v.unsure = err != nil || r.random || r.clock && !s.known
	return err
}

// settle passes down what is hidden to what is under it.
func (s *state) settle() {
	for i := range s.visits {
		v := &s.visits[i]
		v.hidden = v.node.Hidden
		if v.parent >= 0 {
			v.hidden = v.hidden || s.visits[v.parent].hidden
			v.unsure = v.unsure || s.visits[v.parent].unsure
		}
	}
}
