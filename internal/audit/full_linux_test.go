package audit

import (
	"path/filepath"
	"syscall"
	"testing"

	"github.com/relais-archive/relais/internal/relais"
)

// TestFullDisk: on a full disk every entry is refused for want of room, and what was
// acknowledged can be read; with room made the same log goes on.
func TestFullDisk(t *testing.T) {
	dir := t.TempDir()
	if err := syscall.Mount("tmpfs", dir, "tmpfs", 0, "size=64k"); err != nil {
		t.Skip("a disk of its own cannot be mounted here:", err)
	}
	defer func() { _ = syscall.Unmount(dir, syscall.MNT_DETACH) }()
	l := openFile(t, filepath.Join(dir, "audit.log"))
	written := 0
	for ; written < 10_000; written++ {
		if err := l.Append(t.Context(), entry(written)); err != nil {
			break
		}
	}
	for range 3 {
		if err := l.Append(t.Context(), entry(written)); !relais.NoRoom(err) || relais.KindOf(err) != relais.KindUnavailable {
			t.Fatalf("entry %d: %v, want no room", written, err)
		}
	}
	if got := read(t, l, 1); len(got) != written {
		t.Errorf("%d entries of %d", len(got), written)
	}
	if err := syscall.Mount("tmpfs", dir, "tmpfs", syscall.MS_REMOUNT, "size=1m"); err != nil {
		t.Fatal(err)
	}
	if err := l.Append(t.Context(), entry(written)); err != nil {
		t.Errorf("with room made: %v", err)
	}
	if err := l.Verify(t.Context()); err != nil || len(read(t, l, 1)) != written+1 {
		t.Errorf("%d entries, %v", len(read(t, l, 1)), err)
	}
}
