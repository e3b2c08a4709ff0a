package openrosa

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"log/slog"
	"mime/multipart"
	"net/http"
	"net/http/httptest"
	"net/textproto"
	"os"
	"strings"
	"testing"
	"time"

	"aman/forms"
	"aman/node/nodetest"
	"aman/platform/i18n"
	"aman/platform/store"
)

var bg = context.Background()

// survey has an id with a space, a slash and a letter that is none of ASCII, a picture, a list
// from a file, and a question for a photo.
const survey = `<h:html xmlns="http://www.w3.org/2002/xforms" xmlns:h="http://www.w3.org/1999/xhtml" xmlns:jr="http://openrosa.org/javarosa"><h:head><h:title>سروے &amp; one</h:title><model><itext><translation lang="en" default="true"><text id="/data/a:label"><value>How many?</value><value form="image">jr://images/map 1.png</value></text></translation></itext><instance><data id="a form/é" version="1"><a/><point/><photo/><meta><instanceID/></meta></data></instance><instance id="points" src="jr://file-csv/points.csv"/><bind nodeset="/data/a" type="int"/><bind nodeset="/data/point" type="string"/><bind nodeset="/data/photo" type="binary"/><bind nodeset="/data/meta/instanceID" type="string" readonly="true()" jr:preload="uid"/></model></h:head><h:body><input ref="/data/a"><label ref="jr:itext('/data/a:label')"/></input><select1 ref="/data/point"><label>Point</label><itemset nodeset="instance('points')/root/item"><value ref="name"/><label ref="label"/></itemset></select1><upload ref="/data/photo" mediatype="image/*"><label>Photo</label></upload></h:body></h:html>`

const surveyID = "a form/é"

// plainForm is a form with one question.
func plainForm(id, version string) string {
	return fmt.Sprintf(`<h:html xmlns="http://www.w3.org/2002/xforms" xmlns:h="http://www.w3.org/1999/xhtml"><h:head><h:title>T</h:title><model><instance><data id="%s" version="%s"><a/><meta><instanceID/></meta></data></instance><bind nodeset="/data/a" type="string"/></model></h:head><h:body><input ref="/data/a"><label>A</label></input></h:body></h:html>`, id, version)
}

func filled(form, version, instance, answer string) string {
	return fmt.Sprintf(`<data id="%s" version="%s"><a>%s</a><meta><instanceID>%s</instanceID></meta></data>`, form, version, answer, instance)
}

// phone is a node, its server over http and https, and a device that may send.
type phone struct {
	*nodetest.World
	t               *testing.T
	h               *Handler
	base            string // http
	https           *httptest.Server
	device, token   string
	login, password string
}

// at is the address a phone is given.
func (p *phone) at() string { return p.base + "/v1/key/" + p.token + "/projects/1" }

func (p *phone) collect() *collect { return newCollect(p.t, p.at()) }

func newPhone(t *testing.T, w *nodetest.World) *phone {
	t.Helper()
	texts, err := i18n.Load(os.DirFS("../../web/texts"))
	if err != nil {
		t.Fatal(err)
	}
	n := w.Node
	h := &Handler{Forms: n.Forms, Store: n.Store, SignIn: n.SignIn, Lists: n.Entities, Texts: texts, Now: w.Clock.Now, Log: slog.New(slog.DiscardHandler),
		Secure: func(r *http.Request) bool { return r.TLS != nil || r.Header.Get("X-Forwarded-Proto") == "https" }}
	mux := http.NewServeMux()
	h.Register(mux)
	mux.Handle("/", h.Else(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { http.Error(w, "no page", http.StatusNotFound) })))
	p := &phone{World: w, t: t, h: h}
	plain := httptest.NewServer(mux)
	p.base, p.https = plain.URL, httptest.NewUnstartedServer(mux)
	p.https.EnableHTTP2 = true // as phones speak it over TLS
	p.https.StartTLS()
	t.Cleanup(plain.Close)
	t.Cleanup(p.https.Close)
	p.must(n.Store.Write(bg, func(tx *store.Tx) (err error) {
		if err := tx.Row("SELECT login FROM users WHERE id = ?", w.Enumerator.User).Scan(&p.login); err != nil {
			return err
		}
		p.device, p.token, err = n.SignIn.NewDevice(tx, w.Enumerator.User, w.Office, "Phone 7")
		return err
	}))
	p.password = n.SignIn.DevicePassword(p.device)
	return p
}

func (p *phone) must(err error) {
	p.t.Helper()
	if err != nil {
		p.t.Fatal(err)
	}
}

func (p *phone) check(what string, got, want any) {
	p.t.Helper()
	if fmt.Sprint(got) != fmt.Sprint(want) {
		p.t.Errorf("%s: %v, want %v", what, got, want)
	}
}

