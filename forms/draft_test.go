package forms_test

import (
	"bytes"
	"errors"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"aman/forms"
	"aman/node/nodetest"
	"aman/platform/access"
	"aman/platform/store"
)

func TestForms(t *testing.T) {
	nodetest.Each(t, func(t *testing.T, w *nodetest.World) {
		for _, x := range []struct {
			name string
			test func(*testing.T, *nodetest.World)
		}{
			{"projects", projects}, {"a draft becomes a version", draftToVersion}, {"trying a draft out", tryOut}, {"files", media}, {"drafts saved and published at once", draftRace}, {"lists judge", lists},
			{"spreadsheets", spreadsheets}, {"rejected", rejections}, {"deleted forms", deletedForms}, {"archived projects", archived},
		} {
			t.Run(x.name, func(t *testing.T) { x.test(t, w) })
		}
	})
}

func projects(t *testing.T, w *nodetest.World) {
	f := w.Node.Forms
	all, err := f.SaveProject(bg, w.Admin, forms.Project{Name: " For everybody "})
	good(t, err)
	ours, err := f.SaveProject(bg, w.FieldManager, forms.Project{Name: "Ours"})
	good(t, err)
	if all.Name != "For everybody" || all.Org != "" || ours.Org != w.FieldManager.Org || ours.ID == all.ID {
		t.Errorf("%+v %+v", all, ours)
	}
	for who, sub := range map[string]access.Subject{"enumerator": w.Enumerator, "caseworker": w.Caseworker, "data officer": w.DataOfficer, "shelter": w.Shelter} {
		_, err := f.SaveProject(bg, sub, forms.Project{Name: "x"})
		refused(t, who, err)
	}
	_, err = f.SaveProject(bg, w.FieldManager, forms.Project{ID: all.ID, Name: "x"})
	refused(t, "somebody else's project", err)
	_, err = f.SaveProject(bg, w.FieldManager, forms.Project{ID: ours.ID, Name: "x", Org: w.Shelter.Org})
	refused(t, "given to another organisation", err)
	_, err = f.SaveProject(bg, w.FieldManager, forms.Project{Name: "x", Org: w.Shelter.Org})
	refused(t, "made for another organisation", err)
	for _, name := range []string{"", "  ", strings.Repeat("x", 201)} {
		_, err = f.SaveProject(bg, w.Admin, forms.Project{Name: name})
		is(t, "a name", err, forms.ErrProjectName)
	}
	good(t, w.Node.Store.Read(bg, func(tx *store.Tx) error {
		seen := func(sub access.Subject) (out string) {
			list, err := f.Projects(tx, sub)
			good(t, err)
			for _, p := range list {
				out += fmt.Sprint(p.ID, " ")
			}
			return out
		}
		if got := seen(w.Enumerator); got != fmt.Sprint(1, " ", all.ID, " ", ours.ID, " ") {
			t.Errorf("the enumerator sees %s", got)
		}
		if got := seen(w.Shelter); got != fmt.Sprint(1, " ", all.ID, " ") {
			t.Errorf("another organisation sees %s", got)
		}
		_, err := f.Project(tx, w.Shelter, ours.ID)
		refused(t, "another organisation reads it", err)
		_, err = f.Project(tx, w.Admin, 999)
		refused(t, "none", err)
		return nil
	}))
	is(t, "the first project", f.DeleteProject(bg, w.Admin, forms.DefaultProject), forms.ErrProjectUsed)
	_, err = f.SaveDraft(bg, w.FieldManager, forms.Upload{Project: ours.ID, Body: household("p1", "1")})
	good(t, err)
	is(t, "a project with forms", f.DeleteProject(bg, w.FieldManager, ours.ID), forms.ErrProjectUsed)
	good(t, f.DeleteForm(bg, w.FieldManager, ours.ID, "p1"))
	good(t, f.DeleteProject(bg, w.FieldManager, ours.ID))
	refused(t, "twice", f.DeleteProject(bg, w.FieldManager, ours.ID))
}

func ourProject(t *testing.T, w *nodetest.World) int64 {
	t.Helper()
	p, err := w.Node.Forms.SaveProject(bg, w.FieldManager, forms.Project{Name: "Ours"})
	good(t, err)
	return p.ID
}

