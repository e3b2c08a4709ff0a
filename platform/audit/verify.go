package audit

import (
	"bytes"
	"cmp"
	"context"
	"crypto/ed25519"
	"crypto/sha256"
	"database/sql"
	"errors"
	"fmt"
	"slices"

	"aman/platform/store"
)

// What can be wrong with a log.
const (
	Changed    = "changed"    // an entry, or its hash, is not what was written
	Missing    = "missing"    // entries were dropped, at the end or before it
	Forged     = "forged"     // a checkpoint or the head is not signed by the key
	Unsigned   = "unsigned"   // a checkpoint or the head that must be there is not
	Rewritten  = "rewritten"  // entries agree with each other but not with a signed checkpoint
	Unexpected = "unexpected" // an entry that cannot be there: beyond the signed end
)

// Fault is the first thing found wrong, with the entry where it begins.
type Fault struct {
	Seq  int64
	Kind string
	Text string // a sentence
}

// Report is the outcome of Verify. Fault is nil when the log is whole.
type Report struct {
	Entries     int64
	Checkpoints int
	Head        Checkpoint
	Fault       *Fault
}

// Verify reads the whole log once and finds any entry that was changed, dropped,
// inserted or reordered, a cut end, and any forged or missing signature. The one
// thing it cannot find from the database alone is an old state put back whole, log
// and signed head together; anchors, checkpoints that were kept elsewhere, find that.
// progress, which may be nil, is told now and then how many of how many are read.
// The error is for a log that could not be read, not for one that is wrong.
func Verify(ctx context.Context, db *store.DB, pub ed25519.PublicKey, progress func(done, of int64), anchors ...Checkpoint) (rep Report, err error) {
	err = db.Read(ctx, func(tx *store.Tx) (err error) {
		rep, err = verify(tx, pub, progress, anchors)
		return err
	})
	return rep, err
}

func verify(tx *store.Tx, pub ed25519.PublicKey, progress func(done, of int64), anchors []Checkpoint) (Report, error) {
	v := verifier{pub: pub, progress: progress}
	if err := v.start(tx, anchors); err != nil {
		return v.rep, err
	}
	err := v.entries(tx)
	if err != nil && !errors.Is(err, errStop) {
		return v.rep, err
	}
	if err == nil {
		v.end()
	}
	v.finish()
	return v.rep, nil
}

var errStop = errors.New("a fault was found")

type verifier struct {
	pub      ed25519.PublicKey
	progress func(done, of int64)
	rep      Report
	fault    *Fault

	signedEnd bool
	points    []point // sorted by Seq
	next      int     // first of points not yet reached
	last      int64   // the entry before
	hash      []byte  // of it
}

// atTheEnd stands for the last entry until it is known.
const atTheEnd = 1 << 62

// point is a place where the chain must have a certain hash.
type point struct {
	Checkpoint
	what string
}

// note keeps the fault that begins first.
func (v *verifier) note(seq int64, kind, format string, args ...any) {
	if v.fault == nil || seq < v.fault.Seq {
		v.fault = &Fault{Seq: seq, Kind: kind, Text: fmt.Sprintf(format, args...)}
	}
}

// start reads and checks every signature, before the entries, so that points of the
// chain are known when the reader comes by.
func (v *verifier) start(tx *store.Tx, anchors []Checkpoint) error {
	v.hash = make([]byte, hashLen)
	var c Checkpoint
	var at int64
	err := tx.Row("SELECT seq, at, hash, key_id, signature FROM audit_head WHERE id = 1").Scan(&c.Seq, &at, &c.Hash, &c.KeyID, &c.Signature)
	c.At = store.Time(at)
	switch {
	case err == nil:
		v.rep.Head = c
		v.signedEnd = v.add(c, "the signed end of the log")
	case errors.Is(err, store.ErrNone):
		v.note(atTheEnd, Unsigned, "The signed end of the log is gone. (A log that was never written to has none either.)")
	default:
		return err
	}
	kept, err := store.All(tx, func(r *sql.Rows) (c Checkpoint, err error) {
		var at int64
		err = r.Scan(&c.Seq, &at, &c.Hash, &c.KeyID, &c.Signature)
		c.At = store.Time(at)
		return c, err
	}, "SELECT seq, at, hash, key_id, signature FROM audit_checkpoints ORDER BY seq")
	if err != nil {
		return err
	}
	v.rep.Checkpoints = len(kept)
	expect := checkpointEvery
	missing := func(before int64) {
		if expect < before {
			v.note(expect, Unsigned, "The checkpoint at entry %d is gone.", expect)
		}
	}
	for _, c := range kept {
		missing(c.Seq)
		expect = c.Seq - c.Seq%checkpointEvery + checkpointEvery
		v.add(c, "the checkpoint")
	}
	if v.signedEnd {
		missing(v.rep.Head.Seq + 1)
	}
	for _, c := range anchors {
		v.add(c, "the checkpoint kept elsewhere")
	}
	slices.SortStableFunc(v.points, func(a, b point) int { return cmp.Compare(a.Seq, b.Seq) })
	return nil
}

