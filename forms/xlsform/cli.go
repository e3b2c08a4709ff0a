package xlsform

import (
	"encoding/json"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"text/tabwriter"
)

// The commands `form convert` and `form check`. Both give the exit code of the
// program: 0 done, 1 the form is at fault, 3 the system is.

// Exit codes of the commands.
const (
	ExitDone   = 0
	ExitInput  = 1
	ExitSystem = 3
)

// Convert reads an XLSForm file and writes its XForm to stdout. Errors and
// warnings go to stderr, one a line. formName names the root element where the
// form does not; it may be empty. An itemsets.csv that the form needs is written
// beside the form only if itemsets names a file for it.
func Convert(file, formName, itemsets string, stdout, stderr io.Writer) int {
	form, found, code := load(file, formName, stderr)
	for _, d := range found {
		fmt.Fprintf(stderr, "%s: %s\n", file, d)
	}
	if form == nil {
		return code
	}
	if form.Itemsets != nil && itemsets != "" {
		if err := os.WriteFile(itemsets, form.Itemsets, 0o644); err != nil {
			fmt.Fprintf(stderr, "the item sets could not be written: %v\n", err)
			return ExitSystem
		}
	} else if form.Itemsets != nil {
		fmt.Fprintf(stderr, "%s: the form also needs itemsets.csv; name a file to write it to\n", file)
	}
	if err := form.WriteXForm(stdout); err != nil {
		fmt.Fprintf(stderr, "the XForm could not be written: %v\n", err)
		return ExitSystem
	}
	return ExitDone
}

// report is what Check writes as JSON.
type report struct {
	File        string       `json:"file"`
	Accepted    bool         `json:"accepted"`
	ID          string       `json:"id,omitempty"`
	Title       string       `json:"title,omitempty"`
	Version     string       `json:"version,omitempty"`
	Questions   int          `json:"questions"`
	Languages   []string     `json:"languages,omitempty"`
	Diagnostics []Diagnostic `json:"diagnostics"`
}

// Check reads an XLSForm file and writes all that is wrong with it to stdout: a
// table for people, or JSON for programs.
func Check(file, formName string, asJSON bool, stdout, stderr io.Writer) int {
	form, found, code := load(file, formName, stderr)
	if code == ExitSystem {
		return code
	}
	r := report{File: file, Accepted: form != nil, Diagnostics: found}
	if r.Diagnostics == nil {
		r.Diagnostics = []Diagnostic{}
	}
	if form != nil {
		r.ID, r.Title, r.Version, r.Languages = form.ID, form.Title, form.Version, form.Languages
		for _, q := range form.Questions() {
			if q.Row > 0 {
				r.Questions++
			}
		}
	}
	if asJSON {
		e := json.NewEncoder(stdout)
		e.SetIndent("", "  ")
		e.SetEscapeHTML(false)
		if err := e.Encode(r); err != nil {
			fmt.Fprintf(stderr, "the report could not be written: %v\n", err)
			return ExitSystem
		}
		return code
	}
	if err := writeTable(stdout, r); err != nil {
		fmt.Fprintf(stderr, "the report could not be written: %v\n", err)
		return ExitSystem
	}
	return code
}

func writeTable(w io.Writer, r report) error {
	var errors, warnings int
	t := tabwriter.NewWriter(w, 0, 4, 2, ' ', 0)
	if len(r.Diagnostics) > 0 {
		fmt.Fprintln(t, "KIND\tSHEET\tROW\tCOLUMN\tWHAT")
	}
	for _, d := range r.Diagnostics {
		switch d.Severity {
		case Error:
			errors++
		case Warning:
			warnings++
		}
		row := ""
		if d.Row > 0 {
			row = fmt.Sprint(d.Row)
		}
		fmt.Fprintf(t, "%s\t%s\t%s\t%s\t%s\n", d.Severity, d.Sheet, row, d.Column, strings.TrimSpace(oneLine(d.Message+" "+d.Fix)))
	}
	if err := t.Flush(); err != nil {
		return err
	}
	verdict := "can be used"
	if !r.Accepted {
		verdict = "cannot be used"
	}
	_, err := fmt.Fprintf(w, "%s %s: %d errors, %d warnings.\n", filepath.Base(r.File), verdict, errors, warnings)
	return err
}

// oneLine keeps a cell's line ends and tabs out of a table.
func oneLine(s string) string { return strings.Join(strings.FieldsFunc(s, isSpace), " ") }

// load reads and compiles a file. A file that is no form at all becomes an error
// of the form, like the others.
func load(file, formName string, stderr io.Writer) (*Form, []Diagnostic, int) {
	data, err := readFile(file)
	if err != nil {
		fmt.Fprintf(stderr, "%s could not be read: %v\n", file, err)
		return nil, nil, ExitSystem
	}
	wb, err := Read(data, file)
	if err != nil {
		return nil, []Diagnostic{{Severity: Error, Code: "file-unreadable", Message: sentence(err.Error())}}, ExitInput
	}
	form, found := Compile(wb, Options{FormName: formName})
	if form == nil {
		return nil, found, ExitInput
	}
	return form, found, ExitDone
}

// readFile reads at most one byte more than a form may have.
func readFile(file string) ([]byte, error) {
	f, err := os.Open(file)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	return io.ReadAll(io.LimitReader(f, MaxFileBytes+1))
}

// sentence begins a message with a capital letter and ends it with a full stop.
func sentence(s string) string {
	if s == "" {
		return s
	}
	s = strings.ToUpper(s[:1]) + s[1:]
	if !strings.HasSuffix(s, ".") {
		s += "."
	}
	return s
}
