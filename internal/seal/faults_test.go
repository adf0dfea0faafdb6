package seal

import (
	"context"
	"database/sql"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/relais-archive/relais/internal/relais"
)

// faulty is the engine of SQLite with faults, by the name of its call; it counts.
type faulty struct {
	embedded
	calls []string
	fails string
}

var errServer = errors.New("the server is gone")

func (f *faulty) call(name string) error {
	f.calls = append(f.calls, name)
	if f.fails == name {
		return errServer
	}
	return nil
}

func (f *faulty) lock(context.Context, *sql.Tx) error     { return f.call("lock") }
func (f *faulty) raise(context.Context, *sql.Tx) error    { return f.call("raise") }
func (f *faulty) version(context.Context) (uint64, error) { return 0, f.call("version") }

// faultyRing is a keyring in which case c1 holds the first two of three digests, none of
// which it remembers in memory.
func faultyRing(t *testing.T, m Master) (*Keyring, *faulty, []relais.Digest) {
	t.Helper()
	return reopen(t, m, keysFile(t, m))
}

// keysFile gives the bytes of a file of keys.
func keysFile(t *testing.T, m Master) []byte {
	t.Helper()
	path := filepath.Join(t.TempDir(), "keys.db")
	k := open(t, path, m)
	if _, err := k.Ensure(t.Context(), "c1", digests(0, 2)); err != nil {
		t.Fatal(err)
	}
	if err := k.Close(); err != nil { // which empties the log beside the file
		t.Fatal(err)
	}
	file, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return file
}

// reopen opens the keyring of a file's bytes.
func reopen(t *testing.T, m Master, file []byte) (*Keyring, *faulty, []relais.Digest) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "keys.db")
	if err := os.WriteFile(path, file, 0o600); err != nil {
		t.Fatal(err)
	}
	k, f := open(t, path, m), &faulty{}
	k.engine = f
	return k, f, digests(0, 3)
}

func exec(t *testing.T, k *Keyring, query string, args ...any) {
	t.Helper()
	if _, err := k.write.ExecContext(t.Context(), query, args...); err != nil {
		t.Fatal(err)
	}
}

// refuse makes the file refuse what a statement does to wraps: "INSERT" or "DELETE".
func refuse(t *testing.T, k *Keyring, what string) {
	t.Helper()
	exec(t, k, `CREATE TRIGGER refused BEFORE `+what+` ON seal_wraps BEGIN SELECT RAISE(ABORT, 'refused'); END`)
}

