package main

import (
	"os"

	"golang.org/x/sys/unix"
)

// scratch makes a folder for a store that is thrown away. Memory is best: nothing of it
// ever reaches a disk, and nothing waits for one. need is in bytes.
func scratch(need uint64) (string, error) {
	const memory = "/dev/shm"
	var fs unix.Statfs_t
	if os.Getenv("TMPDIR") == "" && unix.Statfs(memory, &fs) == nil && fs.Type == unix.TMPFS_MAGIC && fs.Bavail*uint64(fs.Bsize) > need {
		if dir, err := os.MkdirTemp(memory, "aman-demo-"); err == nil {
			return dir, nil
		}
	}
	return os.MkdirTemp("", "aman-demo-")
}
