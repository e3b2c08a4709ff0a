package screening

import (
	"go/parser"
	"go/token"
	"path/filepath"
	"strings"
	"testing"
)

// TestPure: the engine imports nothing of the program around it, and neither
// the network nor a clock's caller, so that a finding depends on its inputs alone.
func TestPure(t *testing.T) {
	files, err := filepath.Glob("*.go")
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range files {
		if strings.HasSuffix(name, "_test.go") {
			continue
		}
		f, err := parser.ParseFile(token.NewFileSet(), name, nil, parser.ImportsOnly)
		if err != nil {
			t.Fatal(err)
		}
		for _, i := range f.Imports {
			path := strings.Trim(i.Path.Value, `"`)
			if strings.HasPrefix(path, "aman/") || strings.HasPrefix(path, "net") || path == "os" || path == "math/rand" {
				t.Errorf("%s imports %s", name, path)
			}
		}
	}
}
