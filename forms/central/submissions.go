package central

import (
	"errors"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"aman/forms"
	"aman/forms/xform"
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
	if h.Instance != c.params["instance"] && root(h) != c.params["instance"] || root(h) != c.params["instance"] {
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
	if err == nil && in.Form != f.ID {
		return forms.Result{}, unexpected("form id", in.Form, "did not match the form ID in the URL")
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
		if !reviewStates[state] {
			return unexpected("reviewState", state, "the given value is not one of the allowed enum values")
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

// reviewStates are those that a script may set.
var reviewStates = map[string]bool{"hasIssues": true, "rejected": true, "approved": true}

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

// commentView is a comment as Central shows it.
type commentView struct {
	Body      string `json:"body"`
	ActorID   int64  `json:"actorId"`
	Actor     *actor `json:"actor,omitempty"`
	CreatedAt moment `json:"createdAt"`
}

func (c *call) viewComments(list []forms.Comment) ([]commentView, error) {
	var who []string
	for _, x := range list {
		who = append(who, x.By)
	}
	actors, err := c.actors(who...)
	if err != nil {
		return nil, err
	}
	out := []commentView{}
	for _, x := range list {
		a := actors[x.By]
		if a == nil {
			a = c.system()
		}
		v := commentView{Body: x.Text, ActorID: a.ID, CreatedAt: moment(x.At)}
		if c.extended() {
			v.Actor = a
		}
		out = append(out, v)
	}
	return out, nil
}

func (c *call) comments(f forms.Form, version string) error {
	h, err := c.theSubmission(f, version)
	if err != nil {
		return err
	}
	if err := c.needNames(); err != nil {
		return err // a comment can name somebody
	}
	var list []forms.Comment
	if err := c.read(func(tx *store.Tx) (err error) {
		list, err = c.h.Forms.Comments(tx, c.sub, f.Project, f.ID, instanceOf(h))
		return err
	}); err != nil {
		return err
	}
	out, err := c.viewComments(list)
	if err != nil {
		return err
	}
	return c.json(out)
}

func (c *call) newComment(f forms.Form, version string) error {
	h, err := c.theSubmission(f, version)
	if err != nil {
		return err
	}
	var in struct {
		Body string `json:"body"`
	}
	if err := c.body(&in); err != nil {
		return err
	}
	if strings.TrimSpace(in.Body) == "" {
		return missing("body")
	}
	x, err := c.h.Forms.AddComment(c.ctx(), c.sub, f.Project, f.ID, instanceOf(h), in.Body)
	if err != nil {
		return err
	}
	out, err := c.viewComments([]forms.Comment{x})
	if err != nil {
		return err
	}
	return c.json(out[0])
}

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
