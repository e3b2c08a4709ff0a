package registry

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"aman/platform/store"
)

// Values are property values by name; the Go type of each follows its Type. A value
// that was not recorded is nil or absent.
type Values map[string]any

// String gives a text, code, date or reference; "" when there is none.
func (v Values) String(name string) string { s, _ := v[name].(string); return s }

// Codes gives the codes of a multiple choice.
func (v Values) Codes(name string) []string { s, _ := v[name].([]string); return s }

// Int gives a number; 0 when there is none.
func (v Values) Int(name string) int64 { n, _ := v[name].(int64); return n }

// Bool gives a yes-or-no; false when there is none.
func (v Values) Bool(name string) bool { b, _ := v[name].(bool); return b }

// Time gives a moment; the zero time when there is none.
func (v Values) Time(name string) time.Time { t, _ := v[name].(time.Time); return t }

// ValueError says which property a value does not fit, and why. The value itself is
// not repeated: it may be a name.
type ValueError struct {
	Register, Property string
	// Reason is a key of the catalogue of texts: type, list, range, date, required, unknown.
	Reason string
	// Want is what would fit: a type, a list, a range.
	Want string
}

func (e *ValueError) Error() string {
	return fmt.Sprintf("%s.%s: the value does not fit (%s: %s)", e.Register, e.Property, e.Reason, e.Want)
}

// ParseValue reads a value as a form or a sheet writes it: numbers in Latin digits,
// several codes separated by spaces, yes/no as true, false, yes, no, 1 or 0. An empty
// text is nil.
func (s *Schema) ParseValue(p *Property, text string) (any, error) {
	text = strings.TrimSpace(text)
	if text == "" {
		return nil, nil
	}
	fail := func(reason, want string) (any, error) {
		return nil, &ValueError{Register: s.Name, Property: p.Name, Reason: reason, Want: want}
	}
	switch p.Type {
	case TypeInteger:
		n, err := strconv.ParseInt(text, 10, 64)
		if err != nil {
			if f, ferr := strconv.ParseFloat(text, 64); ferr != nil || f != math.Trunc(f) || math.Abs(f) > 1<<53 {
				return fail("type", "a whole number")
			} else {
				n = int64(f)
			}
		}
		return n, nil
	case TypeDecimal:
		f, err := strconv.ParseFloat(text, 64)
		if err != nil || math.IsNaN(f) || math.IsInf(f, 0) {
			return fail("type", "a number")
		}
		return f, nil
	case TypeBoolean:
		switch strings.ToLower(text) {
		case "true", "yes", "1", "ok":
			return true, nil
		case "false", "no", "0":
			return false, nil
		}
		return fail("type", "yes or no")
	case TypeDateTime:
		for _, layout := range []string{time.RFC3339Nano, "2006-01-02T15:04:05", "2006-01-02T15:04", "2006-01-02 15:04:05", "2006-01-02"} {
			if t, err := time.Parse(layout, text); err == nil {
				return t.UTC().Truncate(time.Microsecond), nil
			}
		}
		return fail("date", "a date and time, 2026-03-31T14:05:00+05:00")
	case TypeDate:
		if len(text) > 10 && text[10] == 'T' {
			text = text[:10]
		}
		return text, nil
	case TypeCodes:
		return strings.Fields(text), nil
	}
	return text, nil
}

