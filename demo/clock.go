package demo

import (
	"sync"
	"time"
)

// Clock is the clock of a node that is being filled: it stands at the moment at which
// something is said to happen. Real sets it free.
type Clock struct {
	turn sync.Mutex // held from once until the time that it set has been read
	mu   sync.Mutex
	at   time.Time // zero: the real time
	once *time.Time
}

// NewClock gives a clock that runs with the real time.
func NewClock() *Clock { return &Clock{} }

// Now is for node.Config.Now.
func (c *Clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.once != nil {
		t := *c.once
		c.once = nil
		c.turn.Unlock()
		return t
	}
	if c.at.IsZero() {
		return time.Now()
	}
	// Each look moves the clock on a little: no two acts are at once.
	c.at = c.at.Add(time.Microsecond)
	return c.at
}

// Set stops the clock at a moment.
func (c *Clock) Set(t time.Time) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.at = t
}

// Real lets the clock run with the real time.
func (c *Clock) Real() { c.Set(time.Time{}) }

// next sets the time for one look. Submissions that run side by side read the clock once
// each, in the order in which they begin, so each gets its own.
func (c *Clock) next(t time.Time) {
	c.turn.Lock()
	c.mu.Lock()
	defer c.mu.Unlock()
	c.once = &t
}
