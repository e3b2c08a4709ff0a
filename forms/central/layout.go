package central

import (
	"strings"
	"sync"

	"aman/forms"
	"aman/forms/export"
	"aman/platform/store"
)

// layouts keeps the tables of forms: making them reads the whole definition.
type layouts struct {
	mu    sync.Mutex
	known map[string]*export.Layout // by form and the hashes of its versions
}

// layoutsKept bounds the memory of it.
const layoutsKept = 200

// layout gives the tables of a form: of its published version, of its draft, or of every
// version there was.
func (c *call) layout(f forms.Form, version string, every bool) (*export.Layout, error) {
	names, key, err := c.versionsFor(f, version, every)
	if err != nil {
		return nil, err
	}
	k := &c.h.layouts
	k.mu.Lock()
	l := k.known[key]
	k.mu.Unlock()
	if l != nil {
		return l, nil
	}
	var versions []export.Version
	err = c.read(func(tx *store.Tx) error {
		versions, key = nil, f.ID
		for _, name := range names {
			p, body, err := c.h.Forms.Definition(tx, f.ID, name)
			if err != nil {
				return err
			}
			classes, err := c.h.Forms.Classes(tx, f.ID, name)
			if err != nil {
				return err
			}
			versions = append(versions, export.Version{Name: p.Version, XML: body, Classes: classes})
			key += "\x00" + p.Hash // again: a draft may have been saved anew meanwhile
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	if l, err = export.New(versions...); err != nil {
		return nil, err
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.known == nil || len(k.known) > layoutsKept {
		k.known = map[string]*export.Layout{}
	}
	k.known[key] = l
	return l, nil
}

// versionsFor names the versions that a layout is made of, the one that counts first, and the
// key that tells it from any other: the hashes of what they say.
func (c *call) versionsFor(f forms.Form, version string, every bool) (names []string, key string, err error) {
	err = c.read(func(tx *store.Tx) error {
		names, key = []string{version}, f.ID
		if version == forms.DraftVersion {
			d, err := c.h.Forms.DraftOf(tx, c.sub, f.Project, f.ID)
			key += "\x00" + d.Hash
			return err
		}
		if version == f.Version && !every {
			key += "\x00" + f.Hash
			return nil
		}
		list, err := c.h.Forms.Versions(tx, c.sub, f.Project, f.ID)
		if err != nil {
			return err
		}
		found := ""
		for _, v := range list {
			if v.Version == version {
				found = v.Hash
			}
		}
		if found == "" {
			return errNotFound
		}
		key += "\x00" + found
		for _, v := range list {
			if every && v.Version != version {
				names, key = append(names, v.Version), key+"\x00"+v.Hash
			}
		}
		return nil
	})
	return names, key, err
}

// fieldView is a place of a form as Central lists them.
type fieldView struct {
	Path           string `json:"path"`
	Name           string `json:"name"`
	Type           string `json:"type"`
	Binary         *bool  `json:"binary"`
	Order          int    `json:"order"`
	SelectMultiple *bool  `json:"selectMultiple"`
}

// typeOf names the type of a place in Central's words.
func typeOf(n export.Node) string {
	switch {
	case n.Table != nil:
		return "repeat"
	case n.Field == nil:
		return "structure"
	case n.Field.Kind == "upload":
		return "binary"
	case n.Field.Type == "":
		return "unknown"
	}
	return n.Field.Type
}

// fields lists the questions, groups and repeats of a form, with names as OData has them when
// ?odata=true.
func fields(l *export.Layout, odata bool) []fieldView {
	out := []fieldView{}
	yes := true
	for i, n := range l.Nodes() {
		v := fieldView{Path: odkPath(n.Path), Name: n.Name, Type: typeOf(n), Order: i}
		if odata {
			v.Name = export.Identifier(n.Name)
			parts := strings.Split(v.Path, "/")
			for j := 1; j < len(parts); j++ {
				parts[j] = export.Identifier(parts[j])
			}
			v.Path = strings.Join(parts, "/")
		}
		if v.Type == "binary" {
			v.Binary = &yes
		}
		if n.Field != nil && n.Field.Many {
			v.SelectMultiple = &yes
		}
		out = append(out, v)
	}
	return out
}

// odkPath is a path without its root, as Central writes it.
func odkPath(path string) string {
	if i := strings.IndexByte(path[1:], '/'); i >= 0 {
		return path[i+1:]
	}
	return path
}
