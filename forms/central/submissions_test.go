package central

import (
	"archive/zip"
	"bytes"
	"encoding/csv"
	"io"
	"strings"
	"testing"

	"aman/forms"
	"aman/platform/store"
)

func TestASubmission(t *testing.T) {
	embedded(t, func(s *script) {
		s.publishTrip()
		const all = "{p}/forms/trip/submissions"
		got := s.ok("POST", all+"?deviceID=tablet-7", tripOf("uuid:1", "1", "Invented Name", "31", someWay+"<photo>a.jpg</photo>"), "Content-Type", "application/xml", "User-Agent", "tests").obj()
		me := s.ok("GET", "users/current", nil).obj()["id"]
		same(t, "sent", []any{got["instanceId"], got["submitterId"], got["deviceId"], got["userAgent"], got["reviewState"], got["updatedAt"]}, []any{"uuid:1", me, "tablet-7", "tests", nil, nil})
		s.no("409.3", "POST", all, tripOf("uuid:1", "1", "Invented Name", "31", someWay+"<photo>a.jpg</photo>"), "Content-Type", "application/xml")
		s.no("409.1", "POST", all, tripOf("uuid:1", "1", "Another Name", "31", ""), "Content-Type", "application/xml")
		s.no("404.6", "POST", all, tripOf("uuid:2", "9", "Invented Name", "31", ""), "Content-Type", "application/xml")
		s.no("400.8", "POST", all, strings.ReplaceAll(tripOf("uuid:2", "1", "x", "1", ""), `id="trip"`, `id="other"`), "Content-Type", "application/xml")
		s.no("400.8", "POST", all, `<data id="other"><name>No id</name></data>`, "Content-Type", "application/xml")
		s.no("400.2", "POST", all, `<data><name>No form</name></data>`, "Content-Type", "application/xml")
		s.no("400.1", "POST", all, "<data", "Content-Type", "application/xml")
		made := s.ok("POST", all, `<data id="trip" version="1"><name>No id</name></data>`, "Content-Type", "application/xml").obj()
		if !strings.HasPrefix(made["instanceId"].(string), "uuid:") {
			t.Errorf("%v", made)
		}
		list := s.ok("GET", all, nil, "X-Extended-Metadata", "true").list()
		same(t, "the list, newest first", []any{len(list), get(list, 1, "instanceId"), get(list, 1, "submitter", "displayName"), get(list, 1, "formVersion")}, []any{2, "uuid:1", "field", "1"})
		s.no("404.1", "GET", all+"/uuid:none", nil)
		if xml := s.ok("GET", all+"/uuid%3A1.xml", nil); !strings.Contains(string(xml.body), "Invented Name") {
			t.Errorf("%s", xml.body)
		}
		same(t, "keys", s.ok("GET", all+"/keys", nil).list(), []any{})
		same(t, "submitters", get(s.ok("GET", all+"/submitters", nil).list(), 0, "displayName"), "field")
		s.ok("PATCH", "{p}/forms/trip", `{"state": "closed"}`)
		s.no("409.2", "POST", all, tripOf("uuid:3", "1", "Invented Name", "31", ""), "Content-Type", "application/xml")
	})
}

