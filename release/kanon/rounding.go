package kanon

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/binary"
	"fmt"
)

// Rounder rounds counts to multiples of a base, up or down by chance, so that the expected value is the count. The chance
// is drawn from the people in the cell, not from the table: the same people give the same result in every table and every
// release, so repeats cannot be averaged, and one person more gives an unrelated draw. (Cell keys: Fraser and
// Wooton 2005, "A proposed method for confidentialising tabular output to protect against differencing".)
//
// A shown count lies less than Base from the true one, and small counts of 1 become 0 or Base. Totals are rounded on their
// own and do not add up exactly. A rounded table needs no complementary cells, and [Audit] has nothing to ask of it: from
// margins of many rounded cells a true count may at times be bounded more narrowly than by its own figure. [Difference]
// counts what rounded tables tell against the cells that other tables withhold.
type Rounder struct {
	Base   int64    // 2 or more
	Secret [32]byte // kept with the register, never changed, never published
}

// RecordKey gives the key of a record from its permanent id. It may be stored with the record in place of being
// computed.
func (r Rounder) RecordKey(id string) uint64 { return r.draw("record", []byte(id)) }

// draw is a keyed hash that nobody without the secret can foresee.
func (r Rounder) draw(use string, data []byte) uint64 {
	h := hmac.New(sha256.New, r.Secret[:])
	h.Write([]byte(use))
	h.Write([]byte{0})
	h.Write(data)
	return binary.BigEndian.Uint64(h.Sum(nil))
}

// Round rounds a count of which cellKey is the sum of the keys of the records, overflow discarded. Zero stays zero.
func (r Rounder) Round(count int64, cellKey uint64) int64 {
	over := count % r.Base
	if over == 0 {
		return count
	}
	var data [16]byte
	binary.BigEndian.PutUint64(data[:], cellKey)
	binary.BigEndian.PutUint64(data[8:], uint64(count))
	if int64(r.draw("cell", data[:])%uint64(r.Base)) < over { // the bias of the remainder is below Base/2^64
		return count - over + r.Base
	}
	return count - over
}

// Table rounds all published cells of a cube. Keys holds, for each leaf in the order of Cube.Counts, the sum of the
// keys of its records.
func (r Rounder) Table(c Cube, keys []uint64) (Published, error) {
	if r.Base < 2 {
		return Published{}, fmt.Errorf("kanon: a base of %d does not round", r.Base)
	}
	if err := c.check(); err != nil {
		return Published{}, err
	}
	if len(keys) != len(c.Counts) {
		return Published{}, fmt.Errorf("kanon: %d cell keys for %d cells", len(keys), len(c.Counts))
	}
	margins, err := c.published()
	if err != nil {
		return Published{}, err
	}
	l := newLattice(c.Dims)
	signed := make([]int64, len(keys))
	for i, k := range keys {
		signed[i] = int64(k)
	}
	counts, sums := l.totals(c.Counts), l.totals(signed)
	p := Published{Dims: c.Dims, Of: c.Of, Base: r.Base, States: make([]State, l.size), Values: make([]int64, l.size)}
	for i := range p.States {
		if !margins[l.set(i)] {
			p.States[i] = Unpublished
			continue
		}
		p.States[i], p.Values[i] = Rounded, r.Round(counts[i], uint64(sums[i]))
	}
	return p, nil
}
