package signin

import (
	"context"
	"database/sql"
	"errors"
	"strings"
	"time"

	"aman/platform/access"
	"aman/platform/ids"
	"aman/platform/store"
)

// The errors of program passwords.
var (
	ErrProgramLabel = errors.New("a program password needs a label of at most 100 characters, which says what it is for")
	ErrProgramTime  = errors.New("a program password lasts for at most a year")
	ErrProgramMany  = errors.New("there are 20 program passwords already; remove one that is no longer used")
)

const (
	programPrefix   = "aman_" // so that a scanner finds one that was left in a file
	programsMost    = 20
	programLongest  = 366 * 24 * time.Hour
	programSession  = 24 * time.Hour
	programSeen     = time.Minute
	programReported = time.Hour
)

// Program is a script that came in with a program password.
type Program struct {
	access.Subject        // the user, with Session set to the id of the program password
	Names          bool   // tables may show identity values, where the user may unseal them
	Token          string // of the session just opened; else empty
	Created        time.Time
	Expires        time.Time // of the session, or of the password
}

// ProgramPassword describes a program password without the password.
type ProgramPassword struct {
	ID, Label              string
	Names                  bool
	Created, Expires, Seen time.Time // Seen the zero time: never used
}

// NewProgramPassword makes a program password for a user, who has just proved who she is
// (Reauthenticate). It is shown once. until is at most a year ahead.
func (s *Service) NewProgramPassword(tx *store.Tx, user, label string, names bool, until time.Time) (id, password string, err error) {
	label = strings.TrimSpace(label)
	now := s.now()
	if n := len([]rune(label)); n == 0 || n > labelMost {
		return "", "", ErrProgramLabel
	}
	if !until.After(now) || until.Sub(now) > programLongest {
		return "", "", ErrProgramTime
	}
	if _, err := access.SubjectOf(tx, user, now); err != nil {
		return "", "", err
	}
	list, err := s.ProgramPasswords(tx, user)
	if err != nil {
		return "", "", err
	}
	if len(list) >= programsMost {
		return "", "", ErrProgramMany
	}
	id = ids.New()
	token, _ := newToken(32)
	password = programPrefix + token
	if _, err := tx.Exec("INSERT INTO program_passwords (hash, id, user_id, label, names, created_at, expires_at) VALUES (?, ?, ?, ?, ?, ?, ?)",
		hashToken(password), id, user, label, names, store.Micros(now), store.Micros(until)); err != nil {
		return "", "", err
	}
	reason := "made"
	if names {
		reason = "made_with_names"
	}
	return id, password, s.record(tx, Event{Kind: "program", User: user, Session: id, Reason: reason})
}

// ProgramPasswords lists those of a user that have not ended, the newest first.
func (s *Service) ProgramPasswords(tx *store.Tx, user string) ([]ProgramPassword, error) {
	return store.All(tx, func(r *sql.Rows) (p ProgramPassword, err error) {
		var created, expires, seen int64
		err = r.Scan(&p.ID, &p.Label, &p.Names, &created, &expires, &seen)
		p.Created, p.Expires, p.Seen = store.Time(created), store.Time(expires), store.Time(seen)
		return p, err
	}, "SELECT id, label, names, created_at, expires_at, seen_at FROM program_passwords WHERE user_id = ? AND expires_at > ? ORDER BY created_at DESC, id", user, store.Micros(s.now()))
}

// RemoveProgramPassword ends a program password of a user and the sessions it opened.
func (s *Service) RemoveProgramPassword(tx *store.Tx, user, id string) error {
	n, err := tx.Exec("DELETE FROM program_passwords WHERE user_id = ? AND id = ?", user, id)
	if err != nil {
		return err
	}
	if n == 0 {
		return ErrNotThere
	}
	if _, err := tx.Exec("DELETE FROM program_sessions WHERE password = ?", id); err != nil {
		return err
	}
	return s.record(tx, Event{Kind: "program", User: user, Session: id, Reason: "removed"})
}

// dropPrograms ends every program password of a user, with the sessions.
func dropPrograms(tx *store.Tx, user string) error {
	if _, err := tx.Exec("DELETE FROM program_sessions WHERE password IN (SELECT id FROM program_passwords WHERE user_id = ?)", user); err != nil {
		return err
	}
	_, err := tx.Exec("DELETE FROM program_passwords WHERE user_id = ?", user)
	return err
}

// ProgramSignIn opens a session of a day for a script. The errors are ErrRefused and *Slow.
func (s *Service) ProgramSignIn(ctx context.Context, login, password string, from From) (Program, error) {
	p, err := s.program(ctx, login, password, from)
	if err != nil {
		return Program{}, err
	}
	now := s.now()
	var hash string
	p.Token, hash = newToken(48)
	p.Created, p.Expires = now, now.Add(programSession)
	err = s.db.Write(ctx, func(tx *store.Tx) error {
		if _, err := tx.Exec("INSERT INTO program_sessions (hash, password, created_at, expires_at) VALUES (?, ?, ?, ?)",
			hash, p.Session, store.Micros(now), store.Micros(p.Expires)); err != nil {
			return err
		}
		return s.record(tx, Event{Kind: "sign_in", User: p.User, Session: p.Session, Method: "program"})
	})
	return p, err
}

