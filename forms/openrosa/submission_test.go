package openrosa

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"

	"aman/forms"
	"aman/forms/crypt"
	"aman/forms/entities"
	"aman/platform/store"
)

func headIs204(p *phone) {
	for _, address := range []string{p.at(), p.base + "/v1/projects/1"} {
		q := ""
		if !strings.Contains(address, "key") {
			q = "?st=" + p.token
		}
		res, _ := p.do("HEAD", address+"/submission"+q, nil)
		p.check("HEAD", res.StatusCode, http.StatusNoContent)
		p.headers(res)
	}
}

func submissionParts(p *phone) {
	id := p.id("parts")
	status, _ := p.post(xmlPart(p.filled(id, "1")), part{"a.jpg", "a.jpg", "photo"}, part{"audio", "sound 1.m4a", "sound"})
	p.check("status", status, 201)
	p.check("records", p.count("SELECT count(*) FROM submissions WHERE id = ? AND device = ? AND actor = ?", id, p.device, p.Enumerator.User), 1)
	p.check("files, by their own names", p.count("SELECT count(*) FROM submission_files WHERE submission = ? AND name IN ('a.jpg', 'sound 1.m4a')", id), 2)
	// The XML may be called text/xml or application/xml, and come last.
	id = p.id("last")
	status, _ = p.post(part{"a.jpg", "a.jpg", "photo"}, part{"xml_submission_file", "", p.filled(id, "1")})
	p.check("the XML last and without a name", status, 201)
	for name, parts := range map[string][]part{
		"no XML":             {{"a.jpg", "a.jpg", "x"}},
		"two":                {xmlPart(p.filled(id, "1")), xmlPart(p.filled(id, "1"))},
		"a name with a path": {xmlPart(p.filled(p.id("bad"), "1")), {"a", `..\..\windows\a.jpg`, "x"}},
		"a name of dots":     {xmlPart(p.filled(p.id("bad"), "1")), {"a", "..", "x"}},
		"a long name":        {xmlPart(p.filled(p.id("bad"), "1")), {"a", strings.Repeat("a", 300), "x"}},
		"not XML":            {xmlPart(`{"a": 1}`)},
		"empty":              {xmlPart("")},
		"no form id":         {xmlPart(`<data><meta><instanceID>uuid:r</instanceID></meta></data>`)},
	} {
		status, _ := p.post(parts...)
		p.check(name, status, 400)
	}
	res, text := p.do("POST", "/submission", strings.NewReader(p.filled(p.id("bad"), "1")), "Content-Type", "text/xml")
	p.check("no multipart", res.StatusCode, 400)
	p.envelope(res, text)
	p.check("records of refusals", p.count("SELECT count(*) FROM submissions WHERE id = ?", p.id("bad")), 0)
}

func created(p *phone) {
	status, message := p.post(xmlPart(p.filled(p.id("created"), "1")))
	p.check("status", status, 201)
	p.check("message", message, "Received and safely stored.")
	// What is acknowledged is on disk: another connection to the store sees it.
	p.check("records", p.count("SELECT count(*) FROM submissions WHERE id = ?", p.id("created")), 1)
}

func chunked(p *phone) {
	id := p.id("chunked")
	kind, b := body(xmlPart(p.filled(id, "1")))
	res, _ := p.do("POST", "/submission", struct{ io.Reader }{b}, "Content-Type", kind)
	p.check("status", res.StatusCode, 201)
	p.check("records", p.count("SELECT count(*) FROM submissions WHERE id = ?", id), 1)
}

func split(p *phone) {
	id := p.id("split")
	var files []upload
	for i := range 230 {
		files = append(files, upload{fmt.Sprintf("%d.jpg", i), "image/jpeg", strings.Repeat("x", i+1)})
	}
	c := p.collect()
	_, err := c.submit(p.filled(id, "1"), 0, files...)
	p.must(err)
	posts := 0
	for _, x := range c.asked {
		if x.method == "POST" {
			posts++
		}
	}
	p.check("requests for 230 files", posts, 3)
	p.check("records", p.count("SELECT count(*) FROM submissions WHERE id = ?", id), 1)
	p.check("files", p.count("SELECT count(*) FROM submission_files WHERE submission = ?", id), 230)
	// By size: three files of 2 MB where one request may have 5.
	id = p.id("split by size")
	big := strings.Repeat("0123456789abcdef", 128<<10)
	c = p.collect()
	_, err = c.submit(p.filled(id, "1"), 5<<20, upload{"1", "image/jpeg", big}, upload{"2", "image/jpeg", big}, upload{"3", "image/jpeg", big})
	p.must(err)
	p.check("requests", len(c.asked), 3)
	p.check("records", p.count("SELECT count(*) FROM submissions WHERE id = ?", id), 1)
	p.check("files", p.count("SELECT count(*) FROM submission_files WHERE submission = ?", id), 3)
}

