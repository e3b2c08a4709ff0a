package openrosa

import (
	"bytes"
	"context"
	"crypto/md5"
	"encoding/hex"
	"encoding/xml"
	"fmt"
	"io"
	"log/slog"
	"mime/multipart"
	"net"
	"net/http"
	"net/http/httptest"
	"net/textproto"
	"net/url"
	"os"
	"runtime"
	"strings"
	"testing"
	"time"

	"aman/node/nodetest"
	"aman/platform/access"
	"aman/platform/i18n"
	"aman/platform/store"
)

var bg = context.Background()

const form = `<h:html xmlns="http://www.w3.org/2002/xforms" xmlns:h="http://www.w3.org/1999/xhtml"><h:head><h:title>سروے &amp; one</h:title><model><instance><data id="a form/é" version="1"><a/><meta><instanceID/></meta></data></instance></model></h:head><h:body><input ref="/data/a"><label>A</label></input></h:body></h:html>`

// phone is a server and what a phone knows of it.
type phone struct {
	*nodetest.World
	t    *testing.T
	h    *Handler
	base string
}

func newPhone(t *testing.T, w *nodetest.World) *phone {
	t.Helper()
	texts, err := i18n.Load(os.DirFS("../../web/texts"))
	if err != nil {
		t.Fatal(err)
	}
	h := &Handler{Forms: w.Node.Forms, Store: w.Node.Store, Texts: texts, Log: slog.New(slog.DiscardHandler), Device: func(_ context.Context, token string) (access.Subject, error) {
		switch token {
		case "good":
			sub := w.Now(w.Enumerator)
			sub.Device = "device-1"
			return sub, nil
		case "none":
			return access.Subject{}, ErrUnknown
		case "broken":
			return access.Subject{}, io.ErrUnexpectedEOF
		}
		return access.Subject{}, ErrMalformed
	}}
	mux := http.NewServeMux()
	h.Register(mux)
	srv := httptest.NewServer(mux)
	t.Cleanup(srv.Close)
	if _, err := w.Node.Forms.Publish(bg, w.Now(w.Admin), "intake", []byte(form)); err != nil {
		t.Fatal(err)
	}
	return &phone{w, t, h, srv.URL}
}

func (p *phone) do(method, path string, body io.Reader, header ...string) (*http.Response, string) {
	p.t.Helper()
	req, err := http.NewRequest(method, p.base+path, body)
	if err != nil {
		p.t.Fatal(err)
	}
	for i := 0; i < len(header); i += 2 {
		req.Header.Set(header[i], header[i+1])
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		p.t.Fatal(err)
	}
	defer res.Body.Close()
	text, err := io.ReadAll(res.Body)
	if err != nil {
		p.t.Fatal(err)
	}
	return res, string(text)
}

const at = "/v1/key/good/projects/1"

type part struct{ field, file, body string }

func upload(parts ...part) (string, *bytes.Buffer) {
	var b bytes.Buffer
	w := multipart.NewWriter(&b)
	for _, x := range parts {
		h := textproto.MIMEHeader{}
		disposition := fmt.Sprintf(`form-data; name="%s"`, x.field)
		if x.file != "" {
			disposition += fmt.Sprintf(`; filename="%s"`, x.file)
		}
		h.Set("Content-Disposition", disposition)
		h.Set("Content-Type", "text/xml")
		pw, _ := w.CreatePart(h)
		io.WriteString(pw, x.body)
	}
	w.Close()
	return w.FormDataContentType(), &b
}

func instance(id, answer string) string {
	return `<data id="a form/é" version="1"><a>` + answer + `</a><meta><instanceID>` + id + `</instanceID></meta></data>`
}

func xmlPart(body string) part { return part{"xml_submission_file", "submission.xml", body} }

func (p *phone) post(header []string, parts ...part) (int, string) {
	p.t.Helper()
	kind, body := upload(parts...)
	res, text := p.do("POST", at+"/submission", body, append([]string{"Content-Type", kind}, header...)...)
	p.envelope(res, text)
	return res.StatusCode, text
}

