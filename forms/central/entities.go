package central

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strconv"

	"aman/forms/entities"
	"aman/platform/store"
)

// entityVersion is a version of an entity as Central shows it.
type entityVersion struct {
	Label       string            `json:"label"`
	Data        map[string]string `json:"data,omitempty"`
	Current     bool              `json:"current"`
	CreatedAt   moment            `json:"createdAt"`
	CreatorID   int64             `json:"creatorId"`
	Creator     *actor            `json:"creator,omitempty"`
	UserAgent   string            `json:"userAgent"`
	Version     int64             `json:"version"`
	BaseVersion *int64            `json:"baseVersion"`
	Received    map[string]string `json:"dataReceived,omitempty"`
	Conflicting []string          `json:"conflictingProperties"`
	Source      any               `json:"source,omitempty"`
}

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
			v.Creator = creator
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

// given is an entity as a script sends it. Values are texts; what is a number or missing in
// JSON is taken as the text it is written with, or as empty.
type given struct {
	UUID  string         `json:"uuid"`
	Label *string        `json:"label"`
	Data  map[string]any `json:"data"`
}

func (g *given) values() (map[string]string, error) {
	out := map[string]string{}
	for name, v := range g.Data {
		switch v := v.(type) {
		case string:
			out[name] = v
		case nil:
			out[name] = ""
		default:
			return nil, &problem{"400.28", fmt.Sprintf("The entity is invalid. Property value for [%s] is not a string.", name), details{"reason": "a property value is not a string"}}
		}
	}
	return out, nil
}

func (g *given) fresh() (entities.New, error) {
	values, err := g.values()
	n := entities.New{ID: g.UUID, Values: values}
	if g.Label != nil {
		n.Label = *g.Label
	}
	return n, err
}

// newEntities makes one entity, or many of {entities: […], source: {name, size}}.
func (c *call) newEntities() error {
	d, err := c.theDataset()
	if err != nil {
		return err
	}
	var in struct {
		given
		Entities []given `json:"entities"`
		Source   *struct {
			Name string          `json:"name"`
			Size json.RawMessage `json:"size"`
		} `json:"source"`
	}
	if err := c.body(&in); err != nil {
		return err
	}
	if in.Entities == nil {
		n, err := in.fresh()
		if err != nil {
			return err
		}
		made, err := c.h.Entities.Create(c.ctx(), c.sub, d.Project, d.Name, []entities.New{n}, "")
		if err != nil {
			return c.entityFault(err, d)
		}
		return c.showEntity(made[0])
	}
	if in.Source == nil || in.Source.Name == "" {
		return missing("source.name")
	}
	if len(in.Entities) == 0 {
		return unexpected("entities", "[]", "No entities provided.")
	}
	var all []entities.New
	for _, g := range in.Entities {
		n, err := g.fresh()
		if err != nil {
			return err
		}
		all = append(all, n)
	}
	if _, err := c.h.Entities.Create(c.ctx(), c.sub, d.Project, d.Name, all, in.Source.Name); err != nil {
		return c.entityFault(err, d)
	}
	return c.success()
}

// changeEntity changes an entity: PATCH with ?baseVersion= or ?force=true, and ?resolve=true.
func (c *call) changeEntity() error {
	d, err := c.theDataset()
	if err != nil {
		return err
	}
	var in given
	if err := c.body(&in); err != nil {
		return err
	}
	values, err := in.values()
	if err != nil {
		return err
	}
	ch := entities.Change{Label: in.Label, Values: values, Force: c.flag("force"), Resolve: c.flag("resolve")}
	if v := c.r.URL.Query().Get("baseVersion"); v != "" {
		if ch.Base, err = strconv.ParseInt(v, 10, 64); err != nil {
			return &problem{"400.11", "Invalid input data type: expected 'baseVersion' to be (integer)", details{"value": v, "expected": "integer"}}
		}
	}
	e, err := c.h.Entities.Update(c.ctx(), c.sub, d.Project, d.Name, c.params["entity"], ch)
	if err != nil {
		return c.entityFault(err, d)
	}
	return c.showEntity(e)
}

func (c *call) dropEntity() error {
	d, err := c.theDataset()
	if err != nil {
		return err
	}
	if err := c.h.Entities.Delete(c.ctx(), c.sub, d.Project, d.Name, c.params["entity"]); err != nil {
		return err
	}
	return c.success()
}

func (c *call) restoreEntity() error {
	d, err := c.theDataset()
	if err != nil {
		return err
	}
	if _, err := c.h.Entities.Restore(c.ctx(), c.sub, d.Project, d.Name, c.params["entity"]); err != nil {
		return err
	}
	return c.success()
}

