package ingest

import (
	"context"
	"encoding/json"
	"errors"
	"slices"
	"time"

	"golang.org/x/sync/semaphore"

	"github.com/relais-archive/relais/internal/backoff"
	"github.com/relais-archive/relais/internal/blob"
	"github.com/relais-archive/relais/internal/relais"
	"github.com/relais-archive/relais/internal/stream"
)

const (
	// maxEntries bounds a batch of what is only counted.
	maxEntries = 1024
	// retryFor and retryPause say how long a server or disk that does not answer is waited
	// for: the sources do not go away, so patience costs nothing. A full disk is waited
	// for a shorter time: only a person can make room, and must be told.
	retryFor      = 2 * time.Minute
	noRoomFor     = 30 * time.Second
	retryPause    = 100 * time.Millisecond
	retryMaxPause = 10 * time.Second
)

// committer makes batches durable, one after another.
type committer struct {
	deps     Deps
	job      Job
	memory   *semaphore.Weighted
	accounts *accounts
	next     *entry // of another source: opens the next batch
}

// run commits batches until there are no more entries.
func (m *committer) run(ctx context.Context, in <-chan entry) error {
	defer func() {
		if m.next != nil {
			_ = m.next.close()
		}
	}()
	for {
		batch, more := m.collect(ctx, in)
		if err := m.settle(ctx, batch); err != nil {
			return err
		}
		if !more {
			return ctx.Err()
		}
	}
}

// collect gathers one batch: full, or as much as came within the wait. A batch is
// of one source.
func (m *committer) collect(ctx context.Context, in <-chan entry) (batch []entry, more bool) {
	if m.next != nil {
		batch, m.next = append(batch, *m.next), nil
	}
	var late <-chan time.Time
	items, size := 0, int64(0)
	for {
		if late == nil && len(batch) > 0 {
			timer := time.NewTimer(m.deps.Batch.Wait)
			defer timer.Stop()
			late = timer.C
		}
		select {
		case e, ok := <-in:
			if !ok {
				return batch, false
			}
			if len(batch) > 0 && batch[0].source != e.source {
				m.next = &e
				return batch, true
			}
			batch = append(batch, e)
			if e.stores() {
				items, size = items+1, size+e.content.size
			}
			if items >= m.deps.Batch.Items || size >= m.deps.Batch.Bytes || len(batch) >= maxEntries {
				return batch, true
			}
		case <-late:
			return batch, true
		case <-ctx.Done():
			return batch, false
		}
	}
}

// settle makes a batch durable, then counts and tells it, and gives its memory back.
func (m *committer) settle(ctx context.Context, batch []entry) error {
	if len(batch) == 0 {
		return nil
	}
	defer m.release(batch)
	if !m.job.DryRun {
		if err := m.patiently(ctx, func() error { return m.commit(ctx, batch) }); err != nil {
			return err
		}
	}
	m.accounts.add(batch)
	return nil
}

// release gives back what a batch held, once it is durable or the run has failed.
func (m *committer) release(batch []entry) {
	for i := range batch {
		if c := batch[i].content; c != nil {
			m.memory.Release(c.held())
			_ = c.close() // the bytes are durable elsewhere, or will be read again
		}
	}
}

// patiently does fn again, with growing pauses, while its error says that the same
// call may succeed later.
func (m *committer) patiently(ctx context.Context, fn func() error) error {
	pause := backoff.Pause{First: retryPause, Last: retryMaxPause}
	for {
		err := fn()
		limit := retryFor
		if relais.NoRoom(err) {
			limit = noRoomFor
		}
		if err == nil || pause.Waited() >= limit || !relais.Retryable(err) && !relais.NoRoom(err) {
			return err
		}
		if ended := pause.Wait(ctx); ended != nil {
			return errors.Join(ended, err)
		}
	}
}

// commit does the three durable steps in their order: bytes, records, account. Each may be
// repeated, so a stop between two of them costs work but no item.
func (m *committer) commit(ctx context.Context, batch []entry) error {
	blobs, items := m.items(batch)
	if len(items) > 0 {
		if err := m.deps.Blobs.Put(ctx, m.job.Case, blobs); err != nil {
			return err
		}
		records, err := m.records(ctx, items)
		if err != nil {
			return err
		}
		if err := m.deps.Log.Append(ctx, stream.TopicRaw, records); err != nil {
			return err
		}
	}
	account := m.account(batch)
	account.Items = items
	return m.deps.Ledger.RecordCaptured(ctx, account)
}

