// Package e2e drives the pages in a real Chromium, as their users would, in English and
// in Urdu, on a desk and on a phone, and lets axe-core look at each page on the way.
package e2e

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/chromedp/chromedp"

	"aman/node/nodetest"
	"aman/platform/access"
	"aman/platform/store"
	"aman/web"
)

// chromium finds the browser, or says loudly that the test did not run.
func chromium(t *testing.T) string {
	t.Helper()
	for _, name := range []string{os.Getenv("AMAN_CHROMIUM"), "chromium", "chromium-browser", "google-chrome"} {
		if name == "" {
			continue
		}
		if path, err := exec.LookPath(name); err == nil {
			return path
		}
	}
	if os.Getenv("AMAN_TEST_ALL") != "" {
		t.Fatal("no Chromium; scripts/test installs one")
	}
	t.Skip("not run: no Chromium on this machine (scripts/test installs one)")
	return ""
}

// axeScript is the accessibility checker, from node_modules.
func axeScript(t *testing.T) string {
	t.Helper()
	body, err := os.ReadFile("node_modules/axe-core/axe.min.js")
	if err != nil {
		if os.Getenv("AMAN_TEST_ALL") != "" {
			t.Fatal("axe-core is not installed; scripts/test runs npm ci in web/e2e")
		}
		t.Skip("not run: axe-core is not installed (npm ci in web/e2e)")
	}
	return string(body)
}

// site is a node with its pages, served on loopback.
type site struct {
	*nodetest.World
	url       string
	passwords map[string]string
	logs      *bytes.Buffer
	// down cuts the network: the server answers nobody.
	down atomic.Bool
}

func newSite(t *testing.T) *site {
	t.Helper()
	server := httptest.NewUnstartedServer(nil)
	_, port, err := net.SplitHostPort(server.Listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	origin := "http://localhost:" + port // passkeys need a name
	w := nodetest.NewAt(t, "", origin)
	s := &site{World: w, url: origin, passwords: map[string]string{}, logs: &bytes.Buffer{}}
	srv, err := web.New(w.Node, slog.New(slog.NewJSONHandler(s.logs, nil)))
	if err != nil {
		t.Fatal(err)
	}
	srv.Secure = false
	srv.ExitTo = "about:blank"
	server.Config.Handler = s.unlessDown(srv.Handler())
	server.Start()
	t.Cleanup(server.Close)
	return s
}

// unlessDown drops every connection while the network is cut, also those of a service
// worker, which the browser's own emulation does not reach.
func (s *site) unlessDown(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if s.down.Load() {
			panic(http.ErrAbortHandler)
		}
		next.ServeHTTP(w, r)
	})
}

const password = "violet-harbour-kettle-42"

