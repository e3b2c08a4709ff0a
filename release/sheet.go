package release

import (
	"bytes"
	"context"
	"crypto/ed25519"
	"crypto/rand"
	"crypto/x509"
	"encoding/csv"
	"encoding/pem"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"time"

	"github.com/goccy/go-yaml"

	"aman/platform/ids"
	"aman/release/dp"
	"aman/release/evaluate"
	"aman/release/product"
	"aman/release/profiles"
	"aman/release/synth"
)

// Sheet is the SPEC.yaml of `aman release`. With an input it is a release of a bare CSV file, without a node: one row a
// person, the ledger a file, and no second person, which the manifest says. Without an input it is an Ask to a node.
type Sheet struct {
	Ask `yaml:",inline"`

	Input  string            `yaml:"input,omitempty"`
	Domain string            `yaml:"domain,omitempty"` // as `aman synth --suggest-domain` drafts it
	Multi  map[string]string `yaml:"multi,omitempty"`  // column: separator
	// Keys are the columns that an attacker may know; none: all.
	Keys []string `yaml:"keys,omitempty"`
	// StandIn is a public CSV file to predict from, such as an earlier release.
	StandIn string `yaml:"stand_in,omitempty"`
	// Ledger adds up what is spent on these people; Budget is all that may ever be, at delta 1e-6, when the ledger is made.
	Ledger string  `yaml:"ledger,omitempty"`
	Budget float64 `yaml:"budget_epsilon,omitempty"`
	// Key signs the folder; it is made at the first run. Out is the folder.
	Key string `yaml:"key,omitempty"`
	Out string `yaml:"out,omitempty"`

	dir string
}

// SheetError is the caller's to mend: a bad file or a bad line in the sheet. Nothing was spent.
type SheetError struct{ Err error }

func (e *SheetError) Error() string { return e.Err.Error() }
func (e *SheetError) Unwrap() error { return e.Err }

func amiss(format string, args ...any) error { return &SheetError{fmt.Errorf(format, args...)} }

// ReadSheet reads a sheet; the files that it names are beside it.
func ReadSheet(path string) (*Sheet, error) {
	body, err := os.ReadFile(path)
	if err != nil {
		return nil, amiss("%s cannot be read", path)
	}
	s, err := ParseSheet(body)
	if err != nil {
		return nil, amiss("%s: %w", filepath.Base(path), err)
	}
	s.dir = filepath.Dir(path)
	return s, nil
}

// ParseSheet reads a sheet from YAML.
func ParseSheet(body []byte) (*Sheet, error) {
	s := &Sheet{}
	if err := yaml.UnmarshalWithOptions(body, s, yaml.Strict()); err != nil {
		return nil, err
	}
	return s, nil
}

func (s *Sheet) at(name string) string {
	if name == "" || filepath.IsAbs(name) {
		return name
	}
	return filepath.Join(s.dir, name)
}

// mend says what each fault of an ask asks of whoever wrote the sheet.
var mend = map[string]string{
	"title": "title needs an entry en", "path": "path is dp (noise) or k (records that are alike)", "period": "from and to are years (2024) or months (2024-03), at most thirty years",
	"epsilon": "epsilon must be above 0 and at most 50", "delta": "delta must be between 1e-15 and 0.001", "length": "length is 1 to 4", "k": "k is 3 to 1000",
	"expect": "expect is at most 10,000,000", "columns": "columns names one that is not there, or leaves none", "profile": "there is no such profile",
	"where": "where names something that rows cannot be kept by", FaultFew: "there are fewer rows than must be alike", FaultRisk: "the risk is above what the profile allows",
	FaultEarlier:   "an earlier release counts people of the same time; together the two could tell more than each",
	"no_budget":    "nobody has set the privacy budget of this population; somebody who approves releases does that",
	"over_budget":  "the privacy budget has not that much left",
	FaultBudget:    "the privacy budget has not that much left",
	FaultCancelled: "somebody cancelled it", FaultInterrupted: "the node stopped after the budget was spent; ask again, which needs a second approval and spends again",
	FaultRefused: "who asked for it may no longer release", "unplanned": "it was changed after it was planned", "words": "say why",
}

