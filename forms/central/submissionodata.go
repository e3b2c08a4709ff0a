package central

import (
	"io"
	"net/url"
	"regexp"
	"slices"
	"strings"

	"aman/forms"
	"aman/forms/export"
)

// submissionService answers for FORM.svc: the service document, the metadata, tables, and
// single submissions.
func (c *call) submissionService(f forms.Form, version string) error {
	l, _, err := c.prepare(f, version, false)
	if err != nil {
		return err
	}
	switch rest := c.params["table"]; {
	case rest == "":
		c.odataHeaders()
		return c.json(serviceDocument(c.base()+c.service(), l))
	case rest == "$metadata" || rest == "%24metadata":
		return c.xml(formMetadata(l, c.names()))
	default:
		steps, err := odataPath(rest)
		if err != nil {
			return err
		}
		return c.submissionTable(f, version, l, steps)
	}
}

func serviceDocument(service string, l *export.Layout) any {
	type set struct {
		Name string `json:"name"`
		Kind string `json:"kind"`
		URL  string `json:"url"`
	}
	sets := []set{}
	for _, t := range l.Tables {
		sets = append(sets, set{t.Name, "EntitySet", t.Name})
	}
	return map[string]any{"@odata.context": service + "/$metadata", "value": sets}
}

// step is a part of the address of a row: Submissions('uuid:…'), or a repeat with or without
// the id of a round.
type step struct{ name, id string }

var stepForm = regexp.MustCompile(`^([^()']+)(?:\('([^']*)'\))?$`)

// odataPath takes the address of a table or a row apart.
func odataPath(rest string) ([]step, error) {
	var out []step
	for _, part := range strings.Split(rest, "/") {
		plain, err := url.PathUnescape(part)
		if err != nil {
			return nil, errNotFound
		}
		m := stepForm.FindStringSubmatch(plain)
		if m == nil {
			return nil, errNotFound
		}
		out = append(out, step{m[1], m[2]})
	}
	return out, nil
}

// submissionTable answers with a table: of all submissions, or of one when the address names it.
func (c *call) submissionTable(f forms.Form, version string, l *export.Layout, steps []step) error {
	o, err := c.tableOptions(submissionFields)
	if err != nil {
		return err
	}
	names := make([]string, len(steps))
	for i, s := range steps {
		names[i] = s.name
	}
	t := l.Table(strings.Join(names, "."))
	if t == nil || steps[0].id == "" && len(steps) > 1 {
		return errNotFound
	}
	jo, err := c.rowOptions(l, t, o)
	if err != nil {
		return err
	}
	filter := c.filterOf(f, version, o)
	total, known, err := c.narrow(f, version, t, steps, &filter, &o)
	if err != nil {
		return err
	}
	c.odataHeaders()
	return c.stream(func(w io.Writer) error {
		out := newTable(w, c, o, t.Name, total)
		out.countAll = o.count && !known
		row, reader := l.JSONRow(t, jo), l.Reader()
		err := c.eachRecord(f, filter, o, "api-odata", func(h forms.Head, m export.Meta, body []byte) error {
			rec, err := reader.Read(m, body)
			if err != nil {
				return err
			}
			for i := range rec.Tables[t.N] {
				if !within(rec, t, i, steps) {
					continue
				}
				at := token{Instance: m.Instance}
				if t.Parent != nil {
					at.Repeat = rec.ID(t, i)
				}
				if err := out.row(at, func() []byte { return row(nil, rec, i) }); err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil && err != errFull {
			return err
		}
		return out.end()
	})
}

// narrow has the store pass over what need not be read: it bounds the walk, and says how many
// rows there are where that can be told without reading them.
func (c *call) narrow(f forms.Form, version string, t *export.Table, steps []step, filter *forms.Filter, o *tableOptions) (total int, known bool, err error) {
	main := t.Parent == nil
	if id := steps[0].id; id != "" {
		if _, err := c.headOf(f, version, id); err != nil {
			return 0, false, err
		}
		filter.Instances = []string{id}
		return 1, main, nil
	}
	if main && o.count {
		known = true
		if o.filter == nil {
			total, err = c.count(*filter)
		} else {
			err = c.eachHead(f, version, *o, func(page []forms.Head) error { total += len(page); return nil })
		}
		if err != nil {
			return 0, false, err
		}
	}
	if o.after.Instance != "" {
		h, err := c.headOf(f, version, o.after.Instance)
		if err != nil {
			return 0, false, unexpected("$skiptoken", "", "the submission that it names is no longer there.")
		}
		if main {
			filter.After, o.after = h.Cursor(), token{}
		} else if end := h.First.Add(1000); o.oldest && h.First.After(filter.From) {
			filter.From = h.First // what came earlier was on the pages before
		} else if !o.oldest && (filter.To.IsZero() || end.Before(filter.To)) {
			filter.To = end
		}
	}
	if main && o.filter == nil {
		filter.Offset, o.skip = o.skip, 0
		if o.top >= 0 {
			filter.Limit = o.top + 1 // one more tells whether there is a next page
		}
	}
	return total, known, nil
}

// within says whether a row belongs to the round that the address names last.
func within(rec *export.Record, t *export.Table, row int, steps []step) bool {
	want := ""
	for _, s := range steps[1:] {
		if s.id != "" {
			want = s.id
		}
	}
	if want == "" {
		return true
	}
	for ; t.Parent != nil; t, row = t.Parent, rec.Tables[t.N][row].Parent {
		if rec.ID(t, row) == want {
			return true
		}
	}
	return false
}

// rowOptions say what of a row is written.
func (c *call) rowOptions(l *export.Layout, t *export.Table, o tableOptions) (export.JSONOptions, error) {
	jo := export.JSONOptions{Identity: c.names(), Strict: true, WKT: o.wkt, Expand: o.expand, Navigation: true}
	if o.selected == nil {
		return jo, nil
	}
	jo.System = []string{}
	places := map[string]bool{}
	for _, n := range l.Nodes() {
		if strings.HasPrefix(n.Path, t.Path+"/") {
			places[strings.Join(identifiers(n.Path[len(t.Path):]), "/")] = true
		}
	}
	parent := ""
	if t.Parent != nil {
		parent = "__" + strings.ReplaceAll(t.Parent.Name, ".", "-") + "-id"
	}
	for name := range o.selected {
		system, isSystem := strings.CutPrefix(name, "__system/")
		switch {
		case name == "__id" || name == parent && parent != "":
		case name == "__system" && t.Parent == nil:
			jo.System = nil
		case isSystem && t.Parent == nil && slices.Contains(systemMembers, system):
			if !o.selected["__system"] {
				jo.System = append(jo.System, system)
			}
		case !places[name]:
			return jo, &problem{"400.23", "Could not find a property named '" + name + "'", details{"property": name}}
		}
	}
	jo.Fields = func(path string) bool {
		if !strings.HasPrefix(path, t.Path+"/") {
			return true // of a repeat inside, which has a table of its own
		}
		at := strings.Join(identifiers(path[len(t.Path):]), "/")
		for at != "" {
			if o.selected[at] {
				return true
			}
			i := strings.LastIndexByte(at, '/')
			if i < 0 {
				break
			}
			at = at[:i]
		}
		return false
	}
	return jo, nil
}

// systemMembers are the members of __system of a submission.
var systemMembers = []string{"submissionDate", "updatedAt", "submitterId", "submitterName", "attachmentsPresent", "attachmentsExpected", "status", "reviewState", "deviceId", "edits", "formVersion", "deletedAt"}