// envelope checks what every answer with a sentence is.
func (p *phone) envelope(res *http.Response, text string) {
	p.t.Helper()
	var answer struct {
		XMLName xml.Name `xml:"http://openrosa.org/http/response OpenRosaResponse"`
		Message string   `xml:"message"`
	}
	if err := xml.Unmarshal([]byte(text), &answer); err != nil || strings.TrimSpace(answer.Message) == "" || strings.HasPrefix(answer.Message, "openrosa.") {
		p.t.Errorf("%d is no envelope with a sentence: %q %v", res.StatusCode, text, err)
	}
	if ct := res.Header.Get("Content-Type"); ct != "text/xml; charset=utf-8" {
		p.t.Errorf("content type %q", ct)
	}
	p.headers(res)
}

func (p *phone) headers(res *http.Response) {
	p.t.Helper()
	if res.Header.Get("X-OpenRosa-Version") != "1.0" || res.Header.Get("X-OpenRosa-Accept-Content-Length") != "100000000" {
		p.t.Errorf("headers %v", res.Header)
	}
	if _, err := time.Parse(http.TimeFormat, res.Header.Get("Date")); err != nil {
		p.t.Errorf("date %v", err)
	}
}

func (p *phone) count(query string, args ...any) (n int) {
	p.t.Helper()
	if err := p.Node.Store.Read(bg, func(tx *store.Tx) error { return tx.Row(query, args...).Scan(&n) }); err != nil {
		p.t.Fatal(err)
	}
	return n
}

func TestProtocol(t *testing.T) {
	nodetest.Each(t, func(t *testing.T, w *nodetest.World) {
		p := newPhone(t, w)
		for name, test := range map[string]func(*phone){"head": head, "tokens": tokens, "form list": formList, "submission": submission, "split": split, "refusals": refused, "hostile": hostile, "cut": cut} {
			t.Run(name, func(t *testing.T) { test(&phone{w, t, p.h, p.base}) })
		}
	})
}

func head(p *phone) {
	// Collect's own date, with its 12-hour clock and a version it does not insist on.
	res, _ := p.do("HEAD", at+"/submission", nil, "Date", "Tue, 31 Mar 2026 01:05:09 GMT+05:00", "X-OpenRosa-Version", "1.0")
	if res.StatusCode != http.StatusNoContent {
		p.t.Errorf("HEAD gives %d, Collect takes 204 alone", res.StatusCode)
	}
	p.headers(res)
}

func tokens(p *phone) {
	for token, want := range map[string]int{"x": 401, "none": 403, "broken": 503} {
		for _, ask := range []string{"GET /formList", "GET /forms/x.xml", "HEAD /submission", "POST /submission"} {
			method, path, _ := strings.Cut(ask, " ")
			res, text := p.do(method, "/v1/key/"+token+"/projects/1"+path, nil)
			if res.StatusCode != want {
				p.t.Errorf("%s with the token %q gives %d, want %d", ask, token, res.StatusCode, want)
			}
			if method != "HEAD" {
				p.envelope(res, text)
			}
			if strings.Contains(text, token+"/") || res.Header.Get("WWW-Authenticate") != "" {
				p.t.Errorf("the answer %q repeats the token or asks for a password", text)
			}
		}
	}
}

