package central

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"mime"
	"net/http"
	"regexp"
	"strconv"
	"strings"

	"aman/forms"
	"aman/forms/central/odata"
	"aman/forms/entities"
	"aman/forms/xform"
	"aman/platform/access"
	"aman/platform/audit"
	"aman/platform/signin"
	"aman/platform/store"
)

// fail tells an error as Central does, logs what is the system's fault, and writes a refusal
// into the audit log.
func (c *call) fail(err error) {
	if ref := access.AsRefusal(err); ref != nil {
		c.refused(ref)
	}
	p := c.problemOf(err)
	if p.status() >= 500 && p.status() != http.StatusNotImplemented {
		c.h.Log.Error("a program was not answered", "err", err)
	}
	if p.status() == http.StatusUnauthorized && strings.Contains(c.r.URL.Path, ".svc") {
		// Excel and Power BI send a password only when they are asked for one.
		c.w.Header().Set("WWW-Authenticate", `Basic realm="programs", charset="UTF-8"`)
	}
	body, err := json.Marshal(p)
	if err != nil {
		body = []byte(`{"message":"An unknown internal problem has occurred. Please try again later.","code":500.1}`)
	}
	c.w.Header().Set("Content-Type", "application/json; charset=utf-8")
	c.w.Header().Del("Content-Disposition")
	c.w.Header().Del("Content-Encoding")
	c.w.Header().Del("ETag")
	c.w.WriteHeader(p.status())
	c.w.Write(body)
}

// may asks whether the script's user may do such a thing at all.
func (c *call) may(a access.Action, register string) error {
	if c.h.Policy.May(c.sub, a, register) {
		return nil
	}
	return &access.Refusal{Action: a, Object: access.Object{Register: register}, Reason: access.NoGrant}
}

var uuidForm = regexp.MustCompile(`^(uuid:)?[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$`)

// refused writes the audit entry of a refusal. What was typed into an address may be anything,
// a name too, so only what is an id is kept of it.
func (c *call) refused(ref *access.Refusal) {
	e := audit.Entry{At: c.sub.At, Actor: c.sub.User, Org: c.sub.Org, Action: "access." + string(ref.Action), Outcome: audit.Refused, Register: ref.Object.Register,
		Detail: map[string]string{"reason": string(ref.Reason), "session": c.sub.Session}}
	if uuidForm.MatchString(ref.Object.ID) {
		e.Object = ref.Object.ID
	}
	if err := c.h.Audit.Record(context.WithoutCancel(c.ctx()), e); err != nil {
		c.h.Log.Error("a refusal could not be audited", "err", err)
	}
}

// known says which problem stands for which error of the packages below.
var known = []struct {
	err     error
	problem *problem
}{
	{store.ErrNone, errNotFound},
	{signin.ErrNotThere, errNotFound},
	{forms.ErrUnknownForm, errNotFound},
	{forms.ErrDifferent, errXMLDiffers},
	{forms.ErrFormClosed, errClosed},
	{forms.ErrNoMedium, errNotFound},
	{forms.ErrNoDraft, errNotFound},
	{forms.ErrOnlyDraft, errNoDraftDel},
	{forms.ErrDeleted, errDeleted},
	{forms.ErrNotYours, errRights},
	{forms.ErrMediumLarge, &problem{Code: "413.1", Message: "The file is larger than this server takes."}},
	{forms.ErrComment, &problem{Code: "400.8", Message: "Unexpected body value; a comment has between 1 and 10,000 characters."}},
	{entities.ErrNoDataset, errNotFound},
	{entities.ErrNoEntity, errNotFound},
	{entities.ErrNoVersion, errNotFound},
	{entities.ErrInUse, &problem{Code: "409.22", Message: "The list has entities, or a form that writes to it, and cannot be deleted."}},
	{entities.ErrBound, &problem{Code: "409.23", Message: "This list is a register of this server; its properties and rules cannot be changed here."}},
	{entities.ErrClass, &problem{Code: "400.8", Message: "Unexpected class value; a privacy class is open, sensitive, identity or health."}},
	{xform.ErrNoInstanceID, &problem{Code: "400.2", Message: "Required parameter instanceID missing.", Details: details{"field": "instanceID"}}},
	{xform.ErrNoForm, &problem{Code: "400.2", Message: "Required parameter form ID xml attribute missing.", Details: details{"field": "form ID xml attribute"}}},
	{forms.ErrEncrypted, &problem{Code: "400.8", Message: "Unexpected submission value; this form takes no encrypted submissions.", Details: nil}},
}

func (c *call) problemOf(err error) *problem {
	var p *problem
	var slow *signin.Slow
	var syntax *odata.SyntaxError
	var no *odata.Unsupported
	var name *entities.NameError
	switch {
	case errors.As(err, &name):
		return unexpected("name", name.Name, "This is not a valid "+name.What+" name. "+name.Reason)
	case errors.As(err, &p):
		return p
	case access.AsRefusal(err) != nil:
		return refusal(access.AsRefusal(err))
	case errors.As(err, &slow):
		c.w.Header().Set("Retry-After", strconv.Itoa(int(slow.After.Seconds())+1))
		return &problem{"429.1", "There were too many tries. Wait, and try again.", nil}
	case errors.As(err, &syntax):
		return &problem{"400.18", "The OData filter expression you provided could not be parsed: " + syntax.Error(), details{"reason": syntax.Error()}}
	case errors.As(err, &no):
		return unsupported(no)
	case store.KindOf(err) != store.Other:
		return errBusy
	}
	for _, k := range known {
		if errors.Is(err, k.err) {
			return k.problem
		}
	}
	return errInternal
}

// refusal tells apart what nobody with these roles may do, and what is not there for her.
func refusal(r *access.Refusal) *problem {
	switch r.Reason {
	case access.NoGrant, access.NoSubject, access.DeviceOnly, access.SecondPerson:
		return errRights
	}
	return errNotFound
}

func unsupported(e *odata.Unsupported) *problem {
	if e.Field {
		return &problem{"501.5", fmt.Sprintf("The given OData filter expression references fields not supported by this server: %s at %d", e.Text, e.At), details{"at": e.At, "text": e.Text}}
	}
	return &problem{"501.4", fmt.Sprintf("The given OData filter expression uses features not supported by this server: MethodCallExpression at %d (%q)", e.At, e.Text),
		details{"at": e.At, "type": "MethodCallExpression", "text": e.Text}}
}

// disposition is the header that gives a download its name.
func disposition(name string) string {
	v := mime.FormatMediaType("attachment", map[string]string{"filename": name})
	if v == "" {
		return "attachment"
	}
	return v
}
