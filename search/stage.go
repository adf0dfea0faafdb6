package search

import (
	"context"
	"fmt"
	"slices"
	"sync"

	"golang.org/x/sync/errgroup"

	"github.com/relais-archive/relais/internal/relais"
	"github.com/relais-archive/relais/internal/stream"
)

// Envelopes opens records of stream "enriched": they are sealed, and how is no
// business of search.
type Envelopes interface {
	// Open gives the envelope of each record, in order, or why there is none: of
	// relais.KindForgotten when the document was erased. None is a tombstone. The
	// error says that no record could be opened now.
	Open(ctx context.Context, records []stream.Message) ([]Opened, error)
}

// Opened is one envelope, or why it cannot be had; its revision stands beside what is
// sealed, and is known of both.
type Opened struct {
	Envelope relais.Envelope
	Err      error
}

// Purger is what a Writer has that keeps bytes of removed documents for a while.
type Purger interface {
	// Purge ends when nothing of removed documents is left; it costs little when
	// nothing was removed.
	Purge(ctx context.Context) error
}

// Stage feeds a Writer from stream "enriched".
type Stage struct {
	writer    Writer
	texts     Texts
	envelopes Envelopes
}

// NewStage makes the stage.
func NewStage(w Writer, t Texts, e Envelopes) *Stage {
	return &Stage{writer: w, texts: t, envelopes: e}
}

// The bounds of a batch: engines like large ones, and texts are held in memory.
const (
	stageRecords   = 5_000
	stageOpened    = 500      // envelopes opened at once
	stageBytes     = 16 << 20 // of records
	stageTextBytes = 16 << 20 // of texts, after which what is there is written
	stageLoad      = 1_000    // entries, likewise
	stageWindow    = 64       // texts opened at once, between two looks at their size
)

// RunOptions are how the stage wants its stream to be read.
func (s *Stage) RunOptions() stream.RunOptions {
	return stream.RunOptions{MaxBatch: stageRecords, MaxBytes: stageBytes, Idle: s.Idle, Version: revision}
}

// revision gives the revision of the document that a record holds, which stands beside
// what is sealed; 0 when it is no record.
func revision(m stream.Message) int64 {
	r, err := relais.DecodeRecord(m.Value)
	if err != nil {
		return 0
	}
	return r.Revision
}

// Idle lets the writer purge what was removed, now that nothing waits.
func (s *Stage) Idle(ctx context.Context) error {
	if p, ok := s.writer.(Purger); ok {
		return p.Purge(ctx)
	}
	return nil
}

// Handle is the stage's stream.Handler. Of a document that is in the batch several
// times the last tombstone counts, then the highest revision. What cannot be opened
// is refused; what was erased is removed. It returns when the rest is durable.
func (s *Stage) Handle(ctx context.Context, batch []stream.Message) ([]stream.Refusal, error) {
	r := &run{Stage: s, batch: batch, buried: make(map[string]int)}
	for i, m := range batch {
		if m.Value == nil {
			r.buried[m.Key] = i
		}
	}
	if err := r.feed(ctx); err != nil {
		return nil, err
	}
	return r.refused, nil
}

// run is one batch on its way.
type run struct {
	*Stage
	batch  []stream.Message
	buried map[string]int // the place of each document's last tombstone

	mu      sync.Mutex // reader and writer both refuse
	refused []stream.Refusal
}

// load is what is written at once.
type load struct {
	entries []Entry
	places  []int        // of their messages in the batch
	size    int          // of their texts
	unread  []*candidate // whose texts cannot be had
	written chan struct{}
}

func newLoad() *load { return &load{written: make(chan struct{})} }

// feed opens envelopes and texts of one load while those before are written: neither
// disks nor engines wait for each other. Two loads are written at once, for an engine
// stands idle while the first of a load are prepared and its last settled; but not two
// that name one document, of which the first must have happened before the second.
func (r *run) feed(ctx context.Context) error {
	loads := make(chan *load)
	g, ctx := errgroup.WithContext(ctx)
	g.Go(func() error {
		defer close(loads)
		return r.readAll(ctx, loads)
	})
	var last *load
	for l := range loads {
		if last != nil && last.names(l) {
			<-last.written
		}
		before := last
		last = l
		g.Go(func() error {
			defer close(l.written)
			if err := ctx.Err(); err != nil {
				return err // not written is not done; a fault behind it came first
			}
			return r.write(ctx, l)
		})
		if before != nil {
			<-before.written
		}
	}
	return g.Wait()
}

