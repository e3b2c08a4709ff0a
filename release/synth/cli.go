package synth

import (
	"bufio"
	"context"
	"crypto/sha256"
	"encoding/csv"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"math"
	"os"
	"path/filepath"
	"strconv"

	"aman/release/dp"
)

// Command holds the arguments of `aman synth`.
type Command struct {
	Input   string            // CSV file, one row a person
	Domain  string            // YAML file with the declared columns and codes
	Multi   map[string]string // column -> separator, for SuggestDomain and on top of the domain
	Epsilon float64
	Delta   float64 // default 1e-6
	Options Options
	Out     string // folder to write; made if it is missing, refused if it holds a release

	// Ledger is a ledger file. The run is refused when it would overspend. A file that does not exist
	// yet is made with BudgetEpsilon (at Delta) as all that may ever be spent; default Epsilon. Without a Ledger
	// nobody adds up what is spent on these people, and the manifest says so.
	Ledger        string
	BudgetEpsilon float64
}

// InputError is the caller's to mend: a bad file, domain or argument. Nothing was spent.
type InputError struct{ Err error }

func (e *InputError) Error() string { return e.Err.Error() }
func (e *InputError) Unwrap() error { return e.Err }

func bad(err error) error { return &InputError{err} }

// Suggest writes a draft domain for the input to w.
func (c *Command) Suggest(w io.Writer) error {
	f, err := os.Open(c.Input)
	if err != nil {
		return bad(err)
	}
	defer f.Close()
	d, err := SuggestDomain(filepath.Base(c.Input), f, c.Multi)
	if err != nil {
		return bad(err)
	}
	b, err := d.YAML()
	if err != nil {
		return err
	}
	hint := ""
	for _, c := range d.Columns {
		if sep, ok := d.several()[c.Name]; ok {
			hint += fmt.Sprintf(" --multi '%s=%s'", c.Name, sep)
		}
	}
	if hint != "" {
		hint = "#\n# Some cells look as if they held several codes. If they do, run again with\n#  " + hint + "\n# so that each code is counted by itself; the values joined here would be codes of their own.\n"
	}
	_, err = fmt.Fprintf(w, draftNote, hint, b)
	return err
}

const draftNote = `# A draft, made from the values in the file. Before it is used, a person must compare it with
# the public code lists: add codes that nobody in the file has, take out every value that is not
# on a public list ("other" gives such values a code), and delete columns that are not needed.
# A code that is listed here is published.
%s%s`

// Run makes the release: synthetic.csv, aggregates.csv, domain.yaml, manifest.json and report/.
func (c *Command) Run(ctx context.Context) (*Release, error) {
	if c.Delta == 0 {
		c.Delta = 1e-6
	}
	if err := c.Options.fill(); err != nil {
		return nil, bad(err)
	}
	rho, err := dp.RhoFor(c.Epsilon, c.Delta)
	if err != nil {
		return nil, bad(err)
	}
	d, t, err := c.read()
	if err != nil {
		return nil, bad(err)
	}
	if err := c.prepare(); err != nil {
		return nil, bad(err)
	}
	grant, err := c.spend(ctx, rho)
	if err != nil {
		return nil, err
	}
	r, err := Run(ctx, d, t, grant, c.Options)
	if err != nil {
		return nil, err
	}
	return r, c.write(d, r, grant.Entry)
}

func (c *Command) read() (*Domain, *Table, error) {
	b, err := os.ReadFile(c.Domain)
	if err != nil {
		return nil, nil, err
	}
	d, err := ParseDomain(b)
	if err != nil {
		return nil, nil, fmt.Errorf("%s: %w", filepath.Base(c.Domain), err)
	}
	for name, sep := range c.Multi {
		found := false
		for i := range d.Columns {
			if d.Columns[i].Name == name {
				d.Columns[i].Separator, found = sep, true
			}
		}
		if !found {
			return nil, nil, fmt.Errorf("%s: no column %q to split", filepath.Base(c.Domain), name)
		}
	}
	if err := d.Check(); err != nil {
		return nil, nil, fmt.Errorf("%s: %w", filepath.Base(c.Domain), err)
	}
	f, err := os.Open(c.Input)
	if err != nil {
		return nil, nil, err
	}
	defer f.Close()
	t, err := d.ReadCSV(filepath.Base(c.Input), f)
	return d, t, err
}

// prepare finds out whether the folder can be written before anything is spent.
func (c *Command) prepare() error {
	if err := os.MkdirAll(filepath.Join(c.Out, "report"), 0o755); err != nil {
		return err
	}
	for _, name := range []string{"synthetic.csv", "aggregates.csv", "manifest.json"} {
		if _, err := os.Stat(filepath.Join(c.Out, name)); !errors.Is(err, fs.ErrNotExist) {
			return fmt.Errorf("%s already holds a release (%s); name another folder", c.Out, name)
		}
	}
	return nil
}

