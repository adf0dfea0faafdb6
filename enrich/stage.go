// Package enrich answers one question: how do bytes become documents, whatever the order
// in which they come? Its [Stage] turns the captured items of stream "raw" into the
// envelopes of stream "enriched": it reads items, has enrich/tag say what each is about,
// merges what they say over occurrences and threads, and appends what changed.
package enrich

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"slices"
	"sync"
	"time"

	"github.com/relais-archive/relais/enrich/extract"
	"github.com/relais-archive/relais/enrich/item"
	"github.com/relais-archive/relais/enrich/tag"
	"github.com/relais-archive/relais/internal/blob"
	"github.com/relais-archive/relais/internal/format"
	"github.com/relais-archive/relais/internal/relais"
	"github.com/relais-archive/relais/internal/state"
	"github.com/relais-archive/relais/internal/stream"
)

// CompanyWordsSetting names the setting of an archive that holds a company's words, as
// [tag.CompanyWords.String] gives them: part of the rules, the same for all who read.
const CompanyWordsSetting = "privacy_words"

// Appender appends to the durable log.
type Appender interface {
	Append(ctx context.Context, topic string, records []stream.Record) error
}

// RulesVersion numbers the rules by which documents are read and tagged. Whoever
// changes what they find, or raises ExtractionVersion, raises it: an archive that is
// opened by newer rules than it was read by reads every item again.
const RulesVersion = 6

// Stage turns stream "raw" into stream "enriched". One item goes through it as:
//
//	unseal -> read (parse, extract, find) -> text into packs -> merge -> append -> commit
//
// Reading is a pure function of the bytes, the occurrence, the clients and the
// rules. Merging is the one transaction in which documents, threads and tags meet.
// What a merge has decided stays marked in state until it was appended, so that a
// crash between the two loses nothing.
type Stage struct {
	log        Appender
	blobs      blob.Store
	state      *state.DB
	reader     *reader
	seen       *widespread
	generation int64
	discover   bool // no client is known: take correspondents' domains for clients
	logger     *slog.Logger
	clock      func() time.Time
}

// Deps is what a stage works with.
type Deps struct {
	Log       Appender
	Blobs     blob.Store
	State     *state.DB
	Extractor extract.Extractor
	Limits    format.Limits
	Forms     item.List // of messages; all that are known when it is empty
	Logger    *slog.Logger
	Clock     func() time.Time
	Workers   int // items read at once; at least 1
}

func (d Deps) forms() item.List {
	if len(d.Forms) == 0 {
		return item.Forms()
	}
	return d.Forms
}

// NewStage makes a stage for the clients and the generation as they are now: when
// the generation rises, its Run group is another one and a new stage is made.
func NewStage(ctx context.Context, d Deps) (*Stage, error) {
	generation, err := d.State.Generation(ctx)
	if err != nil {
		return nil, err
	}
	clients, contacts, err := d.State.Clients(ctx)
	if err != nil {
		return nil, err
	}
	names := make(map[string]string, len(clients))
	for _, c := range clients {
		names[c.ID] = c.Name
	}
	added, err := d.State.Meta(ctx, CompanyWordsSetting)
	if err != nil {
		return nil, err
	}
	company, _ := tag.ParseCompanyWords(added) // it was read when it was set
	set, err := tag.NewSet(tag.Config{Clients: clients, Contacts: contacts, Company: company})
	if err != nil {
		return nil, err
	}
	return &Stage{
		log: d.Log, blobs: d.Blobs, state: d.State, generation: generation, discover: len(clients) == 0,
		seen: newWidespread(), logger: d.Logger, clock: d.Clock,
		reader: &reader{
			blobs: d.Blobs, recall: d.State, recent: newRecent(), extractor: d.Extractor, limits: d.Limits, forms: d.forms(), identity: Identity,
			set: set, owners: newOwnerBook(d.State), names: names, workers: max(1, d.Workers),
		},
	}, nil
}

// Group names the consumer group of this stage's generation on stream "raw".
func (s *Stage) Group() string { return Group(s.generation) }

// Group names the consumer group that reads stream "raw" at a generation. Another
// generation is another group: it reads everything again, from the start.
func Group(generation int64) string { return fmt.Sprintf("enrich-%d", generation) }

