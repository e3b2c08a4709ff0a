package central

import (
	"net/url"
	"strings"
)

// route is one address: a method, a pattern below /v1/, and what answers.
//
// A segment of a pattern is a word, or {name} with text before or after it ({form}.svc), which
// matches what is not empty. {name...} at the end takes the rest of the address, undecoded.
// Among the routes that match, the first of the table answers.
type route struct {
	method, pattern string
	answer          func(*call) error
	open            bool // needs nobody signed in
}

type piece struct {
	before, name, after string
	rest                bool
}

// pieces takes a pattern apart.
func pieces(pattern string) []piece {
	var out []piece
	for _, s := range strings.Split(pattern, "/") {
		before, tail, found := strings.Cut(s, "{")
		if !found {
			out = append(out, piece{before: s})
			continue
		}
		name, after, _ := strings.Cut(tail, "}")
		rest := strings.HasSuffix(name, "...")
		out = append(out, piece{before, strings.TrimSuffix(name, "..."), after, rest})
	}
	return out
}

// match gives the parameters of an address below /v1/; nil when the pattern is another one.
// Segments are decoded one by one, so that an id may hold a slash.
func match(pattern []piece, path string) map[string]string {
	out := map[string]string{}
	segments := strings.Split(path, "/")
	for i, p := range pattern {
		if p.rest {
			if i >= len(segments) {
				return nil
			}
			out[p.name] = strings.Join(segments[i:], "/")
			return out
		}
		if i >= len(segments) {
			return nil
		}
		s, err := url.PathUnescape(segments[i])
		if err != nil {
			return nil
		}
		if p.name == "" {
			if s != p.before {
				return nil
			}
			continue
		}
		if len(s) <= len(p.before)+len(p.after) || !strings.HasPrefix(s, p.before) || !strings.HasSuffix(s, p.after) {
			return nil
		}
		out[p.name] = s[len(p.before) : len(s)-len(p.after)]
	}
	if len(segments) != len(pattern) {
		return nil
	}
	return out
}
