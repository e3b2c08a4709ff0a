package main

import (
	"context"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"os"
	"sync"
	"sync/atomic"
	"time"

	"aman/forms"
	"aman/node"
	"aman/platform/access"
	"aman/platform/ids"
	"aman/registry"
	"aman/screening"
)

// filler makes people with cases through the one write path: each submission is an import
// of groupSize people of one office by one caseworker.
type filler struct {
	*world
	n       *node.Node
	facts   []string
	finding string
	now     time.Time
	writes  atomic.Int64
}

func fill(ctx context.Context, n *node.Node, people int) (*targets, error) {
	began, cpu := time.Now(), ownCPU()
	w, err := makeWorld(ctx, n, people)
	if err != nil {
		return nil, err
	}
	f := &filler{world: w, n: n, now: time.Now().UTC()}
	for _, fact := range n.Library.Vocabulary.Facts {
		f.facts = append(f.facts, fact.Key)
	}
	if err := f.sampleFinding(); err != nil {
		return nil, err
	}
	if err := f.all(ctx, people); err != nil {
		return nil, err
	}
	if err := f.interviews(ctx); err != nil {
		return nil, err
	}
	if err := look(ctx, n, &w.targets); err != nil {
		return nil, err
	}
	w.Seconds, w.CPU, w.Writes = time.Since(began).Seconds(), (ownCPU() - cpu).Seconds(), int(f.writes.Load())
	return &w.targets, nil
}

// batch is one submission of the filling.
type batch struct {
	office, worker, first, count int
}

func (f *filler) all(ctx context.Context, people int) error {
	var todo []batch
	for office := range offices {
		k := share(people, office)
		for at := 0; at < k; at += groupSize {
			todo = append(todo, batch{office, (at / perWorker) % len(f.workers[office]), at, min(groupSize, k-at)})
		}
	}
	// A day in the life of an office mixes with those of others.
	r := rand.New(rand.NewPCG(1, 0))
	r.Shuffle(len(todo), func(i, j int) { todo[i], todo[j] = todo[j], todo[i] })
	queue := make(chan batch)
	ctx, stop := context.WithCancelCause(ctx)
	defer stop(nil)
	var wait sync.WaitGroup
	for range 4 {
		wait.Go(func() {
			for b := range queue {
				if err := f.submit(ctx, b); err != nil {
					stop(err)
					return
				}
			}
		})
	}
	done := 0
	for i, b := range todo {
		select {
		case queue <- b:
		case <-ctx.Done():
		}
		if done += b.count; i%200 == 199 {
			fmt.Fprintf(os.Stderr, "\r%d people", done)
		}
	}
	fmt.Fprintln(os.Stderr)
	close(queue)
	wait.Wait()
	return context.Cause(ctx)
}

func (f *filler) submit(ctx context.Context, b batch) error {
	worker := f.workers[b.office][b.worker]
	_, err := f.n.Forms.Submit(ctx, worker, forms.Filled{Form: "bench.import", Version: "1", Office: f.offices[b.office], Body: []byte(`{"invented":true}`), Verb: "import"}, func(a *forms.Act) error {
		for i := range b.count {
			c := &life{filler: f, a: a, worker: worker, office: f.offices[b.office], r: rand.New(rand.NewPCG(uint64(b.office), uint64(b.first+i))), index: b.first + i}
			if err := c.write(); err != nil {
				return err
			}
		}
		return nil
	})
	return err
}

// life writes one person with her case.
type life struct {
	*filler
	a            *forms.Act
	worker       access.Subject
	office       string
	r            *rand.Rand
	index        int
	person, file string
}

// add makes a row on a day and gives its id.
func (c *life) add(at time.Time, register, state string, v registry.Values, party string) (string, error) {
	c.a.Meta.At, c.a.Meta.Subject = at, c.worker
	c.a.Meta.Subject.At = at
	w := registry.Write{Register: register, ID: ids.New(), Create: true, Values: v, Place: registry.Place{
		Org: c.worker.Org, Office: c.office, Owner: c.worker.User, Case: c.file, Person: c.person, State: state, Party: party}}
	switch register {
	case "people":
		w.ID, w.Place.Case, w.Place.Person = c.person, "", ""
	case "cases":
		w.ID = c.file
	}
	c.writes.Add(1)
	_, err := c.a.Apply(w)
	if err != nil {
		err = fmt.Errorf("%s: %w", register, err)
	}
	return w.ID, err
}

