package store

import (
	"context"
	"database/sql"
	"fmt"
	"slices"
	"strings"
)

// Table describes a table as it is in the database, for backups and `aman doctor`.
type Table struct {
	Name    string
	Columns []Column
	Key     []string // the columns of the primary key, in order
	Parents []string // the tables that its rows refer to, sorted
}

// Column is a column with its type in the words of the package comment: TEXT, BIGINT,
// DOUBLE PRECISION, BOOLEAN or BLOB.
type Column struct {
	Name string `json:"name"`
	Type string `json:"type"`
}

// inspector is how an engine tells of itself. The three queries give table and column and
// type; table and column of the primary key, in order; table and the table it refers to.
type inspector interface {
	columnsOfAll() string
	keysOfAll() string
	parentsOfAll() string
	check() string // gives "ok", or a row for each fault; empty: the server sees to that
}

func (e *sqliteEngine) columnsOfAll() string {
	return "SELECT m.name, p.name, p.type FROM sqlite_schema m, pragma_table_info(m.name) p WHERE m.type = 'table' AND m.name NOT LIKE 'sqlite\\_%' ESCAPE '\\' ORDER BY m.name, p.cid"
}
func (e *sqliteEngine) keysOfAll() string {
	return "SELECT m.name, p.name FROM sqlite_schema m, pragma_table_info(m.name) p WHERE m.type = 'table' AND p.pk > 0 ORDER BY m.name, p.pk"
}
func (e *sqliteEngine) parentsOfAll() string {
	return `SELECT DISTINCT m.name, p."table" FROM sqlite_schema m, pragma_foreign_key_list(m.name) p WHERE m.type = 'table' ORDER BY 1, 2`
}
func (e *sqliteEngine) check() string { return "PRAGMA quick_check(10)" }

func (e *postgresEngine) columnsOfAll() string {
	return `SELECT c.table_name::text, c.column_name::text, c.data_type::text FROM information_schema.columns c
		JOIN information_schema.tables t ON t.table_schema = c.table_schema AND t.table_name = c.table_name AND t.table_type = 'BASE TABLE'
		WHERE c.table_schema = current_schema() ORDER BY c.table_name::text COLLATE "C", c.ordinal_position`
}
func (e *postgresEngine) keysOfAll() string {
	return `SELECT k.table_name::text, k.column_name::text FROM information_schema.table_constraints t
		JOIN information_schema.key_column_usage k ON k.constraint_schema = t.constraint_schema AND k.constraint_name = t.constraint_name AND k.table_name = t.table_name
		WHERE t.table_schema = current_schema() AND t.constraint_type = 'PRIMARY KEY' ORDER BY k.table_name::text COLLATE "C", k.ordinal_position`
}
func (e *postgresEngine) parentsOfAll() string {
	return `SELECT DISTINCT a.relname::text, b.relname::text FROM pg_constraint f JOIN pg_class a ON a.oid = f.conrelid JOIN pg_class b ON b.oid = f.confrelid
		JOIN pg_namespace n ON n.oid = a.relnamespace WHERE f.contype = 'f' AND n.nspname = current_schema() ORDER BY 1, 2`
}
func (e *postgresEngine) check() string { return "" }

// types are the names that the engines have for the types of the package comment.
var types = map[string]string{
	"text": "TEXT", "bigint": "BIGINT", "double precision": "DOUBLE PRECISION", "boolean": "BOOLEAN", "blob": "BLOB", "bytea": "BLOB",
}

// Tables describes every table, sorted by name.
func (tx *Tx) Tables() ([]Table, error) {
	var out []Table
	at := map[string]int{}
	err := tx.Each(func(r *sql.Rows) error {
		var table, column, typ string
		if err := r.Scan(&table, &column, &typ); err != nil {
			return err
		}
		if _, ok := at[table]; !ok {
			at[table] = len(out)
			out = append(out, Table{Name: table})
		}
		known, ok := types[strings.ToLower(typ)]
		if !ok {
			return fmt.Errorf("the column %s of the table %s has the type %s, which Aman does not use", column, table, typ)
		}
		t := &out[at[table]]
		t.Columns = append(t.Columns, Column{column, known})
		return nil
	}, tx.eng.columnsOfAll())
	if err != nil {
		return nil, err
	}
	for query, add := range map[string]func(t *Table, name string){
		tx.eng.keysOfAll():    func(t *Table, name string) { t.Key = append(t.Key, name) },
		tx.eng.parentsOfAll(): func(t *Table, name string) { t.Parents = append(t.Parents, name) },
	} {
		err := tx.Each(func(r *sql.Rows) error {
			var table, name string
			if err := r.Scan(&table, &name); err != nil {
				return err
			}
			if i, ok := at[table]; ok {
				add(&out[i], name)
			}
			return nil
		}, query)
		if err != nil {
			return nil, err
		}
	}
	slices.SortFunc(out, func(a, b Table) int { return strings.Compare(a.Name, b.Name) })
	return out, nil
}

// Schema is the version of the foundation's tables.
func (tx *Tx) Schema() (version int64, err error) {
	err = tx.Row("SELECT coalesce(max(version), 0) FROM schema_version").Scan(&version)
	return version, err
}

// Check looks for damage in the database file, and gives what it finds as sentences of
// the engine; nil when it is sound. On PostgreSQL that is the server's own work.
func (db *DB) Check(ctx context.Context) (faults []string, err error) {
	q := db.engine.check()
	if q == "" {
		return nil, nil
	}
	err = db.Read(ctx, func(tx *Tx) error {
		faults, err = tx.Strings(q)
		return err
	})
	if len(faults) == 1 && faults[0] == "ok" {
		faults = nil
	}
	return faults, err
}
