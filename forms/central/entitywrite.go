package central

import (
	"encoding/json"
	"errors"
	"fmt"
	"strconv"

	"aman/forms/entities"
)

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
	if ch.Base == 0 && !ch.Force && !ch.Resolve {
		return missing("baseVersion")
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
