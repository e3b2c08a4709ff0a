package crypt

import (
	"bytes"
	"crypto"
	"crypto/aes"
	"crypto/cipher"
	"crypto/md5" // #nosec: the scheme asks for MD5; what it is worth stands in the package comment
	"crypto/rand"
	"crypto/rsa"
	_ "crypto/sha1" // for phones whose mask function is SHA-1
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
)

// Faults of opening. Each is safe to show.
var (
	// ErrKey: the private key is not the one the form was encrypted for.
	ErrKey = errors.New("this private key does not open the submission: the form was encrypted for another key")
	// ErrDamaged: a file is not what was encrypted as this file.
	ErrDamaged = errors.New("an encrypted file is damaged, or it is another one")
	// ErrNoBody: the envelope came without the file that holds the answers.
	ErrNoBody = errors.New("the encrypted answers have not arrived")
)

// Signature says what the signature of a submission is worth.
type Signature string

// A submission whose files are not all here cannot be checked.
const (
	Valid     Signature = "valid"
	Wrong     Signature = "wrong"     // a file was damaged or exchanged
	Absent    Signature = "absent"    // there is none
	Unchecked Signature = "unchecked" // a file is missing
)

// Key opens the files of one submission.
type Key struct {
	aes  cipher.Block
	seed [md5.Size]byte
}

func newKey(instance string, key []byte) (*Key, error) {
	if len(key) != 32 {
		return nil, ErrKey
	}
	block, err := aes.NewCipher(key)
	if err != nil {
		return nil, err
	}
	return &Key{block, md5.Sum(append([]byte(instance), key...))}, nil
}

// Unlock takes the submission's key out of its envelope. ErrKey when private is another
// form's.
func (e *Envelope) Unlock(private *rsa.PrivateKey) (*Key, error) {
	wrapped, err := decode(e.Key)
	if err != nil {
		return nil, fmt.Errorf("%w: its key is not base64", ErrNoEnvelope)
	}
	key, err := unwrap(private, wrapped)
	if err != nil {
		return nil, err
	}
	return newKey(e.Instance, key)
}

// unwrap is RSA-OAEP with SHA-256. The mask function is SHA-256 too; some Android
// libraries take SHA-1 for it when told nothing else, so that is tried as well.
func unwrap(private *rsa.PrivateKey, wrapped []byte) ([]byte, error) {
	for _, mask := range []crypto.Hash{crypto.SHA256, crypto.SHA1} {
		if out, err := private.Decrypt(nil, wrapped, &rsa.OAEPOptions{Hash: crypto.SHA256, MGFHash: mask}); err == nil {
			return out, nil
		}
	}
	return nil, ErrKey
}

// iv of file n: before each file one byte is incremented, and stays so for those after it.
func (k *Key) iv(n int) []byte {
	iv := k.seed
	for i := range len(iv) {
		if n >= i {
			iv[i] += byte((n-i)/len(iv) + 1)
		}
	}
	return iv[:]
}

// Open decrypts file n (its index in Envelope.Files). ErrDamaged when it cannot be that file.
func (k *Key) Open(n int, sealed []byte) ([]byte, error) {
	if len(sealed) == 0 || len(sealed)%aes.BlockSize != 0 {
		return nil, ErrDamaged
	}
	plain := make([]byte, len(sealed))
	cipher.NewCFBDecrypter(k.aes, k.iv(n)).XORKeyStream(plain, sealed) //nolint:staticcheck // the scheme asks for CFB
	pad := int(plain[len(plain)-1])
	if pad == 0 || pad > aes.BlockSize || !bytes.Equal(plain[len(plain)-pad:], bytes.Repeat([]byte{byte(pad)}, pad)) {
		return nil, ErrDamaged
	}
	return plain[:len(plain)-pad], nil
}

// Seal encrypts file n.
func (k *Key) Seal(n int, plain []byte) []byte {
	pad := aes.BlockSize - len(plain)%aes.BlockSize
	out := append(append(make([]byte, 0, len(plain)+pad), plain...), bytes.Repeat([]byte{byte(pad)}, pad)...)
	cipher.NewCFBEncrypter(k.aes, k.iv(n)).XORKeyStream(out, out) //nolint:staticcheck // the scheme asks for CFB
	return out
}

// File is one file of a submission.
type File struct {
	Name string
	Body []byte
}

// Opened is what was in an envelope.
type Opened struct {
	// XML are the answers, as they were before they were encrypted.
	XML []byte
	// Media are the attachments that were here, under the names they have in the answers.
	Media []File
	// Missing are attachments that have not arrived; Damaged those that cannot be opened.
	Missing, Damaged []string
	Signature        Signature
}