// Check says whether a value fits a property and gives its canonical form.
func (c *Catalog) Check(s *Schema, p *Property, v any) (any, error) {
	fail := func(reason, want string) (any, error) {
		return nil, &ValueError{Register: s.Name, Property: p.Name, Reason: reason, Want: want}
	}
	switch x := v.(type) {
	case nil:
		return nil, nil
	case string:
		if x == "" {
			return nil, nil
		}
	case []string:
		if len(x) == 0 {
			return nil, nil
		}
	}
	inRange := func(f float64) (any, error) {
		if (p.Min != nil && f < *p.Min) || (p.Max != nil && f > *p.Max) {
			return fail("range", rangeText(p))
		}
		return v, nil
	}
	switch p.Type {
	case TypeInteger:
		switch n := v.(type) {
		case int:
			v = int64(n)
			return inRange(float64(n))
		case int64:
			return inRange(float64(n))
		}
		return fail("type", "a whole number")
	case TypeDecimal:
		switch f := v.(type) {
		case float64:
			return inRange(f)
		case int64:
			v = float64(f)
			return inRange(float64(f))
		}
		return fail("type", "a number")
	case TypeBoolean:
		if _, ok := v.(bool); !ok {
			return fail("type", "yes or no")
		}
		return v, nil
	case TypeDateTime:
		t, ok := v.(time.Time)
		if !ok || t.IsZero() || t.UTC().Year() < 1 || t.UTC().Year() > 9999 {
			return fail("type", "a date and time")
		}
		return t.UTC().Truncate(time.Microsecond), nil
	case TypeCodes:
		list, ok := v.([]string)
		if !ok {
			return fail("type", "codes of "+p.List)
		}
		list = slices.Compact(slices.Sorted(slices.Values(list)))
		for _, code := range list {
			if !c.Lists[p.List].Has(code) {
				return fail("list", p.List)
			}
		}
		return list, nil
	}
	text, ok := v.(string)
	if !ok || !utf8.ValidString(text) || strings.ContainsRune(text, 0) {
		return fail("type", string(p.Type))
	}
	switch p.Type {
	case TypeDate:
		if d, err := time.Parse(time.DateOnly, text); err != nil || d.Year() < 1850 || d.Year() > 2200 {
			return fail("date", "a date, 2026-03-31")
		}
	case TypeCode:
		if !c.Lists[p.List].Has(text) {
			return fail("list", p.List)
		}
	case TypeGeopoint:
		if !isGeopoint(text) {
			return fail("type", "latitude and longitude, 34.12 71.09")
		}
	}
	return text, nil
}

func rangeText(p *Property) string {
	switch {
	case p.Min != nil && p.Max != nil:
		return fmt.Sprintf("%g to %g", *p.Min, *p.Max)
	case p.Min != nil:
		return fmt.Sprintf("%g or more", *p.Min)
	}
	return fmt.Sprintf("%g or less", *p.Max)
}

func isGeopoint(text string) bool {
	f := strings.Fields(text)
	if len(f) < 2 || len(f) > 4 {
		return false
	}
	for i, most := range []float64{90, 180, math.MaxFloat64, math.MaxFloat64}[:len(f)] {
		if x, err := strconv.ParseFloat(f[i], 64); err != nil || !(math.Abs(x) <= most) {
			return false
		}
	}
	return true
}

// toColumn is the form a checked, unsealed value has in its column.
func toColumn(v any) any {
	switch x := v.(type) {
	case time.Time:
		return store.Micros(x)
	case []string:
		// Spaces on both sides, so that one code is found by LIKE '% code %'.
		return " " + strings.Join(x, " ") + " "
	}
	return v
}

// fromColumn is the inverse of toColumn for what the database gives back.
func fromColumn(t Type, v any) any {
	if b, ok := v.([]byte); ok {
		v = string(b)
	}
	switch t {
	case TypeDateTime:
		if n, ok := v.(int64); ok {
			// Not store.Time, for which 0 is no time at all: a phone whose clock was never set says 1970.
			return time.UnixMicro(n).UTC()
		}
	case TypeCodes:
		if s, ok := v.(string); ok {
			return strings.Fields(s)
		}
	case TypeBoolean:
		if n, ok := v.(int64); ok {
			return n != 0
		}
	case TypeDecimal:
		if n, ok := v.(int64); ok {
			return float64(n)
		}
	}
	return v
}

// toJSON and fromJSON are the form of a value inside a sealed blob and in the history.
func toJSON(v any) ([]byte, error) {
	return json.Marshal(toPlain(v))
}

func toPlain(v any) any {
	if t, ok := v.(time.Time); ok {
		return t.Format(time.RFC3339Nano)
	}
	return v
}

func fromPlain(t Type, v any) any {
	switch x := v.(type) {
	case json.Number:
		if t == TypeInteger {
			if n, err := x.Int64(); err == nil {
				return n
			}
		}
		f, _ := x.Float64()
		return f
	case []any:
		out := make([]string, 0, len(x))
		for _, e := range x {
			s, _ := e.(string)
			out = append(out, s)
		}
		return out
	case string:
		if t == TypeDateTime {
			if at, err := time.Parse(time.RFC3339Nano, x); err == nil {
				return at.UTC()
			}
		}
	}
	return v
}

func fromJSON(t Type, body []byte) (any, error) {
	var v any
	if err := decode(body, &v); err != nil {
		return nil, err
	}
	return fromPlain(t, v), nil
}

// decode reads JSON with its numbers as they were written: a large whole number must not
// pass through a float.
func decode(body []byte, into any) error {
	d := json.NewDecoder(bytes.NewReader(body))
	d.UseNumber()
	return d.Decode(into)
}
