// Command aman is the whole program: flags and wiring, nothing else. What a command does
// is in the package that it calls.
//
//	aman demo                 a demonstration on a throwaway store
//	aman init, aman serve     a real node
//	aman user, org, office, device, backup, restore, doctor, audit, keys
//	aman release              plan, make, check what leaves; the privacy ledger
//	aman form, xpath, screen, synth, evaluate   tools on files, without a node
//
// # What commands promise
//
//   - Answers go to stdout, everything else to stderr. With --json the answer is one JSON
//     value and nothing else.
//   - Exit codes: 0 done, 1 the input is at fault, 2 the command was not understood, 3 the
//     system is at fault. Each fault is one plain sentence on stderr.
//   - Progress is shown on a terminal and not in a pipe.
//   - A flag has a twin in the environment where a service needs it: AMAN_DATA, AMAN_KEYS,
//     AMAN_DATABASE, AMAN_PASSPHRASE_FILE … A flag wins.
package main
