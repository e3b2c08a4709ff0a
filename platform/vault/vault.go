package vault

import (
	"crypto/cipher"
	"database/sql"
	"encoding/binary"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/google/uuid"
	"golang.org/x/crypto/chacha20poly1305"

	"aman/platform/store"
)

// Vault seals values under the keys of a store. It is safe for concurrent use.
type Vault struct {
	db   *store.DB
	ring *Ring
}

// New joins a store and its key ring.
func New(db *store.DB, ring *Ring) *Vault { return &Vault{db: db, ring: ring} }

// Ring is the vault's key ring.
func (v *Vault) Ring() *Ring { return v.ring }

// A sealed value is
//
//	1 byte    format, 1
//	16 bytes  id of the key
//	24 bytes  nonce
//	n bytes   XChaCha20-Poly1305 of the value
//	16 bytes  its tag, over the first 17 bytes and the context too
const (
	sealedFormat = 1
	prefixLen    = 1 + 16
	nonceLen     = chacha20poly1305.NonceSizeX
	// Overhead is how many bytes a sealed value is longer than the value.
	Overhead = prefixLen + nonceLen + chacha20poly1305.Overhead
)

// NewKey makes a key that belongs to owner: the id of a submission, say. The key's id is a UUID.
func (v *Vault) NewKey(tx *store.Tx, owner string) (keyID string, err error) {
	k, err := v.MakeKey(tx, owner)
	if err != nil {
		return "", err
	}
	return k.ID, nil
}

// MakeKey is NewKey that gives the key itself, for what is sealed in the same write.
func (v *Vault) MakeKey(tx *store.Tx, owner string) (*Key, error) {
	id, err := uuid.NewV7()
	if err != nil {
		return nil, err
	}
	return v.insert(tx, id, owner)
}

// PersonKey gives the id of a person's own key, and makes it at first use, which
// needs a write. ErrErased when the person was erased.
func (v *Vault) PersonKey(tx *store.Tx, personID string) (keyID string, err error) {
	if personID == "" {
		return "", errors.New("a person's key needs the person's id")
	}
	id := personKeyID(personID)
	var one int
	err = tx.Row("SELECT 1 FROM vault_keys WHERE id = ?", id.String()).Scan(&one)
	if err == nil {
		return id.String(), nil
	}
	if !errors.Is(err, store.ErrNone) {
		return "", err
	}
	if err := notErased(tx, personID); err != nil {
		return "", err
	}
	_, err = v.insert(tx, id, personID)
	return id.String(), err
}

// personKeyID makes the key's id from the person's, so that finding it is one look
// by primary key and two writes cannot make two keys.
func personKeyID(personID string) uuid.UUID {
	sum := derive([]byte(personID), nil, "id of a person's key")
	id := uuid.UUID(sum[:16])
	id[6] = id[6]&0x0f | 0x80 // version 8: made by a rule of one's own
	id[8] = id[8]&0x3f | 0x80
	return id
}

// Own gives a key, and all that was sealed with it, to a person: erasing the person
// then erases that too. ErrErased when the key or the person is gone already.
func (v *Vault) Own(tx *store.Tx, keyID, personID string) error {
	if personID == "" {
		return errors.New("a key can only be given to a person with an id")
	}
	if err := notErased(tx, personID); err != nil {
		return err
	}
	n, err := tx.Exec("UPDATE vault_keys SET owner = ? WHERE id = ?", personID, keyID)
	if err == nil && n == 0 {
		err = ErrErased
	}
	return err
}

// Owner names who a key belongs to. ErrErased when it is gone.
func (v *Vault) Owner(tx *store.Tx, keyID string) (owner string, err error) {
	err = tx.Row("SELECT owner FROM vault_keys WHERE id = ?", keyID).Scan(&owner)
	if errors.Is(err, store.ErrNone) {
		err = ErrErased
	}
	return owner, err
}

// Seal encrypts plain under a key. The context says where the value stands, as
// "register/row/property"; Open must be given the same, so that a value copied into
// another row or field does not open there.
func (v *Vault) Seal(tx *store.Tx, keyID, context string, plain []byte) ([]byte, error) {
	k, err := v.Use(tx, keyID)
	if err != nil {
		return nil, err
	}
	return k.Seal(context, plain), nil
}

// Open decrypts a sealed value. ErrErased when its key was destroyed; a *Fault of
// kind Altered when the value, its context or its key was tampered with.
func (v *Vault) Open(tx *store.Tx, context string, sealed []byte) ([]byte, error) {
	keyID, err := KeyOf(sealed)
	if err != nil {
		return nil, err
	}
	k, err := v.Use(tx, keyID)
	if err != nil {
		return nil, err
	}
	return k.Open(context, sealed)
}

// Item is one value for OpenAll.
type Item struct {
	Context string
	Sealed  []byte
}

// OpenAll opens many values with few queries. A value that was erased gives nil;
// any other fault ends it.
func (v *Vault) OpenAll(tx *store.Tx, items []Item) ([][]byte, error) {
	var need []string
	keys := map[string]*Key{}
	of := make([]string, len(items))
	for i, it := range items {
		id, err := KeyOf(it.Sealed)
		if err != nil {
			return nil, err
		}
		if of[i] = id; keys[id] == nil {
			keys[id] = new(Key)
			need = append(need, id)
		}
	}
	for len(need) > 0 {
		part := need[:min(len(need), 100)]
		need = need[len(part):]
		args := make([]any, len(part))
		for i, id := range part {
			args[i] = id
		}
		err := tx.Each(func(r *sql.Rows) error {
			var id string
			var epoch int64
			var wrapped []byte
			if err := r.Scan(&id, &epoch, &wrapped); err != nil {
				return err
			}
			k, err := v.unwrap(id, epoch, wrapped)
			keys[id] = k
			return err
		}, "SELECT id, epoch, wrapped FROM vault_keys WHERE id IN ("+marks(len(part))+")", args...)
		if err != nil {
			return nil, err
		}
	}
	out := make([][]byte, len(items))
	for i, it := range items {
		k := keys[of[i]]
		if k.aead == nil {
			continue
		}
		var err error
		if out[i], err = k.Open(it.Context, it.Sealed); err != nil {
			return nil, err
		}
	}
	return out, nil
}

