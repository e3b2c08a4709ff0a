package forms_test

import (
	"bytes"
	"database/sql"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"aman/forms"
	"aman/forms/xform"
	"aman/node/nodetest"
	"aman/platform/access"
	"aman/platform/store"
	"aman/platform/vault"
	"aman/registry"
)

// household is a survey with a text, a choice, a number, a picture, and a sentence that is
// calculated of the text.
func household(id, version string) []byte {
	return []byte(`<h:html xmlns="http://www.w3.org/2002/xforms" xmlns:h="http://www.w3.org/1999/xhtml"><h:head><h:title>Household ` + version + `</h:title><model><instance><data id="` + id + `" version="` + version + `"><name/><sex/><age/><photo/><greeting/><meta><instanceID/><instanceName/></meta></data></instance>
<bind nodeset="/data/name" type="string"/><bind nodeset="/data/sex" type="string"/><bind nodeset="/data/age" type="int" constraint=". &lt; 130"/><bind nodeset="/data/photo" type="binary"/><bind nodeset="/data/greeting" type="string" calculate="concat('Peace, ', /data/name)"/></model></h:head>
<h:body><input ref="/data/name"><label>Name</label></input><select1 ref="/data/sex"><label>Sex</label><item><label>F</label><value>f</value></item><item><label>M</label><value>m</value></item></select1><input ref="/data/age"><label>Age</label></input><upload ref="/data/photo" mediatype="image/*"><label>Photo</label></upload></h:body></h:html>`)
}

// visit is a filled household.
func visit(form, version, id, replaces, answers string) []byte {
	edit := ""
	if replaces != "" {
		edit = "<deprecatedID>" + replaces + "</deprecatedID>"
	}
	return []byte(`<data id="` + form + `" version="` + version + `">` + answers + `<meta><instanceID>` + id + `</instanceID>` + edit + `<instanceName>Visit of ` + secret + `</instanceName></meta></data>`)
}

// survey is a world with a published survey in a project of its own.
type survey struct {
	*nodetest.World
	t       *testing.T
	project int64
	form    string
}

func newSurvey(t *testing.T, w *nodetest.World, form string) *survey {
	t.Helper()
	p, err := w.Node.Forms.SaveProject(bg, w.FieldManager, forms.Project{Name: "Survey " + form})
	good(t, err)
	_, err = w.Node.Forms.SaveDraft(bg, w.FieldManager, forms.Upload{Project: p.ID, Body: household(form, "1")})
	good(t, err)
	_, err = w.Node.Forms.PublishDraft(bg, w.FieldManager, p.ID, form, "")
	good(t, err)
	return &survey{w, t, p.ID, form}
}

func (s *survey) send(id, replaces, answers string, files ...forms.File) (forms.Result, error) {
	return s.Node.Forms.Receive(bg, s.Enumerator, visit(s.form, "1", id, replaces, answers), files, forms.ReceiveOptions{DeviceName: "phone 7", Agent: "Collect"})
}

func (s *survey) sent(id, replaces, answers string, files ...forms.File) {
	s.t.Helper()
	if _, err := s.send(id, replaces, answers, files...); err != nil {
		s.t.Fatal(err)
	}
}

func (s *survey) list(f forms.Filter) (out []string) {
	s.t.Helper()
	for _, h := range s.heads(s.FieldManager, f) {
		out = append(out, strings.TrimPrefix(h.Instance, "uuid:"))
	}
	return out
}

func (s *survey) heads(sub access.Subject, f forms.Filter) (out []forms.Head) {
	s.t.Helper()
	f.Project, f.Form = s.project, s.form
	good(s.t, s.Node.Store.Read(bg, func(tx *store.Tx) (err error) {
		if out, err = s.Node.Forms.Submissions(tx, sub, f); err != nil {
			return err
		}
		n, err := s.Node.Forms.CountSubmissions(tx, sub, f)
		if f.Limit == 0 && f.Offset == 0 && f.After == (forms.Cursor{}) && n != len(out) {
			s.t.Errorf("%d listed, %d counted", len(out), n)
		}
		return err
	}))
	return out
}

func same(t *testing.T, what string, got []string, want string) {
	t.Helper()
	if strings.Join(got, " ") != want {
		t.Errorf("%s: %v, want %s", what, got, want)
	}
}

func refused(t *testing.T, what string, err error) {
	t.Helper()
	if access.AsRefusal(err) == nil {
		t.Errorf("%s: %v, want a refusal", what, err)
	}
}

func is(t *testing.T, what string, err, want error) {
	t.Helper()
	if !errors.Is(err, want) {
		t.Errorf("%s: %v, want %v", what, err, want)
	}
}

func TestSurveys(t *testing.T) {
	nodetest.Each(t, func(t *testing.T, w *nodetest.World) {
		for i, x := range []struct {
			name string
			test func(*survey)
		}{
			{"who sees answers", whoSees}, {"filters", filters}, {"a chain of edits", chain}, {"attachments named and carried over", carried}, {"review and comments", reviewing},
			{"deleted and restored", deleted}, {"erased", erased}, {"offices", offices}, {"quarantined", misfits}, {"encrypted", encrypted}, {"hooks", hooks}, {"two at once", atOnce},
			{"streamed", streamed}, {"closed on another node", otherNode}, {"without an id", noID}, {"hostile", hostile},
		} {
			t.Run(x.name, func(t *testing.T) { s := newSurvey(t, w, fmt.Sprint("s", i)); s.t = t; x.test(s) })
		}
	})
}

