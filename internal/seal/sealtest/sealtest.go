// Package sealtest answers one question: does a keyring keep its promises? Its suite
// is the conformance test of every engine that package seal runs on.
package sealtest

import (
	"context"
	"encoding/binary"
	"fmt"
	"path/filepath"
	"slices"
	"sync"
	"testing"

	"github.com/relais-archive/relais/internal/relais"
	"github.com/relais-archive/relais/internal/seal"
)

// Open gives a keyring on the same storage each time it is called, empty at first.
type Open func(ctx context.Context, m seal.Master) (*seal.Keyring, error)

// suite is a test of one keyring, or of several on one storage.
type suite struct {
	*testing.T
	master seal.Master
	open   Open
}

// Test runs the suite; storage gives a fresh Open for each of its tests.
func Test(t *testing.T, storage func(t *testing.T) Open) {
	run(t, storage, map[string]func(suite){
		"EnsureOpenForget": ensureOpenForget, "EnsureNamesADigestTwice": ensureTwice, "WrongMasterIsTold": wrongMaster,
		"ConcurrentUse":   func(s suite) { concurrent(s, []*seal.Keyring{s.keyring()}) },
		"CanceledContext": canceled, "CopyBecomesTheOther": copies,
	})
}

// TestShared runs the suite of keyrings that several processes have open at once.
func TestShared(t *testing.T, storage func(t *testing.T) Open) {
	run(t, storage, map[string]func(suite){
		"Shared/OpenedByManyAtOnce": openedAtOnce, "Shared/ForgottenByAnother": forgottenByAnother,
		"Shared/OneKeyForABlob": func(s suite) { concurrent(s, []*seal.Keyring{s.keyring(), s.keyring(), s.keyring()}) },
		"Shared/TheLastHolder":  lastHolder,
	})
}

func run(t *testing.T, storage func(t *testing.T) Open, tests map[string]func(suite)) {
	for name, test := range tests {
		t.Run(name, func(t *testing.T) { test(suite{T: t, master: Master(t), open: storage(t)}) })
	}
}

// Master makes a master key.
func Master(t testing.TB) seal.Master {
	t.Helper()
	m, err := seal.CreateMaster(filepath.Join(t.TempDir(), "master.key"))
	if err != nil {
		t.Fatal(err)
	}
	return m
}

func (s suite) keyring() *seal.Keyring {
	s.Helper()
	k, err := s.open(s.Context(), s.master)
	s.must(err)
	s.Cleanup(func() { _ = k.Close() })
	return k
}

func (s suite) must(err error) {
	s.Helper()
	if err != nil {
		s.Fatal(err)
	}
}

func (s suite) kind(err error, want relais.Kind) {
	s.Helper()
	if got := relais.KindOf(err); got != want {
		s.Errorf("error %v is of kind %q, want %q", err, got, want)
	}
}

// Digests makes n digests, others for another from.
func Digests(from, n int) []relais.Digest {
	list := make([]relais.Digest, n)
	for i := range list {
		list[i] = relais.DigestOf(binary.BigEndian.AppendUint64(nil, uint64(from+i))) // #nosec G115 -- small
	}
	return list
}

