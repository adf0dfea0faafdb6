package durable

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"testing"
)

func TestFiles(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "file")
	holds := func(want string) {
		t.Helper()
		b, err := os.ReadFile(path)
		if err != nil || string(b) != want {
			t.Fatalf("%q, %v; want %q", b, err, want)
		}
		list, err := os.ReadDir(dir)
		if err != nil || len(list) != 1 {
			t.Fatalf("%d files lie in the directory (%v)", len(list), err)
		}
		if info, _ := list[0].Info(); info.Mode().Perm() != 0o600 {
			t.Fatalf("mode %v", info.Mode())
		}
	}
	if err := CreateFile(path, []byte("one")); err != nil {
		t.Fatal(err)
	}
	holds("one")
	if err := CreateFile(path, []byte("two")); !errors.Is(err, fs.ErrExist) {
		t.Fatalf("the name is taken: %v", err)
	}
	holds("one")
	if err := WriteFile(path, []byte("three")); err != nil {
		t.Fatal(err)
	}
	holds("three")
}

// What cannot be written leaves the directory as it was.
func TestNothingHalf(t *testing.T) {
	dir := t.TempDir()
	taken := filepath.Join(dir, "taken") // a directory with something in it: no file takes its name
	if err := os.MkdirAll(filepath.Join(taken, "x"), 0o700); err != nil {
		t.Fatal(err)
	}
	for name, err := range map[string]error{
		"over a directory": WriteFile(taken, nil), "over a directory, new": CreateFile(taken, nil),
		"nowhere": WriteFile(filepath.Join(dir, "no", "where"), nil), "no directory": SyncDir(filepath.Join(dir, "no")),
	} {
		if err == nil {
			t.Errorf("%s: no error", name)
		}
	}
	if list, _ := os.ReadDir(dir); len(list) != 1 {
		t.Errorf("left %v", list)
	}
}
