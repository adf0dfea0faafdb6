package pipeline

import (
	"context"
	"errors"

	"github.com/relais-archive/relais/internal/relais"
	"github.com/relais-archive/relais/internal/stream"
)

// Kinded gives the errors of a log their kinds, by which everything here tells what time
// mends: the stream knows no word of ours.
func Kinded(log stream.Log) stream.Log { return kinded{log} }

type kinded struct{ stream.Log }

// Append adds records: see [stream.Log].
func (k kinded) Append(ctx context.Context, topic string, records []stream.Record) error {
	return LogError("append", k.Log.Append(ctx, topic, records))
}

// Run reads a topic: see [stream.Log].
func (k kinded) Run(ctx context.Context, group, topic string, opt stream.RunOptions, h stream.Handler) error {
	if told := opt.OnFault; told != nil {
		opt.OnFault = func(err error) { told(LogError("run", err)) }
	}
	return LogError("read", k.Log.Run(ctx, group, topic, opt, h))
}

// End gives the position after the last record: see [stream.Log].
func (k kinded) End(ctx context.Context, topic string) (stream.Position, error) {
	p, err := k.Log.End(ctx, topic)
	return p, LogError("find the end", err)
}

// Committed gives a group's position: see [stream.Log].
func (k kinded) Committed(ctx context.Context, group, topic string) (stream.Position, error) {
	p, err := k.Log.Committed(ctx, group, topic)
	return p, LogError("find a position", err)
}

// Reset sets a group's position: see [stream.Log].
func (k kinded) Reset(ctx context.Context, group, topic string, to stream.Position) error {
	return LogError("set a position", k.Log.Reset(ctx, group, topic, to))
}

// Inspect tells whether a group can read all that it has yet to read of a topic, where
// the log can tell: one whose records no hand deletes cannot, and need not.
func (k kinded) Inspect(ctx context.Context, group, topic string) error {
	if log, ok := k.Log.(inspector); ok {
		return LogError("inspect", log.Inspect(ctx, group, topic))
	}
	return nil
}

type inspector interface {
	Inspect(ctx context.Context, group, topic string) error
}

// Compact drops superseded records: see [stream.Log].
func (k kinded) Compact(ctx context.Context, topic string) error {
	return LogError("compact", k.Log.Compact(ctx, topic))
}

// LogError gives an error of a log its kind: what it means to whoever did op, which was
// being done to the log. An error that has a kind keeps it; nil stays nil.
func LogError(op string, err error) error {
	switch {
	case err == nil, relais.KindOf(err) != relais.KindInternal:
		return err
	case errors.Is(err, stream.ErrLost):
		return relais.WithHint(relais.E(relais.KindDamaged, op, err),
			"bring the topic back from a backup; or, when that cannot be, stop the workers and `relais reindex --from raw --accept-loss`")
	case errors.Is(err, stream.ErrDenied):
		return relais.E(relais.KindAuth, op, err)
	case errors.Is(err, stream.ErrUnavailable):
		return relais.E(relais.KindUnavailable, op, err)
	case errors.Is(err, stream.ErrTooLarge):
		return relais.E(relais.KindTooLarge, op, err)
	}
	return relais.E(relais.KindInternal, op, err)
}
