package openrosa

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"runtime"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"aman/node/nodetest"
)

func TestHostile(t *testing.T) {
	p := newPhone(t, nodetest.New(t, "")) // which database it is, is not the point
	p.publish(survey, nil)
	for name, test := range map[string]func(*phone){"documents": hostileDocuments, "uploads": hostileUploads, "busy": busy, "cut": cut, "slow": slow, "replay": digestReplay, "one project": oneProject, "waits": waits} {
		t.Run(name, func(t *testing.T) {
			here := *p
			here.t = t
			test(&here)
		})
	}
	if held := p.h.held.Load(); held != 0 {
		t.Errorf("%d bytes of room are still taken", held)
	}
	if n := p.count("SELECT count(*) FROM submissions WHERE id LIKE 'uuid:bad%'"); n != 0 {
		t.Errorf("%d records came of it", n)
	}
}

func hostileDocuments(p *phone) {
	bad := func(answer string) string { return p.filled("uuid:bad", answer) }
	laughs := `<!DOCTYPE d [<!ENTITY a "aaaaaaaaaa">`
	for c := 'b'; c <= 'j'; c++ {
		laughs += fmt.Sprintf(`<!ENTITY %c "%s">`, c, strings.Repeat(fmt.Sprintf("&%c;", c-1), 10))
	}
	for name, body := range map[string]string{
		"a billion laughs":    laughs + `]>` + bad("&j;"),
		"an outside entity":   `<!DOCTYPE d [<!ENTITY a SYSTEM "file:///etc/hostname">]>` + bad("&a;"),
		"a parameter entity":  `<!DOCTYPE d [<!ENTITY % a SYSTEM "http://localhost/x"> %a;]>` + bad("1"),
		"depth":               `<data id="a form/é" version="1">` + strings.Repeat("<a>", 100_000) + strings.Repeat("</a>", 100_000) + `<meta><instanceID>uuid:bad</instanceID></meta></data>`,
		"control characters":  bad("\x01"),
		"no UTF-8":            bad("\xff\xfe"),
		"two roots":           bad("1") + bad("1"),
		"cut":                 bad("1")[:40],
		"nothing but a BOM":   "\xef\xbb\xbf",
		"an id of any length": p.filled("uuid:bad"+strings.Repeat("x", 1<<20), "1"),
	} {
		status, message := p.post(xmlPart(body))
		if status != 400 && status != 413 {
			p.t.Errorf("%s: %d %s", name, status, message)
		}
		if len(message) > 500 {
			p.t.Errorf("%s: a message of %d bytes", name, len(message))
		}
	}
}

// endless makes a body of any size.
type endless struct {
	head io.Reader
	fill []byte
}

func (e endless) Read(b []byte) (int, error) {
	if n, _ := e.head.Read(b); n > 0 {
		return n, nil
	}
	for n := 0; n < len(b); n += copy(b[n:], e.fill) {
	}
	return len(b), nil
}

// hostileUploads sends a gigabyte in different ways, streamed, over a real connection. The
// answer arrives, in an envelope, and the memory stays bounded.
func hostileUploads(p *phone) {
	const gigabyte = 1 << 30
	xmlHead := "--b\r\nContent-Disposition: form-data; name=\"xml_submission_file\"; filename=\"x\"\r\n\r\n" + p.filled("uuid:bad", "1") + "\r\n"
	file := "--b\r\nContent-Disposition: form-data; name=\"a\"; filename=\"a\"\r\n\r\n"
	for name, x := range map[string]struct {
		head, fill string
		size       int64
		want       int
		most       int64 // MB of memory
	}{
		"one part":                    {xmlHead + file, "x", gigabyte, 413, 150},
		"a part that nobody asks for": {xmlHead + "--b\r\nContent-Disposition: form-data; name=\"a\"\r\n\r\n", "x", 200 << 20, 413, 40},
		"the XML":                     {"--b\r\nContent-Disposition: form-data; name=\"xml_submission_file\"\r\n\r\n", "x", 110 << 20, 413, 150},
		"one header":                  {"--b\r\nContent-Disposition: ", "x", 60 << 20, 400, 40},
		"many headers":                {xmlHead + "--b\r\n", "X-A: b\r\n", 60 << 20, 400, 40},
		"no boundary":                 {"", "x", 60 << 20, 400, 40},
		"any number of parts":         {xmlHead, "\r\n" + file + "x\r\n", 30 << 20, 400, 60},
		"any number of empty fields":  {xmlHead, "\r\n--b\r\nContent-Disposition: form-data; name=\"a\"\r\n\r\n", 20 << 20, 400, 60},
	} {
		runtime.GC()
		var before runtime.MemStats
		runtime.ReadMemStats(&before)
		var most atomic.Int64
		done := make(chan struct{})
		go func() {
			for {
				select {
				case <-done:
					return
				case <-time.After(5 * time.Millisecond):
					var m runtime.MemStats
					runtime.ReadMemStats(&m)
					most.Store(max(most.Load(), int64(m.HeapInuse)-int64(before.HeapInuse)))
				}
			}
		}()
		req, err := http.NewRequest("POST", p.at()+"/submission", io.LimitReader(endless{strings.NewReader(x.head), bytes.Repeat([]byte(x.fill), 64<<10/len(x.fill))}, x.size))
		p.must(err)
		req.Header.Set("Content-Type", "multipart/form-data; boundary=b")
		res, err := http.DefaultClient.Do(req)
		if err != nil {
			p.t.Errorf("%s: the connection ended without an answer: %v", name, err)
			close(done)
			continue
		}
		text, err := io.ReadAll(res.Body)
		res.Body.Close()
		close(done)
		p.must(err)
		p.check(name, res.StatusCode, x.want)
		p.envelope(res, string(text))
		p.t.Logf("%s: %d MB sent, at most %d MB of memory", name, x.size>>20, most.Load()>>20)
		if mb := most.Load() >> 20; mb > x.most {
			p.t.Errorf("%s: %d MB of memory for one request, at most %d are meant", name, mb, x.most)
		}
	}
}

