// Package names links the spellings of people's names as they are written in Pakistan, Afghanistan, Iran,
// Bangladesh and Indonesia: in Urdu, Pashto, Dari, Persian, Sindhi and Arabic letters, in Bengali letters,
// and in Latin letters as every office, passport and carrier spells them.
//
//	names.Normalize("Mst. Fatima BIBI")              // fatima bibi
//	names.Keys("Abdul Rehman"), names.Keys("عبدالرحمٰن") // share keys
//	names.Similarity("Muhammad Imran", "محمد عمران")   // 0.96
//
// The package is pure: text in, text and numbers out, no storage, no network, no other part of Aman, so any
// Go program can import it. It knows names, not people: two people often share one, and one person may
// give two. What a likeness of names is worth, next to age and place, package match works out.
//
// # How it hears a name
//
// Arabic letters leave out short vowels, and Latin spelling of one name varies most in its vowels. So a word
// is heard as consonants with, between them, the set of vowels that may be there (type reading). Letters that
// are one sound in the region are one consonant (ث س ص; ذ ز ض ظ; ق ک, q k); letters that are not stay
// apart (kh and k, g and k, sh and s). What can be heard in two ways (و and ی, th, dh, gh, ph) gives two
// readings. The tables are in latin.go, arabic.go and bengali.go; words that need more than letters, such
// as titles, articles and عمر, are in words.tsv. They hold common
// knowledge of the alphabets and of how names are spelt in offices; they follow no published romanization.
//
// Compounds with the Arabic article are one name however they are spaced: Abdul Rehman, Abdur-Rahman,
// Abdurrahman, عبد الرحمن; Shams ul Haq, Shamsul Haque, شمس الحق.
//
// # How well it does
//
// The tests print it. On testdata/pairs.tsv, which the rules were made with, all of 347 pairs of spellings
// share a key, and 1 of 192 pairs of different names, chosen to be near, does. Two lists show what to
// expect of names the rules had not seen; these are the counts of the first try, the rules then learnt from both:
//
//   - testdata/heldout.tsv, Arabic against Latin letters: 88 of 99 names share a key (7 of the 11 misses are
//     grammatical forms that are not given as names), and 10 of 9,702 pairs of different names (8 of the 10
//     have a word in common).
//   - The first names of the MIT-licensed package persian-names 1.5.1, which lists them in both scripts but
//     not side by side: 655 of 667 Persian names met a Latin one, 1.2 on average.
//
// # What it cannot do
//
//   - Keys hold the vowels at the ends of a word only, and before the last consonant for a dozen very common
//     skeletons. Saifullah and Safiullah, Umar and Omair may meet; the similarity tells them apart, if anything does.
//   - In single words it does not hear a Bengali z written j in Latin letters (Mizan, Mijan). It never knows
//     nicknames, translations (Yusuf and Joseph) or a name misheard: use the similarity, and other fields.
//   - Devanagari, Gurmukhi and Cyrillic are compared letter by letter only.
//   - Titles are dropped even where they are all that tells two people apart; bin, s/o and their like are dropped
//     and the parent's name stays as one more word.
//
// # Safety
//
// Keys say most of what the name says. Treat them as identity values: seal them, and between organisations
// share them only as package directory does. A [Name] prints as [name], so that none gets into a log by mistake.
package names
