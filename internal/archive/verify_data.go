package archive

import (
	"context"
	"fmt"

	"github.com/relais-archive/relais/internal/blob"
	"github.com/relais-archive/relais/internal/relais"
	"github.com/relais-archive/relais/internal/state"
	"github.com/relais-archive/relais/internal/stream"
)

// verifyData opens every document as a reader would, and every record of the
// streams from which all else is made again. It counts the records.
func (ar *Archive) verifyData(ctx context.Context, known *knownRefusals, fault func(blob.Fault)) (int64, error) {
	if err := ar.on.State.EachEnvelope(ctx, func(page []state.Envelope) error {
		return ar.verifyDocuments(ctx, page, fault)
	}); err != nil {
		return 0, err
	}
	var records int64
	live := map[relais.DocumentID]bool{}
	for _, topic := range []string{stream.TopicRaw, stream.TopicEnriched} {
		n, err := ar.readTopic(ctx, topic, fault, func(ctx context.Context, m stream.Message) {
			err := ar.openRecord(ctx, m)
			if err == nil && topic == stream.TopicEnriched { // what cannot be opened is no document
				follow(live, m)
			}
			if err != nil && ctx.Err() == nil && !known.record(m) {
				fault(blob.Fault{Code: "record_unreadable", Detail: fmt.Sprintf("%s %d/%d: %s", topic, m.Partition, m.Offset, relais.KindOf(err))})
			}
		})
		if records += n; err != nil {
			return records, err
		}
	}
	strays, err := ar.unknown(ctx, live)
	for _, id := range strays {
		fault(blob.Fault{Code: "record_unknown", Detail: string(id)})
	}
	return records, err
}

// follow keeps which documents stream "enriched" holds.
func follow(live map[relais.DocumentID]bool, m stream.Message) {
	if m.Value == nil {
		delete(live, relais.DocumentID(m.Key))
		return
	}
	live[relais.DocumentID(m.Key)] = true
}

// verifyDocuments opens a page of documents at once, and one by one to name those
// that cannot be opened.
func (ar *Archive) verifyDocuments(ctx context.Context, page []state.Envelope, fault func(blob.Fault)) error {
	ids := make([]relais.DocumentID, len(page))
	for i, e := range page {
		ids[i] = e.ID
	}
	docs, err := ar.Library.Documents(ctx, relais.Everything(), ids)
	switch {
	case ctx.Err() != nil:
		return ctx.Err()
	case err == nil && len(docs) == len(page):
		return nil
	case len(page) > 1:
		for _, e := range page {
			if err := ar.verifyDocuments(ctx, []state.Envelope{e}, fault); err != nil {
				return err
			}
		}
		return nil
	}
	fault(blob.Fault{Code: "document_unreadable", Detail: fmt.Sprintf("%s %s", page[0].ID, relais.KindOf(err))})
	return nil
}

// verifyGroup is the consumer group that reads the streams for a verification.
const verifyGroup = "verify"

// readTopic shows the records of a topic, from its start to where it ends now, and
// counts them.
func (ar *Archive) readTopic(ctx context.Context, topic string, fault func(blob.Fault), show func(context.Context, stream.Message)) (int64, error) {
	goal, err := ar.pipeline.End(ctx, topic) // a broker may be away for a moment
	if err != nil {
		return 0, err
	}
	if err := ar.on.Log.Reset(ctx, verifyGroup, topic, stream.Position{}); err != nil {
		return 0, err
	}
	r := &recordReader{topic: topic, fault: fault, show: show, next: stream.Position{}, goal: goal}
	if r.next.Reached(goal) {
		return 0, nil
	}
	runCtx, stop := context.WithCancel(ctx)
	defer stop()
	r.done = stop
	err = ar.on.Log.Run(runCtx, verifyGroup, topic, stream.RunOptions{Idle: r.idle}, r.handle)
	if err == nil {
		err = ctx.Err()
	}
	return r.count, err
}

// recordReader reads the records of one topic.
type recordReader struct {
	topic string
	fault func(blob.Fault)
	show  func(context.Context, stream.Message)
	next  stream.Position // the offset expected of each partition
	goal  stream.Position
	count int64
	done  func()
}

// handle shows a batch. Faults are told, never refused: nothing of the log changes.
func (r *recordReader) handle(ctx context.Context, batch []stream.Message) ([]stream.Refusal, error) {
	for _, m := range batch {
		if m.Offset < r.next[m.Partition] {
			continue // a record may come twice
		}
		// Every item that was captured stays in "raw", and so do pointers; "enriched" is
		// compacted.
		if gap := m.Offset - r.next[m.Partition]; gap > 0 && r.topic != stream.TopicEnriched {
			r.fault(blob.Fault{Code: "records_missing", Detail: fmt.Sprintf("%s %d/%d: %d records", r.topic, m.Partition, m.Offset, gap)})
		}
		r.next[m.Partition] = m.Offset + 1
		r.count++
		if r.show(ctx, m); ctx.Err() != nil {
			return nil, ctx.Err()
		}
	}
	if r.next.Reached(r.goal) {
		r.done()
	}
	return nil, nil
}

// idle ends the reading where the log does, be it before the goal.
func (r *recordReader) idle(context.Context) error {
	if !r.next.Reached(r.goal) {
		r.fault(blob.Fault{Code: "records_missing", Detail: r.topic + ": the end"})
	}
	r.done()
	return nil
}

// openRecord opens a record as the stage that reads it would.
func (ar *Archive) openRecord(ctx context.Context, m stream.Message) error {
	if m.Value == nil {
		return nil
	}
	rec, err := relais.DecodeRecord(m.Value)
	if err != nil {
		return err
	}
	seal := relais.SealedRaw
	if m.Topic == stream.TopicEnriched {
		seal = relais.SealedEnvelope
	}
	_, err = ar.on.Blobs.Unseal(ctx, rec.Case, seal, []blob.Sealed{{Digest: rec.Blob, Bytes: rec.Sealed}})
	return err
}
