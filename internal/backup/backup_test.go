package backup

import (
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/relais-archive/relais/internal/relais"
)

// copied makes a copy of one file and one key, which names some packs.
func copied(t *testing.T, f *Folder, at time.Time, packs ...string) string {
	t.Helper()
	s, err := f.Begin(at)
	if err != nil {
		t.Fatal(err)
	}
	for name, key := range map[string]bool{"state.db": false, "keys.db": true} {
		if err := os.WriteFile(s.Path(name, key), []byte(name+at.String()), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	var list []Pack
	for _, p := range packs {
		list = append(list, Pack{Name: p, Size: 1})
	}
	if _, err := s.Commit(list); err != nil {
		t.Fatal(err)
	}
	return s.name()
}

func opened(t *testing.T) *Folder {
	t.Helper()
	dir := t.TempDir()
	f, err := Open(filepath.Join(dir, "copies"), filepath.Join(dir, "keys"))
	if err != nil {
		t.Fatal(err)
	}
	return f
}

// A copy that was not committed is none, and is gone when the next one begins.
func TestUnfinished(t *testing.T) {
	f := opened(t)
	s, err := f.Begin(time.Unix(1, 0))
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(s.Path("keys.db", true), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if sets, err := f.Sets(); len(sets) > 0 || err != nil {
		t.Errorf("sets %v, %v", sets, err)
	}
	name := copied(t, f, time.Unix(2, 0))
	for _, dir := range []string{filepath.Join(f.path, setsDir), f.keys} {
		left, err := os.ReadDir(dir)
		names := slices.DeleteFunc(left, func(e os.DirEntry) bool { return e.Name() == markFile })
		if err != nil || len(names) != 1 || names[0].Name() != name {
			t.Errorf("left in %s: %v, %v", dir, names, err)
		}
	}
}

// Old copies go, those whose keys have expired too, the newest never; what the others need
// is told.
func TestThin(t *testing.T) {
	day := 24 * time.Hour
	start := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	for name, tc := range map[string]struct {
		ages   []int // in days, of copies a, b, c…
		keep   int
		left   int
		needed string
	}{
		"all young":        {[]int{3, 2, 1}, 5, 3, "a b c shared"},
		"too many":         {[]int{3, 2, 1}, 2, 2, "b c shared"},
		"expired":          {[]int{40, 31, 1}, 5, 1, "c shared"},
		"the newest stays": {[]int{90, 60}, 5, 1, "b shared"},
	} {
		t.Run(name, func(t *testing.T) {
			f := opened(t)
			for i, age := range tc.ages {
				copied(t, f, start.Add(-time.Duration(age)*day), string(rune('a'+i)), "shared")
			}
			needed, err := f.Thin(tc.keep, 30*day, start)
			if got := strings.Join(slices.Sorted(maps.Keys(needed)), " "); err != nil || got != tc.needed {
				t.Errorf("needed %q, %v", got, err)
			}
			keys, err := os.ReadDir(f.keys)
			if sets, serr := f.Sets(); len(sets) != tc.left || len(keys) != tc.left+1 || err != nil || serr != nil {
				t.Errorf("%d sets, %d keys left", len(sets), len(keys)-1)
			}
		})
	}
}

// Nothing is thinned out when it cannot be told what a copy needs.
func TestThinBesideADamagedManifest(t *testing.T) {
	f := opened(t)
	name := copied(t, f, time.Unix(10, 0), "a")
	copied(t, f, time.Unix(20, 0), "b")
	if err := os.WriteFile(filepath.Join(f.dir(name, false), manifestFile), []byte("{"), 0o600); err != nil {
		t.Fatal(err)
	}
	if needed, err := f.Thin(10, time.Hour, time.Unix(30, 0)); relais.KindOf(err) != relais.KindDamaged || needed != nil {
		t.Errorf("%v, %v", needed, err)
	}
}

// What a copy says of itself is not believed: neither its sums nor its paths.
func TestRestoreChecks(t *testing.T) {
	f := opened(t)
	name := copied(t, f, time.Unix(10, 0))
	m, err := f.Manifest(name)
	if err != nil {
		t.Fatal(err)
	}
	if err := f.Restore(name, m, t.TempDir()); err != nil {
		t.Fatalf("a whole copy: %v", err)
	}
	for what, spoil := range map[string]func(m *Manifest) error{
		"a path outside": func(m *Manifest) error { m.Files[0].Name = "../state.db"; return nil },
		"another file": func(*Manifest) error {
			return os.WriteFile(filepath.Join(f.dir(name, false), "state.db"), []byte("x"), 0o600)
		},
		"a lost file": func(*Manifest) error { return os.Remove(filepath.Join(f.dir(name, false), "state.db")) },
	} {
		changed := m
		changed.Files = slices.Clone(m.Files)
		if err := spoil(&changed); err != nil {
			t.Fatal(err)
		}
		if err := f.Restore(name, changed, t.TempDir()); relais.KindOf(err) != relais.KindDamaged {
			t.Errorf("%s: %v", what, err)
		}
	}
}

// A manifest of a newer program is refused, and so is a folder that is somebody else's.
func TestNewerAndForeign(t *testing.T) {
	f := opened(t)
	name := copied(t, f, time.Unix(10, 0))
	path := filepath.Join(f.dir(name, false), manifestFile)
	if err := os.WriteFile(path, fmt.Appendf(nil, `{"format":%d}`, formatNumber+1), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := f.Manifest(name); relais.KindOf(err) != relais.KindInvalid {
		t.Errorf("a newer manifest: %v", err)
	}
	if _, err := Existing(t.TempDir(), f.keys); relais.KindOf(err) != relais.KindNotFound {
		t.Errorf("no folder of copies: %v", err)
	}
}