func again(p *phone) {
	id := p.id("again")
	for i, want := range []string{"Received and safely stored.", "This interview was here already. Nothing was changed."} {
		status, message := p.post(xmlPart(p.filled(id, "1")), part{"a.jpg", "a.jpg", "photo"})
		p.check("status", status, 201)
		p.check(fmt.Sprint("time ", i+1), message, want)
	}
	p.check("records", p.count("SELECT count(*) FROM submissions WHERE id = ?", id), 1)
	status, _ := p.post(xmlPart(p.filled(id, "1")), part{"b.jpg", "b.jpg", "a late photo"})
	p.check("with a late file", status, 201)
	p.check("files", p.count("SELECT count(*) FROM submission_files WHERE submission = ?", id), 2)
}

func different(p *phone) {
	id := p.id("different")
	p.post(xmlPart(p.filled(id, "1")))
	status, message := p.post(xmlPart(p.filled(id, "2")), part{"a.jpg", "a.jpg", "photo"})
	p.check("status", status, 409)
	if !strings.Contains(message, "Tell your supervisor") {
		p.t.Errorf("message %q", message)
	}
	p.check("files of it", p.count("SELECT count(*) FROM submission_files WHERE submission = ?", id), 0)
	if h := p.head(id); h.Instance != id || !strings.Contains(p.content(id), "<a>1</a>") {
		p.t.Errorf("%+v", h)
	}
}

// content is what is kept of a survey's submission.
func (p *phone) content(id string) string {
	p.t.Helper()
	_, b, err := p.Node.Forms.ReadSubmission(bg, p.Now(p.FieldManager), 1, p.head(id).Form, id)
	p.must(err)
	return string(b)
}

func deletedOne(p *phone) {
	id := p.id("deleted")
	p.post(xmlPart(p.filled(id, "1")))
	p.must(p.Node.Forms.DeleteSubmission(bg, p.Now(p.FieldManager), 1, surveyID, id))
	status, message := p.post(xmlPart(p.filled(id, "1")))
	p.check("status", status, 409)
	if !strings.Contains(message, "set aside") {
		p.t.Errorf("message %q", message)
	}
}

func noInstance(p *phone) {
	before := p.count("SELECT count(*) FROM submissions")
	for _, x := range []string{`<data id="a form/é" version="1"><a>x</a></data>`, p.filled("", "1"), p.filled("  ", "1")} {
		status, _ := p.post(xmlPart(x))
		p.check(x, status, 400)
	}
	p.check("records", p.count("SELECT count(*) FROM submissions"), before)
}

func atOnce(p *phone) {
	id := p.id("at once")
	var wg sync.WaitGroup
	statuses := make([]int, 16)
	for i := range statuses {
		wg.Go(func() {
			kind, b := body(xmlPart(p.filled(id, "1")), part{"a.jpg", "a.jpg", "photo"})
			res, err := http.Post(p.at()+"/submission", kind, b)
			if err == nil {
				statuses[i] = res.StatusCode
				res.Body.Close()
			}
		})
	}
	wg.Wait()
	for _, s := range statuses {
		p.check("status", s, 201)
	}
	p.check("records", p.count("SELECT count(*) FROM submissions WHERE id = ?", id), 1)
	p.check("files", p.count("SELECT count(*) FROM submission_files WHERE submission = ?", id), 1)
}

