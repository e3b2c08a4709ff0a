package entities

import (
	"errors"
	"fmt"
	"strings"
	"time"
	"unicode"

	"aman/forms"
	"aman/forms/entities/block"
	"aman/platform/access"
	"aman/platform/audit"
	"aman/platform/store"
	"aman/platform/vault"
	"aman/registry"
)

// Service keeps the entity lists of one store.
type Service struct {
	db       *store.DB
	vault    *vault.Vault
	audit    *audit.Log
	policy   *access.Policy
	registry *registry.Registry
	forms    *forms.Service
	normal   func(kind, text string) []string
	now      func() time.Time
	declared declarations
}

// register is the name under which the access policy knows entities. Its properties are the
// privacy classes themselves: each list has properties of its own, and the class of one says
// who may touch it.
const register = "entities"

// Open makes the service and puts it behind the forms. normal gives the look-up
// values of a word, as for sealed texts of registers.
func Open(db *store.DB, v *vault.Vault, log *audit.Log, p *access.Policy, r *registry.Registry, f *forms.Service, normal func(kind, text string) []string, now func() time.Time) (*Service, error) {
	if r.Catalog.Registers[register] != nil {
		return nil, errors.New("a pack declares a register called entities; that name is taken by the entity lists")
	}
	s := &Service{db: db, vault: v, audit: log, policy: p, registry: r, forms: f, normal: normal, now: now, declared: declarations{of: map[string][]block.Declaration{}}}
	f.OnPublish(s.published)
	f.OnReceive(s.received)
	f.OnReview(s.reviewed)
	return s, nil
}

func (s *Service) at(sub access.Subject) access.Subject {
	sub.At = s.now().UTC().Truncate(time.Microsecond)
	return sub
}

// Faults that the one who asked can do something about.
var (
	ErrNoDataset     = errors.New("there is no such entity list")
	ErrNoEntity      = errors.New("there is no such entity in the list")
	ErrNoVersion     = errors.New("the entity has no such version")
	ErrDatasetTaken  = errors.New("there is an entity list of this name already")
	ErrPropertyTaken = errors.New("the entity list has a property of this name already, small and capital letters aside")
	ErrTaken         = errors.New("there is an entity with this id already")
	ErrStale         = errors.New("somebody has changed the entity since the version that this change was made on")
	ErrNoBase        = errors.New("a change says which version it was made on (baseVersion), or that it is to be forced")
	ErrNoLabel       = errors.New("an entity needs a label that is not empty")
	ErrNotUUID       = errors.New("the id of an entity must be a UUID")
	ErrNoConflict    = errors.New("the entity is not in conflict")
	ErrBound         = errors.New("this list is a register; its properties and rules come from its pack and cannot be changed here")
	ErrTooMany       = errors.New("one request can bring at most 10,000 entities")
	ErrInUse         = errors.New("the list has entities, or a form that writes to it, and cannot be deleted")
	ErrClass         = errors.New("a privacy class is open, sensitive, identity or health")
	ErrCursor        = errors.New("the page that was asked for is not one of this list's")
)

// TakenError names the ids that are there already. errors.Is(err, ErrTaken).
type TakenError struct{ IDs []string }

func (e *TakenError) Error() string { return ErrTaken.Error() }

// Unwrap gives ErrTaken.
func (e *TakenError) Unwrap() error { return ErrTaken }

// StaleError says which version is the newest. errors.Is(err, ErrStale).
type StaleError struct{ Current int64 }

func (e *StaleError) Error() string {
	return fmt.Sprintf("%s; the newest is %d", ErrStale, e.Current)
}

// Unwrap gives ErrStale.
func (e *StaleError) Unwrap() error { return ErrStale }

// UnknownPropertyError names a property that the list does not have.
type UnknownPropertyError struct{ Name string }

func (e *UnknownPropertyError) Error() string {
	return fmt.Sprintf("the entity list has no property %q", e.Name)
}

// NameError is a name that a list or a property cannot have.
type NameError = block.NameError

// words are the look-up values of a label: each of its words in normal form.
func (s *Service) words(label string) []string {
	const most = 12
	var out []string
	for _, w := range strings.FieldsFunc(label, func(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsDigit(r) && !unicode.IsMark(r) }) {
		if out = append(out, s.normal("exact", strings.ToLower(w))...); len(out) >= most {
			break
		}
	}
	return out
}

// lookup names the entities of one office in one list in the blind index. A look-up finds so
// many and no more; so that they are not all another office's, each office is looked up by itself.
func (l *list) lookup(office string) string { return fmt.Sprintf("entities/%d/%s", l.ID, office) }

// owner is whose key seals an entity. An id comes from a phone and could be that of a person:
// so it never stands for an owner by itself.
func owner(id string) string { return "entity/" + id }
