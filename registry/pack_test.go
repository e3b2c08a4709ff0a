package registry_test

import (
	"strings"
	"testing"
	"testing/fstest"

	"aman/registry"
)

func pack(files map[string]string) fstest.MapFS {
	out := fstest.MapFS{}
	for name, body := range files {
		out[name] = &fstest.MapFile{Data: []byte(body)}
	}
	return out
}

const label = "label: {en: a, ur: b, id: c}"

// header begins a register; what follows are its properties.
func header(name, scope string) string {
	return "register: " + name + "\ntitle: {en: a, ur: b, id: c}\nscope: " + scope + "\nproperties:\n"
}

func TestPackFaultsNameFileAndProperty(t *testing.T) {
	lists := "list: colour\ncodes:\n  - {code: red, " + label + "}\n"
	for name, c := range map[string]struct {
		files map[string]string
		want  []string
	}{
		"unknown type":          {map[string]string{"registers/a.yaml": header("a", "office") + "  - {name: x, type: colour, " + label + "}"}, []string{"a.yaml", "x", `"colour"`}},
		"unknown class":         {map[string]string{"registers/a.yaml": header("a", "office") + "  - {name: x, type: text, class: secret, " + label + "}"}, []string{"a.yaml", "x", `"secret"`}},
		"no list":               {map[string]string{"registers/a.yaml": header("a", "office") + "  - {name: x, type: code, " + label + "}"}, []string{"a.yaml", "x", "code list"}},
		"list that is not":      {map[string]string{"registers/a.yaml": header("a", "office") + "  - {name: x, type: code, list: shade, " + label + "}"}, []string{"a.yaml", "x", `"shade"`}},
		"list without a code":   {map[string]string{"registers/a.yaml": header("a", "office") + "  - {name: x, type: text, list: colour, " + label + "}", "lists/l.yaml": lists}, []string{"a.yaml", "x"}},
		"register that is not":  {map[string]string{"registers/a.yaml": header("a", "office") + "  - {name: x, type: ref, ref: b, " + label + "}"}, []string{"a.yaml", "x", `"b"`}},
		"ref without a ref":     {map[string]string{"registers/a.yaml": header("a", "office") + "  - {name: x, type: text, ref: a, " + label + "}"}, []string{"a.yaml", "x", "ref"}},
		"missing language":      {map[string]string{"registers/a.yaml": header("a", "office") + "  - {name: x, type: text, label: {en: a, id: c}}"}, []string{"a.yaml", "label of x", "ur"}},
		"reserved name":         {map[string]string{"registers/a.yaml": header("a", "office") + "  - {name: case_id, type: text, " + label + "}"}, []string{"a.yaml", "case_id"}},
		"name with a capital":   {map[string]string{"registers/a.yaml": header("a", "office") + "  - {name: Name, type: text, " + label + "}"}, []string{"a.yaml", `"Name"`}},
		"twice":                 {map[string]string{"registers/a.yaml": header("a", "office") + "  - {name: x, type: text, " + label + "}\n  - {name: x, type: date, " + label + "}"}, []string{"a.yaml", "x", "twice"}},
		"free text in clear":    {map[string]string{"registers/a.yaml": header("a", "person") + "  - {name: x, type: text, class: sensitive, " + label + "}"}, []string{"a.yaml", "x", "identity or health"}},
		"free text by default":  {map[string]string{"registers/a.yaml": header("a", "case") + "  - {name: x, type: longtext, " + label + "}"}, []string{"a.yaml", "x", "identity or health"}},
		"blind index in clear":  {map[string]string{"registers/a.yaml": header("a", "office") + "  - {name: x, type: text, class: open, index: [exact], " + label + "}"}, []string{"a.yaml", "x", "exact"}},
		"plain index on sealed": {map[string]string{"registers/a.yaml": header("a", "office") + "  - {name: x, type: text, class: identity, index: [sorted], " + label + "}"}, []string{"a.yaml", "x", "sorted"}},
		"unknown index":         {map[string]string{"registers/a.yaml": header("a", "office") + "  - {name: x, type: text, class: open, index: [fast], " + label + "}"}, []string{"a.yaml", "x", `"fast"`}},
		"range of a text":       {map[string]string{"registers/a.yaml": header("a", "office") + "  - {name: x, type: text, min: 1, " + label + "}"}, []string{"a.yaml", "x", "min"}},
		"unknown scope":         {map[string]string{"registers/a.yaml": header("a", "town") + "  - {name: x, type: text, " + label + "}"}, []string{"a.yaml", "a", `"town"`}},
		"misspelt key":          {map[string]string{"registers/a.yaml": header("a", "office") + "  - {name: x, typ: text, " + label + "}"}, []string{"a.yaml", "typ"}},
		"share of nothing":      {map[string]string{"registers/a.yaml": "register: a\ntitle: {en: a, ur: b, id: c}\nscope: case\nshares: {needs: [y]}\n"}, []string{"a.yaml", "shares needs", `"y"`}},
		"states that are not":   {map[string]string{"registers/a.yaml": "register: a\ntitle: {en: a, ur: b, id: c}\nscope: case\nstates: mood\n"}, []string{"a.yaml", "a", `"mood"`}},
		"state that is not":     {map[string]string{"registers/a.yaml": "register: a\ntitle: {en: a, ur: b, id: c}\nscope: case\nstates: colour\nparty_by_state: {blue: [id]}\n", "lists/l.yaml": lists}, []string{"a.yaml", "a", `"blue"`}},
		"declared twice":        {map[string]string{"registers/a.yaml": header("a", "office"), "registers/b.yaml": header("a", "office")}, []string{"b.yaml", "a", "twice"}},
		"extends nothing":       {map[string]string{"registers/b.yaml": "extends: a\nproperties:\n"}, []string{"b.yaml", "extends a"}},
		"fault in an extension": {map[string]string{"registers/a.yaml": header("a", "office"), "registers/b.yaml": "extends: a\nproperties:\n  - {name: x, type: colour, " + label + "}"}, []string{"b.yaml", "x", `"colour"`}},
		"code twice":            {map[string]string{"lists/l.yaml": "list: l\ncodes:\n  - {code: red, " + label + "}\n  - {code: red, " + label + "}\n"}, []string{"l.yaml", "list l", "twice"}},
		"code with a space":     {map[string]string{"lists/l.yaml": "list: l\ncodes:\n  - {code: red light, " + label + "}\n"}, []string{"l.yaml", "red light"}},
		"code without a label":  {map[string]string{"lists/l.yaml": "list: l\ncodes:\n  - {code: red, label: {en: red}}\n"}, []string{"l.yaml", "red", "ur"}},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := registry.Load(nil, pack(c.files))
			if err == nil {
				t.Fatal("was accepted")
			}
			for _, want := range c.want {
				if !strings.Contains(err.Error(), want) {
					t.Errorf("%q does not say %q", err, want)
				}
			}
		})
	}
}

