package product

import (
	"bytes"
	"context"
	"crypto/ed25519"
	"encoding/csv"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"pgregory.net/rapid"

	"aman/release/dp"
	"aman/release/kanon"
	"aman/release/risk"
	"aman/release/synth"
)

var countries = []Code{{"AAA", Same("Aland")}, {"BBB", Same("Beland")}, {"CCC", Same("Celand")}}

var key = ed25519.NewKeyFromSeed(bytes.Repeat([]byte{7}, ed25519.SeedSize))

func info() Info {
	return Info{ID: "0190-test", Version: "2026-1", Title: Text{"en": "Invented victims", "ur": "فرضی متاثرین", "id": "Korban rekaan"},
		Summary: Same("Invented people, for a test."), Publisher: "An Invented Programme", From: "2020-01-01", To: "2023-12-31",
		MadeAt: time.Date(2026, 11, 24, 9, 0, 0, 0, time.UTC), Program: "aman test", Threshold: 11, HXL: true,
		Ledger: LedgerRef{Seq: 1, Hash: "ab", Spent: 1, Running: 1, Budget: 2}}
}

// invented is a table of people in CTDC's columns: common patterns, and three people whom nobody is like.
func invented(t testing.TB, p Profile, n int) *synth.Table {
	t.Helper()
	rng := rand.New(rand.NewPCG(1, 2))
	names, _ := p.names()
	var b bytes.Buffer
	w := csv.NewWriter(&b)
	w.Write(names)
	for i := range n {
		v := map[string]string{"yearOfRegistration": strconv.Itoa(2020 + rng.IntN(4)), "gender": "Woman", "ageBroad": "30--38", "citizenship": "AAA", "CountryOfExploitation": "BBB", "isForcedLabour": "1", "meansThreats": "1"}
		if rng.IntN(3) == 0 {
			v["gender"], v["ageBroad"], v["typeOfLabourConstruction"] = "Man", "09--17", "1"
		}
		if rng.IntN(4) == 0 {
			v["isForcedLabour"], v["isSexualExploit"], v["typeOfLabourConstruction"], v["meansThreats"] = "", "1", "", ""
		}
		if i < 3 {
			v = map[string]string{"yearOfRegistration": "2021", "gender": "Trans/Transgender/NonConforming", "ageBroad": "48+", "citizenship": "CCC", "CountryOfExploitation": "CCC", "recruiterRelationFamily": "1"}
		}
		row := make([]string, len(names))
		for j, name := range names {
			row[j] = v[name]
		}
		w.Write(row)
	}
	w.Flush()
	table, err := p.Domain().ReadCSV("invented.csv", &b)
	if err != nil {
		t.Fatal(err)
	}
	return table
}

// released makes one release for all tests: noise is exact and so takes a moment.
var released = sync.OnceValues(func() (DP, error) {
	p := GlobalSynthetic(2020, 2023, countries)
	rho, err := dp.RhoFor(4, 1e-6)
	if err != nil {
		return DP{}, err
	}
	ledger, err := dp.OpenLedger(context.Background(), dp.NewMemory(), rho)
	if err != nil {
		return DP{}, err
	}
	grant, err := ledger.Spend(context.Background(), "test", rho)
	if err != nil {
		return DP{}, err
	}
	table := invented(&testing.T{}, p, 3000)
	r, err := synth.Run(context.Background(), p.Domain(), table, grant, synth.Options{Length: 3, Crowd: 20_000, Steps: 60, Seed: [2]uint64{1, 2}})
	return DP{Info: info(), Profile: p, Release: r, Epsilon: 4, Delta: 1e-6, Rho: rho}, err
})

func release(t testing.TB) DP {
	t.Helper()
	d, err := released()
	if err != nil {
		t.Fatal(err)
	}
	return d
}

func folder(t testing.TB, d interface {
	Folder(ed25519.PrivateKey, ...File) (Folder, error)
}) Folder {
	t.Helper()
	f, err := d.Folder(key, File{"showcase/index.html", []byte("<p>a page</p>")})
	if err != nil {
		t.Fatal(err)
	}
	return f
}

