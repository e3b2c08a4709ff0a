package signin

import (
	"errors"
	"strings"
	"testing"
	"time"

	"aman/platform/access"
	"aman/platform/store"
)

// newProgram makes a program password for the user of the bench.
func (b *bench) newProgram(names bool) (id, secret string) {
	b.t.Helper()
	b.write(func(tx *store.Tx) (err error) {
		id, secret, err = b.NewProgramPassword(tx, b.user, "weekly table", names, b.at.AddDate(0, 6, 0))
		return err
	})
	return id, secret
}

func TestAProgramComesInWithItsOwnPassword(t *testing.T) {
	each(t, func(b *bench) {
		id, secret := b.newProgram(true)
		from := From{Address: "203.0.113.7"}
		if !strings.HasPrefix(secret, "aman_") || len(secret) != 48 {
			t.Errorf("a program password of %d characters", len(secret))
		}
		p, err := b.ProgramSignIn(ctx, strings.ToUpper(login), secret, from)
		if err != nil || p.User != b.user || p.Session != id || !p.Names || p.Token == "" || !p.Expires.Equal(b.at.Add(24*time.Hour)) {
			t.Fatalf("%+v, %v", p.Subject, err)
		}
		again, err := b.ProgramSession(ctx, p.Token)
		if err != nil || again.User != b.user || len(again.Roles) != 1 || !again.Names || !again.Expires.Equal(p.Expires) {
			t.Errorf("its session: %+v, %v", again.Subject, err)
		}
		if p, err := b.ProgramBasic(ctx, login, secret, from); err != nil || p.User != b.user || p.Token != "" {
			t.Errorf("with each request: %+v, %v", p.Subject, err)
		}
		if _, err := b.Session(ctx, p.Token); !errors.Is(err, ErrNoSession) {
			t.Errorf("the token of a program opens the pages: %v", err)
		}
		if _, err := b.SignIn(ctx, login, secret, "", from); !errors.Is(err, ErrRefused) {
			t.Errorf("a program password signs a person in: %v", err)
		}
		b.at = b.at.Add(25 * time.Hour)
		if _, err := b.ProgramSession(ctx, p.Token); !errors.Is(err, ErrNoSession) {
			t.Errorf("after a day: %v", err)
		}
	})
}

func TestWhatLetsNoProgramIn(t *testing.T) {
	from := From{Address: "203.0.113.7"}
	tests := map[string]func(*bench, string, string) (login, secret string){
		"the user's own password": func(*bench, string, string) (string, string) { return login, password },
		"another login":           func(_ *bench, _, secret string) (string, string) { return "peer", secret },
		"a letter less":           func(_ *bench, _, secret string) (string, string) { return login, secret[:47] },
		"nothing":                 func(*bench, string, string) (string, string) { return "", "" },
		"something endless":       func(*bench, string, string) (string, string) { return login, strings.Repeat("x", 1<<20) },
		"one that was removed": func(b *bench, id, secret string) (string, string) {
			b.write(func(tx *store.Tx) error { return b.RemoveProgramPassword(tx, b.user, id) })
			return login, secret
		},
		"one that has ended": func(b *bench, _, secret string) (string, string) {
			b.at = b.at.AddDate(0, 6, 1)
			return login, secret
		},
		"a disabled user": func(b *bench, _, secret string) (string, string) {
			b.write(func(tx *store.Tx) error { return access.DisableUser(tx, b.user, true) })
			return login, secret
		},
		"a user who must choose another password": func(b *bench, _, secret string) (string, string) {
			b.write(func(tx *store.Tx) error {
				_, err := tx.Exec("UPDATE users SET must_change = ? WHERE id = ?", true, b.user)
				return err
			})
			return login, secret
		},
		"one from before she signed out everywhere": func(b *bench, _, secret string) (string, string) {
			b.write(func(tx *store.Tx) error { _, err := b.RevokeAll(tx, b.user, ""); return err })
			return login, secret
		},
	}
	for name, change := range tests {
		t.Run(name, func(t *testing.T) {
			each(t, func(b *bench) {
				id, secret := b.newProgram(false)
				p, err := b.ProgramSignIn(ctx, login, secret, from)
				if err != nil {
					t.Fatal(err)
				}
				who, with := change(b, id, secret)
				if _, err := b.ProgramSignIn(ctx, who, with, from); !errors.Is(err, ErrRefused) {
					t.Errorf("it was let in: %v", err)
				}
				last := b.events[len(b.events)-1]
				if last.Kind != "sign_in_refused" || last.Reason != "program" {
					t.Errorf("not recorded: %+v", last)
				}
				if who == login && with == secret {
					if _, err := b.ProgramSession(ctx, p.Token); !errors.Is(err, ErrNoSession) {
						t.Errorf("its session goes on: %v", err)
					}
				}
			})
		})
	}
}

