package forms_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"aman/casework"
	"aman/forms"
	"aman/node/nodetest"
	"aman/platform/access"
	"aman/platform/store"
	"aman/platform/vault"
	"aman/registry"
)

var bg = context.Background()

// good stops a test that cannot go on.
func good(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func count(t testing.TB, w *nodetest.World, query string, args ...any) (n int) {
	t.Helper()
	good(t, w.Node.Store.Read(bg, func(tx *store.Tx) error { return tx.Row(query, args...).Scan(&n) }))
	return n
}

func intake(instance, body string, files ...forms.File) forms.Filled {
	return forms.Filled{Instance: instance, Form: "interview", Version: "1", Body: []byte(body), State: forms.Received, Files: files}
}

const secret = "Zzyzxopolis"

func TestSubmissions(t *testing.T) {
	nodetest.Each(t, func(t *testing.T, w *nodetest.World) {
		for _, x := range []struct {
			name string
			test func(*testing.T, *nodetest.World)
		}{
			{"once, however often it is sent", once}, {"all or nothing", allOrNothing}, {"sealed", sealed}, {"attachments", attachments},
			{"edits", edits}, {"joined and erased", joinedAndErased}, {"taken by one", takenByOne}, {"closed forms", closedForms}, {"queue", queue},
		} {
			t.Run(x.name, func(t *testing.T) { x.test(t, w) })
		}
	})
}

// once: a hundred senders of one instance make one record, and each is told that it is here.
func once(t *testing.T, w *nodetest.World) {
	var wg sync.WaitGroup
	errs, fresh := make([]error, 100), make([]bool, 100)
	for i := range errs {
		wg.Go(func() {
			r, err := w.Node.Forms.Submit(bg, w.Enumerator, intake("uuid:one", "<data/>"), func(a *forms.Act) error {
				_, err := a.Apply(registry.Write{Register: "points", Create: true, Values: registry.Values{"code": "storm", "kind": "border_crossing"}, Place: registry.Place{Org: w.Enumerator.Org}}.Follows())
				return err
			})
			errs[i], fresh[i] = err, !r.Duplicate
			if r.Instance != "uuid:one" || r.State != forms.Received {
				errs[i] = fmt.Errorf("acknowledged as %+v, %v", r, err)
			}
		})
	}
	wg.Wait()
	first := 0
	for i, err := range errs {
		if err != nil {
			t.Fatalf("sender %d: %v", i, err)
		}
		if fresh[i] {
			first++
		}
	}
	if first != 1 || count(t, w, "SELECT count(*) FROM submissions WHERE id = 'uuid:one'") != 1 || count(t, w, "SELECT count(*) FROM r_points WHERE code = 'storm'") != 1 {
		t.Errorf("%d of a hundred were new", first)
	}
	if n := count(t, w, "SELECT count(*) FROM audit WHERE object = 'uuid:one'"); n != 1 {
		t.Errorf("%d audit entries", n)
	}
	for what, f := range map[string]forms.Filled{"other content": intake("uuid:one", "<data>x</data>"), "another form": {Instance: "uuid:one", Form: "other", Body: []byte("<data/>")}} {
		ran := false
		if _, err := w.Node.Forms.Submit(bg, w.Enumerator, f, func(*forms.Act) error { ran = true; return nil }); !errors.Is(err, forms.ErrDifferent) || ran {
			t.Errorf("%s: %v, its writes ran: %v", what, err, ran)
		}
	}
}

func allOrNothing(t *testing.T, w *nodetest.World) {
	tables := []string{"submissions", "submission_files", "submission_chunks", "vault_keys", "audit", "r_points", "history"}
	before := map[string]int{}
	for _, table := range tables {
		before[table] = count(t, w, "SELECT count(*) FROM "+table)
	}
	stop := errors.New("stop")
	for what, f := range map[string]func(a *forms.Act) error{
		"a fault at the end": func(a *forms.Act) error { return stop },
		"a value that does not fit": func(a *forms.Act) error {
			_, err := a.Apply(registry.Write{Register: "points", Create: true, Values: registry.Values{"code": "half", "kind": "nothing"}}.Follows())
			return err
		},
	} {
		_, err := w.Node.Forms.Submit(bg, w.Enumerator, intake("uuid:half", "<data/>", forms.File{Name: "a.jpg", Body: []byte("x")}), func(a *forms.Act) error {
			if _, err := a.Apply(registry.Write{Register: "points", Create: true, Values: registry.Values{"code": "half", "kind": "border_crossing"}}.Follows()); err != nil {
				return err
			}
			return f(a)
		})
		if err == nil {
			t.Errorf("%s: acknowledged", what)
		}
		for _, table := range tables {
			if n := count(t, w, "SELECT count(*) FROM "+table); n != before[table] {
				t.Errorf("%s left %d rows in %s", what, n-before[table], table)
			}
		}
	}
}

func sealed(t *testing.T, w *nodetest.World) {
	_, err := w.Node.Forms.Submit(bg, w.Enumerator, intake("uuid:sealed", "<data>"+secret+"</data>", forms.File{Name: "photo.jpg", Body: []byte("photo of " + secret)}), nil)
	good(t, err)
	good(t, w.Node.Store.Read(bg, func(tx *store.Tx) error {
		var body, piece []byte
		if err := errors.Join(tx.Row("SELECT body FROM submissions WHERE id = 'uuid:sealed'").Scan(&body), tx.Row("SELECT body FROM submission_chunks WHERE submission = 'uuid:sealed'").Scan(&piece)); err != nil {
			return err
		}
		if bytes.Contains(body, []byte(secret)) || bytes.Contains(piece, []byte(secret)) {
			t.Error("it is kept in clear")
		}
		// Neither opens in the place of another.
		if _, err := w.Node.Vault.Open(tx, "submissions/uuid:one/body", body); err == nil {
			t.Error("a body opens as that of another submission")
		}
		return nil
	}))
	h, body, err := w.Node.Forms.Open(bg, w.Caseworker, "uuid:sealed")
	if err != nil || string(body) != "<data>"+secret+"</data>" || h.User != w.Enumerator.User || h.Office != w.Office {
		t.Errorf("opened as %+v, %v", h, err)
	}
	if n := count(t, w, "SELECT count(*) FROM audit WHERE action = 'submission.open' AND object = 'uuid:sealed'"); n != 1 {
		t.Errorf("%d audit entries of the opening", n)
	}
	for who, sub := range map[string]access.Subject{"enumerator": w.Enumerator, "shelter": w.Shelter, "data officer": w.DataOfficer, "administrator": w.Admin} {
		if _, body, err := w.Node.Forms.Open(bg, sub, "uuid:sealed"); access.AsRefusal(err) == nil || body != nil {
			t.Errorf("%s opened it: %v", who, err)
		}
	}
}

func attachments(t *testing.T, w *nodetest.World) {
	const id = "uuid:files"
	big := bytes.Repeat([]byte("0123456789abcdef"), 40<<10) // 640 KiB: three pieces
	send := func(files ...forms.File) {
		t.Helper()
		_, err := w.Node.Forms.Submit(bg, w.Enumerator, intake(id, "<data/>", files...), nil)
		good(t, err)
	}
	read := func(name string) (out []byte) {
		t.Helper()
		good(t, w.Node.Store.Read(bg, func(tx *store.Tx) error {
			n := count(t, w, "SELECT count(*) FROM submission_chunks WHERE submission = ? AND name = ?", id, name)
			for i := range n {
				var piece []byte
				if err := tx.Row("SELECT body FROM submission_chunks WHERE submission = ? AND name = ? AND n = ?", id, name, i).Scan(&piece); err != nil {
					return err
				}
				plain, err := w.Node.Vault.Open(tx, fmt.Sprintf("submissions/%s/files/%s/%d", id, name, i), piece)
				if err != nil {
					return err
				}
				out = append(out, plain...)
			}
			return nil
		}))
		return out
	}
	send(forms.File{Name: "a.jpg", MediaType: "image/jpeg", Body: big})
	send(forms.File{Name: "b.jpg", Body: []byte("b")}, forms.File{Name: "empty.txt"}) // the second part of the same instance
	send(forms.File{Name: "a.jpg", Body: []byte("another")}, forms.File{Name: "b.jpg", Body: []byte("b")})
	if n := count(t, w, "SELECT count(*) FROM submissions WHERE id = ?", id); n != 1 {
		t.Errorf("%d records", n)
	}
	if n := count(t, w, "SELECT count(*) FROM submission_files WHERE submission = ?", id); n != 3 {
		t.Errorf("%d attachments, want 3", n)
	}
	if !bytes.Equal(read("a.jpg"), big) || string(read("b.jpg")) != "b" || len(read("empty.txt")) != 0 {
		t.Error("an attachment is not what was sent first")
	}
	if n := count(t, w, "SELECT count(*) FROM submission_chunks WHERE submission = ? AND name = 'a.jpg'", id); n != 3 {
		t.Errorf("640 KiB in %d pieces, want 3", n)
	}
}

func edits(t *testing.T, w *nodetest.World) {
	edit := func(sub access.Subject, form, instance, replaces string) error {
		f := intake(instance, "<data>"+instance+"</data>")
		f.Form, f.Replaces = form, replaces
		_, err := w.Node.Forms.Submit(bg, sub, f, nil)
		return err
	}
	good(t, edit(w.Enumerator, "interview", "uuid:e1", ""))
	for what, err := range map[string]error{
		"of what is not here": edit(w.Enumerator, "interview", "uuid:e2", "uuid:nothing"), "of another form": edit(w.Enumerator, "other", "uuid:e2", "uuid:e1"),
		"of itself": edit(w.Enumerator, "interview", "uuid:e2", "uuid:e2"), "of another office": edit(w.Shelter, "interview", "uuid:e2", "uuid:e1"),
	} {
		if !errors.Is(err, forms.ErrNoEdit) {
			t.Errorf("an edit %s: %v", what, err)
		}
	}
	good(t, edit(w.Enumerator, "interview", "uuid:e2", "uuid:e1"))
	if err := edit(w.Enumerator, "interview", "uuid:e3", "uuid:e1"); !errors.Is(err, forms.ErrNoEdit) {
		t.Errorf("a second edit of the same version: %v", err)
	}
	good(t, edit(w.Enumerator, "interview", "uuid:e2", "uuid:e1")) // sent again
	good(t, edit(w.Enumerator, "interview", "uuid:e3", "uuid:e2"))
	if n := count(t, w, "SELECT count(*) FROM submissions WHERE id IN ('uuid:e1', 'uuid:e2') AND replaced_by <> ''"); n != 2 {
		t.Errorf("%d of the two older versions are marked", n)
	}
	good(t, w.Node.Store.Read(bg, func(tx *store.Tx) error {
		list, err := w.Node.Forms.Queue(tx, w.Now(w.Caseworker), 100, 0, forms.Received)
		for _, h := range list {
			if h.Instance == "uuid:e1" || h.Instance == "uuid:e2" {
				t.Errorf("%s waits, though it was edited", h.Instance)
			}
		}
		return err
	}))
	_, err := w.Node.Casework.Open(bg, w.Caseworker, casework.Opening{Intake: "uuid:e1"})
	if !errors.Is(err, forms.ErrTaken) {
		t.Errorf("a version that was edited since became a case: %v", err)
	}
}

func joinedAndErased(t *testing.T, w *nodetest.World) {
	const id = "uuid:joined"
	_, err := w.Node.Forms.Submit(bg, w.Enumerator, intake(id, "<data>"+secret+"</data>", forms.File{Name: "a.jpg", Body: []byte(secret)}), nil)
	good(t, err)
	caseID, err := w.Node.Casework.Open(bg, w.Caseworker, casework.Opening{Intake: id})
	good(t, err)
	_, err = w.Node.Forms.Submit(bg, w.Enumerator, intake(id, "<data>"+secret+"</data>", forms.File{Name: "late.jpg", Body: []byte(secret)}), nil)
	good(t, err) // what comes late belongs to the person as well
	var person string
	var pieces [][]byte
	var body []byte
	read := func(tx *store.Tx) (err error) {
		if err := tx.Row("SELECT person_id, body FROM submissions WHERE id = ?", id).Scan(&person, &body); err != nil {
			return err
		}
		pieces = pieces[:0]
		for _, name := range []string{"a.jpg", "late.jpg"} {
			var piece []byte
			if err := tx.Row("SELECT body FROM submission_chunks WHERE submission = ? AND name = ?", id, name).Scan(&piece); err != nil {
				return err
			}
			pieces = append(pieces, piece)
		}
		return nil
	}
	good(t, w.Node.Store.Read(bg, func(tx *store.Tx) error {
		if err := read(tx); err != nil {
			return err
		}
		for _, sealed := range append(pieces, body) {
			key, err := vault.KeyOf(sealed)
			if err != nil {
				return err
			}
			if owner, err := w.Node.Vault.Owner(tx, key); owner != person || err != nil {
				t.Errorf("a key belongs to %q, not to the person (%v)", owner, err)
			}
		}
		return nil
	}))
	_, err = w.Node.Casework.Erase(bg, w.Supervisor, caseID)
	good(t, err)
	good(t, w.Node.Store.Read(bg, func(tx *store.Tx) error {
		if err := read(tx); err != nil {
			return err
		}
		if _, err := w.Node.Vault.Open(tx, "submissions/"+id+"/body", body); !errors.Is(err, vault.ErrErased) {
			t.Errorf("the body after the erasure: %v", err)
		}
		for i, name := range []string{"a.jpg", "late.jpg"} {
			if _, err := w.Node.Vault.Open(tx, "submissions/"+id+"/files/"+name+"/0", pieces[i]); !errors.Is(err, vault.ErrErased) {
				t.Errorf("%s after the erasure: %v", name, err)
			}
		}
		return nil
	}))
	// The phone sends again: it is told that all is well, and nothing comes back.
	r, err := w.Node.Forms.Submit(bg, w.Enumerator, intake(id, "<data>"+secret+"</data>", forms.File{Name: "again.jpg", Body: []byte(secret)}), nil)
	if err != nil || !r.Duplicate || count(t, w, "SELECT count(*) FROM submission_files WHERE submission = ? AND name = 'again.jpg'", id) != 0 {
		t.Errorf("sent again after the erasure: %+v %v", r, err)
	}
}

// takenByOne: of several people who deal with one interview at once, one does.
func takenByOne(t *testing.T, w *nodetest.World) {
	for round := range 5 {
		id := fmt.Sprintf("uuid:race%d", round)
		_, err := w.Node.Forms.Submit(bg, w.Enumerator, intake(id, "<data/>"), nil)
		good(t, err)
		var wg sync.WaitGroup
		errs := make([]error, 8)
		for i := range errs {
			wg.Go(func() {
				sub := []access.Subject{w.Caseworker, w.Colleague}[i%2]
				if i%3 == 0 {
					errs[i] = w.Node.Forms.Dismiss(bg, sub, id, "duplicate")
				} else {
					_, errs[i] = w.Node.Casework.Open(bg, sub, casework.Opening{Intake: id})
				}
			})
		}
		wg.Wait()
		won := 0
		for _, err := range errs {
			if err == nil {
				won++
			} else if !errors.Is(err, forms.ErrTaken) {
				t.Errorf("a late one is told %v", err)
			}
		}
		if won != 1 {
			t.Errorf("%d dealt with one interview", won)
		}
	}
	if err := w.Node.Forms.Dismiss(bg, w.Shelter, "uuid:sealed", "test"); access.AsRefusal(err) == nil {
		t.Errorf("another organisation set an interview aside: %v", err)
	}
}

const small = `<h:html xmlns="http://www.w3.org/2002/xforms" xmlns:h="http://www.w3.org/1999/xhtml"><h:head><h:title>Small</h:title><model><instance><data id="small" version="1"><a/><meta><instanceID/></meta></data></instance><bind nodeset="/data/a" type="string"/></model></h:head><h:body><input ref="/data/a"><label>A</label></input></h:body></h:html>`

func filled(instance string) []byte {
	return []byte(`<data id="small" version="1"><a>x</a><meta><instanceID>` + instance + `</instanceID></meta></data>`)
}

func closedForms(t *testing.T, w *nodetest.World) {
	_, err := w.Node.Forms.Publish(bg, w.Now(w.Caseworker), "intake", []byte(small))
	if access.AsRefusal(err) == nil {
		t.Errorf("a caseworker published a form: %v", err)
	}
	p, err := w.Node.Forms.Publish(bg, w.Now(w.Admin), "intake", []byte(small))
	good(t, err)
	if again, err := w.Node.Forms.Publish(bg, w.Now(w.Admin), "intake", []byte(small)); err != nil || again.Hash != p.Hash {
		t.Errorf("the same once more: %v", err)
	}
	if _, err := w.Node.Forms.Publish(bg, w.Now(w.Admin), "intake", []byte(strings.Replace(small, "Small", "Smaller", 1))); !errors.Is(err, forms.ErrVersionKnown) {
		t.Errorf("the same version with other content: %v", err)
	}
	set := func(state string) {
		good(t, w.Node.Forms.SetState(bg, w.Now(w.Admin), 0, "small", state))
	}
	listed := func() (out bool) {
		good(t, w.Node.Store.Read(bg, func(tx *store.Tx) error {
			list, err := w.Node.Forms.Forms(tx)
			out = slices.ContainsFunc(list, func(p forms.Published) bool { return p.Form == "small" })
			return err
		}))
		return out
	}
	receive := func(instance string) error {
		_, err := w.Node.Forms.Receive(bg, w.Enumerator, filled(instance), nil)
		return err
	}
	good(t, receive("uuid:c1"))
	if !listed() {
		t.Error("an open form is not listed")
	}
	set("closing")
	good(t, receive("uuid:c2"))
	if listed() {
		t.Error("a form that closes is listed")
	}
	set("closed")
	if err := receive("uuid:c3"); !errors.Is(err, forms.ErrFormClosed) {
		t.Errorf("a new one for a closed form: %v", err)
	}
	if err := receive("uuid:c1"); err != nil {
		t.Errorf("one that is here already, sent again after the form closed: %v", err)
	}
	for what, x := range map[string]struct {
		body string
		want error
	}{
		"form":      {`<data id="none" version="1"><meta><instanceID>uuid:x</instanceID></meta></data>`, forms.ErrUnknownForm},
		"version":   {`<data id="small" version="2"><meta><instanceID>uuid:x</instanceID></meta></data>`, forms.ErrUnknownVersion},
		"encrypted": {`<data id="small" version="1" encrypted="yes"><meta><instanceID>uuid:x</instanceID></meta></data>`, forms.ErrEncrypted},
	} {
		if _, err := w.Node.Forms.Receive(bg, w.Enumerator, []byte(x.body), nil); !errors.Is(err, x.want) {
			t.Errorf("unknown %s: %v", what, err)
		}
	}
	set("open")
	if _, err := w.Node.Forms.Receive(bg, w.DataOfficer, filled("uuid:c4"), nil); access.AsRefusal(err) == nil {
		t.Errorf("somebody with no right to submit: %v", err)
	}
}

func queue(t *testing.T, w *nodetest.World) {
	good(t, w.Node.Store.Read(bg, func(tx *store.Tx) error {
		for who, sub := range map[string]access.Subject{"shelter": w.Shelter, "third": w.Third, "enumerator": w.Enumerator, "data officer": w.DataOfficer, "administrator": w.Admin} {
			list, err := w.Node.Forms.Queue(tx, w.Now(sub), 100, 0, forms.Received, forms.Quarantined)
			if err != nil || len(list) != 0 {
				t.Errorf("%s sees %d in the queue (%v)", who, len(list), err)
			}
		}
		list, err := w.Node.Forms.Queue(tx, w.Now(w.Caseworker), 1000, 0, forms.Received)
		if err != nil {
			return err
		}
		waiting, err := w.Node.Forms.Waiting(tx, w.Now(w.Caseworker))
		if len(list) == 0 || waiting[forms.Received] != len(list) {
			t.Errorf("%d listed, %d counted", len(list), waiting[forms.Received])
		}
		last := time.Time{}
		for _, h := range list {
			if h.At.Before(last) || h.State != forms.Received || h.Office != w.Office {
				t.Errorf("%+v after %v", h, last)
			}
			last = h.At
		}
		return err
	}))
}
