package archive

import (
	"context"
	"slices"
	"strings"
	"testing"

	"github.com/relais-archive/relais/internal/relais"
	"github.com/relais-archive/relais/internal/stream"
	"github.com/relais-archive/relais/search"
)

// listed gives the documents that the index lists, by id.
func (b *bench) listed() (ids []relais.DocumentID) {
	b.t.Helper()
	b.must(b.on.Index.Refresh(b.t.Context()))
	b.must(b.on.Index.Each(b.t.Context(), func(id relais.DocumentID, _ int64) error { ids = append(ids, id); return nil }))
	slices.Sort(ids)
	return ids
}

// missing gives what an answer of everything lacks.
func (b *bench) missing() []relais.DocumentID {
	b.t.Helper()
	missing, err := b.Expect(b.t.Context(), func() {})
	b.must(err)
	lost, err := missing(b.t.Context(), b.listed())
	b.must(err)
	return lost
}

// TestMissingDocuments: whatever of a document is gone (its entry of the index, its
// envelope, the key of that), an answer of everything is known to lack it; what was
// withdrawn, or is being decided anew, it has not to hold.
func TestMissingDocuments(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	b.ingest(mailbox(t, 6))
	docs := b.documents()
	if lost := b.missing(); len(lost) > 0 {
		t.Errorf("of a whole archive %v", lost)
	}
	unlisted, _ := b.one()
	removal := search.Entry{Removed: true}
	removal.Envelope.Document.ID = unlisted.ID
	b.apply(removal)
	if lost := b.missing(); !slices.Equal(lost, []relais.DocumentID{unlisted.ID}) {
		t.Errorf("without an entry of the index: %v, want %s", lost, unlisted.ID)
	}
	b.must(b.withdraw(unlisted))
	if lost := b.missing(); !slices.Equal(lost, []relais.DocumentID{unlisted.ID}) {
		t.Errorf("without an envelope either: %v, want %s", lost, unlisted.ID)
	}
	keyless := docs[slices.IndexFunc(docs, func(d relais.Document) bool { return d.ID != unlisted.ID })].ID
	sealed, err := b.on.State.SealedBy(t.Context(), []relais.DocumentID{keyless})
	b.must(err)
	_, err = b.on.Keys.Forget(t.Context(), b.ours().ID, []relais.Digest{sealed[keyless].Blob})
	b.must(err)
	want := []relais.DocumentID{unlisted.ID, keyless}
	slices.Sort(want)
	lost := b.missing()
	for _, id := range want { // and the attachments that the same key seals
		if !slices.Contains(lost, id) {
			t.Errorf("without a key: %v, want %v", lost, want)
		}
	}
	b.must(b.on.State.MarkAll(t.Context()))
	if lost := b.missing(); len(lost) > 0 {
		t.Errorf("while all is decided anew: %v", lost)
	}
}

// endless is a log that does not say where it ends.
type endless struct{ stream.Log }

// End fails.
func (endless) End(context.Context, string) (stream.Position, error) {
	return nil, relais.Errorf(relais.KindUnavailable, "find the end", "no answer")
}

// TestMissingWithoutALog: what can be told without the log is, and an export goes on: what
// cannot be opened is missing, what is not listed may yet come.
func TestMissingWithoutALog(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	b.ingest(mailbox(t, 4))
	unlisted, _ := b.one()
	removal := search.Entry{Removed: true}
	removal.Envelope.Document.ID = unlisted.ID
	b.apply(removal)
	b.Archive.on.Log = endless{b.on.Log}
	missing, err := b.Expect(t.Context(), func() {})
	b.must(err)
	lost, err := missing(t.Context(), b.listed())
	if err != nil || len(lost) > 0 || !strings.Contains(b.log.said(), "cannot be told") {
		t.Errorf("%v, %v; logged %s", lost, err, b.log.said())
	}
}
