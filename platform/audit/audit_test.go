package audit

import (
	"bufio"
	"bytes"
	"context"
	"crypto/ed25519"
	"crypto/sha256"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"pgregory.net/rapid"

	"aman/platform/ids"
	"aman/platform/store"
	"aman/platform/store/storetest"
)

var (
	ctx = context.Background()
	key = ed25519.NewKeyFromSeed(bytes.Repeat([]byte{3}, 32))
	pub = key.Public().(ed25519.PublicKey)
)

func TestMain(m *testing.M) {
	realEvery = checkpointEvery
	checkpointEvery = 7 // so that short logs have several
	os.Exit(m.Run())
}

var realEvery int64

func entry(i int) Entry {
	return Entry{
		At: time.UnixMicro(1_700_000_000_000_000 + int64(i)), Actor: fmt.Sprint("user-", i%3), Org: "org-1", Action: "case.open",
		Outcome: []string{OK, Refused, Failed}[i%3], Register: "cases", Object: fmt.Sprint("o", i), Case: fmt.Sprint("c", i%2),
		Detail: map[string]string{"reason": "transfer", "count": fmt.Sprint(i), "state": ""},
	}
}

// fill writes n entries, several writes at a time so that some share a commit.
func fill(t testing.TB, db *store.DB, n int) *Log {
	t.Helper()
	l := New(db, key)
	var wg sync.WaitGroup
	for part := range 4 {
		wg.Go(func() {
			for i := part; i < n; i += 4 {
				if err := l.Record(ctx, entry(i)); err != nil {
					t.Error(err)
				}
			}
		})
	}
	wg.Wait()
	return l
}

func TestALogIsWholeInOrderAndSigned(t *testing.T) {
	if realEvery != 1000 {
		t.Errorf("checkpoints are %d apart", realEvery)
	}
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		fill(t, db, 50)
		var told int64
		rep, err := Verify(ctx, db, pub, func(done, of int64) { told = done })
		if err != nil || rep.Fault != nil || rep.Entries != 50 || rep.Checkpoints != 7 || rep.Head.Seq != 50 || told != 50 {
			t.Fatalf("%+v %v, fault %+v, told %d", rep, err, rep.Fault, told)
		}
		other := ed25519.NewKeyFromSeed(make([]byte, 32)).Public().(ed25519.PublicKey)
		if rep, err := Verify(ctx, db, other, nil); err != nil || rep.Fault == nil || rep.Fault.Kind != Forged {
			t.Errorf("under another key: %+v %v", rep.Fault, err)
		}
	})
}

func TestALogNeverWrittenToIsNoProof(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		if rep, err := Verify(ctx, db, pub, nil); err != nil || rep.Fault == nil || rep.Fault.Kind != Unsigned {
			t.Errorf("a log wiped whole would read %+v %v", rep.Fault, err)
		}
		c, err := New(db, key).Checkpoint(ctx)
		if err != nil || c.Seq != 0 || !c.Signed(pub) {
			t.Errorf("checkpoint %+v %v", c, err)
		}
		if rep, err := Verify(ctx, db, pub, nil); err != nil || rep.Fault != nil {
			t.Errorf("signed while empty: %+v %v", rep.Fault, err)
		}
	})
}

func TestAnEntryIsKeptOnlyWithItsWrite(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		l := New(db, key)
		var wg sync.WaitGroup
		for i := range 40 {
			wg.Go(func() {
				_ = db.Write(ctx, func(tx *store.Tx) error {
					if err := l.Append(tx, entry(i)); err != nil {
						t.Error(err)
					}
					if i%2 == 0 {
						return errors.New("undone")
					}
					return nil
				})
			})
		}
		wg.Wait()
		rep, err := Verify(ctx, db, pub, nil)
		if err != nil || rep.Fault != nil || rep.Entries != 20 {
			t.Errorf("%d entries, fault %+v, %v", rep.Entries, rep.Fault, err)
		}
	})
}

// row is a stored entry, for tests that tamper.
type row struct {
	seq, at int64
	texts   [8]string
	hash    []byte
}

