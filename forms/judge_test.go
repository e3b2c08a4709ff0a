package forms_test

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"aman/casework"
	"aman/forms"
	"aman/forms/xform"
	"aman/node/nodetest"
	"aman/platform/store"
)

var ctx = context.Background()

func ok(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// interview is a filled HTCDS form.
func interview(id, answers string) []byte {
	return fmt.Appendf(nil, `<data id="htcds_xlsform" version="vSmt4GQA3C9uBMLPEVfgND">%s<__version__>vSmt4GQA3C9uBMLPEVfgND</__version__><meta><instanceID>uuid:%s</instanceID></meta></data>`, answers, id)
}

// A submission that does not fit its form is kept, acknowledged, marked with what is wrong
// without an answer in it, waits in the queue, and a case can be opened of it.
func TestWhatDoesNotFitIsKept(t *testing.T) {
	nodetest.Each(t, func(t *testing.T, w *nodetest.World) {
		n := w.Node
		bad := interview("bad", "<prs_First_Name>Zarmina</prs_First_Name><prs_Birthdate>in spring</prs_Birthdate><prs_Citizenship>Atlantis</prs_Citizenship><extra>1</extra>")
		res, err := n.Forms.Receive(ctx, w.Now(w.Enumerator), bad, nil)
		ok(t, err)
		if res.State != forms.Quarantined || res.Duplicate {
			t.Fatalf("%+v", res)
		}
		if res, err = n.Forms.Receive(ctx, w.Now(w.Enumerator), bad, nil); err != nil || !res.Duplicate || res.State != forms.Quarantined {
			t.Errorf("sent again: %+v %v", res, err)
		}
		res, err = n.Forms.Receive(ctx, w.Now(w.Enumerator), interview("good", "<prs_Birthdate>2001-04-01</prs_Birthdate><prs_Citizenship>AF</prs_Citizenship>"), nil)
		ok(t, err)
		if res.State != forms.Received {
			t.Errorf("a good one: %+v", res)
		}

		var queue []forms.Head
		ok(t, n.Store.Read(ctx, func(tx *store.Tx) (err error) {
			queue, err = n.Forms.Queue(tx, w.Caseworker, 10, 0, forms.Quarantined)
			return err
		}))
		if len(queue) != 1 || queue[0].Instance != "uuid:bad" {
			t.Fatalf("queue %+v", queue)
		}
		want := "type:/data/prs_Birthdate choice:/data/prs_Citizenship"
		if got := strings.Join(queue[0].Reasons, " "); got != want {
			t.Errorf("reasons %q, want %q", got, want)
		}
		_, kept, err := n.Forms.Open(ctx, w.Now(w.Caseworker), "uuid:bad")
		ok(t, err)
		if string(kept) != string(bad) {
			t.Error("what is kept is not what was sent")
		}
		if _, err := n.Casework.Open(ctx, w.Now(w.Caseworker), casework.Opening{Intake: "uuid:bad", Office: w.Office, Risk: "medium"}); err != nil {
			t.Errorf("a case of it: %v", err)
		}
	})
}

func TestReasonsHoldNoAnswer(t *testing.T) {
	w := nodetest.New(t, "")
	var model *xform.Model
	ok(t, w.Node.Store.Read(ctx, func(tx *store.Tx) (err error) {
		model, err = w.Node.Forms.Model(tx, "htcds_xlsform", "")
		return err
	}))
	const secret = "Marker-7731"
	var b strings.Builder
	for _, q := range model.Questions {
		fmt.Fprintf(&b, "<%s>%s</%s>", q.Name, secret, q.Name)
	}
	in, err := xform.ParseInstance(interview("s", b.String()))
	ok(t, err)
	r := forms.Judge(model, in, w.Clock.Now())
	if r.Fits() {
		t.Fatal("it fits")
	}
	if strings.Contains(fmt.Sprintf("%+v", r), secret) {
		t.Error("an answer is in the report")
	}
}

// A form is compiled once, however many ask for it at once.
func TestModelIsTheSame(t *testing.T) {
	w := nodetest.New(t, "")
	got := make(chan *xform.Model, 8)
	for range cap(got) {
		go func() {
			_ = w.Node.Store.Read(ctx, func(tx *store.Tx) error {
				m, err := w.Node.Forms.Model(tx, "htcds_xlsform", "")
				got <- m
				return err
			})
		}()
	}
	first := <-got
	for range cap(got) - 1 {
		if m := <-got; m == nil || m != first {
			t.Fatal("another model")
		}
	}
}

// When the check itself fails, the submission is kept for a person all the same.
func TestAFaultOfTheCheckIsNoFaultOfTheSubmission(t *testing.T) {
	in, err := xform.ParseInstance(interview("x", ""))
	ok(t, err)
	if r := forms.Judge(nil, in, time.Now()); r.Fits() || r.Failures[0].Rule != xform.Unfinished {
		t.Errorf("%+v", r)
	}
}
