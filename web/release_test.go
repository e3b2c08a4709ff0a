package web

import (
	"strings"
	"testing"

	"aman/platform/i18n"
	"aman/release"
	"aman/release/dp"
)

func TestBudgetBar(t *testing.T) {
	texts, err := Texts()
	if err != nil {
		t.Fatal(err)
	}
	b := release.Budget{Set: true, Total: 1000, Spent: 300, Left: 700}
	for lang, x := range map[string]string{"en": `<rect class="this" x="180.0"`, "ur": `<rect class="this" x="300.0"`} {
		p := &Page{Lang: lang, Dir: i18n.Direction(lang), srv: &Server{texts: texts}}
		v := p.budgetView(b, 200, false)
		if v.Spent != 30 || v.This != 20 || v.Left != 50 || v.Over || !strings.Contains(string(v.Bar), x) {
			t.Errorf("%s: %+v", lang, v)
		}
		if !p.budgetView(b, 701, false).Over || p.budgetView(b, dp.Rho(700), false).Over {
			t.Errorf("%s: what does not fit and what just fits are not told apart", lang)
		}
		if v := p.budgetView(b, 300, true); v.This != 0 || v.Left != 70 || v.Over {
			t.Errorf("%s: a release that is made counts twice: %+v", lang, v)
		}
		if v := p.budgetView(release.Budget{}, 1, false); v.Bar != "" {
			t.Errorf("%s: a bar without a budget", lang)
		}
	}
}

// Every fault and every state that the service can give has words.
func TestReleaseWords(t *testing.T) {
	texts, err := Texts()
	if err != nil {
		t.Fatal(err)
	}
	for _, state := range release.States {
		if !texts.Has(stateTexts[state]) {
			t.Errorf("the state %s has no words", state)
		}
	}
	for _, code := range []string{release.FaultCancelled, release.FaultInterrupted, release.FaultBudget, release.FaultRisk, release.FaultEarlier, release.FaultFew, release.FaultRefused, release.FaultOther,
		"profile", "period", "title", "path", "columns", "epsilon", "delta", "length", "k", "expect", "where", "unplanned", "words", "no_budget", "over_budget"} {
		if !texts.Has(publishFaults[code]) {
			t.Errorf("the fault %s has no words", code)
		}
	}
	for act, done := range publishDone {
		if !texts.Has("done." + done) {
			t.Errorf("the act %s leaves no sentence", act)
		}
	}
}
