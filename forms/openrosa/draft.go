package openrosa

import (
	"errors"
	"net/http"
	"net/url"
	"slices"

	"aman/forms"
	"aman/platform/access"
	"aman/platform/store"
)

// byDraft: /test/{token}/projects/{project}/forms/{form}/draft, a form that its author tries
// out on a phone before it is published. The token is all that a phone needs: nobody signs in.
// So whoever has it acts as the author, who may make forms, would; but may do nothing else
// than this, and of entity lists gets the columns alone.
func byDraft(h *Handler, r *http.Request) (c caller, err error) {
	if c.project, err = project(r); err != nil {
		return c, err
	}
	token, form := r.PathValue("token"), r.PathValue("form")
	err = h.Store.Read(r.Context(), func(tx *store.Tx) error {
		d, of, err := h.Forms.DraftByToken(tx, form, token)
		if err != nil {
			return err
		}
		if of != c.project {
			return noDraft
		}
		c.draft = &d
		c.sub, err = access.SubjectOf(tx, d.By, h.Now().UTC())
		return err
	})
	if errors.Is(err, store.ErrNone) || errors.Is(err, access.ErrUser) || errors.Is(err, forms.ErrUnknownForm) || access.AsRefusal(err) != nil {
		return c, noDraft
	}
	path := "/v1/test/" + url.PathEscape(token) + "/projects/" + r.PathValue("project") + "/forms/" + url.PathEscape(form) + "/draft"
	c.urls = urls{base: h.base(r) + path, shape: ofDraft}
	return c, err
}

// listDraft is the form list of a draft's address: that draft.
func (h *Handler) listDraft(w http.ResponseWriter, r *http.Request, c caller) error {
	d := c.draft
	one := listed{FormID: d.Form, Name: d.Title, Version: d.Version, Hash: "md5:" + hash(string(d.XML)), DownloadURL: c.urls.form(d.Form)}
	if one.Name == "" {
		one.Name = d.Form
	}
	err := h.Store.Read(r.Context(), func(tx *store.Tx) error {
		media, err := h.Forms.MediaOf(tx, d.Form, forms.DraftVersion)
		if len(media) > 0 {
			one.ManifestURL = c.urls.manifest(d.Form)
		}
		return err
	})
	if err != nil {
		return err
	}
	answer := formList{Forms: []listed{one}}
	if only := r.URL.Query()["formID"]; len(only) > 0 && !slices.Contains(only, d.Form) {
		answer.Forms = nil
	}
	h.xml(w, http.StatusOK, answer)
	return nil
}
