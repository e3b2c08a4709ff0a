package openrosa

import (
	"compress/zlib"
	"crypto/md5"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"time"

	"aman/forms"
	"aman/platform/store"
)

// everywhere are requests to every address of a phone.
var everywhere = []string{"GET /formList", "GET /forms/none.xml", "GET /forms/none/manifest", "GET /forms/none/attachments/x", "GET /forms/none/attachments/x/integrity", "GET /forms/none/versions/1", "HEAD /submission", "POST /submission"}

func (p *phone) everywhere(base string, f func(ask string, res *http.Response, text string)) {
	for _, ask := range everywhere {
		method, path, _ := strings.Cut(ask, " ")
		res, text := p.do(method, base+path, nil)
		f(ask, res, text)
	}
}

func anyBase(p *phone) {
	for _, server := range []string{p.at(), p.at() + "/", p.at() + "///", p.base + "/collector/" + p.token + "/"} {
		if list, err := newCollect(p.t, server).list(""); err != nil || len(list) == 0 {
			p.t.Errorf("%s: %d forms, %v", server, len(list), err)
		}
	}
}

func dateIsNotJudged(p *phone) {
	for _, date := range []string{"Tue, 31 Mar 2026 01:05:09 GMT+05:00", "yesterday", ""} {
		res, _ := p.do("HEAD", "/submission", nil, "Date", date, "X-OpenRosa-Version", "1.0")
		p.check("HEAD with the date "+date, res.StatusCode, 204)
	}
}

func headersEverywhere(p *phone) {
	for _, base := range []string{p.at(), p.base + "/v1/key/x/projects/1", p.base + "/kobo/x"} {
		p.everywhere(base, func(ask string, res *http.Response, text string) { p.headers(res) })
	}
}

func accepts(p *phone) {
	// On the line the names are spelled as the standard does.
	c, err := net.Dial("tcp", strings.TrimPrefix(p.base, "http://"))
	p.must(err)
	defer c.Close()
	fmt.Fprintf(c, "HEAD %s/submission HTTP/1.0\r\n\r\n", strings.TrimPrefix(p.at(), p.base))
	raw, err := io.ReadAll(c)
	p.must(err)
	for _, line := range []string{"\r\nX-OpenRosa-Version: 1.0\r\n", "\r\nX-OpenRosa-Accept-Content-Length: 100000000\r\n"} {
		if !strings.Contains(string(raw), line) {
			p.t.Errorf("no %q in %q", line, raw)
		}
	}
	for _, ask := range []string{"HEAD", "POST"} {
		res, _ := p.do(ask, "/submission", nil)
		p.check(ask, res.Header.Get("X-OpenRosa-Accept-Content-Length"), fmt.Sprint(MaxRequest))
	}
}

func noVersionHeader(p *phone) {
	for _, version := range []string{"", "1.0", "2.0"} {
		res, _ := p.do("GET", "/formList", nil, "X-OpenRosa-Version", version)
		p.check("form list asked in version "+version, res.StatusCode, 200)
		p.headers(res)
	}
}

func contentTypes(p *phone) {
	for _, address := range []string{"/formList", "/forms/" + escape(surveyID) + ".xml", "/forms/" + escape(surveyID) + "/manifest"} {
		res, _ := p.do("GET", address, nil)
		p.check(address, fmt.Sprint(res.StatusCode, " ", res.Header.Get("Content-Type")), "200 text/xml; charset=utf-8")
	}
}

func tokens(p *phone) {
	var revoked, id string
	p.must(p.Node.Store.Write(bg, func(tx *store.Tx) (err error) {
		if id, revoked, err = p.Node.SignIn.NewDevice(tx, p.Enumerator.User, p.Office, "Lost phone"); err != nil {
			return err
		}
		return p.Node.SignIn.RevokeDevice(tx, id)
	}))
	for token, want := range map[string]int{"x": 401, strings.Repeat("x", 63): 401, strings.Repeat("!", 64): 401, strings.Repeat("x", 64): 403, revoked: 403} {
		for _, base := range []string{"/v1/key/" + token + "/projects/1", "/collector/" + token} {
			p.everywhere(p.base+base, func(ask string, res *http.Response, text string) {
				p.check(ask+" with a token of "+fmt.Sprint(len(token)), res.StatusCode, want)
				if strings.HasPrefix(ask, "HEAD") {
					return
				}
				p.envelope(res, text)
				if strings.Contains(text, token) && token != "x" || res.Header.Get("WWW-Authenticate") != "" {
					p.t.Errorf("the answer %q repeats the token or asks for a password", text)
				}
			})
		}
		res, _ := p.do("GET", p.base+"/v1/projects/1/formList?st="+strings.ReplaceAll(token, "!", "%21"), nil)
		p.check("?st= with a token of "+fmt.Sprint(len(token)), res.StatusCode, want)
	}
	for project, want := range map[string]int{"1": 200, "0": 404, "x": 404, "99": 404, "-1": 404} {
		res, text := p.do("GET", p.base+"/v1/key/"+p.token+"/projects/"+project+"/formList", nil)
		p.check("project "+project, res.StatusCode, want)
		if want == 404 {
			p.envelope(res, text)
		}
	}
}

