// Package xlsform turns an XLSForm (a form written as a spreadsheet: .xlsx,
// .xlsm, .xls, .csv or Markdown tables) into the XForm XML that ODK Collect,
// KoboCollect, Enketo and ODK Web Forms fill in.
//
// Three steps, each a value in and a value out:
//
//	wb, err := xlsform.Read(data, "survey.xlsx")          // sheets, headers, rows
//	form, found := xlsform.Compile(wb, xlsform.Options{}) // the form, and all that is wrong
//	err = form.WriteXForm(w)                              // the XForm
//
// [Read] fails only when the bytes are not a spreadsheet, or are too large to be
// a form. Everything that a form's author can mend is a [Diagnostic] instead:
// Compile goes on after a fault and reports all of them, each with sheet, row,
// column, what is wrong and what to do. The returned form is nil when any of
// them is an [Error].
//
// [Form] is also the model that a server works from: the tree of questions with
// labels in each language, the choice lists, the settings, and the entity lists
// with the properties that questions are saved to. [Changes] lists what differs
// from one version of a form to the next, and which differences break answers
// that were given already.
//
// The result is meant to be equal to what pyxform 4.5 makes of the same form;
// docs/conformance.md says how that is measured and where it differs. Sources
// of the rules: https://xlsform.org, https://getodk.github.io/xforms-spec and
// the behaviour of pyxform.
//
// How it is laid out. Reading: workbook.go, read*.go with cfb.go (the container of
// .xls), xmlscan.go and cellvalue.go. The words of the language, as tables:
// columns.go, types.go; the texts of diagnostics: catalogue.go. Compiling:
// compile.go calls, in this order, settings.go, choices.go, entities.go, rows.go
// (one row of the survey sheet at a time, helped by questions.go, selects.go,
// params.go, groups.go, loop.go), meta.go with entityplace.go, check.go and
// expressions.go. References: refs.go finds ${name}, paths.go turns it into an
// XPath. Writing: emit.go with itext.go, instances.go and body.go builds the
// XForm, xml.go writes it. cli.go holds what the commands `form convert` and
// `form check` do, changes.go compares versions.
//
// Of this module the package imports only forms/xpath, so another program can
// use it.
package xlsform
