package archive

import (
	"context"
	"slices"
	"time"

	"github.com/relais-archive/relais/internal/blob"
	"github.com/relais-archive/relais/internal/relais"
	"github.com/relais-archive/relais/internal/stream"
)

// Expect remembers which documents an answer of everything, begun now, has to hold. What it
// gives then names, by id, those that are not listed and those that are and cannot be
// opened: an index document, an envelope or a key of theirs is gone. What was withdrawn
// meanwhile, is being decided anew, or was refused by the index is none of them; nor is
// what is not listed while the index has yet to take up what was appended. Each step of
// what may take long is told to moved.
func (ar *Archive) Expect(ctx context.Context, moved func()) (missing func(ctx context.Context, listed []relais.DocumentID) ([]relais.DocumentID, error), err error) {
	wanted, err := ar.appended(ctx, moved)
	if err != nil {
		return nil, err
	}
	whole, err := ar.caughtUp(ctx)
	if err != nil {
		ar.logger.Warn("whether the index lists everything cannot be told", "code", string(relais.KindOf(err)), "error", err)
	}
	return func(ctx context.Context, listed []relais.DocumentID) ([]relais.DocumentID, error) {
		there := make(map[relais.DocumentID]bool, len(listed))
		for _, id := range listed {
			there[id] = true
		}
		suspect := map[relais.DocumentID]bool{}
		for _, id := range wanted {
			if whole && !there[id] {
				suspect[id] = true
			}
		}
		for some := range slices.Chunk(listed, 500) {
			if err := ar.unopenable(ctx, some, suspect); err != nil {
				return nil, err
			}
			moved()
		}
		if len(suspect) == 0 {
			return nil, nil
		}
		return ar.lost(ctx, suspect, there, moved)
	}, nil
}

// appended gives the documents that were appended, as the messages and files that hold them
// remember it.
func (ar *Archive) appended(ctx context.Context, moved func()) (ids []relais.DocumentID, err error) {
	err = ar.on.State.EachAppended(ctx, func(page []relais.DocumentID) error {
		ids = append(ids, page...)
		moved()
		return nil
	})
	return ids, err
}

// askTime is how long a log may take to say where it ends: what can be read does not wait
// for one that is away.
const askTime = 2 * time.Second

// caughtUp tells whether the index has taken up all that was appended, and lets it be found.
func (ar *Archive) caughtUp(ctx context.Context) (bool, error) {
	ctx, cancel := context.WithTimeout(ctx, askTime)
	defer cancel()
	end, err := ar.on.Log.End(ctx, stream.TopicEnriched)
	if err != nil {
		return false, err
	}
	at, err := ar.on.Log.Committed(ctx, ar.on.Index.Group(), stream.TopicEnriched)
	if err != nil || !at.Reached(end) {
		return false, err
	}
	if err := ar.on.Index.Refresh(ctx); err != nil {
		return false, err
	}
	return true, nil
}

// unopenable adds those of some documents that have no envelope, or one without its key.
func (ar *Archive) unopenable(ctx context.Context, ids []relais.DocumentID, found map[relais.DocumentID]bool) error {
	sealed, err := ar.on.State.SealedBy(ctx, ids)
	if err != nil {
		return err
	}
	byCase := map[relais.CaseID][]relais.DocumentID{}
	for _, id := range ids {
		if e, ok := sealed[id]; ok {
			byCase[e.Case] = append(byCase[e.Case], id)
		} else {
			found[id] = true
		}
	}
	for c, list := range byCase {
		digests := make([]relais.Digest, len(list))
		for i, id := range list {
			digests[i] = sealed[id].Blob
		}
		held, _, err := ar.on.Keys.Held(ctx, c, digests)
		if err != nil {
			return err
		}
		for i, id := range list {
			if !held[i] {
				found[id] = true
			}
		}
	}
	return nil
}

// lost gives those of some documents that still have to be there, by id.
func (ar *Archive) lost(ctx context.Context, suspect, listed map[relais.DocumentID]bool, moved func()) ([]relais.DocumentID, error) {
	known := &knownRefusals{tell: func(string, string) {}}
	for id := range suspect {
		if listed[id] {
			continue
		}
		if err := known.learn(ctx, ar, func(blob.Fault) {}); err != nil {
			return nil, err
		}
		break
	}
	var lost []relais.DocumentID
	err := ar.on.State.EachAppended(ctx, func(page []relais.DocumentID) error {
		page = slices.DeleteFunc(page, func(id relais.DocumentID) bool { return !suspect[id] })
		sealed, err := ar.on.State.SealedBy(ctx, page)
		moved()
		for _, id := range page {
			if e, ok := sealed[id]; !ok || listed[id] || !known.document(id, e.Revision) {
				lost = append(lost, id)
			}
		}
		return err
	})
	slices.Sort(lost)
	return lost, err
}
