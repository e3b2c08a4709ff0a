package registry

import (
	"errors"
	"math"
	"reflect"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"
)

func limit(f float64) *float64 { return &f }

// things is a register with every type, twice: in clear and sealed.
func things(t testing.TB) (*Catalog, *Schema) {
	t.Helper()
	c := &Catalog{Registers: map[string]*Schema{}, Lists: map[string]*List{}}
	list := &List{Name: "colour"}
	for _, code := range []string{"red", "green", "blue_green", "x"} {
		list.Codes = append(list.Codes, Code{Code: code, Label: Text{"en": code, "ur": code, "id": code}})
	}
	c.add(list)
	s := &Schema{Name: "things", Title: Text{"en": "a", "ur": "b", "id": "c"}, Scope: "office"}
	for _, typ := range types {
		for _, class := range []Class{Open, Identity} {
			p := Property{Name: string(typ) + "_" + string(class), Type: typ, Class: class, Label: s.Title}
			switch typ {
			case TypeCode, TypeCodes:
				p.List = "colour"
			case TypeRef:
				p.Ref = "things"
			}
			s.Properties = append(s.Properties, p)
		}
	}
	c.Registers["things"] = s
	if faults := s.check(c); len(faults) > 0 {
		t.Fatal(faults)
	}
	return c, s
}

func TestParseAndCheck(t *testing.T) {
	c, s := things(t)
	at := time.Date(2026, 3, 31, 9, 5, 0, 0, time.UTC)
	for _, x := range []struct {
		typ    Type
		text   string
		want   any
		reason string
	}{
		{TypeText, "  بی بی زرمینہ ", "بی بی زرمینہ", ""},
		{TypeText, "", nil, ""}, {TypeText, "  ", nil, ""},
		{TypeText, "a\x00b", nil, "type"}, {TypeText, "a\xffb", nil, "type"},
		{TypeInteger, "12", int64(12), ""}, {TypeInteger, "12.0", int64(12), ""}, {TypeInteger, "-0", int64(0), ""},
		{TypeInteger, "9223372036854775807", int64(math.MaxInt64), ""}, {TypeInteger, "9223372036854775808", nil, "type"},
		{TypeInteger, "12.5", nil, "type"}, {TypeInteger, "twelve", nil, "type"}, {TypeInteger, "1e400", nil, "type"}, {TypeInteger, "NaN", nil, "type"},
		{TypeDecimal, "1.25", 1.25, ""}, {TypeDecimal, "NaN", nil, "type"}, {TypeDecimal, "Inf", nil, "type"}, {TypeDecimal, "1e999", nil, "type"}, {TypeDecimal, "1,5", nil, "type"},
		{TypeBoolean, "yes", true, ""}, {TypeBoolean, "NO", false, ""}, {TypeBoolean, "1", true, ""}, {TypeBoolean, "0", false, ""}, {TypeBoolean, "OK", true, ""}, {TypeBoolean, "maybe", nil, "type"},
		{TypeDate, "2026-03-31", "2026-03-31", ""}, {TypeDate, "2026-03-31T14:05:00.000+05:00", "2026-03-31", ""},
		{TypeDate, "2026-02-29", nil, "date"}, {TypeDate, "31.3.2026", nil, "date"}, {TypeDate, "0001-01-01", nil, "date"}, {TypeDate, "2500-01-01", nil, "date"},
		{TypeDateTime, "2026-03-31T14:05:00.000+05:00", at, ""}, {TypeDateTime, "2026-03-31T09:05", at, ""}, {TypeDateTime, "2026-03-31 09:05:00", at, ""}, {TypeDateTime, "noon", nil, "date"},
		{TypeCode, "red", "red", ""}, {TypeCode, "Red", nil, "list"}, {TypeCode, "red green", nil, "list"},
		{TypeCodes, "red  green red", []string{"green", "red"}, ""}, {TypeCodes, "red mauve", nil, "list"},
		{TypeGeopoint, "34.12 71.09", "34.12 71.09", ""}, {TypeGeopoint, "34.12 71.09 300.5 4", "34.12 71.09 300.5 4", ""},
		{TypeGeopoint, "91 71", nil, "type"}, {TypeGeopoint, "34 181", nil, "type"}, {TypeGeopoint, "34", nil, "type"}, {TypeGeopoint, "NaN 1", nil, "type"}, {TypeGeopoint, "1 1 high 2", nil, "type"}, {TypeGeopoint, "1 1 1 1 1", nil, "type"},
	} {
		p, _ := s.Property(string(x.typ) + "_open")
		v, err := s.ParseValue(p, x.text)
		if err == nil {
			v, err = c.Check(s, p, v)
		}
		var fault *ValueError
		if errors.As(err, &fault); (fault == nil && err != nil) || (fault != nil && fault.Reason != x.reason) || (fault == nil && x.reason != "") {
			t.Errorf("%s %q: %v, want the reason %q", x.typ, x.text, err, x.reason)
		}
		if err == nil && !reflect.DeepEqual(v, x.want) {
			t.Errorf("%s %q gives %#v, want %#v", x.typ, x.text, v, x.want)
		}
		if err != nil && len(x.text) > 3 && strings.Contains(err.Error(), x.text) {
			t.Errorf("the fault repeats the value: %v", err)
		}
	}
}

