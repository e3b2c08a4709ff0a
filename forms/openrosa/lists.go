package openrosa

import (
	"context"
	"encoding/csv"
	"errors"
	"io"
	"mime"
	"strings"

	"aman/forms/entities"
	"aman/platform/access"
	"aman/platform/store"
)

// Entity lists go to a phone as CSV files beside a form: name (the entity's id), label,
// __version, and the properties that a phone may hold. The hash in a manifest is that of
// the rows this phone gets, so it changes with any of them and differs between phones whose
// rows differ.

// listHash gives the type a manifest has for a list, and its hash; both empty when there is no
// such list, or none for this phone.
func (h *Handler) listHash(tx *store.Tx, c caller, project int64, dataset string) (kind, sum string, err error) {
	if h.Lists == nil {
		return "", "", nil
	}
	d, err := h.Lists.Dataset(tx, c.sub, project, dataset)
	if errors.Is(err, entities.ErrNoDataset) || access.AsRefusal(err) != nil {
		return "", "", nil
	}
	if err != nil {
		return "", "", err
	}
	if c.draft != nil {
		return entities.ListType(d), hash(strings.Join(columns(d), ",")), nil
	}
	sum, err = h.Lists.Hash(tx, c.sub, project, dataset)
	return entities.ListType(d), sum, err
}

// columns are the head of a list's file.
func columns(d entities.Dataset) []string {
	out := []string{"name", "label", "__version"}
	for _, p := range d.Properties {
		if p.Class == access.Open || p.Class == access.Sensitive {
			out = append(out, p.Name)
		}
	}
	return out
}

// writeList writes the rows for this phone. The address of a draft may be in anybody's hands:
// it gets the columns and no row.
func (h *Handler) writeList(ctx context.Context, c caller, project int64, dataset string, w io.Writer) error {
	if h.Lists == nil {
		return errNoFile
	}
	if c.draft == nil {
		_, err := h.Lists.CSV(ctx, c.sub, project, dataset, w)
		return err
	}
	var d entities.Dataset
	err := h.Store.Read(ctx, func(tx *store.Tx) (err error) {
		d, err = h.Lists.Dataset(tx, c.sub, project, dataset)
		return err
	})
	if err != nil {
		return err
	}
	out := csv.NewWriter(w)
	_ = out.Write(columns(d)) // Error says it
	out.Flush()
	return out.Error()
}

// deleted says of each id whether its entity is gone, or was never this phone's.
func (h *Handler) deleted(tx *store.Tx, c caller, project int64, dataset string, ids []string) ([]entityDeleted, error) {
	if h.Lists == nil {
		return nil, errNoFile
	}
	var out []entityDeleted
	if c.draft != nil {
		for _, id := range ids {
			out = append(out, entityDeleted{id, true})
		}
		return out, nil
	}
	states, err := h.Lists.Integrity(tx, c.sub, project, dataset, ids)
	for _, s := range states {
		out = append(out, entityDeleted{s.ID, s.Deleted})
	}
	return out, err
}

var errNoFile = errors.New("the form has no such file")

func disposition(name string) string {
	return mime.FormatMediaType("attachment", map[string]string{"filename": name})
}
