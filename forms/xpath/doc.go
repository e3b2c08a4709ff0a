// Package xpath is the XPath of ODK forms: all of XPath 1.0 with the functions, dates and habits that forms for Collect,
// KoboCollect, ODK Web Forms and Enketo rely on. It needs nothing of the rest of this module, and any program can use it.
//
// # Use
//
// An expression is compiled once and evaluated often:
//
//	x, err := xpath.Compile("/data/age > 17 and selected(/data/needs, 'shelter')")
//	doc, err := xpath.ParseXML(file, xpath.XMLLimits{})
//	ok, err := x.True(&xpath.Env{Node: doc})
//
// A [SyntaxError] says at which character what is wrong and what to write instead; an [EvalError] says which part of the
// expression has no answer for this document and why. Neither ever repeats what is in the document.
//
// # The parts
//
//   - [Node] (node.go, xml.go, xmlwrite.go) is a document: a small tree that can be read from XML, changed and written. It
//     is made to be the instance of a form: [Node.Hidden] takes what is not relevant out of sight, and [Node.Freeze]
//     (index.go) makes lookups in lists fast.
//   - [Compile] (compile.go, lex.go, parse.go) gives an [Expr]. [Walk], [Rewrite] (ast.go) and [Format] (format.go) read,
//     change and print it.
//   - [Env] (env.go) is what an expression is evaluated in: the node, the other instances, the clock and its zone, the
//     texts of the form. [Limits] bound each evaluation in time and memory, and a context can end it. The evaluation is in
//     eval.go, path.go, axes.go, compare.go and value.go.
//   - [Functions] (functions.go and the files it names) are a table: name, arguments, one sentence, implementation. A
//     [Compiler] takes more of them.
//   - [Rules] (rules.go) are the differences between the engines that fill forms in. [Collect] is the default.
//   - [Expr.References] (refs.go) lists what an expression reads; [Order] (order.go) sorts calculations by that and names
//     the circles.
//   - [Query] (query.go) answers one expression over one file, for a command line.
//
// # What it answers to
//
// The package is held to what the engines' own tests say, and to what the engines answer: testdata holds 3,700 such
// facts from JavaRosa, Enketo and ODK Web Forms, and testdata/exceptions.json every one that is answered otherwise, with
// the reason. bench/xpath asks the engines themselves, on random expressions.
//
// # Beyond JavaRosa
//
// JavaRosa has three axes and no unions, and stops at a path that finds several nodes where one is wanted. This package
// takes the first of them, and has all axes, node tests, unions and filters of XPath 1.0. A check that a form stays
// within what phones understand is not its business.
//
// # Types
//
// A document that is only read has nodes of text. A form processor that knows the binds sets [Node.Type], and the Collect
// rules then read numbers, dates and booleans as JavaRosa does. Either way, text that is a date written out in full counts
// as one wherever a number is wanted, as the ODK XForms specification says of number().
package xpath
