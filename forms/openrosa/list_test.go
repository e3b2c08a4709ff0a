package openrosa

import (
	"crypto/md5"
	"encoding/hex"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"aman/forms"
	"aman/platform/store"
)

// seen is the form of that id in the list of a phone; blank{} when it is not there.
func (p *phone) seen(c *collect, id, query string) blank {
	p.t.Helper()
	list, err := c.list(query)
	p.must(err)
	if i := slices.IndexFunc(list, func(f blank) bool { return f.ID == id }); i >= 0 {
		return list[i]
	}
	return blank{}
}

func listShape(p *phone) {
	_, err := p.collect().list("") // which checks the root and its namespace
	p.must(err)
	res, text := p.do("HEAD", "/formList", nil)
	p.check("HEAD of the list", res.StatusCode, 200)
	p.check("its body", text, "")
}

func listFields(p *phone) {
	p.publish(plainForm("listed", ""), nil)
	f := p.seen(p.collect(), "listed", "") // which checks id, name and address
	if f.Version != "" || f.Name != "T" || f.Manifest != "" {
		p.t.Errorf("%+v", f)
	}
	if f = p.seen(p.collect(), surveyID, ""); f.Version != "1" || f.Name != "سروے & one" || f.Manifest == "" {
		p.t.Errorf("%+v", f)
	}
}

func hashes(p *phone) {
	p.publish(plainForm("hashed", "1"), nil)
	one := p.seen(p.collect(), "hashed", "")
	body, err := p.collect().fetch(one) // which compares the hash
	p.must(err)
	sum := md5.Sum(body)
	p.check("hash", one.Hash, "md5:"+hex.EncodeToString(sum[:]))
	p.publish(strings.Replace(plainForm("hashed", "2"), ">A<", ">B<", 1), nil)
	two := p.seen(p.collect(), "hashed", "")
	if two.Hash == one.Hash || two.Version != "2" {
		p.t.Errorf("%+v after %+v", two, one)
	}
	_, err = p.collect().fetch(two)
	p.must(err)
}

func listQuestions(p *phone) {
	p.publish(plainForm("many", "1"), nil)
	p.publish(strings.Replace(plainForm("many", "2"), ">A<", ">B<", 1), nil)
	c := p.collect()
	list, err := c.list("?formID=many")
	p.must(err)
	if len(list) != 1 || list[0].ID != "many" || list[0].Version != "2" || list[0].About != "" {
		p.t.Errorf("formID: %+v", list)
	}
	list, err = c.list("?formID=none")
	p.must(err)
	p.check("formID of none", len(list), 0)
	list, err = c.list("?formID=" + url.QueryEscape(surveyID) + "&verbose=true&deviceID=x")
	p.must(err)
	if len(list) != 1 || list[0].About == "" {
		p.t.Errorf("verbose: %+v", list)
	}
	list, err = c.list("?formID=many&listAllVersions=true")
	p.must(err)
	if len(list) != 2 || list[0].Version != "2" || list[1].Version != "1" || list[0].Download == list[1].Download {
		p.t.Errorf("every version: %+v", list)
	}
	for _, f := range list {
		body, err := c.fetch(f)
		if err != nil || !strings.Contains(string(body), `version="`+f.Version+`"`) {
			p.t.Errorf("version %s: %v", f.Version, err)
		}
	}
	p.publish(plainForm("unversioned", ""), nil)
	p.publish(plainForm("unversioned", "1"), nil)
	list, err = c.list("?formID=unversioned&listAllVersions=true")
	p.must(err)
	p.check("versions of a form that began without one", len(list), 2)
	for _, f := range list {
		_, err := c.fetch(f)
		p.must(err)
	}
	res, _ := p.do("GET", "/forms/many/versions/9.xml", nil)
	p.check("a version that is not there", res.StatusCode, 404)
}

func onlyFillable(p *phone) {
	c := p.collect()
	admin := p.Now(p.Admin)
	p.draft(plainForm("drafted", "1"), nil)
	for _, state := range []string{forms.Closing, forms.Closed} {
		p.publish(plainForm("is "+state, "1"), nil)
		p.state("is "+state, state)
	}
	p.publish(plainForm("thrown away", "1"), nil)
	p.must(p.Node.Forms.DeleteForm(bg, admin, 1, "thrown away"))
	p.publish(plainForm("of another office", "1"), nil)
	p.must(p.Node.Forms.SetOffices(bg, admin, 1, "of another office", p.Shelter.Offices))
	p.publish(plainForm("of this office", "1"), nil)
	p.must(p.Node.Forms.SetOffices(bg, admin, 1, "of this office", []string{p.Office}))
	for id, want := range map[string]bool{"drafted": false, "is closing": false, "is closed": false, "thrown away": false, "of another office": false, "of this office": true} {
		p.check("listed: "+id, p.seen(c, id, "").ID == id, want)
		status := map[bool]int{true: 200, false: 404}[want]
		for _, address := range []string{".xml", "/manifest", "/versions/1.xml", "/versions/1/manifest"} {
			res, _ := p.do("GET", "/forms/"+escape(id)+address, nil)
			p.check(id+address, res.StatusCode, status)
		}
	}
	// Somebody of another organisation and office has another list.
	var token string
	p.must(p.Node.Store.Write(bg, func(tx *store.Tx) (err error) {
		_, token, err = p.Node.SignIn.NewDevice(tx, p.DataOfficer.User, p.Office, "Desk")
		return err
	}))
	list, err := newCollect(p.t, p.base+"/v1/key/"+token+"/projects/1").list("")
	p.must(err)
	p.check("forms of somebody who may send none", len(list), 0)
	if status, _ := p.postTo(p.base+"/v1/key/"+token+"/projects/1/submission", nil, xmlPart(p.filled(p.id("desk"), "1"))); status != 403 {
		p.t.Errorf("and a submission of hers: %d", status)
	}
	status, _ := p.post(xmlPart(filled("of another office", "1", p.id("office"), "x")))
	p.check("a submission to a form of another office", status, 403)
}

func idsInAddresses(p *phone) {
	for _, id := range []string{"with space", "a/b/c", "سروے", "a?b#c", "100%", "a.xml", "a+b", "a&b;c"} {
		p.publish(plainForm(strings.ReplaceAll(id, "&", "&amp;"), "v 1/2"), nil)
		for _, c := range []*collect{p.collect(), p.named(p.base)} {
			f := p.seen(c, id, "")
			body, err := c.fetch(f)
			if err != nil || !strings.Contains(string(body), `id="`+strings.ReplaceAll(id, "&", "&amp;")+`"`) {
				p.t.Errorf("%q at %s: %v", id, f.Download, err)
			}
		}
		list, err := p.collect().list("?listAllVersions=true&formID=" + url.QueryEscape(id))
		if err != nil || len(list) != 1 {
			p.t.Errorf("%q: %d versions, %v", id, len(list), err)
		}
	}
}

func (p *phone) get(address string, header ...string) (*http.Response, string) {
	p.t.Helper()
	return p.do("GET", address, nil, header...)
}
