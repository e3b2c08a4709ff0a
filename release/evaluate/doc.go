// Package evaluate scores released data against the true records.
//
// Everything here reads the true records exactly, so ITS RESULTS ARE NEVER PUBLISHED: they would undo the
// protection of the release. The report that may be published is made by package synth from noise scales alone.
//
// A combination is a set of up to four columns, each with a filled value. The scores are
//
//   - missing: combinations of ten or more people that the release does not have;
//   - invented: released with ten or more, but nobody has them;
//   - the mean absolute error over combinations of ten or more, a missing one counted as zero
//     (leaving missing ones out, as some tools do, would reward suppression), and over everything that is in either;
//   - the total variation distance of 1- to 4-way marginals, with empty cells as a value;
//   - all of it by length, and the error by size of the true count.
//
// Tables scores microdata, Aggregates scores counts, Command is `aman evaluate`.
package evaluate
