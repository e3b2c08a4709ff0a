package dp

import (
	"context"
	"os"
	"syscall"
	"time"
)

// lockFile opens path with no sharing, which keeps every other writer out until it is closed.
func lockFile(ctx context.Context, path string) (*os.File, error) {
	name, err := syscall.UTF16PtrFromString(path)
	if err != nil {
		return nil, err
	}
	const sharingViolation = syscall.Errno(32)
	for {
		h, err := syscall.CreateFile(name, syscall.GENERIC_READ|syscall.GENERIC_WRITE, 0, nil,
			syscall.OPEN_EXISTING, syscall.FILE_ATTRIBUTE_NORMAL, 0)
		if err == nil {
			return os.NewFile(uintptr(h), path), nil
		}
		if err != sharingViolation {
			return nil, err
		}
		select {
		case <-ctx.Done():
			return nil, ctx.Err()
		case <-time.After(5 * time.Millisecond):
		}
	}
}

// syncDir has no counterpart on Windows: a created file is durable with its own sync.
func syncDir(string) error { return nil }
