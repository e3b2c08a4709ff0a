// Command export measures how fast answers to a survey become a file: a form of 250
// questions, filled in as often as -n says, from the store through the vault to CSV, and the
// pure part of it alone. It prints times, the best of -runs, and resident peaks.
//
//	go run ./bench/export                       22,900 answers, as Central's own benchmark has
//	go run ./bench/export -n 1000000 -pure      constant memory, without a store
//	go run ./bench/export -n 200000 -data DIR   keeps the node in DIR and uses it again
//
// The form and the answer are the soak test of getodk/central-backend, Apache-2.0.
package main

import (
	"bytes"
	"context"
	_ "embed"
	"flag"
	"fmt"
	"log"
	"math/rand/v2"
	"os"
	"path/filepath"
	"runtime"
	"runtime/pprof"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"time"

	"aman/forms"
	"aman/forms/export"
	"aman/node"
	"aman/platform/access"
	"aman/platform/store"
)

var (
	//go:embed testdata/250q-form.xml
	form []byte
	//go:embed testdata/sub250.xml
	filled string
)

const formID = "250_questions"

func main() {
	n := flag.Int("n", 22_900, "answers")
	runs := flag.Int("runs", 5, "runs of each measurement")
	pure := flag.Bool("pure", false, "without a store")
	data := flag.String("data", "", "folder of the node; kept. A new one each time when empty")
	profile := flag.String("profile", "", "file for a CPU profile of what comes from the store")
	flag.Parse()
	fmt.Printf("%d answers of 250 questions, %d processors, load %s\n", *n, runtime.GOMAXPROCS(0), load())
	if err := measure(*n, *runs, *pure, *data, *profile); err != nil {
		log.Fatal(err)
	}
}

func measure(n, runs int, pure bool, data, profile string) error {
	l, err := export.New(export.Version{XML: form})
	if err != nil {
		return err
	}
	made := source(n)
	report("made in memory, no store: read only", runs, func() (int64, error) { return 0, made(func(m export.Meta, b []byte) error { return nil }) })
	report("made in memory: flatten, one goroutine", runs, func() (int64, error) {
		r := l.Reader()
		return 0, made(func(m export.Meta, b []byte) error { _, err := r.Read(m, b); return err })
	})
	for _, f := range formats {
		report("made in memory: to "+f.name, runs, func() (int64, error) { return f.write(l, made) })
	}
	if pure {
		return nil
	}
	if data == "" {
		if data, err = os.MkdirTemp("", "aman-export"); err != nil {
			return err
		}
		defer os.RemoveAll(data)
	}
	ctx := context.Background()
	nd, err := node.Open(ctx, node.Config{Data: filepath.Clean(data), Create: true})
	if err != nil {
		return err
	}
	defer nd.Close()
	sub, err := world(ctx, nd, n)
	if err != nil {
		return err
	}
	stored := func(each func(export.Meta, []byte) error) error {
		return nd.Forms.EachSubmission(ctx, sub, forms.Filter{Form: formID, Names: true, Limit: n}, "bench", func(h forms.Head, body []byte) error {
			return each(export.Meta{Instance: h.Root, At: h.First, SubmitterID: h.User, DeviceID: h.Device, Edits: h.Edits, ReviewState: h.Review, FormVersion: h.Version}, body)
		})
	}
	if profile != "" {
		f, err := os.Create(profile)
		if err != nil {
			return err
		}
		defer f.Close()
		if err := pprof.StartCPUProfile(f); err != nil {
			return err
		}
		defer pprof.StopCPUProfile()
	}
	report("store and vault alone", runs, func() (int64, error) { return 0, stored(func(export.Meta, []byte) error { return nil }) })
	for _, f := range formats {
		report("store to "+f.name, runs, func() (int64, error) { return f.write(l, stored) })
	}
	return nil
}

// counted counts what is written.
type counted struct{ n int64 }

func (c *counted) Write(b []byte) (int, error) { c.n += int64(len(b)); return len(b), nil }

var formats = []struct {
	name  string
	write func(l *export.Layout, src export.Source) (int64, error)
}{
	{"CSV", func(l *export.Layout, src export.Source) (int64, error) {
		var out counted
		_, err := l.CSV(&out, l.Tables[0], export.Options{Identity: true}, src)
		return out.n, err
	}},
	{"JSON", func(l *export.Layout, src export.Source) (int64, error) {
		var out counted
		err := l.JSON(&out, export.Options{Identity: true}, src)
		return out.n, err
	}},
	{"XLSX", func(l *export.Layout, src export.Source) (int64, error) {
		var out counted
		err := l.XLSX(&out, export.Options{Identity: true}, src)
		return out.n, err
	}},
}

// cpu is the processor time that this program has used. On a machine that others use too it
// says more than the clock does.
func cpu() time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		return 0
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// report runs f several times and prints the best and the mean by the clock, and the least
// processor time.
func report(what string, runs int, f func() (int64, error)) {
	var times []time.Duration
	var bytes int64
	least := time.Duration(1 << 62)
	forget()
	for range runs {
		start, used := time.Now(), cpu()
		n, err := f()
		if err != nil {
			log.Fatal(what, ": ", err)
		}
		bytes = n
		times, least = append(times, time.Since(start)), min(least, cpu()-used)
	}
	best, sum := times[0], time.Duration(0)
	for _, t := range times {
		best = min(best, t)
		sum += t
	}
	size := ""
	if bytes > 0 {
		size = fmt.Sprintf("  %5.1f MB", float64(bytes)/1e6)
	}
	fmt.Printf("%-42s best %6.3f s  mean %6.3f s  processor %6.3f s  peak %4d MB%s\n", what, best.Seconds(), (sum / time.Duration(len(times))).Seconds(), least.Seconds(), peak(), size)
}

