package openrosa

import (
	"context"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"mime"
	"mime/multipart"
	"net/http"
	"net/url"
	"path"
	"strconv"
	"strings"
	"sync/atomic"
	"time"
	"unicode/utf8"

	"aman/forms"
	"aman/forms/xform"
	"aman/platform/access"
	"aman/platform/i18n"
	"aman/platform/store"
)

// Handler serves the protocol for one node.
type Handler struct {
	Forms *forms.Service
	Store *store.DB
	// Device gives the subject behind a token. ErrMalformed and ErrUnknown tell apart
	// what is no token from what is none of ours (401 and 403).
	Device func(ctx context.Context, token string) (access.Subject, error)
	// Base is the outside address, https://host, when it cannot be told from requests.
	Base  string
	Texts *i18n.Catalogue
	Log   *slog.Logger

	held atomic.Int64
}

// Faults of a token.
var (
	ErrMalformed = errors.New("that is not a device token")
	ErrUnknown   = errors.New("the device token is unknown or revoked")
)

// Limits of one request. Collect splits what is larger over several.
const (
	MaxRequest = 100_000_000
	maxPart    = 50 << 20
	maxParts   = 200
	// maxHeld is how many bytes of requests that are still arriving may be in memory at
	// once, over all phones. Whoever comes when it is full is asked to come later; phones do.
	maxHeld = 256 << 20
)

// Register puts the addresses of the protocol on a mux.
func (h *Handler) Register(mux *http.ServeMux) {
	const base = "/v1/key/{token}/projects/{project}"
	mux.HandleFunc("GET "+base+"/formList", h.as(h.formList))
	mux.HandleFunc("GET "+base+"/forms/{form}", h.as(h.form))
	mux.HandleFunc("HEAD "+base+"/submission", h.as(h.head))
	mux.HandleFunc("POST "+base+"/submission", h.as(h.submission))
}

type handle func(w http.ResponseWriter, r *http.Request, sub access.Subject)

// as finds out which device asks, and sets the headers of every answer.
func (h *Handler) as(next handle) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("X-OpenRosa-Version", "1.0")
		w.Header().Set("X-OpenRosa-Accept-Content-Length", strconv.Itoa(MaxRequest))
		w.Header().Set("Date", time.Now().UTC().Format(http.TimeFormat))
		sub, err := h.Device(r.Context(), r.PathValue("token"))
		switch {
		case errors.Is(err, ErrMalformed):
			h.say(w, r, http.StatusUnauthorized, "openrosa.token_malformed")
		case errors.Is(err, ErrUnknown):
			h.say(w, r, http.StatusForbidden, "openrosa.token_unknown")
		case err != nil:
			h.Log.Error("device token", "err", err)
			h.say(w, r, http.StatusServiceUnavailable, "openrosa.later")
		default:
			next(w, r, sub)
		}
	}
}

// say answers with a sentence in the envelope that Collect shows.
func (h *Handler) say(w http.ResponseWriter, r *http.Request, status int, key string, args ...any) {
	lang := i18n.Match(r.Header.Get("Accept-Language"))
	type message struct {
		Nature string `xml:"nature,attr,omitempty"`
		Text   string `xml:",chardata"`
	}
	answer := struct {
		XMLName xml.Name `xml:"http://openrosa.org/http/response OpenRosaResponse"`
		Items   int      `xml:"items,attr"`
		Message message  `xml:"message"`
	}{Message: message{Text: h.Texts.T(lang, key, args...)}}
	if status >= 400 {
		answer.Message.Nature = "error"
	}
	h.xml(w, status, answer)
}

