package web

import (
	"slices"
	"strconv"
	"strings"

	"aman/casework"
	"aman/platform/ids"
	"aman/platform/store"
	"aman/registry"
	"aman/screening"
)

func parseInt(s string) (int64, error) { return strconv.ParseInt(s, 10, 64) }

func validID(s string) bool {
	_, err := ids.Parse(s)
	return err == nil
}

func consentFields(p *Page, _ *casework.File, _ *registry.Row) []Field {
	// In the order of the talk: what for, with whom, what, then what is read out, then the answer.
	out := props("consents", "purpose", "receiver", "groups", "checks", "form", "language", "until")(p, nil, nil)
	out[0].Kind = "radio"
	script(p, out[0].Options)
	script(p, out[3].Options)
	out[1].Hint, out[2].Hint, out[3].Hint, out[6].Hint = p.T("field.receiver.hint"), p.T("field.groups.hint"), p.T("field.checks.hint"), p.T("field.until.hint")
	out[4].Half, out[5].Half = true, true
	given := Field{Name: "given", Label: p.T("field.given"), Kind: "radio", Required: true,
		Options: []Option{{Value: "yes", Label: p.T("consent.yes")}, {Value: "no", Label: p.T("consent.no"), Hint: p.T("consent.no.hint")}}}
	return slices.Insert(out, 4, given)
}

// script puts beside each answer the words a caseworker reads out for it.
func script(p *Page, options []Option) {
	for i := range options {
		if key := "script." + options[i].Value; p.srv.texts.Has(key) {
			options[i].Hint = p.T(key)
		}
	}
}

func doConsent(a *acting) error {
	v, err := a.values("consents")
	if given := a.get("given"); given != "yes" && given != "no" {
		a.mark("given", "value.required")
		err = errMend
	}
	if err != nil {
		return err
	}
	_, err = a.cw.RecordConsent(a.ctx, a.p.Sub, a.caseID(), casework.Consent{
		Purpose: v.String("purpose"), Receiver: v.String("receiver"), Groups: v.Codes("groups"), Given: a.get("given") == "yes",
		Checks: v.Codes("checks"), Form: v.String("form"), Language: v.String("language"), Until: v.String("until"),
	})
	return err
}

// mark puts a text at a field.
func (a *acting) mark(name, key string) {
	for i := range a.fields {
		if a.fields[i].Name == name {
			a.fields[i].Error = a.p.T(key)
		}
	}
}

func episodeFields(p *Page, _ *casework.File, row *registry.Row) []Field {
	out := props("episodes", "kind", "started_on", "ended_on", "from_place", "to_place", "from_country", "to_country", "mode", "fee_paid",
		"methods_of_control", "exploitation_types", "industry", "narrative")(p, nil, row)
	for i := range out {
		switch out[i].Name {
		case "started_on", "ended_on", "from_place", "to_place", "from_country", "to_country", "mode", "fee_paid":
			out[i].Half = true
		}
		if out[i].Name == "narrative" && row != nil && slices.Contains(row.Sealed, "narrative") {
			out[i].Hint = p.T("field.sealed.hint")
		}
	}
	facts := Field{Name: "fact", Label: p.T("field.facts"), Hint: p.T("field.facts.hint"), Kind: "facts", Groups: p.factGroups()}
	if row != nil {
		for name, v := range map[string]string{"facts_yes": "yes", "facts_no": "no", "facts_unknown": "unknown"} {
			for _, key := range row.Values.Codes(name) {
				facts.Values = append(facts.Values, key+"="+v)
			}
		}
		slices.Sort(facts.Values)
	}
	// The story in her own words comes last, after the facts that it explains.
	last := len(out) - 1
	return append(out[:last:last], facts, out[last])
}

// askedAbout says which groups of questions belong to which kinds of episode; a group
// that is not named here belongs to all. What was answered is shown whatever the kind.
var askedAbout = map[string]string{
	"exploitation": "Exploitation",
	"smuggling":    "Transit", "aggravation": "Transit Exploitation",
	"ilo.d1": "Recruitment", "ilo.d2": "Recruitment", "ilo.d3": "Recruitment",
	"ilo.d4": "Exploitation", "ilo.d5": "Exploitation", "ilo.d6": "Exploitation",
}

// For names the kinds of episode that a group of questions belongs to; "" is all.
func (g OptionGroup) For() string { return askedAbout[g.Key] }

