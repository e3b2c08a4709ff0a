package vault

import (
	"bytes"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"pgregory.net/rapid"

	"aman/platform/ids"
	"aman/platform/store"
	"aman/platform/store/storetest"
)

var ctx = context.Background()

// world is a vault with the calls of a test made short.
type world struct {
	t  testing.TB
	db *store.DB
	v  *Vault
}

func newWorld(t testing.TB, db *store.DB) world {
	r, _ := newRing(t, "")
	return world{t, db, New(db, r)}
}

func (w world) write(f func(tx *store.Tx) error) error { return w.db.Write(ctx, f) }

func (w world) must(err error) {
	w.t.Helper()
	if err != nil {
		w.t.Fatal(err)
	}
}

func (w world) person(id string) (key string) {
	w.t.Helper()
	w.must(w.write(func(tx *store.Tx) (err error) { key, err = w.v.PersonKey(tx, id); return err }))
	return key
}

func (w world) seal(key, context string, plain []byte) (sealed []byte) {
	w.t.Helper()
	w.must(w.write(func(tx *store.Tx) (err error) { sealed, err = w.v.Seal(tx, key, context, plain); return err }))
	return sealed
}

func (w world) open(context string, sealed []byte) (plain []byte, err error) {
	err = w.db.Read(ctx, func(tx *store.Tx) (err error) { plain, err = w.v.Open(tx, context, sealed); return err })
	return plain, err
}

func (w world) erase(person string, at time.Time) (e Erasure, err error) {
	err = w.write(func(tx *store.Tx) (err error) { e, err = w.v.Erase(tx, person, "officer", at); return err })
	return e, err
}

func (w world) exec(query string, args ...any) {
	w.t.Helper()
	w.must(w.write(func(tx *store.Tx) error { _, err := tx.Exec(query, args...); return err }))
}

const where = "people/r1/given_name"

func TestWhatIsSealedOpensInItsPlaceAlone(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		w := newWorld(t, db)
		key := w.person("p1")
		rapid.Check(t, func(rt *rapid.T) {
			plain := rapid.SliceOfN(rapid.Byte(), 0, 200).Draw(rt, "value")
			context := rapid.String().Draw(rt, "context")
			other := rapid.String().Draw(rt, "other context")
			sealed := w.seal(key, context, plain)
			if got, err := w.open(context, sealed); err != nil || !bytes.Equal(got, plain) {
				rt.Fatalf("opened as %q, %v", got, err)
			}
			if len(sealed) != len(plain)+Overhead {
				rt.Fatalf("%d bytes became %d", len(plain), len(sealed))
			}
			if bytes.Equal(sealed, w.seal(key, context, plain)) {
				rt.Fatal("sealing twice gave the same bytes")
			}
			if other != context {
				_, err := w.open(other, sealed)
				wantKind(t, "another place", err, Altered)
			}
			bad := bytes.Clone(sealed)
			bad[rapid.IntRange(0, len(bad)-1).Draw(rt, "byte")] ^= byte(rapid.IntRange(1, 255).Draw(rt, "xor"))
			if _, err := w.open(context, bad); err == nil {
				rt.Fatal("a changed value opened")
			}
			if _, err := w.open(context, sealed[:rapid.IntRange(0, len(sealed)-1).Draw(rt, "cut")]); err == nil {
				rt.Fatal("a cut value opened")
			}
		})
	})
}

