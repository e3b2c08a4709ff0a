package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"math/rand/v2"
	"mime/multipart"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"aman/node"
	"aman/platform/ids"
	"aman/platform/store"
)

// program builds the program once and gives its file.
var program = sync.OnceValues(func() (string, error) {
	dir, err := os.MkdirTemp("", "aman-test-")
	if err != nil {
		return "", err
	}
	file := filepath.Join(dir, "aman")
	out, err := exec.Command("go", "build", "-o", file, ".").CombinedOutput()
	if err != nil {
		return "", fmt.Errorf("%w: %s", err, out)
	}
	return file, nil
})

func TestMain(m *testing.M) {
	code := m.Run()
	if built {
		if file, err := program(); err == nil {
			os.RemoveAll(filepath.Dir(file))
		}
	}
	os.Exit(code)
}

var built bool

func binary(t *testing.T) string {
	t.Helper()
	file, err := program()
	if err != nil {
		t.Fatal(err)
	}
	built = true
	return file
}

// Acknowledged means durable: a node that is killed at any moment has every submission
// that it acknowledged, once.
func TestKillDuringStorm(t *testing.T) {
	bin, dir := binary(t), filepath.Join(t.TempDir(), "data")
	a := newNode(t, dir)
	var device struct {
		Token string `json:"token"`
	}
	a.json(&device, "device", "add", "enumerator", "--data", dir)
	acknowledged := map[string]int{} // instance -> how often it was sent
	var again []string               // sent without an answer: sent again in the next round
	rounds := 20
	if testing.Short() {
		rounds = 3
	}
	for round := range rounds {
		p := serve(t, bin, dir)
		url := p.address + "/v1/key/" + device.Token + "/projects/1/submission"
		got, open := storm(t, url, again, 8, func() {
			time.Sleep(time.Duration(20+rand.IntN(250)) * time.Millisecond)
			if err := p.cmd.Process.Signal(syscall.SIGKILL); err != nil {
				t.Error(err)
			}
		})
		p.cmd.Wait()
		for _, id := range got {
			acknowledged[id]++
		}
		again = open
		t.Logf("round %d: %d acknowledged, %d without an answer", round+1, len(got), len(open))
	}
	if len(acknowledged) < rounds {
		t.Fatalf("only %d submissions were acknowledged in %d rounds: this was no storm", len(acknowledged), rounds)
	}
	n, err := node.Open(context.Background(), node.Config{Data: dir})
	if err != nil {
		t.Fatalf("the node does not open after it was killed: %v", err)
	}
	defer n.Close()
	faults, err := n.Store.Check(context.Background())
	if err != nil || len(faults) > 0 {
		t.Fatalf("the database is damaged: %v %v", faults, err)
	}
	rep, err := n.VerifyAudit(context.Background(), nil)
	if err != nil || rep.Fault != nil {
		t.Fatalf("the audit log does not verify: %+v %v", rep.Fault, err)
	}
	kept, entries := map[string]int{}, map[string]int{}
	err = n.Store.Read(context.Background(), func(tx *store.Tx) error {
		for query, into := range map[string]map[string]int{
			"SELECT id FROM submissions WHERE device <> ''":                              kept,
			"SELECT object FROM audit WHERE register = 'submissions' AND outcome = 'ok'": entries,
		} {
			list, err := tx.Strings(query)
			if err != nil {
				return err
			}
			for _, id := range list {
				into[id]++
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	for id := range acknowledged {
		if kept[id] != 1 || entries[id] != 1 {
			t.Errorf("the acknowledged submission %s is there %d times, and %d times in the log", id, kept[id], entries[id])
		}
	}
	t.Logf("%d acknowledged over %d kills, %d kept", len(acknowledged), rounds, len(kept))
}

// storm sends submissions from several phones until the server is gone; stop ends it. It
// gives the instances that were acknowledged, and those whose fate is open.
func storm(t *testing.T, url string, again []string, phones int, stop func()) (acknowledged, open []string) {
	var mu sync.Mutex
	var wg sync.WaitGroup
	waiting := make(chan string, len(again))
	for _, id := range again {
		waiting <- id
	}
	client := &http.Client{Timeout: 10 * time.Second, Transport: &http.Transport{MaxIdleConnsPerHost: phones}}
	defer client.CloseIdleConnections()
	for range phones {
		wg.Go(func() {
			for {
				var id string
				select {
				case id = <-waiting:
				default:
					id = "uuid:" + ids.New()
				}
				status, err := post(client, url, id)
				mu.Lock()
				switch {
				case err != nil:
					open = append(open, id)
				case status == http.StatusCreated:
					acknowledged = append(acknowledged, id)
				default:
					t.Errorf("a submission was answered with %d", status)
				}
				mu.Unlock()
				if err != nil || status != http.StatusCreated {
					return
				}
			}
		})
	}
	stop()
	wg.Wait()
	for len(waiting) > 0 {
		open = append(open, <-waiting)
	}
	return acknowledged, open
}

// post sends one filled HTCDS form, as Collect does. The person is plainly invented.
func post(client *http.Client, url, id string) (int, error) {
	xml := fmt.Sprintf(`<?xml version="1.0"?><data id="htcds_xlsform" version="vSmt4GQA3C9uBMLPEVfgND"><con_Consent>TRUE</con_Consent><prs_First_Name>Misali</prs_First_Name>`+
		`<prs_Citizenship>PK</prs_Citizenship><vic_TypeOfExploitation>ForcedLabour</vic_TypeOfExploitation><meta><instanceID>%s</instanceID></meta></data>`, id)
	var body bytes.Buffer
	w := multipart.NewWriter(&body)
	part, err := w.CreateFormFile("xml_submission_file", "submission.xml")
	if err != nil {
		return 0, err
	}
	io.WriteString(part, xml)
	w.Close()
	resp, err := client.Post(url, w.FormDataContentType(), &body)
	if err != nil {
		return 0, err
	}
	defer resp.Body.Close()
	_, err = io.Copy(io.Discard, resp.Body)
	return resp.StatusCode, err
}

// served is a running `aman serve`.
type served struct {
	cmd     *exec.Cmd
	address string
}

// serve starts the program on a free port and waits until it answers.
func serve(t *testing.T, bin, dir string, args ...string) served {
	t.Helper()
	cmd := exec.Command(bin, append([]string{"serve", "--data", dir, "--listen", "127.0.0.1:0"}, args...)...)
	pipe, err := cmd.StderrPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { cmd.Process.Kill() })
	lines := json.NewDecoder(pipe)
	for {
		var line struct{ Msg, Listen string }
		if err := lines.Decode(&line); err != nil {
			t.Fatalf("aman serve did not begin: %v", err)
		}
		if line.Msg == "serving" {
			go io.Copy(io.Discard, io.MultiReader(lines.Buffered(), pipe))
			return served{cmd, "http://" + strings.TrimSpace(line.Listen)}
		}
	}
}
