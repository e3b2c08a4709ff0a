package xpath

import (
	"fmt"
	"slices"
	"sync"
	"testing"

	"pgregory.net/rapid"
)

// TestFreezeProperty: a frozen list gives the same answers as one that is gone through.
func TestFreezeProperty(t *testing.T) {
	texts := []string{"", "a", "b", "1", "1.0", " a", "2020-01-02", "2020-01-02T00:00:00Z", "é"}
	forms := []string{
		"instance('l')/root/item[k = %s]/v", "instance('l')/root/item[%s = k][v != 'b']/v", "instance('l')/root/item[@id = %s]/v",
		"instance('l')/root/item[k = %s][2]/v", "instance('l')/root/*[k = %s]/k", "count(instance('l')/root/item[h = %s])",
		"pulldata('l', 'v', 'k', %s)", "instance('l')/root/item[k = %s and v = 'a']/v", "instance('l')/root/item[position() = 1][k = %s]/v",
	}
	rapid.Check(t, func(t *rapid.T) {
		root := NewElement("root", "")
		for range rapid.IntRange(0, 8).Draw(t, "items") {
			item := NewElement(rapid.SampledFrom([]string{"item", "item", "other"}).Draw(t, "name"), "")
			for _, name := range []string{"k", "k", "v"} {
				if rapid.IntRange(0, 3).Draw(t, "has") > 0 {
					item.Append(NewElement(name, rapid.SampledFrom(texts).Draw(t, "text")))
				}
			}
			if rapid.Bool().Draw(t, "attr") {
				item.SetAttr("id", rapid.SampledFrom(texts).Draw(t, "id"))
			}
			item.Append(NewElement("h", "").Append(NewElement("deep", "a")))
			item.Hidden = rapid.IntRange(0, 5).Draw(t, "hidden") == 0
			root.Append(item)
		}
		plain, frozen := NewDocument().Append(root), NewDocument().Append(root.Clone())
		frozen.Freeze()
		value := rapid.SampledFrom(texts).Draw(t, "value")
		main := NewDocument().Append(NewElement("data", "").Append(NewElement("q", value)))
		arg := rapid.SampledFrom([]string{"'" + value + "'", "/data/q", "current()/q", "$q"}).Draw(t, "argument")
		x := MustCompile(fmt.Sprintf(rapid.SampledFrom(forms).Draw(t, "form"), arg))
		for _, rules := range []*Rules{Collect, WebForms} {
			answer := func(doc *Node) []string {
				env := &Env{Node: main.DocumentElement(), Root: main, Rules: rules, Variables: map[string]Value{"q": StringValue(value)},
					Instance: func(string) (*Node, error) { return doc, nil }}
				v, err := x.Eval(env)
				if err != nil {
					t.Fatal(err)
				}
				out := []string{v.Type().String(), env.Text(v)}
				for _, n := range v.Nodes() {
					out = append(out, n.Path())
				}
				return out
			}
			if got, want := answer(frozen), answer(plain); !slices.Equal(got, want) {
				t.Fatalf("%s under %s: %v from the index, %v without", x, rules.Name, got, want)
			}
		}
	})
}

// TestFrozenTogether: many evaluations may ask one frozen list at the same time.
func TestFrozenTogether(t *testing.T) {
	root := NewElement("root", "")
	for i := range 1000 {
		root.Append(NewElement("item", "").Append(NewElement("name", fmt.Sprint(i)), NewElement("label", fmt.Sprint("no. ", i))))
	}
	doc := NewDocument().Append(root)
	doc.Freeze()
	x := MustCompile("instance('l')/root/item[name = $n]/label")
	var wait sync.WaitGroup
	for i := range 50 {
		wait.Add(1)
		go func() {
			defer wait.Done()
			got, err := x.Text(&Env{Node: NewElement("data", ""), Variables: map[string]Value{"n": StringValue(fmt.Sprint(i))},
				Instance: func(string) (*Node, error) { return doc, nil }})
			if want := fmt.Sprint("no. ", i); got != want || err != nil {
				t.Errorf("%q, %v, want %q", got, err, want)
			}
		}()
	}
	wait.Wait()
}
