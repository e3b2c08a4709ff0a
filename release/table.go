package release

import (
	"context"
	"crypto/ed25519"
	"crypto/sha256"
	"database/sql"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"time"

	"aman/platform/access"
	"aman/platform/audit"
	"aman/platform/ids"
	"aman/platform/jobs"
	"aman/platform/store"
	"aman/platform/vault"
	"aman/registry"
	"aman/release/kanon"
	"aman/release/profiles"
)

// MinCell is the least count that is shown: CTDC's k.
const MinCell = 11

// Config is what the service works with.
type Config struct {
	DB       *store.DB
	Vault    *vault.Vault
	Registry *registry.Registry
	Policy   *access.Policy
	Audit    *audit.Log
	Jobs     *jobs.Queue
	Zone     *time.Location // where the programme's days are days
	Now      func() time.Time
	Key      ed25519.PrivateKey // signs the folders
	Program  string             // name and version, for the manifest
}

// Service makes releases and keeps their ledger.
type Service struct {
	db       *store.DB
	vault    *vault.Vault
	registry *registry.Registry
	policy   *access.Policy
	audit    *audit.Log
	jobs     *jobs.Queue
	now      func() time.Time
	zone     *time.Location
	key      ed25519.PrivateKey
	program  string
	profiles map[string]*profiles.Profile
}

// New makes the service, and tells the job queue how releases are made.
func New(c Config) (*Service, error) {
	all, err := profiles.Load()
	if err != nil {
		return nil, err
	}
	s := &Service{db: c.DB, vault: c.Vault, registry: c.Registry, policy: c.Policy, audit: c.Audit, jobs: c.Jobs, zone: c.Zone, now: c.Now,
		key: c.Key, program: c.Program, profiles: all}
	s.jobs.Handle(jobKind, jobs.Rule{Attempts: 5, Timeout: 12 * time.Hour}, s.work)
	return s, nil
}

// Spec says which table is wanted.
type Spec struct {
	Register string `json:"register"`
	// By names the open properties that are the table's dimensions; a date as NAME:year.
	By []string `json:"by"`
	// From and To are the first and the last year counted.
	From int `json:"from"`
	To   int `json:"to"`
}

// dates names, for each register that can be released, the date that places a row in time
// and the property that says that its person agreed to be counted.
var dates = map[string]struct{ date, agreed string }{"cases": {"opened_on", "statistics"}}

// Entry is one line of the ledger.
type Entry struct {
	ID, Actor, Org string
	At             time.Time
	Spec           Spec
	State          string // released or recalled
	RecalledAt     time.Time
	Hash           string // SHA-256 of the published table
	Published      kanon.Published
}

// Faults of a request.
var (
	ErrSpec = errors.New("the table needs one to four open properties and a period of one to thirty years")
	// ErrEarlier: with what earlier releases tell, small groups could be worked out, and
	// nothing is left to withhold.
	ErrEarlier = errors.New("together with earlier releases, small groups could be worked out; choose other dimensions or a longer period")
)

// Table counts, protects, writes the ledger and only then gives the table.
func (s *Service) Table(ctx context.Context, sub access.Subject, spec Spec) (Entry, error) {
	for {
		e, err := s.table(ctx, sub, spec)
		switch {
		case errors.Is(err, errOvertaken):
			continue // another table of the register was released meanwhile; this one must be safe beside it
		case err != nil:
			return Entry{}, err // nothing leaves that the ledger does not have
		}
		return e, nil
	}
}

var errOvertaken = errors.New("another table was released meanwhile")

func (s *Service) table(ctx context.Context, sub access.Subject, spec Spec) (Entry, error) {
	sub.At = s.now().UTC()
	e := Entry{ID: ids.New(), Actor: sub.User, Org: sub.Org, At: sub.At, Spec: spec, State: "released"}
	cube, err := s.count(ctx, sub, spec)
	if err != nil {
		return e, err
	}
	earlier, err := s.earlier(ctx, sub, spec.Register)
	if err != nil {
		return e, err
	}
	if err := s.apartFromRows(ctx, sub, spec); err != nil {
		return e, err
	}
	tables := make([]kanon.Published, len(earlier))
	for i, x := range earlier {
		tables[i] = x.Published
	}
	e.Published, err = kanon.ProtectNext(ctx, cube, kanon.Rules{MinCell: MinCell}, tables...)
	var derivable *kanon.DerivableError
	switch {
	case errors.As(err, &derivable), errors.Is(err, kanon.ErrCorrected):
		return e, ErrEarlier
	case err != nil:
		return e, err
	}
	return e, s.enter(ctx, sub, &e, len(earlier))
}