// names tells whether a load says something of a document that another speaks of too.
func (l *load) names(other *load) bool {
	ids := make(map[relais.DocumentID]bool, len(l.entries))
	for i := range l.entries {
		ids[l.entries[i].Envelope.Document.ID] = true
	}
	return slices.ContainsFunc(other.entries, func(e Entry) bool { return ids[e.Envelope.Document.ID] })
}

// readAll opens the batch, part by part, and hands out loads.
func (r *run) readAll(ctx context.Context, loads chan<- *load) error {
	l := newLoad()
	for from := 0; from < len(r.batch); from += stageOpened {
		to := min(from+stageOpened, len(r.batch))
		chosen, err := r.open(ctx, from, to)
		if err != nil {
			return err
		}
		for len(chosen) > 0 {
			n, err := r.read(ctx, chosen[:min(len(chosen), stageWindow)])
			if err != nil {
				return err
			}
			for i := range n {
				l.add(&chosen[i])
				chosen[i].Entry = Entry{} // the load has it, and lets it go when it is written
			}
			chosen = chosen[n:]
			if l.size <= stageTextBytes && len(l.entries) < stageLoad {
				continue
			}
			if err := hand(ctx, loads, l); err != nil {
				return err
			}
			l = newLoad()
		}
	}
	return hand(ctx, loads, l)
}