func rows(tx *store.Tx) ([]row, error) {
	return store.All(tx, func(r *sql.Rows) (w row, err error) {
		return w, r.Scan(&w.seq, &w.at, &w.texts[0], &w.texts[1], &w.texts[2], &w.texts[3], &w.texts[4], &w.texts[5], &w.texts[6], &w.texts[7], &w.hash)
	}, "SELECT "+columns+", hash FROM audit ORDER BY seq")
}

// script is what a tampering does, drawn before the transaction that does it: rapid
// steers by panics, which the store would catch.
type script []statement

type statement struct {
	query string
	args  []any
	maybe bool // it need not change anything
}

func (s *script) exec(query string, args ...any) { *s = append(*s, statement{query, args, false}) }

func (s *script) insert(w row) {
	args := []any{w.seq, w.at}
	for _, t := range w.texts {
		args = append(args, t)
	}
	s.exec("INSERT INTO audit ("+columns+", hash) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)", append(args, w.hash)...)
}

func (s script) run(tx *store.Tx) error {
	for _, st := range s {
		n, err := tx.Exec(st.query, st.args...)
		if err == nil && n == 0 && !st.maybe {
			err = fmt.Errorf("the tampering changed nothing: %s", st.query)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// chain computes the hash of w after prev, as somebody who knows the format can.
func (w row) chain(prev []byte) []byte {
	var texts [][]byte
	for _, s := range w.texts {
		texts = append(texts, []byte(s))
	}
	h := sha256.New()
	encode(h, nil, prev, w.seq, w.at, texts...)
	return h.Sum(nil)
}

// tampering changes the tables and says where Verify must see it; -1: anywhere.
type tampering func(t *rapid.T, s *script, all []row) (seq int64)

func someRow(t *rapid.T, all []row) row { return all[rapid.IntRange(0, len(all)-1).Draw(t, "entry")] }

var tamperings = map[string]tampering{
	"a text changed": func(t *rapid.T, s *script, all []row) int64 {
		w := someRow(t, all)
		i := rapid.IntRange(0, 7).Draw(t, "column")
		name := strings.Split(columns, ", ")[2+i]
		s.exec("UPDATE audit SET "+name+" = ? WHERE seq = ?", w.texts[i]+rapid.StringMatching("[a-z ]{1,3}").Draw(t, "more"), w.seq)
		return w.seq
	},
	"a text moved to the next column": func(t *rapid.T, s *script, all []row) int64 {
		w := someRow(t, all)
		s.exec("UPDATE audit SET actor = actor || org, org = '' WHERE seq = ?", w.seq)
		return w.seq
	},
	"the time changed": func(t *rapid.T, s *script, all []row) int64 {
		w := someRow(t, all)
		s.exec("UPDATE audit SET at = at + ? WHERE seq = ?", rapid.Int64Range(1, 1e12).Draw(t, "more"), w.seq)
		return w.seq
	},
	"a hash changed": func(t *rapid.T, s *script, all []row) int64 {
		w := someRow(t, all)
		bad := bytes.Clone(w.hash)
		bad[rapid.IntRange(0, 31).Draw(t, "byte")] ^= byte(rapid.IntRange(1, 255).Draw(t, "xor"))
		s.exec("UPDATE audit SET hash = ? WHERE seq = ?", bad, w.seq)
		return w.seq
	},
	"an entry changed with its hash": func(t *rapid.T, s *script, all []row) int64 {
		i := rapid.IntRange(0, len(all)-2).Draw(t, "entry")
		w := all[i]
		w.texts[0] = "somebody"
		s.exec("UPDATE audit SET actor = 'somebody', hash = ? WHERE seq = ?", w.chain(before(all, i)), w.seq)
		if w.seq%checkpointEvery == 0 {
			return w.seq // the checkpoint here shows it
		}
		return w.seq + 1 // the next one no longer follows
	},
	"an entry dropped": func(t *rapid.T, s *script, all []row) int64 {
		w := someRow(t, all)
		s.exec("DELETE FROM audit WHERE seq = ?", w.seq)
		return w.seq
	},
	"the end cut": func(t *rapid.T, s *script, all []row) int64 {
		w := someRow(t, all)
		s.exec("DELETE FROM audit WHERE seq >= ?", w.seq)
		return w.seq
	},
	"the end cut with its signature": func(t *rapid.T, s *script, all []row) int64 {
		s.exec("DELETE FROM audit WHERE seq >= ?", someRow(t, all).seq)
		s.exec("DELETE FROM audit_head")
		return -1
	},
	"the end cut with every signature behind": func(t *rapid.T, s *script, all []row) int64 {
		w := someRow(t, all)
		s.exec("DELETE FROM audit WHERE seq >= ?", w.seq)
		s.exec("DELETE FROM audit_head")
		*s = append(*s, statement{"DELETE FROM audit_checkpoints WHERE seq >= ?", []any{w.seq}, true})
		return -1
	},
	"dropped and the rest moved up": func(t *rapid.T, s *script, all []row) int64 {
		w := all[rapid.IntRange(0, len(all)-2).Draw(t, "entry")]
		s.exec("DELETE FROM audit WHERE seq = ?", w.seq)
		for _, later := range all[w.seq:] {
			s.exec("UPDATE audit SET seq = ? WHERE seq = ?", later.seq-1, later.seq)
		}
		return w.seq
	},
	"two entries exchanged": func(t *rapid.T, s *script, all []row) int64 {
		a, b := someRow(t, all), someRow(t, all)
		if a.seq == b.seq {
			b = all[a.seq%int64(len(all))]
		}
		first := min(a.seq, b.seq)
		s.exec("DELETE FROM audit WHERE seq IN (?, ?)", a.seq, b.seq)
		a.seq, b.seq = b.seq, a.seq
		s.insert(a)
		s.insert(b)
		return first
	},
	"an entry put in between": func(t *rapid.T, s *script, all []row) int64 {
		w := someRow(t, all)
		for _, later := range slices.Backward(all[w.seq-1:]) {
			s.exec("UPDATE audit SET seq = ? WHERE seq = ?", later.seq+1, later.seq)
		}
		w.texts[0] = "somebody"
		s.insert(w)
		return w.seq
	},
	"an entry added at the end": func(t *rapid.T, s *script, all []row) int64 {
		w := all[len(all)-1]
		prev := w.hash
		w.seq++
		w.hash = w.chain(prev)
		s.insert(w)
		return w.seq
	},
	"an entry before the first": func(t *rapid.T, s *script, all []row) int64 {
		w := someRow(t, all)
		w.seq = -rapid.Int64Range(0, 9).Draw(t, "before")
		w.hash = w.chain(make([]byte, hashLen))
		s.insert(w)
		return w.seq
	},
	"everything from an entry on written anew": func(t *rapid.T, s *script, all []row) int64 {
		i := rapid.IntRange(0, len(all)-1).Draw(t, "entry")
		prev := before(all, i)
		for _, w := range all[i:] {
			if w.seq == all[i].seq {
				w.texts[0] = "somebody"
			}
			prev = w.chain(prev)
			s.exec("UPDATE audit SET actor = ?, hash = ? WHERE seq = ?", w.texts[0], prev, w.seq)
		}
		// It shows at the next signed place.
		next := (all[i].seq + checkpointEvery - 1) / checkpointEvery * checkpointEvery
		return min(next, int64(len(all)))
	},
	"the log wiped": func(t *rapid.T, s *script, all []row) int64 {
		s.exec("DELETE FROM audit")
		s.exec("DELETE FROM audit_head")
		s.exec("DELETE FROM audit_checkpoints")
		return -1
	},
	"the signed end dropped": func(t *rapid.T, s *script, all []row) int64 {
		s.exec("DELETE FROM audit_head")
		return int64(len(all))
	},
	"the signed end set back": func(t *rapid.T, s *script, all []row) int64 {
		w := all[rapid.IntRange(0, len(all)-2).Draw(t, "entry")]
		s.exec("UPDATE audit_head SET seq = ?, hash = ?", w.seq, w.hash)
		return -1
	},
	"the signed end replaced by a checkpoint": func(t *rapid.T, s *script, all []row) int64 {
		s.exec("UPDATE audit_head SET seq = c.seq, at = c.at, hash = c.hash, signature = c.signature FROM audit_checkpoints AS c WHERE c.seq = 7")
		return 8
	},
	"the signed end changed": func(t *rapid.T, s *script, all []row) int64 {
		s.exec("UPDATE audit_head SET " + rapid.SampledFrom([]string{
			"at = at + 1", "seq = seq + 1", "seq = 4000000000000000000", "seq = -1", "key_id = 'x'", "id = 2",
		}).Draw(t, "change"))
		return -1
	},
	"the signature of the end changed": func(t *rapid.T, s *script, all []row) int64 {
		s.exec("UPDATE audit_head SET signature = ?", rapid.SliceOfN(rapid.Byte(), 0, 70).Draw(t, "signature"))
		return int64(len(all))
	},
	"a checkpoint dropped": func(t *rapid.T, s *script, all []row) int64 {
		seq := someCheckpoint(t, all)
		s.exec("DELETE FROM audit_checkpoints WHERE seq = ?", seq)
		return seq
	},
	"a checkpoint changed": func(t *rapid.T, s *script, all []row) int64 {
		change := rapid.SampledFrom([]string{"at = at + 1", "key_id = 'x'", "seq = seq + 1", "seq = 4000000000000000000", "seq = -3"}).Draw(t, "change")
		s.exec("UPDATE audit_checkpoints SET "+change+" WHERE seq = ?", someCheckpoint(t, all))
		return -1
	},
	"a checkpoint forged": func(t *rapid.T, s *script, all []row) int64 {
		seq := someCheckpoint(t, all)
		own := ed25519.NewKeyFromSeed(make([]byte, 32))
		c := (&Log{key: own, keyID: KeyID(pub)}).sign(seq, time.Now(), all[seq-1].hash)
		s.exec("UPDATE audit_checkpoints SET at = ?, signature = ? WHERE seq = ?", micros(c.At), c.Signature, seq)
		return seq
	},
}

func someCheckpoint(t *rapid.T, all []row) int64 {
	return checkpointEvery * rapid.Int64Range(1, int64(len(all))/checkpointEvery).Draw(t, "which")
}

// before is the hash that all[i] follows.
func before(all []row, i int) []byte {
	if i == 0 {
		return make([]byte, hashLen)
	}
	return all[i-1].hash
}

// Any single change of the tables is found, and the first entry is named.
func TestAnyTamperingIsFound(t *testing.T) {
	undo := errors.New("undo")
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		fill(t, db, 33)
		var all []row
		if err := db.Read(ctx, func(tx *store.Tx) (err error) { all, err = rows(tx); return err }); err != nil {
			t.Fatal(err)
		}
		most := map[string]int{"sqlite": 60, "postgres": 8}[db.Engine()] // of each kind; round trips are slow
		for name, tamper := range tamperings {
			n := 0
			t.Run(name, func(t *testing.T) {
				rapid.Check(t, func(rt *rapid.T) {
					if n++; n > most {
						return
					}
					var s script
					want := tamper(rt, &s, all)
					var rep Report
					err := db.Write(ctx, func(tx *store.Tx) (err error) {
						if err := s.run(tx); err != nil {
							return err
						}
						if rep, err = verify(tx, pub, nil, nil); err != nil {
							return err
						}
						return undo
					})
					switch {
					case !errors.Is(err, undo):
						rt.Fatal(err)
					case rep.Fault == nil:
						rt.Fatal("not found")
					case (name == "an entry dropped" || name == "the end cut") && rep.Fault.Kind != Missing:
						rt.Fatalf("found as %s: %s", rep.Fault.Kind, rep.Fault.Text)
					case want != -1 && rep.Fault.Seq != want:
						rt.Fatalf("found at %d, want %d: %s", rep.Fault.Seq, want, rep.Fault.Text)
					}
				})
			})
		}
		if rep, err := Verify(ctx, db, pub, nil); err != nil || rep.Fault != nil {
			t.Fatalf("the tests left the log changed: %+v %v", rep.Fault, err)
		}
	})
}

func TestAnOldStatePutBackIsFoundByACheckpointKeptElsewhere(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		l := fill(t, db, 10)
		old, err := l.Checkpoint(ctx)
		if err != nil {
			t.Fatal(err)
		}
		for i := range 3 {
			if err := l.Record(ctx, entry(i)); err != nil {
				t.Fatal(err)
			}
		}
		kept, err := l.Checkpoint(ctx)
		if err != nil || kept.Seq != 13 {
			t.Fatal(kept, err)
		}
		if rep, err := Verify(ctx, db, pub, nil, old, kept); err != nil || rep.Fault != nil {
			t.Fatalf("both checkpoints are true: %+v %v", rep.Fault, err)
		}
		err = db.Write(ctx, func(tx *store.Tx) error {
			_, err := tx.Exec("DELETE FROM audit WHERE seq > 10")
			return errors.Join(err, old.saveHead(tx))
		})
		if err != nil {
			t.Fatal(err)
		}
		if rep, err := Verify(ctx, db, pub, nil); err != nil || rep.Fault != nil {
			t.Fatalf("the database alone cannot know: %+v %v", rep.Fault, err)
		}
		rep, err := Verify(ctx, db, pub, nil, kept)
		if err != nil || rep.Fault == nil || rep.Fault.Kind != Missing || rep.Fault.Seq != 11 {
			t.Errorf("with the checkpoint: %+v %v", rep.Fault, err)
		}
		kept.Seq--
		if rep, err := Verify(ctx, db, pub, nil, kept); err != nil || rep.Fault == nil || rep.Fault.Kind != Forged {
			t.Errorf("a checkpoint that was changed: %+v %v", rep.Fault, err)
		}
		// A different history of the same length, signed by who stole the key.
		for i := range 4 {
			if err := l.Record(ctx, entry(i+20)); err != nil {
				t.Fatal(err)
			}
		}
		kept.Seq++
		if rep, err := Verify(ctx, db, pub, nil, kept); err != nil || rep.Fault == nil || rep.Fault.Kind != Rewritten || rep.Fault.Seq != 13 {
			t.Errorf("another history: %+v %v", rep.Fault, err)
		}
	})
}

