// Package export turns the answers to a form into tables and files: CSV, XLSX, JSON and
// GeoJSON, of any size, in constant memory.
//
//	layout, err := export.New(export.Version{Name: "3", XML: xform})  // the newest version first
//	rows, err := layout.CSV(w, layout.Tables[0], export.Options{}, source)
//
// A [Layout] says what the answers look like as tables: one for the form, one for each
// repeat, with the columns of every version of the form that it was given. A [Reader] reads
// one submission into the rows of those tables, in one pass over its XML and without
// copying; values point into the submission. A [Source] gives submissions one after
// another, and the writers take it to a file: they read and format on all processors and
// write in order.
//
// Columns are those of ODK Central, so that programs that read its exports read these:
// SubmissionDate, the questions as group-question, then KEY and what is known of the
// submission; a table of a repeat ends with PARENT_KEY and KEY. Source: the behaviour of
// Central 2026.2 and its API documentation, https://docs.getodk.org/central-api.
//
// # Names
//
// Questions whose class is identity or health are left out unless [Options].Identity is
// set. The caller decides who may set it.
//
// # Formulas
//
// A spreadsheet program takes a cell that begins with = + - @ for a formula, whatever the
// file says of it. [Neutral] gives such a text an apostrophe before it; numbers stay as
// they are, and [Plain] takes it away again, so nothing is lost. In XLSX texts are texts
// and need none of this.
//
// How it is laid out: layout.go makes the tables of the form, scan.go and read.go read a
// submission, columns.go chooses columns, cells.go writes their values. flow.go runs a
// source over several processors; csv.go, xlsx.go, json.go, geojson.go and zip.go are the
// formats, neutral.go and names.go their rules.
//
// Of this module the package imports only forms/xform and forms/xpath.
package export
