package demo

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strconv"
	"strings"
	"time"

	"aman/casework"
	"aman/platform/ids"
	"aman/registry"
)

// teller makes up people and what happened to them.
type teller struct {
	c      *content
	o      *office
	zone   *time.Location
	today  time.Time // the day on which the programme stands
	seed   uint64
	facts  []string // the purposes that a person may be asked about
	byKind []float64

	casework *casework.Service // for what the standards say
}

// chance gives a source that depends on nothing but the seed, the kind and the number,
// so that people can be made up in any order.
func (t *teller) chance(kind string, i int) *rand.Rand {
	h := t.seed
	for _, c := range kind {
		h = h*1099511628211 + uint64(c)
	}
	return rand.New(rand.NewPCG(h, uint64(i)))
}

// character is what holds for a person all through.
type character struct {
	profile     *profile
	sex, band   string
	age         int
	citizenship string
	id          identity
	way         int
	seen        time.Time
}

// years is the span of the programme's history.
const years = 3

// recent is how many of the people came in the last days: what an office is busy with.
const recent = 24

func (t *teller) character(i int) character {
	r := t.chance("character", i)
	p := &t.c.profiles[index(r, t.byKind)]
	c := character{profile: p, sex: p.Sex.pick(r), band: p.Age.pick(r), citizenship: p.Citizenship.pick(r)}
	c.seen = t.day(r, p)
	if i < recent {
		c.seen = t.today.AddDate(0, 0, -1-i)
	}
	c.seen = c.seen.Add(time.Duration(9*60+r.IntN(420)) * time.Minute)
	c.age = age(r, c.band)
	born := c.seen.AddDate(-c.age, 0, -r.IntN(364)-1)
	c.id = t.c.names.newIdentity(r, i, c.sex, born)
	switch x := r.Float64(); {
	case x < 0.12:
		c.way = urdu
	case x < 0.2:
		c.way = otherwise
	}
	// One in thirty came before, and the other office did not know: same person, other spelling.
	if i >= recent && r.IntN(30) == 0 {
		before := t.character(r.IntN(recent + (i-recent+1)/2))
		c.id, c.sex, c.way = before.id, before.sex, (before.way+1+r.IntN(2))%3
	}
	return c
}

// day chooses a day of the programme's history, by the season of the journey; the
// programme grows from year to year.
func (t *teller) day(r *rand.Rand, p *profile) time.Time {
	most := slices.Max(p.Season[:])
	for {
		back := 1 + r.IntN(365*years)
		d := t.today.AddDate(0, 0, -back)
		growth := 1 - 0.4*float64(back)/(365*years)
		if d.Weekday() != time.Sunday && r.Float64() < growth*p.Season[d.Month()-1]/most {
			return d
		}
	}
}

var bands = map[string][2]int{"0--8": {4, 8}, "9--17": {9, 17}, "18--20": {18, 20}, "21--23": {21, 23}, "24--26": {24, 26}, "27--29": {27, 29}, "30--38": {30, 38}, "39--47": {39, 47}, "48+": {48, 66}}

func age(r *rand.Rand, band string) int {
	b := bands[band]
	return b[0] + r.IntN(b[1]-b[0]+1)
}

var (
	speech = map[string][]string{"PAK": {"urd", "pan", "pan", "skr", "snd", "pus", "bal"}, "AFG": {"pus", "prs", "prs", "haz"}, "BGD": {"ben"}, "IDN": {"ind"}, "IRN": {"fas", "bal"}}
	school = []string{"EarlyChildhoodEducation", "PrimaryEducation", "PrimaryEducation", "LowerSecondaryEducation", "UpperSecondaryEducation", "BachelorsOrEquivalentLevel"}
	gender = map[string]string{"female": "Feminine", "male": "Masculine", "other": "TransgenderFeminine"}
)

