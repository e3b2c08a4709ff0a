package central_test

import (
	"bytes"
	"context"
	"fmt"
	"log/slog"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"aman/forms"
	"aman/forms/export"
	"aman/node/nodetest"
	"aman/platform/store"
	"aman/web"
)

// pyodk is the release of pyODK that the contract is held to; PyPI, Apache-2.0.
const pyodk = "pyodk==1.3.0"

// python gives an interpreter that has pyODK, from a folder that later runs find again.
func python(t *testing.T) string {
	t.Helper()
	none := func(why string, err error, out []byte) {
		t.Helper()
		if os.Getenv("AMAN_TEST_ALL") != "" {
			t.Fatalf("%s: %v\n%s", why, err, out)
		}
		t.Skipf("NOT TESTED against %s: %s: %v", pyodk, why, err)
	}
	cache, err := os.UserCacheDir()
	if err != nil {
		cache = os.TempDir()
	}
	dir := filepath.Join(cache, "aman-test", strings.ReplaceAll(pyodk, "==", "-"))
	interpreter, ready := filepath.Join(dir, "bin", "python"), filepath.Join(dir, "ready")
	if _, err := os.Stat(ready); err == nil {
		return interpreter
	}
	ctx, stop := context.WithTimeout(t.Context(), 4*time.Minute)
	defer stop()
	os.RemoveAll(dir)
	if out, err := exec.CommandContext(ctx, "python3", "-m", "venv", dir).CombinedOutput(); err != nil {
		none("python3 cannot make an environment (python3-venv)", err, out)
	}
	if out, err := exec.CommandContext(ctx, interpreter, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", pyodk).CombinedOutput(); err != nil {
		none("pip cannot install it", err, out)
	}
	if err := os.WriteFile(ready, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	return interpreter
}

// The scripts of a team that used ODK Central work unchanged: the real pyODK drives a node.
func TestPyODK(t *testing.T) {
	interpreter := python(t)
	w := nodetest.New(t, "")
	srv, err := web.New(w.Node, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	srv.Secure = false
	server := httptest.NewServer(srv.Handler())
	defer server.Close()
	var secret string
	if err := w.Node.Store.Write(t.Context(), func(tx *store.Tx) (err error) {
		_, secret, err = w.Node.SignIn.NewProgramPassword(tx, w.FieldManager.User, "pyODK", true, w.Clock.Now().AddDate(0, 1, 0))
		return err
	}); err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	write := func(name string, body []byte) {
		t.Helper()
		if err := os.WriteFile(filepath.Join(dir, name), body, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	write("config.toml", fmt.Appendf(nil, "[central]\nbase_url = %q\nusername = \"field\"\npassword = %q\n", server.URL, secret))
	write("villages.csv", []byte("name,label\na,Invented A\nb,Invented B\n"))
	write("house.jpg", []byte("a picture of a house"))
	write("village_visit.xlsx", spreadsheet(t))
	write("سفر ✅.xlsx", spreadsheet(t))
	checked, err := forms.Check(forms.Upload{Body: spreadsheet(t), FileName: "village_visit.xlsx", FallbackID: "village_visit", IgnoreWarnings: true})
	if err != nil {
		t.Fatal(err)
	}
	write("village_visit.xml", checked.XML)

	ctx, stop := context.WithTimeout(t.Context(), 2*time.Minute)
	defer stop()
	out, err := exec.CommandContext(ctx, interpreter, "testdata/pyodk_script.py", dir).CombinedOutput()
	if err != nil || !strings.HasSuffix(strings.TrimSpace(string(out)), "done") {
		t.Fatalf("%v\n%s", err, out)
	}
	t.Logf("%d steps", strings.Count(string(out), "ok "))
}

// spreadsheet is a form with a file beside it, a repeat, a place and a picture.
func spreadsheet(t *testing.T) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := export.Sheets(&b,
		export.Sheet{Name: "survey", Rows: [][]string{
			{"type", "name", "label", "parameters", "bind::aman:class"},
			{"select_one_from_file villages.csv", "village", "Village"},
			{"text", "name", "Name"},
			{"integer", "people", "People"},
			{"geopoint", "house", "House"},
			{"begin_repeat", "child", "Child"},
			{"integer", "age", "Age"},
			{"end_repeat"},
			{"image", "photo", "Photo", "max-pixels=1024"},
		}},
		export.Sheet{Name: "settings", Rows: [][]string{{"form_title", "version", "namespaces"}, {"A visit", "1", `aman="http://aman.example/xforms"`}}},
	); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}
