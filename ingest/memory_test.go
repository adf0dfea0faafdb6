package ingest

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/relais-archive/relais/internal/blob"
	"github.com/relais-archive/relais/internal/format"
	"github.com/relais-archive/relais/internal/relais"
	"github.com/relais-archive/relais/internal/stream"
)

// archive is a store, a log and a ledger in memory. Each durable step asks fail
// first; what was done before stays, as on a disk.
type archive struct {
	mu       sync.Mutex
	blobs    map[relais.Digest][]byte
	sizes    map[relais.Digest]int64
	items    []relais.Item
	keys     []string
	together []string
	outcomes map[string]string // by occurrence key: captured, a rule, a reason
	places   map[string]relais.Occurrence
	cursors  map[[2]string]string
	counts   map[[2]string]int64
	complete map[[2]string]bool
	steps    []string
	commits  int
	light    bool // forget bytes
	fail     func(step string) error
	warned   []relais.Warned
}

func newArchive() *archive {
	return &archive{
		blobs: map[relais.Digest][]byte{}, sizes: map[relais.Digest]int64{}, outcomes: map[string]string{},
		places: map[string]relais.Occurrence{}, cursors: map[[2]string]string{}, counts: map[[2]string]int64{},
		complete: map[[2]string]bool{}, fail: func(string) error { return nil },
	}
}

func (a *archive) step(name string) error {
	a.steps = append(a.steps, name)
	return a.fail(name)
}

func (a *archive) Put(_ context.Context, _ relais.CaseID, blobs []blob.Blob) error {
	a.mu.Lock()
	defer a.mu.Unlock()
	for _, b := range blobs {
		r, err := b.Open()
		if err != nil {
			return err
		}
		if a.light {
			n, err := io.Copy(io.Discard, r)
			if err != nil || n != b.Size {
				return fmt.Errorf("blob of %d bytes has %d: %w", b.Size, n, err)
			}
			a.sizes[b.Digest] = n
			continue
		}
		body, err := io.ReadAll(r)
		if err != nil || relais.DigestOf(body) != b.Digest || int64(len(body)) != b.Size {
			return fmt.Errorf("blob does not match its digest: %w", err)
		}
		a.blobs[b.Digest], a.sizes[b.Digest] = body, b.Size
	}
	return a.step("put")
}

func (a *archive) Seal(_ context.Context, _ relais.CaseID, _ string, records []blob.Sealed) ([][]byte, error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	sealed := make([][]byte, len(records))
	for i, r := range records {
		if _, ok := a.sizes[r.Digest]; !ok {
			return nil, relais.Errorf(relais.KindForgotten, "seal", "the blob is not held")
		}
		sealed[i] = append([]byte("sealed:"), r.Bytes...)
	}
	return sealed, a.step("seal")
}

func (a *archive) Append(_ context.Context, topic string, records []stream.Record) error {
	a.mu.Lock()
	defer a.mu.Unlock()
	for _, r := range records {
		sealed, err := relais.DecodeRecord(r.Value)
		if err != nil || topic != stream.TopicRaw {
			return fmt.Errorf("topic %s: %w", topic, err)
		}
		var it relais.Item
		if err := json.Unmarshal([]byte(strings.TrimPrefix(string(sealed.Sealed), "sealed:")), &it); err != nil {
			return err
		}
		if it.Occurrence.SHA256 != sealed.Blob {
			return fmt.Errorf("record sealed under another blob")
		}
		a.items, a.keys, a.together = append(a.items, it), append(a.keys, r.Key), append(a.together, r.Together)
	}
	return a.step("append")
}

func (a *archive) Cursor(_ context.Context, _ relais.CaseID, _, source, folder string) (string, error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.cursors[[2]string{source, folder}], nil
}

func (a *archive) Known(_ context.Context, _ relais.CaseID, _, source string) (func(folder, position string) bool, error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	known := map[[2]string]bool{}
	for k, o := range a.places {
		if o.Source == source && a.outcomes[k] == "captured" {
			known[[2]string{o.Folder, o.Position}] = true
		}
	}
	return func(folder, position string) bool { return known[[2]string{folder, position}] }, nil
}

