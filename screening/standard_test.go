package screening

import (
	"encoding/json"
	"io/fs"
	"os"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/goccy/go-yaml"
)

// TestHTCDSCodes holds every derivation of the vocabulary against the pick
// lists of HTCDS 2.0.
func TestHTCDSCodes(t *testing.T) {
	data, err := os.ReadFile("testdata/htcds-picklists.json")
	if err != nil {
		t.Fatal(err)
	}
	var file struct {
		Attribution string
		Picklists   map[string][]string
	}
	if err := json.Unmarshal(data, &file); err != nil {
		t.Fatal(err)
	}
	file.Picklists["prs_Citizenship"] = []string{"PK", "PAK"} // ISO 3166, which HTCDS refers to
	extensions := []string{"RestrictsMovement"}               // defined in HTCDS, missing from its list
	for _, d := range library(t).Vocabulary.Facts {
		for _, from := range d.From {
			list, ok := file.Picklists[from.Field]
			if !ok {
				t.Errorf("%s reads %s, which is not an HTCDS field listed here", d.Key, from.Field)
			}
			for _, code := range slices.Concat(from.Yes, from.No) {
				if !slices.Contains(list, code) && !slices.Contains(extensions, code) {
					t.Errorf("%s reads the code %s, which %s does not have", d.Key, code, from.Field)
				}
			}
		}
	}
}

// TestGlossary holds labels against the binding glossary of the programme.
func TestGlossary(t *testing.T) {
	lib := library(t)
	texts := lib.Catalogue()
	want := []struct{ label, en, id, ur string }{
		{"standard/palermo-trafficking/outcome/trafficking", "Trafficking in persons", "Perdagangan orang (TPPO)", "انسانی سوداگری"},
		{"standard/palermo-smuggling/outcome/smuggling", "Smuggling of migrants", "Penyelundupan migran", "تارکینِ وطن کی اسمگلنگ"},
		{"standard/palermo-smuggling/outcome/aggravated_smuggling", "Aggravated smuggling", "Penyelundupan dengan pemberatan", "سنگین اسمگلنگ"},
		{"group/act", "Act", "Proses/perbuatan", "فعل"},
		{"group/means", "Means", "Cara", "ذریعہ"},
		{"group/purpose", "Purpose", "Tujuan", "مقصد"},
		{"fact/person.migrant", "migrant", "Migran", "تارکِ وطن"},
		{"fact/act.recruitment", "Recruitment", "Perekrutan", "بھرتی"},
		{"fact/act.harbouring", "Harbouring", "Penampungan", "پناہ دینا"},
		{"fact/act.transfer", "Transfer", "Pemindahan", "منتقلی"},
		{"fact/means.other_coercion", "coercion", "paksaan", "جبر"},
		{"fact/means.deception", "Deception", "Penipuan", "دھوکا"},
		{"fact/means.abuse_of_vulnerability", "vulnerability", "Penyalahgunaan posisi rentan", "کمزوری کا ناجائز فائدہ"},
		{"group/exploitation", "Exploitation", "Eksploitasi", "استحصال"},
		{"fact/purpose.sexual_exploitation", "Sexual exploitation", "Eksploitasi seksual", "جنسی استحصال"},
		{"standard/ilo-adult-labour/outcome/trafficked_forced_labour", "forced labour", "kerja paksa", "جبری مشقت"},
		{"fact/purpose.debt_bondage", "Debt bondage", "Jeratan utang", "قرض کی غلامی"},
		{"fact/purpose.organised_begging", "Organised beggary", "Pengemisan terorganisasi", "منظم گداگری"},
		{"fact/purpose.servitude", "Servitude", "Perhambaan", "غلامانہ خدمت"},
		{"fact/purpose.forced_marriage", "Forced marriage", "Perkawinan paksa", "جبری شادی"},
		{"fact/purpose.organ_removal", "Removal of organs", "Pengambilan organ", "اعضا نکالنا"},
		{"fact/control.documents_retained", "Retention", "Penahanan dokumen", "دستاویزات کی ضبطی"},
	}
	for _, w := range want {
		for lang, term := range map[string]string{"en": w.en, "id": w.id, "ur": w.ur} {
			if got := texts[w.label][lang]; !strings.Contains(got, term) {
				t.Errorf("%s in %s is %q, without the term %q", w.label, lang, got, term)
			}
		}
	}
	for label, text := range texts {
		for _, lang := range Languages {
			if strings.Contains(strings.ToLower(text[lang]), "illegal migrant") || strings.Contains(text[lang], "انسانی اسمگلنگ") {
				t.Errorf("%s in %s uses a term the glossary keeps out: %q", label, lang, text[lang])
			}
		}
	}
}

