package main

import (
	"database/sql"
	"errors"
	"fmt"
	"io"
	"strings"
	"text/tabwriter"

	"aman/forms/openrosa"
	"aman/node"
	"aman/platform/access"
	"aman/platform/audit"
	"aman/platform/signin"
	"aman/platform/store"
)

// note writes into the audit log what was done at the machine itself: by the system, for
// no user stood behind it.
func note(n *node.Node, tx *store.Tx, action, object string) error {
	return n.Audit.Append(tx, audit.Entry{At: n.Now(), Actor: "system", Action: action, Outcome: audit.OK, Register: "users", Object: object})
}

// at opens the node, works on it in one write, and closes it.
func at(a *app, p *place, work func(n *node.Node, tx *store.Tx) error) error {
	return with(a, p, func(n *node.Node) error {
		return n.Store.Write(a, func(tx *store.Tx) error { return work(n, tx) })
	})
}

func with(a *app, p *place, work func(n *node.Node) error) error {
	n, err := p.open(a)
	if err != nil {
		return err
	}
	defer n.Close()
	return work(n)
}

// look opens the node and reads one snapshot.
func look(a *app, p *place, work func(n *node.Node, tx *store.Tx) error) error {
	return with(a, p, func(n *node.Node) error {
		return n.Store.Read(a, func(tx *store.Tx) error { return work(n, tx) })
	})
}

// byCode finds the id of what has a code or login; none says that there is none.
func byCode(tx *store.Tx, table, column, value string, none error) (id string, err error) {
	err = tx.Row("SELECT id FROM "+table+" WHERE "+column+" = ?", value).Scan(&id)
	if errors.Is(err, store.ErrNone) {
		err = none
	}
	return id, err
}

func userID(tx *store.Tx, login string) (string, error) {
	return byCode(tx, "users", "login", strings.ToLower(login), access.ErrUser)
}

func officeIDs(tx *store.Tx, codes []string) (out []string, err error) {
	for _, code := range codes {
		id, err := byCode(tx, "offices", "code", code, access.ErrOffice)
		if err != nil {
			return nil, err
		}
		out = append(out, id)
	}
	return out, nil
}

// table writes rows in columns, with a head.
func table(w io.Writer, head string, rows [][]string) {
	t := tabwriter.NewWriter(w, 0, 4, 2, ' ', 0)
	fmt.Fprintln(t, strings.ReplaceAll(head, " ", "\t"))
	for _, r := range rows {
		fmt.Fprintln(t, strings.Join(r, "\t"))
	}
	t.Flush()
}

type userCommand struct {
	Add      userAdd      `cmd:"" help:"Make a user; prints a first password, which must be changed."`
	List     userList     `cmd:"" help:"List the users."`
	Disable  userDisable  `cmd:"" help:"Close an account and end its sessions."`
	Enable   userEnable   `cmd:"" help:"Open a closed account again."`
	Password userPassword `cmd:"" help:"Give a new first password, and end the user's sessions."`
	Roles    userRoles    `cmd:"" help:"Show or replace the roles and offices of a user."`
	Script   userScript   `cmd:"" help:"Make a password for a script (pyODK, ruODK, Excel) of a user."`
}

type userAdd struct {
	place
	Login    string   `arg:"" help:"2 to 64 of a-z 0-9 . @ _ -"`
	Org      string   `name:"org" required:"" placeholder:"CODE" help:"Code of the organisation."`
	Name     string   `name:"name" placeholder:"NAME" help:"The name that colleagues see (default: the login)."`
	Office   []string `name:"office" placeholder:"CODE" help:"Code of an office; may be given several times."`
	Role     []string `name:"role" placeholder:"ROLE" help:"A role, such as caseworker; may be given several times."`
	Language string   `name:"language" default:"en" help:"en, ur or id."`
}

func (c *userAdd) Run(a *app) error {
	return with(a, &c.place, func(n *node.Node) error {
		if c.Name == "" {
			c.Name = c.Login
		}
		password, hash, err := newPassword(a, n, c.Login)
		if err != nil {
			return err
		}
		var id string
		err = n.Store.Write(a, func(tx *store.Tx) error {
			org, err := byCode(tx, "orgs", "code", c.Org, access.ErrOrg)
			if err != nil {
				return err
			}
			offices, err := officeIDs(tx, c.Office)
			if err != nil {
				return err
			}
			if id, err = n.Policy.CreateUser(tx, access.NewUser{Login: strings.ToLower(c.Login), Name: c.Name, Org: org, Language: c.Language, Offices: offices, Roles: c.Role}, n.Now()); err != nil {
				return err
			}
			if err := n.SignIn.SetPassword(tx, id, hash, true); err != nil {
				return err
			}
			return note(n, tx, "user.create", id)
		})
		if err != nil {
			return err
		}
		return a.first(made{strings.ToLower(c.Login), id, password})
	})
}