var (
	bands     = []string{"0--8", "9--17", "18--20", "21--23", "24--26", "27--29", "30--38", "39--47"}
	services  = []string{"shelter", "health", "legal_aid", "documents", "mhpss", "vocational"}
	countries = []string{"IRN", "TUR", "ARE", "LBY", "GRC"}
)

func pick[T any](r *rand.Rand, list []T) T { return list[r.IntN(len(list))] }

func (c *life) write() error {
	r := c.r
	c.person, c.file = ids.New(), ids.New()
	active := c.index%4 == 0
	opened := c.now.AddDate(0, 0, -60-r.IntN(600))
	state := "Closed"
	if active {
		opened, state = c.now.AddDate(0, 0, -1-r.IntN(120)), "Active"
	}
	sex, band := pick(r, []string{"male", "male", "female"}), pick(r, bands)
	if _, err := c.add(opened, "people", "", registry.Values{"first_name": name(r), "second_name": name(r), "father_name": name(r),
		"birthdate": fmt.Sprintf("%d-%02d-%02d", 1970+r.IntN(40), 1+r.IntN(12), 1+r.IntN(28)), "phone": fmt.Sprintf("+92300%07d", r.IntN(10_000_000)),
		"sex": sex, "age_band": band, "citizenship": []string{"PAK"}}, ""); err != nil {
		return err
	}
	code, err := ids.NewCodeUnless(func(id ids.Code) (bool, error) {
		var k int
		err := c.a.Tx.Row("SELECT count(*) FROM r_cases WHERE code = ?", string(id)).Scan(&k)
		return k > 0, err
	})
	if err != nil {
		return err
	}
	v := registry.Values{"code": string(code), "opened_on": opened.Format(time.DateOnly), "source": "intake_form", "sex": sex, "age_band": band, "citizenship": "PAK", "statistics": true,
		"risk_level": pick(r, []string{"low", "medium", "high"}), "next_review_on": opened.AddDate(0, 3, 0).Format(time.DateOnly),
		"exploitation_main": c.code("exploitation_type"), "exploitation_country": pick(r, countries)}
	if !active {
		v["closed_on"], v["closure_reason"] = opened.AddDate(0, 0, 50).Format(time.DateOnly), "goals_met"
	}
	if _, err := c.add(opened, "cases", state, v, ""); err != nil {
		return err
	}
	if err := access.JoinTeam(c.a.Tx, access.Member{Case: c.file, Person: c.person, User: c.worker.User, Why: access.WhyOwner, Since: opened}); err != nil {
		return err
	}
	return c.parts(opened, active, sex, band)
}