// Mend gives the words for a fault code, for whoever wrote the sheet.
func Mend(code string) string {
	if w, ok := mend[code]; ok {
		return w
	}
	return code
}

// open reads the domain and the rows.
func (s *Sheet) open() (*synth.Domain, *synth.Table, error) {
	if f := AsFault(s.figures()); f != nil {
		return nil, nil, amiss("%s: %s", f.Field, Mend(f.Code))
	}
	if _, _, err := s.span(); err != nil {
		return nil, nil, amiss("%s", Mend("period"))
	}
	if s.Profile != "" || len(s.Where) > 0 {
		return nil, nil, amiss("profile and where are for the registers of a node; with input, domain and columns say what is in the file")
	}
	if s.Domain == "" {
		return nil, nil, amiss("domain: name the YAML file with the columns and codes; `aman synth %s --suggest-domain` drafts one", s.Input)
	}
	body, err := os.ReadFile(s.at(s.Domain))
	if err != nil {
		return nil, nil, amiss("domain: %s cannot be read", s.Domain)
	}
	d, err := synth.ParseDomain(body)
	if err != nil {
		return nil, nil, amiss("%s: %w", s.Domain, err)
	}
	for i, c := range d.Columns {
		if sep := s.Multi[c.Name]; sep != "" {
			d.Columns[i].Separator = sep
		}
	}
	for _, name := range slices.Concat(s.Columns, s.Keys) {
		if !slices.ContainsFunc(d.Columns, func(c synth.Column) bool { return c.Name == name }) {
			return nil, nil, amiss("%s declares no column %s", s.Domain, name)
		}
	}
	gone := func(name string) bool { return len(s.Columns) > 0 && !slices.Contains(s.Columns, name) }
	d.Columns = slices.DeleteFunc(d.Columns, func(c synth.Column) bool { return gone(c.Name) })
	d.Impossible = slices.DeleteFunc(d.Impossible, func(rule map[string][]string) bool {
		for name := range rule {
			if gone(name) {
				return true
			}
		}
		return false
	})
	if err := d.Check(); err != nil {
		return nil, nil, amiss("%s: %w", s.Domain, err)
	}
	t, err := s.csv(d, s.Input)
	return d, t, err
}

func (s *Sheet) csv(d *synth.Domain, name string) (*synth.Table, error) {
	f, err := os.Open(s.at(name))
	if err != nil {
		return nil, amiss("%s cannot be read", name)
	}
	defer f.Close()
	t, err := d.ReadCSV(filepath.Base(name), f)
	if err != nil {
		return nil, amiss("%w", err)
	}
	return t, nil
}

// rows gives the rows as cells again, values that are not declared recoded.
func (s *Sheet) rows(d *synth.Domain, t *synth.Table) (*records, error) {
	var b bytes.Buffer
	if err := d.WriteCSV(&b, t); err != nil {
		return nil, err
	}
	all, err := csv.NewReader(&b).ReadAll()
	if err != nil {
		return nil, err
	}
	r := &records{layout: &layout{profile: &profiles.Profile{}}, rows: all[1:]}
	for _, name := range all[0] {
		r.columns = append(r.columns, &profiles.Column{Name: name, Key: len(s.Keys) == 0 || slices.Contains(s.Keys, name)})
	}
	return r, nil
}

