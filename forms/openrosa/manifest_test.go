package openrosa

import (
	"encoding/xml"
	"net/http"
	"slices"
	"strings"

	"aman/forms/entities"
	"aman/platform/access"
	"aman/platform/store"
)

func manifestShape(p *phone) {
	f := p.seen(p.collect(), surveyID, "")
	files, err := p.collect().files(f) // which checks root, namespace, the three fields, the hashes
	p.must(err)
	if len(files) != 1 || files[0].Filename != "points.csv" || files[0].Type != "" || !strings.Contains(string(files[0].body), "p2,Two") {
		p.t.Errorf("%+v: the picture is not uploaded yet and must be left out", files)
	}
	// With the picture, and a name with a space in it.
	picture := "\x89PNG picture"
	p.publish(strings.Replace(strings.ReplaceAll(survey, surveyID, "pictured"), "One", "1", 1), map[string]string{"map 1.png": picture})
	files, err = p.collect().files(p.seen(p.collect(), "pictured", ""))
	p.must(err)
	if len(files) != 1 || files[0].Filename != "map 1.png" || string(files[0].body) != picture {
		p.t.Errorf("%+v", files)
	}
	at := files[0].Download
	res, _ := p.get(at)
	etag := res.Header.Get("ETag")
	if etag == "" || strings.HasPrefix(etag, "W/") {
		p.t.Errorf("ETag %q", etag)
	}
	for header, want := range map[string]int{etag: 304, "W/" + etag: 304, `"a", ` + etag: 304, `"a"`: 200, "*": 304} {
		res, text := p.get(at, "If-None-Match", header)
		p.check("If-None-Match "+header, res.StatusCode, want)
		if want == 304 && text != "" {
			p.t.Errorf("304 with %q", text)
		}
		p.headers(res)
	}
	for _, address := range []string{"/forms/pictured/attachments/none.png", "/forms/pictured/attachments/points.csv", "/forms/pictured/attachments/..%2F..%2Fetc%2Fpasswd", "/forms/none/attachments/x", "/forms/pictured/attachments/map%201.png/integrity"} {
		res, text := p.get(address)
		p.check(address, res.StatusCode, 404)
		p.envelope(res, text)
	}
}

// lists makes an entity list with three trees, and a form that chooses from it.
func (p *phone) lists(name string, s entities.Settings) (form string, ids []string) {
	p.t.Helper()
	admin := p.Now(p.Admin)
	_, err := p.h.Lists.CreateDataset(bg, admin, 1, name, s)
	p.must(err)
	p.must(p.h.Lists.AddProperty(bg, admin, 1, name, "height", access.Sensitive))
	p.must(p.h.Lists.AddProperty(bg, admin, 1, name, "owner", access.Identity))
	made, err := p.h.Lists.Create(bg, p.Now(p.Enumerator), 1, name, []entities.New{
		{Label: "Oak, old", Values: map[string]string{"height": "20", "owner": "Zarmina"}}, {Label: "چنار", Values: map[string]string{"height": "30"}}, {Label: "Fir"}}, "")
	p.must(err)
	for _, e := range made {
		ids = append(ids, e.ID)
	}
	form = "about " + name
	p.draft(strings.ReplaceAll(strings.ReplaceAll(survey, surveyID, form), "points", name), nil)
	p.must(p.Node.Forms.LinkDataset(bg, admin, 1, form, name+".csv", name))
	_, err = p.Node.Forms.PublishDraft(bg, p.Now(p.Admin), 1, form, "")
	p.must(err)
	return form, ids
}

func (p *phone) listFile(c *collect, form string) beside {
	p.t.Helper()
	files, err := c.files(p.seen(c, form, ""))
	p.must(err)
	if i := slices.IndexFunc(files, func(f beside) bool { return f.Type != "" }); i >= 0 {
		return files[i]
	}
	p.t.Fatalf("no entity list beside %s: %+v", form, files)
	return beside{}
}

func entityLists(p *phone) {
	form, _ := p.lists("trees", entities.Settings{})
	f := p.listFile(p.collect(), form) // which asks for integrityUrl
	if f.Type != "entityList" || f.Filename != "trees.csv" || f.Integrity != f.Download+"/integrity" {
		p.t.Errorf("%+v", f)
	}
}

func approvalType(p *phone) {
	form, _ := p.lists("approved", entities.Settings{Approval: true})
	p.check("type", p.listFile(p.collect(), form).Type, "approvalEntityList")
}

