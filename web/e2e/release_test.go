package e2e

import (
	"archive/zip"
	"bytes"
	"context"
	"encoding/csv"
	"fmt"
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"

	"aman/casework"
	"aman/platform/access"
	"aman/registry"
	"aman/release/product"
)

func TestPublishEnglish(t *testing.T)    { publish(t, "en") }
func TestPublishUrdu(t *testing.T)       { publish(t, "ur") }
func TestPublishIndonesian(t *testing.T) { publish(t, "id") }

// people opens cases of invented people who agreed to be counted.
func people(t *testing.T, s *site) {
	t.Helper()
	ctx := context.Background()
	for i, group := range []struct {
		n               int
		sex, band, kind string
	}{{40, "female", "18--20", "ForcedLabour"}, {35, "male", "30--38", "ForcedLabour"}, {30, "female", "18--20", "SexualExploitation"}, {4, "male", "18--20", "SexualExploitation"}} {
		for range group.n {
			id, err := s.Node.Casework.Open(ctx, s.Caseworker, casework.Opening{PersonValues: registry.Values{"sex": group.sex, "age_band": group.band}, CaseValues: registry.Values{"exploitation_types": []string{group.kind}}})
			if err != nil {
				t.Fatal(i, err)
			}
			if _, err := s.Node.Casework.RecordConsent(ctx, s.Caseworker, id, casework.Consent{Purpose: "statistics", Given: true, Checks: []string{"refusal_free"}}); err != nil {
				t.Fatal(i, err)
			}
		}
	}
}

