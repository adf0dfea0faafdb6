package audit

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/relais-archive/relais/internal/relais"
)

func clock() time.Time { return time.Date(2026, 11, 23, 10, 0, 0, 0, time.UTC) }

func openFile(t testing.TB, path string) *File {
	t.Helper()
	l, err := OpenFile(path, clock)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close() })
	return l
}

func entry(i int) Entry {
	return Entry{Actor: "local", Action: "document.open", Objects: []string{fmt.Sprintf("d%04d", i)}, Outcome: Allowed}
}

// filled makes a log of n entries and gives its path, closed.
func filled(t testing.TB, n int) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "audit.log")
	l := openFile(t, path)
	for i := range n {
		if err := l.Append(t.Context(), entry(i)); err != nil {
			t.Fatal(err)
		}
	}
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	return path
}

func read(t testing.TB, l Log, from int64) []Entry {
	t.Helper()
	var got []Entry
	if err := l.Read(t.Context(), from, func(e Entry) error { got = append(got, e); return nil }); err != nil {
		t.Fatal(err)
	}
	return got
}

func TestFileIsPrivate(t *testing.T) {
	if info, err := os.Stat(filled(t, 1)); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("mode %v, error %v", info.Mode(), err)
	}
}

// TestCanonicalForm freezes the bytes that the chain hashes.
func TestCanonicalForm(t *testing.T) {
	path := filled(t, 2)
	got, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	golden := filepath.Join("testdata", "audit.log")
	want, err := os.ReadFile(golden)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), string(got)); diff != "" {
		t.Errorf("the format has changed (-want +got):\n%s", diff)
	}
}

func TestTornTailIsCut(t *testing.T) {
	path := filled(t, 3)
	whole, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	line := whole[bytes.LastIndexByte(whole[:len(whole)-1], '\n')+1:]
	tails := map[string][]byte{
		"nothing": nil, "half a line": line[:40], "a line without its end": line[:len(line)-1], "zeros": make([]byte, 9000),
		"half a line and zeros": append(slices.Clone(line[:40]), make([]byte, 4096)...),
	}
	for name, tail := range tails {
		t.Run(name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "audit.log")
			if err := os.WriteFile(path, append(slices.Clone(whole), tail...), 0o600); err != nil {
				t.Fatal(err)
			}
			l := openFile(t, path)
			if err := l.Append(t.Context(), entry(9)); err != nil {
				t.Fatal(err)
			}
			if got := read(t, l, 1); len(got) != 4 {
				t.Errorf("%d entries, want 4", len(got))
			}
			if err := l.Verify(t.Context()); err != nil {
				t.Error(err)
			}
			var kept []byte
			aside, err := filepath.Glob(path + ".torn-*")
			if len(aside) == 1 {
				kept, err = os.ReadFile(aside[0])
			}
			if err != nil || !bytes.Equal(kept, tail) || (len(aside) > 0) != (len(tail) > 0) {
				t.Errorf("%d files set aside, %d bytes of %d (%v)", len(aside), len(kept), len(tail), err)
			}
		})
	}
}

// TestZerosCutNothing: a zero byte in a line, or zeros before a whole one, may be anybody's
// doing: the log is refused as it is, and not shortened by who reads it.
func TestZerosCutNothing(t *testing.T) {
	whole, err := os.ReadFile(filled(t, 6))
	if err != nil {
		t.Fatal(err)
	}
	line := whole[bytes.LastIndexByte(whole[:len(whole)-1], '\n')+1:]
	ends := slices.Collect(func(yield func(int) bool) {
		for i, c := range whole {
			if c == '\n' && !yield(i) {
				return
			}
		}
	})
	zero := func(at int) []byte { b := slices.Clone(whole); b[at] = 0; return b }
	for name, text := range map[string][]byte{
		"in the first line": zero(20),
		"in the third":      zero(ends[1] + 30),
		"in the last":       zero(len(whole) - 9),
		"for a line's end":  zero(ends[2]),
		"for all of a line": slices.Concat(whole[:ends[2]+1], make([]byte, ends[3]-ends[2]), whole[ends[3]+1:]),
		"before a line":     slices.Concat(whole, make([]byte, 512), line),
		"at the beginning":  slices.Concat(make([]byte, 4096), whole),
	} {
		t.Run(name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "audit.log")
			if err := os.WriteFile(path, text, 0o600); err != nil {
				t.Fatal(err)
			}
			l, err := OpenFile(path, clock)
			if err == nil {
				err = errors.Join(l.Verify(t.Context()), l.Close())
			}
			if relais.KindOf(err) != relais.KindDamaged {
				t.Errorf("%v", err)
			}
			if got, err := os.ReadFile(path); err != nil || !bytes.Equal(got, text) {
				t.Errorf("%d bytes are left of %d (%v)", len(got), len(text), err)
			}
		})
	}
}

