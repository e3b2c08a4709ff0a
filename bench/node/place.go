package main

import (
	"context"
	"crypto/rand"
	"database/sql"
	"encoding/hex"
	"fmt"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"

	_ "github.com/jackc/pgx/v5/stdlib" // the floors speak to the server directly
)

// place is where the stores of one engine lie.
type place struct {
	dir    string
	server string // postgres:// address; empty for SQLite
}

// openPlace starts a private PostgreSQL beside the embedded stores, on the same disk, when
// none was named.
func openPlace(ctx context.Context, o options, engine, dir string) (place, func(), error) {
	p := place{dir: dir, server: o.database}
	nothing := func() {}
	switch {
	case engine == "sqlite":
		p.server = ""
		return p, nothing, nil
	case engine != "postgres":
		return p, nothing, fmt.Errorf("there is no engine %q", engine)
	case p.server != "":
		return p, nothing, nil
	}
	script, err := script()
	if err != nil {
		return p, nothing, err
	}
	if err := os.Chmod(filepath.Dir(dir), 0o755); err != nil { // the server runs as another user
		return p, nothing, err
	}
	if err := os.Chmod(dir, 0o755); err != nil {
		return p, nothing, err
	}
	env := append(os.Environ(), "AMAN_TEST_PG_DIR="+filepath.Join(dir, "server"), "AMAN_TEST_PG_PORT="+freePort())
	cmd := exec.CommandContext(ctx, script)
	cmd.Env, cmd.Stderr = env, os.Stderr
	out, err := cmd.Output()
	if err != nil {
		return p, nothing, fmt.Errorf("scripts/postgres: %w", err)
	}
	p.server = strings.TrimSpace(string(out))
	return p, func() {
		if o.keep != "" {
			stopServer(filepath.Join(dir, "server", "data"))
			return
		}
		cmd := exec.Command(script, "stop")
		cmd.Env = env
		_ = cmd.Run()
	}, nil
}

// stopServer ends a server whose data are kept.
func stopServer(data string) {
	bins, _ := filepath.Glob("/usr/lib/postgresql/*/bin/pg_ctl")
	bin := "pg_ctl"
	if len(bins) > 0 {
		bin = bins[len(bins)-1]
	}
	args := []string{bin, "-D", data, "-m", "fast", "-w", "stop"}
	if os.Getuid() == 0 {
		args = append([]string{"runuser", "-u", "postgres", "--"}, args...)
	}
	_ = exec.Command(args[0], args[1:]...).Run()
}

// script finds scripts/postgres from the working folder upwards.
func script() (string, error) {
	at, err := os.Getwd()
	if err != nil {
		return "", err
	}
	for {
		p := filepath.Join(at, "scripts", "postgres")
		if _, err := os.Stat(p); err == nil {
			return p, nil
		}
		if at == filepath.Dir(at) {
			return "", fmt.Errorf("scripts/postgres was not found; give -database or run inside the project")
		}
		at = filepath.Dir(at)
	}
}

// fresh names a store that is made anew; named names one that is kept.
func (p place) fresh(ctx context.Context, name string) (job, error) {
	var b [4]byte
	rand.Read(b[:])
	return p.named(ctx, name+hex.EncodeToString(b[:]))
}

func (p place) named(ctx context.Context, name string) (job, error) {
	j := job{Data: filepath.Join(p.dir, name)}
	if err := os.MkdirAll(j.Data, 0o700); err != nil || p.server == "" {
		return j, err
	}
	db, err := sql.Open("pgx", p.server)
	if err != nil {
		return j, err
	}
	defer db.Close()
	if _, err := db.ExecContext(ctx, "CREATE DATABASE "+name); err != nil && !strings.Contains(err.Error(), "42P04") { // is there already
		return j, err
	}
	u, err := url.Parse(p.server)
	if err != nil {
		return j, err
	}
	u.Path = "/" + name
	j.Database = u.String()
	return j, nil
}

// size is how many bytes the store of a job takes.
func (p place) size(ctx context.Context, j job) (n int64, err error) {
	if j.Database != "" {
		db, err := sql.Open("pgx", j.Database)
		if err != nil {
			return 0, err
		}
		defer db.Close()
		return n, db.QueryRowContext(ctx, "SELECT pg_database_size(current_database())").Scan(&n)
	}
	files, err := filepath.Glob(filepath.Join(j.Data, "aman.db*"))
	for _, f := range files {
		if s, err := os.Stat(f); err == nil && !strings.HasSuffix(f, "-shm") {
			n += s.Size()
		}
	}
	return n, err
}
