package web

import (
	"errors"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"aman/forms"
	"aman/forms/entities"
	"aman/platform/access"
	"aman/platform/store"
	"aman/registry"
)

// Entity lists: entities.go lists them and shows one list; entity.go shows one entity, its
// versions, and its conflicts side by side.

func (s *Server) entityRoutes(in func(string, http.HandlerFunc)) {
	in("GET /lists", s.entityLists)
	in("POST /lists", s.entityListNew)
	in("GET /lists/{project}/{list}", s.entityList)
	in("POST /lists/{project}/{list}", s.entityListAct) // a search too: a name must not stand in an address
	in("GET /lists/{project}/{list}/phone.csv", s.entityFile)
	in("GET /lists/{project}/{list}/new", s.entityNew)
	in("POST /lists/{project}/{list}/new", s.entityNew)
	in("GET /lists/{project}/{list}/{id}", s.entity)
	in("POST /lists/{project}/{list}/{id}", s.entityAct)
}

// EntitiesShown says whether the menu has the entity lists.
func (p *Page) EntitiesShown() bool {
	return p.May("read", "entities") || p.May("manage_forms", "forms")
}

// ListAt is the address of a page of a list.
func (p *Page) ListAt(d entities.Dataset, parts ...string) string {
	at := "/lists/" + strconv.FormatInt(d.Project, 10) + "/" + url.PathEscape(d.Name)
	for _, part := range parts {
		at += "/" + url.PathEscape(part)
	}
	return at
}

// entityFaults are the texts of what a person can mend.
var entityFaults = []struct {
	err error
	key string
}{
	{entities.ErrDatasetTaken, "entities.fault.dataset_taken"}, {entities.ErrPropertyTaken, "entities.fault.property_taken"}, {entities.ErrTaken, "entities.fault.taken"},
	{entities.ErrStale, "entities.fault.stale"}, {entities.ErrNoLabel, "entities.fault.no_label"}, {entities.ErrNoConflict, "entities.fault.no_conflict"},
	{entities.ErrBound, "entities.fault.bound"}, {entities.ErrInUse, "entities.fault.in_use"}, {entities.ErrClass, "entities.fault.class"},
	{entities.ErrNoBase, "entities.fault.stale"},
}

// entityProblem answers an error of the entity lists.
func (s *Server) entityProblem(w http.ResponseWriter, r *http.Request, err error) {
	var name *entities.NameError
	switch {
	case errors.Is(err, entities.ErrNoDataset), errors.Is(err, entities.ErrNoEntity), errors.Is(err, entities.ErrCursor):
		s.fail(w, r, http.StatusNotFound, "error.not_found")
		return
	case errors.As(err, &name) && name.What == "dataset":
		s.fail(w, r, http.StatusUnprocessableEntity, "entities.fault.name")
		return
	case errors.As(err, &name):
		s.fail(w, r, http.StatusUnprocessableEntity, "entities.fault.property_name")
		return
	}
	for _, f := range entityFaults {
		if errors.Is(err, f.err) {
			s.fail(w, r, http.StatusUnprocessableEntity, f.key)
			return
		}
	}
	s.problem(w, r, err)
}

// entityListsPage shows the lists of every project.
type entityListsPage struct {
	Projects []entityProject
	Keeps    []Option // projects in which she may make a list
	Free     []string // registers that no list of a project of hers stands for yet
	Any      bool
}

type entityProject struct {
	forms.Project
	Lists []entities.Dataset
}

func (s *Server) entityLists(w http.ResponseWriter, r *http.Request) {
	p := s.page(r, "entities.title")
	if !p.EntitiesShown() {
		s.problem(w, r, &access.Refusal{Action: access.Read, Object: access.Object{Register: "entities"}, Reason: access.NoGrant})
		return
	}
	body := &entityListsPage{Free: s.Node.Entities.Bindable()}
	err := s.Node.Store.Read(r.Context(), func(tx *store.Tx) error {
		projects, err := s.Node.Forms.Projects(tx, p.Sub)
		if err != nil {
			return err
		}
		for _, project := range projects {
			v := entityProject{Project: project}
			if v.Lists, err = s.Node.Entities.Datasets(tx, p.Sub, project.ID); err != nil {
				return err
			}
			keeps, err := s.keepsProject(tx, p.Sub, project)
			if err != nil {
				return err
			}
			if keeps {
				body.Keeps = append(body.Keeps, Option{Value: strconv.FormatInt(project.ID, 10), Label: project.Name})
			}
			body.Any = body.Any || len(v.Lists) > 0
			for _, d := range v.Lists {
				body.Free = slices.DeleteFunc(body.Free, func(name string) bool { return name == d.Register })
			}
			body.Projects = append(body.Projects, v)
		}
		return nil
	})
	if err != nil {
		s.problem(w, r, err)
		return
	}
	p.Body = body
	s.render(w, r, http.StatusOK, "entitylists", p)
}

