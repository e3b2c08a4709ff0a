package vault

import (
	"bytes"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"pgregory.net/rapid"
)

func TestMain(m *testing.M) {
	// The real ones are checked by the two tests that name them.
	realCost, realFlush = argonCost, flush
	flush = func(*os.File) error { return nil }
	argonCost.Time, argonCost.Memory, argonCost.Threads = 1, 64, 1
	os.Exit(m.Run())
}

var (
	realCost  kdf
	realFlush func(*os.File) error
)

func newRing(t testing.TB, passphrase string) (*Ring, string) {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "keys")
	r, err := CreateRing(dir, passphrase)
	if err != nil {
		t.Fatal(err)
	}
	return r, dir
}

func open(t testing.TB, dir, passphrase string) *Ring {
	t.Helper()
	r, err := OpenRing(dir, passphrase)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func wantKind(t testing.TB, what string, err error, kind Kind) {
	t.Helper()
	if err == nil || KindOf(err) != kind {
		t.Errorf("%s: got %v (kind %d), want kind %d", what, err, KindOf(err), kind)
	}
}

func TestARingOpensAgainWithTheSameKeys(t *testing.T) {
	for _, passphrase := range []string{"", "correct horse"} {
		a, dir := newRing(t, passphrase)
		b := open(t, dir, passphrase)
		if !bytes.Equal(a.DatabaseKey(), b.DatabaseKey()) || !a.AuditKey().Equal(b.AuditKey()) || !bytes.Equal(a.Derive("x"), b.Derive("x")) {
			t.Error("the reopened ring derives other keys")
		}
		if len(a.DatabaseKey()) != 32 || bytes.Equal(a.DatabaseKey(), a.Derive("x")) || bytes.Equal(a.Derive("x"), a.Derive("y")) {
			t.Error("keys for different purposes must differ")
		}
		if locked, err := Locked(dir); err != nil || locked != (passphrase != "") {
			t.Errorf("Locked says %v, %v", locked, err)
		}
		other, _ := newRing(t, passphrase)
		if bytes.Equal(a.DatabaseKey(), other.DatabaseKey()) {
			t.Error("two rings have the same keys")
		}
	}
}

func TestARingIsLockedWithTheRecommendedCost(t *testing.T) {
	// RFC 9106, section 4, second recommended option.
	if realCost.Time != 3 || realCost.Memory != 64<<10 || realCost.Threads != 4 || !realCost.Argon {
		t.Errorf("argon2id runs with %+v", realCost)
	}
	if newKDF("p").Salt == newKDF("p").Salt {
		t.Error("two rings share a salt")
	}
}

func TestANewRingIsOnDiskBeforeItReplacesTheOld(t *testing.T) {
	r, dir := newRing(t, "")
	before, _ := os.ReadFile(filepath.Join(dir, RingFile))
	defer func(f func(*os.File) error) { flush = f }(flush)
	var first string
	flush = func(f *os.File) error {
		now, _ := os.ReadFile(filepath.Join(dir, RingFile))
		if first == "" {
			if first = f.Name(); !bytes.Equal(now, before) {
				t.Error("the ring was replaced before the new one was flushed")
			}
		}
		return realFlush(f)
	}
	if err := r.Rotate(time.Now()); err != nil {
		t.Fatal(err)
	}
	if !strings.HasSuffix(first, ".new") {
		t.Errorf("flushed first was %q", first)
	}
	flush = func(*os.File) error { return errors.New("no") }
	if err := r.Rotate(time.Now()); KindOf(err) != Disk {
		t.Errorf("a disk that does not flush: %v", err)
	}
	if n, _ := open(t, dir, "").current(); n != 2 {
		t.Errorf("after the failure the epoch is %d, want 2", n)
	}
	if n, _ := r.current(); n != 2 {
		t.Errorf("the running program uses epoch %d, which is on no disk", n)
	}
}

func TestRingFaultsAreToldApart(t *testing.T) {
	_, dir := newRing(t, "right")
	file := filepath.Join(dir, RingFile)
	good, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	_, err = OpenRing(dir, "wrong")
	wantKind(t, "wrong passphrase", err, WrongPassphrase)
	_, err = OpenRing(dir, "")
	wantKind(t, "no passphrase", err, WrongPassphrase)
	_, err = CreateRing(dir, "right")
	wantKind(t, "made twice", err, Exists)
	_, err = OpenRing(filepath.Join(dir, "elsewhere"), "right")
	wantKind(t, "missing", err, Missing)
	for _, c := range []struct {
		name string
		data []byte
		kind Kind
	}{
		{"empty", nil, Damaged},
		{"cut", good[:len(good)-1], WrongPassphrase}, // cannot be told from one
		{"cut to the line", good[:bytes.IndexByte(good, '\n')+1], Damaged},
		{"other file", []byte("hello\n"), Damaged},
		{"newer", bytes.Replace(good, []byte("aman-keyring/1"), []byte("aman-keyring/2"), 1), Newer},
		{"costly", bytes.Replace(good, []byte("m=64"), []byte("m=99999999"), 1), Damaged},
		{"cheaper", bytes.Replace(good, []byte("m=64"), []byte("m=32"), 1), WrongPassphrase},
		{"unlocked", append([]byte("aman-keyring/1 kdf=none\n"), good[bytes.IndexByte(good, '\n')+1:]...), Damaged},
		{"huge", make([]byte, ringMax+1), Damaged},
	} {
		if err := os.WriteFile(file, c.data, 0o600); err != nil {
			t.Fatal(err)
		}
		_, err := OpenRing(dir, "right")
		wantKind(t, c.name, err, c.kind)
		if text := err.Error(); !strings.HasSuffix(text, ".") || strings.Contains(text, "right") {
			t.Errorf("%s: %q is no sentence for the operator", c.name, text)
		}
	}
	if err := os.WriteFile(file, good, 0o600); err != nil {
		t.Fatal(err)
	}
	for _, mode := range []os.FileMode{0o640, 0o604, 0o660} {
		if err := os.Chmod(file, mode); err != nil {
			t.Fatal(err)
		}
		_, err = OpenRing(dir, "right")
		wantKind(t, "others may read", err, WrongRights)
	}
}

func TestRingFilesAreForTheOwnerAlone(t *testing.T) {
	r, dir := newRing(t, "")
	if err := r.Rotate(time.Now()); err != nil {
		t.Fatal(err)
	}
	files, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range files {
		if info, _ := f.Info(); info.Mode().Perm() != 0o600 {
			t.Errorf("%s has rights %o", f.Name(), info.Mode().Perm())
		}
	}
	if info, _ := os.Stat(dir); info.Mode().Perm() != 0o700 {
		t.Errorf("the folder has rights %o", info.Mode().Perm())
	}
}

func TestAnyFlippedBitOfARingIsFound(t *testing.T) {
	_, dir := newRing(t, "")
	file := filepath.Join(dir, RingFile)
	good, _ := os.ReadFile(file)
	for i := range good {
		bad := bytes.Clone(good)
		bad[i] ^= 1 << (i % 8)
		if err := os.WriteFile(file, bad, 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := OpenRing(dir, ""); err == nil {
			t.Fatalf("a flipped bit in byte %d was not found", i)
		}
	}
}

func TestAnExpiredEpochKeyIsNowhereInTheFolder(t *testing.T) {
	r, dir := newRing(t, "")
	start := r.Epochs()[0].Made
	oldKey := bytes.Clone(r.body.Epochs[0].Key)
	before, err := os.Open(filepath.Join(dir, RingFile)) // the blocks of the file that will be replaced
	if err != nil {
		t.Fatal(err)
	}
	defer before.Close()
	content, _ := os.ReadFile(before.Name())
	if err := r.Rotate(start.Add(DefaultEvery)); err != nil {
		t.Fatal(err)
	}
	got := make([]byte, len(content))
	if _, err := before.ReadAt(got, 0); err != nil {
		t.Fatal(err)
	}
	if bytes.Contains(got, content[100:132]) {
		t.Error("the replaced file can still be read from its blocks")
	}
	leftover := filepath.Join(dir, RingFile+".123.new")
	os.WriteFile(leftover, content, 0o600) // as a crash would leave it
	for _, early := range []time.Duration{0, DefaultKeep - time.Second} {
		if gone, err := r.Expire(start.Add(DefaultEvery + early)); err != nil || len(gone) > 0 {
			t.Fatalf("expired %v early: %v", gone, err)
		}
	}
	if gone, err := r.Expire(start.Add(DefaultEvery+DefaultKeep), 1); err != nil || len(gone) > 0 {
		t.Fatalf("a spared epoch expired: %v %v", gone, err)
	}
	gone, err := r.Expire(start.Add(DefaultEvery + DefaultKeep))
	if err != nil || !slices.Equal(gone, []int64{1}) {
		t.Fatalf("expired %v, %v; want epoch 1", gone, err)
	}
	if _, err := os.Stat(leftover); err == nil {
		t.Error("a leftover with the old key is still there")
	}
	fresh := open(t, dir, "")
	plain, _ := json.Marshal(fresh.body)
	if k, _ := json.Marshal(oldKey); bytes.Contains(plain, k) {
		t.Error("the expired key is still in the ring")
	}
	for _, ring := range []*Ring{r, fresh} {
		_, err = ring.epoch(1)
		wantKind(t, "expired", err, Expired)
		_, err = ring.epoch(9)
		wantKind(t, "never made", err, Unknown)
		if e := ring.Epochs(); len(e) != 2 || e[0].Gone.IsZero() || !e[1].Gone.IsZero() {
			t.Errorf("the epochs read %v", e)
		}
	}
	if gone, err := r.Expire(start.Add(100 * DefaultEvery)); err != nil || len(gone) > 0 {
		t.Errorf("the current epoch expired: %v %v", gone, err)
	}
}

func TestOtherProgramsSeeChangesOfTheRing(t *testing.T) {
	a, dir := newRing(t, "p")
	b := open(t, dir, "p")
	if err := a.Rotate(time.Now()); err != nil {
		t.Fatal(err)
	}
	if _, err := b.epoch(2); err != nil {
		t.Errorf("an epoch that another program made: %v", err)
	}
	if n, _ := b.current(); n != 2 {
		t.Errorf("the other program seals under epoch %d", n)
	}
	if _, err := a.Expire(time.Now().Add(DefaultKeep)); err != nil {
		t.Fatal(err)
	}
	b.checked = time.Time{} // as after 30 seconds
	_, err := b.epoch(1)
	wantKind(t, "expired by another program", err, Expired)
	if err := a.SetPassphrase("q"); err != nil {
		t.Fatal(err)
	}
	wantKind(t, "passphrase changed by another program", b.Rotate(time.Now()), WrongPassphrase)
	if err := a.Rotate(time.Now()); err != nil {
		t.Error(err)
	}
	_, err = OpenRing(dir, "p")
	wantKind(t, "the old passphrase", err, WrongPassphrase)
	if n, _ := open(t, dir, "q").current(); n != 3 {
		t.Errorf("after the change of passphrase the epoch is %d, want 3", n)
	}
}

func TestConcurrentRotationsLoseNoEpoch(t *testing.T) {
	_, dir := newRing(t, "")
	var wg sync.WaitGroup
	for range 4 {
		r := open(t, dir, "")
		wg.Go(func() {
			for range 5 {
				if err := r.Rotate(time.Now()); err != nil {
					t.Error(err)
				}
			}
		})
	}
	wg.Wait()
	r := open(t, dir, "")
	if n := len(r.Epochs()); n != 21 {
		t.Errorf("there are %d epochs, want 21", n)
	}
	for _, e := range r.Epochs() {
		if _, err := r.epoch(e.N); err != nil {
			t.Error(err)
		}
	}
}

// The bytes of a replaced ring are overwritten; a reader that still has it open must not
// take them for damage.
func TestARingCanBeOpenedWhileItIsReplaced(t *testing.T) {
	r, dir := newRing(t, "")
	stop := make(chan struct{})
	var wg sync.WaitGroup
	wg.Go(func() {
		for {
			select {
			case <-stop:
				return
			default:
				if err := r.SetRetention(DefaultEvery, DefaultKeep); err != nil {
					t.Error(err)
				}
			}
		}
	})
	for range 1000 {
		if _, err := OpenRing(dir, ""); err != nil {
			t.Error(err)
			break
		}
	}
	close(stop)
	wg.Wait()
}

// The promise of BackupsGone holds on any schedule of daily upkeep.
func TestBackupsAreGoneWhenPromised(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		b := newBody(time.Now())
		b.EveryHours = rapid.IntRange(1, 50*24).Draw(rt, "every")
		b.KeepHours = rapid.IntRange(1, 50*24).Draw(rt, "keep")
		now := b.Epochs[0].Made
		erasedOn := rapid.IntRange(0, 60).Draw(rt, "erased on day")
		var promise time.Time
		var under int64
		for day := range 180 {
			if day == erasedOn {
				promise, under = b.backupsGone(now), b.last().N
				if promise.Before(now.Add(b.keep())) || promise.After(now.Add(b.every()+b.keep()+48*time.Hour)) {
					rt.Fatalf("the promise is %v after the erasure, every %v keep %v", promise.Sub(now), b.every(), b.keep())
				}
			}
			now = now.Add(24 * time.Hour)
			if b.due(now) {
				b.rotate(now)
			}
			b.expire(now, nil)
			if err := b.check(); err != nil {
				rt.Fatal(err)
			}
			if day < erasedOn {
				continue
			}
			gone := len(b.Epochs[under-1].Key) == 0
			// At the promised moment it is gone, and no more than the slack before.
			if !gone && !now.Before(promise) || gone && now.Before(promise.Add(-48*time.Hour)) {
				rt.Fatalf("%v after the promised moment the key is gone: %v", now.Sub(promise), gone)
			}
		}
	})
}

func FuzzRing(f *testing.F) {
	_, dir := newRing(f, "p")
	good, _ := os.ReadFile(filepath.Join(dir, RingFile))
	_, dir = newRing(f, "")
	plain, _ := os.ReadFile(filepath.Join(dir, RingFile))
	f.Add(good)
	f.Add(plain)
	f.Add([]byte("aman-keyring/1 kdf=argon2id t=3 m=65536 p=4 salt=00\n"))
	f.Add([]byte(""))
	f.Fuzz(func(t *testing.T, file []byte) {
		k, sealed, err := parseRing(file)
		if err != nil {
			if KindOf(err) == Other {
				t.Errorf("a fault without a kind: %v", err)
			}
			return
		}
		if got := append([]byte(k.line()), sealed...); !bytes.Equal(got, file) {
			t.Error("the parts do not make the file again")
		}
		if !k.Argon {
			if b, err := openRing(k, k.key(""), sealed); err == nil && b.check() != nil {
				t.Error("a ring that is not whole was opened")
			}
		}
	})
}
