package ops

import (
	"bytes"
	"context"
	"testing"

	"aman/node"
	"aman/platform/store"
)

// Search looks for a text in every column of every row, as a backup would write it.
func Search(ctx context.Context, t testing.TB, n *node.Node, text string) (found []string) {
	t.Helper()
	err := n.Store.Read(ctx, func(tx *store.Tx) error {
		tables, err := tx.Tables()
		if err != nil {
			return err
		}
		for _, table := range tables {
			if err := rows(tx, table, func(row []byte) error {
				if bytes.Contains(row, []byte(text)) {
					found = append(found, table.Name)
				}
				return nil
			}); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return found
}
