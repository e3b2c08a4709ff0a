package web

import (
	"bytes"
	"context"
	"encoding/json"
	"io/fs"
	"mime/multipart"
	"net/http"
	"os"
	"os/exec"
	"regexp"
	"strings"
	"testing"
)

// The committed bundle is what the lock file gives, byte by byte.
func TestTheFillPagesAreBuiltFromTheirLockFile(t *testing.T) {
	if os.Getenv("AMAN_TEST_ALL") == "" {
		t.Skip("not run: fetches packages from npm (AMAN_TEST_ALL=1, or scripts/webforms check)")
	}
	out, err := exec.Command("../scripts/webforms", "check").CombinedOutput()
	if err != nil {
		t.Errorf("%v\n%s", err, out)
	}
}

// Every text that the script names is there, and none is left that it does not name.
func TestTextsOfTheFillPages(t *testing.T) {
	texts, err := Texts()
	if err != nil {
		t.Fatal(err)
	}
	var source strings.Builder
	for _, dir := range []string{"fill", "fill/src", ".", "templates"} {
		names, err := fs.Glob(os.DirFS(dir), "*")
		if err != nil {
			t.Fatal(err)
		}
		for _, name := range names {
			if !regexp.MustCompile(`\.(mjs|js|go|html)$`).MatchString(name) || strings.HasSuffix(name, "_test.go") {
				continue
			}
			b, err := os.ReadFile(dir + "/" + name)
			if err != nil {
				t.Fatal(err)
			}
			source.Write(b)
		}
	}
	all := regexp.MustCompile(`\btext\("([a-z_]+)"\)`).ReplaceAllString(source.String(), `"ui.$1"`)
	named := regexp.MustCompile(`\bt\("([a-z_.]+)"`)
	for _, m := range named.FindAllStringSubmatch(all, -1) {
		if !texts.Has("fill." + m[1]) {
			t.Errorf("the script names the text %s, which is in no catalogue", m[1])
		}
	}
	for _, key := range texts.Keys() {
		if name, ok := strings.CutPrefix(key, "fill."); ok && !strings.Contains(all, `"`+name+`"`) && !strings.Contains(all, `"`+key+`"`) {
			t.Errorf("the text %s is in the catalogue and nothing names it", key)
		}
	}
}

// What the service worker is to keep can be had, without a session, and holds no name.
func TestWhatABrowserKeepsOfTheFillPages(t *testing.T) {
	_, _, h := newSite(t, false)
	r, err := http.Get(h.URL + "/fill/sw.js")
	script := body(t, r, err)
	if got := r.Header.Get("Service-Worker-Allowed"); got != "/fill" {
		t.Errorf("the worker may serve %q, want /fill", got)
	}
	m := regexp.MustCompile(`^const keep=(\[.*?\]),edition="[0-9a-f]{12}";`).FindStringSubmatch(script)
	if m == nil {
		t.Fatalf("the worker begins %.80q", script)
	}
	var keep []string
	if err := json.Unmarshal([]byte(m[1]), &keep); err != nil {
		t.Fatal(err)
	}
	shells, total := 0, 0
	for _, path := range keep {
		r, err := http.Get(h.URL + path)
		text := body(t, r, err)
		total += len(text)
		if r.StatusCode != http.StatusOK {
			t.Errorf("%s: %s", path, r.Status)
		}
		if strings.HasPrefix(path, "/fill/shell") {
			shells++
			if csp := r.Header.Get("Content-Security-Policy"); !strings.Contains(csp, "script-src 'self' 'wasm-unsafe-eval';") || strings.Contains(csp, "unsafe-inline") || strings.Contains(csp, "'unsafe-eval'") {
				t.Errorf("the shell allows %s", csp)
			}
			if strings.Contains(text, "⟦") || !strings.Contains(text, `id="fill"`) {
				t.Errorf("%s is not the shell", path)
			}
		}
	}
	// Chunks that a chunk loads later must be kept too.
	chunks, err := fs.Glob(files, "assets/fill/*-*.js")
	if err != nil || len(chunks) < 2 {
		t.Fatalf("the chunks: %v %v", chunks, err)
	}
	for _, chunk := range chunks {
		if !strings.Contains(m[1], strings.TrimPrefix(chunk, "assets")) {
			t.Errorf("the worker does not keep %s", chunk)
		}
	}
	if shells != 3 {
		t.Errorf("%d shells are kept, want one a language", shells)
	}
	t.Logf("a browser keeps %d files of %d bytes before compression", len(keep), total)
}

