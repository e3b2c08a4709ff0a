package showcase

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/csv"
	"encoding/json"
	"io"
	"math/rand/v2"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"aman/release/dp"
	"aman/release/kanon"
	"aman/release/product"
	"aman/release/risk"
	"aman/release/synth"
)

var countries = func() (out []product.Code) {
	for _, c := range strings.Fields("PAK AFG IRN ARE BGD IDN NPL UZB TUR OMN") {
		out = append(out, product.Code{Value: c, Label: product.Same("Country " + c)})
	}
	return out
}()

func info() product.Info {
	return product.Info{ID: "0190-test", Version: "2026-1", Title: product.Text{"en": "Invented victims", "ur": "فرضی متاثرین", "id": "Korban rekaan"},
		Summary: product.Same("Invented people, for a test."), Publisher: "An Invented Programme", From: "2020-01-01", To: "2023-12-31",
		MadeAt: time.Date(2026, 11, 24, 9, 0, 0, 0, time.UTC), Program: "aman test", Threshold: 11}
}

// invented writes people in CTDC's columns, none of them real.
func invented(w io.Writer, p product.Profile, n int) {
	rng := rand.New(rand.NewPCG(3, 4))
	pick := func(list ...string) string { return list[min(rng.IntN(len(list)), rng.IntN(len(list)))] }
	out := csv.NewWriter(w)
	var names []string
	for _, c := range p.Columns {
		names = append(names, c.Name)
	}
	out.Write(names)
	for range n {
		v := map[string]string{"yearOfRegistration": strconv.Itoa(2020 + rng.IntN(4)), "gender": pick("Woman", "Man"), "ageBroad": pick("30--38", "18--20", "09--17", "24--26", ""),
			"citizenship": pick("PAK", "AFG", "BGD", "NPL", "IDN"), "CountryOfExploitation": pick("ARE", "PAK", "IRN", "OMN"), "meansThreats": pick("1", ""), "meansWithholdDocs": pick("", "1"), "recruiterRelationFamily": pick("", "", "1")}
		if rng.IntN(2) == 0 {
			v["isForcedLabour"], v["typeOfLabourConstruction"] = "1", pick("", "1")
		} else {
			v["isSexualExploit"] = "1"
		}
		row := make([]string, len(names))
		for j, name := range names {
			row[j] = v[name]
		}
		out.Write(row)
	}
	out.Flush()
}

var released = sync.OnceValues(func() (product.DP, error) {
	ctx, p := context.Background(), product.GlobalSynthetic(2020, 2023, countries)
	rho, err := dp.RhoFor(4, 1e-6)
	if err != nil {
		return product.DP{}, err
	}
	ledger, err := dp.OpenLedger(ctx, dp.NewMemory(), rho)
	if err != nil {
		return product.DP{}, err
	}
	grant, err := ledger.Spend(ctx, "test", rho)
	if err != nil {
		return product.DP{}, err
	}
	var b bytes.Buffer
	invented(&b, p, 4000)
	table, err := p.Domain().ReadCSV("invented.csv", &b)
	if err != nil {
		return product.DP{}, err
	}
	r, err := synth.Run(ctx, p.Domain(), table, grant, synth.Options{Length: 3, Crowd: 20_000, Steps: 60, Seed: [2]uint64{1, 2}})
	return product.DP{Info: info(), Profile: p, Release: r, Epsilon: 4, Delta: 1e-6, Rho: rho}, err
})

func made(t testing.TB) (product.DP, map[string]string) {
	t.Helper()
	in, err := released()
	if err != nil {
		t.Fatal(err)
	}
	return in, website(t, in)
}

func website(t testing.TB, in product.DP) map[string]string {
	t.Helper()
	files, err := DP(in)
	if err != nil {
		t.Fatal(err)
	}
	out := map[string]string{}
	for _, f := range files {
		out[strings.TrimPrefix(f.Name, "showcase/")] = string(f.Body)
	}
	return out
}

