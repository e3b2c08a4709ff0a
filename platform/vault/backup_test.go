package vault

import (
	"bytes"
	"errors"
	"io"
	"strings"
	"testing"
	"testing/iotest"
	"time"

	"pgregory.net/rapid"
)

func seal(t testing.TB, r *Ring, plain []byte, pieces int) []byte {
	t.Helper()
	var out bytes.Buffer
	w, err := r.SealBackup(&out)
	if err != nil {
		t.Fatal(err)
	}
	for len(plain) > 0 {
		n := min(max(pieces, 1), len(plain))
		if k, err := w.Write(plain[:n]); err != nil || k != n {
			t.Fatal(k, err)
		}
		plain = plain[n:]
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

func unseal(r *Ring, sealed []byte) ([]byte, error) {
	from, _, err := r.OpenBackup(bytes.NewReader(sealed))
	if err != nil {
		return nil, err
	}
	return io.ReadAll(from)
}

func TestABackupComesBackWhole(t *testing.T) {
	r, dir := newRing(t, "")
	for _, size := range []int{0, 1, 100, chunkLen - 1, chunkLen, chunkLen + 1, 2 * chunkLen, 3*chunkLen + 7} {
		plain := random(size)
		for _, pieces := range []int{1 + size/3, 1000, size} {
			sealed := seal(t, r, plain, pieces)
			got, err := unseal(open(t, dir, ""), sealed)
			if err != nil || !bytes.Equal(got, plain) {
				t.Errorf("%d bytes in pieces of %d came back as %d: %v", size, pieces, len(got), err)
			}
			if size > 40 && bytes.Contains(sealed, plain[:40]) {
				t.Error("the backup shows what is in it")
			}
		}
	}
	got, err := func() ([]byte, error) {
		from, _, err := r.OpenBackup(iotest.OneByteReader(bytes.NewReader(seal(t, r, random(chunkLen+5), 999))))
		if err != nil {
			return nil, err
		}
		return io.ReadAll(iotest.OneByteReader(from))
	}()
	if err != nil || len(got) != chunkLen+5 {
		t.Errorf("byte by byte: %d bytes, %v", len(got), err)
	}
}

func TestTheHeaderTellsFormatEpochAndDate(t *testing.T) {
	r, _ := newRing(t, "")
	if err := r.Rotate(time.Now()); err != nil {
		t.Fatal(err)
	}
	before := time.Now().Add(-2 * time.Second)
	sealed := seal(t, r, []byte("x"), 1)
	h, err := ReadHeader(bytes.NewReader(sealed))
	if err != nil || h.Format != 1 || h.Epoch != 2 || h.At.Before(before) || h.At.After(time.Now()) {
		t.Errorf("header %+v, %v", h, err)
	}
	if !strings.HasPrefix(string(sealed), "aman-backup/1 epoch=2 at=20") {
		t.Errorf("the first line is %q", sealed[:40])
	}
}

func TestABackupIsUnreadableOnceItsEpochExpired(t *testing.T) {
	r, dir := newRing(t, "")
	sealed := seal(t, r, []byte("a plainly invented name"), 5)
	now := time.Now()
	if err := r.Rotate(now); err != nil {
		t.Fatal(err)
	}
	if _, err := unseal(r, sealed); err != nil {
		t.Fatalf("a backup of the epoch before does not open: %v", err)
	}
	if _, err := r.Expire(now.Add(DefaultKeep)); err != nil {
		t.Fatal(err)
	}
	for _, ring := range []*Ring{r, open(t, dir, "")} {
		_, err := unseal(ring, sealed)
		wantKind(t, "expired", err, Expired)
	}
	other, _ := newRing(t, "")
	_, err := unseal(other, seal(t, r, nil, 1))
	wantKind(t, "epoch of another ring", err, Unknown)
	_, err = unseal(other, seal(t, other2(t), nil, 1))
	wantKind(t, "same epoch of another ring", err, Altered)
}

func other2(t *testing.T) *Ring { r, _ := newRing(t, ""); return r }

func TestAnyChangeOfABackupIsFound(t *testing.T) {
	r, _ := newRing(t, "")
	plain := random(3*chunkLen + 100)
	sealed := seal(t, r, plain, 10_000)
	head := bytes.IndexByte(sealed, '\n') + 1
	const sealedChunk = chunkLen + 16
	chunk := func(i int) []byte { return sealed[head+i*sealedChunk : min(head+(i+1)*sealedChunk, len(sealed))] }
	join := func(parts ...[]byte) []byte { return bytes.Join(append([][]byte{sealed[:head]}, parts...), nil) }
	for name, bad := range map[string][]byte{
		"first chunk dropped":   join(chunk(1), chunk(2), chunk(3)),
		"middle chunk dropped":  join(chunk(0), chunk(2), chunk(3)),
		"last chunk dropped":    join(chunk(0), chunk(1), chunk(2)),
		"chunks swapped":        join(chunk(1), chunk(0), chunk(2), chunk(3)),
		"chunk repeated":        join(chunk(0), chunk(0), chunk(1), chunk(2), chunk(3)),
		"bytes added":           join(chunk(0), chunk(1), chunk(2), chunk(3), []byte{0}),
		"last chunk twice":      join(chunk(0), chunk(1), chunk(2), chunk(3), chunk(3)),
		"header alone":          join(),
		"chunks of another":     append(bytes.Clone(seal(t, r, nil, 1)[:head]), sealed[head:]...),
		"an empty chunk added":  join(chunk(0), chunk(1), chunk(2), chunk(3), make([]byte, 16)),
		"date changed":          bytes.Replace(sealed, []byte(" at=20"), []byte(" at=21"), 1),
		"nothing":               {},
		"half of the header":    sealed[:head/2],
		"a line without an end": bytes.Repeat([]byte("aman-backup/1 "), 1000),
	} {
		_, err := unseal(r, bad)
		wantKind(t, name, err, Altered)
	}
	_, err := unseal(r, bytes.Replace(sealed, []byte("aman-backup/1"), []byte("aman-backup/7"), 1))
	wantKind(t, "newer", err, Newer)

	small := seal(t, r, random(300), 300)
	for i := range small {
		bad := bytes.Clone(small)
		bad[i] ^= 1 << (i % 8)
		if got, err := unseal(r, bad); err == nil {
			t.Fatalf("a flipped bit in byte %d was not found (%d bytes came)", i, len(got))
		}
		if _, err := unseal(r, small[:i]); err == nil {
			t.Fatalf("a cut at byte %d was not found", i)
		}
	}
	// What a reader gives before it finds the fault is always true.
	rapid.Check(t, func(rt *rapid.T) {
		bad := bytes.Clone(sealed)
		i := rapid.IntRange(head, len(bad)-1).Draw(rt, "byte")
		bad[i] ^= byte(rapid.IntRange(1, 255).Draw(rt, "xor"))
		got, err := unseal(r, bad)
		if err == nil || !bytes.HasPrefix(plain, got) {
			rt.Fatalf("%d bytes came, error %v", len(got), err)
		}
	})
}

func TestAFullDiskIsToldByTheBackup(t *testing.T) {
	r, _ := newRing(t, "")
	for _, room := range []int{0, 200, chunkLen, 2 * chunkLen} {
		w, err := r.SealBackup(&small{room})
		if err == nil {
			_, err = w.Write(make([]byte, 3*chunkLen))
			err = errors.Join(err, w.Close())
		}
		if !errors.Is(err, errFull) {
			t.Errorf("with room for %d bytes the error is %v", room, err)
		}
	}
}

var errFull = errors.New("full")

type small struct{ room int }

func (s *small) Write(p []byte) (int, error) {
	if s.room -= len(p); s.room < 0 {
		return 0, errFull
	}
	return len(p), nil
}

func FuzzBackup(f *testing.F) {
	r, _ := newRing(f, "")
	good := seal(f, r, []byte("hello"), 9)
	f.Add(good)
	f.Add(seal(f, r, make([]byte, chunkLen), 999))
	f.Add([]byte("aman-backup/1 epoch=1 at=2026-11-24T08:00:00Z salt=00\n"))
	f.Add([]byte("aman-backup/2"))
	f.Fuzz(func(t *testing.T, file []byte) {
		got, err := unseal(r, file)
		if err == nil && !bytes.Equal(got, []byte("hello")) && !bytes.Equal(got, make([]byte, chunkLen)) {
			t.Errorf("a backup was forged: %d bytes", len(got))
		}
		if err != nil && KindOf(err) == Other {
			t.Errorf("a fault without a kind: %v", err)
		}
		if h, err := ReadHeader(bytes.NewReader(file)); err == nil && !strings.HasPrefix(string(file), h.line()) {
			t.Errorf("the header reads %q", h.line())
		}
	})
}

func BenchmarkBackup(b *testing.B) {
	r, _ := newRing(b, "")
	plain := random(8 << 20)
	b.SetBytes(int64(len(plain)))
	for b.Loop() {
		w, err := r.SealBackup(io.Discard)
		if err != nil {
			b.Fatal(err)
		}
		if _, err := w.Write(plain); err != nil {
			b.Fatal(err)
		}
		w.Close()
	}
}
