package central

import (
	"encoding/json"
	"io"

	"aman/forms/entities"
	"aman/platform/store"
)

type entityView struct {
	UUID           string        `json:"uuid"`
	CreatedAt      moment        `json:"createdAt"`
	UpdatedAt      *moment       `json:"updatedAt"`
	DeletedAt      *moment       `json:"deletedAt"`
	CreatorID      int64         `json:"creatorId"`
	Creator        *actor        `json:"creator,omitempty"`
	Conflict       *string       `json:"conflict"`
	CurrentVersion entityVersion `json:"currentVersion"`
}

// viewEntities shows entities, whole with their values.
func (c *call) viewEntities(list []entities.Entity, whole bool) ([]entityView, error) {
	var who []string
	for _, e := range list {
		who = append(who, actorID(e.CreatedBy, e.CreatedDevice), e.UpdatedBy)
	}
	actors, err := c.actors(who...)
	if err != nil {
		return nil, err
	}
	out := make([]entityView, 0, len(list))
	for _, e := range list {
		creator := actors[actorID(e.CreatedBy, e.CreatedDevice)]
		if creator == nil {
			creator = c.system()
		}
		v := entityView{UUID: e.ID, CreatedAt: moment(e.Created), DeletedAt: at(e.Deleted), CreatorID: creator.ID,
			CurrentVersion: entityVersion{Label: e.Label, Current: true, CreatedAt: moment(e.Created), CreatorID: creator.ID, Version: e.Version}}
		if e.Conflict != "" {
			v.Conflict = &e.Conflict
		}
		if e.Version > 1 {
			v.UpdatedAt, v.CurrentVersion.CreatedAt = at(e.Updated), moment(e.Updated)
			base := e.Version - 1
			v.CurrentVersion.BaseVersion = &base
			if a := actors[e.UpdatedBy]; a != nil {
				v.CurrentVersion.CreatorID = a.ID
			}
		}
		if whole {
			v.CurrentVersion.Data = e.Values
		}
		if c.extended() {
			v.Creator, v.CurrentVersion.Creator = creator, creator
			if a := actors[e.UpdatedBy]; a != nil && e.Version > 1 {
				v.CurrentVersion.Creator = a
			}
		}
		out = append(out, v)
	}
	return out, nil
}

func (c *call) showEntity(e entities.Entity) error {
	list, err := c.viewEntities([]entities.Entity{e}, true)
	if err != nil {
		return err
	}
	return c.json(list[0])
}

// entities lists the entities of a list, the newest first.
func (c *call) entities() error {
	d, err := c.theDataset()
	if err != nil {
		return err
	}
	if _, err := c.entityOptions(d); err != nil { // a $filter that cannot be read must not be passed over
		return err
	}
	first := true
	return c.jsonArray(func(add func(any) error) error {
		q := entities.Query{Project: d.Project, Dataset: d.Name, Deleted: c.flag("deleted"), Limit: 1000}
		for first || q.After != "" {
			first = false
			var page entities.Page
			if err := c.read(func(tx *store.Tx) (err error) { page, err = c.h.Entities.List(tx, c.sub, q); return err }); err != nil {
				return err
			}
			views, err := c.viewEntities(page.Entities, false)
			if err != nil {
				return err
			}
			for _, v := range views {
				if err := add(v); err != nil {
					return err
				}
			}
			q.After = page.Next
		}
		return nil
	})
}

func (c *call) theEntity() (d entities.Dataset, e entities.Entity, err error) {
	if d, err = c.theDataset(); err != nil {
		return d, e, err
	}
	err = c.read(func(tx *store.Tx) (err error) {
		e, err = c.h.Entities.Get(tx, c.sub, d.Project, d.Name, c.params["entity"])
		return err
	})
	if err == nil && !e.Deleted.IsZero() && !c.flag("deleted") {
		err = errNotFound
	}
	return d, e, err
}

func (c *call) entity() error {
	_, e, err := c.theEntity()
	if err != nil {
		return err
	}
	return c.showEntity(e)
}

// jsonArray streams a list of values.
func (c *call) jsonArray(f func(add func(any) error) error) error {
	c.w.Header().Set("Content-Type", "application/json; charset=utf-8")
	return c.stream(func(w io.Writer) error {
		before := "["
		err := f(func(v any) error {
			body, err := json.Marshal(v)
			if err != nil {
				return err
			}
			if _, err := w.Write(append([]byte(before), body...)); err != nil {
				return err
			}
			before = ","
			return nil
		})
		if err != nil {
			return err
		}
		if before == "[" {
			_, err = w.Write([]byte("[]"))
		} else {
			_, err = w.Write([]byte("]"))
		}
		return err
	})
}
