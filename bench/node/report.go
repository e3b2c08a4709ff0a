package main

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"
)

// report is the outcome of a run; all times are milliseconds, memory MiB.
type report struct {
	At      time.Time
	Cores   int
	Go      string
	Load    string // of the machine when the run began: 1, 5, 15 minutes
	People  int
	Engines []*engineReport
}

type engineReport struct {
	Engine string
	Floor  floor
	Intake []intakeRun
	Survey *surveyRun
	Pages  *pagesReport
}

func (r *report) print(w io.Writer) {
	fmt.Fprintf(w, "%s  %d cores, %s, load %s\n", r.At.Format(time.RFC3339), r.Cores, r.Go, r.Load)
	for _, e := range r.Engines {
		fmt.Fprintf(w, "\n%s\n", e.Engine)
		if e.Floor.Rows > 0 {
			fmt.Fprintf(w, "  floor: %.0f fsyncs/s, %.0f durable single rows/s from one client\n", e.Floor.Fsyncs, e.Floor.Rows)
		}
		for _, i := range e.Intake {
			i.print(w, "interviews")
		}
		if e.Survey != nil {
			e.Survey.print(w)
		}
		if p := e.Pages; p != nil {
			p.print(w)
		}
	}
}

func (i *intakeRun) print(w io.Writer, what string) {
	fmt.Fprintf(w, "  %s, %2d clients: %.0f/s (%s)  p50 %.1f ms  p99 %.1f ms  %.2f ms CPU each  %.1f per floor row  %.1f per fsync  %.0f MiB resident, %.0f at most  %.0f bytes each\n",
		what, i.Clients, i.PerSecond, numbers(i.AllPerSecond), i.P50, i.P99, i.CPU, i.ToRows, i.ToFsyncs, i.Memory.RSS, i.Memory.Peak, i.BytesEach)
}

func (s *surveyRun) print(w io.Writer) {
	for _, i := range s.Runs {
		i.print(w, "250 questions")
	}
	if x := s.Storm; x.Clients > 0 {
		fmt.Fprintf(w, "  storm: %d devices x %d submissions in %.1f s (%.0f/s); %d posts, %d of them again, %d connections cut; p50 %.1f ms  p99 %.1f ms; %d records, %d audit entries; %.0f MiB at most\n",
			x.Clients, x.Each, x.Seconds, float64(x.Posts)/x.Seconds, x.Posts, x.Again, x.Cut, x.P50, x.P99, x.Records, x.Entries, x.Memory.Peak)
	}
}

func (p *pagesReport) print(w io.Writer) {
	t := p.Targets
	fmt.Fprintf(w, "  store: %d people, %.0f MB, filled in %.0f s (%.0f s CPU, %.0f changes/s); caseworker %d active cases of %d, office %d of %d, %d overdue tasks, %d referrals wait for the shelter\n",
		t.People, float64(p.StoreBytes)/1e6, t.Seconds, t.CPU, float64(t.Writes)/t.Seconds, len(t.Cases), t.WorkerCases, t.OfficeActive, t.OfficeCases, t.OverdueOffice, t.ShelterOpen)
	fmt.Fprintf(w, "  %-12s %-20s %8s %8s %8s %8s %8s\n", "user", "page", "p50 ms", "p95 ms", "p99 ms", "CPU ms", "kB")
	for _, r := range p.Pages {
		fmt.Fprintf(w, "  %-12s %-20s %8.1f %8.1f %8.1f %8.1f %8.0f\n", r.User, r.Page, r.P50, r.P95, r.P99, r.CPU, r.KB)
	}
	fmt.Fprintf(w, "  node after these pages: %.0f MiB resident, %.0f at most\n", p.Memory.RSS, p.Memory.Peak)
}

func numbers(list []float64) string {
	out := make([]string, len(list))
	for i, x := range list {
		out[i] = fmt.Sprintf("%.0f", x)
	}
	return strings.Join(out, " ")
}

// quantile of durations, by the nearest rank.
func quantile(list []time.Duration, q float64) time.Duration {
	if len(list) == 0 {
		return 0
	}
	sorted := slices.Sorted(slices.Values(list))
	return sorted[min(int(q*float64(len(sorted))), len(sorted)-1)]
}

func ms(d time.Duration) float64 { return float64(d.Microseconds()) / 1000 }

// saveProfile takes a CPU profile of the node while work runs, when one was asked for.
func saveProfile(ctx context.Context, o options, s serving, p place, name string, work func(time.Duration) error) error {
	if o.profile == "" {
		return nil
	}
	engine := "sqlite"
	if p.server != "" {
		engine = "postgres"
	}
	errs := make(chan error, 1)
	go func() { errs <- work(5 * time.Second) }()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, s.Profile+"/profile?seconds=4", nil)
	if err != nil {
		return err
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		return err
	}
	defer res.Body.Close()
	file, err := os.Create(filepath.Join(o.profile, engine+"-"+strings.NewReplacer(" ", "-", ",", "").Replace(name)+".cpu"))
	if err != nil {
		return err
	}
	defer file.Close()
	if _, err := io.Copy(file, res.Body); err != nil {
		return err
	}
	return <-errs
}
