package product

import "strings"

// The descriptor of a Frictionless Data Package (specs.frictionlessdata.io/data-package, tabular-data-resource), which
// catalogues such as CKAN and the Humanitarian Data Exchange read.
type dataPackage struct {
	Profile     string       `json:"profile"`
	Name        string       `json:"name"`
	ID          string       `json:"id"`
	Title       string       `json:"title"`
	Description string       `json:"description,omitempty"`
	Version     string       `json:"version"`
	Created     string       `json:"created"`
	Homepage    string       `json:"homepage,omitempty"`
	Sources     []dpSource   `json:"contributors"`
	Resources   []dpResource `json:"resources"`
}

type dpSource struct {
	Title string `json:"title"`
	Role  string `json:"role"`
}

type dpResource struct {
	Name     string   `json:"name"`
	Path     string   `json:"path"`
	Profile  string   `json:"profile"`
	Format   string   `json:"format"`
	Media    string   `json:"mediatype"`
	Encoding string   `json:"encoding"`
	Bytes    int      `json:"bytes"`
	Hash     string   `json:"hash"`
	Schema   dpSchema `json:"schema"`
}

type dpSchema struct {
	Fields  []dpField `json:"fields"`
	Missing []string  `json:"missingValues"`
}

type dpField struct {
	Name        string        `json:"name"`
	Title       string        `json:"title,omitempty"`
	Type        string        `json:"type"`
	HXL         string        `json:"hxl,omitempty"`
	Constraints *dpConstraint `json:"constraints,omitempty"`
}

type dpConstraint struct {
	Enum []string `json:"enum,omitempty"`
}

// descriptor describes the two data files. files must hold them.
func descriptor(info Info, p Profile, files []File, length int) (File, error) {
	d := dataPackage{Profile: "tabular-data-package", Name: "release-" + strings.ToLower(info.ID), ID: info.ID, Title: info.Title.In("en"),
		Description: info.Summary.In("en"), Version: info.Version, Created: info.made(), Homepage: info.URL,
		Sources: []dpSource{{info.Publisher, "publisher"}}}
	header, tags := aggregateHeader(length)
	for _, f := range files {
		r := dpResource{Path: f.Name, Profile: "tabular-data-resource", Format: "csv", Media: "text/csv", Encoding: "utf-8", Bytes: len(f.Body), Hash: "sha256:" + hash(f.Body)}
		switch f.Name {
		case microdataFile:
			r.Name, r.Schema.Missing = "microdata", []string{p.Missing}
			for _, c := range p.Columns {
				r.Schema.Fields = append(r.Schema.Fields, c.field())
			}
		case aggregatesFile:
			r.Name, r.Schema.Missing = "aggregates", []string{""}
			for i, name := range header {
				f := dpField{Name: name, Type: "string", HXL: tags[i]}
				if name == "length" || name == "estimate" || strings.HasSuffix(name, "_95") {
					f.Type = "integer"
				}
				r.Schema.Fields = append(r.Schema.Fields, f)
			}
		default:
			continue
		}
		d.Resources = append(d.Resources, r)
	}
	body, err := marshal(d)
	return File{"datapackage.json", body}, err
}

func (c Column) field() dpField {
	f := dpField{Name: c.Name, Title: c.Called("en"), Type: "string", HXL: c.HXL}
	if len(c.JoinOf) == 0 && c.Separator == "" {
		f.Constraints = &dpConstraint{}
		for _, code := range c.Codes {
			f.Constraints.Enum = append(f.Constraints.Enum, code.Value)
		}
	}
	return f
}
