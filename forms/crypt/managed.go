package crypt

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/pbkdf2"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/pem"
	"errors"
	"fmt"
	"unicode/utf8"
)

// Faults of keys. Each is safe to show.
var (
	ErrPassphrase = errors.New("that is not the passphrase of this key")
	ErrShort      = errors.New("a passphrase needs at least 10 characters; several words are best")
	ErrNoKey      = errors.New("this is no RSA key of at least 2048 bits")
	ErrNoManaged  = errors.New("what is stored of the managed key is damaged")
)

// Rounds of PBKDF2 for new keys. ODK Central uses 128,000; a key keeps the number it was
// made with, so that this one can grow. Never fewer than 128,000 are accepted.
const (
	Rounds    = 600_000
	minRounds = 128_000
	maxRounds = 10_000_000
	bits      = 2048
	maxBits   = 8192
	passMin   = 10
)

// Managed is a key pair whose private half is sealed under a passphrase that is stored
// nowhere. All of it may be stored in clear.
type Managed struct {
	// Public is the SubjectPublicKeyInfo in base64: what base64RsaPublicKey holds.
	Public string `json:"public"`
	// Private is the PKCS #8 key under AES-256-GCM (nonce first), bound to Public.
	Private []byte `json:"private"`
	Salt    []byte `json:"salt"`
	Rounds  int    `json:"rounds"`
	// Hint is what helps whoever knows the passphrase to remember it; it is shown to everybody.
	Hint string `json:"hint,omitempty"`
}

// NewManaged makes a key pair of 2048 bits, the size that every phone's Collect reads.
// ErrShort when the passphrase has fewer than 10 characters.
func NewManaged(passphrase, hint string) (Managed, error) {
	if utf8.RuneCountInString(passphrase) < passMin {
		return Managed{}, ErrShort
	}
	private, err := rsa.GenerateKey(rand.Reader, bits)
	if err != nil {
		return Managed{}, fmt.Errorf("making a key: %w", err)
	}
	public, err := Public(&private.PublicKey)
	if err != nil {
		return Managed{}, err
	}
	m := Managed{Public: public, Salt: make([]byte, 16), Rounds: Rounds, Hint: hint}
	rand.Read(m.Salt)
	aead, err := m.cipher(passphrase)
	if err != nil {
		return Managed{}, err
	}
	der, err := x509.MarshalPKCS8PrivateKey(private)
	if err != nil {
		return Managed{}, fmt.Errorf("making a key: %w", err)
	}
	m.Private = aead.Seal(nil, nil, der, []byte(m.Public))
	return m, nil
}

func (m Managed) cipher(passphrase string) (cipher.AEAD, error) {
	if m.Rounds < minRounds || m.Rounds > maxRounds || len(m.Salt) < 16 {
		return nil, ErrNoManaged
	}
	key, err := pbkdf2.Key(sha256.New, passphrase, m.Salt, m.Rounds, 32)
	if err != nil {
		return nil, fmt.Errorf("deriving a key from the passphrase: %w", err)
	}
	block, err := aes.NewCipher(key)
	if err != nil {
		return nil, err
	}
	return cipher.NewGCMWithRandomNonce(block)
}

// Unlock gives the private key. ErrPassphrase when the passphrase is another; it takes a
// quarter of a second of one core, so whoever serves it counts the tries.
func (m Managed) Unlock(passphrase string) (*rsa.PrivateKey, error) {
	aead, err := m.cipher(passphrase)
	if err != nil {
		return nil, err
	}
	der, err := aead.Open(nil, nil, m.Private, []byte(m.Public))
	if err != nil {
		return nil, ErrPassphrase
	}
	return private(der)
}

// Public writes a public key as forms hold it.
func Public(key *rsa.PublicKey) (string, error) {
	der, err := x509.MarshalPKIXPublicKey(key)
	if err != nil {
		return "", fmt.Errorf("writing a public key: %w", err)
	}
	return base64.StdEncoding.EncodeToString(der), nil
}

// ParsePublic reads base64RsaPublicKey, with or without line ends and PEM's frame.
func ParsePublic(text string) (*rsa.PublicKey, error) {
	der, err := decode(text)
	if block, _ := pem.Decode([]byte(text)); block != nil {
		der, err = block.Bytes, nil
	}
	if err != nil {
		return nil, ErrNoKey
	}
	key, err := x509.ParsePKIXPublicKey(der)
	if rsaKey, ok := key.(*rsa.PublicKey); err == nil && ok && sound(rsaKey) {
		return rsaKey, nil
	}
	return nil, ErrNoKey
}

// ParsePrivate reads a private key in PEM (PKCS #8 or PKCS #1, as openssl writes them) or
// the DER within. ErrNoKey when it is none, when it is locked with a password of its own, or
// when it is shorter than 2048 bits.
func ParsePrivate(text []byte) (*rsa.PrivateKey, error) {
	for rest := text; ; {
		var block *pem.Block
		if block, rest = pem.Decode(rest); block == nil {
			return private(text)
		}
		if key, err := private(block.Bytes); err == nil {
			return key, nil
		}
	}
}

func private(der []byte) (*rsa.PrivateKey, error) {
	if key, err := x509.ParsePKCS8PrivateKey(der); err == nil {
		if rsaKey, ok := key.(*rsa.PrivateKey); ok && sound(&rsaKey.PublicKey) {
			return rsaKey, nil
		}
		return nil, ErrNoKey
	}
	if key, err := x509.ParsePKCS1PrivateKey(der); err == nil && sound(&key.PublicKey) {
		return key, nil
	}
	return nil, ErrNoKey
}

func sound(key *rsa.PublicKey) bool {
	n := key.N.BitLen()
	return n >= bits && n <= maxBits
}