// Key is one unwrapped key, for several values of one row. It must not be kept
// beyond the transaction it was read in: an erasure would not reach it.
type Key struct {
	ID   string
	id   uuid.UUID
	aead cipher.AEAD
}

// Use reads and unwraps a key. ErrErased when it is gone.
func (v *Vault) Use(tx *store.Tx, keyID string) (*Key, error) {
	var epoch int64
	var wrapped []byte
	err := tx.Row("SELECT epoch, wrapped FROM vault_keys WHERE id = ?", keyID).Scan(&epoch, &wrapped)
	if errors.Is(err, store.ErrNone) {
		return nil, ErrErased
	}
	if err != nil {
		return nil, err
	}
	return v.unwrap(keyID, epoch, wrapped)
}

// Seal is Vault.Seal with this key.
func (k *Key) Seal(context string, plain []byte) []byte {
	out := make([]byte, prefixLen+nonceLen, Overhead+len(plain))
	out[0] = sealedFormat
	copy(out[1:], k.id[:])
	copy(out[prefixLen:], random(nonceLen))
	return k.aead.Seal(out, out[prefixLen:], plain, additional(out[:prefixLen], context))
}

// Open is Vault.Open with this key.
func (k *Key) Open(context string, sealed []byte) ([]byte, error) {
	if id, err := KeyOf(sealed); err != nil {
		return nil, err
	} else if id != k.ID {
		return nil, fault(Altered, errors.New("the value was sealed with another key"))
	}
	plain, err := k.aead.Open(nil, sealed[prefixLen:prefixLen+nonceLen], sealed[prefixLen+nonceLen:], additional(sealed[:prefixLen], context))
	if err != nil {
		return nil, fault(Altered, fmt.Errorf("a sealed value does not open as %s", context))
	}
	return plain, nil
}

// KeyOf reads which key a value was sealed with.
func KeyOf(sealed []byte) (keyID string, err error) {
	switch {
	case len(sealed) > 0 && sealed[0] > sealedFormat:
		return "", fault(Newer, fmt.Errorf("sealed value of format %d", sealed[0]))
	case len(sealed) < Overhead || sealed[0] != sealedFormat:
		return "", fault(Altered, errors.New("this is not a sealed value"))
	}
	return uuid.UUID(sealed[1:prefixLen]).String(), nil
}

func additional(prefix []byte, context string) []byte {
	return append(append(make([]byte, 0, len(prefix)+len(context)), prefix...), context...)
}

// insert makes a random key and stores it wrapped under the current epoch.
func (v *Vault) insert(tx *store.Tx, id uuid.UUID, owner string) (*Key, error) {
	key := random(chacha20poly1305.KeySize)
	epoch, wrapped := v.wrap(id, key)
	if _, err := tx.Exec("INSERT INTO vault_keys (id, owner, epoch, wrapped, created_at) VALUES (?, ?, ?, ?, ?)",
		id.String(), owner, epoch, wrapped, store.Micros(time.Now())); err != nil {
		return nil, err
	}
	aead, err := chacha20poly1305.NewX(key)
	return &Key{ID: id.String(), id: id, aead: aead}, err
}

// wrap seals a key under the current epoch: nonce, ciphertext, tag; the key's id and
// the epoch are authenticated, so rows cannot be swapped.
func (v *Vault) wrap(id uuid.UUID, key []byte) (epoch int64, wrapped []byte) {
	epoch, keys := v.ring.current()
	nonce := random(nonceLen)
	return epoch, keys.wrap.Seal(nonce, nonce, key, wrapContext(id, epoch))
}

func (v *Vault) unwrapKey(id uuid.UUID, epoch int64, wrapped []byte) ([]byte, error) {
	keys, err := v.ring.epoch(epoch)
	if err != nil {
		return nil, err
	}
	if len(wrapped) != nonceLen+chacha20poly1305.KeySize+chacha20poly1305.Overhead {
		return nil, fault(Altered, errors.New("a wrapped key has the wrong length"))
	}
	key, err := keys.wrap.Open(nil, wrapped[:nonceLen], wrapped[nonceLen:], wrapContext(id, epoch))
	if err != nil {
		return nil, fault(Altered, errors.New("a wrapped key does not open; it was altered, or the ring is another"))
	}
	return key, nil
}

func (v *Vault) unwrap(keyID string, epoch int64, wrapped []byte) (*Key, error) {
	id, err := uuid.Parse(keyID)
	if err != nil {
		return nil, fault(Altered, errors.New("the id of a key is not a UUID"))
	}
	key, err := v.unwrapKey(id, epoch, wrapped)
	if err != nil {
		return nil, err
	}
	aead, err := chacha20poly1305.NewX(key)
	return &Key{ID: id.String(), id: id, aead: aead}, err
}

func wrapContext(id uuid.UUID, epoch int64) []byte {
	return binary.BigEndian.AppendUint64(id[:], uint64(epoch))
}

// marks is "?, ?, ?" for n values.
func marks(n int) string { return strings.TrimSuffix(strings.Repeat("?, ", n), ", ") }