func TestAllFaultsComeAtOnce(t *testing.T) {
	_, err := registry.Load(nil, pack(map[string]string{
		"registers/a.yaml": header("a", "office") + "  - {name: x, type: colour, " + label + "}",
		"registers/b.yaml": header("b", "office") + "  - {name: y, type: code, list: shade, " + label + "}",
		"lists/l.yaml":     "list: l\ncodes:\n  - {code: red, label: {en: red}}\n",
	}))
	for _, want := range []string{"a.yaml", "b.yaml", "l.yaml"} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v does not name %s", err, want)
		}
	}
}

func TestALaterPackExtends(t *testing.T) {
	first := pack(map[string]string{"registers/a.yaml": header("a", "case") + "  - {name: x, type: date, " + label + "}"})
	second := pack(map[string]string{"registers/more.yaml": "extends: a\nshares: {needs: [y]}\nproperties:\n  - {name: y, type: date, " + label + "}"})
	c, err := registry.Load(nil, first, second)
	if err != nil {
		t.Fatal(err)
	}
	s := c.Registers["a"]
	if p, ok := s.Property("y"); !ok || p.Class != registry.Sensitive {
		t.Errorf("y is %+v; without a class it must be sensitive", p)
	}
	if got := s.Shares["needs"]; len(got) != 1 || got[0] != "y" {
		t.Errorf("shares %v", got)
	}
}

func TestCountries(t *testing.T) {
	c, err := registry.Load(nil)
	if err != nil {
		t.Fatal(err)
	}
	l := c.Lists["country"]
	for _, code := range []string{"PAK", "AFG", "IRN", "TUR", "GRC", "IDN", "PSE", "SSD"} {
		if !l.Has(code) {
			t.Errorf("%s is missing", code)
		}
	}
	for _, code := range []string{"ZZZ", "EUE", "PK", "", "SUN", "YUG"} {
		if l.Has(code) {
			t.Errorf("%q is no country", code)
		}
	}
	if n := len(l.Codes); n < 245 || n > 255 {
		t.Errorf("%d countries; ISO 3166-1 has 249", n)
	}
	if l.Label("PAK", "ur") != "پاکستان" || l.Label("nothing", "en") != "nothing" {
		t.Errorf("labels %q %q", l.Label("PAK", "ur"), l.Label("nothing", "en"))
	}
}