// TestTampering changes the file in every way that leaves it readable.
func TestTampering(t *testing.T) {
	path := filled(t, 6)
	whole, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	lines := strings.SplitAfter(strings.TrimSuffix(string(whole), "\n"), "\n")
	lines[5] += "\n"
	before, _ := decodeLine([]byte(lines[1]))
	r, _ := before.head().next(Entry{Actor: "nobody", Action: "search", Outcome: Allowed, Time: clock()})
	forged, err := r.line()
	if err != nil {
		t.Fatal(err)
	}
	for name, changed := range map[string][]string{
		"a word":              {lines[0], strings.Replace(lines[1], "local", "lucal", 1), lines[2], lines[3], lines[4], lines[5]},
		"an entry forged":     {lines[0], lines[1], string(forged), lines[3], lines[4], lines[5]},
		"an entry taken out":  {lines[0], lines[1], lines[3], lines[4], lines[5]},
		"the first taken out": lines[1:],
		"two swapped":         {lines[0], lines[2], lines[1], lines[3], lines[4], lines[5]},
		"one doubled":         {lines[0], lines[1], lines[1], lines[2], lines[3], lines[4], lines[5]},
		"garbage":             {lines[0], "{}\n", lines[1], lines[2], lines[3], lines[4], lines[5]},
		"an empty line":       {lines[0], "\n", lines[1], lines[2], lines[3], lines[4], lines[5]},
	} {
		t.Run(name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "audit.log")
			if err := os.WriteFile(path, []byte(strings.Join(changed, "")), 0o600); err != nil {
				t.Fatal(err)
			}
			l := openFile(t, path)
			if err := l.Verify(t.Context()); relais.KindOf(err) != relais.KindDamaged {
				t.Errorf("verify: %v, want damage", err)
			}
		})
	}
}

func TestDamagedEndIsRefused(t *testing.T) {
	path := filled(t, 2)
	whole, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	changed := bytes.Replace(whole, []byte("d0001"), []byte("d9999"), 1)
	if err := os.WriteFile(path, changed, 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := OpenFile(path, clock); relais.KindOf(err) != relais.KindDamaged {
		t.Errorf("open: %v, want damage", err)
	}
}

func TestTruncationUnderARunningLogIsFound(t *testing.T) {
	path := filepath.Join(t.TempDir(), "audit.log")
	l := openFile(t, path)
	for i := range 3 {
		if err := l.Append(t.Context(), entry(i)); err != nil {
			t.Fatal(err)
		}
	}
	whole, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Truncate(path, int64(bytes.IndexByte(whole, '\n')+1)); err != nil {
		t.Fatal(err)
	}
	if err := l.Verify(t.Context()); relais.KindOf(err) != relais.KindDamaged {
		t.Errorf("verify: %v, want damage", err)
	}
}

func TestNewerFormatIsRefused(t *testing.T) {
	path := filled(t, 1)
	whole, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	canonical := bytes.Replace(whole[bytes.Index(whole, []byte(`"link":`))+7:len(whole)-2], []byte(`"format":1`), []byte(`"format":2`), 1)
	line := fmt.Sprintf(`{"hash":"%s","link":%s}`+"\n", relais.DigestOf(canonical), canonical)
	if err := os.WriteFile(path, []byte(line), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := OpenFile(path, clock); err == nil || !strings.Contains(err.Error(), "newer") {
		t.Errorf("open: %v, want a refusal", err)
	}
}

// TestUnwritable: while writes fail every append is refused; once the disk takes them
// again the log goes on by itself, without what a failed write has left behind.
func TestUnwritable(t *testing.T) {
	path := filled(t, 1)
	l := openFile(t, path)
	good := l.file
	readOnly, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = readOnly.Close() })
	l.file = readOnly
	for range 2 {
		if err := l.Append(t.Context(), entry(1)); relais.KindOf(err) != relais.KindUnavailable {
			t.Errorf("append: %v, want unavailable", err)
		}
	}
	if _, err := good.WriteAt([]byte(`{"hash":"00","li`), l.size); err != nil {
		t.Fatal(err)
	}
	l.file = good
	if err := l.Append(t.Context(), entry(2)); err != nil {
		t.Errorf("append, once it can be written again: %v", err)
	}
	if got := read(t, l, 1); len(got) != 2 || got[1].Objects[0] != "d0002" {
		t.Errorf("%v", got)
	}
	if err := l.Verify(t.Context()); err != nil {
		t.Error(err)
	}
}

