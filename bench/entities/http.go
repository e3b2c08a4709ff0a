package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/url"
	"slices"
	"time"

	"aman/forms/entities"
	"aman/node"
	"aman/platform/store"
	"aman/web"
)

// overHTTP measures what a browser and a program get, on loopback.
func overHTTP(ctx context.Context, n *node.Node, w world, o options) error {
	srv, err := web.New(n, slog.New(slog.NewTextHandler(io.Discard, nil)))
	if err != nil {
		return err
	}
	srv.Secure = false
	site := httptest.NewServer(srv.Handler())
	defer site.Close()
	const password = "violet-harbour-kettle-42"
	hash, err := n.SignIn.HashPassword(ctx, password)
	if err != nil {
		return err
	}
	var script string
	if err := n.Store.Write(ctx, func(tx *store.Tx) (err error) {
		if err := n.SignIn.SetPassword(tx, w.manager.User, hash, false); err != nil {
			return err
		}
		_, script, err = n.SignIn.NewProgramPassword(tx, w.manager.User, fmt.Sprint("bench ", time.Now().UnixNano()), false, time.Now().AddDate(0, 0, 1))
		return err
	}); err != nil {
		return err
	}
	jar, err := cookiejar.New(nil)
	if err != nil {
		return err
	}
	c := &http.Client{Jar: jar}
	if _, err := fetch(c, http.MethodPost, site.URL+"/signin", "application/x-www-form-urlencoded", url.Values{"login": {"bench-manager"}, "password": {password}}.Encode(), ""); err != nil {
		return err
	}
	body, err := json.Marshal(map[string]string{"email": "bench-manager", "password": script})
	if err != nil {
		return err
	}
	answer, err := fetch(c, http.MethodPost, site.URL+"/v1/sessions", "application/json", string(body), "")
	if err != nil {
		return err
	}
	var session struct{ Token string }
	if err := json.Unmarshal(answer, &session); err != nil {
		return err
	}
	measure := func(what, method, address, form, token string, times int) error {
		var took []time.Duration
		for i := range times + 3 {
			begin := time.Now()
			if _, err := fetch(c, method, site.URL+address, "application/x-www-form-urlencoded", form, token); err != nil {
				return fmt.Errorf("%s: %w", what, err)
			}
			if i >= 3 {
				took = append(took, time.Since(begin))
			}
		}
		slices.Sort(took)
		at := func(q float64) float64 { return float64(took[int(q*float64(len(took)-1))]) / 1e6 }
		fmt.Printf("%-58s p50 %8.2f ms   p95 %8.2f ms\n", what, at(0.5), at(0.95))
		return nil
	}
	for _, depth := range []float64{0, 0.5, 0.99} {
		after := ""
		if at := int(depth * float64(o.n)); at > 0 {
			if err := n.Store.Read(ctx, func(tx *store.Tx) error {
				p, err := n.Entities.List(tx, w.manager, entities.Query{Project: 1, Dataset: list, Limit: 1, Offset: at - 1})
				after = "?after=" + url.QueryEscape(string(p.Next))
				return err
			}); err != nil {
				return err
			}
		}
		if err := measure(fmt.Sprintf("browser: page of the list after %.0f %%", depth*100), http.MethodGet, "/lists/1/"+list+after, "", "", o.requests); err != nil {
			return err
		}
	}
	for what, ask := range map[string]struct{ method, address, form string }{
		"browser: search": {http.MethodPost, "/lists/1/" + list, url.Values{"q": {label(o.n / 2)}}.Encode()},
		"browser: lists":  {http.MethodGet, "/lists", ""},
	} {
		if err := measure(what, ask.method, ask.address, ask.form, "", o.requests); err != nil {
			return err
		}
	}
	base := "/v1/projects/1/datasets/" + list
	for _, ask := range []struct{ what, address string }{
		{"REST: the list with its properties", base}, {"REST: 250 rows of OData", base + ".svc/Entities?%24top=250"}, {"REST: 250 rows of OData behind 1,000", base + ".svc/Entities?%24top=250&%24skip=1000"},
	} {
		if err := measure(ask.what, http.MethodGet, ask.address, "", session.Token, o.requests); err != nil {
			return err
		}
	}
	return nil
}

// fetch asks and reads the whole answer.
func fetch(c *http.Client, method, address, kind, body, token string) ([]byte, error) {
	req, err := http.NewRequest(method, address, bytes.NewReader([]byte(body)))
	if err != nil {
		return nil, err
	}
	if body != "" {
		req.Header.Set("Content-Type", kind)
	}
	if token != "" {
		req.Header.Set("Authorization", "Bearer "+token)
	}
	r, err := c.Do(req)
	if err != nil {
		return nil, err
	}
	defer r.Body.Close()
	out, err := io.ReadAll(r.Body)
	if err == nil && r.StatusCode >= 400 {
		err = fmt.Errorf("the answer was %d", r.StatusCode)
	}
	return out, err
}
