// Package release lets figures and files out of the house, and nothing else does. There are two ways.
//
// # A table at once
//
// Service.Table counts under the data officer's rights, only people who agreed to be counted, protects the counts with
// package kanon against what the table tells itself and what it tells together with every earlier one of the same
// register, and writes it into the ledger before anybody sees it (table.go).
//
// # A release by two people
//
// A request goes through a state machine that is a table (Moves in request.go):
//
//	draft -> submitted -> approved -> released -> recalled
//	            |            |
//	         rejected      failed -> submitted again
//
// One person drafts, plans and submits; another approves or rejects; nobody does both for one request, whatever roles she
// has. Every step is in the audit log (steps.go). A plan (plan.go) has two halves: what the release will be like, worked
// out without a look at a record, and the risk of the true rows, which only those who release or approve see. An approved request is
// made by a job (work.go), which leaves a signed folder (package product) with its website (package showcase). A recall takes the
// folder away and gives a signed notice; what was spent stays spent.
//
// # Two paths
//
// With noise (dp): synthetic records and counts with intervals, by package synth. The budget of a population, which is a
// register of an organisation, is set once by those who approve (Service.SetBudget), and every spend is in the ledger in the
// database before noise is drawn (ledger.go). An approval pays for one attempt: a node that dies after the spend leaves a
// request that failed, and another attempt needs another approval and another spend.
//
// Alike (k): true rows, of which each is shared by k people or more on all columns together, by package kanon (alike.go).
// Two such files, or a file and a table, that count people of the same time are refused, because nothing proves what
// their difference tells. The same rows again are not. A profile may hold the file to a rule of its publisher (HDX: a risk below 3 %).
//
// # Who is in a file
//
// Which columns a file has, and which property fills them, is data (package profiles). Only properties of the class open
// are counted (records.go). People are counted who agreed to statistics and whose agreement has not ended. One
// person is one row: of several cases in the period the latest, so that adding or removing a person changes one row. Lines of
// the flow registry are observations, not people; the profile says so, and so does every file made of it.
//
// # Without a node
//
// Sheet (sheet.go) makes a release of a bare CSV file, with the ledger in a file and nobody to approve, which its manifest
// says. Check verifies any folder; Trace says what a node knows of it.
//
// Sub-packages do the work and import nothing of the program: kanon (withholding), risk (measures of risk), dp and synth
// (noise and synthetic records), evaluate, profiles, product (the folder), showcase (its website).
package release