func formList(p *phone) {
	res, text := p.do("GET", at+"/formList?deviceID=x&verbose=true", nil)
	if ct := res.Header.Get("Content-Type"); res.StatusCode != 200 || !strings.Contains(ct, "text/xml") {
		p.t.Fatalf("%d %s", res.StatusCode, ct)
	}
	p.headers(res)
	type list struct {
		XMLName xml.Name `xml:"http://openrosa.org/xforms/xformsList xforms"`
		Forms   []struct {
			ID, Name, Version, Hash, URL string
			FormID                       string `xml:"formID"`
			Title                        string `xml:"name"`
			V                            string `xml:"version"`
			H                            string `xml:"hash"`
			Download                     string `xml:"downloadUrl"`
		} `xml:"xform"`
	}
	parse := func(text string) (l list) {
		p.t.Helper()
		if err := xml.Unmarshal([]byte(text), &l); err != nil {
			p.t.Fatal(err)
		}
		return l
	}
	all := parse(text)
	if len(all.Forms) < 2 {
		p.t.Fatalf("%d forms", len(all.Forms))
	}
	for _, f := range all.Forms {
		if f.FormID == "" || f.Title == "" || f.Download == "" {
			p.t.Errorf("%+v lacks what Collect needs", f)
		}
		if !strings.HasPrefix(f.Download, p.base+at+"/forms/") {
			p.t.Errorf("the address %s leads elsewhere or without the token", f.Download)
		}
		res, body := p.do("GET", strings.TrimPrefix(f.Download, p.base), nil)
		sum := md5.Sum([]byte(body))
		if res.StatusCode != 200 || f.H != "md5:"+hex.EncodeToString(sum[:]) || !strings.Contains(res.Header.Get("Content-Type"), "text/xml") {
			p.t.Errorf("%s: %d, the hash %s is not that of the bytes served", f.FormID, res.StatusCode, f.H)
		}
		p.headers(res)
	}
	_, text = p.do("GET", at+"/formList?formID="+url.QueryEscape("a form/é"), nil)
	if one := parse(text); len(one.Forms) != 1 || one.Forms[0].FormID != "a form/é" || one.Forms[0].Title != "سروے & one" || one.Forms[0].V != "1" {
		p.t.Errorf("asked for one form: %+v", one.Forms)
	}
	_, text = p.do("GET", at+"/formList?formID=none", nil)
	if none := parse(text); len(none.Forms) != 0 {
		p.t.Errorf("asked for none: %+v", none.Forms)
	}
	res, text = p.do("GET", at+"/forms/none.xml", nil)
	if res.StatusCode != 404 {
		p.t.Errorf("a form that is not here: %d", res.StatusCode)
	}
	p.envelope(res, text)
}

func submission(p *phone) {
	id := "uuid:s" + p.Node.Store.Engine()
	for i, want := range []string{"Received and safely stored.", "This interview was here already. Nothing was changed."} {
		status, text := p.post(nil, xmlPart(instance(id, "x")), part{"a.jpg", "a.jpg", "photo"})
		if status != 201 || !strings.Contains(text, want) {
			p.t.Errorf("time %d: %d %s", i+1, status, text)
		}
	}
	if n := p.count("SELECT count(*) FROM submissions WHERE id = ? AND device = 'device-1' AND actor = ?", id, p.Enumerator.User); n != 1 {
		p.t.Errorf("%d records", n)
	}
	if status, _ := p.post(nil, xmlPart(instance(id, "other"))); status != 409 {
		p.t.Errorf("other answers under the same id: %d", status)
	}
	for lang, want := range map[string]string{"ur": "موصول", "ur-PK,ur;q=0.9,en;q=0.5": "موصول", "id": "Diterima", "xx": "Received", "": "Received"} {
		_, text := p.post([]string{"Accept-Language", lang}, xmlPart(instance(id+" in "+lang, "x")))
		if !strings.Contains(text, want) {
			p.t.Errorf("%q is answered with %s", lang, text)
		}
	}
	// A chunked body, as HTTP/1.1 has it.
	kind, body := upload(xmlPart(instance(id+"chunked", "x")))
	if res, _ := p.do("POST", at+"/submission", struct{ io.Reader }{body}, "Content-Type", kind); res.StatusCode != 201 {
		p.t.Errorf("chunked: %d", res.StatusCode)
	}
}

func split(p *phone) {
	id := "uuid:split" + p.Node.Store.Engine()
	body := instance(id, "x")
	for i := range 3 {
		parts := []part{xmlPart(body), {fmt.Sprint(i), fmt.Sprintf("%d.jpg", i), strings.Repeat("x", i+1)}}
		if i < 2 {
			parts = append(parts, part{"*isIncomplete*", "", "yes"})
		}
		if status, text := p.post(nil, parts...); status != 201 {
			p.t.Errorf("part %d: %d %s", i, status, text)
		}
	}
	if n, f := p.count("SELECT count(*) FROM submissions WHERE id = ?", id), p.count("SELECT count(*) FROM submission_files WHERE submission = ?", id); n != 1 || f != 3 {
		p.t.Errorf("%d records with %d attachments", n, f)
	}
}