func draftToVersion(t *testing.T, w *nodetest.World) {
	f, project := w.Node.Forms, ourProject(t, w)
	d, err := f.SaveDraft(bg, w.FieldManager, forms.Upload{Project: project, Body: household("v1", "1")})
	good(t, err)
	if d.Form != "v1" || d.Version != "1" || len(d.Token) != 64 || d.By != w.FieldManager.User || d.Title != "Household 1" {
		t.Errorf("%+v", d)
	}
	form := func() (out forms.Form) {
		good(t, w.Node.Store.Read(bg, func(tx *store.Tx) (err error) { out, err = f.Form(tx, w.FieldManager, project, "v1"); return err }))
		return out
	}
	if x := form(); !x.HasDraft || !x.Published.IsZero() || x.Version != "" || x.Kind != forms.Survey || x.State != forms.Open || x.Title != "Household 1" {
		t.Errorf("%+v", x)
	}
	if _, err := f.Receive(bg, w.Enumerator, visit("v1", "1", "uuid:v1", "", ""), nil); !errors.Is(err, forms.ErrUnknownVersion) && !errors.Is(err, forms.ErrUnknownForm) {
		t.Errorf("an answer to what is not published: %v", err)
	}
	is(t, "dropping the only thing there is", f.DropDraft(bg, w.FieldManager, project, "v1"), forms.ErrOnlyDraft)
	for who, sub := range map[string]access.Subject{"enumerator": w.Enumerator, "caseworker": w.Caseworker, "another organisation": w.Shelter} {
		_, err := f.PublishDraft(bg, sub, project, "v1", "")
		refused(t, who+" publishes", err)
		_, err = f.SaveDraft(bg, sub, forms.Upload{Project: project, Form: "v1", Body: household("v1", "x")})
		refused(t, who+" saves", err)
		good(t, w.Node.Store.Read(bg, func(tx *store.Tx) error {
			_, err = f.DraftOf(tx, sub, project, "v1")
			refused(t, who+" reads the draft", err)
			return nil
		}))
	}
	p, err := f.PublishDraft(bg, w.FieldManager, project, "v1", "")
	good(t, err)
	if x := form(); x.HasDraft || x.Version != "1" || x.Hash != p.Hash || x.Published.IsZero() {
		t.Errorf("%+v", x)
	}
	_, err = f.PublishDraft(bg, w.FieldManager, project, "v1", "")
	is(t, "publishing nothing", err, store.ErrNone)
	_, err = f.StartDraft(bg, w.FieldManager, project, "v1")
	good(t, err)
	_, err = f.PublishDraft(bg, w.FieldManager, project, "v1", "")
	is(t, "the same version again", err, forms.ErrVersionKnown)
	p2, err := f.PublishDraft(bg, w.FieldManager, project, "v1", `2 "& new`)
	good(t, err)
	if p2.Version != `2 "& new` || p2.Hash == p.Hash {
		t.Errorf("%+v", p2)
	}
	good(t, w.Node.Store.Read(bg, func(tx *store.Tx) error {
		list, err := f.Versions(tx, w.Enumerator, project, "v1")
		if err != nil || len(list) != 2 || list[0].Version != `2 "& new` || list[1].Version != "1" {
			t.Errorf("%+v %v", list, err)
		}
		m, err := f.Model(tx, "v1", `2 "& new`)
		if err != nil || m.Version != `2 "& new` {
			t.Errorf("%v", err)
		}
		_, _, err = f.Source(tx, w.FieldManager, project, "v1", "1")
		is(t, "the spreadsheet of what came as XML", err, store.ErrNone)
		return nil
	}))
	for version, want := range map[string]error{"1": nil, "": nil, "9": forms.ErrUnknownVersion} {
		_, err := f.Receive(bg, w.Enumerator, visit("v1", version, "uuid:version"+version, "", "<age>1</age>"), nil)
		is(t, "an answer to version "+version, err, want)
	}
	_, err = f.SaveDraft(bg, w.FieldManager, forms.Upload{Project: project, Body: household("v1", "3")})
	is(t, "a new form with a known id", err, forms.ErrFormTaken)
	_, err = f.SaveDraft(bg, w.Admin, forms.Upload{Body: household("v1", "3")})
	is(t, "in another project", err, forms.ErrFormTaken)
}

