package archive

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/relais-archive/relais/enrich"
	"github.com/relais-archive/relais/internal/blob"
	"github.com/relais-archive/relais/internal/relais"
	"github.com/relais-archive/relais/internal/state"
	"github.com/relais-archive/relais/internal/stream"
	"github.com/relais-archive/relais/search"
)

// verifyData opens every document as a reader would, and every record of the
// streams from which all else is made again. It counts the records.
func (ar *Archive) verifyData(ctx context.Context, known *knownRefusals, fault func(blob.Fault)) (int64, error) {
	if err := ar.on.State.EachEnvelope(ctx, func(page []state.Envelope) error {
		return ar.verifyDocuments(ctx, page, fault)
	}); err != nil {
		return 0, err
	}
	proof, err := ar.on.Index.Prove(ctx)
	if relais.KindOf(err) == relais.KindDamaged {
		fault(blob.Fault{Code: "index_damaged", Detail: err.Error()})
	} else if err != nil {
		return 0, err
	}
	read, err := ar.readSoFar(ctx)
	if err != nil {
		return 0, err
	}
	d := &dataVerifier{Archive: ar, known: known, fault: fault, proof: proof, read: read, live: map[relais.DocumentID]bool{}, items: map[relais.CaseID][]capturedItem{}}
	var records int64
	for _, topic := range []string{stream.TopicRaw, stream.TopicEnriched} {
		n, err := ar.readTopic(ctx, topic, fault, d.record)
		if records += n; err != nil {
			return records, err
		}
	}
	if err := d.remembered(ctx, 1); err != nil {
		return records, err
	}
	strays, err := ar.unknown(ctx, d.live)
	for _, id := range strays {
		fault(blob.Fault{Code: "record_unknown", Detail: string(id)})
	}
	return records, err
}

// dataVerifier looks at the records of the streams.
type dataVerifier struct {
	*Archive
	known *knownRefusals
	fault func(blob.Fault)
	proof search.Proof               // what the index held; nil where its server sees to that
	live  map[relais.DocumentID]bool // which documents stream "enriched" holds

	read  stream.Position                  // how far items have been read: state knows those before
	items map[relais.CaseID][]capturedItem // yet to be looked for in state
}

// capturedItem is an item of stream "raw": the key of its occurrence, and its record.
type capturedItem struct{ key, place string }

// itemsAtOnce is how many captured items state is asked for at once.
const itemsAtOnce = 500

// remembered names captured items of which state remembers nothing: it has lost their
// rows. Cases with fewer than so many items wait for more.
func (d *dataVerifier) remembered(ctx context.Context, least int) error {
	for c, items := range d.items {
		if len(items) < least {
			continue
		}
		places, keys := make(map[string]string, len(items)), make([]string, len(items))
		for i, it := range items {
			places[it.key], keys[i] = it.place, it.key
		}
		lost, err := d.on.State.Unrecorded(ctx, c, keys)
		if err != nil {
			return err
		}
		for _, key := range lost {
			d.fault(blob.Fault{Code: "item_forgotten", Detail: places[key]})
		}
		delete(d.items, c)
	}
	return nil
}

// readSoFar gives how far enrich has read stream "raw". An ingest that is killed between
// its append and its account leaves the latter to it.
func (ar *Archive) readSoFar(ctx context.Context) (stream.Position, error) {
	generation, err := ar.on.State.Generation(ctx)
	if err != nil {
		return nil, err
	}
	return ar.on.Log.Committed(ctx, enrich.Group(generation), stream.TopicRaw)
}

// captured notes an item of stream "raw".
func (d *dataVerifier) captured(ctx context.Context, m stream.Message, c relais.CaseID, plain []byte) error {
	var it relais.Item
	if err := json.Unmarshal(plain, &it); err != nil {
		return relais.E(relais.KindDamaged, "decode item", err)
	}
	d.items[c] = append(d.items[c], capturedItem{it.Occurrence.Key(), fmt.Sprintf("%s %d/%d", m.Topic, m.Partition, m.Offset)})
	return d.remembered(ctx, itemsAtOnce)
}

// record opens a record as the stage that reads it would.
func (d *dataVerifier) record(ctx context.Context, m stream.Message) {
	err := d.open(ctx, m)
	if err == nil && m.Topic == stream.TopicEnriched { // what cannot be opened is no document
		follow(d.live, m)
	}
	if err != nil && ctx.Err() == nil && !d.known.record(m) {
		d.fault(blob.Fault{Code: "record_unreadable", Detail: fmt.Sprintf("%s %d/%d: %s", m.Topic, m.Partition, m.Offset, relais.KindOf(err))})
	}
}

func (d *dataVerifier) open(ctx context.Context, m stream.Message) error {
	if m.Value == nil {
		return nil
	}
	if m.Topic != stream.TopicEnriched || d.proof == nil {
		c, plain, err := d.openRecord(ctx, m)
		if err != nil || m.Topic != stream.TopicRaw || m.Offset >= d.read[m.Partition] {
			return err
		}
		return d.captured(ctx, m, c, plain)
	}
	opened, faults, err := d.Library.Records(ctx, []stream.Message{m})
	if err = errors.Join(err, errors.Join(faults...)); err != nil {
		return err
	}
	return d.prove(ctx, opened[0])
}

// prove makes an entry of the index again and compares it with the one held. A text that
// cannot be opened is that of a document whose fault was told.
func (d *dataVerifier) prove(ctx context.Context, e relais.Envelope) error {
	if !d.proof.Has(e.Document.ID, e.Revision) {
		return nil
	}
	texts, faults, err := d.Library.Texts(ctx, []relais.Envelope{e})
	if err != nil || faults[0] != nil {
		return nil
	}
	if !d.proof.Holds(&search.Entry{Envelope: e, Text: texts[0]}) {
		d.fault(blob.Fault{Code: "index_differs", Detail: string(e.Document.ID)})
	}
	return nil
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
	opened := 0
	err := ar.Library.Whole(ctx, relais.Everything(), ids, func(relais.Document) error { opened++; return nil })
	switch {
	case ctx.Err() != nil:
		return ctx.Err()
	case err == nil && opened == len(page):
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
func (ar *Archive) openRecord(ctx context.Context, m stream.Message) (c relais.CaseID, plain []byte, err error) {
	rec, err := relais.DecodeRecord(m.Value)
	if err != nil {
		return "", nil, err
	}
	seal := relais.SealedRaw
	if m.Topic == stream.TopicEnriched {
		seal = relais.SealedEnvelope
	}
	opened, err := ar.on.Blobs.Unseal(ctx, rec.Case, seal, []blob.Sealed{{Digest: rec.Blob, Bytes: rec.Sealed}})
	if err != nil {
		return rec.Case, nil, err
	}
	return rec.Case, opened[0], nil
}
