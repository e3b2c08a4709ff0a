package vault

import (
	"bytes"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"time"

	"golang.org/x/crypto/argon2"
	"golang.org/x/crypto/chacha20poly1305"
)

// RingFile is the name of the key ring in its folder.
const RingFile = "aman.keyring"

// The ring file is one line of text, then nonce and ciphertext:
//
//	aman-keyring/1 kdf=argon2id t=3 m=65536 p=4 salt=<32 hex>\n
//	aman-keyring/1 kdf=none\n
//
// The line is authenticated with the body, so it cannot be weakened. Without a
// passphrase the key is a constant: then the seal only detects damage, and the
// folder's rights and the disk's encryption are the protection.
const (
	ringMagic   = "aman-keyring/"
	ringFormat  = 1
	ringLineMax = 200
	ringMax     = 1 << 20
)

// kdf is how the ring is locked: argon2id with the second recommended setting of
// RFC 9106, section 4 (3 passes over 64 MiB in 4 lanes), or nothing.
type kdf struct {
	Argon   bool
	Time    uint32
	Memory  uint32 // KiB
	Threads uint8
	Salt    [16]byte
}

// argonCost is a variable so that tests need not wait.
var argonCost = kdf{Argon: true, Time: 3, Memory: 64 << 10, Threads: 4}

func newKDF(passphrase string) kdf {
	if passphrase == "" {
		return kdf{}
	}
	k := argonCost
	rand.Read(k.Salt[:])
	return k
}

func (k kdf) line() string {
	if !k.Argon {
		return fmt.Sprintf("%s%d kdf=none\n", ringMagic, ringFormat)
	}
	return fmt.Sprintf("%s%d kdf=argon2id t=%d m=%d p=%d salt=%x\n", ringMagic, ringFormat, k.Time, k.Memory, k.Threads, k.Salt)
}

func (k kdf) key(passphrase string) []byte {
	if !k.Argon {
		sum := sha256.Sum256([]byte("aman key ring without a passphrase"))
		return sum[:]
	}
	return argon2.IDKey([]byte(passphrase), k.Salt[:], k.Time, k.Memory, k.Threads, chacha20poly1305.KeySize)
}

// parseRing splits a ring file into how it is locked and the locked body. It is
// strict: the line must be just what line() would write. Costs that would stall the
// machine are refused, because the line is read before anything is authenticated.
func parseRing(file []byte) (k kdf, sealed []byte, err error) {
	nl := bytes.IndexByte(file[:min(len(file), ringLineMax)], '\n')
	if nl < 0 || !bytes.HasPrefix(file, []byte(ringMagic)) {
		return k, nil, fault(Damaged, errors.New("not a key ring"))
	}
	line := string(file[:nl+1])
	var format int
	if n, _ := fmt.Sscanf(line, ringMagic+"%d", &format); n == 1 && format > ringFormat {
		return k, nil, fault(Newer, fmt.Errorf("key ring format %d", format))
	}
	if line != k.line() {
		var salt string
		k.Argon = true
		if _, err := fmt.Sscanf(line, ringMagic+"1 kdf=argon2id t=%d m=%d p=%d salt=%32s\n", &k.Time, &k.Memory, &k.Threads, &salt); err != nil {
			return k, nil, fault(Damaged, errors.New("the first line of the key ring cannot be read"))
		}
		if n, err := hex.Decode(k.Salt[:], []byte(salt[:min(len(salt), 32)])); err != nil || n != 16 || line != k.line() {
			return k, nil, fault(Damaged, errors.New("the first line of the key ring cannot be read"))
		}
		if k.Time < 1 || k.Time > 20 || k.Threads < 1 || k.Threads > 64 || k.Memory < 8*uint32(k.Threads) || k.Memory > 1<<20 {
			return k, nil, fault(Damaged, errors.New("the cost in the first line of the key ring is out of range"))
		}
	}
	sealed = file[nl+1:]
	if len(sealed) < chacha20poly1305.NonceSizeX+chacha20poly1305.Overhead {
		return k, nil, fault(Damaged, errors.New("the key ring is cut short"))
	}
	return k, sealed, nil
}

// body is what the ring file keeps.
type body struct {
	Root       []byte        `json:"root"`
	EveryHours int           `json:"every_hours"`
	KeepHours  int           `json:"keep_hours"`
	Epochs     []epochRecord `json:"epochs"`
	// Erased are the people whom a backup that still opens could bring back.
	Erased []erasedRecord `json:"erased,omitempty"`
}

type erasedRecord struct {
	Person string    `json:"person"`
	Gone   time.Time `json:"gone"` // when no backup can bring the person back
}

type epochRecord struct {
	N        int64     `json:"n"`
	Made     time.Time `json:"made"`
	Replaced time.Time `json:"replaced,omitzero"`
	Gone     time.Time `json:"gone,omitzero"`
	Key      []byte    `json:"key,omitempty"`
}

