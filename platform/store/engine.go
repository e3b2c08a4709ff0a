package store

import (
	"context"
	"database/sql"
	"regexp"
	"strconv"
	"strings"
	"sync"
)

// engine is what differs between SQLite and PostgreSQL, and nothing else may.
type engine interface {
	inspector
	name() string
	open(ctx context.Context) (*sql.DB, error)
	beforeClose(*sql.DB)
	beginRead() string
	beginWrite(ctx context.Context, s *session) error
	disconnected(error) bool
	prepares() bool
	rewrite(query string) string
	ddl(statement string) string
	columnsQuery() string
}

func newEngine(c Config) (engine, error) {
	if c.URL != "" {
		return newPostgres(c)
	}
	return newSQLite(c)
}

// numbered turns each ? into $1, $2 …, leaving quoted text alone. Queries are few
// and constant but for list pages, so the outcome is kept.
type numbered struct {
	mu   sync.RWMutex
	seen map[string]string
}

func (n *numbered) rewrite(query string) string {
	n.mu.RLock()
	out, ok := n.seen[query]
	n.mu.RUnlock()
	if ok {
		return out
	}
	var b strings.Builder
	var quote rune
	arg := 0
	for _, r := range query {
		switch {
		case quote != 0:
			if r == quote {
				quote = 0
			}
		case r == '\'' || r == '"':
			quote = r
		case r == '?':
			arg++
			b.WriteByte('$')
			b.WriteString(strconv.Itoa(arg))
			continue
		}
		b.WriteRune(r)
	}
	out = b.String()
	n.mu.Lock()
	if len(n.seen) > 2000 {
		clear(n.seen)
	}
	n.seen[query] = out
	n.mu.Unlock()
	return out
}

var (
	textType = regexp.MustCompile(`\bTEXT\b`)
	blobType = regexp.MustCompile(`\bBLOB\b`)
)
