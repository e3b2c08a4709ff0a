package web

import (
	"net/http"
	"strings"

	"aman/casework"
	"aman/platform/access"
	"aman/platform/audit"
	"aman/platform/store"
	"aman/registry"
	"aman/web/chart"
)

// homePage is the first page after signing in: what is to be done.
type homePage struct {
	Due     *casework.Due
	Waiting map[string]int
	Notices []casework.Notice
	Inbox   int // referrals that wait for the subject's organisation
}

func (s *Server) home(w http.ResponseWriter, r *http.Request) {
	p := s.page(r, "home.title")
	body := &homePage{}
	var err error
	if p.May("plan", "tasks") {
		if body.Due, err = s.Node.Casework.Mine(r.Context(), p.Sub, 7); err != nil {
			s.problem(w, r, err)
			return
		}
	}
	err = s.Node.Store.Read(r.Context(), func(tx *store.Tx) (err error) {
		if p.May("intake", "submissions") {
			if body.Waiting, err = s.Node.Forms.Waiting(tx, p.Sub); err != nil {
				return err
			}
		}
		if p.May("receive", "referrals") {
			body.Inbox, err = s.Node.Registry.Count(tx, p.Sub, registry.Query{Register: "referrals", Where: []registry.Cond{
				registry.On("party", "=", p.Sub.Org), registry.On("state", "=", "sent")}})
			if err != nil {
				return err
			}
		}
		body.Notices, err = s.Node.Casework.Notices(tx, p.Sub, 15)
		return err
	})
	if err != nil {
		s.problem(w, r, err)
		return
	}
	p.Body = body
	s.render(w, r, http.StatusOK, "home", p)
}

func (s *Server) noticesSeen(w http.ResponseWriter, r *http.Request) {
	sub, _ := subjectOf(r)
	if err := s.Node.Casework.MarkSeen(r.Context(), sub); err != nil {
		s.problem(w, r, err)
		return
	}
	http.Redirect(w, r, "/", http.StatusSeeOther)
}

// overviewPage is the supervisor's page.
type overviewPage struct {
	*casework.Overview
	Caseload, Referrals, Opened *chart.Bars
	Codes                       map[string]string
}

func (s *Server) overview(w http.ResponseWriter, r *http.Request) {
	p := s.page(r, "overview.title")
	if !p.May("supervise", "cases") {
		s.problem(w, r, &access.Refusal{Action: access.Supervise, Object: access.Object{Register: "cases"}, Reason: access.NoGrant})
		return
	}
	o, err := s.Node.Casework.Overview(r.Context(), p.Sub)
	if err != nil {
		s.problem(w, r, err)
		return
	}
	body := &overviewPage{Overview: o}
	err = s.Node.Store.Read(r.Context(), func(tx *store.Tx) error {
		body.Codes, err = s.Node.Casework.Codes(tx, p.Sub, o.Tasks, o.Services, o.Referrals, o.Reviews)
		return err
	})
	if err != nil {
		s.problem(w, r, err)
		return
	}
	body.Caseload = &chart.Bars{Title: p.T("overview.caseload"), RTL: p.Dir == "rtl", Limit: o.Most, LimitLabel: p.T("overview.limit", "n", o.Most)}
	for _, l := range o.Loads {
		body.Caseload.Add(p.Who(l.User), chart.Part{Value: l.High, Class: "high", Label: p.T("overview.high")}, chart.Part{Value: l.Active - l.High, Class: "rest", Label: p.T("overview.other")})
	}
	body.Referrals = &chart.Bars{Title: p.T("overview.referrals"), RTL: p.Dir == "rtl"}
	byState := map[string]int{}
	for _, b := range o.ReferralsByState {
		byState[b.Keys[0]] = b.Count
	}
	for _, c := range s.Node.Catalog.Lists["referral_state"].Codes {
		if byState[c.Code] > 0 {
			body.Referrals.Add(c.Label.In(p.Lang), chart.Part{Value: byState[c.Code], Class: "rest"})
		}
	}
	body.Opened = &chart.Bars{Title: p.T("overview.opened"), Upright: true}
	for _, b := range o.Opened {
		body.Opened.Add(p.month(b.Keys[0]), chart.Part{Value: b.Count, Class: "rest"})
	}
	p.Body = body
	s.render(w, r, http.StatusOK, "overview", p)
}

// month writes a month of a date text, 2026-03.
func (p *Page) month(text string) string {
	return strings.TrimPrefix(p.Date(text+"-01"), "1 ")
}

// unsealPage shows sealed values of one person or row, for a reason.
type unsealPage struct {
	Case     *registry.Row
	Register string
	Row      *registry.Row
	Names    []string
	Values   registry.Values
	Reason   Field
	Shown    bool
}

