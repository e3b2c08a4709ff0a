package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

// pagesReport is how the pages of a full store did.
type pagesReport struct {
	Targets    targets
	Filled     bool // in this run
	StoreBytes int64
	Pages      []pageRun
	// Memory of the node that served them, and after the submissions that followed.
	Memory memory
}

// pageRun is one page as one user sees it. Times in milliseconds.
type pageRun struct {
	User, Page         string
	P50, P95, P99, CPU float64 // CPU of the node for each request
	KB                 float64 // of HTML, not compressed
}

// page is an address of a user; each request may ask for another.
type page struct {
	user, name string
	path       func(i int) string
}

func (t *targets) pages() []page {
	same := func(path string) func(int) string { return func(int) string { return path } }
	each := func(format string, list []string) func(int) string {
		return func(i int) string { return fmt.Sprintf(format, url.QueryEscape(list[i%len(list)])) }
	}
	var out []page
	for _, user := range []string{t.Worker, "supervisor"} {
		out = append(out,
			page{user, "home", same("/")},
			page{user, "case list", same("/cases")},
			page{user, "case list, filters", same("/cases?state=Closed&risk_level=high&sex=female&age_band=18--20")},
			page{user, "case list, page 20", same("/cases?state=&from=950")},
			page{user, "case list, by code", each("/cases?q=%s", t.Codes)},
			page{user, "case list, by name", each("/cases?q=%s", t.Names)},
			page{user, "case", each("/cases/%s", t.Cases)},
			page{user, "intake list", same("/intake")},
		)
	}
	out = append(out, page{t.Worker, "case list, mine", same("/cases?mine=yes")}, page{"supervisor", "overview", same("/overview")},
		page{"shelter", "home", same("/")}, page{"shelter", "referrals", same("/referrals")}, page{"shelter", "case list", same("/cases")})
	if len(t.Shared) > 0 {
		out = append(out, page{"shelter", "case", each("/cases/%s", t.Shared)})
	}
	return out
}

func pages(ctx context.Context, o options, p place) (*pagesReport, error) {
	name := fmt.Sprintf("people%d", o.people)
	j, err := p.named(ctx, name)
	if err != nil {
		return nil, err
	}
	rep := &pagesReport{}
	kept := filepath.Join(j.Data, "targets.json")
	body, err := os.ReadFile(kept)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		say("filling a store with %d people", o.people)
		j.Do, j.People = "fill", o.people
		if o.asIs {
			j.Do = "look"
		}
		filler, err := start(ctx, j, &rep.Targets)
		if err != nil {
			return nil, err
		}
		filler.stop()
		rep.Filled = !o.asIs
		say("filled in %.0f s (%.0f s of CPU)", rep.Targets.Seconds, rep.Targets.CPU)
		if body, err = json.Marshal(rep.Targets); err != nil {
			return nil, err
		}
		if err := os.WriteFile(kept, body, 0o600); err != nil {
			return nil, err
		}
	case err != nil:
		return nil, err
	default:
		if err := json.Unmarshal(body, &rep.Targets); err != nil {
			return nil, err
		}
	}
	if rep.StoreBytes, err = p.size(ctx, j); err != nil {
		return nil, err
	}
	j.Do = "serve"
	var s serving
	node, err := start(ctx, j, &s)
	if err != nil {
		return nil, err
	}
	defer node.stop()
	if err := rep.ask(ctx, o, node, s, p); err != nil {
		return nil, err
	}
	rep.Memory = node.memory()
	return rep, nil
}