func TestTheFillKeyIsThePersonsOnOneDevice(t *testing.T) {
	_, _, h := newSite(t, false)
	const desk, phone = `{"device":"AAAAAAAAAAAAAAAAAAAAAAAAAAAA"}`, `{"device":"BBBBBBBBBBBBBBBBBBBBBBBBBBBB"}`
	key := func(login, device string) map[string]string {
		t.Helper()
		c := client(t)
		signIn(t, c, h.URL, login)
		var out map[string]string
		text := body(t, must(c.Post(h.URL+"/fill/key", "application/json", strings.NewReader(device))), nil)
		if err := json.Unmarshal([]byte(text), &out); err != nil || len(out["secret"]) != 44 {
			t.Fatalf("%v: %s", err, text)
		}
		return out
	}
	first, again, elsewhere, other := key("caseworker", desk), key("caseworker", desk), key("caseworker", phone), key("supervisor", desk)
	if first["secret"] != again["secret"] || first["holder"] != again["holder"] {
		t.Error("the same person got two keys on one device")
	}
	if first["secret"] == elsewhere["secret"] || first["holder"] != elsewhere["holder"] {
		t.Error("one key opens two devices")
	}
	if first["secret"] == other["secret"] || first["holder"] == other["holder"] {
		t.Error("two people got the same key")
	}
	r := must(http.Post(h.URL+"/fill/key", "application/json", strings.NewReader(desk)))
	if text := body(t, r, nil); r.StatusCode != http.StatusUnauthorized || strings.Contains(text, "secret") {
		t.Errorf("without a session: %s", r.Status)
	}
	c := client(t)
	signIn(t, c, h.URL, "caseworker")
	if r := must(c.Post(h.URL+"/fill/key", "application/json", strings.NewReader(`{"device":"short"}`))); r.StatusCode != http.StatusBadRequest {
		t.Errorf("without a device: %s", r.Status)
	}
	// Another website may not ask for it in her name.
	req, err := http.NewRequest(http.MethodPost, h.URL+"/fill/key", strings.NewReader(desk))
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Sec-Fetch-Site", "cross-site")
	if r := must(c.Do(req)); r.StatusCode != http.StatusForbidden {
		t.Errorf("from another website: %s", r.Status)
	}
}

// filledForm is a form as the browser posts it.
func filledForm(t *testing.T, xml string) (string, *bytes.Buffer) {
	t.Helper()
	var b bytes.Buffer
	w := multipart.NewWriter(&b)
	if xml != "" {
		part, err := w.CreateFormFile("xml_submission_file", "xml_submission_file")
		if err != nil {
			t.Fatal(err)
		}
		part.Write([]byte(xml))
	}
	w.Close()
	return w.FormDataContentType(), &b
}