// tryOut: test submissions are kept apart, need the token alone, and end with the draft.
func tryOut(t *testing.T, w *nodetest.World) {
	f, project := w.Node.Forms, ourProject(t, w)
	d, err := f.SaveDraft(bg, w.FieldManager, forms.Upload{Project: project, Body: household("t1", "1")})
	good(t, err)
	send := func(id, answers string, files ...forms.File) error {
		_, err := f.Receive(bg, access.Subject{}, visit("t1", "1", id, "", answers), files, forms.ReceiveOptions{Project: project, Draft: true})
		return err
	}
	by := func(token string) (err error) {
		good(t, w.Node.Store.Read(bg, func(tx *store.Tx) error {
			var p int64
			if _, p, err = f.DraftByToken(tx, "t1", token); err == nil && p != project {
				t.Errorf("project %d", p)
			}
			return nil
		}))
		return err
	}
	good(t, by(d.Token))
	for _, token := range []string{"", "x", d.Token + "x", d.Token[1:]} {
		is(t, "another token", by(token), store.ErrNone)
	}
	second, err := f.NewToken(bg, w.FieldManager, project, "t1")
	good(t, err)
	is(t, "the old token", by(d.Token), store.ErrNone)
	good(t, by(second))

	good(t, send("uuid:t1", "<age>1</age><photo>a.jpg</photo>", forms.File{Name: "a.jpg", Body: []byte("a")}))
	good(t, send("uuid:t1", "<age>1</age><photo>a.jpg</photo>"))
	is(t, "other content", send("uuid:t1", "<age>2</age>"), forms.ErrDifferent)
	is(t, "to another project", func() error {
		_, err := f.Receive(bg, access.Subject{}, visit("t1", "1", "uuid:t2", "", ""), nil, forms.ReceiveOptions{Project: 1, Draft: true})
		return err
	}(), forms.ErrUnknownForm)
	lists := func(draft bool) (out []forms.Head) {
		good(t, w.Node.Store.Read(bg, func(tx *store.Tx) (err error) {
			out, err = f.Submissions(tx, w.FieldManager, forms.Filter{Form: "t1", Draft: draft})
			return err
		}))
		return out
	}
	if l := lists(true); len(l) != 1 || l[0].Instance != "uuid:t1" || !l[0].Draft || l[0].Root != "uuid:t1" || l[0].FilesPresent != 1 {
		t.Errorf("%+v", l)
	}
	if len(lists(false)) != 0 {
		t.Error("a test is among the answers")
	}
	_, body, err := f.ReadSubmission(bg, w.FieldManager, project, "t1", forms.DraftInstance("uuid:t1"))
	if err != nil || !bytes.Contains(body, []byte("uuid:t1")) {
		t.Error(err)
	}
	if _, _, err := f.Answers(bg, w.FieldManager, project, "t1", forms.DraftInstance("uuid:t1")); err != nil {
		t.Error(err)
	}
	good(t, f.SetReview(bg, w.FieldManager, project, "t1", forms.DraftInstance("uuid:t1"), forms.Approved))
	_, err = f.PublishDraft(bg, w.FieldManager, project, "t1", "")
	good(t, err)
	is(t, "the token after publishing", by(second), store.ErrNone)
	is(t, "a test after publishing", send("uuid:t3", ""), forms.ErrUnknownForm)
	for _, table := range []string{"submissions WHERE draft = TRUE", "submission_files WHERE submission LIKE 'draft/%'", "submission_chunks WHERE submission LIKE 'draft/%'"} {
		if n := count(t, w, "SELECT count(*) FROM "+table); n != 0 {
			t.Errorf("%d rows are left in %s", n, table)
		}
	}
	// The very instance that was a test is an answer now.
	_, err = f.Receive(bg, w.Enumerator, visit("t1", "1", "uuid:t1", "", "<age>1</age>"), nil)
	good(t, err)
	_, err = f.StartDraft(bg, w.FieldManager, project, "t1")
	good(t, err)
	good(t, send("uuid:t1", "<age>5</age>"))
	good(t, f.DropDraft(bg, w.FieldManager, project, "t1"))
	if len(lists(false)) != 1 || len(lists(true)) != 0 {
		t.Error("dropping the draft took an answer, or left a test")
	}
}

