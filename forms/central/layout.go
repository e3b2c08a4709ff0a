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
	var versions []export.Version
	key := f.ID
	err := c.read(func(tx *store.Tx) error {
		names := []string{version}
		if every && version != forms.DraftVersion {
			list, err := c.h.Forms.Versions(tx, c.sub, f.Project, f.ID)
			if err != nil {
				return err
			}
			for _, v := range list {
				if v.Version != version {
					names = append(names, v.Version)
				}
			}
		}
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
			key += "\x00" + p.Hash
		}
		return nil
	})
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
