package export

import (
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"
)

// reserved are names that Windows keeps for devices, with any ending.
var reserved = map[string]bool{
	"con": true, "prn": true, "aux": true, "nul": true, "com1": true, "com2": true, "com3": true, "com4": true, "com5": true, "com6": true,
	"com7": true, "com8": true, "com9": true, "lpt1": true, "lpt2": true, "lpt3": true, "lpt4": true, "lpt5": true, "lpt6": true, "lpt7": true, "lpt8": true, "lpt9": true,
}

// safe makes a file name of any text: no folders, nothing that Windows, macOS or Linux
// refuses, 200 bytes at most.
func safe(name string) string {
	var b strings.Builder
	for _, r := range name {
		if r < ' ' || r == 0x7f || r == utf8.RuneError || strings.ContainsRune(`/\?%*:|"<>`, r) || unicode.Is(unicode.Cf, r) {
			continue
		}
		b.WriteRune(r)
	}
	out := strings.Trim(b.String(), " .")
	stem, _, _ := strings.Cut(out, ".")
	if out == "" || reserved[strings.ToLower(stem)] {
		out = "file-" + out
	}
	if len(out) <= 200 {
		return out
	}
	ext := ""
	if i := strings.LastIndexByte(out, '.'); i >= 0 && len(out)-i <= 12 {
		out, ext = out[:i], out[i:]
	}
	cut := 200 - len(ext)
	for cut > 0 && !utf8.RuneStart(out[cut]) {
		cut--
	}
	return out[:cut] + ext
}

// SafeName makes a file name for a zip that is not there yet, whatever letters were sent;
// used remembers the names given, in small letters.
func SafeName(used map[string]bool, name string) string {
	name = safe(name)
	stem, ext := name, ""
	if i := strings.LastIndexByte(name, '.'); i > 0 {
		stem, ext = name[:i], name[i:]
	}
	out := name
	for i := 2; used[strings.ToLower(out)]; i++ {
		out = stem + "~" + strconv.Itoa(i) + ext
	}
	used[strings.ToLower(out)] = true
	return out
}

// Identifier makes a name that every OData program takes: Latin letters, digits and _, not a
// digit first. Each run of anything else becomes one _. Source: the behaviour of Central.
func Identifier(name string) string {
	letter := func(c byte) bool { return c == '_' || 'a' <= c|0x20 && c|0x20 <= 'z' }
	var b strings.Builder
	run := false
	for i := 0; i < len(name); i++ {
		c := name[i]
		if i == 0 && !letter(c) {
			b.WriteByte('_')
		}
		if ok := letter(c) || '0' <= c && c <= '9'; ok {
			b.WriteByte(c)
			run = false
		} else if !run {
			b.WriteByte('_')
			run = true
		}
	}
	return b.String()
}