// whoSees: the answers of a survey are for who keeps surveys in that organisation. They are
// in no intake queue, and a caseworker or administrator sees none of them.
func whoSees(s *survey) {
	s.sent("uuid:w1", "", "<name>"+secret+"</name><sex>f</sex><age>30</age>")
	f := s.Node.Forms
	h, body, err := f.ReadSubmission(bg, s.FieldManager, s.project, s.form, "uuid:w1")
	if err != nil || !bytes.Contains(body, []byte(secret)) || h.InstanceName != "Visit of "+secret || h.DeviceName != "phone 7" || h.Agent != "Collect" || h.State != forms.Received || h.Kind != forms.Survey {
		s.t.Errorf("%+v %v", h, err)
	}
	h, answers, err := f.Answers(bg, s.DataOfficer, s.project, s.form, "uuid:w1")
	good(s.t, err)
	shown := map[string]string{}
	for _, a := range answers {
		shown[a.Name] = a.Value
		if a.Hidden != (a.Value == "") || a.Hidden != forms.Hidden(a.Class) {
			s.t.Errorf("%+v", a)
		}
	}
	if shown["sex"] != "f" || shown["age"] != "30" || shown["name"] != "" || shown["instanceName"] != "" || h.InstanceName != "" {
		s.t.Errorf("shown %v %q", shown, h.InstanceName)
	}
	if n := count(s.t, s.World, "SELECT count(*) FROM audit WHERE object = 'uuid:w1' AND action IN ('submission.unseal', 'submission.read')"); n != 2 {
		s.t.Errorf("%d audit entries, want 2", n)
	}
	for who, sub := range map[string]access.Subject{"caseworker": s.Caseworker, "supervisor": s.Supervisor, "enumerator": s.Enumerator, "administrator": s.Admin, "shelter": s.Shelter} {
		_, _, err := f.ReadSubmission(bg, sub, s.project, s.form, "uuid:w1")
		refused(s.t, who+" reads", err)
		_, _, err = f.Answers(bg, sub, s.project, s.form, "uuid:w1")
		refused(s.t, who+" reads without names", err)
		_, _, err = f.Open(bg, sub, "uuid:w1")
		refused(s.t, who+" opens it as an intake", err)
		refused(s.t, who+" exports", f.EachSubmission(bg, sub, forms.Filter{Project: s.project, Form: s.form}, "table", func(forms.Head, []byte) error { return nil }))
		if who != "shelter" {
			if l := s.heads(sub, forms.Filter{}); len(l) != 0 {
				s.t.Errorf("%s lists %d", who, len(l))
			}
		}
	}
	_, _, err = f.ReadSubmission(bg, s.DataOfficer, s.project, s.form, "uuid:w1")
	refused(s.t, "the data officer reads names", err)
	refused(s.t, "the data officer exports names", f.EachSubmission(bg, s.DataOfficer, forms.Filter{Form: s.form, Names: true}, "table", func(forms.Head, []byte) error { return nil }))
	refused(s.t, "the data officer reviews", f.SetReview(bg, s.DataOfficer, s.project, s.form, "uuid:w1", forms.Approved))
	good(s.t, s.Node.Store.Read(bg, func(tx *store.Tx) error {
		_, err := f.Form(tx, s.Shelter, s.project, s.form)
		refused(s.t, "another organisation sees the form", err)
		_, err = f.Submissions(tx, s.Shelter, forms.Filter{Form: s.form})
		refused(s.t, "another organisation lists its answers", err)
		q, err := f.Queue(tx, s.Now(s.Caseworker), 100, 0, forms.Received)
		if err != nil || slices.ContainsFunc(q, func(h forms.Head) bool { return h.Instance == "uuid:w1" }) {
			s.t.Errorf("it waits in the queue (%v)", err)
		}
		fm, err := f.Form(tx, s.FieldManager, 0, s.form)
		if err != nil || fm.Submissions != 1 || fm.Last.IsZero() {
			s.t.Errorf("%+v %v", fm, err)
		}
		return nil
	}))
	// An intake is no answer, whoever asks.
	_, err = f.Submit(bg, s.Enumerator, intake("uuid:w2", "<data>"+secret+"</data>"), nil)
	good(s.t, err)
	_, _, err = f.ReadSubmission(bg, s.FieldManager, 0, "htcds_xlsform", "uuid:w2")
	refused(s.t, "the field manager reads an intake", err)
	_, _, err = f.Open(bg, s.FieldManager, "uuid:w2")
	refused(s.t, "the field manager opens an intake", err)
	err = f.EachSubmission(bg, s.FieldManager, forms.Filter{Names: true}, "table", func(h forms.Head, _ []byte) error {
		if h.Kind != forms.Survey {
			s.t.Errorf("an export holds %+v", h)
		}
		return nil
	})
	good(s.t, err)
}

