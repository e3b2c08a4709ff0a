// Package risk measures how easily people can be found again in a file of records, before it is released.
//
//	t, err := risk.FromRows(names, rows)                             // values as text; "" is missing
//	m := risk.Measure(t, keys, risk.Options{})                       // classes, uniques, three attackers
//	verdict := risk.HDX.Judge(m)                                     // the 3 % rule, in words
//	s, err := risk.SUDA(ctx, t, keys, 3)                             // minimal sample uniques, scores by record and column
//	rare, err := risk.Rare(ctx, t, keys, 3, 11)                      // shortest combination held by fewer than 11
//	report, err := risk.Compare(ctx, before, after, keys, options)   // both, side by side and column by column
//
// Keys are the columns (by number) that an attacker may know of somebody: sex, age band, citizenship, dates. Records with
// the same values on all keys are a class; f is the size of a class in the file, F in the population it comes from.
// A missing value counts as a value of its own, unless said otherwise.
//
// Three attackers (El Emam and Dankar 2008, "Protecting privacy using k-anonymity"; ARX user manual, "Re-identification
// risks"):
//
//   - the prosecutor knows that a person is in the file: risk 1/f for each record;
//   - the journalist knows only that the person is in the population: risk 1/F, or an estimate of it;
//   - the marketer wants to find many: the expected share of records found, the mean of the risks.
//
// F comes from a population table (Options.Population), or from sampling weights (Options.Weights) by the
// estimate of Benedetti and Franconi (1998; Hundepool and others, "Statistical Disclosure Control", 2012, section
// 3.5.3), or else is f.
//
// The file of victims is rarely a random sample: then the journalist's risk is only as good as the population behind it,
// and the prosecutor's is the one to hold to.
//
// The package imports nothing of the rest of Aman. A million records of twenty columns take about 100 MB.
package risk
