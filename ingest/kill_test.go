package ingest

import (
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/relais-archive/relais/internal/testkit"
)

// TestEverySourceKilledAnywhere captures real files and a real server, is killed at
// each durable step in turn, goes on, and is killed once more: the account and what
// is stored must be those of a calm run, and what the account had is not read again
// but for the few files whose marks were not yet worth telling.
func TestEverySourceKilledAnywhere(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "box")
	testkit.WriteMaildir(t, dir, 30)
	testkit.WriteTree(t, dir, map[string]string{
		"files/a.txt": "a", "files/b.txt": "b", "old/a.mbox": mboxOf(40, 60), "old/1_": testkit.Message(70),
	})
	var members []string
	for i := range 30 {
		members = append(members, fmt.Sprintf("mail/%02d.eml", i), testkit.Message(i))
	}
	archived := zipped(t, append(members, "old.mbox", mboxOf(40, 60))...)
	server := testkit.NewIMAP(t, inbox(40))
	for name, open := range map[string]func(*testing.T) Source{
		"tree": func(t *testing.T) Source { return open(t, dir) },
		"zip":  func(t *testing.T) Source { return open(t, archived) },
		"imap": func(t *testing.T) Source { return openServer(t, "imap://"+server.Addr()) },
	} {
		t.Run(name, func(t *testing.T) {
			calm := newArchive()
			all := calm.run(t, job(open(t)))
			for kill := 1; killed(t, open, calm, all, kill); kill += 3 {
			}
		})
	}
}

// killed does one round, and tells whether there was a step to be killed at.
func killed(t *testing.T, open func(*testing.T) Source, calm *archive, all Summary, kill int) bool {
	t.Helper()
	dead := errors.New("killed")
	a, steps := newArchive(), 0
	a.fail = func(string) error {
		if steps++; steps == kill || steps == kill+5 {
			return dead
		}
		return nil
	}
	deps := a.deps(t)
	deps.Batch.Items = 6
	for round := 0; ; round++ {
		captured := a.count("captured")
		s := &spied{Source: open(t)}
		_, err := NewCapture(deps).Run(t.Context(), job(s), nil)
		if round > 0 && s.reads > int(all.Seen)-captured+64 {
			t.Errorf("killed at %d: read %d with %d captured", kill, s.reads, captured)
		}
		if err == nil {
			break
		}
		if !errors.Is(err, dead) {
			t.Fatal(err)
		}
	}
	if diff := cmp.Diff(calm.list(), a.list()); diff != "" {
		t.Errorf("killed at %d: %s", kill, diff)
	}
	for d := range calm.blobs {
		if _, ok := a.blobs[d]; !ok {
			t.Errorf("killed at %d: bytes are lost", kill)
		}
	}
	recorded := map[string]bool{}
	for _, it := range a.items {
		recorded[it.Occurrence.Key()] = true
	}
	for k, outcome := range a.outcomes {
		if outcome == "captured" && !recorded[k] {
			t.Errorf("killed at %d: %v is on the account and not in the log", kill, a.places[k])
		}
	}
	return steps >= kill
}

// TestShuffledAndDoubled captures the same files under other batches and twice: the
// account is the same.
func TestShuffledAndDoubled(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "box")
	testkit.WriteMaildir(t, dir, 40)
	testkit.WriteTree(t, dir, map[string]string{"a/x.mbox": mboxOf(0, 10), "a/y.txt": "y", "b/y.txt": "y"})
	calm := newArchive()
	calm.run(t, job(open(t, dir)))
	for _, items := range []int{1, 3, 1000} {
		a := newArchive()
		deps := a.deps(t)
		deps.Batch.Items = items
		s := open(t, dir)
		folders, err := s.Folders(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		slices.Reverse(folders)
		for range 2 {
			if _, err := NewCapture(deps).Run(t.Context(), job(&listedBefore{s, folders}), nil); err != nil {
				t.Fatal(err)
			}
		}
		if diff := cmp.Diff(calm.list(), a.list()); diff != "" {
			t.Errorf("batches of %d: %s", items, diff)
		}
	}
}

// TestEventsTellWhatIsDurable: events only grow, and the last one of each folder is
// the summary's.
func TestEventsTellWhatIsDurable(t *testing.T) {
	a := newArchive()
	last := map[string]Event{}
	deps := a.deps(t)
	deps.Batch.Items = 7
	s := messages(30, "a", "b")
	s.items["a"][3].Refused = &Reason{ReasonUnreadable, "no"}
	j := job(s)
	j.ExcludeFolders = []string{"b"}
	sum, err := NewCapture(deps).Run(t.Context(), j, func(e Event) {
		before := last[e.Folder]
		if e.Seen < before.Seen || e.Captured < before.Captured || e.Bytes < before.Bytes {
			t.Errorf("fell from %+v to %+v", before, e)
		}
		if got := a.count("captured"); int64(got) < e.Captured {
			t.Errorf("tells of %d captured, %d are durable", e.Captured, got)
		}
		if e.Refusal != nil && (e.Refusal.Position != "0003" || e.Refusal.Code != ReasonUnreadable || e.Refusal.Stage != "ingest") {
			t.Errorf("refusal %+v", e.Refusal)
		}
		e.Refusal = nil
		last[e.Folder] = e
	})
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range sum.Folders {
		if diff := cmp.Diff(last[f.Folder], f); diff != "" || !f.Done || *f.Announced != 30 {
			t.Errorf("folder %s: %s", f.Folder, diff)
		}
	}
	if sum.Captured != 29 || sum.Refused != 1 || sum.Excluded != 30 || sum.Seen != 60 {
		t.Errorf("%+v", sum.Counts)
	}
}

func TestFolderErrorNamesLabelsOnly(t *testing.T) {
	err := error(FolderError{Source: "box", Folder: "a\nb", Err: errNotRegular})
	if got := err.Error(); strings.Contains(got, "\n") || !errors.Is(err, errNotRegular) {
		t.Errorf("%q", got)
	}
	if got := (FolderError{Source: "box", Err: errNotRegular}).Error(); got != "capture box: not a regular file" {
		t.Errorf("%q", got)
	}
}
