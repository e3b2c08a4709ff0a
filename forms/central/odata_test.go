package central

import (
	"bytes"
	"compress/gzip"
	"encoding/xml"
	"fmt"
	"io"
	"net/url"
	"strings"
	"testing"
	"time"
)

// sent is a form with five submissions, a minute apart: uuid:1 to uuid:5, aged 31 to 35.
func (s *script) sent() {
	s.t.Helper()
	s.publishTrip()
	for i := 1; i <= 5; i++ {
		s.send(tripOf(fmt.Sprintf("uuid:%d", i), "1", "Invented Name", fmt.Sprint(30+i), someWay))
		s.Clock.Add(time.Minute)
	}
}

func idsOf(rows []any) (out []string) {
	for _, r := range rows {
		out = append(out, get(r, "__id").(string))
	}
	return out
}

func TestODataDocuments(t *testing.T) {
	s := one(t)
	s.sent()
	service := s.ok("GET", "{p}/forms/trip.svc", nil).obj()
	var names []any
	for _, v := range service["value"].([]any) {
		names = append(names, get(v, "name"))
	}
	same(t, "tables", names, []any{"Submissions", "Submissions.leg", "Submissions.leg.stop"})
	same(t, "context", service["@odata.context"], s.base+"projects/2/forms/trip.svc/$metadata")

	meta := s.ok("GET", "{p}/forms/trip.svc/$metadata", nil)
	for d := xml.NewDecoder(strings.NewReader(string(meta.body))); ; {
		if _, err := d.Token(); err == io.EOF {
			break
		} else if err != nil {
			t.Fatalf("%v in %s", err, meta.body)
		}
	}
	for _, want := range []string{
		`<EntityType Name="Submissions"><Key><PropertyRef Name="__id"/></Key>`, `<Property Name="age" Type="Edm.Int64"/>`, `<Property Name="way" Type="org.opendatakit.user.trip.way"/>`,
		`<NavigationProperty Name="leg" Type="Collection(org.opendatakit.user.trip.Submissions.leg)"/>`, `<EntityType Name="Submissions.leg.stop">`, `<Property Name="__Submissions-leg-id" Type="Edm.String"/>`,
		`<ComplexType Name="way"><Property Name="km" Type="Edm.Decimal"/><Property Name="place" Type="Edm.GeographyPoint"/></ComplexType>`, `<Property Name="day" Type="Edm.Date"/>`,
	} {
		if !strings.Contains(string(meta.body), want) {
			t.Errorf("no %s in %s", want, meta.body)
		}
	}
}

func TestODataRows(t *testing.T) {
	embedded(t, func(s *script) {
		s.sent()
		a := s.ok("GET", "{p}/forms/trip.svc/Submissions?$count=True", nil)
		same(t, "rows, newest first", idsOf(a.rows()), []string{"uuid:5", "uuid:4", "uuid:3", "uuid:2", "uuid:1"})
		same(t, "count", a.obj()["@odata.count"], 5)
		if v, ok := a.obj()["@odata.nextLink"]; ok {
			t.Errorf("a next page after the last: %v", v)
		}
		row := a.rows()[4]
		same(t, "a row", []any{get(row, "age"), get(row, "means"), get(row, "way", "km"), get(row, "way", "place"), get(row, "leg@odata.navigationLink"), get(row, "leg"), get(row, "__system", "submitterName")},
			[]any{31, "foot truck", 12.5, map[string]any{"type": "Point", "coordinates": []any{66.9, 25.1, 10}, "properties": map[string]any{"accuracy": 4.5}}, "Submissions('uuid%3A1')/leg", nil, "field"})
		if _, ok := get(row, "__system").(map[string]any)["submitterId"].(string); !ok {
			t.Errorf("%v", get(row, "__system"))
		}
		row = s.ok("GET", "{p}/forms/trip.svc/Submissions?$expand=*&$wkt=true&$top=1", nil).rows()[0]
		same(t, "expanded", []any{get(row, "leg", 0, "town"), get(row, "leg", 0, "stop", 1, "day"), get(row, "way", "place")}, []any{"Invented A", "2026-03-02", "POINT (66.9 25.1 10)"})

		legs := s.ok("GET", "{p}/forms/trip.svc/Submissions.leg?$count=true&$top=3", nil)
		same(t, "legs", []any{len(legs.rows()), legs.obj()["@odata.count"], get(legs.rows()[0], "__Submissions-id"), get(legs.rows()[0], "town")}, []any{3, 10, "uuid:5", "Invented A"})
		one := s.ok("GET", "{p}/forms/trip.svc/Submissions('uuid:3')", nil).rows()
		same(t, "one", idsOf(one), []string{"uuid:3"})
		link := get(one[0], "leg@odata.navigationLink").(string)
		mine := s.ok("GET", "{p}/forms/trip.svc/"+link, nil).rows()
		same(t, "its legs", len(mine), 2)
		stops := s.ok("GET", "{p}/forms/trip.svc/"+get(mine[0], "stop@odata.navigationLink").(string), nil).rows()
		same(t, "the stops of its first leg", []any{len(stops), get(stops[1], "day"), get(stops[0], "__Submissions-leg-id")}, []any{2, "2026-03-02", get(mine[0], "__id")})

		for _, path := range []string{"Submissions.nothing", "Submission", "Submissions('uuid:none')", "Submissions/leg", "Submissions('uuid:3')/way"} {
			s.no("404.1", "GET", "{p}/forms/trip.svc/"+path, nil)
		}
	})
}