// drawing shows a picture and draws its choices from a file.
func drawing(id, version, choices string) []byte {
	return []byte(`<h:html xmlns="http://www.w3.org/2002/xforms" xmlns:h="http://www.w3.org/1999/xhtml" xmlns:jr="http://openrosa.org/javarosa"><h:head><h:title>D</h:title><model><itext><translation lang="en" default="true()"><text id="q"><value>Where?</value><value form="image">jr://images/map.png</value></text></translation></itext>
<instance><data id="` + id + `" version="` + version + `"><place/><meta><instanceID/></meta></data></instance><instance id="places" src="jr://file-csv/` + choices + `"/><instance id="last" src="jr://instance/last-saved"/>
<bind nodeset="/data/place" type="string"/></model></h:head><h:body><select1 ref="/data/place"><label ref="jr:itext('q')"/><itemset nodeset="instance('places')/root/item"><value ref="name"/><label ref="label"/></itemset></select1></h:body></h:html>`)
}

func media(t *testing.T, w *nodetest.World) {
	f, project := w.Node.Forms, ourProject(t, w)
	_, err := f.SaveDraft(bg, w.FieldManager, forms.Upload{Project: project, Body: drawing("m1", "1", "places.csv")})
	good(t, err)
	list := func(version string) (out string) {
		t.Helper()
		good(t, w.Node.Store.Read(bg, func(tx *store.Tx) error {
			if _, err := f.Media(tx, w.Enumerator, project, "m1", forms.DraftVersion); access.AsRefusal(err) == nil {
				t.Errorf("an enumerator sees the files of a draft: %v", err)
			}
			l, err := f.Media(tx, w.FieldManager, project, "m1", version)
			for _, m := range l {
				out += fmt.Sprintf("%s:%v:%d:%s ", m.Name, m.Exists, m.Size, m.Dataset)
			}
			return err
		}))
		return out
	}
	read := func(version, name string) (body string, err error) {
		good(t, w.Node.Store.Read(bg, func(tx *store.Tx) error {
			var b []byte
			_, b, err = f.Medium(tx, w.FieldManager, project, "m1", version, name)
			body = string(b)
			return nil
		}))
		return body, err
	}
	if got := list(forms.DraftVersion); got != "map.png:false:0: places.csv:false:0: " {
		t.Errorf("expected: %s", got)
	}
	good(t, f.PutMedium(bg, w.FieldManager, project, "m1", "map.png", "image/png", []byte("map")))
	good(t, f.LinkDataset(bg, w.FieldManager, project, "m1", "places.csv", "places"))
	is(t, "a file that nothing names", f.PutMedium(bg, w.FieldManager, project, "m1", "x.png", "", nil), forms.ErrNoMedium)
	refused(t, "an enumerator's file", f.PutMedium(bg, w.Enumerator, project, "m1", "map.png", "", nil))
	if got := list(forms.DraftVersion); got != "map.png:true:3: places.csv:true:0:places " {
		t.Errorf("there: %s", got)
	}
	_, err = f.PublishDraft(bg, w.FieldManager, project, "m1", "")
	good(t, err)
	is(t, "a file of what is published", f.PutMedium(bg, w.FieldManager, project, "m1", "map.png", "", nil), forms.ErrNoDraft)
	_, err = f.SaveDraft(bg, w.FieldManager, forms.Upload{Project: project, Form: "m1", Body: drawing("m1", "2", "towns.csv")})
	good(t, err)
	if got := list(forms.DraftVersion); got != "map.png:true:3: towns.csv:false:0: " {
		t.Errorf("a new draft begins with %s", got)
	}
	good(t, f.PutMedium(bg, w.FieldManager, project, "m1", "map.png", "image/png", []byte("new map")))
	for version, want := range map[string]string{"1": "map", "": "map", forms.DraftVersion: "new map"} {
		if got, err := read(version, "map.png"); err != nil || got != want {
			t.Errorf("the map of %q is %q, %v", version, got, err)
		}
	}
	_, err = read("1", "places.csv")
	is(t, "the file that an entity list stands for", err, store.ErrNone)
	good(t, f.LinkDataset(bg, w.FieldManager, project, "m1", "towns.csv", "towns"))
	good(t, f.LinkDataset(bg, w.FieldManager, project, "m1", "towns.csv", ""))
	good(t, f.DeleteMedium(bg, w.FieldManager, project, "m1", "map.png"))
	if got := list(forms.DraftVersion); got != "map.png:false:0: towns.csv:false:0: " {
		t.Errorf("left: %s", got)
	}
	if n := count(t, w, "SELECT count(*) FROM form_blobs"); n != 1 {
		t.Errorf("%d contents are kept for one file", n)
	}
	good(t, f.DropDraft(bg, w.FieldManager, project, "m1"))
	if got, err := read("", "map.png"); got != "map" || err != nil {
		t.Errorf("dropping a draft took a published file: %q %v", got, err)
	}
}