func TestNoIdentityValueGetsIn(t *testing.T) {
	db := storetest.SQLite(t)
	l := New(db, key)
	// Plainly invented, in the shapes that identity values have.
	values := []string{
		"Zarmina Invented", "Zarmina", "زرمینہ", "+92 300 0000000", "03000000000", "0300-0000000", "0300.000.0000", "3520200000001", "35202-0000000-1",
		"zarmina@example.org", "AB1234567890", "House 5, Street 9", "she said that", "2001 January", "a\nb", "", " ", "0000-0000000", strings.Repeat("a", 81),
	}
	fields := map[string]func(e *Entry, v string){
		"actor": func(e *Entry, v string) { e.Actor = v }, "org": func(e *Entry, v string) { e.Org = v },
		"object": func(e *Entry, v string) { e.Object = v }, "case": func(e *Entry, v string) { e.Case = v },
		"register": func(e *Entry, v string) { e.Register = v }, "action": func(e *Entry, v string) { e.Action = v },
		"outcome": func(e *Entry, v string) { e.Outcome = v },
	}
	for k := range details {
		fields["detail "+k] = func(e *Entry, v string) { e.Detail[k] = v }
	}
	accepted := func(set func(*Entry, string), v string) error {
		e := entry(1)
		e.Detail = map[string]string{}
		set(&e, v)
		return l.Record(ctx, e)
	}
	capital := map[shape]bool{id: true, version: true} // ids may have capitals, so one bare word cannot be told from them
	for name, set := range fields {
		key, isDetail := strings.CutPrefix(name, "detail ")
		for _, v := range values {
			if v == "" && name != "action" && name != "outcome" {
				continue
			}
			if word := v == "Zarmina"; word && (isDetail && capital[details[key]] || slices.Contains([]string{"actor", "org", "object", "case"}, name)) {
				continue
			}
			if isDetail && details[key] == version && strings.IndexFunc(v, func(r rune) bool { return r > 'z' || r == ' ' || r == '+' || r == '@' }) < 0 && len(v) < 31 && v != "a\nb" {
				continue // authors of forms name versions as they like
			}
			err := accepted(set, v)
			if err == nil {
				t.Errorf("%s takes the value %q", name, v)
			} else if v != "" && len(v) > 3 && strings.Contains(err.Error(), v) {
				t.Errorf("the refusal of %s repeats the value", name)
			}
		}
	}
	if err := accepted(func(e *Entry, v string) { e.Detail["note"] = v }, "x"); err == nil {
		t.Error("a detail that is not on the list was taken")
	}
	for _, c := range []struct{ field, good string }{
		{"object", ids.New()}, {"object", "uuid:85cb9aff-0052-4edd-9739-999999999999"}, {"case", string(ids.NewCode())}, {"case", "1234-5678-9"},
		{"detail hash", strings.Repeat("0123456789abcdef", 4)}, {"detail count", "1234567"}, {"detail until", "2026-11-24"}, {"detail until", "2026-11-24T08:00:00Z"},
		{"detail version", "2026112401"}, {"detail form", "htcds__Intake_v2"}, {"detail property", "given_name"}, {"register", "flow_counts"}, {"actor", "system"},
	} {
		if err := accepted(fields[c.field], c.good); err != nil {
			t.Errorf("%s refuses %q: %v", c.field, c.good, err)
		}
	}
	if rep, err := Verify(ctx, db, pub, nil); err != nil || rep.Fault != nil {
		t.Errorf("after the refusals: %+v %v", rep.Fault, err)
	}
}

