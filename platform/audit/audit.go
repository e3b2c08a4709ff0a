package audit

import (
	"context"
	"crypto/ed25519"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"time"

	"aman/platform/store"
)

// checkpointEvery is how many entries lie between two checkpoints that are kept. It
// is part of the format: Verify expects one at each multiple. Only tests change it.
var checkpointEvery int64 = 1000

// Log writes the audit log of a store. It is safe for concurrent use.
type Log struct {
	db    *store.DB
	key   ed25519.PrivateKey
	keyID string
}

// New opens the log; key signs it (Ring.AuditKey).
func New(db *store.DB, key ed25519.PrivateKey) *Log {
	return &Log{db: db, key: key, keyID: KeyID(key.Public().(ed25519.PublicKey))}
}

// KeyID names a public key: the first 8 bytes of its SHA-256, in hexadecimal.
func KeyID(pub ed25519.PublicKey) string {
	sum := sha256.Sum256(pub)
	return hex.EncodeToString(sum[:8])
}

// Checkpoint is a signed statement of how the log stood: its length, and the hash
// that depends on every entry up to there. One that is kept elsewhere (printed, sent
// to a second office) proves later that nothing before it was changed or cut.
type Checkpoint struct {
	Seq       int64     `json:"seq"`
	At        time.Time `json:"at"`
	Hash      []byte    `json:"hash"`
	KeyID     string    `json:"key"`
	Signature []byte    `json:"signature"`
}

// Append adds an entry inside a write: it is kept if and only if the write is. A
// refusal belongs in a write of its own (Record), because the refused write is undone.
func (l *Log) Append(tx *store.Tx, e Entry) error {
	if err := e.check(); err != nil {
		return err
	}
	if e.At.IsZero() {
		e.At = time.Now()
	}
	detail, err := e.detail()
	if err != nil {
		return err
	}
	// The store gives writers their turn one at a time, so the head cannot move in between.
	seq, prev, err := head(tx)
	if err != nil {
		return fmt.Errorf("reading the end of the audit log: %w", err)
	}
	seq++
	h := sha256.New()
	encode(h, nil, prev, seq, micros(e.At), e.texts(detail)...)
	sum := h.Sum(nil)
	if _, err := tx.Exec(`INSERT INTO audit (seq, at, actor, org, action, outcome, register, object, case_id, detail, hash)
		VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
		seq, micros(e.At), e.Actor, e.Org, e.Action, e.Outcome, e.Register, e.Object, e.Case, detail, sum); err != nil {
		return fmt.Errorf("writing the audit log: %w", err)
	}
	c := l.sign(seq, time.Now(), sum)
	if err := c.saveHead(tx); err != nil {
		return fmt.Errorf("signing the audit log: %w", err)
	}
	if seq%checkpointEvery == 0 {
		if err := c.keep(tx); err != nil {
			return fmt.Errorf("keeping a checkpoint of the audit log: %w", err)
		}
	}
	return nil
}

// Record adds an entry in a write of its own.
func (l *Log) Record(ctx context.Context, e Entry) error {
	return l.db.Write(ctx, func(tx *store.Tx) error { return l.Append(tx, e) })
}

// Checkpoint signs the log as it stands now and gives the signed statement, to be
// kept elsewhere. Of an empty log it has Seq 0.
func (l *Log) Checkpoint(ctx context.Context) (c Checkpoint, err error) {
	err = l.db.Write(ctx, func(tx *store.Tx) error {
		seq, hash, err := head(tx)
		if err != nil {
			return err
		}
		c = l.sign(seq, time.Now(), hash)
		return c.saveHead(tx)
	})
	return c, err
}

// head reads the length of the log and the hash of its last entry.
func head(tx *store.Tx) (seq int64, hash []byte, err error) {
	err = tx.Row("SELECT seq, hash FROM audit_head WHERE id = 1").Scan(&seq, &hash)
	if errors.Is(err, store.ErrNone) {
		return 0, make([]byte, hashLen), nil
	}
	return seq, hash, err
}

func (l *Log) sign(seq int64, at time.Time, hash []byte) Checkpoint {
	c := Checkpoint{Seq: seq, At: at.UTC().Truncate(time.Microsecond), Hash: hash, KeyID: l.keyID}
	c.Signature = ed25519.Sign(l.key, c.statement())
	return c
}

// statement is what the signature covers.
func (c Checkpoint) statement() []byte {
	b := append([]byte("aman audit checkpoint 1\n"), c.Hash...)
	b = binary.BigEndian.AppendUint64(b, uint64(c.Seq))
	return binary.BigEndian.AppendUint64(b, uint64(micros(c.At)))
}

// Signed says whether pub's owner signed this checkpoint.
func (c Checkpoint) Signed(pub ed25519.PublicKey) bool {
	return len(c.Hash) == hashLen && c.KeyID == KeyID(pub) && ed25519.Verify(pub, c.statement(), c.Signature)
}

func (c Checkpoint) saveHead(tx *store.Tx) error {
	_, err := tx.Exec(`INSERT INTO audit_head (id, seq, at, hash, key_id, signature) VALUES (1, ?, ?, ?, ?, ?)
		ON CONFLICT (id) DO UPDATE SET seq = excluded.seq, at = excluded.at, hash = excluded.hash, key_id = excluded.key_id, signature = excluded.signature`,
		c.Seq, micros(c.At), c.Hash, c.KeyID, c.Signature)
	return err
}

func (c Checkpoint) keep(tx *store.Tx) error {
	_, err := tx.Exec("INSERT INTO audit_checkpoints (seq, at, hash, key_id, signature) VALUES (?, ?, ?, ?, ?)",
		c.Seq, micros(c.At), c.Hash, c.KeyID, c.Signature)
	return err
}
