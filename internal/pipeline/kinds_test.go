package pipeline

import (
	"context"
	"errors"
	"fmt"
	"testing"

	"github.com/relais-archive/relais/internal/relais"
	"github.com/relais-archive/relais/internal/stream"
)

// TestLogError: each of the stream's errors has a kind of ours, and one that has a kind
// keeps it.
func TestLogError(t *testing.T) {
	for err, want := range map[error]relais.Kind{
		stream.ErrLost: relais.KindDamaged, stream.ErrDenied: relais.KindAuth, stream.ErrUnavailable: relais.KindUnavailable,
		stream.ErrTooLarge: relais.KindTooLarge, errors.New("other"): relais.KindInternal, context.Canceled: relais.KindCanceled,
		relais.E(relais.KindConflict, "merge", nil): relais.KindConflict,
	} {
		got := LogError("ask", fmt.Errorf("a broker: %w", err))
		if relais.KindOf(got) != want || !errors.Is(got, err) || (relais.HintOf(got) != "") != (want == relais.KindDamaged) {
			t.Errorf("%v: %s, %v", err, relais.KindOf(got), got)
		}
	}
	if err := LogError("ask", nil); err != nil {
		t.Error(err)
	}
}

// deadLog fails in every call.
type deadLog struct{ stream.Log }

func (deadLog) Append(context.Context, string, []stream.Record) error { return stream.ErrUnavailable }
func (deadLog) Run(_ context.Context, _, _ string, opt stream.RunOptions, _ stream.Handler) error {
	if opt.OnFault != nil {
		opt.OnFault(stream.ErrUnavailable)
	}
	return stream.ErrUnavailable
}
func (deadLog) End(context.Context, string) (stream.Position, error) {
	return nil, stream.ErrUnavailable
}
func (deadLog) Committed(context.Context, string, string) (stream.Position, error) {
	return nil, stream.ErrUnavailable
}
func (deadLog) Reset(context.Context, string, string, stream.Position) error {
	return stream.ErrUnavailable
}
func (deadLog) Compact(context.Context, string) error { return stream.ErrUnavailable }

// TestKinded: no call of a log gives an error without a kind, and neither does what a
// stage is told while it runs.
func TestKinded(t *testing.T) {
	log, ctx := Kinded(deadLog{}), t.Context()
	var told error
	_, end := log.End(ctx, stream.TopicRaw)
	_, at := log.Committed(ctx, "g", stream.TopicRaw)
	for name, err := range map[string]error{
		"append": log.Append(ctx, stream.TopicRaw, nil), "end": end, "committed": at,
		"run":     log.Run(ctx, "g", stream.TopicRaw, stream.RunOptions{OnFault: func(err error) { told = err }}, nil),
		"deaf":    log.Run(ctx, "g", stream.TopicRaw, stream.RunOptions{}, nil),
		"reset":   log.Reset(ctx, "g", stream.TopicRaw, nil),
		"compact": log.Compact(ctx, stream.TopicEnriched),
		"a fault": told,
	} {
		if relais.KindOf(err) != relais.KindUnavailable {
			t.Errorf("%s: %v", name, err)
		}
	}
}
