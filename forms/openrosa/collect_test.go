package openrosa

import (
	"bytes"
	"crypto/md5"
	"encoding/hex"
	"encoding/xml"
	"fmt"
	"io"
	"mime/multipart"
	"net/http"
	"net/textproto"
	"net/url"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"
)

// collect is a phone: what ODK Collect asks, and what it insists on in an answer. Each check
// names its statement in the table of statements_test.go.
type collect struct {
	t      testing.TB
	server string // as in its settings
	user   string
	pass   string
	lang   string
	client *http.Client
	// small is the most that one upload may have where the server does not say; 0: 10 MB.
	deviceID string
	// asked are the requests and what was answered, for the recorded dialogue.
	asked []exchange
	auth  map[string]string // last Digest challenge
	count int
}

type exchange struct {
	method, url string
	status      int
	kind, body  string
}

func newCollect(t testing.TB, server string) *collect {
	c := &collect{t: t, server: strings.TrimRight(server, "/"), lang: "en", deviceID: "collect:Ab3xYz"}
	c.client = &http.Client{Timeout: time.Minute, CheckRedirect: func(r *http.Request, via []*http.Request) error {
		if r.URL.Host != via[0].URL.Host { // 12
			return http.ErrUseLastResponse
		}
		return nil
	}}
	return c
}

// do asks as Collect does: with its headers (2), and, when it is asked for a password, with
// Digest, or with Basic over https alone (9).
func (c *collect) do(method, address string, body func() (io.Reader, string)) (*http.Response, []byte, error) {
	for try := 0; ; try++ {
		var reader io.Reader
		kind := ""
		if body != nil {
			reader, kind = body()
		}
		r, err := http.NewRequest(method, address, reader)
		if err != nil {
			return nil, nil, err
		}
		r.Header.Set("X-OpenRosa-Version", "1.0")
		r.Header.Set("Date", time.Now().UTC().Format("Mon, 02 Jan 2006 03:04:05 ")+"GMT+00:00") // a 12-hour clock
		r.Header.Set("User-Agent", "org.odk.collect.android/v2026.2.1 Dalvik/2.1.0 (Linux; U; Android 9)")
		r.Header.Set("Accept-Language", c.lang)
		if kind != "" {
			r.Header.Set("Content-Type", kind)
		}
		c.authorize(r)
		res, err := c.client.Do(r)
		if err != nil {
			return nil, nil, err
		}
		text, err := io.ReadAll(res.Body)
		res.Body.Close()
		if err != nil {
			return nil, nil, err
		}
		c.asked = append(c.asked, exchange{method: method, url: address, status: res.StatusCode, kind: res.Header.Get("Content-Type"), body: string(text)})
		if res.StatusCode == http.StatusUnauthorized && try == 0 && c.user != "" && c.challenged(res) {
			continue
		}
		if res.Header.Get("X-OpenRosa-Version") != "1.0" { // 3
			return res, text, fmt.Errorf("%s %s: %d is not an OpenRosa server", method, address, res.StatusCode)
		}
		if _, err := time.Parse(http.TimeFormat, res.Header.Get("Date")); err != nil {
			return res, text, fmt.Errorf("the answer's date: %w", err)
		}
		return res, text, nil
	}
}

var challengeField = regexp.MustCompile(`(\w+)=(?:"([^"]*)"|([^,\s]+))`)

func (c *collect) challenged(res *http.Response) bool {
	c.auth = nil
	basic := false
	for _, h := range res.Header.Values("WWW-Authenticate") {
		scheme, rest, _ := strings.Cut(h, " ")
		switch {
		case scheme == "Digest":
			c.auth, c.count = map[string]string{}, 0
			for _, m := range challengeField.FindAllStringSubmatch(rest, -1) {
				c.auth[m[1]] = m[2] + m[3]
			}
		case scheme == "Basic" && res.Request.URL.Scheme == "https":
			basic = true
		}
	}
	return c.auth != nil || basic
}

