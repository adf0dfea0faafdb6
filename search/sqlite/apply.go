package sqlite

import (
	"cmp"
	"context"
	"database/sql"
	"slices"

	"github.com/relais-archive/relais/internal/relais"
	"github.com/relais-archive/relais/search"
)

// Large transactions are what makes FTS5 fast: it sorts what it takes in memory and
// writes a segment for each. These bound one.
const (
	maxBatchEntries = 5_000
	maxBatchBytes   = 64 << 20
)

// Apply indexes entries, in transactions of up to maxBatchEntries, and returns when
// they are durable; they are then found. Without an id there is nothing to index: the
// entry is refused.
func (x *Index) Apply(ctx context.Context, entries []search.Entry) ([]search.Refusal, error) {
	x.mu.Lock()
	defer x.mu.Unlock()
	var refused []search.Refusal
	for len(entries) > 0 {
		n := batch(entries)
		r, err := x.apply(ctx, entries[:n])
		if err != nil {
			return nil, err
		}
		refused = append(refused, r...)
		entries = entries[n:]
	}
	return refused, nil
}

// batch tells how many entries go into one transaction.
func batch(entries []search.Entry) int {
	size := 0
	for i := range entries {
		size += len(entries[i].Text)
		if i == maxBatchEntries || i > 0 && size > maxBatchBytes {
			return i
		}
	}
	return len(entries)
}

// change is what becomes of one row in a transaction.
type change struct {
	row   uint32
	id    relais.DocumentID
	entry *search.Entry  // nil: the document goes
	held  key            // of the text in the postings; zero when there is none
	words search.Lengths // of the text in the postings
	isNew bool
	tokens
}

// apply indexes entries in one transaction.
func (x *Index) apply(ctx context.Context, entries []search.Entry) ([]search.Refusal, error) {
	if err := x.remember(ctx); err != nil {
		return nil, err
	}
	snap := x.current.Load().now
	changes, refused := x.plan(snap, entries)
	if len(changes) == 0 {
		return refused, nil
	}
	err := x.update(ctx, "index", func(tx *sql.Tx) (*snapshot, error) {
		changed, err := x.post(ctx, tx, changes)
		if err != nil {
			return nil, err
		}
		b := newBuilder(snap, x.dicts, x.zone)
		b.put(changed)
		return x.save(ctx, tx, b, changed)
	})
	if err != nil {
		return nil, err
	}
	x.learn(changes)
	return refused, nil
}

// remember makes the table of rows by id, which only a writer needs. After a failed commit
// it is not known whether it was made, so the file is read.
func (x *Index) remember(ctx context.Context) error {
	if x.broken {
		if err := x.start(ctx); err != nil {
			return err
		}
	}
	if x.rows != nil {
		return nil
	}
	snap := x.current.Load().now
	x.rows = make(map[relais.DocumentID]uint32, snap.next)
	for row := range snap.next {
		if snap.held(row) {
			x.rows[snap.id(row)] = row
		}
	}
	return nil
}

// learn brings the table of rows up to date with a commit.
func (x *Index) learn(changes []*change) {
	for _, c := range changes {
		if c.entry != nil {
			x.rows[c.entry.Envelope.Document.ID] = c.row
		} else {
			delete(x.rows, c.id)
		}
	}
}

// plan gives the net effect of the entries, taken in order: by row, since postings are
// written in the order of rows.
func (x *Index) plan(snap *snapshot, entries []search.Entry) ([]*change, []search.Refusal) {
	var refused []search.Refusal
	last := make(map[relais.DocumentID]*search.Entry, len(entries))
	for i := range entries {
		e := &entries[i]
		id := e.Envelope.Document.ID
		if id == "" {
			refused = append(refused, search.Refusal{Code: "no_id", Detail: "the envelope names no document"})
			continue
		}
		if !outdated(e, x.revision(snap, last, id)) {
			last[id] = e
		}
	}
	next := snap.next
	changes := make([]*change, 0, len(last))
	for i := range entries {
		id := entries[i].Envelope.Document.ID
		if last[id] == &entries[i] {
			if c := x.change(snap, &entries[i], &next); c != nil {
				changes = append(changes, c)
			}
		}
	}
	slices.SortFunc(changes, func(a, b *change) int { return cmp.Compare(a.row, b.row) })
	return changes, refused
}

// outdated tells whether an entry is older than what is held. A tombstone carries no
// revision: it counts whatever is held.
func outdated(e *search.Entry, held int64) bool {
	r := e.Envelope.Revision
	return r < held && !(e.Removed && r == 0)
}

// none is the revision of a document that is not held.
const none = -1 << 63

// revision gives the revision held of a document once the entries before have been
// applied.
func (x *Index) revision(snap *snapshot, last map[relais.DocumentID]*search.Entry, id relais.DocumentID) int64 {
	if e := last[id]; e != nil {
		if e.Removed {
			return none
		}
		return e.Envelope.Revision
	}
	if row, ok := x.rows[id]; ok {
		b, i := snap.at(row)
		return b.revisions[i]
	}
	return none
}

// change gives an entry its row; nil when it changes nothing.
func (x *Index) change(snap *snapshot, e *search.Entry, next *uint32) *change {
	id := e.Envelope.Document.ID
	row, held := x.rows[id]
	switch {
	case e.Removed && !held:
		return nil
	case e.Removed:
		return &change{row: row, id: id}
	case !held:
		*next++
		return &change{row: *next - 1, id: id, entry: e, isNew: true}
	}
	b, i := snap.at(row)
	return &change{row: row, id: id, entry: e, held: b.keys[keyText][i], words: b.lengths[i]}
}

// post writes the postings of changes, while analysts make the terms, and gives their
// columns.
func (x *Index) post(ctx context.Context, tx *sql.Tx, changes []*change) (*columns, error) {
	p, err := newPoster(ctx, tx)
	if err != nil {
		return nil, err
	}
	changed, removed := makeColumns(0, len(changes)), false
	err = x.analyze(ctx, changes, func(c *change) error {
		if c.entry == nil {
			changed.addRemoval(c.row)
			removed = true
			return p.remove(ctx, c)
		}
		changed.add(c.row, &c.entry.Envelope, x.dicts)
		last := len(changed.rows) - 1
		changed.keys[keyText][last], changed.lengths[last] = c.key, c.words
		return p.put(ctx, c)
	})
	if err == nil && removed {
		err = setMeta(ctx, tx, "purge", 1)
	}
	return changed, err
}

// save writes the columns and gives the snapshot that the transaction makes true.
func (x *Index) save(ctx context.Context, tx *sql.Tx, b *builder, changed *columns) (*snapshot, error) {
	soon := b.snapshot(x.current.Load().now.commit + 1)
	for n := range b.own {
		x.unsaved[n] = true
	}
	if err := x.saveColumns(ctx, tx, soon, changed); err != nil {
		return nil, err
	}
	return soon, setMeta(ctx, tx, "commit", soon.commit)
}
