package web

import (
	"context"
	"net/http"
	"strings"
	"testing"

	"aman/forms/xform"
)

// The reasons why an interview does not fit its form stand beside its answers, in the
// reader's language, and the case can be opened from the same page.
func TestAnInterviewThatDoesNotFitIsShownWithItsReasons(t *testing.T) {
	w, _, h := newSite(t, false)
	body1 := `<data id="htcds_xlsform" version="vSmt4GQA3C9uBMLPEVfgND"><prs_First_Name>Zarmina</prs_First_Name><prs_Birthdate>in spring</prs_Birthdate><prs_Citizenship>Atlantis</prs_Citizenship><extra>1</extra><meta><instanceID>uuid:misfit</instanceID></meta></data>`
	if _, err := w.Node.Forms.Receive(context.Background(), w.Now(w.Enumerator), []byte(body1), nil); err != nil {
		t.Fatal(err)
	}
	c := client(t)
	signIn(t, c, h.URL, "caseworker")
	for lang, want := range map[string][]string{
		"en": {"The answer is not among the choices.", "The answer is not of the kind that is asked for", "does not fit its form in 2 places", "The form does not have this question", `action="/intake/uuid:misfit/open"`},
		"id": {"Jawaban tidak ada dalam pilihan.", "tidak sesuai formulirnya di 2 tempat"},
		"ur": {"جواب انتخاب میں شامل نہیں۔"},
	} {
		q, err := http.NewRequest(http.MethodGet, h.URL+"/intake/uuid:misfit", nil)
		if err != nil {
			t.Fatal(err)
		}
		q.AddCookie(&http.Cookie{Name: languageCookie, Value: lang})
		r, err := c.Do(q)
		page := body(t, r, err)
		for _, text := range want {
			if !strings.Contains(page, text) {
				t.Errorf("%s: the page does not say %q", lang, text)
			}
		}
		if strings.Count(page, want[0]) < 2 {
			t.Errorf("%s: %q stands in the list or beside the answer, not in both", lang, want[0])
		}
	}
}

func TestEveryRuleHasItsText(t *testing.T) {
	texts, err := Texts()
	if err != nil {
		t.Fatal(err)
	}
	for _, rule := range xform.Rules() {
		if !texts.Has("fit." + string(rule)) {
			t.Errorf("the rule %s has no text", rule)
		}
	}
}

func TestRoundsOfAPath(t *testing.T) {
	for path, want := range map[string]string{"/data/a": "", "/data/leg[2]/at": "2", "/data/leg[2]/stop[1]/at": "2.1"} {
		if got := rounds(path); got != want {
			t.Errorf("%s: %q, want %q", path, got, want)
		}
	}
	if got := shownPath("/data/orx:meta/orx:x[2]"); got != "/data/meta/x[2]" {
		t.Error(got)
	}
}

func TestAnswersInTheWordsOfTheirChoices(t *testing.T) {
	q := xform.Question{Many: true, Options: []xform.Option{{Value: "a", Label: xform.Words{"English (en)": "Food", "Urdu (ur)": "خوراک"}}, {Value: "b", Label: xform.Words{"": "Shelter"}}}}
	if got := chosen(q, "a b x", "ur"); got != "خوراک, Shelter, x" {
		t.Error(got)
	}
	q.Many = false
	if got := chosen(q, "a", "en"); got != "Food" {
		t.Error(got)
	}
	if got := chosen(xform.Question{}, "free text, as said", "en"); got != "free text, as said" {
		t.Error(got)
	}
}
