// Package audit keeps the log of who did what: every act, every look at a sealed
// value, every refusal, in a chain that shows any later change.
//
//	log := audit.New(db, ring.AuditKey())
//	err = log.Append(tx, audit.Entry{Actor: user, Org: org, Action: "case.open", Outcome: audit.OK, Case: id})
//	rep, err := audit.Verify(ctx, db, publicKey, nil)
//
// # The chain
//
// The hash of an entry is SHA-256 over the hash before it and all of its own fields
// (entry.go, encode), as in S. Haber and W. S. Stornetta, How to time-stamp a digital
// document, J. Cryptology 3, 1991. So no entry can be changed, dropped, inserted or moved
// without changing every hash after it. The newest hash is signed (ed25519) by each Append,
// because whoever can write the database could else compute the chain anew; that signature
// also shows a cut end. Each thousandth is kept in audit_checkpoints. The signing key is in
// the key ring, not in the database.
//
// One attack is left to who holds the database alone: putting an old copy of everything
// back, head included. Checkpoint gives a signed statement to keep elsewhere, and Verify
// takes such statements as anchors. Who holds the key ring too can write any history
// that does not contradict an anchor.
//
// # No identity values
//
// The log outlives erasure, so it must not know anybody. Entries hold codes, ids, numbers
// and dates; Detail has a closed list of keys, each with the shape of its value, and no key
// for free text (entry.go, details). Append refuses the rest: spaces, capitals in codes,
// other scripts, long numbers. That stops mistakes of the usual kind. It cannot tell a
// name in lower case from a code, so actions, reasons and states must come from constants
// and code lists, never from what somebody typed.
package audit
