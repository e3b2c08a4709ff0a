package web

import (
	"errors"
	"fmt"
	"html/template"
	"math"
	"net/http"
	"slices"
	"strings"

	"aman/platform/access"
	"aman/platform/jobs"
	"aman/platform/store"
	"aman/release"
	"aman/release/dp"
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

// budgetView is the privacy budget of a population as a bar.
type budgetView struct {
	B                 release.Budget
	Spent, This, Left int // percent of the whole
	Over              bool
	Bar               template.HTML
}

// budgetView draws what is spent, what this release takes and what is left. done: it is among the spent already.
func (p *Page) budgetView(b release.Budget, rho dp.Rho, done bool) *budgetView {
	v := &budgetView{B: b}
	if !b.Set || b.Total <= 0 {
		return v
	}
	share := func(x dp.Rho) float64 { return x.Float() / b.Total.Float() }
	spent, this := share(b.Spent), share(rho)
	if done {
		this = 0
	}
	v.Over = rho > b.Left && !done
	v.Spent, v.This = int(math.Round(100*spent)), int(math.Ceil(100*this))
	v.Left = max(0, 100-v.Spent-v.This)
	v.Bar = p.bar(p.T("publish.budget"), []barPart{{spent, "spent"}, {this, "this"}})
	return v
}

type barPart struct {
	share float64
	class string
}

// bar draws shares of a whole one after the other, as SVG, in the direction of reading.
func (p *Page) bar(title string, parts []barPart) template.HTML {
	const width, height = 600, 28
	var b strings.Builder
	fmt.Fprintf(&b, `<svg class="budgetbar" viewBox="0 0 %d %d" role="img" aria-label="%s" preserveAspectRatio="none"><rect class="left" x="0" y="0" width="%d" height="%d"></rect>`, width, height, template.HTMLEscapeString(title), width, height)
	at := 0.0
	for _, part := range parts {
		long := min(part.share*width, width-at)
		x := at
		if p.Dir == "rtl" {
			x = width - at - long
		}
		fmt.Fprintf(&b, `<rect class="%s" x="%.1f" y="0" width="%.1f" height="%d"></rect>`, part.class, x, max(0, long), height)
		at += long
	}
	b.WriteString("</svg>")
	return template.HTML(b.String())
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

// ledgerPage is the privacy budget of each register.
type ledgerPage struct {
	Registers []ledgerRegister
	MaySet    bool
	Fault     string
	At        string // the register of the fault
	Typed     string
}

type ledgerRegister struct {
	Name   string
	View   *budgetView
	titles map[string]string // of the releases that the reader may see
}

// ID is the release that a line of the ledger was spent on; "" when it is another.
func (l ledgerRegister) ID(purpose string) string {
	id, _ := strings.CutPrefix(purpose, "release ")
	if l.titles[id] == "" {
		return ""
	}
	return id
}

// Title is the title of a release.
func (l ledgerRegister) Title(id string) string { return l.titles[id] }

// Lines are the spends, newest first, without the entry that set the budget.
func (l ledgerRegister) Lines() []dp.Entry {
	out := slices.Clone(l.View.B.Entries)
	slices.Reverse(out)
	return slices.DeleteFunc(out, func(e dp.Entry) bool { return e.Seq == 0 })
}

// PercentOf is a spend as a share of the budget.
func (l ledgerRegister) PercentOf(r dp.Rho) string {
	return fmt.Sprintf("%.1f %%", 100*r.Float()/max(l.View.B.Total.Float(), 1e-12))
}

func (s *Server) publishLedger(w http.ResponseWriter, r *http.Request) {
	p := s.page(r, "publish.ledger")
	body := &ledgerPage{MaySet: p.May("approve_release", "releases")}
	status := http.StatusOK
	if r.Method == http.MethodPost {
		if err := r.ParseForm(); err != nil {
			s.fail(w, r, http.StatusBadRequest, "error.form")
			return
		}
		var epsilon float64
		body.At, body.Typed = r.PostForm.Get("register"), strings.TrimSpace(r.PostForm.Get("epsilon"))
		fmt.Sscanf(body.Typed, "%g", &epsilon)
		err := s.Node.Release.SetBudget(r.Context(), p.Sub, body.At, epsilon, 0)
		switch {
		case err == nil:
			http.Redirect(w, r, "/publish/ledger?done=publish-budget", http.StatusSeeOther)
			return
		case release.AsFault(err) != nil:
			body.Fault, status = p.T("publish.fault.budget"), http.StatusUnprocessableEntity
		case errors.Is(err, release.ErrBudgetSet):
			body.Fault, status = p.T("publish.budget.once"), http.StatusConflict
		default:
			s.publishProblem(w, r, err)
			return
		}
	}
	titles := map[string]string{}
	err := s.Node.Store.Read(r.Context(), func(tx *store.Tx) error {
		list, err := s.Node.Release.Requests(tx, p.Sub, 1000)
		for _, req := range list {
			titles[req.ID] = p.InLang(req.Ask.Title)
		}
		return err
	})
	if err != nil {
		s.publishProblem(w, r, err)
		return
	}
	seen := map[string]bool{}
	for _, pr := range s.Node.Release.Profiles() {
		if seen[pr.Register] || !slices.Contains(pr.Paths, release.PathDP) {
			continue
		}
		seen[pr.Register] = true
		b, err := s.Node.Release.Budget(r.Context(), p.Sub, pr.Register)
		if err != nil {
			s.publishProblem(w, r, err)
			return
		}
		body.Registers = append(body.Registers, ledgerRegister{pr.Register, p.budgetView(b, 0, true), titles})
	}
	p.Body = body
	s.render(w, r, status, "wizardledger", p)
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
