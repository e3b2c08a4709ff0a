package web

import (
	"errors"
	"net/http"
	"slices"
	"strconv"

	"aman/forms/entities"
	"aman/platform/access"
	"aman/platform/store"
	"aman/registry"
)

// entityPage is one entity.
type entityPage struct {
	List                   entities.Dataset
	E                      entities.Entity
	Facts                  []entityFact
	Versions               []entityVersion // newest first
	Choices                []entityChoice  // what an open conflict leaves to choose
	Since                  []entityVersion // the versions that the conflict is between
	Waits                  []registry.Conflict
	Row                    map[string]string // of a register: what stands, by property
	Shown                  map[string]string // unsealed just now
	Update, Delete, Unseal bool
	Reason                 Field
}

// Hides says whether a property has a value that she may not read.
func (b *entityPage) Hides(name string) bool { return slices.Contains(b.E.Hidden, name) }

// Before is the number of the version before one.
func (b *entityPage) Before(version int64) int64 { return version - 1 }

type entityFact struct{ Name, Label, Value string }

// entityVersion is a version and what it changed.
type entityVersion struct {
	entities.Version
	Changes []entities.Difference
}

// entityChoice is a property on which versions differ, with each value that it had.
type entityChoice struct {
	Name, Label string
	Both        bool // both sides had set it
	Values      []entityValue
}

// entityValue is one value, and which version brought it.
type entityValue struct {
	Value   string
	Version entities.Version
	Now     bool
}

func (s *Server) entity(w http.ResponseWriter, r *http.Request) { s.showEntity(w, r, nil) }

func (s *Server) showEntity(w http.ResponseWriter, r *http.Request, shown map[string]string) {
	p := s.page(r, "entities.entity")
	d, _, ok := s.listOf(w, r, p)
	if !ok {
		return
	}
	body := &entityPage{List: d, Shown: shown}
	var versions []entities.Version
	err := s.Node.Store.Read(r.Context(), func(tx *store.Tx) (err error) {
		if body.E, err = s.Node.Entities.Get(tx, p.Sub, d.Project, d.Name, r.PathValue("id")); err != nil {
			return err
		}
		if versions, err = s.Node.Entities.Versions(tx, p.Sub, d.Project, d.Name, body.E.ID); err != nil {
			return err
		}
		if d.Register != "" {
			body.Waits, err = s.Node.Registry.Conflicts(tx, p.Sub, d.Register, body.E.ID)
		}
		return err
	})
	if err != nil {
		s.entityProblem(w, r, err)
		return
	}
	s.rights(p, body)
	for _, x := range d.Properties {
		v, there := body.E.Values[x.Name]
		if there || slices.Contains(body.E.Hidden, x.Name) {
			body.Facts = append(body.Facts, entityFact{x.Name, p.PropertyOf(d, x.Name), p.ValueOf(d, x.Name, v)})
		}
	}
	changes := entities.Diff(versions)
	for i := range slices.Backward(versions) {
		body.Versions = append(body.Versions, entityVersion{versions[i], changes[i]})
	}
	body.Choices = p.choices(d, versions)
	body.Reason = Field{Name: "reason", Label: p.T("field.unseal_reason"), Kind: "choice", Required: true, Options: p.Options("unseal_reason")}
	p.Body = body
	s.render(w, r, http.StatusOK, "entity", p)
}

// rights says what the page offers; each act is asked for again when it is done.
func (s *Server) rights(p *Page, body *entityPage) {
	o := access.Object{Register: "entities", Org: body.E.Org, Office: body.E.Office, Owner: body.E.Owner, Restricted: body.List.OwnOnly}
	if body.List.Register != "" {
		o.Register, o.ID, o.Restricted = body.List.Register, body.E.ID, false
	}
	can := func(a access.Action) bool { return s.Node.Policy.Can(p.Sub, a, o, access.Facts{}).Allow }
	there := body.E.Deleted.IsZero()
	body.Update, body.Delete, body.Unseal = there && can(access.Update), can(access.Delete), there && can(access.Unseal) && len(body.E.Sealed) > 0
}

