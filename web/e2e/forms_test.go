package e2e

import (
	"bytes"
	"encoding/base64"
	"fmt"
	"io"
	"mime/multipart"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"

	"aman/forms/xlsform"
)

// The form of a field manager: first with a fault, then mended, then in a second version.
const surveyForm = `
| survey | | | | | | | | | |
| | type | name | label::English (en) | label::Urdu (ur) | label::Bahasa Indonesia (id) | required | relevant | constraint | bind::aman:class |
| | date | day | Day | دن | Hari | yes | | | |
| | geopoint | place | Where | کہاں | Di mana | | | | sensitive |
| | text | name | Name | نام | Nama | | | | |
| | integer | age | Age | عمر | Umur | yes | | . > 0 and . < 120 | |
| | begin group | trip | The trip | سفر | Perjalanan | | ${age} >= 18 | | |
| | select_multiple need | needs | Needs | ضرورتیں | Kebutuhan | | | | |
| | select_one yes_no | alone | Alone? | اکیلے؟ | Sendiri? | | selected(${needs}, 'food') | | |
| | end group | | | | | | | | |
| choices | | | | | | | | | |
| | list_name | name | label::English (en) | label::Urdu (ur) | label::Bahasa Indonesia (id) | | | | |
| | need | food | Food | خوراک | Makanan | | | | |
| | need | water | Water | پانی | Air | | | | |
| | yes_no | yes | Yes | ہاں | Ya | | | | |
| | yes_no | no | No | نہیں | Tidak | | | | |
| settings | | | | | | | | | |
| | form_id | form_title | version | namespaces | | | | | |
| | border_needs | Needs at the border | 1 | aman="http://aman.example/xforms" | | | | | |
`

func formFile(t *testing.T, name, body string) string {
	t.Helper()
	file := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(file, []byte(body), 0o600); err != nil {
		t.Fatal(err)
	}
	return file
}

func surveyAnswer(i int, version string) string {
	needs := []string{"food", "water", "food water", ""}[i%4]
	return fmt.Sprintf(`<data id="border_needs" version="%s"><day>2026-03-%02d</day><place>%.3f %.3f 0 5</place><name>Zarmina Farzinam</name><age>%d</age><trip><needs>%s</needs></trip><meta><instanceID>uuid:5f0c0000-0000-4000-8000-0000000000%02d</instanceID></meta></data>`,
		version, 1+i, 31.5+float64(i)/10, 74.3+float64(i%3), 18+3*i, needs, i)
}

// postAnswer posts an answer as ODK Collect does.
func postAnswer(t *testing.T, server, xml string) {
	t.Helper()
	var body bytes.Buffer
	m := multipart.NewWriter(&body)
	part, _ := m.CreatePart(map[string][]string{"Content-Disposition": {`form-data; name="xml_submission_file"; filename="form.xml"`}, "Content-Type": {"text/xml"}})
	io.WriteString(part, xml)
	m.Close()
	resp, text := post(t, server+"/submission", m.FormDataContentType(), &body)
	if resp.StatusCode != http.StatusCreated {
		t.Fatal(resp.Status, text)
	}
}

func (b *browser) choose(selector, file string) {
	b.t.Helper()
	b.run(chromedp.SetUploadFiles(selector, []string{file}))
}

func TestFormsEnglish(t *testing.T)    { formsWay(t, "en") }
func TestFormsUrdu(t *testing.T)       { formsWay(t, "ur") }
func TestFormsIndonesian(t *testing.T) { formsWay(t, "id") }