func edits(p *phone) {
	edit := func(id, of, answer string) string {
		return strings.Replace(p.filled(id, answer), "</meta>", "<deprecatedID>"+of+"</deprecatedID></meta>", 1)
	}
	one, two, three := p.id("edit1"), p.id("edit2"), p.id("edit3")
	withPhoto := func(x string) string { return strings.Replace(x, "<meta>", "<photo>a.jpg</photo><meta>", 1) }
	p.post(xmlPart(withPhoto(p.filled(one, "1"))), part{"a.jpg", "a.jpg", "photo"})
	status, message := p.post(xmlPart(edit(p.id("e"), p.id("nothing"), "2")))
	p.check("of what is not here", status, 404)
	if !strings.Contains(message, "not on this server") {
		p.t.Errorf("message %q", message)
	}
	status, _ = p.post(xmlPart(withPhoto(edit(two, one, "2"))))
	p.check("an edit", status, 201)
	status, message = p.post(xmlPart(edit(p.id("e"), one, "3")))
	p.check("of what was edited since", status, 409)
	if !strings.Contains(message, "Somebody has corrected") {
		p.t.Errorf("message %q", message)
	}
	status, _ = p.post(xmlPart(edit(three, two, "3")))
	p.check("an edit of the edit", status, 201)
	status, _ = p.post(xmlPart(withPhoto(edit(two, one, "2"))))
	p.check("the first edit sent again", status, 201)
	p.check("current versions", p.count("SELECT count(*) FROM submissions WHERE id IN (?, ?, ?) AND replaced_by = ''", one, two, three), 1)
	var present bool
	p.must(p.Node.Store.Read(bg, func(tx *store.Tx) error {
		list, err := p.Node.Forms.Attachments(tx, p.Now(p.FieldManager), 1, surveyID, two)
		for _, a := range list {
			present = present || a.Name == "a.jpg" && a.Exists
		}
		return err
	}))
	if !present {
		p.t.Error("the photo is not carried over to the edit")
	}
}

func languages(p *phone) {
	id := p.id("languages")
	for lang, want := range map[string]string{"ur": "موصول", "ur-PK,ur;q=0.9,en;q=0.5": "موصول", "id": "Diterima", "in-ID": "Diterima" /* as old Androids say it */, "xx": "Received", "": "Received"} {
		status, text := p.postTo("/submission", []string{"Accept-Language", lang}, xmlPart(p.filled(id+" "+lang, "1")))
		if status != 201 || !strings.Contains(text, want) {
			p.t.Errorf("%q is answered with %d %s", lang, status, text)
		}
	}
	// Every sentence is there in each language, says what to do, and shows no key of a text.
	for _, x := range faults {
		for _, lang := range []string{"en", "ur", "id"} {
			if text := p.h.Texts.T(lang, x.key); text == x.key || !strings.Contains(text, " ") {
				p.t.Errorf("%s in %s is %q", x.key, lang, text)
			}
		}
	}
	for lang, want := range map[string]string{"en": "There is no such form", "ur": "ایسا کوئی فارم نہیں", "id": "tidak ada di server"} {
		status, text := p.postTo("/submission", []string{"Accept-Language", lang}, xmlPart(filled("none", "1", p.id("none"), "1")))
		if status != 404 || !strings.Contains(text, want) {
			p.t.Errorf("%s: %d %s", lang, status, text)
		}
	}
	c := newCollect(p.t, p.base+"/v1/key/"+strings.Repeat("x", 64)+"/projects/1")
	c.lang = "ur"
	if _, err := c.list(""); err == nil || !strings.Contains(err.Error(), "دفتر سے") {
		p.t.Errorf("an unknown token in Urdu: %v", err)
	}
}

func versions(p *phone) {
	p.publish(plainForm("versioned", "1"), nil)
	p.publish(strings.Replace(plainForm("versioned", "2"), ">A<", ">B<", 1), nil)
	for version, want := range map[string]int{"1": 201, "2": 201, "3": 404} {
		status, _ := p.post(xmlPart(filled("versioned", version, p.id("version"+version), "x")))
		p.check("version "+version, status, want)
	}
	p.check("kept with the version it was filled in", p.count("SELECT count(*) FROM submissions WHERE id = ? AND form_version = '1'", p.id("version1")), 1)
}

func closing(p *phone) {
	p.publish(plainForm("shop", "1"), nil)
	p.post(xmlPart(filled("shop", "1", p.id("shop"), "x")))
	p.state("shop", forms.Closing)
	p.check("listed while it closes", p.seen(p.collect(), "shop", "").ID, "")
	status, _ := p.post(xmlPart(filled("shop", "1", p.id("closing"), "x")))
	p.check("while it closes", status, 201)
	p.state("shop", forms.Closed)
	status, message := p.post(xmlPart(filled("shop", "1", p.id("closed"), "x")))
	p.check("when it is closed", status, 409)
	if !strings.Contains(message, "no more submissions") {
		p.t.Errorf("message %q", message)
	}
	status, _ = p.post(xmlPart(filled("shop", "1", p.id("shop"), "x")))
	p.check("one that is here already, sent again", status, 201)
}

