package central

import (
	"errors"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

// A table that breaks off must not look whole; one that never began is told in words.
func TestAnAnswerThatBreaksOff(t *testing.T) {
	broken := errors.New("the store went away")
	for _, x := range []struct {
		what  string
		bytes int
		whole bool
	}{{"before anything left", 10, true}, {"in the middle", 200_000, false}} {
		h := &Handler{Log: slog.New(slog.DiscardHandler)}
		srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			c := &call{h: h, w: w, r: r}
			if err := c.stream(func(w io.Writer) error {
				io.WriteString(w, strings.Repeat("x", x.bytes))
				return broken
			}); err != nil {
				c.fail(err)
			}
		}))
		res, err := http.Get(srv.URL)
		if err != nil {
			t.Fatal(err)
		}
		body, err := io.ReadAll(res.Body)
		res.Body.Close()
		srv.Close()
		if x.whole && (err != nil || res.StatusCode != http.StatusInternalServerError || !strings.Contains(string(body), `"code":500.1`)) {
			t.Errorf("%s: %d %.100s, %v", x.what, res.StatusCode, body, err)
		}
		if !x.whole && err == nil {
			t.Errorf("%s: %d bytes look whole", x.what, len(body))
		}
	}
}

// Requests that are still arriving cannot fill the memory: who comes too many is asked to come
// again, and nothing stays counted.
func TestTooMuchAtOnce(t *testing.T) {
	s := one(t)
	s.h.held.Store(heldMost - 10)
	a := s.no("503.1", "POST", "{p}/forms", trip, "Content-Type", markdown)
	if a.header.Get("Retry-After") == "" {
		t.Error("it does not say when to come again")
	}
	if n := s.h.held.Load(); n != heldMost-10 {
		t.Errorf("%d bytes stay counted", n-heldMost+10)
	}
	s.h.held.Store(0)
	s.publishTrip()
	if n := s.h.held.Load(); n != 0 {
		t.Errorf("%d bytes stay counted", n)
	}
}
