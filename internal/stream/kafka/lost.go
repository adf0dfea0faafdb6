package kafka

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"time"

	"github.com/relais-archive/relais/internal/stream"
	kafka "github.com/segmentio/kafka-go"
	"github.com/segmentio/kafka-go/protocol"
)

// A broker that has just come back may not know yet all it holds: what looks lost
// is asked for again, so often and with this pause.
const (
	lossQuestions = 3
	lossPause     = time.Second
)

// lost makes the error of records that are gone; where that is accepted, it tells it
// and gives none.
func (l *Log) lost(format string, args ...any) error {
	text := "topic " + l.opt.Namespace + "." + fmt.Sprintf(format, args...)
	if l.opt.AcceptLoss {
		l.notice("%s; going on with what is left", text)
		return nil
	}
	return fmt.Errorf("%s: %w", text, stream.ErrLost)
}

// sure repeats a question until it does not find a loss, or has found it often
// enough.
func sure(ctx context.Context, ask func() error) (err error) {
	for i := range lossQuestions {
		if err = ask(); !errors.Is(err, stream.ErrLost) || i == lossQuestions-1 {
			break
		}
		select {
		case <-time.After(lossPause):
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	return err
}

// whole is ErrLost when a topic is not there, or has another number of partitions
// than it had. It makes none: the library's readers ask in a way that does, with the
// broker's own settings, where the broker allows it.
func (l *Log) whole(ctx context.Context, topic string) error {
	return sure(ctx, func() error {
		if _, err := l.describe(ctx, topic); err != nil {
			return err
		}
		t, err := l.metadata(ctx, topic)
		if n := l.partitions[topic]; err == nil && len(t.Partitions) != n {
			return fmt.Errorf("topic %s has %d partitions and had %d: it was made anew: %w", t.Name, len(t.Partitions), n, stream.ErrLost)
		}
		return nil // no leader now: the question before it was answered
	})
}

// because gives the error of a question to a topic, and the loss behind it.
func (l *Log) because(ctx context.Context, op, topic string, err error) error {
	if errors.Is(err, kafka.UnknownTopicOrPartition) || errors.Is(err, protocol.ErrNoTopic) || errors.Is(err, protocol.ErrNoPartition) {
		if lost := l.whole(ctx, topic); errors.Is(lost, stream.ErrLost) {
			return fmt.Errorf("%s: %w", op, lost)
		}
	}
	return l.fail(ctx, op, err)
}

// ends asks where a topic ends, and is ErrLost when that is before where it was seen
// to end earlier.
func (l *Log) ends(ctx context.Context, topic string) (end stream.Position, err error) {
	err = sure(ctx, func() error {
		before := l.known(topic) // what is appended meanwhile is no measure
		if end, err = l.offsets(ctx, topic, kafka.LastOffset); err != nil {
			return err
		}
		if !end.Reached(before) {
			return fmt.Errorf("topic %s ends at %v, and was seen to end at %v: it was made anew or cut: %w", l.name(topic), end, before, stream.ErrLost)
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	raise(l.seen, topic, end)
	return end, nil
}

func (l *Log) known(topic string) stream.Position {
	l.mu.Lock()
	defer l.mu.Unlock()
	return maps.Clone(l.seen[topic])
}

// raise moves the position kept for a topic forward.
func raise(kept map[string]stream.Position, topic string, to stream.Position) {
	if kept[topic] == nil {
		kept[topic] = stream.Position{}
	}
	for p, off := range to {
		kept[topic][p] = max(kept[topic][p], off)
	}
}

// acknowledge is told by the writer what a partition has taken, in order. Offsets that
// fall back are those of a topic that was recreated since.
func (l *Log) acknowledge(messages []kafka.Message, err error) {
	if err != nil || len(messages) == 0 {
		return
	}
	first, last := messages[0], messages[len(messages)-1]
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, topic := range stream.Topics() {
		if l.name(topic) != first.Topic {
			continue
		}
		if before := l.acked[topic][first.Partition]; first.Offset < before {
			l.gone[topic] = fmt.Errorf("topic %s took a record as %d of partition %d after it had taken %d: it was made anew: %w",
				first.Topic, first.Offset, first.Partition, before-1, stream.ErrLost)
		}
		after := stream.Position{first.Partition: last.Offset + 1}
		raise(l.acked, topic, after)
		raise(l.seen, topic, after)
	}
}

// Inspect is stream.ErrLost when a group cannot read all that it has yet to read of a topic:
// whoever waits for a group that other processes run would never hear of it. It finds
// nothing where the loss is accepted.
func (l *Log) Inspect(ctx context.Context, group, topic string) error {
	if l.opt.AcceptLoss {
		return nil
	}
	return l.inspect(ctx, group, topic)
}

// inspect looks for what a reader would pass over without a word: that the topic is gone,
// was recreated, or no longer begins where its group stands.
func (l *Log) inspect(ctx context.Context, group, topic string) error {
	if err := l.whole(ctx, topic); err != nil {
		return err
	}
	at, err := l.committed(ctx, group, topic)
	if err != nil {
		return err
	}
	if _, err := l.End(ctx, topic); err != nil {
		return err
	}
	start, err := l.offsets(ctx, topic, kafka.FirstOffset)
	if err != nil {
		return l.because(ctx, "start of "+topic, topic, err)
	}
	for p, first := range start {
		if at[p] < first {
			if err := l.lost("%s begins at %d in partition %d where %s stands at %d: records were deleted", topic, first, p, group, at[p]); err != nil {
				return err
			}
		}
	}
	return nil
}
