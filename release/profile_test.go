package release_test

import (
	"encoding/csv"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"aman/casework"
	"aman/node/nodetest"
	"aman/platform/ids"
	"aman/platform/store"
	"aman/registry"
	"aman/release"
	"aman/release/dp"
)

// fill makes cases of many kinds and lines of the flow registry, two of them at a point that may not be shown.
func fill(t testing.TB, w *nodetest.World) {
	t.Helper()
	kinds := [][]string{{"ForcedLabour"}, {"SexualExploitation"}, {"ForcedLabour", "SexualExploitation"}}
	for i := range 66 {
		v := registry.Values{"exploitation_types": kinds[i%3], "citizenship": []string{"PAK", "AFG"}[i%2], "exploitation_country": "IRN", "methods_of_control": []string{"DebtBondage", "PhysicalThreats"}}
		if i%3 != 1 {
			v["industry"] = "F_Construction"
		}
		id, err := w.Node.Casework.Open(bg, w.Caseworker, casework.Opening{PersonValues: registry.Values{"sex": "male", "age_band": "9--17"}, CaseValues: v})
		ok(t, err)
		_, err = w.Node.Casework.RecordConsent(bg, w.Caseworker, id, casework.Consent{Purpose: "statistics", Given: true, Checks: []string{"refusal_free"}})
		ok(t, err)
	}
	ok(t, w.Node.Store.Write(bg, func(tx *store.Tx) error {
		put := func(register string, v registry.Values) (string, error) {
			o, err := w.Node.Registry.Apply(tx, registry.Meta{Subject: w.Enumerator, Submission: ids.New(), At: w.Clock.Now()}, registry.Write{Register: register, Create: true, Values: v,
				Place: registry.Place{Org: w.Enumerator.Org, Office: w.Office, Owner: w.Enumerator.User}}.Follows())
			return o.ID, err
		}
		points := map[string]string{}
		for code, shown := range map[string]bool{"P1": true, "P2": true, "SECRET": false} {
			id, err := put("points", registry.Values{"code": code, "kind": "hub", "publishable": shown})
			if err != nil {
				return err
			}
			points[code] = id
		}
		for i := range 50 {
			code := []string{"P1", "P2"}[i%2]
			if i < 2 {
				code = "SECRET"
			}
			if _, err := put("flow_counts", registry.Values{"point": points[code], "date": "2026-03-15", "direction": "out", "nationality": "PAK", "sex": "male", "minors": i%2 == 0, "persons": int64(1 + i%30)}); err != nil {
				return err
			}
		}
		return nil
	}))
}

