package odata

import (
	"errors"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"
)

var (
	fields = []string{"__system/submissionDate", "__system/updatedAt", "__system/submitterId", "__system/reviewState", "$root/Submissions/__system/submitterId"}
	noon   = time.Date(2026, 3, 31, 12, 0, 0, 0, time.UTC)
)

// one is a row that was received on 2 March 2026, never edited, by user 5, and rejected.
func one(f string) any {
	switch f {
	case "__system/submissionDate":
		return time.Date(2026, 3, 2, 10, 20, 30, 400_000_000, time.UTC)
	case "__system/submitterId", "$root/Submissions/__system/submitterId":
		return "5"
	case "__system/reviewState":
		return "rejected"
	}
	return nil
}

func TestFilters(t *testing.T) {
	for expression, want := range map[string]bool{
		"__system/submissionDate lt 2026-03-03":                    true,
		"__system/submissionDate gt 2026-03-03":                    false,
		"__system/submissionDate ge 2026-03-02T10:20:30.400Z":      true,
		"__system/submissionDate gt 2026-03-02T10:20:30.400Z":      false,
		"__system/submissionDate eq 2026-03-02T15:20:30.400+05:00": true,
		"__system/submissionDate lt '2026-03-02T11:00:00.000Z'":    true,
		"2026-03-03 gt __system/submissionDate":                    true,
		"__system/submissionDate lt now()":                         true,
		"year(__system/submissionDate) eq 2026":                    true,
		"year(__system/submissionDate) eq year(now())":             true,
		"month(__system/submissionDate) lt 3":                      false,
		"day(__system/submissionDate) eq 2 and hour(__system/submissionDate) eq 10 and minute(__system/submissionDate) eq 20 and second(__system/submissionDate) eq 30": true,
		"__system/submitterId eq 5":                                       true,
		"__system/submitterId eq '5'":                                     true,
		"$root/Submissions/__system/submitterId eq 6":                     false,
		"__system/submitterId ne 6":                                       true,
		"__system/submitterId neq 6":                                      true,
		"__system/reviewState eq 'rejected'":                              true,
		"__system/reviewState ne 'rejected'":                              false,
		"__system/reviewState eq null":                                    false,
		"__system/updatedAt eq null":                                      true,
		"null eq __system/updatedAt":                                      true,
		"__system/updatedAt ne null":                                      false,
		"not (__system/updatedAt eq null)":                                false,
		"__system/updatedAt lt now()":                                     false,
		"not (__system/updatedAt lt now())":                               false, // unknown either way
		"__system/updatedAt lt now() or __system/submitterId eq 5":        true,
		"__system/updatedAt lt now() and __system/submitterId eq 5":       false,
		"not (__system/updatedAt lt now() and __system/submitterId eq 6)": true,
		"true":                          true,
		"false or not false":            true,
		"not not true":                  true,
		"true or true and false":        true, // and binds closer
		"(true or true) and false":      false,
		"__SYSTEM_nothing eq 1 or true": false, // an error, see below
		"'it''s' eq 'it''s'":            true,
		"-1.5 lt 0":                     true,
		"'a' lt 5":                      false,
	} {
		f, err := ParseFilter(expression, fields)
		if strings.Contains(expression, "nothing") {
			if err == nil {
				t.Errorf("%s is taken", expression)
			}
			continue
		}
		if err != nil {
			t.Errorf("%s: %v", expression, err)
			continue
		}
		if got := f.Match(one, noon); got != want {
			t.Errorf("%s: %v", expression, got)
		}
	}
}

func TestNoFilterKeepsAll(t *testing.T) {
	var none *Filter
	if !none.Match(one, noon) || !(&Filter{}).Match(one, noon) {
		t.Error("a row is dropped without a filter")
	}
}

func TestWhatIsNoFilter(t *testing.T) {
	for expression, at := range map[string]int{
		"":                                   0,
		"__system/submitterId eq":            23,
		"(true":                              5,
		"true)":                              4,
		"true false":                         5,
		"'open":                              0,
		"now(1) eq 1":                        4,
		"2026-13-45 eq 1":                    0,
		"true and # true":                    9,
		strings.Repeat("(", 200):             100,
		strings.Repeat("not ", 200) + "true": 404,
		strings.Repeat("x", 20_000):          longest,
	} {
		_, err := ParseFilter(expression, fields)
		var syntax *SyntaxError
		if !errors.As(err, &syntax) {
			t.Errorf("%.30s: %v", expression, err)
		} else if syntax.At != at {
			t.Errorf("%.30s: at %d, want %d", expression, syntax.At, at)
		}
	}
	for expression, text := range map[string]string{"age eq 5": "age", "contains(__system/submitterId, 'a')": "contains", "1 eq length('a')": "length"} {
		_, err := ParseFilter(expression, fields)
		var no *Unsupported
		if !errors.As(err, &no) || no.Text != text || no.Field != (text == "age") {
			t.Errorf("%s: %v", expression, err)
		}
	}
}