func TestATamperedKeyTableIsFound(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		w := newWorld(t, db)
		a, b := w.person("a"), w.person("b")
		sealed := w.seal(a, where, []byte("v"))
		var rowA, rowB []byte
		w.must(db.Read(ctx, func(tx *store.Tx) error {
			return errors.Join(tx.Row("SELECT wrapped FROM vault_keys WHERE id = ?", a).Scan(&rowA), tx.Row("SELECT wrapped FROM vault_keys WHERE id = ?", b).Scan(&rowB))
		}))
		for name, wrapped := range map[string][]byte{"the key of another": rowB, "cut": rowA[:10], "empty": {}, "flipped": append([]byte{rowA[0] ^ 1}, rowA[1:]...)} {
			w.exec("UPDATE vault_keys SET wrapped = ? WHERE id = ?", wrapped, a)
			_, err := w.open(where, sealed)
			wantKind(t, name, err, Altered)
		}
		w.must(w.v.ring.Rotate(time.Now()))
		w.exec("UPDATE vault_keys SET wrapped = ?, epoch = 2 WHERE id = ?", rowA, a)
		_, err := w.open(where, sealed)
		wantKind(t, "another epoch", err, Altered)
		w.exec("UPDATE vault_keys SET epoch = 1 WHERE id = ?", a)
		if _, err := w.open(where, sealed); err != nil {
			t.Errorf("put back as it was: %v", err)
		}
		stranger := newWorld(t, db)
		_, err = stranger.open(where, sealed)
		wantKind(t, "another ring", err, Altered)
	})
}

func TestAPersonHasOneKey(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		w := newWorld(t, db)
		var wg sync.WaitGroup
		keys := make([]string, 20)
		for i := range keys {
			wg.Go(func() { keys[i] = w.person(fmt.Sprint("p", i%2)) })
		}
		wg.Wait()
		for i, k := range keys {
			if k != keys[i%2] || (i%2 == 1 && k == keys[0]) {
				t.Fatalf("keys %v", keys)
			}
			if _, err := ids.Parse(k); err != nil {
				t.Errorf("the key's id %q is no UUID", k)
			}
		}
		// A submission's key given to the person does not become the person's own.
		w.must(w.write(func(tx *store.Tx) error {
			sub, err := w.v.NewKey(tx, "s1")
			if err != nil {
				return err
			}
			return w.v.Own(tx, sub, "p0")
		}))
		if w.person("p0") != keys[0] {
			t.Error("the person's key changed")
		}
	})
}

func TestErasureReachesEveryKeyAndEveryNode(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		w := newWorld(t, db)
		ring, err := OpenRing(filepath.Dir(w.v.ring.path), "")
		w.must(err)
		node2 := world{t, db, New(db, ring)}
		own := w.seal(w.person("p1"), where, []byte("one"))
		other := w.seal(w.person("p2"), where, []byte("two"))
		var sub string
		w.must(w.write(func(tx *store.Tx) (err error) { sub, err = w.v.NewKey(tx, "submission 1"); return err }))
		form := w.seal(sub, "submissions/1", []byte("<form/>"))
		w.must(w.write(func(tx *store.Tx) error { return w.v.Own(tx, sub, "p1") }))
		for _, s := range []struct {
			c string
			b []byte
		}{{where, own}, {"submissions/1", form}} {
			if _, err := node2.open(s.c, s.b); err != nil {
				t.Fatal(err) // node 2 has used the keys
			}
		}
		at := time.Now()
		e, err := w.erase("p1", at)
		w.must(err)
		if e.Keys != 2 || !e.BackupsGoneAt.After(at.Add(DefaultKeep-time.Minute)) {
			t.Errorf("the receipt reads %+v", e)
		}
		for _, n := range []world{w, node2} {
			for _, s := range []struct {
				c string
				b []byte
			}{{where, own}, {"submissions/1", form}} {
				if _, err := n.open(s.c, s.b); !errors.Is(err, ErrErased) {
					t.Errorf("after erasure %s gives %v", s.c, err)
				}
			}
			if got, err := n.open(where, other); err != nil || string(got) != "two" {
				t.Errorf("another person's value: %q %v", got, err)
			}
			err := db.Write(ctx, func(tx *store.Tx) error { _, err := n.v.PersonKey(tx, "p1"); return err })
			if !errors.Is(err, ErrErased) {
				t.Errorf("an erased person gets a key again: %v", err)
			}
			err = db.Write(ctx, func(tx *store.Tx) error {
				k, err := n.v.NewKey(tx, "submission 2")
				if err != nil {
					return err
				}
				return n.v.Own(tx, k, "p1")
			})
			if !errors.Is(err, ErrErased) {
				t.Errorf("a key was given to an erased person: %v", err)
			}
			err = db.Write(ctx, func(tx *store.Tx) error {
				return n.v.Index(tx, "people", "r9", "name", "p1", map[string][]string{"exact": {"x"}})
			})
			if !errors.Is(err, ErrErased) {
				t.Errorf("tokens were made for an erased person: %v", err)
			}
		}
		if err := w.write(func(tx *store.Tx) error { return w.v.Own(tx, sub, "p2") }); !errors.Is(err, ErrErased) {
			t.Errorf("an erased key was given away: %v", err)
		}
	})
}

