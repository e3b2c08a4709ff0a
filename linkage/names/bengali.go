package names

import "strings"

// bengali gives Latin letters for Bengali ones, by sound as in names: জ and য are heard j or z, ছ ch or s,
// and স শ ষ s or sh, so they get the letters ʒ ɕ ʂ of the Latin table.
var bengali = map[rune]string{
	'অ': "o", 'আ': "a", 'ই': "i", 'ঈ': "i", 'উ': "u", 'ঊ': "u", 'ঋ': "ri", 'এ': "e", 'ঐ': "oi", 'ও': "o", 'ঔ': "ou",
	'া': "a", 'ি': "i", 'ী': "i", 'ু': "u", 'ূ': "u", 'ৃ': "ri", 'ে': "e", 'ৈ': "oi", 'ো': "o", 'ৌ': "ou",
	'ক': "k", 'খ': "kh", 'গ': "g", 'ঘ': "gh", 'ঙ': "n", 'চ': "ch", 'ছ': "ɕ", 'জ': "ʒ", 'ঝ': "jh", 'ঞ': "n",
	'ট': "t", 'ঠ': "th", 'ড': "d", 'ঢ': "d", 'ণ': "n", 'ত': "t", 'থ': "th", 'দ': "d", 'ধ': "d", 'ন': "n",
	'প': "p", 'ফ': "ph", 'ব': "b", 'ভ': "bh", 'ম': "m", 'য': "ʒ", 'র': "r", 'ল': "l", 'শ': "ʂ", 'ষ': "ʂ",
	'স': "ʂ", 'হ': "h", 'ৎ': "t", 'ং': "ng", 'ৰ': "r", 'ৱ': "w",
}

const (
	virama = '্' // no vowel between two consonants
	nukta  = '়' // makes য a y, ড an r
)

func isBengaliCons(r rune) bool {
	return r >= 'ক' && r <= 'হ' || r == 'ৎ' || r == 'ৰ' || r == 'ৱ'
}

// romaniseBengali spells a Bengali word in Latin letters and leaves any other word as it is.
func romaniseBengali(w string) string {
	if !strings.ContainsFunc(w, func(r rune) bool { return r >= 'ঀ' && bengali[r] != "" }) {
		return w
	}
	letters := []rune(strings.ReplaceAll(w, "ওয"+string(nukta), "ৱ"))
	var b strings.Builder
	for i, r := range letters {
		next, after := rune(0), rune(0)
		if i+1 < len(letters) {
			next = letters[i+1]
		}
		if i+2 < len(letters) {
			after = letters[i+2]
		}
		switch {
		case next == nukta && r == 'য':
			b.WriteString("y")
			next = after
		case next == nukta:
			b.WriteString("r")
			next = after
		case r == nukta || r == virama:
			continue
		case r == 'য' && i > 0 && letters[i-1] == virama: // doubles or bends what stands before it
			continue
		default:
			b.WriteString(bengali[r])
		}
		if isBengaliCons(r) && isBengaliCons(next) {
			b.WriteByte('o') // the vowel that is not written
		}
	}
	return b.String()
}