func rows(t testing.TB, f Folder, name string) [][]string {
	t.Helper()
	body, ok := f.File(name)
	if !ok {
		t.Fatalf("the folder has no %s", name)
	}
	list, err := csv.NewReader(bytes.NewReader(body)).ReadAll()
	if err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	return list
}

// The names and their order are those of the codebooks of the public files.
func TestColumnsAreTheCollaboratives(t *testing.T) {
	synthetic := "yearOfRegistration gender ageBroad citizenship CountryOfExploitation traffickMonths meansDebtBondageEarnings meansThreats meansAbusePsyPhySex meansFalsePromises meansDrugsAlcohol meansDenyBasicNeeds meansExcessiveWorkHours meansWithholdDocs isForcedLabour isSexualExploit isOtherExploit typeOfLabourAgriculture typeOfLabourConstruction typeOfLabourDomesticWork typeOfLabourHospitality typeOfSexProstitution typeOfSexPornography recruiterRelationIntimatePartner recruiterRelationFriend recruiterRelationFamily recruiterRelationOther"
	k := "yearOfRegistration Datasource gender ageBroad majorityStatus majorityStatusAtExploit majorityEntry citizenship meansOfControlDebtBondage meansOfControlTakesEarnings meansOfControlRestrictsFinancialAccess meansOfControlThreats meansOfControlPsychologicalAbuse meansOfControlPhysicalAbuse meansOfControlSexualAbuse meansOfControlFalsePromises meansOfControlPsychoactiveSubstances meansOfControlRestrictsMovement meansOfControlRestrictsMedicalCare meansOfControlExcessiveWorkingHours meansOfControlUsesChildren meansOfControlThreatOfLawEnforcement meansOfControlWithholdsNecessities meansOfControlWithholdsDocuments meansOfControlOther meansOfControlNotSpecified meansOfControlConcatenated isForcedLabour isSexualExploit isOtherExploit isSexAndLabour isForcedMarriage isForcedMilitary isOrganRemoval isSlaveryAndPractices typeOfExploitConcatenated typeOfLabourAgriculture typeOfLabourAquafarming typeOfLabourBegging typeOfLabourConstruction typeOfLabourDomesticWork typeOfLabourHospitality typeOfLabourIllicitActivities typeOfLabourManufacturing typeOfLabourMiningOrDrilling typeOfLabourPeddling typeOfLabourTransportation typeOfLabourOther typeOfLabourNotSpecified typeOfLabourConcatenated typeOfSexProstitution typeOfSexPornography typeOfSexRemoteInteractiveServices typeOfSexPrivateSexualServices typeOfSexConcatenated isAbduction RecruiterRelationship CountryOfExploitation recruiterRelationIntimatePartner recruiterRelationFriend recruiterRelationFamily recruiterRelationOther recruiterRelationUnknown"
	for _, c := range []struct {
		p    Profile
		want string
		n    int
	}{{GlobalSynthetic(2020, 2023, countries), synthetic, 27}, {GlobalK(2020, 2023, countries), k, 63}} {
		names, tags := c.p.names()
		if strings.Join(names, " ") != c.want || len(names) != c.n {
			t.Errorf("%s has the columns %v", c.p.Name, names)
		}
		for i, column := range c.p.Columns {
			for _, lang := range Languages {
				if column.Label[lang] == "" {
					t.Errorf("%s of %s has no label in %s", column.Name, c.p.Name, lang)
				}
				for _, code := range column.Codes {
					if code.Label.In(lang) == "" {
						t.Errorf("%s %s has no label in %s", column.Name, code.Value, lang)
					}
				}
			}
			if !strings.HasPrefix(tags[i], "#") {
				t.Errorf("%s has the tag %q", column.Name, tags[i])
			}
		}
	}
	ages, _ := GlobalSynthetic(2020, 2023, nil).Column("ageBroad")
	var codes []string
	for _, c := range ages.Codes {
		codes = append(codes, c.Value)
	}
	if got := strings.Join(codes, " "); got != "0--8 09--17 18--20 21--23 24--26 27--29 30--38 39--47 48+" {
		t.Errorf("ages are %s", got)
	}
}

func TestEveryTextIsInEveryLanguage(t *testing.T) {
	for key, text := range texts {
		for _, lang := range Languages {
			if text[lang] == "" {
				t.Errorf("%s is not in %s", key, lang)
			}
		}
	}
}

