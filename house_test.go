// Package house holds the rules of the house (CONTRIBUTING.md) as tests.
package house

import (
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// imports gives, for each package folder, what its files import; tests apart.
func imports(t *testing.T) map[string]map[string]bool {
	t.Helper()
	out := map[string]map[string]bool{}
	err := filepath.WalkDir(".", func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() && (d.Name() == "node_modules" || d.Name() == "testdata" || d.Name() == ".git") {
			return filepath.SkipDir
		}
		if !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") {
			return nil
		}
		file, err := parser.ParseFile(token.NewFileSet(), path, nil, parser.ImportsOnly)
		if err != nil {
			return err
		}
		dir := filepath.ToSlash(filepath.Dir(path))
		if out[dir] == nil {
			out[dir] = map[string]bool{}
		}
		for _, i := range file.Imports {
			out[dir][strings.Trim(i.Path.Value, `"`)] = true
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func within(dir string, roots ...string) bool {
	for _, r := range roots {
		if dir == r || strings.HasPrefix(dir, r+"/") {
			return true
		}
	}
	return false
}

func TestWhoMayImportWhom(t *testing.T) {
	pure := []string{"forms/xlsform", "forms/xform", "forms/xpath", "forms/crypt", "screening", "linkage", "release/dp", "release/synth", "release/kanon", "release/risk", "release/evaluate", "release/product", "release/showcase", "release/profiles", "forms/export"}
	domain := append([]string{"forms", "registry", "casework", "release", "platform", "flows", "packs"}, pure...)
	engines := []string{"github.com/jackc/pgx", "github.com/ncruces/go-sqlite3"}
	for dir, list := range imports(t) {
		for path := range list {
			aman := strings.TrimPrefix(path, "aman/")
			ours := aman != path
			if within(dir, pure...) && ours && within(aman, "platform", "web", "registry", "casework", "node") {
				t.Errorf("%s is a library of its own and imports %s", dir, path)
			}
			if within(dir, domain...) && ours && within(aman, "web", "node", "cmd") {
				t.Errorf("%s is below the faces and imports %s", dir, path)
			}
			if path == "net/http" && within(dir, domain...) && !within(dir, "forms/openrosa", "forms/central") {
				t.Errorf("%s imports net/http; HTTP stops at web, forms/openrosa and forms/central", dir)
			}
			for _, e := range engines {
				if strings.HasPrefix(path, e) && !within(dir, "platform/store", "bench") {
					t.Errorf("%s imports %s; only platform/store knows which database it is", dir, path)
				}
			}
			if path == "golang.org/x/crypto/chacha20poly1305" && !within(dir, "platform/vault", "platform/signin") {
				t.Errorf("%s imports a cipher; only platform/vault and platform/signin seal", dir)
			}
			if path == "C" {
				t.Errorf("%s uses cgo", dir)
			}
		}
	}
}

func TestEveryPackageSaysWhatItIs(t *testing.T) {
	for dir := range imports(t) {
		if within(dir, "bench", "scripts") || dir == "." {
			continue
		}
		found := false
		files, _ := filepath.Glob(dir + "/*.go")
		for _, f := range files {
			if strings.HasSuffix(f, "_test.go") {
				continue
			}
			file, err := parser.ParseFile(token.NewFileSet(), f, nil, parser.PackageClauseOnly|parser.ParseComments)
			if err == nil && file.Doc != nil && len(file.Doc.Text()) > 80 {
				found = true
			}
		}
		if !found {
			t.Errorf("%s has no package comment that a newcomer could read first", dir)
		}
	}
}

// The engine names no country, no statute and no standard: those are content.
func TestTheEngineNamesNoCountry(t *testing.T) {
	word := regexp.MustCompile(`\b(Pakistan|PTPA|PSMA|Karachi|Torkham)\b`)
	for dir := range imports(t) {
		if !within(dir, "registry", "casework", "screening", "forms", "platform", "release", "linkage") {
			continue
		}
		files, _ := filepath.Glob(dir + "/*.go")
		for _, f := range files {
			if strings.HasSuffix(f, "_test.go") || strings.HasSuffix(f, "doc.go") {
				continue
			}
			body, err := os.ReadFile(f)
			if err != nil {
				t.Fatal(err)
			}
			for i, line := range strings.Split(string(body), "\n") {
				code, _, _ := strings.Cut(line, "//")
				if m := word.FindString(code); m != "" {
					t.Errorf("%s:%d names %s", f, i+1, m)
				}
			}
		}
	}
}

// Words that no text for people may hold, and traces that no file may.
func TestWords(t *testing.T) {
	tracked, err := exec.Command("git", "ls-files").Output()
	if err != nil {
		t.Skip("not a git checkout: the words of tracked files are not looked at")
	}
	never := regexp.MustCompile(`(?i)illegal (im)?migrant|illegal alien`)
	machine := regexp.MustCompile(`(^|[^A-Za-z0-9_])/(work|home|Users)/`)
	for _, f := range strings.Fields(string(tracked)) {
		info, err := os.Stat(f)
		if err != nil || info.Size() > 2<<20 || strings.Contains(f, "testdata/") || f == "house_test.go" {
			continue
		}
		switch filepath.Ext(f) {
		case ".go", ".md", ".yaml", ".html", ".js", ".css", ".sql", ".py", ".sh", "":
		default:
			continue
		}
		body, err := os.ReadFile(f)
		if err != nil {
			continue
		}
		for i, line := range strings.Split(string(body), "\n") {
			// CONTRIBUTING and doc comments may say which words are not used.
			if never.MatchString(line) && !strings.HasSuffix(f, "_test.go") && !strings.Contains(strings.ToLower(line), "never") {
				t.Errorf("%s:%d has a word that is never used here", f, i+1)
			}
			if machine.MatchString(line) {
				t.Errorf("%s:%d has a path of one machine", f, i+1)
			}
		}
	}
}
