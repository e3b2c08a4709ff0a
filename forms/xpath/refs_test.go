package xpath

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

func TestReferences(t *testing.T) {
	const context = "/data/person/age"
	for _, c := range []struct{ expr, want string }{
		{"1 + 2", ""},
		{". > 5", "/data/person/age"},
		{"../name", "/data/person/name"},
		{"/data/a + /data/b * /data/a", "/data/a /data/b"},
		{"current()/../name", "/data/person/name"},
		{"current() = 5", "/data/person/age"},
		{"sum(/data/person/age)", "/data/person/age"},
		{"count(../../person[age > 5][name = ../head])", "/data/head /data/person /data/person/age /data/person/name"},
		{"instance('c')/root/item[name = current()/../city][pop > /data/min]/label",
			"/data/min /data/person/city c:/root/item/label c:/root/item/name c:/root/item/pop"},
		{"once(random())", "/data/person/age"},
		{"string-length()", "/data/person/age"},
		{"string-length('a')", ""},
		{"//name", "//name"},
		{"/data//name", "/data//name"},
		{"/data/*/x", "/data/*/x"},
		{"../*", "/data/person/*"},
		{"@id", "/data/person/age/@id"},
		{"../@id", "/data/person/@id"},
		{"/data/person/text()", "/data/person"},
		{"indexed-repeat(/data/person/name, /data/person, position(..))", "/data/person /data/person/name"},
		{"randomize(instance('c')/root/item, /data/seed)", "/data/seed c:/root/item"},
		{"randomize(instance('c')/root/item)/name", "c:/root/item/name"},
		{"jr:choice-name(../city, ' ../city ')", "/data/person/city"},
		{"jr:choice-name(/data/x, '/data/y')", "/data/x /data/y"},
		{"pulldata('p.csv', 'a', 'b', /data/k)", "/data/k p:/root/item"},
		{"(/data/a | ../b)[c]", "/data/a /data/person/b"},
		{"(/data/a)[b]", "/data/a /data/a/b"},
		{"if(selected(../x, 'a'), ../y, -../z)", "/data/person/x /data/person/y /data/person/z"},
		{"preceding-sibling::name", "/data/person/name"},
		{"position(..)", "/data/person"},
		{"$x/a", ""},
		{"../../../../../x", ""},
	} {
		x, err := Compile(c.expr)
		if err != nil {
			t.Errorf("%s: %v", c.expr, err)
			continue
		}
		var got []string
		for _, r := range x.References(context) {
			if r.Instance != "" {
				r.Path = r.Instance + ":" + r.Path
			}
			got = append(got, r.Path)
		}
		if s := strings.Join(got, " "); s != c.want {
			t.Errorf("%s:\n got %s\nwant %s", c.expr, s, c.want)
		}
	}
}

func TestReferenceMatches(t *testing.T) {
	for _, c := range []struct {
		pattern, path string
		want          bool
	}{
		{"/a/b", "/a/b", true}, {"/a/b", "/a/b/c", false}, {"/a/*", "/a/b", true}, {"/a/*", "/a", false},
		{"//b", "/a/b", true}, {"//b", "/b", true}, {"/a//c", "/a/b/c", true}, {"/a//c", "/a/c", true},
		{"/a//c", "/a/c/d", false}, {"//*", "/a/b", true},
	} {
		if got := (Reference{Path: c.pattern}).Matches(c.path); got != c.want {
			t.Errorf("%s matches %s: %v", c.pattern, c.path, got)
		}
	}
}

func calculations(pairs ...string) []Calculation {
	var out []Calculation
	for i := 0; i < len(pairs); i += 2 {
		out = append(out, Calculation{Path: pairs[i], Expr: MustCompile(pairs[i+1])})
	}
	return out
}

func TestOrder(t *testing.T) {
	list := calculations("/d/c", "/d/b + 1", "/d/b", "../a * 2", "/d/a", "5", "/d/e", "//a", "/d/f", "1", "/d/g", "count(/d/*)")
	got, err := Order(list)
	if want := []int{2, 1, 0, 3, 4, 5}; err != nil || !slices.Equal(got, want) {
		t.Errorf("order %v, %v, want %v", got, err, want)
	}

	list = calculations("/d/a", "/d/b", "/d/b", "/d/c", "/d/c", "/d/a", "/d/x", "/d/c", "/d/y", "1", "/d/z", ".")
	got, err = Order(list)
	var cycle *CycleError
	if !errors.As(err, &cycle) {
		t.Fatalf("no cycle in %v: %v", got, err)
	}
	want := "these calculations wait for one another: /d/a needs /d/b, which needs /d/c, which needs /d/a; /d/z is calculated from itself"
	if err.Error() != want {
		t.Errorf("\n got %s\nwant %s", err, want)
	}
	if !slices.Equal(got, []int{4, 0, 1, 2, 3, 5}) {
		t.Errorf("order %v", got)
	}

	list = []Calculation{{Path: "/d/a", Expr: MustCompile(". > 3 and ../b"), SelfOK: true}, {Path: "/d/b", Expr: MustCompile("1"), After: []string{"/d/g"}}, {Path: "/d/g", Expr: MustCompile("true()")}}
	if got, err := Order(list); err != nil || !slices.Equal(got, []int{2, 1, 0}) {
		t.Errorf("order %v, %v", got, err)
	}
}

// TestOrderProperty: in any order that is given without an error, every calculation comes after those it reads; and an
// error comes exactly when some calculation can be reached from itself.
func TestOrderProperty(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.IntRange(1, 12).Draw(t, "n")
		needs := make([][]bool, n)
		var list []Calculation
		for i := range needs {
			needs[i] = make([]bool, n)
			expr := "0"
			for j := range needs[i] {
				if rapid.IntRange(0, n).Draw(t, "edge") == 0 {
					needs[i][j] = true
					expr += fmt.Sprintf(" + /d/n%d", j)
				}
			}
			list = append(list, Calculation{Path: fmt.Sprintf("/d/n%d", i), Expr: MustCompile(expr)})
		}
		order, err := Order(list)
		reach := make([][]bool, n)
		for i := range reach {
			reach[i] = slices.Clone(needs[i])
		}
		for k := range n {
			for i := range n {
				for j := range n {
					reach[i][j] = reach[i][j] || reach[i][k] && reach[k][j]
				}
			}
		}
		cyclic := false
		for i := range n {
			cyclic = cyclic || reach[i][i]
		}
		if cyclic != (err != nil) {
			t.Fatalf("cyclic %v, error %v", cyclic, err)
		}
		sorted := slices.Sorted(slices.Values(order))
		for i, v := range sorted {
			if i != v {
				t.Fatalf("order %v is not a permutation", order)
			}
		}
		var cycle *CycleError
		if errors.As(err, &cycle) {
			for _, c := range cycle.Cycles {
				for i := range c {
					var from, to int
					fmt.Sscanf(c[i], "/d/n%d", &from)
					fmt.Sscanf(c[(i+1)%len(c)], "/d/n%d", &to)
					if !needs[from][to] {
						t.Fatalf("%v is not a cycle", c)
					}
				}
			}
			return
		}
		at := make([]int, n)
		for place, i := range order {
			at[i] = place
		}
		for i := range n {
			for j := range n {
				if needs[i][j] && at[j] > at[i] {
					t.Fatalf("%v needs %v but comes first", list[i], list[j])
				}
			}
		}
	})
}
