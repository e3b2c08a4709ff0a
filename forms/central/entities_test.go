package central

import (
	"bytes"
	"encoding/csv"
	"net/url"
	"strings"
	"testing"
)

func TestEntityLists(t *testing.T) {
	embedded(t, func(s *script) {
		d := s.ok("POST", "{p}/datasets", `{"name": "shelters", "approvalRequired": true}`).obj()
		same(t, "made", []any{d["name"], d["projectId"], d["approvalRequired"], d["properties"], d["linkedForms"], d["sourceForms"]}, []any{"shelters", 2, true, []any{}, []any{}, []any{}})
		s.no("409.3", "POST", "{p}/datasets", `{"name": "shelters"}`)
		s.no("400.8", "POST", "{p}/datasets", `{"name": "a.b"}`)
		s.ok("POST", "{p}/datasets/shelters/properties", `{"name": "town-é"}`)
		s.no("409.3", "POST", "{p}/datasets/shelters/properties", `{"name": "town-é"}`)
		s.no("400.8", "POST", "{p}/datasets/shelters/properties", `{"name": "label"}`)
		d = s.ok("GET", "{p}/datasets/shelters", nil, "X-Extended-Metadata", "true").obj()
		same(t, "property", []any{get(d, "properties", 0, "name"), get(d, "properties", 0, "odataName"), d["entities"]}, []any{"town-é", "town_", 0})
		same(t, "the list", get(s.ok("GET", "{p}/datasets", nil).list(), 0, "name"), "shelters")
		same(t, "changed", s.ok("PATCH", "{p}/datasets/shelters", `{"approvalRequired": false}`).obj()["approvalRequired"], false)
		s.no("404.1", "GET", "{p}/datasets/nothing", nil)
		s.as(s.Shelter, "shelter", false).no("404.1", "GET", "{p}/datasets/shelters", nil)
		s.ok("DELETE", "{p}/datasets/shelters", nil)
		s.no("404.1", "GET", "{p}/datasets/shelters", nil)
	})
}

const anID = "5a1f0c35-8d4f-4a0e-9c56-0a4c9bb3fd11"

