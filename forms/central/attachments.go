package central

import (
	"io"
	"slices"

	"aman/forms"
	"aman/platform/store"
)

// attachmentView is a file of a submission.
type attachmentView struct {
	Name   string `json:"name"`
	Exists bool   `json:"exists"`
}

func (c *call) attachments(f forms.Form, version string) error {
	if f.Kind == forms.Intake && version != forms.DraftVersion {
		return c.json([]attachmentView{}) // asked right after sending; nobody is told more
	}
	h, err := c.theSubmission(f, version)
	if err != nil {
		return err
	}
	return c.attachmentsOf(f, instanceOf(h))
}

func (c *call) attachmentsOf(f forms.Form, instance string) error {
	var list []forms.Attachment
	if err := c.read(func(tx *store.Tx) (err error) {
		list, err = c.h.Forms.Attachments(tx, c.sub, f.Project, f.ID, instance)
		return err
	}); err != nil {
		return err
	}
	out := []attachmentView{}
	for _, a := range list {
		out = append(out, attachmentView{a.Name, a.Exists})
	}
	return c.json(out)
}

// attachment answers with a file of a submission. A picture or a voice can be known again, so
// it is given as names are.
func (c *call) attachment(f forms.Form, version string) error {
	h, err := c.theSubmission(f, version)
	if err != nil {
		return err
	}
	return c.attachmentOf(f, instanceOf(h))
}

func (c *call) attachmentOf(f forms.Form, instance string) error {
	if err := c.needNames(); err != nil {
		return err
	}
	var list []forms.Attachment
	if err := c.read(func(tx *store.Tx) (err error) {
		list, err = c.h.Forms.Attachments(tx, c.sub, f.Project, f.ID, instance)
		return err
	}); err != nil {
		return err
	}
	for _, a := range list {
		if a.Name != c.params["name"] || !a.Exists {
			continue
		}
		c.file(a.Name, mediaType(a.Type, a.Name))
		return c.stream(func(w io.Writer) error {
			_, err := c.h.Forms.Attachment(c.ctx(), c.sub, f.Project, f.ID, instance, a.Name, w)
			return err
		})
	}
	return errNotFound
}

func (c *call) putAttachment(f forms.Form, version string) error {
	h, err := c.theSubmission(f, version)
	if err != nil {
		return err
	}
	// A phone may bring what nobody asked for. A script that does has most likely misspelt it.
	name := c.params["name"]
	var list []forms.Attachment
	if err := c.read(func(tx *store.Tx) (err error) {
		list, err = c.h.Forms.Attachments(tx, c.sub, f.Project, f.ID, instanceOf(h))
		return err
	}); err != nil {
		return err
	}
	if !slices.ContainsFunc(list, func(a forms.Attachment) bool { return a.Name == name && a.Expected }) {
		return errNotFound
	}
	body, err := c.bytes(fileMost)
	if err != nil {
		return err
	}
	if err := c.h.Forms.PutAttachment(c.ctx(), c.sub, f.Project, f.ID, instanceOf(h), name, mediaType(c.r.Header.Get("Content-Type"), name), body); err != nil {
		return err
	}
	return c.success()
}