// choices lays the values beside each other on which the versions of an open conflict
// differ: what stands now first, then each other value, the newest first.
func (p *Page) choices(d entities.Dataset, versions []entities.Version) (out []entityChoice) {
	clashes := entities.Clashes(versions)
	if d.Register != "" || len(clashes) == 0 {
		return nil
	}
	now := versions[len(versions)-1]
	value := func(v entities.Version, name string) string {
		if name == "label" {
			return v.Label
		}
		return v.Values[name]
	}
	// Whoever set the value that a version has: the last version up to it that named it.
	setBy := func(v entities.Version, name string) entities.Version {
		by := versions[0]
		for _, x := range versions {
			if _, set := x.Received[name]; set && x.Version <= v.Version {
				by = x
			}
		}
		return by
	}
	for _, c := range slices.Backward(clashes) {
		for _, name := range c.Properties {
			at := slices.IndexFunc(out, func(x entityChoice) bool { return x.Name == name })
			if at < 0 {
				out = append(out, entityChoice{Name: name, Label: p.PropertyOf(d, name), Values: []entityValue{{value(now, name), setBy(now, name), true}}})
				at = len(out) - 1
			}
			out[at].Both = out[at].Both || c.Both[name]
			for _, side := range []entities.Version{c.Version, c.Before} {
				v := value(side, name)
				if !slices.ContainsFunc(out[at].Values, func(x entityValue) bool { return x.Value == v }) {
					out[at].Values = append(out[at].Values, entityValue{v, setBy(side, name), false})
				}
			}
		}
	}
	return slices.DeleteFunc(out, func(c entityChoice) bool { return len(c.Values) < 2 })
}

func (s *Server) entityAct(w http.ResponseWriter, r *http.Request) {
	p := s.page(r, "entities.entity")
	d, _, ok := s.listOf(w, r, p)
	if !ok {
		return
	}
	if err := r.ParseForm(); err != nil {
		s.fail(w, r, http.StatusBadRequest, "error.form")
		return
	}
	id, done, to := r.PathValue("id"), "entity", r.URL.Path
	var err error
	switch r.PostFormValue("do") {
	case "save":
		_, err = s.Node.Entities.Update(r.Context(), p.Sub, d.Project, d.Name, id, changeOf(d, r))
	case "settle":
		done = "settle"
		err = s.settleEntity(r, p, d, id)
	case "row":
		done = "settle"
		err = s.settleRow(r, p, d, id)
	case "unseal":
		shown, err := s.Node.Entities.Unseal(r.Context(), p.Sub, d.Project, d.Name, id, r.PostForm["property"], r.PostFormValue("reason"))
		if err != nil {
			s.entityProblem(w, r, err)
			return
		}
		s.showEntity(w, r, shown)
		return
	case "delete":
		done, to = "entity-deleted", p.ListAt(d)
		err = s.Node.Entities.Delete(r.Context(), p.Sub, d.Project, d.Name, id)
	case "restore":
		_, err = s.Node.Entities.Restore(r.Context(), p.Sub, d.Project, d.Name, id)
	case "purge":
		done, to = "entity-purged", p.ListAt(d)
		err = s.Node.Entities.Purge(r.Context(), p.Sub, d.Project, d.Name, id)
	default:
		s.fail(w, r, http.StatusBadRequest, "error.form")
		return
	}
	if err != nil {
		s.entityProblem(w, r, err)
		return
	}
	http.Redirect(w, r, to+"?done="+done, http.StatusSeeOther)
}

// changeOf reads the form of one entity: what it asks and nothing else.
func changeOf(d entities.Dataset, r *http.Request) entities.Change {
	c := entities.Change{Values: map[string]string{}}
	c.Base, _ = strconv.ParseInt(r.PostFormValue("version"), 10, 64)
	for _, x := range d.Properties {
		if r.PostForm.Has("p:"+x.Name) && r.PostFormValue("p:"+x.Name) != r.PostFormValue("was:"+x.Name) {
			c.Values[x.Name] = r.PostFormValue("p:" + x.Name)
		}
	}
	if r.PostForm.Has("label") && r.PostFormValue("label") != r.PostFormValue("was:label") {
		label := r.PostFormValue("label")
		c.Label = &label
	}
	return c
}

