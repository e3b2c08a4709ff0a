package central

import (
	"encoding/csv"
	"encoding/json"
	"io"
	"slices"
	"strconv"

	"aman/forms/entities"
	"aman/forms/export"
	"aman/platform/store"
)

// entityFields are what entities can be filtered by, beside their properties.
var entityFields = []string{"__id", "__system/createdAt", "__system/updatedAt", "__system/deletedAt", "__system/creatorId", "__system/conflict", "__system/version", "label"}

// entityRow is an entity with whoever made it.
type entityRow struct {
	entities.Entity
	creator *actor
}

func (e *entityRow) field(name string) any {
	switch name {
	case "__id":
		return e.ID
	case "label":
		return e.Label
	case "__system/createdAt":
		return e.Created
	case "__system/updatedAt":
		if e.Version <= 1 {
			return nil
		}
		return e.Updated
	case "__system/deletedAt":
		if e.Deleted.IsZero() {
			return nil
		}
		return e.Deleted
	case "__system/creatorId":
		return float64(e.creator.ID)
	case "__system/version":
		return float64(e.Version)
	case "__system/conflict":
		if e.Conflict == "" {
			return nil
		}
		return e.Conflict
	}
	if v, ok := e.Values[name]; ok {
		return v
	}
	return nil
}

// entityOptions reads the options of a table of entities.
func (c *call) entityOptions(d entities.Dataset) (o tableOptions, err error) {
	names := slices.Clone(entityFields)
	for _, p := range d.Properties {
		names = append(names, p.Name)
	}
	return c.tableOptions(names)
}

// eachEntity gives the entities that a filter keeps, the newest first, with their creators.
func (c *call) eachEntity(d entities.Dataset, o tableOptions, f func(*entityRow) error) error {
	from, to := o.filter.Range("__system/createdAt", c.sub.At)
	q := entities.Query{Project: d.Project, Dataset: d.Name, CreatedFrom: from, Oldest: o.oldest, Search: o.search}
	if !to.IsZero() {
		q.CreatedTo = to.Add(1_000_000) // the end of a range of the store is outside it
	}
	creators := map[string]*actor{}
	return c.h.Entities.Each(c.ctx(), c.sub, q, func(e entities.Entity) error {
		who := actorID(e.CreatedBy, e.CreatedDevice)
		if creators[who] == nil {
			found, err := c.actors(who)
			if err != nil {
				return err
			}
			if creators[who] = found[who]; creators[who] == nil {
				creators[who] = c.system()
			}
		}
		row := &entityRow{e, creators[who]}
		if !o.filter.Match(row.field, c.sub.At) {
			return nil
		}
		return f(row)
	})
}

// entityCSV answers with all entities of a list as a table.
func (c *call) entityCSV() error {
	d, err := c.theDataset()
	if err != nil {
		return err
	}
	o, err := c.entityOptions(d)
	if err != nil {
		return err
	}
	if o.filter == nil {
		var hash string
		if err := c.read(func(tx *store.Tx) (err error) {
			hash, err = c.h.Entities.Hash(tx, c.sub, d.Project, d.Name)
			return err
		}); err != nil {
			return err
		}
		if c.unchanged(hash) {
			return nil
		}
	}
	c.file(d.Name+".csv", "text/csv; charset=utf-8")
	return c.stream(func(w io.Writer) error {
		out := csv.NewWriter(w)
		head := []string{"__id", "label"}
		for _, p := range d.Properties {
			head = append(head, p.Name)
		}
		head = append(head, "__createdAt", "__creatorId", "__creatorName", "__updates", "__updatedAt", "__version")
		headed := false
		line := func(cells []string) error {
			if !headed {
				headed = true
				if err := out.Write(head); err != nil {
					return err
				}
			}
			return out.Write(cells)
		}
		err := c.eachEntity(d, o, func(e *entityRow) error {
			cells := []string{e.ID, e.Label}
			for _, p := range d.Properties {
				cells = append(cells, e.Values[p.Name])
			}
			updated := ""
			if e.Version > 1 {
				updated = moment(e.Updated).String()
			}
			return line(append(cells, moment(e.Created).String(), strconv.FormatInt(e.creator.ID, 10), e.creator.DisplayName, strconv.FormatInt(e.Updates, 10), updated, strconv.FormatInt(e.Version, 10)))
		})
		if err == nil && !headed {
			err = out.Write(head)
		}
		if err != nil {
			return err
		}
		out.Flush()
		return out.Error()
	})
}

// entityFile answers with an entity list as the file that a form expects.
func (c *call) entityFile(project int64, dataset, name string) error {
	var hash string
	if err := c.read(func(tx *store.Tx) (err error) { hash, err = c.h.Entities.Hash(tx, c.sub, project, dataset); return err }); err != nil {
		return err
	}
	if c.unchanged(hash) {
		return nil
	}
	c.file(name, "text/csv; charset=utf-8")
	return c.stream(func(w io.Writer) error {
		_, err := c.h.Entities.CSV(c.ctx(), c.sub, project, dataset, w)
		return err
	})
}

