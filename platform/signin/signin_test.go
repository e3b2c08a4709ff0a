package signin

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/pquerna/otp/hotp"

	"aman/platform/access"
	"aman/platform/store"
	"aman/platform/store/storetest"
)

var ctx = context.Background()

func TestMain(m *testing.M) {
	current = params{memory: 64, passes: 1, threads: 1} // the cost is not what is tested
	os.Exit(m.Run())
}

const (
	login    = "nadia.test"
	password = "seven lanterns over the river"
	wrong    = "eight lanterns over the river"
)

// bench is a node with one organisation, one office and some users, and a clock to turn.
type bench struct {
	*Service
	t      *testing.T
	user   string
	office string
	at     time.Time
	events []Event
	hashed atomic.Int64
}

func each(t *testing.T, f func(*bench)) {
	storetest.Each(t, func(t *testing.T, db *store.DB) { f(newBench(t, db)) })
}

func newBench(t *testing.T, db *store.DB) *bench {
	t.Helper()
	b := &bench{t: t, at: time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC)}
	s, err := New(db, Config{
		Key: []byte(strings.Repeat("k", 32)), Origin: "https://aman.test",
		Now:    func() time.Time { return b.at },
		Record: func(_ *store.Tx, e Event) error { b.events = append(b.events, e); return nil },
	})
	if err != nil {
		t.Fatal(err)
	}
	s.hashes = func() { b.hashed.Add(1) }
	b.Service = s
	b.write(func(tx *store.Tx) error {
		org, err := access.CreateOrg(tx, access.NewOrg{Code: "ours", Name: "Ours"}, b.at)
		if err != nil {
			return err
		}
		if b.office, err = access.CreateOffice(tx, access.NewOffice{Org: org, Code: "taftan", Name: "Taftan"}, b.at); err != nil {
			return err
		}
		other, err := access.CreateOrg(tx, access.NewOrg{Code: "closed", Name: "Closed"}, b.at)
		if err != nil {
			return err
		}
		p, err := access.New([]access.Role{{Name: "caseworker"}})
		if err != nil {
			return err
		}
		for _, u := range []access.NewUser{
			{Login: login, Org: org, Offices: []string{b.office}, Roles: []string{"caseworker"}}, {Login: "gone", Org: org}, {Login: "empty", Org: org}, {Login: "orgless", Org: other}, {Login: "peer", Org: org},
		} {
			u.Name = "Invented " + u.Login
			id, err := p.CreateUser(tx, u, b.at)
			if err != nil {
				return err
			}
			if u.Login == login {
				b.user = id
			}
			if u.Login == "gone" {
				if err := access.DisableUser(tx, id, true); err != nil {
					return err
				}
			}
		}
		return access.DisableOrg(tx, other, true)
	})
	hash, err := s.HashPassword(ctx, password)
	if err != nil {
		t.Fatal(err)
	}
	b.write(func(tx *store.Tx) error {
		_, err := tx.Exec("UPDATE users SET password = ? WHERE login <> 'empty'", hash)
		return err
	})
	b.hashed.Store(0)
	b.events = nil
	return b
}

func (b *bench) write(f func(*store.Tx) error) {
	b.t.Helper()
	if err := b.db.Write(ctx, f); err != nil {
		b.t.Fatal(err)
	}
}

func (b *bench) read(f func(*store.Tx) error) {
	b.t.Helper()
	if err := b.db.Read(ctx, f); err != nil {
		b.t.Fatal(err)
	}
}

// want fails unless err is the error wanted (nil: none).
func (b *bench) want(err, want error) {
	b.t.Helper()
	if !errors.Is(err, want) {
		b.t.Fatalf("got %v, want %v", err, want)
	}
}

// slow fails unless err is *Slow, and gives how long to wait.
func (b *bench) slow(err error) time.Duration {
	b.t.Helper()
	var s *Slow
	if !errors.As(err, &s) {
		b.t.Fatalf("got %v, want to be slowed down", err)
	}
	return s.After
}

// in signs the user in with the right password.
func (b *bench) in(from From) Session {
	b.t.Helper()
	s, err := b.SignIn(ctx, login, password, "", from)
	if err != nil {
		b.t.Fatal(err)
	}
	return s
}

