// Command entities measures a large entity list: 1,000,000 entities of one free list, their
// labels and values sealed, on the embedded database or on PostgreSQL.
//
//	go run ./bench/entities                          1,000,000 entities, SQLite
//	go run ./bench/entities -n 20000 -requests 50    to try it
//	go run ./bench/entities -keep DIR                keeps the filled store in DIR and uses it again
//	go run ./bench/entities -database postgres://…   on an empty database
//
// It prints the 50th and 95th percentile, in milliseconds, of what a page of the list, a
// search and a count take inside the node, at several depths and for several people; the same
// over HTTP on loopback, for a browser and for a program (REST); and of the file that a phone
// fetches, the time, the pace and the memory.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"sync/atomic"
	"time"

	"aman/forms/entities"
	"aman/node"
	"aman/platform/access"
	"aman/platform/store"
)

type options struct {
	n, requests, offices int
	keep, database       string
}

const list = "households"

func main() {
	var o options
	flag.IntVar(&o.n, "n", 1_000_000, "entities in the list")
	flag.IntVar(&o.requests, "requests", 200, "requests of each kind")
	flag.IntVar(&o.offices, "offices", 4, "offices that the entities are spread over")
	flag.StringVar(&o.keep, "keep", "", "folder in which the filled store is kept and found again")
	flag.StringVar(&o.database, "database", "", "postgres:// address of an empty database")
	flag.Parse()
	if err := run(context.Background(), o); err != nil {
		fmt.Fprintln(os.Stderr, "entities:", err)
		os.Exit(3)
	}
}

func run(ctx context.Context, o options) error {
	dir := o.keep
	if dir == "" {
		tmp, err := os.MkdirTemp("", "aman-entities-*")
		if err != nil {
			return err
		}
		defer os.RemoveAll(tmp)
		dir = tmp
	}
	n, err := node.Open(ctx, node.Config{Data: dir, Database: o.database, Create: true, Throwaway: o.keep == ""})
	if err != nil {
		return err
	}
	defer n.Close()
	w, err := people(ctx, n, o.offices)
	if err != nil {
		return err
	}
	fmt.Printf("%s, %s, %d CPUs, %s\n", n.Store.Engine(), runtime.Version(), runtime.NumCPU(), time.Now().UTC().Format("2006-01-02"))
	if err := fill(ctx, n, w, o.n); err != nil {
		return err
	}
	if o.database == "" {
		var size int64
		files, _ := filepath.Glob(filepath.Join(dir, "*"))
		for _, f := range files {
			if info, err := os.Stat(f); err == nil && !info.IsDir() {
				size += info.Size()
			}
		}
		fmt.Printf("store: %.0f MB, %.0f bytes an entity\n", float64(size)/1e6, float64(size)/float64(o.n))
	}
	return measure(ctx, n, w, o)
}

// world is who asks.
type world struct {
	admin, manager access.Subject
	enumerators    []access.Subject // one of each office
}

// people makes an organisation with offices and staff, once.
func people(ctx context.Context, n *node.Node, offices int) (w world, err error) {
	err = n.Store.Write(ctx, func(tx *store.Tx) error {
		at := time.Now()
		find := func(login string) (access.Subject, error) {
			var id string
			if err := tx.Row("SELECT id FROM users WHERE login = ?", login).Scan(&id); err != nil {
				return access.Subject{}, err
			}
			return access.SubjectOf(tx, id, at)
		}
		w = world{}
		if _, err := find("bench-admin"); errors.Is(err, store.ErrNone) {
			org, err := access.CreateOrg(tx, access.NewOrg{Code: "bench", Name: "Bench", Kind: "ngo"}, at)
			if err != nil {
				return err
			}
			var all []string
			for i := range offices {
				office, err := access.CreateOffice(tx, access.NewOffice{Org: org, Code: fmt.Sprint("bench-", i), Name: fmt.Sprint("Office ", i)}, at)
				if err != nil {
					return err
				}
				all = append(all, office)
				if _, err := n.Policy.CreateUser(tx, access.NewUser{Login: fmt.Sprint("bench-enumerator-", i), Name: "Enumerator", Org: org, Offices: []string{office}, Roles: []string{"enumerator"}}, at); err != nil {
					return err
				}
			}
			for login, role := range map[string]string{"bench-admin": "administrator", "bench-manager": "field_manager"} {
				if _, err := n.Policy.CreateUser(tx, access.NewUser{Login: login, Name: role, Org: org, Offices: all, Roles: []string{role}}, at); err != nil {
					return err
				}
			}
		}
		if w.admin, err = find("bench-admin"); err != nil {
			return err
		}
		if w.manager, err = find("bench-manager"); err != nil {
			return err
		}
		for i := range offices {
			e, err := find(fmt.Sprint("bench-enumerator-", i))
			if err != nil {
				return err
			}
			w.enumerators = append(w.enumerators, e)
		}
		return nil
	})
	return w, err
}

