//go:build !linux

package main

import "os"

// scratch makes a folder for a store that is thrown away.
func scratch(uint64) (string, error) { return os.MkdirTemp("", "aman-demo-") }
