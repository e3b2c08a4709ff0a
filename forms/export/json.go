package export

import (
	"io"
	"net/url"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"
)

// JSONOptions say how a row is written as JSON. The zero value has everything but names.
type JSONOptions struct {
	Identity bool // with what holds identity and health
	Gone     bool // with what only older versions have
	// Strict keeps to the types of the form: what is no number where one is asked is null.
	// Without it, it is a text.
	Strict bool
	WKT    bool // places as well-known text, not GeoJSON
	Expand bool // the rounds of repeats inside the row, as arrays
	// Navigation adds OData's links to repeats, and leaves repeats without rounds out.
	Navigation bool
	System     []string               // which of __system; nil is all, empty none
	Fields     func(path string) bool // which fields and groups; nil is all
}

// systemNames are the members of __system. Source: Central, OData data document.
var systemNames = []string{"submissionDate", "updatedAt", "submitterId", "submitterName", "attachmentsPresent", "attachmentsExpected", "status", "reviewState", "deviceId", "edits", "formVersion", "deletedAt"}

// jsonNode is a member of a row.
type jsonNode struct {
	key   string // "name":
	link  string // "name@odata.navigationLink":
	path  string
	field *Field
	table *Table
	kids  []*jsonNode
}

// JSONRow makes a function that appends one row of a table as an object, as OData has it:
// groups are objects, whole and decimal numbers are numbers, places are GeoJSON, what was
// not answered is null. It is for one goroutine at a time.
func (l *Layout) JSONRow(t *Table, o JSONOptions) func(dst []byte, rec *Record, row int) []byte {
	w := &jsonWriter{layout: l, o: o, plans: map[*Table][]*jsonNode{}}
	for _, t := range l.Tables {
		w.plans[t] = w.plan(t.node, t.Path)
	}
	w.system = map[string]bool{}
	if o.System == nil {
		o.System = systemNames
	}
	for _, n := range o.System {
		w.system[n] = true
	}
	parent := ""
	if t.Parent != nil {
		parent = "__" + strings.ReplaceAll(t.Parent.Name, ".", "-") + "-id"
	}
	return func(dst []byte, rec *Record, row int) []byte {
		dst = append(dst, `{"__id":`...)
		dst = appendText(dst, rec.ID(t, row))
		if t.Parent != nil {
			dst = append(dst, ',')
			dst = append(appendText(dst, parent), ':')
			dst = appendText(dst, rec.ParentID(t, row))
		} else if len(w.system) > 0 {
			dst = append(dst, `,"__system":`...)
			dst = w.appendSystem(dst, &rec.Meta)
		}
		if rec.Meta.Status == "" {
			dst = w.members(dst, rec, t, row, w.plans[t], false)
		}
		return append(dst, '}')
	}
}

type jsonWriter struct {
	layout *Layout
	o      JSONOptions
	plans  map[*Table][]*jsonNode
	system map[string]bool
}

func (w *jsonWriter) plan(n *node, path string) []*jsonNode {
	var out []*jsonNode
	for _, k := range n.kids {
		name := Identifier(k.name)
		j := &jsonNode{key: string(appendText(nil, name)) + ":", path: path + "/" + k.name}
		switch {
		case k.table != nil:
			if k.table.Gone && !w.o.Gone {
				continue
			}
			j.table, j.link = k.table, string(appendText(nil, name+"@odata.navigationLink"))+":"
		case len(k.kids) > 0:
			j.kids = w.plan(k, j.path)
			if len(j.kids) == 0 {
				continue
			}
		default:
			f := k.field
			if f.Hidden() && !w.o.Identity || f.Gone && !w.o.Gone || w.o.Fields != nil && !w.o.Fields(f.Path) {
				continue
			}
			j.field = f
		}
		out = append(out, j)
	}
	return out
}

// members appends the members of a row or a group; first says that nothing stands before.
func (w *jsonWriter) members(dst []byte, rec *Record, t *Table, row int, plan []*jsonNode, first bool) []byte {
	comma := func() {
		if !first {
			dst = append(dst, ',')
		}
		first = false
	}
	for _, j := range plan {
		switch {
		case j.field != nil:
			comma()
			dst = append(dst, j.key...)
			dst = w.value(dst, j.field, rec.Tables[t.N][row].Cells[j.field.N])
		case j.kids != nil:
			comma()
			dst = append(append(dst, j.key...), '{')
			dst = append(w.members(dst, rec, t, row, j.kids, true), '}')
		default:
			from, to := rec.Rows(j.table, row)
			if w.o.Navigation && from < to {
				comma()
				dst = append(dst, j.link...)
				dst = appendText(dst, navigation(rec, t, row, j.table))
			}
			if !w.o.Expand || w.o.Navigation && from == to {
				continue
			}
			comma()
			dst = append(append(dst, j.key...), '[')
			for i := from; i < to; i++ {
				if i > from {
					dst = append(dst, ',')
				}
				dst = append(dst, `{"__id":`...)
				dst = appendText(dst, rec.ID(j.table, i))
				dst = append(w.members(dst, rec, j.table, i, w.plans[j.table], false), '}')
			}
			dst = append(dst, ']')
		}
	}
	return dst
}

// navigation is OData's address of the rounds of a repeat.
func navigation(rec *Record, t *Table, row int, to *Table) string {
	var at func(t *Table, row int) string
	at = func(t *Table, row int) string {
		if t.Parent == nil {
			return "Submissions('" + strings.ReplaceAll(url.QueryEscape(rec.Meta.Instance), "+", "%20") + "')"
		}
		return at(t.Parent, rec.Tables[t.N][row].Parent) + "/" + steps(t) + "('" + rec.ID(t, row) + "')"
	}
	return at(t, row) + "/" + steps(to)
}

