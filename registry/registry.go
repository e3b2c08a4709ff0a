package registry

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"sync"

	"aman/platform/access"
	"aman/platform/audit"
	"aman/platform/store"
	"aman/platform/vault"
)

// Registry reads and writes the registers of one store.
type Registry struct {
	Catalog *Catalog
	db      *store.DB
	vault   *vault.Vault
	audit   *audit.Log
	policy  *access.Policy
	// Blind gives the values under which a sealed value is looked up, by kind (exact,
	// phonetic). It is given from outside so that this package knows no language.
	blind func(kind, value string) []string
	// lenses keeps the policy as it stands for single properties (lensKey -> *lens).
	lenses sync.Map
}

// New ties a catalog to a store. blind makes the look-up values of sealed texts.
func New(db *store.DB, v *vault.Vault, log *audit.Log, p *access.Policy, c *Catalog, blind func(kind, value string) []string) (*Registry, error) {
	for _, name := range c.Names() {
		if err := p.Declare(c.Registers[name].access()); err != nil {
			return nil, fmt.Errorf("register %s: %w", name, err)
		}
	}
	return &Registry{Catalog: c, db: db, vault: v, audit: log, policy: p, blind: blind}, nil
}

// access is what the access policy has to know of a register.
func (s *Schema) access() access.Register {
	r := access.Register{
		Name: s.Name, Scope: s.Scope, Classes: map[string]access.Class{},
		PartyAlways: s.PartyAlways, PartyByState: s.PartyByState, Shares: s.Shares,
	}
	for _, p := range s.Properties {
		r.Classes[p.Name] = string(p.Class)
	}
	return r
}

// Schema finds a register by name.
func (r *Registry) Schema(name string) (*Schema, error) {
	s := r.Catalog.Registers[name]
	if s == nil {
		return nil, fmt.Errorf("there is no register %q", name)
	}
	return s, nil
}

// Migrate makes the tables of the catalog, and adds to a table what its pack has
// gained. It refuses a change that would lose values: another type, a value sealed
// that stood in clear or the reverse.
func (r *Registry) Migrate(ctx context.Context) error {
	return r.db.Write(ctx, func(tx *store.Tx) error {
		for _, name := range r.Catalog.Names() {
			if err := migrate(tx, r.Catalog.Registers[name]); err != nil {
				return fmt.Errorf("register %s: %w", name, err)
			}
		}
		return nil
	})
}

// kept is what of a schema must not change under the values already there.
type kept struct {
	Type   Type `json:"type"`
	Sealed bool `json:"sealed"`
}

func migrate(tx *store.Tx, s *Schema) error {
	before := map[string]kept{}
	var old string
	err := tx.Row("SELECT schema FROM registers WHERE name = ?", s.Name).Scan(&old)
	switch {
	case err == store.ErrNone:
		var cols []string
		for _, c := range system {
			cols = append(cols, c.name+" "+c.typ)
		}
		if err := tx.DDL("CREATE TABLE " + s.Table() + " (" + strings.Join(cols, ", ") + ")"); err != nil {
			return err
		}
		for _, cols := range [][]string{{"org", "updated_at"}, {"case_id"}, {"person_id"}, {"party", "updated_at"}, {"owner"}, {"submission"}} {
			if err := index(tx, s, cols, false); err != nil {
				return err
			}
		}
	case err != nil:
		return err
	default:
		if err := json.Unmarshal([]byte(old), &before); err != nil {
			return err
		}
	}
	after := map[string]kept{}
	for n, k := range before {
		after[n] = k // a property that left the pack keeps its column and its rule
	}
	for _, p := range s.Properties {
		now := kept{p.Type, p.Class.Sealed()}
		was, there := before[p.Name]
		after[p.Name] = now
		switch {
		case !there:
			typ := columnType[p.Type]
			if now.Sealed {
				typ = "BLOB"
			}
			if err := tx.DDL("ALTER TABLE " + s.Table() + " ADD COLUMN " + p.Name + " " + typ); err != nil {
				return err
			}
		case was.Sealed != now.Sealed:
			return fmt.Errorf("the property %s was sealed=%v and the pack now says sealed=%v; add a new property instead, so that no value is lost or laid open", p.Name, was.Sealed, now.Sealed)
		case stored(was.Type) != stored(now.Type):
			return fmt.Errorf("the property %s has values of type %s; the pack now says %s; add a new property instead", p.Name, was.Type, now.Type)
		}
		if unique := slices.Contains(p.Index, "unique"); unique || slices.Contains(p.Index, "sorted") {
			if err := index(tx, s, []string{p.Name}, unique); err != nil {
				return fmt.Errorf("the index of %s: %w", p.Name, err)
			}
		}
	}
	if err := listIndexes(tx, s); err != nil {
		return err
	}
	body, err := json.Marshal(after)
	if err != nil {
		return err
	}
	_, err = tx.Exec("INSERT INTO registers (name, schema, updated_at) VALUES (?, ?, 0) ON CONFLICT (name) DO UPDATE SET schema = excluded.schema", s.Name, string(body))
	return err
}

// listIndexes makes the indexes that the list of an office walks: in the order of its pages,
// and holding all that the access filter, the count and the usual conditions ask for, so that
// no row is opened but those of the page.
func listIndexes(tx *store.Tx, s *Schema) error {
	if err := tx.DDL("DROP INDEX IF EXISTS " + s.Table() + "_office_updated_at"); err != nil { // what the next one replaces
		return err
	}
	if err := index(tx, s, []string{"office", "updated_at", "id", "restricted", "deleted"}, false); err != nil {
		return err
	}
	cols := []string{"office", "state", "updated_at", "id", "restricted", "deleted", "owner"}
	for _, p := range s.Properties {
		if slices.Contains(p.Index, "list") || slices.Contains(p.Index, "sorted") {
			cols = append(cols, p.Name)
		}
	}
	sum := sha256.Sum256([]byte(strings.Join(cols, ",")))
	name := s.Table() + "_list_" + hex.EncodeToString(sum[:4]) // another name when a pack asks for other columns
	return tx.DDL("CREATE INDEX IF NOT EXISTS " + name + " ON " + s.Table() + " (" + strings.Join(cols, ", ") + ")")
}

// stored is the form of a type's values in a column or a sealed blob; types of one form
// can follow each other.
func stored(t Type) string {
	if t == TypeCodes {
		return "codes"
	}
	return columnType[t]
}

func index(tx *store.Tx, s *Schema, cols []string, unique bool) error {
	kind := "INDEX"
	if unique {
		kind = "UNIQUE INDEX"
	}
	return tx.DDL("CREATE " + kind + " IF NOT EXISTS " + s.Table() + "_" + strings.Join(cols, "_") + " ON " + s.Table() + " (" + strings.Join(cols, ", ") + ")")
}
