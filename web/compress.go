package web

import (
	"bytes"
	"compress/gzip"
	"net/http"
	"strings"
	"sync"
)

// Pages go compressed: a case page is a fifth of its size on a bad line. What stands
// unsealed on a page does not: the length of a compressed page tells a little about what
// is on it, and nobody on the line shall learn whether a guessed name is there. Pages
// hold no secret of the session.
var never = map[string]bool{"unseal": true, "interview": true, "account": true, "adminform": true, "device": true,
	"formanswer": true, "formanswers": true, "formtest": true}

var writers = sync.Pool{New: func() any {
	w, _ := gzip.NewWriterLevel(nil, 5) // 5 is a known level
	return w
}}

// compressed gives body under gzip; nil when that is not wanted.
func compressed(r *http.Request, body []byte) []byte {
	if len(body) < 1400 || !strings.Contains(r.Header.Get("Accept-Encoding"), "gzip") {
		return nil
	}
	var out bytes.Buffer
	w := writers.Get().(*gzip.Writer)
	defer writers.Put(w)
	w.Reset(&out)
	w.Write(body) // a bytes.Buffer does not fail
	w.Close()
	return out.Bytes()
}

// send writes a body, compressed where the browser takes it.
func send(w http.ResponseWriter, r *http.Request, status int, body []byte, plain bool) {
	w.Header().Set("Vary", "Accept-Encoding")
	if !plain {
		if small := compressed(r, body); small != nil {
			w.Header().Set("Content-Encoding", "gzip")
			body = small
		}
	}
	w.WriteHeader(status)
	w.Write(body)
}
