// Package release lets figures out of the house. Every table that leaves goes through
// Service.Table: counted under the data officer's rights, only from people who agreed to
// be counted, protected by package kanon against what it tells itself and what it tells
// together with every earlier release of the same register, and written into the ledger
// before anybody sees it.
//
// Sub-packages do the work and import nothing of the program: kanon (withholding),
// risk (measures of risk), dp and synth (noise and synthetic records), evaluate.
package release
