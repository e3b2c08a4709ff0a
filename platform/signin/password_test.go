package signin

import (
	"errors"
	"strings"
	"testing"
)

func TestStrength(t *testing.T) {
	for password, want := range map[string]string{
		"short":                          "short",
		"elevenchars":                    "short",
		"خفیہ":                           "short",
		strings.Repeat("abcdefgx ", 200): "long",
		"password1234":                   "common",
		"Password1234!":                  "common",
		"P@ssw0rd2026":                   "common",
		"qwertyuiop12":                   "common",
		"123456789012":                   "common",
		"839201748302":                   "common",
		"aaaaaaaaaaaa":                   "common",
		"pakistan-zindabad-1947":         "common",
		"Welcome2Quetta!":                "common",
		"nadia.test.nadia":               "common",
		"Nadia2026nadia":                 "common",
		"seven lanterns over the river":  "",
		"correct horse battery staple":   "",
		"x7#kQ92!mZ4$":                   "",
		"سات چراغ دریا کے اوپر":          "",
		"tujuh pelita di atas sungai":    "",
	} {
		err := checkStrength(password, "nadia.test", "Nadia Invented")
		var weak *Weak
		got := ""
		if errors.As(err, &weak) {
			got = weak.Reason
			if weak.Error() == "" {
				t.Errorf("%s has no words", got)
			}
		}
		if got != want {
			t.Errorf("%q is %q, want %q", password, got, want)
		}
	}
}

func TestTheSameLettersAreTheSamePassword(t *testing.T) {
	b := newBenchSQLite(t)
	// é as one code point and as two.
	hash, err := b.HashPassword(ctx, "caf\u00e9 under seven lanterns")
	b.want(err, nil)
	if ok, _, err := b.verify(ctx, hash, "cafe\u0301 under seven lanterns"); !ok || err != nil {
		t.Error("a password typed on another keyboard is another password", err)
	}
}

func FuzzParseHash(f *testing.F) {
	good, _ := current.hash(password, random(saltBytes))
	f.Add(good)
	f.Add("$argon2id$v=19$m=4294967295,t=4294967295,p=255$AAAAAAAAAAA$AAAAAAAAAAAAAAAAAAAAAA")
	f.Add("$argon2id$v=19$m=-1,t=0,p=0$$")
	f.Fuzz(func(t *testing.T, s string) {
		p, salt, sum, err := parseHash(s)
		if err != nil {
			return
		}
		if p.memory > memoryMost || p.passes == 0 || p.threads == 0 || len(salt) == 0 || len(sum) == 0 {
			t.Errorf("%+v is taken", p)
		}
	})
}

func FuzzClean(f *testing.F) {
	f.Add("۱۲۳ ۴۵۶")
	f.Add("K7D2M-9xq4t")
	f.Fuzz(func(t *testing.T, s string) {
		c := clean(s)
		if len(c) > len(s) || clean(c) != c {
			t.Errorf("%q becomes %q, then %q", s, c, clean(c))
		}
	})
}

func TestClean(t *testing.T) {
	for in, want := range map[string]string{"123 456": "123456", "۱۲۳۴۵۶": "123456", "٠١٢٣٤٥": "012345", "K7D2M-OXQ4L": "k7d2m0xq41", "12é": "12?"} {
		if got := clean(in); got != want {
			t.Errorf("%q becomes %q, want %q", in, got, want)
		}
	}
}
