package central

import (
	"bytes"
	"net/url"
	"strings"
	"testing"

	"aman/forms/export"
)

func TestProjects(t *testing.T) {
	embedded(t, func(s *script) {
		list := s.ok("GET", "projects", nil).list()
		same(t, "projects", len(list), 2)
		p := s.ok("PATCH", "{p}", `{"name": "Another name", "description": "For tests", "archived": true}`).obj()
		same(t, "name", []any{p["name"], p["description"], p["archived"]}, []any{"Another name", "For tests", true})
		s.ok("PATCH", "{p}", `{"archived": false}`)
		s.publishTrip()
		p = s.ok("GET", "{p}?forms=true", nil, "X-Extended-Metadata", "true").obj()
		same(t, "extended", []any{p["forms"], p["appUsers"], get(p, "formList", 0, "xmlFormId")}, []any{1, 0, "trip"})
		s.no("400.2", "POST", "projects", `{"description": "no name"}`)
		s.no("404.1", "GET", "projects/999", nil)
		s.no("400.11", "GET", "projects/x", nil)
		s.no("409.20", "DELETE", "{p}", nil)
		empty := s.ok("POST", "projects", `{"name": "Empty"}`).obj()
		s.ok("DELETE", "projects/"+itoa(int64(empty["id"].(float64))), nil)

		// A project of one organisation is not there for another.
		other := s.as(s.Shelter, "shelter", false)
		other.no("404.1", "GET", "{p}", nil)
		other.no("404.1", "GET", "{p}/forms/trip", nil)
		same(t, "what another organisation sees", len(other.ok("GET", "projects", nil).list()), 1)
		s.as(s.Enumerator, "enumerator", false).no("403.1", "POST", "projects", `{"name": "Mine"}`)
	})
}

func TestAFormFromASpreadsheet(t *testing.T) {
	embedded(t, func(s *script) {
		var xlsx bytes.Buffer
		if err := export.Sheets(&xlsx,
			export.Sheet{Name: "survey", Rows: [][]string{{"type", "name", "label"}, {"text", "town", "Town"}, {"image", "map", "Map"}}},
			export.Sheet{Name: "settings", Rows: [][]string{{"form_title", "version"}, {"Towns", "1"}}}); err != nil {
			t.Fatal(err)
		}
		f := s.ok("POST", "{p}/forms?publish=false&ignoreWarnings=true", xlsx.Bytes(), "Content-Type", excelTypes[".xlsx"], "X-XlsForm-FormId-Fallback", url.PathEscape("towns é")).obj()
		same(t, "the draft", []any{f["xmlFormId"], f["name"], f["version"], f["publishedAt"], f["state"]}, []any{"towns é", "Towns", "1", nil, "open"})
		if f["draftToken"] == nil || f["hash"] == "" {
			t.Errorf("%v", f)
		}
		const form = "{p}/forms/towns%20%C3%A9"
		s.no("404.1", "GET", form+"/submissions", nil)
		s.ok("POST", form+"/draft/publish", nil)
		f = s.ok("GET", form, nil, "X-Extended-Metadata", "true").obj()
		same(t, "published", []any{f["draftToken"], f["submissions"], f["excelContentType"], get(f, "createdBy", "displayName")}, []any{nil, 0, excelTypes[".xlsx"], "field"})
		if f["publishedAt"] == nil {
			t.Error("not published")
		}
		got := s.ok("GET", form+".xlsx", nil)
		if !bytes.Equal(got.body, xlsx.Bytes()) || !strings.Contains(got.header.Get("Content-Disposition"), "attachment") {
			t.Error("another spreadsheet")
		}
		s.no("404.1", "GET", form+".xls", nil)
		if xml := s.ok("GET", form+".xml", nil); !strings.Contains(string(xml.body), `id="towns é"`) || !strings.Contains(xml.header.Get("Content-Type"), "xml") {
			t.Errorf("%s", xml.body)
		}
		s.no("409.3", "POST", "{p}/forms?ignoreWarnings=true", xlsx.Bytes(), "Content-Type", excelTypes[".xlsx"], "X-XlsForm-FormId-Fallback", url.PathEscape("towns é"))
	})
}

func TestWhatIsNoForm(t *testing.T) {
	s := one(t)
	for _, x := range []struct{ what, code, kind, body string }{
		{"an unknown type", "400.15", markdown, "| survey |\n| | type | name | label |\n| | telepathy | a | A |\n"},
		{"warnings", "400.16", markdown, "| survey |\n| | type | name | label |\n| | image | a | A |\n"},
		{"no XML", "400.1", "application/xml", "<h:html"},
		{"no form", "400.1", "application/xml", "<x/>"},
		{"nothing", "400.1", "application/xml", ""},
		{"no workbook", "400.15", excelTypes[".xlsx"], "PK"},
		{"an id that ends like a file", "400.8", markdown, strings.ReplaceAll(trip, "| trip       |", "| trip.xml   |")},
	} {
		t.Run(x.what, func(t *testing.T) {
			s.t = t
			a := s.no(x.code, "POST", "{p}/forms", x.body, "Content-Type", x.kind, "X-XlsForm-FormId-Fallback", "x")
			if x.code == "400.16" && len(get(a.obj(), "details", "warnings", "xlsFormWarnings").([]any)) == 0 {
				t.Error("no warning is told")
			}
		})
	}
}

