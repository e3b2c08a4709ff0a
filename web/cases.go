package web

import (
	"net/http"
	"strconv"
	"strings"

	"aman/casework"
	"aman/platform/access"
	"aman/platform/audit"
	"aman/platform/ids"
	"aman/platform/store"
	"aman/registry"
	"aman/screening"
)

// casesPage is the list of cases.
type casesPage struct {
	Rows    []*registry.Row
	Total   int
	From    int
	Prev    string
	Next    string
	Filters []Field
	Search  string
	// Found are people found by name, when somebody searched for one.
	Found  []registry.Match
	ByName bool
	Codes  map[string][]*registry.Row // cases of the people found
}

const pageSize = 50

// cases lists the cases the subject may see, newest change first, with filters that are
// properties of the register.
func (s *Server) cases(w http.ResponseWriter, r *http.Request) {
	p := s.page(r, "cases.title")
	q := r.URL.Query()
	body := &casesPage{Search: strings.TrimSpace(r.PostFormValue("q"))}
	query := registry.Query{Register: "cases", Limit: pageSize}
	state := p.propertyField("cases", "risk_level", nil)
	state.Name, state.Label, state.Options, state.Value = "state", p.T("field.state"), p.options("case_state"), q.Get("state")
	if !q.Has("state") {
		state.Value = "Active"
	}
	body.Filters = append(body.Filters, state)
	if state.Value != "" {
		query.Where = append(query.Where, registry.On("state", "=", state.Value))
	}
	for _, name := range []string{"risk_level", "exploitation_main", "sex", "age_band"} {
		f := p.propertyField("cases", name, q.Get(name))
		f.Required = false
		if f.Value != "" {
			query.Where = append(query.Where, registry.On(name, "=", f.Value))
		}
		body.Filters = append(body.Filters, f)
	}
	mine := Field{Name: "mine", Label: p.T("cases.mine"), Kind: "choice", Value: q.Get("mine"), Options: []Option{{Value: "yes", Label: p.T("cases.mine.yes")}}}
	if mine.Value == "yes" {
		query.Where = append(query.Where, registry.On("owner", "=", p.Sub.User))
	}
	body.Filters = append(body.Filters, mine)
	query.Offset, _ = strconv.Atoi(q.Get("from"))
	query.Offset = max(query.Offset, 0)
	err := s.findCases(r, p, body, query)
	if err == nil && body.ByName {
		err = s.lookedUp(r, p.Sub, body.Found)
	}
	if err != nil {
		s.problem(w, r, err)
		return
	}
	p.Body = body
	s.render(w, r, http.StatusOK, "cases", p)
}

// findCases reads the list, or what a search gives: a case code leads to its case, a
// name to the people whose names agree or sound alike.
func (s *Server) findCases(r *http.Request, p *Page, body *casesPage, query registry.Query) error {
	return s.Node.Store.Read(r.Context(), func(tx *store.Tx) (err error) {
		if body.Search != "" {
			if code, cerr := ids.ParseCode(body.Search); cerr == nil {
				query = registry.Query{Register: "cases", Where: []registry.Cond{registry.On("code", "=", string(code))}}
			} else {
				return s.byName(tx, p, body)
			}
		}
		page, err := s.Node.Registry.List(tx, p.Sub, query)
		if err != nil {
			return err
		}
		body.Rows, body.From = page.Rows, query.Offset
		if body.Total, err = s.Node.Registry.Count(tx, p.Sub, query); err != nil {
			return err
		}
		link := func(from int) string {
			v := r.URL.Query()
			v.Set("from", strconv.Itoa(from))
			v.Del("done")
			return "/cases?" + v.Encode()
		}
		if query.Offset > 0 {
			body.Prev = link(max(query.Offset-pageSize, 0))
		}
		if page.More {
			body.Next = link(query.Offset + pageSize)
		}
		return nil
	})
}

// lookedUp writes down that somebody looked for people by a name or a number: not which,
// but how many were found. It is on disk before the answer is given.
func (s *Server) lookedUp(r *http.Request, sub access.Subject, found []registry.Match) error {
	return s.Node.Audit.Record(r.Context(), audit.Entry{At: sub.At, Actor: sub.User, Org: sub.Org, Action: "people.look_up", Outcome: audit.OK,
		Register: "people", Detail: map[string]string{"hits": strconv.Itoa(len(found))}})
}