func steps(t *Table) string {
	out := make([]string, len(t.steps))
	for i, s := range t.steps {
		out[i] = Identifier(s)
	}
	return strings.Join(out, "/")
}

func (w *jsonWriter) appendSystem(dst []byte, m *Meta) []byte {
	dst = append(dst, '{')
	for _, name := range systemNames {
		if !w.system[name] {
			continue
		}
		if dst[len(dst)-1] != '{' {
			dst = append(dst, ',')
		}
		dst = append(appendText(dst, name), ':')
		dst = appendSystemValue(dst, m, name)
	}
	return append(dst, '}')
}

func appendSystemValue(dst []byte, m *Meta, name string) []byte {
	text := func(s string) []byte {
		if s == "" {
			return append(dst, "null"...)
		}
		return appendText(dst, s)
	}
	at := func(t time.Time) []byte {
		if t.IsZero() {
			return append(dst, "null"...)
		}
		return append(t.UTC().AppendFormat(append(dst, '"'), moment), '"')
	}
	switch name {
	case "submissionDate":
		return at(m.At)
	case "updatedAt":
		return at(m.Updated)
	case "deletedAt":
		return at(m.Deleted)
	case "submitterId":
		return text(m.SubmitterID)
	case "submitterName":
		return text(m.SubmitterName)
	case "attachmentsPresent":
		return strconv.AppendInt(dst, int64(m.AttachmentsPresent), 10)
	case "attachmentsExpected":
		return strconv.AppendInt(dst, int64(m.AttachmentsExpected), 10)
	case "status":
		return text(m.Status)
	case "reviewState":
		return text(m.ReviewState)
	case "deviceId":
		return text(m.DeviceID)
	case "edits":
		return strconv.AppendInt(dst, int64(m.Edits), 10)
	}
	return appendText(dst, m.FormVersion)
}

// value appends the answer to a question by its type.
func (w *jsonWriter) value(dst []byte, f *Field, v []byte) []byte {
	if len(v) == 0 {
		return append(dst, "null"...)
	}
	from := len(dst)
	ok := true
	switch f.Type {
	case "int", "integer", "long":
		n, err := strconv.ParseInt(string(v), 10, 64)
		if ok = err == nil; ok {
			return strconv.AppendInt(dst, n, 10)
		}
	case "decimal", "double", "float":
		n, err := strconv.ParseFloat(string(v), 64)
		if ok = err == nil && isNumber(v); ok {
			return strconv.AppendFloat(dst, n, 'g', -1, 64)
		}
	case "geopoint", "geotrace", "geoshape":
		if dst, ok = appendGeo(dst, f.Type, v, w.o.WKT); ok {
			return dst
		}
		dst = dst[:from]
	default:
		return appendText(dst, v)
	}
	if w.o.Strict {
		return append(dst, "null"...)
	}
	return appendText(dst, v)
}

// JSON writes all submissions as one array, repeats inside.
func (l *Layout) JSON(w io.Writer, o Options, src Source) error {
	return l.json(w, o, src, "[\n", ",\n", "\n]\n")
}

// JSONLines writes one submission a line.
func (l *Layout) JSONLines(w io.Writer, o Options, src Source) error {
	return l.json(w, o, src, "", "\n", "\n")
}

func (l *Layout) json(w io.Writer, o Options, src Source, before, between, after string) error {
	if _, err := io.WriteString(w, before); err != nil {
		return err
	}
	first := true
	fields := func(path string) bool { f := l.Field(path); return f == nil || o.shows(f) }
	err := l.run(w, o.Workers, src, func() format {
		row := l.JSONRow(l.Tables[0], JSONOptions{Identity: o.Identity, Gone: o.Gone, Expand: true, Fields: fields})
		return func(rec *Record, b *batch) {
			b.out = append(b.out, between...)
			b.out = row(b.out, rec, 0)
		}
	}, func(b *batch) error {
		out := b.out
		if first {
			out, first = out[len(between):], false
		}
		_, err := w.Write(out)
		return err
	})
	if err != nil {
		return err
	}
	if first && between == after {
		return nil // no line at all
	}
	_, err = io.WriteString(w, after)
	return err
}

// appendText appends a JSON string. What is no UTF-8 becomes the replacement character.
func appendText[T string | []byte](dst []byte, v T) []byte {
	const hexDigits = "0123456789abcdef"
	dst = append(dst, '"')
	from := 0
	for i := 0; i < len(v); {
		c := v[i]
		if c >= ' ' && c != '"' && c != '\\' && c < utf8.RuneSelf {
			i++
			continue
		}
		if c >= utf8.RuneSelf {
			r, n := utf8.DecodeRuneInString(string(v[i:min(len(v), i+4)]))
			if r == utf8.RuneError && n == 1 {
				dst = append(append(dst, v[from:i]...), "\ufffd"...)
				i++
				from = i
				continue
			}
			i += n
			continue
		}
		dst = append(dst, v[from:i]...)
		switch c {
		case '"', '\\':
			dst = append(dst, '\\', c)
		case '\n':
			dst = append(dst, '\\', 'n')
		case '\t':
			dst = append(dst, '\\', 't')
		default:
			dst = append(dst, '\\', 'u', '0', '0', hexDigits[c>>4], hexDigits[c&15])
		}
		i++
		from = i
	}
	dst = append(dst, v[from:]...)
	return append(dst, '"')
}
