package enrich_test

import (
	"context"
	"errors"
	"io"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/relais-archive/relais/enrich/library"
	"github.com/relais-archive/relais/internal/blob"
	"github.com/relais-archive/relais/internal/relais"
	"github.com/relais-archive/relais/internal/stream"
)

// acme opens what a successor of one client may see.
func acme() relais.Scope {
	return relais.Scope{Grants: []relais.Grant{{AllCases: true, Clients: []string{"acme"}, Unattributed: true}}}
}

func storied(t *testing.T) *bench {
	t.Helper()
	b := newBench(t, relais.Client{ID: "acme", Name: "Acme", Domains: []string{"acme.example"}}, relais.Client{ID: "beta", Name: "Beta", Domains: []string{"beta.example"}})
	b.run(story(), 5)
	return b
}

func TestLibraryKeepsToTheScope(t *testing.T) {
	b := storied(t)
	docs := b.byMessageID()
	mine, theirs := docs["m1@acme.example"], docs["m5@beta.example"]
	for name, scope := range map[string]relais.Scope{"a successor": acme(), "nobody": {}} {
		got, err := b.library.Documents(t.Context(), scope, []relais.DocumentID{theirs.ID, "dunknown"})
		if err != nil || len(got) != 0 {
			t.Errorf("%s sees %v (%v)", name, got, err)
		}
		if _, err := b.library.Raw(t.Context(), scope, theirs.ID); relais.KindOf(err) != relais.KindNotFound {
			t.Errorf("%s opens bytes out of scope: %v", name, err)
		}
		if _, err := b.library.Thread(t.Context(), scope, theirs.Thread); relais.KindOf(err) != relais.KindNotFound {
			t.Errorf("%s opens a thread out of scope: %v", name, err)
		}
	}
	_, errUnknown := b.library.Raw(t.Context(), acme(), "dunknown")
	_, errHidden := b.library.Raw(t.Context(), acme(), theirs.ID)
	if strings.ReplaceAll(errHidden.Error(), string(theirs.ID), "X") != strings.ReplaceAll(errUnknown.Error(), "dunknown", "X") {
		t.Errorf("hidden and unknown answer differently: %v, %v", errHidden, errUnknown)
	}
	got, err := b.library.Documents(t.Context(), acme(), []relais.DocumentID{theirs.ID, mine.ID})
	if err != nil || len(got) != 1 || got[0].ID != mine.ID || got[0].Text == "" || got[0].Case != "Ann" {
		t.Errorf("her own: %+v (%v)", got, err)
	}
}

func TestLibraryOpensThreadsOldestFirst(t *testing.T) {
	b := storied(t)
	first := b.byMessageID()["m1@acme.example"]
	docs, err := b.library.Thread(t.Context(), relais.Everything(), first.Thread)
	if err != nil || len(docs) < 4 {
		t.Fatalf("%d documents (%v)", len(docs), err)
	}
	last := time.Time{}
	for _, d := range docs {
		if d.Date.Before(last) {
			t.Errorf("%s comes after a later one", d.Subject)
		}
		last = d.Date
	}
}

func TestLibraryGivesTheCapturedBytes(t *testing.T) {
	b := storied(t)
	docs := b.byMessageID()
	read := func(id relais.DocumentID) string {
		raw, err := b.library.Raw(t.Context(), relais.Everything(), id)
		if err != nil {
			t.Fatal(err)
		}
		body, err := io.ReadAll(raw.Body)
		if err = errors.Join(err, raw.Body.Close()); err != nil {
			t.Fatal(err)
		}
		if int64(len(body)) != raw.Size {
			t.Errorf("%s: %d bytes, said to be %d", raw.Name, len(body), raw.Size)
		}
		return string(body)
	}
	if got := read(docs["m1@acme.example"].ID); got != story()[0].text {
		t.Errorf("the message: %q", got)
	}
	if got := read(docs["offre.txt"].ID); got != "P12 : 1 250 EUR" {
		t.Errorf("the attachment: %q", got)
	}
}

func TestLibraryRecords(t *testing.T) {
	b := storied(t)
	gone := b.byMessageID()["m5@beta.example"]
	batch := append([]stream.Message{{Record: stream.Record{Key: "x"}}, {Record: stream.Record{Key: "y", Value: []byte("{")}}}, b.appended...)
	if err := b.blobs.Forget(t.Context(), b.c.ID, []relais.Digest{gone.SHA256}); err != nil {
		t.Fatal(err)
	}
	list, faults, err := b.library.Records(t.Context(), batch)
	if err != nil {
		t.Fatal(err)
	}
	if faults[0] != nil || list[0].Document.ID != "" {
		t.Errorf("a tombstone: %v, %v", list[0], faults[0])
	}
	if relais.KindOf(faults[1]) != relais.KindRefused {
		t.Errorf("no record at all: %v", faults[1])
	}
	forgotten := 0
	for i := 2; i < len(batch); i++ {
		switch {
		case relais.KindOf(faults[i]) == relais.KindForgotten:
			forgotten++
		case faults[i] != nil || string(list[i].Document.ID) != batch[i].Key:
			t.Errorf("record %d: %v", i, faults[i])
		}
	}
	if forgotten == 0 || forgotten > 3 {
		t.Errorf("%d records of a forgotten message", forgotten)
	}
	docs, err := b.library.Documents(t.Context(), relais.Everything(), []relais.DocumentID{gone.ID})
	if err != nil || len(docs) != 0 {
		t.Errorf("a forgotten message is served: %v (%v)", docs, err)
	}
}

// meeting reads of a pack once two reads are wanted at the same time.
type meeting struct {
	blob.Backend
	inside atomic.Int64
	both   chan struct{}
}

func (m *meeting) Get(ctx context.Context, name string, offset, length int64) (io.ReadCloser, error) {
	if m.inside.Add(1) == 2 {
		close(m.both)
	}
	select {
	case <-m.both:
		return m.Backend.Get(ctx, name, offset, length)
	case <-time.After(time.Minute):
		return nil, errors.New("texts are opened one after the other")
	}
}

// Where packs are far away, the texts of a page are asked for together.
func TestLibraryOpensTextsTogether(t *testing.T) {
	b := storied(t)
	var ids []relais.DocumentID
	want := map[relais.DocumentID]string{}
	for _, d := range b.byMessageID() {
		ids = append(ids, d.ID)
		want[d.ID] = d.Text
	}
	far := &meeting{Backend: b.parts.Backend, both: make(chan struct{})}
	l := library.New(b.db, blob.New(far, b.parts.Keys, b.parts.Index, blob.Options{}))
	docs, err := l.Documents(t.Context(), relais.Everything(), ids)
	if err != nil || len(docs) != len(ids) {
		t.Fatalf("%d documents of %d, %v", len(docs), len(ids), err)
	}
	for i, d := range docs {
		if d.ID != ids[i] || d.Text != want[d.ID] {
			t.Errorf("document %d came in another place, or with another's text", i)
		}
	}
}
