package names

import (
	"maps"
	"slices"
	"strings"
)

// The three kinds of key, by their first two characters.
const (
	WordKey  = "w:" // one word or compound, finely: first vowel, consonants, last vowel
	NameKey  = "n:" // the whole name, coarsely, whatever the order of its words
	FusedKey = "f:" // the whole name, finely, in order, whatever the spaces between its words
)

// Most keys of one kind for one word or name. Ordinary names stay far below (a test measures it).
const (
	maxWordKeys = 12
	maxNameKeys = 8
)

// Keys gives the blocking keys of a name, sorted, without repeats: two spellings of one name are meant to
// share one, two names to share none. Each begins with [WordKey], [NameKey] or [FusedKey]. Word keys link
// a full name to a part of it, but Muhammad's is shared by half of all men: whoever blocks on word keys
// leaves out those whose block is too large. A name with a letter has a word key and a name key.
func (n Name) Keys() []string {
	set := map[string]bool{}
	groups := n.compounds()
	var whole [][]string
	for _, group := range groups {
		joined := heard(group)
		ks := fine(joined, group)
		for k := range ks {
			set[WordKey+k] = true
		}
		for i, w := range group {
			if len(group) == 1 || w.affix {
				continue
			}
			for k := range fine(w.readings, group[i:i+1]) {
				set[WordKey+k] = true
			}
			if w.uncut != nil {
				for k := range fine(w.uncut, nil) {
					set[WordKey+k] = true
				}
			}
		}
		if len(groups) > 1 {
			ks = coarse(joined, group)
		}
		whole = append(whole, slices.Sorted(maps.Keys(ks)))
	}
	for _, ks := range product(whole) {
		slices.Sort(ks)
		set[NameKey+strings.Join(ks, " ")] = true
	}
	for k := range fused(groups) {
		set[FusedKey+k] = true
	}
	return slices.Sorted(maps.Keys(set))
}

// compounds groups the words that make one name together. Initials are left out unless there is nothing else.
func (n Name) compounds() [][]word {
	onlyInitials := !slices.ContainsFunc(n.words, func(w word) bool { return !w.initial })
	var groups [][]word
	for _, w := range n.words {
		switch {
		case w.initial && !onlyInitials:
		case w.joined && len(groups) > 0:
			groups[len(groups)-1] = append(groups[len(groups)-1], w)
		default:
			groups = append(groups, []word{w})
		}
	}
	return groups
}

// heard gives the readings of words spoken as one.
func heard(group []word) []reading {
	var rs []reading
	for i, w := range group {
		if i == 0 {
			rs = w.readings
		} else {
			rs = concat(rs, w.readings)
		}
	}
	return rs
}

// fusedLeast is the length from which a fused key says enough; shorter words are written as one anyway.
const fusedLeast = 4

// fused writes the whole name as one word: its first vowel's class, the consonants of every word without the
// h inside, which comes and goes where words meet (Shah Nawaz, Shahnawaz), and the last vowel's class. With
// that much to go by, kh may be k (Rukhsana, Ruksana).
func fused(groups [][]word) map[string]bool {
	set := map[string]bool{}
	for _, r := range heard(slices.Concat(groups...)) {
		body := single(strings.ReplaceAll(r.cons, "x", "k"))
		if body != "" {
			body = body[:1] + strings.ReplaceAll(body[1:], "h", "")
		}
		for _, first := range classes(r.gaps[0]) {
			for _, last := range classes(r.gaps[len(r.cons)]) {
				if len(first+body) >= fusedLeast && len(set) < maxWordKeys {
					set[first+body+last] = true
				}
			}
		}
	}
	return set
}

// unread stands in for keys where a word's script is not known: the word itself.
func unread(group []word) map[string]bool {
	k := "="
	for _, w := range group {
		k += w.text
	}
	return map[string]bool{k: true}
}

// fine writes readings with the class of the first and the last vowel, which even careless spelling keeps
// (Hamid and Hamida, Umar and Amir), and without the others, which it does not.
func fine(rs []reading, group []word) map[string]bool {
	if len(rs) == 0 {
		return unread(group)
	}
	set := map[string]bool{}
	for _, r := range rs {
		n := len(r.cons)
		inner, lasts := []string{""}, []string{""}
		if n > 0 {
			lasts = classes(r.gaps[n])
		}
		if v := classes(r.gaps[max(0, n-1)] &^ silent); parted[r.cons] && v != nil {
			inner = v
		}
		for _, first := range classes(r.gaps[0]) {
			for _, last := range lasts {
				for _, v := range inner {
					if len(set) < maxWordKeys {
						set[first+r.cons+last+strings.ToUpper(v)] = true
					}
				}
			}
		}
	}
	return set
}

// parted are consonants shared by very common names that only the vowel before the last consonant tells
// apart, such as Muhammad and Mahmood, Hasan and Hussain, Jamal and Jamil. Its class goes to the end of the
// key, as a capital.
var parted = map[string]bool{
	"mhmd": true, "hsn": true, "jml": true, "kml": true, "slm": true, "krm": true, "hmd": true, "nsr": true,
	"rhm": true, "hkm": true, "bSr": true, "rSd": true, "nzr": true, "Skr": true, "mnr": true, "smr": true,
}

// classes names the vowels in a gap at either end of a word.
func classes(v vowels) []string {
	var cs []string
	for _, c := range []struct {
		set  vowels
		name string
	}{{anyA, "a"}, {anyI, "i"}, {anyU, "u"}, {silent, ""}} {
		if v&c.set != 0 {
			cs = append(cs, c.name)
		}
	}
	return cs
}

// merged are consonants that spellings mix up across languages: too coarse for one short word, but two or
// three words together still say a lot.
var (
	merged  = strings.NewReplacer("p", "f", "j", "z", "g", "k", "x", "k")
	noGlide = strings.NewReplacer("w", "", "y", "")
)

// coarse writes readings with merged consonants, without w and y, which may be vowels, except in front, and
// with no more than the fact of a first or last vowel.
func coarse(rs []reading, group []word) map[string]bool {
	if len(rs) == 0 {
		return unread(group)
	}
	set := map[string]bool{}
	for _, r := range rs {
		k := noGlide.Replace(merged.Replace(r.cons))
		if r.gaps[0]&silent == 0 {
			k = "a" + k
		} else if r.cons[0] == 'w' || r.cons[0] == 'y' {
			k = r.cons[:1] + k
		}
		if r.cons != "" && r.gaps[len(r.cons)]&silent == 0 {
			k += "a"
		}
		set[k] = true
	}
	return set
}

// product picks one of each in every way, up to maxNameKeys ways.
func product(sets [][]string) [][]string {
	out := [][]string{nil}
	for _, set := range sets {
		var next [][]string
		for _, k := range set {
			for _, head := range out {
				next = append(next, append(slices.Clone(head), k))
			}
		}
		out = next[:min(len(next), maxNameKeys)]
	}
	if len(sets) == 0 {
		return nil
	}
	return out
}
