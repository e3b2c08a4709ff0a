package demo

import (
	"math/rand/v2"
	"slices"
	"time"

	"aman/platform/access"
	"aman/registry"
)

var explained = []string{"purpose_explained", "refusal_free", "sharing_explained", "withdrawal_explained"}

// consents records what the person agreed to, and gives the consents that sharing with
// an organisation may rest on: organisation -> id.
func (t *teller) consents(f *file, c *character, l life, r *rand.Rand) map[string]string {
	at := c.seen.Add(10 * time.Minute)
	ask := func(state, purpose, receiver string, groups []string) string {
		at = at.Add(2 * time.Minute)
		v := registry.Values{"purpose": purpose, "form": []string{"oral", "oral", "written", "thumbprint"}[r.IntN(4)], "language": speech[c.citizenship][0],
			"reader": f.worker.User, "given_on": at.Format(time.DateOnly), "text_version": int64(1)}
		if receiver != "" {
			v["receiver"], v["groups"] = receiver, groups
		}
		if state != "refused" {
			v["checks"] = explained
		}
		if state == "given" && receiver != "" {
			until := at.AddDate(1, 0, 0)
			if v["until"] = until.Format(time.DateOnly); until.Before(l.now) {
				state = "expired"
			}
		}
		if state == "withdrawn" {
			v["withdrawn_at"] = soonest(at.AddDate(0, 0, 5+r.IntN(15)), l.now.Add(-time.Hour))
		}
		return f.add(at, "consents", state, v)
	}
	ask("given", "assist", "", nil)
	counted := []string{"given", "given", "given", "given", "given", "given", "given", "given", "refused", "withdrawn"}[r.IntN(10)]
	ask(counted, "statistics", "", nil)
	f.steps[1].write.Values["statistics"] = counted == "given"

	out := map[string]string{}
	for _, service := range []string{"shelter", "legal_aid", "health"} {
		if r.Float64() > 0.35 {
			continue
		}
		org := t.o.gives[service][r.IntN(len(t.o.gives[service]))]
		state := []string{"given", "given", "given", "given", "given", "given", "given", "refused", "withdrawn"}[r.IntN(9)]
		groups := []string{"identity", "needs"}
		if service != "shelter" {
			groups = append(groups, "journey")
		}
		if id := ask(state, "partner", org, groups); state != "refused" {
			out[service+" "+org+" "+state] = id
		}
	}
	if c.age >= 18 && r.Float64() < 0.4 {
		if r.Float64() < 0.45 {
			out["protection "+t.o.police+" given"] = ask("given", "law_enforcement", t.o.police, []string{"findings", "identity", "journey"})
		} else {
			ask("refused", "law_enforcement", t.o.police, nil)
		}
	}
	if r.Float64() < 0.1 {
		ask("refused", []string{"media", "research"}[r.IntN(2)], "", nil)
	}
	return out
}

func soonest(a, b time.Time) time.Time {
	if b.Before(a) {
		return b
	}
	return a
}

// decisions decides about the main episode, once the interviews are done.
func (t *teller) decisions(f *file, i int, c *character, s *travel, episode string, l life, r *rand.Rand) {
	at := workday(c.seen.AddDate(0, 0, 2+r.IntN(12)))
	if i < recent {
		at = c.seen.Add(5 * time.Hour)
	}
	if !l.within(at) || r.Float64() > 0.8 {
		return
	}
	d := &decision{episode: episode, standard: "palermo-trafficking", review: "confirmed"}
	if s.exploited {
		d.reasons[0] = t.say(r, "reasons", nil)
		if r.IntN(18) == 0 {
			d.override, d.reasons[0] = "undetermined", t.c.stories["reasons"]["en"][3]
		}
	} else {
		d.reasons[0] = t.c.stories["reasons"]["en"][2]
		if r.IntN(2) == 0 {
			d.standard = "palermo-smuggling"
		}
	}
	d.reasons[1] = t.c.stories["review"]["en"][r.IntN(2)]
	switch {
	case l.state == "Active" && (i%2 == 0 || r.IntN(3) > 0):
		d.review = "needs_review"
	case r.IntN(9) == 0:
		d.review, d.reasons[1] = "returned", t.c.stories["review"]["en"][2]
	}
	f.add(at, "decisions", "decided", registry.Values{"episode": episode, "standard": d.standard, "decided_on": at.Format(time.DateOnly), "reasons": d.reasons[0]})
	f.newest().decide = d
}

// menu is what is offered, by how often.
var menu = []string{"food_nfi", "health", "mhpss", "mhpss", "legal_aid", "documents", "cash", "family_tracing", "transport", "vocational", "livelihood", "education", "reintegration"}

