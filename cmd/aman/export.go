package main

import (
	"errors"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"aman/forms"
	"aman/forms/answers"
	"aman/forms/export"
	"aman/node"
	"aman/platform/access"
	"aman/platform/store"
)

// exportCommand writes the answers to a survey to a file. It acts as a user of the node: her
// rights hold, and the audit log names her.
type exportCommand struct {
	place
	Form     string `arg:"" help:"Id of the form."`
	As       string `name:"as" required:"" placeholder:"LOGIN" help:"Whose rights hold, and who is named in the audit log."`
	Format   string `name:"format" enum:"csv,zip,xlsx,json,jsonl,geojson" default:"csv" help:"csv (the main table), zip (CSV of all tables), xlsx, json, jsonl or geojson."`
	Out      string `name:"out" type:"path" placeholder:"FILE" help:"Where to write; standard output when not given."`
	Names    bool   `name:"names" help:"With the questions that identify people; needs --purpose."`
	Purpose  string `name:"purpose" placeholder:"CODE" help:"Why names are needed: analysis, quality, follow-up or handover."`
	Media    bool   `name:"media" help:"With pictures, sounds and files; zip with --names alone."`
	Plain    bool   `name:"plain-names" help:"Names of questions without their groups, where that is unambiguous."`
	Split    bool   `name:"split" help:"A column of 0 and 1 for each choice of a question with several."`
	Labels   bool   `name:"labels" help:"Words of questions and choices, not their codes."`
	Language string `name:"language" default:"en" help:"Language of those words, as a code."`
	Gone     bool   `name:"older" help:"With questions that only older versions have."`
	Raw      bool   `name:"raw" help:"CSV without protection against formulas, for programs."`
	Key      string `name:"key" type:"path" placeholder:"FILE" help:"Opens answers that were encrypted on the phone: a key of 'aman form key', or a private key in PEM."`
	Phrase   string `name:"key-passphrase-file" env:"AMAN_KEY_PASSPHRASE_FILE" type:"path" placeholder:"FILE" help:"File with the passphrase of that key in its first line (or AMAN_KEY_PASSPHRASE)."`
	From     string `name:"from" placeholder:"DAY" help:"First day, YYYY-MM-DD."`
	To       string `name:"to" placeholder:"DAY" help:"Last day, YYYY-MM-DD."`
}

// purposes are why names may be asked for; the audit log holds the code.
var purposes = []string{"analysis", "quality", "follow-up", "handover"}

func (c *exportCommand) Run(a *app) error {
	purpose := "export"
	switch {
	case c.Names && !slices.Contains(purposes, c.Purpose):
		return usage("--names needs --purpose %s", strings.Join(purposes, ", "))
	case c.Names:
		purpose = c.Purpose
	case c.Media:
		return usage("pictures and sounds can identify people: --media needs --names")
	}
	if c.Media && c.Format != "zip" {
		return usage("--media goes into a zip: --format zip")
	}
	return with(a, &c.place, func(n *node.Node) error {
		f, err := c.filter(n)
		if err != nil {
			return err
		}
		var sub access.Subject
		var l *export.Layout
		staff := map[string]string{}
		err = n.Store.Read(a, func(tx *store.Tx) error {
			id, err := userID(tx, c.As)
			if err != nil {
				return err
			}
			if sub, err = access.SubjectOf(tx, id, n.Now()); err != nil {
				return err
			}
			if l, err = answers.Layout(tx, n.Forms, sub, c.Form); errors.Is(err, store.ErrNone) {
				return input("the form %s was never published", c.Form)
			} else if err != nil {
				return err
			}
			return staffNames(tx, staff)
		})
		if err == nil {
			err = c.write(a, n, sub, l, f, purpose, func(user string) string { return staff[user] })
		}
		if access.AsRefusal(err) != nil {
			return input("there is no form %s whose answers %s may take out", c.Form, c.As)
		}
		return err
	})
}

func staffNames(tx *store.Tx, into map[string]string) error {
	rows, err := tx.Strings("SELECT id || ' ' || name FROM users")
	for _, r := range rows {
		id, name, _ := strings.Cut(r, " ")
		into[id] = name
	}
	return err
}

func (c *exportCommand) filter(n *node.Node) (f forms.Filter, err error) {
	f = forms.Filter{Form: c.Form, Names: c.Names, To: n.Now()}
	day := func(text string, into *time.Time, add int) {
		if text == "" || err != nil {
			return
		}
		t, e := time.ParseInLocation(time.DateOnly, text, n.Zone())
		if e != nil {
			err = usage("%q is no day; write 2026-03-31", text)
			return
		}
		*into = t.AddDate(0, 0, add)
	}
	day(c.From, &f.From, 0)
	day(c.To, &f.To, 1)
	return f, err
}

func (c *exportCommand) write(a *app, n *node.Node, sub access.Subject, l *export.Layout, f forms.Filter, purpose string, names answers.Names) (err error) {
	o := export.Options{PlainNames: c.Plain, Split: c.Split, Labels: c.Labels, Questions: c.Labels, Language: c.Language, Identity: c.Names, Gone: c.Gone, Raw: c.Raw}
	src := answers.Source(a, n.Forms, sub, f, purpose, names)
	var files export.Files
	if c.Media {
		files = answers.Files(a, n.Store, n.Forms, sub, f, purpose)
	}
	if c.Key != "" {
		private, err := privateKey(c.Key, c.Phrase)
		if err != nil {
			return err
		}
		u := answers.Unlock{Forms: n.Forms, Store: n.Store, Private: private, Subject: sub}
		src = u.Source(a, f, purpose, names)
		if c.Media {
			files = u.Files(a, f, purpose)
		}
	}
	w := a.out
	if c.Out != "" {
		// Beside its place and renamed when it is whole: half a file is not taken for one.
		part, err := os.CreateTemp(filepath.Dir(c.Out), ".aman-export-*")
		if err != nil {
			return input("%s cannot be written", c.Out)
		}
		defer os.Remove(part.Name())
		defer part.Close()
		if err := c.to(l, part, o, src, files); err != nil {
			return err
		}
		if err := errors.Join(part.Sync(), part.Close()); err != nil {
			return err
		}
		return os.Rename(part.Name(), c.Out)
	}
	if terminal(w) && (c.Format == "xlsx" || c.Format == "zip") {
		return usage("a %s file does not go to a screen: give --out FILE", c.Format)
	}
	return c.to(l, w, o, src, files)
}

func (c *exportCommand) to(l *export.Layout, w io.Writer, o export.Options, src export.Source, files export.Files) error {
	switch c.Format {
	case "zip":
		return l.CSVZip(w, o, src, files)
	case "xlsx":
		return l.XLSX(w, o, src)
	case "json":
		return l.JSON(w, o, src)
	case "jsonl":
		return l.JSONLines(w, o, src)
	case "geojson":
		return l.GeoJSON(w, "", o, src)
	}
	_, err := l.CSV(w, l.Tables[0], o, src)
	return err
}
