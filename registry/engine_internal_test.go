package registry

import (
	"bytes"
	"context"
	"database/sql"
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"aman/platform/access"
	"aman/platform/audit"
	"aman/platform/store"
	"aman/platform/store/storetest"
	"aman/platform/vault"
)

var bg = context.Background()

// bench is a registry of one catalog on one store, for somebody who may do all.
type bench struct {
	*Registry
	t   testing.TB
	sub access.Subject
}

func newBench(t testing.TB, db *store.DB, c *Catalog) *bench {
	t.Helper()
	ring, err := vault.CreateRing(t.TempDir(), "")
	if err != nil {
		t.Fatal(err)
	}
	all := []access.Class{access.Open, access.Sensitive, access.Identity, access.Health}
	policy, err := access.New([]access.Role{{Name: "all", Grants: []access.Grant{
		{Registers: []string{"*"}, Actions: []access.Action{access.Read, access.Create, access.Update, access.Unseal}, Scope: access.All, Classes: all},
		{Registers: []string{"*"}, Actions: []access.Action{access.Delete}, Scope: access.All},
	}}})
	if err != nil {
		t.Fatal(err)
	}
	r, err := New(db, vault.New(db, ring), audit.New(db, ring.AuditKey()), policy, c, func(kind, v string) []string { return []string{strings.ToLower(v)} })
	if err != nil {
		t.Fatal(err)
	}
	return &bench{r, t, access.Subject{User: "u", Org: "o", Roles: []string{"all"}, At: time.Date(2026, 3, 31, 8, 0, 0, 0, time.UTC)}}
}

func (b *bench) apply(w Write) (out Outcome, err error) {
	err = b.db.Write(bg, func(tx *store.Tx) error {
		out, err = b.Apply(tx, Meta{Subject: b.sub, Submission: fmt.Sprintf("s%d", w.Base), At: b.sub.At}, w)
		return err
	})
	return out, err
}

func (b *bench) row(register, id string) (row *Row) {
	b.t.Helper()
	if err := b.db.Read(bg, func(tx *store.Tx) (err error) { row, err = b.Get(tx, b.sub, register, id); return err }); err != nil {
		b.t.Fatal(err)
	}
	return row
}

// few lets rapid draw fewer times where every draw is a commit to disk.
func few(t *testing.T, checks string) {
	f := flag.Lookup("rapid.checks")
	was := f.Value.String()
	f.Value.Set(checks)
	t.Cleanup(func() { f.Value.Set(was) })
}

// Every value of every type comes back as it went in, in clear and sealed.
func TestValuesKeepThemselvesInTheStore(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		c, s := things(t)
		b := newBench(t, db, c)
		if err := b.Migrate(bg); err != nil {
			t.Fatal(err)
		}
		out, err := b.apply(Write{Register: "things", Create: true})
		if err != nil {
			t.Fatal(err)
		}
		few(t, "25")
		rapid.Check(t, func(t *rapid.T) {
			values, want := Values{}, Values{}
			for _, p := range s.Properties {
				if p.Type == TypeRef {
					continue
				}
				v, err := c.Check(s, &p, anyValue(p.Type).Draw(t, p.Name))
				if err != nil {
					continue
				}
				values[p.Name] = v
				if v != nil {
					want[p.Name] = v
				}
			}
			was := b.row("things", out.ID)
			if _, err := b.apply(Write{Register: "things", ID: out.ID, Base: was.Version, Values: values}); err != nil {
				t.Fatal(err)
			}
			row := b.row("things", out.ID)
			if row.Version != was.Version+1 {
				t.Fatalf("version %d after %d", row.Version, was.Version)
			}
			got := Values{}
			for name, v := range row.Values {
				got[name] = v
			}
			sealed, err := b.Unseal(bg, b.sub, "things", out.ID, sealedNames(s), "")
			if err != nil {
				t.Fatal(err)
			}
			for name, v := range sealed {
				got[name] = v
			}
			for name := range values {
				if !reflect.DeepEqual(got[name], want[name]) {
					t.Fatalf("%s is %#v, was written as %#v", name, got[name], want[name])
				}
			}
		})
	})
}

func sealedNames(s *Schema) (out []string) {
	for _, p := range s.Properties {
		if p.Class.Sealed() {
			out = append(out, p.Name)
		}
	}
	return out
}

const secret = "Zzyzxopolis"

