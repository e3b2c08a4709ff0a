// Package ops takes care of a node: backups and their restoring, the examination of a
// node, its periodic work. The commands of the same names are in cmd/aman.
//
//	manifest, err := ops.Backup(ctx, n, "aman-2026-11-24.backup", progress)
//	manifest, err := ops.Restore(ctx, "aman-2026-11-24.backup", node.Config{Data: dir, Keys: keys}, …)
//	report := ops.Examine(ctx, config, now)
//
// # What a backup is
//
// A backup is a dump of all tables in one read snapshot, so it is consistent while others
// write, is the same for both engines, and moves a node from one engine to the other. It
// is compressed and then sealed under the current epoch key of the key ring
// (vault.SealBackup): without the ring it says nothing, after the epoch's end it says
// nothing to anybody, and a changed, cut or lengthened file does not open at all. It ends
// with a manifest: for each table how many rows there are and a hash over all of them.
// The key ring itself is never in it.
//
// Copying the database file would be faster, but would tie a backup to one engine and
// carry deleted rows in free pages along.
//
// Restore writes into an empty place, in one transaction, then reads everything back and
// compares counts, hashes and the audit chain. On any doubt it leaves the place empty.
package ops
