package ids

import (
	"errors"
	"time"

	"github.com/google/uuid"
)

// Errors of [Parse] and [Time]. They never repeat what was typed, because people paste names into the
// wrong box and errors are logged.
var (
	ErrNotID   = errors.New("this is not an id: an id has 32 hexadecimal digits in groups of 8-4-4-4-12")
	ErrNoTime  = errors.New("this id does not hold the time at which it was made: only version 7 does")
	errIDEmpty = errors.New("this id is all zeros or all ones, which stands for no record")
)

// New gives an id that was never given before: a UUID version 7 (RFC 9562, section 5.7) in its usual text
// form, 36 characters in lower case. Ids made by one process rise strictly as text, even when the clock
// goes back; 62 of their bits come from crypto/rand. Safe for concurrent use.
func New() string {
	return uuid.Must(uuid.NewV7()).String() // fails only without a source of chance, and then Go stops first
}

// Parse checks an id that came from outside and gives it in the form of [New]. It takes any version, for
// phones make version 4, but only the plain 36 characters: no braces, no "urn:uuid:".
func Parse(s string) (string, error) {
	if len(s) != 36 {
		return "", ErrNotID
	}
	u, err := uuid.Parse(s)
	if err != nil {
		return "", ErrNotID
	}
	if u == uuid.Nil || u == uuid.Max {
		return "", errIDEmpty
	}
	return u.String(), nil
}

// Time gives the moment, to the millisecond and in UTC, at which a version 7 id was made.
func Time(id string) (time.Time, error) {
	s, err := Parse(id)
	if err != nil {
		return time.Time{}, err
	}
	u := uuid.MustParse(s)
	if u.Version() != 7 {
		return time.Time{}, ErrNoTime
	}
	ms := int64(0)
	for _, b := range u[:6] {
		ms = ms<<8 | int64(b)
	}
	return time.UnixMilli(ms).UTC(), nil
}
