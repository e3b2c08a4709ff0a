package demo

import (
	"context"
	"testing"
	"time"

	"aman/node"
)

var ctx = context.Background()

func filled(t testing.TB, url string, o Options) (*node.Node, Programme) {
	t.Helper()
	clock := NewClock()
	n, err := node.Open(ctx, node.Config{Data: t.TempDir(), Database: url, Create: true, Now: clock.Now})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { n.Close() })
	if o.Today.IsZero() {
		o.Today = time.Date(2026, 3, 31, 0, 0, 0, 0, n.Zone())
	}
	p, err := Fill(ctx, n, clock, o)
	if err != nil {
		t.Fatal(err)
	}
	return n, p
}

func TestFill(t *testing.T) {
	n, p := filled(t, "", Options{People: 60, Days: 10})
	_ = n
	t.Logf("%+v", p)
}
