package central

import (
	"mime"
	"path"
	"strings"

	"aman/forms"
	"aman/platform/store"
)

// mediumView is a file that a form expects beside it.
type mediumView struct {
	Name          string  `json:"name"`
	Type          string  `json:"type"` // image, audio, video, file
	Hash          *string `json:"hash"`
	Exists        bool    `json:"exists"`
	BlobExists    bool    `json:"blobExists"`
	DatasetExists bool    `json:"datasetExists"`
	UpdatedAt     *moment `json:"updatedAt"`
}

func viewMedium(m forms.Medium) mediumView {
	v := mediumView{Name: m.Name, Type: kindOfFile(m.Name), Exists: m.Exists, BlobExists: m.Exists && m.Dataset == "", DatasetExists: m.Dataset != "", UpdatedAt: at(m.Updated)}
	if m.Hash != "" {
		v.Hash = &m.Hash
	}
	return v
}

// kindOfFile is what Central calls the type of a file: what it shows, or that it is one.
func kindOfFile(name string) string {
	kind, _, _ := strings.Cut(mime.TypeByExtension(path.Ext(name)), "/")
	switch kind {
	case "image", "audio", "video":
		return kind
	}
	return "file"
}

func (c *call) media(f forms.Form, version string) error {
	var list []forms.Medium
	if err := c.read(func(tx *store.Tx) (err error) {
		list, err = c.h.Forms.Media(tx, c.sub, f.Project, f.ID, version)
		return err
	}); err != nil {
		return err
	}
	out := []mediumView{}
	for _, m := range list {
		out = append(out, viewMedium(m))
	}
	return c.json(out)
}

func (c *call) medium(f forms.Form, version string) error {
	var m forms.Medium
	var body []byte
	if err := c.read(func(tx *store.Tx) (err error) {
		m, body, err = c.h.Forms.Medium(tx, c.sub, f.Project, f.ID, version, c.params["name"])
		if m.Dataset != "" {
			return nil // there is no file, but a list that stands for it
		}
		return err
	}); err != nil {
		return err
	}
	if m.Dataset != "" {
		return c.entityFile(f.Project, m.Dataset, m.Name)
	}
	if !m.Exists {
		return errNotFound
	}
	c.file(m.Name, mediaType(m.Type, m.Name))
	c.wrote = true
	_, err := c.w.Write(body)
	return c.gone(err)
}

// mediaType is the type of a file, told by its name when nobody said.
func mediaType(given, name string) string {
	if given == "" {
		given = mime.TypeByExtension(path.Ext(name))
	}
	if given == "" {
		return "application/octet-stream"
	}
	return given
}

// expected finds one of the files that the draft expects.
func (c *call) expected(f forms.Form) (forms.Medium, error) {
	var list []forms.Medium
	if err := c.read(func(tx *store.Tx) (err error) {
		list, err = c.h.Forms.Media(tx, c.sub, f.Project, f.ID, forms.DraftVersion)
		return err
	}); err != nil {
		return forms.Medium{}, err
	}
	for _, m := range list {
		if m.Name == c.params["name"] {
			return m, nil
		}
	}
	return forms.Medium{}, errNotFound
}

func (c *call) putMedium(f forms.Form, _ string) error {
	m, err := c.expected(f)
	if err != nil {
		return err
	}
	body, err := c.bytes(fileMost)
	if err != nil {
		return err
	}
	if err := c.h.Forms.PutMedium(c.ctx(), c.sub, f.Project, f.ID, m.Name, mediaType(c.r.Header.Get("Content-Type"), m.Name), body); err != nil {
		return err
	}
	return c.showMedium(f)
}

func (c *call) showMedium(f forms.Form) error {
	m, err := c.expected(f)
	if err != nil {
		return err
	}
	return c.json(viewMedium(m))
}

// linkMedium has a file be an entity list of the same name, or no longer: PATCH {dataset: true}.
func (c *call) linkMedium(f forms.Form, _ string) error {
	m, err := c.expected(f)
	if err != nil {
		return err
	}
	var in struct {
		Dataset bool `json:"dataset"`
	}
	if err := c.body(&in); err != nil {
		return err
	}
	list := strings.TrimSuffix(m.Name, ".csv")
	switch {
	case in.Dataset && (kindOfFile(m.Name) != "file" || list == m.Name):
		return &problem{"400.26", "Dataset can only be linked to attachments with \"Data File\" type.", nil}
	case in.Dataset:
		if _, err := c.dataset(f.Project, list); err != nil {
			return err
		}
		err = c.h.Forms.LinkDataset(c.ctx(), c.sub, f.Project, f.ID, m.Name, list)
	default:
		err = c.h.Forms.LinkDataset(c.ctx(), c.sub, f.Project, f.ID, m.Name, "")
	}
	if err != nil {
		return err
	}
	return c.showMedium(f)
}

func (c *call) dropMedium(f forms.Form, _ string) error {
	m, err := c.expected(f)
	if err != nil {
		return err
	}
	if !m.Exists {
		return errNotFound
	}
	if err := c.h.Forms.DeleteMedium(c.ctx(), c.sub, f.Project, f.ID, m.Name); err != nil {
		return err
	}
	return c.success()
}
