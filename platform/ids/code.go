package ids

import (
	"crypto/rand"
	"errors"
	"fmt"
	"strings"
	"unicode"
)

// Code is a case code in the one form that is stored and shown: XXXX-XXXX-C. Codes that come from outside
// become one through [ParseCode].
type Code string

const (
	alphabet = "0123456789ABCDEFGHJKMNPQRSTVWXYZ" // Crockford: a symbol's place is its value
	payload  = 8                                  // symbols that carry chance: 40 bits
	length   = payload + 1                        // and one that checks them
)

// Errors of [ParseCode] and [NewCodeUnless].
var (
	ErrCodeLength = fmt.Errorf("a case code has %d symbols; some are missing or too many", length)
	ErrCodeSymbol = errors.New("a case code has only digits and letters, and never the letter U (it may be a V)")
	ErrCodeCheck  = errors.New("this case code was misread or mistyped somewhere: please compare it symbol by symbol")
	ErrCodesTaken = errors.New("no free case code was found; the store says that each one offered is taken")
)

// NewCode draws a code by chance from crypto/rand. Two kinds are thrown back: those with three equal
// symbols running, because "seven seven seven" is miscounted on a telephone, and those with three letters
// running of which one is or looks like a vowel (A, E, 0, 1), because a code is printed on a person's
// card and must not spell a word.
func NewCode() Code {
	for {
		var draw [payload]byte
		rand.Read(draw[:]) // never fails (crypto/rand since Go 1.24)
		var v [length]byte
		for i, b := range draw {
			v[i] = b & 31
		}
		v[payload] = checkOf(v[:payload])
		if fit(v[:]) {
			return format(v[:])
		}
	}
}

// NewCodeUnless draws codes until taken says that one is free, at most 20 times. An error of taken ends it.
func NewCodeUnless(taken func(Code) (bool, error)) (Code, error) {
	for range 20 {
		c := NewCode()
		used, err := taken(c)
		if err != nil {
			return "", fmt.Errorf("asking whether a case code is taken: %w", err)
		}
		if !used {
			return c, nil
		}
	}
	return "", ErrCodesTaken
}

// ParseCode reads a code as a person wrote or said it and checks it.
func ParseCode(s string) (Code, error) {
	v := make([]byte, 0, length)
	for _, r := range s {
		if unicode.In(r, unicode.Z, unicode.Dash, unicode.Cc, unicode.Cf) || strings.ContainsRune("._/", r) {
			continue
		}
		d, ok := value(r)
		if !ok {
			return "", ErrCodeSymbol
		}
		if len(v) == length {
			return "", ErrCodeLength
		}
		v = append(v, d)
	}
	if len(v) != length {
		return "", ErrCodeLength
	}
	if weigh(v) != 0 {
		return "", ErrCodeCheck
	}
	return format(v), nil
}

func (c Code) String() string { return string(c) }

// value is the number that a symbol stands for.
func value(r rune) (byte, bool) {
	for _, zero := range []rune{'٠', '۰', '০', '０'} { // Arabic, Persian and Urdu, Bengali, full width
		if r >= zero && r <= zero+9 {
			return byte(r - zero), true
		}
	}
	r = unicode.ToUpper(r)
	switch r {
	case 'O':
		return 0, true
	case 'I', 'L', 'ı', 'İ':
		return 1, true
	}
	i := strings.IndexRune(alphabet, r)
	return byte(i), i >= 0
}

func format(v []byte) Code {
	var b strings.Builder
	for i, d := range v {
		if i > 0 && i%4 == 0 {
			b.WriteByte('-')
		}
		b.WriteByte(alphabet[d])
	}
	return Code(b.String())
}

// fit says whether a code is fit to be given out; see [NewCode].
func fit(v []byte) bool {
	letters, vowels, same := 0, 0, 1
	for i, d := range v {
		s := alphabet[d]
		switch {
		case s >= '2' && s <= '9':
			letters, vowels = 0, 0
		case strings.IndexByte("AE01", s) >= 0:
			letters, vowels = letters+1, vowels+1
		default:
			letters++
		}
		if i > 0 && d == v[i-1] {
			same++
		} else {
			same = 1
		}
		if letters >= 3 && vowels > 0 || same >= 3 {
			return false
		}
	}
	return true
}

// powers and logs of the generator x of GF(32) = GF(2)[x] / (x^5 + x^2 + 1).
var powers, logs = func() (p [31]byte, l [32]byte) {
	x := 1
	for i := range p {
		p[i], l[x] = byte(x), byte(i)
		if x <<= 1; x > 31 {
			x ^= 0b100101
		}
	}
	return
}()

// weigh adds the symbols, the i-th times x^i; a sound code weighs 0. Because the weights of two places
// always differ, one changed symbol or one swap of two unequal symbols cannot leave the sum as it was.
func weigh(v []byte) byte {
	sum := byte(0)
	for i, d := range v {
		if d != 0 {
			sum ^= powers[(int(logs[d])+i)%31]
		}
	}
	return sum
}

// checkOf gives the symbol that makes v, with it added at the end, weigh 0.
func checkOf(v []byte) byte {
	sum := weigh(v)
	if sum == 0 {
		return 0
	}
	return powers[(int(logs[sum])+31-len(v))%31]
}