func TestEntities(t *testing.T) {
	each(t, func(s *script) {
		s.ok("POST", "{p}/datasets", `{"name": "shelters"}`)
		s.ok("POST", "{p}/datasets/shelters/properties", `{"name": "town"}`)
		s.ok("POST", "{p}/datasets/shelters/properties", `{"name": "beds"}`)
		const all = "{p}/datasets/shelters/entities"
		e := s.ok("POST", all, `{"uuid": "`+anID+`", "label": "House one", "data": {"town": "Invented A", "beds": "4"}}`).obj()
		same(t, "made", []any{e["uuid"], get(e, "currentVersion", "label"), get(e, "currentVersion", "version"), get(e, "currentVersion", "data", "town"), e["conflict"], e["updatedAt"]}, []any{anID, "House one", 1, "Invented A", nil, nil})
		for code, body := range map[string]string{
			"409.3":  `{"uuid": "` + anID + `", "label": "Again", "data": {}}`,
			"400.28": `{"label": "x", "data": {"nothing": "1"}}`,
			"400.1":  `{"label": `,
		} {
			s.no(code, "POST", all, body)
		}
		s.no("400.28", "POST", all, `{"uuid": "no", "label": "x"}`)
		s.no("400.28", "POST", all, `{"label": " ", "data": {}}`)
		s.no("400.28", "POST", all, `{"label": "x", "data": {"beds": 4}}`)
		s.ok("POST", all, `{"entities": [{"label": "House two", "data": {"town": "Invented B", "beds": null}}, {"label": "House three", "data": {}}], "source": {"name": "houses.csv", "size": 2}}`)
		s.no("400.2", "POST", all, `{"entities": [{"label": "x"}]}`)
		s.no("400.8", "POST", all, `{"entities": [], "source": {"name": "x"}}`)
		same(t, "how many", len(s.ok("GET", all, nil).list()), 3)

		const one = all + "/" + anID
		s.no("400.2", "PATCH", one, `{"label": "x"}`)
		s.no("400.11", "PATCH", one+"?baseVersion=x", `{"label": "x"}`)
		s.no("409.15", "PATCH", one+"?baseVersion=7", `{"data": {"beds": "5"}}`)
		e = s.ok("PATCH", one+"?baseVersion=1", `{"data": {"beds": "5"}}`).obj()
		same(t, "changed", []any{get(e, "currentVersion", "version"), get(e, "currentVersion", "baseVersion"), get(e, "currentVersion", "data", "beds"), get(e, "currentVersion", "data", "town"), get(e, "currentVersion", "label")}, []any{2, 1, "5", "Invented A", "House one"})
		if e["updatedAt"] == nil {
			t.Error("no time of the change")
		}
		s.no("409.15", "PATCH", one+"?baseVersion=1", `{"data": {"beds": "6"}}`)
		same(t, "forced", get(s.ok("PATCH", one+"?force=true", `{"label": "House 1"}`).obj(), "currentVersion", "label"), "House 1")
		v := s.ok("GET", one+"/versions", nil).list()
		same(t, "versions", []any{len(v), get(v, 0, "version"), get(v, 0, "current"), get(v, 2, "current"), get(v, 2, "label")}, []any{3, 1, false, true, "House 1"})
		same(t, "diffs", s.ok("GET", one+"/diffs", nil).list(), []any{
			[]any{map[string]any{"old": "4", "new": "5", "propertyName": "beds"}}, []any{map[string]any{"old": "House one", "new": "House 1", "propertyName": "label"}},
		})

		a := s.ok("GET", all+".csv", nil)
		rows, err := csv.NewReader(bytes.NewReader(a.body)).ReadAll()
		if err != nil {
			t.Fatal(err)
		}
		same(t, "head", rows[0], []string{"__id", "label", "town", "beds", "__createdAt", "__creatorId", "__creatorName", "__updates", "__updatedAt", "__version"})
		same(t, "row", rows[3][:4], []string{anID, "House 1", "Invented A", "5"})
		same(t, "rows of a filter", len(lines(s.ok("GET", all+".csv?$filter="+url.QueryEscape("__system/updatedAt ne null"), nil).body)), 2)

		tag := a.header.Get("ETag")
		if again := s.do("GET", all+".csv", nil, "If-None-Match", strings.Trim(tag, `"`)); again.status != 304 || tag == "" {
			t.Errorf("unchanged, %s: %d", tag, again.status)
		}

		s.ok("DELETE", one, nil)
		s.no("404.1", "GET", one, nil)
		same(t, "how many", len(s.ok("GET", all, nil).list()), 2)
		same(t, "deleted", get(s.ok("GET", all+"?deleted=true", nil).list(), 0, "uuid"), anID)
		s.ok("POST", one+"/restore", nil)
		s.ok("GET", one, nil)
		s.no("404.1", "DELETE", all+"/00000000-0000-4000-8000-000000000000", nil)
	})
}

func lines(b []byte) [][]byte { return bytes.Split(bytes.TrimSpace(b), []byte("\n")) }

