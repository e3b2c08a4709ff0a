// Package xform reads ODK XForms and the submissions that are filled versions of them, fills
// forms in, and judges on a server whether a submission fits its form.
//
//	form, err := xform.ParseForm(xml)          // id, version, title, questions with labels
//	in, err := xform.ParseInstance(xml)        // form id, version, instance id, answers by path
//
//	model, err := xform.Compile(xml, xform.Options{})
//	report := model.Validate(submission)       // all that does not fit, with the form's own messages
//	filling := model.Start(xform.Conditions{}) // a form being filled in: Set, Add, Relevant, XML
//
// # What is judged
//
// [Model.Check] asks of every node of a submission, and of every node the submission leaves
// out: is it relevant; is an answer there where one is required; is it of its type, on its
// scale, among its choices as the other answers filter them; does it keep the form's
// constraint; are there as many rounds of a repeat as the form counts. Each breach is a
// [Finding] with the path, the label of the question, and the form's message in all its
// languages, and never with an answer. What is worth knowing and nobody's fault is a note: a
// calculation that gives something else, a node that the form does not have, a rule that
// could not be asked because a file is missing.
//
// The submission was filled in elsewhere: earlier, in another time zone and language. So
// the values are taken as they were sent, calculated ones too; today() is the day on which
// the form says it was filled, in the zone it was written with; a rule that nobody can ask
// twice (random(), uuid(), once()) is passed over; and where it cannot be known whether a
// question was relevant, what would be a failure is a note. A rule is only held against
// what a program that fills forms would have stopped: constraints and required concern
// nodes with a question.
//
// # Bounds
//
// Reading is bounded in size, depth and number of nodes and knows no external entities.
// Judging is bounded in time (Conditions.Timeout), by steps and memory of each expression,
// and by the nodes that are added for what was left out; what was not looked at is said.
// Nothing panics on bad input (fuzz targets).
//
// # How it is laid out
//
// form.go and lists.go read what a form asks; instance.go reads submissions; tree.go holds
// what both need. model.go compiles the places of a form and its binds, rule.go their
// expressions and the order to settle them in, control.go its questions and choices.
// state.go is one instance measured against the places; check.go judges it (calculated.go
// its calculations, rounds.go its repeats), filling.go is what a program that fills forms in
// calls, fill.go what happens then. types.go knows the types, report.go what is said,
// external.go reads lists from files.
//
// Paths are as in the document; in a repeat each round has its own (/data/leg[2]/from).
// Source of the rules: the ODK XForms specification, https://getodk.github.io/xforms-spec,
// and, where it is silent, the behaviour of JavaRosa.
//
// Of this module the package imports only forms/xpath, so that another program can use it.
package xform