// publish: one person asks step by step, another sees all of it and approves, the release is made, opened, downloaded, checked and
// recalled.
func publish(t *testing.T, lang string) {
	s := newSite(t)
	s.allow(t, s.DataOfficer, s.Approver, s.Caseworker)
	people(t, s)
	ctx, stop := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- s.Node.Jobs.Run(ctx) }()
	t.Cleanup(func() { stop(); <-ended })
	text := texts(t)
	say := func(key string) string { return text.T(lang, key) }

	b := s.open(t, lang, "publish")
	complaints := b.listen()
	b.signIn(s.DataOfficer)
	b.goTo("/publish")
	b.sees(say("publish.none"))
	b.look("list-empty")
	b.press(`main .head a.button`)

	// What. A period that is none is said at its field, and what was typed stays.
	b.set("profile", "ctdc")
	b.set("title_en", "Invented people of a test")
	b.set("from", "this year")
	b.set("reason", "For the yearly bulletin.")
	b.press(`button[value="next"]`)
	b.sees(say("publish.fault.period"))
	if got := eval[string](b, `document.querySelector("[name=title_en]").value + "/" + document.querySelector("[name=from]").value`); got != "Invented people of a test/this year" {
		t.Errorf("after a fault the fields hold %q", got)
	}
	b.look("what")
	b.set("from", s.year())
	b.press(`button[value="next"]`)

	// Columns: those that cannot leave are named, with why.
	b.sees(say("publish.columns.consent"))
	if n := eval[int](b, `document.querySelectorAll("input[name=columns]").length`); n < 5 || n > 26 {
		t.Errorf("%d columns are offered", n)
	}
	if !strings.Contains(eval[string](b, `[...document.querySelectorAll("details.fold")].map(d => d.textContent).join(" ")`), say("publish.why.not_collected")) {
		t.Error("it is not said why columns are not offered")
	}
	eval[int](b, `(document.querySelectorAll("input[name=columns]").forEach(e => { if (!["yearOfRegistration", "gender", "ageBroad", "isForcedLabour", "isSexualExploit"].includes(e.value)) e.checked = false; }), 0)`)
	b.look("columns")
	b.press(`button[value="next"]`)

	// Protection. Back keeps what was chosen.
	b.set("epsilon", "own")
	b.set("epsilon_own", "6")
	b.set("length", "2")
	b.set("expect", "100")
	b.press(`button[value="compare"]`)
	if n := strings.Count(b.text(), "±"); n != 6 {
		t.Errorf("%d predicted errors for three presets and up to two values", n)
	}
	b.look("protection")
	b.press(`button[value="back"]`)
	if n := eval[int](b, `document.querySelectorAll("input[name=columns]:checked").length`); n != 5 {
		t.Errorf("%d columns are chosen after going back", n)
	}
	b.press(`button[value="next"]`)
	if got := eval[string](b, `document.querySelector("[name=epsilon]:checked").value + "/" + document.querySelector("[name=epsilon_own]").value`); got != "own/6" {
		t.Errorf("after going back epsilon is %q", got)
	}
	b.press(`button[value="next"]`)

	// Check: nothing can be sent before it is worked out.
	if eval[bool](b, `!!document.querySelector('form[action$="/do/submit"]')`) {
		t.Error("what was not worked out can be sent")
	}
	b.press(`form[action$="/do/plan"] button`)
	b.sees(say("publish.predicted"))
	b.sees(say("publish.risk.never"))
	b.sees("109")
	b.look("check")
	b.press(`form[action$="/do/submit"] button`)
	b.sees(say("publish.waits"))
	address := b.address()
	address = address[strings.Index(address, "/publish/"):]
	address, _, _ = strings.Cut(address, "?")
	if eval[bool](b, `!!document.querySelector('form[action$="/do/approve"]')`) {
		t.Error("who asked is offered to approve")
	}

	// A caseworker sees nothing of it.
	c := s.client(t, s.Caseworker)
	if got := c.get(t, address); got.code != http.StatusNotFound {
		t.Errorf("a caseworker reads the release: %d", got.code)
	}

	// The second person: no budget, then a budget, then yes.
	a := s.open(t, lang, "approve")
	a.signIn(s.Approver)
	a.goTo("/publish")
	a.sees(say("publish.waiting"))
	a.press(`.warnbox a`)
	a.sees("For the yearly bulletin.")
	a.look("decide")
	a.press(`form[action$="/do/approve"] button`)
	a.sees(say("publish.fault.no_budget"))
	a.goTo("/publish/ledger")
	a.look("ledger-empty")
	a.run(chromedp.SetValue("#e-cases", "10"))
	a.press(`form.form button.button`)
	a.sees(say("done.publish-budget"))
	a.goTo(address)
	a.press(`form[action$="/do/approve"] button`)
	a.until("the release", fmt.Sprintf(`document.querySelector("main").innerText.includes(%q)`, say("publish.ready")))
	a.goTo("/publish/ledger")
	a.look("ledger")
	a.press(`main .crumb a`)

	// The data officer finds it made.
	b.goTo(address)
	b.sees(say("publish.ready"))
	b.look("released")
	b.press(`a[href$="/inside"]`)
	b.sees(say("publish.inside.never"))
	b.look("inside")
	if got := a.status(address + "/inside"); got != http.StatusNotFound {
		t.Errorf("the approver opens the comparison with the true records: %d", got)
	}
	checkFolder(t, s.client(t, s.DataOfficer), address)

	// The website, as a page of its own.
	b.goTo(address)
	b.press(`a[href*="/files/showcase/"]`)
	b.run(chromedp.WaitVisible(".chart .row"))
	b.look("showcase")
	b.run(chromedp.Click(".chart .row"), chromedp.WaitVisible("ul.chosen"))
	b.press(fmt.Sprintf(`a[href=%q]`, map[string]string{"en": "methods.html", "ur": "methods-ur.html", "id": "methods-id.html"}[lang]))
	b.look("methods")
	b.goTo(address + "/files/report/" + lang + ".html")
	b.look("report")
	b.goTo(address + "/files/codebook/" + lang + ".html")
	b.look("codebook")

	// Recall needs words, and then the files are gone.
	b.goTo(address)
	eval[int](b, `(document.querySelector("details.fold").open = true, 0)`)
	b.run(chromedp.SetValue("#words", "A column was wrong."))
	b.press(`form[action$="/do/recall"] button`)
	b.sees("A column was wrong.")
	b.look("recalled")
	if got := s.client(t, s.DataOfficer).get(t, address+"/release.zip"); got.code != http.StatusGone {
		t.Errorf("a recalled release is fetched: %d", got.code)
	}
	b.goTo("/publish")
	b.look("list")
	for _, c := range complaints.take() {
		t.Errorf("the browser complains: %s", c)
	}
}

