package names

import (
	"slices"
	"strings"
)

// Name is a name made ready to be keyed and compared. Make one with [Parse] and keep it while the record
// is compared with many others; [Keys] and [Similarity] parse each time. The zero Name has no words.
type Name struct {
	normal []string
	words  []word
}

// Parse reads a name in any of the scripts of the package comment. It takes any text and never fails; keys
// and similarity use the first 12 words, and 24 letters of each.
func Parse(s string) Name {
	t := tokens(s)
	return Name{t, split(t)}
}

// String hides the name, so that one printed by mistake does not end in a log. See [Name.Normal].
func (n Name) String() string { return "[name]" }

// Normal gives the name as [Normalize] does.
func (n Name) Normal() string { return strings.Join(n.normal, " ") }

// Sorted gives the words of [Name.Normal] in code point order, for a comparison that ignores their order.
func (n Name) Sorted() string { return strings.Join(slices.Sorted(slices.Values(n.normal)), " ") }

// Normalize gives a name in one written form, in the script and order it came in: Unicode NFC, small
// letters, no marks, no zero-width signs, no apostrophes, one form for each Arabic letter, ASCII digits,
// other signs as single spaces, titles dropped and abbreviations spelt out (words.tsv). Normalizing twice
// changes nothing. Two spellings of one name stay two: to join them is the work of [Keys] and [Similarity].
func Normalize(s string) string { return strings.Join(tokens(s), " ") }

// Keys gives the keys of a name; see [Name.Keys].
func Keys(s string) []string { return Parse(s).Keys() }

// Similarity compares two names; see [Name.Similarity].
func Similarity(a, b string) float64 { return Parse(a).Similarity(Parse(b)) }