func (s *Server) byName(tx *store.Tx, p *Page, body *casesPage) (err error) {
	body.ByName = true
	terms := map[string]string{"first_name": body.Search, "second_name": body.Search, "other_names": body.Search, "identity_number": body.Search, "phone": body.Search}
	if body.Found, err = s.Node.Registry.Similar(tx, p.Sub, "people", terms, 20); err != nil {
		return err
	}
	body.Codes, err = s.casesOf(tx, p.Sub, body.Found)
	return err
}

// casesOf gives the cases of people found, by person.
func (s *Server) casesOf(tx *store.Tx, sub access.Subject, found []registry.Match) (map[string][]*registry.Row, error) {
	out := map[string][]*registry.Row{}
	if len(found) == 0 {
		return out, nil
	}
	people := make([]string, len(found))
	for i, m := range found {
		people[i] = m.ID
	}
	page, err := s.Node.Registry.List(tx, sub, registry.Query{Register: "cases", Where: []registry.Cond{registry.On("person_id", "in", people)}, Limit: 200})
	for _, c := range page.Rows {
		out[c.Person] = append(out[c.Person], c)
	}
	return out, err
}

// casePage is the page of one case.
type casePage struct {
	*casework.File
	Episodes []episodeView
	// Acts are the acts the subject may do here, by name.
	Acts map[string]bool
	// Conflicts are changes by two people that wait for one to decide.
	Conflicts []conflictView
	Seen      []seen
	Consented []*registry.Row
	Receivers []string
	Erased    bool
}

type episodeView struct {
	Row      *registry.Row
	Findings *findingsView
	Decided  []*registry.Row
}

type conflictView struct {
	registry.Conflict
	Row *registry.Row
}

func (s *Server) theCase(w http.ResponseWriter, r *http.Request) {
	sub, _ := subjectOf(r)
	file, err := s.Node.Casework.View(r.Context(), sub, r.PathValue("id"))
	if err != nil {
		s.problem(w, r, err)
		return
	}
	p := s.page(r, "case.title", "code", file.Case.Values.String("code"))
	body := &casePage{File: file, Acts: map[string]bool{}}
	err = s.Node.Store.Read(r.Context(), func(tx *store.Tx) error { return s.fillCase(tx, p, body) })
	if err != nil {
		s.problem(w, r, err)
		return
	}
	p.Body = body
	s.render(w, r, http.StatusOK, "case", p)
}

func (s *Server) fillCase(tx *store.Tx, p *Page, body *casePage) error {
	for _, row := range body.File.Episodes {
		report, err := s.Node.Casework.Findings(tx, p.Sub, row)
		if err != nil {
			return err
		}
		v := episodeView{Row: row, Findings: p.findings(report)}
		for _, d := range body.Decisions {
			if d.Values.String("episode") == row.ID {
				v.Decided = append(v.Decided, d)
			}
		}
		body.Episodes = append(body.Episodes, v)
		conflicts, err := s.Node.Registry.Conflicts(tx, p.Sub, "episodes", row.ID)
		if err != nil {
			return err
		}
		for _, c := range conflicts {
			body.Conflicts = append(body.Conflicts, conflictView{c, row})
		}
	}
	for _, row := range []*registry.Row{body.Case, body.Person} {
		if row == nil {
			continue
		}
		conflicts, err := s.Node.Registry.Conflicts(tx, p.Sub, row.Register, row.ID)
		if err != nil {
			return err
		}
		for _, c := range conflicts {
			body.Conflicts = append(body.Conflicts, conflictView{c, row})
		}
	}
	var err error
	if body.Acts, err = s.actsFor(tx, p, body.Case); err != nil {
		return err
	}
	if body.Whole {
		list, err := s.Node.Audit.ForCase(tx, body.Case.ID, audit.Page{Most: 100})
		if err != nil {
			return err
		}
		body.Seen = p.together(list)
	}
	if e, err := s.Node.Vault.Erasure(tx, body.Case.Person); err == nil {
		body.Erased = !e.DoneAt.IsZero()
	}
	return nil
}

// seen is one line of who has seen a file: looks of one person on one day stand together.
type seen struct {
	audit.Entry
	Times int
}