// oneProject: a phone that a program let in for a project has no other.
func oneProject(p *phone) {
	other, err := p.Node.Forms.SaveProject(bg, p.Now(p.Admin), forms.Project{Name: "Another"})
	p.must(err)
	d, err := p.Node.Forms.SaveDraft(bg, p.Now(p.Admin), forms.Upload{Project: other.ID, Body: []byte(plainForm("of another project", "1")), IgnoreWarnings: true})
	p.must(err)
	_, err = p.Node.Forms.PublishDraft(bg, p.Now(p.Admin), other.ID, d.Form, "")
	p.must(err)
	var token string
	p.must(p.Node.Store.Write(bg, func(tx *store.Tx) (err error) {
		var id string
		if id, token, err = p.Node.SignIn.NewDevice(tx, p.Enumerator.User, p.Office, "Let in by a program"); err != nil {
			return err
		}
		_, err = tx.Exec("INSERT INTO app_users (device, project, user_id) VALUES (?, ?, ?)", id, other.ID, p.Enumerator.User)
		return err
	}))
	own := fmt.Sprintf("%s/v1/key/%s/projects/%d", p.base, token, other.ID)
	for _, server := range []string{own, p.base + "/collector/" + token} {
		list, err := newCollect(p.t, server).list("")
		p.must(err)
		if len(list) != 1 || list[0].ID != "of another project" {
			p.t.Errorf("%s: %+v", server, list)
		}
	}
	p.everywhere(p.base+"/v1/key/"+token+"/projects/1", func(ask string, res *http.Response, _ string) { p.check(ask, res.StatusCode, 403) })
	// A phone of the pages has every project of its user.
	f := p.seen(newCollect(p.t, p.base+"/collector/"+p.token), "of another project", "")
	p.check("seen by another phone", f.ID, "of another project")
	status, _ := p.postTo(own+"/submission", nil, xmlPart(p.filled(p.id("elsewhere"), "1")))
	p.check("a form of another project", status, 404)
}

func tokenInQuery(p *phone) {
	c := newCollect(p.t, p.base+"/v1/projects/1")
	list, err := c.list("?st=" + p.token)
	p.must(err)
	for _, f := range list {
		if !strings.HasPrefix(f.Download, p.at()+"/forms/") {
			p.t.Errorf("the address %s does not carry the token", f.Download)
		}
		_, err := c.fetch(f)
		p.must(err)
		_, err = c.files(f)
		p.must(err)
	}
	id := p.id("st")
	status, _ := p.postTo(p.base+"/v1/projects/1/submission?st="+p.token, nil, xmlPart(p.filled(id, "1")))
	p.check("a submission with ?st=", status, 201)
	p.check("records", p.count("SELECT count(*) FROM submissions WHERE id = ?", id), 1)
}

// id is an instance id that no other test has, on either engine.
func (p *phone) id(name string) string { return "uuid:" + name + "-" + p.Node.Store.Engine() }

// filled is a survey filled in.
func (p *phone) filled(id, answer string) string { return filled(surveyID, "1", id, answer) }

// named is a phone that signs in by name.
func (p *phone) named(server string) *collect {
	c := newCollect(p.t, server)
	c.user, c.pass = p.login, p.password
	c.client.Transport = p.https.Client().Transport
	return c
}

