// Package registry keeps the registers: typed tables of people, cases, episodes,
// services, referrals, flow counts and whatever else a pack declares.
//
// A register is data. A pack's registers/NAME.yaml names its properties; each has a
// type, a privacy class, labels in three languages and, where the field has one, an
// HTCDS name. Load reads the packs into a Catalog; Registry.Migrate makes or extends
// the tables. Growing a pack never loses a value: a property that disappears from a
// pack keeps its column.
//
// Privacy classes decide where a value lives:
//
//	open       a column; may be counted in statistics and releases
//	sensitive  a column; for those who work on the case (the default)
//	identity   sealed under the person's own key; unsealed one record at a time, audited
//	health     sealed likewise, for roles that need it
//
// Free text about a person can hold a name, so a register about people takes text
// properties only as identity or health.
//
// Every change is a Write made by a submission (package forms). Apply checks the
// access policy, keeps the version and the history, and finds conflicts: a write
// that was made on an older version changes what nobody else changed since; what
// both changed is kept beside the row for a person to decide, never overwritten.
//
// Reading goes through Get, List, Count and Group, always as a Subject: rows and
// properties the access policy does not allow are not in the answer.
package registry