// TestEachFailureIsTold: a call that could not do all that it says gives an error and
// nothing else.
func TestEachFailureIsTold(t *testing.T) {
	m := newMaster(t)
	file := keysFile(t, m)
	calls := map[string]func(*Keyring, []relais.Digest) (any, error){
		"Ensure": func(k *Keyring, d []relais.Digest) (any, error) {
			keys, err := k.Ensure(t.Context(), "c1", d)
			return len(keys), err
		},
		"Open": func(k *Keyring, d []relais.Digest) (any, error) {
			keys, err := k.Open(t.Context(), "c1", d[:2])
			return len(keys), err
		},
		"Held": func(k *Keyring, d []relais.Digest) (any, error) {
			here, anywhere, err := k.Held(t.Context(), "c1", d)
			return len(here) + len(anywhere), err
		},
		"Forget": func(k *Keyring, d []relais.Digest) (any, error) {
			gone, err := k.Forget(t.Context(), "c1", d)
			return len(gone), err
		},
		"Copy to": func(k *Keyring, _ []relais.Digest) (any, error) {
			from := open(t, filepath.Join(t.TempDir(), "from.db"), m)
			if _, err := from.Ensure(t.Context(), "c1", digests(2, 2)); err != nil {
				t.Fatal(err)
			}
			return 0, Copy(t.Context(), from, k, func(int64) {})
		},
		"Copy from": func(k *Keyring, _ []relais.Digest) (any, error) {
			return 0, Copy(t.Context(), k, open(t, filepath.Join(t.TempDir(), "to.db"), m), func(int64) {})
		},
	}
	for fault, tt := range map[string]struct {
		set   func(*testing.T, *Keyring, *faulty)
		fails []string // of the calls; the others do not notice
	}{
		"none":         {func(*testing.T, *Keyring, *faulty) {}, nil},
		"version":      {func(_ *testing.T, _ *Keyring, f *faulty) { f.fails = "version" }, []string{"Ensure", "Open"}},
		"lock":         {func(_ *testing.T, _ *Keyring, f *faulty) { f.fails = "lock" }, []string{"Copy to", "Ensure", "Forget"}},
		"raise":        {func(_ *testing.T, _ *Keyring, f *faulty) { f.fails = "raise" }, []string{"Copy to", "Forget"}},
		"insert":       {func(t *testing.T, k *Keyring, _ *faulty) { refuse(t, k, "INSERT") }, []string{"Copy to", "Ensure"}},
		"delete":       {func(t *testing.T, k *Keyring, _ *faulty) { refuse(t, k, "DELETE") }, []string{"Copy to", "Forget"}},
		"scrub":        {func(_ *testing.T, k *Keyring, _ *faulty) { k.scrub = func(context.Context) error { return errServer } }, []string{"Copy to", "Forget"}},
		"damaged wrap": {func(t *testing.T, k *Keyring, _ *faulty) { exec(t, k, `UPDATE seal_wraps SET wrap = x'01'`) }, []string{"Ensure", "Open"}},
		"no table": {func(t *testing.T, k *Keyring, _ *faulty) { exec(t, k, `DROP TABLE seal_wraps`) },
			[]string{"Copy from", "Copy to", "Ensure", "Forget", "Held", "Open"}},
		"no readers": {func(_ *testing.T, k *Keyring, _ *faulty) { _ = k.read.Close() }, []string{"Copy from", "Held", "Open"}},
		"no writer":  {func(_ *testing.T, k *Keyring, _ *faulty) { _ = k.write.Close() }, []string{"Copy to", "Ensure", "Forget"}},
	} {
		t.Run(fault, func(t *testing.T) {
			var failed []string
			for name, call := range calls {
				k, f, d := reopen(t, m, file)
				tt.set(t, k, f)
				got, err := call(k, d)
				if err == nil {
					continue
				}
				failed = append(failed, name)
				if got != 0 {
					t.Errorf("%s gives %v beside %v", name, got, err)
				}
				if kind := relais.KindOf(err); (kind == relais.KindDamaged) != (fault == "damaged wrap") {
					t.Errorf("%s: %v is of kind %q", name, err, kind)
				}
			}
			slices.Sort(failed)
			if diff := cmp.Diff(tt.fails, failed); diff != "" {
				t.Errorf("calls that fail (-want +got):\n%s", diff)
			}
		})
	}
}

// TestWhatWasNotKeptIsNotRemembered: a key whose wrap was not written must not seal
// anything, not even the next time it is asked for.
func TestWhatWasNotKeptIsNotRemembered(t *testing.T) {
	k, _, d := faultyRing(t, newMaster(t))
	refuse(t, k, "INSERT")
	for range 2 {
		if keys, err := k.Ensure(t.Context(), "c1", d[2:]); err == nil || keys != nil {
			t.Fatalf("%d keys, error %v", len(keys), err)
		}
	}
	_, err := k.Open(t.Context(), "c1", d[2:])
	wantKind(t, err, relais.KindForgotten)
}

// TestForgottenFromMemoryFirst: who forgets keys opens none of them, whatever becomes of
// the file, and other processes are told within the same transaction.
func TestForgottenFromMemoryFirst(t *testing.T) {
	k, f, d := faultyRing(t, newMaster(t))
	if _, err := k.Open(t.Context(), "c1", d[:2]); err != nil {
		t.Fatal(err)
	}
	held := func() int { return k.keys.keys.Len() }
	if held() != 2 {
		t.Fatalf("%d keys in memory", held())
	}
	f.fails, f.calls = "lock", nil
	if _, err := k.Forget(t.Context(), "c1", d[:1]); !errors.Is(err, errServer) || held() != 1 {
		t.Errorf("error %v, %d keys in memory", err, held())
	}
	f.fails, f.calls = "", nil
	gone, err := k.Forget(t.Context(), "c1", []relais.Digest{d[0], d[0], d[2]})
	if diff := cmp.Diff([]relais.Digest{d[0], d[2]}, gone); diff != "" || err != nil {
		t.Errorf("error %v, gone (-want +got):\n%s", err, diff)
	}
	if diff := cmp.Diff([]string{"lock", "raise"}, f.calls); diff != "" {
		t.Errorf("calls (-want +got):\n%s", diff)
	}
}

