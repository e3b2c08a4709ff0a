package signin

import (
	"strings"
	"testing"
	"time"

	"aman/platform/access"
	"aman/platform/store"
)

func TestSessionsEnd(t *testing.T) {
	b := newBenchSQLite(t)
	alive := func(s Session) bool { _, err := b.Session(ctx, s.Token); return err == nil }
	s := b.in(home)
	b.at = b.at.Add(29 * time.Minute)
	if !alive(s) {
		t.Fatal("ended too soon")
	}
	b.at = b.at.Add(29 * time.Minute)
	if !alive(s) {
		t.Fatal("use does not keep it alive")
	}
	b.at = b.at.Add(30 * time.Minute)
	if alive(s) {
		t.Fatal("30 minutes unused, and open")
	}
	s = b.in(home)
	for range 12*4 - 1 {
		b.at = b.at.Add(15 * time.Minute)
		if !alive(s) {
			t.Fatal("ended too soon")
		}
	}
	b.at = b.at.Add(15 * time.Minute)
	if alive(s) {
		t.Fatal("12 hours old, and open")
	}
	for _, token := range []string{"", "x", s.Token[:42], s.Token + "x", strings.Repeat("x", 1<<20)} {
		_, err := b.Session(ctx, token)
		b.want(err, ErrNoSession)
	}
}

func TestSeenIsWrittenOnceAMinute(t *testing.T) {
	b := newBenchSQLite(t)
	s := b.in(home)
	seen := func() (at int64) {
		b.read(func(tx *store.Tx) error { return tx.Row("SELECT seen_at FROM sessions").Scan(&at) })
		return at
	}
	first := seen()
	for range 59 {
		b.at = b.at.Add(time.Second)
		b.Session(ctx, s.Token)
	}
	if seen() != first {
		t.Error("written within the minute")
	}
	b.at = b.at.Add(time.Second)
	b.Session(ctx, s.Token)
	if seen() != first+60e6 {
		t.Error("not written after a minute")
	}
}

func TestSeveralSessions(t *testing.T) {
	each(t, func(b *bench) {
		laptop := b.in(From{Address: "192.0.2.1", Agent: "Laptop"})
		b.at = b.at.Add(time.Second)
		phone := b.in(From{Address: "192.0.2.1", Agent: strings.Repeat("ٹ", 500)})
		b.read(func(tx *store.Tx) error {
			list, err := b.Sessions(tx, b.user)
			if err != nil || len(list) != 2 || list[0].ID != phone.ID || list[1].Agent != "Laptop" || len([]rune(list[0].Agent)) != agentMost {
				t.Errorf("%+v %v", list, err)
			}
			tokens, err := tx.Strings("SELECT hash FROM sessions")
			if strings.Contains(strings.Join(tokens, ""), laptop.Token) {
				t.Error("the token itself is stored")
			}
			return err
		})
		// Another user cannot end it, its owner can.
		if err := b.db.Write(ctx, func(tx *store.Tx) error { return b.Revoke(tx, "somebody else", phone.ID) }); err != ErrNotThere {
			t.Error(err)
		}
		b.write(func(tx *store.Tx) error { return b.Revoke(tx, b.user, phone.ID) })
		_, err := b.Session(ctx, phone.Token)
		b.want(err, ErrNoSession)
		_, err = b.Session(ctx, laptop.Token)
		b.want(err, nil)

		// Signing in again in a browser ends the session it had.
		next := b.in(From{Address: "192.0.2.1", Replace: laptop.Token})
		_, err = b.Session(ctx, laptop.Token)
		b.want(err, ErrNoSession)
		b.want(b.SignOut(ctx, next.Token), nil)
		b.want(b.SignOut(ctx, next.Token), nil)
		_, err = b.Session(ctx, next.Token)
		b.want(err, ErrNoSession)

		one, two, three := b.in(home), b.in(home), b.in(home)
		b.write(func(tx *store.Tx) error {
			if n, err := b.RevokeAll(tx, b.user, two.ID); n != 2 || err != nil {
				t.Errorf("%d ended, %v", n, err)
			}
			return nil
		})
		for _, s := range []struct {
			Session
			want error
		}{{one, ErrNoSession}, {two, nil}, {three, ErrNoSession}} {
			_, err := b.Session(ctx, s.Token)
			b.want(err, s.want)
		}
	})
}

