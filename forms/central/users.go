package central

import (
	"database/sql"
	"slices"
	"strconv"
	"strings"

	"aman/platform/access"
	"aman/platform/store"
)

// user is a user as Central shows one. Email is the login: it is what a script signs in with.
type user struct {
	actor
	Email string   `json:"email"`
	Verbs []string `json:"verbs,omitempty"`
}

// users lists the users whom this one keeps (GET /users?q=), by name.
func (c *call) users() error {
	if err := c.may(access.ManageUsers, "users"); err != nil {
		return err
	}
	where, args := c.h.Policy.Filter(c.sub, access.ManageUsers, "users")
	if q := strings.TrimSpace(c.r.URL.Query().Get("q")); q != "" {
		where += " AND (lower(r.name) LIKE ? OR r.login LIKE ?)"
		like := "%" + strings.NewReplacer("%", "", "_", "").Replace(strings.ToLower(q)) + "%"
		args = append(slices.Clone(args), like, like)
	}
	return c.usersWhere(where+" ORDER BY r.name, r.id", args, func(list []user) error { return c.json(list) })
}

// user shows one user: /users/{number}, or /users/current for the one who asks.
func (c *call) user() error {
	first := func(list []user) error {
		if len(list) == 0 {
			return errNotFound
		}
		return c.json(list[0])
	}
	if c.params["user"] == "current" {
		return c.usersWhere("r.id = ?", []any{c.sub.User}, func(list []user) error {
			if c.extended() && len(list) > 0 {
				list[0].Verbs = c.verbs()
			}
			return first(list)
		})
	}
	number, err := strconv.ParseInt(c.params["user"], 10, 64)
	if err != nil {
		return errNotFound
	}
	id, err := c.idOf(actorNumber, number)
	if err != nil {
		return err
	}
	if id == c.sub.User {
		return c.usersWhere("r.id = ?", []any{id}, first)
	}
	where, args := c.h.Policy.Filter(c.sub, access.ManageUsers, "users")
	return c.usersWhere(where+" AND r.id = ?", append(slices.Clone(args), id), first)
}

func (c *call) usersWhere(where string, args []any, answer func([]user) error) error {
	list := []user{}
	var ids []string
	err := c.read(func(tx *store.Tx) error {
		return tx.Each(func(r *sql.Rows) error {
			var id string
			var created int64
			u := user{actor: actor{Type: userActor}}
			if err := r.Scan(&id, &u.DisplayName, &u.Email, &created); err != nil {
				return err
			}
			u.CreatedAt = moment(store.Time(created))
			list, ids = append(list, u), append(ids, id)
			return nil
		}, "SELECT r.id, r.name, r.login, r.created_at FROM users r WHERE "+where, args...)
	})
	if err != nil {
		return err
	}
	numbers, err := c.number(actorNumber, ids...)
	if err != nil {
		return err
	}
	for i := range list {
		list[i].ID = numbers[ids[i]]
	}
	return answer(list)
}

// verbOf says in Central's words what a right here lets a script do.
var verbOf = []struct {
	action   access.Action
	register string
	verbs    []string
}{
	{access.ManageForms, "forms", []string{"project.create", "project.update", "form.create", "form.update", "form.delete", "form.restore", "dataset.create", "dataset.update"}},
	{access.Read, "forms", []string{"project.read", "form.list", "form.read", "open_form.list", "open_form.read"}},
	{access.Submit, "forms", []string{"submission.create"}},
	{access.Read, "answers", []string{"submission.list", "submission.read"}},
	{access.Curate, "answers", []string{"submission.update", "submission.delete", "submission.restore"}},
	{access.ManageUsers, "devices", []string{"field_key.create", "field_key.list", "field_key.delete", "session.end"}},
	{access.ManageUsers, "users", []string{"user.list", "user.read"}},
	{access.ReadAudit, "audit", []string{"audit.read"}},
}

func (c *call) verbs() (out []string) {
	for _, v := range verbOf {
		if c.h.Policy.May(c.sub, v.action, v.register) {
			out = append(out, v.verbs...)
		}
	}
	return out
}

// role is a role as Central shows one.
type role struct {
	ID     int64    `json:"id"`
	System *string  `json:"system"`
	Name   string   `json:"name"`
	Verbs  []string `json:"verbs"`
}

// appUserRole is the number of Central's role of app users; scripts write it as it stands.
const appUserRole = 2

// firstOwnRole is where the numbers of this node's own roles begin: Central's end far below.
const firstOwnRole = 100

// roles lists the one role of Central that means something here, and the node's own.
func (c *call) roles() error { return c.json(c.roleList()) }

func (c *call) roleList() []role {
	system := "app-user"
	list := []role{{appUserRole, &system, "App User", []string{"open_form.list", "open_form.read", "submission.create"}}}
	for i, r := range c.h.Policy.Roles() {
		list = append(list, role{ID: int64(firstOwnRole + i), System: &r.Name, Name: r.Title["en"], Verbs: []string{}})
	}
	return list
}

// role shows one, by number or by its system name.
func (c *call) role() error {
	for _, r := range c.roleList() {
		if strconv.FormatInt(r.ID, 10) == c.params["role"] || *r.System == c.params["role"] {
			return c.json(r)
		}
	}
	return errNotFound
}