// help plans services, and refers some of them to those the person agreed to.
func (t *teller) help(f *file, i int, c *character, given map[string]string, l life, r *rand.Rand) {
	at := workday(l.opened.AddDate(0, 0, 1+r.IntN(5)))
	if i < recent {
		at = l.opened.Add(2 * time.Hour)
	}
	for range 1 + r.IntN(2) {
		service := menu[r.IntN(len(menu))]
		if l.within(at) {
			t.service(f, at, service, l, r)
		}
		at = workday(at.AddDate(0, 0, 2+r.IntN(9)))
	}
	at = l.opened.Add(3 * time.Hour)
	for n, key := range sorted(given) {
		if l.within(at) && n < 2 {
			t.referral(f, i+n, c, key, given[key], at, l, r)
		}
		at = at.Add(25 * time.Minute)
	}
}

func sorted(m map[string]string) []string {
	out := make([]string, 0, len(m))
	for k := range m {
		out = append(out, k)
	}
	slices.Sort(out)
	return out
}

func (t *teller) service(f *file, at time.Time, service string, l life, r *rand.Rand) string {
	due := workday(at.AddDate(0, 0, 5+r.IntN(25)))
	v := registry.Values{"service": service, "due_on": due.Format(time.DateOnly)}
	if r.Float64() < 0.6 {
		v["goal"] = t.say(r, "goal", nil)
	}
	state := "planned"
	switch {
	case due.Before(l.now) && r.Float64() < 0.82, l.state == "Closed", l.state == "ClosedReferred":
		state = "done"
		v["done_on"] = soonest(due, soonest(l.closed, l.now)).Format(time.DateOnly)
		v["outcome"] = []string{"met", "met", "met", "partly_met", "not_met", "no_longer_needed"}[r.IntN(6)]
		if r.Float64() < 0.3 {
			v["note"] = t.say(r, "note", nil)
		}
		if r.IntN(20) == 0 {
			state, v["done_on"], v["outcome"] = "cancelled", nil, nil
		}
	case at.Before(l.now.AddDate(0, 0, -4)):
		state = "in_progress"
	}
	return f.add(at, "services", state, v)
}

// states that a referral may have come to, for one that is old and one that is new.
var (
	settled = []string{"completed", "completed", "completed", "completed", "completed", "completed", "declined", "declined", "revoked"}
	fresh   = []string{"sent", "accepted", "sent", "completed", "accepted", "declined", "sent", "accepted", "revoked"}
	planned = map[string]string{"sent": "referred", "accepted": "in_progress", "completed": "done", "declined": "planned", "revoked": "planned", "ended": "planned"}
)

func (t *teller) referral(f *file, i int, c *character, key, consent string, at time.Time, l life, r *rand.Rand) {
	service, org, agreed := cut(key)
	state := settled[r.IntN(len(settled))]
	if i < recent+2 || (l.state == "Active" && r.IntN(3) == 0) {
		state = fresh[i%len(fresh)]
	}
	if f.settled && (state == "sent" || state == "accepted") {
		state = "completed"
	}
	if agreed == "withdrawn" {
		state = "ended"
	}
	urgency := []string{"today", "days", "days", "weeks"}[r.IntN(4)]
	answer := soonest(at.Add(time.Duration(2+r.IntN(40))*time.Hour), l.now.Add(-30*time.Minute))
	closing := soonest(answer.AddDate(0, 0, 3+r.IntN(30)), l.now.Add(-10*time.Minute))

	sv := registry.Values{"service": service, "provider": org, "due_on": at.AddDate(0, 0, 7).Format(time.DateOnly)}
	outcome := []string{"met", "met", "partly_met", "not_met"}[r.IntN(4)]
	if state == "completed" {
		sv["outcome"], sv["done_on"] = outcome, closing.Format(time.DateOnly)
	}
	reached := planned[state]
	if f.settled && reached != "done" {
		reached = "cancelled" // closing a case ends what was still open in it
	}
	row := f.add(at, "services", reached, sv)
	groups := []string{"identity", "needs"}
	v := registry.Values{
		"service_row": row, "service": service, "urgency": urgency, "sex": c.sex, "age_band": c.band, "consent": consent, "groups": groups, "needs": t.needs(c, r),
		"respond_by": at.Add(map[string]time.Duration{"today": 6, "days": 72, "weeks": 168}[urgency] * time.Hour),
	}
	if service == "shelter" {
		v["bed_need"] = int64(1 + r.IntN(8)/6)
	}
	switch state {
	case "accepted", "completed":
		v["accepted_at"] = answer
		if answer.Before(l.now.Add(-20 * time.Hour)) {
			v["arrived_on"] = answer.Add(14 * time.Hour).Format(time.DateOnly)
		}
		if state == "completed" {
			v["outcome"], v["closed_at"] = outcome, closing
			if r.Float64() < 0.4 {
				v["outcome_note"] = t.say(r, "note", nil)
			}
		}
	case "declined":
		v["decline_reason"], v["closed_at"] = []string{"no_bed", "not_eligible", "not_safe", "service_closed"}[r.IntN(4)], answer
	case "revoked", "ended":
		v["closed_at"] = closing
	}
	f.add(at.Add(time.Minute), "referrals", state, v)
	f.newest().write.Place.Party = org
	// What was shared lasts a year, as the consent does; an older one has ended with it.
	if until := at.AddDate(1, 0, 0); (state == "accepted" || state == "completed") && agreed == "given" && until.After(l.now) {
		f.newest().share = &access.SharedGroup{Case: f.id, Person: f.person, Org: org, Consent: consent, Referral: f.newest().write.ID, Since: answer, Until: until}
		f.newest().shares = groups
	}
}

