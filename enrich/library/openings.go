package library

import (
	"context"
	"errors"
	"io"
	"math"
	"strings"

	"golang.org/x/sync/semaphore"

	"github.com/relais-archive/relais/internal/blob"
	"github.com/relais-archive/relais/internal/relais"
)

// What openings hold of texts, in bytes.
const (
	// inFlight is how much all that are shown to people hold at once, and window how much
	// one caller of EachOpening holds, who may take its time with each.
	inFlight = 64 << 20
	window   = 4 << 20
	// streamed is what it takes to read a text by blocks beside what is kept of it, and
	// small the size up to which a text is opened at once, twice in memory meanwhile.
	streamed = 3 << 20
	small    = 1 << 20
)

// Openings opens those of the ids that are within the scope and calls fn for each, in the
// order given, with at most the first most bytes of its text; others are passed over. A
// text that cannot be read back costs its document the text, not the others theirs. All
// callers share a bound of memory, so that fn must not wait for anybody.
func (l *Library) Openings(ctx context.Context, scope relais.Scope, ids []relais.DocumentID, most int, fn func(relais.Opening) error) error {
	return l.openings(ctx, scope, ids, most, l.held, inFlight, fn)
}

// EachOpening is as Openings, for a fn that may wait: for who reads an export, say. It
// reads less far ahead.
func (l *Library) EachOpening(ctx context.Context, scope relais.Scope, ids []relais.DocumentID, most int, fn func(relais.Opening) error) error {
	return l.openings(ctx, scope, ids, most, semaphore.NewWeighted(window), window, fn)
}

func (l *Library) openings(ctx context.Context, scope relais.Scope, ids []relais.DocumentID, most int, held *semaphore.Weighted, bound int64, fn func(relais.Opening) error) error {
	list, err := l.envelopes(ctx, scope, ids)
	if err != nil {
		return err
	}
	return l.begin(ctx, list, most, held, bound, openedOnly(fn))
}

// openedOnly leaves out what was erased meanwhile, and marks what is damaged.
func openedOnly(fn func(relais.Opening) error) func(relais.Opening, error) error {
	return func(o relais.Opening, fault error) error {
		switch {
		case relais.KindOf(fault) == relais.KindForgotten:
			return nil
		case relais.Lost(fault):
			o.MarkDamaged()
		case fault != nil:
			return fault
		}
		return fn(o)
	}
}

// begun is an opening that is being read.
type begun struct {
	relais.Opening
	fault  error
	weight int64
	read   chan struct{} // closed when it has been read
}

// begin reads the beginnings of texts side by side, some way ahead of fn, which gets them in
// order. What is held for them is taken in order too: whoever waits for room waits behind
// what is being used up, so that nobody waits for ever.
func (l *Library) begin(ctx context.Context, list []relais.Envelope, most int, held *semaphore.Weighted, bound int64, fn func(relais.Opening, error) error) error {
	found, err := l.find(ctx, list)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithCancel(ctx)
	ahead := make(chan *begun, readers)
	defer func() {
		cancel()
		for b := range ahead { // what was begun is let go
			<-b.read
			held.Release(b.weight)
		}
	}()
	go func() {
		defer close(ahead)
		for _, e := range list {
			b := start(e, found[e.CaseID], most, bound)
			if held.Acquire(ctx, b.weight) != nil {
				return
			}
			go func() {
				defer close(b.read)
				b.fault = b.begin(ctx, most)
			}()
			ahead <- b // all that were begun are taken out
		}
	}()
	for range list {
		b, ok := <-ahead
		if !ok {
			return ctx.Err()
		}
		<-b.read
		err := fn(b.Opening, b.fault)
		held.Release(b.weight)
		if err != nil {
			return err
		}
	}
	return nil
}

// start makes the opening of an envelope, of which nothing has been read.
func start(e relais.Envelope, found *blob.Found, most int, bound int64) *begun {
	b := &begun{Opening: relais.Opening{Document: e.Document}, read: make(chan struct{})}
	if e.TextBlob.IsZero() {
		return b
	}
	b.Whole = func(ctx context.Context) (relais.Text, error) { return found.Open(ctx, e.TextBlob) }
	switch size := found.Size(e.TextBlob); {
	case most == 0: // none of it is read
	case size > small:
		b.weight = min(size, int64(most)) + streamed
	default:
		b.weight = 2 * size
	}
	b.weight = min(b.weight, bound) // what is larger waits until there is nothing else
	return b
}

// begin reads the beginning of the text.
func (b *begun) begin(ctx context.Context, most int) (err error) {
	if b.Whole == nil || most == 0 {
		b.Cut = b.Whole != nil
		return nil
	}
	r, err := b.Whole(ctx)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, r.Close()) }()
	if r.Size() <= int64(most) {
		if b.Document.Text, err = readText(r, r.Size()); err == nil {
			err = proven(r)
		}
		b.Document.NewText = newText(b.Document.Text, b.Document.Zones)
		return err
	}
	b.Cut = true
	text, err := readText(r, int64(most))
	b.Document.Text = strings.ToValidUTF8(text, "") // without a part of a character
	return err
}

// readText reads n bytes, which are there, into one piece of memory.
func readText(r io.Reader, n int64) (string, error) {
	var text strings.Builder
	text.Grow(int(n))
	_, err := io.CopyN(&text, r, n)
	return text.String(), err
}

// proven reads on where a text ends, which is where its reader proves that it is what it was.
func proven(r io.Reader) error {
	var more [1]byte
	switch n, err := io.ReadFull(r, more[:]); {
	case errors.Is(err, io.EOF):
		return nil
	case n > 0:
		return relais.Errorf(relais.KindDamaged, "read text", "it is longer than it was")
	default:
		return err
	}
}

// noEnd is for who wants all of a text.
const noEnd = math.MaxInt