var home = From{Address: "192.0.2.7:4711", Agent: "Firefox"}

func TestRightPasswordOpensASession(t *testing.T) {
	b := newBenchSQLite(t)
	s, err := b.SignIn(ctx, "  Nadia.TEST ", password, "", home)
	b.want(err, nil)
	if len(s.Token) != 43 || s.Method != "password" || s.User != b.user {
		t.Errorf("session %+v", s)
	}
	sub, err := b.Session(ctx, s.Token)
	b.want(err, nil)
	if sub.User != b.user || sub.Session != s.ID || len(sub.Offices) != 1 || sub.Roles[0] != "caseworker" || !sub.At.Equal(b.at) {
		t.Errorf("subject %+v", sub)
	}
}

// TestTheSameAnswer: whoever cannot sign in learns nothing from the answer, nor from the work done.
func TestTheSameAnswer(t *testing.T) {
	each(t, func(b *bench) {
		for _, try := range []struct{ login, password, reason string }{
			{login, wrong, "password"}, {"zulaikha", password, "password"}, {"gone", password, "disabled"}, {"gone", wrong, "password"}, {"empty", "", "password"},
			{"empty", password, "password"}, {"orgless", password, "disabled"}, {login, "", "password"}, {"", "", "password"},
			{login, strings.Repeat("x", 1<<20), "password"}, {"'; DROP TABLE users", password, "password"},
		} {
			b.hashed.Store(0)
			b.events = nil
			_, err := b.SignIn(ctx, try.login, try.password, "", home)
			if err != ErrRefused {
				t.Errorf("%s: %v", try.login, err)
			}
			if n := b.hashed.Load(); n != 1 {
				t.Errorf("%s: %d hashes, want 1", try.login, n)
			}
			if len(b.events) != 1 || b.events[0].Kind != "sign_in_refused" || b.events[0].Reason != try.reason {
				t.Errorf("%s: events %+v", try.login, b.events)
			}
		}
	})
}

// TestNoPasswordIsNoPassword: not even the password of the hash that stands in for a missing one.
func TestNoPasswordIsNoPassword(t *testing.T) {
	b := newBenchSQLite(t)
	b.dummy, _ = current.hash(password, random(saltBytes))
	for _, name := range []string{"empty", "zulaikha"} {
		_, err := b.SignIn(ctx, name, password, "", home)
		b.want(err, ErrRefused)
	}
}

func TestHashesAreBounded(t *testing.T) {
	b := newBench(t, storetest.SQLite(t))
	for range hashesAtOnce {
		b.slots <- struct{}{}
	}
	short, cancel := context.WithTimeout(ctx, 30*time.Millisecond)
	defer cancel()
	_, err := b.SignIn(short, login, password, "", home)
	b.want(err, context.DeadlineExceeded)
	<-b.slots
	b.in(home)
}

func TestAHashWithOtherParametersIsMadeAnew(t *testing.T) {
	b := newBench(t, storetest.SQLite(t))
	old, err := params{memory: 32, passes: 2, threads: 1}.hash(password, random(saltBytes))
	b.want(err, nil)
	b.write(func(tx *store.Tx) error { return b.SetPassword(tx, b.user, old, false) })
	b.in(home)
	var now string
	b.read(func(tx *store.Tx) error {
		return tx.Row("SELECT password FROM users WHERE id = ?", b.user).Scan(&now)
	})
	if p, _, _, err := parseHash(now); err != nil || p != current {
		t.Errorf("%v %v", p, err)
	}
	b.in(home)
}

// code is the one-time code of a secret at the bench's time.
func (b *bench) code(secret string) string {
	b.t.Helper()
	c, err := hotp.GenerateCodeCustom(secret, uint64(b.at.Unix()/stepSeconds), codeOptions)
	if err != nil {
		b.t.Fatal(err)
	}
	return c
}