func (h *Handler) xml(w http.ResponseWriter, status int, v any) {
	body, err := xml.Marshal(v)
	if err != nil {
		h.Log.Error("openrosa answer", "err", err)
		http.Error(w, "", http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "text/xml; charset=utf-8")
	w.WriteHeader(status)
	io.WriteString(w, xml.Header)
	w.Write(body)
}

type listed struct {
	FormID      string `xml:"formID"`
	Name        string `xml:"name"`
	Version     string `xml:"version"`
	Hash        string `xml:"hash"`
	DownloadURL string `xml:"downloadUrl"`
}

func (h *Handler) formList(w http.ResponseWriter, r *http.Request, sub access.Subject) {
	var list []forms.Published
	if err := h.Store.Read(r.Context(), func(tx *store.Tx) (err error) { list, err = h.Forms.Forms(tx); return err }); err != nil {
		h.Log.Error("form list", "err", err)
		h.say(w, r, http.StatusServiceUnavailable, "openrosa.later")
		return
	}
	answer := struct {
		XMLName xml.Name `xml:"http://openrosa.org/xforms/xformsList xforms"`
		Forms   []listed `xml:"xform"`
	}{}
	base := h.base(r) + strings.TrimSuffix(r.URL.EscapedPath(), "/formList")
	only := r.URL.Query().Get("formID")
	for _, f := range list {
		if only != "" && only != f.Form {
			continue
		}
		answer.Forms = append(answer.Forms, listed{FormID: f.Form, Name: f.Title, Version: f.Version, Hash: "md5:" + f.Hash,
			DownloadURL: base + "/forms/" + url.PathEscape(f.Form) + ".xml"})
	}
	h.xml(w, http.StatusOK, answer)
}

// base is the outside address of this server.
func (h *Handler) base(r *http.Request) string {
	if h.Base != "" {
		return strings.TrimSuffix(h.Base, "/")
	}
	if r.TLS != nil {
		return "https://" + r.Host
	}
	return "http://" + r.Host
}

func (h *Handler) form(w http.ResponseWriter, r *http.Request, sub access.Subject) {
	id := strings.TrimSuffix(r.PathValue("form"), ".xml")
	var body []byte
	err := h.Store.Read(r.Context(), func(tx *store.Tx) (err error) {
		_, body, err = h.Forms.Definition(tx, id, "")
		return err
	})
	switch {
	case errors.Is(err, store.ErrNone):
		h.say(w, r, http.StatusNotFound, "openrosa.no_form")
	case err != nil:
		h.Log.Error("form", "err", err)
		h.say(w, r, http.StatusServiceUnavailable, "openrosa.later")
	default:
		w.Header().Set("Content-Type", "text/xml; charset=utf-8")
		w.Write(body)
	}
}

// head answers 204: any other success makes Collect think that this is no OpenRosa server.
func (h *Handler) head(w http.ResponseWriter, r *http.Request, sub access.Subject) {
	w.WriteHeader(http.StatusNoContent)
}

func (h *Handler) submission(w http.ResponseWriter, r *http.Request, sub access.Subject) {
	r.Body = http.MaxBytesReader(w, r.Body, MaxRequest)
	room := &room{h: h}
	defer room.leave()
	body, files, err := read(r, room)
	if err != nil {
		h.refuse(w, r, err)
		return
	}
	res, err := h.Forms.Receive(r.Context(), sub, body, files)
	if err != nil {
		h.refuse(w, r, err)
		return
	}
	if res.Duplicate {
		h.say(w, r, http.StatusCreated, "openrosa.again")
		return
	}
	h.say(w, r, http.StatusCreated, "openrosa.received")
}

// errBusy: too much is arriving at once.
var errBusy = errors.New("too many submissions are arriving at once")

// room is what one request takes of the memory for requests.
type room struct {
	h     *Handler
	taken int64
}

func (x *room) take(n int) error {
	x.taken += int64(n)
	if x.h.held.Add(int64(n)) > maxHeld {
		return errBusy
	}
	return nil
}

func (x *room) leave() { x.h.held.Add(-x.taken) }

// all reads a part, taking room as it comes.
func (x *room) all(part io.Reader) ([]byte, error) {
	var out []byte
	piece := make([]byte, 64<<10)
	for {
		n, err := part.Read(piece)
		if len(out)+n > maxPart {
			return nil, &errPart{"openrosa.too_large"}
		}
		if busy := x.take(n); busy != nil {
			return nil, busy
		}
		out = append(out, piece[:n]...)
		if errors.Is(err, io.EOF) {
			return out, nil
		}
		if err != nil {
			return nil, err
		}
	}
}

// errPart is a fault of the request itself; key is its text.
type errPart struct{ key string }

func (e *errPart) Error() string { return e.key }

// read takes the parts of a posted submission.
func read(r *http.Request, room *room) (body []byte, files []forms.File, err error) {
	kind, params, err := mime.ParseMediaType(r.Header.Get("Content-Type"))
	if err != nil || kind != "multipart/form-data" {
		return nil, nil, &errPart{"openrosa.not_multipart"}
	}
	parts := multipart.NewReader(r.Body, params["boundary"])
	for n := 0; ; n++ {
		part, err := parts.NextPart()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return nil, nil, err
		}
		if n >= maxParts {
			return nil, nil, &errPart{"openrosa.too_many_parts"}
		}
		isBody := part.FormName() == "xml_submission_file"
		if !isBody && part.FileName() == "" {
			continue // *isIncomplete* and the like; NextPart reads past it without keeping it
		}
		name, ok := safeName(part.FileName())
		if !ok && !isBody {
			return nil, nil, &errPart{"openrosa.file_name"}
		}
		content, err := room.all(part)
		if err != nil {
			return nil, nil, err
		}
		if isBody {
			body = content
			if body == nil {
				body = []byte{}
			}
			continue
		}
		files = append(files, forms.File{Name: name, MediaType: part.Header.Get("Content-Type"), Body: content})
	}
	if body == nil {
		return nil, nil, &errPart{"openrosa.no_xml"}
	}
	return body, files, nil
}