// first shows a first password.
func (a *app) first(m made) error {
	return a.answer(m, func(w io.Writer) {
		fmt.Fprintf(w, "login           %s\nfirst password  %s   (to be changed at the first sign-in; it is shown only now)\n", m.Login, m.Password)
	})
}

type userRow struct {
	ID         string   `json:"id"`
	Login      string   `json:"login"`
	Name       string   `json:"name"`
	Org        string   `json:"org"`
	Offices    []string `json:"offices"`
	Roles      []string `json:"roles"`
	Disabled   bool     `json:"disabled"`
	MustChange bool     `json:"must_change_password"`
}

func users(tx *store.Tx, only string) ([]userRow, error) {
	out, err := store.All(tx, func(r *sql.Rows) (u userRow, err error) {
		return u, r.Scan(&u.ID, &u.Login, &u.Name, &u.Org, &u.Disabled, &u.MustChange)
	}, "SELECT u.id, u.login, u.name, o.code, u.disabled, u.must_change FROM users u JOIN orgs o ON o.id = u.org WHERE u.login = ? OR ? = '' ORDER BY u.login", only, only)
	for i := range out {
		u := &out[i]
		if u.Offices, err = tx.Strings("SELECT f.code FROM user_offices x JOIN offices f ON f.id = x.office WHERE x.user_id = ? ORDER BY f.code", u.ID); err != nil {
			return nil, err
		}
		if u.Roles, err = tx.Strings("SELECT role FROM user_roles WHERE user_id = ? ORDER BY role", u.ID); err != nil {
			return nil, err
		}
	}
	return out, err
}

func (a *app) users(list []userRow) error {
	return a.answer(nonNil(list), func(w io.Writer) {
		var rows [][]string
		for _, u := range list {
			state := ""
			if u.Disabled {
				state = "disabled"
			}
			rows = append(rows, []string{u.Login, u.Name, u.Org, strings.Join(u.Offices, ","), strings.Join(u.Roles, ","), state})
		}
		table(w, "LOGIN NAME ORG OFFICES ROLES STATE", rows)
	})
}

// nonNil makes an empty list [] in JSON.
func nonNil[T any](list []T) []T {
	if list == nil {
		return []T{}
	}
	return list
}

type userList struct{ place }

func (c *userList) Run(a *app) error {
	var list []userRow
	if err := look(a, &c.place, func(n *node.Node, tx *store.Tx) (err error) { list, err = users(tx, ""); return err }); err != nil {
		return err
	}
	return a.users(list)
}

type userDisable struct {
	place
	Login string `arg:""`
}

func (c *userDisable) Run(a *app) error { return setDisabled(a, &c.place, c.Login, true) }

type userEnable struct {
	place
	Login string `arg:""`
}

func (c *userEnable) Run(a *app) error { return setDisabled(a, &c.place, c.Login, false) }

func setDisabled(a *app, p *place, login string, disabled bool) error {
	return at(a, p, func(n *node.Node, tx *store.Tx) error {
		id, err := userID(tx, login)
		if err != nil {
			return err
		}
		if err := access.DisableUser(tx, id, disabled); err != nil {
			return err
		}
		if !disabled {
			return note(n, tx, "user.enable", id)
		}
		if _, err := n.SignIn.RevokeAll(tx, id, ""); err != nil {
			return err
		}
		return note(n, tx, "user.disable", id)
	})
}

type userPassword struct {
	place
	Login string `arg:""`
}

func (c *userPassword) Run(a *app) error {
	return with(a, &c.place, func(n *node.Node) error {
		password, hash, err := newPassword(a, n, c.Login)
		if err != nil {
			return err
		}
		var id string
		err = n.Store.Write(a, func(tx *store.Tx) (err error) {
			if id, err = userID(tx, c.Login); err != nil {
				return err
			}
			if err = n.SignIn.SetPassword(tx, id, hash, true); err != nil {
				return err
			}
			return note(n, tx, "user.password", id)
		})
		if err != nil {
			return err
		}
		return a.first(made{strings.ToLower(c.Login), id, password})
	})
}

type userRoles struct {
	place
	Login  string   `arg:""`
	Role   []string `arg:"" optional:"" help:"The roles that the user has from now on; none: only show."`
	Office []string `name:"office" placeholder:"CODE" help:"The offices from now on; may be given several times."`
}