// The other way: true records, asked for, refused once, asked for again and made; with plain requests, as without script.
func TestPublishTrueRecords(t *testing.T) {
	s := newSite(t)
	s.allow(t, s.DataOfficer, s.Approver)
	people(t, s)
	say := func(key string) string { return texts(t).T("en", key) }
	d, a := s.client(t, s.DataOfficer), s.client(t, s.Approver)
	ask := func() string {
		t.Helper()
		at := d.post(t, "/publish/new", url.Values{"profile": {"hdx"}, "from": {s.year()}, "to": {s.year()}, "title_en": {"Invented people"}, "reason": {"Partners asked."}})
		id := strings.Split(strings.TrimPrefix(at, "/publish/"), "/")[0]
		d.post(t, "/publish/"+id+"/step/columns", url.Values{"columns": {"year", "sex", "exploitation"}})
		d.post(t, "/publish/"+id+"/step/protection", url.Values{"path": {"k"}, "k": {"11"}})
		d.post(t, "/publish/"+id+"/do/plan", url.Values{"from": {"check"}})
		if !strings.Contains(string(d.get(t, "/publish/"+id+"/step/check").body), say("publish.failed.risk")) {
			t.Error("with k of 11 more than 3 % could be found, and the check does not say that it would be refused")
		}
		d.post(t, "/publish/"+id+"/step/protection", url.Values{"path": {"k"}, "k": {"35"}})
		d.post(t, "/publish/"+id+"/do/plan", url.Values{"from": {"check"}})
		page := d.get(t, "/publish/"+id+"/step/check")
		for _, key := range []string{"publish.lost", "publish.risk.after", "publish.submit"} {
			if !strings.Contains(string(page.body), say(key)) {
				t.Fatalf("the check does not say %q: %s", say(key), page.body)
			}
		}
		d.post(t, "/publish/"+id+"/do/submit", nil)
		return id
	}
	// What does not fit is refused at once: k below three, no columns, somebody else's draft, one's own approval.
	id := ask()
	if got := d.send(t, "/publish/"+id+"/do/approve", nil); got.code != http.StatusNotFound {
		t.Errorf("who asked approved: %d", got.code)
	}
	if got := a.send(t, "/publish/"+id+"/do/reject", nil); got.code != http.StatusUnprocessableEntity || !strings.Contains(string(got.body), say("publish.fault.words")) {
		t.Errorf("rejected without words: %d", got.code)
	}
	a.post(t, "/publish/"+id+"/do/reject", url.Values{"words": {"The period is too short."}})
	if got := d.get(t, "/publish/"+id); !strings.Contains(string(got.body), "The period is too short.") {
		t.Error("the owner does not read why it was rejected")
	}
	id = ask()
	a.post(t, "/publish/"+id+"/do/approve", nil)
	if got := d.get(t, "/publish/"+id); got.header.Get("Refresh") == "" || !strings.Contains(string(got.body), "<progress") {
		t.Error("while it is made the page does not read itself anew")
	}
	ctx, stop := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- s.Node.Jobs.Run(ctx) }()
	defer func() { stop(); <-ended }()
	for end := time.Now().Add(30 * time.Second); ; time.Sleep(50 * time.Millisecond) {
		if strings.Contains(string(d.get(t, "/publish/"+id).body), say("publish.ready")) {
			break
		}
		if time.Now().After(end) {
			t.Fatalf("it was not made: %s", d.get(t, "/publish/"+id).body)
		}
	}
	got := d.get(t, "/publish/"+id+"/release.zip")
	folder, err := product.ReadZip(got.body)
	if err != nil {
		t.Fatal(err)
	}
	m, err := product.Verify(folder.FS())
	if err != nil || m.K == nil || m.K.K != 35 {
		t.Fatalf("the folder: %+v %v", m, err)
	}
	if got := d.get(t, "/publish/"+id+"/recall.zip"); got.code != http.StatusConflict {
		t.Error("a release that stands has a notice")
	}
	a.post(t, "/publish/"+id+"/do/recall", url.Values{"words": {"</script>A column was wrong."}})
	notice, err := product.ReadZip(d.get(t, "/publish/"+id+"/recall.zip").body)
	if err != nil {
		t.Fatal(err)
	}
	body, _ := notice.File("showcase/notice.js")
	if !strings.Contains(string(body), "A column was wrong.") || !strings.Contains(string(body), texts(t).T("ur", "publish.recalled.words")) || strings.Contains(string(body), "</script>") {
		t.Errorf("the notice: %s", body)
	}
}