func TestEditReviewComment(t *testing.T) {
	each(t, func(s *script) {
		s.publishTrip()
		const all = "{p}/forms/trip/submissions"
		s.send(tripOf("uuid:1", "1", "Invented Name", "31", someWay))
		edit := func(id, old, age, rest string) string {
			return strings.ReplaceAll(tripOf(id, "1", "Invented Name", age, rest), "<meta>", "<meta><deprecatedID>"+old+"</deprecatedID>")
		}
		s.no("400.19", "PUT", all+"/uuid:1", tripOf("uuid:2", "1", "x", "1", ""), "Content-Type", "application/xml")
		s.no("409.9", "PUT", all+"/uuid:1", edit("uuid:2", "uuid:0", "32", ""), "Content-Type", "application/xml")
		s.no("404.1", "PUT", all+"/uuid:9", edit("uuid:2", "uuid:9", "32", ""), "Content-Type", "application/xml")
		got := s.ok("PUT", all+"/uuid:1", edit("uuid:2", "uuid:1", "32", strings.Replace(someWay, "Invented B", "Invented C", 1)+"<leg><town>More</town></leg>"), "Content-Type", "application/xml").obj()
		same(t, "edited", []any{got["instanceId"], got["reviewState"], get(got, "currentVersion", "instanceId")}, []any{"uuid:1", "edited", "uuid:2"})
		if got["updatedAt"] == nil {
			t.Error("no time of the edit")
		}
		s.no("409.9", "PUT", all+"/uuid:1", edit("uuid:3", "uuid:1", "33", ""), "Content-Type", "application/xml")
		to := s.do("GET", all+"/uuid:2", nil)
		if to.status != 302 || !strings.HasSuffix(to.header.Get("Location"), "/submissions/uuid:1/versions/uuid:2") {
			t.Errorf("%d %s", to.status, to.header.Get("Location"))
		}
		list := s.ok("GET", all+"/uuid:1/versions", nil).list()
		same(t, "versions", []any{len(list), get(list, 0, "instanceId"), get(list, 0, "current"), get(list, 1, "instanceId"), get(list, 1, "current")}, []any{2, "uuid:2", true, "uuid:1", false})
		if xml := s.ok("GET", all+"/uuid:1/versions/uuid:1.xml", nil); !strings.Contains(string(xml.body), "<age>31</age>") {
			t.Errorf("%s", xml.body)
		}
		if xml := s.ok("GET", all+"/uuid:1.xml", nil); !strings.Contains(string(xml.body), "<age>32</age>") {
			t.Errorf("%s", xml.body)
		}
		diff := s.ok("GET", all+"/uuid:1/diffs", nil).obj()["uuid:2"]
		same(t, "diffs", diff, []any{
			map[string]any{"old": "31", "new": "32", "path": []any{"age"}},
			map[string]any{"old": "Invented B", "new": "Invented C", "path": []any{[]any{"leg", 1}, "town"}},
			map[string]any{"new": map[string]any{"town": "More"}, "path": []any{[]any{"leg", 2}}},
			map[string]any{"old": "uuid:1", "new": "uuid:2", "path": []any{"meta", "instanceID"}},
			map[string]any{"new": "uuid:1", "path": []any{"meta", "deprecatedID"}},
		})

		same(t, "review", s.ok("PATCH", all+"/uuid:1", `{"reviewState": "approved"}`).obj()["reviewState"], "approved")
		s.no("400.8", "PATCH", all+"/uuid:1", `{"reviewState": "edited"}`)
		same(t, "as it came", s.ok("PATCH", all+"/uuid:1", `{"reviewState": "received"}`).obj()["reviewState"], "edited")
		s.no("400.2", "POST", all+"/uuid:1/comments", `{"body": " "}`)
		c := s.ok("POST", all+"/uuid:1/comments", `{"body": "Asked again by telephone"}`).obj()
		same(t, "comment", c["body"], "Asked again by telephone")
		same(t, "comments", get(s.ok("GET", all+"/uuid:1/comments", nil, "X-Extended-Metadata", "true").list(), 0, "actor", "displayName"), "field")

		s.ok("DELETE", all+"/uuid:1", nil)
		s.no("404.1", "GET", all+"/uuid:1", nil)
		s.no("409.19", "POST", all, tripOf("uuid:1", "1", "Invented Name", "31", someWay), "Content-Type", "application/xml")
		same(t, "deleted", get(s.ok("GET", all+"?deleted=true", nil).list(), 0, "instanceId"), "uuid:1")
		s.ok("POST", all+"/uuid:1/restore", nil)
		s.ok("GET", all+"/uuid:1", nil)
	})
}

func TestAttachmentsOfASubmission(t *testing.T) {
	embedded(t, func(s *script) {
		s.publishTrip()
		const one = "{p}/forms/trip/submissions/uuid:1"
		s.send(tripOf("uuid:1", "1", "Invented Name", "31", "<photo>a.jpg</photo>"))
		same(t, "expected", s.ok("GET", one+"/attachments", nil).list(), []any{map[string]any{"name": "a.jpg", "exists": false}})
		s.no("404.1", "GET", one+"/attachments/a.jpg", nil)
		s.ok("POST", one+"/attachments/a.jpg", "a picture", "Content-Type", "image/jpeg")
		s.no("404.1", "POST", one+"/attachments/b.jpg", "another", "Content-Type", "image/jpeg")
		a := s.ok("GET", one+"/attachments/a.jpg", nil)
		same(t, "content", []any{string(a.body), a.header.Get("Content-Type")}, []any{"a picture", "image/jpeg"})
		same(t, "there", s.ok("GET", one+"/versions/uuid:1/attachments", nil).list(), []any{map[string]any{"name": "a.jpg", "exists": true}})
		same(t, "by version", string(s.ok("GET", one+"/versions/uuid:1/attachments/a.jpg", nil).body), "a picture")
	})
}