// TestAReaderThatComesInBetween finds a wrap after the first drop and before the commit:
// it must not bring the key back.
func TestAReaderThatComesInBetween(t *testing.T) {
	k, _, d := faultyRing(t, newMaster(t))
	between := func(context.Context) error {
		_, err := k.Open(t.Context(), "c1", d[:1])
		return err
	}
	k.engine = &opening{between: between}
	if _, err := k.Forget(t.Context(), "c1", d[:1]); err != nil {
		t.Fatal(err)
	}
	_, err := k.Open(t.Context(), "c1", d[:1])
	wantKind(t, err, relais.KindForgotten)
}

// opening lets somebody in when a transaction that forgets is about to commit.
type opening struct {
	embedded
	between func(context.Context) error
}

func (o *opening) raise(ctx context.Context, _ *sql.Tx) error { return o.between(ctx) }

// TestCopyWritesWhatDiffers: no wrap that is there already is written again, and other
// processes are told where one goes.
func TestCopyWritesWhatDiffers(t *testing.T) {
	m := newMaster(t)
	from, _, d := faultyRing(t, m)
	path := filepath.Join(t.TempDir(), "to.db")
	to, f := open(t, path, m), &faulty{}
	to.engine = f
	copyAll := func(name string, seen int64, calls ...string) {
		t.Helper()
		f.calls = nil
		var told []int64
		if err := Copy(t.Context(), from, to, func(n int64) { told = append(told, n) }); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		if diff := cmp.Diff([]int64{seen}, told); diff != "" || !slices.Equal(f.calls, calls) {
			t.Errorf("%s: calls %q, want %q; progress (-want +got):\n%s", name, f.calls, calls, diff)
		}
		if diff := cmp.Diff(wrapsOf(t, from), wrapsOf(t, to)); diff != "" {
			t.Errorf("%s: wraps (-want +got):\n%s", name, diff)
		}
	}
	copyAll("all", 2, "lock")
	refuse(t, to, "INSERT")
	exec(t, to, `CREATE TRIGGER kept BEFORE DELETE ON seal_wraps BEGIN SELECT RAISE(ABORT, 'kept'); END`)
	copyAll("nothing differs", 2, "lock")
	exec(t, to, `DROP TRIGGER refused`)
	exec(t, to, `DROP TRIGGER kept`)
	if _, err := to.Open(t.Context(), "c1", d[:2]); err != nil {
		t.Fatal(err)
	}
	if _, err := from.Forget(t.Context(), "c1", d[:1]); err != nil {
		t.Fatal(err)
	}
	copyAll("one is gone", 1, "lock", "raise")
	_, err := to.Open(t.Context(), "c1", d[:1])
	wantKind(t, err, relais.KindForgotten)
	exec(t, to, `UPDATE seal_wraps SET wrap = x'01'`)
	copyAll("one is another", 1, "lock", "raise")
}

func wrapsOf(t *testing.T, k *Keyring) (list []string) {
	t.Helper()
	page, err := k.page(t.Context(), k.read, row{}, nil)
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range page {
		list = append(list, string(r.c)+" "+r.digest.String()+" "+string(r.wrap))
	}
	return list
}

