// Package xform reads ODK XForms and the submissions that are filled versions of them.
//
//	form, err := xform.ParseForm(xml)          // id, version, title, questions with labels
//	in, err := xform.ParseInstance(xml)        // form id, version, instance id, answers by path
//
// Answers keep the order and the paths of the document; in a repeat each round has its
// own path (/data/leg[2]/from). Reading is bounded in size, depth and number of nodes,
// knows no external entities, and never panics on bad input.
//
// The package imports nothing of the program, so that another one can use it.
package xform