func TestHistoriesAreGivenNewestFirst(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		l := New(db, key)
		for i := range 10 {
			if err := l.Record(ctx, entry(i)); err != nil {
				t.Fatal(err)
			}
		}
		err := db.Read(ctx, func(tx *store.Tx) error {
			seqs := func(list []Entry, err error) string {
				if err != nil {
					t.Fatal(err)
				}
				var s []int64
				for _, e := range list {
					s = append(s, e.Seq)
				}
				return fmt.Sprint(s)
			}
			for _, c := range []struct{ got, want string }{
				{seqs(l.ForCase(tx, "c1", Page{})), "[10 8 6 4 2]"},
				{seqs(l.ForCase(tx, "c1", Page{Before: 8, Most: 2})), "[6 4]"},
				{seqs(l.ForObject(tx, "o3", Page{})), "[4]"},
				{seqs(l.ForActor(tx, "user-0", Page{})), "[10 7 4 1]"},
				{seqs(l.ForActor(tx, "nobody", Page{})), "[]"},
				{seqs(Where(tx, "r.case_id = ? OR r.actor = ?", []any{"c1", "user-0"}, 4)), "[10 8 7 6]"},
			} {
				if c.got != c.want {
					t.Errorf("got %s, want %s", c.got, c.want)
				}
			}
			list, err := l.ForObject(tx, "o3", Page{})
			want := entry(3)
			want.Seq, want.At = 4, want.At.UTC()
			delete(want.Detail, "state") // empty values are not kept
			if fmt.Sprint(list[0]) != fmt.Sprint(want) {
				t.Errorf("read back %+v, want %+v", list[0], want)
			}
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
		var out bytes.Buffer
		n, err := Export(ctx, db, &out, 3, 9)
		if err != nil || n != 7 {
			t.Fatal(n, err)
		}
		lines := bufio.NewScanner(&out)
		for seq := 3.0; lines.Scan(); seq++ {
			var v map[string]any
			if err := json.Unmarshal(lines.Bytes(), &v); err != nil || v["seq"] != seq || v["action"] != "case.open" || len(v["hash"].(string)) != 64 {
				t.Errorf("line %v: %v %v", seq, v, err)
			}
		}
	})
}

