package release

import (
	"context"
	"crypto/ed25519"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"time"

	"aman/platform/access"
	"aman/platform/audit"
	"aman/platform/store"
	"aman/release/dp"
	"aman/release/product"
	"aman/release/showcase"
)

// Trace is what a node knows of a folder.
type Trace struct {
	Known    bool // a request of this node made it, and its manifest is the one that was kept
	State    string
	Words    string // of a recall
	InLedger bool   // the ledger line that the manifest names is there, and it chains
	Trusted  bool   // signed with this node's key
}

// Trace looks for the origin of a folder. It tells no more than the folder itself does, so it asks for no right; it is for
// the program on the machine.
func (s *Service) Trace(tx *store.Tx, m *product.Manifest, manifest []byte) (t Trace, err error) {
	t.Trusted = m.Key == product.Fingerprint(s.key.Public().(ed25519.PublicKey))
	list, err := store.All(tx, scanRequest, requestColumns+" WHERE r.id = ?", m.ID)
	if err != nil || len(list) == 0 {
		return t, err
	}
	r := list[0]
	t.Known, t.State, t.Words = r.Hash == sha(manifest), r.State, r.Words
	if r.Ask.Path != PathDP {
		return t, nil
	}
	spent, err := entries(tx, r.Population)
	if err != nil {
		return t, err
	}
	l := m.Ledger
	t.InLedger = l.Seq > 0 && l.Seq < len(spent) && spent[l.Seq].Hash == l.Hash && spent[l.Seq].Purpose == purpose(r.ID)
	return t, nil
}

// ErrCounted: the ledger has the release already.
var ErrCounted = errors.New("the ledger has this release already")

// Count writes a release of this node into a ledger that lacks it, as the ledger of a restored backup may: what was released
// since then was spent. Where the budget does not bear it, all that is left is spent. It is for those who approve.
func (s *Service) Count(ctx context.Context, sub access.Subject, register string, folder fs.FS) (dp.Entry, error) {
	m, err := Check(folder, s.PublicKey())
	if err != nil {
		return dp.Entry{}, err
	}
	if m.DP == nil {
		return dp.Entry{}, &Fault{"path", "path"}
	}
	err = s.db.Write(ctx, func(tx *store.Tx) error {
		if _, err := s.policy.Require(tx, sub, access.ApproveRelease, access.Object{Register: "releases", Org: sub.Org}); err != nil {
			return err
		}
		list, err := entries(tx, register+"/"+sub.Org)
		if err == nil && len(spends(list, m.ID)) > 0 {
			err = ErrCounted
		}
		if err != nil {
			return err
		}
		return s.audit.Append(tx, audit.Entry{At: s.now().UTC(), Actor: sub.User, Org: sub.Org, Action: "release.count", Outcome: audit.OK,
			Register: "releases", Object: m.ID, Detail: map[string]string{"kind": register}})
	})
	if err != nil {
		return dp.Entry{}, err
	}
	ledger, err := dp.OpenLedger(ctx, books{db: s.db, population: register + "/" + sub.Org}, 0)
	if err != nil {
		return dp.Entry{}, &Fault{"no_budget", ""}
	}
	grant, err := ledger.Spend(ctx, purpose(m.ID), m.DP.Rho)
	var over *dp.OverspendError
	if errors.As(err, &over) && over.Left > 0 {
		grant, err = ledger.Spend(ctx, purpose(m.ID), over.Left)
	}
	if err != nil {
		return dp.Entry{}, err
	}
	return grant.Entry, nil
}

// Recall notice: what to lay over a release that is already out.
type recalled struct {
	ID       string `json:"id"`
	At       string `json:"recalled_at"`
	Words    string `json:"notice"`
	Manifest string `json:"manifest_sha256"`
}

// Notice gives the files that tell of a recall, to be laid over a folder that is already out: recalled.json with its
// signature by the key of the folder, and the notice of the website.
func (s *Service) Notice(ctx context.Context, sub access.Subject, id string) (product.Folder, error) {
	var r *Request
	err := s.db.Read(ctx, func(tx *store.Tx) (err error) { r, err = s.Request(tx, sub, id); return err })
	if err != nil {
		return nil, err
	}
	if r.State != Recalled {
		return nil, ErrState
	}
	body, err := json.MarshalIndent(recalled{r.ID, r.RecalledAt.Format(time.RFC3339), r.Words, r.Hash}, "", "  ")
	if err != nil {
		return nil, fmt.Errorf("recall notice: %w", err)
	}
	return product.Folder{{Name: "recalled.json", Body: body}, {Name: "recalled.sig", Body: ed25519.Sign(s.key, body)},
		showcase.Notice(product.Text{"en": r.Words})}, nil
}

// PublicKey is the key that the folders of this node are signed with.
func (s *Service) PublicKey() ed25519.PublicKey { return s.key.Public().(ed25519.PublicKey) }

// Budgets gives every ledger of the node, by population. It is for the program on the machine.
func (s *Service) Budgets(tx *store.Tx) (map[string]Budget, error) {
	names, err := tx.Strings("SELECT DISTINCT population FROM privacy_ledger")
	if err != nil {
		return nil, err
	}
	out := map[string]Budget{}
	for _, name := range names {
		list, err := entries(tx, name)
		if err != nil {
			return nil, err
		}
		out[name] = budgetOf(list)
	}
	return out, nil
}
