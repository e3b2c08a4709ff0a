// Package openrosa speaks the protocol by which ODK Collect and KoboCollect fetch forms
// and post submissions.
//
// A phone has a device token in its address:
//
//	https://host/v1/key/TOKEN/projects/1/formList     the open forms
//	https://host/v1/key/TOKEN/projects/1/forms/ID.xml one form
//	https://host/v1/key/TOKEN/projects/1/submission   HEAD, POST
//
// 201 is sent after the submission is on disk. The same submission again is 201 and one
// record; the same instance id with other content is 409 and changes nothing. Every
// answer, refusals too, is a sentence in the language the phone asks for, in the
// envelope that Collect shows. The Date header of a request is never looked at: Collect
// writes it with a 12-hour clock.
package openrosa
