package openrosa

import (
	"context"
	"encoding/xml"
	"net/http"
	"runtime"
	"slices"
	"strings"

	"aman/forms"
	"aman/platform/access"
	"aman/platform/store"
)

// listed is a form as the form list has it. Collect takes no list in which one form lacks its
// id, its name or its address.
type listed struct {
	FormID      string `xml:"formID"`
	Name        string `xml:"name"`
	Version     string `xml:"version"`
	Hash        string `xml:"hash"`
	Description string `xml:"descriptionText,omitempty"`
	DownloadURL string `xml:"downloadUrl"`
	ManifestURL string `xml:"manifestUrl,omitempty"`
}

type formList struct {
	XMLName xml.Name `xml:"http://openrosa.org/xforms/xformsList xforms"`
	Forms   []listed `xml:"xform"`
}

// list answers with the forms that this phone may fill: open and published, their newest
// version, or with listAllVersions every one. formID picks one; verbose adds what a form is
// about; deviceID says nothing here.
func (h *Handler) list(w http.ResponseWriter, r *http.Request, c caller) error {
	q := r.URL.Query()
	only, all, verbose := q.Get("formID"), yes(q.Get("listAllVersions")), yes(q.Get("verbose"))
	answer := formList{}
	if c.draft != nil {
		return h.listDraft(w, r, c)
	}
	err := h.Store.Read(r.Context(), func(tx *store.Tx) error {
		answer.Forms = nil
		fillable, err := h.fillable(tx, c)
		if err != nil {
			return err
		}
		for _, f := range fillable {
			if only != "" && only != f.Form {
				continue
			}
			versions := []forms.Published{f}
			if all {
				if versions, err = h.Forms.Versions(tx, c.sub, f.Project, f.Form); err != nil {
					return err
				}
			}
			for _, v := range versions {
				one, err := h.listed(tx, c, v, v.Version == f.Version, verbose)
				if err != nil {
					return err
				}
				answer.Forms = append(answer.Forms, one)
			}
		}
		return nil
	})
	if err != nil {
		return err
	}
	h.xml(w, http.StatusOK, answer)
	return nil
}

// yes: the protocol says verbose=true; some clients say 1.
func yes(s string) bool { return strings.EqualFold(s, "true") || s == "1" }

// fillable are the forms that this phone may fill.
func (h *Handler) fillable(tx *store.Tx, c caller) ([]forms.Published, error) {
	if c.project != 0 {
		if _, err := h.Forms.Project(tx, c.sub, c.project); access.AsRefusal(err) != nil {
			return nil, noProject
		} else if err != nil {
			return nil, err
		}
	}
	return h.Forms.Fillable(tx, c.sub, c.project)
}

func (h *Handler) listed(tx *store.Tx, c caller, f forms.Published, newest, verbose bool) (listed, error) {
	media, err := h.Forms.MediaOf(tx, f.Form, f.Version)
	if err != nil {
		return listed{}, err
	}
	out := listed{FormID: f.Form, Name: f.Title, Version: f.Version, Hash: "md5:" + f.Hash, DownloadURL: c.urls.form(f.Form), ManifestURL: c.urls.manifest(f.Form)}
	if out.Name == "" {
		out.Name = f.Form
	}
	if !newest {
		at := c.urls.version(f.Form, f.Version)
		out.DownloadURL, out.ManifestURL = at+".xml", at+"/manifest"
	}
	if len(media) == 0 {
		out.ManifestURL = ""
	}
	if verbose {
		out.Description = f.Title
	}
	return out, nil
}

// asked finds the form that an address names among those that the phone may fill.
// store.ErrNone when it is none of them, or has no such version.
func (h *Handler) asked(tx *store.Tx, r *http.Request, c caller) (f forms.Published, err error) {
	if c.draft != nil {
		return forms.Published{Form: c.draft.Form, Project: c.project, Version: forms.DraftVersion}, nil
	}
	id, version := r.PathValue("form"), r.PathValue("version")
	anyVersion := version == ""
	switch lastSegment(r.Pattern) {
	case "{form}":
		id = strings.TrimSuffix(id, ".xml")
	case "{version}":
		version = strings.TrimSuffix(version, ".xml")
	}
	if version == noVersion {
		version = ""
	}
	list, err := h.fillable(tx, c)
	if err != nil {
		return f, err
	}
	i := slices.IndexFunc(list, func(f forms.Published) bool { return f.Form == id })
	if i < 0 {
		return f, store.ErrNone
	}
	if anyVersion {
		return list[i], nil
	}
	versions, err := h.Forms.Versions(tx, c.sub, list[i].Project, id)
	if err != nil {
		return f, err
	}
	if i = slices.IndexFunc(versions, func(v forms.Published) bool { return v.Version == version }); i < 0 {
		return f, store.ErrNone
	}
	return versions[i], nil
}

func lastSegment(pattern string) string { return pattern[strings.LastIndexByte(pattern, '/')+1:] }

// form answers with the definition, the very bytes whose hash is in the list.
func (h *Handler) form(w http.ResponseWriter, r *http.Request, c caller) error {
	if c.draft != nil {
		serve(w, r, textXML, c.draft.XML)
		return nil
	}
	var f forms.Published
	err := h.Store.Read(r.Context(), func(tx *store.Tx) (err error) { f, err = h.asked(tx, r, c); return err })
	if err != nil {
		return err
	}
	body, err := h.shared.get("form "+f.Form+"\x00"+f.Version+"\x00"+f.Hash, func() (body []byte, err error) {
		err = h.Store.Read(context.WithoutCancel(r.Context()), func(tx *store.Tx) (err error) {
			_, body, err = h.Forms.Definition(tx, f.Form, f.Version)
			return err
		})
		return body, err
	})
	if err != nil {
		return err
	}
	defer runtime.KeepAlive(body)
	w.Header().Set("ETag", `"`+f.Hash+`"`)
	serve(w, r, textXML, *body)
	return nil
}
