package central

import (
	"strings"

	"aman/forms"
	"aman/platform/store"
)

// commentView is a comment as Central shows it.
type commentView struct {
	Body      string `json:"body"`
	ActorID   int64  `json:"actorId"`
	Actor     *actor `json:"actor,omitempty"`
	CreatedAt moment `json:"createdAt"`
}

func (c *call) viewComments(list []forms.Comment) ([]commentView, error) {
	var who []string
	for _, x := range list {
		who = append(who, x.By)
	}
	actors, err := c.actors(who...)
	if err != nil {
		return nil, err
	}
	out := []commentView{}
	for _, x := range list {
		a := actors[x.By]
		if a == nil {
			a = c.system()
		}
		v := commentView{Body: x.Text, ActorID: a.ID, CreatedAt: moment(x.At)}
		if c.extended() {
			v.Actor = a
		}
		out = append(out, v)
	}
	return out, nil
}

func (c *call) comments(f forms.Form, version string) error {
	h, err := c.theSubmission(f, version)
	if err != nil {
		return err
	}
	if err := c.needNames(); err != nil {
		return err // a comment can name somebody
	}
	var list []forms.Comment
	if err := c.read(func(tx *store.Tx) (err error) {
		list, err = c.h.Forms.Comments(tx, c.sub, f.Project, f.ID, instanceOf(h))
		return err
	}); err != nil {
		return err
	}
	out, err := c.viewComments(list)
	if err != nil {
		return err
	}
	return c.json(out)
}

func (c *call) newComment(f forms.Form, version string) error {
	h, err := c.theSubmission(f, version)
	if err != nil {
		return err
	}
	var in struct {
		Body string `json:"body"`
	}
	if err := c.body(&in); err != nil {
		return err
	}
	if strings.TrimSpace(in.Body) == "" {
		return missing("body")
	}
	x, err := c.h.Forms.AddComment(c.ctx(), c.sub, f.Project, f.ID, instanceOf(h), in.Body)
	if err != nil {
		return err
	}
	out, err := c.viewComments([]forms.Comment{x})
	if err != nil {
		return err
	}
	return c.json(out[0])
}