func TestCheckOfGoValues(t *testing.T) {
	c, s := things(t)
	for _, x := range []struct {
		typ Type
		v   any
	}{
		{TypeText, 1}, {TypeText, []string{"a"}}, {TypeInteger, "1"}, {TypeInteger, 1.0}, {TypeDecimal, "1"}, {TypeBoolean, "true"}, {TypeBoolean, 1},
		{TypeDateTime, "2026-01-01"}, {TypeDateTime, time.Time{}}, {TypeDateTime, time.Date(12000, 1, 1, 0, 0, 0, 0, time.UTC)}, {TypeCodes, "red"}, {TypeCode, true},
	} {
		p, _ := s.Property(string(x.typ) + "_open")
		if _, err := c.Check(s, p, x.v); err == nil {
			t.Errorf("%s takes %#v", x.typ, x.v)
		}
	}
	for _, typ := range types {
		p, _ := s.Property(string(typ) + "_open")
		for _, empty := range []any{nil, "", []string{}} {
			if v, err := c.Check(s, p, empty); v != nil || err != nil {
				t.Errorf("%s: %#v gives %v, %v; it must be no value", typ, empty, v, err)
			}
		}
	}
}

func TestRange(t *testing.T) {
	c, s := things(t)
	for _, x := range []struct {
		min, max *float64
		v        int64
		want     string
	}{{limit(0), limit(20), -1, "0 to 20"}, {limit(0), limit(20), 21, "0 to 20"}, {limit(1), nil, 0, "1 or more"}, {nil, limit(5), 6, "5 or less"}, {limit(0), limit(20), 0, ""}, {limit(0), limit(20), 20, ""}} {
		for _, typ := range []Type{TypeInteger, TypeDecimal} {
			p := &Property{Name: "n", Type: typ, Min: x.min, Max: x.max}
			_, err := c.Check(s, p, x.v)
			var fault *ValueError
			if errors.As(err, &fault); (fault == nil) != (x.want == "") || (fault != nil && (fault.Reason != "range" || fault.Want != x.want)) {
				t.Errorf("%s %d: %v, want %q", typ, x.v, err, x.want)
			}
		}
	}
}

