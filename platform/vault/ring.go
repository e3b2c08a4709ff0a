package vault

import (
	"crypto/cipher"
	"crypto/ed25519"
	"crypto/hkdf"
	"crypto/sha256"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	"golang.org/x/crypto/chacha20poly1305"
)

// rereadEvery bounds how long this program misses what another did to the ring file.
const rereadEvery = 30 * time.Second

// Ring is an open key ring: the root secret and the epoch keys. It is safe for
// concurrent use, and several programs may share one folder.
type Ring struct {
	path string
	kdf  kdf
	key  []byte // opens the file

	mu      sync.Mutex
	body    *body
	epochs  map[int64]epochKeys
	size    int64
	stamp   time.Time
	checked time.Time
}

// epochKeys is one living epoch's key, made ready for its two uses.
type epochKeys struct {
	wrap   cipher.AEAD
	backup []byte
}

// Epoch is the public side of an epoch. Replaced and Gone are zero until it happens.
type Epoch struct {
	N                    int64
	Made, Replaced, Gone time.Time
}

// CreateRing makes a key ring with new random keys in dir, which is made (0700) when
// missing. An empty passphrase leaves the ring protected by the folder's rights alone.
func CreateRing(dir, passphrase string) (*Ring, error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, onDisk(err)
	}
	path := filepath.Join(dir, RingFile)
	unlock, err := lockFile(path + ".lock")
	if err != nil {
		return nil, err
	}
	defer unlock()
	if _, err := os.Stat(path); !errors.Is(err, fs.ErrNotExist) {
		return nil, fault(Exists, err)
	}
	k := newKDF(passphrase)
	r := &Ring{path: path, kdf: k, key: k.key(passphrase)}
	return r, r.save(newBody(time.Now()))
}

// OpenRing opens the key ring in dir. Its errors are *Fault.
func OpenRing(dir, passphrase string) (*Ring, error) {
	path := filepath.Join(dir, RingFile)
	file, _, err := readRing(path)
	if err != nil {
		return nil, err
	}
	k, _, err := parseRing(file)
	if err != nil {
		return nil, err
	}
	if k.Argon && passphrase == "" {
		return nil, &Fault{Kind: WrongPassphrase, Text: "The key ring needs its passphrase. Give --passphrase-file or AMAN_PASSPHRASE."}
	}
	r := &Ring{path: path, kdf: k, key: k.key(passphrase)}
	return r, r.load()
}

// Locked says whether dir holds a ring that needs a passphrase.
func Locked(dir string) (bool, error) {
	file, _, err := readRing(filepath.Join(dir, RingFile))
	if err != nil {
		return false, err
	}
	k, _, err := parseRing(file)
	return k.Argon, err
}

// Derive gives the 32-byte key for one purpose: HKDF-SHA-256 (RFC 5869) of the root secret.
func (r *Ring) Derive(purpose string) []byte {
	r.mu.Lock()
	root := r.body.Root
	r.mu.Unlock()
	return derive(root, nil, purpose)
}

// DatabaseKey is the 32-byte key of the embedded database.
func (r *Ring) DatabaseKey() []byte { return r.Derive("database") }

// AuditKey signs the audit log.
func (r *Ring) AuditKey() ed25519.PrivateKey { return ed25519.NewKeyFromSeed(r.Derive("audit")) }

// Epochs lists every epoch that ever was, oldest first, for `aman doctor`.
func (r *Ring) Epochs() []Epoch {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.reread()
	var out []Epoch
	for _, e := range r.body.Epochs {
		out = append(out, Epoch{e.N, e.Made, e.Replaced, e.Gone})
	}
	return out
}

// Due says whether the current epoch has lasted long enough to be replaced.
func (r *Ring) Due(now time.Time) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.reread()
	return r.body.due(now)
}

// Rotate begins a new epoch. Keys of people stay wrapped under the old one until
// Vault.Rewrap moves them.
func (r *Ring) Rotate(now time.Time) error {
	return r.change(func(b *body) { b.rotate(now) })
}

// Expire destroys the keys of epochs that were replaced long enough ago, and says
// which. Epochs named in spare are kept: pass those that living keys still hang on,
// as Vault.Maintain does.
func (r *Ring) Expire(now time.Time, spare ...int64) (gone []int64, err error) {
	r.mu.Lock()
	r.reread()
	none := len(r.body.over(now, spare)) == 0
	r.mu.Unlock()
	if none {
		return nil, nil
	}
	err = r.change(func(b *body) { gone = b.expire(now, spare) })
	return gone, err
}

// BackupsGone says when the last backup that could hold something erased at now
// is unreadable, if Maintain runs daily: the end of the current epoch, plus the time
// that old epochs are kept, plus a day for each of the two steps.
func (r *Ring) BackupsGone(now time.Time) time.Time {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.reread()
	return r.body.backupsGone(now)
}