// factGroups are the questions of the vocabulary that a caseworker may ask about an episode.
func (p *Page) factGroups() []OptionGroup {
	v := p.srv.Node.Library.Vocabulary
	var out []OptionGroup
	for _, g := range v.Groups {
		group := OptionGroup{Key: g.Key, Label: screening.Text(g.Label).In(p.Lang)}
		for _, f := range v.Facts {
			if strings.HasPrefix(f.Key, g.Key+".") && g.Key != "control" {
				group.Options = append(group.Options, Option{Value: f.Key, Label: f.Label.In(p.Lang), Hint: v.Question(f.Key).In(p.Lang)})
			}
		}
		if len(group.Options) > 0 {
			out = append(out, group)
		}
	}
	return out
}

// Answered gives the answer to a fact: yes, no, unknown or "".
func (f Field) Answered(key string) string {
	for _, v := range f.Values {
		if answer, ok := strings.CutPrefix(v, key+"="); ok {
			return answer
		}
	}
	return ""
}

// AnsweredIn counts the answers within a group, so that a group with answers is shown open.
func (f Field) AnsweredIn(g OptionGroup) (n int) {
	for _, o := range g.Options {
		if f.Answered(o.Value) != "" {
			n++
		}
	}
	return n
}

func doEpisode(a *acting) error {
	v, err := a.values("episodes")
	if err != nil {
		return err
	}
	answers := map[string][]string{"yes": {}, "no": {}, "unknown": {}}
	for i := range a.fields {
		if a.fields[i].Kind != "facts" {
			continue
		}
		for _, x := range a.fields[i].Values {
			key, answer, _ := strings.Cut(x, "=")
			if _, known := answers[answer]; known {
				answers[answer] = append(answers[answer], key)
			}
		}
	}
	for answer, keys := range answers {
		v["facts_"+answer] = keys
	}
	if a.row == nil {
		_, err = a.cw.AddEpisode(a.ctx, a.p.Sub, a.caseID(), v)
		return err
	}
	if v["narrative"] == nil {
		delete(v, "narrative")
	}
	_, err = a.cw.ChangeEpisode(a.ctx, a.p.Sub, a.caseID(), a.row.ID, a.base(a.row), v)
	return err
}

func decideFields(p *Page, _ *casework.File, _ *registry.Row) []Field {
	standard := Field{Name: "standard", Label: p.Prop("decisions", "standard"), Kind: "choice", Required: true}
	for _, s := range p.srv.Node.Library.Standards {
		if len(s.Blocked) == 0 {
			standard.Options = append(standard.Options, Option{Value: s.ID, Label: s.Title.In(p.Lang)})
		}
	}
	status := p.propertyField("cases", "trafficking_status", nil)
	status.Name, status.Hint = "status", p.T("field.status.hint")
	reasons := p.propertyField("decisions", "reasons", nil)
	reasons.Hint = p.T("field.reasons.hint")
	return []Field{standard, p.propertyField("decisions", "outcome", nil), status, reasons}
}

func doDecide(a *acting) error {
	v, err := a.values("decisions")
	if a.get("standard") == "" {
		a.mark("standard", "value.required")
		err = errMend
	}
	if err != nil {
		return err
	}
	_, err = a.cw.Decide(a.ctx, a.p.Sub, a.caseID(), casework.Decision{
		Episode: a.row.ID, Standard: a.get("standard"), Outcome: v.String("outcome"), Reasons: a.get("reasons"), Status: a.get("status"),
	})
	return err
}

func reviewFields(p *Page, _ *casework.File, _ *registry.Row) []Field {
	reasons := p.propertyField("decisions", "review_reasons", nil)
	reasons.Name = "reasons"
	return []Field{
		{Name: "confirm", Label: p.T("field.confirm"), Kind: "choice", Required: true, Options: []Option{{Value: "yes", Label: p.T("review.confirm")}, {Value: "no", Label: p.T("review.return")}}},
		reasons,
	}
}

func serviceFields(p *Page, _ *casework.File, row *registry.Row) []Field {
	state := Field{Name: "state", Label: p.T("field.state"), Kind: "choice", Required: true}
	for _, s := range casework.ServiceMoves(row.State) {
		state.Options = append(state.Options, Option{Value: s, Label: p.Label("service_state", s)})
	}
	return []Field{state, p.propertyField("services", "outcome", nil), p.propertyField("services", "note", nil)}
}

