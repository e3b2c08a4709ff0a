package synth

import (
	"bytes"
	"reflect"
	"strings"
	"testing"
)

func TestDomainErrors(t *testing.T) {
	for text, want := range map[string]string{
		"columns: []":                         "no columns",
		"columns: [{name: a}]":                "a has no codes",
		"columns: [{codes: [x]}]":             "has no name",
		"columns: [{name: a, codes: [x, x]}]": "twice",
		"columns: [{name: a, codes: [x]}, {name: a, codes: [y]}]":  "a is there twice",
		"columns: [{name: a, codes: ['']}]":                        "empty code",
		"columns: [{name: a, codes: [x], colour: red}]":            "colour",
		"columns: [{name: a, codes: [x]}]\nimpossible: [{b: [x]}]": "b: not declared",
		"columns: [{name: a, codes: [x]}]\nimpossible: [{a: [y]}]": "a code that is not declared",
	} {
		if _, err := ParseDomain([]byte(text)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %q", text, err, want)
		}
	}
}

func TestRoundTrip(t *testing.T) {
	d := toyDomain()
	y, err := d.YAML()
	if err != nil {
		t.Fatal(err)
	}
	back, err := ParseDomain(y)
	if err != nil || !reflect.DeepEqual(d, back) {
		t.Fatalf("%v\n%s", err, y)
	}
	tab := toyTable(50, 1)
	var b bytes.Buffer
	if err := d.WriteCSV(&b, tab); err != nil {
		t.Fatal(err)
	}
	got, err := d.ReadCSV("x", &b)
	if err != nil || !reflect.DeepEqual(got.Cols, tab.Cols) {
		t.Fatalf("rows do not read back: %v", err)
	}
}

func TestUndeclaredValuesAreQuiet(t *testing.T) {
	tab, err := toyDomain().ReadCSV("x.csv", strings.NewReader("\ufeffyear,gender,labour,kind,means,extra\n1999,x,1,sea,debt; plague ;force,?\n"))
	if err != nil {
		t.Fatal(err)
	}
	var got []uint16
	for _, c := range tab.Cols {
		got = append(got, c[0])
	}
	if want := []uint16{0, 3, 1, 2, 1, 0, 1}; !reflect.DeepEqual(got, want) { // year: not recorded; gender: other
		t.Errorf("coded as %v, want %v", got, want)
	}
}

func TestImpossible(t *testing.T) {
	d := toyDomain()
	d.Impossible = append(d.Impossible, map[string][]string{"means": {"debt", ""}, "year": {"2021"}})
	rules, err := d.rules()
	if err != nil {
		t.Fatal(err)
	}
	if len(rules) != 3 { // labour-kind; debt and 2021; no means at all and 2021
		t.Fatalf("%d rules: %+v", len(rules), rules)
	}
}

func FuzzReadCSV(f *testing.F) {
	f.Add([]byte("year,gender,labour,kind,means\n2021,f,1,sea,debt;force\n"))
	f.Add([]byte("year\n\"\n"))
	f.Fuzz(func(t *testing.T, b []byte) {
		tab, err := toyDomain().ReadCSV("x.csv", bytes.NewReader(b))
		if err == nil && tab.check() != nil {
			t.Fatal("a table that does not fit its domain")
		}
		_, _ = SuggestDomain("x.csv", bytes.NewReader(b), nil)
	})
}

func FuzzParseDomain(f *testing.F) {
	y, _ := toyDomain().YAML()
	f.Add(y)
	f.Fuzz(func(t *testing.T, b []byte) {
		if d, err := ParseDomain(b); err == nil && d.Check() != nil {
			t.Fatal("accepted what does not check")
		}
	})
}