// What is sealed stands in clear nowhere: no table, no file, no history, no conflict.
func TestSealedValuesAreNowhereInClear(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		c, _ := things(t)
		c.Registers["things"].byName["text_identity"].Index = []string{"exact", "phonetic"}
		b := newBench(t, db, c)
		if err := b.Migrate(bg); err != nil {
			t.Fatal(err)
		}
		out, err := b.apply(Write{Register: "things", Create: true, Values: Values{"text_identity": secret, "longtext_identity": "about " + secret, "text_open": "in-clear-" + "marker"}})
		if err != nil {
			t.Fatal(err)
		}
		for _, base := range []int64{1, 1} { // the second is a conflict
			if _, err := b.apply(Write{Register: "things", ID: out.ID, Base: base, Values: Values{"text_identity": secret + fmt.Sprint(b.row("things", out.ID).Version)}}); err != nil {
				t.Fatal(err)
			}
		}
		if n := findText(t, db, secret); n != "" {
			t.Errorf("the sealed text stands in %s", n)
		}
		if n := findText(t, db, "in-clear-"+"marker"); n == "" {
			t.Error("the search finds nothing at all, not even a text in clear")
		}
	})
}

// findText looks through every column of every table, and gives the first that has the text.
func findText(t *testing.T, db *store.DB, text string) (where string) {
	t.Helper()
	err := db.Read(bg, func(tx *store.Tx) error {
		tables, err := tx.Tables()
		if err != nil {
			return err
		}
		for _, table := range tables {
			if err := tx.Each(func(rows *sql.Rows) error {
				values, dest := make([]any, len(table.Columns)), make([]any, len(table.Columns))
				for i := range values {
					dest[i] = &values[i]
				}
				if err := rows.Scan(dest...); err != nil {
					return err
				}
				for i, v := range values {
					if b, ok := v.([]byte); ok {
						v = string(b)
					}
					if s, ok := v.(string); ok && strings.Contains(strings.ToLower(s), strings.ToLower(text)) {
						where = table.Name + "." + table.Columns[i].Name
					}
				}
				return nil
			}, "SELECT * FROM "+table.Name); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return where
}

func TestTheFileHoldsNothingInClear(t *testing.T) {
	dir := t.TempDir()
	db, err := store.Open(bg, store.Config{Dir: dir, Key: storetest.Key, Create: true})
	if err != nil {
		t.Fatal(err)
	}
	c, _ := things(t)
	b := newBench(t, db, c)
	if err := b.Migrate(bg); err != nil {
		t.Fatal(err)
	}
	if _, err := b.apply(Write{Register: "things", Create: true, Values: Values{"text_identity": secret, "text_open": secret}}); err != nil {
		t.Fatal(err)
	}
	db.Close()
	files, _ := filepath.Glob(filepath.Join(dir, "*"))
	if len(files) == 0 {
		t.Fatal("no file")
	}
	for _, f := range files {
		if body, err := os.ReadFile(f); err == nil && bytes.Contains(body, []byte(secret)) {
			t.Errorf("%s holds the text in clear", filepath.Base(f))
		}
	}
}

// one makes a catalog with the register a of these properties.
func one(t testing.TB, props ...Property) *Catalog {
	t.Helper()
	text := Text{"en": "a", "ur": "b", "id": "c"}
	c := &Catalog{Registers: map[string]*Schema{}, Lists: map[string]*List{}}
	c.add(&List{Name: "colour", Codes: []Code{{Code: "red", Label: text}}})
	s := &Schema{Name: "a", Title: text, Scope: "office", Properties: props}
	for i := range s.Properties {
		s.Properties[i].Label = text
	}
	c.Registers["a"] = s
	if faults := s.check(c); len(faults) > 0 {
		t.Fatal(faults)
	}
	return c
}

func TestMigrateKeepsValues(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		first := newBench(t, db, one(t, Property{Name: "x", Type: TypeText, Class: Open}, Property{Name: "gone", Type: TypeInteger, Class: Open, Required: true}))
		if err := first.Migrate(bg); err != nil {
			t.Fatal(err)
		}
		if err := first.Migrate(bg); err != nil {
			t.Fatalf("a second time: %v", err)
		}
		out, err := first.apply(Write{Register: "a", Create: true, Values: Values{"x": "one", "gone": int64(7)}})
		if err != nil {
			t.Fatal(err)
		}
		// The pack grows by a property, loses another, and gains an index.
		second := newBench(t, db, one(t, Property{Name: "x", Type: TypeText, Class: Open, Index: []string{"unique"}}, Property{Name: "y", Type: TypeCodes, List: "colour", Class: Open}))
		second.vault = first.vault
		if err := second.Migrate(bg); err != nil {
			t.Fatal(err)
		}
		if row := second.row("a", out.ID); row.Values.String("x") != "one" || row.Values["gone"] != nil {
			t.Errorf("values %v", row.Values)
		}
		if _, err := second.apply(Write{Register: "a", ID: out.ID, Values: Values{"y": []string{"red"}}}); err != nil {
			t.Fatal(err)
		}
		if _, err := second.apply(Write{Register: "a", Create: true, Values: Values{"x": "one"}}); err == nil {
			t.Error("the index that a later pack asks for does not hold")
		}
		// The property comes back with its values.
		third := newBench(t, db, one(t, Property{Name: "x", Type: TypeText, Class: Open}, Property{Name: "gone", Type: TypeInteger, Class: Open}))
		if err := third.Migrate(bg); err != nil {
			t.Fatal(err)
		}
		if row := third.row("a", out.ID); row.Values.Int("gone") != 7 {
			t.Errorf("the value of a property that left and came back is lost: %v", row.Values)
		}
	})
}

func TestMigrateRefusesWhatWouldLoseValues(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		start := []Property{{Name: "text", Type: TypeText, Class: Open}, {Name: "name", Type: TypeText, Class: Identity}, {Name: "codes", Type: TypeCodes, List: "colour", Class: Open}}
		if err := newBench(t, db, one(t, start...)).Migrate(bg); err != nil {
			t.Fatal(err)
		}
		for what, p := range map[string]Property{
			"text to number":    {Name: "text", Type: TypeInteger, Class: Open},
			"text to sealed":    {Name: "text", Type: TypeText, Class: Identity},
			"sealed to clear":   {Name: "name", Type: TypeText, Class: Open},
			"sealed to integer": {Name: "name", Type: TypeInteger, Class: Identity},
			"codes to text":     {Name: "codes", Type: TypeText, Class: Open},
			"codes to one code": {Name: "codes", Type: TypeCode, List: "colour", Class: Open},
		} {
			err := newBench(t, db, one(t, p)).Migrate(bg)
			if err == nil || !strings.Contains(err.Error(), "register a: ") || !strings.Contains(err.Error(), p.Name) || !strings.Contains(err.Error(), "add a new property instead") {
				t.Errorf("%s: %v", what, err)
			}
		}
		// What loses nothing is taken.
		if err := newBench(t, db, one(t, Property{Name: "text", Type: TypeCode, List: "colour", Class: Sensitive}, start[1], start[2])).Migrate(bg); err != nil {
			t.Error(err)
		}
	})
}

