// Package answers joins the submissions that package forms keeps with the tables and files
// that package export makes of them: the layout of a published form, its answers as a
// source, the files that came with them.
//
//	layout, err := answers.Layout(tx, service, subject, "border_needs")
//	src := answers.Source(ctx, service, subject, forms.Filter{Form: "border_needs"}, "export", names)
//	rows, err := layout.CSV(w, layout.Tables[0], export.Options{}, src)
//
// Whoever reads needs the rights that forms.EachSubmission asks for, and is in the audit
// log once for each time the source is read.
package answers

import (
	"context"
	"io"
	"sync"

	"aman/forms"
	"aman/forms/export"
	"aman/platform/access"
	"aman/platform/store"
)

// layouts remembers what the answers of forms look like as tables: a published version
// never changes, and reading a large form takes longer than a page of its answers.
var layouts struct {
	sync.Mutex
	of map[string]*export.Layout
}

// layoutsMost bounds how many are remembered.
const layoutsMost = 50

// Layout gives what the answers to a form look like as tables, over all its published
// versions; store.ErrNone when it has none.
func Layout(tx *store.Tx, s *forms.Service, sub access.Subject, form string) (*export.Layout, error) {
	list, err := s.Versions(tx, sub, 0, form)
	if err != nil {
		return nil, err
	}
	if len(list) == 0 {
		return nil, store.ErrNone
	}
	key := form
	for _, v := range list {
		key += "\x00" + v.Version + "\x00" + v.Hash
	}
	layouts.Lock()
	l := layouts.of[key]
	layouts.Unlock()
	if l != nil {
		return l, nil
	}
	var versions []export.Version
	for _, v := range list {
		_, xml, err := s.Definition(tx, form, v.Version)
		if err != nil {
			return nil, err
		}
		classes, err := s.Classes(tx, form, v.Version)
		if err != nil {
			return nil, err
		}
		versions = append(versions, export.Version{Name: v.Version, XML: xml, Classes: classes})
	}
	if l, err = export.New(versions...); err != nil {
		return nil, err
	}
	layouts.Lock()
	defer layouts.Unlock()
	if layouts.of == nil || len(layouts.of) >= layoutsMost {
		layouts.of = map[string]*export.Layout{}
	}
	layouts.of[key] = l
	return l, nil
}

// Names gives the name of a member of staff.
type Names func(user string) string

// Meta is what is known of a submission, for a table.
func Meta(h *forms.Head, names Names) export.Meta {
	m := export.Meta{
		Instance: h.Root, At: h.First, Updated: h.Updated, SubmitterID: h.User, SubmitterName: names(h.User), DeviceID: h.Device,
		AttachmentsPresent: h.FilesPresent, AttachmentsExpected: h.FilesExpected, Edits: h.Edits, ReviewState: h.Review, FormVersion: h.Version,
	}
	if h.Encrypted {
		m.Status = "not decrypted" // as Central says it
	}
	return m
}

// Source gives the answers that a filter means. purpose is why, as a code for the audit log.
// Set Filter.To where a file has several tables, so that all of them hold the same answers.
func Source(ctx context.Context, s *forms.Service, sub access.Subject, f forms.Filter, purpose string, names Names) export.Source {
	return func(each func(export.Meta, []byte) error) error {
		return s.EachSubmission(ctx, sub, f, purpose, func(h forms.Head, body []byte) error {
			m := Meta(&h, names)
			switch {
			case h.Encrypted:
				body = nil
			case body == nil:
				m.Status = "erased"
			}
			return each(m, body)
		})
	}
}

// Files gives the files that came with the answers that a filter means, one after another.
func Files(ctx context.Context, db *store.DB, s *forms.Service, sub access.Subject, f forms.Filter, purpose string) export.Files {
	return func(each func(export.Media) error) error {
		return s.EachSubmission(ctx, sub, f, purpose, func(h forms.Head, _ []byte) error { return filesOf(ctx, db, s, sub, &h, each) })
	}
}

// filesOf gives the files of one submission, as they came.
func filesOf(ctx context.Context, db *store.DB, s *forms.Service, sub access.Subject, h *forms.Head, each func(export.Media) error) error {
	if h.FilesPresent == 0 {
		return nil
	}
	var list []forms.Attachment
	err := db.Read(ctx, func(tx *store.Tx) (err error) { list, err = s.Attachments(tx, sub, 0, h.Form, h.Instance); return err })
	if err != nil {
		return err
	}
	for _, a := range list {
		if !a.Exists {
			continue
		}
		err := each(export.Media{Name: a.Name, Open: func(w io.Writer) error {
			_, err := s.Attachment(ctx, sub, 0, h.Form, h.Instance, a.Name, w)
			return err
		}})
		if err != nil {
			return err
		}
	}
	return nil
}
