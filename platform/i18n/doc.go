// Package i18n gives texts in the languages of the program: English, Urdu (right to
// left) and Indonesian.
//
// A catalogue is YAML, each text beside its translations, so that a translator sees
// what stands next to it and a missing one shows:
//
//	case.open:   {en: Open a case, ur: کیس کھولیں, id: Buka kasus}
//	case.count:
//	  en: {one: "{n} case", other: "{n} cases"}
//	  ur: {one: "{n} کیس", other: "{n} کیس"}
//	  id: {other: "{n} kasus"}
//
// Words in braces are filled in by name: T(lang, "case.count", "n", 3). The plural form
// is chosen by the argument n, by the rules of Unicode CLDR.
//
// Load reports every text that misses a language or whose placeholders differ between
// languages; a program does not start with such a catalogue.
package i18n