var (
	first  = []string{"Amber", "Birch", "Cedar", "Dune", "Ember", "Fern", "Glen", "Heath", "Iris", "Juniper", "Kestrel", "Laurel", "Maple", "Nettle", "Olive", "Pine"}
	second = []string{"bank", "bridge", "brook", "corner", "court", "field", "gate", "hill", "house", "lane", "mill", "orchard", "ridge", "spring", "terrace", "well"}
)

// label is of two words that many have and one that a thousand share.
func label(i int) string {
	return fmt.Sprintf("%s %s %c%d", first[i%16], second[i/16%16], 'a'+rune(i%26), i/1000)
}

func fill(ctx context.Context, n *node.Node, w world, most int) error {
	_, err := n.Entities.CreateDataset(ctx, w.admin, 1, list, entities.Settings{})
	if err != nil && !errors.Is(err, entities.ErrDatasetTaken) {
		return err
	}
	if err == nil {
		for _, p := range []string{"village", "members", "last_visit", "need", "note"} {
			if err := n.Entities.AddProperty(ctx, w.admin, 1, list, p, ""); err != nil {
				return err
			}
		}
	}
	var d entities.Dataset
	if err := n.Store.Read(ctx, func(tx *store.Tx) (err error) { d, err = n.Entities.Dataset(tx, w.manager, 1, list); return err }); err != nil {
		return err
	}
	begin := time.Now()
	for have := d.Entities; have < most; {
		batch := make([]entities.New, min(1000, most-have))
		for i := range batch {
			k := have + i
			batch[i] = entities.New{Label: label(k), Values: map[string]string{
				"village": fmt.Sprint("village-", k%700), "members": fmt.Sprint(1 + k%11), "last_visit": fmt.Sprintf("2026-%02d-%02d", 1+k%12, 1+k%28),
				"need": []string{"none", "water", "shelter", "food"}[k%4], "note": "seen from the road, nobody at home",
			}}
		}
		if err := n.Entities.CreateAll(ctx, w.enumerators[have/1000%len(w.enumerators)], 1, list, batch); err != nil {
			return err
		}
		if have += len(batch); have%50_000 == 0 || have == most {
			fmt.Fprintf(os.Stderr, "\rfilled %d of %d, %.0f a second  ", have, most, float64(have-d.Entities)/time.Since(begin).Seconds())
		}
	}
	fmt.Fprintln(os.Stderr)
	if d.Entities < most {
		fmt.Printf("filled: %d entities in %.0f s, %.0f a second, 1,000 a request\n", most-d.Entities, time.Since(begin).Seconds(), float64(most-d.Entities)/time.Since(begin).Seconds())
	}
	return nil
}

