package central

import (
	"maps"
	"testing"
)

func TestMatch(t *testing.T) {
	type m = map[string]string
	for _, x := range []struct {
		pattern, path string
		want          m
	}{
		{"projects", "projects", m{}},
		{"projects", "projects/1", nil},
		{"projects/{project}", "projects/1", m{"project": "1"}},
		{"projects/{project}", "projects/", nil},
		{"projects/{project}/forms/{form}", "projects/1/forms/a%2Fb%20%C3%A9", m{"project": "1", "form": "a/b é"}},
		{"projects/{project}/forms/{form}.xml", "projects/1/forms/a.xml", m{"project": "1", "form": "a"}},
		{"projects/{project}/forms/{form}.xml", "projects/1/forms/.xml", nil},
		{"projects/{project}/forms/{form}.xml", "projects/1/forms/a", nil},
		{"x/{form}.svc/{table...}", "x/f.svc/Submissions('uuid%3A1')/r", m{"form": "f", "table": "Submissions('uuid%3A1')/r"}},
		{"x/{form}.svc/{table...}", "x/f.svc", nil},
		{"x/{form}.svc/{table...}", "x/f.svc/", m{"form": "f", "table": ""}},
		{"x/{a}", "x/%zz", nil},
	} {
		got := match(pieces(x.pattern), x.path)
		if (got == nil) != (x.want == nil) || !maps.Equal(got, x.want) {
			t.Errorf("%s against %s: %v", x.path, x.pattern, got)
		}
	}
}

// Every route can be reached: none stands behind one that takes all of its addresses.
func TestNoRouteIsHidden(t *testing.T) {
	table := (&Handler{}).table()
	for i, r := range table {
		var address string
		for n, p := range pieces(r.pattern) {
			if n > 0 {
				address += "/"
			}
			address += p.before
			if p.name != "" {
				address += "7" + p.after
			}
		}
		for _, other := range table[:i] {
			if other.method == r.method && match(pieces(other.pattern), address) != nil {
				t.Errorf("%s %s is answered by %s", r.method, r.pattern, other.pattern)
			}
		}
	}
}
