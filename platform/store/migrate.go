package store

import (
	"context"
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"strings"
)

//go:embed migrations/*.sql
var migrations embed.FS

// migrate brings the schema to the newest version, each step in one transaction.
// A schema newer than this program is left alone.
//
// A step is a file migrations/NNNN_name.sql: statements ended by a semicolon at the
// end of a line. Steps are never edited once released; a mistake gets a next step.
func migrate(ctx context.Context, s *session, eng engine) error {
	files, err := fs.ReadDir(migrations, "migrations")
	if err != nil {
		return err
	}
	if err := s.exec(ctx, eng.ddl("CREATE TABLE IF NOT EXISTS schema_version (version BIGINT PRIMARY KEY, name TEXT NOT NULL)")); err != nil {
		return err
	}
	if err := s.exec(ctx, "CREATE TABLE IF NOT EXISTS writer_lock (id BIGINT PRIMARY KEY)"); err != nil {
		return err
	}
	if err := s.exec(ctx, "INSERT INTO writer_lock (id) VALUES (1) ON CONFLICT DO NOTHING"); err != nil {
		return err
	}
	for i, f := range files {
		if err := step(ctx, s, eng, i+1, len(files), f.Name()); err != nil {
			return err
		}
	}
	return nil
}

func step(ctx context.Context, s *session, eng engine, version, newest int, name string) (err error) {
	if err := eng.beginWrite(ctx, s); err != nil {
		return err
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, s.exec(ctx, "ROLLBACK"))
		}
	}()
	var have int
	if err := s.conn.QueryRowContext(ctx, "SELECT coalesce(max(version), 0) FROM schema_version").Scan(&have); err != nil {
		return err
	}
	if have > newest {
		return &Error{Kind: NewerSchema, Text: fmt.Sprintf("The database was made by a newer Aman (schema %d; this program knows %d). Nothing was changed. Use the newer program.", have, newest)}
	}
	if have >= version {
		return s.exec(ctx, "ROLLBACK")
	}
	body, err := migrations.ReadFile("migrations/" + name)
	if err != nil {
		return err
	}
	for _, stmt := range statements(string(body)) {
		if err := s.exec(ctx, eng.ddl(stmt)); err != nil {
			return fmt.Errorf("schema step %s: %w", name, err)
		}
	}
	if _, err := s.conn.ExecContext(ctx, eng.rewrite("INSERT INTO schema_version (version, name) VALUES (?, ?)"), version, name); err != nil {
		return err
	}
	return s.exec(ctx, "COMMIT")
}

func statements(body string) []string {
	var lines []string
	for l := range strings.SplitSeq(body, "\n") {
		if t := strings.TrimSpace(l); t != "" && !strings.HasPrefix(t, "--") {
			lines = append(lines, l)
		}
	}
	var out []string
	for stmt := range strings.SplitSeq(strings.Join(lines, "\n"), ";\n") {
		if stmt = strings.TrimSuffix(strings.TrimSpace(stmt), ";"); stmt != "" {
			out = append(out, stmt)
		}
	}
	return out
}
