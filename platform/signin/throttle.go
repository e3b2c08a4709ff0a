package signin

import (
	"context"
	"errors"
	"math"
	"net"
	"net/netip"
	"strings"
	"time"

	"aman/platform/store"
)

// bucket is a token bucket: size tokens, refilled by one each every.
type bucket struct {
	kind  string
	size  float64
	every time.Duration
}

// The buckets; the package comment says what each is against.
var (
	perLoginNetwork = bucket{"login and network", 10, time.Minute}
	perNetwork      = bucket{"network", 100, 2 * time.Second}
	perLogin        = bucket{"login", 60, 2 * time.Minute}
	perBrowser      = bucket{"login and browser", 10, time.Minute}
	perTicket       = bucket{"code", 20, 5 * time.Minute}
)

// charge is a token taken, or to be taken, from one bucket.
type charge struct {
	bucket
	key string
}

func (s *Service) charge(b bucket, parts ...string) charge {
	return charge{b, s.name(append([]string{b.kind}, parts...)...)}
}

// take takes a token from each bucket of a try at a login, or gives *Slow and takes none.
// A browser that knows the user is counted by itself, instead of by the login anywhere.
func (s *Service) take(ctx context.Context, login string, from From) (taken []charge, err error) {
	net := network(from.Address)
	anywhere := []charge{s.charge(perLoginNetwork, login, net), s.charge(perNetwork, net), s.charge(perLogin, login)}
	var slow *Slow
	err = s.db.Write(ctx, func(tx *store.Tx) error {
		slow = nil
		taken = anywhere
		known, err := s.knows(tx, from.Browser, login)
		if err != nil {
			return err
		}
		if known {
			own := s.charge(perBrowser, login, hashToken(from.Browser))
			if err := s.takeAll(tx, own); err == nil {
				taken = []charge{own}
				return nil
			} else if !errors.As(err, &slow) {
				return err
			}
			slow = nil // used up: from here on it is a browser like any other
		}
		err = s.takeAll(tx, taken...)
		if errors.As(err, &slow) {
			return nil
		}
		return err
	})
	if err != nil {
		return nil, err
	}
	if slow != nil {
		return nil, slow
	}
	return taken, nil
}

// takeNetwork takes a token of the network alone.
func (s *Service) takeNetwork(ctx context.Context, from From) error {
	return s.db.Write(ctx, func(tx *store.Tx) error {
		return s.takeAll(tx, s.charge(perNetwork, network(from.Address)))
	})
}

// takeAll takes one token from each bucket, or gives *Slow and takes none.
func (s *Service) takeAll(tx *store.Tx, charges ...charge) error {
	now := s.now()
	levels := make([]float64, len(charges))
	var wait time.Duration
	for i, c := range charges {
		level, err := s.level(tx, c, now)
		if err != nil {
			return err
		}
		if level < 1 {
			wait = max(wait, time.Duration((1-level)*float64(c.every)))
		}
		levels[i] = level - 1
	}
	if wait > 0 {
		return &Slow{After: wait}
	}
	for i, c := range charges {
		if err := s.fill(tx, c, levels[i], now); err != nil {
			return err
		}
	}
	return nil
}

// giveBack returns what a try took that then succeeded.
func (s *Service) giveBack(tx *store.Tx, charges []charge) error {
	now := s.now()
	for _, c := range charges {
		level, err := s.level(tx, c, now)
		if err != nil {
			return err
		}
		if err := s.fill(tx, c, math.Min(level+1, c.size), now); err != nil {
			return err
		}
	}
	return nil
}

// level is how many tokens a bucket has by now.
func (s *Service) level(tx *store.Tx, c charge, now time.Time) (float64, error) {
	var tokens float64
	var at int64
	err := tx.Row("SELECT tokens, at FROM throttles WHERE key = ?", c.key).Scan(&tokens, &at)
	if errors.Is(err, store.ErrNone) {
		return c.size, nil
	}
	if err != nil {
		return 0, err
	}
	since := max(0, now.Sub(store.Time(at))) // a clock that went back refills nothing
	return math.Min(c.size, tokens+float64(since)/float64(c.every)), nil
}

func (s *Service) fill(tx *store.Tx, c charge, tokens float64, now time.Time) error {
	_, err := tx.Exec("INSERT INTO throttles (key, tokens, at) VALUES (?, ?, ?) ON CONFLICT (key) DO UPDATE SET tokens = excluded.tokens, at = excluded.at",
		c.key, tokens, store.Micros(now))
	return err
}

// network is the part of an address that its owner cannot change at will: the /24 of an
// IPv4 address, the /48 of an IPv6 one. What is no address is one network of its own.
func network(address string) string {
	host := address
	if h, _, err := net.SplitHostPort(address); err == nil {
		host = h
	}
	a, err := netip.ParseAddr(strings.Trim(host, "[]"))
	if err != nil {
		return "unknown"
	}
	a = a.Unmap().WithZone("")
	bits := 48
	if a.Is4() {
		bits = 24
	}
	p, err := a.Prefix(bits)
	if err != nil {
		return "unknown"
	}
	return p.String()
}

// knows says whether the browser has signed the user of this login in before.
func (s *Service) knows(tx *store.Tx, browser, login string) (bool, error) {
	if browser == "" {
		return false, nil
	}
	var n int
	err := tx.Row("SELECT 1 FROM known_browsers k JOIN users u ON u.id = k.user_id WHERE k.hash = ? AND u.login = ?", hashToken(browser), login).Scan(&n)
	if errors.Is(err, store.ErrNone) {
		return false, nil
	}
	return err == nil, err
}
