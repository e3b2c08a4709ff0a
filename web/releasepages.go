package web

import (
	"errors"
	"fmt"
	"math"
	"net/http"
	"slices"
	"strings"

	"aman/platform/access"
	"aman/platform/jobs"
	"aman/platform/store"
	"aman/release"
	"aman/release/product"
)

// stateTexts are the words for the states of a release.
var stateTexts = map[string]string{
	release.Draft: "publish.state.draft", release.Submitted: "publish.state.submitted", release.Approved: "publish.state.approved", release.Rejected: "publish.state.rejected",
	release.Released: "publish.state.released", release.Failed: "publish.state.failed", release.Withdrawn: "publish.state.withdrawn", release.Recalled: "publish.state.recalled",
}

// statePills are the colours of the states, as other pages have them.
var statePills = map[string]string{release.Submitted: "needs_review", release.Approved: "in_progress", release.Released: "given", release.Rejected: "refused", release.Failed: "refused", release.Recalled: "withdrawn"}

// ReleaseState is what a state of a release is called.
func (p *Page) ReleaseState(state string) string { return p.T(stateTexts[state]) }

// ReleasePill is the class of a state's pill.
func (p *Page) ReleasePill(state string) string { return statePills[state] }

// ReleaseFault is why a release failed, or would.
func (p *Page) ReleaseFault(code string) string {
	if code == release.FaultBudget { // of a budget that is set, this is what can be wrong
		code = "over_budget"
	}
	return p.faultText(code)
}

// InLang gives a text by language, in the page's.
func (p *Page) InLang(t map[string]string) string { return product.Text(t).In(p.Lang) }

// publishProblem answers what the service of releases refuses.
func (s *Server) publishProblem(w http.ResponseWriter, r *http.Request, err error) {
	switch f := release.AsFault(err); {
	case f != nil:
		key := publishFaults[f.Code]
		if key == "" {
			key = "publish.failed.other"
		}
		s.fail(w, r, http.StatusUnprocessableEntity, key)
	case errors.Is(err, release.ErrState):
		s.fail(w, r, http.StatusConflict, "publish.changed")
	case errors.Is(err, release.ErrRecalled):
		s.fail(w, r, http.StatusGone, "publish.gone")
	default:
		s.problem(w, r, err)
	}
}

// publishPage lists the releases.
type publishPage struct {
	Waiting []*release.Request // for this user's approval
	List    []*release.Request
}

func (s *Server) publishList(w http.ResponseWriter, r *http.Request) {
	p := s.page(r, "publish.title")
	if !p.May("read", "releases") {
		s.problem(w, r, &access.Refusal{Action: access.Read, Object: access.Object{Register: "releases"}, Reason: access.NoGrant})
		return
	}
	body := &publishPage{}
	err := s.Node.Store.Read(r.Context(), func(tx *store.Tx) (err error) {
		body.List, err = s.Node.Release.Requests(tx, p.Sub, 100)
		return err
	})
	if err != nil {
		s.problem(w, r, err)
		return
	}
	for _, req := range body.List {
		if slices.Contains(s.Node.Release.Acts(p.Sub, req), "approve") {
			body.Waiting = append(body.Waiting, req)
		}
	}
	p.Body = body
	s.render(w, r, http.StatusOK, "wizardlist", p)
}

// requestView is a release as its page shows it.
type requestView struct {
	R       *release.Request
	Profile release.Profile
	Can     map[string]bool
	Columns []string // labels of the columns that are filled
	Offices []string
	Only    []string // what else cuts the population down
	Budget  *budgetView
	Job     *jobs.Status
	Percent int
	Files   []fileLink
	Fault   string // at the form that was sent
	Words   string // what was typed there
}

type fileLink struct{ Key, To string }

func (s *Server) publishRequest(w http.ResponseWriter, r *http.Request) {
	p := s.page(r, "publish.request")
	s.showRequest(w, r, p, r.PathValue("id"), "", http.StatusOK)
}

func (s *Server) showRequest(w http.ResponseWriter, r *http.Request, p *Page, id, fault string, status int) {
	var req *release.Request
	err := s.Node.Store.Read(r.Context(), func(tx *store.Tx) (err error) { req, err = s.Node.Release.Request(tx, p.Sub, id); return err })
	if err != nil {
		s.publishProblem(w, r, err)
		return
	}
	v := s.view(r, p, req)
	v.Fault, v.Words = fault, strings.TrimSpace(r.PostFormValue("words"))
	if req.State == release.Approved {
		w.Header().Set("Refresh", "3") // reads on without script until it is done
	}
	p.Body = v
	s.render(w, r, status, "wizardrequest", p)
}