func (s *Server) entityListNew(w http.ResponseWriter, r *http.Request) {
	sub, _ := subjectOf(r)
	project, err := strconv.ParseInt(r.PostFormValue("project"), 10, 64)
	if err != nil {
		s.fail(w, r, http.StatusBadRequest, "error.form")
		return
	}
	name := strings.TrimSpace(r.PostFormValue("name"))
	d, err := s.Node.Entities.CreateDataset(r.Context(), sub, project, name, entities.Settings{Approval: r.PostFormValue("approval") != "", OwnOnly: r.PostFormValue("own") != ""})
	if err != nil {
		s.entityProblem(w, r, err)
		return
	}
	http.Redirect(w, r, s.page(r, "entities.title").ListAt(d)+"?done=entity-list", http.StatusSeeOther)
}

// listOf finds the list that an address names.
func (s *Server) listOf(w http.ResponseWriter, r *http.Request, p *Page) (d entities.Dataset, keeps, ok bool) {
	project, err := strconv.ParseInt(r.PathValue("project"), 10, 64)
	if err != nil {
		s.fail(w, r, http.StatusNotFound, "error.not_found")
		return d, false, false
	}
	err = s.Node.Store.Read(r.Context(), func(tx *store.Tx) error {
		if d, err = s.Node.Entities.Dataset(tx, p.Sub, project, r.PathValue("list")); err != nil {
			return err
		}
		of, err := s.Node.Forms.Project(tx, p.Sub, project)
		if err == nil {
			keeps, err = s.keepsProject(tx, p.Sub, of)
		}
		return err
	})
	if err != nil {
		s.entityProblem(w, r, err)
		return d, false, false
	}
	return d, keeps, true
}

// entityListPage shows one list.
type entityListPage struct {
	List     entities.Dataset
	Keeps    bool
	Search   string
	Deleted  bool
	Conflict bool
	Page     entities.Page
	Total    int
	Columns  []string // the first properties of the list, as many as a page has room for
	Waiting  []entities.Waiting
	First    bool // the page is the first one
	Classes  []Option
}

// columnsMost is how many properties the table of a list shows.
const columnsMost = 4

func (s *Server) entityList(w http.ResponseWriter, r *http.Request) {
	q := r.URL.Query()
	s.showList(w, r, entities.Query{Deleted: q.Get("deleted") != "", After: entities.Cursor(q.Get("after"))}, q.Get("conflict") != "")
}

func (s *Server) showList(w http.ResponseWriter, r *http.Request, q entities.Query, conflict bool) {
	p := s.page(r, "entities.one", "name", r.PathValue("list"))
	d, keeps, ok := s.listOf(w, r, p)
	if !ok {
		return
	}
	body := &entityListPage{List: d, Keeps: keeps, Search: q.Search, Deleted: q.Deleted, Conflict: conflict, First: q.After == "", Classes: p.classOptions()}
	q.Project, q.Dataset = d.Project, d.Name
	if conflict {
		q.Conflict = &conflict
	}
	for _, x := range d.Properties {
		if len(body.Columns) < columnsMost && (x.Class == access.Open || x.Class == access.Sensitive) {
			body.Columns = append(body.Columns, x.Name)
		}
	}
	err := s.Node.Store.Read(r.Context(), func(tx *store.Tx) (err error) {
		if body.Page, err = s.Node.Entities.List(tx, p.Sub, q); err != nil {
			return err
		}
		if q.Search == "" {
			if body.Total, err = s.Node.Entities.Count(tx, p.Sub, q); err != nil {
				return err
			}
		}
		body.Waiting, err = s.Node.Entities.Backlog(tx, p.Sub, d.Project, d.Name)
		return err
	})
	if err != nil {
		s.entityProblem(w, r, err)
		return
	}
	p.Body = body
	s.render(w, r, http.StatusOK, "entitylist", p)
}

// classTexts are the texts of the privacy classes, the mildest first.
var classTexts = []struct{ class, key string }{
	{access.Open, "entities.class.open"}, {access.Sensitive, "entities.class.sensitive"}, {access.Identity, "entities.class.identity"}, {access.Health, "entities.class.health"},
}

func (p *Page) classOptions() (out []Option) {
	for _, c := range classTexts {
		out = append(out, Option{Value: c.class, Label: p.T(c.key)})
	}
	return out
}

// ClassText is what a privacy class of an entity's property is called.
func (p *Page) ClassText(class string) string {
	for _, c := range classTexts {
		if c.class == class {
			return p.T(c.key)
		}
	}
	return class
}

// PropertyOf is what a property of a list is called: a register's has labels.
func (p *Page) PropertyOf(d entities.Dataset, name string) string {
	switch {
	case name == "label":
		return p.T("entities.label")
	case d.Register != "":
		return p.Prop(d.Register, name)
	}
	return strings.ReplaceAll(name, "_", " ")
}

// ValueOf writes a value of an entity as people read it.
func (p *Page) ValueOf(d entities.Dataset, name, v string) string {
	schema := p.srv.Node.Catalog.Registers[d.Register]
	if schema == nil || v == "" {
		return v
	}
	prop, ok := schema.Property(name)
	if !ok {
		return v
	}
	if prop.Type == registry.TypeRef {
		return p.referred(prop.Ref, v)
	}
	typed, err := schema.ParseValue(prop, v)
	if err != nil {
		return v
	}
	return p.Value(d.Register, name, typed)
}

