package central

import (
	"net/http"
	"net/url"
	"strings"

	"aman/forms"
	"aman/platform/store"
)

// submissionView is a submission as Central lists it.
type submissionView struct {
	InstanceID     string          `json:"instanceId"`
	InstanceName   *string         `json:"instanceName"`
	SubmitterID    int64           `json:"submitterId"`
	DeviceID       *string         `json:"deviceId"`
	UserAgent      *string         `json:"userAgent"`
	ReviewState    *string         `json:"reviewState"`
	CreatedAt      moment          `json:"createdAt"`
	UpdatedAt      *moment         `json:"updatedAt"`
	DeletedAt      *moment         `json:"deletedAt,omitempty"`
	Submitter      *actor          `json:"submitter,omitempty"`
	FormVersion    *string         `json:"formVersion,omitempty"`
	CurrentVersion *submissionDraw `json:"currentVersion,omitempty"`
}

// root is the id that stands for a submission in all its versions.
func root(h forms.Head) string {
	if h.Root != "" {
		return h.Root
	}
	return h.Instance
}

// reviewOf is the review state as Central tells it: nobody looked at it yet is null, and an
// edit after nobody looked at it is "edited".
func reviewOf(h forms.Head) string {
	if h.Review == "" && h.Edits > 0 {
		return "edited"
	}
	return h.Review
}

func text(s string) *string {
	if s == "" {
		return nil
	}
	return &s
}

// instanceName is the name that the form gives the submission. It mostly holds the name of
// the person, so only who may be shown names gets it.
func (c *call) instanceName(h forms.Head) *string {
	if !c.names() {
		return nil
	}
	return text(h.InstanceName)
}

func (c *call) viewSubmissions(list []forms.Head) ([]submissionView, error) {
	var who []string
	for _, h := range list {
		who = append(who, actorID(h.User, h.Device))
	}
	actors, err := c.actors(who...)
	if err != nil {
		return nil, err
	}
	out := make([]submissionView, 0, len(list))
	for i, h := range list {
		a := actors[who[i]]
		if a == nil {
			a = c.system()
		}
		v := submissionView{InstanceID: root(h), InstanceName: c.instanceName(h), SubmitterID: a.ID, DeviceID: text(h.DeviceName), UserAgent: text(h.Agent), ReviewState: text(reviewOf(h)), CreatedAt: moment(h.First)}
		if h.Updated.After(h.First) {
			v.UpdatedAt = at(h.Updated)
		}
		v.CurrentVersion = &submissionDraw{h.Instance, v.InstanceName, a.ID, v.DeviceID, v.UserAgent, moment(h.At), true, nil, nil, h}
		if c.extended() {
			v.Submitter, v.FormVersion = a, &h.Version
		}
		out = append(out, v)
	}
	return out, nil
}

// theSubmission is the submission of the address, by the id of any of its versions.
func (c *call) theSubmission(f forms.Form, version string) (h forms.Head, err error) {
	return c.headOf(f, version, c.params["instance"])
}

func (c *call) headOf(f forms.Form, version, instance string) (h forms.Head, err error) {
	list := []forms.Head{}
	err = c.read(func(tx *store.Tx) (err error) {
		list, err = c.h.Forms.Submissions(tx, c.sub, forms.Filter{Project: f.Project, Form: f.ID, Draft: version == forms.DraftVersion, Instances: []string{instance}, Limit: 1})
		return err
	})
	if err == nil && len(list) == 0 {
		err = errNotFound
	}
	if err != nil {
		return h, err
	}
	return list[0], nil
}

// count counts submissions.
func (c *call) count(f forms.Filter) (n int, err error) {
	err = c.read(func(tx *store.Tx) (err error) { n, err = c.h.Forms.CountSubmissions(tx, c.sub, f); return err })
	return n, err
}

// reviewStates counts the submissions in each state of review.
func (c *call) reviewStates(f forms.Form) (map[string]int, error) {
	out := map[string]int{}
	for name, state := range map[string]string{"received": "", "hasIssues": "hasIssues", "edited": "edited", "approved": "approved", "rejected": "rejected"} {
		n, err := c.count(forms.Filter{Project: f.Project, Form: f.ID, Reviews: []string{state}})
		if err != nil {
			return nil, err
		}
		out[name] = n
	}
	return out, nil
}

// submissions lists the submissions of a form, the newest first.
func (c *call) submissions(f forms.Form, version string) error {
	o, err := c.tableOptions(submissionFields)
	if err != nil {
		return err
	}
	limit, offset, err := c.page()
	if err != nil {
		return err
	}
	return c.jsonArray(func(add func(any) error) error {
		err := c.eachHead(f, version, o, func(page []forms.Head) error {
			n := min(offset, len(page))
			page, offset = page[n:], offset-n
			if limit >= 0 {
				page = page[:min(limit, len(page))]
				limit -= len(page)
			}
			views, err := c.viewSubmissions(page)
			if err != nil {
				return err
			}
			for _, v := range views {
				if err := add(v); err != nil {
					return err
				}
			}
			if limit == 0 {
				return errFull
			}
			return nil
		})
		if err == errFull {
			err = nil
		}
		return err
	})
}

func (c *call) submission(f forms.Form, version string) error {
	h, err := c.theSubmission(f, version)
	if err != nil {
		return err
	}
	if root(h) != c.params["instance"] {
		return c.toVersion(h)
	}
	return c.showSubmission(h)
}

// toVersion leads from the id of a version to the address of that version, as Central does.
func (c *call) toVersion(h forms.Head) error {
	from := c.r.URL.EscapedPath()
	i := strings.LastIndex(from, "/submissions/")
	if i < 0 {
		return errNotFound
	}
	http.Redirect(c.w, c.r, from[:i]+"/submissions/"+url.PathEscape(root(h))+"/versions/"+url.PathEscape(c.params["instance"]), http.StatusFound)
	c.wrote = true
	return nil
}

func (c *call) showSubmission(h forms.Head) error {
	v, err := c.viewSubmissions([]forms.Head{h})
	if err != nil {
		return err
	}
	return c.json(v[0])
}

// document answers with the XML of a submission.
func (c *call) document(f forms.Form, version string) error {
	h, err := c.theSubmission(f, version)
	if err != nil {
		return err
	}
	return c.documentOf(f, instanceOf(h))
}

func (c *call) documentOf(f forms.Form, instance string) error {
	if err := c.needNames(); err != nil {
		return err
	}
	_, body, err := c.h.Forms.ReadSubmission(c.ctx(), c.sub, f.Project, f.ID, instance)
	if err != nil {
		return err
	}
	return c.xml(body)
}

// errNames: a document holds names, and this script is not to see them.
var errNames = &problem{Code: "403.1", Message: "The authentication you provided does not have rights to perform that action. Documents can hold names: it needs a program password that was made to show names, and the right to unseal them."}
