package openrosa

import (
	"runtime"
	"sync"
	"weak"

	"golang.org/x/sync/singleflight"
)

// shared lets phones that fetch the same file at the same time share one copy of it: on the
// morning of a survey five hundred of them come for the same list. What nobody is fetching is
// not kept.
type shared struct {
	mu    sync.Mutex
	of    map[string]weak.Pointer[[]byte]
	group singleflight.Group
}

// get gives the bytes under a key, which load fetches when nobody has them. They must not be
// changed, and are shared for as long as the pointer is kept (runtime.KeepAlive).
func (s *shared) get(key string, load func() ([]byte, error)) (*[]byte, error) {
	if p := s.have(key); p != nil {
		return p, nil
	}
	p, err, _ := s.group.Do(key, func() (any, error) {
		if p := s.have(key); p != nil {
			return p, nil
		}
		body, err := load()
		if err != nil {
			return nil, err
		}
		p := &body
		s.mu.Lock()
		defer s.mu.Unlock()
		if s.of == nil {
			s.of = map[string]weak.Pointer[[]byte]{}
		}
		s.of[key] = weak.Make(p)
		runtime.AddCleanup(p, s.forget, key)
		return p, nil
	})
	if err != nil {
		return nil, err
	}
	return p.(*[]byte), nil
}

func (s *shared) have(key string) *[]byte {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.of[key].Value()
}

// forget drops an entry whose bytes are gone, unless somebody has fetched them anew.
func (s *shared) forget(key string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.of[key].Value() == nil {
		delete(s.of, key)
	}
}