// values are the person's record.
func (c *character) values(r *rand.Rand) registry.Values {
	w := c.id.written(c.way)
	v := registry.Values{
		"first_name": w.first, "second_name": w.second, "birthdate": c.id.born.Format(time.DateOnly), "sex": c.sex, "gender": gender[c.sex],
		"age_band": c.band, "citizenship": []string{c.citizenship}, "country": c.citizenship, "language": speech[c.citizenship][r.IntN(len(speech[c.citizenship]))],
	}
	if r.Float64() < 0.6 {
		v["father_name"] = w.father
	}
	if c.age >= 15 && r.Float64() < 0.45 {
		v["phone"] = c.id.phone
	}
	if c.age >= 18 && c.citizenship == "PAK" && r.Float64() < 0.4 {
		v["identity_number"] = c.id.number
	}
	if c.age >= 18 {
		married := r.Float64() < float64(c.age-15)/20
		v["marital_status"], v["children"] = "Single", int64(0)
		if married {
			v["marital_status"], v["children"] = "Married", int64(r.IntN(6))
		}
		v["education"] = school[1+r.IntN(len(school)-1)]
	} else {
		v["education"] = school[min(c.age/6, 2)]
		if c.band == "9--17" && c.age > 14 && r.IntN(9) == 0 {
			v["age_disputed"] = "yes"
		}
	}
	return v
}

// tell makes up the history of the i-th person's case.
func (t *teller) tell(i int) *file {
	c := t.character(i)
	r := t.chance("file", i)
	code := c.profile.Offices.pick(r)
	if i < 8 {
		code = "taftan" // the office of the caseworker who is shown first
	}
	f := &file{person: ids.New(), id: ids.New(), office: t.o.offices[code]}
	turn := r.IntN(1000)
	if i < 8 {
		turn = 0
	}
	f.worker = t.o.share("caseworker", code, turn)
	f.supervisor, _ = t.o.who("supervisor", code)
	restricted := r.Float64() < 0.04 || (c.profile.Exploited.Sexual && r.Float64() < 0.2)
	story := t.journey(&c, r)

	f.steps = append(f.steps, step{at: c.seen, write: registry.Write{Register: "people", ID: f.person, Create: true, Values: c.values(r),
		Place: registry.Place{Org: f.worker.Org, Office: f.office, Owner: f.worker.User}}})
	f.last = c.seen
	f.steps = append(f.steps, step{at: c.seen.Add(time.Minute), write: registry.Write{Register: "cases", ID: f.id, Create: true, Values: t.caseValues(&c, r, story),
		Place: registry.Place{Org: f.worker.Org, Office: f.office, Owner: f.worker.User, Person: f.person, State: "Active"}}})
	life := t.life(i, c.seen, r)
	f.settled = life.state == "Closed" || life.state == "ClosedReferred"
	given := t.consents(f, &c, life, r)
	episode := t.episodes(f, &c, story, r)
	t.decisions(f, i, &c, story, episode, life, r)
	t.help(f, i, &c, given, life, r)
	t.tasks(f, c.seen, life, r)
	t.ending(f, life, r)
	for k := range f.steps {
		f.steps[k].write.Place.Restricted = &restricted
	}
	return f
}

// life is how long a case is worked on.
type life struct {
	opened, followed, closed time.Time // closed and followed may lie ahead
	now                      time.Time
	state                    string
}

func (t *teller) life(i int, opened time.Time, r *rand.Rand) life {
	l := life{opened: opened, now: t.today} // what was worked on until yesterday
	l.followed = workday(opened.AddDate(0, 0, 20+int(r.ExpFloat64()*36)))
	l.closed = workday(l.followed.AddDate(0, 0, 60+int(r.ExpFloat64()*40)))
	switch {
	case l.now.Before(l.followed):
		l.state = "Active"
	case l.now.Before(l.closed):
		l.state = "FollowUp"
	case r.IntN(8) == 0:
		l.state = "ClosedReferred"
	default:
		l.state = "Closed"
	}
	return l
}

// within keeps a moment inside the worked life of the case.
func (l life) within(d time.Time) bool { return d.Before(l.closed) && d.Before(l.now) }

func workday(d time.Time) time.Time {
	if d.Weekday() == time.Sunday {
		return d.AddDate(0, 0, 1)
	}
	return d
}

// travel is a journey as it happened.
type travel struct {
	legs      []Leg
	days      []time.Time // when each leg began
	origin    string
	exploited bool
	began     time.Time // of the exploitation
	months    int
	types     []string
	industry  string
	controls  []string
	recruited []string
	fee       float64
}

