package web

import (
	"errors"
	"io"
	"mime"
	"mime/multipart"
	"net/http"
	"strconv"
	"strings"
	"unicode/utf8"

	"aman/forms"
	"aman/forms/xform"
	"aman/platform/access"
	"aman/platform/store"
)

// Limits of what a browser sends at once, the same that phones have.
const (
	fillMost     = 100 << 20
	fillMostPart = 50 << 20
	fillParts    = 200
)

// fillRoom lets a few submissions arrive at once: each is held in memory while it comes.
var fillRoom = make(chan struct{}, 4)

// fillAnswer is what the browser is told: Reason is a sentence in the person's language.
type fillAnswer struct {
	OK     bool   `json:"ok"`
	Again  bool   `json:"again,omitempty"`
	Code   string `json:"code,omitempty"`
	Reason string `json:"reason,omitempty"`
}

// fillSubmission takes a filled form from the browser. 201 means that it is on disk.
func (s *Server) fillSubmission(w http.ResponseWriter, r *http.Request) {
	sub, _ := subjectOf(r)
	select {
	case fillRoom <- struct{}{}:
		defer func() { <-fillRoom }()
	default:
		w.Header().Set("Retry-After", "30")
		s.json(w, http.StatusServiceUnavailable, fillAnswer{Code: "later"})
		return
	}
	r.Body = http.MaxBytesReader(w, r.Body, fillMost)
	body, files, err := readFilled(r)
	var res forms.Result
	if err == nil {
		res, err = s.takeFilled(r, sub, body, files)
	}
	if err == nil {
		s.json(w, http.StatusCreated, fillAnswer{OK: true, Again: res.Duplicate})
		return
	}
	status, key := s.fillRefusal(r, err)
	answer := fillAnswer{Code: strings.TrimPrefix(key, "openrosa.")}
	if status < 500 {
		// What is left is a document that cannot be read; the error names no value of it.
		answer.Reason = s.texts.T(languageOf(r, sub), key, "why", err.Error())
	}
	s.json(w, status, answer)
}

func (s *Server) takeFilled(r *http.Request, sub access.Subject, body []byte, files []forms.File) (forms.Result, error) {
	project, err := strconv.ParseInt(r.PathValue("project"), 10, 64)
	if err != nil {
		return forms.Result{}, forms.ErrUnknownForm
	}
	return s.Node.Forms.Receive(r.Context(), sub, body, files, forms.ReceiveOptions{Project: project, DeviceName: "browser", Agent: r.UserAgent()})
}

// fillRefusals are the faults of a submission, with their answers.
var fillRefusals = []struct {
	err    error
	status int
	key    string
}{
	{errNotMultipart, http.StatusBadRequest, "openrosa.not_multipart"},
	{errTooManyParts, http.StatusBadRequest, "openrosa.too_many_parts"},
	{errFileName, http.StatusBadRequest, "openrosa.file_name"},
	{errNoXML, http.StatusBadRequest, "openrosa.no_xml"},
	{errTwoXML, http.StatusBadRequest, "openrosa.two_xml"},
	{errTooLarge, http.StatusRequestEntityTooLarge, "openrosa.too_large"},
	{xform.ErrNoInstanceID, http.StatusBadRequest, "openrosa.no_instance"},
	{xform.ErrNoForm, http.StatusBadRequest, "openrosa.no_form_id"},
	{forms.ErrUnknownForm, http.StatusNotFound, "openrosa.no_form"},
	{forms.ErrUnknownVersion, http.StatusNotFound, "openrosa.no_version"},
	{forms.ErrFormClosed, http.StatusConflict, "openrosa.closed"},
	{forms.ErrDifferent, http.StatusConflict, "openrosa.different"},
	{forms.ErrNotYours, http.StatusForbidden, "fill.no_right"},
	{forms.ErrDeleted, http.StatusConflict, "fill.deleted"},
	{forms.ErrNoEdit, http.StatusConflict, "openrosa.no_edit"},
	{forms.ErrEncrypted, http.StatusUnprocessableEntity, "openrosa.encrypted"},
}

// fillRefusal gives the status and the text of a fault.
func (s *Server) fillRefusal(r *http.Request, err error) (int, string) {
	for _, x := range fillRefusals {
		if errors.Is(err, x.err) {
			return x.status, x.key
		}
	}
	var large *http.MaxBytesError
	switch {
	case errors.As(err, &large):
		return http.StatusRequestEntityTooLarge, "openrosa.too_large"
	case access.AsRefusal(err) != nil:
		s.refused(r, access.AsRefusal(err))
		return http.StatusForbidden, "fill.no_right"
	case store.KindOf(err) != store.Other:
		s.Log.Error("a filled form could not be kept", "err", err)
		return http.StatusServiceUnavailable, "openrosa.later"
	}
	return http.StatusBadRequest, "openrosa.unreadable"
}

// Faults of the request itself.
var (
	errNotMultipart = errors.New("the request is not multipart/form-data")
	errTooManyParts = errors.New("too many parts")
	errFileName     = errors.New("a part has a file name that is not allowed")
	errNoXML        = errors.New("there is no part xml_submission_file")
	errTwoXML       = errors.New("there are two parts xml_submission_file")
	errTooLarge     = errors.New("a part is too large")
)

// readFilled takes the parts of a posted form.
func readFilled(r *http.Request) (body []byte, files []forms.File, err error) {
	kind, params, err := mime.ParseMediaType(r.Header.Get("Content-Type"))
	if err != nil || kind != "multipart/form-data" {
		return nil, nil, errNotMultipart
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
		if n >= fillParts {
			return nil, nil, errTooManyParts
		}
		content, err := io.ReadAll(io.LimitReader(part, fillMostPart+1))
		if err != nil {
			return nil, nil, err
		}
		if len(content) > fillMostPart {
			return nil, nil, errTooLarge
		}
		if part.FormName() == "xml_submission_file" {
			if body != nil {
				return nil, nil, errTwoXML
			}
			body = content
			continue
		}
		name := part.FileName()
		if name == "" || len(name) > 255 || !utf8.ValidString(name) || name == "." || name == ".." || strings.ContainsAny(name, "/\\\x00\r\n") {
			return nil, nil, errFileName
		}
		files = append(files, forms.File{Name: name, MediaType: part.Header.Get("Content-Type"), Body: content})
	}
	if body == nil {
		return nil, nil, errNoXML
	}
	return body, files, nil
}