// tooLarge: also where the size is said beforehand, and where the phone asks before it sends.
func tooLarge(p *phone) {
	kind, b := body(xmlPart(p.filled(p.id("large"), "1")), part{"a", "a.mp4", strings.Repeat("x", maxPart+1)})
	for i, expect := range []string{"", "100-continue", ""} {
		address, proto := p.at()+"/submission", "HTTP/1.1"
		if i == 2 {
			address, proto = p.https.URL+strings.TrimPrefix(address, p.base), "HTTP/2.0"
		}
		res, text := p.do("POST", address, bytes.NewReader(b.Bytes()), "Content-Type", kind, "Expect", expect)
		p.check("a file of 50 MB and a byte", res.StatusCode, 413)
		p.check("spoken", res.Proto, proto)
		if m := p.envelope(res, text); !strings.Contains(m, "too large") {
			p.t.Errorf("message %q", m)
		}
	}
	if p.Node.Store.Engine() == "sqlite" { // once is enough
		kind, b = body(xmlPart(p.filled(p.id("large"), "1")), part{"a", "a.mp4", strings.Repeat("x", maxPart)})
		res, _ := p.do("POST", "/submission", b, "Content-Type", kind)
		p.check("a file of exactly 50 MB", res.StatusCode, 201)
	}
	// Refused for another reason, with much still to come: the answer arrives all the same.
	kind, b = body(xmlPart(p.filled(p.id("large"), "1")), part{"a", "a.mp4", strings.Repeat("x", 20<<20)})
	res, text := p.do("POST", p.base+"/v1/key/"+strings.Repeat("x", 64)+"/projects/1/submission", b, "Content-Type", kind)
	p.check("20 MB with an unknown token", res.StatusCode, 403)
	p.envelope(res, text)
}

// busy: when too much arrives at once, phones are asked to come later.
func busy(p *phone) {
	p.h.held.Add(maxHeld)
	kind, b := body(xmlPart(p.filled("uuid:bad", "1")))
	res, text := p.do("POST", "/submission", b, "Content-Type", kind)
	p.h.held.Add(-maxHeld)
	if res.StatusCode != 503 || res.Header.Get("Retry-After") == "" {
		p.t.Errorf("with no room: %d", res.StatusCode)
	}
	p.envelope(res, text)
}

