package signin

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"database/sql"
	"errors"
	"slices"
	"strings"

	"aman/platform/access"
	"aman/platform/store"
)

// A phone that cannot keep an address with a token in it signs in by name instead, by HTTP
// Digest or Basic: the login of its user and a password of its own. Digest needs the password
// itself on the server, or what is as good as it. So it is never the password of the user,
// and it is not stored: it is derived from the device's id under the key that is not in the
// database. It ends with the device.

// devicePasswordAlphabet has 32 symbols that are not mistaken for each other.
const devicePasswordAlphabet = "abcdefghjkmnpqrstuvwxyz023456789"

// DevicePassword gives the password of a device: 20 symbols (100 bits) in groups of five.
func (s *Service) DevicePassword(id string) string {
	m := hmac.New(sha256.New, s.mac)
	m.Write([]byte("the password of the device " + id))
	var out strings.Builder
	for i, b := range m.Sum(nil)[:20] {
		if i > 0 && i%5 == 0 {
			out.WriteByte('-')
		}
		out.WriteByte(devicePasswordAlphabet[b&31])
	}
	return out.String()
}

// devicesMost bounds how many devices of one user are tried, the newest first.
const devicesMost = 200

// NamedDevice gives the subject of the device of this login whose password matches, as
// Device does for a token. ErrTokenUnknown says that there is none; it says the same of an
// unknown login, of a wrong password and of a device that has ended.
func (s *Service) NamedDevice(ctx context.Context, login string, match func(password string) bool) (access.Subject, error) {
	type device struct{ hash, id, user, office string }
	var list []device
	err := s.db.Read(ctx, func(tx *store.Tx) (err error) {
		list, err = store.All(tx, func(r *sql.Rows) (d device, err error) { return d, r.Scan(&d.hash, &d.id, &d.user, &d.office) },
			`SELECT d.hash, d.id, d.user_id, d.office FROM device_tokens d JOIN users u ON u.id = d.user_id
			WHERE u.login = ? AND d.revoked_at = 0 ORDER BY d.created_at DESC, d.id LIMIT ?`, login, devicesMost)
		return err
	})
	if err != nil {
		return access.Subject{}, err
	}
	i := slices.IndexFunc(list, func(d device) bool { return match(s.DevicePassword(d.id)) })
	if i < 0 {
		return access.Subject{}, ErrTokenUnknown
	}
	sub, err := s.deviceOf(ctx, list[i].hash)
	if errors.Is(err, ErrTokenRevoked) {
		return access.Subject{}, ErrTokenUnknown
	}
	return sub, err
}

// Tag is a keyed hash of parts, for what is given out and must come back as it was: the nonce
// of a Digest challenge. Every node on the same data gives the same.
func (s *Service) Tag(parts ...string) string { return s.name(append([]string{"tag"}, parts...)...) }
