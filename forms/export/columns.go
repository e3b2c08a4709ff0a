package export

import (
	"slices"
	"strings"

	"aman/forms/xform"
)

// Options say how a file is to be. The zero value is what Central does by default, without
// names.
type Options struct {
	PlainNames  bool     // age, not household-age, where no other column would be called so
	Split       bool     // after a question with several choices a column of 0 and 1 for each: q/choice
	Labels      bool     // the words of choices, not their codes
	Questions   bool     // the words of questions at the head of columns, not their names
	Language    string   // of those words
	Identity    bool     // with the columns that hold identity and health
	Gone        bool     // with questions that only older versions have
	WholePoints bool     // a point in one column, not four
	Raw         bool     // CSV: texts as they are; see Neutral
	BOM         bool     // CSV: the mark by which spreadsheet programs know UTF-8
	Columns     []string // only the questions with these paths; nil is all
	Workers     int      // how many processors; 0 is as many as there are
}

// Column is one column of a table.
type Column struct {
	Header string
	Field  *Field // nil for what is known of the submission
	Meta   string // SubmissionDate, KEY …; "" for a question
	Part   int    // of a point: 0 latitude, 1 longitude, 2 altitude, 3 accuracy; -1 the whole
	Choice string // of a split question: which choice this is about
}

// pointParts are the columns of a point.
var pointParts = [4]string{"Latitude", "Longitude", "Altitude", "Accuracy"}

// tail are the columns after the questions. Source: Central, submissions.csv.
var (
	tail       = []string{"KEY", "SubmitterID", "SubmitterName", "AttachmentsPresent", "AttachmentsExpected", "Status", "ReviewState", "DeviceID", "Edits", "FormVersion"}
	repeatTail = []string{"PARENT_KEY", "KEY"}
)

// Columns chooses the columns of a table.
func (l *Layout) Columns(t *Table, o Options) []Column {
	var out []Column
	meta := func(names ...string) {
		for _, n := range names {
			out = append(out, Column{Header: n, Meta: n, Part: -1})
		}
	}
	if t.Parent == nil {
		meta("SubmissionDate")
	}
	names := l.names(t, o)
	for _, f := range t.Fields {
		if !o.shows(f) {
			continue
		}
		name := names[f]
		if f.Type == "geopoint" && !o.WholePoints {
			for i, part := range pointParts {
				out = append(out, Column{Header: name + "-" + part, Field: f, Part: i})
			}
			continue
		}
		out = append(out, Column{Header: name, Field: f, Part: -1})
		if !f.Many || !o.Split {
			continue
		}
		for _, c := range f.Options {
			label := c.Value
			if o.Labels {
				if text := xform.Text(c.Label, o.Language); text != "" {
					label = text
				}
			}
			out = append(out, Column{Header: name + "/" + label, Field: f, Part: -1, Choice: c.Value})
		}
	}
	if t.Parent == nil {
		meta(tail...)
	} else {
		meta(repeatTail...)
	}
	return out
}

// shows says whether a field has a column.
func (o *Options) shows(f *Field) bool {
	switch {
	case f.Hidden() && !o.Identity, f.Gone && !o.Gone:
		return false
	}
	return o.Columns == nil || slices.Contains(o.Columns, f.Path)
}

// names are the heads of columns, by field.
func (l *Layout) names(t *Table, o Options) map[*Field]string {
	out, count := map[*Field]string{}, map[string]int{}
	for _, name := range append(append([]string{"SubmissionDate", "PARENT_KEY"}, tail...), repeatTail...) {
		count[name]++
	}
	short := func(f *Field) string {
		if o.Questions {
			return xform.Text(f.Label, o.Language)
		}
		return f.Name
	}
	for _, f := range t.Fields {
		if o.shows(f) {
			count[short(f)]++
		}
	}
	for _, f := range t.Fields {
		name := short(f)
		if name == "" || (!o.PlainNames && !o.Questions) || count[name] > 1 {
			path := strings.Join(append(append([]string{}, f.Groups...), f.Name), "-")
			if o.Questions && name != "" {
				path = name + " (" + path + ")"
			}
			name = path
		}
		out[f] = name
	}
	return out
}