func TestASubjectIsAsOfNow(t *testing.T) {
	b := newBenchSQLite(t)
	s := b.in(home)
	b.write(func(tx *store.Tx) error { return access.SetOffices(tx, b.user, nil) })
	sub, err := b.Session(ctx, s.Token)
	b.want(err, nil)
	if len(sub.Offices) != 0 {
		t.Error("an office she left is still hers")
	}
	b.write(func(tx *store.Tx) error { return access.DisableUser(tx, b.user, true) })
	_, err = b.Session(ctx, s.Token)
	b.want(err, ErrNoSession)
}

func TestDeviceTokens(t *testing.T) {
	each(t, func(b *bench) {
		var id, token string
		b.write(func(tx *store.Tx) (err error) {
			id, token, err = b.NewDevice(tx, b.user, b.office, "Phone 3")
			return err
		})
		if !tokenForm.MatchString(token) || len(token) != 64 {
			t.Errorf("the token has %d characters", len(token))
		}
		sub, err := b.Device(ctx, token)
		b.want(err, nil)
		if sub.Device != id || sub.User != b.user || len(sub.Offices) != 1 {
			t.Errorf("subject %+v", sub)
		}
		for _, c := range []struct {
			token string
			want  error
		}{
			{"", ErrTokenMalformed}, {token[:63], ErrTokenMalformed}, {token + "A", ErrTokenMalformed}, {token[:63] + "/", ErrTokenMalformed}, {token[:63] + "\n", ErrTokenMalformed},
			{strings.Repeat("A", 64), ErrTokenUnknown}, {strings.ToLower(token[:32]) + strings.ToUpper(token[32:]), ErrTokenUnknown},
		} {
			_, err := b.Device(ctx, c.token)
			b.want(err, c.want)
		}
		b.read(func(tx *store.Tx) error {
			list, err := Devices(tx, b.office)
			if err != nil || len(list) != 1 || list[0].Label != "Phone 3" || !list[0].Seen.Equal(b.at) || !list[0].Revoked.IsZero() {
				t.Errorf("%+v %v", list, err)
			}
			return nil
		})
		// It is worth nothing once the user has left the office, and again when she is back.
		b.write(func(tx *store.Tx) error { return access.SetOffices(tx, b.user, nil) })
		_, err = b.Device(ctx, token)
		b.want(err, ErrTokenRevoked)
		b.write(func(tx *store.Tx) error { return access.SetOffices(tx, b.user, []string{b.office}) })
		_, err = b.Device(ctx, token)
		b.want(err, nil)
		b.write(func(tx *store.Tx) error { return b.RevokeDevice(tx, id) })
		// That somebody still has the phone is written down, once an hour.
		b.events = nil
		for range 3 {
			b.at = b.at.Add(50 * time.Minute)
			_, err = b.Device(ctx, token)
			b.want(err, ErrTokenRevoked)
		}
		if len(b.events) != 1 || b.events[0].Method != "device" || b.events[0].Reason != "revoked" || b.events[0].Session != id || b.events[0].User != b.user {
			t.Errorf("events %+v", b.events)
		}
		b.read(func(tx *store.Tx) error {
			list, err := Devices(tx, b.office)
			if err != nil || len(list) != 1 || !list[0].Seen.After(list[0].Revoked) {
				t.Errorf("%+v %v", list, err)
			}
			return nil
		})
		if err := b.db.Write(ctx, func(tx *store.Tx) error { return b.RevokeDevice(tx, id) }); err != ErrNotThere {
			t.Error(err)
		}
		for _, c := range []struct {
			office, label string
			want          error
		}{{"elsewhere", "x", ErrOffice}, {b.office, "", ErrLabel}, {b.office, strings.Repeat("x", 101), ErrLabel}} {
			err := b.db.Write(ctx, func(tx *store.Tx) error { _, _, err := b.NewDevice(tx, b.user, c.office, c.label); return err })
			b.want(err, c.want)
		}
	})
}