// Handle is the stage's stream.Handler.
func (s *Stage) Handle(ctx context.Context, batch []stream.Message) ([]stream.Refusal, error) {
	items, refused, err := s.open(ctx, batch)
	if err != nil {
		return nil, err
	}
	for _, c := range slices.Sorted(maps.Keys(items)) {
		if err := s.handleCase(ctx, c, items[c]); err != nil {
			return nil, err
		}
	}
	return refused, nil
}

// handleCase reads a case's items some at a time, the next while the last are
// merged: readers have the processors when the merge waits for the disk. Merges keep
// the order of the items.
func (s *Stage) handleCase(ctx context.Context, c relais.CaseID, items []relais.Item) error {
	items, err := s.unread(ctx, c, items)
	if err != nil || len(items) == 0 {
		return err
	}
	ctx, cancel := context.WithCancel(ctx)
	ahead := make(chan readings)
	var reading sync.WaitGroup
	defer reading.Wait()
	defer cancel()
	reading.Go(func() { s.readAhead(ctx, c, items, ahead) })
	for got := range ahead {
		if got.err != nil {
			return got.err
		}
		if err := s.keep(ctx, c, got); err != nil {
			return err
		}
	}
	return ctx.Err()
}

// mergeItems is how many items are merged at once.
const mergeItems = 256

// readings is what some items were found to say, or why they could not be read.
type readings struct {
	list  []reading
	texts *shelf
	err   error
}

// readAhead hands readings over in order, until one fails or ctx ends.
func (s *Stage) readAhead(ctx context.Context, c relais.CaseID, items []relais.Item, ahead chan<- readings) {
	defer close(ahead)
	for len(items) > 0 {
		got, err := s.reader.readAll(ctx, c, items[:min(len(items), mergeItems)], s.clock())
		got.err, items = err, items[len(got.list):]
		select {
		case ahead <- got:
		case <-ctx.Done():
			return
		}
		if got.err != nil {
			return
		}
	}
}

// keep puts texts into packs, merges, and appends what changed. From the merge to the
// append no other worker decides anything of the case: else an older decision could be
// appended after a newer one, and a compacted log would keep the older.
func (s *Stage) keep(ctx context.Context, c relais.CaseID, got readings) error {
	if err := s.blobs.Put(ctx, c, got.texts.rest()); err != nil {
		return err
	}
	return s.state.Alone(ctx, c, func(ctx context.Context) error {
		decided, err := s.merge(ctx, c, got.list)
		if err != nil {
			return err
		}
		return s.flush(ctx, c, decided)
	})
}

// open unseals a batch's items, by case. A record that cannot be understood is
// refused; one whose key was destroyed is passed over: it was erased.
func (s *Stage) open(ctx context.Context, batch []stream.Message) (map[relais.CaseID][]relais.Item, []stream.Refusal, error) {
	sealed := map[relais.CaseID][]blob.Sealed{}
	var refused []stream.Refusal
	for i, m := range batch {
		r, err := relais.DecodeRecord(m.Value)
		if err != nil {
			refused = append(refused, stream.Refusal{Index: i, Code: string(relais.KindOf(err))})
			continue
		}
		sealed[r.Case] = append(sealed[r.Case], blob.Sealed{Digest: r.Blob, Bytes: r.Sealed})
	}
	items := map[relais.CaseID][]relais.Item{}
	for c, list := range sealed {
		open, err := s.unseal(ctx, c, list)
		if err != nil {
			return nil, nil, err
		}
		items[c] = open
	}
	return items, refused, nil
}

// unseal opens items one batch at once, or one by one when some key is gone.
func (s *Stage) unseal(ctx context.Context, c relais.CaseID, list []blob.Sealed) ([]relais.Item, error) {
	plain, err := s.blobs.Unseal(ctx, c, relais.SealedRaw, list)
	switch {
	case err == nil:
		return decodeItems(plain)
	case relais.KindOf(err) != relais.KindForgotten:
		return nil, err
	case len(list) == 1:
		return nil, nil
	}
	var items []relais.Item
	for _, one := range list {
		some, err := s.unseal(ctx, c, []blob.Sealed{one})
		if err != nil {
			return nil, err
		}
		items = append(items, some...)
	}
	return items, nil
}