// unseal asks for a reason and then shows what was chosen. The audit entry is written
// before anything is shown.
func (s *Server) unseal(w http.ResponseWriter, r *http.Request) {
	p := s.page(r, "unseal.title")
	register, id := r.PathValue("register"), r.PathValue("row")
	body := &unsealPage{Register: register, Reason: Field{Name: "reason", Label: p.T("field.unseal_reason"), Kind: "choice", Required: true, Options: p.options("unseal_reason")}}
	err := s.Node.Store.Read(r.Context(), func(tx *store.Tx) (err error) {
		if body.Case, err = s.Node.Registry.Get(tx, p.Sub, "cases", r.PathValue("id")); err != nil {
			return err
		}
		if s.Node.Catalog.Registers[register] == nil {
			return &access.Refusal{Action: access.Unseal, Object: access.Object{Register: "cases", ID: body.Case.ID}, Reason: access.UnknownRegister}
		}
		if body.Row, err = s.Node.Registry.Get(tx, p.Sub, register, id); err != nil {
			return err
		}
		// Under a case's code stand only its own parts and its own person.
		if body.Row.Case != body.Case.ID && !(register == "people" && id == body.Case.Person) {
			return &access.Refusal{Action: access.Unseal, Object: body.Row.Object(), Reason: access.NoSuchRow}
		}
		return nil
	})
	if err != nil {
		s.problem(w, r, err)
		return
	}
	body.Names = body.Row.Sealed
	if r.Method == http.MethodPost {
		reason := r.PostFormValue("reason")
		names := r.PostForm["property"]
		if !s.Node.Catalog.Lists["unseal_reason"].Has(reason) || len(names) == 0 {
			body.Reason.Error = p.T("value.required")
		} else {
			if body.Values, err = s.Node.Registry.Unseal(r.Context(), p.Sub, register, id, names, reason); err != nil {
				s.problem(w, r, err)
				return
			}
			body.Names, body.Shown = names, true
		}
	}
	p.Body = body
	s.render(w, r, http.StatusOK, "unseal", p)
}

// erase shows what erasure means, carries it out, and gives the receipt.
func (s *Server) erase(w http.ResponseWriter, r *http.Request) {
	p := s.page(r, "erase.title")
	body := &struct {
		Case    *registry.Row
		Receipt *casework.Receipt
		Fault   string
	}{}
	err := s.Node.Store.Read(r.Context(), func(tx *store.Tx) (err error) {
		if body.Case, err = s.Node.Registry.Get(tx, p.Sub, "cases", r.PathValue("id")); err != nil {
			return err
		}
		_, err = s.Node.Policy.Require(tx, p.Sub, access.Erase, body.Case.Object())
		return err
	})
	if err != nil {
		s.problem(w, r, err)
		return
	}
	if r.Method == http.MethodPost {
		if r.PostFormValue("sure") != body.Case.Values.String("code") {
			body.Fault = p.T("erase.type_code")
		} else {
			receipt, err := s.Node.Casework.Erase(r.Context(), p.Sub, body.Case.ID)
			if key := faultKey(err); err != nil && key == "" {
				s.problem(w, r, err)
				return
			} else if err != nil {
				body.Fault = p.T(key)
			} else {
				body.Receipt = &receipt
			}
		}
	}
	p.Body = body
	s.render(w, r, http.StatusOK, "erase", p)
}

// breakGlass is the way into a case in an emergency: a reason, a limit, and the
// supervisor is told.
func (s *Server) breakGlass(w http.ResponseWriter, r *http.Request) {
	p := s.page(r, "glass.title")
	body := &struct {
		Code, Reason, Fault string
		Hours               string
	}{Code: r.FormValue("code"), Reason: r.PostFormValue("reason"), Hours: r.PostFormValue("hours")}
	if !p.May("break_glass", "cases") {
		s.problem(w, r, &access.Refusal{Action: access.BreakGlass, Object: access.Object{Register: "cases"}, Reason: access.NoGrant})
		return
	}
	if r.Method == http.MethodPost {
		id, err := s.Node.Casework.ByCode(r.Context(), body.Code)
		if err == nil {
			err = s.Node.Casework.BreakGlass(r.Context(), p.Sub, id, strings.TrimSpace(body.Reason), hours(body.Hours))
		}
		if err == nil {
			http.Redirect(w, r, "/cases/"+id+"?done=glass", http.StatusSeeOther)
			return
		}
		switch {
		case access.AsRefusal(err) != nil:
			s.refused(r, access.AsRefusal(err))
			body.Fault = p.T("glass.no_case")
		case faultKey(err) != "":
			body.Fault = p.T(faultKey(err))
		default:
			s.problem(w, r, err)
			return
		}
	}
	p.Body = body
	s.render(w, r, http.StatusOK, "glass", p)
}

// audits shows the last entries of the audit log to who may read it.
func (s *Server) audits(w http.ResponseWriter, r *http.Request) {
	p := s.page(r, "audit.title")
	if !p.May("read_audit", "audit") {
		s.problem(w, r, &access.Refusal{Action: access.ReadAudit, Object: access.Object{Register: "audit"}, Reason: access.NoGrant})
		return
	}
	var list []audit.Entry
	err := s.Node.Store.Read(r.Context(), func(tx *store.Tx) (err error) {
		where, args := s.Node.Policy.Filter(p.Sub, access.ReadAudit, "audit")
		list, err = audit.Where(tx, where, args, 200)
		return err
	})
	if err != nil {
		s.problem(w, r, err)
		return
	}
	p.Body = list
	s.render(w, r, http.StatusOK, "audit", p)
}
