package vault

import (
	"bufio"
	"crypto/cipher"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"math"
	"strings"
	"time"

	"golang.org/x/crypto/chacha20poly1305"
)

// A backup is one line of text and then chunks, each sealed with ChaCha20-Poly1305:
//
//	aman-backup/1 epoch=12 at=2026-11-24T08:00:00Z salt=<64 hex>\n
//	chunk 0, chunk 1, … each 65,536 bytes and a tag; the last may be shorter
//
// This is the STREAM construction (Hoang, Reyhanitabar, Rogaway, Vizár: Online
// authenticated-encryption and its nonce-reuse misuse-resistance, CRYPTO 2015): the
// nonce is the chunk's number (11 bytes, big endian) and one byte that is 1 in the last
// chunk, so chunks cannot be dropped, swapped, repeated or cut off. The key is
// HKDF-SHA-256 of the epoch key with the salt and the whole line, so each backup has
// a key of its own and a changed line opens nothing.
const (
	backupMagic   = "aman-backup/"
	backupFormat  = 1
	backupLineMax = 200
	chunkLen      = 64 << 10
)

// Header is what the first line of a backup says. It is true once the first chunk opened.
type Header struct {
	Format int
	Epoch  int64
	At     time.Time // UTC, to the second
	salt   [32]byte
}

func (h Header) line() string {
	return fmt.Sprintf("%s%d epoch=%d at=%s salt=%x\n", backupMagic, h.Format, h.Epoch, h.At.UTC().Format(time.RFC3339), h.salt)
}

// parseHeader reads the first line of a backup, strictly: it must be what line() writes.
func parseHeader(line string) (h Header, err error) {
	var at, salt string
	bad := func(why string) (Header, error) { return Header{}, fault(Altered, errors.New(why)) }
	if !strings.HasPrefix(line, backupMagic) {
		return bad("this is not a backup of Aman")
	}
	if n, _ := fmt.Sscanf(line, backupMagic+"%d", &h.Format); n == 1 && h.Format > backupFormat {
		return h, fault(Newer, fmt.Errorf("backup format %d", h.Format))
	}
	if _, err := fmt.Sscanf(line, backupMagic+"%d epoch=%d at=%20s salt=%64s\n", &h.Format, &h.Epoch, &at, &salt); err != nil {
		return bad("the first line of the backup cannot be read")
	}
	if h.At, err = time.Parse(time.RFC3339, at); err != nil {
		return bad("the date of the backup cannot be read")
	}
	if b, err := hex.DecodeString(salt); err != nil || copy(h.salt[:], b) != 32 || len(b) != 32 {
		return bad("the salt of the backup cannot be read")
	}
	if h.Epoch < 1 || h.line() != line {
		return bad("the first line of the backup cannot be read")
	}
	return h, nil
}

// ReadHeader reads the first line alone, without a key; nothing in it is proved.
func ReadHeader(r io.Reader) (Header, error) {
	h, _, err := readHeader(bufio.NewReaderSize(r, backupLineMax))
	return h, err
}

func readHeader(r *bufio.Reader) (Header, string, error) {
	var b strings.Builder
	for b.Len() < backupLineMax {
		c, err := r.ReadByte()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return Header{}, "", err
		}
		b.WriteByte(c)
		if c == '\n' {
			break
		}
	}
	h, err := parseHeader(b.String())
	return h, b.String(), err
}

// SealBackup writes a backup of what is written to it, under the current epoch. Close
// writes the last chunk, without which the backup does not open; it leaves w open.
func (r *Ring) SealBackup(w io.Writer) (io.WriteCloser, error) {
	epoch, keys := r.current()
	h := Header{Format: backupFormat, Epoch: epoch, At: time.Now().UTC().Truncate(time.Second)}
	copy(h.salt[:], random(32))
	aead, err := chacha20poly1305.New(derive(keys.backup, h.salt[:], h.line()))
	if err != nil {
		return nil, err
	}
	if _, err := io.WriteString(w, h.line()); err != nil {
		return nil, err
	}
	return &sealer{w: w, chunks: chunks{aead: aead}, buf: make([]byte, 0, chunkLen+aead.Overhead())}, nil
}