func referFields(p *Page, f *casework.File, row *registry.Row) []Field {
	service := p.propertyField("referrals", "service", row.Values["service"])
	receiver := Field{Name: "receiver", Label: p.T("field.referral_receiver"), Kind: "choice", Required: true}
	consent := Field{Name: "consent", Label: p.Prop("referrals", "consent"), Hint: p.T("field.consent.hint"), Kind: "choice", Required: true}
	var groups []string
	for _, c := range f.Consents {
		if to := c.Values.String("receiver"); c.State == "given" && to != "" {
			consent.Options = append(consent.Options, Option{Value: c.ID, Label: p.Org(to) + ": " + p.Label("share_group", c.Values["groups"])})
			receiver.Options = appendOnce(receiver.Options, Option{Value: to, Label: p.Org(to)})
			groups = append(groups, c.Values.Codes("groups")...)
		}
	}
	if len(consent.Options) == 1 {
		consent.Value, receiver.Value = consent.Options[0].Value, receiver.Options[0].Value
	}
	share := p.propertyField("referrals", "groups", nil)
	share.Values = groups
	share.Options = slices.DeleteFunc(share.Options, func(o Option) bool { return !slices.Contains(groups, o.Value) })
	beds := p.propertyField("referrals", "bed_need", nil)
	if row.Values.String("service") == "shelter" {
		beds.Value = "1"
	}
	return []Field{service, receiver, consent, share, p.propertyField("referrals", "urgency", nil), beds, p.propertyField("referrals", "needs", nil)}
}

func appendOnce(list []Option, o Option) []Option {
	if slices.Contains(list, o) {
		return list
	}
	return append(list, o)
}

func doRefer(a *acting) error {
	v, err := a.values("referrals")
	for _, name := range []string{"receiver", "consent"} {
		if a.get(name) == "" {
			a.mark(name, "value.required")
			err = errMend
		}
	}
	if err != nil {
		return err
	}
	_, err = a.cw.Refer(a.ctx, a.p.Sub, a.caseID(), casework.Referral{
		ServiceRow: a.row.ID, Service: v.String("service"), Receiver: a.get("receiver"), Urgency: v.String("urgency"), Beds: v.Int("bed_need"),
		Needs: v.Codes("needs"), Consent: a.get("consent"), Groups: v.Codes("groups"),
	})
	return err
}

// personProps are the properties of a person that a caseworker corrects. Sealed ones
// show whether they are there, not what they say.
var personProps = []string{"first_name", "second_name", "father_name", "other_names", "birthdate", "identity_number", "phone", "address", "sex", "gender", "age_band",
	"age_disputed", "citizenship", "language", "marital_status", "children", "education"}

func personFields(p *Page, f *casework.File, _ *registry.Row) []Field {
	out := props("people", personProps...)(p, nil, f.Person)
	for i := range out {
		if f.Person != nil && slices.Contains(f.Person.Sealed, out[i].Name) {
			out[i].Hint = p.T("field.sealed.hint")
		}
	}
	return out
}

func recordFields(p *Page, f *casework.File, _ *registry.Row) []Field {
	return props("cases", "source", "risk_level", "next_review_on", "exploitation_types", "exploitation_main", "methods_of_control", "recruitment_methods", "industry",
		"exploitation_country", "relationship_to_trafficker", "age_when_trafficked", "fear_of_return", "trafficking_status", "trafficking_status_by")(p, nil, f.Case)
}

func assignFields(p *Page, f *casework.File, _ *registry.Row) []Field {
	user := Field{Name: "user", Label: p.T("field.assign_to"), Kind: "choice", Required: true}
	for _, u := range p.dir.users {
		if u.Org == f.Case.Org && slices.Contains(u.Offices, f.Case.Office) && u.ID != f.Case.Owner && slices.Contains(u.Roles, "caseworker") {
			user.Options = append(user.Options, Option{Value: u.ID, Label: u.Name})
		}
	}
	slices.SortFunc(user.Options, func(a, b Option) int { return strings.Compare(a.Label, b.Label) })
	return []Field{user}
}

func closeFields(p *Page, _ *casework.File, _ *registry.Row) []Field {
	out := props("cases", "closure_reason", "closure_details")(p, nil, nil)
	out[0].Required = true
	return out
}

// extra is what an act's page shows beside its fields: what a decision or a review is about.
func (s *Server) extra(p *Page, def *act, f *casework.File, row *registry.Row) *judged {
	out := &judged{}
	switch def.name {
	case "decide":
		out.Episode = row
	case "review":
		out.Decision = row
		if i := slices.IndexFunc(f.Episodes, func(e *registry.Row) bool { return e.ID == row.Values.String("episode") }); i >= 0 {
			out.Episode = f.Episodes[i]
		}
	}
	if out.Episode == nil {
		return nil
	}
	var report screening.EpisodeReport
	err := s.Node.Store.Read(p.ctx, func(tx *store.Tx) (err error) {
		report, err = s.Node.Casework.Findings(tx, p.Sub, out.Episode)
		return err
	})
	if err != nil {
		s.Log.Error("findings", "err", err)
		return nil
	}
	out.Findings = p.findings(report)
	return out
}

// judged is what a decision or its review is about: the episode, what the standards give
// and, for a review, the decision.
type judged struct {
	Episode  *registry.Row
	Findings *findingsView
	Decision *registry.Row
}
