package ingest

import (
	"bytes"
	"syscall"
	"testing"

	"github.com/relais-archive/relais/internal/relais"
)

// TestNoRoomForALargeItem: a full disk is no reason to refuse an item.
func TestNoRoomForALargeItem(t *testing.T) {
	dir := t.TempDir()
	if err := syscall.Mount("tmpfs", dir, "tmpfs", 0, "size=5m"); err != nil {
		t.Skip("a disk of its own cannot be mounted here:", err)
	}
	defer func() { _ = syscall.Unmount(dir, syscall.MNT_DETACH) }()
	body := make([]byte, spoolOver+3<<20) // its head fits, its rest does not
	_, err := readContent(bytes.NewReader(body), -1, 1<<30, dir)
	if !relais.Retryable(err) || !relais.NoRoom(err) {
		t.Errorf("the item is at fault: %v", err)
	}
}
