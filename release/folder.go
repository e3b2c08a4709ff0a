package release

import (
	"crypto/ed25519"
	"crypto/sha256"
	"encoding/hex"

	"aman/release/product"
)

// folder makes the signed folder of a release.
func (s *Service) folder(p interface {
	Folder(key ed25519.PrivateKey, site ...product.File) (product.Folder, error)
}) (product.Folder, error) {
	return p.Folder(s.key)
}

func sha(b []byte) string {
	sum := sha256.Sum256(b)
	return hex.EncodeToString(sum[:])
}

// crash is where a test ends the program, at the worst moments.
var crash = func(string) {}
