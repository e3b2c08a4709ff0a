package main

import (
	"bytes"
	"context"
	_ "embed"
	"fmt"
	"math/rand/v2"
	"mime/multipart"
	"net"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"aman/node"
	"aman/platform/ids"
	"aman/platform/store"
)

// The form and the submission are the soak test of ODK Central (see NOTICE).
var (
	//go:embed testdata/250q-form.xml
	surveyForm []byte
	//go:embed testdata/250q-submission.xml
	surveyFilled string
)

const surveyID = "250_questions"

// surveyRun is how a survey of 250 questions came in.
type surveyRun struct {
	Runs  []intakeRun
	Storm stormRun
}

// stormRun is a storm of devices that send some of their submissions several times, and
// some of them with the connection cut in the middle.
type stormRun struct {
	Clients, Each     int     // devices, and submissions of each
	Seconds           float64 // until the last was acknowledged
	Posts, Again, Cut int64   // requests answered; of those, sent again; connections cut
	P50, P99          float64 // milliseconds from sending to 201
	// Records are what the store holds afterwards, Entries the audit entries of receiving
	// them; both must be Clients times Each.
	Records, Entries int64
	Memory           memory
}

const (
	stormClients = 500
	stormEach    = 20
	stormAgain   = 0.3
	stormCut     = 0.1
)

// filledSurvey is a filled form with answers of its own.
func filledSurvey(instance string, seed int) []byte {
	r := rand.New(rand.NewPCG(3, uint64(seed)))
	parts := strings.Split(strings.Replace(surveyFilled, "{{uuid}}", instance, 1), ">4821<")
	var b bytes.Buffer
	for i, p := range parts {
		if i > 0 {
			fmt.Fprintf(&b, ">%d<", 1000+r.IntN(9000))
		}
		b.WriteString(p)
	}
	return b.Bytes()
}

func survey(ctx context.Context, o options, p place, f floor) (*surveyRun, error) {
	j, err := p.fresh(ctx, "survey")
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
	out := &surveyRun{}
	j.Do = "serve"
	var s serving
	node, err := start(ctx, j, &s)
	if err != nil {
		return nil, err
	}
	post := &poster{url: s.Addr + "/v1/key/" + t.Token + "/projects/1/submission", fill: filledSurvey}
	if out.Runs, err = post.measure(ctx, o, p, j, s, node, f, "survey", 8); err == nil && o.storm {
		say("a storm of %d devices", stormClients)
		out.Storm, err = post.devices(ctx)
		out.Storm.Memory = node.memory()
	}
	node.stop()
	if err != nil || !o.storm {
		return out, err
	}
	// The store is asked by a program of its own, after the node has gone.
	var held records
	j.Do = "count"
	counting, err := start(ctx, j, &held)
	if err != nil {
		return nil, err
	}
	counting.stop()
	before := post.sent.Load() - stormClients*stormEach
	out.Storm.Records, out.Storm.Entries = held.Records-before, held.Entries-before
	if want := int64(stormClients * stormEach); out.Storm.Records != want || out.Storm.Entries != want {
		return out, fmt.Errorf("%d records and %d audit entries of %d submissions", out.Storm.Records, out.Storm.Entries, want)
	}
	return out, nil
}

// records are what a store holds of the survey.
type records struct{ Records, Entries int64 }

func countRecords(ctx context.Context, n *node.Node) (r records, err error) {
	err = n.Store.Read(ctx, func(tx *store.Tx) error {
		if err := tx.Row("SELECT count(*) FROM submissions WHERE form = ?", surveyID).Scan(&r.Records); err != nil {
			return err
		}
		return tx.Row("SELECT count(*) FROM audit WHERE action = 'submission.receive'").Scan(&r.Entries)
	})
	return r, err
}

// devices lets 500 clients send 20 submissions each.
func (p *poster) devices(ctx context.Context) (run stormRun, err error) {
	run.Clients, run.Each = stormClients, stormEach
	client := &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: stormClients, MaxConnsPerHost: stormClients}}
	defer client.CloseIdleConnections()
	ctx, stop := context.WithCancelCause(ctx)
	defer stop(nil)
	var posts, again, cut atomic.Int64
	var each []time.Duration
	var mu sync.Mutex
	var wait sync.WaitGroup
	began := time.Now()
	for c := range stormClients {
		wait.Go(func() {
			r := rand.New(rand.NewPCG(4, uint64(c)))
			var mine []time.Duration
			one := func(body []byte, kind string) bool {
				at := time.Now()
				if err := send(ctx, client, p.url, body, kind); err != nil {
					stop(err)
					return false
				}
				mine = append(mine, time.Since(at))
				posts.Add(1)
				return true
			}
			for range stormEach {
				body, kind := form(p.fill(ids.New(), int(p.sent.Add(1))))
				if r.Float64() < stormCut {
					cut.Add(1)
					if err := p.cut(body, kind, r.IntN(len(body))); err != nil {
						stop(err)
						return
					}
				}
				if !one(body, kind) {
					return
				}
				if r.Float64() < stormAgain {
					again.Add(1)
					if !one(body, kind) {
						return
					}
				}
			}
			mu.Lock()
			each = append(each, mine...)
			mu.Unlock()
		})
	}
	wait.Wait()
	run.Seconds, run.Posts, run.Again, run.Cut = time.Since(began).Seconds(), posts.Load(), again.Load(), cut.Load()
	run.P50, run.P99 = ms(quantile(each, 0.5)), ms(quantile(each, 0.99))
	return run, context.Cause(ctx)
}

// cut sends a request as far as some byte of its body and hangs up. When all but nothing of
// it was sent the node may have kept the submission; either way it is sent again.
func (p *poster) cut(body []byte, kind string, at int) error {
	u, err := url.Parse(p.url)
	if err != nil {
		return err
	}
	conn, err := net.Dial("tcp", u.Host)
	if err != nil {
		return err
	}
	defer conn.Close()
	fmt.Fprintf(conn, "POST %s HTTP/1.1\r\nHost: %s\r\nX-OpenRosa-Version: 1.0\r\nContent-Type: %s\r\nContent-Length: %d\r\n\r\n", u.Path, u.Host, kind, len(body))
	_, err = conn.Write(body[:at])
	return err
}

// form wraps a filled form as phones do.
func form(filled []byte) ([]byte, string) {
	var b bytes.Buffer
	m := multipart.NewWriter(&b)
	part, _ := m.CreateFormFile("xml_submission_file", "submission.xml")
	part.Write(filled)
	m.Close()
	return b.Bytes(), m.FormDataContentType()
}
