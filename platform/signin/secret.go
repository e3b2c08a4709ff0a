package signin

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/hkdf"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"errors"
)

// keys derives the sealing and the hashing key, so that neither serves two ends.
func keys(key []byte) (cipher.AEAD, []byte, error) {
	if len(key) != 32 {
		return nil, nil, errors.New("the key for signing in must be 32 bytes long")
	}
	sealing, err := hkdf.Key(sha256.New, key, nil, "aman signin: one-time secrets", 32)
	if err != nil {
		return nil, nil, err
	}
	mac, err := hkdf.Key(sha256.New, key, nil, "aman signin: hashed names and codes", 32)
	if err != nil {
		return nil, nil, err
	}
	block, err := aes.NewCipher(sealing)
	if err != nil {
		return nil, nil, err
	}
	aead, err := cipher.NewGCMWithRandomNonce(block)
	return aead, mac, err
}

func random(n int) []byte {
	b := make([]byte, n)
	rand.Read(b)
	return b
}

// newToken makes a secret of 8n/6 characters of the URL-safe alphabet, and what is stored of it.
func newToken(n int) (token, hash string) {
	token = base64.RawURLEncoding.EncodeToString(random(n))
	return token, hashToken(token)
}

// hashToken needs no salt and no slowness: a token has 256 bits or more of its own.
func hashToken(token string) string {
	h := sha256.Sum256([]byte(token))
	return hex.EncodeToString(h[:])
}

// name hashes what could be guessed (a login, an address, a short code) under the service's key.
func (s *Service) name(parts ...string) string {
	m := hmac.New(sha256.New, s.mac)
	for _, p := range parts {
		m.Write([]byte{byte(len(p) >> 8), byte(len(p))})
		m.Write([]byte(p))
	}
	return hex.EncodeToString(m.Sum(nil)[:16])
}
