package web

import (
	"maps"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"aman/platform/access"
	"aman/platform/i18n"
	"aman/platform/store"
	"aman/release"
)

func (s *Server) publishRoutes(in func(string, http.HandlerFunc)) {
	in("GET /publish", s.publishList)
	in("GET /publish/ledger", s.publishLedger)
	in("POST /publish/ledger", s.publishLedger)
	in("GET /publish/new", s.publishStep)
	in("POST /publish/new", s.publishStep)
	in("GET /publish/{id}", s.publishRequest)
	in("GET /publish/{id}/step/{step}", s.publishStep)
	in("POST /publish/{id}/step/{step}", s.publishStep)
	in("POST /publish/{id}/do/{act}", s.publishAct)
	in("GET /publish/{id}/inside", s.publishInside)
	in("GET /publish/{id}/release.zip", s.publishZip)
	in("GET /publish/{id}/recall.zip", s.publishNotice)
	in("GET /publish/{id}/files/{path...}", s.publishFile)
}

// publishSteps are the steps of the wizard, in order, with the text of each.
var publishSteps = []struct{ Name, Key string }{
	{"what", "publish.step.what"}, {"columns", "publish.step.columns"}, {"protection", "publish.step.protection"}, {"check", "publish.step.check"},
}

// publishFaults are the sentences for what can be mended.
var publishFaults = map[string]string{
	"profile": "publish.fault.profile", "period": "publish.fault.period", "title": "publish.fault.title", "path": "publish.fault.path",
	"columns": "publish.fault.columns", "epsilon": "publish.fault.epsilon", "delta": "publish.fault.epsilon", "length": "publish.fault.length",
	"k": "publish.fault.k", "expect": "publish.fault.expect", "where": "publish.fault.where", "unplanned": "publish.fault.unplanned",
	"words": "publish.fault.words", "no_budget": "publish.fault.no_budget", "over_budget": "publish.fault.over_budget", "budget": "publish.fault.budget",
	"risk": "publish.failed.risk", "earlier": "publish.failed.earlier", "too_few": "publish.failed.too_few", "cancelled": "publish.failed.cancelled",
	"interrupted": "publish.failed.interrupted", "refused": "publish.failed.refused", "failed": "publish.failed.other",
}

// faultText is the sentence for a fault of a release.
func (p *Page) faultText(code string) string {
	if key := publishFaults[code]; key != "" {
		return p.T(key)
	}
	return p.T("publish.failed.other")
}

// wizardPage is one step.
type wizardPage struct {
	ID      string // "" before the first step is saved
	Step    string
	At      int // which step, from 0
	Fault   string
	Fields  []Field // of the step; more of its own below
	More    []Field // folded away
	Profile release.Profile
	// Columns are those that can be chosen, Empty those that stay empty.
	Columns []wizardColumn
	Empty   []wizardColumn
	// Only are the questions by which the population is cut down.
	Only    []Field
	Bad     string // what does not fit among the columns
	Request *release.Request
	View    *requestView
	// Predicted holds the error of each preset by length, where it was asked for.
	Predicted map[string][]float64
}

type wizardColumn struct {
	Name, Label, Why string
	Key, Chosen      bool
}

// Steps gives the line of progress.
func (w *wizardPage) Steps() (out []wizardStep) {
	for i, st := range publishSteps {
		out = append(out, wizardStep{st.Key, st.Name, i == w.At, i < w.At, w.ID})
	}
	return out
}

type wizardStep struct {
	Key, Name string
	Now, Past bool
	ID        string
}

