package demo

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"aman/node"
)

// Options says how much to make.
type Options struct {
	People int       // persons with a case; 2000 when 0
	Seed   uint64    // the same seed gives the same programme
	Days   int       // of flow counts; 120 when 0
	Today  time.Time // the day on which the programme stands; today when zero
}

// Programme is what was made.
type Programme struct {
	SignIns    []SignIn // those worth showing first come first
	People     int
	Tallies    int // days counted at a point
	Interviews int // waiting for a caseworker
	Answers    int // to the survey
}

// side is how many submissions wait at once, so that they share flushes.
const side = 400

// Fill makes the demonstration programme on an empty node and sets the clock free.
func Fill(ctx context.Context, n *node.Node, clock *Clock, o Options) (Programme, error) {
	defer clock.Real()
	t, err := prepare(ctx, n, clock, &o)
	if err != nil {
		return Programme{}, fmt.Errorf("demonstration: %w", err)
	}
	clock.Set(t.today.AddDate(-years, 0, -1).Add(8 * time.Hour))
	admin, _ := t.o.who("administrator", "islamabad")
	points, err := t.points(ctx, n, admin)
	if err != nil {
		return Programme{}, fmt.Errorf("demonstration: %w", err)
	}
	files := make([]*file, o.People)
	for i := range files {
		files[i] = t.tell(i)
	}
	slices.SortStableFunc(files, func(a, b *file) int { return a.last.Compare(b.last) })
	tallies := t.tallies(o.Days, points)
	jobs := make([]job, 0, len(files)+len(tallies))
	for _, f := range files {
		jobs = append(jobs, func(ctx context.Context, n *node.Node, c *Clock) error { return t.write(ctx, n, c, f) })
	}
	jobs = append(jobs, tallies...)
	if err := run(ctx, n, clock, jobs); err != nil {
		return Programme{}, fmt.Errorf("demonstration: %w", err)
	}
	now := t.now()
	surveyed, err := t.survey(ctx, n, clock, now)
	if err != nil {
		return Programme{}, fmt.Errorf("demonstration: survey: %w", err)
	}
	if err := t.lastDay(ctx, n, clock, now); err != nil {
		return Programme{}, fmt.Errorf("demonstration: last day: %w", err)
	}
	waiting, err := t.interviews(ctx, n, clock, now)
	if err != nil {
		return Programme{}, fmt.Errorf("demonstration: interviews: %w", err)
	}
	return Programme{SignIns: t.o.signIns, People: len(files) + 5, Tallies: len(tallies), Interviews: waiting, Answers: surveyed}, nil
}

// now is the latest moment that anything happened: the afternoon of today, or the real
// time while that is earlier. Nothing of the demonstration lies in the future.
func (t *teller) now() time.Time {
	now := t.today.Add(16 * time.Hour)
	if real := time.Now(); real.After(t.today) && real.Before(now) {
		return real
	}
	return now
}

type job = func(context.Context, *node.Node, *Clock) error

// prepare reads the content and opens the offices.
func prepare(ctx context.Context, n *node.Node, clock *Clock, o *Options) (*teller, error) {
	if o.People == 0 {
		o.People = 2000
	}
	if o.Days == 0 {
		o.Days = 120
	}
	if o.Today.IsZero() {
		o.Today = time.Now()
	}
	y, m, d := o.Today.In(n.Zone()).Date()
	t := &teller{zone: n.Zone(), today: time.Date(y, m, d, 0, 0, 0, 0, n.Zone()), seed: o.Seed, casework: n.Casework}
	var err error
	if t.c, err = load(n.Catalog, n.Packs); err != nil {
		return nil, err
	}
	if err := t.check(); err != nil {
		return nil, err
	}
	t.weigh()
	for _, f := range n.Library.Vocabulary.Facts {
		if strings.HasPrefix(f.Key, "purpose.") {
			t.facts = append(t.facts, f.Key)
		}
	}
	began := t.today.AddDate(-years, 0, -2).Add(8 * time.Hour)
	clock.Set(began)
	t.o, err = openOffices(ctx, n, t.c, began)
	return t, err
}

// weigh prepares the choice of a profile.
func (t *teller) weigh() {
	sum := 0.0
	for _, p := range t.c.profiles {
		sum += p.Weight
		t.byKind = append(t.byKind, sum)
	}
}

// run carries out jobs in their order, many side by side; the first fault ends it.
func run(ctx context.Context, n *node.Node, clock *Clock, jobs []job) error {
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	queue := make(chan job)
	var wait sync.WaitGroup
	var mu sync.Mutex
	var faults []error
	for range side {
		wait.Go(func() {
			for j := range queue {
				if err := j(ctx, n, clock); err != nil && ctx.Err() == nil {
					mu.Lock()
					faults = append(faults, err)
					mu.Unlock()
					stop()
				}
			}
		})
	}
feed:
	for _, j := range jobs {
		select {
		case queue <- j:
		case <-ctx.Done():
			break feed
		}
	}
	close(queue)
	wait.Wait()
	if len(faults) > 0 {
		return faults[0]
	}
	return errors.Join(context.Cause(ctx))
}
