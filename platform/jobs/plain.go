package jobs

import "regexp"

// longestText bounds what is stored of an error or a note.
const longestText = 500

var (
	quoted  = regexp.MustCompile("\"[^\"]*\"|`[^`]*`|“[^”]*”")
	single  = regexp.MustCompile(`(^|[\s(:=])'[^']*'`) // but not the apostrophes of "it isn't the user's"
	numbers = regexp.MustCompile(`[0-9][0-9 ()./-]{5,}[0-9]`)
	mail    = regexp.MustCompile(`[^\s@]+@[^\s@]+`)
)

// plain takes out of an error what might be an identity value: errors of Go quote the
// value they could not read, and that value may be a name or a telephone number.
func plain(s string) string {
	s = quoted.ReplaceAllString(s, `"…"`)
	s = single.ReplaceAllString(s, `$1"…"`)
	s = mail.ReplaceAllString(s, "…")
	s = numbers.ReplaceAllString(s, "…")
	if r := []rune(s); len(r) > longestText {
		s = string(r[:longestText-1]) + "…"
	}
	return s
}
