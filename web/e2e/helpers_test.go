package e2e

import (
	"context"
	"sync"
	"testing"

	"aman/platform/i18n"
	"aman/release/kanon"
	"aman/web"
)

var catalogue = sync.OnceValues(web.Texts)

// texts is the catalogue of texts the pages use.
func texts(t *testing.T) *i18n.Catalogue {
	t.Helper()
	c, err := catalogue()
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// derivable lets the attacker of package kanon work on a published table.
func derivable(ctx context.Context, t *testing.T, p kanon.Published) error {
	t.Helper()
	found, err := kanon.Audit(ctx, p)
	for _, d := range found {
		t.Errorf("a small count can be worked out: %v", d)
	}
	return err
}
