// Package vault keeps names, and everything else that could lead to a person, under
// keys of their own, so that destroying one key forgets one person everywhere.
//
//	ring, err := vault.OpenRing("data/keys", passphrase)
//	v := vault.New(db, ring)
//	key, err := v.PersonKey(tx, personID)
//	sealed, err := v.Seal(tx, key, "people/"+rowID+"/given_name", []byte(name))
//	name, err := v.Open(tx, "people/"+rowID+"/given_name", sealed)
//	receipt, err := v.Erase(tx, personID, by, time.Now())
//
// # Keys, from the outside in
//
//   - The key ring is a file outside the database (ring.go, ringfile.go), optionally locked
//     by a passphrase. It holds a root secret, which lasts, and epoch keys, which do not.
//   - From the root come, by HKDF, the key of the embedded database, the signing key of the
//     audit log and the key of the blind index.
//   - Each person and each submission has a random data key in the table vault_keys, wrapped
//     under the epoch key of its day. When a submission is joined to a person, Own gives its
//     key to the person. Values are sealed under data keys alone.
//   - Backups (backup.go) are sealed under the current epoch key too.
//
// # Why epochs
//
// Deleting a row of vault_keys forgets a person in the living database. It does not reach
// the backup of last week, a page that the database freed, or a copy of its write-ahead
// log. So Maintain begins a new epoch every 30 days, moves all living keys to it, and
// destroys the old epoch key 35 days after that. From then on no older backup opens, and
// no older image of vault_keys unwraps: whoever was erased is gone there too. An erasure
// is final in the living store at once, and everywhere after at most 67 days
// (Ring.BackupsGone says when); a backup can be restored for at least 35 days. An epoch
// on which living keys still hang is never destroyed.
//
// This holds only if copies of the key ring do not pile up. Keep one copy, apart from the
// data backups, and replace it after each rotation; keep the key folder out of snapshots.
// A ring that is lost takes everything with it.
//
// # Choices
//
// XChaCha20-Poly1305 (golang.org/x/crypto) for values: its 24-byte nonce can be drawn at
// random for ever, and it needs no special processor to be fast and of constant time, which
// matters on small field machines. Backups use the same cipher in the STREAM construction.
// HKDF and HMAC with SHA-256, ed25519 and argon2id are the standard library's and x/crypto's.
// tink-go was weighed: its keysets fit keys that a service manages in a cloud, and it would
// bring protobuf for one cipher call.
//
// Unwrapped keys are not cached. Unwrapping costs about a microsecond; reading the row of
// vault_keys is what costs, and it must be read each time: it is how an erasure done on one
// node stops every other node at once.
//
// # The blind index
//
// To find a sealed value again, Index keeps tokens: HMACs of what the caller made of it
// (normalised, phonetic). Lookup makes the same tokens and counts what rows have in common.
//
// # What this does not do
//
//   - Who holds the database and the key ring can read everything.
//   - Who sees the blind table without the ring learns which rows share a token, and how
//     often. Who has the ring as well can test guesses, also against an old raw copy of
//     the database file (not a backup), because the key of the index lasts.
//   - The length of a sealed value shows the length of the value.
//   - Go cannot promise that keys leave memory, nor a flash disk that overwritten bytes are
//     gone. Use an encrypted disk and no swap.
package vault