func refused(p *phone) {
	before := p.count("SELECT count(*) FROM submissions")
	for name, x := range map[string]struct {
		want  int
		parts []part
	}{
		"no xml":             {400, []part{{"a", "a.jpg", "x"}}},
		"no instance id":     {400, []part{xmlPart(`<data id="a form/é" version="1"><a>x</a></data>`)}},
		"no form id":         {400, []part{xmlPart(`<data><meta><instanceID>uuid:r</instanceID></meta></data>`)}},
		"not xml":            {400, []part{xmlPart(`{"a": 1}`)}},
		"empty":              {400, []part{xmlPart(``)}},
		"unknown form":       {404, []part{xmlPart(`<data id="none"><meta><instanceID>uuid:r</instanceID></meta></data>`)}},
		"unknown version":    {404, []part{xmlPart(strings.Replace(instance("uuid:r", "x"), `version="1"`, `version="9"`, 1))}},
		"edit of nothing":    {409, []part{xmlPart(strings.Replace(instance("uuid:r", "x"), "</meta>", "<deprecatedID>uuid:nothing</deprecatedID></meta>", 1))}},
		"encrypted":          {422, []part{xmlPart(strings.Replace(instance("uuid:r", "x"), "<data ", `<data encrypted="yes" `, 1))}},
		"a name with a path": {400, []part{xmlPart(instance("uuid:r", "x")), {"a", `..\\..\\windows\\a.jpg`, "x"}}},
		"a name of dots":     {400, []part{xmlPart(instance("uuid:r", "x")), {"a", "..", "x"}}},
		"a long name":        {400, []part{xmlPart(instance("uuid:r", "x")), {"a", strings.Repeat("a", 300), "x"}}},
	} {
		status, text := p.post(nil, x.parts...)
		if status != x.want {
			p.t.Errorf("%s: %d, want %d: %s", name, status, x.want, text)
		}
		if !strings.Contains(text, `nature="error"`) {
			p.t.Errorf("%s is no error to the phone: %s", name, text)
		}
	}
	res, text := p.do("POST", at+"/submission", strings.NewReader(instance("uuid:r", "x")), "Content-Type", "text/xml")
	if res.StatusCode != 400 {
		p.t.Errorf("no multipart: %d", res.StatusCode)
	}
	p.envelope(res, text)
	if after := p.count("SELECT count(*) FROM submissions"); after != before {
		p.t.Errorf("%d records came of refusals", after-before)
	}
	// A name that leads elsewhere is cut to its last part before it comes here.
	id := "uuid:path" + p.Node.Store.Engine()
	if status, _ := p.post(nil, xmlPart(instance(id, "x")), part{"a", "../../etc/passwd", "x"}); status != 201 || p.count("SELECT count(*) FROM submission_files WHERE submission = ? AND name = 'passwd'", id) != 1 {
		p.t.Error("a name with slashes is neither cut nor refused")
	}
}

// endless is a body that never ends.
type endless struct{ head io.Reader }

func (e endless) Read(b []byte) (int, error) {
	if n, _ := e.head.Read(b); n > 0 {
		return n, nil
	}
	for i := range b {
		b[i] = 'x'
	}
	return len(b), nil
}

