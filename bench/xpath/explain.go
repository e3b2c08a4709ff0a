package main

import "strings"

// reasons are the differences that are meant, or that are faults of the other engine. Each is recognised by what the
// expression holds and, where that is not enough, by the other's answer.
var reasons = []struct {
	engine string
	holds  string // part of the expression; alternatives joined by "||"
	says   string // part of the other's answer or error, "" for any
	why    string
}{
	{"JavaRosa", "", "cannot be cast to class", "JavaRosa breaks off where a select function gets a number, a boolean or a date"},
	{"JavaRosa", "", "Attempt to parent past the root", "JavaRosa breaks off above the root, XPath gives nothing"},
	{"JavaRosa", "", "IndexOutOfBounds", "JavaRosa breaks off at position() of the root"},
	{"JavaRosa", "max(", "", "JavaRosa's max never gives less than 4.9E-324 (it starts from Java's Double.MIN_VALUE)"},
	{"JavaRosa", ", -1)", "", "JavaRosa rounds negative numbers to tens towards zero"},
	{"JavaRosa", "'1999-||'2000-||'1970-||'2020-||'2026-||string(||format-date||join(||concat(||/data/date||/data/stamp", "", "text that is a date counts as one here, as the ODK specification says; JavaRosa takes text for no number"},
	{"JavaRosa", "distance(||digest(", "", "sines and the like differ in the last digit, which the formula for distances makes larger"},
	{"@getodk/xpath", "--||- -", "syntax error", "@getodk/xpath does not read two minus signs"},
	{"@getodk/xpath", "", "must be between", "@getodk/xpath breaks off at text that looks like a date but is none, such as 2020-02-30"},
	{"@getodk/xpath", "", "Out-of-bounds date", "@getodk/xpath breaks off at dates beyond the year 275760"},
	{"@getodk/xpath", "12345678", "", "@getodk/xpath writes years above 9999 with six digits and a sign, and does not read them"},
	{"@getodk/xpath", "distance(", "", "@getodk/xpath breaks off at the distance of one point; here, as in JavaRosa, it is 0"},
	{"@getodk/xpath", " or ", "", "@getodk/xpath gives the right side of “or” in parentheses as it is, not as a boolean"},
	{"@getodk/xpath", "2020-1-2", "", "@getodk/xpath reads dates without leading zeros in date() only"},
	{"@getodk/xpath", "sum(/data/none)", "", "@getodk/xpath gives NaN for the sum of nothing; XPath, JavaRosa and Enketo give 0"},
	{"@getodk/xpath", "date-time(0)||date(0)||'1970-01-01'", "", "@getodk/xpath takes 1970-01-01T00:00Z for false"},
	{"@getodk/xpath", "%a", "", "@getodk/xpath has no short name for Sunday"},
	{"@getodk/xpath", "date(0.0001)", "", "@getodk/xpath leaves zeros off the end of a second's fraction"},
	{"@getodk/xpath", "once(||string(||concat(||coalesce(||join(||translate(||substr(", "", "@getodk/xpath writes NaN as empty text"},
	{"@getodk/xpath", "number(", "", "@getodk/xpath gives number() of a date one value as a number and another, cut to whole days, as text"},
}

// explain names a difference that is known, or returns "".
func explain(name string, q question, got, want answer) string {
	for _, r := range reasons {
		if r.engine != name || !strings.Contains(want.Error+want.String, r.says) {
			continue
		}
		for _, part := range strings.Split(r.holds, "||") {
			if strings.Contains(q.Expr, part) {
				return r.why
			}
		}
	}
	return ""
}