// shipped gives the two packs as one editable file system per pack.
func shipped(t *testing.T) (core, country fstest.MapFS) {
	t.Helper()
	read := func(dir string) fstest.MapFS {
		out := fstest.MapFS{}
		pack := os.DirFS(dir)
		for _, pattern := range []string{"facts.yaml", "standards/*.yaml"} {
			names, err := fs.Glob(pack, pattern)
			if err != nil {
				t.Fatal(err)
			}
			for _, name := range names {
				data, err := fs.ReadFile(pack, name)
				if err != nil {
					t.Fatal(err)
				}
				out[name] = &fstest.MapFile{Data: data}
			}
		}
		return out
	}
	return read("../packs/core"), read("../packs/pakistan")
}

// TestLoaderRefuses changes one thing in the shipped packs and expects the
// loader to name it.
func TestLoaderRefuses(t *testing.T) {
	const palermo = "standards/palermo-trafficking.yaml"
	cases := []struct{ name, file, old, new, message string }{
		{"consent as an input", palermo, "when: person.child", "when: person.consented", "never an input"},
		{"an undeclared fact", palermo, "act.receipt]", "act.recipt]", `"act.recipt"`},
		{"an element used before it is declared", palermo, "when: person.child", "when: {element: later}", `element "later"`},
		{"a missing translation", palermo, `ur: "فعل", `, "", "no text in ur"},
		{"a misspelt field", palermo, "subject: trafficking", "subjekt: trafficking", "subjekt"},
		{"an unknown answer", palermo, `answer: "no"`, `answer: maybe`, "answer is one of"},
		{"a missing confidence mark", palermo, "  - key: act\n    mark: V\n", "  - key: act\n", "needs a mark"},
		{"two kinds in one condition", palermo, "{element: act}", "{element: act, any: [act.receipt]}", "exactly one of"},
		{"a condition on the last outcome", palermo, "    answer: \"no\"\n", "    answer: \"no\"\n    when: person.child\n", "has no condition"},
		{"an at_least that can never change", palermo, "when: person.child", "when: {at_least: 3, of: [person.child]}", "at_least 3 of 1"},
		{"elements in a blocked standard", "standards/ilo-adult-sexual.yaml", "blocked:", "elements: [{key: d1, mark: K, label: {en: a, ur: a, id: a}, when: person.child}]\nblocked:", "nothing can be guessed"},
		{"weights without thresholds", "standards/ilo-adult-labour.yaml", "positive_when:\n  - {strong: 2}\n  - {strong: 1, medium_or_weak: 1}\n  - {medium: 3}\n  - {medium: 2, weak: 1}\n", "", "positive_when"},
		{"a table row that is neither yes nor no", "standards/ilo-child-labour.yaml", `row: {act: "yes"`, `row: {act: unknown`, "must be yes or no"},
		{"a fact declared twice", "facts.yaml", "  - key: act.transfer\n", "  - key: act.receipt\n", `"act.receipt" is declared twice`},
		{"a fact outside every group", "facts.yaml", "  - key: context.crosses_border\n", "  - key: elsewhere.crosses_border\n", "no declared group"},
		{"broken YAML", "facts.yaml", "groups:\n", "groups: [\n", "facts.yaml"},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			core, country := shipped(t)
			data := string(core[c.file].Data)
			if !strings.Contains(data, c.old) {
				t.Fatalf("%s no longer has %q", c.file, c.old)
			}
			core[c.file] = &fstest.MapFile{Data: []byte(strings.Replace(data, c.old, c.new, 1))}
			_, err := Load(core, country)
			if err == nil {
				t.Fatal("loaded")
			}
			if !strings.Contains(err.Error(), c.message) {
				t.Errorf("the error does not say %q:\n%v", c.message, err)
			}
		})
	}
}