func TestMicrodataHoldWhatTheSchemaAllows(t *testing.T) {
	d := release(t)
	list := rows(t, folder(t, d), "data/microdata.csv")
	if got := len(list) - 1; got != d.Release.Rows.Rows {
		t.Errorf("%d rows for %d records", got, d.Release.Rows.Rows)
	}
	for _, row := range list[1:] {
		for i, v := range row {
			c := d.Profile.Columns[i]
			if v != "" && !slices.ContainsFunc(c.Codes, func(code Code) bool { return code.Value == v }) {
				t.Fatalf("%s holds %q", c.Name, v)
			}
			if c.Yes() && v != "" && v != "1" {
				t.Fatalf("the mark %s holds %q, not 1 or nothing", c.Name, v)
			}
		}
	}
}

// Nothing under the threshold stands in any file that counts, whatever the threshold; the showcase is made from the
// same list (DP.Counts) and has its own test.
func TestNothingUnderTheThreshold(t *testing.T) {
	base := release(t)
	small := 0
	for _, a := range base.Release.Aggregates {
		if int(a.Count) < 11 {
			small++
		}
	}
	if small == 0 {
		t.Fatal("the release has no small counts, so this test shows nothing")
	}
	rapid.Check(t, func(rt *rapid.T) {
		d := base
		d.Threshold = rapid.IntRange(2, 400).Draw(rt, "threshold")
		d.HXL = rapid.Bool().Draw(rt, "hxl")
		header, _ := aggregateHeader(3)
		at := slices.Index(header, "estimate")
		next := noisyRows(d.Counts(), d.Release)
		n := 0
		for row, ok := next(); ok; row, ok = next() {
			n++
			x, err := strconv.Atoi(row[at])
			if err != nil || x < d.Threshold {
				rt.Fatalf("threshold %d: %v", d.Threshold, row)
			}
		}
		for _, w := range d.Report().Widths {
			if w.To != 0 && w.To < d.Threshold || w.Unsupported != 0 {
				rt.Fatalf("the report tells of counts %d to %d under the threshold %d", w.From, w.To, d.Threshold)
			}
		}
		if n != len(d.Counts()) {
			rt.Fatalf("%d rows for %d counts", n, len(d.Counts()))
		}
	})
	f := folder(t, base)
	for _, name := range []string{"data/aggregates.csv", "hxl/aggregates.csv"} {
		list := rows(t, f, name)
		at := slices.Index(list[0], "estimate")
		for _, row := range list[1:] {
			if strings.HasPrefix(row[0], "#") {
				continue
			}
			if n, err := strconv.Atoi(row[at]); err != nil || n < base.Threshold {
				t.Errorf("%s: %v", name, row)
			}
		}
	}
}

// The inputs of a folder have no place for a table of true records or for exact figures of the noisy path: of all
// types that can be reached from a DP, only the release's Rows are a table.
func TestNoPlaceForTheTruth(t *testing.T) {
	tables := places(reflect.TypeFor[DP](), "DP", map[reflect.Type]bool{})
	if len(tables) != 1 || tables[0] != "DP.Release.Rows" {
		t.Errorf("tables can enter a release by %v", tables)
	}
	// The search itself must find one where there is one.
	type leaky struct{ Truth *synth.Table }
	if got := places(reflect.TypeFor[leaky](), "leaky", map[reflect.Type]bool{}); len(got) != 1 {
		t.Errorf("the search found %v in a leaky type", got)
	}
}

func places(ty reflect.Type, at string, seen map[reflect.Type]bool) (found []string) {
	switch ty {
	case reflect.TypeFor[synth.Table](), reflect.TypeFor[risk.Table](), reflect.TypeFor[kanon.Cube]():
		return []string{at}
	case reflect.TypeFor[time.Time]():
		return nil
	}
	switch ty.Kind() {
	case reflect.Pointer, reflect.Slice, reflect.Array:
		return places(ty.Elem(), at, seen)
	case reflect.Map:
		return append(places(ty.Key(), at, seen), places(ty.Elem(), at, seen)...)
	case reflect.Interface:
		return []string{at + " (anything)"}
	case reflect.Struct:
		if seen[ty] {
			return nil
		}
		seen[ty] = true
		for i := range ty.NumField() {
			f := ty.Field(i)
			found = append(found, places(f.Type, at+"."+f.Name, seen)...)
		}
	}
	return found
}