// Plan says what the release would be like. Nothing is spent.
func (s *Sheet) Plan(ctx context.Context) (Plan, error) {
	p := Plan{At: time.Now().UTC()}
	d, t, err := s.open()
	if err != nil {
		return p, err
	}
	for _, c := range d.Columns {
		p.Columns = append(p.Columns, c.Name)
	}
	if s.Path == PathDP {
		p.PredictedFrom = "prior"
		standIn := prior(d, s.Expect)
		if s.StandIn != "" {
			p.PredictedFrom = "earlier"
			if standIn, err = s.csv(d, s.StandIn); err != nil {
				return p, err
			}
		}
		if p.Budget, err = FileBudget(s.at(s.Ledger)); err != nil {
			return p, err
		}
		if err := predict(ctx, &p, s.Ask, d, standIn); err != nil {
			return p, err
		}
	}
	rows, err := s.rows(d, t)
	if err != nil {
		return p, err
	}
	p.Inside, err = measure(ctx, s.Ask, rows)
	return p, err
}

// FileBudget reads a ledger file; one that is not there yet has no budget.
func FileBudget(path string) (Budget, error) {
	if _, err := os.Stat(path); path == "" || errors.Is(err, fs.ErrNotExist) {
		return Budget{}, nil
	}
	f, err := dp.OpenFile(path)
	if err != nil {
		return Budget{}, amiss("%w", err)
	}
	list, err := f.Entries()
	if err != nil {
		return Budget{}, amiss("%w", err)
	}
	return budgetOf(list), nil
}

// alone is the note of a release that nobody but its maker looked at.
var alone = product.Text{
	"en": "Made from a bare file: the approval was the operator's alone, and no second person is recorded.",
	"ur": "ایک سادہ فائل سے بنائی گئی: منظوری صرف چلانے والے کی ہے، کسی دوسرے شخص کا اندراج نہیں۔",
	"id": "Dibuat dari berkas biasa: persetujuan hanya oleh operator, tanpa orang kedua yang tercatat.",
}

// Run makes the release in the folder Out, and gives the comparison with the true rows, which is never published.
func (s *Sheet) Run(ctx context.Context, program string, progress func(stage string, done float64)) (*product.Manifest, Evaluation, error) {
	var e Evaluation
	d, t, err := s.open()
	if err != nil {
		return nil, e, err
	}
	if s.Out == "" || s.Publisher == "" {
		return nil, e, amiss("out and publisher must be given: the folder to write, and whose release it is")
	}
	if list, err := os.ReadDir(s.at(s.Out)); err == nil && len(list) > 0 {
		return nil, e, amiss("%s is not empty; name another folder", s.Out)
	}
	key, err := signingKey(s.at(s.Key))
	if err != nil {
		return nil, e, err
	}
	first, last, _ := s.span()
	info := product.Info{ID: ids.New(), Version: s.Edition, Title: product.Text(s.Title), Summary: product.Text(s.Summary), Note: alone, Publisher: s.Publisher,
		Contact: s.Contact, URL: s.URL, From: first, To: last, MadeAt: time.Now().UTC(), Program: program, Threshold: MinCell}
	if info.Version == "" {
		info.Version = last[:4] + "-1"
	}
	public := product.FromDomain("own", d, func(column, code string) product.Text {
		if code == "" {
			return product.Same(column)
		}
		return product.Same(code)
	})
	make := s.makeNoisy
	if s.Path == PathK {
		make = s.makeAlike
	}
	folder, e, err := make(ctx, d, t, info, public, key, progress)
	if err != nil {
		return nil, e, err
	}
	if err := folder.Write(s.at(s.Out)); err != nil {
		return nil, e, err
	}
	m, err := Check(os.DirFS(s.at(s.Out)), key.Public().(ed25519.PublicKey))
	return m, e, err
}

