package names

import (
	"regexp"
	"strings"
	"unicode"

	"golang.org/x/text/unicode/norm"
)

// latinFold spells out Latin letters whose mark changes the sound, before marks are dropped, and again
// after, for those that carried a second mark.
var latinFold = strings.NewReplacer(
	"ş", "sh", "š", "sh", "ç", "ch", "č", "ch", "ž", "zh", "ǧ", "j", "ğ", "gh", "ġ", "gh",
	"ḫ", "kh", "ẖ", "kh", "ḵ", "kh", "ṯ", "th", "ḏ", "dh", "þ", "th", "ð", "dh",
	"ø", "o", "ł", "l", "đ", "d", "ß", "ss", "ə", "a", "æ", "ae", "œ", "oe", "ı", "i", "ŋ", "ng",
)

// arabicFold unifies letters that keyboards and neighbouring languages write in several ways, once marks
// are gone (so every hamza carrier is already a bare letter). Sindhi's own aspirates become the Urdu pair.
var arabicFold = strings.NewReplacer(
	"ي", "ی", "ى", "ی", "ې", "ی", "ۍ", "ی", "ے", "ی", "ێ", "ی", "ٸ", "ی", "ݷ", "ی",
	"ك", "ک", "ڪ", "ک", "ڬ", "گ", "ګ", "گ", "ڳ", "گ",
	"ه", "ہ", "ة", "ہ", "ۃ", "ہ", "ە", "ہ", "ۀ", "ہ", "ۿ", "ہ",
	"ٱ", "ا", "ٲ", "ا", "ٳ", "ا", "ٵ", "ا", "ء", "",
	"ۇ", "و", "ۆ", "و", "ۋ", "و", "ٶ", "و", "ۉ", "و",
	"ڼ", "ن", "ڻ", "ن", "ݨ", "ن", "ڃ", "ن", "ڱ", "ن",
	"ټ", "ٹ", "ډ", "ڈ", "ڏ", "ڈ", "ڊ", "ڈ", "ړ", "ڑ", "ڙ", "ڑ", "ٻ", "ب", "ڄ", "ج", "څ", "څ",
	"ٿ", "تھ", "ڀ", "بھ", "ٺ", "ٹھ", "ڦ", "پھ", "ڇ", "چھ", "ڌ", "دھ", "ڍ", "ڈھ",
)

var (
	// sonOf is "son of", "daughter of" as offices write it; the parent's name stays.
	sonOf = regexp.MustCompile(`(^|\s)[sdwcf]\s*/\s*o(\s|\.|:|$)`)
	zeros = []rune{'٠', '۰', '০', '०'}
)

// dropped before anything else: apostrophes and their kin (Sa'eed), the letters for ain and hamza of
// scholarly romanisation, and blessings written as one sign.
const dropped = "'’‘ʼʻʹʿʾ`´ˈ\"“”ﷺﷻﷵﷶـ"

// fold brings a name to small letters without marks, one form a letter, single spaces.
func fold(s string) string {
	s = strings.Map(func(r rune) rune {
		if strings.ContainsRune(dropped, r) {
			return -1
		}
		return r
	}, s)
	s = latinFold.Replace(strings.ToLower(norm.NFKC.String(s)))
	if strings.Contains(s, "/") {
		s = sonOf.ReplaceAllString(s, " ")
	}
	var b strings.Builder
	for _, r := range norm.NFKD.String(s) {
		switch {
		// Marks of Latin and Arabic belong to no script of their own or to Arabic; the vowel signs of
		// Bengali and its neighbours belong to theirs and stay.
		case unicode.Is(unicode.Mn, r) && unicode.In(r, unicode.Inherited, unicode.Arabic), unicode.Is(unicode.Cf, r),
			strings.ContainsRune(dropped, r):
		case unicode.IsDigit(r):
			b.WriteRune(digit(r))
		case unicode.In(r, unicode.L, unicode.M, unicode.N):
			b.WriteRune(unicode.ToLower(r))
		default:
			b.WriteByte(' ')
		}
	}
	return strings.Join(strings.Fields(norm.NFC.String(arabicFold.Replace(latinFold.Replace(b.String())))), " ")
}

func digit(r rune) rune {
	for _, z := range zeros {
		if r >= z && r <= z+9 {
			return '0' + r - z
		}
	}
	return r
}