func TestAHoldKeepsAFileFromErasure(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		w := newWorld(t, db)
		sealed := w.seal(w.person("p1"), where, []byte("v"))
		asked := time.UnixMicro(1_700_000_000_000_000).UTC()
		w.must(w.write(func(tx *store.Tx) error { return w.v.Hold(tx, "p1", "order-7") }))
		w.must(w.write(func(tx *store.Tx) error { return w.v.AskErasure(tx, "p1", "u1", asked) }))
		w.must(w.write(func(tx *store.Tx) error { return w.v.AskErasure(tx, "p1", "u2", asked.Add(time.Hour)) }))
		if e, err := w.erase("p1", time.Now()); !errors.Is(err, ErrHeld) || e.Hold != "order-7" {
			t.Fatalf("erased under a hold: %+v %v", e, err)
		}
		if got, err := w.open(where, sealed); err != nil || string(got) != "v" {
			t.Fatalf("under a hold the value gives %q, %v", got, err)
		}
		w.must(w.write(func(tx *store.Tx) error { return w.v.Hold(tx, "p1", "") }))
		_, err := w.erase("p1", time.Now())
		w.must(err)
		w.must(db.Read(ctx, func(tx *store.Tx) error {
			e, err := w.v.Erasure(tx, "p1")
			if !e.AskedAt.Equal(asked) || e.AskedBy != "u1" || e.DoneAt.IsZero() || e.BackupsGoneAt.IsZero() || e.Hold != "" {
				t.Errorf("recorded is %+v", e)
			}
			_, none := w.v.Erasure(tx, "p2")
			if !errors.Is(none, store.ErrNone) {
				t.Errorf("of a person nobody asked about: %v", none)
			}
			return err
		}))
		if err := w.write(func(tx *store.Tx) error { return w.v.Hold(tx, "p1", "late") }); !errors.Is(err, ErrErased) {
			t.Errorf("an erased file was held: %v", err)
		}
	})
}

func TestOpenAllGivesWhatOpenGives(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		w := newWorld(t, db)
		var items []Item
		var want []string
		w.must(w.write(func(tx *store.Tx) error {
			for i := range 250 { // more than one query
				key, err := w.v.PersonKey(tx, fmt.Sprint("p", i%220))
				if err != nil {
					return err
				}
				c, plain := fmt.Sprint("people/", i, "/name"), fmt.Sprint("value ", i)
				s, err := w.v.Seal(tx, key, c, []byte(plain))
				if err != nil {
					return err
				}
				items, want = append(items, Item{c, s}), append(want, plain)
			}
			_, err := w.v.Erase(tx, "p3", "x", time.Now())
			return err
		}))
		w.must(db.Read(ctx, func(tx *store.Tx) error {
			got, err := w.v.OpenAll(tx, items)
			for i := range got {
				if erased := i%220 == 3; (got[i] == nil) != erased || (!erased && string(got[i]) != want[i]) {
					t.Errorf("value %d is %q", i, got[i])
				}
			}
			if len(got) != len(items) {
				t.Errorf("%d values came of %d", len(got), len(items))
			}
			return err
		}))
		items[7].Context = "people/8/name"
		err := db.Read(ctx, func(tx *store.Tx) error { _, err := w.v.OpenAll(tx, items); return err })
		wantKind(t, "a value in the wrong place", err, Altered)
	})
}

