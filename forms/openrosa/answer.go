package openrosa

import (
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"net/http"

	"aman/forms"
	"aman/forms/entities"
	"aman/forms/xform"
	"aman/platform/access"
	"aman/platform/i18n"
	"aman/platform/store"
)

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
	w.Header().Set("Content-Language", lang)
	w.Header().Add("Vary", "Accept-Language")
	h.xml(w, status, answer)
}

func (h *Handler) xml(w http.ResponseWriter, status int, v any) {
	body, err := xml.Marshal(v)
	if err != nil {
		h.Log.Error("openrosa answer", "err", err)
		http.Error(w, "", http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", textXML)
	w.WriteHeader(status)
	io.WriteString(w, xml.Header)
	w.Write(body)
}

const textXML = "text/xml; charset=utf-8"

// faults say for each fault its status and its text. The first that fits answers.
var faults = []struct {
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
	{forms.ErrNothingToEdit, http.StatusNotFound, "openrosa.nothing_to_edit"},
	{forms.ErrNoEdit, http.StatusConflict, "openrosa.no_edit"},
	{forms.ErrDeleted, http.StatusConflict, "openrosa.deleted"},
	{forms.ErrNotYours, http.StatusForbidden, "openrosa.no_right"},
	{forms.ErrEncrypted, http.StatusUnprocessableEntity, "openrosa.encrypted"},
	{errTooLarge, http.StatusRequestEntityTooLarge, "openrosa.too_large"},
	{errSlow, http.StatusRequestTimeout, "openrosa.slow"},
	{entities.ErrNoDataset, http.StatusNotFound, "openrosa.no_file"},
	{errNoFile, http.StatusNotFound, "openrosa.no_file"},
	{store.ErrNone, http.StatusNotFound, "openrosa.no_form"},
}

// fail answers a request that did not work out.
func (h *Handler) fail(w http.ResponseWriter, r *http.Request, err error) {
	var part *errPart
	var no *refusal
	switch {
	case errors.As(err, &no):
		if no.challenge {
			h.challenge(w, r, no.stale)
		}
		h.say(w, r, no.status, no.key)
		return
	case errors.Is(err, errBusy):
		w.Header().Set("Retry-After", "30")
		h.say(w, r, http.StatusServiceUnavailable, "openrosa.later")
		return
	case errors.As(err, &part):
		h.say(w, r, http.StatusBadRequest, part.key)
		return
	}
	for _, x := range faults {
		if errors.Is(err, x.err) {
			h.say(w, r, x.status, x.key)
			return
		}
	}
	if no := access.AsRefusal(err); no != nil {
		status, key := http.StatusForbidden, "openrosa.no_right"
		if no.Reason == access.NoSuchRow {
			status, key = http.StatusNotFound, "openrosa.no_form"
		}
		h.say(w, r, status, key)
		return
	}
	var bad errUnreadable
	if errors.As(err, &bad) {
		h.say(w, r, http.StatusBadRequest, "openrosa.unreadable", "why", fmt.Sprint(bad.error))
		return
	}
	if r.Context().Err() == nil { // else the phone is gone, and nothing is wrong here
		h.Log.Error("openrosa", "route", r.Pattern, "err", err)
	}
	w.Header().Set("Retry-After", "60")
	h.say(w, r, http.StatusServiceUnavailable, "openrosa.later")
}
