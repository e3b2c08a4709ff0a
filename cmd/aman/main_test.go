package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"aman/platform/store"
	"aman/platform/vault"
)

// line runs command lines in this process.
type line struct{ t *testing.T }

func (l line) run(args ...string) (code int, out, errOut string) {
	var o, e bytes.Buffer
	code = run(context.Background(), args, strings.NewReader(""), &o, &e)
	return code, o.String(), e.String()
}

func (l line) ok(args ...string) string {
	l.t.Helper()
	code, out, errOut := l.run(args...)
	if code != exitDone {
		l.t.Fatalf("aman %s: exit %d: %s", strings.Join(args, " "), code, errOut)
	}
	return out
}

func (l line) json(into any, args ...string) {
	l.t.Helper()
	out := l.ok(append(args, "--json")...)
	if err := json.Unmarshal([]byte(out), into); err != nil {
		l.t.Fatalf("aman %s --json: %v: %s", strings.Join(args, " "), err, out)
	}
}

// newNode makes a node with an office and an enumerator.
func newNode(t *testing.T, dir string) line {
	t.Helper()
	l := line{t}
	l.ok("init", "--data", dir, "--org", "country-office", "--login", "admin")
	l.ok("office", "add", "taftan", "--org", "country-office", "--name", "Taftan post", "--data", dir)
	l.ok("user", "add", "enumerator", "--org", "country-office", "--office", "taftan", "--role", "enumerator", "--data", dir)
	return l
}

func TestExitCodes(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "data")
	l := newNode(t, dir)
	other := filepath.Join(t.TempDir(), "other")
	newNode(t, other)
	file := filepath.Join(t.TempDir(), "x")
	if err := os.WriteFile(file, []byte("not a backup\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	mixed := filepath.Join(t.TempDir(), "mixed")
	os.MkdirAll(mixed, 0o700)
	copyFile(t, filepath.Join(dir, store.File), filepath.Join(mixed, store.File))
	newer := filepath.Join(t.TempDir(), "newer")
	newNode(t, newer)
	change(t, newer, "INSERT INTO schema_version (version, name) VALUES (9999, 'later')")
	locked := filepath.Join(t.TempDir(), "locked")
	newNode(t, locked)
	phrase := filepath.Join(t.TempDir(), "phrase")
	os.WriteFile(phrase, []byte("lamp river seventeen coats\n"), 0o600)
	l.ok("keys", "passphrase", "--data", locked, "--new-passphrase-file", phrase)
	l.ok("user", "list", "--data", locked, "--passphrase-file", phrase)

	for _, c := range []struct {
		code int
		says string // on stderr
		args []string
	}{
		{exitDone, "", []string{"--help"}},
		{exitDone, "", []string{"--version"}},
		{exitDone, "", []string{"user", "list", "--data", dir}},
		{exitDone, "", []string{"doctor", "--data", dir}},
		{exitDone, "", []string{"audit", "verify", "--data", dir}},
		{exitUsage, "unexpected argument", []string{"nonsense"}},
		{exitUsage, "unknown flag", []string{"user", "list", "--nonsense"}},
		{exitUsage, "Say where the node is", []string{"user", "list"}},
		{exitUsage, "Plain http", []string{"serve", "--data", dir, "--listen", "0.0.0.0:0"}},
		{exitUsage, "--origin must say", []string{"serve", "--data", dir, "--behind-proxy"}},
		{exitUsage, "belong together", []string{"serve", "--data", dir, "--tls-cert", "x"}},
		{exitInput, "no such organisation", []string{"user", "add", "x.y", "--org", "nobody", "--data", dir}},
		{exitInput, "in use", []string{"user", "add", "admin", "--org", "country-office", "--data", dir}},
		{exitInput, "no such user", []string{"user", "disable", "nobody", "--data", dir}},
		{exitInput, "no such role", []string{"user", "roles", "enumerator", "king", "--data", dir}},
		{exitInput, "a node in this folder already", []string{"init", "--data", dir, "--org", "zz", "--login", "admin"}},
		{exitInput, "no backup of Aman", []string{"restore", file, "--data", filepath.Join(t.TempDir(), "r"), "--keys", filepath.Join(dir, "keys")}},
		{exitInput, "a database in", []string{"restore", file, "--data", dir}},
		{exitInput, "already", []string{"backup", file, "--data", dir}},
		{exitInput, "cannot be read", []string{"screen", filepath.Join(dir, "nothing.yaml")}},
		{exitSystem, "no key ring", []string{"user", "list", "--data", filepath.Join(dir, "nothing")}},
		{exitSystem, "does not open with this key", []string{"user", "list", "--data", mixed, "--keys", filepath.Join(other, "keys")}},
		{exitSystem, "made by a newer Aman", []string{"user", "list", "--data", newer}},
		{exitSystem, "needs its passphrase", []string{"user", "list", "--data", locked}},
		{exitSystem, "does not answer", []string{"user", "list", "--database", "postgres://aman@127.0.0.1:1/x", "--keys", filepath.Join(dir, "keys")}},
	} {
		code, _, errOut := l.run(c.args...)
		if code != c.code || !strings.Contains(errOut, c.says) {
			t.Errorf("aman %s: exit %d, want %d with %q: %s", strings.Join(c.args, " "), code, c.code, c.says, errOut)
		}
		if c.code != exitDone && strings.Count(strings.TrimSpace(errOut), "\n") != 0 {
			t.Errorf("aman %s: more than one line for one fault: %s", strings.Join(c.args, " "), errOut)
		}
	}
	// Nothing was damaged by any of it.
	l.ok("user", "list", "--data", dir)
	l.ok("audit", "verify", "--data", dir)
}

func TestAuditVerifyNamesTheEntry(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "data")
	l := newNode(t, dir)
	change(t, dir, "UPDATE audit SET action = 'case.open' WHERE seq = 3")
	code, out, _ := l.run("audit", "verify", "--data", dir, "--json")
	var answer struct {
		Whole bool
		Fault struct{ Entry int64 }
	}
	if err := json.Unmarshal([]byte(out), &answer); err != nil || code != exitInput || answer.Whole || answer.Fault.Entry != 3 {
		t.Errorf("exit %d, %v: %s", code, err, out)
	}
	if code, _, _ := l.run("doctor", "--data", dir); code != exitSystem {
		t.Errorf("the doctor gave exit %d on a changed audit log", code)
	}
}