func TestGuessingProgramPasswordsIsSlowedAndHindersNobody(t *testing.T) {
	each(t, func(b *bench) {
		_, secret := b.newProgram(false)
		from := From{Address: "203.0.113.7"}
		var slow *Slow
		for n := 0; n < 10; n++ {
			if _, err := b.ProgramBasic(ctx, login, "aman_no", from); !errors.Is(err, ErrRefused) {
				t.Fatalf("try %d: %v", n, err)
			}
		}
		if _, err := b.ProgramBasic(ctx, login, "aman_no", from); !errors.As(err, &slow) {
			t.Errorf("the eleventh try: %v", err)
		}
		if _, err := b.ProgramBasic(ctx, login, secret, from); err != nil {
			t.Errorf("the right one: %v", err)
		}
		if _, err := b.SignIn(ctx, login, password, "", From{Address: "198.51.100.1"}); err != nil {
			t.Errorf("the user herself, from elsewhere: %v", err)
		}
	})
}

func TestProgramPasswordsAreFewAndNamed(t *testing.T) {
	each(t, func(b *bench) {
		ends := b.at.AddDate(0, 1, 0)
		make := func(label string, until time.Time) error {
			return b.db.Write(ctx, func(tx *store.Tx) error {
				_, _, err := b.NewProgramPassword(tx, b.user, label, false, until)
				return err
			})
		}
		if err := make(" ", ends); !errors.Is(err, ErrProgramLabel) {
			t.Error(err)
		}
		if err := make("a", b.at.AddDate(2, 0, 0)); !errors.Is(err, ErrProgramTime) {
			t.Error(err)
		}
		if err := make("a", b.at); !errors.Is(err, ErrProgramTime) {
			t.Error(err)
		}
		for n := 0; n < 20; n++ {
			if err := make("a", ends); err != nil {
				t.Fatal(err)
			}
		}
		if err := make("a", ends); !errors.Is(err, ErrProgramMany) {
			t.Error(err)
		}
		b.at = ends.Add(time.Hour)
		if err := b.Purge(ctx); err != nil {
			t.Fatal(err)
		}
		var left int
		b.read(func(tx *store.Tx) error { return tx.Row("SELECT count(*) FROM program_passwords").Scan(&left) })
		if left != 0 {
			t.Errorf("%d ended program passwords are kept", left)
		}
	})
}

func TestUseOfAProgramIsRecordedOnceAnHour(t *testing.T) {
	each(t, func(b *bench) {
		_, secret := b.newProgram(false)
		count := func() (n int) {
			for _, e := range b.events {
				if e.Kind == "program_used" {
					n++
				}
			}
			return n
		}
		for n := 0; n < 5; n++ {
			if _, err := b.ProgramBasic(ctx, login, secret, From{}); err != nil {
				t.Fatal(err)
			}
		}
		if n := count(); n != 1 {
			t.Errorf("five requests at once are recorded %d times", n)
		}
		for n := 0; n < 70; n++ {
			b.at = b.at.Add(time.Minute)
			b.ProgramBasic(ctx, login, secret, From{})
		}
		if n := count(); n != 2 {
			t.Errorf("every minute until the next hour: %d", n)
		}
	})
}

func TestAProgramEndsItsSession(t *testing.T) {
	each(t, func(b *bench) {
		_, secret := b.newProgram(false)
		p, err := b.ProgramSignIn(ctx, login, secret, From{})
		if err != nil {
			t.Fatal(err)
		}
		for n, want := range []bool{true, false} {
			if found, err := b.EndProgramSession(ctx, p.Token); err != nil || found != want {
				t.Errorf("%d: %v, %v", n, found, err)
			}
		}
		if _, err := b.ProgramSession(ctx, p.Token); !errors.Is(err, ErrNoSession) {
			t.Error(err)
		}
	})
}
