package ingest

import (
	"context"
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
)

// entriesOf makes an entry for each "source size": one to store, or one that is only
// counted where size is negative.
func entriesOf(list ...string) []entry {
	var out []entry
	for i, s := range list {
		var e entry
		var size int64
		if _, err := fmt.Sscan(s, &e.source, &size); err != nil {
			panic(err)
		}
		e.read = fmt.Sprint(i)
		if size >= 0 {
			e.content = &content{size: size}
		}
		out = append(out, e)
	}
	return out
}

// batches gives what a committer gathers from entries that are all there, as
// "source: places".
func batches(t *testing.T, limits Batch, entries []entry) []string {
	t.Helper()
	in := make(chan entry, len(entries))
	for _, e := range entries {
		in <- e
	}
	close(in)
	m := &committer{deps: NewCapture(Deps{Batch: limits}).deps}
	var got []string
	for more := true; more; {
		var batch []entry
		batch, more = m.collect(t.Context(), in)
		if len(batch) == 0 {
			continue
		}
		line := batch[0].source + ":"
		for _, e := range batch {
			line += " " + e.read
			if e.source != batch[0].source {
				line += " of " + e.source
			}
		}
		got = append(got, line)
	}
	if m.next != nil {
		t.Error("an entry is left")
	}
	return got
}

// TestBatches: a batch is of one source, whose label stands on all of it; it ends when
// it has as many items or bytes as may be, what is only counted apart.
func TestBatches(t *testing.T) {
	counted := make([]string, maxEntries+2)
	for i := range counted {
		counted[i] = "a -1"
	}
	for name, tt := range map[string]struct {
		limits  Batch
		entries []string
		want    []string
	}{
		"none":                {entries: nil, want: nil},
		"one source":          {entries: []string{"a 1", "a 1", "a 1"}, want: []string{"a: 0 1 2"}},
		"two sources":         {entries: []string{"a 1", "a 1", "b 1", "b 1"}, want: []string{"a: 0 1", "b: 2 3"}},
		"sources by turns":    {entries: []string{"a 1", "b 1", "a 1", "c 1"}, want: []string{"a: 0", "b: 1", "a: 2", "c: 3"}},
		"counted, not stored": {entries: []string{"a -1", "b -1", "b 1"}, want: []string{"a: 0", "b: 1 2"}},
		"items":               {limits: Batch{Items: 2}, entries: []string{"a 1", "a 1", "a 1"}, want: []string{"a: 0 1", "a: 2"}},
		"counted is no item":  {limits: Batch{Items: 2}, entries: []string{"a -1", "a 1", "a -1", "a 1", "a 1"}, want: []string{"a: 0 1 2 3", "a: 4"}},
		"bytes":               {limits: Batch{Bytes: 10}, entries: []string{"a 9", "a 1", "a 10", "a 30", "a 0"}, want: []string{"a: 0 1", "a: 2", "a: 3", "a: 4"}},
		"another source full": {limits: Batch{Items: 1}, entries: []string{"a 1", "b 1", "b 1"}, want: []string{"a: 0", "b: 1", "b: 2"}},
	} {
		t.Run(name, func(t *testing.T) {
			tt.limits.Wait = time.Hour
			if diff := cmp.Diff(tt.want, batches(t, tt.limits, entriesOf(tt.entries...))); diff != "" {
				t.Errorf("batches (-want +got):\n%s", diff)
			}
		})
	}
	if got := batches(t, Batch{Wait: time.Hour}, entriesOf(counted...)); len(got) != 2 {
		t.Errorf("%d entries that are only counted made %d batches, want 2", len(counted), len(got))
	}
}

// TestABatchWaitsForOthersAsLongAsItMay: from its first entry on, not from the last,
// and not before there is one.
func TestABatchWaitsForOthersAsLongAsItMay(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		in := make(chan entry)
		go func() {
			time.Sleep(time.Hour)
			for range 3 {
				in <- entry{source: "a", content: &content{}}
				time.Sleep(20 * time.Millisecond)
			}
			close(in)
		}()
		m, start := &committer{deps: NewCapture(Deps{Batch: Batch{Wait: 30 * time.Millisecond}}).deps}, time.Now()
		batch, more := m.collect(t.Context(), in)
		if d := time.Since(start) - time.Hour; len(batch) != 2 || !more || d != 30*time.Millisecond {
			t.Errorf("%d entries after %v, more %t; want 2 after 30 ms, and more", len(batch), d, more)
		}
		<-in // the third, and the end
		<-in
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		if batch, more = m.collect(ctx, nil); len(batch) != 0 || more {
			t.Errorf("%d entries, more %t after the end", len(batch), more)
		}
	})
}

// TestSourcesOfOneRunKeepTheirLabels: two mailboxes captured in one run have the same
// folder and positions, and each its own account.
func TestSourcesOfOneRunKeepTheirLabels(t *testing.T) {
	a, first, second := newArchive(), messages(3, "inbox"), messages(5, "inbox")
	first.label, second.label = "one", "two"
	for i := range second.items["inbox"] {
		second.items["inbox"][i].Refused = &Reason{Code: "unreadable"}
	}
	second.items["inbox"][4].Refused = nil
	d := a.deps(t)
	d.Batch.Wait = time.Hour // all that may stand in one batch does
	if _, err := NewCapture(d).Run(t.Context(), job(first, second), nil); err != nil {
		t.Fatal(err)
	}
	got := map[string]int{}
	for k, outcome := range a.outcomes {
		got[a.places[k].Source+" "+outcome]++
	}
	want := map[string]int{"one captured": 3, "two captured": 1, "two unreadable": 4}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("outcomes by source (-want +got):\n%s", diff)
	}
	for source, n := range map[string]int64{"one": 3, "two": 5} {
		at := [2]string{source, "inbox"}
		if a.counts[at] != n || a.cursors[at] == "" || !a.complete[at] {
			t.Errorf("%s announces %d, cursor %q, complete %t; want %d", source, a.counts[at], a.cursors[at], a.complete[at], n)
		}
	}
}
