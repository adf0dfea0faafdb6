package enrich

import (
	"context"
	"errors"
	"maps"
	"slices"
	"time"

	"github.com/relais-archive/relais/internal/state"
	"github.com/relais-archive/relais/internal/stream"
)

// maxDeaths is how often a worker may die over one record that it reads alone before the
// record is refused: one death may have had another cause, such as an operator's kill.
const maxDeaths = 2

// codeKilled is the reason of an item over which workers died.
const codeKilled = "reader_killed"

// vigil keeps on record what a worker reads, so that the next one knows what it was at
// when it died. What kills a worker (memory, a fault outside of our code) leaves it no
// time to say so: a batch during which one died is read record by record, and the record
// that kills again, alone, is refused; the others of its batch are read.
type vigil struct {
	stage  *Stage
	worker string        // of this run alone
	alone  map[int]int64 // by partition, the last offset that is to be read alone
}

func newVigil(s *Stage, worker string) *vigil {
	return &vigil{stage: s, worker: worker, alone: map[int]int64{}}
}

// handle is Handle with a record of it.
func (v *vigil) handle(ctx context.Context, batch []stream.Message) ([]stream.Refusal, error) {
	left, err := v.stage.state.Underway(ctx, v.stage.Group())
	if err != nil {
		return nil, err
	}
	var refused []stream.Refusal
	if spans := spansOf(batch); v.suspect(spans, left) {
		refused, err = v.oneByOne(ctx, batch, left)
	} else {
		refused, err = v.watched(ctx, batch, slices.Collect(maps.Values(spans)))
	}
	if err != nil { // this worker lives: whoever reads the batch next need not fear it
		err = errors.Join(err, v.giveUp(ctx))
	}
	return refused, err
}

// giveUpTime bounds the write that ends a batch that failed, which goes on when ctx has ended.
const giveUpTime = 5 * time.Second

func (v *vigil) giveUp(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), giveUpTime)
	defer cancel()
	return v.stage.state.GiveUp(ctx, v.stage.Group(), v.worker)
}

// spansOf gives what a batch holds of each partition.
func spansOf(batch []stream.Message) map[int]state.Underway {
	spans := map[int]state.Underway{}
	for _, m := range batch {
		u, ok := spans[m.Partition]
		if !ok {
			u = state.Underway{Part: m.Partition, First: m.Offset}
		}
		u.Last = m.Offset
		spans[m.Partition] = u
	}
	return spans
}

// suspect tells whether some of a batch was being read by a worker that is no more, and
// remembers how far: when the batch comes again in halves, these are read alone as well.
func (v *vigil) suspect(spans, left map[int]state.Underway) bool {
	found := false
	for part, s := range spans {
		u, ok := left[part]
		if ok && u.Worker != v.worker && u.First <= s.Last && s.First <= u.Last {
			v.alone[part] = max(v.alone[part], s.Last+1)
		}
		found = found || s.First < v.alone[part]
	}
	return found
}

// watched puts on record what is read, then reads it.
func (v *vigil) watched(ctx context.Context, batch []stream.Message, spans []state.Underway) ([]stream.Refusal, error) {
	for i := range spans {
		spans[i].Worker = v.worker
	}
	if err := v.stage.state.Begin(ctx, v.stage.Group(), spans); err != nil {
		return nil, err
	}
	return v.stage.Handle(ctx, batch)
}

// oneByOne reads each record of a batch alone, but the one that has killed too often.
func (v *vigil) oneByOne(ctx context.Context, batch []stream.Message, left map[int]state.Underway) ([]stream.Refusal, error) {
	v.stage.logger.Warn("a worker ended while it read a batch: its records are read one by one", "stage", "enrich", "records", len(batch))
	var refused []stream.Refusal
	for i, m := range batch {
		u := state.Underway{Part: m.Partition, First: m.Offset, Last: m.Offset}
		if before := left[m.Partition]; before.Worker != v.worker && before.First == m.Offset && before.Last == m.Offset {
			u.Deaths = before.Deaths + 1
		}
		read := v.watched
		if u.Deaths >= maxDeaths {
			read = v.refuse
		}
		some, err := read(ctx, batch[i:i+1], []state.Underway{u})
		if err != nil {
			return nil, err
		}
		for _, r := range some {
			r.Index = i
			refused = append(refused, r)
		}
	}
	return refused, nil
}

// refuse keeps the account of a record that is not read: its item is refused, with the
// reason, and can be tried again like any other.
func (v *vigil) refuse(ctx context.Context, lone []stream.Message, _ []state.Underway) ([]stream.Refusal, error) {
	s := v.stage
	items, refused, err := s.open(ctx, lone)
	if err != nil {
		return nil, err
	}
	for c, list := range items {
		if list, err = s.unread(ctx, c, list); err != nil {
			return nil, err
		}
		got := readings{texts: newShelf(s.blobs, c)}
		for _, it := range list {
			g := refuse(c, it, s.clock(), codeKilled, "reading it ended the program, alone too")
			g.refusal.Attempts = maxDeaths + 1
			got.list = append(got.list, g)
		}
		if err := s.keep(ctx, c, got); err != nil {
			return nil, err
		}
	}
	return refused, nil
}