// seenShown is how many lines the page has; the audit log has the rest.
const seenShown = 15

func (p *Page) together(list []audit.Entry) []seen {
	var out []seen
	at := map[string]int{}
	for _, e := range list {
		key := e.Actor + e.Action + e.Outcome + p.Date(e.At)
		if i, ok := at[key]; ok {
			out[i].Times++
			continue
		}
		if len(out) < seenShown {
			at[key] = len(out)
			out = append(out, seen{e, 1})
		}
	}
	return out
}

// actsFor asks the policy which acts the subject may do to a case. The object asked about
// is a part of the case as it would be.
func (s *Server) actsFor(tx *store.Tx, p *Page, c *registry.Row) (map[string]bool, error) {
	out := map[string]bool{}
	facts, err := s.Node.Policy.FactsFor(tx, p.Sub, c.Object())
	if err != nil {
		return nil, err
	}
	closed := c.State == "Closed" || c.State == "ClosedReferred"
	for _, a := range acts {
		o := c.Object()
		o.Register = a.of
		if a.of == "people" {
			o.ID = c.Person
		}
		if a.verb == "review" {
			o.Owner = "" // whose decision it is, is judged at the decision
		}
		allowed := s.Node.Policy.Can(p.Sub, access.Action(a.verb), o, facts).Allow
		switch a.name {
		case "reopen":
			allowed = allowed && closed
		case "close":
			allowed = allowed && !closed
		}
		out[a.name] = allowed
	}
	o := c.Object()
	o.Register, o.ID = "people", c.Person
	out["unseal"] = s.Node.Policy.Can(p.Sub, access.Unseal, o, facts).Allow
	out["erase"] = s.Node.Policy.Can(p.Sub, access.Erase, c.Object(), facts).Allow && !facts.Team
	return out, nil
}

// changesShown is how many answers that would change a finding a page lists: enough to
// ask the next question, not a questionnaire.
const changesShown = 5

// findingsView is a screening report as a page shows it.
type findingsView struct {
	Cards  []findingCard // the standards that come to an answer
	Open   []findingCard // those that do not yet, or cannot
	Agree  []agreement
	Points []screening.TurningPoint
}

type findingCard struct {
	ID      string
	Title   string
	Short   string
	Outcome string
	Answer  string // yes, no, or another word of the outcome
	Lines   []screening.Line
	// Changes says which single answers would change the outcome, still open ones first.
	Changes  []string
	Advice   []string
	Citation string
}

type agreement struct {
	Subject string
	Agree   bool
}

func (p *Page) findings(r screening.EpisodeReport) *findingsView {
	v := &findingsView{}
	for i := range r.Findings {
		f := &r.Findings[i]
		card := findingCard{
			ID: f.Standard.ID, Title: f.Text(f.Standard.Title, p.Lang), Short: f.Text(f.Standard.Short, p.Lang), Outcome: f.Text(f.Outcome.Label, p.Lang),
			Answer: f.Outcome.Answer, Lines: f.Explain(p.srv.Node.Library.Vocabulary, p.Lang), Citation: f.Standard.Citation,
		}
		for _, c := range f.Changes {
			if c.Asked() && len(card.Changes) < changesShown {
				card.Changes = append(card.Changes, p.T("case.change", "fact", f.Text(c.Label, p.Lang), "answer", p.Label("yes_no", c.To.String()), "outcome", f.Text(c.Outcome.Label, p.Lang)))
			}
		}
		for _, a := range f.Advice {
			if a.Value == screening.Yes {
				card.Advice = append(card.Advice, f.Text(a.Text, p.Lang))
			}
		}
		if f.Outcome.Answer == screening.Undetermined || f.Outcome.Answer == screening.BlockedResult || f.Outcome.Answer == screening.NotApplicable {
			v.Open = append(v.Open, card)
		} else {
			v.Cards = append(v.Cards, card)
		}
	}
	for _, c := range r.Compare {
		if len(c.Views) > 1 {
			v.Agree = append(v.Agree, agreement{c.Subject, c.Agree})
		}
	}
	for _, t := range r.TurningPoints {
		if t.Value == screening.Yes {
			v.Points = append(v.Points, t)
		}
	}
	return v
}
