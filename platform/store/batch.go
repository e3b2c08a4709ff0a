package store

import (
	"context"
	"time"
)

const (
	// batchMost bounds how many writes share one flush, so that a burst does not
	// keep the first of them waiting: 256 short writes take about 20 ms.
	batchMost = 256
	// batchFor bounds the same in time.
	batchFor = 20 * time.Millisecond
)

// write is the writer: it takes what waits, runs it, commits it together.
func (db *DB) write() {
	defer close(db.done)
	for {
		select {
		case w := <-db.queue:
			db.batch(w)
		case <-db.closing:
			for {
				select {
				case w := <-db.queue:
					db.batch(w)
				default:
					return
				}
			}
		}
	}
}

// batch runs first and whatever arrived since, and tells each its outcome after the commit.
func (db *DB) batch(first *write) {
	ctx := context.Background()
	var ran []*write
	finish := func(err error) {
		for _, w := range ran {
			if w.err == nil {
				w.err = err
			}
			close(w.ready)
		}
	}
	if err := db.begin(ctx); err != nil {
		ran = append(ran, first)
		finish(err)
		return
	}
	deadline := time.Now().Add(db.long)
	for w := first; w != nil; {
		ran = append(ran, w)
		if err := db.one(w); err != nil {
			// The transaction itself is lost (disk full, connection gone):
			// nothing of the batch was kept, and each of them is told so.
			_ = db.writer.exec(ctx, "ROLLBACK")
			for _, r := range ran {
				r.err = err
			}
			finish(err)
			db.renew(ctx)
			return
		}
		w = nil
		if len(ran) < db.most && time.Now().Before(deadline) {
			select {
			case w = <-db.queue:
			default:
			}
		}
	}
	err := db.writer.step(ctx, "COMMIT")
	if err != nil {
		_ = db.writer.exec(ctx, "ROLLBACK")
	}
	finish(err)
	if err != nil {
		db.renew(ctx)
	}
}

// begin opens the transaction; a connection that died while idle is replaced once.
func (db *DB) begin(ctx context.Context) error {
	err := db.engine.beginWrite(ctx, db.writer)
	if err == nil {
		return nil
	}
	_ = db.writer.exec(ctx, "ROLLBACK")
	if !db.engine.disconnected(err) {
		return err
	}
	db.renew(ctx)
	return db.engine.beginWrite(ctx, db.writer)
}

// renew replaces the writer's connection when it no longer answers.
func (db *DB) renew(ctx context.Context) {
	if db.writer.exec(ctx, "SELECT 1") == nil {
		return
	}
	if s, err := db.session(ctx); err == nil {
		db.writer.close()
		db.writer = s
	}
}

// one runs w under a savepoint. Its own error is kept in w; an error returned here
// means that the whole transaction is lost.
func (db *DB) one(w *write) error {
	if err := w.ctx.Err(); err != nil {
		w.err = err
		return nil
	}
	// The statements run under the writer's own context: a caller that goes away
	// half-way must not interrupt a transaction that others share.
	ctx := context.WithoutCancel(w.ctx)
	if err := db.writer.step(ctx, "SAVEPOINT one"); err != nil {
		return err
	}
	tx := &Tx{ctx: ctx, s: db.writer, eng: db.engine, writes: true}
	err := run(tx, w.fn)
	if err == nil {
		if err = db.writer.step(ctx, "RELEASE SAVEPOINT one"); err != nil {
			return err
		}
		w.after = tx.after
		return nil
	}
	w.err = err
	if db.writer.exec(ctx, "ROLLBACK TO SAVEPOINT one") != nil {
		// On a full disk SQLite rolls the whole transaction back by itself; the
		// first error says why, the second only that the savepoint is gone.
		return err
	}
	return db.writer.step(ctx, "RELEASE SAVEPOINT one")
}
