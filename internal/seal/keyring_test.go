package seal

import (
	"context"
	"encoding/binary"
	"errors"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"testing"

	"github.com/relais-archive/relais/internal/relais"
)

func open(t testing.TB, path string, m Master) *Keyring {
	t.Helper()
	k, err := OpenSQLite(t.Context(), path, m)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = k.Close() })
	return k
}

func newMaster(t testing.TB) Master {
	t.Helper()
	m, err := CreateMaster(filepath.Join(t.TempDir(), "master.key"))
	if err != nil {
		t.Fatal(err)
	}
	return m
}

func digests(from, n int) []relais.Digest {
	list := make([]relais.Digest, n)
	for i := range list {
		list[i] = relais.DigestOf(binary.BigEndian.AppendUint64(nil, uint64(from+i)))
	}
	return list
}

func wantKind(t *testing.T, err error, kind relais.Kind) {
	t.Helper()
	if relais.KindOf(err) != kind {
		t.Fatalf("error %v is of kind %q, want %q", err, relais.KindOf(err), kind)
	}
}

// TestForgetLeavesNoTrace looks for the very bytes of every forgotten wrap in the
// files, after enough insertions in random order to have split and merged pages.
func TestForgetLeavesNoTrace(t *testing.T) {
	ctx, dir := t.Context(), t.TempDir()
	path := filepath.Join(dir, "keys.db")
	k := open(t, path, newMaster(t))
	all := digests(0, 6000)
	for part := range slices.Chunk(all, 200) {
		if _, err := k.Ensure(ctx, "c1", part); err != nil {
			t.Fatal(err)
		}
	}
	var wraps [][]byte
	err := k.eachWrap(ctx, k.read, all[1000:3500], func(r row) error { wraps = append(wraps, r.wrap); return nil })
	if err != nil || len(wraps) != 2500 {
		t.Fatal(len(wraps), err)
	}
	if found := traces(t, dir, wraps); found != len(wraps) {
		t.Fatalf("the test cannot see wraps that are there: %d of %d", found, len(wraps))
	}
	if _, err := k.Forget(ctx, "c1", all[1000:3500]); err != nil {
		t.Fatal(err)
	}
	if found := traces(t, dir, wraps); found != 0 {
		t.Errorf("%d of %d forgotten wraps are still in the files", found, len(wraps))
	}
}

// traces counts the wraps of which some file holds the bytes.
func traces(t *testing.T, dir string, wraps [][]byte) int {
	t.Helper()
	wanted := make(map[[16]byte]bool, len(wraps))
	for _, w := range wraps {
		wanted[[16]byte(w[13:29])] = true // of the encrypted key
	}
	files, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	found := make(map[[16]byte]bool)
	for _, f := range files {
		b, err := os.ReadFile(filepath.Join(dir, f.Name()))
		if err != nil {
			t.Fatal(err)
		}
		for i := 0; i+16 <= len(b); i++ {
			if w := [16]byte(b[i:]); wanted[w] {
				found[w] = true
			}
		}
	}
	return len(found)
}

func TestForgetAfterACrashBeforeTheScrub(t *testing.T) {
	ctx, dir, m := t.Context(), t.TempDir(), newMaster(t)
	path := filepath.Join(dir, "keys.db")
	k := open(t, path, m)
	all := digests(0, 50)
	if _, err := k.Ensure(ctx, "c1", all); err != nil {
		t.Fatal(err)
	}
	var wraps [][]byte
	if err := k.eachWrap(ctx, k.read, all, func(r row) error { wraps = append(wraps, r.wrap); return nil }); err != nil {
		t.Fatal(err)
	}
	crash := errors.New("power cut")
	k.scrub = func(context.Context) error { return crash }
	if _, err := k.Forget(ctx, "c1", all); !errors.Is(err, crash) {
		t.Fatalf("Forget hid that it was not finished: %v", err)
	}
	again := open(t, path, m)
	if gone, err := again.Forget(ctx, "c1", all); err != nil || len(gone) != len(all) {
		t.Fatalf("the second time %d, %v", len(gone), err)
	}
	if found := traces(t, dir, wraps); found != 0 {
		t.Errorf("%d wraps left", found)
	}
}

func TestNewerFormatIsRefused(t *testing.T) {
	path, m := filepath.Join(t.TempDir(), "keys.db"), newMaster(t)
	k := open(t, path, m)
	if _, err := k.write.Exec(`UPDATE seal_meta SET value = $1 WHERE name = 'format'`, []byte{9}); err != nil {
		t.Fatal(err)
	}
	_, err := OpenSQLite(t.Context(), path, m)
	wantKind(t, err, relais.KindInvalid)
}

func TestKeysFileIsPrivate(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("no mode bits")
	}
	dir := t.TempDir()
	k := open(t, filepath.Join(dir, "keys.db"), newMaster(t))
	if _, err := k.Ensure(t.Context(), "c1", digests(0, 3)); err != nil {
		t.Fatal(err)
	}
	files, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range files {
		if info, err := f.Info(); err != nil || info.Mode().Perm()&0o077 != 0 {
			t.Errorf("%s: %v %v", f.Name(), info.Mode(), err)
		}
	}
}

// A wrap copied to another row, or changed, must open nothing.
func TestWrapIsBoundToItsRow(t *testing.T) {
	w, err := newWrapper(newMaster(t))
	if err != nil {
		t.Fatal(err)
	}
	d := digests(0, 2)
	key := relais.SealKey{1, 2, 3}
	wrapped := w.wrap("c1", d[0], key)
	if got, err := w.unwrap("c1", d[0], wrapped); err != nil || got != key {
		t.Fatal(err)
	}
	if _, err := w.unwrap("c2", d[0], wrapped); err == nil {
		t.Error("opens for another case")
	}
	if _, err := w.unwrap("c1", d[1], wrapped); err == nil {
		t.Error("opens for another digest")
	}
	for i := range wrapped {
		bad := slices.Clone(wrapped)
		bad[i] ^= 1
		_, err := w.unwrap("c1", d[0], bad)
		wantKind(t, err, relais.KindDamaged)
	}
	for n := range wrapped {
		_, err := w.unwrap("c1", d[0], wrapped[:n])
		wantKind(t, err, relais.KindDamaged)
	}
}