func (c *userRoles) Run(a *app) error {
	var list []userRow
	err := at(a, &c.place, func(n *node.Node, tx *store.Tx) error {
		id, err := userID(tx, c.Login)
		if err != nil {
			return err
		}
		if len(c.Role) > 0 {
			if err := n.Policy.SetRoles(tx, access.Subject{}, id, c.Role); err != nil {
				return err
			}
		}
		if len(c.Office) > 0 {
			offices, err := officeIDs(tx, c.Office)
			if err != nil {
				return err
			}
			if err := access.SetOffices(tx, id, offices); err != nil {
				return err
			}
		}
		if len(c.Role)+len(c.Office) > 0 {
			if err := note(n, tx, "user.change", id); err != nil {
				return err
			}
		}
		list, err = users(tx, strings.ToLower(c.Login))
		return err
	})
	if err != nil {
		return err
	}
	return a.users(list)
}

type orgCommand struct {
	Add  orgAdd  `cmd:"" help:"Make an organisation."`
	List orgList `cmd:"" help:"List the organisations."`
}

type orgAdd struct {
	place
	Code string `arg:"" help:"Short and stable: small letters, digits, hyphens."`
	Name string `name:"name" required:"" placeholder:"NAME"`
	Kind string `name:"kind" default:"ngo" enum:"un,government,ngo,shelter,health,legal,law_enforcement" help:"${enum}"`
}

// coding is something that has an id and a code.
type coding struct {
	ID       string `json:"id"`
	Code     string `json:"code"`
	Name     string `json:"name"`
	Kind     string `json:"kind,omitempty"`
	Org      string `json:"org,omitempty"`
	Disabled bool   `json:"disabled"`
}

func (a *app) made(c coding) error {
	return a.answer(c, func(w io.Writer) { fmt.Fprintf(w, "%s  %s  %s\n", c.Code, c.Name, c.ID) })
}

func (c *orgAdd) Run(a *app) error {
	out := coding{Code: c.Code, Name: c.Name, Kind: c.Kind}
	err := at(a, &c.place, func(n *node.Node, tx *store.Tx) (err error) {
		if out.ID, err = access.CreateOrg(tx, access.NewOrg{Code: c.Code, Name: c.Name, Kind: c.Kind}, n.Now()); err != nil {
			return err
		}
		return note(n, tx, "org.create", out.ID)
	})
	if err != nil {
		return err
	}
	return a.made(out)
}

type orgList struct{ place }

func (c *orgList) Run(a *app) error {
	return listCodings(a, &c.place, "SELECT id, code, name, kind, '', disabled FROM orgs ORDER BY code", "CODE NAME KIND STATE")
}

func listCodings(a *app, p *place, query, head string) error {
	var list []coding
	err := look(a, p, func(n *node.Node, tx *store.Tx) (err error) {
		list, err = store.All(tx, func(r *sql.Rows) (c coding, err error) {
			return c, r.Scan(&c.ID, &c.Code, &c.Name, &c.Kind, &c.Org, &c.Disabled)
		}, query)
		return err
	})
	if err != nil {
		return err
	}
	return a.answer(nonNil(list), func(w io.Writer) {
		var rows [][]string
		for _, c := range list {
			state := ""
			if c.Disabled {
				state = "disabled"
			}
			rows = append(rows, []string{c.Code, c.Name, c.Kind + c.Org, state})
		}
		table(w, head, rows)
	})
}

type officeCommand struct {
	Add  officeAdd  `cmd:"" help:"Make an office of an organisation."`
	List officeList `cmd:"" help:"List the offices."`
}

type officeAdd struct {
	place
	Code  string `arg:"" help:"Short and stable: small letters, digits, hyphens."`
	Org   string `name:"org" required:"" placeholder:"CODE"`
	Name  string `name:"name" required:"" placeholder:"NAME"`
	Place string `name:"place" placeholder:"CODE" help:"Code of a place of the packs."`
}

func (c *officeAdd) Run(a *app) error {
	out := coding{Code: c.Code, Name: c.Name, Org: c.Org}
	err := at(a, &c.place, func(n *node.Node, tx *store.Tx) error {
		org, err := byCode(tx, "orgs", "code", c.Org, access.ErrOrg)
		if err != nil {
			return err
		}
		if out.ID, err = access.CreateOffice(tx, access.NewOffice{Org: org, Code: c.Code, Name: c.Name, Place: c.Place}, n.Now()); err != nil {
			return err
		}
		return note(n, tx, "office.create", out.ID)
	})
	if err != nil {
		return err
	}
	return a.made(out)
}

type officeList struct{ place }

func (c *officeList) Run(a *app) error {
	return listCodings(a, &c.place, "SELECT f.id, f.code, f.name, '', o.code, f.disabled FROM offices f JOIN orgs o ON o.id = f.org ORDER BY f.code", "CODE NAME ORG STATE")
}

