package node

import (
	"context"
	"crypto/ed25519"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"

	"aman/casework"
	"aman/forms"
	"aman/forms/entities"
	"aman/linkage/names"
	"aman/packs"
	"aman/platform/access"
	"aman/platform/audit"
	"aman/platform/jobs"
	"aman/platform/signin"
	"aman/platform/store"
	"aman/platform/vault"
	"aman/registry"
	"aman/release"
	"aman/screening"
)

// Config says where a node keeps what.
type Config struct {
	// Data is the folder of an embedded node.
	Data string
	// Keys is the folder of the key ring; Data/keys when empty. Keep it on another medium
	// where you can: whoever has both folders can read everything.
	Keys string
	// Passphrase opens a key ring that is locked with one.
	Passphrase string
	// Database is a postgres:// address, for several nodes on one database.
	Database string
	// Create makes the key ring and the database when they are missing (aman init, demo).
	Create bool
	// Throwaway is for a store that nobody will miss (aman demo): faster, not flushed to disk.
	Throwaway bool
	// Now is the clock; time.Now when nil.
	Now func() time.Time
	// Origin is the address browsers use, https://aman.example.org; passkeys need it.
	Origin string
	// Packs are the names of the packs, in order; core and pakistan when empty.
	Packs []string
}

// Node is an open Aman.
type Node struct {
	Config   Config
	Now      func() time.Time
	Ring     *vault.Ring
	Store    *store.DB
	Vault    *vault.Vault
	Audit    *audit.Log
	Jobs     *jobs.Queue
	Policy   *access.Policy
	Catalog  *registry.Catalog
	Registry *registry.Registry
	Library  *screening.Library
	Forms    *forms.Service
	Entities *entities.Service
	Casework *casework.Service
	SignIn   *signin.Service
	Shipped  *forms.Shipped
	Release  *release.Service
	Packs    []fs.FS

	practice casework.Practice
}

// Open opens a node and brings its tables up to date. Errors that an operator can do
// something about are sentences (*store.Error, *vault.Fault).
func Open(ctx context.Context, c Config) (n *Node, err error) {
	n = &Node{Config: c, Now: c.Now}
	if n.Now == nil {
		n.Now = time.Now
	}
	if err := n.content(); err != nil {
		return nil, err
	}
	if err := n.open(ctx); err != nil {
		return nil, err
	}
	defer func() {
		if err != nil {
			n.Close()
		}
	}()
	n.Vault = vault.New(n.Store, n.Ring)
	n.Audit = audit.New(n.Store, n.Ring.AuditKey())
	host, err := os.Hostname()
	if err != nil {
		host = "node"
	}
	n.Jobs = jobs.New(n.Store, fmt.Sprintf("%s-%d", host, os.Getpid()))
	if n.Registry, err = registry.New(n.Store, n.Vault, n.Audit, n.Policy, n.Catalog, blind); err != nil {
		return nil, err
	}
	if err := n.Registry.Migrate(ctx); err != nil {
		return nil, err
	}
	if n.practice, err = casework.LoadPractice(n.Packs...); err != nil {
		return nil, err
	}
	n.Forms = forms.New(n.Store, n.Vault, n.Audit, n.Policy, n.Registry, n.Now)
	// Before the first form is published: publishing makes entity lists.
	if n.Entities, err = entities.Open(n.Store, n.Vault, n.Audit, n.Policy, n.Registry, n.Forms, blind, n.Now); err != nil {
		return nil, err
	}
	if n.Shipped, err = forms.LoadShipped(n.Catalog, n.Packs...); err != nil {
		return nil, err
	}
	if err := n.Forms.PublishShipped(ctx, n.Shipped); err != nil {
		return nil, err
	}
	if n.SignIn, err = signin.New(n.Store, signin.Config{Key: n.Ring.Derive("sign-in"), Origin: n.Config.Origin, Record: n.recordSignIn, Now: n.Now}); err != nil {
		return nil, err
	}
	if n.Release, err = release.New(release.Config{DB: n.Store, Vault: n.Vault, Registry: n.Registry, Policy: n.Policy, Audit: n.Audit, Jobs: n.Jobs,
		Zone: n.practice.Zone, Now: n.Now, Key: ed25519.NewKeyFromSeed(n.Ring.Derive("release")), Program: "aman"}); err != nil {
		return nil, err
	}
	n.Casework = casework.New(n.Store, n.Vault, n.Audit, n.Policy, n.Registry, n.Forms, n.Library, n.practice, n.Now)
	return n, nil
}

