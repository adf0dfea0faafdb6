// Package audittest answers one question: does an audit log keep its promises? Its
// suite is the conformance test of every twin.
package audittest

import (
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/relais-archive/relais/internal/audit"
	"github.com/relais-archive/relais/internal/relais"
)

// Record is one entry as the storage keeps it.
type Record struct {
	Hash string // in hexadecimal digits
	Link string // the canonical bytes
}

// Storage is one log's storage, empty at first.
type Storage interface {
	// Open gives the log on the storage; now is Clock.
	Open(ctx context.Context, now func() time.Time) (audit.Log, error)
	// Records and Rewrite read and replace what is stored, behind the log's back.
	Records(t *testing.T) []Record
	Rewrite(t *testing.T, records []Record)
}

// Clock is the time of all entries.
func Clock() time.Time { return time.Date(2026, 11, 23, 10, 0, 0, 0, time.UTC) }

// Entry makes an entry; another for another i.
func Entry(i int) audit.Entry {
	return audit.Entry{Actor: "local", Action: "document.open", Objects: []string{fmt.Sprintf("d%04d", i)}, Outcome: audit.Allowed}
}

// Test runs the suite; storage gives a fresh one for each of its tests.
func Test(t *testing.T, storage func(t *testing.T) Storage) {
	for name, test := range map[string]func(*testing.T, Storage){
		"AppendAndRead": testAppendAndRead, "Reopened": testReopened, "Closed": testClosed,
		"ConcurrentAppends": func(t *testing.T, s Storage) { testConcurrent(t, []audit.Log{Open(t, s)}) },
		"Tampering":         testTampering, "InvalidEntries": testInvalid, "Canceled": testCanceled,
		"ManyEntries": testMany, "CanonicalForm": testCanonical,
	} {
		t.Run(name, func(t *testing.T) { test(t, storage(t)) })
	}
}

// TestShared runs the suite of logs that several processes append to at once.
func TestShared(t *testing.T, storage func(t *testing.T) Storage) {
	t.Run("Shared/OneChain", func(t *testing.T) {
		s := storage(t)
		testConcurrent(t, []audit.Log{Open(t, s), Open(t, s), Open(t, s)})
	})
	t.Run("Shared/VerifiedMeanwhile", func(t *testing.T) { testVerifyMeanwhile(t, storage(t)) })
	t.Run("Shared/OpenedByManyAtOnce", func(t *testing.T) {
		s := storage(t)
		at(4, func(int) { Open(t, s) })
	})
}

// Open opens the log of a storage for a test.
func Open(t *testing.T, s Storage) audit.Log {
	t.Helper()
	l, err := s.Open(t.Context(), Clock)
	if err != nil {
		t.Error(err)
		t.FailNow()
	}
	t.Cleanup(func() { _ = l.Close() })
	return l
}

func at(n int, fn func(i int)) {
	var all sync.WaitGroup
	for i := range n {
		all.Go(func() { fn(i) })
	}
	all.Wait()
}

// Fill appends n entries.
func Fill(t *testing.T, l audit.Log, n int) {
	t.Helper()
	for i := range n {
		if err := l.Append(t.Context(), Entry(i)); err != nil {
			t.Fatal(err)
		}
	}
}

// Read gives the entries from one on.
func Read(t *testing.T, l audit.Log, from int64) []audit.Entry {
	t.Helper()
	var got []audit.Entry
	if err := l.Read(t.Context(), from, func(e audit.Entry) error { got = append(got, e); return nil }); err != nil {
		t.Fatal(err)
	}
	return got
}

func verify(t *testing.T, l audit.Log) {
	t.Helper()
	if err := l.Verify(t.Context()); err != nil {
		t.Error(err)
	}
}

func testAppendAndRead(t *testing.T, s Storage) {
	l := Open(t, s)
	verify(t, l)
	want := audit.Entry{
		Actor: "local", Action: "search", Case: "c1", Objects: []string{"d1", "d2"}, QueryHash: "abc",
		Count: 2, Outcome: audit.Allowed, Session: "s\x00\xff", Reason: "é<&",
	}
	for range 3 {
		if err := l.Append(t.Context(), want); err != nil {
			t.Fatal(err)
		}
	}
	want.Time, want.Seq, want.Session = Clock(), 3, "s\x00\ufffd"
	if diff := cmp.Diff([]audit.Entry{want}, Read(t, l, 3)); diff != "" {
		t.Errorf("from 3 (-want +got):\n%s", diff)
	}
	stop := errors.New("enough")
	if err := l.Read(t.Context(), -5, func(audit.Entry) error { return stop }); !errors.Is(err, stop) {
		t.Errorf("read: %v, want the callback's error", err)
	}
	if got := Read(t, l, 4); len(got) != 0 {
		t.Errorf("%d entries after the end", len(got))
	}
	verify(t, l)
}

func testReopened(t *testing.T, s Storage) {
	l := Open(t, s)
	Fill(t, l, 3)
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	l = Open(t, s)
	Fill(t, l, 1)
	if got := Read(t, l, 0); len(got) != 4 || got[3].Seq != 4 {
		t.Errorf("%d entries after reopening: %+v", len(got), got)
	}
	verify(t, l)
}

func testClosed(t *testing.T, s Storage) {
	l := Open(t, s)
	if err := errors.Join(l.Close(), l.Close()); err != nil {
		t.Errorf("close: %v", err)
	}
	if err := l.Append(t.Context(), Entry(1)); !errors.Is(err, os.ErrClosed) || relais.KindOf(err) != relais.KindUnavailable {
		t.Errorf("append after close: %v", err)
	}
}

