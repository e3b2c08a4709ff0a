package forms

import (
	"context"
	"crypto/md5" // #nosec: manifests of OpenRosa name files by MD5, to notice a change, not for safety
	"crypto/sha256"
	"database/sql"
	"encoding/hex"
	"errors"
	"slices"
	"strings"
	"time"

	"aman/platform/access"
	"aman/platform/store"
)

// Medium is a file beside a form version: a picture that a question shows, a list that it
// draws from.
type Medium struct {
	Name, Type string
	// Exists: the file is here, or an entity list stands for it.
	Exists  bool
	Size    int64
	Hash    string // MD5 in hex; empty for an entity list
	Updated time.Time
	// Dataset is the entity list that stands for the file.
	Dataset string
}

// Faults of media.
var (
	ErrNoMedium    = errors.New("the form expects no file of that name")
	ErrMediumLarge = errors.New("a file beside a form has at most 100 MB")
	ErrNoDraft     = errors.New("the form has no draft; files belong to a version, and only a draft's can be changed")
)

// MaxMedium is how large a file beside a form may be.
const MaxMedium = 100 << 20

const mediumColumns = "SELECT name, media_type, size, hash, dataset, updated_at FROM form_media WHERE form = ? AND version = ?"

func scanMedium(r *sql.Rows) (m Medium, err error) {
	var at int64
	err = r.Scan(&m.Name, &m.Type, &m.Size, &m.Hash, &m.Dataset, &at)
	m.Exists, m.Updated = m.Hash != "" || m.Dataset != "", store.Time(at)
	return m, err
}

// Media lists the files that a version of a form expects, by name; Exists says which are here.
func (s *Service) Media(tx *store.Tx, sub access.Subject, project int64, form, version string) ([]Medium, error) {
	if _, err := s.form(tx, sub, reading(version), project, form, false); err != nil {
		return nil, err
	}
	return s.MediaOf(tx, form, version)
}

// reading is what a version takes to be read: what is published is for whoever sees the
// form, a draft for who keeps it.
func reading(version string) access.Action {
	if version == DraftVersion {
		return access.ManageForms
	}
	return access.Read
}

// MediaOf is Media for who has the right by other means: a draft's token.
func (s *Service) MediaOf(tx *store.Tx, form, version string) ([]Medium, error) {
	p, err := s.published(tx, form, version)
	if err != nil {
		return nil, err
	}
	names, known := mediaNames(p.media)
	if !known {
		c, err := s.compiled(tx, p)
		if err != nil {
			return nil, err
		}
		names = c.media
	}
	list, err := store.All(tx, scanMedium, mediumColumns, form, p.stored())
	if err != nil {
		return nil, err
	}
	for _, name := range names {
		if !slices.ContainsFunc(list, func(m Medium) bool { return m.Name == name }) {
			list = append(list, Medium{Name: name})
		}
	}
	slices.SortFunc(list, func(a, b Medium) int { return strings.Compare(a.Name, b.Name) })
	return list, nil
}

// stored is the version under which what belongs to it is kept.
func (p *Published) stored() string {
	if p.Draft {
		return DraftVersion
	}
	return p.Version
}

// Medium gives one file. store.ErrNone when it is not here, or an entity list stands for it.
func (s *Service) Medium(tx *store.Tx, sub access.Subject, project int64, form, version, name string) (Medium, []byte, error) {
	if _, err := s.form(tx, sub, reading(version), project, form, false); err != nil {
		return Medium{}, nil, err
	}
	return s.MediumOf(tx, form, version, name)
}

// MediumOf is Medium for who has the right by other means: a draft's token.
func (s *Service) MediumOf(tx *store.Tx, form, version, name string) (Medium, []byte, error) {
	p, err := s.published(tx, form, version)
	if err != nil {
		return Medium{}, nil, err
	}
	if !plainText(name, 255) {
		return Medium{}, nil, store.ErrNone
	}
	list, err := store.All(tx, scanMedium, mediumColumns+" AND name = ?", form, p.stored(), name)
	if err != nil {
		return Medium{}, nil, err
	}
	if len(list) == 0 {
		return Medium{}, nil, store.ErrNone
	}
	if list[0].Dataset != "" {
		return list[0], nil, store.ErrNone
	}
	body, err := blob(tx, form, p.stored(), name)
	return list[0], body, err
}

func blob(tx *store.Tx, form, version, name string) (body []byte, err error) {
	err = tx.Row("SELECT b.body FROM form_media m JOIN form_blobs b ON b.content = m.content WHERE m.form = ? AND m.version = ? AND m.name = ?", form, version, name).Scan(&body)
	return body, err
}