// anyValue draws a value that fits the type.
func anyValue(typ Type) *rapid.Generator[any] {
	return rapid.Custom(func(t *rapid.T) any {
		switch typ {
		case TypeInteger:
			return rapid.OneOf(rapid.Int64(), rapid.SampledFrom([]int64{0, math.MaxInt64, math.MinInt64, 1<<53 + 1})).Draw(t, "n")
		case TypeDecimal:
			return rapid.Float64().Draw(t, "f")
		case TypeBoolean:
			return rapid.Bool().Draw(t, "b")
		case TypeDateTime:
			us := rapid.OneOf(rapid.Int64Range(-62135596799000000, 253402300799999999), rapid.SampledFrom([]int64{0, 1, -1})).Draw(t, "us")
			return time.UnixMicro(us).UTC()
		case TypeDate:
			return time.Date(rapid.IntRange(1850, 2200).Draw(t, "year"), 1, rapid.IntRange(1, 366).Draw(t, "day"), 0, 0, 0, 0, time.UTC).Format(time.DateOnly)
		case TypeCode:
			return rapid.SampledFrom([]string{"red", "green", "blue_green"}).Draw(t, "code")
		case TypeCodes:
			return rapid.SliceOfDistinct(rapid.SampledFrom([]string{"red", "green", "blue_green", "x"}), func(s string) string { return s }).Draw(t, "codes")
		case TypeGeopoint:
			return rapid.SampledFrom([]string{"34.12 71.09", "-90 180 0 0", "0 0"}).Draw(t, "point")
		}
		return rapid.OneOf(rapid.SampledFrom([]string{"", "بی بی زرمینہ", "O'Hara \"x\" \\ \n\t", "🙂‍🔥", "a%_b", strings.Repeat("ی", 5000)}), rapid.String()).Draw(t, "text")
	})
}

// A value keeps itself through its column, and through what seals and histories hold.
func TestValuesKeepThemselves(t *testing.T) {
	c, s := things(t)
	for _, typ := range types {
		if typ == TypeRef {
			continue
		}
		p, _ := s.Property(string(typ) + "_open")
		t.Run(string(typ), rapid.MakeCheck(func(t *rapid.T) {
			v, err := c.Check(s, p, anyValue(typ).Draw(t, "value"))
			if err != nil {
				var fault *ValueError
				if !errors.As(err, &fault) {
					t.Fatal(err)
				}
				return
			}
			if v == nil {
				return
			}
			if back := fromColumn(typ, toColumn(v)); !reflect.DeepEqual(back, v) {
				t.Fatalf("from its column %#v comes back as %#v", v, back)
			}
			body, err := toJSON(v)
			if err != nil {
				t.Fatal(err)
			}
			if back, err := fromJSON(typ, body); err != nil || !reflect.DeepEqual(back, v) {
				t.Fatalf("from JSON %#v comes back as %#v (%v)", v, back, err)
			}
		}))
	}
}

func FuzzParseValue(f *testing.F) {
	c, s := things(f)
	for _, seed := range []string{"", "1", "-1.5e3", "red green", "2026-03-31T14:05:00+05:00", "34.12 71.09 1 1", "yes", "0x1p4", "\x00", "زرمینہ", "9223372036854775808"} {
		for i := range types {
			f.Add(i, seed)
		}
	}
	f.Fuzz(func(t *testing.T, i int, text string) {
		typ := types[uint(i)%uint(len(types))]
		p, _ := s.Property(string(typ) + "_open")
		v, err := s.ParseValue(p, text)
		if err == nil {
			v, err = c.Check(s, p, v)
		}
		if err != nil {
			var fault *ValueError
			if !errors.As(err, &fault) || fault.Property != p.Name {
				t.Fatalf("the fault does not name the property: %v", err)
			}
			return
		}
		if again, err := c.Check(s, p, v); err != nil || !reflect.DeepEqual(again, v) {
			t.Fatalf("%#v is not in its canonical form: %#v, %v", v, again, err)
		}
		if back := fromColumn(typ, toColumn(v)); v != nil && !reflect.DeepEqual(back, v) {
			t.Fatalf("%#v comes back as %#v", v, back)
		}
	})
}