// formsWay goes from a broken spreadsheet to a file of answers.
func formsWay(t *testing.T, lang string) {
	s := newSite(t)
	s.allow(t, s.FieldManager, s.Enumerator, s.Caseworker)
	say := func(key string, args ...any) string { return texts(t).T(lang, key, args...) }
	b := s.open(t, lang, "field")
	b.signIn(s.FieldManager)
	b.goTo("/forms")
	b.sees(say("forms.sample"))
	b.look("forms-empty")

	b.goTo("/forms/new")
	b.sees(say("forms.project.first"))
	b.set("name", "Border posts")
	b.press("main form.form button.button")
	b.look("form-new")
	broken := strings.NewReplacer("| integer | age |", "| intejer | age |", "${age} >= 18", "${agee} >= 18").Replace(surveyForm)
	b.choose("#i-file", formFile(t, "border.md", broken))
	b.press("main form.form button.button")
	b.sees("intejer")
	b.look("form-report")
	b.choose("#i-file", formFile(t, "border.md", surveyForm))
	b.press("main form.form button.button")
	b.sees(say("done.form_draft"))
	b.sees(say("forms.report.clean"))
	b.look("form-draft")
	b.press(`a[href$="/preview?draft=1"]`)
	b.sees(say("forms.paper.only"))
	b.look("form-preview")
	b.goTo("/form/border_needs/test")
	if eval[int](b, `document.querySelectorAll(".qrcode path").length`) != 1 {
		t.Error("there is no code to scan")
	}
	b.look("form-test")

	// A phone tries the draft.
	server := eval[string](b, `document.querySelector(".secret").textContent`)
	postAnswer(t, server, surveyAnswer(1, "1"))
	b.goTo("/form/border_needs/test")
	b.sees(say("forms.tests", "n", 1))

	b.goTo("/form/border_needs/publish")
	b.sees(say("forms.publish.first"))
	b.press("main form.form button.button")
	b.sees(say("done.form_published"))
	b.look("form-published")

	phone := strings.Replace(s.device(t), "/projects/1", "/projects/2", 1)
	for i := range 12 {
		postAnswer(t, phone, surveyAnswer(i+1, "1"))
	}
	postAnswer(t, phone, strings.Replace(surveyAnswer(20, "1"), "<age>78</age>", "<age>300</age>", 1))
	b.goTo("/forms")
	b.sees("13")
	b.look("forms")
	b.goTo("/form/border_needs/answers")
	b.sees(say("answers.count", "n", 13))
	b.sees(say("answers.fit.no"))
	b.seesNot("Zarmina")
	b.look("form-answers")
	b.goTo("/form/border_needs/answers?fit=no")
	b.press("main table a")
	b.sees(say("answers.hidden"))
	b.seesNot("Zarmina")
	b.look("form-answer")
	b.goTo(strings.TrimPrefix(b.address(), s.url) + "?names=1")
	b.sees("Zarmina")
	b.run(chromedp.SetValue("#i-text", "Called back."))
	b.press(`main form:has(textarea) button`)
	b.sees("Called back.")
	b.press(`button[value=approved]`)
	b.sees(say("answers.review.approved"))
	b.look("form-answer-approved")
	b.run(chromedp.Evaluate[chromedp.Void](`document.querySelectorAll("details").forEach(d => d.open = true)`))
	b.press("main button.danger")
	b.sees(say("answers.deleted.lead"))
	b.sees(say("answers.count", "n", 1))
	b.press("main table button")
	b.sees(say("done.answer_restored"))
	b.goTo("/form/border_needs/charts")
	b.sees(say("answers.small"))
	b.look("form-charts")
	b.goTo("/form/border_needs/map")
	if n := eval[int](b, `document.querySelectorAll(".map .dot").length`); n < 3 {
		t.Errorf("%d dots on the map", n)
	}
	b.look("form-map")
	b.press(".map a")
	b.goTo("/form/border_needs/export")
	b.look("form-export")
	get := func(fields string) (string, string) {
		got := eval[[]string](b, fmt.Sprintf(`fetch("/form/border_needs/export", {method: "POST", headers: {"Content-Type": "application/x-www-form-urlencoded"}, body: %q}).then(async r => [r.headers.get("content-type"), await r.text()])`, fields))
		return got[0], got[1]
	}
	kind, csv := get("format=csv&paths=1")
	if !strings.HasPrefix(kind, "text/csv") || !strings.Contains(csv, "trip-needs") || strings.Contains(csv, "Zarmina") || strings.Count(csv, "\n") != 14 {
		t.Errorf("%s %s", kind, csv)
	}
	if _, page := get("format=csv&names=1"); !strings.Contains(page, say("answers.fault.purpose")) {
		t.Error("names are given without a reason")
	}
	if _, csv = get("format=csv&names=1&purpose=quality&labels=1&in=Urdu+(ur)"); strings.Count(csv, "Zarmina") != 13 || !strings.Contains(csv, "خوراک") {
		t.Error(csv)
	}
	book := eval[string](b, `fetch("/form/border_needs/export", {method: "POST", headers: {"Content-Type": "application/x-www-form-urlencoded"}, body: "format=xlsx"}).then(r => r.bytes()).then(b => b.toBase64())`)
	if _, err := xlsform.Read(decode(t, book), "x.xlsx"); err != nil {
		t.Error(err)
	}

	// The next version drops a question.
	next := strings.NewReplacer("| 1 | aman=", "| 2 | aman=", "| | text | name | Name | نام | Nama | | | | |\n", "").Replace(surveyForm)
	b.goTo("/form/border_needs")
	b.run(chromedp.Evaluate[chromedp.Void](`document.querySelectorAll("details").forEach(d => d.open = true)`))
	b.choose("#i-file", formFile(t, "border.md", next))
	b.press("main form.form button.quiet")
	b.goTo("/form/border_needs/publish")
	b.sees(say("forms.changes.breaks", "n", 1))
	b.look("form-publish")
	b.press("main form.form button.button")
	b.sees(say("done.form_published"))
	b.goTo("/form/border_needs/changes?from=1")
	b.sees(say("forms.change.removed"))

	// Others see none of it.
	other := s.open(t, lang, "case")
	other.signIn(s.Caseworker)
	for _, path := range []string{"/forms", "/form/border_needs/answers", "/form/border_needs/export", "/form/border_needs/test", "/form/border_needs/publish"} {
		if status := other.status(path); status != http.StatusNotFound {
			t.Errorf("a caseworker gets %d at %s", status, path)
		}
	}
}

func decode(t *testing.T, s string) []byte {
	t.Helper()
	b, err := base64.StdEncoding.DecodeString(s)
	if err != nil {
		t.Fatal(err)
	}
	return b
}