// referred is what a row that another one refers to is called.
func (p *Page) referred(register, id string) string {
	if !slices.Contains(p.srv.Node.Entities.Bindable(), register) {
		return id
	}
	label := id
	_ = p.srv.Node.Store.Read(p.ctx, func(tx *store.Tx) error {
		e, err := p.srv.Node.Entities.Get(tx, p.Sub, 1, register, id)
		if err == nil && e.Label != "" {
			label = e.Label
		}
		return nil
	})
	return label
}

func (s *Server) entityListAct(w http.ResponseWriter, r *http.Request) {
	sub, _ := subjectOf(r)
	project, err := strconv.ParseInt(r.PathValue("project"), 10, 64)
	if err != nil {
		s.fail(w, r, http.StatusNotFound, "error.not_found")
		return
	}
	name, done := r.PathValue("list"), "entity-list"
	switch r.PostFormValue("do") {
	case "":
		s.showList(w, r, entities.Query{Search: strings.TrimSpace(r.PostFormValue("q")), After: entities.Cursor(r.PostFormValue("after"))}, false)
		return
	case "set":
		_, err = s.Node.Entities.SetDataset(r.Context(), sub, project, name, entities.Settings{Approval: r.PostFormValue("approval") != "", OwnOnly: r.PostFormValue("own") != ""})
	case "add":
		err = s.Node.Entities.AddProperty(r.Context(), sub, project, name, strings.TrimSpace(r.PostFormValue("property")), r.PostFormValue("class"))
	case "classes":
		err = s.setClasses(r, sub, project, name)
	case "delete":
		if err = s.Node.Entities.DeleteDataset(r.Context(), sub, project, name); err == nil {
			http.Redirect(w, r, "/lists?done=entity-list-gone", http.StatusSeeOther)
			return
		}
	default:
		s.fail(w, r, http.StatusBadRequest, "error.form")
		return
	}
	if err != nil {
		s.entityProblem(w, r, err)
		return
	}
	http.Redirect(w, r, r.URL.Path+"?done="+done, http.StatusSeeOther)
}

// setClasses sets the privacy of those properties whose class is another than it was.
func (s *Server) setClasses(r *http.Request, sub access.Subject, project int64, name string) error {
	var d entities.Dataset
	if err := s.Node.Store.Read(r.Context(), func(tx *store.Tx) (err error) {
		d, err = s.Node.Entities.Dataset(tx, sub, project, name)
		return err
	}); err != nil {
		return err
	}
	was := map[string]string{"label": d.LabelClass}
	for _, x := range d.Properties {
		was[x.Name] = x.Class
	}
	for property, class := range was {
		if now := r.PostFormValue("class:" + property); now != "" && now != class {
			if err := s.Node.Entities.SetClass(r.Context(), sub, project, name, property, now); err != nil {
				return err
			}
		}
	}
	return nil
}

// entityFile is the file that a phone of hers would carry.
func (s *Server) entityFile(w http.ResponseWriter, r *http.Request) {
	p := s.page(r, "entities.title")
	d, _, ok := s.listOf(w, r, p)
	if !ok {
		return
	}
	of := "entities"
	if d.Register != "" {
		of = d.Register
	}
	if !p.May("export", of) {
		s.problem(w, r, &access.Refusal{Action: access.Export, Object: access.Object{Register: of}, Reason: access.NoGrant})
		return
	}
	w.Header().Set("Content-Type", "text/csv; charset=utf-8")
	w.Header().Set("Content-Disposition", "attachment; filename*=UTF-8''"+url.PathEscape(d.Name)+".csv")
	if _, err := s.Node.Entities.CSV(r.Context(), p.Sub, d.Project, d.Name, w); err != nil {
		s.Log.Error("a list broke off on its way", "list", d.ID, "err", err)
		panic(http.ErrAbortHandler) // what was broken off must not look whole
	}
}

// entityMisfit says what of a submission's entities could not be carried out: what comes
// after "entity:" in a code beside it.
func (p *Page) entityMisfit(code string) misfitView {
	kind, property, _ := strings.Cut(code, ":")
	v := misfitView{Question: p.T("entities.title"), Text: kind}
	if property != "" {
		v.Question = property
	}
	if key := "fit.entity." + kind; p.srv.texts.Has(key) {
		v.Text = p.T(key)
	}
	return v
}

// ListEntries are the entries of lists that a submission made or changed, and that she may see.
func (p *Page) ListEntries(root string) (out []entities.Link) {
	_ = p.srv.Node.Store.Read(p.ctx, func(tx *store.Tx) error {
		links, err := p.srv.Node.Entities.EntitiesOf(tx, root)
		for _, l := range links {
			if _, err := p.srv.Node.Entities.Get(tx, p.Sub, l.Project, l.Dataset, l.ID); err == nil {
				out = append(out, l)
			}
		}
		return err
	})
	return out
}

// EntryAt is the address of an entry of a list.
func (p *Page) EntryAt(l entities.Link) string {
	return p.ListAt(entities.Dataset{Project: l.Project, Name: l.Dataset}, l.ID)
}
