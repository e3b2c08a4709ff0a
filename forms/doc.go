// Package forms is the one way a fact enters Aman: as a submission, one filled
// version of one form. It keeps the forms too: their projects, drafts, versions and files.
//
// What a phone posts (package openrosa) goes to Receive; what a caseworker saves in the
// browser (package casework) and what an import brings goes to Submit. Both keep the
// submission for ever, sealed; apply its writes to the registers in the same transaction;
// write the audit entry; and return when all of it is on disk. Sending the same instance
// again changes nothing and says so; the same instance id with other content is refused
// (ErrDifferent).
//
//	r, err := service.Submit(ctx, subject, forms.Filled{Form: "case.consent", Body: body}, func(a *forms.Act) error {
//		_, err := a.Apply(registry.Write{Register: "consents", Create: true, …})
//		return err
//	})
//
// A submission is sealed under a key of its own. When it is joined to a person its key
// becomes the person's (Join), so that erasing the person erases it too.
//
// # Kinds
//
// A form is of one of two kinds, and so are its submissions. Those of an intake form wait in
// the queue of their office until a caseworker joins them to a case or sets them aside; they
// are in no table and no export. Those of a survey are answers: whoever keeps surveys reads,
// reviews and exports them and sees nothing of any case. The access policy knows them as two
// registers, submissions and answers, and no grant on one reaches the other.
//
// # A form's life
//
//	d, err := service.SaveDraft(ctx, subject, forms.Upload{Project: 1, FileName: "survey.xlsx", Body: body})
//	err = service.PutMedium(ctx, subject, 1, d.Form, "towns.csv", "text/csv", towns)
//	p, err := service.PublishDraft(ctx, subject, 1, d.Form, "")
//
// A form belongs to a project, and its id is its own on the whole node. It begins as a draft.
// Whoever has the draft's token can try it out: test submissions are kept apart
// (ReceiveOptions.Draft) and thrown away when the draft is published or dropped. A published
// version never changes; the newest is listed, the older ones still take submissions. Files
// belong to a version, and a new draft begins with those of the version before; the lists
// among them (CSV, XML, GeoJSON) are what answers are judged by. A form is open, closing
// (takes submissions, is not listed) or closed, and may be given to some offices only.
//
// # A submission's life
//
// States: received (it fits its form), quarantined (it does not; Reasons says why, by rule and
// path, and a person looks at it), applied (its writes stand in the registers), conflict
// (applied, but for what somebody else had changed meanwhile), joined (an intake became part
// of a case), dismissed (a person set an intake aside).
//
// A submission that names another as deprecatedID is an edit: the newest version of a chain
// counts, the earlier ones are kept, files are carried over by name. Root is the first
// version. An answer has a review ("", hasIssues, approved, rejected; "edited" after an edit
// that nobody has looked at), comments, and files that its answers name, whether they came
// or not. A deleted answer is kept, in no list, and not taken again; of an erased one the
// keys are destroyed (EraseSubmission).
//
// Submissions encrypted by their form's own key are kept as they come and judged by nobody;
// nothing is made of them. Of intake forms they are refused: a caseworker could not read them.
//
// # Who sees which answer
//
// Every question has a privacy class (Classes). A form's author names it in the XLSForm with
// the column bind::aman:class (open, sensitive, identity or health) and, in the settings
// sheet, namespaces: aman="http://aman.example/xforms". Else what is said, shown or signed
// is identity (text, pictures, sound, files, places, barcodes, telephone and address of the
// device's owner), what is picked, counted or dated is sensitive, and a calculated text is
// as what it reads. Answers and tables hide identity and health; ReadSubmission, comments,
// files and exports with names need the right to unseal, and the audit log says so.
//
// # How it is laid out
//
// projects.go, form.go, draft.go, publish.go, media.go keep forms; check.go reads one, with
// facts.go and classes.go; known.go remembers those that submissions come for; judge.go and
// lists.go hold a submission against its form. receive.go and submit.go take submissions in,
// files.go their files; read.go is the intake queue, answers.go, review.go and erase.go what
// becomes of answers. mapping.go puts an intake's answers into registers.
package forms