// Retention gives how long an epoch lasts and how long its key is kept after that.
func (r *Ring) Retention() (every, keep time.Duration) {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.body.every(), r.body.keep()
}

// SetRetention changes both, in whole hours.
func (r *Ring) SetRetention(every, keep time.Duration) error {
	if every < time.Hour || keep < time.Hour {
		return errors.New("an epoch and its retention must each last an hour or more")
	}
	return r.change(func(b *body) { b.EveryHours, b.KeepHours = int(every/time.Hour), int(keep/time.Hour) })
}

// SetPassphrase locks the ring with another passphrase; empty takes the lock off.
// Other programs that have the ring open must be started again.
func (r *Ring) SetPassphrase(passphrase string) error {
	k := newKDF(passphrase)
	key := k.key(passphrase)
	return r.change(func(*body) { r.kdf, r.key = k, key })
}

// change rewrites the ring under the lock, from what is on disk now.
func (r *Ring) change(f func(*body)) error {
	unlock, err := lockFile(r.path + ".lock")
	if err != nil {
		return err
	}
	defer unlock()
	r.mu.Lock()
	defer r.mu.Unlock()
	if err := r.loadLocked(); err != nil {
		return err
	}
	sweep(filepath.Dir(r.path))
	b := *r.body
	b.Epochs = slices.Clone(b.Epochs)
	k, key := r.kdf, r.key
	f(&b)
	if err := r.saveLocked(&b); err != nil {
		r.kdf, r.key = k, key
		return err
	}
	return nil
}

func (r *Ring) save(b *body) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.saveLocked(b)
}

// saveLocked makes the change durable before anybody can use it: a key that was
// used and then lost would take people's files with it.
func (r *Ring) saveLocked(b *body) error {
	if err := b.check(); err != nil {
		return fault(Damaged, err)
	}
	data, err := sealRing(r.kdf, r.key, b)
	if err != nil {
		return err
	}
	if err := writeRing(r.path, data); err != nil {
		return err
	}
	return r.loadLocked()
}

func (r *Ring) load() error {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.loadLocked()
}

func (r *Ring) loadLocked() error {
	file, info, err := readRing(r.path)
	if err != nil {
		return err
	}
	k, sealed, err := parseRing(file)
	if err != nil {
		return err
	}
	if k != r.kdf {
		return &Fault{Kind: WrongPassphrase, Text: "The passphrase of the key ring was changed while this program ran. Start it again with the new one."}
	}
	b, err := openRing(k, r.key, sealed)
	if err != nil {
		return err
	}
	epochs := map[int64]epochKeys{}
	for _, e := range b.Epochs {
		if len(e.Key) == 0 {
			continue
		}
		wrap, err := chacha20poly1305.NewX(derive(e.Key, nil, "wrap keys"))
		if err != nil {
			return err
		}
		epochs[e.N] = epochKeys{wrap: wrap, backup: derive(e.Key, nil, "seal backups")}
	}
	r.body, r.epochs, r.size, r.stamp, r.checked = b, epochs, info.Size(), info.ModTime(), time.Now()
	return nil
}

// reread takes up what another program changed. A ring that cannot be read right
// now (a share that is away) is no reason to stop work that memory can still do.
func (r *Ring) reread() {
	if time.Since(r.checked) < rereadEvery {
		return
	}
	r.checked = time.Now()
	if info, err := os.Stat(r.path); err == nil && (info.Size() != r.size || !info.ModTime().Equal(r.stamp)) {
		_ = r.loadLocked()
	}
}

// current is the epoch that new keys and backups are sealed under.
func (r *Ring) current() (int64, epochKeys) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.reread()
	n := r.body.last().N
	return n, r.epochs[n]
}

// epoch finds a living epoch's keys. An unknown one may have been made by another
// program a moment ago, so the file is asked before it is refused.
func (r *Ring) epoch(n int64) (epochKeys, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.reread()
	if k, ok := r.epochs[n]; ok {
		return k, nil
	}
	if n > r.body.last().N {
		if err := r.loadLocked(); err != nil {
			return epochKeys{}, err
		}
		if k, ok := r.epochs[n]; ok {
			return k, nil
		}
	}
	for _, e := range r.body.Epochs {
		if e.N == n {
			return epochKeys{}, fault(Expired, fmt.Errorf("epoch %d ended and its key was destroyed on %s", n, e.Gone.Format(time.DateOnly)))
		}
	}
	return epochKeys{}, fault(Unknown, fmt.Errorf("epoch %d is not in this ring", n))
}

func derive(secret, salt []byte, purpose string) []byte {
	key, err := hkdf.Key(sha256.New, secret, salt, "aman/1 "+purpose, 32)
	if err != nil {
		panic("vault: " + strings.ToLower(err.Error())) // only for an impossible length
	}
	return key
}