// allow lets a subject sign in.
func (s *site) allow(t *testing.T, subs ...access.Subject) {
	t.Helper()
	ctx := context.Background()
	hash, err := s.Node.SignIn.HashPassword(ctx, password)
	if err != nil {
		t.Fatal(err)
	}
	err = s.Node.Store.Write(ctx, func(tx *store.Tx) error {
		for _, sub := range subs {
			if err := s.Node.SignIn.SetPassword(tx, sub.User, hash, false); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

func (s *site) login(t *testing.T, sub access.Subject) (login string) {
	t.Helper()
	err := s.Node.Store.Read(context.Background(), func(tx *store.Tx) error { return tx.Row("SELECT login FROM users WHERE id = ?", sub.User).Scan(&login) })
	if err != nil {
		t.Fatal(err)
	}
	return login
}

// browser is one person at one browser window.
type browser struct {
	t    *testing.T
	ctx  context.Context
	site *site
	axe  string
	lang string
	name string
	n    int
}

// open starts a browser with its own profile.
func (s *site) open(t *testing.T, lang, name string) *browser {
	t.Helper()
	opts := append(chromedp.DefaultExecAllocatorOptions[:],
		chromedp.ExecPath(chromium(t)), chromedp.NoSandbox, chromedp.DisableGPU, chromedp.UserDataDir(t.TempDir()),
		chromedp.Flag("disable-background-networking", true), chromedp.Flag("disable-component-update", true), chromedp.Flag("disable-sync", true),
		chromedp.Flag("disable-quic", true), chromedp.Flag("lang", lang), chromedp.WindowSize(1280, 900))
	alloc, cancel := chromedp.NewExecAllocator(context.Background(), opts...)
	t.Cleanup(cancel)
	ctx, cancel2 := chromedp.NewContext(alloc)
	t.Cleanup(cancel2)
	b := &browser{t: t, ctx: ctx, site: s, axe: axeScript(t), lang: lang, name: name}
	b.run(chromedp.Navigate(s.url+"/signin"), chromedp.WaitVisible("#login")) // else the cookie may meet no page yet
	eval[string](b, fmt.Sprintf(`document.cookie = "aman_lang=%s; path=/"`, lang))
	return b
}

// run does steps that give nothing.
func (b *browser) run(steps ...chromedp.Action[chromedp.Void]) {
	b.t.Helper()
	if err := chromedp.Do(b.ctx, steps...); err != nil {
		b.fatal(err)
	}
}

// eval runs script in the page and gives what it, or its promise, comes to.
func eval[T any](b *browser, script string) T {
	b.t.Helper()
	v, err := chromedp.Run(b.ctx, chromedp.Evaluate[T](script, chromedp.EvalAwaitPromise))
	if err != nil {
		b.fatal(err)
	}
	return v
}

func (b *browser) fatal(err error) {
	b.t.Helper()
	b.shot("failed")
	b.t.Fatalf("%s (%s) at %s: %v\n%s", b.name, b.lang, b.address(), err, b.text())
}

func (b *browser) address() string {
	at, _ := chromedp.Run(b.ctx, chromedp.Location())
	return at
}

func (b *browser) text() string {
	text, _ := chromedp.Run(b.ctx, chromedp.Evaluate[string](`document.querySelector("main")?.innerText ?? document.body.innerText`))
	return text
}

// signIn goes through the sign-in page.
func (b *browser) signIn(sub access.Subject) {
	b.t.Helper()
	b.run(chromedp.Navigate(b.site.url+"/signin"), chromedp.WaitVisible("#login"))
	b.look("signin")
	b.run(chromedp.SetValue("#login", b.site.login(b.t, sub)), chromedp.SetValue("#password", password))
	b.press("main form button.button")
}

// goTo opens an address of the site.
func (b *browser) goTo(path string) {
	b.t.Helper()
	b.run(chromedp.Navigate(b.site.url+path), chromedp.WaitReady("main"))
}

// press clicks something that leads to another page, and waits for that page.
func (b *browser) press(selector string) {
	b.t.Helper()
	ctx, cancel := context.WithTimeout(b.ctx, 20*time.Second)
	defer cancel()
	if _, err := chromedp.RunResponse(ctx, chromedp.ScrollIntoView(selector), chromedp.Click(selector)); err != nil {
		b.fatal(fmt.Errorf("pressing %s: %w", selector, err))
	}
	b.run(chromedp.WaitReady("main"))
}

// choose sets a choice or ticks a box the way a person's click does.
func (b *browser) set(name, value string) {
	b.t.Helper()
	script := fmt.Sprintf(`(() => {
		const els = [...document.getElementsByName(%[1]q)];
		if (!els.length) return "there is no field " + %[1]q;
		const box = els.find(e => (e.type === "checkbox" || e.type === "radio") && e.value === %[2]q);
		if (box) { const d = box.closest("details"); if (d) d.open = true; if (!box.checked) box.click(); return box.checked ? "" : "not ticked"; }
		const e = els[0];
		if (e.tagName === "SELECT" && ![...e.options].some(o => o.value === %[2]q)) return "no option " + %[2]q + " among " + [...e.options].map(o => o.value).join(" ");
		e.value = %[2]q;
		e.dispatchEvent(new Event("input", {bubbles: true})); e.dispatchEvent(new Event("change", {bubbles: true}));
		return "";
	})()`, name, value)
	if fault := eval[string](b, script); fault != "" {
		b.fatal(errors.New(fault))
	}
}

// submit sends the form of an act.
func (b *browser) submit() {
	b.t.Helper()
	b.press("main form.form .submit button.button, main form.form > p > button.button")
}

// sees fails unless the page shows the text.
func (b *browser) sees(text string) {
	b.t.Helper()
	if got := b.text(); !strings.Contains(got, text) {
		b.shot("failed")
		b.t.Fatalf("%s (%s) at %s does not see %q:\n%s", b.name, b.lang, b.address(), text, got)
	}
}

func (b *browser) seesNot(text string) {
	b.t.Helper()
	if got := b.text(); strings.Contains(got, text) {
		b.t.Fatalf("%s (%s) at %s sees %q", b.name, b.lang, b.address(), text)
	}
}

// status asks for an address with the browser's cookies and gives the answer's status.
func (b *browser) status(path string) int {
	b.t.Helper()
	return eval[int](b, fmt.Sprintf(`fetch(%q, {redirect: "manual"}).then(r => r.status)`, path))
}

// look checks a page: axe finds nothing, no text is missing, the direction is right, and
// nothing is wider than the window, on a desk and on a phone. A picture of each is kept
// where AMAN_SHOTS names a folder.
func (b *browser) look(name string) {
	b.t.Helper()
	b.n++
	b.checkOnce(name)
	b.run(chromedp.EmulateViewport(390, 844, chromedp.EmulateScale(2), chromedp.EmulateMobile))
	b.wide(name + " on a phone")
	b.shot(name + "-phone")
	b.run(chromedp.EmulateReset(), chromedp.EmulateViewport(1280, 900))
}

func (b *browser) checkOnce(name string) {
	b.t.Helper()
	dir, lang, html := eval[string](b, `document.documentElement.dir`), eval[string](b, `document.documentElement.lang`), eval[string](b, `document.documentElement.outerHTML`)
	if want := map[string]string{"ur": "rtl"}[b.lang]; lang != b.lang || (want == "rtl") != (dir == "rtl") {
		b.t.Errorf("%s: lang %s dir %s, want %s", name, lang, dir, b.lang)
	}
	if i := strings.Index(html, "⟦"); i >= 0 {
		b.t.Errorf("%s: a text is missing: %s", name, html[i:min(i+60, len(html))])
	}
	b.wide(name)
	result := eval[string](b, b.axe+`; axe.run(document, {runOnly: ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]}).then(r => JSON.stringify(r.violations.map(v => ({id: v.id, help: v.help, nodes: v.nodes.slice(0, 3).map(n => n.html + " — " + n.failureSummary)}))))`)
	var violations []struct {
		ID, Help string
		Nodes    []string
	}
	if err := json.Unmarshal([]byte(result), &violations); err != nil {
		b.t.Fatal(err)
	}
	for _, v := range violations {
		b.t.Errorf("%s (%s): accessibility, %s: %s\n%s", name, b.lang, v.ID, v.Help, strings.Join(v.Nodes, "\n"))
	}
	b.shot(name)
}

func (b *browser) wide(name string) {
	b.t.Helper()
	if over := eval[int](b, `document.documentElement.scrollWidth - document.documentElement.clientWidth`); over > 1 {
		b.t.Errorf("%s (%s): the page is %d pixels wider than the window", name, b.lang, over)
	}
}

func (b *browser) shot(name string) {
	dir := os.Getenv("AMAN_SHOTS")
	if dir == "" {
		return
	}
	if png, err := chromedp.Run(b.ctx, chromedp.FullScreenshot(100)); err == nil {
		_ = os.WriteFile(filepath.Join(dir, fmt.Sprintf("%s-%02d-%s-%s.png", b.lang, b.n, b.name, name)), png, 0o600)
	}
}

// post sends a request without a browser.
func post(t *testing.T, url, kind string, body io.Reader) (*http.Response, string) {
	t.Helper()
	req, err := http.NewRequest(http.MethodPost, url, body)
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Content-Type", kind)
	req.Header.Set("X-OpenRosa-Version", "1.0")
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	text, _ := io.ReadAll(resp.Body)
	return resp, string(text)
}