func (s *Server) view(r *http.Request, p *Page, req *release.Request) *requestView {
	v := &requestView{R: req, Can: map[string]bool{}}
	v.Profile, _ = s.Node.Release.Profile(req.Ask.Profile)
	for _, act := range s.Node.Release.Acts(p.Sub, req) {
		v.Can[act] = true
	}
	for _, c := range v.Profile.Columns {
		if c.Why == "" && (req.Ask.Columns == nil || slices.Contains(req.Ask.Columns, c.Name)) {
			label := c.Label.In(p.Lang)
			if label == "" {
				label = c.Name
			}
			v.Columns = append(v.Columns, label)
		}
	}
	for _, id := range req.Ask.Where["office"] {
		v.Offices = append(v.Offices, p.OfficeName(id))
	}
	for _, f := range p.onlyFields(v.Profile.Register, req.Ask) {
		var chosen []string
		for _, o := range f.Options {
			if f.Chosen(o.Value) {
				chosen = append(chosen, o.Label)
			}
		}
		if len(chosen) > 0 {
			v.Only = append(v.Only, f.Label+": "+strings.Join(chosen, p.T("list.separator")))
		}
	}
	if req.Plan != nil && req.Ask.Path == release.PathDP {
		// What is left now counts, not what was left when it was planned.
		if b, err := s.Node.Release.Budget(r.Context(), p.Sub, v.Profile.Register); err == nil {
			v.Budget = p.budgetView(b, req.Plan.Rho, req.State == release.Released || req.State == release.Recalled)
		}
	}
	if req.State == release.Approved {
		_ = s.Node.Store.Read(r.Context(), func(tx *store.Tx) error {
			if st, err := s.Node.Release.Progress(tx, p.Sub, req.ID); err == nil {
				v.Job, v.Percent = &st, int(math.Round(100*st.Progress))
			}
			return nil
		})
	}
	if req.State == release.Released {
		index := map[string]string{"ur": "ur.html", "id": "id.html"}[p.Lang]
		if index == "" {
			index = "index.html"
		}
		v.Files = []fileLink{{"publish.open.showcase", "showcase/" + index}, {"publish.open.report", "report/" + p.Lang + ".html"}, {"publish.open.codebook", "codebook/" + p.Lang + ".html"}, {"publish.open.manifest", "manifest.json"}}
	}
	return v
}

// predictedLine is the predicted error of counts of so many values together.
type predictedLine struct {
	Length int
	Error  string
}

// Predicted lists the predicted errors.
func (v *requestView) Predicted() (out []predictedLine) {
	if v.R.Plan == nil {
		return nil
	}
	for i, e := range v.R.Plan.Predicted {
		out = append(out, predictedLine{i + 1, fmt.Sprintf("± %.1f", e)})
	}
	return out
}

// Share writes a share as percent.
func (p *Page) Share(x float64) string {
	switch {
	case math.IsNaN(x) || math.IsInf(x, 0):
		return "–"
	case x > 0 && x < 0.001:
		return "< 0.1 %"
	}
	return fmt.Sprintf("%.1f %%", 100*x)
}

// publishDone is where each act leads, and the sentence it leaves.
var publishDone = map[string]string{"plan": "publish-plan", "submit": "publish-submit", "withdraw": "publish-withdraw", "approve": "publish-approve", "reject": "publish-reject",
	"cancel": "publish-cancel", "again": "publish-again", "recall": "publish-recall"}

// publishAct takes a step of a release.
func (s *Server) publishAct(w http.ResponseWriter, r *http.Request) {
	id, act := r.PathValue("id"), r.PathValue("act")
	if err := r.ParseForm(); err != nil {
		s.fail(w, r, http.StatusBadRequest, "error.form")
		return
	}
	p := s.page(r, "publish.request")
	service, words := s.Node.Release, r.PostForm.Get("words")
	var err error
	switch act {
	case "plan":
		_, err = service.Plan(r.Context(), p.Sub, id)
	case "submit":
		err = service.Submit(r.Context(), p.Sub, id)
	case "withdraw":
		err = service.Withdraw(r.Context(), p.Sub, id)
	case "approve":
		err = service.Approve(r.Context(), p.Sub, id)
	case "reject":
		err = service.Reject(r.Context(), p.Sub, id, words)
	case "cancel":
		err = service.Cancel(r.Context(), p.Sub, id)
	case "again":
		err = service.Again(r.Context(), p.Sub, id)
	case "recall":
		err = service.Recall(r.Context(), p.Sub, id, words)
	default:
		s.fail(w, r, http.StatusNotFound, "error.not_found")
		return
	}
	if f := release.AsFault(err); f != nil {
		s.showRequest(w, r, p, id, p.faultText(f.Code), http.StatusUnprocessableEntity)
		return
	}
	if err != nil {
		s.publishProblem(w, r, err)
		return
	}
	to := "/publish/" + id
	if act == "plan" && r.PostForm.Get("from") == "check" {
		to += "/step/check"
	}
	http.Redirect(w, r, to+"?done="+publishDone[act], http.StatusSeeOther)
}

// publishInside shows the comparison with the true rows, to the data officer alone.
func (s *Server) publishInside(w http.ResponseWriter, r *http.Request) {
	p := s.page(r, "publish.inside")
	e, err := s.Node.Release.Evaluation(r.Context(), p.Sub, r.PathValue("id"))
	if err != nil {
		s.publishProblem(w, r, err)
		return
	}
	p.Body = map[string]any{"ID": r.PathValue("id"), "E": e}
	s.render(w, r, http.StatusOK, "wizardinside", p)
}
