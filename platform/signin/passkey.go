package signin

import (
	"context"
	"database/sql"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"net/netip"
	"net/url"
	"time"

	"github.com/go-webauthn/webauthn/protocol"
	"github.com/go-webauthn/webauthn/webauthn"

	"aman/platform/store"
)

// Passkey describes a registered passkey.
type Passkey struct {
	ID, Name      string
	Created, Used time.Time // Used is the zero time when never
}

const passkeysMost = 20

// relyingParty sets up WebAuthn for an origin; nil when passkeys are not possible there.
func relyingParty(origin string) (*webauthn.WebAuthn, error) {
	if origin == "" {
		return nil, nil
	}
	u, err := url.Parse(origin)
	if err != nil || u.Host == "" {
		return nil, fmt.Errorf("the origin must look like https://host[:port]")
	}
	if _, err := netip.ParseAddr(u.Hostname()); err == nil {
		return nil, nil // browsers give no passkeys to an address that is a number
	}
	yes := true
	limit := webauthn.TimeoutConfig{Enforce: true, Timeout: ceremonyFor, TimeoutUVD: ceremonyFor}
	return webauthn.New(&webauthn.Config{
		RPID: u.Hostname(), RPDisplayName: "Aman", RPOrigins: []string{u.Scheme + "://" + u.Host},
		AttestationPreference: protocol.PreferNoAttestation,
		AuthenticatorSelection: protocol.AuthenticatorSelection{
			ResidentKey: protocol.ResidentKeyRequirementRequired, RequireResidentKey: &yes, UserVerification: protocol.VerificationRequired,
		},
		Timeouts: webauthn.TimeoutsConfig{Login: limit, Registration: limit},
	})
}

// holder is a user as the WebAuthn library wants to see one.
type holder struct {
	account
	credentials []webauthn.Credential
}

func (h holder) WebAuthnID() []byte                         { return []byte(h.id) }
func (h holder) WebAuthnName() string                       { return h.login }
func (h holder) WebAuthnDisplayName() string                { return h.name }
func (h holder) WebAuthnCredentials() []webauthn.Credential { return h.credentials }

func (s *Service) holder(ctx context.Context, user string) (h holder, err error) {
	if h.account, err = s.account(ctx, "id", user); err != nil {
		return h, err
	}
	if h.id == "" || h.disabled {
		return h, ErrUser
	}
	err = s.db.Read(ctx, func(tx *store.Tx) error {
		h.credentials, err = store.All(tx, func(r *sql.Rows) (c webauthn.Credential, err error) {
			var b []byte
			if err = r.Scan(&b); err == nil {
				err = json.Unmarshal(b, &c)
			}
			return c, err
		}, "SELECT credential FROM passkeys WHERE user_id = ? ORDER BY created_at, id", user)
		return err
	})
	return h, err
}

// EnrolPasskey begins to register a passkey. options is the JSON for navigator.credentials.create,
// ticket is for ConfirmPasskey.
func (s *Service) EnrolPasskey(ctx context.Context, user string) (ticket string, options []byte, err error) {
	if s.wa == nil {
		return "", nil, ErrNoPasskeys
	}
	h, err := s.holder(ctx, user)
	if err != nil {
		return "", nil, err
	}
	if len(h.credentials) >= passkeysMost {
		return "", nil, fmt.Errorf("nobody needs more than %d passkeys; remove one first", passkeysMost)
	}
	creation, state, err := s.wa.BeginRegistration(h, webauthn.WithExclusions(webauthn.Credentials(h.credentials).CredentialDescriptors()))
	if err != nil {
		return "", nil, fmt.Errorf("beginning to register a passkey: %w", err)
	}
	return s.beginPasskey(ctx, kindEnrolPasskey, user, creation, state)
}

// ConfirmPasskey ends registering a passkey; response is the JSON of what the browser gave.
// ErrRefused: it does not fit.
func (s *Service) ConfirmPasskey(ctx context.Context, user, ticket, name string, response []byte) (Passkey, error) {
	if s.wa == nil {
		return Passkey{}, ErrNoPasskeys
	}
	if r := []rune(name); len(r) == 0 || len(r) > labelMost {
		return Passkey{}, ErrLabel
	}
	h, err := s.holder(ctx, user)
	if err != nil {
		return Passkey{}, err
	}
	state, err := s.endPasskey(ctx, ticket, kindEnrolPasskey, user)
	if err != nil {
		return Passkey{}, err
	}
	parsed, err := protocol.ParseCredentialCreationResponseBytes(response)
	if err != nil {
		return Passkey{}, ErrRefused
	}
	credential, err := s.wa.CreateCredential(h, state, parsed)
	if err != nil {
		return Passkey{}, ErrRefused
	}
	blob, err := json.Marshal(credential)
	if err != nil {
		return Passkey{}, err
	}
	out := Passkey{ID: passkeyID(credential.ID), Name: name, Created: s.now()}
	return out, s.db.Write(ctx, func(tx *store.Tx) error {
		n, err := tx.Exec("INSERT INTO passkeys (id, user_id, name, credential, created_at) VALUES (?, ?, ?, ?, ?) ON CONFLICT DO NOTHING",
			out.ID, user, name, blob, store.Micros(out.Created))
		if err != nil {
			return err
		}
		if n == 0 {
			return ErrRefused // somebody's passkey already
		}
		return s.record(tx, Event{Kind: "passkey", User: user})
	})
}

