package main

import (
	"errors"
	"fmt"
	"io"
	"os"

	"aman/forms/xlsform"
	"aman/forms/xpath"
	"aman/packs"
	"aman/release/evaluate"
	"aman/release/synth"
	"aman/screening"
)

type formCommand struct {
	Convert formConvert `cmd:"" help:"XLSForm -> XForm XML on stdout; errors and warnings on stderr."`
	Check   formCheck   `cmd:"" help:"Errors and warnings by sheet, row and column."`
	Key     formKey     `cmd:"" help:"A key for a form whose answers are encrypted on the phone."`
	Encrypt formEncrypt `cmd:"" help:"A form with such a key in it, as XForm XML on stdout; upload that."`
}

type formConvert struct {
	File     string `arg:"" help:"The XLSForm: .xlsx, .xlsm, .xls, .csv or .md."`
	Name     string `name:"name" placeholder:"N" help:"Name of the root element where the form does not say."`
	Itemsets string `name:"itemsets" placeholder:"FILE" help:"Where to write itemsets.csv if the form needs one."`
}

func (c *formConvert) Run(a *app) error {
	return done(xlsform.Convert(c.File, c.Name, c.Itemsets, a.out, a.err))
}

type formCheck struct {
	File string `arg:"" help:"The XLSForm: .xlsx, .xlsm, .xls, .csv or .md."`
	Name string `name:"name" placeholder:"N" help:"Name of the root element where the form does not say."`
}

func (c *formCheck) Run(a *app) error {
	return done(xlsform.Check(c.File, c.Name, a.json, a.out, a.err))
}

type xpathCommand struct {
	Expr     string `arg:"" help:"The expression."`
	Instance string `name:"instance" required:"" placeholder:"FILE" help:"A filled form, XML; - for stdin."`
	Context  string `name:"context" placeholder:"PATH" help:"Where relative paths start (default: the outermost element)."`
}

func (c *xpathCommand) Run(a *app) error {
	r := a.in
	if c.Instance != "-" {
		f, err := os.Open(c.Instance)
		if err != nil {
			return input("%s cannot be read", c.Instance)
		}
		defer f.Close()
		r = f
	}
	answer, err := xpath.Query(c.Expr, r, c.Context, nil)
	if err != nil {
		return input("%v", err)
	}
	return a.answer(answer, func(w io.Writer) { fmt.Fprint(w, answer.Text()) })
}

type screenCommand struct {
	File string `arg:"" help:"Facts, YAML or JSON; - for stdin."`
	Lang string `name:"lang" default:"en" help:"Language of the answer: en, ur or id."`
}

func (c *screenCommand) Run(a *app) error {
	library, err := screening.Load(packs.Open("core"), packs.Open("pakistan"))
	if err != nil {
		return err
	}
	var body []byte
	if c.File == "-" {
		body, err = io.ReadAll(io.LimitReader(a.in, 16<<20))
	} else {
		body, err = os.ReadFile(c.File)
	}
	if err != nil {
		return input("%s cannot be read", c.File)
	}
	request, err := library.ReadRequest(body)
	if err != nil {
		return input("%s: %v", c.File, err)
	}
	report := library.Screen(request)
	if a.json {
		return screening.WriteJSON(a.out, report)
	}
	return library.WriteText(a.out, report, c.Lang)
}

type synthCommand struct {
	Input   string            `arg:"" help:"CSV, one row a person."`
	Domain  string            `name:"domain" placeholder:"FILE" help:"YAML with the declared columns and codes."`
	Suggest bool              `name:"suggest-domain" help:"Write a draft of the domain for a person to review, and nothing else."`
	Multi   map[string]string `name:"multi" mapsep:"none" placeholder:"'COL=;'" help:"A column with several values in a cell, and what separates them; may be given several times."`
	Epsilon float64           `name:"epsilon" placeholder:"E" help:"Privacy budget of this release."`
	Delta   float64           `name:"delta" default:"1e-6" placeholder:"D" help:"Its delta (default: ${default})."`
	Length  int               `name:"length" placeholder:"R" help:"Longest combination in the aggregates, 1 to 4 (default: 3)."`
	Method  string            `name:"method" placeholder:"M" help:"tree (default), aim, mst or independent."`
	Out     string            `name:"out" placeholder:"DIR" help:"Folder to write."`
	Ledger  string            `name:"ledger" placeholder:"FILE" help:"Ledger that adds up what is spent on these people."`
	Budget  float64           `name:"budget-epsilon" placeholder:"E" help:"All that may ever be spent, when the ledger is made."`
}

func (c *synthCommand) Run(a *app) error {
	s := synth.Command{Input: c.Input, Domain: c.Domain, Multi: c.Multi, Epsilon: c.Epsilon, Delta: c.Delta,
		Options: synth.Options{Length: c.Length, Method: c.Method}, Out: c.Out, Ledger: c.Ledger, BudgetEpsilon: c.Budget}
	if err := separated(c.Multi); err != nil {
		return err
	}
	if c.Suggest {
		return released(s.Suggest(a.out))
	}
	if c.Domain == "" || c.Out == "" || c.Epsilon == 0 {
		return usage("a release needs --domain, --epsilon and --out (or begin with --suggest-domain)")
	}
	if terminal(a.err) {
		s.Options.Progress = func(stage string, done float64) { fmt.Fprintf(a.err, "\r\x1b[K%s %.0f %%", stage, 100*done) }
		defer fmt.Fprint(a.err, "\r\x1b[K")
	}
	r, err := s.Run(a)
	if err != nil {
		return released(err)
	}
	out := struct {
		Out        string  `json:"out"`
		People     float64 `json:"people_estimate"`
		Rows       int     `json:"rows"`
		Aggregates int     `json:"aggregates"`
	}{c.Out, r.People, r.Rows.Rows, len(r.Aggregates)}
	return a.answer(out, func(w io.Writer) {
		fmt.Fprintf(w, "%s: %d synthetic rows, %d aggregates. report/index.html says how far they can be trusted.\n", out.Out, out.Rows, out.Aggregates)
		if c.Ledger == "" {
			fmt.Fprintln(w, "Nobody adds up what is spent on these people: give --ledger FILE when they are released more than once.")
		}
	})
}

type evaluateCommand struct {
	Truth     string            `arg:"" help:"CSV of the records."`
	Synthetic string            `arg:"" help:"CSV of the release, with the same columns."`
	Multi     map[string]string `name:"multi" mapsep:"none" placeholder:"'COL=;'" help:"A column with several values in a cell, and what separates them; may be given several times."`
	Length    int               `name:"length" placeholder:"R" help:"Longest combination, 1 to 4 (default: 3)."`
}

// separated refuses a --multi that does not say what separates.
func separated(multi map[string]string) error {
	for column, sep := range multi {
		if sep == "" {
			return usage("--multi %s does not say what separates the values; write --multi '%s=;'", column, column)
		}
	}
	return nil
}

func (c *evaluateCommand) Run(a *app) error {
	if err := separated(c.Multi); err != nil {
		return err
	}
	e := evaluate.Command{Truth: c.Truth, Synthetic: c.Synthetic, Multi: c.Multi, Length: c.Length, JSON: a.json}
	return released(e.Run(a, a.out))
}

// released sorts the errors of the two commands above.
func released(err error) error {
	var s *synth.InputError
	var e *evaluate.InputError
	if errors.As(err, &s) || errors.As(err, &e) {
		return input("%v", err)
	}
	return err
}
