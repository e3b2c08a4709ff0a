// Package jobs runs work that outlives a request: imports, exports, backups, the upkeep
// of keys. The queue is the table jobs of the store, on either database.
//
//	q := jobs.New(db, hostname)
//	q.Handle("import", jobs.Rule{Attempts: 3}, func(ctx context.Context, j *jobs.Job) error { … })
//	q.Handle("vault.maintain", jobs.Rule{Every: 24 * time.Hour}, func(ctx context.Context, j *jobs.Job) error { … })
//	id, err := q.Enqueue(tx, "import", args, jobs.Options{By: user})  // inside a write
//	err = q.Run(ctx)                                                  // works until ctx ends
//
// # What is promised
//
//   - A job runs if and only if the write that enqueued it was kept.
//   - At one time one try of a job runs, on one node. The node holds a lease, renews it six
//     times over, and stops the handler when it could not. A node that died is followed by
//     another after the lease (one minute). Job.Write makes changes only while the lease is
//     held, for nodes that were frozen and do not know it.
//   - A job may run more than once: handlers must bear a repetition. A failed try is
//     repeated after a growing pause, a panic counts as a failed try, and after Rule.Attempts
//     the job has failed and waits for a person to Retry it. A try cut off by an orderly
//     shutdown does not count; one cut off by a crash does, lest it crash every node in turn.
//   - A periodic kind has one job, in one row, whatever the number of nodes.
//
// # What is stored
//
// Arguments are ids and settings, never an identity value. Errors and notes are for a
// person to read; what stands in them between quotes, long numbers and addresses are taken
// out (plain.go), because errors like to quote the value that they could not read.
//
// # Why a table of our own
//
// River (riverqueue/river) is a good queue for PostgreSQL, and has a SQLite driver. It
// wants its own migrations and its own connection pool, and it enqueues through the
// driver's transaction. All writes of a node go through one goroutine here and writers of
// all nodes take turns (platform/store), so what makes a queue hard on PostgreSQL, many
// claimers at once, does not arise: claiming is one SELECT and one UPDATE, and enqueueing
// inside any write is one INSERT. The price is pace: a few hundred jobs a second, where a
// case office needs a few a minute.
package jobs