func TestLivingKeysMoveToTheNewEpoch(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		w := newWorld(t, db)
		n := 2*rewrapBatch + 3
		sealed := make([][]byte, n)
		w.must(w.write(func(tx *store.Tx) error {
			for i := range n {
				key, err := w.v.PersonKey(tx, fmt.Sprint("p", i))
				if err == nil {
					sealed[i], err = w.v.Seal(tx, key, where, []byte{byte(i)})
				}
				if err != nil {
					return err
				}
			}
			return nil
		}))
		start := w.v.ring.Epochs()[0].Made
		u, err := w.v.Maintain(ctx, start.Add(time.Hour))
		if err != nil || u.Rotated || u.Rewrapped != 0 {
			t.Fatalf("nothing was due, but %+v %v", u, err)
		}
		u, err = w.v.Maintain(ctx, start.Add(DefaultEvery))
		if err != nil || !u.Rotated || u.Rewrapped != int64(n) || u.Expired != nil {
			t.Fatalf("at the end of the epoch: %+v %v", u, err)
		}
		u, err = w.v.Maintain(ctx, start.Add(DefaultEvery+DefaultKeep))
		if err != nil || !u.Rotated || fmt.Sprint(u.Expired) != "[1]" {
			t.Fatalf("at the end of the retention: %+v %v", u, err)
		}
		for i := range n {
			if got, err := w.open(where, sealed[i]); err != nil || got[0] != byte(i) {
				t.Fatalf("value %d after two epochs: %v %v", i, got, err)
			}
		}
	})
}

func TestAnEpochThatLivingKeysHangOnNeverExpires(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		w := newWorld(t, db)
		good := w.seal(w.person("good"), where, []byte("v"))
		bad := w.person("bad")
		w.exec("UPDATE vault_keys SET wrapped = ? WHERE id = ?", []byte("rubbish"), bad)
		start := w.v.ring.Epochs()[0].Made
		for i := range 4 {
			u, err := w.v.Maintain(ctx, start.Add(time.Duration(i+1)*(DefaultEvery+DefaultKeep)))
			if KindOf(err) != Altered {
				t.Fatalf("the key that cannot move is not reported: %v", err)
			}
			for _, n := range u.Expired {
				if n == 1 {
					t.Fatal("the epoch of a living key was destroyed")
				}
			}
		}
		if _, err := w.open(where, good); err != nil {
			t.Errorf("the good key did not move on: %v", err)
		}
		w.must(w.write(func(tx *store.Tx) error { _, err := w.v.Erase(tx, "bad", "x", time.Now()); return err }))
		if u, err := w.v.Maintain(ctx, start.Add(10*(DefaultEvery+DefaultKeep))); err != nil || u.Expired[0] != 1 {
			t.Errorf("after the key is gone: %+v %v", u, err)
		}
	})
}