func TestFilledFormsAreTakenOnceAndRefusedInWords(t *testing.T) {
	w, _, h := newSite(t, false)
	if err := w.Node.Forms.SetOffices(context.Background(), w.Now(w.Admin), 1, "htcds_xlsform", []string{w.Office}); err != nil {
		t.Fatal(err)
	}
	caseworker, third := client(t), client(t)
	signIn(t, caseworker, h.URL, "caseworker")
	signIn(t, third, h.URL, "third")
	const id = "uuid:11111111-2222-3333-4444-555555555555"
	form := func(id, name string) string {
		return `<data id="htcds_xlsform" version="vSmt4GQA3C9uBMLPEVfgND"><prs_First_Name>` + name + `</prs_First_Name><meta><instanceID>` + id + `</instanceID></meta></data>`
	}
	for _, step := range []struct {
		name   string
		c      *http.Client
		path   string
		xml    string
		status int
		answer string
	}{
		{"new", caseworker, "/fill/1/htcds_xlsform/submission", form(id, "Namuna"), 201, `{"ok":true}`},
		{"the same again", caseworker, "/fill/1/htcds_xlsform/submission", form(id, "Namuna"), 201, `{"ok":true,"again":true}`},
		{"other answers", caseworker, "/fill/1/htcds_xlsform/submission", form(id, "Gulmina"), 409, `"code":"different"`},
		{"another project", caseworker, "/fill/99/htcds_xlsform/submission", form(id[:len(id)-1]+"6", "Namuna"), 404, `"code":"no_form"`},
		{"no form", caseworker, "/fill/1/htcds_xlsform/submission", "", 400, `"code":"no_xml"`},
		{"no XML", caseworker, "/fill/1/htcds_xlsform/submission", "<data", 400, `"code":"unreadable"`},
		{"no session", http.DefaultClient, "/fill/1/htcds_xlsform/submission", form(id, "Namuna"), 401, ""},
		{"of another office", third, "/fill/1/htcds_xlsform/submission", form(id[:len(id)-1]+"7", "Namuna"), 403, `"code":"fill.no_right"`},
	} {
		kind, b := filledForm(t, step.xml)
		r := must(step.c.Post(h.URL+step.path, kind, b))
		text := body(t, r, nil)
		if r.StatusCode != step.status || !strings.Contains(text, step.answer) {
			t.Errorf("%s: %s %.200s, want %d with %s", step.name, r.Status, text, step.status, step.answer)
		}
		if strings.Contains(text, "Namuna") || strings.Contains(text, "Gulmina") {
			t.Errorf("%s: the answer tells a name: %s", step.name, text)
		}
		if step.status >= 400 && step.status != 401 && !regexp.MustCompile(`"reason":"[A-Z][^"]{10,}"`).MatchString(text) {
			t.Errorf("%s: no reason in words: %s", step.name, text)
		}
	}
	// A form of other offices is not even listed, and cannot be fetched.
	if list := body(t, must(third.Get(h.URL+"/fill/forms.json")), nil); strings.TrimSpace(list) != "[]" {
		t.Errorf("another office is offered %s", list)
	}
	for c, want := range map[*http.Client]int{caseworker: 200, third: 404} {
		for _, path := range []string{"/fill/1/htcds_xlsform/form.xml", "/fill/1/htcds_xlsform/form.xml?version=vSmt4GQA3C9uBMLPEVfgND"} {
			if r := must(c.Get(h.URL + path)); r.StatusCode != want {
				t.Errorf("%s: %s, want %d", path, r.Status, want)
			}
		}
	}
	if r := must(caseworker.Get(h.URL + "/fill/2/htcds_xlsform/form.xml")); r.StatusCode != 404 {
		t.Errorf("the form in another project: %s", r.Status)
	}
	if list := body(t, must(caseworker.Get(h.URL+"/fill/forms.json")), nil); !strings.Contains(list, `"form":"htcds_xlsform"`) {
		t.Errorf("her office is offered %s", list)
	}
}

// Whatever a browser posts, a file's name leads nowhere, and nothing is taken twice.
func FuzzReadFilled(f *testing.F) {
	f.Add("B", "--B\r\nContent-Disposition: form-data; name=\"xml_submission_file\"; filename=\"a\"\r\n\r\n<data/>\r\n--B\r\nContent-Disposition: form-data; name=\"p\"; filename=\"../p.jpg\"\r\n\r\nx\r\n--B--\r\n")
	f.Add("B", "--B\r\nContent-Disposition: form-data; name=\"xml_submission_file\"\r\n\r\n")
	f.Add("", "")
	f.Fuzz(func(t *testing.T, boundary, text string) {
		r, err := http.NewRequest(http.MethodPost, "/", strings.NewReader(text))
		if err != nil {
			t.Skip()
		}
		r.Header.Set("Content-Type", `multipart/form-data; boundary="`+boundary+`"`)
		body, list, err := readFilled(r)
		if (err == nil) != (body != nil) {
			t.Errorf("a body of %d bytes with the error %v", len(body), err)
		}
		for _, f := range list {
			if f.Name == "" || f.Name == ".." || strings.ContainsAny(f.Name, "/\\\x00\r\n") || len(f.Name) > 255 {
				t.Errorf("the name %q was taken", f.Name)
			}
		}
	})
}
