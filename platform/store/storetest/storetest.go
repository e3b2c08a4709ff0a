// Package storetest gives tests a store of their own on each engine.
//
//	storetest.Each(t, func(t *testing.T, db *store.DB) { … })
//
// runs the function on an encrypted SQLite file and, where AMAN_TEST_POSTGRES
// names a server (scripts/test starts one), on PostgreSQL in a schema of its own.
// With AMAN_TEST_ALL set, as in a full run, a missing server fails the test.
package storetest

import (
	"bytes"
	"context"
	"crypto/rand"
	"database/sql"
	"encoding/hex"
	"net/url"
	"os"
	"testing"

	_ "github.com/jackc/pgx/v5/stdlib"

	"aman/platform/store"
)

// Key is the database key of every SQLite store made here.
var Key = bytes.Repeat([]byte{7}, 32)

// Each runs f on both engines.
func Each(t *testing.T, f func(t *testing.T, db *store.DB)) {
	t.Helper()
	t.Run("sqlite", func(t *testing.T) { f(t, SQLite(t)) })
	t.Run("postgres", func(t *testing.T) { f(t, Postgres(t)) })
}

// SQLite opens a new encrypted store in a temporary folder.
func SQLite(t testing.TB) *store.DB {
	t.Helper()
	return open(t, store.Config{Dir: t.TempDir(), Key: Key, Create: true})
}

// Postgres opens a new schema on the test server.
func Postgres(t testing.TB) *store.DB {
	t.Helper()
	return open(t, store.Config{URL: PostgresURL(t), Create: true})
}

// PostgresURL makes a new schema on the test server and gives its address.
func PostgresURL(t testing.TB) string {
	t.Helper()
	server := os.Getenv("AMAN_TEST_POSTGRES")
	if server == "" {
		if os.Getenv("AMAN_TEST_ALL") != "" {
			t.Fatal("AMAN_TEST_POSTGRES names no PostgreSQL server; scripts/test starts one")
		}
		t.Skip("not run on PostgreSQL: AMAN_TEST_POSTGRES is not set (scripts/test sets it)")
	}
	var b [8]byte
	rand.Read(b[:])
	schema := "t" + hex.EncodeToString(b[:])
	db, err := sql.Open("pgx", server)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := db.Exec("CREATE SCHEMA " + schema); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		db.Exec("DROP SCHEMA " + schema + " CASCADE")
		db.Close()
	})
	u, err := url.Parse(server)
	if err != nil {
		t.Fatal(err)
	}
	q := u.Query()
	q.Set("search_path", schema)
	u.RawQuery = q.Encode()
	return u.String()
}

func open(t testing.TB, c store.Config) *store.DB {
	t.Helper()
	db, err := store.Open(context.Background(), c)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { db.Close() })
	return db
}