// BeginPasskey begins to sign in with a passkey, of whomever. options is the JSON for
// navigator.credentials.get, ticket is for SignInPasskey.
func (s *Service) BeginPasskey(ctx context.Context, from From) (ticket string, options []byte, err error) {
	if s.wa == nil {
		return "", nil, ErrNoPasskeys
	}
	if err := s.takeNetwork(ctx, from); err != nil {
		return "", nil, err
	}
	assertion, state, err := s.wa.BeginDiscoverableLogin(webauthn.WithUserVerification(protocol.VerificationRequired))
	if err != nil {
		return "", nil, fmt.Errorf("beginning to sign in with a passkey: %w", err)
	}
	return s.beginPasskey(ctx, kindSignInPasskey, "", assertion, state)
}

// SignInPasskey signs in the owner of the passkey that made the response.
func (s *Service) SignInPasskey(ctx context.Context, ticket string, response []byte, from From) (Session, error) {
	if s.wa == nil {
		return Session{}, ErrNoPasskeys
	}
	state, err := s.endPasskey(ctx, ticket, kindSignInPasskey, "")
	if err != nil {
		return s.no(ctx, account{}, "ticket", err)
	}
	parsed, err := protocol.ParseCredentialRequestResponseBytes(response)
	if err != nil {
		return s.no(ctx, account{}, "passkey", ErrRefused)
	}
	var h holder
	var fault error
	_, credential, err := s.wa.ValidatePasskeyLogin(func(_, handle []byte) (webauthn.User, error) {
		h, fault = s.holder(ctx, string(handle))
		return h, fault
	}, state, parsed)
	switch {
	case fault != nil && !errors.Is(fault, ErrUser):
		return Session{}, fault
	case err != nil:
		return s.no(ctx, h.account, "passkey", ErrRefused)
	case credential.Authenticator.CloneWarning:
		return s.no(ctx, h.account, "passkey_copied", ErrRefused)
	}
	blob, err := json.Marshal(credential)
	if err != nil {
		return Session{}, err
	}
	var out Session
	err = s.db.Write(ctx, func(tx *store.Tx) error {
		n, err := tx.Exec("UPDATE passkeys SET credential = ?, used_at = ? WHERE id = ? AND user_id = ?", blob, store.Micros(s.now()), passkeyID(credential.ID), h.id)
		if err != nil {
			return err
		}
		if n == 0 {
			return ErrRefused // removed a moment ago
		}
		if err := s.giveBack(tx, []charge{s.charge(perNetwork, network(from.Address))}); err != nil {
			return err
		}
		out, err = s.open(tx, h.id, "passkey", from)
		out.MustChange = h.mustChange
		return err
	})
	if err != nil {
		return Session{}, err
	}
	return out, nil
}

// Passkeys lists the passkeys of a user, the oldest first.
func Passkeys(tx *store.Tx, user string) ([]Passkey, error) {
	return store.All(tx, func(r *sql.Rows) (p Passkey, err error) {
		var created, used int64
		err = r.Scan(&p.ID, &p.Name, &created, &used)
		p.Created, p.Used = store.Time(created), store.Time(used)
		return p, err
	}, "SELECT id, name, created_at, used_at FROM passkeys WHERE user_id = ? ORDER BY created_at, id", user)
}

// RemovePasskey takes a passkey away from a user.
func (s *Service) RemovePasskey(tx *store.Tx, user, id string) error {
	n, err := tx.Exec("DELETE FROM passkeys WHERE user_id = ? AND id = ?", user, id)
	if err != nil {
		return err
	}
	if n == 0 {
		return ErrNotThere
	}
	return s.record(tx, Event{Kind: "passkey", User: user, Reason: "removed"})
}

func passkeyID(credential []byte) string { return base64.RawURLEncoding.EncodeToString(credential) }

// beginPasskey keeps the server's side of a ceremony and encodes the browser's.
func (s *Service) beginPasskey(ctx context.Context, kind, user string, options any, state *webauthn.SessionData) (string, []byte, error) {
	browser, err := json.Marshal(options)
	if err != nil {
		return "", nil, err
	}
	server, err := json.Marshal(state)
	if err != nil {
		return "", nil, err
	}
	var ticket string
	err = s.db.Write(ctx, func(tx *store.Tx) (err error) {
		ticket, err = s.begin(tx, kind, user, server)
		return err
	})
	return ticket, browser, err
}

func (s *Service) endPasskey(ctx context.Context, ticket, kind, user string) (state webauthn.SessionData, err error) {
	err = s.db.Write(ctx, func(tx *store.Tx) error {
		b, err := s.takeCeremony(tx, ticket, kind, user)
		if err != nil {
			return err
		}
		return json.Unmarshal(b, &state)
	})
	return state, err
}
