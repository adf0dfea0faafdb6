package local

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/relais-archive/relais/internal/blob"
	"github.com/relais-archive/relais/internal/blob/blobtest"
)

func open(t testing.TB, folder string) *Dir {
	t.Helper()
	d, err := Open(folder)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = d.Close() })
	return d
}

func TestBackend(t *testing.T) {
	blobtest.TestBackend(t, func(t *testing.T) blob.Backend { return open(t, t.TempDir()) })
}

func TestStore(t *testing.T) {
	blobtest.TestStore(t, func(t *testing.T) blobtest.Parts {
		return blobtest.Parts{Backend: open(t, t.TempDir()), Keys: blobtest.NewKeys(), Index: blobtest.NewIndex()}
	})
}

func TestBackendBehindTheCache(t *testing.T) {
	blobtest.TestBackend(t, func(t *testing.T) blob.Backend { return blob.WithCache(open(t, t.TempDir()), 1<<20, 64<<10) })
}

func TestStoreBehindTheCache(t *testing.T) {
	blobtest.TestStore(t, func(t *testing.T) blobtest.Parts {
		return blobtest.Parts{Backend: blob.WithCache(open(t, t.TempDir()), 1<<20, 64<<10), Keys: blobtest.NewKeys(), Index: blobtest.NewIndex()}
	})
}

func TestLeftoversOfACrashAreCleared(t *testing.T) {
	folder := filepath.Join(t.TempDir(), "new", "packs")
	d := open(t, folder)
	if err := d.Put(t.Context(), "ab/one", strings.NewReader("x"), 1); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(folder, tempDir, "half"), []byte("half a pack"), 0o600); err != nil {
		t.Fatal(err)
	}
	_ = d.Close()
	open(t, folder)
	if left, err := os.ReadDir(filepath.Join(folder, tempDir)); err != nil || len(left) != 0 {
		t.Errorf("left %v, %v", left, err)
	}
	if _, err := os.Stat(filepath.Join(folder, "ab", "one")); err != nil {
		t.Error(err)
	}
}

func TestNoTemporaryFileIsLeft(t *testing.T) {
	folder := t.TempDir()
	d := open(t, folder)
	if err := d.Put(t.Context(), "ab/one", strings.NewReader("too short"), 100); err == nil {
		t.Fatal("half a pack was stored")
	}
	if left, err := os.ReadDir(filepath.Join(folder, tempDir)); err != nil || len(left) != 0 {
		t.Errorf("left %v, %v", left, err)
	}
}

func TestFilesArePrivate(t *testing.T) {
	folder := t.TempDir()
	d := open(t, folder)
	if err := d.Put(t.Context(), "ab/one", strings.NewReader("x"), 1); err != nil {
		t.Fatal(err)
	}
	info, err := os.Stat(filepath.Join(folder, "ab", "one"))
	if err != nil || info.Mode().Perm()&0o077 != 0 {
		t.Errorf("%v %v", info.Mode(), err)
	}
}

// A link in the folder leads nowhere.
func TestLinksDoNotLeadOut(t *testing.T) {
	folder, outside := t.TempDir(), t.TempDir()
	if err := os.WriteFile(filepath.Join(outside, "secret"), []byte("secret"), 0o600); err != nil {
		t.Fatal(err)
	}
	d := open(t, folder)
	if err := os.Symlink(outside, filepath.Join(folder, "ab")); err != nil {
		t.Skip("no links here")
	}
	if _, err := d.Get(t.Context(), "ab/secret", 0, -1); err == nil {
		t.Error("read through a link")
	}
	if err := d.Put(t.Context(), "ab/other", strings.NewReader("x"), 1); err == nil {
		t.Error("written through a link")
	}
}

// Foreign files in the folder are nobody's packs.
func TestForeignFilesAreNotListed(t *testing.T) {
	folder := t.TempDir()
	d := open(t, folder)
	if err := os.WriteFile(filepath.Join(folder, "README.txt"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	err := d.List(t.Context(), func(name string, _ int64) error {
		t.Errorf("listed %q", name)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

func BenchmarkPut(b *testing.B) {
	d := open(b, b.TempDir())
	data := bytes.Repeat([]byte("0123456789"), 80_000)
	b.SetBytes(int64(len(data)))
	for b.Loop() {
		if err := d.Put(b.Context(), "ab/pack", bytes.NewReader(data), int64(len(data))); err != nil {
			b.Fatal(err)
		}
	}
}
