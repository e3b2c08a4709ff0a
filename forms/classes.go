package forms

import (
	"slices"
	"strings"

	"aman/forms/xform"
	"aman/forms/xpath"
	"aman/platform/access"
	"aman/platform/store"
)

// classesOf gives the privacy class of every node of a form that can hold an answer, by
// path without positions. What the form says of a node itself (named) counts. Else what a
// person says, shows or signs in her own words is identity; what she picks, counts or
// dates is sensitive; and a text that is calculated of something is as what it is
// calculated of. A named class that does not exist counts as identity.
func classesOf(m *xform.Model, named map[string]string) map[string]access.Class {
	out := map[string]access.Class{}
	asked := map[string]*xform.Question{}
	for i := range m.Questions {
		asked[m.Questions[i].Path] = &m.Questions[i]
		out[m.Questions[i].Path] = access.Identity
	}
	for at := range m.Binds {
		out[at] = access.Identity
	}
	var texts []string // calculated texts, whose class the others decide
	for at := range out {
		b, q := m.Binds[at], asked[at]
		typ := strings.TrimPrefix(b.Type, "xsd:")
		switch {
		case slices.Contains(access.Classes, named[at]):
			out[at] = named[at]
		case named[at] != "":
		case strings.HasSuffix(at, "/meta/instanceID") || strings.HasSuffix(at, "/meta/deprecatedID"):
			out[at] = access.Open
		case b.Preload != "":
			if !personal[b.PreloadParams] {
				out[at] = access.Sensitive
			}
		case q != nil && picked[q.Kind] || counted[typ]:
			out[at] = access.Sensitive
		case q == nil && b.Calculate != "":
			out[at], texts = access.Sensitive, append(texts, at)
		}
	}
	spread(m, out, texts)
	return out
}

// spread gives identity to every calculated text that reads a node with an identity or
// health value, or another such text; and to one that nobody can read.
func spread(m *xform.Model, classes map[string]access.Class, texts []string) {
	reads := map[string][]xpath.Reference{}
	for _, at := range texts {
		x, err := xpath.Compile(m.Binds[at].Calculate)
		if err != nil {
			classes[at] = access.Identity
			continue
		}
		reads[at] = slices.DeleteFunc(x.References(at), func(r xpath.Reference) bool { return r.Instance != "" })
	}
	for again := true; again; {
		again = false
		for at, refs := range reads {
			if !Hidden(classes[at]) && slices.ContainsFunc(refs, func(r xpath.Reference) bool { return readsHidden(classes, r) }) {
				classes[at], again = access.Identity, true
			}
		}
	}
}

func readsHidden(classes map[string]access.Class, r xpath.Reference) bool {
	if !strings.Contains(r.Path, "*") && !strings.Contains(r.Path, "//") {
		return Hidden(classes[r.Path])
	}
	for at, class := range classes {
		if Hidden(class) && r.Matches(at) {
			return true
		}
	}
	return false
}

var (
	picked   = map[string]bool{"select1": true, "select": true, "rank": true, "range": true, "trigger": true}
	counted  = map[string]bool{"int": true, "integer": true, "decimal": true, "date": true, "time": true, "dateTime": true, "boolean": true, "long": true}
	personal = map[string]bool{"phonenumber": true, "phone number": true, "email": true, "username": true, "simserial": true, "subscriberid": true}
)

// Hidden says whether answers of a privacy class are kept out of tables, pages and exports
// unless they are asked for with names, by who may unseal.
func Hidden(c access.Class) bool { return c == access.Identity || c == access.Health }

// Classes gives the privacy class of every node of a form version that can hold an answer,
// by path without positions (/data/leg/from). What is not there is identity. It asks
// nobody's leave: the callers do.
func (s *Service) Classes(tx *store.Tx, form, version string) (map[string]access.Class, error) {
	p, err := s.published(tx, form, version)
	if err != nil {
		return nil, err
	}
	c, err := s.compiled(tx, p)
	if err != nil {
		return nil, err
	}
	return c.classes, nil
}