func TestODataPages(t *testing.T) {
	each(t, func(s *script) {
		s.sent()
		walk := func(path string) (out []string, pages int) {
			t := s.t
			t.Helper()
			for next := path; next != ""; pages++ {
				a := s.ok("GET", next, nil)
				out = append(out, idsOf(a.rows())...)
				link, _ := a.obj()["@odata.nextLink"].(string)
				next = strings.TrimPrefix(link, s.base)
				if pages == 0 {
					s.send(tripOf("uuid:late-"+itoa(int64(len(path))), "1", "Invented Name", "40", someWay)) // what comes meanwhile moves nothing
				}
				if pages > 20 {
					t.Fatal("it never ends")
				}
			}
			return out, pages
		}
		link := s.ok("GET", "{p}/forms/trip.svc/Submissions?$top=2", nil).obj()["@odata.nextLink"].(string)
		if !strings.HasSuffix(link, "?$top=2&%24skiptoken=01eyJpbnN0YW5jZUlkIjoidXVpZDo0In0%3D") { // {"instanceId":"uuid:4"}, as Central's
			s.t.Error(link)
		}
		got, pages := walk("{p}/forms/trip.svc/Submissions?$top=2")
		same(s.t, "page after page", got, []string{"uuid:5", "uuid:4", "uuid:3", "uuid:2", "uuid:1"})
		same(s.t, "pages", pages, 3)
		all := idsOf(s.ok("GET", "{p}/forms/trip.svc/Submissions.leg", nil).rows())
		got, _ = walk("{p}/forms/trip.svc/Submissions.leg?$top=3")
		same(s.t, "legs page after page", got, all)
		a := s.ok("GET", "{p}/forms/trip.svc/Submissions?$top=2&$skip=3&$count=true", nil)
		same(s.t, "passed over", []any{idsOf(a.rows()), a.obj()["@odata.count"]}, []any{[]string{"uuid:4", "uuid:3"}, 7})
		same(s.t, "as ruODK asks", len(s.ok("GET", "{p}/forms/trip.svc/Submissions?$skip=&$top=&$count=false&$wkt=false", nil).rows()), 7)
		same(s.t, "none", len(s.ok("GET", "{p}/forms/trip.svc/Submissions?$top=0", nil).rows()), 0)
		s.no("400.8", "GET", "{p}/forms/trip.svc/Submissions?$top=-1", nil)
		s.no("400.8", "GET", "{p}/forms/trip.svc/Submissions?$skiptoken=01zzz", nil)
	})
}

func TestODataFilters(t *testing.T) {
	s := one(t)
	begin := s.Clock.Now()
	s.sent()
	s.ok("PATCH", "{p}/forms/trip/submissions/uuid:2", `{"reviewState": "rejected"}`)
	me := itoa(int64(s.ok("GET", "users/current", nil).obj()["id"].(float64)))
	for expression, want := range map[string][]string{
		"__system/submissionDate lt " + begin.Add(90*time.Second).Format(time.RFC3339Nano):                {"uuid:2", "uuid:1"},
		"__system/submissionDate ge " + begin.Add(210*time.Second).Format(time.RFC3339Nano) + " and true": {"uuid:5"},
		"not (__system/submissionDate lt " + begin.Add(210*time.Second).Format(time.RFC3339Nano) + ")":    {"uuid:5"},
		"__system/reviewState eq 'rejected'": {"uuid:2"},
		"__system/reviewState ne 'rejected' and __system/submissionDate lt " + begin.Add(90*time.Second).Format(time.RFC3339Nano): {"uuid:1"},
		"__system/reviewState eq null and __system/submissionDate lt " + begin.Add(90*time.Second).Format(time.RFC3339Nano):       {"uuid:1"},
		"__system/updatedAt ne null": {"uuid:2"},
		"__system/submitterId eq " + me + " and year(__system/submissionDate) eq 2026 and __system/updatedAt gt 2026-01-01": {"uuid:2"},
		"__system/submitterId eq 99999":                        nil,
		"$root/Submissions/__system/reviewState eq 'rejected'": {"uuid:2"},
		"__id eq 'uuid:4'":                                     {"uuid:4"},
	} {
		q := "?$count=true&$filter=" + url.QueryEscape(expression)
		a := s.ok("GET", "{p}/forms/trip.svc/Submissions"+q, nil)
		got := idsOf(a.rows())
		same(t, expression, got, want)
		same(t, expression+", counted", a.obj()["@odata.count"], len(want))
	}
	a := s.ok("GET", "{p}/forms/trip.svc/Submissions?$top=1&$count=true&$filter="+url.QueryEscape("__system/reviewState eq null"), nil)
	same(t, "the first of four", []any{idsOf(a.rows()), a.obj()["@odata.count"], a.obj()["@odata.nextLink"] != nil}, []any{[]string{"uuid:5"}, 4, true})
	legs := s.ok("GET", "{p}/forms/trip.svc/Submissions.leg?$filter="+url.QueryEscape("$root/Submissions/__system/reviewState eq 'rejected'"), nil)
	same(t, "legs", len(legs.rows()), 2)
	s.no("400.18", "GET", "{p}/forms/trip.svc/Submissions?$filter="+url.QueryEscape("__system/submissionDate lt"), nil)
	s.no("501.5", "GET", "{p}/forms/trip.svc/Submissions?$filter="+url.QueryEscape("age eq 5"), nil)
	s.no("501.4", "GET", "{p}/forms/trip.svc/Submissions?$filter="+url.QueryEscape("length('a') eq 5"), nil)
	s.no("501.6", "GET", "{p}/forms/trip.svc/Submissions?$expand=leg", nil)
}

