package main

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"strings"

	"aman/node"
	"aman/node/ops"
	"aman/platform/access"
	"aman/platform/store"
)

type initCommand struct {
	place
	Org     string `name:"org" placeholder:"CODE" help:"Code of the first organisation, such as country-office."`
	OrgName string `name:"org-name" placeholder:"NAME" help:"Its name."`
	OrgKind string `name:"org-kind" default:"un" enum:"un,government,ngo,shelter,health,legal,law_enforcement" help:"Its kind: ${enum} (default: ${default})."`
	Login   string `name:"login" placeholder:"LOGIN" help:"Login of the first administrator."`
	Name    string `name:"name" placeholder:"NAME" help:"Name of the first administrator."`
}

// made is what init and user add answer: who was made, and the password to change.
type made struct {
	Login    string `json:"login"`
	User     string `json:"user"`
	Password string `json:"password"`
}

func (c *initCommand) Run(a *app) (err error) {
	config, err := c.config()
	if err != nil {
		return err
	}
	if err := c.free(config); err != nil {
		return err
	}
	if err := c.ask(a); err != nil {
		return err
	}
	config.Create = true
	n, err := node.Open(a, config)
	if err != nil {
		return err
	}
	defer func() {
		if n.Close(); err != nil && c.Database == "" {
			// A database that nobody can sign in to is of no use; the keys are kept, always.
			ops.RemoveDatabase(config.Data)
		}
	}()
	if err = ops.Unused(a, n.Store); err != nil {
		return err
	}
	password, hash, err := newPassword(a, n, c.Login)
	if err != nil {
		return err
	}
	var user string
	err = n.Store.Write(a, func(tx *store.Tx) error {
		at := n.Now()
		org, err := access.CreateOrg(tx, access.NewOrg{Code: c.Org, Name: c.OrgName, Kind: c.OrgKind}, at)
		if err != nil {
			return err
		}
		if user, err = n.Policy.CreateUser(tx, access.NewUser{Login: c.Login, Name: c.Name, Org: org, Roles: []string{"administrator"}}, at); err != nil {
			return err
		}
		if err := n.SignIn.SetPassword(tx, user, hash, true); err != nil {
			return err
		}
		return errors.Join(note(n, tx, "org.create", org), note(n, tx, "user.create", user))
	})
	if err != nil {
		return err
	}
	keys := n.Config.Keys
	return a.answer(made{c.Login, user, password}, func(w io.Writer) {
		fmt.Fprintf(w, "The node is ready.\n\n  first administrator  %s\n  first password       %s   (to be changed at the first sign-in; it is shown only now)\n  key ring             %s\n\n", c.Login, password, keys)
		fmt.Fprintln(w, "Copy the key ring to a second place now, apart from where backups will go. Without it nothing can be opened.")
		fmt.Fprintf(w, "Next: aman serve %s\n", c.flags())
	})
}

// free refuses a place that has a node already, before anything is made.
func (c *initCommand) free(config node.Config) error {
	if c.Database == "" && ops.HasDatabase(config.Data) {
		return &ops.Refused{Text: "There is a node in this folder already. Nothing was changed."}
	}
	return nil
}

func (c *initCommand) flags() string {
	var out []string
	for _, f := range []struct{ name, value string }{{"data", c.Data}, {"keys", c.Keys}, {"database", c.Database}, {"passphrase-file", c.Passphrase}} {
		if f.value != "" && f.name != "database" {
			out = append(out, "--"+f.name+" "+f.value)
		} else if f.value != "" {
			out = append(out, "--database …") // it may hold a password
		}
	}
	return strings.Join(out, " ")
}

// ask asks for what was not given, if there is somebody to ask.
func (c *initCommand) ask(a *app) error {
	in := bufio.NewScanner(a.in)
	for _, q := range []struct {
		flag, question, fallback string
		into                     *string
	}{
		{"--org-name", "Name of the first organisation", "", &c.OrgName},
		{"--org", "A short code for it (small letters, digits, hyphens)", slug(c.OrgName), &c.Org},
		{"--name", "Name of the first administrator", "", &c.Name},
		{"--login", "Login of the first administrator", "admin", &c.Login},
	} {
		if *q.into != "" {
			continue
		}
		if q.flag == "--org" && q.fallback == "" {
			q.fallback = slug(c.OrgName)
		}
		if !terminal(a.in) {
			if q.fallback != "" {
				*q.into = q.fallback
				continue
			}
			// Names have a stand-in that can be changed later; codes and logins were asked for above.
			if stand := map[string]string{"--org-name": c.Org, "--name": c.Login}[q.flag]; stand != "" {
				*q.into = stand
				continue
			}
			return usage("%s is needed (%s)", q.flag, strings.ToLower(q.question))
		}
		fmt.Fprint(a.err, q.question)
		if q.fallback != "" {
			fmt.Fprintf(a.err, " [%s]", q.fallback)
		}
		fmt.Fprint(a.err, ": ")
		in.Scan()
		if *q.into = strings.TrimSpace(in.Text()); *q.into == "" {
			*q.into = q.fallback
		}
	}
	return nil
}

// slug makes a code of a name.
func slug(name string) string {
	var b strings.Builder
	for _, r := range strings.ToLower(name) {
		switch {
		case r >= 'a' && r <= 'z', r >= '0' && r <= '9':
			b.WriteRune(r)
		case b.Len() > 0 && !strings.HasSuffix(b.String(), "-"):
			b.WriteByte('-')
		}
	}
	s := strings.Trim(b.String(), "-")
	if len(s) < 2 {
		return ""
	}
	return s[:min(len(s), 40)]
}
