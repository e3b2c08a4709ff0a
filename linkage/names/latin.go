package names

import "strings"

// latinCons says what Latin consonant groups may stand for; the longest group that fits is taken, after
// doubled letters are written once. ʒ ʂ ɕ come from Bengali, where one letter has several sounds.
var latinCons = map[string][]string{
	"b": {"b"}, "bh": {"b", "bh"}, "c": {"k"}, "ch": {"c"}, "chh": {"c"}, "ck": {"k"}, "d": {"d"}, "dh": {"d", "z"},
	"dj": {"j", "dj"}, "dz": {"z", "j"}, "f": {"f"}, "g": {"g"}, "gh": {"g", "k"}, "h": {"h"}, "j": {"j"}, "jh": {"j"},
	"k": {"k"}, "kh": {"x"}, "l": {"l"}, "m": {"m"}, "n": {"n"}, "nb": {"nb", "mb"}, "p": {"p"}, "ph": {"f", "p"},
	"q": {"k"}, "r": {"r"}, "s": {"s"}, "sh": {"S"}, "shh": {"Sh", "S"}, "shsh": {"S"}, "sch": {"S"}, "sj": {"S", "sj"},
	"t": {"t"}, "th": {"t", "s"}, "tch": {"c"}, "tj": {"c", "tj"}, "v": {"w"}, "w": {"w"}, "x": {"x", "ks"}, "y": {"y"},
	"z": {"z"}, "zh": {"z", "j"}, "ʒ": {"j", "z"}, "ʂ": {"s", "S"}, "ɕ": {"c", "s"},
}

// latinVowels says what a run of Latin vowels may stand for inside a word; a run that is not here is the
// union of its letters. At the ends of a word, where keys hold the vowel, some runs are heard otherwise.
var (
	latinVowels = map[string]vowels{
		"a": anyA, "e": shortA | anyI, "i": anyI, "o": anyU | shortA, "u": anyU, "y": anyI,
		"ee": longI, "ii": longI, "oo": longU, "uu": longU, "ou": anyU, "oe": anyU,
		"ai": anyI, "ay": anyI, "ei": anyI, "ey": anyI, "au": anyU | shortA, "ao": anyU | shortA,
	}
	latinFirst = map[string]vowels{
		"e": anyI, "o": anyU, "ai": anyA | anyI, "ay": anyA | anyI, "ei": anyA | anyI, "ey": anyA | anyI,
	}
	latinLast = map[string]vowels{"e": anyA | anyI, "o": anyU, "aye": anyI, "oy": anyI}
)

func isVowel(c byte) bool    { return strings.IndexByte("aeiou", c) >= 0 }
func startsOpen(c byte) bool { return strings.IndexByte("aou", c) >= 0 }

func readLatin(w string) []reading {
	rs := silence()
	if s, ok := strings.CutSuffix(w, "que"); ok {
		w = s + "q" // Haque, Ishaque: no vowel is heard
	}
	w = single(w)
	at := func(i int) byte {
		if i < 0 || i >= len(w) {
			return 0
		}
		return w[i]
	}
	for i := 0; i < len(w); {
		c, before, after := w[i], at(i-1), at(i+1)
		afterVowel := isVowel(before)
		switch {
		case isVowel(c) || c == 'y' && !isVowel(after):
			end := i + 1
			for isVowel(at(end)) && !glides(w, end-1) || at(end) == 'y' && !isVowel(at(end+1)) {
				end++
			}
			run := vowelRun(w, i, end)
			if glides(w, end-1) && i > 0 {
				run |= silent // Elias is Ilyas
			}
			rs = hear(rs, option{"", run})
			if glides(w, end-1) {
				options := []option{{"y", silent}}
				if w[end-1:end+1] == "ea" {
					options = append(options, option{"", anyI})
				}
				rs = hear(rs, options...)
			}
			i = end
			continue
		case c == 'y' && (i == 0 || startsOpen(after)):
			rs = hear(rs, option{"y", silent})
		case c == 'y' && afterVowel: // Tayyeb, but also Ayesha
			rs = hear(rs, option{"", anyI}, option{"y", silent})
		case c == 'y': // Syed
			rs = hear(rs, option{"", anyI})
		case c == 'w' && afterVowel && !isVowel(after): // Tawfiq is Taufiq; Nawroz may be Navroz
			rs = hear(rs, option{"", anyU}, option{"w", silent})
		case (c == 'w' || c == 'v') && afterVowel && (after == 'o' || after == 'u'): // Dawood is Daud
			rs = hear(rs, option{"w", silent}, option{"", anyU})
		case c == 'h' && i == len(w)-1 && (afterVowel || before == 'y'): // Fatimah, Shah
		default:
			group := w[i : i+1]
			for n := min(4, len(w)-i); n > 1; n-- {
				if latinCons[w[i:i+n]] != nil {
					group = w[i : i+n]
					break
				}
			}
			var options []option
			for _, cons := range latinCons[group] {
				options = append(options, option{cons, silent})
			}
			if options != nil {
				rs = hear(rs, options...)
			}
			i += len(group)
			continue
		}
		i++
	}
	return rs
}

// glides says whether a y is heard after the vowel at i though none is written: Zia, Marzieh; Meah may have it.
func glides(w string, i int) bool {
	return strings.HasPrefix(w[i:], "ia") || strings.HasPrefix(w[i:], "ea") || w[i:] == "ieh"
}

// vowelRun gives what the vowels w[i:end] may stand for.
func vowelRun(w string, i, end int) vowels {
	run := w[i:end]
	tables := []map[string]vowels{latinVowels}
	if end == len(w) || end == len(w)-1 && w[end] == 'h' {
		tables = []map[string]vowels{latinLast, latinVowels}
	}
	if i == 0 {
		tables = []map[string]vowels{latinFirst, latinVowels}
		if end < len(w) && w[end] == 'w' {
			return anyA | anyU // Awais, Owais
		}
	}
	for _, t := range tables {
		if v := t[run]; v != 0 {
			return v
		}
	}
	v := vowels(0)
	for j := range len(run) {
		v |= latinVowels[run[j:j+1]]
	}
	return v
}

// single writes doubled consonants once, but not the h of Mashhad.
func single(w string) string {
	b := make([]byte, 0, len(w))
	for i := range len(w) {
		doubled := i > 0 && w[i] == w[i-1] && !isVowel(w[i]) && w[i] < 0x80
		if doubled && !(w[i] == 'h' && i > 1 && w[i-2] == 's') {
			continue
		}
		b = append(b, w[i])
	}
	return string(b)
}