// What a script without names may see of a form whose answers hold some.
func TestNamesAreKeptBack(t *testing.T) {
	embedded(t, func(s *script) {
		s.publishTrip()
		s.send(tripOf("uuid:1", "1", "Invented Name", "31", someWay+"<photo>a.jpg</photo>"))
		s.ok("POST", "{p}/forms/trip/submissions/uuid:1/attachments/a.jpg", "Invented Name", "Content-Type", "image/jpeg")
		s.ok("PATCH", "{p}/forms/trip/submissions/uuid:1", `{"reviewState": "approved"}`)
		plain := s.as(s.FieldManager, "field", false)
		for _, path := range []string{".svc/Submissions?$expand=*", ".svc/$metadata", "/submissions.csv", "/submissions.csv.zip", "/submissions.geojson", "/submissions", "/submissions/uuid:1", "/submissions/uuid:1/diffs", ".svc/Submissions('uuid:1')"} {
			a := plain.ok("GET", "{p}/forms/trip"+path, nil)
			body := unzipped(t, a.body)
			for _, leak := range []string{"Invented Name", "a.jpg", "photo"} {
				if bytes.Contains(body, []byte(leak)) {
					t.Errorf("%s shows %q: %s", path, leak, body)
				}
			}
			with := unzipped(t, s.ok("GET", "{p}/forms/trip"+path, nil).body)
			if !bytes.Contains(with, []byte("Invented Name")) && strings.HasPrefix(path, "/submissions.csv") {
				t.Errorf("%s shows no name to who may see them: %s", path, with)
			}
		}
		for _, path := range []string{"/uuid:1.xml", "/uuid:1/attachments/a.jpg", "/uuid:1/comments", "/uuid:1/versions/uuid:1.xml", "/uuid:1/versions/uuid:1/attachments/a.jpg"} {
			plain.no("403.1", "GET", "{p}/forms/trip/submissions"+path, nil)
		}
		// The right of the script is that of its user: a data officer has no unseal.
		officer := s.as(s.DataOfficer, "data", true)
		if a := officer.ok("GET", "{p}/forms/trip/submissions.csv", nil); bytes.Contains(a.body, []byte("Invented Name")) {
			t.Errorf("a data officer is shown names: %s", a.body)
		}
		officer.no("403.1", "GET", "{p}/forms/trip/submissions/uuid:1.xml", nil)
		s.as(s.Caseworker, "caseworker", true).no("403.1", "GET", "{p}/forms/trip/submissions.csv", nil)

		// What was shown, and what was refused, is in the audit log.
		for action, want := range map[string]int{"submission.export-names": 5, "access.unseal": 6, "access.export": 1} {
			var n int
			if err := s.Node.Store.Read(bg, func(tx *store.Tx) error {
				return tx.Row("SELECT count(*) FROM audit WHERE action = ?", action).Scan(&n)
			}); err != nil || n < want {
				t.Errorf("%d entries of %s, want %d: %v", n, action, want, err)
			}
		}
	})
}

func unzipped(t *testing.T, body []byte) []byte {
	t.Helper()
	z, err := zip.NewReader(bytes.NewReader(body), int64(len(body)))
	if err != nil {
		return body
	}
	var out []byte
	for _, f := range z.File {
		r, err := f.Open()
		if err != nil {
			t.Fatal(err)
		}
		b, err := io.ReadAll(r)
		if err != nil {
			t.Fatal(err)
		}
		out = append(append(out, f.Name+"\n"...), b...)
	}
	return out
}