// CopiesAt is the ledger's: this one was always told files as they are now.
func (a *archive) CopiesAt(context.Context, relais.CaseID, string, string, string, string) ([]relais.Copy, error) {
	return nil, nil
}

// Supersede is the ledger's.
func (a *archive) Supersede(context.Context, relais.CaseID, []string) error { return nil }

func (a *archive) RecordCaptured(_ context.Context, b relais.Captured) error {
	a.mu.Lock()
	defer a.mu.Unlock()
	if err := a.step("record"); err != nil {
		return err // one transaction: all or none
	}
	a.commits++
	put := func(o relais.Occurrence, outcome string) {
		o.Flags = nil
		a.outcomes[o.Key()], a.places[o.Key()] = outcome, o
	}
	left := func(folder, position string) relais.Occurrence {
		return relais.Occurrence{Owner: b.Owner, Source: b.Source, Folder: folder, Position: position}
	}
	for _, it := range b.Items {
		o := it.Occurrence
		delete(a.outcomes, left(o.Folder, o.Position).Key())
		put(o, "captured")
	}
	for _, l := range b.Excluded {
		put(left(l.Folder, l.Position), l.Rule)
	}
	for _, r := range b.Refused {
		put(left(r.Folder, r.Position), r.Code)
	}
	a.warned = append(a.warned, b.Warned...)
	for _, f := range b.Folders {
		at := [2]string{b.Source, f.Folder}
		if f.Cursor != "" {
			a.cursors[at] = f.Cursor
		}
		if f.Announced != nil {
			a.counts[at] = *f.Announced
		}
		if a.complete[at] = f.Complete; f.Complete {
			delete(a.outcomes, left(f.Folder, "").Key())
		}
	}
	return nil
}

// list gives the account, one line for each occurrence: outcome, folder, position.
func (a *archive) list() []string {
	var lines []string
	for k, outcome := range a.outcomes {
		o := a.places[k]
		lines = append(lines, outcome+" "+o.Folder+" "+o.Position)
	}
	slices.Sort(lines)
	return lines
}

func (a *archive) count(outcome string) int {
	n := 0
	for _, o := range a.outcomes {
		if o == outcome {
			n++
		}
	}
	return n
}

// item gives the item captured at a position.
func (a *archive) item(t *testing.T, folder, position string) relais.Item {
	t.Helper()
	for _, it := range a.items {
		if it.Occurrence.Folder == folder && it.Occurrence.Position == position {
			return it
		}
	}
	t.Fatalf("nothing captured at %q %q; have\n%s", folder, position, strings.Join(a.list(), "\n"))
	return relais.Item{}
}

func (a *archive) deps(t testing.TB) Deps {
	return Deps{
		Blobs: a, Log: a, Ledger: a, Limits: format.DefaultLimits(), Temp: t.TempDir(),
		Now: func() time.Time { return time.Date(2024, 5, 1, 0, 0, 0, 0, time.UTC) },
	}
}

func job(sources ...Source) Job {
	return Job{Case: "c1", Owner: relais.Owner{Address: "rep@acme.example"}, Sources: sources}
}

// run captures and fails the test on any error.
func (a *archive) run(t *testing.T, j Job) Summary {
	t.Helper()
	sum, err := NewCapture(a.deps(t)).Run(t.Context(), j, nil)
	if err != nil {
		t.Fatalf("capture: %v", err)
	}
	return sum
}

// open opens a source that the test closes.
func open(t *testing.T, location string) Source {
	t.Helper()
	s, err := Open(t.Context(), Spec{Location: location, Limits: format.DefaultLimits()})
	if err != nil {
		t.Fatalf("open %s: %v", location, err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Errorf("close: %v", err)
		}
	})
	return s
}

// spied counts what is read of a source.
type spied struct {
	Source
	reads int
	bytes int64
}

func (s *spied) Read(ctx context.Context, f Folder, req Request, yield func(Found) error) (Cursor, error) {
	return s.Source.Read(ctx, f, req, func(found Found) error {
		s.reads++
		s.bytes += max(found.Size, 0)
		return yield(found)
	})
}
