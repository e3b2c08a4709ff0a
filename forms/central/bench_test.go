package central

import (
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"

	"aman/forms"
	"aman/node/nodetest"
	"aman/platform/store"
)

// BenchmarkTables asks a node for the tables of a form with b.N rounds over 10,000
// submissions: go test -bench Tables -run NONE ./forms/central
func BenchmarkTables(b *testing.B) {
	const rows = 10_000
	w := nodetest.New(b, "")
	h := &Handler{Store: w.Node.Store, Forms: w.Node.Forms, Entities: w.Node.Entities, SignIn: w.Node.SignIn, Policy: w.Node.Policy, Audit: w.Node.Audit, Now: w.Node.Now, Log: slog.New(slog.DiscardHandler)}
	var secret string
	if err := w.Node.Store.Write(bg, func(tx *store.Tx) (err error) {
		_, secret, err = w.Node.SignIn.NewProgramPassword(tx, w.FieldManager.User, "benchmark", true, w.Clock.Now().AddDate(0, 1, 0))
		return err
	}); err != nil {
		b.Fatal(err)
	}
	p, err := w.Node.Forms.SaveProject(bg, w.Now(w.FieldManager), forms.Project{Name: "Benchmark"})
	if err != nil {
		b.Fatal(err)
	}
	if _, err := w.Node.Forms.SaveDraft(bg, w.Now(w.FieldManager), forms.Upload{Project: p.ID, FileName: "trip.md", Body: []byte(trip), IgnoreWarnings: true}); err != nil {
		b.Fatal(err)
	}
	if _, err := w.Node.Forms.PublishDraft(bg, w.Now(w.FieldManager), p.ID, "trip", ""); err != nil {
		b.Fatal(err)
	}
	var wait sync.WaitGroup
	for n := range 16 {
		wait.Go(func() {
			for i := n; i < rows; i += 16 {
				if _, err := w.Node.Forms.Receive(bg, w.Now(w.Enumerator), []byte(tripOf(fmt.Sprintf("uuid:%d", i), "1", "Invented Name", "31", someWay)), nil); err != nil {
					b.Error(err)
				}
			}
		})
	}
	wait.Wait()
	h.Secure = func(*http.Request) bool { return true }
	srv := httptest.NewServer(h)
	defer srv.Close()
	for _, x := range []struct{ name, path string }{
		{"csv", "/submissions.csv"}, {"zip", "/submissions.csv.zip?attachments=false"}, {"odata", ".svc/Submissions"}, {"odata-expand", ".svc/Submissions?$expand=*"}, {"odata-leg", ".svc/Submissions.leg"},
		{"odata-page-100", ".svc/Submissions?$top=100&$count=true"}, {"odata-filter", ".svc/Submissions?$filter=__system/reviewState%20eq%20%27approved%27"}, {"list", "/submissions"},
	} {
		b.Run(x.name, func(b *testing.B) {
			var size int64
			for b.Loop() {
				req, _ := http.NewRequest("GET", fmt.Sprintf("%s/v1/projects/%d/forms/trip%s", srv.URL, p.ID, x.path), nil)
				req.SetBasicAuth("field", secret)
				res, err := http.DefaultClient.Do(req)
				if err != nil {
					b.Fatal(err)
				}
				if size, err = io.Copy(io.Discard, res.Body); err != nil || res.StatusCode != 200 {
					b.Fatal(res.StatusCode, err)
				}
				res.Body.Close()
			}
			b.SetBytes(size)
		})
	}
}