// items lists what the batch stores: each blob once, each occurrence.
func (m *committer) items(batch []entry) ([]blob.Blob, []relais.Item) {
	var blobs []blob.Blob
	var items []relais.Item
	seen := map[relais.Digest]bool{}
	for _, e := range batch {
		if !e.stores() {
			continue
		}
		c := e.content
		if !seen[c.digest] {
			seen[c.digest] = true
			blobs = append(blobs, blob.Blob{Digest: c.digest, Size: c.size, Open: c.open})
		}
		items = append(items, m.item(e))
	}
	return blobs, items
}

// item is an entry as stream "raw" will hold it. Flags are sorted, so that the same
// state of a mailbox gives the same bytes.
func (m *committer) item(e entry) relais.Item {
	f := e.found
	slices.Sort(f.Flags)
	return relais.Item{
		Format: relais.ItemFormat, Case: m.job.Case, Kind: f.Kind, Name: f.Name, MediaType: f.MediaType,
		Received: received(f.Received), ReceivedFrom: f.ReceivedFrom, NamesOnly: m.job.NamesOnly, Labels: f.Labels, Warnings: f.Warnings,
		Occurrence: relais.Occurrence{
			Owner: m.job.Owner.Address, Source: e.source, Folder: e.folder, Position: f.Position,
			SHA256: e.content.digest, Flags: slices.Compact(f.Flags),
		},
	}
}

// records seals the items, each under the key of its blob.
func (m *committer) records(ctx context.Context, items []relais.Item) ([]stream.Record, error) {
	clear := make([]blob.Sealed, len(items))
	for i, it := range items {
		b, err := json.Marshal(it)
		if err != nil {
			return nil, relais.E(relais.KindInternal, "encode item", err)
		}
		clear[i] = blob.Sealed{Digest: it.Occurrence.SHA256, Bytes: b}
	}
	sealed, err := m.deps.Blobs.Seal(ctx, m.job.Case, relais.SealedRaw, clear)
	if err != nil {
		return nil, err
	}
	together := items[0].RecordKey() // their bytes stand in one pack
	records := make([]stream.Record, len(items))
	for i, it := range items {
		value, err := relais.SealedRecord{
			Format: relais.RawFormat, Case: m.job.Case, Blob: it.Occurrence.SHA256, Sealed: sealed[i],
		}.Encode()
		if err != nil {
			return nil, err
		}
		records[i] = stream.Record{Key: it.RecordKey(), Value: value, Together: together}
	}
	return records, nil
}

// account is what the batch adds to the ledger, but for its items.
func (m *committer) account(batch []entry) relais.Captured {
	b := relais.Captured{Case: m.job.Case, Owner: m.job.Owner.Address, Source: batch[0].source}
	for _, e := range batch {
		switch {
		case e.refusal != nil:
			b.Refused = append(b.Refused, *e.refusal)
		case e.separators > 0:
			b.Warned = append(b.Warned, relais.Warned{
				Folder: e.folder, Position: e.found.Position, Code: relais.WarnMailbox, Count: e.separators,
			})
		case e.left != "":
			b.Excluded = append(b.Excluded, relais.Left{Folder: e.folder, Position: e.found.Position, Rule: e.left})
		}
		b.Folders = mark(b.Folders, e)
	}
	return b
}

// mark keeps the last cursor and count of each folder.
func mark(marks []relais.FolderMark, e entry) []relais.FolderMark {
	if e.cursor == "" && e.announced == nil && !e.end {
		return marks
	}
	i := slices.IndexFunc(marks, func(f relais.FolderMark) bool { return f.Folder == e.read })
	if i < 0 {
		i = len(marks)
		marks = append(marks, relais.FolderMark{Folder: e.read})
	}
	if e.cursor != "" {
		marks[i].Cursor = e.cursor
	}
	if e.announced != nil {
		marks[i].Announced = e.announced
	}
	marks[i].Complete = marks[i].Complete || e.end
	return marks
}