// The whole promise of erasure on an embedded node: after the key expired, neither
// the store, nor a backup, nor a stolen copy of the database file from before the
// erasure, opened with the ring of today, gives the value.
func TestNothingGivesAnErasedValueOnceItsEpochExpired(t *testing.T) {
	ring, keys := newRing(t, "")
	dir := t.TempDir()
	db, err := store.Open(ctx, store.Config{Dir: dir, Key: ring.DatabaseKey(), Create: true})
	if err != nil {
		t.Fatal(err)
	}
	w := world{t, db, New(db, ring)}
	name := []byte("Zarmina Plainly-Invented")
	sealed := w.seal(w.person("p1"), where, name)
	w.exec("INSERT INTO settings (key, value) VALUES (?, ?)", "sealed", fmt.Sprintf("%x", sealed))
	w.must(w.write(func(tx *store.Tx) error {
		return w.v.Index(tx, "people", "r1", "given_name", "p1", map[string][]string{"exact": {string(name)}})
	}))
	w.must(db.Close())

	file, err := os.ReadFile(filepath.Join(dir, store.File))
	w.must(err)
	backup := seal(t, ring, file, 5000)
	stolen := t.TempDir()
	w.must(os.WriteFile(filepath.Join(stolen, store.File), file, 0o600))

	db, err = store.Open(ctx, store.Config{Dir: dir, Key: ring.DatabaseKey()})
	w.must(err)
	defer db.Close()
	w = world{t, db, New(db, ring)}
	receipt, err := w.erase("p1", time.Now())
	w.must(err)
	readStolen := func() error {
		old, err := store.Open(ctx, store.Config{Dir: stolen, Key: open(t, keys, "").DatabaseKey()})
		if err != nil {
			t.Fatal(err)
		}
		defer old.Close()
		ow := world{t, old, New(old, open(t, keys, ""))}
		got, err := ow.open(where, sealed)
		if err == nil && !bytes.Equal(got, name) {
			t.Fatal("the copy gives something else")
		}
		return err
	}
	if err := readStolen(); err != nil {
		t.Fatalf("before expiry an old copy must still open, else this test shows nothing: %v", err)
	}
	if got, err := unseal(ring, backup); err != nil || !bytes.Equal(got, file) {
		t.Fatalf("before expiry the backup must open: %v", err)
	}
	// Daily upkeep until the day that the receipt names.
	for now := time.Now(); now.Before(receipt.BackupsGoneAt); now = now.Add(24 * time.Hour) {
		if _, err := w.v.Maintain(ctx, now); err != nil {
			t.Fatal(err)
		}
	}
	_, err = unseal(open(t, keys, ""), backup)
	wantKind(t, "the backup", err, Expired)
	wantKind(t, "the stolen copy", readStolen(), Expired)
	if _, err := w.open(where, sealed); !errors.Is(err, ErrErased) {
		t.Errorf("the store gives %v", err)
	}
	var left int
	w.must(db.Read(ctx, func(tx *store.Tx) error { return tx.Row("SELECT count(*) FROM blind").Scan(&left) }))
	if left != 0 {
		t.Error("look-up tokens are left")
	}
	w.must(filepath.Walk(filepath.Dir(dir), func(p string, info os.FileInfo, err error) error {
		if err == nil && info.Mode().IsRegular() {
			f, _ := os.Open(p)
			defer f.Close()
			if b, _ := io.ReadAll(f); bytes.Contains(b, name) {
				t.Errorf("%s holds the name in plain", filepath.Base(p))
			}
		}
		return err
	}))
}

func TestTheDateOnAReceiptIsCorrectedToTheRealOne(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		w := newWorld(t, db)
		w.person("p1")
		e, err := w.erase("p1", time.Now())
		w.must(err)
		early := time.Now().Add(5 * 24 * time.Hour).UTC().Truncate(time.Second)
		w.must(w.v.ring.Rotate(early)) // asked for by the operator
		_, err = w.v.Maintain(ctx, early)
		w.must(err)
		w.must(db.Read(ctx, func(tx *store.Tx) error {
			got, err := w.v.Erasure(tx, "p1")
			if want := early.Add(DefaultKeep + upkeepLate); !got.BackupsGoneAt.Equal(want) || !want.Before(e.BackupsGoneAt) {
				t.Errorf("the date is %v, want %v (promised was %v)", got.BackupsGoneAt, want, e.BackupsGoneAt)
			}
			return err
		}))
	})
}

