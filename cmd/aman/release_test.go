package main

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"aman/node"
	"aman/platform/access"
	"aman/platform/store"
	"aman/release"
)

// From a spec on a node to a folder on disk: two people, one ledger, and what a stranger can check.
func TestReleaseOnANode(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "data")
	l := newNode(t, dir)
	l.ok("user", "add", "data", "--org", "country-office", "--office", "taftan", "--role", "data_officer", "--data", dir)
	l.ok("user", "add", "second", "--org", "country-office", "--office", "taftan", "--role", "release_approver", "--data", dir)
	spec := filepath.Join(t.TempDir(), "spec.yaml")
	write(t, spec, "title: {en: Cases}\nprofile: ctdc\nfrom: '2026'\nto: '2026'\npath: dp\nepsilon: 1\nlength: 1\nexpect: 50\ncolumns: [gender, isForcedLabour]\n")

	if out := l.ok("release", "plan", spec, "--data", dir, "--as", "data"); !strings.Contains(out, "Would spend") || !strings.Contains(out, "INTERNAL") {
		t.Errorf("the plan says %s", out)
	}
	var asked struct{ ID, State string }
	l.json(&asked, "release", "run", spec, "--data", dir, "--as", "data")
	if asked.State != release.Submitted {
		t.Fatalf("a run without a second person is %q", asked.State)
	}
	out := filepath.Join(t.TempDir(), "folder")
	for _, c := range []struct {
		code int
		says string
		args []string
	}{
		{exitInput, "is submitted", []string{"release", "run", asked.ID, "--data", dir, "--as", "data", "--out", out}},
		{exitUsage, "--as", []string{"release", "run", spec, "--data", dir}},
		{exitUsage, "Say where the node is", []string{"release", "run", spec, "--as", "data"}},
		{exitUsage, "--register", []string{"release", "ledger", "--data", dir, "--set-budget", "3", "--as", "second"}},
		{exitInput, "may not", []string{"release", "run", spec, "--data", dir, "--as", "enumerator"}},
		{exitInput, "may not", []string{"release", "ledger", "--data", dir, "--register", "cases", "--set-budget", "3", "--as", "data"}},
		{exitDone, "", []string{"release", "ledger", "--data", dir, "--register", "cases", "--set-budget", "3", "--as", "second"}},
		{exitInput, "set already", []string{"release", "ledger", "--data", dir, "--register", "cases", "--set-budget", "9", "--as", "second"}},
		{exitInput, "cannot be read", []string{"release", "check", out}},
		{exitInput, "cannot be read", []string{"release", "plan", out}},
	} {
		if code, _, e := l.run(c.args...); code != c.code || !strings.Contains(e, c.says) {
			t.Errorf("aman %s: exit %d, want %d: %s", strings.Join(c.args, " "), code, c.code, e)
		}
	}
	approve(t, dir, "second", asked.ID)
	l.ok("release", "run", asked.ID, "--data", dir, "--as", "data", "--out", out, "--internal", out+".json")
	if info, err := os.Stat(out + ".json"); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("the comparison with the true rows: %v %v", info, err)
	}
	if s := l.ok("release", "check", out, "--data", dir); !strings.Contains(s, "is released") || !strings.Contains(s, "in the privacy ledger") {
		t.Errorf("the check says %s", s)
	}
	if s := l.ok("release", "check", out); !strings.Contains(s, "folder's own") {
		t.Errorf("without a key the check says %s", s)
	}
	l.ok("release", "check", out, "--key", filepath.Join(out, "public-key.pem"))
	if s := l.ok("release", "ledger", "--data", dir); !strings.Contains(s, asked.ID) {
		t.Errorf("the ledger says %s", s)
	}
	if code, _, s := l.run("release", "ledger", "--data", dir, "--register", "cases", "--count", out, "--as", "second"); code != exitInput || !strings.Contains(s, "already") {
		t.Errorf("counted twice: exit %d: %s", code, s)
	}
	// Another node did not make it, and a changed file is found.
	other := filepath.Join(t.TempDir(), "other")
	newNode(t, other)
	if code, s, _ := l.run("release", "check", out, "--data", other); code != exitInput || !strings.Contains(s, "did not make it") {
		t.Errorf("another node: exit %d: %s", code, s)
	}
	write(t, filepath.Join(out, "README.txt"), "changed\n")
	if code, _, s := l.run("release", "check", out); code != exitInput || !strings.Contains(s, "README.txt") {
		t.Errorf("a changed file: exit %d: %s", code, s)
	}
}

func write(t *testing.T, name, body string) {
	t.Helper()
	if err := os.WriteFile(name, []byte(body), 0o600); err != nil {
		t.Fatal(err)
	}
}

// approve is what the second person does in the browser.
func approve(t *testing.T, dir, login, id string) {
	t.Helper()
	ctx := context.Background()
	n, err := node.Open(ctx, node.Config{Data: dir})
	if err != nil {
		t.Fatal(err)
	}
	defer n.Close()
	var sub access.Subject
	err = n.Store.Read(ctx, func(tx *store.Tx) error {
		user, err := userID(tx, login)
		if err != nil {
			return err
		}
		sub, err = access.SubjectOf(tx, user, n.Now())
		return err
	})
	if err == nil {
		err = n.Release.Approve(ctx, sub, id)
	}
	if err != nil {
		t.Fatal(err)
	}
}