func TestSameInputSameBytes(t *testing.T) {
	d := release(t)
	var a, b bytes.Buffer
	if err := errors.Join(folder(t, d).Zip(&a), folder(t, d).Zip(&b)); err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(a.Bytes(), b.Bytes()) {
		t.Error("the same release came out as different bytes")
	}
	d.MadeAt = d.MadeAt.Add(time.Hour)
	var c bytes.Buffer
	if err := folder(t, d).Zip(&c); err != nil {
		t.Fatal(err)
	}
	if bytes.Equal(a.Bytes(), c.Bytes()) {
		t.Error("another time came out as the same bytes")
	}
}

func TestVerify(t *testing.T) {
	f := folder(t, release(t))
	public := key.Public().(ed25519.PublicKey)
	m, err := Verify(f.FS(), public)
	if err != nil {
		t.Fatal(err)
	}
	if m.DP.Epsilon != 4 || m.Threshold != 11 || !strings.Contains(m.Guarantee["en"], "epsilon 4") {
		t.Errorf("the manifest is %+v", m)
	}
	dir := t.TempDir() + "/out"
	if err := f.Write(dir); err != nil {
		t.Fatal(err)
	}
	if _, err := Verify(os.DirFS(dir)); err != nil {
		t.Errorf("what was written does not verify: %v", err)
	}
	if err := f.Write(dir); err == nil {
		t.Error("a folder was written over another")
	}
	other, _, _ := ed25519.GenerateKey(nil)
	if _, err := Verify(f.FS(), other); !errors.Is(err, ErrKey) {
		t.Errorf("a key that is not trusted: %v", err)
	}
	var z bytes.Buffer
	if err := f.Zip(&z); err != nil {
		t.Fatal(err)
	}
	back, err := ReadZip(z.Bytes())
	if err != nil || !reflect.DeepEqual(back, f) {
		t.Errorf("the archive does not come back as it went: %v", err)
	}
}

// Whatever is done to any file, Verify says so.
func TestEveryChangeIsSeen(t *testing.T) {
	f := folder(t, release(t))
	rapid.Check(t, func(rt *rapid.T) {
		changed := slices.Clone(f)
		i := rapid.IntRange(0, len(f)-1).Draw(rt, "file")
		switch what := rapid.SampledFrom([]string{"flip", "cut", "remove", "add"}).Draw(rt, "change"); what {
		case "flip":
			body := slices.Clone(f[i].Body)
			body[rapid.IntRange(0, len(body)-1).Draw(rt, "byte")] ^= 1 << rapid.IntRange(0, 7).Draw(rt, "bit")
			changed[i].Body = body
		case "cut":
			changed[i].Body = f[i].Body[:len(f[i].Body)-1]
		case "remove":
			changed = slices.Delete(changed, i, i+1)
		case "add":
			changed = append(changed, File{"data/more.csv", []byte("x")})
		}
		if _, err := Verify(changed.FS(), key.Public().(ed25519.PublicKey)); err == nil {
			rt.Fatalf("a change of %s was not seen", f[i].Name)
		}
	})
}

func TestRefusals(t *testing.T) {
	good := release(t)
	for name, spoil := range map[string]func(*DP){
		"no release":        func(d *DP) { d.Release = nil },
		"threshold":         func(d *DP) { d.Threshold = 1 },
		"no title":          func(d *DP) { d.Title = nil },
		"period":            func(d *DP) { d.From, d.To = d.To, d.From },
		"another profile":   func(d *DP) { d.Profile = GlobalSynthetic(2019, 2023, countries) },
		"joined columns":    func(d *DP) { d.Profile = GlobalK(2020, 2023, countries) },
		"columns turned":    func(d *DP) { c := slices.Clone(d.Profile.Columns); slices.Reverse(c); d.Profile.Columns = c },
		"columns in excess": func(d *DP) { d.Profile.Columns = d.Profile.Columns[1:] },
	} {
		d := good
		spoil(&d)
		if _, err := d.Folder(key); err == nil {
			t.Errorf("%s: a folder was made", name)
		}
	}
	if _, err := good.Folder(nil); err == nil {
		t.Error("a folder was made without a key")
	}
	if _, err := good.Folder(key, File{"../up", nil}); err == nil {
		t.Error("a file may leave the folder")
	}
	if _, err := good.Folder(key, File{"README.txt", nil}); err == nil {
		t.Error("a file may stand twice")
	}
}