// PutMedium keeps a file beside the draft of a form. ErrNoMedium when the draft names no
// such file.
func (s *Service) PutMedium(ctx context.Context, sub access.Subject, project int64, form, name, mediaType string, body []byte) error {
	if len(body) > MaxMedium {
		return ErrMediumLarge
	}
	c := contentOf(body) // before the write: a large file takes a while
	return s.editMedia(ctx, sub, project, form, name, func(tx *store.Tx, at time.Time) error {
		return s.putMedium(tx, form, name, mediaType, c, at)
	})
}

// DeleteMedium takes a file, or the entity list that stands for it, away from the draft.
func (s *Service) DeleteMedium(ctx context.Context, sub access.Subject, project int64, form, name string) error {
	return s.editMedia(ctx, sub, project, form, name, func(tx *store.Tx, _ time.Time) error {
		return dropMedia(tx, form, []string{name})
	})
}

// LinkDataset lets an entity list stand for a file of the draft; an empty name ends that.
func (s *Service) LinkDataset(ctx context.Context, sub access.Subject, project int64, form, name, dataset string) error {
	return s.editMedia(ctx, sub, project, form, name, func(tx *store.Tx, at time.Time) error {
		if err := dropMedia(tx, form, []string{name}); err != nil || dataset == "" {
			return err
		}
		_, err := tx.Exec("INSERT INTO form_media (form, version, name, media_type, dataset, updated_at) VALUES (?, ?, ?, 'text/csv', ?, ?)", form, DraftVersion, name, dataset, store.Micros(at))
		return err
	})
}

func (s *Service) editMedia(ctx context.Context, sub access.Subject, project int64, form, name string, f func(tx *store.Tx, at time.Time) error) error {
	return s.edit(ctx, sub, "form.media", project, form, func(tx *store.Tx, have Form, at int64) error {
		if !have.HasDraft {
			return ErrNoDraft
		}
		list, err := s.MediaOf(tx, form, DraftVersion)
		if err != nil {
			return err
		}
		if !slices.ContainsFunc(list, func(m Medium) bool { return m.Name == name }) {
			return ErrNoMedium
		}
		if err := f(tx, store.Time(at)); err != nil {
			return err
		}
		return s.relist(tx, form)
	})
}

// content is what a file holds, with its names.
type content struct {
	body        []byte
	md5, sha256 string
}

func contentOf(body []byte) content {
	if body == nil {
		body = []byte{}
	}
	short, long := md5.Sum(body), sha256.Sum256(body)
	return content{body, hex.EncodeToString(short[:]), hex.EncodeToString(long[:])}
}

func (s *Service) putMedium(tx *store.Tx, form, name, mediaType string, c content, at time.Time) error {
	if err := dropMedia(tx, form, []string{name}); err != nil {
		return err
	}
	if _, err := tx.Exec("INSERT INTO form_blobs (content, body) VALUES (?, ?) ON CONFLICT (content) DO NOTHING", c.sha256, c.body); err != nil {
		return err
	}
	if !plainText(mediaType, 200) {
		mediaType = ""
	}
	_, err := tx.Exec("INSERT INTO form_media (form, version, name, media_type, size, hash, content, updated_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
		form, DraftVersion, name, mediaType, len(c.body), c.md5, c.sha256, store.Micros(at))
	return err
}

// copyMedia gives a new draft the files of the newest published version.
func (s *Service) copyMedia(tx *store.Tx, form string) error {
	p, err := s.published(tx, form, "")
	if errors.Is(err, store.ErrNone) {
		return nil
	}
	if err != nil {
		return err
	}
	_, err = tx.Exec(`INSERT INTO form_media (form, version, name, media_type, size, hash, content, dataset, updated_at)
		SELECT form, ?, name, media_type, size, hash, content, dataset, updated_at FROM form_media WHERE form = ? AND version = ?`, DraftVersion, form, p.Version)
	return err
}

// trimMedia takes the files away from the draft that it does not name.
func (s *Service) trimMedia(tx *store.Tx, form string, named []string) error {
	have, err := tx.Strings("SELECT name FROM form_media WHERE form = ? AND version = ?", form, DraftVersion)
	if err != nil {
		return err
	}
	return dropMedia(tx, form, slices.DeleteFunc(have, func(name string) bool { return slices.Contains(named, name) }))
}

// dropMedia takes files away from the draft; what no version has any more is thrown away.
func dropMedia(tx *store.Tx, form string, names []string) error {
	for _, name := range names {
		content, err := tx.Strings("SELECT content FROM form_media WHERE form = ? AND version = ? AND name = ?", form, DraftVersion, name)
		if err != nil {
			return err
		}
		if _, err := tx.Exec("DELETE FROM form_media WHERE form = ? AND version = ? AND name = ?", form, DraftVersion, name); err != nil {
			return err
		}
		for _, c := range content {
			if _, err := tx.Exec("DELETE FROM form_blobs WHERE content = ? AND NOT EXISTS (SELECT 1 FROM form_media m WHERE m.content = ?)", c, c); err != nil {
				return err
			}
		}
	}
	return nil
}
