package main

import (
	"errors"
	"fmt"
	"io/fs"
	"strings"

	"aman/node/ops"
	"aman/platform/access"
	"aman/platform/signin"
	"aman/platform/store"
	"aman/platform/vault"
)

// Exit codes.
const (
	exitDone   = 0
	exitInput  = 1
	exitUsage  = 2
	exitSystem = 3
)

// coded is an error that says its own exit code; with an empty text everything was said already.
type coded struct {
	code int
	text string
}

func (c *coded) Error() string { return c.text }

func input(format string, args ...any) error {
	return &coded{exitInput, fmt.Sprintf(format, args...)}
}

func usage(format string, args ...any) error {
	return &coded{exitUsage, fmt.Sprintf(format, args...)}
}

// done turns the exit code of a package's own command into an error.
func done(code int) error {
	if code == exitDone {
		return nil
	}
	return &coded{code: code}
}

// inputs are errors about what somebody typed.
var inputs = []error{
	access.ErrTaken, access.ErrCode, access.ErrLogin, access.ErrName, access.ErrOrg, access.ErrOffice, access.ErrUser, access.ErrRole,
	access.ErrAlone, access.ErrSelf, access.ErrLanguage, signin.ErrLabel, signin.ErrOffice, signin.ErrUser, signin.ErrNotThere, fs.ErrExist,
	signin.ErrProgramLabel, signin.ErrProgramTime, signin.ErrProgramMany,
}

func codeOf(err error) int {
	var c *coded
	var refused *ops.Refused
	var weak *signin.Weak
	var path *fs.PathError
	switch {
	case errors.As(err, &c):
		return c.code
	case errors.As(err, &refused):
		return exitInput
	case store.KindOf(err) != store.Other, vault.KindOf(err) != vault.Other:
		return exitSystem
	case errors.As(err, &weak):
		return exitInput
	case errors.As(err, &path) && errors.Is(err, fs.ErrNotExist):
		return exitInput
	}
	for _, e := range inputs {
		if errors.Is(err, e) {
			return exitInput
		}
	}
	return exitSystem
}

// fail says what is wrong, in one sentence, and gives the exit code.
func (a *app) fail(err error) int {
	text := err.Error()
	// A fault of the store or the vault is a sentence for the operator; what it was wrapped
	// in says on the way to what.
	var refused *ops.Refused
	var s *store.Error
	var v *vault.Fault
	switch {
	case errors.As(err, &refused):
		text = refused.Text
	case errors.As(err, &s):
		text = s.Text
	case errors.As(err, &v):
		text = v.Text
	}
	if interrupted(err) {
		text = "Stopped."
	}
	if text != "" {
		text = strings.ToUpper(text[:1]) + text[1:]
		if !strings.HasSuffix(text, ".") {
			text += "."
		}
		a.note("aman: %s", text)
	}
	return codeOf(err)
}
