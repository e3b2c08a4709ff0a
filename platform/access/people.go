package access

import (
	"database/sql"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"time"

	"aman/platform/ids"
	"aman/platform/store"
)

// NewOrg is an organisation to be made.
type NewOrg struct {
	ID   string // empty: a new one is made
	Code string // short and stable, [a-z0-9-]
	Name string
	Kind string // what the packs call it: government, ngo, un, shelter …
}

// NewOffice is an office of an organisation.
type NewOffice struct{ ID, Org, Code, Name, Place string }

// NewUser is somebody who may sign in, once package signin has set a password or passkey.
type NewUser struct {
	ID       string
	Login    string // 2 to 64 of [a-z0-9.@_-]
	Name     string
	Org      string
	Language string // en, ur or id; empty: en
	Offices  []string
	Roles    []string
}

// Faults of administration, as sentences for the person who typed.
var (
	ErrTaken    = errors.New("that code or login is in use; choose another")
	ErrCode     = errors.New("a code has 2 to 64 small letters, digits or hyphens")
	ErrLogin    = errors.New("a login has 2 to 64 small letters, digits, dots, hyphens, underscores or @")
	ErrName     = errors.New("a name is needed")
	ErrOrg      = errors.New("there is no such organisation")
	ErrOffice   = errors.New("there is no such office in that organisation")
	ErrUser     = errors.New("there is no such user")
	ErrRole     = errors.New("there is no such role")
	ErrAlone    = errors.New("that role cannot be held together with another")
	ErrSelf     = errors.New("nobody can change his or her own roles")
	ErrLanguage = errors.New("the language must be en, ur or id")
)

var (
	codeForm  = regexp.MustCompile(`^[a-z0-9-]{2,64}$`)
	loginForm = regexp.MustCompile(`^[a-z0-9.@_-]{2,64}$`)
)

// CreateOrg makes an organisation and gives its id.
func CreateOrg(tx *store.Tx, o NewOrg, at time.Time) (string, error) {
	if !codeForm.MatchString(o.Code) {
		return "", ErrCode
	}
	if o.Name == "" {
		return "", ErrName
	}
	id := idOr(o.ID)
	return id, insert(tx, "INSERT INTO orgs (id, code, name, kind, created_at) VALUES (?, ?, ?, ?, ?) ON CONFLICT DO NOTHING",
		id, o.Code, o.Name, o.Kind, store.Micros(at))
}

// CreateOffice makes an office and gives its id.
func CreateOffice(tx *store.Tx, o NewOffice, at time.Time) (string, error) {
	if !codeForm.MatchString(o.Code) {
		return "", ErrCode
	}
	if o.Name == "" {
		return "", ErrName
	}
	if err := exists(tx, ErrOrg, "SELECT 1 FROM orgs WHERE id = ?", o.Org); err != nil {
		return "", err
	}
	id := idOr(o.ID)
	return id, insert(tx, "INSERT INTO offices (id, org, code, name, place, created_at) VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING",
		id, o.Org, o.Code, o.Name, o.Place, store.Micros(at))
}

// CreateUser makes a user with offices and roles, and gives the id.
func (p *Policy) CreateUser(tx *store.Tx, u NewUser, at time.Time) (string, error) {
	if u.Language == "" {
		u.Language = "en"
	}
	switch {
	case !loginForm.MatchString(u.Login):
		return "", ErrLogin
	case u.Name == "":
		return "", ErrName
	case !known([]string{"en", "ur", "id"}, u.Language):
		return "", ErrLanguage
	}
	if err := exists(tx, ErrOrg, "SELECT 1 FROM orgs WHERE id = ?", u.Org); err != nil {
		return "", err
	}
	id := idOr(u.ID)
	if err := insert(tx, "INSERT INTO users (id, login, name, org, language, created_at) VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING",
		id, u.Login, u.Name, u.Org, u.Language, store.Micros(at)); err != nil {
		return "", err
	}
	if err := SetOffices(tx, id, u.Offices); err != nil {
		return "", err
	}
	return id, p.setRoles(tx, id, u.Roles)
}