// publishStep shows and saves one step. What is saved is a draft; "back" saves too, so that nothing typed is lost.
func (s *Server) publishStep(w http.ResponseWriter, r *http.Request) {
	p := s.page(r, "publish.new")
	body := &wizardPage{ID: r.PathValue("id"), Step: r.PathValue("step")}
	if body.Step == "" {
		body.Step = "what"
	}
	body.At = slices.IndexFunc(publishSteps, func(st struct{ Name, Key string }) bool { return st.Name == body.Step })
	if body.At < 0 {
		s.fail(w, r, http.StatusNotFound, "error.not_found")
		return
	}
	ask := s.firstAsk(p)
	if body.ID != "" {
		if body.Request = s.ownDraft(w, r, p, body.ID); body.Request == nil {
			return
		}
		ask = body.Request.Ask
	} else if !p.May("release", "releases") {
		s.problem(w, r, &access.Refusal{Action: access.Release, Object: access.Object{Register: "releases"}, Reason: access.NoGrant})
		return
	}
	if r.Method == http.MethodPost {
		if err := r.ParseForm(); err != nil {
			s.fail(w, r, http.StatusBadRequest, "error.form")
			return
		}
		if done := s.saveStep(w, r, p, body, &ask); done {
			return
		}
	}
	s.showStep(w, r, p, body, ask)
}

// firstAsk is what the first step begins with.
func (s *Server) firstAsk(p *Page) release.Ask {
	year := strconv.Itoa(s.Node.Now().In(s.Node.Zone()).Year())
	a := release.Ask{From: year, To: year, Publisher: p.Org(p.Sub.Org), Edition: year + "-1", Length: 3, Epsilon: 4, K: release.MinCell}
	if all := s.Node.Release.Profiles(); len(all) > 0 {
		a.Profile = all[0].Name
	}
	return a
}

// ownDraft reads a draft; a request that has gone on leads to its page, and nil comes back.
func (s *Server) ownDraft(w http.ResponseWriter, r *http.Request, p *Page, id string) (req *release.Request) {
	err := s.Node.Store.Read(r.Context(), func(tx *store.Tx) (err error) { req, err = s.Node.Release.Request(tx, p.Sub, id); return err })
	switch {
	case err != nil:
		s.problem(w, r, err)
		return nil
	case !slices.Contains(s.Node.Release.Acts(p.Sub, req), "revise"):
		http.Redirect(w, r, "/publish/"+id, http.StatusSeeOther)
		return nil
	}
	return req
}

// saveStep puts what was typed into the draft. It answers the request and says so, unless something does not fit.
func (s *Server) saveStep(w http.ResponseWriter, r *http.Request, p *Page, body *wizardPage, ask *release.Ask) (done bool) {
	before := ask.Profile
	readStep[body.Step](ask, r)
	profile, ok := s.Node.Release.Profile(ask.Profile)
	if ok && (ask.Profile != before || !slices.Contains(profile.Paths, ask.Path)) {
		ask.Path = profile.Paths[0]
		if ask.Profile != before {
			ask.Columns = nil
			maps.DeleteFunc(ask.Where, func(name string, _ []string) bool { return name != "office" })
		}
	}
	var err error
	id := body.ID
	switch {
	case body.Step == "columns" && len(ask.Columns) == 0:
		err = &release.Fault{Field: "columns", Code: "columns"}
	case id == "":
		id, err = s.Node.Release.Draft(r.Context(), p.Sub, *ask)
	default:
		err = s.Node.Release.Revise(r.Context(), p.Sub, id, *ask)
	}
	if f := release.AsFault(err); f != nil {
		body.Fault, body.Bad = p.faultText(f.Code), f.Field
		return false
	}
	if err != nil {
		s.publishProblem(w, r, err)
		return true
	}
	if r.PostForm.Get("go") == "compare" {
		if body.Predicted, err = s.comparePresets(r, p, *ask); err != nil {
			s.publishProblem(w, r, err)
		}
		return err != nil
	}
	to := body.At + 1
	if r.PostForm.Get("go") == "back" {
		to = body.At - 1
	}
	to = max(0, min(to, len(publishSteps)-1))
	http.Redirect(w, r, "/publish/"+id+"/step/"+publishSteps[to].Name, http.StatusSeeOther)
	return true
}