func parsed(t testing.TB, site map[string]string) (d data) {
	t.Helper()
	body := strings.TrimSuffix(strings.TrimPrefix(site["data.js"], "var AMAN_DATA = "), ";\n")
	if err := json.Unmarshal([]byte(body), &d); err != nil {
		t.Fatal(err)
	}
	return d
}

// The scripts' numbers are the published ones and no others: none is under the threshold, whatever that is.
func TestCountsAreThePublishedOnes(t *testing.T) {
	in, _ := made(t)
	for _, threshold := range []int{2, 11, 60, 1000} {
		in.Threshold = threshold
		d := parsed(t, website(t, in))
		n := 0
		for i, list := range d.Counts {
			step := i + 1 + 3
			for at := 0; at < len(list); at += step {
				n++
				if est := list[at+i+1]; est < threshold {
					t.Fatalf("a count of %d under the threshold %d", est, threshold)
				}
				var attrs []int
				for _, v := range list[at : at+i+1] {
					attrs = append(attrs, d.Values[v].Attr)
				}
				if !slices.IsSorted(attrs) || len(slices.Compact(attrs)) != i+1 {
					t.Fatalf("a combination of attributes %v", attrs)
				}
			}
		}
		if n != len(in.Counts()) {
			t.Errorf("threshold %d: %d counts on the site, %d published", threshold, n, len(in.Counts()))
		}
	}
}

// The tables of the page without script hold no number under the threshold.
func TestPagesTellNoSmallNumber(t *testing.T) {
	in, _ := made(t)
	in.Threshold = 300
	cell := regexp.MustCompile(`<td>(\d+)</td>`)
	small := regexp.MustCompile(`fewer than 300`)
	site := website(t, in)
	page := site["index.html"]
	found := cell.FindAllStringSubmatch(page, -1)
	if len(found) == 0 || !small.MatchString(page) {
		t.Fatalf("%d numbers, and small ones said: %v", len(found), small.MatchString(page))
	}
	for _, m := range found {
		if n, _ := strconv.Atoi(m[1]); n < 300 {
			t.Errorf("the page tells a count of %d", n)
		}
	}
}

// A page from a file share can reach nothing else.
func TestNothingFromElsewhere(t *testing.T) {
	_, site := made(t)
	outside := regexp.MustCompile(`(?i)(src|href|action)="(https?:|//)|@import|[ :]url\(|fetch\(|XMLHttpRequest|import\(|type="module"|\son[a-z]+="|<style| style="`)
	for name, body := range site {
		if m := outside.FindString(body); m != "" {
			t.Errorf("%s has %q", name, m)
		}
	}
	link := regexp.MustCompile(`(?:src|href)="([^"#]+)"`)
	for _, name := range []string{"index.html", "ur.html", "id.html", "methods.html", "methods-ur.html", "methods-id.html"} {
		body, ok := site[name]
		if !ok {
			t.Fatalf("no page %s", name)
		}
		for _, m := range link.FindAllStringSubmatch(body, -1) {
			if _, ok := site[m[1]]; !ok && !strings.HasPrefix(m[1], "../") {
				t.Errorf("%s leads to %s, which is not there", name, m[1])
			}
		}
	}
}

// Every link out of the showcase leads to a file of the folder.
func TestLinksLeadIntoTheFolder(t *testing.T) {
	in, site := made(t)
	files, err := DP(in)
	if err != nil {
		t.Fatal(err)
	}
	folder, err := in.Folder(make([]byte, 64), files...)
	if err != nil {
		t.Fatal(err)
	}
	for name, body := range site {
		for _, m := range regexp.MustCompile(`href="\.\./([^"]+)"`).FindAllStringSubmatch(body, -1) {
			if _, ok := folder.File(m[1]); !ok {
				t.Errorf("%s leads to %s, which is not in the folder", name, m[1])
			}
		}
	}
}

