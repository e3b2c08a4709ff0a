package showcase

import (
	"context"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/log"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"

	"aman/release/product"
	"aman/release/synth"
)

// window is a Chromium that opens pages from a folder, as a reader with a file share would.
type window struct {
	t   testing.TB
	ctx context.Context
	dir string // file:///…/showcase

	mu       sync.Mutex
	faults   []string // script errors and refusals
	requests []string
}

func openFolder(t testing.TB, in product.DP) *window {
	t.Helper()
	files, err := DP(in)
	if err != nil {
		t.Fatal(err)
	}
	folder, err := in.Folder(make([]byte, 64), files...)
	if err != nil {
		t.Fatal(err)
	}
	return open(t, folder)
}

func open(t testing.TB, folder product.Folder) *window {
	t.Helper()
	path := ""
	for _, name := range []string{os.Getenv("AMAN_CHROMIUM"), "chromium", "chromium-browser", "google-chrome"} {
		if p, err := exec.LookPath(name); name != "" && err == nil {
			path = p
			break
		}
	}
	if path == "" {
		if os.Getenv("AMAN_TEST_ALL") != "" {
			t.Fatal("no Chromium; scripts/test installs one")
		}
		t.Skip("not run: no Chromium on this machine (scripts/test installs one)")
	}
	dir := filepath.Join(t.TempDir(), "release")
	if err := folder.Write(dir); err != nil {
		t.Fatal(err)
	}
	opts := append(chromedp.DefaultExecAllocatorOptions[:], chromedp.ExecPath(path), chromedp.NoSandbox, chromedp.DisableGPU, chromedp.UserDataDir(t.TempDir()),
		chromedp.Flag("disable-background-networking", true), chromedp.Flag("disable-component-update", true), chromedp.WindowSize(1280, 900))
	alloc, cancel := chromedp.NewExecAllocator(context.Background(), opts...)
	t.Cleanup(cancel)
	ctx, cancel2 := chromedp.NewContext(alloc)
	t.Cleanup(cancel2)
	w := &window{t: t, ctx: ctx, dir: "file://" + dir + "/showcase"}
	w.listen()
	return w
}

func (w *window) listen() {
	w.t.Helper()
	call := func(ctx context.Context, tab *chromedp.Target) (v chromedp.Void, err error) {
		if _, err = cdp.Call(ctx, tab, log.Enable, cdp.Empty{}); err == nil {
			_, err = cdp.Call(ctx, tab, network.Enable, network.EnableParams{})
		}
		return v, err
	}
	w.run(call)
	err := chromedp.Listen(w.ctx, func(ev any) {
		w.mu.Lock()
		defer w.mu.Unlock()
		switch e := ev.(type) {
		case *runtime.EventExceptionThrown:
			w.faults = append(w.faults, fmt.Sprint(e.ExceptionDetails.Text, " ", e.ExceptionDetails.Exception))
		case *log.EventEntryAdded:
			if e.Entry.Level == log.EntryLevelError {
				w.faults = append(w.faults, e.Entry.Text+" "+e.Entry.URL)
			}
		case *network.EventRequestWillBeSent:
			w.requests = append(w.requests, e.Request.URL)
		}
	})
	if err != nil {
		w.t.Fatal(err)
	}
}

func (w *window) run(steps ...chromedp.Action[chromedp.Void]) {
	w.t.Helper()
	if err := chromedp.Do(w.ctx, steps...); err != nil {
		w.t.Fatal(err)
	}
}

func ask[T any](w *window, script string) T {
	w.t.Helper()
	v, err := chromedp.Run(w.ctx, chromedp.Evaluate[T](script, chromedp.EvalAwaitPromise))
	if err != nil {
		w.t.Fatalf("%s: %v", script[max(0, len(script)-200):], err)
	}
	return v
}

func (w *window) open(page string) {
	w.t.Helper()
	w.run(chromedp.Navigate("about:blank"), chromedp.Navigate(w.dir+"/"+page), chromedp.WaitReady("main"))
}

// quiet fails when the page complained, or asked for anything outside its folder.
func (w *window) quiet() {
	w.t.Helper()
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, f := range w.faults {
		w.t.Errorf("the page complains: %s", f)
	}
	for _, r := range w.requests {
		if !strings.HasPrefix(r, w.dir) && !strings.HasPrefix(r, "about:") && !strings.HasPrefix(r, "blob:null") {
			w.t.Errorf("the page asked for %s", r)
		}
	}
	w.faults, w.requests = nil, nil
}

