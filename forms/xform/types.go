package xform

import (
	"strconv"
	"strings"
	"time"

	"aman/forms/xpath"
)

// fits are the types of binds whose values have a form of their own; a value of any other
// type is text. Source: the ODK XForms specification, "Data Types".
var fits = map[string]func(string) bool{
	"int": isInt, "integer": isInt, "long": isInt,
	"decimal": isDecimal, "double": isDecimal, "float": isDecimal,
	"boolean":  func(s string) bool { return s == "true" || s == "false" || s == "1" || s == "0" },
	"date":     isDate,
	"dateTime": func(s string) bool { _, _, ok := moment(s); return ok },
	"time":     isTime,
	"geopoint": isPoint,
	"geotrace": func(s string) bool { return arePoints(s, 2, false) },
	"geoshape": func(s string) bool { return arePoints(s, 3, true) },
	// The name of a file beside the submission, or a picture that the form starts with.
	"binary": func(s string) bool { return !strings.ContainsAny(strings.TrimPrefix(s, "jr://images/"), "/\\\x00") },
}

// nodeTypes are how expressions read the values of a type.
var nodeTypes = map[string]xpath.Type{
	"int": xpath.NumberType, "integer": xpath.NumberType, "decimal": xpath.NumberType, "double": xpath.NumberType, "float": xpath.NumberType,
	"boolean": xpath.BooleanType, "date": xpath.DateType, "dateTime": xpath.DateType,
}

// whole are the types of whole numbers.
var whole = map[string]bool{"int": true, "integer": true, "long": true}

func digits(s string) bool {
	for i := range len(s) {
		if s[i] < '0' || s[i] > '9' {
			return false
		}
	}
	return s != ""
}

func unsigned(s string) string {
	if s != "" && (s[0] == '-' || s[0] == '+') {
		return s[1:]
	}
	return s
}

func isInt(s string) bool { return len(s) <= 20 && digits(unsigned(s)) }

// isDecimal takes what xsd:decimal and xsd:double take, but for INF and NaN.
func isDecimal(s string) bool {
	mantissa, exponent := s, "0"
	if i := strings.IndexAny(s, "eE"); i >= 0 {
		mantissa, exponent = s[:i], s[i+1:]
	}
	whole, fraction, dot := strings.Cut(unsigned(mantissa), ".")
	return len(s) <= 400 && isInt(exponent) && (digits(whole) || whole == "" && dot) && (digits(fraction) || fraction == "" && whole != "")
}

// day reads YYYY-MM-DD.
func day(s string) (time.Time, bool) {
	t, err := time.Parse(time.DateOnly, s)
	return t, err == nil
}

// isDate takes a day; the time that some programs add is passed over.
func isDate(s string) bool {
	if len(s) > 10 && s[10] == 'T' {
		_, _, ok := moment(s)
		return ok
	}
	_, ok := day(s)
	return ok
}

var clockLayouts = []string{"15:04:05.999999999Z07:00", "15:04:05.999999999", "15:04Z07:00", "15:04"}

func clock(s string) (t time.Time, zoned, ok bool) {
	if n := len(s); n > 3 && (s[n-3] == '+' || s[n-3] == '-') { // +05 for +05:00, as phones write it
		s += ":00"
	}
	for i, layout := range clockLayouts {
		if t, err := time.Parse(layout, s); err == nil {
			return t, i%2 == 0, true
		}
	}
	return time.Time{}, false, false
}

func isTime(s string) bool { _, _, ok := clock(s); return ok }

// moment reads a dateTime; zoned says that it names its offset. A day alone is its midnight.
func moment(s string) (t time.Time, zoned, ok bool) {
	date, rest, long := strings.Cut(s, "T")
	d, ok := day(date)
	if !ok || !long {
		return d, false, ok
	}
	c, zoned, ok := clock(rest)
	return time.Date(d.Year(), d.Month(), d.Day(), c.Hour(), c.Minute(), c.Second(), c.Nanosecond(), c.Location()), zoned, ok
}

// isPoint takes “latitude longitude [altitude [accuracy]]” in degrees and metres (WGS 84).
func isPoint(s string) bool {
	parts := strings.Fields(s)
	if len(parts) < 2 || len(parts) > 4 {
		return false
	}
	limits := [4]float64{90, 180, 1e6, 1e9}
	for i, p := range parts {
		v, err := strconv.ParseFloat(p, 64)
		if err != nil || !isDecimal(p) || v > limits[i] || v < -limits[i] {
			return false
		}
	}
	return true
}

// arePoints takes points with semicolons between them; a shape ends where it began.
func arePoints(s string, least int, closed bool) bool {
	points := strings.Split(strings.TrimSuffix(strings.TrimSpace(s), ";"), ";")
	if closed {
		first, last := strings.Fields(points[0]), strings.Fields(points[len(points)-1])
		if len(points) <= least || len(first) < 2 || len(last) < 2 || first[0] != last[0] || first[1] != last[1] {
			return false
		}
	}
	for _, p := range points {
		if !isPoint(p) {
			return false
		}
	}
	return len(points) >= least
}
