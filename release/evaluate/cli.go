package evaluate

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"text/tabwriter"

	"aman/release/synth"
)

// Command holds the arguments of `aman evaluate`.
type Command struct {
	Truth, Synthetic string            // CSV files with the same columns
	Multi            map[string]string // column -> separator
	Length           int               // longest combination; default 3
	JSON             bool
}

// InputError is the caller's to mend.
type InputError struct{ Err error }

func (e *InputError) Error() string { return e.Err.Error() }
func (e *InputError) Unwrap() error { return e.Err }

// Run compares the files and writes the result to w: for the eyes of those who may see the records.
func (c *Command) Run(ctx context.Context, w io.Writer) error {
	truth, out, err := c.read()
	if err != nil {
		return &InputError{err}
	}
	r, err := Tables(ctx, truth, out, cmp.Or(c.Length, 3))
	if err != nil {
		return &InputError{err}
	}
	if c.JSON {
		e := json.NewEncoder(w)
		e.SetIndent("", "  ")
		return e.Encode(r)
	}
	return r.WriteText(w)
}

// read codes both files by the union of their values.
func (c *Command) read() (truth, out *synth.Table, err error) {
	var d *synth.Domain
	for _, path := range []string{c.Truth, c.Synthetic} {
		f, err := os.Open(path)
		if err != nil {
			return nil, nil, err
		}
		found, err := synth.SuggestDomain(filepath.Base(path), f, c.Multi)
		_ = f.Close() // only read from
		if err != nil {
			return nil, nil, err
		}
		if d == nil {
			d = found
		} else if err := merge(d, found, filepath.Base(c.Synthetic)); err != nil {
			return nil, nil, err
		}
	}
	if truth, err = load(d, c.Truth); err != nil {
		return nil, nil, err
	}
	out, err = load(d, c.Synthetic)
	return truth, out, err
}

func load(d *synth.Domain, path string) (*synth.Table, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	return d.ReadCSV(filepath.Base(path), f)
}

// merge adds the codes of b to a; both must have the same columns, in any order.
func merge(a, b *synth.Domain, name string) error {
	if len(a.Columns) != len(b.Columns) {
		return fmt.Errorf("%s: %d columns, the true records have %d", name, len(b.Columns), len(a.Columns))
	}
	for i := range a.Columns {
		j := slices.IndexFunc(b.Columns, func(c synth.Column) bool { return c.Name == a.Columns[i].Name })
		if j < 0 {
			return fmt.Errorf("%s: row 1: the column %q is missing", name, a.Columns[i].Name)
		}
		for _, code := range b.Columns[j].Codes {
			if !slices.Contains(a.Columns[i].Codes, code) {
				a.Columns[i].Codes = append(a.Columns[i].Codes, code)
			}
		}
	}
	return nil
}

// WriteText writes the result as tables.
func (r *Result) WriteText(w io.Writer) error {
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintf(w, "INTERNAL: made from the true records. Do not publish.\n\nrows: %d true, %d released\n\n", r.TrueRows, r.Rows)
	fmt.Fprintln(t, "length\tcombinations\tof 10 or more\tmissing %\treleased 10 or more\tinvented %\terror (10 or more)\terror (union)\tTVD\t")
	row := func(name string, s Score, tvd string) {
		fmt.Fprintf(t, "%s\t%d\t%d\t%.2f\t%d\t%.2f\t%.2f\t%.2f\t%s\t\n", name, s.True, s.TrueBig, 100*s.MissingShare(),
			s.BigOut, 100*s.InventedShare(), s.MAEBig, s.MAEUnion, tvd)
	}
	for k, s := range r.ByLength {
		tvd := ""
		if r.TVD != nil {
			tvd = fmt.Sprintf("%.4f", r.TVD[k])
		}
		row(fmt.Sprint(k+1), s, tvd)
	}
	row("all", r.All, "")
	fmt.Fprintln(t, "\t\t\t\t\t\t\t\t\t")
	fmt.Fprintln(t, "true count\tcombinations\terror\tmissing\t")
	for _, b := range r.ByCount {
		to := fmt.Sprintf("%d-%d", b.From, b.To)
		if b.To == 0 {
			to = fmt.Sprintf("%d or more", b.From)
		}
		fmt.Fprintf(t, "%s\t%d\t%.2f\t%d\t\n", to, b.N, b.MAE, b.Missing)
	}
	if err := t.Flush(); err != nil {
		return err
	}
	_, err := fmt.Fprint(w, legend)
	return err
}

const legend = `
length       how many values are combined
missing      of the combinations that ten or more people have, those that were not released at all
invented     of the combinations released with ten or more, those that nobody has
error        mean difference between the released and the true count; (union): over all that is in either
TVD          mean share of people counted in the wrong cell, over all tables of that length
`