// change does what nobody should: it changes a database behind the program's back.
func change(t *testing.T, dir, statement string) {
	t.Helper()
	ring, err := vault.OpenRing(filepath.Join(dir, "keys"), "")
	if err != nil {
		t.Fatal(err)
	}
	db, err := store.Open(context.Background(), store.Config{Dir: dir, Key: ring.DatabaseKey()})
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	err = db.Write(context.Background(), func(tx *store.Tx) error { _, err := tx.Exec(statement); return err })
	if err != nil {
		t.Fatal(err)
	}
}

func copyFile(t *testing.T, from, to string) {
	t.Helper()
	b, err := os.ReadFile(from)
	if err == nil {
		err = os.WriteFile(to, b, 0o600)
	}
	if err != nil {
		t.Fatal(err)
	}
}

// The demonstration prints one JSON object, answers, and leaves nothing behind.
func TestDemo(t *testing.T) {
	bin, temp := binary(t), t.TempDir()
	cmd := exec.Command(bin, "demo", "--json", "--people", "30")
	cmd.Env = append(os.Environ(), "TMPDIR="+temp)
	var errOut bytes.Buffer
	cmd.Stderr = &errOut
	pipe, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	defer cmd.Process.Kill()
	var d demonstration
	in := json.NewDecoder(pipe)
	if err := in.Decode(&d); err != nil {
		t.Fatalf("%v: %s", err, errOut.String())
	}
	for _, path := range []string{"/signin", "/healthz"} {
		resp, err := http.Get(d.Address + path)
		if err != nil || resp.StatusCode != http.StatusOK {
			t.Errorf("%s: %v %v", path, resp, err)
		}
	}
	resp, err := http.Get(d.Device.ServerURL + "/formList")
	if err != nil || resp.StatusCode != http.StatusOK {
		t.Errorf("form list: %v %v", resp, err)
	}
	var roles []string
	for _, s := range d.SignIns {
		if roles = append(roles, s.Role); len(s.Password) < 12 {
			t.Errorf("%s has no password", s.Login)
		}
	}
	if got := fmt.Sprint(roles); got != "[caseworker enumerator shelter_manager data_officer administrator field_manager supervisor release_approver shelter_manager]" {
		t.Errorf("the sign-ins are %s", got)
	}
	if left, _ := filepath.Glob(filepath.Join(temp, "aman-demo-*")); len(left) != 1 {
		t.Errorf("the store is not where it should be: %v", left)
	}
	cmd.Process.Signal(syscall.SIGTERM)
	ended := make(chan error, 1)
	go func() { ended <- cmd.Wait() }()
	select {
	case err := <-ended:
		if err != nil {
			t.Errorf("it ended with %v: %s", err, errOut.String())
		}
	case <-time.After(20 * time.Second):
		t.Fatal("it did not end")
	}
	if left, _ := filepath.Glob(filepath.Join(temp, "*")); len(left) != 0 {
		t.Errorf("left behind: %v", left)
	}
}
