// Command node measures a whole node over HTTP: how fast submissions come in, whether a storm
// of devices loses or doubles any, how fast its
// pages are with 100,000 people in the store, and how much memory that takes.
//
//	go run ./bench/node                         both engines, 100,000 people
//	go run ./bench/node -engine sqlite -people 20000 -json
//	go run ./bench/node -keep DIR               keeps the filled stores in DIR and uses them again
//
// The node runs in a process of its own, so its memory and CPU time are its own; this
// process is the clients. Floors of the same disk and engine are measured in the same run.
package main

import (
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"runtime"
	"time"
)

type options struct {
	engine   string
	people   int
	seconds  float64
	requests int
	clients  int
	runs     int
	keep     string
	database string
	profile  string
	only     string
	storm    bool
	asIs     bool
	asJSON   bool
}

func main() {
	if job := os.Getenv(jobVariable); job != "" {
		if err := child(job); err != nil {
			fmt.Fprintln(os.Stderr, "node under measurement:", err)
			os.Exit(3)
		}
		return
	}
	var o options
	flag.StringVar(&o.engine, "engine", "both", "sqlite, postgres or both")
	flag.IntVar(&o.people, "people", 100_000, "people with a case in the store whose pages are measured")
	flag.Float64Var(&o.seconds, "seconds", 5, "length of each run of submissions")
	flag.IntVar(&o.runs, "runs", 3, "runs of submissions for each number of clients; the median counts")
	flag.IntVar(&o.requests, "requests", 100, "requests of each page")
	flag.IntVar(&o.clients, "clients", 1, "clients that ask for pages at once")
	flag.StringVar(&o.keep, "keep", "", "folder in which the filled stores are kept and found again")
	flag.StringVar(&o.database, "database", "", "postgres:// address of a server on which databases may be made; a private one is started when empty")
	flag.StringVar(&o.profile, "profile", "", "folder for CPU profiles of the node")
	flag.StringVar(&o.only, "only", "", "intake, survey or pages: only that part")
	flag.BoolVar(&o.storm, "storm", true, "after the survey, 500 devices that send again and hang up")
	flag.BoolVar(&o.asIs, "as-is", false, "measure the kept store as it is, though its filling was cut short")
	flag.BoolVar(&o.asJSON, "json", false, "one JSON object on standard output")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	rep, err := measure(ctx, o)
	if err != nil {
		fmt.Fprintln(os.Stderr, "bench/node:", err)
		os.Exit(3)
	}
	if o.asJSON {
		e := json.NewEncoder(os.Stdout)
		e.SetIndent("", "  ")
		_ = e.Encode(rep)
		return
	}
	rep.print(os.Stdout)
}

// measure does the whole run.
func measure(ctx context.Context, o options) (*report, error) {
	dir := o.keep
	if dir == "" {
		var err error
		if dir, err = os.MkdirTemp("", "aman-bench"); err != nil {
			return nil, err
		}
		defer os.RemoveAll(dir)
	}
	engines := []string{"sqlite", "postgres"}
	if o.engine != "both" {
		engines = []string{o.engine}
	}
	rep := &report{At: time.Now().UTC(), Cores: runtime.NumCPU(), Go: runtime.Version(), People: o.people, Load: loadAverage()}
	for _, name := range engines {
		r, err := measureEngine(ctx, o, name, filepath.Join(dir, name))
		if err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
		rep.Engines = append(rep.Engines, r)
	}
	return rep, nil
}

func measureEngine(ctx context.Context, o options, engine, dir string) (*engineReport, error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, err
	}
	place, stop, err := openPlace(ctx, o, engine, dir)
	if err != nil {
		return nil, err
	}
	defer stop()
	r := &engineReport{Engine: engine}
	if o.only != "pages" {
		say("%s: floors", engine)
		if r.Floor, err = floors(ctx, place, dir); err != nil {
			return nil, fmt.Errorf("floors: %w", err)
		}
	}
	if o.only == "" || o.only == "intake" {
		if r.Intake, err = intake(ctx, o, place, r.Floor); err != nil {
			return nil, fmt.Errorf("submissions: %w", err)
		}
	}
	if o.only == "" || o.only == "survey" {
		if r.Survey, err = survey(ctx, o, place, r.Floor); err != nil {
			return nil, fmt.Errorf("survey: %w", err)
		}
	}
	if o.only == "" || o.only == "pages" {
		if r.Pages, err = pages(ctx, o, place); err != nil {
			return nil, fmt.Errorf("pages: %w", err)
		}
	}
	return r, nil
}

// say tells on standard error what is being done.
func say(format string, args ...any) {
	fmt.Fprintf(os.Stderr, time.Now().Format("15:04:05 ")+format+"\n", args...)
}
