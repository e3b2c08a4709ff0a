package central

import (
	"errors"
	"strings"

	"aman/forms"
	"aman/platform/access"
	"aman/platform/store"
)

type projectView struct {
	ID          int64   `json:"id"`
	Name        string  `json:"name"`
	Description *string `json:"description"`
	Archived    *bool   `json:"archived"`
	KeyID       *int64  `json:"keyId"`
	CreatedAt   moment  `json:"createdAt"`
	UpdatedAt   *moment `json:"updatedAt"`
	DeletedAt   *moment `json:"deletedAt"`
	// Of the extended answer.
	Forms          *int       `json:"forms,omitempty"`
	AppUsers       *int       `json:"appUsers,omitempty"`
	LastSubmission *moment    `json:"lastSubmission,omitempty"`
	Verbs          []string   `json:"verbs,omitempty"`
	FormList       []formView `json:"formList,omitempty"`
}

func viewProject(p forms.Project) projectView {
	v := projectView{ID: p.ID, Name: p.Name, CreatedAt: moment(p.Created)}
	if p.Description != "" {
		v.Description = &p.Description
	}
	if p.Archived {
		v.Archived = &p.Archived
	}
	if p.Updated.After(p.Created) {
		v.UpdatedAt = at(p.Updated)
	}
	return v
}

// theProject is the project of the address, when the script may see it.
func (c *call) theProject() (p forms.Project, err error) {
	id, err := c.project()
	if err != nil {
		return p, err
	}
	err = c.read(func(tx *store.Tx) (err error) { p, err = c.h.Forms.Project(tx, c.sub, id); return err })
	return p, err
}

func (c *call) projects() error {
	out := []projectView{}
	var list []forms.Project
	err := c.read(func(tx *store.Tx) (err error) { list, err = c.h.Forms.Projects(tx, c.sub); return err })
	if err != nil {
		return err
	}
	for _, p := range list {
		v := viewProject(p)
		if err := c.extendProject(&v); err != nil {
			return err
		}
		out = append(out, v)
	}
	return c.json(out)
}

// extendProject adds what is only told when it is asked for.
func (c *call) extendProject(v *projectView) error {
	if !c.extended() && !c.flag("forms") {
		return nil
	}
	var list []forms.Form
	phones := 0
	err := c.read(func(tx *store.Tx) (err error) {
		if list, err = c.h.Forms.List(tx, c.sub, v.ID); err != nil {
			return err
		}
		where, args := c.h.Policy.Filter(c.sub, access.ManageUsers, "devices")
		return tx.Row(`SELECT count(*) FROM device_tokens r LEFT JOIN app_users a ON a.device = r.id
			WHERE `+where+` AND r.revoked_at = 0 AND coalesce(a.project, 1) = ?`, append(append([]any{}, args...), v.ID)...).Scan(&phones)
	})
	if err != nil {
		return err
	}
	if c.flag("forms") {
		if v.FormList, err = c.viewForms(list); err != nil {
			return err
		}
	}
	if !c.extended() {
		return nil
	}
	n := len(list)
	v.Forms, v.AppUsers, v.Verbs = &n, &phones, c.verbs()
	for _, f := range list {
		if last := at(f.Last); last != nil && (v.LastSubmission == nil || f.Last.After(timeOf(v.LastSubmission))) {
			v.LastSubmission = last
		}
	}
	return nil
}

func (c *call) projectOne() error {
	p, err := c.theProject()
	if err != nil {
		return err
	}
	v := viewProject(p)
	if err := c.extendProject(&v); err != nil {
		return err
	}
	return c.json(v)
}

// saveProject makes a project (POST /projects) or changes one (PATCH).
func (c *call) saveProject() (err error) {
	var p forms.Project
	if c.params["project"] != "" {
		if p, err = c.theProject(); err != nil {
			return err
		}
	}
	var in struct {
		Name        *string `json:"name"`
		Description *string `json:"description"`
		Archived    *bool   `json:"archived"`
	}
	if err := c.body(&in); err != nil {
		return err
	}
	if p.ID == 0 && (in.Name == nil || strings.TrimSpace(*in.Name) == "") {
		return missing("name")
	}
	for from, into := range map[*string]*string{in.Name: &p.Name, in.Description: &p.Description} {
		if from != nil {
			*into = *from
		}
	}
	if in.Archived != nil {
		p.Archived = *in.Archived
	}
	p, err = c.h.Forms.SaveProject(c.ctx(), c.sub, p)
	if errors.Is(err, forms.ErrProjectName) {
		return unexpected("name", "", err.Error())
	}
	if err != nil {
		return err
	}
	return c.json(viewProject(p))
}

func (c *call) dropProject() error {
	p, err := c.theProject()
	if err != nil {
		return err
	}
	err = c.h.Forms.DeleteProject(c.ctx(), c.sub, p.ID)
	if errors.Is(err, forms.ErrProjectUsed) {
		return &problem{"409.20", "The project still has forms, or is the first one. Delete or move its forms first.", nil}
	}
	if err != nil {
		return err
	}
	return c.success()
}
