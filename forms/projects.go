package forms

import (
	"context"
	"database/sql"
	"errors"
	"strconv"
	"strings"
	"time"

	"aman/platform/access"
	"aman/platform/audit"
	"aman/platform/store"
)

// Project is a folder of forms. Project 1 always is there.
type Project struct {
	ID                int64
	Name, Description string
	// Org is the organisation that sees and keeps its forms; empty: everybody sees them.
	Org string
	// Archived projects are not listed to phones.
	Archived         bool
	Created, Updated time.Time
}

// DefaultProject is the one that always is there.
const DefaultProject = 1

// Faults of a project.
var (
	ErrProjectName = errors.New("a project needs a name of at most 200 characters, and a description of at most 10,000")
	ErrProjectUsed = errors.New("the project has forms, or is the first one; it cannot be deleted")
)

const projectColumns = "SELECT r.id, r.name, r.description, r.org, r.archived, r.created_at, r.updated_at FROM projects r WHERE r.deleted_at = 0"

func scanProject(r *sql.Rows) (p Project, err error) {
	var created, updated int64
	err = r.Scan(&p.ID, &p.Name, &p.Description, &p.Org, &p.Archived, &created, &updated)
	p.Created, p.Updated = store.Time(created), store.Time(updated)
	return p, err
}

// object: a project is asked about as a form of its organisation.
func (p *Project) object() access.Object {
	return access.Object{Register: "forms", ID: "project-" + strconv.FormatInt(p.ID, 10), Org: p.Org}
}

// Projects lists the projects whose forms the subject may see, by id.
func (s *Service) Projects(tx *store.Tx, sub access.Subject) ([]Project, error) {
	where, args := s.policy.Filter(s.at(sub), access.Read, "forms")
	return store.All(tx, scanProject, projectColumns+" AND "+where+" ORDER BY r.id", args...)
}

// Project gives one project; a *access.Refusal when there is none that the subject may see.
func (s *Service) Project(tx *store.Tx, sub access.Subject, id int64) (Project, error) {
	return s.project(tx, sub, access.Read, id)
}

func (s *Service) project(tx *store.Tx, sub access.Subject, action access.Action, id int64) (Project, error) {
	list, err := store.All(tx, scanProject, projectColumns+" AND r.id = ?", id)
	if err != nil {
		return Project{}, err
	}
	if len(list) == 0 {
		return Project{}, noRow(action, "forms", "project-"+strconv.FormatInt(id, 10))
	}
	_, err = s.policy.Require(tx, s.at(sub), action, list[0].object())
	return list[0], err
}

func noRow(action access.Action, register, id string) error {
	return &access.Refusal{Action: action, Object: access.Object{Register: register, ID: id}, Reason: access.NoSuchRow}
}

// at is the subject at this moment, where the caller did not say when.
func (s *Service) at(sub access.Subject) access.Subject {
	if sub.At.IsZero() {
		sub.At = s.now()
	}
	return sub
}

// SaveProject makes a project (ID 0) or changes its name, description, organisation and
// whether it is archived. A new one without an organisation is everybody's, or, when made by
// who keeps the forms of one organisation alone, that organisation's.
func (s *Service) SaveProject(ctx context.Context, sub access.Subject, p Project) (Project, error) {
	p.Name, p.Description = strings.TrimSpace(p.Name), strings.TrimSpace(p.Description)
	if p.Name == "" || len(p.Name) > 200 || len(p.Description) > 10_000 {
		return Project{}, ErrProjectName
	}
	var saved Project
	err := s.change(ctx, sub, "project.save", func(tx *store.Tx, sub access.Subject) (string, error) {
		p := p
		if err := s.mayKeep(tx, sub, &p); err != nil {
			return "", err
		}
		at := store.Micros(sub.At)
		if p.ID == 0 {
			if err := tx.Row("SELECT max(id) + 1 FROM projects").Scan(&p.ID); err != nil {
				return "", err
			}
			if _, err := tx.Exec("INSERT INTO projects (id, name, created_at, updated_at) VALUES (?, ?, ?, ?)", p.ID, p.Name, at, at); err != nil {
				return "", err
			}
		}
		if _, err := tx.Exec("UPDATE projects SET name = ?, description = ?, org = ?, archived = ?, updated_at = ? WHERE id = ?", p.Name, p.Description, p.Org, p.Archived, at, p.ID); err != nil {
			return "", err
		}
		if _, err := tx.Exec("UPDATE forms SET org = ? WHERE project = ?", p.Org, p.ID); err != nil {
			return "", err
		}
		var err error
		saved, err = s.Project(tx, sub, p.ID)
		return p.object().ID, err
	})
	return saved, err
}

// mayKeep asks whether the subject may make or change the project, as it is and as it will be.
func (s *Service) mayKeep(tx *store.Tx, sub access.Subject, p *Project) error {
	if p.ID != 0 {
		if _, err := s.project(tx, sub, access.ManageForms, p.ID); err != nil {
			return err
		}
	}
	_, err := s.policy.Require(tx, sub, access.ManageForms, p.object())
	if access.AsRefusal(err) != nil && p.ID == 0 && p.Org == "" {
		p.Org = sub.Org
		_, err = s.policy.Require(tx, sub, access.ManageForms, p.object())
	}
	return err
}

// DeleteProject takes a project without forms away.
func (s *Service) DeleteProject(ctx context.Context, sub access.Subject, id int64) error {
	return s.change(ctx, sub, "project.delete", func(tx *store.Tx, sub access.Subject) (string, error) {
		p, err := s.project(tx, sub, access.ManageForms, id)
		if err != nil {
			return "", err
		}
		var n int
		if err := tx.Row("SELECT count(*) FROM forms WHERE project = ? AND deleted_at = 0", id).Scan(&n); err != nil {
			return "", err
		}
		if n > 0 || id == DefaultProject {
			return "", ErrProjectUsed
		}
		_, err = tx.Exec("UPDATE projects SET deleted_at = ? WHERE id = ?", store.Micros(sub.At), id)
		return p.object().ID, err
	})
}

// change runs one act on forms and projects, with its audit entry. f gives the id, fit for
// the audit log, of what it is about. What nodes remember of forms ends with it, for this
// write at once.
func (s *Service) change(ctx context.Context, sub access.Subject, verb string, f func(*store.Tx, access.Subject) (string, error)) error {
	return s.db.Write(ctx, func(tx *store.Tx) error {
		sub := sub
		sub.At = s.now().UTC()
		if err := changed(tx); err != nil {
			return err
		}
		id, err := f(tx, sub)
		if err != nil {
			return err
		}
		return s.audit.Append(tx, audit.Entry{At: sub.At, Actor: actor(sub), Org: sub.Org, Action: verb, Outcome: audit.OK, Register: "forms", Object: id})
	})
}

func changed(tx *store.Tx) error {
	_, err := tx.Exec("UPDATE form_changes SET n = n + 1 WHERE id = 1")
	return err
}
