package screening

import (
	"slices"
	"strconv"
	"strings"
	"time"
)

// Answer is the content of one field of a case record.
type Answer struct {
	Codes    []string // the codes chosen, or one number as text
	EachRead bool     // the form asked every option by itself, so a code not chosen means no
}

// Record is where answers come from.
type Record struct {
	Fields map[string]Answer // by HTCDS field name; a field left empty or out was not asked
	By     string
	At     time.Time
	Source string
}

// Derive reads facts from a case record by the rules of the vocabulary. A code
// that is chosen gives yes. A code that is not chosen in a field that was
// answered gives unknown: nobody was asked about that code, people tick what
// they remember. It gives no only where the rule lists the chosen code as no,
// or where the form read out each option. A field without an answer gives
// nothing.
func Derive(v *Vocabulary, r Record) []Fact {
	var out []Fact
	for _, d := range v.Facts {
		for _, rule := range d.From {
			value, via := rule.read(r.Fields[rule.Field])
			if value == NotAsked {
				continue
			}
			out = append(out, Fact{Key: d.Key, Value: value, By: r.By, At: r.At, Source: r.Source, Via: via})
		}
	}
	return out
}

func (d Derivation) read(a Answer) (Value, string) {
	codes := make([]string, 0, len(a.Codes))
	for _, c := range a.Codes {
		// The HTCDS sheet itself has a code with a trailing blank ("DebtBondage ").
		if c = strings.TrimSpace(c); c != "" {
			codes = append(codes, c)
		}
	}
	if len(codes) == 0 {
		return NotAsked, ""
	}
	via := d.Field + ": "
	if d.Below != nil {
		n, err := strconv.ParseFloat(codes[0], 64)
		switch {
		case err != nil || n < 0 || n > 130:
			return Unknown, via + "not an age"
		case n < *d.Below:
			return Yes, via + codes[0]
		}
		return No, via + codes[0]
	}
	for _, c := range codes {
		if d.AnyOf || slices.Contains(d.Yes, c) {
			return Yes, via + c
		}
	}
	for _, c := range codes {
		if slices.Contains(d.No, c) {
			return No, via + c
		}
	}
	if a.EachRead {
		return No, d.Field
	}
	return Unknown, d.Field
}