// Each profile on each of its paths gives a folder that verifies, with the same bytes of meaning on either database.
func TestEveryProfile(t *testing.T) {
	nodetest.Each(t, func(t *testing.T, w *nodetest.World) {
		s := w.Node.Release
		fill(t, w)
		ok(t, s.SetBudget(bg, w.Approver, "cases", 30, 0))
		ok(t, s.SetBudget(bg, w.Approver, "flow_counts", 30, 0))
		columns := map[string][]string{ // of the large files a part is enough for the noise
			"ctdc":  {"yearOfRegistration", "gender", "ageBroad", "isForcedLabour", "isSexualExploit", "typeOfLabourConstruction", "meansThreats"},
			"htcds": {"cas_OpenedYear", "prs_Sex", "prs_AgeBand", "vic_TypeOfExploitationForcedLabour", "vic_ForcedLabourIndustry"},
			"dtm":   {"month", "point", "direction", "minors", "persons"},
		}
		made1 := 0
		for _, p := range s.Profiles() {
			for _, path := range p.Paths {
				ask := release.Ask{Title: map[string]string{"en": p.Name}, Profile: p.Name, From: "2026-03", To: "2026-03", Path: path}
				if path == release.PathDP {
					ask.Epsilon, ask.Length, ask.Columns, ask.Expect = 5, 1, columns[p.Name], 100
				} else if made1 > 0 && p.Register == "cases" {
					// Files of true rows of the same time are refused, so each is looked at in its plan.
					_, plan := planned(t, w, ask)
					if in := plan.Inside; in.Refused != release.FaultEarlier && (p.MaxRisk == 0 || in.Refused != release.FaultRisk) || in.After == nil || in.After.Least < release.MinCell {
						t.Errorf("%s by %s: %+v", p.Name, path, in)
					}
					continue
				} else if p.Register == "cases" {
					made1++
				}
				r := made(t, w, ask)
				if r.State != release.Released {
					t.Fatalf("%s by %s: %s (%s)", p.Name, path, r.State, r.Fault)
				}
				folder, err := s.Folder(bg, w.DataOfficer, r.ID)
				ok(t, err)
				m, err := release.Check(folder.FS(), s.PublicKey())
				ok(t, err)
				body, _ := folder.File("data/microdata.csv")
				for _, f := range folder {
					if strings.Contains(string(f.Body), "SECRET") {
						t.Errorf("%s by %s: %s shows a point that may not be shown", p.Name, path, f.Name)
					}
				}
				rows, err := csv.NewReader(strings.NewReader(string(body))).ReadAll()
				ok(t, err)
				if book, _ := folder.File("codebook/codebook.csv"); p.Name == "dtm" && !strings.Contains(string(book), "P1") {
					t.Errorf("%s by %s: the codebook has no point", p.Name, path)
				}
				if path == release.PathK {
					alikeBy(t, p.Name, rows, release.MinCell)
				}
				if p.Name == "ctdc-k" {
					ctdcK(t, rows)
				}
				manifest, _ := folder.File("manifest.json")
				ok(t, w.Node.Store.Read(bg, func(tx *store.Tx) error {
					tr, err := s.Trace(tx, m, manifest)
					if err != nil || !tr.Known || !tr.Trusted || tr.State != release.Released || tr.InLedger != (path == release.PathDP) {
						t.Errorf("%s by %s: the node knows of it %+v (%v)", p.Name, path, tr, err)
					}
					return nil
				}))
			}
		}
		if made1 != 1 {
			t.Errorf("%d files of true rows of cases were made, want one", made1)
		}
	})
}

// alikeBy counts the rows that a reader sees.
func alikeBy(t *testing.T, name string, rows [][]string, k int) {
	t.Helper()
	n := map[string]int{}
	for _, r := range rows[1:] {
		n[strings.Join(r, "|")]++
	}
	for _, x := range n {
		if x < k {
			t.Errorf("%s: a row that only %d share", name, x)
		}
	}
}

// ctdcK looks at what only CTDC's file has: 63 columns, two letters for a country, -99, and names joined.
func ctdcK(t *testing.T, rows [][]string) {
	t.Helper()
	at := func(name string) int { return slices.Index(rows[0], name) }
	if len(rows[0]) != 63 {
		t.Errorf("the file has %d columns", len(rows[0]))
	}
	seen := map[string]bool{}
	for _, r := range rows[1:] {
		for _, name := range []string{"citizenship", "majorityStatus", "typeOfExploitConcatenated", "isAbduction"} {
			seen[name+"="+r[at(name)]] = true
		}
	}
	for _, want := range []string{"citizenship=PK", "majorityStatus=Minor", "isAbduction=-99"} {
		if !seen[want] {
			t.Errorf("no row has %s: %v", want, seen)
		}
	}
}

// What is not open, or not collected, says so, and is in no file.
func TestColumnsThatStayEmpty(t *testing.T) {
	w := nodetest.New(t, "")
	p, found := w.Node.Release.Profile("ctdc")
	if !found || len(p.Columns) != 27 {
		t.Fatalf("the profile has %d columns", len(p.Columns))
	}
	for _, c := range p.Columns {
		want := map[string]string{"traffickMonths": "not_collected", "recruiterRelationIntimatePartner": "not_collected", "recruiterRelationFriend": "not_open",
			"recruiterRelationFamily": "not_open", "recruiterRelationOther": "not_open", "typeOfSexProstitution": "not_open", "typeOfSexPornography": "not_open"}[c.Name]
		if c.Why != want {
			t.Errorf("%s stays empty because of %q, want %q", c.Name, c.Why, want)
		}
		if c.Label.In("ur") == "" {
			t.Errorf("%s has no label", c.Name)
		}
	}
	if n := len(w.Node.Release.Profiles()); n != 5 {
		t.Errorf("%d profiles, want 5", n)
	}
}