// testConcurrent: appends of any number of logs make one chain of all entries.
func testConcurrent(t *testing.T, logs []audit.Log) {
	at(12, func(w int) {
		for i := range 30 {
			if err := logs[w%len(logs)].Append(t.Context(), Entry(100*w+i)); err != nil {
				t.Error(err)
			}
		}
	})
	var objects []string
	for i, e := range Read(t, logs[0], 1) {
		if e.Seq != int64(i+1) {
			t.Fatalf("entry %d stands in the place of %d", e.Seq, i+1)
		}
		objects = append(objects, e.Objects...)
	}
	slices.Sort(objects)
	if got := len(slices.Compact(objects)); got != 360 {
		t.Errorf("%d distinct entries, want 360", got)
	}
	for _, l := range logs {
		verify(t, l)
	}
}

func testVerifyMeanwhile(t *testing.T, s Storage) {
	l, other := Open(t, s), Open(t, s)
	at(2, func(i int) {
		if i == 0 {
			Fill(t, l, 150)
			return
		}
		for range 30 {
			verify(t, other)
		}
	})
	verify(t, other)
}

// testTampering changes the storage in every way that leaves it readable.
func testTampering(t *testing.T, s Storage) {
	l := Open(t, s)
	Fill(t, l, 6)
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	whole := s.Records(t)
	forged := Record{Link: strings.Replace(whole[2].Link, "local", "nobody", 1)}
	forged.Hash = relais.DigestOf([]byte(forged.Link)).String()
	at := func(list ...int) []Record {
		var out []Record
		for _, i := range list {
			out = append(out, whole[i])
		}
		return out
	}
	word := slices.Clone(whole)
	word[1].Link = strings.Replace(word[1].Link, "local", "lucal", 1)
	for name, records := range map[string][]Record{
		"a word":              word,
		"an entry forged":     slices.Concat(whole[:2], []Record{forged}, whole[3:]),
		"an entry taken out":  at(0, 1, 3, 4, 5),
		"the first taken out": whole[1:],
		"two swapped":         at(0, 2, 1, 3, 4, 5),
		"one doubled":         at(0, 1, 1, 2, 3, 4, 5),
		"one put in":          slices.Concat(whole[:2], []Record{forged}, whole[2:]),
	} {
		t.Run(name, func(t *testing.T) {
			s.Rewrite(t, records)
			l, err := s.Open(t.Context(), Clock)
			if err == nil {
				defer l.Close() //nolint:errcheck // a test's
				err = l.Verify(t.Context())
			}
			if relais.KindOf(err) != relais.KindDamaged {
				t.Errorf("verify: %v, want damage", err)
			}
		})
	}
	s.Rewrite(t, whole)
	verify(t, Open(t, s))
}

func testInvalid(t *testing.T, s Storage) {
	l := Open(t, s)
	const maxObjects, maxWord = 10_000, 128
	long := strings.Repeat("x", maxWord+1)
	for name, e := range map[string]audit.Entry{
		"no actor":         {Action: "search", Outcome: audit.Allowed},
		"no action":        {Actor: "local", Outcome: audit.Allowed},
		"no outcome":       {Actor: "local", Action: "search"},
		"a long word":      {Actor: "local", Action: long, Outcome: audit.Allowed},
		"a long object":    {Actor: "local", Action: "search", Objects: []string{long}, Outcome: audit.Allowed},
		"too many objects": {Actor: "local", Action: "search", Objects: make([]string, maxObjects+1), Outcome: audit.Allowed},
	} {
		if err := l.Append(t.Context(), e); err == nil {
			t.Errorf("%s: appended", name)
		}
	}
	largest := audit.Entry{Actor: "local", Action: "export", Outcome: audit.Allowed}
	for range maxObjects {
		largest.Objects = append(largest.Objects, strings.Repeat("\x01", maxWord))
	}
	if err := l.Append(t.Context(), largest); err != nil {
		t.Errorf("the largest entry: %v", err)
	}
	verify(t, l)
}

func testCanceled(t *testing.T, s Storage) {
	l := Open(t, s)
	Fill(t, l, 1)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := l.Read(ctx, 1, func(audit.Entry) error { return nil }); relais.KindOf(err) != relais.KindCanceled {
		t.Errorf("read: %v, want canceled", err)
	}
	if err := l.Verify(ctx); relais.KindOf(err) != relais.KindCanceled {
		t.Errorf("verify: %v, want canceled", err)
	}
	// It may be written or not; either way the chain holds.
	if err := l.Append(ctx, Entry(1)); err != nil && relais.KindOf(err) != relais.KindCanceled {
		t.Errorf("append: %v", err)
	}
	verify(t, l)
}

// testMany: more than one page and one group.
func testMany(t *testing.T, s Storage) {
	l := Open(t, s)
	at(16, func(w int) {
		for i := range 40 {
			if err := l.Append(t.Context(), Entry(100*w+i)); err != nil {
				t.Error(err)
			}
		}
	})
	if got := Read(t, l, 101); len(got) != 540 || got[0].Seq != 101 {
		t.Errorf("%d entries from 101 on", len(got))
	}
	verify(t, l)
}

// testCanonical freezes the bytes that the chain hashes: the same in every twin.
func testCanonical(t *testing.T, s Storage) {
	l := Open(t, s)
	Fill(t, l, 2)
	golden, err := os.ReadFile("testdata/audit.log")
	if err != nil {
		t.Fatal(err)
	}
	var got strings.Builder
	for _, r := range s.Records(t) {
		fmt.Fprintf(&got, "{\"hash\":%q,\"link\":%s}\n", r.Hash, r.Link)
	}
	if diff := cmp.Diff(string(golden), got.String()); diff != "" {
		t.Errorf("the format has changed (-want +got):\n%s", diff)
	}
}
