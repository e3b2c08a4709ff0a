package openrosa

import (
	"flag"
	"os"
	"strings"
	"testing"
	"time"

	"aman/forms/xform"
	"aman/forms/xpath"
	"aman/node/nodetest"
	"bytes"
)

var update = flag.Bool("update", false, "write the recorded dialogue anew")

// TestDialogue is a day of a phone: it lists the forms, fetches one with what stands beside it,
// fills it in, sends it with a photo, loses the answer and sends again, corrects it, and is told
// in Urdu what does not work. The dialogue is compared with the recorded one, byte for byte but
// for what is new each time.
func TestDialogue(t *testing.T) {
	nodetest.Each(t, func(t *testing.T, w *nodetest.World) {
		p := newPhone(t, w)
		p.publish(survey, map[string]string{"points.csv": "name,label\np1,One\np2,Two\n", "map 1.png": "\x89PNG a picture"})
		c := p.collect()

		f := p.seen(c, surveyID, "?formID=a+form%2F%C3%A9")
		definition, err := c.fetch(f)
		p.must(err)
		files, err := c.files(f)
		p.must(err)
		p.check("files", len(files), 2)

		model, err := xform.Compile(definition, xform.Options{External: func(source string) (*xpath.Node, error) {
			for _, m := range files {
				if strings.HasSuffix(source, "/"+m.Filename) && strings.HasSuffix(m.Filename, ".csv") {
					return xform.CSVList(bytes.NewReader(m.body))
				}
			}
			return nil, nil
		}})
		p.must(err)
		filling := model.Start(xform.Conditions{Now: time.Date(2026, 3, 31, 9, 0, 0, 0, time.UTC)})
		for path, value := range map[string]string{"/data/a": "3", "/data/point": "p2", "/data/photo": "1774947600000.jpg"} {
			p.must(filling.Set(path, value))
		}
		if r := filling.Check(); !r.Fits() {
			t.Fatalf("the filled form does not fit: %+v", r)
		}
		sent := string(filling.XML())
		id := filling.Value("/data/meta/instanceID")
		photo := upload{"1774947600000.jpg", "image/jpeg", strings.Repeat("photo", 1000)}

		for _, want := range []string{"Received and safely stored.", "This interview was here already. Nothing was changed."} {
			message, err := c.submit(sent, 0, photo)
			p.must(err)
			p.check("what the enumerator reads", message, want)
		}
		if h := p.head(id); h.State != "received" || h.FilesPresent != 1 || h.FilesExpected != 1 || h.Form != surveyID {
			t.Errorf("%+v", h)
		}
		p.check("what is kept", p.content(id), sent)

		c.lang = "ur"
		_, err = c.submit(strings.Replace(sent, "<a>3</a>", "<a>4</a>", 1), 0)
		if err == nil {
			t.Error("another answer under the same id is taken")
		}
		p.state(surveyID, "closed")
		_, err = c.submit(p.filled("uuid:after", "1"), 0)
		if err == nil {
			t.Error("a closed form takes submissions")
		}

		got := c.dialogue(p.base, "https://SERVER", p.token, "TOKEN", strings.TrimPrefix(p.base, "http://"), "SERVER", id, "INSTANCE", f.Hash, "md5:HASH-OF-THE-FORM")
		const file = "testdata/dialogue.txt"
		if *update {
			p.must(os.WriteFile(file, []byte(got), 0o644))
		}
		want, err := os.ReadFile(file)
		p.must(err)
		if got != string(want) {
			t.Errorf("the dialogue is not the recorded one (go test -run TestDialogue -update writes it anew, to be looked at):\n%s", difference(string(want), got))
		}
	})
}

// difference shows the first lines that are not the same.
func difference(want, got string) string {
	a, b := strings.Split(want, "\n"), strings.Split(got, "\n")
	for i := range max(len(a), len(b)) {
		if i >= len(a) || i >= len(b) || a[i] != b[i] {
			return "recorded: " + strings.Join(a[min(i, len(a)):min(i+3, len(a))], "\n") + "\nnow:      " + strings.Join(b[min(i, len(b)):min(i+3, len(b))], "\n")
		}
	}
	return ""
}
