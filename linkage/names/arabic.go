package names

import "slices"

// arabicCons says what the consonants of Urdu, Persian, Dari, Pashto and Arabic may sound like as spoken
// in Pakistan, Afghanistan and Iran, where ث س ص are one sound, as are ذ ز ض ظ, and ت ط.
var arabicCons = map[rune][]string{
	'ب': {"b"}, 'پ': {"p"}, 'ت': {"t"}, 'ٹ': {"t"}, 'ث': {"s"}, 'ج': {"j"}, 'چ': {"c"}, 'ح': {"h"}, 'خ': {"x"},
	'د': {"d"}, 'ڈ': {"d"}, 'ذ': {"z"}, 'ر': {"r"}, 'ڑ': {"r"}, 'ز': {"z"}, 'ژ': {"z", "j"}, 'س': {"s"}, 'ش': {"S"},
	'ص': {"s"}, 'ض': {"z", "d"}, 'ط': {"t"}, 'ظ': {"z"}, 'غ': {"g"}, 'ف': {"f"}, 'ق': {"k"}, 'ک': {"k"}, 'گ': {"g"},
	'ل': {"l"}, 'م': {"m"}, 'ن': {"n"}, 'ں': {"n"}, 'ہ': {"h"}, 'ھ': {"h"}, 'ڤ': {"w", "f"}, 'ڵ': {"l"}, 'ڕ': {"r"},
	'څ': {"s", "c", "ts"}, 'ځ': {"z", "j"}, 'ږ': {"g", "z", "j"}, 'ښ': {"x", "S"}, // Pashto
}

// aspirated are the letters after which ھ is a breath, not an h; after the others of seldom it may be either,
// for some keyboards have only ھ.
var (
	aspirated = []rune("بپتٹجچدڈکگ")
	seldom    = []rune("رڑلمن")
)

// arabicPairs are two letters that Latin spelling treats as one group: Ishaq hides s+h in sh; Ambreen
// writes n as m before b.
var arabicPairs = map[string][]string{
	"سح": {"sh", "S"}, "شح": {"Sh", "S"}, "نب": {"nb", "mb"}, "کھ": {"k", "x"}, "لل": {"l"},
}

func readArabic(w []rune) []reading {
	rs := silence()
	at := func(i int) rune {
		if i < 0 || i >= len(w) {
			return 0
		}
		return w[i]
	}
	last := len(w) - 1
	for i := 0; i < len(w); i++ {
		c, before, after := w[i], at(i-1), at(i+1)
		afterCons := before != 0 && !slices.Contains([]rune("اعوی"), before)
		next := i + 1 // the place of what follows, an ain aside
		if after == 'ع' {
			next++
		}
		glide := at(next) == 'ا' || at(next) == 'ہ' && next == last // Zia, Safia, Rafia
		switch {
		case (c == 'ا' || c == 'ع') && i == 0:
			rs = hear(rs, option{"", arabicFirst(c, after)})
		case c == 'ا':
			rs = hear(rs, option{"", longA})
		case c == 'ع' && afterCons && i == last: // Jame
			rs = hear(rs, option{"", anyA | shortI})
		case c == 'ع' && afterCons: // Saad, Muazzam
			rs = hear(rs, option{"", anyA | shortI | shortU})
		case c == 'ع':
		case c == 'و' && before == 'خ' && after == 'ا': // Khwaja, Khaja
			rs = hear(rs, option{"w", unwritten}, option{"", 0})
		case c == 'و' && (i == 0 || after == 'ا'):
			rs = hear(rs, option{"w", unwritten})
		case c == 'و' && after == 'ہ' && i+1 == last: // Kaveh, Koh
			rs = hear(rs, option{"", longU}, option{"w", anyA | shortI})
		case c == 'و':
			rs = hear(rs, option{"", longU}, option{"w", unwritten})
		case c == 'ی' && (i == 0 || glide):
			rs = hear(rs, option{"y", unwritten})
		case c == 'ی' && after == 'ی':
		case c == 'ی' && i == last:
			rs = hear(rs, option{"", longI})
		case c == 'ی':
			rs = hear(rs, option{"", longI}, option{"y", unwritten})
		case (c == 'ہ' || c == 'ح') && i == last && i > 0: // Fatima, Saleh; Shah
			if afterCons || before == 'ی' {
				rs = hear(rs, option{"", map[rune]vowels{'ہ': anyA, 'ح': anyA | anyI}[c]})
			}
		case c == 'ھ' && slices.Contains(aspirated, before):
		case c == 'ھ' && slices.Contains(seldom, before):
			rs = hear(rs, option{"", 0}, option{"h", unwritten})
		case c == 'ں' && i == last:
			rs = hear(rs, option{"n", unwritten}, option{"", 0})
		default:
			group := arabicCons[c]
			if pair := arabicPairs[string([]rune{c, after})]; pair != nil && i+1 < last {
				group, i = pair, i+1
			}
			var options []option
			for _, cons := range group {
				options = append(options, option{cons, unwritten})
			}
			if options != nil {
				rs = hear(rs, options...)
			}
		}
	}
	for _, r := range rs {
		if end := &r.gaps[len(r.cons)]; *end == unwritten {
			*end = silent // a short vowel at the end is not spoken in names
		}
	}
	return rs
}

// arabicFirst gives the vowels that a word may begin with.
func arabicFirst(c, after rune) vowels {
	switch {
	case after == 'ا':
		return anyA
	case after == 'ی':
		return anyI | anyA
	case after == 'و':
		return anyU | anyA
	}
	return anyA | shortI | shortU
}
