package casework

import (
	"context"
	"encoding/json"
	"strconv"
	"strings"

	"aman/forms"
	"aman/platform/access"
	"aman/platform/store"
	"aman/registry"
	"aman/screening"
)

func itoa(n int64) string { return strconv.FormatInt(n, 10) }

// Decision is what a person decides about an episode under one standard.
type Decision struct {
	Episode  string `json:"episode"`
	Standard string `json:"standard"`
	Outcome  string `json:"outcome"` // code of decision_outcome
	Reasons  string `json:"reasons,omitempty"`
	// Status, when given, is what the case's trafficking status becomes (HTCDS).
	Status string `json:"status,omitempty"`
}

// negatives are the outcomes that end protection for a crime and so need a second reviewer.
var negatives = map[string]bool{"neither": true}

// Proposed is the decision that a finding suggests: the code of decision_outcome that
// its outcome comes to.
func Proposed(f *screening.Finding) string {
	switch {
	case f.Outcome.Answer == "yes" && f.Standard.Subject == "smuggling":
		if strings.Contains(f.Outcome.Key, "aggravated") {
			return "aggravated_smuggling"
		}
		return "smuggling"
	case f.Outcome.Answer == "yes":
		return "trafficking"
	case f.Outcome.Answer == "no":
		return "neither"
	}
	return "undetermined"
}

// Decide records a decision. The finding as it is at this moment is kept with it.
func (s *Service) Decide(ctx context.Context, sub access.Subject, caseID string, d Decision) (string, error) {
	var id string
	r, err := s.inCase(ctx, sub, "case.decide", caseID, d, func(a *forms.Act, c *registry.Row) error {
		episode, err := s.partOf(a, c, "episodes", d.Episode)
		if err != nil {
			return err
		}
		report, err := s.Findings(a.Tx, a.Meta.Subject, episode)
		if err != nil {
			return err
		}
		finding := find(report, d.Standard)
		if finding == nil {
			return &Fault{Code: "standard_not_in_force", Field: "standard"}
		}
		override := d.Outcome != Proposed(finding)
		reasons := strings.TrimSpace(d.Reasons)
		if (override || negatives[d.Outcome]) && len([]rune(reasons)) < 10 {
			return &Fault{Code: "reasons", Field: "reasons"}
		}
		kept, err := json.Marshal(finding)
		if err != nil {
			return err
		}
		state := "decided"
		if negatives[d.Outcome] || d.Status == "NotAVictimOfTrafficking" {
			state = "needs_review"
		}
		w := part(c, "decisions", state, registry.Values{
			"episode": d.Episode, "standard": d.Standard, "outcome": d.Outcome, "proposed": string(kept), "override": override,
			"reasons": reasons, "decided_on": s.today(a.Meta.At),
		})
		w.Place.Owner = sub.User // the reviewer must be somebody else
		w.Action = access.Decide
		out, err := a.Apply(w)
		if err != nil {
			return err
		}
		id = out.ID
		a.Detail("standard", d.Standard)
		a.Detail("decision", d.Outcome)
		if state == "needs_review" {
			return s.tellWhoMay(a, access.Review, Notice{Org: c.Org, Office: c.Office, Kind: "review_needed", Case: caseID, Object: id})
		}
		if d.Status == "" {
			return nil
		}
		return s.status(a, caseID, d.Status, access.Decide)
	})
	if err != nil {
		return "", err
	}
	return s.firstMade(ctx, r, "decisions", id)
}

// status sets the case's trafficking status. The body that decides here is the office
// itself; a court's or a police decision is recorded by the form of the case.
func (s *Service) status(a *forms.Act, caseID, status string, verb access.Action) error {
	_, err := a.Apply(registry.Write{Register: "cases", ID: caseID, Action: verb,
		Values: registry.Values{"trafficking_status": status, "trafficking_status_by": "Other"}})
	return err
}

func find(r screening.EpisodeReport, standard string) *screening.Finding {
	for i := range r.Findings {
		if r.Findings[i].Standard.ID == standard {
			return &r.Findings[i]
		}
	}
	return nil
}

// Review confirms or returns a negative decision. It is somebody else's than the
// decider's, which the policy sees to. Services based on need go on either way.
func (s *Service) Review(ctx context.Context, sub access.Subject, caseID, decision string, confirm bool, reasons string) error {
	_, err := s.inCase(ctx, sub, "case.review", caseID, map[string]any{"decision": decision, "confirm": confirm, "reasons": reasons}, func(a *forms.Act, c *registry.Row) error {
		row, err := s.partOf(a, c, "decisions", decision)
		if err != nil {
			return err
		}
		if row.State != "needs_review" {
			return &Fault{Code: "not_waiting_for_review"}
		}
		state := "returned"
		if confirm {
			state = "confirmed"
		}
		if !confirm && len([]rune(strings.TrimSpace(reasons))) < 10 {
			return &Fault{Code: "reasons", Field: "reasons"}
		}
		if _, err := a.Apply(registry.Write{Register: "decisions", ID: decision, Base: row.Version, Action: access.Review, Place: registry.Place{State: state},
			Values: registry.Values{"reviewer": sub.User, "reviewed_at": a.Meta.At, "review_reasons": reasons}}); err != nil {
			return err
		}
		a.Detail("decision", state)
		if confirm && row.Values.String("outcome") == "neither" {
			if err := s.confirmNegative(a, c); err != nil {
				return err
			}
		}
		return notify(a, Notice{User: row.Owner, Kind: "review_done", Case: caseID, Object: decision})
	})
	return err
}

// confirmNegative sets the status only when no positive decision stands in the case:
// one negative about one episode does not speak for the others.
func (s *Service) confirmNegative(a *forms.Act, c *registry.Row) error {
	var positive int
	if err := a.Tx.Row("SELECT count(*) FROM r_decisions WHERE case_id = ? AND deleted = FALSE AND outcome IN ('trafficking', 'both')", c.ID).Scan(&positive); err != nil && err != store.ErrNone {
		return err
	}
	if positive > 0 {
		return nil
	}
	_, err := a.Apply(registry.Write{Register: "cases", ID: c.ID, Values: registry.Values{"trafficking_status": "NotAVictimOfTrafficking", "trafficking_status_by": "Other"}}.Follows())
	return err
}