func filters(s *survey) {
	marks := []time.Time{}
	for i := range 5 {
		marks = append(marks, s.Clock.Now())
		s.sent(fmt.Sprint("uuid:f", i), "", "<age>"+fmt.Sprint(i)+"</age>")
	}
	f := s.Node.Forms
	good(s.t, f.SetReview(bg, s.FieldManager, s.project, s.form, "uuid:f1", forms.Approved))
	good(s.t, f.SetReview(bg, s.FieldManager, s.project, s.form, "uuid:f2", forms.HasIssues))
	s.sent("uuid:f3b", "uuid:f3", "<age>33</age>")
	s.sent("uuid:f9", "", "<age>999</age>")
	for _, x := range []struct {
		what string
		f    forms.Filter
		want string
	}{
		{"all, in the order in which their first versions came", forms.Filter{}, "f0 f1 f2 f3b f4 f9"},
		{"newest first", forms.Filter{Newest: true}, "f9 f4 f3b f2 f1 f0"},
		{"a page", forms.Filter{Limit: 2, Offset: 1}, "f1 f2"},
		{"the rest", forms.Filter{Offset: 4}, "f4 f9"},
		{"every version", forms.Filter{Replaced: true}, "f0 f1 f2 f3 f3b f4 f9"},
		{"between", forms.Filter{From: marks[1], To: marks[4]}, "f1 f2 f3b"},
		{"touched since", forms.Filter{UpdatedFrom: marks[4]}, "f1 f2 f3b f4 f9"},
		{"not touched since", forms.Filter{UpdatedTo: marks[4]}, "f0"},
		{"by ids of any version", forms.Filter{Instances: []string{"uuid:f3", "uuid:f0", "uuid:none"}}, "f0 f3b"},
		{"by the newest id", forms.Filter{Instances: []string{"uuid:f3b"}}, "f3b"},
		{"by no id", forms.Filter{Instances: []string{}}, ""},
		{"approved or with issues", forms.Filter{Reviews: []string{forms.Approved, forms.HasIssues}}, "f1 f2"},
		{"not looked at", forms.Filter{Reviews: []string{forms.Unreviewed}}, "f0 f4 f9"},
		{"edited", forms.Filter{Reviews: []string{forms.Edited}}, "f3b"},
		{"not fitting", forms.Filter{States: []string{forms.Quarantined}}, "f9"},
		{"of nobody", forms.Filter{Submitter: s.Caseworker.User}, ""},
		{"of the enumerator", forms.Filter{Submitter: s.Enumerator.User, Limit: 1}, "f0"},
		{"deleted", forms.Filter{Deleted: true}, ""},
		{"tests", forms.Filter{Draft: true}, ""},
		{"a hostile id", forms.Filter{Instances: []string{"') OR 1=1 --"}}, ""},
	} {
		same(s.t, x.what, s.list(x.f), x.want)
	}
	for _, newest := range []bool{false, true} {
		var got []string
		var after forms.Cursor
		for {
			page := s.heads(s.FieldManager, forms.Filter{Newest: newest, Limit: 2, After: after})
			if len(page) == 0 {
				break
			}
			for _, h := range page {
				got = append(got, strings.TrimPrefix(h.Instance, "uuid:"))
			}
			after = page[len(page)-1].Cursor()
		}
		want := "f0 f1 f2 f3b f4 f9"
		if newest {
			want = "f9 f4 f3b f2 f1 f0"
		}
		same(s.t, fmt.Sprint("page by page, newest first ", newest), got, want)
	}
}

func chain(s *survey) {
	f := s.Node.Forms
	s.sent("uuid:a", "", "<age>1</age>")
	good(s.t, f.SetReview(bg, s.FieldManager, s.project, s.form, "uuid:a", forms.Approved))
	s.sent("uuid:b", "uuid:a", "<age>2</age>")
	s.sent("uuid:b", "uuid:a", "<age>2</age>") // sent again
	s.sent("uuid:c", "uuid:b", "<age>3</age>")
	_, err := s.send("uuid:d", "uuid:a", "<age>4</age>")
	is(s.t, "an edit of an earlier version", err, forms.ErrNoEdit)
	if errors.Is(err, forms.ErrNothingToEdit) {
		s.t.Error("an edit of an earlier version is told that there is nothing")
	}
	_, err = s.send("uuid:d", "uuid:none", "<age>4</age>")
	is(s.t, "an edit of nothing", err, forms.ErrNothingToEdit)
	_, err = s.send("uuid:d", "uuid:d", "<age>4</age>")
	is(s.t, "an edit of itself", err, forms.ErrNothingToEdit)
	good(s.t, s.Node.Store.Read(bg, func(tx *store.Tx) error {
		for _, id := range []string{"uuid:a", "uuid:b", "uuid:c"} {
			h, err := f.Current(tx, s.FieldManager, s.project, s.form, id)
			if err != nil || h.Instance != "uuid:c" || h.Root != "uuid:a" || h.Edits != 2 || h.Review != forms.Edited || h.Office != s.Office || h.First.After(h.At) {
				s.t.Errorf("the newest of %s is %+v, %v", id, h, err)
			}
			all, err := f.Edits(tx, s.FieldManager, s.project, s.form, id)
			var ids []string
			for _, h := range all {
				ids = append(ids, h.Instance)
			}
			if err != nil || strings.Join(ids, " ") != "uuid:c uuid:b uuid:a" || all[2].Review != forms.Approved || all[0].First != all[2].At {
				s.t.Errorf("versions of %s: %v %v", id, ids, err)
			}
		}
		return nil
	}))
	// A field manager edits what another office sent; it stays there.
	_, err = f.Receive(bg, s.FieldManager, visit(s.form, "1", "uuid:e", "uuid:c", "<age>5</age>"), nil)
	good(s.t, err)
	if n := count(s.t, s.World, "SELECT count(*) FROM submissions WHERE id = 'uuid:e' AND office = ? AND actor = ?", s.Office, s.FieldManager.User); n != 1 {
		s.t.Error("the edit is not in the office of what it edits")
	}
	_, err = f.Receive(bg, s.Shelter, visit(s.form, "1", "uuid:x", "uuid:e", "<age>5</age>"), nil)
	is(s.t, "an edit from another organisation", err, forms.ErrUnknownForm)
	_, err = f.Receive(bg, s.Shelter, visit(s.form, "1", "uuid:x", "", "<age>5</age>"), nil)
	is(s.t, "an answer from another organisation", err, forms.ErrUnknownForm)
	// Of many edits of one version at once, one counts.
	var wg sync.WaitGroup
	errs := make([]error, 8)
	for i := range errs {
		wg.Go(func() { _, errs[i] = s.send(fmt.Sprint("uuid:g", i), "uuid:e", "<age>6</age>") })
	}
	wg.Wait()
	won := 0
	for _, err := range errs {
		if err == nil {
			won++
		} else if !errors.Is(err, forms.ErrNoEdit) {
			s.t.Errorf("a late one is told %v", err)
		}
	}
	if won != 1 || len(s.list(forms.Filter{})) != 1 {
		s.t.Errorf("%d edits of one version counted, %v listed", won, s.list(forms.Filter{}))
	}
}

