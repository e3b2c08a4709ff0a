package central

import (
	"errors"
	"slices"

	"aman/forms"
	"aman/forms/entities"
	"aman/forms/entities/block"
	"aman/platform/store"
)

// datasetDiff tells which entity lists a version of a form writes to, and for every property of
// them whether the form fills it in. Of a draft it tells besides what would be new.
func (c *call) datasetDiff(f forms.Form, version string) error {
	type property struct {
		Name   string `json:"name"`
		IsNew  *bool  `json:"isNew,omitempty"`
		InForm bool   `json:"inForm"`
	}
	type dataset struct {
		Name       string     `json:"name"`
		IsNew      *bool      `json:"isNew,omitempty"`
		Properties []property `json:"properties"`
	}
	var body []byte
	if err := c.read(func(tx *store.Tx) (err error) { _, body, err = c.h.Forms.Definition(tx, f.ID, version); return err }); err != nil {
		return err
	}
	declared, err := block.Declared(body)
	if err != nil {
		return err
	}
	fresh := func(is bool) *bool {
		if version != forms.DraftVersion {
			return nil
		}
		return &is
	}
	out := []dataset{}
	for _, d := range declared {
		i := slices.IndexFunc(out, func(x dataset) bool { return x.Name == d.Dataset })
		if i < 0 {
			known, err := c.dataset(f.Project, d.Dataset)
			if err != nil && !errors.Is(err, entities.ErrNoDataset) {
				return err
			}
			out = append(out, dataset{d.Dataset, fresh(err != nil), []property{}})
			i = len(out) - 1
			for _, p := range known.Properties {
				out[i].Properties = append(out[i].Properties, property{p.Name, fresh(false), false})
			}
		}
		for _, save := range d.Properties {
			list := &out[i].Properties
			k := slices.IndexFunc(*list, func(p property) bool { return p.Name == save.Property })
			if k < 0 {
				*list = append(*list, property{save.Property, fresh(true), true})
			} else {
				(*list)[k].InForm = true
			}
		}
	}
	return c.json(out)
}