func TestODataOfEntities(t *testing.T) {
	s := one(t)
	s.ok("POST", "{p}/datasets", `{"name": "shelters"}`)
	s.ok("POST", "{p}/datasets/shelters/properties", `{"name": "town"}`)
	for _, name := range []string{"one", "two", "three", "four"} {
		s.ok("POST", "{p}/datasets/shelters/entities", `{"label": "House `+name+`", "data": {"town": "`+name+`"}}`)
	}
	const table = "{p}/datasets/shelters.svc/Entities"
	labels := func(rows []any) (out []string) {
		for _, r := range rows {
			out = append(out, get(r, "label").(string))
		}
		return out
	}
	a := s.ok("GET", table+"?$count=true&$top=3", nil)
	same(t, "a page", []any{labels(a.rows()), a.obj()["@odata.count"]}, []any{[]string{"House four", "House three", "House two"}, 4})
	row := a.rows()[0]
	same(t, "a row", []any{get(row, "town"), get(row, "__system", "version"), get(row, "__system", "creatorName"), get(row, "__system", "updatedAt"), get(row, "__system", "updates")}, []any{"four", 1, "field", nil, 0})
	next := a.obj()["@odata.nextLink"].(string)
	same(t, "the next", labels(s.ok("GET", next[len(s.base):], nil).rows()), []string{"House one"})
	same(t, "by a property", labels(s.ok("GET", table+"?$filter="+url.QueryEscape("town eq 'two' or __system/createdAt lt 2020-01-01"), nil).rows()), []string{"House two"})
	same(t, "found by a word of the label", labels(s.ok("GET", table+"?$count=true&$search=two", nil).rows()), []string{"House two"})
	same(t, "some", s.ok("GET", table+"?$top=1&$select=town,__system/version", nil).rows()[0], map[string]any{"town": "four", "__system": map[string]any{"version": 1}})
	s.no("400.23", "GET", table+"?$select=nothing", nil)
	same(t, "service", get(s.ok("GET", "{p}/datasets/shelters.svc", nil).obj(), "value", 0, "name"), "Entities")
	if m := s.ok("GET", "{p}/datasets/shelters.svc/$metadata", nil); !bytes.Contains(m.body, []byte(`<Property Name="town" Type="Edm.String"/>`)) {
		t.Errorf("%s", m.body)
	}
	s.no("404.1", "GET", "{p}/datasets/shelters.svc/Other", nil)
}

// A property that holds a name is empty for every script, and can be written by one.
func TestNamesOfEntitiesAreKeptBack(t *testing.T) {
	s := one(t)
	s.ok("POST", "{p}/datasets", `{"name": "families"}`)
	s.ok("POST", "{p}/datasets/families/properties", `{"name": "head", "class": "identity"}`)
	s.ok("POST", "{p}/datasets/families/properties", `{"name": "town", "class": "open"}`)
	s.no("400.8", "POST", "{p}/datasets/families/properties", `{"name": "other", "class": "secret"}`)
	const one = "{p}/datasets/families/entities/" + anID
	s.ok("POST", "{p}/datasets/families/entities", `{"uuid": "`+anID+`", "label": "Family one", "data": {"head": "Invented Name", "town": "Invented A"}}`)
	s.ok("PATCH", one+"?baseVersion=1", `{"data": {"head": "Invented Name Two"}}`)
	for _, path := range []string{one, one + "/versions", one + "/diffs", "{p}/datasets/families/entities", "{p}/datasets/families/entities.csv", "{p}/datasets/families.svc/Entities",
		"{p}/datasets/families.svc/Entities?$filter=" + url.QueryEscape("head ne 'x'")} {
		a := s.ok("GET", path, nil)
		if bytes.Contains(a.body, []byte("Invented Name")) {
			t.Errorf("%s shows a name: %s", path, a.body)
		}
	}
	rows := s.ok("GET", "{p}/datasets/families.svc/Entities?$filter="+url.QueryEscape("head eq 'Invented Name Two'"), nil).rows()
	same(t, "nobody finds out a name by asking for it", len(rows), 0)
}

