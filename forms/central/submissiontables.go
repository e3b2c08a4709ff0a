package central

import (
	"errors"
	"io"
	"strconv"
	"strings"

	"aman/forms"
	"aman/forms/export"
	"aman/platform/access"
	"aman/platform/store"
)

// names says whether this script is to see names: its program password was made so, and its
// user may unseal.
func (c *call) names() bool {
	return c.program.Names && c.h.Policy.May(c.sub, access.Unseal, "answers")
}

// needNames refuses a script that is not to see names what cannot be given without them.
func (c *call) needNames() error {
	if c.names() {
		return nil
	}
	return errors.Join(&access.Refusal{Action: access.Unseal, Object: access.Object{Register: "answers"}, Reason: access.NotReadable}, errNames)
}

// submissionFields are what submissions can be filtered by; from a table of a repeat with
// $root/Submissions/ before it.
var submissionFields = func() (out []string) {
	for _, name := range []string{"__id", "__system/submissionDate", "__system/updatedAt", "__system/deletedAt", "__system/submitterId", "__system/reviewState", "__system/edits", "__system/formVersion"} {
		out = append(out, name, "$root/Submissions/"+name)
	}
	return out
}()

// headField is the value of a field of a submission, for filters.
func headField(h forms.Head, submitter *actor) func(string) any {
	return func(name string) any {
		switch strings.TrimPrefix(name, "$root/Submissions/") {
		case "__id":
			return root(h)
		case "__system/submissionDate":
			return h.First
		case "__system/updatedAt":
			if h.Updated.After(h.First) {
				return h.Updated
			}
		case "__system/submitterId":
			return float64(submitter.ID)
		case "__system/reviewState":
			if s := reviewOf(h); s != "" {
				return s
			}
		case "__system/edits":
			return float64(h.Edits)
		case "__system/formVersion":
			return h.Version
		}
		return nil
	}
}

// filterOf is what the store is asked for; the filter of the options is asked of each row
// besides.
func (c *call) filterOf(f forms.Form, version string, o tableOptions) forms.Filter {
	out := forms.Filter{Project: f.Project, Form: f.ID, Draft: version == forms.DraftVersion, Newest: !o.oldest}
	for _, name := range []string{"__system/submissionDate", "$root/Submissions/__system/submissionDate"} {
		from, to := o.filter.Range(name, c.sub.At)
		if from.After(out.From) {
			out.From = from
		}
		if !to.IsZero() && (out.To.IsZero() || to.Before(out.To)) {
			out.To = to.Add(1000) // a microsecond: the end of a range of the store is outside it
		}
	}
	for _, name := range []string{"__system/reviewState", "$root/Submissions/__system/reviewState"} {
		if v, ok := o.filter.Equal(name); ok {
			state, _ := v.(string) // null is "" here: nobody looked at it
			out.Reviews = []string{state}
		}
	}
	return out
}

// submitters keeps who sent what, while a table is written.
type submitters struct {
	c     *call
	known map[string]*actor
}

func (s *submitters) of(h forms.Head) (*actor, error) {
	id := actorID(h.User, h.Device)
	if a := s.known[id]; a != nil {
		return a, nil
	}
	found, err := s.c.actors(id)
	if err != nil {
		return nil, err
	}
	a := found[id]
	if a == nil {
		a = s.c.system()
	}
	if s.known == nil {
		s.known = map[string]*actor{}
	}
	s.known[id] = a
	return a, nil
}

// eachHead gives the submissions that a filter keeps, without their content, page by page.
func (c *call) eachHead(f forms.Form, version string, o tableOptions, g func([]forms.Head) error) error {
	const page = 1000
	filter := c.filterOf(f, version, o)
	filter.Limit = page
	filter.Deleted = c.flag("deleted")
	who := submitters{c: c}
	for {
		var list, kept []forms.Head
		if err := c.read(func(tx *store.Tx) (err error) { list, err = c.h.Forms.Submissions(tx, c.sub, filter); return err }); err != nil {
			return err
		}
		for _, h := range list {
			a, err := who.of(h)
			if err != nil {
				return err
			}
			if o.filter.Match(headField(h, a), c.sub.At) {
				kept = append(kept, h)
			}
		}
		if err := g(kept); err != nil || len(list) < page {
			return err
		}
		filter.After = list[len(list)-1].Cursor()
	}
}

// eachRecord gives the submissions that a filter keeps, with their content.
func (c *call) eachRecord(f forms.Form, filter forms.Filter, o tableOptions, purpose string, g func(forms.Head, export.Meta, []byte) error) error {
	filter.Names = c.names()
	who := submitters{c: c}
	return c.h.Forms.EachSubmission(c.ctx(), c.sub, filter, purpose, func(h forms.Head, body []byte) error {
		a, err := who.of(h)
		if err != nil {
			return err
		}
		if !o.filter.Match(headField(h, a), c.sub.At) {
			return nil
		}
		m := export.Meta{Instance: root(h), At: h.First, DeviceID: h.DeviceName, SubmitterID: strconv.FormatInt(a.ID, 10), SubmitterName: a.DisplayName,
			AttachmentsPresent: h.FilesPresent, AttachmentsExpected: h.FilesExpected, Edits: h.Edits, ReviewState: reviewOf(h), FormVersion: h.Version}
		if h.Updated.After(h.First) {
			m.Updated = h.Updated
		}
		switch {
		case h.Encrypted && h.FilesPresent == 0:
			m.Status, body = statusMissing, nil
		case h.Encrypted:
			m.Status, body = statusEncrypted, nil
		case body == nil:
			m.Status = statusErased
		}
		return g(h, m, body)
	})
}

