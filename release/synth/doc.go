// Package synth turns sensitive records into synthetic records and counts with intervals, under differential privacy.
//
// One row is one person, and adding or removing a person changes what comes out only within (epsilon, delta). The budget
// comes as a dp.Grant, which a ledger has already written down.
//
//	domain, err := synth.ParseDomain(yaml)                    // public: columns, codes, impossible combinations
//	table, err := domain.ReadCSV("people.csv", file)
//	release, err := synth.Run(ctx, domain, table, grant, synth.Options{Length: 3})
//	err = domain.WriteCSV(out, release.Rows)
//
// # What Run does
//
// Only steps 1, 2, 3 and 6 touch the records, each through the grant's exact noise; the rest is arithmetic on noisy numbers.
//
//  1. Count each attribute; the noisy number of people follows from the sums (engine.go).
//  2. Score all pairs and triples by their distance from independence, one number each of sensitivity 1, and choose from
//     the noisy scores which tables to measure, and how exactly (select.go).
//  3. Measure those tables once.
//  4. Grow a junction tree that holds as many of them as fit (graph.go), fit it by mirror
//     descent (tree.go, fit.go), and draw a crowd of possible records from it (sample.go, crowd.go).
//  5. Reweight the crowd so that it honours all measured tables, also those that no tree of that size could
//     hold (rake.go). The synthetic records are drawn from the crowd.
//  6. Count combinations of filled values themselves (direct.go) and put model and count together by inverse
//     variance (aggregate.go), with intervals from a simulation that the direct counts check (interval.go).
//
// Method AIM replaces 2 and 3 by rounds that measure where the model is worst (aim.go); MST measures a spanning tree of
// pairs; Independent measures each attribute alone.
//
// # What it promises, and what not
//
// Column names, codes, shapes, row count, order, messages and errors are the same for two tables that differ by
// one person, unless a noisy value differs: neighbour_test.go holds every method to that. Values that the domain does not declare are
// recoded in silence. An empty cell is a value of its own (not recorded); in a multi-select column it means that no option was
// chosen. A person with several rows is not one person to this package: join them first. The time that a run
// takes is not hidden.
//
// # Sources
//
// McKenna, Miklau, Sheldon: Winning the NIST Contest, 2021 (arXiv 2108.04978): select, measure, generate; MST.
// McKenna, Mullins, Sheldon, Miklau: AIM, VLDB 2022 (arXiv 2201.12677). SWIFT in google/dpsynth: one-shot choice and allocation.
// Koller, Friedman: Probabilistic Graphical Models, ch. 9-10: elimination, junction trees. Deming, Stephan 1940: raking.
package synth
