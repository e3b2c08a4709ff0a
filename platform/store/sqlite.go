package store

import (
	"context"
	"database/sql"
	"encoding/hex"
	"errors"
	"net/url"
	"os"
	"path/filepath"

	"github.com/ncruces/go-sqlite3"
	"github.com/ncruces/go-sqlite3/driver"
	_ "github.com/ncruces/go-sqlite3/vfs/adiantum" // encryption at rest
)

// File is the name of the embedded database in its data folder.
const File = "aman.db"

// Limits of one connection. A list page touches a few MB; an 8 MB cache keeps the
// inner pages of every index of a case office, and 1 GB stops a runaway query long
// before it hurts the machine. Four readers and one writer stay below 100 MB.
//
// A transaction that changes more than the cache holds would write pages to the log, drop
// them and read them again, many times over: an import of 100 people wrote 1.2 MB for each.
// So changed pages may go past the cache, to 64 MB, before any is written early.
const (
	cacheKiB  = 8 << 10
	spillAt   = 64 << 20 / 4096 // pages
	memoryMax = 1 << 30
)

// foldPages is how long the write-ahead log gets before it is folded into the file: 16 MB.
// SQLite's own 1,000 pages fold a storm of submissions several times a second.
const foldPages = 4000

type sqliteEngine struct {
	path   string
	key    string
	create bool
	// throwaway stores are not flushed, and fold their log into the file seldom.
	throwaway bool
}

func newSQLite(c Config) (engine, error) {
	if c.Dir == "" {
		return nil, &Error{Kind: Missing, Text: "No data folder was named. Give --data DIR."}
	}
	if len(c.Key) != 32 {
		return nil, &Error{Kind: WrongKey, Text: "The database key must be 32 bytes long."}
	}
	return &sqliteEngine{path: filepath.Join(c.Dir, File), key: hex.EncodeToString(c.Key), create: c.Create, throwaway: c.Throwaway}, nil
}

func (e *sqliteEngine) name() string { return "sqlite" }

func (e *sqliteEngine) open(ctx context.Context) (*sql.DB, error) {
	if _, err := os.Stat(e.path); err != nil && !e.create {
		return nil, &Error{Kind: Missing, Text: "There is no database in the data folder. Make one with `aman init`.", Err: err}
	}
	// The address is written by hand because url.URL would drop the leading slash rules of SQLite.
	flush, fold := "full", foldPages
	if e.throwaway {
		flush, fold = "off", 10*foldPages
	}
	name := "file:" + (&url.URL{Path: filepath.ToSlash(e.path)}).EscapedPath() + "?vfs=adiantum"
	pool, err := driver.Open(name, func(c *sqlite3.Conn) error {
		// The key comes by PRAGMA, not in the address, so that it is in no error text.
		for _, q := range []string{
			"PRAGMA hexkey='" + e.key + "'",
			"PRAGMA busy_timeout=10000",
			"PRAGMA temp_store=memory",
			"PRAGMA journal_mode=wal",
			"PRAGMA synchronous=" + flush,
			"PRAGMA wal_autocheckpoint=" + itoa(fold),
			"PRAGMA foreign_keys=on",
			"PRAGMA secure_delete=on",
			"PRAGMA trusted_schema=off",
			"PRAGMA cache_size=-" + itoa(cacheKiB),
			"PRAGMA cache_spill=" + itoa(spillAt),
		} {
			if err := c.Exec(q); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	pool.SetMaxIdleConns(64)
	if err := pool.PingContext(sqlite3.WithMaxMemory(ctx, memoryMax)); err != nil {
		pool.Close()
		return nil, err
	}
	var n int
	if err := pool.QueryRowContext(ctx, "SELECT count(*) FROM sqlite_schema").Scan(&n); err != nil {
		pool.Close()
		return nil, err
	}
	return pool, nil
}

// beforeClose folds the write-ahead log into the file, so that a closed node is one file.
func (e *sqliteEngine) beforeClose(pool *sql.DB) {
	_, _ = pool.Exec("PRAGMA wal_checkpoint(TRUNCATE)")
}

func (e *sqliteEngine) beginRead() string { return "BEGIN DEFERRED" }

func (e *sqliteEngine) beginWrite(ctx context.Context, s *session) error {
	return s.step(ctx, "BEGIN IMMEDIATE")
}

func (e *sqliteEngine) disconnected(error) bool     { return false }
func (e *sqliteEngine) prepares() bool              { return true }
func (e *sqliteEngine) rewrite(query string) string { return query }
func (e *sqliteEngine) ddl(statement string) string { return statement }
func (e *sqliteEngine) columnsQuery() string {
	return "SELECT name FROM pragma_table_info(?) ORDER BY cid"
}

func sqliteKind(err error) (Kind, bool) {
	var e *sqlite3.Error
	if !errors.As(err, &e) {
		var c sqlite3.ErrorCode
		if !errors.As(err, &c) {
			return 0, false
		}
		return codeKind(c)
	}
	return codeKind(e.Code())
}

func codeKind(c sqlite3.ErrorCode) (Kind, bool) {
	switch c {
	case sqlite3.NOTADB:
		return WrongKey, true
	case sqlite3.BUSY, sqlite3.LOCKED:
		return Locked, true
	case sqlite3.FULL:
		return DiskFull, true
	case sqlite3.CORRUPT:
		return Damaged, true
	case sqlite3.READONLY, sqlite3.PERM, sqlite3.CANTOPEN, sqlite3.AUTH:
		return NoPermission, true
	case sqlite3.IOERR:
		return Disk, true
	}
	return 0, false
}
