package main

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"aman/platform/ids"
)

// intakeRun is how fast submissions came in from so many clients at once: the median of
// the runs by submissions a second.
type intakeRun struct {
	Clients      int
	PerSecond    float64
	P50, P99     float64 // milliseconds from sending to 201
	CPU          float64 // milliseconds of the node's CPU for each
	ToRows       float64 // submissions for each durable row of the floor
	ToFsyncs     float64 // submissions for each fsync of the floor
	Memory       memory
	BytesEach    float64 // of the database, for each submission so far
	AllPerSecond []float64
}

func intake(ctx context.Context, o options, p place, f floor) (out []intakeRun, err error) {
	j, err := p.fresh(ctx, "intake")
	if err != nil {
		return nil, err
	}
	j.Do = "world"
	var t targets
	world, err := start(ctx, j, &t)
	if err != nil {
		return nil, err
	}
	world.stop()
	j.Do = "serve"
	var s serving
	node, err := start(ctx, j, &s)
	if err != nil {
		return nil, err
	}
	defer node.stop()
	post := &poster{url: s.Addr + "/v1/key/" + t.Token + "/projects/1/submission", fill: interview}
	return post.measure(ctx, o, p, j, s, node, f, "intake", 8, 64)
}

// measure lets so many clients at once send, some times over.
func (post *poster) measure(ctx context.Context, o options, p place, j job, s serving, node *process, f floor, name string, numbers ...int) (out []intakeRun, err error) {
	before, err := p.size(ctx, j)
	if err != nil {
		return nil, err
	}
	if _, err := post.storm(ctx, 8, time.Second); err != nil { // warm-up
		return nil, err
	}
	for _, clients := range numbers {
		say("%s: submissions from %d clients", name, clients)
		var runs []intakeRun
		for range o.runs {
			cpu := node.cpu()
			took, err := post.storm(ctx, clients, time.Duration(o.seconds*float64(time.Second)))
			if err != nil {
				return nil, err
			}
			r := intakeRun{Clients: clients, PerSecond: float64(len(took.each)) / took.whole.Seconds(), P50: ms(quantile(took.each, 0.5)), P99: ms(quantile(took.each, 0.99)),
				CPU: ms(node.cpu()-cpu) / float64(len(took.each)), Memory: node.memory()}
			r.ToRows, r.ToFsyncs = r.PerSecond/f.Rows, r.PerSecond/f.Fsyncs
			after, err := p.size(ctx, j)
			if err != nil {
				return nil, err
			}
			r.BytesEach = float64(after-before) / float64(post.sent.Load())
			runs = append(runs, r)
		}
		slices.SortFunc(runs, func(a, b intakeRun) int { return int(a.PerSecond - b.PerSecond) })
		r := runs[len(runs)/2]
		for _, x := range runs {
			r.AllPerSecond = append(r.AllPerSecond, x.PerSecond)
		}
		out = append(out, r)
	}
	return out, saveProfile(ctx, o, s, p, name, func(d time.Duration) error { _, err := post.storm(ctx, 8, d); return err })
}

// poster sends filled forms as ODK Collect does.
type poster struct {
	url  string
	fill func(instance string, seed int) []byte
	sent atomic.Int64
}

type storm struct {
	each  []time.Duration
	whole time.Duration
}

// storm lets clients post one filled form after the other for some time.
func (p *poster) storm(ctx context.Context, clients int, length time.Duration) (s storm, err error) {
	client := &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: clients}}
	defer client.CloseIdleConnections()
	ctx, stop := context.WithCancelCause(ctx)
	defer stop(nil)
	began := time.Now()
	var mu sync.Mutex
	var wait sync.WaitGroup
	for range clients {
		wait.Go(func() {
			var mine []time.Duration
			for time.Since(began) < length && ctx.Err() == nil {
				body, kind := form(p.fill(ids.New(), int(p.sent.Add(1))))
				at := time.Now()
				if err := send(ctx, client, p.url, body, kind); err != nil {
					stop(err)
					return
				}
				mine = append(mine, time.Since(at))
			}
			mu.Lock()
			s.each = append(s.each, mine...)
			mu.Unlock()
		})
	}
	wait.Wait()
	s.whole = time.Since(began)
	return s, context.Cause(ctx)
}

func send(ctx context.Context, client *http.Client, url string, body []byte, kind string) error {
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, url, bytes.NewReader(body))
	if err != nil {
		return err
	}
	req.Header.Set("Content-Type", kind)
	req.Header.Set("X-OpenRosa-Version", "1.0")
	res, err := client.Do(req)
	if err != nil {
		return err
	}
	defer res.Body.Close()
	answer, err := io.ReadAll(res.Body)
	if err == nil && res.StatusCode != http.StatusCreated {
		err = fmt.Errorf("a submission was answered with %d: %.200s", res.StatusCode, answer)
	}
	return err
}
