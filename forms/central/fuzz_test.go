package central

import (
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"aman/node/nodetest"
)

// FuzzAddress asks a node anything that may be asked with GET: no answer is the system's fault.
func FuzzAddress(f *testing.F) {
	for _, s := range []string{
		"projects/2/forms/trip.svc/Submissions('uuid:1')/leg('x')/stop\n$top=1&$select=day", "projects/2/forms/trip/submissions/uuid%3A1/versions/uuid:1.xml\n", "projects/2/forms/trip.svc/Submissions.leg\n$skiptoken=01e30&$count=true",
		"projects/2/forms/trip/submissions.csv\n$filter=__id eq 'x'&groupPaths=false", "projects/2/datasets/shelters.svc/Entities\n$orderby=__system/createdAt desc", "projects/2/forms/trip/submissions.geojson\nfieldpath=/way/place",
		"audits\nstart=2020", "users/9999999999999999999\n", "projects/%2f/forms/..%2f..\n", "projects/2/forms/trip/fields\nodata=true", "projects/2/forms/trip.svc/Submissions('')/x\n",
	} {
		f.Add(s)
	}
	s := newScript(f, nodetest.New(f, ""))
	s.publishTrip()
	s.send(tripOf("uuid:1", "1", "Invented Name", "31", someWay))
	s.ok("POST", "{p}/datasets", `{"name": "shelters"}`)
	f.Fuzz(func(t *testing.T, address string) {
		path, query, _ := strings.Cut(address, "\n")
		u, err := url.Parse("http://node.example/v1/" + path)
		if err != nil {
			return
		}
		u.RawQuery = query
		req := httptest.NewRequest(http.MethodGet, "http://node.example/v1/", nil)
		req.URL = u
		req.Header.Set("Authorization", "Bearer "+s.token)
		w := httptest.NewRecorder()
		s.h.ServeHTTP(w, req)
		if w.Code >= 500 && w.Code != http.StatusNotImplemented {
			t.Errorf("%s?%s: %d %s", u.EscapedPath(), query, w.Code, w.Body)
		}
	})
}