func carried(s *survey) {
	f := s.Node.Forms
	big := bytes.Repeat([]byte("0123456789abcdef"), 40<<10)
	names := func(instance string) (out []string) {
		s.t.Helper()
		good(s.t, s.Node.Store.Read(bg, func(tx *store.Tx) error {
			list, err := f.Attachments(tx, s.FieldManager, s.project, s.form, instance)
			for _, a := range list {
				out = append(out, fmt.Sprintf("%s:%d:%v:%v", a.Name, a.Size, a.Exists, a.Expected))
			}
			return err
		}))
		return out
	}
	read := func(instance, name string) string {
		s.t.Helper()
		var b bytes.Buffer
		_, err := f.Attachment(bg, s.FieldManager, s.project, s.form, instance, name, &b)
		good(s.t, err)
		return b.String()
	}
	present := func(instance string, present, expected int) {
		s.t.Helper()
		h := s.heads(s.FieldManager, forms.Filter{Instances: []string{instance}, Replaced: true})
		for _, h := range h {
			if h.Instance == instance && (h.FilesPresent != present || h.FilesExpected != expected) {
				s.t.Errorf("%s: %d of %d files, want %d of %d", instance, h.FilesPresent, h.FilesExpected, present, expected)
			}
		}
	}
	s.sent("uuid:p1", "", "<photo>a.jpg</photo>")
	same(s.t, "expected", names("uuid:p1"), "a.jpg:0:false:true")
	present("uuid:p1", 0, 1)
	_, err := f.Attachment(bg, s.FieldManager, s.project, s.form, "uuid:p1", "a.jpg", io.Discard)
	is(s.t, "a file that did not come", err, store.ErrNone)
	s.sent("uuid:p1", "", "<photo>a.jpg</photo>", forms.File{Name: "a.jpg", MediaType: "image/jpeg", Body: big}, forms.File{Name: "extra.txt", Body: []byte("x")})
	same(s.t, "it came", names("uuid:p1"), "a.jpg:655360:true:true extra.txt:1:true:false")
	present("uuid:p1", 1, 1)
	s.sent("uuid:p1", "", "<photo>a.jpg</photo>", forms.File{Name: "a.jpg", Body: []byte("another")})
	if read("uuid:p1", "a.jpg") != string(big) {
		s.t.Error("the first copy does not stand")
	}
	s.sent("uuid:p2", "uuid:p1", "<age>3</age><photo>a.jpg</photo>")
	s.sent("uuid:p3", "uuid:p2", "<age>4</age><photo>a.jpg</photo>")
	same(s.t, "carried over twice", names("uuid:p3"), "a.jpg:655360:true:true")
	present("uuid:p3", 1, 1)
	if read("uuid:p3", "a.jpg") != string(big) {
		s.t.Error("what was carried over is not what was sent")
	}
	s.sent("uuid:p3", "uuid:p2", "<age>4</age><photo>a.jpg</photo>", forms.File{Name: "a.jpg", Body: []byte("new")})
	if read("uuid:p3", "a.jpg") != "new" || read("uuid:p2", "a.jpg") != string(big) {
		s.t.Error("a file that came with the edit does not take the place of the one carried over, or takes it in older versions too")
	}
	good(s.t, f.PutAttachment(bg, s.FieldManager, s.project, s.form, "uuid:p1", "a.jpg", "image/png", []byte("put")))
	if read("uuid:p3", "a.jpg") != "put" || read("uuid:p1", "a.jpg") != string(big) {
		s.t.Error("what a person puts there does not stand, or changes older versions")
	}
	refused(s.t, "a data officer's look at a picture", func() error {
		_, err := f.Attachment(bg, s.DataOfficer, s.project, s.form, "uuid:p3", "a.jpg", io.Discard)
		return err
	}())
	for _, x := range []string{"../../etc/passwd", "a\nb", strings.Repeat("x", 300)} {
		s.sent("uuid:h"+fmt.Sprint(len(x)), "", "<photo>"+x+"</photo>")
	}
	same(s.t, "a name that leads elsewhere", names("uuid:h16"), "passwd:0:false:true")
	same(s.t, "a name of two lines", names("uuid:h3"), "")
	same(s.t, "a name without end", names("uuid:h300"), "")
}

func reviewing(s *survey) {
	f := s.Node.Forms
	s.sent("uuid:r1", "", "<age>1</age>")
	is(s.t, "a state that does not exist", f.SetReview(bg, s.FieldManager, s.project, s.form, "uuid:r1", "splendid"), forms.ErrReview)
	is(s.t, "edited is nobody's to set", f.SetReview(bg, s.FieldManager, s.project, s.form, "uuid:r1", forms.Edited), forms.ErrReview)
	good(s.t, f.SetReview(bg, s.FieldManager, s.project, s.form, "uuid:r1", forms.HasIssues))
	c, err := f.AddComment(bg, s.FieldManager, s.project, s.form, "uuid:r1", "  Ask "+secret+" again ")
	good(s.t, err)
	s.sent("uuid:r2", "uuid:r1", "<age>2</age>")
	_, err = f.AddComment(bg, s.FieldManager, s.project, s.form, "uuid:r1", "second")
	good(s.t, err)
	_, err = f.AddComment(bg, s.FieldManager, s.project, s.form, "uuid:r1", " ")
	is(s.t, "an empty comment", err, forms.ErrComment)
	_, err = f.AddComment(bg, s.Enumerator, s.project, s.form, "uuid:r1", "x")
	refused(s.t, "an enumerator's comment", err)
	good(s.t, s.Node.Store.Read(bg, func(tx *store.Tx) error {
		list, err := f.Comments(tx, s.FieldManager, s.project, s.form, "uuid:r2")
		if err != nil || len(list) != 2 || list[0].Text != "second" || list[1].Text != "Ask "+secret+" again" || list[1].ID != c.ID || list[1].By != s.FieldManager.User {
			s.t.Errorf("%+v %v", list, err)
		}
		_, err = f.Comments(tx, s.DataOfficer, s.project, s.form, "uuid:r2")
		refused(s.t, "the data officer reads comments", err)
		var raw []byte
		if err := tx.Row("SELECT body FROM submission_comments WHERE id = ?", c.ID).Scan(&raw); err != nil || bytes.Contains(raw, []byte("Ask")) {
			s.t.Errorf("a comment is kept in clear (%v)", err)
		}
		return nil
	}))
	good(s.t, f.SetReview(bg, s.FieldManager, s.project, s.form, "uuid:r1", forms.Refused)) // of the newest, whichever is named
	if h := s.heads(s.FieldManager, forms.Filter{})[0]; h.Instance != "uuid:r2" || h.Review != forms.Refused || h.Updated.IsZero() {
		s.t.Errorf("%+v", h)
	}
}