// TestCopyByPages: the first of a page follows the last of the one before.
func TestCopyByPages(t *testing.T) {
	for _, n := range []int{copyPage - 1, copyPage, copyPage + 1, 2*copyPage + 1} {
		m := newMaster(t)
		from, to := open(t, filepath.Join(t.TempDir(), "from.db"), m), open(t, filepath.Join(t.TempDir(), "to.db"), m)
		if _, err := from.Ensure(t.Context(), "c1", digests(0, n)); err != nil {
			t.Fatal(err)
		}
		if _, err := to.Ensure(t.Context(), "c2", digests(7, n)); err != nil { // all to go
			t.Fatal(err)
		}
		var told []int64
		if err := Copy(t.Context(), from, to, func(seen int64) { told = append(told, seen) }); err != nil {
			t.Fatal(err)
		}
		var want []int64
		for seen := copyPage; seen <= n; seen += copyPage {
			want = append(want, int64(seen))
		}
		want = append(want, int64(n))
		if diff := cmp.Diff(want, told); diff != "" {
			t.Errorf("%d wraps: progress (-want +got):\n%s", n, diff)
		}
		here, anywhere, err := to.Held(t.Context(), "c1", digests(0, n))
		if err != nil || slices.Contains(here, false) || slices.Contains(anywhere, false) {
			t.Errorf("%d wraps: some are not held after the copy: %v", n, err)
		}
		if here, _, err = to.Held(t.Context(), "c2", digests(0, n+7)); err != nil || slices.Contains(here, true) {
			t.Errorf("%d wraps: some that the first has not are left: %v", n, err)
		}
	}
}

// TestCheckOfTheFile: what is damaged is told; a server's pages are its own matter.
func TestCheckOfTheFile(t *testing.T) {
	k, _, _ := faultyRing(t, newMaster(t))
	_ = k.read.Close()
	if err := k.Check(t.Context(), false); err != nil {
		t.Errorf("another engine, closed: %v", err)
	}
	own := open(t, filepath.Join(t.TempDir(), "keys.db"), newMaster(t))
	if err := own.Check(t.Context(), true); err != nil {
		t.Errorf("a whole file: %v", err)
	}
	_ = own.read.Close()
	if err := own.Check(t.Context(), true); err == nil {
		t.Error("a file that cannot be read is whole")
	}
}

// TestCacheForgetsOnceTheStoreDid: keys known at an older version of the store are not
// given any more, nor taken from who read them then, however often something was dropped.
func TestCacheForgetsOnceTheStoreDid(t *testing.T) {
	d, one := digests(0, 2), []relais.SealKey{{1}, {2}}
	known := func(c *memory, version uint64) int {
		missing, _ := c.get(version, "c1", d, make([]relais.SealKey, 2))
		return 2 - len(missing)
	}
	c := newMemory(10)
	_, first := c.get(3, "c1", d, make([]relais.SealKey, 2))
	c.put(first, "c1", d, one)
	if known(c, 3) != 2 || known(c, 2) != 2 {
		t.Error("keys of this version, or a later one, are not given")
	}
	if known(c, 4) != 0 || known(c, 3) != 0 {
		t.Error("keys of an older version are given")
	}
	c.put(first, "c1", d, one)
	if known(c, 4) != 0 {
		t.Error("keys read at an older version are remembered")
	}
	c.drop("c1", nil)
	c.put(first, "c1", d, one)
	if known(c, 4) != 0 {
		t.Error("keys read two changes ago are remembered")
	}
}

// TestCacheDropsFromBothGenerations, and leaves the places of unknown keys as they are.
func TestCacheDropsFromBothGenerations(t *testing.T) {
	c, d := newMemory(4), digests(0, 3)
	for i := range d {
		c.put(0, "c1", d[i:i+1], []relais.SealKey{{byte(i + 1)}})
	}
	if c.keys.Len() != 3 { // the third began a generation
		t.Fatalf("%d keys are held", c.keys.Len())
	}
	c.drop("c1", []relais.Digest{d[0], d[2]})
	keys := []relais.SealKey{{9}, {9}, {9}}
	missing, _ := c.get(0, "c1", d, keys)
	if !slices.Equal(missing, []int{0, 2}) || keys[0] != (relais.SealKey{9}) || keys[1] != (relais.SealKey{2}) || keys[2] != (relais.SealKey{9}) {
		t.Errorf("missing %v, keys %v %v %v", missing, keys[0][0], keys[1][0], keys[2][0])
	}
}

