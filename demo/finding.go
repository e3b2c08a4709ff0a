package demo

import (
	"slices"
	"strconv"
	"strings"
	"time"

	"aman/registry"
	"aman/screening"
)

// finding asks one standard about an episode before anything is written, so that the
// store need not wait for it. The facts are those that package casework would gather; a
// test holds the two to the same outcome.
func (t *teller) finding(f *file, d *decision, at time.Time) *screening.Finding {
	rows := map[string]registry.Values{}
	for _, s := range f.steps {
		if s.write.Create && (s.write.Register == "people" || s.write.Register == "cases" || s.write.ID == d.episode) {
			rows[s.write.Register] = s.write.Values
		}
	}
	source := map[string]string{"people": "people/" + f.person, "cases": "cases/" + f.id, "episodes": "episodes/" + d.episode}
	fact := func(key string, v screening.Value, register, via string) screening.Fact {
		return screening.Fact{Key: key, Value: v, By: f.worker.User, At: at, Source: source[register], Via: via}
	}
	derive := func(register string, only string) []screening.Fact {
		rec := screening.Record{Fields: map[string]screening.Answer{}, By: f.worker.User, At: at, Source: source[register]}
		for _, p := range t.schemas[register].Properties {
			if p.HTCDS == "" || (only != "" && p.HTCDS != only) {
				continue
			}
			if codes := codes(rows[register][p.Name]); len(codes) > 0 {
				rec.Fields[p.HTCDS] = screening.Answer{Codes: codes}
			}
		}
		return screening.Derive(t.library.Vocabulary, rec)
	}
	c, e := rows["cases"], rows["episodes"]
	var person []screening.Fact
	if band := c.String("age_band"); c["age_when_trafficked"] == nil && (band == "0--8" || band == "9--17") {
		person = append(person, fact("person.child", screening.Yes, "cases", "age_band: "+band))
	}
	person = append(person, derive("cases", "vic_AgeWhenTrafficked")...)
	switch sex := c.String("sex"); sex {
	case "female":
		person = append(person, fact("person.woman", screening.Yes, "cases", "sex: female"))
	case "male":
		person = append(person, fact("person.woman", screening.No, "cases", "sex: male"))
	}
	if v, err := screening.ParseValue(rows["people"].String("age_disputed")); err == nil && v != screening.NotAsked {
		person = append(person, fact("person.age_disputed", v, "people", "age_disputed"))
	}
	facts := derive("episodes", "")
	for name, value := range map[string]screening.Value{"facts_yes": screening.Yes, "facts_no": screening.No, "facts_unknown": screening.Unknown} {
		for _, key := range e.Codes(name) {
			facts = append(facts, fact(key, value, "episodes", ""))
		}
	}
	slices.SortStableFunc(facts, func(a, b screening.Fact) int { return strings.Compare(a.Key, b.Key) })
	conduct, err := screening.ParsePeriod(e.String("started_on") + "/" + e.String("ended_on"))
	if err != nil {
		return nil
	}
	report := t.library.Screen(screening.Request{Person: person, Standards: []string{d.standard}, Episodes: []screening.Episode{{Conduct: conduct, Facts: facts}}})
	for i := range report.Episodes[0].Findings {
		return &report.Episodes[0].Findings[i]
	}
	return nil
}

// codes is how an answer stands in a record of the Human Trafficking Case Data Standard.
func codes(v any) []string {
	switch x := v.(type) {
	case string:
		return []string{x}
	case []string:
		return x
	case int64:
		return []string{strconv.FormatInt(x, 10)}
	}
	return nil
}
