package screening

import (
	"cmp"
	"slices"
)

// Report is the answer to a Request.
type Report struct {
	Episodes []EpisodeReport `json:"episodes"`
}

// EpisodeReport holds the findings about one episode, one for each standard
// that may have been in force.
type EpisodeReport struct {
	Title         string         `json:"title,omitempty"`
	Conduct       Period         `json:"conduct"`
	Findings      []Finding      `json:"findings"`
	NotInForce    []Ref          `json:"not_in_force,omitempty"` // standards that did not cover the conduct
	Compare       []Comparison   `json:"compare,omitempty"`
	ToAsk         []Ask          `json:"to_ask,omitempty"`
	TurningPoints []TurningPoint `json:"turning_points,omitempty"`
}

// Ask is one question with the standards that wait for it. Its texts are in
// the findings of those standards.
type Ask struct {
	Question
	Standards []string `json:"standards"` // that may change with the answer
	Deciding  []string `json:"deciding"`  // for which this one answer changes the outcome
}

// Comparison sets the findings on one subject side by side. It draws no
// conclusion from them.
type Comparison struct {
	Subject string `json:"subject"`
	Agree   bool   `json:"agree"` // all give the same answer
	Views   []View `json:"views"`
}

// View is what one standard answers.
type View struct {
	Standard string `json:"standard"`
	Outcome  string `json:"outcome"`
	Answer   string `json:"answer"`
}

// TurningPoint is a sign that a journey may be changing into something else.
// It is a prompt to ask on, never a finding.
type TurningPoint struct {
	Fact     string     `json:"fact"`
	Value    Value      `json:"value"`
	Label    Text       `json:"label"`
	Question Text       `json:"question"`
	Note     Text       `json:"note,omitempty"`
	FollowUp []Question `json:"follow_up,omitempty"` // open facts to ask next when Value is yes
}

// Screen evaluates every episode of a request under every standard asked for,
// or under all.
func (l *Library) Screen(r Request) Report {
	var out Report
	for _, ep := range r.Episodes {
		er := EpisodeReport{Title: ep.Title, Conduct: ep.Conduct}
		facts := slices.Concat(r.Person, ep.Facts)
		for _, s := range l.Standards {
			if len(r.Standards) > 0 && !slices.Contains(r.Standards, s.ID) {
				continue
			}
			f := Evaluate(s, facts, ep.Conduct)
			if f.InForce == No {
				er.NotInForce = append(er.NotInForce, f.Standard)
				continue
			}
			er.Findings = append(er.Findings, f)
		}
		er.Compare = Compare(er.Findings)
		er.ToAsk = ToAsk(er.Findings)
		er.TurningPoints = l.Vocabulary.TurningPoints(facts)
		out.Episodes = append(out.Episodes, er)
	}
	return out
}

// Compare groups findings by the subject of their standard, in the order of
// first appearance. Blocked and not applicable standards have no view.
func Compare(findings []Finding) []Comparison {
	var out []Comparison
	for _, f := range findings {
		if f.Outcome.Key == BlockedResult || f.Outcome.Key == NotApplicable {
			continue
		}
		i := slices.IndexFunc(out, func(c Comparison) bool { return c.Subject == f.Standard.Subject })
		if i < 0 {
			i = len(out)
			out = append(out, Comparison{Subject: f.Standard.Subject, Agree: true})
		}
		c := &out[i]
		c.Views = append(c.Views, View{f.Standard.ID, f.Outcome.Key, f.Outcome.Answer})
		c.Agree = c.Agree && f.Outcome.Answer == c.Views[0].Answer
	}
	return out
}

// ToAsk gathers the open questions of several findings, each once, those that
// decide most findings first. A person should be asked the fewest questions, in
// this order, and may stop at any time.
func ToAsk(findings []Finding) []Ask {
	var out []Ask
	at := map[string]int{}
	for _, f := range findings {
		for _, q := range f.Missing {
			i, seen := at[q.Fact]
			if !seen {
				i = len(out)
				at[q.Fact] = i
				out = append(out, Ask{Question: q, Deciding: []string{}})
			}
			a := &out[i]
			a.Standards = append(a.Standards, f.Standard.ID)
			if q.Decides {
				a.Decides = true
				a.Deciding = append(a.Deciding, f.Standard.ID)
			}
		}
	}
	slices.SortStableFunc(out, func(a, b Ask) int {
		return cmp.Or(len(b.Deciding)-len(a.Deciding), len(b.Standards)-len(a.Standards))
	})
	return out
}

// TurningPoints gives the prompts of one leg: every turning point of the
// vocabulary with its answer, those that happened first.
func (v *Vocabulary) TurningPoints(facts []Fact) []TurningPoint {
	resolved := v.resolveAll(facts)
	var out []TurningPoint
	for _, d := range v.Facts {
		if !d.TurningPoint {
			continue
		}
		tp := TurningPoint{Fact: d.Key, Value: resolved[d.Key].Value, Label: d.Label, Question: v.Question(d.Key), Note: d.Note}
		if tp.Value == Yes {
			for _, next := range d.FollowUp {
				if value := resolved[next].Value; !value.Known() {
					tp.FollowUp = append(tp.FollowUp, Question{
						Fact: next, Label: "fact/" + next, Question: "fact/" + next + "/question", Value: value,
					})
				}
			}
		}
		out = append(out, tp)
	}
	slices.SortStableFunc(out, func(a, b TurningPoint) int { return int(b.Value/Yes) - int(a.Value/Yes) })
	return out
}

// Catalogue gives every text of the library by label key: facts, questions,
// standards, outcomes, elements, advice, words. A page that lists facts or
// standards outside a finding takes its texts from here.
func (l *Library) Catalogue() map[string]Text {
	out := map[string]Text{}
	put := func(label string, t Text) {
		if len(t) > 0 {
			out[label] = t
		}
	}
	for _, g := range l.Vocabulary.Groups {
		put("group/"+g.Key, g.Label)
	}
	for _, d := range l.Vocabulary.Facts {
		put("fact/"+d.Key, d.Label)
		put("fact/"+d.Key+"/question", l.Vocabulary.Question(d.Key))
		put("fact/"+d.Key+"/note", d.Note)
	}
	for key, t := range l.Vocabulary.Words {
		put("word/"+key, t)
	}
	for key, c := range l.Commencements {
		put("commencement/"+key, c.Note)
	}
	for _, s := range l.Standards {
		at := "standard/" + s.ID + "/"
		put(at+"title", s.Title)
		put(at+"short", s.Short)
		put(at+"consent", s.ConsentNote)
		put(at+"blocked", s.Blocked)
		for _, el := range s.Elements {
			put(at+"element/"+el.Key, el.Label)
		}
		for _, o := range s.Outcomes {
			put(at+"outcome/"+o.Key, o.Label)
			put(at+"penalty/"+o.Key, o.Penalty)
		}
		for _, r := range s.Advice {
			put(at+"advice/"+r.Key, r.Text)
		}
	}
	return out
}