// ProgramBasic lets a script in that sends its program password with every request. Its use
// is recorded, once in each hour of the clock. The errors are those of ProgramSignIn.
func (s *Service) ProgramBasic(ctx context.Context, login, password string, from From) (Program, error) {
	return s.program(ctx, login, password, from)
}

// program finds a program password. It cannot be guessed, so that only what is wrong is
// counted: in the buckets of the network, and of the login from that network.
func (s *Service) program(ctx context.Context, login, password string, from From) (p Program, err error) {
	login = normalLogin(login)
	if len(password) > 200 {
		password = ""
	}
	p, seen, err := s.programBy(ctx, "p.hash = ? AND u.login = ?", hashToken(password), login)
	if errors.Is(err, ErrNoSession) {
		net := network(from.Address)
		err = s.db.Write(ctx, func(tx *store.Tx) error {
			return s.takeAll(tx, s.charge(perLoginNetwork, login, net), s.charge(perNetwork, net))
		})
		var slow *Slow
		if errors.As(err, &slow) {
			return Program{}, slow // recorded when it began; a log that grows with each guess is a fault of its own
		}
		if err != nil {
			return Program{}, err
		}
		return Program{}, s.refuse(ctx, Event{Reason: "program"}, ErrRefused)
	}
	if err != nil {
		return Program{}, err
	}
	s.sawProgram(ctx, p, seen)
	return p, nil
}

// ProgramSession gives the program behind a session token, with the roles of its user as they
// are now. It gives ErrNoSession when there is none.
func (s *Service) ProgramSession(ctx context.Context, token string) (Program, error) {
	if token == "" || len(token) > 100 {
		return Program{}, ErrNoSession
	}
	hash := hashToken(token)
	p, seen, err := s.programBy(ctx, "p.id = (SELECT password FROM program_sessions WHERE hash = ? AND expires_at > ?)", hash, store.Micros(s.now()))
	if err != nil {
		return Program{}, err
	}
	s.sawProgram(ctx, p, seen)
	err = s.db.Read(ctx, func(tx *store.Tx) error {
		var created, expires int64
		err := tx.Row("SELECT created_at, expires_at FROM program_sessions WHERE hash = ?", hash).Scan(&created, &expires)
		if errors.Is(err, store.ErrNone) {
			return ErrNoSession // ended this moment
		}
		p.Created, p.Expires = store.Time(created), store.Time(expires)
		return err
	})
	return p, err
}

// programBy loads the program that where finds; ErrNoSession when there is none, or its user
// may no longer come in, or must first choose another password.
func (s *Service) programBy(ctx context.Context, where string, args ...any) (p Program, seen time.Time, err error) {
	now := s.now()
	err = s.db.Read(ctx, func(tx *store.Tx) error {
		var id, user string
		var created, expires, seenAt int64
		var names bool
		err := tx.Row("SELECT p.id, p.user_id, p.names, p.created_at, p.expires_at, p.seen_at FROM program_passwords p JOIN users u ON u.id = p.user_id WHERE "+where+" AND p.expires_at > ? AND NOT u.must_change",
			append(args, store.Micros(now))...).Scan(&id, &user, &names, &created, &expires, &seenAt)
		if errors.Is(err, store.ErrNone) {
			return ErrNoSession
		}
		if err != nil {
			return err
		}
		sub, err := access.SubjectOf(tx, user, now)
		if errors.Is(err, access.ErrUser) {
			return ErrNoSession
		}
		sub.Session = id
		p = Program{Subject: sub, Names: names, Created: store.Time(created), Expires: store.Time(expires)}
		seen = store.Time(seenAt)
		return err
	})
	return p, seen, err
}

// sawProgram keeps when a program password was last used, and records its use now and then. A
// store that cannot be written may still be read.
func (s *Service) sawProgram(ctx context.Context, p Program, seen time.Time) {
	now := s.now()
	if now.Sub(seen) < programSeen {
		return
	}
	_ = s.db.Write(ctx, func(tx *store.Tx) error {
		if _, err := tx.Exec("UPDATE program_passwords SET seen_at = ? WHERE id = ? AND seen_at < ?", store.Micros(now), p.Session, store.Micros(now)); err != nil {
			return err
		}
		if now.Truncate(programReported).Equal(seen.Truncate(programReported)) {
			return nil
		}
		return s.record(tx, Event{Kind: "program_used", User: p.User, Session: p.Session})
	})
}

// EndProgramSession ends the session of a token, and says whether there was one.
func (s *Service) EndProgramSession(ctx context.Context, token string) (found bool, err error) {
	err = s.db.Write(ctx, func(tx *store.Tx) error {
		found = false
		var id, user string
		err := tx.Row("DELETE FROM program_sessions WHERE hash = ? RETURNING password", hashToken(token)).Scan(&id)
		if errors.Is(err, store.ErrNone) {
			return nil
		}
		if err != nil {
			return err
		}
		found = true
		err = tx.Row("SELECT user_id FROM program_passwords WHERE id = ?", id).Scan(&user)
		if err != nil && !errors.Is(err, store.ErrNone) {
			return err
		}
		return s.record(tx, Event{Kind: "sign_out", User: user, Session: id, Method: "program"})
	})
	return found, err
}
