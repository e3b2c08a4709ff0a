package central

import (
	"slices"

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
