// Package openrosa speaks the protocol by which ODK Collect and KoboCollect fetch forms and
// post submissions: OpenRosa, in the dialects of ODK Central and KoboToolbox.
//
// What a phone is given is one address, in a QR code ([Settings]) with all that it needs:
//
//	/v1/key/TOKEN/projects/1       a token in the path (ODK Central)
//	/v1/projects/1?st=TOKEN        the same, as a question
//	/collector/TOKEN               every project of the phone's user (KoboToolbox)
//	/kobo/NAME  and  /NAME  and  / by name and password: HTTP Digest, over https Basic too
//	/test/TOKEN/projects/1/forms/F/draft   a draft that its author tries out; nobody signs in
//
// Below each:
//
//	GET  formList      what this phone may fill, with the MD5 of the very bytes it will fetch
//	GET  forms/…       a form, its manifest, the files and entity lists beside it
//	HEAD submission    204
//	POST submission    201 once the submission is on disk
//
// The same submission again is 201 and one record; the same instance id with other content is
// 409 and changes nothing; a submission in several parts is one record. Every answer, refusals
// too, is a sentence in the language the phone asks for (Accept-Language), in the envelope that
// Collect shows, and says what to do. What comes in is judged leniently: neither the Date
// header, which Collect writes with a 12-hour clock, nor X-OpenRosa-Version is asked for. What
// goes out is strict, because Collect is.
//
// The password of a phone is its own (signin.DevicePassword), never its user's: Digest needs
// it in clear on the server. A token or a password that is wrong is refused with 401 only where
// asking for a password helps; a phone with an unknown token gets 403, or it would ask the
// enumerator for a password that she does not have.
//
// # Bounds
//
// A request is at most 100 MB, a part 50 MB, its headers 64 KB; all requests that are arriving
// hold at most 256 MB between them, and who comes when that is taken is asked to come later.
// What is refused is read on to its end and forgotten, so that the phone gets to read why. A
// phone on which nothing moves for a minute is told so.
//
// handler.go is the table of addresses, who.go says who asks, digest.go the password, list.go,
// manifest.go, lists.go and submission.go what is answered, shared.go a file that many fetch at once, arriving.go the bounds, draft.go
// drafts, settings.go the QR code, answer.go the sentences.
package openrosa