func TestRowFaults(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		top := 20.0
		c := one(t, Property{Name: "must", Type: TypeText, Class: Open, Required: true}, Property{Name: "n", Type: TypeInteger, Class: Open, Max: &top},
			Property{Name: "list", Type: TypeCode, List: "colour", Class: Open}, Property{Name: "at", Type: TypeRef, Ref: "a", Class: Open})
		b := newBench(t, db, c)
		if err := b.Migrate(bg); err != nil {
			t.Fatal(err)
		}
		out, err := b.apply(Write{Register: "a", Create: true, Values: Values{"must": "x"}})
		if err != nil {
			t.Fatal(err)
		}
		gone, err := b.apply(Write{Register: "a", Create: true, Values: Values{"must": "x"}})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := b.apply(Write{Register: "a", ID: gone.ID, Delete: true}); err != nil {
			t.Fatal(err)
		}
		for what, x := range map[string]struct {
			w        Write
			property string
			reason   string
		}{
			"created without":     {Write{Create: true}, "must", "required"},
			"emptied":             {Write{ID: out.ID, Values: Values{"must": ""}}, "must", "required"},
			"range":               {Write{ID: out.ID, Values: Values{"n": int64(21)}}, "n", "range"},
			"list":                {Write{ID: out.ID, Values: Values{"list": "mauve"}}, "list", "list"},
			"no such row":         {Write{ID: out.ID, Values: Values{"at": "nowhere"}}, "at", "list"},
			"a deleted row":       {Write{ID: out.ID, Values: Values{"at": gone.ID}}, "at", "list"},
			"no such property":    {Write{ID: out.ID, Values: Values{"other": 1}}, "other", "unknown"},
			"type":                {Write{ID: out.ID, Values: Values{"n": "1"}}, "n", "type"},
			"nul in a clear text": {Write{ID: out.ID, Values: Values{"must": "a\x00"}}, "must", "type"},
		} {
			x.w.Register = "a"
			if what == "no such property" {
				x.w = x.w.Follows() // the policy refuses such a name before; this is what a consequence meets
			}
			_, err := b.apply(x.w)
			var fault *ValueError
			if !errors.As(err, &fault) || fault.Property != x.property || fault.Reason != x.reason || fault.Register != "a" {
				t.Errorf("%s: %v", what, err)
			}
		}
		if v := b.row("a", out.ID).Version; v != 1 {
			t.Errorf("a refused write left version %d", v)
		}
		if _, err := b.apply(Write{Register: "a", ID: out.ID, Create: true, Values: Values{"must": "y"}}); err == nil {
			t.Error("a row was made twice with one id")
		}
		if got := b.row("a", out.ID).Values.String("must"); got != "x" {
			t.Errorf("the second making changed the row to %q", got)
		}
		for _, w := range []Write{{ID: gone.ID, Values: Values{"must": "z"}}, {ID: gone.ID, Delete: true}, {ID: "nowhere", Values: Values{"must": "z"}}} {
			w.Register = "a"
			for _, w := range []Write{w, w.Follows()} {
				if _, err := b.apply(w); access.AsRefusal(err) == nil {
					t.Errorf("a write to a row that is gone or never was: %v", err)
				}
			}
		}
	})
}
