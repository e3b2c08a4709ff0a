package names

import (
	_ "embed"
	"regexp"
	"slices"
	"strings"
	"unicode/utf8"
)

//go:embed words.tsv
var wordsTSV string

// words holds words.tsv as kind -> folded word -> value.
var words = readWords(wordsTSV)

func readWords(tsv string) map[string]map[string]string {
	m := map[string]map[string]string{}
	for line := range strings.Lines(tsv) {
		if strings.HasPrefix(line, "#") || strings.TrimSpace(line) == "" {
			continue
		}
		f := append(strings.Split(strings.TrimSpace(line), "\t"), "")
		if m[f[0]] == nil {
			m[f[0]] = map[string]string{}
		}
		m[f[0]][fold(f[1])] = f[2]
	}
	return m
}

func is(kind, w string) bool { _, ok := words[kind][w]; return ok }

// tokens gives the folded words of a name with titles dropped and abbreviations spelt out. A name that
// holds nothing but titles keeps them.
func tokens(s string) []string {
	all := strings.Fields(fold(s))
	kept := slices.DeleteFunc(slices.Clone(all), func(w string) bool { return is("title", w) })
	if len(kept) == 0 {
		return all
	}
	behind := slices.DeleteFunc(slices.Clone(kept[1:]), func(w string) bool { return is("after", w) })
	kept = append(kept[:1], behind...)
	for i := 0; i < len(kept); i++ {
		if long, ok := words["expand"][kept[i]]; ok {
			kept[i] = fold(long)
		} else if i+1 < len(kept) {
			if one, ok := words["expand"][kept[i]+" "+kept[i+1]]; ok {
				kept = slices.Replace(kept, i, i+2, fold(one))
			}
		}
	}
	return kept
}

// Longer words and names are cut before they are heard, so that no text, however odd, takes long.
const (
	maxLetters = 24
	maxParts   = 12
)

// word is one part of a name.
type word struct {
	text     string // folded, without article; Bengali in Latin letters
	joined   bool   // makes one name with the word before it: Abd + Rahman
	affix    bool   // half a name: Abd, Allah
	light    bool   // says little: Muhammad, Khan, and every affix
	initial  bool   // a single Latin letter
	readings []reading
	uncut    []reading // with its last letters, which may have been no article: Mansur Rahman
}

var (
	abdAlone = regexp.MustCompile(`^(?:[ae]bo?d+(?:[ueoa]{1,2}(?:l|r|s|sh|n|d|t|z)?)?|عبد)$`)
	abdFused = regexp.MustCompile(`^[ae]bo?d(?:u|o|e|a|ou|oo)([lrsndtz])(.{2,})$`)
	// An article at the end of a word (Shamsul Haq), or one that took the sound of what follows it (Habibur Rahman).
	endsInUl  = regexp.MustCompile(`^(.{3,})ul$`)
	endsInSun = regexp.MustCompile(`^(.{3,})u([rsndtz])$`)
)

// split finds the words of a name, and which of them make one compound name. Compounds are written
// together or apart, with the article in full, worn down or left out; here the article always goes.
func split(toks []string) []word {
	toks = toks[:min(len(toks), maxParts)]
	var out []word
	join := false // the next word belongs to the last
	add := func(w, token string) {
		if letters := []rune(w); len(letters) > maxLetters {
			w = string(letters[:maxLetters])
		}
		n := word{text: w, joined: join && len(out) > 0, affix: is("affix", w), readings: read(w)}
		n.light = n.affix || is("light", w) || is("light", token)
		n.initial = len(w) == 1 && w[0] >= 'a' && w[0] <= 'z'
		out, join = append(out, n), false
	}
	for i, token := range toks {
		w, inside, last := romaniseBengali(token), len(out) > 0, i == len(toks)-1
		switch rest, withArticle := strings.CutPrefix(w, "ال"); {
		case is("article", w) && len(toks) > 1 && !(last && !inside):
			join = inside && !last
		case is("link", w) && inside && !last:
		case is("suffix", w) && inside:
			join = true
			add(words["suffix"][w], token)
		case abdAlone.MatchString(w) && !last:
			add("abd", token)
			join = true
		case withArticle && inside && utf8.RuneCountInString(rest) > 1 && !is("whole", w):
			join = true
			add(rest, token)
		case last || is("whole", w):
			addHalves(add, &join, w, token)
		default:
			cut := endsInUl.FindStringSubmatch(w)
			if m := endsInSun.FindStringSubmatch(w); m != nil && strings.HasPrefix(romaniseBengali(toks[i+1]), m[2]) {
				cut = m
			}
			if cut == nil {
				addHalves(add, &join, w, token)
				continue
			}
			add(cut[1], token)
			out[len(out)-1].uncut = read(w)
			join = true
		}
	}
	return out
}

// addHalves adds w, in two halves if it is a compound written as one word.
func addHalves(add func(w, token string), join *bool, w, token string) {
	first, second, ok := halves(w)
	if !ok {
		add(w, token)
		return
	}
	add(first, token)
	*join = true
	add(second, token)
}

// halves parts a word that holds an article: Abdurrahman, عبدالرحمن, ضیاالحق.
func halves(w string) (first, second string, ok bool) {
	if m := abdFused.FindStringSubmatch(w); m != nil {
		if m[1] != "l" && !strings.HasPrefix(m[2], m[1]) {
			m[2] = m[1] + m[2] // the article's sound and the name's, written once: Abdu(r)rahman
		}
		return "abd", m[2], true
	}
	if is("sounds", w) {
		return "", "", false
	}
	if rest, found := strings.CutPrefix(w, "عبدال"); found && utf8.RuneCountInString(rest) > 1 {
		return "abd", rest, true
	}
	for second := range words["second"] {
		if head, found := strings.CutSuffix(w, "ال"+second); found && utf8.RuneCountInString(head) > 1 {
			return head, second, true
		}
	}
	return "", "", false
}
