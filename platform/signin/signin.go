package signin

import (
	"context"
	"errors"
	"slices"
	"strings"

	"aman/platform/store"
)

// account is what signing in needs of a user.
type account struct {
	id, login, name, password string
	totp                      []byte
	mustChange, disabled      bool
}

// account loads a user by login or id; the zero account when there is none.
func (s *Service) account(ctx context.Context, by, value string) (u account, err error) {
	where := map[string]string{"login": "u.login = ?", "id": "u.id = ?"}[by]
	err = s.db.Read(ctx, func(tx *store.Tx) error {
		var user, org bool
		u = account{}
		err := tx.Row("SELECT u.id, u.login, u.name, u.password, u.totp, u.must_change, u.disabled, o.disabled FROM users u JOIN orgs o ON o.id = u.org WHERE "+where, value).
			Scan(&u.id, &u.login, &u.name, &u.password, &u.totp, &u.mustChange, &user, &org)
		u.disabled = user || org
		if errors.Is(err, store.ErrNone) {
			return nil
		}
		return err
	})
	return u, err
}

// SignIn signs somebody in by password and, where one is set up, one-time or recovery code.
// The errors are ErrRefused, *CodeNeeded (go on with Continue), *Slow, or a fault of the store.
func (s *Service) SignIn(ctx context.Context, login, password, code string, from From) (Session, error) {
	login = normalLogin(login)
	taken, err := s.take(ctx, login, from)
	if err != nil {
		return s.no(ctx, account{}, "throttled", err)
	}
	u, err := s.account(ctx, "login", login)
	if err != nil {
		return Session{}, err
	}
	if len(password) > 4*passwordMost {
		password = "" // no password is that long; hash nothing that long
	}
	ok, stale, err := s.verify(ctx, u.password, password)
	switch {
	case err != nil:
		return Session{}, err
	case !ok:
		return s.no(ctx, u, "password", ErrRefused)
	case u.disabled:
		return s.no(ctx, u, "disabled", ErrRefused)
	case len(u.totp) > 0 && strings.TrimSpace(code) == "":
		return s.half(ctx, u, taken)
	}
	fresh := ""
	if stale {
		if fresh, err = s.rehash(ctx, password); err != nil {
			return Session{}, err
		}
	}
	return s.finish(ctx, u, code, fresh, taken, from)
}

// Continue ends a sign-in that needed the one-time code. The errors are those of SignIn,
// and ErrTicket.
func (s *Service) Continue(ctx context.Context, ticket, code string, from From) (Session, error) {
	user, _, err := s.try(ctx, ticket, kindSignIn)
	if err != nil {
		return s.no(ctx, account{}, "ticket", err)
	}
	u, err := s.account(ctx, "id", user)
	if err != nil {
		return Session{}, err
	}
	if u.id == "" || u.disabled || len(u.totp) == 0 {
		return s.no(ctx, u, "disabled", ErrRefused)
	}
	out, err := s.finish(ctx, u, code, "", nil, from)
	if err == nil {
		err = s.dropCeremony(ctx, ticket)
	}
	return out, err
}

// half answers a right password without its code.
func (s *Service) half(ctx context.Context, u account, taken []charge) (Session, error) {
	var ticket string
	err := s.db.Write(ctx, func(tx *store.Tx) (err error) {
		if err = s.giveBack(tx, taken); err != nil {
			return err
		}
		ticket, err = s.begin(tx, kindSignIn, u.id, nil)
		return err
	})
	if err != nil {
		return Session{}, err
	}
	return Session{}, &CodeNeeded{Ticket: ticket}
}

// finish checks the code, if the account has one, and opens the session, in one transaction.
func (s *Service) finish(ctx context.Context, u account, code, fresh string, taken []charge, from From) (out Session, err error) {
	var refused string
	err = s.db.Write(ctx, func(tx *store.Tx) error {
		method, charges := "password", taken
		refused = ""
		if len(u.totp) > 0 {
			// Tickets can be had again and again by whoever has the password, so codes have a
			// bucket of the account besides. It is given back by a right code.
			tries := s.charge(perTicket, u.id)
			if err := s.takeAll(tx, tries); err != nil {
				return err
			}
			kind, why, err := s.useCode(tx, u, code)
			if err != nil {
				return err
			}
			if why != "" {
				refused = why
				return nil // the token taken must stay taken
			}
			method += "+" + kind
			charges = append(slices.Clone(taken), tries)
		}
		if err := s.giveBack(tx, charges); err != nil {
			return err
		}
		if fresh != "" {
			if _, err := tx.Exec("UPDATE users SET password = ? WHERE id = ? AND password = ?", fresh, u.id, u.password); err != nil {
				return err
			}
		}
		out, err = s.open(tx, u.id, method, from)
		out.MustChange = u.mustChange
		return err
	})
	var slow *Slow
	switch {
	case errors.As(err, &slow):
		return s.no(ctx, u, "throttled", slow)
	case err != nil:
		return Session{}, err
	case refused != "":
		return s.no(ctx, u, refused, ErrRefused)
	}
	return out, nil
}

// no records a refusal and answers it.
func (s *Service) no(ctx context.Context, u account, reason string, answer error) (Session, error) {
	return Session{}, s.refuse(ctx, Event{User: u.id, Reason: reason}, answer)
}

// Reauthenticate asks a signed-in user for her password again, before she changes how she
// signs in. It counts like a sign-in. The errors are ErrRefused, *Slow and ErrUser.
func (s *Service) Reauthenticate(ctx context.Context, user, password string, from From) error {
	_, err := s.reauthenticate(ctx, user, password, from)
	return err
}

func (s *Service) reauthenticate(ctx context.Context, user, password string, from From) (account, error) {
	u, err := s.account(ctx, "id", user)
	if err != nil {
		return u, err
	}
	if u.id == "" || u.disabled {
		return u, ErrUser
	}
	taken, err := s.take(ctx, u.login, from)
	if err != nil {
		return u, s.refuse(ctx, Event{User: user, Reason: "throttled"}, err)
	}
	ok, _, err := s.verify(ctx, u.password, password)
	if err != nil {
		return u, err
	}
	if !ok {
		return u, s.refuse(ctx, Event{User: user, Reason: "password"}, ErrRefused)
	}
	return u, s.db.Write(ctx, func(tx *store.Tx) error { return s.giveBack(tx, taken) })
}

func normalLogin(login string) string { return strings.ToLower(strings.TrimSpace(login)) }
