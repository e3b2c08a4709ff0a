package main

import (
	"context"
	"crypto/rand"
	"database/sql"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/ncruces/go-sqlite3"
	"github.com/ncruces/go-sqlite3/driver"
	_ "github.com/ncruces/go-sqlite3/vfs/adiantum" // the floor is as encrypted as the node
)

// floor is the least that an acknowledged submission costs on this disk.
type floor struct {
	// Fsyncs a second of a file that grows by 4 KiB each time.
	Fsyncs float64
	// Rows a second that one client inserts, each in a durable transaction of its own, with
	// the engine and its settings as the node has them, and nothing else.
	Rows float64
}

const floorFor = 3 * time.Second

func floors(ctx context.Context, p place, dir string) (f floor, err error) {
	if f.Fsyncs, err = fsyncs(dir); err != nil {
		return f, err
	}
	db, done, err := p.bare(ctx)
	if err != nil {
		return f, err
	}
	defer done()
	if f.Rows, err = rows(ctx, db, p.server != ""); err != nil {
		return f, err
	}
	return f, nil
}

func fsyncs(dir string) (float64, error) {
	file, err := os.CreateTemp(dir, "fsync")
	if err != nil {
		return 0, err
	}
	defer os.Remove(file.Name())
	defer file.Close()
	block := make([]byte, 4096)
	return rate(func() error {
		if _, err := file.Write(block); err != nil {
			return err
		}
		return file.Sync()
	})
}

// rate is how often f can be done in a second.
func rate(f func() error) (float64, error) {
	began, n := time.Now(), 0
	for time.Since(began) < floorFor {
		if err := f(); err != nil {
			return 0, err
		}
		n++
	}
	return float64(n) / time.Since(began).Seconds(), nil
}

// bare opens the engine without anything of the node.
func (p place) bare(ctx context.Context) (*sql.DB, func(), error) {
	if p.server != "" {
		db, err := sql.Open("pgx", p.server)
		if err != nil {
			return nil, nil, err
		}
		db.SetMaxOpenConns(1)
		return db, func() { db.Exec("DROP TABLE IF EXISTS floor"); db.Close() }, nil
	}
	folder, err := os.MkdirTemp(p.dir, "floor")
	if err != nil {
		return nil, nil, err
	}
	db, err := driver.Open("file:"+filepath.ToSlash(filepath.Join(folder, "floor.db"))+"?vfs=adiantum", func(c *sqlite3.Conn) error {
		for _, q := range []string{"hexkey='" + fmt.Sprintf("%064x", 7) + "'", "journal_mode=wal", "synchronous=full"} {
			if err := c.Exec("PRAGMA " + q); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return nil, nil, err
	}
	db.SetMaxOpenConns(1)
	return db, func() { db.Close(); os.RemoveAll(folder) }, nil
}

func rows(ctx context.Context, db *sql.DB, numbered bool) (float64, error) {
	if _, err := db.ExecContext(ctx, "CREATE TABLE floor (id BIGINT PRIMARY KEY, body TEXT NOT NULL)"); err != nil {
		return 0, err
	}
	query := "INSERT INTO floor (id, body) VALUES (?, ?)"
	if numbered {
		query = "INSERT INTO floor (id, body) VALUES ($1, $2)"
	}
	insert, err := db.PrepareContext(ctx, query)
	if err != nil {
		return 0, err
	}
	defer insert.Close()
	body := make([]byte, 500)
	rand.Read(body)
	text, id := fmt.Sprintf("%x", body), 0
	return rate(func() error {
		id++
		_, err := insert.ExecContext(ctx, id, text)
		return err
	})
}