func TestOrderAndLimits(t *testing.T) {
	s := one(t)
	s.sent()
	const table = "{p}/forms/trip.svc/Submissions"
	same(t, "the oldest first", idsOf(s.ok("GET", table+"?$top=2&$orderby="+url.QueryEscape("__system/submissionDate asc"), nil).rows()), []string{"uuid:1", "uuid:2"})
	a := s.ok("GET", "{p}/forms/trip.svc/Submissions.leg?$top=3&$orderby=__system/submissionDate", nil)
	next := a.obj()["@odata.nextLink"].(string)
	same(t, "legs of the second page", get(s.ok("GET", next[len(s.base):], nil).rows(), 0, "__Submissions-id"), "uuid:2")
	s.no("501.5", "GET", table+"?$orderby=age", nil)
	same(t, "a part of the list", get(s.ok("GET", "{p}/forms/trip/submissions?limit=2&offset=1", nil).list(), 1, "instanceId"), "uuid:3")
	same(t, "none of it", len(s.ok("GET", "{p}/forms/trip/submissions?limit=0", nil).list()), 0)
	for _, x := range notHere {
		if x.method == "GET" {
			path := strings.NewReplacer("{project}", "2", "{form}", "trip", "{instance}", "uuid:1", "{what...}", "x", "{dataset}", "d", "{entity}", "e").Replace(x.pattern)
			s.no("501.1", "GET", path, nil)
		}
	}
}

func TestTablesGoPacked(t *testing.T) {
	s := one(t)
	s.sent()
	for path, packed := range map[string]bool{".svc/Submissions": true, "/submissions.csv": true, "/submissions.csv.zip": false, "/submissions": true} {
		plain := s.ok("GET", "{p}/forms/trip"+path, nil, "Accept-Encoding", "identity")
		a := s.ok("GET", "{p}/forms/trip"+path, nil, "Accept-Encoding", "gzip")
		if (a.header.Get("Content-Encoding") == "gzip") != packed {
			t.Errorf("%s: %s", path, a.header.Get("Content-Encoding"))
			continue
		}
		if !packed {
			continue
		}
		z, err := gzip.NewReader(bytes.NewReader(a.body))
		if err != nil {
			t.Fatal(err)
		}
		body, err := io.ReadAll(z)
		if err != nil || !bytes.Equal(body, plain.body) {
			t.Errorf("%s: another content, %v", path, err)
		}
	}
	a := s.no("501.5", "GET", "{p}/forms/trip.svc/Submissions?$filter=age%20eq%205", nil, "Accept-Encoding", "gzip")
	if a.header.Get("Content-Encoding") != "" {
		t.Error("a problem is packed")
	}
}

func TestODataSelect(t *testing.T) {
	s := one(t)
	s.sent()
	row := s.ok("GET", "{p}/forms/trip.svc/Submissions?$top=1&$select="+url.QueryEscape("__id, __system/reviewState, way/km"), nil).rows()[0].(map[string]any)
	same(t, "some", row, map[string]any{"__id": "uuid:5", "__system": map[string]any{"reviewState": nil}, "way": map[string]any{"km": 12.5}, "leg@odata.navigationLink": "Submissions('uuid%3A5')/leg"})
	row = s.ok("GET", "{p}/forms/trip.svc/Submissions?$top=1&$select=way", nil).rows()[0].(map[string]any)
	if get(row, "way", "place") == nil || row["age"] != nil || row["__system"] != nil {
		t.Errorf("a group: %v", row)
	}
	row = s.ok("GET", "{p}/forms/trip.svc/Submissions.leg?$top=1&$select=town", nil).rows()[0].(map[string]any)
	same(t, "of a repeat", row["town"], "Invented A")
	s.no("400.23", "GET", "{p}/forms/trip.svc/Submissions?$select=nothing", nil)
	s.no("501.11", "GET", "{p}/forms/trip.svc/Submissions?$select=age&$expand=*", nil)
}
