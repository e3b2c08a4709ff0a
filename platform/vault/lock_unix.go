//go:build unix

package vault

import (
	"os"

	"golang.org/x/sys/unix"
)

// lockFile makes writers of the ring take turns, also across programs. The lock ends with the process.
func lockFile(path string) (unlock func(), err error) {
	f, err := os.OpenFile(path, os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return nil, onDisk(err)
	}
	if err := unix.Flock(int(f.Fd()), unix.LOCK_EX); err != nil {
		f.Close()
		return nil, onDisk(err)
	}
	return func() { f.Close() }, nil
}
