package openrosa

import (
	"bytes"
	"cmp"
	"context"
	"encoding/xml"
	"errors"
	"io"
	"net/http"
	"path"
	"runtime"
	"slices"
	"strings"
	"time"

	"aman/forms"
	"aman/platform/store"
)

// mediaFile is a file beside a form. Collect takes no manifest in which one lacks its name,
// its hash or its address; so a file that nobody has uploaded yet is left out.
type mediaFile struct {
	Type         string `xml:"type,attr,omitempty"`
	Filename     string `xml:"filename"`
	Hash         string `xml:"hash"`
	DownloadURL  string `xml:"downloadUrl"`
	IntegrityURL string `xml:"integrityUrl,omitempty"`
}

type manifest struct {
	XMLName xml.Name    `xml:"http://openrosa.org/xforms/xformsManifest manifest"`
	Files   []mediaFile `xml:"mediaFile"`
}

// manifest answers with the files beside a form, entity lists among them.
func (h *Handler) manifest(w http.ResponseWriter, r *http.Request, c caller) error {
	answer := manifest{}
	err := h.Store.Read(r.Context(), func(tx *store.Tx) error {
		answer.Files = nil
		f, err := h.asked(tx, r, c)
		if err != nil {
			return err
		}
		media, err := h.Forms.MediaOf(tx, f.Form, f.Version)
		if err != nil {
			return err
		}
		address := func(name string) string { return c.urls.media(f.Form, name) }
		if r.PathValue("version") != "" {
			address = func(name string) string { return c.urls.version(f.Form, f.Version) + "/attachments/" + escape(name) }
		}
		for _, m := range media {
			one, ok, err := h.file(tx, c, f.Project, m, address(m.Name))
			if err != nil {
				return err
			}
			if ok {
				answer.Files = append(answer.Files, one)
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

// file is one line of a manifest; ok is false while there is nothing to fetch.
func (h *Handler) file(tx *store.Tx, c caller, project int64, m forms.Medium, address string) (mediaFile, bool, error) {
	out := mediaFile{Filename: m.Name, Hash: "md5:" + m.Hash, DownloadURL: address}
	if m.Dataset == "" {
		return out, m.Exists && m.Hash != "", nil
	}
	kind, hash, err := h.listHash(tx, c, project, m.Dataset)
	if err != nil {
		return out, false, err
	}
	out.Type, out.Hash, out.IntegrityURL = kind, "md5:"+hash, address+"/integrity"
	return out, hash != "", nil
}

// media answers with one file beside a form. Whoever has it already (If-None-Match) is told
// so with 304.
func (h *Handler) media(w http.ResponseWriter, r *http.Request, c caller) error {
	var m forms.Medium
	var f forms.Published
	var sum string
	err := h.Store.Read(r.Context(), func(tx *store.Tx) (err error) {
		if f, err = h.asked(tx, r, c); err != nil {
			return err
		}
		if m, err = h.medium(tx, r, f); err != nil {
			return err
		}
		if m.Dataset != "" {
			_, sum, err = h.listHash(tx, c, f.Project, m.Dataset)
		}
		return err
	})
	if err != nil {
		return err
	}
	if m.Dataset != "" {
		return h.entityList(w, r, c, f.Project, m.Dataset, sum)
	}
	etag := `"` + m.Hash + `"`
	if matches(r.Header.Get("If-None-Match"), etag) {
		w.Header().Set("ETag", etag)
		w.WriteHeader(http.StatusNotModified)
		return nil
	}
	body, err := h.shared.get("file "+f.Form+"\x00"+f.Version+"\x00"+m.Name+"\x00"+m.Hash, func() (body []byte, err error) {
		err = h.Store.Read(context.WithoutCancel(r.Context()), func(tx *store.Tx) (err error) {
			_, body, err = h.Forms.MediumOf(tx, f.Form, f.Version, m.Name)
			return err
		})
		return body, err
	})
	if errors.Is(err, store.ErrNone) {
		return errNoFile
	}
	if err != nil {
		return err
	}
	defer runtime.KeepAlive(body)
	w.Header().Set("ETag", etag)
	w.Header().Set("Content-Disposition", disposition(m.Name))
	serve(w, r, cmp.Or(m.Type, kinds[strings.ToLower(path.Ext(m.Name))], "application/octet-stream"), *body)
	return nil
}

// medium gives the file that an address names, without its content: a file that is here, or
// an entity list that stands for one.
func (h *Handler) medium(tx *store.Tx, r *http.Request, f forms.Published) (forms.Medium, error) {
	list, err := h.Forms.MediaOf(tx, f.Form, f.Version)
	if err != nil {
		return forms.Medium{}, err
	}
	i := slices.IndexFunc(list, func(m forms.Medium) bool { return m.Name == r.PathValue("name") })
	if i < 0 || !list[i].Exists {
		return forms.Medium{}, errNoFile
	}
	return list[i], nil
}

// entityList answers with the rows of an entity list that this phone may carry.
func (h *Handler) entityList(w http.ResponseWriter, r *http.Request, c caller, project int64, dataset, hash string) error {
	etag := `"` + hash + `"`
	w.Header().Set("ETag", etag)
	w.Header().Set("Content-Type", "text/csv; charset=utf-8")
	w.Header().Set("Content-Disposition", disposition(dataset+".csv"))
	if matches(r.Header.Get("If-None-Match"), etag) {
		w.WriteHeader(http.StatusNotModified)
		return nil
	}
	if r.Method == http.MethodHead {
		return nil
	}
	out := &started{Writer: w}
	if err := h.writeList(r.Context(), c, project, dataset, out); err != nil {
		if out.any {
			// The status is sent; a list that is cut short must not look like a whole one.
			h.Log.Error("openrosa entity list", "err", err)
			panic(http.ErrAbortHandler)
		}
		w.Header().Del("ETag")
		w.Header().Del("Content-Disposition")
		return err
	}
	return nil
}

type started struct {
	io.Writer
	any bool
}

func (s *started) Write(b []byte) (int, error) {
	s.any = true
	return s.Writer.Write(b)
}

type integrity struct {
	XMLName  xml.Name        `xml:"data"`
	Entities []entityDeleted `xml:"entities>entity"`
}

type entityDeleted struct {
	ID      string `xml:"id,attr"`
	Deleted bool   `xml:"deleted"`
}

// idsMost bounds how many entities one question may name.
const idsMost = 10_000

// integrity says of entities that a phone carries and no longer finds in its list whether
// they were deleted: ?id=a,b
func (h *Handler) integrity(w http.ResponseWriter, r *http.Request, c caller) error {
	var ids []string
	for _, list := range r.URL.Query()["id"] {
		for _, id := range strings.Split(list, ",") {
			if id = strings.TrimSpace(id); id != "" {
				ids = append(ids, id)
			}
		}
	}
	if len(ids) > idsMost {
		return &errPart{"openrosa.too_many_ids"}
	}
	answer := integrity{}
	err := h.Store.Read(r.Context(), func(tx *store.Tx) error {
		f, err := h.asked(tx, r, c)
		if err != nil {
			return err
		}
		m, err := h.medium(tx, r, f)
		if err != nil {
			return err
		}
		if m.Dataset == "" {
			return errNoFile
		}
		answer.Entities, err = h.deleted(tx, c, f.Project, m.Dataset, ids)
		return err
	})
	if err != nil {
		return err
	}
	h.xml(w, http.StatusOK, answer)
	return nil
}

// kinds are what the files beside forms are, where whoever uploaded them did not say.
var kinds = map[string]string{
	".csv": "text/csv; charset=utf-8", ".xml": "text/xml; charset=utf-8", ".geojson": "application/geo+json", ".png": "image/png", ".jpg": "image/jpeg", ".jpeg": "image/jpeg",
	".svg": "image/svg+xml", ".webp": "image/webp", ".gif": "image/gif", ".mp3": "audio/mpeg", ".m4a": "audio/mp4", ".wav": "audio/wav", ".mp4": "video/mp4", ".3gp": "video/3gpp",
}

// serve answers with bytes, honouring If-None-Match and Range. Without an ETag of its own the
// answer gets that of its MD5.
func serve(w http.ResponseWriter, r *http.Request, kind string, body []byte) {
	w.Header().Set("Content-Type", kind)
	if w.Header().Get("ETag") == "" {
		w.Header().Set("ETag", `"`+hash(string(body))+`"`)
	}
	http.ServeContent(w, r, "", time.Time{}, bytes.NewReader(body))
}

// matches says whether an If-None-Match header names an entity tag.
func matches(header, etag string) bool {
	for _, one := range strings.Split(header, ",") {
		if one = strings.TrimSpace(one); one == "*" || strings.TrimPrefix(one, "W/") == etag {
			return true
		}
	}
	return false
}
