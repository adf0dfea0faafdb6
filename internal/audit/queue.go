package audit

import (
	"context"
	"errors"

	"github.com/relais-archive/relais/internal/groupcommit"
	"github.com/relais-archive/relais/internal/relais"
)

// maxGroup is how many entries one write makes durable.
const maxGroup = 256

// queue makes durable together the entries that arrive while a write is under way.
type queue struct{ *groupcommit.Queue[Entry] }

// newQueue makes a queue whose groups are written by write, in the order of arrival.
func newQueue(write func(context.Context, []Entry) error) queue {
	return queue{groupcommit.New(maxGroup, func(Entry) int { return 1 }, write)}
}

// append has one entry written. When ctx ends first, it is written only if its write
// was under way.
func (q queue) append(ctx context.Context, e Entry) error {
	if err := e.check(); err != nil {
		return err
	}
	err := q.Do(ctx, e)
	var known *relais.Error // of the write
	if err != nil && errors.Is(err, ctx.Err()) && !errors.As(err, &known) {
		return relais.E(relais.KindCanceled, "append audit", err)
	}
	return err
}
