package e2e

import (
	"bytes"
	"context"
	"encoding/csv"
	"fmt"
	"mime/multipart"
	"net/http"
	"os"
	"regexp"
	"strings"
	"testing"

	"aman/casework"
	"aman/platform/access"
	"aman/platform/audit"
	"aman/platform/store"
	"aman/registry"
)

// The person of the journey, plainly invented.
const first, second = "Gulmina", "Namunazai"

// submission is a filled HTCDS form as ODK Collect posts it.
func submission(instance, first string) (string, *bytes.Buffer) {
	xml := fmt.Sprintf(`<?xml version='1.0' ?><data id="htcds_xlsform" version="vSmt4GQA3C9uBMLPEVfgND"><start>2026-03-31T11:00:00.000+05:00</start><end>2026-03-31T11:40:00.000+05:00</end><con_Consent>TRUE</con_Consent><prs_Salutation /><prs_First_Name>%s</prs_First_Name><prs_Second_Name>%s</prs_Second_Name><prs_Birthdate>2006-05-02</prs_Birthdate><prs_Gender>Feminine</prs_Gender><prs_Citizenship>AF</prs_Citizenship><prs_MobilePhone>0300 0000000</prs_MobilePhone><vic_MethodOfRecruitment>ThroughFriendsOrSocialEvents</vic_MethodOfRecruitment><vic_TraffickingStatus>PossibleVictimOfTrafficking</vic_TraffickingStatus><vic_Methods_of_Control>WithholdsDocuments DebtBondage </vic_Methods_of_Control><vic_TypeOfExploitation>ForcedLabour</vic_TypeOfExploitation><cas_IncomingReferralDetails>Came with the bus from the border.</cas_IncomingReferralDetails><__version__>vSmt4GQA3C9uBMLPEVfgND</__version__><meta><instanceID>%s</instanceID></meta></data>`, first, second, instance)
	var body bytes.Buffer
	m := multipart.NewWriter(&body)
	part, _ := m.CreatePart(map[string][]string{"Content-Disposition": {`form-data; name="xml_submission_file"; filename="form.xml"`}, "Content-Type": {"text/xml"}})
	part.Write([]byte(xml))
	m.Close()
	return m.FormDataContentType(), &body
}