// settleEntity closes a conflict: all stays as it stands, all goes back to what stood
// before the change that came late, or each property is as chosen.
func (s *Server) settleEntity(r *http.Request, p *Page, d entities.Dataset, id string) error {
	version, err := strconv.ParseInt(r.PostFormValue("version"), 10, 64)
	if err != nil {
		return entities.ErrNoBase
	}
	var versions []entities.Version
	if err := s.Node.Store.Read(r.Context(), func(tx *store.Tx) (err error) {
		versions, err = s.Node.Entities.Versions(tx, p.Sub, d.Project, d.Name, id)
		return err
	}); err != nil {
		return err
	}
	c := entities.Change{Base: version, Resolve: true, Values: map[string]string{}}
	for _, choice := range p.choices(d, versions) {
		pick := 0
		switch r.PostFormValue("take") {
		case "now":
		case "before":
			pick = 1
		case "mix":
			if pick, err = strconv.Atoi(r.PostFormValue("p:" + choice.Name)); err != nil || pick < 0 || pick >= len(choice.Values) {
				return entities.ErrNoBase
			}
		default:
			return entities.ErrNoBase
		}
		switch v := choice.Values[pick]; {
		case v.Now:
		case choice.Name == "label":
			c.Label = &v.Value
		default:
			c.Values[choice.Name] = v.Value
		}
	}
	_, err = s.Node.Entities.Update(r.Context(), p.Sub, d.Project, d.Name, id, c)
	return err
}

// settleRow decides a conflict of a register's row.
func (s *Server) settleRow(r *http.Request, p *Page, d entities.Dataset, id string) error {
	state, conflict := r.PostFormValue("state"), r.PostFormValue("conflict")
	if d.Register == "" || (state != "kept" && state != "taken") {
		return entities.ErrNoConflict
	}
	err := s.Node.Store.Read(r.Context(), func(tx *store.Tx) error {
		write, err := s.Node.Registry.Waiting(tx, conflict)
		if err == nil && (write.Register != d.Register || write.ID != id) {
			err = entities.ErrNoConflict
		}
		return err
	})
	if err != nil {
		return err
	}
	return s.Node.Casework.Settle(r.Context(), p.Sub, conflict, state)
}

// entityNewPage takes a new entity.
type entityNewPage struct {
	List   entities.Dataset
	Fields []Field
}

func (s *Server) entityNew(w http.ResponseWriter, r *http.Request) {
	p := s.page(r, "entities.new")
	d, _, ok := s.listOf(w, r, p)
	if !ok {
		return
	}
	if d.Register != "" || !p.May("create", "entities") {
		s.problem(w, r, &access.Refusal{Action: access.Create, Object: access.Object{Register: "entities"}, Reason: access.NoGrant})
		return
	}
	body := &entityNewPage{List: d, Fields: []Field{{Name: "label", Label: p.T("entities.label"), Required: true}}}
	for _, x := range d.Properties {
		body.Fields = append(body.Fields, Field{Name: "p:" + x.Name, Label: x.Name})
	}
	status := http.StatusOK
	if r.Method == http.MethodPost {
		if err := r.ParseForm(); err != nil {
			s.fail(w, r, http.StatusBadRequest, "error.form")
			return
		}
		fill(body.Fields, r)
		made, err := s.Node.Entities.Create(r.Context(), p.Sub, d.Project, d.Name, []entities.New{newOf(d, r)}, "")
		switch {
		case err == nil:
			http.Redirect(w, r, p.ListAt(d, made[0].ID)+"?done=entity", http.StatusSeeOther)
			return
		case errors.Is(err, entities.ErrTaken):
			// The same form once more: what it made is there already.
			http.Redirect(w, r, p.ListAt(d, r.PostFormValue("id")), http.StatusSeeOther)
			return
		case errors.Is(err, entities.ErrNoLabel):
			body.Fields[0].Error = p.T("entities.fault.no_label")
		default:
			s.entityProblem(w, r, err)
			return
		}
		status = http.StatusUnprocessableEntity
	}
	p.Body = body
	s.render(w, r, status, "entitynew", p)
}

func newOf(d entities.Dataset, r *http.Request) entities.New {
	n := entities.New{ID: r.PostFormValue("id"), Label: r.PostFormValue("label"), Values: map[string]string{}}
	for _, x := range d.Properties {
		if v := r.PostFormValue("p:" + x.Name); v != "" {
			n.Values[x.Name] = v
		}
	}
	return n
}
