package xlsform

import (
	"fmt"
	"os"
	"strings"
	"testing"
)

func mustCompile(t *testing.T, notation string) *Form {
	t.Helper()
	form, found := Compile(formOf(notation), Options{})
	if form == nil {
		t.Fatal(found)
	}
	return form
}

func TestChanges(t *testing.T) {
	old := mustCompile(t, "survey|type,name,label::en,label::fr,relevant|text,who,Who,Qui,|integer,age,Age,Age,|begin group,g,G,G,|select_one c,colour,Colour,Couleur,|end group,,,,|text,gone,Gone,Parti,"+
		"|choices|list_name,name,label::en|c,r,Red|c,g,Green|settings|form_id,version|f,1")
	new := mustCompile(t, "survey|type,name,label::en,label::ur,relevant|text,who,Who is it,کون,${age} > 3|decimal,age,Age,,|select_one c,colour,Colour,,|note,thanks,Thanks,,"+
		"|choices|list_name,name,label::en|c,r,Bright red|c,b,Blue|settings|form_id,version|f,2")
	var got []string
	for _, c := range Changes(old, new) {
		got = append(got, strings.TrimSpace(fmt.Sprintf("%v %s %s %s: %s -> %s", c.Breaks, c.Kind, c.Path, c.Where, c.Old, c.New)))
	}
	want := []string{
		"true moved /data/colour : /data/g/colour -> /data/colour",
		"true removed /data/gone : text ->",
		"true type /data/age : integer -> decimal",
		"true choice-gone c : g ->",
		"false setting  version: 1 -> 2",
		"false language-gone  : fr ->",
		"false language-new  :  -> ur",
		"false text /data/colour label (fr): Couleur ->",
		"false text /data/who label (en): Who -> Who is it",
		"false text /data/who label (ur):  -> کون",
		"false text /data/who label (fr): Qui ->",
		"false logic /data/who relevant:  -> ${age} > 3",
		"false text /data/age label (fr): Age ->",
		"false added /data/thanks :  -> note",
		"false choice-text c r (en): Red -> Bright red",
		"false choice-added c :  -> b",
	}
	if strings.Join(got, "\n") != strings.Join(want, "\n") {
		t.Errorf("got\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
}

// TestNoChanges: a form does not differ from itself.
func TestNoChanges(t *testing.T) {
	data, err := os.ReadFile("testdata/msna2024.xlsx")
	if err != nil {
		t.Fatal(err)
	}
	var forms [2]*Form
	for i := range forms {
		wb, err := Read(data, "msna2024.xlsx")
		if err != nil {
			t.Fatal(err)
		}
		forms[i], _ = Compile(wb, Options{})
	}
	if changes := Changes(forms[0], forms[1]); len(changes) > 0 {
		t.Error(changes[0])
	}
}