func digestWorks(p *phone) {
	for _, server := range []string{p.base, p.https.URL, p.base + "/kobo/" + p.login, p.base + "/v1/projects/1", p.base + "/" + p.login} {
		c := p.named(server)
		list, err := c.list("")
		p.must(err)
		if len(list) == 0 {
			p.t.Errorf("%s: no forms", server)
		}
		for _, f := range list {
			if _, err := c.fetch(f); err != nil {
				p.t.Error(err)
			}
			if _, err := c.files(f); err != nil {
				p.t.Error(err)
			}
		}
		id := p.id("digest" + hash(server))
		if _, err := c.submit(p.filled(id, "1"), 0); err != nil {
			p.t.Errorf("%s: %v", server, err)
		}
		p.check("sent by the device", p.count("SELECT count(*) FROM submissions WHERE id = ? AND device = ?", id, p.device), 1)
		challenges := 0
		for _, x := range c.asked {
			if x.status == 401 {
				challenges++
			}
		}
		p.check(server+": asked for the password", challenges, 1)
	}
	for name, change := range map[string]func(*collect){
		"a wrong password":         func(c *collect) { c.pass = "aaaaa-aaaaa-aaaaa-aaaaa" },
		"the user's own password":  func(c *collect) { c.pass = "password" },
		"no password":              func(c *collect) { c.pass = "" },
		"another user's login":     func(c *collect) { c.user = "caseworker" },
		"a user who is not there":  func(c *collect) { c.user = "nobody" },
		"a login in other letters": func(c *collect) { c.user = strings.ToUpper(c.user) },
	} {
		c := p.named(p.base)
		change(c)
		_, err := c.list("")
		if err == nil || !strings.Contains(err.Error(), "401") || len(c.asked) != 2 {
			p.t.Errorf("%s: %v after %d requests", name, err, len(c.asked))
		}
	}
}

func basicOverHTTPS(p *phone) {
	for name, x := range map[string]struct {
		base, user, pass string
		header           []string
		want             int
	}{
		"over https":              {p.https.URL, p.login, p.password, nil, 200},
		"behind a proxy":          {p.base, p.login, p.password, []string{"X-Forwarded-Proto", "https"}, 200},
		"over http":               {p.base, p.login, p.password, nil, 401},
		"a wrong password":        {p.https.URL, p.login, p.password + "x", nil, 401},
		"the user's own password": {p.https.URL, p.login, "password", nil, 401},
		"nobody":                  {p.https.URL, "nobody", p.password, nil, 401},
	} {
		auth := "Basic " + base64.StdEncoding.EncodeToString([]byte(x.user+":"+x.pass))
		res, text := p.do("GET", x.base+"/formList", nil, append(x.header, "Authorization", auth)...)
		p.check(name, res.StatusCode, x.want)
		if x.want == 401 {
			p.envelope(res, text)
		}
	}
	// Basic is offered over https alone.
	for base, want := range map[string]bool{p.https.URL: true, p.base: false} {
		res, _ := p.do("GET", base+"/formList", nil)
		p.check(base+" offers Basic", strings.Contains(strings.Join(res.Header.Values("WWW-Authenticate"), "|"), "Basic"), want)
	}
}

func kobo(p *phone) {
	for _, c := range []*collect{newCollect(p.t, p.base+"/collector/"+p.token), p.named(p.base + "/" + p.login), p.named(p.base + "/kobo/" + p.login)} {
		list, err := c.list("")
		p.must(err)
		for _, f := range list {
			if !strings.HasSuffix(f.Download, "/form.xml") || f.Manifest != "" && !strings.Contains(f.Manifest, "/xformsManifest/") {
				p.t.Errorf("%s and %s are not KoboToolbox's shape", f.Download, f.Manifest)
			}
			_, err := c.fetch(f)
			p.must(err)
			files, err := c.files(f)
			p.must(err)
			if f.ID == surveyID && len(files) != 1 {
				p.t.Errorf("%d files beside %s", len(files), f.ID)
			}
		}
		id := p.id("kobo" + hash(c.server))
		if _, err := c.submit(p.filled(id, "1"), 0); err != nil {
			p.t.Error(err)
		}
	}
	// Somebody else's name in the address; a name that nobody has; what is no address.
	if _, err := p.named(p.base + "/kobo/caseworker").list(""); err == nil || !strings.Contains(err.Error(), "403") {
		p.t.Errorf("somebody else's address: %v", err)
	}
	for ask, want := range map[string]int{"GET /nobody/formList": 401, "HEAD /nobody/submission": 401, "POST /nobody/submission": 401, "GET /nobody/submission": 404, "GET /nobody/other": 404, "GET //formList": 404} {
		method, path, _ := strings.Cut(ask, " ")
		res, _ := p.do(method, p.base+path, nil)
		if res.StatusCode != want && res.StatusCode/100 != 3 {
			p.t.Errorf("%s: %d, want %d", ask, res.StatusCode, want)
		}
	}
}