func deleted(s *survey) {
	f := s.Node.Forms
	s.sent("uuid:d1", "", "<age>1</age>")
	s.sent("uuid:d2", "uuid:d1", "<age>2</age>")
	refused(s.t, "an enumerator deletes", f.DeleteSubmission(bg, s.Enumerator, s.project, s.form, "uuid:d1"))
	good(s.t, f.DeleteSubmission(bg, s.FieldManager, s.project, s.form, "uuid:d1"))
	same(s.t, "listed", s.list(forms.Filter{}), "")
	same(s.t, "deleted", s.list(forms.Filter{Deleted: true}), "d2")
	_, _, err := f.ReadSubmission(bg, s.FieldManager, s.project, s.form, "uuid:d2")
	refused(s.t, "a deleted one read", err)
	for _, id := range []string{"uuid:d1", "uuid:d2"} {
		replaces := map[string]string{"uuid:d2": "uuid:d1"}[id]
		_, err := s.send(id, replaces, map[string]string{"uuid:d1": "<age>1</age>", "uuid:d2": "<age>2</age>"}[id])
		is(s.t, "sent again", err, forms.ErrDeleted)
	}
	_, err = s.send("uuid:d3", "uuid:d2", "<age>3</age>")
	is(s.t, "an edit of a deleted one", err, forms.ErrNothingToEdit)
	refused(s.t, "deleted twice", f.DeleteSubmission(bg, s.FieldManager, s.project, s.form, "uuid:d1"))
	good(s.t, f.RestoreSubmission(bg, s.FieldManager, s.project, s.form, "uuid:d2"))
	same(s.t, "restored", s.list(forms.Filter{}), "d2")
	s.sent("uuid:d1", "", "<age>1</age>")
}

// erased: nobody reads an erased answer any more, not from a backup put back either.
func erased(s *survey) {
	f := s.Node.Forms
	s.sent("uuid:e1", "", "<name>"+secret+"</name><photo>a.jpg</photo>", forms.File{Name: "a.jpg", Body: []byte(secret)})
	_, err := f.AddComment(bg, s.FieldManager, s.project, s.form, "uuid:e1", secret)
	good(s.t, err)
	s.sent("uuid:e2", "uuid:e1", "<name>"+secret+" Z</name><photo>a.jpg</photo>")
	s.sent("uuid:e3", "", "<age>1</age>")
	var key []any
	good(s.t, s.Node.Store.Read(bg, func(tx *store.Tx) error {
		return tx.Each(func(r *sql.Rows) error {
			var id, owner string
			var epoch, at int64
			var wrapped []byte
			err := r.Scan(&id, &owner, &epoch, &wrapped, &at)
			key = []any{id, owner, epoch, wrapped, at}
			return err
		}, "SELECT k.id, k.owner, k.epoch, k.wrapped, k.created_at FROM vault_keys k JOIN submissions s ON s.key_id = k.id WHERE s.id = 'uuid:e2'")
	}))
	for who, sub := range map[string]access.Subject{"enumerator": s.Enumerator, "data officer": s.DataOfficer, "supervisor": s.Supervisor, "administrator": s.Admin} {
		refused(s.t, who+" erases", f.EraseSubmission(bg, sub, s.project, s.form, "uuid:e1"))
	}
	_, err = f.Receive(bg, s.FieldManager, visit(s.form, "1", "uuid:own", "", ""), nil)
	good(s.t, err)
	refused(s.t, "one's own", f.EraseSubmission(bg, s.FieldManager, s.project, s.form, "uuid:own"))
	good(s.t, f.EraseSubmission(bg, s.FieldManager, s.project, s.form, "uuid:e1"))
	unreadable := func() {
		s.t.Helper()
		same(s.t, "listed", s.list(forms.Filter{}), "e3 own")
		for _, id := range []string{"uuid:e1", "uuid:e2"} {
			_, body, err := f.ReadSubmission(bg, s.FieldManager, s.project, s.form, id)
			if access.AsRefusal(err) == nil || body != nil {
				s.t.Errorf("%s is read after it was erased: %v", id, err)
			}
			var sealed []byte
			good(s.t, s.Node.Store.Read(bg, func(tx *store.Tx) error {
				if err := tx.Row("SELECT body FROM submissions WHERE id = ?", id).Scan(&sealed); err != nil {
					return err
				}
				_, err := s.Node.Vault.Open(tx, "submissions/"+id+"/body", sealed)
				is(s.t, "the key of "+id, err, vault.ErrErased)
				return nil
			}))
		}
	}
	unreadable()
	_, err = s.send("uuid:e1", "", "<name>"+secret+"</name><photo>a.jpg</photo>")
	is(s.t, "sent again", err, forms.ErrDeleted)
	good(s.t, f.EraseSubmission(bg, s.FieldManager, s.project, s.form, "uuid:e2")) // once more changes nothing
	// Brought back to the list by mistake, it is empty.
	good(s.t, f.RestoreSubmission(bg, s.FieldManager, s.project, s.form, "uuid:e1"))
	h, body, err := f.ReadSubmission(bg, s.FieldManager, s.project, s.form, "uuid:e2")
	if err != nil || body != nil || h.InstanceName != "" {
		s.t.Errorf("%+v %q %v", h, body, err)
	}
	_, err = f.Attachment(bg, s.FieldManager, s.project, s.form, "uuid:e2", "a.jpg", io.Discard)
	is(s.t, "its file", err, vault.ErrErased)
	good(s.t, s.Node.Store.Read(bg, func(tx *store.Tx) error {
		list, err := f.Comments(tx, s.FieldManager, s.project, s.form, "uuid:e2")
		if len(list) != 0 {
			s.t.Errorf("%d comments are left", len(list))
		}
		return err
	}))
	good(s.t, f.EachSubmission(bg, s.FieldManager, forms.Filter{Form: s.form, Names: true}, "table", func(h forms.Head, body []byte) error {
		if (body == nil) != (h.Instance == "uuid:e2") {
			s.t.Errorf("%s comes with %d bytes", h.Instance, len(body))
		}
		return nil
	}))
	// An old backup put back has the key and knows nothing of the erasure.
	good(s.t, s.Node.Store.Write(bg, func(tx *store.Tx) error {
		_, err := tx.Exec("INSERT INTO vault_keys (id, owner, epoch, wrapped, created_at) VALUES (?, ?, ?, ?, ?)", key...)
		_, err2 := tx.Exec("DELETE FROM erasures WHERE person_id IN ('uuid:e1', 'uuid:e2')")
		return errors.Join(err, err2)
	}))
	if _, body, err := f.ReadSubmission(bg, s.FieldManager, s.project, s.form, "uuid:e2"); err != nil || !bytes.Contains(body, []byte(secret)) {
		s.t.Fatalf("the backup did not bring it back: %v", err)
	}
	n, err := f.EraseAgain(bg, append([]string{"nobody"}, s.Node.Ring.Erased()...))
	if err != nil || n != 2 {
		s.t.Errorf("%d erased again, %v", n, err)
	}
	unreadable()
	if n, err := f.EraseAgain(bg, s.Node.Ring.Erased()); err != nil || n != 0 {
		s.t.Errorf("%d erased a third time, %v", n, err)
	}
}