// OpenBackup reads the header of a backup and gives a reader of what is in it. Every
// byte the reader gives was authenticated, but only its io.EOF proves that the backup
// is whole: use nothing before. Faults are of kind Expired, Unknown, Newer or Altered.
func (r *Ring) OpenBackup(from io.Reader) (io.Reader, Header, error) {
	br := bufio.NewReaderSize(from, chunkLen+chacha20poly1305.Overhead)
	h, line, err := readHeader(br)
	if err != nil {
		return nil, h, err
	}
	keys, err := r.epoch(h.Epoch)
	if err != nil {
		return nil, h, err
	}
	aead, err := chacha20poly1305.New(derive(keys.backup, h.salt[:], line))
	if err != nil {
		return nil, h, err
	}
	return &opener{r: br, chunks: chunks{aead: aead}, buf: make([]byte, chunkLen+aead.Overhead())}, h, nil
}

// chunks counts the nonces of a stream.
type chunks struct {
	aead cipher.AEAD
	n    uint64
}

func (c *chunks) nonce(last bool) ([]byte, error) {
	if c.n == math.MaxUint64 {
		return nil, errors.New("the backup is too long")
	}
	nonce := make([]byte, chacha20poly1305.NonceSize)
	binary.BigEndian.PutUint64(nonce[3:11], c.n)
	if last {
		nonce[11] = 1
	}
	c.n++
	return nonce, nil
}

type sealer struct {
	chunks
	w   io.Writer
	buf []byte
	err error
}

func (s *sealer) Write(p []byte) (n int, err error) {
	for len(p) > 0 && s.err == nil {
		// A full chunk waits until more comes, for it may be the last.
		if len(s.buf) == chunkLen {
			s.flush(false)
		}
		k := min(len(p), chunkLen-len(s.buf))
		s.buf = append(s.buf, p[:k]...)
		p, n = p[k:], n+k
	}
	return n, s.err
}

func (s *sealer) flush(last bool) {
	nonce, err := s.nonce(last)
	if err == nil {
		_, err = s.w.Write(s.aead.Seal(s.buf[:0], nonce, s.buf, nil))
	}
	s.buf = s.buf[:0]
	if s.err == nil {
		s.err = err
	}
}

func (s *sealer) Close() error {
	if s.err != nil {
		return s.err
	}
	s.flush(true)
	err := s.err
	if err == nil {
		s.err = errors.New("the backup is closed")
	}
	return err
}

type opener struct {
	chunks
	r     *bufio.Reader
	buf   []byte
	plain []byte
	err   error
}

func (o *opener) Read(p []byte) (int, error) {
	for len(o.plain) == 0 {
		if o.err != nil {
			return 0, o.err
		}
		o.next()
	}
	n := copy(p, o.plain)
	o.plain = o.plain[n:]
	return n, nil
}

// next opens one chunk. The last is the one after which nothing comes.
func (o *opener) next() {
	n, err := io.ReadFull(o.r, o.buf)
	last := errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, io.EOF)
	if err != nil && !last {
		o.err = err
		return
	}
	if !last {
		_, err = o.r.Peek(1)
		if err != nil && !errors.Is(err, io.EOF) {
			o.err = err
			return
		}
		last = err != nil
	}
	nonce, err := o.nonce(last)
	if err == nil {
		o.plain, err = o.aead.Open(o.buf[:0], nonce, o.buf[:n], nil)
	}
	switch {
	case err != nil:
		o.plain, o.err = nil, fault(Altered, fmt.Errorf("chunk %d of the backup does not open", o.n-1))
	case last:
		o.err = io.EOF
	}
}
