package audit

import (
	"encoding/binary"
	"encoding/json"
	"fmt"
	"hash"
	"regexp"
	"time"

	"aman/platform/store"
)

// Entry is one act of somebody, or one refusal. None of its fields may hold a name, a
// telephone number or any other identity value; Append refuses what looks like one.
type Entry struct {
	Seq      int64     // 1, 2, 3 …; given by Append
	At       time.Time // to the microsecond, UTC; zero means now
	Actor    string    // user id, device id, or "system"; empty before sign-in
	Org      string    // organisation id of the actor
	Action   string    // what was done: a code with dots, "case.open", "vault.unseal"
	Outcome  string    // OK, Refused or Failed
	Register string    // register of the object; may be empty
	Object   string    // id of the row, submission, user …; may be empty
	Case     string    // id of the case it belongs to; may be empty
	Detail   map[string]string
}

// Outcomes of an act.
const (
	OK      = "ok"
	Refused = "refused"
	Failed  = "failed"
)

// shape is what a value of an entry must look like.
type shape int

const (
	code    shape = iota // a word of the program or of a pack: lower case, dots, dashes
	id                   // a UUID, a hash, a case code, an id from a pack
	version              // of a form or a pack; authors often use the date and a counter
	count                // a number below ten million
	date                 // 2026-11-24 or an RFC 3339 time
)

var shapes = [...]*regexp.Regexp{
	code:    regexp.MustCompile(`^[a-z][a-z0-9._/-]*$`),
	id:      regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9._:/-]*$`),
	version: regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9._-]{0,30}$`),
	count:   regexp.MustCompile(`^-?[0-9]{1,7}(\.[0-9]{1,4})?$`),
	date:    regexp.MustCompile(`^[0-9]{4}-[0-9]{2}-[0-9]{2}(T[0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]{1,6})?Z)?$`),
}

var (
	// Telephone numbers have 8 digits and more, identity cards 13. What is made by chance may
	// look like one: UUIDs, hashes, case codes.
	longNumber = regexp.MustCompile(`[0-9][0-9.-]{6,}[0-9]`)
	opaque     = regexp.MustCompile(`^(uuid:)?([0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}|[0-9a-f]{32}|[0-9a-f]{40}|[0-9a-f]{64}|[0-9A-Z]{4}-[0-9A-Z]{4}-[0-9A-Z])$`)
)

// longest bounds every value: no story fits.
const longest = 80

// details are the keys that Detail may have, and what may stand there. There is no
// key for free text, on purpose.
var details = map[string]shape{
	"changed":    code, // a property
	"channel":    code,
	"consent":    id,
	"count":      count,
	"decision":   code,
	"device":     id,
	"entities":   count,
	"epoch":      count,
	"expires":    date,
	"finding":    code,
	"form":       id,
	"format":     code,
	"from":       code, // a state
	"group":      code, // a group of properties
	"hash":       id,
	"hits":       count,
	"job":        id,
	"kind":       code,
	"language":   code,
	"list":       count, // the number of an entity list: its name could be any word
	"method":     code,  // of sign-in
	"of":         id,    // the record that this one is about
	"office":     id,
	"page":       code,
	"person":     id,
	"property":   code,
	"purpose":    code,
	"reason":     code, // a code of a list; the words stand in the record, sealed
	"receiver":   id,   // an organisation
	"referral":   id,
	"release":    id,
	"role":       code,
	"rule":       id,
	"session":    id,
	"share":      id,
	"size":       count,
	"standard":   code,
	"state":      code,
	"submission": id,
	"team":       id, // a user
	"to":         code,
	"token":      id, // the id of a device token, never the token
	"until":      date,
	"user":       id,
	"version":    version,
	"why":        code,
}

func fits(s string, sh shape) bool {
	if len(s) > longest || !shapes[sh].MatchString(s) {
		return false
	}
	return sh > id || opaque.MatchString(s) || !longNumber.MatchString(s)
}

// check refuses an entry that could carry an identity value. It names the field and
// never repeats the value.
func (e *Entry) check() error {
	if e.Outcome != OK && e.Outcome != Refused && e.Outcome != Failed {
		return fmt.Errorf("an audit entry has the outcome ok, refused or failed, nothing else")
	}
	if !fits(e.Action, code) {
		return fmt.Errorf("the action of an audit entry must be a code such as case.open")
	}
	for _, f := range []struct {
		name, value string
		shape       shape
	}{{"actor", e.Actor, id}, {"org", e.Org, id}, {"register", e.Register, code}, {"object", e.Object, id}, {"case", e.Case, id}} {
		if f.value != "" && !fits(f.value, f.shape) {
			return fmt.Errorf("the %s of the audit entry %s does not look like an id", f.name, e.Action)
		}
	}
	for k, v := range e.Detail {
		if v == "" {
			continue
		}
		sh, ok := details[k]
		if !ok {
			return fmt.Errorf("the audit entry %s has a detail that is not on the list (%d letters)", e.Action, len(k))
		}
		if !fits(v, sh) {
			return fmt.Errorf("the detail %q of the audit entry %s does not look like the code, id, number or date that belongs there", k, e.Action)
		}
	}
	return nil
}

// detail is the stored form: JSON with sorted keys, without empty values; empty without any.
func (e *Entry) detail() (string, error) {
	kept := map[string]string{}
	for k, v := range e.Detail {
		if v != "" {
			kept[k] = v
		}
	}
	if len(kept) == 0 {
		return "", nil
	}
	b, err := json.Marshal(kept)
	return string(b), err
}

const hashLen = 32

// encode writes an entry so that no two differ only in where one field ends: the
// hash before it, sequence number and time as 8 bytes, and each text after its length.
func encode(h hash.Hash, buf, prev []byte, seq, at int64, texts ...[]byte) []byte {
	buf = append(buf[:0], prev...)
	buf = binary.BigEndian.AppendUint64(buf, uint64(seq))
	buf = binary.BigEndian.AppendUint64(buf, uint64(at))
	for _, t := range texts {
		buf = binary.BigEndian.AppendUint32(buf, uint32(len(t)))
		buf = append(buf, t...)
	}
	h.Reset()
	h.Write(buf)
	return buf
}

func (e *Entry) texts(detail string) [][]byte {
	var out [][]byte
	for _, s := range []string{e.Actor, e.Org, e.Action, e.Outcome, e.Register, e.Object, e.Case, detail} {
		out = append(out, []byte(s))
	}
	return out
}

func micros(t time.Time) int64 { return store.Micros(t) }