// entityService answers for DATASET.svc: the service document, the metadata, the one table.
func (c *call) entityService() error {
	d, err := c.theDataset()
	if err != nil {
		return err
	}
	service := c.base() + c.service()
	switch c.params["table"] {
	case "":
		c.odataHeaders()
		return c.json(map[string]any{"@odata.context": service + "/$metadata", "value": []map[string]string{{"name": "Entities", "kind": "EntitySet", "url": "Entities"}}})
	case "$metadata":
		return c.xml(entityMetadata(d))
	case "Entities":
		return c.entityTable(d)
	}
	return errNotFound
}

func (c *call) entityTable(d entities.Dataset) error {
	o, err := c.entityOptions(d)
	if err != nil {
		return err
	}
	properties := map[string]string{}
	for _, p := range d.Properties {
		properties[p.Name] = export.Identifier(p.Name)
	}
	for name := range o.selected {
		if _, ok := properties[name]; !ok && !slices.Contains(entityFields, name) && !slices.Contains([]string{"__system", "__system/updates", "__system/creatorName"}, name) {
			return &problem{"400.23", "Could not find a property named '" + name + "'", details{"property": name}}
		}
	}
	total, err := c.entityTotal(d, o)
	if err != nil {
		return err
	}
	c.odataHeaders()
	return c.stream(func(w io.Writer) error {
		t := newTable(w, c, o, "Entities", total)
		err := c.eachEntity(d, o, func(e *entityRow) error {
			return t.row(token{Entity: e.ID}, func() []byte { return e.json(d, properties, o) })
		})
		if err != nil && err != errFull {
			return err
		}
		return t.end()
	})
}

// entityTotal counts what the filter keeps, when somebody wants to know: for $count, and to
// tell whether a page is the last.
func (c *call) entityTotal(d entities.Dataset, o tableOptions) (n int, err error) {
	if !o.count && o.top < 0 {
		return 0, nil
	}
	if o.filter == nil && o.search == "" {
		err = c.read(func(tx *store.Tx) (err error) {
			n, err = c.h.Entities.Count(tx, c.sub, entities.Query{Project: d.Project, Dataset: d.Name})
			return err
		})
		return n, err
	}
	return n, c.eachEntity(d, o, func(*entityRow) error { n++; return nil })
}

// json writes an entity as a row of OData.
func (e *entityRow) json(d entities.Dataset, properties map[string]string, o tableOptions) []byte {
	row := ordered{}
	if o.shows("__id") {
		row.add("__id", e.ID)
	}
	if o.shows("label") {
		row.add("label", e.Label)
	}
	system := ordered{}
	var updated, conflict any
	if e.Version > 1 {
		updated = moment(e.Updated)
	}
	if e.Conflict != "" {
		conflict = e.Conflict
	}
	for _, m := range []struct {
		name string
		v    any
	}{{"createdAt", moment(e.Created)}, {"creatorId", strconv.FormatInt(e.creator.ID, 10)}, {"creatorName", e.creator.DisplayName}, {"updates", e.Updates}, {"updatedAt", updated}, {"version", e.Version}, {"conflict", conflict}} {
		if o.shows("__system") || o.shows("__system/"+m.name) {
			system.add(m.name, m.v)
		}
	}
	if len(system) > 0 {
		row.add("__system", system)
	}
	for _, p := range d.Properties {
		if !o.shows(p.Name) {
			continue
		}
		if v, ok := e.Values[p.Name]; ok || !slices.Contains(e.Hidden, p.Name) {
			row.add(properties[p.Name], v)
		} else {
			row.add(properties[p.Name], nil)
		}
	}
	body, _ := row.MarshalJSON() // nothing in it can fail
	return body
}

// ordered is a JSON object whose members stay in their order.
type ordered []member

type member struct {
	name  string
	value any
}

func (o *ordered) add(name string, value any) { *o = append(*o, member{name, value}) }

// MarshalJSON writes the members one after another.
func (o ordered) MarshalJSON() ([]byte, error) {
	out := []byte{'{'}
	for i, m := range o {
		if i > 0 {
			out = append(out, ',')
		}
		name, err := json.Marshal(m.name)
		if err != nil {
			return nil, err
		}
		value, err := json.Marshal(m.value)
		if err != nil {
			return nil, err
		}
		out = append(append(append(out, name...), ':'), value...)
	}
	return append(out, '}'), nil
}

// entityMetadata describes an entity list as EDMX.
func entityMetadata(d entities.Dataset) []byte {
	set := entitySet{name: "Entities", system: "org.opendatakit.entity.metadata"}
	set.add("label", "Edm.String")
	for _, p := range d.Properties {
		set.add(export.Identifier(p.Name), "Edm.String")
	}
	return edmx("org.opendatakit.user."+export.Identifier(d.Name), d.Name, entityTypes, []entitySet{set}, nil)
}
