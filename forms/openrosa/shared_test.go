package openrosa

import (
	"bytes"
	"errors"
	"fmt"
	"runtime"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// However many fetch a file at once, it is in memory once; afterwards not at all.
func TestShared(t *testing.T) {
	var s shared
	var loads atomic.Int64
	load := func() ([]byte, error) {
		loads.Add(1)
		time.Sleep(time.Millisecond)
		return bytes.Repeat([]byte("x"), 1<<20), nil
	}
	var wg sync.WaitGroup
	go1, all := make(chan struct{}), make(chan *[]byte, 100)
	for range cap(all) {
		wg.Go(func() {
			<-go1
			p, err := s.get("list", load)
			if err != nil || len(*p) != 1<<20 {
				t.Errorf("%v", err)
			}
			all <- p
		})
	}
	close(go1)
	wg.Wait()
	close(all)
	var held []*[]byte
	for p := range all {
		held = append(held, p)
	}
	if n := loads.Load(); n != 1 {
		t.Errorf("it was read %d times", n)
	}
	runtime.GC()
	if p, err := s.get("list", load); err != nil || p != held[0] || loads.Load() != 1 {
		t.Error("it is read again while somebody has it")
	}
	runtime.KeepAlive(held)
	held = nil
	remembered := func() int {
		s.mu.Lock()
		defer s.mu.Unlock()
		return len(s.of)
	}
	for range 100 {
		if runtime.GC(); remembered() == 0 {
			break
		}
		time.Sleep(10 * time.Millisecond)
	}
	if n := remembered(); n != 0 {
		t.Errorf("%d files that nobody fetches are remembered", n)
	}
	// A fault is nobody's file.
	fault := errors.New("no")
	if _, err := s.get("other", func() ([]byte, error) { return nil, fault }); !errors.Is(err, fault) || remembered() != 0 {
		t.Error(err)
	}
	for i := range 1000 {
		if p, err := s.get(fmt.Sprint(i), func() ([]byte, error) { return fmt.Append(nil, i), nil }); err != nil || string(*p) != fmt.Sprint(i) {
			t.Fatal(err)
		}
	}
}