// offices: a form that is given to some offices is listed to them and taken from them alone.
func offices(s *survey) {
	f := s.Node.Forms
	listed := func() (out bool) {
		good(s.t, s.Node.Store.Read(bg, func(tx *store.Tx) error {
			list, err := f.Fillable(tx, s.Enumerator, s.project)
			out = len(list) == 1
			return err
		}))
		return out
	}
	var second string
	good(s.t, s.Node.Store.Write(bg, func(tx *store.Tx) (err error) {
		second, err = access.CreateOffice(tx, access.NewOffice{Org: s.Enumerator.Org, Code: "second-" + s.form, Name: "Second"}, s.Clock.Now())
		return err
	}))
	if !listed() {
		s.t.Error("a form for all is not listed")
	}
	good(s.t, f.SetOffices(bg, s.FieldManager, s.project, s.form, []string{second}))
	if listed() {
		s.t.Error("a form for another office is listed")
	}
	_, err := s.send("uuid:o1", "", "<age>1</age>")
	is(s.t, "a form of another office", err, forms.ErrNotYours)
	both := s.Enumerator
	both.Offices = []string{s.Office, second}
	_, err = f.Receive(bg, both, visit(s.form, "1", "uuid:o2", "", ""), nil)
	good(s.t, err)
	if n := count(s.t, s.World, "SELECT count(*) FROM submissions WHERE id = 'uuid:o2' AND office = ?", second); n != 1 {
		s.t.Error("it is not of the office that may fill it")
	}
	is(s.t, "an office that is not there", f.SetOffices(bg, s.FieldManager, s.project, s.form, []string{"none"}), forms.ErrNoOffice)
	is(s.t, "another organisation's office", f.SetOffices(bg, s.FieldManager, s.project, s.form, s.Shelter.Offices), forms.ErrNoOffice)
	good(s.t, f.SetOffices(bg, s.FieldManager, s.project, s.form, []string{s.Office}))
	s.sent("uuid:o1", "", "<age>1</age>")
	refused(s.t, "an enumerator gives the form away", f.SetOffices(bg, s.Enumerator, s.project, s.form, nil))
}

// misfits: an answer that does not fit is kept, waits in no caseworker's queue, and says why.
func misfits(s *survey) {
	r, err := s.send("uuid:q1", "", "<sex>x</sex><age>200</age>")
	good(s.t, err)
	if r.State != forms.Quarantined {
		s.t.Errorf("%+v", r)
	}
	h := s.heads(s.FieldManager, forms.Filter{States: []string{forms.Quarantined}})
	if len(h) != 1 || strings.Join(h[0].Reasons, " ") != "choice:/data/sex constraint:/data/age" {
		s.t.Errorf("%+v", h)
	}
	good(s.t, s.Node.Store.Read(bg, func(tx *store.Tx) error {
		waiting, err := s.Node.Forms.Waiting(tx, s.Now(s.Caseworker))
		if waiting[forms.Quarantined] != 0 {
			s.t.Errorf("%v wait for a caseworker", waiting)
		}
		return err
	}))
}

func encrypted(s *survey) {
	body := []byte(`<data id="` + s.form + `" version="1" encrypted="yes" instanceID="uuid:enc" xmlns="http://opendatakit.org/submissions"><base64EncryptedKey>AAAA</base64EncryptedKey><media><file>a.jpg.enc</file></media><media><file>b.jpg.enc</file></media><encryptedXmlFile>submission.xml.enc</encryptedXmlFile></data>`)
	r, err := s.Node.Forms.Receive(bg, s.Enumerator, body, []forms.File{{Name: "submission.xml.enc", Body: []byte("sealed")}})
	good(s.t, err)
	h := s.heads(s.FieldManager, forms.Filter{})
	if r.State != forms.Received || len(h) != 1 || !h[0].Encrypted || h[0].FilesExpected != 3 || h[0].FilesPresent != 1 || len(h[0].Reasons) != 0 {
		s.t.Errorf("%+v %+v", r, h)
	}
	_, raw, err := s.Node.Forms.ReadSubmission(bg, s.FieldManager, s.project, s.form, "uuid:enc")
	if err != nil || !bytes.Equal(raw, body) {
		s.t.Error("it is not kept as it was sent", err)
	}
}