func (v *verifier) add(c Checkpoint, what string) bool {
	if !c.Signed(v.pub) {
		v.note(c.Seq, Forged, "At entry %d, %s is not signed by the key of this log.", c.Seq, what)
		return false
	}
	v.points = append(v.points, point{c, what})
	return true
}

// entries reads the log once. The fields stay as the driver gave them: nothing is
// decoded, for what is verified are the bytes.
func (v *verifier) entries(tx *store.Tx) error {
	var seq, at int64
	var f [8]sql.RawBytes
	var hash sql.RawBytes
	dest := []any{&seq, &at, &f[0], &f[1], &f[2], &f[3], &f[4], &f[5], &f[6], &f[7], &hash}
	texts := make([][]byte, len(f))
	h := sha256.New()
	var buf []byte
	v.reach(0)
	return tx.Each(func(r *sql.Rows) error {
		if err := r.Scan(dest...); err != nil {
			return err
		}
		for i := range f {
			texts[i] = f[i]
		}
		switch {
		case seq <= v.last:
			v.note(seq, Unexpected, "Entry %d cannot be there: entries begin at 1.", seq)
			return errStop
		case seq != v.last+1:
			v.note(v.last+1, Missing, "Entry %d is gone; the next one there is %d.", v.last+1, seq)
			return errStop
		}
		buf = encode(h, buf, v.hash, seq, at, texts...)
		v.hash = h.Sum(v.hash[:0])
		if !bytes.Equal(v.hash, hash) {
			v.note(seq, Changed, "Entry %d is not what was written: it was changed, or the one before it was exchanged.", seq)
			return errStop
		}
		v.last = seq
		v.rep.Entries++
		if v.reach(seq); v.fault != nil && v.fault.Seq <= seq {
			return errStop
		}
		if v.progress != nil && seq%10_000 == 0 {
			v.progress(seq, v.rep.Head.Seq)
		}
		return nil
	}, "SELECT "+columns+", hash FROM audit ORDER BY seq")
}

// reach compares the chain with the signed points at this place.
func (v *verifier) reach(seq int64) {
	for v.next < len(v.points) && v.points[v.next].Seq <= seq {
		if p := v.points[v.next]; !bytes.Equal(p.Hash, v.hash) {
			v.note(p.Seq, Rewritten, "The entries up to %d agree with each other but not with %s: they were written anew, beginning at some entry since the checkpoint before.", p.Seq, p.what)
		}
		v.next++
	}
}

// end looks for what is missing behind the last entry, or stands beyond what was signed.
func (v *verifier) end() {
	if v.next < len(v.points) {
		p := v.points[len(v.points)-1]
		v.note(v.last+1, Missing, "Entry %d is gone: the log ends at %d, but %s is at %d.", v.last+1, v.last, p.what, p.Seq)
	}
	if v.signedEnd && v.rep.Head.Seq < v.last {
		v.note(v.rep.Head.Seq+1, Unexpected, "Entry %d stands beyond the signed end of the log.", v.rep.Head.Seq+1)
	}
}

func (v *verifier) finish() {
	if v.fault != nil && v.fault.Seq == atTheEnd {
		v.fault.Seq = v.last
	}
	v.rep.Fault = v.fault
	if v.progress != nil {
		v.progress(v.last, v.rep.Head.Seq)
	}
}
