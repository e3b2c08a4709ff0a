package product

import (
	"crypto/ed25519"
	"crypto/sha256"
	"crypto/x509"
	"encoding/hex"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"strings"

	"aman/release/dp"
	"aman/release/synth"
)

// Names of the files that sign the others.
const (
	manifestFile  = "manifest.json"
	signatureFile = "manifest.sig"
	keyFile       = "public-key.pem"
)

// Manifest says how a release was made. It is public, and holds nothing that the release does not tell.
type Manifest struct {
	Format    int       `json:"format"` // 1
	ID        string    `json:"id"`
	Version   string    `json:"edition"`
	Title     Text      `json:"title"`
	Publisher string    `json:"publisher"`
	MadeAt    string    `json:"made_at"` // RFC 3339, UTC
	Program   string    `json:"program"`
	Profile   string    `json:"profile"`
	From      string    `json:"period_from"`
	To        string    `json:"period_to"`
	Method    string    `json:"method"` // "differential privacy" or "k-anonymity"
	Unit      Text      `json:"record_is"`
	Note      Text      `json:"note,omitempty"`
	Guarantee Text      `json:"guarantee"`
	Threshold int       `json:"smallest_published_count"`
	Rows      int       `json:"rows"`
	Counts    int       `json:"aggregates"`
	Ledger    LedgerRef `json:"ledger"`

	DP *DPManifest `json:"differential_privacy,omitempty"`
	K  *KManifest  `json:"k_anonymity,omitempty"`

	Key   string            `json:"key_sha256"` // of the public key
	Files map[string]string `json:"files_sha256"`
}

// DPManifest is the part of the noisy path.
type DPManifest struct {
	Epsilon  float64       `json:"epsilon"`
	Delta    float64       `json:"delta"`
	Rho      dp.Rho        `json:"rho"` // units of 10⁻¹²
	Options  synth.Options `json:"options"`
	People   float64       `json:"people_estimate"`
	PeopleSD float64       `json:"people_standard_deviation"`
	Spent    []synth.Spent `json:"spent"`
	Tables   []string      `json:"tables"`
}

// KManifest is the part of the k-anonymous path.
type KManifest struct {
	K    int      `json:"k"`
	Keys []string `json:"keys"`
}

// LedgerRef says which line of the ledger stands for a release.
type LedgerRef struct {
	Seq     int    `json:"seq"`
	Hash    string `json:"hash"`
	Spent   dp.Rho `json:"rho,omitempty"` // units of 10⁻¹²
	Running dp.Rho `json:"running_rho,omitempty"`
	Budget  dp.Rho `json:"budget_rho,omitempty"`
}

// Fingerprint names a key, for people to compare: the SHA-256 of its 32 bytes.
func Fingerprint(key ed25519.PublicKey) string { return hash(key) }

func hash(b []byte) string {
	sum := sha256.Sum256(b)
	return hex.EncodeToString(sum[:])
}

// sign completes the folder with the manifest, its signature and the key.
func sign(files []File, m Manifest, key ed25519.PrivateKey) (Folder, error) {
	if len(key) != ed25519.PrivateKeySize {
		return nil, errors.New("product: a release is signed with an Ed25519 key, and there is none")
	}
	public := key.Public().(ed25519.PublicKey)
	der, err := x509.MarshalPKIXPublicKey(public)
	if err != nil {
		return nil, err
	}
	files = append(files, File{keyFile, pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: der})})
	m.Format, m.Key, m.Files = 1, Fingerprint(public), map[string]string{}
	for _, f := range files {
		m.Files[f.Name] = hash(f.Body)
	}
	body, err := marshal(m)
	if err != nil {
		return nil, err
	}
	return sorted(append(files, File{manifestFile, body}, File{signatureFile, ed25519.Sign(key, body)}))
}

func marshal(v any) ([]byte, error) {
	body, err := json.MarshalIndent(v, "", "  ")
	return append(body, '\n'), err
}

// Faults of a folder.
var (
	ErrSignature = errors.New("the signature does not fit the manifest: it was changed after it was signed, or signed by somebody else")
	ErrKey       = errors.New("the folder is signed with a key that is not one of the trusted ones")
)

// Tampered lists the files that are not as they were when the folder was signed.
type Tampered struct{ Changed, Missing, Added []string }

func (t *Tampered) Error() string {
	var parts []string
	for _, p := range []struct {
		what  string
		names []string
	}{{"changed", t.Changed}, {"missing", t.Missing}, {"not in the manifest", t.Added}} {
		if len(p.names) > 0 {
			parts = append(parts, p.what+": "+strings.Join(p.names, ", "))
		}
	}
	return "the folder is not as it was signed; " + strings.Join(parts, "; ")
}

// Verify checks that a folder is as it was signed: the signature, the hash of every file, nothing missing and nothing
// besides. Without trusted keys the key in the folder is believed, which says only that nothing was changed since.
func Verify(fsys fs.FS, trusted ...ed25519.PublicKey) (*Manifest, error) {
	body, err := fs.ReadFile(fsys, manifestFile)
	if err != nil {
		return nil, fmt.Errorf("the folder holds no release: %w", err)
	}
	signature, err := fs.ReadFile(fsys, signatureFile)
	if err != nil {
		return nil, fmt.Errorf("the folder is not signed: %w", err)
	}
	key, err := folderKey(fsys)
	if err != nil {
		return nil, err
	}
	if len(trusted) > 0 && !slices.ContainsFunc(trusted, func(k ed25519.PublicKey) bool { return key.Equal(k) }) {
		return nil, ErrKey
	}
	if !ed25519.Verify(key, body, signature) {
		return nil, ErrSignature
	}
	var m Manifest
	if err := json.Unmarshal(body, &m); err != nil {
		return nil, fmt.Errorf("%s: %w", manifestFile, err)
	}
	if m.Format != 1 {
		return nil, fmt.Errorf("%s has format %d; this program knows 1", manifestFile, m.Format)
	}
	return &m, m.compare(fsys)
}

func (m *Manifest) compare(fsys fs.FS) error {
	var t Tampered
	seen := map[string]bool{}
	err := fs.WalkDir(fsys, ".", func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || name == manifestFile || name == signatureFile {
			return err
		}
		seen[name] = true
		want, ok := m.Files[name]
		if !ok {
			t.Added = append(t.Added, name)
			return nil
		}
		body, err := fs.ReadFile(fsys, name)
		if err == nil && hash(body) != want {
			t.Changed = append(t.Changed, name)
		}
		return err
	})
	if err != nil {
		return err
	}
	for name := range m.Files {
		if !seen[name] {
			t.Missing = append(t.Missing, name)
		}
	}
	slices.Sort(t.Missing)
	if len(t.Changed)+len(t.Missing)+len(t.Added) > 0 {
		return &t
	}
	return nil
}

func folderKey(fsys fs.FS) (ed25519.PublicKey, error) {
	text, err := fs.ReadFile(fsys, keyFile)
	if err != nil {
		return nil, fmt.Errorf("the folder has no key: %w", err)
	}
	block, _ := pem.Decode(text)
	if block == nil {
		return nil, fmt.Errorf("%s is not a PEM file", keyFile)
	}
	any, err := x509.ParsePKIXPublicKey(block.Bytes)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", keyFile, err)
	}
	key, ok := any.(ed25519.PublicKey)
	if !ok {
		return nil, fmt.Errorf("%s is not an Ed25519 key", keyFile)
	}
	return key, nil
}
