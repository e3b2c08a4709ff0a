package central

import (
	"net/url"
	"path"
	"slices"
	"strconv"
	"strings"

	"aman/forms"
	"aman/platform/access"
	"aman/platform/store"
)

// formView is a form, or a version of one, as Central shows it.
type formView struct {
	ProjectID     int64   `json:"projectId"`
	XMLFormID     string  `json:"xmlFormId"`
	State         string  `json:"state"`
	EnketoID      *string `json:"enketoId"`
	EnketoOnceID  *string `json:"enketoOnceId"`
	CreatedAt     moment  `json:"createdAt"`
	UpdatedAt     *moment `json:"updatedAt"`
	KeyID         *int64  `json:"keyId"`
	Version       string  `json:"version"`
	Hash          string  `json:"hash"`
	DraftToken    *string `json:"draftToken"`
	PublishedAt   *moment `json:"publishedAt"`
	Name          string  `json:"name"`
	EntityRelated *bool   `json:"entityRelated,omitempty"`
	// ID is told of deleted forms only, for a form of the same xmlFormId may have come since.
	ID        *int64  `json:"id,omitempty"`
	DeletedAt *moment `json:"deletedAt,omitempty"`
	// Of the extended answer.
	Submissions      *int           `json:"submissions,omitempty"`
	LastSubmission   *moment        `json:"lastSubmission,omitempty"`
	ReviewStates     map[string]int `json:"reviewStates,omitempty"`
	CreatedBy        *actor         `json:"createdBy,omitempty"`
	PublishedBy      *actor         `json:"publishedBy,omitempty"`
	ExcelContentType *string        `json:"excelContentType,omitempty"`
	PublicLinks      *int           `json:"publicLinks,omitempty"`
}

// excelTypes are the media types of spreadsheets, by the ending of the file.
var excelTypes = map[string]string{
	".xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
	".xlsm": "application/vnd.ms-excel.sheet.macroenabled.12",
	".xls":  "application/vnd.ms-excel",
	".csv":  "text/csv",
	".md":   "text/markdown",
}

// viewForms shows forms; one that was never published is shown as its draft is.
func (c *call) viewForms(list []forms.Form) ([]formView, error) {
	out := make([]formView, 0, len(list))
	var who []string
	for _, f := range list {
		v := formView{ProjectID: f.Project, XMLFormID: f.ID, State: f.State, CreatedAt: moment(f.Created), Version: f.Version, Hash: f.Hash, Name: f.Title, PublishedAt: at(f.Published)}
		if f.Updated.After(f.Created) {
			v.UpdatedAt = at(f.Updated)
		}
		if f.Published.IsZero() && f.HasDraft {
			err := c.read(func(tx *store.Tx) error {
				d, err := c.h.Forms.DraftOf(tx, c.sub, f.Project, f.ID)
				if err == nil {
					v.Version, v.Hash, v.Name, v.DraftToken = d.Version, d.Hash, d.Title, &d.Token
				}
				return err
			})
			if err != nil {
				return nil, err
			}
		}
		who = append(who, f.By)
		out = append(out, v)
	}
	if !c.extended() {
		return out, nil
	}
	actors, err := c.actors(who...)
	if err != nil {
		return nil, err
	}
	none := 0
	for i, f := range list {
		n := f.Submissions
		out[i].Submissions, out[i].LastSubmission, out[i].CreatedBy, out[i].PublicLinks = &n, at(f.Last), actors[f.By], &none
		if out[i].CreatedBy == nil {
			out[i].CreatedBy = c.system()
		}
	}
	return out, nil
}

// system stands for what the program itself brought: scripts expect somebody to be there.
func (c *call) system() *actor { return &actor{ID: 0, Type: "system", DisplayName: "Aman"} }

func (c *call) forms() error {
	p, err := c.theProject()
	if err != nil {
		return err
	}
	if c.flag("deleted") {
		return c.deletedForms(p.ID)
	}
	var list []forms.Form
	if err := c.read(func(tx *store.Tx) (err error) { list, err = c.h.Forms.List(tx, c.sub, p.ID); return err }); err != nil {
		return err
	}
	out, err := c.viewForms(list)
	if err != nil {
		return err
	}
	return c.json(out)
}

// theForm is the form of the address.
func (c *call) theForm() (f forms.Form, err error) {
	p, err := c.theProject()
	if err != nil {
		return f, err
	}
	err = c.read(func(tx *store.Tx) (err error) { f, err = c.h.Forms.Form(tx, c.sub, p.ID, c.params["form"]); return err })
	return f, err
}

func (c *call) form() error {
	f, err := c.theForm()
	if err != nil {
		return err
	}
	return c.showForm(f)
}

func (c *call) showForm(f forms.Form) error {
	out, err := c.viewForms([]forms.Form{f})
	if err != nil {
		return err
	}
	if c.extended() {
		if out[0].ReviewStates, err = c.reviewStates(f); err != nil {
			return err
		}
		name, _, err := c.source(f, versionOf(f))
		if err != nil {
			return err
		}
		if t := excelTypes[path.Ext(name)]; t != "" {
			out[0].ExcelContentType = &t
		}
	}
	return c.json(out[0])
}

