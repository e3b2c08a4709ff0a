package e2e

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"testing"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/log"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"

	"aman/platform/store"
)

// complaints are what the browser said against a page: script errors, and what the
// Content-Security-Policy kept out.
type complaints struct {
	mu   sync.Mutex
	list []string
}

func (c *complaints) add(text string) {
	// A network that is cut on purpose is no fault.
	if strings.Contains(text, "net::ERR_") || strings.Contains(text, "Failed to load resource") {
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.list = append(c.list, text)
}

func (c *complaints) take() []string {
	c.mu.Lock()
	defer c.mu.Unlock()
	out := c.list
	c.list = nil
	return out
}

func (b *browser) listen() *complaints {
	b.t.Helper()
	c := &complaints{}
	err := chromedp.Listen(b.ctx, func(ev any) {
		switch e := ev.(type) {
		case *runtime.EventExceptionThrown:
			c.add(fmt.Sprint(e.ExceptionDetails.Text, " ", e.ExceptionDetails.Exception))
		case *log.EventEntryAdded:
			if e.Entry.Level == log.EntryLevelError {
				c.add(e.Entry.Text)
			}
		}
	})
	if err != nil {
		b.t.Fatal(err)
	}
	b.run(func(ctx context.Context, tab *chromedp.Target) (v chromedp.Void, err error) {
		_, err = cdp.Call(ctx, tab, log.Enable, cdp.Empty{})
		return v, err
	})
	return c
}

// cut cuts the network or gives it back, for the page and for its service worker.
func (b *browser) cut(off bool) {
	b.t.Helper()
	b.site.down.Store(off)
	b.run(func(ctx context.Context, tab *chromedp.Target) (v chromedp.Void, err error) {
		_, err = cdp.Call(ctx, tab, network.OverrideNetworkState, network.OverrideNetworkStateParams{Offline: off, DownloadThroughput: -1, UploadThroughput: -1})
		return v, err
	})
}

func (s *site) count(t *testing.T, instance string) (n int) {
	t.Helper()
	err := s.Node.Store.Read(context.Background(), func(tx *store.Tx) error {
		return tx.Row("SELECT count(*) FROM submissions WHERE instance = ?", instance).Scan(&n)
	})
	if err != nil {
		t.Fatal(err)
	}
	return n
}

func TestFillEnglish(t *testing.T) { fill(t, "en") }

func fill(t *testing.T, lang string) {
	s := newSite(t)
	s.allow(t, s.Caseworker)
	say := func(key string, args ...any) string { return texts(t).T(lang, key, args...) }
	b := s.open(t, lang, "fill")
	c := b.listen()
	b.signIn(s.Caseworker)
	b.goTo("/fill")
	b.until("the list of forms", `!!document.querySelector("#forms a.button")`)
	b.look("fill-list")
	b.press(`#forms a.button`)
	b.until("the form", `!!document.querySelector("#odk .odk-form")`)
	b.look("fill-form")
	_ = say
	for _, x := range c.take() {
		t.Error(x)
	}
}