// hand gives a load to the writer, when it is done with the one before.
func hand(ctx context.Context, loads chan<- *load, l *load) error {
	if len(l.entries)+len(l.unread) == 0 {
		return nil
	}
	select {
	case loads <- l:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// candidate is an entry without its text, with the place of its message.
type candidate struct {
	Entry
	place int
	err   error // why its text cannot be had
}

// open gives the entries that count of a part of the batch, in the order of their
// messages.
func (r *run) open(ctx context.Context, from, to int) ([]candidate, error) {
	var places []int
	var records []stream.Message
	for i := from; i < to; i++ {
		m := r.batch[i]
		if at, ok := r.buried[m.Key]; m.Value != nil && (!ok || at < i) {
			places, records = append(places, i), append(records, m)
		}
	}
	opened, err := r.openAll(ctx, records)
	if err != nil {
		return nil, err
	}
	return r.choose(from, to, places, opened)
}

func (r *run) openAll(ctx context.Context, records []stream.Message) ([]Opened, error) {
	if len(records) == 0 {
		return nil, nil
	}
	opened, err := r.envelopes.Open(ctx, records)
	if err != nil {
		return nil, fmt.Errorf("open %d envelopes: %w", len(records), err)
	}
	if len(opened) != len(records) {
		return nil, relais.Errorf(relais.KindInternal, "open envelopes", "%d for %d records", len(opened), len(records))
	}
	return opened, nil
}

// choose takes the tombstones and, of each document after its own, the envelope with
// the highest revision: of the part, for the writer sees to the others.
func (r *run) choose(from, to int, places []int, opened []Opened) ([]candidate, error) {
	all := make([]*candidate, to-from)
	for i := from; i < to; i++ {
		if m := r.batch[i]; m.Value == nil && r.buried[m.Key] == i {
			all[i-from] = &candidate{Entry: removal(relais.DocumentID(m.Key), 0), place: i}
		}
	}
	last := make(map[relais.DocumentID]int)
	for j, o := range opened {
		c, err := r.candidate(places[j], o)
		if err != nil {
			return nil, err
		}
		if c == nil {
			continue
		}
		at, id := places[j]-from, c.Envelope.Document.ID
		if before, ok := last[id]; ok {
			if c.Envelope.Revision < all[before].Envelope.Revision {
				continue
			}
			all[before] = nil
		}
		all[at], last[id] = c, at
	}
	var chosen []candidate
	for _, c := range all {
		if c != nil {
			chosen = append(chosen, *c)
		}
	}
	return chosen, nil
}

// candidate makes an entry of an opened record; nil when the record is refused.
func (r *run) candidate(i int, o Opened) (*candidate, error) {
	switch {
	case o.Err == nil:
		return &candidate{Entry: Entry{Envelope: o.Envelope}, place: i}, nil
	case transient(o.Err):
		return nil, fmt.Errorf("open envelope: %w", o.Err)
	case relais.KindOf(o.Err) == relais.KindForgotten:
		return &candidate{Entry: removal(relais.DocumentID(r.batch[i].Key), o.Envelope.Revision), place: i}, nil
	}
	r.refuse(i, "envelope_"+string(relais.KindOf(o.Err)))
	return nil, nil
}

// removal makes the entry that removes a document, of any revision or up to one.
func removal(id relais.DocumentID, revision int64) Entry {
	e := Entry{Removed: true}
	e.Envelope.Document.ID, e.Envelope.Revision = id, revision
	return e
}

// transient tells the errors that are not the record's fault.
func transient(err error) bool {
	return relais.Retryable(err) || relais.KindOf(err) == relais.KindCanceled
}

// read opens the texts of a window, of as many of its first entries as may be held at
// once, and gives the number of these.
func (r *run) read(ctx context.Context, window []candidate) (int, error) {
	var wanted []*candidate
	var envelopes []relais.Envelope
	var places []int // in the window, of those wanted
	for i := range window {
		if c := &window[i]; !c.Removed {
			wanted, envelopes, places = append(wanted, c), append(envelopes, c.Envelope), append(places, i)
		}
	}
	if len(wanted) == 0 {
		return len(window), nil
	}
	texts, faults, err := r.texts.Texts(ctx, envelopes)
	if err != nil {
		return 0, fmt.Errorf("open %d texts: %w", len(envelopes), err)
	}
	for i := range texts {
		c := wanted[i]
		if c.Text, c.err = texts[i], faults[i]; c.err != nil && transient(c.err) {
			return 0, fmt.Errorf("open text: %w", c.err)
		}
	}
	if len(texts) == len(wanted) {
		return len(window), nil
	}
	return places[len(texts)], nil
}

// add puts a candidate among the entries, or among those that cannot be read.
func (l *load) add(c *candidate) {
	if c.err != nil && relais.KindOf(c.err) != relais.KindForgotten {
		l.unread = append(l.unread, c)
		return
	}
	if c.err != nil {
		c.Entry = removal(c.Envelope.Document.ID, c.Envelope.Revision)
	}
	l.entries, l.places = append(l.entries, c.Entry), append(l.places, c.place)
	l.size += len(c.Text)
}

// write gives a load to the writer.
func (r *run) write(ctx context.Context, l *load) error {
	for _, c := range l.unread {
		r.refuse(c.place, "text_"+string(relais.KindOf(c.err)))
	}
	refused, err := r.writer.Apply(ctx, l.entries)
	if err != nil {
		return fmt.Errorf("index %d entries: %w", len(l.entries), engineFault(err))
	}
	codes := make(map[relais.DocumentID]string, len(refused))
	for _, f := range refused {
		codes[f.ID] = f.Code
	}
	for i := range l.entries {
		if code, ok := codes[l.entries[i].Envelope.Document.ID]; ok {
			r.refuse(l.places[i], code)
		}
	}
	return nil
}

// engineFault makes faults of the engine such that time mends: credentials that have
// expired, an index that is gone. No record is to blame for them, and the stream would
// refuse one after the other if it were told that they stay.
func engineFault(err error) error {
	switch relais.KindOf(err) {
	case relais.KindAuth, relais.KindForbidden, relais.KindDamaged:
		return relais.E(relais.KindUnavailable, "", err)
	}
	return err
}

// refuse says that a message can never be indexed, and why: never what it says.
func (r *run) refuse(i int, code string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.refused = append(r.refused, stream.Refusal{Index: i, Code: code})
}
