// Package node puts an Aman together: it opens the key ring and the store, reads the
// packs, and ties the engines to them. cmd/aman, the demonstration, the web pages and
// the tests all start here.
//
//	n, err := node.Open(ctx, node.Config{Data: "data"})
//	defer n.Close()
//	id, err := n.Casework.Open(ctx, subject, casework.Opening{…})
package node