func ensureOpenForget(s suite) {
	ctx, k, d := s.Context(), s.keyring(), Digests(0, 300)
	keys, err := k.Ensure(ctx, "c1", d)
	s.must(err)
	seen := make(map[relais.SealKey]bool)
	for _, key := range keys {
		if key == (relais.SealKey{}) || seen[key] {
			s.Fatal("a key is empty or given twice")
		}
		seen[key] = true
	}
	_, err = k.Open(ctx, "c2", d[:1])
	s.kind(err, relais.KindForgotten)
	shared, err := k.Ensure(ctx, "c2", d[:10])
	if err != nil || !slices.Equal(shared, keys[:10]) {
		s.Fatalf("a second case got other keys (%v)", err)
	}
	s.must(k.Close())

	k = s.keyring() // nothing is cached now
	again, err := k.Open(ctx, "c1", d)
	if err != nil || !slices.Equal(again, keys) {
		s.Fatalf("keys differ after opening again (%v)", err)
	}
	gone, err := k.Forget(ctx, "c1", append(d[5:15:15], d[14]))
	if err != nil || !slices.Equal(gone, d[10:15]) {
		s.Fatalf("forgotten everywhere: %d digests, %v", len(gone), err)
	}
	_, err = k.Open(ctx, "c1", d[5:6])
	s.kind(err, relais.KindForgotten)
	if got, err := k.Open(ctx, "c2", d[5:6]); err != nil || got[0] != keys[5] {
		s.Fatalf("the other case lost its key: %v", err)
	}
	here, anywhere, err := k.Held(ctx, "c1", []relais.Digest{d[0], d[5], d[12]})
	if err != nil || !slices.Equal(here, []bool{true, false, false}) || !slices.Equal(anywhere, []bool{true, true, false}) {
		s.Fatalf("held %v %v %v", here, anywhere, err)
	}
	fresh, err := k.Ensure(ctx, "c1", d[12:13])
	if err != nil || fresh[0] == keys[12] {
		s.Fatal("a forgotten key came back")
	}
	if gone, err = k.Forget(ctx, "c3", Digests(900, 1)); err != nil || len(gone) != 1 {
		s.Fatalf("one never held is held by nobody: %v %v", gone, err)
	}
}

func ensureTwice(s suite) {
	k, d := s.keyring(), Digests(0, 1)[0]
	keys, err := k.Ensure(s.Context(), "c1", []relais.Digest{d, d})
	if err != nil || keys[0] != keys[1] {
		s.Fatalf("two keys for one digest: %v", err)
	}
	if none, err := k.Ensure(s.Context(), "c1", nil); err != nil || len(none) != 0 {
		s.Fatal(none, err)
	}
}

func wrongMaster(s suite) {
	s.keyring()
	_, err := s.open(s.Context(), Master(s))
	s.kind(err, relais.KindInvalid)
	if relais.HintOf(err) == "" {
		s.Error("no hint of what to do")
	}
}

func canceled(s suite) {
	ctx, cancel := context.WithCancel(s.Context())
	k := s.keyring()
	cancel()
	_, err := k.Ensure(ctx, "c1", Digests(0, 1))
	s.kind(err, relais.KindCanceled)
}

// concurrent: every caller that asks for a blob's key, for any case, gets the same one.
func concurrent(s suite, keyrings []*seal.Keyring) {
	ctx, d := s.Context(), Digests(0, 40)
	results := make([][]relais.SealKey, 12)
	var group sync.WaitGroup
	for i := range results {
		k := keyrings[i%len(keyrings)]
		group.Go(func() {
			c := relais.CaseID([]string{"c1", "c2"}[i%2])
			keys, err := k.Ensure(ctx, c, d)
			if err != nil {
				s.Error(err)
			}
			results[i] = keys
			if _, err := k.Forget(ctx, "c3", d[:3]); err != nil {
				s.Error(err)
			}
			if _, err := k.Open(ctx, c, d); err != nil {
				s.Error(err)
			}
		})
	}
	group.Wait()
	for _, r := range results[1:] {
		if !slices.Equal(r, results[0]) {
			s.Fatal("two callers were given different keys for a blob")
		}
	}
}

func openedAtOnce(s suite) {
	var group sync.WaitGroup
	for range 4 {
		group.Go(func() {
			k, err := s.open(s.Context(), s.master)
			if err != nil {
				s.Error(err)
				return
			}
			if err := k.Close(); err != nil {
				s.Error(err)
			}
		})
	}
	group.Wait()
}

// forgottenByAnother: a key in memory is not served once another process has
// forgotten it, neither to read nor to seal anew.
func forgottenByAnother(s suite) {
	ctx, one, other, d := s.Context(), s.keyring(), s.keyring(), Digests(0, 5)
	keys, err := one.Ensure(ctx, "c1", d)
	s.must(err)
	_, err = one.Open(ctx, "c1", d) // in memory, if anything is
	s.must(err)
	_, err = other.Forget(ctx, "c1", d[:1])
	s.must(err)
	_, err = one.Open(ctx, "c1", d[:1])
	s.kind(err, relais.KindForgotten)
	kept, err := one.Open(ctx, "c1", d[1:])
	if err != nil || !slices.Equal(kept, keys[1:]) {
		s.Errorf("the others are not what they were (%v)", err)
	}
	_, err = other.Forget(ctx, "c1", d[1:2])
	s.must(err)
	fresh, err := one.Ensure(ctx, "c1", d[:2])
	if err != nil || fresh[0] == keys[0] || fresh[1] == keys[1] {
		s.Errorf("a forgotten key seals again (%v)", err)
	}
}