// count makes the true counts. Only rows of people who agreed to be counted are in them.
func (s *Service) count(ctx context.Context, sub access.Subject, spec Spec) (kanon.Cube, error) {
	dims, at, err := s.dimensions(spec)
	if err != nil {
		return kanon.Cube{}, err
	}
	cube, err := kanon.NewCube(dims...)
	if err != nil {
		return cube, err
	}
	from, to := fmt.Sprintf("%04d-01-01", spec.From), fmt.Sprintf("%04d-12-31", spec.To)
	err = s.db.Read(ctx, func(tx *store.Tx) error {
		if !s.policy.May(sub, access.Release, "releases") || !s.policy.May(sub, access.Aggregate, spec.Register) {
			return &access.Refusal{Action: access.Release, Object: access.Object{Register: "releases"}, Reason: access.NoGrant}
		}
		where := []registry.Cond{registry.On(at.agreed, "=", true), registry.On(at.date, ">=", from), registry.On(at.date, "<=", to)}
		buckets, err := s.registry.Group(tx, sub, access.Aggregate, registry.Query{Register: spec.Register, Where: where}, spec.By...)
		if err != nil {
			return err
		}
		ended, err := s.ended(tx, spec.Register)
		if err != nil {
			return err
		}
		for some := range slices.Chunk(slices.Sorted(maps.Keys(ended)), 500) {
			gone, err := s.registry.Group(tx, sub, access.Aggregate, registry.Query{Register: spec.Register, Where: append(slices.Clone(where), registry.On("id", "in", some))}, spec.By...)
			if err != nil {
				return err
			}
			for _, b := range gone {
				i := slices.IndexFunc(buckets, func(x registry.Bucket) bool { return slices.Equal(x.Keys, b.Keys) })
				buckets[i].Count -= b.Count
			}
		}
		for _, b := range buckets {
			for i, key := range b.Keys {
				if !slices.Contains(dims[i].Codes, key) {
					b.Keys[i] = notRecorded
				}
			}
			if err := cube.Add(int64(b.Count), b.Keys...); err != nil {
				return err
			}
		}
		return nil
	})
	cube.Of = kanon.Population{Register: spec.Register + "/" + sub.Org, AsOf: s.now().In(s.zone).Format(time.DateOnly),
		Period: kanon.Span{From: from, To: fmt.Sprintf("%04d-01-01", spec.To+1)}}
	return cube, err
}

// notRecorded is the code of rows without a value; it is a code of every dimension, so
// that the shape of a table never tells whether such rows exist.
const notRecorded = "not_recorded"

// dimensions come from the declared code lists and the asked period, never from the data.
func (s *Service) dimensions(spec Spec) ([]kanon.Dimension, struct{ date, agreed string }, error) {
	at, ok := dates[spec.Register]
	schema := s.registry.Catalog.Registers[spec.Register]
	if !ok || schema == nil || len(spec.By) == 0 || len(spec.By) > 4 || spec.From > spec.To || spec.To-spec.From > 30 || spec.From < 1990 || spec.To > 2100 {
		return nil, at, ErrSpec
	}
	var dims []kanon.Dimension
	for _, name := range spec.By {
		d := kanon.Dimension{Name: name}
		if name == at.date+":year" {
			for y := spec.From; y <= spec.To; y++ {
				d.Codes = append(d.Codes, strconv.Itoa(y))
				d.Spans = append(d.Spans, kanon.Span{From: fmt.Sprintf("%04d-01-01", y), To: fmt.Sprintf("%04d-01-01", y+1)})
			}
			dims = append(dims, d)
			continue
		}
		p, ok := schema.Property(name)
		if !ok || p.Class != registry.Open || p.Type != registry.TypeCode {
			return nil, at, ErrSpec
		}
		for _, c := range s.registry.Catalog.Lists[p.List].Codes {
			d.Codes = append(d.Codes, c.Code)
		}
		d.Codes = append(d.Codes, notRecorded)
		dims = append(dims, d)
	}
	return dims, at, nil
}

