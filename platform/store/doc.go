// Package store keeps Aman's tables, in one encrypted SQLite file or in
// PostgreSQL, behind one way of reading and one way of writing.
//
//	db, err := store.Open(ctx, store.Config{Dir: "data", Key: key})
//	err = db.Write(ctx, func(tx *store.Tx) error { … })  // returns after the commit is on disk
//	err = db.Read(ctx, func(tx *store.Tx) error { … })   // one snapshot, never blocks a writer
//
// Writing. All writes of a node pass through one goroutine. It runs the waiting
// functions one after the other, each under a savepoint, and commits them
// together (group commit): one flush to disk acknowledges many submissions. On
// PostgreSQL the batch first locks the row of writer_lock, so several nodes take
// turns and a write function sees on either engine what it would see alone.
// A write function therefore needs no locks and no retry loops; it must be quick,
// must touch nothing but its Tx, and may be run a second time when a connection
// broke before its commit.
//
// SQL. Queries use ? for parameters and the SQL that both engines take: TEXT,
// BIGINT, DOUBLE PRECISION, BOOLEAN, BLOB (BYTEA on PostgreSQL), upserts with ON
// CONFLICT, RETURNING. Times are BIGINT microseconds since 1970 in UTC, dates are
// TEXT YYYY-MM-DD, ids are TEXT. Text compares by code point on both engines.
//
// Nothing outside this package knows which engine runs.
package store