// lastHolder: of two processes that forget a blob at once, each for its case, one at
// least is told that nobody holds it any more; and a case that came in meanwhile is
// not overlooked.
func lastHolder(s suite) {
	ctx, one, other := s.Context(), s.keyring(), s.keyring()
	for i := range 20 {
		d := Digests(i, 1)
		for _, c := range []relais.CaseID{"c1", "c2"} {
			_, err := one.Ensure(ctx, c, d)
			s.must(err)
		}
		var group sync.WaitGroup
		var gone [2][]relais.Digest
		for n, k := range []*seal.Keyring{one, other} {
			group.Go(func() {
				var err error
				if gone[n], err = k.Forget(ctx, relais.CaseID(fmt.Sprintf("c%d", n+1)), d); err != nil {
					s.Error(err)
				}
			})
		}
		group.Wait()
		if len(gone[0])+len(gone[1]) == 0 {
			s.Fatal("a key that nobody holds was named by nobody")
		}
	}
}

// copies: a keyring becomes another, whatever it held, and does so again after more
// was made and forgotten.
func copies(s suite) {
	ctx, m := s.Context(), s.master
	from, err := seal.OpenSQLite(ctx, filepath.Join(s.TempDir(), "keys.db"), m)
	s.must(err)
	defer from.Close() //nolint:errcheck // a test's
	to, d := s.keyring(), Digests(0, 2500)
	keys, err := from.Ensure(ctx, "c1", d)
	s.must(err)
	_, err = from.Ensure(ctx, "c2", d[:10])
	s.must(err)
	_, err = to.Ensure(ctx, "c9", Digests(5000, 3)) // what should not be there
	s.must(err)
	var seen int64
	s.must(seal.Copy(ctx, from, to, func(n int64) { seen = n }))
	if seen != 2510 {
		s.Errorf("%d wraps seen", seen)
	}
	got, err := to.Open(ctx, "c1", d)
	if err != nil || !slices.Equal(got, keys) {
		s.Fatalf("other keys (%v)", err)
	}
	_, err = to.Open(ctx, "c9", Digests(5000, 1))
	s.kind(err, relais.KindForgotten)

	_, err = from.Forget(ctx, "c1", d[20:40])
	s.must(err)
	anew, err := from.Ensure(ctx, "c1", d[30:40])
	s.must(err)
	s.must(seal.Copy(ctx, from, to, func(int64) {}))
	_, err = to.Open(ctx, "c1", d[25:26])
	s.kind(err, relais.KindForgotten)
	if got, err := to.Open(ctx, "c1", d[30:40]); err != nil || !slices.Equal(got, anew) {
		s.Errorf("not the new keys (%v)", err)
	}
	stranger, err := seal.OpenSQLite(ctx, filepath.Join(s.TempDir(), "keys.db"), Master(s))
	s.must(err)
	defer stranger.Close() //nolint:errcheck // a test's
	s.kind(seal.Copy(ctx, stranger, to, func(int64) {}), relais.KindInvalid)
}

// Bench measures the two calls of the hot path.
func Bench(b *testing.B, open Open) {
	k, err := open(b.Context(), Master(b))
	if err != nil {
		b.Fatal(err)
	}
	defer k.Close() //nolint:errcheck // a benchmark's
	n := 0
	b.Run("Ensure", func(b *testing.B) {
		const batch = 128
		from := n
		for b.Loop() {
			if _, err := k.Ensure(b.Context(), "c1", Digests(n, batch)); err != nil {
				b.Fatal(err)
			}
			n += batch
		}
		b.ReportMetric(float64(n-from)/b.Elapsed().Seconds(), "keys/s")
	})
	b.Run("OpenCached", func(b *testing.B) {
		for b.Loop() {
			if _, err := k.Open(b.Context(), "c1", Digests(0, 64)); err != nil {
				b.Fatal(err)
			}
		}
	})
}
