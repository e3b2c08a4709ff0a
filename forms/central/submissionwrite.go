package central

import (
	"bytes"
	"errors"

	"aman/forms"
	"aman/forms/xform"
	"aman/forms/xpath"
)

// newSubmission takes the XML of a submission: POST …/submissions.
func (c *call) newSubmission(f forms.Form, version string) error {
	body, err := c.bytes(xform.MaxSize)
	if err != nil {
		return err
	}
	res, err := c.take(f, version, body)
	if err != nil {
		return err
	}
	if f.Kind == forms.Intake && version != forms.DraftVersion {
		// It waits for a caseworker, and is in no list from here on.
		return c.showSubmission(forms.Head{Instance: res.Instance, User: c.sub.User, First: c.sub.At, At: c.sub.At, Version: f.Version})
	}
	h, err := c.headOf(f, version, res.Instance)
	if err != nil {
		return err
	}
	return c.showSubmission(h)
}

// take hands a submission to the one way in.
func (c *call) take(f forms.Form, version string, body []byte) (forms.Result, error) {
	in, err := xform.ParseInstance(body)
	if err != nil && !errors.Is(err, xform.ErrNoInstanceID) {
		return forms.Result{}, submissionFault(err, len(body))
	}
	of := ""
	if in != nil {
		of = in.Form
	} else if doc, err := xpath.ParseXML(bytes.NewReader(body), xpath.XMLLimits{Bytes: xform.MaxSize}); err == nil {
		of, _ = doc.DocumentElement().Attr("id") // it has no instance id, and will be given one
	}
	if of != f.ID {
		return forms.Result{}, unexpected("form id", of, "did not match the form ID in the URL")
	}
	res, err := c.h.Forms.Receive(c.ctx(), c.sub, body, nil, forms.ReceiveOptions{Project: f.Project, Draft: version == forms.DraftVersion,
		DeviceName: c.r.URL.Query().Get("deviceID"), Agent: c.r.UserAgent(), AllowNoID: true})
	if err == nil && res.Duplicate {
		return res, taken([]string{"instanceId", "formId"}, []string{res.Instance, f.ID})
	}
	return res, c.receiveFault(err, in, len(body))
}

// submissionFault tells that a document is no submission.
func submissionFault(err error, length int) error {
	for _, k := range known {
		if errors.Is(err, k.err) {
			return k.problem
		}
	}
	return unparseable("xml", length)
}

// receiveFault tells what stood in the way of a submission.
func (c *call) receiveFault(err error, in *xform.Instance, length int) error {
	deprecated, version := "", ""
	if in != nil {
		deprecated, version = in.Deprecated, in.Version
	}
	switch {
	case errors.Is(err, forms.ErrUnknownVersion):
		return &problem{"404.6", "The form version specified in this submission '" + version + "' does not exist.", details{"formVersion": version}}
	case errors.Is(err, forms.ErrNothingToEdit):
		return &problem{"404.5", "You tried to update an existing submission, but we can't find that submission to update (" + deprecated + ")", details{"deprecatedId": deprecated}}
	case errors.Is(err, forms.ErrNoEdit):
		return &problem{"409.9", "You tried to update a submission, but the copy you were editing (" + deprecated + ") is now out of date. Please get the new version that has been submitted, and make your edits again.", details{"deprecatedId": deprecated}}
	case errors.Is(err, forms.ErrDeleted):
		return errDeleted
	case errors.Is(err, forms.ErrNotYours):
		return errRights
	}
	return err
}

// editSubmission takes a new version of a submission: PUT.
func (c *call) editSubmission(f forms.Form, version string) error {
	h, err := c.theSubmission(f, version)
	if err != nil {
		return err
	}
	body, err := c.bytes(xform.MaxSize)
	if err != nil {
		return err
	}
	in, err := xform.ParseInstance(body)
	switch {
	case err != nil:
		return submissionFault(err, len(body))
	case in.Form != f.ID:
		return unexpected("form id", in.Form, "did not match the form ID in the URL")
	case in.Deprecated == "":
		return errDeprecated
	case in.Deprecated != h.Instance:
		return c.receiveFault(forms.ErrNoEdit, in, len(body))
	}
	if _, err := c.take(f, version, body); err != nil {
		return err
	}
	if h, err = c.headOf(f, version, root(h)); err != nil {
		return err
	}
	return c.showSubmission(h)
}

// patchSubmission sets the review: PATCH {reviewState}.
func (c *call) patchSubmission(f forms.Form, version string) error {
	h, err := c.theSubmission(f, version)
	if err != nil {
		return err
	}
	var in struct {
		ReviewState *string `json:"reviewState"`
	}
	if err := c.body(&in); err != nil {
		return err
	}
	if in.ReviewState != nil {
		state := *in.ReviewState
		if !settable[state] {
			return unexpected("reviewState", state, "the given value is not one of the allowed enum values")
		}
		if state == "received" {
			state = forms.Unreviewed
		}
		if err := c.h.Forms.SetReview(c.ctx(), c.sub, f.Project, f.ID, instanceOf(h), state); err != nil {
			return err
		}
	}
	if h, err = c.headOf(f, version, root(h)); err != nil {
		return err
	}
	return c.showSubmission(h)
}

// settable are the states of review that a script may set.
var settable = map[string]bool{"hasIssues": true, "rejected": true, "approved": true, "received": true}

func (c *call) dropSubmission(f forms.Form, version string) error {
	h, err := c.theSubmission(f, version)
	if err != nil {
		return err
	}
	if err := c.h.Forms.DeleteSubmission(c.ctx(), c.sub, f.Project, f.ID, instanceOf(h)); err != nil {
		return err
	}
	return c.success()
}

func (c *call) restoreSubmission(f forms.Form, _ string) error {
	if err := c.h.Forms.RestoreSubmission(c.ctx(), c.sub, f.Project, f.ID, c.params["instance"]); err != nil {
		return err
	}
	return c.success()
}
