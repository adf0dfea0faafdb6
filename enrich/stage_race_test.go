package enrich_test

import (
	"context"
	"errors"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/relais-archive/relais/internal/blob"
	"github.com/relais-archive/relais/internal/relais"
	"github.com/relais-archive/relais/internal/stream"
)

// TestTwoWorkersReadABatch: a broker that takes one worker for dead gives its batch to
// another while the first still works. Both read every item before either has merged
// one, and nothing is found twice.
func TestTwoWorkersReadABatch(t *testing.T) {
	// Two topics share what the words say: neither is as sure as its words alone.
	mails := append(story(), mail{"INBOX", "z1", message("z1@acme.example", "bob@acme.example", owner, "Divers", "Tue, 7 Apr 2026 09:00:00 +0000", "",
		"Merci de m'envoyer un devis et votre grille de tarifs. Le transporteur livre mardi, bon de livraison joint.")})
	plain := newBench(t)
	plain.run(mails, 100)
	b := newBench(t)
	var batch []stream.Message
	for _, m := range mails {
		batch = append(batch, b.capture(m))
	}
	var both sync.WaitGroup
	both.Add(2)
	b.blobs = &rendezvous{Store: b.blobs, both: &both}
	fails := make([]error, 2)
	var workers sync.WaitGroup
	for i := range fails {
		s := b.stage()
		workers.Go(func() { _, fails[i] = s.Handle(t.Context(), batch) })
	}
	workers.Wait()
	if err := errors.Join(fails...); err != nil {
		t.Fatal(err)
	}
	if err := b.stage().Idle(t.Context()); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(plain.served(), b.served()); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff(plain.inStream(), b.inStream()); diff != "" {
		t.Errorf("in the stream: %s", diff)
	}
}

// rendezvous holds who has read a batch until the other has.
type rendezvous struct {
	blob.Store
	both *sync.WaitGroup
}

func (r *rendezvous) Put(ctx context.Context, c relais.CaseID, texts []blob.Blob) error {
	r.both.Done()
	met := make(chan struct{})
	go func() { r.both.Wait(); close(met) }()
	select {
	case <-met:
	case <-time.After(time.Minute):
		return relais.Errorf(relais.KindInternal, "put", "the other worker never read the batch")
	}
	return r.Store.Put(ctx, c, texts)
}
