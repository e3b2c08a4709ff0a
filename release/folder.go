package release

import (
	"crypto/ed25519"
	"crypto/sha256"
	"encoding/csv"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"slices"
	"strconv"

	"aman/release/product"
	"aman/release/showcase"
)

// noisyFolder makes the signed folder of a release with noise, its website included.
func noisyFolder(p product.DP, key ed25519.PrivateKey) (product.Folder, error) {
	site, err := showcase.DP(p)
	if err != nil {
		return nil, err
	}
	return p.Folder(key, site...)
}

// alikeFolder makes the signed folder of k-anonymous rows.
func alikeFolder(p product.K, key ed25519.PrivateKey) (product.Folder, error) {
	site, err := showcase.K(p)
	if err != nil {
		return nil, err
	}
	return p.Folder(key, site...)
}

func sha(b []byte) string {
	sum := sha256.Sum256(b)
	return hex.EncodeToString(sum[:])
}

// crash is where a test ends the program, at the worst moments.
var crash = func(string) {}

// Small says that a folder shows a count that is under its own threshold. It names no cell.
type Small struct{ Cells, Threshold int }

func (s *Small) Error() string {
	return fmt.Sprintf("%d published counts are under the threshold of %d", s.Cells, s.Threshold)
}

// Check verifies a folder as anybody can: the signature, every file, and that no published count is under the
// threshold that the manifest promises. trusted are the keys that are believed; none: the one in the folder.
func Check(fsys fs.FS, trusted ...ed25519.PublicKey) (*product.Manifest, error) {
	m, err := product.Verify(fsys, trusted...)
	if err != nil {
		return m, err
	}
	f, err := fsys.Open("data/aggregates.csv")
	if errors.Is(err, fs.ErrNotExist) {
		return m, nil
	}
	if err != nil {
		return m, err
	}
	defer f.Close()
	rows := csv.NewReader(f)
	head, err := rows.Read()
	at := slices.Index(head, "estimate")
	if err != nil || at < 0 {
		return m, fmt.Errorf("data/aggregates.csv has no column estimate")
	}
	small := 0
	for {
		row, err := rows.Read()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return m, fmt.Errorf("data/aggregates.csv: %w", err)
		}
		if n, err := strconv.Atoi(row[at]); err != nil || n < m.Threshold {
			small++
		}
	}
	if small > 0 || m.Threshold < 2 {
		return m, &Small{small, m.Threshold}
	}
	return m, nil
}
