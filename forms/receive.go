package forms

import (
	"context"
	"errors"
	"path"
	"slices"
	"strings"
	"unicode/utf8"

	"aman/forms/xform"
	"aman/platform/access"
	"aman/platform/ids"
	"aman/platform/store"
)

// Faults of a form submission that its sender is told.
var (
	ErrUnknownForm    = errors.New("there is no such form")
	ErrUnknownVersion = errors.New("there is no such version of the form")
	ErrFormClosed     = errors.New("the form takes no more submissions")
	// ErrNotYours: the form is given to other offices.
	ErrNotYours = errors.New("the form is for other offices")
	// ErrEncrypted: nobody here could read it, and a caseworker must.
	ErrEncrypted = errors.New("encrypted submissions of this form are not taken; send it without encryption over https")
)

// ReceiveOptions are what is known of a submission beside its content.
type ReceiveOptions struct {
	// Project it was sent to; 0 takes the form from any.
	Project int64
	// Draft: it tries out the form's draft, whose token was shown. It is kept apart.
	Draft bool
	// DeviceName is what the device calls itself, Agent the program that sends.
	DeviceName, Agent string
	// AllowNoID makes an instance id for a submission that has none.
	AllowNoID bool
}

// DraftInstance is the instance id by which a test submission of a draft is asked for; in
// lists it has the id with which it was sent.
func DraftInstance(instance string) string { return draftPrefix + instance }

const draftPrefix = "draft/"

// tester sends to a draft by its token alone.
const tester = "draft-token"

// Receive takes a submission of a published form, as a phone posts it. What does not fit
// the form or a property is no reason to refuse: the submission is kept, quarantined with
// the reasons when it does not fit its form, and a person looks at it. Errors beside the
// faults above: those of Submit and of xform.ParseInstance, a refusal.
func (s *Service) Receive(ctx context.Context, sub access.Subject, body []byte, files []File, options ...ReceiveOptions) (res Result, err error) {
	var o ReceiveOptions
	if len(options) > 0 {
		o = options[0]
	}
	in, err := xform.ParseInstance(body)
	if errors.Is(err, xform.ErrNoInstanceID) && o.AllowNoID {
		if body, err = withInstanceID(body, "uuid:"+ids.New()); err == nil {
			in, err = xform.ParseInstance(body)
		}
	}
	if err != nil {
		return Result{}, err
	}
	r := &reception{service: s, options: o, in: in, sub: sub, filled: Filled{
		Instance: in.ID, Form: in.Form, Body: body, Files: files, Replaces: in.Deprecated, Verb: "submission.receive",
		Detail: map[string]string{"form": formForAudit(in.Form)}, encrypted: in.Encrypted, agent: short(o.Agent), deviceName: short(o.DeviceName),
	}}
	k := s.remembered.get(in.Form)
	for { // each round but the last means that somebody changed a form meanwhile
		if k == nil {
			if k, err = s.remember(ctx, in.Form); err != nil {
				return Result{}, unknown(err)
			}
		}
		if err := r.judge(ctx, k); err != nil {
			// What is remembered may be old: the fault is told when it stands in the store too.
			now, again := s.remember(ctx, in.Form)
			if again != nil {
				return Result{}, unknown(again)
			}
			if now.n == k.n {
				return Result{}, err
			}
			k = now
			continue
		}
		res, err = s.Submit(ctx, r.sub, r.filled, r.accept)
		if !errors.Is(err, errStale) {
			res.Instance = in.ID
			return res, err
		}
		k = nil
	}
}

func unknown(err error) error {
	if errors.Is(err, store.ErrNone) {
		return ErrUnknownForm
	}
	return err
}

// short cuts what a device says of itself to a line.
func short(s string) string {
	s = strings.Map(func(r rune) rune {
		if r < ' ' || r == 0x7f {
			return -1
		}
		return r
	}, strings.ToValidUTF8(s, ""))
	for len(s) > 200 {
		_, n := utf8.DecodeLastRuneInString(s)
		s = s[:len(s)-n]
	}
	return s
}

// reception is one submission on its way in.
type reception struct {
	service *Service
	options ReceiveOptions
	in      *xform.Instance
	sub     access.Subject
	form    Published
	filled  Filled
}

