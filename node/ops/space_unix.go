//go:build unix

package ops

import "golang.org/x/sys/unix"

// free gives the bytes that are free where a folder is.
func free(dir string) (uint64, bool) {
	var fs unix.Statfs_t
	if unix.Statfs(dir, &fs) != nil {
		return 0, false
	}
	return uint64(fs.Bavail) * uint64(fs.Bsize), true
}