func (b *body) check() error {
	if len(b.Root) != 32 || len(b.Epochs) == 0 || b.EveryHours < 1 || b.KeepHours < 1 {
		return errors.New("the key ring lacks a part")
	}
	for i, e := range b.Epochs {
		last := i == len(b.Epochs)-1
		switch {
		case e.N < 1 || (i > 0 && e.N <= b.Epochs[i-1].N):
			return errors.New("the epochs of the key ring are out of order")
		case len(e.Key) == 0 && e.Gone.IsZero(), len(e.Key) != 0 && (len(e.Key) != 32 || !e.Gone.IsZero()):
			return fmt.Errorf("epoch %d of the key ring has no proper key", e.N)
		case last != e.Replaced.IsZero(), last && len(e.Key) == 0:
			return fmt.Errorf("epoch %d of the key ring is in no proper state", e.N)
		}
	}
	return nil
}

func sealRing(k kdf, key []byte, b *body) ([]byte, error) {
	plain, err := json.Marshal(b)
	if err != nil {
		return nil, err
	}
	aead, err := chacha20poly1305.NewX(key)
	if err != nil {
		return nil, err
	}
	line := k.line()
	out := append([]byte(line), random(aead.NonceSize())...)
	return aead.Seal(out, out[len(line):], plain, []byte(line)), nil
}

func openRing(k kdf, key, sealed []byte) (*body, error) {
	aead, err := chacha20poly1305.NewX(key)
	if err != nil {
		return nil, err
	}
	n := aead.NonceSize()
	plain, err := aead.Open(nil, sealed[:n], sealed[n:], []byte(k.line()))
	if err != nil {
		// With a passphrase, damage and a wrong passphrase look the same; the second is common.
		if k.Argon {
			return nil, fault(WrongPassphrase, err)
		}
		return nil, fault(Damaged, err)
	}
	b := new(body)
	if err := json.Unmarshal(plain, b); err != nil {
		return nil, fault(Damaged, errors.New("the body of the key ring cannot be read"))
	}
	if err := b.check(); err != nil {
		return nil, fault(Damaged, err)
	}
	return b, nil
}

// readRing reads the file and refuses one that others may read. A file that was
// replaced meanwhile is read again, for its bytes may have been overwritten (writeRing).
func readRing(path string) (data []byte, info os.FileInfo, err error) {
	for range 100 {
		if data, info, err = readOnce(path); err != nil {
			return nil, nil, err
		}
		now, err := os.Stat(path)
		if err != nil {
			return nil, nil, onDisk(err)
		}
		if os.SameFile(now, info) {
			return data, info, nil
		}
	}
	return nil, nil, fault(Disk, errors.New("the key ring is being replaced again and again"))
}

func readOnce(path string) ([]byte, os.FileInfo, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, nil, onDisk(err)
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return nil, nil, onDisk(err)
	}
	if runtime.GOOS != "windows" && info.Mode().Perm()&0o077 != 0 {
		return nil, nil, fault(WrongRights, fmt.Errorf("the rights are %04o", info.Mode().Perm()))
	}
	if info.Size() > ringMax {
		return nil, nil, fault(Damaged, errors.New("the file is far too big for a key ring"))
	}
	data, err := io.ReadAll(io.LimitReader(f, ringMax))
	if err != nil {
		return nil, nil, onDisk(err)
	}
	return data, info, nil
}

// flush is a variable so that tests need not wait for the disk.
var flush = (*os.File).Sync

// writeRing replaces the file in one step: a crash leaves the old or the new one.
// The old one's bytes are overwritten after, so that expired keys do not linger in
// freed blocks; file systems and flash that copy on write may keep them all the same.
func writeRing(path string, data []byte) error {
	dir := filepath.Dir(path)
	tmp, err := os.CreateTemp(dir, RingFile+".*.new") // mode 0600
	if err != nil {
		return onDisk(err)
	}
	defer os.Remove(tmp.Name())
	defer tmp.Close()
	if _, err = tmp.Write(data); err == nil {
		err = flush(tmp)
	}
	if err == nil {
		err = tmp.Close()
	}
	if err != nil {
		return onDisk(err)
	}
	var old *os.File
	if runtime.GOOS != "windows" { // there, an open file cannot be replaced
		if old, err = os.OpenFile(path, os.O_WRONLY, 0); err == nil {
			defer old.Close()
		}
	}
	if err := os.Rename(tmp.Name(), path); err != nil {
		return onDisk(err)
	}
	if d, err := os.Open(dir); err == nil {
		_ = flush(d) // not every file system can; the rename itself was atomic
		d.Close()
	}
	if old != nil {
		if info, err := old.Stat(); err == nil {
			_, _ = old.WriteAt(random(int(info.Size())), 0)
			_ = flush(old)
		}
	}
	return nil
}

// sweep removes what a crash left half-written: a leftover would outlive the keys in it.
func sweep(dir string) {
	left, _ := filepath.Glob(filepath.Join(dir, RingFile+".*.new"))
	for _, f := range left {
		if strings.HasSuffix(f, ".new") {
			_ = os.Remove(f)
		}
	}
}
