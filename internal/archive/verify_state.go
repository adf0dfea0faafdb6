package archive

import (
	"context"
	"errors"
	"maps"
	"slices"

	"github.com/relais-archive/relais/internal/blob"
	"github.com/relais-archive/relais/internal/relais"
	"github.com/relais-archive/relais/internal/state"
	"github.com/relais-archive/relais/internal/stream"
	"github.com/relais-archive/relais/search"
)

// verifyState names documents that were seen nowhere, occurrences without a document,
// and envelopes that no document knows of.
func (ar *Archive) verifyState(ctx context.Context, fault func(blob.Fault)) error {
	list, err := ar.on.State.Unsound(ctx)
	for _, u := range list {
		fault(blob.Fault{Code: u.Code, Detail: string(u.Document)})
	}
	return err
}

// unknown gives those of some documents that state has no envelope of and is not about
// to have: what names them was left behind by a fault.
func (ar *Archive) unknown(ctx context.Context, ids map[relais.DocumentID]bool) ([]relais.DocumentID, error) {
	coming, err := ar.on.State.Coming(ctx)
	if err != nil {
		return nil, err
	}
	for _, id := range coming {
		delete(ids, id)
	}
	err = ar.on.State.EachEnvelope(ctx, func(page []state.Envelope) error {
		for _, e := range page {
			delete(ids, e.ID)
		}
		return nil
	})
	return slices.Sorted(maps.Keys(ids)), err
}

// mend brings what is remembered of documents back together, as far as that goes without
// reading them, and tells whether they must be read again.
func (ar *Archive) mend(ctx context.Context) (readAgain bool, err error) {
	stage, err := ar.stage(ctx)
	if err != nil {
		return false, err
	}
	if err := stage.Recover(ctx); err != nil {
		return false, err
	}
	if err := errors.Join(stage.Mend(ctx), followAll(ctx, stage)); err != nil {
		return false, err
	}
	left, err := ar.on.State.Unsound(ctx)
	return slices.ContainsFunc(left, func(u state.Unsound) bool { return u.Code == state.UnsoundLost }), err
}

// withdrawUnknown withdraws from stream "enriched" what an index that was made from it
// holds and nobody remembers, and tells whether there was any.
func (ar *Archive) withdrawUnknown(ctx context.Context, ix search.Index) (bool, error) {
	if err := ix.Refresh(ctx); err != nil {
		return false, err
	}
	held := map[relais.DocumentID]bool{}
	if err := ix.Each(ctx, func(id relais.DocumentID, _ int64) error { held[id] = true; return nil }); err != nil {
		return false, err
	}
	ids, err := ar.unknown(ctx, held)
	if err != nil || len(ids) == 0 {
		return false, err
	}
	records := make([]stream.Record, len(ids))
	for i, id := range ids {
		records[i] = stream.Record{Key: string(id)}
	}
	return true, ar.on.Log.Append(ctx, stream.TopicEnriched, records)
}