// check lets axe-core look at the page, on a desk and on a phone, and takes a picture where AMAN_SHOTS says so.
func (w *window) check(name string) {
	w.t.Helper()
	axe, err := os.ReadFile("../../web/e2e/node_modules/axe-core/axe.min.js")
	if err != nil {
		if os.Getenv("AMAN_TEST_ALL") != "" {
			w.t.Fatal("axe-core is not installed; scripts/test runs npm ci in web/e2e")
		}
		w.t.Log("not looked at for accessibility: axe-core is not installed (npm ci in web/e2e)")
	} else {
		for _, v := range strings.Split(ask[string](w, string(axe)+`; axe.run(document, {preload: false, runOnly: ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]}).then(r => r.violations.map(v => v.id + ": " + v.help + "\n" + v.nodes.slice(0, 3).map(n => n.html + " " + n.failureSummary).join("\n")).join("\u0001"))`), "\x01") {
			if v != "" {
				w.t.Errorf("%s: accessibility, %s", name, v)
			}
		}
	}
	w.fit(name)
}

// fit sees whether the page fits a desk and a phone.
func (w *window) fit(name string) {
	w.t.Helper()
	w.fits(name, "desk")
	w.run(chromedp.EmulateViewport(390, 844, chromedp.EmulateScale(2), chromedp.EmulateMobile))
	w.fits(name, "phone")
	w.run(chromedp.EmulateReset(), chromedp.EmulateViewport(1280, 900))
}

func (w *window) fits(name, device string) {
	w.t.Helper()
	if over := ask[int](w, `document.documentElement.scrollWidth - document.documentElement.clientWidth`); over > 1 {
		w.t.Errorf("%s on a %s: the page is %d pixels wider than the window", name, device, over)
	}
	if dir := os.Getenv("AMAN_SHOTS"); dir != "" {
		if png, err := chromedp.Run(w.ctx, chromedp.FullScreenshot(100)); err == nil {
			_ = os.WriteFile(filepath.Join(dir, "showcase-"+name+"-"+device+".png"), png, 0o600)
		}
	}
}

// truth is what a view must show, worked out here from the release itself.
func truth(in product.DP, values []int, d data) string {
	n := 0
	rows := in.Release.Rows
	for r := range rows.Rows {
		all := true
		for _, v := range values {
			a := d.Values[v].Attr
			all = all && int(rows.Cols[a][r]) == v-d.Attrs[a].First+1
		}
		if all {
			n++
		}
	}
	cells := 1
	for _, v := range values {
		cells *= d.Attrs[d.Values[v].Attr].Size
	}
	if len(values) > d.Reach || cells > product.ReportedCells {
		return fmt.Sprintf("beyond %d", n)
	}
	sorted := slices.Sorted(slices.Values(values))
	for _, c := range in.Counts() {
		if int(c.Length) != len(values) {
			continue
		}
		same := true
		for k, v := range sorted {
			a := d.Values[v].Attr
			same = same && int(c.Attr[k]) == a && int(c.Code[k]) == v-d.Attrs[a].First+1
		}
		if same {
			return fmt.Sprintf("%d %d-%d %d", c.Count, c.Low, c.High, n)
		}
	}
	return fmt.Sprintf("small %d", n)
}

// The numbers that the page shows are those of the release, for any choices, up to the reach and beyond it.
func TestTheNumbersInABrowser(t *testing.T) {
	in, site := made(t)
	d := parsed(t, site)
	w := openFolder(t, in)
	w.open("index.html")
	rng := rand.New(rand.NewPCG(5, 6))
	kinds := map[string]int{}
	for range 150 {
		perm := rng.Perm(len(d.Attrs))[:1+rng.IntN(5)]
		var values []int
		for _, a := range perm {
			values = append(values, d.Attrs[a].First+min(rng.IntN(d.Attrs[a].Size-1), rng.IntN(d.Attrs[a].Size-1)))
		}
		choices, last := values[:len(values)-1], values[len(values)-1]
		// A choice in the value's own attribute must not matter to it.
		if own := d.Attrs[d.Values[last].Attr]; own.Size > 2 && rng.IntN(2) == 0 {
			choices = append(slices.Clone(choices), own.First+rng.IntN(own.Size-1))
		}
		list, _ := json.Marshal(append([]int{}, choices...))
		got := ask[string](w, fmt.Sprintf(`(() => { const c = Aman.view(%s).value(%d); return c.beyond ? "beyond " + c.syn : c.small ? "small " + c.syn : c.est + " " + c.low + "-" + c.high + " " + c.syn; })()`, list, last))
		want := truth(in, values, d)
		if got != want {
			t.Fatalf("choices %v, value %d: %s on the page, %s in the release", choices, last, got, want)
		}
		kinds[strings.Fields(want)[0][:1]]++
	}
	if kinds["b"] == 0 || kinds["s"] == 0 || len(kinds) < 3 {
		t.Errorf("the choices did not try all kinds of numbers: %v", kinds)
	}
	w.quiet()
}

