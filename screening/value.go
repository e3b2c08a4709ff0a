package screening

import "fmt"

// Value is an answer. The zero value is NotAsked, so a fact nobody mentioned
// is not asked, never no.
type Value uint8

// The four answers. Unknown means asked, and not known.
const (
	NotAsked Value = iota
	Unknown
	No
	Yes
)

var valueNames = [...]string{NotAsked: "not_asked", Unknown: "unknown", No: "no", Yes: "yes"}

// String gives not_asked, unknown, no or yes: the form used in files and JSON.
func (v Value) String() string {
	if int(v) < len(valueNames) {
		return valueNames[v]
	}
	return fmt.Sprintf("value(%d)", uint8(v))
}

// Known tells whether the answer is yes or no.
func (v Value) Known() bool { return v == Yes || v == No }

// ParseValue reads not_asked, unknown, no or yes.
func ParseValue(s string) (Value, error) {
	for v, name := range valueNames {
		if s == name {
			return Value(v), nil
		}
	}
	return NotAsked, fmt.Errorf("%q is not an answer; use yes, no, unknown or not_asked", s)
}

// MarshalText writes the name of the answer.
func (v Value) MarshalText() ([]byte, error) {
	if int(v) >= len(valueNames) {
		return nil, fmt.Errorf("no such answer: %d", uint8(v))
	}
	return []byte(v.String()), nil
}

// UnmarshalText reads the name of an answer.
func (v *Value) UnmarshalText(b []byte) error {
	got, err := ParseValue(string(b))
	if err != nil {
		return err
	}
	*v = got
	return nil
}

// Not turns yes and no round and leaves the other two as they are.
func Not(v Value) Value {
	switch v {
	case Yes:
		return No
	case No:
		return Yes
	}
	return v
}

// AtLeast asks whether n or more of vs are yes. It is yes or no only when that
// holds however the open answers turn out (Kleene's strong logic, extended to
// counting). An open result is NotAsked while something can still be asked,
// and Unknown when everything was asked.
func AtLeast(n int, vs ...Value) Value {
	var count [4]int
	for _, v := range vs {
		count[v]++
	}
	return between(count[Yes] >= n, count[Yes]+count[Unknown]+count[NotAsked] >= n, count[NotAsked] > 0)
}

// All is yes when every one is yes; All() is yes.
func All(vs ...Value) Value { return AtLeast(len(vs), vs...) }

// Any is yes when one is yes; Any() is no.
func Any(vs ...Value) Value { return AtLeast(1, vs...) }

// between turns the result at the worst and at the best reading of the open
// answers into one value.
func between(worst, best, canAsk bool) Value {
	switch {
	case worst:
		return Yes
	case !best:
		return No
	case canAsk:
		return NotAsked
	}
	return Unknown
}