// SetOffices replaces the offices of a user; all must be of the user's organisation.
func SetOffices(tx *store.Tx, user string, offices []string) error {
	var org string
	if err := one(tx.Row("SELECT org FROM users WHERE id = ?", user), ErrUser, &org); err != nil {
		return err
	}
	if _, err := tx.Exec("DELETE FROM user_offices WHERE user_id = ?", user); err != nil {
		return err
	}
	for _, office := range offices {
		if err := exists(tx, ErrOffice, "SELECT 1 FROM offices WHERE id = ? AND org = ?", office, org); err != nil {
			return err
		}
		if _, err := tx.Exec("INSERT INTO user_offices (user_id, office) VALUES (?, ?) ON CONFLICT DO NOTHING", user, office); err != nil {
			return err
		}
	}
	return nil
}

// SetRoles replaces the roles of a user. by is who does it: nobody gives roles to herself.
// They hold from the next request on: a subject is loaded anew for each.
func (p *Policy) SetRoles(tx *store.Tx, by Subject, user string, roles []string) error {
	if by.User == user {
		return ErrSelf
	}
	return p.setRoles(tx, user, roles)
}

func (p *Policy) setRoles(tx *store.Tx, user string, roles []string) error {
	for _, name := range roles {
		role := p.roles[name]
		if role == nil {
			return fmt.Errorf("%w: %s", ErrRole, name)
		}
		if role.Alone && slices.ContainsFunc(roles, func(other string) bool { return other != name }) {
			return fmt.Errorf("%w: %s", ErrAlone, name)
		}
	}
	if _, err := tx.Exec("DELETE FROM user_roles WHERE user_id = ?", user); err != nil {
		return err
	}
	for _, name := range roles {
		if _, err := tx.Exec("INSERT INTO user_roles (user_id, role) VALUES (?, ?) ON CONFLICT DO NOTHING", user, name); err != nil {
			return err
		}
	}
	return nil
}

// DisableUser closes an account, or opens it again. A disabled user is no subject.
func DisableUser(tx *store.Tx, user string, disabled bool) error {
	return changed(ErrUser)(tx.Exec("UPDATE users SET disabled = ? WHERE id = ?", disabled, user))
}

// DisableOrg closes an organisation with all its users, or opens it again.
func DisableOrg(tx *store.Tx, org string, disabled bool) error {
	return changed(ErrOrg)(tx.Exec("UPDATE orgs SET disabled = ? WHERE id = ?", disabled, org))
}

// DisableOffice closes an office: nobody reaches anything through it any more.
func DisableOffice(tx *store.Tx, office string, disabled bool) error {
	return changed(ErrOffice)(tx.Exec("UPDATE offices SET disabled = ? WHERE id = ?", disabled, office))
}

// SubjectOf loads a user as a subject at a moment: organisation, offices and roles as they
// are now. It gives ErrUser for a user who is not there or disabled, also by organisation.
func SubjectOf(tx *store.Tx, user string, at time.Time) (Subject, error) {
	s := Subject{User: user, At: at}
	err := one(tx.Row(`SELECT u.org, u.language FROM users u JOIN orgs o ON o.id = u.org
		WHERE u.id = ? AND NOT u.disabled AND NOT o.disabled`, user), ErrUser, &s.Org, &s.Language)
	if err != nil {
		return Subject{}, err
	}
	if s.Offices, err = tx.Strings(`SELECT uo.office FROM user_offices uo JOIN offices f ON f.id = uo.office
		WHERE uo.user_id = ? AND NOT f.disabled ORDER BY uo.office`, user); err != nil {
		return Subject{}, fmt.Errorf("reading the offices of a user: %w", err)
	}
	if s.Roles, err = tx.Strings("SELECT role FROM user_roles WHERE user_id = ? ORDER BY role", user); err != nil {
		return Subject{}, fmt.Errorf("reading the roles of a user: %w", err)
	}
	return s, nil
}

func idOr(id string) string {
	if id == "" {
		return ids.New()
	}
	return id
}

// insert runs an INSERT … ON CONFLICT DO NOTHING; no row made means a taken code or login.
func insert(tx *store.Tx, query string, args ...any) error {
	return changed(ErrTaken)(tx.Exec(query, args...))
}

// changed turns "no row changed" into none.
func changed(none error) func(int64, error) error {
	return func(n int64, err error) error {
		if err == nil && n == 0 {
			return none
		}
		return err
	}
}

func exists(tx *store.Tx, none error, query string, args ...any) error {
	var n int
	return one(tx.Row(query, args...), none, &n)
}

// one scans a row, with none for "there is no row".
func one(r store.Row, none error, dest ...any) error {
	err := r.Scan(dest...)
	if errors.Is(err, sql.ErrNoRows) {
		return none
	}
	return err
}