// A bare file: planned, made, checked, and never beyond its ledger.
func TestSheet(t *testing.T) {
	dir := t.TempDir()
	put := func(name, body string) {
		ok(t, os.WriteFile(filepath.Join(dir, name), []byte(body), 0o600))
	}
	var rows strings.Builder
	rows.WriteString("sex,kind\n")
	for i := range 90 {
		fmt.Fprintf(&rows, "%s,%s\n", []string{"f", "m", "f"}[i%3], []string{"a;b", "b", ""}[i%3])
	}
	rows.WriteString("f,c\n")
	put("in.csv", rows.String())
	put("d.yaml", "columns:\n- {name: sex, codes: [f, m]}\n- {name: kind, codes: [a, b, c], separator: ;}\n")
	const common = "title: {en: Test}\nfrom: '2024'\nto: '2024'\ninput: in.csv\ndomain: d.yaml\npublisher: Somebody\nkey: key.pem\n"
	sheet := func(more string) *release.Sheet {
		put("spec.yaml", common+more)
		s, err := release.ReadSheet(filepath.Join(dir, "spec.yaml"))
		ok(t, err)
		return s
	}
	const noise = "path: dp\nepsilon: 2\nlength: 2\nexpect: 100\nledger: l\nbudget_epsilon: 2.5\n"
	p, err := sheet(noise).Plan(bg)
	ok(t, err)
	if p.Inside.Rows != 91 || p.Budget.Set || len(p.Predicted) != 2 {
		t.Errorf("the plan: %+v", p)
	}
	m, e, err := sheet(noise+"out: one\n").Run(bg, "test", nil)
	ok(t, err)
	if m.DP == nil || e.Result.TrueRows != 91 || m.Ledger.Seq != 1 || m.Note.In("en") == "" {
		t.Errorf("the manifest: %+v", m)
	}
	var mine *release.SheetError
	if _, _, err := sheet(noise+"out: two\n").Run(bg, "test", nil); !errors.As(err, &mine) {
		t.Errorf("a second release of epsilon 2 from a budget of 2.5: %v", err)
	}
	if _, err := os.Stat(filepath.Join(dir, "two")); err == nil {
		t.Error("a release that was refused left a folder")
	}
	if _, _, err := sheet(noise+"out: one\n").Run(bg, "test", nil); !errors.As(err, &mine) {
		t.Errorf("a folder that is there: %v", err)
	}
	b, err := release.FileBudget(filepath.Join(dir, "l"))
	ok(t, err)
	if want, _ := dp.RhoFor(2, 1e-6); b.Spent != want || len(b.Entries) != 2 {
		t.Errorf("the ledger: %+v", b)
	}
	m, e, err = sheet("path: k\nk: 11\nout: three\n").Run(bg, "test", nil)
	ok(t, err)
	if m.K == nil || e.After == nil || e.After.Least < 11 || m.Rows != 91 {
		t.Errorf("the manifest: %+v", m)
	}
	body, err := os.ReadFile(filepath.Join(dir, "three", "data", "microdata.csv"))
	ok(t, err)
	list, err := csv.NewReader(strings.NewReader(string(body))).ReadAll()
	ok(t, err)
	alikeBy(t, "bare", list, 11)
	// Changed by anybody, it is found.
	ok(t, os.WriteFile(filepath.Join(dir, "three", "data", "microdata.csv"), append(body, "f,c\n"...), 0o600))
	if _, err := release.Check(os.DirFS(filepath.Join(dir, "three"))); err == nil {
		t.Error("a changed file passes")
	}
	for what, more := range map[string]string{"no path": "epsilon: 1\n", "no epsilon": "path: dp\n", "a ledger without a budget": "path: dp\nepsilon: 1\nledger: new\nout: x\n",
		"no out": "path: k\n", "a column that is not there": "path: k\nout: x\ncolumns: [age]\n", "a profile": "path: k\nout: x\nprofile: ctdc\n", "k of one": "path: k\nk: 1\nout: x\n", "more than there are": "path: k\nk: 100\nout: x\n"} {
		if _, _, err := sheet(more).Run(bg, "test", nil); !errors.As(err, &mine) {
			t.Errorf("%s: %v", what, err)
		}
	}
}

func FuzzParseSheet(f *testing.F) {
	f.Add([]byte("title: {en: T}\npath: dp\ninput: a.csv\nwhere: {office: [x]}\nmulti: {a: ;}\n"))
	f.Fuzz(func(t *testing.T, body []byte) {
		if s, err := release.ParseSheet(body); err == nil && s == nil {
			t.Error("no sheet and no error")
		}
	})
}