// enter writes the ledger and the audit log.
func (s *Service) enter(ctx context.Context, sub access.Subject, e *Entry, known int) error {
	body, err := json.Marshal(e.Published)
	if err != nil {
		return err
	}
	public, err := json.Marshal(e.Published.Public())
	if err != nil {
		return err
	}
	sum := sha256.Sum256(public)
	e.Hash = hex.EncodeToString(sum[:])
	spec, err := json.Marshal(e.Spec)
	if err != nil {
		return err
	}
	return s.db.Write(ctx, func(tx *store.Tx) error {
		object := access.Object{Register: "releases", ID: e.ID, Org: sub.Org, Owner: sub.User}
		if _, err := s.policy.Require(tx, sub, access.Release, object); err != nil {
			return err
		}
		var now int
		if err := tx.Row("SELECT count(*) FROM releases WHERE register = ? AND org = ? AND kind = 'table'", e.Spec.Register, e.Org).Scan(&now); err != nil {
			return err
		}
		if now != known {
			return errOvertaken
		}
		if err := s.rowsBefore(tx, e.Org, e.Spec); err != nil {
			return err
		}
		if _, err := tx.Exec("INSERT INTO releases (id, at, actor, org, register, kind, spec, state, published, hash) VALUES (?, ?, ?, ?, ?, 'table', ?, ?, ?, ?)",
			e.ID, store.Micros(e.At), e.Actor, e.Org, e.Spec.Register, string(spec), e.State, string(body), e.Hash); err != nil {
			return err
		}
		return s.audit.Append(tx, audit.Entry{At: e.At, Actor: sub.User, Org: sub.Org, Action: "release.table", Outcome: audit.OK, Register: "releases", Object: e.ID, Detail: map[string]string{"hash": e.Hash}})
	})
}

const columns = "SELECT r.id, r.at, r.actor, r.org, r.spec, r.state, r.recalled_at, r.hash, r.published FROM releases r"

func scan(r *sql.Rows) (e Entry, err error) {
	var at, recalled int64
	var spec, published string
	if err := r.Scan(&e.ID, &at, &e.Actor, &e.Org, &spec, &e.State, &recalled, &e.Hash, &published); err != nil {
		return e, err
	}
	e.At, e.RecalledAt = store.Time(at), store.Time(recalled)
	return e, errors.Join(json.Unmarshal([]byte(spec), &e.Spec), json.Unmarshal([]byte(published), &e.Published))
}

// earlier gives the tables that a new one of the register must be safe together with.
// Recalled ones count: what was read cannot be unread.
func (s *Service) earlier(ctx context.Context, sub access.Subject, register string) (list []Entry, err error) {
	err = s.db.Read(ctx, func(tx *store.Tx) error {
		list, err = store.All(tx, scan, columns+" WHERE r.register = ? AND r.org = ? AND r.kind = 'table' ORDER BY r.at", register, sub.Org)
		return err
	})
	return list, err
}

// Ledger lists the releases the subject may see, newest first.
func (s *Service) Ledger(tx *store.Tx, sub access.Subject, limit int) ([]Entry, error) {
	where, args := s.policy.Filter(sub, access.Read, "releases")
	return store.All(tx, scan, columns+" WHERE ("+where+") AND r.kind = 'table' ORDER BY r.at DESC LIMIT ?", append(args, limit)...)
}

// Get reads one release.
func (s *Service) Get(tx *store.Tx, sub access.Subject, id string) (Entry, error) {
	list, err := store.All(tx, scan, columns+" WHERE r.id = ?", id)
	if err != nil {
		return Entry{}, err
	}
	if len(list) == 0 {
		return Entry{}, &access.Refusal{Action: access.Read, Object: access.Object{Register: "releases", ID: id}, Reason: access.NoSuchRow}
	}
	_, err = s.policy.Require(tx, sub, access.Read, access.Object{Register: "releases", ID: id, Org: list[0].Org, Owner: list[0].Actor})
	return list[0], err
}