// judge finds the version of the form and holds the submission against it.
func (r *reception) judge(ctx context.Context, k *knownForm) error {
	version := r.in.Version
	if r.options.Draft {
		version = DraftVersion
		r.sub = access.Subject{User: tester, Org: k.draftOrg}
		r.filled.Org, r.filled.draft = k.draftOrg, true
		r.filled.Instance = DraftInstance(r.in.ID)
		if r.in.Deprecated != "" {
			r.filled.Replaces = DraftInstance(r.in.Deprecated)
		}
	}
	p, err := k.version(version)
	if err != nil && !r.options.Draft && k.newest != nil {
		err = ErrUnknownVersion
		p = *k.newest
	}
	if err != nil && p.Form == "" || p.gone || r.options.Project != 0 && p.Project != r.options.Project {
		return ErrUnknownForm
	}
	if sub := r.service.at(r.sub); !r.options.Draft && !r.service.policy.Can(sub, access.Read, formObject(p.Form, p.Org), access.Facts{}).Allow {
		return ErrUnknownForm // a form of another organisation's is not there
	}
	if err != nil {
		return err
	}
	f := &r.filled
	f.changes = k.n
	f.Version, f.project, f.kind = p.Version, p.Project, p.Kind
	if f.draft {
		f.kind = Survey
	}
	if r.in.Encrypted {
		if p.Kind == Intake {
			return ErrEncrypted
		}
		f.State, f.expected = Received, encryptedFiles(r.in)
	} else if p.Hash != r.form.Hash || p.lists != r.form.lists || p.Version != r.form.Version {
		var c *compiledForm
		if c = r.service.models.get(p); c == nil {
			err := r.service.db.Read(ctx, func(tx *store.Tx) (err error) { c, err = r.service.compiled(tx, p); return err })
			if err != nil {
				return err
			}
		}
		f.State, f.Reasons = verdict(Judge(c.model, r.in, r.service.now()))
		f.expected = c.files(r.in)
	}
	r.form = p
	return r.office()
}

// office finds the office of the sender that the submission is of.
func (r *reception) office() error {
	if r.filled.draft || len(r.form.Offices) == 0 || r.filled.Replaces != "" {
		return nil
	}
	for _, o := range r.sub.Offices {
		if slices.Contains(r.form.Offices, o) {
			r.filled.Office = o
			return nil
		}
	}
	return ErrNotYours
}

// files are the names of the files that the answers name.
func (c *compiledForm) files(in *xform.Instance) (out []string) {
	if len(c.uploads) == 0 {
		return nil
	}
	for _, a := range in.Answers {
		if !c.uploads[plainPath(a.Path)] {
			continue
		}
		if name := path.Base(a.Value); plainText(name, 255) && name != "." && name != "/" && !slices.Contains(out, name) && len(out) < maxExpected {
			out = append(out, name)
		}
	}
	return out
}

// maxExpected bounds how many files a submission can be waiting for.
const maxExpected = 2000

// encryptedFiles are the files that the manifest of an encrypted submission names
// (https://getodk.github.io/xforms-spec/encryption).
func encryptedFiles(in *xform.Instance) (out []string) {
	for _, a := range in.Answers {
		if (a.Name == "file" || a.Name == "encryptedXmlFile") && plainText(a.Value, 255) && !slices.Contains(out, a.Value) && len(out) < maxExpected {
			out = append(out, a.Value)
		}
	}
	return out
}

// plainPath is a path without positions.
func plainPath(p string) string {
	if !strings.Contains(p, "[") {
		return p
	}
	var b strings.Builder
	inside := false
	for _, r := range p {
		switch {
		case r == '[':
			inside = true
		case r == ']':
			inside = false
		case !inside:
			b.WriteRune(r)
		}
	}
	return b.String()
}

// accept runs in the transaction of the submission, past the look for a known instance: a
// phone whose answer was lost sends again after the form closed, and must learn that all is
// well.
func (r *reception) accept(a *Act) error {
	if r.filled.draft {
		return r.service.replace(a.Tx, a.filled)
	}
	if r.form.State == Closed {
		return ErrFormClosed
	}
	if err := r.service.replace(a.Tx, a.filled); err != nil {
		return err
	}
	if _, err := r.service.policy.Require(a.Tx, a.Meta.Subject, access.Submit, access.Object{Register: "submissions", ID: r.in.ID, Org: a.filled.Org, Office: a.filled.Office, Owner: r.sub.User}); err != nil {
		return err
	}
	if r.in.Encrypted || len(r.service.onReceive) == 0 {
		return nil
	}
	h := a.head()
	for _, hook := range r.service.onReceive {
		if err := hook(a, r.form, r.in, h); err != nil {
			return err
		}
	}
	return nil
}

// head is what will be kept.
func (a *Act) head() Head {
	f := a.filled
	h := Head{
		Instance: f.Instance, Form: f.Form, Version: f.Version, Org: f.Org, Office: f.Office, User: a.Meta.Subject.User, Device: a.Meta.Subject.Device, At: a.Meta.At, First: a.Meta.At,
		State: a.result.State, Replaces: f.Replaces, Root: f.Instance, Reasons: f.Reasons, Size: int64(len(f.Body)), Kind: f.kind, Project: f.project,
		Agent: f.agent, DeviceName: f.deviceName, FilesExpected: len(f.expected), stored: f.Instance,
	}
	if f.before != nil {
		h.Root, h.Edits, h.First, h.Updated, h.Review = f.before.root, f.before.edits+1, store.Time(f.before.first), a.Meta.At, Edited
	}
	return h
}

// OnReceive adds what is done with every new submission of a published form, in its
// transaction, before it is kept: Act.Meta.Submission names it. Not with those of drafts,
// nor with encrypted ones. An error is trouble of the store: nothing is kept, and the sender
// sends again. What does not work of the submission itself is said by Act.Note. It is
// called while a program starts.
func (s *Service) OnReceive(f func(a *Act, form Published, in *xform.Instance, h Head) error) {
	s.onReceive = append(s.onReceive, f)
}