func TestRange(t *testing.T) {
	first, last := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC), time.Date(2026, 2, 1, 0, 0, 0, 0, time.UTC)
	const name = "__system/submissionDate"
	for expression, want := range map[string][2]time.Time{
		name + " ge 2026-01-01":                                           {first, {}},
		name + " gt 2026-01-01 and " + name + " lt 2026-02-01":            {first, last},
		"2026-01-01 le " + name + " and 2026-02-01 gt " + name:            {first, last},
		name + " lt now()":                                                {{}, noon},
		name + " eq 2026-01-01":                                           {first, first},
		name + " ne 2026-01-01":                                           {},
		name + " ge 2026-01-01 or " + name + " lt 2026-02-01":             {},
		"not (" + name + " ge 2026-01-01)":                                {},
		"year(" + name + ") ge 2026":                                      {},
		name + " ge 2025-01-01 and (" + name + " ge 2026-01-01 and true)": {first, {}},
		name + " lt 2026-03-01 and " + name + " lt 2026-02-01":            {{}, last},
		"__system/updatedAt ge 2026-01-01":                                {},
	} {
		f, err := ParseFilter(expression, fields)
		if err != nil {
			t.Fatal(err)
		}
		from, to := f.Range(name, noon)
		if !from.Equal(want[0]) || !to.Equal(want[1]) {
			t.Errorf("%s: %v to %v", expression, from, to)
		}
	}
}

func TestEqual(t *testing.T) {
	const name = "__system/reviewState"
	for expression, want := range map[string][2]any{
		name + " eq 'approved'": {"approved", true},
		"'approved' eq " + name + " and __system/submitterId eq 5": {"approved", true},
		"__system/submitterId eq 5 and (" + name + " eq null)":     {nil, true},
		name + " eq 'approved' or " + name + " eq 'rejected'":      {nil, false},
		name + " ne 'approved'":                                    {nil, false},
		"not (" + name + " eq 'approved')":                         {nil, false},
		name + " eq __system/submitterId":                          {nil, false},
		"__system/submitterId eq 5":                                {nil, false},
	} {
		f, err := ParseFilter(expression, fields)
		if err != nil {
			t.Fatal(err)
		}
		if v, ok := f.Equal(name); v != want[0] || ok != want[1] {
			t.Errorf("%s: %v, %v", expression, v, ok)
		}
	}
}

// Whatever the filter, no row that it keeps lies outside its range.
func TestRangeLosesNothing(t *testing.T) {
	const name = "__system/submissionDate"
	var grow func(t *rapid.T, depth int) string
	grow = func(t *rapid.T, depth int) string {
		if depth == 0 || rapid.IntRange(0, 2).Draw(t, "leaf") == 0 {
			day := time.Date(2026, 1, rapid.IntRange(1, 9).Draw(t, "day"), 0, 0, 0, 0, time.UTC).Format("2006-01-02")
			op := rapid.SampledFrom([]string{"lt", "le", "eq", "ne", "ge", "gt"}).Draw(t, "op")
			if rapid.Bool().Draw(t, "flip") {
				return day + " " + op + " " + name
			}
			return name + " " + op + " " + day
		}
		switch rapid.IntRange(0, 2).Draw(t, "kind") {
		case 0:
			return "not (" + grow(t, depth-1) + ")"
		case 1:
			return "(" + grow(t, depth-1) + ") and (" + grow(t, depth-1) + ")"
		}
		return "(" + grow(t, depth-1) + ") or (" + grow(t, depth-1) + ")"
	}
	rapid.Check(t, func(t *rapid.T) {
		s := grow(t, 4)
		f, err := ParseFilter(s, fields)
		if err != nil {
			t.Fatal(err)
		}
		from, to := f.Range(name, noon)
		for day := 1; day <= 9; day++ {
			at := time.Date(2026, 1, day, 0, 0, 0, 0, time.UTC)
			outside := at.Before(from) || !to.IsZero() && at.After(to)
			if outside && f.Match(func(string) any { return at }, noon) {
				t.Fatalf("%s keeps %v, which is outside %v to %v", s, at, from, to)
			}
		}
	})
}

func FuzzParseFilter(f *testing.F) {
	for _, s := range []string{"year(__system/submissionDate) eq 2026", "not (__system/reviewState eq 'a''b') and -1.5 le 2026-01-01T00:00Z", "((", "'"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		filter, err := ParseFilter(s, fields)
		if err == nil {
			filter.Match(one, noon)
			filter.Range("__system/submissionDate", noon)
			return
		}
		var syntax *SyntaxError
		var no *Unsupported
		if !errors.As(err, &syntax) && !errors.As(err, &no) {
			t.Errorf("another error: %v", err)
		}
	})
}