// hooks run with the submission, and their notes stand beside it; with drafts none runs.
func hooks(s *survey) {
	f := s.Node.Forms
	var seen []string
	stop := errors.New("the store has trouble")
	fail := false
	f.OnReceive(func(a *forms.Act, p forms.Published, in *xform.Instance, h forms.Head) error {
		if p.Form != s.form {
			return nil
		}
		seen = append(seen, fmt.Sprintf("%s %s %s %d %s", in.ID, h.Root, h.Review, h.Edits, a.Meta.Submission))
		a.Note("entity:none")
		if fail {
			return stop
		}
		_, err := a.Apply(registry.Write{Register: "points", Create: true, Values: registry.Values{"code": "hook-" + h.Instance[5:], "kind": "border_crossing"}, Place: registry.Place{Org: h.Org}}.Follows())
		return err
	})
	f.OnReview(func(a *forms.Act, p forms.Published, in *xform.Instance, h forms.Head) error {
		if p.Form == s.form {
			seen = append(seen, "review "+in.ID+" "+h.Review+" "+in.Get("age"))
			a.Note("entity:late")
		}
		return nil
	})
	s.sent("uuid:k1", "", "<age>1</age>")
	s.sent("uuid:k1", "", "<age>1</age>")
	s.sent("uuid:k2", "uuid:k1", "<age>2</age>")
	good(s.t, f.SetReview(bg, s.FieldManager, s.project, s.form, "uuid:k1", forms.Approved))
	good(s.t, f.SetReview(bg, s.FieldManager, s.project, s.form, "uuid:k1", forms.Approved))
	same(s.t, "hooks", seen, "uuid:k1 uuid:k1  0 uuid:k1 uuid:k2 uuid:k1 edited 1 uuid:k2 review uuid:k2 approved 2")
	if h := s.heads(s.FieldManager, forms.Filter{}); len(h) != 1 || strings.Join(h[0].Reasons, " ") != "entity:none entity:late" || h[0].State != forms.Received {
		s.t.Errorf("%+v", h)
	}
	if n := count(s.t, s.World, "SELECT count(*) FROM r_points WHERE code IN ('hook-k1', 'hook-k2')"); n != 2 {
		s.t.Errorf("%d rows were written", n)
	}
	fail = true
	_, err := s.send("uuid:k3", "", "<age>3</age>")
	is(s.t, "trouble of a hook", err, stop)
	if n := count(s.t, s.World, "SELECT count(*) FROM submissions WHERE id = 'uuid:k3'"); n != 0 {
		s.t.Error("it was kept though its hook failed")
	}
	fail = false
	good(s.t, s.Node.Store.Write(bg, func(tx *store.Tx) error { return f.Note(tx, "uuid:k2", "entity:none", "entity:held") }))
	if h := s.heads(s.FieldManager, forms.Filter{}); strings.Join(h[0].Reasons, " ") != "entity:late entity:held" {
		s.t.Errorf("%+v", h[0].Reasons)
	}
}

// atOnce: a storm of senders of few instances makes exactly those records.
func atOnce(s *survey) {
	var wg sync.WaitGroup
	errs := make([]error, 60)
	for i := range errs {
		wg.Go(func() {
			_, errs[i] = s.send(fmt.Sprint("uuid:s", i%6), "", "<age>"+fmt.Sprint(i%6)+"</age><photo>p.jpg</photo>", forms.File{Name: "p.jpg", Body: []byte{byte(i % 6)}})
		})
	}
	wg.Wait()
	for _, err := range errs {
		good(s.t, err)
	}
	slices.Sort(s.list(forms.Filter{}))
	if l := s.list(forms.Filter{}); len(l) != 6 {
		s.t.Errorf("%v", l)
	}
	if n := count(s.t, s.World, "SELECT count(*) FROM audit WHERE object LIKE 'uuid:s_' AND action = 'submission.receive'"); n != 6 {
		s.t.Errorf("%d audit entries for 6 records", n)
	}
}

// streamed: every answer once, in order, over page boundaries, while others come in.
func streamed(s *survey) {
	const n = 300 // more than a page
	for i := range n {
		s.sent(fmt.Sprint("uuid:", i), "", fmt.Sprintf("<age>%d</age>", i%100))
	}
	f := s.Node.Forms
	walk := func(filter forms.Filter, each func(int)) (out []string) {
		s.t.Helper()
		filter.Project, filter.Form = s.project, s.form
		good(s.t, f.EachSubmission(bg, s.FieldManager, filter, "table", func(h forms.Head, body []byte) error {
			if !bytes.Contains(body, []byte("<instanceID>"+h.Instance+"</instanceID>")) {
				s.t.Fatalf("%s comes with another's content", h.Instance)
			}
			out = append(out, h.Instance[5:])
			if each != nil {
				each(len(out))
			}
			return nil
		}))
		return out
	}
	whole := walk(forms.Filter{Names: true}, func(i int) {
		if i == 10 {
			s.sent("uuid:late", "", "<age>1</age>")
		}
	})
	for i := range n {
		if whole[i] != fmt.Sprint(i) {
			s.t.Fatalf("%s is at %d", whole[i], i)
		}
	}
	if l := walk(forms.Filter{Limit: 270, Offset: 10}, nil); len(l) != 270 || l[0] != "10" || l[269] != "279" {
		s.t.Errorf("%d from %s", len(l), l[0])
	}
	if l := walk(forms.Filter{Newest: true, Limit: 2}, nil); strings.Join(l, " ") != "late 299" {
		s.t.Errorf("%v", l)
	}
	if l := walk(forms.Filter{Reviews: []string{forms.Approved}}, nil); len(l) != 0 {
		s.t.Errorf("%v", l)
	}
	stop := errors.New("enough")
	is(s.t, "the reader's error", f.EachSubmission(bg, s.FieldManager, forms.Filter{Form: s.form}, "table", func(forms.Head, []byte) error { return stop }), stop)
	if n := count(s.t, s.World, "SELECT count(*) FROM audit WHERE action = 'submission.export-names' AND register = 'answers' AND detail LIKE '%"+s.form+"%'"); n != 1 {
		s.t.Errorf("%d audit entries of an export with names", n)
	}
	if n := count(s.t, s.World, "SELECT count(*) FROM audit WHERE action = 'submission.export' AND detail LIKE '%"+s.form+"%'"); n != 4 {
		s.t.Errorf("%d audit entries of four exports", n)
	}
}

