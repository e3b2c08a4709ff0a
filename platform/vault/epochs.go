package vault

import (
	"crypto/rand"
	"slices"
	"time"
)

// How long epochs last unless the ring says otherwise: a backup can be restored for
// at least 35 days, and an erased person is gone from every backup after at most 67.
const (
	DefaultEvery = 30 * 24 * time.Hour
	DefaultKeep  = 35 * 24 * time.Hour

	// upkeepLate is how late the daily upkeep may come to each thing it does.
	upkeepLate = 24 * time.Hour
)

// newBody is a ring with new keys in its first epoch.
func newBody(now time.Time) *body {
	return &body{
		Root:       random(32),
		EveryHours: int(DefaultEvery / time.Hour),
		KeepHours:  int(DefaultKeep / time.Hour),
		Epochs:     []epochRecord{{N: 1, Made: seconds(now), Key: random(32)}},
	}
}

func (b *body) last() *epochRecord   { return &b.Epochs[len(b.Epochs)-1] }
func (b *body) every() time.Duration { return time.Duration(b.EveryHours) * time.Hour }
func (b *body) keep() time.Duration  { return time.Duration(b.KeepHours) * time.Hour }

func (b *body) due(now time.Time) bool { return !now.Before(b.last().Made.Add(b.every())) }

func (b *body) rotate(now time.Time) {
	b.last().Replaced = seconds(now)
	b.Epochs = append(b.Epochs, epochRecord{N: b.last().N + 1, Made: seconds(now), Key: random(32)})
}

// over lists the epochs whose time is over and whose keys are still there.
func (b *body) over(now time.Time, spare []int64) (out []int64) {
	for _, e := range b.Epochs {
		if len(e.Key) > 0 && !e.Replaced.IsZero() && !now.Before(e.Replaced.Add(b.keep())) && !slices.Contains(spare, e.N) {
			out = append(out, e.N)
		}
	}
	return out
}

func (b *body) expire(now time.Time, spare []int64) (gone []int64) {
	gone = b.over(now, spare)
	for i, e := range b.Epochs {
		if slices.Contains(gone, e.N) {
			b.Epochs[i].Key, b.Epochs[i].Gone = nil, seconds(now)
		}
	}
	return gone
}

func (b *body) backupsGone(now time.Time) time.Time {
	end := b.last().Made.Add(b.every())
	if end.Before(now) {
		end = now
	}
	return end.Add(upkeepLate + b.keep() + upkeepLate).UTC()
}

func seconds(t time.Time) time.Time { return t.UTC().Truncate(time.Second) }

func random(n int) []byte {
	b := make([]byte, n)
	rand.Read(b) // never fails (crypto/rand since Go 1.24)
	return b
}