func attachments(p *phone) {
	id := p.id("expected")
	x := strings.Replace(p.filled(id, "1"), "<meta>", "<photo>here.jpg</photo><meta>", 1)
	p.post(xmlPart(x))
	list := func() string {
		p.t.Helper()
		var out []string
		p.must(p.Node.Store.Read(bg, func(tx *store.Tx) error {
			list, err := p.Node.Forms.Attachments(tx, p.Now(p.FieldManager), 1, surveyID, id)
			out = nil
			for _, a := range list {
				out = append(out, fmt.Sprint(a.Name, " ", a.Exists, a.Expected))
			}
			return err
		}))
		return strings.Join(out, ", ")
	}
	p.check("before the photo", list(), "here.jpg false true")
	if h := p.head(id); h.FilesExpected != 1 || h.FilesPresent != 0 {
		p.t.Errorf("%+v", h)
	}
	p.post(xmlPart(x), part{"here.jpg", "here.jpg", "photo"}, part{"audit.csv", "audit.csv", "an extra file is kept"})
	p.check("after it", list(), "audit.csv true false, here.jpg true true")
	if h := p.head(id); h.FilesExpected != 1 || h.FilesPresent != 2 && h.FilesPresent != 1 {
		p.t.Errorf("%+v", h)
	}
}

func deviceKept(p *phone) {
	id := p.id("device")
	_, err := p.collect().submit(p.filled(id, "1"), 0)
	p.must(err)
	h := p.head(id)
	p.check("device", h.DeviceName, "collect:Ab3xYz")
	p.check("program", h.Agent, "org.odk.collect.android/v2026.2.1 Dalvik/2.1.0 (Linux; U; Android 9)")
	p.check("token", h.Device, p.device)
	// What a device says of itself is cut, and bears no control characters.
	id = p.id("device2")
	status, _ := p.postTo("/submission?deviceID="+strings.Repeat("x", 5000)+"%00%0a%ff", nil, xmlPart(p.filled(id, "1")))
	p.check("a long deviceID", status, 201)
	if n := p.head(id).DeviceName; len(n) > 255 || strings.ContainsAny(n, "\x00\n") {
		p.t.Errorf("kept as %d bytes", len(n))
	}
}

// secretForm publishes a form with a public key, as a managed key puts it there.
func (p *phone) secretForm(id string) crypt.Managed {
	p.t.Helper()
	m := managedKey()
	form, err := crypt.Inject([]byte(plainForm(id, "1")), m.Public, " encrypted")
	p.must(err)
	f := p.publish(string(form), nil)
	p.check("version", f.Version, "1 encrypted")
	return m
}

const passphrase = "a lamp at the ferry"

var managedKey = sync.OnceValue(func() crypt.Managed {
	m, err := crypt.NewManaged(passphrase, "")
	if err != nil {
		panic(err)
	}
	return m
})

func (p *phone) sendSecret(form, id string, m crypt.Managed) error {
	p.t.Helper()
	public, err := crypt.ParsePublic(m.Public)
	p.must(err)
	version := "1 encrypted"
	envelope, files, err := crypt.Seal(public, form, &version, id, []byte(filled(form, version, id, "hidden answer")), []crypt.File{{Name: "a.jpg", Body: []byte("hidden photo")}})
	p.must(err)
	var up []upload
	for _, f := range files {
		up = append(up, upload{f.Name, "application/octet-stream", string(f.Body)})
	}
	_, err = p.collect().submit(string(envelope), 0, up...)
	return err
}

func encrypted(p *phone) {
	m := p.secretForm("secret")
	id := p.id("secret")
	p.must(p.sendSecret("secret", id, m))
	h := p.head(id)
	if !h.Encrypted || h.FilesExpected != 2 || h.FilesPresent != 2 || h.State != forms.Received {
		p.t.Errorf("%+v", h)
	}
	private, err := m.Unlock(passphrase)
	p.must(err)
	opened, err := crypt.Open(private, []byte(p.content(id)), func(name string) ([]byte, error) {
		var b strings.Builder
		_, err := p.Node.Forms.Attachment(bg, p.Now(p.FieldManager), 1, "secret", id, name, &b)
		return []byte(b.String()), err
	})
	if err != nil || !strings.Contains(string(opened.XML), "hidden answer") || len(opened.Media) != 1 || string(opened.Media[0].Body) != "hidden photo" || opened.Signature != crypt.Valid {
		p.t.Errorf("%+v %v", opened, err)
	}
}

