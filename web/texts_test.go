package web

import (
	"io/fs"
	"os"
	"regexp"
	"strings"
	"testing"
)

// Every text a page names is there, in three languages (Load checks those), and no text
// is left that no page names.
func TestTextsAndPagesFit(t *testing.T) {
	texts, err := Texts()
	if err != nil {
		t.Fatal(err)
	}
	var source strings.Builder
	for _, dir := range []string{".", "templates", "templates/parts", "../forms/openrosa", "../casework"} {
		files, err := fs.Glob(os.DirFS(dir), "*")
		if err != nil {
			t.Fatal(err)
		}
		for _, f := range files {
			if strings.HasSuffix(f, "_test.go") || !(strings.HasSuffix(f, ".go") || strings.HasSuffix(f, ".html")) {
				continue
			}
			body, err := os.ReadFile(dir + "/" + f)
			if err != nil {
				t.Fatal(err)
			}
			source.Write(body)
		}
	}
	all := source.String()
	named := regexp.MustCompile(`(?:\bT "|\bT\("|page\(r, "|"Key" "|note: "|fail\(w, r, [\w.]+, "|key: "|say\(w, r, [\w.]+, ")([a-z_]+(?:[.-][a-z_-]+)+)"`)
	for _, m := range named.FindAllStringSubmatch(all, -1) {
		if !texts.Has(m[1]) {
			t.Errorf("the text %s is named by a page and is in no catalogue", m[1])
		}
	}
	// Texts put together from a part and a code.
	families := []string{"act.", "done.", "fault.", "value.", "fit.", "notice.", "submission.", "match.", "action.", "refusal.", "script.", "org.", "dismiss.", "password.weak.", "openrosa.", "fill."}
	for _, key := range texts.Keys() {
		if strings.Contains(all, `"`+key+`"`) {
			continue
		}
		family := false
		for _, f := range families {
			family = family || strings.HasPrefix(key, f)
		}
		if !family {
			t.Errorf("the text %s is in the catalogue and no page names it", key)
		}
	}
	for _, a := range acts {
		for _, key := range []string{"act." + a.name, "act." + a.name + ".button", "done." + doneKey(a.name)} {
			if !texts.Has(key) {
				t.Errorf("the act %s has no text %s", a.name, key)
			}
		}
	}
	faults := regexp.MustCompile(`Fault\{Code: "([a-z_]+)"`)
	for _, m := range faults.FindAllStringSubmatch(all, -1) {
		if !texts.Has("fault." + m[1]) {
			t.Errorf("the fault %s has no text", m[1])
		}
	}
	notices := regexp.MustCompile(`Kind: "([a-z]+_[a-z]+)"`)
	for _, m := range notices.FindAllStringSubmatch(all, -1) {
		if !texts.Has("notice." + m[1]) {
			t.Errorf("the notice %s has no text", m[1])
		}
	}
}