func hostile(p *phone) {
	bomb := `<!DOCTYPE d [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;&a;&a;">]>` + instance("uuid:bomb", "&b;")
	deep := `<data id="a form/é" version="1">` + strings.Repeat("<a>", 5000) + strings.Repeat("</a>", 5000) + `<meta><instanceID>uuid:deep</instanceID></meta></data>`
	for name, body := range map[string]string{"entities": bomb, "an outside entity": `<!DOCTYPE d [<!ENTITY a SYSTEM "file:///etc/hostname">]>` + instance("uuid:bomb", "&a;"), "depth": deep, "control characters": instance("uuid:bomb", "\x01")} {
		if status, text := p.post(nil, xmlPart(body)); status != 400 {
			p.t.Errorf("%s: %d %s", name, status, text)
		}
	}
	many := []part{xmlPart(instance("uuid:many", "x"))}
	for i := range 300 {
		many = append(many, part{"a", fmt.Sprint(i), ""})
	}
	if status, _ := p.post(nil, many...); status != 400 {
		p.t.Errorf("300 parts: %d", status)
	}
	for name, h := range map[string]string{
		"a part of any size":          "--b\r\nContent-Disposition: form-data; name=\"a\"; filename=\"a\"\r\n\r\n",
		"a part that nobody asks for": "--b\r\nContent-Disposition: form-data; name=\"a\"\r\n\r\n",
		"a header of any size":        "--b\r\nContent-Disposition: ",
	} {
		var before, after runtime.MemStats
		runtime.GC()
		runtime.ReadMemStats(&before)
		rec := httptest.NewRecorder()
		req := httptest.NewRequest("POST", at+"/submission", io.LimitReader(endless{strings.NewReader(h)}, 1<<30))
		req.Header.Set("Content-Type", "multipart/form-data; boundary=b")
		mux := http.NewServeMux()
		p.h.Register(mux)
		mux.ServeHTTP(rec, req)
		runtime.ReadMemStats(&after)
		if rec.Code != 413 && rec.Code != 400 {
			p.t.Errorf("%s: %d", name, rec.Code)
		}
		if grown := int64(after.HeapSys) - int64(before.HeapSys); grown > 300<<20 {
			p.t.Errorf("%s: %d MB of memory for one request", name, grown>>20)
		}
	}
	if held := p.h.held.Load(); held != 0 {
		p.t.Errorf("%d bytes are still taken", held)
	}
	// When too much arrives at once, phones are asked to come later.
	p.h.held.Add(maxHeld)
	kind, body := upload(xmlPart(instance("uuid:busy", "x")))
	res, text := p.do("POST", at+"/submission", body, "Content-Type", kind)
	p.h.held.Add(-maxHeld)
	if res.StatusCode != 503 || res.Header.Get("Retry-After") == "" {
		p.t.Errorf("with no room: %d", res.StatusCode)
	}
	p.envelope(res, text)
	if n := p.count("SELECT count(*) FROM submissions WHERE id IN ('uuid:busy', 'uuid:bomb', 'uuid:deep', 'uuid:many')"); n != 0 {
		p.t.Errorf("%d records came of it", n)
	}
}

// cut: a connection that ends in the middle leaves nothing.
func cut(p *phone) {
	kind, body := upload(xmlPart(instance("uuid:cut", "x")), part{"a", "a.jpg", strings.Repeat("x", 10000)})
	whole := body.Bytes()
	host := strings.TrimPrefix(p.base, "http://")
	for _, n := range []int{0, 100, len(whole) / 2, len(whole) - 10} {
		c, err := net.Dial("tcp", host)
		if err != nil {
			p.t.Fatal(err)
		}
		fmt.Fprintf(c, "POST %s/submission HTTP/1.1\r\nHost: %s\r\nContent-Type: %s\r\nContent-Length: %d\r\n\r\n", at, host, kind, len(whole))
		c.Write(whole[:n])
		c.Close()
	}
	time.Sleep(50 * time.Millisecond)
	if n := p.count("SELECT count(*) FROM submissions WHERE id = 'uuid:cut'") + p.count("SELECT count(*) FROM submission_files WHERE submission = 'uuid:cut'"); n != 0 {
		p.t.Errorf("half a submission left %d rows", n)
	}
	if res, _ := p.do("POST", at+"/submission", bytes.NewReader(whole), "Content-Type", kind); res.StatusCode != 201 {
		p.t.Errorf("the whole one afterwards: %d", res.StatusCode)
	}
}