func TestBlindLookup(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		w := newWorld(t, db)
		index := func(register, row, property, owner string, values map[string][]string) {
			t.Helper()
			w.must(w.write(func(tx *store.Tx) error { return w.v.Index(tx, register, row, property, owner, values) }))
		}
		lookup := func(register, property, kind string, values ...string) string {
			t.Helper()
			var out []Match
			w.must(db.Read(ctx, func(tx *store.Tx) (err error) {
				out, err = w.v.Lookup(tx, register, property, kind, values)
				return err
			}))
			return fmt.Sprint(out)
		}
		index("people", "r1", "name", "p1", map[string][]string{"exact": {"alpha beta"}, "sound": {"ALF", "BT", "BT", ""}})
		index("people", "r2", "name", "p2", map[string][]string{"exact": {"alpha"}, "sound": {"ALF"}})
		index("intake", "r3", "name", "", map[string][]string{"exact": {"alpha"}})
		index("people", "r1", "mother", "p1", map[string][]string{"sound": {"GM"}})
		for _, c := range []struct{ got, want string }{
			{lookup("people", "name", "exact", "alpha beta"), "[{r1 1}]"},
			{lookup("people", "name", "sound", "ALF", "BT", "ALF"), "[{r1 2} {r2 1}]"},
			{lookup("people", "name", "sound", "GM"), "[]"},
			{lookup("people", "mother", "sound", "GM"), "[{r1 1}]"},
			{lookup("people", "name", "exact", "ALF"), "[]"},
			{lookup("intake", "name", "exact", "alpha"), "[{r3 1}]"},
			{lookup("people", "name", "sound", ""), "[]"},
			{lookup("people", "name", "sound"), "[]"},
		} {
			if c.got != c.want {
				t.Errorf("found %s, want %s", c.got, c.want)
			}
		}
		index("people", "r1", "name", "p1", map[string][]string{"sound": {"GM"}})
		if got := lookup("people", "name", "sound", "ALF", "GM"); got != "[{r1 1} {r2 1}]" {
			t.Errorf("after a change: %s", got)
		}
		w.must(w.write(func(tx *store.Tx) error { return w.v.OwnTokens(tx, "intake", "r3", "p1") }))
		e, err := w.erase("p1", time.Now())
		w.must(err)
		if e.Tokens != 3 {
			t.Errorf("%d tokens were destroyed, want 3", e.Tokens)
		}
		for _, got := range []string{lookup("people", "name", "sound", "GM"), lookup("people", "mother", "sound", "GM"), lookup("intake", "name", "exact", "alpha")} {
			if got != "[]" {
				t.Errorf("an erased person is found: %s", got)
			}
		}
		index("people", "r2", "name", "p2", nil)
		if got := lookup("people", "name", "sound", "ALF"); got != "[]" {
			t.Errorf("after the value was removed: %s", got)
		}
		// The same value under another property, kind or ring gives another token.
		seen := map[string]bool{}
		for _, tok := range [][][]byte{
			w.v.tokens("a", "b", []string{"c"}), w.v.tokens("a", "", []string{"bc"}), w.v.tokens("ab", "", []string{"c"}),
			w.v.tokens("", "ab", []string{"c"}), w.v.tokens("x", "b", []string{"c"}), w.v.tokens("", "b", []string{"c"}), newWorld(t, db).v.tokens("a", "b", []string{"c"}),
		} {
			if len(tok) != 1 || len(tok[0]) != tokenLen || seen[string(tok[0])] {
				t.Errorf("token %x", tok)
			}
			seen[string(tok[0])] = true
		}
	})
}

// A random life of a programme, checked against the simplest model of it.
func TestRandomLivesKeepThePromises(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		// On PostgreSQL each step is several round trips, so it gets fewer lives.
		n, most := 0, map[string]int{"sqlite": 60, "postgres": 10}[db.Engine()]
		rapid.Check(t, func(rt *rapid.T) {
			if n++; n > most {
				return
			}
			w := newWorld(t, db)
			now := w.v.ring.Epochs()[0].Made
			type value struct {
				person string
				plain  string
				sealed []byte
			}
			var values []value
			erased := map[string]bool{}
			type image struct {
				rows map[string][]any
				at   int64
			}
			var images []image
			person := rapid.Custom(func(t *rapid.T) string { return fmt.Sprintf("%d/%d", n, rapid.IntRange(0, 4).Draw(t, "person")) })
			rt.Repeat(map[string]func(*rapid.T){
				"seal": func(rt *rapid.T) {
					v := value{person: person.Draw(rt, "p"), plain: rapid.String().Draw(rt, "plain")}
					err := w.write(func(tx *store.Tx) error {
						key, err := w.v.PersonKey(tx, v.person)
						if err == nil {
							v.sealed, err = w.v.Seal(tx, key, where, []byte(v.plain))
						}
						return err
					})
					if erased[v.person] != errors.Is(err, ErrErased) || (err != nil && !erased[v.person]) {
						rt.Fatal(err)
					}
					if err == nil {
						values = append(values, v)
					}
				},
				"erase": func(rt *rapid.T) {
					p := person.Draw(rt, "p")
					if _, err := w.erase(p, now); err != nil {
						rt.Fatal(err)
					}
					erased[p] = true
				},
				"a week passes": func(rt *rapid.T) {
					now = now.Add(7 * 24 * time.Hour)
					if _, err := w.v.Maintain(ctx, now); err != nil {
						rt.Fatal(err)
					}
				},
				"image": func(rt *rapid.T) {
					im := image{rows: map[string][]any{}}
					im.at, _ = w.v.ring.current()
					w.must(db.Read(ctx, func(tx *store.Tx) error {
						return tx.Each(func(r *sql.Rows) error {
							var id string
							var epoch int64
							var wrapped []byte
							err := r.Scan(&id, &epoch, &wrapped)
							im.rows[id] = []any{epoch, wrapped}
							return err
						}, "SELECT id, epoch, wrapped FROM vault_keys WHERE owner LIKE ?", fmt.Sprint(n, "/%"))
					}))
					images = append(images, im)
				},
				"": func(rt *rapid.T) {
					for _, v := range values {
						got, err := w.open(where, v.sealed)
						if erased[v.person] && !errors.Is(err, ErrErased) || !erased[v.person] && (err != nil || string(got) != v.plain) {
							rt.Fatalf("erased: %v; got %q, %v", erased[v.person], got, err)
						}
						// An old image of the table opens nothing once its epoch is gone.
						id, _ := KeyOf(v.sealed)
						for _, im := range images {
							row, had := im.rows[id]
							if _, err := w.v.ring.epoch(im.at); !had || err == nil {
								continue
							}
							if k, err := w.v.unwrap(id, row[0].(int64), row[1].([]byte)); KindOf(err) != Expired {
								rt.Fatalf("an image from before epoch %d ended gives %v, %v", im.at, k, err)
							}
						}
					}
				},
			})
			w.exec("DELETE FROM vault_keys")
		})
	})
}