func (c *Command) spend(ctx context.Context, rho dp.Rho) (*dp.Grant, error) {
	var store dp.Store = dp.NewMemory()
	budget := rho
	if c.Ledger != "" {
		file, err := dp.OpenFile(c.Ledger)
		if err != nil {
			return nil, bad(err)
		}
		store = file
		if _, found, err := file.Last(ctx); err != nil {
			return nil, bad(err)
		} else if found {
			budget = 0 // what is written down
		} else if c.BudgetEpsilon > 0 {
			if budget, err = dp.RhoFor(c.BudgetEpsilon, c.Delta); err != nil {
				return nil, bad(err)
			}
		}
	}
	ledger, err := dp.OpenLedger(ctx, store, budget)
	if err != nil {
		return nil, bad(err)
	}
	grant, err := ledger.Spend(ctx, "synthetic data "+filepath.Base(c.Out), rho)
	var over *dp.OverspendError
	if errors.As(err, &over) {
		// Rounded down, so that what is told fits.
		return nil, bad(fmt.Errorf("%w; what is left is epsilon %.2f at delta %g", err, math.Floor(100*dp.Epsilon(over.Left, c.Delta))/100, c.Delta))
	}
	return grant, err
}

// Manifest says how a release was made. It may be published.
type Manifest struct {
	Method      string            `json:"method"`
	Unit        string            `json:"privacy_unit"`
	Epsilon     float64           `json:"epsilon"`
	Delta       float64           `json:"delta"`
	Rho         dp.Rho            `json:"rho"` // units of 10⁻¹²
	Ledger      *dp.Entry         `json:"ledger_entry"`
	LedgerKept  bool              `json:"ledger_kept"`
	Options     Options           `json:"options"`
	People      float64           `json:"people_estimate"`
	PeopleSD    float64           `json:"people_standard_deviation"`
	Spent       []Spent           `json:"spent"`
	Tables      []string          `json:"tables"`
	Aggregates  int               `json:"aggregates"`
	Files       map[string]string `json:"files_sha256"`
	GuaranteeIs string            `json:"guarantee"`
}

// Guarantee is the sentence for people.
const Guarantee = "Whoever looks at this release learns almost the same about any one person as if that person had never been in the records; " +
	"epsilon and delta say how nearly. This holds whatever else they know."

func (c *Command) write(d *Domain, r *Release, entry dp.Entry) error {
	m := &Manifest{Method: r.Options.Method, Unit: "one person, one row", Epsilon: c.Epsilon, Delta: c.Delta, Rho: entry.Rho,
		Ledger: &entry, LedgerKept: c.Ledger != "", Options: r.Options, People: r.People, PeopleSD: r.PeopleSD, Spent: r.Spent,
		Tables: r.Tables, Aggregates: len(r.Aggregates), Files: map[string]string{}, GuaranteeIs: Guarantee}
	yml, err := d.YAML()
	if err != nil {
		return err
	}
	report := NewReport(m, r)
	files := []struct {
		name  string
		write func(io.Writer) error
	}{
		{"synthetic.csv", func(w io.Writer) error { return d.WriteCSV(w, r.Rows) }},
		{"aggregates.csv", r.WriteAggregates},
		{"domain.yaml", func(w io.Writer) error { _, err := w.Write(yml); return err }},
		{"report/report.json", func(w io.Writer) error { return writeJSON(w, report) }},
		{"report/index.html", report.WriteHTML},
		{"manifest.json", func(w io.Writer) error { return writeJSON(w, m) }}, // last: it has the hashes, and tells that the rest is there
	}
	for _, f := range files {
		sum, err := writeFile(filepath.Join(c.Out, filepath.FromSlash(f.name)), f.write)
		if err != nil {
			return fmt.Errorf("write %s: %w", f.name, err)
		}
		m.Files[f.name] = sum
	}
	return nil
}

func writeJSON(w io.Writer, v any) error {
	e := json.NewEncoder(w)
	e.SetIndent("", "  ")
	return e.Encode(v)
}

func writeFile(path string, write func(io.Writer) error) (sum string, err error) {
	f, err := os.Create(path)
	if err != nil {
		return "", err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	h := sha256.New()
	w := bufio.NewWriterSize(io.MultiWriter(f, h), 1<<16)
	if err := write(w); err != nil {
		return "", err
	}
	if err := w.Flush(); err != nil {
		return "", err
	}
	return hex.EncodeToString(h.Sum(nil)), f.Sync()
}

// WriteAggregates writes one row a combination: its columns and values, its count with a 95 % interval, and
// whether it is supported (support.go).
func (r *Release) WriteAggregates(w io.Writer) error {
	cw := csv.NewWriter(w)
	var head []string
	for i := range r.Options.Length {
		n := strconv.Itoa(i + 1)
		head = append(head, "column_"+n, "value_"+n)
	}
	rec := append(head, "length", "count", "low", "high", "supported")
	if err := cw.Write(rec); err != nil {
		return err
	}
	num := func(x int32) string { return strconv.Itoa(int(x)) }
	for i := range r.Aggregates {
		a := &r.Aggregates[i]
		rec = rec[:0]
		for k := range r.Options.Length {
			if k < int(a.Length) {
				at := r.Rows.Attrs[a.Attr[k]]
				rec = append(rec, at.Column, at.Codes[a.Code[k]])
			} else {
				rec = append(rec, "", "")
			}
		}
		supported := "no"
		if a.Supported {
			supported = "yes"
		}
		rec = append(rec, num(int32(a.Length)), num(a.Count), num(a.Low), num(a.High), supported)
		if err := cw.Write(rec); err != nil {
			return err
		}
	}
	cw.Flush()
	return cw.Error()
}