// BenchmarkAppend is one audited write, alone; BenchmarkVerify is an entry verified.
func BenchmarkAppend(b *testing.B) {
	checkpointEvery = realEvery
	db := storetest.SQLite(b)
	l := New(db, key)
	b.ResetTimer()
	err := db.Write(ctx, func(tx *store.Tx) error {
		for i := range b.N {
			if err := l.Append(tx, entry(i)); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		b.Fatal(err)
	}
}

func BenchmarkVerify(b *testing.B) {
	checkpointEvery = realEvery
	for _, engine := range []func(testing.TB) *store.DB{storetest.SQLite, storetest.Postgres} {
		db := engine(b)
		b.Run(db.Engine(), func(b *testing.B) {
			l := New(db, key)
			for n := 0; n < b.N; n += 2000 {
				err := db.Write(ctx, func(tx *store.Tx) error {
					for i := range min(2000, b.N-n) {
						if err := l.Append(tx, entry(n+i)); err != nil {
							return err
						}
					}
					return nil
				})
				if err != nil {
					b.Fatal(err)
				}
			}
			b.ResetTimer()
			rep, err := Verify(ctx, db, pub, nil)
			if err != nil || rep.Fault != nil && b.N > 0 {
				b.Fatal(rep.Fault, err)
			}
		})
	}
}