// A form makes a list and an entity of it; another draws on it.
func TestEntitiesOfForms(t *testing.T) {
	s := one(t)
	s.ok("POST", "{p}/forms?publish=true&ignoreWarnings=true", `
| survey |      |       |       |         |
|        | type | name  | label | save_to |
|        | text | town  | Town  | town    |
|        | text | house | House |         |
| entities |           |          |
|          | list_name | label    |
|          | houses    | ${house} |
| settings |         |         |
|          | form_id | version |
|          | makes   | 1       |
`, "Content-Type", markdown)
	s.ok("POST", "{p}/forms?ignoreWarnings=true", "| survey |\n| | type | name | label |\n| | select_one_from_file houses.csv | h | H |\n| settings |\n| | form_id | version |\n| | asks | 1 |\n", "Content-Type", markdown)
	s.ok("PATCH", "{p}/forms/asks/draft/attachments/houses.csv", `{"dataset": true}`)
	s.ok("POST", "{p}/forms/asks/draft/publish", nil)
	d := s.ok("GET", "{p}/datasets/houses", nil, "X-Extended-Metadata", "true").obj()
	same(t, "forms", []any{d["sourceForms"], d["linkedForms"], get(d, "properties", 0, "name"), get(d, "properties", 0, "forms", 0, "xmlFormId")},
		[]any{[]any{map[string]any{"name": "makes", "xmlFormId": "makes"}}, []any{map[string]any{"name": "asks", "xmlFormId": "asks"}}, "town", "makes"})
	s.ok("POST", "{p}/forms/makes/submissions", `<data id="makes" version="1"><town>Invented A</town><house>House one</house><meta><instanceID>uuid:1</instanceID><entity dataset="houses" id="`+anID+`" create="1"><label>House one</label></entity></meta></data>`, "Content-Type", "application/xml")
	e := s.ok("GET", "{p}/datasets/houses/entities/"+anID, nil).obj()
	same(t, "made by a submission", []any{get(e, "currentVersion", "label"), e["creatorId"]}, []any{"House one", s.ok("GET", "users/current", nil).obj()["id"]})
	same(t, "with what a form saves", get(e, "currentVersion", "data", "town"), "Invented A")
	if csv := s.ok("GET", "{p}/forms/asks/attachments/houses.csv", nil); !bytes.Contains(csv.body, []byte(anID)) {
		t.Errorf("%s", csv.body)
	}
	s.no("409.22", "DELETE", "{p}/datasets/houses", nil)
	s.ok("POST", "{p}/datasets/houses/properties", `{"name": "rooms"}`)
	same(t, "what the form writes", s.ok("GET", "{p}/forms/makes/dataset-diff", nil).list(), []any{map[string]any{"name": "houses", "properties": []any{
		map[string]any{"name": "town", "inForm": true}, map[string]any{"name": "rooms", "inForm": false}}}})
	same(t, "what one that only asks writes", s.ok("GET", "{p}/forms/asks/dataset-diff", nil).list(), []any{})
	s.ok("POST", "{p}/forms/makes/draft", nil)
	same(t, "what its draft would make", get(s.ok("GET", "{p}/forms/makes/draft/dataset-diff", nil).list(), 0, "isNew"), false)
}

func TestPlacesOfEntities(t *testing.T) {
	s := one(t)
	s.ok("POST", "{p}/datasets", `{"name": "places"}`)
	const geo = "{p}/datasets/places/entities.geojson"
	same(t, "none", s.ok("GET", geo, nil).obj(), map[string]any{"type": "FeatureCollection", "features": []any{}})
	s.ok("POST", "{p}/datasets/places/properties", `{"name": "geometry"}`)
	for _, at := range []string{"25.1 66.9 10 4.5", "25 66;26 67", "25 66;26 67;27 66;25 66", "", "somewhere"} {
		s.ok("POST", "{p}/datasets/places/entities", `{"label": "Place", "data": {"geometry": "`+at+`"}}`)
	}
	f := s.ok("GET", geo, nil).obj()
	same(t, "the newest first", []any{len(f["features"].([]any)), get(f, "features", 0, "geometry", "type"), get(f, "features", 1, "geometry", "type"), get(f, "features", 2, "geometry")},
		[]any{3, "Polygon", "LineString", map[string]any{"type": "Point", "coordinates": []any{66.9, 25.1, 10}}})
	same(t, "one of them", len(s.ok("GET", geo+"?limit=1", nil).obj()["features"].([]any)), 1)
}