// Of a table too large to be counted nothing is published, so nothing in it is "fewer than k".
func TestLargeTablesAreNotSmallCounts(t *testing.T) {
	d := &synth.Domain{Columns: []synth.Column{{Name: "from"}, {Name: "to"}}}
	for i := range 2 {
		for c := range 300 {
			d.Columns[i].Codes = append(d.Columns[i].Codes, fmt.Sprintf("place %d", c))
		}
	}
	p := product.FromDomain("test", d, func(column, code string) product.Text { return product.Same(column + code) })
	p.Columns[0].Role, p.Columns[1].Role = product.RoleFrom, product.RoleTo
	r := &synth.Release{Rows: d.NewTable(500), People: 500, PeopleSD: 1, Options: synth.Options{Length: 2}}
	for range 500 {
		r.Rows.Cols[0], r.Rows.Cols[1] = append(r.Rows.Cols[0], 1), append(r.Rows.Cols[1], 2)
	}
	r.Rows.Rows = 500
	r.Aggregates = []synth.Aggregate{{Length: 1, Attr: [4]uint16{0}, Code: [4]uint16{1}, Count: 498, Low: 490, High: 510, Supported: true}, {Length: 1, Attr: [4]uint16{1}, Code: [4]uint16{2}, Count: 501, Low: 490, High: 510, Supported: true}}
	w := openFolder(t, product.DP{Info: info(), Profile: p, Release: r, Epsilon: 1, Delta: 1e-6})
	w.open("index.html")
	w.quiet()
	if got := ask[string](w, `document.querySelector(".is-flow .source").className + " " + document.querySelectorAll(".ribbon").length`); got != "source rows 1" {
		t.Errorf("the flow of a table that is not counted: %q", got)
	}
	w.run(chromedp.Click(".is-bars .row"))
	if got := ask[string](w, `Aman.view([0]).value(301).beyond + " " + Aman.view([]).value(0).est`); got != "true 498" {
		t.Errorf("beyond and estimate: %q", got)
	}
	w.quiet()
}

func TestInEachLanguage(t *testing.T) {
	in, _ := made(t)
	w := openFolder(t, in)
	for _, lang := range product.Languages {
		w.open(address("index", lang))
		if n := ask[int](w, `document.querySelectorAll(".chart .row, .chart .column").length`); n < 20 {
			t.Fatalf("%s: %d bars", lang, n)
		}
		// web/e2e looks at all pages in all languages with axe-core; here it looks at each kind of page once.
		look := w.fit
		if lang == "en" {
			look = w.check
		}
		look(lang + "-start")
		w.run(chromedp.Click(`.panel.is-group .row`), chromedp.Click(`.panel.is-time .column`), chromedp.Click(`.panel.is-flow summary`))
		if n := ask[int](w, `document.querySelectorAll('ul.chosen li').length`); n != 3 {
			t.Errorf("%s: %d chips for two choices and a way back", lang, n)
		}
		if text := ask[string](w, `document.querySelector("ul.chosen button").textContent`); strings.Contains(text, ":") {
			t.Errorf("%s: a mark is called twice: %q", lang, text)
		}
		if lang == "ur" { // the same elements in all languages; this one turns them around
			w.check(lang + "-chosen")
		}
		w.open(address("methods", lang))
		look(lang + "-methods")
		w.quiet()
	}
}

// With the keyboard alone: choose, keep the place, take back; and the address carries the choices to another language.
func TestKeyboardAndAddress(t *testing.T) {
	in, _ := made(t)
	w := openFolder(t, in)
	w.open("index.html")
	ask[int](w, `document.querySelector('.panel.is-bars .row').focus() || 0`)
	w.run(chromedp.KeyEvent("\r"))
	if got := ask[string](w, `document.activeElement.className + " " + document.activeElement.getAttribute("aria-pressed")`); got != "row true" {
		t.Errorf("after Enter the place is %q", got)
	}
	hash := ask[string](w, `location.hash`)
	if !strings.Contains(hash, "citizenship=") {
		t.Errorf("the address is %q", hash)
	}
	before := ask[string](w, `document.querySelector(".total").innerText`)
	w.run(chromedp.Click(`.langs a[lang="id"]`), chromedp.WaitReady(`html[lang="id"] ul.chosen`))
	w.open("index.html" + hash)
	if after := ask[string](w, `document.querySelector(".total").innerText`); after != before {
		t.Errorf("a link leads to %q, not %q", after, before)
	}
	if csv := ask[string](w, `Aman.csv()`); !strings.Contains(csv, `"map","citizenship"`) || strings.Count(csv, "\r\n") < 30 {
		t.Errorf("the view as CSV is %s", csv)
	}
	ask[int](w, `document.querySelector('.panel.is-bars .row[aria-pressed=true]').focus() || 0`)
	w.run(chromedp.KeyEvent("\r"))
	if n := ask[int](w, `document.querySelectorAll('ul.chosen').length`); n != 0 {
		t.Error("a second Enter does not take the choice back")
	}
	w.quiet()
}