// Why there are no answers. Central knows the first two, in other words in CSV than in OData.
const (
	statusMissing   = "missingEncryptedFormData"
	statusEncrypted = "notDecrypted"
	statusErased    = "erased"
)

var inCSV = map[string]string{statusMissing: "missing encrypted form data", statusEncrypted: "not decrypted"}

// exportOptions reads the options of a CSV export.
func (c *call) exportOptions() export.Options {
	q := c.r.URL.Query()
	return export.Options{PlainNames: strings.EqualFold(q.Get("groupPaths"), "false"), Split: c.flag("splitSelectMultiples"), Gone: c.flag("deletedFields"), Identity: c.names(), Raw: true}
}

// sourceOf gives the submissions of a form to the writer of tables.
func (c *call) sourceOf(f forms.Form, version string, o tableOptions, purpose string) export.Source {
	return func(each func(export.Meta, []byte) error) error {
		return c.eachRecord(f, c.filterOf(f, version, o), o, purpose, func(_ forms.Head, m export.Meta, body []byte) error {
			if words := inCSV[m.Status]; words != "" {
				m.Status = words
			}
			return each(m, body)
		})
	}
}

// prepare reads what every export needs, and finds out before the first byte whether it may be.
func (c *call) prepare(f forms.Form, version string, every bool) (l *export.Layout, o tableOptions, err error) {
	if o, err = c.tableOptions(submissionFields); err != nil {
		return nil, o, err
	}
	if err := c.may(access.Export, "answers"); err != nil {
		return nil, o, err
	}
	l, err = c.layout(f, version, every)
	return l, o, err
}

// submissionsCSV answers with the form's own table.
func (c *call) submissionsCSV(f forms.Form, version string) error {
	eo := c.exportOptions()
	l, o, err := c.prepare(f, version, true)
	if err != nil {
		return err
	}
	c.file(l.FileName(l.Tables[0]), "text/csv; charset=utf-8")
	return c.stream(func(w io.Writer) error {
		_, err := l.CSV(w, l.Tables[0], eo, c.sourceOf(f, version, o, "api-csv"))
		return err
	})
}

// submissionsZip answers with every table and, unless ?attachments=false, the files.
func (c *call) submissionsZip(f forms.Form, version string) error {
	eo := c.exportOptions()
	l, o, err := c.prepare(f, version, true)
	if err != nil {
		return err
	}
	name := strings.TrimSuffix(l.FileName(l.Tables[0]), ".csv")
	var files export.Files
	if c.names() && !strings.EqualFold(c.r.URL.Query().Get("attachments"), "false") {
		files = func(each func(export.Media) error) error {
			return c.eachHead(f, version, o, func(page []forms.Head) error { return c.filesOf(f, page, each) })
		}
		name += ".zip"
	} else {
		name += ".csv.zip"
	}
	c.file(name, "application/zip")
	return c.stream(func(w io.Writer) error { return l.CSVZip(w, eo, c.sourceOf(f, version, o, "api-csv"), files) })
}

func (c *call) filesOf(f forms.Form, page []forms.Head, each func(export.Media) error) error {
	for _, h := range page {
		if h.FilesPresent == 0 {
			continue
		}
		var list []forms.Attachment
		if err := c.read(func(tx *store.Tx) (err error) {
			list, err = c.h.Forms.Attachments(tx, c.sub, f.Project, f.ID, instanceOf(h))
			return err
		}); err != nil {
			return err
		}
		for _, a := range list {
			if !a.Exists {
				continue
			}
			if err := each(export.Media{Name: a.Name, Open: func(w io.Writer) error {
				_, err := c.h.Forms.Attachment(c.ctx(), c.sub, f.Project, f.ID, instanceOf(h), a.Name, w)
				return err
			}}); err != nil {
				return err
			}
		}
	}
	return nil
}

// instanceOf is the id by which the core knows a submission.
func instanceOf(h forms.Head) string {
	if h.Draft {
		return forms.DraftInstance(h.Instance)
	}
	return h.Instance
}

// submissionsGeoJSON answers with the places of a form: of one question with ?fieldpath=, or
// of all. Places are names here, unless the form says otherwise: where somebody sleeps.
func (c *call) submissionsGeoJSON(f forms.Form, version string) error {
	l, o, err := c.prepare(f, version, false)
	if err != nil {
		return err
	}
	path := c.r.URL.Query().Get("fieldpath")
	if path != "" {
		path = l.Tables[0].Path + path
		if l.Field(path) == nil {
			return &problem{"400.23", "Could not find a property named '" + odkPath(path) + "'", details{"property": odkPath(path)}}
		}
	}
	c.w.Header().Set("Content-Type", "application/geo+json; charset=utf-8")
	return c.stream(func(w io.Writer) error {
		return l.GeoJSON(w, path, export.Options{Identity: c.names()}, c.sourceOf(f, version, o, "api-geojson"))
	})
}

// submittersOf lists who sent submissions of a form.
func (c *call) submittersOf(f forms.Form, version string) error {
	out, seen := []*actor{}, map[int64]bool{}
	who := submitters{c: c}
	err := c.eachHead(f, version, tableOptions{}, func(page []forms.Head) error {
		for _, h := range page {
			a, err := who.of(h)
			if err != nil {
				return err
			}
			if !seen[a.ID] {
				seen[a.ID] = true
				out = append(out, a)
			}
		}
		return nil
	})
	if err != nil {
		return err
	}
	return c.json(out)
}

// keys lists the keys of encrypted submissions that this server could open: none. Who has the
// private key opens them with it.
func (c *call) keys(forms.Form, string) error { return c.json([]any{}) }
