package profiles

import (
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"pgregory.net/rapid"

	"aman/release/product"
)

// ours loads the profiles of the program.
func ours(t testing.TB) map[string]*Profile {
	t.Helper()
	all, err := Load()
	if err != nil {
		t.Fatal(err)
	}
	return all
}

// What a profile of a public schema gives is what that schema declares: every column, in its order, and no other value.
func TestProfilesFitTheirSchemas(t *testing.T) {
	country := []product.Code{{Value: "PAK"}, {Value: "PK"}}
	schemas := map[string]product.Profile{
		product.NameGlobalSynthetic: product.GlobalSynthetic(2020, 2021, country), product.NameGlobalK: product.GlobalK(2020, 2021, country),
	}
	widths := map[string]int{product.NameGlobalSynthetic: 27, product.NameGlobalK: 63}
	found := 0
	for name, p := range ours(t) {
		public, ok := schemas[p.Schema]
		if !ok {
			continue
		}
		found++
		if n := len(public.Columns); n != widths[p.Schema] {
			t.Errorf("%s has %d columns, want %d", p.Schema, n, widths[p.Schema])
		}
		var want, got []string
		for _, c := range public.Columns {
			if len(c.JoinOf) == 0 {
				want = append(want, c.Name)
			}
		}
		for i := range p.Columns {
			c := &p.Columns[i]
			got = append(got, c.Name)
			column, _ := public.Column(c.Name)
			for _, v := range c.Values([]string{"PAK", "unknown"}, "2020-01-01", "2021-12-31") {
				if v == "0" && column.Yes() || c.From == "age_band" || c.From == "sex" || c.From == "source" {
					continue // marks of the noisy file are there or not; mapped lists are looked at below
				}
				if !slices.ContainsFunc(column.Codes, func(x product.Code) bool { return x.Value == v }) {
					t.Errorf("%s: %s would be %q, which the schema does not know", name, c.Name, v)
				}
			}
			for _, v := range c.Map {
				if !slices.ContainsFunc(column.Codes, func(x product.Code) bool { return x.Value == v }) {
					t.Errorf("%s: %s maps to %q, which the schema does not know", name, c.Name, v)
				}
			}
		}
		if !slices.Equal(want, got) {
			t.Errorf("%s: the columns are\n%v\nnot\n%v", name, got, want)
		}
	}
	if found != 2 {
		t.Errorf("%d profiles follow a public schema, want 2", found)
	}
}

func TestValue(t *testing.T) {
	for _, x := range []struct {
		column    Column
		raw, want string
	}{
		{Column{Same: true}, "PAK", "PAK"}, {Column{Same: true}, "unknown", ""}, {Column{Same: true}, "", ""},
		{Column{Same: true, ISO2: true}, "PAK", "PK"}, {Column{Same: true, ISO2: true}, "?", ""},
		{Column{Map: map[string]string{"female": "Woman"}}, "female", "Woman"}, {Column{Map: map[string]string{"female": "Woman"}}, "male", ""},
		{Column{Any: []string{"A", "B"}}, " B C ", "1"}, {Column{Any: []string{"A"}}, " C ", "0"}, {Column{Any: []string{"A"}}, "", ""}, {Column{Any: []string{"A"}}, "  ", ""},
		{Column{All: []string{"A", "B"}}, " A B ", "1"}, {Column{All: []string{"A", "B"}}, " A ", "0"},
		{Column{Part: "year"}, "2024-03-01", "2024"}, {Column{Part: "month"}, "2024-03-01", "2024-03"}, {Column{Part: "year"}, "20", ""},
		{Column{Bands: []int{1, 2, 6, 11}}, "1", "1"}, {Column{Bands: []int{1, 2, 6, 11}}, "5", "2-5"}, {Column{Bands: []int{1, 2, 6, 11}}, "400", "11+"},
		{Column{Bands: []int{1, 2, 6, 11}}, "0", ""}, {Column{Bands: []int{1, 2, 6, 11}}, "many", ""},
	} {
		if got := x.column.Value(x.raw); got != x.want {
			t.Errorf("%+v of %q gives %q, want %q", x.column, x.raw, got, x.want)
		}
	}
	month := Column{Part: "month"}
	if got := strings.Join(month.Values(nil, "2023-11-01", "2024-02-29"), " "); got != "2023-11 2023-12 2024-01 2024-02" {
		t.Errorf("months: %s", got)
	}
	year := Column{Part: "year"}
	if got := strings.Join(year.Values(nil, "2023-11-01", "2024-02-29"), " "); got != "2023 2024" {
		t.Errorf("years: %s", got)
	}
	persons := Column{Bands: []int{1, 2, 6}}
	if got := strings.Join(persons.Values(nil, "", ""), " "); got != "1 2-5 6+" {
		t.Errorf("bands: %s", got)
	}
}