func measure(ctx context.Context, n *node.Node, w world, o options) error {
	report := func(what string, f func(tx *store.Tx, i int) error) error {
		times := make([]time.Duration, 0, o.requests)
		for i := range o.requests + 3 { // three to warm up
			begin := time.Now()
			if err := n.Store.Read(ctx, func(tx *store.Tx) error { return f(tx, i) }); err != nil {
				return fmt.Errorf("%s: %w", what, err)
			}
			if i >= 3 {
				times = append(times, time.Since(begin))
			}
		}
		slices.Sort(times)
		at := func(q float64) float64 { return float64(times[int(q*float64(len(times)-1))]) / 1e6 }
		fmt.Printf("%-58s p50 %8.2f ms   p95 %8.2f ms\n", what, at(0.5), at(0.95))
		return nil
	}
	who := []struct {
		name string
		sub  access.Subject
		n    int
	}{{"manager, all", w.manager, o.n}, {"enumerator, one office", w.enumerators[0], o.n / len(w.enumerators)}}
	var faults []error
	for _, x := range who {
		for _, depth := range []float64{0, 0.1, 0.5, 0.99} {
			q := entities.Query{Project: 1, Dataset: list}
			if at := int(depth * float64(x.n)); at > 0 {
				before := q
				before.Limit, before.Offset = 1, at-1
				if err := n.Store.Read(ctx, func(tx *store.Tx) error {
					p, err := n.Entities.List(tx, x.sub, before)
					q.After = p.Next
					return err
				}); err != nil {
					return err
				}
			}
			faults = append(faults, report(fmt.Sprintf("page of 50 after %.0f %% (%s)", depth*100, x.name), func(tx *store.Tx, i int) error {
				p, err := n.Entities.List(tx, x.sub, q)
				if err == nil && len(p.Entities) == 0 {
					err = errors.New("the page is empty")
				}
				return err
			}))
		}
		faults = append(faults,
			report(fmt.Sprintf("page of 250 (%s)", x.name), func(tx *store.Tx, i int) error {
				_, err := n.Entities.List(tx, x.sub, entities.Query{Project: 1, Dataset: list, Limit: 250})
				return err
			}),
			report(fmt.Sprintf("page of 50 by offset, after 50 %% (%s)", x.name), func(tx *store.Tx, i int) error {
				_, err := n.Entities.List(tx, x.sub, entities.Query{Project: 1, Dataset: list, Offset: x.n / 2})
				return err
			}),
			report(fmt.Sprintf("search, three words that few have (%s)", x.name), func(tx *store.Tx, i int) error {
				_, err := n.Entities.List(tx, x.sub, entities.Query{Project: 1, Dataset: list, Search: label(rand.IntN(o.n))})
				return err
			}),
			report(fmt.Sprintf("search, one word that a sixteenth have (%s)", x.name), func(tx *store.Tx, i int) error {
				_, err := n.Entities.List(tx, x.sub, entities.Query{Project: 1, Dataset: list, Search: first[i%16]})
				return err
			}),
			report(fmt.Sprintf("the list's own line: counts, properties (%s)", x.name), func(tx *store.Tx, i int) error {
				_, err := n.Entities.Dataset(tx, x.sub, 1, list)
				return err
			}),
			report(fmt.Sprintf("hash for the manifest (%s)", x.name), func(tx *store.Tx, i int) error {
				_, err := n.Entities.Hash(tx, x.sub, 1, list)
				return err
			}))
	}
	if err := errors.Join(faults...); err != nil {
		return err
	}
	if err := overHTTP(ctx, n, w, o); err != nil {
		return err
	}
	for _, x := range who[1:] {
		rows, bytes, peak, took, err := carry(ctx, n, x.sub)
		if err != nil {
			return err
		}
		fmt.Printf("file for a phone (%s): %d rows, %.1f MB in %.1f s, %.0f rows a second, at most %.0f MB of heap more than before\n", x.name, rows, float64(bytes)/1e6, took.Seconds(), float64(rows)/took.Seconds(), float64(peak)/1e6)
	}
	rows, bytes, peak, took, err := carry(ctx, n, w.manager)
	if err == nil {
		fmt.Printf("file for a phone (all): %d rows, %.1f MB in %.1f s, %.0f rows a second, at most %.0f MB of heap more than before\n", rows, float64(bytes)/1e6, took.Seconds(), float64(rows)/took.Seconds(), float64(peak)/1e6)
	}
	return err
}

// counting counts what is written.
type counting struct{ bytes, rows int64 }

func (c *counting) Write(p []byte) (int, error) {
	c.bytes += int64(len(p))
	for _, b := range p {
		if b == '\n' {
			c.rows++
		}
	}
	return len(p), nil
}

var _ io.Writer = (*counting)(nil)

// carry fetches the file once and watches the heap meanwhile.
func carry(ctx context.Context, n *node.Node, sub access.Subject) (rows, bytes, peak int64, took time.Duration, err error) {
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	before := int64(m.HeapAlloc)
	var done atomic.Bool
	most := make(chan int64)
	go func() {
		var top int64
		for !done.Load() {
			var m runtime.MemStats
			runtime.ReadMemStats(&m)
			top = max(top, int64(m.HeapAlloc)-before)
			time.Sleep(20 * time.Millisecond)
		}
		most <- top
	}()
	var c counting
	begin := time.Now()
	_, err = n.Entities.CSV(ctx, sub, 1, list, &c)
	took = time.Since(begin)
	done.Store(true)
	return c.rows - 1, c.bytes, <-most, took, err
}
