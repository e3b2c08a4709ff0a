// Package kanon makes counts and records of people safe to publish without noise:
// small cells are withheld, and so are the other cells from which they could be worked out.
//
// # A table, from counts to page
//
//	cube := kanon.Cube{Dims: dims, Counts: counts}                    // every margin is published
//	pub, err := kanon.Protect(ctx, cube, kanon.Rules{MinCell: 11})
//	for cell := range pub.Cells() {                                   // leaf cells and totals alike
//		fmt.Println(cell.Codes, cell.Text("–"))                   // one mark for every withheld cell
//	}
//	found, err := kanon.Audit(ctx, pub)                               // the attack; must find nothing
//	found, err = kanon.Difference(ctx, pub, earlier...)               // the attack across releases
//
// See the example of [Protect] for a whole page and its CSV.
//
// # What is promised
//
// The lattice of a cube has one cell for every combination of codes, where each dimension may also say
// "all" (a total). A leaf cell has no "all". The attacker knows every shown cell, that counts are whole and
// not negative, these rules, and the cells declared impossible. With [ZerosShown] he also knows that no
// withheld cell is zero.
//
// A cell is small when its count is 1 to MinCell-1. [Protect] gives for every small cell of the lattice,
// published or not, two whole-number tables that agree with everything shown and differ in that cell by at
// least Rules.Width (MinCell unless declared, and never less). That is a proof, not an estimate: see [Witness].
//
// From it follows more. Let U be any set of leaf cells whose joint count can be worked out exactly. If U
// holds a small leaf cell, that cell takes a value of at least its lowest plus MinCell in some table that agrees
// with what is shown, so the count of U is at least MinCell. If U holds none, its count is zero or at least MinCell.
// So every count of any group of leaf cells that can be derived is zero or at least MinCell: the two
// withheld cells of a row never have a derivable sum of five.
//
// # How it is done
//
// The moves that keep a table additive are products of one step a dimension: from one code to another (the total
// stays), or one code and its total together. Each touches 2^d cells, and applies to a table in whole numbers as
// long as no cell falls under zero and every touched cell is withheld. Protect looks for the moves that give each
// small cell room at the least cost (cost of a cell: one plus the fourth root of its count), then shows again each complementary cell
// that turns out not to be needed. This is the hypercube method (Repsilber 1994; Giessing and Repsilber 2002, "Tools
// and strategies to protect multiple tables with the GHQUAR cell suppression engine") with shifts of totals, residual
// capacities and a clean-up added. [Audit] is independent of it: it solves, for each small cell, the linear programmes
// of the attacker (Fischetti and Salazar 2000, "Models and algorithms for optimizing cell suppression in tabular data
// with linear constraints", section 2) from the shown values alone.
//
// # What is not promised
//
// Counts say what they say: where all victims of a row are in one shown cell, the reader learns an attribute of each
// (homogeneity). Zeros disclose unless [ZerosWithheld]. An attacker who counts himself among a cell, or who
// re-runs this program on guesses until the pattern of withheld cells fits (a minimality attack), knows more than the
// model above. Against those, use noise: package aman/release/dp.
//
// # Records
//
// [Measure] says how k-anonymous, l-diverse and t-close a file of records is on declared keys; [Anonymise] coarsens and
// withholds single values until every combination on the keys has at least k records. Files are those of package
// aman/release/risk, which measures how easily people are found in them. [Rounder] rounds counts to a base with
// keys that stay with the records, so that repeated releases agree.
//
// Beside aman/release/risk the package imports nothing of the rest of Aman.
package kanon
