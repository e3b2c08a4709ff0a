package store

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"strconv"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/stdlib"
)

type postgresEngine struct {
	numbered
	config *pgx.ConnConfig
}

func newPostgres(c Config) (engine, error) {
	config, err := pgx.ParseConfig(c.URL)
	if err != nil {
		// pgx hides the password in this error, but not the rest of the address.
		return nil, &Error{Kind: Unreachable, Text: "The address of the database could not be read. It looks like postgres://user:password@host:port/name."}
	}
	return &postgresEngine{numbered: numbered{seen: map[string]string{}}, config: config}, nil
}

func (e *postgresEngine) name() string { return "postgres" }

func (e *postgresEngine) open(ctx context.Context) (*sql.DB, error) {
	// Compiling a query takes PostgreSQL 200 ms, more than any of ours takes to run. Set here
	// and not in the address, because a pooler in between refuses what it does not know; a
	// server without the setting says so and is left alone.
	pool := stdlib.OpenDB(*e.config, stdlib.OptionAfterConnect(func(ctx context.Context, c *pgx.Conn) error {
		if _, err := c.Exec(ctx, "SET jit = off"); err != nil && c.IsClosed() {
			return err
		}
		return nil
	}))
	pool.SetMaxIdleConns(64)
	if err := pool.PingContext(ctx); err != nil {
		pool.Close()
		return nil, err
	}
	return pool, nil
}

func (e *postgresEngine) beforeClose(*sql.DB) {}

func (e *postgresEngine) beginRead() string {
	return "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY"
}

// beginWrite takes the turn. A row lock, not an advisory lock, because every
// database that speaks PostgreSQL's protocol has row locks.
func (e *postgresEngine) beginWrite(ctx context.Context, s *session) error {
	if err := s.exec(ctx, "BEGIN"); err != nil {
		return err
	}
	return s.exec(ctx, "SELECT id FROM writer_lock WHERE id = 1 FOR UPDATE")
}

func (e *postgresEngine) disconnected(err error) bool {
	var ce *pgconn.ConnectError
	return errors.Is(err, driver.ErrBadConn) || errors.As(err, &ce) || pgconn.SafeToRetry(err) || errors.Is(err, sql.ErrConnDone)
}

func (e *postgresEngine) prepares() bool { return false } // pgx keeps its own

func (e *postgresEngine) ddl(s string) string {
	// Code-point order, so that a sorted list and a range are the same on both engines.
	return blobType.ReplaceAllString(textType.ReplaceAllString(s, `TEXT COLLATE "C"`), "BYTEA")
}

func (e *postgresEngine) columnsQuery() string {
	return "SELECT column_name::text FROM information_schema.columns WHERE table_schema = current_schema() AND table_name = ? ORDER BY ordinal_position"
}

func postgresKind(err error) (Kind, bool) {
	var ce *pgconn.ConnectError
	if errors.As(err, &ce) {
		return Unreachable, true
	}
	var pe *pgconn.PgError
	if !errors.As(err, &pe) {
		return 0, false
	}
	switch pe.Code {
	case "28P01", "28000":
		return WrongKey, true
	case "3D000":
		return Missing, true
	case "53100":
		return DiskFull, true
	case "55P03", "57014":
		return Locked, true
	case "57P01", "57P02", "57P03", "08006", "08003", "53300":
		return Unreachable, true
	case "42501", "25006":
		return NoPermission, true
	case "XX001", "XX002":
		return Damaged, true
	}
	return 0, false
}

func itoa(n int) string { return strconv.Itoa(n) }