func TestCSV(t *testing.T) {
	s := one(t)
	s.publishTrip()
	s.send(tripOf("uuid:1", "1", "=Invented Name", "31", someWay+"<photo>a.jpg</photo>"))
	s.ok("POST", "{p}/forms/trip/submissions/uuid:1/attachments/a.jpg", "a picture", "Content-Type", "image/jpeg")
	table := func(path string) [][]string {
		t.Helper()
		a := s.ok("GET", "{p}/forms/trip/submissions.csv"+path, nil)
		rows, err := csv.NewReader(bytes.NewReader(a.body)).ReadAll()
		if err != nil {
			t.Fatal(err)
		}
		return rows
	}
	rows := table("")
	same(t, "head", rows[0], []string{"SubmissionDate", "name", "age", "means", "way-km", "way-place-Latitude", "way-place-Longitude", "way-place-Altitude", "way-place-Accuracy", "photo", "meta-instanceID",
		"KEY", "SubmitterID", "SubmitterName", "AttachmentsPresent", "AttachmentsExpected", "Status", "ReviewState", "DeviceID", "Edits", "FormVersion"})
	same(t, "row", rows[1][1:12], []string{"=Invented Name", "31", "foot truck", "12.5", "25.1", "66.9", "10", "4.5", "a.jpg", "uuid:1", "uuid:1"})
	same(t, "tail", rows[1][13:], []string{"field", "1", "1", "", "", "", "0", "1"})
	rows = table("?groupPaths=false&splitSelectMultiples=true")
	same(t, "head", rows[0][1:8], []string{"name", "age", "means", "means/foot", "means/truck", "km", "place-Latitude"})
	same(t, "rows of a filter", len(table("?%24filter=__system%2FreviewState%20eq%20%27approved%27")), 1)

	body := s.ok("POST", "{p}/forms/trip/submissions.csv.zip", nil).body
	z, err := zip.NewReader(bytes.NewReader(body), int64(len(body)))
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, f := range z.File {
		names = append(names, f.Name)
	}
	same(t, "files", names, []string{"trip.csv", "trip-leg.csv", "trip-stop.csv", "media/a.jpg"})
	body = s.ok("GET", "{p}/forms/trip/submissions.csv.zip?attachments=false", nil).body
	if bytes.Contains(body, []byte("media/a.jpg")) {
		t.Error("files nobody asked for")
	}
	if !bytes.Contains(unzipped(t, body), []byte("uuid:1/leg[1]/stop[2]")) {
		t.Errorf("%s", unzipped(t, body))
	}
	places := s.ok("GET", "{p}/forms/trip/submissions.geojson?fieldpath=/way/place", nil).obj()
	same(t, "place", get(places, "features", 0, "geometry", "coordinates"), []any{66.9, 25.1, 10})
	s.no("400.23", "GET", "{p}/forms/trip/submissions.geojson?fieldpath=/nowhere", nil)
}

func TestTestsOfADraft(t *testing.T) {
	embedded(t, func(s *script) {
		s.publishTrip()
		s.ok("POST", "{p}/forms/trip/draft", nil)
		const all = "{p}/forms/trip/draft/submissions"
		got := s.ok("POST", all, tripOf("uuid:1", "1", "Invented Name", "31", ""), "Content-Type", "application/xml").obj()
		same(t, "a test", got["instanceId"], "uuid:1")
		same(t, "tests", len(s.ok("GET", all, nil).list()), 1)
		same(t, "answers", len(s.ok("GET", "{p}/forms/trip/submissions", nil).list()), 0)
		same(t, "as a table", get(s.ok("GET", "{p}/forms/trip/draft.svc/Submissions", nil).rows(), 0, "age"), 31)
		if xml := s.ok("GET", all+"/uuid:1.xml", nil); !bytes.Contains(xml.body, []byte("Invented Name")) {
			t.Errorf("%s", xml.body)
		}
	})
}

// What waits for a caseworker can be sent by a script, and is shown to none.
func TestAnIntakeFormGivesNothingBack(t *testing.T) {
	s := one(t)
	if _, err := s.Node.Forms.Publish(bg, s.Now(s.Admin), forms.Intake, []byte(`<h:html xmlns="http://www.w3.org/2002/xforms" xmlns:h="http://www.w3.org/1999/xhtml"><h:head><h:title>Intake</h:title><model><instance><data id="intake" version="1"><a/><meta><instanceID/></meta></data></instance></model></h:head><h:body><input ref="/data/a"><label>A</label></input></h:body></h:html>`)); err != nil {
		t.Fatal(err)
	}
	const form = "projects/1/forms/intake"
	got := s.ok("POST", form+"/submissions", `<data id="intake" version="1"><a>Invented Name</a><meta><instanceID>uuid:1</instanceID></meta></data>`, "Content-Type", "application/xml").obj()
	same(t, "sent", got["instanceId"], "uuid:1")
	same(t, "files", s.ok("GET", form+"/submissions/uuid:1/attachments", nil).list(), []any{})
	same(t, "listed", s.ok("GET", form+"/submissions", nil).list(), []any{})
	same(t, "as a table", s.ok("GET", form+".svc/Submissions", nil).rows(), []any{})
	same(t, "as CSV", len(lines(s.ok("GET", form+"/submissions.csv", nil).body)), 1)
	s.no("404.1", "GET", form+"/submissions/uuid:1", nil)
	s.no("404.1", "GET", form+"/submissions/uuid:1.xml", nil)
	s.no("404.1", "PATCH", form+"/submissions/uuid:1", `{"reviewState": "approved"}`)
	var waiting int
	if err := s.Node.Store.Read(bg, func(tx *store.Tx) error {
		return tx.Row("SELECT count(*) FROM submissions WHERE form = 'intake' AND kind = 'intake'").Scan(&waiting)
	}); err != nil || waiting != 1 {
		t.Errorf("%d wait in the queue: %v", waiting, err)
	}
}