// enrol sets up a one-time code and moves on to the next step.
func (b *bench) enrol() (secret string, recovery []string) {
	b.t.Helper()
	e, err := b.EnrolCode(ctx, b.user, "Aman")
	b.want(err, nil)
	if !strings.HasPrefix(e.URL, "otpauth://totp/") || len(e.QR) < 100 {
		b.t.Errorf("enrolment %s, %d bytes of picture", e.URL, len(e.QR))
	}
	_, err = b.ConfirmCode(ctx, b.user, e.Ticket, "000000")
	b.want(err, ErrRefused)
	recovery, err = b.ConfirmCode(ctx, b.user, e.Ticket, b.code(e.Secret))
	b.want(err, nil)
	_, err = b.ConfirmCode(ctx, b.user, e.Ticket, b.code(e.Secret))
	b.want(err, ErrTicket)
	b.at = b.at.Add(stepSeconds * time.Second)
	return e.Secret, recovery
}

// half begins a sign-in and gives the ticket for the code.
func (b *bench) half() string {
	b.t.Helper()
	_, err := b.SignIn(ctx, login, password, "", home)
	var need *CodeNeeded
	if !errors.As(err, &need) {
		b.t.Fatalf("got %v, want to be asked for a code", err)
	}
	return need.Ticket
}

func TestOneTimeCode(t *testing.T) {
	each(t, func(b *bench) {
		secret, recovery := b.enrol()
		_, err := b.SignIn(ctx, login, wrong, b.code(secret), home)
		b.want(err, ErrRefused)
		ticket := b.half()
		_, err = b.Session(ctx, ticket)
		b.want(err, ErrNoSession) // a ticket is no session
		s, err := b.Continue(ctx, ticket, b.code(secret)[:3]+" "+b.code(secret)[3:], home)
		b.want(err, nil)
		if s.Method != "password+code" {
			t.Errorf("method %s", s.Method)
		}
		_, err = b.Continue(ctx, ticket, b.code(secret), home)
		b.want(err, ErrTicket)
		_, err = b.SignIn(ctx, login, password, b.code(secret), home)
		b.want(err, ErrRefused) // the same step again
		if last := b.events[len(b.events)-1]; last.Reason != "replay" {
			t.Errorf("reason %s", last.Reason)
		}
		b.at = b.at.Add(stepSeconds * time.Second)
		_, err = b.SignIn(ctx, login, password, b.code(secret), home)
		b.want(err, nil)

		// A telephone whose clock is a step behind is understood, an old code is not.
		b.at = b.at.Add(10 * stepSeconds * time.Second)
		code := b.code(secret)
		b.at = b.at.Add(stepSeconds * time.Second)
		_, err = b.SignIn(ctx, login, password, code, home)
		b.want(err, nil)
		code = b.code(secret)
		b.at = b.at.Add(2 * stepSeconds * time.Second)
		_, err = b.SignIn(ctx, login, password, code, home)
		b.want(err, ErrRefused)

		// Recovery codes, each once, typed as people type.
		s, err = b.SignIn(ctx, login, password, strings.ToUpper(strings.ReplaceAll(recovery[0], "-", " ")), home)
		b.want(err, nil)
		if s.Method != "password+recovery" {
			t.Errorf("method %s", s.Method)
		}
		_, err = b.SignIn(ctx, login, password, recovery[0], home)
		b.want(err, ErrRefused)
		b.read(func(tx *store.Tx) error {
			if n, err := RecoveryCodesLeft(tx, b.user); n != recoveryCodes-1 || err != nil {
				t.Errorf("%d codes left, %v", n, err)
			}
			return nil
		})

		b.write(func(tx *store.Tx) error { return b.RemoveCode(tx, b.user) })
		b.in(home)
		_, err = b.SignIn(ctx, login, password, recovery[1], home)
		b.want(err, nil) // no code is asked any more, so it is not looked at
		b.read(func(tx *store.Tx) error {
			if n, err := RecoveryCodesLeft(tx, b.user); n != 0 || err != nil {
				t.Errorf("%d codes left, %v", n, err)
			}
			return nil
		})
	})
}

func TestTicketsEnd(t *testing.T) {
	each(t, func(b *bench) {
		secret, _ := b.enrol()
		ticket := b.half()
		for range ticketTries {
			_, err := b.Continue(ctx, ticket, "123456", home)
			b.want(err, ErrRefused)
		}
		_, err := b.Continue(ctx, ticket, b.code(secret), home)
		b.want(err, ErrTicket)
		ticket = b.half()
		b.at = b.at.Add(ceremonyFor)
		_, err = b.Continue(ctx, ticket, b.code(secret), home)
		b.want(err, ErrTicket)
		// However many tickets: codes cannot be tried without end.
		tries := 0
		for ; tries < 100; tries++ {
			if _, err = b.Continue(ctx, b.half(), "123456", home); err != ErrRefused {
				break
			}
		}
		b.slow(err)
		if tries > int(perTicket.size) {
			t.Errorf("%d codes could be tried", tries)
		}
	})
}