// Small counts are told neither in the charts, nor in the tables, nor in the file of a view, however far one filters.
func TestSmallCountsAreNotTold(t *testing.T) {
	in, _ := made(t)
	in.Threshold = 200
	w := openFolder(t, in)
	w.open("index.html#gender=Man&meansThreats=1&isForcedLabour=1")
	ask[int](w, `(document.querySelectorAll("details.table").forEach(d => d.open = true), 0)`)
	told := ask[[]int](w, `new Promise(done => setTimeout(() => {
		const numbers = [];
		document.querySelectorAll(".figures b, .figures .syn, td:nth-of-type(1), td:nth-of-type(3), .missing .syn").forEach(e => { const n = e.textContent.replace(/,/g, ""); if (/^\d+$/.test(n)) numbers.push(+n); });
		Aman.csv().split("\r\n").slice(1).forEach(l => { const c = l.split(","); if (c.length > 8) [c[5], c[8]].forEach(x => { const n = x.replace(/"/g, ""); if (n) numbers.push(+n); }); });
		done(numbers);
	}, 200))`)
	if len(told) < 10 {
		t.Fatalf("only %d numbers, so this test shows nothing", len(told))
	}
	for _, n := range told {
		if n < 200 {
			t.Errorf("a count of %d is told", n)
		}
	}
	if !ask[bool](w, `!!document.querySelector(".source.rows")`) {
		t.Error("beyond the reach the charts do not say what they count")
	}
}

// The other kind of release has true records and no intervals; its numbers are counted in the file.
func TestTrueRecordsInABrowser(t *testing.T) {
	in := alike(t)
	files, err := K(in)
	if err != nil {
		t.Fatal(err)
	}
	folder, err := in.Folder(make([]byte, 64), files...)
	if err != nil {
		t.Fatal(err)
	}
	w := open(t, folder)
	w.open("index.html#gender=Female")
	if got := ask[string](w, `document.querySelector(".total strong").textContent + " " + document.querySelectorAll(".interval, .whisker, .tick").length`); got != "40 0" {
		t.Errorf("records in view, and marks of what is not there: %q", got)
	}
	if got := ask[string](w, `[...document.querySelectorAll(".is-time .column")].map(e => e.textContent.replace(/\s+/g, " ")).join("|")`); !strings.Contains(got, "2021: 40") || strings.Contains(got, "2022: 40") {
		t.Errorf("the years of women are %q", got)
	}
	w.check("k")
	w.open("methods.html")
	w.check("k-methods")
	w.quiet()
}

func TestWithoutScript(t *testing.T) {
	in, _ := made(t)
	w := openFolder(t, in)
	w.run(func(ctx context.Context, tab *chromedp.Target) (v chromedp.Void, err error) {
		_, err = cdp.Call(ctx, tab, emulation.SetScriptExecutionDisabled, emulation.SetScriptExecutionDisabledParams{Value: true})
		return v, err
	})
	w.open("ur.html")
	w.fits("noscript", "desk")
	var html string
	html, err := chromedp.Run(w.ctx, chromedp.OuterHTML("html"))
	if err != nil {
		t.Fatal(err)
	}
	if n := strings.Count(html, "<tr>"); n < 30 || strings.Contains(html, `class="row"`) {
		t.Errorf("%d rows of tables without script", n)
	}
}

// A recall laid over the folder stands on top of every page.
func TestRecallOnThePages(t *testing.T) {
	in, _ := made(t)
	w := openFolder(t, in)
	f := Notice(product.Text{"en": "Recalled. Do not use.", "ur": "واپس لیا گیا۔"})
	if err := os.WriteFile(strings.TrimPrefix(w.dir, "file://")+"/notice.js", f.Body, 0o600); err != nil {
		t.Fatal(err)
	}
	for page, want := range map[string]string{"index.html": "Recalled. Do not use.", "methods.html": "Recalled. Do not use.", "ur.html": "واپس لیا گیا۔"} {
		w.open(page)
		if got := ask[string](w, `document.getElementById("notice").innerText`); got != want {
			t.Errorf("%s says %q", page, got)
		}
	}
}
