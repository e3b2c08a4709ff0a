package forms

import (
	"bytes"
	"crypto/md5" // #nosec: the OpenRosa form list asks for MD5 to notice a changed form, not for safety
	"encoding/hex"
	"errors"
	"fmt"
	"strings"
	"unicode/utf8"

	"aman/forms/xform"
	"aman/forms/xlsform"
	"aman/platform/access"
)

// Upload is a form as its author sends it.
type Upload struct {
	Project int64
	// Form is the form that this is to be a new draft of; empty for a new form.
	Form string
	// FileName of the spreadsheet; tells CSV from Markdown and stands in for a form id.
	FileName string
	// Body is an XLSForm (.xlsx .xlsm .xls .csv .md) or an XForm (XML).
	Body []byte
	// FallbackID is the form's id where the XLSForm names none.
	FallbackID string
	// Kind is Survey (when empty) or Intake; of a new form only.
	Kind string
	// IgnoreWarnings keeps a form that has warnings; without it they are a *Rejected.
	IgnoreWarnings bool
}

// Kinds of form.
const (
	// Intake: each submission waits in the intake queue of its office for a caseworker, and
	// is never in a table or an export.
	Intake = "intake"
	// Survey: everything else.
	Survey = "survey"
)

// Problem is one thing that is wrong with a form, and where.
type Problem struct {
	Severity string `json:"severity"` // error or warning
	Code     string `json:"code"`     // names the kind of fault, for translators
	Sheet    string `json:"sheet,omitempty"`
	Row      int    `json:"row,omitempty"`    // as the spreadsheet counts
	Column   string `json:"column,omitempty"` // the header as it stands in the file; the path of a node in an XForm
	Message  string `json:"message"`
	Fix      string `json:"fix,omitempty"`
}

// Rejected says why a form was not taken.
type Rejected struct {
	Problems []Problem
	// WarningsOnly: it would be taken with IgnoreWarnings.
	WarningsOnly bool
}

func (r *Rejected) Error() string {
	for _, p := range r.Problems {
		if p.Severity == "error" || r.WarningsOnly {
			return "the form was not taken: " + p.Message
		}
	}
	return "the form was not taken"
}

// ErrTooNew: the form follows an entities specification that is not known here.
var ErrTooNew = errors.New("the form uses entities in a version newer than " + newestEntities + ", which this program does not know")

// Checked is a form that was read and found good, but for its warnings.
type Checked struct {
	ID, Title, Version string
	XML                []byte
	Hash               string        // MD5 of XML, in hex
	Form               *xlsform.Form // nil for a form sent as XML
	Model              *xform.Model
	Problems           []Problem // warnings, and errors where Check gives any
	Entities           []Dataset
	EntitiesVersion    string
	Media              []string // names of the files it expects beside it, sorted
	Encrypted          bool     // its submissions come encrypted with a key of its own
	Classes            map[string]access.Class
	// Source is the spreadsheet it was made of, with its name; nil for XML.
	Source     []byte
	SourceName string

	itemsets []byte
}

// Check reads a form and says all that is wrong with it. It is pure. A form that cannot be
// had at all is a *Rejected, with what was found as its Problems.
func Check(u Upload) (c Checked, err error) {
	if isXML(u.Body) {
		c.XML = u.Body
	} else if err := c.convert(u); err != nil {
		return c, err
	}
	if c.Model, err = xform.Compile(c.XML, xform.Options{}); err != nil {
		return c, c.reject("xform", err.Error())
	}
	f, err := readFacts(c.XML)
	if err != nil {
		return c, c.reject("xform", err.Error())
	}
	sum := md5.Sum(c.XML)
	c.ID, c.Title, c.Version, c.Hash = c.Model.ID, c.Model.Title, c.Model.Version, hex.EncodeToString(sum[:])
	if c.Title == "" {
		c.Title = c.ID
	}
	c.Entities, c.EntitiesVersion, c.Encrypted = f.datasets, f.version, f.encrypted
	c.Media, c.Classes = mediaOf(c.Model, c.XML), classesOf(c.Model, f.classes)
	switch {
	case tooNew(c.EntitiesVersion):
		return c, ErrTooNew
	case !plainText(c.ID, 200) || strings.TrimSpace(c.ID) == "":
		return c, c.reject("form-id", "The id of the form is empty, longer than 200 characters, or has a line break.")
	case !plainText(c.Version, 200):
		return c, c.reject("form-version", "The version of the form is longer than 200 characters or has a line break.")
	case u.Form != "" && u.Form != c.ID:
		return c, c.reject("other-form", fmt.Sprintf("This is the form %q, not %q: a new version of a form keeps its id.", c.ID, u.Form))
	case c.Model.Cycles != nil:
		return c, c.reject("cycle", c.Model.Cycles.Error())
	}
	for _, x := range c.Model.Faults {
		c.Problems = append(c.Problems, Problem{Severity: "warning", Code: "xform-" + x.Part, Column: x.Path, Message: x.Error()})
	}
	return c, nil
}

func isXML(body []byte) bool {
	return bytes.HasPrefix(bytes.TrimSpace(bytes.TrimPrefix(body, []byte("\xef\xbb\xbf"))), []byte("<"))
}

// plainText says whether a name or an id is one line of text that both engines keep.
func plainText(s string, most int) bool {
	return len(s) <= most && utf8.ValidString(s) && !strings.ContainsFunc(s, func(r rune) bool { return r < ' ' || r == 0x7f })
}

// convert makes the XForm of a spreadsheet.
func (c *Checked) convert(u Upload) error {
	wb, err := xlsform.Read(u.Body, u.FileName)
	if err != nil {
		return c.reject("file", err.Error())
	}
	if u.FallbackID != "" {
		wb.Name = u.FallbackID
	}
	form, found := xlsform.Compile(wb, xlsform.Options{})
	for _, d := range found {
		c.Problems = append(c.Problems, Problem{Severity: string(d.Severity), Code: d.Code, Sheet: d.Sheet, Row: d.Row, Column: d.Column, Message: d.Message, Fix: d.Fix})
	}
	if form == nil {
		return &Rejected{Problems: c.Problems}
	}
	var out bytes.Buffer
	if err := form.WriteXForm(&out); err != nil {
		return c.reject("file", err.Error())
	}
	c.Form, c.XML, c.itemsets = form, out.Bytes(), form.Itemsets
	c.Source, c.SourceName = u.Body, u.FileName
	return nil
}

func (c *Checked) reject(code, message string) error {
	c.Problems = append(c.Problems, Problem{Severity: "error", Code: code, Message: message})
	return &Rejected{Problems: c.Problems}
}
