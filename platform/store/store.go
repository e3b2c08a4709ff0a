package store

import (
	"context"
	"database/sql"
	"fmt"
	"runtime"
	"sync"
	"time"
)

// Config says where the tables are.
type Config struct {
	// Dir is the data folder of an embedded node; the file in it is aman.db.
	Dir string
	// Key is the 32-byte key that encrypts the embedded database.
	Key []byte
	// URL is a postgres:// address. When set, Dir and Key are not used here.
	URL string
	// Readers is how many snapshots may be read at once (default 4).
	Readers int
	// Throwaway is for a store that nobody will miss, as a demonstration's: it is not
	// flushed to disk, and large batches share a commit.
	Throwaway bool
	// Create allows an empty database to be made; otherwise a missing one is an error.
	Create bool
}

// DB is an open store. It is safe for concurrent use.
type DB struct {
	engine  engine
	pool    *sql.DB
	writer  *session
	readers chan *session
	queue   chan *write
	most    int           // writes in a batch
	long    time.Duration // a batch takes
	closing chan struct{}
	done    chan struct{}
	once    sync.Once
}

// write is one function waiting for its turn.
type write struct {
	ctx   context.Context
	fn    func(*Tx) error
	after []func()
	err   error
	ready chan struct{}
}

// Open opens the store, brings its schema up to date and starts the writer.
// Its errors are *Error: a sentence for the operator.
func Open(ctx context.Context, c Config) (*DB, error) {
	eng, err := newEngine(c)
	if err != nil {
		return nil, err
	}
	if c.Readers <= 0 {
		c.Readers = 4
	}
	pool, err := eng.open(ctx)
	if err != nil {
		return nil, explain(err)
	}
	db := &DB{
		engine:  eng,
		pool:    pool,
		readers: make(chan *session, c.Readers),
		queue:   make(chan *write, 1024),
		most:    batchMost,
		long:    batchFor,
		closing: make(chan struct{}),
		done:    make(chan struct{}),
	}
	if c.Throwaway {
		db.most, db.long = 16*batchMost, 25*batchFor
	}
	if db.writer, err = db.session(ctx); err != nil {
		pool.Close()
		return nil, explain(err)
	}
	if err = migrate(ctx, db.writer, eng); err != nil {
		db.writer.close()
		pool.Close()
		return nil, explain(err)
	}
	for range c.Readers {
		db.readers <- nil // opened when first needed
	}
	go db.write()
	return db, nil
}

// Close waits for the writes under way and closes every connection.
func (db *DB) Close() error {
	db.once.Do(func() {
		close(db.closing)
		<-db.done
		db.writer.close()
		for range cap(db.readers) {
			if s := <-db.readers; s != nil {
				s.close()
			}
		}
		db.engine.beforeClose(db.pool)
	})
	return db.pool.Close()
}

// Engine names the engine, for `aman doctor` and measurements: sqlite or postgres.
func (db *DB) Engine() string { return db.engine.name() }

// Read runs fn on one consistent snapshot.
func (db *DB) Read(ctx context.Context, fn func(*Tx) error) (err error) {
	var s *session
	select {
	case s = <-db.readers:
	case <-ctx.Done():
		return ctx.Err()
	case <-db.closing:
		return errClosed
	}
	defer func() { db.readers <- s }()
	if s == nil {
		if s, err = db.session(ctx); err != nil {
			s = nil
			return explain(err)
		}
	}
	if err := s.exec(ctx, db.engine.beginRead()); err != nil {
		s.close()
		s = nil
		return explain(err)
	}
	err = run(&Tx{ctx: ctx, s: s, eng: db.engine}, fn)
	// The snapshot must end even when ctx has.
	if e := s.exec(context.WithoutCancel(ctx), "ROLLBACK"); e != nil {
		s.close()
		s = nil
	}
	return explain(err)
}

// Write runs fn in a transaction of its own and returns when it is durable.
// If fn returns an error nothing of it is kept, and that error comes back.
func (db *DB) Write(ctx context.Context, fn func(*Tx) error) error {
	w := &write{ctx: ctx, fn: fn, ready: make(chan struct{})}
	select {
	case db.queue <- w:
	case <-ctx.Done():
		return ctx.Err()
	case <-db.closing:
		return errClosed
	}
	// Once queued, the outcome is awaited: a caller must know whether it is durable.
	select {
	case <-w.ready:
	case <-db.done:
		select {
		case <-w.ready:
		default:
			return errClosed
		}
	}
	if w.err != nil {
		return explain(w.err)
	}
	for _, f := range w.after {
		f()
	}
	return nil
}

// run calls fn and turns a panic into an error, so that one bad request cannot
// take the writer, and with it everybody's work, down.
func run(tx *Tx, fn func(*Tx) error) (err error) {
	defer func() {
		if p := recover(); p != nil {
			// Of what was thrown only the runtime's own words go on: anything else could
			// carry a value of somebody's into a log.
			err = fmt.Errorf("internal fault while using the store: %T", p)
			if e, ok := p.(runtime.Error); ok {
				err = fmt.Errorf("internal fault while using the store: %w", e)
			}
		}
		tx.over = true
	}()
	return fn(tx)
}

func (db *DB) session(ctx context.Context) (*session, error) {
	conn, err := db.pool.Conn(ctx)
	if err != nil {
		return nil, err
	}
	return &session{conn: conn, prepare: db.engine.prepares(), stmts: map[string]*sql.Stmt{}}, nil
}

// Micros is the stored form of a time: microseconds since 1970, UTC. The zero time is 0.
func Micros(t time.Time) int64 {
	if t.IsZero() {
		return 0
	}
	return t.UnixMicro()
}

// Time is the inverse of Micros.
func Time(us int64) time.Time {
	if us == 0 {
		return time.Time{}
	}
	return time.UnixMicro(us).UTC()
}
