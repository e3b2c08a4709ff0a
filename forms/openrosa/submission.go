package openrosa

import (
	"errors"
	"io"
	"mime"
	"mime/multipart"
	"net/http"
	"path"
	"strings"
	"unicode"
	"unicode/utf8"

	"aman/forms"
	"aman/forms/xform"
)

// head answers 204: any other success makes Collect think that this is no OpenRosa server.
func (h *Handler) head(w http.ResponseWriter, r *http.Request, c caller) error {
	w.WriteHeader(http.StatusNoContent)
	return nil
}

// submission takes one filled form, or a part of it. 201 is sent when it is on disk; any other
// success is a failure to Collect.
func (h *Handler) submission(w http.ResponseWriter, r *http.Request, c caller) error {
	room := &room{h: h}
	defer room.leave()
	body, files, err := parts(r, r.Body.(*incoming), room)
	if err != nil {
		return err
	}
	res, err := h.Forms.Receive(r.Context(), c.sub, body, files, forms.ReceiveOptions{
		Project: c.project, Draft: c.draft != nil, DeviceName: plain(r.URL.Query().Get("deviceID")), Agent: plain(r.UserAgent()),
	})
	if err != nil {
		return readable(body, err)
	}
	if res.Duplicate {
		h.say(w, r, http.StatusCreated, "openrosa.again")
		return nil
	}
	h.say(w, r, http.StatusCreated, "openrosa.received")
	return nil
}

// plain keeps of a header what may be stored and shown.
func plain(s string) string {
	s = strings.Map(func(r rune) rune {
		if unicode.IsControl(r) || r == utf8.RuneError {
			return -1
		}
		return r
	}, s)
	for len(s) > 255 {
		_, n := utf8.DecodeLastRuneInString(s)
		s = s[:len(s)-n]
	}
	return s
}

// errPart is a fault of the request itself; key is its text.
type errPart struct{ key string }

func (e *errPart) Error() string { return e.key }

// errUnreadable: the document is no submission. Its fault names no value of it.
type errUnreadable struct{ error }

// readable tells a document that cannot be read from a fault of ours: it reads it once more.
func readable(body []byte, err error) error {
	if _, fault := xform.ParseInstance(body); fault != nil && fault.Error() == err.Error() && !errors.Is(err, xform.ErrNoInstanceID) && !errors.Is(err, xform.ErrNoForm) {
		return errUnreadable{fault}
	}
	return err
}

// parts takes apart what was posted.
func parts(r *http.Request, in *incoming, room *room) (body []byte, files []forms.File, err error) {
	kind, params, err := mime.ParseMediaType(r.Header.Get("Content-Type"))
	if err != nil || kind != "multipart/form-data" {
		return nil, nil, &errPart{"openrosa.not_multipart"}
	}
	all := multipart.NewReader(in, params["boundary"])
	for n := 0; ; n++ {
		var part *multipart.Part
		err := in.header(func() (err error) { part, err = all.NextPart(); return err })
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return nil, nil, in.broken(err)
		}
		if n >= maxParts {
			return nil, nil, &errPart{"openrosa.too_many_parts"}
		}
		isBody := part.FormName() == "xml_submission_file"
		if !isBody && part.FileName() == "" {
			// *isIncomplete* and the like: a submission is complete when its files are here.
			if _, err := io.Copy(io.Discard, part); err != nil {
				return nil, nil, in.broken(err)
			}
			continue
		}
		name, ok := safeName(part.FileName())
		if !ok && !isBody {
			return nil, nil, &errPart{"openrosa.file_name"}
		}
		content, err := room.all(part)
		if err != nil {
			return nil, nil, in.broken(err)
		}
		switch {
		case isBody && body != nil:
			return nil, nil, &errPart{"openrosa.two_xml"}
		case isBody:
			body = content
		default:
			files = append(files, forms.File{Name: name, MediaType: plain(part.Header.Get("Content-Type")), Body: content})
		}
	}
	if body == nil {
		return nil, nil, &errPart{"openrosa.no_xml"}
	}
	return body, files, nil
}

// broken: an upload that does not hold together, unless its body had a fault of its own.
func (b *incoming) broken(err error) error {
	if errors.Is(err, errBusy) || errors.Is(err, errTooLarge) {
		return err
	}
	var part *errPart
	if errors.As(b.fault, &part) || errors.Is(b.fault, errTooLarge) || errors.Is(b.fault, errSlow) {
		return b.fault
	}
	return &errPart{"openrosa.broken"}
}

// safeName refuses names that lead elsewhere than into the submission.
func safeName(name string) (string, bool) {
	name = strings.TrimSpace(name)
	ok := name != "" && len(name) <= 255 && utf8.ValidString(name) && name != "." && name != ".." &&
		!strings.ContainsAny(name, "/\\") && !strings.ContainsFunc(name, unicode.IsControl) && path.Base(name) == name
	return name, ok
}