// versionOf is the version shown for a form: the published one, else its draft.
func versionOf(f forms.Form) string {
	if f.Published.IsZero() {
		return forms.DraftVersion
	}
	return f.Version
}

// uploadOf reads a form that is sent as it is: a spreadsheet or an XForm.
func (c *call) uploadOf(project int64) (forms.Upload, error) {
	u := forms.Upload{Project: project, IgnoreWarnings: c.flag("ignoreWarnings")}
	var err error
	if u.Body, err = c.bytes(fileMost); err != nil {
		return u, err
	}
	mediaType, _, _ := strings.Cut(c.r.Header.Get("Content-Type"), ";")
	u.FallbackID = c.r.Header.Get("X-XlsForm-FormId-Fallback")
	if decoded, err := url.PathUnescape(u.FallbackID); err == nil {
		u.FallbackID = decoded
	}
	for ending, t := range excelTypes {
		if strings.EqualFold(strings.TrimSpace(mediaType), t) {
			u.FileName = "form" + ending
			if u.FallbackID != "" {
				u.FileName = u.FallbackID + ending
			}
			return u, nil
		}
	}
	u.IgnoreWarnings = true // Central warns of spreadsheets only
	return u, nil
}

// newForm makes a form of what is sent, as a draft, and publishes it with ?publish=true.
func (c *call) newForm() error {
	p, err := c.theProject()
	if err != nil {
		return err
	}
	u, err := c.uploadOf(p.ID)
	if err != nil {
		return err
	}
	checked, err := forms.Check(u)
	if err != nil {
		return formFault(err, u)
	}
	if ending := path.Ext(checked.ID); slices.Contains([]string{".xml", ".xls", ".xlsx"}, ending) {
		return unexpected("formId", checked.ID, "The Form ID cannot end in .xls, .xlsx, or .xml.")
	}
	err = c.read(func(tx *store.Tx) error { _, err := c.h.Forms.Form(tx, c.sub, p.ID, checked.ID); return err })
	if err == nil {
		return taken([]string{"projectId", "xmlFormId"}, []string{c.params["project"], checked.ID})
	}
	if _, err := c.h.Forms.SaveDraft(c.ctx(), c.sub, u); err != nil {
		return formFault(err, u)
	}
	if c.flag("publish") {
		if _, err := c.h.Forms.PublishDraft(c.ctx(), c.sub, p.ID, checked.ID, ""); err != nil {
			return formFault(err, u)
		}
	}
	c.params["form"] = checked.ID
	return c.form()
}

// patchForm changes the state: PATCH {state: open | closing | closed}.
func (c *call) patchForm() error {
	f, err := c.theForm()
	if err == nil {
		err = c.may(access.ManageForms, "forms")
	}
	if err != nil {
		return err
	}
	var in struct {
		State *string `json:"state"`
	}
	if err := c.body(&in); err != nil {
		return err
	}
	if in.State != nil {
		if !slices.Contains([]string{"open", "closing", "closed"}, *in.State) {
			return unexpected("state", *in.State, "not a recognized state name")
		}
		if err := c.h.Forms.SetState(c.ctx(), c.sub, f.Project, f.ID, *in.State); err != nil {
			return err
		}
	}
	return c.form()
}

func (c *call) dropForm() error {
	f, err := c.theForm()
	if err != nil {
		return err
	}
	if err := c.h.Forms.DeleteForm(c.ctx(), c.sub, f.Project, f.ID); err != nil {
		return err
	}
	return c.success()
}

// deletedForms lists what can be restored; each has the number by which that is asked for.
func (c *call) deletedForms(project int64) error {
	var list []forms.Form
	if err := c.read(func(tx *store.Tx) (err error) { list, err = c.h.Forms.DeletedForms(tx, c.sub, project); return err }); err != nil {
		return err
	}
	var ids []string
	for i := range list {
		list[i].HasDraft = false // it cannot be read while the form is deleted
		ids = append(ids, list[i].ID)
	}
	numbers, err := c.number(formNumber, ids...)
	if err != nil {
		return err
	}
	out, err := c.viewForms(list)
	for i := range out {
		n := numbers[list[i].ID]
		out[i].ID, out[i].DeletedAt = &n, at(list[i].Deleted)
	}
	if err != nil {
		return err
	}
	return c.json(out)
}

// restoreForm brings a deleted form back, by its number as Central has it, or by its id.
func (c *call) restoreForm() error {
	p, err := c.theProject()
	if err != nil {
		return err
	}
	id := c.params["form"]
	if n, err := strconv.ParseInt(id, 10, 64); err == nil {
		if found, err := c.idOf(formNumber, n); err == nil {
			id = found
		}
	}
	if err := c.h.Forms.RestoreForm(c.ctx(), c.sub, p.ID, id); err != nil {
		return err
	}
	return c.success()
}