// otherNode: what one node remembers of a form ends with a change made on another.
func otherNode(s *survey) {
	n := s.Node
	second := forms.New(n.Store, n.Vault, n.Audit, n.Policy, n.Registry, n.Now)
	s.sent("uuid:n1", "", "<age>1</age>")
	good(s.t, second.SetState(bg, s.FieldManager, s.project, s.form, forms.Closed))
	_, err := s.send("uuid:n2", "", "<age>1</age>")
	is(s.t, "closed on the other node", err, forms.ErrFormClosed)
	good(s.t, second.SetState(bg, s.FieldManager, s.project, s.form, forms.Closing))
	s.sent("uuid:n2", "", "<age>1</age>")
	_, err = second.SaveDraft(bg, s.FieldManager, forms.Upload{Project: s.project, Form: s.form, Body: household(s.form, "2")})
	good(s.t, err)
	_, err = second.PublishDraft(bg, s.FieldManager, s.project, s.form, "")
	good(s.t, err)
	if _, err := n.Forms.Receive(bg, s.Enumerator, visit(s.form, "2", "uuid:n3", "", ""), nil); err != nil {
		s.t.Errorf("a version published on the other node: %v", err)
	}
	good(s.t, second.DeleteForm(bg, s.FieldManager, s.project, s.form))
	_, err = s.send("uuid:n4", "", "<age>1</age>")
	is(s.t, "deleted on the other node", err, forms.ErrUnknownForm)
	good(s.t, second.RestoreForm(bg, s.FieldManager, s.project, s.form))
	s.sent("uuid:n4", "", "<age>1</age>")
	if _, err := n.Forms.Receive(bg, s.Enumerator, visit(s.form, "1", "uuid:n5", "", ""), nil, forms.ReceiveOptions{Project: forms.DefaultProject}); !errors.Is(err, forms.ErrUnknownForm) {
		s.t.Errorf("sent to another project: %v", err)
	}
}

func noID(s *survey) {
	for _, body := range []string{
		`<data id="` + s.form + `" version="1"><age>7</age></data>`, `<x:data xmlns:x="urn:x" id="` + s.form + `" version="1"/>`,
		`<data id="` + s.form + `" version="1"><meta><instanceName>x</instanceName></meta></data>`,
	} {
		_, err := s.Node.Forms.Receive(bg, s.Enumerator, []byte(body), nil)
		is(s.t, "without an id", err, xform.ErrNoInstanceID)
		r, err := s.Node.Forms.Receive(bg, s.Enumerator, []byte(body), nil, forms.ReceiveOptions{AllowNoID: true})
		good(s.t, err)
		_, kept, err := s.Node.Forms.ReadSubmission(bg, s.FieldManager, s.project, s.form, r.Instance)
		good(s.t, err)
		in, err := xform.ParseInstance(kept)
		if err != nil || in.ID != r.Instance || !strings.HasPrefix(r.Instance, "uuid:") || r.State != forms.Received && !strings.HasPrefix(body, "<x:") {
			s.t.Errorf("%+v %v", r, err)
		}
	}
}

func hostile(s *survey) {
	f := s.Node.Forms
	long := strings.Repeat("x", 1000)
	r, err := f.Receive(bg, s.Enumerator, visit(s.form, "1", "uuid:z1", "", "<age>1</age>"), nil, forms.ReceiveOptions{DeviceName: long + "\xff\x00\n", Agent: "a\x00b\r\nc"})
	good(s.t, err)
	h := s.heads(s.FieldManager, forms.Filter{})
	if r.Instance != "uuid:z1" || len(h[0].DeviceName) > 200 || h[0].Agent != "abc" {
		s.t.Errorf("%q %q", h[0].DeviceName, h[0].Agent)
	}
	for _, id := range []string{"", "\x00", "draft/uuid:z1", "uuid:z1' OR '1'='1", long} {
		_, _, err := f.ReadSubmission(bg, s.FieldManager, s.project, s.form, id)
		refused(s.t, fmt.Sprintf("%.20q", id), err)
		_, _, err = f.ReadSubmission(bg, s.FieldManager, s.project, id, "uuid:z1")
		refused(s.t, fmt.Sprintf("form %.20q", id), err)
	}
	_, _, err = f.ReadSubmission(bg, s.FieldManager, s.project+1, s.form, "uuid:z1")
	refused(s.t, "of another project", err)
	for what, body := range map[string]string{"control characters in the form id": `<data id="a&#1;b"><meta><instanceID>uuid:z2</instanceID></meta></data>`, "the draft's version": `<data id="` + s.form + `" version="&#1;draft"><meta><instanceID>uuid:z2</instanceID></meta></data>`} {
		if _, err := f.Receive(bg, s.Enumerator, []byte(body), nil); err == nil {
			s.t.Errorf("%s were taken", what)
		}
	}
}