// parts writes what hangs on the case: of an active one three episodes, three consents, a
// decision with its derivation, two services, a referral, two tasks; of a closed one, as it
// comes from an older register, an episode, a consent, a decision, a service, a referral.
func (c *life) parts(opened time.Time, active bool, sex, band string) error {
	r, at := c.r, opened
	var faults []error
	add := func(register, state string, v registry.Values, party string) string {
		at = at.Add(5 * time.Minute)
		id, err := c.add(at, register, state, v, party)
		if err != nil {
			faults = append(faults, err)
		}
		return id
	}
	day := func(n int) string { return opened.AddDate(0, 0, n).Format(time.DateOnly) }
	kinds, purposes, plans, tasks, finding := []string{"Exploitation"}, []string{"partner"}, 1, 0, any(nil)
	if active {
		kinds, purposes, plans, tasks, finding = []string{"Transit", "Transit", "Exploitation"}, []string{"assist", "statistics", "partner"}, 2, 2, c.finding
	}
	episode := ""
	for i, kind := range kinds {
		answers := r.Perm(len(c.facts))
		v := registry.Values{"kind": kind, "sequence": int64(i + 1), "started_on": day(-90 + 20*i), "ended_on": day(-80 + 20*i), "from_country": "PAK", "to_country": pick(r, countries), "mode": c.code("transport_mode"),
			"facts_yes": c.named(answers[:10]), "facts_no": c.named(answers[10:16]), "facts_unknown": c.named(answers[16:18]), "narrative": narrative}
		if kind == "Exploitation" {
			v["exploitation_types"], v["industry"] = []string{c.code("exploitation_type")}, c.code("industry")
		}
		episode = add("episodes", "", v, "")
	}
	shelter := c.orgs[1+r.IntN(shelters)]
	consent := ""
	for _, purpose := range purposes {
		v := registry.Values{"purpose": purpose, "form": "oral", "language": "urd", "given_on": day(0), "until": day(365)}
		if purpose == "partner" {
			v["receiver"], v["groups"] = shelter, []string{"identity", "needs"}
		}
		consent = add("consents", "given", v, "")
	}
	decided := "decided"
	outcome := pick(r, []string{"trafficking", "smuggling"})
	if active && r.IntN(20) == 0 {
		decided, outcome = "needs_review", "neither"
	}
	add("decisions", c.state("decision_state", decided), registry.Values{"episode": episode, "standard": "palermo-trafficking", "outcome": outcome, "proposed": finding, "reasons": narrative, "decided_on": day(2)}, "")
	done, open, answered := "done", "done", "completed"
	if active {
		done, open = "planned", "open"
		answered = pick(r, []string{"sent", "accepted", "completed"})
	}
	row := ""
	for i := range plans {
		row = add("services", done, registry.Values{"service": pick(r, services), "due_on": day(30 + 60*i), "goal": narrative}, "")
	}
	referral := add("referrals", answered, registry.Values{"service_row": row, "service": "shelter", "urgency": "days", "bed_need": int64(1), "sex": sex, "age_band": band,
		"needs": []string{"none"}, "respond_by": opened.AddDate(0, 0, 3), "consent": consent, "groups": []string{"identity", "needs"}}, shelter)
	for i := range tasks {
		add("tasks", open, registry.Values{"kind": pick(r, []string{"contact", "review_plan"}), "due_on": day(20 + 90*i)}, "")
	}
	if len(faults) > 0 {
		return faults[0]
	}
	if answered == "sent" {
		return nil
	}
	for _, group := range []string{"identity", "needs"} {
		if _, err := access.GrantShare(c.a.Tx, access.SharedGroup{Case: c.file, Person: c.person, Org: shelter, Group: group, Consent: consent, Referral: referral, Since: opened, Until: opened.AddDate(1, 0, 0)}); err != nil {
			return err
		}
	}
	return nil
}

const narrative = "An invented account of a journey, as long as the short ones that caseworkers write down when a person has half an hour and a bus to catch."

func (c *life) named(at []int) []string {
	out := make([]string, len(at))
	for i, k := range at {
		out[i] = c.facts[k]
	}
	return out
}

// code is any code of a list.
func (c *life) code(list string) string { return pick(c.r, c.n.Catalog.Lists[list].Codes).Code }

// state is a state if the list has it, else its first.
func (c *life) state(list, want string) string {
	if l := c.n.Catalog.Lists[list]; !l.Has(want) {
		return l.Codes[0].Code
	}
	return want
}

var syllables = []string{"za", "mi", "ro", "tal", "ven", "shar", "lu", "ga", "ban", "del", "nor", "pe", "khu", "yas", "tor", "ili"}

// name is an invented name; few are common and many are rare, as with real ones.
func name(r *rand.Rand) string {
	const most = 4096
	k := int(float64(most) * r.Float64() * r.Float64() * r.Float64())
	return named(k)
}

func named(k int) string {
	s := syllables[k%16] + syllables[k/16%16] + syllables[k/256%16]
	return string(s[0]-32) + s[1:]
}

// sampleFinding is what a decision keeps of its standard, of the length that it has.
func (f *filler) sampleFinding() error {
	var facts []screening.Fact
	for _, key := range f.facts[:min(20, len(f.facts))] {
		facts = append(facts, screening.Fact{Key: key, Value: screening.Yes, By: "worker", At: f.began, Source: "episodes"})
	}
	report := f.n.Library.Screen(screening.Request{Standards: []string{"palermo-trafficking"}, Episodes: []screening.Episode{{Facts: facts}}})
	body, err := json.Marshal(report.Episodes[0].Findings[0])
	f.finding = string(body)
	return err
}

// interviews puts interviews into the queue of the large office.
func (f *filler) interviews(ctx context.Context) error {
	sub, err := f.n.SignIn.Device(ctx, f.Token)
	if err != nil {
		return err
	}
	for i := range waitingMost {
		if _, err := f.n.Forms.Receive(ctx, sub, interview(ids.New(), i), nil); err != nil {
			return err
		}
	}
	return nil
}
