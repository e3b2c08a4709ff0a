package central

import (
	"aman/platform/signin"
)

// signIn opens a session: POST /sessions {email, password}.
func (c *call) signIn() error {
	var in struct {
		Email    *string `json:"email"`
		Password *string `json:"password"`
	}
	if err := c.body(&in); err != nil {
		return err
	}
	if in.Email == nil || in.Password == nil || *in.Email == "" || *in.Password == "" {
		// The message names the fields and repeats nothing: one of them could be a password.
		return &problem{"400.3", "Required parameters missing. Expected (email, password).", details{"expected": []string{"email", "password"}}}
	}
	p, err := c.h.SignIn.ProgramSignIn(c.ctx(), *in.Email, *in.Password, c.from())
	if err != nil {
		return authFault(err)
	}
	return c.session(p)
}

func authFault(err error) error {
	if err == signin.ErrRefused {
		return errAuth
	}
	return err
}

// session shows a session. Central also sets a cookie, which this interface never reads.
func (c *call) session(p signin.Program) error {
	numbers, err := c.number(actorNumber, p.User)
	if err != nil {
		return err
	}
	return c.json(struct {
		Token     string `json:"token,omitempty"`
		CSRF      string `json:"csrf,omitempty"`
		CreatedAt moment `json:"createdAt"`
		ExpiresAt moment `json:"expiresAt"`
		ActorID   int64  `json:"actorId"`
	}{p.Token, "", moment(p.Created), moment(p.Expires), numbers[p.User]})
}

// restore shows the session that is open.
func (c *call) restore() error { return c.session(c.program) }

// signOut ends a session by its token, or the one that asks (/sessions/current). Whoever does
// not hold the token does not know it, so nothing else is asked.
func (c *call) signOut() error {
	token := c.params["token"]
	if token == "current" {
		token = bearer(c.r.Header.Get("Authorization"))
	}
	found, err := c.h.SignIn.EndProgramSession(c.ctx(), token)
	if err != nil {
		return err
	}
	if !found {
		return errRights // as Central: it does not tell whether there ever was one
	}
	return c.success()
}

func bearer(header string) string {
	if len(header) > 7 {
		return header[7:]
	}
	return ""
}