// source makes answers that differ, without an end of memory.
func source(n int) export.Source {
	pieces := strings.Split(strings.ReplaceAll(filled, "{{uuid}}", "00000000-0000-4000-8000-000000000000"), "4821")
	return func(each func(export.Meta, []byte) error) error {
		rnd := rand.New(rand.NewPCG(1, 2))
		var bodies [64][]byte // drawn once, so that making them is not what is measured
		for i := range bodies {
			bodies[i] = answer(pieces, rnd)
		}
		m := export.Meta{At: time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC), SubmitterID: "5", FormVersion: ""}
		var id []byte
		for i := range n {
			id = strconv.AppendInt(append(id[:0], "uuid:"...), int64(i), 10)
			m.Instance = string(id)
			if err := each(m, bodies[i%len(bodies)]); err != nil {
				return err
			}
		}
		return nil
	}
}

func answer(pieces []string, rnd *rand.Rand) []byte {
	var b bytes.Buffer
	for i, p := range pieces {
		if i > 0 {
			fmt.Fprint(&b, rnd.IntN(9000)+1000)
		}
		b.WriteString(p)
	}
	return b.Bytes()
}

// world makes a node with so many answers, or finds the one that was made before.
func world(ctx context.Context, n *node.Node, want int) (sub access.Subject, err error) {
	var known int
	err = n.Store.Read(ctx, func(tx *store.Tx) error {
		return tx.Row("SELECT count(*) FROM submissions WHERE form = ?", formID).Scan(&known)
	})
	if err != nil {
		return sub, err
	}
	if known == 0 {
		if err := people(ctx, n); err != nil {
			return sub, err
		}
	}
	subjects := map[string]access.Subject{}
	err = n.Store.Read(ctx, func(tx *store.Tx) error {
		for _, login := range []string{"keeper", "phone", "admin"} {
			var id string
			if err := tx.Row("SELECT id FROM users WHERE login = ?", login).Scan(&id); err != nil {
				return err
			}
			s, err := access.SubjectOf(tx, id, n.Now())
			if err != nil {
				return err
			}
			subjects[login] = s
		}
		return nil
	})
	if err != nil {
		return sub, err
	}
	sub = subjects["keeper"]
	if known == 0 {
		if _, err := n.Forms.Publish(ctx, subjects["admin"], forms.Survey, form); err != nil {
			return sub, err
		}
	}
	if known < want {
		start := time.Now()
		if err := fill(ctx, n, subjects["phone"], want-known); err != nil {
			return sub, err
		}
		fmt.Printf("%d answers received in %.1f s\n", want-known, time.Since(start).Seconds())
	}
	return sub, nil
}

func people(ctx context.Context, n *node.Node) error {
	return n.Store.Write(ctx, func(tx *store.Tx) error {
		at := n.Now()
		org, err := access.CreateOrg(tx, access.NewOrg{Code: "bench", Name: "Bench", Kind: "ngo"}, at)
		if err != nil {
			return err
		}
		office, err := access.CreateOffice(tx, access.NewOffice{Org: org, Code: "bench-1", Name: "Bench"}, at)
		if err != nil {
			return err
		}
		for login, roles := range map[string][]string{"keeper": {"field_manager"}, "phone": {"enumerator"}, "admin": {"administrator"}} {
			if _, err := n.Policy.CreateUser(tx, access.NewUser{Login: login, Name: login, Org: org, Offices: []string{office}, Roles: roles}, at); err != nil {
				return err
			}
		}
		return nil
	})
}

// fill receives answers, from many phones at once.
func fill(ctx context.Context, n *node.Node, sub access.Subject, want int) error {
	pieces := strings.Split(strings.ReplaceAll(filled, `<data id="250_questions">`, `<data id="250_questions" version="">`), "4821")
	var group sync.WaitGroup
	var failed error
	var once sync.Once
	const phones = 64
	for p := range phones {
		group.Go(func() {
			rnd := rand.New(rand.NewPCG(rand.Uint64(), uint64(p)))
			for i := p; i < want; i += phones {
				id := fmt.Sprintf("%08x-%04x-4%03x-8%03x-%012x", rnd.Uint32(), rnd.Uint32()&0xffff, rnd.Uint32()&0xfff, rnd.Uint32()&0xfff, rnd.Uint64()&0xffffffffffff)
				body := bytes.Replace(answer(pieces, rnd), []byte("{{uuid}}"), []byte(id), 1)
				if _, err := n.Forms.Receive(ctx, sub, body, nil); err != nil {
					once.Do(func() { failed = err })
					return
				}
			}
		})
	}
	group.Wait()
	return failed
}

// forget lets the kernel count the resident peak anew; peak gives it in MB.
func forget() {
	runtime.GC()
	_ = os.WriteFile("/proc/self/clear_refs", []byte("5"), 0)
}

func peak() int {
	body, err := os.ReadFile("/proc/self/status")
	if err != nil {
		return 0
	}
	for line := range strings.Lines(string(body)) {
		if rest, ok := strings.CutPrefix(line, "VmHWM:"); ok {
			kb, _ := strconv.Atoi(strings.Fields(rest)[0])
			return kb >> 10
		}
	}
	return 0
}

func load() string {
	body, err := os.ReadFile("/proc/loadavg")
	if err != nil {
		return "?"
	}
	return strings.Fields(string(body))[0]
}
