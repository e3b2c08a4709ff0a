// Package dp draws exact differentially private noise and keeps account of it.
//
// It has five parts, each one file, meant to be read in this order:
//
//   - rho.go       how much privacy costs: zero-concentrated differential privacy (zCDP) in
//     integer units, and the tight conversion to the usual (epsilon, delta), both ways;
//   - sampler.go   discrete Gaussian and discrete Laplace noise from integers alone. No
//     floating point number takes part in a draw, so the attacks on the low bits of floats
//     (Mironov 2012; Jin et al. 2022) have nothing to read;
//   - choose.go    the exponential mechanism on integer scores, as exact as the noise;
//   - ledger.go    a budget that is written down before noise is drawn, and that refuses to
//     be overspent. A spend yields a Grant, and a Grant is the only way to get noise on data;
//   - filestore.go a ledger on disk: one JSON line an entry, each synced and chained by hash.
//
// # The promise
//
// A mechanism that adds N_Z(0, s²) to every cell of an integer vector whose L2 sensitivity is
// D (removing or adding one person moves the vector by at most D) is D²/(2s²)-zCDP
// (Canonne, Kamath, Steinke 2020, Theorem 14). Costs add, also when later questions depend
// on earlier answers (Bun, Steinke 2016, Lemma 1.7). Whatever is computed from the answers costs
// nothing more.
//
// The package knows nothing of tables or people: the caller must state the sensitivity, and
// should test it (see the neighbour tests of package synth).
//
// # Use
//
//	store, _ := dp.OpenFile("population.ledger")
//	ledger, _ := dp.OpenLedger(ctx, store, budget)
//	grant, err := ledger.Spend(ctx, "monthly table", rho)   // durable before it returns
//	noisy, variance, err := grant.AddGaussian(ctx, counts, 1, rho)
//
// The noise is for batch work: how long a draw takes depends on its value (Jin et al. 2022,
// section 5), so do not let an adversary time single draws.
//
// # Sources
//
// Canonne, Kamath, Steinke: The Discrete Gaussian for Differential Privacy, NeurIPS 2020
// (arXiv 2004.00010), Algorithms 1-3, Theorem 14, Proposition 12.
// Bun, Steinke: Concentrated Differential Privacy, TCC 2016 (arXiv 1605.02065).
// Mironov: On Significance of the Least Significant Bits for Differential Privacy, CCS 2012.
// Jin, McMurtry, Rubinstein, Ohrimenko: Are We There Yet? Timing and Floating-Point Attacks on
// Differential Privacy Systems, S&P 2022 (arXiv 2112.05307).
package dp