func (c *collect) authorize(r *http.Request) {
	if c.user == "" || c.auth == nil {
		return
	}
	c.count++
	nc, cnonce, uri := fmt.Sprintf("%08x", c.count), "0a4f113b", r.URL.RequestURI()
	sum := func(s string) string { h := md5.Sum([]byte(s)); return hex.EncodeToString(h[:]) }
	response := sum(sum(c.user+":"+c.auth["realm"]+":"+c.pass) + ":" + c.auth["nonce"] + ":" + nc + ":" + cnonce + ":auth:" + sum(r.Method+":"+uri))
	r.Header.Set("Authorization", fmt.Sprintf(`Digest username="%s", realm="%s", nonce="%s", uri="%s", response="%s", qop=auth, nc=%s, cnonce="%s", algorithm=MD5`, c.user, c.auth["realm"], c.auth["nonce"], uri, response, nc, cnonce))
}

// document reads an XML answer and insists on its root and namespace (6, 14, 20).
func (c *collect) document(address, root, space string, into any) error {
	res, text, err := c.do("GET", address, nil)
	if err != nil {
		return err
	}
	if res.StatusCode != http.StatusOK {
		return fmt.Errorf("%s: %d %s", address, res.StatusCode, c.message(text))
	}
	if !strings.Contains(strings.ToLower(res.Header.Get("Content-Type")), "text/xml") {
		return fmt.Errorf("the content type is %q", res.Header.Get("Content-Type"))
	}
	var name struct{ XMLName xml.Name }
	if err := xml.Unmarshal(text, &name); err != nil || name.XMLName.Local != root || name.XMLName.Space != space {
		return fmt.Errorf("the root is %v: %v", name.XMLName, err)
	}
	return xml.Unmarshal(text, into)
}

type blank struct {
	ID       string `xml:"formID"`
	Name     string `xml:"name"`
	Version  string `xml:"version"`
	Hash     string `xml:"hash"`
	Download string `xml:"downloadUrl"`
	Manifest string `xml:"manifestUrl"`
	About    string `xml:"descriptionText"`
}

// list fetches the form list; one form without id, name or address spoils it (15).
func (c *collect) list(query string) ([]blank, error) {
	var got struct {
		Forms []blank `xml:"xform"`
	}
	if err := c.document(c.server+"/formList"+query, "xforms", "http://openrosa.org/xforms/xformsList", &got); err != nil {
		return nil, err
	}
	for _, f := range got.Forms {
		if f.ID == "" || f.Name == "" || f.Download == "" {
			return nil, fmt.Errorf("a form in the list lacks its id, name or address: %+v", f)
		}
	}
	return got.Forms, nil
}

// fetch downloads a form; what comes must have the hash of the list (16).
func (c *collect) fetch(f blank) ([]byte, error) {
	res, text, err := c.do("GET", f.Download, nil)
	if err != nil {
		return nil, err
	}
	if res.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("%s: %d %s", f.Download, res.StatusCode, c.message(text))
	}
	sum := md5.Sum(text)
	if want, ok := strings.CutPrefix(f.Hash, "md5:"); !ok || want != hex.EncodeToString(sum[:]) {
		return nil, fmt.Errorf("the hash of %s is %s and the form's %x", f.ID, f.Hash, sum)
	}
	return text, nil
}

type beside struct {
	Type      string `xml:"type,attr"`
	Filename  string `xml:"filename"`
	Hash      string `xml:"hash"`
	Download  string `xml:"downloadUrl"`
	Integrity string `xml:"integrityUrl"`
	body      []byte
}

// files fetches the manifest and all that is in it; a file that lacks one of the three, or
// is not what its hash says, spoils it (20). An entity list's hash is not that of its bytes.
func (c *collect) files(f blank) ([]beside, error) {
	if f.Manifest == "" {
		return nil, nil
	}
	var got struct {
		Files []beside `xml:"mediaFile"`
	}
	if err := c.document(f.Manifest, "manifest", "http://openrosa.org/xforms/xformsManifest", &got); err != nil {
		return nil, err
	}
	for i := range got.Files {
		m := &got.Files[i]
		if m.Filename == "" || m.Hash == "" || m.Download == "" {
			return nil, fmt.Errorf("a file in the manifest lacks its name, hash or address: %+v", m)
		}
		if m.Type != "" && m.Integrity == "" {
			return nil, fmt.Errorf("the entity list %s has no integrityUrl", m.Filename)
		}
		res, body, err := c.do("GET", m.Download, nil)
		if err != nil {
			return nil, err
		}
		if res.StatusCode != http.StatusOK {
			return nil, fmt.Errorf("%s: %d %s", m.Download, res.StatusCode, c.message(body))
		}
		sum := md5.Sum(body)
		if m.Type == "" && m.Hash != "md5:"+hex.EncodeToString(sum[:]) {
			return nil, fmt.Errorf("%s has another hash than the manifest says", m.Filename)
		}
		m.body = body
	}
	return got.Files, nil
}