// secretIntake: an interview that waits for a caseworker cannot be one that nobody here can read.
func secretIntake(p *phone) {
	form, err := crypt.Inject([]byte(plainForm("secret intake", "1")), managedKey().Public, " encrypted")
	p.must(err)
	_, err = p.Node.Forms.SaveDraft(bg, p.Now(p.Admin), forms.Upload{Project: 1, Body: form, Kind: forms.Intake, IgnoreWarnings: true})
	if err != nil {
		return // refused when it is uploaded
	}
	_, err = p.Node.Forms.PublishDraft(bg, p.Now(p.Admin), 1, "secret intake", "")
	p.must(err)
	err = p.sendSecret("secret intake", p.id("secret intake"), managedKey())
	var no *refused
	if !errors.As(err, &no) || no.status != 422 || !strings.Contains(no.message, "caseworker") {
		p.t.Errorf("an encrypted interview: %v", err)
	}
}

func managed(p *phone) {
	secretIntake(p)
	p.secretForm("managed")
	body, err := p.collect().fetch(p.seen(p.collect(), "managed", ""))
	p.must(err)
	if !strings.Contains(string(body), `base64RsaPublicKey="`+managedKey().Public+`"`) {
		p.t.Error("the phone does not get the key")
	}
}

func noEntityOfEncrypted(p *phone) {
	admin := p.Now(p.Admin)
	_, err := p.h.Lists.CreateDataset(bg, admin, 1, "hidden_trees", entities.Settings{})
	p.must(err)
	form := strings.Replace(entityForm("secret entities", "2022.1.0", "hidden_trees"), "<model ", "<model ", 1)
	withKey, err := crypt.Inject([]byte(form), managedKey().Public, " encrypted")
	p.must(err)
	p.publish(string(withKey), nil)
	p.must(p.sendSecret("secret entities", p.id("secret entity"), managedKey()))
	p.check("entities", p.entities("hidden_trees"), 0)
}

func (p *phone) entities(dataset string) (n int) {
	p.t.Helper()
	p.must(p.Node.Store.Read(bg, func(tx *store.Tx) (err error) {
		n, err = p.h.Lists.Count(tx, p.Now(p.Supervisor), entities.Query{Project: 1, Dataset: dataset})
		return err
	}))
	return n
}

// entityForm makes an entity of each submission.
func entityForm(id, version, dataset string) string {
	return fmt.Sprintf(`<h:html xmlns="http://www.w3.org/2002/xforms" xmlns:h="http://www.w3.org/1999/xhtml" xmlns:entities="http://www.opendatakit.org/xforms/entities" xmlns:jr="http://openrosa.org/javarosa"><h:head><h:title>E</h:title><model entities:entities-version="%s"><instance><data id="%s" version="1"><a/><meta><instanceID/><entity dataset="%s" create="1" id=""><label/></entity></meta></data></instance><bind nodeset="/data/a" type="string" entities:saveto="kind"/><bind nodeset="/data/meta/entity/@id" type="string"/><bind nodeset="/data/meta/entity/label" type="string" calculate="/data/a"/></model></h:head><h:body><input ref="/data/a"><label>A</label></input></h:body></h:html>`, version, id, dataset)
}

func tooNewEntities(p *phone) {
	for version, taken := range map[string]bool{"2022.1.0": true, "2023.1.0": true, "2024.1.0": true, "2025.1.0": true, "2026.1.0": false, "2099.9.9": false} {
		_, err := p.Node.Forms.SaveDraft(bg, p.Now(p.Admin), forms.Upload{Project: 1, Body: []byte(entityForm("entities "+version, version, "versioned_trees")), IgnoreWarnings: true})
		if (err == nil) != taken {
			p.t.Errorf("entities-version %s: %v", version, err)
		}
	}
	p.publish(entityForm("planting", "2022.1.0", "planted"), nil)
	id := p.id("planted")
	status, _ := p.post(xmlPart(`<data id="planting" version="1"><a>oak</a><meta><instanceID>` + id + `</instanceID><entity xmlns="http://www.opendatakit.org/xforms/entities" dataset="planted" create="1" id="22222222-2222-4222-8222-222222222222"><label>oak</label></entity></meta></data>`))
	p.check("a submission that makes one", status, 201)
	p.check("entities", p.entities("planted"), 1)
}