type deviceCommand struct {
	Add    deviceAdd    `cmd:"" help:"Make a token for a phone; prints the server URL for ODK Collect, once."`
	List   deviceList   `cmd:"" help:"List the tokens of an office, without the tokens."`
	Revoke deviceRevoke `cmd:"" help:"End a token."`
}

type deviceAdd struct {
	place
	Login  string `arg:"" help:"The user whose phone it is."`
	Office string `name:"office" placeholder:"CODE" help:"The office that it sends for (default: the user's only one)."`
	Label  string `name:"label" placeholder:"TEXT" help:"What it is called (default: phone)." default:"phone"`
	Origin string `name:"origin" env:"AMAN_ORIGIN" placeholder:"URL" help:"The address that phones use, https://aman.example.org."`
	QR     bool   `name:"qr" help:"Show the settings as a QR code for the phone to scan."`
}

func (c *deviceAdd) Run(a *app) error {
	var out struct {
		ID        string `json:"id"`
		Token     string `json:"token"`
		ServerURL string `json:"server_url"`
		// Password goes with the user's login where an app asks for a name and a password.
		Password string `json:"password"`
		// Settings is the text of the QR code.
		Settings string `json:"settings"`
	}
	if c.QR && c.Origin == "" {
		return usage("a phone must know where to send: --origin URL")
	}
	err := at(a, &c.place, func(n *node.Node, tx *store.Tx) error {
		user, err := userID(tx, c.Login)
		if err != nil {
			return err
		}
		offices, err := tx.Strings("SELECT f.id FROM user_offices x JOIN offices f ON f.id = x.office WHERE x.user_id = ? AND (f.code = ? OR ? = '')", user, c.Office, c.Office)
		if err != nil {
			return err
		}
		if len(offices) != 1 && c.Office == "" {
			return input("the user is in %d offices; say which with --office", len(offices))
		}
		if len(offices) == 0 {
			return signin.ErrOffice
		}
		if out.ID, out.Token, err = n.SignIn.NewDevice(tx, user, offices[0], c.Label); err != nil {
			return err
		}
		out.Password = n.SignIn.DevicePassword(out.ID)
		return note(n, tx, "device.create", out.ID)
	})
	if err != nil {
		return err
	}
	out.ServerURL = strings.TrimSuffix(c.Origin, "/") + "/v1/key/" + out.Token + "/projects/1"
	if out.Settings, err = (openrosa.Settings{Server: out.ServerURL, Name: "Aman"}).Code(); err != nil {
		return err
	}
	if c.QR && !a.json {
		if err := writeQR(a.out, out.Settings); err != nil {
			return err
		}
	}
	return a.answer(out, func(w io.Writer) {
		fmt.Fprintf(w, "device      %s\nserver URL  %s   (for ODK Collect; it is shown only now)\n", out.ID, out.ServerURL)
		fmt.Fprintf(w, "or          %s with the name %s and the password %s\n", strings.TrimSuffix(c.Origin, "/"), c.Login, out.Password)
	})
}

type deviceList struct {
	place
	Office string `arg:"" help:"Code of the office."`
}

func (c *deviceList) Run(a *app) error {
	type row struct {
		ID      string `json:"id"`
		Label   string `json:"label"`
		User    string `json:"user"`
		Created string `json:"created"`
		Seen    string `json:"seen,omitempty"`
		Revoked string `json:"revoked,omitempty"`
	}
	var list []row
	err := look(a, &c.place, func(n *node.Node, tx *store.Tx) error {
		office, err := byCode(tx, "offices", "code", c.Office, access.ErrOffice)
		if err != nil {
			return err
		}
		devices, err := signin.Devices(tx, office)
		if err != nil {
			return err
		}
		for _, d := range devices {
			r := row{ID: d.ID, Label: d.Label, Created: stamp(d.Created), Seen: stamp(d.Seen), Revoked: stamp(d.Revoked)}
			if err := tx.Row("SELECT login FROM users WHERE id = ?", d.User).Scan(&r.User); err != nil {
				return err
			}
			list = append(list, r)
		}
		return nil
	})
	if err != nil {
		return err
	}
	return a.answer(nonNil(list), func(w io.Writer) {
		var rows [][]string
		for _, r := range list {
			rows = append(rows, []string{r.ID, r.Label, r.User, r.Created, r.Seen, r.Revoked})
		}
		table(w, "ID LABEL USER MADE SEEN REVOKED", rows)
	})
}

type deviceRevoke struct {
	place
	ID string `arg:"" help:"Its id, as device list shows it."`
}

func (c *deviceRevoke) Run(a *app) error {
	return at(a, &c.place, func(n *node.Node, tx *store.Tx) error {
		if err := n.SignIn.RevokeDevice(tx, c.ID); err != nil {
			return err
		}
		return note(n, tx, "device.revoke", c.ID)
	})
}