type upload struct{ name, kind, body string }

// message is what Collect shows of an answer (36).
func (c *collect) message(text []byte) string {
	var answer struct {
		XMLName xml.Name `xml:"http://openrosa.org/http/response OpenRosaResponse"`
		Message string   `xml:"message"`
	}
	if err := xml.Unmarshal(text, &answer); err != nil {
		return "no envelope: " + string(text)
	}
	return answer.Message
}

// submit sends a filled form as Collect does: HEAD first, which must be 204 (25); then as many
// requests as its files need, at most 100 files and as many bytes as the server takes (5, 29).
// It gives what the enumerator reads.
func (c *collect) submit(instance string, most int, files ...upload) (string, error) {
	address := c.server + "/submission?deviceID=" + url.QueryEscape(c.deviceID)
	res, _, err := c.do("HEAD", address, nil)
	if err != nil {
		return "", err
	}
	if res.StatusCode != http.StatusNoContent {
		return "", fmt.Errorf("HEAD gave %d: is this an OpenRosa endpoint?", res.StatusCode)
	}
	if most == 0 {
		most = 10 << 20
		if n, err := strconv.Atoi(res.Header.Get("X-OpenRosa-Accept-Content-Length")); err == nil {
			most = n
		}
	}
	message := ""
	for rest := files; ; {
		var now []upload
		for size := len(instance); len(rest) > 0 && len(now) < 100 && (len(now) == 0 || size+len(rest[0].body) <= most); rest = rest[1:] {
			now = append(now, rest[0])
			size += len(rest[0].body)
		}
		body := func() (io.Reader, string) { return multipartBody(instance, now, len(rest) > 0) }
		res, text, err := c.do("POST", address, body)
		if err != nil {
			return "", err
		}
		message = c.message(text)
		if res.StatusCode != http.StatusCreated && res.StatusCode != http.StatusAccepted { // 28
			return message, &refused{res.StatusCode, message}
		}
		if len(rest) == 0 {
			return message, nil
		}
	}
}

type refused struct {
	status  int
	message string
}

func (e *refused) Error() string { return fmt.Sprintf("%d: %s", e.status, e.message) }

func multipartBody(instance string, files []upload, more bool) (io.Reader, string) {
	var b bytes.Buffer
	w := multipart.NewWriter(&b)
	part := func(field, name, kind, body string) {
		h := textproto.MIMEHeader{}
		disposition := `form-data; name="` + quote(field) + `"`
		if name != "" {
			disposition += `; filename="` + quote(name) + `"`
		}
		h.Set("Content-Disposition", disposition)
		if kind != "" {
			h.Set("Content-Type", kind)
		}
		p, _ := w.CreatePart(h)
		io.WriteString(p, body)
	}
	part("xml_submission_file", "submission.xml", "text/xml", instance)
	for _, f := range files {
		part(f.name, f.name, f.kind, f.body)
	}
	if more {
		part("*isIncomplete*", "", "text/plain; charset=utf-8", "yes")
	}
	w.Close()
	return &b, w.FormDataContentType()
}

func quote(s string) string { return strings.NewReplacer(`\`, `\\`, `"`, `\"`).Replace(s) }

// dialogue writes the exchanges down, without what is new each time: hide gives names to it.
func (c *collect) dialogue(hide ...string) string {
	var b strings.Builder
	for _, x := range c.asked {
		_, u, _ := strings.Cut(strings.TrimPrefix(x.url, "http://"), "/")
		fmt.Fprintf(&b, "%s /%s\n%d %s\n", x.method, u, x.status, x.kind)
		if strings.HasPrefix(x.kind, "text/") {
			b.WriteString(x.body + "\n")
		}
		b.WriteString("\n")
	}
	return strings.NewReplacer(hide...).Replace(b.String())
}