// unread drops items that were read at this generation: a replay costs one look.
func (s *Stage) unread(ctx context.Context, c relais.CaseID, items []relais.Item) ([]relais.Item, error) {
	keys := make([]string, len(items))
	for i, it := range items {
		keys[i] = it.Occurrence.Key()
	}
	at, err := s.state.ReadAt(ctx, c, keys)
	if err != nil {
		return nil, err
	}
	fresh := items[:0]
	seen := make(map[string]bool, len(items))
	for i, it := range items {
		g, read := at[keys[i]]
		if (!read || g < s.generation) && !seen[keys[i]] {
			seen[keys[i]] = true
			fresh = append(fresh, it)
		}
	}
	return fresh, nil
}

// Recover appends what an earlier run had decided and had no time to append, and has
// documents follow what people decided and they do not follow yet.
func (s *Stage) Recover(ctx context.Context) error {
	if err := s.appendLeft(ctx); err != nil {
		return err
	}
	_, err := s.followPending(ctx)
	if relais.KindOf(err) == relais.KindConflict {
		return nil // the generation has risen: the next one's stage follows
	}
	return err
}

// appendLeft appends what is decided of documents and was not appended: what a process
// that was killed has left, or one that is at it, which is waited for.
func (s *Stage) appendLeft(ctx context.Context) error {
	cases, err := s.state.DirtyCases(ctx)
	if err != nil {
		return err
	}
	for _, c := range cases {
		if err := s.state.Alone(ctx, c, func(ctx context.Context) error { return s.recoverCase(ctx, c) }); err != nil {
			return err
		}
	}
	return nil
}

func (s *Stage) recoverCase(ctx context.Context, c relais.CaseID) error {
	for after := relais.DocumentID(""); ; {
		docs, err := s.state.Dirty(ctx, c, after, 500)
		if err != nil || len(docs) == 0 {
			return err
		}
		if err := s.flush(ctx, c, decidedRows(docs)); err != nil {
			return err
		}
		after = docs[len(docs)-1].ID
	}
}

// Idle settles the cases that changed: it is called when nothing is left to read.
func (s *Stage) Idle(ctx context.Context) error {
	if err := s.Recover(ctx); err != nil {
		return err
	}
	return s.SettleLeft(ctx)
}

// SettleLeft settles the cases that have changed since they were settled last.
func (s *Stage) SettleLeft(ctx context.Context) error {
	unsettled, err := s.state.Unsettled(ctx)
	if err != nil {
		return err
	}
	for c, changes := range unsettled {
		if err := s.state.Alone(ctx, c, func(ctx context.Context) error { return s.settleCase(ctx, c, changes) }); err != nil {
			return err
		}
	}
	return nil
}

func (s *Stage) settleCase(ctx context.Context, c relais.CaseID, changes int64) error {
	decided, err := s.settle(ctx, c)
	if err != nil {
		return err
	}
	if err := s.flush(ctx, c, decided); err != nil {
		return err
	}
	return s.state.Settled(ctx, c, changes)
}

// fault tells of what the log's consumer bears without giving up: retries and poison.
func (s *Stage) fault(err error) {
	s.logger.Warn("a batch must be handled again", "stage", "enrich", "code", string(relais.KindOf(err)), "error", err)
}

// Run runs the stage on a log until ctx ends, or until the generation has risen: then
// nothing more of this one's is merged, and a stage of the next is to be made.
func (s *Stage) Run(ctx context.Context, log stream.Log) error {
	if err := s.Recover(ctx); err != nil {
		return err
	}
	if err := s.mendOnce(ctx); err != nil {
		return err
	}
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	watch := newVigil(s, rand.Text())
	handle := func(ctx context.Context, batch []stream.Message) ([]stream.Refusal, error) {
		refused, err := watch.handle(ctx, batch)
		if relais.KindOf(err) == relais.KindConflict {
			stop() // tried again, it would only be refused for what it is not
		}
		return refused, err
	}
	err := log.Run(ctx, s.Group(), stream.TopicRaw, stream.RunOptions{
		MaxBatch: 4 * mergeItems, MaxBytes: 8 << 20, MaxWait: 20 * time.Millisecond,
		Retryable: relais.Retryable, Idle: s.Idle, OnFault: s.fault,
	}, handle)
	if errors.Is(err, context.Canceled) {
		return nil
	}
	return err
}
