package release_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"log/slog"
	"regexp"
	"slices"
	"strings"
	"testing"

	"aman/node/nodetest"
	"aman/platform/store"
	"aman/release"
)

// varies are what two runs over the same rows differ in: ids, times, hashes and what is noisy.
var varies = regexp.MustCompile(`[0-9a-f]{8}-[0-9a-f-]{27}|[0-9a-f]{64}|\d{4}-\d\d-\d\d[T ][0-9:.]+Z?|\d{4}/\d\d/\d\d [0-9:]+`)

// seen tells what anybody but a data officer can see of a release with noise: the plan's public half, every error and
// log line, every note of the job, the audit log, and the shape of the folder. n people agreed, one of them odd.
func seen(t *testing.T, n int) string {
	t.Helper()
	var logs bytes.Buffer
	old := slog.Default()
	slog.SetDefault(slog.New(slog.NewTextHandler(&logs, nil)))
	defer slog.SetDefault(old)
	w := nodetest.New(t, "")
	s := w.Node.Release
	open(t, w, max(0, n-1), true, "female", "ForcedLabour")
	if n > 0 {
		open(t, w, 1, true, "other", "OrganRemoval")
	}
	var out strings.Builder
	say := func(what string, v any) {
		b, err := json.Marshal(v)
		ok(t, err)
		fmt.Fprintf(&out, "%s: %s\n", what, b)
	}
	// w.Clock must stand alike in both worlds for what is written down, so times are cut out below.
	id, plan := planned(t, w, noisy)
	plan.Inside = nil
	lengths := len(plan.Predicted)
	plan.Predicted = nil
	say("plan", plan)
	say("predicted lengths", lengths)
	say("approve a draft", fmt.Sprint(s.Approve(bg, w.Approver, id)))
	ok(t, s.Submit(bg, w.DataOfficer, id))
	say("approve without a budget", fmt.Sprint(s.Approve(bg, w.Approver, id)))
	ok(t, s.SetBudget(bg, w.Approver, "cases", 5, 0))
	ok(t, s.Approve(bg, w.Approver, id))
	r := worked(t, w, id)
	say("state", []any{r.State, r.Fault, r.Attempts})
	say("budget", budget(t, w).Spent)
	var notes []string
	ok(t, w.Node.Store.Read(bg, func(tx *store.Tx) error {
		st, err := w.Node.Jobs.Get(tx, r.Job)
		if err != nil {
			return err
		}
		notes = []string{st.State, st.Error, string(st.Result)}
		audited, err := tx.Strings("SELECT action || ' ' || detail FROM audit WHERE register = 'releases' ORDER BY seq")
		notes = append(notes, audited...)
		return err
	}))
	say("job and audit", notes)
	folder, err := s.Folder(bg, w.DataOfficer, id)
	ok(t, err)
	var names []string
	for _, f := range folder {
		names = append(names, f.Name)
	}
	say("files", names)
	csv, _ := folder.File("data/microdata.csv")
	head, _, _ := strings.Cut(string(csv), "\n")
	say("columns", head)
	body, _ := folder.File("manifest.json")
	var m map[string]any
	ok(t, json.Unmarshal(body, &m))
	say("manifest", shape("", m))
	over, err := s.Draft(bg, w.DataOfficer, noisy)
	ok(t, err)
	say("submit unplanned", fmt.Sprint(s.Submit(bg, w.DataOfficer, over)))
	_, err = s.Plan(bg, w.DataOfficer, over)
	ok(t, err)
	ok(t, s.Submit(bg, w.DataOfficer, over))
	say("approve too much", fmt.Sprint(s.Approve(bg, w.Approver, over)))
	say("log", logs.String())
	return varies.ReplaceAllString(out.String(), "…")
}

// shape lists the keys of a JSON value and what kind each is. What the choice of tables leads to is noisy, so
// lists are shown by their first element.
func shape(at string, v any) (out []string) {
	switch x := v.(type) {
	case map[string]any:
		for k, inner := range x {
			out = append(out, shape(at+"/"+k, inner)...)
		}
	case []any:
		if len(x) > 0 {
			out = append(out, shape(at+"[]", x[0])...)
		}
	default:
		out = []string{fmt.Sprintf("%s %T", at, v)}
	}
	slices.Sort(out)
	return out
}

// Two stores that differ in one person look the same from outside, also when that person is the only one.
func TestNeighbours(t *testing.T) {
	for _, n := range []int{0, 12} {
		a, b := seen(t, n), seen(t, n+1)
		if a != b {
			la, lb := strings.Split(a, "\n"), strings.Split(b, "\n")
			for i := range min(len(la), len(lb)) {
				if la[i] != lb[i] {
					t.Errorf("%d people and %d:\n%s\n%s", n, n+1, la[i], lb[i])
				}
			}
		}
		if !strings.Contains(a, release.Released) {
			t.Errorf("nothing was released: %s", a)
		}
	}
}