func FuzzSealed(f *testing.F) {
	db := storetest.SQLite(f)
	w := newWorld(f, db)
	good := w.seal(w.person("p1"), where, []byte("hello"))
	f.Add(good, where)
	f.Add([]byte{2}, "")
	f.Add([]byte{}, "")
	f.Add(good[:Overhead], where)
	f.Fuzz(func(t *testing.T, sealed []byte, context string) {
		got, err := w.open(context, sealed)
		if err == nil && (string(got) != "hello" || context != where || !bytes.Equal(sealed, good)) {
			t.Errorf("a value was forged: %q in %q", got, context)
		}
		if err != nil && KindOf(err) == Other && !errors.Is(err, ErrErased) {
			t.Errorf("a fault without a kind: %v", err)
		}
	})
}

// BenchmarkOpen is one value read with its key, BenchmarkOpenAll one of fifty.
func BenchmarkOpen(b *testing.B) {
	engines(b, func(b *testing.B, w world) {
		sealed := w.seal(w.person("p1"), where, []byte("a plainly invented name"))
		w.must(w.db.Read(ctx, func(tx *store.Tx) error {
			for b.Loop() {
				if _, err := w.v.Open(tx, where, sealed); err != nil {
					return err
				}
			}
			return nil
		}))
	})
}

func BenchmarkOpenAll(b *testing.B) {
	engines(b, func(b *testing.B, w world) {
		var items []Item
		for i := range 50 {
			items = append(items, Item{where, w.seal(w.person(fmt.Sprint("p", i)), where, []byte("a plainly invented name"))})
		}
		w.must(w.db.Read(ctx, func(tx *store.Tx) error {
			for b.Loop() {
				if _, err := w.v.OpenAll(tx, items); err != nil {
					return err
				}
			}
			return nil
		}))
	})
}

// BenchmarkPersonKeySeal is the sealing of one value for a new person.
func BenchmarkPersonKeySeal(b *testing.B) {
	engines(b, func(b *testing.B, w world) {
		i := 0
		w.must(w.write(func(tx *store.Tx) error {
			for b.Loop() {
				i++
				key, err := w.v.PersonKey(tx, fmt.Sprint("p", i))
				if err == nil {
					_, err = w.v.Seal(tx, key, where, []byte("a plainly invented name"))
				}
				if err != nil {
					return err
				}
			}
			return nil
		}))
	})
}

func engines(b *testing.B, f func(b *testing.B, w world)) {
	b.Run("sqlite", func(b *testing.B) { f(b, newWorld(b, storetest.SQLite(b))) })
	b.Run("postgres", func(b *testing.B) { f(b, newWorld(b, storetest.Postgres(b))) })
}
