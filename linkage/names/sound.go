package names

import (
	"slices"
	"strings"
	"unicode"
)

// vowels is a set of what may be heard between two consonants. Arabic script writes only the long ones,
// Latin spelling seldom tells long from short, so sets meet where single values would not.
type vowels uint8

const (
	shortA vowels = 1 << iota
	shortI
	shortU
	longA
	longI
	longU
	silent

	anyA      = shortA | longA
	anyI      = shortI | longI
	anyU      = shortU | longU
	unwritten = shortA | shortI | shortU | silent
	anything  = anyA | anyI | anyU | silent
)

// reading is one way to hear a word: consonants, and what stands before, between and after them
// (len(gaps) = len(cons)+1). Consonants are p f b t d k g x(kh) c(ch) j z s S(sh) h l m n r w y.
type reading struct {
	cons string
	gaps []vowels
}

const maxReadings = 8 // of one word; a word with more is rubbish, and each costs keys and time

// option is one way to hear a letter or letter group: consonants and the gap after them, or, without
// consonants, vowels for the gap that is open.
type option struct {
	cons string
	gap  vowels
}

// hear goes on from every reading with every option.
func hear(rs []reading, options ...option) []reading {
	out := make([]reading, 0, len(rs)*len(options))
	for _, o := range options {
		for _, r := range rs {
			n := reading{r.cons + o.cons, slices.Clone(r.gaps)}
			for range len(o.cons) {
				n.gaps = append(n.gaps, silent)
			}
			open := &n.gaps[len(n.gaps)-1]
			switch {
			case o.cons != "" || *open&silent != 0: // nothing, or nothing written, so far
				if o.gap != 0 {
					*open = o.gap
				}
			default:
				*open |= o.gap
			}
			out = append(out, n)
		}
	}
	return out[:min(len(out), maxReadings)]
}

// read gives the readings of a folded word; none when its script is not known here.
func read(w string) []reading {
	if as, ok := words["sounds"][w]; ok {
		var all []reading
		for latin := range strings.SplitSeq(as, "|") {
			all = append(all, readLatin(latin)...)
		}
		return all
	}
	for prefix, as := range words["prefix"] {
		if rest, ok := strings.CutPrefix(w, prefix); ok {
			w = as + rest
		}
	}
	var rs []reading
	letters := []rune(w)
	switch i := slices.IndexFunc(letters, unicode.IsLetter); {
	case i >= 0 && unicode.Is(unicode.Latin, letters[i]):
		rs = readLatin(w)
	case i >= 0 && unicode.Is(unicode.Arabic, letters[i]):
		rs = readArabic(letters[i:])
	}
	rs = slices.DeleteFunc(rs, func(r reading) bool { return r.cons == "" && r.gaps[0] == silent })
	for _, r := range rs {
		if r.cons == "" {
			r.gaps[0] &^= silent // a word is not nothing
		}
	}
	return rs
}

// silence is what every reading begins with.
func silence() []reading { return []reading{{gaps: []vowels{silent}}} }

// concat hears two words as one; what is between them is left open.
func concat(as, bs []reading) []reading {
	var out []reading
	for _, a := range as {
		for _, b := range bs {
			joint := anything
			if a.cons == "" {
				joint = a.gaps[0] // the vowel that opens the whole, not one inside it
			} else if b.cons == "" {
				joint = b.gaps[0]
			}
			gaps := append(slices.Clone(a.gaps[:len(a.cons)]), joint)
			out = append(out, reading{a.cons + b.cons, append(gaps, b.gaps[1:]...)})
		}
	}
	return out[:min(len(out), maxReadings)]
}