// safeName refuses names that lead elsewhere than into the submission.
func safeName(name string) (string, bool) {
	name = strings.TrimSpace(name)
	ok := name != "" && len(name) <= 255 && utf8.ValidString(name) && name != "." && name != ".." &&
		!strings.ContainsAny(name, "/\\\x00\r\n") && path.Base(name) == name
	return name, ok
}

// refusals say for each fault of a submission its status and its text.
var refusals = []struct {
	err    error
	status int
	key    string
}{
	{xform.ErrNoInstanceID, http.StatusBadRequest, "openrosa.no_instance"},
	{xform.ErrNoForm, http.StatusBadRequest, "openrosa.no_form_id"},
	{forms.ErrUnknownForm, http.StatusNotFound, "openrosa.no_form"},
	{forms.ErrUnknownVersion, http.StatusNotFound, "openrosa.no_version"},
	{forms.ErrFormClosed, http.StatusConflict, "openrosa.closed"},
	{forms.ErrDifferent, http.StatusConflict, "openrosa.different"},
	{forms.ErrNoEdit, http.StatusConflict, "openrosa.no_edit"},
	{forms.ErrEncrypted, http.StatusUnprocessableEntity, "openrosa.encrypted"},
}

func (h *Handler) refuse(w http.ResponseWriter, r *http.Request, err error) {
	var part *errPart
	var large *http.MaxBytesError
	switch {
	case errors.Is(err, errBusy):
		w.Header().Set("Retry-After", "30")
		h.say(w, r, http.StatusServiceUnavailable, "openrosa.later")
		return
	case errors.As(err, &part) && part.key == "openrosa.too_large":
		h.say(w, r, http.StatusRequestEntityTooLarge, part.key)
		return
	case errors.As(err, &part):
		h.say(w, r, http.StatusBadRequest, part.key)
		return
	case errors.As(err, &large):
		h.say(w, r, http.StatusRequestEntityTooLarge, "openrosa.too_large")
		return
	case access.AsRefusal(err) != nil:
		h.say(w, r, http.StatusForbidden, "openrosa.no_right")
		return
	case store.KindOf(err) != store.Other:
		h.Log.Error("submission", "err", err)
		h.say(w, r, http.StatusServiceUnavailable, "openrosa.later")
		return
	}
	for _, x := range refusals {
		if errors.Is(err, x.err) {
			h.say(w, r, x.status, x.key)
			return
		}
	}
	// What is left is a document that cannot be read: its fault is in the error, which
	// names no value of it.
	h.say(w, r, http.StatusBadRequest, "openrosa.unreadable", "why", fmt.Sprint(err))
}