func (t *teller) journey(c *character, r *rand.Rand) *travel {
	p := c.profile
	s := &travel{origin: p.Origins.pick(r), exploited: r.Float64() < p.Exploited.Often, months: 1 + r.IntN(14)}
	sums, sum := []float64{}, 0.0
	for _, w := range p.Routes {
		sum += w.Weight
		sums = append(sums, sum)
	}
	way := p.Routes[index(r, sums)]
	route := t.c.routes[way.Route]
	if s.origin != "" && s.origin != route.Legs[0].From {
		s.legs = append(s.legs, Leg{From: s.origin, To: route.Legs[0].From, Mode: "road"})
	}
	for _, leg := range route.Legs {
		s.legs = append(s.legs, leg)
		if leg.To == way.Until && way.Until != "" {
			break
		}
	}
	// A journey ended some weeks before the person was seen.
	left := c.seen.AddDate(0, 0, -20-r.IntN(60)-30*s.months)
	for range s.legs {
		s.days = append(s.days, left)
		left = left.AddDate(0, 0, 1+r.IntN(6))
	}
	s.began = left.AddDate(0, 0, 1)
	if p.Fee[1] > 0 {
		s.fee = float64(int(p.Fee[0]+r.Float64()*(p.Fee[1]-p.Fee[0]))/5*5) * 1000
	}
	s.recruited = p.Recruited.some(r, 1+r.IntN(2))
	if s.exploited {
		s.types, s.controls = p.Exploited.Types.some(r, 1+r.IntN(2)), p.Controls.some(r, 2+r.IntN(3))
		s.industry = p.Exploited.Industry.pick(r)
		if c.age >= 18 {
			s.types = slices.DeleteFunc(s.types, func(x string) bool { return x == "ChildLabour" })
			if len(s.types) == 0 {
				s.types = []string{"ForcedLabour"}
			}
		}
	}
	return s
}

// caseValues are the case's record as at the opening.
func (t *teller) caseValues(c *character, r *rand.Rand, s *travel) registry.Values {
	v := registry.Values{
		"opened_on": c.seen.Format(time.DateOnly), "source": []string{"border_post", "hotline", "partner", "authority", "self", "intake_form"}[r.IntN(6)],
		"sex": c.sex, "age_band": c.band, "citizenship": c.citizenship, "risk_level": []string{"high", "medium", "medium", "low"}[r.IntN(4)],
		"next_review_on": c.seen.AddDate(0, 0, 30).Format(time.DateOnly), "recruitment_methods": s.recruited,
		"fear_of_return": []string{"no", "no", "no", "unknown", "yes", "not_asked"}[r.IntN(6)],
	}
	if s.exploited {
		v["exploitation_types"], v["exploitation_main"], v["methods_of_control"] = s.types, s.types[0], s.controls
		v["exploitation_country"] = c.profile.Exploited.Country
		v["relationship_to_trafficker"] = []string{"Acquainted", "Acquainted", "Unaquainted", "Familial"}[r.IntN(4)]
		if s.industry != "" && slices.Contains(s.types, "ForcedLabour") {
			v["industry"] = s.industry
		}
		if c.profile.Exploited.Sexual {
			v["sex_exploitation_types"] = []string{"Prostitution"}
		}
		if r.Float64() < 0.7 {
			v["age_when_trafficked"] = int64(max(1, c.age-s.months/12))
		}
	}
	return v
}

// label is a place's name in a language; a country's when the place is not known.
func (t *teller) label(code, lang string) string {
	if code == "" {
		code = "other"
	}
	return t.c.list.Label(code, lang)
}

// say takes one of the pack's sentences and fills it in; two in five are in Urdu.
func (t *teller) say(r *rand.Rand, kind string, of map[string]string) string {
	lang := "en"
	if r.Float64() < 0.4 && len(t.c.stories[kind]["ur"]) > 0 {
		lang = "ur"
	}
	list := t.c.stories[kind][lang]
	text := list[r.IntN(len(list))]
	for key, v := range of {
		if key == "from" || key == "to" || key == "place" {
			v = t.label(v, lang)
		}
		text = strings.ReplaceAll(text, "{"+key+"}", v)
	}
	return text
}