// recordSignIn writes what happens at the door into the audit log.
func (n *Node) recordSignIn(tx *store.Tx, e signin.Event) error {
	entry := audit.Entry{At: e.At, Actor: e.User, Action: "door." + e.Kind, Outcome: audit.OK, Object: e.User, Detail: map[string]string{}}
	if e.Kind == "sign_in_refused" {
		entry.Outcome = audit.Refused
	}
	for key, v := range map[string]string{"session": e.Session, "reason": e.Reason} {
		if v != "" {
			entry.Detail[key] = v
		}
	}
	if m := strings.ReplaceAll(e.Method, "+", "-"); m != "" {
		entry.Detail["method"] = m
	}
	return n.Audit.Append(tx, entry)
}

// content reads the packs: what is the same for every node of this program.
func (n *Node) content() (err error) {
	if len(n.Config.Packs) == 0 {
		n.Config.Packs = []string{"core", "pakistan"}
	}
	for _, name := range n.Config.Packs {
		n.Packs = append(n.Packs, packs.Open(name))
	}
	if n.Library, err = screening.Load(n.Packs...); err != nil {
		return fmt.Errorf("screening content: %w", err)
	}
	if n.Catalog, err = registry.Load(screeningLists(n.Library), n.Packs...); err != nil {
		return err
	}
	body, err := fs.ReadFile(n.Packs[0], "roles.yaml")
	if err != nil {
		return err
	}
	roles, err := access.ReadRoles(body)
	if err != nil {
		return fmt.Errorf("roles.yaml: %w", err)
	}
	n.Policy, err = access.New(roles)
	return err
}

// screeningLists makes the vocabulary of facts and the standards into code lists, so
// that registers can refer to them.
func screeningLists(l *screening.Library) []*registry.List {
	facts := &registry.List{Name: "fact", Source: "facts.yaml"}
	for _, f := range l.Vocabulary.Facts {
		facts.Codes = append(facts.Codes, registry.Code{Code: f.Key, Label: registry.Text(f.Label)})
	}
	standards := &registry.List{Name: "standard", Source: "standards"}
	for _, s := range l.Standards {
		standards.Codes = append(standards.Codes, registry.Code{Code: s.ID, Label: registry.Text(s.Title)})
	}
	return []*registry.List{facts, standards}
}

// blind gives the look-up values of a sealed text: its normal form for exact agreement,
// its sounds for spellings that differ (Latin or Arabic letters).
func blind(kind, text string) []string {
	if kind == "phonetic" {
		return names.Keys(text)
	}
	if n := names.Normalize(text); n != "" {
		return []string{n}
	}
	return []string{text}
}

func (n *Node) open(ctx context.Context) (err error) {
	c := &n.Config
	if c.Keys == "" {
		if c.Data == "" {
			return &store.Error{Kind: store.Missing, Text: "No key folder was named. Give --keys DIR (or --data DIR, whose keys folder is used)."}
		}
		c.Keys = filepath.Join(c.Data, "keys")
	}
	if c.Create && c.Data != "" {
		if err := os.MkdirAll(c.Data, 0o700); err != nil {
			return err
		}
	}
	n.Ring, err = vault.OpenRing(c.Keys, c.Passphrase)
	if c.Create && vault.KindOf(err) == vault.Missing {
		n.Ring, err = vault.CreateRing(c.Keys, c.Passphrase)
	}
	if err != nil {
		return err
	}
	n.Store, err = store.Open(ctx, store.Config{Dir: c.Data, Key: n.Ring.DatabaseKey(), URL: c.Database, Create: c.Create, Throwaway: c.Throwaway})
	return err
}

// Close ends the node; what was acknowledged is on disk.
func (n *Node) Close() error {
	if n.Store == nil {
		return nil
	}
	return n.Store.Close()
}

// Zone is the time zone in which the programme works.
func (n *Node) Zone() *time.Location { return n.practice.Zone }

// AuditPublic is the key by which the audit log's checkpoints are verified.
func (n *Node) AuditPublic() ed25519.PublicKey {
	return n.Ring.AuditKey().Public().(ed25519.PublicKey)
}

// VerifyAudit checks the whole audit chain; progress may be nil.
func (n *Node) VerifyAudit(ctx context.Context, progress func(done, of int64)) (audit.Report, error) {
	return audit.Verify(ctx, n.Store, n.AuditPublic(), progress)
}

// Ready says whether the store can be read.
func (n *Node) Ready(ctx context.Context) error {
	return n.Store.Read(ctx, func(tx *store.Tx) error {
		var one int
		return tx.Row("SELECT 1").Scan(&one)
	})
}
