package main

import (
	"context"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"aman/forms"
	"aman/forms/xlsform"
	"aman/node"
	"aman/platform/access"
	"aman/platform/store"
)

const exportForm = `
| survey | | | |
| | type | name | label |
| | text | who | Name |
| | select_multiple need | needs | Needs |
| choices | | | |
| | list_name | name | label |
| | need | food | Food |
| | need | water | Water |
| settings | | | |
| | form_id | form_title | version |
| | needs | Needs | 1 |
`

func TestExport(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "data")
	l := newNode(t, dir)
	l.ok("user", "add", "keeper", "--org", "country-office", "--office", "taftan", "--role", "field_manager", "--data", dir)
	answerNeeds(t, dir)

	out := l.ok("export", "needs", "--as", "keeper", "--split", "--data", dir)
	if lines := strings.Split(out, "\n"); len(lines) != 3 || !strings.HasPrefix(lines[0], "SubmissionDate,needs,needs/food,needs/water,meta-instanceID,KEY") || !strings.Contains(lines[1], ",food,1,0,uuid:") || strings.Contains(out, "Zarmina") {
		t.Error(out)
	}
	out = l.ok("export", "needs", "--as", "keeper", "--names", "--purpose", "quality", "--labels", "--data", dir)
	if !strings.Contains(out, "Zarmina") || !strings.Contains(out, "Food") {
		t.Error(out)
	}
	var list []map[string]any
	if err := json.Unmarshal([]byte(l.ok("export", "needs", "--as", "keeper", "--format", "json", "--data", dir)), &list); err != nil || len(list) != 1 {
		t.Error(err, list)
	}
	file := filepath.Join(t.TempDir(), "needs.xlsx")
	l.ok("export", "needs", "--as", "keeper", "--format", "xlsx", "--out", file, "--data", dir)
	body, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if book, err := xlsform.Read(body, file); err != nil || len(book.Sheets[0].Rows) != 1 {
		t.Error(err)
	}
	for want, args := range map[int][]string{
		exitUsage: {"export", "needs", "--as", "keeper", "--names", "--data", dir},
		exitInput: {"export", "needs", "--as", "enumerator", "--data", dir},
	} {
		if code, _, text := l.run(args...); code != want {
			t.Errorf("%v: exit %d, want %d: %s", args, code, want, text)
		}
	}
	for _, args := range [][]string{{"export", "other", "--as", "keeper"}, {"export", "needs", "--as", "nobody"}} {
		if code, _, text := l.run(append(args, "--data", dir)...); code != exitInput {
			t.Errorf("%v: exit %d: %s", args, code, text)
		}
	}
}

// answerNeeds publishes a form on a node and sends one answer to it.
func answerNeeds(t *testing.T, dir string) {
	t.Helper()
	ctx := context.Background()
	n, err := node.Open(ctx, node.Config{Data: dir})
	if err != nil {
		t.Fatal(err)
	}
	defer n.Close()
	as := func(login string) access.Subject { return named(t, n, login) }
	keeper := as("keeper")
	project, err := n.Forms.SaveProject(ctx, keeper, forms.Project{Name: "Border"})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := n.Forms.SaveDraft(ctx, keeper, forms.Upload{Project: project.ID, FileName: "needs.md", Body: []byte(exportForm), IgnoreWarnings: true}); err != nil {
		t.Fatal(err)
	}
	if _, err := n.Forms.PublishDraft(ctx, keeper, 0, "needs", ""); err != nil {
		t.Fatal(err)
	}
	body := `<data id="needs" version="1"><who>Zarmina Farzinam</who><needs>food</needs><meta><instanceID>uuid:5f0c0000-0000-4000-8000-000000000001</instanceID></meta></data>`
	if _, err := n.Forms.Receive(ctx, as("enumerator"), []byte(body), nil); err != nil {
		t.Fatal(err)
	}
}

// named gives the subject of a login.
func named(t *testing.T, n *node.Node, login string) (sub access.Subject) {
	t.Helper()
	err := n.Store.Read(context.Background(), func(tx *store.Tx) error {
		id, err := userID(tx, login)
		if err == nil {
			sub, err = access.SubjectOf(tx, id, n.Now())
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return sub
}
