package casework

import (
	"context"
	"database/sql"
	"maps"
	"slices"
	"strings"

	"aman/forms"
	"aman/platform/access"
	"aman/platform/store"
	"aman/registry"
	"aman/screening"
)

// AddEpisode writes down a leg of the journey, a recruitment or an exploitation.
// Without a sequence it goes to the end.
func (s *Service) AddEpisode(ctx context.Context, sub access.Subject, caseID string, v registry.Values) (string, error) {
	var id string
	r, err := s.inCase(ctx, sub, "case.episode", caseID, v, func(a *forms.Act, c *registry.Row) error {
		values := maps.Clone(v)
		if values["sequence"] == nil {
			var last int64
			if err := a.Tx.Row("SELECT coalesce(max(sequence), 0) FROM r_episodes WHERE case_id = ? AND deleted = FALSE", caseID).Scan(&last); err != nil {
				return err
			}
			values["sequence"] = last + 1
		}
		if f := checkEpisode(values); f != nil {
			return f
		}
		out, err := a.Apply(part(c, "episodes", "", values))
		id = out.ID
		return err
	})
	if err != nil {
		return "", err
	}
	return s.firstMade(ctx, r, "episodes", id)
}

// ChangeEpisode corrects an episode; base is the version that was looked at.
func (s *Service) ChangeEpisode(ctx context.Context, sub access.Subject, caseID, episode string, base int64, v registry.Values) (forms.Result, error) {
	return s.inCase(ctx, sub, "case.episode", caseID, map[string]any{"episode": episode, "values": v}, func(a *forms.Act, c *registry.Row) error {
		row, err := s.partOf(a, c, "episodes", episode)
		if err != nil {
			return err
		}
		all := maps.Clone(row.Values)
		maps.Copy(all, v)
		if f := checkEpisode(all); f != nil {
			return f
		}
		_, err = a.Apply(registry.Write{Register: "episodes", ID: episode, Base: base, Values: v})
		return err
	})
}

// RemoveEpisode takes an episode out; it stays in the history.
func (s *Service) RemoveEpisode(ctx context.Context, sub access.Subject, caseID, episode string) error {
	_, err := s.inCase(ctx, sub, "case.episode_remove", caseID, map[string]string{"episode": episode}, func(a *forms.Act, c *registry.Row) error {
		if _, err := s.partOf(a, c, "episodes", episode); err != nil {
			return err
		}
		_, err := a.Apply(registry.Write{Register: "episodes", ID: episode, Delete: true})
		return err
	})
	return err
}

// partOf reads a row that must belong to the case.
func (s *Service) partOf(a *forms.Act, c *registry.Row, register, id string) (*registry.Row, error) {
	row, err := s.registry.Get(a.Tx, a.Meta.Subject, register, id)
	if err != nil {
		return nil, err
	}
	if row.Case != c.ID {
		return nil, &access.Refusal{Action: access.Read, Object: row.Object(), Reason: access.NoSuchRow}
	}
	return row, nil
}

func checkEpisode(v registry.Values) *Fault {
	if from, to := v.String("started_on"), v.String("ended_on"); from != "" && to != "" && to < from {
		return &Fault{Code: "episode_dates", Field: "ended_on"}
	}
	seen := map[string]bool{}
	for _, name := range []string{"facts_yes", "facts_no", "facts_unknown"} {
		for _, f := range v.Codes(name) {
			if seen[f] {
				return &Fault{Code: "fact_twice", Field: name}
			}
			seen[f] = true
		}
	}
	return nil
}

// Findings evaluates the standards for one episode of a case, from what is recorded of
// the episode, the case and the person. Nothing is written.
func (s *Service) Findings(tx *store.Tx, sub access.Subject, episode *registry.Row) (screening.EpisodeReport, error) {
	c, err := s.registry.Get(tx, sub, "cases", episode.Case)
	if err != nil {
		return screening.EpisodeReport{}, err
	}
	person, err := s.registry.Get(tx, sub, "people", episode.Person)
	if access.AsRefusal(err) != nil {
		person, err = nil, nil // one may see the journey and not the person
	}
	if err != nil {
		return screening.EpisodeReport{}, err
	}
	return s.FindingsOf(c, person, episode), nil
}