// draftRace: whatever comes in between, a version holds one draft whole.
func draftRace(t *testing.T, w *nodetest.World) {
	f, project := w.Node.Forms, ourProject(t, w)
	_, err := f.SaveDraft(bg, w.FieldManager, forms.Upload{Project: project, Body: household("race", "0")})
	good(t, err)
	var wg sync.WaitGroup
	var published atomic.Int64
	for i := range 12 {
		wg.Go(func() {
			if _, err := f.SaveDraft(bg, w.FieldManager, forms.Upload{Project: project, Form: "race", Body: household("race", fmt.Sprint("v", i))}); err != nil {
				t.Errorf("saving: %v", err)
			}
		})
		wg.Go(func() {
			_, err := f.PublishDraft(bg, w.FieldManager, project, "race", "")
			switch {
			case err == nil:
				published.Add(1)
			case !errors.Is(err, forms.ErrMoved) && !errors.Is(err, forms.ErrVersionKnown) && !errors.Is(err, store.ErrNone):
				t.Errorf("publishing: %v", err)
			}
		})
	}
	wg.Wait()
	if _, err := f.PublishDraft(bg, w.FieldManager, project, "race", ""); err == nil {
		published.Add(1)
	}
	good(t, w.Node.Store.Read(bg, func(tx *store.Tx) error {
		list, err := f.Versions(tx, w.FieldManager, project, "race")
		if err != nil || int64(len(list)) != published.Load() || len(list) == 0 {
			t.Errorf("%d versions of %d published, %v", len(list), published.Load(), err)
		}
		for _, p := range list {
			_, body, err := f.Definition(tx, "race", p.Version)
			if err != nil || !bytes.Equal(body, household("race", p.Version)) || p.Title != "Household "+p.Version {
				t.Errorf("version %s is not one draft (%v)", p.Version, err)
			}
		}
		return nil
	}))
}