// TestChangedWhileUnwritable: a log whose end was changed while it could not be written
// takes nothing more: an entry would hide the change under its own hash.
func TestChangedWhileUnwritable(t *testing.T) {
	path := filled(t, 2)
	l := openFile(t, path)
	l.torn = true
	whole, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	cut := int64(bytes.IndexByte(whole, '\n') + 1)
	for name, changed := range map[string][]byte{"changed": bytes.Replace(whole, []byte("d0001"), []byte("d9999"), 1), "cut": whole[:cut]} {
		if err := os.WriteFile(path, changed, 0o600); err != nil {
			t.Fatal(err)
		}
		for range 2 {
			if err := l.Append(t.Context(), entry(3)); relais.KindOf(err) != relais.KindDamaged {
				t.Errorf("%s: %v, want damage", name, err)
			}
			if err := l.Check(t.Context()); relais.KindOf(err) != relais.KindDamaged {
				t.Errorf("%s: check gives %v, want damage", name, err)
			}
		}
	}
}

func TestCanceled(t *testing.T) {
	l := openFile(t, filepath.Join(t.TempDir(), "audit.log"))
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_ = l.queue.Alone(func() error { // somebody is writing
		if err := l.Append(ctx, entry(1)); relais.KindOf(err) != relais.KindCanceled {
			t.Errorf("append: %v, want canceled", err)
		}
		return nil
	})
	if err := l.Append(t.Context(), entry(2)); err != nil {
		t.Fatal(err)
	}
	if err := l.Verify(t.Context()); err != nil {
		t.Error(err)
	}
	if err := l.Read(ctx, 1, func(Entry) error { return nil }); relais.KindOf(err) != relais.KindCanceled {
		t.Errorf("read: %v, want canceled", err)
	}
}

// FuzzOpen: whatever the file holds, opening and verifying end without a panic, and
// a log that opens takes an entry.
func FuzzOpen(f *testing.F) {
	whole, err := os.ReadFile(filled(f, 2))
	if err != nil {
		f.Fatal(err)
	}
	f.Add(whole)
	f.Add(whole[:len(whole)-7])
	f.Add([]byte("{}\n"))
	f.Add([]byte{0, '\n'})
	f.Fuzz(func(t *testing.T, b []byte) {
		path := filepath.Join(t.TempDir(), "audit.log")
		if err := os.WriteFile(path, b, 0o600); err != nil {
			t.Fatal(err)
		}
		l, err := OpenFile(path, clock)
		if err != nil {
			return
		}
		sound := l.Verify(t.Context()) == nil
		if err := l.Append(t.Context(), entry(1)); err != nil {
			t.Errorf("append: %v", err)
		}
		if err := l.Verify(t.Context()); sound && err != nil {
			t.Errorf("verify: %v", err)
		}
		if err := l.Close(); err != nil {
			t.Error(err)
		}
	})
}

func BenchmarkAppend(b *testing.B) {
	for _, callers := range []int{1, 16} {
		b.Run(fmt.Sprint(callers), func(b *testing.B) {
			l := openFile(b, filepath.Join(b.TempDir(), "audit.log"))
			var all sync.WaitGroup
			for range callers {
				all.Go(func() {
					for range b.N/callers + 1 {
						if err := l.Append(b.Context(), entry(1)); err != nil {
							b.Error(err)
						}
					}
				})
			}
			all.Wait()
		})
	}
}

// TestLongTail: the last line is found however far from the end it stands.
func TestLongTail(t *testing.T) {
	path := filepath.Join(t.TempDir(), "audit.log")
	l := openFile(t, path)
	long := Entry{Actor: "local", Action: "export", Outcome: Allowed}
	for range maxObjects {
		long.Objects = append(long.Objects, strings.Repeat("\x01", maxWord))
	}
	for range 2 {
		if err := l.Append(t.Context(), long); err != nil {
			t.Fatal(err)
		}
	}
	if err := errors.Join(l.Close(), os.Truncate(path, l.size+(3<<20))); err != nil {
		t.Fatal(err)
	}
	l = openFile(t, path)
	if err := l.Append(t.Context(), entry(3)); err != nil {
		t.Fatal(err)
	}
	if got := read(t, l, 1); len(got) != 3 {
		t.Errorf("%d entries, want 3", len(got))
	}
}
