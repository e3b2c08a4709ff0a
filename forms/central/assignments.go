package central

import (
	"database/sql"
	"slices"
	"strconv"

	"aman/forms"
	"aman/platform/access"
	"aman/platform/store"
)

// An assignment of a form to an app user means here that the phone's office may fill the form.
// A form that no office was named for is everybody's: then there is nothing to assign, and a
// phone is not kept out by itself.

// assigned finds the form and the office of the app user of the address.
func (c *call) assigned() (f forms.Form, office string, err error) {
	if f, err = c.theForm(); err != nil {
		return f, "", err
	}
	if c.params["role"] != strconv.Itoa(appUserRole) && c.params["role"] != "app-user" {
		return f, "", notOffered("roles of users on single forms")
	}
	id, err := c.appUserID()
	if err != nil {
		return f, "", err
	}
	var owner string
	err = c.read(func(tx *store.Tx) error {
		if err := tx.Row("SELECT office, user_id FROM device_tokens WHERE id = ? AND revoked_at = 0", id).Scan(&office, &owner); err != nil {
			return err
		}
		_, err := c.h.Policy.Require(tx, c.sub, access.ManageUsers, access.Object{Register: "devices", ID: id, Office: office, Owner: owner})
		return err
	})
	return f, office, err
}

func (c *call) assign() error {
	f, office, err := c.assigned()
	if err != nil {
		return err
	}
	if len(f.Offices) > 0 && !slices.Contains(f.Offices, office) {
		if err := c.h.Forms.SetOffices(c.ctx(), c.sub, f.Project, f.ID, append(f.Offices, office)); err != nil {
			return err
		}
	}
	return c.success()
}

func (c *call) unassign() error {
	f, office, err := c.assigned()
	if err != nil {
		return err
	}
	left := slices.DeleteFunc(slices.Clone(f.Offices), func(o string) bool { return o == office })
	if len(left) == 0 || len(left) == len(f.Offices) {
		// No office left would mean all of them.
		return &problem{"409.21", "This form is not assigned to single offices, or to this one alone. Close the form, or say on its page which offices may fill it.", nil}
	}
	if err := c.h.Forms.SetOffices(c.ctx(), c.sub, f.Project, f.ID, left); err != nil {
		return err
	}
	return c.success()
}

// assignments lists the app users that may fill a form.
func (c *call) assignments() error {
	f, err := c.theForm()
	if err != nil {
		return err
	}
	if err := c.may(access.ManageUsers, "devices"); err != nil {
		return err
	}
	var ids []string
	where, args := c.h.Policy.Filter(c.sub, access.ManageUsers, "devices")
	err = c.read(func(tx *store.Tx) error {
		return tx.Each(func(r *sql.Rows) error {
			var id, office string
			if err := r.Scan(&id, &office); err != nil {
				return err
			}
			if len(f.Offices) == 0 || slices.Contains(f.Offices, office) {
				ids = append(ids, id)
			}
			return nil
		}, "SELECT r.id, r.office FROM device_tokens r WHERE "+where+" AND r.revoked_at = 0 ORDER BY r.created_at, r.id", args...)
	})
	if err != nil {
		return err
	}
	actors, err := c.actors(ids...)
	if err != nil {
		return err
	}
	type assignment struct {
		RoleID  int64  `json:"roleId"`
		ActorID int64  `json:"actorId"`
		Actor   *actor `json:"actor,omitempty"`
	}
	if role := c.params["role"]; role != "" { // Central lists the actors of one role by themselves
		out := []*actor{}
		for _, id := range ids {
			if role == strconv.Itoa(appUserRole) || role == "app-user" {
				out = append(out, actors[id])
			}
		}
		return c.json(out)
	}
	out := []assignment{}
	for _, id := range ids {
		a := assignment{appUserRole, actors[id].ID, nil}
		if c.extended() {
			a.Actor = actors[id]
		}
		out = append(out, a)
	}
	return c.json(out)
}