func TestFieldsOfOlderVersions(t *testing.T) {
	s := one(t)
	s.publishTrip()
	s.send(tripOf("uuid:1", "1", "Invented Name", "31", someWay))
	newer := strings.ReplaceAll(strings.ReplaceAll(trip, "| A trip     | trip       | 1  ", "| A trip     | trip       | 2  "), "| integer               | age        | Age            |                  |", "| integer               | years      | Years          |                  |")
	s.ok("POST", "{p}/forms/trip/draft?ignoreWarnings=true", newer, "Content-Type", markdown)
	s.ok("POST", "{p}/forms/trip/draft/publish", nil)
	head := func(query string) string {
		return string(lines(s.ok("GET", "{p}/forms/trip/submissions.csv"+query, nil).body)[0])
	}
	if h := head(""); strings.Contains(h, "age") || !strings.Contains(h, "years") {
		t.Error(h)
	}
	if h := head("?deletedFields=true"); !strings.Contains(h, "age") || !strings.Contains(h, "years") {
		t.Error(h)
	}
	row := s.ok("GET", "{p}/forms/trip.svc/Submissions", nil).rows()[0].(map[string]any)
	if _, ok := row["age"]; ok || row["years"] != nil {
		t.Errorf("%v", row)
	}
}

func TestEncryptedSubmissions(t *testing.T) {
	s := one(t)
	const key = "MIIBIjANBgkqhkiG9w0BAQEFAAOCAQ8AMIIBCgKCAQEAyYh7bSui/0xppQ+J3i5xghfao+559Rqg9X0xNbdMEsW35CzYUfmC8sOzeeUiE4pG7HIEUmiJal+mo70UMDUlywXj9z053n0g6MmtLlUyBw0ZGhEZWHsfBxPQixdzY/c5i7sh0dFzWVBZ7UrqBc2qjRFUYxeXqHsAxSPClTH1nW47Mr2h4juBLC7tBNZA3biZA/XTPt//hAuzv1d6MGiF3vQJXvFTNdfsh6Ckq4KXUsAv+07cLtON4KjrKhqsVNNGbFssTUHVL4A9N3gsuRGt329LHOKBxQUGEnhMM2MEtvk4kaVQrgCqpk1pMU/4HlFtRjOoKdAIuzzxIl56gNdRUQIDAQAB"
	form := strings.ReplaceAll(strings.ReplaceAll(trip, "| version |", "| version | public_key |"), "| 1       |", "| 1       | "+key+" |")
	s.ok("POST", "{p}/forms?publish=true&ignoreWarnings=true", form, "Content-Type", markdown)
	s.ok("POST", "{p}/forms/trip/submissions", `<data xmlns="http://opendatakit.org/submissions" encrypted="yes" id="trip" version="1"><base64EncryptedKey>x</base64EncryptedKey><meta xmlns="http://openrosa.org/xforms"><instanceID>uuid:1</instanceID></meta><encryptedXmlFile>submission.xml.enc</encryptedXmlFile><base64EncryptedElementSignature>x</base64EncryptedElementSignature></data>`, "Content-Type", "application/xml")
	status := func() any {
		return get(s.ok("GET", "{p}/forms/trip.svc/Submissions", nil).rows(), 0, "__system", "status")
	}
	same(t, "before its answers came", status(), "missingEncryptedFormData")
	s.ok("POST", "{p}/forms/trip/submissions/uuid:1/attachments/submission.xml.enc", "sealed", "Content-Type", "application/octet-stream")
	same(t, "once they came", status(), "notDecrypted")
	same(t, "rounds", len(s.ok("GET", "{p}/forms/trip.svc/Submissions.leg", nil).rows()), 0)
	if csv := s.ok("GET", "{p}/forms/trip/submissions.csv", nil); !bytes.Contains(csv.body, []byte("not decrypted")) {
		t.Errorf("%s", csv.body)
	}
}