// A kind of labour never stands where forced labour does not, nor tells what is withheld.
func TestNeeds(t *testing.T) {
	p := ours(t)["ctdc-k"]
	columns := p.Filled()
	at := func(name string) int {
		return slices.IndexFunc(columns, func(c *Column) bool { return c.Name == name })
	}
	row := p.Row(columns, func(property string) string {
		return map[string]string{"exploitation_types": " SexualExploitation ", "industry": "F_Construction", "age_band": "9--17"}[property]
	})
	if row[at("typeOfLabourConstruction")] != "0" || row[at("isSexualExploit")] != "1" || row[at("majorityStatus")] != "Minor" {
		t.Errorf("the row is %v", row)
	}
	row[at("isForcedLabour")], row[at("ageBroad")] = "", "" // withheld
	Settle(columns, row)
	if row[at("typeOfLabourConstruction")] != "" || row[at("isSexAndLabour")] != "" || row[at("majorityStatus")] != "" {
		t.Errorf("what is withheld is told by %v", row)
	}
}

// Whatever the register holds, each cell is missing or a value that the column declares, and settling twice changes nothing.
func TestRowsHoldDeclaredValues(t *testing.T) {
	all := ours(t)
	names := []string{"ctdc", "ctdc-k", "htcds", "hdx", "dtm"}
	rapid.Check(t, func(t *rapid.T) {
		p := all[rapid.SampledFrom(names).Draw(t, "profile")]
		columns := p.Filled()
		codes := []string{"female", "male", "0--8", "9--17", "PAK", "AFG", "ForcedLabour", "SexualExploitation", "OrganRemoval", "F_Construction", "unknown", "", "17", "true", "2024-05-06", "nonsense"}
		values := map[string]string{}
		for _, c := range columns {
			if _, ok := values[c.From]; !ok {
				values[c.From] = rapid.SampledFrom(codes).Draw(t, c.From)
			}
		}
		row := p.Row(columns, func(property string) string { return values[property] })
		for i, c := range columns {
			if c.Part == "" && row[i] != "" && !slices.Contains(c.Values(codes, "", ""), row[i]) {
				t.Fatalf("%s: %s holds %q", p.Name, c.Name, row[i])
			}
		}
		again := slices.Clone(row)
		Settle(columns, again)
		if !slices.Equal(row, again) {
			t.Fatalf("settled twice: %v, then %v", row, again)
		}
	})
}

func TestFaultsOfAProfile(t *testing.T) {
	const head = "name: x\nregister: cases\ndate: d\ntitle: {en: X}\nunit: {en: one}\npaths: [dp]\ncolumns:\n"
	for what, body := range map[string]string{
		"no columns": strings.TrimSuffix(head, "columns:\n"), "a path": strings.Replace(head, "[dp]", "[magic]", 1) + "  - {name: a, from: b, same: true}\n",
		"two ways": head + "  - {name: a, from: b, same: true, part: year}\n", "no way": head + "  - {name: a, from: b}\n", "from nothing": head + "  - {name: a, same: true}\n",
		"twice": head + "  - {name: a}\n  - {name: a}\n", "a need behind": head + "  - {name: a, from: b, any: [c], needs: [z]}\n  - {name: z, from: b, any: [c]}\n",
		"a part": head + "  - {name: a, from: b, part: week}\n", "falling bands": head + "  - {name: a, from: b, bands: [3, 1]}\n", "an unknown word": head + "  - {name: a, form: b, same: true}\n",
	} {
		if _, err := Parse([]byte(body)); err == nil {
			t.Errorf("%s: read", what)
		}
	}
	if _, err := Parse([]byte(head + "  - {name: a, from: b, same: true}\n")); err != nil {
		t.Error(err)
	}
	if _, err := load(fstest.MapFS{"y.yaml": {Data: []byte(head + "  - {name: a}\n")}}); err == nil {
		t.Error("a profile whose name is not that of its file was read")
	}
}

func FuzzParse(f *testing.F) {
	for name := range ours(f) {
		body, err := files.ReadFile(name + ".yaml")
		if err != nil {
			f.Fatal(err)
		}
		f.Add(body)
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		p, err := Parse(body)
		if err != nil {
			return
		}
		for i := range p.Columns {
			p.Columns[i].Value(" a b ")
			p.Columns[i].Values([]string{"a"}, "2020-01-01", "2021-01-01")
		}
	})
}