func TestVersionsOfAForm(t *testing.T) {
	embedded(t, func(s *script) {
		s.publishTrip()
		const form = "{p}/forms/trip"
		s.no("404.1", "GET", form+"/draft", nil)
		s.no("404.1", "DELETE", form+"/draft", nil)
		s.ok("POST", form+"/draft", nil)
		s.no("409.6", "POST", form+"/draft/publish", nil)
		s.ok("POST", form+"/draft/publish?version=2", nil)
		s.ok("POST", form+"/draft?ignoreWarnings=true", strings.ReplaceAll(trip, "| A trip     | trip       | 1  ", "| A trip     | trip       | 3  "), "Content-Type", markdown)
		same(t, "the draft", s.ok("GET", form+"/draft", nil).obj()["version"], "3")
		if xml := s.ok("GET", form+"/draft.xml", nil); !bytes.Contains(xml.body, []byte(`version="3"`)) {
			t.Errorf("%s", xml.body)
		}
		s.ok("DELETE", form+"/draft", nil)
		list := s.ok("GET", form+"/versions", nil, "X-Extended-Metadata", "true").list()
		same(t, "versions", []any{len(list), get(list, 0, "version"), get(list, 1, "version"), get(list, 0, "publishedBy", "displayName")}, []any{2, "2", "1", "field"})
		same(t, "one version", s.ok("GET", form+"/versions/1", nil).obj()["version"], "1")
		s.no("404.1", "GET", form+"/versions/9", nil)
		s.no("404.1", "GET", form+"/versions/9.xml", nil)
		if xml := s.ok("GET", form+"/versions/1.xml", nil); !bytes.Contains(xml.body, []byte(`version="1"`)) {
			t.Errorf("%s", xml.body)
		}
		s.ok("PATCH", form, `{"state": "closing"}`)
		s.no("400.8", "PATCH", form, `{"state": "ajar"}`)
		same(t, "state", s.ok("GET", form, nil).obj()["state"], "closing")

		s.ok("DELETE", form, nil)
		s.no("404.1", "GET", form, nil)
		gone := s.ok("GET", "{p}/forms?deleted=true", nil).list()
		same(t, "deleted", []any{len(gone), get(gone, 0, "xmlFormId")}, []any{1, "trip"})
		s.ok("POST", "{p}/forms/"+itoa(int64(get(gone, 0, "id").(float64)))+"/restore", nil)
		s.ok("GET", form, nil)

		s.as(s.Enumerator, "enumerator", false).no("403.1", "PATCH", form, `{"state": "open"}`)
	})
}

func TestFields(t *testing.T) {
	s := one(t)
	s.publishTrip()
	var got [][3]any
	for _, f := range s.ok("GET", "{p}/forms/trip/fields?odata=true", nil).list() {
		got = append(got, [3]any{get(f, "path"), get(f, "type"), get(f, "selectMultiple")})
	}
	same(t, "fields", got, [][3]any{
		{"/name", "string", nil}, {"/age", "int", nil}, {"/means", "string", true}, {"/way", "structure", nil}, {"/way/km", "decimal", nil}, {"/way/place", "geopoint", nil},
		{"/leg", "repeat", nil}, {"/leg/town", "string", nil}, {"/leg/stop", "repeat", nil}, {"/leg/stop/day", "date", nil}, {"/photo", "binary", nil}, {"/meta", "structure", nil}, {"/meta/instanceID", "string", nil},
	})
}

func TestMedia(t *testing.T) {
	embedded(t, func(s *script) {
		const form = "{p}/forms/village"
		s.ok("POST", "{p}/forms?ignoreWarnings=true", "| survey |\n| | type | name | label |\n| | select_one_from_file villages.csv | v | V |\n| settings |\n| | form_id | version |\n| | village | 1 |\n", "Content-Type", markdown)
		m := s.ok("GET", form+"/draft/attachments", nil).list()
		same(t, "expected", []any{get(m, 0, "name"), get(m, 0, "type"), get(m, 0, "exists"), get(m, 0, "hash")}, []any{"villages.csv", "file", false, nil})
		s.no("404.1", "GET", form+"/draft/attachments/villages.csv", nil)
		s.no("404.1", "POST", form+"/draft/attachments/other.csv", "name,label\n", "Content-Type", "text/csv")
		one := s.ok("POST", form+"/draft/attachments/villages.csv", "name,label\na,A\n", "Content-Type", "text/csv").obj()
		same(t, "there", []any{one["exists"], one["blobExists"], one["datasetExists"]}, []any{true, true, false})
		s.ok("POST", form+"/draft/publish", nil)
		same(t, "its content", string(s.ok("GET", form+"/attachments/villages.csv", nil).body), "name,label\na,A\n")

		s.ok("POST", "{p}/datasets", `{"name": "villages"}`)
		s.ok("POST", form+"/draft", nil)
		one = s.ok("PATCH", form+"/draft/attachments/villages.csv", `{"dataset": true}`).obj()
		same(t, "linked", []any{one["exists"], one["blobExists"], one["datasetExists"]}, []any{true, false, true})
		s.ok("POST", "{p}/datasets/villages/entities", `{"label": "Invented A", "data": {}}`)
		list := s.ok("GET", form+"/draft/attachments/villages.csv", nil)
		if !strings.HasPrefix(string(list.body), "name,label,__version") || !strings.Contains(string(list.body), "Invented A") {
			t.Errorf("%s", list.body)
		}
		if a := s.do("GET", form+"/draft/attachments/villages.csv", nil, "If-None-Match", list.header.Get("ETag")); a.status != 304 {
			t.Errorf("unchanged: %d", a.status)
		}
		s.ok("PATCH", form+"/draft/attachments/villages.csv", `{"dataset": false}`)
		s.no("404.1", "DELETE", form+"/draft/attachments/villages.csv", nil)
	})
}
