package web

import (
	"net/http"
	"slices"

	"aman/casework"
	"aman/platform/access"
	"aman/platform/store"
	"aman/registry"
)

// referralsPage lists the referrals that came to the subject's organisation, and those
// it sent.
type referralsPage struct {
	Received, Sent []*registry.Row
	State          string
	Codes          map[string]string
}

func (s *Server) referrals(w http.ResponseWriter, r *http.Request) {
	p := s.page(r, "referrals.title")
	if !p.May("read", "referrals") {
		s.problem(w, r, &access.Refusal{Action: access.Read, Object: access.Object{Register: "referrals"}, Reason: access.NoGrant})
		return
	}
	body := &referralsPage{State: r.URL.Query().Get("state")}
	err := s.Node.Store.Read(r.Context(), func(tx *store.Tx) error {
		where := func(more ...registry.Cond) []registry.Cond {
			if body.State != "" {
				more = append(more, registry.On("state", "=", body.State))
			}
			return more
		}
		in, err := s.Node.Registry.List(tx, p.Sub, registry.Query{Register: "referrals", Where: where(registry.On("party", "=", p.Sub.Org)), Limit: 100})
		if err != nil {
			return err
		}
		out, err := s.Node.Registry.List(tx, p.Sub, registry.Query{Register: "referrals", Where: where(registry.On("org", "=", p.Sub.Org)), Limit: 100})
		if err != nil {
			return err
		}
		body.Received, body.Sent = in.Rows, out.Rows
		body.Codes, err = s.Node.Casework.Codes(tx, p.Sub, out.Rows)
		return err
	})
	if err != nil {
		s.problem(w, r, err)
		return
	}
	p.Body = body
	s.render(w, r, http.StatusOK, "referrals", p)
}

// referralPage is one referral as its receiver sees it.
type referralPage struct {
	Row *registry.Row
	// File is what the consent allows to see, once the referral is accepted.
	File    *casework.File
	Decline Field
	Outcome []Field
	Fault   string
}

func (s *Server) referral(w http.ResponseWriter, r *http.Request) {
	p := s.page(r, "referral.title")
	body := &referralPage{}
	status := http.StatusOK
	id := r.PathValue("id")
	if r.Method == http.MethodPost {
		if err := r.ParseForm(); err != nil {
			s.fail(w, r, http.StatusBadRequest, "error.form")
			return
		}
		done, err := s.receive(r, p.Sub, id)
		if err == nil {
			http.Redirect(w, r, "/referrals/"+id+"?done="+done, http.StatusSeeOther)
			return
		}
		key := faultKey(err)
		if key == "" {
			s.problem(w, r, err)
			return
		}
		body.Fault, status = p.T(key), http.StatusUnprocessableEntity
	}
	err := s.Node.Store.Read(r.Context(), func(tx *store.Tx) (err error) {
		body.Row, err = s.Node.Registry.Get(tx, p.Sub, "referrals", id)
		return err
	})
	if err == nil && slices.Contains([]string{"accepted", "completed"}, body.Row.State) && body.Row.Case != "" {
		body.File, err = s.Node.Casework.View(r.Context(), p.Sub, body.Row.Case)
		if access.AsRefusal(err) != nil {
			body.File, err = nil, nil // nothing is shared any more
		}
	}
	if err != nil {
		s.problem(w, r, err)
		return
	}
	body.Decline = p.propertyField("referrals", "decline_reason", nil)
	body.Outcome = props("referrals", "outcome", "outcome_note")(p, nil, nil)
	if status != http.StatusOK {
		fill(body.Outcome, r)
	}
	p.Body = body
	s.render(w, r, status, "referral", p)
}

// receive carries out what the receiver pressed.
func (s *Server) receive(r *http.Request, sub access.Subject, id string) (done string, err error) {
	ctx := casework.WithInstance(r.Context(), instance(r))
	cw := s.Node.Casework
	switch r.PostForm.Get("do") {
	case "accept":
		return "accepted", cw.Accept(ctx, sub, id)
	case "decline":
		return "declined", cw.Decline(ctx, sub, id, r.PostForm.Get("decline_reason"))
	case "arrived":
		return "arrived", cw.Arrived(ctx, sub, id, "")
	case "complete":
		return "completed", cw.Complete(ctx, sub, id, r.PostForm.Get("outcome"), r.PostForm.Get("outcome_note"))
	}
	return "", &casework.Fault{Code: "referral_state"}
}