// Open opens a whole submission. file gives what was stored under a name of the envelope,
// nil when it has not arrived. Attachments that are missing or damaged are said and no
// reason to give up; without the answers there is nothing to give (ErrNoBody, ErrDamaged).
func Open(private *rsa.PrivateKey, envelope []byte, file func(name string) ([]byte, error)) (Opened, error) {
	e, err := ParseEnvelope(envelope)
	if err != nil {
		return Opened{}, err
	}
	key, err := e.Unlock(private)
	if err != nil {
		return Opened{}, err
	}
	var out Opened
	signed := e.signed()
	for n, name := range e.Files() {
		sealed, err := file(name)
		if err != nil {
			return Opened{}, fmt.Errorf("reading an encrypted file: %w", err)
		}
		isBody := n == len(e.Media)
		if sealed == nil {
			if isBody {
				return Opened{}, ErrNoBody
			}
			out.Missing = append(out.Missing, Plain(name))
			continue
		}
		plain, err := key.Open(n, sealed)
		switch {
		case err != nil && isBody:
			return Opened{}, err
		case err != nil:
			out.Damaged = append(out.Damaged, Plain(name))
			continue
		case isBody:
			out.XML = plain
		default:
			out.Media = append(out.Media, File{Plain(name), plain})
		}
		signed.file(name, plain)
	}
	out.Signature = e.check(private, signed, out)
	return out, nil
}

// lines are what the signature covers: each with a line end, the last one too.
type lines struct{ bytes.Buffer }

func (e *Envelope) signed() *lines {
	l := &lines{}
	l.add(e.Form)
	if e.HasVersion {
		l.add(e.Version)
	}
	l.add(e.Key)
	l.add(e.Instance)
	return l
}

func (l *lines) add(s string) {
	l.WriteString(s)
	l.WriteByte('\n')
}

func (l *lines) file(name string, plain []byte) {
	sum := md5.Sum(plain)
	l.add(Plain(name) + "::" + hex.EncodeToString(sum[:]))
}

func (e *Envelope) check(private *rsa.PrivateKey, l *lines, o Opened) Signature {
	switch {
	case e.Signature == "":
		return Absent
	case len(o.Damaged) > 0:
		return Wrong
	case len(o.Missing) > 0:
		return Unchecked
	}
	wrapped, err := decode(e.Signature)
	if err != nil {
		return Wrong
	}
	digest, err := unwrap(private, wrapped)
	if want := md5.Sum(l.Bytes()); err != nil || subtle.ConstantTimeCompare(digest, want[:]) != 1 {
		return Wrong
	}
	return Valid
}

// Seal encrypts a submission for a public key as a phone does: the envelope to post as
// xml_submission_file, and the files to post with it. version nil is a form without one.
func Seal(public *rsa.PublicKey, form string, version *string, instance string, answers []byte, media []File) (envelope []byte, files []File, err error) {
	random := make([]byte, 32)
	rand.Read(random)
	return seal(rand.Reader, random, public, form, version, instance, answers, media)
}

func seal(random io.Reader, secret []byte, public *rsa.PublicKey, form string, version *string, instance string, answers []byte, media []File) ([]byte, []File, error) {
	wrapped, err := rsa.EncryptOAEP(sha256.New(), random, public, secret, nil)
	if err != nil {
		return nil, nil, fmt.Errorf("wrapping the submission's key: %w", err)
	}
	key, err := newKey(instance, secret)
	if err != nil {
		return nil, nil, err
	}
	e := &Envelope{Form: form, Instance: instance, Key: base64.StdEncoding.EncodeToString(wrapped), Body: "submission.xml" + suffix}
	if version != nil {
		e.Version, e.HasVersion = *version, true
	}
	signed := e.signed()
	var files []File
	for n, f := range append(append([]File{}, media...), File{"submission.xml", answers}) {
		if n < len(media) {
			e.Media = append(e.Media, f.Name+suffix)
		}
		files = append(files, File{f.Name + suffix, key.Seal(n, f.Body)})
		signed.file(f.Name, f.Body)
	}
	digest := md5.Sum(signed.Bytes())
	signature, err := rsa.EncryptOAEP(sha256.New(), random, public, digest[:], nil)
	if err != nil {
		return nil, nil, fmt.Errorf("signing the submission: %w", err)
	}
	e.Signature = base64.StdEncoding.EncodeToString(signature)
	return e.XML(), files, nil
}