func entityHashes(p *phone) {
	form, ids := p.lists("hashed_trees", entities.Settings{})
	seen := map[string]string{}
	differs := func(after string) {
		p.t.Helper()
		h := p.listFile(p.collect(), form).Hash
		if was, ok := seen[h]; ok {
			p.t.Errorf("after %s the hash is as after %s", after, was)
		}
		seen[h] = after
		p.check("the hash is steady", p.listFile(p.collect(), form).Hash, h)
	}
	sub := p.Now(p.Supervisor)
	differs("making it")
	label := "Fir, felled"
	_, err := p.h.Lists.Update(bg, sub, 1, "hashed_trees", ids[2], entities.Change{Label: &label, Force: true})
	p.must(err)
	differs("a change")
	_, err = p.h.Lists.Create(bg, p.Now(p.Enumerator), 1, "hashed_trees", []entities.New{{Label: "Elm"}}, "")
	p.must(err)
	differs("a new one")
	p.must(p.h.Lists.Delete(bg, sub, 1, "hashed_trees", ids[0]))
	differs("a deletion")
	// A list for oneself alone: two phones carry different rows.
	own, _ := p.lists("own_trees", entities.Settings{OwnOnly: true})
	var token string
	p.must(p.Node.Store.Write(bg, func(tx *store.Tx) (err error) {
		_, token, err = p.Node.SignIn.NewDevice(tx, p.Caseworker.User, p.Office, "Another phone")
		return err
	}))
	mine := p.listFile(p.collect(), own)
	theirs := p.listFile(newCollect(p.t, p.base+"/v1/key/"+token+"/projects/1"), own)
	if mine.Hash == theirs.Hash || strings.Count(string(mine.body), "\n") != 4 || strings.Count(string(theirs.body), "\n") != 1 {
		p.t.Errorf("mine %s\n%s\ntheirs %s\n%s", mine.Hash, mine.body, theirs.Hash, theirs.body)
	}
}

func entityCSV(p *phone) {
	form, ids := p.lists("csv_trees", entities.Settings{})
	f := p.listFile(p.collect(), form)
	rows := strings.Split(strings.TrimSpace(string(f.body)), "\n")
	if strings.TrimSpace(rows[0]) != "name,label,__version,height" || len(rows) != 4 {
		p.t.Errorf("%q", rows)
	}
	for _, want := range []string{ids[0] + `,"Oak, old",1,20`, ids[1] + `,چنار,1,30`, ids[2] + `,Fir,1,`} {
		if !slices.Contains(rows, want) {
			p.t.Errorf("no row %q in %q", want, rows)
		}
	}
	if strings.Contains(string(f.body), "Zarmina") {
		p.t.Error("a name goes to a phone")
	}
	res, _ := p.get(f.Download)
	etag := res.Header.Get("ETag")
	p.check("ETag and hash", "md5:"+strings.Trim(etag, `"`), f.Hash)
	p.check("content type", res.Header.Get("Content-Type"), "text/csv; charset=utf-8")
	res, text := p.get(f.Download, "If-None-Match", etag)
	p.check("not modified", res.StatusCode, 304)
	p.check("its body", text, "")
	p.must(p.h.Lists.Delete(bg, p.Now(p.Supervisor), 1, "csv_trees", ids[1]))
	res, text = p.get(f.Download, "If-None-Match", etag)
	if res.StatusCode != 200 || strings.Contains(text, ids[1]) {
		p.t.Errorf("after a deletion: %d %s", res.StatusCode, text)
	}
}

func entityIntegrity(p *phone) {
	form, ids := p.lists("integrity_trees", entities.Settings{})
	p.must(p.h.Lists.Delete(bg, p.Now(p.Supervisor), 1, "integrity_trees", ids[1]))
	f := p.listFile(p.collect(), form)
	ask := func(q string) (out map[string]string) {
		p.t.Helper()
		res, text := p.get(f.Integrity + q)
		p.check("integrity"+q, res.StatusCode, 200)
		p.check("content type", res.Header.Get("Content-Type"), "text/xml; charset=utf-8")
		var got struct {
			XMLName  xml.Name `xml:"data"`
			Entities []struct {
				ID      string `xml:"id,attr"`
				Deleted string `xml:"deleted"`
			} `xml:"entities>entity"`
		}
		p.must(xml.Unmarshal([]byte(text), &got))
		out = map[string]string{}
		for _, e := range got.Entities {
			out[e.ID] = e.Deleted
		}
		return out
	}
	got := ask("?id=" + ids[0] + "," + ids[1])
	if len(got) != 2 || got[ids[0]] != "false" || got[ids[1]] != "true" {
		p.t.Errorf("%v", got)
	}
	none := "11111111-1111-4111-8111-111111111111"
	if got = ask("?id=" + none); got[none] == "false" {
		p.t.Errorf("of one that is not there: %v", got)
	}
	ask("")
	res, text := p.get(f.Integrity + "?id=" + strings.Repeat("x,", idsMost+1))
	if res.StatusCode == http.StatusOK {
		p.t.Error("any number of ids is answered")
	}
	if res.StatusCode == 400 {
		p.envelope(res, text)
	}
}