func TestTexts(t *testing.T) {
	for key, text := range texts {
		for _, lang := range product.Languages {
			if text[lang] == "" {
				t.Errorf("%s is not in %s", key, lang)
			}
		}
	}
	scripts := ""
	for _, name := range []string{"draw.js", "app.js"} {
		body, err := files.ReadFile("assets/" + name)
		if err != nil {
			t.Fatal(err)
		}
		scripts += string(body)
	}
	for _, m := range regexp.MustCompile(`say\("([a-z.]+)"|\bT\.([a-z]+)`).FindAllStringSubmatch(scripts, -1) {
		if key := "js." + m[1] + m[2]; !strings.HasSuffix(key, ".") && texts[key] == nil {
			t.Errorf("the scripts name the text %s, which is not there", key)
		}
	}
}

// What is packed for the scripts is what the records hold: packed and unpacked by the rule of count.js.
func TestPacking(t *testing.T) {
	for _, size := range []int{2, 3, 256, 257, 1000} {
		a := attribute{codes: make([]string, size)}
		rng := rand.New(rand.NewPCG(1, uint64(size)))
		for range 77 {
			a.cells = append(a.cells, uint16(rng.IntN(size)))
		}
		if got := unpack(t, a.packed(), a.width(), 77); !slices.Equal(got, a.cells) {
			t.Errorf("%d codes come back as %v", size, got)
		}
	}
}

func TestLayout(t *testing.T) {
	_, site := made(t)
	d := parsed(t, site)
	var kinds []string
	for _, p := range d.Panels {
		kinds = append(kinds, p.Kind)
	}
	if got := strings.Join(kinds[:5], " "); got != "time map flow bars bars" {
		t.Errorf("the charts begin with %s", got)
	}
	if n := strings.Count(strings.Join(kinds, " "), "group"); n != 5 {
		t.Errorf("%d groups of marks, not means, exploitation, labour, sexual, recruiter", n)
	}
	if _, ok := site["world.js"]; !ok {
		t.Error("countries, and no map")
	}
	if len(site["world.js"]) > 120_000 {
		t.Errorf("the map takes %d bytes", len(site["world.js"]))
	}
}

func alike(t *testing.T) product.K {
	t.Helper()
	p := product.GlobalK(2020, 2023, []product.Code{{Value: "PK", Label: product.Same("Pakistan")}})
	names := []string{"yearOfRegistration", "gender", "isForcedLabour"}
	var rows [][]string
	for range 40 {
		rows = append(rows, []string{"2021", "Female", "1"}, []string{"2022", "Male", "0"})
	}
	table, err := risk.FromRows(names, rows)
	if err != nil {
		t.Fatal(err)
	}
	table, _, err = kanon.Anonymise(context.Background(), table, []kanon.Key{{Column: 0}, {Column: 1}, {Column: 2}}, kanon.Need{K: 11})
	if err != nil {
		t.Fatal(err)
	}
	return product.K{Info: info(), Profile: p, Table: table, Keys: names, K: 11}
}

func TestKAnonymousSite(t *testing.T) {
	files, err := K(alike(t))
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range files {
		if f.Name == "showcase/index.html" && (!strings.Contains(string(f.Body), "Forced labour") || strings.Contains(string(f.Body), ">Estimate<")) {
			t.Errorf("the page is %s", f.Body)
		}
	}
}

func TestNotice(t *testing.T) {
	f := Notice(product.Text{"en": `Recalled: "do not use" </script>`})
	if f.Name != "showcase/notice.js" || strings.Contains(string(f.Body), "</script>") {
		t.Errorf("%s: %s", f.Name, f.Body)
	}
}

func unpack(t *testing.T, text string, width, n int) (out []uint16) {
	t.Helper()
	b := decoded(t, text)
	for r := range n {
		switch width {
		case 1:
			out = append(out, uint16(b[r>>3]>>(r&7)&1))
		case 8:
			out = append(out, uint16(b[r]))
		default:
			out = append(out, uint16(b[2*r])|uint16(b[2*r+1])<<8)
		}
	}
	return out
}

func decoded(t *testing.T, text string) []byte {
	t.Helper()
	b, err := base64.StdEncoding.DecodeString(text)
	if err != nil {
		t.Fatal(err)
	}
	return b
}
