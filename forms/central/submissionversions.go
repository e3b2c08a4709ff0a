package central

import (
	"aman/forms"
	"aman/platform/store"
)

// submissionDraw is one version of a submission.
type submissionDraw struct {
	InstanceID   string  `json:"instanceId"`
	InstanceName *string `json:"instanceName"`
	SubmitterID  int64   `json:"submitterId"`
	DeviceID     *string `json:"deviceId"`
	UserAgent    *string `json:"userAgent"`
	CreatedAt    moment  `json:"createdAt"`
	Current      bool    `json:"current"`
	FormVersion  *string `json:"formVersion,omitempty"`
	Submitter    *actor  `json:"submitter,omitempty"`

	head forms.Head
}

// submissionVersions lists the versions of a submission, the newest first.
func (c *call) submissionVersions(f forms.Form, version string) error {
	list, err := c.edits(f, version)
	if err != nil {
		return err
	}
	return c.json(list)
}

func (c *call) edits(f forms.Form, version string) ([]submissionDraw, error) {
	h, err := c.theSubmission(f, version)
	if err != nil {
		return nil, err
	}
	var list []forms.Head
	if err := c.read(func(tx *store.Tx) (err error) {
		list, err = c.h.Forms.Edits(tx, c.sub, f.Project, f.ID, instanceOf(h))
		return err
	}); err != nil {
		return nil, err
	}
	var who []string
	for _, e := range list {
		who = append(who, actorID(e.User, e.Device))
	}
	actors, err := c.actors(who...)
	if err != nil {
		return nil, err
	}
	out := []submissionDraw{}
	for i, e := range list {
		a := actors[who[i]]
		if a == nil {
			a = c.system()
		}
		v := submissionDraw{e.Instance, c.instanceName(e), a.ID, text(e.DeviceName), text(e.Agent), moment(e.At), e.ReplacedBy == "", &e.Version, nil, e}
		if c.extended() {
			v.Submitter = a
		}
		out = append(out, v)
	}
	return out, nil
}

// oneEdit finds one version of the submission of the address.
func (c *call) oneEdit(f forms.Form, version string) (submissionDraw, error) {
	list, err := c.edits(f, version)
	if err != nil {
		return submissionDraw{}, err
	}
	for _, v := range list {
		if v.InstanceID == c.params["edit"] {
			return v, nil
		}
	}
	return submissionDraw{}, errNotFound
}

// ofEdit makes what answers for one version of a submission.
func ofEdit(answer func(c *call, f forms.Form, v submissionDraw) error) func(*call, forms.Form, string) error {
	return func(c *call, f forms.Form, version string) error {
		v, err := c.oneEdit(f, version)
		if err != nil {
			return err
		}
		return answer(c, f, v)
	}
}

func (c *call) edit(_ forms.Form, v submissionDraw) error { return c.json(v) }

func (c *call) editDocument(f forms.Form, v submissionDraw) error {
	return c.documentOf(f, c.idOfEdit(v))
}

func (c *call) editAttachments(f forms.Form, v submissionDraw) error {
	return c.attachmentsOf(f, c.idOfEdit(v))
}

func (c *call) editAttachment(f forms.Form, v submissionDraw) error {
	return c.attachmentOf(f, c.idOfEdit(v))
}

// idOfEdit is the id by which the core knows a version.
func (c *call) idOfEdit(v submissionDraw) string { return instanceOf(v.head) }
