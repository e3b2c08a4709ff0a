package release_test

import (
	"strings"
	"testing"

	"aman/node/nodetest"
	"aman/release"
)

// A file about some of the people says so in what is published, in each language, and holds nobody else.
func TestPopulationIsSaid(t *testing.T) {
	nodetest.Each(t, func(t *testing.T, w *nodetest.World) {
		fill(t, w) // 33 of PAK, 33 of AFG
		r := made(t, w, release.Ask{Title: map[string]string{"en": "Some"}, Summary: map[string]string{"en": "Invented people."}, Profile: "htcds", From: "2026-03", To: "2026-03", Path: release.PathK,
			Where: map[string][]string{"citizenship": {"PAK"}, "office": {w.Office}}, Columns: []string{"cas_OpenedYear", "prs_Sex"}})
		if r.State != release.Released {
			t.Fatal(r.State, r.Fault)
		}
		folder, err := w.Node.Release.Folder(bg, w.DataOfficer, r.ID)
		ok(t, err)
		for name, want := range map[string]string{"showcase/index.html": "Only: Citizenship: Pakistan; ", "report/ur.html": "صرف: شہریت: پاکستان", "report/id.html": "Hanya: Kewarganegaraan: Pakistan"} {
			body, there := folder.File(name)
			if !there || !strings.Contains(string(body), want) {
				t.Errorf("%s does not say %q", name, want)
			}
		}
		rows, _ := folder.File("data/microdata.csv")
		if n := strings.Count(strings.TrimSpace(string(rows)), "\n"); n != 33 {
			t.Errorf("%d rows, not the 33 who were asked for", n)
		}
	})
}