// FindingsOf evaluates standards (all when none is named) for an episode from these rows alone. person may be nil: one may see
// the journey and not the person.
func (s *Service) FindingsOf(c, person, episode *registry.Row, standards ...string) screening.EpisodeReport {
	req := screening.Request{Person: s.personFacts(c, person), Standards: standards, Episodes: []screening.Episode{{
		Conduct: conduct(episode.Values), Facts: s.episodeFacts(episode),
	}}}
	return s.library.Screen(req).Episodes[0]
}

func conduct(v registry.Values) screening.Period {
	from, to := v.String("started_on"), v.String("ended_on")
	text := from
	if to != "" && from != "" {
		text = from + "/" + to
	} else if to != "" {
		text = to
	}
	p, err := screening.ParsePeriod(text)
	if err != nil {
		return screening.Period{}
	}
	return p
}

// personFacts are the facts about the person that hold for each episode: age as at
// registration, and what the case record says about age when it happened.
func (s *Service) personFacts(c, person *registry.Row) []screening.Fact {
	var out []screening.Fact
	add := func(key string, v screening.Value, row *registry.Row, via string) {
		if _, ok := s.library.Vocabulary.Definition(key); ok {
			out = append(out, screening.Fact{Key: key, Value: v, By: row.UpdatedBy, At: row.UpdatedAt, Source: row.Register + "/" + row.ID, Via: via})
		}
	}
	if c.Values["age_when_trafficked"] == nil {
		// Without the age at the time the age at registration decides only where it
		// can: who is a child now was one then.
		if band := c.Values.String("age_band"); band == "0--8" || band == "9--17" {
			add("person.child", screening.Yes, c, "age_band: "+band)
		}
	}
	out = append(out, screening.Derive(s.library.Vocabulary, s.record(c, "vic_AgeWhenTrafficked"))...)
	switch c.Values.String("sex") {
	case "female":
		add("person.woman", screening.Yes, c, "sex: female")
	case "male":
		add("person.woman", screening.No, c, "sex: male")
	}
	if person != nil {
		if v, err := screening.ParseValue(person.Values.String("age_disputed")); err == nil && v != screening.NotAsked {
			add("person.age_disputed", v, person, "age_disputed")
		}
	}
	return out
}

// record gives the HTCDS fields of a row to the vocabulary's derivations.
func (s *Service) record(row *registry.Row, fields ...string) screening.Record {
	schema := s.registry.Catalog.Registers[row.Register]
	rec := screening.Record{Fields: map[string]screening.Answer{}, By: row.UpdatedBy, At: row.UpdatedAt, Source: row.Register + "/" + row.ID}
	for _, p := range schema.Properties {
		if p.HTCDS == "" || (len(fields) > 0 && !slices.Contains(fields, p.HTCDS)) {
			continue
		}
		if codes := codesOf(row.Values[p.Name]); len(codes) > 0 {
			rec.Fields[p.HTCDS] = screening.Answer{Codes: codes}
		}
	}
	return rec
}

func (s *Service) episodeFacts(e *registry.Row) []screening.Fact {
	out := screening.Derive(s.library.Vocabulary, s.record(e))
	for name, value := range map[string]screening.Value{"facts_yes": screening.Yes, "facts_no": screening.No, "facts_unknown": screening.Unknown} {
		for _, key := range e.Values.Codes(name) {
			out = append(out, screening.Fact{Key: key, Value: value, By: e.UpdatedBy, At: e.UpdatedAt, Source: "episodes/" + e.ID})
		}
	}
	// Answers given by word stand beside what is read from the lists; an order that
	// does not depend on a map keeps findings equal.
	slices.SortStableFunc(out, func(a, b screening.Fact) int { return strings.Compare(a.Key, b.Key) })
	return out
}

func codesOf(v any) []string {
	switch x := v.(type) {
	case string:
		return []string{x}
	case []string:
		return x
	case int64:
		return []string{itoa(x)}
	}
	return nil
}

func scan3[T any](f func(a, b, c string) T) func(*sql.Rows) (T, error) {
	return func(r *sql.Rows) (out T, err error) {
		var a, b, c string
		err = r.Scan(&a, &b, &c)
		return f(a, b, c), err
	}
}