func thousands(pkr float64) string { return strconv.Itoa(int(pkr / 1000)) }

func (t *teller) country(code, otherwise string) string {
	if p := t.c.place[code]; p != nil {
		return p.Country
	}
	return otherwise
}

// facts sorts the answers of an interview: found, not so, asked and not known.
func answers(r *rand.Rand, often map[string]float64, v registry.Values) {
	kind := map[string][]string{}
	for _, key := range sortedKeys(often) {
		switch x := r.Float64(); {
		case x < often[key]:
			kind["facts_yes"] = append(kind["facts_yes"], key)
		case r.Float64() < 0.5:
			kind["facts_unknown"] = append(kind["facts_unknown"], key)
		default:
			kind["facts_no"] = append(kind["facts_no"], key)
		}
	}
	for name, list := range kind {
		v[name] = list
	}
}

func sortedKeys(m map[string]float64) []string {
	out := make([]string, 0, len(m))
	for k := range m {
		out = append(out, k)
	}
	slices.Sort(out)
	return out
}

// episodes writes down the journey and gives the id of the episode that decisions are about.
func (t *teller) episodes(f *file, c *character, s *travel, r *rand.Rand) string {
	at := c.seen.Add(40 * time.Minute)
	n := int64(0)
	add := func(v registry.Values) string {
		n++
		at = at.Add(7 * time.Minute)
		v["sequence"] = n
		return f.add(at, "episodes", "", v)
	}
	main := ""
	if len(s.recruited) > 0 && s.exploited {
		v := registry.Values{"kind": "Recruitment", "started_on": s.days[0].AddDate(0, 0, -10-r.IntN(30)).Format(time.DateOnly),
			"narrative": t.say(r, "recruitment", map[string]string{"from": s.legs[0].From, "fee": thousands(max(s.fee, 20000))})}
		if s.origin != "" {
			v["from_place"], v["from_country"] = s.origin, t.country(s.origin, "PAK")
		}
		add(v)
	}
	for i, leg := range s.legs {
		v := registry.Values{"kind": "Transit", "mode": leg.Mode, "started_on": s.days[i].Format(time.DateOnly),
			"ended_on": s.days[i].AddDate(0, 0, 1).Format(time.DateOnly), "from_country": t.country(leg.From, leg.FromCountry), "to_country": t.country(leg.To, leg.ToCountry)}
		if leg.From != "" {
			v["from_place"] = leg.From
		}
		if leg.To != "" {
			v["to_place"] = leg.To
		}
		last := i == len(s.legs)-1
		if last {
			if s.fee > 0 {
				v["fee_paid"] = s.fee
			}
			answers(r, c.profile.Transit, v)
			v["narrative"] = t.say(r, "transit", map[string]string{"from": leg.From, "to": leg.To, "people": strconv.Itoa(4 + r.IntN(30))})
			if !s.exploited {
				v["facts_no"] = append(v.Codes("facts_no"), t.facts...)
			}
		}
		main = add(v)
	}
	if !s.exploited {
		return main
	}
	place := c.profile.Exploited.Place
	v := registry.Values{"kind": "Exploitation", "to_place": place, "to_country": c.profile.Exploited.Country, "started_on": s.began.Format(time.DateOnly),
		"ended_on": s.began.AddDate(0, s.months, 0).Format(time.DateOnly), "methods_of_control": s.controls, "exploitation_types": s.types,
		"narrative": t.say(r, "exploitation", map[string]string{"place": place, "months": strconv.Itoa(s.months)})}
	if s.industry != "" {
		v["industry"] = s.industry
	}
	if end := s.began.AddDate(0, s.months, 0); end.After(c.seen) {
		v["ended_on"] = c.seen.AddDate(0, 0, -3).Format(time.DateOnly)
		if s.began.After(c.seen.AddDate(0, 0, -3)) {
			v["started_on"] = c.seen.AddDate(0, 0, -20).Format(time.DateOnly)
		}
	}
	answers(r, c.profile.Abuse, v)
	return add(v)
}

func (t *teller) check() error {
	for kind, langs := range t.c.stories {
		if len(langs["en"]) == 0 {
			return fmt.Errorf("stories.yaml: %s has no English sentences", kind)
		}
	}
	return nil
}