func headChallenge(p *phone) {
	res, _ := p.do("HEAD", p.base+"/submission", nil)
	if h := res.Header.Get("WWW-Authenticate"); res.StatusCode != 401 || !strings.HasPrefix(h, "Digest ") || !strings.Contains(h, `qop="auth"`) {
		p.t.Errorf("%d %s", res.StatusCode, h)
	}
	for _, base := range []string{p.at(), p.base, p.base + "/kobo/" + p.login} {
		p.everywhere(base, func(ask string, res *http.Response, _ string) {
			if l := res.Header.Get("Location"); l != "" {
				p.t.Errorf("%s leads to %s", ask, l)
			}
		})
	}
}

func settingsCode(p *phone) {
	code, err := Settings{Server: p.at(), Name: "Aman سروے", Icon: "A", Color: "#1f5f5b"}.Code()
	p.must(err)
	b, err := base64.StdEncoding.DecodeString(code)
	p.must(err)
	z, err := zlib.NewReader(strings.NewReader(string(b)))
	p.must(err)
	var s struct {
		General struct {
			Server string `json:"server_url"`
			Delete bool   `json:"delete_send"`
		} `json:"general"`
		Admin   map[string]any    `json:"admin"`
		Project map[string]string `json:"project"`
	}
	p.must(json.NewDecoder(z).Decode(&s))
	if s.Admin == nil || !s.General.Delete || fmt.Sprint(s.Project) != "map[color:#1f5f5b icon:A name:Aman سروے]" {
		p.t.Errorf("%+v", s)
	}
	if len(code) > 900 {
		p.t.Errorf("%d characters are too many for an old camera", len(code))
	}
	list, err := newCollect(p.t, s.General.Server).list("")
	if err != nil || len(list) == 0 {
		p.t.Errorf("the scanned phone sees %d forms: %v", len(list), err)
	}
	named, err := Settings{Server: p.base, Username: p.login, Password: p.password}.Code()
	p.must(err)
	if named == code || strings.Contains(named, p.password) {
		p.t.Error("the settings of a named phone")
	}
}

// A replayed request, an old nonce, and nonces that are not ours.
func digestReplay(p *phone) {
	get := func(auth string) *http.Response {
		res, _ := p.do("GET", p.base+"/formList", nil, "Authorization", auth)
		return res
	}
	answer := func(nonce, nc, uri, qop string) string {
		sum := func(s string) string { h := md5.Sum([]byte(s)); return hex.EncodeToString(h[:]) }
		r := sum(sum(p.login+":Aman:"+p.password) + ":" + nonce + ":" + nc + ":c:" + qop + ":" + sum("GET:"+uri))
		return fmt.Sprintf(`Digest username="%s", realm="Aman", nonce="%s", uri="%s", response="%s", qop=%s, nc=%s, cnonce="c"`, p.login, nonce, uri, r, qop, nc)
	}
	fresh := func() string {
		res, _ := p.do("GET", p.base+"/formList", nil)
		_, rest, _ := strings.Cut(res.Header.Get("WWW-Authenticate"), `nonce="`)
		nonce, _, _ := strings.Cut(rest, `"`)
		return nonce
	}
	n := fresh()
	p.check("first", get(answer(n, "00000001", "/formList", "auth")).StatusCode, 200)
	res := get(answer(n, "00000001", "/formList", "auth"))
	p.check("the same again", fmt.Sprint(res.StatusCode, strings.Contains(res.Header.Get("WWW-Authenticate"), "stale=true")), "401 true")
	p.check("the next count", get(answer(n, "00000005", "/formList", "auth")).StatusCode, 200)
	p.check("out of order", get(answer(n, "00000003", "/formList", "auth")).StatusCode, 200)
	p.check("that again", get(answer(n, "00000003", "/formList", "auth")).StatusCode, 401)
	p.check("another address", get(answer(n, "00000006", "/submission", "auth")).StatusCode, 401)
	p.check("another qop", get(answer(n, "00000007", "/formList", "auth-int")).StatusCode, 401)
	p.check("count zero", get(answer(n, "00000000", "/formList", "auth")).StatusCode, 401)
	for name, nonce := range map[string]string{"made up": "abc.def", "empty": "", "changed": n[:5] + "x" + n[6:], "cut": n[:len(n)-1]} {
		p.check("a nonce that is "+name, get(answer(nonce, "00000001", "/formList", "auth")).StatusCode, 401)
	}
	old := fresh()
	p.Clock.Add(nonceLife + time.Minute)
	res = get(answer(old, "00000001", "/formList", "auth"))
	p.check("an old nonce", fmt.Sprint(res.StatusCode, strings.Contains(res.Header.Get("WWW-Authenticate"), "stale=true")), "401 true")
	p.check("a new one", get(answer(fresh(), "00000001", "/formList", "auth")).StatusCode, 200)
}
