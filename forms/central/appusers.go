package central

import (
	"database/sql"
	"errors"
	"strconv"
	"strings"

	"aman/platform/access"
	"aman/platform/audit"
	"aman/platform/ids"
	"aman/platform/signin"
	"aman/platform/store"
)

// tokenHidden stands where Central shows the token of an app user again. It tells a script
// that the app user is alive, and no phone can use it.
const tokenHidden = "shown-only-when-it-was-made"

type appUser struct {
	ProjectID int64 `json:"projectId"`
	actor
	Token     *string `json:"token"`
	CreatedBy any     `json:"createdBy,omitempty"`
	LastUsed  *moment `json:"lastUsed,omitempty"`
}

// appUsers lists the phones of a project. Those that were let in from the pages belong to the
// first project.
func (c *call) appUsers() error {
	project, err := c.theProject()
	if err != nil {
		return err
	}
	if err := c.may(access.ManageUsers, "devices"); err != nil {
		return err
	}
	list := []appUser{}
	var phones []string
	where, args := c.h.Policy.Filter(c.sub, access.ManageUsers, "devices")
	err = c.read(func(tx *store.Tx) error {
		return tx.Each(func(r *sql.Rows) error {
			var id string
			var created, seen, revoked int64
			u := appUser{ProjectID: project.ID, actor: actor{Type: appActor}}
			if err := r.Scan(&id, &u.DisplayName, &created, &seen, &revoked); err != nil {
				return err
			}
			u.CreatedAt, u.LastUsed, u.DeletedAt = moment(store.Time(created)), at(store.Time(seen)), at(store.Time(revoked))
			if revoked == 0 {
				hidden := tokenHidden
				u.Token = &hidden
			}
			list, phones = append(list, u), append(phones, id)
			return nil
		}, `SELECT r.id, r.label, r.created_at, r.seen_at, r.revoked_at FROM device_tokens r LEFT JOIN app_users a ON a.device = r.id
			WHERE `+where+` AND coalesce(a.project, 1) = ? ORDER BY r.created_at DESC, r.id`, append(append([]any{}, args...), project.ID)...)
	})
	if err != nil {
		return err
	}
	numbers, err := c.number(actorNumber, phones...)
	if err != nil {
		return err
	}
	for i := range list {
		list[i].ID = numbers[phones[i]]
	}
	return c.json(list)
}

// newAppUser lets a phone in. Behind it stands an account of its own, which nobody can sign in
// with, so that what it sends is told apart from what people send. It belongs to an office of
// whoever makes it: the one named by its code in "office", which Central does not know, or the
// only one.
func (c *call) newAppUser() error {
	project, err := c.theProject()
	if err != nil {
		return err
	}
	var in struct {
		DisplayName string `json:"displayName"`
		Office      string `json:"office"`
	}
	if err := c.body(&in); err != nil {
		return err
	}
	in.DisplayName = strings.TrimSpace(in.DisplayName)
	switch {
	case in.DisplayName == "":
		return missing("displayName")
	case c.h.AppUserRole == "":
		return notOffered("app users")
	case in.Office == "" && len(c.sub.Offices) != 1:
		return missing("office")
	}
	var id, token string
	err = c.h.Store.Write(c.ctx(), func(tx *store.Tx) error {
		office, org := "", c.sub.Org
		if in.Office == "" {
			office = c.sub.Offices[0]
		} else if err := tx.Row("SELECT id, org FROM offices WHERE code = ? AND NOT disabled", in.Office).Scan(&office, &org); err != nil {
			return unexpected("office", in.Office, "there is no office of this code.")
		}
		if _, err := c.h.Policy.Require(tx, c.sub, access.ManageUsers, access.Object{Register: "devices", Org: org, Office: office}); err != nil {
			return err
		}
		account, err := c.h.Policy.CreateUser(tx, access.NewUser{Login: "app." + ids.New()[24:], Name: in.DisplayName, Org: org, Offices: []string{office}, Roles: []string{c.h.AppUserRole}}, c.sub.At)
		if err != nil {
			return err
		}
		if id, token, err = c.h.SignIn.NewDevice(tx, account, office, in.DisplayName); err != nil {
			return err
		}
		if _, err := tx.Exec("INSERT INTO app_users (device, project, user_id) VALUES (?, ?, ?)", id, project.ID, account); err != nil {
			return err
		}
		return c.h.Audit.Append(tx, audit.Entry{At: c.sub.At, Actor: c.sub.User, Org: c.sub.Org, Action: "device.create", Outcome: audit.OK, Register: "devices", Object: id,
			Detail: map[string]string{"user": account, "office": office, "session": c.sub.Session}})
	})
	if errors.Is(err, signin.ErrLabel) {
		return unexpected("displayName", in.DisplayName, "a name of at most 100 characters is needed.")
	}
	if err != nil {
		return err
	}
	all, err := c.actors(id)
	if err != nil {
		return err
	}
	return c.json(appUser{ProjectID: project.ID, actor: *all[id], Token: &token})
}

// dropAppUser ends a phone, and the account that stands behind it.
func (c *call) dropAppUser() error {
	if _, err := c.theProject(); err != nil {
		return err
	}
	id, err := c.appUserID()
	if err != nil {
		return err
	}
	err = c.h.Store.Write(c.ctx(), func(tx *store.Tx) error {
		var owner, office, account string
		if err := tx.Row("SELECT d.user_id, d.office, coalesce(a.user_id, '') FROM device_tokens d LEFT JOIN app_users a ON a.device = d.id WHERE d.id = ?", id).Scan(&owner, &office, &account); err != nil {
			return err
		}
		if _, err := c.h.Policy.Require(tx, c.sub, access.ManageUsers, access.Object{Register: "devices", ID: id, Office: office, Owner: owner}); err != nil {
			return err
		}
		if err := c.h.SignIn.RevokeDevice(tx, id); err != nil {
			return err
		}
		if account != "" {
			if err := access.DisableUser(tx, account, true); err != nil {
				return err
			}
		}
		return c.h.Audit.Append(tx, audit.Entry{At: c.sub.At, Actor: c.sub.User, Org: c.sub.Org, Action: "device.revoke", Outcome: audit.OK, Register: "devices", Object: id,
			Detail: map[string]string{"session": c.sub.Session}})
	})
	if err != nil {
		return err
	}
	return c.success()
}

// appUserID is the id of the phone that the address names by its number.
func (c *call) appUserID() (string, error) {
	number, err := strconv.ParseInt(c.params["actor"], 10, 64)
	if err != nil {
		return "", errNotFound
	}
	return c.idOf(actorNumber, number)
}
