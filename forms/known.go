package forms

import (
	"context"
	"sync"

	"aman/platform/store"
)

// remembered are the forms that submissions came for, as they stood at one count of
// form_changes. Every submission is checked against that count inside its own transaction
// (Service.known), so a form that another node closed a moment ago is closed here too.
type remembered struct {
	mu    sync.RWMutex
	n     int64
	forms map[string]*knownForm
}

// knownForm is a form with its versions, without their definitions.
type knownForm struct {
	n        int64
	versions map[string]Published
	newest   *Published
	draft    *Published
	draftOrg string
}

// version gives one of them; see Service.Definition.
func (k *knownForm) version(version string) (Published, error) {
	if version == DraftVersion && k.draft != nil {
		return *k.draft, nil
	}
	if p, ok := k.versions[version]; ok {
		return p, nil
	}
	if version == "" && k.newest != nil {
		return *k.newest, nil
	}
	return Published{}, store.ErrNone
}

func (r *remembered) get(form string) *knownForm {
	r.mu.RLock()
	defer r.mu.RUnlock()
	return r.forms[form]
}

// keep remembers a form, and forgets all that is older.
func (r *remembered) keep(form string, k *knownForm) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if k.n < r.n {
		return
	}
	if k.n > r.n || r.forms == nil {
		r.n, r.forms = k.n, map[string]*knownForm{}
	}
	r.forms[form] = k
}

// remember reads a form in a snapshot of its own and keeps it. Only what is committed may
// be kept: a write that reads forms may yet be undone.
func (s *Service) remember(ctx context.Context, form string) (k *knownForm, err error) {
	err = s.db.Read(ctx, func(tx *store.Tx) error { k, err = s.knownForm(tx, form); return err })
	if err == nil {
		s.remembered.keep(form, k)
	}
	return k, err
}

// knownForm reads a form as it stands in this transaction; store.ErrNone when there is none.
func (s *Service) knownForm(tx *store.Tx, form string) (*knownForm, error) {
	if !plainText(form, 200) {
		return nil, store.ErrNone
	}
	var n int64
	if err := tx.Row("SELECT n FROM form_changes WHERE id = 1").Scan(&n); err != nil {
		return nil, err
	}
	if k := s.remembered.get(form); k != nil && k.n == n {
		return k, nil
	}
	k := &knownForm{n: n, versions: map[string]Published{}}
	list, err := store.All(tx, scanPublished, publishedColumns+" WHERE r.id = ? ORDER BY p.published_at DESC", form)
	if err != nil {
		return nil, err
	}
	for i := range list {
		k.versions[list[i].Version] = list[i]
	}
	if len(list) > 0 {
		k.newest = &list[0]
	}
	drafts, err := store.All(tx, scanPublished, draftColumns+" WHERE r.id = ?", form)
	if err != nil {
		return nil, err
	}
	if len(drafts) > 0 {
		k.draft = &drafts[0]
		k.draft.Draft = true
		if err := tx.Row("SELECT org FROM form_drafts WHERE form = ?", form).Scan(&k.draftOrg); err != nil {
			return nil, err
		}
	}
	if len(list)+len(drafts) == 0 {
		return nil, store.ErrNone
	}
	return k, nil
}

// draftColumns reads a draft as publishedColumns reads a published version.
const draftColumns = `SELECT r.id, p.version, p.title, r.project, r.org, r.kind, r.state, p.hash, p.made_at, p.made_by, p.encrypted, r.offices, p.lists, p.media, r.deleted_at
	FROM forms r JOIN form_drafts p ON p.form = r.id`