// dropEntities and restoreEntities do to each of {ids: […]} what is done to one. What was
// done before one could not be stays done.
func (c *call) dropEntities() error {
	return c.eachID(func(d entities.Dataset, id string) error {
		return c.h.Entities.Delete(c.ctx(), c.sub, d.Project, d.Name, id)
	})
}

func (c *call) restoreEntities() error {
	return c.eachID(func(d entities.Dataset, id string) error {
		_, err := c.h.Entities.Restore(c.ctx(), c.sub, d.Project, d.Name, id)
		return err
	})
}

func (c *call) eachID(f func(d entities.Dataset, id string) error) error {
	d, err := c.theDataset()
	if err != nil {
		return err
	}
	var in struct {
		IDs []string `json:"ids"`
	}
	if err := c.body(&in); err != nil {
		return err
	}
	if len(in.IDs) == 0 {
		return missing("ids")
	}
	for _, id := range in.IDs {
		if err := f(d, id); err != nil {
			return err
		}
	}
	return c.json(map[string]any{"success": true, "count": len(in.IDs)})
}

func (c *call) entityVersions() error {
	list, err := c.versionsOfEntity()
	if err != nil {
		return err
	}
	var who []string
	for _, v := range list {
		who = append(who, actorID(v.By, v.Device))
	}
	actors, err := c.actors(who...)
	if err != nil {
		return err
	}
	out := make([]entityVersion, len(list))
	for i, v := range list {
		a := actors[who[i]]
		if a == nil {
			a = c.system()
		}
		out[i] = entityVersion{Label: v.Label, Data: v.Values, Current: v.Current, CreatedAt: moment(v.At), CreatorID: a.ID, Version: v.Version, Received: v.Received, Conflicting: v.Conflicting,
			Source: details{"type": v.Source.Kind}}
		if v.Base > 0 {
			out[i].BaseVersion = &v.Base
		}
		if c.extended() {
			out[i].Creator = a
		}
	}
	return c.json(out)
}

func (c *call) versionsOfEntity() (list []entities.Version, err error) {
	d, err := c.theDataset()
	if err != nil {
		return nil, err
	}
	err = c.read(func(tx *store.Tx) (err error) {
		list, err = c.h.Entities.Versions(tx, c.sub, d.Project, d.Name, c.params["entity"])
		return err
	})
	return list, err
}

// entityDiffs tells what each version changed of the one before.
func (c *call) entityDiffs() error {
	list, err := c.versionsOfEntity()
	if err != nil {
		return err
	}
	type change struct {
		Old  string `json:"old"`
		New  string `json:"new"`
		Name string `json:"propertyName"`
	}
	out := [][]change{}
	for i := 1; i < len(list); i++ {
		diff := []change{}
		before, after := list[i-1], list[i]
		if before.Label != after.Label {
			diff = append(diff, change{before.Label, after.Label, "label"})
		}
		var names []string
		for _, values := range []map[string]string{before.Values, after.Values} {
			for name := range values {
				names = append(names, name)
			}
		}
		slices.Sort(names)
		for _, name := range slices.Compact(names) {
			if before.Values[name] != after.Values[name] {
				diff = append(diff, change{before.Values[name], after.Values[name], name})
			}
		}
		out = append(out, diff)
	}
	return c.json(out)
}

// entityFault tells what is wrong with entities that were sent.
func (c *call) entityFault(err error, d entities.Dataset) error {
	var stale *entities.StaleError
	var unknown *entities.UnknownPropertyError
	var ids *entities.TakenError
	invalid := func(reason string) error {
		return &problem{"400.28", "The entity is invalid. " + reason, details{"reason": reason}}
	}
	switch {
	case errors.As(err, &stale):
		given := c.r.URL.Query().Get("baseVersion")
		return &problem{"409.15", fmt.Sprintf("Current version of the Entity is '%d' and you provided '%s'. Please correct the version or pass '?force=true' to forcefully update the Entity.", stale.Current, given),
			details{"current": stale.Current, "provided": given}}
	case errors.As(err, &unknown):
		return invalid(fmt.Sprintf("You specified the dataset property [%s] which does not exist.", unknown.Name))
	case errors.As(err, &ids):
		return taken([]string{"uuid"}, ids.IDs)
	case errors.Is(err, entities.ErrNoBase):
		return missing("baseVersion")
	case errors.Is(err, entities.ErrNoLabel):
		return invalid("Label empty or missing.")
	case errors.Is(err, entities.ErrNotUUID):
		return invalid("The uuid is not a valid UUID.")
	case errors.Is(err, entities.ErrNoConflict):
		return &problem{"400.32", "The Entity does not have any conflict to resolve.", nil}
	case errors.Is(err, entities.ErrTooMany):
		return &problem{"413.1", err.Error(), nil}
	}
	return err
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
