package e2e

import (
	"archive/zip"
	"bytes"
	"context"
	"encoding/base64"
	"fmt"
	"image"
	"image/png"
	"io"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/log"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"

	"aman/forms"
	"aman/forms/entities"
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

// visits gives a node with a form of many kinds of questions in three languages.
func visits(t *testing.T) *site {
	t.Helper()
	s := newSite(t)
	s.allow(t, s.Caseworker, s.Supervisor)
	s.publish(t, "testdata/visit.xml", "")
	return s
}

// publish puts a form on the node, under another version when one is named.
func (s *site) publish(t *testing.T, file, version string) {
	t.Helper()
	body, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if version != "" {
		body = bytes.Replace(body, []byte(`version="1"`), []byte(`version="`+version+`"`), 1)
	}
	if _, err := s.Node.Forms.Publish(context.Background(), s.Now(s.Admin), "intake", body); err != nil {
		t.Fatal(err)
	}
}

// field marks the field of a question, found by the start of its label, and gives a selector of it.
func (b *browser) field(label string) string {
	b.t.Helper()
	ok := eval[bool](b, fmt.Sprintf(`(() => {
		const label = [...document.querySelectorAll("#odk label")].find((l) => l.textContent.trim().startsWith(%q));
		const field = label && document.getElementById(label.htmlFor);
		document.querySelectorAll("[data-at]").forEach((e) => e.removeAttribute("data-at"));
		field?.setAttribute("data-at", "");
		return !!field;
	})()`, label))
	if !ok {
		b.fatal(fmt.Errorf("there is no field labelled %q", label))
	}
	return "[data-at]"
}

// answer types into the field of a question.
func (b *browser) answer(label, text string) {
	b.t.Helper()
	at := b.field(label)
	b.run(chromedp.ScrollIntoView(at), chromedp.Click(at), chromedp.SendKeys(at, text))
	eval[bool](b, `(document.activeElement.blur(), true)`)
}

// pick clicks a choice by its label.
func (b *browser) pick(question, choice string) {
	b.t.Helper()
	ok := eval[bool](b, fmt.Sprintf(`(() => {
		const box = [...document.querySelectorAll("#odk .question-container")].find((c) => c.querySelector("label")?.textContent.trim().startsWith(%q));
		const label = [...box.querySelectorAll("label")].find((l) => l.textContent.trim() === %q);
		label?.click();
		return !!label;
	})()`, question, choice))
	if !ok {
		b.fatal(fmt.Errorf("there is no choice %q", choice))
	}
}

// opened waits for the form to be on the page.
func (b *browser) opened() {
	b.t.Helper()
	b.until("the form", `!!document.querySelector("#odk .odk-form")`)
}

// saved waits until the draft is on the device.
func (b *browser) saved() {
	b.t.Helper()
	b.until("the draft", fmt.Sprintf(`document.querySelector(".fill-bar [role=status]").textContent.startsWith(%q)`, strings.Split(texts(b.t).T(b.lang, "fill.form.saved"), "{")[0]))
}

const send = `#odk .footer button`

// visit is what the labels of the form are in a language.
var visit = map[string]struct{ place, people, many, safe, no, why, answer string }{
	"en": {"Where are you?", "How many people?", "Fewer than a hundred.", "Is it safe?", "No", "What is the danger?", "A bus stop"},
	"ur": {"آپ کہاں ہیں؟", "کتنے لوگ؟", "سو سے کم۔", "کیا جگہ محفوظ ہے؟", "نہیں", "خطرہ کیا ہے؟", "بس اڈا"},
	"id": {"Di mana Anda?", "Berapa orang?", "", "Apakah aman?", "Tidak", "Apa bahayanya?", "Halte bus"},
}

func TestFillEnglish(t *testing.T)    { fill(t, "en") }
func TestFillUrdu(t *testing.T)       { fill(t, "ur") }
func TestFillIndonesian(t *testing.T) { fill(t, "id") }

const passphrase = "lantern quince orbit mellow"

// A form is begun with a network, goes on without one after the page was loaded anew, is sent
// without one, and arrives once when the network is back. In Indonesian a shorter way: the
// form, and what it says of what does not fit.
func fill(t *testing.T, lang string) {
	s, v := visits(t), visit[lang]
	say := func(key string, args ...any) string { return texts(t).T(lang, key, args...) }
	b := s.open(t, lang, "fill")
	c := b.listen()
	b.signIn(s.Caseworker)
	b.goTo("/fill")
	b.until("the list of forms", `document.querySelectorAll("#forms a.button").length === 2`)
	b.look("list")
	b.run(chromedp.SetValue("#newphrase", "short"), chromedp.Click("#offline form button.button"))
	b.until("the weak passphrase", `!document.querySelector("#offline .fault").hidden`)
	b.run(chromedp.SetValue("#newphrase", passphrase), chromedp.Click("#offline form button.button"))
	b.until("the device to be ready", fmt.Sprintf(`document.querySelector("#offline").innerText.includes(%q)`, say("fill.offline.ready")))

	// The form is in her language, in its direction, and what does not fit is said in it.
	b.goTo("/fill/1/visit")
	b.opened()
	if dir := eval[string](b, `getComputedStyle(document.querySelector("#odk .odk-form")).direction`); (dir == "rtl") != (lang == "ur") {
		t.Errorf("the form reads %s in %s", dir, lang)
	}
	b.look("form")
	b.run(chromedp.Click(send))
	b.until("the missing answer", fmt.Sprintf(`document.querySelector("#odk").innerText.includes(%q) && document.querySelector("#odk").innerText.includes(%q)`, say("fill.ui.required"), say("fill.ui.error_one")))
	b.look("form-faults")
	b.answer(v.place, v.answer)
	if v.many != "" {
		b.answer(v.people, "100")
		b.until("the limit", fmt.Sprintf(`document.querySelector("#odk").innerText.includes(%q)`, v.many))
		b.answer(v.people, "\b")
	} else {
		b.answer(v.people, "10")
	}
	b.pick(v.safe, v.no)
	b.answer(v.why, "!")
	b.saved()
	if lang == "id" {
		for _, x := range c.take() {
			t.Error(x)
		}
		return
	}
	eval[bool](b, `navigator.serviceWorker.ready.then(() => true)`)

	// The network goes, and with it the page.
	b.cut(true)
	b.goTo("/fill")
	b.until("the door", `!!document.querySelector("#passphrase")`)
	b.seesNot(v.answer)
	b.look("door")
	b.run(chromedp.SetValue("#passphrase", "not the passphrase"), chromedp.Click("#fill form button.button"))
	b.until("the refusal", fmt.Sprintf(`document.querySelector("#fill").innerText.includes(%q)`, say("fill.door.wrong", "n", 7)))
	b.run(chromedp.SetValue("#passphrase", passphrase), chromedp.Click("#fill form button.button"))
	b.until("the draft", `!!document.querySelector("#drafts a.button")`)
	b.sees(v.answer)
	b.look("list-offline")
	b.run(chromedp.Click("#drafts a.button"))
	b.opened()
	if got := eval[string](b, `document.querySelector("`+b.field(v.place)+`").value`); got != v.answer {
		t.Errorf("the draft came back with %q, want %q", got, v.answer)
	}
	b.answer(v.place, " 2")
	b.saved()
	b.run(chromedp.Click(send))
	b.until("what waits", `document.querySelectorAll("#waiting li").length === 1 && !document.querySelector("#drafts")`)
	b.look("waiting")
	if n := s.total(t); n != 0 {
		t.Errorf("%d submissions are on the server while the network is cut", n)
	}

	// It returns.
	b.cut(false)
	b.until("the sent one", `!document.querySelector("#waiting") && document.querySelectorAll("#sent li").length === 1`)
	if n := s.total(t); n != 1 {
		t.Errorf("the server has %d submissions, want 1", n)
	}
	b.run(chromedp.Click("#sent summary"))
	b.look("sent")
	for _, x := range c.take() {
		t.Error(x)
	}
}

// The server refuses one whose form was closed meanwhile: it stays, with the reason in her
// language, can be taken away as a file, and goes through when it may.
func TestFillRefused(t *testing.T) {
	const lang = "ur"
	s, v := visits(t), visit[lang]
	say := func(key string, args ...any) string { return texts(t).T(lang, key, args...) }
	b := s.open(t, lang, "refused")
	c := b.listen()
	b.signIn(s.Caseworker)
	b.goTo("/fill/1/visit")
	b.opened()
	b.answer(v.place, v.answer)
	b.saved()
	setState := func(state string) {
		t.Helper()
		if err := s.Node.Forms.SetState(context.Background(), s.Now(s.Admin), 1, "visit", state); err != nil {
			t.Fatal(err)
		}
	}
	setState("closed")
	b.run(chromedp.Click(send))
	b.until("the refused one", `document.querySelectorAll("#refused li").length === 1`)
	b.sees(say("openrosa.closed"))
	b.sees(v.answer)
	b.look("refused")

	// As a file: whole, with the answer in it.
	b.run(chromedp.Click("#refused li button:nth-of-type(2)"))
	b.look("save-ask")
	eval[bool](b, `(() => { const made = URL.createObjectURL; window.saved = new Promise((done) => { URL.createObjectURL = (blob) => { done(blob); return made(blob); }; }); return true; })()`)
	b.run(chromedp.Click("dialog .button.danger"))
	archive, err := base64.StdEncoding.DecodeString(eval[string](b, `window.saved.then(async (b) => btoa(String.fromCharCode(...new Uint8Array(await b.arrayBuffer()))))`))
	if err != nil {
		t.Fatal(err)
	}
	z, err := zip.NewReader(bytes.NewReader(archive), int64(len(archive)))
	if err != nil {
		t.Fatal(err)
	}
	f, err := z.Open("submission.xml")
	if err != nil {
		t.Fatal(err)
	}
	if body, err := io.ReadAll(f); err != nil || !bytes.Contains(body, []byte(v.answer)) {
		t.Errorf("the file that was saved: %v\n%s", err, body)
	}

	// While it asks, the quick exit can be reached.
	b.run(chromedp.Click("#refused li button:nth-of-type(3)"))
	if !eval[bool](b, `(() => { const at = document.querySelector("[data-exit]").getBoundingClientRect(); return document.elementFromPoint(at.x + 9, at.y + 9).matches("[data-exit]"); })()`) {
		t.Error("a question lies over the quick exit")
	}
	b.run(chromedp.Click("dialog .quiet"))

	// Deleting asks first, and the answer no keeps it.
	b.run(chromedp.Click("#refused li button:nth-of-type(3)"), chromedp.Click("dialog .quiet"))
	if n := eval[int](b, `document.querySelectorAll("#refused li").length`); n != 1 {
		t.Error("it is gone without leave")
	}
	// Every page tells that one is left.
	b.goTo("/")
	b.until("the number beside the link", `document.querySelector('.nav a[href="/fill"] .count')?.firstChild.data === "1"`)
	b.look("home-with-one-left")
	b.goTo("/fill")
	b.until("the refused one", `document.querySelectorAll("#refused li").length === 1`)
	setState("open")
	b.run(chromedp.Click("#refused li button:nth-of-type(1)"))
	b.until("the sent one", `!document.querySelector("#refused") && document.querySelectorAll("#sent li").length === 1`)
	if n := s.total(t); n != 1 {
		t.Errorf("the server has %d submissions, want 1", n)
	}
	for _, x := range c.take() {
		t.Error(x)
	}
}

// Nothing that was answered stands in clear on the device; wrong passphrases lock it; the quick
// exit without a network leaves an empty page and a locked door; a sign-in opens it again.
func TestFillLocked(t *testing.T) {
	s, v := visits(t), visit["en"]
	b := s.open(t, "en", "locked")
	b.signIn(s.Caseworker)
	b.goTo("/fill")
	b.until("the list", `!!document.querySelector("#newphrase")`)
	b.run(chromedp.SetValue("#newphrase", passphrase), chromedp.Click("#offline form button.button"))
	b.until("the device to be ready", `!!document.querySelector("#offline details")`)
	b.goTo("/fill/1/visit")
	b.opened()
	b.answer(v.place, "Namunazai's house")
	b.saved()
	eval[bool](b, `navigator.serviceWorker.ready.then(() => true)`)
	kept := eval[string](b, `(async () => {
		const text = (v) => v instanceof ArrayBuffer || ArrayBuffer.isView(v) ? [...new Uint8Array(v.buffer ?? v)].map((b) => String.fromCharCode(b)).join("") : v && typeof v === "object" ? Object.entries(v).map(([k, x]) => k + "=" + text(x)).join(" ") : String(v);
		let all = JSON.stringify({ ...localStorage, ...sessionStorage });
		for (const { name } of await indexedDB.databases()) {
			const db = await new Promise((done) => { indexedDB.open(name).onsuccess = (e) => done(e.target.result); });
			for (const store of db.objectStoreNames) all += " " + text(await new Promise((done) => { db.transaction(store).objectStore(store).getAll().onsuccess = (e) => done(e.target.result); }));
		}
		for (const name of await caches.keys()) for (const r of await (await caches.open(name)).matchAll()) all += " " + r.url + " " + (/\/assets\//.test(r.url) ? "" : await r.text());
		return all;
	})()`)
	if !strings.Contains(kept, "draft") || !strings.Contains(kept, "/fill/shell") {
		t.Fatalf("the look at the device saw nothing: %d bytes", len(kept))
	}
	for _, secret := range []string{"Namunazai", "visit", "Visit", "danger", "caseworker", s.Caseworker.User, passphrase} {
		if strings.Contains(kept, secret) {
			t.Errorf("%q stands in clear on the device", secret)
		}
	}

	// She leaves in a hurry, without a network.
	b.cut(true)
	b.run(chromedp.ScrollIntoView(send), chromedp.Click(".fill-bar .exit")) // the one that stays in view
	b.until("an empty page", `location.href === "about:blank"`)
	b.goTo("/fill")
	b.until("the door", `!!document.querySelector("#passphrase")`)
	for range 8 {
		b.run(chromedp.SetValue("#passphrase", "a guess that is wrong"), chromedp.Click("#fill form button.button"))
		b.until("the refusal", `document.querySelector("#passphrase").value === "" && !document.querySelector("#fill form button").disabled`)
	}
	b.sees(texts(t).T("en", "fill.door.locked"))
	b.goTo("/fill")
	b.until("a door without a lock", `document.querySelector("#fill").innerText.length > 20 && !document.querySelector("#passphrase")`)

	// Connected again, the session of before is over, and the draft is still there.
	b.cut(false)
	b.goTo("/fill")
	b.until("the session to end", `!!document.querySelector("#login") || !!document.querySelector("#fill a.button[href^='/signin']")`)
	b.signIn(s.Caseworker)
	b.goTo("/fill")
	b.until("the draft", `document.querySelectorAll("#drafts li").length === 1`)

	// Somebody else at the same machine sees nothing of hers.
	eval[int](b, `fetch("/signout", {method: "POST"}).then(r => r.status)`)
	b.signIn(s.Supervisor)
	b.goTo("/fill")
	b.until("the list", `!!document.querySelector("#forms li")`)
	if n := eval[int](b, `document.querySelectorAll("#drafts").length`); n != 0 {
		t.Error("the supervisor sees the draft of the caseworker")
	}
	if n := s.total(t); n != 0 {
		t.Errorf("%d submissions came in of a draft", n)
	}
}

// The interview of the house, from the browser into the intake queue.
func TestFillHTCDS(t *testing.T) {
	s := newSite(t)
	s.allow(t, s.Caseworker)
	b := s.open(t, "en", "htcds")
	c := b.listen()
	b.signIn(s.Caseworker)
	b.goTo("/fill/1/htcds_xlsform")
	b.opened()
	b.look("htcds")
	b.pick("Consent", "Yes")
	b.answer("First Name", "Namuna")
	b.answer("Birthdate", "02/05/2006")
	b.pick("Gender", "Feminine")
	b.saved()
	b.run(chromedp.ScrollIntoView(send), chromedp.Click(send))
	b.until("the sent one", `document.querySelectorAll("#sent li").length === 1`)
	b.goTo("/intake")
	if n := eval[int](b, `document.querySelectorAll("main .pill.received").length`); n != 1 {
		t.Errorf("%d interviews wait in the intake, want the one that was filled in:\n%s", n, b.text())
	}
	b.press(`main a[href^="/intake/"]`)
	b.sees("2006")
	for _, x := range c.take() {
		t.Error(x)
	}
}

// Pictures and recordings are part of a draft, and arrive; a picture as small as the form asks.
func TestFillAttachments(t *testing.T) {
	s, v := visits(t), visit["en"]
	var picture bytes.Buffer
	if err := png.Encode(&picture, image.NewGray(image.Rect(0, 0, 40, 30))); err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	for name, body := range map[string][]byte{"place.png": picture.Bytes(), "voice.wav": []byte("RIFF\x24\x00\x00\x00WAVEfmt ")} {
		if err := os.WriteFile(filepath.Join(dir, name), body, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	b := s.open(t, "en", "files")
	c := b.listen()
	b.signIn(s.Caseworker)
	b.goTo("/fill/1/visit")
	b.opened()
	b.answer(v.place, v.answer)
	b.run(chromedp.SetUploadFiles(`#odk input[type=file][accept^="image"]:not([capture])`, []string{filepath.Join(dir, "place.png")}))
	b.run(chromedp.SetUploadFiles(`#odk .file-question input`, []string{filepath.Join(dir, "voice.wav")}))
	b.until("the files on the page", `!!document.querySelector("#odk img[src^='blob:']") && !!document.querySelector("#odk .file-question audio")`)
	b.look("files")
	b.run(chromedp.Click(".fill-bar a"))
	b.until("the draft", `!!document.querySelector("#drafts a.button")`)
	b.goTo("/fill")
	b.until("the draft", `!!document.querySelector("#drafts a.button")`)
	b.run(chromedp.Click("#drafts a.button"))
	b.opened()
	b.until("the files of the draft", `document.querySelector("#odk img[src^='blob:']")?.naturalWidth === 20 && !!document.querySelector("#odk .file-question audio")`)
	b.run(chromedp.Click(send))
	b.until("the sent one", `document.querySelectorAll("#sent li").length === 1`)
	var n int
	err := s.Node.Store.Read(context.Background(), func(tx *store.Tx) error {
		return tx.Row("SELECT count(*) FROM submission_files").Scan(&n)
	})
	if err != nil || n != 2 {
		t.Errorf("%d files arrived, want 2 (%v)", n, err)
	}
	for _, x := range c.take() {
		t.Error(x)
	}
}

// Signed out while she writes: it waits, says why, and goes when she has signed in again. A
// draft of an older version of the form is finished as what it was.
func TestFillSignedOut(t *testing.T) {
	s, v := visits(t), visit["en"]
	b := s.open(t, "en", "signed-out")
	b.signIn(s.Caseworker)
	b.goTo("/fill/1/visit")
	b.opened()
	b.answer(v.place, v.answer)
	b.saved()
	s.publish(t, "testdata/visit.xml", "2")
	b.goTo("/fill")
	b.until("the draft", `!!document.querySelector("#drafts a.button")`)
	b.run(chromedp.Click("#drafts a.button"))
	b.opened()
	eval[int](b, `fetch("/signout", {method: "POST"}).then(r => r.status)`)
	b.run(chromedp.Click(send))
	b.until("what waits", `document.querySelectorAll("#waiting li").length === 1`)
	b.until("the reason", fmt.Sprintf(`document.querySelector("#waiting").innerText.includes(%q)`, texts(t).T("en", "fill.waiting.signed_out")))
	b.look("waiting-signed-out")
	if n := s.total(t); n != 0 {
		t.Errorf("%d came in without a session", n)
	}
	b.press("#waiting .warnbox a")
	b.run(chromedp.SetValue("#login", s.login(t, s.Caseworker)), chromedp.SetValue("#password", password))
	b.press("main form button.button")
	b.until("the sent one", `document.querySelectorAll("#sent li").length === 1`)
	var version string
	err := s.Node.Store.Read(context.Background(), func(tx *store.Tx) error {
		return tx.Row("SELECT form_version FROM submissions WHERE form = 'visit'").Scan(&version)
	})
	if err != nil || version != "1" {
		t.Errorf("it came in as version %q, want 1 (%v)", version, err)
	}
}

// total counts the interviews that came in.
func (s *site) total(t *testing.T) (n int) {
	t.Helper()
	err := s.Node.Store.Read(context.Background(), func(tx *store.Tx) error {
		return tx.Row("SELECT count(*) FROM submissions WHERE form = 'visit'").Scan(&n)
	})
	if err != nil {
		t.Fatal(err)
	}
	return n
}

// A map works without calling anywhere: no tiles, the shapes alone.
func TestFillMap(t *testing.T) {
	s := newSite(t)
	s.allow(t, s.Caseworker)
	s.publish(t, "testdata/area.xml", "")
	b := s.open(t, "en", "map")
	c := b.listen()
	b.signIn(s.Caseworker)
	b.goTo("/fill/1/area")
	b.opened()
	b.until("two maps", `document.querySelectorAll("#odk .map-block-component canvas, #odk .map-block canvas").length >= 2`)
	b.look("map")
	for _, x := range c.take() {
		t.Error(x)
	}
}

// A form with a list of the house: its rows come with it, stay for when there is no network,
// and are fetched anew when they changed. The form knows who fills it in.
func TestFillEntityList(t *testing.T) {
	s := newSite(t)
	s.allow(t, s.Caseworker)
	ctx, admin := context.Background(), s.Now(s.Admin)
	check := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	_, err := s.Node.Entities.CreateDataset(ctx, admin, 1, "places", entities.Settings{})
	check(err)
	check(s.Node.Entities.AddProperty(ctx, admin, 1, "places", "beds", "open"))
	add := func(label, beds string) {
		t.Helper()
		_, err := s.Node.Entities.Create(ctx, s.Now(s.Caseworker), 1, "places", []entities.New{{Label: label, Values: map[string]string{"beds": beds}}}, "test")
		check(err)
	}
	add("North gate", "12")
	body, err := os.ReadFile("testdata/shelter.xml")
	check(err)
	_, err = s.Node.Forms.SaveDraft(ctx, admin, forms.Upload{Project: 1, FileName: "shelter.xml", Body: body, IgnoreWarnings: true})
	check(err)
	check(s.Node.Forms.LinkDataset(ctx, admin, 1, "shelter", "places.csv", "places"))
	_, err = s.Node.Forms.PublishDraft(ctx, admin, 1, "shelter", "")
	check(err)

	b := s.open(t, "en", "list")
	c := b.listen()
	b.signIn(s.Caseworker)
	b.goTo("/fill")
	b.until("the list", `!!document.querySelector("#newphrase")`)
	b.run(chromedp.SetValue("#newphrase", passphrase), chromedp.Click("#offline form button.button"))
	b.until("the device to be ready", `!!document.querySelector("#offline details")`)
	b.run(chromedp.Click("#offline > p > button.button"))
	b.until("every form on the device", `!document.querySelector("#offline > p > button.button")`)
	add("South gate", "3")
	b.goTo("/fill/1/shelter")
	b.opened()
	b.pick("Which place?", "South gate") // it was added after the first copy
	b.until("the beds", `document.querySelector("#odk").innerText.includes("Free beds: 3")`)
	b.sees("Filled in by caseworker")
	b.saved()
	eval[bool](b, `navigator.serviceWorker.ready.then(() => true)`)
	b.cut(true)
	b.goTo("/fill/1/shelter")
	b.until("the door", `!!document.querySelector("#passphrase")`)
	b.run(chromedp.SetValue("#passphrase", passphrase), chromedp.Click("#fill form button.button"))
	b.opened()
	b.pick("Which place?", "North gate")
	b.until("the beds", `document.querySelector("#odk").innerText.includes("Free beds: 12")`)
	b.sees("Filled in by caseworker")
	for _, x := range c.take() {
		t.Error(x)
	}
}
