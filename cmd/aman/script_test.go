package main

import (
	"path/filepath"
	"strings"
	"testing"
)

func TestAPasswordForAScript(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "data")
	l := newNode(t, dir)
	ask := []string{"user", "script", "enumerator", "--label", "weekly table", "--data", dir}
	if code, _, errOut := l.run(ask...); code != exitInput || !strings.Contains(errOut, "choose a password") {
		t.Errorf("before the first sign-in: %d %s", code, errOut)
	}
	change(t, dir, "UPDATE users SET must_change = FALSE")
	var out made
	l.json(&out, ask...)
	if out.Login != "enumerator" || !strings.HasPrefix(out.Password, "aman_") {
		t.Errorf("%+v", out)
	}
	for _, more := range [][]string{{"--months", "13"}, {"--months", "0"}, {"--label", " "}} {
		if code, _, errOut := l.run(append(ask, more...)...); code != exitInput {
			t.Errorf("%v: %d %s", more, code, errOut)
		}
	}
}
