package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
)

// Tx is a transaction: a snapshot inside Read, a turn of the writer inside Write.
// It is for one goroutine and ends with the function it was given to.
type Tx struct {
	ctx    context.Context
	s      *session
	eng    engine
	writes bool
	over   bool
	after  []func()
}

// Context is the context of the call.
func (tx *Tx) Context() context.Context { return tx.ctx }

// AfterCommit runs f once the write is durable; not at all if it is not.
func (tx *Tx) AfterCommit(f func()) { tx.after = append(tx.after, f) }

// Exec runs a statement and says how many rows it changed.
func (tx *Tx) Exec(query string, args ...any) (int64, error) {
	if err := tx.check(); err != nil {
		return 0, err
	}
	if !tx.writes {
		return 0, errors.New("a read transaction cannot change the store")
	}
	res, err := tx.s.execArgs(tx.ctx, tx.eng.rewrite(query), args)
	if err != nil {
		return 0, err
	}
	return res.RowsAffected()
}

// Row reads one row; Scan gives ErrNone when there is none.
func (tx *Tx) Row(query string, args ...any) Row {
	if err := tx.check(); err != nil {
		return Row{err: err}
	}
	rows, err := tx.s.query(tx.ctx, tx.eng.rewrite(query), args)
	return Row{rows: rows, err: err}
}

// Each calls f for every row. f must not use tx: collect first (All), then ask again.
func (tx *Tx) Each(f func(*sql.Rows) error, query string, args ...any) error {
	if err := tx.check(); err != nil {
		return err
	}
	rows, err := tx.s.query(tx.ctx, tx.eng.rewrite(query), args)
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
		if err := f(rows); err != nil {
			return err
		}
	}
	return rows.Err()
}

// All collects every row through scan.
func All[T any](tx *Tx, scan func(*sql.Rows) (T, error), query string, args ...any) ([]T, error) {
	var out []T
	err := tx.Each(func(r *sql.Rows) error {
		v, err := scan(r)
		if err == nil {
			out = append(out, v)
		}
		return err
	}, query, args...)
	return out, err
}

// Strings collects the first column of every row.
func (tx *Tx) Strings(query string, args ...any) ([]string, error) {
	return All(tx, func(r *sql.Rows) (s string, err error) { return s, r.Scan(&s) }, query, args...)
}

// Columns names the columns of a table in order; empty when there is no such table.
func (tx *Tx) Columns(table string) ([]string, error) {
	return tx.Strings(tx.eng.columnsQuery(), table)
}

// DDL runs a definition (CREATE TABLE, CREATE INDEX, ALTER TABLE) written with the
// types named in the package comment.
func (tx *Tx) DDL(statement string) error {
	if err := tx.check(); err != nil {
		return err
	}
	if err := tx.s.exec(tx.ctx, tx.eng.ddl(statement)); err != nil {
		return fmt.Errorf("%w in: %s", err, statement)
	}
	tx.s.forget()
	return nil
}

func (tx *Tx) check() error {
	if tx.over {
		return errors.New("this transaction has ended")
	}
	return nil
}

// ErrNone is what Row.Scan gives when no row matched.
var ErrNone = sql.ErrNoRows

// Row is the outcome of Tx.Row.
type Row struct {
	rows *sql.Rows
	err  error
}

// Scan reads the row's columns and closes it.
func (r Row) Scan(dest ...any) error {
	if r.err != nil {
		return r.err
	}
	defer r.rows.Close()
	if !r.rows.Next() {
		if err := r.rows.Err(); err != nil {
			return err
		}
		return ErrNone
	}
	if err := r.rows.Scan(dest...); err != nil {
		return err
	}
	return r.rows.Close()
}

// session is one connection with its prepared statements. SQLite parses a
// statement in about the time it takes to run a small one, so they are kept.
type session struct {
	conn    *sql.Conn
	prepare bool
	stmts   map[string]*sql.Stmt
}

// stmtsMost bounds the cache; list pages make many shapes of one query.
const stmtsMost = 200

func (s *session) close() {
	s.forget()
	s.conn.Close()
}

func (s *session) forget() {
	for _, st := range s.stmts {
		st.Close()
	}
	clear(s.stmts)
}

func (s *session) exec(ctx context.Context, query string) error {
	_, err := s.conn.ExecContext(ctx, query)
	return err
}

// step is exec for the statements that frame every write; they are prepared as others are.
func (s *session) step(ctx context.Context, query string) error {
	_, err := s.execArgs(ctx, query, nil)
	return err
}

func (s *session) stmt(ctx context.Context, query string) (*sql.Stmt, error) {
	if st, ok := s.stmts[query]; ok {
		return st, nil
	}
	if len(s.stmts) >= stmtsMost {
		s.forget()
	}
	st, err := s.conn.PrepareContext(ctx, query)
	if err == nil {
		s.stmts[query] = st
	}
	return st, err
}

func (s *session) execArgs(ctx context.Context, query string, args []any) (sql.Result, error) {
	if !s.prepare {
		return s.conn.ExecContext(ctx, query, args...)
	}
	st, err := s.stmt(ctx, query)
	if err != nil {
		return nil, err
	}
	return st.ExecContext(ctx, args...)
}

func (s *session) query(ctx context.Context, query string, args []any) (*sql.Rows, error) {
	if !s.prepare {
		return s.conn.QueryContext(ctx, query, args...)
	}
	st, err := s.stmt(ctx, query)
	if err != nil {
		return nil, err
	}
	return st.QueryContext(ctx, args...)
}
