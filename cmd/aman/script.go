package main

import (
	"fmt"
	"io"
	"strings"

	"aman/node"
	"aman/platform/store"
)

// userScript makes a password for a script of a user, as the page My account, Scripts does,
// where there is no browser at hand.
type userScript struct {
	place
	Login  string `arg:"" help:"Whose script it is; it may do what this user may."`
	Label  string `name:"label" required:"" placeholder:"TEXT" help:"What the script does, so that it is known again."`
	Months int    `name:"months" default:"3" help:"How long the password works, 1 to 12."`
	Names  bool   `name:"names" help:"Let it see names, where the user may unseal them."`
}

func (c *userScript) Run(a *app) error {
	var out made
	err := at(a, &c.place, func(n *node.Node, tx *store.Tx) error {
		id, err := userID(tx, c.Login)
		if err != nil {
			return err
		}
		var mustChange bool
		if err := tx.Row("SELECT must_change FROM users WHERE id = ?", id).Scan(&mustChange); err != nil {
			return err
		}
		if mustChange {
			return input("%s has yet to sign in and choose a password; scripts come after that", c.Login)
		}
		_, password, err := n.SignIn.NewProgramPassword(tx, id, c.Label, c.Names, n.Now().AddDate(0, c.Months, 0))
		if err != nil {
			return err
		}
		out = made{strings.ToLower(c.Login), id, password}
		return note(n, tx, "user.script", id)
	})
	if err != nil {
		return err
	}
	return a.answer(out, func(w io.Writer) {
		fmt.Fprintf(w, "username  %s\npassword  %s   (for the settings of the script; it is shown only now)\n", out.Login, out.Password)
	})
}