func TestTheSecretIsSealed(t *testing.T) {
	b := newBench(t, storetest.SQLite(t))
	secret, recovery := b.enrol()
	var kept []byte
	var hashes []string
	b.read(func(tx *store.Tx) (err error) {
		if err = tx.Row("SELECT totp FROM users WHERE id = ?", b.user).Scan(&kept); err != nil {
			return err
		}
		hashes, err = tx.Strings("SELECT hash FROM recovery_codes")
		return err
	})
	if strings.Contains(string(kept), secret) || strings.Contains(strings.Join(hashes, " "), recovery[0]) {
		t.Error("a secret lies open")
	}
	other, err := New(b.db, Config{Key: []byte(strings.Repeat("x", 32)), Now: b.c.Now})
	b.want(err, nil)
	if _, err := other.SignIn(ctx, login, password, b.code(secret), home); !errors.Is(err, errSecret) {
		t.Errorf("another key: %v", err)
	}
	if _, err := b.openSecret("another user", kept); err == nil {
		t.Error("a secret opens for another user")
	}
}

func TestChangePassword(t *testing.T) {
	each(t, func(b *bench) {
		b.write(func(tx *store.Tx) error {
			_, err := tx.Exec("UPDATE users SET must_change = ? WHERE id = ?", true, b.user)
			return err
		})
		laptop, phone := b.in(home), b.in(home)
		if !laptop.MustChange {
			t.Error("the session does not say that a new password is due")
		}
		sub, err := b.Session(ctx, laptop.Token)
		b.want(err, ErrMustChange)
		const next = "nine lanterns under the bridge"
		b.want(b.ChangePassword(ctx, sub.User, wrong, next, laptop.ID, home), ErrRefused)
		for _, weak := range []string{"short", password, "nadia.test 12345"} {
			var w *Weak
			if err := b.ChangePassword(ctx, sub.User, password, weak, laptop.ID, home); !errors.As(err, &w) {
				t.Errorf("%d characters: %v", len(weak), err)
			}
		}
		b.want(b.ChangePassword(ctx, sub.User, password, next, laptop.ID, home), nil)
		_, err = b.Session(ctx, laptop.Token)
		b.want(err, nil)
		_, err = b.Session(ctx, phone.Token)
		b.want(err, ErrNoSession)
		_, err = b.SignIn(ctx, login, password, "", home)
		b.want(err, ErrRefused)
		_, err = b.SignIn(ctx, login, next, "", home)
		b.want(err, nil)
	})
}

// TestNothingTells: no event and no error of any of this holds what somebody typed or is called.
func TestNothingTells(t *testing.T) {
	b := newBench(t, storetest.SQLite(t))
	secret, recovery := b.enrol()
	var said []string
	hear := func(err error) {
		if err != nil {
			said = append(said, err.Error())
		}
	}
	for _, code := range []string{"", "123456", recovery[0], recovery[0], b.code(secret)} {
		for _, p := range []string{password, wrong} {
			_, err := b.SignIn(ctx, login, p, code, home)
			hear(err)
		}
	}
	for range 20 {
		_, err := b.SignIn(ctx, "zulaikha", wrong, "", home)
		hear(err)
	}
	_, err := b.Session(ctx, "sometoken")
	hear(err)
	_, err = b.Device(ctx, "sometoken")
	hear(err)
	all := fmt.Sprintf("%+v %v", b.events, said)
	for _, secret := range []string{login, "zulaikha", password, wrong, "192.0.2", secret, recovery[0], "Invented", "sometoken", "Firefox"} {
		if strings.Contains(all, secret) {
			t.Errorf("%q is told", secret)
		}
	}
	if len(b.events) < 20 || len(said) < 20 {
		t.Errorf("too little was heard: %d events, %d errors", len(b.events), len(said))
	}
}
