package web

import (
	"database/sql"

	"aman/platform/store"
)

// read fills a directory from the store.
func (d *directory) read(tx *store.Tx) (err error) {
	d.users, d.orgs, d.offices = map[string]Staff{}, map[string]Organisation{}, map[string]string{}
	if err := tx.Each(func(r *sql.Rows) error {
		var u Staff
		err := r.Scan(&u.ID, &u.Name, &u.Org)
		d.users[u.ID] = u
		return err
	}, "SELECT id, name, org FROM users"); err != nil {
		return err
	}
	pairs := func(query string, put func(id, value string)) error {
		return tx.Each(func(r *sql.Rows) error {
			var id, v string
			err := r.Scan(&id, &v)
			put(id, v)
			return err
		}, query)
	}
	change := func(id string, f func(*Staff)) {
		u := d.users[id]
		f(&u)
		d.users[id] = u
	}
	if err := pairs("SELECT user_id, office FROM user_offices ORDER BY user_id, office", func(id, v string) { change(id, func(u *Staff) { u.Offices = append(u.Offices, v) }) }); err != nil {
		return err
	}
	if err := pairs("SELECT user_id, role FROM user_roles ORDER BY user_id, role", func(id, v string) { change(id, func(u *Staff) { u.Roles = append(u.Roles, v) }) }); err != nil {
		return err
	}
	if err := pairs("SELECT id, name FROM offices", func(id, v string) { d.offices[id] = v }); err != nil {
		return err
	}
	d.list, err = store.All(tx, func(r *sql.Rows) (o Organisation, err error) {
		return o, r.Scan(&o.ID, &o.Code, &o.Name, &o.Kind)
	}, "SELECT id, code, name, kind FROM orgs WHERE disabled = FALSE ORDER BY name")
	for _, o := range d.list {
		d.orgs[o.ID] = o
	}
	return err
}