// Columns that the programme does not collect are in the file all the same, empty, and the codebook says so.
func TestColumnsThatAreNotCollected(t *testing.T) {
	d := release(t)
	whole := d.Profile
	d.Profile.Columns = append(slices.Clone(whole.Columns), Column{Name: "extra", Label: Same("Extra"), Codes: []Code{{"1", Same("Yes")}}})
	f := folder(t, d)
	list := rows(t, f, "data/microdata.csv")
	if len(list[0]) != 28 || list[1][27] != "" {
		t.Errorf("the columns are %v", list[0])
	}
	book, _ := f.File("codebook/en.html")
	if n := strings.Count(string(book), "Not collected here"); n != 1 {
		t.Errorf("the codebook says of %d columns that they are not collected", n)
	}
	if got := d.Profile.Of(d.Release.Rows.Attrs); len(got.Columns) != 27 {
		t.Errorf("%d columns are filled", len(got.Columns))
	}
}

// alike makes a k-anonymous table in CTDC's columns.
func alike(t testing.TB, k int) K {
	t.Helper()
	names := []string{"yearOfRegistration", "gender", "citizenship", "isForcedLabour", "isSexualExploit", "isAbduction", "meansOfControlThreats", "meansOfControlDebtBondage"}
	var list [][]string
	for range 30 {
		list = append(list, []string{"2021", "Female", "AAA", "1", "1", "1", "1", "1"}, []string{"2022", "Male", "AAA", "1", "0", "", "1", ""})
	}
	list = append(list, []string{"2020", "Female", "CCC", "0", "1", "0", "0", "0"})
	table, err := risk.FromRows(names, list)
	if err != nil {
		t.Fatal(err)
	}
	var keys []kanon.Key
	for i := range names {
		keys = append(keys, kanon.Key{Column: i})
	}
	out, loss, err := kanon.Anonymise(context.Background(), table, keys, kanon.Need{K: k})
	if err != nil {
		t.Fatal(err)
	}
	return K{Info: info(), Profile: GlobalK(2020, 2023, countries), Table: out, Keys: names, K: k, Lost: loss}
}

func TestKAnonymousFile(t *testing.T) {
	k := alike(t, 11)
	f := folder(t, k)
	list := rows(t, f, "data/microdata.csv")
	if len(list) != 62 || len(list[0]) != 63 {
		t.Fatalf("%d rows of %d columns", len(list), len(list[0]))
	}
	at := func(row []string, name string) string { return row[slices.Index(list[0], name)] }
	seen := map[string]int{}
	for _, row := range list[1:] {
		seen[fmt.Sprint(row)]++
		for i, v := range row {
			if v == "" {
				t.Fatalf("%s is empty, not -99", list[0][i])
			}
		}
		if at(row, "gender") == "Female" && at(row, "citizenship") == "AAA" {
			if got := at(row, "typeOfExploitConcatenated"); got != "ForcedLabour;SexualExploit" {
				t.Fatalf("kinds of exploitation are joined as %q", got)
			}
			if got := at(row, "meansOfControlConcatenated"); got != "DebtBondage;Threats" {
				t.Fatalf("means of control are joined as %q", got)
			}
		}
	}
	for row, n := range seen {
		if n < 11 {
			t.Errorf("only %d records are %s", n, row)
		}
	}
	body, _ := f.File("report/report.json")
	if strings.Contains(string(body), `"withheld": "1"`) {
		t.Errorf("the report tells how many records stood out: %s", body)
	}
	if _, err := Verify(f.FS()); err != nil {
		t.Error(err)
	}
}