func (s *Sheet) makeNoisy(ctx context.Context, d *synth.Domain, t *synth.Table, info product.Info, public product.Profile, key ed25519.PrivateKey, progress func(string, float64)) (product.Folder, Evaluation, error) {
	var e Evaluation
	rho, err := dp.RhoFor(s.Epsilon, s.delta())
	if err != nil {
		return nil, e, amiss("%w", err)
	}
	var store dp.Store = dp.NewMemory()
	budget := rho
	if s.Ledger != "" {
		b, err := FileBudget(s.at(s.Ledger))
		if err != nil {
			return nil, e, err
		}
		if store, err = dp.OpenFile(s.at(s.Ledger)); err != nil {
			return nil, e, amiss("%w", err)
		}
		switch {
		case b.Set:
			budget = 0
		case s.Budget <= 0:
			return nil, e, amiss("the ledger %s is new: budget_epsilon must say what may ever be spent on these people", s.Ledger)
		default:
			if budget, err = dp.RhoFor(s.Budget, budgetDelta); err != nil {
				return nil, e, amiss("%w", err)
			}
		}
	}
	ledger, err := dp.OpenLedger(ctx, store, budget)
	if err != nil {
		return nil, e, amiss("%w", err)
	}
	grant, err := ledger.Spend(ctx, purpose(info.ID), rho)
	var over *dp.OverspendError
	if errors.As(err, &over) {
		return nil, e, amiss("%w", err)
	}
	if err != nil {
		return nil, e, err
	}
	out, err := synth.Run(ctx, d, t, grant, synth.Options{Length: s.length(), Progress: progress})
	if err != nil {
		return nil, e, err
	}
	if s.Ledger != "" {
		info.Ledger = ledgerRef(grant.Entry)
	}
	if e.Result, err = evaluate.Tables(ctx, t, out.Rows, s.length()); err != nil {
		return nil, e, err
	}
	f, err := noisyFolder(product.DP{Info: info, Profile: public, Release: out, Epsilon: s.Epsilon, Delta: s.delta(), Rho: rho}, key)
	return f, e, err
}

func ledgerRef(e dp.Entry) product.LedgerRef {
	return product.LedgerRef{Seq: e.Seq, Hash: e.Hash, Spent: e.Rho, Running: e.Running, Budget: e.Budget}
}

func (s *Sheet) makeAlike(ctx context.Context, d *synth.Domain, t *synth.Table, info product.Info, public product.Profile, key ed25519.PrivateKey, _ func(string, float64)) (product.Folder, Evaluation, error) {
	var e Evaluation
	rows, err := s.rows(d, t)
	if err != nil {
		return nil, e, err
	}
	safe, err := anonymise(ctx, rows, s.k())
	if f := AsFault(err); f != nil {
		return nil, e, amiss("%s", Mend(f.Code))
	}
	if err != nil {
		return nil, e, err
	}
	e.After = &safe.risk
	f, err := alikeFolder(product.K{Info: info, Profile: public, Table: safe.table, Keys: rows.names(), K: s.k(), Lost: safe.lost}, key)
	return f, e, err
}

// signingKey reads the key of a file, or makes it there.
func signingKey(path string) (ed25519.PrivateKey, error) {
	if path == "" {
		return nil, amiss("key must name the file of the signing key; it is made at the first run, and is to be kept")
	}
	body, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		_, key, err := ed25519.GenerateKey(rand.Reader)
		if err != nil {
			return nil, err
		}
		der, err := x509.MarshalPKCS8PrivateKey(key)
		if err != nil {
			return nil, err
		}
		return key, os.WriteFile(path, pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der}), 0o600)
	}
	if err != nil {
		return nil, amiss("key: %s cannot be read", filepath.Base(path))
	}
	if block, _ := pem.Decode(body); block != nil {
		if k, err := x509.ParsePKCS8PrivateKey(block.Bytes); err == nil {
			if key, ok := k.(ed25519.PrivateKey); ok {
				return key, nil
			}
		}
	}
	return nil, amiss("key: %s holds no Ed25519 key in PEM", filepath.Base(path))
}

// names lists the columns.
func (r *records) names() []string {
	out := make([]string, len(r.columns))
	for i, c := range r.columns {
		out[i] = c.Name
	}
	return out
}
