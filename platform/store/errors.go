package store

import (
	"errors"
	"strings"
)

// Kind sorts the faults of a store by what the operator has to do.
type Kind int

// The kinds of fault. Each has a sentence in texts.
const (
	Other Kind = iota
	WrongKey
	Locked
	NewerSchema
	DiskFull
	Disk
	Damaged
	NoPermission
	Missing
	Unreachable
	Closed
)

var texts = map[Kind]string{
	WrongKey:     "The database does not open with this key. Nothing was changed. Check that the key folder belongs to this data folder (or the user and password of the database server).",
	Locked:       "The database is in use by another program that does not let go. Nothing was changed. Stop the other program, or wait and try again.",
	DiskFull:     "The disk is full. What was acknowledged is safe; the last change was not kept. Free some space and try again.",
	Disk:         "The disk did not answer as it should. What was acknowledged is safe; the last change was not kept. Check the disk, then run `aman doctor`.",
	Damaged:      "The database is damaged. Stop, keep a copy of the data folder, and restore the last backup with `aman restore`.",
	NoPermission: "The database may not be opened or written by this user of the machine. Check the owner and the rights of the data folder.",
	Missing:      "There is no database there. Check the name, or make one with `aman init`.",
	Unreachable:  "The database server does not answer. Check that it runs, and its address.",
	Closed:       "The store is closed.",
}

// Error is a fault of the store, as a sentence for the operator. Err is the cause, for the log.
type Error struct {
	Kind Kind
	Text string
	Err  error
}

func (e *Error) Error() string { return e.Text }
func (e *Error) Unwrap() error { return e.Err }

var errClosed = &Error{Kind: Closed, Text: texts[Closed]}

// KindOf says what kind of fault err is; Other when it is none of the store's.
func KindOf(err error) Kind {
	var e *Error
	if errors.As(err, &e) {
		return e.Kind
	}
	return Other
}

// explain puts a sentence before what the engine said. Other errors pass through.
func explain(err error) error {
	if err == nil {
		return nil
	}
	var e *Error
	if errors.As(err, &e) {
		return err
	}
	kind, ok := sqliteKind(err)
	if !ok {
		kind, ok = postgresKind(err)
	}
	if !ok && strings.Contains(err.Error(), "no space left") {
		kind, ok = DiskFull, true
	}
	if !ok {
		return err
	}
	return &Error{Kind: kind, Text: texts[kind], Err: err}
}