func publishedOnce(p *phone) {
	p.publish(plainForm("once", "1"), nil)
	p.draft(strings.Replace(plainForm("once", "1"), ">A<", ">B<", 1), nil)
	_, err := p.Node.Forms.PublishDraft(bg, p.Now(p.Admin), 1, "once", "")
	if err == nil || !strings.Contains(err.Error(), "version") {
		p.t.Errorf("the same version twice: %v", err)
	}
	_, err = p.Node.Forms.PublishDraft(bg, p.Now(p.Admin), 1, "once", "2")
	p.must(err)
}

func drafts(p *phone) {
	d := p.draft(strings.ReplaceAll(survey, surveyID, "draft/é"), map[string]string{"points.csv": "name,label\np1,One\n"})
	for _, prefix := range []string{"/v1/test/", "/test/"} {
		c := newCollect(p.t, p.base+prefix+d.Token+"/projects/1/forms/"+escape(d.Form)+"/draft")
		list, err := c.list("")
		p.must(err)
		if len(list) != 1 || list[0].ID != d.Form || list[0].Manifest == "" {
			p.t.Fatalf("%+v", list)
		}
		_, err = c.fetch(list[0])
		p.must(err)
		files, err := c.files(list[0])
		p.must(err)
		p.check("files", len(files), 1)
		id := p.id("draft" + strings.ReplaceAll(prefix, "/", ""))
		x := strings.Replace(filled(d.Form, "1", id, "1"), "<meta>", "<photo>a.jpg</photo><meta>", 1)
		for range 2 {
			_, err = c.submit(x, 0, upload{"a.jpg", "image/jpeg", "photo"})
			p.must(err)
		}
		p.check("real submissions", p.count("SELECT count(*) FROM submissions WHERE form = ? AND draft = FALSE", d.Form), 0)
		if p.count("SELECT count(*) FROM submissions WHERE form = ? AND draft = TRUE", d.Form) == 0 {
			p.t.Error("no test submission is kept")
		}
	}
	p.check("listed to phones", p.seen(p.collect(), d.Form, "").ID, "")
	for name, address := range map[string]string{
		"another token": "/v1/test/" + strings.Repeat("x", len(d.Token)) + "/projects/1/forms/" + escape(d.Form) + "/draft", "another project": "/v1/test/" + d.Token + "/projects/2/forms/" + escape(d.Form) + "/draft",
		"another form": "/v1/test/" + d.Token + "/projects/1/forms/" + escape(surveyID) + "/draft", "no such form": "/v1/test/" + d.Token + "/projects/1/forms/none/draft",
	} {
		for _, ask := range []string{"GET /formList", "HEAD /submission", "POST /submission", "GET .xml", "GET /manifest", "GET /attachments/points.csv"} {
			method, path, _ := strings.Cut(ask, " ")
			res, text := p.do(method, p.base+address+path, nil)
			p.check(name+": "+ask, res.StatusCode, 404)
			if method != "HEAD" {
				p.envelope(res, text)
			}
		}
	}
	// A link that anybody may hold shows no row of an entity list.
	form, _ := p.lists("draft_trees", entities.Settings{})
	again, err := p.Node.Forms.StartDraft(bg, p.Now(p.Admin), 1, form)
	p.must(err)
	c := newCollect(p.t, p.base+"/v1/test/"+again.Token+"/projects/1/forms/"+escape(form)+"/draft")
	p.check("rows for whoever has the link", strings.TrimSpace(string(p.listFile(c, form).body)), "name,label,__version,height")
	// Published: the token is gone, and what was sent to try it out.
	_, err = p.Node.Forms.PublishDraft(bg, p.Now(p.Admin), 1, d.Form, "")
	p.must(err)
	res, _ := p.do("GET", p.base+"/v1/test/"+d.Token+"/projects/1/forms/"+escape(d.Form)+"/draft/formList", nil)
	p.check("after it was published", res.StatusCode, 404)
	p.check("test submissions", p.count("SELECT count(*) FROM submissions WHERE form = ?", d.Form), 0)
	p.check("now phones see it", p.seen(p.collect(), d.Form, "").ID, d.Form)
}