// A step that does not fit is answered at its field and nothing is lost; a step of somebody else's draft is not there.
func TestPublishFaults(t *testing.T) {
	s := newSite(t)
	s.allow(t, s.DataOfficer, s.Approver, s.Caseworker)
	d, a, c := s.client(t, s.DataOfficer), s.client(t, s.Approver), s.client(t, s.Caseworker)
	first := url.Values{"profile": {"htcds"}, "from": {s.year()}, "to": {s.year()}, "title_en": {"Invented"}, "office": {"not-an-office"}}
	at := d.post(t, "/publish/new", first)
	id := strings.Split(strings.TrimPrefix(at, "/publish/"), "/")[0]
	for step, form := range map[string]url.Values{
		"what":       {"profile": {"htcds"}, "from": {"1"}, "to": {"2"}, "title_en": {"kept"}},
		"columns":    {},
		"protection": {"path": {"dp"}, "epsilon": {"own"}, "epsilon_own": {"a lot"}, "length": {"9"}},
	} {
		got := d.send(t, "/publish/"+id+"/step/"+step, form)
		if got.code != http.StatusUnprocessableEntity || !strings.Contains(string(got.body), `role="alert"`) {
			t.Errorf("%s: %d", step, got.code)
		}
		if step == "what" && !strings.Contains(string(got.body), `value="kept"`) {
			t.Error("what was typed is lost")
		}
	}
	for name, who := range map[string]*client{"approver": a, "caseworker": c} {
		for _, path := range []string{"/publish/" + id, "/publish/" + id + "/step/columns", "/publish/" + id + "/release.zip", "/publish/" + id + "/inside"} {
			if got := who.get(t, path); got.code != http.StatusNotFound {
				t.Errorf("the %s opens %s of somebody's draft: %d", name, path[45:], got.code)
			}
		}
		if got := who.send(t, "/publish/new", first); got.code != http.StatusNotFound {
			t.Errorf("the %s asks for a release: %d", name, got.code)
		}
	}
	if got := c.send(t, "/publish/ledger", url.Values{"register": {"cases"}, "epsilon": {"10"}}); got.code != http.StatusNotFound {
		t.Errorf("a caseworker sets the budget: %d", got.code)
	}
	for _, typed := range []string{"", "-1", "much", "NaN"} {
		if got := a.send(t, "/publish/ledger", url.Values{"register": {"cases"}, "epsilon": {typed}}); got.code != http.StatusUnprocessableEntity {
			t.Errorf("a budget of %q: %d", typed, got.code)
		}
	}
	if got := d.get(t, "/publish/"+id+"/step/somewhere"); got.code != http.StatusNotFound {
		t.Errorf("a step that is none: %d", got.code)
	}
}

// checkFolder downloads the archive as a reader would, and checks it: signature, schema, no small count.
func checkFolder(t *testing.T, c *client, address string) {
	t.Helper()
	got := c.get(t, address+"/release.zip")
	z, err := zip.NewReader(bytes.NewReader(got.body), int64(len(got.body)))
	if err != nil {
		t.Fatalf("the archive (%d): %v", got.code, err)
	}
	m, err := product.Verify(z)
	if err != nil {
		t.Fatal(err)
	}
	if m.DP == nil || m.DP.Epsilon != 6 || m.Threshold < 2 {
		t.Errorf("the manifest: %+v", m)
	}
	f, err := z.Open("data/aggregates.csv")
	if err != nil {
		t.Fatal(err)
	}
	rows, err := csv.NewReader(f).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	for _, row := range rows[1:] {
		var n int
		fmt.Sscan(row[len(row)-4], &n)
		if n < m.Threshold {
			t.Errorf("a count under the threshold of %d: %v", m.Threshold, row)
		}
	}
	if len(rows) < 3 {
		t.Errorf("%d counts", len(rows)-1)
	}
	page := c.get(t, address+"/files/showcase/index.html")
	if csp := page.header.Get("Content-Security-Policy"); !strings.Contains(csp, "default-src 'none'") || strings.Contains(csp, "unsafe") || strings.Contains(csp, "connect-src") {
		t.Errorf("the website's policy is %q", csp)
	}
	for _, bad := range []string{"/files/../../../etc/passwd", "/files/nothing.html", "/files/"} {
		if got := c.get(t, address+bad); got.code == http.StatusOK {
			t.Errorf("%s gives a file", bad)
		}
	}
}

// client is a signed-in reader without a browser.
type client struct {
	base string
	http *http.Client
}

type answer struct {
	code   int
	body   []byte
	header http.Header
}

func (s *site) client(t *testing.T, sub access.Subject) *client {
	t.Helper()
	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	c := &client{s.url, &http.Client{Jar: jar, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}}
	res, err := c.http.PostForm(s.url+"/signin", url.Values{"login": {s.login(t, sub)}, "password": {password}})
	if err != nil {
		t.Fatal(err)
	}
	res.Body.Close()
	return c
}

func (c *client) get(t *testing.T, path string) answer {
	t.Helper()
	res, err := c.http.Get(c.base + path)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	return answer{res.StatusCode, body, res.Header}
}

// post sends a form and gives where it leads; anything but a way on fails.
func (c *client) post(t *testing.T, path string, form url.Values) string {
	t.Helper()
	got := c.send(t, path, form)
	if got.code != http.StatusSeeOther {
		t.Fatalf("%s: %d %s", path, got.code, got.body)
	}
	return got.header.Get("Location")
}

func (c *client) send(t *testing.T, path string, form url.Values) answer {
	t.Helper()
	res, err := c.http.PostForm(c.base+path, form)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	return answer{res.StatusCode, body, res.Header}
}

// year is the year of the test world.
func (s *site) year() string { return fmt.Sprint(s.Node.Now().In(s.Node.Zone()).Year()) }
