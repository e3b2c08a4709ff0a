// Package forms is the one way a fact enters Aman: as a submission, one filled
// version of one form.
//
// What a phone posts (package openrosa), what a caseworker saves in the browser
// (package casework), what an import brings: each calls Submit. Submit keeps the
// submission for ever, sealed; applies its writes to the registers in the same
// transaction; writes the audit entry; and returns when all of it is on disk. Sending
// the same instance again changes nothing and says so; the same instance id with other
// content is refused (ErrDifferent).
//
//	r, err := service.Submit(ctx, subject, forms.Filled{Form: "case.consent", Body: body}, func(a *forms.Act) error {
//		_, err := a.Apply(registry.Write{Register: "consents", Create: true, …})
//		return err
//	})
//
// A submission is sealed under a key of its own. When it is joined to a person its key
// becomes the person's (Join), so that erasing the person erases it too.
//
// States of a submission: received (waits in the intake queue of its office),
// applied (its writes stand in the registers), conflict (applied, but for what somebody
// else had changed meanwhile), quarantined (it does not fit its form; a person mends
// it), joined (an intake became part of a case), dismissed (a person set it aside).
package forms