// TestFilesThatAreNoKeyring: none is opened that could not be made or checked.
func TestFilesThatAreNoKeyring(t *testing.T) {
	m := newMaster(t)
	for name, queries := range map[string][]string{
		"nothing wrong":     nil,
		"the values refuse": {`CREATE TRIGGER no BEFORE INSERT ON seal_meta BEGIN SELECT RAISE(ABORT, 'no'); END`},
		"the values vanish": {`DELETE FROM seal_meta`, `CREATE TRIGGER no AFTER INSERT ON seal_meta BEGIN DELETE FROM seal_meta; END`},
		"names are taken":   {`DROP TABLE seal_wraps`, `CREATE TABLE other (a)`, `CREATE INDEX seal_wraps ON other (a)`},
		"another master":    {`UPDATE seal_meta SET value = x'00' WHERE name = 'check'`},
		"a newer format":    {`UPDATE seal_meta SET value = x'02' WHERE name = 'format'`},
	} {
		path := filepath.Join(t.TempDir(), "keys.db")
		first := open(t, path, m)
		for _, q := range queries {
			exec(t, first, q)
		}
		if err := first.Close(); err != nil {
			t.Fatal(err)
		}
		k, err := OpenSQLite(t.Context(), path, m)
		if (err == nil) != (queries == nil) || (k == nil) != (queries != nil) {
			t.Errorf("%s: %v", name, err)
		}
		if k != nil {
			_ = k.Close()
		}
	}
	_, err := OpenSQLite(t.Context(), filepath.Join(t.TempDir(), "no folder", "keys.db"), m)
	wantKind(t, err, relais.KindUnavailable)
	garbage := filepath.Join(t.TempDir(), "keys.db")
	if err := os.WriteFile(garbage, slices.Repeat([]byte("no keys "), 1000), 0o600); err != nil {
		t.Fatal(err)
	}
	_, err = OpenSQLite(t.Context(), garbage, m)
	wantKind(t, err, relais.KindDamaged)
}

// TestFormatOfKeysIsFrozen: what stands in files that were written long ago.
func TestFormatOfKeysIsFrozen(t *testing.T) {
	k, _, _ := faultyRing(t, newMaster(t))
	var format []byte
	if err := k.read.QueryRowContext(t.Context(), `SELECT value FROM seal_meta WHERE name = 'format'`).Scan(&format); err != nil || !slices.Equal(format, []byte{1}) {
		t.Errorf("format %v, error %v", format, err)
	}
}

// TestLongLists: the rows of one call go in several statements, none forgotten where
// one ends.
func TestLongLists(t *testing.T) {
	k := open(t, filepath.Join(t.TempDir(), "keys.db"), newMaster(t))
	for i, n := range []int{1, perStatement, perStatement + 1, 2*perStatement + 3} {
		d := digests(1000*i, n)
		if _, err := k.Ensure(t.Context(), "c1", d); err != nil {
			t.Fatal(err)
		}
		here, _, err := k.Held(t.Context(), "c1", d)
		if err != nil || slices.Contains(here, false) {
			t.Errorf("%d: not all are held: %v", n, err)
		}
		gone, err := k.Forget(t.Context(), "c1", d)
		if err != nil || !slices.Equal(gone, d) {
			t.Errorf("%d: %d gone, error %v", n, len(gone), err)
		}
	}
}

func TestPlaceholders(t *testing.T) {
	for _, tt := range []struct {
		first, n int
		want     string
	}{{1, 1, "($1)"}, {1, 3, "($1,$2,$3)"}, {9, 2, "($9,$10)"}} {
		if got := placeholders(tt.first, tt.n); got != tt.want {
			t.Errorf("%d from %d on: %s, want %s", tt.n, tt.first, got, tt.want)
		}
	}
}

// TestTheLogIsEmptiedOrNot: a log that could not be emptied may still hold what was
// forgotten.
func TestTheLogIsEmptiedOrNot(t *testing.T) {
	k, _, _ := faultyRing(t, newMaster(t))
	if err := k.scrub(t.Context()); err != nil {
		t.Error(err)
	}
	_ = k.write.Close()
	if err := k.scrub(t.Context()); err == nil {
		t.Error("a log out of reach was emptied")
	}
}