// draft makes or replaces the draft of a form, with files beside it.
func (p *phone) draft(form string, files map[string]string) forms.Draft {
	p.t.Helper()
	c, err := forms.Check(forms.Upload{Body: []byte(form)})
	p.must(err)
	up := forms.Upload{Project: 1, Body: []byte(form), IgnoreWarnings: true}
	admin := p.Now(p.Admin)
	var known bool
	p.must(p.Node.Store.Read(bg, func(tx *store.Tx) error {
		_, err := p.Node.Forms.Form(tx, admin, 1, c.ID)
		known = err == nil
		return nil
	}))
	if known {
		up.Form = c.ID
	}
	d, err := p.Node.Forms.SaveDraft(bg, admin, up)
	p.must(err)
	for name, body := range files {
		p.must(p.Node.Forms.PutMedium(bg, admin, 1, c.ID, name, "", []byte(body)))
	}
	return d
}

// publish publishes a form, with files beside it.
func (p *phone) publish(form string, files map[string]string) forms.Published {
	p.t.Helper()
	d := p.draft(form, files)
	out, err := p.Node.Forms.PublishDraft(bg, p.Now(p.Admin), 1, d.Form, "")
	p.must(err)
	return out
}

func (p *phone) state(form, state string) {
	p.t.Helper()
	p.must(p.Node.Forms.SetState(bg, p.Now(p.Admin), 1, form, state))
}

// do asks; header are names and values in turn.
func (p *phone) do(method, address string, body io.Reader, header ...string) (*http.Response, string) {
	p.t.Helper()
	if strings.HasPrefix(address, "/") {
		address = p.at() + address
	}
	req, err := http.NewRequest(method, address, body)
	p.must(err)
	for i := 0; i < len(header); i += 2 {
		req.Header.Set(header[i], header[i+1])
	}
	client := p.https.Client() // knows the certificate
	client.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	res, err := client.Do(req)
	p.must(err)
	defer res.Body.Close()
	text, err := io.ReadAll(res.Body)
	p.must(err)
	return res, string(text)
}

type part struct{ field, file, body string }

func body(parts ...part) (string, *bytes.Buffer) {
	var b bytes.Buffer
	w := multipart.NewWriter(&b)
	for _, x := range parts {
		h := textproto.MIMEHeader{}
		disposition := `form-data; name="` + quote(x.field) + `"`
		if x.file != "" {
			disposition += `; filename="` + quote(x.file) + `"`
		}
		h.Set("Content-Disposition", disposition)
		pw, _ := w.CreatePart(h)
		io.WriteString(pw, x.body)
	}
	w.Close()
	return w.FormDataContentType(), &b
}

func xmlPart(body string) part { return part{"xml_submission_file", "submission.xml", body} }

// post sends a submission; the answer must be an envelope.
func (p *phone) post(parts ...part) (int, string) {
	p.t.Helper()
	return p.postTo("/submission", nil, parts...)
}

func (p *phone) postTo(address string, header []string, parts ...part) (int, string) {
	p.t.Helper()
	kind, b := body(parts...)
	res, text := p.do("POST", address, b, append([]string{"Content-Type", kind}, header...)...)
	return res.StatusCode, p.envelope(res, text)
}

// envelope checks what every answer with a sentence is, and gives the sentence.
func (p *phone) envelope(res *http.Response, text string) string {
	p.t.Helper()
	message := (&collect{}).message([]byte(text))
	if strings.TrimSpace(message) == "" || strings.HasPrefix(message, "no envelope") || strings.HasPrefix(message, "openrosa.") {
		p.t.Errorf("%d is no envelope with a sentence: %q", res.StatusCode, text)
	}
	if (res.StatusCode >= 400) != strings.Contains(text, `nature="error"`) {
		p.t.Errorf("%d: nature of %s", res.StatusCode, text)
	}
	p.headers(res)
	p.check("content type", res.Header.Get("Content-Type"), "text/xml; charset=utf-8")
	return message
}

func (p *phone) headers(res *http.Response) {
	p.t.Helper()
	p.check("X-OpenRosa-Version", res.Header.Get("X-OpenRosa-Version"), "1.0")
	p.check("X-OpenRosa-Accept-Content-Length", res.Header.Get("X-OpenRosa-Accept-Content-Length"), "100000000")
	if _, err := time.Parse(http.TimeFormat, res.Header.Get("Date")); err != nil {
		p.t.Errorf("date: %v", err)
	}
}

func (p *phone) count(query string, args ...any) (n int) {
	p.t.Helper()
	p.must(p.Node.Store.Read(bg, func(tx *store.Tx) error { return tx.Row(query, args...).Scan(&n) }))
	return n
}

func (p *phone) head(instance string) (h forms.Head) {
	p.t.Helper()
	p.must(p.Node.Store.Read(bg, func(tx *store.Tx) error {
		list, err := p.Node.Forms.Submissions(tx, p.Now(p.DataOfficer), forms.Filter{Instances: []string{instance}})
		if len(list) == 1 {
			h = list[0]
		}
		return err
	}))
	return h
}