// comparePresets predicts the error of each preset. No record is looked at for it.
func (s *Server) comparePresets(r *http.Request, p *Page, ask release.Ask) (map[string][]float64, error) {
	var values []string
	var epsilons []float64
	for _, x := range presets {
		if e, err := strconv.ParseFloat(x.value, 64); err == nil {
			values, epsilons = append(values, x.value), append(epsilons, e)
		}
	}
	list, err := s.Node.Release.Presets(r.Context(), p.Sub, ask, epsilons)
	out := map[string][]float64{}
	for i := range list {
		out[values[i]] = list[i]
	}
	return out, err
}

// readStep takes what was typed in a step into the ask.
var readStep = map[string]func(*release.Ask, *http.Request){
	"what": func(a *release.Ask, r *http.Request) {
		get := func(name string) string { return strings.TrimSpace(r.PostForm.Get(name)) }
		a.Title, a.Summary = map[string]string{}, map[string]string{}
		for _, lang := range i18n.Languages {
			if v := get("title_" + lang); v != "" {
				a.Title[lang] = v
			}
			if v := get("summary_" + lang); v != "" {
				a.Summary[lang] = v
			}
		}
		a.Profile, a.From, a.To, a.Reason = get("profile"), get("from"), get("to"), get("reason")
		a.Publisher, a.Edition, a.Contact, a.URL = get("publisher"), get("edition"), get("contact"), get("url")
		a.Where = maps.Clone(a.Where)
		if a.Where == nil {
			a.Where = map[string][]string{}
		}
		delete(a.Where, "office")
		if list := r.PostForm["office"]; len(list) > 0 {
			a.Where["office"] = list
		}
	},
	"columns": func(a *release.Ask, r *http.Request) {
		a.Columns = r.PostForm["columns"]
		offices := a.Where["office"]
		a.Where = map[string][]string{}
		if len(offices) > 0 {
			a.Where["office"] = offices
		}
		for key, codes := range r.PostForm {
			if name, ok := strings.CutPrefix(key, onlyPrefix); ok {
				a.Where[name] = codes
			}
		}
	},
	"protection": func(a *release.Ask, r *http.Request) {
		get := func(name string) string { return strings.TrimSpace(r.PostForm.Get(name)) }
		whole := func(name string, missing int) int {
			if get(name) == "" {
				return missing
			}
			n, err := strconv.Atoi(get(name))
			if err != nil {
				return -1 // does not fit, whatever the field is
			}
			return n
		}
		a.Path = get("path")
		eps := get("epsilon")
		if own := get("epsilon_own"); eps == "own" {
			eps = own
		}
		a.Epsilon, _ = strconv.ParseFloat(eps, 64)
		a.Length, a.Expect = whole("length", 0), whole("expect", 0)
		if a.K = whole("k", 0); a.K < 0 {
			a.K = 1 // too few, which the rules refuse
		}
	},
	"check": func(*release.Ask, *http.Request) {},
}

func (s *Server) showStep(w http.ResponseWriter, r *http.Request, p *Page, body *wizardPage, ask release.Ask) {
	body.Profile, _ = s.Node.Release.Profile(ask.Profile)
	switch body.Step {
	case "what":
		offices, err := s.ownOffices(r, p)
		if err != nil {
			s.problem(w, r, err)
			return
		}
		body.Fields, body.More = p.whatFields(ask, s.Node.Release.Profiles(), offices)
	case "columns":
		body.Columns, body.Empty = p.wizardColumns(body.Profile, ask)
		body.Only = p.onlyFields(body.Profile.Register, ask)
	case "protection":
		body.Fields = p.protectionFields(ask, body.Profile, body.Predicted)
	case "check":
		body.View = s.view(r, p, body.Request)
	}
	for _, list := range [][]Field{body.Fields, body.More, body.Only} {
		for i := range list {
			if body.Fault != "" && (list[i].Name == body.Bad || body.Bad == "period" && list[i].Name == "from" || body.Bad == "title" && list[i].Name == "title_en") {
				list[i].Error = body.Fault
			}
		}
	}
	p.Body = body
	status := http.StatusOK
	if body.Fault != "" {
		status = http.StatusUnprocessableEntity
	}
	s.render(w, r, status, "wizard", p)
}