// ask asks for each page in turn, many times.
func (rep *pagesReport) ask(ctx context.Context, o options, node *process, s serving, p place) error {
	users := map[string]*http.Client{}
	list := rep.Targets.pages()
	for _, pg := range list {
		if users[pg.user] == nil {
			c, err := signIn(ctx, s.Addr, pg.user)
			if err != nil {
				return err
			}
			users[pg.user] = c
		}
	}
	for _, pg := range list { // warm-up
		for i := range 3 {
			if _, err := get(ctx, users[pg.user], s.Addr+pg.path(i)); err != nil {
				return fmt.Errorf("%s of %s: %w", pg.name, pg.user, err)
			}
		}
	}
	for _, pg := range list {
		many := func(n int) (each []time.Duration, bytes int64, err error) {
			return askMany(ctx, o.clients, n, users[pg.user], func(i int) string { return s.Addr + pg.path(i) })
		}
		cpu := node.cpu()
		each, bytes, err := many(o.requests)
		if err != nil {
			return fmt.Errorf("%s of %s: %w", pg.name, pg.user, err)
		}
		user := pg.user
		if user == rep.Targets.Worker {
			user = "caseworker"
		}
		r := pageRun{User: user, Page: pg.name, P50: ms(quantile(each, 0.5)), P95: ms(quantile(each, 0.95)), P99: ms(quantile(each, 0.99)),
			CPU: ms(node.cpu()-cpu) / float64(len(each)), KB: float64(bytes) / float64(len(each)) / 1000}
		rep.Pages = append(rep.Pages, r)
		say("%-12s %-20s p50 %6.1f  p95 %6.1f  p99 %6.1f  cpu %6.1f ms  %5.0f kB", r.User, r.Page, r.P50, r.P95, r.P99, r.CPU, r.KB)
		if err := saveProfile(ctx, o, s, p, user+" "+pg.name, func(d time.Duration) error {
			for began := time.Now(); time.Since(began) < d; {
				if _, _, err := many(10); err != nil {
					return err
				}
			}
			return nil
		}); err != nil {
			return err
		}
	}
	return nil
}

func askMany(ctx context.Context, clients, n int, c *http.Client, path func(int) string) (each []time.Duration, bytes int64, err error) {
	var mu sync.Mutex
	var wait sync.WaitGroup
	var next atomic.Int64
	for range clients {
		wait.Go(func() {
			for i := int(next.Add(1)) - 1; i < n; i = int(next.Add(1)) - 1 {
				at := time.Now()
				k, e := get(ctx, c, path(i))
				took := time.Since(at)
				mu.Lock()
				each, bytes = append(each, took), bytes+k
				if e != nil {
					err = e
				}
				mu.Unlock()
			}
		})
	}
	wait.Wait()
	return each, bytes, err
}

func get(ctx context.Context, c *http.Client, address string) (int64, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
	if page, search, ok := strings.Cut(address, "?q="); ok {
		// A search is posted, so that no name stands in an address.
		req, err = http.NewRequestWithContext(ctx, http.MethodPost, page, strings.NewReader("q="+search))
		if err == nil {
			req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		}
	}
	if err != nil {
		return 0, err
	}
	res, err := c.Do(req)
	if err != nil {
		return 0, err
	}
	defer res.Body.Close()
	n, err := io.Copy(io.Discard, res.Body)
	if err == nil && (res.StatusCode != http.StatusOK || res.Request.URL.Path == "/signin") {
		err = fmt.Errorf("answered with %d (%s)", res.StatusCode, res.Request.URL.Path)
	}
	return n, err
}

// signIn signs a user in, as a browser does.
func signIn(ctx context.Context, addr, login string) (*http.Client, error) {
	jar, err := cookiejar.New(nil)
	if err != nil {
		return nil, err
	}
	c := &http.Client{Jar: jar, Transport: &http.Transport{MaxIdleConnsPerHost: 16}}
	res, err := c.PostForm(addr+"/signin", url.Values{"login": {login}, "password": {password}})
	if err != nil {
		return nil, err
	}
	defer res.Body.Close()
	_, err = io.Copy(io.Discard, res.Body)
	if err == nil && res.Request.URL.Path == "/signin" {
		err = fmt.Errorf("%s was not signed in (%d)", login, res.StatusCode)
	}
	return c, err
}