// device gives the enumerator's phone a token and returns the server address for Collect.
func (s *site) device(t *testing.T) string {
	t.Helper()
	var token string
	err := s.Node.Store.Write(context.Background(), func(tx *store.Tx) (err error) {
		_, token, err = s.Node.SignIn.NewDevice(tx, s.Enumerator.User, s.Office, "test phone")
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return s.url + "/v1/key/" + token + "/projects/1"
}

func TestJourneyEnglish(t *testing.T) { journey(t, "en") }
func TestJourneyUrdu(t *testing.T)    { journey(t, "ur") }

// TestJourneyIndonesian goes a shorter way: every page once.
func TestJourneyIndonesian(t *testing.T) { journey(t, "id") }

func journey(t *testing.T, lang string) {
	s := newSite(t)
	s.allow(t, s.Caseworker, s.Supervisor, s.Shelter, s.Third, s.DataOfficer, s.Admin)
	say := func(key string, args ...any) string { return texts(t).T(lang, key, args...) }
	label := func(list, code string) string { return s.Node.Catalog.Lists[list].Label(code, lang) }

	// An earlier record of the same person, spelt another way.
	earlier, err := s.Node.Casework.Open(context.Background(), s.Caseworker, casework.Opening{PersonValues: registry.Values{"first_name": "Gul Meena", "second_name": "Namuna Zai", "sex": "female", "age_band": "18--20"}})
	if err != nil {
		t.Fatal(err)
	}

	// 1. The interview is posted twice: 201 both times, one record.
	server := s.device(t)
	resp, err := http.Head(server + "/submission")
	if err != nil || resp.StatusCode != http.StatusNoContent || resp.Header.Get("X-OpenRosa-Version") != "1.0" {
		t.Fatalf("HEAD /submission: %v %v", resp, err)
	}
	for range 2 {
		kind, body := submission("uuid:11111111-2222-3333-4444-555555555555", first)
		if resp, text := post(t, server+"/submission", kind, body); resp.StatusCode != http.StatusCreated {
			t.Fatalf("the submission was answered %d: %s", resp.StatusCode, text)
		}
	}
	kind, body := submission("uuid:11111111-2222-3333-4444-555555555555", "Other")
	if resp, _ := post(t, server+"/submission", kind, body); resp.StatusCode != http.StatusConflict {
		t.Errorf("the same instance with other answers was answered %d, want 409", resp.StatusCode)
	}

	// 2. It waits in the intake of the right office; she opens it and joins the earlier record or makes a new person.
	cw := s.open(t, lang, "caseworker")
	cw.signIn(s.Caseworker)
	cw.look("home")
	cw.goTo("/intake")
	cw.look("intake")
	if n := eval[int](cw, `document.querySelectorAll("main .pill.received").length`); n != 1 {
		t.Errorf("%d interviews wait, want the one that was sent twice", n)
	}
	cw.press(`main a[href^="/intake/"]`)
	cw.look("interview")
	cw.sees(say("match.phonetic"))
	cw.seesNot("Gul Meena") // of the earlier record only what agrees is told, not the name
	cw.set("person", "")
	cw.set("risk_level", "high")
	cw.press(`main form[action$="/open"] button.button`)
	cw.sees(say("done.open"))
	caseID := regexp.MustCompile(`/cases/([0-9a-f-]{36})`).FindStringSubmatch(cw.address())[1]
	if caseID == earlier {
		t.Fatal("the new case is the earlier one")
	}
	cw.sees(label("exploitation_type", "ForcedLabour"))
	cw.seesNot(first)
	casePath := "/cases/" + caseID

	// 3. Consent per purpose, two legs and an exploitation, findings, a decision, a review.
	cw.goTo(casePath + "/do/consent")
	cw.look("consent")
	consent := func(purpose, given, receiver string, groups ...string) {
		t.Helper()
		cw.goTo(casePath + "/do/consent")
		cw.set("purpose", purpose)
		cw.set("given", given)
		cw.set("receiver", receiver)
		for _, g := range groups {
			cw.set("groups", g)
		}
		cw.set("checks", "refusal_free")
		cw.set("checks", "sharing_explained")
		cw.submit()
		cw.sees(say("done.consent"))
	}
	cw.set("purpose", "partner")
	cw.set("given", "yes")
	cw.set("checks", "refusal_free")
	cw.submit()
	cw.sees(say("fault.consent_receiver")) // what was typed is still there, the field is named
	consent("assist", "yes", "")
	consent("statistics", "yes", "")
	consent("partner", "yes", s.Shelter.Org, "identity", "needs")
	consent("law_enforcement", "no", s.Third.Org)
	episode := func(kind, from, to, date string, more func()) {
		t.Helper()
		cw.goTo(casePath + "/do/episode")
		cw.set("kind", kind)
		cw.set("from_country", from)
		cw.set("to_country", to)
		cw.set("started_on", date)
		if more != nil {
			more()
		}
		cw.submit()
		cw.sees(say("done.episode"))
	}
	episode("Transit", "AFG", "PAK", "2026-01-05", nil)
	episode("Transit", "PAK", "IRN", "2026-01-20", func() { cw.set("fact:turning.documents_taken", "yes") })
	episode("Exploitation", "", "IRN", "2026-02-01", func() {
		cw.set("exploitation_types", "ForcedLabour")
		cw.set("methods_of_control", "WithholdsDocuments")
		for _, f := range []string{"act.recruitment", "means.deception", "purpose.forced_labour"} {
			cw.set("fact:"+f, "yes")
		}
		cw.look("episode")
	})
	cw.goTo(casePath)
	cw.look("case")
	standard := func(id string) string {
		std, ok := s.Node.Library.Standard(id)
		if !ok {
			t.Fatalf("there is no standard %s", id)
		}
		return std.Title.In(lang)
	}
	eval[int](cw, `document.querySelectorAll("details").forEach(d => d.open = true), 0`)
	cw.sees(standard("palermo-trafficking"))
	cw.sees(standard("iom-assistance"))
	cw.look("case-open")
	episodes := rowIDs(t, s, "episodes", caseID)
	decide := func(n int, outcome, reasons string) {
		t.Helper()
		cw.goTo(casePath + "/do/decide?of=" + episodes[n])
		cw.set("standard", "palermo-trafficking")
		cw.set("outcome", outcome)
		cw.set("reasons", reasons)
		cw.submit()
	}
	cw.goTo(casePath + "/do/decide?of=" + episodes[2])
	cw.look("decide")
	decide(2, "trafficking", "")
	cw.sees(say("done.decide"))
	decide(0, "neither", "")
	cw.sees(say("fault.reasons"))
	decide(0, "neither", "This leg alone shows no act for exploitation.")
	cw.sees(label("decision_state", "needs_review"))
	su := s.open(t, lang, "supervisor")
	su.signIn(s.Supervisor)
	su.goTo("/overview")
	su.press(`main a[href*="/do/review"]`)
	su.look("review")
	su.set("confirm", "yes")
	su.submit()
	su.sees(label("decision_state", "confirmed"))

	// 4. Two services, one referred; the shelter sees the need and no story, then what was agreed.
	for _, service := range []string{"shelter", "legal_aid"} {
		cw.goTo(casePath + "/do/plan")
		cw.set("service", service)
		cw.set("due_on", "2026-04-10")
		cw.submit()
		cw.sees(say("done.plan"))
	}
	services := rowIDs(t, s, "services", caseID)
	cw.goTo(casePath + "/do/refer?of=" + services[0])
	cw.look("refer")
	cw.set("urgency", "days")
	cw.set("needs", "interpreter")
	cw.submit()
	cw.sees(say("done.refer"))
	referral := rowIDs(t, s, "referrals", caseID)[0]
	sh := s.open(t, lang, "shelter")
	sh.signIn(s.Shelter)
	sh.look("home")
	sh.goTo("/referrals")
	sh.look("referrals")
	sh.press(`main a[href^="/referrals/"]`)
	sh.look("referral-before")
	sh.sees(label("sex", "female"))
	sh.sees(label("age_band", "18--20"))
	sh.seesNot(label("exploitation_type", "ForcedLabour"))
	if code := sh.status(casePath); code != http.StatusNotFound {
		t.Errorf("before accepting, the shelter's look at the case was answered %d, want 404", code)
	}
	sh.press(`main button[value="accept"]`)
	sh.sees(say("done.accepted"))
	sh.look("referral-accepted")
	sh.goTo(casePath)
	sh.look("shared-case")
	sh.sees(say("case.shared_view"))
	sh.seesNot(label("exploitation_type", "ForcedLabour"))
	sh.seesNot(label("consent_purpose", "law_enforcement"))
	sh.press(`main a[href*="/unseal/people/"]`)
	sh.look("unseal")
	sh.set("reason", "contact")
	sh.press("main form.form button.button")
	sh.sees(first)
	sh.goTo("/referrals/" + referral)
	sh.set("outcome", "met")
	sh.press(`main button[value="complete"]`)
	sh.sees(say("done.completed"))
	cw.goTo(casePath)
	cw.sees(label("service_outcome", "met"))
	third := s.open(t, lang, "third")
	third.signIn(s.Third)
	for _, path := range []string{casePath, "/referrals/" + referral, casePath + "/do/plan", casePath + "/unseal/people/" + referral} {
		if code := third.status(path); code != http.StatusNotFound {
			t.Errorf("the third organisation's look at %s was answered %d, want 404", path[:12], code)
		}
	}
	third.goTo("/cases")
	third.sees(say("cases.empty"))
	if n := refusals(t, s, s.Third, caseID); n < 3 {
		t.Errorf("%d refusals of the third organisation are in the audit log, want each of them", n)
	}

	// 5. The supervisor's page.
	su.goTo("/overview")
	su.look("overview")
	su.sees(say("overview.caseload"))

	// 6. A table with minimum cell 11, in the ledger.
	crowd(t, s)
	do := s.open(t, lang, "dataofficer")
	do.signIn(s.DataOfficer)
	do.goTo("/tables")
	do.look("tables")
	do.submit()
	do.sees(say("done.table"))
	do.look("release")
	release := regexp.MustCompile(`/releases/([0-9a-f-]{36})`).FindStringSubmatch(do.address())[1]
	checkTable(t, s, release)
	do.goTo("/releases")
	do.look("releases")
	if code := do.status(casePath); code != http.StatusNotFound {
		t.Errorf("the data officer's look at a case was answered %d, want 404", code)
	}

	// 7. The person withdraws consent for the shelter; then asks for erasure.
	consents := map[string]string{}
	for _, id := range rowIDs(t, s, "consents", caseID) {
		var receiver string
		read(t, s, func(tx *store.Tx) error {
			return tx.Row("SELECT coalesce(receiver, '') FROM r_consents WHERE id = ?", id).Scan(&receiver)
		})
		consents[receiver] = id
	}
	cw.goTo(casePath + "/do/withdraw?of=" + consents[s.Shelter.Org])
	cw.look("withdraw")
	cw.submit()
	cw.sees(say("done.withdraw"))
	if code := sh.status(casePath); code != http.StatusNotFound {
		t.Errorf("after the withdrawal the shelter's look at the case was answered %d, want 404", code)
	}
	sh.goTo("/")
	sh.sees(say("notice.consent_withdrawn"))
	su.goTo(casePath + "/erase")
	su.look("erase")
	var code string
	read(t, s, func(tx *store.Tx) error { return tx.Row("SELECT code FROM r_cases WHERE id = ?", caseID).Scan(&code) })
	su.set("sure", code)
	su.press("main form.form button.danger")
	su.sees(say("erase.done"))
	su.look("receipt")
	erased(t, s, caseID)

	// The other pages of an office.
	for _, path := range []string{"/cases", "/cases/new", "/cases/emergency", "/account", "/account/password", "/flows", casePath} {
		cw.goTo(path)
		cw.look("page" + strings.NewReplacer("/", "-", "?", "-", caseID, "erased").Replace(path))
	}
	cw.goTo("/cases")
	cw.set("q", "Gul Meena")
	cw.press(`main form[method="post"] button`)
	cw.look("search")
	cw.sees(say("match.exact"))
	if strings.Contains(cw.address(), "Gul") {
		t.Error("the name that was searched for stands in the address")
	}
	ad := s.open(t, lang, "admin")
	ad.signIn(s.Admin)
	for _, path := range []string{"/admin", "/admin/users/new", "/admin/orgs/new", "/admin/offices/new"} {
		ad.goTo(path)
		ad.look("page" + strings.ReplaceAll(path, "/", "-"))
	}
	if logged := s.logs.String(); strings.Contains(logged, first) || strings.Contains(logged, second) || strings.Contains(logged, caseID) {
		t.Error("the log holds a name or the id of a case")
	}
	if os.Getenv("AMAN_SHOTS") != "" {
		t.Log("pictures are in the folder named by AMAN_SHOTS")
	}
}

func read(t *testing.T, s *site, f func(*store.Tx) error) {
	t.Helper()
	if err := s.Node.Store.Read(context.Background(), f); err != nil {
		t.Fatal(err)
	}
}

// rowIDs gives the rows of a case in the order they were made.
func rowIDs(t *testing.T, s *site, register, caseID string) (ids []string) {
	t.Helper()
	read(t, s, func(tx *store.Tx) (err error) {
		ids, err = tx.Strings("SELECT id FROM r_"+register+" WHERE case_id = ? ORDER BY created_at, id", caseID)
		return err
	})
	if len(ids) == 0 {
		t.Fatalf("the case has no %s", register)
	}
	return ids
}

func refusals(t *testing.T, s *site, sub access.Subject, caseID string) (n int) {
	t.Helper()
	read(t, s, func(tx *store.Tx) error {
		list, err := s.Node.Audit.ForActor(tx, sub.User, audit.Page{Most: 100})
		for _, e := range list {
			if e.Outcome == audit.Refused {
				n++
			}
		}
		return err
	})
	return n
}

// crowd adds cases that agreed to be counted, so that the table has something to show
// and something to withhold.
func crowd(t *testing.T, s *site) {
	t.Helper()
	ctx := context.Background()
	add := func(n int, sex, band, kind string) {
		for range n {
			id, err := s.Node.Casework.Open(ctx, s.Caseworker, casework.Opening{PersonValues: registry.Values{"sex": sex, "age_band": band}, CaseValues: registry.Values{"exploitation_types": []string{kind}}})
			if err != nil {
				t.Fatal(err)
			}
			if _, err := s.Node.Casework.RecordConsent(ctx, s.Caseworker, id, casework.Consent{Purpose: "statistics", Given: true, Checks: []string{"refusal_free"}}); err != nil {
				t.Fatal(err)
			}
		}
	}
	add(14, "female", "18--20", "ForcedLabour")
	add(13, "male", "30--38", "ForcedLabour")
	add(12, "female", "18--20", "SexualExploitation")
	add(3, "male", "18--20", "SexualExploitation")
}

// checkTable reads the released table and sees that no cell under 11 is in it or follows
// from it: with one withheld cell in a row of a known total it would.
func checkTable(t *testing.T, s *site, id string) {
	t.Helper()
	ctx := context.Background()
	var buf bytes.Buffer
	withheld := 0
	err := s.Node.Store.Read(ctx, func(tx *store.Tx) error {
		e, err := s.Node.Release.Get(tx, s.DataOfficer, id)
		if err != nil {
			return err
		}
		w := csv.NewWriter(&buf)
		for c := range e.Published.Public().Cells() {
			if c.Withheld() {
				withheld++
			} else if c.Count > 0 && c.Count < 11 {
				t.Errorf("a cell of %d is shown", c.Count)
			}
			w.Write(c.Codes)
		}
		w.Flush()
		return derivable(ctx, t, e.Published)
	})
	if err != nil {
		t.Fatal(err)
	}
	if withheld < 2 {
		t.Errorf("%d cells are withheld, want the small ones and those that protect them", withheld)
	}
}

// erased searches the database, its files and a restored copy for the name.
func erased(t *testing.T, s *site, caseID string) {
	t.Helper()
	var person string
	read(t, s, func(tx *store.Tx) error {
		return tx.Row("SELECT person_id FROM r_cases WHERE id = ?", caseID).Scan(&person)
	})
	sub := s.Now(s.Supervisor)
	if v, err := s.Node.Registry.Unseal(context.Background(), sub, "people", person, []string{"first_name"}, "contact"); err == nil {
		t.Errorf("the name can still be unsealed (%d values)", len(v))
	}
	var found []registry.Match
	read(t, s, func(tx *store.Tx) (err error) {
		found, err = s.Node.Registry.Similar(tx, sub, "people", map[string]string{"first_name": first, "second_name": second}, 20)
		return err
	})
	for _, m := range found {
		if m.ID == person {
			t.Error("the erased person is still found by name")
		}
	}
}