// lists: the files that choices are drawn from are what an answer is judged by.
func lists(t *testing.T, w *nodetest.World) {
	for name, file := range map[string]string{
		"towns.csv": "name,label\nquetta,Quetta\n", "towns.xml": "<root><item><name>quetta</name><label>Quetta</label></item></root>",
		"towns.geojson": `{"type":"FeatureCollection","features":[{"type":"Feature","geometry":{"type":"Point","coordinates":[67,30]},"properties":{"name":"quetta","label":"Quetta"}}]}`,
	} {
		f, project, id := w.Node.Forms, ourProject(t, w), "l-"+name[6:]
		source := map[bool]string{true: "jr://file-csv/", false: "jr://file/"}[strings.HasSuffix(name, ".csv")]
		body := bytes.Replace(drawing(id, "1", name), []byte("jr://file-csv/"), []byte(source), 1)
		_, err := f.SaveDraft(bg, w.FieldManager, forms.Upload{Project: project, Body: body})
		good(t, err)
		test := func(place string) string {
			t.Helper()
			r, err := f.Receive(bg, access.Subject{}, []byte(`<data id="`+id+`" version="1"><place>`+place+`</place><meta><instanceID>uuid:`+fmt.Sprint(w.Clock.Now().UnixMicro())+`</instanceID></meta></data>`), nil, forms.ReceiveOptions{Draft: true})
			good(t, err)
			return r.State
		}
		if test("atlantis") != forms.Received {
			t.Error("an answer is judged by a list that is not there")
		}
		good(t, f.PutMedium(bg, w.FieldManager, project, id, name, "", []byte(file)))
		if test("quetta") != forms.Received || test("atlantis") != forms.Quarantined {
			t.Errorf("%s does not judge", name)
		}
		good(t, f.PutMedium(bg, w.FieldManager, project, id, name, "", []byte(strings.ReplaceAll(file, "quetta", "gwadar"))))
		if test("quetta") != forms.Quarantined || test("gwadar") != forms.Received {
			t.Errorf("another %s does not judge otherwise", name)
		}
		_, err = f.PublishDraft(bg, w.FieldManager, project, id, "")
		good(t, err)
		r, err := f.Receive(bg, w.Enumerator, []byte(`<data id="`+id+`" version="1"><place>atlantis</place><meta><instanceID>uuid:`+id+`</instanceID></meta></data>`), nil)
		if err != nil || r.State != forms.Quarantined {
			t.Errorf("the published %s does not judge: %+v %v", name, r, err)
		}
	}
}

func spreadsheets(t *testing.T, w *nodetest.World) {
	f, project := w.Node.Forms, ourProject(t, w)
	sheet := "| survey |\n|  | type | name | label | bind::aman:class |\n|  | text | ward | Ward | open |\n|  | text | who | Who | |\n|  | select_one s | sex | Sex | health |\n| choices |\n|  | list_name | name | label |\n|  | s | f | F |\n| settings |\n|  | form_title | version | namespaces |\n|  | Wards | 7 | aman=\"http://aman.example/xforms\" |\n"
	d, err := f.SaveDraft(bg, w.FieldManager, forms.Upload{Project: project, FileName: "wards.md", FallbackID: "wards", Body: []byte(sheet), IgnoreWarnings: true})
	good(t, err)
	if d.Form != "wards" || d.Version != "7" || d.Title != "Wards" || d.SourceName != "wards.md" {
		t.Errorf("%+v", d)
	}
	_, err = f.PublishDraft(bg, w.FieldManager, project, "wards", "8")
	good(t, err)
	good(t, w.Node.Store.Read(bg, func(tx *store.Tx) error {
		name, body, err := f.Source(tx, w.FieldManager, project, "wards", "8")
		if err != nil || name != "wards.md" || string(body) != sheet {
			t.Errorf("the spreadsheet is %q, %v", name, err)
		}
		classes, err := f.Classes(tx, "wards", "")
		good(t, err)
		for path, want := range map[string]string{"/data/ward": "open", "/data/who": "identity", "/data/sex": "health"} {
			if got := classes[strings.Replace(path, "/data", "/"+rootOf(classes), 1)]; got != want {
				t.Errorf("%s is %q, want %s", path, got, want)
			}
		}
		return nil
	}))
}

// rootOf is the name of the root element of a form, from the paths of its nodes.
func rootOf(classes map[string]access.Class) string {
	for path := range classes {
		root, _, _ := strings.Cut(path[1:], "/")
		return root
	}
	return ""
}

