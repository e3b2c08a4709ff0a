package central

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"aman/forms"
	"aman/forms/entities"
	"aman/forms/export"
	"aman/platform/store"
)

type propertyView struct {
	Name        string    `json:"name"`
	ODataName   string    `json:"odataName"`
	PublishedAt moment    `json:"publishedAt"`
	Forms       []formRef `json:"forms"`
}

type formRef struct {
	Name      string `json:"name"`
	XMLFormID string `json:"xmlFormId"`
}

type datasetView struct {
	Name             string         `json:"name"`
	ProjectID        int64          `json:"projectId"`
	CreatedAt        moment         `json:"createdAt"`
	ApprovalRequired bool           `json:"approvalRequired"`
	OwnerOnly        bool           `json:"ownerOnly"`
	Properties       []propertyView `json:"properties,omitempty"`
	LinkedForms      []formRef      `json:"linkedForms,omitempty"`
	SourceForms      []formRef      `json:"sourceForms,omitempty"`
	Entities         *int           `json:"entities,omitempty"`
	LastEntity       *moment        `json:"lastEntity,omitempty"`
	Conflicts        *int           `json:"conflicts,omitempty"`
}

// viewDataset shows an entity list; whole with its properties and the forms that write to it.
func (c *call) viewDataset(d entities.Dataset, whole bool) (datasetView, error) {
	v := datasetView{Name: d.Name, ProjectID: d.Project, CreatedAt: moment(d.Created), ApprovalRequired: d.Approval, OwnerOnly: d.OwnOnly}
	if c.extended() {
		n, conflicts := d.Entities, d.Conflicts
		v.Entities, v.Conflicts, v.LastEntity = &n, &conflicts, at(d.Last)
	}
	if !whole {
		return v, nil
	}
	titles := map[string]string{}
	var linked []string
	err := c.read(func(tx *store.Tx) error {
		clear(titles)
		linked = nil
		list, err := c.h.Forms.List(tx, c.sub, d.Project)
		if err != nil {
			return err
		}
		for _, f := range list {
			titles[f.ID] = f.Title
			if f.Published.IsZero() {
				continue
			}
			media, err := c.h.Forms.Media(tx, c.sub, d.Project, f.ID, f.Version)
			if err != nil {
				return err
			}
			if slices.ContainsFunc(media, func(m forms.Medium) bool { return m.Dataset == d.Name }) {
				linked = append(linked, f.ID)
			}
		}
		return nil
	})
	refs := func(ids []string) []formRef {
		out := []formRef{}
		for _, id := range ids {
			if title, ok := titles[id]; ok {
				out = append(out, formRef{title, id})
			}
		}
		return out
	}
	v.SourceForms, v.LinkedForms, v.Properties = refs(d.Forms), refs(linked), []propertyView{}
	for _, p := range d.Properties {
		v.Properties = append(v.Properties, propertyView{p.Name, export.Identifier(p.Name), moment(p.Created), refs(p.Forms)})
	}
	return v, err
}

// dataset finds an entity list of a project.
func (c *call) dataset(project int64, name string) (d entities.Dataset, err error) {
	err = c.read(func(tx *store.Tx) (err error) { d, err = c.h.Entities.Dataset(tx, c.sub, project, name); return err })
	return d, err
}

// theDataset is the entity list of the address.
func (c *call) theDataset() (d entities.Dataset, err error) {
	p, err := c.theProject()
	if err != nil {
		return d, err
	}
	return c.dataset(p.ID, c.params["dataset"])
}

func (c *call) datasets() error {
	p, err := c.theProject()
	if err != nil {
		return err
	}
	var list []entities.Dataset
	if err := c.read(func(tx *store.Tx) (err error) { list, err = c.h.Entities.Datasets(tx, c.sub, p.ID); return err }); err != nil {
		return err
	}
	out := []datasetView{}
	for _, d := range list {
		v, err := c.viewDataset(d, false)
		if err != nil {
			return err
		}
		out = append(out, v)
	}
	return c.json(out)
}

func (c *call) showDataset() error {
	d, err := c.theDataset()
	if err != nil {
		return err
	}
	v, err := c.viewDataset(d, true)
	if err != nil {
		return err
	}
	// Central always shows these three of one list, empty or not.
	return c.json(struct {
		datasetView
		Properties  []propertyView `json:"properties"`
		LinkedForms []formRef      `json:"linkedForms"`
		SourceForms []formRef      `json:"sourceForms"`
	}{v, v.Properties, v.LinkedForms, v.SourceForms})
}

// saveDataset makes an entity list (POST) or changes its rules (PATCH).
func (c *call) saveDataset() error {
	p, err := c.theProject()
	if err != nil {
		return err
	}
	var in struct {
		Name     string `json:"name"`
		Approval *bool  `json:"approvalRequired"`
		OwnOnly  *bool  `json:"ownerOnly"`
	}
	if err := c.body(&in); err != nil {
		return err
	}
	name := c.params["dataset"]
	var d entities.Dataset
	if name != "" {
		if d, err = c.theDataset(); err != nil {
			return err
		}
	}
	o := entities.Settings{Approval: d.Approval, OwnOnly: d.OwnOnly}
	if in.Approval != nil {
		o.Approval = *in.Approval
	}
	if in.OwnOnly != nil {
		o.OwnOnly = *in.OwnOnly
	}
	if name != "" {
		_, err = c.h.Entities.SetDataset(c.ctx(), c.sub, p.ID, name, o)
	} else {
		name = in.Name
		_, err = c.h.Entities.CreateDataset(c.ctx(), c.sub, p.ID, name, o)
	}
	if errors.Is(err, entities.ErrDatasetTaken) {
		return taken([]string{"name", "projectId"}, []string{name, fmt.Sprint(p.ID)})
	}
	if err != nil {
		return err
	}
	c.params["dataset"] = name
	return c.showDataset()
}

func (c *call) dropDataset() error {
	d, err := c.theDataset()
	if err != nil {
		return err
	}
	if err := c.h.Entities.DeleteDataset(c.ctx(), c.sub, d.Project, d.Name); err != nil {
		return err
	}
	return c.success()
}

func (c *call) newProperty() error {
	d, err := c.theDataset()
	if err != nil {
		return err
	}
	// class is ours: open, sensitive (when it is not said), identity or health.
	var in struct{ Name, Class string }
	if err := c.body(&in); err != nil {
		return err
	}
	if strings.TrimSpace(in.Name) == "" {
		return unexpected("name", in.Name, "This is not a valid property name.")
	}
	err = c.h.Entities.AddProperty(c.ctx(), c.sub, d.Project, d.Name, in.Name, in.Class)
	if errors.Is(err, entities.ErrPropertyTaken) {
		return taken([]string{"name", "datasetId"}, []string{in.Name, d.Name})
	}
	if err != nil {
		return err
	}
	return c.success()
}