// TestCommencementIsConfigured sets the Gazette date in the pack: the doubt
// about March 2025 goes, and each text keeps its side of the day.
func TestCommencementIsConfigured(t *testing.T) {
	core, country := shipped(t)
	const file = "standards/dates.yaml"
	country[file] = &fstest.MapFile{Data: []byte(strings.Replace(string(country[file].Data),
		"earliest: 2025-02-17\n    latest: 2025-04-23\n    verified: false", "date: 2025-03-20\n    verified: true", 1))}
	lib, err := Load(core, country)
	if err != nil {
		t.Fatal(err)
	}
	cases := []struct {
		conduct  string
		old, new Value
	}{
		{"2025-03-19", Yes, No},
		{"2025-03-20", No, Yes},
		{"2025-03", Unknown, Unknown}, // the month spans the day
		{"", NotAsked, NotAsked},
		{"2017", No, No},
	}
	for _, c := range cases {
		conduct, err := ParsePeriod(c.conduct)
		if err != nil {
			t.Fatal(err)
		}
		for id, want := range map[string]Value{"ptpa-2018": c.old, "ptpa-2025": c.new} {
			s, _ := lib.Standard(id)
			if got := s.Effect.InForce(conduct); got != want {
				t.Errorf("%s on %q: %v, want %v", id, c.conduct, got, want)
			}
		}
	}
}

// TestEveryFactCanBeAsked: each input of each standard has a question in each
// language with nothing left to fill in.
func TestEveryFactCanBeAsked(t *testing.T) {
	lib := library(t)
	for _, d := range lib.Vocabulary.Facts {
		q := lib.Vocabulary.Question(d.Key)
		if err := q.check("the question of " + d.Key); err != nil {
			t.Error(err)
		}
		for lang, text := range q {
			if strings.ContainsAny(text, "{}") {
				t.Errorf("the question of %s in %s has a gap: %q", d.Key, lang, text)
			}
		}
	}
}

// FuzzParseStandard: whatever a pack file holds, the loader answers with a
// standard or an error, and a standard it accepts can be evaluated.
func FuzzParseStandard(f *testing.F) {
	lib := library(f)
	for _, name := range []string{"palermo-trafficking", "ilo-child-labour", "ilo-adult-sexual"} {
		data, err := os.ReadFile("../packs/core/standards/" + name + ".yaml")
		if err != nil {
			f.Fatal(err)
		}
		f.Add(data)
	}
	f.Add([]byte("elements: [{when: {all: []}}]"))
	f.Fuzz(func(t *testing.T, data []byte) {
		s, err := ParseStandard(data, lib.Vocabulary, lib.Commencements)
		if err != nil {
			return
		}
		if _, err := json.Marshal(Evaluate(s, nil, Period{})); err != nil {
			t.Fatal(err)
		}
	})
}

// TestPackFilesAreYAML12 guards the words yes and no: the packs rely on a
// reader that takes them as text, or on quotes.
func TestPackFilesAreYAML12(t *testing.T) {
	var got map[string]any
	if err := yaml.Unmarshal([]byte("a: yes\nb: no\n"), &got); err != nil {
		t.Fatal(err)
	}
	if got["a"] != "yes" || got["b"] != "no" {
		t.Errorf("yes and no were read as %T and %T", got["a"], got["b"])
	}
}
