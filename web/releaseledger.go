package web

import (
	"errors"
	"fmt"
	"html/template"
	"math"
	"net/http"
	"slices"
	"strings"

	"aman/platform/store"
	"aman/release"
	"aman/release/dp"
)

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
