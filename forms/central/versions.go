package central

import (
	"errors"
	"path"

	"aman/forms"
	"aman/platform/store"
)

// The addresses of one version of a form are there three times: for the form itself (its
// published version, or its draft when there is none), for a version by name, and for the
// draft. ofVersion makes what answers any of them.
func ofVersion(pick pick, answer answer) func(*call) error {
	return func(c *call) error {
		f, version, err := pick(c)
		if err != nil {
			return err
		}
		return answer(c, f, version)
	}
}

func ofForm(c *call) (forms.Form, string, error) {
	f, err := c.theForm()
	return f, versionOf(f), err
}

func ofNamed(c *call) (forms.Form, string, error) {
	f, err := c.theForm()
	version := c.params["version"]
	if version == "___" {
		version = "" // Central's name for the version without a name
	}
	return f, version, err
}

// ofPublished is for what only a published form has: submissions.
func ofPublished(c *call) (forms.Form, string, error) {
	f, err := c.theForm()
	if err == nil && f.Published.IsZero() {
		err = errNotFound
	}
	return f, f.Version, err
}

func ofDraft(c *call) (forms.Form, string, error) {
	f, err := c.theForm()
	if err == nil && !f.HasDraft {
		err = errNotFound
	}
	return f, forms.DraftVersion, err
}

// definition answers with the XForm.
func (c *call) definition(f forms.Form, version string) error {
	var body []byte
	if err := c.read(func(tx *store.Tx) (err error) { _, body, err = c.h.Forms.Definition(tx, f.ID, version); return err }); err != nil {
		return err
	}
	return c.xml(body)
}

// xml answers with a document.
func (c *call) xml(body []byte) error {
	c.w.Header().Set("Content-Type", "application/xml; charset=utf-8")
	c.wrote = true
	_, err := c.w.Write(body)
	return c.gone(err)
}

// source gives the spreadsheet of a version; no name when it came as XML.
func (c *call) source(f forms.Form, version string) (name string, body []byte, err error) {
	err = c.read(func(tx *store.Tx) (err error) {
		name, body, err = c.h.Forms.Source(tx, c.sub, f.Project, f.ID, version)
		return err
	})
	if errors.Is(err, store.ErrNone) {
		return "", nil, nil
	}
	return name, body, err
}

// spreadsheet answers with the XLSForm that a version was made of, when it is of that kind.
func spreadsheet(ending string) func(*call, forms.Form, string) error {
	return func(c *call, f forms.Form, version string) error {
		name, body, err := c.source(f, version)
		if err != nil {
			return err
		}
		if body == nil || path.Ext(name) != ending {
			return errNotFound
		}
		c.file(f.ID+ending, excelTypes[ending])
		c.wrote = true
		_, err = c.w.Write(body)
		return c.gone(err)
	}
}

func (c *call) fields(f forms.Form, version string) error {
	l, err := c.layout(f, version, false)
	if err != nil {
		return err
	}
	return c.json(fields(l, c.flag("odata")))
}

// showVersion shows a form as one of its versions is.
func (c *call) showVersion(f forms.Form, version string) error {
	v, err := c.versions(f, version)
	if err != nil {
		return err
	}
	if len(v) == 0 {
		return errNotFound
	}
	return c.json(v[0])
}

// versions shows the published versions of a form, the newest first: all, or one.
func (c *call) versions(f forms.Form, only ...string) ([]formView, error) {
	list := []forms.Published{}
	if err := c.read(func(tx *store.Tx) (err error) { list, err = c.h.Forms.Versions(tx, c.sub, f.Project, f.ID); return err }); err != nil {
		return nil, err
	}
	out := []formView{}
	var who []string
	for _, p := range list {
		if len(only) == 0 || p.Version == only[0] {
			v := formView{ProjectID: f.Project, XMLFormID: f.ID, State: f.State, CreatedAt: moment(f.Created), UpdatedAt: at(f.Updated), Version: p.Version, Hash: p.Hash, Name: p.Title, PublishedAt: at(p.At)}
			out, who = append(out, v), append(who, p.By)
		}
	}
	if !c.extended() {
		return out, nil
	}
	actors, err := c.actors(append(who, f.By)...)
	for i := range out {
		if out[i].PublishedBy = actors[who[i]]; out[i].PublishedBy == nil {
			out[i].PublishedBy = c.system()
		}
		out[i].CreatedBy = actors[f.By]
	}
	return out, err
}

func (c *call) listVersions() error {
	f, err := c.theForm()
	if err != nil {
		return err
	}
	list, err := c.versions(f)
	if err != nil {
		return err
	}
	return c.json(list)
}

// showDraft shows the draft of a form.
func (c *call) showDraft(f forms.Form, _ string) error {
	var d forms.Draft
	if err := c.read(func(tx *store.Tx) (err error) { d, err = c.h.Forms.DraftOf(tx, c.sub, f.Project, f.ID); return err }); err != nil {
		return err
	}
	v := formView{ProjectID: f.Project, XMLFormID: f.ID, State: f.State, CreatedAt: moment(f.Created), UpdatedAt: at(d.At), Version: d.Version, Hash: d.Hash, Name: d.Title, DraftToken: &d.Token}
	if c.extended() {
		n, err := c.count(forms.Filter{Project: f.Project, Form: f.ID, Draft: true})
		if err != nil {
			return err
		}
		v.Submissions = &n
	}
	return c.json(v)
}

// newDraft makes a draft of what is sent, or of the published version when nothing is.
func (c *call) newDraft() error {
	f, err := c.theForm()
	if err != nil {
		return err
	}
	u, err := c.uploadOf(f.Project)
	if err != nil {
		return err
	}
	u.Form = f.ID
	if len(u.Body) == 0 {
		if f.Published.IsZero() {
			return errNotFound
		}
		_, err = c.h.Forms.StartDraft(c.ctx(), c.sub, f.Project, f.ID)
	} else {
		_, err = c.h.Forms.SaveDraft(c.ctx(), c.sub, u)
	}
	if err != nil {
		return formFault(err, u)
	}
	return c.success()
}

// publishDraft publishes the draft, under another version with ?version=.
func (c *call) publishDraft(f forms.Form, _ string) error {
	version := c.r.URL.Query().Get("version")
	var d forms.Draft
	if err := c.read(func(tx *store.Tx) (err error) { d, err = c.h.Forms.DraftOf(tx, c.sub, f.Project, f.ID); return err }); err != nil {
		return err
	}
	if version == "" {
		version = d.Version
	}
	_, err := c.h.Forms.PublishDraft(c.ctx(), c.sub, f.Project, f.ID, c.r.URL.Query().Get("version"))
	if errors.Is(err, forms.ErrVersionKnown) {
		return &problem{"409.6", "You tried to publish the form '" + f.ID + "' with version '" + version + "', but a published form has already existed in this project with those identifiers. Please choose a new name and try again. You can re-request with ?version=xyz to have the version changed in-place for you.",
			details{"xmlFormId": f.ID, "version": version}}
	}
	if err != nil {
		return formFault(err, forms.Upload{})
	}
	return c.success()
}

func (c *call) dropDraft() error {
	f, err := c.theForm()
	switch {
	case err != nil:
		return err
	case f.Published.IsZero():
		return errNoDraftDel
	case !f.HasDraft:
		return errNotFound
	}
	if err := c.h.Forms.DropDraft(c.ctx(), c.sub, f.Project, f.ID); err != nil {
		return err
	}
	return c.success()
}
