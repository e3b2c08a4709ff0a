// Package showcase makes the website of a release: static pages in English, Urdu and Indonesian that open from a file
// share, without a server, a connection or a fetch, and that show every number with how sure it is.
//
//	site, err := showcase.DP(in)           // in is a product.DP; the files lie in showcase/
//	folder, err := in.Folder(key, site...)
//
// # What a reader sees
//
// Choosing a value (with a pointer or the keyboard) filters everything else. Beside each other stand the estimate with
// its 95 % interval, and the count of the synthetic records. The rule (that of the Synthetic Data Showcase): while the
// chosen values and the shown one together are no more than the reporting length, a number is read from the published
// counts; beyond that the synthetic records are counted, and the chart says so. Counts under the threshold are "fewer
// than k", in both. Behind each chart is its table. Without script the pages are those tables, of one column each.
//
// # The files
//
// index.html, ur.html, id.html; methods*.html; data.js (data.go: values, packed records, counts); count.js (bit sets and the
// rule), draw.js (charts), app.js (choices, address, downloads); world.js (outlines, where countries are in the
// data; see atlas/); notice.js, empty until a release is recalled (Notice).
//
// Everything comes from a product.DP or product.K, that is from released values.
package showcase