func rejections(t *testing.T, w *nodetest.World) {
	f, project := w.Node.Forms, ourProject(t, w)
	good(t, func() error {
		_, err := f.SaveDraft(bg, w.FieldManager, forms.Upload{Project: project, Body: household("j1", "1")})
		return err
	}())
	for what, u := range map[string]forms.Upload{
		"nothing": {}, "no form": {Body: []byte("<a/>")}, "half a form": {Body: household("x", "1")[:300]},
		"a sheet with a fault":  {FileName: "x.md", Body: []byte("| survey |\n|  | type | name | label |\n|  | text | a b | A |\n")},
		"the id of another":     {Form: "j1", Body: household("j2", "1")},
		"a circle":              {Body: bytes.Replace(household("x", "1"), []byte("concat('Peace, ', /data/name)"), []byte("/data/greeting + 1"), 1)},
		"a line break in an id": {Body: household("a&#10;b", "1")},
	} {
		u.Project, u.IgnoreWarnings = project, true
		_, err := f.SaveDraft(bg, w.FieldManager, u)
		var r *forms.Rejected
		if !errors.As(err, &r) || len(r.Problems) == 0 || r.WarningsOnly || r.Problems[len(r.Problems)-1].Message == "" {
			t.Errorf("%s: %v", what, err)
		}
	}
	warn := []byte("| survey |\n|  | type | name | label |\n|  | image | a | A |\n|  | text | A | B |\n| settings |\n|  | form_id |\n|  | warned |\n")
	_, err := f.SaveDraft(bg, w.FieldManager, forms.Upload{Project: project, FileName: "x.md", Body: warn})
	var r *forms.Rejected
	if !errors.As(err, &r) || !r.WarningsOnly {
		t.Fatalf("warnings: %v", err)
	}
	d, err := f.SaveDraft(bg, w.FieldManager, forms.Upload{Project: project, FileName: "x.md", Body: warn, IgnoreWarnings: true})
	if err != nil || len(d.Problems) == 0 || d.Problems[0].Severity != "warning" {
		t.Errorf("%+v %v", d.Problems, err)
	}
	newer := bytes.Replace(household("x", "1"), []byte("<model>"), []byte(`<model xmlns:entities="http://www.opendatakit.org/xforms/entities" entities:entities-version="2031.1.0">`), 1)
	_, err = f.SaveDraft(bg, w.FieldManager, forms.Upload{Project: project, Body: newer})
	is(t, "entities of the future", err, forms.ErrTooNew)
}

func deletedForms(t *testing.T, w *nodetest.World) {
	s := newSurvey(t, w, "gone")
	f := w.Node.Forms
	s.sent("uuid:gone", "", "<age>1</age>")
	refused(t, "an enumerator deletes", f.DeleteForm(bg, w.Enumerator, s.project, "gone"))
	good(t, f.DeleteForm(bg, w.FieldManager, s.project, "gone"))
	_, err := s.send("uuid:gone2", "", "<age>1</age>")
	is(t, "an answer to a deleted form", err, forms.ErrUnknownForm)
	good(t, w.Node.Store.Read(bg, func(tx *store.Tx) error {
		_, err := f.Form(tx, w.FieldManager, s.project, "gone")
		refused(t, "a deleted form", err)
		list, err := f.DeletedForms(tx, w.FieldManager, s.project)
		if err != nil || len(list) != 1 || list[0].ID != "gone" || list[0].Deleted.IsZero() {
			t.Errorf("%+v %v", list, err)
		}
		if list, err := f.DeletedForms(tx, w.Enumerator, s.project); err != nil || len(list) != 0 {
			t.Errorf("an enumerator sees %d deleted forms (%v)", len(list), err)
		}
		answers, err := f.Submissions(tx, w.FieldManager, forms.Filter{})
		for _, h := range answers {
			if h.Form == "gone" {
				t.Error("the answers of a deleted form are listed")
			}
		}
		return err
	}))
	_, err = f.SaveDraft(bg, w.FieldManager, forms.Upload{Project: s.project, Body: household("gone", "2")})
	is(t, "its id", err, forms.ErrFormTaken)
	good(t, f.RestoreForm(bg, w.FieldManager, s.project, "gone"))
	same(t, "restored", s.list(forms.Filter{}), "gone")
}

func archived(t *testing.T, w *nodetest.World) {
	s := newSurvey(t, w, "archived")
	listed := func() (n int) {
		good(t, w.Node.Store.Read(bg, func(tx *store.Tx) error {
			list, err := w.Node.Forms.Fillable(tx, w.Enumerator, s.project)
			n = len(list)
			return err
		}))
		return n
	}
	if listed() != 1 {
		t.Error("not listed")
	}
	_, err := w.Node.Forms.SaveProject(bg, w.FieldManager, forms.Project{ID: s.project, Name: "x", Org: w.FieldManager.Org, Archived: true})
	good(t, err)
	if listed() != 0 {
		t.Error("a form of an archived project is listed")
	}
	s.sent("uuid:archived", "", "<age>1</age>") // what was filled before still comes in
}