// cut takes the key of a consent apart: service, organisation, state.
func cut(key string) (service, org, state string) {
	parts := [3]string{}
	n := 0
	for _, c := range key {
		if c == ' ' {
			n++
			continue
		}
		parts[n] += string(c)
	}
	return parts[0], parts[1], parts[2]
}

func (t *teller) needs(c *character, r *rand.Rand) []string {
	out := []string{}
	if c.citizenship != "PAK" {
		out = append(out, "interpreter")
	}
	if c.sex == "female" && c.age >= 18 && c.age < 40 && r.IntN(8) == 0 {
		out = append(out, "infant")
	}
	if r.IntN(6) == 0 {
		out = append(out, "medical")
	}
	if c.profile.Exploited.Sexual || r.IntN(15) == 0 {
		out = append(out, "secure")
	}
	if len(out) == 0 {
		out = append(out, "none")
	}
	slices.Sort(out)
	return out
}

// tasks: the first contact is done; an open case has one more, and one in nine is late.
func (t *teller) tasks(f *file, seen time.Time, l life, r *rand.Rand) {
	first := soonest(seen.AddDate(0, 0, 1+r.IntN(3)), l.now.Add(-2*time.Hour))
	f.add(seen.Add(2*time.Minute), "tasks", "done", registry.Values{"kind": "contact", "due_on": seen.AddDate(0, 0, 3).Format(time.DateOnly), "done_on": first.Format(time.DateOnly)})
	made := first.Add(15 * time.Minute)
	plan := func(kind string, most int) {
		due := l.now.AddDate(0, 0, r.IntN(most))
		if r.IntN(9) == 0 {
			due = l.now.AddDate(0, 0, -1-r.IntN(8))
		}
		v := registry.Values{"kind": kind, "due_on": due.Format(time.DateOnly)}
		if r.IntN(4) == 0 {
			v["note"] = t.say(r, "note", nil)
		}
		f.add(soonest(made, l.now), "tasks", "open", v)
	}
	switch l.state {
	case "Active":
		plan("contact", 14)
		if r.IntN(3) == 0 {
			plan([]string{"review_plan", "safety_check", "assessment"}[r.IntN(3)], 30)
		}
	case "FollowUp":
		plan("follow_up", 60)
	}
}

// ending brings the case into follow-up or closes it.
func (t *teller) ending(f *file, l life, r *rand.Rand) {
	if l.state == "Active" {
		review := registry.Values{"next_review_on": workday(l.now.AddDate(0, 0, r.IntN(30)-2)).Format(time.DateOnly)}
		if l.opened.Before(l.now.AddDate(0, 0, -30)) {
			f.closed = &registry.Write{Register: "cases", ID: f.id, Values: review}
			f.end(soonest(l.now.AddDate(0, 0, -1-r.IntN(20)), l.now))
		}
		return
	}
	v, day := registry.Values{"next_review_on": l.closed.Format(time.DateOnly)}, l.followed
	if l.state != "FollowUp" {
		reason := []string{"goals_met", "goals_met", "goals_met", "moved", "lost_contact", "withdrew"}[r.IntN(6)]
		if l.state == "ClosedReferred" {
			reason = "transferred"
		}
		v, day = registry.Values{"closed_on": l.closed.Format(time.DateOnly), "closure_reason": reason, "next_review_on": nil}, l.closed
		if r.Float64() < 0.6 {
			v["closure_details"] = t.say(r, "closure", nil)
		}
	}
	f.closed = &registry.Write{Register: "cases", ID: f.id, Action: access.Close, Place: registry.Place{State: l.state}, Values: v}
	f.end(day)
}

// end adds the last change of the case.
func (f *file) end(day time.Time) {
	f.steps = append(f.steps, step{at: day, write: *f.closed})
	if day.After(f.last) {
		f.last = day
	}
}
