package signin

import (
	"errors"
	"regexp"
	"testing"

	"aman/platform/store"
)

// A device signs in by its user's login and a password of its own, as long as it may.
func TestNamedDevice(t *testing.T) {
	each(t, func(b *bench) {
		var id, other string
		b.write(func(tx *store.Tx) (err error) {
			if id, _, err = b.NewDevice(tx, b.user, b.office, "Phone 1"); err != nil {
				return err
			}
			other, _, err = b.NewDevice(tx, b.user, b.office, "Phone 2")
			return err
		})
		p := b.DevicePassword(id)
		if !regexp.MustCompile(`^([a-hj-km-np-z02-9]{5}-){3}[a-hj-km-np-z02-9]{5}$`).MatchString(p) || p == b.DevicePassword(other) || p != b.DevicePassword(id) {
			b.t.Errorf("passwords %q and %q", p, b.DevicePassword(other))
		}
		is := func(p string) func(string) bool { return func(x string) bool { return x == p } }
		sub, err := b.NamedDevice(ctx, login, is(p))
		if err != nil || sub.Device != id || sub.User != b.user || len(sub.Offices) != 1 || sub.Offices[0] != b.office {
			b.t.Errorf("%+v %v", sub, err)
		}
		if sub, err := b.NamedDevice(ctx, login, is(b.DevicePassword(other))); err != nil || sub.Device != other {
			b.t.Errorf("the second device: %+v %v", sub, err)
		}
		for name, try := range map[string][2]string{"another login": {"peer", p}, "no such login": {"nobody", p}, "the user's own password": {login, password}, "nothing": {login, ""}} {
			if _, err := b.NamedDevice(ctx, try[0], is(try[1])); !errors.Is(err, ErrTokenUnknown) {
				b.t.Errorf("%s: %v", name, err)
			}
		}
		b.write(func(tx *store.Tx) error {
			_, err := tx.Exec("UPDATE users SET disabled = TRUE WHERE id = ?", b.user)
			return err
		})
		if _, err := b.NamedDevice(ctx, login, is(p)); !errors.Is(err, ErrTokenUnknown) {
			b.t.Errorf("of a disabled user: %v", err)
		}
		b.write(func(tx *store.Tx) error {
			if _, err := tx.Exec("UPDATE users SET disabled = FALSE WHERE id = ?", b.user); err != nil {
				return err
			}
			return b.RevokeDevice(tx, id)
		})
		if _, err := b.NamedDevice(ctx, login, is(p)); !errors.Is(err, ErrTokenUnknown) {
			b.t.Errorf("of a device that has ended: %v", err)
		}
		if b.Tag("a", "bc") == b.Tag("ab", "c") || b.Tag("a") != b.Tag("a") {
			b.t.Error("tags do not tell parts apart")
		}
	})
}