// A table that is not what it says is refused, however it came about.
func TestKIsMeasuredAgain(t *testing.T) {
	k := alike(t, 11)
	k.K = 40
	if _, err := k.Folder(key); err == nil {
		t.Error("records alike by 30 passed as alike by 40")
	}
	k = alike(t, 11)
	k.Keys = k.Keys[1:]
	if _, err := k.Folder(key); err == nil {
		t.Error("a column that is no key was published")
	}
	k = alike(t, 11)
	k.Table.Columns[0].Values = []string{"", "20x1", "20x2", "20x0"}
	if _, err := k.Folder(key); err == nil {
		t.Error("a value that the profile does not declare was published")
	}
}

func TestExactCountsAreOnlyTheShownOnes(t *testing.T) {
	k := alike(t, 11)
	cube, err := kanon.NewCube(kanon.Dimension{Name: "gender", Codes: []string{"Female", "Male"}}, kanon.Dimension{Name: "citizenship", Codes: []string{"AAA", "BBB", "CCC"}})
	if err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(cube.Add(30, "Female", "AAA"), cube.Add(30, "Male", "AAA"), cube.Add(3, "Female", "CCC"), cube.Add(4, "Male", "BBB")); err != nil {
		t.Fatal(err)
	}
	pub, err := kanon.Protect(context.Background(), cube, kanon.Rules{MinCell: 11})
	if err != nil {
		t.Fatal(err)
	}
	k.Tables = []kanon.Published{pub}
	list := rows(t, folder(t, k), "data/aggregates.csv")
	if len(list) < 2 {
		t.Fatalf("no counts: %v", list)
	}
	at := slices.Index(list[0], "estimate")
	for _, row := range list[1:] {
		if n, _ := strconv.Atoi(row[at]); n < 11 {
			t.Errorf("a small count: %v", row)
		}
	}
}

// The descriptor says of each data file what is true of it.
func TestDescriptor(t *testing.T) {
	f := folder(t, release(t))
	body, _ := f.File("datapackage.json")
	var d dataPackage
	if err := json.Unmarshal(body, &d); err != nil {
		t.Fatal(err)
	}
	if len(d.Resources) != 2 {
		t.Fatalf("%d resources", len(d.Resources))
	}
	for _, r := range d.Resources {
		list := rows(t, f, r.Path)
		var names []string
		for _, x := range r.Schema.Fields {
			names = append(names, x.Name)
		}
		if !slices.Equal(names, list[0]) {
			t.Errorf("%s has the columns %v and is described with %v", r.Path, list[0], names)
		}
	}
	hxl := rows(t, f, "hxl/microdata.csv")
	if len(hxl[1]) != 27 || hxl[1][0] != "#date+year" {
		t.Errorf("the tags are %v", hxl[1])
	}
}

func FuzzReadZip(f *testing.F) {
	var b bytes.Buffer
	files, err := sorted([]File{{"a/b.txt", []byte("x")}, {"c", nil}})
	if err != nil {
		f.Fatal(err)
	}
	if err := files.Zip(&b); err != nil {
		f.Fatal(err)
	}
	f.Add(b.Bytes())
	f.Fuzz(func(t *testing.T, body []byte) {
		folder, err := ReadZip(body)
		if err != nil {
			return
		}
		if err := folder.Zip(&bytes.Buffer{}); err != nil {
			t.Error(err)
		}
	})
}

// Whatever stands in a folder, Verify answers with an error or a manifest, and never believes what was not signed.
func FuzzVerify(f *testing.F) {
	good, err := sign([]File{{"a.txt", []byte("x")}}, Manifest{ID: "1"}, key)
	if err != nil {
		f.Fatal(err)
	}
	manifest, _ := good.File(manifestFile)
	pem, _ := good.File(keyFile)
	signature, _ := good.File(signatureFile)
	f.Add(manifest, pem, signature)
	f.Add([]byte("{}"), []byte("-----BEGIN PUBLIC KEY-----\n-----END PUBLIC KEY-----\n"), []byte{})
	f.Fuzz(func(t *testing.T, m, p, s []byte) {
		folder := Folder{{"a.txt", []byte("x")}, {manifestFile, m}, {signatureFile, s}, {keyFile, p}}
		if _, err := Verify(folder.FS(), key.Public().(ed25519.PublicKey)); err == nil && !(bytes.Equal(m, manifest) && bytes.Equal(s, signature)) {
			t.Errorf("believed %q", m)
		}
	})
}