// cut: a connection that ends in the middle leaves nothing, and no harm to the next try.
func cut(p *phone) {
	id := p.id("cut")
	kind, b := body(xmlPart(p.filled(id, "1")), part{"a", "a.jpg", strings.Repeat("x", 10000)})
	whole := b.Bytes()
	path := strings.TrimPrefix(p.at(), p.base)
	for _, n := range []int{0, 100, len(whole) / 2, len(whole) - 10} {
		c, err := net.Dial("tcp", strings.TrimPrefix(p.base, "http://"))
		p.must(err)
		fmt.Fprintf(c, "POST %s/submission HTTP/1.1\r\nHost: x\r\nContent-Type: %s\r\nContent-Length: %d\r\n\r\n", path, kind, len(whole))
		c.Write(whole[:n])
		c.Close()
	}
	for range 100 {
		if p.h.held.Load() == 0 {
			break
		}
		time.Sleep(10 * time.Millisecond)
	}
	p.check("rows of half a submission", p.count("SELECT count(*) FROM submissions WHERE id = ?", id)+p.count("SELECT count(*) FROM submission_files WHERE submission = ?", id), 0)
	res, _ := p.do("POST", "/submission", bytes.NewReader(whole), "Content-Type", kind)
	p.check("the whole one afterwards", res.StatusCode, 201)
}

// slow: a phone on which nothing moves, and one that trickles, are told so.
func slow(p *phone) {
	was := [2]time.Duration{still, grace}
	still, grace = 200*time.Millisecond, 300*time.Millisecond
	defer func() { still, grace = was[0], was[1] }()
	path := strings.TrimPrefix(p.at(), p.base)
	for name, pause := range map[string]time.Duration{"still": time.Hour, "trickling": 100 * time.Millisecond} {
		c, err := net.Dial("tcp", strings.TrimPrefix(p.base, "http://"))
		p.must(err)
		fmt.Fprintf(c, "POST %s/submission HTTP/1.1\r\nHost: x\r\nContent-Type: multipart/form-data; boundary=b\r\nContent-Length: 100000\r\n\r\n--b\r\n", path)
		ended := make(chan struct{})
		go func() {
			for {
				select {
				case <-ended:
					return
				case <-time.After(pause):
					if _, err := c.Write([]byte("x")); err != nil {
						return
					}
				}
			}
		}()
		c.SetReadDeadline(time.Now().Add(10 * time.Second))
		res, err := http.ReadResponse(bufio.NewReader(c), nil)
		if err != nil {
			p.t.Errorf("%s: %v", name, err)
		} else {
			text, _ := io.ReadAll(res.Body)
			p.check(name, res.StatusCode, 408)
			p.envelope(res, string(text))
		}
		close(ended)
		c.Close()
	}
}

// waits: a phone that asks before it sends (Expect: 100-continue) is refused without sending.
func waits(p *phone) {
	c, err := net.Dial("tcp", strings.TrimPrefix(p.base, "http://"))
	p.must(err)
	defer c.Close()
	fmt.Fprintf(c, "POST /v1/key/%s/projects/1/submission HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nContent-Type: multipart/form-data; boundary=b\r\nContent-Length: 50000000\r\n\r\n", strings.Repeat("x", 64))
	c.SetReadDeadline(time.Now().Add(5 * time.Second))
	res, err := http.ReadResponse(bufio.NewReader(c), nil)
	p.must(err)
	p.check("answered without a byte of the body", res.StatusCode, 403)
}

// FuzzParts: whatever is posted is taken apart or refused in words, and the room is given back.
func FuzzParts(f *testing.F) {
	const kind = "multipart/form-data; boundary=b"
	f.Add(kind, []byte("--b\r\nContent-Disposition: form-data; name=\"xml_submission_file\"\r\n\r\n<data/>\r\n--b\r\nContent-Disposition: form-data; name=\"a\"; filename=\"a.jpg\"\r\n\r\nx\r\n--b--"))
	f.Add(kind, []byte("--b\r\nContent-Disposition: form-data; name=\"*isIncomplete*\"\r\n\r\nyes\r\n--b--"))
	f.Add("multipart/form-data", []byte("--\r\n\r\n"))
	f.Add("text/xml", []byte("<data/>"))
	f.Fuzz(func(t *testing.T, kind string, sent []byte) {
		h := &Handler{}
		r := httptest.NewRequest("POST", "/submission", bytes.NewReader(sent))
		r.Header.Set("Content-Type", kind)
		r, in := arriving(httptest.NewRecorder(), r)
		room := &room{h: h}
		body, files, err := parts(r, in, room)
		in.finish()
		room.leave()
		if h.held.Load() != 0 {
			t.Errorf("%d bytes of room are still taken", h.held.Load())
		}
		var part *errPart
		if err != nil && !errors.As(err, &part) && !errors.Is(err, errTooLarge) {
			t.Errorf("refused with %v", err)
		}
		if err == nil && body == nil {
			t.Error("taken without a document")
		}
		for _, f := range files {
			if _, ok := safeName(f.Name); !ok {
				t.Errorf("a file is called %q", f.Name)
			}
		}
	})
}
